/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/store/schema.h"

#include "base/file.h"
#include "proto/tlog/hash.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE     4200
#define SENTINEL_SIZE ((size_t)TH_OUTBOX_IDENTITY_SIZE * 2 + 1) /* hex and a newline */

static const char meta_name[] = "outbox";

int th_outbox_status(int mdb_result)
{
    switch (mdb_result) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return TH_E_NOT_FOUND;
    case MDB_KEYEXIST:
        return TH_E_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return TH_E_STORAGE;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return TH_E_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return TH_E_VERSION;
    case ENOMEM:
        return TH_E_NO_MEMORY;
    case EACCES:
    case EPERM:
    case EROFS:
        return TH_E_FORBIDDEN;
    default:
        return TH_E_IO;
    }
}

int th_outbox_begin_read(struct th_outbox *outbox, MDB_txn **ret_txn)
{
    return th_outbox_status(mdb_txn_begin(outbox->env, NULL, MDB_RDONLY, ret_txn));
}

int th_outbox_begin_write(struct th_outbox *outbox, MDB_txn **ret_txn)
{
    return th_outbox_status(mdb_txn_begin(outbox->env, NULL, 0, ret_txn));
}

int th_outbox_finish(MDB_txn *txn, int status)
{
    if (status != 0) {
        mdb_txn_abort(txn);
        return status;
    }
    return th_outbox_status(mdb_txn_commit(txn));
}

struct th_outbox_key th_outbox_meta_key(void)
{
    struct th_outbox_key key = {.bytes = {TH_TABLE_META}, .size = sizeof meta_name};
    memcpy(key.bytes + 1, meta_name, sizeof meta_name - 1);
    return key;
}

/* ---- the identity: a row of the database and a file beside it ---- */

static int read_sentinel(const char *path, bool *ret_exists,
                         uint8_t ret_identity[TH_OUTBOX_IDENTITY_SIZE])
{
    char *text;
    size_t size;
    int status = th_file_read(path, 4096, &text, &size);
    if (status == TH_E_NOT_FOUND) {
        *ret_exists = false;
        return 0;
    }
    if (status != 0)
        return status == TH_E_LIMIT ? TH_E_CORRUPT : status;
    size_t decoded = 0;
    const char *end = NULL;
    bool is_good = size == SENTINEL_SIZE && text[size - 1] == '\n' &&
                   sodium_hex2bin(ret_identity, TH_OUTBOX_IDENTITY_SIZE, text, size - 1, NULL,
                                  &decoded, &end) == 0 &&
                   decoded == TH_OUTBOX_IDENTITY_SIZE;
    free(text);
    *ret_exists = true;
    return is_good ? 0 : TH_E_CORRUPT;
}

static int write_sentinel(const char *path, const uint8_t identity[TH_OUTBOX_IDENTITY_SIZE])
{
    char text[SENTINEL_SIZE + 1];
    sodium_bin2hex(text, sizeof text, identity, TH_OUTBOX_IDENTITY_SIZE);
    text[SENTINEL_SIZE - 1] = '\n';
    return th_file_write(path, 0600, text, SENTINEL_SIZE);
}

static int read_meta(struct th_outbox *outbox)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    struct th_bytes value;
    status = th_outbox_status(mdb_dbi_open(txn, NULL, 0, &outbox->dbi));
    if (status == 0)
        status = th_outbox_look(outbox, txn, th_outbox_meta_key(), &value);
    if (status == 0 && (value.size < 1 || value.bytes[0] < TH_OUTBOX_FORMAT ||
                        value.bytes[0] > TH_OUTBOX_FORMAT_BUNDLE))
        status = TH_E_VERSION;
    else if (status == 0 && value.size != 1 + TH_OUTBOX_IDENTITY_SIZE)
        status = TH_E_CORRUPT;
    if (status == 0) {
        outbox->format = value.bytes[0];
        memcpy(outbox->identity, value.bytes + 1, TH_OUTBOX_IDENTITY_SIZE);
    }
    mdb_txn_abort(txn);
    return status;
}

static int write_meta(struct th_outbox *outbox)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    uint8_t value[1 + TH_OUTBOX_IDENTITY_SIZE] = {TH_OUTBOX_FORMAT};
    randombytes_buf(value + 1, TH_OUTBOX_IDENTITY_SIZE);
    status = th_outbox_finish(txn, th_outbox_put(outbox, txn, th_outbox_meta_key(),
                                                 (struct th_bytes){value, sizeof value},
                                                 MDB_NOOVERWRITE));
    if (status == 0) {
        outbox->format = TH_OUTBOX_FORMAT;
        memcpy(outbox->identity, value + 1, TH_OUTBOX_IDENTITY_SIZE);
    }
    return status;
}

/* LMDB would map a file that lost its end and die of SIGBUS on the first read. */
static int check_size(struct th_outbox *outbox, const char *data_path)
{
    MDB_envinfo info;
    MDB_stat stat_info;
    struct stat file;
    int result = mdb_env_info(outbox->env, &info);
    if (result == 0)
        result = mdb_env_stat(outbox->env, &stat_info);
    if (result != 0)
        return th_outbox_status(result);
    if (stat(data_path, &file) != 0)
        return TH_E_IO;
    uint64_t needed = ((uint64_t)info.me_last_pgno + 1) * stat_info.ms_psize;
    return (uint64_t)file.st_size < needed ? TH_E_CORRUPT : 0;
}

static int open_environment(struct th_outbox *outbox, const char *folder, size_t map_bytes,
                            unsigned flags)
{
    int result = mdb_env_create(&outbox->env);
    if (result == 0)
        result = mdb_env_set_mapsize(outbox->env, map_bytes);
    if (result == 0)
        result = mdb_env_open(outbox->env, folder, MDB_NOTLS | flags, 0600);
    if (result == 0)
        return 0;
    if (outbox->env != NULL)
        mdb_env_close(outbox->env);
    outbox->env = NULL;
    return result;
}

/* A disk that is read only, as one with a copy that is kept: nobody writes there, so LMDB takes no
 * lock. A folder that this account alone may not write gets no such favour, since others may. */
static int open_as_it_can(struct th_outbox *outbox, const char *folder, size_t map_bytes)
{
    int result = open_environment(outbox, folder, map_bytes, 0);
    outbox->is_read_only = result == EROFS;
    if (result == EROFS)
        result = open_environment(outbox, folder, map_bytes, MDB_RDONLY);
    return result == ENOENT ? TH_E_NOT_FOUND : th_outbox_status(result);
}

static int open_in(struct th_outbox *outbox, const char *folder, size_t map_bytes)
{
    char sentinel_path[PATH_SIZE], data_path[PATH_SIZE];
    if (snprintf(sentinel_path, sizeof sentinel_path, "%s/OUTBOX_ID", folder) >= PATH_SIZE ||
        snprintf(data_path, sizeof data_path, "%s/data.mdb", folder) >= PATH_SIZE)
        return TH_E_LIMIT;
    bool has_sentinel;
    uint8_t expected[TH_OUTBOX_IDENTITY_SIZE];
    int status = read_sentinel(sentinel_path, &has_sentinel, expected);
    if (status != 0)
        return status;
    struct stat file;
    bool has_data = stat(data_path, &file) == 0 && file.st_size > 0;
    if (has_sentinel && !has_data)
        return TH_E_CORRUPT;
    status = open_as_it_can(outbox, folder, map_bytes);
    if (status != 0)
        return status;
    status = check_size(outbox, data_path);
    int dead;
    if (status == 0 && mdb_reader_check(outbox->env, &dead) != 0)
        status = TH_E_IO;
    if (status == 0)
        status = read_meta(outbox);
    if (status == TH_E_NOT_FOUND)
        status = has_sentinel ? TH_E_CORRUPT : write_meta(outbox);
    if (status != 0)
        return status;
    if (!has_sentinel)
        return outbox->is_read_only ? 0 : write_sentinel(sentinel_path, outbox->identity);
    return memcmp(expected, outbox->identity, sizeof expected) == 0 ? 0 : TH_E_CORRUPT;
}

int th_outbox_open(const char *folder, size_t map_bytes, struct th_outbox **ret_outbox)
{
    struct th_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL)
        return TH_E_NO_MEMORY;
    int status = open_in(outbox, folder, map_bytes == 0 ? TH_OUTBOX_MAP_BYTES : map_bytes);
    if (status != 0) {
        th_outbox_close(outbox);
        return status;
    }
    *ret_outbox = outbox;
    return 0;
}

void th_outbox_close(struct th_outbox *outbox)
{
    if (outbox == NULL)
        return;
    if (outbox->env != NULL)
        mdb_env_close(outbox->env);
    free(outbox);
}

uint64_t th_outbox_version(const struct th_outbox *outbox)
{
    MDB_envinfo info;
    return mdb_env_info(outbox->env, &info) == 0 ? info.me_last_txnid : 0;
}
