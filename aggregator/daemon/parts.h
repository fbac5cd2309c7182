/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the daemon, shared by the files of this folder only. */
#ifndef TH_DAEMON_PARTS_H
#define TH_DAEMON_PARTS_H

#include "aggregator/daemon/alarm.h"
#include "aggregator/daemon/counters.h"
#include "aggregator/daemon/daemon.h"
#include "aggregator/daemon/desk.h"
#include "aggregator/daemon/outbox.h"
#include "aggregator/daemon/pipeline.h"
#include "aggregator/driver/driver.h"
#include "aggregator/shell/loop.h"
#include "aggregator/shell/publisher.h"
#include "aggregator/shell/zap.h"

#include <pthread.h>

struct th_daemon {
    const struct th_daemon_options *options;
    struct th_daemon_counters counters;

    /* The loop's. */
    void *zmq;
    struct th_keyring *keyring; /* everybody's */
    struct th_zap *zap;
    struct th_router *nodes;
    struct th_router *operators;
    struct th_publisher *publisher;
    struct th_peers *peers;
    struct th_loop *loop;
    int timer_fd;
    struct th_alarm alarm;
    bool is_stopping;
    int64_t stopping_since_ms;

    /* Between threads. */
    struct th_outbox *outbox;
    struct th_pipeline *pipeline;
    struct th_desk *desk;
    _Atomic int64_t next_due_ms;    /* wall time of the next timer, TH_NO_INSTANT for none */
    _Atomic bool is_viewer_revoked; /* the publisher has to hang up on its subscribers */
    struct th_driver_counters driver_counters; /* a copy, under the lock below */
    pthread_mutex_t counters_lock;

    /* The writer's. */
    struct th_store_port store_port;
    struct th_driver *driver;
    struct th_job *const *jobs; /* of the batch that runs */
    struct th_item *items;
    size_t items_capacity;
    bool has_told; /* of a contradiction */
};

/* work.c: on the verifiers' threads and the writer's. */
TH_MUST_CHECK int th_daemon_open_driver(struct th_daemon *daemon);
void th_daemon_close_driver(struct th_daemon *daemon);
void th_daemon_verify(void *context, struct th_job *job);
int th_daemon_write(void *context, struct th_job *const *jobs, size_t count);
void th_daemon_drop(struct th_daemon *daemon, enum th_drop reason);
/* Tells the node that sent the job. */
void th_daemon_fail(struct th_daemon *daemon, struct th_job *job, int status, uint32_t after_ms);

/* queries.c */
TH_MUST_CHECK int th_daemon_open_desk(struct th_daemon *daemon);
void th_daemon_ask(struct th_daemon *daemon, struct th_job *job);

#endif
