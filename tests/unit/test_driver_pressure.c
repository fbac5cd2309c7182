/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which books settle while more reports wait. That what does not is exact for everybody is in
 * test_driver_settle.c.
 */
#include "tests/support/audit_case.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sysexits.h>

static struct ledger ledger;
static uint32_t revisions[LEDGER_UNITS][LEDGER_OBLIGATIONS][3];

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    memset(revisions, 0, sizeof revisions);
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(driver_pressure, .init = set_up, .fini = tear_down, .timeout = 100);

static bool holds(const char *folder)
{
    return AUDIT_RUN(th_audit_verify, "verify", folder) == EX_OK;
}

static size_t unsettled(void)
{
    return th_store_unsettled_count(ledger.store);
}

/* The next revision of a report, with figures that make minima and maxima go both ways. */
static void send(enum ledger_unit unit, enum ledger_obligation obligation, uint32_t number,
                 int64_t a)
{
    struct ledger_report report = {.unit = unit, .obligation = obligation, .number = number};
    report.revision = ++revisions[unit][obligation][number];
    report.has[L_A] = true;
    report.values[L_A] = a;
    if (unit != L_SNV) {
        report.has[L_B] = report.has[L_SCORE] = report.has[L_CLASS] = true;
        report.values[L_B] = a / 2;
        report.values[L_SCORE] = 100 + a % 50;
        report.values[L_CLASS] = a % 3;
    }
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send(&ledger, report), "unit %d obligation %d", (int)unit, (int)obligation);
}

static const struct th_unsettled *find(enum ledger_obligation obligation)
{
    static struct th_unsettled found;
    for (size_t i = 0; i < unsettled(); i++) {
        found = th_store_unsettled(ledger.store, i);
        if (found.book.obligation == obligation)
            return &found;
    }
    return NULL;
}

Test(driver_pressure, a_book_with_many_rows_in_one_batch_settles_at_once)
{
    ledger.bounds.book_rows = 2;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 1);
    send(L_A2, LEDGER_HALF, 0, 1);
    send(L_A2, LEDGER_YEAR, 0, 1);
    cr_assert_eq(find(LEDGER_HALF)->in_run, 2);
    send(L_A1, LEDGER_HALF, 0, 2); /* a row and a revision */
    cr_assert_null(find(LEDGER_HALF));
    cr_assert_eq(find(LEDGER_YEAR)->in_run, 1);
}

static size_t rows_in_run(void)
{
    size_t rows = 0;
    for (size_t i = 0; i < unsettled(); i++)
        rows += th_store_unsettled(ledger.store, i).in_run;
    return rows;
}

Test(driver_pressure, until_the_run_is_half_full_nothing_settles)
{
    ledger.bounds.run_rows = 12;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    for (int i = 0; i < 3; i++) {
        send((enum ledger_unit)(L_A1 + i), LEDGER_YEAR, 0, 1);
        send((enum ledger_unit)(L_A1 + i), LEDGER_HALF, 0, 1);
    }
    cr_assert_eq(rows_in_run(), 6);
}

/* Of books that grow alike the largest goes, before the run is full, and again and again. */
Test(driver_pressure, long_before_the_run_is_full_its_largest_book_settles)
{
    static const enum ledger_obligation asked[] = {LEDGER_YEAR, LEDGER_HALF, LEDGER_ADHOC,
                                                   LEDGER_UNDATED};
    enum { RUN_ROWS = 24 };
    unsigned settled = 0;
    ledger.bounds.run_rows = RUN_ROWS;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A2, LEDGER_YEAR, 0, 1); /* the oldest one */
    send(L_A2, LEDGER_HALF, 0, 1);
    send(L_A3, LEDGER_HALF, 0, 1); /* the largest one */
    for (int i = 0; i < 60; i++) {
        size_t books = unsettled();
        send(L_A1, asked[i % 4], asked[i % 4] == LEDGER_ADHOC, i);
        cr_assert_lt(rows_in_run(), RUN_ROWS);
        if (unsettled() < books && settled++ == 0)
            cr_assert_null(find(LEDGER_HALF));
    }
    cr_assert_gt(settled, 5);
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

/* One book that has most of the rows is dear to settle: it waits until it is due. */
Test(driver_pressure, a_run_that_is_too_long_gives_its_oldest_book)
{
    static const enum ledger_unit senders[] = {L_A1, L_A2, L_A3, L_B1, L_B2, L_B3};
    ledger.bounds.run_rows = 9;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    for (size_t i = 0; i < 3; i++)
        send(senders[i], LEDGER_YEAR, 0, 1);
    for (size_t i = 0; i < 6; i++)
        send(senders[i], LEDGER_HALF, 0, 1);
    cr_assert_eq(rows_in_run(), 9);
    send(L_SNV, LEDGER_HALF, 0, 1);
    cr_assert_null(find(LEDGER_YEAR));
    cr_assert_eq(find(LEDGER_HALF)->in_run, 7);
}

Test(driver_pressure, a_book_that_has_become_large_settles_however_empty_the_run_is)
{
    ledger.bounds.large_rows = 4;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A2, LEDGER_HALF, 0, 1);
    for (int i = 0; i < 3; i++)
        send((enum ledger_unit)(L_A1 + i), LEDGER_YEAR, 0, 1);
    cr_assert_eq(rows_in_run(), 4);
    send(L_B1, LEDGER_YEAR, 0, 1);
    cr_assert_null(find(LEDGER_YEAR));
    cr_assert_eq(find(LEDGER_HALF)->in_run, 1);
}

/* The run's memory is bounded by a number of records of a usual size. */
Test(driver_pressure, large_records_fill_the_run_as_several_of_them)
{
    ledger.bounds.run_rows = 40;
    ledger.bounds.row_bytes = 1;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_YEAR, 0, 1);
    for (int i = 0; i < 4; i++)
        send(L_A1, LEDGER_HALF, 0, i);
    cr_assert_lt(rows_in_run(), 5);
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

/* What a run of so many bytes may hold, and what a batch brings. */
Test(driver_pressure, the_bytes_of_heavy_records_are_bounded)
{
    static const enum ledger_obligation asked[] = {LEDGER_YEAR, LEDGER_HALF, LEDGER_ADHOC,
                                                   LEDGER_UNDATED};
    ledger.bounds.run_rows = 600;
    ledger.bounds.row_bytes = 1;
    ledger.bounds.commit_rows = 1;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    for (int i = 0; i < 120; i++) {
        size_t bytes = 0;
        send((enum ledger_unit)(L_A1 + i % 3), asked[i % 4], asked[i % 4] == LEDGER_ADHOC, i);
        for (size_t j = 0; j < th_store_unsettled_count(ledger.store); j++)
            bytes += th_store_unsettled(ledger.store, j).bytes;
        cr_assert_leq(bytes, 1000, "after %d", i);
    }
}

/* Values leave the run from its front only: who stands there must not keep all that came later. */
Test(driver_pressure, a_book_that_rests_does_not_hold_up_the_run)
{
    ledger.bounds.book_rows = 3;
    ledger.bounds.run_values = 10;
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_YEAR, 0, 1);
    cr_assert_not_null(find(LEDGER_YEAR));
    for (unsigned i = 0; i < 5; i++)
        send(L_A1, LEDGER_HALF, 0, (int)i);
    cr_assert_not_null(find(LEDGER_YEAR));
    for (unsigned i = 0; i < 10; i++)
        send(L_A1, LEDGER_HALF, 0, (int)i);
    cr_assert_null(find(LEDGER_YEAR));
    cr_assert(holds(ledger.folder), "%s", audit_out);
}
