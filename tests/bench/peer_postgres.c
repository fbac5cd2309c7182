/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a PostgreSQL server, whose tables and functions tests/bench/postgres.py has made:
 *
 *     peer_postgres FOLDER SET CONNINFO batch NUMBER CONNECTIONS [FRAMES]
 *     peer_postgres FOLDER SET CONNINFO single 1 CONNECTIONS [FRAMES]
 *
 * batch: NUMBER reports by binary COPY into a table of the connection's own, then one call that
 * moves them in sets; one transaction. single: one call of a function for each report. Reports are
 * decoded beforehand, units are divided among the connections, so that revisions stay in order.
 * Prints one line of JSON.
 */
#include "proto/wire/submission.h"
#include "tests/bench/workload.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 64, COLUMNS = 26, KEY_COLUMNS = 4 };

struct peer {
    struct bench_workload workload;
    const struct bench_fact *facts;
    struct th_digest *digests;
    size_t batch, connections;
    bool is_single;
    const char *conninfo;
    int64_t *took; /* of each transaction */
    _Atomic size_t took_count;
};

struct worker {
    struct peer *peer;
    pthread_t thread;
    size_t number;
    PGconn *connection;
    uint8_t *buffer;
    size_t size, capacity;
};

static void must(const struct worker *worker, PGresult *result, ExecStatusType wanted,
                 const char *what)
{
    if (PQresultStatus(result) != wanted)
        bench_die("%s: %s", what, PQerrorMessage(worker->connection));
    PQclear(result);
}

/* ---- binary COPY ---- */

static void put(struct worker *worker, const void *bytes, size_t size)
{
    if (worker->size + size > worker->capacity) {
        worker->capacity = 2 * (worker->size + size);
        worker->buffer = realloc(worker->buffer, worker->capacity);
        if (worker->buffer == NULL)
            bench_die("no memory");
    }
    memcpy(worker->buffer + worker->size, bytes, size);
    worker->size += size;
}

static void put_number(struct worker *worker, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    put(worker, bytes, size);
}

static void put_field(struct worker *worker, uint64_t value, size_t size)
{
    put_number(worker, size, 4);
    put_number(worker, value, size);
}

static void put_bytes(struct worker *worker, const void *bytes, size_t size)
{
    put_number(worker, size, 4);
    put(worker, bytes, size);
}

static void put_report(struct worker *worker, size_t at)
{
    const struct peer *peer = worker->peer;
    const struct bench_fact *fact = &peer->facts[at];
    struct th_bytes raw = bench_workload_frame(&peer->workload, at);
    put_number(worker, COLUMNS, 2);
    put_field(worker, fact->obligation, 4);
    put_field(worker, fact->unit, 4);
    put_field(worker, peer->workload.units[fact->unit].province + 1, 4);
    put_field(worker, fact->revision, 4);
    put_bytes(worker, peer->digests[at].bytes, sizeof peer->digests[at].bytes);
    put_bytes(worker, raw.bytes, raw.size);
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present >> i & 1) == 0)
            put_number(worker, UINT32_MAX, 4); /* NULL */
        else
            put_field(worker, (uint64_t)fact->figures[i], 8);
}

static void run_batch(struct worker *worker)
{
    static const uint8_t trailer[2] = {0xff, 0xff};
    PGconn *connection = worker->connection;
    put(worker, trailer, sizeof trailer);
    must(worker, PQexec(connection, "BEGIN; TRUNCATE stage"), PGRES_COMMAND_OK, "begin");
    must(worker, PQexec(connection, "COPY stage FROM STDIN (FORMAT binary)"), PGRES_COPY_IN,
         "copy");
    if (PQputCopyData(connection, (const char *)worker->buffer, (int)worker->size) != 1 ||
        PQputCopyEnd(connection, NULL) != 1)
        bench_die("copy: %s", PQerrorMessage(connection));
    must(worker, PQgetResult(connection), PGRES_COMMAND_OK, "copy");
    PQclear(PQgetResult(connection));
    must(worker, PQexec(connection, "SELECT take_stage()"), PGRES_TUPLES_OK, "take_stage");
    must(worker, PQexec(connection, "COMMIT"), PGRES_COMMAND_OK, "commit");
}

static void begin_buffer(struct worker *worker)
{
    static const uint8_t header[19] = "PGCOPY\n\377\r\n"; /* flags and extension: 0 */
    worker->size = 0;
    put(worker, header, sizeof header);
}

/* ---- one report ---- */

static void prepare_single(struct worker *worker)
{
    must(worker,
         PQprepare(worker->connection, "take",
                   "SELECT take_one($1::int, $2::int, $3::int, $4::int, $5::bytea, $6::bytea, "
                   "$7::bigint[])",
                   7, NULL),
         PGRES_COMMAND_OK, "prepare");
}

/* Everything in binary: numbers, bytes, and an array of figures. */
static void run_single(struct worker *worker, size_t at)
{
    enum { PARAMETERS = 7, BIGINT_OID = 20 };
    const struct peer *peer = worker->peer;
    const struct bench_fact *fact = &peer->facts[at];
    struct th_bytes raw = bench_workload_frame(&peer->workload, at);
    const uint32_t keys[KEY_COLUMNS] = {fact->obligation, fact->unit,
                                        peer->workload.units[fact->unit].province + 1,
                                        fact->revision};
    static const int formats[PARAMETERS] = {1, 1, 1, 1, 1, 1, 1};
    worker->size = 0;
    for (size_t i = 0; i < KEY_COLUMNS; i++)
        put_number(worker, keys[i], 4);
    put_number(worker, 1, 4); /* dimensions */
    put_number(worker, 1, 4); /* it has nulls */
    put_number(worker, BIGINT_OID, 4);
    put_number(worker, BENCH_FIGURES, 4);
    put_number(worker, 1, 4);
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present >> i & 1) == 0)
            put_number(worker, UINT32_MAX, 4);
        else
            put_field(worker, (uint64_t)fact->figures[i], 8);
    const char *buffer = (const char *)worker->buffer;
    const char *const values[PARAMETERS] = {buffer,
                                            buffer + 4,
                                            buffer + 8,
                                            buffer + 12,
                                            (const char *)peer->digests[at].bytes,
                                            (const char *)raw.bytes,
                                            buffer + 16};
    const int sizes[PARAMETERS] = {4, 4, 4, 4, 32, (int)raw.size, (int)worker->size - 16};
    must(worker, PQexecPrepared(worker->connection, "take", PARAMETERS, values, sizes, formats, 0),
         PGRES_TUPLES_OK, "take_one");
}

/* ---- a connection ---- */

static void note(struct peer *peer, int64_t began)
{
    peer->took[peer->took_count++] = bench_now_ns() - began;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct peer *peer = worker->peer;
    size_t held = 0;
    begin_buffer(worker);
    for (size_t at = 0; at < peer->workload.frames_count; at++) {
        if (peer->workload.frames[at].unit % peer->connections != worker->number)
            continue;
        if (peer->is_single) {
            int64_t began = bench_now_ns();
            run_single(worker, at);
            note(peer, began);
            continue;
        }
        put_report(worker, at);
        if (++held == peer->batch) {
            int64_t began = bench_now_ns();
            run_batch(worker);
            note(peer, began);
            begin_buffer(worker);
            held = 0;
        }
    }
    if (held > 0)
        run_batch(worker);
    return NULL;
}

static void connect_worker(struct worker *worker)
{
    worker->connection = PQconnectdb(worker->peer->conninfo);
    if (PQstatus(worker->connection) != CONNECTION_OK)
        bench_die("%s", PQerrorMessage(worker->connection));
    must(worker, PQexec(worker->connection, "CREATE TEMP TABLE stage (LIKE stage_shape)"),
         PGRES_COMMAND_OK, "stage");
    prepare_single(worker);
}

static void read_digests(struct peer *peer)
{
    struct th_arena arena;
    struct th_submission submission;
    th_arena_init(&arena, 65536, (size_t)16 << 20);
    peer->digests = calloc(peer->workload.frames_count, sizeof *peer->digests);
    if (peer->digests == NULL)
        bench_die("no memory");
    for (size_t i = 0; i < peer->workload.frames_count; i++) {
        th_arena_reset(&arena);
        bench_must(th_wire_submission_decode_trusted(bench_workload_frame(&peer->workload, i),
                                                     &arena, &submission),
                   "decoding");
        peer->digests[i] = submission.header.report_digests[0];
    }
    th_arena_deinit(&arena);
}

int main(int argc, char **argv)
{
    static struct worker workers[CONNECTIONS_MAX];
    char name[64];
    struct peer peer = {.batch = argc > 5 ? strtoull(argv[5], NULL, 10) : 0};
    peer.connections = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
    if (peer.batch == 0 || peer.connections == 0 || peer.connections > CONNECTIONS_MAX)
        bench_die("usage: peer_postgres FOLDER SET CONNINFO batch|single NUMBER CONNECTIONS");
    peer.conninfo = argv[3];
    peer.is_single = strcmp(argv[4], "single") == 0;
    bench_workload_open(argv[1], argv[2], argc > 7 ? strtoull(argv[7], NULL, 10) : 0,
                        &peer.workload);
    (void)snprintf(name, sizeof name, "%s.facts", argv[2]);
    peer.facts = (const void *)bench_map(argv[1], name).bytes;
    peer.took = calloc(peer.workload.frames_count, sizeof *peer.took);
    if (peer.took == NULL)
        bench_die("no memory");
    read_digests(&peer);
    for (size_t i = 0; i < peer.connections; i++) {
        workers[i] = (struct worker){.peer = &peer, .number = i};
        connect_worker(&workers[i]);
    }
    int64_t began = bench_now_ns();
    for (size_t i = 0; i < peer.connections; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            bench_die("no thread");
    for (size_t i = 0; i < peer.connections; i++)
        (void)pthread_join(workers[i].thread, NULL);
    int64_t took = bench_now_ns() - began;
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
           peer.workload.frames_count, (double)took / 1e9,
           (double)bench_percentile(peer.took, peer.took_count, 50000) / 1e6,
           (double)bench_percentile(peer.took, peer.took_count, 99000) / 1e6);
    for (size_t i = 0; i < peer.connections; i++) {
        PQfinish(workers[i].connection);
        free(workers[i].buffer);
    }
    free(peer.took);
    free(peer.digests);
    return 0;
}
