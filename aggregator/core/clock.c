/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's clock.
 *
 * An anchor is a pair of readings (wall, CLOCK_BOOTTIME) that belong together. As long as both
 * clocks have moved the same since then, to 60 s, journal time is the wall's and never goes back.
 * When they part the clock is suspect and journal time follows boottime from the anchor: a wall
 * clock that jumped forward cannot push the journal into the future. It settles when the wall is
 * again within 60 s of that, or when an operator accepts the wall as it is.
 *
 * Boottime of another boot means nothing, so the first reading after a load is a new anchor; a wall
 * more than 2 s before the last entry, or a clock that was suspect when the program ended, is
 * suspect, and is anchored at the last entry's time.
 *
 * A rehearsal's clock stands still; only clock_set moves it.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"

#define PART_MS      INT64_C(60000)
#define BACKWARDS_MS INT64_C(2000)

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void read_first(const struct th_clock_row *row, struct th_reading now,
                       struct th_clock_next *next)
{
    bool is_right = row->status == TH_CLOCK_STEADY && now.wall.ms >= row->time.ms - BACKWARDS_MS;
    next->row.anchor_wall = is_right ? now.wall : row->time;
    next->row.anchor_boottime_ms = now.boottime_ms;
    next->time.ms = is_right ? later(row->time.ms, now.wall.ms) : row->time.ms;
    next->changes = !is_right && row->status == TH_CLOCK_STEADY;
    next->kind = TH_CLOCK_DOUBTED;
    next->row.status = is_right ? TH_CLOCK_STEADY : TH_CLOCK_SUSPECT;
}

void th_clock_read(const struct th_core *core, struct th_reading now,
                   struct th_clock_next *ret_next)
{
    const struct th_clock_row *row = &core->clock;
    *ret_next = (struct th_clock_next){.time = row->time, .row = *row};
    if (row->rehearsed)
        return;
    if (!core->is_anchored) {
        read_first(row, now, ret_next);
        return;
    }
    int64_t steady = row->anchor_wall.ms + (now.boottime_ms - row->anchor_boottime_ms);
    int64_t apart = now.wall.ms - steady;
    bool agree = apart <= PART_MS && apart >= -PART_MS;
    ret_next->time.ms = later(row->time.ms, agree ? now.wall.ms : steady);
    ret_next->row.status = agree ? TH_CLOCK_STEADY : TH_CLOCK_SUSPECT;
    ret_next->changes = ret_next->row.status != row->status;
    ret_next->kind = agree ? TH_CLOCK_SETTLED : TH_CLOCK_DOUBTED;
}

static int append_change(struct th_step *step, enum th_clock_change_kind kind, th_instant to,
                         struct th_text operator)
{
    struct th_entry *entry = th_step_append(step, TH_ENTRY_CLOCK);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->body.clock_change =
        (struct th_clock_change){.kind = kind,
                                 .to = to,
                                 .has_boottime = !step->core->clock.rehearsed,
                                 .boottime_ms = step->event->now.boottime_ms,
                                 .operator= operator};
    return 0;
}

static void judge_row(struct th_step *step, struct th_book *book, uint32_t place)
{
    const struct th_row *row = &book->rows[place].row;
    TH_ASSERT(row->has_due);
    th_book_judge(step->core, book, place,
                  row->first_received.ms < row->due.ms ? TH_TIMELINESS_ON_TIME
                                                       : TH_TIMELINESS_LATE);
}

/* A clock may have been suspect for long: a row costs its place alone. */
static int judge_book(struct th_step *step, struct th_book *book)
{
    const uint32_t count = book->undecided;
    uint32_t *places = th_arena_alloc_array(step->effects->arena, count, sizeof *places);
    struct th_undo *undo = th_step_note(step, book);
    if (places == NULL || undo == NULL)
        return TH_E_NO_MEMORY;
    undo->is_mark = false;
    undo->rows = places;
    if (!step->effects->without_rows) {
        struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_JUDGED);
        if (effect == NULL)
            return TH_E_NO_MEMORY;
        effect->book = book->id;
        effect->body.judged.places = places;
        effect->body.judged.count = count;
    }
    for (uint32_t row = 0; book->undecided > 0; row++) {
        TH_ASSERT(row < book->rows_count);
        if (book->rows[row].row.timeliness != TH_TIMELINESS_UNDECIDED)
            continue;
        places[undo->rows_count++] = row;
        judge_row(step, book, row);
    }
    TH_ASSERT(undo->rows_count == count);
    return 0;
}

/* The clock is right again: undecided reports are judged by their stamps. */
int th_judge_undecided(struct th_step *step)
{
    struct th_core *core = step->core;
    int status = 0;
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count && status == 0; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            if (book->undecided > 0)
                status = judge_book(step, book);
        }
    return status;
}

const struct th_row *th_core_judged(const struct th_core *core, const struct th_effect *effect,
                                    uint32_t i)
{
    const struct th_book *book = &core->plans[effect->book.plan].books[effect->book.obligation];
    TH_ASSERT(effect->kind == TH_EFFECT_PUT_JUDGED);
    TH_ASSERT(i < effect->body.judged.count);
    return &book->rows[effect->body.judged.places[i]].row;
}

int th_step_clock(struct th_step *step)
{
    struct th_core *core = step->core;
    struct th_clock_next next;
    th_clock_read(core, step->event->now, &next);
    step->time = next.time;
    core->clock.anchor_wall = next.row.anchor_wall;
    core->clock.anchor_boottime_ms = next.row.anchor_boottime_ms;
    core->clock.status = next.row.status;
    core->is_anchored = true;
    if (!next.changes)
        return 0;
    int status = append_change(step, next.kind, step->event->now.wall, (struct th_text){"", 0});
    if (status == 0 && next.kind == TH_CLOCK_SETTLED)
        status = th_judge_undecided(step);
    return status;
}

int th_step_clock_set(struct th_step *step)
{
    struct th_core *core = step->core;
    th_instant to = step->event->body.clock.to;
    if (!core->clock.rehearsed)
        return th_step_answer(step, TH_E_FORBIDDEN);
    if (to.ms < core->clock.time.ms)
        return th_step_answer(step, TH_E_RANGE);
    int status = core->recovery.is_open ? 0 : th_step_timers(step, to, true, TH_TIMERS_ALL);
    if (status < 0)
        return status;
    step->time = to;
    status = append_change(step, TH_CLOCK_REHEARSED, to, step->event->body.clock.operator);
    return status < 0 ? status : th_step_answer(step, 0);
}

int th_step_clock_accept(struct th_step *step)
{
    struct th_core *core = step->core;
    struct th_reading now = step->event->now;
    if (core->clock.rehearsed)
        return th_step_answer(step, TH_E_FORBIDDEN);
    if (core->clock.status != TH_CLOCK_SUSPECT)
        return th_step_answer(step, TH_E_INVALID);
    core->clock.status = TH_CLOCK_STEADY;
    core->clock.anchor_wall = now.wall;
    core->clock.anchor_boottime_ms = now.boottime_ms;
    step->time.ms = later(core->clock.time.ms, now.wall.ms);
    int status = append_change(step, TH_CLOCK_ACCEPTED, now.wall, step->event->body.clock.operator);
    const uint64_t own = step->position;
    if (status == 0)
        status = th_judge_undecided(step);
    if (status == 0 && !core->recovery.is_open)
        status = th_step_timers(step, step->time, false, step->event->timers);
    step->position = own; /* not that of a timer's entry */
    return status < 0 ? status : th_step_answer(step, 0);
}
