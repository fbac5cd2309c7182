/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/env.h"

#include "aggregator/store/folder.h"
#include "aggregator/store/page_form.h"
#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int th_env_status(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return TH_E_NOT_FOUND;
    case MDB_KEYEXIST:
        return TH_E_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
        return TH_E_STORAGE;
    case MDB_READERS_FULL:
        return TH_E_BUSY;
    case MDB_VERSION_MISMATCH:
        return TH_E_VERSION;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_MAP_RESIZED: /* the file says that it is larger than any map: nobody made it so */
        return TH_E_CORRUPT;
    case ENOENT:
        return TH_E_NOT_FOUND;
    case ENOMEM:
        return TH_E_NO_MEMORY;
    default:
        /* A tree that is deeper than a tree can be; a transaction that has met such a page. */
        return rc == MDB_CURSOR_FULL || rc == MDB_BAD_TXN ? TH_E_CORRUPT : TH_E_IO;
    }
}

static struct th_bytes bytes_of(MDB_val value)
{
    return (struct th_bytes){value.mv_data, value.mv_size};
}

/* LMDB takes keys by pointers that are not const and does not write to them. */
static MDB_val key_val(const struct th_schema_key *key)
{
    return (MDB_val){key->size, (void *)(uintptr_t)key->bytes};
}

/* ---- the environment ---- */

static int open_database(struct th_env *env)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return rc;
    MDB_stat stat_of_pages;
    rc = mdb_dbi_open(txn, NULL, 0, &env->database);
    if (rc == 0)
        rc = mdb_stat(txn, env->database, &stat_of_pages);
    if (rc == 0)
        env->page_bytes = stat_of_pages.ms_psize;
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* A pipe in its place would hold LMDB up for ever. */
static bool is_something_else(const char *folder)
{
    char path[TH_STORE_PATH_MAX];
    struct stat about;
    return th_folder_path(folder, TH_STORE_DATA, path) == 0 && stat(path, &about) == 0 &&
           !S_ISREG(about.st_mode);
}

static int open_env(const char *folder, unsigned flags, size_t map_bytes, struct th_env *ret_env)
{
    struct th_env env = {.env = NULL};
    if (is_something_else(folder))
        return MDB_INVALID;
    int rc = mdb_env_create(&env.env);
    if (rc != 0)
        return rc;
    if (map_bytes != 0)
        rc = mdb_env_set_mapsize(env.env, map_bytes);
    if (rc == 0)
        rc = mdb_env_open(env.env, folder, flags, 0600);
    if (rc == 0)
        rc = open_database(&env);
    if (rc != 0) {
        mdb_env_close(env.env);
        return rc;
    }
    *ret_env = env;
    return 0;
}

/* Root may read the store of another user. LMDB would make lock.mdb, which a copy that was put back
 * does not have, root's own, and its user could not open the store any more. */
static void give_lock(const char *folder)
{
    struct stat found;
    if (geteuid() != 0 || stat(folder, &found) != 0 || found.st_uid == 0)
        return;
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = at < 0 ? -1 : openat(at, "lock.mdb", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && fchown(fd, found.st_uid, found.st_gid) != 0)
        (void)unlinkat(at, "lock.mdb", 0);
    if (fd >= 0)
        (void)close(fd);
    if (at >= 0)
        (void)close(at);
}

int th_env_open(const char *folder, bool write, size_t map_bytes, struct th_env *ret_env)
{
    give_lock(folder);
    int rc = open_env(folder, write ? MDB_NOTLS : MDB_NOTLS | MDB_RDONLY, map_bytes, ret_env);
    /* LMDB reads without lock.mdb on a file system that is read-only, but not in a folder where
     * this user alone may not write. */
    if (!write && (rc == EACCES || rc == EPERM))
        rc = open_env(folder, MDB_NOTLS | MDB_RDONLY | MDB_NOLOCK, map_bytes, ret_env);
    errno = rc > 0 ? rc : 0; /* LMDB's own are below */
    return th_env_status(rc);
}

void th_env_close(struct th_env *env)
{
    if (env->env != NULL)
        mdb_env_close(env->env);
    env->env = NULL;
}

int th_env_usage(const struct th_env *env, struct th_env_usage *ret_usage)
{
    MDB_envinfo info;
    MDB_stat stat_of_pages;
    struct stat file;
    int fd;
    if (mdb_env_info(env->env, &info) != 0 || mdb_env_stat(env->env, &stat_of_pages) != 0)
        return TH_E_IO;
    /* The file is looked at last: a writer makes it longer before its last page says so. */
    if (mdb_env_get_fd(env->env, &fd) != 0 || fstat(fd, &file) != 0)
        return TH_E_IO;
    *ret_usage = (struct th_env_usage){
        .map_bytes = info.me_mapsize,
        .used_bytes = ((uint64_t)info.me_last_pgno + 1) * stat_of_pages.ms_psize,
        .file_bytes = (uint64_t)file.st_size,
    };
    return 0;
}

int th_env_rows(const struct th_env *env, uint64_t *ret_rows)
{
    MDB_stat stat_of_pages;
    if (mdb_env_stat(env->env, &stat_of_pages) != 0)
        return TH_E_IO;
    *ret_rows = stat_of_pages.ms_entries;
    return 0;
}

int th_env_copy(const struct th_env *env, int fd)
{
    int rc = mdb_env_copyfd2(env->env, fd, MDB_CP_COMPACT);
    return rc == EFBIG ? TH_E_STORAGE : th_env_status(rc);
}

int th_env_free_bytes(const struct th_env *env, uint64_t *ret_bytes)
{
    enum { FREE_LIST = 0 }; /* its database; a row is a count and that many page numbers */
    struct th_txn txn = {.txn = NULL};
    MDB_cursor *cursor;
    MDB_stat stat_of_pages;
    MDB_val key, data;
    uint64_t pages = 0;
    int status = th_txn_begin(env, false, &txn);
    if (status != 0)
        return status;
    int rc = mdb_cursor_open(txn.txn, FREE_LIST, &cursor);
    if (rc != 0) {
        th_txn_abort(&txn);
        return th_env_status(rc);
    }
    while ((rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
        size_t count = 0;
        if (data.mv_size >= sizeof count)
            memcpy(&count, data.mv_data, sizeof count);
        pages += count;
    }
    mdb_cursor_close(cursor);
    th_txn_abort(&txn);
    if (rc != MDB_NOTFOUND || mdb_env_stat(env->env, &stat_of_pages) != 0)
        return TH_E_IO;
    *ret_bytes = pages * stat_of_pages.ms_psize;
    return 0;
}

void th_env_extend(const struct th_env *env)
{
    struct th_env_usage usage;
    int fd;
    if (th_env_usage(env, &usage) != 0 || usage.file_bytes >= usage.used_bytes)
        return;
    if (mdb_env_get_fd(env->env, &fd) == 0 && ftruncate(fd, (off_t)usage.used_bytes) == 0)
        (void)fsync(fd);
}

void th_env_check_readers(const struct th_env *env)
{
    int dead;
    (void)mdb_reader_check(env->env, &dead);
}

/* ---- transactions ---- */

void th_env_find_map(struct th_env *env, const struct th_txn *snapshot)
{
    env->map = th_tree_map(snapshot->txn, env->database, env->page_bytes);
}

/* Of a snapshot that has just been taken. While commits follow each other without a pause it may
 * stay unknown. Returns a result of LMDB. */
static int find_tree(struct th_txn *txn)
{
    enum { TRIES = 3 };
    for (int i = 0; i < TRIES; i++) {
        if (th_tree_of(txn->txn, txn->map, txn->page_bytes, &txn->tree))
            return 0;
        const uint64_t commit = mdb_txn_id(txn->txn);
        mdb_txn_reset(txn->txn);
        int rc = mdb_txn_renew(txn->txn);
        if (rc != 0 || mdb_txn_id(txn->txn) == commit)
            return rc;
    }
    txn->tree.map = NULL;
    return 0;
}

int th_txn_begin(const struct th_env *env, bool write, struct th_txn *ret_txn)
{
    struct th_txn txn = {.database = env->database, .page_bytes = write ? 0 : env->page_bytes};
    int rc = mdb_txn_begin(env->env, NULL, write ? 0 : MDB_RDONLY, &txn.txn);
    if (rc != 0)
        return th_env_status(rc);
    txn.map = write ? NULL : env->map;
    rc = find_tree(&txn);
    if (rc != 0) {
        th_txn_abort(&txn);
        return th_env_status(rc);
    }
    *ret_txn = txn;
    return 0;
}

void th_txn_abort(struct th_txn *txn)
{
    if (txn->txn != NULL)
        mdb_txn_abort(txn->txn);
    txn->txn = NULL;
}

int th_txn_commit(struct th_txn *txn, bool *ret_unknown)
{
    TH_ASSERT(txn->txn != NULL);
    if (txn->failed != 0) {
        th_txn_abort(txn);
        return txn->failed;
    }
    int rc = mdb_txn_commit(txn->txn);
    txn->txn = NULL;
    if (rc == 0)
        return 0;
    *ret_unknown = true;
    return TH_E_STORAGE;
}

void th_txn_reset(struct th_txn *txn)
{
    mdb_txn_reset(txn->txn);
}

int th_txn_renew(struct th_txn *txn)
{
    int rc = mdb_txn_renew(txn->txn);
    if (rc != 0)
        return th_env_status(rc);
    if (txn->map == NULL) /* the store was one page when it was opened */
        txn->map = th_tree_map(txn->txn, txn->database, txn->page_bytes);
    return th_env_status(find_tree(txn));
}

/* ---- writing ---- */

int th_txn_fail(struct th_txn *txn, int status)
{
    if (txn->failed == 0)
        txn->failed = status;
    return txn->failed;
}

/* One cursor for all of them stays where the last one went, instead of a search from the root. */
static int append(struct th_txn *txn, MDB_val *name, MDB_val *value, unsigned flags)
{
    int rc = txn->appending == NULL ? mdb_cursor_open(txn->txn, txn->database, &txn->appending) : 0;
    return rc == 0 ? mdb_cursor_put(txn->appending, name, value, flags) : rc;
}

int th_txn_reserve(struct th_txn *txn, const struct th_schema_key *key, enum th_put how,
                   size_t content_size, uint8_t **ret_content)
{
    static const unsigned flags[] = {
        [TH_PUT_REPLACE] = MDB_RESERVE,
        [TH_PUT_NEW] = MDB_RESERVE | MDB_NOOVERWRITE,
        [TH_PUT_APPEND] = MDB_RESERVE | MDB_APPEND,
    };
    MDB_val name = key_val(key);
    MDB_val value = {.mv_size = content_size + TH_SCHEMA_CHECKSUM_SIZE};
    TH_ASSERT(txn->txn != NULL);
    if (txn->failed != 0)
        return txn->failed;
    int rc = how == TH_PUT_APPEND ? append(txn, &name, &value, flags[how])
                                  : mdb_put(txn->txn, txn->database, &name, &value, flags[how]);
    if (rc == MDB_KEYEXIST && how == TH_PUT_APPEND)
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return th_txn_fail(txn, th_env_status(rc));
    *ret_content = (uint8_t *)value.mv_data + TH_SCHEMA_CHECKSUM_SIZE;
    return 0;
}

void th_txn_seal(const struct th_schema_key *key, uint8_t *content, size_t content_size)
{
    th_schema_seal((struct th_bytes){key->bytes, key->size}, content - TH_SCHEMA_CHECKSUM_SIZE,
                   content_size + TH_SCHEMA_CHECKSUM_SIZE);
}

int th_txn_put(struct th_txn *txn, const struct th_schema_key *key, enum th_put how,
               const void *content, size_t content_size)
{
    uint8_t *page = NULL;
    int status = th_txn_reserve(txn, key, how, content_size, &page);
    if (status != 0)
        return status;
    if (content_size > 0)
        memcpy(page, content, content_size);
    th_txn_seal(key, page, content_size);
    return 0;
}

int th_txn_delete(struct th_txn *txn, const struct th_schema_key *key)
{
    MDB_val name = key_val(key);
    if (txn->failed != 0)
        return txn->failed;
    int rc = mdb_del(txn->txn, txn->database, &name, NULL);
    if (rc == MDB_NOTFOUND)
        rc = MDB_CORRUPTED;
    return rc == 0 ? 0 : th_txn_fail(txn, th_env_status(rc));
}

/* ---- reading ---- */

int th_txn_get(const struct th_txn *txn, const struct th_schema_key *key,
               struct th_bytes *ret_content)
{
    MDB_val name = key_val(key);
    MDB_val value;
    int rc = mdb_get(txn->txn, txn->database, &name, &value);
    if (rc != 0)
        return th_env_status(rc);
    return th_schema_unseal((struct th_bytes){key->bytes, key->size}, bytes_of(value), ret_content);
}

static bool begins_with(MDB_val name, const uint8_t *prefix, size_t prefix_size)
{
    return name.mv_size >= prefix_size && memcmp(name.mv_data, prefix, prefix_size) == 0;
}

int th_txn_seek(const struct th_txn *txn, const struct th_schema_key *key, struct th_bytes *ret_key,
                struct th_bytes *ret_content)
{
    MDB_cursor *cursor;
    MDB_val name = key_val(key);
    MDB_val value;
    int rc = mdb_cursor_open(txn->txn, txn->database, &cursor);
    if (rc != 0)
        return th_env_status(rc);
    rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    if (rc == 0 && !begins_with(name, key->bytes, 1))
        rc = MDB_NOTFOUND;
    if (rc != 0)
        return th_env_status(rc);
    int status = th_schema_unseal(bytes_of(name), bytes_of(value), ret_content);
    if (status == 0)
        *ret_key = bytes_of(name);
    return status;
}

int th_txn_last(const struct th_txn *txn, enum th_table table, struct th_bytes *ret_key,
                struct th_bytes *ret_content)
{
    uint8_t prefix = (uint8_t)table;
    uint8_t next = (uint8_t)(table + 1);
    MDB_cursor *cursor;
    MDB_val name = {1, &next};
    MDB_val value;
    int rc = mdb_cursor_open(txn->txn, txn->database, &cursor);
    if (rc != 0)
        return th_env_status(rc);
    rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    if (rc == 0 || rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, &name, &value, rc == 0 ? MDB_PREV : MDB_LAST);
    mdb_cursor_close(cursor);
    if (rc == 0 && !begins_with(name, &prefix, 1))
        rc = MDB_NOTFOUND;
    if (rc != 0)
        return th_env_status(rc);
    int status = th_schema_unseal(bytes_of(name), bytes_of(value), ret_content);
    if (status == 0)
        *ret_key = bytes_of(name);
    return status;
}

int th_txn_seek_key(const struct th_txn *txn, const struct th_schema_key *key,
                    struct th_bytes *ret_key)
{
    MDB_cursor *cursor;
    MDB_val name = key_val(key);
    int rc = mdb_cursor_open(txn->txn, txn->database, &cursor);
    if (rc != 0)
        return th_env_status(rc);
    rc = mdb_cursor_get(cursor, &name, NULL, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    if (rc == 0 && !begins_with(name, key->bytes, 1))
        rc = MDB_NOTFOUND;
    if (rc != 0)
        return th_env_status(rc);
    *ret_key = bytes_of(name);
    return 0;
}

int th_txn_last_key(const struct th_txn *txn, enum th_table table, struct th_bytes *ret_key)
{
    uint8_t prefix = (uint8_t)table;
    uint8_t next = (uint8_t)(table + 1);
    MDB_cursor *cursor;
    MDB_val name = {1, &next};
    int rc = mdb_cursor_open(txn->txn, txn->database, &cursor);
    if (rc != 0)
        return th_env_status(rc);
    rc = mdb_cursor_get(cursor, &name, NULL, MDB_SET_RANGE);
    rc = mdb_cursor_get(cursor, &name, NULL, rc == 0 ? MDB_PREV : MDB_LAST);
    mdb_cursor_close(cursor);
    if (rc == 0 && !begins_with(name, &prefix, 1))
        rc = MDB_NOTFOUND;
    if (rc != 0)
        return th_env_status(rc);
    *ret_key = bytes_of(name);
    return 0;
}

/* ---- reading what may be damaged ---- */

/* Where the rows of a snapshot may be. */
struct extent {
    uint64_t page_bytes;
    uint64_t file_bytes;
};

static int extent_of(const struct th_txn *txn, struct extent *ret_extent)
{
    MDB_envinfo info;
    MDB_stat stat_of_pages;
    if (mdb_env_info(mdb_txn_env(txn->txn), &info) != 0 ||
        mdb_env_stat(mdb_txn_env(txn->txn), &stat_of_pages) != 0)
        return TH_E_IO;
    ret_extent->page_bytes = stat_of_pages.ms_psize;
    ret_extent->file_bytes = ((uint64_t)info.me_last_pgno + 1) * stat_of_pages.ms_psize;
    return 0;
}

/*
 * A value lies within one page, or begins behind the header of the first of several; the number of
 * that page is the header's first 8 bytes. LMDB hands on a length that is damaged, and reading to
 * its end would leave the file.
 */
static bool is_inside(const struct extent *extent, MDB_val value)
{
    uint64_t at = (uintptr_t)value.mv_data % extent->page_bytes;
    uint64_t page;
    if (value.mv_size <= extent->page_bytes - at)
        return true;
    if (at != TH_PAGE_HEADER_SIZE || value.mv_size > extent->file_bytes)
        return false;
    memcpy(&page, (const uint8_t *)value.mv_data - TH_PAGE_HEADER_SIZE, sizeof page);
    return page < extent->file_bytes / extent->page_bytes &&
           page * extent->page_bytes + TH_PAGE_HEADER_SIZE + value.mv_size <= extent->file_bytes;
}

static bool is_above(MDB_val name, const struct th_schema_key *before)
{
    size_t size = name.mv_size < before->size ? name.mv_size : before->size;
    int order = size == 0 ? 0 : memcmp(name.mv_data, before->bytes, size);
    return order > 0 || (order == 0 && name.mv_size > before->size);
}

/* To the first row after `after`. */
static int walk_begin(MDB_cursor *cursor, const struct th_schema_key *after, MDB_val *name,
                      MDB_val *value)
{
    if (after->size == 0)
        return mdb_cursor_get(cursor, name, value, MDB_FIRST);
    *name = key_val(after);
    int rc = mdb_cursor_get(cursor, name, value, MDB_SET_RANGE);
    if (rc == 0 && name->mv_size == after->size &&
        memcmp(name->mv_data, after->bytes, after->size) == 0)
        rc = mdb_cursor_get(cursor, name, value, MDB_NEXT);
    return rc;
}

int th_txn_walk(const struct th_txn *txn, const struct th_schema_key *after, size_t rows_max,
                th_txn_raw_fn *fn, void *context)
{
    struct th_schema_key before = *after;
    struct extent extent;
    MDB_cursor *cursor;
    MDB_val name, value;
    int status = extent_of(txn, &extent);
    if (status != 0)
        return status;
    int rc = mdb_cursor_open(txn->txn, txn->database, &cursor);
    if (rc != 0)
        return th_env_status(rc);
    rc = walk_begin(cursor, after, &name, &value);
    for (size_t rows = 0; rc == 0 && status == 0 && rows < rows_max; rows++) {
        if (name.mv_size == 0 || name.mv_size > sizeof before.bytes || !is_above(name, &before) ||
            !is_inside(&extent, value)) {
            rc = MDB_CORRUPTED;
            break;
        }
        memcpy(before.bytes, name.mv_data, name.mv_size);
        before.size = name.mv_size;
        status = fn(context, bytes_of(name), bytes_of(value));
        if (status == 0 && rows + 1 < rows_max)
            rc = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (status != 0)
        return status;
    if (rc == 0 || rc == MDB_NOTFOUND)
        return 0;
    /* Pages that lead in a circle, or a transaction that has met damage before, among others. */
    return rc == ENOMEM ? TH_E_NO_MEMORY : TH_E_CORRUPT;
}
