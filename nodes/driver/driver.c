/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/driver/driver_state.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES  ((size_t)32 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)4 * TH_LIMIT_DECODE_ARENA_BYTES)

static struct th_text text_of(const char *text)
{
    return (struct th_text){text, strlen(text)};
}

static void tell(struct th_node_driver *driver, struct th_node_news news)
{
    driver->ports.tell(driver->ports.context, &news);
}

struct th_node_flight *th_node_find_flight(struct th_node_driver *driver, uint64_t id)
{
    for (size_t i = 0; i < TH_NODE_WINDOW; i++)
        if (driver->flights[i].id == id)
            return &driver->flights[i];
    return NULL;
}

/* ---- sending ---- */

int th_node_send_message(struct th_node_driver *driver, const struct th_to_aggregator *message)
{
    struct th_bytes frame;
    int status = th_wire_to_aggregator_encode(message, &driver->arena, &frame);
    return status == 0 ? driver->ports.send(driver->ports.context, frame) : status;
}

/* Builds and signs the submission of one report. */
static int build(struct th_node_driver *driver, const struct th_outbox_item *item,
                 struct th_outbox_frozen *ret_frozen)
{
    struct th_bytes report, header_bytes;
    uint8_t signature[TH_SIGNATURE_SIZE];
    struct th_submission_header header = {
        .mode = driver->home->server.mode,
        .realm = text_of(th_home_log(driver->home)),
        .unit = text_of(driver->home->unit_code),
        .plan_digest = item->plan_digest,
        .prepared = item->has_prepared ? item->prepared : driver->store_now,
        .key = driver->keys->sign_key,
        .report_digests = &item->report_digest,
        .reports_count = 1,
    };
    driver->ports.random(driver->ports.context, header.nonce, sizeof header.nonce);
    int status = th_outbox_get_report(driver->outbox, item->id, &driver->arena, &report);
    if (status == 0)
        status = th_wire_header_encode(&header, &driver->arena, &header_bytes);
    if (status != 0)
        return status;
    th_wire_header_sign(header_bytes, driver->keys->sign_secret, signature);
    struct th_outbox_frozen frozen = {.id = item->id};
    const struct th_tlog_part part = {header_bytes.bytes, header_bytes.size};
    th_tlog_sha256(&part, 1, &frozen.header_digest);
    status = th_wire_submission_encode(header_bytes, signature, &report, 1, &driver->arena,
                                       &frozen.submission);
    if (status == 0)
        *ret_frozen = frozen;
    return status;
}

/* Freezes what is to be sent for the first time, in one transaction. A damaged item is left out:
 * sending it finds the same damage. */
static int freeze(struct th_node_driver *driver, const struct th_node_actions *actions)
{
    struct th_outbox_frozen frozen[TH_NODE_ACTIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < actions->count; i++) {
        if (actions->items[i].kind != TH_NODE_ACTION_SEND)
            continue;
        struct th_node_flight *flight = th_node_find_flight(driver, actions->items[i].id);
        TH_ASSERT(flight != NULL);
        if (flight->is_frozen)
            continue;
        struct th_outbox_item item;
        int status = th_outbox_get(driver->outbox, flight->id, &item);
        if (status == 0)
            status = build(driver, &item, &frozen[count]);
        if (status == 0)
            count++;
        else if (status != TH_E_CORRUPT && status != TH_E_NOT_FOUND)
            return status;
    }
    if (count == 0)
        return 0;
    th_instant now = driver->ports.wall(driver->ports.context);
    int status = th_outbox_freeze(driver->outbox, frozen, count, now);
    for (size_t i = 0; status == 0 && i < count; i++) {
        struct th_node_flight *flight = th_node_find_flight(driver, frozen[i].id);
        TH_ASSERT(flight != NULL);
        flight->is_frozen = true;
        flight->header_digest = frozen[i].header_digest;
    }
    return status;
}

int th_node_scrub(struct th_node_driver *driver)
{
    size_t count = 0;
    int status = th_outbox_scrub(driver->outbox, driver->ports.wall(driver->ports.context), &count);
    driver->is_repaired = driver->is_repaired || (status == 0 && count > 0);
    return status;
}

int th_node_drop_damaged(struct th_node_driver *driver, uint64_t id)
{
    int status = th_node_scrub(driver);
    if (status != 0)
        return status;
    char text[160];
    (void)snprintf(text, sizeof text,
                   "Mục %llu bị hỏng trên đĩa và đã được để riêng; xem tonghop-node status.",
                   (unsigned long long)id);
    tell(driver, (struct th_node_news){.kind = TH_NEWS_ALARM, .text = text_of(text)});
    return th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_DAMAGED, .id = id},
                        NULL);
}

static int send_item(struct th_node_driver *driver, const struct th_node_action *action)
{
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                       .request = action->request};
    struct th_outbox_item item;
    int status = th_outbox_get(driver->outbox, action->id, &item);
    if (status == 0)
        status =
            th_outbox_get_frozen(driver->outbox, action->id, &driver->arena, &message.submission);
    if (status == TH_E_CORRUPT || status == TH_E_NOT_FOUND)
        return th_node_drop_damaged(driver, action->id);
    if (status == 0)
        status = th_node_send_message(driver, &message);
    if (status == 0)
        tell(driver, (struct th_node_news){
                         .kind = TH_NEWS_SENT, .item = &item, .attempt = action->attempt});
    return status;
}

/* ---- the core ---- */

static int perform(struct th_node_driver *driver, const struct th_node_action *action,
                   const struct th_node_answer *answer)
{
    switch (action->kind) {
    case TH_NODE_ACTION_HELLO:
        return th_node_send_hello(driver, action->request);
    case TH_NODE_ACTION_SEND:
        return send_item(driver, action);
    case TH_NODE_ACTION_SETTLE:
        return th_node_settle(driver, action, answer);
    case TH_NODE_ACTION_EVIDENCE:
        return th_node_keep_evidence(driver, action->id, answer);
    case TH_NODE_ACTION_STRANGER:
        return th_node_keep_stranger(driver, answer);
    case TH_NODE_ACTION_READMIT:
        return th_node_send_again(driver, action);
    case TH_NODE_ACTION_READMITTED:
        return th_node_keep_readmission(driver, action->id, answer);
    case TH_NODE_ACTION_CONTRADICTION:
        return th_node_keep_contradiction(driver, action->id, answer);
    }
    return 0;
}

int th_node_step(struct th_node_driver *driver, struct th_node_event event,
                 const struct th_node_answer *answer)
{
    struct th_node_actions actions;
    event.now_ms = driver->ports.now_ms(driver->ports.context);
    driver->ports.random(driver->ports.context, &event.random, sizeof event.random);
    bool is_new_link = event.kind == TH_NODE_EVENT_CONNECTED || event.kind == TH_NODE_EVENT_LOST;
    if (is_new_link && th_node_core_awaits_again(&driver->core))
        driver->owes_again = true;
    th_node_core_step(&driver->core, &event, &actions);
    if (is_new_link)
        th_node_forget_again(driver);
    int status = freeze(driver, &actions);
    for (size_t i = 0; status == 0 && i < actions.count; i++)
        status = perform(driver, &actions.items[i], answer);
    if (status == TH_E_BUSY) {
        /* The connection does not take it: what was not sent waits for the next one. */
        return th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_LOST}, NULL);
    }
    return status;
}

/* ---- items of the outbox ---- */

uint64_t th_node_group_of(const struct th_outbox_item *item)
{
    uint8_t number[4] = {(uint8_t)(item->number >> 24), (uint8_t)(item->number >> 16),
                         (uint8_t)(item->number >> 8), (uint8_t)item->number};
    const struct th_tlog_part parts[] = {{item->plan, strlen(item->plan) + 1},
                                         {item->obligation, strlen(item->obligation) + 1},
                                         {number, sizeof number}};
    struct th_digest digest;
    th_tlog_sha256(parts, 3, &digest);
    uint64_t group = 0;
    for (size_t i = 0; i < 8; i++)
        group = group << 8 | digest.bytes[i];
    return group;
}

static int take_item(struct th_node_driver *driver, const struct th_outbox_item *item)
{
    struct th_node_flight *flight = th_node_find_flight(driver, 0);
    TH_ASSERT(flight != NULL);
    *flight = (struct th_node_flight){.id = item->id,
                                      .is_frozen = item->is_frozen,
                                      .header_digest = item->header_digest,
                                      .report_digest = item->report_digest,
                                      .attempts_before = item->attempts};
    driver->last_id = item->id;
    return th_node_step(driver,
                        (struct th_node_event){.kind = TH_NODE_EVENT_ITEM,
                                               .id = item->id,
                                               .group = th_node_group_of(item),
                                               .was_sent = item->is_frozen},
                        NULL);
}

static int look_for_items(struct th_node_driver *driver)
{
    if (driver->is_repaired && driver->core.count == 0) {
        /* Items come in the order of ids: from the beginning, when none is here. */
        driver->is_repaired = false;
        driver->may_have_more = true;
        driver->last_id = 0;
    }
    uint64_t version = th_outbox_version(driver->outbox);
    if (version == driver->seen_version && !driver->may_have_more)
        return 0;
    size_t room = th_node_core_room(&driver->core);
    if (room == 0) {
        driver->may_have_more = true;
        return 0;
    }
    static const size_t size = TH_NODE_WINDOW * sizeof(struct th_outbox_item);
    struct th_outbox_item *items = th_arena_alloc(&driver->arena, size);
    size_t count = 0;
    if (items == NULL)
        return TH_E_NO_MEMORY;
    int status = th_outbox_pending(driver->outbox, driver->last_id, items, room, &count, &version);
    if (status == 0) {
        driver->seen_version = version;
        driver->may_have_more = count == room;
    }
    for (size_t i = 0; status == 0 && i < count; i++)
        status = take_item(driver, &items[i]);
    return status;
}

/* ---- the door ---- */

static int start(struct th_node_driver *driver)
{
    size_t count = 0;
    int status = th_outbox_scrub(driver->outbox, driver->ports.wall(driver->ports.context), &count);
    if (status != 0)
        return status;
    if (count > 0)
        tell(driver,
             (struct th_node_news){.kind = TH_NEWS_ALARM,
                                   .text = text_of("Có bản ghi bị hỏng trên đĩa, đã để riêng; xem "
                                                   "tonghop-node status.")});
    const struct th_home *home = driver->home;
    driver->known[driver->known_count++] = home->units_digest;
    for (size_t i = 0; i < home->plans_count; i++)
        driver->known[driver->known_count++] = home->plans[i].digest;
    status = th_node_witness_load(driver);
    if (status != 0)
        return status;
    driver->may_have_more = true;
    return look_for_items(driver);
}

int th_node_driver_new(struct th_home *home, const struct th_home_keys *keys,
                       struct th_outbox *outbox, const struct th_node_ports *ports,
                       struct th_node_driver **ret_driver)
{
    struct th_node_driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL)
        return TH_E_NO_MEMORY;
    driver->home = home;
    driver->keys = keys;
    driver->outbox = outbox;
    driver->ports = *ports;
    th_node_core_init(&driver->core);
    th_arena_init(&driver->arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int status = start(driver);
    if (status != 0) {
        th_node_driver_free(driver);
        return status;
    }
    *ret_driver = driver;
    return 0;
}

void th_node_driver_free(struct th_node_driver *driver)
{
    if (driver == NULL)
        return;
    th_arena_deinit(&driver->arena);
    free(driver->held);
    free(driver->places);
    free(driver->lost);
    free(driver);
}

int th_node_driver_on_connected(struct th_node_driver *driver)
{
    th_arena_reset(&driver->arena);
    return th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_CONNECTED}, NULL);
}

int th_node_driver_on_lost(struct th_node_driver *driver)
{
    th_arena_reset(&driver->arena);
    tell(driver, (struct th_node_news){.kind = TH_NEWS_LOST});
    return th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_LOST}, NULL);
}

int th_node_driver_on_time(struct th_node_driver *driver)
{
    th_arena_reset(&driver->arena);
    int status = look_for_items(driver);
    if (status == 0)
        status = th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_TIME}, NULL);
    return status == 0 ? th_node_feed_again(driver) : status;
}

int64_t th_node_driver_next_ms(const struct th_node_driver *driver)
{
    return th_node_core_next_ms(&driver->core);
}

bool th_node_driver_is_idle(struct th_node_driver *driver)
{
    return driver->core.count == 0 && !driver->owes_again && !driver->is_repaired &&
           !th_node_core_awaits_again(&driver->core) && !driver->may_have_more &&
           th_outbox_version(driver->outbox) == driver->seen_version;
}

bool th_node_driver_was_welcomed(const struct th_node_driver *driver)
{
    return driver->was_welcomed;
}

size_t th_node_driver_pending(const struct th_node_driver *driver)
{
    return driver->core.count + driver->core.again_count;
}

uint64_t th_node_driver_dropped_frames(const struct th_node_driver *driver)
{
    return driver->dropped_frames;
}
