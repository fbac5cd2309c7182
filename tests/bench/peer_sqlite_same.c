/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same work as the core in SQLite (tests/bench/sqlite_run.h), by an application that knows it:
 *
 *     peer_sqlite_same FOLDER SET DIR BATCH [FRAMES [PRELOAD]]
 *
 * For each report: found by its natural key, duplicate, correction or conflict decided, all rules
 * of the plan by the project's own check, a broken hard rule refuses; its bytes, stamp and warnings
 * kept; timeliness by the stamp of the first accepted revision; the superseded revision kept, the
 * latest row replaced; rollups of its province and the nation moved: standing, sums, counts, least
 * and most and who has them, ratios. The application is the only writer, so it has the rollups in
 * memory as well and writes those that changed once for a batch; it packs what it need not ask for
 * by SQL. DIR: an empty folder. The rollups go to DIR/rollups in the form of `recompute … same`.
 */
#include "proto/model/packed.h"
#include "tests/bench/peer_totals.h"
#include "tests/bench/sqlite_run.h"

#include <stdlib.h>
#include <string.h>

enum { PACKED_MAX = 512, WARNINGS_SIZE = TH_REASONS_MAX * 8 };

enum statement { APPEND, FIND, KEEP_OLD, FIND_OLD, PUT, SEARCH, ROLL, STATEMENTS };

/* Columns of FIND. */
enum { AT_REVISION, AT_DIGEST, AT_POSITION, AT_FIRST, AT_LATE, AT_TEXTS, AT_FIGURES };

struct peer {
    struct sqlite_run run; /* the first member */
    struct peer_plan plan;
    struct peer_sides sides;
    sqlite3_stmt *statements[STATEMENTS];
    uint16_t *columns;         /* by number: which figure, for th_packed_scatter() */
    struct peer_total *totals; /* by obligation: the nation, then the provinces */
    bool *is_touched;          /* likewise */
    uint32_t *touched;
    size_t touched_count;
    uint32_t nodes;  /* the nation and the provinces */
    uint32_t *units; /* by province: its first unit; one more at the end */
    uint64_t position;
};

/* ---- the database ---- */

static void create(struct peer *peer)
{
    static const char *const sql[STATEMENTS] = {
        [APPEND] = "INSERT INTO journal VALUES(?,?,?,?)",
        [FIND] = ("SELECT revision, digest, position, first_ms, is_late, texts, figures "
                  "FROM latest WHERE obligation=? AND unit=?"),
        [KEEP_OLD] = "INSERT INTO old VALUES(?,?,?,?,?)",
        [FIND_OLD] = "SELECT digest FROM old WHERE obligation=? AND unit=? AND revision=?",
        [PUT] = "INSERT OR REPLACE INTO latest VALUES(?,?,?,?,?,?,?,?,?)",
        [SEARCH] = "SELECT unit, figures FROM latest WHERE obligation=? AND unit>=? AND unit<?",
        [ROLL] = "INSERT OR REPLACE INTO rollup VALUES(?,?,?)",
    };
    sqlite_exec(&peer->run,
                "CREATE TABLE journal(position INTEGER PRIMARY KEY, received_ms INT NOT NULL,"
                " warnings TEXT, bytes BLOB NOT NULL);"
                "CREATE TABLE latest(obligation INT, unit INT, revision INT, position INT,"
                " digest BLOB, first_ms INT, is_late INT, texts INT, figures BLOB,"
                " PRIMARY KEY(obligation, unit)) WITHOUT ROWID;"
                "CREATE TABLE old(obligation INT, unit INT, revision INT, position INT,"
                " digest BLOB, PRIMARY KEY(obligation, unit, revision)) WITHOUT ROWID;"
                "CREATE TABLE rollup(obligation INT, node INT, cells BLOB,"
                " PRIMARY KEY(obligation, node)) WITHOUT ROWID");
    for (size_t i = 0; i < STATEMENTS; i++)
        peer->statements[i] = sqlite_prepare(&peer->run, sql[i]);
}

/* ---- figures ---- */

static size_t pack(const struct peer *peer, const struct bench_fact *fact, uint8_t *ret_bytes)
{
    uint16_t numbers[BENCH_FIGURES];
    int64_t values[BENCH_FIGURES];
    size_t count = 0;
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present >> i & 1) != 0) {
            numbers[count] = peer->plan.numbers[i];
            values[count++] = fact->figures[i];
        }
    const struct th_values packed = {numbers, values, count};
    if (th_packed_size_max(&packed) > PACKED_MAX)
        bench_die("figures that are too large");
    return th_packed_encode(&packed, NULL, 0, ret_bytes);
}

/* Of one column of a row. */
static void unpack(const struct peer *peer, sqlite3_stmt *row, int at, struct bench_fact *fact)
{
    uint64_t present = 0;
    bench_must(th_packed_scatter(sqlite3_column_blob(row, at),
                                 (size_t)sqlite3_column_bytes(row, at), peer->columns,
                                 peer->plan.plan.catalogue.number_max + 1U, fact->figures,
                                 &present),
               "figures of a row");
    fact->present = (uint32_t)present;
}

/* ---- one report ---- */

static void move(struct peer *peer, const struct bench_fact *fact, bool is_late, int64_t sign)
{
    uint32_t nation = fact->obligation * peer->nodes;
    uint32_t places[2] = {nation, nation + 1 + peer->run.input.workload.units[fact->unit].province};
    for (size_t k = 0; k < 2; k++) {
        if (!peer->is_touched[places[k]])
            peer->touched[peer->touched_count++] = places[k];
        peer->is_touched[places[k]] = true;
        peer_total_move(&peer->plan, &peer->sides, &peer->totals[places[k]], fact, is_late, sign);
    }
}

/* The row that FIND stands on is superseded. */
static void supersede(struct peer *peer, const struct bench_fact *fact)
{
    sqlite3_stmt *find = peer->statements[FIND], *keep = peer->statements[KEEP_OLD];
    struct bench_fact before = {.unit = fact->unit, .obligation = fact->obligation};
    before.narratives = (uint32_t)sqlite3_column_int(find, AT_TEXTS);
    unpack(peer, find, AT_FIGURES, &before);
    sqlite_bind_key(keep, fact);
    sqlite_bind_revision(keep, (uint32_t)sqlite3_column_int(find, AT_REVISION),
                         (uint64_t)sqlite3_column_int64(find, AT_POSITION),
                         sqlite3_column_blob(find, AT_DIGEST));
    sqlite_step(&peer->run, keep);
    move(peer, &before, sqlite3_column_int(find, AT_LATE) != 0, -1);
}

/* The ids of the rules, with spaces between them. */
static const char *name_rules(const struct th_reasons *warnings, char text[WARNINGS_SIZE])
{
    size_t at = 0;
    if (warnings->count == 0)
        return NULL;
    for (size_t i = 0; i < warnings->count && at < WARNINGS_SIZE; i++)
        at += (size_t)snprintf(text + at, WARNINGS_SIZE - at, "%s%s", i == 0 ? "" : " ",
                               warnings->items[i].rule);
    return text;
}

static void put(struct peer *peer, size_t at, const struct th_reasons *warnings, int64_t first_ms)
{
    const struct bench_fact *fact = &peer->run.input.facts[at];
    struct th_bytes raw = bench_workload_frame(&peer->run.input.workload, at);
    sqlite3_stmt *append = peer->statements[APPEND], *latest = peer->statements[PUT];
    bool is_late = peer_plan_is_late(&peer->plan, fact->obligation, first_ms);
    uint64_t position = peer->position++;
    char rules[WARNINGS_SIZE];
    uint8_t packed[PACKED_MAX];
    (void)sqlite3_bind_int64(append, 1, (int64_t)position);
    (void)sqlite3_bind_int64(append, 2, BENCH_CLOCK_MS);
    (void)sqlite3_bind_text(append, 3, name_rules(warnings, rules), -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(append, 4, raw.bytes, (int)raw.size, SQLITE_STATIC);
    sqlite_step(&peer->run, append);
    sqlite_bind_key(latest, fact);
    sqlite_bind_revision(latest, fact->revision, position, peer->run.input.digests[at].bytes);
    (void)sqlite3_bind_int64(latest, 6, first_ms);
    (void)sqlite3_bind_int64(latest, 7, is_late);
    (void)sqlite3_bind_int64(latest, 8, fact->narratives);
    (void)sqlite3_bind_blob(latest, 9, packed, (int)pack(peer, fact, packed), SQLITE_STATIC);
    sqlite_step(&peer->run, latest);
    move(peer, fact, is_late, 1);
    peer->run.accepted++;
}

static void take_new(struct peer *peer, size_t at, bool is_correction)
{
    const struct bench_fact *fact = &peer->run.input.facts[at];
    sqlite3_stmt *find = peer->statements[FIND];
    struct th_reason error_items[TH_REASONS_MAX], warning_items[TH_REASONS_MAX];
    struct th_reasons errors = {.items = error_items}, warnings = {.items = warning_items};
    peer_plan_check(&peer->plan, fact, &errors, &warnings);
    if (errors.count > 0) {
        peer->run.wrong++;
        return;
    }
    int64_t first_ms = is_correction ? sqlite3_column_int64(find, AT_FIRST) : BENCH_CLOCK_MS;
    if (is_correction)
        supersede(peer, fact);
    sqlite_reset(&peer->run, find);
    put(peer, at, &warnings, first_ms);
}

static void take(struct sqlite_run *run, size_t at)
{
    struct peer *peer = (void *)run;
    sqlite3_stmt *find = peer->statements[FIND];
    const struct bench_fact *fact = &run->input.facts[at];
    const uint8_t *digest = run->input.digests[at].bytes;
    sqlite_bind_key(find, fact);
    bool has_latest = sqlite3_step(find) == SQLITE_ROW;
    uint32_t revision = has_latest ? (uint32_t)sqlite3_column_int(find, AT_REVISION) : 0;
    if (fact->revision == revision + 1) {
        take_new(peer, at, has_latest);
    } else {
        bool is_same =
            fact->revision == revision
                ? memcmp(sqlite3_column_blob(find, AT_DIGEST), digest, TH_DIGEST_SIZE) == 0
                : fact->revision < revision &&
                      sqlite_is_known(run, peer->statements[FIND_OLD], fact, digest);
        *(is_same ? &run->duplicates : &run->wrong) += 1;
    }
    sqlite_reset(run, find);
}

/* ---- rollups ---- */

static void search_province(struct peer *peer, uint32_t at)
{
    sqlite3_stmt *search = peer->statements[SEARCH];
    uint32_t province = at % peer->nodes - 1;
    struct peer_total found;
    peer_total_search(&peer->sides, &peer->totals[at], &found);
    (void)sqlite3_bind_int64(search, 1, at / peer->nodes);
    (void)sqlite3_bind_int64(search, 2, peer->units[province]);
    (void)sqlite3_bind_int64(search, 3, peer->units[province + 1]);
    while (sqlite3_step(search) == SQLITE_ROW) {
        struct bench_fact fact = {.unit = (uint32_t)sqlite3_column_int(search, 0)};
        unpack(peer, search, 1, &fact);
        peer_total_find(&peer->sides, &found, &fact);
    }
    sqlite_reset(&peer->run, search);
    peer_total_found(&peer->sides, &found, &peer->totals[at]);
}

/* The provinces of the obligation are right already. */
static void search_nation(struct peer *peer, uint32_t at)
{
    struct peer_total found;
    peer_total_search(&peer->sides, &peer->totals[at], &found);
    for (uint32_t i = 1; i < peer->nodes; i++)
        peer_total_find_below(&peer->sides, &found, &peer->totals[at + i]);
    peer_total_found(&peer->sides, &found, &peer->totals[at]);
}

static void search_lost(struct peer *peer, bool of_nation)
{
    for (size_t k = 0; k < peer->touched_count; k++) {
        uint32_t at = peer->touched[k];
        if ((at % peer->nodes == 0) == of_nation &&
            peer_total_is_lost(&peer->sides, &peer->totals[at]))
            (of_nation ? search_nation : search_province)(peer, at);
    }
}

static void roll_up(struct sqlite_run *run)
{
    struct peer *peer = (void *)run;
    sqlite3_stmt *roll = peer->statements[ROLL];
    search_lost(peer, false);
    search_lost(peer, true);
    for (size_t k = 0; k < peer->touched_count; k++) {
        uint32_t at = peer->touched[k];
        (void)sqlite3_bind_int64(roll, 1, at / peer->nodes);
        (void)sqlite3_bind_int64(roll, 2, at % peer->nodes);
        (void)sqlite3_bind_blob(roll, 3, &peer->totals[at], sizeof peer->totals[at], SQLITE_STATIC);
        sqlite_step(run, roll);
        peer->is_touched[at] = false;
    }
    peer->touched_count = 0;
}

/* What the database has, not what this process remembers. */
static void write_rollups(struct peer *peer, const char *folder)
{
    FILE *out = bench_create(folder, "rollups");
    sqlite3_stmt *all = sqlite_prepare(
        &peer->run, "SELECT obligation, node, cells FROM rollup ORDER BY obligation, node");
    while (sqlite3_step(all) == SQLITE_ROW) {
        struct peer_total total;
        if (sqlite3_column_bytes(all, 2) != (int)sizeof total)
            bench_die("a rollup of another size");
        memcpy(&total, sqlite3_column_blob(all, 2), sizeof total);
        peer_total_write(&peer->plan, &peer->sides, out, (uint32_t)sqlite3_column_int(all, 0),
                         (uint32_t)sqlite3_column_int(all, 1), &total);
    }
    (void)sqlite3_finalize(all);
    bench_close(out);
}

/* ---- the run ---- */

static void *allocate(size_t count, size_t size)
{
    void *items = calloc(count, size);
    if (items == NULL)
        bench_die("no memory");
    return items;
}

static void init(struct peer *peer, const char *folder)
{
    const struct bench_workload *workload = &peer->run.input.workload;
    peer_plan_open(folder, workload, &peer->plan);
    peer_sides_init(&peer->plan, &peer->sides);
    peer->nodes = workload->provinces_count + 1;
    size_t totals = (size_t)workload->obligations_count * peer->nodes;
    peer->totals = allocate(totals, sizeof *peer->totals);
    peer->is_touched = allocate(totals, sizeof *peer->is_touched);
    peer->touched = allocate(totals, sizeof *peer->touched);
    peer->units = allocate(peer->nodes, sizeof *peer->units);
    for (uint32_t i = 0; i < workload->units_count; i++) {
        uint32_t province = workload->units[i].province;
        if (i > 0 && province < workload->units[i - 1].province)
            bench_die("units of a province are wanted side by side");
        for (uint32_t k = province + 1; k < peer->nodes; k++)
            peer->units[k] = i + 1;
    }
    uint32_t numbers = peer->plan.plan.catalogue.number_max + 1U;
    peer->columns = allocate(numbers, sizeof *peer->columns);
    for (uint32_t i = 0; i < numbers; i++)
        peer->columns[i] = TH_PACKED_UNKNOWN;
    for (uint16_t i = 0; i < BENCH_FIGURES; i++)
        peer->columns[peer->plan.numbers[i]] = i;
}

int main(int argc, char **argv)
{
    struct peer peer = {.position = 0};
    sqlite_run_open(argc, argv, &peer.run);
    init(&peer, argv[1]);
    create(&peer);
    peer.run.take = take;
    peer.run.end_batch = roll_up;
    sqlite_run(&peer.run);
    write_rollups(&peer, argv[3]);
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(peer.statements[i]);
    sqlite_run_close(&peer.run);
    peer_plan_close(&peer.plan);
    free(peer.totals);
    free(peer.is_touched);
    free(peer.touched);
    free(peer.units);
    free(peer.columns);
    return 0;
}
