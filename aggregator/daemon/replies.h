/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to one node, put into the outbox. Whoever asked hears something: an answer that is too
 * large for a frame becomes a failure that says so. Thread-safe, as the outbox is.
 */
#ifndef TH_DAEMON_REPLIES_H
#define TH_DAEMON_REPLIES_H

#include "aggregator/daemon/outbox.h"
#include "proto/wire/message.h"

/* False: not even a failure could be put, for want of memory. The arena takes the frame. */
bool th_reply(struct th_outbox *outbox, const struct th_router_peer *peer,
              const struct th_to_node *message, struct th_arena *arena);
/* `after_ms`: when to come again, 0 for no advice. */
bool th_reply_fail(struct th_outbox *outbox, const struct th_router_peer *peer, uint64_t request,
                   int status, uint32_t after_ms);

#endif
