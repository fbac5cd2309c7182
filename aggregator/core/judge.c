/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of each report of a submission. Order matters: what the header says, then authority,
 * then identity, so that a duplicate stays a duplicate whatever has closed since; only then all
 * other checks, collected at once.
 */
#include "aggregator/core/judge.h"

#include "base/assert.h"
#include "proto/model/check.h"
#include "proto/model/figure.h"
#include "proto/model/packed.h"

#include <string.h>

static bool is_same(struct th_text a, struct th_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The key has to be one of the unit's. */
static void judge_authority(struct th_judging *judging)
{
    const struct th_submission_header *header = &judging->submission->header;
    const struct th_key_row *key = th_core_find_key(judging->core, &header->key);
    if (key != NULL && th_key_is_in_force(key, judging->time) &&
        th_core_is_unit(judging->core, key->unit, header->unit))
        judging->unit = key->unit;
    else
        th_reasons_add_code(&judging->header_errors, "key", "", TH_REASON_KEY);
}

/* The receipt says that the key had authority; the key may be lost or revoked since. */
static void find_unit(struct th_judging *judging)
{
    judging->unit = th_registry_find(&judging->core->registry, judging->submission->header.unit,
                                     th_day_of_instant(th_leaf_received(judging->leaf)));
    if (judging->unit == TH_UNIT_NONE)
        th_reasons_add_code(&judging->header_errors, "unit", "", TH_REASON_UNIT);
}

/* A unit is asked, and its report entered for it, as of the last day on time, or, without a due
 * date, as of the day of the report. */
static th_day asking_day(const struct th_obligation *obligation, th_instant time)
{
    return obligation->has_due ? th_obligation_last_day(obligation) : th_day_of_instant(time);
}

uint32_t th_entered_unit(const struct th_core *core, const struct th_report *report,
                         th_instant time)
{
    struct th_book_id id;
    th_day day = th_day_of_instant(time);
    if (th_core_find_book(core, report, &id))
        day = asking_day(th_book_obligation(core, id), time);
    return th_registry_find(&core->registry, report->unit, day);
}

/* Who brought it has authority over the whole store. */
static void find_entered(struct th_judging *judging)
{
    judging->unit = th_entered_unit(judging->core, &judging->submission->reports[0], judging->time);
    if (judging->unit == TH_UNIT_NONE)
        th_reasons_add_code(&judging->header_errors, "unit", "", TH_REASON_UNIT);
}

void th_judge_header(struct th_judging *judging)
{
    const struct th_core *core = judging->core;
    const struct th_submission_header *header = &judging->submission->header;
    struct th_reasons *errors = &judging->header_errors;
    if (judging->is_entered) {
        find_entered(judging);
        return;
    }
    if (header->mode != core->mode)
        th_reasons_add_code(errors, "mode", "", TH_REASON_MODE);
    if (!th_core_knows_origin(core, header->realm))
        th_reasons_add_code(errors, "realm", "", TH_REASON_REALM);
    if (!is_same(judging->peer_unit, header->unit))
        th_reasons_add_code(errors, "unit", "", TH_REASON_UNIT);
    if (judging->leaf == NULL)
        judge_authority(judging);
    else
        find_unit(judging);
}

/* ---- everything else ---- */

struct unpacked {
    uint16_t numbers[TH_LIMIT_INDICATORS_MAX];
    int64_t values[TH_LIMIT_INDICATORS_MAX];
    struct th_values all;
};

/* What the unit has reported to a book. NULL: nothing, or there is no such book. */
static const struct th_values *unpack(const struct th_judging *judging, const struct th_book *book,
                                      struct unpacked *unpacked)
{
    const struct th_row *row =
        book == NULL ? NULL : th_planning_find_row(judging->planning, book->id, judging->unit, 0);
    size_t count = 0;
    if (row == NULL || th_packed_decode(row->values, row->values_size, unpacked->numbers,
                                        unpacked->values, TH_LIMIT_INDICATORS_MAX, &count) < 0)
        return NULL;
    unpacked->all = (struct th_values){unpacked->numbers, unpacked->values, count};
    return &unpacked->all;
}

static void check_content(const struct th_judging *judging, struct th_book_id id,
                          const struct th_report *report, struct th_reasons *errors,
                          struct th_reasons *warnings)
{
    const struct th_plan_slot *slot = &judging->core->plans[id.plan];
    const struct th_book *book = &slot->books[id.obligation];
    struct unpacked half, previous, same;
    struct th_related related = {.half_year = unpack(judging, book->half_year, &half),
                                 .previous_year = unpack(judging, book->previous_year, &previous),
                                 .previous_same = unpack(judging, book->previous_same, &same)};
    th_report_check(&slot->checks, &slot->plan->obligations[id.obligation],
                    &judging->core->registry.units[judging->unit], report, &related, errors,
                    warnings);
}

/* A unit is asked when the obligation names it and it is valid on that day. */
static bool is_expected(const struct th_judging *judging, struct th_book_id id)
{
    const struct th_registry *registry = &judging->core->registry;
    const struct th_plan_slot *slot = &judging->core->plans[id.plan];
    const struct th_plan *plan = slot->plan;
    const struct th_obligation *obligation = &plan->obligations[id.obligation];
    const uint8_t *expected = slot->books[id.obligation].rollups.expected;
    if (expected != NULL)
        return (expected[judging->unit / 8] >> judging->unit % 8 & 1) != 0;
    return th_registry_expects(registry, plan, obligation, judging->unit,
                               asking_day(obligation, judging->time));
}

static void check_number(const struct th_judging *judging, struct th_book_id id,
                         const struct th_report *report, struct th_reasons *errors)
{
    char shown[TH_FIGURE_TEXT_SIZE];
    if (!th_obligation_has_number(th_book_obligation(judging->core, id), report->number))
        th_reasons_add_code(errors, "number", th_figure_format(report->number, 0, shown),
                            TH_REASON_NUMBER);
}

static void check_terms(const struct th_judging *judging, struct th_book_id id,
                        const struct th_report *report, struct th_reasons *errors)
{
    const struct th_obligation *obligation = th_book_obligation(judging->core, id);
    const struct th_terms *accept = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    if (!is_expected(judging, id))
        th_reasons_add_code(errors, "unit", judging->core->registry.units[judging->unit].code,
                            TH_REASON_NOT_EXPECTED);
    check_number(judging, id, report, errors);
    if (accept != NULL && th_day_of_instant(judging->time).number > accept->accept_until.number)
        th_reasons_add_code(errors, "", "", TH_REASON_ACCEPTANCE_CLOSED);
    if (obligation->suspended)
        th_reasons_add_code(errors, "", "", TH_REASON_SUSPENDED);
}

/* The plan and obligation of a report. False when they or its unit are wrong: reasons are given. */
static bool find_book(const struct th_judging *judging, const struct th_report *report,
                      struct th_reasons *errors, struct th_book_id *ret_book)
{
    const struct th_core *core = judging->core;
    struct th_book_id id;
    if (!is_same(report->unit, judging->submission->header.unit))
        th_reasons_add_code(errors, "unit", "", TH_REASON_UNIT);
    if (!th_core_find_plan(core, report->plan, &id.plan))
        th_reasons_add_code(errors, "plan", "", TH_REASON_PLAN);
    else if (!th_plan_slot_find(&core->plans[id.plan], report->obligation, &id.obligation))
        th_reasons_add_code(errors, "obligation", "", TH_REASON_OBLIGATION);
    else
        *ret_book = id;
    return errors->count == 0;
}

/* The plan's text and the order of revisions: asked of all. What a log that was lost had accepted
 * may skip revisions: they were lost with it, and nobody may be left who has them. */
static void check_order(const struct th_judging *judging, const struct th_report *report,
                        struct th_reasons *errors, struct th_judged *judged)
{
    const struct th_plan_slot *slot = &judging->core->plans[judged->book.plan];
    uint32_t expected = judged->before == NULL ? 1 : judged->before->revision + 1;
    char shown[TH_FIGURE_TEXT_SIZE];
    if (!is_same_digest(&slot->digest, &judging->submission->header.plan_digest))
        th_reasons_add_code(errors, "plan", slot->plan->id, TH_REASON_PLAN_VERSION);
    bool follows =
        report->revision == expected || (judging->leaf != NULL && report->revision > expected);
    if (!follows || report->revision > TH_LIMIT_REVISION_MAX) {
        th_reasons_add_code(errors, "revision", th_figure_format(report->revision, 0, shown),
                            TH_REASON_REVISION_GAP);
        judged->next_revision = expected;
    }
}

static void check_all(const struct th_judging *judging, const struct th_report *report,
                      struct th_reasons *errors, struct th_reasons *warnings,
                      struct th_judged *judged)
{
    check_order(judging, report, errors, judged);
    check_terms(judging, judged->book, report, errors);
    check_content(judging, judged->book, report, errors, warnings);
}

/* ---- what a log that was lost had decided ---- */

static bool is_accepted(const struct th_judgement *judgement)
{
    return judgement->accepted && judgement->verdict == TH_VERDICT_ACCEPTED;
}

th_instant th_leaf_received(const struct th_leaf *leaf)
{
    for (size_t i = 0; i < leaf->judgements_count; i++)
        if (is_accepted(&leaf->judgements[i]) && leaf->judgements[i].has_received)
            return leaf->judgements[i].received;
    return leaf->time;
}

/* The leaf's judgement of a report that it accepted; NULL: it did not. */
static const struct th_judgement *find_earlier(const struct th_judging *judging, size_t index)
{
    const struct th_leaf *leaf = judging->leaf;
    const struct th_report *report = &judging->submission->reports[index];
    const struct th_digest *digest = &judging->submission->header.report_digests[index];
    if ((leaf->kind != TH_ENTRY_SUBMISSION && leaf->kind != TH_ENTRY_READMITTED) ||
        index >= leaf->judgements_count)
        return NULL;
    const struct th_judgement *judgement = &leaf->judgements[index];
    bool is_right = is_accepted(judgement) && is_same_digest(&judgement->report_digest, digest) &&
                    is_same(judgement->obligation, report->obligation) &&
                    judgement->number == report->number && judgement->revision == report->revision;
    return is_right ? judgement : NULL;
}

/* Rules and terms were asked then. */
static void check_earlier(const struct th_judging *judging, size_t index, struct th_reasons *errors,
                          struct th_judged *judged)
{
    const struct th_report *report = &judging->submission->reports[index];
    judged->earlier = find_earlier(judging, index);
    if (judged->earlier == NULL)
        th_reasons_add_code(errors, "", "", TH_REASON_NOT_IN_RECEIPT);
    else
        check_order(judging, report, errors, judged);
    check_number(judging, judged->book, report, errors); /* no row can have it */
    if (!th_row_can_pack(report))
        th_reasons_add_code(errors, "", "", TH_REASON_ORDER);
}

void th_judge_report(const struct th_judging *judging, size_t index, struct th_reasons *errors,
                     struct th_reasons *warnings, struct th_judged *ret_judged)
{
    const struct th_submission *submission = judging->submission;
    const struct th_report *report = &submission->reports[index];
    struct th_judged judged = {.verdict = TH_VERDICT_REJECTED};
    for (size_t i = 0; i < judging->header_errors.count; i++)
        errors->items[errors->count++] = judging->header_errors.items[i];
    if (errors->count == 0 && find_book(judging, report, errors, &judged.book)) {
        const uint32_t unit = judging->unit;
        const struct th_digest *digest;
        judged.before = th_planning_find_row(judging->planning, judged.book, unit, report->number);
        if (th_planning_find_revision(judging->planning, judged.book, unit, report, &digest,
                                      &judged.position)) {
            bool is_copy = is_same_digest(digest, &submission->header.report_digests[index]);
            judged.verdict = is_copy ? TH_VERDICT_DUPLICATE : TH_VERDICT_CONFLICT;
            judged.has_position = true;
            judged.stored_digest = *digest;
            TH_ASSERT(judged.before != NULL);
            judged.next_revision = is_copy ? 0 : judged.before->revision + 1;
        } else {
            if (judging->leaf == NULL)
                check_all(judging, report, errors, warnings, &judged);
            else
                check_earlier(judging, index, errors, &judged);
            if (errors->count == 0)
                judged.verdict = TH_VERDICT_ACCEPTED;
        }
    }
    *ret_judged = judged;
}
