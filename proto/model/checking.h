/* SPDX-License-Identifier: Apache-2.0 */
/* One report being checked (proto/model/check.h): for check.c and check_rules.c. */
#ifndef TH_MODEL_CHECKING_H
#define TH_MODEL_CHECKING_H

#include "proto/model/check.h"
#include "proto/model/line.h"

struct th_checking {
    const struct th_checks *checks;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    const struct th_unit *unit;
    const struct th_report *report;
    const struct th_related *related;
    struct th_reasons *errors;
    struct th_reasons *warnings;
    const uint16_t *asked; /* ascending; all that can be asked when the count is 0 */
    uint16_t asked_count;
    uint16_t asked_at;  /* those before it are below the number that was asked about last */
    bool is_annual;     /* the obligation's period is a year */
    bool is_first_half; /* … is the first half of one */
    bool ordered;       /* figures ascend, so that they can be looked up */
    struct th_value_table table;                  /* of the figures, when they are ordered */
    uint16_t places[TH_LIMIT_INDICATORS_MAX + 1]; /* the table's; cleared as far as it is used */
};

/* "value.TCD01"; the number when the catalogue has none. */
void th_checking_put_field(struct th_line *line, const char *prefix,
                           const struct th_checking *checking, uint32_t number);

/* True and the value when the indicator is reported. Precondition: figures are ordered. */
static inline bool th_checking_get(const struct th_checking *checking, uint16_t number,
                                   int64_t *ret_value)
{
    return th_value_table_get(&checking->table, number, ret_value);
}

/* check_rules.c. All of the plan's that this report meets, in the plan's order. Precondition:
 * figures are ordered. */
void th_checking_apply_rules(struct th_checking *checking);

#endif
