/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/planning.h"

#include <string.h>

int th_planning_init(struct th_step *step, size_t capacity, struct th_planning *ret_planning)
{
    struct th_planning planning = {.step = step};
    planning.items = th_arena_alloc_array(th_step_passing(step), capacity, sizeof *planning.items);
    if (planning.items == NULL)
        return TH_E_NO_MEMORY;
    *ret_planning = planning;
    return 0;
}

static void drop_one(struct th_heap *heap, const struct th_planned *planned)
{
    planned->book->planned--;
    planned->book->planned_first -= planned->old == NULL;
    th_heap_free(heap, planned->old, sizeof *planned->old);
    th_heap_free(heap, (void *)(uintptr_t)planned->row.values, planned->row.values_size);
}

void th_planning_drop(struct th_planning *planning)
{
    for (size_t i = 0; i < planning->count; i++)
        drop_one(&planning->step->core->heap, &planning->items[i]);
    planning->count = 0;
}

/* ---- looking ---- */

void th_planning_foresee(const struct th_planning *planning, const struct th_submission *submission,
                         uint32_t unit)
{
    const struct th_core *core = planning->step->core;
    const size_t count = submission->header.reports_count;
    const struct th_book *books[TH_LIMIT_REPORTS_MAX] = {NULL};
    if (count < 2 || count > TH_LIMIT_REPORTS_MAX)
        return;
    for (size_t i = 0; i < count; i++) {
        struct th_book_id id;
        if (!th_core_find_book(core, &submission->reports[i], &id))
            continue;
        books[i] = &core->plans[id.plan].books[id.obligation];
        th_book_foresee(books[i], unit, submission->reports[i].number, TH_FORESEE_PLACE);
    }
    for (int step = TH_FORESEE_ROW; step <= TH_FORESEE_CONTENT; step++)
        for (size_t i = 0; i < count; i++)
            if (books[i] != NULL)
                th_book_foresee(books[i], unit, submission->reports[i].number,
                                (enum th_foresight)step);
}

static bool is_report(const struct th_planned *planned, const struct th_book *book, uint32_t unit,
                      uint32_t number)
{
    return planned->book == book && planned->row.unit == unit && planned->row.number == number;
}

static const struct th_book *book_of(const struct th_planning *planning, struct th_book_id id)
{
    return &planning->step->core->plans[id.plan].books[id.obligation];
}

const struct th_row *th_planning_find_row(const struct th_planning *planning, struct th_book_id id,
                                          uint32_t unit, uint32_t number)
{
    const struct th_book *book = book_of(planning, id);
    for (size_t i = planning->count; book->planned > 0 && i-- > 0;)
        if (is_report(&planning->items[i], book, unit, number))
            return &planning->items[i].row;
    const struct th_row_slot *slot = th_book_find(book, unit, number);
    return slot == NULL ? NULL : &slot->row;
}

bool th_planning_find_revision(const struct th_planning *planning, struct th_book_id id,
                               uint32_t unit, const struct th_report *report,
                               const struct th_digest **ret_digest, uint64_t *ret_position)
{
    const struct th_book *book = book_of(planning, id);
    for (size_t i = 0; book->planned > 0 && i < planning->count; i++) {
        const struct th_planned *planned = &planning->items[i];
        if (is_report(planned, book, unit, report->number) &&
            planned->row.revision == report->revision) {
            *ret_digest = &planned->row.digest;
            *ret_position = planned->row.position;
            return true;
        }
    }
    const struct th_row_slot *slot = th_book_find(book, unit, report->number);
    if (slot == NULL)
        return false;
    if (slot->row.revision == report->revision) {
        *ret_digest = &slot->row.digest;
        *ret_position = slot->row.position;
        return true;
    }
    for (const struct th_old_revision *old = slot->old; old != NULL; old = old->next)
        if (old->revision.revision == report->revision) {
            *ret_digest = &old->revision.digest;
            *ret_position = old->revision.position;
            return true;
        }
    return false;
}

/* ---- planning ---- */

/* The row's values, in memory of the core's own. */
static int pack(const struct th_planning *planning, struct th_book_id id,
                const struct th_report *report, struct th_planned *planned)
{
    struct th_core *core = planning->step->core;
    struct th_arena *arena = th_step_passing(planning->step);
    struct th_row *row = &planned->row;
    if (!th_row_can_pack(report) || (row->timeliness == TH_TIMELINESS_UNDECIDED && !row->has_due))
        return TH_E_CORRUPT;
    struct th_values values;
    int status = th_row_values(report, arena, &values);
    if (status == 0)
        status = th_rollup_check_values(&core->plans[id.plan].layout, &values);
    if (status == 0)
        status = th_row_pack_values(report, &values, arena, row);
    if (status < 0)
        return status;
    uint8_t *own = th_heap_alloc(&core->heap, row->values_size);
    if (own == NULL)
        return TH_E_NO_MEMORY;
    memcpy(own, row->values, row->values_size);
    planned->packed = row->values;
    row->values = own;
    return 0;
}

int th_planning_add(struct th_planning *planning, struct th_book_id id, const struct th_row *row,
                    const struct th_row *before, const struct th_report *report)
{
    struct th_core *core = planning->step->core;
    /* Made where it stays: what was just written field by field is dear to copy. */
    struct th_planned *planned = &planning->items[planning->count];
    planned->book = th_book_get(core, id);
    planned->row = *row;
    planned->old = NULL;
    int status = pack(planning, id, report, planned);
    if (status < 0)
        return status;
    if (before != NULL) {
        planned->old = th_heap_alloc(&core->heap, sizeof *planned->old);
        if (planned->old == NULL) {
            th_heap_free(&core->heap, (void *)(uintptr_t)planned->row.values,
                         planned->row.values_size);
            return TH_E_NO_MEMORY;
        }
        planned->old->revision = th_revision_of(before);
    }
    planned->book->planned++;
    planned->book->planned_first += planned->old == NULL;
    planning->count++;
    return 0;
}

/* ---- putting ---- */

/* With the values of the arena: the row that keeps its own may be superseded in the same
 * submission. */
static int push_row(struct th_step *step, const struct th_planned *planned)
{
    const struct th_row *row = &planned->row;
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_ROW);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = planned->book->id;
    effect->body.row = *row;
    effect->body.row.values = planned->packed;
    if (planned->old == NULL)
        return 0;
    effect = th_step_push(step, TH_EFFECT_PUT_REVISION);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = planned->book->id;
    effect->body.revision = planned->old->revision;
    return 0;
}

int th_planning_prepare(struct th_planning *planning)
{
    struct th_step *step = planning->step;
    int status = 0;
    for (size_t i = 0; status == 0 && i < planning->count; i++) {
        struct th_planned *planned = &planning->items[i];
        struct th_book *book = planned->book;
        status = th_book_reserve(step->core, book, book->planned, book->planned_first);
        if (status == 0 && planned->old == NULL)
            status = th_rollups_reserve(step->core, &step->core->registry, book->id, &book->rollups,
                                        planned->row.unit);
        if (status == 0)
            status = push_row(step, planned);
    }
    return status < 0 ? status : th_step_reserve(step, TH_STEP_TAIL);
}

void th_planning_put(struct th_planning *planning)
{
    for (size_t i = 0; i < planning->count; i++) {
        const struct th_planned *planned = &planning->items[i];
        th_book_put(planning->step->core, planned->book, &planned->row, planned->old);
        planned->book->planned--;
        planned->book->planned_first -= planned->old == NULL;
    }
    planning->count = 0;
}
