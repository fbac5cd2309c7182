/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/routes.h"

#include "proto/model/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- parameters ---- */

enum {
    UNIT = 1 << 0,
    BRANCH = 1 << 1,
    AS_OF = 1 << 2,
    POSITION = 1 << 3,
    NUMBER = 1 << 4,
    REVISION = 1 << 5,
    STANDING = 1 << 6,
    SEARCH = 1 << 7,
    LIMIT = 1 << 8,
    AFTER = 1 << 9,
    BRIEF = 1 << 10,
    INDICATORS = 1 << 11,
    INDICATOR = 1 << 12,
    KIND = 1 << 13,
    PARENT = 1 << 14,
    CLOSED_AT = 1 << 15,
    SIZE = 1 << 16
};

enum { PAST = AS_OF | POSITION, PART = UNIT | BRANCH | PAST, LINES = SEARCH | LIMIT | AFTER };

#define OBLIGATION "api/v1/plans/{plan}/obligations/{obligation}"

static const struct th_http_route routes[] = {
    {"api/v1/store", TH_HTTP_ROUTE_QUERY, TH_QUERY_STORE, TH_HTTP_MOMENT, PAST},
    {"api/v1/checkpoint", TH_HTTP_ROUTE_CHECKPOINT, 0, TH_HTTP_JOURNAL, SIZE},
    {"api/v1/plans", TH_HTTP_ROUTE_QUERY, TH_QUERY_PLANS, TH_HTTP_JOURNAL, PAST},
    {"api/v1/plans/{plan}", TH_HTTP_ROUTE_QUERY, TH_QUERY_PLAN, TH_HTTP_JOURNAL, PAST},
    {"api/v1/units", TH_HTTP_ROUTE_QUERY, TH_QUERY_UNITS, TH_HTTP_JOURNAL,
     LINES | PARENT | KIND | PAST},
    {"api/v1/units/{unit}", TH_HTTP_ROUTE_QUERY, TH_QUERY_UNIT, TH_HTTP_JOURNAL, PAST},
    {OBLIGATION, TH_HTTP_ROUTE_QUERY, TH_QUERY_OBLIGATION, TH_HTTP_JOURNAL, PAST},
    {OBLIGATION "/standing", TH_HTTP_ROUTE_QUERY, TH_QUERY_STANDING, TH_HTTP_JOURNAL,
     PART | NUMBER | STANDING | LINES | BRIEF},
    {OBLIGATION "/chasing", TH_HTTP_ROUTE_QUERY, TH_QUERY_CHASING, TH_HTTP_MOMENT, PART},
    {OBLIGATION "/chasing.csv", TH_HTTP_ROUTE_CHASING_CSV, TH_QUERY_CHASING, TH_HTTP_MOMENT, PART},
    {OBLIGATION "/chasing.txt", TH_HTTP_ROUTE_CHASING_TEXT, TH_QUERY_CHASING, TH_HTTP_MOMENT, PART},
    {OBLIGATION "/rollup", TH_HTTP_ROUTE_QUERY, TH_QUERY_ROLLUP, TH_HTTP_JOURNAL, PART},
    {OBLIGATION "/page", TH_HTTP_ROUTE_QUERY, TH_QUERY_PAGE, TH_HTTP_JOURNAL,
     PART | NUMBER | INDICATORS},
    {OBLIGATION "/spread", TH_HTTP_ROUTE_QUERY, TH_QUERY_SPREAD, TH_HTTP_JOURNAL, PART},
    {OBLIGATION "/arrivals", TH_HTTP_ROUTE_QUERY, TH_QUERY_ARRIVALS, TH_HTTP_JOURNAL, PART},
    {OBLIGATION "/reports/{unit}", TH_HTTP_ROUTE_QUERY, TH_QUERY_REPORT, TH_HTTP_JOURNAL,
     NUMBER | REVISION | PAST},
    {OBLIGATION "/reports/{unit}/receipt", TH_HTTP_ROUTE_RECEIPT, TH_QUERY_REPORT, TH_HTTP_JOURNAL,
     NUMBER | REVISION | PAST},
    {OBLIGATION "/narrative", TH_HTTP_ROUTE_QUERY, TH_QUERY_NARRATIVE, TH_HTTP_JOURNAL,
     PART | INDICATOR | LINES},
    {OBLIGATION "/models", TH_HTTP_ROUTE_QUERY, TH_QUERY_MODELS, TH_HTTP_JOURNAL,
     PART | KIND | LINES},
    {OBLIGATION "/closings", TH_HTTP_ROUTE_QUERY, TH_QUERY_CLOSINGS, TH_HTTP_JOURNAL, PART},
    {OBLIGATION "/differences", TH_HTTP_ROUTE_QUERY, TH_QUERY_DIFFERENCES, TH_HTTP_JOURNAL,
     PART | CLOSED_AT},
    {"api/v1/events", TH_HTTP_ROUTE_EVENTS, 0, TH_HTTP_MOMENT, 0},
    {"metrics", TH_HTTP_ROUTE_METRICS, 0, TH_HTTP_MOMENT, 0},
    {"healthz", TH_HTTP_ROUTE_HEALTH, 0, TH_HTTP_MOMENT, 0},
    {"readyz", TH_HTTP_ROUTE_READY, 0, TH_HTTP_MOMENT, 0},
};

/* What is left is a file of the page. */
static const struct th_http_route file_route = {"", TH_HTTP_ROUTE_FILE, 0, TH_HTTP_JOURNAL, 0};

static const char *const names[] = {
    "unit",  "branch", "as_of",      "position",  "number", "revision", "standing",  "q",   "limit",
    "after", "brief",  "indicators", "indicator", "kind",   "parent",   "closed_at", "size"};

enum { NAMES_COUNT = sizeof names / sizeof names[0] };

const struct th_http_route *th_http_route_at(size_t index)
{
    return index < sizeof routes / sizeof routes[0] ? &routes[index] : NULL;
}

const char *th_http_route_parameter(const struct th_http_route *route, size_t index)
{
    for (unsigned i = 0; i < NAMES_COUNT; i++)
        if ((route->parameters & 1U << i) != 0 && index-- == 0)
            return names[i];
    return NULL;
}

/* ---- paths ---- */

static bool is(struct th_text text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0;
}

static void keep(struct th_query *query, const char *name, struct th_text value)
{
    if (strncmp(name, "{plan}", 6) == 0)
        query->plan = value;
    else if (strncmp(name, "{obligation}", 12) == 0)
        query->obligation = value;
    else
        query->unit = value;
}

static bool matches(const char *path, const struct th_http_target *target, struct th_query *query)
{
    for (size_t i = 0; i < target->segments_count; i++) {
        size_t size = strcspn(path, "/");
        struct th_text segment = target->segments[i];
        if (size == 0)
            return false;
        if (path[0] == '{')
            keep(query, path, segment);
        else if (size != segment.size || memcmp(path, segment.bytes, size) != 0)
            return false;
        path += size;
        path += *path == '/' ? 1 : 0;
    }
    return *path == 0;
}

static int find(const struct th_http_target *target, struct th_http_asked *asked)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct th_query query = {.what = routes[i].what};
        if (!matches(routes[i].path, target, &query))
            continue;
        asked->query = query;
        asked->route = &routes[i];
        return 0;
    }
    if (target->segments_count > 0 && is(target->segments[0], "api"))
        return TH_E_NOT_FOUND;
    asked->route = &file_route;
    return 0;
}

/* ---- values ---- */

__attribute__((format(printf, 2, 3))) static int refuse(char problem[TH_HTTP_PROBLEM_SIZE],
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem, TH_HTTP_PROBLEM_SIZE, format, arguments);
    va_end(arguments);
    return TH_E_INVALID;
}

static int read_number(const struct th_http_parameter *given, int64_t min, int64_t max,
                       char *problem, int64_t *ret_number)
{
    char excerpt[TH_TEXT_EXCERPT_SIZE];
    if (th_text_parse_int(given->value.bytes, given->value.size, min, max, ret_number) == 0)
        return 0;
    return refuse(problem, "%s: “%s” không phải một số từ %lld đến %lld", given->name.bytes,
                  th_text_excerpt(given->value.bytes, given->value.size, excerpt), (long long)min,
                  (long long)max);
}

/* A + that was written as such in a question means a blank, and then only the zone can be meant:
 * 2025-05-10T17:00+07:00. */
static int read_instant(const struct th_http_parameter *given, char *problem,
                        th_instant *ret_instant)
{
    enum { DATE_AND_BLANK = 11, SIZE_MAX_OF_IT = 40 };
    char text[SIZE_MAX_OF_IT], excerpt[TH_TEXT_EXCERPT_SIZE];
    struct th_text value = given->value;
    if (value.size < sizeof text) {
        memcpy(text, value.bytes, value.size);
        for (size_t i = DATE_AND_BLANK; i < value.size; i++)
            text[i] = text[i] == ' ' ? '+' : text[i];
        if (th_instant_parse(text, value.size, ret_instant) == 0)
            return 0;
    }
    return refuse(problem,
                  "%s: không hiểu thời điểm “%s”: viết như 2025-05-10 hoặc "
                  "2025-05-10T17:00",
                  given->name.bytes, th_text_excerpt(value.bytes, value.size, excerpt));
}

static int read_branch(const struct th_http_parameter *given, char *problem,
                       enum th_branch *ret_branch)
{
    static const char *const words[] = {
        [TH_BRANCH_ALL] = "all", [TH_BRANCH_COMMUNES] = "communes", [TH_BRANCH_BODIES] = "bodies"};
    char excerpt[TH_TEXT_EXCERPT_SIZE];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is(given->value, words[i])) {
            *ret_branch = (enum th_branch)i;
            return 0;
        }
    return refuse(problem, "branch: không có nhánh “%s”: all, communes hoặc bodies",
                  th_text_excerpt(given->value.bytes, given->value.size, excerpt));
}

static int read_text(const struct th_http_parameter *given, size_t size_max, char *problem,
                     struct th_text *ret_text)
{
    if (given->value.size > size_max)
        return refuse(problem, "%s: dài quá %zu byte", given->name.bytes, size_max);
    *ret_text = given->value;
    return 0;
}

static int read_counted(const struct th_http_parameter *given, unsigned which, char *problem,
                        struct th_http_asked *asked)
{
    struct th_query *query = &asked->query;
    int64_t number = 0;
    int64_t min = which == REVISION || which == LIMIT ? 1 : 0;
    int64_t max = which == NUMBER     ? TH_LIMIT_NUMBER_MAX
                  : which == LIMIT    ? TH_QUERY_LIMIT_MAX
                  : which == REVISION ? UINT32_MAX
                                      : INT64_MAX;
    int status = read_number(given, min, max, problem, &number);
    if (status < 0)
        return status;
    if (which == NUMBER)
        query->number = (uint32_t)number;
    else if (which == LIMIT)
        query->limit = (uint32_t)number;
    else if (which == REVISION)
        query->revision = (uint32_t)number;
    else if (which == SIZE)
        asked->size = (uint64_t)number;
    else
        query->position = (uint64_t)number;
    query->has_position = query->has_position || which == POSITION;
    asked->has_size = asked->has_size || which == SIZE;
    return 0;
}

static int read_brief(const struct th_http_parameter *given, char *problem, bool *ret_is_brief)
{
    if (!is(given->value, "1") && !is(given->value, "0"))
        return refuse(problem, "brief: 1 hoặc 0");
    *ret_is_brief = is(given->value, "1");
    return 0;
}

static int read_value(const struct th_http_parameter *given, unsigned which, char *problem,
                      struct th_http_asked *asked)
{
    struct th_query *query = &asked->query;
    switch (which) {
    case UNIT:
        return read_text(given, TH_UNIT_CODE_MAX, problem, &query->unit);
    case BRANCH:
        return read_branch(given, problem, &query->branch);
    case AS_OF:
        query->has_as_of = true;
        return read_instant(given, problem, &query->as_of);
    case CLOSED_AT:
        query->has_closed_at = true;
        return read_instant(given, problem, &query->closed_at);
    case STANDING:
        return read_text(given, TH_QUERY_WORD_SIZE_MAX, problem, &query->standing);
    case SEARCH:
        return read_text(given, TH_QUERY_SEARCH_SIZE_MAX, problem, &query->search);
    case AFTER:
        return read_text(given, TH_QUERY_WORD_SIZE_MAX, problem, &query->after);
    case INDICATORS:
    case INDICATOR:
        return read_text(given, TH_QUERY_LIST_SIZE_MAX, problem, &query->indicators);
    case KIND:
        return read_text(given, TH_QUERY_WORD_SIZE_MAX, problem, &query->kind);
    case PARENT:
        return read_text(given, TH_UNIT_CODE_MAX, problem, &query->parent);
    case BRIEF:
        return read_brief(given, problem, &query->is_brief);
    default:
        return read_counted(given, which, problem, asked);
    }
}

static int read_parameter(const struct th_http_parameter *given, char *problem,
                          struct th_http_asked *asked)
{
    char known[TH_HTTP_PROBLEM_SIZE / 2] = "", excerpt[TH_TEXT_EXCERPT_SIZE];
    for (unsigned i = 0; i < NAMES_COUNT; i++)
        if (is(given->name, names[i]) && (asked->route->parameters & 1U << i) != 0)
            return read_value(given, 1U << i, problem, asked);
    const char *name;
    for (size_t i = 0; (name = th_http_route_parameter(asked->route, i)) != NULL; i++) {
        size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", name);
    }
    return refuse(problem, "không có tham số “%s” ở đây%s%s",
                  th_text_excerpt(given->name.bytes, given->name.size, excerpt),
                  known[0] == 0 ? "" : "; các tham số: ", known);
}

int th_http_route(const struct th_http_target *target, struct th_http_asked *ret_asked,
                  char problem[TH_HTTP_PROBLEM_SIZE])
{
    struct th_http_asked asked = {.route = NULL};
    int status = find(target, &asked);
    if (status < 0) {
        (void)refuse(problem, "không có đường dẫn này; xem docs/openapi.yaml");
        return status;
    }
    for (size_t i = 0; status == 0 && i < target->parameters_count; i++)
        status = read_parameter(&target->parameters[i], problem, &asked);
    if (status == 0 && asked.query.has_as_of && asked.query.has_position)
        status = refuse(problem, "as_of và position không đi cùng nhau: chọn một trong hai");
    if (status == 0)
        *ret_asked = asked;
    return status;
}
