/* SPDX-License-Identifier: Apache-2.0 */
/* What changed between two moments, and what it did to the totals. */
#include "tests/support/audit_case.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define HOUR INT64_C(3600000)

static struct ledger ledger;
static char from[TH_INSTANT_TEXT_SIZE], to[TH_INSTANT_TEXT_SIZE];

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(audit_diff, .init = set_up, .fini = tear_down);

static void mark(char text[TH_INSTANT_TEXT_SIZE])
{
    (void)th_instant_format(ledger.now.wall, text);
    ledger_pass(&ledger, HOUR);
}

/* Owned. */
static json_t *diff(const char *unit)
{
    int code = unit == NULL ? AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from,
                                        "--to", to, "--json")
                            : AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from,
                                        "--to", to, "--json", "--unit", unit);
    cr_assert_eq(code, EX_OK, "%d %s", code, audit_err);
    json_t *answer = json_loads(audit_out, 0, NULL);
    cr_assert_not_null(answer, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "holds"), "true");
    return answer;
}

/* "before → after (effect)" of one total in a list. */
static const char *line_of(const json_t *list, const char *indicator, const char *part,
                           const char *before, const char *after, const char *effect)
{
    static char texts[8][256];
    static unsigned next;
    char *text = texts[next++ % 8];
    size_t i;
    const json_t *line;
    text[0] = '\0';
    json_array_foreach(list, i, line)
    {
        if (strcmp(ledger_at(line, "part"), part) == 0 &&
            strcmp(ledger_at(line, "indicator"), indicator) == 0)
            (void)snprintf(text, sizeof texts[0], "%s → %s (%s)", ledger_at(line, before),
                           ledger_at(line, after), ledger_at(line, effect));
    }
    return text;
}

static const char *effect_of(const json_t *change, const char *indicator, const char *part)
{
    return line_of(json_object_get(change, "effects"), indicator, part, "before", "after",
                   "effect");
}

static const char *total_of(const json_t *answer, const char *indicator, const char *part)
{
    const json_t *obligation = json_array_get(json_object_get(answer, "obligations"), 0);
    return line_of(json_object_get(obligation, "totals"), indicator, part, "from", "to",
                   "difference");
}

static const json_t *change_of(const json_t *answer, size_t index)
{
    const json_t *obligation = json_array_get(json_object_get(answer, "obligations"), 0);
    return json_array_get(json_object_get(obligation, "changes"), index);
}

Test(audit_diff, of_a_quiet_time_is_empty)
{
    mark(from);
    mark(to);
    json_t *answer = diff(NULL);
    cr_expect_str_eq(ledger_at(answer, "obligations"), "[]");
    json_decref(answer);
}

Test(audit_diff, a_new_report_and_a_correction_have_their_effects)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    mark(from);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 5));
    ledger_pass(&ledger, HOUR);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 7));
    mark(to);
    cr_assert(ledger_send_a(&ledger, L_A1, 3, 1000)); /* later than the second moment */
    json_t *answer = diff(NULL);
    const json_t *new = change_of(answer, 0), *correction = change_of(answer, 1);
    cr_expect_str_eq(ledger_at(new, "kind"), "new");
    cr_expect_str_eq(ledger_at(new, "unit"), "a2");
    cr_expect_str_eq(ledger_at(new, "figures/0/before"), "null");
    cr_expect_str_eq(ledger_at(new, "figures/0/after"), "5");
    cr_expect_str_eq(effect_of(new, "A", "value"), "10 → 15 (+5)");
    cr_expect_str_eq(effect_of(new, "null", "received"), "1 → 2 (+1)");
    cr_expect_str_eq(ledger_at(correction, "kind"), "correction");
    cr_expect_str_eq(ledger_at(correction, "figures/0/before"), "10");
    cr_expect_str_eq(ledger_at(correction, "figures/0/after"), "7");
    cr_expect_str_eq(effect_of(correction, "A", "value"), "15 → 12 (-3)");
    cr_expect_str_eq(total_of(answer, "A", "value"), "10 → 12 (+2)");
    cr_expect_null(change_of(answer, 2));
    json_decref(answer);
}

Test(audit_diff, every_revision_in_between_is_a_change)
{
    mark(from);
    for (uint32_t revision = 1; revision <= 3; revision++) {
        cr_assert(ledger_send_a(&ledger, L_A1, revision, revision * 10));
        ledger_pass(&ledger, HOUR);
    }
    mark(to);
    json_t *answer = diff(NULL);
    cr_expect_str_eq(effect_of(change_of(answer, 2), "A", "value"), "20 → 30 (+10)");
    cr_expect_str_eq(total_of(answer, "A", "value"), "null → 30 (+30)");
    json_decref(answer);
}

Test(audit_diff, is_about_the_unit_that_is_asked_for)
{
    mark(from);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 5));
    mark(to);
    json_t *answer = diff("623");
    cr_expect_str_eq(ledger_at(change_of(answer, 0), "unit"), "b1");
    cr_expect_null(change_of(answer, 1));
    json_decref(answer);
    cr_expect_eq(
        AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from, "--to", to, "--unit", "zz"),
        EX_NOINPUT);
}

Test(audit_diff, what_waited_for_the_clock_is_judged_by_a_change)
{
    ledger_jump(&ledger, 2 * HOUR);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    (void)th_instant_format(ledger_time(&ledger), from);
    ledger_pass(&ledger, HOUR);
    cr_assert_eq(ledger_act(&ledger, (struct th_act){.kind = TH_ACT_ACCEPT_CLOCK}), 0);
    mark(to);
    json_t *answer = diff(NULL);
    cr_expect_str_eq(ledger_at(change_of(answer, 0), "kind"), "judged");
    cr_expect_str_eq(effect_of(change_of(answer, 0), "null", "on_time"), "0 → 1 (+1)");
    cr_expect_str_eq(effect_of(change_of(answer, 0), "null", "undecided"), "1 → 0 (-1)");
    json_decref(answer);
}

static struct ledger_report random_report(struct random *random, enum ledger_unit unit,
                                          uint32_t revision)
{
    struct ledger_report report = {.unit = unit, .revision = revision};
    for (int i = L_A; i <= L_TEXT; i++)
        report.has[i] = i != L_SHARE && random_below(random, 4) > 0;
    report.has[L_A] = true;
    report.values[L_A] = random_below(random, 50);
    report.values[L_B] = random_below(random, 50);
    report.values[L_DAY] = 20200 + random_below(random, 20);
    report.values[L_SCORE] = random_below(random, 1000);
    report.values[L_CLASS] = random_below(random, 3);
    report.values[L_TEXT] = 1 + random_below(random, 20);
    report.estimated = random_below(random, 5) == 0;
    return report;
}

/* The rollup that the read side shows of a moment. */
static json_t *rollup_at(const char *moment)
{
    struct th_query query = ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF);
    query.has_as_of = true;
    cr_assert_eq(th_instant_parse(moment, strlen(moment), &query.as_of), 0);
    return ledger_ask(&ledger, query);
}

/* What changed says the same as the two rollups. */
static void expect_rollups(const json_t *answer)
{
    static const char *const singles[] = {"A", "B", "DAY", "SHARE"};
    json_t *before = rollup_at(from), *after = rollup_at(to);
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        char path[64], expected[512];
        const char *found = total_of(answer, singles[i], "value");
        (void)snprintf(path, sizeof path, "indicators/%s/value", singles[i]);
        (void)snprintf(expected, sizeof expected, "%s → %s (", ledger_at(before, path),
                       ledger_at(after, path));
        if (found[0] == '\0')
            cr_expect_str_eq(ledger_at(before, path), ledger_at(after, path), "%s", singles[i]);
        else
            cr_expect_eq(strncmp(found, expected, strlen(expected)), 0, "%s: %s, not %s",
                         singles[i], found, expected);
    }
    json_decref(before);
    json_decref(after);
}

Test(audit_diff, of_random_histories_the_effects_add_up_for_every_rule, .timeout = 100)
{
    static const enum ledger_unit units[] = {L_A1, L_A2, L_A3, L_B1, L_B2, L_B3};
    struct random random = {11};
    uint32_t revisions[LEDGER_UNITS] = {0};
    mark(to);
    for (int round = 0; round < 12; round++) {
        memcpy(from, to, sizeof from);
        for (uint32_t i = random_below(&random, 8); i > 0; i--) {
            enum ledger_unit unit = units[random_below(&random, 6)];
            cr_assert(ledger_send(&ledger, random_report(&random, unit, ++revisions[unit])));
            ledger_pass(&ledger, HOUR);
        }
        mark(to);
        json_t *answer = diff(NULL);
        expect_rollups(answer);
        json_decref(answer);
    }
}

Test(audit_diff, is_told_in_words)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    mark(from);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 7));
    mark(to);
    cr_expect_eq(AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from, "--to", to,
                           "--plan", "p-2025", "--obligation", "HALF"),
                 EX_OK);
    cr_expect_not_null(strstr(audit_out, "Xã A1 (a1): sửa báo cáo, lần 2, đúng hạn"), "%s",
                       audit_out);
    cr_expect_not_null(strstr(audit_out, "    A: 10 → 7\n"));
    cr_expect_not_null(strstr(audit_out, "      A, tổng hợp: 10 → 7 (-3)\n"));
    cr_expect_not_null(
        strstr(audit_out, "các tác động cộng lại bằng chênh lệch; kết quả cuối bằng"));
}

Test(audit_diff, what_has_not_come_is_not_told)
{
    char ahead[TH_INSTANT_TEXT_SIZE];
    mark(from);
    (void)th_instant_format((th_instant){((int64_t)time(NULL) + 3600) * 1000}, ahead);
    cr_expect_eq(AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from, "--to", ahead),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "chưa tới: bây giờ là"), "%s", audit_err);
    cr_expect_str_empty(audit_out);
}

Test(audit_diff, wrong_moments_and_names_are_told)
{
    mark(from);
    mark(to);
    cr_expect_eq(AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", to, "--to", from),
                 EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from), EX_USAGE);
    cr_expect_eq(
        AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", from, "--to", to, "--plan", "gì"),
        EX_NOINPUT);
}
