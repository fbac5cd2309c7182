/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrub in the real aggregator: it finds what the disk has changed while reports go on, and it
 * is not in their way.
 */
#define _GNU_SOURCE /* memmem */
#include "aggregator/store/scrub.h"
#include "base/file.h"
#include "tests/support/daemon_case.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STORE_SIZE_MAX ((size_t)1 << 30)
#define PASS_MS        30000

enum {
    ROWS_BEFORE = 9500, /* reports in the stores that are compared: a pass takes some time */
    REPORTS = 800,      /* that are measured at a time */
    ROUNDS = 12,
    WINDOW = 64 /* on their way at once */
};

static struct th_daemon_case without, with; /* scrub */

static void tear_down(void)
{
    if (without.run.folder[0] != 0)
        th_daemon_case_remove(&without);
    if (with.run.folder[0] != 0)
        th_daemon_case_remove(&with);
}

TestSuite(scrub, .fini = tear_down, .timeout = 200);

/* Ends the daemon and lets it run again with a scrub without rests. */
static void run_with_scrub(struct th_daemon_case *made, const char *hours)
{
    th_daemon_case_stop(made);
    th_daemon_configure(&made->run, "scrub_hours", hours);
    th_daemon_configure(&made->run, "scrub_rest_ms", "0");
    th_daemon_case_start(made);
}

static bool has_report(const struct th_daemon_case *made, struct th_scrub_report *ret_report)
{
    for (int waited_ms = 0; waited_ms < PASS_MS; waited_ms += 20) {
        if (th_scrub_report_read(made->run.folder, ret_report) == 0 && ret_report->passes > 0)
            return true;
        usleep(20000);
    }
    return false;
}

_Static_assert(ROWS_BEFORE <= TH_LIMIT_REVISION_MAX && ROUNDS * REPORTS <= TH_LIMIT_REVISION_MAX,
               "revisions of one report");

/* ---- damage ---- */

/* Turns one bit wherever the bytes are in data.mdb: also where an older page has them. */
static void flip(const struct th_daemon_case *made, struct th_bytes bytes)
{
    char path[96];
    char *data = NULL;
    size_t size = 0;
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "%s/data.mdb", made->run.folder);
    cr_assert_eq(th_file_read(path, STORE_SIZE_MAX, &data, &size), 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    for (const char *at = data; at != NULL;) {
        at = memmem(at, size - (size_t)(at - data), bytes.bytes, bytes.size);
        if (at == NULL)
            break;
        const char bad = (char)(at[bytes.size / 2] ^ 1);
        off_t place = at - data + (off_t)(bytes.size / 2);
        cr_assert_eq(pwrite(fd, &bad, 1, place), 1);
        count++;
        at += bytes.size;
    }
    close(fd);
    free(data);
    cr_assert_gt(count, 0, "the store has it as it was sent");
}

Test(scrub, a_flipped_bit_is_found_and_told_while_reports_are_accepted)
{
    struct th_daemon_case *const made = &with;
    struct th_scrub_report report;
    char text[TH_SCRUB_TEXT_SIZE + 64];
    th_daemon_case_make(made);
    struct th_to_node answer = th_daemon_case_submit(made, (struct th_paper){.figure = 1});
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    uint64_t position = answer.body.outcome.verdicts[0].position;
    struct th_bytes written = th_daemon_case_write(made, (struct th_paper){.figure = 1});
    uint32_t revision = 2;
    for (; revision < 300; revision++) /* receipts are made of the last tile's leaves */
        (void)th_daemon_case_submit(made,
                                    (struct th_paper){.figure = revision, .revision = revision});
    run_with_scrub(made, "1");
    cr_assert(has_report(made, &report));
    cr_assert_eq(report.faults, 0, "%s", report.names[0]);
    cr_assert_not(th_daemon_says(&made->run, "KHO HỎNG", 0));
    th_daemon_case_stop(made);
    flip(made, written);
    (void)snprintf(text, sizeof text, "%s/SCRUB", made->run.folder);
    cr_assert_eq(unlink(text), 0);
    th_daemon_case_start(made);
    for (uint32_t last = revision + 20; revision < last; revision++)
        cr_assert_eq(th_daemon_case_verdict(th_daemon_case_submit(
                         made, (struct th_paper){.figure = revision, .revision = revision})),
                     TH_VERDICT_ACCEPTED);
    cr_assert(has_report(made, &report));
    cr_assert_gt(report.faults, 0);
    (void)snprintf(text, sizeof text, "bản ghi %" PRIu64, position);
    cr_assert_not_null(strstr(report.names[0], text), "%s", report.names[0]);
    (void)snprintf(text, sizeof text, "KHO HỎNG: %s", report.names[0]);
    cr_assert(th_daemon_says(&made->run, text, TH_PATIENCE_MS));
    cr_assert_eq(kill(made->run.pid, SIGUSR1), 0);
    (void)snprintf(text, sizeof text, "; chỗ hỏng trong kho: %" PRIu64 "\n", report.faults);
    cr_assert(th_daemon_says(&made->run, text, TH_PATIENCE_MS));
    cr_assert_eq(th_daemon_case_verdict(th_daemon_case_submit(
                     made, (struct th_paper){.figure = revision, .revision = revision})),
                 TH_VERDICT_ACCEPTED);
}

/* ---- pace ---- */

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* `count` more revisions of a report. */
static struct th_bytes *write_papers(struct th_daemon_case *made, unsigned officer, uint32_t after,
                                     uint32_t count)
{
    struct th_bytes *papers = calloc(count, sizeof *papers);
    cr_assert_not_null(papers);
    for (uint32_t i = 0; i < count; i++)
        papers[i] = th_officer_write(&made->province, &made->officers[officer],
                                     (struct th_paper){.figure = i, .revision = after + 1 + i});
    return papers;
}

/* Seconds until all are accepted, WINDOW of them on their way at a time. */
static double ingest(struct th_daemon_case *made, unsigned officer, const struct th_bytes *papers,
                     uint32_t count)
{
    struct th_caller caller;
    struct th_to_node answer;
    struct th_arena arena;
    th_arena_init(&arena, 65536, (size_t)256 << 20);
    th_caller_open(&caller, &made->run, &made->officers[officer]);
    double begun = seconds();
    for (uint32_t sent = 0, answered = 0; answered < count; answered++) {
        for (; sent < count && sent < answered + WINDOW; sent++)
            (void)th_caller_send(&caller,
                                 (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                                           .submission = papers[sent]});
        cr_assert(th_caller_receive(&caller, TH_PATIENCE_MS, &arena, &answer));
        cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    }
    double took = seconds() - begun;
    th_caller_close(&caller);
    th_arena_deinit(&arena);
    return took;
}

static void make_paced(struct th_daemon_case *made)
{
    th_daemon_case_make(made);
    th_daemon_configure(&made->run, "quota_per_second", "1000000");
    th_daemon_configure(&made->run, "quota_burst", "1000000");
    run_with_scrub(made, "0");
    struct th_bytes *papers = write_papers(made, 1, 0, ROWS_BEFORE);
    (void)ingest(made, 1, papers, ROWS_BEFORE);
    free(papers);
}

/* True: the pass was still running when the reports had been taken. */
static bool is_scrubbing(const struct th_daemon_case *made)
{
    struct th_scrub_report report;
    return th_scrub_report_read(made->run.folder, &report) < 0;
}

static void forget_report(const struct th_daemon_case *made)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/SCRUB", made->run.folder);
    (void)unlink(path);
}

/* Neither rests nor waits for a quiet moment: what is left is that it runs when nobody else does.
 */
Test(scrub, reports_are_not_slowed_by_a_scrub_at_full_speed)
{
    double best_without = 1e9, best_with = 1e9, sum_without = 0, sum_with = 0;
    unsigned overlaps = 0;
    make_paced(&without);
    make_paced(&with);
    for (int round = 0; round < ROUNDS; round++) {
        double took[2];
        for (int i = 0; i < 2; i++) {
            bool is_with = (round + i) % 2 == 0;
            struct th_daemon_case *made = is_with ? &with : &without;
            struct th_bytes *papers = write_papers(made, 0, (uint32_t)round * REPORTS, REPORTS);
            forget_report(made);
            run_with_scrub(made, is_with ? "1" : "0");
            took[is_with] = ingest(made, 0, papers, REPORTS);
            free(papers);
            overlaps += is_with && is_scrubbing(made);
            if (is_with)
                run_with_scrub(made, "0"); /* not while the other one is measured */
        }
        sum_without += took[0];
        sum_with += took[1];
        best_without = took[0] < best_without ? took[0] : best_without;
        best_with = took[1] < best_with ? took[1] : best_with;
    }
    (void)fprintf(stderr,
                  "scrub at full speed against none: %.2f in all, %.2f of the fastest (%.0f and "
                  "%.0f reports a second); %u of %d passes were longer than the reports took\n",
                  sum_with / sum_without, best_with / best_without, REPORTS / best_with,
                  REPORTS / best_without, overlaps, ROUNDS);
    struct th_scrub_report report;
    forget_report(&with);
    run_with_scrub(&with, "1");
    cr_assert(has_report(&with, &report));
    cr_assert_gt(report.rows, ROWS_BEFORE);
    cr_assert_lt(best_with / best_without, 2.0); /* a busy machine makes it 1.2 */
}
