/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the daemon, shared by the files of this folder only. */
#ifndef TH_DAEMON_PARTS_H
#define TH_DAEMON_PARTS_H

#include "aggregator/daemon/alarm.h"
#include "aggregator/daemon/counters.h"
#include "aggregator/daemon/daemon.h"
#include "aggregator/daemon/desk.h"
#include "aggregator/daemon/idler.h"
#include "aggregator/daemon/outbox.h"
#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/scrubber.h"
#include "aggregator/driver/driver.h"
#include "aggregator/http/server.h"
#include "aggregator/daemon/lane.h"
#include "aggregator/daemon/memory.h"
#include "aggregator/shell/control_server.h"
#include "aggregator/shell/loop.h"
#include "aggregator/shell/publisher.h"
#include "aggregator/shell/zap.h"

#include <pthread.h>

/* Batches, and how long the writer had to do with them. */
struct th_daemon_batches {
    uint64_t count, us;
};

struct th_daemon {
    const struct th_daemon_options *options;
    struct th_daemon_counters counters;

    /* The loop's. */
    void *zmq;
    struct th_keyring *keyring; /* everybody's */
    struct th_zap *zap;
    struct th_router *nodes;
    struct th_control_server *operators;
    struct th_publisher *publisher;
    struct th_peers *peers;
    struct th_loop *loop;
    int timer_fd;
    struct th_alarm alarm;
    bool is_stopping;
    bool has_told_files; /* that there are too few */
    int64_t stopping_since_ms;
    th_instant hung_up_at;    /* who was revoked up to here is not connected to the publisher */
    uint64_t readmitted_told; /* by the last line about it */
    int64_t readmitted_told_ms;

    /* Between threads. */
    struct th_outbox *outbox;
    struct th_pipeline *pipeline;
    struct th_desk *desk;
    struct th_scrubber *scrubber; /* NULL: never */
    struct th_room *room;         /* of the file's pages; NULL: none are made */
    struct th_idler room_idler;
    struct th_http_server *http; /* NULL: none */
    /* The journal's time, for those that ask between two batches: where a rehearsal's clock stands,
     * or how far it leads CLOCK_BOOTTIME. TH_NO_INSTANT: not known yet. */
    _Atomic int64_t still_ms, lead_ms;
    _Atomic int64_t next_due_ms;    /* wall time of the next timer, TH_NO_INSTANT for none */
    _Atomic size_t memory_wanted;   /* ready for a burst */
    _Atomic bool is_viewer_revoked; /* the publisher has to hang up on its subscribers */
    struct th_driver_counters driver_counters; /* a copy, under the lock below */
    struct th_daemon_batches batches;          /* likewise */
    struct th_store_commits commits;           /* likewise */
    _Atomic bool is_full;                      /* nothing is taken until there is room */
    _Atomic bool is_recovering, is_contradicted, is_suspect, is_ending;
    _Atomic uint64_t position, unsettled, units_heard, units_connected;
    pthread_mutex_t counters_lock;

    /* The writer's. */
    struct th_store_port store_port;
    struct th_driver *driver;
    struct th_lane *lane;
    struct th_daemon_items {
        struct th_item *items;
        size_t capacity;
    } items[2]; /* of what is written, and of what was before, which may not have ended */
    unsigned items_next;
    bool has_told;            /* of a contradiction */
    bool has_told_full;       /* and not yet that there is room again */
    bool has_told_suspect;    /* and not yet that the clock is believed again */
    struct th_memory memory;  /* that is made ready */
    size_t jobs_until_memory; /* so many more before it is made ready again */
    bool has_common_heap;
};

/* work.c: on the verifiers' threads and the writer's. */
/* The journal's time now, which the keyring is asked about: while the clock is suspect it is not
 * the wall's, and a revocation's instant is of the journal. On any thread. */
th_instant th_daemon_now(void *daemon);
/* After the driver was opened and after each batch, on the thread that has it. */
void th_daemon_note_time(struct th_daemon *daemon);
/* `wake`: on another thread, when a batch was answered. */
TH_MUST_CHECK int th_daemon_open_driver(struct th_daemon *daemon, void (*wake)(void *context));
void th_daemon_close_driver(struct th_daemon *daemon);
void th_daemon_verify(void *context, struct th_job *job);
int th_daemon_write(void *context, struct th_job *const *jobs, size_t count, bool more);
int th_daemon_finish(void *context);
bool th_daemon_is_under_way(void *context);
int th_daemon_idle(void *context, bool is_end, bool *ret_more);
void th_daemon_drop(struct th_daemon *daemon, enum th_drop reason);
/* Tells the node that sent the job. */
void th_daemon_fail(struct th_daemon *daemon, struct th_job *job, int status, uint32_t after_ms);

/* upkeep.c */
/* Once, when a recovery is open. */
void th_daemon_tell_recovery(struct th_daemon *daemon);
/* What was readmitted since the last line, at most once a minute. */
void th_daemon_tell_readmitted(struct th_daemon *daemon);
/* Once when the store has no room, and once when it has: on the writer's thread. */
void th_daemon_tell_room(struct th_daemon *daemon);
/* Once when the clock is suspect, and once when it is not any more: on the writer's thread. */
void th_daemon_tell_clock(struct th_daemon *daemon);
/* Once, when the process may have fewer descriptors than the enrolled keys have connections. */
void th_daemon_tell_files(struct th_daemon *daemon);
/* While no job is in the pipeline: what was freed goes back to the system (memory.h). */
void th_daemon_give_back(struct th_daemon *daemon);
/* On the writer's thread, while nothing waits: a piece of the memory that the reports take which
 * are still expected. True: call again. */
bool th_daemon_make_memory_ready(struct th_daemon *daemon);
/* After the pipeline, which ends when this fails. */
TH_MUST_CHECK int th_daemon_start_scrubber(struct th_daemon *daemon);
/* Room for a burst (aggregator/store/room.h): before the pipeline; then its thread, without which
 * a burst is only slower. */
void th_daemon_reserve(struct th_daemon *daemon);
void th_daemon_start_room(struct th_daemon *daemon);
void th_daemon_stop_room(struct th_daemon *daemon);

/* web.c */
TH_MUST_CHECK int th_daemon_open_http(struct th_daemon *daemon);
/* After the driver was opened, and after each batch, on the thread that has it: what is told over
 * HTTP. */
void th_daemon_note_state(struct th_daemon *daemon);

/* queries.c */
TH_MUST_CHECK int th_daemon_open_desk(struct th_daemon *daemon);
void th_daemon_ask(struct th_daemon *daemon, struct th_job *job);

#endif
