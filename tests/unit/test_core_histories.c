/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of a store: folding the journal gives the tables again, and a store that was
 * put back from any copy and shown the receipts of what it had lost counts as if nothing was lost.
 * Each seed is one history; a failing one names itself.
 */
#include "aggregator/core/state.h"
#include "tests/support/random.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORIES 500
#define STEPS     120
#define HOUR_MS   INT64_C(3600000)
#define UNITS_MAX (WORLD_UNITS + 4)
#define FIRST     (3 + WORLD_UNITS) /* entries of world_init() */

struct life {
    struct world world;
    struct random random;
    int64_t wall_error_ms; /* while the clock is wrong */
    uint32_t revocations, rotations;
    bool has_new_units;
    struct th_rollup rollups[OB_COUNT][UNITS_MAX][3];
    bool has_rollup[OB_COUNT][UNITS_MAX][3];
};

/* ---- tables of rollups ---- */

static int take(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct life *life = context;
    struct th_rollup *mine = &life->rollups[book.obligation][unit][branch];
    bool *has = &life->has_rollup[book.obligation][unit][branch];
    if (!*has && th_rollup_new(layout, &life->world.arena, mine) < 0)
        return TH_E_NO_MEMORY;
    th_rollup_copy(layout, rollup, mine);
    *has = true;
    return 0;
}

static void commit(struct life *life)
{
    cr_assert_eq(th_core_take_dirty(life->world.core, take, life), 0);
}

static bool same_rollups(const struct life *a, const struct life *b)
{
    const struct th_rollup_layout *layout = &a->world.core->plans[0].layout;
    for (int ob = 0; ob < OB_COUNT; ob++)
        for (int unit = 0; unit < UNITS_MAX; unit++)
            for (int branch = 0; branch < 3; branch++) {
                bool has = a->has_rollup[ob][unit][branch];
                if (has != b->has_rollup[ob][unit][branch] ||
                    (has && !world_same_rollup(layout, &a->rollups[ob][unit][branch],
                                               &b->rollups[ob][unit][branch])))
                    return false;
            }
    return true;
}

/* ---- a history ---- */

static uint32_t highest_of(const struct world *world, const struct sent_report *sent)
{
    const struct world_row *row = world_row(world, sent->obligation, sent->unit, sent->number);
    return row == NULL ? 0 : row->row.revision;
}

static struct sent_report random_report(struct life *life, uint32_t unit)
{
    static const uint32_t obs[] = {OB_HALF, OB_HALF,  OB_HALF,   OB_YEAR,
                                   OB_YEAR, OB_ADHOC, OB_UNDATED};
    struct random *random = &life->random;
    struct sent_report sent = {.obligation = obs[random_below(random, 7)], .unit = unit};
    sent.number = sent.obligation == OB_ADHOC ? 1 + random_below(random, 3) : 0;
    uint32_t highest = highest_of(&life->world, &sent), how = random_below(random, 10);
    sent.revision = how < 7 || highest == 0 ? highest + 1 : 1 + random_below(random, highest + 2);
    sent.digest = 1 + random_below(random, 2);
    sent.has_a = random_below(random, 5) > 0;
    sent.b = random_below(random, 100);
    sent.c = random_below(random, 100);
    sent.a = sent.b + sent.c + (random_below(random, 10) == 0);
    sent.has_day = true;
    sent.day = 20000 + random_below(random, 6);
    sent.has_score = random_below(random, 2) == 0;
    sent.score = random_below(random, 6) * 50;
    sent.has_class = random_below(random, 2) == 0;
    sent.class_ = random_below(random, 3);
    sent.has_text = random_below(random, 4) == 0;
    sent.estimated = sent.obligation == OB_HALF && sent.has_a && random_below(random, 5) == 0;
    return sent;
}

static uint32_t random_unit(struct life *life)
{
    static const uint32_t units[] = {U_SNV, U_A1, U_A2, U_A3, U_B1, U_B2, U_B3};
    return units[random_below(&life->random, 7)];
}

/* What an operator enters is lost with a log that is lost: only histories that are folded have it.
 */
static void send_some(struct life *life)
{
    uint32_t unit = random_unit(life);
    if (life->has_new_units && random_below(&life->random, 5) == 0) {
        struct sent_report entered = random_report(life, unit);
        (void)world_enter(&life->world, &entered);
        return;
    }
    struct sent_report sent[3];
    size_t count = 1 + random_below(&life->random, 3);
    for (size_t i = 0; i < count; i++)
        sent[i] = random_report(life, unit);
    if (count > 1 && random_below(&life->random, 3) == 0) {
        sent[1] = sent[0];
        sent[1].revision += random_below(&life->random, 2);
    }
    (void)world_send(&life->world, sent, count);
}

static void tick(struct life *life)
{
    world_tick_at(&life->world, life->world.now.wall);
}

static void change_clock(struct life *life)
{
    if (life->wall_error_ms == 0)
        life->wall_error_ms = random_below(&life->random, 2) == 0 ? 30 * HOUR_MS : -30 * HOUR_MS;
    else
        life->wall_error_ms = -life->wall_error_ms;
    life->world.now.wall.ms += life->wall_error_ms;
    if (th_core_clock_status(life->world.core) == TH_CLOCK_SUSPECT)
        life->wall_error_ms = 0;
    tick(life);
}

static void revoke_one(struct life *life)
{
    struct world *world = &life->world;
    uint32_t unit = random_unit(life);
    int64_t after_ms = (int64_t)random_below(&life->random, 100) * 24 * HOUR_MS;
    const char *code = world->units[unit].code;
    struct th_event event = {.kind = TH_EVENT_REVOKE,
                             .body.revoke = {.unit = {code, strlen(code)},
                                             .sign_key = world_key(unit),
                                             .effective = {world->now.wall.ms + after_ms}}};
    life->revocations += world_answer_to(world, event) == 0;
}

static void add_unit(struct life *life)
{
    static const char *const codes[] = {"c1", "c2", "c3", "c4"};
    static const char *const parents[] = {"622", "623", "64", "622"};
    struct world *world = &life->world;
    uint32_t nth = world->units_count - WORLD_UNITS;
    if (nth == 4)
        return;
    struct th_unit unit = world->units[U_A1];
    unit.code = unit.name = codes[nth];
    unit.parent_code = parents[nth];
    world->units[world->units_count] = unit;
    struct th_event event = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_eq(world_answer_to(world, event), 0);
}

static void rotate(struct life *life)
{
    static const char *const vkeys[] = {"r+1+k", "r+2+k"};
    struct world *world = &life->world;
    const char *vkey = vkeys[life->rotations++];
    struct th_event event = {
        .kind = TH_EVENT_ROTATE,
        .body.rotate.key = {{vkey, strlen(vkey)}, world->next_position, {NULL, 0}}};
    cr_assert_eq(world_answer_to(world, event), 0);
}

static void do_something(struct life *life)
{
    uint32_t what = random_below(&life->random, 100);
    bool is_steady = th_core_clock_status(life->world.core) == TH_CLOCK_STEADY;
    if (what < 72) {
        send_some(life);
    } else if (what < 86) {
        world_pass(&life->world, random_below(&life->random, 600) * HOUR_MS);
        tick(life);
    } else if (what < 91) {
        change_clock(life);
    } else if (what < 94 && is_steady) {
        world_reload(&life->world);
        tick(life);
    } else if (what < 96 && life->revocations < 2) {
        revoke_one(life);
    } else if (what < 98 && life->has_new_units) {
        add_unit(life);
    } else if (what >= 98 && life->rotations < 2) {
        rotate(life);
    }
}

/* Ends with the right clock. */
static void play(struct life *life, uint64_t seed, bool has_new_units)
{
    memset(life, 0, sizeof *life);
    life->random.state = seed;
    life->has_new_units = has_new_units;
    world_init(&life->world, TH_MODE_LIVE);
    commit(life);
    for (int i = 0; i < STEPS; i++) {
        do_something(life);
        commit(life);
    }
    if (th_core_clock_status(life->world.core) == TH_CLOCK_SUSPECT)
        change_clock(life);
    commit(life);
}

/* ---- folding ---- */

static int fold(const struct life *from, uint64_t count, struct life *ret_life)
{
    memset(ret_life, 0, sizeof *ret_life);
    int status = world_fold(&from->world, count, &ret_life->world);
    if (status == 0)
        commit(ret_life);
    return status;
}

static const char *fold_differs(const struct life *from, struct life *copy)
{
    const char *differs = "an entry is refused";
    if (fold(from, from->world.next_position, copy) == 0) {
        differs = world_differs(&from->world, &copy->world);
        if (differs == NULL && !same_rollups(from, copy))
            differs = "rollups";
    }
    world_deinit(&copy->world);
    return differs;
}

Test(core_histories, a_folded_journal_gives_the_same_tables)
{
    struct life *life = malloc(sizeof *life), *copy = malloc(sizeof *copy);
    size_t kinds[TH_ENTRY_ENTERED + 1] = {0};
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        play(life, seed, true);
        const char *differs = fold_differs(life, copy);
        cr_assert_null(differs, "seed %d: %s", (int)seed, differs);
        for (uint64_t i = 0; i < life->world.next_position; i++)
            kinds[life->world.journal[i].entry.kind]++;
        world_deinit(&life->world);
    }
    for (int kind = TH_ENTRY_FOUNDED; kind <= TH_ENTRY_ROTATED; kind++)
        cr_assert_gt(kinds[kind], 20, "histories have entries of kind %d", kind);
    cr_assert_gt(kinds[TH_ENTRY_ENTERED], 1000);
    free(life);
    free(copy);
}

Test(core_histories, one_wrong_byte_of_a_decision_is_seen)
{
    struct life *life = malloc(sizeof *life), *copy = malloc(sizeof *copy);
    size_t found = 0, planted = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        play(life, seed, true);
        for (uint64_t i = life->world.next_position; i-- > FIRST;) {
            struct th_entry *entry = &life->world.journal[i].entry;
            if (entry->kind != TH_ENTRY_SUBMISSION)
                continue;
            struct th_judgement *judgement =
                (struct th_judgement *)(uintptr_t)entry->decision.judgements;
            judgement->timeliness = judgement->timeliness == TH_TIMELINESS_LATE
                                        ? TH_TIMELINESS_ON_TIME
                                        : TH_TIMELINESS_LATE;
            if (judgement->accepted) {
                planted++;
                found += fold_differs(life, copy) != NULL;
            }
            break;
        }
        world_deinit(&life->world);
    }
    cr_assert_gt(planted, 10);
    cr_assert_eq(found, planted);
    free(life);
    free(copy);
}

/* ---- put back ---- */

static void add_keys(const struct th_log_key_body *from, size_t count, struct th_log_key_body *keys,
                     size_t *keys_count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_lt(*keys_count, TH_RECOVERY_KEYS_MAX);
        keys[(*keys_count)++] = from[i];
    }
}

/* With the keys that the copy has not. */
static void recover(const struct life *lost, uint64_t size, const char *vkey, struct life *life)
{
    struct th_log_key_body keys[TH_RECOVERY_KEYS_MAX];
    size_t count = 0;
    for (uint64_t i = size; i < lost->world.next_position; i++) {
        const struct world_entry *kept = &lost->world.journal[i];
        if (kept->entry.kind == TH_ENTRY_ROTATED)
            add_keys(&kept->content.body.rotate.key, 1, keys, &count);
        if (kept->entry.kind == TH_ENTRY_RECOVERED)
            add_keys(kept->content.body.recover.keys, kept->content.body.recover.keys_count, keys,
                     &count);
    }
    struct th_log_key_body own = {{vkey, strlen(vkey)}, size, {NULL, 0}};
    add_keys(&own, 1, keys, &count);
    struct th_event event = {.kind = TH_EVENT_RECOVER,
                             .body.recover = {.keys = keys, .keys_count = count}};
    cr_assert_eq(world_answer_to(&life->world, event), 0);
}

static bool has_reports(const struct world *world, uint64_t position)
{
    enum th_entry_kind kind = world->journal[position].entry.kind;
    return kind == TH_ENTRY_SUBMISSION || kind == TH_ENTRY_READMITTED;
}

/* One entry is shown; what its leaf accepts has to become this. */
static void show(const struct life *lost, uint64_t position, enum th_verdict wanted,
                 struct life *life)
{
    struct th_leaf leaf = world_leaf(&lost->world, position);
    cr_assert_eq(world_answer_to(&life->world, world_readmission(&lost->world, position, &leaf)),
                 0);
    const struct th_effect *answer = world_answer(&life->world);
    cr_assert_eq(answer->body.answer.verdicts_count, leaf.judgements_count);
    for (size_t i = 0; i < leaf.judgements_count; i++)
        if (leaf.judgements[i].accepted)
            cr_assert_eq(answer->body.answer.verdicts[i].kind, wanted);
    cr_assert_eq(answer->body.answer.journalled, wanted == TH_VERDICT_ACCEPTED);
    commit(life);
}

static bool is_of(const struct world *world, uint64_t position, uint32_t unit)
{
    const struct th_text code = world->journal[position].entry.unit;
    const char *wanted = world->units[unit].code;
    return has_reports(world, position) && code.size == strlen(wanted) &&
           memcmp(code.bytes, wanted, code.size) == 0;
}

static void accept_clock(struct life *life)
{
    if (th_core_clock_status(life->world.core) == TH_CLOCK_SUSPECT)
        cr_assert_eq(
            world_answer_to(&life->world, (struct th_event){.kind = TH_EVENT_CLOCK_ACCEPT}), 0);
    commit(life);
}

/* Nodes come in any order and again, each shows what it has in the order of positions. */
static void readmit(const struct life *lost, uint64_t size, struct life *life)
{
    uint64_t next[WORLD_UNITS];
    size_t waiting = 0;
    for (uint32_t unit = 0; unit < WORLD_UNITS; unit++) {
        next[unit] = size;
        for (uint64_t i = size; i < lost->world.next_position; i++)
            waiting += is_of(&lost->world, i, unit);
    }
    while (waiting > 0) {
        uint32_t unit = random_below(&life->random, WORLD_UNITS);
        while (next[unit] < lost->world.next_position && !is_of(&lost->world, next[unit], unit))
            next[unit]++;
        if (next[unit] == lost->world.next_position)
            continue;
        show(lost, next[unit], TH_VERDICT_ACCEPTED, life);
        if (random_below(&life->random, 4) == 0)
            show(lost, next[unit], TH_VERDICT_DUPLICATE, life);
        if (random_below(&life->random, 8) == 0) {
            world_reload(&life->world);
            tick(life);
        }
        if (random_below(&life->random, 8) == 0)
            accept_clock(life);
        world_pass(&life->world, random_below(&life->random, 3) * HOUR_MS);
        next[unit]++;
        waiting--;
    }
}

/* A copy of the first `size` entries goes on when all has been lost. */
static void put_back(const struct life *lost, uint64_t size, const char *vkey, uint64_t seed,
                     struct life *life)
{
    cr_assert_eq(fold(lost, size, life), 0);
    life->random.state = seed;
    life->world.now = lost->world.now;
    world_reload(&life->world);
    recover(lost, size, vkey, life);
    tick(life);
    readmit(lost, size, life);
    for (uint64_t i = FIRST; i < size; i++)
        if (has_reports(&lost->world, i) && random_below(&life->random, 4) == 0)
            show(lost, i, TH_VERDICT_DUPLICATE, life);
    if (random_below(&life->random, 2) == 0)
        accept_clock(life);
    cr_assert_eq(world_end_recovery(&life->world), 0);
    accept_clock(life);
    tick(life);
    commit(life);
}

static const struct world_closing *find_closing(const struct world *world,
                                                const struct world_closing *like)
{
    for (size_t i = 0; i < world->closings_count; i++) {
        const struct world_closing *closing = &world->closings[i];
        if (closing->book.obligation == like->book.obligation && closing->unit == like->unit &&
            closing->branch == like->branch && closing->closed_at.ms == like->closed_at.ms)
            return closing;
    }
    return NULL;
}

static bool counts_the_same(const struct th_row *a, const struct th_row *b)
{
    return a->revision == b->revision && a->index == b->index &&
           memcmp(&a->digest, &b->digest, sizeof a->digest) == 0 &&
           a->first_received.ms == b->first_received.ms && a->received.ms == b->received.ms &&
           a->prepared.ms == b->prepared.ms && a->has_due == b->has_due && a->due.ms == b->due.ms &&
           a->timeliness == b->timeliness && a->estimated == b->estimated &&
           a->values_size == b->values_size && memcmp(a->values, b->values, a->values_size) == 0;
}

/* NULL, or what one that was never lost has otherwise: positions differ, nothing else may. */
static const char *count_differs(const struct life *whole, const struct life *back)
{
    const struct world *a = &whole->world, *b = &back->world;
    if (a->rows_count != b->rows_count || a->revisions_count != b->revisions_count)
        return "number of reports";
    for (size_t i = 0; i < a->rows_count; i++) {
        const struct th_row *row = &a->rows[i].row;
        const struct world_row *other =
            world_row(b, a->rows[i].book.obligation, row->unit, row->number);
        if (other == NULL || !counts_the_same(row, &other->row))
            return "a report";
    }
    if (!same_rollups(whole, back))
        return "totals";
    const struct th_rollup_layout *layout = &b->core->plans[0].layout;
    if (a->closings_count > b->closings_count)
        return "number of closings";
    for (size_t i = 0; i < a->closings_count; i++) {
        const struct world_closing *closing = find_closing(b, &a->closings[i]);
        if (closing == NULL || !world_same_rollup(layout, &closing->rollup, &a->closings[i].rollup))
            return "a closing";
    }
    return NULL;
}

static uint64_t random_size(struct random *random, const struct life *life)
{
    return FIRST + random_next(random) % (life->world.next_position - FIRST + 1);
}

Test(core_histories, a_store_that_was_put_back_counts_as_if_nothing_was_lost)
{
    struct life *whole = malloc(sizeof *whole), *back = malloc(sizeof *back),
                *again = malloc(sizeof *again), *copy = malloc(sizeof *copy);
    size_t readmitted = 0, closings = 0;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        struct random random = {seed * 7919};
        play(whole, seed, false);
        uint64_t size = random_size(&random, whole);
        put_back(whole, size, "r2+0+k", seed, back);
        const char *differs = count_differs(whole, back);
        cr_assert_null(differs, "seed %d, size %d: %s", (int)seed, (int)size, differs);
        differs = fold_differs(back, copy);
        cr_assert_null(differs, "seed %d, folded: %s", (int)seed, differs);
        /* That is lost too, with or without its own recovery. */
        put_back(back, random_size(&random, back), "r3+0+k", seed, again);
        differs = count_differs(whole, again);
        cr_assert_null(differs, "seed %d, again: %s", (int)seed, differs);
        differs = fold_differs(again, copy);
        cr_assert_null(differs, "seed %d, again, folded: %s", (int)seed, differs);
        for (uint64_t i = size; i < back->world.next_position; i++) {
            readmitted += back->world.journal[i].entry.kind == TH_ENTRY_READMITTED;
            closings += back->world.journal[i].entry.kind == TH_ENTRY_CLOSING;
        }
        world_deinit(&again->world);
        world_deinit(&back->world);
        world_deinit(&whole->world);
    }
    cr_assert_gt(readmitted, 5000);
    cr_assert_gt(closings, 200);
    free(whole);
    free(back);
    free(again);
    free(copy);
}

Test(core_histories, a_receipt_that_nobody_shows_is_missed)
{
    struct life *whole = malloc(sizeof *whole), *back = malloc(sizeof *back);
    size_t found = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        play(whole, seed, false);
        uint64_t last = whole->world.next_position;
        while (!has_reports(&whole->world, last - 1))
            last--;
        uint64_t next_position = whole->world.next_position;
        whole->world.next_position = last - 1;
        put_back(whole, FIRST, "r2+0+k", seed, back);
        whole->world.next_position = next_position;
        found += count_differs(whole, back) != NULL;
        world_deinit(&back->world);
        world_deinit(&whole->world);
    }
    cr_assert_eq(found, 10);
    free(whole);
    free(back);
}
