/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same work in SQLite, as someone who knows it would write it: WAL, synchronous=FULL, exclusive
 * locking, prepared statements, tables without rowid, one transaction for a batch, the changes of
 * the rollups added up in memory and written once for a batch.
 *
 *     peer_sqlite FOLDER SET DIR BATCH [FRAMES]
 *
 * For each report: found by its natural key, duplicate, correction or conflict decided, its bytes
 * kept, the superseded revision kept, the latest row replaced, sums and counts of the 20 figures
 * moved in its province and the nation. Less is done than by the aggregator: no signature, rule,
 * Merkle tree, receipt, minimum, maximum or ratio. DIR: an empty folder. Prints one line of JSON.
 * The sums go to DIR/rollups in the form of `recompute … sums`.
 */
#include "proto/wire/submission.h"
#include "tests/bench/workload.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_SIZE = 32, ROLLUP_CELLS = 2 * BENCH_FIGURES };

enum statement { APPEND, FIND, KEEP_OLD, FIND_OLD, PUT, ROLL, STATEMENTS };

struct latest { /* as the table keeps it */
    uint32_t present, reserved;
    int64_t figures[BENCH_FIGURES];
};

struct delta {
    int64_t received, sums[BENCH_FIGURES], counts[BENCH_FIGURES];
    bool is_touched;
};

struct peer {
    struct bench_workload workload;
    const struct bench_fact *facts;
    struct th_digest *digests; /* of each report, as its signed header has it */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct delta *deltas; /* by obligation: the nation, then the provinces */
    uint32_t *touched;
    size_t touched_count;
    uint64_t accepted, duplicates, wrong, position;
};

static void must(const struct peer *peer, int code, const char *what)
{
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE)
        bench_die("%s: %s", what, sqlite3_errmsg(peer->db));
}

static void run(const struct peer *peer, const char *sql)
{
    must(peer, sqlite3_exec(peer->db, sql, NULL, NULL, NULL), sql);
}

static void step(const struct peer *peer, sqlite3_stmt *statement)
{
    must(peer, sqlite3_step(statement), "step");
    must(peer, sqlite3_reset(statement), "reset");
}

/* ---- the database ---- */

static sqlite3_stmt *prepare(const struct peer *peer, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    must(peer, sqlite3_prepare_v3(peer->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL),
         sql);
    return statement;
}

/* "s0 name, c0 name, s1 …" with a pattern of printf for each figure. */
static void list(char *text, size_t size, const char *pattern)
{
    size_t at = strlen(text);
    for (unsigned i = 0; i < BENCH_FIGURES; i++)
        for (unsigned k = 0; k < 2; k++) {
            char name[8], part[64];
            (void)snprintf(name, sizeof name, "%c%u", k == 0 ? 's' : 'c', i);
            if (pattern == NULL)
                (void)snprintf(part, sizeof part, ", ?");
            else if (strcmp(pattern, "+") == 0)
                (void)snprintf(part, sizeof part, ", %s = %s + excluded.%s", name, name, name);
            else
                (void)snprintf(part, sizeof part, ", %s%s", name, pattern);
            at += (size_t)snprintf(text + at, size - at, "%s", part);
        }
}

static void create(struct peer *peer, const char *folder)
{
    char path[4096], sql[4096];
    (void)snprintf(path, sizeof path, "%s/peer.db", folder);
    must(peer, sqlite3_open(path, &peer->db), path);
    run(peer, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
              "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-262144;"
              "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=8000;"
              "CREATE TABLE journal(position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
              "CREATE TABLE latest(obligation INT, unit INT, revision INT, position INT,"
              " digest BLOB, figures BLOB, PRIMARY KEY(obligation, unit)) WITHOUT ROWID;"
              "CREATE TABLE old(obligation INT, unit INT, revision INT, position INT, digest BLOB,"
              " PRIMARY KEY(obligation, unit, revision)) WITHOUT ROWID;");
    (void)snprintf(sql, sizeof sql, "CREATE TABLE rollup(obligation INT, node INT, received INT");
    list(sql, sizeof sql, " INT");
    (void)strcat(sql, ", PRIMARY KEY(obligation, node)) WITHOUT ROWID");
    run(peer, sql);
    peer->statements[APPEND] = prepare(peer, "INSERT INTO journal VALUES(?,?)");
    peer->statements[FIND] = prepare(
        peer,
        "SELECT revision, digest, figures, position FROM latest WHERE obligation=? AND unit=?");
    peer->statements[KEEP_OLD] = prepare(peer, "INSERT INTO old VALUES(?,?,?,?,?)");
    peer->statements[FIND_OLD] =
        prepare(peer, "SELECT digest FROM old WHERE obligation=? AND unit=? AND revision=?");
    peer->statements[PUT] = prepare(peer, "INSERT OR REPLACE INTO latest VALUES(?,?,?,?,?,?)");
    (void)snprintf(sql, sizeof sql, "INSERT INTO rollup VALUES(?, ?, ?");
    list(sql, sizeof sql, NULL);
    (void)strcat(sql, ") ON CONFLICT DO UPDATE SET received = received + excluded.received");
    list(sql, sizeof sql, "+");
    peer->statements[ROLL] = prepare(peer, sql);
}

/* ---- one report ---- */

static void move(struct peer *peer, const struct bench_fact *fact, const struct latest *figures,
                 int64_t sign)
{
    uint32_t nodes = peer->workload.provinces_count + 1;
    uint32_t first = fact->obligation * nodes;
    uint32_t places[2] = {first, first + 1 + peer->workload.units[fact->unit].province};
    for (size_t k = 0; k < 2; k++) {
        struct delta *delta = &peer->deltas[places[k]];
        if (!delta->is_touched)
            peer->touched[peer->touched_count++] = places[k];
        delta->is_touched = true;
        delta->received += sign;
        for (size_t i = 0; i < BENCH_FIGURES; i++)
            if ((figures->present >> i & 1) != 0) {
                delta->sums[i] += sign * figures->figures[i];
                delta->counts[i] += sign;
            }
    }
}

static void bind_key(sqlite3_stmt *statement, const struct bench_fact *fact)
{
    (void)sqlite3_bind_int64(statement, 1, fact->obligation);
    (void)sqlite3_bind_int64(statement, 2, fact->unit);
}

static void bind_revision(sqlite3_stmt *statement, uint32_t revision, uint64_t position,
                          const uint8_t *digest)
{
    (void)sqlite3_bind_int64(statement, 3, revision);
    (void)sqlite3_bind_int64(statement, 4, (int64_t)position);
    (void)sqlite3_bind_blob(statement, 5, digest, DIGEST_SIZE, SQLITE_STATIC);
}

static bool is_known(struct peer *peer, const struct bench_fact *fact, const uint8_t *digest)
{
    sqlite3_stmt *find = peer->statements[FIND_OLD];
    bind_key(find, fact);
    (void)sqlite3_bind_int64(find, 3, fact->revision);
    bool known = sqlite3_step(find) == SQLITE_ROW &&
                 memcmp(sqlite3_column_blob(find, 0), digest, DIGEST_SIZE) == 0;
    must(peer, sqlite3_reset(find), "reset");
    return known;
}

static void put(struct peer *peer, const struct bench_fact *fact, const uint8_t *digest,
                struct th_bytes raw)
{
    sqlite3_stmt *append = peer->statements[APPEND], *latest = peer->statements[PUT];
    struct latest figures = {.present = fact->present};
    memcpy(figures.figures, fact->figures, sizeof figures.figures);
    uint64_t position = peer->position++;
    (void)sqlite3_bind_int64(append, 1, (int64_t)position);
    (void)sqlite3_bind_blob(append, 2, raw.bytes, (int)raw.size, SQLITE_STATIC);
    step(peer, append);
    bind_key(latest, fact);
    bind_revision(latest, fact->revision, position, digest);
    (void)sqlite3_bind_blob(latest, 6, &figures, sizeof figures, SQLITE_STATIC);
    step(peer, latest);
    move(peer, fact, &figures, 1);
    peer->accepted++;
}

static void take(struct peer *peer, size_t at)
{
    sqlite3_stmt *find = peer->statements[FIND];
    const struct bench_fact *fact = &peer->facts[at];
    const uint8_t *digest = peer->digests[at].bytes;
    bind_key(find, fact);
    bool has_latest = sqlite3_step(find) == SQLITE_ROW;
    uint32_t revision = has_latest ? (uint32_t)sqlite3_column_int(find, 0) : 0;
    if (fact->revision <= revision) {
        bool is_same = fact->revision == revision
                           ? memcmp(sqlite3_column_blob(find, 1), digest, DIGEST_SIZE) == 0
                           : is_known(peer, fact, digest);
        *(is_same ? &peer->duplicates : &peer->wrong) += 1;
    } else if (fact->revision != revision + 1) {
        peer->wrong++;
    } else {
        if (has_latest) {
            struct latest before;
            memcpy(&before, sqlite3_column_blob(find, 2), sizeof before);
            sqlite3_stmt *keep = peer->statements[KEEP_OLD];
            bind_key(keep, fact);
            bind_revision(keep, revision, (uint64_t)sqlite3_column_int64(find, 3),
                          sqlite3_column_blob(find, 1));
            step(peer, keep);
            move(peer, fact, &before, -1);
        }
        must(peer, sqlite3_reset(find), "reset");
        put(peer, fact, digest, bench_workload_frame(&peer->workload, at));
    }
    must(peer, sqlite3_reset(find), "reset");
}

static void roll_up(struct peer *peer)
{
    sqlite3_stmt *roll = peer->statements[ROLL];
    uint32_t nodes = peer->workload.provinces_count + 1;
    for (size_t k = 0; k < peer->touched_count; k++) {
        struct delta *delta = &peer->deltas[peer->touched[k]];
        (void)sqlite3_bind_int64(roll, 1, peer->touched[k] / nodes);
        (void)sqlite3_bind_int64(roll, 2, peer->touched[k] % nodes);
        (void)sqlite3_bind_int64(roll, 3, delta->received);
        for (int i = 0; i < BENCH_FIGURES; i++) {
            (void)sqlite3_bind_int64(roll, 4 + 2 * i, delta->sums[i]);
            (void)sqlite3_bind_int64(roll, 5 + 2 * i, delta->counts[i]);
        }
        step(peer, roll);
        *delta = (struct delta){.received = 0};
    }
    peer->touched_count = 0;
}

/* ---- the run ---- */

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

static void write_rollups(struct peer *peer, const char *folder)
{
    FILE *out = bench_create(folder, "rollups");
    sqlite3_stmt *all = prepare(peer, "SELECT * FROM rollup ORDER BY obligation, node");
    while (sqlite3_step(all) == SQLITE_ROW) {
        char code[16] = BENCH_ROOT;
        if (sqlite3_column_int(all, 1) > 0)
            (void)snprintf(code, sizeof code, "P%02d", sqlite3_column_int(all, 1) - 1);
        (void)fprintf(out, "O-%03d %s %d", sqlite3_column_int(all, 0), code,
                      sqlite3_column_int(all, 2));
        for (int i = 0; i < ROLLUP_CELLS; i++)
            (void)fprintf(out, " %" PRId64, (int64_t)sqlite3_column_int64(all, 3 + i));
        (void)fprintf(out, "\n");
    }
    (void)sqlite3_finalize(all);
    bench_close(out);
}

static size_t run_all(struct peer *peer, size_t batch, int64_t *commits)
{
    size_t count = 0;
    for (size_t at = 0; at < peer->workload.frames_count; count++) {
        int64_t began = 0;
        run(peer, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < batch && at < peer->workload.frames_count; i++, at++)
            take(peer, at);
        roll_up(peer);
        began = bench_now_ns();
        run(peer, "COMMIT");
        commits[count] = bench_now_ns() - began;
    }
    return count;
}

int main(int argc, char **argv)
{
    char name[64];
    struct peer peer = {.position = 0};
    size_t batch = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    if (batch == 0)
        bench_die("usage: peer_sqlite FOLDER SET DIR BATCH [FRAMES]");
    bench_workload_open(argv[1], argv[2], argc > 5 ? strtoull(argv[5], NULL, 10) : 0,
                        &peer.workload);
    if (bench_workload_reports(&peer.workload) != peer.workload.frames_count)
        bench_die("%s: one report in each is wanted", argv[2]);
    (void)snprintf(name, sizeof name, "%s.facts", argv[2]);
    peer.facts = (const void *)bench_map(argv[1], name).bytes;
    size_t nodes = (size_t)peer.workload.obligations_count * (peer.workload.provinces_count + 1);
    peer.deltas = calloc(nodes, sizeof *peer.deltas);
    peer.touched = calloc(nodes, sizeof *peer.touched);
    int64_t *commits = calloc(peer.workload.frames_count, sizeof *commits);
    if (peer.deltas == NULL || peer.touched == NULL || commits == NULL)
        bench_die("no memory");
    read_digests(&peer);
    create(&peer, argv[3]);
    uint64_t written = bench_written_bytes();
    int64_t began = bench_now_ns(), cpu = bench_cpu_ns();
    size_t commits_count = run_all(&peer, batch, commits);
    int64_t took = bench_now_ns() - began;
    cpu = bench_cpu_ns() - cpu;
    written = bench_written_bytes() - written;
    write_rollups(&peer, argv[3]);
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"accepted\": %" PRIu64
           ", \"duplicates\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"written\": %" PRIu64
           ", \"commit_p50_ms\": %.3f, \"commit_p99_ms\": %.3f}\n",
           peer.workload.frames_count, (double)took / 1e9, (double)cpu / 1e9, peer.accepted,
           peer.duplicates, peer.wrong, written,
           (double)bench_percentile(commits, commits_count, 50000) / 1e6,
           (double)bench_percentile(commits, commits_count, 99000) / 1e6);
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(peer.statements[i]);
    (void)sqlite3_close(peer.db);
    free(peer.digests);
    free(peer.deltas);
    free(peer.touched);
    free(commits);
    return 0;
}
