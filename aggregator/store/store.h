/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: one LMDB environment with every table of the aggregator, and the Merkle log.
 *
 * Promises: what th_store_commit_sealed() returned 0 for survives any crash; the journal, tree,
 * leaf, checkpoint and all tables of a batch become visible together or not at all; every value
 * that is read has a right checksum, or the read says TH_E_CORRUPT. Key and value formats, byte by
 * byte: aggregator/store/schema.h and docs/STORAGE.md. Does not decide anything.
 *
 * One process writes: an exclusive lock on the file OWNER. Any number of readers, in any process.
 * Thread rule: the writer's functions belong to one thread, but for th_store_commit_sealed(),
 * which may belong to another one; each view belongs to one thread.
 * One environment per folder and process: open it once, share it.
 */
#ifndef TH_STORE_STORE_H
#define TH_STORE_STORE_H

#include "aggregator/core/core.h"
#include "aggregator/store/row_glance.h"
#include "base/arena.h"
#include "proto/tlog/consistency.h"
#include "proto/tlog/log_keys.h"
#include "proto/tlog/note.h"

struct th_store;
struct th_view;

#define TH_STORE_ID_SIZE 16

struct th_store_identity {
    enum th_mode mode;
    /* The log's origin and key as they are now; the origin of a rehearsal ends in /rehearsal. */
    char realm[TH_LIMIT_REALM_SIZE_MAX + 1];
    uint8_t store_id[TH_STORE_ID_SIZE];
    uint8_t log_key[32];
    th_instant created;
};

/* Sizes as inputs: tests use small ones. 0 takes the default of 64 GiB. */
struct th_store_options {
    size_t map_bytes;
    bool is_key_lost; /* RECOVER: also when the store is behind nothing, for its key was lost */
};

/*
 * Makes an empty store in an existing, empty folder: files data.mdb, lock.mdb, OWNER, CHECKPOINT,
 * STORE_ID, all mode 0600. TH_E_EXISTS: there is one. TH_E_IO, TH_E_STORAGE.
 */
TH_MUST_CHECK int th_store_create(const char *folder, const struct th_store_options *options,
                                  const struct th_store_identity *identity);

/*
 * RECOVER: as WRITE, for the one commit that makes a store that was put back into a new log: what
 * the file CHECKPOINT and the witnesses know of the log that was lost does not refuse it, and is
 * told by th_store_lost_checkpoint(). A commit that brings no new origin fails. TH_E_INVALID: the
 * store is behind nothing that is known, the file CHECKPOINT is there, and no key was lost.
 */
enum th_store_access { TH_STORE_READ, TH_STORE_WRITE, TH_STORE_RECOVER };

/*
 * Opens and checks: owner lock (writer), identity file against the meta table, file size against
 * the last page, format version, the last journal records, the right edge of the tree against the
 * last checkpoint, and (writer) the checkpoints that the file CHECKPOINT and the folder witness
 * know of: a store that is behind one, or is another history, is TH_E_CORRUPT. Returns owned.
 * `ret_problem` (may be NULL) gets a Vietnamese sentence with what and where for the operator.
 * TH_E_NOT_FOUND, TH_E_BUSY (another process owns it; the sentence names its pid), TH_E_CORRUPT,
 * TH_E_VERSION, TH_E_CONFIG (a file system that cannot hold a store, a witness file that is none),
 * TH_E_IO, TH_E_STORAGE. After a success the sentence is empty or a warning.
 */
#define TH_STORE_PROBLEM_SIZE 400
TH_MUST_CHECK int th_store_open(const char *folder, enum th_store_access access,
                                const struct th_store_options *options,
                                char ret_problem[TH_STORE_PROBLEM_SIZE],
                                struct th_store **ret_store);
void th_store_close(struct th_store *store);

const struct th_store_identity *th_store_identity(const struct th_store *store);
/* The history of the log's keys; the writer's grows with its commits. Borrows. */
const struct th_log_keys *th_store_log_keys(const struct th_store *store);
/* Opened with TH_STORE_RECOVER: the largest checkpoint of this log's origin that this store does
 * not have. `ret_is_signed`: by a key that this store knows; a key that came after it was copied
 * may have signed the others, which is for the caller to check. False: none is known. Borrows. */
bool th_store_lost_checkpoint(const struct th_store *store, uint64_t *ret_size,
                              struct th_bytes *ret_note, bool *ret_is_signed);

/* Opened with TH_STORE_RECOVER: the file CHECKPOINT is of a log with this origin, which the store's
 * history does not know: it was recovered before, after this copy was made. Its name must not be
 * taken again. NULL: it is not. Borrows. */
const char *th_store_lost_origin(const struct th_store *store);

struct th_store_usage {
    uint64_t map_bytes;
    uint64_t used_bytes; /* of the map, without pages that are free again */
    uint64_t file_bytes;
    uint64_t disk_bytes, disk_free_bytes;
    uint64_t disk_wanted_bytes; /* with as much free a store that was closed opens again */
    bool is_map_full, is_disk_full;
};
/* As it is now: whoever writes may have closed earlier, and open a little later. Walks the list of
 * free pages: not for every batch. TH_E_IO, TH_E_CORRUPT, TH_E_BUSY. */
TH_MUST_CHECK int th_store_usage(const struct th_store *store, struct th_store_usage *ret_usage);

/*
 * ---- writing: one batch is one transaction ----
 *
 * Begin, the writes, seal, commit. What is written stands in memory until the commit, and what the
 * log gets is only counted until then, so that it can be composed by who commits: a batch that
 * is sealed is what the next one goes on from, and may be committed on another thread while the
 * next one is made; that one is sealed when the commit has ended. One after the other by one
 * thread: th_store_commit().
 */

/* TH_E_STORAGE: the map or the disk is nearly full (85 %, with hysteresis; free space below
 * max(1 GiB, 5 %) unless the map is small): refuse the batch, keep reading; when nothing is
 * sealed, what room.h keeps is given back before that is said. TH_E_IO. */
TH_MUST_CHECK int th_store_begin(struct th_store *store);
void th_store_abort(struct th_store *store);
/* Between batches, when nothing waits: a piece of memory that the next ones will need. True: there
 * is another piece. */
bool th_store_warm(struct th_store *store);

/* The position that the next entry gets: the number of leaves. */
uint64_t th_store_next_position(const struct th_store *store);
/* Takes that position for an entry of the open batch, which is given at its commit. */
uint64_t th_store_promise(struct th_store *store);

/* An entry: a fixed header (kind, clock, time, boottime), `decision`, `body` (journal.proto). */
struct th_store_entry {
    uint64_t position;
    enum th_entry_kind kind;
    enum th_clock_status clock;
    th_instant time;
    int64_t boottime_ms;
    struct th_bytes decision;
    struct th_bytes body;
    const struct th_digest *body_digest; /* SHA-256 of the body; NULL: computed here */
};
/* What its leaf carries of it (schema.h). Pure. */
void th_store_entry_digest(const struct th_store_entry *entry, struct th_digest *ret_digest);

/* What the log gets at a position: an entry, its leaf, and what that hashes to. */
struct th_store_logged {
    struct th_store_entry entry;
    struct th_bytes leaf; /* of 1 to TH_PROOF_EXTRA_MAX bytes, so that a receipt can carry it */
    struct th_digest leaf_hash;
};
/* Hashes the leaf. Borrows. Pure. */
struct th_store_logged th_store_log(const struct th_store_entry *entry, struct th_bytes leaf);

/*
 * For who has an entry when the batch is made, as who folds a journal: promises it and keeps a
 * copy. Gives its digest. The leaf must follow before the next entry. Its position must be
 * th_store_next_position(). Not in one batch with th_store_promise(). TH_E_LIMIT, TH_E_NO_MEMORY:
 * abort the batch.
 */
TH_MUST_CHECK int th_store_append(struct th_store *store, const struct th_store_entry *entry,
                                  struct th_digest *ret_digest);
TH_MUST_CHECK int th_store_append_leaf(struct th_store *store, uint64_t position,
                                       struct th_bytes leaf);

TH_MUST_CHECK int th_store_put_row(struct th_store *store, struct th_book_id book,
                                   const struct th_row *row);
TH_MUST_CHECK int th_store_put_revision(struct th_store *store, struct th_book_id book,
                                        const struct th_revision *revision);
TH_MUST_CHECK int th_store_put_rollup(struct th_store *store, struct th_book_id book, uint32_t unit,
                                      enum th_branch branch, const struct th_rollup_layout *layout,
                                      const struct th_rollup *rollup);
TH_MUST_CHECK int th_store_put_closing(struct th_store *store, struct th_book_id book,
                                       th_instant closed_at, uint32_t unit, enum th_branch branch,
                                       const struct th_rollup_layout *layout,
                                       const struct th_rollup *rollup);
/* `position`: of the entry that brought it; of a plan likewise. */
TH_MUST_CHECK int th_store_put_unit(struct th_store *store, uint32_t number, uint64_t position,
                                    const struct th_unit *unit);
/* `content`: the compiled plan (plan.proto). */
TH_MUST_CHECK int th_store_put_plan(struct th_store *store, uint16_t number, uint64_t position,
                                    const struct th_digest *digest, th_instant loaded_at,
                                    struct th_bytes content);
TH_MUST_CHECK int th_store_put_key(struct th_store *store, const struct th_key_row *key);
TH_MUST_CHECK int th_store_put_mark(struct th_store *store, struct th_book_id book,
                                    const struct th_mark *mark);
TH_MUST_CHECK int th_store_put_clock(struct th_store *store, const struct th_clock_row *clock);
/* The next key of the log: this batch's checkpoint is signed with the last one. Number 1 and up, in
 * order. TH_E_RANGE: it would begin before what is signed; TH_E_INVALID: vkey, `after` and
 * succession do not agree, or the origin is not one of this mode; otherwise as
 * th_log_keys_succeed() and th_log_keys_vouch(). */
TH_MUST_CHECK int th_store_put_log_key(struct th_store *store, uint16_t number,
                                       const struct th_log_key_body *key);
TH_MUST_CHECK int th_store_put_recovery(struct th_store *store,
                                        const struct th_recovery_row *recovery);
/*
 * Rows and revisions go to their places with th_store_settle(), or with the commit; after
 * th_store_defer() the commit writes those that are not settled to the run, one after the other
 * (aggregator/store/run.h, docs/STORAGE.md). Readers see the same either way. But a book with rows
 * in the run is unsettled: its stored rollups may be older than its reports, and whoever settles it
 * puts all of them that changed in the same batch.
 */
struct th_unsettled {
    struct th_book_id book;
    size_t in_run;   /* records: rows and revisions */
    size_t in_batch; /* that are not in the run yet */
    size_t bytes;    /* of all their contents */
    uint64_t oldest; /* grows with time; UINT64_MAX: nothing is in the run */
    size_t behind;   /* values of the run from there on: none of them goes before the book does */
};
/* In no order; until the next put, settle, seal or abort. */
size_t th_store_unsettled_count(const struct th_store *store);
struct th_unsettled th_store_unsettled(const struct th_store *store, size_t i);
/* No record of the book is in the run or in this batch. */
bool th_store_is_settled(const struct th_store *store, struct th_book_id book);
/* All rows of the book that are in the run or in this batch; none may follow in the batch. */
TH_MUST_CHECK int th_store_settle(struct th_store *store, struct th_book_id book);
void th_store_defer(struct th_store *store);
/* Any of the core's effects on tables, all but APPEND and PUT_JUDGED, by the functions above. */
TH_MUST_CHECK int th_store_put(struct th_store *store, const struct th_effect *effect);

/*
 * Ends the batch in memory. The signer's key and name are checked against the key in force for the
 * new size, which this batch may have brought: else TH_E_CONFIG. TH_E_INVALID: a key without an
 * entry, or a recovery without a new origin. On failure the batch is aborted. The signer outlives
 * the commit. Precondition: no other one is sealed.
 */
TH_MUST_CHECK int th_store_seal(struct th_store *store, const struct th_note_signer *signer);
/*
 * Writes the batch that was sealed, with the entries that were promised, in order, all of them (0:
 * they were appended); signs the checkpoint of the new size (when there are entries), stores it,
 * commits, and writes it to the file CHECKPOINT. On failure, TH_E_LIMIT of an entry too, nothing of
 * the batch is there or the outcome is unknown, and no other one begins: the caller stops the
 * process (fail-stop), nothing may be answered.
 */
TH_MUST_CHECK int th_store_commit_sealed(struct th_store *store,
                                         const struct th_store_logged *entries, size_t count);
/* Both. */
TH_MUST_CHECK int th_store_commit(struct th_store *store, const struct th_note_signer *signer);

/*
 * Somebody showed a checkpoint of this log, rightly signed, that this store does not have: it takes
 * the place of the last one in the file CHECKPOINT, so that the store is refused at the next
 * opening until the right one is there; no more batches. Between batches. `note`: with one
 * signature of the log's key. TH_E_STORAGE: not written.
 */
TH_MUST_CHECK int th_store_distrust(struct th_store *store, uint64_t size, struct th_bytes note);

/* ---- reading ---- */

/* A consistent state as of its begin. Keep it shorter than a second; renew for a newer one. */
TH_MUST_CHECK int th_view_open(struct th_store *store, struct th_view **ret_view);
TH_MUST_CHECK int th_view_renew(struct th_view *view);
/* For a view that only the thread that commits uses: of the tree it takes what is in memory there
 * instead of reading it again. Nothing where the store is only read. */
void th_view_join_commits(struct th_view *view);
/* Gives the snapshot back between uses; th_view_renew() takes a new one. */
void th_view_rest(struct th_view *view);
void th_view_close(struct th_view *view);

uint64_t th_view_size(const struct th_view *view); /* entries, leaves */

/* Everything that a read gives borrows the view's pages: valid until rest, renew or close.
 * TH_E_NOT_FOUND, TH_E_CORRUPT. */
struct th_stored_entry {
    enum th_entry_kind kind;
    enum th_clock_status clock;
    th_instant time;
    int64_t boottime_ms;
    struct th_bytes decision;
    struct th_bytes body;
    struct th_digest digest; /* computed only when asked: see th_view_entry_digest */
};
TH_MUST_CHECK int th_view_entry(struct th_view *view, uint64_t position,
                                struct th_stored_entry *ret_entry);
/* As the leaf carries it. */
TH_MUST_CHECK int th_view_entry_digest(struct th_view *view, uint64_t position,
                                       struct th_digest *ret_digest);
TH_MUST_CHECK int th_view_leaf(struct th_view *view, uint64_t position, struct th_bytes *ret_leaf);
/* The number of entries with time at or before `time`: by binary search. */
TH_MUST_CHECK int th_view_position_at(struct th_view *view, th_instant time, uint64_t *ret_size);

TH_MUST_CHECK int th_view_row(struct th_view *view, struct th_book_id book, uint32_t unit,
                              uint32_t number, struct th_row *ret_row);
TH_MUST_CHECK int th_view_revision(struct th_view *view, struct th_book_id book, uint32_t unit,
                                   uint32_t number, uint32_t revision,
                                   struct th_revision *ret_revision);
/* TH_E_NOT_FOUND also when the book is unsettled and its rollups were not laid over the view: count
 * its reports. */
TH_MUST_CHECK int th_view_rollup(struct th_view *view, struct th_book_id book, uint32_t unit,
                                 enum th_branch branch, const struct th_rollup_layout *layout,
                                 struct th_arena *arena, struct th_rollup *ret_rollup);

/* False: reports of the book are in the run. */
TH_MUST_CHECK int th_view_is_settled(struct th_view *view, struct th_book_id book,
                                     bool *ret_is_settled);
/* The unsettled book behind `after`, NULL for the first one. TH_E_NOT_FOUND: none. */
TH_MUST_CHECK int th_view_next_unsettled(struct th_view *view, const struct th_book_id *after,
                                         struct th_book_id *ret_book);
/* Lays a rollup of an unsettled book over the view, for the life of its snapshot; then the end,
 * when all of all unsettled books are laid. TH_E_NO_MEMORY: none is laid. For th_past_lay()
 * (aggregator/past/recount.h). */
TH_MUST_CHECK int th_view_lay_rollup(struct th_view *view, struct th_book_id book, uint32_t unit,
                                     enum th_branch branch, const struct th_rollup_layout *layout,
                                     const struct th_rollup *rollup);
void th_view_end_laying(struct th_view *view);

/* Scans in key order; stop early by returning non-zero, which is handed on. */
typedef int th_row_fn(void *context, const struct th_row *row);
TH_MUST_CHECK int th_view_rows(struct th_view *view, struct th_book_id book, th_row_fn *fn,
                               void *context);

/* All of a row of which little was looked at. */
TH_MUST_CHECK int th_row_glance_whole(const struct th_row_glance *glance, struct th_row *ret_row);

/* Those of the units with numbers from `first` to `last`, several at once: TH_ROW_GLANCES_MAX at
 * most. */
enum { TH_ROW_GLANCES_MAX = 4 };
typedef int th_row_glances_fn(void *context, const struct th_row_glance *rows, size_t count);
TH_MUST_CHECK int th_view_rows_between(struct th_view *view, struct th_book_id book, uint32_t first,
                                       uint32_t last, th_row_glances_fn *fn, void *context);
typedef int th_revision_fn(void *context, const struct th_revision *revision);
TH_MUST_CHECK int th_view_revisions(struct th_view *view, struct th_book_id book, uint32_t unit,
                                    uint32_t number, th_revision_fn *fn, void *context);
/* The same of a book of which nothing is in the run: who writes knows that (th_store_is_settled()),
 * and need not look through all that is. */
TH_MUST_CHECK int th_view_settled_rows(struct th_view *view, struct th_book_id book, th_row_fn *fn,
                                       void *context);
TH_MUST_CHECK int th_view_settled_revisions(struct th_view *view, struct th_book_id book,
                                            uint32_t unit, uint32_t number, th_revision_fn *fn,
                                            void *context);
/* The first instant after this one at which the book was closed. TH_E_NOT_FOUND: none. */
TH_MUST_CHECK int th_view_next_closing(struct th_view *view, struct th_book_id book,
                                       th_instant after, th_instant *ret_closed_at);
TH_MUST_CHECK int th_view_closing(struct th_view *view, struct th_book_id book,
                                  th_instant closed_at, uint32_t unit, enum th_branch branch,
                                  const struct th_rollup_layout *layout, struct th_arena *arena,
                                  struct th_rollup *ret_rollup);
typedef int th_unit_fn(void *context, uint32_t number, uint64_t position,
                       const struct th_unit *unit);
/* Texts of the unit are copied to the arena; parent is not resolved. */
TH_MUST_CHECK int th_view_units(struct th_view *view, struct th_arena *arena, th_unit_fn *fn,
                                void *context);
typedef int th_plan_fn(void *context, uint16_t number, uint64_t position,
                       const struct th_digest *digest, th_instant loaded_at,
                       struct th_bytes content);
TH_MUST_CHECK int th_view_plans(struct th_view *view, th_plan_fn *fn, void *context);
/* How many units and plans there are; their numbers have no gap. Reads neither. */
TH_MUST_CHECK int th_view_definitions(struct th_view *view, uint32_t *ret_units,
                                      uint32_t *ret_plans);
typedef int th_key_fn(void *context, const struct th_key_row *key);
TH_MUST_CHECK int th_view_keys(struct th_view *view, th_key_fn *fn, void *context);
typedef int th_mark_fn(void *context, struct th_book_id book, const struct th_mark *mark);
TH_MUST_CHECK int th_view_marks(struct th_view *view, th_mark_fn *fn, void *context);
TH_MUST_CHECK int th_view_clock(struct th_view *view, struct th_clock_row *ret_clock);
/* A store that was never recovered: not open. */
TH_MUST_CHECK int th_view_recovery(struct th_view *view, struct th_recovery_row *ret_recovery);
/* The history as of this snapshot. */
TH_MUST_CHECK int th_view_log_keys(struct th_view *view, struct th_log_keys *ret_keys);

/* ---- the log ---- */

/* The signed note of the smallest checkpoint whose size is at least `size`. */
TH_MUST_CHECK int th_view_checkpoint(struct th_view *view, uint64_t size, uint64_t *ret_size,
                                     struct th_bytes *ret_note);
/*
 * The receipt of an entry: a C2SP tlog-proof against the checkpoint of its own commit, the leaf in
 * `extra`. The same bytes for ever. Into the arena.
 */
TH_MUST_CHECK int th_view_receipt(struct th_view *view, uint64_t position, struct th_arena *arena,
                                  struct th_bytes *ret_text);
/* The same by whoever has the leaf. */
TH_MUST_CHECK int th_view_receipt_of(struct th_view *view, uint64_t position, struct th_bytes leaf,
                                     struct th_arena *arena, struct th_bytes *ret_text);

/* The root of the first `size` leaves. TH_E_RANGE: more than there are. */
TH_MUST_CHECK int th_view_root(struct th_view *view, uint64_t size, struct th_digest *ret_root);
/* That the tree of `old_size` leaves is the beginning of the one of `size`. Old size 0: a proof
 * without hashes. TH_E_RANGE. */
TH_MUST_CHECK int th_view_consistency(struct th_view *view, uint64_t old_size, uint64_t size,
                                      struct th_consistency *ret_proof);

/*
 * SHA-256 over the tables that the journal's fold gives: unit, plan, key, mark, report, revision,
 * rollup, closing, log key, recovery, and of the clock its time, status and rehearsal, each row as
 * u32 key size, key, u32 content size, content, in the order of keys. Two stores with the same
 * digest are in the same state, wherever they are, and whether all is settled or not: rollups of
 * unsettled books have to be laid first (TH_E_INVALID). Walks all of them: not for every question.
 */
TH_MUST_CHECK int th_view_state_digest(struct th_view *view, struct th_digest *ret_digest);

/* Clears slots of readers that died. Call now and then. */
void th_store_check_readers(struct th_store *store);

#endif
