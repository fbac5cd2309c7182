/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the receipts of a node say together: how long they have shown the log, and which of them the
 * province has asked for again. Internal to nodes/cli.
 */
#ifndef TH_NODES_CLI_HELD_H
#define TH_NODES_CLI_HELD_H

#include "nodes/home/home.h"
#include "nodes/store/outbox.h"

struct th_held {
    uint64_t longest;  /* leaves of the log as it is now; 0: no receipt of it */
    size_t waiting;    /* received items that the log lost and has not readmitted */
    size_t readmitted; /* received items that it has */
};

/* Reads every newest receipt; one that does not verify is left out. TH_E_NO_MEMORY, TH_E_IO, or as
 * th_outbox_list(). */
TH_MUST_CHECK int th_held_survey(const struct th_home *home, struct th_outbox *outbox,
                                 struct th_arena *arena, struct th_held *ret_held);
/* Whether the item is one of those that wait. */
bool th_held_waits(const struct th_home *home, struct th_outbox *outbox,
                   const struct th_outbox_item *item, struct th_arena *arena);

#endif
