/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/core/turn.h"

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
    ON_APART,   /* the same, of a bundle: perhaps one by one */
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
    DO_DAMAGED = 1 << 7,
    DO_READMITTED = 1 << 8,
    DO_CONTRADICTION = 1 << 9,
    DO_REFUSED = 1 << 10, /* it is tried again, but nobody waits for it */
    DO_DROP = 1 << 11
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
            [ON_APART] = TO(QUEUED, DO_NOTHING),
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
            [ON_APART] = TO(QUEUED, DO_NOTHING),
            [ON_DAMAGED] = TO(SETTLED, DO_DAMAGED),
        },
};

/* Readmissions: nothing is refused for good, since the item keeps its old receipt. Losing the
 * connection is not here: the core forgets them then. */
static const struct transition again_transitions[TH_NODE_STAGE_SETTLED][OCCASIONS_COUNT] = {
    [TH_NODE_STAGE_QUEUED] =
        {
            [ON_SEND] = TO(FLYING, DO_SEND),
            [ON_DAMAGED] = TO(SETTLED, DO_DROP),
        },
    [TH_NODE_STAGE_FLYING] =
        {
            [ON_OVERDUE] = TO(WAITING, DO_BACK_OFF),
            [ON_RECEIPT_GOOD] = TO(SETTLED, DO_READMITTED),
            [ON_RECEIPT_BAD] = TO(WAITING, DO_EVIDENCE | DO_BACK_OFF),
            [ON_REJECTED] = TO(WAITING, DO_REFUSED | DO_BACK_OFF),
            [ON_CONFLICT] = TO(SETTLED, DO_CONTRADICTION),
            [ON_RETRY] = TO(WAITING, DO_BACK_OFF | DO_HOLD),
            [ON_REFUSED] = TO(WAITING, DO_REFUSED | DO_BACK_OFF),
            [ON_DAMAGED] = TO(SETTLED, DO_DROP),
        },
    [TH_NODE_STAGE_WAITING] =
        {
            [ON_SEND] = TO(FLYING, DO_SEND),
            [ON_RECEIPT_GOOD] = TO(SETTLED, DO_READMITTED),
            [ON_RECEIPT_BAD] = TO(WAITING, DO_EVIDENCE),
            [ON_CONFLICT] = TO(SETTLED, DO_CONTRADICTION),
            [ON_DAMAGED] = TO(SETTLED, DO_DROP),
        },
};

void th_node_core_init(struct th_node_core *core)
{
    /* The windows are left alone: what is beyond their counts has no meaning. */
    core->link = TH_NODE_LINK_DOWN;
    core->hello_request = 0;
    core->hello_attempts = 0;
    core->hold_until_ms = 0;
    core->count = core->again_count = 0;
    core->has_more_again = false;
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

/* An id is here at most once. */
static struct th_node_slot *find_id(struct th_node_core *core, uint64_t id)
{
    for (size_t i = 0; i < core->again_count; i++)
        if (core->again[i].id == id)
            return &core->again[i];
    for (size_t i = 0; i < core->count; i++)
        if (core->slots[i].id == id)
            return &core->slots[i];
    return NULL;
}

static void drop(struct th_node_core *core, struct th_node_slot *slot)
{
    struct th_node_slot *slots = slot->is_again ? core->again : core->slots;
    size_t *count = slot->is_again ? &core->again_count : &core->count;
    memmove(slot, slot + 1, (size_t)(&slots[*count] - (slot + 1)) * sizeof *slot);
    (*count)--;
}

static void settle(struct th_node_core *core, struct th_node_slot *slot,
                   enum th_node_action_kind kind, enum th_item_state state,
                   struct th_node_actions *actions)
{
    struct th_node_action *action = add_action(actions, kind);
    action->id = slot->id;
    action->state = state;
    action->attempt = slot->attempts;
    drop(core, slot);
}

/* What goes in one submission has one pause, also when its items are told of it in several steps:
 * that of the first of them. NULL: none has one. */
static const struct th_node_slot *find_paused(const struct th_node_core *core,
                                              const struct th_node_slot *slot, int64_t now_ms)
{
    const struct th_node_slot *slots = slot->is_again ? core->again : core->slots;
    size_t count = slot->is_again ? core->again_count : core->count;
    for (size_t i = 0; i < count; i++)
        if (&slots[i] != slot && th_node_is_with(&slots[i], slot) &&
            slots[i].request == slot->request && slots[i].stage == TH_NODE_STAGE_WAITING &&
            slots[i].due_ms > now_ms)
            return &slots[i];
    return NULL;
}

static void back_off(struct th_node_core *core, struct th_node_slot *slot,
                     const struct th_node_event *event, bool hold)
{
    const struct th_node_slot *paused = find_paused(core, slot, event->now_ms);
    int64_t pause = th_node_backoff_ms(slot->attempts, mix(event->random, slot->id));
    int64_t wanted = event->kind == TH_NODE_EVENT_FAILURE ? (int64_t)event->after_ms : 0;
    if (wanted > TH_NODE_BACKOFF_MAX_MS)
        wanted = TH_NODE_BACKOFF_MAX_MS;
    slot->due_ms =
        paused != NULL ? paused->due_ms : event->now_ms + (pause > wanted ? pause : wanted);
    if (hold && slot->due_ms > core->hold_until_ms)
        core->hold_until_ms = slot->due_ms;
}

/* The actions after which the slot is gone. */
static void leave(struct th_node_core *core, struct th_node_slot *slot, unsigned what,
                  struct th_node_actions *actions)
{
    static const struct {
        unsigned what;
        enum th_item_state state;
    } ends[] = {{DO_RECEIVED, TH_ITEM_RECEIVED},
                {DO_REJECTED, TH_ITEM_REJECTED},
                {DO_CONFLICT, TH_ITEM_CONFLICT},
                {DO_DAMAGED, TH_ITEM_DAMAGED}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (what & ends[i].what)
            settle(core, slot, TH_NODE_ACTION_SETTLE, ends[i].state, actions);
    if (what & DO_READMITTED)
        settle(core, slot, TH_NODE_ACTION_READMITTED, TH_ITEM_RECEIVED, actions);
    if (what & DO_CONTRADICTION)
        settle(core, slot, TH_NODE_ACTION_CONTRADICTION, TH_ITEM_RECEIVED, actions);
    if (what & DO_DROP)
        drop(core, slot);
}

/* Looks the occasion up in the table and does what it says. The slot may be gone afterwards. */
static void happen(struct th_node_core *core, struct th_node_slot *slot, enum occasion occasion,
                   const struct th_node_event *event, struct th_node_actions *actions)
{
    TH_ASSERT(slot->stage < TH_NODE_STAGE_SETTLED);
    const struct transition *transition = slot->is_again ? &again_transitions[slot->stage][occasion]
                                                         : &transitions[slot->stage][occasion];
    if (!transition->is_defined)
        return;
    if (transition->next != slot->stage)
        slot->due_ms = event->now_ms; /* otherwise a pause that has begun goes on */
    slot->stage = transition->next;
    slot->was_refused = slot->was_refused || (transition->what & DO_REFUSED) != 0;
    if (transition->what & DO_SEND) {
        slot->request = core->next_request; /* of the whole parcel: see send_parcel() */
        slot->deadline_ms = event->now_ms + TH_NODE_ANSWER_MS;
        slot->attempts++;
    }
    if (transition->what & DO_EVIDENCE)
        add_action(actions, TH_NODE_ACTION_EVIDENCE)->id = slot->id;
    if (transition->what & DO_BACK_OFF)
        back_off(core, slot, event, (transition->what & DO_HOLD) != 0);
    if (slot->stage == TH_NODE_STAGE_SETTLED)
        leave(core, slot, transition->what, actions);
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
    core->again_count = 0; /* the next welcome says what is asked for */
    core->has_more_again = false;
    for (size_t i = 0; i < core->count; i++)
        happen(core, &core->slots[i], ON_LOST, event, actions);
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

static struct th_node_slot *find_request(struct th_node_slot *slots, size_t count, uint64_t request)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i].stage == TH_NODE_STAGE_FLYING && slots[i].request == request)
            return &slots[i];
    return NULL;
}

/* Those of the bundle that are not awaited, as they came into the window later, go alone too. */
static void part(struct th_node_core *core, uint64_t bundle, const struct th_node_event *event,
                 struct th_node_actions *actions)
{
    for (size_t i = 0; i < core->count; i++) {
        if (core->slots[i].bundle != bundle)
            continue;
        core->slots[i].bundle = core->slots[i].kin = 0;
        happen(core, &core->slots[i], ON_APART, event, actions);
    }
    add_action(actions, TH_NODE_ACTION_APART)->id = bundle;
}

static void fail(struct th_node_core *core, const struct th_node_event *event,
                 struct th_node_actions *actions)
{
    if (core->link == TH_NODE_LINK_GREETING && event->request == core->hello_request &&
        core->hello_deadline_ms != TH_NODE_NEVER_MS) {
        greet_later(core, event);
        return;
    }
    struct th_node_slot *slot;
    while ((slot = find_request(core->again, core->again_count, event->request)) != NULL)
        happen(core, slot, event->retry ? ON_RETRY : ON_REFUSED, event, actions);
    while ((slot = find_request(core->slots, core->count, event->request)) != NULL) {
        if (event->retry || slot->bundle == 0)
            happen(core, slot, event->retry ? ON_RETRY : ON_REFUSED, event, actions);
        else
            part(core, slot->bundle, event, actions);
    }
}

static void add_item(struct th_node_core *core, const struct th_node_event *event)
{
    TH_ASSERT(core->count < TH_NODE_WINDOW);
    TH_ASSERT(core->count == 0 || core->slots[core->count - 1].id < event->id);
    core->slots[core->count++] = (struct th_node_slot){
        .id = event->id,
        .group = event->group,
        .kin = event->kin,
        .bundle = event->bundle,
        .size_bytes = event->size_bytes,
        .due_ms = event->now_ms,
        .stage = event->was_sent ? TH_NODE_STAGE_WAITING : TH_NODE_STAGE_QUEUED,
    };
}

static void add_again(struct th_node_core *core, const struct th_node_event *event)
{
    core->has_more_again = event->has_more;
    if (event->id == 0)
        return; /* only that no others follow */
    TH_ASSERT(core->again_count < TH_NODE_AGAIN_WINDOW);
    TH_ASSERT(find_id(core, event->id) == NULL);
    core->again[core->again_count++] = (struct th_node_slot){
        .id = event->id,
        .group = event->group,
        .bundle = event->bundle,
        .size_bytes = event->size_bytes,
        .due_ms = event->now_ms,
        .stage = TH_NODE_STAGE_QUEUED,
        .is_again = true,
    };
}

static void time_out(struct th_node_core *core, struct th_node_slot *slots, size_t count,
                     const struct th_node_event *event, struct th_node_actions *actions)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i].stage == TH_NODE_STAGE_FLYING && event->now_ms >= slots[i].deadline_ms)
            happen(core, &slots[i], ON_OVERDUE, event, actions);
}

static void pass_time(struct th_node_core *core, const struct th_node_event *event,
                      struct th_node_actions *actions)
{
    if (core->link == TH_NODE_LINK_GREETING && event->now_ms >= core->hello_deadline_ms)
        greet_later(core, event);
    if (core->link == TH_NODE_LINK_GREETING && event->now_ms >= core->hello_due_ms)
        greet(core, event->now_ms, actions);
    time_out(core, core->again, core->again_count, event, actions);
    time_out(core, core->slots, core->count, event, actions);
}

/* The slot, and all that are in its bundle, with one request. */
static void send_parcel(struct th_node_core *core, struct th_node_slot *slot,
                        const struct th_node_event *event, struct th_node_actions *actions)
{
    struct th_node_slot *slots = slot->is_again ? core->again : core->slots;
    size_t count = slot->is_again ? core->again_count : core->count;
    if (slot->stage == TH_NODE_STAGE_QUEUED && slot->kin != 0)
        th_node_gather(core, slot, event->now_ms);
    struct th_node_slot *first = slot;
    for (size_t i = count; i-- > 0;) {
        if (&slots[i] != slot && !th_node_is_with(&slots[i], slot))
            continue;
        first = &slots[i];
        happen(core, first, ON_SEND, event, actions);
    }
    struct th_node_action *action =
        add_action(actions, slot->is_again ? TH_NODE_ACTION_READMIT : TH_NODE_ACTION_SEND);
    action->id = first->id;
    action->bundle = first->bundle;
    action->request = core->next_request++;
    action->attempt = first->attempts;
}

static void send_some(struct th_node_core *core, struct th_node_slot *slots, size_t count,
                      const struct th_node_event *event, struct th_node_actions *actions)
{
    size_t flying = th_node_count_flying(core);
    for (size_t i = 0; i < count && flying < TH_NODE_FLIGHT_MAX; i++) {
        if (slots[i].due_ms > event->now_ms || !th_node_may_go(core, &slots[i]))
            continue;
        if (!th_node_has_room(core, &slots[i]))
            break; /* a smaller one does not pass it */
        send_parcel(core, &slots[i], event, actions);
        flying++;
    }
}

/* At the end of each step: whatever may go, goes. */
static void send_what_may_go(struct th_node_core *core, const struct th_node_event *event,
                             struct th_node_actions *actions)
{
    if (core->link != TH_NODE_LINK_READY || event->now_ms < core->hold_until_ms)
        return;
    send_some(core, core->again, core->again_count, event, actions);
    if (!th_node_is_held_by_again(core))
        send_some(core, core->slots, core->count, event, actions);
}

void th_node_core_step(struct th_node_core *core, const struct th_node_event *event,
                       struct th_node_actions *ret_actions)
{
    struct th_node_actions *actions = ret_actions;
    actions->count = 0;
    struct th_node_slot *slot = find_id(core, event->id);
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
    case TH_NODE_EVENT_AGAIN:
        add_again(core, event);
        break;
    case TH_NODE_EVENT_RECEIPT_GOOD:
    case TH_NODE_EVENT_RECEIPT_BAD:
    case TH_NODE_EVENT_REJECTED:
    case TH_NODE_EVENT_CONFLICT:
        if (slot != NULL)
            happen(core, slot,
                   (enum occasion)((int)ON_RECEIPT_GOOD +
                                   ((int)event->kind - (int)TH_NODE_EVENT_RECEIPT_GOOD)),
                   event, actions);
        break;
    case TH_NODE_EVENT_DAMAGED:
        if (slot != NULL)
            happen(core, slot, ON_DAMAGED, event, actions);
        break;
    case TH_NODE_EVENT_FAILURE:
        fail(core, event, actions);
        break;
    }
    if (!event->has_next)
        send_what_may_go(core, event, actions);
}

size_t th_node_core_sent(const struct th_node_core *core, uint64_t request,
                         uint64_t ret_ids[TH_LIMIT_REPORTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < core->again_count && count < TH_LIMIT_REPORTS_MAX; i++)
        if (core->again[i].stage == TH_NODE_STAGE_FLYING && core->again[i].request == request)
            ret_ids[count++] = core->again[i].id;
    for (size_t i = 0; i < core->count && count < TH_LIMIT_REPORTS_MAX; i++)
        if (core->slots[i].stage == TH_NODE_STAGE_FLYING && core->slots[i].request == request)
            ret_ids[count++] = core->slots[i].id;
    return count;
}

size_t th_node_core_room(const struct th_node_core *core)
{
    return TH_NODE_WINDOW - core->count;
}

size_t th_node_core_again_room(const struct th_node_core *core)
{
    return TH_NODE_AGAIN_WINDOW - core->again_count;
}
