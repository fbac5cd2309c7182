/* SPDX-License-Identifier: Apache-2.0 */
/* Units: a search among them, and one with its way to the top. */
#include "aggregator/query/question.h"

#include "aggregator/plan/words.h"

#include <stdio.h>

const char *th_query_kind_name(enum th_unit_kind kind)
{
    const char *prefix = th_unit_kind_prefix(kind);
    if (prefix[0] != '\0')
        return prefix;
    switch ((int)kind) {
    case TH_UNIT_KIND_DEPARTMENT:
        return "sở";
    case TH_UNIT_KIND_PUBLIC_SERVICE:
        return "đơn vị sự nghiệp";
    case TH_UNIT_KIND_DIVISION:
        return "phòng";
    case TH_UNIT_KIND_PARTY_OR_MASS:
        return "cơ quan đảng, đoàn thể";
    case TH_UNIT_KIND_JUDICIAL:
        return "cơ quan tư pháp";
    case TH_UNIT_KIND_ARMED:
        return "lực lượng vũ trang";
    default:
        return "cơ quan";
    }
}

char *th_query_full_name(const struct th_query_context *context, uint32_t unit,
                         char text[TH_QUERY_FULL_NAME_SIZE])
{
    const struct th_unit *u = &context->units.units[unit];
    bool has_prefix = context->names.name_at[unit] > 0;
    (void)snprintf(text, TH_QUERY_FULL_NAME_SIZE, "%s%s%s",
                   has_prefix ? th_unit_kind_prefix(u->kind) : "", has_prefix ? " " : "", u->name);
    return text;
}

const char *th_query_parent_name(const struct th_question *question, uint32_t unit)
{
    const struct th_unit *units = question->context->units.units;
    uint32_t parent = units[unit].parent;
    return parent == TH_UNIT_NONE ? "" : units[parent].name;
}

static json_t *day_or_null(th_day day)
{
    bool is_open =
        day.number == TH_UNIT_ALWAYS_FROM.number || day.number == TH_UNIT_ALWAYS_TO.number;
    return is_open ? json_null() : th_json_day(day);
}

static json_t *unit_json(const struct th_question *question, uint32_t index)
{
    const struct th_unit *unit = &question->context->units.units[index];
    json_t *object = th_json_set(json_object(), "unit", json_string(unit->code));
    object = th_json_set(object, "name", json_string(unit->name));
    object = th_json_set(object, "kind", json_string(th_unit_kind_word(unit->kind)));
    object = th_json_set(object, "kind_name", json_string(th_query_kind_name(unit->kind)));
    object =
        th_json_set(object, "level",
                    json_string(th_word_of(&th_words_level, (int)th_unit_kind_level(unit->kind))));
    object = th_json_set(object, "parent", th_json_text(unit->parent_code));
    object =
        th_json_set(object, "parent_name", th_json_text(th_query_parent_name(question, index)));
    object = th_json_set(object, "valid_from", day_or_null(unit->valid_from));
    object = th_json_set(object, "valid_to", day_or_null(unit->valid_to));
    return th_json_set(object, "valid", json_boolean(th_unit_is_valid(unit, question->day)));
}

/* ---- a search ---- */

struct search {
    const struct th_question *question;
    struct th_search_words words;
    bool has_kind;
    enum th_unit_kind kind;
    struct th_text parent;
    uint32_t top; /* TH_UNIT_NONE: everything */
    uint8_t *ranks;
};

static int rank_of(const struct search *search, uint32_t index)
{
    const struct th_question *question = search->question;
    const struct th_query_context *context = question->context;
    const struct th_unit *unit = &context->units.units[index];
    if (!th_query_exists(question, index) || !th_query_may_ask(question, index) ||
        (search->has_kind && unit->kind != search->kind) ||
        (search->parent.size > 0 && !th_query_text_is(unit->parent_code, search->parent)) ||
        (search->top != TH_UNIT_NONE && !th_query_is_below(context, index, search->top)))
        return TH_SEARCH_NONE;
    return th_search_rank_unit(&search->words, &context->names, &context->units, index);
}

/* A unit of a code: the one that bears it on the question's day, else the last one that did. */
static uint32_t find_code(const struct th_question *question, struct th_text code)
{
    const struct th_unit_list *units = &question->context->units;
    uint32_t found = th_unit_list_find(units, code.bytes, code.size, question->day);
    if (found != TH_UNIT_NONE && th_query_exists(question, found))
        return found;
    found = TH_UNIT_NONE;
    for (uint32_t i = 0; i < units->count; i++)
        if (th_query_text_is(units->units[i].code, code) && th_query_exists(question, i))
            found = i;
    return found;
}

static int refuse_unit(const struct th_question *question, struct th_text code)
{
    return th_query_refuse(question, TH_E_NOT_FOUND,
                           "không có đơn vị “%.*s”: tìm bằng lệnh units list", (int)code.size,
                           code.bytes);
}

static int begin(const struct th_question *question, struct search *search)
{
    const struct th_query *query = question->query;
    *search = (struct search){.question = question, .parent = query->parent, .top = TH_UNIT_NONE};
    if (query->kind.size > 0 &&
        th_unit_kind_parse(query->kind.bytes, query->kind.size, &search->kind) < 0)
        return th_query_refuse(question, TH_E_INVALID,
                               "không có loại đơn vị “%.*s”: dùng xa, phuong, huyen, so …",
                               (int)query->kind.size, query->kind.bytes);
    search->has_kind = query->kind.size > 0;
    if (query->unit.size > 0) {
        search->top = find_code(question, query->unit);
        if (search->top == TH_UNIT_NONE)
            return refuse_unit(question, query->unit);
    }
    if (query->parent.size > 0 && find_code(question, query->parent) == TH_UNIT_NONE)
        return refuse_unit(question, query->parent);
    search->ranks = th_arena_alloc_array(question->arena, question->context->units.count + 1, 1);
    if (search->ranks == NULL)
        return TH_E_NO_MEMORY;
    return th_search_words_init(query->search, question->arena, &search->words);
}

/* One rank after the other, in the order of names; `after` is where the page before ended. */
static int list_units(const struct search *search, json_t **ret_list, uint32_t *ret_last,
                      bool *ret_more)
{
    const struct th_query_context *context = search->question->context;
    const struct th_query *query = search->question->query;
    uint32_t limit = query->limit == 0 ? TH_QUERY_LIMIT_MAX : query->limit, shown = 0;
    uint32_t after = TH_UNIT_NONE;
    json_t *list = json_array();
    if (query->after.size > 0) {
        after = th_query_find_key(context, query->after.bytes, query->after.size);
        if (after == TH_UNIT_NONE || search->ranks[after] == TH_SEARCH_NONE) {
            json_decref(list);
            return th_query_refuse(search->question, TH_E_INVALID,
                                   "không có chỗ để đi tiếp sau “%.*s”", (int)query->after.size,
                                   query->after.bytes);
        }
    }
    bool has_begun = after == TH_UNIT_NONE;
    for (int rank = TH_SEARCH_BEST; rank <= TH_SEARCH_WORST && !*ret_more; rank++)
        for (uint32_t i = 0; i < context->units.count && !*ret_more; i++) {
            uint32_t unit = context->names.by_name[i];
            if (search->ranks[unit] != rank)
                continue;
            if (!has_begun) {
                has_begun = unit == after;
                continue;
            }
            *ret_more = shown == limit;
            if (*ret_more)
                break;
            list = th_json_append(list, unit_json(search->question, unit));
            *ret_last = unit;
            shown++;
        }
    *ret_list = list;
    return list == NULL ? TH_E_NO_MEMORY : TH_OK;
}

int th_query_units(const struct th_question *question, json_t **ret_answer)
{
    const struct th_unit_list *units = &question->context->units;
    struct search search;
    json_t *list = NULL;
    uint32_t last = TH_UNIT_NONE, found = 0;
    bool has_more = false;
    char key[TH_UNIT_KEY_SIZE];
    int status = begin(question, &search);
    if (status != TH_OK)
        return status == TH_E_TEXT ? TH_E_INVALID : status;
    for (uint32_t i = 0; i < units->count; i++) {
        search.ranks[i] = (uint8_t)rank_of(&search, i);
        found += search.ranks[i] != TH_SEARCH_NONE;
    }
    status = list_units(&search, &list, &last, &has_more);
    if (status != TH_OK)
        return status;
    json_t *answer = th_query_moment(question);
    answer = th_json_set(answer, "found", json_integer(found));
    answer = th_json_set(answer, "units", list);
    answer = th_json_set(answer, "more",
                         has_more ? json_string(th_query_unit_key(&units->units[last], key))
                                  : json_null());
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}

/* ---- one unit ---- */

/* From the top down; the unit itself is the last one. */
static json_t *path_of(const struct th_question *question, uint32_t unit)
{
    const struct th_unit *units = question->context->units.units;
    json_t *path = json_array();
    for (; unit != TH_UNIT_NONE && path != NULL; unit = units[unit].parent) {
        json_t *step = json_pack("{s:s,s:s}", "unit", units[unit].code, "name", units[unit].name);
        if (json_array_insert_new(path, 0, step) < 0) {
            json_decref(path);
            path = NULL;
        }
    }
    return path;
}

int th_query_unit(const struct th_question *question, json_t **ret_answer)
{
    const struct th_unit_list *units = &question->context->units;
    const char *asker = question->asking->asker;
    struct th_text code = question->query->unit;
    uint32_t children = 0;
    if (code.size == 0 && asker != NULL)
        code = th_text_of(asker);
    if (code.size == 0)
        return th_query_refuse(th_query_lacks(question, "unit"), TH_E_INVALID,
                               "cần biết đơn vị nào: nói rõ unit");
    uint32_t unit = find_code(question, code);
    if (unit == TH_UNIT_NONE)
        return refuse_unit(question, code);
    if (!th_query_may_ask(question, unit))
        return th_query_refuse(question, TH_E_FORBIDDEN,
                               "đơn vị %s chỉ được hỏi về mình và các đơn vị bên dưới", asker);
    for (uint32_t i = 0; i < units->count; i++)
        children += units->units[i].parent == unit && th_query_exists(question, i);
    json_t *answer = th_json_fill(th_query_moment(question), unit_json(question, unit));
    answer = th_json_set(answer, "external_id", th_json_text(units->units[unit].external_id));
    answer = th_json_set(answer, "path", path_of(question, unit));
    *ret_answer = th_json_set(answer, "children", json_integer(children));
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
