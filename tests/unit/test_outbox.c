/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/store/outbox.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[TH_TEST_FOLDER_SIZE];
static struct th_outbox *outbox;
static struct th_arena arena;
static const th_instant noon = {1746849600000};

static void set_up(void)
{
    th_test_folder_make(folder);
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), 0);
    th_arena_init(&arena, 4096, 8 << 20);
}

static void tear_down(void)
{
    th_outbox_close(outbox);
    outbox = NULL;
    th_arena_deinit(&arena);
    th_test_folder_remove(folder);
}

TestSuite(outbox, .init = set_up, .fini = tear_down);

static int reopen(void)
{
    th_outbox_close(outbox);
    outbox = NULL;
    return th_outbox_open(folder, 0, &outbox);
}

static struct th_bytes bytes_of(const char *text)
{
    return (struct th_bytes){(const uint8_t *)text, strlen(text)};
}

static struct th_outbox_item an_item(uint32_t revision)
{
    struct th_outbox_item item = {.plan = "gialai-2025",
                                  .obligation = "O-002-H1",
                                  .revision = revision,
                                  .report_digest = {{1, 2, 3}},
                                  .plan_digest = {{4, 5, 6}}};
    return item;
}

static uint64_t add(uint32_t revision, const char *report)
{
    struct th_outbox_item item = an_item(revision);
    uint64_t id = 0;
    cr_assert_eq(th_outbox_add(outbox, &item, bytes_of(report), noon, &id), 0);
    return id;
}

static void freeze(uint64_t id, const char *submission)
{
    struct th_outbox_frozen frozen = {
        .id = id, .header_digest = {{9, (uint8_t)id}}, .submission = bytes_of(submission)};
    cr_assert_eq(th_outbox_freeze(outbox, &frozen, 1, noon), 0);
}

static struct th_outbox_item get(uint64_t id)
{
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(outbox, id, &item), 0);
    return item;
}

static void settle(uint64_t id, enum th_item_state state, const char *receipt)
{
    struct th_outbox_item item = get(id);
    item.state = state;
    item.attempts = 3;
    item.has_position = true;
    item.position = 77;
    struct th_outbox_reason reason = {.field = {"value.TCD01", 11},
                                      .value = {"-5", 2},
                                      .rule = {"R01", 3},
                                      .text = {"Không được âm.", strlen("Không được âm.")}};
    struct th_outbox_detail detail = {
        .receipt = bytes_of(receipt), .reasons = &reason, .reasons_count = 1};
    cr_assert_eq(th_outbox_settle(outbox, &item, &detail, (th_instant){noon.ms + 5}), 0);
}

/* Changes one byte of the file where `text` is. */
static void flip(const char *text)
{
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    int file = open(path, O_RDWR);
    cr_assert_geq(file, 0);
    struct stat info;
    cr_assert_eq(fstat(file, &info), 0);
    char *bytes = malloc((size_t)info.st_size);
    cr_assert_eq(pread(file, bytes, (size_t)info.st_size, 0), info.st_size);
    size_t size = strlen(text), hits = 0;
    for (size_t i = 0; i + size <= (size_t)info.st_size; i++) {
        if (memcmp(bytes + i, text, size) != 0)
            continue;
        char changed = (char)(bytes[i] ^ 1);
        cr_assert_eq(pwrite(file, &changed, 1, (off_t)i), 1);
        hits++;
    }
    cr_assert_gt(hits, 0, "the text is not in the file");
    free(bytes);
    (void)close(file);
}

Test(outbox, what_was_queued_is_there_after_opening_again)
{
    uint64_t id = add(1, "report one");
    cr_assert_eq(reopen(), 0);
    struct th_outbox_item item = get(id);
    cr_assert_eq(item.state, TH_ITEM_QUEUED);
    cr_assert_str_eq(item.plan, "gialai-2025");
    cr_assert_str_eq(item.obligation, "O-002-H1");
    cr_assert_eq(item.revision, 1);
    cr_assert_eq(item.queued_at.ms, noon.ms);
    cr_assert_eq(item.report_digest.bytes[2], 3);
    struct th_bytes report;
    cr_assert_eq(th_outbox_get_report(outbox, id, &arena, &report), 0);
    cr_assert_eq(report.size, strlen("report one"));
    cr_assert_eq(memcmp(report.bytes, "report one", report.size), 0);
}

Test(outbox, ids_ascend_also_after_opening_again)
{
    cr_assert_eq(add(1, "a"), 1);
    cr_assert_eq(add(2, "b"), 2);
    cr_assert_eq(reopen(), 0);
    cr_assert_eq(add(3, "c"), 3);
}

Test(outbox, the_same_identity_is_queued_once)
{
    add(1, "a");
    struct th_outbox_item item = an_item(1);
    uint64_t id;
    cr_assert_eq(th_outbox_add(outbox, &item, bytes_of("b"), noon, &id), TH_E_EXISTS);
}

Test(outbox, a_rejected_identity_may_be_queued_again)
{
    uint64_t id = add(1, "a");
    freeze(id, "frozen");
    settle(id, TH_ITEM_REJECTED, "");
    cr_assert_eq(add(1, "b"), 2);
}

Test(outbox, frozen_bytes_are_the_same_for_ever)
{
    uint64_t id = add(1, "report one");
    freeze(id, "frozen submission bytes");
    struct th_outbox_frozen again = {.id = id, .submission = bytes_of("other")};
    cr_assert_eq(th_outbox_freeze(outbox, &again, 1, noon), TH_E_EXISTS);
    cr_assert_eq(reopen(), 0);
    struct th_bytes frozen;
    cr_assert_eq(th_outbox_get_frozen(outbox, id, &arena, &frozen), 0);
    cr_assert_eq(frozen.size, strlen("frozen submission bytes"));
    cr_assert_eq(memcmp(frozen.bytes, "frozen submission bytes", frozen.size), 0);
    cr_assert_eq(get(id).state, TH_ITEM_SENT);
    cr_assert(get(id).is_frozen);
}

Test(outbox, freezing_is_all_or_nothing)
{
    uint64_t id = add(1, "a");
    struct th_outbox_frozen frozen[] = {{.id = id, .submission = bytes_of("x")},
                                        {.id = 99, .submission = bytes_of("y")}};
    cr_assert_eq(th_outbox_freeze(outbox, frozen, 2, noon), TH_E_NOT_FOUND);
    cr_assert_eq(get(id).state, TH_ITEM_QUEUED);
}

Test(outbox, an_answer_is_kept_with_its_reasons)
{
    uint64_t id = add(1, "a");
    freeze(id, "frozen");
    settle(id, TH_ITEM_RECEIVED, "the receipt text");
    cr_assert_eq(reopen(), 0);
    struct th_outbox_item item = get(id);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert_eq(item.position, 77);
    cr_assert_eq(item.header_digest.bytes[0], 9);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(outbox, id, &arena, &detail), 0);
    cr_assert_eq(memcmp(detail.receipt.bytes, "the receipt text", detail.receipt.size), 0);
    cr_assert_eq(detail.reasons_count, 1);
    cr_assert_eq(memcmp(detail.reasons[0].rule.bytes, "R01", 3), 0);
}

Test(outbox, the_history_tells_each_change)
{
    uint64_t id = add(1, "a");
    freeze(id, "frozen");
    settle(id, TH_ITEM_RECEIVED, "receipt");
    const struct th_outbox_change *changes;
    size_t count;
    cr_assert_eq(th_outbox_get_history(outbox, id, &arena, &changes, &count), 0);
    cr_assert_eq(count, 3);
    cr_assert_eq(changes[0].state, TH_ITEM_QUEUED);
    cr_assert_eq(changes[1].state, TH_ITEM_SENT);
    cr_assert_eq(changes[2].state, TH_ITEM_RECEIVED);
    cr_assert_eq(changes[2].time.ms, noon.ms + 5);
    cr_assert_eq(changes[2].attempts, 3);
}

Test(outbox, only_unsettled_items_are_pending_in_order)
{
    for (uint32_t revision = 1; revision <= 5; revision++)
        add(revision, "r");
    freeze(2, "frozen two");
    settle(2, TH_ITEM_RECEIVED, "receipt");
    freeze(3, "frozen three");
    struct th_outbox_item items[8];
    size_t count;
    uint64_t version;
    cr_assert_eq(th_outbox_pending(outbox, 0, items, 8, &count, &version), 0);
    cr_assert_eq(count, 4);
    cr_assert_eq(items[0].id, 1);
    cr_assert_eq(items[1].id, 3);
    cr_assert_eq(th_outbox_pending(outbox, 3, items, 1, &count, &version), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(items[0].id, 4);
}

Test(outbox, the_version_changes_when_something_is_written)
{
    uint64_t before = th_outbox_version(outbox);
    add(1, "a");
    cr_assert_neq(th_outbox_version(outbox), before);
}

Test(outbox, a_notice_is_kept_once)
{
    struct th_notice notice = {.kind = TH_NOTICE_REMINDER,
                               .time = noon,
                               .due = {noon.ms + 1000},
                               .plan = {"gialai-2025", 11},
                               .obligation = {"O-002-H1", 8},
                               .text = {"Còn 3 ngày", strlen("Còn 3 ngày")}};
    bool is_new = false;
    cr_assert_eq(th_outbox_add_notice(outbox, &notice, &is_new), 0);
    cr_assert(is_new);
    cr_assert_eq(th_outbox_add_notice(outbox, &notice, &is_new), 0);
    cr_assert_not(is_new);
    notice.time.ms += 86400000;
    cr_assert_eq(th_outbox_add_notice(outbox, &notice, &is_new), 0);
    cr_assert(is_new);
    const struct th_notice *notices;
    size_t count;
    cr_assert_eq(th_outbox_get_notices(outbox, &arena, &notices, &count), 0);
    cr_assert_eq(count, 2);
    cr_assert_lt(notices[0].time.ms, notices[1].time.ms);
}

static size_t scrub(void)
{
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(outbox, noon, &count), 0);
    return count;
}

Test(outbox, a_sound_outbox_has_nothing_to_set_aside)
{
    uint64_t id = add(1, "a");
    freeze(id, "frozen");
    settle(id, TH_ITEM_RECEIVED, "receipt");
    cr_assert_eq(scrub(), 0);
}

Test(outbox, a_flipped_report_is_set_aside_and_the_rest_is_delivered)
{
    uint64_t bad = add(1, "report that will be flipped");
    uint64_t good = add(2, "another report");
    th_outbox_close(outbox);
    flip("report that will be flipped");
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), 0);
    struct th_bytes report;
    cr_assert_eq(th_outbox_get_report(outbox, bad, &arena, &report), TH_E_CORRUPT);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(get(bad).state, TH_ITEM_DAMAGED);
    struct th_outbox_item items[4];
    size_t count;
    uint64_t version;
    cr_assert_eq(th_outbox_pending(outbox, 0, items, 4, &count, &version), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(items[0].id, good);
    const struct th_notice *notices;
    cr_assert_eq(th_outbox_get_notices(outbox, &arena, &notices, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(notices[0].kind, TH_NOTICE_SET_ASIDE);
    cr_assert_eq(notices[0].item, bad);
    cr_assert_gt(notices[0].evidence.size, 0);
    cr_assert_eq(scrub(), 0);
    cr_assert_eq(add(1, "the report again"), 3);
}

Test(outbox, a_flipped_item_record_is_named_and_its_id_is_not_used_again)
{
    add(1, "first");
    struct th_outbox_item item = an_item(1);
    (void)snprintf(item.obligation, sizeof item.obligation, "O-FLIPPED");
    uint64_t bad;
    cr_assert_eq(th_outbox_add(outbox, &item, bytes_of("x"), noon, &bad), 0);
    th_outbox_close(outbox);
    flip("O-FLIPPED");
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), 0);
    const struct th_outbox_item *items;
    size_t count, broken;
    cr_assert_eq(th_outbox_list(outbox, &arena, &items, &count, &broken), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(broken, 1);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(th_outbox_list(outbox, &arena, &items, &count, &broken), 0);
    cr_assert_eq(broken, 0);
    cr_assert_gt(add(9, "next"), bad);
}

Test(outbox, a_flipped_receipt_is_asked_for_again)
{
    uint64_t id = add(1, "a");
    freeze(id, "frozen");
    settle(id, TH_ITEM_RECEIVED, "receipt to be flipped");
    th_outbox_close(outbox);
    flip("receipt to be flipped");
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), 0);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(get(id).state, TH_ITEM_SENT);
}

Test(outbox, a_file_that_lost_its_end_is_refused_instead_of_killing)
{
    for (uint32_t revision = 1; revision <= 50; revision++)
        add(revision, "some report");
    th_outbox_close(outbox);
    outbox = NULL;
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(truncate(path, info.st_size / 2), 0);
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), TH_E_CORRUPT);
}

Test(outbox, an_emptied_file_is_not_taken_for_a_new_outbox)
{
    add(1, "a");
    th_outbox_close(outbox);
    outbox = NULL;
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    cr_assert_eq(truncate(path, 0), 0);
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), TH_E_CORRUPT);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), TH_E_CORRUPT);
}

Test(outbox, the_files_of_another_outbox_are_refused)
{
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/OUTBOX_ID", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fprintf(file, "00112233445566778899aabbccddeeff\n");
    (void)fclose(file);
    cr_assert_eq(reopen(), TH_E_CORRUPT);
}

Test(outbox, a_full_outbox_says_so_and_stays_usable)
{
    th_outbox_close(outbox);
    outbox = NULL;
    th_test_folder_remove(folder);
    th_test_folder_make(folder);
    cr_assert_eq(th_outbox_open(folder, 64 * 1024, &outbox), 0);
    static char big[4000];
    memset(big, 'x', sizeof big - 1);
    int status = 0;
    uint32_t revision = 0;
    while (status == 0 && revision < 100) {
        struct th_outbox_item item = an_item(++revision);
        uint64_t id;
        status = th_outbox_add(outbox, &item, bytes_of(big), noon, &id);
    }
    cr_assert_eq(status, TH_E_STORAGE);
    const struct th_outbox_item *items;
    size_t count, bad;
    cr_assert_eq(th_outbox_list(outbox, &arena, &items, &count, &bad), 0);
    cr_assert_eq(count, revision - 1);
}

/* The child queues as fast as it can and reports each id through a pipe after the call returned:
 * exactly what an officer would have been told. */
static void queue_until_killed(int pipe_end)
{
    struct th_outbox *child_outbox;
    if (th_outbox_open(folder, 0, &child_outbox) != 0)
        _exit(2);
    for (uint32_t revision = 1;; revision++) {
        struct th_outbox_item item = an_item(revision + (uint32_t)getpid() * 10000U);
        uint64_t id;
        char report[64];
        (void)snprintf(report, sizeof report, "report %u of %d", revision, (int)getpid());
        if (th_outbox_add(child_outbox, &item, bytes_of(report), noon, &id) != 0)
            _exit(3);
        if (write(pipe_end, &id, sizeof id) != sizeof id)
            _exit(4);
        if (revision % 2 == 0) {
            struct th_outbox_frozen frozen = {.id = id, .submission = bytes_of(report)};
            if (th_outbox_freeze(child_outbox, &frozen, 1, noon) != 0)
                _exit(5);
        }
    }
}

Test(outbox, nothing_that_was_reported_queued_is_lost_by_kill, .timeout = 60)
{
    th_outbox_close(outbox);
    outbox = NULL;
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
    cr_assert_eq(th_outbox_open(folder, 0, &outbox), 0);
    cr_assert_eq(scrub(), 0);
    for (uint64_t id = 1; id <= last_id; id++) {
        struct th_outbox_item item = get(id);
        struct th_bytes bytes;
        cr_assert_eq(th_outbox_get_report(outbox, id, &arena, &bytes), 0);
        cr_assert_eq(memcmp(bytes.bytes, "report ", 7), 0);
        cr_assert_eq(item.is_frozen, item.state == TH_ITEM_SENT);
        th_arena_reset(&arena);
    }
}
