/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/peers.h"
#include "aggregator/daemon/pipeline.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the pipeline ---- */

static int64_t written[4096];
static size_t written_count;
static size_t largest_batch, first_batch;
static _Atomic int64_t gate = INT64_MAX; /* jobs from here on are not verified yet */
static bool has_unverified;
static _Atomic unsigned freed_count;
static _Atomic bool hold_writer;
static _Atomic unsigned write_us; /* how long a write takes */
static int write_status;
static bool has_more;              /* behind the last batch */
static _Atomic unsigned idle_left; /* pieces of idle work */
static _Atomic unsigned idle_done;
static bool ended_idle;             /* some of it was done at the end */
static bool is_greedy;              /* a job takes what one message may need */
static _Atomic bool takes_too_much; /* it may take more than that */
static _Atomic unsigned verified_count;
static size_t reports_each = 1;
static size_t bytes_each;   /* that verifying takes from the arena */
static size_t answer_bytes; /* that a write takes from it */
static unsigned verify_us;  /* how long it takes */

/* The later it came, the sooner it is verified. */
static void verify(void *context, struct th_job *job)
{
    (void)context;
    while (job->now.boottime_ms >= atomic_load(&gate))
        usleep(1000);
    if (verify_us > 0)
        usleep(verify_us);
    else if (job->now.boottime_ms % 3 == 0)
        usleep(300);
    for (size_t taken = 0; taken < bytes_each; taken += 4096)
        (void)th_arena_alloc(&job->arena, 4096);
    job->reports = reports_each;
    if (is_greedy && (th_arena_alloc(&job->arena, (size_t)15 << 20) == NULL ||
                      th_arena_alloc(&job->arena, (size_t)2 << 20) != NULL))
        atomic_store(&takes_too_much, true);
    job->is_for_writer = true;
    (void)atomic_fetch_add(&verified_count, 1);
}

static int write_jobs(void *context, struct th_job *const *jobs, size_t count, bool more)
{
    (void)context;
    has_more = more;
    while (atomic_load(&hold_writer))
        usleep(1000);
    usleep(write_us);
    for (size_t i = 0; i < count; i++) {
        has_unverified = has_unverified || !jobs[i]->is_for_writer;
        written[written_count++] = jobs[i]->now.boottime_ms;
        (void)th_arena_alloc(&jobs[i]->arena, answer_bytes);
    }
    first_batch = first_batch == 0 ? count : first_batch;
    largest_batch = count > largest_batch ? count : largest_batch;
    return write_status;
}

/* All that was written has ended with its write. */
static int end_jobs(void *context)
{
    (void)context;
    return 0;
}

static int idle(void *context, bool is_end, bool *ret_more)
{
    (void)context;
    ended_idle = ended_idle || is_end;
    unsigned left = atomic_load(&idle_left);
    if (left > 0) {
        atomic_store(&idle_left, left - 1);
        (void)atomic_fetch_add(&idle_done, 1);
    }
    *ret_more = left > 1;
    return 0;
}

static void freed(void *context)
{
    (void)context;
    (void)atomic_fetch_add(&freed_count, 1);
}

static struct th_pipeline_options options_of(size_t jobs_max, size_t batch_max)
{
    return (struct th_pipeline_options){.jobs_max = jobs_max,
                                        .bytes_max = 1 << 20,
                                        .batch_max = batch_max,
                                        .batch_reports_max = 1000,
                                        .batch_bytes_max = 1 << 20,
                                        .decoded_bytes_max = 1 << 20,
                                        .verifiers = 4,
                                        .verify = verify,
                                        .write = write_jobs,
                                        .finish = end_jobs,
                                        .freed = freed};
}

static struct th_pipeline *start(size_t jobs_max, size_t batch_max)
{
    struct th_pipeline *pipeline = NULL;
    const struct th_pipeline_options options = options_of(jobs_max, batch_max);
    cr_assert_eq(th_pipeline_start(&options, &pipeline), 0);
    return pipeline;
}

static bool push(struct th_pipeline *pipeline, int64_t number)
{
    struct th_job *job = th_pipeline_claim(pipeline);
    if (job == NULL)
        return false;
    job->kind = TH_JOB_TICK;
    job->now.boottime_ms = number;
    th_pipeline_push(pipeline, job);
    return true;
}

static void finish(struct th_pipeline *pipeline)
{
    th_pipeline_finish(pipeline);
    while (!th_pipeline_has_ended(pipeline))
        usleep(1000);
    th_pipeline_free(pipeline);
}

Test(pipeline, jobs_are_written_in_the_order_in_which_they_came, .timeout = 30)
{
    struct th_pipeline *pipeline = start(64, 16);
    for (int64_t i = 0; i < 1000;) {
        if (push(pipeline, i))
            i++;
        else
            usleep(100);
    }
    finish(pipeline);
    cr_assert_eq(written_count, 1000);
    for (size_t i = 0; i < 1000; i++)
        cr_assert_eq(written[i], (int64_t)i);
    cr_assert_leq(largest_batch, 16);
    cr_assert_not(has_unverified);
}

static struct th_pipeline *start_with_idle(int64_t idle_ms)
{
    struct th_pipeline *pipeline = NULL;
    struct th_pipeline_options options = options_of(64, 16);
    options.idle = idle;
    options.idle_ms = idle_ms;
    cr_assert_eq(th_pipeline_start(&options, &pipeline), 0);
    return pipeline;
}

Test(pipeline, idle_work_is_done_when_nothing_came_for_a_while, .timeout = 30)
{
    atomic_store(&idle_left, 3);
    struct th_pipeline *pipeline = start_with_idle(5);
    while (atomic_load(&idle_done) < 3)
        usleep(1000);
    atomic_store(&idle_left, 2); /* what a batch leaves is done after it */
    cr_assert(push(pipeline, 1));
    while (atomic_load(&idle_done) < 5)
        usleep(1000);
    cr_assert_eq(written_count, 1);
    cr_assert_not(has_more);
    while (atomic_load(&freed_count) < 6) /* after each piece: it may have something to send */
        usleep(1000);
    finish(pipeline);
}

Test(pipeline, what_is_left_of_idle_work_is_done_before_it_ends, .timeout = 30)
{
    atomic_store(&idle_left, 40);
    struct th_pipeline *pipeline = start_with_idle(1000000);
    cr_assert(push(pipeline, 1));
    usleep(20000);
    cr_assert_eq(atomic_load(&idle_done), 0);
    finish(pipeline);
    cr_assert_eq(written_count, 1);
    cr_assert_eq(atomic_load(&idle_done), 40);
    cr_assert(ended_idle);
}

Test(pipeline, it_is_busy_until_all_is_written, .timeout = 30)
{
    atomic_store(&hold_writer, true);
    struct th_pipeline *pipeline = start(8, 4);
    cr_assert_not(th_pipeline_is_busy(pipeline));
    cr_assert(push(pipeline, 0));
    cr_assert(th_pipeline_is_busy(pipeline));
    usleep(20000);
    cr_assert(th_pipeline_is_busy(pipeline), "the writer has it");
    atomic_store(&hold_writer, false);
    while (th_pipeline_is_busy(pipeline))
        usleep(1000);
    finish(pipeline);
}

Test(pipeline, a_full_ring_refuses_until_jobs_are_written, .timeout = 30)
{
    atomic_store(&hold_writer, true);
    struct th_pipeline *pipeline = start(8, 4);
    int64_t pushed = 0;
    while (push(pipeline, pushed))
        pushed++;
    cr_assert_eq(pushed, 8);
    cr_assert_not(th_pipeline_has_room(pipeline));
    atomic_store(&hold_writer, false);
    while (!th_pipeline_has_room(pipeline))
        usleep(1000);
    cr_assert(push(pipeline, pushed));
    finish(pipeline);
    cr_assert_eq(written_count, 9);
}

Test(pipeline, what_was_pushed_before_the_end_is_written, .timeout = 30)
{
    struct th_pipeline *pipeline = start(64, 64);
    for (int64_t i = 0; i < 50; i++)
        cr_assert(push(pipeline, i));
    finish(pipeline);
    cr_assert_eq(written_count, 50);
}

Test(pipeline, a_job_that_is_no_operators_has_memory_for_one_message, .timeout = 30)
{
    is_greedy = true;
    struct th_pipeline *pipeline = start(4, 4);
    cr_assert(push(pipeline, 1));
    finish(pipeline);
    cr_assert_not(atomic_load(&takes_too_much));
}

static void push_all(struct th_pipeline *pipeline, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        cr_assert(push(pipeline, i));
}

Test(pipeline, a_batch_ends_before_it_has_more_reports_than_it_may, .timeout = 30)
{
    reports_each = 300;
    atomic_store(&hold_writer, true);
    struct th_pipeline *pipeline = start(64, 64);
    push_all(pipeline, 50);
    while (atomic_load(&verified_count) < 50)
        usleep(1000);
    atomic_store(&hold_writer, false);
    finish(pipeline);
    cr_assert_eq(written_count, 50);
    cr_assert_eq(largest_batch, 3, "1,000 reports, not %zu jobs", largest_batch);
}

Test(pipeline, a_job_of_more_reports_than_a_batch_is_a_batch, .timeout = 30)
{
    reports_each = 5000;
    struct th_pipeline *pipeline = start(64, 64);
    push_all(pipeline, 10);
    finish(pipeline);
    cr_assert_eq(written_count, 10);
    cr_assert_eq(largest_batch, 1);
}

Test(pipeline, verifiers_go_no_further_ahead_than_their_memory_allows, .timeout = 30)
{
    bytes_each = (size_t)200 << 10; /* of 1 MiB */
    atomic_store(&hold_writer, true);
    struct th_pipeline *pipeline = start(64, 64);
    push_all(pipeline, 50);
    usleep(100000);
    /* Five that fill it, and what the other verifiers had begun. */
    cr_assert_leq(atomic_load(&verified_count), 5 + 4);
    cr_assert_geq(atomic_load(&verified_count), 5);
    atomic_store(&hold_writer, false);
    finish(pipeline);
    cr_assert_eq(written_count, 50);
}

static void push_and_wait(struct th_pipeline *pipeline, int64_t count)
{
    atomic_store(&hold_writer, true);
    push_all(pipeline, count);
    usleep(5000);
    atomic_store(&hold_writer, false);
    while (th_pipeline_is_busy(pipeline))
        usleep(100);
}

/* Whichever arenas the large jobs get, all together keep no more than may be decoded at once. */
Test(pipeline, memory_that_is_kept_is_bounded, .timeout = 30)
{
    struct th_pipeline *pipeline = start(64, 7);
    const size_t before = mallinfo2().uordblks;
    for (unsigned round = 0; round < 40; round++) {
        bytes_each = 0;
        push_and_wait(pipeline, 60);
        bytes_each = (size_t)100 << 10;
        push_and_wait(pipeline, 9);
    }
    const size_t kept = mallinfo2().uordblks - before;
    finish(pipeline);
    cr_assert_leq(kept, (size_t)3 << 19, "%zu", kept);
}

/* The first write teaches the writer how long it may wait. */
Test(pipeline, what_a_write_takes_from_a_job_holds_nobody_up, .timeout = 30)
{
    answer_bytes = 4096;
    struct th_pipeline *pipeline = start(8, 8);
    for (int64_t i = 0; i < 20; i++) {
        while (!push(pipeline, i))
            usleep(1000);
        while (th_pipeline_is_busy(pipeline))
            usleep(1000);
    }
    cr_assert(!ended_idle);
    th_pipeline_finish(pipeline);
    th_pipeline_free(pipeline);
    cr_assert_eq(written_count, 20);
}

Test(pipeline, what_is_being_verified_joins_the_batch, .timeout = 30)
{
    verify_us = 2000;
    write_us = 15000;
    struct th_pipeline *pipeline = start(64, 64);
    push_all(pipeline, 1);
    while (th_pipeline_is_busy(pipeline))
        usleep(1000);
    write_us = 0;
    push_all(pipeline, 8);
    finish(pipeline);
    cr_assert_eq(written_count, 9);
    cr_assert_geq(largest_batch, 5, "two turns of four verifiers, not one: %zu", largest_batch);
}

/* 200 jobs, of which the verifiers do the first four. */
static struct th_pipeline *start_before_a_queue(void)
{
    atomic_store(&gate, 0);
    struct th_pipeline *pipeline = start(256, 256);
    push_all(pipeline, 200);
    atomic_store(&gate, 4);
    return pipeline;
}

Test(pipeline, a_batch_before_a_long_queue_is_half_of_it, .timeout = 30)
{
    struct th_pipeline *pipeline = start_before_a_queue();
    while (atomic_load(&verified_count) < 4)
        usleep(1000);
    atomic_store(&gate, INT64_MAX);
    finish(pipeline);
    cr_assert_eq(written_count, 200);
    cr_assert_gt(first_batch, 4, "not what was verified first: %zu", first_batch);
}

/* The verifiers do not come on: what is there is written all the same. */
Test(pipeline, a_batch_before_a_long_queue_does_not_wait_for_ever, .timeout = 30)
{
    struct th_pipeline *pipeline = start_before_a_queue();
    while (th_pipeline_length(pipeline) == 200)
        usleep(1000);
    cr_assert_leq(first_batch, 4);
    atomic_store(&gate, INT64_MAX);
    finish(pipeline);
    cr_assert_eq(written_count, 200);
}

Test(pipeline, a_batch_waits_for_no_short_queue, .timeout = 30)
{
    atomic_store(&gate, 0);
    struct th_pipeline *pipeline = start(64, 64);
    push_all(pipeline, 20);
    atomic_store(&gate, 4);
    while (atomic_load(&verified_count) < 4)
        usleep(1000);
    while (th_pipeline_length(pipeline) == 20)
        usleep(1000);
    cr_assert_leq(first_batch, 4);
    atomic_store(&gate, INT64_MAX);
    finish(pipeline);
    cr_assert_eq(written_count, 20);
}

Test(pipeline, a_failing_write_stops_everything, .timeout = 30)
{
    write_status = TH_E_STORAGE;
    struct th_pipeline *pipeline = start(64, 64);
    cr_assert(push(pipeline, 1));
    while (th_pipeline_status(pipeline) == 0)
        usleep(1000);
    cr_assert_eq(th_pipeline_status(pipeline), TH_E_STORAGE);
    cr_assert_not(push(pipeline, 2));
    th_pipeline_free(pipeline);
}

/* ---- peers ---- */

static struct th_router_peer connection(uint8_t id)
{
    return (struct th_router_peer){.id = {id}, .id_size = 1};
}

Test(peers, a_unit_may_send_a_burst_and_then_waits_its_turn)
{
    struct th_peers *peers = NULL;
    struct th_router_peer one = connection(1);
    cr_assert_eq(th_peers_new((struct th_quota){10, 3, 0}, &peers), 0);
    struct th_peer *peer = th_peers_meet(peers, "23734", &one);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(th_peers_take(peers, peer, 1, 5000), 0);
    uint32_t wait = th_peers_take(peers, peer, 1, 5000);
    cr_assert_eq(wait, 101);
    cr_assert_eq(th_peers_take(peers, peer, 1, 5000 + wait), 0);
    cr_assert_neq(th_peers_take(peers, peer, 1, 5000 + wait), 0);
    th_peers_free(peers);
}

Test(peers, a_unit_may_send_so_many_bytes_and_then_waits_until_there_is_room)
{
    enum { BYTES = 4 * TH_QUOTA_FILL_S }; /* four in a second */
    struct th_peers *peers = NULL;
    struct th_router_peer one = connection(1);
    cr_assert_eq(th_peers_new((struct th_quota){1000, 1000, BYTES}, &peers), 0);
    struct th_peer *peer = th_peers_meet(peers, "23734", &one);
    cr_assert_eq(th_peers_take(peers, peer, BYTES - 1, 5000), 0);
    cr_assert_eq(th_peers_take(peers, peer, 1, 5000), 0);
    cr_assert_eq(th_peers_take(peers, peer, 0, 5000), 0);
    uint32_t wait = th_peers_take(peers, peer, 8, 5000);
    cr_assert_eq(wait, 2001);
    cr_assert_neq(th_peers_take(peers, peer, 8, 5000 + wait - 2), 0);
    cr_assert_eq(th_peers_take(peers, peer, 8, 5000 + wait), 0);
    int64_t later = 5000 + wait + (int64_t)TH_QUOTA_FILL_S * 1000;
    cr_assert_neq(th_peers_take(peers, peer, 2 * BYTES, later - 10), 0, "not all of it yet");
    cr_assert_eq(th_peers_take(peers, peer, 2 * BYTES, later), 0, "as large as it may be");
    cr_assert_neq(th_peers_take(peers, peer, 1, later), 0);
    th_peers_free(peers);
}

Test(peers, one_unit_s_quota_is_not_another_s)
{
    struct th_peers *peers = NULL;
    struct th_router_peer one = connection(1);
    cr_assert_eq(th_peers_new((struct th_quota){1, 1, 0}, &peers), 0);
    cr_assert_eq(th_peers_take(peers, th_peers_meet(peers, "a", &one), 1, 1), 0);
    cr_assert_neq(th_peers_take(peers, th_peers_meet(peers, "a", &one), 1, 1), 0);
    cr_assert_eq(th_peers_take(peers, th_peers_meet(peers, "b", &one), 1, 1), 0);
    th_peers_free(peers);
}

Test(peers, the_latest_connections_of_a_unit_are_kept)
{
    struct th_peers *peers = NULL;
    struct th_peer *peer = NULL;
    cr_assert_eq(th_peers_new((struct th_quota){1, 1, 0}, &peers), 0);
    for (uint8_t id = 1; id <= 6; id++) {
        struct th_router_peer next = connection(id);
        peer = th_peers_meet(peers, "a", &next);
    }
    cr_assert_eq(peer->connections_count, TH_PEER_CONNECTIONS_MAX);
    cr_assert_eq(peer->connections[0].id[0], 6);
    cr_assert_eq(peer->connections[3].id[0], 3);
    struct th_router_peer known = connection(4);
    (void)th_peers_meet(peers, "a", &known);
    cr_assert_eq(peer->connections_count, TH_PEER_CONNECTIONS_MAX);
    cr_assert_eq(peer->connections[0].id[0], 4);
    cr_assert_eq(peer->connections[1].id[0], 6);
    th_peers_forget(peer, 0);
    cr_assert_eq(peer->connections[0].id[0], 6);
    cr_assert_null(th_peers_find(peers, "nobody"));
    th_peers_free(peers);
}

Test(peers, a_unit_is_connected_while_a_socket_of_it_is_open)
{
    struct th_peers *peers = NULL;
    struct th_router_peer first = connection(1), second = connection(2);
    int ends[2], others[2];
    cr_assert_eq(th_peers_new((struct th_quota){1, 1, 0}, &peers), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    th_peers_see(th_peers_meet(peers, "a", &first), ends[0]);
    (void)th_peers_meet(peers, "b", &first);
    cr_assert_eq(th_peers_count_connected(peers), 1, "of b no socket is known");
    th_peers_see(th_peers_meet(peers, "a", &second), ends[1]);
    cr_assert_eq(th_peers_count_connected(peers), 1, "units, not connections");
    (void)close(ends[1]);
    cr_assert_eq(th_peers_count_connected(peers), 1, "the one before is open");
    (void)close(ends[0]);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, others), 0);
    cr_assert(others[0] == ends[0] || others[1] == ends[0], "the same number again");
    cr_assert_eq(th_peers_count_connected(peers), 0, "another socket with the same number");
    struct th_peer *peer = th_peers_meet(peers, "a", &first);
    cr_assert(peer->sockets[0].is_known);
    cr_assert_eq(peer->sockets[0].fd, ends[0], "it moved with its connection");
    th_peers_forget(peer, 0);
    th_peers_see(peer, others[0]);
    cr_assert_eq(th_peers_count_connected(peers), 1);
    th_peers_see(peer, -1);
    (void)close(others[0]);
    (void)close(others[1]);
    cr_assert_eq(th_peers_count_connected(peers), 0);
    th_peers_free(peers);
}

Test(peers, a_key_in_two_places_within_a_minute_is_told_once_an_hour)
{
    struct th_peers *peers = NULL;
    struct th_router_peer one = connection(1);
    const uint8_t key[TH_CURVE_KEY_SIZE] = {1};
    char before[TH_ROUTER_HOST_SIZE] = "";
    const int64_t hour = TH_PEER_TOLD_MS;
    cr_assert_eq(th_peers_new((struct th_quota){1, 1, 0}, &peers), 0);
    struct th_peer *peer = th_peers_meet(peers, "a", &one);
    cr_assert_not(th_peers_is_elsewhere(peer, key, "10.0.0.1", 1000, before));
    cr_assert_not(th_peers_is_elsewhere(peer, key, "10.0.0.1", 2000, before));
    cr_assert(th_peers_is_elsewhere(peer, key, "10.0.0.2", 3000, before));
    cr_assert_str_eq(before, "10.0.0.1");
    cr_assert_not(th_peers_is_elsewhere(peer, key, "10.0.0.1", 4000, before));
    cr_assert_not(th_peers_is_elsewhere(peer, key, "10.0.0.1", hour + 2999, before));
    cr_assert(th_peers_is_elsewhere(peer, key, "10.0.0.2", hour + 3000, before));
    th_peers_free(peers);
}

Test(peers, two_keys_of_a_unit_or_a_move_after_a_minute_are_nothing_to_tell)
{
    struct th_peers *peers = NULL;
    struct th_router_peer one = connection(1);
    char before[TH_ROUTER_HOST_SIZE] = "";
    cr_assert_eq(th_peers_new((struct th_quota){1, 1, 0}, &peers), 0);
    struct th_peer *peer = th_peers_meet(peers, "a", &one);
    for (uint8_t i = 1; i <= TH_PEER_KEYS_MAX + 2; i++) {
        const uint8_t key[TH_CURVE_KEY_SIZE] = {i};
        const char host[] = {(char)('0' + i), 0};
        cr_assert_not(th_peers_is_elsewhere(peer, key, host, 1000 + i, before));
    }
    const uint8_t last[TH_CURVE_KEY_SIZE] = {TH_PEER_KEYS_MAX + 2};
    cr_assert_not(th_peers_is_elsewhere(peer, last, "x", 1000 + 6 + TH_PEER_NEAR_MS, before));
    th_peers_free(peers);
}
