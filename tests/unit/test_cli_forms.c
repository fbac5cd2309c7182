/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/form_commands.h"
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define HEAD                                                                                       \
    "report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-1\nunit: \"00123\"\nvalues:\n"

static struct form_case form;
static char *out_text, *err_text;
static char path[128];

static void begin(void)
{
    form = form_case_begin();
    (void)snprintf(path, sizeof path, "%s/bc.yaml", form.folder);
}

static void end(void)
{
    free(out_text);
    free(err_text);
    form_case_end(&form);
}

TestSuite(cli_forms, .init = begin, .fini = end);

#define RUN(command, ...) run(command, (const char *const[]){__VA_ARGS__, NULL})

static int run(int command(int, char **, FILE *, FILE *), const char *const words[])
{
    char *argv[16] = {NULL};
    int argc = 0;
    size_t size;
    for (; words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    free(out_text);
    free(err_text);
    FILE *out = open_memstream(&out_text, &size), *err = open_memstream(&err_text, &size);
    char *words_in_order[16]; /* getopt moves those of argv */
    memcpy(words_in_order, argv, sizeof argv);
    int code = command(argc, argv, out, err);
    cr_assert_eq(fclose(out), 0);
    cr_assert_eq(fclose(err), 0);
    for (int i = 0; i < argc; i++)
        free(words_in_order[i]);
    return code;
}

static void assert_in(const char *text, const char *part)
{
    cr_assert_not_null(strstr(text, part), "%s", text);
}

/* ---- template ---- */

Test(cli_forms, a_template_is_printed)
{
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--period", "2025-H1"), EX_OK, "%s",
                 err_text);
    assert_in(out_text, "obligation: \"O-1\"");
    cr_assert_eq(RUN(th_cli_template, "template", "--obligation", "O-1", "--format", "json", "nut"),
                 EX_OK);
    assert_in(out_text, "\"obligation\": \"O-1\"");
    cr_assert_str_eq(err_text, "");
}

Test(cli_forms, a_node_without_a_plan_says_how_to_get_one)
{
    cr_assert_eq(RUN(th_cli_template, "template", "nut-moi"), EX_NOINPUT);
    assert_in(err_text, "chưa biết kế hoạch nào");
    assert_in(err_text, "run");
    cr_assert_eq(RUN(th_cli_template, "template", "nut-moi", "--plan", "nho-2025"), EX_NOINPUT);
    assert_in(err_text, "chưa biết kế hoạch nào");
    cr_assert_eq(RUN(th_cli_check, "check", "nut-moi", "--obligation", "O-1", path), EX_NOINPUT);
    assert_in(err_text, "chưa biết kế hoạch nào");
}

Test(cli_forms, a_template_is_written_once_and_never_over_a_file)
{
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--out", path),
                 EX_OK, "%s", err_text);
    assert_in(out_text, "tonghop-node check");
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--out", path),
                 EX_CANTCREAT);
    assert_in(err_text, "chọn tên khác");
}

Test(cli_forms, the_ending_of_the_file_says_the_format)
{
    (void)snprintf(path, sizeof path, "%s/bc.csv", form.folder);
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--out", path),
                 EX_OK);
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_DATAERR);
    assert_in(err_text, "[empty]");
    (void)snprintf(path, sizeof path, "%s/bc.pdf", form.folder);
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--out", path),
                 EX_USAGE);
    assert_in(err_text, "--format");
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--format", "pdf"),
                 EX_USAGE);
}

Test(cli_forms, a_workbook_is_written_and_read_back)
{
    (void)snprintf(path, sizeof path, "%s/bc.xlsx", form.folder);
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--out", path),
                 EX_OK, "%s", err_text);
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_DATAERR);
    assert_in(err_text, "[empty]");
    (void)snprintf(path, sizeof path, "%s/khong-duoi", form.folder);
    cr_assert_eq(
        RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--xlsx", "--out", path),
        EX_OK, "%s", err_text);
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_DATAERR);
    assert_in(err_text, "[empty]");
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-1", "--xlsx"), EX_OK);
    cr_assert_eq(memcmp(out_text, "PK", 2), 0);
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--xlsx", "--format", "csv"), EX_USAGE);
    assert_in(err_text, "--xlsx");
}

Test(cli_forms, without_a_choice_the_choices_are_listed)
{
    cr_assert_eq(RUN(th_cli_template, "template", "nut"), EX_DATAERR);
    assert_in(err_text, "nhiều nghĩa vụ báo cáo");
    assert_in(err_text, "--obligation O-1");
    assert_in(err_text, "--obligation O-2");
    cr_assert_null(strstr(err_text, "--obligation O-3"));
}

Test(cli_forms, an_obligation_of_others_has_no_template)
{
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--period", "2025"), EX_NOINPUT);
    assert_in(err_text, "không thuộc diện báo cáo O-3");
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--obligation", "O-9"), EX_NOINPUT);
    assert_in(err_text, "không có nghĩa vụ báo cáo O-9");
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--plan", "lạ"), EX_NOINPUT);
    assert_in(err_text, "nho-2025");
}

Test(cli_forms, wrong_lines_are_refused_and_help_has_examples)
{
    cr_assert_eq(RUN(th_cli_template, "template", "nut", "--la"), EX_USAGE);
    assert_in(err_text, "tonghop-node template: lỗi: không có tùy chọn \"--la\"");
    cr_assert_eq(RUN(th_cli_template, "template"), EX_USAGE);
    cr_assert_eq(
        RUN(th_cli_template, "template", "nut", "--period", "2025-H1", "--obligation", "O-1"),
        EX_USAGE);
    cr_assert_eq(RUN(th_cli_check, "check", "nut"), EX_USAGE);
    cr_assert_eq(RUN(th_cli_check, "check", "--help"), EX_OK);
    assert_in(out_text, "Ví dụ:\n  tonghop-node check nut bc.yaml");
}

Test(cli_forms, a_folder_that_is_no_node_is_refused)
{
    cr_assert_eq(RUN(th_cli_template, "template", "khác"), EX_NOINPUT);
    assert_in(err_text, "không có node.yaml");
    assert_in(err_text, "tonghop-node init");
    cr_assert_eq(RUN(th_cli_check, "check", "khác", path), EX_NOINPUT);
}

/* ---- check ---- */

static void put(const char *text)
{
    form_case_put(&form, "bc.yaml", text, strlen(text));
}

Test(cli_forms, a_good_form_passes_the_check)
{
    put(HEAD "  TCD01: 5\n  TCD04: 3\n");
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_OK, "%s", err_text);
    assert_in(out_text, "gửi được");
    cr_assert_str_eq(err_text, "");
}

Test(cli_forms, a_broken_rule_fails_the_check)
{
    put(HEAD "  TCD01: 3\n  TCD04: 5\n");
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_DATAERR);
    assert_in(err_text, "[R01]");
    cr_assert_str_eq(out_text, "");
}

Test(cli_forms, every_file_is_checked_and_one_bad_one_fails)
{
    char other[160];
    put(HEAD "  TCD01: 5\n  TCD04: 3\n");
    (void)snprintf(other, sizeof other, "%s/khong-co.yaml", form.folder);
    cr_assert_eq(RUN(th_cli_check, "check", "nut", other, path), EX_NOINPUT);
    assert_in(err_text, "không đọc được tệp");
    assert_in(out_text, "gửi được");
}

Test(cli_forms, what_is_no_plain_file_is_no_fault_of_the_disk)
{
    char pipe[160];
    (void)snprintf(pipe, sizeof pipe, "%s/ong.yaml", form.folder);
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    const char *const paths[] = {pipe, form.folder, "-"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(RUN(th_cli_check, "check", "nut", paths[i]), EX_DATAERR, "%s", err_text);
        assert_in(err_text, "không phải tệp thường");
        cr_assert_null(strstr(err_text, "đĩa"), "%s", err_text);
    }
}

Test(cli_forms, json_tells_all_of_it)
{
    put(HEAD "  TCD01: 3\n  TCD04: 5\n");
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path, "--json"), EX_DATAERR);
    json_error_t error;
    json_t *root = json_loads(out_text, 0, &error);
    cr_assert_not_null(root, "%s", out_text);
    const json_t *file = json_array_get(root, 0);
    cr_assert(json_is_false(json_object_get(file, "good")));
    cr_assert_eq(json_array_size(json_object_get(file, "errors")), 1);
    json_decref(root);
    cr_assert_str_eq(err_text, "");
}

Test(cli_forms, the_command_can_say_what_a_form_leaves_out)
{
    put("report: tonghop\nformat: 1\nunit: \"00123\"\nvalues: {TCD01: 5, TCD04: 1}\n");
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_DATAERR);
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path, "--period", "2025-H1"), EX_OK, "%s",
                 err_text);
    put(HEAD "  TCD01: 5\n");
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path, "--obligation", "O-2"), EX_DATAERR);
    assert_in(err_text, "biểu ghi nghĩa vụ O-1, lệnh ghi O-2");
}

Test(cli_forms, verbose_lists_the_rules_that_did_not_run)
{
    put(HEAD "  TCD01: 5\n");
    cr_assert_eq(RUN(th_cli_check, "check", "nut", path), EX_OK);
    assert_in(out_text, "(xem bằng check --verbose)");
    cr_assert_eq(RUN(th_cli_check, "check", "--verbose", "nut", path), EX_OK);
    assert_in(out_text, "thiếu: TCD04");
}
