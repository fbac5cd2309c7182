/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills the store of a daemon that is stopped, through the real driver, and tells what a report
 * costs as the store grows:
 *
 *     grow FOLDER SET DIR BATCH FRAMES [REPORTS…]
 *
 * DIR: made by `tonghop-aggregator init`, with every unit of FOLDER enrolled. Submissions are
 * decoded batch by batch, outside the time that is counted. At each number of REPORTS the cost of
 * the last tenth before it is given. Prints one line of JSON.
 */
#include "aggregator/driver/driver.h"
#include "aggregator/shell/secrets.h"
#include "proto/wire/submission.h"
#include "tests/bench/workload.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* 2025-06-15 00:00 in Vietnam: where the rehearsal's clock stands. */
#define CLOCK_AT INT64_C(1749920400000)

enum { POINTS_MAX = 8 };

struct point {
    size_t reports;
    int64_t began_ns, took_ns; /* processor time at nine tenths, and since */
    size_t began_at, counted;
};

struct filling {
    struct bench_workload workload;
    struct th_driver *driver;
    struct th_arena arena;
    struct th_item *items;
    size_t items_capacity, batch, reports;
    int64_t cpu_ns, wall_ns;
    struct point points[POINTS_MAX];
    size_t points_count;
};

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    (void)sender;
    (void)frame;
}

static void take_unit_frame(void *context, const char *unit_code, struct th_bytes frame)
{
    (void)context;
    (void)unit_code;
    (void)frame;
}

static void take_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)context;
    (void)sender;
    (void)result;
}

static void decode(struct filling *filling, size_t frame, struct th_item *item)
{
    struct th_bytes raw = bench_workload_frame(&filling->workload, frame);
    struct th_submission *submission = th_arena_alloc(&filling->arena, sizeof *submission);
    if (submission == NULL)
        bench_die("no memory for decoded reports");
    bench_must(th_wire_submission_decode_trusted(raw, &filling->arena, submission), "decoding");
    uint32_t unit = filling->workload.frames[frame].unit;
    *item = (struct th_item){.kind = TH_ITEM_SUBMISSION,
                             .now = {{CLOCK_AT}, 1000},
                             .sender = frame,
                             .request = frame + 1,
                             .peer_unit = th_text_of(filling->workload.units[unit].code),
                             .submission = {.submission = submission, .raw = raw}};
}

/* Marks what the batch that ended has passed. */
static void pass(struct filling *filling)
{
    for (size_t i = 0; i < filling->points_count; i++) {
        struct point *point = &filling->points[i];
        if (point->began_at == 0 && filling->reports >= point->reports / 10 * 9) {
            point->began_at = filling->reports;
            point->began_ns = filling->cpu_ns;
        }
        if (point->counted == 0 && filling->reports >= point->reports) {
            point->counted = filling->reports - point->began_at;
            point->took_ns = filling->cpu_ns - point->began_ns;
        }
    }
}

static void fill(struct filling *filling)
{
    const struct bench_workload *workload = &filling->workload;
    for (size_t at = 0, count; at < workload->frames_count; at += count) {
        size_t reports = 0;
        th_arena_reset(&filling->arena);
        for (count = 0; at + count < workload->frames_count && reports < filling->batch; count++) {
            decode(filling, at + count, &filling->items[count]);
            reports += workload->frames[at + count].reports;
        }
        int64_t cpu = bench_cpu_ns(), began = bench_now_ns();
        bench_must(th_driver_run(filling->driver, filling->items, count), "a batch");
        filling->cpu_ns += bench_cpu_ns() - cpu;
        filling->wall_ns += bench_now_ns() - began;
        filling->reports += reports;
        pass(filling);
    }
}

static void report(const struct filling *filling, uint64_t founded)
{
    const struct th_driver_counters *counters = th_driver_counters(filling->driver);
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"accepted\": %llu, "
           "\"duplicates\": %llu, \"wrong\": %llu, \"founded\": %llu, \"points\": [",
           filling->reports, (double)filling->wall_ns / 1e9, (double)filling->cpu_ns / 1e9,
           (unsigned long long)counters->accepted, (unsigned long long)counters->duplicates,
           (unsigned long long)(counters->conflicts + counters->rejected + counters->refused),
           (unsigned long long)founded);
    const char *between = "";
    for (size_t i = 0; i < filling->points_count; i++) {
        const struct point *point = &filling->points[i];
        if (point->counted == 0)
            continue;
        printf("%s{\"at\": %zu, \"us_each\": %.3f}", between, point->reports,
               (double)point->took_ns / 1e3 / (double)point->counted);
        between = ", ";
    }
    printf("]}\n");
}

static void open_store(const char *folder, struct th_store **store, struct th_note_signer *signer)
{
    char problem[TH_STORE_PROBLEM_SIZE] = "", why[TH_SECRETS_PROBLEM_SIZE] = "";
    if (th_store_open(folder, TH_STORE_WRITE, NULL, problem, store) < 0)
        bench_die("%s: %s", folder, problem);
    const struct th_log_keys *keys = th_store_log_keys(*store);
    if (th_secrets_read_signer(folder, &keys->items[keys->count - 1].vkey, why, signer) < 0)
        bench_die("%s: %s", folder, why);
}

int main(int argc, char **argv)
{
    struct filling filling = {.batch = argc > 4 ? strtoull(argv[4], NULL, 10) : 0};
    struct th_store *store = NULL;
    struct th_note_signer signer;
    struct th_driver_ports ports = {
        .transport = {NULL, take_frame, take_unit_frame, take_result},
        .publisher = th_publisher_none,
        .admission = th_admission_none,
    };
    const struct th_driver_options options = {0};
    if (argc < 6 || argc - 6 > POINTS_MAX || filling.batch == 0 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: grow FOLDER SET DIR BATCH FRAMES [REPORTS...]\n");
        return 64;
    }
    bench_workload_open(argv[1], argv[2], strtoull(argv[5], NULL, 10), &filling.workload);
    for (int i = 6; i < argc; i++)
        filling.points[filling.points_count++].reports = strtoull(argv[i], NULL, 10);
    open_store(argv[3], &store, &signer);
    bench_must(th_store_port_open(store, &ports.store), "a view");
    bench_must(th_driver_new(&ports, &signer, &options, &filling.driver), "the driver");
    bench_must(th_driver_load(filling.driver), "loading");
    th_arena_init(&filling.arena, (size_t)4 << 20, (size_t)4 << 30);
    filling.items = calloc(filling.batch, sizeof *filling.items);
    if (filling.items == NULL)
        bench_die("no memory");
    uint64_t founded = th_store_next_position(store);
    fill(&filling);
    report(&filling, founded);
    th_driver_free(filling.driver);
    th_store_port_close(&ports.store);
    th_store_close(store);
    th_tlog_signer_deinit(&signer);
    th_arena_deinit(&filling.arena);
    free(filling.items);
    return 0;
}
