/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hello is answered with the store's time and size, the keys that the log has had and what it
 * lost, the plans and units that the node lacks, and the reminders that are in force for what its
 * unit has not reported.
 */
#include "aggregator/driver/parts.h"
#include "aggregator/driver/readmission.h"
#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMINDER_TEXT_SIZE 400

/* ---- plans and units ---- */

/* All units, encoded as nodes get them. Borrows until they change. */
static int encode_units(struct th_driver *driver, struct th_bytes *ret_content)
{
    if (driver->units == NULL) {
        struct th_arena arena;
        th_arena_init(&arena, (size_t)1 << 20, (size_t)64 << 20);
        uint32_t count = th_core_units_count(driver->core);
        struct th_bytes content = {NULL, 0};
        struct th_unit *units = th_arena_alloc_array(&arena, count, sizeof *units);
        for (uint32_t i = 0; i < count && units != NULL; i++)
            units[i] = *th_core_unit(driver->core, i);
        int status =
            units == NULL ? TH_E_NO_MEMORY : th_wire_units_encode(units, count, &arena, &content);
        uint8_t *copy = status < 0 ? NULL : malloc(content.size + 1);
        if (copy != NULL && content.size > 0)
            memcpy(copy, content.bytes, content.size);
        th_arena_deinit(&arena);
        if (status < 0)
            return status;
        if (copy == NULL)
            return TH_E_NO_MEMORY;
        driver->units = copy;
        driver->units_size = content.size;
    }
    *ret_content = (struct th_bytes){driver->units, driver->units_size};
    return 0;
}

static bool is_known(const struct th_hello *hello, const struct th_digest *digest)
{
    for (size_t i = 0; i < hello->known_count; i++)
        if (memcmp(&hello->known[i], digest, sizeof *digest) == 0)
            return true;
    return false;
}

/* Nodes get what cannot be encoded now with a later hello. */
static bool encode_announcement(struct th_driver *driver, enum th_announcement_kind kind,
                                struct th_bytes content, struct th_bytes *ret_frame)
{
    struct th_to_node message = {.kind = TH_TO_NODE_ANNOUNCEMENT};
    message.body.announcement = (struct th_announcement){kind, content};
    if (th_wire_to_node_encode(&message, &driver->leaving->arena, ret_frame) == 0)
        return true;
    driver->counters.unannounced++;
    return false;
}

static void announce(struct th_driver *driver, const struct th_item *item,
                     enum th_announcement_kind kind, struct th_bytes content,
                     const struct th_digest *digest)
{
    struct th_bytes frame;
    if (is_known(&item->hello, digest) || !encode_announcement(driver, kind, content, &frame))
        return;
    driver->ports.transport.send(driver->ports.transport.context, item->sender, frame);
}

static bool is_below(const struct th_core *core, uint32_t unit, const char *code)
{
    for (unsigned depth = 0; depth < TH_UNIT_DEPTH_MAX + 1 && unit != TH_UNIT_NONE; depth++) {
        const struct th_unit *at = th_core_unit(core, unit);
        if (strcmp(at->code, code) == 0)
            return true;
        unit = at->parent;
    }
    return false;
}

static void announce_all(struct th_driver *driver, const struct th_item *item, uint32_t unit)
{
    struct th_bytes units;
    if (encode_units(driver, &units) == 0) {
        struct th_digest digest;
        th_tlog_sha256(&(struct th_tlog_part){units.bytes, units.size}, 1, &digest);
        announce(driver, item, TH_ANNOUNCEMENT_UNITS, units, &digest);
    }
    TH_ASSERT(driver->plans_count == th_core_plans_count(driver->core));
    for (uint16_t i = 0; i < driver->plans_count; i++)
        if (is_below(driver->core, unit, th_core_plan(driver->core, i)->territory))
            announce(driver, item, TH_ANNOUNCEMENT_PLAN, driver->plans[i].content,
                     &driver->plans[i].digest);
}

/*
 * To every unit's nodes that are connected, when this batch loaded it. Each unit costs a copy until
 * it is sent: what would be too much together is not spread, nodes get it with their next hello.
 */
static void spread(struct th_driver *driver, enum th_announcement_kind kind,
                   struct th_bytes content, const char *territory)
{
    struct th_bytes frame;
    if (!encode_announcement(driver, kind, content, &frame))
        return;
    size_t copies = 0;
    for (uint32_t unit = 0; unit < th_core_units_count(driver->core); unit++)
        copies += territory == NULL || is_below(driver->core, unit, territory);
    if (copies > driver->spread_bytes / frame.size) {
        driver->counters.unspread++;
        return;
    }
    for (uint32_t unit = 0; unit < th_core_units_count(driver->core); unit++)
        if (territory == NULL || is_below(driver->core, unit, territory))
            driver->ports.transport.send_to_unit(driver->ports.transport.context,
                                                 th_core_unit(driver->core, unit)->code, frame);
}

void th_driver_spread(struct th_driver *driver)
{
    TH_ASSERT(driver->leaving != NULL);
    bool has_units = false;
    for (size_t i = 0; i < driver->leaving->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&driver->leaving->effects, i);
        has_units = has_units || effect->kind == TH_EFFECT_PUT_UNIT;
        if (effect->kind == TH_EFFECT_PUT_PLAN)
            spread(driver, TH_ANNOUNCEMENT_PLAN, driver->plans[effect->body.plan.number].content,
                   th_core_plan(driver->core, effect->body.plan.number)->territory);
    }
    struct th_bytes units;
    if (has_units && encode_units(driver, &units) == 0)
        spread(driver, TH_ANNOUNCEMENT_UNITS, units, NULL);
}

/* ---- reminders ---- */

static void fill_reminder(const struct th_plan *plan, const struct th_obligation *obligation,
                          th_instant due, th_instant now, char text[REMINDER_TEXT_SIZE],
                          struct th_to_node *message)
{
    const th_instant last = {due.ms - 1}; /* "trước ngày 10/5" is often misread */
    char spoken[TH_SPOKEN_TEXT_SIZE], last_spoken[TH_SPOKEN_TEXT_SIZE];
    char title[TH_TEXT_EXCERPT_SIZE];
    const char *name = obligation->title[0] == 0 ? obligation->id : obligation->title;
    int size = snprintf(text, REMINDER_TEXT_SIZE,
                        "Chưa nhận được báo cáo \"%s\" theo kế hoạch %s. Hạn: trước %s, chậm "
                        "nhất %s.",
                        th_text_excerpt(name, strlen(name), title), plan->id,
                        th_instant_format_deadline(due, spoken),
                        th_instant_format_spoken(last, last_spoken));
    TH_ASSERT(size > 0);
    TH_ASSERT(size < REMINDER_TEXT_SIZE);
    *message = (struct th_to_node){.kind = TH_TO_NODE_REMINDER};
    message->body.reminder = (struct th_reminder){.plan = th_text_of(plan->id),
                                                  .obligation = th_text_of(obligation->id),
                                                  .text = {text, (size_t)size},
                                                  .due = due,
                                                  .time = now};
}

void th_driver_remind(struct th_driver *driver, const struct th_effect *effect, th_instant now)
{
    TH_ASSERT(driver->leaving != NULL);
    const struct th_plan *plan = th_core_plan(driver->core, effect->book.plan);
    char text[REMINDER_TEXT_SIZE];
    struct th_to_node message;
    fill_reminder(plan, &plan->obligations[effect->book.obligation], effect->body.remind.due, now,
                  text, &message);
    struct th_bytes frame;
    if (th_wire_to_node_encode(&message, &driver->leaving->arena, &frame) < 0) {
        driver->counters.answers_lost++;
        return;
    }
    for (uint32_t i = 0; i < effect->body.remind.count; i++)
        driver->ports.transport.send_to_unit(
            driver->ports.transport.context,
            th_core_unit(driver->core, effect->body.remind.units[i])->code, frame);
}

/* Reminded, still missing, and still accepted: the reminder stands. */
static int remind_one(struct th_driver *driver, const struct th_item *item, uint32_t unit,
                      struct th_book_id book, th_instant now)
{
    const struct th_plan *plan = th_core_plan(driver->core, book.plan);
    const struct th_obligation *obligation = &plan->obligations[book.obligation];
    const struct th_mark *mark = th_core_mark(driver->core, book);
    if (mark == NULL || !mark->reminded || !obligation->has_due)
        return 0;
    if (!th_core_expects(driver->core, book, unit, th_day_of_instant(now)))
        return 0;
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    if (terms != NULL && now.ms >= th_day_start(terms->accept_until).ms + TH_DAY_MS)
        return 0;
    int status = th_driver_open_book(driver, book);
    if (status < 0)
        return status;
    if (th_core_has_reported(driver->core, book, unit))
        return 0;
    char text[REMINDER_TEXT_SIZE];
    struct th_to_node message;
    fill_reminder(plan, obligation, obligation->due, now, text, &message);
    th_driver_send(driver, item, &message);
    return 0;
}

/* Not during a recovery: what is missed may have been received and lost, and comes back next. */
static int remind_all(struct th_driver *driver, const struct th_item *item, uint32_t unit,
                      th_instant now)
{
    if (th_core_recovery(driver->core)->is_open)
        return 0;
    for (uint16_t i = 0; i < th_core_plans_count(driver->core); i++) {
        const struct th_plan *plan = th_core_plan(driver->core, i);
        for (uint16_t j = 0; j < plan->obligations_count; j++) {
            int status = remind_one(driver, item, unit, (struct th_book_id){i, j}, now);
            if (status < 0)
                return status;
        }
    }
    return 0;
}

/* ---- the history of the log ---- */

static int describe_key(struct th_driver *driver, const struct th_log_key *key,
                        struct th_log_key_body *body)
{
    size_t size = 0;
    char *text = th_arena_alloc(&driver->leaving->arena, TH_NOTE_VKEY_TEXT_MAX + 1);
    if (text == NULL)
        return TH_E_NO_MEMORY;
    int status = th_tlog_vkey_encode(&key->vkey, TH_NOTE_VKEY_TEXT_MAX + 1, text, &size);
    *body = (struct th_log_key_body){
        .vkey = {text, size},
        .after = key->after,
        .succession = {(const uint8_t *)key->succession, key->succession_size}};
    return status;
}

/* Each origin that another one follows, once. The history has TH_LOG_KEYS_MAX keys at most. */
static size_t list_lost(const struct th_log_keys *keys, struct th_lost *lost)
{
    const char *before = "";
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const char *origin = keys->items[i].vkey.name;
        if (strcmp(origin, before) != 0 && th_log_lost_from(keys, origin, &lost[count].from))
            lost[count++].realm = th_text_of(origin);
        before = origin;
    }
    return count;
}

/* Once for a batch that greets. */
static int make_history(struct th_driver *driver)
{
    const struct th_log_keys *keys = driver->ports.store.log_keys;
    struct th_log_key_body *later =
        th_arena_alloc_array(&driver->leaving->arena, keys->count, sizeof *later);
    struct th_lost *lost = th_arena_alloc_array(&driver->leaving->arena, keys->count, sizeof *lost);
    int status = later == NULL || lost == NULL ? TH_E_NO_MEMORY : 0;
    for (size_t i = 1; i < keys->count && status == 0; i++)
        status = describe_key(driver, &keys->items[i], &later[i - 1]);
    if (status < 0)
        return status;
    driver->leaving->log_keys = later;
    driver->leaving->log_keys_count = keys->count - 1;
    driver->leaving->lost = lost;
    driver->leaving->lost_count = list_lost(keys, lost);
    driver->leaving->has_history = true;
    return 0;
}

/* ---- welcome ---- */

static int welcome_at(struct th_driver *driver, th_instant now, struct th_welcome *ret_welcome)
{
    const struct th_store_port *store = &driver->ports.store;
    TH_ASSERT(store->log_keys->count > 0);
    int status = driver->leaving->has_history ? 0 : make_history(driver);
    if (status < 0)
        return status;
    *ret_welcome = (struct th_welcome){.mode = store->identity->mode,
                                       .realm = th_text_of(store->identity->realm),
                                       .now = now,
                                       .size = store->next_position(store->context),
                                       .log_keys = driver->leaving->log_keys,
                                       .log_keys_count = driver->leaving->log_keys_count,
                                       .lost = driver->leaving->lost,
                                       .lost_count = driver->leaving->lost_count};
    return 0;
}

void th_driver_tell_time(struct th_driver *driver, th_instant now)
{
    TH_ASSERT(driver->leaving != NULL);
    bool was_set = false;
    for (size_t i = 0; i < driver->leaving->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&driver->leaving->effects, i);
        was_set = was_set ||
                  (effect->kind == TH_EFFECT_APPEND && effect->body.append.kind == TH_ENTRY_CLOCK &&
                   effect->body.append.body.clock_change.kind == TH_CLOCK_REHEARSED);
    }
    if (!was_set)
        return;
    struct th_to_node message = {.kind = TH_TO_NODE_WELCOME};
    struct th_bytes frame;
    if (welcome_at(driver, now, &message.body.welcome) < 0 ||
        th_wire_to_node_encode(&message, &driver->leaving->arena, &frame) < 0) {
        driver->counters.answers_lost++;
        return;
    }
    for (uint32_t unit = 0; unit < th_core_units_count(driver->core); unit++)
        driver->ports.transport.send_to_unit(driver->ports.transport.context,
                                             th_core_unit(driver->core, unit)->code, frame);
}

int th_driver_greet(struct th_driver *driver, const struct th_item *item)
{
    TH_ASSERT(driver->leaving != NULL);
    driver->counters.hellos++;
    const struct th_hello *hello = &item->hello;
    th_instant now = th_core_time(driver->core, item->now);
    uint32_t unit = TH_UNIT_NONE;
    if (hello->unit.size != item->peer_unit.size ||
        memcmp(hello->unit.bytes, item->peer_unit.bytes, hello->unit.size) != 0 ||
        !th_core_find_unit(driver->core, hello->unit, th_day_of_instant(now), &unit)) {
        th_driver_fail(driver, item, TH_E_FORBIDDEN, 0);
        return 0;
    }
    struct th_to_node message = {.kind = TH_TO_NODE_WELCOME, .request = item->request};
    if (welcome_at(driver, now, &message.body.welcome) < 0)
        driver->counters.answers_lost++;
    else
        th_driver_send(driver, item, &message);
    announce_all(driver, item, unit);
    return remind_all(driver, item, unit, now);
}
