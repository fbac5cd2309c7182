/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/lane_case.h"

#include "proto/wire/journal.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lane_case lane_case;

static const struct th_store_options options = {.map_bytes = (size_t)64 << 20};
static const struct th_text tester = {"tester", 6};

static void tell(char what)
{
    cr_assert_lt(lane_case.told + 1, sizeof lane_case.story);
    lane_case.story[lane_case.told++] = what;
    lane_case.story[lane_case.told] = '\0';
}

/* ---- what leaves ---- */

static void note(char what, const char *name, size_t name_size, struct th_bytes bytes)
{
    (void)fprintf(lane_case.left_file, "%c %.*s %zu ", what, (int)name_size, name, bytes.size);
    if (bytes.size > 0)
        (void)fwrite(bytes.bytes, 1, bytes.size, lane_case.left_file);
    (void)fputc('\n', lane_case.left_file);
    cr_assert_eq(fflush(lane_case.left_file), 0);
}

static void note_number(char what, uint64_t number, struct th_bytes bytes)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    note(what, text, (size_t)size, bytes);
}

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    tell('S');
    note_number('S', sender, frame);
    uint8_t *copy = th_arena_alloc(&lane_case.arena, frame.size);
    cr_assert_not_null(copy);
    memcpy(copy, frame.bytes, frame.size);
    cr_assert_lt(lane_case.answers_count, LANE_ANSWERS_MAX);
    struct th_to_node *answer = &lane_case.answers[lane_case.answers_count];
    lane_case.answered[lane_case.answers_count++] = sender;
    cr_assert_eq(
        th_wire_to_node_decode((struct th_bytes){copy, frame.size}, &lane_case.arena, answer), 0);
}

static void take_for_unit(void *context, const char *unit_code, struct th_bytes frame)
{
    (void)context;
    tell('U');
    note('U', unit_code, strlen(unit_code), frame);
}

static void take_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)context;
    tell('D');
    lane_case.result = result->status;
    note_number('D', sender, result->outcome);
    note_number('P', result->has_position ? result->position : UINT64_MAX,
                (struct th_bytes){(const uint8_t *)&result->status, sizeof result->status});
}

static void take_key(void *context, const char *unit_code, const struct th_key_row *key)
{
    (void)context;
    tell('K');
    note('K', unit_code, strlen(unit_code),
         (struct th_bytes){key->sign_key.bytes, sizeof key->sign_key.bytes});
}

static void take_publication(void *context, struct th_text topic, struct th_bytes body)
{
    (void)context;
    tell('T');
    note('T', topic.bytes, topic.size, body);
}

static void take_note(void *context, struct th_text topic)
{
    (void)context;
    note('N', topic.bytes, topic.size, (struct th_bytes){NULL, 0});
}

static void take_reach(void *context, uint64_t size, th_instant time)
{
    (void)context;
    note_number('E', size, (struct th_bytes){(const uint8_t *)&time.ms, sizeof time.ms});
}

/* ---- the lane and the store ---- */

static void start(void *context, void (*work)(void *argument), void *argument)
{
    const struct th_lane_port late = late_lane_port(context);
    tell('L');
    late.start(late.context, work, argument);
}

static void wait_for(void *context)
{
    const struct th_lane_port late = late_lane_port(context);
    tell('W');
    late.wait(late.context);
}

/* While a batch is made the lane does its work, or has not come to it yet. */
static void meanwhile(void)
{
    if (lane_case.early != NULL && random_below(lane_case.early, 12) == 0)
        late_lane_do(&lane_case.lane);
}

/* So it may end while the next batch is being composed. */
static bool is_busy(void *context)
{
    const struct th_lane_port late = late_lane_port(context);
    meanwhile();
    return late.is_busy(late.context);
}

static struct th_lane_port lane_port(void)
{
    struct th_lane_port port = late_lane_port(&lane_case.lane);
    port.start = start;
    port.wait = wait_for;
    port.is_busy = is_busy;
    return port;
}

static int begin(void *context)
{
    meanwhile();
    if (lane_case.is_early_at_begin)
        late_lane_do(&lane_case.lane);
    tell(lane_case.full > 0 ? 'F' : 'B');
    if (lane_case.full == 0)
        return lane_case.real.begin(context);
    lane_case.full--;
    return TH_E_STORAGE;
}

static void abort_batch(void *context)
{
    tell('X');
    lane_case.real.abort(context);
}

static int seal(void *context, const struct th_note_signer *signer)
{
    tell('Z');
    return lane_case.real.seal(context, signer);
}

static int commit(void *context, const struct th_store_logged *entries, size_t count)
{
    tell('C');
    return lane_case.real.commit(context, entries, count);
}

static uint64_t promise(void *context)
{
    meanwhile();
    tell('A');
    return lane_case.real.promise(context);
}

static int put(void *context, const struct th_effect *effect)
{
    meanwhile();
    return lane_case.real.put(context, effect);
}

static int rows(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    tell('R');
    return lane_case.real.rows(context, book, fn, fn_context);
}

static void open_driver(void)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    cr_assert_eq(
        th_store_open(lane_case.folder, TH_STORE_WRITE, &options, problem, &lane_case.store), 0,
        "%s", problem);
    cr_assert_eq(th_store_port_open(lane_case.store, &lane_case.real), 0);
    struct th_driver_ports ports = {
        .store = lane_case.real,
        .transport = {NULL, take_frame, take_for_unit, take_result},
        .publisher = {NULL, take_publication, take_note, take_reach},
        .admission = {NULL, take_key},
    };
    ports.store.begin = begin;
    ports.store.abort = abort_batch;
    ports.store.seal = seal;
    ports.store.commit = commit;
    ports.store.promise = promise;
    ports.store.put = put;
    ports.store.rows = rows;
    if (lane_case.has_lane)
        ports.lane = lane_port();
    const struct th_driver_options driver_options = {.bounds = lane_case.bounds};
    cr_assert_eq(th_driver_new(&ports, &lane_case.signer, &driver_options, &lane_case.driver), 0);
    cr_assert_eq(th_driver_load(lane_case.driver), 0);
}

static void close_driver(void)
{
    th_driver_free(lane_case.driver);
    cr_assert_null(lane_case.lane.work, "a driver ends when its lane has");
    th_store_port_close(&lane_case.real);
    th_store_close(lane_case.store);
}

/* ---- the life of it ---- */

void lane_case_init(void)
{
    static const uint8_t seed[TH_NOTE_SEED_SIZE] = {7};
    th_province_init(&lane_case.province);
    for (unsigned i = 0; i < LANE_OFFICERS; i++)
        th_officer_init(&lane_case.officers[i], th_province_commune(&lane_case.province, i));
    lane_case.identity =
        (struct th_store_identity){.mode = TH_MODE_LIVE, .realm = LANE_CASE_REALM, .store_id = {9}};
    lane_case.bounds = (struct th_driver_bounds){0};
    cr_assert_eq(th_tlog_signer_init(LANE_CASE_REALM, seed, &lane_case.signer), 0);
    memcpy(lane_case.identity.log_key, lane_case.signer.vkey.public_key,
           sizeof lane_case.identity.log_key);
}

void lane_case_deinit(void)
{
    th_tlog_signer_deinit(&lane_case.signer);
    th_province_deinit(&lane_case.province);
}

void lane_case_open(bool has_lane)
{
    lane_case.has_lane = has_lane;
    lane_case.early = NULL;
    lane_case.is_early_at_begin = false;
    lane_case.full = 0;
    lane_case.sent = 0;
    lane_case.now = (struct th_reading){{INT64_C(1746032400000)}, 1000}; /* 2025-05-01 00:00 */
    th_arena_init(&lane_case.arena, 65536, (size_t)256 << 20);
    (void)strcpy(lane_case.folder, "/tmp/tonghop-lane-XXXXXX");
    cr_assert_not_null(mkdtemp(lane_case.folder));
    lane_case.left_file = open_memstream(&lane_case.left, &lane_case.left_size);
    cr_assert_not_null(lane_case.left_file);
    cr_assert_eq(th_store_create(lane_case.folder, &options, &lane_case.identity), 0);
    open_driver();
    cr_assert_eq(th_driver_found(lane_case.driver, lane_case.now, tester), 0);
    struct th_item items[2 + LANE_OFFICERS];
    items[0] = lane_case_act(
        (struct th_act){.kind = TH_ACT_LOAD_UNITS, .content = lane_case.province.units});
    items[1] = lane_case_act(
        (struct th_act){.kind = TH_ACT_LOAD_PLAN, .content = lane_case.province.plan});
    for (unsigned i = 0; i < LANE_OFFICERS; i++)
        items[2 + i] = lane_case_act(th_officer_enrolment(&lane_case.officers[i]));
    cr_assert_eq(th_driver_run(lane_case.driver, items, 2 + LANE_OFFICERS), 0);
    cr_assert_eq(lane_case.result, 0);
    lane_case_forget();
}

void lane_case_close(void)
{
    close_driver();
    (void)fclose(lane_case.left_file);
    free(lane_case.left);
    th_arena_deinit(&lane_case.arena);
    th_test_folder_remove(lane_case.folder);
}

void lane_case_restart(void)
{
    close_driver();
    open_driver();
}

void lane_case_forget(void)
{
    lane_case.told = 0;
    lane_case.story[0] = '\0';
    lane_case.answers_count = 0;
}

/* ---- items ---- */

static struct th_item item_of(enum th_item_kind kind)
{
    uint64_t number = lane_case.sent++;
    return (struct th_item){
        .kind = kind, .now = lane_case.now, .sender = number, .request = number + 100};
}

struct th_item lane_case_report(unsigned officer, struct th_paper paper)
{
    paper.realm = paper.realm == NULL ? LANE_CASE_REALM : paper.realm;
    paper.is_live = true;
    struct th_bytes raw =
        th_officer_write(&lane_case.province, &lane_case.officers[officer], paper);
    struct th_submission *submission = th_arena_alloc(&lane_case.arena, sizeof *submission);
    cr_assert_not_null(submission);
    cr_assert_eq(th_wire_submission_decode(raw, &lane_case.arena, submission), 0);
    struct th_item item = item_of(TH_ITEM_SUBMISSION);
    item.peer_unit = (struct th_text){lane_case.officers[officer].unit,
                                      strlen(lane_case.officers[officer].unit)};
    item.submission.submission = submission;
    item.submission.raw = raw;
    return item;
}

struct th_item lane_case_hello(unsigned officer)
{
    struct th_item item = item_of(TH_ITEM_HELLO);
    item.peer_unit = (struct th_text){lane_case.officers[officer].unit,
                                      strlen(lane_case.officers[officer].unit)};
    item.hello = (struct th_hello){
        .unit = item.peer_unit, .known = &lane_case.province.plan_digest, .known_count = 1};
    return item;
}

struct th_item lane_case_act(struct th_act act)
{
    struct th_item item = item_of(TH_ITEM_ACT);
    item.act = act;
    item.act.operator= tester;
    return item;
}

struct th_item lane_case_tick(void)
{
    return item_of(TH_ITEM_TICK);
}

struct th_act lane_case_entering(unsigned officer, int64_t figure, uint32_t revision)
{
    struct th_province *province = &lane_case.province;
    const char *unit = lane_case.officers[officer].unit;
    const struct th_report report = {
        .plan = {province->files.plan.id, strlen(province->files.plan.id)},
        .obligation = {province->half_year->id, strlen(province->half_year->id)},
        .unit = {unit, strlen(unit)},
        .revision = revision,
        .values = {&province->asked, &figure, 1}};
    struct th_entering entering = {
        .operator= tester, .reference = {"12/BC", 5}, .plan_digest = province->plan_digest};
    struct th_act act = {.kind = TH_ACT_ENTER};
    cr_assert_eq(th_wire_report_encode(&report, &lane_case.arena, &entering.report), 0);
    cr_assert_eq(th_wire_entering_encode(&entering, &lane_case.arena, &act.content), 0);
    return act;
}

int lane_case_feed(struct th_item item)
{
    struct th_item *kept = th_arena_alloc(&lane_case.arena, sizeof *kept);
    cr_assert_not_null(kept);
    *kept = item;
    return th_driver_feed(lane_case.driver, kept, 1);
}

const struct th_to_node *lane_case_answer(uint64_t item)
{
    for (size_t i = lane_case.answers_count; i > 0; i--)
        if (lane_case.answered[i - 1] == item)
            return &lane_case.answers[i - 1];
    return NULL;
}

size_t lane_case_closings(void)
{
    static const char line[] = "\nT notice/closing/";
    size_t count = 0;
    for (size_t i = 0; i + sizeof line <= lane_case.left_size; i++)
        count += memcmp(lane_case.left + i, line, sizeof line - 1) == 0;
    return count;
}
