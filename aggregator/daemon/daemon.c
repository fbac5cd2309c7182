/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/daemon.h"

#include "aggregator/daemon/parts.h"
#include "aggregator/shell/clock_linux.h"
#include "aggregator/shell/self_test.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

#define MIB ((size_t)1024 * 1024)

/* A draft option: not in the header of 4.3.4, but this is its number, and the library honours it.
 */
#ifndef ZMQ_ZERO_COPY_RECV
#define ZMQ_ZERO_COPY_RECV 10
#endif

enum {
    DRAIN_MAX = 64, /* messages for one turn of the loop, so that timers and signals get theirs */
    BATCH_MAX = 2048,
    JOBS_MAX = 2 * BATCH_MAX, /* one being made beside one that has not ended */
    BATCH_REPORTS_MAX = 4096,
    SWEEP_MS = 5000,
    CORES_FOR_TWO = 4,
    SETTLE_AFTER_MS = 20, /* a burst has gaps */
    STOP_PATIENCE_MS = 10000,
    BARRED_MINUTES = 10
};

#define BARRED_NS ((int64_t)BARRED_MINUTES * 60 * 1000000000)

enum source { SOURCE_NODES, SOURCE_OPERATORS, SOURCE_PUBLISHER, SOURCES };

/* ---- counters ---- */

static void print_counters(struct th_daemon *daemon)
{
    (void)pthread_mutex_lock(&daemon->counters_lock);
    struct th_driver_counters counters = daemon->driver_counters;
    (void)pthread_mutex_unlock(&daemon->counters_lock);
    th_counters_print(&daemon->counters, &counters, daemon->options->log);
}

/* ---- receiving ---- */

static void drop_bad(struct th_daemon *daemon, enum th_router_got got)
{
    switch (got) {
    case TH_ROUTER_BAD_FRAMES:
        th_daemon_drop(daemon, TH_DROP_FRAMES);
        break;
    case TH_ROUTER_BAD_PEER:
        th_daemon_drop(daemon, TH_DROP_PEER);
        break;
    case TH_ROUTER_NOTHING:
    case TH_ROUTER_MESSAGE:
    case TH_ROUTER_REVOKED:
        break;
    }
}

/* A unit's key at work in two places: perhaps a copy, perhaps only another line. The operator
 * knows.
 */
static void look_for_copies(struct th_daemon *daemon, struct th_peer *peer,
                            const struct th_job *job)
{
    const struct th_router_message *message = &job->message;
    char before[TH_ROUTER_HOST_SIZE];
    if (!th_peers_is_elsewhere(peer, message->key, message->host, job->now.boottime_ms, before))
        return;
    (void)fprintf(
        daemon->options->log,
        "tonghop-aggregator: lưu ý: một khóa của đơn vị %s đang gửi từ hai nơi (%s và %s) "
        "trong vòng một phút; nếu không phải đơn vị đổi đường mạng thì thu hồi khóa đó\n",
        message->unit, before, message->host);
    (void)fflush(daemon->options->log);
}

/* The message of a node that may send now; over its quota it is told when to come again. */
static bool meet(struct th_daemon *daemon, struct th_job *job)
{
    struct th_router_message *message = &job->message;
    struct th_peer *peer =
        message->unit[0] == 0 ? NULL : th_peers_meet(daemon->peers, message->unit, &message->peer);
    if (peer == NULL) {
        th_router_frame_close(&message->frame);
        th_daemon_drop(daemon, TH_DROP_PEER);
        return false;
    }
    look_for_copies(daemon, peer, job);
    if (!peer->sockets[0].is_known)
        th_peers_see(peer, th_router_frame_fd(&message->frame));
    atomic_store_explicit(&daemon->units_heard, th_peers_count(daemon->peers),
                          memory_order_relaxed);
    job->wait_ms = th_peers_take(daemon->peers, peer, message->payload.size, job->now.boottime_ms);
    return true;
}

/* The next message of nodes or of the operator. */
static enum th_router_got receive(struct th_daemon *daemon, enum th_job_kind kind,
                                  struct th_router_message *ret_message)
{
    return kind == TH_JOB_NODE
               ? th_router_receive(daemon->nodes, th_daemon_now(daemon), ret_message)
               : th_control_server_receive(daemon->operators, ret_message);
}

static void drain(struct th_daemon *daemon, enum source source, enum th_job_kind kind)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        struct th_job *job = th_pipeline_claim(daemon->pipeline);
        if (job == NULL) {
            th_loop_pause(daemon->loop, source, true);
            return;
        }
        enum th_router_got got = receive(daemon, kind, &job->message);
        if (got == TH_ROUTER_NOTHING)
            return;
        if (got != TH_ROUTER_MESSAGE && got != TH_ROUTER_REVOKED) {
            drop_bad(daemon, got);
            continue;
        }
        job->kind = kind;
        job->is_revoked = got == TH_ROUTER_REVOKED;
        job->now = th_clock_now();
        (void)atomic_fetch_add_explicit(&daemon->counters.received, 1, memory_order_relaxed);
        if (kind == TH_JOB_NODE && !meet(daemon, job))
            continue;
        th_pipeline_push(daemon->pipeline, job);
    }
}

static void drain_nodes(void *context)
{
    struct th_daemon *daemon = context;
    drain(daemon, SOURCE_NODES, TH_JOB_NODE);
}

static void drain_operators(void *context)
{
    struct th_daemon *daemon = context;
    drain(daemon, SOURCE_OPERATORS, TH_JOB_OPERATOR);
}

/* libzmq keeps all that anybody subscribes to, and cannot hang up on one. */
static void drain_publisher(void *context)
{
    struct th_daemon *daemon = context;
    uint8_t key[TH_CURVE_KEY_SIZE];
    char unit[TH_UNIT_CODE_MAX + 1] = "";
    if (th_publisher_drain(daemon->publisher, key))
        return;
    (void)th_keyring_find(daemon->keyring, key, th_daemon_now(daemon), unit);
    th_keyring_bar(daemon->keyring, key, th_clock_steady_ns() + BARRED_NS);
    atomic_store(&daemon->is_viewer_revoked, true);
    th_loop_wake(daemon->loop);
    (void)fprintf(
        daemon->options->log,
        "tonghop-aggregator: lưu ý: một khóa của đơn vị %s đăng ký theo dõi quá nhiều chủ "
        "đề; đã cắt mọi nơi đang theo dõi, khóa đó chưa được theo dõi lại trong %d phút\n",
        unit, BARRED_MINUTES);
    (void)fflush(daemon->options->log);
}

static bool nodes_pending(void *context)
{
    return th_router_is_pending(((struct th_daemon *)context)->nodes);
}

static bool operators_pending(void *context)
{
    return th_control_server_is_pending(((struct th_daemon *)context)->operators);
}

static bool publisher_pending(void *context)
{
    return th_publisher_is_pending(((struct th_daemon *)context)->publisher);
}

static void push_tick(struct th_daemon *daemon)
{
    struct th_job *job = th_pipeline_claim(daemon->pipeline);
    if (job == NULL)
        return; /* the ring is full of events, whose stamps fire the timers as well */
    job->kind = TH_JOB_TICK;
    job->now = th_clock_now();
    th_pipeline_push(daemon->pipeline, job);
}

/* ---- sending ---- */

/* A reminder that a busy connection cannot take is lost; the connection is not. */
static void send_to_unit(struct th_daemon *daemon, const struct th_outgoing *outgoing,
                         struct th_bytes content)
{
    struct th_peer *peer = th_peers_find(daemon->peers, outgoing->unit);
    for (size_t i = 0; peer != NULL && i < peer->connections_count;) {
        switch (th_router_send(daemon->nodes, &peer->connections[i], content)) {
        case TH_ROUTER_GONE:
            th_peers_forget(peer, i);
            break;
        case TH_ROUTER_FULL:
            th_daemon_drop(daemon, TH_DROP_UNSENT);
            i++;
            break;
        case TH_ROUTER_SENT:
            i++;
            break;
        }
    }
}

static void send_one(struct th_daemon *daemon, const struct th_outgoing *outgoing)
{
    struct th_bytes topic = {outgoing->bytes, outgoing->topic_size};
    struct th_bytes content = {outgoing->bytes + outgoing->topic_size,
                               outgoing->size - outgoing->topic_size};
    enum th_router_sent sent = TH_ROUTER_SENT;
    switch (outgoing->kind) {
    case TH_OUTGOING_NODE:
        sent = th_router_send(daemon->nodes, &outgoing->peer, content);
        break;
    case TH_OUTGOING_OPERATOR:
        sent = th_control_server_send(daemon->operators, &outgoing->peer, content);
        break;
    case TH_OUTGOING_UNIT:
        send_to_unit(daemon, outgoing, content);
        break;
    case TH_OUTGOING_TOPIC:
        th_publisher_send(daemon->publisher, topic, content);
        break;
    }
    if (sent != TH_ROUTER_SENT)
        th_daemon_drop(daemon, TH_DROP_UNSENT);
}

/* Who was revoked may be subscribed: nobody stays connected. Enrolled ones connect again. */
static void hang_up(struct th_daemon *daemon)
{
    if (!atomic_exchange(&daemon->is_viewer_revoked, false))
        return;
    th_instant now = th_daemon_now(daemon);
    th_loop_unwatch(daemon->loop, SOURCE_PUBLISHER);
    int status = th_publisher_reopen(daemon->publisher);
    int watched = th_loop_watch(daemon->loop, SOURCE_PUBLISHER, th_publisher_fd(daemon->publisher));
    if (status == 0 && watched == 0) {
        daemon->hung_up_at = now;
        return;
    }
    atomic_store(&daemon->is_viewer_revoked, true); /* the sweep tries again */
    (void)fprintf(daemon->options->log,
                  "tonghop-aggregator: chưa mở lại được cổng công bố sau khi thu hồi khóa (%s); "
                  "tạm ngừng công bố, sẽ thử lại\n",
                  th_status_text(status < 0 ? status : watched));
    (void)fflush(daemon->options->log);
}

/* A revocation whose instant lay ahead when it was made. */
static void look_for_ended(struct th_daemon *daemon)
{
    th_instant now = th_daemon_now(daemon);
    if (th_keyring_has_ended(daemon->keyring, daemon->hung_up_at, now))
        atomic_store(&daemon->is_viewer_revoked, true);
    else
        daemon->hung_up_at = now;
}

static void send_all(struct th_daemon *daemon)
{
    /* A revocation is marked before what follows it is put: nothing of that reaches who was
     * revoked. */
    struct th_outgoing *first = th_outbox_take(daemon->outbox);
    hang_up(daemon);
    for (struct th_outgoing *at = first; at != NULL;) {
        struct th_outgoing *next = at->next;
        send_one(daemon, at);
        free(at);
        at = next;
    }
}

static void arm_timer(struct th_daemon *daemon)
{
    int64_t due = atomic_load(&daemon->next_due_ms);
    int64_t at;
    if (th_alarm_want(&daemon->alarm, due, th_clock_now().wall.ms, &at) &&
        th_clock_timer_arm(daemon->timer_fd, (th_instant){at}) == 0)
        th_alarm_set(&daemon->alarm, due);
}

/* ---- hooks ---- */

static void on_wake(void *context)
{
    struct th_daemon *daemon = context;
    /* Asked before the outbox is emptied: what the writer put before it ended is in it. */
    bool has_ended = th_pipeline_has_ended(daemon->pipeline);
    send_all(daemon);
    arm_timer(daemon);
    if (has_ended) {
        th_loop_stop(daemon->loop);
    } else if (!daemon->is_stopping && th_pipeline_has_room(daemon->pipeline)) {
        th_loop_pause(daemon->loop, SOURCE_NODES, false);
        th_loop_pause(daemon->loop, SOURCE_OPERATORS, false);
    }
}

static void on_timer(void *context)
{
    struct th_daemon *daemon = context;
    th_clock_timer_take(daemon->timer_fd);
    /* Armed again after the tick, also when the clock was set. */
    th_alarm_fire(&daemon->alarm, th_clock_now().wall.ms);
    push_tick(daemon);
}

static void on_sweep(void *context)
{
    struct th_daemon *daemon = context;
    if (daemon->is_stopping) {
        if (th_clock_now().boottime_ms - daemon->stopping_since_ms > STOP_PATIENCE_MS)
            _exit(EX_TEMPFAIL);
        return;
    }
    th_control_server_retry(daemon->operators);
    look_for_ended(daemon);
    hang_up(daemon);
    atomic_store(&daemon->units_connected, th_peers_count_connected(daemon->peers));
    th_daemon_tell_readmitted(daemon);
    th_daemon_tell_files(daemon); /* keys are enrolled while it runs */
    th_daemon_give_back(daemon);
    th_store_check_readers(daemon->options->store);
    /* While the store is full, also to see whether it still is. */
    if (th_store_identity(daemon->options->store)->mode == TH_MODE_LIVE ||
        atomic_load(&daemon->is_full))
        push_tick(daemon);
}

static void on_signal(void *context, int number)
{
    struct th_daemon *daemon = context;
    if (number == SIGUSR1) {
        print_counters(daemon);
        return;
    }
    if (daemon->is_stopping && number == SIGHUP)
        return; /* of the shell and of the terminal */
    if (daemon->is_stopping)
        _exit(128 + number);
    daemon->is_stopping = true;
    atomic_store(&daemon->is_ending, true);
    if (daemon->http != NULL)
        th_http_refuse(daemon->http);
    daemon->stopping_since_ms = th_clock_now().boottime_ms;
    th_router_unbind(daemon->nodes);
    th_control_server_unbind(daemon->operators);
    th_loop_pause(daemon->loop, SOURCE_NODES, true);
    th_loop_pause(daemon->loop, SOURCE_OPERATORS, true);
    th_pipeline_finish(daemon->pipeline);
}

static void wake_loop(void *context)
{
    th_loop_wake(((struct th_daemon *)context)->loop);
}

/* A batch was answered. */
static void wake_both(void *context)
{
    wake_loop(context);
    th_pipeline_wake(((struct th_daemon *)context)->pipeline);
}

/* ---- starting ---- */

static int open_sockets(struct th_daemon *daemon, enum th_daemon_stage *stage)
{
    const struct th_daemon_options *options = daemon->options;
    const uint8_t *secret = options->secrets->curve_secret;
    *stage = TH_DAEMON_LISTENING;
    int status =
        th_router_open_nodes(daemon->zmq, options->listen, secret, daemon->keyring, &daemon->nodes);
    if (status < 0)
        return status;
    *stage = TH_DAEMON_PUBLISHING;
    status = th_publisher_open(daemon->zmq, options->publish, secret, &daemon->publisher);
    if (status < 0)
        return status;
    *stage = TH_DAEMON_CONTROLLING;
    status = th_control_server_open(options->control_path, &daemon->operators);
    if (status < 0)
        return status;
    *stage = TH_DAEMON_SHOWING;
    return th_daemon_open_http(daemon);
}

static int self_test(struct th_daemon *daemon)
{
    const uint8_t *key = daemon->options->secrets->curve_public;
    int status =
        th_self_test(daemon->zmq, th_router_endpoint(daemon->nodes), false, key, daemon->keyring);
    if (status < 0)
        return status;
    return th_self_test(daemon->zmq, th_publisher_endpoint(daemon->publisher), true, key,
                        daemon->keyring);
}

/* As nohup leaves it: then a terminal that closes ends nothing. */
static bool is_hangup_ignored(void)
{
    struct sigaction action;
    return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int start_loop(struct th_daemon *daemon)
{
    const struct th_loop_source sources[SOURCES] = {
        [SOURCE_NODES] = {daemon, th_router_fd(daemon->nodes), nodes_pending, drain_nodes},
        [SOURCE_OPERATORS] = {daemon, th_control_server_fd(daemon->operators), operators_pending,
                              drain_operators},
        [SOURCE_PUBLISHER] = {daemon, th_publisher_fd(daemon->publisher), publisher_pending,
                              drain_publisher},
    };
    const struct th_loop_hooks hooks = {.context = daemon,
                                        .wake = on_wake,
                                        .timer = on_timer,
                                        .sweep = on_sweep,
                                        .signal = on_signal,
                                        .sweep_ms = SWEEP_MS,
                                        .timer_fd = daemon->timer_fd,
                                        .signals = {SIGTERM, SIGINT, SIGUSR1, SIGHUP},
                                        .signals_count = is_hangup_ignored() ? 3 : 4};
    return th_loop_new(sources, SOURCES, &hooks, &daemon->loop);
}

static int start_pipeline(struct th_daemon *daemon)
{
    const struct th_pipeline_options options = {.jobs_max = JOBS_MAX,
                                                .bytes_max = 64 * MIB,
                                                .batch_max = BATCH_MAX,
                                                .batch_reports_max = BATCH_REPORTS_MAX,
                                                .batch_bytes_max = 8 * MIB,
                                                .decoded_bytes_max = 32 * MIB,
                                                .verifiers = daemon->options->verifiers,
                                                .context = daemon,
                                                .verify = th_daemon_verify,
                                                .write = th_daemon_write,
                                                .finish = th_daemon_finish,
                                                .is_under_way = th_daemon_is_under_way,
                                                .idle = th_daemon_idle,
                                                .idle_ms = SETTLE_AFTER_MS,
                                                .freed = wake_loop};
    int status = th_outbox_new(64 * MIB, wake_loop, daemon, &daemon->outbox);
    if (status == 0)
        status = th_daemon_open_desk(daemon);
    return status < 0 ? status : th_pipeline_start(&options, &daemon->pipeline);
}

/* One carries a province: a second one pays where it does not take a core from the verifiers. */
static int io_threads(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN) < CORES_FOR_TWO ? 1 : 2;
}

/* What is received is decrypted into memory of its own at once, so libzmq has nothing to gain from
 * messages that share a connection's buffer, and keeps count of them in a page of each connection.
 */
static void *new_context(void)
{
    void *context = zmq_ctx_new();
    if (context != NULL)
        (void)zmq_ctx_set(context, ZMQ_ZERO_COPY_RECV,
                          0); /* where it is unknown, nothing is lost */
    return context;
}

/* The ZAP handler before any socket is bound; the test of it before anything is taken. */
static int start(struct th_daemon *daemon, enum th_daemon_stage *stage)
{
    uint8_t random[8];
    randombytes_buf(random, sizeof random);
    *stage = TH_DAEMON_LOADING;
    daemon->has_common_heap = th_memory_is_common();
    th_memory_set_up(daemon->has_common_heap);
    daemon->zmq = new_context();
    if (daemon->zmq == NULL || zmq_ctx_set(daemon->zmq, ZMQ_IO_THREADS, io_threads()) != 0)
        return TH_E_NO_MEMORY;
    int status = th_keyring_new(random, &daemon->keyring);
    if (status == 0)
        status = th_peers_new(daemon->options->quota, &daemon->peers);
    if (status == 0)
        status = th_clock_timer_open(&daemon->timer_fd);
    if (status == 0)
        status = th_daemon_open_driver(daemon, wake_both);
    if (status == 0)
        status = th_zap_start(daemon->zmq, daemon->keyring, th_daemon_now, daemon, &daemon->zap);
    if (status == 0)
        status = open_sockets(daemon, stage);
    if (status < 0)
        return status;
    *stage = TH_DAEMON_TESTING;
    status = self_test(daemon);
    atomic_store(&daemon->is_viewer_revoked, false); /* revoked in the past: never got in */
    daemon->hung_up_at = th_daemon_now(daemon);
    if (status < 0)
        return status;
    *stage = TH_DAEMON_STARTING;
    status = start_loop(daemon);
    if (status == 0) {
        th_daemon_reserve(daemon);
        status = start_pipeline(daemon);
    }
    if (status == 0)
        status = th_daemon_start_scrubber(daemon);
    if (status == 0)
        th_daemon_start_room(daemon);
    if (status == 0 && daemon->http != NULL)
        status = th_http_start(daemon->http);
    *stage = status == 0 ? TH_DAEMON_RUNNING : *stage;
    return status;
}

static void stop(struct th_daemon *daemon)
{
    if (daemon->outbox != NULL)
        th_outbox_open_wide(daemon->outbox);
    th_daemon_stop_room(daemon);
    th_scrubber_free(daemon->scrubber); /* it asks the pipeline */
    if (daemon->pipeline != NULL)
        th_pipeline_finish(daemon->pipeline); /* when the start failed behind it, nobody has */
    th_pipeline_free(daemon->pipeline);
    th_http_close(daemon->http); /* the writer told it of commits */
    th_desk_free(daemon->desk);  /* verifiers put into it, and it wakes the loop */
    th_loop_free(daemon->loop);  /* before the sockets whose descriptors it watches */
    if (daemon->operators != NULL)
        (void)unlink(daemon->options->control_path);
    th_router_close(daemon->nodes);
    th_control_server_close(daemon->operators);
    th_publisher_close(daemon->publisher);
    th_zap_stop(daemon->zap);
    if (daemon->zmq != NULL)
        (void)zmq_ctx_term(daemon->zmq);
    th_outbox_free(daemon->outbox);
    if (daemon->timer_fd >= 0)
        th_clock_timer_close(daemon->timer_fd);
    th_daemon_close_driver(daemon);
    th_peers_free(daemon->peers);
    th_keyring_free(daemon->keyring);
}

int th_daemon_run(const struct th_daemon_options *options, enum th_daemon_stage *ret_stage)
{
    struct th_daemon *daemon = calloc(1, sizeof *daemon);
    if (daemon == NULL)
        return TH_E_NO_MEMORY;
    daemon->options = options;
    daemon->timer_fd = -1;
    th_alarm_init(&daemon->alarm);
    atomic_store(&daemon->next_due_ms, TH_NO_INSTANT);
    atomic_store(&daemon->still_ms, TH_NO_INSTANT);
    atomic_store(&daemon->lead_ms, TH_NO_INSTANT);
    int status = pthread_mutex_init(&daemon->counters_lock, NULL) == 0 ? 0 : TH_E_NO_MEMORY;
    if (status == 0)
        status = start(daemon, ret_stage);
    if (status == 0) {
        options->ready(options->ready_context, th_router_endpoint(daemon->nodes),
                       th_publisher_endpoint(daemon->publisher),
                       daemon->http == NULL ? NULL : th_http_url(daemon->http));
        th_daemon_tell_recovery(daemon);
        th_daemon_tell_files(daemon);
        push_tick(daemon); /* what fell due while nobody ran */
        th_loop_run(daemon->loop);
        print_counters(daemon);
    }
    stop(daemon);
    (void)pthread_mutex_destroy(&daemon->counters_lock);
    free(daemon);
    return status;
}
