/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writer, the verifiers and the desk want to send: sockets belong to the loop, so it
 * passes through here. Bounded: who puts waits while it is full. The loop only takes, and never
 * waits.
 *
 * Thread-safe.
 */
#ifndef TH_DAEMON_OUTBOX_H
#define TH_DAEMON_OUTBOX_H

#include "aggregator/shell/router.h"
#include "base/text.h"

struct th_outbox;

enum th_outgoing_kind {
    TH_OUTGOING_NODE,     /* to one connection */
    TH_OUTGOING_UNIT,     /* to the unit's connections */
    TH_OUTGOING_OPERATOR, /* to one connection of the operator's socket */
    TH_OUTGOING_TOPIC     /* a publication */
};

struct th_outgoing {
    struct th_outgoing *next;
    enum th_outgoing_kind kind;
    struct th_router_peer peer;
    char unit[TH_UNIT_CODE_MAX + 1];
    size_t topic_size; /* the topic stands before the content in `bytes` */
    size_t size;
    uint8_t bytes[];
};

/* `bytes_max`: with what each takes besides its content. `wake` tells the loop that something came:
 * once until the next take. It may not call back. */
TH_MUST_CHECK int th_outbox_new(size_t bytes_max, void (*wake)(void *context), void *context,
                                struct th_outbox **ret_outbox);
void th_outbox_free(struct th_outbox *outbox);

/* Copies. False without memory: it is lost, as on a network. */
bool th_outbox_put(struct th_outbox *outbox, enum th_outgoing_kind kind,
                   const struct th_router_peer *peer, const char *unit, struct th_text topic,
                   struct th_bytes content);
/* The same for one of many: wakes the loop when so many wait that it is worth it, or when there is
 * no more room. The caller wakes it after the last one. */
bool th_outbox_add(struct th_outbox *outbox, enum th_outgoing_kind kind,
                   const struct th_router_peer *peer, const char *unit, struct th_text topic,
                   struct th_bytes content);
/* Everything, in order; the caller frees each. NULL when empty. */
struct th_outgoing *th_outbox_take(struct th_outbox *outbox);
/* Nobody waits for room any more: the loop has ended. */
void th_outbox_open_wide(struct th_outbox *outbox);

#endif
