/* SPDX-License-Identifier: Apache-2.0 */
/* What goes together in one submission, and a model that random histories are held against. */
#include "nodes/core/core.h"
#include "tests/support/node_next.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <string.h>

#define KIN 77

static struct th_node_core core;
static struct th_node_actions actions;
static int64_t now_ms;

static void set_up(void)
{
    th_node_core_init(&core);
    now_ms = 1000000;
    actions.count = 0;
}

TestSuite(node_bundle, .init = set_up);

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

static void on_item(enum th_node_event_kind kind, uint64_t id, bool has_next)
{
    step((struct th_node_event){.kind = kind, .id = id, .has_next = has_next});
}

static void add(uint64_t id, uint64_t group, uint64_t kin, uint32_t size)
{
    step((struct th_node_event){
        .kind = TH_NODE_EVENT_ITEM, .id = id, .group = group, .kin = kin, .size_bytes = size});
}

static void add_sent(uint64_t id, uint64_t bundle)
{
    step((struct th_node_event){.kind = TH_NODE_EVENT_ITEM,
                                .id = id,
                                .group = id,
                                .kin = KIN,
                                .bundle = bundle,
                                .was_sent = true});
}

static void connect_and_welcome(void)
{
    on(TH_NODE_EVENT_CONNECTED);
    on(TH_NODE_EVENT_WELCOME);
}

static const struct th_node_action *first_of(enum th_node_action_kind kind)
{
    for (size_t i = 0; i < actions.count; i++)
        if (actions.items[i].kind == kind)
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

/* Whether exactly these went with the n-th SEND. */
static bool sent(size_t n, size_t count, const uint64_t *ids)
{
    uint64_t found[TH_LIMIT_REPORTS_MAX];
    for (size_t i = 0; i < actions.count; i++)
        if (actions.items[i].kind == TH_NODE_ACTION_SEND && n-- == 0)
            return th_node_core_sent(&core, actions.items[i].request, found) == count &&
                   memcmp(found, ids, count * sizeof *ids) == 0;
    return false;
}

#define SENT(n, ...)                                                                               \
    sent(n, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

Test(node_bundle, a_backlog_goes_in_one_submission_with_its_corrections)
{
    add(1, 5, KIN, 500);
    add(2, 5, KIN, 500);
    add(3, 6, KIN, 500);
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 1);
    cr_assert(SENT(0, 1, 2, 3));
    cr_assert_eq(first_of(TH_NODE_ACTION_SEND)->bundle, 1);
}

Test(node_bundle, a_fresh_report_waits_for_nobody)
{
    connect_and_welcome();
    add(1, 5, KIN, 500);
    cr_assert(SENT(0, 1));
    cr_assert_eq(first_of(TH_NODE_ACTION_SEND)->bundle, 0);
    add(2, 6, KIN, 500);
    cr_assert(SENT(0, 2), "the first one is on its way and does not hold it");
}

Test(node_bundle, what_is_read_together_goes_together)
{
    connect_and_welcome();
    for (uint64_t id = 1; id <= 3; id++)
        step((struct th_node_event){.kind = TH_NODE_EVENT_ITEM,
                                    .id = id,
                                    .group = id,
                                    .kin = KIN,
                                    .size_bytes = 9,
                                    .has_next = id < 3});
    cr_assert(SENT(0, 1, 2, 3));
}

Test(node_bundle, only_kin_go_together_and_what_has_none_goes_alone)
{
    add(1, 1, KIN, 10);
    add(2, 2, KIN + 1, 10);
    add(3, 3, KIN, 10);
    add(4, 4, 0, 10);
    add(5, 5, 0, 10);
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 4);
    cr_assert(SENT(0, 1, 3));
    cr_assert(SENT(1, 2));
    cr_assert(SENT(2, 4));
    cr_assert(SENT(3, 5));
}

Test(node_bundle, a_later_revision_does_not_pass_one_that_is_in_another_submission)
{
    add(1, 1, KIN, 10);
    add(2, 9, KIN + 1, 10);
    add(3, 9, KIN, 10); /* behind 2, which is not of the first bundle */
    add(4, 1, KIN, 10);
    connect_and_welcome();
    cr_assert(SENT(0, 1, 4));
    cr_assert(SENT(1, 2));
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 2);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 2, false);
    cr_assert(SENT(0, 3));
}

Test(node_bundle, bytes_bound_a_bundle)
{
    add(1, 1, KIN, TH_NODE_FLIGHT_BYTES_MAX - 100);
    add(2, 2, KIN, 101);
    add(3, 3, KIN, 100);
    add(4, 4, KIN, TH_LIMIT_REPORT_SIZE_MAX); /* larger than a bundle: alone */
    add(5, 5, KIN, 1);
    connect_and_welcome();
    cr_assert(SENT(0, 1, 3));
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 1, "no more is on its way at once");
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1, true);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 3, false);
    cr_assert(SENT(0, 2, 5));
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 1, "nothing else flies beside the large one");
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 2, false);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 5, false);
    cr_assert(SENT(0, 4));
}

Test(node_bundle, a_repetition_waits_for_room_too_and_nobody_passes_it)
{
    for (uint64_t id = 1; id <= 4; id++)
        step((struct th_node_event){.kind = TH_NODE_EVENT_ITEM,
                                    .id = id,
                                    .group = id,
                                    .bundle = id <= 2 ? 1 : 3,
                                    .size_bytes = 20000,
                                    .was_sent = true});
    add(5, 5, KIN, 10);
    connect_and_welcome();
    cr_assert(SENT(0, 1, 2));
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 1);
    cr_assert_eq(th_node_next_ms(&core), now_ms + TH_NODE_ANSWER_MS);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1, false);
    cr_assert(SENT(0, 3, 4), "what is answered makes room");
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 2);
    cr_assert(SENT(1, 5));
}

Test(node_bundle, the_count_bounds_a_bundle)
{
    for (uint64_t id = 1; id <= TH_LIMIT_REPORTS_MAX + 1; id++)
        add(id, id, KIN, 1);
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 2);
    cr_assert(SENT(1, TH_LIMIT_REPORTS_MAX + 1));
}

Test(node_bundle, one_refused_report_settles_itself_and_the_others_by_their_own_answers)
{
    for (uint64_t id = 1; id <= 3; id++)
        add(id, id, KIN, 10);
    connect_and_welcome();
    add(4, 1, KIN, 10); /* a correction of 1 waits */
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1, true);
    cr_assert_eq(first_of(TH_NODE_ACTION_SETTLE)->state, TH_ITEM_RECEIVED);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0, "the rest of the answer comes first");
    on_item(TH_NODE_EVENT_REJECTED, 2, true);
    cr_assert_eq(first_of(TH_NODE_ACTION_SETTLE)->state, TH_ITEM_REJECTED);
    on_item(TH_NODE_EVENT_CONFLICT, 3, false);
    cr_assert_eq(first_of(TH_NODE_ACTION_SETTLE)->state, TH_ITEM_CONFLICT);
    cr_assert(SENT(0, 4));
}

Test(node_bundle, what_went_together_goes_together_again)
{
    for (uint64_t id = 1; id <= 3; id++)
        add(id, id, KIN, 10);
    connect_and_welcome();
    on(TH_NODE_EVENT_LOST);
    add(4, 4, KIN, 10);
    connect_and_welcome();
    cr_assert(SENT(0, 1, 2, 3), "the bundle is frozen: 4 does not join");
    cr_assert_eq(first_of(TH_NODE_ACTION_SEND)->bundle, 1);
    cr_assert(SENT(1, 4));
}

Test(node_bundle, a_bundle_of_an_earlier_process_goes_once_for_all_its_items)
{
    add_sent(2, 1); /* item 1 has its answer */
    add_sent(3, 1);
    add_sent(4, 0);
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 2);
    cr_assert(SENT(0, 2, 3));
    cr_assert(SENT(1, 4), "frozen alone, for ever alone");
}

Test(node_bundle, a_bad_receipt_sends_the_bundle_again_when_nothing_of_it_is_awaited)
{
    for (uint64_t id = 1; id <= 2; id++)
        add(id, id, KIN, 10);
    connect_and_welcome();
    on_item(TH_NODE_EVENT_RECEIPT_BAD, 1, true);
    now_ms += 10000;
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0, "2 is still awaited");
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 2, false);
    cr_assert(SENT(0, 1));
    cr_assert_eq(first_of(TH_NODE_ACTION_SEND)->bundle, 1);
}

Test(node_bundle, a_bundle_whose_receipts_do_not_hold_has_one_pause)
{
    for (uint64_t id = 1; id <= TH_LIMIT_REPORTS_MAX; id++)
        add(id, id, KIN, 10);
    connect_and_welcome();
    for (uint64_t id = 1; id <= TH_LIMIT_REPORTS_MAX; id++)
        step((struct th_node_event){.kind = TH_NODE_EVENT_RECEIPT_BAD,
                                    .id = id,
                                    .random = UINT64_C(0x9e3779b97f4a7c15) * id,
                                    .has_next = id < TH_LIMIT_REPORTS_MAX});
    for (size_t i = 1; i < core.count; i++)
        cr_assert_eq(core.slots[i].due_ms, core.slots[0].due_ms,
                     "the shortest of many pauses is none");
}

Test(node_bundle, a_bundle_counts_once_in_the_flight)
{
    for (uint64_t id = 1; id <= 20; id++)
        add(id, id, KIN + (id + 1) / 2, 10);
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), TH_NODE_FLIGHT_MAX);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 1, false);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    on_item(TH_NODE_EVENT_RECEIPT_GOOD, 2, false);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 1);
}

Test(node_bundle, later_puts_the_whole_bundle_off)
{
    for (uint64_t id = 1; id <= 2; id++)
        add(id, id, KIN, 10);
    connect_and_welcome();
    uint64_t request = first_of(TH_NODE_ACTION_SEND)->request;
    step((struct th_node_event){
        .kind = TH_NODE_EVENT_FAILURE, .request = request, .retry = true, .after_ms = 5000});
    now_ms += 4999;
    on(TH_NODE_EVENT_TIME);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    now_ms += 1;
    on(TH_NODE_EVENT_TIME);
    cr_assert(SENT(0, 1, 2));
}

Test(node_bundle, one_that_joined_while_its_bundle_flew_comes_apart_with_it)
{
    add_sent(1, 1);
    add_sent(2, 1);
    connect_and_welcome();
    uint64_t request = first_of(TH_NODE_ACTION_SEND)->request;
    add_sent(3, 1); /* the window had no room for it before */
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 0);
    step((struct th_node_event){.kind = TH_NODE_EVENT_FAILURE, .request = request});
    cr_assert_eq(count_of(TH_NODE_ACTION_APART), 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_SEND), 3);
    for (size_t i = 0; i < actions.count; i++)
        cr_assert_eq(actions.items[i].bundle, 0, "nothing goes as the bundle any more");
}

Test(node_bundle, a_bundle_that_is_never_taken_comes_apart)
{
    for (uint64_t id = 1; id <= 3; id++)
        add(id, id, KIN, 10);
    connect_and_welcome();
    uint64_t request = first_of(TH_NODE_ACTION_SEND)->request;
    step((struct th_node_event){.kind = TH_NODE_EVENT_FAILURE, .request = request});
    cr_assert_eq(actions.items[0].kind, TH_NODE_ACTION_APART);
    cr_assert_eq(actions.items[0].id, 1);
    cr_assert_eq(count_of(TH_NODE_ACTION_SETTLE), 0, "nobody is refused for the others");
    cr_assert(SENT(0, 1) && SENT(1, 2) && SENT(2, 3));
    request = actions.items[1].request;
    step((struct th_node_event){.kind = TH_NODE_EVENT_FAILURE, .request = request});
    cr_assert_eq(first_of(TH_NODE_ACTION_SETTLE)->state, TH_ITEM_REJECTED);
}

Test(node_bundle, readmissions_of_one_receipt_are_one)
{
    for (uint64_t id = 1; id <= 3; id++)
        step((struct th_node_event){.kind = TH_NODE_EVENT_AGAIN,
                                    .id = id,
                                    .group = 8, /* revisions of one report */
                                    .bundle = 1,
                                    .has_next = id < 3});
    connect_and_welcome();
    cr_assert_eq(count_of(TH_NODE_ACTION_READMIT), 0, "forgotten with the connection before");
    for (uint64_t id = 1; id <= 3; id++)
        step((struct th_node_event){
            .kind = TH_NODE_EVENT_AGAIN, .id = id, .group = 8, .bundle = 1, .has_next = id < 3});
    cr_assert_eq(count_of(TH_NODE_ACTION_READMIT), 1);
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    cr_assert_eq(th_node_core_sent(&core, first_of(TH_NODE_ACTION_READMIT)->request, ids), 3);
    step((struct th_node_event){.kind = TH_NODE_EVENT_FAILURE,
                                .request = first_of(TH_NODE_ACTION_READMIT)->request});
    cr_assert_eq(count_of(TH_NODE_ACTION_APART), 0, "the receipt is for the whole");
}

/* ---- a model ---- */

#define MODEL_ITEMS 200

struct model_item {
    uint64_t group, kin;
    uint32_t size;
    bool is_here, is_settled, is_apart;
    uint64_t bundle; /* of the last time; 0: alone */
    bool was_sent;
    uint64_t request; /* 0: not in flight */
};

static struct model_item model[MODEL_ITEMS + 1];

static void check_send(const struct th_node_action *action)
{
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    size_t count = th_node_core_sent(&core, action->request, ids), bytes = 0;
    cr_assert_gt(count, 0);
    cr_assert_eq(ids[0], action->id);
    bool is_first = !model[ids[0]].was_sent;
    for (size_t i = 0; i < count; i++) {
        struct model_item *item = &model[ids[i]];
        cr_assert(item->is_here && !item->is_settled && item->request == 0);
        cr_assert_eq(item->was_sent, !is_first, "fresh ones and repetitions are apart");
        cr_assert(count == 1 || item->kin == model[ids[0]].kin);
        cr_assert(action->bundle == 0 || !item->is_apart);
        bytes += item->size;
        for (uint64_t earlier = 1; earlier < ids[i]; earlier++) {
            if (!is_first || !model[earlier].is_here || model[earlier].is_settled ||
                model[earlier].group != item->group)
                continue;
            bool is_before = false;
            for (size_t j = 0; j < i; j++)
                is_before = is_before || ids[j] == earlier;
            cr_assert(is_before, "%llu passed %llu", (unsigned long long)ids[i],
                      (unsigned long long)earlier);
        }
    }
    cr_assert(count == 1 || bytes <= TH_NODE_FLIGHT_BYTES_MAX);
    for (uint64_t id = 1; !is_first && action->bundle != 0 && id <= MODEL_ITEMS; id++) {
        bool is_in = false;
        for (size_t j = 0; j < count; j++)
            is_in = is_in || ids[j] == id;
        cr_assert_eq(is_in, model[id].is_here && !model[id].is_settled &&
                                model[id].bundle == action->bundle);
    }
    for (size_t i = 0; i < count; i++) {
        struct model_item *item = &model[ids[i]];
        cr_assert(is_first || item->bundle == action->bundle);
        item->bundle = action->bundle;
        item->request = action->request;
        item->was_sent = true;
    }
}

static void follow(void)
{
    for (size_t i = 0; i < actions.count; i++) {
        const struct th_node_action *action = &actions.items[i];
        if (action->kind == TH_NODE_ACTION_SETTLE) {
            model[action->id].is_settled = true;
            model[action->id].request = 0;
        } else if (action->kind == TH_NODE_ACTION_APART) {
            for (uint64_t id = 1; id <= MODEL_ITEMS; id++)
                if (!model[id].is_settled && model[id].bundle == action->id) {
                    model[id].is_apart = true;
                    model[id].was_sent = false;
                    model[id].bundle = model[id].request = 0;
                }
        } else if (action->kind == TH_NODE_ACTION_SEND) {
            check_send(action);
        }
    }
}

static void check_flight(void)
{
    size_t bytes = 0;
    uint64_t request = 0;
    bool is_one = true;
    for (uint64_t id = 1; id <= MODEL_ITEMS; id++) {
        if (model[id].request == 0)
            continue;
        bytes += model[id].size;
        is_one = is_one && (request == 0 || request == model[id].request);
        request = model[id].request;
    }
    cr_assert(is_one || bytes <= TH_NODE_FLIGHT_BYTES_MAX);
}

static void model_step(struct th_node_event event)
{
    step(event);
    for (size_t i = 0; i < core.count; i++) {
        struct model_item *item = &model[core.slots[i].id];
        if (core.slots[i].stage != TH_NODE_STAGE_FLYING || core.slots[i].request != item->request)
            item->request = 0;
    }
    follow();
    check_flight();
}

static uint64_t some_request(struct random *random)
{
    uint64_t first = random_below(random, MODEL_ITEMS);
    for (uint64_t i = 0; i < MODEL_ITEMS; i++)
        if (model[1 + (first + i) % MODEL_ITEMS].request != 0)
            return model[1 + (first + i) % MODEL_ITEMS].request;
    return 0;
}

/* An answer that names each report of the request. */
static void answer(struct random *random, uint64_t request, bool is_fair)
{
    static const enum th_node_event_kind kinds[] = {
        TH_NODE_EVENT_RECEIPT_GOOD, TH_NODE_EVENT_RECEIPT_BAD, TH_NODE_EVENT_REJECTED,
        TH_NODE_EVENT_CONFLICT, TH_NODE_EVENT_DAMAGED};
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    size_t count = th_node_core_sent(&core, request, ids);
    for (size_t i = 0; i < count; i++)
        model_step((struct th_node_event){.kind = kinds[is_fair ? 0 : random_below(random, 5)],
                                          .id = ids[i],
                                          .random = random_next(random),
                                          .has_next = i + 1 < count});
}

static void random_event(struct random *random, uint64_t *last, bool is_fair)
{
    struct th_node_event event = {.random = random_next(random), .kind = TH_NODE_EVENT_TIME};
    uint64_t request = some_request(random);
    now_ms += (int64_t)random_below(random, 2000);
    switch (random_below(random, is_fair ? 3 : 8)) {
    case 0:
        if (*last < MODEL_ITEMS) {
            struct model_item *item = &model[++*last];
            *item = (struct model_item){.group = random_below(random, 12),
                                        .kin = 1 + random_below(random, 3),
                                        .size = 1 + (uint32_t)random_below(random, 30000),
                                        .is_here = true};
            event.kind = TH_NODE_EVENT_ITEM;
            event.id = *last;
            event.group = item->group;
            event.kin = item->kin;
            event.size_bytes = item->size;
        }
        break;
    case 1:
        answer(random, request, is_fair);
        return;
    case 2:
        if (core.link == TH_NODE_LINK_READY)
            break;
        event.kind =
            core.link == TH_NODE_LINK_DOWN ? TH_NODE_EVENT_CONNECTED : TH_NODE_EVENT_WELCOME;
        break;
    case 3:
    case 4:
        event.kind = TH_NODE_EVENT_FAILURE;
        event.request = request;
        event.retry = random_below(random, 2) == 0;
        if (request == 0 && core.link != TH_NODE_LINK_READY)
            event.kind = TH_NODE_EVENT_TIME;
        break;
    case 5:
        event.kind = random_below(random, 4) == 0 ? TH_NODE_EVENT_LOST : TH_NODE_EVENT_TIME;
        break;
    default:
        break;
    }
    model_step(event);
}

Test(node_bundle, random_histories_keep_the_order_and_end, .timeout = 120)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct random random = {seed};
        set_up();
        memset(model, 0, sizeof model);
        uint64_t last = 0;
        for (size_t i = 0; i < 800; i++)
            random_event(&random, &last, false);
        for (size_t i = 0; i < 20000 && core.count > 0; i++)
            random_event(&random, &last, true);
        cr_assert_eq(core.count, 0, "seed %llu", (unsigned long long)seed);
    }
}
