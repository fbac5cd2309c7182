/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that send one set of reports to a running aggregator and wait for the receipts:
 *
 *     load FOLDER SET SERVER.YAML ADDRESS PID MODE NUMBER [FRAMES [all]]
 *
 *     MODE nodes    each unit sends its next Submission when it has the answer to the last one;
 *                   NUMBER is ignored
 *     MODE window   in the order of the file, at most NUMBER reports without an answer
 *     MODE open     NUMBER reports a second, whatever the answers do; the time of a Submission
 *                   counts from when it was to be sent
 *     all           units that send nothing are connected too
 *
 * Connections stand, nodes are welcomed, and the aggregator has become idle, as it is before a
 * burst; then the clock starts, which a line on stdout says. PID is the aggregator's: its
 * processor time and what it writes are measured over the same time. Every answer is decoded and
 * counted; up to 64 receipts, spread over the frames, are verified with the log's key afterwards.
 * The last line on stdout is JSON.
 */
#include "proto/receipt/receipt.h"
#include "tests/bench/line.h"

#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 64, NO_FRAME = -1 };

static const int64_t patience_ns = 60000000000, again_ns = 1000000;

enum mode { NODES, WINDOW, OPEN };

struct sample {
    uint32_t frame;
    struct th_bytes receipt; /* owned */
};

struct load {
    struct bench_workload workload;
    struct line line;
    enum mode mode;
    uint64_t number;
    uint8_t *frames; /* encoded, one after the other */
    size_t *at;      /* frames_count + 1 places in it */
    int64_t *sent_ns;
    int64_t *took_ns;
    int32_t *next; /* by frame: the next one of its unit */
    size_t sent, done;
    uint64_t reports_sent, reports_done;
    uint64_t accepted, duplicates, wrong, failures, receipts;
    uint64_t receipted;             /* frames with a receipt */
    uint32_t senders;               /* units that have a frame */
    struct sample samples[SAMPLES]; /* the first receipt of each such part of the frames */
    size_t samples_count, samples_wrong;
    int64_t began_ns;
};

static void *allocate(size_t count, size_t size)
{
    void *bytes = calloc(count, size);
    if (bytes == NULL)
        bench_die("no memory");
    return bytes;
}

/* ---- before the clock ---- */

/* Frames are copied to ZeroMQ's thread and freed there. What the load takes is there beforehand and
 * stays, so that the machine's time is not spent on clearing its pages. */
static void keep_memory(void)
{
    enum { PIECE = 65536, PIECES = 512 };
    static void *pieces[PIECES];
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_TRIM_THRESHOLD, INT32_MAX);
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = allocate(1, PIECE);
        memset(pieces[i], 1, PIECE);
    }
    for (size_t i = 0; i < PIECES; i++)
        free(pieces[i]);
}

static void encode(struct load *load)
{
    size_t count = load->workload.frames_count, capacity = 0, size = 0;
    for (size_t i = 0; i < count; i++)
        capacity += load->workload.frames[i].size + 64;
    load->frames = allocate(capacity, 1);
    load->at = allocate(count + 1, sizeof *load->at);
    struct th_arena arena;
    th_arena_init(&arena, 65536, (size_t)4 << 20);
    for (size_t i = 0; i < count; i++) {
        struct th_bytes frame;
        const struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                                 .request = i + 1,
                                                 .submission =
                                                     bench_workload_frame(&load->workload, i)};
        th_arena_reset(&arena);
        bench_must(th_wire_to_aggregator_encode(&message, &arena, &frame), "encoding");
        if (size + frame.size > capacity)
            bench_die("a frame is larger than expected");
        memcpy(load->frames + size, frame.bytes, frame.size);
        load->at[i] = size;
        size += frame.size;
    }
    load->at[count] = size;
    th_arena_deinit(&arena);
}

/* Links each unit's frames, and connects whoever has one, or everybody. */
static void connect_units(struct load *load, const char *address,
                          const struct th_server_file *server, bool everybody)
{
    uint32_t units = load->workload.units_count;
    bool *wanted = allocate(units, sizeof *wanted);
    int32_t *last = allocate(units, sizeof *last);
    for (size_t i = 0; i < load->workload.frames_count; i++) {
        uint32_t unit = load->workload.frames[i].unit;
        if (wanted[unit])
            load->next[last[unit]] = (int32_t)i;
        else
            load->senders++;
        load->next[i] = NO_FRAME;
        last[unit] = (int32_t)i;
        wanted[unit] = true;
    }
    for (uint32_t unit = 0; everybody && unit < units; unit++)
        wanted[unit] = true;
    line_open(&load->line, address, server, load->workload.units, wanted, units);
    free(wanted);
    free(last);
}

/* ---- sending ---- */

static bool send_frame(struct load *load, size_t i, int64_t when_ns)
{
    struct th_bytes frame = {load->frames + load->at[i], load->at[i + 1] - load->at[i]};
    if (!line_send(&load->line, load->workload.frames[i].unit, frame))
        return false;
    load->sent_ns[i] = when_ns;
    load->sent++;
    load->reports_sent += load->workload.frames[i].reports;
    return true;
}

static void must_send(struct load *load, size_t i)
{
    if (!send_frame(load, i, bench_now_ns()))
        bench_die("a node with one submission under way cannot send it");
}

static void send_firsts(struct load *load)
{
    bool *has_sent = allocate(load->workload.units_count, sizeof *has_sent);
    for (size_t i = 0; i < load->workload.frames_count; i++) {
        bool *unit_has = &has_sent[load->workload.frames[i].unit];
        if (!*unit_has)
            must_send(load, i);
        *unit_has = true;
    }
    free(has_sent);
}

/* As much as may be sent now. Returns how long to wait for answers before asking again. */
static int64_t send_more(struct load *load)
{
    const struct bench_workload *workload = &load->workload;
    while (load->mode != NODES && load->sent < workload->frames_count) {
        int64_t now = bench_now_ns(), when = now;
        if (load->mode == WINDOW && load->reports_sent - load->reports_done >= load->number)
            return patience_ns;
        if (load->mode == OPEN) {
            when =
                load->began_ns + (int64_t)((double)load->reports_sent * 1e9 / (double)load->number);
            if (when > now)
                return when - now;
        }
        if (!send_frame(load, load->sent, when))
            return again_ns;
    }
    return patience_ns;
}

/* ---- answers ---- */

static void keep_sample(struct load *load, uint32_t frame, const struct th_outcome *outcome)
{
    struct sample *sample = &load->samples[(uint64_t)frame * SAMPLES / load->workload.frames_count];
    if (sample->receipt.bytes != NULL || outcome->receipts_count == 0)
        return;
    load->samples_count++;
    struct th_bytes text = outcome->receipts[0];
    uint8_t *copy = allocate(text.size, 1);
    memcpy(copy, text.bytes, text.size);
    *sample = (struct sample){frame, {copy, text.size}};
}

static void count(struct load *load, uint32_t frame, const struct th_outcome *outcome)
{
    for (size_t i = 0; i < outcome->verdicts_count; i++) {
        const struct th_wire_verdict *verdict = &outcome->verdicts[i];
        load->accepted += verdict->kind == TH_VERDICT_ACCEPTED ? 1 : 0;
        load->duplicates += verdict->kind == TH_VERDICT_DUPLICATE ? 1 : 0;
        load->wrong +=
            verdict->kind == TH_VERDICT_ACCEPTED || verdict->kind == TH_VERDICT_DUPLICATE ? 0 : 1;
    }
    load->receipts += outcome->receipts_count;
    load->receipted += outcome->receipts_count > 0 ? 1 : 0;
    keep_sample(load, frame, outcome);
}

static void take(struct load *load, struct th_bytes bytes, struct th_arena *arena)
{
    struct th_to_node said;
    int64_t now = bench_now_ns();
    th_arena_reset(arena);
    bench_must(th_wire_to_node_decode(bytes, arena, &said), "an answer");
    if (said.kind != TH_TO_NODE_OUTCOME && said.kind != TH_TO_NODE_FAILURE)
        return;
    uint64_t frame = said.request - 1;
    if (frame >= load->workload.frames_count || load->sent_ns[frame] == 0)
        bench_die("an answer to what was not sent");
    if (said.kind == TH_TO_NODE_FAILURE) {
        if (load->failures++ == 0)
            (void)fprintf(stderr, "bench: failure: %.*s\n", (int)said.body.failure.text.size,
                          said.body.failure.text.bytes);
    } else {
        count(load, (uint32_t)frame, &said.body.outcome);
    }
    load->took_ns[load->done++] = now - load->sent_ns[frame];
    load->reports_done += load->workload.frames[frame].reports;
    if (load->mode == NODES && load->next[frame] != NO_FRAME)
        must_send(load, (size_t)load->next[frame]);
}

static void run(struct load *load)
{
    struct th_arena arena;
    struct line_message message;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    load->began_ns = bench_now_ns();
    if (load->mode == NODES)
        send_firsts(load);
    while (load->done < load->workload.frames_count) {
        int64_t wait_ns = send_more(load);
        bool has_come = line_receive(&load->line, wait_ns, &message);
        if (!has_come && wait_ns == patience_ns)
            bench_die("%zu of %zu answered, and nothing more comes", load->done,
                      load->workload.frames_count);
        for (int i = 0; has_come && i < 256; i++) {
            take(load, message.frame, &arena);
            line_done(&message);
            has_come = line_receive(&load->line, 0, &message);
        }
        if (has_come) {
            take(load, message.frame, &arena);
            line_done(&message);
        }
    }
    th_arena_deinit(&arena);
}

/* ---- after the clock ---- */

static bool holds(struct load *load, const struct sample *sample, const struct th_log_keys *keys)
{
    struct th_arena arena;
    struct th_submission submission;
    static struct th_receipt receipt;
    const struct th_judgement *judgement = NULL;
    th_arena_init(&arena, 65536, (size_t)16 << 20);
    bench_must(th_wire_submission_decode_trusted(
                   bench_workload_frame(&load->workload, sample->frame), &arena, &submission),
               "decoding");
    const struct th_receipt_claim claim = {
        .mode = TH_MODE_REHEARSAL,
        .unit = load->workload.units[load->workload.frames[sample->frame].unit].code,
        .report_digest = submission.header.report_digests[0]};
    bool is_held = th_receipt_open(sample->receipt, keys, &arena, &receipt) == 0 &&
                   th_receipt_check(&receipt, &claim, &judgement) == TH_RECEIPT_HOLDS;
    th_arena_deinit(&arena);
    return is_held;
}

static void check_samples(struct load *load, const struct th_server_file *server)
{
    static struct th_log_keys keys;
    th_log_keys_begin(&server->log_key, &keys);
    for (size_t i = 0; i < SAMPLES; i++) {
        if (load->samples[i].receipt.bytes == NULL)
            continue;
        load->samples_wrong += holds(load, &load->samples[i], &keys) ? 0 : 1;
        free((void *)(uintptr_t)load->samples[i].receipt.bytes);
    }
}

/* Of another process: seconds of processor, bytes of the pages that were to be written for it, of
 * its resident memory, and of that part of it that is no file's. */
struct usage {
    double cpu;
    uint64_t pages, resident, own;
};

static uint64_t read_word(const char *pid, const char *file, const char *word)
{
    char path[64], line[256];
    uint64_t value = 0;
    (void)snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
    FILE *stream = fopen(path, "re");
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL)
        if (strncmp(line, word, strlen(word)) == 0)
            value = strtoull(line + strlen(word), NULL, 10);
    if (stream != NULL)
        (void)fclose(stream);
    return value;
}

static struct usage usage_of(const char *pid)
{
    char path[64];
    unsigned long user = 0, kernel = 0;
    (void)snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *stream = fopen(path, "re");
    if (stream == NULL ||
        fscanf(stream, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &kernel) != 2)
        bench_die("%s: not a process that can be looked at", pid);
    (void)fclose(stream);
    return (struct usage){(double)(user + kernel) / (double)sysconf(_SC_CLK_TCK),
                          read_word(pid, "io", "write_bytes:"),
                          read_word(pid, "status", "VmRSS:") * 1024,
                          read_word(pid, "status", "RssAnon:") * 1024};
}

/* Until the aggregator has nothing to do, but for no more than five seconds. */
static void rest(const char *pid)
{
    enum { LOOKS_MAX = 50, LOOK_US = 100000, QUIET_LOOKS = 3 };
    const double little = 1.5 / (double)sysconf(_SC_CLK_TCK); /* one tick */
    double cpu = usage_of(pid).cpu;
    for (unsigned i = 0, quiet = 0; i < LOOKS_MAX && quiet < QUIET_LOOKS; i++) {
        (void)usleep(LOOK_US);
        const double now = usage_of(pid).cpu;
        quiet = now - cpu < little ? quiet + 1 : 0;
        cpu = now;
    }
}

static void report(struct load *load, int64_t took, double client_cpu, const struct usage *before,
                   const struct usage *after)
{
    static const unsigned parts[] = {50000, 99000, 99900};
    static const char *const names[] = {"p50_ms", "p99_ms", "p999_ms"};
    printf("{\"reports\": %llu, \"frames\": %zu, \"connections\": %u, \"senders\": %u, "
           "\"seconds\": %.6f, "
           "\"accepted\": %llu, \"duplicates\": %llu, \"wrong\": %llu, \"failures\": %llu, "
           "\"receipts\": %llu, \"receipted\": %llu, \"samples\": %zu, \"samples_wrong\": %zu, "
           "\"server_cpu\": %.3f, \"client_cpu\": %.3f, \"written_pages\": %llu, \"rss\": %llu, "
           "\"rss_own\": %llu",
           (unsigned long long)load->reports_done, load->done, load->line.connected, load->senders,
           (double)took / 1e9, (unsigned long long)load->accepted,
           (unsigned long long)load->duplicates, (unsigned long long)load->wrong,
           (unsigned long long)load->failures, (unsigned long long)load->receipts,
           (unsigned long long)load->receipted, load->samples_count, load->samples_wrong,
           after->cpu - before->cpu, client_cpu, (unsigned long long)(after->pages - before->pages),
           (unsigned long long)after->resident, (unsigned long long)after->own);
    for (size_t i = 0; i < 3; i++)
        printf(", \"%s\": %.3f", names[i],
               (double)bench_percentile(load->took_ns, load->done, parts[i]) / 1e6);
    printf("}\n");
}

static enum mode mode_of(const char *word)
{
    if (strcmp(word, "nodes") == 0)
        return NODES;
    if (strcmp(word, "window") == 0)
        return WINDOW;
    if (strcmp(word, "open") == 0)
        return OPEN;
    bench_die("%s: nodes, window or open", word);
}

int main(int argc, char **argv)
{
    struct load load = {.sent = 0};
    struct th_arena arena;
    struct th_problems problems;
    struct th_server_file server;
    if (argc < 8 || sodium_init() < 0)
        bench_die("usage: load FOLDER SET SERVER.YAML ADDRESS PID MODE NUMBER [FRAMES [all]]");
    const char *pid = argv[5];
    load.mode = mode_of(argv[6]);
    keep_memory();
    load.number = strtoull(argv[7], NULL, 10);
    bench_workload_open(argv[1], argv[2], argc > 8 ? strtoull(argv[8], NULL, 10) : 0,
                        &load.workload);
    if (load.number == 0 && load.mode != NODES)
        bench_die("%s: a number is wanted", argv[7]);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    bench_must(th_server_file_read(argv[3], &arena, &problems, &server), argv[3]);
    load.sent_ns = allocate(load.workload.frames_count, sizeof *load.sent_ns);
    load.took_ns = allocate(load.workload.frames_count, sizeof *load.took_ns);
    load.next = allocate(load.workload.frames_count, sizeof *load.next);
    encode(&load);
    connect_units(&load, argv[4], &server, argc > 9 && strcmp(argv[9], "all") == 0);
    rest(pid);
    printf("the clock starts\n");
    (void)fflush(stdout);
    struct usage before = usage_of(pid);
    int64_t cpu = bench_cpu_ns();
    run(&load);
    int64_t took = bench_now_ns() - load.began_ns;
    struct usage after = usage_of(pid);
    double client_cpu = (double)(bench_cpu_ns() - cpu) / 1e9;
    check_samples(&load, &server);
    report(&load, took, client_cpu, &before, &after);
    line_close(&load.line);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
    free(load.frames);
    free(load.at);
    free(load.sent_ns);
    free(load.took_ns);
    free(load.next);
    return 0;
}
