/* SPDX-License-Identifier: Apache-2.0 */
/* Several items in one frozen submission. */
#include "nodes/store/schema.h"
#include "tests/support/outbox_case.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct th_outbox_case made;

static void set_up(void)
{
    th_outbox_case_make(&made);
}

static void tear_down(void)
{
    th_outbox_case_remove(&made);
}

TestSuite(outbox_bundle, .init = set_up, .fini = tear_down);

/* Items 1 to `count`, and all but the last one frozen together as bundle 1. */
static void freeze_all_but_one(uint64_t count, const char *submission)
{
    struct th_outbox_frozen frozen = {
        .bundle = 1, .header_digest = {{7}}, .submission = th_outbox_case_bytes(submission)};
    for (uint64_t id = 1; id <= count; id++) {
        char report[32];
        (void)snprintf(report, sizeof report, "report number %02u", (unsigned)id);
        cr_assert_eq(th_outbox_case_add(&made, (uint32_t)id, report), id);
        if (id < count)
            frozen.ids[frozen.ids_count++] = id;
    }
    cr_assert_eq(th_outbox_freeze(made.outbox, &frozen, 1, th_outbox_case_noon), 0);
}

static bool is_frozen_as(uint64_t id, const char *submission)
{
    struct th_bytes bytes;
    return th_outbox_get_frozen(made.outbox, id, &made.arena, &bytes) == 0 &&
           bytes.size == strlen(submission) && memcmp(bytes.bytes, submission, bytes.size) == 0;
}

static size_t scrub(void)
{
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(made.outbox, th_outbox_case_noon, &count), 0);
    return count;
}

Test(outbox_bundle, each_item_of_a_bundle_names_the_same_bytes)
{
    freeze_all_but_one(4, "the bundle");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    for (uint64_t id = 1; id <= 3; id++) {
        struct th_outbox_item item = th_outbox_case_get(&made, id);
        cr_assert_eq(item.state, TH_ITEM_SENT);
        cr_assert_eq(item.bundle, 1);
        cr_assert_eq(item.attempts, 1);
        cr_assert_eq(item.header_digest.bytes[0], 7);
        cr_assert(is_frozen_as(id, "the bundle"));
    }
    cr_assert_eq(th_outbox_case_get(&made, 4).state, TH_ITEM_QUEUED);
    cr_assert_eq(th_outbox_case_get(&made, 4).bundle, 0);
}

Test(outbox_bundle, a_bundle_with_an_item_that_is_frozen_leaves_all_as_they_were)
{
    th_outbox_case_add(&made, 1, "a");
    th_outbox_case_add(&made, 2, "b");
    th_outbox_case_freeze(&made, 2, "alone");
    struct th_outbox_frozen frozen = {
        .ids = {1, 2}, .ids_count = 2, .bundle = 1, .submission = th_outbox_case_bytes("both")};
    cr_assert_eq(th_outbox_freeze(made.outbox, &frozen, 1, th_outbox_case_noon), TH_E_EXISTS);
    cr_assert_eq(th_outbox_case_get(&made, 1).state, TH_ITEM_QUEUED);
    cr_assert(is_frozen_as(2, "alone"));
}

Test(outbox_bundle, answers_are_kept_for_all_or_for_none)
{
    freeze_all_but_one(4, "the bundle");
    struct th_outbox_settled settled[3] = {0};
    for (uint64_t i = 0; i < 3; i++) {
        settled[i].item = th_outbox_case_get(&made, i + 1);
        settled[i].item.state = i == 1 ? TH_ITEM_REJECTED : TH_ITEM_RECEIVED;
    }
    settled[2].item.id = 99;
    cr_assert_eq(th_outbox_settle(made.outbox, settled, 3, th_outbox_case_noon), TH_E_NOT_FOUND);
    cr_assert_eq(th_outbox_case_get(&made, 1).state, TH_ITEM_SENT);
    settled[2].item.id = 3;
    cr_assert_eq(th_outbox_settle(made.outbox, settled, 3, th_outbox_case_noon), 0);
    cr_assert_eq(th_outbox_case_get(&made, 1).state, TH_ITEM_RECEIVED);
    cr_assert_eq(th_outbox_case_get(&made, 2).state, TH_ITEM_REJECTED);
    cr_assert_eq(th_outbox_case_get(&made, 3).bundle, 1, "what was sent stays known");
}

Test(outbox_bundle, apart_means_queued_again_for_those_without_an_answer)
{
    freeze_all_but_one(4, "the bundle");
    th_outbox_case_settle(&made, 2, TH_ITEM_RECEIVED, "receipt");
    cr_assert_eq(th_outbox_part(made.outbox, 1, th_outbox_case_noon), 0);
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    for (uint64_t id = 1; id <= 3; id += 2) {
        struct th_outbox_item item = th_outbox_case_get(&made, id);
        cr_assert_eq(item.state, TH_ITEM_QUEUED);
        cr_assert(item.is_apart && !item.is_frozen);
    }
    cr_assert_eq(th_outbox_case_get(&made, 2).state, TH_ITEM_RECEIVED);
    th_outbox_case_freeze(&made, 1, "alone");
    cr_assert(is_frozen_as(1, "alone"));
    cr_assert(is_frozen_as(2, "the bundle"), "what was answered keeps what was sent");
    cr_assert_eq(th_outbox_case_get(&made, 1).attempts, 2);
    cr_assert_eq(scrub(), 0);
}

Test(outbox_bundle, a_damaged_bundle_damages_those_without_an_answer_and_nobody_else)
{
    freeze_all_but_one(5, "bytes of the bundle");
    th_outbox_case_settle(&made, 2, TH_ITEM_RECEIVED, "receipt");
    th_outbox_case_flip(&made, "bytes of the bundle");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(th_outbox_case_get(&made, 1).state, TH_ITEM_DAMAGED);
    cr_assert_eq(th_outbox_case_get(&made, 2).state, TH_ITEM_RECEIVED);
    cr_assert_eq(th_outbox_case_get(&made, 3).state, TH_ITEM_DAMAGED);
    cr_assert_eq(th_outbox_case_get(&made, 4).state, TH_ITEM_DAMAGED);
    cr_assert_eq(th_outbox_case_get(&made, 5).state, TH_ITEM_QUEUED);
}

Test(outbox_bundle, a_program_that_knows_no_bundles_is_kept_off_from_the_first_on)
{
    th_outbox_case_add(&made, 100, "alone");
    th_outbox_case_freeze(&made, 1, "alone");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    cr_assert_eq(made.outbox->format, TH_OUTBOX_FORMAT);
    th_outbox_case_add(&made, 101, "a");
    th_outbox_case_add(&made, 102, "b");
    struct th_outbox_frozen frozen = {
        .ids = {2, 3}, .ids_count = 2, .bundle = 2, .submission = th_outbox_case_bytes("both")};
    cr_assert_eq(th_outbox_freeze(made.outbox, &frozen, 1, th_outbox_case_noon), 0);
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    cr_assert_eq(made.outbox->format, TH_OUTBOX_FORMAT_BUNDLE);
    cr_assert(is_frozen_as(1, "alone"), "what was frozen before goes on unchanged");
    cr_assert_eq(th_outbox_case_get(&made, 1).bundle, 0);
}

/* The child freezes and settles bundles as fast as it can until it is killed. */
static void bundle_until_killed(uint32_t round)
{
    struct th_outbox *outbox;
    if (th_outbox_open(made.folder, 0, &outbox) != 0)
        _exit(2);
    for (uint32_t revision = 1;; revision += 4) {
        struct th_outbox_frozen frozen = {.submission = th_outbox_case_bytes("one of four")};
        for (uint32_t i = 0; i < 4; i++) {
            struct th_outbox_item item = th_outbox_case_item(revision + i + round * 100000);
            if (th_outbox_add(outbox, &item, th_outbox_case_bytes("r"), th_outbox_case_noon,
                              &frozen.ids[i]) != 0)
                _exit(3);
        }
        frozen.ids_count = 4;
        frozen.bundle = frozen.ids[0];
        if (th_outbox_freeze(outbox, &frozen, 1, th_outbox_case_noon) != 0)
            _exit(4);
        struct th_outbox_settled settled[4] = {0};
        for (uint32_t i = 0; i < 4; i++) {
            if (th_outbox_get(outbox, frozen.ids[i], &settled[i].item) != 0)
                _exit(5);
            settled[i].item.state = TH_ITEM_RECEIVED;
        }
        if (revision % 8 == 1 ? th_outbox_settle(outbox, settled, 4, th_outbox_case_noon) != 0
                              : th_outbox_part(outbox, frozen.bundle, th_outbox_case_noon) != 0)
            _exit(6);
    }
}

Test(outbox_bundle, a_kill_leaves_a_bundle_whole, .timeout = 60)
{
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    srand(20251121);
    for (uint32_t round = 1; round <= 20; round++) {
        pid_t child = fork();
        cr_assert_geq(child, 0);
        if (child == 0)
            bundle_until_killed(round);
        struct timespec pause = {0, 1000000L + rand() % 100 * 1000000L};
        (void)nanosleep(&pause, NULL);
        cr_assert_eq(kill(child, SIGKILL), 0);
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status), "the child ended by itself: %d", status);
    }
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    cr_assert_eq(scrub(), 0);
    const struct th_outbox_item *items;
    size_t count, bad, bundled = 0;
    cr_assert_eq(th_outbox_list(made.outbox, &made.arena, &items, &count, &bad), 0);
    cr_assert_eq(bad, 0);
    for (size_t i = 0; i < count; i++) {
        if (items[i].bundle != items[i].id)
            continue;
        cr_assert_leq(i + 4, count);
        for (size_t j = 0; j < 4; j++) {
            cr_assert_eq(items[i + j].bundle, items[i].id);
            cr_assert_eq(items[i + j].state, items[i].state);
            cr_assert(items[i].is_apart || is_frozen_as(items[i + j].id, "one of four"));
        }
        bundled++;
    }
    cr_assert_gt(bundled, 0);
}
