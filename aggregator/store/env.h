/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin layer over LMDB: one environment, its one unnamed database, transactions.
 *
 * Every value that goes in gets its checksum (schema.h) and every value that comes out has been
 * checked against it. A write transaction remembers its first failure: later writes do nothing,
 * and committing gives that failure. Statuses:
 *
 *   TH_E_STORAGE    the map is full, the disk is full, or a commit failed
 *   TH_E_BUSY       all slots of readers are taken
 *   TH_E_CORRUPT    no LMDB file, a damaged one, one that says that it is larger than any map (all
 *                   of a store have the same size), or a wrong checksum
 *   TH_E_NOT_FOUND  no such folder or file
 *   TH_E_VERSION    written by another version of LMDB
 *   TH_E_IO, TH_E_NO_MEMORY
 *
 * An environment may be shared by threads; a transaction belongs to one at a time. LMDB opens its
 * file without O_CLOEXEC: a process with an open environment must not exec another program.
 */
#ifndef TH_STORE_ENV_H
#define TH_STORE_ENV_H

#include "aggregator/store/leaf_walk.h"
#include "aggregator/store/schema.h"

#include <lmdb.h>

/* Of a result of LMDB. */
int th_env_status(int rc);

struct th_env {
    MDB_env *env;
    MDB_dbi database;
    size_t page_bytes;
    const uint8_t *map; /* of the file; NULL: not known */
};

/*
 * For writing: makes data.mdb and lock.mdb (mode 0600) when they are not there, with a map of
 * `map_bytes`. For reading: data.mdb must be there; 0 takes the map that the file was made with.
 * Where lock.mdb can be neither opened nor made (a copy that is read-only, a CD), reading does
 * without it: then nobody may write there. A failure leaves its cause in errno; 0: LMDB's own.
 */
TH_MUST_CHECK int th_env_open(const char *folder, bool write, size_t map_bytes,
                              struct th_env *ret_env);
void th_env_close(struct th_env *env);

struct th_txn;
struct th_env_usage {
    uint64_t map_bytes;
    uint64_t used_bytes; /* up to the last page, pages that are free again included */
    uint64_t file_bytes;
};
TH_MUST_CHECK int th_env_usage(const struct th_env *env, struct th_env_usage *ret_usage);
TH_MUST_CHECK int th_env_rows(const struct th_env *env, uint64_t *ret_rows);
/* A compact copy of one snapshot into an open, empty file, also while another process writes.
 * Blocks until it is done; the caller flushes the file. */
TH_MUST_CHECK int th_env_copy(const struct th_env *env, int fd);
/* For snapshots that are taken from now on: their scans go by pages (leaf_walk.h). Precondition:
 * the file has all its pages. */
void th_env_find_map(struct th_env *env, const struct th_txn *snapshot);
/* Bytes of free pages inside the used ones. Walks the free list: not for every batch. */
TH_MUST_CHECK int th_env_free_bytes(const struct th_env *env, uint64_t *ret_bytes);
/*
 * Makes the file as long as its last page says, if it can. LMDB may take pages at the end and give
 * them back in the same transaction without writing them (aggregator/store/tail.h).
 */
void th_env_extend(const struct th_env *env);
void th_env_check_readers(const struct th_env *env);

struct th_txn {
    MDB_txn *txn; /* NULL: none */
    MDB_dbi database;
    size_t page_bytes;  /* of a snapshot; 0: it writes */
    const uint8_t *map; /* of a snapshot: of the file; NULL: not known */
    struct th_tree tree;
    MDB_cursor *appending; /* at the last key, once something was appended; ends with the rest */
    int failed;            /* the first failure of a write */
};

TH_MUST_CHECK int th_txn_begin(const struct th_env *env, bool write, struct th_txn *ret_txn);
void th_txn_abort(struct th_txn *txn);
/* Ends the transaction in any case. A failure after an earlier one changes nothing; a failure of
 * the commit itself is TH_E_STORAGE, sets `ret_unknown`, and the outcome is unknown. */
TH_MUST_CHECK int th_txn_commit(struct th_txn *txn, bool *ret_unknown);
/* Of a read transaction: gives the snapshot back, keeps the slot. A new one, when its file is known
 * to have all its pages. */
void th_txn_reset(struct th_txn *txn);
TH_MUST_CHECK int th_txn_renew(struct th_txn *txn);

/* Makes the transaction fail. Returns its first failure. */
int th_txn_fail(struct th_txn *txn, int status);

enum th_put {
    TH_PUT_REPLACE,
    TH_PUT_NEW,   /* TH_E_EXISTS when the key is there */
    TH_PUT_APPEND /* TH_E_CORRUPT when the key is not above every key */
};

/* Room for the content inside the database page: fill all of it and seal, before the next put. */
TH_MUST_CHECK int th_txn_reserve(struct th_txn *txn, const struct th_schema_key *key,
                                 enum th_put how, size_t content_size, uint8_t **ret_content);
void th_txn_seal(const struct th_schema_key *key, uint8_t *content, size_t content_size);
/* Both, with a copy. */
TH_MUST_CHECK int th_txn_put(struct th_txn *txn, const struct th_schema_key *key, enum th_put how,
                             const void *content, size_t content_size);

/* TH_E_CORRUPT: it is not there. */
TH_MUST_CHECK int th_txn_delete(struct th_txn *txn, const struct th_schema_key *key);

/* All that reads give borrows the snapshot's pages. TH_E_NOT_FOUND. */
TH_MUST_CHECK int th_txn_get(const struct th_txn *txn, const struct th_schema_key *key,
                             struct th_bytes *ret_content);
/* The first row at or after the key, in the key's table. */
TH_MUST_CHECK int th_txn_seek(const struct th_txn *txn, const struct th_schema_key *key,
                              struct th_bytes *ret_key, struct th_bytes *ret_content);
/* The last row of a table. */
TH_MUST_CHECK int th_txn_last(const struct th_txn *txn, enum th_table table,
                              struct th_bytes *ret_key, struct th_bytes *ret_content);

/* Likewise the key alone, whatever the value is; of the table's last row. */
TH_MUST_CHECK int th_txn_seek_key(const struct th_txn *txn, const struct th_schema_key *key,
                                  struct th_bytes *ret_key);
TH_MUST_CHECK int th_txn_last_key(const struct th_txn *txn, enum th_table table,
                                  struct th_bytes *ret_key);

typedef int th_txn_fn(void *context, struct th_bytes key, struct th_bytes content);
/* Every row from `from` on whose key begins with `prefix` (also a prefix of `from`), in order.
 * A non-zero result of `fn` ends the scan and is handed on. */
TH_MUST_CHECK int th_txn_scan(const struct th_txn *txn, const struct th_schema_key *prefix,
                              const struct th_schema_key *from, th_txn_fn *fn, void *context);

/* Likewise several rows at once, TH_TXN_ROWS_MAX at most. A few behind the key `to` may be given;
 * size 0: up to the last one of the prefix. */
enum { TH_TXN_ROWS_MAX = TH_SCHEMA_FEW };
typedef int th_txn_rows_fn(void *context, const struct th_bytes *keys,
                           const struct th_bytes *contents, size_t count);
TH_MUST_CHECK int th_txn_scan_rows(const struct th_txn *txn, const struct th_schema_key *prefix,
                                   const struct th_schema_key *from, const struct th_schema_key *to,
                                   th_txn_rows_fn *fn, void *context);
/* A th_txn_rows_fn for who takes them one by one. */
struct th_txn_each {
    th_txn_fn *fn;
    void *context;
};
TH_MUST_CHECK int th_txn_each_row(void *each, const struct th_bytes *keys,
                                  const struct th_bytes *contents, size_t count);

/*
 * For those who check a store: the rows after the key `after` (size 0: from the first one), as they
 * are stored, in order; `rows_max` at most. TH_E_CORRUPT: LMDB cannot go on, a row is not inside
 * its page, or a key is not above the one before. Until it is renewed the transaction may then fail
 * where nothing is damaged.
 */
typedef int th_txn_raw_fn(void *context, struct th_bytes key, struct th_bytes value);
TH_MUST_CHECK int th_txn_walk(const struct th_txn *txn, const struct th_schema_key *after,
                              size_t rows_max, th_txn_raw_fn *fn, void *context);

#endif
