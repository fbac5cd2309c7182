/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mounts of its own */
#include "tests/support/outbox_case.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

TestSuite(outbox, .init = set_up, .fini = tear_down);

Test(outbox, what_was_queued_is_there_after_opening_again)
{
    uint64_t id = th_outbox_case_add(&made, 1, "report one");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    struct th_outbox_item item = th_outbox_case_get(&made, id);
    cr_assert_eq(item.state, TH_ITEM_QUEUED);
    cr_assert_str_eq(item.plan, "gialai-2025");
    cr_assert_str_eq(item.obligation, "O-002-H1");
    cr_assert_eq(item.revision, 1);
    cr_assert_eq(item.queued_at.ms, th_outbox_case_noon.ms);
    cr_assert_eq(item.report_digest.bytes[2], 3);
    struct th_bytes report;
    cr_assert_eq(th_outbox_get_report(made.outbox, id, &made.arena, &report), 0);
    cr_assert_eq(report.size, strlen("report one"));
    cr_assert_eq(memcmp(report.bytes, "report one", report.size), 0);
}

Test(outbox, ids_ascend_also_after_opening_again)
{
    cr_assert_eq(th_outbox_case_add(&made, 1, "a"), 1);
    cr_assert_eq(th_outbox_case_add(&made, 2, "b"), 2);
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    cr_assert_eq(th_outbox_case_add(&made, 3, "c"), 3);
}

Test(outbox, the_same_identity_is_queued_once)
{
    th_outbox_case_add(&made, 1, "a");
    struct th_outbox_item item = th_outbox_case_item(1);
    uint64_t id;
    cr_assert_eq(
        th_outbox_add(made.outbox, &item, th_outbox_case_bytes("b"), th_outbox_case_noon, &id),
        TH_E_EXISTS);
}

Test(outbox, a_rejected_identity_may_be_queued_again)
{
    uint64_t id = th_outbox_case_add(&made, 1, "a");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_case_settle(&made, id, TH_ITEM_REJECTED, "");
    cr_assert_eq(th_outbox_case_add(&made, 1, "b"), 2);
}

Test(outbox, frozen_bytes_are_the_same_for_ever)
{
    uint64_t id = th_outbox_case_add(&made, 1, "report one");
    th_outbox_case_freeze(&made, id, "frozen submission bytes");
    struct th_outbox_frozen again = {
        .ids = {id}, .ids_count = 1, .submission = th_outbox_case_bytes("other")};
    cr_assert_eq(th_outbox_freeze(made.outbox, &again, 1, th_outbox_case_noon), TH_E_EXISTS);
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    struct th_bytes frozen;
    cr_assert_eq(th_outbox_get_frozen(made.outbox, id, &made.arena, &frozen), 0);
    cr_assert_eq(frozen.size, strlen("frozen submission bytes"));
    cr_assert_eq(memcmp(frozen.bytes, "frozen submission bytes", frozen.size), 0);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_SENT);
    cr_assert(th_outbox_case_get(&made, id).is_frozen);
}

Test(outbox, freezing_is_all_or_nothing)
{
    uint64_t id = th_outbox_case_add(&made, 1, "a");
    struct th_outbox_frozen frozen[] = {
        {.ids = {id}, .ids_count = 1, .submission = th_outbox_case_bytes("x")},
        {.ids = {99}, .ids_count = 1, .submission = th_outbox_case_bytes("y")}};
    cr_assert_eq(th_outbox_freeze(made.outbox, frozen, 2, th_outbox_case_noon), TH_E_NOT_FOUND);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_QUEUED);
}

Test(outbox, an_answer_is_kept_with_its_reasons)
{
    uint64_t id = th_outbox_case_add(&made, 1, "a");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, "the receipt text");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    struct th_outbox_item item = th_outbox_case_get(&made, id);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert_eq(item.position, 77);
    cr_assert_eq(item.header_digest.bytes[0], 9);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(made.outbox, id, &made.arena, &detail), 0);
    cr_assert_eq(memcmp(detail.receipt.bytes, "the receipt text", detail.receipt.size), 0);
    cr_assert_eq(detail.reasons_count, 1);
    cr_assert_eq(memcmp(detail.reasons[0].rule.bytes, "R01", 3), 0);
}

Test(outbox, the_history_tells_each_change)
{
    uint64_t id = th_outbox_case_add(&made, 1, "a");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, "receipt");
    const struct th_outbox_change *changes;
    size_t count;
    cr_assert_eq(th_outbox_get_history(made.outbox, id, &made.arena, &changes, &count), 0);
    cr_assert_eq(count, 3);
    cr_assert_eq(changes[0].state, TH_ITEM_QUEUED);
    cr_assert_eq(changes[1].state, TH_ITEM_SENT);
    cr_assert_eq(changes[2].state, TH_ITEM_RECEIVED);
    cr_assert_eq(changes[2].time.ms, th_outbox_case_noon.ms + 5);
    cr_assert_eq(changes[2].attempts, 3);
}

Test(outbox, only_unsettled_items_are_pending_in_order)
{
    for (uint32_t revision = 1; revision <= 5; revision++)
        th_outbox_case_add(&made, revision, "r");
    th_outbox_case_freeze(&made, 2, "frozen two");
    th_outbox_case_settle(&made, 2, TH_ITEM_RECEIVED, "receipt");
    th_outbox_case_freeze(&made, 3, "frozen three");
    struct th_outbox_item items[8];
    size_t count;
    uint64_t version;
    cr_assert_eq(th_outbox_pending(made.outbox, 0, items, 8, &count, &version), 0);
    cr_assert_eq(count, 4);
    cr_assert_eq(items[0].id, 1);
    cr_assert_eq(items[1].id, 3);
    cr_assert_eq(th_outbox_pending(made.outbox, 3, items, 1, &count, &version), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(items[0].id, 4);
}

Test(outbox, the_version_changes_when_something_is_written)
{
    uint64_t before = th_outbox_version(made.outbox);
    th_outbox_case_add(&made, 1, "a");
    cr_assert_neq(th_outbox_version(made.outbox), before);
}

Test(outbox, a_notice_is_kept_once)
{
    struct th_notice notice = {.kind = TH_NOTICE_REMINDER,
                               .time = th_outbox_case_noon,
                               .due = {th_outbox_case_noon.ms + 1000},
                               .plan = {"gialai-2025", 11},
                               .obligation = {"O-002-H1", 8},
                               .text = {"Còn 3 ngày", strlen("Còn 3 ngày")}};
    bool is_new = false;
    cr_assert_eq(th_outbox_add_notice(made.outbox, &notice, &is_new), 0);
    cr_assert(is_new);
    cr_assert_eq(th_outbox_add_notice(made.outbox, &notice, &is_new), 0);
    cr_assert_not(is_new);
    notice.time.ms += 86400000;
    cr_assert_eq(th_outbox_add_notice(made.outbox, &notice, &is_new), 0);
    cr_assert(is_new);
    const struct th_notice *notices;
    size_t count;
    cr_assert_eq(th_outbox_get_notices(made.outbox, &made.arena, &notices, &count), 0);
    cr_assert_eq(count, 2);
    cr_assert_lt(notices[0].time.ms, notices[1].time.ms);
}

static size_t scrub(void)
{
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(made.outbox, th_outbox_case_noon, &count), 0);
    return count;
}

Test(outbox, a_sound_outbox_has_nothing_to_set_aside)
{
    uint64_t id = th_outbox_case_add(&made, 1, "a");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, "receipt");
    cr_assert_eq(scrub(), 0);
}

Test(outbox, a_flipped_report_is_set_aside_and_the_rest_is_delivered)
{
    uint64_t bad = th_outbox_case_add(&made, 1, "report that will be flipped");
    uint64_t good = th_outbox_case_add(&made, 2, "another report");
    th_outbox_close(made.outbox);
    th_outbox_case_flip(&made, "report that will be flipped");
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    struct th_bytes report;
    cr_assert_eq(th_outbox_get_report(made.outbox, bad, &made.arena, &report), TH_E_CORRUPT);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(th_outbox_get_report(made.outbox, bad, &made.arena, &report), TH_E_CORRUPT);
    size_t size;
    cr_assert_eq(th_outbox_get_report_size(made.outbox, bad, &size), TH_E_CORRUPT);
    cr_assert_eq(th_outbox_case_get(&made, bad).state, TH_ITEM_DAMAGED);
    struct th_outbox_item items[4];
    size_t count;
    uint64_t version;
    cr_assert_eq(th_outbox_pending(made.outbox, 0, items, 4, &count, &version), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(items[0].id, good);
    const struct th_notice *notices;
    cr_assert_eq(th_outbox_get_notices(made.outbox, &made.arena, &notices, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(notices[0].kind, TH_NOTICE_SET_ASIDE);
    cr_assert_eq(notices[0].item, bad);
    cr_assert_gt(notices[0].evidence.size, 0);
    cr_assert_eq(scrub(), 0);
    cr_assert_eq(th_outbox_case_add(&made, 1, "the report again"), 3);
}

Test(outbox, a_flipped_item_record_is_named_and_its_id_is_not_used_again)
{
    th_outbox_case_add(&made, 1, "first");
    struct th_outbox_item item = th_outbox_case_item(1);
    (void)snprintf(item.obligation, sizeof item.obligation, "O-FLIPPED");
    uint64_t bad;
    cr_assert_eq(
        th_outbox_add(made.outbox, &item, th_outbox_case_bytes("x"), th_outbox_case_noon, &bad), 0);
    th_outbox_close(made.outbox);
    th_outbox_case_flip(&made, "O-FLIPPED");
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    const struct th_outbox_item *items;
    size_t count, broken;
    cr_assert_eq(th_outbox_list(made.outbox, &made.arena, &items, &count, &broken), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(broken, 1);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(th_outbox_list(made.outbox, &made.arena, &items, &count, &broken), 0);
    cr_assert_eq(broken, 0);
    cr_assert_gt(th_outbox_case_add(&made, 9, "next"), bad);
}

Test(outbox, a_flipped_receipt_is_asked_for_again)
{
    uint64_t id = th_outbox_case_add(&made, 1, "a");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, "receipt to be flipped");
    th_outbox_close(made.outbox);
    th_outbox_case_flip(&made, "receipt to be flipped");
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_SENT);
}

Test(outbox, a_file_that_lost_its_end_is_refused_instead_of_killing)
{
    for (uint32_t revision = 1; revision <= 50; revision++)
        th_outbox_case_add(&made, revision, "some report");
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/data.mdb", made.folder);
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(truncate(path, info.st_size / 2), 0);
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), TH_E_CORRUPT);
}

/* Its own mounts, so that nothing is seen of it outside this test's process. */
static bool make_read_only(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(folder, folder, NULL, MS_BIND, NULL) == 0 &&
           mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0;
}

Test(outbox, on_a_disk_that_is_read_only_all_can_be_read_and_nothing_added)
{
    uint64_t id = th_outbox_case_add(&made, 1, "report one");
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    if (!make_read_only(made.folder))
        cr_skip_test("mounting needs root");
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    struct th_bytes report;
    cr_assert_eq(th_outbox_get_report(made.outbox, id, &made.arena, &report), 0);
    cr_assert_eq(memcmp(report.bytes, "report one", report.size), 0);
    const struct th_outbox_item *items;
    size_t count, bad;
    cr_assert_eq(th_outbox_list(made.outbox, &made.arena, &items, &count, &bad), 0);
    cr_assert_eq(count, 1);
    struct th_outbox_item item = th_outbox_case_item(2);
    cr_assert_eq(
        th_outbox_add(made.outbox, &item, th_outbox_case_bytes("b"), th_outbox_case_noon, &id),
        TH_E_FORBIDDEN);
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    (void)umount2(made.folder, MNT_DETACH);
}

Test(outbox, what_may_not_be_written_or_is_not_there_is_no_broken_disk)
{
    static const char *const names[] = {"", "/data.mdb", "/lock.mdb", "/OUTBOX_ID"};
    struct th_outbox *other;
    char path[4200];
    th_outbox_case_add(&made, 1, "report one");
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    (void)snprintf(path, sizeof path, "%s/no-such-folder", made.folder);
    cr_assert_eq(th_outbox_open(path, 0, &other), TH_E_NOT_FOUND);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", made.folder, names[i]);
        cr_assert_eq(chmod(path, i == 0 ? 0555 : 0444), 0, "%s", path);
    }
    if (geteuid() == 0)
        cr_assert_eq(seteuid(65534), 0);
    cr_expect_eq(th_outbox_open(made.folder, 0, &other), TH_E_FORBIDDEN);
    (void)!seteuid(0);
    cr_assert_eq(chmod(made.folder, 0755), 0);
}

Test(outbox, an_emptied_file_is_not_taken_for_a_new_outbox)
{
    th_outbox_case_add(&made, 1, "a");
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/data.mdb", made.folder);
    cr_assert_eq(truncate(path, 0), 0);
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), TH_E_CORRUPT);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), TH_E_CORRUPT);
}

Test(outbox, the_files_of_another_outbox_are_refused)
{
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/OUTBOX_ID", made.folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fprintf(file, "00112233445566778899aabbccddeeff\n");
    (void)fclose(file);
    cr_assert_eq(th_outbox_case_reopen(&made), TH_E_CORRUPT);
}

/* The child queues as fast as it can and reports each id through a pipe after the call returned:
 * exactly what an officer would have been told. */
static void queue_until_killed(int pipe_end)
{
    struct th_outbox *child_outbox;
    if (th_outbox_open(made.folder, 0, &child_outbox) != 0)
        _exit(2);
    for (uint32_t revision = 1;; revision++) {
        struct th_outbox_item item = th_outbox_case_item(revision + (uint32_t)getpid() * 10000U);
        uint64_t id;
        char report[64];
        (void)snprintf(report, sizeof report, "report %u of %d", revision, (int)getpid());
        if (th_outbox_add(child_outbox, &item, th_outbox_case_bytes(report), th_outbox_case_noon,
                          &id) != 0)
            _exit(3);
        if (write(pipe_end, &id, sizeof id) != sizeof id)
            _exit(4);
        if (revision % 2 == 0) {
            struct th_outbox_frozen frozen = {
                .ids = {id}, .ids_count = 1, .submission = th_outbox_case_bytes(report)};
            if (th_outbox_freeze(child_outbox, &frozen, 1, th_outbox_case_noon) != 0)
                _exit(5);
        }
    }
}

Test(outbox, nothing_that_was_reported_queued_is_lost_by_kill, .timeout = 60)
{
    th_outbox_close(made.outbox);
    made.outbox = NULL;
    srand(20251010);
    uint64_t told = 0, last_id = 0;
    for (int round = 0; round < 40; round++) {
        int ends[2];
        cr_assert_eq(pipe(ends), 0);
        pid_t child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            (void)close(ends[0]);
            queue_until_killed(ends[1]);
        }
        (void)close(ends[1]);
        struct timespec pause = {0, 1000000L + rand() % 100 * 1000000L};
        (void)nanosleep(&pause, NULL);
        cr_assert_eq(kill(child, SIGKILL), 0);
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status), "the child ended by itself: %d", status);
        for (uint64_t id; read(ends[0], &id, sizeof id) == sizeof id; told++)
            last_id = id;
        (void)close(ends[0]);
    }
    cr_assert_gt(told, 0);
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    cr_assert_eq(scrub(), 0);
    for (uint64_t id = 1; id <= last_id; id++) {
        struct th_outbox_item item = th_outbox_case_get(&made, id);
        struct th_bytes bytes;
        cr_assert_eq(th_outbox_get_report(made.outbox, id, &made.arena, &bytes), 0);
        cr_assert_eq(memcmp(bytes.bytes, "report ", 7), 0);
        cr_assert_eq(item.is_frozen, item.state == TH_ITEM_SENT);
        th_arena_reset(&made.arena);
    }
}
