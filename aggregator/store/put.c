/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the tables into the open batch. */
#include "aggregator/store/internal.h"

#include "base/assert.h"

static struct th_sink *encoding(struct th_store *store)
{
    TH_ASSERT(store->batch != NULL);
    th_sink_clear(&store->scratch);
    return &store->scratch;
}

static int put_encoded(struct th_store *store, struct th_schema_key key, enum th_put how)
{
    if (store->scratch.failed)
        return th_writes_fail(&store->batch->writes, TH_E_NO_MEMORY);
    return th_writes_put(&store->batch->writes, &key, how, store->scratch.bytes,
                         store->scratch.size);
}

/* Where a report's row goes is known when the batch is whole: run.h. */
static int stage(struct th_store *store, struct th_book_id book, uint32_t unit, uint32_t number,
                 uint32_t revision)
{
    if (store->batch->writes.failed != 0)
        return store->batch->writes.failed;
    int status = store->scratch.failed
                     ? TH_E_NO_MEMORY
                     : th_run_stage(&store->run, book, unit, number, revision,
                                    (struct th_bytes){store->scratch.bytes, store->scratch.size});
    return status == 0 ? 0 : th_writes_fail(&store->batch->writes, status);
}

int th_store_put_row(struct th_store *store, struct th_book_id book, const struct th_row *row)
{
    th_schema_row_encode(encoding(store), row);
    return stage(store, book, row->unit, row->number, 0);
}

int th_store_put_revision(struct th_store *store, struct th_book_id book,
                          const struct th_revision *revision)
{
    if (revision->revision == 0)
        return th_writes_fail(&store->batch->writes, TH_E_RANGE);
    th_schema_revision_encode(encoding(store), revision);
    return stage(store, book, revision->unit, revision->number, revision->revision);
}

int th_store_put_rollup(struct th_store *store, struct th_book_id book, uint32_t unit,
                        enum th_branch branch, const struct th_rollup_layout *layout,
                        const struct th_rollup *rollup)
{
    th_schema_rollup_encode(encoding(store), layout, rollup);
    return put_encoded(store, th_schema_key_rollup(book, unit, branch), TH_PUT_REPLACE);
}

int th_store_settle(struct th_store *store, struct th_book_id book)
{
    TH_ASSERT(store->batch != NULL);
    return store->batch->writes.failed != 0
               ? store->batch->writes.failed
               : th_run_settle(&store->run, &store->batch->writes, book);
}

void th_store_defer(struct th_store *store)
{
    TH_ASSERT(store->batch != NULL);
    store->run.is_deferred = true;
}

size_t th_store_unsettled_count(const struct th_store *store)
{
    return store->run.books_count;
}

bool th_store_is_settled(const struct th_store *store, struct th_book_id book)
{
    return !th_run_has(&store->run, book);
}

struct th_unsettled th_store_unsettled(const struct th_store *store, size_t i)
{
    return th_run_unsettled(&store->run, i);
}

int th_store_put_closing(struct th_store *store, struct th_book_id book, th_instant closed_at,
                         uint32_t unit, enum th_branch branch,
                         const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    th_schema_rollup_encode(encoding(store), layout, rollup);
    return put_encoded(store, th_schema_key_closing(book, closed_at, unit, branch), TH_PUT_NEW);
}

int th_store_put_unit(struct th_store *store, uint32_t number, uint64_t position,
                      const struct th_unit *unit)
{
    th_schema_unit_encode(encoding(store), position, unit);
    return put_encoded(store, th_schema_key_unit(number), TH_PUT_REPLACE);
}

int th_store_put_plan(struct th_store *store, uint16_t number, uint64_t position,
                      const struct th_digest *digest, th_instant loaded_at, struct th_bytes content)
{
    const struct th_schema_plan plan = {position, *digest, loaded_at, content};
    th_schema_plan_encode(encoding(store), &plan);
    return put_encoded(store, th_schema_key_plan(number), TH_PUT_REPLACE);
}

int th_store_put_key(struct th_store *store, const struct th_key_row *key)
{
    th_schema_key_row_encode(encoding(store), key);
    return put_encoded(store, th_schema_key_key(key->unit, &key->sign_key), TH_PUT_REPLACE);
}

int th_store_put_mark(struct th_store *store, struct th_book_id book, const struct th_mark *mark)
{
    th_schema_mark_encode(encoding(store), mark);
    return put_encoded(store, th_schema_key_book(TH_TABLE_MARK, book), TH_PUT_REPLACE);
}

int th_store_put_clock(struct th_store *store, const struct th_clock_row *clock)
{
    th_schema_clock_encode(encoding(store), clock);
    return put_encoded(store, th_schema_key_meta(TH_META_CLOCK), TH_PUT_REPLACE);
}

int th_store_put_log_key(struct th_store *store, uint16_t number, const struct th_log_key_body *key)
{
    TH_ASSERT(store->batch != NULL);
    int status = th_store_keys_add(store, number, key);
    if (status != 0)
        return th_writes_fail(&store->batch->writes, status);
    th_schema_log_key_encode(encoding(store), key);
    return put_encoded(store, th_schema_key_log_key(number), TH_PUT_NEW);
}

int th_store_put_recovery(struct th_store *store, const struct th_recovery_row *recovery)
{
    th_schema_recovery_encode(encoding(store), recovery);
    return put_encoded(store, th_schema_key_meta(TH_META_RECOVERY), TH_PUT_REPLACE);
}

int th_store_put(struct th_store *store, const struct th_effect *effect)
{
    switch (effect->kind) {
    case TH_EFFECT_PUT_ROW:
        return th_store_put_row(store, effect->book, &effect->body.row);
    case TH_EFFECT_PUT_REVISION:
        return th_store_put_revision(store, effect->book, &effect->body.revision);
    case TH_EFFECT_PUT_CLOSING:
        return th_store_put_closing(store, effect->book, effect->body.closing.closed_at,
                                    effect->body.closing.unit, effect->body.closing.branch,
                                    effect->body.closing.layout, &effect->body.closing.rollup);
    case TH_EFFECT_PUT_UNIT:
        return th_store_put_unit(store, effect->body.unit.number, effect->body.unit.position,
                                 &effect->body.unit.unit);
    case TH_EFFECT_PUT_PLAN:
        return th_store_put_plan(store, effect->body.plan.number, effect->body.plan.position,
                                 &effect->body.plan.digest, effect->body.plan.loaded_at,
                                 effect->body.plan.raw);
    case TH_EFFECT_PUT_KEY:
        return th_store_put_key(store, &effect->body.key);
    case TH_EFFECT_PUT_MARK:
        return th_store_put_mark(store, effect->book, &effect->body.mark);
    case TH_EFFECT_PUT_CLOCK:
        return th_store_put_clock(store, &effect->body.clock);
    case TH_EFFECT_PUT_LOG_KEY:
        return th_store_put_log_key(store, effect->body.log_key.number, &effect->body.log_key.key);
    case TH_EFFECT_PUT_RECOVERY:
        return th_store_put_recovery(store, &effect->body.recovery);
    case TH_EFFECT_APPEND:
    case TH_EFFECT_PUT_JUDGED:
    case TH_EFFECT_ANSWER:
    case TH_EFFECT_REMIND:
        break;
    }
    /* An entry is appended with its leaf; judged rows are core's, put one by one; what leaves is
     * not stored. */
    TH_ASSERT(false);
    return TH_E_INVALID;
}
