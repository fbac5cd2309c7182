/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine gives, with the bytes of the same reports and nothing around them:
 *
 *     limits append FOLDER SET DIR BATCH [FRAMES]   LMDB, one synchronous commit for BATCH reports,
 *                                                   one value for a submission, as the journal has
 *     limits reports FOLDER SET DIR BATCH [FRAMES]  the same bytes, one value for a report
 *     limits verify FOLDER SET SECONDS              Ed25519 on one core (libsodium)
 *     limits curve FOLDER SET WINDOW [FRAMES]       DEALER to ROUTER over TCP with CURVE, two
 *                                                   processes, one acknowledgement for a burst
 *
 * Each prints one line of JSON.
 */
#define _GNU_SOURCE /* pipe2 */
#include "proto/wire/submission.h"
#include "tests/bench/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { BURST_MAX = 256, ADDRESS_SIZE = 128 };
#define MAP_BYTES ((size_t)16 << 30)

static size_t number(int argc, char **argv, int at)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : 0;
}

/* ---- LMDB ---- */

static void must_lmdb(int code, const char *what)
{
    if (code != MDB_SUCCESS)
        bench_die("%s: %s", what, mdb_strerror(code));
}

static void put(MDB_txn *txn, MDB_dbi dbi, uint64_t position, struct th_bytes bytes)
{
    uint8_t key[8];
    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(position >> (56 - 8 * i));
    MDB_val name = {sizeof key, key}, content = {bytes.size, NULL};
    must_lmdb(mdb_put(txn, dbi, &name, &content, MDB_APPEND | MDB_RESERVE), "put");
    memcpy(content.mv_data, bytes.bytes, bytes.size);
}

/* As one value, or as one of the same size for each of its reports. Returns the next position. */
static uint64_t put_frame(MDB_txn *txn, MDB_dbi dbi, uint64_t position,
                          const struct bench_workload *workload, size_t at, bool by_report)
{
    struct th_bytes bytes = bench_workload_frame(workload, at);
    size_t parts = by_report ? workload->frames[at].reports : 1, from = 0;
    for (size_t i = 1; i <= parts; i++) {
        size_t to = bytes.size * i / parts;
        put(txn, dbi, position++, (struct th_bytes){bytes.bytes + from, to - from});
        from = to;
    }
    return position;
}

static void append(int argc, char **argv, bool by_report)
{
    struct bench_workload workload;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    mdb_filehandle_t fd;
    size_t batch = number(argc, argv, 5), at = 0;
    bench_workload_open(argv[2], argv[3], number(argc, argv, 6), &workload);
    int64_t *commits = calloc(workload.frames_count + 1, sizeof *commits);
    size_t commits_count = 0;
    uint64_t position = 0;
    if (commits == NULL || batch == 0)
        bench_die("append: a batch is wanted");
    must_lmdb(mdb_env_create(&env), "env");
    must_lmdb(mdb_env_set_mapsize(env, MAP_BYTES), "map");
    must_lmdb(mdb_env_open(env, argv[4], 0, 0600), argv[4]);
    must_lmdb(mdb_env_get_fd(env, &fd), "file");
    bench_make_room(fd, BENCH_ROOM_BYTES);
    uint64_t written = bench_written();
    int64_t began = bench_now_ns();
    while (at < workload.frames_count) {
        must_lmdb(mdb_txn_begin(env, NULL, 0, &txn), "begin");
        must_lmdb(mdb_dbi_open(txn, NULL, 0, &dbi), "database");
        for (size_t reports = 0; at < workload.frames_count && reports < batch; at++) {
            position = put_frame(txn, dbi, position, &workload, at, by_report);
            reports += workload.frames[at].reports;
        }
        int64_t from = bench_now_ns();
        must_lmdb(mdb_txn_commit(txn), "commit");
        commits[commits_count++] = bench_now_ns() - from;
    }
    int64_t took = bench_now_ns() - began;
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"written\": %llu, \"commit_p50_ms\": %.3f, "
           "\"commit_p99_ms\": %.3f}\n",
           bench_workload_reports(&workload), (double)took / 1e9,
           (unsigned long long)(bench_written() - written),
           (double)bench_percentile(commits, commits_count, 50000) / 1e6,
           (double)bench_percentile(commits, commits_count, 99000) / 1e6);
    mdb_env_close(env);
    free(commits);
}

/* ---- Ed25519 ---- */

/* The messages are as long as the headers that submissions sign, with the domain before them. */
static void verify(int argc, char **argv)
{
    static const char domain[] = "tonghop submission v1\n";
    enum { HEADER_SIZE = 165, KEYS = 64 };
    uint8_t message[sizeof domain - 1 + HEADER_SIZE], signatures[KEYS][64];
    struct bench_workload workload;
    bench_workload_open(argv[2], argv[3], 1, &workload);
    double seconds = argc > 4 ? strtod(argv[4], NULL) : 1;
    memset(message, 7, sizeof message);
    memcpy(message, domain, sizeof domain - 1);
    for (size_t i = 0; i < KEYS; i++)
        (void)crypto_sign_detached(signatures[i], NULL, message, sizeof message,
                                   workload.units[i % workload.units_count].sign_secret);
    uint64_t count = 0;
    int64_t began = bench_now_ns(), cpu = bench_cpu_ns();
    while ((double)(bench_now_ns() - began) < seconds * 1e9)
        for (size_t i = 0; i < KEYS; i++, count++)
            if (crypto_sign_verify_detached(signatures[i], message, sizeof message,
                                            workload.units[i % workload.units_count].sign_public) !=
                0)
                bench_die("verify: a good signature does not hold");
    /* By the processor's time: others use this machine too. */
    printf("{\"verified\": %llu, \"seconds\": %.6f}\n", (unsigned long long)count,
           (double)(bench_cpu_ns() - cpu) / 1e9);
}

/* ---- DEALER to ROUTER ---- */

struct curve_keys {
    uint8_t server_public[32], server_secret[32], client_public[32], client_secret[32];
};

static void must_zmq(int code, const char *what)
{
    if (code < 0)
        bench_die("%s: %s", what, zmq_strerror(errno));
}

static void *open_socket(void *context, int type)
{
    static const int hwm = 10000, linger = 0;
    void *socket = zmq_socket(context, type);
    if (socket == NULL)
        bench_die("socket: %s", zmq_strerror(errno));
    must_zmq(zmq_setsockopt(socket, ZMQ_SNDHWM, &hwm, sizeof hwm), "hwm");
    must_zmq(zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof hwm), "hwm");
    must_zmq(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), "linger");
    return socket;
}

/* Answers each burst with how many frames it had; goes on until it is killed. */
static _Noreturn void serve(const struct curve_keys *keys, int pipe_fd)
{
    const int is_server = 1;
    char address[ADDRESS_SIZE] = "";
    size_t size = sizeof address;
    void *socket = open_socket(zmq_ctx_new(), ZMQ_ROUTER);
    must_zmq(zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &is_server, sizeof is_server), "curve");
    must_zmq(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->server_secret, 32), "curve");
    must_zmq(zmq_bind(socket, "tcp://127.0.0.1:*"), "bind");
    must_zmq(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size), "endpoint");
    if (write(pipe_fd, address, sizeof address) != (ssize_t)sizeof address)
        bench_die("pipe: %s", strerror(errno));
    for (;;) {
        uint8_t peer[16];
        uint32_t count = 0;
        int peer_size = 0;
        zmq_msg_t payload;
        for (int flags = 0; count < BURST_MAX; count++, flags = ZMQ_DONTWAIT) {
            int got = zmq_recv(socket, peer, sizeof peer, flags);
            if (got < 0)
                break;
            peer_size = got;
            (void)zmq_msg_init(&payload);
            must_zmq(zmq_msg_recv(&payload, socket, 0), "receive");
            (void)zmq_msg_close(&payload);
        }
        must_zmq(zmq_send(socket, peer, (size_t)peer_size, ZMQ_SNDMORE), "answer");
        must_zmq(zmq_send(socket, &count, sizeof count, 0), "answer");
    }
}

static int64_t feed(const struct curve_keys *keys, const char *address,
                    const struct bench_workload *workload, size_t window)
{
    void *context = zmq_ctx_new();
    void *socket = open_socket(context, ZMQ_DEALER);
    static const int patience_ms = 60000; /* for an end that dies later */
    must_zmq(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms), "time");
    must_zmq(zmq_setsockopt(socket, ZMQ_SNDTIMEO, &patience_ms, sizeof patience_ms), "time");
    must_zmq(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server_public, 32), "curve");
    must_zmq(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->client_public, 32), "curve");
    must_zmq(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->client_secret, 32), "curve");
    must_zmq(zmq_connect(socket, address), "connect");
    uint32_t count = 0;
    must_zmq(zmq_send(socket, "hello", 5, 0), "send"); /* the handshake is not measured */
    must_zmq(zmq_recv(socket, &count, sizeof count, 0), "receive");
    size_t sent = 0, done = 0;
    int64_t began = bench_now_ns();
    while (done < workload->frames_count) {
        while (sent < workload->frames_count && sent - done < window) {
            struct th_bytes frame = bench_workload_frame(workload, sent++);
            must_zmq(zmq_send(socket, frame.bytes, frame.size, 0), "send");
        }
        must_zmq(zmq_recv(socket, &count, sizeof count, 0), "receive");
        done += count;
    }
    int64_t took = bench_now_ns() - began;
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    return took;
}

static void curve(int argc, char **argv)
{
    struct bench_workload workload;
    struct curve_keys keys;
    char address[ADDRESS_SIZE];
    int ends[2];
    size_t window = number(argc, argv, 4);
    bench_workload_open(argv[2], argv[3], number(argc, argv, 5), &workload);
    window = window / workload.frames[0].reports;
    (void)crypto_box_keypair(keys.server_public, keys.server_secret);
    (void)crypto_box_keypair(keys.client_public, keys.client_secret);
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_die("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void)close(ends[0]);
        serve(&keys, ends[1]);
    }
    (void)close(ends[1]); /* or the end of a child that dies would not be read */
    if (child < 0 || read(ends[0], address, sizeof address) != (ssize_t)sizeof address)
        bench_die("the other end did not start");
    (void)close(ends[0]);
    int64_t took = feed(&keys, address, &workload, window == 0 ? 1 : window);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    printf("{\"reports\": %zu, \"frames\": %zu, \"seconds\": %.6f}\n",
           bench_workload_reports(&workload), workload.frames_count, (double)took / 1e9);
}

int main(int argc, char **argv)
{
    if (argc < 5 || sodium_init() < 0)
        bench_die("usage: limits append|reports|verify|curve FOLDER SET ...");
    if (strcmp(argv[1], "append") == 0 && argc > 5)
        append(argc, argv, false);
    else if (strcmp(argv[1], "reports") == 0 && argc > 5)
        append(argc, argv, true);
    else if (strcmp(argv[1], "verify") == 0)
        verify(argc, argv);
    else if (strcmp(argv[1], "curve") == 0)
        curve(argc, argv);
    else
        bench_die("%s: append, reports, verify or curve", argv[1]);
    return 0;
}
