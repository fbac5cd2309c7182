/* SPDX-License-Identifier: Apache-2.0 */
/* A node and a log that is lost in part and goes on as another log. */
#define _GNU_SOURCE /* memmem */
#include "base/text.h"
#include "proto/wire/message.h"
#include "proto/wire/submission.h"
#include "tests/support/node_line.h"
#include "tests/support/outbox_damage.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_node_line line;

static void set_up(void)
{
    th_node_line_make(&line, TH_MODE_LIVE);
}

static void tear_down(void)
{
    th_node_line_remove(&line);
}

TestSuite(node_readmit, .init = set_up, .fini = tear_down);

static size_t count_earlier(uint64_t id)
{
    const struct th_bytes *receipts;
    size_t count;
    cr_assert_eq(th_outbox_get_earlier(line.node.outbox, id, &line.arena, &receipts, &count), 0);
    return count;
}

Test(node_readmit, what_the_log_lost_is_shown_again_in_the_order_of_old_positions)
{
    th_node_line_receive(&line, 20);
    th_instant received = line.node.province.now;
    line.node.province.now.ms += TH_DAY_MS;
    th_fake_recover(&line.node.province, 6, true);
    th_node_line_lose(&line);
    th_node_case_submit_number(&line.node, 30, 1, 30);
    th_node_line_pass(&line, 1);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0, "a shorter log of another name is no alarm");
    cr_assert_eq(line.node.province.readmitted_count, 14);
    for (size_t i = 0; i < 14; i++)
        cr_assert_eq(line.node.province.readmitted[i], 6 + i);
    for (uint64_t id = 1; id <= 20; id++) {
        struct th_outbox_item item = th_node_line_item(&line, id);
        cr_assert_eq(item.state, TH_ITEM_RECEIVED);
        cr_assert_eq(item.is_readmitted, id > 6, "item %zu", (size_t)id);
        cr_assert_eq(item.received_at.ms, received.ms, "the times stay");
        cr_assert_eq(item.first_received.ms, received.ms);
        cr_assert_eq(item.position, id - 1);
        cr_assert_eq(count_earlier(id), id > 6);
    }
    struct th_receipt newest;
    th_node_line_open_newest(&line, 20, &newest);
    cr_assert_str_eq(newest.checkpoint.origin, line.node.province.server.realm);
    cr_assert_gt(th_node_line_item(&line, 21).position, th_node_line_item(&line, 20).again_position,
                 "reports come after");
    struct th_submission submission;
    size_t last = line.node.province.submissions_count - 1;
    cr_assert_eq(
        th_wire_submission_decode(line.node.province.submissions[last], &line.arena, &submission),
        0);
    cr_assert_eq(memcmp(submission.header.realm.bytes, line.node.province.server.realm,
                        submission.header.realm.size),
                 0, "a report that was not frozen yet names the log as it is now");
}

Test(node_readmit, the_order_is_that_of_the_old_log_not_that_of_submitting)
{
    th_node_line_connect(&line);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_case_submit_number(&line.node, 1, 1, 1);
    th_node_line_pass(&line, 1);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_case_submit_number(&line.node, 2, 1, 2);
    th_node_line_pass(&line, 1);
    th_node_line_pass(&line, TH_NODE_ANSWER_MS);
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(th_node_line_item(&line, 1).position, 1);
    cr_assert_eq(th_node_line_item(&line, 2).position, 0);
    th_node_line_restart(&line);
    th_fake_recover(&line.node.province, 0, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.readmitted_count, 2);
    cr_assert_eq(line.node.province.readmitted[0], 0);
    cr_assert_eq(line.node.province.readmitted[1], 1);
}

/* The submission as it was frozen, and the receipt, are what is shown. */
Test(node_readmit, a_report_whose_own_bytes_are_damaged_is_shown_again)
{
    th_node_line_receive(&line, 3);
    th_outbox_damage(line.node.outbox, TH_TABLE_REPORT, 2);
    th_fake_recover(&line.node.province, 1, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.readmitted_count, 2);
    cr_assert(th_node_line_item(&line, 2).is_readmitted);
    th_node_line_restart(&line);
    th_fake_recover(&line.node.province, 1, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.readmitted_count, 4, "also when it was set aside");
}

Test(node_readmit, what_was_readmitted_is_not_shown_at_the_next_welcome)
{
    th_node_line_receive(&line, 3);
    th_fake_recover(&line.node.province, 1, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.readmissions_count, 2);
    th_node_line_connect(&line);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.readmissions_count, 2);
    cr_assert(th_node_driver_is_idle(line.driver));
}

Test(node_readmit, more_than_the_window_are_all_shown)
{
    uint32_t count = TH_NODE_AGAIN_WINDOW + 30;
    th_node_line_receive(&line, count);
    th_fake_recover(&line.node.province, 0, true);
    line.node.province.readmitted_count = 0;
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_readmitted(&line, count), count);
}

Test(node_readmit, a_connection_that_goes_in_between_loses_nothing)
{
    th_node_line_receive(&line, 12);
    th_fake_recover(&line.node.province, 2, true);
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    th_node_line_exchange_some(&line, 4); /* hello and three readmissions */
    cr_assert_eq(th_node_line_count_readmitted(&line, 12), 3);
    th_node_line_lose(&line);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_readmitted(&line, 12), 10);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
}

Test(node_readmit, answers_that_were_lost_come_again_as_duplicates)
{
    th_node_line_receive(&line, 4);
    th_fake_recover(&line.node.province, 0, true);
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    th_node_line_exchange_some(&line, 1);
    struct th_bytes frame, answers[TH_FAKE_ANSWERS_MAX];
    while (th_node_line_take(&line, &frame)) /* the province has them, the node does not know */
        (void)th_fake_answer(&line.node.province, frame, &line.arena, answers);
    uint64_t leaves = line.node.province.leaves_count;
    cr_assert_eq(th_node_line_count_readmitted(&line, 4), 0);
    th_node_line_restart(&line); /* as after a crash */
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_readmitted(&line, 4), 4);
    cr_assert_eq(line.node.province.leaves_count, leaves, "nothing counts twice");
    cr_assert_eq(count_earlier(1), 1);
}

Test(node_readmit, a_second_loss_readmits_from_the_newest_receipt)
{
    th_node_line_receive(&line, 4);
    th_fake_recover(&line.node.province, 2, true);
    th_node_line_connect(&line);
    uint64_t size = line.node.province.lost_from + 1; /* the entry that recovered it stays */
    th_fake_recover(&line.node.province, size, true);
    line.node.province.readmitted_count = 0;
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.readmitted_count, 2);
    cr_assert_eq(line.node.province.readmitted[0], 3);
    cr_assert_eq(count_earlier(3), 2);
    cr_assert_eq(count_earlier(1), 0);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
}

Test(node_readmit, what_is_not_taken_now_is_tried_later_and_stays_received)
{
    th_node_line_receive(&line, 2);
    th_fake_recover(&line.node.province, 1, true);
    line.node.province.mood = TH_FAKE_REJECTS;
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_RECEIVED);
    cr_assert_eq(line.told[TH_NEWS_LATER], 1);
    cr_assert_eq(th_node_driver_on_time(line.driver), 0);
    cr_assert(th_node_driver_is_idle(line.driver), "nobody waits for it");
    line.node.province.mood = TH_FAKE_REFUSES;
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(line.told[TH_NEWS_LATER], 2);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_pass(&line, TH_NODE_BACKOFF_MAX_MS);
    cr_assert(th_node_line_item(&line, 2).is_readmitted);
}

Test(node_readmit, a_long_reason_is_cut_between_characters)
{
    th_node_line_receive(&line, 1);
    th_fake_recover(&line.node.province, 0, true);
    line.node.province.mood = TH_FAKE_REJECTS;
    for (size_t shift = 0; shift < 3; shift++) { /* "ế" has three bytes */
        char why[1000] = "";
        memset(why, 'x', shift);
        for (size_t i = 0; i < 300; i++)
            (void)strcat(why, "ế");
        line.node.province.why = why;
        th_node_line_connect(&line);
        cr_assert_eq(line.told[TH_NEWS_LATER], shift + 1);
        cr_assert_gt(strlen(line.last_text), 300);
        cr_assert(th_text_is_utf8(line.last_text, strlen(line.last_text)), "%zu", shift);
    }
}

Test(node_readmit, silence_is_followed_by_the_same_frame)
{
    th_node_line_receive(&line, 1);
    th_fake_recover(&line.node.province, 0, true);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_connect(&line);
    cr_assert_not(th_node_driver_is_idle(line.driver));
    th_node_line_pass(&line, TH_NODE_ANSWER_MS);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(line.node.province.readmissions_count, 2);
    cr_assert(th_node_line_item(&line, 1).is_readmitted);
}

Test(node_readmit, another_content_in_the_new_log_raises_the_alarm_with_both)
{
    th_node_line_receive(&line, 2);
    th_fake_recover(&line.node.province, 1, true);
    line.node.province.mood = TH_FAKE_CONFLICTS;
    th_node_line_connect(&line);
    struct th_outbox_item item = th_node_line_item(&line, 2);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert_not(item.is_readmitted);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    const struct th_notice *notices;
    size_t count;
    cr_assert_eq(th_outbox_get_notices(line.node.outbox, &line.arena, &notices, &count), 0);
    const struct th_notice *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (notices[i].kind == TH_NOTICE_EVIDENCE)
            found = &notices[i];
    cr_assert_not_null(found);
    cr_assert_eq(found->item, 2);
    cr_assert_not_null(memmem(found->text.bytes, found->text.size, "ab000000", 8), "theirs");
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, 2, &line.arena, &detail), 0);
    cr_assert_eq(found->evidence.size, detail.receipt.size, "the old receipt is the evidence");
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_EVIDENCE), 1, "told once");
}

static const enum th_fake_mood liars[] = {TH_FAKE_FORGES,     TH_FAKE_NAMES_OTHERS,
                                          TH_FAKE_OTHER_MODE, TH_FAKE_OTHER_UNIT,
                                          TH_FAKE_NO_RECEIPT, TH_FAKE_OLD_LOG};

Test(node_readmit, a_new_receipt_that_does_not_hold_leaves_the_old_one)
{
    for (size_t i = 0; i < sizeof liars / sizeof liars[0]; i++) {
        if (i > 0) {
            tear_down();
            set_up();
        }
        th_node_line_receive(&line, 1);
        th_fake_recover(&line.node.province, 0, true);
        line.node.province.mood = liars[i];
        th_node_line_connect(&line);
        cr_assert_eq(line.told[TH_NEWS_ALARM], 1, "mood %d", (int)liars[i]);
        cr_assert_not(th_node_line_item(&line, 1).is_readmitted);
        cr_assert_eq(th_node_line_item(&line, 1).state, TH_ITEM_RECEIVED);
        cr_assert_eq(count_earlier(1), 0);
        line.node.province.mood = TH_FAKE_FAIR;
        th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
        cr_assert(th_node_line_item(&line, 1).is_readmitted, "mood %d", (int)liars[i]);
    }
}

Test(node_readmit, a_shorter_log_of_the_same_name_is_an_alarm_after_a_recovery_too)
{
    th_node_line_receive(&line, 6);
    th_fake_recover(&line.node.province, 2, true);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
    line.node.province.leaves_count -= 2;
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_EVIDENCE), 1);
}

static struct th_bytes hello_receipt(void)
{
    struct th_bytes frame;
    struct th_to_aggregator message;
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    cr_assert(th_node_line_take(&line, &frame));
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &line.arena, &message), 0);
    return message.hello.newest_receipt;
}

static void expect_hello(const char *log, uint64_t position)
{
    struct th_receipt receipt;
    cr_assert_eq(th_receipt_open(hello_receipt(), &line.node.province.keys, &line.arena, &receipt),
                 0);
    cr_assert_str_eq(receipt.checkpoint.origin, log);
    cr_assert_eq(receipt.leaf.position, position);
}

Test(node_readmit, hello_shows_the_newest_receipt_of_the_newest_log)
{
    th_node_line_receive(&line, 5);
    char first[64];
    (void)strcpy(first, line.node.province.server.realm);
    th_fake_recover(&line.node.province, 3, true);
    line.node.province.mood = TH_FAKE_REJECTS;
    th_node_line_connect(&line); /* knows the new log, has no receipt of it */
    expect_hello(first, 4);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_connect(&line);
    expect_hello(line.node.province.server.realm, 5);
    th_node_line_restart(&line);
    expect_hello(line.node.province.server.realm, 5);
}
