/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories against the naive auditor. Each seed is one history; a failing one names itself.
 */
#include "aggregator/core/state.h"
#include "tests/support/auditor.h"
#include "tests/support/random.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HISTORIES 600
#define STEPS     150
#define HOUR_MS   INT64_C(3600000)

struct run {
    struct world world;
    struct auditor auditor;
    struct random random;
    uint64_t seed;
    int64_t wall_error_ms; /* while the clock is wrong */
    bool suspect;
    bool plant_fault; /* the auditor is told one figure wrong */
    struct th_rollup rollups[OB_COUNT][WORLD_UNITS][3];
    bool has_rollup[OB_COUNT][WORLD_UNITS][3];
    const char *fault; /* the first that was found */
};

static void expect(struct run *run, bool holds, const char *what)
{
    if (!holds && run->fault == NULL)
        run->fault = what;
}

static int take(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct run *run = context;
    struct th_rollup *mine = &run->rollups[book.obligation][unit][branch];
    if (!run->has_rollup[book.obligation][unit][branch] &&
        th_rollup_new(layout, &run->world.arena, mine) < 0)
        return TH_E_NO_MEMORY;
    th_rollup_copy(layout, rollup, mine);
    run->has_rollup[book.obligation][unit][branch] = true;
    return 0;
}

static void compare_rollups(struct run *run)
{
    int status = th_core_take_dirty(run->world.core, take, run);
    cr_assert_eq(status, 0);
    for (uint32_t ob = 0; ob < OB_COUNT; ob++)
        for (uint32_t unit = U_64; unit <= U_623; unit += unit == U_64 ? 2 : 1) /* not U_SNV */
            for (int branch = 0; branch < 3; branch++) {
                struct totals totals;
                auditor_total(&run->auditor, ob, unit, (enum th_branch)branch, INT64_MAX, &totals);
                if (run->has_rollup[ob][unit][branch])
                    expect(run,
                           auditor_agrees(&totals, &run->world.core->plans[0].layout,
                                          &run->rollups[ob][unit][branch]),
                           "rollup");
                else
                    expect(run, totals.received == 0, "no rollup");
            }
}

static void compare_closings(struct run *run)
{
    struct world *world = &run->world;
    size_t tops = 0;
    for (size_t i = 0; i < world->closings_count; i++) {
        const struct world_closing *closing = &world->closings[i];
        struct totals totals;
        auditor_total(&run->auditor, closing->book.obligation, closing->unit, closing->branch,
                      closing->closed_at.ms, &totals);
        expect(run, auditor_agrees(&totals, &run->world.core->plans[0].layout, &closing->rollup),
               "closing");
        tops += closing->unit == U_64 && closing->branch == TH_BRANCH_ALL;
    }
    if (run->suspect)
        return;
    int64_t now_ms = world->now.wall.ms;
    size_t due = (size_t)(now_ms >= world->half_due.ms) + (size_t)(now_ms >= world->year_due.ms);
    expect(run, tops == due, "closings");
}

static struct sent_report random_report(struct run *run, uint32_t unit)
{
    struct random *random = &run->random;
    static const uint32_t obs[] = {OB_HALF, OB_HALF,  OB_HALF,      OB_YEAR,
                                   OB_YEAR, OB_ADHOC, OB_SUSPENDED, OB_UNDATED};
    struct sent_report sent = {.obligation = obs[random_below(random, 8)], .unit = unit};
    bool numbered = sent.obligation == OB_ADHOC;
    sent.number = random_below(random, 12) == 0 ? !numbered
                  : numbered                    ? 1 + random_below(random, 3)
                                                : 0;
    uint32_t highest = 0;
    for (size_t i = 0; i < run->auditor.count; i++) {
        const struct sent_report *other = &run->auditor.revisions[i].sent;
        if (other->obligation == sent.obligation && other->unit == unit &&
            other->number == sent.number && other->revision > highest)
            highest = other->revision;
    }
    uint32_t how = random_below(random, 10);
    sent.revision = how < 6                  ? highest + 1
                    : how < 9 && highest > 0 ? 1 + random_below(random, highest)
                                             : highest + 2;
    sent.digest = 1 + random_below(random, 2);
    sent.has_a = random_below(random, 5) > 0;
    sent.b = random_below(random, 100);
    sent.c = random_below(random, 100);
    sent.a = sent.b + sent.c + (random_below(random, 15) == 0);
    sent.has_day = random_below(random, 2) == 0;
    sent.day = 20000 + random_below(random, 6);
    sent.has_score = random_below(random, 2) == 0;
    sent.score = random_below(random, 6) * 50;
    sent.has_class = random_below(random, 2) == 0;
    sent.class_ = random_below(random, 20) == 0 ? 3 : random_below(random, 3);
    sent.has_text = random_below(random, 4) == 0;
    sent.estimated = sent.has_a && random_below(random, 5) == 0;
    return sent;
}

static int64_t journal_now_ms(const struct run *run)
{
    return run->world.now.wall.ms - run->wall_error_ms;
}

static void send_some(struct run *run)
{
    static const uint32_t units[] = {U_SNV, U_A1, U_A2, U_A3, U_B1, U_B2, U_B3, U_622};
    uint32_t unit = units[random_below(&run->random, 8)];
    struct sent_report sent[3];
    enum th_verdict expected[3];
    uint64_t positions[3];
    uint32_t next[3];
    size_t count = 1 + random_below(&run->random, 3);
    for (size_t i = 0; i < count; i++)
        sent[i] = random_report(run, unit);
    if (count > 1 && random_below(&run->random, 4) == 0)
        sent[1] = sent[0];
    /* The timers come first and may take positions: ask before telling the auditor. */
    const bool is_entered = count == 1 && random_below(&run->random, 3) == 0;
    const struct th_report_verdict *verdicts =
        is_entered ? world_enter(&run->world, sent) : world_send(&run->world, sent, count);
    const struct th_effect *answer = world_answer(&run->world);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        expected[i] =
            auditor_expect(&run->auditor, &sent[i], journal_now_ms(run), &positions[i], &next[i]);
        expect(run, verdicts[i].kind == expected[i], "verdict");
        expect(run, verdicts[i].next_revision == next[i], "next revision");
        if (expected[i] == TH_VERDICT_DUPLICATE || expected[i] == TH_VERDICT_CONFLICT)
            expect(run, verdicts[i].position == positions[i], "position");
        if (expected[i] != TH_VERDICT_ACCEPTED)
            continue;
        any = true;
        struct sent_report told = sent[i];
        if (run->plant_fault && told.has_a && count == 1) {
            told.b++;
            run->plant_fault = false;
        }
        auditor_accept(&run->auditor, &told, journal_now_ms(run), run->suspect,
                       answer->body.answer.position);
        if (is_entered)
            auditor_mark_entered(&run->auditor);
    }
    expect(run, answer->body.answer.journalled == any, "journalled");
}

static void tick(struct run *run)
{
    world_tick_at(&run->world, run->world.now.wall);
}

/* The wall clock jumps; the next reading sees it. Back after a while. */
static void change_clock(struct run *run)
{
    if (run->wall_error_ms == 0) {
        run->wall_error_ms = random_below(&run->random, 2) == 0 ? 30 * HOUR_MS : -30 * HOUR_MS;
        run->world.now.wall.ms += run->wall_error_ms;
        run->suspect = true;
        tick(run);
    } else {
        run->world.now.wall.ms -= run->wall_error_ms;
        run->wall_error_ms = 0;
        run->suspect = false;
        tick(run);
        auditor_settle(&run->auditor);
    }
}

/* The journal alone gives the same tables. */
static void fold_again(struct run *run)
{
    struct world *copy = malloc(sizeof *copy);
    expect(run, world_fold(&run->world, run->world.next_position, copy) == 0, "fold");
    expect(run, world_differs(&run->world, copy) == NULL, "folded tables");
    world_deinit(copy);
    free(copy);
}

static const char *play(struct run *run, uint64_t seed, bool plant_fault)
{
    memset(run, 0, sizeof *run);
    run->seed = seed;
    run->random.state = seed;
    run->plant_fault = plant_fault;
    world_init(&run->world, TH_MODE_LIVE);
    auditor_init(&run->auditor, &run->world);
    for (int i = 0; i < STEPS && run->fault == NULL; i++) {
        uint32_t what = random_below(&run->random, 100);
        if (what < 75) {
            send_some(run);
        } else if (what < 92) {
            world_pass(&run->world, random_below(&run->random, 160) * HOUR_MS);
            tick(run);
        } else if (what < 96) {
            change_clock(run);
        } else if (!run->suspect) {
            /* A core that is loaded is ticked by its caller before anything else. */
            compare_rollups(run); /* a batch ends before */
            world_reload(&run->world);
            tick(run);
        }
        /* Every third history has batches of several steps. */
        if (seed % 3 != 0 || i % 9 == 8 || i == STEPS - 1)
            compare_rollups(run);
        compare_closings(run);
    }
    fold_again(run);
    world_deinit(&run->world);
    return run->fault;
}

Test(core_properties, random_histories_end_as_the_auditor_says)
{
    struct run *run = malloc(sizeof *run);
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        const char *fault = play(run, seed, false);
        cr_assert_eq(fault, NULL, "seed %llu: %s", (unsigned long long)seed, fault);
    }
    free(run);
}

Test(core_properties, the_auditor_finds_one_wrong_figure)
{
    struct run *run = malloc(sizeof *run);
    size_t found = 0;
    for (uint64_t seed = 1; seed <= 10; seed++)
        found += play(run, seed, true) != NULL;
    cr_assert_eq(found, 10);
    free(run);
}
