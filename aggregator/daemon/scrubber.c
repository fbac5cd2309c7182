/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SCHED_IDLE */
#include "aggregator/daemon/scrubber.h"

#include "aggregator/past/recount.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

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
    pthread_mutex_t lock;
    pthread_cond_t ending;
    bool is_ending;
    pthread_t thread;
    uint64_t told;    /* faults of this pass */
    uint64_t counted; /* of these, when their number was told last */
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: it is time to end. */
static bool rest(struct th_scrubber *scrubber, int64_t ms)
{
    int64_t until_ms = monotonic_ms() + ms;
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000) * 1000000};
    (void)pthread_mutex_lock(&scrubber->lock);
    while (!scrubber->is_ending && monotonic_ms() < until_ms)
        (void)pthread_cond_timedwait(&scrubber->ending, &scrubber->lock, &until);
    bool goes_on = !scrubber->is_ending;
    (void)pthread_mutex_unlock(&scrubber->lock);
    return goes_on;
}

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
        if (!rest(scrubber, rest_or(scrubber, BUSY_REST_MS)))
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
        int64_t begun_ms = monotonic_ms();
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
        int64_t worked_ms = monotonic_ms() - begun_ms;
        int64_t rest_ms = worked_ms * RESTS_FOR_WORK;
        if (!is_done &&
            !rest(scrubber, rest_or(scrubber, rest_ms < REST_MIN_MS ? REST_MIN_MS : rest_ms)))
            return false;
    }
    end_pass(scrubber);
    return true;
}

static void *run(void *context)
{
    struct th_scrubber *scrubber = context;
    const struct sched_param none = {.sched_priority = 0};
    /* Of this thread alone. Without them it is only less polite. */
    (void)setpriority(PRIO_PROCESS, 0, 19);
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
    bool goes_on = rest(scrubber, rest_or(scrubber, FIRST_REST_MS));
    while (goes_on) {
        bool has_failed = false;
        int64_t begun_ms = monotonic_ms();
        goes_on = run_pass(scrubber, &has_failed);
        int64_t wait_ms = begun_ms + scrubber->options.hours * HOUR_MS - monotonic_ms();
        if (has_failed)
            wait_ms = rest_or(scrubber, RETRY_REST_MS);
        goes_on = goes_on && rest(scrubber, wait_ms > 0 ? wait_ms : 0);
    }
    return NULL;
}

static int init_waiting(struct th_scrubber *scrubber)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return TH_E_NO_MEMORY;
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failed == 0)
        failed = pthread_cond_init(&scrubber->ending, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (failed != 0)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&scrubber->lock, NULL) == 0)
        return 0;
    (void)pthread_cond_destroy(&scrubber->ending);
    return TH_E_NO_MEMORY;
}

static void deinit(struct th_scrubber *scrubber)
{
    th_scrub_free(scrubber->scrub);
    (void)pthread_mutex_destroy(&scrubber->lock);
    (void)pthread_cond_destroy(&scrubber->ending);
    free(scrubber);
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
    int status = init_waiting(scrubber);
    if (status < 0) {
        free(scrubber);
        return status;
    }
    status = th_scrub_new(options->store, &scrubber->scrub);
    if (status == 0)
        th_scrub_check_books(scrubber->scrub, check_book, NULL);
    if (status == 0 && pthread_create(&scrubber->thread, NULL, run, scrubber) != 0)
        status = TH_E_NO_MEMORY;
    if (status < 0) {
        deinit(scrubber);
        return status;
    }
    *ret_scrubber = scrubber;
    return 0;
}

void th_scrubber_free(struct th_scrubber *scrubber)
{
    if (scrubber == NULL)
        return;
    (void)pthread_mutex_lock(&scrubber->lock);
    scrubber->is_ending = true;
    (void)pthread_cond_signal(&scrubber->ending);
    (void)pthread_mutex_unlock(&scrubber->lock);
    (void)pthread_join(scrubber->thread, NULL);
    deinit(scrubber);
}
