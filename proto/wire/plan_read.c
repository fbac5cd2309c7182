/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a plan (plan.proto); proto/wire/plan.c writes it. */
#include "proto/wire/plan.h"

#include "proto/wire/plan_parts.h"

#include <string.h>

static struct th_party read_party(struct th_wire_reader *reader, const Tonghop__Party *message)
{
    return (struct th_party){
        .unit_code = message->has_unit ? th_wire_unit_string(reader, message->unit) : "",
        .name = th_wire_string(reader, message->name, 0, TH_LIMIT_TITLE_MAX),
        .role = th_wire_string(reader, message->role, 0, TH_LIMIT_TITLE_MAX),
    };
}

static struct th_parties read_parties(struct th_wire_reader *reader,
                                      Tonghop__Party *const *messages, size_t count)
{
    th_wire_require(reader, count <= TH_LIMIT_PARTIES_MAX, TH_E_LIMIT);
    struct th_party *items = th_wire_alloc(reader, count, sizeof *items);
    for (size_t i = 0; reader->status == 0 && i < count; i++)
        items[i] = read_party(reader, messages[i]);
    return (struct th_parties){items, (uint16_t)count};
}

static const char *const *read_codes(struct th_wire_reader *reader, const ProtobufCBinaryData *data,
                                     size_t count, uint16_t *ret_count)
{
    th_wire_require(reader, count <= TH_LIMIT_SELECTED_MAX, TH_E_LIMIT);
    const char **codes = th_wire_alloc(reader, count, sizeof *codes);
    for (size_t i = 0; reader->status == 0 && i < count; i++)
        codes[i] = th_wire_unit_string(reader, data[i]);
    *ret_count = (uint16_t)count;
    return codes;
}

static struct th_selector read_selector(struct th_wire_reader *reader,
                                        const Tonghop__Selector *message)
{
    th_wire_require(reader, message->kinds >> TH_UNIT_KIND_COUNT == 0, TH_E_SYNTAX);
    th_wire_require(reader, message->levels >> (TH_LEVEL_BODY + 1) == 0, TH_E_SYNTAX);
    struct th_selector selector = {
        .quote = th_wire_string(reader, message->quote, 0, TH_LIMIT_QUOTE_MAX),
        .kinds = message->kinds,
        .levels = message->levels,
    };
    selector.units = read_codes(reader, message->unit, message->n_unit, &selector.units_count);
    selector.except =
        read_codes(reader, message->except, message->n_except, &selector.except_count);
    return selector;
}

static void read_reminders(struct th_wire_reader *reader, const Tonghop__Terms *message,
                           struct th_terms *terms)
{
    th_wire_require(reader, message->has_reminders || message->n_reminder == 0, TH_E_SYNTAX);
    th_wire_require(reader, message->n_reminder <= TH_LIMIT_REMINDERS_MAX, TH_E_LIMIT);
    uint32_t before = TH_LIMIT_REMINDER_DAYS_MAX + 1;
    for (size_t i = 0; reader->status == 0 && i < message->n_reminder; i++) {
        th_wire_require(reader, message->reminder[i] > 0 && message->reminder[i] < before,
                        TH_E_SYNTAX);
        before = message->reminder[i];
        terms->reminders[terms->reminders_count++] = (uint16_t)before;
    }
}

static void read_term_day(struct th_wire_reader *reader, bool is_there, int32_t number,
                          enum th_term term, struct th_terms *terms, th_day *ret_day)
{
    if (!is_there)
        return;
    terms->present |= (uint32_t)term;
    *ret_day = th_wire_day(reader, number);
}

static void read_indicators(struct th_wire_reader *reader, const Tonghop__Terms *message,
                            const struct th_catalogue *catalogue, struct th_terms *terms)
{
    th_wire_require(reader, message->has_indicators || message->n_communes + message->n_bodies == 0,
                    TH_E_SYNTAX);
    if (!message->has_indicators)
        return;
    terms->present |= TH_TERM_INDICATORS;
    terms->indicators[TH_BRANCH_COMMUNES] =
        th_wire_read_indicators(reader, message->communes, message->n_communes, catalogue);
    terms->indicators_count[TH_BRANCH_COMMUNES] = (uint16_t)message->n_communes;
    terms->indicators[TH_BRANCH_BODIES] =
        th_wire_read_indicators(reader, message->bodies, message->n_bodies, catalogue);
    terms->indicators_count[TH_BRANCH_BODIES] = (uint16_t)message->n_bodies;
}

static struct th_terms read_terms(struct th_wire_reader *reader, const Tonghop__Terms *message,
                                  const struct th_catalogue *catalogue)
{
    struct th_terms terms = {.series = "", .who = {.quote = ""}};
    if (message->who != NULL) {
        terms.present |= TH_TERM_WHO;
        terms.who = read_selector(reader, message->who);
    }
    read_indicators(reader, message, catalogue, &terms);
    read_term_day(reader, message->has_period_start, message->period_start, TH_TERM_PERIOD_START,
                  &terms, &terms.period_start);
    read_term_day(reader, message->has_cut_off, message->cut_off, TH_TERM_CUT_OFF, &terms,
                  &terms.cut_off);
    read_term_day(reader, message->has_accept_until, message->accept_until, TH_TERM_ACCEPT_UNTIL,
                  &terms, &terms.accept_until);
    read_reminders(reader, message, &terms);
    if (message->has_reminders)
        terms.present |= TH_TERM_REMINDERS;
    if (message->has_estimates) {
        terms.present |= TH_TERM_ESTIMATES;
        terms.estimates = message->estimates;
    }
    if (message->has_series) {
        terms.present |= TH_TERM_SERIES;
        terms.series = th_wire_string(reader, message->series, 1, TH_LIMIT_PLAN_ID_MAX);
    }
    return terms;
}

static const char *const *read_basis(struct th_wire_reader *reader,
                                     const Tonghop__Obligation *message)
{
    th_wire_require(reader, message->n_basis <= TH_LIMIT_BASIS_MAX, TH_E_LIMIT);
    const char **basis = th_wire_alloc(reader, message->n_basis, sizeof *basis);
    for (size_t i = 0; reader->status == 0 && i < message->n_basis; i++)
        basis[i] = th_wire_string(reader, message->basis[i], 1, TH_LIMIT_TITLE_MAX);
    return basis;
}

static void read_due(struct th_wire_reader *reader, const Tonghop__Obligation *message,
                     struct th_obligation *obligation)
{
    th_wire_require(reader,
                    message->has_due == message->has_due_day &&
                        message->has_due == message->has_boundary,
                    TH_E_SYNTAX);
    if (!message->has_due)
        return;
    obligation->has_due = true;
    obligation->boundary =
        (enum th_boundary)th_wire_index(reader, message->boundary, TH_BOUNDARY_BY + 1);
    obligation->due_day = th_wire_day(reader, message->due_day);
    obligation->due = th_wire_instant(reader, message->due);
}

static struct th_obligation read_obligation(struct th_wire_reader *reader,
                                            const Tonghop__Obligation *message,
                                            const struct th_catalogue *catalogue)
{
    struct th_obligation obligation = {
        .id = th_wire_string(reader, message->id, 1, TH_LIMIT_OBLIGATION_ID_MAX),
        .title = th_wire_string(reader, message->title, 0, TH_LIMIT_TITLE_MAX),
        .quote = th_wire_string(reader, message->quote, 0, TH_LIMIT_QUOTE_MAX),
        .period = th_wire_string(reader, message->period, 0, TH_LIMIT_PERIOD_SIZE_MAX),
        .form = th_wire_string(reader, message->form, 0, TH_LIMIT_TITLE_MAX),
        .kind = (enum th_obligation_kind)th_wire_index(reader, message->kind,
                                                       TH_OBLIGATION_SCORING + 1),
        .open_ended = message->open_ended,
        .suspended = message->suspended,
        .to = read_parties(reader, message->to, message->n_to),
        .via = read_parties(reader, message->via, message->n_via),
        .copies = read_parties(reader, message->copies, message->n_copies),
        .basis = read_basis(reader, message),
        .basis_count = (uint16_t)message->n_basis,
        .quoted = read_terms(reader, message->quoted, catalogue),
        .override = read_terms(reader, message->override, catalogue),
        .override_reason = th_wire_string(reader, message->override_reason, 0, TH_LIMIT_QUOTE_MAX),
    };
    read_due(reader, message, &obligation);
    return obligation;
}

static void read_obligations(struct th_wire_reader *reader, const Tonghop__Plan *message,
                             struct th_plan *plan)
{
    th_wire_require(reader, message->n_obligation <= TH_LIMIT_OBLIGATIONS_MAX, TH_E_LIMIT);
    struct th_obligation *obligations =
        th_wire_alloc(reader, message->n_obligation, sizeof *obligations);
    for (size_t i = 0; reader->status == 0 && i < message->n_obligation; i++) {
        obligations[i] = read_obligation(reader, message->obligation[i], &plan->catalogue);
        for (size_t j = 0; j < i; j++)
            th_wire_require(reader, strcmp(obligations[i].id, obligations[j].id) != 0, TH_E_SYNTAX);
    }
    plan->obligations = obligations;
    plan->obligations_count = (uint16_t)message->n_obligation;
}

static void read_relations(struct th_wire_reader *reader, const Tonghop__Plan *message,
                           struct th_plan *plan)
{
    th_wire_require(reader, message->n_relation <= TH_LIMIT_RELATIONS_MAX, TH_E_LIMIT);
    struct th_relation *relations = th_wire_alloc(reader, message->n_relation, sizeof *relations);
    for (size_t i = 0; reader->status == 0 && i < message->n_relation; i++) {
        const Tonghop__Relation *relation = message->relation[i];
        relations[i] = (struct th_relation){
            .kind = (enum th_relation_kind)th_wire_index(reader, relation->kind,
                                                         TH_RELATION_SUSPENDS + 1),
            .document = th_wire_string(reader, relation->document, 1, TH_LIMIT_TITLE_MAX),
            .title = th_wire_string(reader, relation->title, 0, TH_LIMIT_TITLE_MAX),
            .quote = th_wire_string(reader, relation->quote, 0, TH_LIMIT_QUOTE_MAX),
            .until = th_wire_string(reader, relation->until, 0, TH_LIMIT_QUOTE_MAX),
            .has_date = relation->has_date,
            .suspends_scoring = relation->suspends_scoring,
            .has_scope = relation->scope != NULL,
            .scope = {.quote = ""},
        };
        if (relation->has_date)
            relations[i].date = th_wire_day(reader, relation->date);
        if (relation->scope != NULL)
            relations[i].scope = read_selector(reader, relation->scope);
    }
    plan->relations = relations;
    plan->relations_count = (uint16_t)message->n_relation;
}

static void read_tasks(struct th_wire_reader *reader, const Tonghop__Plan *message,
                       struct th_plan *plan)
{
    th_wire_require(reader, message->n_task <= TH_LIMIT_TASKS_MAX, TH_E_LIMIT);
    struct th_task *tasks = th_wire_alloc(reader, message->n_task, sizeof *tasks);
    for (size_t i = 0; reader->status == 0 && i < message->n_task; i++) {
        const Tonghop__Task *task = message->task[i];
        th_wire_require(reader, task->number > 0, TH_E_SYNTAX);
        th_wire_require(reader, task->number <= UINT16_MAX, TH_E_LIMIT);
        tasks[i] = (struct th_task){
            .number = (uint16_t)task->number,
            .title = th_wire_string(reader, task->title, 1, TH_LIMIT_TITLE_MAX),
            .time = th_wire_string(reader, task->time, 0, TH_LIMIT_TITLE_MAX),
            .lead = read_parties(reader, task->lead, task->n_lead),
            .coordinating = read_parties(reader, task->coordinating, task->n_coordinating),
            .executing = read_parties(reader, task->executing, task->n_executing),
        };
    }
    plan->tasks = tasks;
    plan->tasks_count = (uint16_t)message->n_task;
}

static struct th_plan read_plan(struct th_wire_reader *reader, const Tonghop__Plan *message)
{
    th_wire_require(reader, message->year >= TH_YEAR_MIN && message->year <= TH_YEAR_MAX,
                    TH_E_LIMIT);
    struct th_plan plan = {
        .id = th_wire_string(reader, message->id, 1, TH_LIMIT_PLAN_ID_MAX),
        .title = th_wire_string(reader, message->title, 1, TH_LIMIT_TITLE_MAX),
        .number = th_wire_string(reader, message->number, 0, TH_LIMIT_TITLE_MAX),
        .has_date = message->has_date,
        .year = reader->status < 0 ? 0 : (int)message->year,
        .issuer = read_party(reader, message->issuer),
        .territory = th_wire_unit_string(reader, message->territory),
        .policy = (enum th_deadline_policy)th_wire_index(reader, message->policy,
                                                         TH_POLICY_CIVIL_CODE_ROLL + 1),
        .recipients = read_parties(reader, message->recipient, message->n_recipient),
        .catalogue = th_wire_read_catalogue(reader, message),
    };
    if (message->has_date)
        plan.date = th_wire_day(reader, message->date);
    read_relations(reader, message, &plan);
    read_tasks(reader, message, &plan);
    read_obligations(reader, message, &plan);
    plan.rules = th_wire_read_rules(reader, message, &plan.catalogue);
    return plan;
}

int th_wire_plan_decode(struct th_bytes bytes, struct th_arena *arena, struct th_plan *ret_plan)
{
    if (bytes.size > TH_LIMIT_PLAN_ENCODED_MAX)
        return TH_E_LIMIT;
    struct th_arena unpacked;
    struct th_wire_reader reader;
    const Tonghop__Plan *message =
        th_wire_unpack_apart(&reader, &tonghop__plan__descriptor, bytes, &unpacked, arena);
    if (message != NULL) {
        struct th_plan plan = read_plan(&reader, message);
        if (reader.status == 0)
            *ret_plan = plan;
    }
    th_arena_deinit(&unpacked);
    return reader.status;
}
