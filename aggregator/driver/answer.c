/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers, after the commit: verdicts with the receipts of the entries that they name, built from
 * the store; or a refusal that the log's key signs, when nothing was accepted or found again.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"
#include "proto/receipt/refusal.h"

void th_driver_send(struct th_driver *driver, const struct th_item *item,
                    const struct th_to_node *message)
{
    TH_ASSERT(driver->leaving != NULL);
    struct th_bytes frame;
    if (th_wire_to_node_encode(message, &driver->answer, &frame) < 0)
        driver->counters.answers_lost++;
    else
        driver->ports.transport.send(driver->ports.transport.context, item->sender, frame);
    th_arena_reset(&driver->answer);
}

void th_driver_fail(struct th_driver *driver, const struct th_item *item, int status,
                    uint32_t after_ms)
{
    TH_ASSERT(driver->leaving != NULL);
    if (item->kind == TH_ITEM_ACT) {
        driver->counters.acts++;
        driver->counters.acts_refused++;
        driver->ports.transport.done(driver->ports.transport.context, item->sender,
                                     &(struct th_act_result){.status = status});
        return;
    }
    struct th_to_node message = {.kind = TH_TO_NODE_FAILURE, .request = item->request};
    message.body.failure = (struct th_failure){
        .code = th_text_of(th_status_wire_name(status)),
        .text = th_text_of(th_status_text(status)),
        .retry = th_status_retry(status) == TH_RETRY_LATER,
        .after_ms = after_ms,
    };
    th_driver_send(driver, item, &message);
}

/* ---- the parts of an outcome ---- */

static int wire_reasons(struct th_arena *arena, const struct th_reasons *reasons,
                        const struct th_wire_reason **ret_reasons, size_t *ret_count)
{
    struct th_wire_reason *list = th_arena_alloc_array(arena, reasons->count, sizeof *list);
    if (list == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < reasons->count; i++) {
        const struct th_reason *reason = &reasons->items[i];
        list[i].field = th_text_of(reason->field);
        list[i].value = th_text_of(reason->value);
        list[i].rule = th_text_of(reason->rule);
        list[i].text = th_text_of(reason->text);
    }
    *ret_reasons = list;
    *ret_count = reasons->count;
    return 0;
}

static bool has_receipt(const struct th_report_verdict *verdict)
{
    return (verdict->kind == TH_VERDICT_ACCEPTED || verdict->kind == TH_VERDICT_DUPLICATE) &&
           verdict->has_position;
}

struct receipts {
    uint64_t positions[TH_LIMIT_REPORTS_MAX];
    struct th_bytes texts[TH_LIMIT_REPORTS_MAX];
    size_t count;
};

/* Each position once, in the order in which the verdicts name them. */
static int add_receipt(struct th_driver *driver, struct receipts *receipts, uint64_t position,
                       uint32_t *ret_index)
{
    size_t i = 0;
    while (i < receipts->count && receipts->positions[i] != position)
        i++;
    if (i == receipts->count) {
        TH_ASSERT(i < TH_LIMIT_REPORTS_MAX);
        struct th_store_port *store = &driver->ports.store;
        int status = th_driver_read_on(driver);
        if (status == 0)
            status = store->receipt(store->context, position,
                                    th_driver_leaf_of(driver->leaving, position), &driver->answer,
                                    &receipts->texts[i]);
        if (status < 0)
            return status;
        receipts->positions[i] = position;
        receipts->count++;
    }
    *ret_index = (uint32_t)i;
    return 0;
}

static int wire_verdict(struct th_driver *driver, const struct th_report_verdict *verdict,
                        struct receipts *receipts, struct th_wire_verdict *wire)
{
    wire->report_digest = verdict->digest;
    wire->kind = verdict->kind;
    wire->has_position = verdict->has_position;
    wire->position = verdict->position;
    wire->has_stored_digest = verdict->kind == TH_VERDICT_CONFLICT;
    wire->stored_digest = verdict->stored_digest;
    wire->has_next_revision = verdict->next_revision > 0;
    wire->next_revision = verdict->next_revision;
    wire->has_receipt = has_receipt(verdict);
    int status =
        wire->has_receipt ? add_receipt(driver, receipts, verdict->position, &wire->receipt) : 0;
    if (status == 0)
        status =
            wire_reasons(&driver->answer, &verdict->reasons, &wire->reasons, &wire->reasons_count);
    if (status == 0)
        status = wire_reasons(&driver->answer, &verdict->warnings, &wire->warnings,
                              &wire->warnings_count);
    return status;
}

static void count_verdicts(struct th_driver_counters *counters, enum th_item_kind kind,
                           const struct th_wire_verdict *verdicts, size_t count)
{
    uint64_t *accepted = kind == TH_ITEM_READMISSION ? &counters->readmitted
                         : kind == TH_ITEM_ACT       ? &counters->entered
                                                     : &counters->accepted;
    for (size_t i = 0; i < count; i++) {
        *accepted += verdicts[i].kind == TH_VERDICT_ACCEPTED ? 1 : 0;
        counters->duplicates += verdicts[i].kind == TH_VERDICT_DUPLICATE ? 1 : 0;
        counters->conflicts += verdicts[i].kind == TH_VERDICT_CONFLICT ? 1 : 0;
        counters->rejected += verdicts[i].kind == TH_VERDICT_REJECTED ? 1 : 0;
    }
}

/* ---- the answer ---- */

static int build_outcome(struct th_driver *driver, const struct th_item *item,
                         const struct th_effect *effect, struct receipts *receipts,
                         struct th_outcome *outcome)
{
    size_t count = effect->body.answer.verdicts_count;
    struct th_wire_verdict *verdicts =
        th_arena_alloc_array(&driver->answer, count, sizeof *verdicts);
    if (verdicts == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        int status = wire_verdict(driver, &effect->body.answer.verdicts[i], receipts, &verdicts[i]);
        if (status < 0)
            return status;
    }
    count_verdicts(&driver->counters, item->kind, verdicts, count);
    *outcome = (struct th_outcome){.header_digest = effect->body.answer.header_digest,
                                   .verdicts = verdicts,
                                   .verdicts_count = count,
                                   .receipts = receipts->texts,
                                   .receipts_count = receipts->count};
    if (receipts->count > 0 || item->kind == TH_ITEM_ACT) /* who acts is here, and sees why */
        return 0;
    driver->counters.refused++;
    return th_refusal_sign(outcome, driver->signer, &driver->answer, &outcome->refusal);
}

/* Without memory for the outcome the act is done all the same, and its position says so. */
static void answer_act(struct th_driver *driver, const struct th_item *item,
                       const struct th_effect *effect)
{
    struct th_act_result result = {.has_position = effect->body.answer.journalled,
                                   .position = effect->body.answer.position};
    driver->counters.acts++;
    if (effect->body.answer.is_submission) {
        struct receipts receipts;
        receipts.count = 0;
        struct th_to_node message = {.kind = TH_TO_NODE_OUTCOME, .request = item->request};
        int status = build_outcome(driver, item, effect, &receipts, &message.body.outcome);
        if (status == 0)
            status = th_wire_to_node_encode(&message, &driver->answer, &result.outcome);
        driver->counters.answers_lost += status < 0 ? 1 : 0;
    }
    driver->ports.transport.done(driver->ports.transport.context, item->sender, &result);
}

void th_driver_answer(struct th_driver *driver, const struct th_item *item,
                      const struct th_effect *effect)
{
    TH_ASSERT(driver->leaving != NULL);
    TH_ASSERT(!effect->body.answer.journalled || driver->leaving->has_stored);
    th_arena_reset(&driver->answer);
    int refused = effect->body.answer.status;
    if (refused < 0) {
        th_driver_fail(driver, item, refused, 0);
        return;
    }
    if (item->kind == TH_ITEM_ACT) {
        answer_act(driver, item, effect);
        return;
    }
    TH_ASSERT(effect->body.answer.is_submission);
    struct receipts receipts;
    receipts.count = 0; /* the rest is written as it is needed */
    struct th_to_node message = {.kind = TH_TO_NODE_OUTCOME, .request = item->request};
    int status = build_outcome(driver, item, effect, &receipts, &message.body.outcome);
    if (status < 0)
        driver->counters.answers_lost++;
    else
        th_driver_send(driver, item, &message);
}
