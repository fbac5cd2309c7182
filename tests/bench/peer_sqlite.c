/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Less work in SQLite (tests/bench/sqlite_run.h): prepared statements, tables without rowid, the
 * changes of the rollups added up in memory and written once for a batch.
 *
 *     peer_sqlite FOLDER SET DIR BATCH [FRAMES [PRELOAD]]
 *
 * For each report: found by its natural key, duplicate, correction or conflict decided, its bytes
 * kept, the superseded revision kept, the latest row replaced, sums and counts of the 20 figures
 * moved in its province and the nation. Less is done than by the core and store, and than by
 * tests/bench/peer_sqlite_same.c: no rule, standing, minimum, maximum or ratio. DIR: an empty
 * folder. The sums go to DIR/rollups in the form of `recompute … sums`.
 */
#include "tests/bench/sqlite_run.h"

#include <stdlib.h>
#include <string.h>

enum { ROLLUP_CELLS = 2 * BENCH_FIGURES };

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
    struct sqlite_run run; /* the first member */
    sqlite3_stmt *statements[STATEMENTS];
    struct delta *deltas; /* by obligation: the nation, then the provinces */
    uint32_t *touched;
    size_t touched_count;
    uint64_t position;
};

/* ---- the database ---- */

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

static void create(struct peer *peer)
{
    char sql[4096];
    sqlite_exec(
        &peer->run,
        "CREATE TABLE journal(position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
        "CREATE TABLE latest(obligation INT, unit INT, revision INT, position INT,"
        " digest BLOB, figures BLOB, PRIMARY KEY(obligation, unit)) WITHOUT ROWID;"
        "CREATE TABLE old(obligation INT, unit INT, revision INT, position INT, digest BLOB,"
        " PRIMARY KEY(obligation, unit, revision)) WITHOUT ROWID;");
    (void)snprintf(sql, sizeof sql, "CREATE TABLE rollup(obligation INT, node INT, received INT");
    list(sql, sizeof sql, " INT");
    (void)strcat(sql, ", PRIMARY KEY(obligation, node)) WITHOUT ROWID");
    sqlite_exec(&peer->run, sql);
    peer->statements[APPEND] = sqlite_prepare(&peer->run, "INSERT INTO journal VALUES(?,?)");
    peer->statements[FIND] = sqlite_prepare(
        &peer->run,
        "SELECT revision, digest, figures, position FROM latest WHERE obligation=? AND unit=?");
    peer->statements[KEEP_OLD] = sqlite_prepare(&peer->run, "INSERT INTO old VALUES(?,?,?,?,?)");
    peer->statements[FIND_OLD] = sqlite_prepare(
        &peer->run, "SELECT digest FROM old WHERE obligation=? AND unit=? AND revision=?");
    peer->statements[PUT] =
        sqlite_prepare(&peer->run, "INSERT OR REPLACE INTO latest VALUES(?,?,?,?,?,?)");
    (void)snprintf(sql, sizeof sql, "INSERT INTO rollup VALUES(?, ?, ?");
    list(sql, sizeof sql, NULL);
    (void)strcat(sql, ") ON CONFLICT DO UPDATE SET received = received + excluded.received");
    list(sql, sizeof sql, "+");
    peer->statements[ROLL] = sqlite_prepare(&peer->run, sql);
}

/* ---- one report ---- */

static void move(struct peer *peer, const struct bench_fact *fact, const struct latest *figures,
                 int64_t sign)
{
    uint32_t nodes = peer->run.input.workload.provinces_count + 1;
    uint32_t first = fact->obligation * nodes;
    uint32_t places[2] = {first, first + 1 + peer->run.input.workload.units[fact->unit].province};
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

static void put(struct peer *peer, const struct bench_fact *fact, const uint8_t *digest,
                struct th_bytes raw)
{
    sqlite3_stmt *append = peer->statements[APPEND], *latest = peer->statements[PUT];
    struct latest figures = {.present = fact->present};
    memcpy(figures.figures, fact->figures, sizeof figures.figures);
    uint64_t position = peer->position++;
    (void)sqlite3_bind_int64(append, 1, (int64_t)position);
    (void)sqlite3_bind_blob(append, 2, raw.bytes, (int)raw.size, SQLITE_STATIC);
    sqlite_step(&peer->run, append);
    sqlite_bind_key(latest, fact);
    sqlite_bind_revision(latest, fact->revision, position, digest);
    (void)sqlite3_bind_blob(latest, 6, &figures, sizeof figures, SQLITE_STATIC);
    sqlite_step(&peer->run, latest);
    move(peer, fact, &figures, 1);
    peer->run.accepted++;
}

static void take(struct sqlite_run *run, size_t at)
{
    struct peer *peer = (void *)run;
    sqlite3_stmt *find = peer->statements[FIND];
    const struct bench_fact *fact = &peer->run.input.facts[at];
    const uint8_t *digest = peer->run.input.digests[at].bytes;
    sqlite_bind_key(find, fact);
    bool has_latest = sqlite3_step(find) == SQLITE_ROW;
    uint32_t revision = has_latest ? (uint32_t)sqlite3_column_int(find, 0) : 0;
    if (fact->revision <= revision) {
        bool is_same = fact->revision == revision
                           ? memcmp(sqlite3_column_blob(find, 1), digest, TH_DIGEST_SIZE) == 0
                           : sqlite_is_known(run, peer->statements[FIND_OLD], fact, digest);
        *(is_same ? &run->duplicates : &run->wrong) += 1;
    } else if (fact->revision != revision + 1) {
        run->wrong++;
    } else {
        if (has_latest) {
            struct latest before;
            memcpy(&before, sqlite3_column_blob(find, 2), sizeof before);
            sqlite3_stmt *keep = peer->statements[KEEP_OLD];
            sqlite_bind_key(keep, fact);
            sqlite_bind_revision(keep, revision, (uint64_t)sqlite3_column_int64(find, 3),
                                 sqlite3_column_blob(find, 1));
            sqlite_step(&peer->run, keep);
            move(peer, fact, &before, -1);
        }
        sqlite_reset(&peer->run, find);
        put(peer, fact, digest, bench_workload_frame(&peer->run.input.workload, at));
    }
    sqlite_reset(&peer->run, find);
}

static void roll_up(struct sqlite_run *run)
{
    struct peer *peer = (void *)run;
    sqlite3_stmt *roll = peer->statements[ROLL];
    uint32_t nodes = peer->run.input.workload.provinces_count + 1;
    for (size_t k = 0; k < peer->touched_count; k++) {
        struct delta *delta = &peer->deltas[peer->touched[k]];
        (void)sqlite3_bind_int64(roll, 1, peer->touched[k] / nodes);
        (void)sqlite3_bind_int64(roll, 2, peer->touched[k] % nodes);
        (void)sqlite3_bind_int64(roll, 3, delta->received);
        for (int i = 0; i < BENCH_FIGURES; i++) {
            (void)sqlite3_bind_int64(roll, 4 + 2 * i, delta->sums[i]);
            (void)sqlite3_bind_int64(roll, 5 + 2 * i, delta->counts[i]);
        }
        sqlite_step(&peer->run, roll);
        *delta = (struct delta){.received = 0};
    }
    peer->touched_count = 0;
}

/* ---- the run ---- */

static void write_rollups(struct peer *peer, const char *folder)
{
    FILE *out = bench_create(folder, "rollups");
    sqlite3_stmt *all =
        sqlite_prepare(&peer->run, "SELECT * FROM rollup ORDER BY obligation, node");
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

int main(int argc, char **argv)
{
    struct peer peer = {.position = 0};
    sqlite_run_open(argc, argv, &peer.run);
    const struct bench_workload *workload = &peer.run.input.workload;
    size_t nodes = (size_t)workload->obligations_count * (workload->provinces_count + 1);
    peer.deltas = calloc(nodes, sizeof *peer.deltas);
    peer.touched = calloc(nodes, sizeof *peer.touched);
    if (peer.deltas == NULL || peer.touched == NULL)
        bench_die("no memory");
    create(&peer);
    peer.run.take = take;
    peer.run.end_batch = roll_up;
    sqlite_run(&peer.run);
    write_rollups(&peer, argv[3]);
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(peer.statements[i]);
    sqlite_run_close(&peer.run);
    free(peer.deltas);
    free(peer.touched);
    return 0;
}
