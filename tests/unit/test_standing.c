/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/standing.h"

#include <criterion/criterion.h>

static struct th_obligation an_obligation(void)
{
    th_day day = th_day_of_date((struct th_civil_date){2025, 5, 10});
    return (struct th_obligation){.has_due = true, .due_day = day, .due = th_day_start(day)};
}

Test(standing, without_a_report_time_decides)
{
    struct th_obligation obligation = an_obligation();
    int64_t due = obligation.due.ms;
    cr_assert_eq(th_standing_of(&obligation, NULL, (th_instant){due - 7 * TH_DAY_MS - 1}),
                 TH_STANDING_NOT_DUE);
    cr_assert_eq(th_standing_of(&obligation, NULL, (th_instant){due - 7 * TH_DAY_MS}),
                 TH_STANDING_DUE_SOON);
    cr_assert_eq(th_standing_of(&obligation, NULL, (th_instant){due - 1}), TH_STANDING_DUE_SOON);
    cr_assert_eq(th_standing_of(&obligation, NULL, (th_instant){due}), TH_STANDING_OVERDUE);
    obligation.suspended = true;
    cr_assert_eq(th_standing_of(&obligation, NULL, (th_instant){due}), TH_STANDING_NOT_DUE);
}

Test(standing, due_soon_begins_with_the_first_reminder)
{
    struct th_obligation obligation = an_obligation();
    obligation.override.present = TH_TERM_REMINDERS;
    obligation.override.reminders[0] = 14;
    obligation.override.reminders[1] = 3;
    obligation.override.reminders_count = 2;
    th_instant first = th_obligation_reminder(&obligation, 14);
    cr_assert_eq(first.ms, obligation.due.ms - 14 * TH_DAY_MS + INT64_C(8) * 3600000);
    cr_assert_eq(th_standing_of(&obligation, NULL, first), TH_STANDING_DUE_SOON);
    cr_assert_eq(th_standing_of(&obligation, NULL, (th_instant){first.ms - 1}),
                 TH_STANDING_NOT_DUE);
}

Test(standing, a_report_says_its_timeliness)
{
    static const struct {
        enum th_timeliness timeliness;
        const char *word;
    } rows[] = {{TH_TIMELINESS_ON_TIME, "on_time"},
                {TH_TIMELINESS_LATE, "late"},
                {TH_TIMELINESS_UNDECIDED, "undecided"},
                {TH_TIMELINESS_UNDATED, "received"}};
    struct th_obligation obligation = an_obligation();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct th_row row = {.timeliness = rows[i].timeliness};
        cr_assert_str_eq(th_standing_word(th_standing_of(&obligation, &row, obligation.due)),
                         rows[i].word);
    }
    cr_assert_str_eq(th_standing_label(TH_STANDING_LATE), "trễ");
}
