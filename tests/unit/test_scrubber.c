/* SPDX-License-Identifier: Apache-2.0 */
/* The scrub's thread: what it tells and writes, and that it ends at once. */
#include "aggregator/daemon/scrubber.h"
#include "tests/support/recovery_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct th_recovery_case made;
static struct th_scrubber *scrubber;
static _Atomic uint64_t passes, faults;
static _Atomic bool busy;
static _Atomic uint64_t asked;
static const uint32_t no_rest = 0;
static char *told;
static size_t told_size;
static FILE *log_file;

static bool is_busy(void *context)
{
    (void)context;
    (void)atomic_fetch_add(&asked, 1);
    return atomic_load(&busy);
}

static th_instant now(void *context)
{
    (void)context;
    return th_recovery_case_may_day.wall;
}

static void set_up(void)
{
    th_recovery_case_make(&made);
    log_file = open_memstream(&told, &told_size);
    cr_assert_not_null(log_file);
    scrubber = NULL;
    atomic_store(&passes, 0);
    atomic_store(&faults, 0);
    atomic_store(&busy, false);
}

static void tear_down(void)
{
    th_scrubber_free(scrubber);
    th_recovery_case_remove(&made);
    (void)fclose(log_file);
    free(told);
}

TestSuite(scrubber, .init = set_up, .fini = tear_down, .timeout = 60);

static void start(const uint32_t *rest_ms)
{
    const struct th_scrubber_options options = {.store = made.store,
                                                .folder = made.folder,
                                                .hours = 24,
                                                .rest_ms = rest_ms,
                                                .log = log_file,
                                                .passes = &passes,
                                                .faults = &faults,
                                                .is_busy = is_busy,
                                                .now = now};
    cr_assert_eq(th_scrubber_start(&options, &scrubber), 0);
}

static void stop(void)
{
    th_scrubber_free(scrubber);
    scrubber = NULL;
    cr_assert_eq(fflush(log_file), 0);
}

static void wait_for_pass(void)
{
    for (int i = 0; i < 3000 && atomic_load(&passes) == 0; i++)
        usleep(10000);
    cr_assert_eq(atomic_load(&passes), 1);
}

/* Rollups that no reports make, each of another book. */
static void damage(uint16_t books)
{
    const struct th_plan *plan = th_core_plan(th_driver_core(made.driver), 0);
    struct th_rollup_layout layout;
    struct th_rollup rollup;
    cr_assert_eq(th_rollup_layout_init(&plan->catalogue, &made.arena, &layout), 0);
    cr_assert_eq(th_rollup_new(&layout, &made.arena, &rollup), 0);
    cr_assert_eq(th_store_begin(made.store), 0);
    struct th_book_id book = th_recovery_case_book(&made);
    for (uint16_t i = 0; i < books; i++) {
        cr_assert_eq(th_store_put_rollup(made.store, book, 0, TH_BRANCH_ALL, &layout, &rollup), 0);
        book = (struct th_book_id){1, i};
    }
    cr_assert_eq(th_store_commit(made.store, made.signer), 0);
}

Test(scrubber, a_good_store_is_read_once_in_silence)
{
    struct th_scrub_report report;
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    start(&no_rest);
    wait_for_pass();
    usleep(50000);
    stop();
    cr_assert_eq(atomic_load(&passes), 1, "the next one is a day away");
    cr_assert_eq(atomic_load(&faults), 0);
    cr_assert_str_empty(told);
    cr_assert_eq(th_scrub_report_read(made.folder, &report), 0);
    cr_assert_eq(report.passes, 1);
    cr_assert_gt(report.rows, 20);
    cr_assert_eq(report.ended.ms, th_recovery_case_may_day.wall.ms);
}

Test(scrubber, a_wrong_rollup_is_told_counted_and_written)
{
    struct th_scrub_report report;
    damage(1);
    start(&no_rest);
    wait_for_pass();
    stop();
    cr_assert_eq(atomic_load(&faults), 1);
    cr_assert_not_null(strstr(told, "KHO HỎNG: "), "%s", told);
    cr_assert_not_null(strstr(told, "khác khi tính lại từ báo cáo"), "%s", told);
    cr_assert_not_null(strstr(told, "1 chỗ hỏng"), "%s", told);
    cr_assert_eq(th_scrub_report_read(made.folder, &report), 0);
    cr_assert_eq(report.faults, 1);
}

Test(scrubber, a_store_that_is_broken_everywhere_fills_no_log)
{
    struct th_scrub_report report;
    damage(1000);
    start(&no_rest);
    wait_for_pass();
    stop();
    size_t lines = 0;
    for (const char *at = told; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    cr_assert_leq(lines, TH_SCRUB_FAULTS_MAX + 12);
    cr_assert_not_null(strstr(told, "1000 chỗ hỏng"), "%s", told);
    cr_assert_eq(atomic_load(&faults), 1000);
    cr_assert_eq(th_scrub_report_read(made.folder, &report), 0);
    cr_assert_eq(report.faults, 1000);
}

Test(scrubber, it_waits_while_others_are_at_work)
{
    atomic_store(&busy, true);
    start(NULL);
    usleep(50000);
    cr_assert_eq(atomic_load(&passes), 0, "ten minutes have not passed");
    cr_assert_eq(atomic_load(&asked), 0);
    stop();
    const uint32_t rest_ms = 60;
    start(&rest_ms);
    usleep(400000);
    cr_assert_gt(atomic_load(&asked), 1);
    cr_assert_eq(atomic_load(&passes), 0);
    stop();
}

Test(scrubber, it_ends_at_once)
{
    struct timespec before, after;
    start(NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    stop();
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    cr_assert_leq(after.tv_sec - before.tv_sec, 1);
}
