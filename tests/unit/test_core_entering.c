/* SPDX-License-Identifier: Apache-2.0 */
/* Reports that an operator enters for units: identity, rules and time are those of submissions. */
#include "aggregator/core/state.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world *world, *copy;

static void start(void)
{
    world = calloc(1, sizeof *world);
    copy = calloc(1, sizeof *copy);
    world_init(world, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(world);
    if (copy->core != NULL)
        world_deinit(copy);
    free(world);
    free(copy);
}

TestSuite(core_entering, .init = start, .fini = stop);

static const struct th_report_verdict *enter(struct sent_report sent)
{
    return world_enter(world, &sent);
}

static const struct th_report_verdict *send(struct sent_report sent)
{
    return world_send(world, &sent, 1);
}

static const struct th_row *half_of(enum world_unit unit)
{
    const struct world_row *row = world_row(world, OB_HALF, unit, 0);
    return row == NULL ? NULL : &row->row;
}

static const struct th_entry *last_entry(void)
{
    return &world->journal[world->next_position - 1].entry;
}

static void expect_folded(void)
{
    cr_assert_eq(world_fold(world, world->next_position, copy), 0);
    const char *differs = world_differs(world, copy);
    cr_assert_null(differs, "%s", differs);
}

/* How many reports of the province were entered. */
static uint32_t entered_count(void)
{
    struct th_book *book = &world->core->plans[0].books[OB_HALF];
    th_book_count(world->core, book);
    return th_rollups_get(&world->core->registry, &book->rollups, U_64, TH_BRANCH_ALL)
        ->rollup.counts.entered;
}

Test(core_entering, it_is_accepted_by_its_own_time_and_names_who_entered_it)
{
    const struct th_report_verdict *verdict = enter((struct sent_report)A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_ACCEPTED);
    cr_assert(world_answer(world)->body.answer.journalled);
    const struct th_row *row = half_of(U_A1);
    cr_assert(row->entered);
    cr_assert_eq(row->timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(row->first_received.ms, world->now.wall.ms);
    cr_assert_eq(row->prepared.ms, world->now.wall.ms);
    const struct th_entry *entry = last_entry();
    cr_assert_eq(entry->kind, TH_ENTRY_ENTERED);
    cr_assert_eq(entry->operator.size, strlen("Nguyễn Thị Hoa"));
    cr_assert_not(entry->has_header_digest);
    cr_assert_eq(entry->decision.judgements_count, 1);
    cr_assert_eq(entered_count(), 1);
    expect_folded();
}

Test(core_entering, the_entry_keeps_what_was_brought)
{
    struct sent_report sent = A_REPORT(.unit = U_A1);
    world_reset_batch(world);
    struct th_event event = world_entering(world, &sent);
    event.body.entering.raw = (struct th_bytes){(const uint8_t *)"Entering", 8};
    cr_assert_eq(world_step(world, event), 0);
    const struct th_entry *entry = &world_effect(world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->raw.size, 8);
    cr_assert_eq(memcmp(entry->raw.bytes, "Entering", 8), 0);
}

Test(core_entering, after_the_due_instant_it_is_late)
{
    world_pass(world, world->half_due.ms + 5 - world->now.wall.ms);
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_LATE);
    expect_folded();
}

Test(core_entering, rules_and_terms_refuse_and_nothing_is_written)
{
    const struct {
        struct sent_report sent;
        const char *rule;
    } cases[] = {
        {A_REPORT(.unit = U_A1, .a = 9), "R1"},
        {A_REPORT(.unit = U_622), "not_expected"},
        {A_REPORT(.unit = U_A1, .obligation = OB_SUSPENDED), "suspended"},
        {A_REPORT(.unit = U_A1, .revision = 2), "revision_gap"},
        {A_REPORT(.unit = U_A1, .number = 2), "number"},
        {A_REPORT(.unit = U_A1, .plan = "q"), "plan"},
        {{.unit = U_A1}, "empty"},
    };
    uint64_t before = world->next_position;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct th_report_verdict *verdict = enter(cases[i].sent);
        cr_expect_eq(verdict->kind, TH_VERDICT_REJECTED, "%s", cases[i].rule);
        cr_expect(world_has_reason(verdict, cases[i].rule), "%s", cases[i].rule);
        cr_expect_not(world_answer(world)->body.answer.journalled);
        cr_expect_eq(world_count(world, TH_EFFECT_APPEND), 0);
    }
    cr_assert_eq(world->next_position, before);
    cr_assert_null(half_of(U_A1));
}

Test(core_entering, an_unknown_unit_and_another_version_of_the_plan_are_refused)
{
    struct sent_report sent = A_REPORT(.unit = U_A1);
    world_reset_batch(world);
    struct th_event event = world_entering(world, &sent);
    struct th_submission *submission =
        (struct th_submission *)(uintptr_t)event.body.entering.submission;
    submission->header.plan_digest.bytes[3] ^= 1;
    cr_assert_eq(world_step(world, event), 0);
    cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "plan_version"));
    world_reset_batch(world);
    event = world_entering(world, &sent);
    submission = (struct th_submission *)(uintptr_t)event.body.entering.submission;
    struct th_report *report = (struct th_report *)(uintptr_t)submission->reports;
    submission->header.unit = report->unit = (struct th_text){"z9", 2};
    cr_assert_eq(world_step(world, event), 0);
    cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "unit"));
    cr_assert_eq(world_answer(world)->body.answer.verdicts->kind, TH_VERDICT_REJECTED);
}

Test(core_entering, acceptance_that_is_closed_is_closed_for_paper_too)
{
    world_pass(world, world->half_due.ms + 60 * TH_DAY_MS - world->now.wall.ms);
    const struct th_report_verdict *verdict = enter((struct sent_report)A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(verdict, "acceptance_closed"));
}

Test(core_entering, what_the_unit_sends_then_is_a_duplicate_or_a_conflict)
{
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    uint64_t position = world_answer(world)->body.answer.position;
    const struct th_report_verdict *verdict = send((struct sent_report)A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(verdict->position, position);
    cr_assert(half_of(U_A1)->entered, "the first one counts");
    verdict = send((struct sent_report)A_REPORT(.unit = U_A1, .digest = 2));
    cr_assert_eq(verdict->kind, TH_VERDICT_CONFLICT);
    cr_assert_eq(verdict->next_revision, 2);
    verdict = enter((struct sent_report)A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_DUPLICATE);
    expect_folded();
}

Test(core_entering, a_later_revision_of_the_unit_clears_the_mark_and_history_keeps_it)
{
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    th_instant first = world->now.wall;
    world_pass(world, 1000);
    cr_assert_eq(send((struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2))->kind,
                 TH_VERDICT_ACCEPTED);
    cr_assert_not(half_of(U_A1)->entered);
    cr_assert_eq(half_of(U_A1)->first_received.ms, first.ms);
    cr_assert_eq(world->revisions_count, 1);
    cr_assert(world->revisions[0].revision.entered);
    cr_assert_eq(entered_count(), 0);
    cr_assert_eq(
        enter((struct sent_report)A_REPORT(.unit = U_A1, .revision = 3, .digest = 3))->kind,
        TH_VERDICT_ACCEPTED);
    cr_assert(half_of(U_A1)->entered);
    cr_assert_not(world->revisions[1].revision.entered);
    cr_assert_eq(entered_count(), 1);
    expect_folded();
    world_reload(world);
    world_tick_at(world, world->now.wall);
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A2))->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(entered_count(), 2, "also of what was loaded");
}

Test(core_entering, whose_report_was_entered_is_not_reminded)
{
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    world_tick_at(world, (th_instant){world->half_due.ms - TH_DAY_MS + 1});
    const struct th_effect *remind =
        world_effect(world, TH_EFFECT_REMIND, world_count(world, TH_EFFECT_REMIND) - 1);
    cr_assert_not_null(remind);
    cr_assert_eq(remind->body.remind.count, 6);
    for (uint32_t i = 0; i < remind->body.remind.count; i++)
        cr_assert_neq(remind->body.remind.units[i], U_A1);
}

/* ---- what no core decides ---- */

static int fold_changed(const struct th_entry *entry, const struct th_event *content)
{
    uint64_t last = world->next_position - 1;
    cr_assert_eq(world_fold(world, last, copy), 0);
    int status = world_fold_entry(copy, entry, content);
    world_deinit(copy);
    copy->core = NULL;
    return status;
}

Test(core_entering, an_entry_without_a_name_or_with_a_header_is_not_folded)
{
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    const struct th_event *content = &world->journal[world->next_position - 1].content;
    struct th_entry entry = *last_entry();
    cr_assert_eq(fold_changed(&entry, content), 0);
    entry.operator.size = 0;
    cr_assert_eq(fold_changed(&entry, content), TH_E_CORRUPT);
    entry = *last_entry();
    entry.has_header_digest = true;
    cr_assert_eq(fold_changed(&entry, content), TH_E_CORRUPT);
    entry = *last_entry();
    entry.unit = (struct th_text){"a2", 2};
    cr_assert_eq(fold_changed(&entry, content), TH_E_CORRUPT);
}

Test(core_entering, it_is_no_submission_and_a_submission_is_not_entered)
{
    cr_assert_eq(enter((struct sent_report)A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    const struct th_event *content = &world->journal[world->next_position - 1].content;
    struct th_event other = {.kind = TH_EVENT_SUBMISSION};
    other.body.submission.submission = content->body.entering.submission;
    struct th_entry entry = *last_entry();
    entry.kind = TH_ENTRY_SUBMISSION;
    cr_assert_eq(fold_changed(&entry, content), TH_E_CORRUPT);
    cr_assert_eq(fold_changed(&entry, &other), TH_E_CORRUPT);
    cr_assert_eq(send((struct sent_report)A_REPORT(.unit = U_A2))->kind, TH_VERDICT_ACCEPTED);
    content = &world->journal[world->next_position - 1].content;
    other = (struct th_event){.kind = TH_EVENT_ENTERING};
    other.body.entering.submission = content->body.submission.submission;
    entry = *last_entry();
    entry.kind = TH_ENTRY_ENTERED;
    cr_assert_eq(fold_changed(&entry, &other), TH_E_CORRUPT);
}
