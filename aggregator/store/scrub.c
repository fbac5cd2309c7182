/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pass: the rows of all tables but the journal in the order of keys, then the positions of the
 * log from 0, which read entries and leaves, then the books. So each row is named in one place.
 */
#include "aggregator/store/scrub.h"

#include "aggregator/store/inspect.h"
#include "aggregator/store/internal.h"
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase { IDLE, ROWS, POSITIONS, BOOKS };

/* What a look costs, in rows: 255 hashes, a signature. */
enum { TILE_COST = 4, CHECKPOINT_COST = 16 };
enum { SPENT = 1 }; /* what ends a walk that has cost enough */

struct th_scrub {
    struct th_store *store;
    struct th_view view; /* of its own: one that a damaged last leaf does not refuse */
    th_scrub_book_fn *check_book;
    void *context;
    enum phase phase;
    struct th_schema_key last; /* ROWS: the last key; BOOKS: the last book */
    uint64_t position;         /* POSITIONS: the next one */
    uint64_t bad_tile;         /* POSITIONS: the tile that was named last, and 1 */
    bool size_known;           /* of the tree, in this snapshot */
    size_t budget;             /* rows that are left in this piece */
    bool keys_known;
    struct th_log_keys keys; /* of this snapshot */
    struct th_scrub_report report;
};

/* ---- findings ---- */

#define MISSING        "thiếu"
#define WRONG_CHECKSUM "sai mã kiểm"

/* `text`: a name in TH_SCRUB_TEXT_SIZE bytes, to which the rest is added. */
static void note_name(struct th_scrub *scrub, char *text, const char *what)
{
    struct th_scrub_report *report = &scrub->report;
    size_t at = strlen(text);
    (void)snprintf(text + at, TH_SCRUB_TEXT_SIZE - at, ": %s", what);
    th_inspect_cut(TH_SCRUB_TEXT_SIZE, text);
    size_t known = report->faults < TH_SCRUB_FAULTS_MAX ? report->faults : TH_SCRUB_FAULTS_MAX;
    for (size_t i = 0; i < known; i++)
        if (strcmp(report->names[i], text) == 0)
            return;
    if (known < TH_SCRUB_FAULTS_MAX)
        memcpy(report->names[known], text, strlen(text) + 1);
    report->faults++;
}

static void note_row(struct th_scrub *scrub, struct th_bytes key, const char *what)
{
    char text[TH_SCRUB_TEXT_SIZE];
    th_inspect_name(key, sizeof text, text);
    note_name(scrub, text, what);
}

static void note(struct th_scrub *scrub, const struct th_schema_key *key, const char *what)
{
    note_row(scrub, (struct th_bytes){key->bytes, key->size}, what);
}

/* ---- the snapshot ---- */

static int take_snapshot(struct th_scrub *scrub)
{
    struct th_view *view = &scrub->view;
    int status = view->txn.txn == NULL ? th_txn_begin(&scrub->store->env, false, &view->txn)
                                       : th_txn_renew(&view->txn);
    view->active = status == 0;
    return status;
}

static void end_view(struct th_scrub *scrub)
{
    th_view_rest(&scrub->view);
    th_overlay_drop(&scrub->view.overlay); /* the next piece reads the disk again */
    th_tile_cache_deinit(&scrub->view.tiles);
}

/* After damage a transaction may fail everywhere. */
static int retake_snapshot(struct th_scrub *scrub)
{
    end_view(scrub);
    return take_snapshot(scrub);
}

/* The size of the tree from the last entry's key: its value may be damaged. */
static int begin_view(struct th_scrub *scrub)
{
    struct th_view *view = &scrub->view;
    struct th_bytes key;
    uint64_t position = 0;
    int status = take_snapshot(scrub);
    if (status != 0)
        return status;
    scrub->keys_known = false;
    status = th_txn_last_key(&view->txn, TH_TABLE_JOURNAL, &key);
    scrub->size_known = status == 0 || status == TH_E_NOT_FOUND;
    view->size = 0;
    if (status == 0) {
        status = th_schema_read_number(key, &position);
        scrub->size_known = status == 0 && position < TH_MERKLE_SIZE_MAX;
        view->size = scrub->size_known ? position + 1 : 0;
    }
    if (!scrub->size_known) {
        char text[TH_SCRUB_TEXT_SIZE] = "cây băm";
        note_name(scrub, text, "không tìm được bản ghi cuối");
        return retake_snapshot(scrub);
    }
    return 0;
}

/* ---- rows ---- */

/* Not the store's fault. Reads are of mapped pages: what LMDB calls an I/O error there is damage.
 */
static bool is_failure(int status)
{
    return status == TH_E_NO_MEMORY || status == TH_E_BUSY;
}

static int load_keys(struct th_scrub *scrub)
{
    if (scrub->keys_known)
        return 0;
    int status = th_view_log_keys(&scrub->view, &scrub->keys);
    if (is_failure(status))
        return status;
    scrub->keys_known = status == 0;
    return 0;
}

static int check_checkpoint(struct th_scrub *scrub, const struct th_inspected *row)
{
    struct th_digest root;
    uint64_t size;
    int status = load_keys(scrub);
    if (status != 0)
        return status;
    if (!scrub->keys_known) {
        struct th_schema_key table = th_schema_key_meta(TH_META_IDENTITY);
        note(scrub, &table, "không đọc được các khóa ký sổ nên không kiểm được chữ ký");
        scrub->budget = 0;
        return 0;
    }
    if (th_schema_read_number(row->key, &size) != 0 || size > scrub->view.size) {
        note_row(scrub, row->key, "lớn hơn cây băm");
        return 0;
    }
    status = th_view_root(&scrub->view, size, &root);
    if (is_failure(status))
        return status;
    if (status != 0) {
        /* A leaf or a tile is named for it. On with a new snapshot: this one may be spoilt. */
        scrub->budget = 0;
    } else if (th_store_check_note(&scrub->keys, row->content, size, &root) != 0) {
        note_row(scrub, row->key, "sai chữ ký, hoặc khác với cây băm");
    }
    return 0;
}

/* A tile has what the tree's size says, and its root is a hash of the tile above. */
static int check_tile(struct th_scrub *scrub, const struct th_inspected *row)
{
    struct th_source key = {row->key.bytes + 1, row->key.size - 1, false};
    struct th_bytes above;
    struct th_tile tile;
    unsigned level = th_source_u8(&key);
    uint64_t index = th_source_u64(&key);
    if (level >= TH_TILE_LEVELS || index > TH_MERKLE_SIZE_MAX ||
        row->content.size !=
            (size_t)th_tile_count(scrub->view.size, level, index) * TH_DIGEST_SIZE) {
        note_row(scrub, row->key, "sai cỡ");
        return 0;
    }
    if (row->content.size < (size_t)TH_TILE_WIDTH * TH_DIGEST_SIZE || level + 1 == TH_TILE_LEVELS)
        return 0;
    struct th_schema_key key_above = th_schema_key_tile(level + 1, index / TH_TILE_WIDTH);
    int status = th_txn_get(&scrub->view.txn, &key_above, &above);
    if (status == TH_E_NOT_FOUND)
        note(scrub, &key_above, MISSING);
    if (is_failure(status))
        return status;
    if (status != 0 && status != TH_E_NOT_FOUND)
        scrub->budget = 0;
    size_t at = index % TH_TILE_WIDTH * TH_DIGEST_SIZE;
    if (status != 0 || at + TH_DIGEST_SIZE > above.size)
        return 0; /* its own row's fault */
    th_tile_reset(&tile, level, index);
    for (size_t i = 0; i < TH_TILE_WIDTH; i++) {
        struct th_digest hash;
        memcpy(hash.bytes, row->content.bytes + i * TH_DIGEST_SIZE, TH_DIGEST_SIZE);
        th_tile_add(&tile, &hash);
    }
    if (memcmp(th_tile_node(&tile, TH_TILE_HEIGHT, 0)->bytes, above.bytes + at, TH_DIGEST_SIZE) !=
        0)
        note_row(scrub, row->key, "khác với mảnh ở tầng trên");
    return 0;
}

static int on_row(void *context, const struct th_inspected *row)
{
    struct th_scrub *scrub = context;
    size_t cost = 1;
    int status = 0;
    if (row->table == TH_TABLE_JOURNAL) {
        /* Its rows are looked at by position: on behind the table. */
        scrub->last = (struct th_schema_key){.bytes = {(uint8_t)(row->table + 1)}, .size = 1};
        return SPENT;
    }
    memcpy(scrub->last.bytes, row->key.bytes, row->key.size);
    scrub->last.size = row->key.size;
    scrub->report.rows++;
    if (!th_inspect_is_known(row->key)) {
        note_row(scrub, row->key, "không thuộc bảng nào");
    } else if (row->status != 0) {
        note_row(scrub, row->key, WRONG_CHECKSUM);
    } else if (row->table == TH_TABLE_RUN && th_run_check(row->content) != 0) {
        note_row(scrub, row->key, "sai dạng");
    } else if (row->table == TH_TABLE_CHECKPOINT && scrub->size_known) {
        cost = CHECKPOINT_COST;
        status = check_checkpoint(scrub, row);
    } else if (row->table == TH_TABLE_TREE && scrub->size_known) {
        cost = TILE_COST;
        status = check_tile(scrub, row);
    }
    scrub->budget -= cost < scrub->budget ? cost : scrub->budget;
    if (status == 0 && scrub->budget == 0)
        status = SPENT;
    return status;
}

/* The newest checkpoint is of the whole tree. */
static int check_end(struct th_scrub *scrub)
{
    struct th_bytes key;
    uint64_t number = 0;
    if (!scrub->size_known)
        return 0;
    int status = th_txn_last_key(&scrub->view.txn, TH_TABLE_CHECKPOINT, &key);
    if (is_failure(status))
        return status;
    if (scrub->view.size > 0 && !scrub->store->is_replica &&
        (status != 0 || th_schema_read_number(key, &number) != 0 || number != scrub->view.size)) {
        struct th_schema_key missing = th_schema_key_log(TH_TABLE_CHECKPOINT, scrub->view.size);
        note(scrub, &missing, MISSING);
    }
    return 0;
}

/* LMDB cannot go on: says where, and goes on with the next table. False: there is none. */
static bool skip_table(struct th_scrub *scrub)
{
    uint8_t table = scrub->last.size == 0 ? 0 : scrub->last.bytes[0];
    char text[TH_SCRUB_TEXT_SIZE] = "data.mdb";
    if (scrub->last.size > 1)
        note(scrub, &scrub->last, "sau bản ghi này LMDB không đọc tiếp được");
    else
        note_name(scrub, text, "LMDB không đọc được hết các bảng");
    scrub->last.bytes[0] = th_inspect_next_table(table);
    scrub->last.size = 1;
    return scrub->last.bytes[0] != UINT8_MAX;
}

static int step_rows(struct th_scrub *scrub)
{
    struct th_schema_key after = scrub->last;
    struct th_schema_key last;
    int status = th_view_inspect(&scrub->view, &after, scrub->budget, on_row, scrub, &last);
    /* Every row costs something, so a walk that was not ended had no more rows. */
    bool at_end = status == 0;
    if (status == TH_E_CORRUPT) {
        at_end = !skip_table(scrub);
        status = retake_snapshot(scrub);
    }
    if (status == SPENT)
        status = 0;
    if (status == 0 && at_end) {
        status = check_end(scrub);
        scrub->phase = POSITIONS;
        scrub->position = 0;
        scrub->bad_tile = 0;
    }
    return status;
}

/* ---- positions ---- */

static void note_position(struct th_scrub *scrub, const char *what)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, scrub->position);
    uint64_t index = scrub->position / TH_TILE_WIDTH;
    bool is_missing = strcmp(what, TH_WHAT_TILE_MISSING) == 0;
    if (!is_missing && strcmp(what, TH_WHAT_TILE_DAMAGED) != 0) {
        note(scrub, &key, what);
        return;
    }
    struct th_schema_key tile = th_schema_key_tile(0, index);
    if (scrub->bad_tile != index + 1)
        note(scrub, &tile, is_missing ? MISSING : WRONG_CHECKSUM);
    scrub->bad_tile = index + 1;
}

static int step_positions(struct th_scrub *scrub)
{
    int status = 0;
    for (; scrub->budget > 0 && scrub->position < scrub->view.size && status == 0;
         scrub->budget--) {
        const char *what = "không đọc được";
        status = th_view_check_position(&scrub->view, scrub->position, &what);
        if (status != 0 && !is_failure(status)) {
            note_position(scrub, what);
            status = retake_snapshot(scrub);
        }
        if (status == 0) {
            scrub->report.rows++;
            scrub->position++;
        }
    }
    if (status == 0 && scrub->position >= scrub->view.size) {
        scrub->phase = BOOKS;
        scrub->last.size = 0;
    }
    return status;
}

/* ---- books ---- */

/* The first book of a table behind `last`; one that has reports or rollups is a book. */
static int next_of(const struct th_scrub *scrub, enum th_table table, struct th_schema_key *ret_key)
{
    struct th_schema_key from = th_schema_key_table(table);
    struct th_bytes key;
    if (scrub->last.size > 0) { /* above all rows of the last book */
        memcpy(from.bytes, scrub->last.bytes, scrub->last.size);
        from.bytes[0] = (uint8_t)table;
        from.size = scrub->last.size;
        while (from.size < TH_SCHEMA_KEY_MAX)
            from.bytes[from.size++] = 0xFF;
    }
    int status = th_txn_seek_key(&scrub->view.txn, &from, &key);
    if (status != 0)
        return status;
    struct th_book_id book;
    status = th_schema_read_book(key, &book);
    if (status == 0)
        *ret_key = th_schema_key_book(TH_TABLE_ROLLUP, book);
    return status;
}

static int next_book(const struct th_scrub *scrub, struct th_schema_key *ret_key)
{
    struct th_schema_key report = {.size = 0};
    struct th_schema_key rollup = {.size = 0};
    int status = next_of(scrub, TH_TABLE_REPORT, &report);
    if (status != 0 && status != TH_E_NOT_FOUND)
        return status;
    status = next_of(scrub, TH_TABLE_ROLLUP, &rollup);
    if (status != 0 && status != TH_E_NOT_FOUND)
        return status;
    if (report.size == 0 && rollup.size == 0)
        return TH_E_NOT_FOUND;
    bool is_report = rollup.size == 0 ||
                     (report.size > 0 && memcmp(report.bytes, rollup.bytes, report.size) < 0);
    *ret_key = is_report ? report : rollup;
    return 0;
}

static int step_book(struct th_scrub *scrub, bool *ret_done)
{
    const char *what = "khác với các báo cáo của nó";
    struct th_schema_key key;
    struct th_book_id book;
    int status = scrub->check_book == NULL ? TH_E_NOT_FOUND : next_book(scrub, &key);
    if (status == TH_E_NOT_FOUND || status == TH_E_CORRUPT) {
        /* Keys that cannot be followed were named when the rows were looked at. */
        *ret_done = true;
        return 0;
    }
    if (status == 0)
        status = th_schema_read_book((struct th_bytes){key.bytes, key.size}, &book);
    if (status == 0)
        status = scrub->check_book(scrub->context, &scrub->view, book, &what);
    if (status == TH_E_CORRUPT) {
        char text[TH_SCRUB_TEXT_SIZE];
        (void)snprintf(text, sizeof text, "bảng tổng hợp, kế hoạch %u, nghĩa vụ %u", book.plan,
                       book.obligation);
        note_name(scrub, text, what);
        status = 0;
    }
    if (status == 0)
        scrub->last = key;
    return status;
}

/* ---- passes ---- */

int th_scrub_new(struct th_store *store, struct th_scrub **ret_scrub)
{
    struct th_scrub *scrub = calloc(1, sizeof *scrub);
    if (scrub == NULL)
        return TH_E_NO_MEMORY;
    scrub->store = store;
    scrub->view.store = store;
    *ret_scrub = scrub;
    return 0;
}

void th_scrub_check_books(struct th_scrub *scrub, th_scrub_book_fn *fn, void *context)
{
    scrub->check_book = fn;
    scrub->context = context;
}

void th_scrub_free(struct th_scrub *scrub)
{
    if (scrub == NULL)
        return;
    th_txn_abort(&scrub->view.txn);
    th_tile_cache_deinit(&scrub->view.tiles);
    free(scrub);
}

void th_scrub_begin(struct th_scrub *scrub, th_instant now)
{
    struct th_scrub_report report = {
        .passes = scrub->report.passes, .began = now, .ended = scrub->report.ended};
    scrub->report = report;
    scrub->phase = ROWS;
    scrub->last.size = 0;
}

int th_scrub_step(struct th_scrub *scrub, size_t rows_max, th_instant now, bool *ret_done)
{
    bool done = false;
    TH_ASSERT(scrub->phase != IDLE);
    TH_ASSERT(rows_max > 0);
    int status = begin_view(scrub);
    if (status != 0)
        return status;
    scrub->budget = rows_max;
    if (scrub->phase == ROWS)
        status = step_rows(scrub);
    else if (scrub->phase == POSITIONS)
        status = step_positions(scrub);
    else
        status = step_book(scrub, &done);
    end_view(scrub);
    if (status != 0)
        return status;
    if (done) {
        scrub->phase = IDLE;
        scrub->report.passes++;
        scrub->report.ended = now;
    }
    *ret_done = done;
    return 0;
}

const struct th_scrub_report *th_scrub_report(const struct th_scrub *scrub)
{
    return &scrub->report;
}
