/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a fold: what it has made, as rows and as rollups. */
#include "aggregator/core/state.h"

int th_core_end_fold(struct th_core *core)
{
    for (uint16_t plan = 0; core->is_folding && plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            int status = th_book_catch_up(core, &core->plans[plan].books[i]);
            if (status < 0)
                return status;
        }
    core->is_folding = false;
    return 0;
}

static const struct th_book *book_of(const struct th_core *core, struct th_book_id id)
{
    return &core->plans[id.plan].books[id.obligation];
}

bool th_core_is_as_closed(const struct th_core *core, struct th_book_id book)
{
    return book_of(core, book)->is_as_closed;
}

void th_core_drop_rollups(struct th_core *core, struct th_book_id book)
{
    if (core->is_folding)
        th_book_drop_rollups(core, th_book_get(core, book));
}

bool th_core_has_book(const struct th_core *core, struct th_book_id book)
{
    return th_core_book_is_open(core, book);
}

uint64_t th_core_rows_count(const struct th_core *core, struct th_book_id book)
{
    return book_of(core, book)->rows_count;
}

uint64_t th_core_revisions_count(const struct th_core *core, struct th_book_id id)
{
    const struct th_book *book = book_of(core, id);
    uint64_t count = 0;
    for (uint32_t i = 0; i < book->rows_count; i++)
        for (const struct th_old_revision *old = book->rows[i].old; old != NULL; old = old->next)
            count++;
    return count;
}

const struct th_row *th_core_find_row(const struct th_core *core, struct th_book_id book,
                                      uint32_t unit, uint32_t number)
{
    const struct th_row_slot *slot = th_book_find(book_of(core, book), unit, number);
    return slot == NULL ? NULL : &slot->row;
}

void th_core_foresee(const struct th_core *core, struct th_book_id id, uint32_t unit)
{
    const struct th_book *book = book_of(core, id);
    th_book_foresee(book, unit + 1, 0, TH_FORESEE_CONTENT);
    th_book_foresee(book, unit + 2, 0, TH_FORESEE_ROW);
    th_book_foresee(book, unit + 3, 0, TH_FORESEE_PLACE);
}

const struct th_revision *th_core_find_revision(const struct th_core *core, struct th_book_id book,
                                                uint32_t unit, uint32_t number, uint32_t revision)
{
    const struct th_row_slot *slot = th_book_find(book_of(core, book), unit, number);
    const struct th_old_revision *old = slot == NULL ? NULL : slot->old;
    while (old != NULL && old->revision.revision != revision)
        old = old->next;
    return old == NULL ? NULL : &old->revision;
}

int th_core_rows(const struct th_core *core, struct th_book_id id, th_core_row_fn *fn,
                 void *context)
{
    const struct th_book *book = book_of(core, id);
    int status = 0;
    for (uint32_t i = 0; i < book->rows_count && status == 0; i++)
        status = fn(context, &book->rows[i].row);
    return status;
}

int th_core_revisions(const struct th_core *core, struct th_book_id book, uint32_t unit,
                      uint32_t number, th_core_revision_fn *fn, void *context)
{
    const struct th_row_slot *slot = th_book_find(book_of(core, book), unit, number);
    int status = 0;
    for (const struct th_old_revision *old = slot == NULL ? NULL : slot->old;
         old != NULL && status == 0; old = old->next)
        status = fn(context, &old->revision);
    return status;
}

/* Rollups are taken from a heap, and nothing else of a core is changed by making them: so this one
 * is the core with a heap of its own. */
int th_core_recount(const struct th_core *core, struct th_book_id id, size_t budget_bytes,
                    th_core_rollup_fn *fn, void *context)
{
    struct th_core own = *core;
    struct th_rollup_set set;
    th_heap_init(&own.heap, budget_bytes);
    own.is_folding = false; /* keeps no blank */
    int status = th_rollups_build(&own, &own.registry, book_of(core, id), &set);
    if (status < 0)
        return status;
    for (uint32_t place = 0; place < set.places_count && status == 0; place++)
        for (int branch = 0; branch < TH_BRANCHES && status == 0; branch++) {
            const struct th_rollup_slot *slot =
                set.slots[(size_t)place * TH_BRANCHES + (size_t)branch];
            uint32_t unit =
                place < core->registry.places_count ? core->registry.placed[place] : set.territory;
            if (slot == NULL)
                continue;
            th_rollups_settle(core, book_of(core, id), &set, unit, (enum th_branch)branch);
            status = fn(context, id, unit, (enum th_branch)branch, th_rollups_layout(core, id),
                        &slot->rollup);
        }
    th_rollups_deinit(&own, id, &set);
    return status;
}
