/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/fold.h"

#include "aggregator/past/past.h"
#include "aggregator/store/replica.h"
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB                ((size_t)1024 * 1024)
#define CORE_BUDGET_BYTES  (4096 * MIB)
#define BATCH_BLOCK_BYTES  (256 * 1024)
#define BATCH_BUDGET_BYTES (512 * MIB)

enum { BATCH_ENTRIES = 4096 };

struct th_fold {
    struct th_core *core;
    struct th_store *replica;
    struct th_arena arena; /* of one entry's effects */
    bool keeps_checkpoints;
    bool is_open;   /* a batch was begun */
    bool is_behind; /* entries were folded whose rollups are not put yet */
    uint32_t batch_entries;
    uint32_t entries; /* in this batch */
    uint64_t size;
    uint64_t note_size; /* the next checkpoint of the original is of this size; 0: not looked up */
};

/* ---- life ---- */

/* As the original was founded: its first key and origin. */
static int founded_identity(const struct th_store_identity *identity, struct th_view *view,
                            struct th_store_identity *ret_founded)
{
    struct th_log_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return TH_E_NO_MEMORY;
    int status = th_view_log_keys(view, keys);
    if (status == 0) {
        const struct th_vkey *first = &keys->items[0].vkey;
        size_t size = strlen(first->name) + 1;
        if (size > sizeof ret_founded->realm)
            size = sizeof ret_founded->realm; /* no store of ours: it is refused when made */
        *ret_founded = *identity;
        memcpy(ret_founded->realm, first->name, size);
        ret_founded->realm[sizeof ret_founded->realm - 1] = '\0';
        memcpy(ret_founded->log_key, first->public_key, sizeof ret_founded->log_key);
    }
    free(keys);
    return status;
}

int th_fold_new(const struct th_store_identity *identity, struct th_view *view,
                const struct th_fold_options *options, struct th_fold **ret_fold)
{
    struct th_store_identity founded;
    int status = founded_identity(identity, view, &founded);
    struct th_fold *fold = status == 0 ? calloc(1, sizeof *fold) : NULL;
    if (fold == NULL)
        return status == 0 ? TH_E_NO_MEMORY : status;
    fold->keeps_checkpoints = options->keeps_checkpoints;
    fold->batch_entries = options->batch_entries == 0 ? BATCH_ENTRIES : options->batch_entries;
    th_arena_init(&fold->arena, BATCH_BLOCK_BYTES, BATCH_BUDGET_BYTES);
    status = th_core_new(CORE_BUDGET_BYTES, &fold->core);
    if (status == 0)
        status = th_replica_new(options->folder, NULL, &founded, &fold->replica);
    if (status != 0) {
        th_fold_free(fold);
        return status;
    }
    *ret_fold = fold;
    return 0;
}

static void drop(struct th_fold *fold)
{
    th_core_free(fold->core);
    th_arena_deinit(&fold->arena);
    free(fold);
}

void th_fold_free(struct th_fold *fold)
{
    if (fold == NULL)
        return;
    if (fold->is_open)
        th_store_abort(fold->replica);
    th_store_close(fold->replica);
    drop(fold);
}

int th_fold_finish(struct th_fold *fold)
{
    TH_ASSERT(!fold->is_open);
    int status = th_replica_finish(fold->replica);
    drop(fold);
    return status;
}

uint64_t th_fold_size(const struct th_fold *fold)
{
    return fold->size;
}

struct th_store *th_fold_replica(const struct th_fold *fold)
{
    return fold->replica;
}

/* ---- batches ---- */

static int refuse(char *problem, int status, const char *what)
{
    if (status == TH_E_CORRUPT)
        (void)snprintf(problem, TH_FOLD_PROBLEM_SIZE, "%s", what);
    return status;
}

static int put_rollup(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                      const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    return th_store_put_rollup(context, book, unit, branch, layout, rollup);
}

/* The original's checkpoint of exactly this size. Size 0: it has none. */
static int note_here(struct th_fold *fold, struct th_view *view, struct th_bytes *ret_note)
{
    struct th_bytes note;
    *ret_note = (struct th_bytes){NULL, 0};
    if (fold->note_size > fold->size || fold->size == 0)
        return 0;
    int status = th_view_checkpoint(view, fold->size, &fold->note_size, &note);
    if (status == TH_E_NOT_FOUND) { /* of a tree that is not signed yet, there is none behind */
        fold->note_size = 0;
        return 0;
    }
    if (status == 0 && fold->note_size == fold->size)
        *ret_note = note;
    return status;
}

static int commit(struct th_fold *fold, struct th_bytes note, char *problem)
{
    if (!fold->is_open)
        return 0;
    fold->is_open = false;
    fold->entries = 0;
    int status = th_replica_commit(fold->replica, note);
    return refuse(problem, status,
                  "checkpoint không khớp với cây băm dựng lại, hoặc không do khóa đang có hiệu lực "
                  "ký");
}

static int begin(struct th_fold *fold)
{
    if (fold->is_open)
        return 0;
    int status = th_store_begin(fold->replica);
    fold->is_open = status == 0;
    return status;
}

/* With the checkpoint that the original has here, unless it was taken with the last entry. */
static int end_batch(struct th_fold *fold, struct th_view *view, char *problem)
{
    struct th_bytes note = {NULL, 0};
    int status = fold->entries > 0 ? note_here(fold, view, &note) : 0;
    return status == 0 ? commit(fold, note, problem)
                       : refuse(problem, status, "checkpoint bị hỏng");
}

/* Rollups are put here alone: the core makes them when they are asked for. */
int th_fold_settle(struct th_fold *fold, struct th_view *view,
                   char ret_problem[TH_FOLD_PROBLEM_SIZE])
{
    int status = fold->is_behind ? begin(fold) : 0;
    if (status == 0 && fold->is_behind)
        status = th_core_take_dirty(fold->core, put_rollup, fold->replica);
    if (status != 0)
        return status; /* th_fold_free() aborts */
    fold->is_behind = false;
    return end_batch(fold, view, ret_problem);
}

/* ---- rows as they were ---- */

static int rows_of(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    return th_view_rows(context, book, fn, fn_context);
}

static int revisions_of(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                        th_revision_fn *fn, void *fn_context)
{
    return th_view_revisions(context, book, unit, number, fn, fn_context);
}

static int entry_of(void *context, uint64_t position, struct th_stored_entry *ret_entry)
{
    return th_view_entry(context, position, ret_entry);
}

/* From the replica's own tables of reports, which have to be committed first. */
static int give_past(struct th_fold *fold, struct th_view *original, const struct th_need *need,
                     char *problem)
{
    struct th_past_source source = {NULL, rows_of, revisions_of, entry_of};
    struct th_past_rows past;
    struct th_view *view;
    int status = end_batch(fold, original, problem);
    if (status == 0)
        status = th_view_open(fold->replica, &view);
    if (status != 0)
        return status;
    source.context = view;
    status = th_past_rows(&source, need->book, (struct th_past_cut){TH_PAST_ALL_ENTRIES, need->at},
                          NULL, NULL, &fold->arena, &past);
    if (status == 0)
        status = th_core_give_past(fold->core, need->book, need->at, past.rows, past.count);
    th_view_close(view);
    return status;
}

/* ---- one entry ---- */

static int put_judged(struct th_fold *fold, const struct th_effect *effect)
{
    int status = 0;
    for (uint32_t i = 0; i < effect->body.judged.count && status == 0; i++)
        status =
            th_store_put_row(fold->replica, effect->book, th_core_judged(fold->core, effect, i));
    return status;
}

static int put_effect(struct th_fold *fold, const struct th_effect *effect)
{
    return effect->kind == TH_EFFECT_PUT_JUDGED ? put_judged(fold, effect)
                                                : th_store_put(fold->replica, effect);
}

static int put_entry(struct th_fold *fold, const struct th_stored_entry *stored,
                     struct th_bytes leaf, const struct th_effects *effects)
{
    const struct th_store_entry entry = {.position = fold->size,
                                         .kind = stored->kind,
                                         .clock = stored->clock,
                                         .time = stored->time,
                                         .boottime_ms = stored->boottime_ms,
                                         .decision = stored->decision,
                                         .body = stored->body};
    struct th_digest digest;
    int status = th_store_append(fold->replica, &entry, &digest);
    if (status == 0)
        status = th_store_append_leaf(fold->replica, fold->size, leaf);
    for (size_t i = 0; i < effects->count && status == 0; i++)
        status = put_effect(fold, th_effects_get(effects, i));
    return status;
}

static int fold_one(struct th_fold *fold, struct th_view *view,
                    const struct th_stored_entry *stored, const struct th_unpacked *unpacked,
                    struct th_bytes leaf, char *problem)
{
    struct th_effects effects = {.arena = &fold->arena};
    struct th_need need;
    if (th_core_fold_need(fold->core, &unpacked->entry, &need)) {
        int status = give_past(fold, view, &need, problem);
        if (status != 0)
            return refuse(problem, status, "không dựng lại được số liệu tại hạn");
    }
    int status =
        th_core_fold(fold->core, &unpacked->entry, th_unpacked_content(unpacked), &effects);
    if (status != 0)
        return refuse(problem, status,
                      "không thể là quyết định của hệ thống sau những bản ghi trước nó");
    status = begin(fold);
    if (status == 0)
        status = put_entry(fold, stored, leaf, &effects);
    return status == TH_E_INVALID || status == TH_E_RANGE || status == TH_E_EXISTS ||
                   status == TH_E_SIGNATURE
               ? refuse(problem, TH_E_CORRUPT, "khóa ký sổ hoặc dòng của bảng mâu thuẫn")
               : status;
}

int th_fold_entry(struct th_fold *fold, struct th_view *view, const struct th_stored_entry *stored,
                  const struct th_unpacked *unpacked, struct th_bytes leaf,
                  char ret_problem[TH_FOLD_PROBLEM_SIZE])
{
    struct th_bytes note = {NULL, 0};
    TH_ASSERT(unpacked->entry.position == fold->size);
    th_arena_reset(&fold->arena);
    int status = fold_one(fold, view, stored, unpacked, leaf, ret_problem);
    if (status != 0)
        return status;
    fold->size++;
    fold->entries++;
    fold->is_behind = true;
    if (fold->keeps_checkpoints)
        status = note_here(fold, view, &note);
    if (status != 0)
        return refuse(ret_problem, status, "checkpoint bị hỏng");
    if (note.size > 0)
        return commit(fold, note, ret_problem);
    return fold->entries < fold->batch_entries ? 0 : end_batch(fold, view, ret_problem);
}
