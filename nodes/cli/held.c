/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/held.h"

#include "proto/receipt/receipt.h"

#include <string.h>

#define BLOCK_BYTES  ((size_t)32 * 1024)
#define BUDGET_BYTES ((size_t)4 * TH_LIMIT_DECODE_ARENA_BYTES)

/* The newest receipt of a received item; false when it has none that verifies. */
static bool open_newest(const struct th_home *home, struct th_outbox *outbox,
                        const struct th_outbox_item *item, struct th_arena *arena,
                        struct th_receipt *ret_receipt)
{
    struct th_outbox_detail detail;
    return item->state == TH_ITEM_RECEIVED &&
           th_outbox_get_detail(outbox, item->id, arena, &detail) == 0 &&
           th_receipt_open(detail.receipt, &home->log_keys, arena, ret_receipt) == 0;
}

static bool is_asked(const struct th_home *home, const struct th_receipt *receipt,
                     const struct th_outbox_lost *lost, size_t count)
{
    const char *log = receipt->checkpoint.origin;
    if (strcmp(log, th_home_log(home)) == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (receipt->leaf.position >= lost[i].from && strlen(log) == lost[i].realm.size &&
            memcmp(log, lost[i].realm.bytes, lost[i].realm.size) == 0)
            return true;
    return false;
}

bool th_held_waits(const struct th_home *home, struct th_outbox *outbox,
                   const struct th_outbox_item *item, struct th_arena *arena)
{
    const struct th_outbox_lost *lost;
    size_t count;
    struct th_receipt receipt;
    return th_outbox_get_lost(outbox, arena, &lost, &count) == 0 && count > 0 &&
           open_newest(home, outbox, item, arena, &receipt) &&
           is_asked(home, &receipt, lost, count);
}

int th_held_survey(const struct th_home *home, struct th_outbox *outbox, struct th_arena *arena,
                   struct th_held *ret_held)
{
    const struct th_outbox_lost *lost;
    const struct th_outbox_item *items;
    size_t lost_count, count, bad;
    struct th_held held = {0};
    int status = th_outbox_get_lost(outbox, arena, &lost, &lost_count);
    if (status == 0)
        status = th_outbox_list(outbox, arena, &items, &count, &bad);
    if (status != 0)
        return status;
    struct th_arena scratch;
    th_arena_init(&scratch, BLOCK_BYTES, BUDGET_BYTES);
    for (size_t i = 0; i < count; i++) {
        struct th_receipt receipt;
        th_arena_reset(&scratch);
        if (!open_newest(home, outbox, &items[i], &scratch, &receipt))
            continue;
        if (strcmp(receipt.checkpoint.origin, th_home_log(home)) == 0 &&
            receipt.checkpoint.size > held.longest)
            held.longest = receipt.checkpoint.size;
        held.waiting += is_asked(home, &receipt, lost, lost_count);
        held.readmitted += items[i].is_readmitted;
    }
    th_arena_deinit(&scratch);
    *ret_held = held;
    return 0;
}
