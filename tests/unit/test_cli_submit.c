/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct th_node_case node;
static char path[TH_TEST_FOLDER_SIZE + 32];
static char *out_text, *err_text;

static void begin(void)
{
    th_node_case_make(&node, TH_MODE_REHEARSAL, "tcp://127.0.0.1:1");
    (void)snprintf(path, sizeof path, "%s/bc.yaml", node.base);
}

static void end(void)
{
    free(out_text);
    free(err_text);
    th_node_case_remove(&node);
}

TestSuite(cli_submit, .init = begin, .fini = end);

static void write_form(const char *values)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fprintf(file,
                  "report: tonghop\nformat: 1\nplan: gialai-2025\nobligation: O-1\n"
                  "unit: \"23734\"\nvalues:\n%s",
                  values);
    cr_assert_eq(fclose(file), 0);
}

#define SUBMIT(...) submit((const char *const[]){"submit", node.home_path, __VA_ARGS__, NULL})

static int submit(const char *const words[])
{
    char *argv[8] = {NULL}, *words_in_order[8]; /* getopt moves those of argv */
    int argc = 0;
    size_t size;
    for (; words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    memcpy(words_in_order, argv, sizeof argv);
    free(out_text);
    free(err_text);
    FILE *out = open_memstream(&out_text, &size), *err = open_memstream(&err_text, &size);
    int code = th_cli_submit(argc, argv, out, err);
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

Test(cli_submit, what_was_taken_is_counted_beside_what_was_asked)
{
    write_form("  A1: 1\n  A2: 2\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    assert_in(out_text, "2 số liệu (được hỏi 2), 0 phần lời\n");
    cr_assert_str_eq(err_text, "");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    assert_in(out_text, "nội dung này đã nộp rồi");
    assert_in(out_text, "2 số liệu (được hỏi 2), 0 phần lời\n");
}

Test(cli_submit, a_correction_says_which_figures_it_no_longer_has)
{
    write_form("  A1: 1\n  A2: 2\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    write_form("  A1: 1\n");
    cr_assert_eq(SUBMIT(path, "--as-revision", "2"), EX_OK, "%s", err_text);
    assert_in(out_text, "1 số liệu (được hỏi 2)");
    assert_in(err_text, "lần 1 có 2 số liệu, 0 phần lời; bản này thay cả bản đó và không còn báo 1 "
                        "số: A2\n");
    write_form("  A1: 1\n  A2: 3\n");
    cr_assert_eq(SUBMIT(path, "--as-revision", "3"), EX_OK, "%s", err_text);
    cr_assert_null(strstr(err_text, "không còn báo"), "revision 2 has no more than this one");
    write_form("  A2: 3\n");
    cr_assert_eq(SUBMIT(path, "--as-revision", "4", "--json"), EX_OK, "%s", err_text);
    assert_in(out_text, "\"before\"");
    assert_in(out_text, "\"A1\"");
}
