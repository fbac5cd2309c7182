/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/standing.h"

#include "base/assert.h"

#define REMINDER_HOUR_MS (INT64_C(8) * 3600 * 1000)
#define SOON_MS          (7 * TH_DAY_MS)

static const struct {
    const char *word;
    const char *label;
} words[TH_STANDING_COUNT] = {
#define XX(name, word, label) [TH_STANDING_##name] = {word, label},
    TH_STANDING_MAP(XX)
#undef XX
};

th_instant th_obligation_reminder(const struct th_obligation *obligation, uint16_t days)
{
    th_instant start = th_day_start((th_day){obligation->due_day.number - days});
    return (th_instant){start.ms + REMINDER_HOUR_MS};
}

static th_instant soon_from(const struct th_obligation *obligation)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_REMINDERS);
    th_instant from = {obligation->due.ms - SOON_MS};
    for (uint16_t i = 0; terms != NULL && i < terms->reminders_count; i++) {
        th_instant at = th_obligation_reminder(obligation, terms->reminders[i]);
        if (i == 0 || at.ms < from.ms)
            from = at;
    }
    return from;
}

static enum th_standing standing_of_row(const struct th_row *row)
{
    switch (row->timeliness) {
    case TH_TIMELINESS_ON_TIME:
        return TH_STANDING_ON_TIME;
    case TH_TIMELINESS_LATE:
        return TH_STANDING_LATE;
    case TH_TIMELINESS_UNDECIDED:
        return TH_STANDING_UNDECIDED;
    case TH_TIMELINESS_UNDATED:
        break;
    }
    return TH_STANDING_RECEIVED;
}

enum th_standing th_standing_of(const struct th_obligation *obligation, const struct th_row *row,
                                th_instant now)
{
    if (row != NULL)
        return standing_of_row(row);
    if (!obligation->has_due || obligation->suspended || obligation->open_ended)
        return TH_STANDING_NOT_DUE;
    if (now.ms >= obligation->due.ms)
        return TH_STANDING_OVERDUE;
    return now.ms >= soon_from(obligation).ms ? TH_STANDING_DUE_SOON : TH_STANDING_NOT_DUE;
}

const char *th_standing_word(enum th_standing standing)
{
    TH_ASSERT(standing < TH_STANDING_COUNT);
    return words[standing].word;
}

const char *th_standing_label(enum th_standing standing)
{
    TH_ASSERT(standing < TH_STANDING_COUNT);
    return words[standing].label;
}
