/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node as a witness of the log. Each receipt that it holds has a checkpoint: how long the log
 * was, and its root. A log that is shorter afterwards, or had another root at that length, is not
 * the same log any more: its store was restored from an old copy, or it shows two faces. Reports
 * go on; what was seen is kept beside the receipt that proves it. A store that was put back openly
 * goes on as a log with another name, so only receipts of the same log are compared.
 */
#include "nodes/driver/driver_state.h"

#include "base/array.h"
#include "proto/receipt/receipt.h"
#include "proto/tlog/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)32 * 1024)

size_t th_node_log_of(const struct th_node_driver *driver, const char *name, size_t size)
{
    const struct th_log_keys *keys = &driver->home->log_keys;
    size_t at = 0;
    while (at < keys->count && (strlen(keys->items[at].vkey.name) != size ||
                                memcmp(keys->items[at].vkey.name, name, size) != 0))
        at++;
    return at;
}

static size_t log_of(const struct th_node_driver *driver, const struct th_checkpoint *seen)
{
    return th_node_log_of(driver, seen->origin, strlen(seen->origin));
}

static size_t current_log(const struct th_node_driver *driver)
{
    const char *name = th_home_log(driver->home);
    return th_node_log_of(driver, name, strlen(name));
}

uint64_t th_node_newest_item(const struct th_node_driver *driver)
{
    const struct th_node_place *newest = NULL;
    for (size_t i = 0; i < driver->places_count; i++) {
        const struct th_node_place *place = &driver->places[i];
        if (newest == NULL || place->log > newest->log ||
            (place->log == newest->log && place->position >= newest->position))
            newest = place;
    }
    return newest == NULL ? 0 : newest->item;
}

int th_node_place_item(struct th_node_driver *driver, uint64_t item,
                       const struct th_checkpoint *seen, uint64_t position)
{
    struct th_node_place place = {.item = item, .log = log_of(driver, seen), .position = position};
    for (size_t i = 0; i < driver->places_count; i++) {
        if (driver->places[i].item != item)
            continue;
        driver->places[i] = place;
        return 0;
    }
    struct th_node_place *places = th_array_grow(driver->places, driver->places_count,
                                                 &driver->places_capacity, 16, sizeof *places);
    if (places == NULL)
        return TH_E_NO_MEMORY;
    driver->places = places;
    driver->places[driver->places_count++] = place;
    return 0;
}

static const struct th_node_held *find_size(const struct th_node_driver *driver, size_t log,
                                            uint64_t size)
{
    for (size_t i = 0; i < driver->held_count; i++)
        if (driver->held[i].log == log && driver->held[i].size == size)
            return &driver->held[i];
    return NULL;
}

/* Precondition: no root of this log and size is held. */
static int hold(struct th_node_driver *driver, uint64_t item, const struct th_checkpoint *seen)
{
    struct th_node_held *held =
        th_array_grow(driver->held, driver->held_count, &driver->held_capacity, 16, sizeof *held);
    if (held == NULL)
        return TH_E_NO_MEMORY;
    driver->held = held;
    driver->held[driver->held_count++] = (struct th_node_held){
        .item = item, .log = log_of(driver, seen), .size = seen->size, .root = seen->root};
    return 0;
}

static int keep(struct th_node_driver *driver, uint64_t item, const char *text,
                struct th_bytes receipt)
{
    struct th_notice notice = {.kind = TH_NOTICE_EVIDENCE,
                               .item = item,
                               .text = {text, strlen(text)},
                               .evidence = receipt};
    return th_node_keep_notice(driver, notice, TH_NEWS_ALARM);
}

static int load_one(struct th_node_driver *driver, uint64_t item, struct th_arena *arena)
{
    struct th_outbox_detail detail;
    int status = th_outbox_get_detail(driver->outbox, item, arena, &detail);
    if (status == TH_E_CORRUPT || status == TH_E_NOT_FOUND)
        return 0;
    struct th_receipt receipt;
    if (status == 0) {
        status = th_receipt_open(detail.receipt, &driver->home->log_keys, arena, &receipt);
        if (status != 0 && status != TH_E_NO_MEMORY)
            return 0; /* of another log, which says nothing about this one */
    }
    if (status == 0)
        status = th_node_place_item(driver, item, &receipt.checkpoint, receipt.leaf.position);
    if (status == 0 &&
        find_size(driver, log_of(driver, &receipt.checkpoint), receipt.checkpoint.size) == NULL)
        status = hold(driver, item, &receipt.checkpoint);
    return status;
}

int th_node_witness_load(struct th_node_driver *driver)
{
    const struct th_outbox_item *items;
    size_t count, bad;
    int status = th_outbox_list(driver->outbox, &driver->arena, &items, &count, &bad);
    struct th_arena scratch;
    th_arena_init(&scratch, ARENA_BLOCK_BYTES, (size_t)4 * TH_LIMIT_DECODE_ARENA_BYTES);
    for (size_t i = 0; status == 0 && i < count; i++) {
        if (items[i].state != TH_ITEM_RECEIVED || !items[i].has_position)
            continue;
        th_arena_reset(&scratch);
        status = load_one(driver, items[i].id, &scratch);
    }
    th_arena_deinit(&scratch);
    return status;
}

int th_node_witness_welcome(struct th_node_driver *driver, uint64_t size)
{
    const struct th_node_held *longest = NULL;
    size_t log = current_log(driver);
    for (size_t i = 0; i < driver->held_count; i++)
        if (driver->held[i].log == log && (longest == NULL || driver->held[i].size > longest->size))
            longest = &driver->held[i];
    if (longest == NULL || size >= longest->size)
        return 0;
    struct th_outbox_detail detail = {0};
    int status = th_outbox_get_detail(driver->outbox, longest->item, &driver->arena, &detail);
    if (status != 0 && status != TH_E_CORRUPT && status != TH_E_NOT_FOUND)
        return status;
    char text[400];
    (void)snprintf(text, sizeof text,
                   "Sổ của nơi nhận ngắn hơn biên nhận đang giữ (nay %" PRIu64
                   " bản ghi, khi ký biên nhận của mục %" PRIu64 " là %" PRIu64
                   "): kho bị khôi phục từ bản cũ? Giữ nguyên thư mục này và báo cho nơi nhận.",
                   size, longest->item, longest->size);
    return keep(driver, longest->item, text, detail.receipt);
}

int th_node_witness_receipt(struct th_node_driver *driver, uint64_t item,
                            const struct th_checkpoint *seen, struct th_bytes receipt)
{
    const struct th_node_held *held = find_size(driver, log_of(driver, seen), seen->size);
    if (held == NULL)
        return hold(driver, item, seen);
    if (th_tlog_digest_equal(&held->root, &seen->root))
        return 0;
    char text[400];
    (void)snprintf(text, sizeof text,
                   "Biên nhận của mục %" PRIu64 " và của mục %" PRIu64 " đều ký cho sổ dài %" PRIu64
                   " bản ghi nhưng nội dung sổ khác nhau: kho bị khôi phục từ bản cũ, hoặc nơi "
                   "nhận có hai sổ. Giữ nguyên thư mục này và báo cho nơi nhận.",
                   item, held->item, seen->size);
    return keep(driver, item, text, receipt);
}
