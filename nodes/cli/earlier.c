/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/earlier.h"

#include "proto/model/related.h"
#include "proto/wire/submission.h"

#include <string.h>

struct search {
    struct th_outbox *outbox;
    const struct th_outbox_item *items;
    size_t count;
    struct th_arena *arena;
};

static bool may_count(enum th_item_state state)
{
    return state == TH_ITEM_QUEUED || state == TH_ITEM_SENT || state == TH_ITEM_RECEIVED;
}

/* What the disk has lost is not there; `run` sets it aside and says so. An earlier revision does
 * not stand in for it: its figures are replaced. */
static bool is_lost(int status)
{
    return status != 0 && status != TH_E_NO_MEMORY && status != TH_E_IO;
}

static int find_one(const struct search *search, const struct th_plan *plan,
                    const struct th_obligation *obligation, struct th_values *values,
                    const struct th_values **ret_values)
{
    const struct th_outbox_item *found = NULL;
    for (size_t i = 0; obligation != NULL && i < search->count; i++) {
        const struct th_outbox_item *item = &search->items[i];
        if (may_count(item->state) && item->number == 0 && strcmp(item->plan, plan->id) == 0 &&
            strcmp(item->obligation, obligation->id) == 0 &&
            (found == NULL || item->revision > found->revision))
            found = item;
    }
    if (found == NULL)
        return 0;
    struct th_bytes bytes;
    struct th_report report;
    int status = th_outbox_get_report(search->outbox, found->id, search->arena, &bytes);
    if (status == 0)
        status = th_wire_report_decode(bytes, search->arena, &report);
    if (status != 0)
        return is_lost(status) ? 0 : status;
    *values = report.values;
    *ret_values = values;
    return 0;
}

int th_earlier_find(struct th_outbox *outbox, const struct th_plan *const *plans,
                    size_t plans_count, const struct th_plan *plan,
                    const struct th_obligation *obligation, struct th_arena *arena,
                    struct th_earlier *ret_earlier)
{
    struct search search = {.outbox = outbox, .arena = arena};
    struct th_related_obligations found;
    size_t bad;
    *ret_earlier = (struct th_earlier){0};
    th_related_find(plans, plans_count, plan, obligation, &found);
    int status = th_outbox_list(outbox, arena, &search.items, &search.count, &bad);
    if (status == 0)
        status = find_one(&search, found.half_year_plan, found.half_year, &ret_earlier->half_year,
                          &ret_earlier->related.half_year);
    if (status == 0)
        status = find_one(&search, found.previous_year_plan, found.previous_year,
                          &ret_earlier->previous_year, &ret_earlier->related.previous_year);
    if (status == 0)
        status = find_one(&search, found.previous_same_plan, found.previous_same,
                          &ret_earlier->previous_same, &ret_earlier->related.previous_same);
    return status;
}
