/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that have the clock in hand: `run` steps at each tick. */
#ifndef TH_TESTS_NODE_NEXT_H
#define TH_TESTS_NODE_NEXT_H

#include "nodes/core/core.h"

/* When to step with TIME next; TH_NODE_NEVER_MS when only the connection can change anything. */
int64_t th_node_next_ms(const struct th_node_core *core);

#endif
