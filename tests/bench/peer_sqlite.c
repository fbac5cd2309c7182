/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same work in SQLite, as someone who knows it would write it: WAL, synchronous=FULL, exclusive
 * locking, prepared statements, tables without rowid, one transaction for a batch, the changes of
 * the rollups added up in memory and written once for a batch.
 *
 *     peer_sqlite FOLDER SET DIR BATCH [FRAMES [PRELOAD]]
 *
 * For each report: found by its natural key, duplicate, correction or conflict decided, its bytes
 * kept, the superseded revision kept, the latest row replaced, sums and counts of the 20 figures
 * moved in its province and the nation. Less is done than by the aggregator: no signature, rule,
 * Merkle tree, receipt, minimum, maximum or ratio. DIR: an empty folder. Prints one line of JSON.
 * The sums go to DIR/rollups in the form of `recompute … sums`. The first PRELOAD frames are there
 * before the clock starts; it stops when what is in the WAL has been moved into the database, as
 * each byte must be at some time.
 */
#include "tests/bench/peer.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_SIZE = 32, ROLLUP_CELLS = 2 * BENCH_FIGURES, PRELOAD_BATCH = 4096 };

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
    struct peer_input input;
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
    uint32_t nodes = peer->input.workload.provinces_count + 1;
    uint32_t first = fact->obligation * nodes;
    uint32_t places[2] = {first, first + 1 + peer->input.workload.units[fact->unit].province};
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
    const struct bench_fact *fact = &peer->input.facts[at];
    const uint8_t *digest = peer->input.digests[at].bytes;
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
        put(peer, fact, digest, bench_workload_frame(&peer->input.workload, at));
    }
    must(peer, sqlite3_reset(find), "reset");
}

static void roll_up(struct peer *peer)
{
    sqlite3_stmt *roll = peer->statements[ROLL];
    uint32_t nodes = peer->input.workload.provinces_count + 1;
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

static void write_rollups(struct peer *peer, const char *folder)
{
    FILE *out = bench_create(folder, "rollups");
    sqlite3_stmt *all = prepare(peer, "SELECT * FROM rollup ORDER BY obligation, node");
    while (sqlite3_step(all) == SQLITE_ROW) {
        int64_t cells[ROLLUP_CELLS];
        for (int i = 0; i < ROLLUP_CELLS; i++)
            cells[i] = sqlite3_column_int64(all, 3 + i);
        peer_write_sums(out, (uint32_t)sqlite3_column_int(all, 0),
                        (uint32_t)sqlite3_column_int(all, 1), sqlite3_column_int64(all, 2), cells);
    }
    (void)sqlite3_finalize(all);
    bench_close(out);
}

/* The frames from `from`, up to `to`. Returns how many commits that were, each one's time in
 * `commits`. */
static size_t feed(struct peer *peer, size_t from, size_t to, size_t batch, int64_t *commits)
{
    size_t count = 0;
    for (size_t at = from; at < to; count++) {
        run(peer, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < batch && at < to; i++, at++)
            take(peer, at);
        roll_up(peer);
        int64_t began = bench_now_ns();
        run(peer, "COMMIT");
        commits[count] = bench_now_ns() - began;
    }
    return count;
}

struct usage {
    int64_t ns, cpu_ns;
    uint64_t written, accepted, duplicates;
};

static struct usage usage_of(const struct peer *peer)
{
    return (struct usage){bench_now_ns(), bench_cpu_ns(), bench_written(), peer->accepted,
                          peer->duplicates};
}

static void report(const struct peer *peer, const struct usage *before, const struct usage *after,
                   int64_t *commits, size_t commits_count)
{
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"accepted\": %" PRIu64
           ", \"duplicates\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"written\": %" PRIu64
           ", \"commit_p50_ms\": %.3f, \"commit_p99_ms\": %.3f}\n",
           peer_timed(&peer->input), (double)(after->ns - before->ns) / 1e9,
           (double)(after->cpu_ns - before->cpu_ns) / 1e9, after->accepted - before->accepted,
           after->duplicates - before->duplicates, peer->wrong, after->written - before->written,
           (double)bench_percentile(commits, commits_count, 50000) / 1e6,
           (double)bench_percentile(commits, commits_count, 99000) / 1e6);
}

int main(int argc, char **argv)
{
    struct peer peer = {.position = 0};
    size_t batch = peer_number(argc, argv, 4);
    if (batch == 0)
        bench_die("usage: peer_sqlite FOLDER SET DIR BATCH [FRAMES [PRELOAD]]");
    peer_input_open(argv[1], argv[2], peer_number(argc, argv, 5), peer_number(argc, argv, 6),
                    &peer.input);
    const struct bench_workload *workload = &peer.input.workload;
    size_t nodes = (size_t)workload->obligations_count * (workload->provinces_count + 1);
    peer.deltas = calloc(nodes, sizeof *peer.deltas);
    peer.touched = calloc(nodes, sizeof *peer.touched);
    int64_t *commits = calloc(workload->frames_count, sizeof *commits);
    if (peer.deltas == NULL || peer.touched == NULL || commits == NULL)
        bench_die("no memory");
    create(&peer, argv[3]);
    (void)feed(&peer, 0, peer.input.preload, PRELOAD_BATCH, commits);
    run(&peer, "PRAGMA wal_checkpoint(TRUNCATE)");
    struct usage before = usage_of(&peer);
    size_t count = feed(&peer, peer.input.preload, workload->frames_count, batch, commits);
    run(&peer, "PRAGMA wal_checkpoint(PASSIVE)");
    struct usage after = usage_of(&peer);
    write_rollups(&peer, argv[3]);
    report(&peer, &before, &after, commits, count);
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(peer.statements[i]);
    (void)sqlite3_close(peer.db);
    peer_input_close(&peer.input);
    free(peer.deltas);
    free(peer.touched);
    free(commits);
    return 0;
}
