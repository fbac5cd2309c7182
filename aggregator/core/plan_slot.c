/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked up in the plans for every report, found once when a plan comes: obligations by
 * their ids, and the books that a book's reports are compared with.
 */
#include "aggregator/core/state.h"

#include "proto/model/period.h"
#include "proto/model/related.h"

#include <string.h>

/* ---- obligations by id ---- */

static uint64_t mix(uint64_t mixed, uint64_t piece)
{
    mixed = (mixed ^ piece) * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ mixed >> 32;
}

/* Eight bytes at a time, the last ones perhaps twice. */
static uint32_t hash(const char *id, size_t size)
{
    uint64_t mixed = size, piece = 0;
    for (size_t i = 0; i + sizeof piece <= size; i += sizeof piece) {
        memcpy(&piece, id + i, sizeof piece);
        mixed = mix(mixed, piece);
    }
    if (size >= sizeof piece)
        memcpy(&piece, id + size - sizeof piece, sizeof piece);
    else
        for (size_t i = 0; i < size; i++)
            piece = piece << 8 | (uint8_t)id[i];
    return (uint32_t)mix(mixed, piece);
}

/* Where an id stands in the index, or the gap where it belongs. */
static struct th_plan_place *probe(const struct th_plan_slot *slot, struct th_text id)
{
    const uint32_t mask = slot->index_capacity - 1, hashed = hash(id.bytes, id.size);
    for (uint32_t at = hashed & mask;; at = (at + 1) & mask) {
        struct th_plan_place *found = &slot->index[at];
        if (found->place == 0 ||
            (found->hash == hashed && found->id_size == id.size &&
             memcmp(slot->plan->obligations[found->place - 1].id, id.bytes, id.size) == 0))
            return found;
    }
}

/* The bit of the obligation's year, or of one `before` years earlier; 0: it has no period. */
static uint64_t year_bit(const struct th_obligation *obligation, int before)
{
    struct th_period period;
    if (th_period_parse(obligation->period, strlen(obligation->period), &period) < 0)
        return 0;
    return UINT64_C(1) << ((unsigned)(period.year - before) % 64);
}

int th_plan_slot_index(struct th_core *core, struct th_plan_slot *slot)
{
    uint32_t capacity = 4;
    while (capacity < slot->plan->obligations_count * 2U)
        capacity *= 2;
    slot->index = th_heap_alloc_array(&core->heap, capacity, sizeof *slot->index);
    if (slot->index == NULL)
        return TH_E_NO_MEMORY;
    slot->index_capacity = capacity;
    for (uint16_t i = 0; i < slot->plan->obligations_count; i++) {
        const char *id = slot->plan->obligations[i].id;
        slot->years |= year_bit(&slot->plan->obligations[i], 0);
        const size_t size = strlen(id);
        struct th_plan_place *found = probe(slot, (struct th_text){id, size});
        if (size > UINT16_MAX || found->place != 0) /* of several the first, as th_plan_find() */
            continue;
        *found = (struct th_plan_place){hash(id, size), (uint16_t)(i + 1), (uint16_t)size};
    }
    return 0;
}

bool th_plan_slot_find(const struct th_plan_slot *slot, struct th_text id, uint16_t *ret_place)
{
    const uint16_t found = probe(slot, id)->place;
    if (found != 0)
        *ret_place = (uint16_t)(found - 1);
    return found != 0;
}

static bool is_plan(const struct th_plan_slot *slot, struct th_text id)
{
    return slot->id_size == id.size && memcmp(slot->plan->id, id.bytes, id.size) == 0;
}

bool th_core_find_book_of(const struct th_core *core, uint16_t plans_count,
                          const struct th_report *report, struct th_book_id *ret_book)
{
    struct th_book_id id = {0, 0};
    while (id.plan < plans_count && !is_plan(&core->plans[id.plan], report->plan))
        id.plan++;
    if (id.plan == plans_count ||
        !th_plan_slot_find(&core->plans[id.plan], report->obligation, &id.obligation))
        return false;
    *ret_book = id;
    return true;
}

bool th_core_find_book(const struct th_core *core, const struct th_report *report,
                       struct th_book_id *ret_book)
{
    return th_core_find_book_of(core, core->plans_count, report, ret_book);
}

/* ---- related books ---- */

static const struct th_book *book_of(const struct th_core *core, const struct th_plan *plan,
                                     const struct th_obligation *obligation)
{
    for (uint16_t i = 0; obligation != NULL && i < core->plans_count; i++)
        if (core->plans[i].plan == plan)
            return &core->plans[i].books[obligation - plan->obligations];
    return NULL;
}

/* Fills in what the book lacks from its own plan and the plans from `first` on. What is related is
 * of the same year or of the one before, so most plans need not be searched. */
static void relate(const struct th_core *core, struct th_book *book, uint16_t first)
{
    const struct th_obligation *obligation = th_book_obligation(core, book->id);
    const uint64_t years = year_bit(obligation, 0) | year_bit(obligation, 1);
    const struct th_plan *plans[TH_LIMIT_PLANS_MAX];
    size_t count = 0;
    struct th_related_obligations found;
    for (uint16_t i = first; i < core->plans_count; i++)
        if ((core->plans[i].years & years) != 0)
            plans[count++] = core->plans[i].plan;
    if (count == 0) /* its own plan was searched when that came */
        return;
    th_related_find(plans, count, core->plans[book->id.plan].plan, obligation, &found);
    if (book->half_year == NULL)
        book->half_year = book_of(core, found.half_year_plan, found.half_year);
    if (book->previous_year == NULL)
        book->previous_year = book_of(core, found.previous_year_plan, found.previous_year);
    if (book->previous_same == NULL)
        book->previous_same = book_of(core, found.previous_same_plan, found.previous_same);
}

/* Plans are asked in their order, so a later one only fills in what the earlier ones lack. */
void th_core_relate_last_plan(struct th_core *core)
{
    const uint16_t last = (uint16_t)(core->plans_count - 1);
    for (uint16_t plan = 0; plan <= last; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++)
            relate(core, &core->plans[plan].books[i], plan < last ? last : 0);
}

static void forget(const struct th_book **related, uint16_t plan)
{
    if (*related != NULL && (*related)->id.plan == plan)
        *related = NULL;
}

void th_core_forget_last_plan(struct th_core *core)
{
    const uint16_t last = (uint16_t)(core->plans_count - 1);
    for (uint16_t plan = 0; plan < last; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            forget(&book->half_year, last);
            forget(&book->previous_year, last);
            forget(&book->previous_same, last);
        }
}
