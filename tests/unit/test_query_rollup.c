/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reports below a unit add up to, by each rule. Random histories are compared with sums
 * that this file makes itself, and every answer about the past with what was answered then.
 */
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

TestSuite(query_rollup, .init = set_up, .fini = tear_down, .timeout = 100);

#define expect_at(answer, path, value) cr_expect_str_eq(ledger_at(answer, path), value, "%s", path)

static struct ledger_report full(enum ledger_unit unit, int64_t a, int64_t b, int64_t score,
                                 int64_t class_)
{
    struct ledger_report report = {.unit = unit};
    for (int i = L_A; i <= L_CLASS; i++)
        report.has[i] = true;
    report.values[L_A] = a;
    report.values[L_B] = b;
    report.values[L_DAY] =
        th_day_of_date((struct th_civil_date){2025, 4, (int)(a % 28) + 1}).number;
    report.values[L_SCORE] = score;
    report.values[L_CLASS] = class_;
    return report;
}

static struct th_query rollup(enum ledger_unit unit, enum th_branch branch)
{
    struct th_query query = ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF);
    query.unit = th_text_of(ledger_code(unit));
    query.branch = branch;
    return query;
}

/* ---- each rule ---- */

Test(query_rollup, nothing_reported_is_null_and_everyone_is_missing)
{
    json_t *answer = ledger_ask(&ledger, rollup(L_64, TH_BRANCH_ALL));
    expect_at(answer, "indicators/A/value", "null");
    expect_at(answer, "indicators/A/reported", "0");
    expect_at(answer, "indicators/A/missing", "7");
    expect_at(answer, "indicators/B/missing", "6"); /* the department is not asked for it */
    expect_at(answer, "indicators/TEXT/value", "[]");
    expect_at(answer, "branch", "all");
    json_decref(answer);
}

Test(query_rollup, every_rule_has_its_value)
{
    struct ledger_report with_text = full(L_A1, 10, 3, 125, 0);
    with_text.has[L_TEXT] = true;
    with_text.values[L_TEXT] = 5;
    cr_assert(ledger_send(&ledger, with_text));
    uint64_t position = ledger_size(&ledger) - 1;
    cr_assert(ledger_send(&ledger, full(L_A2, 20, 7, 275, 0)));
    cr_assert(ledger_send(&ledger, full(L_B1, 5, 5, 50, 2)));
    json_t *answer = ledger_ask(&ledger, rollup(L_622, TH_BRANCH_ALL));
    expect_at(answer, "indicators/A/rule", "sum");
    expect_at(answer, "indicators/A/value", "30");
    expect_at(answer, "indicators/DAY/value", "2025-04-21");
    expect_at(answer, "indicators/SHARE/value", "33.33");
    expect_at(answer, "indicators/SCORE/value/average", "2.00");
    expect_at(answer, "indicators/SCORE/value/min", "1.25");
    expect_at(answer, "indicators/SCORE/value/max", "2.75");
    expect_at(answer, "indicators/CLASS/value/tốt", "2");
    expect_at(answer, "indicators/CLASS/value/yếu", "0");
    expect_at(answer, "indicators/TEXT/value/0/unit", "a1");
    expect_at(answer, "indicators/TEXT/reported", "1");
    expect_at(answer, "indicators/TEXT/missing", "2");
    char text[24];
    (void)snprintf(text, sizeof text, "%u", (unsigned)position);
    expect_at(answer, "indicators/TEXT/value/0/position", text);
    json_decref(answer);
    answer = ledger_ask(&ledger, rollup(L_64, TH_BRANCH_ALL));
    expect_at(answer, "indicators/A/value", "35");
    expect_at(answer, "indicators/SHARE/value", "42.86");
    expect_at(answer, "indicators/CLASS/value/yếu", "1");
    json_decref(answer);
}

Test(query_rollup, a_share_of_nothing_is_null)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 0, 0, 1, 1)));
    json_t *answer = ledger_ask(&ledger, rollup(L_64, TH_BRANCH_ALL));
    expect_at(answer, "indicators/SHARE/value", "null");
    expect_at(answer, "indicators/SHARE/reported", "1");
    json_decref(answer);
}

Test(query_rollup, a_missing_figure_is_not_a_zero)
{
    struct ledger_report report = full(L_A1, 4, 2, 100, 1);
    report.has[L_B] = false;
    cr_assert(ledger_send(&ledger, report));
    cr_assert(ledger_send(&ledger, full(L_A2, 6, 3, 100, 1)));
    json_t *answer = ledger_ask(&ledger, rollup(L_622, TH_BRANCH_ALL));
    expect_at(answer, "indicators/A/reported", "2");
    expect_at(answer, "indicators/B/reported", "1");
    expect_at(answer, "indicators/B/missing", "2");
    expect_at(answer, "indicators/SHARE/value", "50.00");
    expect_at(answer, "indicators/SHARE/reported", "1");
    json_decref(answer);
}

Test(query_rollup, a_leaf_unit_shows_its_own_figures)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 10, 5, 150, 2)));
    json_t *answer = ledger_ask(&ledger, rollup(L_A1, TH_BRANCH_ALL));
    expect_at(answer, "indicators/A/value", "10");
    expect_at(answer, "indicators/SHARE/value", "50.00");
    expect_at(answer, "indicators/A/missing", "0");
    json_decref(answer);
    answer = ledger_ask(&ledger, rollup(L_A1, TH_BRANCH_BODIES));
    expect_at(answer, "counts/expected", "0");
    expect_at(answer, "counts/received", "0");
    json_decref(answer);
}

Test(query_rollup, each_branch_has_its_own_sum)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    cr_assert(ledger_send_a(&ledger, L_SNV, 1, 7));
    json_t *answer = ledger_ask(&ledger, rollup(L_64, TH_BRANCH_BODIES));
    expect_at(answer, "branch", "bodies");
    expect_at(answer, "indicators/A/value", "7");
    cr_expect_str_empty(ledger_at(answer, "indicators/B"), "departments are not asked for B");
    json_decref(answer);
    answer = ledger_ask(&ledger, rollup(L_64, TH_BRANCH_COMMUNES));
    expect_at(answer, "indicators/A/value", "10");
    json_decref(answer);
}

/* ---- random histories ---- */

#define STEPS       70
#define NUMBERS     3
#define RECORDS_MAX (STEPS * 4)

struct known {
    uint32_t revision; /* 0: not reported */
    struct ledger_report last;
};

struct record {
    struct th_query query;
    json_t *answer;
};

static const enum ledger_unit reporters[] = {L_SNV, L_A1, L_A2, L_A3, L_B1, L_B2, L_B3};
static struct known known[LEDGER_OBLIGATIONS][LEDGER_UNITS][NUMBERS];
static struct record records[RECORDS_MAX];
static size_t records_count;

static bool is_below(enum ledger_unit unit, enum ledger_unit top)
{
    if (top == L_64 || unit == top)
        return true;
    return (top == L_622 && unit >= L_A1 && unit <= L_A3) || (top == L_623 && unit >= L_B1);
}

static bool is_of(enum ledger_unit unit, enum th_branch branch)
{
    return branch == TH_BRANCH_ALL || (branch == TH_BRANCH_BODIES) == (unit == L_SNV);
}

/* ---- the naive sums ---- */

struct sums {
    int64_t sum[L_TEXT + 1], least[L_TEXT + 1], most[L_TEXT + 1], classes[3];
    int64_t share_a, share_b, share_count;
    int reported[L_TEXT + 1], received, estimated;
};

static void add(struct sums *sums, const struct ledger_report *report)
{
    sums->received++;
    sums->estimated += report->estimated;
    for (int i = L_A; i <= L_TEXT; i++) {
        int64_t value = report->values[i];
        if (!report->has[i])
            continue;
        sums->sum[i] += value;
        if (sums->reported[i] == 0 || value < sums->least[i])
            sums->least[i] = value;
        if (sums->reported[i] == 0 || value > sums->most[i])
            sums->most[i] = value;
        sums->reported[i]++;
        if (i == L_CLASS)
            sums->classes[value]++;
    }
    if (report->has[L_A] && report->has[L_B]) {
        sums->share_a += report->values[L_A];
        sums->share_b += report->values[L_B];
        sums->share_count++;
    }
}

static struct sums sum_up(enum ledger_obligation obligation, enum ledger_unit top,
                          enum th_branch branch)
{
    struct sums sums = {.received = 0};
    for (int unit = 0; unit < LEDGER_UNITS; unit++)
        for (int number = 0; number < NUMBERS; number++)
            if (known[obligation][unit][number].revision > 0 &&
                is_below((enum ledger_unit)unit, top) && is_of((enum ledger_unit)unit, branch))
                add(&sums, &known[obligation][unit][number].last);
    return sums;
}

/* Half away from zero; nothing here is below zero. */
static const char *hundredths(int64_t numerator, int64_t denominator)
{
    static char text[32];
    int64_t rounded = (2 * numerator + denominator) / (2 * denominator);
    (void)snprintf(text, sizeof text, "%d.%02d", (int)(rounded / 100), (int)(rounded % 100));
    return text;
}

static const char *plain(int64_t value)
{
    static char texts[4][32];
    static unsigned next;
    char *text = texts[next++ % 4];
    (void)snprintf(text, sizeof texts[0], "%lld", (long long)value);
    return text;
}

/* An indicator that nobody reported and that is not asked for is not shown at all. */
static bool is_null(const json_t *answer, const char *path)
{
    const char *text = ledger_at(answer, path);
    return text[0] == '\0' || strcmp(text, "null") == 0;
}

static void check_sums(const json_t *answer, const struct sums *sums)
{
    char day[TH_DAY_TEXT_SIZE];
    expect_at(answer, "counts/received", plain(sums->received));
    expect_at(answer, "counts/estimated", plain(sums->estimated));
    if (sums->reported[L_A] > 0)
        expect_at(answer, "indicators/A/value", plain(sums->sum[L_A]));
    else
        cr_expect(is_null(answer, "indicators/A/value"));
    if (sums->reported[L_DAY] > 0)
        expect_at(answer, "indicators/DAY/value",
                  th_day_format((th_day){(int32_t)sums->most[L_DAY]}, day));
    if (sums->reported[L_SCORE] > 0) {
        expect_at(answer, "indicators/SCORE/value/average",
                  hundredths(sums->sum[L_SCORE], sums->reported[L_SCORE]));
        expect_at(answer, "indicators/SCORE/value/min", hundredths(sums->least[L_SCORE], 1));
        expect_at(answer, "indicators/SCORE/value/max", hundredths(sums->most[L_SCORE], 1));
    } else {
        cr_expect(is_null(answer, "indicators/SCORE/value"));
    }
    if (sums->reported[L_CLASS] > 0) {
        expect_at(answer, "indicators/CLASS/value/tốt", plain(sums->classes[0]));
        expect_at(answer, "indicators/CLASS/value/khá", plain(sums->classes[1]));
        expect_at(answer, "indicators/CLASS/value/yếu", plain(sums->classes[2]));
    }
    if (sums->share_a > 0)
        expect_at(answer, "indicators/SHARE/value",
                  hundredths(sums->share_b * 10000, sums->share_a));
    else
        cr_expect(is_null(answer, "indicators/SHARE/value"));
    expect_at(answer, "indicators/TEXT/reported", plain(sums->reported[L_TEXT]));
}

/* From the table, from the rows, and by hand. */
static void compare(enum ledger_obligation obligation, enum ledger_unit top, enum th_branch branch)
{
    struct th_query query = rollup(top, branch);
    query.obligation = ledger_query(TH_QUERY_ROLLUP, obligation).obligation;
    json_t *now = ledger_ask(&ledger, query);
    query.has_as_of = true;
    query.as_of = (th_instant){ledger.now.wall.ms + 400 * DAY};
    json_t *rows = ledger_ask_at(&ledger, query, query.as_of);
    cr_expect(json_equal(json_object_get(now, "counts"), json_object_get(rows, "counts")), "%s\n%s",
              ledger_at(now, "counts"), ledger_at(rows, "counts"));
    cr_expect(json_equal(json_object_get(now, "indicators"), json_object_get(rows, "indicators")),
              "%s\n%s", ledger_at(now, "indicators"), ledger_at(rows, "indicators"));
    json_decref(rows);
    struct sums sums = sum_up(obligation, top, branch);
    check_sums(now, &sums);
    json_decref(now);
}

/* ---- a step ---- */

static void fill_random(struct random *random, struct ledger_report *report)
{
    for (int i = L_A; i <= L_TEXT; i++) {
        bool fits = report->unit != L_SNV || i == L_A || i == L_TEXT;
        report->has[i] = fits && i != L_SHARE && random_below(random, 4) > 0;
    }
    report->has[L_A] = report->has[L_A] || !report->has[L_TEXT];
    report->values[L_A] = random_below(random, 1000);
    report->values[L_B] = random_below(random, 1000);
    report->values[L_DAY] = 20000 + (int64_t)random_below(random, 150);
    report->values[L_SCORE] = random_below(random, 12); /* extremes are often the same */
    report->values[L_CLASS] = random_below(random, 3);
    report->values[L_TEXT] = 1 + random_below(random, 30);
    report->estimated = report->has[L_A] && random_below(random, 4) == 0;
}

static void send_random(struct random *random)
{
    static const enum ledger_obligation choices[] = {LEDGER_HALF, LEDGER_HALF, LEDGER_YEAR,
                                                     LEDGER_ADHOC, LEDGER_UNDATED};
    struct ledger_report report = {.unit = reporters[random_below(random, 7)],
                                   .obligation = choices[random_below(random, 5)]};
    if (report.obligation == LEDGER_ADHOC)
        report.number = 1 + random_below(random, NUMBERS - 1);
    struct known *at = &known[report.obligation][report.unit][report.number];
    report.revision = at->revision + 1;
    fill_random(random, &report);
    cr_assert(ledger_send(&ledger, report));
    at->revision++;
    at->last = report;
}

static void record(struct th_query query, th_instant time)
{
    cr_assert_lt(records_count, RECORDS_MAX);
    json_t *answer = ledger_ask_at(&ledger, query, time);
    query.has_as_of = true;
    query.as_of = time;
    records[records_count++] = (struct record){query, answer};
}

static void record_answers(struct random *random)
{
    th_instant time = ledger_time(&ledger);
    enum ledger_unit unit = (enum ledger_unit)random_below(random, LEDGER_UNITS);
    struct th_query query = rollup(unit, (enum th_branch)random_below(random, 3));
    record(query, time);
    query.what = TH_QUERY_STANDING;
    record(query, time);
    record(ledger_query(TH_QUERY_STANDING,
                        (enum ledger_obligation)random_below(random, LEDGER_OBLIGATIONS)),
           time);
    record(ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF), time);
}

static void step(struct random *random, int64_t *jumped)
{
    static const int64_t pauses[] = {1, 1000, 5 * HOUR, 5 * DAY};
    uint64_t before = ledger_size(&ledger);
    ledger_pass(&ledger, pauses[random_below(random, 4)]);
    uint32_t dice = random_below(random, 10);
    if (dice == 0 && *jumped == 0) {
        *jumped = random_below(random, 2) == 0 ? DAY : -HOUR;
        ledger_jump(&ledger, *jumped);
    } else if (dice <= 2 && *jumped != 0) {
        ledger_jump(&ledger, -*jumped);
        *jumped = 0;
    }
    if (dice > 1)
        send_random(random);
    else
        ledger_tick(&ledger);
    if (ledger_size(&ledger) > before)
        record_answers(random);
}

static const char *dump(const json_t *answer)
{
    return ledger_at(answer, "");
}

static void walk(uint64_t seed)
{
    struct random random = {seed};
    int64_t jumped = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        step(&random, &jumped);
        if (i % 10 == 9)
            compare(LEDGER_HALF, (enum ledger_unit)random_below(&random, LEDGER_UNITS),
                    (enum th_branch)random_below(&random, 3));
    }
    for (int obligation = 0; obligation < LEDGER_OBLIGATIONS; obligation++)
        for (int branch = 0; branch < 3; branch++)
            for (int unit = 0; unit < LEDGER_UNITS; unit++)
                compare((enum ledger_obligation)obligation, (enum ledger_unit)unit,
                        (enum th_branch)branch);
    for (size_t i = 0; i < records_count; i++) {
        json_t *answer = ledger_ask(&ledger, records[i].query);
        cr_assert(json_equal(answer, records[i].answer), "seed %u, answer %zu\nthen %s\nnow  %s",
                  (unsigned)seed, i, dump(records[i].answer), dump(answer));
        json_decref(answer);
        json_decref(records[i].answer);
    }
}

#define A_WALK(seed)                                                                               \
    Test(query_rollup, any_past_answer_is_what_was_answered_then_##seed)                           \
    {                                                                                              \
        walk(seed);                                                                                \
    }
A_WALK(1)
A_WALK(2)
A_WALK(3)
A_WALK(4)
A_WALK(5)
A_WALK(6)
