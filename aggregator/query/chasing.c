/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to chase: who is expected and has not reported, district by district, the district that
 * lacks most first; the bodies that hang on the unit directly are a group of their own. The counts
 * are those of a standing, and the groups add up to them.
 */
#include "aggregator/query/chasing.h"

#include "aggregator/contacts/contacts.h"
#include "aggregator/core/standing.h"
#include "aggregator/query/question.h"

#include <stdlib.h>

#define BODIES_NAME "Sở, ban, ngành, cơ quan"

struct group {
    uint32_t part; /* index of a unit */
    bool is_bodies;
    uint32_t expected, missing;
    uint32_t place; /* in the list of units, for equals */
    json_t *units;
};

struct chase {
    const struct th_question *question;
    struct th_query_parts parts;
    const struct th_contacts *contacts;
    bool *has_reported; /* by index in the list */
    uint32_t *group_of; /* by index of a part: its place in `groups` + 1; 0: none yet */
    struct group *groups;
    uint32_t groups_count;
    uint32_t bodies; /* the group of those that hang on the unit, as above */
    int32_t days_late;
};

/* On the first day that is late, one; before, none. */
static int32_t days_late(const struct th_question *question)
{
    const struct th_obligation *obligation = question->obligation;
    if (!obligation->has_due || question->as_of.ms < obligation->due.ms)
        return 0;
    return th_day_of_instant(question->as_of).number - th_obligation_last_day(obligation).number;
}

static int init(const struct th_question *question, const struct th_past_rows *rows,
                struct chase *chase)
{
    const struct th_query_context *context = question->context;
    size_t count = (size_t)context->units.count + 2;
    *chase = (struct chase){
        .question = question,
        .contacts = question->asking->asker == NULL ? question->asking->contacts : NULL,
        .has_reported = th_arena_alloc_array(question->arena, count, sizeof(bool)),
        .group_of = th_arena_alloc_array(question->arena, count, sizeof(uint32_t)),
        .groups = th_arena_alloc_array(question->arena, count, sizeof(struct group)),
        .days_late = days_late(question)};
    if (chase->has_reported == NULL || chase->group_of == NULL || chase->groups == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < rows->count; i++)
        chase->has_reported[context->index_of[rows->rows[i].unit]] = true;
    return th_query_parts_init(question, &chase->parts);
}

static struct group *group_of(struct chase *chase, uint32_t unit)
{
    const struct th_question *question = chase->question;
    const struct th_unit *units = question->context->units.units;
    uint32_t part = th_query_part_of(&chase->parts, unit);
    bool is_bodies =
        part == question->unit && th_unit_kind_branch(units[unit].kind) == TH_BRANCH_BODIES;
    uint32_t *at = is_bodies ? &chase->bodies : &chase->group_of[part];
    if (*at == 0) {
        chase->groups[chase->groups_count++] = (struct group){
            .part = part, .is_bodies = is_bodies, .place = part, .units = json_array()};
        *at = chase->groups_count;
    }
    return &chase->groups[*at - 1];
}

static json_t *contact_of(const struct chase *chase, uint32_t unit)
{
    const char *code = chase->question->context->units.units[unit].code;
    const struct th_contact *contact =
        chase->contacts == NULL ? NULL : th_contacts_find(chase->contacts, code, NULL);
    if (contact == NULL)
        return json_null();
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", contact->name, "phone", contact->phone,
                     "dial", contact->dial, "email", contact->email, "note", contact->note);
}

static json_t *unit_line(const struct chase *chase, uint32_t unit)
{
    const struct th_question *question = chase->question;
    const struct th_unit *u = &question->context->units.units[unit];
    char name[TH_QUERY_FULL_NAME_SIZE];
    enum th_standing standing = th_standing_of(question->obligation, NULL, question->as_of);
    json_t *line = th_json_set(json_object(), "unit", json_string(u->code));
    line = th_json_set(line, "name", json_string(u->name));
    line = th_json_set(line, "full_name",
                       json_string(th_query_full_name(question->context, unit, name)));
    line = th_json_set(line, "kind", json_string(th_unit_kind_word(u->kind)));
    line = th_json_set(line, "kind_name", json_string(th_query_kind_name(u->kind)));
    line = th_json_set(line, "standing", json_string(th_standing_word(standing)));
    line = th_json_set(line, "days_late", json_integer(chase->days_late));
    return th_json_set(line, "contact", contact_of(chase, unit));
}

/* In the order of names. */
static void collect(struct chase *chase)
{
    const struct th_question *question = chase->question;
    const struct th_query_context *context = question->context;
    for (uint32_t i = 0; i < context->units.count; i++) {
        uint32_t unit = context->names.by_name[i];
        if (!th_query_covers(question, unit) || !th_query_is_expected(question, unit))
            continue;
        struct group *group = group_of(chase, unit);
        group->expected++;
        if (chase->has_reported[unit])
            continue;
        group->missing++;
        group->units = th_json_append(group->units, unit_line(chase, unit));
    }
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->missing != y->missing)
        return x->missing > y->missing ? -1 : 1;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return (int)x->is_bodies - (int)y->is_bodies;
}

static json_t *group_json(const struct chase *chase, struct group *group)
{
    const struct th_query_context *context = chase->question->context;
    char name[TH_QUERY_FULL_NAME_SIZE];
    const char *shown =
        group->is_bodies ? BODIES_NAME : th_query_full_name(context, group->part, name);
    json_t *object = th_json_set(
        json_object(), "unit",
        group->is_bodies ? json_null() : json_string(context->units.units[group->part].code));
    object = th_json_set(object, "name", json_string(shown));
    object = th_json_set(object, "expected", json_integer(group->expected));
    object = th_json_set(object, "missing", json_integer(group->missing));
    object = th_json_set(object, "contact",
                         group->is_bodies ? json_null() : contact_of(chase, group->part));
    return th_json_set(object, "units", group->units);
}

/* Groups where nobody is missing are left out; so is everything of an obligation that nobody is
 * asked for now. */
static json_t *groups_json(struct chase *chase)
{
    const struct th_obligation *obligation = chase->question->obligation;
    json_t *list = json_array();
    if (chase->groups_count > 0)
        qsort(chase->groups, chase->groups_count, sizeof *chase->groups, compare_groups);
    for (uint32_t i = 0; i < chase->groups_count; i++)
        if (chase->groups[i].missing > 0 && !obligation->suspended)
            list = th_json_append(list, group_json(chase, &chase->groups[i]));
        else
            json_decref(chase->groups[i].units);
    return list;
}

static json_t *head_of(const struct chase *chase, const struct th_counts *counts)
{
    const struct th_question *question = chase->question;
    const struct th_obligation *obligation = question->obligation;
    const struct th_store_identity *identity = question->asking->identity;
    const struct th_query_context *context = question->context;
    char text[TH_DUE_TEXT_SIZE], name[TH_QUERY_FULL_NAME_SIZE];
    json_t *answer = th_query_head(question);
    if (identity != NULL)
        answer = th_json_set(answer, "rehearsal", json_boolean(identity->mode != TH_MODE_LIVE));
    answer = th_json_set(answer, "title", json_string(obligation->title));
    answer = th_json_set(answer, "unit", json_string(context->units.units[question->unit].code));
    answer =
        th_json_set(answer, "name", json_string(th_query_full_name(context, question->unit, name)));
    answer = th_json_set(answer, "due",
                         obligation->has_due ? th_json_instant(obligation->due) : json_null());
    answer = th_json_set(answer, "wording",
                         obligation->has_due ? json_string(th_due_wording(obligation, text))
                                             : json_null());
    answer = th_json_set(answer, "semantics",
                         obligation->has_due ? json_string(th_due_semantics(obligation, text))
                                             : json_null());
    answer = th_json_set(answer, "days_late", json_integer(chase->days_late));
    answer = th_query_set_state(question, obligation, answer);
    return th_json_set(answer, "counts", th_query_counts(question, counts));
}

int th_query_chasing(const struct th_question *question, json_t **ret_answer)
{
    struct th_past_rows rows;
    struct th_rollup rollup;
    struct chase chase;
    int status = th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, &rows, &rollup);
    if (status == TH_OK)
        status = init(question, &rows, &chase);
    if (status != TH_OK)
        return status;
    collect(&chase);
    json_t *answer = head_of(&chase, &rollup.counts);
    answer = th_json_set(answer, "groups", groups_json(&chase));
    status = th_chasing_add_texts(answer);
    if (answer == NULL || status != TH_OK) {
        json_decref(answer);
        return TH_E_NO_MEMORY;
    }
    *ret_answer = answer;
    return TH_OK;
}
