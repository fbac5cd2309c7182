/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP for reading: the JSON API, the page, events, /metrics, /healthz and /readyz.
 *
 * One thread, the door, has all sockets: it takes connections on the loopback alone and judges each
 * head (head.h) before a byte of it is taken; every wait has a deadline, every queue a bound, one
 * request ends a connection. What it lets in goes to libmicrohttpd, whose events are served in the
 * same thread, and is answered by a few threads from snapshots of the store, which run when the
 * threads that write leave them room. Nothing here makes the writer wait for more than a short
 * lock.
 */
#ifndef TH_HTTP_SERVER_H
#define TH_HTTP_SERVER_H

#include "aggregator/store/store.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TH_HTTP_ADDRESS_SIZE 64

struct th_http_server;

/* How long who connects may take; tests have less patience. */
struct th_http_patience {
    int64_t head_ms;      /* from the connection to the end of the head */
    int64_t send_ms;      /* in which not a byte of an answer is taken; whole seconds */
    int64_t all_ms;       /* from the head to the end of the answer */
    int64_t end_ms;       /* for who was refused to close */
    int64_t heartbeat_ms; /* of an event stream */
};
extern const struct th_http_patience th_http_patience;

struct th_http_options {
    const char *address;    /* HOST:PORT of the loopback; port * for any */
    const char *host;       /* a name of the server for a proxy before it; NULL: none */
    const char *folder;     /* of the store */
    struct th_store *store; /* borrowed, like all here */
    const char *version;
    FILE *log; /* what an operator has to know; NULL: nobody is told */
    const struct th_http_patience *patience; /* NULL: th_http_patience */

    void *context;
    /* The wall clock. All of these on any thread of the server. */
    th_instant (*now)(void *context);
    /* NULL when the server can be relied on, else a word for why not. */
    const char *(*trouble)(void *context);
    /* Writes lines for /metrics, with th_metrics_…() of metrics.h; NULL: none. */
    void (*measure)(void *context, FILE *out);
};

/* Binds. TH_E_SYNTAX: no address; TH_E_FORBIDDEN: not of the loopback; TH_E_BUSY: the address is
 * taken; TH_E_IO, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_http_open(const struct th_http_options *options,
                               struct th_http_server **ret_server);
/* "http://127.0.0.1:7480/", as it was bound. */
const char *th_http_url(const struct th_http_server *server);
/* Starts the threads. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_http_start(struct th_http_server *server);
/* From now on 503; listeners are sent away. Any thread. */
void th_http_refuse(struct th_http_server *server);
/* Ends the threads. NULL is fine. */
void th_http_close(struct th_http_server *server);

/* After a commit, from the thread that made it: what changed (events.h), then how far the journal
 * is. Never waits for whoever listens. */
void th_http_tell(struct th_http_server *server, struct th_text change);
void th_http_reach(struct th_http_server *server, uint64_t position, th_instant time);

#endif
