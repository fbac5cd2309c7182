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
    SIZE = 1 << 16,
    SHEET = 1 << 17
};

enum { PAST = AS_OF | POSITION, PART = UNIT | BRANCH | PAST, LINES = SEARCH | LIMIT | AFTER };

#define OBLIGATION "api/v1/plans/{plan}/obligations/{obligation}"

/* What the read side answers, as it was at a moment of the journal. */
#define ASK(path_, what_, parameters_)                                                             \
    {                                                                                              \
        .path = (path_), .what = TH_QUERY_##what_, .parameters = (parameters_)                     \
    }
/* The same with what is true at this moment alone: never kept. */
#define ASK_NOW(path_, kind_, what_, parameters_)                                                  \
    {                                                                                              \
        .path = (path_), .kind = TH_HTTP_ROUTE_##kind_, .what = TH_QUERY_##what_,                  \
        .freshness = TH_HTTP_MOMENT, .parameters = (parameters_)                                   \
    }
/* With contacts in it, which are outside the journal. */
#define DOCUMENT(ending_, document_, parameters_)                                                  \
    {                                                                                              \
        .path = OBLIGATION "/export." ending_, .kind = TH_HTTP_ROUTE_DOCUMENT,                     \
        .freshness = TH_HTTP_MOMENT, .parameters = (parameters_),                                  \
        .document = TH_DOCUMENT_##document_                                                        \
    }
#define PLAIN(path_, kind_)                                                                        \
    {                                                                                              \
        .path = (path_), .kind = TH_HTTP_ROUTE_##kind_, .freshness = TH_HTTP_MOMENT                \
    }

static const struct th_http_route routes[] = {
    ASK_NOW("api/v1/store", QUERY, STORE, PAST),
    {.path = "api/v1/checkpoint", .kind = TH_HTTP_ROUTE_CHECKPOINT, .parameters = SIZE},
    ASK("api/v1/plans", PLANS, PAST),
    ASK("api/v1/plans/{plan}", PLAN, PAST),
    ASK("api/v1/units", UNITS, LINES | UNIT | PARENT | KIND | PAST),
    ASK("api/v1/units/{unit}", UNIT, PAST),
    ASK(OBLIGATION, OBLIGATION, PAST),
    ASK(OBLIGATION "/standing", STANDING, PART | NUMBER | STANDING | LINES | BRIEF),
    ASK_NOW(OBLIGATION "/chasing", QUERY, CHASING, PART),
    ASK_NOW(OBLIGATION "/chasing.csv", CHASING_CSV, CHASING, PART),
    ASK_NOW(OBLIGATION "/chasing.txt", CHASING_TEXT, CHASING, PART),
    ASK(OBLIGATION "/rollup", ROLLUP, PART),
    ASK(OBLIGATION "/page", PAGE, PART | NUMBER | INDICATORS | LIMIT | AFTER),
    ASK(OBLIGATION "/spread", SPREAD, PART),
    ASK(OBLIGATION "/arrivals", ARRIVALS, PART),
    ASK(OBLIGATION "/reports/{unit}", REPORT, NUMBER | REVISION | PAST),
    {.path = OBLIGATION "/reports/{unit}/receipt",
     .kind = TH_HTTP_ROUTE_RECEIPT,
     .what = TH_QUERY_REPORT,
     .parameters = NUMBER | REVISION | PAST},
    ASK(OBLIGATION "/narrative", NARRATIVE, PART | NUMBER | INDICATOR | LINES),
    ASK(OBLIGATION "/models", MODELS, PART | NUMBER | KIND | LINES),
    ASK(OBLIGATION "/closings", CLOSINGS, PART),
    ASK(OBLIGATION "/differences", DIFFERENCES, PART | CLOSED_AT | LIMIT),
    DOCUMENT("xlsx", XLSX, PART),
    DOCUMENT("odt", ODT, PART),
    DOCUMENT("csv", CSV, PART | SHEET),
    DOCUMENT("json", JSON, PART),
    PLAIN("api/v1/events", EVENTS),
    PLAIN("metrics", METRICS),
    PLAIN("healthz", HEALTH),
    PLAIN("readyz", READY),
};

/* What is left is a file of the page. */
static const struct th_http_route file_route = PLAIN("", FILE);

static const char *const names[] = {"unit",      "branch",     "as_of",     "position", "number",
                                    "revision",  "standing",   "q",         "limit",    "after",
                                    "brief",     "indicators", "indicator", "kind",     "parent",
                                    "closed_at", "size",       "sheet"};

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
    case SHEET:
        return read_text(given, TH_QUERY_WORD_SIZE_MAX, problem, &asked->sheet);
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
    /* The page keeps its state there, for itself. */
    bool is_read = asked.route != NULL && asked.route->kind != TH_HTTP_ROUTE_FILE;
    for (size_t i = 0; is_read && status == 0 && i < target->parameters_count; i++)
        status = read_parameter(&target->parameters[i], problem, &asked);
    if (status == 0 && asked.query.has_as_of && asked.query.has_position)
        status = refuse(problem, "as_of và position không đi cùng nhau: chọn một trong hai");
    if (status == 0)
        *ret_asked = asked;
    return status;
}
