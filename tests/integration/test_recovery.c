/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real aggregator after a loss, seen from a node over CURVE: what is shown of the log that was
 * lost, keys that end at an instant, and acts that never come over the operator's socket.
 */
#include "aggregator/shell/secrets.h"
#include "proto/receipt/receipt.h"
#include "proto/wire/journal.h"
#include "tests/support/daemon_case.h"
#include "tests/support/recovery_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define CUT_MS 8000 /* the sweep comes every 5 s */

static struct th_daemon_case made;
static struct th_recovery_case offline; /* the same folder while no daemon has it */
static struct th_secrets old_keys, new_keys;
static struct th_log_keys history; /* of the new log */

static void set_up(void)
{
    th_daemon_case_make(&made);
}

static void tear_down(void)
{
    th_daemon_case_remove(&made);
}

TestSuite(recovery, .init = set_up, .fini = tear_down, .timeout = 60);

static int64_t store_time(void)
{
    struct th_to_node answer = th_daemon_case_hello(&made);
    cr_assert_eq(answer.kind, TH_TO_NODE_WELCOME);
    return answer.body.welcome.now.ms;
}

static void set_clock(int64_t ms)
{
    cr_assert_eq(th_daemon_act(&made.run, (struct th_act){.kind = TH_ACT_SET_CLOCK, .to = {ms}}),
                 0);
}

/* ---- the store while no daemon has it ---- */

static void offline_begin(void)
{
    char problem[TH_SECRETS_PROBLEM_SIZE];
    offline = (struct th_recovery_case){.store = NULL};
    th_arena_init(&offline.arena, 65536, (size_t)16 << 20);
    (void)snprintf(offline.folder, sizeof offline.folder, "%s", made.run.folder);
    cr_assert_eq(th_secrets_read(made.run.folder, TH_PROVINCE_REALM,
                                 made.run.server.log_key.public_key, problem, &old_keys),
                 0, "%s", problem);
    cr_assert_eq(th_secrets_make(TH_RECOVERY_CASE_REALM, &new_keys), 0);
    offline.first = old_keys.signer;
    offline.next = new_keys.signer;
}

static void offline_end(void)
{
    th_recovery_case_close(&offline);
    th_secrets_deinit(&old_keys);
    th_secrets_deinit(&new_keys);
    th_arena_deinit(&offline.arena);
}

static void recover(void)
{
    th_daemon_case_stop(&made);
    offline_begin();
    th_recovery_case_copy_file(&offline, "old.data", "data.mdb");
    offline.signer = &offline.next;
    cr_assert_eq(th_secrets_write_next(made.run.folder, &new_keys), 0);
    cr_assert_eq(th_recovery_case_open(&offline, TH_STORE_RECOVER), 0);
    cr_assert_eq(th_recovery_case_recover(&offline), 0);
    history = *th_store_log_keys(offline.store);
    offline_end();
    cr_assert_eq(th_secrets_promote(made.run.folder), 0);
    th_daemon_case_start(&made);
}

/* A report that only the lost log has; the clock goes on behind its deadline. */
static struct th_kept lose(void)
{
    th_daemon_case_stop(&made);
    (void)snprintf(offline.folder, sizeof offline.folder, "%s", made.run.folder);
    th_recovery_case_copy_file(&offline, "data.mdb", "old.data");
    th_daemon_case_start(&made);
    struct th_kept kept = {.raw = th_daemon_case_write(&made, (struct th_paper){.figure = 5})};
    struct th_to_node answer;
    cr_assert(th_caller_submit(&made.caller, kept.raw, TH_PATIENCE_MS, &made.arena, &answer));
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    kept.receipt = answer.body.outcome.receipts[0];
    recover();
    return kept;
}

static struct th_to_node readmit(struct th_caller *caller, struct th_kept kept)
{
    struct th_to_node answer;
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_READMISSION,
                                       .readmission = {kept.raw, kept.receipt}};
    cr_assert(th_caller_ask(caller, message, TH_PATIENCE_MS, &made.arena, &answer));
    return answer;
}

static void expect_refusal(struct th_to_node answer, const char *code)
{
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert_not(answer.body.failure.retry);
    cr_assert_eq(answer.body.failure.code.size, strlen(code), "%.*s",
                 (int)answer.body.failure.code.size, answer.body.failure.code.bytes);
    cr_assert_eq(memcmp(answer.body.failure.code.bytes, code, strlen(code)), 0);
}

/* ---- readmission ---- */

Test(recovery, a_welcome_says_what_was_lost_and_names_the_new_key)
{
    struct th_kept kept = lose();
    struct th_receipt lost;
    cr_assert_eq(th_receipt_open(kept.receipt, &history, &made.arena, &lost), 0);
    struct th_to_node answer = th_daemon_case_hello(&made);
    cr_assert_eq(answer.kind, TH_TO_NODE_WELCOME);
    const struct th_welcome *welcome = &answer.body.welcome;
    cr_assert_eq(welcome->lost_count, 1);
    cr_assert_eq(
        memcmp(welcome->lost[0].realm.bytes, TH_PROVINCE_REALM, sizeof TH_PROVINCE_REALM - 1), 0);
    cr_assert_leq(welcome->lost[0].from, lost.leaf.position);
    cr_assert_eq(welcome->log_keys_count, 1);
    struct th_log_keys own;
    th_log_keys_begin(&made.run.server.log_key, &own);
    struct th_bytes succession = welcome->log_keys[0].succession;
    cr_assert_eq(th_log_keys_succeed(&own, (const char *)succession.bytes, succession.size), 0);
    cr_assert_str_eq(th_log_keys_current(&own)->vkey.name, TH_RECOVERY_CASE_REALM);
}

Test(recovery, what_was_lost_comes_back_as_accepted_with_the_old_times)
{
    struct th_kept kept = lose();
    struct th_receipt before, after;
    cr_assert_eq(th_receipt_open(kept.receipt, &history, &made.arena, &before), 0);
    const struct th_judgement *was = &before.leaf.judgements[0];
    cr_assert(was->has_due);
    set_clock(was->due.ms + TH_DAY_MS); /* too late for anything new */
    struct th_to_node answer = readmit(&made.caller, kept);
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    struct th_bytes receipt = answer.body.outcome.receipts[0];
    cr_assert_eq(th_receipt_open(receipt, &history, &made.arena, &after), 0);
    cr_assert_str_eq(after.checkpoint.origin, TH_RECOVERY_CASE_REALM);
    cr_assert_eq(after.leaf.kind, TH_ENTRY_READMITTED);
    cr_assert_eq(after.leaf.time.ms, was->due.ms + TH_DAY_MS);
    const struct th_judgement *is = &after.leaf.judgements[0];
    cr_assert_eq(is->first_received.ms, was->first_received.ms);
    cr_assert(is->has_received);
    cr_assert_eq(is->received.ms, before.leaf.time.ms);
    cr_assert_eq(is->due.ms, was->due.ms);
    cr_assert_eq(is->timeliness, TH_TIMELINESS_ON_TIME);
    answer = readmit(&made.caller, kept);
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_DUPLICATE);
    cr_assert_eq(answer.body.outcome.receipts[0].size, receipt.size);
    cr_assert_eq(memcmp(answer.body.outcome.receipts[0].bytes, receipt.bytes, receipt.size), 0);
    struct th_to_node late =
        th_daemon_case_submit(&made, (struct th_paper){.with_year = false, .figure = 6});
    cr_assert_eq(th_daemon_case_verdict(late), TH_VERDICT_CONFLICT, "it is there again");
}

Test(recovery, a_forged_receipt_is_refused_and_nothing_is_written)
{
    struct th_kept kept = lose();
    uint64_t size = th_daemon_log_size(&made.run);
    uint8_t *bytes = th_arena_alloc(&made.arena, kept.receipt.size);
    struct th_kept forged = {kept.raw, {bytes, kept.receipt.size}};
    for (size_t i = 40; i < kept.receipt.size; i += kept.receipt.size / 8) {
        memcpy(bytes, kept.receipt.bytes, kept.receipt.size);
        bytes[i] ^= 1;
        struct th_to_node answer = readmit(&made.caller, forged);
        cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE, "byte %zu", i);
        cr_assert_not(answer.body.failure.retry);
    }
    struct th_kept other = {th_daemon_case_write(&made, (struct th_paper){.figure = 6, .nonce = 1}),
                            kept.receipt};
    expect_refusal(readmit(&made.caller, other), "invalid");
    cr_assert_eq(th_daemon_log_size(&made.run), size);
    cr_assert_eq(th_daemon_case_verdict(readmit(&made.caller, kept)), TH_VERDICT_ACCEPTED);
}

Test(recovery, another_unit_cannot_show_it)
{
    struct th_caller other;
    struct th_kept kept = lose();
    uint64_t size = th_daemon_log_size(&made.run);
    th_caller_open(&other, &made.run, &made.officers[1]);
    struct th_to_node answer = readmit(&other, kept);
    cr_assert(answer.kind == TH_TO_NODE_FAILURE ||
              th_daemon_case_verdict(answer) == TH_VERDICT_REJECTED);
    cr_assert_eq(th_daemon_log_size(&made.run), size);
    th_caller_close(&other);
}

Test(recovery, a_connection_whose_key_is_revoked_cannot_readmit)
{
    struct th_kept kept = lose();
    (void)th_daemon_case_hello(&made); /* it is open */
    th_daemon_case_revoke(&made, 0);
    uint64_t size = th_daemon_log_size(&made.run);
    expect_refusal(readmit(&made.caller, kept), "forbidden");
    cr_assert_eq(th_daemon_log_size(&made.run), size);
}

/* ---- a key that ends ---- */

static int revoke_from(unsigned officer, int64_t ms)
{
    const struct th_officer *whose = &made.officers[officer];
    return th_daemon_act(&made.run, (struct th_act){.kind = TH_ACT_REVOKE,
                                                    .unit = {whose->unit, strlen(whose->unit)},
                                                    .sign_key = whose->sign_key,
                                                    .to = {ms}});
}

Test(recovery, a_key_is_in_force_until_its_instant_and_not_from_it_on)
{
    int64_t end_ms = store_time() + TH_DAY_MS;
    cr_assert_eq(revoke_from(0, end_ms), 0);
    cr_assert_eq(
        th_daemon_case_verdict(th_daemon_case_submit(&made, (struct th_paper){.figure = 1})),
        TH_VERDICT_ACCEPTED);
    set_clock(end_ms - 1);
    cr_assert_eq(th_daemon_case_verdict(
                     th_daemon_case_submit(&made, (struct th_paper){.figure = 2, .revision = 2})),
                 TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_daemon_case_hello(&made).kind, TH_TO_NODE_WELCOME);
    set_clock(end_ms);
    struct th_to_node answer =
        th_daemon_case_submit(&made, (struct th_paper){.figure = 3, .revision = 3});
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_REJECTED);
    cr_assert_gt(answer.body.outcome.refusal.size, 0);
    const struct th_wire_verdict *verdict = &answer.body.outcome.verdicts[0];
    cr_assert_eq(verdict->reasons_count, 1);
    cr_assert_eq(memcmp(verdict->reasons[0].rule.bytes, "key", 3), 0);
    expect_refusal(th_daemon_case_hello(&made), "forbidden");
}

/* The next event of a socket's connection within the time; 0: none. */
static uint16_t next_event(void *events, int timeout_ms)
{
    uint8_t event[6];
    char endpoint[256];
    uint16_t number = 0;
    (void)zmq_setsockopt(events, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    if (zmq_recv(events, event, sizeof event, 0) != (int)sizeof event)
        return 0;
    (void)zmq_recv(events, endpoint, sizeof endpoint, 0);
    memcpy(&number, event, sizeof number);
    return number;
}

Test(recovery, a_viewer_is_cut_off_when_the_instant_comes_and_not_before)
{
    char topic[256];
    char body[64];
    int64_t end_ms = store_time() + TH_DAY_MS;
    void *viewer = th_watcher_open(made.caller.context, &made.run, &made.officers[1], "rollup/", 7);
    void *events = zmq_socket(made.caller.context, ZMQ_PAIR);
    cr_assert_eq(zmq_socket_monitor(viewer, "inproc://viewer",
                                    ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH),
                 0);
    cr_assert_eq(zmq_connect(events, "inproc://viewer"), 0);
    while (th_watcher_hear(viewer, TH_SILENCE_MS, topic, body) < 0) {
        static uint32_t revision;
        revision++;
        (void)th_daemon_case_submit(&made,
                                    (struct th_paper){.figure = revision, .revision = revision});
    }
    while (next_event(events, 0) != 0)
        ; /* of the handshake */
    cr_assert_eq(revoke_from(1, end_ms), 0);
    set_clock(end_ms - 1);
    cr_assert_eq(next_event(events, CUT_MS), 0, "it is in force still");
    set_clock(end_ms);
    cr_assert_eq(next_event(events, CUT_MS), ZMQ_EVENT_DISCONNECTED);
    cr_assert_eq(next_event(events, CUT_MS), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    (void)zmq_close(viewer);
    (void)zmq_close(events);
}

/* ---- acts that never come over the socket ---- */

/* The acts that the folder's own keys allow: to another key of this log, and to another log. */
static void name_next(const char *realm, struct th_act *ret_act)
{
    const struct th_text by = {"tester", 6};
    th_recovery_case_signer(realm, 9, &offline.next);
    const struct th_log_key_body key = th_recovery_case_name_next(&offline, &offline.first);
    const struct th_rotation rotation = {.key = key, .operator= by };
    const struct th_recovery recovery = {.keys = &key, .keys_count = 1, .operator= by };
    int status = ret_act->kind == TH_ACT_ROTATE
                     ? th_wire_rotation_encode(&rotation, &made.arena, &ret_act->content)
                     : th_wire_recovery_encode(&recovery, &made.arena, &ret_act->content);
    cr_assert_eq(status, 0);
    th_tlog_signer_deinit(&offline.next);
}

static void expect_unchanged(struct th_act act, int expected)
{
    uint64_t size = th_daemon_log_size(&made.run);
    int status = th_daemon_act(&made.run, act);
    cr_assert_eq(status, expected, "%d", status);
    cr_assert_eq(th_daemon_log_size(&made.run), size);
    struct th_to_node answer = th_daemon_case_hello(&made);
    cr_assert_eq(answer.kind, TH_TO_NODE_WELCOME);
    cr_assert_eq(answer.body.welcome.log_keys_count, 0);
    cr_assert_eq(answer.body.welcome.lost_count, 0);
}

Test(recovery, a_rotation_or_recovery_over_the_operator_s_socket_changes_nothing)
{
    struct th_act rotate = {.kind = TH_ACT_ROTATE};
    struct th_act recovery = {.kind = TH_ACT_RECOVER};
    struct th_act rubbish = {.kind = TH_ACT_ROTATE, .content = {(const uint8_t *)"r", 1}};
    th_daemon_case_stop(&made);
    offline_begin();
    offline.signer = &offline.first;
    cr_assert_eq(th_recovery_case_open(&offline, TH_STORE_WRITE), 0);
    name_next(TH_PROVINCE_REALM, &rotate);
    name_next(TH_RECOVERY_CASE_REALM, &recovery);
    th_recovery_case_close(&offline);
    th_daemon_case_start(&made);
    expect_unchanged(rotate, TH_E_INVALID);
    expect_unchanged(recovery, TH_E_INVALID);
    expect_unchanged(rubbish, TH_E_SYNTAX);
    th_daemon_case_stop(&made);
    /* Nothing was wrong with it but the way it came. */
    th_recovery_case_signer(TH_PROVINCE_REALM, 9, &offline.next);
    offline.signer = &offline.next;
    cr_assert_eq(th_recovery_case_open(&offline, TH_STORE_WRITE), 0);
    cr_assert_eq(th_recovery_case_act(&offline, rotate), 0);
    th_tlog_signer_deinit(&offline.next);
    offline_end();
}
