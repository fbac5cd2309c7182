/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static bool flag;
static const char *text;
static struct th_cli_values values;
static char *out_text, *err_text;
static size_t out_size, err_size;
static char **operands;
static int operands_count;

static const struct th_cli_option options[] = {
    {.name = "json", .help = "in ra JSON", .flag = &flag},
    {.name = "plan", .value_name = "MÃ", .help = "kế hoạch", .text = &text},
    {.name = "units", .value_name = "TỆP", .help = "đơn vị", .values = &values},
};

static const struct th_cli_command command = {
    .name = "x",
    .operands = "THƯ-MỤC [TỆP]",
    .summary = "Thử.",
    .examples = "  tonghop-aggregator x kho\n",
    .options = options,
    .options_count = 3,
    .operands_min = 1,
    .operands_max = 2,
};

static void tear_down(void)
{
    free(out_text);
    free(err_text);
}

TestSuite(cli_options, .fini = tear_down);

/* The words are split at blanks. */
static enum th_cli_next parse(const char *line)
{
    static char words[512];
    char *argv[80] = {NULL}, *rest = words;
    int argc = 0;
    (void)snprintf(words, sizeof words, "x %s", line);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "))
        argv[argc++] = word;
    flag = false;
    text = NULL;
    values.count = 0;
    operands_count = -1;
    tear_down();
    FILE *out = open_memstream(&out_text, &out_size), *err = open_memstream(&err_text, &err_size);
    static char *kept[80];
    enum th_cli_next next =
        th_cli_parse(&command, argc, argv, out, err, &operands, &operands_count);
    if (next == TH_CLI_RUN) {
        memcpy(kept, operands, (size_t)operands_count * sizeof *kept);
        operands = kept;
    }
    (void)fclose(out);
    (void)fclose(err);
    return next;
}

Test(cli_options, options_and_operands_stand_in_any_order)
{
    cr_assert_eq(parse("kho --json --units a tep --units=b --plan p"), TH_CLI_RUN);
    cr_assert(flag);
    cr_assert_str_eq(text, "p");
    cr_assert_eq(values.count, 2);
    cr_assert_str_eq(values.items[1], "b");
    cr_assert_eq(operands_count, 2);
    cr_assert_str_eq(operands[0], "kho");
    cr_assert_str_eq(operands[1], "tep");
}

Test(cli_options, one_call_leaves_nothing_for_the_next)
{
    cr_assert_eq(parse("kho --json"), TH_CLI_RUN);
    cr_assert_eq(parse("--bad kho"), TH_CLI_WRONG);
    cr_assert_eq(parse("kho"), TH_CLI_RUN);
    cr_assert_not(flag);
    cr_assert_eq(operands_count, 1);
}

Test(cli_options, two_dashes_end_the_options)
{
    cr_assert_eq(parse("-- --json"), TH_CLI_RUN);
    cr_assert_not(flag);
    cr_assert_str_eq(operands[0], "--json");
}

Test(cli_options, each_wrong_line_names_the_word_that_is_wrong)
{
    static const struct {
        const char *line;
        const char *said;
    } rows[] = {
        {"kho --jsom", "không có tùy chọn \"--jsom\""},
        {"kho -q", "không có tùy chọn \"-q\""},
        {"kho --units", "thiếu giá trị của tùy chọn \"--units\""},
        {"kho --json=1", "không nhận giá trị: \"--json=1\""},
        {"kho --plan a --plan b", "quá nhiều lần: \"plan\""},
        {"--json", "thiếu \"THƯ-MỤC [TỆP]\""},
        {"a b c", "thừa \"c\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(parse(rows[i].line), TH_CLI_WRONG, "%s", rows[i].line);
        cr_assert_not_null(strstr(err_text, rows[i].said), "%s: %s", rows[i].line, err_text);
        cr_assert_not_null(strstr(err_text, "x --help"));
        cr_assert_eq(operands_count, -1);
        cr_assert_eq(out_size, 0);
    }
}

Test(cli_options, an_option_that_may_be_repeated_has_a_bound)
{
    char line[512] = "kho";
    for (int i = 0; i <= TH_CLI_VALUES_MAX; i++)
        strcat(line, i % 2 == 0 ? " --u=a" : " --u=b");
    cr_assert_eq(parse(line), TH_CLI_WRONG);
    cr_assert_eq(values.count, TH_CLI_VALUES_MAX);
}

Test(cli_options, help_lists_every_option)
{
    cr_assert_eq(parse("--help"), TH_CLI_STOP);
    for (size_t i = 0; i < 3; i++)
        cr_assert_not_null(strstr(out_text, options[i].help));
    cr_assert_not_null(strstr(out_text, "tonghop-aggregator x [TÙY CHỌN] THƯ-MỤC [TỆP]"));
    cr_assert_not_null(strstr(out_text, "dùng được nhiều lần"));
    cr_assert_not_null(strstr(out_text, "tonghop-aggregator x kho"));
    cr_assert_eq(err_size, 0);
}

static bool begins(const char *word, int *ret_exit_code)
{
    char program[] = "x", operand[32];
    char *argv[] = {program, operand, NULL};
    (void)snprintf(operand, sizeof operand, "%s", word);
    tear_down();
    FILE *out = open_memstream(&out_text, &out_size), *err = open_memstream(&err_text, &err_size);
    bool begun =
        th_cli_begin(&command, 2, argv, out, err, &operands, &operands_count, ret_exit_code);
    (void)fclose(out);
    (void)fclose(err);
    return begun;
}

Test(cli_options, a_command_begins_or_has_an_exit_code)
{
    int code = -1;
    cr_assert(begins("kho", &code));
    cr_assert_eq(code, -1);
    cr_assert_eq(operands_count, 1);
    cr_assert_not(begins("--help", &code));
    cr_assert_eq(code, EX_OK);
    cr_assert_gt(out_size, 0);
    cr_assert_not(begins("--bad", &code));
    cr_assert_eq(code, EX_USAGE);
    cr_assert_gt(err_size, 0);
}
