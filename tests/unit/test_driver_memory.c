/* SPDX-License-Identifier: Apache-2.0 */
/* What the memory of a batch is enough for, and what happens when it is not. */
#include "aggregator/driver/driver.h"
#include "tests/support/audit_case.h"
#include "tests/support/province.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>
#include <sysexits.h>

#define HOUR_MS INT64_C(3600000)
#define REALM   "tonghop/64"

enum { OFFICERS = 200, ROWS = 2 * OFFICERS };

static struct th_province province;
static struct th_officer officers[OFFICERS];
static struct th_note_signer signer;
static struct th_store *store;
static struct th_store_port port;
static struct th_driver *driver;
static struct th_arena arena;
static struct th_reading now;
static char folder[TH_TEST_FOLDER_SIZE];
static int result;
static unsigned standings_noted;

static const struct th_text tester = {"tester", 6};
static const struct th_store_options options = {.map_bytes = (size_t)64 << 20};

static void take_result(void *context, uint64_t sender, const struct th_act_result *act_result)
{
    (void)context, (void)sender;
    result = act_result->status;
}

static void take_note(void *context, struct th_text topic)
{
    (void)context;
    cr_assert_geq(topic.size, 9);
    cr_assert_eq(memcmp(topic.bytes, "standing/", 9), 0);
    standings_noted++;
}

static void open_driver(size_t batch_bytes)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    cr_assert_eq(th_store_open(folder, TH_STORE_WRITE, &options, problem, &store), 0, "%s",
                 problem);
    cr_assert_eq(th_store_port_open(store, &port), 0);
    struct th_driver_ports ports = {.store = port,
                                    .transport = th_transport_none,
                                    .publisher = th_publisher_none,
                                    .admission = th_admission_none};
    ports.transport.done = take_result;
    ports.publisher.note = take_note;
    const struct th_driver_options wanted = {.batch_budget_bytes = batch_bytes};
    cr_assert_eq(th_driver_new(&ports, &signer, &wanted, &driver), 0);
    cr_assert_eq(th_driver_load(driver), 0);
}

static void close_driver(void)
{
    th_driver_free(driver);
    th_store_port_close(&port);
    th_store_close(store);
}

static void restart(size_t batch_bytes)
{
    close_driver();
    open_driver(batch_bytes);
}

static void set_up(void)
{
    struct th_store_identity identity = {.mode = TH_MODE_LIVE, .realm = REALM};
    uint8_t seed[32];
    now = (struct th_reading){{INT64_C(1746032400000)}, 1000}; /* 2025-05-01 00:00 */
    th_province_init(&province);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_test_folder_make(folder);
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(identity.store_id, sizeof identity.store_id);
    cr_assert_eq(th_tlog_signer_init(identity.realm, seed, &signer), 0);
    memcpy(identity.log_key, signer.vkey.public_key, sizeof identity.log_key);
    cr_assert_eq(th_store_create(folder, &options, &identity), 0);
    open_driver(0);
    cr_assert_eq(th_driver_found(driver, now, tester), 0);
}

static void tear_down(void)
{
    close_driver();
    th_tlog_signer_deinit(&signer);
    th_arena_deinit(&arena);
    th_province_deinit(&province);
    th_test_folder_remove(folder);
}

TestSuite(driver_memory, .init = set_up, .fini = tear_down, .timeout = 100);

/* Its status. The driver goes on in any case. */
static int act(struct th_act what)
{
    const struct th_item item = {.kind = TH_ITEM_ACT, .now = now, .act = what};
    result = 1;
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
    cr_assert_neq(result, 1);
    return result;
}

static int load_units(void)
{
    return act(
        (struct th_act){.kind = TH_ACT_LOAD_UNITS, .operator= tester, .content = province.units});
}

/* ---- a year of reports that are judged at once ---- */

static void enrol_all(void)
{
    cr_assert_eq(load_units(), 0);
    cr_assert_eq(
        act((struct th_act){.kind = TH_ACT_LOAD_PLAN, .operator= tester, .content = province.plan}),
        0);
    for (unsigned i = 0; i < OFFICERS; i++)
        th_officer_init(&officers[i], th_province_commune(&province, i));
    static struct th_item items[OFFICERS];
    for (unsigned i = 0; i < OFFICERS; i++)
        items[i] = (struct th_item){
            .kind = TH_ITEM_ACT, .now = now, .act = th_officer_enrolment(&officers[i])};
    cr_assert_eq(th_driver_run(driver, items, OFFICERS), 0);
    cr_assert_eq(result, 0);
}

/* Two reports of each. */
static void report_all(void)
{
    static struct th_submission submissions[OFFICERS];
    static struct th_item items[OFFICERS];
    for (unsigned i = 0; i < OFFICERS; i++) {
        const struct th_paper paper = {
            .with_year = true, .figure = i, .realm = REALM, .is_live = true};
        struct th_bytes raw = th_officer_write(&province, &officers[i], paper);
        cr_assert_eq(th_wire_submission_decode(raw, &arena, &submissions[i]), 0);
        items[i] = (struct th_item){.kind = TH_ITEM_SUBMISSION,
                                    .now = now,
                                    .peer_unit = submissions[i].header.unit,
                                    .submission = {.submission = &submissions[i], .raw = raw}};
    }
    cr_assert_eq(th_driver_run(driver, items, OFFICERS), 0);
    cr_assert_eq(th_driver_counters(driver)->accepted, ROWS);
}

static int count_row(void *context, const struct th_row *row)
{
    ((unsigned *)context)[row->timeliness]++;
    return 0;
}

/* Rows in the tables that are judged so. */
static unsigned rows_judged(enum th_timeliness timeliness)
{
    unsigned counts[8] = {0};
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint16_t i = 0; i < province.files.plan.obligations_count; i++)
        cr_assert_eq(th_view_rows(view, (struct th_book_id){0, i}, count_row, counts), 0);
    th_view_close(view);
    return counts[timeliness];
}

static void check_judged(uint64_t size_before)
{
    cr_assert_eq(th_core_clock_status(th_driver_core(driver)), TH_CLOCK_STEADY);
    cr_assert_eq(port.next_position(port.context), size_before + 1);
    cr_assert_eq(rows_judged(TH_TIMELINESS_ON_TIME), ROWS);
    cr_assert_eq(rows_judged(TH_TIMELINESS_UNDECIDED), 0);
    cr_assert_eq(standings_noted, ROWS);
    /* A replay of the journal makes the same tables, rollups too. */
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", folder), EX_OK, "%s", audit_out);
}

#define FEW_BYTES ((size_t)128 << 10) /* a row has 320 of it: an effect alone is 288 */

static uint64_t wait_undecided(void)
{
    enrol_all();
    now.wall.ms += HOUR_MS;
    report_all();
    cr_assert_eq(rows_judged(TH_TIMELINESS_UNDECIDED), ROWS);
    restart(FEW_BYTES);
    standings_noted = 0;
    return port.next_position(port.context);
}

Test(driver_memory, an_accepted_clock_judges_more_rows_than_a_batch_has_memory_for)
{
    const uint64_t size = wait_undecided();
    const struct th_act accept = {.kind = TH_ACT_ACCEPT_CLOCK, .operator= tester };
    cr_assert_eq(act(accept), 0);
    check_judged(size);
}

/* Here nobody could be told to come again. */
Test(driver_memory, a_clock_that_is_right_again_judges_as_many)
{
    const uint64_t size = wait_undecided();
    now.wall.ms -= HOUR_MS;
    for (int i = 0; i < 2; i++) { /* the first reading of a process is an anchor */
        const struct th_item tick = {.kind = TH_ITEM_TICK, .now = now};
        cr_assert_eq(th_driver_run(driver, &tick, 1), 0);
    }
    check_judged(size);
}

/* ---- obligations that close at once ---- */

#define DAY_MS (24 * HOUR_MS)

static int count_closed(void *context, struct th_book_id book, const struct th_mark *mark)
{
    (void)book;
    *(unsigned *)context += mark->closed;
    return 0;
}

static unsigned closed(void)
{
    unsigned count = 0;
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_marks(view, count_closed, &count), 0);
    th_view_close(view);
    return count;
}

/* The least memory of a batch with which the driver closes what falls due within the days. */
static size_t least_memory(int64_t days)
{
    cr_assert_eq(load_units(), 0);
    cr_assert_eq(
        act((struct th_act){.kind = TH_ACT_LOAD_PLAN, .operator= tester, .content = province.plan}),
        0);
    now.wall.ms += days * DAY_MS;
    const struct th_item tick = {.kind = TH_ITEM_TICK, .now = now};
    for (size_t bytes = (size_t)96 << 10;; bytes += 4096) {
        restart(bytes);
        const int status = th_driver_run(driver, &tick, 1);
        if (status == 0)
            return bytes;
        cr_assert_eq(status, TH_E_NO_MEMORY);
        cr_assert_eq(closed(), 0);
    }
}

Test(driver_memory, many_obligations_close_at_once_in_the_memory_of_one)
{
    const size_t one = least_memory(30);
    cr_assert_eq(closed(), 1);
    tear_down();
    set_up();
    const size_t two = least_memory(200);
    cr_assert_eq(closed(), 2);
    cr_assert_lt(two, one + one / 8, "%zu of %zu", two, one);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", folder), EX_OK, "%s", audit_out);
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify", folder), EX_OK, "%s", audit_out);
}

/* ---- and while the clock was suspect, with rows as they were ---- */

static void wait_with_later_reports(void)
{
    enrol_all();
    now.wall.ms += HOUR_MS; /* in doubt from here on */
    now.wall.ms += 200 * DAY_MS;
    now.boottime_ms += 200 * DAY_MS;
    report_all();
    cr_assert_eq(th_core_clock_status(th_driver_core(driver)), TH_CLOCK_SUSPECT);
    cr_assert_eq(closed(), 0);
}

static void check_closed_before_the_reports(void)
{
    cr_assert_eq(closed(), 2);
    cr_assert_eq(rows_judged(TH_TIMELINESS_LATE), ROWS);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", folder), EX_OK, "%s", audit_out);
}

/* Rows as they were are read from the last commit: each closing but the first ends a batch. */
Test(driver_memory, a_tick_closes_all_that_waited)
{
    wait_with_later_reports();
    now.wall.ms -= HOUR_MS;
    const struct th_item tick = {.kind = TH_ITEM_TICK, .now = now};
    const uint64_t commits = th_driver_counters(driver)->commits;
    cr_assert_eq(th_driver_run(driver, &tick, 1), 0);
    cr_assert_geq(th_driver_counters(driver)->commits, commits + 2);
    check_closed_before_the_reports();
}

static int accept_clock(void)
{
    return act((struct th_act){.kind = TH_ACT_ACCEPT_CLOCK, .operator= tester });
}

/* Who asked may look at them with the answer. */
Test(driver_memory, an_accepted_clock_closes_all_that_waited)
{
    wait_with_later_reports();
    cr_assert_eq(accept_clock(), 0);
    check_closed_before_the_reports();
}

/* With room for one closing at a time the act comes first; what is due is said to be due. */
Test(driver_memory, an_accepted_clock_without_room_for_what_waited_is_accepted)
{
    wait_with_later_reports();
    int status = TH_E_NO_MEMORY;
    for (size_t bytes = (size_t)96 << 10; status == TH_E_NO_MEMORY; bytes += 4096) {
        restart(bytes);
        status = accept_clock();
    }
    cr_assert_eq(status, 0);
    cr_assert_eq(closed(), 0);
    const struct th_item tick = {.kind = TH_ITEM_TICK, .now = now};
    th_instant due;
    cr_assert(th_driver_next_due(driver, &due));
    cr_assert_lt(due.ms, now.wall.ms);
    restart(0);
    cr_assert_eq(th_driver_run(driver, &tick, 1), 0);
    check_closed_before_the_reports();
}

/* ---- an act that is too large ---- */

Test(driver_memory, an_act_without_memory_is_refused_and_the_next_one_heard)
{
    unsigned refused = 0;
    int status = TH_E_NO_MEMORY;
    for (size_t bytes = (size_t)16 << 10; status == TH_E_NO_MEMORY; bytes += 4096) {
        restart(bytes);
        status = load_units();
        cr_assert_eq(th_core_units_count(th_driver_core(driver)) > 0, status == 0);
        cr_assert_eq(port.next_position(port.context), status == 0 ? 2 : 1);
        refused += status == TH_E_NO_MEMORY;
    }
    cr_assert_eq(status, 0);
    cr_assert_gt(refused, 8);
}
