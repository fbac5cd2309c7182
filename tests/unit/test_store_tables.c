/* SPDX-License-Identifier: Apache-2.0 */
/* The tables beside the log, through a store: what is put comes back, in order, and scans stop. */
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static struct store_fixture fixture;
static struct th_store *store;
static struct th_view *view;
static struct th_arena arena;

static void setup(void)
{
    store_fixture_init(&fixture, (size_t)16 << 20);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    th_arena_init(&arena, 4096, 1 << 20);
    cr_assert_eq(th_store_begin(store), 0);
}

static void teardown(void)
{
    th_view_close(view);
    th_store_close(store);
    th_arena_deinit(&arena);
    store_fixture_deinit(&fixture);
}

TestSuite(store_tables, .init = setup, .fini = teardown);

static void commit(void)
{
    cr_assert_eq(th_store_commit(store, NULL), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
}

#define BOOK ((struct th_book_id){1, 7})
#define STOP 77

struct seen {
    size_t count;
    size_t stop_after;
    uint64_t numbers[64];
};

static int note(struct seen *seen, uint64_t number)
{
    seen->numbers[seen->count++] = number;
    return seen->count == seen->stop_after ? STOP : 0;
}

/* ---- reports ---- */

static struct th_row row_of(uint32_t unit, uint32_t number)
{
    return (struct th_row){.unit = unit,
                           .number = number,
                           .revision = 1,
                           .position = unit,
                           .received = {1000 + unit},
                           .entered = unit % 3 == 0,
                           .timeliness = TH_TIMELINESS_ON_TIME,
                           .values = (const uint8_t *)"values",
                           .values_size = 6};
}

static void put_row(struct th_book_id book, uint32_t unit, uint32_t number)
{
    struct th_row row = row_of(unit, number);
    cr_assert_eq(th_store_put_row(store, book, &row), 0);
}

static int on_row(void *context, const struct th_row *row)
{
    return note(context, row->unit * 100 + row->number);
}

Test(store_tables, rows_are_scanned_in_order_and_only_those_of_the_book)
{
    put_row(BOOK, 300, 0);
    put_row(BOOK, 2, 1);
    put_row(BOOK, 2, 0);
    put_row((struct th_book_id){1, 6}, 1, 0);
    put_row((struct th_book_id){1, 8}, 1, 0);
    put_row((struct th_book_id){2, 7}, 1, 0);
    commit();
    struct seen seen = {0};
    cr_assert_eq(th_view_rows(view, BOOK, on_row, &seen), 0);
    cr_assert_eq(seen.count, 3);
    cr_assert_eq(seen.numbers[0], 200);
    cr_assert_eq(seen.numbers[1], 201);
    cr_assert_eq(seen.numbers[2], 30000);
}

Test(store_tables, a_scan_stops_when_it_is_told_and_hands_the_answer_on)
{
    put_row(BOOK, 1, 0);
    put_row(BOOK, 2, 0);
    put_row(BOOK, 3, 0);
    commit();
    struct seen seen = {.stop_after = 2};
    cr_assert_eq(th_view_rows(view, BOOK, on_row, &seen), STOP);
    cr_assert_eq(seen.count, 2);
}

static int on_glances(void *context, const struct th_row_glance *rows, size_t count)
{
    int status = 0;
    cr_assert(count > 0 && count <= TH_ROW_GLANCES_MAX);
    for (size_t i = 0; i < count && status == 0; i++) {
        const struct th_row_glance *glance = &rows[i];
        struct th_row row;
        cr_assert_eq(th_row_glance_whole(glance, &row), 0);
        const uint32_t unit = th_row_glance_unit(glance), number = th_row_glance_number(glance);
        const struct th_bytes values = th_row_glance_values(glance);
        cr_expect(unit == row.unit && number == row.number);
        cr_expect_eq(th_row_glance_revision(glance), row.revision);
        cr_expect_eq(th_row_glance_position(glance), row.position);
        cr_expect_eq(th_row_glance_received(glance).ms, row.received.ms);
        cr_expect_eq(th_row_glance_entered(glance), row.entered);
        cr_expect(values.bytes == row.values && values.size == row.values_size);
        status = note(context, unit * 100 + number);
    }
    return status;
}

Test(store_tables, rows_of_some_units_are_scanned_and_no_others)
{
    for (uint32_t unit = 1; unit <= 9; unit += 2) {
        put_row(BOOK, unit, 0);
        put_row(BOOK, unit, 4);
        put_row((struct th_book_id){1, 8}, unit, 0);
    }
    commit();
    struct seen seen = {0};
    cr_assert_eq(th_view_rows_between(view, BOOK, 2, 7, on_glances, &seen), 0);
    static const uint64_t expected[] = {300, 304, 500, 504, 700, 704};
    cr_assert_eq(seen.count, 6);
    cr_assert_eq(memcmp(seen.numbers, expected, sizeof expected), 0);
    seen = (struct seen){0};
    cr_assert_eq(th_view_rows_between(view, BOOK, 8, UINT32_MAX, on_glances, &seen), 0);
    cr_assert_eq(seen.count, 2);
    seen = (struct seen){0};
    cr_assert_eq(th_view_rows_between(view, BOOK, 10, 12, on_glances, &seen), 0);
    cr_assert_eq(seen.count, 0);
    seen = (struct seen){.stop_after = 1};
    cr_assert_eq(th_view_rows_between(view, BOOK, 1, 3, on_glances, &seen), STOP);
}

Test(store_tables, an_empty_book_is_scanned_without_a_call)
{
    commit();
    struct seen seen = {0};
    cr_assert_eq(th_view_rows(view, BOOK, on_row, &seen), 0);
    cr_assert_eq(seen.count, 0);
}

Test(store_tables, a_row_is_replaced_by_its_next_revision)
{
    struct th_row row = row_of(4, 0);
    cr_assert_eq(th_store_put_row(store, BOOK, &row), 0);
    row.revision = 2;
    row.values_size = 0;
    cr_assert_eq(th_store_put_row(store, BOOK, &row), 0);
    commit();
    struct th_row back;
    cr_assert_eq(th_view_row(view, BOOK, 4, 0, &back), 0);
    cr_assert_eq(back.revision, 2);
    cr_assert_eq(back.values_size, 0);
    cr_assert_eq(th_view_row(view, BOOK, 4, 1, &back), TH_E_NOT_FOUND);
}

static int on_revision(void *context, const struct th_revision *revision)
{
    return note(context, revision->revision);
}

Test(store_tables, revisions_of_one_report_are_scanned_and_never_overwritten)
{
    struct th_revision revision = {.unit = 4, .number = 0, .position = 11};
    for (revision.revision = 3; revision.revision > 0; revision.revision--)
        cr_assert_eq(th_store_put_revision(store, BOOK, &revision), 0);
    revision.unit = 5;
    revision.revision = 1;
    cr_assert_eq(th_store_put_revision(store, BOOK, &revision), 0);
    commit();
    struct seen seen = {0};
    cr_assert_eq(th_view_revisions(view, BOOK, 4, 0, on_revision, &seen), 0);
    cr_assert_eq(seen.count, 3);
    cr_assert_eq(seen.numbers[0], 1);
    cr_assert_eq(seen.numbers[2], 3);
    cr_assert_eq(th_view_revision(view, BOOK, 4, 0, 2, &revision), 0);
    cr_assert_eq(revision.position, 11);
    cr_assert_eq(th_view_revision(view, BOOK, 4, 0, 4, &revision), TH_E_NOT_FOUND);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_revision(store, BOOK, &revision), 0);
    cr_assert_eq(th_store_settle(store, BOOK), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_EXISTS);
}

/* ---- rollups ---- */

static const struct th_indicator indicators[3];
static const struct th_catalogue catalogue = {.indicators = indicators, .number_max = 2};
static const uint32_t cells_at[] = {0, 0, 1, 2};
static const struct th_rollup_layout layout = {
    .catalogue = &catalogue, .cells_at = cells_at, .cells_count = 2};

static bool is_closed(int64_t at_ms, uint32_t unit, enum th_branch branch)
{
    struct th_rollup rollup;
    int status =
        th_view_closing(view, BOOK, (th_instant){at_ms}, unit, branch, &layout, &arena, &rollup);
    cr_assert(status == 0 || status == TH_E_NOT_FOUND);
    cr_assert(status < 0 || (int64_t)rollup.cells[1] == at_ms);
    return status == 0;
}

Test(store_tables, rollups_and_closings_come_back)
{
    uint32_t reported[3] = {0, 0, 5};
    th_int128 cells[2] = {0, 20};
    struct th_rollup rollup = {.counts.received = 5, .reported = reported, .cells = cells};
    cr_assert_eq(th_store_put_rollup(store, BOOK, 9, TH_BRANCH_COMMUNES, &layout, &rollup), 0);
    cr_assert_eq(
        th_store_put_closing(store, BOOK, (th_instant){20}, 3, TH_BRANCH_BODIES, &layout, &rollup),
        0);
    cr_assert_eq(
        th_store_put_closing(store, BOOK, (th_instant){20}, 3, TH_BRANCH_ALL, &layout, &rollup), 0);
    cells[1] = 10;
    cr_assert_eq(
        th_store_put_closing(store, BOOK, (th_instant){10}, 8, TH_BRANCH_ALL, &layout, &rollup), 0);
    commit();
    struct th_rollup back;
    cr_assert_eq(th_view_rollup(view, BOOK, 9, TH_BRANCH_COMMUNES, &layout, &arena, &back), 0);
    cr_assert_eq(back.counts.received, 5);
    cr_assert_eq(back.reported[2], 5);
    cr_assert_eq((int64_t)back.cells[1], 20);
    cr_assert_eq(th_view_rollup(view, BOOK, 9, TH_BRANCH_ALL, &layout, &arena, &back),
                 TH_E_NOT_FOUND);
    cr_assert(is_closed(10, 8, TH_BRANCH_ALL));
    cr_assert(is_closed(20, 3, TH_BRANCH_ALL));
    cr_assert(is_closed(20, 3, TH_BRANCH_BODIES));
    cr_assert_not(is_closed(10, 3, TH_BRANCH_ALL));
    cr_assert_not(is_closed(20, 3, TH_BRANCH_COMMUNES));
    th_instant closed_at = {0};
    cr_assert_eq(th_view_next_closing(view, BOOK, closed_at, &closed_at), 0);
    cr_assert_eq(closed_at.ms, 10);
    cr_assert_eq(th_view_next_closing(view, BOOK, closed_at, &closed_at), 0);
    cr_assert_eq(closed_at.ms, 20);
    cr_assert_eq(th_view_next_closing(view, BOOK, closed_at, &closed_at), TH_E_NOT_FOUND);
    cr_assert_eq(th_view_next_closing(view, (struct th_book_id){0, 0}, (th_instant){0}, &closed_at),
                 TH_E_NOT_FOUND, "another book's");
    cr_assert_eq(
        th_view_closing(view, BOOK, closed_at, 3, TH_BRANCH_BODIES, &layout, &arena, &back), 0);
    cr_assert_eq((int64_t)back.cells[1], 20);
    cr_assert_eq(
        th_view_closing(view, BOOK, closed_at, 8, TH_BRANCH_BODIES, &layout, &arena, &back),
        TH_E_NOT_FOUND);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(
        th_store_put_closing(store, BOOK, (th_instant){10}, 8, TH_BRANCH_ALL, &layout, &rollup), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_EXISTS);
}

/* ---- definitions ---- */

static int on_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    cr_assert_eq(position, 40 + number);
    cr_assert_str_eq(unit->code, number == 0 ? "64" : "64-snv");
    return note(context, number);
}

Test(store_tables, units_come_back_by_number)
{
    struct th_unit units[] = {
        {.code = "64", .name = "Gia Lai", .parent_code = "", .external_id = ""},
        {.code = "64-snv", .name = "Sở Nội vụ", .parent_code = "64", .external_id = "H30.2"},
    };
    cr_assert_eq(th_store_put_unit(store, 1, 41, &units[1]), 0);
    cr_assert_eq(th_store_put_unit(store, 0, 40, &units[0]), 0);
    commit();
    struct seen seen = {0};
    cr_assert_eq(th_view_units(view, &arena, on_unit, &seen), 0);
    cr_assert_eq(seen.count, 2);
    cr_assert_eq(seen.numbers[1], 1);
    uint32_t units_count = 9, plans_count = 9;
    cr_assert_eq(th_view_definitions(view, &units_count, &plans_count), 0);
    cr_assert_eq(units_count, 2);
    cr_assert_eq(plans_count, 0);
}

static int on_plan(void *context, uint16_t number, uint64_t position,
                   const struct th_digest *digest, th_instant loaded_at, struct th_bytes content)
{
    cr_assert_eq(position, 50 + number);
    cr_assert_eq(digest->bytes[0], 5);
    cr_assert_eq(loaded_at.ms, 6);
    return note(context, number * 1000000 + content.size);
}

Test(store_tables, plans_come_back_also_large_ones)
{
    static uint8_t content[300000];
    struct th_digest digest = {{5}};
    cr_assert_eq(th_store_put_plan(store, 2, 52, &digest, (th_instant){6},
                                   (struct th_bytes){content, sizeof content}),
                 0);
    cr_assert_eq(
        th_store_put_plan(store, 1, 51, &digest, (th_instant){6}, (struct th_bytes){content, 3}),
        0);
    commit();
    struct seen seen = {0};
    cr_assert_eq(th_view_plans(view, on_plan, &seen), 0);
    cr_assert_eq(seen.count, 2);
    cr_assert_eq(seen.numbers[0], 1000003);
    cr_assert_eq(seen.numbers[1], 2300000);
    uint32_t units_count = 9, plans_count = 9;
    cr_assert_eq(th_view_definitions(view, &units_count, &plans_count), 0);
    cr_assert_eq(units_count, 0);
    cr_assert_eq(plans_count, 3);
}

static int on_key(void *context, const struct th_key_row *key)
{
    return note(context, key->unit * 10 + key->revoked);
}

static int on_mark(void *context, struct th_book_id book, const struct th_mark *mark)
{
    cr_assert(mark->reminded);
    return note(context, book.plan * 100 + book.obligation);
}

Test(store_tables, keys_and_marks_come_back_as_last_put)
{
    struct th_key_row key = {.unit = 3};
    struct th_mark mark = {.reminded = true};
    cr_assert_eq(th_store_put_key(store, &key), 0);
    key.revoked = true;
    cr_assert_eq(th_store_put_key(store, &key), 0);
    key.sign_key.bytes[0] = 1;
    key.revoked = false;
    cr_assert_eq(th_store_put_key(store, &key), 0);
    cr_assert_eq(th_store_put_mark(store, (struct th_book_id){2, 1}, &mark), 0);
    cr_assert_eq(th_store_put_mark(store, (struct th_book_id){1, 9}, &mark), 0);
    commit();
    struct seen keys = {0};
    struct seen marks = {0};
    cr_assert_eq(th_view_keys(view, on_key, &keys), 0);
    cr_assert_eq(keys.count, 2);
    cr_assert_eq(keys.numbers[0], 31);
    cr_assert_eq(keys.numbers[1], 30);
    cr_assert_eq(th_view_marks(view, on_mark, &marks), 0);
    cr_assert_eq(marks.count, 2);
    cr_assert_eq(marks.numbers[0], 109);
    cr_assert_eq(marks.numbers[1], 201);
}

/* ---- effects, recovery, the state's digest ---- */

static void put(struct th_effect effect)
{
    cr_assert_eq(th_store_put(store, &effect), 0, "kind %d", (int)effect.kind);
}

static void put_each_kind(void)
{
    static uint32_t reported[3] = {0, 0, 5};
    static th_int128 cells[2] = {0, 20};
    struct th_effect closing = {.kind = TH_EFFECT_PUT_CLOSING, .book = BOOK};
    closing.body.closing.closed_at.ms = 20;
    closing.body.closing.layout = &layout;
    closing.body.closing.rollup = (struct th_rollup){.reported = reported, .cells = cells};
    put(closing);
    struct th_effect unit = {.kind = TH_EFFECT_PUT_UNIT};
    unit.body.unit.position = 40;
    unit.body.unit.unit =
        (struct th_unit){.code = "64", .name = "", .parent_code = "", .external_id = ""};
    put(unit);
    struct th_effect plan = {.kind = TH_EFFECT_PUT_PLAN};
    plan.body.plan.position = 50;
    plan.body.plan.digest.bytes[0] = 5;
    plan.body.plan.loaded_at.ms = 6;
    put(plan);
    put((struct th_effect){.kind = TH_EFFECT_PUT_ROW, .book = BOOK, .body.row = row_of(4, 0)});
    put((struct th_effect){
        .kind = TH_EFFECT_PUT_REVISION, .book = BOOK, .body.revision = {.unit = 4, .revision = 1}});
    put((struct th_effect){.kind = TH_EFFECT_PUT_KEY, .body.key = {.unit = 3}});
    put((struct th_effect){
        .kind = TH_EFFECT_PUT_MARK, .book = BOOK, .body.mark = {.reminded = true}});
    put((struct th_effect){.kind = TH_EFFECT_PUT_CLOCK,
                           .body.clock = {.time = {7}, .status = TH_CLOCK_STEADY}});
    put((struct th_effect){.kind = TH_EFFECT_PUT_RECOVERY, .body.recovery = {true, 9}});
}

Test(store_tables, each_effect_goes_into_its_table)
{
    put_each_kind();
    commit();
    struct seen units = {0}, plans = {0}, keys = {0}, marks = {0}, rows = {0}, revisions = {0};
    th_instant closed_at;
    struct th_clock_row clock;
    struct th_recovery_row recovery;
    cr_assert_eq(th_view_units(view, &arena, on_unit, &units), 0);
    cr_assert_eq(th_view_plans(view, on_plan, &plans), 0);
    cr_assert_eq(th_view_keys(view, on_key, &keys), 0);
    cr_assert_eq(th_view_marks(view, on_mark, &marks), 0);
    cr_assert_eq(th_view_rows(view, BOOK, on_row, &rows), 0);
    cr_assert_eq(th_view_revisions(view, BOOK, 4, 0, on_revision, &revisions), 0);
    cr_assert_eq(th_view_next_closing(view, BOOK, (th_instant){0}, &closed_at), 0);
    cr_assert_eq(
        units.count + plans.count + keys.count + marks.count + rows.count + revisions.count, 6);
    cr_assert_eq(th_view_clock(view, &clock), 0);
    cr_assert_eq(clock.time.ms, 7);
    cr_assert_eq(th_view_recovery(view, &recovery), 0);
    cr_assert(recovery.is_open);
    cr_assert_eq(recovery.began_at, 9);
}

Test(store_tables, a_store_that_was_never_recovered_has_no_open_recovery)
{
    struct th_recovery_row recovery = {true, 9};
    commit();
    cr_assert_eq(th_view_recovery(view, &recovery), 0);
    cr_assert_not(recovery.is_open);
}

static struct th_digest state(void)
{
    struct th_digest digest;
    cr_assert_eq(th_store_commit(store, NULL), 0);
    cr_assert_eq(view == NULL ? th_view_open(store, &view) : th_view_renew(view), 0);
    cr_assert_eq(th_view_state_digest(view, &digest), 0);
    cr_assert_eq(th_store_begin(store), 0);
    return digest;
}

Test(store_tables, the_states_digest_is_of_the_rows_as_the_header_writes_them)
{
    /* SHA-256 of: 00000002 0103 0000000A, time 7, status 1, not rehearsed; 00000002 0104 00000009,
     * open, 9. */
    static const uint8_t wanted[] = {0, 0, 0, 2, 1, 3, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0,
                                     0, 0, 0, 2, 1, 4, 0, 0, 0, 9,  1, 0, 0, 0, 0, 0, 0, 0, 9};
    struct th_digest naive, digest;
    put((struct th_effect){
        .kind = TH_EFFECT_PUT_CLOCK,
        .body.clock = {.time = {7}, .status = TH_CLOCK_STEADY, .anchor_boottime_ms = 3}});
    put((struct th_effect){.kind = TH_EFFECT_PUT_RECOVERY, .body.recovery = {true, 9}});
    digest = state();
    th_tlog_sha256(&(struct th_tlog_part){wanted, sizeof wanted}, 1, &naive);
    cr_assert(th_tlog_digest_equal(&digest, &naive));
}

Test(store_tables, the_states_digest_changes_with_each_table_and_not_with_the_clocks_anchor)
{
    struct th_digest empty = state();
    put_each_kind();
    struct th_digest before = state();
    cr_assert_not(th_tlog_digest_equal(&before, &empty));
    const struct th_effect changes[] = {
        {.kind = TH_EFFECT_PUT_ROW, .book = BOOK, .body.row = row_of(5, 0)},
        {.kind = TH_EFFECT_PUT_REVISION, .book = BOOK, .body.revision = {.unit = 5, .revision = 1}},
        {.kind = TH_EFFECT_PUT_KEY, .body.key = {.unit = 3, .revoked_from = {1}}},
        {.kind = TH_EFFECT_PUT_MARK, .book = BOOK, .body.mark = {.closed = true}},
        {.kind = TH_EFFECT_PUT_CLOCK, .body.clock = {.time = {8}, .status = TH_CLOCK_STEADY}},
        {.kind = TH_EFFECT_PUT_RECOVERY, .body.recovery = {false, 9}},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        put(changes[i]);
        struct th_digest after = state();
        cr_assert_not(th_tlog_digest_equal(&before, &after), "%zu", i);
        before = after;
    }
    put((struct th_effect){.kind = TH_EFFECT_PUT_CLOCK,
                           .body.clock = {{8}, TH_CLOCK_STEADY, {4}, 5, false}});
    struct th_digest after = state();
    cr_assert(th_tlog_digest_equal(&before, &after));
}
