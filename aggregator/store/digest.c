/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of everything that the journal's fold gives, and of nothing else. */
#include "aggregator/store/internal.h"

#include "base/assert.h"
#include "base/big.h"
#include "proto/tlog/hash.h"

#include <string.h>

static size_t put_size(uint8_t *to, size_t size)
{
    th_big_put(to, 4, size);
    return 4;
}

/* Size and bytes of the key, then of the content. */
static void add_row(struct th_tlog_hasher *hasher, struct th_bytes key, struct th_bytes content)
{
    uint8_t head[4 + TH_SCHEMA_KEY_MAX + 4]; /* in one piece: fewer calls */
    size_t at = put_size(head, key.size);
    if (key.size <= TH_SCHEMA_KEY_MAX) {
        memcpy(head + at, key.bytes, key.size);
        at += key.size;
    } else { /* no key of ours */
        th_tlog_hasher_add(hasher, head, at);
        th_tlog_hasher_add(hasher, key.bytes, key.size);
        at = 0;
    }
    at += put_size(head + at, content.size);
    th_tlog_hasher_add(hasher, head, at);
    th_tlog_hasher_add(hasher, content.bytes, content.size);
}

static int on_row(void *context, struct th_bytes key, struct th_bytes content)
{
    add_row(context, key, content);
    return 0;
}

/* Which pair of clocks was compared last is not in the journal. */
static int add_clock(const struct th_view *view, struct th_tlog_hasher *hasher)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_CLOCK);
    struct th_clock_row clock;
    struct th_bytes content;
    struct th_sink sink = {0};
    int status = th_txn_get(&view->txn, &key, &content);
    if (status == TH_E_NOT_FOUND)
        return 0;
    if (status == 0)
        status = th_schema_clock_decode(content, &clock);
    if (status != 0)
        return status;
    th_sink_i64(&sink, clock.time.ms);
    th_sink_u8(&sink, (uint8_t)clock.status);
    th_sink_u8(&sink, clock.rehearsed);
    status = sink.failed ? TH_E_NO_MEMORY : 0;
    if (status == 0)
        add_row(hasher, (struct th_bytes){key.bytes, key.size},
                (struct th_bytes){sink.bytes, sink.size});
    th_sink_deinit(&sink);
    return status;
}

static int add_prefix(struct th_view *view, struct th_schema_key prefix,
                      struct th_tlog_hasher *hasher)
{
    return th_overlay_scan(view, &prefix, &prefix, on_row, hasher);
}

int th_view_state_digest(struct th_view *view, struct th_digest *ret_digest)
{
    static const enum th_table tables[] = {TH_TABLE_UNIT,     TH_TABLE_PLAN,    TH_TABLE_KEY,
                                           TH_TABLE_MARK,     TH_TABLE_LOG_KEY, TH_TABLE_REPORT,
                                           TH_TABLE_REVISION, TH_TABLE_ROLLUP,  TH_TABLE_CLOSING};
    struct th_tlog_hasher hasher;
    bool is_whole = false;
    TH_ASSERT(view->active);
    th_tlog_hasher_init(&hasher);
    int status = th_overlay_is_whole(view, &is_whole);
    if (status == 0 && !is_whole)
        status = TH_E_INVALID;
    if (status == 0)
        status = add_clock(view, &hasher);
    if (status == 0)
        status = add_prefix(view, th_schema_key_meta(TH_META_RECOVERY), &hasher);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == 0; i++)
        status = add_prefix(view, th_schema_key_table(tables[i]), &hasher);
    if (status == 0)
        th_tlog_hasher_end(&hasher, ret_digest);
    return status;
}
