/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit and the answers of a batch beside the making of the next one: who waits for it, and
 * that what fails is told. The lane is late (late_lane.h), so that each sentence is shown the same
 * way each time. That all is stored and answered as without it is in test_driver_lane_history.c.
 */
#include "proto/tlog/proof.h"
#include "proto/wire/journal.h"
#include "tests/support/failing_disk.h"
#include "tests/support/lane_case.h"

#include <criterion/criterion.h>
#include <string.h>

static void set_up(void)
{
    th_disk_is_failing = false;
    lane_case_init();
}

TestSuite(driver_lane, .init = set_up, .fini = lane_case_deinit, .timeout = 100);

static struct th_item report(unsigned officer, int64_t figure, uint32_t revision)
{
    return lane_case_report(officer, (struct th_paper){.figure = figure, .revision = revision});
}

/* One report, on the lane. Gives its number. */
static uint64_t feed_report(unsigned officer, int64_t figure, uint32_t revision)
{
    struct th_item item = report(officer, figure, revision);
    cr_assert_eq(lane_case_feed(item), 0);
    return item.sender;
}

static enum th_verdict verdict_of(uint64_t item)
{
    const struct th_to_node *answer = lane_case_answer(item);
    cr_assert_not_null(answer, "item %llu: %s", (unsigned long long)item, lane_case.story);
    cr_assert_eq(answer->kind, TH_TO_NODE_OUTCOME);
    return answer->body.outcome.verdicts[0].kind;
}

static bool is_told_to_come_again(uint64_t item)
{
    const struct th_to_node *answer = lane_case_answer(item);
    return answer != NULL && answer->kind == TH_TO_NODE_FAILURE && answer->body.failure.retry &&
           answer->body.failure.code.size == 12 &&
           memcmp(answer->body.failure.code.bytes, "busy_storage", 12) == 0;
}

/* Whether the first `a` of the story comes before the first `b`, and both are there. */
static bool is_before(char a, char b)
{
    const char *first = strchr(lane_case.story, a), *second = strchr(lane_case.story, b);
    return first != NULL && second != NULL && first < second;
}

/* ---- order ---- */

Test(driver_lane, nothing_leaves_before_its_commit_and_all_has_left_when_the_next_feed_returns)
{
    lane_case_open(true);
    uint64_t first = feed_report(0, 5, 1);
    cr_assert_str_eq(lane_case.story, "BAZL");
    cr_assert_null(lane_case_answer(first));
    cr_assert_eq(th_driver_counters(lane_case.driver)->accepted, 0, "of batches that have ended");
    uint64_t second = feed_report(1, 6, 1);
    cr_assert_eq(strncmp(lane_case.story, "BAZLBAWCST", 10), 0, "%s", lane_case.story);
    cr_assert_eq(lane_case.story[lane_case.told - 1], 'L');
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_null(lane_case_answer(second));
    cr_assert_eq(th_driver_counters(lane_case.driver)->accepted, 1);
    lane_case_forget();
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(strncmp(lane_case.story, "WCST", 4), 0, "%s", lane_case.story);
    cr_assert_eq(verdict_of(second), TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_driver_counters(lane_case.driver)->accepted, 2);
    lane_case_forget();
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_str_eq(lane_case.story, "", "nothing is under way");
    lane_case_close();
}

Test(driver_lane, a_run_ends_with_everything_answered)
{
    lane_case_open(true);
    struct th_item items[] = {report(0, 5, 1), report(1, 6, 1)};
    cr_assert_eq(th_driver_run(lane_case.driver, items, 2), 0);
    cr_assert_null(lane_case.lane.work);
    cr_assert_eq(verdict_of(items[0].sender), TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdict_of(items[1].sender), TH_VERDICT_ACCEPTED);
    lane_case_close();
}

Test(driver_lane, a_batch_that_stores_nothing_is_answered_after_the_one_before)
{
    lane_case_open(true);
    uint64_t first = feed_report(0, 5, 1);
    uint64_t again = feed_report(0, 5, 1);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_null(lane_case_answer(again));
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(verdict_of(again), TH_VERDICT_DUPLICATE);
    lane_case_close();
}

Test(driver_lane, a_driver_that_ends_waits_for_its_lane)
{
    lane_case_open(true);
    uint64_t first = feed_report(0, 5, 1);
    th_driver_free(lane_case.driver);
    cr_assert_null(lane_case.lane.work);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    lane_case.driver = NULL;
    lane_case_close();
}

Test(driver_lane, a_batch_is_under_way_until_the_lane_has_done_it)
{
    lane_case_open(true);
    cr_assert_not(th_driver_is_under_way(lane_case.driver));
    uint64_t first = feed_report(0, 5, 1);
    cr_assert(th_driver_is_under_way(lane_case.driver));
    late_lane_do(&lane_case.lane);
    cr_assert_not(th_driver_is_under_way(lane_case.driver), "though nobody has waited for it");
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_driver_counters(lane_case.driver)->accepted, 0, "told when it is waited for");
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(th_driver_counters(lane_case.driver)->accepted, 1);
    lane_case_close();
    lane_case_open(false);
    (void)feed_report(0, 5, 1);
    cr_assert_not(th_driver_is_under_way(lane_case.driver), "without a lane nothing ever is");
    lane_case_close();
}

/* ---- failures ---- */

/* A report is on the lane, and its commit will fail. */
static uint64_t feed_in_vain(void)
{
    lane_case_open(true);
    th_driver_press(lane_case.driver, true); /* so that something is unsettled */
    (void)feed_report(0, 4, 1);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    lane_case_restart(); /* so that a book has to be opened */
    th_driver_press(lane_case.driver, true);
    uint64_t item = feed_report(0, 5, 2);
    lane_case_forget();
    th_disk_is_failing = true;
    return item;
}

static void nothing_left(void)
{
    cr_assert_eq(strcspn(lane_case.story, "SUDKT"), lane_case.told, "%s", lane_case.story);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(strcspn(lane_case.story, "SUDKT"), lane_case.told, "%s", lane_case.story);
    lane_case_close();
}

Test(driver_lane, the_next_feed_tells_that_a_commit_failed)
{
    (void)feed_in_vain();
    cr_assert_eq(lane_case_feed(report(1, 6, 1)), TH_E_STORAGE);
    cr_assert(is_before('B', 'W'), "found out when it was made: %s", lane_case.story);
    cr_assert_eq(lane_case.story[lane_case.told - 1], 'X', "%s", lane_case.story);
    nothing_left();
}

/* The store says no because of it: that is not for want of room. */
Test(driver_lane, a_store_that_begins_no_batch_after_a_failed_commit_is_not_nearly_full)
{
    (void)feed_in_vain();
    lane_case.is_early_at_begin = true;
    cr_assert_eq(lane_case_feed(report(1, 6, 1)), TH_E_STORAGE);
    cr_assert_str_eq(lane_case.story, "CBW");
    cr_assert_eq(th_driver_counters(lane_case.driver)->busy, 0);
    nothing_left();
}

Test(driver_lane, a_finish_tells_that_a_commit_failed)
{
    (void)feed_in_vain();
    cr_assert_eq(th_driver_finish(lane_case.driver), TH_E_STORAGE);
    nothing_left();
}

Test(driver_lane, a_failure_is_told_also_when_nothing_is_under_way_any_more)
{
    (void)feed_in_vain();
    late_lane_do(&lane_case.lane);
    cr_assert_not(th_driver_is_under_way(lane_case.driver));
    cr_assert_eq(th_driver_finish(lane_case.driver), TH_E_STORAGE);
    nothing_left();
}

Test(driver_lane, a_run_tells_that_its_own_commit_failed)
{
    lane_case_open(true);
    th_disk_is_failing = true;
    struct th_item item = report(0, 5, 1);
    cr_assert_eq(th_driver_run(lane_case.driver, &item, 1), TH_E_STORAGE);
    nothing_left();
}

Test(driver_lane, a_settle_tells_that_a_commit_failed)
{
    bool more = true;
    (void)feed_in_vain();
    cr_assert_eq(th_driver_settle(lane_case.driver, lane_case.now, &more), TH_E_STORAGE);
    cr_assert(more);
    nothing_left();
}

Test(driver_lane, a_settle_that_can_not_begin_because_a_commit_failed_tells_it)
{
    bool more = true;
    (void)feed_in_vain();
    lane_case.is_early_at_begin = true;
    cr_assert_eq(th_driver_settle(lane_case.driver, lane_case.now, &more), TH_E_STORAGE);
    cr_assert(more);
    nothing_left();
}

Test(driver_lane, who_opens_a_book_is_told_that_a_commit_failed)
{
    bool more = true;
    (void)feed_in_vain();
    cr_assert_eq(th_driver_warm(lane_case.driver, &more), TH_E_STORAGE);
    cr_assert(more);
    nothing_left();
}

Test(driver_lane, a_greeting_after_a_failed_commit_is_not_answered)
{
    (void)feed_in_vain();
    cr_assert_eq(lane_case_feed(lane_case_hello(1)), TH_E_STORAGE);
    cr_assert_str_eq(lane_case.story, "WC");
    nothing_left();
}

/* ---- who waits ---- */

/* Waits before anything else, and has its own answer when the feed returns. */
static void waits_for_the_one_before(struct th_item item)
{
    uint64_t first = item.sender - 1;
    lane_case_forget();
    cr_assert_eq(lane_case_feed(item), 0);
    cr_assert_eq(strncmp(lane_case.story, "WC", 2), 0, "%s", lane_case.story);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_null(strchr(lane_case.story, 'L'), "%s", lane_case.story);
    cr_assert_null(lane_case.lane.work);
}

Test(driver_lane, a_greeting_waits_and_sees_the_batch_before)
{
    lane_case_open(true);
    (void)feed_report(0, 5, 1);
    struct th_item hello = lane_case_hello(0);
    waits_for_the_one_before(hello);
    size_t i = 0;
    while (i < lane_case.answers_count && (lane_case.answered[i] != hello.sender ||
                                           lane_case.answers[i].kind != TH_TO_NODE_WELCOME))
        i++;
    cr_assert_lt(i, lane_case.answers_count);
    cr_assert_eq(lane_case.answers[i].body.welcome.size, 3 + LANE_OFFICERS + 1);
    lane_case_close();
}

Test(driver_lane, a_greeting_among_reports_has_its_batch_answered_at_once)
{
    lane_case_open(true);
    (void)feed_report(0, 5, 1);
    struct th_item items[] = {report(1, 5, 1), lane_case_hello(0), report(2, 5, 1)};
    cr_assert_eq(th_driver_feed(lane_case.driver, items, 3), 0);
    cr_assert_null(lane_case.lane.work);
    cr_assert_eq(verdict_of(items[2].sender), TH_VERDICT_ACCEPTED);
    lane_case_close();
}

Test(driver_lane, an_act_waits_and_sees_the_batch_before)
{
    lane_case_open(true);
    (void)feed_report(0, 5, 1);
    uint64_t acts = th_driver_counters(lane_case.driver)->acts;
    waits_for_the_one_before(lane_case_act(lane_case_entering(0, 7, 2)));
    cr_assert_eq(lane_case.result, 0);
    cr_assert_eq(th_driver_counters(lane_case.driver)->acts, acts + 1);
    cr_assert_eq(th_driver_counters(lane_case.driver)->entered, 1, "the second revision");
    lane_case_close();
}

Test(driver_lane, a_tick_waits_and_closes_over_the_batch_before)
{
    lane_case_open(true);
    (void)feed_report(0, 5, 1);
    int64_t ms = lane_case.province.half_year->due.ms + 1000 - lane_case.now.wall.ms;
    lane_case.now.wall.ms += ms;
    lane_case.now.boottime_ms += ms;
    waits_for_the_one_before(lane_case_tick());
    cr_assert(is_before('S', 'B'), "%s", lane_case.story);
    cr_assert_gt(lane_case_closings(), 0);
    lane_case_close();
}

Test(driver_lane, a_readmission_waits_for_the_batch_before)
{
    lane_case_open(true);
    (void)feed_report(0, 5, 1);
    struct th_item item = report(1, 6, 1);
    const struct th_submission *submission = item.submission.submission;
    const struct th_judgement judgement = {.obligation = submission->reports[0].obligation,
                                           .revision = submission->reports[0].revision,
                                           .report_digest = submission->header.report_digests[0],
                                           .verdict = TH_VERDICT_ACCEPTED,
                                           .accepted = true,
                                           .has_due = true,
                                           .due = lane_case.province.half_year->due,
                                           .first_received = lane_case.now.wall,
                                           .timeliness = TH_TIMELINESS_ON_TIME};
    const struct th_leaf leaf = {.kind = TH_ENTRY_SUBMISSION,
                                 .time = lane_case.now.wall,
                                 .clock = TH_CLOCK_STEADY,
                                 .mode = TH_MODE_LIVE,
                                 .unit = submission->header.unit,
                                 .has_header_digest = true,
                                 .header_digest = submission->header_digest,
                                 .judgements = &judgement,
                                 .judgements_count = 1};
    item.kind = TH_ITEM_READMISSION;
    item.readmission = (struct th_event_readmission){.submission = submission,
                                                     .raw = item.submission.raw,
                                                     .receipt = {(const uint8_t *)"receipt\n", 8},
                                                     .leaf = &leaf};
    waits_for_the_one_before(item);
    cr_assert_not_null(lane_case_answer(item.sender));
    lane_case_close();
}

/* The batch on the lane has a report of the half year; the year's book is not open. */
Test(driver_lane, a_book_is_read_after_the_batch_before_is_committed)
{
    lane_case_open(true);
    lane_case_restart();
    uint64_t first = feed_report(0, 5, 1);
    lane_case_forget();
    struct th_item item = lane_case_report(0, (struct th_paper){.figure = 5, .with_year = true});
    cr_assert_eq(lane_case_feed(item), 0);
    cr_assert(is_before('W', 'R'), "%s", lane_case.story);
    cr_assert(is_before('C', 'R'), "%s", lane_case.story);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(verdict_of(item.sender), TH_VERDICT_DUPLICATE, "the half year's");
    lane_case_close();
}

Test(driver_lane, a_correction_right_after_a_restart_finds_its_first_report)
{
    lane_case_open(true);
    for (uint32_t revision = 1; revision <= 6; revision++) {
        th_driver_press(lane_case.driver, revision % 2 == 0);
        uint64_t item = feed_report(0, 5 + revision, revision);
        lane_case_restart();
        cr_assert_eq(verdict_of(item), TH_VERDICT_ACCEPTED, "revision %u", revision);
    }
    lane_case_close();
}

/* ---- no room ---- */

Test(driver_lane, a_full_store_is_asked_again_when_the_batch_before_has_ended)
{
    lane_case_open(true);
    uint64_t first = feed_report(0, 5, 1);
    lane_case_forget();
    lane_case.full = 1;
    uint64_t second = feed_report(1, 6, 1);
    cr_assert_eq(strncmp(lane_case.story, "FWC", 3), 0, "%s", lane_case.story);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(verdict_of(second), TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_driver_counters(lane_case.driver)->busy, 0);
    lane_case_close();
}

Test(driver_lane, a_store_that_stays_full_tells_everyone_to_come_again)
{
    lane_case_open(true);
    uint64_t first = feed_report(0, 5, 1);
    lane_case_forget();
    lane_case.full = 2;
    uint64_t second = feed_report(1, 6, 1);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert(is_told_to_come_again(second), "%s", lane_case.story);
    cr_assert_eq(th_driver_counters(lane_case.driver)->busy, 1);
    lane_case.full = 1;
    uint64_t third = feed_report(1, 6, 1);
    cr_assert(is_told_to_come_again(third), "asked once: nothing is under way");
    uint64_t fourth = feed_report(1, 6, 1);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(verdict_of(fourth), TH_VERDICT_ACCEPTED);
    lane_case_close();
}

Test(driver_lane, a_settle_without_room_waits_and_says_that_there_is_no_more)
{
    bool more = true;
    lane_case_open(true);
    th_driver_press(lane_case.driver, true);
    uint64_t first = feed_report(0, 5, 1);
    lane_case.full = 2;
    cr_assert_eq(th_driver_settle(lane_case.driver, lane_case.now, &more), 0);
    cr_assert_not(more);
    cr_assert_eq(verdict_of(first), TH_VERDICT_ACCEPTED);
    cr_assert_gt(th_store_unsettled_count(lane_case.store), 0);
    lane_case_close();
}

/* ---- what is answered ---- */

static void verify(const struct th_outcome *outcome)
{
    static struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    struct th_leaf leaf;
    cr_assert_eq(outcome->receipts_count, 1);
    cr_assert_eq(th_tlog_proof_parse((const char *)outcome->receipts[0].bytes,
                                     outcome->receipts[0].size, &proof),
                 0);
    cr_assert_eq(th_tlog_proof_verify(&proof, &lane_case.signer.vkey, 1, LANE_CASE_REALM,
                                      proof.extra, proof.extra_size, &checkpoint),
                 0);
    cr_assert_eq(th_wire_leaf_decode((struct th_bytes){proof.extra, proof.extra_size},
                                     &lane_case.arena, &leaf),
                 0);
    cr_assert_eq(leaf.position, outcome->verdicts[0].position);
    cr_assert_eq(checkpoint.size, leaf.position + 1, "of its own batch");
    cr_assert_eq(memcmp(&leaf.header_digest, &outcome->header_digest, 32), 0);
}

Test(driver_lane, receipts_of_batches_that_overlap_verify_and_stay_the_same)
{
    uint64_t items[12];
    struct th_bytes first = {NULL, 0};
    lane_case_open(true);
    for (uint32_t i = 0; i < 12; i++) {
        th_driver_press(lane_case.driver, i % 3 > 0);
        items[i] = feed_report(i % 3, 5 + i, 1 + i / 3);
    }
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    for (unsigned i = 0; i < 12; i++) {
        cr_assert_eq(verdict_of(items[i]), TH_VERDICT_ACCEPTED, "%u", i);
        verify(&lane_case_answer(items[i])->body.outcome);
        if (i == 0)
            first = lane_case_answer(items[i])->body.outcome.receipts[0];
    }
    (void)feed_report(3, 1, 1);
    uint64_t again = feed_report(0, 5, 1); /* an older batch's receipt, from the tables */
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(verdict_of(again), TH_VERDICT_DUPLICATE);
    const struct th_outcome *outcome = &lane_case_answer(again)->body.outcome;
    cr_assert_eq(outcome->receipts[0].size, first.size);
    cr_assert_eq(memcmp(outcome->receipts[0].bytes, first.bytes, first.size), 0);
    lane_case_close();
}

Test(driver_lane, a_refusal_leaves_from_the_lane_signed)
{
    struct th_note note;
    lane_case_open(true);
    (void)feed_report(0, 5, 1);
    uint64_t conflict = feed_report(0, 6, 1);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    cr_assert_eq(verdict_of(conflict), TH_VERDICT_CONFLICT);
    const struct th_bytes refusal = lane_case_answer(conflict)->body.outcome.refusal;
    cr_assert_eq(th_tlog_note_verify((const char *)refusal.bytes, refusal.size,
                                     &lane_case.signer.vkey, 1, &note),
                 0);
    lane_case_close();
}
