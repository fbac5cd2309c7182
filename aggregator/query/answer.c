/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/question.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BLOCK_BYTES  ((size_t)64 * 1024)
#define ANSWER_BUDGET_BYTES ((size_t)256 * 1024 * 1024)

int th_query_refuse(const struct th_question *question, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)th_text_vprint(question->problem->text, sizeof question->problem->text, format,
                         arguments);
    va_end(arguments);
    return status;
}

const struct th_question *th_query_lacks(const struct th_question *question, const char *parameter)
{
    question->problem->lacks = parameter;
    return question;
}

bool th_query_text_is(const char *text, struct th_text wanted)
{
    return strlen(text) == wanted.size && memcmp(text, wanted.bytes, wanted.size) == 0;
}

/* "a, b, c" of what could have been meant. */
static void append_name(char *list, size_t size, const char *name)
{
    size_t used = strlen(list), name_size = strlen(name);
    const char *at = list;
    for (; name_size > 0 && (at = strstr(at, name)) != NULL; at += name_size)
        if ((at == list || at[-1] == ' ') && (at[name_size] == ',' || at[name_size] == '\0'))
            return; /* it is there */
    if (name_size == 0)
        return;
    if (used < size)
        snprintf(list + used, size - used, "%s%s", used == 0 ? "" : ", ", name);
}

static int refuse_plan(const struct th_question *question, struct th_text id, const char *known)
{
    const struct th_query_context *context = question->context;
    char asked[TH_SPOKEN_TEXT_SIZE], loaded[TH_SPOKEN_TEXT_SIZE];
    for (uint16_t i = 0; i < context->plans_count; i++)
        if (th_query_text_is(context->plans[i].plan->id, id) || (id.size == 0 && known[0] == '\0'))
            return th_query_refuse(
                question, TH_E_NOT_FOUND,
                "lúc %s chưa có kế hoạch %s (nạp lúc %s): chọn thời điểm muộn hơn",
                th_instant_format_deadline(question->as_of, asked), context->plans[i].plan->id,
                th_instant_format_deadline(context->plans[i].loaded_at, loaded));
    return th_query_refuse(question, TH_E_NOT_FOUND, "không có kế hoạch “%.*s”; hiện có: %s",
                           (int)id.size, id.bytes, known);
}

/* Among those that were loaded at the question's moment. */
static int find_plan(struct th_question *question, struct th_text id)
{
    const struct th_query_context *context = question->context;
    char known[160] = "";
    unsigned count = 0;
    for (uint16_t i = 0; i < context->plans_count; i++) {
        if (context->plans[i].position >= question->size)
            continue;
        count++;
        append_name(known, sizeof(known), context->plans[i].plan->id);
        if (id.size > 0 && !th_query_text_is(context->plans[i].plan->id, id))
            continue;
        question->plan = &context->plans[i];
        question->book.plan = i;
        if (id.size > 0)
            return TH_OK;
    }
    if (id.size == 0 && count > 1)
        return th_query_refuse(th_query_lacks(question, "plan"), TH_E_AMBIGUOUS,
                               "có %u kế hoạch (%s): nói rõ plan", count, known);
    return id.size == 0 && count == 1 ? TH_OK : refuse_plan(question, id, known);
}

static int refuse_period(const struct th_question *question, int status, struct th_text period)
{
    const struct th_plan *plan = question->plan->plan;
    char known[240] = "";
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        if (status == TH_E_NOT_FOUND || th_query_text_is(plan->obligations[i].period, period))
            append_name(known, sizeof(known),
                        status == TH_E_NOT_FOUND ? plan->obligations[i].period
                                                 : plan->obligations[i].id);
    if (status == TH_E_AMBIGUOUS)
        return th_query_refuse(th_query_lacks(question, "obligation"), status,
                               "kỳ %.*s có nhiều nghĩa vụ: nói rõ obligation (%s)",
                               (int)period.size, period.bytes, known);
    return th_query_refuse(question, status, "kế hoạch %s không có kỳ “%.*s”; các kỳ: %s", plan->id,
                           (int)period.size, period.bytes, known);
}

static int find_obligation(struct th_question *question, const struct th_query *query)
{
    const struct th_plan *plan = question->plan->plan;
    const struct th_obligation *found = NULL;
    if (query->obligation.size > 0) {
        found = th_plan_find(plan, query->obligation.bytes, query->obligation.size);
        if (found == NULL)
            return th_query_refuse(question, TH_E_NOT_FOUND, "kế hoạch %s không có nghĩa vụ “%.*s”",
                                   plan->id, (int)query->obligation.size, query->obligation.bytes);
        if (query->period.size > 0 && !th_query_text_is(found->period, query->period))
            return th_query_refuse(question, TH_E_NOT_FOUND,
                                   "nghĩa vụ %s thuộc kỳ “%s”, không phải “%.*s”", found->id,
                                   found->period, (int)query->period.size, query->period.bytes);
    } else if (query->period.size > 0) {
        int status = th_plan_find_period(plan, query->period.bytes, query->period.size, &found);
        if (status != TH_OK)
            return refuse_period(question, status, query->period);
    } else {
        return th_query_refuse(th_query_lacks(question, "period"), TH_E_AMBIGUOUS,
                               "cần biết kỳ hoặc nghĩa vụ: nói rõ period (như 2025-H1) hoặc "
                               "obligation");
    }
    question->obligation = found;
    question->book.obligation = (uint16_t)(found - plan->obligations);
    return TH_OK;
}

/* Units are looked up on the last day on time, so that a code that was reused means the unit of
 * that time; without a date, on the last day of the plan's year. */
static th_day day_of(const struct th_question *question)
{
    if (question->obligation->has_due)
        return th_obligation_last_day(question->obligation);
    return th_day_of_date((struct th_civil_date){question->plan->plan->year, 12, 31});
}

bool th_query_may_ask(const struct th_question *question, uint32_t unit)
{
    const char *asker = question->asking->asker;
    return asker == NULL || th_query_is_within(question->context, unit, asker);
}

/* Whose code was never there is told without a day, which nobody has asked about. */
static int refuse_unit(const struct th_question *question, struct th_text code)
{
    const struct th_unit_list *units = &question->context->units;
    char day[TH_SPOKEN_TEXT_SIZE];
    for (uint32_t i = 0; i < units->count; i++)
        if (th_query_text_is(units->units[i].code, code))
            return th_query_refuse(
                question, TH_E_NOT_FOUND, "không có đơn vị “%.*s” vào ngày %s, ngày cuối của %s",
                (int)code.size, code.bytes, th_day_format_spoken(question->day, day),
                question->obligation->has_due ? "hạn nộp" : "năm kế hoạch");
    return th_query_refuse(question, TH_E_NOT_FOUND, "không có đơn vị “%.*s”", (int)code.size,
                           code.bytes);
}

static int find_unit(struct th_question *question, struct th_text code, const char *asker)
{
    const struct th_unit_list *units = &question->context->units;
    if (code.size == 0 && asker != NULL)
        code = th_text_of(asker);
    question->unit_given = code.size > 0;
    question->day = day_of(question);
    if (code.size == 0) {
        const char *territory = question->plan->plan->territory;
        code = th_text_of(territory);
    }
    question->unit = th_unit_list_find(units, code.bytes, code.size, question->day);
    if (question->unit == TH_UNIT_NONE)
        return refuse_unit(question, code);
    if (!th_query_exists(question, question->unit)) {
        char asked[TH_SPOKEN_TEXT_SIZE];
        return th_query_refuse(
            question, TH_E_NOT_FOUND, "lúc %s chưa có đơn vị “%.*s”: chọn thời điểm muộn hơn",
            th_instant_format_deadline(question->as_of, asked), (int)code.size, code.bytes);
    }
    if (!th_query_may_ask(question, question->unit))
        return th_query_refuse(question, TH_E_FORBIDDEN,
                               "đơn vị %s chỉ được hỏi về mình và các đơn vị bên dưới", asker);
    return TH_OK;
}

/* The first `position` entries, at the time of the last of them. */
static int find_position(struct th_question *question, uint64_t position)
{
    struct th_stored_entry entry;
    if (position == 0 || position > question->size)
        return th_query_refuse(question, TH_E_RANGE,
                               "nhật ký có %" PRIu64 " bản ghi: chọn vị trí từ 1 đến %" PRIu64,
                               question->size, question->size);
    int status = th_view_entry(question->view, position - 1, &entry);
    if (status != TH_OK)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    question->past = position < question->size;
    question->size = position;
    question->as_of = entry.time;
    return TH_OK;
}

/* What is later than now is nobody's knowledge. Whoever asks may have a clock behind the store's:
 * what its last entry tells has come. */
static int refuse_future(const struct th_question *question, th_instant as_of)
{
    th_instant present = question->asking->now;
    struct th_stored_entry last;
    if (as_of.ms <= present.ms || question->size == 0)
        return TH_OK;
    int status = th_view_entry(question->view, question->size - 1, &last);
    if (status != TH_OK)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    present.ms = last.time.ms > present.ms ? last.time.ms : present.ms;
    if (as_of.ms <= present.ms)
        return TH_OK;
    char asked[TH_SPOKEN_TEXT_SIZE], now[TH_SPOKEN_TEXT_SIZE];
    return th_query_refuse(
        question, TH_E_RANGE, "lúc %s chưa tới: theo đồng hồ của kho, bây giờ là %s",
        th_instant_format_deadline(as_of, asked), th_instant_format_spoken(present, now));
}

static int find_moment(struct th_question *question)
{
    const struct th_query *query = question->query;
    const struct th_query_asking *asking = question->asking;
    bool is_moment = query->has_as_of || query->has_position;
    question->past = false;
    question->as_of = query->has_as_of ? query->as_of : asking->now;
    question->is_clock_suspect = asking->is_clock_suspect && !is_moment;
    question->size = th_view_size(question->view);
    if (query->has_as_of && query->has_position)
        return th_query_refuse(question, TH_E_INVALID,
                               "hỏi theo thời điểm hoặc theo số bản ghi, không cả hai");
    if (query->has_position)
        return find_position(question, query->position);
    if (!query->has_as_of)
        return TH_OK;
    int status = refuse_future(question, query->as_of);
    if (status == TH_OK)
        status = th_view_position_at(question->view, query->as_of, &question->size);
    question->past = question->size < th_view_size(question->view);
    if (status == TH_OK && question->size == 0) {
        char text[TH_SPOKEN_TEXT_SIZE];
        return th_query_refuse(question, TH_E_RANGE,
                               "lúc %s sổ chưa có gì: chọn thời điểm muộn hơn",
                               th_instant_format_deadline(query->as_of, text));
    }
    return status;
}

/* How much of the question has to be found before it is answered. */
enum scope { OF_STORE, OF_PLAN, OF_OBLIGATION };

static const struct {
    int (*answer)(const struct th_question *question, json_t **ret_answer);
    enum scope scope;
} kinds[TH_QUERY_END] = {
    [TH_QUERY_STANDING] = {th_query_standing, OF_OBLIGATION},
    [TH_QUERY_ROLLUP] = {th_query_rollup, OF_OBLIGATION},
    [TH_QUERY_REPORT] = {th_query_report, OF_OBLIGATION},
    [TH_QUERY_CLOSINGS] = {th_query_closings, OF_OBLIGATION},
    [TH_QUERY_PAGE] = {th_query_page, OF_OBLIGATION},
    [TH_QUERY_STORE] = {th_query_store, OF_STORE},
    [TH_QUERY_PLANS] = {th_query_plans, OF_STORE},
    [TH_QUERY_PLAN] = {th_query_plan, OF_PLAN},
    [TH_QUERY_UNITS] = {th_query_units, OF_STORE},
    [TH_QUERY_UNIT] = {th_query_unit, OF_STORE},
    [TH_QUERY_OBLIGATION] = {th_query_obligation, OF_OBLIGATION},
    [TH_QUERY_CHASING] = {th_query_chasing, OF_OBLIGATION},
    [TH_QUERY_SPREAD] = {th_query_spread, OF_OBLIGATION},
    [TH_QUERY_ARRIVALS] = {th_query_arrivals, OF_OBLIGATION},
    [TH_QUERY_NARRATIVE] = {th_query_narrative, OF_OBLIGATION},
    [TH_QUERY_MODELS] = {th_query_models, OF_OBLIGATION},
    [TH_QUERY_DIFFERENCES] = {th_query_differences, OF_OBLIGATION},
};

static int check_words(const struct th_question *question)
{
    const struct th_query *query = question->query;
    const struct {
        struct th_text text;
        size_t size_max;
    } words[] = {{query->plan, TH_LIMIT_PLAN_ID_MAX},
                 {query->period, TH_LIMIT_PERIOD_SIZE_MAX},
                 {query->obligation, TH_LIMIT_OBLIGATION_ID_MAX},
                 {query->unit, TH_UNIT_CODE_MAX},
                 {query->standing, TH_QUERY_WORD_SIZE_MAX},
                 {query->parent, TH_UNIT_CODE_MAX},
                 {query->kind, TH_QUERY_WORD_SIZE_MAX},
                 {query->after, TH_QUERY_WORD_SIZE_MAX},
                 {query->indicators, TH_QUERY_LIST_SIZE_MAX}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].text.size > words[i].size_max ||
            th_text_check(words[i].text.bytes, words[i].text.size, TH_TEXT_ONE_LINE) == TH_E_TEXT)
            return th_query_refuse(question, TH_E_INVALID,
                                   "một từ trong câu hỏi quá dài hoặc không phải UTF-8 (NFC)");
    return TH_OK;
}

/* What no question may have. */
static int check(const struct th_question *question)
{
    const struct th_query *query = question->query;
    if (query->limit > TH_QUERY_LIMIT_MAX)
        return th_query_refuse(question, TH_E_INVALID, "mỗi lần hỏi không quá %d dòng",
                               TH_QUERY_LIMIT_MAX);
    if (query->search.size > TH_QUERY_SEARCH_SIZE_MAX)
        return th_query_refuse(question, TH_E_INVALID, "chữ cần tìm không quá %d byte",
                               TH_QUERY_SEARCH_SIZE_MAX);
    if (th_text_check(query->search.bytes, query->search.size, TH_TEXT_ONE_LINE) == TH_E_TEXT)
        return th_query_refuse(question, TH_E_INVALID,
                               "chữ cần tìm phải là UTF-8 dựng sẵn (NFC), trên một dòng");
    return check_words(question);
}

static int resolve(struct th_question *question, enum scope scope)
{
    const struct th_query *query = question->query;
    int status = check(question);
    if (status == TH_OK)
        status = find_moment(question);
    question->day = th_day_of_instant(question->as_of);
    if (status == TH_OK && scope >= OF_PLAN)
        status = find_plan(question, query->plan);
    if (status == TH_OK && scope >= OF_OBLIGATION)
        status = find_obligation(question, query);
    if (status == TH_OK && scope >= OF_OBLIGATION)
        status = find_unit(question, query->unit, question->asking->asker);
    question->branch = query->branch;
    question->number = query->number;
    if (status == TH_OK && scope >= OF_OBLIGATION)
        th_query_count_expected(question);
    return status;
}

int th_query_answer(const struct th_query_context *context, struct th_view *view,
                    const struct th_query *query, const struct th_query_asking *asking,
                    struct th_query_problem *ret_problem, json_t **ret_answer)
{
    struct th_arena arena;
    th_arena_init(&arena, ANSWER_BLOCK_BYTES, ANSWER_BUDGET_BYTES);
    *ret_problem = (struct th_query_problem){.lacks = NULL};
    struct th_question question = {.context = context,
                                   .view = view,
                                   .query = query,
                                   .asking = asking,
                                   .arena = &arena,
                                   .problem = ret_problem};
    int status = TH_OK;
    if (query->what <= 0 || query->what >= TH_QUERY_END || kinds[query->what].answer == NULL)
        status = th_query_refuse(&question, TH_E_VERSION, "bản này chưa trả lời được câu hỏi này");
    if (status == TH_OK)
        status = resolve(&question, kinds[query->what].scope);
    if (status == TH_OK)
        status = kinds[query->what].answer(&question, ret_answer);
    th_arena_deinit(&arena);
    return status;
}

int th_query_answer_text(const struct th_query_context *context, struct th_view *view,
                         const struct th_query *query, const struct th_query_asking *asking,
                         struct th_arena *arena, struct th_query_problem *ret_problem,
                         struct th_bytes *ret_json)
{
    json_t *answer_json;
    int status = th_query_answer(context, view, query, asking, ret_problem, &answer_json);
    if (status != TH_OK)
        return status;
    char *text = json_dumps(answer_json, JSON_COMPACT);
    json_decref(answer_json);
    if (text == NULL)
        return TH_E_NO_MEMORY;
    size_t size = strlen(text);
    char *copy = th_arena_copy_text(arena, text, size);
    free(text);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    *ret_json = (struct th_bytes){(const uint8_t *)copy, size};
    return TH_OK;
}
