/* SPDX-License-Identifier: Apache-2.0 */
/* A node whose connection was away: what waited goes in bundles, and each report has its answer. */
#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"
#include "tests/support/node_line.h"
#include "tests/support/outbox_damage.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_node_line line;

static void set_up(void)
{
    th_node_line_make(&line, TH_MODE_REHEARSAL);
}

static void tear_down(void)
{
    th_node_line_remove(&line);
}

TestSuite(node_backlog, .init = set_up, .fini = tear_down);

/* Items 1 to `count`, numbers 1 to `count`, read by the driver. */
static void queue(uint32_t count)
{
    for (uint32_t number = 1; number <= count; number++)
        th_node_case_submit_number(&line.node, number, 1, number);
    th_node_line_wait(&line, 1);
}

static size_t count_state(uint64_t count, enum th_item_state state)
{
    size_t found = 0;
    for (uint64_t id = 1; id <= count; id++)
        found += th_node_line_item(&line, id).state == state;
    return found;
}

static struct th_submission submission_at(size_t at)
{
    struct th_submission submission;
    cr_assert_lt(at, line.node.province.submissions_count);
    cr_assert_eq(
        th_wire_submission_decode(line.node.province.submissions[at], &line.arena, &submission), 0);
    return submission;
}

static bool is_same(size_t a, size_t b)
{
    const struct th_bytes *all = line.node.province.submissions;
    return all[a].size == all[b].size && memcmp(all[a].bytes, all[b].bytes, all[a].size) == 0;
}

Test(node_backlog, two_hundred_reports_go_in_four_submissions_with_a_receipt_for_each)
{
    queue(200);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.submissions_count, 4);
    cr_assert_eq(line.node.province.leaves_count, 4);
    cr_assert_eq(count_state(200, TH_ITEM_RECEIVED), 200);
    struct th_receipt receipt;
    for (uint64_t id = 1; id <= 200; id++) {
        struct th_outbox_item item = th_node_line_item(&line, id);
        th_node_line_open_newest(&line, id, &receipt);
        struct th_receipt_claim claim = {
            .mode = TH_MODE_REHEARSAL, .unit = "23734", .report_digest = item.report_digest};
        const struct th_judgement *judgement;
        cr_assert_eq(th_receipt_check(&receipt, &claim, &judgement), TH_RECEIPT_HOLDS);
        cr_assert_eq(item.position, (id - 1) / 64);
    }
    cr_assert_eq(line.told[TH_NEWS_SENT], 200);
    cr_assert_eq(line.told[TH_NEWS_SETTLED], 200);
    th_node_line_pass(&line, 1);
    cr_assert(th_node_driver_is_idle(line.driver));
}

Test(node_backlog, corrections_go_behind_what_they_correct)
{
    for (uint32_t revision = 1; revision <= 10; revision++)
        th_node_case_submit(&line.node, revision, revision);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.submissions_count, 1);
    struct th_submission submission = submission_at(0);
    cr_assert_eq(submission.header.reports_count, 10);
    for (uint32_t i = 0; i < 10; i++)
        cr_assert_eq(submission.reports[i].revision, i + 1);
}

Test(node_backlog, a_report_of_the_moment_goes_alone_at_once)
{
    th_node_line_connect(&line);
    th_node_case_submit_number(&line.node, 1, 1, 1);
    th_node_line_wait(&line, 1);
    th_node_case_submit_number(&line.node, 2, 1, 1);
    th_node_line_wait(&line, 1);
    th_node_line_exchange(&line);
    cr_assert_eq(line.node.province.submissions_count, 2);
    cr_assert_eq(submission_at(0).header.reports_count, 1);
    cr_assert_eq(th_node_line_item(&line, 1).bundle, 0);
}

Test(node_backlog, one_report_that_is_refused_has_its_reason_and_the_others_their_receipts)
{
    queue(100);
    line.node.province.has_refused = true;
    line.node.province.refused = th_node_line_item(&line, 50).report_digest;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(100, TH_ITEM_RECEIVED), 99);
    cr_assert_eq(th_node_line_item(&line, 50).state, TH_ITEM_REJECTED);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, 50, &line.arena, &detail), 0);
    cr_assert_eq(detail.reasons_count, 1);
    cr_assert_eq(memcmp(detail.reasons[0].rule.bytes, "R01", 3), 0);
    th_node_line_pass(&line, 1);
    cr_assert(th_node_driver_is_idle(line.driver));
}

static void refuse_the_third_of_five(void)
{
    queue(5);
    line.node.province.has_refused = true;
    line.node.province.refused = th_node_line_item(&line, 3).report_digest;
}

Test(node_backlog, a_refused_report_rests_on_the_receipt_of_one_that_went_along)
{
    struct th_bytes frame, answers[TH_FAKE_ANSWERS_MAX];
    refuse_the_third_of_five();
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    th_node_line_exchange_some(&line, 1); /* the hello */
    cr_assert(th_node_line_take(&line, &frame));
    cr_assert_eq(th_fake_answer(&line.node.province, frame, &line.arena, answers), 1);
    th_node_line_lose(
        &line); /* the answer is lost: the others are duplicates when they come again */
    cr_assert_eq(count_state(5, TH_ITEM_RECEIVED), 0);
    th_node_line_connect(&line);
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(count_state(5, TH_ITEM_RECEIVED), 4);
    cr_assert_eq(th_node_line_item(&line, 3).state, TH_ITEM_REJECTED);
}

Test(node_backlog, what_was_taken_is_not_refused_in_the_same_answer)
{
    queue(3);
    line.node.province.mood = TH_FAKE_TAKES_BACK;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(3, TH_ITEM_REJECTED), 0);
    cr_assert_eq(count_state(3, TH_ITEM_RECEIVED), 2);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(count_state(3, TH_ITEM_RECEIVED), 3);
}

Test(node_backlog, a_receipt_that_does_not_hold_lets_no_report_be_refused_beside_it)
{
    refuse_the_third_of_five();
    line.node.province.mood = TH_FAKE_FORGES;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(5, TH_ITEM_SENT), 5);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(count_state(5, TH_ITEM_RECEIVED), 4);
    cr_assert_eq(th_node_line_item(&line, 3).state, TH_ITEM_REJECTED);
}

Test(node_backlog, every_repetition_is_the_same_bytes_also_after_the_program_ended)
{
    queue(70);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.submissions_count, 2);
    th_node_case_submit_number(&line.node, 71, 1, 1);
    th_node_line_pass(&line, 40000);
    th_node_line_restart(&line);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(71, TH_ITEM_RECEIVED), 71);
    size_t count = line.node.province.submissions_count;
    bool has_first = false, has_second = false;
    for (size_t i = 2; i < count; i++) {
        has_first = has_first || is_same(i, 0);
        has_second = has_second || is_same(i, 1);
        cr_assert(is_same(i, 0) || is_same(i, 1) || submission_at(i).header.reports_count == 1);
    }
    cr_assert(has_first && has_second);
}

Test(node_backlog, an_answer_that_was_lost_comes_again_as_duplicates)
{
    queue(64);
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    th_node_line_exchange_some(&line, 1); /* the welcome */
    struct th_bytes frame, answers[TH_FAKE_ANSWERS_MAX];
    cr_assert(th_node_line_take(&line, &frame));
    cr_assert_eq(th_fake_answer(&line.node.province, frame, &line.arena, answers), 1);
    th_node_line_restart(&line); /* the answer is not heard */
    cr_assert_eq(count_state(64, TH_ITEM_SENT), 64);
    th_node_line_connect(&line);
    cr_assert_eq(count_state(64, TH_ITEM_RECEIVED), 64);
    cr_assert_eq(line.node.province.leaves_count, 1, "nothing counts twice");
    cr_assert(is_same(0, 1));
}

Test(node_backlog, a_province_that_takes_no_bundles_gets_the_reports_one_by_one)
{
    queue(30);
    line.node.province.mood = TH_FAKE_NO_BUNDLES;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(30, TH_ITEM_RECEIVED), 30);
    cr_assert_eq(line.node.province.submissions_count, 31);
    cr_assert(th_node_line_item(&line, 7).is_apart);
    cr_assert_eq(line.told[TH_NEWS_NOTICE], 1);
}

Test(node_backlog, what_came_apart_stays_apart_after_the_program_ended)
{
    queue(30);
    line.node.province.mood = TH_FAKE_NO_BUNDLES;
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    th_node_line_exchange_some(&line, 2); /* the welcome, and the bundle's failure */
    cr_assert_eq(count_state(30, TH_ITEM_SENT), TH_NODE_FLIGHT_MAX);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(count_state(30, TH_ITEM_RECEIVED), 30);
    for (size_t i = 1; i < line.node.province.submissions_count; i++)
        cr_assert_eq(submission_at(i).header.reports_count, 1);
}

Test(node_backlog, a_forged_receipt_settles_none_of_them)
{
    queue(5);
    line.node.province.mood = TH_FAKE_FORGES;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(5, TH_ITEM_SENT), 5);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_EVIDENCE), 5);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_pass(&line, 5000);
    cr_assert_eq(count_state(5, TH_ITEM_RECEIVED), 5);
}

Test(node_backlog, a_receipt_that_was_lost_on_the_disk_is_fetched_with_its_bundle)
{
    queue(5);
    th_node_line_connect(&line);
    struct th_outbox_settled settled = {.item = th_node_line_item(&line, 3)};
    settled.item.state = TH_ITEM_SENT; /* as th_outbox_scrub() leaves it */
    cr_assert_eq(th_outbox_settle(line.node.outbox, &settled, 1, settled.item.changed_at), 0);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, 3).state, TH_ITEM_RECEIVED);
    cr_assert_eq(line.node.province.submissions_count, 2);
    cr_assert(is_same(0, 1));
}

Test(node_backlog, reports_of_different_days_are_not_in_one_submission)
{
    struct th_outbox_item item = {.number = 1, .revision = 1, .has_prepared = true};
    item.prepared = (th_instant){INT64_C(1746550740000)}; /* 2025-05-06 23:59 in Vietnam */
    th_node_case_submit_number(&line.node, 1, 1, 1);
    struct th_outbox_item queued = th_node_line_item(&line, 1);
    (void)strcpy(item.plan, queued.plan);
    (void)strcpy(item.obligation, queued.obligation);
    item.plan_digest = queued.plan_digest;
    uint64_t id;
    for (uint32_t number = 2; number <= 5; number++) {
        struct th_bytes report;
        th_node_case_submit_number(&line.node, number + 10, 1, number);
        cr_assert_eq(th_outbox_get_report(line.node.outbox, number * 2 - 2, &line.arena, &report),
                     0);
        const struct th_tlog_part part = {report.bytes, report.size};
        th_tlog_sha256(&part, 1, &item.report_digest);
        item.number = number; /* the outbox does not read the bytes */
        if (number == 4)
            item.prepared.ms += 60000; /* the next day */
        cr_assert_eq(th_outbox_add(line.node.outbox, &item, report, item.prepared, &id), 0);
    }
    th_node_line_wait(&line, 1);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_connect(&line);
    size_t with_claim = 0;
    for (size_t i = 0; i < line.node.province.submissions_count; i++) {
        struct th_submission submission = submission_at(i);
        if (submission.header.reports_count == 2)
            with_claim++;
    }
    cr_assert_eq(with_claim, 2, "two of the one day, two of the next");
}

Test(node_backlog, a_bundle_that_the_log_lost_is_shown_again_once)
{
    queue(150);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.leaves_count, 3);
    th_fake_recover(&line.node.province, 1, true);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_readmitted(&line, 150), 86);
    cr_assert_leq(line.node.province.readmissions_count, 3);
    const struct th_bytes *receipts;
    size_t count;
    cr_assert_eq(th_outbox_get_earlier(line.node.outbox, 150, &line.arena, &receipts, &count), 0);
    cr_assert_eq(count, 1, "the receipt of then stays");
}

Test(node_backlog, a_bundle_that_is_damaged_on_the_disk_is_told_and_holds_up_nobody)
{
    queue(5);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_connect(&line);
    cr_assert_eq(count_state(5, TH_ITEM_SENT), 5);
    th_outbox_damage_table(line.node.outbox, TH_TABLE_BUNDLE);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_case_submit_number(&line.node, 6, 1, 6);
    th_node_line_pass(&line, 31000); /* overdue */
    for (int i = 0; i < 5; i++)
        th_node_line_pass(&line, 2000);
    cr_assert_eq(count_state(5, TH_ITEM_DAMAGED), 5);
    cr_assert_eq(th_node_line_item(&line, 6).state, TH_ITEM_RECEIVED);
    cr_assert_geq(line.told[TH_NEWS_ALARM], 5);
    cr_assert(th_node_driver_is_idle(line.driver));
}

Test(node_backlog, a_report_that_is_lost_does_not_come_apart_and_holds_up_no_other)
{
    queue(5);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_connect(&line);
    th_outbox_damage(line.node.outbox, TH_TABLE_REPORT, 2);
    th_node_line_restart(&line);
    cr_assert_eq(count_state(5, TH_ITEM_SENT), 5, "the bundle can be sent");
    line.node.province.mood = TH_FAKE_NO_BUNDLES;
    th_node_line_connect(&line);
    th_node_line_pass(&line, 1);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_DAMAGED);
    cr_assert_eq(count_state(5, TH_ITEM_RECEIVED), 4);
    cr_assert(th_node_driver_is_idle(line.driver));
}
