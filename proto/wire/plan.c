/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a plan (plan.proto); proto/wire/plan_read.c reads it. */
#include "proto/wire/plan.h"

#include "proto/wire/plan_parts.h"

static Tonghop__Party *write_party(struct th_wire_writer *writer, const struct th_party *party)
{
    Tonghop__Party *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__party__init(message);
    message->unit = th_wire_of_string(party->unit_code);
    message->has_unit = message->unit.len > 0;
    message->name = th_wire_of_string(party->name);
    message->has_name = message->name.len > 0;
    message->role = th_wire_of_string(party->role);
    message->has_role = message->role.len > 0;
    return message;
}

static Tonghop__Party **write_parties(struct th_wire_writer *writer,
                                      const struct th_parties *parties, size_t *ret_count)
{
    Tonghop__Party **list = th_wire_writer_alloc(writer, parties->count, sizeof *list);
    for (size_t i = 0; list != NULL && i < parties->count; i++)
        list[i] = write_party(writer, &parties->items[i]);
    *ret_count = parties->count;
    return list;
}

static Tonghop__Selector *write_selector(struct th_wire_writer *writer,
                                         const struct th_selector *selector)
{
    Tonghop__Selector *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__selector__init(message);
    message->quote = th_wire_of_string(selector->quote);
    message->has_quote = message->quote.len > 0;
    message->has_kinds = selector->kinds != 0;
    message->kinds = selector->kinds;
    message->has_levels = selector->levels != 0;
    message->levels = selector->levels;
    message->n_unit = selector->units_count;
    message->unit = th_wire_of_strings(writer, selector->units, selector->units_count);
    message->n_except = selector->except_count;
    message->except = th_wire_of_strings(writer, selector->except, selector->except_count);
    return message;
}

static bool says(const struct th_terms *terms, enum th_term term)
{
    return (terms->present & (uint32_t)term) != 0;
}

static Tonghop__Terms *write_terms(struct th_wire_writer *writer, const struct th_terms *terms)
{
    Tonghop__Terms *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__terms__init(message);
    if (says(terms, TH_TERM_WHO))
        message->who = write_selector(writer, &terms->who);
    if (says(terms, TH_TERM_INDICATORS)) {
        message->has_has_indicators = message->has_indicators = true;
        message->n_communes = terms->indicators_count[TH_BRANCH_COMMUNES];
        message->communes =
            th_wire_of_numbers(writer, terms->indicators[TH_BRANCH_COMMUNES], message->n_communes);
        message->n_bodies = terms->indicators_count[TH_BRANCH_BODIES];
        message->bodies =
            th_wire_of_numbers(writer, terms->indicators[TH_BRANCH_BODIES], message->n_bodies);
    }
    message->has_period_start = says(terms, TH_TERM_PERIOD_START);
    message->period_start = terms->period_start.number;
    message->has_cut_off = says(terms, TH_TERM_CUT_OFF);
    message->cut_off = terms->cut_off.number;
    message->has_accept_until = says(terms, TH_TERM_ACCEPT_UNTIL);
    message->accept_until = terms->accept_until.number;
    if (says(terms, TH_TERM_REMINDERS)) {
        message->has_has_reminders = message->has_reminders = true;
        message->n_reminder = terms->reminders_count;
        message->reminder = th_wire_of_numbers(writer, terms->reminders, terms->reminders_count);
    }
    message->has_estimates = says(terms, TH_TERM_ESTIMATES);
    message->estimates = terms->estimates;
    if (says(terms, TH_TERM_SERIES)) {
        message->has_series = true;
        message->series = th_wire_of_string(terms->series);
    }
    return message;
}

static Tonghop__Obligation *write_obligation(struct th_wire_writer *writer,
                                             const struct th_obligation *obligation)
{
    Tonghop__Obligation *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__obligation__init(message);
    message->id = th_wire_of_string(obligation->id);
    message->kind = (uint32_t)obligation->kind;
    message->title = th_wire_of_string(obligation->title);
    message->has_title = message->title.len > 0;
    message->quote = th_wire_of_string(obligation->quote);
    message->has_quote = message->quote.len > 0;
    message->period = th_wire_of_string(obligation->period);
    message->has_period = message->period.len > 0;
    message->form = th_wire_of_string(obligation->form);
    message->has_form = message->form.len > 0;
    message->has_open_ended = message->open_ended = obligation->open_ended;
    message->has_suspended = message->suspended = obligation->suspended;
    message->has_boundary = message->has_due_day = message->has_due = obligation->has_due;
    message->boundary = (uint32_t)obligation->boundary;
    message->due_day = obligation->due_day.number;
    message->due = obligation->due.ms;
    message->to = write_parties(writer, &obligation->to, &message->n_to);
    message->via = write_parties(writer, &obligation->via, &message->n_via);
    message->copies = write_parties(writer, &obligation->copies, &message->n_copies);
    message->n_basis = obligation->basis_count;
    message->basis = th_wire_of_strings(writer, obligation->basis, obligation->basis_count);
    message->quoted = write_terms(writer, &obligation->quoted);
    message->override = write_terms(writer, &obligation->override);
    message->override_reason = th_wire_of_string(obligation->override_reason);
    message->has_override_reason = message->override_reason.len > 0;
    return message;
}

static Tonghop__Relation *write_relation(struct th_wire_writer *writer,
                                         const struct th_relation *relation)
{
    Tonghop__Relation *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__relation__init(message);
    message->kind = (uint32_t)relation->kind;
    message->document = th_wire_of_string(relation->document);
    message->title = th_wire_of_string(relation->title);
    message->has_title = message->title.len > 0;
    message->quote = th_wire_of_string(relation->quote);
    message->has_quote = message->quote.len > 0;
    message->until = th_wire_of_string(relation->until);
    message->has_until = message->until.len > 0;
    message->has_date = relation->has_date;
    message->date = relation->date.number;
    message->has_suspends_scoring = message->suspends_scoring = relation->suspends_scoring;
    if (relation->has_scope)
        message->scope = write_selector(writer, &relation->scope);
    return message;
}

static Tonghop__Task *write_task(struct th_wire_writer *writer, const struct th_task *task)
{
    Tonghop__Task *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__task__init(message);
    message->number = task->number;
    message->title = th_wire_of_string(task->title);
    message->time = th_wire_of_string(task->time);
    message->has_time = message->time.len > 0;
    message->lead = write_parties(writer, &task->lead, &message->n_lead);
    message->coordinating = write_parties(writer, &task->coordinating, &message->n_coordinating);
    message->executing = write_parties(writer, &task->executing, &message->n_executing);
    return message;
}

static void write_lists(struct th_wire_writer *writer, const struct th_plan *plan,
                        Tonghop__Plan *message)
{
    message->recipient = write_parties(writer, &plan->recipients, &message->n_recipient);
    message->n_relation = plan->relations_count;
    message->relation =
        th_wire_writer_alloc(writer, plan->relations_count, sizeof *message->relation);
    for (size_t i = 0; message->relation != NULL && i < plan->relations_count; i++)
        message->relation[i] = write_relation(writer, &plan->relations[i]);
    message->n_task = plan->tasks_count;
    message->task = th_wire_writer_alloc(writer, plan->tasks_count, sizeof *message->task);
    for (size_t i = 0; message->task != NULL && i < plan->tasks_count; i++)
        message->task[i] = write_task(writer, &plan->tasks[i]);
    message->n_obligation = plan->obligations_count;
    message->obligation =
        th_wire_writer_alloc(writer, plan->obligations_count, sizeof *message->obligation);
    for (size_t i = 0; message->obligation != NULL && i < plan->obligations_count; i++)
        message->obligation[i] = write_obligation(writer, &plan->obligations[i]);
}

int th_wire_plan_encode(const struct th_plan *plan, struct th_arena *arena,
                        struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Plan message = TONGHOP__PLAN__INIT;
    message.id = th_wire_of_string(plan->id);
    message.title = th_wire_of_string(plan->title);
    message.number = th_wire_of_string(plan->number);
    message.has_number = message.number.len > 0;
    message.has_date = plan->has_date;
    message.date = plan->date.number;
    message.year = (uint32_t)plan->year;
    message.issuer = write_party(&writer, &plan->issuer);
    message.territory = th_wire_of_string(plan->territory);
    message.policy = (uint32_t)plan->policy;
    write_lists(&writer, plan, &message);
    th_wire_write_catalogue(&writer, &plan->catalogue, &message);
    th_wire_write_rules(&writer, &plan->rules, &message);
    return th_wire_pack(&writer, &message.base, TH_LIMIT_PLAN_ENCODED_MAX, ret_bytes);
}
