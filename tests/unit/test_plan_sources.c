/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five plans of plans/ against what their sources say, written here once more by hand: every
 * obligation with its kind, period, and the first instant that is late.
 */
#include "aggregator/plan/loader.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_arena arena;
static struct th_problems problems;
static struct th_plan_files files;

static void set_up(void)
{
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
}

static void tear_down(void)
{
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

TestSuite(plan_sources, .init = set_up, .fini = tear_down);

static const struct th_plan *load(const char *id)
{
    char path[128];
    (void)snprintf(path, sizeof path, "plans/%s.yaml", id);
    th_arena_reset(&arena);
    int status = th_plan_load(path, NULL, 0, &arena, &problems, &files);
    for (size_t i = 0; i < problems.count; i++)
        cr_log_error("%s:%u: %s", problems.items[i].file, problems.items[i].line,
                     problems.items[i].message);
    cr_assert_eq(status, 0, "%s", path);
    return &files.plan;
}

static const struct th_obligation *find(const char *id)
{
    const struct th_obligation *found = th_plan_find(&files.plan, id, strlen(id));
    cr_assert_not_null(found, "%s", id);
    return found;
}

enum {
    PERIODIC = TH_OBLIGATION_PERIODIC,
    REGISTER = TH_OBLIGATION_REGISTRATION,
    DOCUMENT = TH_OBLIGATION_DOCUMENT,
    AD_HOC = TH_OBLIGATION_AD_HOC,
    REQUEST = TH_OBLIGATION_ON_REQUEST,
    SCORING = TH_OBLIGATION_SCORING
};

#define NO_DATE NULL

/* In +07:00; the source says "trước ngày" of this very day. */
static const struct {
    const char *plan;
    const char *id;
    int kind;
    const char *period;
    const char *first_late;
    bool open_ended;
} table[] = {
    {"gialai-2025", "O-002-1", PERIODIC, "2025-H1", "2025-05-10T00:00:00+07:00", false},
    {"gialai-2025", "O-002-2", PERIODIC, "2025", "2025-10-15T00:00:00+07:00", false},
    {"gialai-2025", "O-002-3-H1", PERIODIC, "2025-H1", NO_DATE, false},
    {"gialai-2025", "O-002-3-YEAR", PERIODIC, "2025", NO_DATE, false},
    {"gialai-2025", "O-002-3-ADHOC", AD_HOC, "", NO_DATE, true},
    {"sonmau-2024", "O-001-1", PERIODIC, "2024-H1", "2024-05-30T00:00:00+07:00", false},
    {"sonmau-2024", "O-001-2", PERIODIC, "2024", "2024-10-10T00:00:00+07:00", false},
    {"sonmau-2024", "O-001-3", REGISTER, "2024", "2024-03-28T00:00:00+07:00", false},
    {"sonmau-2024", "O-001-4", REQUEST, "", NO_DATE, true},
    {"sonmau-2024", "O-001-5-H1", PERIODIC, "2024-H1", NO_DATE, false},
    {"sonmau-2024", "O-001-5-YEAR", PERIODIC, "2024", NO_DATE, false},
    {"sonmau-2024", "O-001-5-REQUEST", REQUEST, "", NO_DATE, true},
    {"sonmau-2024", "O-001-6-H1", PERIODIC, "2024-H1", NO_DATE, false},
    {"sonmau-2024", "O-001-6-YEAR", PERIODIC, "2024", NO_DATE, false},
    {"sonmau-2024", "O-001-6-REQUEST", REQUEST, "", NO_DATE, true},
    {"sonmau-2024", "O-001-7", SCORING, "2024", NO_DATE, false},
    {"vpubnd-quangngai-2025", "O-003-1", PERIODIC, "2025-H1", "2025-05-29T00:00:00+07:00", false},
    {"vpubnd-quangngai-2025", "O-003-2", PERIODIC, "2025", "2025-10-12T00:00:00+07:00", false},
    {"vpubnd-quangngai-2025", "O-003-3", REGISTER, "2025", "2025-04-01T00:00:00+07:00", false},
    {"vpubnd-quangngai-2025", "O-003-4-PERIODIC", PERIODIC, "", NO_DATE, false},
    {"vpubnd-quangngai-2025", "O-003-4-ADHOC", AD_HOC, "", NO_DATE, true},
    {"vpubnd-quangngai-2025", "O-003-5", AD_HOC, "", NO_DATE, true},
    {"quangngai-2025", "O-000-1", PERIODIC, "", NO_DATE, false},
    {"quangngai-2025", "O-000-2", PERIODIC, "", NO_DATE, false},
    {"quangngai-2025", "O-000-3", AD_HOC, "", NO_DATE, true},
    {"quangngai-2025", "O-000-4", DOCUMENT, "", "2025-10-20T00:00:00+07:00", false},
    {"quangngai-2025", "O-000-5", DOCUMENT, "", "2025-10-30T00:00:00+07:00", false},
    {"quangngai-2025", "O-000-6", DOCUMENT, "", NO_DATE, false},
    {"chiminh-2025", "O-004-1", PERIODIC, "", NO_DATE, false},
    {"chiminh-2025", "O-004-2", SCORING, "2025", NO_DATE, false},
};

#define TABLE_COUNT (sizeof table / sizeof table[0])

Test(plan_sources, every_obligation_is_due_when_its_source_says)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        (void)load(table[i].plan);
        const struct th_obligation *obligation = find(table[i].id);
        cr_assert_eq((int)obligation->kind, table[i].kind, "%s", table[i].id);
        cr_assert_str_eq(obligation->period, table[i].period, "%s", table[i].id);
        cr_assert_eq(obligation->open_ended, table[i].open_ended, "%s", table[i].id);
        cr_assert_eq(obligation->has_due, table[i].first_late != NULL, "%s", table[i].id);
        if (!obligation->has_due)
            continue;
        char text[TH_INSTANT_TEXT_SIZE];
        cr_assert_eq(obligation->boundary, TH_BOUNDARY_BEFORE);
        cr_assert_str_eq(th_instant_format(obligation->due, text), table[i].first_late);
    }
}

Test(plan_sources, the_plans_have_no_other_obligations)
{
    static const char *const ids[] = {"gialai-2025", "sonmau-2024", "vpubnd-quangngai-2025",
                                      "quangngai-2025", "chiminh-2025"};
    size_t total = 0;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct th_plan *plan = load(ids[i]);
        cr_assert_str_eq(plan->id, ids[i]);
        total += plan->obligations_count;
    }
    cr_assert_eq(total, TABLE_COUNT);
}

Test(plan_sources, the_catalogue_and_the_rules_are_whole)
{
    const struct th_plan *plan = load("gialai-2025");
    uint32_t by_source[TH_SOURCE_PROPOSAL + 1] = {0}, total = 0;
    for (uint32_t number = 1; number <= plan->catalogue.number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->catalogue, number);
        cr_assert_not_null(indicator, "%u", number);
        by_source[indicator->source]++;
        total++;
    }
    cr_assert_eq(total, 208);
    cr_assert_eq(plan->catalogue.sections_count, 19);
    cr_assert_eq(by_source[TH_SOURCE_FORM], 81);
    cr_assert_eq(by_source[TH_SOURCE_LAW], 17);
    cr_assert_eq(by_source[TH_SOURCE_PRESS], 30);
    cr_assert_eq(by_source[TH_SOURCE_DERIVED], 12);
    cr_assert_eq(by_source[TH_SOURCE_PROPOSAL], 68);
    cr_assert_eq(plan->rules.count, 66);
}

Test(plan_sources, the_on_time_rate_is_a_ratio_of_sums)
{
    const struct th_plan *plan = load("gialai-2025");
    const struct th_indicator *rate =
        th_catalogue_get(&plan->catalogue, th_catalogue_lookup(&plan->catalogue, "HC12", 4));
    cr_assert_eq(rate->number, 143);
    cr_assert_eq(rate->ratio.numerator_count, 2);
    cr_assert_eq(rate->ratio.numerator[0], th_catalogue_lookup(&plan->catalogue, "HC06", 4));
    cr_assert_eq(rate->ratio.numerator[1], th_catalogue_lookup(&plan->catalogue, "HC07", 4));
    cr_assert_eq(rate->ratio.denominator_count, 1);
    cr_assert_eq(rate->ratio.denominator[0], th_catalogue_lookup(&plan->catalogue, "HC05", 4));
}

static uint32_t count_expected(const char *id, enum th_unit_level level)
{
    const struct th_obligation *obligation = find(id);
    th_day day = th_obligation_last_day(obligation);
    uint32_t count = 0;
    for (uint32_t i = 0; i < files.units.count; i++)
        count += th_unit_kind_level(files.units.units[i].kind) == level &&
                         th_plan_expects(&files.plan, obligation, &files.units, i, day)
                     ? 1
                     : 0;
    return count;
}

Test(plan_sources, communes_and_bodies_of_gia_lai_report_and_districts_do_not)
{
    (void)load("gialai-2025");
    static const char *const ids[] = {"O-002-1", "O-002-2"};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(count_expected(ids[i], TH_LEVEL_COMMUNE), 218);
        cr_assert_eq(count_expected(ids[i], TH_LEVEL_BODY), 22);
        cr_assert_eq(count_expected(ids[i], TH_LEVEL_DISTRICT), 0);
        cr_assert_eq(count_expected(ids[i], TH_LEVEL_PROVINCE), 0);
    }
}

Test(plan_sources, what_the_source_of_gia_lai_says_stands_beside_the_override)
{
    (void)load("gialai-2025");
    const struct th_obligation *first = find("O-002-1");
    cr_assert_str_eq(first->quote, "báo cáo định kỳ 06 tháng (trước ngày 10/5/2025)");
    cr_assert_eq(first->quoted.present, TH_TERM_WHO);
    cr_assert_eq(first->quoted.who.levels, UINT32_C(1) << TH_LEVEL_DISTRICT);
    cr_assert_eq(first->override.who.levels, UINT32_C(1) << TH_LEVEL_COMMUNE);
    cr_assert_str_eq(first->to.items[0].unit_code, "64");
    cr_assert_str_eq(first->via.items[0].unit_code, "64-snv");
    cr_assert_str_eq(first->copies.items[0].unit_code, "64-bdv");
}

Test(plan_sources, a_period_of_gia_lai_means_the_reports_to_the_province)
{
    const struct th_plan *plan = load("gialai-2025");
    const struct th_obligation *found = NULL;
    cr_assert_eq(th_plan_find_period(plan, "2025-H1", 7, &found), 0);
    cr_assert_str_eq(found->id, "O-002-1");
    cr_assert_eq(th_plan_find_period(plan, "2025", 4, &found), 0);
    cr_assert_str_eq(found->id, "O-002-2");
}

Test(plan_sources, the_suspension_of_quang_ngai_reaches_the_scoring_of_son_mau)
{
    static const struct th_obligation *scoring;
    struct th_arena other;
    struct th_plan_files province;
    th_arena_init(&other, 65536, (size_t)64 << 20);
    cr_assert_eq(th_plan_load("plans/quangngai-2025.yaml", NULL, 0, &other, &problems, &province),
                 0);
    (void)load("sonmau-2024");
    scoring = find("O-001-7");
    cr_assert_not(scoring->suspended, "its own plan does not suspend it");
    cr_assert(th_plan_suspends(&province.plan, scoring));
    cr_assert_not(th_plan_suspends(&province.plan, find("O-001-1")));
    (void)load("chiminh-2025");
    cr_assert_not(th_plan_suspends(&province.plan, find("O-004-2")));
    th_arena_deinit(&other);
}

Test(plan_sources, the_holidays_cover_four_years)
{
    (void)load("gialai-2025");
    cr_assert_eq(files.holidays.calendar.year_first, 2024);
    cr_assert_eq(files.holidays.calendar.year_last, 2027);
    cr_assert(files.holidays.years[3].provisional);
    cr_assert_not(files.holidays.years[2].provisional);
    th_day day = th_day_of_date((struct th_civil_date){2025, 4, 26});
    cr_assert(th_calendar_is_working(&files.holidays.calendar, day));
    day = th_day_of_date((struct th_civil_date){2025, 5, 2});
    cr_assert_not(th_calendar_is_working(&files.holidays.calendar, day));
}
