/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/driver/driver.h"
#include "proto/wire/submission.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 64

static struct th_node_case node;
static struct th_node_driver *driver;
static struct th_arena arena;
static int64_t now_ms;
static bool is_blocked;
static size_t alarms, settled;
static struct {
    uint8_t *bytes;
    size_t size;
} frames[FRAMES_MAX];
static size_t frames_count;

static int port_send(void *context, struct th_bytes frame)
{
    (void)context;
    if (is_blocked)
        return TH_E_BUSY;
    cr_assert_lt(frames_count, FRAMES_MAX);
    frames[frames_count].bytes = malloc(frame.size);
    memcpy(frames[frames_count].bytes, frame.bytes, frame.size);
    frames[frames_count++].size = frame.size;
    return 0;
}

static int64_t port_now_ms(void *context)
{
    (void)context;
    return now_ms;
}

static th_instant port_wall(void *context)
{
    (void)context;
    return (th_instant){INT64_C(1746600000000) + now_ms};
}

static void port_random(void *context, void *ret_bytes, size_t size)
{
    static uint8_t counter;
    (void)context;
    memset(ret_bytes, ++counter, size);
}

static void port_tell(void *context, const struct th_node_news *news)
{
    (void)context;
    alarms += news->kind == TH_NEWS_ALARM;
    settled += news->kind == TH_NEWS_SETTLED;
}

static const struct th_node_ports ports = {.send = port_send,
                                           .now_ms = port_now_ms,
                                           .wall = port_wall,
                                           .random = port_random,
                                           .tell = port_tell};

static void start_driver(void)
{
    cr_assert_eq(th_node_driver_new(&node.home, node.keys, node.outbox, &ports, &driver), 0);
}

static void set_up_as(enum th_mode mode)
{
    th_node_case_make(&node, mode, "tcp://127.0.0.1:1");
    th_node_case_open(&node);
    th_arena_init(&arena, 1 << 16, 64 << 20);
    now_ms = 1000;
    is_blocked = false;
    frames_count = alarms = settled = 0;
    start_driver();
}

static void set_up(void)
{
    set_up_as(TH_MODE_REHEARSAL);
}

static void tear_down(void)
{
    th_node_driver_free(driver);
    th_node_case_close(&node);
    th_node_case_remove(&node);
    th_arena_deinit(&arena);
    for (size_t i = 0; i < frames_count; i++)
        free(frames[i].bytes);
}

TestSuite(node_driver, .init = set_up, .fini = tear_down);

/* Gives everything that was sent to the province, and its answers to the driver. */
static void exchange(void)
{
    while (frames_count > 0) {
        struct th_bytes frame = {frames[0].bytes, frames[0].size};
        frames_count--;
        memmove(&frames[0], &frames[1], frames_count * sizeof frames[0]);
        struct th_bytes answers[TH_FAKE_ANSWERS_MAX];
        size_t count = th_fake_answer(&node.province, frame, &arena, answers);
        free((void *)(uintptr_t)frame.bytes);
        for (size_t i = 0; i < count; i++)
            cr_assert_eq(th_node_driver_on_frame(driver, answers[i]), 0);
    }
}

static void pass(int64_t ms)
{
    now_ms += ms;
    cr_assert_eq(th_node_driver_on_time(driver), 0);
}

static void connect_node(void)
{
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    exchange();
}

static struct th_outbox_item item_of(uint64_t id)
{
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    return item;
}

Test(node_driver, a_report_gets_its_receipt)
{
    uint64_t id = th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    struct th_outbox_item item = item_of(id);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert(item.has_position);
    cr_assert_eq(item.received_at.ms, node.province.now.ms);
    cr_assert_eq(item.timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(item.attempts, 1);
    pass(1);
    cr_assert(th_node_driver_is_idle(driver));
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(node.outbox, id, &arena, &detail), 0);
    cr_assert_eq(memcmp(detail.receipt.bytes, "c2sp.org/tlog-proof@v1\n", 23), 0);
}

Test(node_driver, repetitions_are_byte_for_byte_the_same_also_after_a_restart)
{
    uint64_t id = th_node_case_submit(&node, 0, 12);
    node.province.mood = TH_FAKE_SILENT;
    pass(1);
    connect_node();
    pass(TH_NODE_ANSWER_MS);
    pass(TH_NODE_BACKOFF_MAX_MS);
    exchange();
    th_node_driver_free(driver);
    th_node_case_close(&node);
    th_node_case_open(&node);
    start_driver();
    node.province.mood = TH_FAKE_FAIR;
    connect_node();
    cr_assert_eq(item_of(id).state, TH_ITEM_RECEIVED);
    cr_assert_eq(item_of(id).attempts, 2, "as far as it is kept: 1 before the restart, 1 after");
    cr_assert_eq(node.province.submissions_count, 3);
    for (size_t i = 1; i < 3; i++) {
        cr_assert_eq(node.province.submissions[i].size, node.province.submissions[0].size);
        cr_assert_eq(memcmp(node.province.submissions[i].bytes, node.province.submissions[0].bytes,
                            node.province.submissions[0].size),
                     0);
    }
}

Test(node_driver, a_lost_receipt_is_answered_again_with_the_same_one)
{
    uint64_t id = th_node_case_submit(&node, 0, 12);
    pass(1);
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    struct th_bytes hello = {frames[0].bytes, frames[0].size}, answers[TH_FAKE_ANSWERS_MAX];
    cr_assert_eq(th_fake_answer(&node.province, hello, &arena, answers), 1);
    cr_assert_eq(th_node_driver_on_frame(driver, answers[0]), 0);
    struct th_bytes sent = {frames[1].bytes, frames[1].size};
    cr_assert_eq(th_fake_answer(&node.province, sent, &arena, answers), 1); /* lost */
    cr_assert_eq(th_node_driver_on_lost(driver), 0);
    while (frames_count > 0)
        free(frames[--frames_count].bytes);
    connect_node();
    cr_assert_eq(item_of(id).state, TH_ITEM_RECEIVED);
    cr_assert_eq(node.province.leaves_count, 1);
}

static size_t count_evidence(void)
{
    const struct th_notice *notices;
    size_t count, found = 0;
    cr_assert_eq(th_outbox_get_notices(node.outbox, &arena, &notices, &count), 0);
    for (size_t i = 0; i < count; i++)
        found += notices[i].kind == TH_NOTICE_EVIDENCE && notices[i].item != 0 &&
                 notices[i].evidence.size > 0;
    return found;
}

/* Two reports with receipts, on a connection. */
static void get_two_receipts(void)
{
    th_node_case_submit_number(&node, 1, 1, 12);
    th_node_case_submit_number(&node, 2, 1, 12);
    pass(1);
    connect_node();
    cr_assert_eq(node.province.leaves_count, 2);
}

static void restart(void)
{
    th_node_driver_free(driver);
    th_node_case_close(&node);
    th_node_case_open(&node);
    start_driver();
}

Test(node_driver, a_log_that_only_grows_raises_no_alarm)
{
    get_two_receipts();
    connect_node();
    restart();
    connect_node();
    th_node_case_submit_number(&node, 3, 1, 12);
    pass(1);
    exchange();
    cr_assert_eq(node.province.leaves_count, 3);
    cr_assert_eq(alarms, 0);
    cr_assert_eq(count_evidence(), 0);
}

Test(node_driver, a_log_shorter_than_a_receipt_that_is_held_is_told_once_for_each_size)
{
    get_two_receipts();
    node.province.leaves_count = 1;
    connect_node();
    cr_assert_eq(alarms, 1);
    cr_assert_eq(count_evidence(), 1);
    connect_node();
    cr_assert_eq(alarms, 1, "the same size again");
    cr_assert(th_node_driver_was_welcomed(driver), "reports go on");
    node.province.leaves_count = 0;
    connect_node();
    cr_assert_eq(alarms, 2);
    cr_assert_eq(count_evidence(), 2);
}

Test(node_driver, a_shorter_log_is_noticed_after_a_restart_too)
{
    get_two_receipts();
    restart();
    node.province.leaves_count = 1;
    connect_node();
    cr_assert_eq(alarms, 1);
    restart();
    connect_node();
    cr_assert_eq(count_evidence(), 1, "it was told before the restart");
}

Test(node_driver, another_root_for_a_size_that_is_held_is_evidence)
{
    get_two_receipts();
    node.province.leaves_count = 1; /* forgets the second report and takes another one instead */
    uint64_t id = th_node_case_submit_number(&node, 3, 1, 12);
    pass(1);
    exchange();
    cr_assert_eq(item_of(id).state, TH_ITEM_RECEIVED, "its receipt is signed and holds");
    cr_assert_eq(alarms, 1);
    cr_assert_eq(count_evidence(), 1);
}

Test(node_driver, another_root_is_noticed_after_a_restart_too)
{
    get_two_receipts();
    restart();
    node.province.leaves_count = 0;
    th_node_case_submit_number(&node, 3, 1, 12);
    pass(1);
    connect_node();
    cr_assert_eq(alarms, 2, "the shorter log and the other root");
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
        node.province.mood = liars[i].mood;
        uint64_t id = th_node_case_submit(&node, 0, 12);
        pass(1);
        connect_node();
        cr_assert_eq(item_of(id).state, TH_ITEM_SENT, "%s", liars[i].name);
        cr_assert_eq(alarms, 1, "%s", liars[i].name);
        const struct th_notice *notices;
        size_t count;
        cr_assert_eq(th_outbox_get_notices(node.outbox, &arena, &notices, &count), 0);
        cr_assert_eq(count, 1);
        cr_assert_eq(notices[0].kind, TH_NOTICE_EVIDENCE);
        cr_assert_eq(notices[0].item, id);
        cr_assert_eq(notices[0].evidence.size > 0, liars[i].mood != TH_FAKE_NO_RECEIPT);
        node.province.mood = TH_FAKE_FAIR;
        pass(TH_NODE_BACKOFF_FIRST_MS);
        exchange();
        cr_assert_eq(item_of(id).state, TH_ITEM_RECEIVED, "%s", liars[i].name);
    }
}

Test(node_driver, a_stranger_gets_no_report)
{
    node.province.mood = TH_FAKE_STRANGER;
    th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    cr_assert_eq(node.province.submissions_count, 0);
    cr_assert_eq(alarms, 1);
    cr_assert_not(th_node_driver_was_welcomed(driver));
}

Test(node_driver, a_rejection_is_kept_with_its_reasons)
{
    node.province.mood = TH_FAKE_REJECTS;
    uint64_t id = th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    cr_assert_eq(item_of(id).state, TH_ITEM_REJECTED);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(node.outbox, id, &arena, &detail), 0);
    cr_assert_eq(detail.reasons_count, 1);
    cr_assert_eq(memcmp(detail.reasons[0].field.bytes, "value.TCD01", 11), 0);
}

Test(node_driver, a_conflict_shows_both_and_raises_no_revision)
{
    node.province.mood = TH_FAKE_CONFLICTS;
    uint64_t id = th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    struct th_outbox_item item = item_of(id);
    cr_assert_eq(item.state, TH_ITEM_CONFLICT);
    cr_assert_eq(item.revision, 1);
    cr_assert(item.has_stored_digest);
    cr_assert_eq(item.stored_digest.bytes[0], 0xab);
    cr_assert_eq(item.next_revision, 4);
    pass(1);
    cr_assert(th_node_driver_is_idle(driver));
}

Test(node_driver, put_off_is_tried_again_and_refused_is_not)
{
    node.province.mood = TH_FAKE_PUTS_OFF;
    uint64_t id = th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    cr_assert_eq(item_of(id).state, TH_ITEM_SENT);
    node.province.mood = TH_FAKE_REFUSES;
    pass(TH_NODE_BACKOFF_FIRST_MS);
    exchange();
    cr_assert_eq(item_of(id).state, TH_ITEM_REJECTED);
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(node.outbox, id, &arena, &detail), 0);
    cr_assert_eq(memcmp(detail.reasons[0].rule.bytes, "busy", 4), 0);
}

Test(node_driver, a_connection_that_takes_nothing_loses_nothing)
{
    uint64_t id = th_node_case_submit(&node, 0, 12);
    is_blocked = true;
    pass(1);
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    is_blocked = false;
    connect_node();
    cr_assert_eq(item_of(id).state, TH_ITEM_RECEIVED);
}

Test(node_driver, more_reports_than_the_window_are_all_sent)
{
    for (uint32_t revision = 1; revision <= TH_NODE_WINDOW + 20; revision++)
        th_node_case_submit(&node, revision, revision);
    pass(1);
    connect_node();
    pass(1);
    exchange();
    cr_assert_eq(node.province.taken_count, TH_NODE_WINDOW + 20);
    pass(1);
    cr_assert(th_node_driver_is_idle(driver));
}

Test(node_driver, a_reminder_is_kept_once)
{
    connect_node();
    struct th_bytes reminder = th_fake_reminder(&node.province, &arena);
    cr_assert_eq(th_node_driver_on_frame(driver, reminder), 0);
    cr_assert_eq(th_node_driver_on_frame(driver, reminder), 0);
    const struct th_notice *notices;
    size_t count;
    cr_assert_eq(th_outbox_get_notices(node.outbox, &arena, &notices, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(notices[0].kind, TH_NOTICE_REMINDER);
}

Test(node_driver, rubbish_is_dropped_and_counted)
{
    uint64_t before = th_node_driver_dropped_frames(driver);
    cr_assert_eq(th_node_driver_on_frame(driver, (struct th_bytes){(const uint8_t *)"\xff", 1}), 0);
    cr_assert_eq(th_node_driver_dropped_frames(driver), before + 1);
}

Test(node_driver, a_rehearsal_prepares_at_the_provinces_time)
{
    th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    struct th_submission submission;
    cr_assert_eq(th_wire_submission_decode(node.province.submissions[0], &arena, &submission), 0);
    cr_assert_eq(submission.header.prepared.ms, node.province.now.ms);
    cr_assert_eq(submission.header.mode, TH_MODE_REHEARSAL);
}

Test(node_driver, a_real_report_is_prepared_when_it_is_submitted)
{
    tear_down();
    set_up_as(TH_MODE_LIVE);
    th_node_case_submit(&node, 0, 12);
    pass(1);
    connect_node();
    struct th_submission submission;
    cr_assert_eq(th_wire_submission_decode(node.province.submissions[0], &arena, &submission), 0);
    cr_assert_eq(submission.header.prepared.ms, TH_NODE_CASE_NOW_MS);
}

Test(node_driver, submitted_without_a_connection_keeps_the_time_that_was_last_heard)
{
    connect_node();
    th_instant heard = node.province.now;
    cr_assert_eq(th_node_driver_on_lost(driver), 0);
    th_node_case_submit(&node, 0, 12);
    node.province.now.ms += 3 * TH_DAY_MS; /* the deadline may have passed */
    pass(40 * 1000);
    connect_node();
    pass(40 * 1000);
    struct th_submission submission;
    cr_assert_eq(th_wire_submission_decode(node.province.submissions[0], &arena, &submission), 0);
    cr_assert_eq(submission.header.prepared.ms, heard.ms);
}
