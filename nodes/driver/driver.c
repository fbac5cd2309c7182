/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/driver/driver_state.h"

#include "base/assert.h"
#include "base/big.h"
#include "proto/tlog/hash.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES  ((size_t)32 * 1024)
#define LOOK_AT_ONCE       TH_LIMIT_REPORTS_MAX
#define ARENA_BUDGET_BYTES ((size_t)4 * TH_LIMIT_DECODE_ARENA_BYTES)

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

int th_node_scrub(struct th_node_driver *driver)
{
    size_t count = 0;
    int status = th_outbox_scrub(driver->outbox, driver->ports.wall(driver->ports.context), &count);
    driver->is_repaired = driver->is_repaired || (status == 0 && count > 0);
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
        return th_node_send_parcel(driver, action);
    case TH_NODE_ACTION_SETTLE:
    case TH_NODE_ACTION_APART:
        return 0; /* kept before */
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

/* What was answered comes before anything that is sent for it. The reports of one outcome are kept
 * together. */
static int keep_answers(struct th_node_driver *driver, const struct th_node_actions *actions,
                        const struct th_node_answer *answer, bool has_next)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < actions->count; i++) {
        const struct th_node_action *action = &actions->items[i];
        if (action->kind == TH_NODE_ACTION_SETTLE)
            status = th_node_settle(driver, action, answer);
        else if (action->kind == TH_NODE_ACTION_APART)
            status = th_node_part(driver, action->id, answer);
    }
    return status == 0 && !has_next ? th_node_keep_settled(driver) : status;
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
    int status = keep_answers(driver, &actions, answer, event.has_next);
    if (status == 0)
        status = th_node_freeze(driver, &actions);
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
    uint8_t number[4];
    th_big_put(number, sizeof number, item->number);
    const struct th_tlog_part parts[] = {{item->plan, strlen(item->plan) + 1},
                                         {item->obligation, strlen(item->obligation) + 1},
                                         {number, sizeof number}};
    struct th_digest digest;
    th_tlog_sha256(parts, 3, &digest);
    return th_big_get(digest.bytes, 8);
}

/* Nothing is sent for it yet: what is there now goes together. */
static int take_item(struct th_node_driver *driver, const struct th_outbox_item *item)
{
    size_t size = TH_LIMIT_REPORT_SIZE_MAX; /* when it is damaged: it goes alone */
    int status = th_outbox_get_report_size(driver->outbox, item->id, &size);
    if (status != 0 && status != TH_E_CORRUPT && status != TH_E_NOT_FOUND)
        return status;
    uint64_t bundle = item->is_frozen && !item->is_apart ? item->bundle : 0;
    struct th_node_flight *flight = th_node_find_flight(driver, 0);
    TH_ASSERT(flight != NULL);
    *flight = (struct th_node_flight){.id = item->id,
                                      .is_frozen = item->is_frozen,
                                      .header_digest = item->header_digest,
                                      .report_digest = item->report_digest,
                                      .bundle = bundle,
                                      .attempts_before = item->attempts};
    driver->last_id = item->id;
    return th_node_step(driver,
                        (struct th_node_event){.kind = TH_NODE_EVENT_ITEM,
                                               .id = item->id,
                                               .group = th_node_group_of(item),
                                               .kin = th_node_kin_of(item),
                                               .bundle = bundle,
                                               .size_bytes = (uint32_t)size,
                                               .was_sent = item->is_frozen,
                                               .has_next = true},
                        NULL);
}

/* Fills the core's window. The caller steps the core afterwards, unless there is no connection. */
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
    static const size_t size = LOOK_AT_ONCE * sizeof(struct th_outbox_item);
    struct th_outbox_item *items = th_arena_alloc(&driver->arena, size);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    int status = 0;
    size_t room;
    driver->may_have_more = true;
    while (status == 0 && driver->may_have_more && (room = th_node_core_room(&driver->core)) > 0) {
        size_t capacity = room < LOOK_AT_ONCE ? room : LOOK_AT_ONCE, count = 0;
        status =
            th_outbox_pending(driver->outbox, driver->last_id, items, capacity, &count, &version);
        if (status == 0) {
            driver->seen_version = version;
            driver->may_have_more = count == capacity;
        }
        for (size_t i = 0; status == 0 && i < count; i++)
            status = take_item(driver, &items[i]);
    }
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
        tell(driver, (struct th_node_news){
                         .kind = TH_NEWS_ALARM,
                         .text = th_text_of("Có bản ghi bị hỏng trên đĩa, đã để riêng; xem "
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
