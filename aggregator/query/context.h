/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every question needs first: the store's units, their tree, and its plans, decoded once.
 *
 * A context is constant after it was opened; it copies what it needs from the view. One thread at
 * a time; th_query_context_is_current() says when new units or plans ask for a new one.
 */
#ifndef TH_QUERY_CONTEXT_H
#define TH_QUERY_CONTEXT_H

#include "aggregator/core/rollup.h"
#include "aggregator/query/search.h"
#include "aggregator/store/store.h"
#include "base/arena.h"
#include "proto/model/plan.h"

struct th_query_plan {
    const struct th_plan *plan;
    struct th_rollup_layout layout;
    th_instant loaded_at;
    uint64_t position; /* of its entry */
};

struct th_query_context {
    struct th_arena arena;
    struct th_unit_list units;
    uint32_t *number_of;         /* by index in `units`: the unit's number in the store */
    uint32_t *index_of;          /* by number */
    uint64_t *position_of;       /* by number: of the entry that brought the unit */
    uint32_t *children;          /* by index: how many units are right below */
    struct th_query_names names; /* of the units, for search */
    struct th_query_plan *plans; /* by number */
    uint16_t plans_count;
};

/* TH_E_CORRUPT, TH_E_NO_MEMORY, or what the view says. */
TH_MUST_CHECK int th_query_context_open(struct th_view *view, struct th_query_context *ret_context);
void th_query_context_close(struct th_query_context *context);

/* False when the store has units or plans that the context does not know. */
TH_MUST_CHECK int th_query_context_is_current(const struct th_query_context *context,
                                              struct th_view *view, bool *ret_current);

#define TH_UNIT_KEY_SIZE (TH_UNIT_CODE_MAX + 1 + TH_DAY_TEXT_SIZE)
/* A unit's code, with its first day behind it where it has one: what pages go on from. Returns
 * `text`. */
char *th_query_unit_key(const struct th_unit *unit, char text[TH_UNIT_KEY_SIZE]);
/* The index of such a key; TH_UNIT_NONE: there is no such unit. */
uint32_t th_query_find_key(const struct th_query_context *context, const char *key, size_t size);

/* True when `unit` is `top` or below it. Both are indexes in the list. */
bool th_query_is_below(const struct th_query_context *context, uint32_t unit, uint32_t top);
/* The same for a code, which several units may have borne one after the other: the holder of a
 * code's key may ask about each of them. */
bool th_query_is_within(const struct th_query_context *context, uint32_t unit, const char *code);

#endif
