/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver with a lane under the thread sanitizer: a plain program, because Criterion does not
 * start under it. Reports go through a real driver into a real store, while another thread reads
 * the store. Exits 0 when each report was accepted and told once.
 */
#include "aggregator/driver/driver.h"
#include "aggregator/daemon/lane.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"
#include "proto/wire/submission.h"
#include "tests/support/small_plan.h"

#include <dirent.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REALM "tonghop/64"

enum { COMMUNES = 50, REVISIONS = 60, BATCH = 23, MAP_BYTES = 256 << 20 };

static const struct th_text tester = {"tester", 6};
static const struct th_store_options options = {.map_bytes = MAP_BYTES};
static const struct th_book_id book = {0, 0}; /* O-1 */

static char folder[64];
static struct th_store *store;
static struct th_driver *driver;
static struct th_arena arena;
static struct th_reading now = {{INT64_C(1741000000000)}, 1000};
static struct th_digest plan_digest;
static char codes[COMMUNES][8];
static struct th_sign_key keys[COMMUNES];
static atomic_bool is_over;

/* On the lane; looked at when it has been waited for. */
static uint64_t answers, notes, reached;

static void must(int status, const char *what)
{
    if (status >= 0)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, th_status_text(status));
    exit(1);
}

static void *must_have(void *memory)
{
    must(memory == NULL ? TH_E_NO_MEMORY : 0, "memory");
    return memory;
}

/* ---- what leaves ---- */

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context, (void)sender, (void)frame;
    answers++;
}

static void take_publication(void *context, struct th_text topic, struct th_bytes body)
{
    (void)context, (void)topic, (void)body;
}

static void take_note(void *context, struct th_text topic)
{
    (void)context, (void)topic;
    notes++;
}

static void take_reach(void *context, uint64_t size, th_instant time)
{
    (void)context, (void)time;
    reached = size;
}

/* ---- a province ---- */

static void run_act(struct th_act act)
{
    act.operator= tester;
    const struct th_item item = {.kind = TH_ITEM_ACT, .now = now, .act = act};
    must(th_driver_run(driver, &item, 1), "an act");
}

static struct th_bytes encode_units(void)
{
    struct th_unit *units = must_have(th_arena_alloc_array(&arena, COMMUNES + 1, sizeof *units));
    struct th_bytes bytes = {NULL, 0};
    units[0] = small_commune;
    units[0].code = "64";
    units[0].kind = TH_UNIT_KIND_PROVINCE;
    for (unsigned i = 0; i < COMMUNES; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "%05u", 23000 + i);
        units[1 + i] = small_commune;
        units[1 + i].code = codes[i];
        units[1 + i].parent_code = "64";
    }
    must(th_wire_units_encode(units, COMMUNES + 1, &arena, &bytes), "units");
    return bytes;
}

static void make_province(void)
{
    struct th_bytes plan;
    struct th_obligation asked[] = {small_plan.obligations[0], small_plan.obligations[1]};
    struct th_plan made = small_plan;
    asked[1].quoted = asked[0].quoted;
    made.obligations = asked;
    made.obligations_count = 2;
    must(th_wire_plan_encode(&made, &arena, &plan), "a plan");
    th_tlog_sha256(&(struct th_tlog_part){plan.bytes, plan.size}, 1, &plan_digest);
    must(th_driver_found(driver, now, tester), "the first entry");
    run_act((struct th_act){.kind = TH_ACT_LOAD_UNITS, .content = encode_units()});
    run_act((struct th_act){.kind = TH_ACT_LOAD_PLAN, .content = plan});
    for (unsigned i = 0; i < COMMUNES; i++) {
        struct th_act act = {.kind = TH_ACT_ENROL,
                             .unit = th_text_of(codes[i]),
                             .content = {(const uint8_t *)"proof", 5}};
        randombytes_buf(keys[i].bytes, sizeof keys[i].bytes);
        randombytes_buf(act.curve_key, sizeof act.curve_key);
        act.sign_key = keys[i];
        run_act(act);
    }
}

/* Signatures are for who verifies, before the driver. */
static struct th_item report(unsigned commune, uint32_t revision)
{
    static const uint8_t unsigned_yet[TH_SIGNATURE_SIZE];
    const uint16_t number = SMALL_TCD01;
    const int64_t figure = commune * 100 + revision;
    const bool is_first = commune % 5 < 4; /* the other's book opens later */
    const struct th_report content = {.plan = th_text_of(small_plan.id),
                                      .obligation = th_text_of(is_first ? "O-1" : "O-2"),
                                      .unit = th_text_of(codes[commune]),
                                      .number = is_first ? 0 : 1,
                                      .revision = revision,
                                      .values = {&number, &figure, 1}};
    struct th_bytes bytes, head, raw;
    struct th_digest digest;
    must(th_wire_report_encode(&content, &arena, &bytes), "a report");
    th_tlog_sha256(&(struct th_tlog_part){bytes.bytes, bytes.size}, 1, &digest);
    const struct th_submission_header header = {.mode = TH_MODE_LIVE,
                                                .realm = th_text_of(REALM),
                                                .unit = content.unit,
                                                .plan_digest = plan_digest,
                                                .prepared = now.wall,
                                                .key = keys[commune],
                                                .report_digests = &digest,
                                                .reports_count = 1};
    struct th_submission *submission = must_have(th_arena_alloc(&arena, sizeof *submission));
    must(th_wire_header_encode(&header, &arena, &head), "a header");
    must(th_wire_submission_encode(head, unsigned_yet, &bytes, 1, &arena, &raw), "a submission");
    must(th_wire_submission_decode_trusted(raw, &arena, submission), "a submission");
    return (struct th_item){.kind = TH_ITEM_SUBMISSION,
                            .now = now,
                            .peer_unit = submission->header.unit,
                            .submission = {.submission = submission, .raw = raw}};
}

/* ---- who reads meanwhile ---- */

static int count_row(void *context, const struct th_row *row)
{
    *(uint64_t *)context += row->revision;
    return 0;
}

/* What a view shows never becomes less. */
static void *read_on(void *context)
{
    struct th_view *view;
    struct th_arena own;
    uint64_t *looks = context, size = 0, revisions = 0;
    th_arena_init(&own, 65536, (size_t)64 << 20);
    must(th_view_open(store, &view), "a view");
    while (!atomic_load(&is_over)) {
        uint64_t seen = 0;
        struct th_bytes receipt;
        must(th_view_renew(view), "the last commit");
        must(th_view_rows(view, book, count_row, &seen), "rows");
        if (th_view_size(view) < size || seen < revisions)
            must(TH_E_CORRUPT, "what was there");
        size = th_view_size(view);
        revisions = seen;
        must(th_view_receipt(view, ++*looks * 7919 % size, &own, &receipt), "a receipt");
        th_arena_reset(&own);
    }
    th_view_close(view);
    th_arena_deinit(&own);
    return NULL;
}

/* ---- all of it ---- */

static void open_store(struct th_note_signer *signer)
{
    uint8_t seed[TH_NOTE_SEED_SIZE];
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    struct th_store_identity identity = {.mode = TH_MODE_LIVE, .realm = REALM};
    randombytes_buf(seed, sizeof seed);
    must(th_tlog_signer_init(REALM, seed, signer), "a key");
    memcpy(identity.log_key, signer->vkey.public_key, sizeof identity.log_key);
    (void)strcpy(folder, "/tmp/tonghop-threads-XXXXXX");
    must(mkdtemp(folder) == NULL ? TH_E_IO : 0, "a folder");
    must(th_store_create(folder, &options, &identity), "a store");
    must(th_store_open(folder, TH_STORE_WRITE, &options, problem, &store), problem);
}

static void open_driver(const struct th_driver_ports *ports, const struct th_note_signer *signer)
{
    const struct th_driver_options driver_options = {
        .bounds = {.book_rows = 20, .run_rows = 400, .idle_rows = 50}};
    must(th_driver_new(ports, signer, &driver_options, &driver), "a driver");
    must(th_driver_load(driver), "loading");
}

static void remove_folder(void)
{
    char path[sizeof folder + sizeof((struct dirent *)NULL)->d_name + 1];
    DIR *files = opendir(folder);
    for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        (void)unlink(path);
    }
    if (files != NULL)
        (void)closedir(files);
    (void)rmdir(folder);
}

/* Batches of all kinds of lengths, with pauses in which something settles. */
static void feed_all(struct th_item *items, size_t count)
{
    bool more;
    size_t batches = 0;
    for (size_t at = 0; at < count; batches++) {
        size_t taken = 1 + batches * 7 % BATCH;
        taken = taken < count - at ? taken : count - at;
        th_driver_press(driver, batches % 8 > 2);
        must(th_driver_feed(driver, items + at, taken), "a batch");
        if (th_driver_counters(driver)->accepted > at) /* those of the batches before */
            must(TH_E_INVALID, "a batch that is under way was counted");
        at += taken;
        if (batches % 5 == 0)
            must(th_driver_settle(driver, now, &more), "settling");
    }
    for (more = true; more;)
        must(th_driver_settle(driver, now, &more), "settling the rest");
    must(th_driver_finish(driver), "the last commit");
}

int main(void)
{
    enum { REPORTS = COMMUNES * REVISIONS };
    struct th_note_signer signer;
    struct th_store_port port;
    struct th_lane *lane;
    pthread_t reader;
    uint64_t looks = 0;
    must(sodium_init() < 0 ? TH_E_IO : 0, "sodium");
    th_arena_init(&arena, 1 << 20, (size_t)512 << 20);
    open_store(&signer);
    must(th_store_port_open(store, &port), "the store's port");
    must(th_lane_new(NULL, NULL, &lane), "a lane");
    struct th_driver_ports ports = {.store = port,
                                    .transport = th_transport_none,
                                    .publisher = {NULL, take_publication, take_note, take_reach},
                                    .admission = th_admission_none,
                                    .lane = th_lane_port(lane)};
    ports.transport.send = take_frame;
    open_driver(&ports, &signer);
    make_province();
    th_driver_free(driver); /* the next one has no book open */
    open_driver(&ports, &signer);
    struct th_item *items = must_have(th_arena_alloc_array(&arena, REPORTS, sizeof *items));
    for (uint32_t i = 0; i < REPORTS; i++)
        items[i] = report(i % COMMUNES, 1 + i / COMMUNES);
    notes = 0;
    must(pthread_create(&reader, NULL, read_on, &looks) == 0 ? 0 : TH_E_NO_MEMORY, "a thread");
    feed_all(items, REPORTS);
    atomic_store(&is_over, true);
    (void)pthread_join(reader, NULL);
    uint64_t accepted = th_driver_counters(driver)->accepted;
    bool is_right = accepted == REPORTS && answers == REPORTS && notes == REPORTS && looks > 0 &&
                    reached == th_store_next_position(store);
    (void)printf("%llu accepted, %llu answers, %llu notes, %llu looks\n",
                 (unsigned long long)accepted, (unsigned long long)answers,
                 (unsigned long long)notes, (unsigned long long)looks);
    th_driver_free(driver);
    th_lane_free(lane);
    th_store_port_close(&port);
    th_store_close(store);
    th_tlog_signer_deinit(&signer);
    th_arena_deinit(&arena);
    remove_folder();
    return is_right ? 0 : 1;
}
