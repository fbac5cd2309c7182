/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts of a later log beside the earlier ones, and what the province asks for. */
#include "tests/support/outbox_case.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_outbox_case made;

static void set_up(void)
{
    th_outbox_case_make(&made);
}

static void tear_down(void)
{
    th_outbox_case_remove(&made);
}

TestSuite(outbox_again, .init = set_up, .fini = tear_down);

static uint64_t add_received(const char *receipt)
{
    uint64_t id = th_outbox_case_add(&made, 1, "r");
    th_outbox_case_freeze(&made, id, "s");
    th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, receipt);
    return id;
}

static int readmit(uint64_t id, const char *receipt)
{
    struct th_outbox_readmission readmission = {.id = id,
                                                .receipt = th_outbox_case_bytes(receipt),
                                                .position = 12,
                                                .time = {th_outbox_case_noon.ms + 1000}};
    return th_outbox_readmit(made.outbox, &readmission,
                             (th_instant){th_outbox_case_noon.ms + 2000});
}

static void expect_receipts(uint64_t id, const char *newest, size_t earlier, const char *oldest)
{
    struct th_outbox_detail detail;
    const struct th_bytes *receipts;
    size_t count;
    cr_assert_eq(th_outbox_get_detail(made.outbox, id, &made.arena, &detail), 0);
    cr_assert_eq(detail.receipt.size, strlen(newest));
    cr_assert_eq(memcmp(detail.receipt.bytes, newest, detail.receipt.size), 0);
    cr_assert_eq(detail.reasons_count, 1, "what came with the first answer stays");
    cr_assert_eq(th_outbox_get_earlier(made.outbox, id, &made.arena, &receipts, &count), 0);
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
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    expect_receipts(id, "receipt three", 2, "receipt one");
    struct th_outbox_item item = th_outbox_case_get(&made, id);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert_eq(item.position, 77, "where it was first");
    cr_assert(item.is_readmitted);
    cr_assert_eq(item.again_position, 12);
    cr_assert_eq(item.again_at.ms, th_outbox_case_noon.ms + 1000);
}

Test(outbox_again, the_same_receipt_again_changes_nothing)
{
    uint64_t id = add_received("receipt one");
    cr_assert_eq(readmit(id, "receipt two"), 0);
    cr_assert_eq(readmit(id, "receipt two"), 0);
    expect_receipts(id, "receipt two", 1, "receipt one");
    const struct th_outbox_change *changes;
    size_t count;
    cr_assert_eq(th_outbox_get_history(made.outbox, id, &made.arena, &changes, &count), 0);
    cr_assert_eq(count, 4, "queued, sent, received, readmitted");
    cr_assert_eq(changes[3].state, TH_ITEM_RECEIVED);
    cr_assert(changes[3].is_readmission);
    cr_assert_not(changes[2].is_readmission);
}

Test(outbox_again, only_a_received_report_is_readmitted)
{
    uint64_t id = th_outbox_case_add(&made, 1, "r");
    th_outbox_case_freeze(&made, id, "s");
    cr_assert_eq(readmit(id, "receipt"), TH_E_INVALID);
    cr_assert_eq(readmit(99, "receipt"), TH_E_NOT_FOUND);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_SENT);
}

Test(outbox_again, a_flipped_bit_in_an_earlier_receipt_leaves_the_newest)
{
    uint64_t id = add_received("receipt one");
    cr_assert_eq(readmit(id, "receipt two"), 0);
    th_outbox_case_flip(&made, "receipt one");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    expect_receipts(id, "receipt two", 0, NULL);
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(made.outbox, th_outbox_case_noon, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_RECEIVED);
    cr_assert_eq(readmit(id, "receipt three"), 0);
    expect_receipts(id, "receipt three", 1, "receipt two");
}

Test(outbox_again, a_flipped_bit_in_the_newest_receipt_leaves_the_earlier)
{
    uint64_t id = add_received("receipt one");
    cr_assert_eq(readmit(id, "receipt two"), 0);
    th_outbox_case_flip(&made, "receipt two");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    cr_assert_eq(readmit(id, "receipt three"), TH_E_CORRUPT);
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(made.outbox, th_outbox_case_noon, &count), 0);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_SENT, "sent again for its receipt");
    cr_assert_not(th_outbox_case_get(&made, id).is_readmitted);
    const struct th_bytes *receipts;
    cr_assert_eq(th_outbox_get_earlier(made.outbox, id, &made.arena, &receipts, &count), 0);
    cr_assert_eq(count, 1);
}

static void expect_lost(size_t expected, uint64_t from)
{
    const struct th_outbox_lost *lost;
    size_t count;
    cr_assert_eq(th_outbox_get_lost(made.outbox, &made.arena, &lost, &count), 0);
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
    cr_assert_eq(th_outbox_keep_lost(made.outbox, lost, 0), 0);
    cr_assert_eq(th_outbox_keep_lost(made.outbox, lost, 2), 0);
    uint64_t version = th_outbox_version(made.outbox);
    cr_assert_eq(th_outbox_keep_lost(made.outbox, lost, 2), 0);
    cr_assert_eq(th_outbox_version(made.outbox), version, "the same again is not written");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    expect_lost(2, 40);
    lost[0].from = 41;
    cr_assert_eq(th_outbox_keep_lost(made.outbox, lost, 1), 0);
    expect_lost(1, 41);
    cr_assert_eq(th_outbox_keep_lost(made.outbox, lost, TH_OUTBOX_LOST_MAX + 1), TH_E_LIMIT);
}

Test(outbox_again, a_flipped_bit_in_what_is_asked_for_harms_no_report)
{
    uint64_t id = th_outbox_case_add(&made, 1, "r"), second = th_outbox_case_add(&made, 2, "r2");
    struct th_outbox_lost lost = {{"first/realm", 11}, 40};
    cr_assert_eq(th_outbox_keep_lost(made.outbox, &lost, 1), 0);
    th_outbox_case_flip(&made, "first/realm");
    cr_assert_eq(th_outbox_case_reopen(&made), 0);
    expect_lost(0, 0);
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(made.outbox, th_outbox_case_noon, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(th_outbox_case_get(&made, id).state, TH_ITEM_QUEUED);
    cr_assert_eq(th_outbox_case_get(&made, second).state, TH_ITEM_QUEUED);
    cr_assert_eq(th_outbox_keep_lost(made.outbox, &lost, 1), 0);
    expect_lost(1, 40);
}
