/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/plan.h"

#include <criterion/criterion.h>
#include <string.h>

#define KIND(name)  (UINT32_C(1) << TH_UNIT_KIND_##name)
#define LEVEL(name) (UINT32_C(1) << TH_LEVEL_##name)

#define DAY(year, month, day) th_day_of_date((struct th_civil_date){year, month, day})

static struct th_unit a_unit(const char *code, enum th_unit_kind kind, uint32_t parent)
{
    return (struct th_unit){.code = code,
                            .name = code,
                            .parent_code = "",
                            .external_id = "",
                            .kind = kind,
                            .valid_from = TH_UNIT_ALWAYS_FROM,
                            .valid_to = TH_UNIT_ALWAYS_TO,
                            .parent = parent};
}

/* ---- terms ---- */

Test(plan, an_override_replaces_only_the_fields_it_has)
{
    struct th_obligation obligation = {
        .quoted = {.present = TH_TERM_WHO | TH_TERM_SERIES, .series = "a"},
        .override = {.present = TH_TERM_WHO | TH_TERM_REMINDERS},
    };
    cr_assert_eq(th_obligation_terms(&obligation, TH_TERM_WHO), &obligation.override);
    cr_assert_eq(th_obligation_terms(&obligation, TH_TERM_REMINDERS), &obligation.override);
    cr_assert_eq(th_obligation_terms(&obligation, TH_TERM_SERIES), &obligation.quoted);
    cr_assert_null(th_obligation_terms(&obligation, TH_TERM_CUT_OFF));
}

Test(plan, indicators_are_kept_per_branch)
{
    static const uint16_t communes[] = {1, 2, 3}, bodies[] = {1};
    struct th_obligation obligation = {
        .quoted = {.present = TH_TERM_INDICATORS,
                   .indicators = {[TH_BRANCH_COMMUNES] = communes, [TH_BRANCH_BODIES] = bodies},
                   .indicators_count = {[TH_BRANCH_COMMUNES] = 3, [TH_BRANCH_BODIES] = 1}}};
    const uint16_t *numbers = NULL;
    cr_assert_eq(th_obligation_indicators(&obligation, TH_BRANCH_COMMUNES, &numbers), 3);
    cr_assert_eq(numbers, communes);
    cr_assert_eq(th_obligation_indicators(&obligation, TH_BRANCH_BODIES, &numbers), 1);
    cr_assert_eq(numbers, bodies);
    struct th_obligation silent = {.id = "x"};
    cr_assert_eq(th_obligation_indicators(&silent, TH_BRANCH_COMMUNES, &numbers), 0);
    cr_assert_eq(numbers, bodies);
}

/* ---- who ---- */

Test(plan, a_selector_is_the_union_of_its_parts_without_the_exceptions)
{
    static const char *const named[] = {"64-ca"}, *const except[] = {"64-stp", "3"};
    struct th_selector selector = {.kinds = KIND(DEPARTMENT),
                                   .levels = LEVEL(COMMUNE),
                                   .units = named,
                                   .units_count = 1,
                                   .except = except,
                                   .except_count = 2};
    struct {
        const char *code;
        enum th_unit_kind kind;
        bool matches;
    } rows[] = {
        {"64-snv", TH_UNIT_KIND_DEPARTMENT, true}, {"64-stp", TH_UNIT_KIND_DEPARTMENT, false},
        {"1", TH_UNIT_KIND_COMMUNE, true},         {"2", TH_UNIT_KIND_TOWNSHIP, true},
        {"3", TH_UNIT_KIND_WARD, false},           {"64-ca", TH_UNIT_KIND_ARMED, true},
        {"64-bchqs", TH_UNIT_KIND_ARMED, false},   {"622", TH_UNIT_KIND_PROVINCIAL_CITY, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct th_unit unit = a_unit(rows[i].code, rows[i].kind, TH_UNIT_NONE);
        cr_assert_eq(th_selector_matches(&selector, &unit), rows[i].matches, "%s", rows[i].code);
    }
}

Test(plan, an_obligation_that_names_nobody_expects_nobody)
{
    struct th_obligation obligation = {.id = "x"};
    struct th_unit unit = a_unit("1", TH_UNIT_KIND_COMMUNE, TH_UNIT_NONE);
    cr_assert_not(th_obligation_expects(&obligation, &unit));
}

Test(plan, only_units_of_the_territory_are_expected_unless_named)
{
    static const char *const named[] = {"9"};
    struct th_unit rows[] = {
        a_unit("64", TH_UNIT_KIND_PROVINCE, TH_UNIT_NONE),
        a_unit("1", TH_UNIT_KIND_COMMUNE, 0),
        a_unit("65", TH_UNIT_KIND_PROVINCE, TH_UNIT_NONE),
        a_unit("2", TH_UNIT_KIND_COMMUNE, 2),
        a_unit("9", TH_UNIT_KIND_COMMUNE, 2),
    };
    struct th_unit_list units = {rows, 5};
    struct th_plan plan = {.territory = "64"};
    struct th_obligation obligation = {
        .quoted = {.present = TH_TERM_WHO,
                   .who = {.levels = LEVEL(COMMUNE), .units = named, .units_count = 1}}};
    th_day day = DAY(2025, 5, 9);
    cr_assert(th_plan_expects(&plan, &obligation, &units, 1, day));
    cr_assert_not(th_plan_expects(&plan, &obligation, &units, 3, day));
    cr_assert(th_plan_expects(&plan, &obligation, &units, 4, day));
    cr_assert_not(th_plan_expects(&plan, &obligation, &units, 0, day));
}

Test(plan, a_unit_is_expected_on_the_days_that_it_is_valid)
{
    struct th_unit rows[] = {a_unit("64", TH_UNIT_KIND_PROVINCE, TH_UNIT_NONE),
                             a_unit("1", TH_UNIT_KIND_COMMUNE, 0)};
    rows[1].valid_to = DAY(2025, 7, 1);
    struct th_unit_list units = {rows, 2};
    struct th_plan plan = {.territory = "64"};
    struct th_obligation obligation = {
        .quoted = {.present = TH_TERM_WHO, .who = {.levels = LEVEL(COMMUNE)}}};
    cr_assert(th_plan_expects(&plan, &obligation, &units, 1, DAY(2025, 6, 30)));
    cr_assert_not(th_plan_expects(&plan, &obligation, &units, 1, DAY(2025, 7, 1)));
}

Test(plan, the_last_day_on_time_ends_at_the_due_instant)
{
    struct th_obligation obligation = {.has_due = true, .due = th_day_start(DAY(2025, 5, 10))};
    cr_assert_eq(th_obligation_last_day(&obligation).number, DAY(2025, 5, 9).number);
}

/* ---- suspension ---- */

static bool suspends(struct th_relation relation, enum th_obligation_kind kind)
{
    static const char *const basis[] = {"629/QĐ-UBND", "1211/QĐ-UBND"};
    struct th_plan plan = {.relations = &relation, .relations_count = 1};
    struct th_obligation obligation = {.kind = kind, .basis = basis, .basis_count = 2};
    return th_plan_suspends(&plan, &obligation);
}

Test(plan, scoring_under_a_suspended_document_is_suspended)
{
    struct th_relation relation = {
        .kind = TH_RELATION_SUSPENDS, .document = "1211/QĐ-UBND", .suspends_scoring = true};
    cr_assert(suspends(relation, TH_OBLIGATION_SCORING));
    cr_assert_not(suspends(relation, TH_OBLIGATION_PERIODIC));
    relation.document = "454/QĐ-UBND";
    cr_assert_not(suspends(relation, TH_OBLIGATION_SCORING));
}

Test(plan, a_replaced_document_suspends_nothing)
{
    struct th_relation relation = {.kind = TH_RELATION_REPLACES, .document = "1211/QĐ-UBND"};
    cr_assert_not(suspends(relation, TH_OBLIGATION_SCORING));
}

/* ---- finding ---- */

static const struct th_party to_unit = {"64", "", ""}, to_other = {"", "cấp có thẩm quyền", ""};

static struct th_obligation an_obligation(const char *id, const char *period,
                                          const struct th_party *to)
{
    return (struct th_obligation){
        .id = id, .period = period, .to = {to, (uint16_t)(to == NULL ? 0 : 1)}};
}

static int find(const struct th_plan *plan, const char *period, const char **ret_id)
{
    const struct th_obligation *found = NULL;
    int status = th_plan_find_period(plan, period, strlen(period), &found);
    if (status == 0)
        *ret_id = found->id;
    return status;
}

Test(plan, an_obligation_is_found_by_its_whole_id)
{
    struct th_obligation rows[] = {an_obligation("O-1", "", NULL), an_obligation("O-12", "", NULL)};
    struct th_plan plan = {.obligations = rows, .obligations_count = 2};
    cr_assert_eq(th_plan_find(&plan, "O-12", 4), &rows[1]);
    cr_assert_eq(th_plan_find(&plan, "O-12", 3), &rows[0]);
    cr_assert_null(th_plan_find(&plan, "O-", 2));
}

Test(plan, a_period_resolves_to_the_obligation_addressed_to_a_unit)
{
    struct th_obligation rows[] = {
        an_obligation("up", "2025-H1", &to_other), an_obligation("in", "2025-H1", &to_unit),
        an_obligation("silent", "2025-H1", NULL), an_obligation("year", "2025", NULL)};
    struct th_plan plan = {.obligations = rows, .obligations_count = 4};
    const char *id = "";
    cr_assert_eq(find(&plan, "2025-H1", &id), 0);
    cr_assert_str_eq(id, "in");
    cr_assert_eq(find(&plan, "2025", &id), 0);
    cr_assert_str_eq(id, "year");
}

Test(plan, a_period_that_could_mean_two_is_ambiguous)
{
    struct th_obligation rows[] = {
        an_obligation("a", "2025", &to_unit), an_obligation("b", "2025", &to_unit),
        an_obligation("c", "2025-H1", NULL), an_obligation("d", "2025-H1", &to_other)};
    struct th_plan plan = {.obligations = rows, .obligations_count = 4};
    const char *id = "";
    cr_assert_eq(find(&plan, "2025", &id), TH_E_AMBIGUOUS);
    cr_assert_eq(find(&plan, "2025-H1", &id), TH_E_AMBIGUOUS);
}

Test(plan, a_period_that_no_obligation_has_is_not_found)
{
    struct th_obligation rows[] = {an_obligation("a", "", &to_unit)};
    struct th_plan plan = {.obligations = rows, .obligations_count = 1};
    const char *id = "";
    cr_assert_eq(find(&plan, "2025", &id), TH_E_NOT_FOUND);
    cr_assert_eq(find(&plan, "", &id), TH_E_NOT_FOUND);
}
