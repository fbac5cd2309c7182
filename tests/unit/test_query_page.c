/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of each unit: as one array, as an answer, and by the command. */
#include "aggregator/cli/query.h"
#include "aggregator/query/page.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define HOUR INT64_C(3600000)

static struct ledger ledger;
static char *shown;

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

TestSuite(query_page, .init = set_up, .fini = tear_down, .timeout = 60);

#define expect_at(answer, path, value) cr_expect_str_eq(ledger_at(answer, path), value, "%s", path)

static struct ledger_report full(enum ledger_unit unit, uint32_t revision, int64_t a)
{
    struct ledger_report report = {.unit = unit, .revision = revision};
    for (int i = L_A; i <= L_CLASS; i++)
        report.has[i] = true;
    report.values[L_A] = a;
    report.values[L_B] = a / 2;
    report.values[L_DAY] = th_day_of_date((struct th_civil_date){2025, 4, 9}).number;
    report.values[L_SCORE] = 1250;
    report.values[L_CLASS] = 1;
    return report;
}

static struct th_query page(void)
{
    return ledger_query(TH_QUERY_PAGE, LEDGER_HALF);
}

/* ---- answers ---- */

Test(query_page, each_unit_has_a_line_and_each_figure_a_column)
{
    cr_assert(ledger_send(&ledger, full(L_A2, 1, 40)));
    struct th_query query = page();
    query.branch = TH_BRANCH_COMMUNES;
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "columns", "[\"A\",\"B\",\"DAY\",\"SCORE\",\"CLASS\"]");
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 6);
    expect_at(answer, "units/0/values", "null");
    expect_at(answer, "units/1/unit", ledger_code(L_A2));
    expect_at(answer, "units/1/values/0", "40");
    expect_at(answer, "units/1/values/1", "20");
    expect_at(answer, "units/1/values/2", "2025-04-09");
    expect_at(answer, "units/1/values/3", "12.50");
    expect_at(answer, "units/1/revision", "1");
    json_decref(answer);
}

Test(query_page, what_was_not_reported_is_null_and_never_zero)
{
    cr_assert(ledger_send_a(&ledger, L_B3, 1, 0));
    struct th_query query = page();
    query.unit = th_text_of(ledger_code(L_B3));
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "units/0/values/0", "0");
    expect_at(answer, "units/0/values/1", "null");
    json_decref(answer);
}

Test(query_page, only_the_units_below_are_shown)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 7));
    struct th_query query = page();
    query.unit = th_text_of(ledger_code(L_623));
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 3);
    expect_at(answer, "units/0/unit", ledger_code(L_B1));
    expect_at(answer, "units/0/values/0", "7");
    json_decref(answer);
}

Test(query_page, the_past_is_shown_as_it_was)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 10)));
    struct th_query query = page();
    query.unit = th_text_of(ledger_code(L_622));
    query.has_as_of = true;
    query.as_of = ledger_time(&ledger);
    ledger_tick_at(&ledger, (th_instant){ledger.now.wall.ms + HOUR});
    struct th_act act = {.kind = TH_ACT_SET_CLOCK, .to = {query.as_of.ms + HOUR}};
    cr_assert_eq(ledger_act(&ledger, act), 0);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 99));
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 8));
    json_t *then = ledger_ask(&ledger, query);
    expect_at(then, "units/0/values/0", "10");
    expect_at(then, "units/0/values/1", "5");
    expect_at(then, "units/0/revision", "1");
    expect_at(then, "units/1/values", "null");
    query.has_as_of = false;
    json_t *now = ledger_ask(&ledger, query);
    expect_at(now, "units/0/values/0", "99");
    expect_at(now, "units/0/values/1", "null");
    expect_at(now, "units/1/values/0", "8");
    json_decref(then);
    json_decref(now);
}

static struct ledger_report unplanned(enum ledger_unit unit, uint32_t number, int64_t a)
{
    struct ledger_report report = full(unit, 1, a);
    report.obligation = LEDGER_ADHOC;
    report.number = number;
    return report;
}

static struct th_query several(void)
{
    cr_assert(ledger_send(&ledger, unplanned(L_A1, 1, 10)));
    cr_assert(ledger_send(&ledger, unplanned(L_A1, 2, 20)));
    cr_assert(ledger_send(&ledger, unplanned(L_B1, 1, 7)));
    return ledger_query(TH_QUERY_PAGE, LEDGER_ADHOC);
}

Test(query_page, where_a_unit_reports_several_times_each_report_has_a_line)
{
    struct th_query query = several();
    th_instant before = ledger_time(&ledger);
    struct th_act act = {.kind = TH_ACT_SET_CLOCK, .to = {before.ms + HOUR}};
    ledger_tick_at(&ledger, act.to);
    cr_assert_eq(ledger_act(&ledger, act), 0);
    struct ledger_report correction = unplanned(L_A1, 2, 99);
    correction.revision = 2;
    cr_assert(ledger_send(&ledger, correction));
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 3);
    expect_at(answer, "units/0/unit", ledger_code(L_A1));
    expect_at(answer, "units/0/number", "1");
    expect_at(answer, "units/0/values/0", "10");
    expect_at(answer, "units/1/number", "2");
    expect_at(answer, "units/1/revision", "2");
    expect_at(answer, "units/1/values/0", "99");
    expect_at(answer, "units/1/values/3", "12.50");
    expect_at(answer, "units/2/unit", ledger_code(L_B1));
    json_decref(answer);
    query.has_as_of = true;
    query.as_of = before;
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "units/1/revision", "1");
    expect_at(answer, "units/1/values/0", "20");
    json_decref(answer);
}

Test(query_page, of_several_reports_one_is_chosen_by_its_number)
{
    struct th_query query = several();
    query.number = 2;
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 1);
    expect_at(answer, "units/0/number", "2");
    expect_at(answer, "units/0/values/0", "20");
    json_decref(answer);
}

Test(query_page, pages_of_several_reports_are_the_whole_of_them)
{
    struct th_query query = several();
    json_t *all = ledger_ask(&ledger, query), *joined = json_array();
    char after[64] = "";
    query.limit = 1;
    do {
        query.after = th_text_of(after);
        json_t *one = ledger_ask(&ledger, query);
        (void)json_array_extend(joined, json_object_get(one, "units"));
        const char *more = json_string_value(json_object_get(one, "more"));
        (void)snprintf(after, sizeof after, "%s", more == NULL ? "" : more);
        json_decref(one);
        cr_assert_leq(json_array_size(joined), 3);
    } while (after[0] != '\0');
    cr_expect(json_equal(joined, json_object_get(all, "units")));
    json_decref(joined);
    json_decref(all);
}

/* ---- arrays ---- */

static struct th_view *view;
static struct th_query_context context;
static struct th_arena arena;

static void open_view(void)
{
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    cr_assert_eq(th_query_context_open(view, &context), 0);
    th_arena_init(&arena, 4096, 1 << 20);
}

static void close_view(void)
{
    th_query_context_close(&context);
    th_view_close(view);
    th_arena_deinit(&arena);
}

static int form_of(const uint32_t *units, uint32_t units_count, const uint16_t *columns,
                   uint16_t columns_count, struct th_page_form *ret_form)
{
    return th_page_form_init(&context.plans[0].plan->catalogue, (struct th_book_id){0, LEDGER_HALF},
                             units, units_count, columns, columns_count, &arena, ret_form);
}

Test(query_page, any_units_and_any_columns_make_a_page)
{
    struct th_page_form form;
    struct th_page got;
    uint32_t units[2];
    const uint16_t columns[] = {L_SCORE, L_A};
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 10)));
    cr_assert(ledger_send(&ledger, full(L_A2, 1, 20)));
    cr_assert(ledger_send_a(&ledger, L_B3, 1, 30));
    open_view();
    for (uint32_t i = 0, k = 0; i < context.units.count; i++) {
        const char *code = context.units.units[context.index_of[i]].code;
        if (strcmp(code, ledger_code(L_A2)) == 0 || strcmp(code, ledger_code(L_B3)) == 0)
            units[k++] = i;
    }
    cr_assert_eq(form_of(units, 2, columns, 2, &form), 0);
    cr_assert_eq(th_page_new(&form, &arena, &got), 0);
    cr_assert_eq(th_page_read(view, &form, TH_PAST_ALL_ENTRIES, &arena, &got), 0);
    cr_expect(got.values[0] == 1250 && got.values[1] == 20 && got.values[3] == 30);
    cr_expect(th_page_has(&form, &got, 0, 0) && th_page_has(&form, &got, 0, 1));
    cr_expect(!th_page_has(&form, &got, 1, 0) && th_page_has(&form, &got, 1, 1));
    cr_expect(got.revision[0] == 1 && got.received[0].ms > 0);
    close_view();
}

Test(query_page, a_form_that_cannot_be_read_is_refused)
{
    struct th_page_form form;
    open_view();
    cr_expect_eq(form_of((uint32_t[]){2, 1}, 2, (uint16_t[]){L_A}, 1, &form), TH_E_INVALID);
    cr_expect_eq(form_of((uint32_t[]){1, 1}, 2, (uint16_t[]){L_A}, 1, &form), TH_E_INVALID);
    cr_expect_eq(form_of((uint32_t[]){1}, 1, (uint16_t[]){L_A, L_A}, 2, &form), TH_E_INVALID);
    cr_expect_eq(form_of((uint32_t[]){1}, 1, (uint16_t[]){L_TEXT}, 1, &form), TH_E_INVALID);
    cr_expect_eq(form_of((uint32_t[]){1}, 1, (uint16_t[]){L_SHARE}, 1, &form), TH_E_INVALID);
    cr_expect_eq(form_of((uint32_t[]){1}, 1, (uint16_t[]){0}, 1, &form), TH_E_INVALID);
    cr_expect_eq(form_of((uint32_t[]){1}, 1, (uint16_t[]){999}, 1, &form), TH_E_INVALID);
    close_view();
}

/* ---- the command ---- */

#define RUN(...)                                                                                   \
    ledger_run(&ledger, th_cli_page, (const char *const[]){"page", __VA_ARGS__, NULL}, &shown)

Test(query_page, the_command_prints_a_table)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 1234567)));
    cr_expect_eq(RUN(ledger.folder, "--obligation", "HALF", "--branch", "communes"), EX_OK);
    cr_expect_not_null(strstr(shown, "1.234.567"), "%s", shown);
    cr_expect_not_null(strstr(shown, "SCORE"), "%s", shown);
    cr_expect_not_null(strstr(shown, " chưa báo cáo\n"), "%s", shown);
}

Test(query_page, json_is_the_answer_itself)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 12)));
    json_t *answer = ledger_ask_at(&ledger, page(), ledger_time(&ledger));
    cr_expect_eq(RUN(ledger.folder, "--obligation", "HALF", "--json"), EX_OK);
    json_t *printed = json_loads(shown, 0, NULL);
    cr_expect(json_equal(answer, printed), "%s", shown);
    json_decref(answer);
    json_decref(printed);
}

Test(query_page, the_lines_of_standing_are_not_its_options)
{
    cr_expect_eq(RUN(ledger.folder, "--obligation", "HALF", "--missing"), EX_USAGE);
}

Test(query_page, the_command_says_which_of_several_reports)
{
    (void)several();
    cr_expect_eq(RUN(ledger.folder, "--obligation", "ADHOC"), EX_OK);
    cr_expect_not_null(strstr(shown, "    Số "), "%s", shown);
    cr_expect_not_null(strstr(shown, "     2 "), "%s", shown);
}
