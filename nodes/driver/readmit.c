/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the province put its store back from an older copy, its new log lacks what the earlier one
 * had from some position on. The welcome says so; this node shows the receipts that it holds for
 * such positions, in their order, with the submissions as they were frozen. Items of one submission
 * that one receipt speaks of are one readmission.
 */
#include "nodes/driver/driver_state.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(struct th_node_driver *driver, struct th_node_news news)
{
    driver->ports.tell(driver->ports.context, &news);
}

static bool is_damage(int status)
{
    return status == TH_E_CORRUPT || status == TH_E_NOT_FOUND;
}

struct th_node_flight *th_node_find_again(struct th_node_driver *driver, uint64_t id)
{
    for (size_t i = 0; i < TH_NODE_AGAIN_WINDOW; i++)
        if (driver->again[i].id == id)
            return &driver->again[i];
    return NULL;
}

void th_node_forget_again(struct th_node_driver *driver)
{
    memset(driver->again, 0, sizeof driver->again);
    driver->lost_count = driver->lost_next = 0;
    driver->fed_bundle = driver->fed_key = 0;
}

/* ---- the list ---- */

static bool is_lost(const struct th_node_driver *driver, const struct th_node_place *place,
                    const struct th_lost *lost, size_t count)
{
    const char *current = th_home_log(driver->home);
    size_t log = th_node_log_of(driver, current, strlen(current));
    for (size_t i = 0; i < count; i++)
        if (place->log < log && place->position >= lost[i].from &&
            place->log == th_node_log_of(driver, lost[i].realm.bytes, lost[i].realm.size))
            return true;
    return false;
}

static int by_place(const void *a, const void *b)
{
    const struct th_node_place *first = a, *second = b;
    if (first->log != second->log)
        return first->log < second->log ? -1 : 1;
    if (first->position != second->position)
        return first->position < second->position ? -1 : 1;
    return (first->item > second->item) - (first->item < second->item);
}

/* For `status`. Failing to keep it changes nothing here. */
static int keep_lost(struct th_node_driver *driver, const struct th_lost *lost, size_t count)
{
    struct th_outbox_lost kept[TH_OUTBOX_LOST_MAX];
    size_t kept_count = count < TH_OUTBOX_LOST_MAX ? count : TH_OUTBOX_LOST_MAX;
    for (size_t i = 0; i < kept_count; i++)
        kept[i] = (struct th_outbox_lost){.realm = lost[i].realm, .from = lost[i].from};
    int status = th_outbox_keep_lost(driver->outbox, kept, kept_count);
    return status == TH_E_STORAGE ? 0 : status;
}

int th_node_ask_again(struct th_node_driver *driver, const struct th_lost *lost, size_t count)
{
    int status = keep_lost(driver, lost, count);
    if (status != 0)
        return status;
    size_t capacity = driver->places_count > 0 ? driver->places_count : 1;
    struct th_node_place *list = reallocarray(driver->lost, capacity, sizeof *list);
    if (list == NULL)
        return TH_E_NO_MEMORY;
    driver->lost = list;
    th_node_forget_again(driver);
    for (size_t i = 0; i < driver->places_count; i++)
        if (is_lost(driver, &driver->places[i], lost, count))
            list[driver->lost_count++] = driver->places[i];
    if (driver->lost_count > 0)
        qsort(list, driver->lost_count, sizeof *list, by_place);
    return th_node_feed_again(driver);
}

/* What the core knows a bundle by: an id of the first of those that are shown together. */
static uint64_t key_of(struct th_node_driver *driver, const struct th_outbox_item *item,
                       const struct th_node_place *place)
{
    uint64_t bundle = item->is_apart ? 0 : item->bundle;
    bool is_next = bundle != 0 && bundle == driver->fed_bundle && place->log == driver->fed.log &&
                   place->position == driver->fed.position;
    driver->fed = *place;
    driver->fed_bundle = bundle;
    if (!is_next)
        driver->fed_key = item->id;
    return bundle == 0 ? 0 : driver->fed_key;
}

/* One of the list to the core. One that cannot be read, or was answered meanwhile, is left out. The
 * report's own bytes are not needed: the submission has them. */
static int feed_one(struct th_node_driver *driver, const struct th_node_place *place)
{
    size_t room = th_node_core_again_room(&driver->core);
    struct th_node_event event = {.kind = TH_NODE_EVENT_AGAIN,
                                  .has_more = driver->lost_next < driver->lost_count};
    struct th_outbox_item item;
    size_t size = TH_LIMIT_REPORT_SIZE_MAX;
    int status = th_outbox_get(driver->outbox, place->item, &item);
    bool is_gone = is_damage(status);
    if (status == 0)
        status = th_outbox_get_report_size(driver->outbox, place->item, &size);
    if (status != 0 && !is_damage(status))
        return status;
    if (is_gone || item.state != TH_ITEM_RECEIVED || !item.is_frozen) {
        event.has_next = event.has_more;
        return th_node_step(driver, event, NULL);
    }
    struct th_node_flight *flight = th_node_find_again(driver, 0);
    TH_ASSERT(flight != NULL);
    *flight = (struct th_node_flight){.id = item.id,
                                      .is_frozen = true,
                                      .header_digest = item.header_digest,
                                      .report_digest = item.report_digest};
    event.id = item.id;
    event.size_bytes = (uint32_t)size;
    event.group = th_node_group_of(&item);
    event.bundle = key_of(driver, &item, place);
    event.has_next = event.has_more && room > 1;
    return th_node_step(driver, event, NULL);
}

int th_node_feed_again(struct th_node_driver *driver)
{
    int status = 0;
    while (status == 0 && driver->lost_next < driver->lost_count &&
           th_node_core_again_room(&driver->core) > 0) {
        struct th_node_place place = driver->lost[driver->lost_next++];
        status = feed_one(driver, &place);
    }
    return status;
}

/* ---- what the core decides ---- */

static void leave(struct th_node_driver *driver, uint64_t id)
{
    struct th_node_flight *flight = th_node_find_again(driver, id);
    if (flight != NULL)
        *flight = (struct th_node_flight){0};
}

/* The submission and the receipt of an item. */
static int look(struct th_node_driver *driver, uint64_t id, struct th_outbox_item *ret_item,
                struct th_readmission *ret_readmission)
{
    struct th_outbox_detail detail;
    struct th_readmission found;
    int status = th_outbox_get(driver->outbox, id, ret_item);
    if (status == 0)
        status = th_outbox_get_frozen(driver->outbox, id, &driver->arena, &found.submission);
    if (status == 0)
        status = th_outbox_get_detail(driver->outbox, id, &driver->arena, &detail);
    if (status == 0 && detail.receipt.size == 0)
        status = TH_E_NOT_FOUND;
    if (status != 0)
        return status;
    found.receipt = detail.receipt;
    *ret_readmission = found;
    return 0;
}

/* Any of the items has what is to be shown; those whose records are damaged leave. */
int th_node_send_again(struct th_node_driver *driver, const struct th_node_action *action)
{
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_READMISSION,
                                       .request = action->request};
    uint64_t ids[TH_LIMIT_REPORTS_MAX], bad[TH_LIMIT_REPORTS_MAX];
    size_t count = th_node_core_sent(&driver->core, action->request, ids), bad_count = 0;
    struct th_outbox_item item;
    int status = TH_E_NOT_FOUND;
    for (size_t i = 0; i < count && status != 0; i++) {
        status = look(driver, ids[i], &item, &message.readmission);
        if (is_damage(status)) {
            leave(driver, ids[i]);
            bad[bad_count++] = ids[i];
        } else if (status != 0) {
            return status;
        }
    }
    if (bad_count < count) {
        status = th_node_send_message(driver, &message);
        if (status != 0)
            return status;
    }
    for (size_t i = bad_count; i < count; i++)
        if (th_outbox_get(driver->outbox, ids[i], &item) == 0)
            tell(driver, (struct th_node_news){
                             .kind = TH_NEWS_AGAIN, .item = &item, .attempt = action->attempt});
    return th_node_drop_damaged(driver, bad, bad_count);
}

int th_node_keep_readmission(struct th_node_driver *driver, uint64_t id,
                             const struct th_node_answer *answer)
{
    TH_ASSERT(answer != NULL && answer->leaf != NULL);
    leave(driver, id);
    th_instant now = driver->ports.wall(driver->ports.context);
    struct th_outbox_readmission readmission = {.id = id,
                                                .receipt = answer->receipt,
                                                .position = answer->leaf->position,
                                                .time = answer->leaf->time};
    int status = th_outbox_readmit(driver->outbox, &readmission, now);
    if (is_damage(status) || status == TH_E_INVALID)
        return th_node_scrub(driver);
    if (status == 0)
        status = th_node_place_item(driver, id, answer->checkpoint, readmission.position);
    struct th_outbox_item item;
    if (status == 0)
        status = th_outbox_get(driver->outbox, id, &item);
    if (status == 0)
        tell(driver, (struct th_node_news){.kind = TH_NEWS_READMITTED, .item = &item});
    return status;
}

int th_node_keep_contradiction(struct th_node_driver *driver, uint64_t id,
                               const struct th_node_answer *answer)
{
    TH_ASSERT(answer != NULL && answer->verdict != NULL);
    struct th_node_flight *flight = th_node_find_again(driver, id);
    TH_ASSERT(flight != NULL);
    char ours[TH_DIGEST_HEX_SIZE + 1], theirs[TH_DIGEST_HEX_SIZE + 1] = "không nói";
    th_tlog_digest_to_hex(&flight->report_digest, ours);
    if (answer->verdict->has_stored_digest)
        th_tlog_digest_to_hex(&answer->verdict->stored_digest, theirs);
    leave(driver, id);
    struct th_outbox_detail detail = {0};
    int status = th_outbox_get_detail(driver->outbox, id, &driver->arena, &detail);
    if (status != 0 && !is_damage(status))
        return status;
    char text[600];
    (void)snprintf(text, sizeof text,
                   "Nơi nhận không nhận lại mục %llu: sổ mới đã có nội dung khác cho lần này. Nội "
                   "dung ở đây %s, nơi nhận có %s. Biên nhận cũ vẫn giữ làm bằng chứng; hãy báo "
                   "cho nơi nhận.",
                   (unsigned long long)id, ours, theirs);
    struct th_notice notice = {.kind = TH_NOTICE_EVIDENCE,
                               .item = id,
                               .text = {text, strlen(text)},
                               .evidence = detail.receipt};
    return th_node_keep_notice(driver, notice, TH_NEWS_ALARM);
}
