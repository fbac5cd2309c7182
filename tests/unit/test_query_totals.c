/* SPDX-License-Identifier: Apache-2.0 */
/* Figures beside each other: their spread, how reports came, what changed since a closing; texts
 * and models; the revisions of a report. And that all answers say the same numbers. */
#include "tests/support/ledger.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
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

TestSuite(query_totals, .init = set_up, .fini = tear_down, .timeout = 100);

#define expect_at(answer, path, value) cr_expect_str_eq(ledger_at(answer, path), value, "%s", path)

static struct ledger_report full(enum ledger_unit unit, uint32_t revision, int64_t a, int64_t b)
{
    struct ledger_report report = {
        .unit = unit, .revision = revision, .values = {0, a, b, 20200, 1250, 1, 0, 0}};
    for (int i = L_A; i <= L_CLASS; i++)
        report.has[i] = true;
    return report;
}

static json_int_t number_at(const json_t *answer, const char *path)
{
    return strtoll(ledger_at(answer, path), NULL, 10);
}

/* ---- spread ---- */

Test(query_totals, the_spread_has_both_ends_their_units_and_the_mean)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 10, 5)));
    cr_assert(ledger_send(&ledger, full(L_A2, 1, 20, 5)));
    cr_assert(ledger_send(&ledger, full(L_B1, 1, 10, 1)));
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_SPREAD, LEDGER_HALF));
    expect_at(answer, "indicators/A/value", "40");
    expect_at(answer, "indicators/A/min", "10");
    expect_at(answer, "indicators/A/min_units", "[\"a1\",\"b1\"]");
    expect_at(answer, "indicators/A/min_count", "2");
    expect_at(answer, "indicators/A/max", "20");
    expect_at(answer, "indicators/A/max_units", "[\"a2\"]");
    expect_at(answer, "indicators/A/mean", "13.3");
    expect_at(answer, "indicators/A/reported", "3");
    expect_at(answer, "indicators/A/missing", "4");
    expect_at(answer, "indicators/SCORE/mean", "12.500");
    expect_at(answer, "indicators/SHARE/min", "10.00");
    expect_at(answer, "indicators/SHARE/max", "50.00");
    expect_at(answer, "indicators/SHARE/mean", "null");
    expect_at(answer, "indicators/DAY/mean", "null");
    expect_at(answer, "indicators/CLASS/min", "null");
    json_decref(answer);
}

Test(query_totals, the_mean_is_rounded_half_away_from_zero)
{
    const int64_t values[] = {0, 0, 0, 1}; /* 0.25 */
    for (int i = 0; i < 4; i++)
        cr_assert(ledger_send_a(&ledger, (enum ledger_unit)(L_A1 + i), 1, values[i]));
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_SPREAD, LEDGER_HALF));
    expect_at(answer, "indicators/A/mean", "0.3");
    json_decref(answer);
}

Test(query_totals, of_nothing_there_is_no_spread)
{
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_SPREAD, LEDGER_HALF));
    expect_at(answer, "indicators/A/min", "null");
    expect_at(answer, "indicators/A/min_units", "[]");
    expect_at(answer, "indicators/A/mean", "null");
    json_decref(answer);
}

/* ---- arrivals ---- */

Test(query_totals, the_curve_of_arrivals_ends_at_the_counts)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 1));
    ledger_pass(&ledger, HOUR);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 1));
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 5)); /* a correction is no arrival */
    ledger_tick_at(&ledger, (th_instant){ledger.half_due.ms + HOUR});
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 1));
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_ARRIVALS, LEDGER_HALF));
    cr_expect_eq(json_array_size(json_object_get(answer, "points")), 3);
    expect_at(answer, "points/1/received", "2");
    expect_at(answer, "points/1/on_time", "2");
    expect_at(answer, "points/2/received", "3");
    expect_at(answer, "points/2/late", "1");
    expect_at(answer, "counts/received", "3");
    expect_at(answer, "due", "2025-05-10T00:00:00+07:00");
    json_decref(answer);
    answer = ledger_ask(&ledger, ledger_query(TH_QUERY_ARRIVALS, LEDGER_YEAR));
    expect_at(answer, "points", "[]");
    json_decref(answer);
}

Test(query_totals, what_came_together_is_one_point_and_is_never_left_out)
{
    struct ledger_report report = {
        .unit = L_A1, .obligation = LEDGER_ADHOC, .number = 1, .has = {[L_A] = true}};
    for (; report.number <= 300; report.number++) {
        if (report.number == 202)
            ledger_pass(&ledger, DAY);
        cr_assert(ledger_send(&ledger, report));
    }
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_ARRIVALS, LEDGER_ADHOC));
    cr_expect_eq(json_array_size(json_object_get(answer, "points")), 2);
    expect_at(answer, "points/0/received", "201");
    expect_at(answer, "points/1/received", "300");
    json_decref(answer);
}

Test(query_totals, many_arrivals_are_two_hundred_points_at_most)
{
    struct ledger_report report = {
        .unit = L_A1, .obligation = LEDGER_ADHOC, .number = 1, .has = {[L_A] = true}};
    for (; report.number <= 450; report.number++) {
        ledger_pass(&ledger, 1000);
        cr_assert(ledger_send(&ledger, report));
    }
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_ARRIVALS, LEDGER_ADHOC));
    size_t count = json_array_size(json_object_get(answer, "points"));
    cr_expect(count > 100 && count <= 200, "%zu", count);
    const json_t *last = json_array_get(json_object_get(answer, "points"), count - 1);
    expect_at(last, "received", "450");
    expect_at(last, "on_time", "null");
    json_decref(answer);
}

/* ---- a report's revisions ---- */

Test(query_totals, a_report_shows_each_of_its_revisions)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    ledger_pass(&ledger, HOUR);
    th_instant between = ledger_time(&ledger);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 20));
    cr_assert(ledger_send_a(&ledger, L_A1, 3, 30));
    struct th_query query = ledger_query(TH_QUERY_REPORT, LEDGER_HALF);
    query.unit = th_text_of("a1");
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "revisions")), 3);
    expect_at(answer, "values/A/value", "30");
    query.revision = 2;
    json_t *second = ledger_ask(&ledger, query);
    expect_at(second, "revision", "2");
    expect_at(second, "values/A/value", "20");
    cr_expect_eq(json_array_size(json_object_get(second, "superseded")), 1);
    cr_expect(
        json_equal(json_object_get(second, "revisions"), json_object_get(answer, "revisions")));
    cr_expect_str_eq(ledger_at(second, "sha256"), ledger_at(answer, "revisions/1/sha256"));
    cr_expect_eq(number_at(second, "entry"), number_at(answer, "revisions/1/position"));
    json_decref(second);
    json_decref(answer);
    query.revision = 4;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    query.revision = 2;
    query.has_as_of = true;
    query.as_of = between;
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND, "not yet");
    query.revision = 1;
    answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "revisions")), 1);
    json_decref(answer);
}

/* ---- texts and models ---- */

static void send_text(enum ledger_unit unit, int64_t letters, uint32_t models)
{
    struct ledger_report report = {.unit = unit, .models = models};
    report.has[L_A] = report.has[L_TEXT] = letters > 0;
    report.has[L_A] = true;
    report.values[L_TEXT] = letters;
    cr_assert(ledger_send(&ledger, report));
}

Test(query_totals, texts_stand_beside_each_other_in_pages)
{
    send_text(L_A1, 19, 0);
    send_text(L_A2, 0, 0);
    send_text(L_B1, 6, 0);
    struct th_query query = ledger_query(TH_QUERY_NARRATIVE, LEDGER_HALF);
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "indicator", "TEXT");
    expect_at(answer, "reported", "2");
    expect_at(answer, "sections/0/text", "a narrative section");
    expect_at(answer, "sections/0/parent_name", "Thị xã An Khê");
    expect_at(answer, "sections/1/unit", "b1");
    expect_at(answer, "more", "null");
    json_decref(answer);
    query.limit = 1;
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "more", "a1");
    json_decref(answer);
    query.after = th_text_of("a1");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "sections/0/unit", "b1");
    expect_at(answer, "more", "null");
    expect_at(answer, "reported", "2");
    json_decref(answer);
    query = ledger_query(TH_QUERY_NARRATIVE, LEDGER_HALF);
    query.search = th_text_of("Séction");
    answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "sections")), 1);
    json_decref(answer);
    query.indicators = th_text_of("A");
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
}

Test(query_totals, models_are_a_register_with_its_counts)
{
    send_text(L_A1, 0, 3);
    send_text(L_B1, 0, 1);
    struct th_query query = ledger_query(TH_QUERY_MODELS, LEDGER_HALF);
    json_t *answer = ledger_ask(&ledger, query);
    json_t *totals = ledger_ask(&ledger, ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF));
    json_int_t expected =
        json_integer_value(json_object_get(json_object_get(totals, "counts"), "expected"));
    cr_expect_gt(expected, 2);
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(answer, "counts"), "expected")),
                 expected, "no total without its coverage");
    json_decref(totals);
    expect_at(answer, "counts/reports", "2");
    expect_at(answer, "counts/models", "4");
    expect_at(answer, "counts/units", "2");
    expect_at(answer, "counts/complete", "true");
    expect_at(answer, "counts/by_stage/running", "3");
    expect_at(answer, "counts/by_stage/recognised", "1");
    expect_at(answer, "counts/by_field/0/field", "Kinh tế");
    expect_at(answer, "counts/by_field/0/count", "3");
    expect_at(answer, "counts/by_unit/0/count", "3");
    expect_at(answer, "models/0/name", "Mô hình 1");
    expect_at(answer, "models/0/unit_name", "Xã A1");
    json_decref(answer);
    const struct {
        const char *kind, *search;
        size_t found;
    } table[] = {{"recognised", "", 1}, {"van hoa", "", 1},      {"", "nuoi ga", 2},
                 {"", "xa b1", 1},      {"kinh te", "xa a1", 2}, {"running", "mo hinh 2", 0}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        query.kind = th_text_of(table[i].kind);
        query.search = th_text_of(table[i].search);
        answer = ledger_ask(&ledger, query);
        cr_expect_eq(json_array_size(json_object_get(answer, "models")), table[i].found, "%zu", i);
        expect_at(answer, "counts/models", "4");
        json_decref(answer);
    }
    query = ledger_query(TH_QUERY_MODELS, LEDGER_HALF);
    query.limit = 2;
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "more", "a1:2");
    json_decref(answer);
    query.after = th_text_of("a1:2");
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "models/0/name", "Mô hình 3");
    expect_at(answer, "models/1/unit", "b1");
    expect_at(answer, "more", "null");
    json_decref(answer);
}

Test(query_totals, a_page_shows_the_figures_that_are_named_in_their_order)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 10, 5)));
    struct th_query query = ledger_query(TH_QUERY_PAGE, LEDGER_HALF);
    query.indicators = th_text_of("B,A");
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "columns", "[\"B\",\"A\"]");
    json_decref(answer);
    static const char *const wrong[] = {"A,A", "X", "TEXT", "A,,B", "SHARE"};
    for (size_t i = 0; i < 5; i++) {
        query.indicators = th_text_of(wrong[i]);
        cr_expect_eq(ledger_refusal(&ledger, query), TH_E_INVALID, "%s", wrong[i]);
    }
}

Test(query_totals, a_table_has_pages_that_are_the_whole_of_it)
{
    cr_assert(ledger_send(&ledger, full(L_A2, 1, 10, 5)));
    struct th_query query = ledger_query(TH_QUERY_PAGE, LEDGER_HALF);
    json_t *all = ledger_ask(&ledger, query), *joined = json_array();
    char after[64] = "";
    query.limit = 3;
    do {
        query.after = th_text_of(after);
        json_t *page = ledger_ask(&ledger, query);
        cr_assert_leq(json_array_size(json_object_get(page, "units")), 3);
        (void)json_array_extend(joined, json_object_get(page, "units"));
        const char *more = json_string_value(json_object_get(page, "more"));
        (void)snprintf(after, sizeof after, "%s", more == NULL ? "" : more);
        json_decref(page);
        cr_assert_leq(json_array_size(joined), 7);
    } while (after[0] != '\0');
    cr_expect(json_equal(joined, json_object_get(all, "units")));
    json_decref(joined);
    json_decref(all);
}

/* ---- differences ---- */

static struct th_query differences(void)
{
    return ledger_query(TH_QUERY_DIFFERENCES, LEDGER_HALF);
}

static void pass_due(void)
{
    ledger_tick_at(&ledger, (th_instant){ledger.half_due.ms + HOUR});
}

Test(query_totals, before_a_closing_there_is_nothing_to_compare)
{
    cr_expect_eq(ledger_refusal(&ledger, differences()), TH_E_NOT_FOUND);
    pass_due();
    struct th_query query = differences();
    query.has_closed_at = true;
    query.closed_at = (th_instant){ledger.half_due.ms + 1};
    cr_expect_eq(ledger_refusal(&ledger, query), TH_E_NOT_FOUND);
    query.closed_at = ledger.half_due;
    json_t *answer = ledger_ask(&ledger, query);
    expect_at(answer, "cells", "[]");
    expect_at(answer, "reports_count", "0");
    expect_at(answer, "checks", "{\"before_is_closing\":true,\"causes_add_up\":true}");
    json_decref(answer);
}

Test(query_totals, what_came_and_what_was_corrected_since_is_named_cell_by_cell)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 10, 5)));
    cr_assert(ledger_send(&ledger, full(L_A2, 1, 30, 5)));
    pass_due();
    cr_assert(ledger_send(&ledger, full(L_A1, 2, 99, 5)));
    cr_assert(ledger_send(&ledger, full(L_A1, 3, 14, 5)));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 100));
    json_t *answer = ledger_ask(&ledger, differences());
    expect_at(answer, "from/closed_at", "2025-05-10T00:00:00+07:00");
    expect_at(answer, "from/counts/received", "2");
    expect_at(answer, "to/counts/received", "3");
    expect_at(answer, "reports_count", "2");
    expect_at(answer, "cells/0/indicator", "A");
    expect_at(answer, "cells/0/before", "40");
    expect_at(answer, "cells/0/after", "144");
    expect_at(answer, "cells/0/change", "104");
    expect_at(answer, "cells/0/causes/0/unit", "b1");
    expect_at(answer, "cells/0/causes/0/kind", "new");
    expect_at(answer, "cells/0/causes/0/before", "null");
    expect_at(answer, "cells/0/causes/1/unit", "a1");
    expect_at(answer, "cells/0/causes/1/kind", "corrected");
    expect_at(answer, "cells/0/causes/1/before", "10");
    expect_at(answer, "cells/0/causes/1/after", "14");
    expect_at(answer, "cells/0/causes/1/revision", "3");
    expect_at(answer, "checks", "{\"before_is_closing\":true,\"causes_add_up\":true}");
    cr_expect_eq(json_array_size(json_object_get(answer, "cells")), 2, "A, and the ratio over it");
    expect_at(answer, "cells/1/indicator", "SHARE");
    expect_at(answer, "cells/1/causes/0/before", "50.00");
    expect_at(answer, "cells/1/causes/0/after", "35.71");
    json_decref(answer);
    struct th_query query = differences();
    query.limit = 1;
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "cells/0/causes_count", "2");
    expect_at(answer, "cells/0/others", "4");
    json_decref(answer);
    query = differences();
    query.unit = th_text_of("a1"); /* it has no frozen rollup of its own */
    answer = ledger_ask(&ledger, query);
    expect_at(answer, "from/frozen", "false");
    expect_at(answer, "cells/0/change", "4");
    json_decref(answer);
}

Test(query_totals, what_was_readmitted_after_a_closing_is_new_since_it)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 1, 10, 5)));
    pass_due();
    cr_assert(
        ledger_readmit(&ledger, full(L_A2, 1, 30, 5), (th_instant){ledger.half_due.ms - DAY}));
    json_t *answer = ledger_ask(&ledger, differences());
    expect_at(answer, "from/counts/received", "1");
    expect_at(answer, "to/counts/received", "2");
    expect_at(answer, "to/counts/on_time", "2");
    expect_at(answer, "cells/0/change", "30");
    expect_at(answer, "cells/0/causes/0/unit", "a2");
    expect_at(answer, "checks", "{\"before_is_closing\":true,\"causes_add_up\":true}");
    json_decref(answer);
}

Test(query_totals, what_was_judged_since_is_told_and_changes_no_cell)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    ledger_tick_at(&ledger, (th_instant){ledger.half_due.ms - HOUR});
    ledger_jump(&ledger, DAY);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 7)); /* undecided: the clock jumped */
    ledger_jump(&ledger, -DAY);
    ledger_pass(&ledger, 1000);
    pass_due();
    json_t *answer = ledger_ask(&ledger, differences());
    expect_at(answer, "cells", "[]");
    expect_at(answer, "checks", "{\"before_is_closing\":true,\"causes_add_up\":true}");
    json_decref(answer);
}

/* ---- the same numbers everywhere ---- */

static json_int_t causes_of(const json_t *cell)
{
    size_t i;
    json_t *cause;
    json_int_t sum = 0;
    json_array_foreach(json_object_get(cell, "causes"), i, cause)
    {
        sum += number_at(cause, "after") - number_at(cause, "before");
    }
    return sum;
}

static void expect_causes_to_add_up(struct th_query query)
{
    size_t i;
    json_t *cell;
    query.what = TH_QUERY_DIFFERENCES;
    json_t *answer = ledger_ask(&ledger, query);
    json_array_foreach(json_object_get(answer, "cells"), i, cell)
    {
        if (json_is_string(json_object_get(cell, "change")))
            cr_expect_eq(causes_of(cell), number_at(cell, "change"), "%s",
                         ledger_at(cell, "indicator"));
        if (json_is_string(json_object_get(cell, "change")))
            cr_expect_eq(number_at(cell, "after") - number_at(cell, "before"),
                         number_at(cell, "change"));
    }
    expect_at(answer, "checks", "{\"before_is_closing\":true,\"causes_add_up\":true}");
    json_decref(answer);
}

static json_int_t sum_of(const json_t *list, const char *path)
{
    size_t i;
    json_t *item;
    json_int_t sum = 0;
    json_array_foreach(list, i, item)
    {
        sum += number_at(item, path);
    }
    return sum;
}

/* Standing, obligation, chasing, arrivals, spread and narrative of one question. */
static void expect_one_truth(struct th_query query)
{
    static const enum th_query_what kinds[] = {TH_QUERY_OBLIGATION, TH_QUERY_CHASING,
                                               TH_QUERY_ARRIVALS,   TH_QUERY_SPREAD,
                                               TH_QUERY_NARRATIVE,  TH_QUERY_ROLLUP};
    query.what = TH_QUERY_STANDING;
    json_t *standing = ledger_ask(&ledger, query);
    const json_t *counts = json_object_get(standing, "counts");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        query.what = kinds[i];
        json_t *answer = ledger_ask(&ledger, query);
        cr_expect(json_equal(counts, json_object_get(answer, "counts")), "kind %d", (int)kinds[i]);
        if (kinds[i] == TH_QUERY_CHASING)
            cr_expect_eq(sum_of(json_object_get(answer, "groups"), "missing"),
                         number_at(standing, "counts/missing"));
        if (kinds[i] == TH_QUERY_ARRIVALS && number_at(standing, "counts/received") > 0) {
            const json_t *points = json_object_get(answer, "points");
            const json_t *last = json_array_get(points, json_array_size(points) - 1);
            cr_expect_eq(number_at(last, "received"), number_at(standing, "counts/received"));
            cr_expect_eq(number_at(last, "on_time"), number_at(standing, "counts/on_time"));
            cr_expect_eq(number_at(last, "late"), number_at(standing, "counts/late"));
        }
        json_decref(answer);
    }
    cr_expect_eq(sum_of(json_object_get(standing, "below"), "counts/received"),
                 number_at(standing, "counts/received"));
    query.what = TH_QUERY_STANDING;
    query.standing = th_text_of("missing");
    json_t *missing = ledger_ask(&ledger, query);
    cr_expect_eq(number_at(missing, "shown"), number_at(standing, "counts/missing"));
    json_decref(missing);
    json_decref(standing);
}

Test(query_totals, all_answers_say_the_same_numbers_at_every_moment)
{
    uint32_t revisions[LEDGER_UNITS] = {0};
    uint64_t sizes[8];
    size_t sizes_count = 0;
    struct random random = {20250510};
    for (int i = 0; i < 60; i++) {
        enum ledger_unit unit = (enum ledger_unit)(L_A1 + random_below(&random, 6));
        if (i == 30)
            pass_due();
        ledger_pass(&ledger, 1 + random_below(&random, 3));
        cr_assert(
            ledger_send(&ledger, full(unit, ++revisions[unit], random_below(&random, 1000) + 500,
                                      random_below(&random, 500))));
        if (i % 10 == 9)
            sizes[sizes_count++] = ledger_size(&ledger);
    }
    static const char *const units[] = {"64", "622", "623", "a1", "b3"};
    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
        struct th_query query = ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
        query.unit = th_text_of(units[k]);
        expect_one_truth(query);
        expect_causes_to_add_up(query);
        for (size_t i = 0; i < sizes_count; i++) {
            query.has_position = true;
            query.position = sizes[i];
            expect_one_truth(query);
            if (i > 2)
                expect_causes_to_add_up(query);
        }
    }
}
