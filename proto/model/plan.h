/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan (kế hoạch) as data: who must report what to whom, and by when.
 *
 * What the source says and what a deployment decides stand apart: `quoted` fields are the source's,
 * an override replaces single ones and says why. The `th_obligation` accessors give what is in
 * force. A field that the source is silent about is absent, never a default that looks like one.
 *
 * Pure; a built plan is constant and lives in the arena that it was built in.
 */
#ifndef TH_MODEL_PLAN_H
#define TH_MODEL_PLAN_H

#include "proto/model/calendar.h"
#include "proto/model/indicator.h"
#include "proto/model/unit.h"

struct th_party {
    const char *unit_code; /* "" when the source names a body outside the unit list */
    const char *name;      /* "" when unit_code says it */
    const char *role;      /* "" when silent */
};

struct th_parties {
    const struct th_party *items;
    uint16_t count;
};

/* (kind in kinds, or level in levels, or code in units) and code not in except. */
struct th_selector {
    const char *quote; /* "" when silent */
    uint32_t kinds;    /* bit 1 << enum th_unit_kind */
    uint32_t levels;   /* bit 1 << enum th_unit_level */
    const char *const *units;
    const char *const *except;
    uint16_t units_count;
    uint16_t except_count;
};

enum th_relation_kind { TH_RELATION_REPLACES, TH_RELATION_IMPLEMENTS, TH_RELATION_SUSPENDS };

struct th_relation {
    enum th_relation_kind kind;
    const char *document; /* number and symbol, as 39/KH-UBND */
    const char *title;
    const char *quote;
    const char *until; /* end condition of a suspension, verbatim; "" when silent */
    th_day date;
    bool has_date;
    bool suspends_scoring;
    bool has_scope;
    struct th_selector scope;
};

struct th_task {
    uint16_t number;
    const char *title;
    const char *time; /* "" when silent */
    struct th_parties lead, coordinating, executing;
};

enum th_obligation_kind {
    TH_OBLIGATION_PERIODIC,
    TH_OBLIGATION_REGISTRATION,
    TH_OBLIGATION_DOCUMENT,
    TH_OBLIGATION_AD_HOC,
    TH_OBLIGATION_ON_REQUEST,
    TH_OBLIGATION_SCORING
};

/* The fields that an override may replace; `present` says which are there. */
enum th_term {
    TH_TERM_WHO = 1 << 0,
    TH_TERM_INDICATORS = 1 << 1,
    TH_TERM_PERIOD_START = 1 << 2,
    TH_TERM_CUT_OFF = 1 << 3,
    TH_TERM_ACCEPT_UNTIL = 1 << 4, /* the last day on which a report is accepted */
    TH_TERM_REMINDERS = 1 << 5,
    TH_TERM_ESTIMATES = 1 << 6,
    TH_TERM_SERIES = 1 << 7
};

struct th_terms {
    uint32_t present; /* sum of enum th_term */
    struct th_selector who;
    /* Numbers, ascending, by branch; [TH_BRANCH_ALL] is not used. What is asked, and the derived
     * ones that can be computed from what is asked: these are shown, never asked. */
    const uint16_t *indicators[3];
    uint16_t indicators_count[3];
    th_day period_start;
    th_day cut_off;
    th_day accept_until;
    uint16_t reminders[TH_LIMIT_REMINDERS_MAX]; /* days before the due day, descending */
    uint16_t reminders_count;
    bool estimates;
    const char *series; /* obligations of one regime, whose periods are compared */
};

struct th_obligation {
    const char *id;
    const char *title;
    const char *quote;
    const char *period; /* "2025-H1", "2025"; "" when there is none */
    const char *form;   /* "" when silent */
    enum th_obligation_kind kind;
    bool open_ended; /* any number of reports, numbered from 1; otherwise the number is 0 */
    bool has_due;
    bool suspended;
    enum th_boundary boundary;
    th_day due_day; /* the day that the source names */
    th_instant due; /* the first late instant, computed when the plan was compiled */
    struct th_parties to, via, copies;
    const char *const *basis;
    uint16_t basis_count;
    struct th_terms quoted;
    struct th_terms override;
    const char *override_reason; /* "" when nothing is overridden */
};

enum th_severity { TH_SEVERITY_WARN, TH_SEVERITY_ERROR };

enum th_rule_kind {
    TH_RULE_COMPARISON,
    TH_RULE_ANNUAL_COMMUNE,       /* R48: the comparison, for communes' annual reports */
    TH_RULE_TYPES,                /* R62: ranges that the types imply */
    TH_RULE_ANNUAL_INCLUDES_HALF, /* R63 */
    TH_RULE_CARRY_OVER,           /* R64 */
    TH_RULE_YEAR_ON_YEAR,         /* R65 */
    TH_RULE_SCORING_SUSPENDED     /* R66 */
};

struct th_rule {
    const char *id;
    const char *text; /* Vietnamese, for an officer */
    const char *source;
    const char *written; /* the comparison as written, "" when there is none */
    enum th_severity severity;
    enum th_rule_kind kind;
    struct th_comparison comparison;
    uint16_t pairs[TH_LIMIT_CARRY_PAIRS_MAX][2]; /* opening, pending */
    uint16_t pairs_count;
    uint16_t indicators[TH_LIMIT_CARRY_PAIRS_MAX];
    uint16_t indicators_count;
    uint32_t percent;
    uint32_t above;
};

struct th_rule_set {
    const char *id;
    const struct th_rule *rules;
    uint16_t count;
};

struct th_plan {
    const char *id;
    const char *title;
    const char *number; /* "" when the source is silent */
    th_day date;
    bool has_date;
    int year;
    struct th_party issuer;
    const char *territory;
    enum th_deadline_policy policy;
    struct th_parties recipients;
    const struct th_relation *relations;
    const struct th_task *tasks;
    const struct th_obligation *obligations;
    uint16_t relations_count, tasks_count, obligations_count;
    struct th_catalogue catalogue;
    struct th_rule_set rules;
};

/* The terms in force for one field: the override's when it has the field, else the source's, else
 * NULL: nothing is said. `term` is one enum th_term. */
const struct th_terms *th_obligation_terms(const struct th_obligation *obligation,
                                           enum th_term term);

bool th_selector_matches(const struct th_selector *selector, const struct th_unit *unit);

/* True when the obligation asks this unit to report. */
bool th_obligation_expects(const struct th_obligation *obligation, const struct th_unit *unit);

/*
 * True when the unit is one of those that report in this plan: valid on the day, and chosen by the
 * obligation's selector within the plan's territory. A unit that the selector names by its code
 * counts wherever it is. `unit` is an index in `units`.
 */
bool th_plan_expects(const struct th_plan *plan, const struct th_obligation *obligation,
                     const struct th_unit_list *units, uint32_t unit, th_day day);

/* The plan's date; 1 January of its year when it has none. */
th_day th_plan_day(const struct th_plan *plan);

/* The last day on time: whoever is valid on it is expected. Precondition: obligation->has_due. */
th_day th_obligation_last_day(const struct th_obligation *obligation);

/* True when a relation of `plan` suspends scoring under a document that the obligation stands on.
 * The obligation may be another plan's. */
bool th_plan_suspends(const struct th_plan *plan, const struct th_obligation *obligation);

/* The numbers that a unit of this branch is asked for or shown; 0 when nothing is said. */
uint16_t th_obligation_indicators(const struct th_obligation *obligation, enum th_branch branch,
                                  const uint16_t **ret_numbers);

/* One of the plan's tasks has this number. */
bool th_plan_has_task(const struct th_plan *plan, int64_t number);

/* The obligation of an id, or NULL. */
const struct th_obligation *th_plan_find(const struct th_plan *plan, const char *id,
                                         size_t id_size);

/*
 * The one obligation of a period: among those addressed to a unit of the list when there is such,
 * else among all of the period. TH_E_NOT_FOUND, TH_E_AMBIGUOUS.
 */
TH_MUST_CHECK int th_plan_find_period(const struct th_plan *plan, const char *period,
                                      size_t period_size,
                                      const struct th_obligation **ret_obligation);

#endif
