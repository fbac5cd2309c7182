/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same work in Redis, as someone who knows it would write it: one writer, everything pipelined,
 * a batch is one MULTI … EXEC, what a batch changes in the rollups is added up here and sent once.
 *
 *     peer_redis FOLDER SET SOCKET DIR BATCH [FRAMES [PRELOAD]]
 *
 * For each report: found by its natural key, duplicate, correction or conflict decided, its bytes
 * kept, the superseded revision kept, the latest one replaced, sums and counts of the 20 figures
 * moved in its province and the nation. Keys, O being the obligation:
 *
 *     journal       list of the bytes of each report
 *     latest:O      hash, unit → struct latest
 *     old:O         hash, unit and revision → struct old
 *     rollup:O:N    hash, r (received), s0 c0 s1 … ; N 0 is the nation
 *
 * The first PRELOAD frames are there before the clock starts. Prints one line of JSON; the sums go
 * to DIR/rollups in the form of `recompute … sums`.
 */
#include "tests/bench/peer.h"

#include <hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PRELOAD_BATCH = 4096, KEY_SIZE = 32, CELLS = 2 * BENCH_FIGURES };

struct latest { /* as Redis keeps it */
    struct th_digest digest;
    uint64_t position;
    uint32_t revision, present;
    int64_t figures[BENCH_FIGURES];
};

struct old {
    struct th_digest digest;
    uint64_t position;
};

struct old_key {
    uint32_t unit, revision;
};

/* A unit's latest report of one obligation, for as long as a batch takes. */
struct slot {
    uint32_t obligation, unit;
    struct latest latest; /* revision 0: there is none */
    bool is_changed;
};

struct past { /* a revision that is superseded in this batch */
    uint32_t obligation;
    struct old_key key;
    struct old old;
};

struct peer {
    struct peer_input input;
    redisContext *redis;
    size_t pending; /* replies that are to come */
    struct slot *slots;
    size_t slots_count;
    uint32_t *slot_of; /* by obligation and unit: in this batch, 1 + its slot; else 0 */
    struct past *pasts;
    size_t pasts_count;
    size_t *again; /* frames whose revision is an old one */
    size_t again_count;
    const char **words;
    size_t *sizes;
    size_t words_count;
    int64_t (*deltas)[1 + CELLS]; /* by obligation and node: received, then the cells */
    bool *is_touched;
    uint32_t *touched;
    size_t touched_count;
    uint64_t accepted, duplicates, wrong, position;
};

static uint32_t nodes_of(const struct peer *peer)
{
    return peer->input.workload.provinces_count + 1;
}

/* ---- the connection ---- */

static void must_send(struct peer *peer, int code)
{
    if (code != REDIS_OK)
        bench_die("redis: %s", peer->redis->errstr);
    peer->pending++;
}

static redisReply *next_reply(struct peer *peer)
{
    void *reply = NULL;
    if (redisGetReply(peer->redis, &reply) != REDIS_OK)
        bench_die("redis: %s", peer->redis->errstr);
    redisReply *said = reply;
    if (said->type == REDIS_REPLY_ERROR)
        bench_die("redis: %s", said->str);
    peer->pending--;
    return said;
}

static void word(struct peer *peer, const void *bytes, size_t size)
{
    peer->words[peer->words_count] = bytes;
    peer->sizes[peer->words_count++] = size;
}

/* Sends the words as one command. */
static void send_words(struct peer *peer)
{
    must_send(peer, redisAppendCommandArgv(peer->redis, (int)peer->words_count, peer->words,
                                           peer->sizes));
    peer->words_count = 0;
}

static void begin_words(struct peer *peer, const char *command, char key[KEY_SIZE],
                        const char *kind, uint32_t obligation)
{
    int size = snprintf(key, KEY_SIZE, "%s:%" PRIu32, kind, obligation);
    word(peer, command, strlen(command));
    word(peer, key, (size_t)size);
}

/* ---- what is known of the reports of a batch ---- */

static int by_obligation(const void *a, const void *b)
{
    const struct slot *left = a, *right = b;
    return (left->obligation > right->obligation) - (left->obligation < right->obligation);
}

static uint32_t *slot_place(const struct peer *peer, uint32_t obligation, uint32_t unit)
{
    return &peer->slot_of[(size_t)obligation * peer->input.workload.units_count + unit];
}

static void note_slots(struct peer *peer, size_t from, size_t to)
{
    peer->slots_count = 0;
    for (size_t at = from; at < to; at++) {
        const struct bench_fact *fact = &peer->input.facts[at];
        uint32_t *place = slot_place(peer, fact->obligation, fact->unit);
        if (*place == 0)
            peer->slots[peer->slots_count++] =
                (struct slot){.obligation = fact->obligation, .unit = fact->unit};
        *place = 1;
    }
    qsort(peer->slots, peer->slots_count, sizeof *peer->slots, by_obligation);
    for (size_t i = 0; i < peer->slots_count; i++)
        *slot_place(peer, peer->slots[i].obligation, peer->slots[i].unit) = (uint32_t)i + 1;
}

/* The first slot after `at` that is of another obligation. */
static size_t end_of_obligation(const struct peer *peer, size_t at)
{
    size_t end = at;
    while (end < peer->slots_count && peer->slots[end].obligation == peer->slots[at].obligation)
        end++;
    return end;
}

static void take_latest(struct slot *slot, const redisReply *said)
{
    if (said->type == REDIS_REPLY_NIL)
        return;
    if (said->type != REDIS_REPLY_STRING || said->len != sizeof slot->latest)
        bench_die("redis: not a report");
    memcpy(&slot->latest, said->str, sizeof slot->latest);
}

static void read_slots(struct peer *peer)
{
    for (size_t at = 0, end = 0; at < peer->slots_count; at = end) {
        char key[KEY_SIZE];
        end = end_of_obligation(peer, at);
        begin_words(peer, "HMGET", key, "latest", peer->slots[at].obligation);
        for (size_t i = at; i < end; i++)
            word(peer, &peer->slots[i].unit, sizeof peer->slots[i].unit);
        send_words(peer);
    }
    for (size_t at = 0, end = 0; at < peer->slots_count; at = end) {
        redisReply *said = next_reply(peer);
        end = end_of_obligation(peer, at);
        if (said->type != REDIS_REPLY_ARRAY || said->elements != end - at)
            bench_die("redis: HMGET");
        for (size_t i = at; i < end; i++)
            take_latest(&peer->slots[i], said->element[i - at]);
        freeReplyObject(said);
    }
}

/* ---- one report ---- */

static void move(struct peer *peer, const struct bench_fact *fact, const struct latest *latest,
                 int64_t sign)
{
    uint32_t first = fact->obligation * nodes_of(peer);
    uint32_t places[2] = {first, first + 1 + peer->input.workload.units[fact->unit].province};
    for (size_t k = 0; k < 2; k++) {
        int64_t *delta = peer->deltas[places[k]];
        if (!peer->is_touched[places[k]])
            peer->touched[peer->touched_count++] = places[k];
        peer->is_touched[places[k]] = true;
        delta[0] += sign;
        for (size_t i = 0; i < BENCH_FIGURES; i++)
            if ((latest->present >> i & 1) != 0) {
                delta[1 + 2 * i] += sign * latest->figures[i];
                delta[2 + 2 * i] += sign;
            }
    }
}

static void put(struct peer *peer, size_t at, struct slot *slot)
{
    const struct bench_fact *fact = &peer->input.facts[at];
    if (slot->latest.revision > 0) {
        peer->pasts[peer->pasts_count++] =
            (struct past){fact->obligation,
                          {fact->unit, slot->latest.revision},
                          {slot->latest.digest, slot->latest.position}};
        move(peer, fact, &slot->latest, -1);
    }
    slot->latest = (struct latest){.digest = peer->input.digests[at],
                                   .position = peer->position++,
                                   .revision = fact->revision,
                                   .present = fact->present};
    memcpy(slot->latest.figures, fact->figures, sizeof slot->latest.figures);
    slot->is_changed = true;
    move(peer, fact, &slot->latest, 1);
    struct th_bytes raw = bench_workload_frame(&peer->input.workload, at);
    word(peer, raw.bytes, raw.size);
    peer->accepted++;
}

static bool is_digest(const struct peer *peer, size_t at, const struct th_digest *digest)
{
    return memcmp(&peer->input.digests[at], digest, sizeof *digest) == 0;
}

/* Decides; what is to be kept is added to the words of a RPUSH. */
static void take(struct peer *peer, size_t at)
{
    const struct bench_fact *fact = &peer->input.facts[at];
    struct slot *slot = &peer->slots[*slot_place(peer, fact->obligation, fact->unit) - 1];
    if (fact->revision == slot->latest.revision + 1)
        put(peer, at, slot);
    else if (fact->revision > slot->latest.revision)
        peer->wrong++;
    else if (fact->revision < slot->latest.revision)
        peer->again[peer->again_count++] = at;
    else
        *(is_digest(peer, at, &slot->latest.digest) ? &peer->duplicates : &peer->wrong) += 1;
}

/* ---- what a batch changes ---- */

static void write_slots(struct peer *peer)
{
    for (size_t at = 0, end = 0; at < peer->slots_count; at = end) {
        char key[KEY_SIZE];
        end = end_of_obligation(peer, at);
        begin_words(peer, "HSET", key, "latest", peer->slots[at].obligation);
        for (size_t i = at; i < end; i++)
            if (peer->slots[i].is_changed) {
                word(peer, &peer->slots[i].unit, sizeof peer->slots[i].unit);
                word(peer, &peer->slots[i].latest, sizeof peer->slots[i].latest);
            }
        if (peer->words_count > 2)
            send_words(peer);
        peer->words_count = 0;
    }
}

static void write_pasts(struct peer *peer)
{
    for (size_t i = 0; i < peer->pasts_count; i++) {
        char key[KEY_SIZE];
        const struct past *past = &peer->pasts[i];
        begin_words(peer, "HSET", key, "old", past->obligation);
        word(peer, &past->key, sizeof past->key);
        word(peer, &past->old, sizeof past->old);
        send_words(peer);
    }
    peer->pasts_count = 0;
}

static void write_rollups(struct peer *peer)
{
    uint32_t nodes = nodes_of(peer);
    for (size_t k = 0; k < peer->touched_count; k++) {
        uint32_t place = peer->touched[k];
        int64_t *delta = peer->deltas[place];
        for (size_t i = 0; i < 1 + CELLS; i++) {
            char name[8] = "r";
            if (delta[i] == 0)
                continue;
            if (i > 0)
                (void)snprintf(name, sizeof name, "%c%zu", i % 2 == 1 ? 's' : 'c', (i - 1) / 2);
            must_send(peer,
                      redisAppendCommand(peer->redis, "HINCRBY rollup:%u:%u %s %lld", place / nodes,
                                         place % nodes, name, (long long)delta[i]));
        }
        memset(delta, 0, sizeof peer->deltas[place]);
        peer->is_touched[place] = false;
    }
    peer->touched_count = 0;
}

/* A revision that was superseded before: the same bytes are a duplicate. Those that this batch has
 * superseded are there by now. */
static void settle_again(struct peer *peer)
{
    for (size_t i = 0; i < peer->again_count; i++) {
        const struct bench_fact *fact = &peer->input.facts[peer->again[i]];
        const struct old_key name = {fact->unit, fact->revision};
        char key[KEY_SIZE];
        begin_words(peer, "HGET", key, "old", fact->obligation);
        word(peer, &name, sizeof name);
        send_words(peer);
    }
    for (size_t i = 0; i < peer->again_count; i++) {
        redisReply *said = next_reply(peer);
        const struct old *old = (const void *)said->str;
        bool is_known = said->type == REDIS_REPLY_STRING && said->len == sizeof *old &&
                        is_digest(peer, peer->again[i], &old->digest);
        *(is_known ? &peer->duplicates : &peer->wrong) += 1;
        freeReplyObject(said);
    }
    peer->again_count = 0;
}

static void run_batch(struct peer *peer, size_t from, size_t to)
{
    note_slots(peer, from, to);
    read_slots(peer);
    must_send(peer, redisAppendCommand(peer->redis, "MULTI"));
    word(peer, "RPUSH", 5);
    word(peer, "journal", 7);
    for (size_t at = from; at < to; at++)
        take(peer, at);
    if (peer->words_count > 2)
        send_words(peer);
    peer->words_count = 0;
    write_slots(peer);
    write_pasts(peer);
    write_rollups(peer);
    must_send(peer, redisAppendCommand(peer->redis, "EXEC"));
    while (peer->pending > 0)
        freeReplyObject(next_reply(peer));
    settle_again(peer);
    for (size_t i = 0; i < peer->slots_count; i++)
        *slot_place(peer, peer->slots[i].obligation, peer->slots[i].unit) = 0;
}

/* ---- the run ---- */

static void open_peer(struct peer *peer, const char *socket, size_t batch)
{
    const struct bench_workload *workload = &peer->input.workload;
    size_t places = (size_t)workload->obligations_count * nodes_of(peer);
    batch = batch < PRELOAD_BATCH ? PRELOAD_BATCH : batch;
    peer->redis = redisConnectUnix(socket);
    if (peer->redis == NULL || peer->redis->err != 0)
        bench_die("%s: %s", socket, peer->redis == NULL ? "no memory" : peer->redis->errstr);
    peer->slots = calloc(batch, sizeof *peer->slots);
    peer->slot_of =
        calloc((size_t)workload->obligations_count * workload->units_count, sizeof *peer->slot_of);
    peer->pasts = calloc(batch, sizeof *peer->pasts);
    peer->again = calloc(batch, sizeof *peer->again);
    peer->words = calloc(2 * batch + 2, sizeof *peer->words);
    peer->sizes = calloc(2 * batch + 2, sizeof *peer->sizes);
    peer->deltas = calloc(places, sizeof *peer->deltas);
    peer->is_touched = calloc(places, sizeof *peer->is_touched);
    peer->touched = calloc(places, sizeof *peer->touched);
    if (peer->slots == NULL || peer->slot_of == NULL || peer->pasts == NULL ||
        peer->again == NULL || peer->words == NULL || peer->sizes == NULL || peer->deltas == NULL ||
        peer->is_touched == NULL || peer->touched == NULL)
        bench_die("no memory");
}

static void close_peer(struct peer *peer)
{
    redisFree(peer->redis);
    peer_input_close(&peer->input);
    free(peer->slots);
    free(peer->slot_of);
    free(peer->pasts);
    free(peer->again);
    free(peer->words);
    free(peer->sizes);
    free(peer->deltas);
    free(peer->is_touched);
    free(peer->touched);
}

static size_t feed(struct peer *peer, size_t from, size_t to, size_t batch, int64_t *commits)
{
    size_t count = 0;
    for (size_t at = from; at < to; at += batch) {
        int64_t began = bench_now_ns();
        run_batch(peer, at, to - at < batch ? to : at + batch);
        commits[count++] = bench_now_ns() - began;
    }
    return count;
}

/* Of the append-only file. */
static uint64_t log_bytes(struct peer *peer)
{
    static const char name[] = "aof_current_size:";
    must_send(peer, redisAppendCommand(peer->redis, "INFO persistence"));
    redisReply *said = next_reply(peer);
    const char *at = said->str == NULL ? NULL : strstr(said->str, name);
    uint64_t bytes = at == NULL ? 0 : strtoull(at + sizeof name - 1, NULL, 10);
    freeReplyObject(said);
    return bytes;
}

static void write_sums(struct peer *peer, const char *folder)
{
    FILE *out = bench_create(folder, "rollups");
    uint32_t nodes = nodes_of(peer);
    for (uint32_t place = 0; place < peer->input.workload.obligations_count * nodes; place++) {
        int64_t numbers[1 + CELLS] = {0};
        must_send(peer, redisAppendCommand(peer->redis, "HGETALL rollup:%u:%u", place / nodes,
                                           place % nodes));
        redisReply *said = next_reply(peer);
        for (size_t i = 0; i + 1 < said->elements; i += 2) {
            const char *name = said->element[i]->str;
            size_t figure = strtoull(name + 1, NULL, 10);
            size_t at = name[0] == 'r' ? 0 : 1 + 2 * figure + (name[0] == 'c' ? 1 : 0);
            if (at > CELLS)
                bench_die("redis: a field %s", name);
            numbers[at] = strtoll(said->element[i + 1]->str, NULL, 10);
        }
        freeReplyObject(said);
        if (numbers[0] > 0)
            peer_write_sums(out, place / nodes, place % nodes, numbers[0], numbers + 1);
    }
    bench_close(out);
}

int main(int argc, char **argv)
{
    struct peer peer = {.position = 0};
    size_t batch = peer_number(argc, argv, 5);
    if (batch == 0)
        bench_die("usage: peer_redis FOLDER SET SOCKET DIR BATCH [FRAMES [PRELOAD]]");
    peer_input_open(argv[1], argv[2], peer_number(argc, argv, 6), peer_number(argc, argv, 7),
                    &peer.input);
    size_t frames = peer.input.workload.frames_count, preload = peer.input.preload;
    int64_t *commits = calloc(frames, sizeof *commits);
    if (commits == NULL)
        bench_die("no memory");
    open_peer(&peer, argv[3], batch);
    (void)feed(&peer, 0, preload, PRELOAD_BATCH, commits);
    uint64_t accepted = peer.accepted, duplicates = peer.duplicates, log = log_bytes(&peer);
    int64_t cpu = bench_cpu_ns(), began = bench_now_ns();
    size_t count = feed(&peer, preload, frames, batch, commits);
    int64_t took = bench_now_ns() - began;
    cpu = bench_cpu_ns() - cpu;
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"client_cpu\": %.6f, \"accepted\": %" PRIu64
           ", \"duplicates\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"log_bytes\": %" PRIu64
           ", \"commit_p50_ms\": %.3f, \"commit_p99_ms\": %.3f}\n",
           peer_timed(&peer.input), (double)took / 1e9, (double)cpu / 1e9, peer.accepted - accepted,
           peer.duplicates - duplicates, peer.wrong, log_bytes(&peer) - log,
           (double)bench_percentile(commits, count, 50000) / 1e6,
           (double)bench_percentile(commits, count, 99000) / 1e6);
    write_sums(&peer, argv[4]);
    close_peer(&peer);
    free(commits);
    return 0;
}
