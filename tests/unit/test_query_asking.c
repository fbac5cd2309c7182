/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* open_memstream */
/* Questions to a live store: who may ask about whom, and at which time. */
#include "aggregator/cli/answerer.h"
#include "aggregator/cli/query.h"
#include "aggregator/cli/write.h"
#include "aggregator/shell/secrets.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define COMMUNE  "23563"
#define DISTRICT "622"

static char folder[TH_TEST_FOLDER_SIZE];
static struct th_store *store;
static struct th_answerer answerer;
static struct th_arena arena;

static void open_store(enum th_store_access access)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    cr_assert_eq(th_store_open(folder, access, NULL, problem, &store), 0, "%s", problem);
}

/* A live store of Gia Lai, opened for the test. */
static void set_up(void)
{
    th_test_folder_make(folder);
    char *argv[] = {"init",    folder,
                    "--units", "plans/units/gialai-2024.csv",
                    "--plan",  "plans/gialai-2025.yaml",
                    NULL};
    FILE *nowhere = fopen("/dev/null", "w");
    cr_assert_eq(th_cli_init(6, argv, nowhere, stderr), EX_OK);
    (void)fclose(nowhere);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    open_store(TH_STORE_WRITE);
    th_answerer_init(store, &answerer);
}

static void tear_down(void)
{
    th_answerer_deinit(&answerer);
    th_store_close(store);
    th_arena_deinit(&arena);
    th_test_folder_remove(folder);
}

TestSuite(query_asking, .init = set_up, .fini = tear_down);

/* The status, and the answer as owned JSON when it is 0. */
static int ask(const char *asker, const char *about, json_t **ret_answer)
{
    struct th_bytes json = {NULL, 0};
    const struct th_query query = {.what = TH_QUERY_STANDING,
                                   .plan = th_text_of("gialai-2025"),
                                   .period = th_text_of("2025-H1"),
                                   .obligation = th_text_of(""),
                                   .unit = th_text_of(about)};
    int status = th_answerer_answer(&answerer, &query, asker, &arena, &json);
    *ret_answer = status == 0 ? json_loadb((const char *)json.bytes, json.size, 0, NULL) : NULL;
    return status;
}

/* The clock row of the last certain moment, as core leaves it when the wall clock has jumped. */
static void doubt_the_clock(void)
{
    struct th_secrets secrets;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    struct th_clock_row clock = {.status = TH_CLOCK_SUSPECT, .anchor_boottime_ms = 1};
    cr_assert_eq(th_instant_parse("2025-03-01", 10, &clock.time), 0);
    clock.anchor_wall = clock.time;
    cr_assert_eq(th_secrets_read(folder, th_store_identity(store)->realm,
                                 th_store_identity(store)->log_key, problem, &secrets),
                 0);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_clock(store, &clock), 0);
    cr_assert_eq(th_store_commit(store, &secrets.signer), 0);
    th_secrets_deinit(&secrets);
}

static const char *standing_of_first(const json_t *answer)
{
    const json_t *line = json_array_get(json_object_get(answer, "units"), 0);
    const char *word = json_string_value(json_object_get(line, "standing"));
    cr_assert_not_null(word);
    return word;
}

Test(query_asking, a_unit_asks_about_itself_when_it_names_none)
{
    json_t *answer;
    cr_assert_eq(ask(COMMUNE, "", &answer), 0);
    cr_assert_str_eq(json_string_value(json_object_get(answer, "unit")), COMMUNE);
    json_decref(answer);
}

Test(query_asking, a_unit_asks_about_those_below_it)
{
    json_t *answer;
    cr_assert_eq(ask(DISTRICT, COMMUNE, &answer), 0);
    json_decref(answer);
    cr_assert_eq(ask("64", COMMUNE, &answer), 0);
    json_decref(answer);
}

Test(query_asking, a_unit_may_not_ask_about_one_above_or_beside_it)
{
    json_t *answer;
    cr_assert_eq(ask(COMMUNE, DISTRICT, &answer), TH_E_FORBIDDEN);
    cr_assert_eq(ask(COMMUNE, "64", &answer), TH_E_FORBIDDEN);
    cr_assert_eq(ask("623", COMMUNE, &answer), TH_E_FORBIDDEN);
    cr_assert_eq(ask("", COMMUNE, &answer), TH_E_FORBIDDEN);
}

Test(query_asking, the_operator_asks_about_everything)
{
    json_t *answer;
    cr_assert_eq(ask(NULL, "", &answer), 0);
    cr_assert_str_eq(json_string_value(json_object_get(answer, "unit")), "64");
    json_decref(answer);
}

Test(query_asking, a_steady_clock_is_not_mentioned)
{
    json_t *answer;
    cr_assert_eq(ask(NULL, COMMUNE, &answer), 0);
    cr_assert_null(json_object_get(answer, "clock"));
    cr_assert_str_eq(standing_of_first(answer), "overdue");
    json_decref(answer);
}

Test(query_asking, while_the_clock_is_in_doubt_nobody_is_overdue_by_it)
{
    json_t *answer;
    doubt_the_clock();
    cr_assert_eq(ask(NULL, COMMUNE, &answer), 0);
    cr_assert_str_eq(json_string_value(json_object_get(answer, "clock")), "suspect");
    cr_assert_eq(strncmp(json_string_value(json_object_get(answer, "as_of")), "2025-03-01", 10), 0);
    cr_assert_str_neq(standing_of_first(answer), "overdue");
    json_decref(answer);
}

Test(query_asking, the_table_says_that_the_clock_is_in_doubt)
{
    char *text = NULL;
    size_t size = 0;
    char *argv[] = {"standing", folder, "--plan", "gialai-2025", "--period", "2025-H1", NULL};
    doubt_the_clock();
    FILE *out = open_memstream(&text, &size);
    th_store_close(store);
    cr_assert_eq(th_cli_standing(6, argv, out, stderr), EX_OK);
    (void)fclose(out);
    cr_assert_not_null(strstr(text, "Đồng hồ máy chủ đang bị nghi ngờ"));
    free(text);
    open_store(TH_STORE_WRITE);
}
