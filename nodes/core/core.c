/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/core/core.h"

#include "base/assert.h"

#include <string.h>

/* What happens to an item. */
enum occasion {
    ON_SEND,    /* the connection is ready and it is the item's turn */
    ON_LOST,    /* the connection went */
    ON_OVERDUE, /* no answer in time */
    ON_RECEIPT_GOOD,
    ON_RECEIPT_BAD,
    ON_REJECTED,
    ON_CONFLICT,
    ON_RETRY,   /* the server says: later */
    ON_REFUSED, /* the server says: never like this */
    ON_DAMAGED  /* its bytes cannot be read any more */
};
#define OCCASIONS_COUNT (ON_DAMAGED + 1)

enum what {
    DO_NOTHING = 0,
    DO_SEND = 1 << 0,
    DO_BACK_OFF = 1 << 1,
    DO_HOLD = 1 << 2, /* the whole queue pauses with it */
    DO_EVIDENCE = 1 << 3,
    DO_RECEIVED = 1 << 4,
    DO_REJECTED = 1 << 5,
    DO_CONFLICT = 1 << 6,
    DO_DAMAGED = 1 << 7
};

struct transition {
    bool is_defined; /* otherwise the occasion is ignored */
    enum th_node_stage next;
    unsigned what;
};

#define TO(stage, actions)                                                                         \
    {                                                                                              \
        true, TH_NODE_STAGE_##stage, (actions)                                                     \
    }

static const struct transition transitions[TH_NODE_STAGE_SETTLED][OCCASIONS_COUNT] = {
    [TH_NODE_STAGE_QUEUED] =
        {
            [ON_SEND] = TO(FLYING, DO_SEND),
            [ON_DAMAGED] = TO(SETTLED, DO_DAMAGED),
        },
    [TH_NODE_STAGE_FLYING] =
        {
            [ON_LOST] = TO(WAITING, DO_NOTHING),
            [ON_OVERDUE] = TO(WAITING, DO_BACK_OFF),
            [ON_RECEIPT_GOOD] = TO(SETTLED, DO_RECEIVED),
            [ON_RECEIPT_BAD] = TO(WAITING, DO_EVIDENCE | DO_BACK_OFF),
            [ON_REJECTED] = TO(SETTLED, DO_REJECTED),
            [ON_CONFLICT] = TO(SETTLED, DO_CONFLICT),
            [ON_RETRY] = TO(WAITING, DO_BACK_OFF | DO_HOLD),
            [ON_REFUSED] = TO(SETTLED, DO_REJECTED),
            [ON_DAMAGED] = TO(SETTLED, DO_DAMAGED),
        },
    /* An answer to an earlier try, which came after its time, is as good as any. */
    [TH_NODE_STAGE_WAITING] =
        {
            [ON_SEND] = TO(FLYING, DO_SEND),
            [ON_RECEIPT_GOOD] = TO(SETTLED, DO_RECEIVED),
            [ON_RECEIPT_BAD] = TO(WAITING, DO_EVIDENCE),
            [ON_REJECTED] = TO(SETTLED, DO_REJECTED),
            [ON_CONFLICT] = TO(SETTLED, DO_CONFLICT),
            [ON_DAMAGED] = TO(SETTLED, DO_DAMAGED),
        },
};

const char *th_item_state_word(enum th_item_state state)
{
    switch (state) {
#define XX(name, number, word, text)                                                               \
    case TH_ITEM_##name:                                                                           \
        return word;
        TH_ITEM_STATE_MAP(XX)
#undef XX
    }
    return "";
}

const char *th_item_state_text(enum th_item_state state)
{
    switch (state) {
#define XX(name, number, word, text)                                                               \
    case TH_ITEM_##name:                                                                           \
        return text;
        TH_ITEM_STATE_MAP(XX)
#undef XX
    }
    return "";
}

void th_node_core_init(struct th_node_core *core)
{
    memset(core, 0, sizeof *core);
    core->link = TH_NODE_LINK_DOWN;
    core->next_request = 1;
    core->hello_due_ms = TH_NODE_NEVER_MS;
    core->hello_deadline_ms = TH_NODE_NEVER_MS;
}

int64_t th_node_backoff_ms(uint32_t attempts, uint64_t random)
{
    TH_ASSERT(attempts > 0);
    int64_t ceiling = TH_NODE_BACKOFF_FIRST_MS;
    for (uint32_t i = 1; i < attempts && ceiling < TH_NODE_BACKOFF_MAX_MS; i++)
        ceiling *= 2;
    if (ceiling > TH_NODE_BACKOFF_MAX_MS)
        ceiling = TH_NODE_BACKOFF_MAX_MS;
    return 1 + (int64_t)(random % (uint64_t)ceiling);
}

/* Several items may need a pause in one step: each gets its own bits of the one number (the
 * finaliser of SplitMix64). */
static uint64_t mix(uint64_t random, uint64_t salt)
{
    uint64_t z = random + salt * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct th_node_action *add_action(struct th_node_actions *actions,
                                         enum th_node_action_kind kind)
{
    TH_ASSERT(actions->count < TH_NODE_ACTIONS_MAX);
    struct th_node_action *action = &actions->items[actions->count++];
    *action = (struct th_node_action){.kind = kind};
    return action;
}

static size_t find_id(const struct th_node_core *core, uint64_t id)
{
    size_t at = 0;
    while (at < core->count && core->slots[at].id != id)
        at++;
    return at;
}

static void settle(struct th_node_core *core, size_t at, enum th_item_state state,
                   struct th_node_actions *actions)
{
    struct th_node_action *action = add_action(actions, TH_NODE_ACTION_SETTLE);
    action->id = core->slots[at].id;
    action->state = state;
    action->attempt = core->slots[at].attempts;
    memmove(&core->slots[at], &core->slots[at + 1], (core->count - at - 1) * sizeof core->slots[0]);
    core->count--;
}

static void send_slot(struct th_node_core *core, struct th_node_slot *slot, int64_t now_ms,
                      struct th_node_actions *actions)
{
    slot->request = core->next_request++;
    slot->deadline_ms = now_ms + TH_NODE_ANSWER_MS;
    slot->attempts++;
    struct th_node_action *action = add_action(actions, TH_NODE_ACTION_SEND);
    action->id = slot->id;
    action->request = slot->request;
    action->attempt = slot->attempts;
}

static void back_off(struct th_node_core *core, struct th_node_slot *slot,
                     const struct th_node_event *event, bool hold)
{
    int64_t pause = th_node_backoff_ms(slot->attempts, mix(event->random, slot->id));
    int64_t wanted = event->kind == TH_NODE_EVENT_FAILURE ? (int64_t)event->after_ms : 0;
    if (wanted > TH_NODE_BACKOFF_MAX_MS)
        wanted = TH_NODE_BACKOFF_MAX_MS;
    slot->due_ms = event->now_ms + (pause > wanted ? pause : wanted);
    if (hold && slot->due_ms > core->hold_until_ms)
        core->hold_until_ms = slot->due_ms;
}

/* Looks the occasion up in the table and does what it says. The slot may be gone afterwards. */
static void happen(struct th_node_core *core, size_t at, enum occasion occasion,
                   const struct th_node_event *event, struct th_node_actions *actions)
{
    struct th_node_slot *slot = &core->slots[at];
    TH_ASSERT(slot->stage < TH_NODE_STAGE_SETTLED);
    const struct transition *transition = &transitions[slot->stage][occasion];
    if (!transition->is_defined)
        return;
    if (transition->next != slot->stage)
        slot->due_ms = event->now_ms; /* otherwise a pause that has begun goes on */
    slot->stage = transition->next;
    if (transition->what & DO_SEND)
        send_slot(core, slot, event->now_ms, actions);
    if (transition->what & DO_EVIDENCE)
        add_action(actions, TH_NODE_ACTION_EVIDENCE)->id = slot->id;
    if (transition->what & DO_BACK_OFF)
        back_off(core, slot, event, (transition->what & DO_HOLD) != 0);
    if (transition->what & DO_RECEIVED)
        settle(core, at, TH_ITEM_RECEIVED, actions);
    if (transition->what & DO_REJECTED)
        settle(core, at, TH_ITEM_REJECTED, actions);
    if (transition->what & DO_CONFLICT)
        settle(core, at, TH_ITEM_CONFLICT, actions);
    if (transition->what & DO_DAMAGED)
        settle(core, at, TH_ITEM_DAMAGED, actions);
}

static void greet(struct th_node_core *core, int64_t now_ms, struct th_node_actions *actions)
{
    core->link = TH_NODE_LINK_GREETING;
    core->hello_request = core->next_request++;
    core->hello_attempts++;
    core->hello_due_ms = TH_NODE_NEVER_MS;
    core->hello_deadline_ms = now_ms + TH_NODE_ANSWER_MS;
    add_action(actions, TH_NODE_ACTION_HELLO)->request = core->hello_request;
}

static void greet_later(struct th_node_core *core, const struct th_node_event *event)
{
    int64_t pause = th_node_backoff_ms(core->hello_attempts, mix(event->random, 0));
    int64_t wanted = event->kind == TH_NODE_EVENT_FAILURE ? (int64_t)event->after_ms : 0;
    if (wanted > TH_NODE_BACKOFF_MAX_MS)
        wanted = TH_NODE_BACKOFF_MAX_MS;
    core->link = TH_NODE_LINK_GREETING;
    core->hello_deadline_ms = TH_NODE_NEVER_MS;
    core->hello_due_ms = event->now_ms + (pause > wanted ? pause : wanted);
}

static void lose(struct th_node_core *core, const struct th_node_event *event,
                 struct th_node_actions *actions)
{
    core->link = TH_NODE_LINK_DOWN;
    core->hello_due_ms = TH_NODE_NEVER_MS;
    core->hello_deadline_ms = TH_NODE_NEVER_MS;
    for (size_t i = 0; i < core->count; i++)
        happen(core, i, ON_LOST, event, actions);
}

static void welcome(struct th_node_core *core)
{
    if (core->link != TH_NODE_LINK_GREETING)
        return;
    core->link = TH_NODE_LINK_READY;
    core->hello_attempts = 0;
    core->hello_due_ms = TH_NODE_NEVER_MS;
    core->hello_deadline_ms = TH_NODE_NEVER_MS;
}

static void fail(struct th_node_core *core, const struct th_node_event *event,
                 struct th_node_actions *actions)
{
    if (core->link == TH_NODE_LINK_GREETING && event->request == core->hello_request &&
        core->hello_deadline_ms != TH_NODE_NEVER_MS) {
        greet_later(core, event);
        return;
    }
    for (size_t i = 0; i < core->count; i++) {
        if (core->slots[i].stage != TH_NODE_STAGE_FLYING ||
            core->slots[i].request != event->request)
            continue;
        happen(core, i, event->retry ? ON_RETRY : ON_REFUSED, event, actions);
        return;
    }
}

static void add_item(struct th_node_core *core, const struct th_node_event *event)
{
    TH_ASSERT(core->count < TH_NODE_WINDOW);
    TH_ASSERT(core->count == 0 || core->slots[core->count - 1].id < event->id);
    core->slots[core->count++] = (struct th_node_slot){
        .id = event->id,
        .group = event->group,
        .due_ms = event->now_ms,
        .stage = event->was_sent ? TH_NODE_STAGE_WAITING : TH_NODE_STAGE_QUEUED,
    };
}

static void pass_time(struct th_node_core *core, const struct th_node_event *event,
                      struct th_node_actions *actions)
{
    if (core->link == TH_NODE_LINK_GREETING && event->now_ms >= core->hello_deadline_ms)
        greet_later(core, event);
    if (core->link == TH_NODE_LINK_GREETING && event->now_ms >= core->hello_due_ms)
        greet(core, event->now_ms, actions);
    for (size_t i = 0; i < core->count; i++)
        if (core->slots[i].stage == TH_NODE_STAGE_FLYING &&
            event->now_ms >= core->slots[i].deadline_ms)
            happen(core, i, ON_OVERDUE, event, actions);
}

static bool is_behind_its_group(const struct th_node_core *core, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (core->slots[i].group == core->slots[at].group)
            return true;
    return false;
}

static size_t count_flying(const struct th_node_core *core)
{
    size_t flying = 0;
    for (size_t i = 0; i < core->count; i++)
        flying += core->slots[i].stage == TH_NODE_STAGE_FLYING;
    return flying;
}

/* At the end of each step: whatever may go, goes. */
static void send_what_may_go(struct th_node_core *core, const struct th_node_event *event,
                             struct th_node_actions *actions)
{
    if (core->link != TH_NODE_LINK_READY || event->now_ms < core->hold_until_ms)
        return;
    size_t flying = count_flying(core);
    for (size_t i = 0; i < core->count && flying < TH_NODE_FLIGHT_MAX; i++) {
        const struct th_node_slot *slot = &core->slots[i];
        if (slot->stage == TH_NODE_STAGE_FLYING || slot->due_ms > event->now_ms ||
            is_behind_its_group(core, i))
            continue;
        happen(core, i, ON_SEND, event, actions);
        flying++;
    }
}

void th_node_core_step(struct th_node_core *core, const struct th_node_event *event,
                       struct th_node_actions *ret_actions)
{
    struct th_node_actions *actions = ret_actions;
    actions->count = 0;
    size_t at = find_id(core, event->id);
    bool is_known = at < core->count;
    switch (event->kind) {
    case TH_NODE_EVENT_CONNECTED:
        lose(core, event, actions);
        greet(core, event->now_ms, actions);
        break;
    case TH_NODE_EVENT_LOST:
        lose(core, event, actions);
        break;
    case TH_NODE_EVENT_WELCOME:
        welcome(core);
        break;
    case TH_NODE_EVENT_STRANGER:
        if (core->link == TH_NODE_LINK_GREETING) {
            add_action(actions, TH_NODE_ACTION_STRANGER);
            greet_later(core, event);
        }
        break;
    case TH_NODE_EVENT_TIME:
        pass_time(core, event, actions);
        break;
    case TH_NODE_EVENT_ITEM:
        add_item(core, event);
        break;
    case TH_NODE_EVENT_RECEIPT_GOOD:
    case TH_NODE_EVENT_RECEIPT_BAD:
    case TH_NODE_EVENT_REJECTED:
    case TH_NODE_EVENT_CONFLICT:
        if (is_known)
            happen(core, at,
                   (enum occasion)((int)ON_RECEIPT_GOOD +
                                   ((int)event->kind - (int)TH_NODE_EVENT_RECEIPT_GOOD)),
                   event, actions);
        break;
    case TH_NODE_EVENT_DAMAGED:
        if (is_known)
            happen(core, at, ON_DAMAGED, event, actions);
        break;
    case TH_NODE_EVENT_FAILURE:
        fail(core, event, actions);
        break;
    }
    send_what_may_go(core, event, actions);
}

size_t th_node_core_room(const struct th_node_core *core)
{
    return TH_NODE_WINDOW - core->count;
}

int64_t th_node_core_next_ms(const struct th_node_core *core)
{
    if (core->link == TH_NODE_LINK_DOWN)
        return TH_NODE_NEVER_MS;
    int64_t next =
        core->hello_due_ms < core->hello_deadline_ms ? core->hello_due_ms : core->hello_deadline_ms;
    size_t flying = count_flying(core);
    for (size_t i = 0; i < core->count; i++) {
        const struct th_node_slot *slot = &core->slots[i];
        int64_t at = slot->deadline_ms;
        if (slot->stage != TH_NODE_STAGE_FLYING) {
            if (core->link != TH_NODE_LINK_READY || flying == TH_NODE_FLIGHT_MAX ||
                is_behind_its_group(core, i))
                continue;
            at = slot->due_ms > core->hold_until_ms ? slot->due_ms : core->hold_until_ms;
        }
        if (at < next)
            next = at;
    }
    return next;
}
