/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a node: a ZeroMQ DEALER with CURVE, pinned to the server's key. libzmq only.
 *
 * Nothing is queued for a connection that is not there: the outbox is the queue. Without a routing
 * id, as two nodes with one key must both be served. One frame is one message; longer ones are
 * dropped. Thread rule: a context is thread-safe, a dealer belongs to one thread.
 */
#ifndef TH_NODES_DEALER_H
#define TH_NODES_DEALER_H

#include "base/bytes.h"
#include "proto/model/report.h"

#include <stdbool.h>

struct th_dealer;

/* For up to `dealers_max` dealers. Returns owned. TH_E_NO_MEMORY, TH_E_IO. */
TH_MUST_CHECK int th_dealer_context_new(unsigned dealers_max, void **ret_context);
/* Precondition: its dealers are closed. */
void th_dealer_context_free(void *context);

struct th_dealer_options {
    const char *address;       /* tcp://host:port */
    const uint8_t *server_key; /* CURVE public, 32 bytes */
    const uint8_t *curve_key;  /* own public */
    const uint8_t *curve_secret;
    int queue_max; /* messages that may wait for the network; more are TH_E_BUSY */
};

/* Begins to connect, and goes on for ever. Returns owned. TH_E_CONFIG: not an address; TH_E_IO (too
 * many open files, for instance), TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_dealer_open(void *context, const struct th_dealer_options *options,
                                 struct th_dealer **ret_dealer);
void th_dealer_close(struct th_dealer *dealer);

/*
 * Gives up the connection that is not there and dials again, on the same descriptor. libzmq dials
 * again by itself after a lost TCP connection, but never after a handshake that was refused: a key
 * that was not enrolled yet, or another program at that address. Call it after a while without a
 * connection. TH_E_NO_MEMORY, TH_E_CONFIG.
 */
TH_MUST_CHECK int th_dealer_redial(struct th_dealer *dealer);

/* To be polled for reading, never read: see nodes/shell/loop.h. */
int th_dealer_fd(const struct th_dealer *dealer);

/* What can be done now. A connection whose handshake is complete is writable. */
struct th_dealer_state {
    bool is_readable, is_writable;
};
struct th_dealer_state th_dealer_look(const struct th_dealer *dealer);

/* Copies. TH_E_BUSY: no connection, or it is full. */
TH_MUST_CHECK int th_dealer_send(struct th_dealer *dealer, struct th_bytes frame);
/* Borrows until the next call on this dealer. TH_E_NOT_FOUND: nothing is there. */
TH_MUST_CHECK int th_dealer_receive(struct th_dealer *dealer, struct th_bytes *ret_frame);

#endif
