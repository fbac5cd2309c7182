/* SPDX-License-Identifier: Apache-2.0 */
/* Who has reported: now, at any moment before, and what a wrong question is told. */
#include "proto/wire/plan.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <string.h>

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static struct ledger ledger;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(query, .init = set_up, .fini = tear_down);

static struct th_query standing(void)
{
    return ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
}

static struct th_query at(struct th_query query, th_instant as_of)
{
    query.has_as_of = true;
    query.as_of = as_of;
    return query;
}

static struct th_query of_unit(struct th_query query, enum ledger_unit unit)
{
    query.unit = th_text_of(ledger_code(unit));
    return query;
}

#define expect_at(answer, path, value) cr_expect_str_eq(ledger_at(answer, path), value, "%s", path)

static const json_t *line_of(const json_t *answer, const char *unit)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(answer, "units"), i, line)
    {
        if (strcmp(ledger_at(line, "unit"), unit) == 0)
            return line;
    }
    return NULL;
}

static json_int_t count(const json_t *counts, const char *name)
{
    return json_integer_value(json_object_get(counts, name));
}

static void expect_identities(const json_t *counts)
{
    cr_expect_eq(count(counts, "received"),
                 count(counts, "on_time") + count(counts, "late") + count(counts, "undecided"));
    if (json_is_integer(json_object_get(counts, "expected")))
        cr_expect_eq(count(counts, "expected"),
                     count(counts, "received") + count(counts, "missing"));
    else
        cr_expect(json_is_null(json_object_get(counts, "missing")));
}

/* ---- now ---- */

Test(query, who_has_not_reported_is_missing)
{
    json_t *answer = ledger_ask(&ledger, standing());
    expect_at(answer, "counts/expected", "7");
    expect_at(answer, "counts/missing", "7");
    expect_at(answer, "counts/received", "0");
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 7);
    expect_at(line_of(answer, "a1"), "standing", "not_due");
    expect_at(line_of(answer, "a1"), "position", "");
    expect_at(answer, "due", "2025-05-10T00:00:00+07:00");
    expect_identities(json_object_get(answer, "counts"));
    json_decref(answer);
}

Test(query, on_time_late_and_estimated_are_counted)
{
    struct ledger_report report = {.unit = L_A1, .estimated = true, .has = {[L_A] = true}};
    cr_assert(ledger_send(&ledger, report));
    ledger_tick_at(&ledger, (th_instant){ledger.half_due.ms + HOUR});
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 4));
    json_t *answer = ledger_ask(&ledger, standing());
    expect_at(answer, "counts/received", "2");
    expect_at(answer, "counts/on_time", "1");
    expect_at(answer, "counts/late", "1");
    expect_at(answer, "counts/estimated", "1");
    expect_at(answer, "counts/missing", "5");
    expect_at(line_of(answer, "a1"), "standing", "on_time");
    expect_at(line_of(answer, "a1"), "estimated", "true");
    expect_at(line_of(answer, "b1"), "standing", "late");
    expect_at(line_of(answer, "b1"), "prepared_in_time", "false");
    expect_at(line_of(answer, "b2"), "standing", "overdue");
    expect_identities(json_object_get(answer, "counts"));
    json_decref(answer);
}

Test(query, a_leaf_unit_stands_for_itself)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 4));
    json_t *answer = ledger_ask(&ledger, of_unit(standing(), L_A1));
    expect_at(answer, "counts/expected", "1");
    expect_at(answer, "counts/received", "1");
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 1);
    json_decref(answer);
    answer = ledger_ask(&ledger, of_unit(standing(), L_A2));
    expect_at(answer, "counts/missing", "1");
    json_decref(answer);
}

Test(query, a_branch_counts_its_own_units_alone)
{
    cr_assert(ledger_send_a(&ledger, L_SNV, 1, 4));
    struct th_query query = standing();
    query.branch = TH_BRANCH_BODIES;
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "counts/expected", "1");
    expect_at(answer, "counts/received", "1");
    json_decref(answer);
    query.branch = TH_BRANCH_COMMUNES;
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "counts/expected", "6");
    expect_at(answer, "counts/received", "0");
    json_decref(answer);
}

Test(query, below_has_a_line_for_each_district_and_one_for_the_rest)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 4));
    cr_assert(ledger_send_a(&ledger, L_SNV, 1, 4));
    json_t *answer = ledger_ask(&ledger, standing());
    cr_expect_eq(json_array_size(json_object_get(answer, "below")), 3);
    expect_at(answer, "below/0/unit", "622");
    expect_at(answer, "below/0/name", "Thị xã An Khê");
    expect_at(answer, "below/0/counts/expected", "3");
    expect_at(answer, "below/0/counts/received", "1");
    expect_at(answer, "below/1/unit", "623");
    expect_at(answer, "below/1/counts/missing", "3");
    expect_at(answer, "below/2/unit", "null");
    expect_at(answer, "below/2/counts/received", "1");
    expect_at(answer, "below/2/counts/missing", "0");
    for (size_t i = 0; i < 3; i++)
        expect_identities(
            json_object_get(json_array_get(json_object_get(answer, "below"), i), "counts"));
    json_decref(answer);
}

Test(query, below_a_district_are_its_communes_together)
{
    json_t *answer = ledger_ask(&ledger, of_unit(standing(), L_622));
    cr_expect_eq(json_array_size(json_object_get(answer, "below")), 1);
    expect_at(answer, "below/0/unit", "null");
    expect_at(answer, "below/0/counts/expected", "3");
    json_decref(answer);
}

/* ---- obligations without a count of units ---- */

Test(query, of_a_suspended_obligation_nobody_is_missing)
{
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_STANDING, LEDGER_SUSPENDED));
    expect_at(answer, "counts/expected", "null");
    expect_at(answer, "counts/missing", "null");
    expect_at(answer, "counts/suspended", "7");
    expect_at(answer, "below/0/counts/suspended", "3");
    expect_at(line_of(answer, "a1"), "standing", "not_due");
    json_decref(answer);
}

Test(query, an_open_ended_obligation_takes_several_reports_of_a_unit)
{
    struct ledger_report report = {
        .unit = L_A1, .obligation = LEDGER_ADHOC, .number = 1, .has = {[L_A] = true}};
    cr_assert(ledger_send(&ledger, report));
    report.number = 2;
    cr_assert(ledger_send(&ledger, report));
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_STANDING, LEDGER_ADHOC));
    expect_at(answer, "counts/expected", "null");
    expect_at(answer, "counts/missing", "null");
    expect_at(answer, "counts/received", "2");
    expect_at(answer, "due", "null");
    cr_expect_eq(json_array_size(json_object_get(answer, "units")), 2);
    expect_at(answer, "units/1/number", "2");
    expect_at(answer, "units/1/standing", "received");
    json_decref(answer);
    struct th_query query = of_unit(ledger_query(TH_QUERY_REPORT, LEDGER_ADHOC), L_A1);
    query.number = 2;
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "number", "2");
    json_decref(answer);
    query.number = 0;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_AMBIGUOUS);
    cr_expect_not_null(strstr(ledger.problem.text, "nói rõ number"), "%s", ledger.problem.text);
}

Test(query, an_undated_obligation_is_received_neither_on_time_nor_late)
{
    struct ledger_report report = {
        .unit = L_A1, .obligation = LEDGER_UNDATED, .has = {[L_A] = true}};
    cr_assert(ledger_send(&ledger, report));
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_STANDING, LEDGER_UNDATED));
    expect_at(answer, "counts/expected", "null");
    expect_at(answer, "counts/received", "1");
    expect_at(answer, "counts/on_time", "null");
    expect_at(answer, "counts/late", "null");
    expect_at(answer, "counts/undecided", "null");
    expect_at(answer, "units/0/standing", "received");
    json_decref(answer);
}

/* ---- the past ---- */

Test(query, between_a_report_and_its_correction_the_old_one_counts)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    th_instant first = ledger_time(&ledger);
    ledger_pass(&ledger, HOUR);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 99));
    struct th_query query = of_unit(ledger_query(TH_QUERY_REPORT, LEDGER_HALF), L_A1);
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "revision", "2");
    expect_at(answer, "values/A/value", "99");
    expect_at(answer, "superseded/0/revision", "1");
    json_decref(answer);
    answer = ledger_ask(&ledger, at(query, (th_instant){first.ms + HOUR - 1}));
    expect_at(answer, "revision", "1");
    expect_at(answer, "values/A/value", "10");
    cr_expect_eq(json_array_size(json_object_get(answer, "superseded")), 0);
    json_decref(answer);
    answer = ledger_ask(&ledger, at(query, (th_instant){first.ms + HOUR}));
    expect_at(answer, "values/A/value", "99");
    json_decref(answer);
    query = at(ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF), first);
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "indicators/A/value", "10");
    json_decref(answer);
}

Test(query, before_it_was_sent_a_report_is_missing)
{
    th_instant before = ledger_time(&ledger);
    ledger_pass(&ledger, HOUR);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    json_t *answer = ledger_ask(&ledger, at(standing(), before));
    expect_at(answer, "counts/received", "0");
    expect_at(answer, "counts/missing", "7");
    json_decref(answer);
    struct th_query query = of_unit(ledger_query(TH_QUERY_REPORT, LEDGER_HALF), L_A1);
    cr_expect_eq(ledger_refusal(&ledger, at(query, before)), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "Xã A1"), "%s", ledger.problem.text);
}

Test(query, a_bare_date_means_its_first_instant)
{
    th_instant midnight;
    cr_assert_eq(th_instant_parse("2025-03-05", 10, &midnight), 0);
    ledger_tick_at(&ledger, (th_instant){midnight.ms - HOUR});
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    ledger_tick_at(&ledger, (th_instant){midnight.ms + 1});
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 1));
    json_t *answer = ledger_ask(&ledger, at(standing(), midnight));
    expect_at(answer, "counts/received", "1");
    expect_at(answer, "as_of", "2025-03-05T00:00:00+07:00");
    json_decref(answer);
}

Test(query, before_the_first_entry_there_is_nothing_to_ask)
{
    cr_expect_eq(ledger_refusal(&ledger, at(standing(), (th_instant){0})), TH_E_RANGE);
    cr_expect_not_null(strstr(ledger.problem.text, "chưa có gì"), "%s", ledger.problem.text);
}

Test(query, what_has_not_come_is_not_told)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    th_instant now = ledger_time(&ledger);
    for (int i = 0; i < 2; i++) {
        struct th_query query =
            ledger_query(i == 0 ? TH_QUERY_STANDING : TH_QUERY_ROLLUP, LEDGER_HALF);
        cr_expect_eq(ledger_refusal(&ledger, at(query, (th_instant){now.ms + 1})), TH_E_RANGE);
        cr_expect_not_null(strstr(ledger.problem.text, "chưa tới"), "%s", ledger.problem.text);
        json_decref(ledger_ask(&ledger, at(query, now)));
    }
}

Test(query, to_a_slower_clock_the_last_entry_has_come)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    th_instant last = ledger_time(&ledger), slower = {last.ms - HOUR};
    json_t *answer = ledger_ask_at(&ledger, at(standing(), last), slower);
    expect_at(answer, "counts/received", "1");
    json_decref(answer);
}

Test(query, before_the_plan_was_loaded_there_is_no_such_plan)
{
    th_instant founded = {INT64_C(1740762000000)};
    cr_expect_eq(ledger_refusal(&ledger, at(standing(), founded)), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "p-2025"), "%s", ledger.problem.text);
    struct th_query unnamed = at(standing(), founded);
    unnamed.plan = th_text_of("");
    cr_expect_eq(ledger_refusal(&ledger, unnamed), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "chưa có kế hoạch"), "%s", ledger.problem.text);
}

/* A commune beside a1 to a3, and a district with one. */
static void load_more_units(void)
{
    const struct th_unit more[] = {
        {.code = "a4",
         .name = "Xã A4",
         .parent_code = "622",
         .external_id = "",
         .kind = TH_UNIT_KIND_COMMUNE,
         .valid_from = TH_UNIT_ALWAYS_FROM,
         .valid_to = {INT32_MAX}},
        {.code = "624",
         .name = "Huyện mới",
         .parent_code = "64",
         .external_id = "",
         .kind = TH_UNIT_KIND_TOWN,
         .valid_from = TH_UNIT_ALWAYS_FROM,
         .valid_to = {INT32_MAX}},
        {.code = "c1",
         .name = "Xã C1",
         .parent_code = "624",
         .external_id = "",
         .kind = TH_UNIT_KIND_COMMUNE,
         .valid_from = TH_UNIT_ALWAYS_FROM,
         .valid_to = {INT32_MAX}},
    };
    struct th_bytes content;
    ledger_pass(&ledger, HOUR);
    cr_assert_eq(th_wire_units_encode(more, 3, &ledger.arena, &content), 0);
    cr_assert_eq(
        ledger_act(&ledger, (struct th_act){.kind = TH_ACT_LOAD_UNITS, .content = content}), 0);
}

Test(query, units_that_came_later_are_not_expected_as_of_an_earlier_moment)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    th_instant then = ledger_time(&ledger);
    json_t *before = ledger_ask(&ledger, at(standing(), then));
    load_more_units();
    json_t *after = ledger_ask(&ledger, at(standing(), then));
    cr_expect(json_equal(before, after), "the same answer for ever");
    expect_at(after, "counts/expected", "7");
    cr_expect_null(line_of(after, "a4"));
    json_decref(before);
    json_decref(after);
    json_t *now = ledger_ask(&ledger, standing());
    expect_at(now, "counts/expected", "9");
    cr_expect_not_null(line_of(now, "a4"));
    cr_expect_eq(json_array_size(json_object_get(now, "below")), 4,
                 "three districts and what hangs on the province");
    json_decref(now);
}

Test(query, a_unit_that_came_later_cannot_be_asked_about_earlier)
{
    th_instant then = ledger_time(&ledger);
    load_more_units();
    struct th_query query = standing();
    query.unit = th_text_of("624");
    cr_expect_eq(ledger_refusal(&ledger, at(query, then)), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "chưa có đơn vị “624”"), "%s",
                       ledger.problem.text);
    json_t *now = ledger_ask(&ledger, query);
    expect_at(now, "counts/expected", "1");
    json_decref(now);
}

Test(query, overdue_is_judged_at_the_moment_that_is_asked_for)
{
    ledger_tick_at(&ledger, (th_instant){ledger.half_due.ms + DAY});
    json_t *answer = ledger_ask(&ledger, standing());
    expect_at(line_of(answer, "a1"), "standing", "overdue");
    json_decref(answer);
    answer = ledger_ask(&ledger, at(standing(), (th_instant){ledger.half_due.ms - DAY}));
    expect_at(line_of(answer, "a1"), "standing", "due_soon");
    json_decref(answer);
}

/* ---- the clock ---- */

Test(query, what_was_undecided_then_is_undecided_as_of_then)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    ledger_pass(&ledger, HOUR);
    ledger_jump(&ledger, DAY);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 2));
    th_instant suspect = ledger_time(&ledger);
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send_a(&ledger, L_A2, 2, 3));
    th_instant corrected = ledger_time(&ledger);
    json_t *then = ledger_ask_at(&ledger, standing(), corrected);
    expect_at(line_of(then, "a2"), "standing", "undecided");
    expect_at(line_of(then, "a1"), "standing", "on_time");
    ledger_jump(&ledger, -DAY);
    ledger_pass(&ledger, 1000);
    ledger_tick(&ledger);
    json_t *answer = ledger_ask(&ledger, standing());
    expect_at(line_of(answer, "a2"), "standing", "on_time");
    expect_at(answer, "counts/undecided", "0");
    json_decref(answer);
    answer = ledger_ask(&ledger, at(standing(), suspect));
    expect_at(line_of(answer, "a2"), "standing", "undecided");
    expect_at(line_of(answer, "a1"), "standing", "on_time");
    expect_at(answer, "counts/undecided", "1");
    expect_at(answer, "below/0/counts/undecided", "1");
    json_decref(answer);
    answer = ledger_ask(&ledger, at(standing(), corrected));
    cr_expect(json_equal(answer, then));
    json_decref(answer);
    json_decref(then);
    answer = ledger_ask(&ledger,
                        at(of_unit(ledger_query(TH_QUERY_REPORT, LEDGER_HALF), L_A2), corrected));
    expect_at(answer, "timeliness", "undecided");
    json_decref(answer);
}

/* The log that was lost had judged it: the doubt of now has no say. */
Test(query, what_came_back_judged_while_the_clock_was_suspect_is_judged_as_of_then)
{
    struct ledger_report first = {.unit = L_A1, .has = {[L_A] = true}};
    struct ledger_report second = {.unit = L_A1, .revision = 2, .has = {[L_A] = true}};
    th_instant received = {ledger.half_due.ms - HOUR};
    ledger_tick_at(&ledger, (th_instant){ledger.half_due.ms + HOUR});
    ledger_jump(&ledger, DAY);
    cr_assert(ledger_readmit(&ledger, first, received));
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 2));
    th_instant suspect = ledger_time(&ledger);
    json_t *then = ledger_ask_at(&ledger, standing(), suspect);
    expect_at(line_of(then, "a1"), "standing", "on_time");
    expect_at(line_of(then, "a2"), "standing", "undecided");
    json_t *answer = ledger_ask(&ledger, at(standing(), suspect));
    cr_expect(json_equal(answer, then));
    json_decref(answer);
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_readmit(&ledger, second, (th_instant){received.ms + 1}));
    ledger_jump(&ledger, -DAY);
    ledger_pass(&ledger, 1000);
    ledger_tick(&ledger);
    answer = ledger_ask(&ledger, at(standing(), suspect));
    expect_at(line_of(answer, "a1"), "standing", "on_time");
    expect_at(line_of(answer, "a2"), "standing", "undecided");
    json_decref(answer);
    json_decref(then);
}

Test(query, a_second_doubt_does_not_reopen_what_was_judged_after_the_first)
{
    ledger_jump(&ledger, DAY);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    ledger_jump(&ledger, -DAY);
    ledger_pass(&ledger, 1000);
    ledger_tick(&ledger);
    ledger_jump(&ledger, DAY);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 1));
    th_instant again = ledger_time(&ledger);
    ledger_jump(&ledger, -DAY);
    ledger_pass(&ledger, 1000);
    ledger_tick(&ledger);
    json_t *answer = ledger_ask(&ledger, at(standing(), again));
    expect_at(line_of(answer, "a1"), "standing", "on_time");
    expect_at(line_of(answer, "a2"), "standing", "undecided");
    json_decref(answer);
}

/* ---- closings ---- */

Test(query, a_closing_keeps_what_was_so_at_the_due_instant)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    struct th_query query = ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF);
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "closings")), 0);
    json_decref(answer);
    ledger_tick_at(&ledger, ledger.half_due);
    ledger_pass(&ledger, HOUR);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 50));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 7));
    answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "closings")), 1);
    expect_at(answer, "closings/0/closed_at", "2025-05-10T00:00:00+07:00");
    expect_at(answer, "closings/0/counts/received", "1");
    expect_at(answer, "closings/0/counts/missing", "6");
    expect_at(answer, "closings/0/indicators/A/value", "10");
    expect_at(answer, "closings/0/indicators/A/missing", "6");
    json_decref(answer);
    answer = ledger_ask(&ledger, of_unit(query, L_622));
    expect_at(answer, "closings/0/counts/expected", "3");
    json_decref(answer);
    answer = ledger_ask(&ledger, at(query, (th_instant){ledger.half_due.ms - 1}));
    cr_expect_eq(json_array_size(json_object_get(answer, "closings")), 0);
    json_decref(answer);
    answer = ledger_ask(&ledger, at(query, ledger.half_due));
    cr_expect_eq(json_array_size(json_object_get(answer, "closings")), 1);
    json_decref(answer);
}

Test(query, a_closing_that_was_missed_is_there_from_its_entry_on)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    ledger_pass(&ledger, ledger.half_due.ms + DAY - ledger.now.wall.ms);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 5));
    struct th_query query = ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF);
    json_t *answer = ledger_ask(&ledger, at(query, (th_instant){ledger.half_due.ms + DAY - 1}));
    cr_expect_eq(json_array_size(json_object_get(answer, "closings")), 0);
    json_decref(answer);
    answer = ledger_ask(&ledger, at(query, (th_instant){ledger.half_due.ms + DAY}));
    expect_at(answer, "closings/0/counts/received", "1");
    json_decref(answer);
}

/* ---- names ---- */

Test(query, a_period_of_two_obligations_asks_for_one)
{
    struct th_query query = {.what = TH_QUERY_STANDING, .period = th_text_of("2025")};
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_AMBIGUOUS);
    cr_expect_not_null(strstr(ledger.problem.text, "YEAR, AGAIN"), "%s", ledger.problem.text);
    query.obligation = th_text_of("YEAR");
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "obligation", "YEAR");
    json_decref(answer);
}

Test(query, what_is_not_there_is_named_with_what_is)
{
    struct th_query query = {.what = TH_QUERY_STANDING, .period = th_text_of("2026")};
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "2025-H1"), "%s", ledger.problem.text);
    query = standing();
    query.plan = th_text_of("khác");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "p-2025"), "%s", ledger.problem.text);
    query = standing();
    query.unit = th_text_of("99");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    cr_expect_str_eq(ledger.problem.text, "không có đơn vị “99”");
    query = standing();
    query.obligation = th_text_of("NONE");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    query = standing();
    query.period = th_text_of("2025");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    cr_expect_not_null(strstr(ledger.problem.text, "2025-H1"), "%s", ledger.problem.text);
    query = (struct th_query){.what = TH_QUERY_STANDING};
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_AMBIGUOUS);
    cr_expect_not_null(strstr(ledger.problem.text, "nói rõ period"), "%s", ledger.problem.text);
}
