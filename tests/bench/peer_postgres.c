/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a PostgreSQL server, whose tables and functions tests/bench/postgres.py has made:
 *
 *     peer_postgres FOLDER SET CONNINFO same|batch NUMBER CONNECTIONS [FRAMES [PRELOAD]]
 *     peer_postgres FOLDER SET CONNINFO single 1 CONNECTIONS [FRAMES [PRELOAD]]
 *
 * The first PRELOAD frames go in as batches before the clock starts, and the planner's statistics
 * are taken. batch: NUMBER reports by binary COPY into a table of the connection's own, then one
 * call that moves them in sets; one transaction. same: likewise, for the tables that do the same
 * work as the core; obligations are divided among the connections, as each one's rollups are its
 * own, and the clock stops when a checkpoint has written the tables, as the core and SQLite write
 * theirs within the time. single: one call of a function for each report; here and for `batch`
 * units are divided. Either way revisions stay in order. Reports are decoded beforehand. Prints one
 * line of JSON.
 */
#include "tests/bench/peer.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 64,
    COLUMNS = 26,
    SAME_COLUMNS = 28,
    KEY_COLUMNS = 4,
    PRELOAD_BATCH = 8192
};

struct peer {
    struct peer_input input;
    size_t from, to; /* the frames of this run */
    size_t batch, connections;
    bool is_single, is_same;
    const char *conninfo;
    int64_t *took; /* of each transaction */
    _Atomic size_t took_count;
    _Atomic uint64_t accepted, wrong;
};

struct worker {
    struct peer *peer;
    pthread_t thread;
    size_t number;
    PGconn *connection;
    struct copy {
        uint8_t *bytes;
        size_t size, capacity;
    } rows, raw; /* raw: of `same`, into the journal; else unused */
};

static void must(const struct worker *worker, PGresult *result, ExecStatusType wanted,
                 const char *what)
{
    if (PQresultStatus(result) != wanted)
        bench_die("%s: %s", what, PQerrorMessage(worker->connection));
    PQclear(result);
}

/* The two numbers that take_stage(), take_same() and take_one() give. */
static void must_take(const struct worker *worker, PGresult *result)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1 ||
        PQnfields(result) != 2)
        bench_die("taking reports: %s", PQerrorMessage(worker->connection));
    worker->peer->accepted += strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    worker->peer->wrong += strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    PQclear(result);
}

/* ---- binary COPY ---- */

static void put(struct copy *copy, const void *bytes, size_t size)
{
    if (copy->size + size > copy->capacity) {
        copy->capacity = 2 * (copy->size + size);
        copy->bytes = realloc(copy->bytes, copy->capacity);
        if (copy->bytes == NULL)
            bench_die("no memory");
    }
    memcpy(copy->bytes + copy->size, bytes, size);
    copy->size += size;
}

static void put_number(struct copy *copy, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    put(copy, bytes, size);
}

static void put_field(struct copy *copy, uint64_t value, size_t size)
{
    put_number(copy, size, 4);
    put_number(copy, value, size);
}

static void put_bytes(struct copy *copy, const void *bytes, size_t size)
{
    put_number(copy, size, 4);
    put(copy, bytes, size);
}

static void put_figures(struct copy *copy, const struct bench_fact *fact)
{
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present >> i & 1) == 0)
            put_number(copy, UINT32_MAX, 4); /* NULL */
        else
            put_field(copy, (uint64_t)fact->figures[i], 8);
}

static void put_report(struct worker *worker, size_t at)
{
    const struct peer *peer = worker->peer;
    const struct bench_fact *fact = &peer->input.facts[at];
    struct th_bytes raw = bench_workload_frame(&peer->input.workload, at);
    struct copy *rows = &worker->rows;
    put_number(rows, peer->is_same ? SAME_COLUMNS : COLUMNS, 2);
    put_field(rows, fact->obligation, 4);
    put_field(rows, fact->unit, 4);
    put_field(rows, peer->input.workload.units[fact->unit].province + 1, 4);
    put_field(rows, fact->revision, 4);
    put_bytes(rows, peer->input.digests[at].bytes, sizeof peer->input.digests[at].bytes);
    if (peer->is_same) {
        put_field(rows, at, 8);
        put_field(rows, (uint64_t)BENCH_CLOCK_MS, 8);
        put_field(rows, fact->narratives, 4);
        put_number(&worker->raw, 2, 2);
        put_field(&worker->raw, at, 8);
        put_bytes(&worker->raw, raw.bytes, raw.size);
    } else {
        put_bytes(rows, raw.bytes, raw.size);
    }
    put_figures(rows, fact);
}

static void copy_into(struct worker *worker, const char *command, struct copy *copy)
{
    static const uint8_t trailer[2] = {0xff, 0xff};
    PGconn *connection = worker->connection;
    put(copy, trailer, sizeof trailer);
    must(worker, PQexec(connection, command), PGRES_COPY_IN, "copy");
    if (PQputCopyData(connection, (const char *)copy->bytes, (int)copy->size) != 1 ||
        PQputCopyEnd(connection, NULL) != 1)
        bench_die("copy: %s", PQerrorMessage(connection));
    must(worker, PQgetResult(connection), PGRES_COMMAND_OK, "copy");
    PQclear(PQgetResult(connection));
}

static void run_batch(struct worker *worker)
{
    PGconn *connection = worker->connection;
    bool is_same = worker->peer->is_same;
    must(worker, PQexec(connection, "BEGIN; TRUNCATE stage"), PGRES_COMMAND_OK, "begin");
    if (is_same)
        copy_into(worker, "COPY journal FROM STDIN (FORMAT binary)", &worker->raw);
    copy_into(worker, "COPY stage FROM STDIN (FORMAT binary)", &worker->rows);
    must_take(worker, PQexec(connection,
                             is_same ? "SELECT * FROM take_same()" : "SELECT * FROM take_stage()"));
    must(worker, PQexec(connection, "COMMIT"), PGRES_COMMAND_OK, "commit");
}

static void begin_copy(struct copy *copy)
{
    static const uint8_t header[19] = "PGCOPY\n\377\r\n"; /* flags and extension: 0 */
    copy->size = 0;
    put(copy, header, sizeof header);
}

static void begin_batch(struct worker *worker)
{
    begin_copy(&worker->rows);
    begin_copy(&worker->raw);
}

/* ---- one report ---- */

static void prepare_single(struct worker *worker)
{
    must(worker,
         PQprepare(
             worker->connection, "take",
             "SELECT * FROM take_one($1::int, $2::int, $3::int, $4::int, $5::bytea, $6::bytea, "
             "$7::bigint[])",
             7, NULL),
         PGRES_COMMAND_OK, "prepare");
}

/* Everything in binary: numbers, bytes, and an array of figures. */
static void run_single(struct worker *worker, size_t at)
{
    enum { PARAMETERS = 7, BIGINT_OID = 20 };
    const struct peer *peer = worker->peer;
    const struct bench_fact *fact = &peer->input.facts[at];
    struct th_bytes raw = bench_workload_frame(&peer->input.workload, at);
    const uint32_t keys[KEY_COLUMNS] = {fact->obligation, fact->unit,
                                        peer->input.workload.units[fact->unit].province + 1,
                                        fact->revision};
    static const int formats[PARAMETERS] = {1, 1, 1, 1, 1, 1, 1};
    struct copy *rows = &worker->rows;
    rows->size = 0;
    for (size_t i = 0; i < KEY_COLUMNS; i++)
        put_number(rows, keys[i], 4);
    put_number(rows, 1, 4); /* dimensions */
    put_number(rows, 1, 4); /* it has nulls */
    put_number(rows, BIGINT_OID, 4);
    put_number(rows, BENCH_FIGURES, 4);
    put_number(rows, 1, 4);
    put_figures(rows, fact);
    const char *buffer = (const char *)rows->bytes;
    const char *const values[PARAMETERS] = {buffer,
                                            buffer + 4,
                                            buffer + 8,
                                            buffer + 12,
                                            (const char *)peer->input.digests[at].bytes,
                                            (const char *)raw.bytes,
                                            buffer + 16};
    const int sizes[PARAMETERS] = {4, 4, 4, 4, 32, (int)raw.size, (int)rows->size - 16};
    must_take(worker,
              PQexecPrepared(worker->connection, "take", PARAMETERS, values, sizes, formats, 0));
}

/* ---- a connection ---- */

static void note(struct peer *peer, int64_t began)
{
    peer->took[peer->took_count++] = bench_now_ns() - began;
}

static void commit_batch(struct worker *worker)
{
    int64_t began = bench_now_ns();
    run_batch(worker);
    note(worker->peer, began);
    begin_batch(worker);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct peer *peer = worker->peer;
    size_t held = 0;
    begin_batch(worker);
    for (size_t at = peer->from; at < peer->to; at++) {
        const struct bench_fact *fact = &peer->input.facts[at];
        uint32_t divided = peer->is_same ? fact->obligation : fact->unit;
        if (divided % peer->connections != worker->number)
            continue;
        if (peer->is_single) {
            int64_t began = bench_now_ns();
            run_single(worker, at);
            note(peer, began);
            continue;
        }
        put_report(worker, at);
        if (++held % peer->batch == 0)
            commit_batch(worker);
    }
    if (held % peer->batch > 0)
        commit_batch(worker);
    return NULL;
}

static void connect_worker(struct worker *worker)
{
    worker->connection = PQconnectdb(worker->peer->conninfo);
    if (PQstatus(worker->connection) != CONNECTION_OK)
        bench_die("%s", PQerrorMessage(worker->connection));
    must(worker, PQexec(worker->connection, "CREATE TEMP TABLE stage (LIKE stage_shape)"),
         PGRES_COMMAND_OK, "stage");
    if (!worker->peer->is_same)
        prepare_single(worker);
}

/* Returns how long it took. */
static int64_t run(struct worker *workers, size_t from, size_t to)
{
    struct peer *peer = workers[0].peer;
    peer->from = from;
    peer->to = to;
    peer->took_count = 0;
    peer->accepted = 0;
    int64_t began = bench_now_ns();
    for (size_t i = 0; i < peer->connections; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            bench_die("no thread");
    for (size_t i = 0; i < peer->connections; i++)
        (void)pthread_join(workers[i].thread, NULL);
    return bench_now_ns() - began;
}

/* Writes the tables. Returns how long it took. */
static int64_t checkpoint(struct worker *worker)
{
    int64_t began = bench_now_ns();
    must(worker, PQexec(worker->connection, "CHECKPOINT"), PGRES_COMMAND_OK, "checkpoint");
    return bench_now_ns() - began;
}

/* 256 MiB of buffers, files and log are used once, so that they are there when the burst comes. */
static void make_room(struct worker *worker)
{
    static const char *const sql[] = {
        "CREATE TABLE room(page text)",
        "ALTER TABLE room ALTER page SET STORAGE PLAIN",
        "INSERT INTO room SELECT repeat('x', 8000) FROM generate_series(1, 32768)",
        "CHECKPOINT", /* its pages are written to files of the tables that come */
        "DROP TABLE room",
    };
    for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
        must(worker, PQexec(worker->connection, sql[i]), PGRES_COMMAND_OK, "room for a burst");
}

static void preload(struct worker *workers)
{
    struct peer *peer = workers[0].peer;
    bool is_single = peer->is_single;
    size_t batch = peer->batch;
    peer->is_single = false;
    peer->batch = PRELOAD_BATCH;
    (void)run(workers, 0, peer->input.preload);
    peer->is_single = is_single;
    peer->batch = batch;
    must(&workers[0], PQexec(workers[0].connection, "ANALYZE"), PGRES_COMMAND_OK, "analyze");
    make_room(&workers[0]);
    (void)checkpoint(&workers[0]);
}

/* Bytes of write-ahead log since the cluster began. */
static uint64_t log_bytes(const struct worker *worker)
{
    PGresult *result =
        PQexec(worker->connection, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')");
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        bench_die("the log's size: %s", PQerrorMessage(worker->connection));
    uint64_t bytes = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return bytes;
}

/* `settled`: how long the tables were written, after `took`; 0 when that is not waited for. */
static void report(struct peer *peer, int64_t took, int64_t settled, uint64_t log)
{
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"accepted\": %llu, \"duplicates\": %llu, "
           "\"wrong\": %llu, \"log_bytes\": %llu, \"p50_ms\": %.3f, \"p99_ms\": %.3f",
           peer_timed(&peer->input), (double)(took + settled) / 1e9,
           (unsigned long long)peer->accepted,
           (unsigned long long)(peer_timed(&peer->input) - peer->accepted - peer->wrong),
           (unsigned long long)peer->wrong, (unsigned long long)log,
           (double)bench_percentile(peer->took, peer->took_count, 50000) / 1e6,
           (double)bench_percentile(peer->took, peer->took_count, 99000) / 1e6);
    if (settled > 0)
        printf(", \"checkpoint_ms\": %.3f", (double)settled / 1e6);
    printf("}\n");
}

int main(int argc, char **argv)
{
    static struct worker workers[CONNECTIONS_MAX];
    struct peer peer = {.batch = peer_number(argc, argv, 5),
                        .connections = peer_number(argc, argv, 6)};
    if (peer.batch == 0 || peer.connections == 0 || peer.connections > CONNECTIONS_MAX)
        bench_die("usage: peer_postgres FOLDER SET CONNINFO same|batch|single NUMBER CONNECTIONS "
                  "[FRAMES [PRELOAD]]");
    peer.conninfo = argv[3];
    peer.is_single = strcmp(argv[4], "single") == 0;
    peer.is_same = strcmp(argv[4], "same") == 0;
    peer_input_open(argv[1], argv[2], peer_number(argc, argv, 7), peer_number(argc, argv, 8),
                    &peer.input);
    peer.took = calloc(peer.input.workload.frames_count, sizeof *peer.took);
    if (peer.took == NULL)
        bench_die("no memory");
    for (size_t i = 0; i < peer.connections; i++) {
        workers[i] = (struct worker){.peer = &peer, .number = i};
        connect_worker(&workers[i]);
    }
    preload(workers);
    uint64_t log = log_bytes(&workers[0]);
    int64_t took = run(workers, peer.input.preload, peer.input.workload.frames_count);
    log = log_bytes(&workers[0]) - log;
    report(&peer, took, peer.is_same ? checkpoint(&workers[0]) : 0, log);
    for (size_t i = 0; i < peer.connections; i++) {
        PQfinish(workers[i].connection);
        free(workers[i].rows.bytes);
        free(workers[i].raw.bytes);
    }
    peer_input_close(&peer.input);
    free(peer.took);
    return 0;
}
