/* SPDX-License-Identifier: Apache-2.0 */
/* A province of two levels, communes and bodies right below it, as since July 2025: how it is told
 * who lacks, and what its report is called. */
#include "aggregator/cli/answerer.h"
#include "aggregator/cli/query.h"
#include "aggregator/cli/write.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <zip.h>

#define PLAN       "quangngai-2025"
#define OBLIGATION "O-000-4" /* of 96 communes and 8 bodies; two of these have units below them */

static char folder[TH_TEST_FOLDER_SIZE];

static int run(int (*command)(int, char **, FILE *, FILE *), char **argv)
{
    int count = 0;
    FILE *nowhere = fopen("/dev/null", "w");
    while (argv[count] != NULL)
        count++;
    int code = command(count, argv, nowhere, stderr);
    (void)fclose(nowhere);
    return code;
}

static void set_up(void)
{
    th_test_folder_make(folder);
    char *argv[] = {"init",    folder,
                    "--units", "plans/units/quangngai-2025.csv",
                    "--plan",  "plans/quangngai-2025.yaml",
                    NULL};
    cr_assert_eq(run(th_cli_init, argv), EX_OK);
}

static void tear_down(void)
{
    th_test_folder_remove(folder);
}

TestSuite(two_levels, .init = set_up, .fini = tear_down, .timeout = 60);

static json_t *ask(enum th_query_what what)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    struct th_store *store;
    struct th_answerer answerer;
    struct th_arena arena;
    struct th_bytes json = {NULL, 0};
    const struct th_query query = {.what = what,
                                   .plan = th_text_of(PLAN),
                                   .period = th_text_of(""),
                                   .obligation = th_text_of(OBLIGATION),
                                   .unit = th_text_of("")};
    cr_assert_eq(th_store_open(folder, TH_STORE_READ, NULL, problem, &store), 0, "%s", problem);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_answerer_init(store, &answerer);
    cr_assert_eq(th_answerer_answer(&answerer, &query, NULL, &arena, &json), 0);
    json_t *answer = json_loadb((const char *)json.bytes, json.size, 0, NULL);
    th_answerer_deinit(&answerer);
    th_arena_deinit(&arena);
    th_store_close(store);
    cr_assert_not_null(answer);
    return answer;
}

static json_int_t count_at(const json_t *list, size_t index, const char *name)
{
    return json_integer_value(json_object_get(json_array_get(list, index), name));
}

Test(two_levels, a_body_with_units_of_its_own_is_no_part)
{
    json_t *answer = ask(TH_QUERY_STANDING);
    const json_t *below = json_object_get(answer, "below");
    cr_assert_eq(json_array_size(below), 1);
    cr_expect(json_is_null(json_object_get(json_array_get(below, 0), "unit")));
    json_decref(answer);
}

Test(two_levels, communes_and_bodies_are_chased_apart)
{
    json_t *answer = ask(TH_QUERY_CHASING);
    const json_t *groups = json_object_get(answer, "groups");
    cr_assert_eq(json_array_size(groups), 2);
    cr_expect_eq(count_at(groups, 0, "missing"), 96);
    cr_expect_eq(count_at(groups, 1, "missing"), 8);
    cr_expect(json_is_null(json_object_get(json_array_get(groups, 1), "unit")));
    json_decref(answer);
}

/* The report's content.xml, owned. */
static char *report(void)
{
    char path[TH_TEST_FOLDER_SIZE + 16];
    zip_stat_t about;
    (void)snprintf(path, sizeof path, "%s/report.odt", folder);
    char *argv[] = {"export",   folder,  "--plan", PLAN, "--obligation",
                    OBLIGATION, "--out", path,     NULL};
    cr_assert_eq(run(th_cli_export, argv), EX_OK);
    zip_t *archive = zip_open(path, ZIP_RDONLY, NULL);
    cr_assert_not_null(archive);
    cr_assert_eq(zip_stat(archive, "content.xml", 0, &about), 0);
    char *text = calloc(1, about.size + 1);
    zip_file_t *file = zip_fopen(archive, "content.xml", 0);
    cr_assert_eq(zip_fread(file, text, about.size), (zip_int64_t)about.size);
    (void)zip_fclose(file);
    zip_discard(archive);
    return text;
}

Test(two_levels, the_report_knows_the_kinds_of_communes_of_its_day)
{
    char *text = report();
    cr_expect_not_null(strstr(text, "Khối xã, phường, đặc khu: 0/96 đơn vị"));
    cr_expect_not_null(strstr(text, ">Xã, phường, đặc khu<"));
    cr_expect_null(strstr(text, "thị trấn"));
    free(text);
}

Test(two_levels, a_title_that_needs_its_year_keeps_it)
{
    char *text = report();
    cr_expect_not_null(strstr(text, "từ nay đến cuối năm 2025 ("));
    free(text);
}
