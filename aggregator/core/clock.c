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

static int judge_row(struct th_step *step, struct th_book *book, uint32_t place)
{
    struct th_row *row = &book->rows[place].row;
    struct th_undo *undo = th_step_note(step, book);
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_ROW);
    uint8_t *values = th_arena_alloc(step->effects->arena, row->values_size);
    if (undo == NULL || effect == NULL || values == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < row->values_size; i++)
        values[i] = row->values[i];
    undo->is_mark = false;
    undo->row = place;
    undo->timeliness = row->timeliness;
    TH_ASSERT(row->has_due);
    th_book_judge(step->core, book, place,
                  row->first_received.ms < row->due.ms ? TH_TIMELINESS_ON_TIME
                                                       : TH_TIMELINESS_LATE);
    effect->book = book->id;
    effect->body.row = *row;
    effect->body.row.values = values;
    return 0;
}

/* The clock is right again: undecided reports are judged by their stamps. */
int th_judge_undecided(struct th_step *step)
{
    struct th_core *core = step->core;
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            for (uint32_t row = 0; book->undecided > 0 && row < book->rows_count; row++) {
                if (book->rows[row].row.timeliness != TH_TIMELINESS_UNDECIDED)
                    continue;
                int status = judge_row(step, book, row);
                if (status < 0)
                    return status;
            }
        }
    return 0;
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
    int status = core->recovery.is_open ? 0 : th_step_timers(step, to, true);
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
        status = th_step_timers(step, step->time, false);
    step->position = own; /* not that of a timer's entry */
    return status < 0 ? status : th_step_answer(step, 0);
}
