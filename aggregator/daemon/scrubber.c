/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/scrubber.h"

#include "aggregator/daemon/idler.h"
#include "aggregator/past/recount.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    ROWS_MAX = 200,
    FIRST_REST_MS = 10 * 60 * 1000,
    RETRY_REST_MS = 10 * 60 * 1000, /* after a piece that failed */
    RESTS_FOR_WORK = 19,            /* 1 in 20 of the time is work */
    REST_MIN_MS = 5,
    BUSY_REST_MS = 100,
    BUSY_RESTS_MAX = 50 /* a store that is never at rest is read all the same */
};

#define HOUR_MS INT64_C(3600000)

struct th_scrubber {
    struct th_scrubber_options options;
    struct th_scrub *scrub;
    struct th_idler idler;
    uint64_t told;    /* faults of this pass */
    uint64_t counted; /* of these, when their number was told last */
};

static int64_t rest_or(const struct th_scrubber *scrubber, int64_t ms)
{
    return scrubber->options.rest_ms == NULL ? ms : (int64_t)*scrubber->options.rest_ms;
}

static void write_report(struct th_scrubber *scrubber, const struct th_scrub_report *report)
{
    int status = th_scrub_report_write(scrubber->options.folder, report);
    if (status < 0)
        (void)fprintf(scrubber->options.log,
                      "tonghop-aggregator: lưu ý: không ghi được %s/SCRUB (%s)\n",
                      scrubber->options.folder, th_status_text(status));
}

/* Each finding is told once in its pass; of those beyond the names that a report keeps, the number,
 * each time that it has doubled. */
static void tell_new(struct th_scrubber *scrubber)
{
    const struct th_scrub_report *report = th_scrub_report(scrubber->scrub);
    const uint64_t told = scrubber->told;
    FILE *log = scrubber->options.log;
    if (report->faults <= told)
        return;
    scrubber->told = report->faults;
    if (atomic_load(scrubber->options.faults) < report->faults)
        atomic_store(scrubber->options.faults, report->faults);
    bool is_counted =
        report->faults > TH_SCRUB_FAULTS_MAX && report->faults / 2 >= scrubber->counted;
    if (told >= TH_SCRUB_FAULTS_MAX && !is_counted)
        return;
    for (uint64_t i = told; i < report->faults && i < TH_SCRUB_FAULTS_MAX; i++)
        (void)fprintf(log, "tonghop-aggregator: KHO HỎNG: %s; xem tonghop-aggregator status %s\n",
                      report->names[i], scrubber->options.folder);
    if (is_counted) {
        (void)fprintf(log, "tonghop-aggregator: KHO HỎNG: đến giờ %" PRIu64 " chỗ\n",
                      report->faults);
        scrubber->counted = report->faults;
    }
    write_report(scrubber, report);
    (void)fflush(log);
}

static void end_pass(struct th_scrubber *scrubber)
{
    const struct th_scrub_report *report = th_scrub_report(scrubber->scrub);
    (void)atomic_fetch_add(scrubber->options.passes, 1);
    atomic_store(scrubber->options.faults, report->faults);
    write_report(scrubber, report);
    if (report->faults == 0)
        return;
    (void)fprintf(scrubber->options.log,
                  "tonghop-aggregator: đã đọc lại toàn bộ kho (%" PRIu64 " bản ghi): %" PRIu64
                  " chỗ hỏng. Sao lưu thư mục kho và báo cho người phụ trách.\n",
                  report->rows, report->faults);
    (void)fflush(scrubber->options.log);
}

/* False: it is time to end. */
static bool wait_for_quiet(struct th_scrubber *scrubber)
{
    for (int i = 0; i < BUSY_RESTS_MAX; i++) {
        if (!scrubber->options.is_busy(scrubber->options.context))
            return true;
        if (!th_idler_rest(&scrubber->idler, rest_or(scrubber, BUSY_REST_MS)))
            return false;
    }
    return true;
}

/* One pass to its end or its failure. False: it is time to end. */
static bool run_pass(struct th_scrubber *scrubber, bool *ret_has_failed)
{
    const struct th_scrubber_options *options = &scrubber->options;
    th_scrub_begin(scrubber->scrub, options->now(options->context));
    scrubber->told = 0;
    scrubber->counted = 0;
    *ret_has_failed = false;
    for (bool is_done = false; !is_done;) {
        if (!wait_for_quiet(scrubber))
            return false;
        int64_t begun_ms = th_idler_now_ms();
        int status =
            th_scrub_step(scrubber->scrub, ROWS_MAX, options->now(options->context), &is_done);
        if (status < 0) {
            (void)fprintf(options->log,
                          "tonghop-aggregator: lưu ý: chưa đọc lại hết kho được (%s), sẽ thử lại\n",
                          th_status_text(status));
            (void)fflush(options->log);
            *ret_has_failed = true;
            return true;
        }
        tell_new(scrubber);
        int64_t worked_ms = th_idler_now_ms() - begun_ms;
        int64_t rest_ms = worked_ms * RESTS_FOR_WORK;
        if (!is_done &&
            !th_idler_rest(&scrubber->idler,
                           rest_or(scrubber, rest_ms < REST_MIN_MS ? REST_MIN_MS : rest_ms)))
            return false;
    }
    end_pass(scrubber);
    return true;
}

static void work(void *context)
{
    struct th_scrubber *scrubber = context;
    bool goes_on = th_idler_rest(&scrubber->idler, rest_or(scrubber, FIRST_REST_MS));
    while (goes_on) {
        bool has_failed = false;
        int64_t begun_ms = th_idler_now_ms();
        goes_on = run_pass(scrubber, &has_failed);
        int64_t wait_ms = begun_ms + scrubber->options.hours * HOUR_MS - th_idler_now_ms();
        if (has_failed)
            wait_ms = rest_or(scrubber, RETRY_REST_MS);
        goes_on = goes_on && th_idler_rest(&scrubber->idler, wait_ms > 0 ? wait_ms : 0);
    }
}

/* What no checksum sees. */
static int check_book(void *context, struct th_view *view, struct th_book_id book,
                      const char **ret_what)
{
    bool agrees = false;
    (void)context;
    int status = th_past_recount(view, book, &agrees);
    if (status < 0 && status != TH_E_CORRUPT)
        return status;
    *ret_what = status < 0 ? "không tính lại được từ báo cáo" : "khác khi tính lại từ báo cáo";
    return agrees ? 0 : TH_E_CORRUPT;
}

int th_scrubber_start(const struct th_scrubber_options *options, struct th_scrubber **ret_scrubber)
{
    struct th_scrubber *scrubber = calloc(1, sizeof *scrubber);
    if (scrubber == NULL)
        return TH_E_NO_MEMORY;
    scrubber->options = *options;
    int status = th_scrub_new(options->store, &scrubber->scrub);
    if (status == 0) {
        th_scrub_check_books(scrubber->scrub, check_book, NULL);
        status = th_idler_start(&scrubber->idler, work, scrubber);
    }
    if (status < 0) {
        th_scrub_free(scrubber->scrub);
        free(scrubber);
        return status;
    }
    *ret_scrubber = scrubber;
    return 0;
}

void th_scrubber_free(struct th_scrubber *scrubber)
{
    if (scrubber == NULL)
        return;
    th_idler_stop(&scrubber->idler);
    th_scrub_free(scrubber->scrub);
    free(scrubber);
}
