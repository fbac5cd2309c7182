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

static void publish_change(struct th_driver *driver, const struct th_driver_change *change,
                           struct th_bytes body)
{
    const struct th_plan *plan = th_core_plan(driver->core, change->book.plan);
    char topic[TH_TOPIC_SIZE_MAX + 1];
    int size =
        snprintf(topic, sizeof topic, "rollup/%s/%s/%s/%s", plan->id,
                 plan->obligations[change->book.obligation].id,
                 th_core_unit(driver->core, change->unit)->code, branch_word(change->branch));
    publish(driver, topic, size, body);
}

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

static void note_row(struct th_driver *driver, const struct th_effect *effect)
{
    const struct th_publisher_port *publisher = &driver->ports.publisher;
    const struct th_plan *plan = th_core_plan(driver->core, effect->book.plan);
    char topic[TH_TOPIC_SIZE_MAX + 1];
    int size = snprintf(topic, sizeof topic, "standing/%s/%s/%s", plan->id,
                        plan->obligations[effect->book.obligation].id,
                        th_core_unit(driver->core, effect->body.row.unit)->code);
    TH_ASSERT(size > 0);
    TH_ASSERT(size <= TH_TOPIC_SIZE_MAX);
    publisher->note(publisher->context, (struct th_text){topic, (size_t)size});
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
        else if (effect->kind == TH_EFFECT_PUT_ROW && driver->ports.publisher.note != NULL)
            note_row(driver, effect);
    }
    if (driver->ports.publisher.reach != NULL)
        driver->ports.publisher.reach(driver->ports.publisher.context, publication.size,
                                      publication.time);
}
