/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as tables, the commands that print them, and answers for the network. */
#define _GNU_SOURCE /* open_memstream */
#include "aggregator/cli/answerer.h"
#include "aggregator/cli/query.h"
#include "aggregator/query/table.h"
#include "aggregator/query/text.h"
#include "proto/wire/plan.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct ledger ledger;
static char *shown;
static size_t shown_size;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_REHEARSAL);
    shown = NULL;
}

static void tear_down(void)
{
    free(shown);
    ledger_close(&ledger);
}

TestSuite(query_text, .init = set_up, .fini = tear_down);

static void expect_line(const char *line)
{
    cr_expect_not_null(strstr(shown, line), "“%s” is not in\n%s", line, shown);
}

static void expect_no(const char *text)
{
    cr_expect_null(strstr(shown, text), "“%s” is in\n%s", text, shown);
}

/* ---- cells ---- */

static const char *cell(void (*print)(FILE *, const char *, int), const char *text, int width)
{
    free(shown);
    FILE *out = open_memstream(&shown, &shown_size);
    print(out, text, width);
    (void)fclose(out);
    return shown;
}

Test(query_text, a_text_keeps_a_blank_before_the_next_cell)
{
    cr_expect_str_eq(cell(th_table_text, "Xã", 5), "Xã   ");
    cr_expect_str_eq(cell(th_table_text, "Pleiku", 7), "Pleiku ");
    cr_expect_str_eq(cell(th_table_text, "Pleiku", 6), "Plei… ");
    cr_expect_str_eq(cell(th_table_text, "Đắk Đoa", 6), "Đắk … ");
    cr_expect_str_eq(cell(th_table_text, "", 3), "   ");
}

Test(query_text, a_text_of_combining_marks_is_as_wide_as_its_letters)
{
    cr_expect_str_eq(cell(th_table_text, "a\xCC\x81", 3), "a\xCC\x81  ");
    cr_expect_str_eq(cell(th_table_text, "a\xCC\x81xyz", 4), "a\xCC\x81x… ");
}

Test(query_text, a_figure_is_never_cut)
{
    cr_expect_str_eq(cell(th_table_figure, "12", 4), "  12");
    cr_expect_str_eq(cell(th_table_figure, "123456", 4), " 123456");
    cr_expect_str_eq(cell(th_table_figure, "1234", 4), " 1234");
}

Test(query_text, figures_and_days_are_as_people_write_them)
{
    char text[TH_TABLE_NUMBER_SIZE];
    cr_expect_str_eq(th_table_grouped("1234567.5", text), "1.234.567,5");
    cr_expect_str_eq(th_table_grouped("-1000", text), "-1.000");
    cr_expect_str_eq(th_table_grouped("999", text), "999");
    cr_expect_str_eq(th_table_grouped("2025-05-09", text), "09/5/2025");
    cr_expect_str_eq(th_table_grouped("2025-13-09", text), "2025-13-09");
    cr_expect_str_eq(th_table_grouped("tốt", text), "tốt");
}

/* ---- tables ---- */

static void print_as(struct th_query query, bool is_summary)
{
    struct th_view *view;
    struct th_query_context context;
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    cr_assert_eq(th_query_context_open(view, &context), 0);
    json_t *answer = ledger_ask(&ledger, query);
    free(shown);
    FILE *out = open_memstream(&shown, &shown_size);
    if (is_summary)
        th_query_print_summary(&context, answer, out);
    else
        th_query_print(&context, query.what, answer, out);
    (void)fclose(out);
    json_decref(answer);
    th_query_context_close(&context);
    th_view_close(view);
}

static void print(struct th_query query)
{
    print_as(query, false);
}

static void print_missing(enum ledger_obligation obligation)
{
    struct th_query query = ledger_query(TH_QUERY_STANDING, obligation);
    query.standing = th_text_of("missing");
    print(query);
}

static struct ledger_report full(enum ledger_unit unit)
{
    struct ledger_report report = {.unit = unit, .values = {0, 1234567, 12, 20200, 1250, 2, 0, 9}};
    for (int i = L_A; i <= L_TEXT; i++)
        report.has[i] = i != L_SHARE;
    return report;
}

Test(query_text, the_summary_has_a_line_for_each_part_and_a_total)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    print_as(ledger_query(TH_QUERY_STANDING, LEDGER_HALF), true);
    expect_line("Đơn vị                             Phải báo cáo  Đã nhận  Đúng hạn   Trễ  Chưa\n");
    expect_line("Thị xã An Khê                                 3        1         1     0     2\n");
    expect_line("Huyện có một cái tên rất dài để …             3        0         0     0     3\n");
    expect_line("trực thuộc                                    1        0         0     0     1\n");
    expect_line("Cộng                                          7        1         1     0     6\n");
    expect_no("Xã A2");
}

Test(query_text, what_is_not_counted_is_a_dash)
{
    print_as(ledger_query(TH_QUERY_STANDING, LEDGER_SUSPENDED), true);
    expect_line("Cộng                                          –        0         0     0     –\n");
}

Test(query_text, a_standing_has_a_line_for_each_unit)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    print(ledger_query(TH_QUERY_STANDING, LEDGER_HALF));
    expect_line("a1              Xã A1                             Thị xã An Khê     đúng hạn");
    expect_line("b1              Xã B1                             Huyện có một cái… chưa đến hạn");
}

Test(query_text, missing_shows_only_those_who_are)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    print_missing(LEDGER_HALF);
    expect_no("Xã A1");
    expect_line("Phường A2");
    print_missing(LEDGER_SUSPENDED);
    expect_no("Phường A2");
}

Test(query_text, a_rollup_shows_each_value_with_its_unit_of_measure)
{
    cr_assert(ledger_send(&ledger, full(L_A1)));
    print(ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF));
    expect_line(" 1.234.567 đơn              1      6\n");
    expect_line(" tb 12,50 điểm             1      5\n");
    expect_line("  – cao nhất ");
    expect_line("  12,50\n");
    expect_line("Mục một\n");
    expect_line("1 bài");
    expect_line("  – yếu ");
    expect_line("  1\n");
}

Test(query_text, a_report_speaks_vietnamese)
{
    cr_assert(ledger_send(&ledger, full(L_A1)));
    struct th_query query = ledger_query(TH_QUERY_REPORT, LEDGER_HALF);
    query.unit = th_text_of("a1");
    print(query);
    expect_line("(đúng hạn)\n");
    expect_line(" 1.234.567 đơn\n");
    expect_line("TEXT\na narrati\n");
}

Test(query_text, closings_are_tables_of_their_instant)
{
    cr_assert(ledger_send(&ledger, full(L_A1)));
    print(ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF));
    expect_line("Chưa có lần chốt nào.\n");
    cr_assert_eq(
        ledger_act(&ledger, (struct th_act){.kind = TH_ACT_SET_CLOCK, .to = ledger.half_due}), 0);
    print(ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF));
    expect_line("Bảng tổng hợp tại hạn");
    expect_line("Phải báo cáo 7, chưa báo cáo 6; đã nhận 1");
    struct th_query query = ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF);
    query.unit = th_text_of("a1");
    query.has_as_of = true;
    query.as_of = ledger.half_due;
    print(query);
    expect_line("đơn vị không có đơn vị bên dưới thì không có bảng riêng");
}

/* ---- commands ---- */

#define RUN(command, ...)                                                                          \
    ledger_run(&ledger, command, (const char *const[]){"x", __VA_ARGS__, NULL}, &shown)

Test(query_text, the_command_prints_the_summary)
{
    cr_expect_eq(RUN(th_cli_standing, ledger.folder, "--period", "2025-H1", "--summary"), EX_OK);
    expect_line("Cộng                                          7        0 ");
}

Test(query_text, the_command_takes_one_choice_of_lines)
{
    cr_expect_eq(RUN(th_cli_standing, ledger.folder, "--period", "2025-H1", "--limit", "0"),
                 EX_USAGE);
    cr_expect_eq(RUN(th_cli_standing, ledger.folder, "--period", "2025-H1", "--summary", "--late"),
                 EX_USAGE);
    expect_line("--missing, --late và --summary không đi cùng nhau");
}

Test(query_text, the_summary_is_for_standing_alone)
{
    cr_expect_eq(RUN(th_cli_rollup, ledger.folder, "--period", "2025-H1", "--summary"), EX_USAGE);
}

Test(query_text, json_is_the_answer_itself)
{
    json_t *answer =
        ledger_ask_at(&ledger, ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF), ledger_time(&ledger));
    cr_expect_eq(RUN(th_cli_rollup, ledger.folder, "--obligation", "HALF", "--json"), EX_OK);
    json_t *printed = json_loads(shown, 0, NULL);
    cr_expect(json_equal(answer, printed), "%s", shown);
    json_decref(answer);
    json_decref(printed);
}

Test(query_text, a_wrong_question_is_told_in_a_sentence)
{
    cr_expect_neq(RUN(th_cli_closings, ledger.folder, "--period", "2025"), EX_OK);
    expect_line("kỳ 2025 có nhiều nghĩa vụ: nói rõ obligation (YEAR, AGAIN)");
    cr_expect_eq(RUN(th_cli_report, ledger.folder, "--period", "2025-H1", "--as-of", "hôm qua"),
                 EX_USAGE);
    expect_line("không hiểu thời điểm \"hôm qua\"");
    cr_expect_eq(RUN(th_cli_report, ledger.folder, "--period", "2025-H1", "--branch", "x"),
                 EX_USAGE);
    expect_line("không có nhánh \"x\"");
    cr_expect_eq(RUN(th_cli_report, ledger.folder, "--period", "2025-H1", "--number", "-1"),
                 EX_USAGE);
    expect_line("số không đúng: \"-1\"");
}

Test(query_text, what_the_line_lacks_is_an_option_of_the_line)
{
    static const struct {
        int (*command)(int argc, char **argv, FILE *out, FILE *err);
        const char *words[5];
        int code;
        const char *hint;
    } lines[] = {
        {th_cli_rollup, {NULL}, EX_USAGE, "thêm --period KỲ (như 2025-H1) hoặc --obligation MÃ"},
        {th_cli_units_show, {NULL}, EX_USAGE, "thêm --unit MÃ"},
        {th_cli_standing,
         {"--obligation", "HALF", "--as-of=2025-03-02", "--position=2"},
         EX_USAGE,
         "chọn một trong hai"},
        {th_cli_closings, {"--period", "2025"}, EX_DATAERR, "thêm --obligation MÃ"},
        {th_cli_report, {"--obligation", "ADHOC", "--unit", "a1"}, EX_DATAERR, "thêm --number SỐ"},
        {th_cli_report, {"--obligation", "HALF"}, EX_NOINPUT, "thêm --unit MÃ"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *const *words = lines[i].words;
        cr_expect_eq(RUN(lines[i].command, ledger.folder, words[0], words[1], words[2], words[3]),
                     lines[i].code, "%zu: %s", i, shown);
        expect_line(lines[i].hint);
    }
}

Test(query_text, a_folder_without_a_store_is_named)
{
    cr_expect_neq(RUN(th_cli_standing, "/nowhere", "--period", "2025-H1"), EX_OK);
    expect_line("/nowhere");
}

/* ---- answers for the network ---- */

static json_t *answer_of(struct th_answerer *answerer, struct th_query query)
{
    struct th_bytes bytes;
    cr_assert_eq(th_answerer_answer(answerer, &query, NULL, &ledger.arena, &bytes), 0);
    json_t *answer = json_loadb((const char *)bytes.bytes, bytes.size, 0, NULL);
    cr_assert_not_null(answer);
    return answer;
}

Test(query_text, the_network_gets_the_same_answer_at_the_rehearsals_time)
{
    struct th_answerer answerer;
    struct th_query query = ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
    th_answerer_init(ledger.store, &answerer);
    json_t *expected = ledger_ask_at(&ledger, query, ledger_time(&ledger));
    json_t *answer = answer_of(&answerer, query);
    cr_expect(json_equal(answer, expected));
    json_decref(answer);
    json_decref(expected);
    query.obligation = th_text_of("NONE");
    struct th_bytes bytes;
    cr_expect_eq(th_answerer_answer(&answerer, &query, NULL, &ledger.arena, &bytes),
                 TH_E_NOT_FOUND);
    th_answerer_deinit(&answerer);
}

Test(query_text, units_that_came_later_are_known_to_the_next_answer)
{
    struct th_answerer answerer;
    struct th_query query = ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
    th_answerer_init(ledger.store, &answerer);
    json_t *answer = answer_of(&answerer, query);
    cr_expect_str_eq(ledger_at(answer, "counts/expected"), "7");
    json_decref(answer);
    const struct th_unit unit = {.code = "b4",
                                 .name = "Xã B4",
                                 .parent_code = "623",
                                 .external_id = "",
                                 .kind = TH_UNIT_KIND_COMMUNE,
                                 .valid_from = TH_UNIT_ALWAYS_FROM,
                                 .valid_to = TH_UNIT_ALWAYS_TO};
    struct th_act act = {.kind = TH_ACT_LOAD_UNITS};
    cr_assert_eq(th_wire_units_encode(&unit, 1, &ledger.arena, &act.content), 0);
    cr_assert_eq(ledger_act(&ledger, act), 0);
    answer = answer_of(&answerer, query);
    cr_expect_str_eq(ledger_at(answer, "counts/expected"), "8");
    cr_expect_str_eq(ledger_at(answer, "below/1/counts/expected"), "4");
    json_decref(answer);
    th_answerer_deinit(&answerer);
}
