/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes in one submission: one report, or a bundle of those that the core sends together. Its
 * bytes are on the disk before they go, as one record, and are the same at each repetition.
 */
#include "nodes/driver/driver_state.h"

#include "base/assert.h"
#include "base/big.h"
#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"

#include <stdio.h>
#include <string.h>

static void tell(struct th_node_driver *driver, struct th_node_news news)
{
    driver->ports.tell(driver->ports.context, &news);
}

static bool is_damage(int status)
{
    return status == TH_E_CORRUPT || status == TH_E_NOT_FOUND;
}

/* One header speaks for a bundle: of one plan's text, and one claim of when it was prepared. Terms
 * begin and end at 00:00 in Vietnam, so what was prepared on one day was in time together or not.
 */
uint64_t th_node_kin_of(const struct th_outbox_item *item)
{
    if (item->is_apart)
        return 0;
    uint8_t day[5] = {item->has_prepared};
    uint32_t number = item->has_prepared ? (uint32_t)th_day_of_instant(item->prepared).number : 0;
    for (size_t i = 0; i < 4; i++)
        day[1 + i] = (uint8_t)(number >> (8 * i));
    const struct th_tlog_part parts[] = {{item->plan_digest.bytes, TH_DIGEST_SIZE},
                                         {day, sizeof day}};
    struct th_digest digest;
    th_tlog_sha256(parts, 2, &digest);
    return th_big_get(digest.bytes, 8) | 1;
}

/* ---- freezing ---- */

/* The reports of a submission that is to be. */
struct parcel {
    struct th_digest digests[TH_LIMIT_REPORTS_MAX];
    struct th_bytes reports[TH_LIMIT_REPORTS_MAX];
    struct th_digest plan_digest;
    th_instant prepared; /* of the last one: nothing was prepared later */
};

static int add_report(struct th_node_driver *driver, uint64_t id, struct parcel *parcel,
                      struct th_outbox_frozen *frozen)
{
    struct th_outbox_item item;
    struct th_bytes report;
    int status = th_outbox_get(driver->outbox, id, &item);
    if (status == 0)
        status = th_outbox_get_report(driver->outbox, id, &driver->arena, &report);
    if (status != 0)
        return status;
    th_instant prepared = item.has_prepared ? item.prepared : driver->store_now;
    size_t at = frozen->ids_count++;
    TH_ASSERT(at < TH_LIMIT_REPORTS_MAX);
    frozen->ids[at] = id;
    parcel->digests[at] = item.report_digest;
    parcel->reports[at] = report;
    parcel->plan_digest = item.plan_digest;
    if (at == 0 || prepared.ms > parcel->prepared.ms)
        parcel->prepared = prepared;
    return 0;
}

/* One signature over one header. */
static int sign(struct th_node_driver *driver, const struct parcel *parcel,
                struct th_outbox_frozen *frozen)
{
    struct th_bytes header_bytes;
    uint8_t signature[TH_SIGNATURE_SIZE];
    struct th_submission_header header = {
        .mode = driver->home->server.mode,
        .realm = th_text_of(th_home_log(driver->home)),
        .unit = th_text_of(driver->home->unit_code),
        .plan_digest = parcel->plan_digest,
        .prepared = parcel->prepared,
        .key = driver->keys->sign_key,
        .report_digests = parcel->digests,
        .reports_count = frozen->ids_count,
    };
    driver->ports.random(driver->ports.context, header.nonce, sizeof header.nonce);
    int status = th_wire_header_encode(&header, &driver->arena, &header_bytes);
    if (status != 0)
        return status;
    th_wire_header_sign(header_bytes, driver->keys->sign_secret, signature);
    const struct th_tlog_part part = {header_bytes.bytes, header_bytes.size};
    th_tlog_sha256(&part, 1, &frozen->header_digest);
    return th_wire_submission_encode(header_bytes, signature, parcel->reports, frozen->ids_count,
                                     &driver->arena, &frozen->submission);
}

/* Nothing when it is frozen already. A damaged item is left out: sending finds the same damage. */
static int build(struct th_node_driver *driver, const struct th_node_action *action,
                 struct th_outbox_frozen *ret_frozen)
{
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    size_t count = th_node_core_sent(&driver->core, action->request, ids);
    struct th_outbox_frozen *frozen = ret_frozen;
    frozen->ids_count = 0;
    frozen->bundle = action->bundle;
    struct parcel *parcel = th_arena_alloc(&driver->arena, sizeof *parcel);
    if (parcel == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct th_node_flight *flight = th_node_find_flight(driver, ids[i]);
        TH_ASSERT(flight != NULL);
        int status = flight->is_frozen ? 0 : add_report(driver, ids[i], parcel, frozen);
        if (status != 0 && !is_damage(status))
            return status;
    }
    return frozen->ids_count == 0 ? 0 : sign(driver, parcel, frozen);
}

int th_node_freeze(struct th_node_driver *driver, const struct th_node_actions *actions)
{
    struct th_outbox_frozen frozen[TH_NODE_FLIGHT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < actions->count; i++) {
        if (actions->items[i].kind != TH_NODE_ACTION_SEND)
            continue;
        TH_ASSERT(count < TH_NODE_FLIGHT_MAX);
        int status = build(driver, &actions->items[i], &frozen[count]);
        if (status != 0)
            return status;
        count += frozen[count].ids_count > 0;
    }
    if (count == 0)
        return 0;
    int status =
        th_outbox_freeze(driver->outbox, frozen, count, driver->ports.wall(driver->ports.context));
    for (size_t i = 0; status == 0 && i < count; i++) {
        for (size_t j = 0; j < frozen[i].ids_count; j++) {
            struct th_node_flight *flight = th_node_find_flight(driver, frozen[i].ids[j]);
            TH_ASSERT(flight != NULL);
            flight->is_frozen = true;
            flight->bundle = frozen[i].bundle;
            flight->header_digest = frozen[i].header_digest;
        }
    }
    return status;
}

/* ---- sending ---- */

int th_node_drop_damaged(struct th_node_driver *driver, const uint64_t *ids, size_t count)
{
    int status = count > 0 ? th_node_scrub(driver) : 0;
    for (size_t i = 0; status == 0 && i < count; i++) {
        char text[160];
        (void)snprintf(text, sizeof text,
                       "Mục %llu bị hỏng trên đĩa và đã được để riêng; xem tonghop-node status.",
                       (unsigned long long)ids[i]);
        tell(driver, (struct th_node_news){.kind = TH_NEWS_ALARM, .text = th_text_of(text)});
        status = th_node_step(driver,
                              (struct th_node_event){.kind = TH_NODE_EVENT_DAMAGED,
                                                     .id = ids[i],
                                                     .has_next = i + 1 < count},
                              NULL);
    }
    return status;
}

/* The items of a request whose records are good, and the submission. Without it all are bad. */
static int collect(struct th_node_driver *driver, const uint64_t *ids, size_t count,
                   struct th_outbox_item *ret_items, size_t *ret_good, uint64_t *ret_bad,
                   size_t *ret_bad_count, struct th_bytes *ret_submission)
{
    size_t good = 0, bad = 0;
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        const struct th_node_flight *flight = th_node_find_flight(driver, ids[i]);
        TH_ASSERT(flight != NULL);
        status = flight->is_frozen ? th_outbox_get(driver->outbox, ids[i], &ret_items[good])
                                   : TH_E_CORRUPT;
        if (status == 0)
            good++;
        else if (is_damage(status))
            ret_bad[bad++] = ids[i];
        else
            return status;
    }
    status = good == 0 ? 0
                       : th_outbox_get_frozen(driver->outbox, ret_items[0].id, &driver->arena,
                                              ret_submission);
    if (is_damage(status)) {
        memcpy(ret_bad, ids, count * sizeof *ids);
        bad = count;
        good = 0;
        status = 0;
    }
    *ret_good = good;
    *ret_bad_count = bad;
    return status;
}

int th_node_send_parcel(struct th_node_driver *driver, const struct th_node_action *action)
{
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                       .request = action->request};
    uint64_t ids[TH_LIMIT_REPORTS_MAX], bad[TH_LIMIT_REPORTS_MAX];
    size_t count = th_node_core_sent(&driver->core, action->request, ids);
    size_t good = 0, bad_count = 0;
    struct th_outbox_item *items = th_arena_alloc_array(&driver->arena, count, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    int status = collect(driver, ids, count, items, &good, bad, &bad_count, &message.submission);
    if (status == 0 && good > 0)
        status = th_node_send_message(driver, &message);
    for (size_t i = 0; status == 0 && i < good; i++)
        tell(driver, (struct th_node_news){
                         .kind = TH_NEWS_SENT, .item = &items[i], .attempt = action->attempt});
    return status == 0 ? th_node_drop_damaged(driver, bad, bad_count) : status;
}

int th_node_part(struct th_node_driver *driver, uint64_t bundle,
                 const struct th_node_answer *answer)
{
    TH_ASSERT(answer != NULL && answer->failure != NULL);
    int status = th_outbox_part(driver->outbox, bundle, driver->ports.wall(driver->ports.context));
    if (status != 0)
        return status;
    for (size_t i = 0; i < TH_NODE_WINDOW; i++) {
        struct th_node_flight *flight = &driver->flights[i];
        if (flight->id != 0 && flight->bundle == bundle)
            flight->is_frozen = false;
    }
    char text[600];
    struct th_text why = answer->failure->text;
    (void)snprintf(text, sizeof text,
                   "Nơi nhận không nhận các báo cáo gửi chung một gói (%.*s); gửi lại từng báo "
                   "cáo.",
                   why.size < 400 ? (int)why.size : 400, why.bytes);
    tell(driver, (struct th_node_news){.kind = TH_NEWS_NOTICE, .text = th_text_of(text)});
    return 0;
}
