/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/plan.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static char *out_text, *err_text;
static size_t out_size, err_size;

static void tear_down(void)
{
    free(out_text);
    free(err_text);
}

TestSuite(cli_plan, .fini = tear_down);

/* Runs "plan" with the given words; the last one is NULL. */
static int run(const char *first, ...)
{
    static char words[8][256];
    char *argv[9] = {words[0]};
    int argc = 1;
    strcpy(words[0], "plan");
    va_list list;
    va_start(list, first);
    for (const char *word = first; word != NULL; word = va_arg(list, const char *)) {
        cr_assert_lt(argc, 8);
        (void)snprintf(words[argc], sizeof words[argc], "%s", word);
        argv[argc] = words[argc];
        argc++;
    }
    va_end(list);
    tear_down();
    FILE *out = open_memstream(&out_text, &out_size), *err = open_memstream(&err_text, &err_size);
    int code = th_cli_plan(argc, argv, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return code;
}

static json_t *parse(void)
{
    json_error_t error;
    json_t *root = json_loads(out_text, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "%s in %s", error.text, out_text);
    return root;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    cr_assert_not_null(text, "%s", key);
    return text;
}

static json_t *obligation_of(json_t *root, const char *id)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "obligations"), i,
                       item) if (strcmp(text_of(item, "id"), id) == 0) return item;
    cr_assert_fail("%s", id);
    return NULL;
}

/* ---- check ---- */

Test(cli_plan, every_plan_passes_the_check)
{
    static const char *const paths[] = {"plans/gialai-2025.yaml", "plans/sonmau-2024.yaml",
                                        "plans/vpubnd-quangngai-2025.yaml",
                                        "plans/quangngai-2025.yaml", "plans/chiminh-2025.yaml"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        cr_assert_eq(run("check", paths[i], NULL), EX_OK, "%s", err_text);
        cr_assert_not_null(strstr(out_text, "hợp lệ"));
        cr_assert_eq(err_size, 0);
    }
}

Test(cli_plan, the_check_counts_what_it_read)
{
    cr_assert_eq(run("check", "plans/gialai-2025.yaml", NULL), EX_OK);
    cr_assert_not_null(strstr(out_text, "5 nghĩa vụ, 208 chỉ tiêu, 66 quy tắc, 269 đơn vị"));
    cr_assert_not_null(strstr(out_text, "240 đơn vị phải báo cáo"));
}

Test(cli_plan, the_check_as_json_says_the_same)
{
    cr_assert_eq(run("check", "plans/gialai-2025.yaml", "--json", NULL), EX_OK);
    json_t *root = parse();
    cr_assert(json_is_true(json_object_get(root, "ok")));
    cr_assert_eq(json_integer_value(json_object_get(root, "indicators")), 208);
    cr_assert_eq(json_integer_value(json_object_get(root, "rules")), 66);
    cr_assert_eq(json_integer_value(json_object_get(root, "units")), 269);
    json_t *first = obligation_of(root, "O-002-1"), *silent = obligation_of(root, "O-002-3-H1");
    cr_assert_eq(json_integer_value(json_object_get(first, "expected")), 240);
    cr_assert(json_is_null(json_object_get(silent, "expected")));
    cr_assert_eq(json_integer_value(json_object_get(silent, "reporters")), 1);
    json_decref(root);
}

Test(cli_plan, given_units_are_used_instead_of_the_plans_own)
{
    cr_assert_eq(
        run("check", "--units", "plans/units/sonmau-2024.csv", "plans/gialai-2025.yaml", NULL),
        EX_DATAERR);
    cr_assert_not_null(strstr(err_text, "plans/gialai-2025.yaml:15:"));
    cr_assert_not_null(strstr(err_text, "cách sửa:"));
    cr_assert_eq(out_size, 0);
}

Test(cli_plan, problems_as_json_have_their_place_and_a_hint)
{
    cr_assert_eq(run("check", "--json", "--units=plans/units/sonmau-2024.csv",
                     "plans/gialai-2025.yaml", NULL),
                 EX_DATAERR);
    json_t *root = parse();
    cr_assert(json_is_false(json_object_get(root, "ok")));
    json_t *first = json_array_get(json_object_get(root, "problems"), 0);
    cr_assert_str_eq(text_of(first, "file"), "plans/gialai-2025.yaml");
    cr_assert_gt(json_integer_value(json_object_get(first, "line")), 0);
    cr_assert_gt(json_integer_value(json_object_get(first, "column")), 0);
    cr_assert_neq(text_of(first, "message")[0], 0);
    cr_assert_neq(text_of(first, "hint")[0], 0);
    json_decref(root);
}

Test(cli_plan, a_file_that_is_not_there_has_its_own_code)
{
    cr_assert_eq(run("check", "/no/such.yaml", NULL), EX_NOINPUT);
    cr_assert_not_null(strstr(err_text, "/no/such.yaml:1:1: lỗi:"));
    cr_assert_eq(run("due", "plans/gialai-2025.yaml", "--units", "/no/such.csv", NULL), EX_NOINPUT);
    cr_assert_eq(run("due", "--json", "/no/such.yaml", NULL), EX_NOINPUT);
    json_decref(parse());
}

/* ---- due ---- */

Test(cli_plan, due_says_the_last_moment_on_time_and_the_first_that_is_late)
{
    cr_assert_eq(run("due", "plans/gialai-2025.yaml", NULL), EX_OK);
    cr_assert_not_null(strstr(out_text, "trước ngày 10/5/2025"));
    cr_assert_not_null(strstr(out_text, "2025-05-09T23:59:59.999+07:00"));
    cr_assert_not_null(strstr(out_text, "2025-05-10T00:00:00+07:00"));
    cr_assert_not_null(strstr(out_text, "nhắc trước hạn   14, 7, 3, 1 ngày"));
    cr_assert_not_null(strstr(out_text, "không nêu ngày"));
}

Test(cli_plan, due_as_json_says_the_same)
{
    cr_assert_eq(run("due", "plans/gialai-2025.yaml", "--json", NULL), EX_OK);
    json_t *root = parse(), *first = obligation_of(root, "O-002-1");
    json_t *due = json_object_get(first, "due");
    cr_assert_str_eq(text_of(due, "boundary"), "before");
    cr_assert_str_eq(text_of(due, "day"), "2025-05-10");
    cr_assert_str_eq(text_of(due, "last_on_time"), "2025-05-09T23:59:59.999+07:00");
    cr_assert_str_eq(text_of(due, "first_late"), "2025-05-10T00:00:00+07:00");
    cr_assert(json_is_null(json_object_get(due, "rolled_to")));
    cr_assert_eq(json_array_size(json_object_get(first, "reminders")), 4);
    cr_assert_eq(json_integer_value(json_object_get(first, "expected")), 240);
    cr_assert(json_is_null(json_object_get(obligation_of(root, "O-002-3-YEAR"), "due")));
    json_decref(root);
}

/* A copy of the office's plan under the other policy; `path` is a template of mkstemp. */
static void write_rolled_copy(char *path)
{
    static const char *const keys[] = {"units: ", "indicators: ", "rules: ", "holidays: "};
    char folder[512], line[4096];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    FILE *in = fopen("plans/vpubnd-quangngai-2025.yaml", "rbe");
    FILE *copy = fdopen(mkstemp(path), "wb");
    cr_assert(in != NULL && copy != NULL);
    while (fgets(line, sizeof line, in) != NULL) {
        const char *rest = line;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (strncmp(line, keys[i], strlen(keys[i])) == 0) {
                rest = line + strlen(keys[i]);
                (void)fprintf(copy, "%s%s/plans/", keys[i], folder);
            }
        bool is_policy = strcmp(line, "deadline_policy: strict\n") == 0;
        (void)fputs(is_policy ? "deadline_policy: civil_code_roll\n" : rest, copy);
    }
    (void)fclose(in);
    (void)fclose(copy);
}

/* The annual report of the office is due before Sunday 12/10: the last day is a Saturday. */
Test(cli_plan, a_rolled_day_is_shown)
{
    char path[] = "/tmp/tonghop-rolled-XXXXXX";
    write_rolled_copy(path);
    int text = run("due", path, NULL);
    bool shown = strstr(out_text, "ngày cuối 11/10/2025 là ngày nghỉ, chuyển sang 13/10/2025");
    int as_json = run("due", path, "--json", NULL);
    (void)unlink(path);
    cr_assert_eq(text, EX_OK);
    cr_assert(shown);
    cr_assert_eq(as_json, EX_OK);
    json_t *root = parse(), *due = json_object_get(obligation_of(root, "O-003-2"), "due");
    cr_assert_str_eq(text_of(due, "rolled_to"), "2025-10-13");
    cr_assert_str_eq(text_of(due, "first_late"), "2025-10-14T00:00:00+07:00");
    json_decref(root);
}

/* ---- show ---- */

Test(cli_plan, show_marks_what_was_decided_beside_the_quote)
{
    cr_assert_eq(run("show", "plans/gialai-2025.yaml", NULL), EX_OK);
    cr_assert_not_null(strstr(out_text, "188/KH-UBND"));
    cr_assert_not_null(strstr(out_text, "\"báo cáo định kỳ 06 tháng (trước ngày 10/5/2025)\""));
    cr_assert_not_null(strstr(out_text, "KHÁC VĂN BẢN     ai báo cáo, chỉ tiêu, mốc nhắc"));
    cr_assert_not_null(strstr(out_text, "Quyết định của bên sử dụng hệ thống"));
    cr_assert_not_null(strstr(out_text, "HC12*"));
}

Test(cli_plan, show_as_json_holds_the_whole_plan)
{
    cr_assert_eq(run("show", "plans/quangngai-2025.yaml", "--json", NULL), EX_OK);
    json_t *root = parse();
    cr_assert(json_is_null(json_object_get(root, "number")));
    cr_assert_eq(json_array_size(json_object_get(root, "tasks")), 11);
    cr_assert_eq(json_array_size(json_object_get(root, "recipients")), 14);
    json_t *relations = json_object_get(root, "relations");
    cr_assert_eq(json_array_size(relations), 6);
    json_t *suspension = json_array_get(relations, 4);
    cr_assert_str_eq(text_of(suspension, "kind"), "suspends");
    cr_assert_str_eq(text_of(suspension, "what"), "scoring");
    cr_assert_str_eq(text_of(suspension, "until"),
                     "cho đến khi có hướng dẫn, quy định mới của trung ương");
    cr_assert(json_is_null(json_object_get(obligation_of(root, "O-000-1"), "override")));
    json_decref(root);
}

Test(cli_plan, show_as_json_keeps_source_and_override_apart)
{
    cr_assert_eq(run("show", "plans/gialai-2025.yaml", "--json", NULL), EX_OK);
    json_t *root = parse(), *first = obligation_of(root, "O-002-1");
    json_t *source = json_object_get(first, "source"), *own = json_object_get(first, "override");
    cr_assert_null(json_object_get(source, "indicators"));
    json_t *levels = json_object_get(json_object_get(source, "who"), "levels");
    cr_assert_str_eq(json_string_value(json_array_get(levels, 0)), "district");
    levels = json_object_get(json_object_get(own, "who"), "levels");
    cr_assert_str_eq(json_string_value(json_array_get(levels, 0)), "commune");
    cr_assert_neq(text_of(own, "reason")[0], 0);
    json_t *lists = json_object_get(own, "indicators");
    cr_assert_eq(json_array_size(json_object_get(lists, "communes")), 69);
    cr_assert_eq(json_array_size(json_object_get(lists, "communes_derived")), 5);
    json_decref(root);
}

/* ---- the command line ---- */

Test(cli_plan, a_wrong_line_is_a_usage_error_that_says_what_to_do)
{
    cr_assert_eq(run(NULL), EX_USAGE);
    cr_assert_eq(run("chec", "x", NULL), EX_USAGE);
    cr_assert_not_null(strstr(err_text, "không có lệnh \"chec\""));
    cr_assert_eq(run("check", NULL), EX_USAGE);
    cr_assert_not_null(strstr(err_text, "thiếu"));
    cr_assert_eq(run("check", "a", "b", NULL), EX_USAGE);
    cr_assert_not_null(strstr(err_text, "thừa \"b\""));
    cr_assert_eq(run("check", "a", "--jsn", NULL), EX_USAGE);
    cr_assert_not_null(strstr(err_text, "không có tùy chọn \"--jsn\""));
    cr_assert_not_null(strstr(err_text, "plan check --help"));
}

Test(cli_plan, help_shows_options_and_examples)
{
    cr_assert_eq(run("--help", NULL), EX_OK);
    cr_assert_not_null(strstr(out_text, "plan due TỆP"));
    cr_assert_eq(run("due", "--help", NULL), EX_OK);
    cr_assert_not_null(strstr(out_text, "--units TỆP"));
    cr_assert_not_null(strstr(out_text, "Ví dụ:"));
    cr_assert_eq(err_size, 0);
}

Test(cli_plan, output_that_cannot_be_written_is_an_error)
{
    char *argv[] = {(char[]){"plan"}, (char[]){"show"}, (char[]){"plans/gialai-2025.yaml"}, NULL};
    FILE *full = fopen("/dev/full", "we");
    cr_assert_not_null(full);
    FILE *err = open_memstream(&err_text, &err_size);
    cr_assert_eq(th_cli_plan(3, argv, full, err), EX_IOERR);
    (void)fclose(full);
    (void)fclose(err);
    cr_assert_neq(err_size, 0);
}
