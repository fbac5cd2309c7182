/* SPDX-License-Identifier: Apache-2.0 */
/* Rows within a cut, from tables that a test holds in its hands. */
#include "aggregator/past/past.h"
#include "proto/wire/submission.h"

#include <criterion/criterion.h>
#include <string.h>

/* Unit 4 reported at position 10, and again at 20 and 30; unit 5 at 15. */
static struct th_row current[2];
static struct th_revision old[2];
static size_t old_count;
static struct th_stored_entry entry;
static uint64_t entry_asked;
static int entry_status;
static unsigned revisions_asked;
static struct th_arena arena;
static uint8_t now_values[] = {1, 2, 3};

static int rows(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    (void)context, (void)book;
    int status = 0;
    for (size_t i = 0; i < 2 && status == 0; i++)
        status = fn(fn_context, &current[i]);
    return status;
}

static int revisions(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                     th_revision_fn *fn, void *fn_context)
{
    (void)context, (void)book, (void)number;
    int status = 0;
    revisions_asked++;
    for (size_t i = 0; i < old_count && unit == 4 && status == 0; i++)
        status = fn(fn_context, &old[i]);
    return status;
}

static int give_entry(void *context, uint64_t position, struct th_stored_entry *ret_entry)
{
    (void)context;
    entry_asked = position;
    if (entry_status == 0)
        *ret_entry = entry;
    return entry_status;
}

static const struct th_past_source source = {NULL, rows, revisions, give_entry};
static const struct th_book_id book = {1, 2};

/* A submission of one report with the figure 7 of indicator 3. */
static struct th_bytes a_submission(void)
{
    static const uint16_t number = 3;
    static const int64_t value = 7;
    struct th_report report = {.plan = {"p", 1},
                               .obligation = {"o", 1},
                               .unit = {"u", 1},
                               .revision = 1,
                               .values = {&number, &value, 1}};
    struct th_bytes content, head, submission;
    struct th_digest digest = {{0}};
    struct th_submission_header header = {.mode = TH_MODE_LIVE,
                                          .realm = {"r", 1},
                                          .unit = {"u", 1},
                                          .report_digests = &digest,
                                          .reports_count = 1};
    const uint8_t signature[TH_SIGNATURE_SIZE] = {0};
    cr_assert_eq(th_wire_report_encode(&report, &arena, &content), 0);
    cr_assert_eq(th_wire_header_encode(&header, &arena, &head), 0);
    cr_assert_eq(th_wire_submission_encode(head, signature, &content, 1, &arena, &submission), 0);
    return submission;
}

static void set_up(void)
{
    th_arena_init(&arena, 4096, 1 << 20);
    current[0] = (struct th_row){.unit = 4,
                                 .revision = 3,
                                 .position = 30,
                                 .first_received = {100},
                                 .received = {300},
                                 .timeliness = TH_TIMELINESS_LATE,
                                 .values = now_values,
                                 .values_size = sizeof now_values};
    current[1] = (struct th_row){.unit = 5, .revision = 1, .position = 15, .received = {150}};
    old[0] = (struct th_revision){.unit = 4, .revision = 1, .position = 10, .received = {100}};
    old[1] = (struct th_revision){.unit = 4, .revision = 2, .position = 20, .received = {200}};
    old_count = 2;
    entry = (struct th_stored_entry){.kind = TH_ENTRY_SUBMISSION, .body = a_submission()};
    entry_status = 0;
    revisions_asked = 0;
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(past, .init = set_up, .fini = tear_down);

static int look(uint64_t size, int64_t before, struct th_row *ret_row)
{
    struct th_past_cut cut = {size, {before}};
    return th_past_row(&source, book, cut, &current[0], &arena, ret_row);
}

Test(past, the_current_row_is_copied_when_it_is_within_the_cut)
{
    struct th_row row;
    cr_assert_eq(look(31, INT64_MAX, &row), 0);
    cr_expect_eq(row.revision, 3);
    cr_expect_neq(row.values, current[0].values);
    cr_expect_arr_eq(row.values, now_values, sizeof now_values);
    cr_expect_eq(revisions_asked, 0);
}

Test(past, a_later_row_becomes_its_last_revision_before_the_cut)
{
    struct th_row row;
    cr_assert_eq(look(30, INT64_MAX, &row), 0);
    cr_expect_eq(row.revision, 2);
    cr_expect_eq(row.position, 20);
    cr_expect_eq(row.received.ms, 200);
    cr_expect_eq(row.first_received.ms, 100);
    cr_expect_eq(row.timeliness, TH_TIMELINESS_LATE);
    cr_expect_eq(entry_asked, 20);
    cr_expect_neq(row.values_size, sizeof now_values);
    cr_assert_eq(look(20, INT64_MAX, &row), 0);
    cr_expect_eq(row.revision, 1);
}

Test(past, a_cut_in_time_leaves_out_its_own_instant)
{
    struct th_row row;
    cr_assert_eq(look(TH_PAST_ALL_ENTRIES, 301, &row), 0);
    cr_expect_eq(row.revision, 3);
    cr_assert_eq(look(TH_PAST_ALL_ENTRIES, 300, &row), 0);
    cr_expect_eq(row.revision, 2);
    cr_expect_eq(look(TH_PAST_ALL_ENTRIES, 100, &row), TH_E_NOT_FOUND);
}

Test(past, both_limits_of_a_cut_count)
{
    struct th_row row;
    cr_assert_eq(look(31, 200, &row), 0);
    cr_expect_eq(row.revision, 1);
    cr_expect_eq(look(10, 300, &row), TH_E_NOT_FOUND);
}

Test(past, a_revision_that_is_gone_is_damage)
{
    struct th_row row;
    old_count = 1;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_CORRUPT);
}

Test(past, an_entry_that_cannot_be_the_submission_is_damage)
{
    struct th_row row;
    entry.kind = TH_ENTRY_CLOSING;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_CORRUPT);
    entry.kind = TH_ENTRY_SUBMISSION;
    old[1].index = 1;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_CORRUPT);
    old[1].index = 0;
    entry.body.size -= 1;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_CORRUPT);
    entry_status = TH_E_NOT_FOUND;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_CORRUPT);
    entry_status = TH_E_IO;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_IO);
}

static bool is_five(const void *context, uint32_t unit)
{
    (void)context;
    return unit == 5;
}

Test(past, a_book_is_its_rows_within_the_cut)
{
    struct th_past_rows past;
    struct th_past_cut cut = {15, TH_PAST_ALL_TIME};
    cr_assert_eq(th_past_rows(&source, book, cut, NULL, NULL, &arena, &past), 0);
    cr_assert_eq(past.count, 1);
    cr_expect_eq(past.rows[0].unit, 4);
    cr_expect_eq(past.rows[0].revision, 1);
    cut.size = 16;
    cr_assert_eq(th_past_rows(&source, book, cut, NULL, NULL, &arena, &past), 0);
    cr_expect_eq(past.count, 2);
}

Test(past, units_that_are_not_wanted_are_not_read)
{
    struct th_past_rows past;
    struct th_past_cut cut = {16, TH_PAST_ALL_TIME};
    cr_assert_eq(th_past_rows(&source, book, cut, is_five, NULL, &arena, &past), 0);
    cr_assert_eq(past.count, 1);
    cr_expect_eq(past.rows[0].unit, 5);
    cr_expect_eq(revisions_asked, 0);
}

Test(past, without_memory_it_says_so)
{
    struct th_arena tiny;
    struct th_past_rows past = {NULL, 77};
    struct th_past_cut cut = {31, TH_PAST_ALL_TIME};
    th_arena_init(&tiny, 64, 64);
    cr_expect_eq(th_past_rows(&source, book, cut, NULL, NULL, &tiny, &past), TH_E_NO_MEMORY);
    cr_expect_eq(past.count, 77);
    th_arena_deinit(&tiny);
}

Test(past, revisions_that_were_lost_may_be_missing_before_what_was_readmitted)
{
    struct th_row row;
    old[0] = old[1];
    old_count = 1; /* revision 1 is not there */
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_CORRUPT);
    entry.kind = TH_ENTRY_READMITTED;
    cr_expect_eq(look(20, INT64_MAX, &row), TH_E_NOT_FOUND);
    old_count = 0;
    cr_expect_eq(look(30, INT64_MAX, &row), TH_E_NOT_FOUND);
}
