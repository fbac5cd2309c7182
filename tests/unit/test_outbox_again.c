/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts of a later log beside the earlier ones, and what the province asks for. */
#include "nodes/store/outbox.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

TestSuite(outbox_again, .init = set_up, .fini = tear_down);

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

static uint64_t add_received(const char *receipt)
{
    uint64_t id = add(1, "r");
    freeze(id, "s");
    settle(id, TH_ITEM_RECEIVED, receipt);
    return id;
}

static int readmit(uint64_t id, const char *receipt)
{
    struct th_outbox_readmission readmission = {
        .id = id, .receipt = bytes_of(receipt), .position = 12, .time = {noon.ms + 1000}};
    return th_outbox_readmit(outbox, &readmission, (th_instant){noon.ms + 2000});
}

static void expect_receipts(uint64_t id, const char *newest, size_t earlier, const char *oldest)
{
    struct th_outbox_detail detail;
    const struct th_bytes *receipts;
    size_t count;
    cr_assert_eq(th_outbox_get_detail(outbox, id, &arena, &detail), 0);
    cr_assert_eq(detail.receipt.size, strlen(newest));
    cr_assert_eq(memcmp(detail.receipt.bytes, newest, detail.receipt.size), 0);
    cr_assert_eq(detail.reasons_count, 1, "what came with the first answer stays");
    cr_assert_eq(th_outbox_get_earlier(outbox, id, &arena, &receipts, &count), 0);
    cr_assert_eq(count, earlier);
    if (count > 0)
        cr_assert_eq(memcmp(receipts[0].bytes, oldest, receipts[0].size), 0);
}

Test(outbox_again, a_receipt_of_a_later_log_is_kept_beside_the_earlier_ones)
{
    uint64_t id = add_received("receipt one");
    expect_receipts(id, "receipt one", 0, NULL);
    cr_assert_eq(readmit(id, "receipt two"), 0);
    cr_assert_eq(readmit(id, "receipt three"), 0);
    cr_assert_eq(reopen(), 0);
    expect_receipts(id, "receipt three", 2, "receipt one");
    struct th_outbox_item item = get(id);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert_eq(item.position, 77, "where it was first");
    cr_assert(item.is_readmitted);
    cr_assert_eq(item.again_position, 12);
    cr_assert_eq(item.again_at.ms, noon.ms + 1000);
}

Test(outbox_again, the_same_receipt_again_changes_nothing)
{
    uint64_t id = add_received("receipt one");
    cr_assert_eq(readmit(id, "receipt two"), 0);
    cr_assert_eq(readmit(id, "receipt two"), 0);
    expect_receipts(id, "receipt two", 1, "receipt one");
    const struct th_outbox_change *changes;
    size_t count;
    cr_assert_eq(th_outbox_get_history(outbox, id, &arena, &changes, &count), 0);
    cr_assert_eq(count, 4, "queued, sent, received, readmitted");
    cr_assert_eq(changes[3].state, TH_ITEM_RECEIVED);
    cr_assert(changes[3].is_readmission);
    cr_assert_not(changes[2].is_readmission);
}

Test(outbox_again, only_a_received_report_is_readmitted)
{
    uint64_t id = add(1, "r");
    freeze(id, "s");
    cr_assert_eq(readmit(id, "receipt"), TH_E_INVALID);
    cr_assert_eq(readmit(99, "receipt"), TH_E_NOT_FOUND);
    cr_assert_eq(get(id).state, TH_ITEM_SENT);
}

Test(outbox_again, a_flipped_bit_in_an_earlier_receipt_leaves_the_newest)
{
    uint64_t id = add_received("receipt one");
    cr_assert_eq(readmit(id, "receipt two"), 0);
    flip("receipt one");
    cr_assert_eq(reopen(), 0);
    expect_receipts(id, "receipt two", 0, NULL);
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(outbox, noon, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(get(id).state, TH_ITEM_RECEIVED);
    cr_assert_eq(readmit(id, "receipt three"), 0);
    expect_receipts(id, "receipt three", 1, "receipt two");
}

Test(outbox_again, a_flipped_bit_in_the_newest_receipt_leaves_the_earlier)
{
    uint64_t id = add_received("receipt one");
    cr_assert_eq(readmit(id, "receipt two"), 0);
    flip("receipt two");
    cr_assert_eq(reopen(), 0);
    cr_assert_eq(readmit(id, "receipt three"), TH_E_CORRUPT);
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(outbox, noon, &count), 0);
    cr_assert_eq(get(id).state, TH_ITEM_SENT, "sent again for its receipt");
    cr_assert_not(get(id).is_readmitted);
    const struct th_bytes *receipts;
    cr_assert_eq(th_outbox_get_earlier(outbox, id, &arena, &receipts, &count), 0);
    cr_assert_eq(count, 1);
}

static void expect_lost(size_t expected, uint64_t from)
{
    const struct th_outbox_lost *lost;
    size_t count;
    cr_assert_eq(th_outbox_get_lost(outbox, &arena, &lost, &count), 0);
    cr_assert_eq(count, expected);
    if (count > 0) {
        cr_assert_eq(lost[0].from, from);
        cr_assert_eq(memcmp(lost[0].realm.bytes, "first/realm", lost[0].realm.size), 0);
    }
}

Test(outbox_again, what_the_province_asks_for_is_kept_and_written_once)
{
    struct th_outbox_lost lost[] = {{{"first/realm", 11}, 40}, {{"second/realm", 12}, 50}};
    expect_lost(0, 0);
    cr_assert_eq(th_outbox_keep_lost(outbox, lost, 0), 0);
    cr_assert_eq(th_outbox_keep_lost(outbox, lost, 2), 0);
    uint64_t version = th_outbox_version(outbox);
    cr_assert_eq(th_outbox_keep_lost(outbox, lost, 2), 0);
    cr_assert_eq(th_outbox_version(outbox), version, "the same again is not written");
    cr_assert_eq(reopen(), 0);
    expect_lost(2, 40);
    lost[0].from = 41;
    cr_assert_eq(th_outbox_keep_lost(outbox, lost, 1), 0);
    expect_lost(1, 41);
    cr_assert_eq(th_outbox_keep_lost(outbox, lost, TH_OUTBOX_LOST_MAX + 1), TH_E_LIMIT);
}

Test(outbox_again, a_flipped_bit_in_what_is_asked_for_harms_no_report)
{
    uint64_t id = add(1, "r"), second = add(2, "r2");
    struct th_outbox_lost lost = {{"first/realm", 11}, 40};
    cr_assert_eq(th_outbox_keep_lost(outbox, &lost, 1), 0);
    flip("first/realm");
    cr_assert_eq(reopen(), 0);
    expect_lost(0, 0);
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(outbox, noon, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(get(id).state, TH_ITEM_QUEUED);
    cr_assert_eq(get(second).state, TH_ITEM_QUEUED);
    cr_assert_eq(th_outbox_keep_lost(outbox, &lost, 1), 0);
    expect_lost(1, 40);
}
