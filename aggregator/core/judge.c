/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of each report of a submission. Order matters: what the header says, then authority,
 * then identity, so that a duplicate stays a duplicate whatever has closed since; only then all
 * other checks, collected at once.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"
#include "proto/model/figure.h"
#include "proto/model/packed.h"

#include <string.h>

static bool is_text(struct th_text a, const char *b)
{
    return strlen(b) == a.size && memcmp(a.bytes, b, a.size) == 0;
}

static bool is_same(struct th_text a, struct th_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void th_judge_header(struct th_judging *judging)
{
    const struct th_core *core = judging->core;
    const struct th_submission_header *header = &judging->submission->submission->header;
    struct th_reasons *errors = &judging->header_errors;
    struct th_text realm = {core->realm, core->realm_size};
    if (header->mode != core->mode)
        th_reasons_add_code(errors, "mode", "", TH_REASON_MODE);
    if (!is_same(header->realm, realm))
        th_reasons_add_code(errors, "realm", "", TH_REASON_REALM);
    if (!is_same(judging->submission->peer_unit, header->unit))
        th_reasons_add_code(errors, "unit", "", TH_REASON_UNIT);
    const struct th_key_row *key = th_core_find_key(core, &header->key);
    if (key == NULL || key->revoked || !is_text(header->unit, core->registry.units[key->unit].code))
        th_reasons_add_code(errors, "key", "", TH_REASON_KEY);
    judging->key = key;
}

/* ---- identity ---- */

static bool is_book(const struct th_book *a, struct th_book_id id)
{
    return a->id.plan == id.plan && a->id.obligation == id.obligation;
}

static const struct th_row *find_row(const struct th_judging *judging, struct th_book_id id,
                                     uint32_t unit, uint32_t number)
{
    for (size_t i = judging->planned_count; i-- > 0;) {
        const struct th_planned *planned = &judging->planned[i];
        if (is_book(planned->book, id) && planned->row.unit == unit &&
            planned->row.number == number)
            return &planned->row;
    }
    const struct th_book *book = &judging->core->plans[id.plan].books[id.obligation];
    const struct th_row_slot *slot = th_book_find(book, unit, number);
    return slot == NULL ? NULL : &slot->row;
}

/* The digest and position of a known revision. */
static bool find_revision(const struct th_judging *judging, struct th_book_id id,
                          const struct th_report *report, uint32_t unit,
                          const struct th_digest **ret_digest, uint64_t *ret_position)
{
    for (size_t i = 0; i < judging->planned_count; i++) {
        const struct th_planned *planned = &judging->planned[i];
        if (is_book(planned->book, id) && planned->row.unit == unit &&
            planned->row.number == report->number && planned->row.revision == report->revision) {
            *ret_digest = &planned->row.digest;
            *ret_position = planned->row.position;
            return true;
        }
    }
    const struct th_book *book = &judging->core->plans[id.plan].books[id.obligation];
    const struct th_row_slot *slot = th_book_find(book, unit, report->number);
    if (slot == NULL)
        return false;
    if (slot->row.revision == report->revision) {
        *ret_digest = &slot->row.digest;
        *ret_position = slot->row.position;
        return true;
    }
    for (const struct th_old_revision *old = slot->old; old != NULL; old = old->next)
        if (old->revision.revision == report->revision) {
            *ret_digest = &old->revision.digest;
            *ret_position = old->revision.position;
            return true;
        }
    return false;
}

/* ---- everything else ---- */

struct unpacked {
    uint16_t numbers[TH_LIMIT_INDICATORS_MAX];
    int64_t values[TH_LIMIT_INDICATORS_MAX];
    struct th_values all;
};

static const struct th_values *unpack(const struct th_judging *judging, const struct th_plan *plan,
                                      const struct th_obligation *obligation, uint32_t unit,
                                      struct unpacked *unpacked)
{
    const struct th_core *core = judging->core;
    for (uint16_t i = 0; obligation != NULL && i < core->plans_count; i++) {
        if (core->plans[i].plan != plan)
            continue;
        struct th_book_id id = {i, (uint16_t)(obligation - plan->obligations)};
        const struct th_row *row = find_row(judging, id, unit, 0);
        size_t count = 0;
        if (row == NULL || th_packed_decode(row->values, row->values_size, unpacked->numbers,
                                            unpacked->values, TH_LIMIT_INDICATORS_MAX, &count) < 0)
            return NULL;
        unpacked->all = (struct th_values){unpacked->numbers, unpacked->values, count};
        return &unpacked->all;
    }
    return NULL;
}

static void check_content(const struct th_judging *judging, const struct th_plan *plan,
                          const struct th_obligation *obligation, const struct th_report *report,
                          struct th_reasons *errors, struct th_reasons *warnings)
{
    const struct th_core *core = judging->core;
    const struct th_plan *plans[TH_LIMIT_PLANS_MAX];
    for (uint16_t i = 0; i < core->plans_count; i++)
        plans[i] = core->plans[i].plan;
    struct th_related_obligations found;
    th_related_find(plans, core->plans_count, plan, obligation, &found);
    struct unpacked half, previous, same;
    uint32_t unit = judging->key->unit;
    struct th_related related = {
        .half_year = unpack(judging, found.half_year_plan, found.half_year, unit, &half),
        .previous_year =
            unpack(judging, found.previous_year_plan, found.previous_year, unit, &previous),
        .previous_same =
            unpack(judging, found.previous_same_plan, found.previous_same, unit, &same)};
    th_report_check(plan, obligation, &core->registry.units[unit], report, &related, errors,
                    warnings);
}

/* A unit is asked when the obligation names it and it is valid on the last day on time, or, without
 * a due date, on the day of the report. */
static bool is_expected(const struct th_judging *judging, const struct th_plan *plan,
                        const struct th_obligation *obligation)
{
    const struct th_registry *registry = &judging->core->registry;
    th_day day =
        obligation->has_due ? th_obligation_last_day(obligation) : th_day_of_instant(judging->time);
    return th_registry_expects(registry, plan, obligation, judging->key->unit, day);
}

static void check_terms(const struct th_judging *judging, const struct th_plan *plan,
                        const struct th_obligation *obligation, const struct th_report *report,
                        struct th_reasons *errors)
{
    char shown[TH_FIGURE_TEXT_SIZE];
    const struct th_terms *accept = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    if (!is_expected(judging, plan, obligation))
        th_reasons_add_code(errors, "unit", judging->core->registry.units[judging->key->unit].code,
                            TH_REASON_NOT_EXPECTED);
    bool number_fits = obligation->open_ended
                           ? report->number >= 1 && report->number <= TH_LIMIT_NUMBER_MAX
                           : report->number == 0;
    if (!number_fits)
        th_reasons_add_code(errors, "number", th_figure_format(report->number, 0, shown),
                            TH_REASON_NUMBER);
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
    uint16_t number = 0;
    if (!is_same(report->unit, judging->submission->submission->header.unit))
        th_reasons_add_code(errors, "unit", "", TH_REASON_UNIT);
    if (!th_core_find_plan(core, report->plan, &number)) {
        th_reasons_add_code(errors, "plan", "", TH_REASON_PLAN);
        return false;
    }
    const struct th_plan *plan = core->plans[number].plan;
    const struct th_obligation *obligation =
        th_plan_find(plan, report->obligation.bytes, report->obligation.size);
    if (obligation == NULL)
        th_reasons_add_code(errors, "obligation", "", TH_REASON_OBLIGATION);
    if (errors->count > 0)
        return false;
    *ret_book = (struct th_book_id){number, (uint16_t)(obligation - plan->obligations)};
    return true;
}

static void check_all(const struct th_judging *judging, struct th_book_id id,
                      const struct th_report *report, struct th_reasons *errors,
                      struct th_reasons *warnings, struct th_judged *judged)
{
    const struct th_plan_slot *slot = &judging->core->plans[id.plan];
    const struct th_obligation *obligation = &slot->plan->obligations[id.obligation];
    uint32_t expected = judged->before == NULL ? 1 : judged->before->revision + 1;
    char shown[TH_FIGURE_TEXT_SIZE];
    if (!is_same_digest(&slot->digest, &judging->submission->submission->header.plan_digest))
        th_reasons_add_code(errors, "plan", slot->plan->id, TH_REASON_PLAN_VERSION);
    if (report->revision != expected || expected > TH_LIMIT_REVISION_MAX) {
        th_reasons_add_code(errors, "revision", th_figure_format(report->revision, 0, shown),
                            TH_REASON_REVISION_GAP);
        judged->next_revision = expected;
    }
    check_terms(judging, slot->plan, obligation, report, errors);
    check_content(judging, slot->plan, obligation, report, errors, warnings);
}

void th_judge_report(const struct th_judging *judging, size_t index, struct th_reasons *errors,
                     struct th_reasons *warnings, struct th_judged *ret_judged)
{
    const struct th_submission *submission = judging->submission->submission;
    const struct th_report *report = &submission->reports[index];
    struct th_judged judged = {.verdict = TH_VERDICT_REJECTED};
    for (size_t i = 0; i < judging->header_errors.count; i++)
        errors->items[errors->count++] = judging->header_errors.items[i];
    if (errors->count == 0 && find_book(judging, report, errors, &judged.book)) {
        const uint32_t unit = judging->key->unit;
        const struct th_digest *digest;
        judged.before = find_row(judging, judged.book, unit, report->number);
        if (find_revision(judging, judged.book, report, unit, &digest, &judged.position)) {
            bool is_copy = is_same_digest(digest, &submission->header.report_digests[index]);
            judged.verdict = is_copy ? TH_VERDICT_DUPLICATE : TH_VERDICT_CONFLICT;
            judged.has_position = true;
            judged.stored_digest = *digest;
            TH_ASSERT(judged.before != NULL);
            judged.next_revision = is_copy ? 0 : judged.before->revision + 1;
        } else {
            check_all(judging, judged.book, report, errors, warnings, &judged);
            if (errors->count == 0)
                judged.verdict = TH_VERDICT_ACCEPTED;
        }
    }
    *ret_judged = judged;
}
