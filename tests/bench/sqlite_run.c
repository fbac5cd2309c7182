/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/sqlite_run.h"

#include "base/touch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRELOAD_BATCH = 4096, PAGE_BYTES = 8192, CACHE_PAGES = 32768 };

/* ---- statements ---- */

void sqlite_must(const struct sqlite_run *run, int code, const char *what)
{
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE)
        bench_die("%s: %s", what, sqlite3_errmsg(run->db));
}

void sqlite_exec(const struct sqlite_run *run, const char *sql)
{
    sqlite_must(run, sqlite3_exec(run->db, sql, NULL, NULL, NULL), sql);
}

sqlite3_stmt *sqlite_prepare(const struct sqlite_run *run, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    sqlite_must(run,
                sqlite3_prepare_v3(run->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL),
                sql);
    return statement;
}

void sqlite_reset(const struct sqlite_run *run, sqlite3_stmt *statement)
{
    sqlite_must(run, sqlite3_reset(statement), "reset");
}

void sqlite_step(const struct sqlite_run *run, sqlite3_stmt *statement)
{
    sqlite_must(run, sqlite3_step(statement), "step");
    sqlite_reset(run, statement);
}

void sqlite_bind_key(sqlite3_stmt *statement, const struct bench_fact *fact)
{
    (void)sqlite3_bind_int64(statement, 1, fact->obligation);
    (void)sqlite3_bind_int64(statement, 2, fact->unit);
}

void sqlite_bind_revision(sqlite3_stmt *statement, uint32_t revision, uint64_t position,
                          const void *digest)
{
    (void)sqlite3_bind_int64(statement, 3, revision);
    (void)sqlite3_bind_int64(statement, 4, (int64_t)position);
    (void)sqlite3_bind_blob(statement, 5, digest, TH_DIGEST_SIZE, SQLITE_STATIC);
}

bool sqlite_is_known(const struct sqlite_run *run, sqlite3_stmt *find,
                     const struct bench_fact *fact, const uint8_t *digest)
{
    sqlite_bind_key(find, fact);
    (void)sqlite3_bind_int64(find, 3, fact->revision);
    bool known = sqlite3_step(find) == SQLITE_ROW &&
                 memcmp(sqlite3_column_blob(find, 0), digest, TH_DIGEST_SIZE) == 0;
    sqlite_reset(run, find);
    return known;
}

/* ---- the run ---- */

/* All pages of the cache, touched beforehand; for the life of the process. */
static void make_cache(void)
{
    int head = 0;
    if (sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &head) != SQLITE_OK)
        bench_die("the cache's header");
    const size_t each = PAGE_BYTES + ((size_t)head + 7) / 8 * 8;
    void *pages = malloc(each * CACHE_PAGES);
    if (pages == NULL)
        bench_die("no memory for the cache");
    th_touch(pages, each * CACHE_PAGES);
    if (sqlite3_config(SQLITE_CONFIG_PAGECACHE, pages, (int)each, CACHE_PAGES) != SQLITE_OK)
        bench_die("the cache");
}

void sqlite_run_open(int argc, char **argv, struct sqlite_run *ret_run)
{
    char path[4096];
    *ret_run = (struct sqlite_run){.batch = peer_number(argc, argv, 4)};
    if (ret_run->batch == 0)
        bench_die("usage: %s FOLDER SET DIR BATCH [FRAMES [PRELOAD]]", argv[0]);
    peer_input_open(argv[1], argv[2], peer_number(argc, argv, 5), peer_number(argc, argv, 6),
                    &ret_run->input);
    make_cache();
    (void)snprintf(path, sizeof path, "%s/peer.db", argv[3]);
    sqlite_must(ret_run, sqlite3_open(path, &ret_run->db), path);
    sqlite_exec(ret_run, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-262144;"
                         "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;");
    int chunk = (int)BENCH_ROOM_BYTES; /* the database grows by so much */
    sqlite_must(ret_run, sqlite3_file_control(ret_run->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk),
                "growing in steps");
}

/* The frames from `from`, up to `to`. Returns how many commits that were, each one's time in
 * `commits`. */
static size_t feed(struct sqlite_run *run, size_t from, size_t to, size_t batch, int64_t *commits)
{
    size_t count = 0;
    for (size_t at = from; at < to; count++) {
        sqlite_exec(run, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < batch && at < to; i++, at++)
            run->take(run, at);
        run->end_batch(run);
        int64_t began = bench_now_ns();
        sqlite_exec(run, "COMMIT");
        commits[count] = bench_now_ns() - began;
    }
    return count;
}

struct usage {
    int64_t ns, cpu_ns;
    uint64_t written, accepted, duplicates;
};

static struct usage usage_of(const struct sqlite_run *run)
{
    return (struct usage){bench_now_ns(), bench_cpu_ns(), bench_written(), run->accepted,
                          run->duplicates};
}

static void report(const struct sqlite_run *run, const struct usage *before,
                   const struct usage *after, int64_t *commits, size_t commits_count)
{
    printf("{\"reports\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"accepted\": %" PRIu64
           ", \"duplicates\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"written\": %" PRIu64
           ", \"commit_p50_ms\": %.3f, \"commit_p99_ms\": %.3f}\n",
           peer_timed(&run->input), (double)(after->ns - before->ns) / 1e9,
           (double)(after->cpu_ns - before->cpu_ns) / 1e9, after->accepted - before->accepted,
           after->duplicates - before->duplicates, run->wrong, after->written - before->written,
           (double)bench_percentile(commits, commits_count, 50000) / 1e6,
           (double)bench_percentile(commits, commits_count, 99000) / 1e6);
}

/* The log is kept and written again from its beginning; the pages of both files are there. */
static void make_room(const struct sqlite_run *run)
{
    sqlite_exec(run, "PRAGMA wal_checkpoint(RESTART)");
    for (size_t i = 0; i < 2; i++) {
        const char *path = i == 0 ? sqlite3_db_filename(run->db, "main")
                                  : sqlite3_filename_wal(sqlite3_db_filename(run->db, "main"));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            bench_die("%s: %s", path, strerror(errno));
        bench_make_room(fd, 0);
        (void)close(fd); /* with it SQLite's lock, which nobody else wants */
    }
}

void sqlite_run(struct sqlite_run *run)
{
    size_t preload = run->input.preload, all = run->input.workload.frames_count;
    int64_t *commits = calloc(all, sizeof *commits);
    if (commits == NULL)
        bench_die("no memory");
    (void)feed(run, 0, preload, PRELOAD_BATCH, commits);
    make_room(run);
    struct usage before = usage_of(run);
    size_t count = feed(run, preload, all, run->batch, commits);
    sqlite_exec(run, "PRAGMA wal_checkpoint(PASSIVE)");
    struct usage after = usage_of(run);
    report(run, &before, &after, commits, count);
    free(commits);
}

void sqlite_run_close(struct sqlite_run *run)
{
    (void)sqlite3_close(run->db);
    peer_input_close(&run->input);
}
