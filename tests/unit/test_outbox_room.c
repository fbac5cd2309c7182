/* SPDX-License-Identifier: Apache-2.0 */
/* An outbox that is nearly full: what it took can be sent, come apart, and be settled. */
#include "tests/support/outbox_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BYTES     ((size_t)1024 * 1024)
#define HEADER_BYTES  500
#define RECEIPT_BYTES 10000
#define BUNDLE_BYTES  ((size_t)250 * 1024)

static struct th_outbox_case made;

static void set_up(void)
{
    th_outbox_case_make(&made);
    th_outbox_close(made.outbox);
    th_test_folder_remove(made.folder);
    th_test_folder_make(made.folder);
    cr_assert_eq(th_outbox_open(made.folder, MAP_BYTES, &made.outbox), 0);
}

static void tear_down(void)
{
    th_outbox_case_remove(&made);
}

TestSuite(outbox_room, .init = set_up, .fini = tear_down, .timeout = 60);

/* A text of that many letters, until the test ends. */
static const char *letters(size_t size)
{
    char *text = th_arena_alloc(&made.arena, size + 1);
    cr_assert_not_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

static int add(uint32_t revision, size_t size)
{
    uint64_t id;
    struct th_outbox_item item = th_outbox_case_item(revision);
    return th_outbox_add(made.outbox, &item, th_outbox_case_bytes(letters(size)),
                         th_outbox_case_noon, &id);
}

/* Items 1 to the number that is given back. */
static uint32_t fill(size_t size)
{
    uint32_t count = 0;
    int status = 0;
    while (status == 0) {
        th_arena_reset(&made.arena);
        status = add(count + 1, size);
        count += status == 0;
    }
    cr_assert_eq(status, TH_E_STORAGE);
    return count;
}

/* Bundles as large as a frame takes. */
static void freeze_in_bundles(uint32_t count, size_t size)
{
    for (uint32_t id = 1; id <= count;) {
        struct th_outbox_frozen frozen = {.bundle = id};
        size_t bytes = HEADER_BYTES;
        while (id <= count && frozen.ids_count < TH_LIMIT_REPORTS_MAX &&
               bytes + size <= BUNDLE_BYTES) {
            frozen.ids[frozen.ids_count++] = id++;
            bytes += size;
        }
        th_arena_reset(&made.arena);
        frozen.submission = th_outbox_case_bytes(letters(bytes));
        cr_assert_eq(th_outbox_freeze(made.outbox, &frozen, 1, th_outbox_case_noon), 0);
        cr_assert_eq(th_outbox_part(made.outbox, frozen.bundle, th_outbox_case_noon), 0);
    }
}

static void send_and_settle(uint32_t count, size_t size, size_t receipt_bytes)
{
    for (uint32_t id = 1; id <= count; id++) {
        th_arena_reset(&made.arena);
        th_outbox_case_freeze(&made, id, letters(size + HEADER_BYTES));
        th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, letters(receipt_bytes));
    }
}

/* The worst that may happen to each of them. */
static void expect_all_can_be_sent(size_t size)
{
    uint32_t count = fill(size);
    cr_assert_gt(count, 2);
    freeze_in_bundles(count, size);
    send_and_settle(count, size, RECEIPT_BYTES);
    const struct th_outbox_item *items;
    size_t listed, bad;
    th_arena_reset(&made.arena);
    cr_assert_eq(th_outbox_list(made.outbox, &made.arena, &items, &listed, &bad), 0);
    cr_assert_eq(listed, count);
}

Test(outbox_room, small_reports_that_were_taken_can_all_be_sent_and_settled)
{
    expect_all_can_be_sent(60);
}

Test(outbox_room, reports_of_half_a_page_that_were_taken_can_all_be_sent_and_settled)
{
    expect_all_can_be_sent(1500);
}

Test(outbox_room, reports_of_a_page_that_were_taken_can_all_be_sent_and_settled)
{
    expect_all_can_be_sent(4000);
}

Test(outbox_room, large_reports_that_were_taken_can_all_be_sent_and_settled)
{
    expect_all_can_be_sent((size_t)64 * 1024);
}

Test(outbox_room, an_answer_gives_back_the_room_that_was_kept_for_it)
{
    uint32_t count = fill(4000);
    cr_assert_eq(add(count + 1, 4000), TH_E_STORAGE);
    send_and_settle(count, 4000, 700);
    cr_assert_eq(add(count + 1, 4000), 0);
}

Test(outbox_room, the_room_of_a_real_outbox_is_for_thousands_of_the_largest_reports)
{
    th_outbox_close(made.outbox);
    cr_assert_eq(th_outbox_open(made.folder, 0, &made.outbox), 0);
    cr_assert_geq(TH_OUTBOX_MAP_BYTES / (4 * TH_LIMIT_REPORT_SIZE_MAX), 2000);
    cr_assert_eq(add(1, TH_LIMIT_REPORT_SIZE_MAX), 0);
}
