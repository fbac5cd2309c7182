/* SPDX-License-Identifier: Apache-2.0 */
/* What one step makes: its effects, in order, in chunks that stay where they are. */
#include "aggregator/core/state.h"

#include "base/assert.h"

#include <string.h>

struct th_effect *th_effects_get(const struct th_effects *effects, size_t index)
{
    TH_ASSERT(index < effects->count);
    return &effects->chunks[index / TH_EFFECTS_CHUNK][index % TH_EFFECTS_CHUNK];
}

static int add_chunk(struct th_effects *effects)
{
    struct th_arena *arena = effects->arena;
    if (effects->chunks_count == effects->chunks_capacity) {
        size_t capacity = effects->chunks_capacity == 0 ? 16 : effects->chunks_capacity * 2;
        struct th_effect **chunks = th_arena_alloc_array(arena, capacity, sizeof(void *));
        if (chunks == NULL)
            return TH_E_NO_MEMORY;
        if (effects->chunks_count > 0)
            memcpy(chunks, effects->chunks, effects->chunks_count * sizeof(void *));
        effects->chunks = chunks;
        effects->chunks_capacity = capacity;
    }
    struct th_effect *chunk = th_arena_take(arena, TH_EFFECTS_CHUNK * sizeof(struct th_effect));
    if (chunk == NULL)
        return TH_E_NO_MEMORY;
    effects->chunks[effects->chunks_count++] = chunk;
    return 0;
}

struct th_arena *th_step_passing(const struct th_step *step)
{
    return step->effects->passing != NULL ? step->effects->passing : step->effects->arena;
}

int th_step_reserve(struct th_step *step, size_t more)
{
    struct th_effects *effects = step->effects;
    int status = 0;
    while (status == 0 && effects->count + more > effects->chunks_count * TH_EFFECTS_CHUNK)
        status = add_chunk(effects);
    return status;
}

/* One that is still to be written. */
static struct th_effect *push(struct th_step *step)
{
    if (th_step_reserve(step, 1) < 0)
        return NULL;
    step->effects->count++;
    return th_effects_get(step->effects, step->effects->count - 1);
}

struct th_effect *th_step_push(struct th_step *step, enum th_effect_kind kind)
{
    struct th_effect *effect = push(step);
    if (effect != NULL)
        *effect = (struct th_effect){.kind = kind};
    return effect;
}

struct th_entry *th_step_append(struct th_step *step, enum th_entry_kind kind)
{
    struct th_effect *effect = push(step);
    if (effect == NULL)
        return NULL;
    struct th_core *core = step->core;
    TH_ASSERT(step->time.ms >= core->clock.time.ms);
    core->clock.time = step->time;
    step->appended = true;
    step->position = core->next_position;
    *effect = (struct th_effect){.kind = TH_EFFECT_APPEND,
                                 .body.append = {.position = core->next_position++,
                                                 .kind = kind,
                                                 .time = step->time,
                                                 .boottime_ms = step->event->now.boottime_ms,
                                                 .clock = core->clock.status,
                                                 .unit = {"", 0},
                                                 .operator= {"", 0} } };
    return &effect->body.append;
}

int th_step_answer(struct th_step *step, int status)
{
    struct th_effect *effect = th_step_push(step, TH_EFFECT_ANSWER);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->body.answer.sender = step->event->sender;
    effect->body.answer.status = status;
    effect->body.answer.journalled = step->appended && status == 0;
    effect->body.answer.position = step->appended ? step->position : step->core->next_position;
    return th_step_reserve(step, TH_STEP_TAIL - 1); /* for the clock at the end of the step */
}

struct th_undo *th_step_note(struct th_step *step, struct th_book *book)
{
    struct th_undo *undo = th_arena_alloc(step->effects->arena, sizeof *undo);
    if (undo == NULL)
        return NULL;
    undo->book = book;
    undo->is_mark = true;
    undo->had_mark = book->has_mark;
    undo->mark = book->mark;
    undo->next = step->undo;
    step->undo = undo;
    return undo;
}
