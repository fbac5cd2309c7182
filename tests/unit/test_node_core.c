/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/node_next.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_node_core core;
static struct th_node_actions actions;
static int64_t now_ms;

static void set_up(void)
{
    th_node_core_init(&core);
    now_ms = 1000000;
    actions.count = 0;
}

TestSuite(node_core, .init = set_up);

static void step(struct th_node_event event)
{
    event.now_ms = now_ms;
    if (event.random == 0)
        event.random = UINT64_C(0x123456789abcdef1);
    th_node_core_step(&core, &event, &actions);
}

static void on(enum th_node_event_kind kind)
{
    step((struct th_node_event){.kind = kind});
}

static void on_item(enum th_node_event_kind kind, uint64_t id)
{
    step((struct th_node_event){.kind = kind, .id = id});
}

static void add(uint64_t id, uint64_t group)
{
    step((struct th_node_event){.kind = TH_NODE_EVENT_ITEM, .id = id, .group = group});
}

static void connect_and_welcome(void)
{
    on(TH_NODE_EVENT_CONNECTED);
    on(TH_NODE_EVENT_WELCOME);
}

static const struct th_node_action *action_of(enum th_node_action_kind kind, uint64_t id)
{
    for (size_t i = 0; i < actions.count; i++)
        if (actions.items[i].kind == kind && actions.items[i].id == id)
            return &actions.items[i];
    return NULL;
}

static size_t count_of(enum th_node_action_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < actions.count; i++)
        count += actions.items[i].kind == kind;
    return count;
}

static void fail(uint64_t request, bool retry, uint32_t after_ms)
{
    step((struct th_node_event){
        .kind = TH_NODE_EVENT_FAILURE, .request = request, .retry = retry, .after_ms = after_ms});
}

Test(node_core, nothing_is_sent_without_a_connection)
{
    add(1, 1);
    cr_assert_eq(actions.count, 0);
    cr_assert_eq(th_node_next_ms(&core), TH_NODE_NEVER_MS);
}

Test(node_core, hello_comes_first_after_a_connection)
{
    add(1, 1);
    on(TH_NODE_EVENT_CONNECTED);
    cr_assert_eq(actions.count, 1);
    cr_assert_eq(actions.items[0].kind, TH_NODE_ACTION_HELLO);
}

Test(node_core, welcome_sends_the_queue)
{
    add(1, 1);
    add(2, 2);
    on(TH_NODE_EVENT_CONNECTED);
    on(TH_NODE_EVENT_WELCOME);
    cr_assert_eq(actions.count, 2);
    cr_assert_eq(actions.items[0].id, 1);
    cr_assert_eq(actions.items[1].id, 2);
    cr_assert_lt(actions.items[0].request, actions.items[1].request);
}

Test(node_core, an_item_that_comes_later_is_sent_at_once)
{
    connect_and_welcome();
    add(7, 1);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 7));
}

Test(node_core, items_go_in_the_order_of_ids_with_eight_in_flight)
{
    for (uint64_t id = 1; id <= 20; id++)
        add(id, id);
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), TH_NODE_FLIGHT_MAX);
    for (size_t i = 0; i < actions.count; i++)
        cr_assert_eq(actions.items[i].id, i + 1);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 3);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SETTLE, 3));
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 1);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 9));
}

Test(node_core, a_later_revision_waits_for_the_earlier_one)
{
    add(1, 5);
    add(2, 5);
    add(3, 6);
    connect_and_welcome();
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 1));
    cr_assert_null(action_of(TH_NODE_ACTION_SEND, 2));
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 3));
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 2));
}

Test(node_core, a_later_revision_waits_also_while_the_earlier_one_backs_off)
{
    add(1, 5);
    add(2, 5);
    connect_and_welcome();
    on_item(TH_NODE_EVENT_RECEIPT_BAD, 1);
    on(TH_NODE_EVENT_TIME);
    cr_assert_null(action_of(TH_NODE_ACTION_SEND, 2));
}

/* Every stage of an item against everything that can happen to it. */
enum stage { QUEUED, FLYING, WAITING };

static void bring_to(enum stage stage)
{
    set_up();
    if (stage == QUEUED) {
        add(1, 1);
        return;
    }
    connect_and_welcome();
    add(1, 1);
    if (stage == WAITING) {
        now_ms += TH_NODE_ANSWER_MS;
        on(TH_NODE_EVENT_TIME);
    }
}

static const struct {
    enum stage stage;
    enum th_node_event_kind event;
    enum th_item_state settled; /* 0: not settled */
    bool evidence;
} table[] = {
    {QUEUED, TH_NODE_EVENT_RECEIPT_GOOD, 0, false},
    {QUEUED, TH_NODE_EVENT_RECEIPT_BAD, 0, false},
    {QUEUED, TH_NODE_EVENT_REJECTED, 0, false},
    {QUEUED, TH_NODE_EVENT_CONFLICT, 0, false},
    {QUEUED, TH_NODE_EVENT_DAMAGED, TH_ITEM_DAMAGED, false},
    {QUEUED, TH_NODE_EVENT_LOST, 0, false},
    {FLYING, TH_NODE_EVENT_RECEIPT_GOOD, TH_ITEM_RECEIVED, false},
    {FLYING, TH_NODE_EVENT_RECEIPT_BAD, 0, true},
    {FLYING, TH_NODE_EVENT_REJECTED, TH_ITEM_REJECTED, false},
    {FLYING, TH_NODE_EVENT_CONFLICT, TH_ITEM_CONFLICT, false},
    {FLYING, TH_NODE_EVENT_DAMAGED, TH_ITEM_DAMAGED, false},
    {FLYING, TH_NODE_EVENT_LOST, 0, false},
    {WAITING, TH_NODE_EVENT_RECEIPT_GOOD, TH_ITEM_RECEIVED, false},
    {WAITING, TH_NODE_EVENT_RECEIPT_BAD, 0, true},
    {WAITING, TH_NODE_EVENT_REJECTED, TH_ITEM_REJECTED, false},
    {WAITING, TH_NODE_EVENT_CONFLICT, TH_ITEM_CONFLICT, false},
    {WAITING, TH_NODE_EVENT_DAMAGED, TH_ITEM_DAMAGED, false},
    {WAITING, TH_NODE_EVENT_LOST, 0, false},
};

Test(node_core, each_stage_answers_each_event_as_the_table_says)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bring_to(table[i].stage);
        on_item(table[i].event, 1);
        const struct th_node_action *settle = action_of(TH_NODE_ACTION_SETTLE, 1);
        cr_assert_eq(settle != NULL, table[i].settled != 0, "row %zu", i);
        if (settle != NULL)
            cr_assert_eq(settle->state, table[i].settled, "row %zu", i);
        cr_assert_eq(action_of(TH_NODE_ACTION_EVIDENCE, 1) != NULL, table[i].evidence, "row %zu",
                     i);
        cr_assert_eq(th_node_core_room(&core), TH_NODE_WINDOW - (settle == NULL), "row %zu", i);
    }
}

Test(node_core, a_second_answer_is_ignored)
{
    connect_and_welcome();
    add(1, 1);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1);
    on_item(TH_NODE_EVENT_REJECTED, 1);
    cr_assert_eq(actions.count, 0);
}

Test(node_core, an_answer_for_an_unknown_item_is_ignored)
{
    connect_and_welcome();
    add(1, 1);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 99);
    cr_assert_eq(actions.count, 0);
    cr_assert_eq(th_node_core_room(&core), TH_NODE_WINDOW - 1);
}

Test(node_core, silence_is_followed_by_the_same_item_again_after_a_pause)
{
    connect_and_welcome();
    add(1, 1);
    cr_assert_eq(th_node_next_ms(&core), now_ms + TH_NODE_ANSWER_MS);
    now_ms += TH_NODE_ANSWER_MS - 1;
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(actions.count, 0);
    now_ms++;
    on(TH_NODE_EVENT_TIME);
    int64_t next = th_node_next_ms(&core);
    cr_assert_gt(next, now_ms);
    cr_assert_leq(next, now_ms + TH_NODE_BACKOFF_FIRST_MS);
    now_ms = next;
    on(TH_NODE_EVENT_TIME);
    const struct th_node_action *send = action_of(TH_NODE_ACTION_SEND, 1);
    cr_assert_not_null(send);
    cr_assert_eq(send->attempt, 2);
}

Test(node_core, a_late_receipt_that_does_not_hold_does_not_shorten_the_pause)
{
    connect_and_welcome();
    add(1, 1);
    now_ms += TH_NODE_ANSWER_MS;
    on(TH_NODE_EVENT_TIME);
    int64_t next = th_node_next_ms(&core);
    cr_assert_gt(next, now_ms);
    on_item(TH_NODE_EVENT_RECEIPT_BAD, 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_EVIDENCE), 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    cr_assert_eq(th_node_next_ms(&core), next);
}

Test(node_core, an_item_is_never_given_up)
{
    connect_and_welcome();
    add(1, 1);
    for (int i = 0; i < 1000; i++) {
        now_ms = th_node_next_ms(&core);
        cr_assert_neq(now_ms, TH_NODE_NEVER_MS);
        on(TH_NODE_EVENT_TIME);
    }
    cr_assert_eq(th_node_core_room(&core), TH_NODE_WINDOW - 1);
}

Test(node_core, a_new_connection_greets_and_sends_again_what_was_in_flight)
{
    connect_and_welcome();
    add(1, 1);
    on(TH_NODE_EVENT_LOST);
    cr_assert_eq(th_node_next_ms(&core), TH_NODE_NEVER_MS);
    on(TH_NODE_EVENT_CONNECTED);
    cr_assert_eq(count_of(TH_NODE_ACTION_HELLO), 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    on(TH_NODE_EVENT_WELCOME);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 1));
}

Test(node_core, hello_is_repeated_when_nobody_answers)
{
    on(TH_NODE_EVENT_CONNECTED);
    now_ms += TH_NODE_ANSWER_MS;
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_HELLO), 0);
    now_ms = th_node_next_ms(&core);
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_HELLO), 1);
}

Test(node_core, a_stranger_gets_no_item_and_raises_the_alarm)
{
    add(1, 1);
    on(TH_NODE_EVENT_CONNECTED);
    on(TH_NODE_EVENT_STRANGER);
    cr_assert_eq(count_of(TH_NODE_ACTION_STRANGER), 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    now_ms = th_node_next_ms(&core);
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_HELLO), 1);
}

Test(node_core, later_pauses_the_whole_queue_for_as_long_as_the_server_says)
{
    connect_and_welcome();
    add(1, 1);
    fail(actions.items[0].request, true, 60000);
    cr_assert_eq(th_node_next_ms(&core), now_ms + 60000);
    add(2, 2);
    cr_assert_eq(actions.count, 0);
    now_ms += 60000;
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 2);
}

Test(node_core, a_server_cannot_ask_for_more_than_five_minutes)
{
    connect_and_welcome();
    add(1, 1);
    fail(actions.items[0].request, true, UINT32_MAX);
    cr_assert_eq(th_node_next_ms(&core), now_ms + TH_NODE_BACKOFF_MAX_MS);
}

Test(node_core, never_like_this_settles_the_item_as_rejected)
{
    connect_and_welcome();
    add(1, 1);
    fail(actions.items[0].request, false, 0);
    const struct th_node_action *settle = action_of(TH_NODE_ACTION_SETTLE, 1);
    cr_assert_not_null(settle);
    cr_assert_eq(settle->state, TH_ITEM_REJECTED);
}

Test(node_core, a_failure_of_an_old_request_is_ignored)
{
    connect_and_welcome();
    add(1, 1);
    uint64_t old = actions.items[0].request;
    on(TH_NODE_EVENT_LOST);
    connect_and_welcome();
    fail(old, false, 0);
    cr_assert_eq(actions.count, 0);
    cr_assert_eq(th_node_core_room(&core), TH_NODE_WINDOW - 1);
}

Test(node_core, pauses_grow_from_one_second_to_five_minutes)
{
    static const int64_t ceilings[] = {1000,  2000,   4000,   8000,   16000,  32000,
                                       64000, 128000, 256000, 300000, 300000, 300000};
    for (uint32_t attempt = 1; attempt <= 12; attempt++) {
        uint64_t ceiling = (uint64_t)ceilings[attempt - 1];
        cr_assert_eq(th_node_backoff_ms(attempt, 0), 1);
        cr_assert_eq(th_node_backoff_ms(attempt, ceiling - 1), (int64_t)ceiling);
        cr_assert_eq(th_node_backoff_ms(attempt, ceiling), 1);
    }
    cr_assert_eq(th_node_backoff_ms(UINT32_MAX, 299999), TH_NODE_BACKOFF_MAX_MS);
}

Test(node_core, items_that_fail_together_do_not_come_back_together)
{
    connect_and_welcome();
    for (uint64_t id = 1; id <= TH_NODE_FLIGHT_MAX; id++)
        add(id, id);
    now_ms += TH_NODE_ANSWER_MS;
    on(TH_NODE_EVENT_TIME);
    for (size_t i = 1; i < core.count; i++)
        cr_assert_neq(core.slots[i].due_ms, core.slots[0].due_ms);
}

Test(node_core, a_full_flight_waits_without_a_busy_loop)
{
    for (uint64_t id = 1; id <= 20; id++)
        add(id, id);
    connect_and_welcome();
    cr_assert_eq(th_node_next_ms(&core), now_ms + TH_NODE_ANSWER_MS);
}

Test(node_core, each_state_has_a_word_and_a_text)
{
    for (int state = TH_ITEM_QUEUED; state <= TH_ITEM_DAMAGED; state++) {
        cr_assert_str_not_empty(th_item_state_word((enum th_item_state)state));
        cr_assert_str_not_empty(th_item_state_text((enum th_item_state)state));
    }
    cr_assert_str_empty(th_item_state_word((enum th_item_state)99));
}

/* ---- readmissions ---- */

static void add_again(uint64_t id, uint64_t group)
{
    step((struct th_node_event){.kind = TH_NODE_EVENT_AGAIN, .id = id, .group = group});
}

static void connect_with_again(uint64_t count)
{
    on(TH_NODE_EVENT_CONNECTED);
    for (uint64_t id = 1; id <= count; id++)
        add_again(id, id);
    on(TH_NODE_EVENT_WELCOME);
}

Test(node_core, nothing_is_readmitted_before_the_welcome)
{
    on(TH_NODE_EVENT_CONNECTED);
    add_again(1, 1);
    cr_assert_eq(actions.count, 0);
    on(TH_NODE_EVENT_WELCOME);
    cr_assert_eq(actions.count, 1);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 1));
}

Test(node_core, readmissions_go_in_the_order_given_with_eight_in_flight)
{
    on(TH_NODE_EVENT_CONNECTED);
    for (uint64_t id = 20; id > 0; id--)
        add_again(id, id);
    on(TH_NODE_EVENT_WELCOME);
    cr_assert_eq(actions.count, TH_NODE_FLIGHT_MAX);
    for (size_t i = 0; i < actions.count; i++)
        cr_assert_eq(actions.items[i].id, 20 - i);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 18);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMITTED, 18));
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 12));
}

Test(node_core, reports_wait_until_each_readmission_had_an_answer)
{
    add(8, 8);
    add(9, 9);
    connect_with_again(2);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    on_item(TH_NODE_EVENT_REJECTED, 2);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 2, "one that is refused holds nobody up");
}

Test(node_core, a_report_waits_for_the_readmission_of_its_group_however_long)
{
    add(8, 2);
    add(9, 9);
    connect_with_again(2);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1);
    on_item(TH_NODE_EVENT_REJECTED, 2);
    cr_assert_null(action_of(TH_NODE_ACTION_SEND, 8), "it would be a gap in the revisions");
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 9));
    now_ms += TH_NODE_BACKOFF_FIRST_MS;
    on(TH_NODE_EVENT_TIME);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 2));
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 2);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 8));
}

static void connect_with_two_revisions(void)
{
    on(TH_NODE_EVENT_CONNECTED);
    add_again(1, 5);
    add_again(2, 5);
    on(TH_NODE_EVENT_WELCOME);
}

Test(node_core, a_later_revision_is_readmitted_after_the_earlier_one)
{
    connect_with_two_revisions();
    cr_assert_null(action_of(TH_NODE_ACTION_READMIT, 2));
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 2));
}

Test(node_core, a_revision_behind_a_refused_one_has_its_answer_too_and_holds_nobody)
{
    add(8, 8);
    connect_with_two_revisions();
    on_item(TH_NODE_EVENT_REJECTED, 1);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 2));
    on_item(TH_NODE_EVENT_REJECTED, 2);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 8));
    cr_assert_not(th_node_core_awaits_again(&core));
    now_ms += TH_NODE_BACKOFF_FIRST_MS;
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_READMIT), 2);
}

Test(node_core, a_revision_behind_a_silent_one_holds_no_other_report)
{
    add(8, 8);
    connect_with_two_revisions();
    now_ms += TH_NODE_ANSWER_MS;
    on(TH_NODE_EVENT_TIME);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 8));
    cr_assert_null(action_of(TH_NODE_ACTION_READMIT, 2), "its group does wait");
    cr_assert(th_node_core_awaits_again(&core));
}

Test(node_core, a_lost_connection_forgets_readmissions_and_the_next_welcome_names_them_again)
{
    connect_with_again(3);
    on(TH_NODE_EVENT_LOST);
    cr_assert_eq(th_node_core_again_room(&core), TH_NODE_AGAIN_WINDOW);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1);
    cr_assert_eq(actions.count, 0);
    connect_with_again(3);
    cr_assert_eq(count_of(TH_NODE_ACTION_READMIT), 3);
    cr_assert_eq(actions.items[0].attempt, 1);
}

static const struct {
    bool is_waiting; /* else flying */
    enum th_node_event_kind event;
    int action; /* -1: none */
    bool stays;
} again_table[] = {
    {false, TH_NODE_EVENT_RECEIPT_GOOD, TH_NODE_ACTION_READMITTED, false},
    {false, TH_NODE_EVENT_RECEIPT_BAD, TH_NODE_ACTION_EVIDENCE, true},
    {false, TH_NODE_EVENT_REJECTED, -1, true},
    {false, TH_NODE_EVENT_CONFLICT, TH_NODE_ACTION_CONTRADICTION, false},
    {false, TH_NODE_EVENT_DAMAGED, -1, false},
    {true, TH_NODE_EVENT_RECEIPT_GOOD, TH_NODE_ACTION_READMITTED, false},
    {true, TH_NODE_EVENT_RECEIPT_BAD, TH_NODE_ACTION_EVIDENCE, true},
    {true, TH_NODE_EVENT_REJECTED, -1, true},
    {true, TH_NODE_EVENT_CONFLICT, TH_NODE_ACTION_CONTRADICTION, false},
    {true, TH_NODE_EVENT_DAMAGED, -1, false},
};

Test(node_core, a_readmission_answers_each_event_as_the_table_says)
{
    for (size_t i = 0; i < sizeof again_table / sizeof again_table[0]; i++) {
        set_up();
        connect_with_again(1);
        if (again_table[i].is_waiting) {
            now_ms += TH_NODE_ANSWER_MS;
            on(TH_NODE_EVENT_TIME);
        }
        on_item(again_table[i].event, 1);
        cr_assert_eq(actions.count, again_table[i].action >= 0, "row %zu", i);
        if (actions.count > 0)
            cr_assert_eq((int)actions.items[0].kind, again_table[i].action, "row %zu", i);
        cr_assert_eq(th_node_core_again_room(&core), TH_NODE_AGAIN_WINDOW - again_table[i].stays,
                     "row %zu", i);
    }
}

Test(node_core, no_failure_ends_a_readmission)
{
    connect_with_again(1);
    fail(actions.items[0].request, false, 0);
    cr_assert_eq(actions.count, 0);
    cr_assert_eq(th_node_core_again_room(&core), TH_NODE_AGAIN_WINDOW - 1);
    cr_assert_not(th_node_core_awaits_again(&core), "nobody waits for it");
    now_ms = th_node_next_ms(&core);
    on(TH_NODE_EVENT_TIME);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 1));
    fail(actions.items[0].request, true, 60000);
    cr_assert_eq(th_node_next_ms(&core), now_ms + 60000);
}

Test(node_core, silence_is_followed_by_the_same_readmission_and_reports_go_meanwhile)
{
    add(8, 8);
    connect_with_again(1);
    now_ms += TH_NODE_ANSWER_MS;
    on(TH_NODE_EVENT_TIME);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 8));
    cr_assert(th_node_core_awaits_again(&core));
    now_ms += TH_NODE_BACKOFF_FIRST_MS;
    on(TH_NODE_EVENT_TIME);
    const struct th_node_action *again = action_of(TH_NODE_ACTION_READMIT, 1);
    cr_assert_not_null(again);
    cr_assert_eq(again->attempt, 2);
}

Test(node_core, more_readmissions_than_the_window_hold_reports_until_the_last_has_come)
{
    add(1000, 1000);
    on(TH_NODE_EVENT_CONNECTED);
    for (uint64_t id = 1; id <= TH_NODE_AGAIN_WINDOW; id++)
        step((struct th_node_event){
            .kind = TH_NODE_EVENT_AGAIN, .id = id, .group = id, .has_more = true});
    on(TH_NODE_EVENT_WELCOME);
    for (uint64_t id = 1; id <= TH_NODE_AGAIN_WINDOW; id++)
        on_item(TH_NODE_EVENT_RECEIPT_GOOD, id);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    add_again(2000, 2000);
    cr_assert_not_null(action_of(TH_NODE_ACTION_READMIT, 2000));
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 2000);
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 1000));
}

Test(node_core, a_window_of_refused_readmissions_does_not_stop_reports)
{
    add(1000, 1000);
    on(TH_NODE_EVENT_CONNECTED);
    for (uint64_t id = 1; id <= TH_NODE_AGAIN_WINDOW; id++)
        step((struct th_node_event){
            .kind = TH_NODE_EVENT_AGAIN, .id = id, .group = id, .has_more = true});
    on(TH_NODE_EVENT_WELCOME);
    for (uint64_t id = 1; id <= TH_NODE_AGAIN_WINDOW; id++) {
        cr_assert_null(action_of(TH_NODE_ACTION_SEND, 1000));
        on_item(TH_NODE_EVENT_REJECTED, id);
    }
    cr_assert_not_null(action_of(TH_NODE_ACTION_SEND, 1000));
}
