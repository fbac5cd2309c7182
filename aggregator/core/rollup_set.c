/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rollups of one book. A rollup exists for a unit and branch as soon as a unit below it is
 * expected or has reported; `expected` is filled in here.
 *
 * Reports come here when somebody asks for the rollups (counting.c), or with their past. A report
 * counts in every unit above it, in its branch and in all branches together. Its counts are exact
 * at once. Figures are added to those of the branch; all branches together are the sum of the
 * two, gathered when somebody needs them. What is taken out of sums is exact at once; a min or max
 * that may have been taken out stays as a bound, and is searched when somebody needs it: once a
 * batch, not once a report.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"
#include "proto/model/packed.h"

#include <string.h>

enum { FORESEEN_ROWS = 8 };

const struct th_rollup_layout *th_rollups_layout(const struct th_core *core, struct th_book_id id)
{
    return &core->plans[id.plan].layout;
}

static size_t reported_bytes(const struct th_rollup_layout *layout)
{
    return ((size_t)layout->catalogue->number_max + 1) * sizeof(uint32_t);
}

static size_t slots_count(const struct th_rollup_set *set)
{
    return (size_t)set->places_count * TH_BRANCHES;
}

static size_t expected_bytes(const struct th_rollup_set *set)
{
    return ((size_t)set->units_count + 7) / 8;
}

/* ---- slots ---- */

/* Where the rollup of a unit stands or would; NULL when the unit can have none. */
static struct th_rollup_slot **slot_place(const struct th_registry *registry,
                                          const struct th_rollup_set *set, uint32_t unit,
                                          enum th_branch branch)
{
    uint32_t place = unit < set->units_count ? registry->places[unit] : TH_UNIT_NONE;
    if (place == TH_UNIT_NONE && unit < set->units_count && unit == set->territory)
        place = set->places_count - 1;
    return place == TH_UNIT_NONE ? NULL : &set->slots[(size_t)place * TH_BRANCHES + branch];
}

struct th_rollup_slot *th_rollups_get(const struct th_registry *registry,
                                      const struct th_rollup_set *set, uint32_t unit,
                                      enum th_branch branch)
{
    struct th_rollup_slot **place = slot_place(registry, set, unit, branch);
    return place == NULL ? NULL : *place;
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
    for (size_t i = 0; set->slots != NULL && i < slots_count(set); i++)
        free_slot(core, th_rollups_layout(core, id), set->slots[i]);
    th_heap_free(&core->heap, set->slots, slots_count(set) * sizeof(struct th_rollup_slot *));
    th_heap_free(&core->heap, set->expected, expected_bytes(set));
    *set = (struct th_rollup_set){0};
}

static int reserve_slot(struct th_core *core, const struct th_registry *registry,
                        struct th_book_id id, struct th_rollup_set *set, uint32_t unit,
                        enum th_branch branch)
{
    struct th_rollup_slot **place = slot_place(registry, set, unit, branch);
    TH_ASSERT(place != NULL);
    if (*place != NULL)
        return 0;
    const struct th_rollup_layout *layout = th_rollups_layout(core, id);
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
    set->is_dirty = true;
    *place = slot;
    return 0;
}

/* The lowest unit in whose rollups a unit counts: itself when it has others below it or is the
 * territory, else its parent. TH_UNIT_NONE when there is none. */
static uint32_t counted_in(const struct th_registry *registry, const struct th_rollup_set *set,
                           uint32_t unit)
{
    bool is_own = registry->places[unit] != TH_UNIT_NONE || unit == set->territory;
    return is_own ? unit : registry->units[unit].parent;
}

int th_rollups_reserve(struct th_core *core, const struct th_registry *registry,
                       struct th_book_id id, struct th_rollup_set *set, uint32_t unit)
{
    enum th_branch branch = th_unit_kind_branch(registry->units[unit].kind);
    uint32_t above = counted_in(registry, set, unit);
    for (; above != TH_UNIT_NONE; above = registry->units[above].parent) {
        int status = reserve_slot(core, registry, id, set, above, TH_BRANCH_ALL);
        if (status == 0)
            status = reserve_slot(core, registry, id, set, above, branch);
        if (status < 0)
            return status;
    }
    return 0;
}

/* ---- what is expected ---- */

static void expect_unit(const struct th_registry *registry, struct th_rollup_set *set,
                        uint32_t unit, bool suspended)
{
    enum th_branch branch = th_unit_kind_branch(registry->units[unit].kind);
    uint32_t above = counted_in(registry, set, unit);
    set->expected[unit / 8] = (uint8_t)(set->expected[unit / 8] | 1U << unit % 8);
    for (; above != TH_UNIT_NONE; above = registry->units[above].parent) {
        struct th_counts *all = &th_rollups_get(registry, set, above, TH_BRANCH_ALL)->rollup.counts;
        struct th_counts *own = &th_rollups_get(registry, set, above, branch)->rollup.counts;
        *(suspended ? &all->suspended : &all->expected) += 1;
        *(suspended ? &own->suspended : &own->expected) += 1;
    }
}

static int expect_units(struct th_core *core, const struct th_registry *registry,
                        struct th_book_id id, struct th_rollup_set *set)
{
    const struct th_plan *plan = core->plans[id.plan].plan;
    const struct th_obligation *obligation = th_book_obligation(core, id);
    for (int branch = 0; branch < TH_BRANCHES && set->territory != TH_UNIT_NONE; branch++) {
        int status = reserve_slot(core, registry, id, set, set->territory, (enum th_branch)branch);
        if (status < 0)
            return status;
    }
    if (!obligation->has_due || obligation->open_ended)
        return 0;
    set->expected = th_heap_alloc(&core->heap, expected_bytes(set));
    int status = set->expected == NULL ? TH_E_NO_MEMORY : 0;
    for (uint32_t unit = 0; status == 0 && unit < registry->count; unit++) {
        if (!th_registry_expects(registry, plan, obligation, unit,
                                 th_obligation_last_day(obligation)))
            continue;
        status = th_rollups_reserve(core, registry, id, set, unit);
        if (status == 0)
            expect_unit(registry, set, unit, obligation->suspended);
    }
    return status;
}

/* ---- what was expected before ---- */

void th_rollups_drop_blank(struct th_core *core, uint16_t plan)
{
    struct th_blank *blank = &core->plans[plan].blank;
    if (blank->is_there)
        th_rollups_deinit(core, (struct th_book_id){plan, blank->obligation}, &blank->set);
    *blank = (struct th_blank){.is_there = false};
}

static bool is_same_list(const char *const *a, const char *const *b, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* Whether two obligations ask the same units, where these are valid. */
static bool is_same_who(const struct th_obligation *a, const struct th_obligation *b)
{
    const struct th_terms *left = th_obligation_terms(a, TH_TERM_WHO);
    const struct th_terms *right = th_obligation_terms(b, TH_TERM_WHO);
    if (left == NULL || right == NULL)
        return left == right;
    const struct th_selector *one = &left->who, *other = &right->who;
    return one->kinds == other->kinds && one->levels == other->levels &&
           one->units_count == other->units_count && one->except_count == other->except_count &&
           is_same_list(one->units, other->units, one->units_count) &&
           is_same_list(one->except, other->except, one->except_count);
}

static bool is_dated(const struct th_obligation *obligation)
{
    return obligation->has_due && !obligation->open_ended;
}

static bool serves(const struct th_core *core, const struct th_blank *blank, struct th_book_id id)
{
    const struct th_plan *plan = core->plans[id.plan].plan;
    const struct th_obligation *own = &plan->obligations[id.obligation];
    const struct th_obligation *other = &plan->obligations[blank->obligation];
    if (!blank->is_there || !is_dated(own) || own->suspended != other->suspended ||
        !is_same_who(own, other))
        return false;
    const th_day day = th_obligation_last_day(own);
    return blank->from.number <= day.number && day.number < blank->until.number;
}

/* `from` is as it was when nothing but what is expected was in it. */
static int copy_expected(struct th_core *core, const struct th_registry *registry,
                         struct th_book_id id, const struct th_rollup_set *from,
                         struct th_rollup_set *set)
{
    for (size_t at = 0; at < slots_count(from); at++) {
        const uint32_t place = (uint32_t)(at / TH_BRANCHES);
        const uint32_t unit =
            place < registry->places_count ? registry->placed[place] : from->territory;
        if (from->slots[at] == NULL)
            continue;
        int status =
            reserve_slot(core, registry, id, set, unit, (enum th_branch)(at % TH_BRANCHES));
        if (status < 0)
            return status;
        set->slots[at]->rollup.counts = from->slots[at]->rollup.counts;
    }
    set->expected = th_heap_alloc(&core->heap, expected_bytes(set));
    if (set->expected == NULL)
        return TH_E_NO_MEMORY;
    memcpy(set->expected, from->expected, expected_bytes(set));
    return 0;
}

static struct th_rollup_set empty_set(const struct th_core *core,
                                      const struct th_registry *registry, struct th_book_id id)
{
    return (struct th_rollup_set){.places_count = registry->places_count + 1,
                                  .units_count = registry->count,
                                  .territory =
                                      th_registry_territory(registry, core->plans[id.plan].plan)};
}

/* The days around one on which the same units are valid. */
static void find_days(const struct th_registry *registry, th_day day, struct th_blank *blank)
{
    blank->from.number = INT32_MIN;
    blank->until.number = INT32_MAX;
    for (uint32_t unit = 0; unit < registry->count; unit++) {
        const th_day bounds[] = {registry->units[unit].valid_from, registry->units[unit].valid_to};
        for (int i = 0; i < 2; i++) {
            if (bounds[i].number <= day.number && bounds[i].number > blank->from.number)
                blank->from = bounds[i];
            if (bounds[i].number > day.number && bounds[i].number < blank->until.number)
                blank->until = bounds[i];
        }
    }
}

static int keep_blank(struct th_core *core, struct th_book_id id, const struct th_rollup_set *set)
{
    struct th_blank blank = {
        .is_there = true, .set = empty_set(core, &core->registry, id), .obligation = id.obligation};
    find_days(&core->registry, th_obligation_last_day(th_book_obligation(core, id)), &blank);
    blank.set.slots =
        th_heap_alloc_array(&core->heap, slots_count(&blank.set), sizeof *blank.set.slots);
    int status = blank.set.slots == NULL
                     ? TH_E_NO_MEMORY
                     : copy_expected(core, &core->registry, id, set, &blank.set);
    if (status < 0) {
        th_rollups_deinit(core, id, &blank.set);
        return status;
    }
    th_rollups_drop_blank(core, id.plan);
    core->plans[id.plan].blank = blank;
    return 0;
}

int th_rollups_init(struct th_core *core, const struct th_registry *registry, struct th_book_id id,
                    struct th_rollup_set *ret_set)
{
    const struct th_blank *blank = &core->plans[id.plan].blank;
    const bool is_ours = registry == &core->registry; /* not one that is about to be */
    const bool is_known = is_ours && serves(core, blank, id);
    struct th_rollup_set set = empty_set(core, registry, id);
    set.slots = th_heap_alloc_array(&core->heap, slots_count(&set), sizeof *set.slots);
    int status = set.slots == NULL ? TH_E_NO_MEMORY : 0;
    if (status == 0)
        status = is_known ? copy_expected(core, registry, id, &blank->set, &set)
                          : expect_units(core, registry, id, &set);
    if (status == 0 && !is_known && is_ours && core->is_folding &&
        is_dated(th_book_obligation(core, id)))
        status = keep_blank(core, id, &set);
    if (status < 0) {
        th_rollups_deinit(core, id, &set);
        return status;
    }
    *ret_set = set;
    return 0;
}

/* ---- reports ---- */

void th_rollups_add(const struct th_registry *registry, const struct th_rollup_layout *layout,
                    struct th_rollup_set *set, const struct th_replacement *change)
{
    const uint32_t unit = change->row->unit;
    enum th_branch branch = th_unit_kind_branch(registry->units[unit].kind);
    uint32_t above = counted_in(registry, set, unit);
    for (; above != TH_UNIT_NONE; above = registry->units[above].parent) {
        struct th_rollup_slot *all = th_rollups_get(registry, set, above, TH_BRANCH_ALL);
        struct th_rollup_slot *own = th_rollups_get(registry, set, above, branch);
        TH_ASSERT(all != NULL);
        TH_ASSERT(own != NULL);
        th_counts_add(&all->rollup.counts, change->row);
        if (change->old_row == NULL) {
            th_rollup_apply_figures(layout, &own->rollup, change->row, change->figures);
        } else {
            th_counts_retract(&all->rollup.counts, change->old_row);
            own->stale |= th_rollup_replace(layout, &own->rollup, change);
        }
        all->is_behind = true;
        all->is_dirty = own->is_dirty = true;
    }
    set->is_dirty = true;
}

/* Rows are one after the other, their values anywhere. */
static void foresee_values(const struct th_book *book, uint32_t place)
{
    const uint8_t *values = place < book->rows_count ? book->rows[place].row.values : NULL;
    if (values == NULL)
        return;
    __builtin_prefetch(values);
    __builtin_prefetch(values + 64);
}

int th_rollups_build(struct th_core *core, const struct th_registry *registry,
                     const struct th_book *book, struct th_rollup_set *ret_set)
{
    const struct th_rollup_layout *layout = th_rollups_layout(core, book->id);
    struct th_rollup_set set;
    struct th_figures figures;
    int status = th_rollups_init(core, registry, book->id, &set);
    if (status < 0)
        return status;
    for (uint32_t i = 0; status == 0 && i < book->rows_count; i++) {
        const struct th_row *row = &book->rows[i].row;
        foresee_values(book, i + FORESEEN_ROWS);
        status = th_rollups_reserve(core, registry, book->id, &set, row->unit);
        if (status < 0)
            break;
        th_figures_read(layout, row, &figures);
        th_rollups_add(registry, layout, &set,
                       &(struct th_replacement){.row = row, .figures = &figures});
    }
    if (status < 0) {
        th_rollups_deinit(core, book->id, &set);
        return status;
    }
    *ret_set = set;
    return 0;
}

static uint32_t *count_of(struct th_counts *counts, enum th_timeliness timeliness)
{
    if (timeliness == TH_TIMELINESS_LATE)
        return &counts->late;
    return timeliness == TH_TIMELINESS_UNDECIDED ? &counts->undecided : &counts->on_time;
}

void th_rollups_judge(const struct th_registry *registry, struct th_rollup_set *set,
                      const struct th_row *row, enum th_timeliness timeliness)
{
    enum th_branch branch = th_unit_kind_branch(registry->units[row->unit].kind);
    uint32_t above = counted_in(registry, set, row->unit);
    for (; above != TH_UNIT_NONE; above = registry->units[above].parent)
        for (int i = 0; i < 2; i++) {
            struct th_rollup_slot *slot =
                th_rollups_get(registry, set, above, i == 0 ? TH_BRANCH_ALL : branch);
            --*count_of(&slot->rollup.counts, row->timeliness);
            ++*count_of(&slot->rollup.counts, timeliness);
            slot->is_dirty = true;
        }
    set->is_dirty = true;
}

/* ---- what is made when it is needed ---- */

struct settling {
    const struct th_registry *registry;
    const struct th_rollup_layout *layout;
    const struct th_book *book; /* whose rows they are of, when an extreme is searched */
    const struct th_rollup_set *set;
};

/* The rows of one unit that count in `unit` itself, not in a rollup below it. */
static void search_unit(const struct settling *settling, uint32_t unit, enum th_branch branch,
                        uint32_t reporter, struct th_search *search)
{
    const struct th_registry *registry = settling->registry;
    if (th_unit_kind_branch(registry->units[reporter].kind) != branch ||
        counted_in(registry, settling->set, reporter) != unit)
        return;
    const struct th_row_slot *slot = th_book_first_of(settling->book, reporter);
    for (; slot != NULL; slot = th_book_next_of(settling->book, slot))
        th_search_add_row(search, &slot->row);
}

static void search_below(const struct settling *settling, uint32_t unit, enum th_branch branch,
                         struct th_search *search)
{
    const struct th_registry *registry = settling->registry;
    uint32_t child = registry->first_child[unit];
    search_unit(settling, unit, branch, unit, search);
    for (; child != TH_UNIT_NONE && !th_search_is_done(search);
         child = registry->next_sibling[child]) {
        const struct th_rollup_slot *slot = th_rollups_get(registry, settling->set, child, branch);
        if (slot != NULL)
            th_search_add(search, settling->layout, &slot->rollup);
        search_unit(settling, unit, branch, child, search);
    }
}

static void settle(const struct settling *settling, uint32_t unit, enum th_branch branch);

/* All branches together are made of the two. */
static void gather(const struct settling *settling, uint32_t unit, struct th_rollup_slot *slot)
{
    const struct th_rollup *parts[TH_BRANCHES];
    size_t count = 0;
    for (int branch = TH_BRANCH_ALL + 1; branch < TH_BRANCHES; branch++) {
        const struct th_rollup_slot *part =
            th_rollups_get(settling->registry, settling->set, unit, (enum th_branch)branch);
        settle(settling, unit, (enum th_branch)branch);
        if (part != NULL)
            parts[count++] = &part->rollup;
    }
    th_rollup_gather(settling->layout, parts, count, &slot->rollup);
    slot->is_behind = false;
}

/* The next stale extremes from the layout's `first` on, as many as one search takes. Returns where
 * the ones behind them begin. */
static uint16_t search_some(const struct settling *settling, uint32_t unit, enum th_branch branch,
                            uint16_t first, struct th_rollup_slot *slot)
{
    const struct th_rollup_layout *layout = settling->layout;
    struct th_search search;
    search.count = 0;
    for (; first < layout->extremes_count && search.count < TH_SEARCH_MAX; first++) {
        const unsigned bit = first < TH_ROLLUP_STALE_LAST ? first : TH_ROLLUP_STALE_LAST;
        if ((slot->stale >> bit & 1) != 0)
            th_search_ask(&search, layout, &slot->rollup, layout->extremes[first]);
    }
    if (search.count > 0)
        search_below(settling, unit, branch, &search);
    th_search_end(&search, layout, &slot->rollup);
    return first;
}

/* Of one branch. What its rollup is made of comes first. */
static void search(const struct settling *settling, uint32_t unit, enum th_branch branch,
                   struct th_rollup_slot *slot)
{
    uint32_t child = settling->registry->first_child[unit];
    for (; child != TH_UNIT_NONE; child = settling->registry->next_sibling[child])
        settle(settling, child, branch);
    for (uint16_t at = 0; at < settling->layout->extremes_count;)
        at = search_some(settling, unit, branch, at, slot);
    slot->stale = 0;
}

static void settle(const struct settling *settling, uint32_t unit, enum th_branch branch)
{
    struct th_rollup_slot *slot = th_rollups_get(settling->registry, settling->set, unit, branch);
    if (slot != NULL && slot->is_behind)
        gather(settling, unit, slot);
    else if (slot != NULL && slot->stale != 0)
        search(settling, unit, branch, slot);
}

void th_rollups_settle(const struct th_core *core, const struct th_book *book,
                       const struct th_rollup_set *set, uint32_t unit, enum th_branch branch)
{
    const struct settling settling = {&core->registry, th_rollups_layout(core, book->id), book,
                                      set};
    settle(&settling, unit, branch);
}
