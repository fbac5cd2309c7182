/* SPDX-License-Identifier: Apache-2.0 */
/* What a store has: itself, plans, units, obligations; lines of a standing by choice and by page.
 */
#include "aggregator/cli/query.h"
#include "aggregator/cli/write.h"
#include "aggregator/query/question.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

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

TestSuite(query_lists, .init = set_up, .fini = tear_down, .timeout = 60);

#define expect_at(answer, path, value) cr_expect_str_eq(ledger_at(answer, path), value, "%s", path)

static struct th_query of(enum th_query_what what)
{
    return (struct th_query){.what = what};
}

static struct th_query standing(void)
{
    return ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
}

/* ---- the store and its plans ---- */

Test(query_lists, a_store_says_what_it_is)
{
    char size[24];
    (void)snprintf(size, sizeof size, "%d", (int)ledger_size(&ledger));
    json_t *answer = ledger_ask(&ledger, of(TH_QUERY_STORE));
    expect_at(answer, "realm", "tonghop/64/rehearsal");
    expect_at(answer, "mode", "rehearsal");
    expect_at(answer, "size", size);
    expect_at(answer, "position", size);
    expect_at(answer, "clock", "steady");
    expect_at(answer, "recovery_open", "false");
    expect_at(answer, "units", "10");
    expect_at(answer, "plans", "1");
    expect_at(answer, "version", "0.0.1");
    cr_expect_eq(strncmp(ledger_at(answer, "log_key"), "tonghop/64/rehearsal+", 21), 0);
    json_decref(answer);
}

Test(query_lists, a_plan_has_its_obligations_and_their_state)
{
    json_t *answer = ledger_ask(&ledger, of(TH_QUERY_PLANS));
    expect_at(answer, "plans/0/id", "p-2025");
    expect_at(answer, "plans/0/territory_name", "Gia Lai");
    expect_at(answer, "plans/0/obligations/0/id", "HALF");
    expect_at(answer, "plans/0/obligations/0/due/wording", "trước ngày 10/5/2025");
    expect_at(answer, "plans/0/obligations/0/due/semantics",
              "đúng hạn đến hết 24 giờ ngày 09/5/2025, trễ từ 00:00 ngày 10/5/2025");
    expect_at(answer, "plans/0/obligations/0/expected", "7");
    expect_at(answer, "plans/0/obligations/0/state", "not_due");
    expect_at(answer, "plans/0/obligations/0/mode", "by_units");
    expect_at(answer, "plans/0/obligations/3/mode", "many");
    expect_at(answer, "plans/0/obligations/3/expected", "null");
    expect_at(answer, "plans/0/obligations/4/state", "none");
    expect_at(answer, "plans/0/obligations/5/mode", "once");
    json_decref(answer);
}

Test(query_lists, a_stored_plan_is_whole)
{
    struct th_query query = of(TH_QUERY_PLAN);
    query.plan = th_text_of("p-2025");
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "indicators")), 7);
    expect_at(answer, "indicators/0/code", "A");
    expect_at(answer, "indicators/0/branch", "all");
    expect_at(answer, "indicators/1/branch", "communes");
    expect_at(answer, "indicators/5/rule", "ratio_of_sums");
    expect_at(answer, "sections/0/name", "Mục một");
    cr_expect_eq(json_array_size(json_object_get(answer, "obligations")), LEDGER_OBLIGATIONS);
    expect_at(answer, "territory_name", "Gia Lai");
    json_decref(answer);
    query.plan = th_text_of("khác");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
}

Test(query_lists, an_obligation_has_its_counts_and_closings)
{
    struct th_query query = ledger_query(TH_QUERY_OBLIGATION, LEDGER_HALF);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "counts/received", "1");
    expect_at(answer, "closings", "[]");
    expect_at(answer, "title", "Báo cáo 6 tháng");
    json_decref(answer);
    struct th_act act = {.kind = TH_ACT_SET_CLOCK, .to = {ledger.half_due.ms + DAY}};
    cr_assert_eq(ledger_act(&ledger, act), 0);
    answer = ledger_ask_at(&ledger, query, act.to);
    expect_at(answer, "closings/0/closed_at", "2025-05-10T00:00:00+07:00");
    expect_at(answer, "state", "overdue");
    expect_at(answer, "counts/missing", "6");
    json_decref(answer);
}

Test(query_lists, after_the_last_day_of_acceptance_an_obligation_is_closed)
{
    const struct th_obligation obligation = {
        .has_due = true,
        .due = ledger.half_due,
        .override = {.present = TH_TERM_ACCEPT_UNTIL,
                     .accept_until = th_day_of_date((struct th_civil_date){2025, 5, 31})}};
    struct th_question question = {
        .as_of = th_day_start(th_day_of_date((struct th_civil_date){2025, 6, 1}))};
    json_t *state = th_query_set_state(&question, &obligation, json_object());
    expect_at(state, "state", "closed");
    expect_at(state, "closes", "2025-06-01T00:00:00+07:00");
    json_decref(state);
    question.as_of.ms--;
    state = th_query_set_state(&question, &obligation, json_object());
    expect_at(state, "state", "overdue");
    json_decref(state);
}

/* ---- units ---- */

static json_t *find(const char *search)
{
    struct th_query query = of(TH_QUERY_UNITS);
    query.search = th_text_of(search);
    return ledger_ask(&ledger, query);
}

Test(query_lists, units_are_found_without_diacritics_and_in_any_case)
{
    const struct {
        const char *search, *unit;
    } table[] = {{"an khe", "622"},    {"AN KHÊ", "622"},       {"khe an", "622"},
                 {"thi xa an", "622"}, {"so noi vu", "64-snv"}, {"phuong a2", "a2"},
                 {"64-s", "64-snv"},   {"622", "622"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        json_t *answer = find(table[i].search);
        cr_expect_str_eq(ledger_at(answer, "units/0/unit"), table[i].unit, "%s", table[i].search);
        json_decref(answer);
    }
    json_t *answer = find("không có đâu");
    expect_at(answer, "found", "0");
    expect_at(answer, "more", "null");
    json_decref(answer);
}

Test(query_lists, the_better_match_comes_first)
{
    json_t *answer = find("a1");
    expect_at(answer, "units/0/unit", "a1");
    json_decref(answer);
    answer = find("xa a");
    expect_at(answer, "units/0/unit", "a1");
    json_decref(answer);
}

Test(query_lists, pages_of_units_follow_each_other_without_a_gap)
{
    struct th_query query = of(TH_QUERY_UNITS);
    char seen[200] = "", after[64] = "";
    size_t pages = 0;
    query.limit = 3;
    for (;; pages++) {
        size_t i;
        json_t *unit;
        query.after = th_text_of(after);
        json_t *answer = ledger_ask(&ledger, query);
        cr_assert_lt(pages, 10);
        json_array_foreach(json_object_get(answer, "units"), i, unit)
        {
            cr_expect_null(strstr(seen, ledger_at(unit, "name")));
            (void)strcat(strcat(seen, ledger_at(unit, "unit")), " ");
        }
        const char *more = json_string_value(json_object_get(answer, "more"));
        (void)snprintf(after, sizeof after, "%s", more == NULL ? "" : more);
        json_decref(answer);
        if (after[0] == '\0')
            break;
    }
    cr_expect_eq(pages, 3);
    cr_expect_eq(strlen(seen), strlen("64 64-snv 622 623 a1 a2 a3 b1 b2 b3 "));
    query.after = th_text_of("x9");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
}

Test(query_lists, units_are_chosen_by_parent_and_kind)
{
    struct th_query query = of(TH_QUERY_UNITS);
    query.parent = th_text_of("622");
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "found", "3");
    json_decref(answer);
    query.kind = th_text_of("phuong");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "found", "1");
    expect_at(answer, "units/0/kind_name", "phường");
    expect_at(answer, "units/0/parent_name", "Thị xã An Khê");
    json_decref(answer);
    query.kind = th_text_of("lang");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
}

Test(query_lists, a_unit_knows_its_way_to_the_top)
{
    struct th_query query = of(TH_QUERY_UNIT);
    query.unit = th_text_of("a1");
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "path/0/unit", "64");
    expect_at(answer, "path/1/unit", "622");
    expect_at(answer, "path/2/unit", "a1");
    expect_at(answer, "children", "0");
    json_decref(answer);
    query.unit = th_text_of("622");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "children", "3");
    json_decref(answer);
    query.unit = th_text_of("zz");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
}

/* ---- who may ask ---- */

Test(query_lists, a_unit_sees_itself_and_those_below)
{
    ledger.asker = "622";
    json_t *answer = ledger_ask(&ledger, of(TH_QUERY_UNITS));
    expect_at(answer, "found", "4");
    json_decref(answer);
    struct th_query query = of(TH_QUERY_UNIT);
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "unit", "622");
    json_decref(answer);
    query.unit = th_text_of("b1");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_FORBIDDEN);
    static const enum th_query_what kinds[] = {
        TH_QUERY_STANDING, TH_QUERY_ROLLUP,     TH_QUERY_REPORT,  TH_QUERY_CLOSINGS,
        TH_QUERY_PAGE,     TH_QUERY_OBLIGATION, TH_QUERY_CHASING, TH_QUERY_SPREAD,
        TH_QUERY_ARRIVALS, TH_QUERY_NARRATIVE,  TH_QUERY_MODELS,  TH_QUERY_DIFFERENCES};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        query = ledger_query(kinds[i], LEDGER_HALF);
        query.unit = th_text_of("64");
        cr_expect_eq(ledger_refusal(&ledger, query), TH_E_FORBIDDEN, "kind %d", (int)kinds[i]);
    }
    query = ledger_query(TH_QUERY_OBLIGATION, LEDGER_HALF);
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "unit", "622");
    expect_at(answer, "counts/expected", "3");
    json_decref(answer);
}

/* ---- moments ---- */

Test(query_lists, a_position_is_the_first_so_many_entries)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    uint64_t size = ledger_size(&ledger);
    th_instant then = ledger_time(&ledger);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 7)); /* in the same millisecond */
    struct th_query query = standing();
    query.has_position = true;
    query.position = size;
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "counts/received", "1");
    cr_expect_eq(json_integer_value(json_object_get(answer, "position")), (json_int_t)size);
    char text[TH_INSTANT_TEXT_SIZE];
    expect_at(answer, "as_of", th_instant_format(then, text));
    json_decref(answer);
    query.position = size + 1;
    json_t *all = ledger_ask(&ledger, query);
    expect_at(all, "counts/received", "2");
    json_decref(all);
    query.position = size + 2;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_RANGE);
    query.position = 0;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_RANGE);
    query.position = 1;
    query.has_as_of = true;
    query.as_of = then;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
}

Test(query_lists, each_kind_can_be_asked_of_the_past_and_stays_the_same)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    json_t *before[TH_QUERY_END] = {NULL};
    struct th_query query = {.has_position = true, .position = ledger_size(&ledger)};
    query.plan = th_text_of("p-2025");
    query.period = th_text_of("2025-H1");
    query.unit = th_text_of("a1");
    for (int what = 1; what < TH_QUERY_DIFFERENCES; what++) {
        query.what = (enum th_query_what)what;
        before[what] = ledger_ask_at(&ledger, query, (th_instant){0});
    }
    ledger_pass(&ledger, HOUR);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 50));
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 7));
    for (int what = 1; what < TH_QUERY_DIFFERENCES; what++) {
        query.what = (enum th_query_what)what;
        json_t *after = ledger_ask_at(&ledger, query, (th_instant){0});
        cr_expect(json_equal(before[what], after), "kind %d", what);
        json_decref(before[what]);
        json_decref(after);
    }
}

Test(query_lists, what_makes_no_question_is_refused)
{
    struct th_query query = standing();
    query.limit = TH_QUERY_LIMIT_MAX + 1;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
    query = standing();
    query.search = (struct th_text){"a\xff", 2};
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
    query = standing();
    query.standing = th_text_of("lost");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
    query = standing();
    query.after = th_text_of("a1#x");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
    query = standing();
    query.unit = (struct th_text){"a\xff", 2};
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
    query = standing();
    query.plan =
        th_text_of("mot-ma-ke-hoach-dai-den-noi-khong-ke-hoach-nao-trong-kho-co-duoc-ma-nhu-vay");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID);
    query.what = TH_QUERY_END;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_VERSION);
    query.what = (enum th_query_what)0;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_VERSION);
}

/* ---- lines of a standing ---- */

Test(query_lists, lines_are_chosen_and_counts_are_not)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    struct th_query query = standing();
    query.standing = th_text_of("missing");
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "shown", "6");
    expect_at(answer, "counts/expected", "7");
    expect_at(answer, "counts/received", "1");
    json_decref(answer);
    query.standing = th_text_of("on_time");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "shown", "1");
    expect_at(answer, "units/0/unit", "a1");
    json_decref(answer);
    query.standing = th_text_of("");
    query.search = th_text_of("phuong");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "shown", "1");
    expect_at(answer, "units/0/unit", "a2");
    json_decref(answer);
    query = ledger_query(TH_QUERY_STANDING, LEDGER_SUSPENDED);
    query.standing = th_text_of("missing");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "shown", "0");
    json_decref(answer);
}

Test(query_lists, pages_of_a_standing_are_the_whole_of_it)
{
    struct ledger_report report = {
        .unit = L_A1, .obligation = LEDGER_ADHOC, .number = 1, .has = {[L_A] = true}};
    for (; report.number <= 3; report.number++)
        cr_assert(ledger_send(&ledger, report));
    report.unit = L_B1;
    report.number = 1;
    cr_assert(ledger_send(&ledger, report));
    struct th_query query = ledger_query(TH_QUERY_STANDING, LEDGER_ADHOC);
    json_t *all = ledger_ask(&ledger, query);
    json_t *joined = json_array();
    char after[64] = "";
    query.limit = 2;
    do {
        query.after = th_text_of(after);
        json_t *page = ledger_ask(&ledger, query);
        (void)json_array_extend(joined, json_object_get(page, "units"));
        const char *more = json_string_value(json_object_get(page, "more"));
        (void)snprintf(after, sizeof after, "%s", more == NULL ? "" : more);
        json_decref(page);
        cr_assert_leq(json_array_size(joined), 4);
    } while (after[0] != '\0');
    cr_expect(json_equal(joined, json_object_get(all, "units")));
    json_decref(joined);
    json_decref(all);
}

/* ---- commands ---- */

#define RUN(command, ...)                                                                          \
    ledger_run(&ledger, command, (const char *const[]){"x", __VA_ARGS__, NULL}, &shown)

Test(query_lists, each_command_prints_what_is_answered)
{
    const struct {
        int (*command)(int, char **, FILE *, FILE *);
        enum th_query_what what;
    } table[] = {{th_cli_obligation, TH_QUERY_OBLIGATION},  {th_cli_spread, TH_QUERY_SPREAD},
                 {th_cli_arrivals, TH_QUERY_ARRIVALS},      {th_cli_narrative, TH_QUERY_NARRATIVE},
                 {th_cli_models, TH_QUERY_MODELS},          {th_cli_chasing, TH_QUERY_CHASING},
                 {th_cli_differences, TH_QUERY_DIFFERENCES}};
    enum { COUNT = sizeof table / sizeof table[0] };
    struct ledger_report report = {
        .unit = L_A1, .has = {[L_A] = true, [L_TEXT] = true}, .values = {0, 4, 0, 0, 0, 0, 0, 9}};
    report.models = 2;
    cr_assert(ledger_send(&ledger, report));
    struct th_act act = {.kind = TH_ACT_SET_CLOCK, .to = {ledger.half_due.ms + DAY}};
    cr_assert_eq(ledger_act(&ledger, act), 0);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 3));
    json_t *expected[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        expected[i] =
            ledger_ask_at(&ledger, ledger_query(table[i].what, LEDGER_HALF), ledger_time(&ledger));
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect_eq(RUN(table[i].command, ledger.folder, "--obligation", "HALF", "--json"), EX_OK,
                     "%s", shown);
        json_t *printed = json_loads(shown, 0, NULL);
        cr_expect(json_equal(expected[i], printed), "%s", shown);
        json_decref(expected[i]);
        json_decref(printed);
        cr_expect_eq(RUN(table[i].command, ledger.folder, "--obligation", "HALF"), EX_OK);
        cr_expect_not_null(strstr(shown, "p-2025 · HALF"), "%s", shown);
    }
}

Test(query_lists, commands_about_the_store_speak_vietnamese)
{
    cr_expect_eq(RUN(th_cli_store, ledger.folder), EX_OK);
    cr_expect_not_null(strstr(shown, "Kho DIỄN TẬP: tonghop/64/rehearsal\n"), "%s", shown);
    cr_expect_eq(RUN(th_cli_plans, ledger.folder), EX_OK);
    cr_expect_not_null(strstr(shown, "trước ngày 10/5/2025"), "%s", shown);
    cr_expect_eq(RUN(th_cli_plan_stored, ledger.folder, "--plan", "p-2025"), EX_OK);
    cr_expect_not_null(strstr(shown, "Mục một\n"), "%s", shown);
    cr_expect_eq(RUN(th_cli_units, "list", ledger.folder, "--search", "an khe"), EX_OK);
    cr_expect_not_null(strstr(shown, "Thị xã An Khê"), "%s", shown);
    cr_expect_eq(RUN(th_cli_units, "show", ledger.folder, "--unit", "a1"), EX_OK);
    cr_expect_not_null(strstr(shown, "  Thị xã An Khê (622)\n"), "%s", shown);
    cr_expect_eq(RUN(th_cli_units, "drop", ledger.folder), EX_USAGE);
    cr_expect_eq(RUN(th_cli_store, ledger.folder, "--position", "999"), EX_DATAERR);
    cr_expect_not_null(strstr(shown, "chọn vị trí từ 1 đến"), "%s", shown);
}
