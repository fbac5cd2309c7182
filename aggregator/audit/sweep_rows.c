/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of a snapshot but the journal's, which were read before, by several threads. The
 * keys are cut into spans: the common tables, then each book's reports, each one's revisions and
 * each one's rollups, then closings, tree and checkpoints. Whoever is free takes the next span.
 * Each row has to be one that the journal makes, and there have to be as many: so none is missing.
 */
#include "aggregator/audit/verify_parts.h"
#include "base/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_ROWS = 256 };

struct span {
    struct th_schema_key from; /* size 0: the first key */
    bool has_book;             /* all of its rows are of this one and this table */
    struct th_book_id book;
    enum th_table table;
};

struct seen {
    uint64_t rows, compared;            /* all; those of the fold's tables */
    uint64_t few[TH_TABLE_CLOSING + 1]; /* of each of these */
    uint64_t tiles[TH_REGROWN_LEVELS];
    bool is_replica, has_clock;
};

struct sweep {
    struct th_verify *verify;
    const struct th_sweep_options *options;
    struct span *spans;
    size_t spans_count;
    atomic_size_t next; /* span that nobody has taken */
    atomic_bool is_doubtful;
    atomic_uint_fast64_t rows;
};

struct sweeper {
    struct sweep *sweep;
    struct th_view *view;
    struct th_shadow_page page;
    const struct span *span;
    struct seen seen;
    uint64_t in_span;
    int status;
};

/* ---- one row ---- */

static bool is_past(const struct sweeper *sweeper, struct th_bytes key)
{
    const struct th_schema_key *end =
        &sweeper->span[1].from; /* the last one has an end behind it */
    size_t size = key.size < end->size ? key.size : end->size;
    int order = memcmp(key.bytes, end->bytes, size);
    return order > 0 || (order == 0 && key.size >= end->size);
}

static bool is_meta_right(struct sweeper *sweeper, const struct th_inspected *row)
{
    const struct th_shadow *shadow = sweeper->sweep->verify->shadow;
    struct th_clock_row clock;
    if (row->key.bytes[1] == TH_META_REPLICA)
        sweeper->seen.is_replica = true;
    if (shadow == NULL)
        return true;
    if (row->key.bytes[1] == TH_META_RECOVERY) {
        sweeper->seen.few[TH_TABLE_META]++;
        return th_shadow_has(shadow, &sweeper->page, row);
    }
    if (row->key.bytes[1] != TH_META_CLOCK)
        return true;
    sweeper->seen.has_clock = true;
    return th_schema_clock_decode(row->content, &clock) == 0 && th_shadow_is_clock(shadow, &clock);
}

static bool is_tile_right(struct sweeper *sweeper, const struct th_inspected *row)
{
    const struct th_regrown *tree = &sweeper->sweep->verify->tree;
    struct th_source source = {row->key.bytes + 1, row->key.size - 1, false};
    unsigned level = th_source_u8(&source);
    uint64_t index = th_source_u64(&source);
    if (!sweeper->sweep->options->checks_tree)
        return true;
    if (level >= TH_REGROWN_LEVELS)
        return false;
    sweeper->seen.tiles[level]++;
    return th_regrown_holds(tree, level, index, row->content);
}

static bool is_right(struct sweeper *sweeper, const struct th_inspected *row)
{
    const struct th_shadow *shadow = sweeper->sweep->verify->shadow;
    uint64_t size;
    if (row->status != 0 || !th_inspect_is_known(row->key))
        return false;
    if (row->table == TH_TABLE_META)
        return is_meta_right(sweeper, row);
    if (row->table == TH_TABLE_TREE)
        return is_tile_right(sweeper, row);
    if (row->table == TH_TABLE_CHECKPOINT)
        return th_schema_read_number(row->key, &size) == 0 && size > 0;
    TH_ASSERT(row->table <= TH_TABLE_CLOSING); /* spans end before leaves */
    sweeper->seen.compared++;
    sweeper->seen.few[row->table]++;
    return shadow == NULL || th_shadow_has(shadow, &sweeper->page, row);
}

enum { ENDS = 1 };

static int on_row(void *context, const struct th_inspected *row)
{
    struct sweeper *sweeper = context;
    struct sweep *sweep = sweeper->sweep;
    if (is_past(sweeper, row->key))
        return ENDS;
    if (!is_right(sweeper, row))
        atomic_store(&sweep->is_doubtful, true);
    sweeper->in_span++;
    if (++sweeper->seen.rows % STEP_ROWS == 0)
        th_reader_step(sweep->verify->reader, atomic_fetch_add(&sweep->rows, STEP_ROWS),
                       TH_READER_NOWHERE);
    return atomic_load_explicit(&sweep->is_doubtful, memory_order_relaxed) ? ENDS : 0;
}

/* ---- one span ---- */

/* How many rows of the table a book has by the journal. */
static uint64_t rows_of(const struct sweeper *sweeper)
{
    const struct th_core *core = th_shadow_core(sweeper->sweep->verify->shadow);
    const struct span *span = sweeper->span;
    if (span->table == TH_TABLE_REPORT)
        return th_core_rows_count(core, span->book);
    return span->table == TH_TABLE_REVISION ? th_core_revisions_count(core, span->book)
                                            : sweeper->page.rollups.count;
}

static int walk_span(struct sweeper *sweeper)
{
    const struct span *span = sweeper->span;
    struct sweep *sweep = sweeper->sweep;
    struct th_schema_key last;
    int status = 0;
    sweeper->in_span = 0;
    if (span->has_book && span->table == TH_TABLE_ROLLUP)
        status = th_shadow_turn_to(sweep->verify->shadow, span->book, &sweeper->page);
    if (status == 0)
        status = th_view_inspect(sweeper->view, &span->from, SIZE_MAX, on_row, sweeper, &last);
    if (status >= 0 && span->has_book && sweeper->in_span != rows_of(sweeper))
        atomic_store(&sweep->is_doubtful, true);
    return status < 0 ? status : 0;
}

static void *work(void *context)
{
    struct sweeper *sweeper = context;
    struct sweep *sweep = sweeper->sweep;
    while (sweeper->status == 0 && !atomic_load(&sweep->is_doubtful)) {
        size_t number = atomic_fetch_add(&sweep->next, 1);
        if (number >= sweep->spans_count)
            break;
        sweeper->span = &sweep->spans[number];
        sweeper->status = walk_span(sweeper);
    }
    return NULL;
}

/* ---- spans ---- */

static void add_books(struct sweep *sweep, enum th_table table)
{
    const struct th_core *core = th_shadow_core(sweep->verify->shadow);
    for (uint16_t plan = 0; plan < th_core_plans_count(core); plan++)
        for (uint16_t i = 0; i < th_core_plan(core, plan)->obligations_count; i++) {
            struct th_book_id book = {plan, i};
            sweep->spans[sweep->spans_count++] =
                (struct span){.from = th_schema_key_book(table, book),
                              .has_book = true,
                              .book = book,
                              .table = table};
        }
}

static int cut(struct sweep *sweep)
{
    const struct th_shadow *shadow = sweep->verify->shadow;
    const struct th_core *core = shadow == NULL ? NULL : th_shadow_core(shadow);
    size_t books = 0;
    for (uint16_t plan = 0; core != NULL && plan < th_core_plans_count(core); plan++)
        books += th_core_plan(core, plan)->obligations_count;
    sweep->spans = calloc(3 * books + 5, sizeof *sweep->spans);
    if (sweep->spans == NULL)
        return TH_E_NO_MEMORY;
    sweep->spans_count = 1; /* from the first key on */
    if (core != NULL) {
        add_books(sweep, TH_TABLE_REPORT);
        add_books(sweep, TH_TABLE_REVISION);
        add_books(sweep, TH_TABLE_ROLLUP);
    }
    sweep->spans[sweep->spans_count++].from = th_schema_key_table(TH_TABLE_CLOSING);
    sweep->spans[sweep->spans_count++].from = th_schema_key_table(TH_TABLE_TREE);
    sweep->spans[sweep->spans_count].from = th_schema_key_table(TH_TABLE_JOURNAL); /* the end */
    return 0;
}

/* ---- what all have seen ---- */

static bool has_all_tiles(const struct sweep *sweep, const struct seen *seen)
{
    for (unsigned level = 0; level < TH_REGROWN_LEVELS; level++)
        if (seen->tiles[level] != th_regrown_rows(&sweep->verify->tree, level))
            return false;
    return true;
}

static bool has_all_few(const struct th_shadow *shadow, const struct seen *seen)
{
    for (int table = TH_TABLE_META; table <= TH_TABLE_CLOSING; table++)
        if (table != TH_TABLE_REPORT && table != TH_TABLE_REVISION && table != TH_TABLE_ROLLUP &&
            seen->few[table] != th_shadow_count(shadow, (enum th_table)table))
            return false;
    return seen->has_clock;
}

/* LMDB's own count of rows is that of those that were seen, here and in the journal. */
static int judge(const struct sweep *sweep, const struct seen *seen, bool *ret_is_sound)
{
    struct th_verify *verify = sweep->verify;
    uint64_t rows = 0;
    int status = th_view_rows_count(verify->opened.view, &rows);
    verify->is_replica = seen->is_replica;
    verify->counts.rows = rows;
    if (verify->shadow != NULL)
        verify->tables = (struct th_tables_counts){seen->compared, seen->few[TH_TABLE_ROLLUP]};
    for (unsigned level = 0; level < TH_REGROWN_LEVELS; level++)
        verify->counts.tiles += seen->tiles[level];
    bool is_sound =
        !atomic_load(&sweep->is_doubtful) && rows == seen->rows + th_view_size(verify->opened.view);
    if (sweep->options->checks_tree)
        is_sound = is_sound && has_all_tiles(sweep, seen);
    if (verify->shadow != NULL)
        is_sound = is_sound && has_all_few(verify->shadow, seen);
    *ret_is_sound = is_sound;
    return status;
}

static void add_seen(struct seen *all, const struct seen *seen)
{
    all->rows += seen->rows;
    all->compared += seen->compared;
    for (size_t i = 0; i < sizeof all->few / sizeof all->few[0]; i++)
        all->few[i] += seen->few[i];
    for (size_t i = 0; i < TH_REGROWN_LEVELS; i++)
        all->tiles[i] += seen->tiles[i];
    all->is_replica = all->is_replica || seen->is_replica;
    all->has_clock = all->has_clock || seen->has_clock;
}

/* ---- threads ---- */

struct th_view *th_sweep_view(const struct th_verify *verify)
{
    uint64_t rows, own;
    struct th_view *view;
    if (th_view_open(verify->opened.store, &view) != 0)
        return NULL;
    if (th_view_size(view) == th_view_size(verify->opened.view) &&
        th_view_rows_count(verify->opened.view, &rows) == 0 &&
        th_view_rows_count(view, &own) == 0 && rows == own)
        return view;
    th_view_close(view);
    return NULL;
}

static int run(struct sweep *sweep, struct sweeper *sweepers, struct seen *ret_seen)
{
    const unsigned most = sweep->options->threads;
    pthread_t threads[TH_AHEAD_THREADS_MAX];
    unsigned count = 1;
    sweepers[0] = (struct sweeper){.sweep = sweep, .view = sweep->verify->opened.view};
    for (; count < most; count++) {
        sweepers[count] = (struct sweeper){.sweep = sweep, .view = th_sweep_view(sweep->verify)};
        if (sweepers[count].view == NULL)
            break;
        if (pthread_create(&threads[count], NULL, work, &sweepers[count]) != 0) {
            th_view_close(sweepers[count].view);
            break;
        }
    }
    (void)work(&sweepers[0]);
    int status = sweepers[0].status;
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) {
            (void)pthread_join(threads[i], NULL);
            th_view_close(sweepers[i].view);
        }
        if (status == 0)
            status = sweepers[i].status;
        add_seen(ret_seen, &sweepers[i].seen);
        th_shadow_page_deinit(&sweepers[i].page);
    }
    return status;
}

int th_sweep_rows(struct th_verify *verify, const struct th_sweep_options *options,
                  bool *ret_is_sound)
{
    struct sweep sweep = {.verify = verify, .options = options};
    struct sweeper *sweepers = calloc(options->threads, sizeof *sweepers);
    struct seen seen = {.rows = 0};
    th_reader_phase(verify->reader, "so từng dòng của các bảng", 0);
    int status = sweepers == NULL ? TH_E_NO_MEMORY : cut(&sweep);
    if (status == 0)
        status = run(&sweep, sweepers, &seen);
    if (status == 0)
        status = judge(&sweep, &seen, ret_is_sound);
    free(sweep.spans);
    free(sweepers);
    return status;
}
