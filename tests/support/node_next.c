/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/node_next.h"

#include "nodes/core/turn.h"

/* The earliest instant of `slots`, or `next` when that is earlier. `may_send`: there is room in the
 * flight and nothing holds these slots. */
static int64_t next_of(const struct th_node_core *core, const struct th_node_slot *slots,
                       size_t count, bool may_send, int64_t next)
{
    for (size_t i = 0; i < count; i++) {
        int64_t at = slots[i].deadline_ms;
        if (slots[i].stage != TH_NODE_STAGE_FLYING) {
            if (!may_send || !th_node_may_go(core, &slots[i]))
                continue;
            if (!th_node_has_room(core, &slots[i]))
                break; /* those behind it wait for it */
            at = slots[i].due_ms > core->hold_until_ms ? slots[i].due_ms : core->hold_until_ms;
        }
        if (at < next)
            next = at;
    }
    return next;
}

int64_t th_node_next_ms(const struct th_node_core *core)
{
    if (core->link == TH_NODE_LINK_DOWN)
        return TH_NODE_NEVER_MS;
    int64_t next =
        core->hello_due_ms < core->hello_deadline_ms ? core->hello_due_ms : core->hello_deadline_ms;
    bool may_send =
        core->link == TH_NODE_LINK_READY && th_node_count_flying(core) < TH_NODE_FLIGHT_MAX;
    next = next_of(core, core->again, core->again_count, may_send, next);
    return next_of(core, core->slots, core->count, may_send && !th_node_is_held_by_again(core),
                   next);
}
