/* SPDX-License-Identifier: Apache-2.0 */
/* A node and a log that gets another key, or is lost in part and goes on as another log. */
#define _GNU_SOURCE /* memmem */
#include "nodes/driver/driver.h"
#include "nodes/home/trust.h"
#include "proto/exchange/keys_file.h"
#include "proto/receipt/receipt.h"
#include "proto/wire/message.h"
#include "proto/wire/submission.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct th_node_case node;
static struct th_node_driver *driver;
static struct th_arena arena;
static int64_t now_ms;
static size_t alarms, notices_told, put_off;
static struct frame {
    uint8_t *bytes;
    size_t size;
    struct frame *next;
} * first_frame, **last_frame = &first_frame;

static int port_send(void *context, struct th_bytes bytes)
{
    (void)context;
    struct frame *frame = malloc(sizeof *frame);
    *frame = (struct frame){malloc(bytes.size), bytes.size, NULL};
    memcpy(frame->bytes, bytes.bytes, bytes.size);
    *last_frame = frame;
    last_frame = &frame->next;
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
    notices_told += news->kind == TH_NEWS_NOTICE;
    put_off += news->kind == TH_NEWS_LATER;
}

static const struct th_node_ports ports = {.send = port_send,
                                           .now_ms = port_now_ms,
                                           .wall = port_wall,
                                           .random = port_random,
                                           .tell = port_tell};

/* The oldest frame that was sent; false: none. */
static bool take_frame(struct th_bytes *ret_bytes)
{
    struct frame *frame = first_frame;
    if (frame == NULL)
        return false;
    first_frame = frame->next;
    if (first_frame == NULL)
        last_frame = &first_frame;
    *ret_bytes = (struct th_bytes){
        (const uint8_t *)th_arena_copy_text(&arena, (const char *)frame->bytes, frame->size),
        frame->size};
    free(frame->bytes);
    free(frame);
    return true;
}

static void drop_frames(void)
{
    struct th_bytes ignored;
    while (take_frame(&ignored)) {
    }
}

static void start(void)
{
    th_node_case_open(&node);
    cr_assert_eq(th_node_driver_new(&node.home, node.keys, node.outbox, &ports, &driver), 0);
}

static void stop(void)
{
    th_node_driver_free(driver);
    th_node_case_close(&node);
    drop_frames();
}

static void set_up(void)
{
    th_node_case_make(&node, TH_MODE_LIVE, "tcp://127.0.0.1:1");
    th_arena_init(&arena, 1 << 16, 256 << 20);
    now_ms = 1000;
    alarms = notices_told = put_off = 0;
    start();
}

static void tear_down(void)
{
    stop();
    th_node_case_remove(&node);
    th_arena_deinit(&arena);
}

TestSuite(node_readmit, .init = set_up, .fini = tear_down);

/* Carries up to `count` frames to the province, and its answers back. */
static void exchange_some(size_t count)
{
    struct th_bytes frame, answers[TH_FAKE_ANSWERS_MAX];
    for (; count > 0 && take_frame(&frame); count--) {
        size_t answers_count = th_fake_answer(&node.province, frame, &arena, answers);
        for (size_t i = 0; i < answers_count; i++)
            cr_assert_eq(th_node_driver_on_frame(driver, answers[i]), 0);
    }
}

static void exchange(void)
{
    exchange_some(SIZE_MAX);
}

static void pass(int64_t ms)
{
    now_ms += ms;
    cr_assert_eq(th_node_driver_on_time(driver), 0);
    exchange();
}

static void connect_node(void)
{
    drop_frames();
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    exchange();
}

static void restart(void)
{
    stop();
    start();
}

/* Received reports 1 to `count`, at the positions 0 to count - 1. */
static void receive(uint32_t count)
{
    connect_node();
    for (uint32_t number = 1; number <= count; number++)
        th_node_case_submit_number(&node, number, 1, number);
    while (node.province.leaves_count < count)
        pass(1);
}

static struct th_outbox_item item_of(uint64_t id)
{
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    return item;
}

static size_t count_earlier(uint64_t id)
{
    const struct th_bytes *receipts;
    size_t count;
    cr_assert_eq(th_outbox_get_earlier(node.outbox, id, &arena, &receipts, &count), 0);
    return count;
}

static size_t count_readmitted(uint64_t count)
{
    size_t found = 0;
    for (uint64_t id = 1; id <= count; id++)
        found += item_of(id).is_readmitted;
    return found;
}

static size_t count_notices(enum th_notice_kind kind)
{
    const struct th_notice *notices;
    size_t count, found = 0;
    cr_assert_eq(th_outbox_get_notices(node.outbox, &arena, &notices, &count), 0);
    for (size_t i = 0; i < count; i++)
        found += notices[i].kind == kind;
    return found;
}

static bool has_keys_file(void)
{
    char path[TH_HOME_PATH_SIZE];
    cr_assert_eq(th_home_path(node.home_path, TH_KEYS_FILE, path), 0);
    return access(path, F_OK) == 0;
}

static void open_newest(uint64_t id, struct th_receipt *ret_receipt)
{
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(node.outbox, id, &arena, &detail), 0);
    cr_assert_eq(th_receipt_open(detail.receipt, &node.home.log_keys, &arena, ret_receipt), 0);
}

/* ---- keys ---- */

Test(node_readmit, a_rotation_is_followed_and_both_receipts_hold)
{
    receive(2);
    th_fake_rotate(&node.province);
    connect_node();
    cr_assert_eq(alarms, 0);
    cr_assert_eq(count_notices(TH_NOTICE_LOG_KEY), 1);
    cr_assert_eq(node.home.log_keys.count, 2);
    th_node_case_submit_number(&node, 3, 1, 3);
    pass(1);
    struct th_receipt old, new;
    open_newest(1, &old);
    open_newest(3, &new);
    cr_assert_eq(old.key, &node.home.log_keys.items[0]);
    cr_assert_eq(new.key, &node.home.log_keys.items[1]);
    restart();
    cr_assert_eq(node.home.log_keys.count, 2, "it was on the disk");
    connect_node();
    cr_assert_eq(notices_told, 1, "told once");
    cr_assert_eq(alarms, 0);
}

Test(node_readmit, a_node_that_was_away_for_several_keys_follows_all)
{
    receive(1);
    th_fake_rotate(&node.province);
    th_fake_recover(&node.province, 1, true);
    th_fake_rotate(&node.province);
    connect_node();
    cr_assert_eq(node.home.log_keys.count, 4);
    cr_assert_str_eq(th_home_log(&node.home), node.province.server.realm);
    cr_assert_eq(alarms, 0);
    th_node_case_submit_number(&node, 3, 1, 3);
    pass(1);
    cr_assert_eq(item_of(2).state, TH_ITEM_RECEIVED);
}

static void expect_refusal(void)
{
    th_node_case_submit_number(&node, 9, 1, 9);
    size_t submissions = node.province.submissions_count;
    connect_node();
    pass(1);
    cr_assert_eq(alarms, 1);
    cr_assert_eq(count_notices(TH_NOTICE_STRANGER), 1);
    cr_assert_eq(node.province.submissions_count, submissions, "nothing is sent");
    cr_assert_eq(node.province.readmissions_count, 0);
    cr_assert_eq(node.home.log_keys.count, 1);
    cr_assert_not(has_keys_file());
}

Test(node_readmit, a_succession_with_a_changed_bit_is_refused)
{
    receive(1);
    th_fake_rotate(&node.province);
    struct th_log_key *key = &node.province.keys.items[1];
    key->succession[key->succession_size - 10] ^= 1;
    expect_refusal();
}

Test(node_readmit, a_succession_that_another_key_signed_is_refused)
{
    receive(1);
    struct th_note_signer good = node.province.signer;
    node.province.signer = node.province.forger;
    th_log_keys_begin(&node.province.forger.vkey, &node.province.keys);
    th_fake_rotate(&node.province);
    expect_refusal();
    node.province.signer = good;
}

Test(node_readmit, a_key_that_is_not_the_one_in_the_succession_is_refused)
{
    receive(1);
    th_fake_rotate(&node.province);
    node.province.keys.items[1].vkey = node.province.forger.vkey;
    expect_refusal();
}

Test(node_readmit, one_bad_key_at_the_end_spoils_the_good_one_before_it)
{
    receive(1);
    th_fake_rotate(&node.province);
    th_node_case_submit_number(&node, 5, 1, 5);
    node.province.leaves_count++;
    th_fake_rotate(&node.province);
    node.province.keys.items[2].after++;
    expect_refusal();
}

Test(node_readmit, a_server_that_is_behind_the_known_log_is_a_stranger)
{
    receive(2);
    struct th_fake before = node.province;
    th_fake_recover(&node.province, 1, true);
    connect_node();
    cr_assert_eq(alarms, 0);
    before.readmissions_count = node.province.readmissions_count;
    memcpy(&node.province.keys, &before.keys, sizeof before.keys);
    node.province.server = before.server;
    node.province.signer = before.signer;
    node.province.has_lost = false;
    th_node_case_submit_number(&node, 5, 1, 5);
    connect_node();
    cr_assert_eq(count_notices(TH_NOTICE_STRANGER), 1);
    cr_assert_eq(item_of(3).state, TH_ITEM_QUEUED);
}

/* ---- recovery ---- */

Test(node_readmit, what_the_log_lost_is_shown_again_in_the_order_of_old_positions)
{
    receive(20);
    th_instant received = node.province.now;
    node.province.now.ms += TH_DAY_MS;
    th_fake_recover(&node.province, 6, true);
    cr_assert_eq(th_node_driver_on_lost(driver), 0);
    th_node_case_submit_number(&node, 30, 1, 30);
    pass(1);
    connect_node();
    cr_assert_eq(alarms, 0, "a shorter log of another name is no alarm");
    cr_assert_eq(node.province.readmitted_count, 14);
    for (size_t i = 0; i < 14; i++)
        cr_assert_eq(node.province.readmitted[i], 6 + i);
    for (uint64_t id = 1; id <= 20; id++) {
        struct th_outbox_item item = item_of(id);
        cr_assert_eq(item.state, TH_ITEM_RECEIVED);
        cr_assert_eq(item.is_readmitted, id > 6, "item %zu", (size_t)id);
        cr_assert_eq(item.received_at.ms, received.ms, "the times stay");
        cr_assert_eq(item.first_received.ms, received.ms);
        cr_assert_eq(item.position, id - 1);
        cr_assert_eq(count_earlier(id), id > 6);
    }
    struct th_receipt newest;
    open_newest(20, &newest);
    cr_assert_str_eq(newest.checkpoint.origin, node.province.server.realm);
    cr_assert_gt(item_of(21).position, item_of(20).again_position, "reports come after");
    struct th_submission submission;
    size_t last = node.province.submissions_count - 1;
    cr_assert_eq(th_wire_submission_decode(node.province.submissions[last], &arena, &submission),
                 0);
    cr_assert_eq(memcmp(submission.header.realm.bytes, node.province.server.realm,
                        submission.header.realm.size),
                 0, "a report that was not frozen yet names the log as it is now");
}

Test(node_readmit, the_order_is_that_of_the_old_log_not_that_of_submitting)
{
    connect_node();
    node.province.mood = TH_FAKE_SILENT;
    th_node_case_submit_number(&node, 1, 1, 1);
    pass(1);
    node.province.mood = TH_FAKE_FAIR;
    th_node_case_submit_number(&node, 2, 1, 2);
    pass(1);
    pass(TH_NODE_ANSWER_MS);
    pass(TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(item_of(1).position, 1);
    cr_assert_eq(item_of(2).position, 0);
    restart();
    th_fake_recover(&node.province, 0, true);
    connect_node();
    cr_assert_eq(node.province.readmitted_count, 2);
    cr_assert_eq(node.province.readmitted[0], 0);
    cr_assert_eq(node.province.readmitted[1], 1);
}

Test(node_readmit, what_was_readmitted_is_not_shown_at_the_next_welcome)
{
    receive(3);
    th_fake_recover(&node.province, 1, true);
    connect_node();
    cr_assert_eq(node.province.readmissions_count, 2);
    connect_node();
    restart();
    connect_node();
    cr_assert_eq(node.province.readmissions_count, 2);
    cr_assert(th_node_driver_is_idle(driver));
}

Test(node_readmit, more_than_the_window_are_all_shown)
{
    uint32_t count = TH_NODE_AGAIN_WINDOW + 30;
    receive(count);
    th_fake_recover(&node.province, 0, true);
    node.province.readmitted_count = 0;
    connect_node();
    cr_assert_eq(count_readmitted(count), count);
}

Test(node_readmit, a_connection_that_goes_in_between_loses_nothing)
{
    receive(12);
    th_fake_recover(&node.province, 2, true);
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    exchange_some(4); /* hello and three readmissions */
    cr_assert_eq(count_readmitted(12), 3);
    cr_assert_eq(th_node_driver_on_lost(driver), 0);
    connect_node();
    cr_assert_eq(count_readmitted(12), 10);
    cr_assert_eq(alarms, 0);
}

Test(node_readmit, answers_that_were_lost_come_again_as_duplicates)
{
    receive(4);
    th_fake_recover(&node.province, 0, true);
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    exchange_some(1);
    struct th_bytes frame, answers[TH_FAKE_ANSWERS_MAX];
    while (take_frame(&frame)) /* the province has them, the node does not know */
        (void)th_fake_answer(&node.province, frame, &arena, answers);
    uint64_t leaves = node.province.leaves_count;
    cr_assert_eq(count_readmitted(4), 0);
    restart(); /* as after a crash */
    connect_node();
    cr_assert_eq(count_readmitted(4), 4);
    cr_assert_eq(node.province.leaves_count, leaves, "nothing counts twice");
    cr_assert_eq(count_earlier(1), 1);
}

Test(node_readmit, a_second_loss_readmits_from_the_newest_receipt)
{
    receive(4);
    th_fake_recover(&node.province, 2, true);
    connect_node();
    uint64_t size = node.province.lost_from + 1; /* the entry that recovered it stays */
    th_fake_recover(&node.province, size, true);
    node.province.readmitted_count = 0;
    connect_node();
    cr_assert_eq(node.province.readmitted_count, 2);
    cr_assert_eq(node.province.readmitted[0], 3);
    cr_assert_eq(count_earlier(3), 2);
    cr_assert_eq(count_earlier(1), 0);
    cr_assert_eq(alarms, 0);
}

Test(node_readmit, what_is_not_taken_now_is_tried_later_and_stays_received)
{
    receive(2);
    th_fake_recover(&node.province, 1, true);
    node.province.mood = TH_FAKE_REJECTS;
    connect_node();
    cr_assert_eq(item_of(2).state, TH_ITEM_RECEIVED);
    cr_assert_eq(put_off, 1);
    cr_assert_eq(th_node_driver_on_time(driver), 0);
    cr_assert(th_node_driver_is_idle(driver), "nobody waits for it");
    node.province.mood = TH_FAKE_REFUSES;
    pass(TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(put_off, 2);
    node.province.mood = TH_FAKE_FAIR;
    pass(TH_NODE_BACKOFF_MAX_MS);
    cr_assert(item_of(2).is_readmitted);
}

Test(node_readmit, silence_is_followed_by_the_same_frame)
{
    receive(1);
    th_fake_recover(&node.province, 0, true);
    node.province.mood = TH_FAKE_SILENT;
    connect_node();
    cr_assert_not(th_node_driver_is_idle(driver));
    pass(TH_NODE_ANSWER_MS);
    node.province.mood = TH_FAKE_FAIR;
    pass(TH_NODE_BACKOFF_FIRST_MS);
    cr_assert_eq(node.province.readmissions_count, 2);
    cr_assert(item_of(1).is_readmitted);
}

Test(node_readmit, another_content_in_the_new_log_raises_the_alarm_with_both)
{
    receive(2);
    th_fake_recover(&node.province, 1, true);
    node.province.mood = TH_FAKE_CONFLICTS;
    connect_node();
    struct th_outbox_item item = item_of(2);
    cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    cr_assert_not(item.is_readmitted);
    cr_assert_eq(alarms, 1);
    const struct th_notice *notices;
    size_t count;
    cr_assert_eq(th_outbox_get_notices(node.outbox, &arena, &notices, &count), 0);
    const struct th_notice *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (notices[i].kind == TH_NOTICE_EVIDENCE)
            found = &notices[i];
    cr_assert_not_null(found);
    cr_assert_eq(found->item, 2);
    cr_assert_not_null(memmem(found->text.bytes, found->text.size, "ab000000", 8), "theirs");
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(node.outbox, 2, &arena, &detail), 0);
    cr_assert_eq(found->evidence.size, detail.receipt.size, "the old receipt is the evidence");
    connect_node();
    cr_assert_eq(count_notices(TH_NOTICE_EVIDENCE), 1, "told once");
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
        receive(1);
        th_fake_recover(&node.province, 0, true);
        node.province.mood = liars[i];
        connect_node();
        cr_assert_eq(alarms, 1, "mood %d", (int)liars[i]);
        cr_assert_not(item_of(1).is_readmitted);
        cr_assert_eq(item_of(1).state, TH_ITEM_RECEIVED);
        cr_assert_eq(count_earlier(1), 0);
        node.province.mood = TH_FAKE_FAIR;
        pass(TH_NODE_BACKOFF_FIRST_MS);
        cr_assert(item_of(1).is_readmitted, "mood %d", (int)liars[i]);
    }
}

Test(node_readmit, a_shorter_log_of_the_same_name_is_an_alarm_after_a_recovery_too)
{
    receive(6);
    th_fake_recover(&node.province, 2, true);
    connect_node();
    cr_assert_eq(alarms, 0);
    node.province.leaves_count -= 2;
    connect_node();
    cr_assert_eq(alarms, 1);
    restart();
    connect_node();
    cr_assert_eq(count_notices(TH_NOTICE_EVIDENCE), 1);
}

static struct th_bytes hello_receipt(void)
{
    struct th_bytes frame;
    struct th_to_aggregator message;
    cr_assert_eq(th_node_driver_on_connected(driver), 0);
    cr_assert(take_frame(&frame));
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &arena, &message), 0);
    return message.hello.newest_receipt;
}

static void expect_hello(const char *log, uint64_t position)
{
    struct th_receipt receipt;
    cr_assert_eq(th_receipt_open(hello_receipt(), &node.province.keys, &arena, &receipt), 0);
    cr_assert_str_eq(receipt.checkpoint.origin, log);
    cr_assert_eq(receipt.leaf.position, position);
}

Test(node_readmit, hello_shows_the_newest_receipt_of_the_newest_log)
{
    receive(5);
    char first[64];
    (void)strcpy(first, node.province.server.realm);
    th_fake_recover(&node.province, 3, true);
    node.province.mood = TH_FAKE_REJECTS;
    connect_node(); /* knows the new log, has no receipt of it */
    expect_hello(first, 4);
    node.province.mood = TH_FAKE_FAIR;
    connect_node();
    expect_hello(node.province.server.realm, 5);
    restart();
    expect_hello(node.province.server.realm, 5);
}

/* ---- an officer vouches ---- */

static void trust_new_server(uint64_t held)
{
    struct th_problems problems;
    struct th_home_trust trust;
    th_problems_init(&problems);
    th_fake_write_server(&node.province, node.server_path, "tcp://127.0.0.1:2");
    cr_assert_eq(th_home_compare_server(&node.home, node.server_path, &problems, &trust), 0);
    cr_assert(trust.has_new_log_key);
    cr_assert_eq(th_home_trust_server(&node.home, &trust, held, &problems), 0);
    th_problems_deinit(&problems);
}

Test(node_readmit, a_lost_key_needs_an_officer_and_then_all_goes_on)
{
    receive(4);
    th_fake_recover(&node.province, 2, false);
    expect_refusal();
    trust_new_server(4);
    restart();
    cr_assert_eq(node.home.log_keys.count, 2);
    cr_assert_str_eq(node.home.server.address, "tcp://127.0.0.1:2");
    connect_node();
    cr_assert_eq(alarms, 1, "the one before");
    cr_assert_eq(count_readmitted(4), 2);
    cr_assert_eq(item_of(5).state, TH_ITEM_RECEIVED);
    th_fake_rotate(&node.province);
    connect_node();
    cr_assert_eq(node.home.log_keys.count, 3, "and the next keys are followed as before");
}
