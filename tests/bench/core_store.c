/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
/*
 * Core and store alone: the reports of one set, decoded and verified before the clock starts, go
 * through the real driver into a new store, one batch after the other, each committed and answered
 * on a lane as in the daemon. Everything is done that the daemon's writer does: verdicts, rules,
 * rows, rollups, Merkle log, signed checkpoint, LMDB's synchronous commit, and each answer with its
 * receipt. Reports wait behind each batch but the last; what is unsettled after it is settled
 * within the time.
 *
 *     core_store FOLDER SET STORE BATCH [FRAMES [PRELOAD]]
 *
 * STORE: an empty folder that exists. BATCH: reports. The first PRELOAD frames are put into the
 * store before the clock starts, FRAMES after them are timed. Prints one line of JSON.
 */
#include "aggregator/driver/driver.h"
#include "aggregator/plan/loader.h"
#include "aggregator/daemon/lane.h"
#include "aggregator/daemon/memory.h"
#include "aggregator/store/room.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"
#include "tests/bench/workload.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { PRELOAD_BATCH = 4096 }; /* reports */

static const struct th_reading stamp = {{BENCH_CLOCK_MS}, 1000};
static struct th_store_port real;
static int64_t *commits; /* how long each took */
static size_t commits_count;
static uint64_t answers, answers_bytes;
static int results_worst;

static int commit(void *context, const struct th_store_logged *entries, size_t count)
{
    int64_t began = bench_now_ns();
    int status = real.commit(context, entries, count);
    commits[commits_count++] = bench_now_ns() - began;
    return status;
}

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    (void)sender;
    answers++;
    answers_bytes += frame.size;
}

static void ignore_unit_frame(void *context, const char *unit_code, struct th_bytes frame)
{
    (void)context;
    (void)unit_code;
    (void)frame;
}

static void take_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)context;
    (void)sender;
    if (result->status < results_worst)
        results_worst = result->status;
}

/* ---- a store with units, the plan and every unit's key ---- */

static void create(const char *folder, struct th_note_signer *signer)
{
    static const uint8_t seed[TH_NOTE_SEED_SIZE] = {7};
    struct th_store_identity identity = {.mode = TH_MODE_REHEARSAL, .realm = BENCH_REALM};
    bench_must(th_tlog_signer_init(identity.realm, seed, signer), "the log's key");
    memcpy(identity.log_key, signer->vkey.public_key, sizeof identity.log_key);
    bench_must(th_store_create(folder, NULL, &identity), folder);
}

static void run_acts(struct th_driver *driver, const struct th_act *acts, size_t count)
{
    struct th_item *items = calloc(count, sizeof *items);
    if (items == NULL)
        bench_die("no memory");
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct th_item){.kind = TH_ITEM_ACT, .now = stamp, .act = acts[i]};
        items[i].act.operator= th_text_of("bench");
    }
    bench_must(th_driver_run(driver, items, count), "acts");
    bench_must(results_worst, "an act");
    free(items);
}

static void found(struct th_driver *driver, const char *folder,
                  const struct bench_workload *workload)
{
    char path[4096];
    struct th_arena arena;
    struct th_problems problems;
    struct th_plan_files files;
    struct th_act head[3] = {{.kind = TH_ACT_LOAD_UNITS},
                             {.kind = TH_ACT_LOAD_PLAN},
                             {.kind = TH_ACT_SET_CLOCK, .to = {BENCH_CLOCK_MS}}};
    th_arena_init(&arena, (size_t)1 << 20, (size_t)512 << 20);
    th_problems_init(&problems);
    (void)snprintf(path, sizeof path, "%s/plan.yaml", folder);
    bench_must(th_plan_load(path, NULL, 0, &arena, &problems, &files), path);
    bench_must(th_wire_units_encode(files.units.units, files.units.count, &arena, &head[0].content),
               "units");
    bench_must(th_wire_plan_encode(&files.plan, &arena, &head[1].content), "the plan");
    bench_must(th_driver_found(driver, stamp, th_text_of("bench")), "founding");
    run_acts(driver, head, 3);
    struct th_act *acts = th_arena_alloc_array(&arena, workload->units_count, sizeof *acts);
    if (acts == NULL)
        bench_die("no memory");
    for (uint32_t i = 0; i < workload->units_count; i++) {
        const struct bench_unit *unit = &workload->units[i];
        acts[i] = (struct th_act){.kind = TH_ACT_ENROL,
                                  .unit = th_text_of(unit->code),
                                  .content = {(const uint8_t *)"proof", 5}};
        memcpy(acts[i].sign_key.bytes, unit->sign_public, sizeof acts[i].sign_key.bytes);
        memcpy(acts[i].curve_key, unit->curve_public, sizeof acts[i].curve_key);
    }
    run_acts(driver, acts, workload->units_count);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

/* ---- the run ---- */

/* What the idle daemon does (th_driver_warm(), aggregator/store/room.h, daemon/memory.h). */
static void make_room(struct th_store *store, struct th_driver *driver)
{
    struct th_room *room;
    struct th_memory memory = {NULL, 0};
    for (bool more = true; more;)
        bench_must(th_driver_warm(driver, &more), "warming");
    th_store_keep_room(store, th_room_bytes());
    bench_must(th_room_new(store, &room), "room for a burst");
    while (th_room_step(room))
        ;
    th_room_free(room);
    const uint64_t lacking = th_memory_is_common() ? th_core_lacking(th_driver_core(driver)) : 0;
    while (th_memory_make_ready(&memory, th_memory_of(lacking)))
        ;
}

static struct th_item *decode(const struct bench_workload *workload, struct th_arena *arena)
{
    struct th_item *items = calloc(workload->frames_count, sizeof *items);
    if (items == NULL)
        bench_die("no memory");
    for (size_t i = 0; i < workload->frames_count; i++) {
        struct th_bytes raw = bench_workload_frame(workload, i);
        struct th_submission *submission = th_arena_alloc(arena, sizeof *submission);
        if (submission == NULL)
            bench_die("no memory for decoded reports");
        bench_must(th_wire_submission_decode_trusted(raw, arena, submission), "decoding");
        th_tlog_sha256(&(struct th_tlog_part){raw.bytes, raw.size}, 1, &submission->raw_digest);
        submission->has_raw_digest = true; /* as who verifies it gives it */
        items[i] = (struct th_item){.kind = TH_ITEM_SUBMISSION,
                                    .now = stamp,
                                    .sender = i,
                                    .request = i + 1,
                                    .peer_unit =
                                        th_text_of(workload->units[workload->frames[i].unit].code),
                                    .submission = {.submission = submission, .raw = raw}};
    }
    return items;
}

/* The frames from `from`, up to `to`. */
static void run(struct th_driver *driver, const struct bench_workload *workload,
                const struct th_item *items, size_t from, size_t to, size_t batch)
{
    size_t count = 0, reports = 0;
    for (size_t at = from; at < to; at += count) {
        for (count = reports = 0; at + count < to && reports < batch; count++)
            reports += workload->frames[at + count].reports;
        th_driver_press(driver, at + count < to); /* reports wait */
        bench_must(th_driver_feed(driver, items + at, count), "a batch");
    }
    for (bool more = true; more;)
        bench_must(th_driver_settle(driver, stamp, &more), "settling the rest");
    bench_must(th_driver_finish(driver), "the last commit");
}

struct usage {
    int64_t ns, cpu_ns;
    uint64_t written, pages;
    int64_t writer_us, touched; /* of this thread: its processor time, pages touched anew */
    struct th_driver_counters counters;
};

static int64_t us_of(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static struct usage usage_of(const struct th_driver *driver)
{
    struct rusage own;
    if (getrusage(RUSAGE_THREAD, &own) != 0)
        bench_die("getrusage");
    return (struct usage){.ns = bench_now_ns(),
                          .cpu_ns = bench_cpu_ns(),
                          .written = bench_written(),
                          .pages = bench_written_pages(),
                          .writer_us = us_of(own.ru_utime) + us_of(own.ru_stime),
                          .touched = own.ru_minflt,
                          .counters = *th_driver_counters(driver)};
}

static uint64_t wrong(const struct th_driver_counters *counters)
{
    return counters->conflicts + counters->rejected + counters->refused;
}

static void report(const struct bench_workload *workload, size_t from, const struct usage *before,
                   const struct usage *after)
{
    size_t reports = 0, bytes = 0;
    for (size_t i = from; i < workload->frames_count; i++) {
        reports += workload->frames[i].reports;
        bytes += workload->frames[i].size;
    }
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, "
           "\"writer_cpu_seconds\": %.6f, \"writer_touched\": %lld, \"bytes\": %zu, "
           "\"written\": %llu, \"written_pages\": %llu, \"accepted\": %llu, "
           "\"duplicates\": %llu, \"wrong\": %llu, \"answers\": %llu, \"commits\": %zu, "
           "\"commit_p50_ms\": %.3f, \"commit_p99_ms\": %.3f, \"commit_max_ms\": %.3f}\n",
           reports, (double)(after->ns - before->ns) / 1e9,
           (double)(after->cpu_ns - before->cpu_ns) / 1e9,
           (double)(after->writer_us - before->writer_us) / 1e6,
           (long long)(after->touched - before->touched), bytes,
           (unsigned long long)(after->written - before->written),
           (unsigned long long)(after->pages - before->pages),
           (unsigned long long)(after->counters.accepted - before->counters.accepted),
           (unsigned long long)(after->counters.duplicates - before->counters.duplicates),
           (unsigned long long)wrong(&after->counters), (unsigned long long)answers, commits_count,
           (double)bench_percentile(commits, commits_count, 50000) / 1e6,
           (double)bench_percentile(commits, commits_count, 99000) / 1e6,
           (double)bench_percentile(commits, commits_count, 100000) / 1e6);
}

int main(int argc, char **argv)
{
    struct bench_workload workload;
    struct th_note_signer signer;
    struct th_store *store = NULL;
    struct th_driver *driver = NULL;
    struct th_lane *lane = NULL;
    struct th_arena arena;
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    size_t batch = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    size_t frames = argc > 5 ? strtoull(argv[5], NULL, 10) : 0;
    size_t preload = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
    if (batch == 0 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: core_store FOLDER SET STORE BATCH [FRAMES [PRELOAD]]\n");
        return 64;
    }
    th_memory_set_up(th_memory_is_common());
    bench_workload_open(argv[1], argv[2], frames == 0 ? 0 : frames + preload, &workload);
    if (preload >= workload.frames_count)
        bench_die("nothing is left to be timed");
    commits = calloc(workload.frames_count + 16, sizeof *commits);
    create(argv[3], &signer);
    if (commits == NULL || th_store_open(argv[3], TH_STORE_WRITE, NULL, problem, &store) < 0)
        bench_die("%s: %s", argv[3], problem);
    bench_must(th_store_port_open(store, &real), "a view");
    struct th_driver_ports ports = {
        .store = real,
        .transport = {NULL, take_frame, ignore_unit_frame, take_result},
        .publisher = th_publisher_none,
        .admission = th_admission_none,
    };
    bench_must(th_lane_new(NULL, NULL, &lane), "a lane");
    ports.lane = th_lane_port(lane);
    ports.store.commit = commit;
    const struct th_driver_options options = {0};
    bench_must(th_driver_new(&ports, &signer, &options, &driver), "the driver");
    bench_must(th_driver_load(driver), "loading");
    found(driver, argv[1], &workload);
    th_arena_init(&arena, (size_t)4 << 20, (size_t)8 << 30);
    struct th_item *items = decode(&workload, &arena);
    run(driver, &workload, items, 0, preload, PRELOAD_BATCH);
    make_room(store, driver);
    commits_count = 0;
    answers = 0;
    struct usage before = usage_of(driver);
    run(driver, &workload, items, preload, workload.frames_count, batch);
    struct usage after = usage_of(driver);
    report(&workload, preload, &before, &after);
    th_driver_free(driver);
    th_lane_free(lane);
    th_store_port_close(&real);
    th_store_close(store);
    th_tlog_signer_deinit(&signer);
    th_arena_deinit(&arena);
    free(items);
    free(commits);
    return 0;
}
