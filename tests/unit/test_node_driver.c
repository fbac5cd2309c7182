/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "proto/receipt/refusal.h"
#include "proto/tlog/hash.h"
#include "proto/wire/message.h"
#include "proto/wire/plan.h"
#include "proto/wire/submission.h"
#include "tests/support/node_line.h"
#include "tests/support/outbox_damage.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <errno.h>
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

TestSuite(node_driver, .init = set_up, .fini = tear_down);

Test(node_driver, a_report_gets_its_receipt)
{
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    struct th_outbox_item item = th_node_line_item(&line, id);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert(item.has_position);
    cr_assert_eq(item.received_at.ms, line.node.province.now.ms);
    cr_assert_eq(item.timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(item.attempts, 1);
    th_node_line_wait(&line, 1);
    cr_assert(th_node_driver_is_idle(line.driver));
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, id, &line.arena, &detail), 0);
    cr_assert_eq(memcmp(detail.receipt.bytes, "c2sp.org/tlog-proof@v1\n", 23), 0);
}

Test(node_driver, repetitions_are_byte_for_byte_the_same_also_after_a_restart)
{
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    th_node_line_wait(&line, TH_NODE_ANSWER_MS);
    th_node_line_pass(&line, TH_NODE_BACKOFF_MAX_MS);
    th_node_line_restart(&line);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_RECEIVED);
    cr_assert_eq(th_node_line_item(&line, id).attempts, 2,
                 "as far as it is kept: 1 before the restart, 1 after");
    cr_assert_eq(line.node.province.submissions_count, 3);
    for (size_t i = 1; i < 3; i++) {
        cr_assert_eq(line.node.province.submissions[i].size,
                     line.node.province.submissions[0].size);
        cr_assert_eq(memcmp(line.node.province.submissions[i].bytes,
                            line.node.province.submissions[0].bytes,
                            line.node.province.submissions[0].size),
                     0);
    }
}

Test(node_driver, a_lost_receipt_is_answered_again_with_the_same_one)
{
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    struct th_bytes hello, sent, answers[TH_FAKE_ANSWERS_MAX];
    cr_assert(th_node_line_take(&line, &hello));
    cr_assert_eq(th_fake_answer(&line.node.province, hello, &line.arena, answers), 1);
    cr_assert_eq(th_node_driver_on_frame(line.driver, answers[0]), 0);
    cr_assert(th_node_line_take(&line, &sent));
    cr_assert_eq(th_fake_answer(&line.node.province, sent, &line.arena, answers), 1); /* lost */
    th_node_line_lose(&line);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_RECEIVED);
    cr_assert_eq(line.node.province.leaves_count, 1);
}

static size_t count_evidence(void)
{
    const struct th_notice *notices;
    size_t count, found = 0;
    cr_assert_eq(th_outbox_get_notices(line.node.outbox, &line.arena, &notices, &count), 0);
    for (size_t i = 0; i < count; i++)
        found += notices[i].kind == TH_NOTICE_EVIDENCE && notices[i].item != 0 &&
                 notices[i].evidence.size > 0;
    return found;
}

/* Two reports with receipts, on a connection. */
static void get_two_receipts(void)
{
    th_node_line_connect(&line);
    th_node_case_submit_number(&line.node, 1, 1, 12);
    th_node_line_pass(&line, 1);
    th_node_case_submit_number(&line.node, 2, 1, 12);
    th_node_line_pass(&line, 1);
    cr_assert_eq(line.node.province.leaves_count, 2);
}

Test(node_driver, a_log_that_only_grows_raises_no_alarm)
{
    get_two_receipts();
    th_node_line_connect(&line);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    th_node_case_submit_number(&line.node, 3, 1, 12);
    th_node_line_pass(&line, 1);
    cr_assert_eq(line.node.province.leaves_count, 3);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 0);
    cr_assert_eq(count_evidence(), 0);
}

Test(node_driver, a_log_shorter_than_a_receipt_that_is_held_is_told_once_for_each_size)
{
    get_two_receipts();
    line.node.province.leaves_count = 1;
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    cr_assert_eq(count_evidence(), 1);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1, "the same size again");
    cr_assert(th_node_driver_was_welcomed(line.driver), "reports go on");
    line.node.province.leaves_count = 0;
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 2);
    cr_assert_eq(count_evidence(), 2);
}

Test(node_driver, a_shorter_log_is_noticed_after_a_restart_too)
{
    get_two_receipts();
    th_node_line_restart(&line);
    line.node.province.leaves_count = 1;
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    cr_assert_eq(count_evidence(), 1, "it was told before the restart");
}

Test(node_driver, another_root_for_a_size_that_is_held_is_evidence)
{
    get_two_receipts();
    line.node.province.leaves_count =
        1; /* forgets the second report and takes another one instead */
    uint64_t id = th_node_case_submit_number(&line.node, 3, 1, 12);
    th_node_line_pass(&line, 1);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_RECEIVED,
                 "its receipt is signed and holds");
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    cr_assert_eq(count_evidence(), 1);
}

Test(node_driver, another_root_is_noticed_after_a_restart_too)
{
    get_two_receipts();
    th_node_line_restart(&line);
    line.node.province.leaves_count = 0;
    th_node_case_submit_number(&line.node, 3, 1, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 2, "the shorter log and the other root");
    cr_assert_eq(count_evidence(), 2);
}

static const struct {
    enum th_fake_mood mood;
    const char *name;
} liars[] = {{TH_FAKE_FORGES, "another key"},
             {TH_FAKE_NAMES_OTHERS, "another report"},
             {TH_FAKE_OTHER_MODE, "another mode"},
             {TH_FAKE_OTHER_UNIT, "another unit"},
             {TH_FAKE_NO_RECEIPT, "no receipt"}};

Test(node_driver, a_receipt_that_does_not_hold_is_kept_as_evidence_and_the_report_is_sent_again)
{
    for (size_t i = 0; i < sizeof liars / sizeof liars[0]; i++) {
        if (i > 0) {
            tear_down();
            set_up();
        }
        line.node.province.mood = liars[i].mood;
        uint64_t id = th_node_case_submit(&line.node, 0, 12);
        th_node_line_wait(&line, 1);
        th_node_line_connect(&line);
        cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_SENT, "%s", liars[i].name);
        cr_assert_eq(line.told[TH_NEWS_ALARM], 1, "%s", liars[i].name);
        const struct th_notice *notices;
        size_t count;
        cr_assert_eq(th_outbox_get_notices(line.node.outbox, &line.arena, &notices, &count), 0);
        cr_assert_eq(count, 1);
        cr_assert_eq(notices[0].kind, TH_NOTICE_EVIDENCE);
        cr_assert_eq(notices[0].item, id);
        cr_assert_eq(notices[0].evidence.size > 0, liars[i].mood != TH_FAKE_NO_RECEIPT);
        line.node.province.mood = TH_FAKE_FAIR;
        th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
        cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_RECEIVED, "%s", liars[i].name);
    }
}

Test(node_driver, a_clock_that_is_wrong_is_told_once_and_only_of_real_reports)
{
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_CLOCK], 0, "a rehearsal has a clock of its own");
    th_node_line_remove(&line);
    th_node_line_make(&line, TH_MODE_LIVE);
    line.node.province.now.ms = TH_NODE_CASE_NOW_MS - 100000;
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_CLOCK], 0, "what a bad line may take");
    line.node.province.now.ms = TH_NODE_CASE_NOW_MS + INT64_C(24) * 3600 * 1000;
    th_node_line_lose(&line);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_CLOCK], 1);
    cr_assert_not_null(strstr(line.last_text, "chậm chừng 24 giờ"), "%s", line.last_text);
    th_node_line_lose(&line);
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_CLOCK], 1);
    cr_assert(th_node_driver_was_welcomed(line.driver), "reports go on");
}

Test(node_driver, a_stranger_gets_no_report)
{
    line.node.province.mood = TH_FAKE_STRANGER;
    th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    cr_assert_eq(line.node.province.submissions_count, 0);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    cr_assert_not(th_node_driver_was_welcomed(line.driver));
}

Test(node_driver, a_welcome_after_the_connection_went_is_not_one)
{
    struct th_bytes hello, answers[TH_FAKE_ANSWERS_MAX];
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    cr_assert(th_node_line_take(&line, &hello));
    cr_assert_eq(th_fake_answer(&line.node.province, hello, &line.arena, answers), 1);
    line.is_blocked = true; /* the hello that is repeated finds no room: held for lost */
    th_node_line_wait(&line, TH_NODE_ANSWER_MS);
    th_node_line_wait(&line, TH_NODE_BACKOFF_MAX_MS);
    cr_assert_eq(th_node_driver_on_frame(line.driver, answers[0]), 0);
    cr_assert_eq(line.told[TH_NEWS_READY], 0);
    cr_assert_not(th_node_driver_was_welcomed(line.driver));
    line.is_blocked = false;
    th_node_line_connect(&line);
    cr_assert_eq(line.told[TH_NEWS_READY], 1);
    cr_assert(th_node_driver_was_welcomed(line.driver));
}

Test(node_driver, a_rejection_is_kept_with_its_reasons)
{
    line.node.province.mood = TH_FAKE_REJECTS;
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_REJECTED);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, id, &line.arena, &detail), 0);
    cr_assert_eq(detail.reasons_count, 1);
    cr_assert_eq(memcmp(detail.reasons[0].field.bytes, "value.TCD01", 11), 0);
}

static const struct {
    enum th_fake_mood mood;
    const char *name;
    bool has_evidence;
} refusers[] = {{TH_FAKE_NO_REFUSAL, "nothing signed", false},
                {TH_FAKE_FORGES_REFUSALS, "another key", true},
                {TH_FAKE_REFUSES_OTHERS, "another submission", true},
                {TH_FAKE_REFUSES_OTHERWISE, "another rule", true},
                {TH_FAKE_BORROWS, "a receipt of another submission", false}};

Test(node_driver, a_rejection_that_nobody_signed_settles_nothing)
{
    for (size_t i = 0; i < sizeof refusers / sizeof refusers[0]; i++) {
        const char *name = refusers[i].name;
        if (i > 0) {
            tear_down();
            set_up();
        }
        th_node_line_receive(&line, 1);
        line.node.province.mood = refusers[i].mood;
        uint64_t id = th_node_case_submit(&line.node, 0, 12);
        th_node_line_pass(&line, 1);
        cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_SENT, "%s", name);
        cr_assert_eq(line.told[TH_NEWS_ALARM], 1, "%s", name);
        const struct th_notice *notices;
        size_t count;
        cr_assert_eq(th_outbox_get_notices(line.node.outbox, &line.arena, &notices, &count), 0);
        cr_assert_eq(count, 1, "%s", name);
        cr_assert_eq(notices[0].kind, TH_NOTICE_EVIDENCE);
        cr_assert_eq(notices[0].item, id);
        cr_assert_eq(notices[0].evidence.size > 0, refusers[i].has_evidence, "%s", name);
        line.node.province.mood = TH_FAKE_REJECTS;
        th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
        cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_REJECTED, "%s", name);
    }
}

Test(node_driver, what_the_province_signed_is_kept_with_a_rejection)
{
    line.node.province.mood = TH_FAKE_REJECTS;
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    struct th_outbox_item item = th_node_line_item(&line, id);
    struct th_outbox_detail detail;
    struct th_refusal refusal;
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, id, &line.arena, &detail), 0);
    cr_assert_eq(th_refusal_open(detail.refusal, &line.node.home.log_keys, &line.arena, &refusal),
                 0);
    const struct th_refusal_line *said = th_refusal_find(&refusal, &item.report_digest);
    cr_assert_not_null(said);
    cr_assert_eq(said->verdict, TH_VERDICT_REJECTED);
    cr_assert_eq(memcmp(&refusal.header_digest, &item.header_digest, sizeof item.header_digest), 0);
}

Test(node_driver, a_conflict_shows_both_and_raises_no_revision)
{
    line.node.province.mood = TH_FAKE_CONFLICTS;
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    struct th_outbox_item item = th_node_line_item(&line, id);
    cr_assert_eq(item.state, TH_ITEM_CONFLICT);
    cr_assert_eq(item.revision, 1);
    cr_assert(item.has_stored_digest);
    cr_assert_eq(item.stored_digest.bytes[0], 0xab);
    cr_assert_eq(item.next_revision, 4);
    th_node_line_wait(&line, 1);
    cr_assert(th_node_driver_is_idle(line.driver));
}

Test(node_driver, put_off_is_tried_again_and_refused_is_not)
{
    line.node.province.mood = TH_FAKE_PUTS_OFF;
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_SENT);
    line.node.province.mood = TH_FAKE_REFUSES;
    th_node_line_pass(&line, TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_REJECTED);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(line.node.outbox, id, &line.arena, &detail), 0);
    cr_assert_eq(memcmp(detail.reasons[0].rule.bytes, "busy", 4), 0);
}

Test(node_driver, a_connection_that_takes_nothing_loses_nothing)
{
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    line.is_blocked = true;
    th_node_line_wait(&line, 1);
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    line.is_blocked = false;
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_RECEIVED);
}

Test(node_driver, more_reports_than_the_window_are_all_sent)
{
    for (uint32_t revision = 1; revision <= TH_NODE_WINDOW + 20; revision++)
        th_node_case_submit(&line.node, revision, revision);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    th_node_line_pass(&line, 1);
    cr_assert_eq(line.node.province.taken_count, TH_NODE_WINDOW + 20);
    th_node_line_wait(&line, 1);
    cr_assert(th_node_driver_is_idle(line.driver));
}

Test(node_driver, a_reminder_is_kept_once)
{
    th_node_line_connect(&line);
    struct th_bytes reminder = th_fake_reminder(&line.node.province, &line.arena);
    cr_assert_eq(th_node_driver_on_frame(line.driver, reminder), 0);
    cr_assert_eq(th_node_driver_on_frame(line.driver, reminder), 0);
    const struct th_notice *notices;
    size_t count;
    cr_assert_eq(th_outbox_get_notices(line.node.outbox, &line.arena, &notices, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(notices[0].kind, TH_NOTICE_REMINDER);
}

static bool disk_is_full; /* for small files */

int __real_th_file_write(const char *path, mode_t mode, const void *bytes, size_t size);
int __wrap_th_file_write(const char *path, mode_t mode, const void *bytes, size_t size);

int __wrap_th_file_write(const char *path, mode_t mode, const void *bytes, size_t size)
{
    if (!disk_is_full)
        return __real_th_file_write(path, mode, bytes, size);
    errno = ENOSPC;
    return TH_E_IO;
}

/* A plan of the province arrives, in its `version`-th wording. */
static int take_announcement(uint32_t version, struct th_digest *ret_digest)
{
    char title[32];
    struct th_plan plan = th_sample_plan();
    struct th_to_node message = {.kind = TH_TO_NODE_ANNOUNCEMENT};
    struct th_bytes frame;
    (void)snprintf(title, sizeof title, "Kế hoạch %u", version);
    plan.title = title;
    message.body.announcement.kind = TH_ANNOUNCEMENT_PLAN;
    cr_assert_eq(th_wire_plan_encode(&plan, &line.arena, &message.body.announcement.content), 0);
    cr_assert_eq(th_wire_to_node_encode(&message, &line.arena, &frame), 0);
    const struct th_tlog_part part = {message.body.announcement.content.bytes,
                                      message.body.announcement.content.size};
    th_tlog_sha256(&part, 1, ret_digest);
    return th_node_driver_on_frame(line.driver, frame);
}

static struct th_digest announce(uint32_t version)
{
    struct th_digest digest;
    cr_assert_eq(take_announcement(version, &digest), 0);
    return digest;
}

Test(node_driver, a_plan_that_finds_no_room_is_told_as_a_full_disk)
{
    struct th_digest digest;
    disk_is_full = true;
    cr_assert_eq(take_announcement(1, &digest), TH_E_STORAGE);
    disk_is_full = false;
    cr_assert_eq(th_node_line_count_notices(&line, TH_NOTICE_FAILURE), 0);
    th_node_line_restart(&line);
    (void)announce(1);
}

Test(node_driver, an_announcement_that_comes_again_leaves_room_for_others_in_the_hello)
{
    for (int i = 0; i < TH_LIMIT_KNOWN_MAX; i++)
        (void)announce(1);
    struct th_digest last = announce(2);
    struct th_bytes frame;
    struct th_to_aggregator hello;
    cr_assert_eq(th_node_driver_on_connected(line.driver), 0);
    cr_assert(th_node_line_take(&line, &frame));
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &line.arena, &hello), 0);
    cr_assert_eq(hello.hello.known_count, 4, "the list of units, the plan at first, two of it");
    cr_assert(th_tlog_digest_equal(&hello.hello.known[3], &last));
}

Test(node_driver, rubbish_is_dropped_and_told_once)
{
    const struct th_bytes rubbish = {(const uint8_t *)"\xff", 1};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(th_node_driver_on_frame(line.driver, rubbish), 0);
        cr_assert_eq(line.told[TH_NEWS_ALARM], 1);
    }
}

Test(node_driver, a_rehearsal_prepares_at_the_provinces_time)
{
    th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    struct th_submission submission;
    cr_assert_eq(
        th_wire_submission_decode(line.node.province.submissions[0], &line.arena, &submission), 0);
    cr_assert_eq(submission.header.prepared.ms, line.node.province.now.ms);
    cr_assert_eq(submission.header.mode, TH_MODE_REHEARSAL);
}

Test(node_driver, a_real_report_is_prepared_when_it_is_submitted)
{
    tear_down();
    th_node_line_make(&line, TH_MODE_LIVE);
    th_node_case_submit(&line.node, 0, 12);
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    struct th_submission submission;
    cr_assert_eq(
        th_wire_submission_decode(line.node.province.submissions[0], &line.arena, &submission), 0);
    cr_assert_eq(submission.header.prepared.ms, TH_NODE_CASE_NOW_MS);
}

Test(node_driver, submitted_without_a_connection_keeps_the_time_that_was_last_heard)
{
    th_node_line_connect(&line);
    th_instant heard = line.node.province.now;
    th_node_line_lose(&line);
    th_node_case_submit(&line.node, 0, 12);
    line.node.province.now.ms += 3 * TH_DAY_MS; /* the deadline may have passed */
    th_node_line_wait(&line, 40 * 1000);
    th_node_line_connect(&line);
    th_node_line_wait(&line, 40 * 1000);
    struct th_submission submission;
    cr_assert_eq(
        th_wire_submission_decode(line.node.province.submissions[0], &line.arena, &submission), 0);
    cr_assert_eq(submission.header.prepared.ms, heard.ms);
}

Test(node_driver, what_can_be_neither_sent_nor_proved_is_told_and_not_waited_for)
{
    th_node_line_receive(&line, 2);
    th_outbox_damage(line.node.outbox, TH_TABLE_FROZEN, 1);
    th_outbox_damage(line.node.outbox, TH_TABLE_DETAIL, 1);
    th_node_line_restart(&line);
    th_node_line_connect(&line);
    th_node_line_pass(&line, 1);
    cr_assert_eq(th_node_line_item(&line, 1).state, TH_ITEM_DAMAGED);
    cr_assert_eq(th_node_line_item(&line, 2).state, TH_ITEM_RECEIVED);
    cr_assert_eq(line.told[TH_NEWS_ALARM], 1, "once, at the start");
    cr_assert(th_node_driver_is_idle(line.driver));
}

Test(node_driver, what_was_sent_gets_its_receipt_although_the_report_was_lost_since)
{
    uint64_t id = th_node_case_submit(&line.node, 0, 12);
    line.node.province.mood = TH_FAKE_SILENT;
    th_node_line_wait(&line, 1);
    th_node_line_connect(&line);
    th_outbox_damage(line.node.outbox, TH_TABLE_REPORT, id);
    th_node_line_restart(&line);
    line.node.province.mood = TH_FAKE_FAIR;
    th_node_line_connect(&line);
    cr_assert_eq(th_node_line_item(&line, id).state, TH_ITEM_RECEIVED);
}
