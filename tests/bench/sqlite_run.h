/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the SQLite peers have in common: a database as someone who knows SQLite would set it up
 * (WAL, synchronous=FULL, exclusive locking, one transaction for a batch), the run, its times.
 */
#ifndef TH_BENCH_SQLITE_RUN_H
#define TH_BENCH_SQLITE_RUN_H

#include "tests/bench/peer.h"

#include <sqlite3.h>

struct sqlite_run {
    struct peer_input input;
    sqlite3 *db;
    size_t batch;
    uint64_t accepted, duplicates, wrong;
    void (*take)(struct sqlite_run *run, size_t at); /* one report, within a transaction */
    void (*end_batch)(struct sqlite_run *run);       /* before its commit */
};

/* Arguments: FOLDER SET DIR BATCH [FRAMES [PRELOAD]]. Opens the reports and an empty database in
 * DIR. Ends the process when something is missing. */
void sqlite_run_open(int argc, char **argv, struct sqlite_run *ret_run);
/* The first PRELOAD frames before the clock starts; it stops when what is in the WAL has been moved
 * into the database, as each byte must be at some time. Prints one line of JSON. */
void sqlite_run(struct sqlite_run *run);
/* Statements have been finalized. */
void sqlite_run_close(struct sqlite_run *run);

void sqlite_must(const struct sqlite_run *run, int code, const char *what);
void sqlite_exec(const struct sqlite_run *run, const char *sql);
sqlite3_stmt *sqlite_prepare(const struct sqlite_run *run, const char *sql);
/* Of a statement that gives no row; it can be run again. */
void sqlite_step(const struct sqlite_run *run, sqlite3_stmt *statement);
void sqlite_reset(const struct sqlite_run *run, sqlite3_stmt *statement);

/* Parameters 1 and 2: obligation, unit. */
void sqlite_bind_key(sqlite3_stmt *statement, const struct bench_fact *fact);
/* Parameters 3 to 5. The digest is borrowed until the statement is reset. */
void sqlite_bind_revision(sqlite3_stmt *statement, uint32_t revision, uint64_t position,
                          const void *digest);
/* Whether a superseded revision has the digest. `find` gives it by obligation, unit, revision. */
bool sqlite_is_known(const struct sqlite_run *run, sqlite3_stmt *find,
                     const struct bench_fact *fact, const uint8_t *digest);

#endif
