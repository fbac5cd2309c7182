/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/core/turn.h"

#include "base/assert.h"

bool th_node_is_with(const struct th_node_slot *a, const struct th_node_slot *b)
{
    return a->bundle != 0 && a->bundle == b->bundle;
}

/* A readmission passes an earlier one that the province does not take now: the province refuses it
 * as well if it must, and nobody waits for what never has a turn. */
static bool is_behind_its_group(const struct th_node_core *core, const struct th_node_slot *slot)
{
    const struct th_node_slot *end = slot->is_again ? slot : &core->again[core->again_count];
    for (const struct th_node_slot *earlier = core->again; earlier < end; earlier++)
        if (earlier->group == slot->group &&
            !(slot->is_again && (earlier->was_refused || th_node_is_with(earlier, slot))))
            return true;
    for (const struct th_node_slot *earlier = core->slots; !slot->is_again && earlier < slot;
         earlier++)
        if (earlier->group == slot->group && !th_node_is_with(earlier, slot))
            return true;
    return false;
}

bool th_node_may_go(const struct th_node_core *core, const struct th_node_slot *slot)
{
    const struct th_node_slot *slots = slot->is_again ? core->again : core->slots;
    size_t count = slot->is_again ? core->again_count : core->count;
    for (size_t i = 0; slot->bundle != 0 && i < count; i++)
        if (th_node_is_with(&slots[i], slot) && slots[i].stage == TH_NODE_STAGE_FLYING)
            return false;
    return slot->stage != TH_NODE_STAGE_FLYING && !is_behind_its_group(core, slot);
}

/* One behind its group has no turn of its own: the first of the group says. */
bool th_node_is_held_by_again(const struct th_node_core *core)
{
    if (core->has_more_again && core->again_count < TH_NODE_AGAIN_WINDOW)
        return true;
    for (size_t i = 0; i < core->again_count; i++)
        if (!core->again[i].was_refused &&
            (core->has_more_again || (core->again[i].stage != TH_NODE_STAGE_WAITING &&
                                      !is_behind_its_group(core, &core->again[i]))))
            return true;
    return false;
}

/* Adds to `requests` those that are not among them; gives how many there are then. */
static size_t list_flying(const struct th_node_slot *slots, size_t slots_count,
                          uint64_t requests[TH_NODE_FLIGHT_MAX], size_t count)
{
    for (size_t i = 0; i < slots_count; i++) {
        size_t at = 0;
        while (at < count && requests[at] != slots[i].request)
            at++;
        if (slots[i].stage == TH_NODE_STAGE_FLYING && at == count) {
            TH_ASSERT(count < TH_NODE_FLIGHT_MAX);
            requests[count++] = slots[i].request;
        }
    }
    return count;
}

size_t th_node_count_flying(const struct th_node_core *core)
{
    uint64_t requests[TH_NODE_FLIGHT_MAX];
    size_t count = list_flying(core->again, core->again_count, requests, 0);
    return list_flying(core->slots, core->count, requests, count);
}

static size_t count_bytes(const struct th_node_slot *slots, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += slots[i].stage == TH_NODE_STAGE_FLYING ? slots[i].size_bytes : 0;
    return bytes;
}

static size_t count_flying_bytes(const struct th_node_core *core)
{
    return count_bytes(core->again, core->again_count) + count_bytes(core->slots, core->count);
}

bool th_node_has_room(const struct th_node_core *core, const struct th_node_slot *slot)
{
    const struct th_node_slot *slots = slot->is_again ? core->again : core->slots;
    size_t count = slot->is_again ? core->again_count : core->count;
    size_t bytes = slot->size_bytes;
    for (size_t i = 0; i < count; i++)
        bytes += &slots[i] != slot && th_node_is_with(&slots[i], slot) ? slots[i].size_bytes : 0;
    return th_node_count_flying(core) == 0 ||
           count_flying_bytes(core) + bytes <= TH_NODE_FLIGHT_BYTES_MAX;
}

void th_node_gather(struct th_node_core *core, struct th_node_slot *first, int64_t now_ms)
{
    size_t count = 1, bytes = count_flying_bytes(core) + first->size_bytes;
    first->bundle = first->id;
    for (struct th_node_slot *slot = first + 1;
         slot < &core->slots[core->count] && count < TH_LIMIT_REPORTS_MAX; slot++) {
        if (slot->stage != TH_NODE_STAGE_QUEUED || slot->kin != first->kin ||
            slot->due_ms > now_ms || bytes + slot->size_bytes > TH_NODE_FLIGHT_BYTES_MAX)
            continue;
        slot->bundle = first->id;
        if (is_behind_its_group(core, slot)) {
            slot->bundle = 0;
            continue;
        }
        bytes += slot->size_bytes;
        count++;
    }
    if (count == 1)
        first->bundle = 0;
}

bool th_node_core_awaits_again(const struct th_node_core *core)
{
    for (size_t i = 0; i < core->again_count; i++)
        if (!core->again[i].was_refused)
            return true;
    return core->has_more_again && core->again_count < TH_NODE_AGAIN_WINDOW;
}
