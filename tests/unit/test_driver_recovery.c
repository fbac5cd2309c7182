/* SPDX-License-Identifier: Apache-2.0 */
/* A store that was put back from an older copy gets back what it lost. */
#define _GNU_SOURCE /* memmem */
#include "proto/wire/journal.h"
#include "tests/support/recovery_case.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_recovery_case made;

static void set_up(void)
{
    th_recovery_case_make(&made);
}

static void tear_down(void)
{
    th_recovery_case_remove(&made);
}

TestSuite(driver_recovery, .init = set_up, .fini = tear_down);

/* ---- readmissions ---- */

Test(driver_recovery, a_lost_report_comes_back_with_its_times)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    struct th_row before = th_recovery_case_row(&made);
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_set_clock(&made, made.province.half_year->due.ms + 1000), 0);
    uint64_t position = th_recovery_case_size(&made);
    const struct th_wire_verdict *verdict = th_recovery_case_readmit(&made, kept);
    cr_assert_eq(verdict->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdict->position, position);
    struct th_row after = th_recovery_case_row(&made);
    cr_assert_eq(after.position, position);
    cr_assert_eq(after.first_received.ms, before.first_received.ms);
    cr_assert_eq(after.received.ms, before.received.ms);
    cr_assert_eq(after.prepared.ms, before.prepared.ms);
    cr_assert_eq(after.timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(after.due.ms, before.due.ms);
    cr_assert_eq(memcmp(&after.digest, &before.digest, sizeof after.digest), 0);
    cr_assert_eq(th_driver_counters(made.driver)->readmitted, 1);
    cr_assert_eq(th_driver_counters(made.driver)->accepted, 0);
}

Test(driver_recovery, the_journal_keeps_what_was_shown_and_what_was_decided)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    uint64_t position = th_recovery_case_size(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_view *view;
    struct th_stored_entry entry;
    struct th_readmission readmission;
    struct th_decision decision;
    cr_assert_eq(th_view_open(made.store, &view), 0);
    cr_assert_eq(th_view_entry(view, position, &entry), 0);
    cr_assert_eq(entry.kind, TH_ENTRY_READMITTED);
    cr_assert_eq(th_wire_readmission_decode(entry.body, &made.arena, &readmission), 0);
    cr_assert_eq(readmission.submission.size, kept.raw.size);
    cr_assert_eq(memcmp(readmission.submission.bytes, kept.raw.bytes, kept.raw.size), 0);
    cr_assert_eq(readmission.receipt.size, kept.receipt.size);
    cr_assert_eq(memcmp(readmission.receipt.bytes, kept.receipt.bytes, kept.receipt.size), 0);
    cr_assert_eq(th_wire_decision_decode(entry.decision, &made.arena, &decision), 0);
    cr_assert_eq(decision.judgements_count, 1);
    cr_assert(decision.judgements[0].accepted);
    th_view_close(view);
}

Test(driver_recovery, the_receipt_of_a_readmission_is_of_the_new_log)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_receipt receipt;
    cr_assert_eq(th_receipt_open(made.answer.body.outcome.receipts[0],
                                 th_store_log_keys(made.store), &made.arena, &receipt),
                 0);
    cr_assert_str_eq(receipt.checkpoint.origin, TH_RECOVERY_CASE_REALM);
    cr_assert_eq(receipt.leaf.kind, TH_ENTRY_READMITTED);
    cr_assert(receipt.leaf.judgements[0].has_received);
    cr_assert_eq(receipt.leaf.judgements[0].received.ms, th_recovery_case_may_day.wall.ms);
}

Test(driver_recovery, a_report_that_came_back_is_a_duplicate_with_the_same_receipt)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_bytes receipt = made.answer.body.outcome.receipts[0];
    th_recovery_case_close(&made);
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    uint64_t size = th_recovery_case_size(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(made.answer.body.outcome.receipts[0].size, receipt.size);
    cr_assert_eq(memcmp(made.answer.body.outcome.receipts[0].bytes, receipt.bytes, receipt.size),
                 0);
    cr_assert_eq(th_recovery_case_size(&made), size, "no entry");
}

Test(driver_recovery, another_report_that_came_first_is_a_signed_conflict)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    (void)th_recovery_case_submit(&made,
                                  (struct th_paper){.figure = 6, .realm = TH_RECOVERY_CASE_REALM});
    uint64_t size = th_recovery_case_size(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_CONFLICT);
    cr_assert_eq(made.answer.body.outcome.receipts_count, 0);
    cr_assert_eq(th_recovery_case_size(&made), size);
    struct th_note note;
    cr_assert_eq(th_tlog_note_verify((const char *)made.answer.body.outcome.refusal.bytes,
                                     made.answer.body.outcome.refusal.size, &made.next.vkey, 1,
                                     &note),
                 0);
    const char head[] = "tonghop refusal v1\n" TH_RECOVERY_CASE_REALM "\n";
    cr_assert_eq(memcmp(note.text, head, sizeof head - 1), 0);
}

Test(driver_recovery, revisions_come_back_in_order)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept one = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    struct th_kept two =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 2});
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, one)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_recovery_case_readmit(&made, two)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_recovery_case_row(&made).revision, 2);
}

Test(driver_recovery, a_correction_does_not_wait_for_what_another_machine_had)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept one = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    struct th_kept two =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 2});
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, two)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_recovery_case_row(&made).revision, 2);
    const struct th_wire_verdict *verdict = th_recovery_case_readmit(&made, one);
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert_eq(verdict->next_revision, 3);
    cr_assert_not_null(memmem(made.answer.body.outcome.refusal.bytes,
                              made.answer.body.outcome.refusal.size, " rejected revision_gap\n",
                              23));
}

Test(driver_recovery, only_the_unit_itself_may_bring_its_report_back)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    th_recovery_case_readmit_as(&made, kept, th_province_commune(&made.province, 1));
    cr_assert(made.answer.kind == TH_TO_NODE_FAILURE ||
              made.answer.body.outcome.receipts_count == 0);
    cr_assert_eq(th_driver_counters(made.driver)->readmitted, 0);
}

Test(driver_recovery, a_closing_that_waited_counts_what_had_come_by_its_instant)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept one = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_eq(th_recovery_case_set_clock(&made, made.province.half_year->due.ms + 1000), 0);
    struct th_kept two =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 2});
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_set_clock(&made, made.province.half_year->due.ms + 2000), 0);
    cr_assert_eq(th_recovery_case_readmit(&made, one)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_recovery_case_readmit(&made, two)->kind, TH_VERDICT_ACCEPTED);
    const struct th_mark *mark =
        th_core_mark(th_driver_core(made.driver), th_recovery_case_book(&made));
    cr_assert(mark == NULL || !mark->closed, "timers wait");
    cr_assert_eq(th_recovery_case_act(&made, (struct th_act){.kind = TH_ACT_END_RECOVERY}), 0);
    mark = th_core_mark(th_driver_core(made.driver), th_recovery_case_book(&made));
    cr_assert_not_null(mark);
    cr_assert(mark->closed);
    cr_assert_eq(mark->closed_at.ms, made.province.half_year->due.ms);
    cr_assert_not(th_core_recovery(th_driver_core(made.driver))->is_open);
    th_recovery_case_close(&made);
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    cr_assert_not(th_core_recovery(th_driver_core(made.driver))->is_open, "also after a restart");
}

/* In any store, recovered or not. The plan reminds 7 and 3 days before. */
Test(driver_recovery, a_reminder_goes_to_each_unit_that_has_not_reported)
{
    const int64_t due_ms = made.province.half_year->due.ms;
    cr_assert_eq(th_recovery_case_set_clock(&made, due_ms - 6 * TH_DAY_MS), 0);
    const unsigned all = made.units_reminded;
    cr_assert_gt(all, 1);
    cr_assert(made.officer_is_reminded);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    made.units_reminded = 0;
    made.officer_is_reminded = false;
    cr_assert_eq(th_recovery_case_set_clock(&made, due_ms - 2 * TH_DAY_MS), 0);
    cr_assert_eq(made.units_reminded, all - 1);
    cr_assert_not(made.officer_is_reminded);
}

/* Its report may be among what was lost, and comes back after the hello. */
Test(driver_recovery, who_greets_is_not_reminded_until_it_ends)
{
    const struct th_bytes none = {NULL, 0};
    cr_assert_eq(th_recovery_case_set_clock(&made, made.province.half_year->due.ms - 1000), 0);
    th_recovery_case_keep_copy(&made);
    made.reminders = 0;
    th_recovery_case_say_hello(&made, none);
    cr_assert_eq(made.reminders, 1);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    made.reminders = 0;
    th_recovery_case_say_hello(&made, none);
    cr_assert_eq(made.reminders, 0);
    cr_assert_eq(th_recovery_case_act(&made, (struct th_act){.kind = TH_ACT_END_RECOVERY}), 0);
    made.reminders = 0;
    th_recovery_case_say_hello(&made, none);
    cr_assert_eq(made.reminders, 1);
}

Test(driver_recovery, a_recovery_stays_open_over_a_restart)
{
    th_recovery_case_keep_copy(&made);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    cr_assert(th_core_recovery(th_driver_core(made.driver))->is_open);
    cr_assert_eq(th_core_recovery(th_driver_core(made.driver))->began_at, 4);
}

Test(driver_recovery, a_report_frozen_under_the_old_origin_is_accepted)
{
    th_recovery_case_keep_copy(&made);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    struct th_bytes frozen =
        th_officer_write(&made.province, &made.officer, (struct th_paper){.figure = 7, .nonce = 3});
    th_recovery_case_go_back(&made);
    th_recovery_case_submit_raw(&made, frozen);
    cr_assert_eq(made.answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(made.answer.body.outcome.verdicts[0].kind, TH_VERDICT_ACCEPTED);
    th_recovery_case_submit_raw(
        &made, th_officer_write(
                   &made.province, &made.officer,
                   (struct th_paper){.figure = 8, .revision = 2, .realm = "tonghop/52/rehearsal"}));
    cr_assert(made.answer.kind == TH_TO_NODE_FAILURE ||
              made.answer.body.outcome.verdicts[0].kind == TH_VERDICT_REJECTED);
}

/*
 * The whole folder was put back and ran on before a node told: one key has signed two histories.
 * The copy, not the folder that ran on, goes on as the new log: then both histories are lost, and
 * come back.
 */
Test(driver_recovery, two_histories_from_one_copy_both_come_back)
{
    struct th_officer second;
    th_officer_init(&second, th_province_commune(&made.province, 1));
    cr_assert_eq(th_recovery_case_act(&made, th_officer_enrolment(&second)), 0);
    th_recovery_case_keep_copy(&made);
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "CHECKPOINT", "old.side");
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    struct th_kept one = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    struct th_kept two =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 2});
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "old.data", "data.mdb");
    th_recovery_case_copy_file(&made, "old.side", "CHECKPOINT");
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    struct th_kept other = {
        .raw = th_officer_write(&made.province, &second, (struct th_paper){.figure = 7})};
    th_recovery_case_submit_raw(&made, other.raw);
    other.receipt = made.answer.body.outcome.receipts[0];
    th_recovery_case_say_hello(&made, two.receipt);
    cr_assert_not_null(th_driver_contradiction(made.driver));
    th_recovery_case_go_back(&made);
    th_recovery_case_say_hello(&made, two.receipt);
    th_recovery_case_say_hello(&made, other.receipt);
    cr_assert_null(th_driver_contradiction(made.driver));
    cr_assert_eq(th_recovery_case_readmit(&made, one)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_recovery_case_readmit(&made, two)->kind, TH_VERDICT_ACCEPTED);
    th_recovery_case_readmit_as(&made, other, second.unit);
    cr_assert_eq(made.answer.body.outcome.verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

/* What was signed twice stays a contradiction: the folder that ran on is not what to recover. */
Test(driver_recovery, a_folder_that_ran_on_is_contradicted_after_its_recovery_too)
{
    th_recovery_case_keep_copy(&made);
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "CHECKPOINT", "old.side");
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    struct th_kept one = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    struct th_kept two =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 2});
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "old.data", "data.mdb");
    th_recovery_case_copy_file(&made, "old.side", "CHECKPOINT");
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 7, .nonce = 9});
    th_recovery_case_say_hello(&made, two.receipt);
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "data.mdb", "old.data"); /* which go_back() puts back */
    th_recovery_case_go_back(&made);
    th_recovery_case_say_hello(&made, one.receipt);
    cr_assert_not_null(th_driver_contradiction(made.driver));
    cr_assert_eq(th_recovery_case_size(&made), 6, "nothing of it is written");
}

/* ---- receipts that do not hold ---- */

Test(driver_recovery, a_receipt_that_does_not_hold_opens_nothing)
{
    struct th_kept kept_before = th_recovery_case_submit(&made, (struct th_paper){.figure = 4});
    th_recovery_case_keep_copy(&made);
    struct th_kept kept =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 5, .revision = 2});
    struct th_kept other =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 3});
    struct th_readmitted readmitted;
    cr_assert_eq(th_recovery_case_open_kept(&made, kept, &readmitted), TH_E_INVALID,
                 "nothing is lost yet");
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_open_kept(&made, kept, &readmitted), 0);
    cr_assert_eq(th_recovery_case_open_kept(&made, kept_before, &readmitted), TH_E_INVALID,
                 "the made.store has it");
    cr_assert_eq(
        th_recovery_case_open_kept(&made, (struct th_kept){kept.raw, other.receipt}, &readmitted),
        TH_E_INVALID);
    uint8_t *forged = th_arena_alloc(&made.arena, kept.receipt.size);
    memcpy(forged, kept.receipt.bytes, kept.receipt.size);
    forged[kept.receipt.size - 10] ^= 1; /* of the signature */
    cr_assert_lt(th_recovery_case_open_kept(
                     &made, (struct th_kept){kept.raw, {forged, kept.receipt.size}}, &readmitted),
                 0);
    struct th_kept now = th_recovery_case_submit(
        &made, (struct th_paper){.figure = 9, .revision = 2, .realm = TH_RECOVERY_CASE_REALM});
    cr_assert_eq(th_recovery_case_open_kept(&made, now, &readmitted), TH_E_INVALID,
                 "of the log as it is");
}

Test(driver_recovery, a_readmission_waits_while_the_store_is_in_doubt)
{
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "data.mdb", "old.data");
    th_recovery_case_copy_file(&made, "CHECKPOINT", "old.side");
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_bytes receipt = made.answer.body.outcome.receipts[0];
    th_recovery_case_close(&made);
    th_recovery_case_copy_file(&made, "old.data", "data.mdb");
    th_recovery_case_copy_file(&made, "old.side", "CHECKPOINT");
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    th_recovery_case_say_hello(&made, receipt);
    cr_assert_not_null(th_driver_contradiction(made.driver));
    th_recovery_case_readmit_as(&made, kept, made.officer.unit);
    cr_assert_eq(made.answer.kind, TH_TO_NODE_FAILURE);
    cr_assert(made.answer.body.failure.retry);
}
