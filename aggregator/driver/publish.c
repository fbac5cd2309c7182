/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publications, after the commit: that a rollup changed, a reminder fired, an obligation closed;
 * for listeners of this process also which units' reports came, and the position.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"

#include <stdio.h>
#include <string.h>

static const char *branch_word(enum th_branch branch)
{
    switch (branch) {
    case TH_BRANCH_ALL:
        return "all";
    case TH_BRANCH_COMMUNES:
        return "communes";
    case TH_BRANCH_BODIES:
        return "bodies";
    }
    TH_ASSERT(false);
    return "";
}

static void publish(struct th_driver *driver, const char *topic, int size, struct th_bytes body)
{
    TH_ASSERT(size > 0);
    TH_ASSERT(size <= TH_TOPIC_SIZE_MAX);
    driver->ports.publisher.publish(driver->ports.publisher.context,
                                    (struct th_text){topic, (size_t)size}, body);
}

/* ---- topics of rows: one for each report ---- */

static size_t add(char topic[TH_TOPIC_SIZE_MAX], size_t size, const char *text)
{
    size_t more = strlen(text);
    TH_ASSERT(size + more <= TH_TOPIC_SIZE_MAX);
    memcpy(topic + size, text, more);
    return size + more;
}

/* `kind` ends with a slash, as what is before each of the others. */
static size_t name_row(const struct th_driver *driver, const char *kind, struct th_book_id book,
                       uint32_t unit, char topic[TH_TOPIC_SIZE_MAX])
{
    const struct th_plan *plan = th_core_plan(driver->core, book.plan);
    size_t size = add(topic, 0, kind);
    size = add(topic, size, plan->id);
    size = add(topic, size, "/");
    size = add(topic, size, plan->obligations[book.obligation].id);
    size = add(topic, size, "/");
    return add(topic, size, th_core_unit(driver->core, unit)->code);
}

static void publish_change(struct th_driver *driver, const struct th_driver_change *change,
                           struct th_bytes body)
{
    char topic[TH_TOPIC_SIZE_MAX];
    size_t size = name_row(driver, "rollup/", change->book, change->unit, topic);
    size = add(topic, size, "/");
    size = add(topic, size, branch_word(change->branch));
    publish(driver, topic, (int)size, body);
}

static void note_row(struct th_driver *driver, struct th_book_id book, uint32_t unit)
{
    const struct th_publisher_port *publisher = &driver->ports.publisher;
    char topic[TH_TOPIC_SIZE_MAX];
    size_t size = name_row(driver, "standing/", book, unit, topic);
    publisher->note(publisher->context, (struct th_text){topic, size});
}

/* Core's rows may be looked at: with its entry of the clock the batch is not on the lane. */
static void note_judged(struct th_driver *driver, const struct th_effect *effect)
{
    TH_ASSERT(!driver->leaving->is_plain);
    for (uint32_t i = 0; i < effect->body.judged.count; i++)
        note_row(driver, effect->book, th_core_judged(driver->core, effect, i)->unit);
}

static void note_rows(struct th_driver *driver, const struct th_effect *effect)
{
    if (driver->ports.publisher.note == NULL)
        return;
    if (effect->kind == TH_EFFECT_PUT_ROW)
        note_row(driver, effect->book, effect->body.row.unit);
    if (effect->kind == TH_EFFECT_PUT_JUDGED)
        note_judged(driver, effect);
}

/* ---- all of a batch ---- */

static void publish_entry(struct th_driver *driver, const struct th_entry *entry,
                          struct th_bytes body)
{
    bool is_closing = entry->kind == TH_ENTRY_CLOSING;
    if (!is_closing && entry->kind != TH_ENTRY_REMINDER)
        return;
    struct th_text plan = is_closing ? entry->body.closing.plan : entry->body.reminding.plan;
    struct th_text obligation =
        is_closing ? entry->body.closing.obligation : entry->body.reminding.obligation;
    char topic[TH_TOPIC_SIZE_MAX + 1];
    int size =
        snprintf(topic, sizeof topic, "notice/%s/%.*s/%.*s", is_closing ? "closing" : "reminder",
                 (int)plan.size, plan.bytes, (int)obligation.size, obligation.bytes);
    publish(driver, topic, size, body);
}

void th_driver_publish(struct th_driver *driver)
{
    struct th_driver_batch *batch = driver->leaving;
    TH_ASSERT(batch != NULL);
    if (!batch->has_stored)
        return;
    struct th_publication publication = {batch->size, batch->time};
    struct th_bytes body;
    if (th_wire_publication_encode(&publication, &batch->arena, &body) < 0)
        return; /* without memory: subscribers find the gap by the size of the next one */
    for (size_t i = 0; i < batch->changes_count; i++)
        publish_change(driver, &batch->changes[i], body);
    const bool is_told = !batch->is_plain || driver->ports.publisher.note != NULL;
    for (size_t i = 0; is_told && i < batch->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&batch->effects, i);
        if (effect->kind == TH_EFFECT_APPEND)
            publish_entry(driver, &effect->body.append, body);
        else
            note_rows(driver, effect);
    }
    if (driver->ports.publisher.reach != NULL)
        driver->ports.publisher.reach(driver->ports.publisher.context, publication.size,
                                      publication.time);
}
