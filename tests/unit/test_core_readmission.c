/* SPDX-License-Identifier: Apache-2.0 */
/* Reports that a store had lost, shown again with the receipts of its earlier log. */
#include "aggregator/core/state.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world *lost, *world; /* what was lost; what was put back */

static void start(void)
{
    lost = calloc(1, sizeof *lost);
    world = calloc(1, sizeof *world);
    world_init(lost, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(lost);
    if (world->core != NULL)
        world_deinit(world);
    free(lost);
    free(world);
}

TestSuite(core_readmission, .init = start, .fini = stop);

/* The copy has what there is until now. */
static void back_up(void)
{
    cr_assert_eq(world_fold(lost, lost->next_position, world), 0);
}

/* It is put back later: time has gone on. */
static void put_back(void)
{
    world->now = lost->now;
    world_reload(world);
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
}

static uint64_t send(struct world *to, struct sent_report sent)
{
    cr_assert_eq(world_send(to, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
    return world_answer(to)->body.answer.position;
}

static const struct th_report_verdict *show_leaf(uint64_t position, const struct th_leaf *leaf)
{
    cr_assert_eq(world_answer_to(world, world_readmission(lost, position, leaf)), 0);
    cr_assert(world_answer(world)->body.answer.is_submission);
    return world_answer(world)->body.answer.verdicts;
}

static const struct th_report_verdict *show(uint64_t position)
{
    struct th_leaf leaf = world_leaf(lost, position);
    return show_leaf(position, &leaf);
}

static const struct th_row *half_of(enum world_unit unit)
{
    const struct world_row *row = world_row(world, OB_HALF, unit, 0);
    return row == NULL ? NULL : &row->row;
}

Test(core_readmission, a_report_is_readmitted_as_the_lost_log_received_it)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    th_instant received = lost->now.wall;
    world_pass(lost, lost->half_due.ms + TH_DAY_MS - lost->now.wall.ms);
    put_back();
    uint64_t own = world->next_position;
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    cr_assert(world_answer(world)->body.answer.journalled);
    cr_assert_eq(world_answer(world)->body.answer.position, own);
    const struct th_row *row = half_of(U_A1);
    cr_assert_eq(row->timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(row->first_received.ms, received.ms);
    cr_assert_eq(row->received.ms, received.ms);
    cr_assert_eq(row->prepared.ms, received.ms);
    cr_assert_eq(row->due.ms, lost->half_due.ms);
    cr_assert_eq(row->position, own);
    const struct th_entry *entry = &world->journal[own].entry;
    cr_assert_eq(entry->kind, TH_ENTRY_READMITTED);
    cr_assert_eq(entry->time.ms, world->now.wall.ms);
    cr_assert_eq(entry->decision.judgements_count, 1);
    const struct th_judgement *judgement = &entry->decision.judgements[0];
    cr_assert(judgement->accepted);
    cr_assert(judgement->has_received);
    cr_assert_eq(judgement->received.ms, received.ms);
    cr_assert_eq(judgement->timeliness, TH_TIMELINESS_ON_TIME);
}

Test(core_readmission, it_is_a_duplicate_when_it_is_there)
{
    uint64_t known = send(lost, (struct sent_report)A_REPORT(.unit = U_A2));
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    const struct th_report_verdict *verdict = show(known);
    cr_assert_eq(verdict->kind, TH_VERDICT_DUPLICATE, "the copy had it");
    cr_assert_eq(verdict->position, known);
    cr_assert_not(world_answer(world)->body.answer.journalled);
    uint64_t own = world->next_position;
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    verdict = show(position);
    cr_assert_eq(verdict->kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(verdict->position, own);
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 0);
}

Test(core_readmission, it_is_a_conflict_when_another_came_instead)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    send(world, (struct sent_report)A_REPORT(.unit = U_A1, .digest = 5));
    const struct th_report_verdict *verdict = show(position);
    cr_assert_eq(verdict->kind, TH_VERDICT_CONFLICT);
    cr_assert_eq(verdict->next_revision, 2);
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 0);
}

Test(core_readmission, an_earlier_revision_comes_first_and_decides_timeliness)
{
    back_up();
    uint64_t first = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    th_instant first_received = lost->now.wall;
    world_pass(lost, lost->half_due.ms + TH_DAY_MS - lost->now.wall.ms);
    uint64_t second =
        send(lost, (struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    th_instant second_received = lost->now.wall;
    world_pass(lost, TH_DAY_MS);
    put_back();
    cr_assert_eq(show(first)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(show(second)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->revision, 2);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(half_of(U_A1)->first_received.ms, first_received.ms);
    cr_assert_eq(half_of(U_A1)->received.ms, second_received.ms);
    cr_assert_eq(world->revisions_count, 1);
    cr_assert_eq(world->revisions[0].revision.received.ms, first_received.ms);
}

Test(core_readmission, a_correction_counts_although_what_it_corrected_is_lost_for_ever)
{
    back_up();
    uint64_t first = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    th_instant first_received = lost->now.wall;
    world_pass(lost, lost->half_due.ms + TH_DAY_MS - lost->now.wall.ms);
    (void)send(lost, (struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    uint64_t third =
        send(lost, (struct sent_report)A_REPORT(.unit = U_A1, .revision = 3, .digest = 3));
    world_pass(lost, TH_DAY_MS);
    put_back();
    cr_assert_eq(show(third)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->revision, 3);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(half_of(U_A1)->first_received.ms, first_received.ms);
    const struct th_report_verdict *verdict = show(first); /* too late: it is superseded */
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(verdict, "revision_gap"));
    cr_assert_eq(verdict->next_revision, 4);
    cr_assert_eq(half_of(U_A1)->revision, 3);
    struct world *again = calloc(1, sizeof *again);
    cr_assert_eq(world_fold(world, world->next_position, again), 0);
    cr_expect_null(world_differs(world, again), "%s", world_differs(world, again));
    world_deinit(again);
    free(again);
}

Test(core_readmission, the_rows_own_first_revision_stays_when_the_receipt_says_otherwise)
{
    send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    th_instant first = lost->now.wall;
    back_up();
    world_pass(lost, 1000);
    uint64_t position =
        send(lost, (struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    put_back();
    struct th_leaf leaf = world_leaf(lost, position);
    struct th_judgement judgement = leaf.judgements[0];
    judgement.first_received.ms++;
    judgement.timeliness = TH_TIMELINESS_LATE;
    leaf.judgements = &judgement;
    cr_assert_eq(show_leaf(position, &leaf)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->first_received.ms, first.ms);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_ON_TIME);
    const struct th_entry *entry = &world->journal[half_of(U_A1)->position].entry;
    cr_assert_eq(entry->decision.judgements[0].first_received.ms, first.ms);
}

Test(core_readmission, what_closed_since_is_not_asked_again)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    world_pass(lost, lost->half_due.ms + 100 * TH_DAY_MS - lost->now.wall.ms);
    put_back();
    struct sent_report late = A_REPORT(.unit = U_A2);
    cr_assert(world_has_reason(world_send(world, &late, 1), "acceptance_closed"));
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
}

Test(core_readmission, the_key_may_be_revoked_or_unknown)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    uint64_t other = send(lost, (struct sent_report)A_REPORT(.unit = U_A2));
    world->keys[U_A1] = world->keys[--world->keys_count];
    put_back();
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    struct th_event revoke = {
        .kind = TH_EVENT_REVOKE,
        .body.revoke = {.unit = {"a2", 2}, .sign_key = world_key(U_A2), .effective = {1}}};
    cr_assert_eq(world_answer_to(world, revoke), 0);
    cr_assert_eq(show(other)->kind, TH_VERDICT_ACCEPTED);
}

Test(core_readmission, the_connection_the_mode_and_the_realm_still_count)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    struct th_leaf leaf = world_leaf(lost, position);
    struct th_event event = world_readmission(lost, position, &leaf);
    event.body.readmission.peer_unit = th_text_of("a2");
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "unit"));
    event = world_readmission(lost, position, &leaf);
    struct th_submission other = *event.body.readmission.submission;
    event.body.readmission.submission = &other;
    other.header.mode = TH_MODE_REHEARSAL;
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "mode"));
    other.header.mode = TH_MODE_LIVE;
    other.header.realm = th_text_of("elsewhere");
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "realm"));
    other.header.realm = th_text_of("r");
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert_eq(world_answer(world)->body.answer.verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

Test(core_readmission, units_and_plans_that_are_lost_are_named)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    world->plan_is_loaded = false;
    memset(world->has_mark, 0, sizeof world->has_mark);
    put_back();
    cr_assert(world_has_reason(show(position), "plan"));
    world->plan_is_loaded = true;
    world->plan_digest.bytes[0]++;
    world_reload(world);
    cr_assert(world_has_reason(show(position), "plan_version"));
    world->plan_digest.bytes[0]--;
    world->units_count = U_A1;
    world->keys_count = 0;
    world_reload(world);
    cr_assert(world_has_reason(show(position), "unit"));
}

Test(core_readmission, only_what_the_receipt_says_was_accepted_comes_back)
{
    back_up();
    struct sent_report sent[] = {A_REPORT(.unit = U_A1),
                                 A_REPORT(.unit = U_A1, .obligation = OB_YEAR, .a = 4)};
    world_send(lost, sent, 2);
    uint64_t position = world_answer(lost)->body.answer.position;
    put_back();
    const struct th_report_verdict *verdicts = show(position);
    cr_assert_eq(verdicts[0].kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdicts[1].kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(&verdicts[1], "not_in_receipt"));
    cr_assert_null(world_row(world, OB_YEAR, U_A1, 0));
}

Test(core_readmission, a_leaf_of_other_reports_brings_nothing)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    struct th_leaf leaf = world_leaf(lost, position);
    struct th_judgement judgement = leaf.judgements[0];
    const struct th_judgement right = judgement;
    leaf.judgements = &judgement;
    judgement.report_digest.bytes[0]++;
    cr_assert(world_has_reason(show_leaf(position, &leaf), "not_in_receipt"));
    judgement = right;
    judgement.revision = 2;
    cr_assert(world_has_reason(show_leaf(position, &leaf), "not_in_receipt"));
    judgement = right;
    judgement.number = 1;
    cr_assert(world_has_reason(show_leaf(position, &leaf), "not_in_receipt"));
    judgement = right;
    judgement.obligation = th_text_of("year");
    cr_assert(world_has_reason(show_leaf(position, &leaf), "not_in_receipt"));
    judgement = right;
    leaf.judgements_count = 0;
    cr_assert(world_has_reason(show_leaf(position, &leaf), "not_in_receipt"));
    leaf.judgements_count = 1;
    leaf.kind = TH_ENTRY_CLOSING;
    cr_assert(world_has_reason(show_leaf(position, &leaf), "not_in_receipt"));
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 0);
    leaf.kind = TH_ENTRY_SUBMISSION;
    cr_assert_eq(show_leaf(position, &leaf)->kind, TH_VERDICT_ACCEPTED);
}

/* Whoever holds the lost log's key can sign a leaf that no log of ours has written. */
Test(core_readmission, a_number_that_the_obligation_does_not_have_stays_out)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    struct th_leaf leaf = world_leaf(lost, position);
    struct th_judgement judgement = leaf.judgements[0];
    struct th_event event = world_readmission(lost, position, &leaf);
    struct th_submission submission = *event.body.readmission.submission;
    struct th_report report = submission.reports[0];
    leaf.judgements = &judgement;
    submission.reports = &report;
    event.body.readmission.submission = &submission;
    judgement.number = report.number = 1;
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "number"));
    judgement.number = report.number = 0;
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert_eq(world_answer(world)->body.answer.verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

Test(core_readmission, figures_that_the_catalogue_does_not_have_stay_out)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    struct th_leaf leaf = world_leaf(lost, position);
    struct th_event event = world_readmission(lost, position, &leaf);
    struct th_submission submission = *event.body.readmission.submission;
    struct th_report report = submission.reports[0];
    submission.reports = &report;
    event.body.readmission.submission = &submission;
    report.values = (struct th_values){(uint16_t[]){IND_CLASS}, (int64_t[]){3}, 1};
    cr_assert_eq(world_answer_to(world, event), 0);
    const struct th_report_verdict *verdict = world_answer(world)->body.answer.verdicts;
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(verdict, "value"));
    cr_assert_null(half_of(U_A1));
    report.values.values = (int64_t[]){2};
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert_eq(world_answer(world)->body.answer.verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

Test(core_readmission, what_no_row_can_hold_stays_out)
{
    static const struct th_narrative text = {IND_TEXT, {"lời", 4}}, figure = {IND_A, {"lời", 4}};
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    struct th_leaf leaf = world_leaf(lost, position);
    struct th_event event = world_readmission(lost, position, &leaf);
    struct th_submission submission = *event.body.readmission.submission;
    const struct th_report right = submission.reports[0];
    struct th_report changed[5];
    for (size_t i = 0; i < 5; i++)
        changed[i] = right;
    changed[0].values = (struct th_values){(uint16_t[]){IND_B, IND_B}, (int64_t[]){1, 2}, 2};
    changed[1].values =
        (struct th_values){(uint16_t[]){TH_LIMIT_INDICATORS_MAX + 1}, (int64_t[]){1}, 1};
    changed[2].narratives = &figure; /* which is a figure, too */
    changed[2].narratives_count = 1;
    changed[3].narratives = (struct th_narrative[]){text, text};
    changed[3].narratives_count = 2;
    changed[4].estimated = (uint16_t[]){IND_SCORE}; /* of what was not reported */
    changed[4].estimated_count = 1;
    event.body.readmission.submission = &submission;
    for (size_t i = 0; i < 5; i++) {
        submission.reports = &changed[i];
        cr_assert_eq(world_answer_to(world, event), 0);
        cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "order"), "%zu", i);
        cr_assert_null(half_of(U_A1));
    }
    submission.reports = &right;
    cr_assert_eq(world_answer_to(world, event), 0);
    cr_assert_eq(world_answer(world)->body.answer.verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

Test(core_readmission, an_undecided_one_is_judged_when_the_clock_is_steady)
{
    back_up();
    lost->now.wall.ms += 5 * TH_DAY_MS;
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    cr_assert_eq(lost->journal[position].entry.decision.judgements[0].timeliness,
                 TH_TIMELINESS_UNDECIDED);
    put_back();
    world_tick_at(world, world->now.wall);
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_ON_TIME);
}

Test(core_readmission, an_undecided_one_waits_while_the_clock_is_suspect)
{
    back_up();
    lost->now.wall.ms += 5 * TH_DAY_MS;
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    put_back();
    world_tick_at(world, world->now.wall);
    world->now.wall.ms += TH_DAY_MS;
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_UNDECIDED);
    world->now.wall.ms -= TH_DAY_MS;
    world_tick_at(world, world->now.wall);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_ON_TIME);
}

Test(core_readmission, a_log_that_is_lost_again_still_says_when_it_was_received)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    th_instant received = lost->now.wall;
    world_pass(lost, TH_DAY_MS);
    put_back();
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    uint64_t again = half_of(U_A1)->position;
    struct world *second = calloc(1, sizeof *second);
    cr_assert_eq(world_fold(world, again, second), 0);
    second->now = world->now;
    world_pass(second, TH_DAY_MS);
    world_reload(second);
    cr_assert_eq(world_recover(second, "r3+0+k"), 0);
    struct th_leaf leaf = world_leaf(world, again);
    cr_assert_eq(world_answer_to(second, world_readmission(world, again, &leaf)), 0);
    const struct th_row *row = &world_row(second, OB_HALF, U_A1, 0)->row;
    cr_assert_eq(row->received.ms, received.ms);
    cr_assert_eq(row->first_received.ms, received.ms);
    world_deinit(second);
    free(second);
}

Test(core_readmission, the_closing_counts_what_came_back_as_of_its_instant)
{
    back_up();
    uint64_t first = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    world_pass(lost, lost->half_due.ms + 1000 - lost->now.wall.ms);
    uint64_t late = send(lost, (struct sent_report)A_REPORT(.unit = U_A2));
    uint64_t corrected = send(lost, (struct sent_report)A_REPORT(.unit = U_A1, .revision = 2,
                                                                 .digest = 2, .a = 9, .b = 8));
    put_back();
    cr_assert_eq(show(late)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(show(first)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(show(corrected)->kind, TH_VERDICT_ACCEPTED);
    world_reload(world);
    cr_assert_eq(world_end_recovery(world), 0);
    cr_assert_gt(world->closings_count, 0);
    cr_assert_eq(world->closings_count, lost->closings_count);
    const struct th_rollup_layout *layout = &world->core->plans[0].layout;
    for (size_t i = 0; i < world->closings_count; i++)
        cr_assert(world_same_rollup(layout, &world->closings[i].rollup, &lost->closings[i].rollup));
}

Test(core_readmission, a_late_node_is_readmitted_after_the_end_too)
{
    back_up();
    uint64_t position = send(lost, (struct sent_report)A_REPORT(.unit = U_A1));
    world_pass(lost, lost->half_due.ms + 1000 - lost->now.wall.ms);
    put_back();
    cr_assert_eq(world_end_recovery(world), 0);
    cr_assert_eq(show(position)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(half_of(U_A1)->timeliness, TH_TIMELINESS_ON_TIME);
}
