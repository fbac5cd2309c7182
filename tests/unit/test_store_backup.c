/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/backup.h"

#include "aggregator/store/inspect.h"
#include "aggregator/store/internal.h"
#include "base/file.h"
#include "tests/support/damage.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES = 256 + 44 };

/* A store, and a folder of its own where backups go. */
struct vault {
    struct store_fixture fixture;
    char shelf[64];
    char target[96];
};

static void make(struct vault *vault, unsigned entries)
{
    store_fixture_init(&vault->fixture, 256 << 20);
    snprintf(vault->shelf, sizeof vault->shelf, "/tmp/tonghop-shelf-XXXXXX");
    cr_assert_not_null(mkdtemp(vault->shelf));
    snprintf(vault->target, sizeof vault->target, "%s/bản 1", vault->shelf);
    struct th_store *store = store_fixture_open(&vault->fixture, TH_STORE_WRITE);
    damage_fill(&vault->fixture, store, entries - 2);
    damage_fill(&vault->fixture, store, 2);
    th_store_close(store);
}

static void remove_all(const char *path)
{
    char inner[512];
    struct dirent *item;
    DIR *folder = opendir(path);
    while (folder != NULL && (item = readdir(folder)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, item->d_name);
        if (unlink(inner) != 0)
            remove_all(inner);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

static void end(struct vault *vault)
{
    store_fixture_deinit(&vault->fixture);
    remove_all(vault->shelf);
}

/* How many names a folder has. */
static unsigned count(const char *path)
{
    DIR *folder = opendir(path);
    unsigned names = 0;
    cr_assert_not_null(folder);
    while (readdir(folder) != NULL)
        names++;
    closedir(folder);
    return names - 2;
}

static int back_up(struct vault *vault, struct th_backup_result *ret_result)
{
    static char problem[TH_STORE_PROBLEM_SIZE];
    return th_store_backup(vault->fixture.folder, vault->target, NULL, 0, NULL, NULL, problem,
                           ret_result);
}

/* Opens the backup and looks at everything in it. Gives its size. */
static uint64_t assert_whole(const char *folder, const struct th_digest *root)
{
    struct th_store *store;
    struct th_view *view;
    struct th_digest found;
    const char *what = NULL;
    cr_assert_eq(th_store_open(folder, TH_STORE_READ, NULL, NULL, &store), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    uint64_t size = th_view_size(view);
    for (uint64_t i = 0; i < size; i++) {
        struct th_row row;
        cr_assert_eq(th_view_check_position(view, i, &what), 0);
        cr_assert_eq(th_view_row(view, damage_book, (uint32_t)i, 0, &row), 0);
    }
    cr_assert_eq(th_view_root(view, size, &found), 0);
    if (root != NULL)
        cr_assert(th_tlog_digest_equal(&found, root));
    th_view_close(view);
    th_store_close(store);
    return size;
}

Test(store_backup, a_backup_is_whole_and_private)
{
    struct vault vault;
    struct th_backup_result result;
    struct stat found;
    char path[256];
    make(&vault, ENTRIES);
    cr_assert_eq(back_up(&vault, &result), 0);
    cr_assert_eq(result.size, ENTRIES);
    cr_assert_eq(count(vault.shelf), 1);
    cr_assert_eq(count(vault.target), 2); /* data.mdb, STORE_ID */
    cr_assert_eq(stat(vault.target, &found), 0);
    cr_assert_eq(found.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/data.mdb", vault.target);
    cr_assert_eq(stat(path, &found), 0);
    cr_assert_eq(found.st_mode & 0777, 0600);
    cr_assert_eq((uint64_t)found.st_size, result.bytes);
    cr_assert_eq(assert_whole(vault.target, &result.root), ENTRIES);
    end(&vault);
}

Test(store_backup, the_state_of_a_backup_is_that_of_the_store)
{
    struct vault vault;
    struct th_backup_result result;
    struct th_digest states[2];
    make(&vault, ENTRIES);
    cr_assert_eq(back_up(&vault, &result), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct th_store *store;
        struct th_view *view;
        cr_assert_eq(th_store_open(i == 0 ? vault.fixture.folder : vault.target, TH_STORE_READ,
                                   NULL, NULL, &store),
                     0);
        cr_assert_eq(th_view_open(store, &view), 0);
        cr_assert_eq(th_view_state_digest(view, &states[i]), 0);
        th_view_close(view);
        th_store_close(store);
    }
    cr_assert(th_tlog_digest_equal(&states[0], &states[1]));
    end(&vault);
}

Test(store_backup, a_backup_is_not_written_to)
{
    struct vault vault;
    struct th_backup_result result;
    struct th_store *store;
    make(&vault, 8);
    cr_assert_eq(back_up(&vault, &result), 0);
    cr_assert_eq(th_store_open(vault.target, TH_STORE_WRITE, NULL, NULL, &store), TH_E_CORRUPT);
    end(&vault);
}

Test(store_backup, further_files_come_along_when_they_are_there)
{
    static const char *const extras[] = {"config.yaml", "log-keys.yaml"};
    static const char *const wrong[] = {"secrets/log.key"};
    struct vault vault;
    struct th_backup_result result;
    char path[256];
    char *text;
    size_t size;
    make(&vault, 8);
    cr_assert_eq(
        th_file_write(store_fixture_path(&vault.fixture, "config.yaml"), 0644, "a: 1\n", 5), 0);
    cr_assert_eq(
        th_store_backup(vault.fixture.folder, vault.target, wrong, 1, NULL, NULL, NULL, &result),
        TH_E_INVALID);
    cr_assert_eq(count(vault.shelf), 0);
    cr_assert_eq(
        th_store_backup(vault.fixture.folder, vault.target, extras, 2, NULL, NULL, NULL, &result),
        0);
    cr_assert_eq(count(vault.target), 3);
    snprintf(path, sizeof path, "%s/config.yaml", vault.target);
    cr_assert_eq(th_file_read(path, 100, &text, &size), 0);
    cr_assert_str_eq(text, "a: 1\n");
    free(text);
    end(&vault);
}

Test(store_backup, a_target_that_is_there_stays_as_it_is)
{
    struct vault vault;
    struct th_backup_result result = {.size = 99};
    char problem[TH_STORE_PROBLEM_SIZE];
    make(&vault, 8);
    cr_assert_eq(mkdir(vault.target, 0700), 0);
    cr_assert_eq(
        th_store_backup(vault.fixture.folder, vault.target, NULL, 0, NULL, NULL, problem, &result),
        TH_E_EXISTS);
    cr_assert_not_null(strstr(problem, vault.target));
    cr_assert_eq(count(vault.target), 0);
    cr_assert_eq(count(vault.shelf), 1);
    cr_assert_eq(result.size, 99);
    end(&vault);
}

Test(store_backup, slashes_behind_the_target_do_not_matter)
{
    struct vault vault;
    struct th_backup_result result;
    make(&vault, 8);
    char target[128];
    snprintf(target, sizeof target, "%s//", vault.target);
    cr_assert_eq(th_store_backup(vault.fixture.folder, target, NULL, 0, NULL, NULL, NULL, &result),
                 0);
    cr_assert_eq(assert_whole(vault.target, &result.root), 8);
    end(&vault);
}

Test(store_backup, without_a_store_or_a_shelf_there_is_none)
{
    struct vault vault;
    struct th_backup_result result;
    char problem[TH_STORE_PROBLEM_SIZE];
    make(&vault, 8);
    cr_assert_eq(th_store_backup(vault.shelf, vault.target, NULL, 0, NULL, NULL, problem, &result),
                 TH_E_NOT_FOUND);
    cr_assert_eq(count(vault.shelf), 0);
    cr_assert_eq(th_store_backup(vault.fixture.folder, "/tmp/no such shelf/x", NULL, 0, NULL, NULL,
                                 problem, &result),
                 TH_E_IO);
    cr_assert_neq(problem[0], '\0');
    end(&vault);
}

/* ---- a damaged store ---- */

static void assert_no_backup(struct vault *vault, const char *word)
{
    struct th_backup_result result;
    char problem[TH_STORE_PROBLEM_SIZE];
    cr_assert_eq(th_store_backup(vault->fixture.folder, vault->target, NULL, 0, NULL, NULL, problem,
                                 &result),
                 TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, word), "%s", problem);
    cr_assert_eq(count(vault->shelf), 0);
    end(vault);
}

Test(store_backup, a_flipped_bit_in_an_old_entry_makes_none)
{
    struct vault vault;
    struct th_bytes content;
    struct th_view *view;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 5);
    make(&vault, ENTRIES);
    struct th_store *store = store_fixture_open(&vault.fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_txn_get(&view->txn, &key, &content), 0);
    damage_flip(&vault.fixture, damage_offset(&vault.fixture, content.bytes), 1);
    th_view_close(view);
    th_store_close(store);
    assert_no_backup(&vault, "bản ghi 5");
}

Test(store_backup, a_gap_in_the_journal_makes_none)
{
    struct vault vault;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 5);
    make(&vault, ENTRIES);
    damage_remove(&vault.fixture, &key);
    assert_no_backup(&vault, "bản ghi 5");
}

/* Entry, leaf, tile and the tile above agree again; only the signature knows better. */
Test(store_backup, an_entry_that_was_changed_with_all_that_hangs_on_it_makes_none)
{
    struct vault vault;
    struct th_tile tile;
    struct th_digest digest, hash;
    struct th_bytes content, entry, leaf;
    struct th_view *view;
    uint8_t bytes[4096];
    uint8_t row[TH_TILE_WIDTH * TH_DIGEST_SIZE];
    struct th_schema_key entry_key = th_schema_key_log(TH_TABLE_JOURNAL, 5);
    struct th_schema_key tile_key = th_schema_key_tile(0, 0);
    struct th_schema_key above_key = th_schema_key_tile(1, 0);
    make(&vault, ENTRIES);
    struct th_store *store = store_fixture_open(&vault.fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_txn_get(&view->txn, &entry_key, &content), 0);
    memcpy(bytes, content.bytes, content.size);
    bytes[content.size - 1] ^= 1;
    content.bytes = bytes;
    cr_assert_eq(th_schema_journal_split(content, &entry, &leaf), 0);
    cr_assert_eq(th_txn_get(&view->txn, &tile_key, &content), 0);
    memcpy(row, content.bytes, sizeof row);
    th_view_close(view);
    th_store_close(store);

    cr_assert_eq(th_schema_entry_hash(entry, &digest), 0);
    leaf = damage_leaf(5, &digest);
    th_tlog_hash_leaf(leaf.bytes, leaf.size, &hash);
    memcpy(row + (size_t)5 * TH_DIGEST_SIZE, hash.bytes, sizeof hash);
    th_tile_reset(&tile, 0, 0);
    for (size_t i = 0; i < TH_TILE_WIDTH; i++) {
        memcpy(hash.bytes, row + i * TH_DIGEST_SIZE, sizeof hash);
        th_tile_add(&tile, &hash);
    }
    hash = *th_tile_node(&tile, TH_TILE_HEIGHT, 0);
    damage_replace(&vault.fixture, &entry_key, damage_journal(entry, leaf));
    damage_replace(&vault.fixture, &tile_key, (struct th_bytes){row, sizeof row});
    damage_replace(&vault.fixture, &above_key, (struct th_bytes){hash.bytes, sizeof hash});
    assert_no_backup(&vault, "checkpoint");
}

/* The tile above is the one that was signed, so opening sees nothing; the leaves say otherwise. */
Test(store_backup, leaves_that_do_not_make_the_signed_tree_make_none)
{
    struct vault vault;
    struct th_backup_result result;
    struct th_store_report report;
    char problem[TH_STORE_PROBLEM_SIZE];
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 5);
    struct th_digest digest = {{1}};
    struct th_bytes content, entry, leaf;
    struct th_view *view;
    make(&vault, ENTRIES);
    struct th_store *store = store_fixture_open(&vault.fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_txn_get(&view->txn, &key, &content), 0);
    cr_assert_eq(th_schema_journal_split(content, &entry, &leaf), 0);
    content = damage_journal(entry, damage_leaf(5, &digest));
    th_view_close(view);
    th_store_close(store);
    damage_replace(&vault.fixture, &key, content);
    report = (struct th_store_report){vault.fixture.folder, problem};
    cr_assert_eq(th_backup_check(&report, vault.fixture.folder, NULL, NULL, &result), TH_E_CORRUPT);
    assert_no_backup(&vault, "bản ghi 5");
}

/* ---- what ends it early ---- */

static int stop_at(void *context, const char *phase, uint64_t done, uint64_t total)
{
    const char *wanted = context;
    (void)done;
    (void)total;
    return strcmp(phase, wanted) == 0 ? TH_E_TIMEOUT : 0;
}

Test(store_backup, progress_is_told_and_stops_in_every_phase)
{
    static const char *const phases[] = {"chép", "kiểm tra", "tính lại cây băm"};
    struct vault vault;
    struct th_backup_result result;
    make(&vault, ENTRIES);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(th_store_backup(vault.fixture.folder, vault.target, NULL, 0, stop_at,
                                     (void *)(uintptr_t)phases[i], NULL, &result),
                     TH_E_TIMEOUT);
        cr_assert_eq(count(vault.shelf), 0);
    }
    cr_assert_eq(th_store_backup(vault.fixture.folder, vault.target, NULL, 0, stop_at,
                                 (void *)(uintptr_t) "?", NULL, &result),
                 0);
    end(&vault);
}

Test(store_backup, a_full_disk_leaves_nothing)
{
    struct vault vault;
    struct th_backup_result result;
    int ended;
    make(&vault, ENTRIES);
    cr_assert_eq(back_up(&vault, &result), 0);
    remove_all(vault.target);
    for (rlim_t bytes = 0; bytes < result.bytes; bytes += 16384 + 512) {
        pid_t child = fork();
        if (child == 0) {
            struct rlimit limit = {bytes, bytes};
            signal(SIGXFSZ, SIG_IGN);
            if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
                _exit(100);
            _exit(-back_up(&vault, &result));
        }
        cr_assert_eq(waitpid(child, &ended, 0), child);
        cr_assert(WIFEXITED(ended));
        /* With no room at all already the lock file of LMDB cannot be made longer. */
        cr_assert(WEXITSTATUS(ended) == -TH_E_STORAGE || (bytes < 16384 && WEXITSTATUS(ended) != 0),
                  "%llu: %d", (unsigned long long)bytes, WEXITSTATUS(ended));
        cr_assert_eq(count(vault.shelf), 0);
    }
    cr_assert_eq(back_up(&vault, &result), 0);
    end(&vault);
}

/* How long a backup takes on a machine that may be busy with something else for a while. */
static int64_t fastest_us(struct vault *vault, struct th_backup_result *ret_result)
{
    int64_t fastest = INT64_MAX;
    for (unsigned i = 0; i < 3; i++) {
        struct timespec times[2];
        clock_gettime(CLOCK_MONOTONIC, &times[0]);
        cr_assert_eq(back_up(vault, ret_result), 0);
        clock_gettime(CLOCK_MONOTONIC, &times[1]);
        remove_all(vault->target);
        int64_t took = (times[1].tv_sec - times[0].tv_sec) * 1000000 +
                       (times[1].tv_nsec - times[0].tv_nsec) / 1000;
        fastest = took < fastest ? took : fastest;
    }
    return fastest;
}

Test(store_backup, kill_9_at_any_moment_leaves_no_half_backup, .timeout = 110)
{
    enum { ROUNDS = 60 };
    struct vault vault;
    struct th_backup_result result;
    uint32_t state = 5;
    unsigned whole = 0;
    unsigned parts = 0;
    int ended;
    make(&vault, 3000);
    int64_t took_us = fastest_us(&vault, &result);
    for (unsigned round = 0; round < ROUNDS; round++) {
        long wait_us = (long)store_fixture_random(&state, (uint32_t)(took_us * 5 / 4));
        pid_t child = fork();
        if (child == 0)
            _exit(-back_up(&vault, &result));
        nanosleep(&(struct timespec){wait_us / 1000000, wait_us % 1000000 * 1000}, NULL);
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, &ended, 0), child);
        if (access(vault.target, F_OK) == 0) {
            cr_assert_eq(assert_whole(vault.target, &result.root), 3000);
            remove_all(vault.target);
            whole++;
        }
        /* The one before went; at most this one's is left. */
        cr_assert_leq(count(vault.shelf), 1);
        parts += count(vault.shelf);
    }
    cr_assert_gt(parts, ROUNDS / 4);
    cr_log_info("%u whole, %u parts of %u", whole, parts, ROUNDS);
    cr_assert_eq(back_up(&vault, &result), 0);
    cr_assert_eq(count(vault.shelf), 1);
    end(&vault);
}

Test(store_backup, parts_of_others_stay)
{
    struct vault vault;
    struct th_backup_result result;
    char path[256];
    make(&vault, 8);
    snprintf(path, sizeof path, "%s.part-1", vault.target); /* init lives */
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s.part-x", vault.target);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/other.part-999999", vault.shelf);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(back_up(&vault, &result), 0);
    cr_assert_eq(count(vault.shelf), 4);
    end(&vault);
}

Test(store_backup, a_part_of_a_backup_that_is_named_like_a_part_is_cleared_away)
{
    struct vault vault;
    struct th_backup_result result;
    char path[300];
    make(&vault, 8);
    (void)strncat(vault.target, ".part-1", sizeof vault.target - strlen(vault.target) - 1);
    snprintf(path, sizeof path, "%s.part-999999999", vault.target); /* no such process */
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(back_up(&vault, &result), 0);
    cr_assert_eq(count(vault.shelf), 1);
    end(&vault);
}

/* ---- while somebody writes ---- */

static void write_for_ever(struct vault *vault)
{
    struct th_store *store;
    uint32_t state = 3;
    if (th_store_open(vault->fixture.folder, TH_STORE_WRITE, &vault->fixture.options, NULL,
                      &store) != 0)
        _exit(2);
    for (;;)
        if (th_store_begin(store) != 0 ||
            damage_append(store, 1 + store_fixture_random(&state, 20)) != 0 ||
            th_store_commit(store, &vault->fixture.signer) != 0)
            _exit(3);
}

Test(store_backup, a_backup_while_it_is_written_to_is_a_signed_state, .timeout = 110)
{
    enum { ROUNDS = 12 };
    struct vault vault;
    struct th_backup_result results[ROUNDS];
    int ended;
    make(&vault, ENTRIES);
    pid_t writer = fork();
    if (writer == 0)
        write_for_ever(&vault);
    for (unsigned i = 0; i < ROUNDS; i++) {
        cr_assert_eq(back_up(&vault, &results[i]), 0);
        cr_assert_eq(assert_whole(vault.target, &results[i].root), results[i].size);
        remove_all(vault.target);
    }
    kill(writer, SIGKILL);
    waitpid(writer, &ended, 0);
    cr_assert(WIFSIGNALED(ended), "the writer ended by itself: %d", WEXITSTATUS(ended));
    cr_assert_gt(results[ROUNDS - 1].size, results[0].size);
    struct th_store *store = store_fixture_open(&vault.fixture, TH_STORE_READ);
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct th_checkpoint checkpoint;
        struct th_bytes note;
        uint64_t size;
        cr_assert_eq(th_view_checkpoint(view, results[i].size, &size, &note), 0);
        cr_assert_eq(size, results[i].size);
        cr_assert_eq(th_log_keys_verify(th_store_log_keys(store), (const char *)note.bytes,
                                        note.size, &checkpoint),
                     0);
        cr_assert(th_tlog_digest_equal(&checkpoint.root, &results[i].root));
    }
    th_view_close(view);
    th_store_close(store);
    end(&vault);
}
