/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same questions to PostgreSQL, by a prepared statement over its Unix socket:
 *
 *     peer_questions FOLDER SET CONNINFO FRAMES PROVINCE TIMES OBLIGATIONS
 *
 * An unlogged table with the decoded figures of every report is filled by COPY; the page table has
 * the latest one of each unit, in the order of a page, vacuumed and analysed. A page is checked
 * against SET.facts; the recomputation of all rollups from all reports is timed and its totals are
 * written to the table `rollup` of tests/bench/postgres.py. Prints one line of JSON.
 */
#include "tests/bench/workload.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024, SQL_MAX = 16384, WARM = 20 };

struct peer {
    struct bench_workload workload;
    const struct bench_fact *facts, **last;
    PGconn *connection;
    uint32_t province, units, obligations;
    size_t times;
};

static PGresult *must(struct peer *peer, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted)
        bench_die("PostgreSQL: %s", PQerrorMessage(peer->connection));
    return result;
}

static void run(struct peer *peer, const char *sql)
{
    PQclear(must(peer, PQexec(peer->connection, sql), PGRES_COMMAND_OK));
}

/* Appends `pattern` for each figure; "@" is its number. */
static void each(char *sql, const char *pattern)
{
    for (unsigned i = 0; i < BENCH_FIGURES; i++) {
        (void)strcat(sql, i == 0 ? "" : ", ");
        for (const char *c = pattern; *c != '\0'; c++)
            if (*c == '@')
                (void)sprintf(sql + strlen(sql), "%u", i);
            else
                (void)strncat(sql, c, 1);
    }
}

/* ---- the tables ---- */

static void put_fact(struct peer *peer, const struct bench_fact *fact)
{
    char line[LINE_MAX_BYTES];
    int size = sprintf(line, "%u\t%u\t%u\t%u", fact->obligation, fact->unit,
                       peer->workload.units[fact->unit].province, fact->revision);
    for (unsigned i = 0; i < BENCH_FIGURES; i++)
        size += (fact->present >> i & 1) == 0
                    ? sprintf(line + size, "\t\\N")
                    : sprintf(line + size, "\t%lld", (long long)fact->figures[i]);
    line[size++] = '\n';
    if (PQputCopyData(peer->connection, line, size) != 1)
        bench_die("COPY: %s", PQerrorMessage(peer->connection));
}

static size_t fill(struct peer *peer)
{
    char sql[SQL_MAX] = "CREATE UNLOGGED TABLE history(obligation int, unit int, province int, "
                        "revision int, ";
    size_t count = bench_workload_reports(&peer->workload), copied = 0;
    each(sql, "f@ bigint");
    (void)strcat(sql, ")");
    run(peer, sql);
    PQclear(must(peer, PQexec(peer->connection, "COPY history FROM STDIN"), PGRES_COPY_IN));
    for (size_t i = 0; i < count; i++)
        if (peer->facts[i].is_again == 0) {
            put_fact(peer, &peer->facts[i]);
            copied++;
        }
    if (PQputCopyEnd(peer->connection, NULL) != 1)
        bench_die("COPY: %s", PQerrorMessage(peer->connection));
    PQclear(must(peer, PQgetResult(peer->connection), PGRES_COMMAND_OK));
    PQclear(PQgetResult(peer->connection));
    run(peer, "VACUUM ANALYZE history");
    run(peer, "CREATE TABLE page AS SELECT DISTINCT ON (obligation, province, unit) * FROM history "
              "ORDER BY obligation, province, unit, revision DESC");
    run(peer, "ALTER TABLE page ADD PRIMARY KEY (obligation, province, unit)");
    run(peer, "VACUUM ANALYZE page");
    return copied;
}

/* ---- a page ---- */

static int64_t number(const PGresult *result, int row, int column)
{
    uint64_t big;
    uint32_t small;
    const char *bytes = PQgetvalue(result, row, column);
    if (PQgetlength(result, row, column) == 4) {
        memcpy(&small, bytes, sizeof small);
        return (int64_t)be32toh(small);
    }
    memcpy(&big, bytes, sizeof big);
    return (int64_t)be64toh(big);
}

static void check(const struct peer *peer, uint32_t obligation, const PGresult *result)
{
    uint32_t rows = (uint32_t)PQntuples(result);
    if (rows != peer->units)
        bench_die("a page: %u rows, not %u", rows, peer->units);
    for (int row = 0; row < (int)rows; row++) {
        uint32_t unit = (uint32_t)number(result, row, 0);
        const struct bench_fact *fact =
            peer->last[(size_t)obligation * peer->workload.units_count + unit];
        for (int i = 0; i < BENCH_FIGURES; i++) {
            bool is_there = (fact->present >> i & 1) != 0;
            if (PQgetisnull(result, row, i + 1) == (int)is_there ||
                (is_there && number(result, row, i + 1) != fact->figures[i]))
                bench_die("a page: a figure of unit %u is wrong", unit);
        }
    }
}

static void ask_pages(struct peer *peer, int64_t *took)
{
    char sql[SQL_MAX] = "SELECT unit, ";
    each(sql, "f@");
    (void)strcat(sql, " FROM page WHERE obligation = $1 AND province = $2");
    PQclear(
        must(peer, PQprepare(peer->connection, "page", sql, 2, (Oid[]){23, 23}), PGRES_COMMAND_OK));
    for (size_t i = 0; i < peer->times + WARM; i++) {
        uint32_t obligation = (uint32_t)(i % peer->obligations);
        uint32_t first = htobe32(obligation), second = htobe32(peer->province);
        const char *values[] = {(const char *)&first, (const char *)&second};
        int64_t began = bench_now_ns();
        PGresult *result =
            PQexecPrepared(peer->connection, "page", 2, values, (int[]){4, 4}, (int[]){1, 1}, 1);
        if (i >= WARM)
            took[i - WARM] = bench_now_ns() - began;
        check(peer, obligation, must(peer, result, PGRES_TUPLES_OK));
        PQclear(result);
    }
}

/* ---- all rollups again ---- */

static int64_t recompute(struct peer *peer)
{
    char sql[SQL_MAX] = "INSERT INTO rollup SELECT obligation, CASE WHEN grouping(province) = 1 "
                        "THEN 0 ELSE province + 1 END, count(*), ";
    each(sql, "coalesce(sum(f@), 0), count(f@)");
    (void)strcat(sql, " FROM (SELECT DISTINCT ON (obligation, unit) * FROM history "
                      "ORDER BY obligation, unit, revision DESC) latest GROUP BY "
                      "GROUPING SETS ((obligation), (obligation, province))");
    run(peer, "TRUNCATE rollup");
    int64_t began = bench_now_ns();
    run(peer, sql);
    return bench_now_ns() - began;
}

static void find_last(struct peer *peer)
{
    size_t units = peer->workload.units_count, count = bench_workload_reports(&peer->workload);
    peer->last = calloc(units * peer->workload.obligations_count, sizeof *peer->last);
    if (peer->last == NULL)
        bench_die("no memory");
    for (size_t i = 0; i < count; i++) {
        const struct bench_fact *fact = &peer->facts[i];
        const struct bench_fact **at = &peer->last[(size_t)fact->obligation * units + fact->unit];
        if (*at == NULL || (*at)->revision < fact->revision)
            *at = fact;
    }
    for (size_t i = 0; i < units; i++)
        peer->units += peer->workload.units[i].province == peer->province;
}

int main(int argc, char **argv)
{
    struct peer peer = {.province = 0};
    char name[64];
    if (argc != 8) {
        (void)fprintf(stderr, "usage: peer_questions FOLDER SET CONNINFO FRAMES PROVINCE TIMES "
                              "OBLIGATIONS\n");
        return 64;
    }
    bench_workload_open(argv[1], argv[2], strtoull(argv[4], NULL, 10), &peer.workload);
    (void)snprintf(name, sizeof name, "%s.facts", argv[2]);
    peer.facts = (const void *)bench_map(argv[1], name).bytes;
    peer.province = (uint32_t)strtoul(argv[5], NULL, 10);
    peer.times = strtoull(argv[6], NULL, 10);
    peer.obligations = (uint32_t)strtoul(argv[7], NULL, 10);
    find_last(&peer);
    peer.connection = PQconnectdb(argv[3]);
    if (PQstatus(peer.connection) != CONNECTION_OK || peer.obligations == 0)
        bench_die("PostgreSQL: %s", PQerrorMessage(peer.connection));
    int64_t *took = calloc(peer.times + 1, sizeof *took);
    if (took == NULL)
        bench_die("no memory");
    size_t reports = fill(&peer);
    ask_pages(&peer, took);
    int64_t all = recompute(&peer);
    printf("{\"reports\": %zu, \"lines\": %u, \"us\": %.3f, \"p99_us\": %.3f, "
           "\"recompute_seconds\": %.6f}\n",
           reports, peer.units, (double)bench_percentile(took, peer.times, 50000) / 1e3,
           (double)bench_percentile(took, peer.times, 99000) / 1e3, (double)all / 1e9);
    PQfinish(peer.connection);
    free(peer.last);
    free(took);
    return 0;
}
