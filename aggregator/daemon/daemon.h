/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon: sockets, threads and the driver put together.
 *
 * Threads: the loop (sockets, timers, signals; the caller's), the ZAP handler, verifiers (decoding,
 * hashes, signatures), the desk (queries), the writer (core; the writes of a batch, in memory), the
 * lane (its commit and answers), the scrubber (reads the store again, now and then), and those of
 * HTTP (aggregator/http/server.h). Order of stamps is kept from the loop to the writer. Queues are
 * bounded; when one is full the sockets are not read.
 *
 * A failure of the store, or no memory for core, ends the process at once with EX_SOFTWARE: nothing
 * that was not committed has been answered.
 */
#ifndef TH_DAEMON_DAEMON_H
#define TH_DAEMON_DAEMON_H

#include "aggregator/daemon/peers.h"
#include "aggregator/shell/secrets.h"
#include "aggregator/store/store.h"
#include "proto/model/query.h"

#include <stdio.h>

/* Descriptors that it has without a connection, and some for what it opens for a moment: with fewer
 * it does not run. */
#define TH_DAEMON_FILES_MIN 64

struct th_daemon_options {
    struct th_store *store; /* opened for writing; borrowed, like all here */
    const struct th_secrets *secrets;
    const char *folder;       /* of the store */
    const char *listen;       /* tcp://HOST:PORT */
    const char *publish;      /* likewise */
    const char *control_path; /* of the operator's Unix socket */
    const char *http;         /* HOST:PORT of the loopback; NULL: no HTTP */
    const char *http_host;    /* a name of the server for a proxy before it; NULL: none */
    const char *version;      /* of the program */
    unsigned verifiers;
    struct th_quota quota;
    uint32_t scrub_hours;          /* 0: never */
    const uint32_t *scrub_rest_ms; /* NULL: as it should be */
    FILE *log;                     /* counters and why it ended */
    /* Called once when everything works, with the addresses that were bound; `page`: NULL without
     * HTTP. */
    void (*ready)(void *context, const char *listen, const char *publish, const char *page);
    void *ready_context;
    /* Answers a query as JSON, on the desk's thread; NULL: queries are not offered. `asker` is
     * the unit that asks: what it may ask about is decided there. TH_E_…: told to the node. */
    int (*answer_query)(void *context, const struct th_query *query, const char *asker,
                        struct th_arena *arena, struct th_bytes *ret_json);
    void *query_context;
};

/* How far a start came when it failed, for the message. */
enum th_daemon_stage {
    TH_DAEMON_LOADING,   /* the store into core */
    TH_DAEMON_LISTENING, /* binding `listen` */
    TH_DAEMON_PUBLISHING,
    TH_DAEMON_CONTROLLING, /* binding control_path */
    TH_DAEMON_SHOWING,     /* binding `http` */
    TH_DAEMON_TESTING,     /* the self-test: TH_E_FORBIDDEN */
    TH_DAEMON_STARTING,    /* its threads */
    TH_DAEMON_RUNNING
};

/* Runs until SIGTERM, SIGINT or, unless that is ignored, SIGHUP; 0 then. A second one of the former
 * ends the process at once. */
TH_MUST_CHECK int th_daemon_run(const struct th_daemon_options *options,
                                enum th_daemon_stage *ret_stage);

#endif
