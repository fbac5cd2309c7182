/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A book: the rows of one obligation, found by unit and number. Rows are never removed. Their
 * rollups are in rollup_set.c.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"

#include <string.h>

#define LINE 64 /* bytes that come from memory together */

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

bool th_obligation_has_number(const struct th_obligation *obligation, uint32_t number)
{
    return obligation->open_ended ? number >= 1 && number <= TH_LIMIT_NUMBER_MAX : number == 0;
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

void th_book_foresee(const struct th_book *book, uint32_t unit, uint32_t number,
                     enum th_foresight step)
{
    if (book->index_capacity == 0)
        return;
    if (step == TH_FORESEE_PLACE) {
        __builtin_prefetch(&book->index[hash(unit, number) & (book->index_capacity - 1)]);
        return;
    }
    if (step == TH_FORESEE_ROW && book->uncounted != NULL)
        __builtin_prefetch(&book->uncounted[book->uncounted_count], 1);
    if (step == TH_FORESEE_ROW && book->rollups.expected != NULL &&
        unit < book->rollups.units_count)
        __builtin_prefetch(&book->rollups.expected[unit / 8]);
    const uint32_t at = book->index[hash(unit, number) & (book->index_capacity - 1)];
    if (at == 0)
        return;
    const struct th_row_slot *slot = &book->rows[at - 1];
    if (step == TH_FORESEE_ROW) {
        for (size_t at_byte = 0; at_byte < sizeof *slot; at_byte += LINE)
            __builtin_prefetch((const char *)slot + at_byte);
        __builtin_prefetch((const char *)(slot + 1) - 1); /* it need not begin with a line */
        return;
    }
    __builtin_prefetch(slot->row.values);
    if (slot->old != NULL)
        __builtin_prefetch(slot->old);
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

const struct th_row_slot *th_book_first_of(const struct th_book *book, uint32_t unit)
{
    if (book->heads == NULL) /* a unit has one report, unless the obligation is open-ended */
        return th_book_find(book, unit, 0);
    uint32_t head = unit < book->heads_count ? book->heads[unit] : 0;
    return head == 0 ? NULL : &book->rows[head - 1];
}

const struct th_row_slot *th_book_next_of(const struct th_book *book,
                                          const struct th_row_slot *slot)
{
    return slot->next == 0 ? NULL : &book->rows[slot->next - 1];
}

static int grow_heads(struct th_core *core, struct th_book *book)
{
    uint32_t *heads = th_heap_resize(&core->heap, book->heads, book->heads_count * sizeof *heads,
                                     core->registry.count * sizeof *heads);
    if (heads == NULL)
        return TH_E_NO_MEMORY;
    book->heads = heads;
    book->heads_count = core->registry.count;
    return 0;
}

static void add_slot(struct th_book *book, uint32_t at, const struct th_row *row)
{
    TH_ASSERT(book->rows_count < book->rows_capacity);
    struct th_row_slot *slot = &book->rows[book->rows_count];
    *slot = (struct th_row_slot){.row = *row};
    book->index[at] = ++book->rows_count;
    if (book->heads != NULL) {
        slot->next = book->heads[row->unit];
        book->heads[row->unit] = book->rows_count;
    }
}

/* How many rows it has when all have reported. */
static uint32_t expected_of(const struct th_core *core, const struct th_book *book)
{
    const struct th_rollup_set *set = &book->rollups;
    const struct th_rollup_slot *top =
        th_rollups_get(&core->registry, set, set->territory, TH_BRANCH_ALL);
    return top == NULL ? 0 : top->rollup.counts.expected;
}

/* A fold meets all that will ever be there: where each unit reports once it is fast to have room
 * for all: 64, 512, all. */
static uint32_t fold_capacity(const struct th_core *core, const struct th_book *book)
{
    const uint32_t units = core->registry.count, now = book->rows_capacity;
    if (now == 0)
        return 64;
    if (th_book_obligation(core, book->id)->open_ended || now >= units)
        return now * 2;
    return now < 512 && units > 512 ? 512 : units;
}

/* A book that has begun to fill gets room for all that are expected at once: every time that it
 * grows, all rows have to be found again. */
static uint32_t larger_capacity(const struct th_core *core, const struct th_book *book)
{
    const uint32_t now = book->rows_capacity, expected = expected_of(core, book);
    if (now == 0)
        return 64;
    return now * 2 < expected ? expected : now * 2;
}

static int reserve_rows(struct th_core *core, struct th_book *book, uint32_t more)
{
    const uint32_t wanted = book->rows_count + more;
    if (wanted > book->rows_capacity) {
        uint32_t capacity =
            core->is_folding ? fold_capacity(core, book) : larger_capacity(core, book);
        capacity = capacity < wanted ? wanted : capacity;
        struct th_row_slot *rows = th_heap_resize(
            &core->heap, book->rows, book->rows_capacity * sizeof *rows, capacity * sizeof *rows);
        if (rows == NULL)
            return TH_E_NO_MEMORY;
        book->rows = rows;
        book->rows_capacity = capacity;
    }
    uint32_t capacity = book->index_capacity == 0 ? 128 : book->index_capacity;
    while (capacity < book->rows_capacity * 2)
        capacity *= 2;
    return capacity == book->index_capacity ? 0 : grow_index(core, book, capacity);
}

int th_book_reserve(struct th_core *core, struct th_book *book, uint32_t more, uint32_t first)
{
    bool has_numbers = th_book_obligation(core, book->id)->open_ended;
    if (has_numbers && book->heads_count < core->registry.count && grow_heads(core, book) < 0)
        return TH_E_NO_MEMORY;
    if (!core->is_folding && th_book_reserve_uncounted(core, book, more) < 0)
        return TH_E_NO_MEMORY;
    return reserve_rows(core, book, first);
}

int th_core_book_make_room(struct th_core *core, struct th_book_id id)
{
    struct th_book *book = th_book_get(core, id);
    TH_ASSERT(book->is_open);
    const uint32_t expected = expected_of(core, book);
    int status = 0;
    if (expected > book->rows_count)
        status = reserve_rows(core, book, expected - book->rows_count);
    const uint32_t uncounted = expected < TH_BOOK_UNCOUNTED_MAX ? expected : TH_BOOK_UNCOUNTED_MAX;
    if (status == 0 && uncounted > book->uncounted_capacity)
        status = th_book_reserve_uncounted(core, book, uncounted - book->uncounted_count);
    return status;
}

void th_book_put(struct th_core *core, struct th_book *book, const struct th_row *row,
                 struct th_old_revision *old)
{
    uint32_t at = probe(book, row->unit, row->number);
    TH_ASSERT(!core->is_folding);
    book->undecided += row->timeliness == TH_TIMELINESS_UNDECIDED;
    book->is_as_closed = false;
    if (book->index[at] == 0) {
        TH_ASSERT(old == NULL);
        add_slot(book, at, row);
        th_book_add_uncounted(book, book->rows_count - 1, NULL);
        return;
    }
    const uint32_t place = book->index[at] - 1;
    struct th_row_slot *slot = &book->rows[place];
    TH_ASSERT(row->revision > slot->row.revision);
    TH_ASSERT(old != NULL);
    book->undecided -= slot->row.timeliness == TH_TIMELINESS_UNDECIDED;
    if (slot->is_uncounted)
        th_heap_free(&core->heap, (void *)(uintptr_t)slot->row.values, slot->row.values_size);
    else
        th_book_add_uncounted(book, place, &slot->row);
    old->next = slot->old;
    slot->old = old;
    slot->row = *row;
}

/* In the memory of the row before where it fits: corrections are mostly as long. */
static uint8_t *keep_values(struct th_core *core, const struct th_row *row,
                            const struct th_row *before)
{
    uint8_t *values;
    if (before != NULL && before->values_size == row->values_size)
        values = (uint8_t *)(uintptr_t)before->values;
    else
        values = th_heap_alloc(&core->heap, row->values_size);
    if (values == NULL)
        return NULL;
    memcpy(values, row->values, row->values_size);
    if (before != NULL && values != before->values)
        th_heap_free(&core->heap, (void *)(uintptr_t)before->values, before->values_size);
    return values;
}

static int fold_first(struct th_core *core, struct th_book *book, const struct th_row *row)
{
    struct th_row own = *row;
    int status = th_book_reserve(core, book, 1, 1);
    if (status < 0)
        return status;
    own.values = keep_values(core, row, NULL);
    if (own.values == NULL)
        return TH_E_NO_MEMORY;
    add_slot(book, probe(book, row->unit, row->number), &own);
    return 0;
}

static int fold_next(struct th_core *core, const struct th_row *row, struct th_row_slot *slot)
{
    struct th_old_revision *old = th_heap_alloc(&core->heap, sizeof *old);
    uint8_t *values = old == NULL ? NULL : keep_values(core, row, &slot->row);
    if (values == NULL) {
        th_heap_free(&core->heap, old, sizeof *old);
        return TH_E_NO_MEMORY;
    }
    *old = (struct th_old_revision){.next = slot->old, .revision = th_revision_of(&slot->row)};
    slot->old = old;
    slot->row = *row;
    slot->row.values = values;
    return 0;
}

int th_book_fold(struct th_core *core, struct th_book *book, const struct th_row *row,
                 struct th_row_slot *slot)
{
    const bool was_undecided = slot != NULL && slot->row.timeliness == TH_TIMELINESS_UNDECIDED;
    TH_ASSERT(core->is_folding);
    int status = slot == NULL ? fold_first(core, book, row) : fold_next(core, row, slot);
    if (status < 0)
        return status;
    book->undecided += row->timeliness == TH_TIMELINESS_UNDECIDED;
    book->undecided -= was_undecided;
    book->is_behind = true;
    book->is_as_closed = false;
    return 0;
}

void th_book_drop_rollups(struct th_core *core, struct th_book *book)
{
    th_book_counted(core, book);
    th_rollups_deinit(core, book->id, &book->rollups);
    book->is_behind = true;
}

bool th_book_is_past(const struct th_book *book, th_instant at)
{
    for (uint32_t i = 0; i < book->rows_count; i++)
        if (book->rows[i].row.received.ms >= at.ms)
            return true;
    return false;
}

void th_book_drop_past(struct th_core *core, struct th_book *book)
{
    th_rollups_deinit(core, book->id, &book->past);
    core->pasts_count -= book->has_past;
    book->has_past = false;
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
    th_book_counted(core, book);
    th_heap_free(&core->heap, book->uncounted, book->uncounted_capacity * sizeof *book->uncounted);
    th_heap_free(&core->heap, book->rows, book->rows_capacity * sizeof *book->rows);
    th_heap_free(&core->heap, book->index, book->index_capacity * sizeof *book->index);
    th_heap_free(&core->heap, book->heads, book->heads_count * sizeof *book->heads);
    th_rollups_deinit(core, book->id, &book->rollups);
    th_book_drop_past(core, book);
}

/* ---- loading ---- */

bool th_core_book_is_open(const struct th_core *core, struct th_book_id id)
{
    return th_book_exists(core, id) && core->plans[id.plan].books[id.obligation].is_open;
}

bool th_core_book_is_closed(const struct th_core *core, struct th_book_id id)
{
    TH_ASSERT(th_book_exists(core, id));
    const struct th_book *book = &core->plans[id.plan].books[id.obligation];
    return book->has_mark && book->mark.closed;
}

uint64_t th_core_lacking(const struct th_core *core)
{
    uint64_t lacking = 0;
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            const struct th_book *book = &core->plans[plan].books[i];
            const uint32_t expected = book->is_open ? expected_of(core, book) : 0;
            if (expected > book->rows_count && !th_core_book_is_closed(core, book->id))
                lacking += expected - book->rows_count;
        }
    return lacking;
}

int th_core_book_open(struct th_core *core, struct th_book_id id)
{
    if (!th_book_exists(core, id))
        return TH_E_CORRUPT;
    struct th_book *book = th_book_get(core, id);
    if (book->is_open)
        return 0;
    if (core->is_folding) { /* what is expected is made with the rollups */
        book->is_open = book->is_behind = true;
        return 0;
    }
    int status = th_rollups_init(core, &core->registry, id, &book->rollups);
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
    if (row->unit >= core->registry.count ||
        !th_obligation_has_number(th_book_obligation(core, id), row->number))
        return TH_E_CORRUPT;
    return th_rollup_check_row(th_rollups_layout(core, id), row);
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
        status = th_book_reserve(core, book, 1, 1);
    if (status == 0)
        status = th_rollups_reserve(core, &core->registry, id, &book->rollups, row->unit);
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
    struct th_rollup_set *set = &book->rollups;
    th_book_count(core, book);
    for (size_t i = 0; i < (size_t)set->places_count * TH_BRANCHES; i++)
        if (set->slots[i] != NULL)
            set->slots[i]->is_dirty = false; /* the tables have them */
    set->is_dirty = false;
}

int th_core_give_past(struct th_core *core, struct th_book_id id, th_instant at,
                      const struct th_row *rows, size_t rows_count)
{
    const struct th_rollup_layout *layout = th_rollups_layout(core, id);
    struct th_book *book = th_book_get(core, id);
    struct th_rollup_set set;
    struct th_figures figures;
    int status = th_rollups_init(core, &core->registry, id, &set);
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && i < rows_count; i++) {
        struct th_row row = rows[i];
        row.timeliness = TH_TIMELINESS_ON_TIME; /* first received before the due instant */
        status = check_row(core, id, &row);
        if (status == 0)
            status = th_rollups_reserve(core, &core->registry, id, &set, row.unit);
        if (status < 0)
            break;
        th_figures_read(layout, &row, &figures);
        th_rollups_add(&core->registry, layout, &set,
                       &(struct th_replacement){.row = &row, .figures = &figures});
    }
    if (status < 0) {
        th_rollups_deinit(core, id, &set);
        return status;
    }
    th_book_drop_past(core, book);
    book->past = set;
    book->has_past = true;
    book->past_at = at;
    core->pasts_count++;
    return 0;
}
