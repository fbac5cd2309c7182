/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/routes.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define OBLIGATION "/api/v1/plans/p-1/obligations/o-2"

static struct th_http_asked asked;
static char problem[TH_HTTP_PROBLEM_SIZE];

static int route(const char *text)
{
    static char *room;
    struct th_http_target target;
    const char *why = NULL;
    free(room);
    room = malloc(strlen(text) + 1);
    problem[0] = 0;
    cr_assert_eq(th_http_target_split(th_text_of(text), room, &target, &why), 0, "%s", text);
    int status = th_http_route(&target, &asked, problem);
    cr_assert((status < 0) == (problem[0] != 0), "%s: %s", text, problem);
    return status;
}

static void expect(const char *want, struct th_text text)
{
    cr_expect_eq(text.size, strlen(want));
    cr_expect_eq(memcmp(text.bytes, want, text.size), 0);
}

Test(http_routes, a_path_names_plan_obligation_and_unit)
{
    cr_assert_eq(route(OBLIGATION "/reports/23557?number=2&revision=3"), 0);
    cr_expect_eq(asked.route->kind, TH_HTTP_ROUTE_QUERY);
    cr_expect_eq(asked.query.what, TH_QUERY_REPORT);
    expect("p-1", asked.query.plan);
    expect("o-2", asked.query.obligation);
    expect("23557", asked.query.unit);
    cr_expect_eq(asked.query.number, 2);
    cr_expect_eq(asked.query.revision, 3);
}

Test(http_routes, every_row_of_the_table_is_found_by_its_own_path)
{
    const struct th_http_route *row;
    for (size_t i = 0; (row = th_http_route_at(i)) != NULL; i++) {
        char path[200] = "/";
        for (const char *at = row->path; *at != 0; at++)
            if (*at != '{' && *at != '}')
                strncat(path, at, 1);
        cr_assert_eq(route(path), 0, "%s", path);
        cr_expect_eq(asked.route, row, "%s", path);
    }
}

Test(http_routes, all_parameters_are_read)
{
    cr_assert_eq(route(OBLIGATION "/standing?unit=64&branch=bodies&as_of=2025-05-10&number=0&"
                                  "standing=missing&q=ia&limit=5&after=x&brief=1"),
                 0);
    expect("64", asked.query.unit);
    cr_expect_eq(asked.query.branch, TH_BRANCH_BODIES);
    cr_expect(asked.query.has_as_of && !asked.query.has_position);
    expect("missing", asked.query.standing);
    expect("ia", asked.query.search);
    expect("x", asked.query.after);
    cr_expect_eq(asked.query.limit, 5);
    cr_expect(asked.query.is_brief);
    cr_assert_eq(route(OBLIGATION "/differences?closed_at=2025-05-10&position=7"), 0);
    cr_expect(asked.query.has_closed_at && asked.query.has_position);
    cr_expect_eq(asked.query.position, 7);
    cr_assert_eq(route("/api/v1/checkpoint?size=12"), 0);
    cr_expect(asked.has_size);
    cr_expect_eq(asked.size, 12);
    cr_assert_eq(route("/api/v1/units?parent=64&kind=xa&unit=64"), 0);
    expect("64", asked.query.parent);
    expect("xa", asked.query.kind);
    cr_assert_eq(route(OBLIGATION "/export.csv?sheet=don-vi"), 0);
    expect("don-vi", asked.sheet);
    cr_expect_eq(asked.route->document, TH_DOCUMENT_CSV);
}

Test(http_routes, an_instant_is_the_same_with_a_plus_that_was_not_encoded)
{
    cr_assert_eq(route(OBLIGATION "/rollup?as_of=2025-05-10T17:00:05%2B07:00"), 0);
    th_instant encoded = asked.query.as_of;
    cr_assert_eq(route(OBLIGATION "/rollup?as_of=2025-05-10T17:00:05+07:00"), 0);
    cr_expect_eq(asked.query.as_of.ms, encoded.ms);
    cr_assert_eq(route(OBLIGATION "/rollup?as_of=2025-05-10+17:00:05"), 0);
    cr_expect_eq(asked.query.as_of.ms, encoded.ms);
}

Test(http_routes, what_cannot_be_read_is_refused_by_name)
{
    static const struct {
        const char *target, *word;
    } bad[] = {{"branch=x", "branch"},
               {"as_of=x", "as_of"},
               {"as_of=", "as_of"},
               {"as_of=2025-05-10T17:00:05.00000000000000000000000000000000000", "as_of"},
               {"position=-1", "position"},
               {"position=99999999999999999999", "position"},
               {"position=1&as_of=2025-05-10", "position"},
               {"number=9999999999", "number"},
               {"limit=0", "limit"},
               {"limit=20001", "limit"},
               {"brief=2", "brief"},
               {"revision=1", "revision"},
               {"colour=1", "colour"},
               {"unit=0123456789012345678901234567890123456789", "unit"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char target[300];
        snprintf(target, sizeof target, OBLIGATION "/standing?%s", bad[i].target);
        cr_expect_eq(route(target), TH_E_INVALID, "%s", target);
        cr_expect_not_null(strstr(problem, bad[i].word), "%s: %s", target, problem);
    }
}

Test(http_routes, what_is_no_route_is_not_found_or_a_file)
{
    cr_expect_eq(route("/api"), TH_E_NOT_FOUND);
    cr_expect_eq(route("/api/v1"), TH_E_NOT_FOUND);
    cr_expect_eq(route("/api/v2/store"), TH_E_NOT_FOUND);
    cr_expect_eq(route("/api/v1/storeroom"), TH_E_NOT_FOUND);
    cr_expect_eq(route(OBLIGATION "/rollup/more"), TH_E_NOT_FOUND);
    cr_expect_eq(route("/"), 0);
    cr_expect_eq(asked.route->kind, TH_HTTP_ROUTE_FILE);
    cr_expect_eq(route("/app.js?anything=1"), 0);
    cr_expect_eq(asked.route->kind, TH_HTTP_ROUTE_FILE);
}

Test(http_routes, parameters_are_listed_for_who_describes_them)
{
    const struct th_http_route *row;
    for (size_t i = 0; (row = th_http_route_at(i)) != NULL; i++)
        if (strcmp(row->path, "api/v1/checkpoint") == 0) {
            cr_expect_str_eq(th_http_route_parameter(row, 0), "size");
            cr_expect_null(th_http_route_parameter(row, 1));
            return;
        }
    cr_assert_fail();
}

/* ---- docs/openapi.yaml ---- */

static char *description;

/* The lines of a path's block, or NULL. */
static const char *find_block(const char *path, size_t *ret_size)
{
    char head[200];
    snprintf(head, sizeof head, "\n  /%s:\n", path);
    const char *block = strstr(description, head);
    if (block == NULL)
        return NULL;
    block += strlen(head);
    const char *end = block;
    while (strncmp(end, "    ", 4) == 0)
        end = strchr(end, '\n') + 1;
    *ret_size = (size_t)(end - block);
    return block;
}

static size_t count(const char *block, size_t size, const char *word)
{
    size_t found = 0, length = strlen(word);
    for (const char *at = block; at + length <= block + size; at++)
        found += memcmp(at, word, length) == 0 ? 1 : 0;
    return found;
}

Test(http_routes, the_description_has_the_table_and_nothing_else)
{
    size_t size = 0, routes = 0, length;
    const struct th_http_route *row;
    cr_assert_eq(th_file_read("docs/openapi.yaml", 1 << 20, &description, &length), 0);
    for (; (row = th_http_route_at(routes)) != NULL; routes++) {
        const char *block = find_block(row->path, &size), *name;
        cr_assert_not_null(block, "%s", row->path);
        size_t parameters = 0;
        for (; (name = th_http_route_parameter(row, parameters)) != NULL; parameters++) {
            char reference[80];
            snprintf(reference, sizeof reference, "/parameters/%s'", name);
            cr_expect_eq(count(block, size, reference), 1, "%s: %s", row->path, name);
        }
        size_t in_path = 0;
        for (const char *at = row->path; *at != 0; at++)
            in_path += *at == '{' ? 1 : 0;
        cr_expect_eq(count(block, size, "/parameters/"), parameters + in_path, "%s", row->path);
    }
    const char *end = strstr(description, "\ncomponents:");
    cr_expect_eq(count(description, (size_t)(end - description), "\n  /"), routes);
    free(description);
}
