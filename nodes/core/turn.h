/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is, and who goes along. For nodes/core only; changes nothing but the bundle of
 * those that join. */
#ifndef TH_NODES_CORE_TURN_H
#define TH_NODES_CORE_TURN_H

#include "nodes/core/core.h"

/* Both are of one window. The reports of a submission are judged in their order, so a later
 * revision need not wait for one before it in the same bundle. */
bool th_node_is_with(const struct th_node_slot *a, const struct th_node_slot *b);
/* Nothing before the slot holds it, and nothing of its bundle is awaited. Its pause is not looked
 * at. */
bool th_node_may_go(const struct th_node_core *core, const struct th_node_slot *slot);
/* Whether items have to wait for readmissions. */
bool th_node_is_held_by_again(const struct th_node_core *core);
/* How many submissions wait for an answer. */
size_t th_node_count_flying(const struct th_node_core *core);
/* Whether the slot, with its bundle, fits beside what is awaited. Nothing awaited: it does. */
bool th_node_has_room(const struct th_node_core *core, const struct th_node_slot *slot);
/* Whoever is queued behind `first`, may go with it now and fits joins it. Nobody is waited for. */
void th_node_gather(struct th_node_core *core, struct th_node_slot *first, int64_t now_ms);

#endif
