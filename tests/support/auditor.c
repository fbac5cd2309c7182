/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/auditor.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t parents[WORLD_UNITS] = {99, 0, 0, 0, 2, 2, 2, 3, 3, 3};

static bool is_commune(uint32_t unit)
{
    return unit >= U_A1;
}

static bool is_asked(uint32_t unit)
{
    return unit == U_SNV || is_commune(unit);
}

static bool is_below(uint32_t unit, uint32_t top)
{
    while (unit != 99 && unit != top)
        unit = parents[unit];
    return unit == top;
}

static bool is_in_branch(uint32_t unit, enum th_branch branch)
{
    return branch == TH_BRANCH_ALL || (branch == TH_BRANCH_COMMUNES) == is_commune(unit);
}

void auditor_init(struct auditor *auditor, const struct world *world)
{
    memset(auditor, 0, sizeof *auditor);
    auditor->half_due_ms = world->half_due.ms;
    auditor->year_due_ms = world->year_due.ms;
    /* 1 July 2025, 00:00 +07:00: 52 days after 10 May. */
    auditor->accept_end_ms = world->half_due.ms + INT64_C(52) * 86400000;
}

static bool is_same_report(const struct sent_report *a, const struct sent_report *b)
{
    return a->obligation == b->obligation && a->unit == b->unit && a->number == b->number;
}

static bool is_good(const struct auditor *auditor, const struct sent_report *sent, int64_t now_ms)
{
    if (!is_asked(sent->unit) || sent->obligation == OB_SUSPENDED)
        return false;
    if ((sent->obligation == OB_ADHOC) != (sent->number > 0))
        return false;
    if (sent->obligation == OB_HALF && now_ms >= auditor->accept_end_ms)
        return false;
    if (sent->estimated && (sent->obligation != OB_HALF || !sent->has_a))
        return false;
    if (sent->has_a && (sent->a < 0 || sent->b < 0 || sent->c < 0 || sent->a != sent->b + sent->c))
        return false;
    if (sent->has_class && (sent->class_ < 0 || sent->class_ > 2))
        return false;
    return sent->has_a || sent->has_day || sent->has_score || sent->has_class || sent->has_text;
}

enum th_verdict auditor_expect(const struct auditor *auditor, const struct sent_report *sent,
                               int64_t now_ms, uint64_t *ret_position, uint32_t *ret_next)
{
    uint32_t highest = 0;
    const struct audited *same = NULL;
    for (size_t i = 0; i < auditor->count; i++) {
        const struct audited *audited = &auditor->revisions[i];
        if (!is_same_report(&audited->sent, sent))
            continue;
        if (audited->sent.revision > highest)
            highest = audited->sent.revision;
        if (audited->sent.revision == sent->revision)
            same = audited;
    }
    *ret_next = 0;
    *ret_position = 0;
    if (same != NULL) {
        *ret_position = same->position;
        if (same->sent.digest == sent->digest)
            return TH_VERDICT_DUPLICATE;
        *ret_next = highest + 1;
        return TH_VERDICT_CONFLICT;
    }
    if (sent->revision != highest + 1)
        *ret_next = highest + 1;
    return sent->revision == highest + 1 && is_good(auditor, sent, now_ms) ? TH_VERDICT_ACCEPTED
                                                                           : TH_VERDICT_REJECTED;
}

void auditor_accept(struct auditor *auditor, const struct sent_report *sent, int64_t now_ms,
                    bool suspect, uint64_t position)
{
    struct audited audited = {*sent, now_ms, now_ms, suspect, position, false};
    for (size_t i = auditor->count; i-- > 0;)
        if (is_same_report(&auditor->revisions[i].sent, sent)) {
            audited.first_received_ms = auditor->revisions[i].first_received_ms;
            audited.waits = auditor->revisions[i].waits;
        }
    if (auditor->count == AUDITOR_REVISIONS_MAX)
        abort();
    auditor->revisions[auditor->count++] = audited;
}

void auditor_mark_entered(struct auditor *auditor)
{
    auditor->revisions[auditor->count - 1].entered = true;
}

void auditor_settle(struct auditor *auditor)
{
    for (size_t i = 0; i < auditor->count; i++)
        auditor->revisions[i].waits = false;
}

static bool is_superseded(const struct auditor *auditor, size_t at, int64_t before_ms)
{
    for (size_t i = at + 1; i < auditor->count; i++)
        if (is_same_report(&auditor->revisions[i].sent, &auditor->revisions[at].sent) &&
            auditor->revisions[i].received_ms < before_ms)
            return true;
    return false;
}

static void add_figures(struct totals *totals, const struct sent_report *sent)
{
    if (sent->has_a) {
        totals->sum[IND_A] += sent->a;
        totals->sum[IND_B] += sent->b;
        totals->sum[IND_C] += sent->c;
        totals->reported[IND_A]++;
        totals->reported[IND_B]++;
        totals->reported[IND_C]++;
        totals->share_numerator += sent->b + sent->c;
        totals->share_denominator += sent->a;
        totals->reported[IND_SHARE]++;
    }
    if (sent->has_day && (totals->reported[IND_DAY]++ == 0 || sent->day > totals->day_max))
        totals->day_max = sent->day;
    if (sent->has_score) {
        bool is_first = totals->reported[IND_SCORE]++ == 0;
        totals->sum[IND_SCORE] += sent->score;
        if (is_first || sent->score < totals->score_min)
            totals->score_min = sent->score;
        if (is_first || sent->score > totals->score_max)
            totals->score_max = sent->score;
    }
    if (sent->has_class) {
        totals->classes[sent->class_]++;
        totals->reported[IND_CLASS]++;
    }
    totals->reported[IND_TEXT] += sent->has_text;
}

void auditor_total(const struct auditor *auditor, uint32_t obligation, uint32_t unit,
                   enum th_branch branch, int64_t before_ms, struct totals *ret_totals)
{
    struct totals totals = {.has_expected = obligation == OB_HALF || obligation == OB_YEAR};
    int64_t due_ms = obligation == OB_HALF ? auditor->half_due_ms : auditor->year_due_ms;
    for (uint32_t i = 0; totals.has_expected && i < WORLD_UNITS; i++)
        totals.expected += is_asked(i) && is_below(i, unit) && is_in_branch(i, branch);
    for (size_t i = 0; i < auditor->count; i++) {
        const struct audited *audited = &auditor->revisions[i];
        if (audited->sent.obligation != obligation || !is_below(audited->sent.unit, unit) ||
            !is_in_branch(audited->sent.unit, branch) || audited->received_ms >= before_ms ||
            is_superseded(auditor, i, before_ms))
            continue;
        totals.received++;
        totals.estimated += audited->sent.estimated;
        totals.entered += audited->entered;
        if (totals.has_expected && audited->waits)
            totals.undecided++;
        else if (totals.has_expected && audited->first_received_ms >= due_ms)
            totals.late++;
        else
            totals.on_time++;
        add_figures(&totals, &audited->sent);
    }
    *ret_totals = totals;
}

bool auditor_agrees(const struct totals *totals, const struct th_rollup_layout *layout,
                    const struct th_rollup *rollup)
{
    const struct th_counts *counts = &rollup->counts;
    const uint32_t *at = layout->cells_at;
    const th_int128 *cells = rollup->cells;
    bool same = counts->has_expected == totals->has_expected &&
                counts->expected == totals->expected && counts->received == totals->received &&
                counts->on_time == totals->on_time && counts->late == totals->late &&
                counts->undecided == totals->undecided && counts->estimated == totals->estimated &&
                counts->entered == totals->entered;
    for (int i = 1; i <= IND_TEXT; i++)
        same = same && rollup->reported[i] == totals->reported[i];
    for (int i = IND_A; i <= IND_C; i++)
        same = same && cells[at[i]] == totals->sum[i];
    for (int i = 0; i < 3; i++)
        same = same && cells[at[IND_CLASS] + (uint32_t)i] == totals->classes[i];
    return same && cells[at[IND_DAY]] == totals->day_max &&
           cells[at[IND_SCORE]] == totals->sum[IND_SCORE] &&
           cells[at[IND_SCORE] + 1] == totals->score_min &&
           cells[at[IND_SCORE] + 2] == totals->score_max &&
           cells[at[IND_SHARE]] == totals->share_numerator &&
           cells[at[IND_SHARE] + 1] == totals->share_denominator;
}
