/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A book: the rows of one obligation, found by unit and number, and their rollups.
 *
 * Rows are never removed. A rollup exists for a unit and branch as soon as a unit below it is
 * expected or has reported; its owner fills in `expected`.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"

#include <string.h>

bool th_book_exists(const struct th_core *core, struct th_book_id id)
{
    return id.plan < core->plans_count &&
           id.obligation < core->plans[id.plan].plan->obligations_count;
}

struct th_book *th_book_get(struct th_core *core, struct th_book_id id)
{
    TH_ASSERT(id.plan < core->plans_count);
    TH_ASSERT(id.obligation < core->plans[id.plan].plan->obligations_count);
    return &core->plans[id.plan].books[id.obligation];
}

const struct th_obligation *th_book_obligation(const struct th_core *core, struct th_book_id id)
{
    return &core->plans[id.plan].plan->obligations[id.obligation];
}

bool th_obligation_is_counted(const struct th_obligation *obligation)
{
    return obligation->has_due && !obligation->open_ended && !obligation->suspended;
}

/* ---- rows ---- */

static uint32_t hash(uint32_t unit, uint32_t number)
{
    uint64_t mixed = ((uint64_t)unit << 32 | number) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32);
}

/* The place in the index of a row or of the gap where it belongs. */
static uint32_t probe(const struct th_book *book, uint32_t unit, uint32_t number)
{
    uint32_t mask = book->index_capacity - 1;
    uint32_t at = hash(unit, number) & mask;
    while (book->index[at] != 0) {
        const struct th_row *row = &book->rows[book->index[at] - 1].row;
        if (row->unit == unit && row->number == number)
            break;
        at = (at + 1) & mask;
    }
    return at;
}

struct th_row_slot *th_book_find(const struct th_book *book, uint32_t unit, uint32_t number)
{
    if (book->index_capacity == 0)
        return NULL;
    uint32_t at = probe(book, unit, number);
    return book->index[at] == 0 ? NULL : &book->rows[book->index[at] - 1];
}

static int grow_index(struct th_core *core, struct th_book *book, uint32_t capacity)
{
    uint32_t *index = th_heap_alloc_array(&core->heap, capacity, sizeof *index);
    if (index == NULL)
        return TH_E_NO_MEMORY;
    th_heap_free(&core->heap, book->index, book->index_capacity * sizeof *index);
    book->index = index;
    book->index_capacity = capacity;
    for (uint32_t i = 0; i < book->rows_count; i++)
        book->index[probe(book, book->rows[i].row.unit, book->rows[i].row.number)] = i + 1;
    return 0;
}

int th_book_reserve(struct th_core *core, struct th_book *book, uint32_t more)
{
    uint32_t wanted = book->rows_count + more;
    if (wanted > book->rows_capacity) {
        uint32_t capacity = book->rows_capacity == 0 ? 64 : book->rows_capacity * 2;
        capacity = capacity < wanted ? wanted : capacity;
        struct th_row_slot *rows = th_heap_resize(
            &core->heap, book->rows, book->rows_capacity * sizeof *rows, capacity * sizeof *rows);
        if (rows == NULL)
            return TH_E_NO_MEMORY;
        book->rows = rows;
        book->rows_capacity = capacity;
    }
    uint32_t capacity = book->index_capacity == 0 ? 128 : book->index_capacity;
    while (capacity < wanted * 2)
        capacity *= 2;
    return capacity == book->index_capacity ? 0 : grow_index(core, book, capacity);
}

/* ---- rollups ---- */

static const struct th_rollup_layout *layout_of(const struct th_core *core, struct th_book_id id)
{
    return &core->plans[id.plan].layout;
}

static size_t reported_bytes(const struct th_rollup_layout *layout)
{
    return ((size_t)layout->catalogue->number_max + 1) * sizeof(uint32_t);
}

struct th_rollup_slot *th_rollups_get(const struct th_rollup_set *set, uint32_t unit,
                                      enum th_branch branch)
{
    return unit < set->units_count ? set->slots[(size_t)unit * TH_BRANCHES + branch] : NULL;
}

static void free_slot(struct th_core *core, const struct th_rollup_layout *layout,
                      struct th_rollup_slot *slot)
{
    if (slot == NULL)
        return;
    th_heap_free(&core->heap, slot->rollup.reported, reported_bytes(layout));
    th_heap_free(&core->heap, slot->rollup.cells, layout->cells_count * sizeof(th_int128));
    th_heap_free(&core->heap, slot, sizeof *slot);
}

void th_rollups_deinit(struct th_core *core, struct th_book_id id, struct th_rollup_set *set)
{
    size_t count = (size_t)set->units_count * TH_BRANCHES;
    for (size_t i = 0; i < count; i++)
        free_slot(core, layout_of(core, id), set->slots[i]);
    th_heap_free(&core->heap, set->slots, count * sizeof(struct th_rollup_slot *));
    *set = (struct th_rollup_set){0};
}

static int reserve_slot(struct th_core *core, struct th_book_id id, struct th_rollup_set *set,
                        uint32_t unit, enum th_branch branch)
{
    struct th_rollup_slot **place = &set->slots[(size_t)unit * TH_BRANCHES + branch];
    if (*place != NULL)
        return 0;
    const struct th_rollup_layout *layout = layout_of(core, id);
    struct th_rollup_slot *slot = th_heap_alloc(&core->heap, sizeof *slot);
    if (slot == NULL)
        return TH_E_NO_MEMORY;
    slot->rollup.reported = th_heap_alloc(&core->heap, reported_bytes(layout));
    slot->rollup.cells = th_heap_alloc_array(&core->heap, layout->cells_count, sizeof(th_int128));
    if (slot->rollup.reported == NULL || slot->rollup.cells == NULL) {
        free_slot(core, layout, slot);
        return TH_E_NO_MEMORY;
    }
    slot->rollup.counts.has_expected = th_obligation_is_counted(th_book_obligation(core, id));
    slot->is_dirty = true;
    *place = slot;
    return 0;
}

static uint32_t counted_in(const struct th_core *core, const struct th_registry *registry,
                           struct th_book_id id, uint32_t unit)
{
    return th_registry_counted_in(registry, core->plans[id.plan].plan, unit);
}

static int reserve_chain(struct th_core *core, const struct th_registry *registry,
                         struct th_book_id id, struct th_rollup_set *set, uint32_t unit)
{
    enum th_branch branch = th_unit_kind_branch(registry->units[unit].kind);
    uint32_t above = counted_in(core, registry, id, unit);
    for (; above != TH_UNIT_NONE; above = registry->units[above].parent) {
        int status = reserve_slot(core, id, set, above, TH_BRANCH_ALL);
        if (status == 0)
            status = reserve_slot(core, id, set, above, branch);
        if (status < 0)
            return status;
    }
    return 0;
}

int th_book_reserve_rollups(struct th_core *core, struct th_book *book, uint32_t unit)
{
    return reserve_chain(core, &core->registry, book->id, &book->rollups, unit);
}

/* What is done to the rollups above a unit, from the lowest up, its branch and all branches. */
typedef bool chain_fn(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                      const struct th_row *row, const struct th_figures *figures);

static bool apply(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                  const struct th_row *row, const struct th_figures *figures)
{
    th_rollup_apply_figures(layout, rollup, row, figures);
    return false;
}

static bool for_chain(const struct th_core *core, const struct th_registry *registry,
                      struct th_book_id id, struct th_rollup_set *set, const struct th_row *row,
                      chain_fn *fn)
{
    enum th_branch branch = th_unit_kind_branch(registry->units[row->unit].kind);
    uint32_t above = counted_in(core, registry, id, row->unit);
    bool any = false;
    struct th_figures figures;
    th_figures_read(layout_of(core, id), row, &figures);
    for (; above != TH_UNIT_NONE; above = registry->units[above].parent) {
        struct th_rollup_slot *all = th_rollups_get(set, above, TH_BRANCH_ALL);
        struct th_rollup_slot *own = th_rollups_get(set, above, branch);
        TH_ASSERT(all != NULL);
        TH_ASSERT(own != NULL);
        bool in_all = fn(layout_of(core, id), &all->rollup, row, &figures);
        bool in_own = fn(layout_of(core, id), &own->rollup, row, &figures);
        any = any || in_all || in_own;
        all->is_dirty = true;
        own->is_dirty = true;
    }
    return any;
}

static int expect_units(struct th_core *core, const struct th_registry *registry,
                        struct th_book_id id, struct th_rollup_set *set)
{
    const struct th_plan *plan = core->plans[id.plan].plan;
    const struct th_obligation *obligation = th_book_obligation(core, id);
    bool is_dated = obligation->has_due && !obligation->open_ended;
    uint32_t territory = th_registry_territory(registry, plan);
    for (int branch = 0; branch < TH_BRANCHES && territory != TH_UNIT_NONE; branch++) {
        int status = reserve_slot(core, id, set, territory, (enum th_branch)branch);
        if (status < 0)
            return status;
    }
    for (uint32_t unit = 0; is_dated && unit < registry->count; unit++) {
        if (!th_registry_expects(registry, plan, obligation, unit,
                                 th_obligation_last_day(obligation)))
            continue;
        int status = reserve_chain(core, registry, id, set, unit);
        if (status < 0)
            return status;
        enum th_branch branch = th_unit_kind_branch(registry->units[unit].kind);
        uint32_t above = counted_in(core, registry, id, unit);
        for (; above != TH_UNIT_NONE; above = registry->units[above].parent) {
            struct th_counts *all = &th_rollups_get(set, above, TH_BRANCH_ALL)->rollup.counts;
            struct th_counts *own = &th_rollups_get(set, above, branch)->rollup.counts;
            *(obligation->suspended ? &all->suspended : &all->expected) += 1;
            *(obligation->suspended ? &own->suspended : &own->expected) += 1;
        }
    }
    return 0;
}

/* Without rows, with what is expected. */
static int init_set(struct th_core *core, const struct th_registry *registry, struct th_book_id id,
                    struct th_rollup_set *ret_set)
{
    struct th_rollup_set set = {.units_count = registry->count};
    set.slots =
        th_heap_alloc_array(&core->heap, (size_t)registry->count * TH_BRANCHES, sizeof *set.slots);
    if (set.slots == NULL)
        return TH_E_NO_MEMORY;
    int status = expect_units(core, registry, id, &set);
    if (status < 0) {
        th_rollups_deinit(core, id, &set);
        return status;
    }
    *ret_set = set;
    return 0;
}

int th_rollups_build(struct th_core *core, const struct th_registry *registry,
                     const struct th_book *book, struct th_rollup_set *ret_set)
{
    struct th_rollup_set set;
    int status = init_set(core, registry, book->id, &set);
    if (status < 0)
        return status;
    for (uint32_t i = 0; status == 0 && i < book->rows_count; i++) {
        const struct th_row *row = &book->rows[i].row;
        status = reserve_chain(core, registry, book->id, &set, row->unit);
        if (status == 0)
            (void)for_chain(core, registry, book->id, &set, row, apply);
    }
    if (status < 0) {
        th_rollups_deinit(core, book->id, &set);
        return status;
    }
    *ret_set = set;
    return 0;
}

static void recombine_row(const struct th_core *core, const struct th_book *book, uint32_t unit,
                          enum th_branch branch, const struct th_row *row, struct th_rollup *rollup)
{
    const struct th_registry *registry = &core->registry;
    enum th_branch own = th_unit_kind_branch(registry->units[row->unit].kind);
    if ((branch == TH_BRANCH_ALL || branch == own) &&
        counted_in(core, registry, book->id, row->unit) == unit)
        th_rollup_extremes_add_row(layout_of(core, book->id), rollup, row);
}

/* A unit has one report to an obligation, and is found by its number; to an open-ended one it has
 * any, and all rows are looked at. */
static void recombine_unit(const struct th_core *core, const struct th_book *book, uint32_t unit,
                           enum th_branch branch, uint32_t reporter, struct th_rollup *rollup)
{
    const struct th_row_slot *slot = th_book_find(book, reporter, 0);
    if (slot != NULL)
        recombine_row(core, book, unit, branch, &slot->row, rollup);
}

/* The extremes of one rollup from the rollups and rows right below it. */
static void recombine(const struct th_core *core, struct th_book *book, uint32_t unit,
                      enum th_branch branch)
{
    const struct th_rollup_layout *layout = layout_of(core, book->id);
    const struct th_registry *registry = &core->registry;
    const bool has_numbers = th_book_obligation(core, book->id)->open_ended;
    struct th_rollup *rollup = &th_rollups_get(&book->rollups, unit, branch)->rollup;
    th_rollup_extremes_begin(layout, rollup);
    uint32_t child = registry->first_child[unit];
    for (; child != TH_UNIT_NONE; child = registry->next_sibling[child]) {
        struct th_rollup_slot *slot = th_rollups_get(&book->rollups, child, branch);
        if (slot != NULL)
            th_rollup_extremes_add(layout, rollup, &slot->rollup);
        if (!has_numbers)
            recombine_unit(core, book, unit, branch, child, rollup);
    }
    if (!has_numbers)
        recombine_unit(core, book, unit, branch, unit, rollup);
    for (uint32_t i = 0; has_numbers && i < book->rows_count; i++)
        recombine_row(core, book, unit, branch, &book->rows[i].row, rollup);
}

static void recombine_chain(const struct th_core *core, struct th_book *book, uint32_t unit)
{
    enum th_branch branch = th_unit_kind_branch(core->registry.units[unit].kind);
    uint32_t above = counted_in(core, &core->registry, book->id, unit);
    for (; above != TH_UNIT_NONE; above = core->registry.units[above].parent) {
        recombine(core, book, above, TH_BRANCH_ALL);
        recombine(core, book, above, branch);
    }
}

void th_book_put(struct th_core *core, struct th_book *book, const struct th_row *row,
                 struct th_old_revision *old)
{
    uint32_t at = probe(book, row->unit, row->number);
    bool extremes = false;
    if (book->index[at] == 0) {
        TH_ASSERT(book->rows_count < book->rows_capacity);
        TH_ASSERT(old == NULL);
        book->rows[book->rows_count] = (struct th_row_slot){.row = *row};
        book->index[at] = ++book->rows_count;
    } else {
        struct th_row_slot *slot = &book->rows[book->index[at] - 1];
        TH_ASSERT(row->revision > slot->row.revision);
        TH_ASSERT(old != NULL);
        extremes = for_chain(core, &core->registry, book->id, &book->rollups, &slot->row,
                             th_rollup_retract_figures);
        book->undecided -= slot->row.timeliness == TH_TIMELINESS_UNDECIDED;
        th_heap_free(&core->heap, (void *)(uintptr_t)slot->row.values, slot->row.values_size);
        old->next = slot->old;
        slot->old = old;
        slot->row = *row;
    }
    book->undecided += row->timeliness == TH_TIMELINESS_UNDECIDED;
    (void)for_chain(core, &core->registry, book->id, &book->rollups, row, apply);
    if (extremes)
        recombine_chain(core, book, row->unit);
}

static uint32_t *count_of(struct th_counts *counts, enum th_timeliness timeliness)
{
    if (timeliness == TH_TIMELINESS_LATE)
        return &counts->late;
    return timeliness == TH_TIMELINESS_UNDECIDED ? &counts->undecided : &counts->on_time;
}

void th_book_judge(struct th_core *core, struct th_book *book, uint32_t place,
                   enum th_timeliness timeliness)
{
    struct th_row *row = &book->rows[place].row;
    enum th_branch branch = th_unit_kind_branch(core->registry.units[row->unit].kind);
    uint32_t above = counted_in(core, &core->registry, book->id, row->unit);
    for (; above != TH_UNIT_NONE; above = core->registry.units[above].parent)
        for (int i = 0; i < 2; i++) {
            struct th_rollup_slot *slot =
                th_rollups_get(&book->rollups, above, i == 0 ? TH_BRANCH_ALL : branch);
            --*count_of(&slot->rollup.counts, row->timeliness);
            ++*count_of(&slot->rollup.counts, timeliness);
            slot->is_dirty = true;
        }
    book->undecided -= row->timeliness == TH_TIMELINESS_UNDECIDED;
    book->undecided += timeliness == TH_TIMELINESS_UNDECIDED;
    row->timeliness = timeliness;
}

bool th_book_is_past(const struct th_book *book, th_instant at)
{
    for (uint32_t i = 0; i < book->rows_count; i++)
        if (book->rows[i].row.received.ms >= at.ms)
            return true;
    return false;
}

void th_book_deinit(struct th_core *core, struct th_book *book)
{
    for (uint32_t i = 0; i < book->rows_count; i++) {
        struct th_row_slot *slot = &book->rows[i];
        th_heap_free(&core->heap, (void *)(uintptr_t)slot->row.values, slot->row.values_size);
        while (slot->old != NULL) {
            struct th_old_revision *next = slot->old->next;
            th_heap_free(&core->heap, slot->old, sizeof *slot->old);
            slot->old = next;
        }
    }
    th_heap_free(&core->heap, book->rows, book->rows_capacity * sizeof *book->rows);
    th_heap_free(&core->heap, book->index, book->index_capacity * sizeof *book->index);
    th_rollups_deinit(core, book->id, &book->rollups);
    th_rollups_deinit(core, book->id, &book->past);
}

/* ---- loading ---- */

bool th_core_book_is_open(const struct th_core *core, struct th_book_id id)
{
    return th_book_exists(core, id) && core->plans[id.plan].books[id.obligation].is_open;
}

int th_core_book_open(struct th_core *core, struct th_book_id id)
{
    struct th_book *book = th_book_get(core, id);
    if (book->is_open)
        return 0;
    int status = init_set(core, &core->registry, id, &book->rollups);
    if (status < 0)
        return status;
    book->is_open = true;
    return 0;
}

static int copy_row(struct th_core *core, const struct th_row *row, struct th_row *ret_row)
{
    uint8_t *values = th_heap_alloc(&core->heap, row->values_size);
    if (values == NULL)
        return TH_E_NO_MEMORY;
    memcpy(values, row->values, row->values_size);
    *ret_row = *row;
    ret_row->values = values;
    return 0;
}

static int check_row(const struct th_core *core, struct th_book_id id, const struct th_row *row)
{
    return row->unit < core->registry.count ? th_rollup_check_row(layout_of(core, id), row)
                                            : TH_E_CORRUPT;
}

int th_core_book_row(struct th_core *core, struct th_book_id id, const struct th_row *row)
{
    struct th_book *book = th_book_get(core, id);
    TH_ASSERT(book->is_open);
    struct th_row own;
    int status = check_row(core, id, row);
    if (status == 0 && th_book_find(book, row->unit, row->number) != NULL)
        status = TH_E_CORRUPT;
    if (status == 0)
        status = th_book_reserve(core, book, 1);
    if (status == 0)
        status = th_book_reserve_rollups(core, book, row->unit);
    if (status == 0)
        status = copy_row(core, row, &own);
    if (status < 0)
        return status;
    th_book_put(core, book, &own, NULL);
    return 0;
}

int th_core_book_revision(struct th_core *core, struct th_book_id id,
                          const struct th_revision *revision)
{
    struct th_row_slot *slot =
        th_book_find(th_book_get(core, id), revision->unit, revision->number);
    if (slot == NULL || revision->revision >= slot->row.revision)
        return TH_E_CORRUPT;
    struct th_old_revision *old = th_heap_alloc(&core->heap, sizeof *old);
    if (old == NULL)
        return TH_E_NO_MEMORY;
    *old = (struct th_old_revision){.next = slot->old, .revision = *revision};
    slot->old = old;
    return 0;
}

void th_core_book_close(struct th_core *core, struct th_book_id id)
{
    struct th_book *book = th_book_get(core, id);
    for (size_t i = 0; i < (size_t)book->rollups.units_count * TH_BRANCHES; i++)
        if (book->rollups.slots[i] != NULL)
            book->rollups.slots[i]->is_dirty = false; /* the tables have them */
}

int th_core_give_past(struct th_core *core, struct th_book_id id, th_instant at,
                      const struct th_row *rows, size_t rows_count)
{
    struct th_book *book = th_book_get(core, id);
    struct th_rollup_set set;
    int status = init_set(core, &core->registry, id, &set);
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && i < rows_count; i++) {
        struct th_row row = rows[i];
        row.timeliness = TH_TIMELINESS_ON_TIME; /* first received before the due instant */
        status = check_row(core, id, &row);
        if (status == 0)
            status = reserve_chain(core, &core->registry, id, &set, row.unit);
        if (status == 0)
            (void)for_chain(core, &core->registry, id, &set, &row, apply);
    }
    if (status < 0) {
        th_rollups_deinit(core, id, &set);
        return status;
    }
    th_rollups_deinit(core, id, &book->past);
    book->past = set;
    book->has_past = true;
    book->past_at = at;
    return 0;
}
