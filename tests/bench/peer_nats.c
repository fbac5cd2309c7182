/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same reports into a NATS JetStream stream, with the library of its makers:
 *
 *     peer_nats FOLDER SET URL WINDOW [FRAMES [PRELOAD]]
 *
 * One stream in files; published without waiting, at most WINDOW without an answer. The natural key
 * is the message's id, by which the stream finds duplicates within its window of time (2 minutes
 * unless configured). The server writes a message before it answers and does not sync it. Nothing
 * is decided, corrected or added up. The first PRELOAD frames are there before the clock starts.
 *
 * Afterwards the stream says how many messages it has, and some are read back and compared. Prints
 * one line of JSON.
 */
#include "tests/bench/peer.h"

#include <inttypes.h>
#include <nats/nats.h>
#include <stdlib.h>
#include <string.h>

enum { STALL_MS = 60000, SAMPLES = 64, ID_SIZE = 48 };

#define STREAM  "REPORTS"
#define SUBJECT "reports"

/* Answers come on one connection in the order of what was published. */
struct peer {
    struct peer_input input;
    natsConnection *connection;
    jsCtx *stream;
    int64_t *took;       /* by frame: when it was sent, then how long its answer took */
    uint64_t *sequences; /* by frame: its place in the stream; 0 when it was there before */
    _Atomic size_t answered;
    uint64_t accepted, duplicates, wrong; /* written by the library's thread */
};

static void must(natsStatus status, const char *what)
{
    if (status != NATS_OK)
        bench_die("%s: %s", what, natsStatus_GetText(status));
}

static void on_answer(jsCtx *stream, natsMsg *message, jsPubAck *answer, jsPubAckErr *failure,
                      void *context)
{
    struct peer *peer = context;
    size_t at = peer->answered;
    (void)stream;
    (void)failure;
    if (answer == NULL)
        peer->wrong++;
    else if (answer->Duplicate)
        peer->duplicates++;
    else
        peer->accepted++;
    if (answer != NULL && !answer->Duplicate)
        peer->sequences[at] = answer->Sequence;
    peer->took[at] = bench_now_ns() - peer->took[at];
    peer->answered = at + 1;
    natsMsg_Destroy(message);
}

static void open_peer(struct peer *peer, const char *url, int64_t window)
{
    static const char *const subjects[] = {SUBJECT};
    jsOptions options;
    jsStreamConfig config;
    jsErrCode code = 0;
    size_t frames = peer->input.workload.frames_count;
    peer->took = calloc(frames, sizeof *peer->took);
    peer->sequences = calloc(frames, sizeof *peer->sequences);
    if (peer->took == NULL || peer->sequences == NULL)
        bench_die("no memory");
    must(natsConnection_ConnectTo(&peer->connection, url), url);
    must(jsOptions_Init(&options), "options");
    options.PublishAsync.MaxPending = window;
    options.PublishAsync.StallWait = STALL_MS;
    options.PublishAsync.AckHandler = on_answer;
    options.PublishAsync.AckHandlerClosure = peer;
    must(natsConnection_JetStream(&peer->stream, peer->connection, &options), "JetStream");
    must(jsStreamConfig_Init(&config), "options");
    config.Name = STREAM;
    config.Subjects = (const char **)(uintptr_t)subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    must(js_AddStream(NULL, peer->stream, &config, NULL, &code), "a stream");
}

static void close_peer(struct peer *peer)
{
    jsCtx_Destroy(peer->stream);
    natsConnection_Destroy(peer->connection);
    nats_Close();
    peer_input_close(&peer->input);
    free(peer->took);
    free(peer->sequences);
}

/* Returns when all are answered. */
static void publish(struct peer *peer, size_t from, size_t to)
{
    jsPubOptions options;
    must(jsPubOptions_Init(&options), "options");
    for (size_t at = from; at < to; at++) {
        char id[ID_SIZE];
        const struct bench_fact *fact = &peer->input.facts[at];
        struct th_bytes raw = bench_workload_frame(&peer->input.workload, at);
        (void)snprintf(id, sizeof id, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, fact->obligation,
                       fact->unit, fact->revision);
        options.MsgId = id;
        peer->took[at] = bench_now_ns();
        must(js_PublishAsync(peer->stream, SUBJECT, raw.bytes, (int)raw.size, &options), "publish");
    }
    options.MsgId = NULL;
    options.MaxWait = STALL_MS;
    must(js_PublishAsyncComplete(peer->stream, &options), "waiting for answers");
    if (peer->answered != to)
        bench_die("%zu of %zu answered", peer->answered, to);
}

/* Every so many frames: the message that has its place is that frame. */
static size_t count_wrong_samples(struct peer *peer, size_t *ret_samples)
{
    size_t wrong = 0, samples = 0, frames = peer->input.workload.frames_count;
    for (size_t at = 0; at < frames; at += frames / SAMPLES + 1) {
        natsMsg *message = NULL;
        jsErrCode code = 0;
        struct th_bytes raw = bench_workload_frame(&peer->input.workload, at);
        if (peer->sequences[at] == 0)
            continue;
        natsStatus status =
            js_GetMsg(&message, peer->stream, STREAM, peer->sequences[at], NULL, &code);
        wrong += status == NATS_OK && (size_t)natsMsg_GetDataLength(message) == raw.size &&
                         memcmp(natsMsg_GetData(message), raw.bytes, raw.size) == 0
                     ? 0
                     : 1;
        natsMsg_Destroy(message);
        samples++;
    }
    *ret_samples = samples;
    return wrong;
}

static jsStreamState state_of(struct peer *peer)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    must(js_GetStreamInfo(&info, peer->stream, STREAM, NULL, &code), "the stream");
    jsStreamState state = info->State;
    jsStreamInfo_Destroy(info);
    return state;
}

int main(int argc, char **argv)
{
    struct peer peer = {.accepted = 0};
    size_t window = peer_number(argc, argv, 4);
    if (window == 0)
        bench_die("usage: peer_nats FOLDER SET URL WINDOW [FRAMES [PRELOAD]]");
    peer_input_open(argv[1], argv[2], peer_number(argc, argv, 5), peer_number(argc, argv, 6),
                    &peer.input);
    size_t frames = peer.input.workload.frames_count, preload = peer.input.preload;
    open_peer(&peer, argv[3], (int64_t)window);
    publish(&peer, 0, preload);
    uint64_t accepted = peer.accepted, duplicates = peer.duplicates, before = state_of(&peer).Bytes;
    int64_t cpu = bench_cpu_ns(), began = bench_now_ns();
    publish(&peer, preload, frames);
    int64_t took = bench_now_ns() - began;
    cpu = bench_cpu_ns() - cpu;
    size_t samples = 0, samples_wrong = count_wrong_samples(&peer, &samples);
    jsStreamState state = state_of(&peer);
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"client_cpu\": %.6f, \"accepted\": %" PRIu64
           ", \"preloaded\": %" PRIu64 ", \"duplicates\": %" PRIu64 ", \"wrong\": %" PRIu64
           ", \"stored\": %" PRIu64 ", \"log_bytes\": %" PRIu64
           ", \"samples\": %zu, \"samples_wrong\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
           peer_timed(&peer.input), (double)took / 1e9, (double)cpu / 1e9, peer.accepted - accepted,
           accepted, peer.duplicates - duplicates, peer.wrong, state.Msgs, state.Bytes - before,
           samples, samples_wrong,
           (double)bench_percentile(peer.took + preload, frames - preload, 50000) / 1e6,
           (double)bench_percentile(peer.took + preload, frames - preload, 99000) / 1e6);
    close_peer(&peer);
    return 0;
}
