/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which entries between two moments changed the reports of one obligation.
 *
 * Reports never vanish, so the second moment has a row for each of the first. A row that is newer
 * than the first moment has one change for each of its revisions in between. A report that waited
 * for its timeliness at the first moment and has it at the second was judged by the first steady
 * entry in between: that is a change of its own. A report that both came and was judged in between
 * counts as judged from its beginning.
 */
#include "aggregator/audit/diff_parts.h"
#include "aggregator/query/compare.h"
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

struct listing {
    const struct th_question *from, *to;
    struct th_changes *changes;
    size_t capacity;
    uint64_t settled; /* the first steady entry after the first moment; the second size: none */
};

static int push(struct listing *listing, struct th_change change)
{
    struct th_changes *changes = listing->changes;
    if (changes->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
        struct th_change *items = th_arena_alloc_array(listing->to->arena, capacity, sizeof *items);
        if (items == NULL)
            return TH_E_NO_MEMORY;
        if (changes->count > 0)
            memcpy(items, changes->items, changes->count * sizeof *items);
        changes->items = items;
        listing->capacity = capacity;
    }
    changes->items[changes->count++] = change;
    return 0;
}

/* Positions of one report's revisions, ascending, without those that are outside. */
struct positions {
    const struct listing *listing;
    uint64_t *items;
    size_t count, capacity;
};

static int keep_position(void *context, const struct th_revision *revision)
{
    struct positions *positions = context;
    if (revision->position < positions->listing->from->size ||
        revision->position >= positions->listing->to->size)
        return 0;
    uint64_t *items =
        th_array_grow(positions->items, positions->count, &positions->capacity, 8, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    positions->items = items;
    positions->items[positions->count++] = revision->position;
    return 0;
}

static int compare_positions(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct th_row *copy_row(const struct th_row *row, struct th_arena *arena)
{
    struct th_row *copy = th_arena_alloc(arena, sizeof *copy);
    if (copy != NULL)
        *copy = *row;
    return copy;
}

static int push_judged(struct listing *listing, uint32_t slot, const struct th_row **state)
{
    struct th_row *after = copy_row(*state, listing->to->arena);
    if (after == NULL)
        return TH_E_NO_MEMORY;
    after->timeliness = listing->changes->to.rows[slot].timeliness;
    const struct th_change change = {
        .kind = TH_CHANGE_JUDGED,
        .position = listing->settled < listing->to->size ? listing->settled : after->position,
        .slot = slot,
        .before = *state,
        .after = after};
    *state = after;
    return push(listing, change);
}

/* The changes of one report, from what it was at the first moment. */
static int list_report(struct listing *listing, uint32_t slot, const struct positions *positions)
{
    const struct th_question *to = listing->to;
    const struct th_past_source source = th_query_past_source(to);
    const struct th_row *end = &listing->changes->to.rows[slot];
    const struct th_row *state = listing->changes->from_of[slot];
    bool is_judged = state != NULL && state->timeliness != end->timeliness;
    struct th_row current;
    int status = th_view_row(to->view, to->book, end->unit, end->number, &current);
    if (status == 0)
        status = th_query_check_row(to, &current);
    for (size_t i = 0; i < positions->count && status == 0; i++) {
        struct th_row row;
        uint64_t position = positions->items[i];
        if (is_judged && position > listing->settled) {
            status = push_judged(listing, slot, &state);
            is_judged = false;
        }
        const struct th_past_cut cut = {position + 1, TH_PAST_ALL_TIME};
        if (status == 0)
            status = th_past_row(&source, to->book, cut, &current, to->arena, &row);
        struct th_row *after = status == 0 ? copy_row(&row, to->arena) : NULL;
        if (status == 0 && after == NULL)
            status = TH_E_NO_MEMORY;
        if (status == 0)
            status = th_query_check_row(to, after);
        if (status != 0)
            break;
        after->timeliness = is_judged ? state->timeliness : end->timeliness;
        status = push(listing, (struct th_change){.kind = state == NULL ? TH_CHANGE_NEW
                                                                        : TH_CHANGE_CORRECTION,
                                                  .position = position,
                                                  .slot = slot,
                                                  .before = state,
                                                  .after = after});
        state = after;
    }
    if (status == 0 && is_judged)
        status = push_judged(listing, slot, &state);
    return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
}

static int find_settled(struct listing *listing)
{
    uint64_t position = listing->from->size;
    for (; position < listing->to->size; position++) {
        struct th_stored_entry entry;
        int status = th_view_entry(listing->to->view, position, &entry);
        if (status != 0)
            return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
        if (entry.clock == TH_CLOCK_STEADY)
            break;
    }
    listing->settled = position;
    return 0;
}

static int list_slot(struct listing *listing, uint32_t slot)
{
    const struct th_question *to = listing->to;
    const struct th_row *end = &listing->changes->to.rows[slot];
    const struct th_row *begin = listing->changes->from_of[slot];
    struct positions positions = {.listing = listing};
    const struct th_revision last = {.position = end->position};
    int status = 0;
    if (end->position < listing->from->size &&
        (begin == NULL || begin->timeliness == end->timeliness))
        return begin == NULL ? TH_E_CORRUPT : 0;
    if (end->revision > 1)
        status = th_view_revisions(to->view, to->book, end->unit, end->number, keep_position,
                                   &positions);
    if (status == 0)
        status = keep_position(&positions, &last);
    if (status == 0 && positions.count > 0)
        qsort(positions.items, positions.count, sizeof *positions.items, compare_positions);
    /* What was current at the second moment may stand among the revisions now; and of two revisions
     * in one submission the later one counts. */
    size_t kept = 0;
    for (size_t i = 0; i < positions.count; i++)
        if (kept == 0 || positions.items[kept - 1] != positions.items[i])
            positions.items[kept++] = positions.items[i];
    positions.count = kept;
    if (status == 0)
        status = list_report(listing, slot, &positions);
    free(positions.items);
    return status;
}

/* ---- both moments ---- */

static int compare_changes(const void *a, const void *b)
{
    const struct th_change *x = a, *y = b;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    if (x->after->index != y->after->index)
        return x->after->index < y->after->index ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

int th_changes_read(const struct th_question *from, const struct th_question *to,
                    struct th_reader *reader, struct th_changes *ret_changes)
{
    struct th_changes changes = {.count = 0};
    struct listing listing = {.from = from, .to = to, .changes = &changes};
    int status = from->size == 0 ? 0 : th_query_rows(from, &changes.from);
    if (status == 0)
        status = th_query_rows(to, &changes.to);
    if (status == 0)
        status = th_compare_rows(&changes.from, &changes.to, to->arena, &changes.from_of);
    if (status == 0)
        status = find_settled(&listing);
    for (size_t slot = 0; slot < changes.to.count && status == 0; slot++) {
        th_reader_step(reader, slot, changes.to.rows[slot].position);
        status = list_slot(&listing, (uint32_t)slot);
    }
    if (status == 0 && changes.count > 0)
        qsort(changes.items, changes.count, sizeof *changes.items, compare_changes);
    if (status == 0)
        *ret_changes = changes;
    return status;
}
