/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/submit.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>

static struct th_node_case node;
static struct th_arena arena;
static int blind_looks; /* how many looks in the outbox still see nothing of what is there */

int __real_th_outbox_list(struct th_outbox *outbox, struct th_arena *in,
                          const struct th_outbox_item **ret_items, size_t *ret_count,
                          size_t *ret_bad);
int __wrap_th_outbox_list(struct th_outbox *outbox, struct th_arena *in,
                          const struct th_outbox_item **ret_items, size_t *ret_count,
                          size_t *ret_bad);

int __wrap_th_outbox_list(struct th_outbox *outbox, struct th_arena *in,
                          const struct th_outbox_item **ret_items, size_t *ret_count,
                          size_t *ret_bad)
{
    int status = __real_th_outbox_list(outbox, in, ret_items, ret_count, ret_bad);
    if (status == 0 && blind_looks > 0) {
        blind_looks--;
        *ret_count = 0;
    }
    return status;
}

static void set_up(void)
{
    blind_looks = 0;
    th_node_case_make(&node, TH_MODE_REHEARSAL, "tcp://127.0.0.1:1");
    th_node_case_open(&node);
    th_arena_init(&arena, 65536, 16 << 20);
}

static void tear_down(void)
{
    th_node_case_close(&node);
    th_node_case_remove(&node);
    th_arena_deinit(&arena);
}

TestSuite(node_submit, .init = set_up, .fini = tear_down);

static struct th_submit_result submit(uint32_t number, uint32_t revision, int64_t figure)
{
    static const uint16_t indicator = 1;
    struct th_submit_request request = {
        .report = {.plan = {"gialai-2025", 11},
                   .obligation = {"O-2", 3},
                   .unit = {"23734", 5},
                   .number = number,
                   .revision = revision,
                   .values = {.numbers = &indicator, .values = &figure, .count = 1}},
        .now = {TH_NODE_CASE_NOW_MS},
        .mode = TH_MODE_REHEARSAL};
    struct th_submit_result result;
    cr_assert_eq(th_submit(node.outbox, &request, &arena, &result), 0);
    return result;
}

static void settle(uint64_t id, enum th_item_state state, uint32_t next_revision)
{
    struct th_outbox_item item;
    struct th_outbox_detail detail = {0};
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    item.state = state;
    item.next_revision = next_revision;
    cr_assert_eq(
        th_outbox_settle(node.outbox, &(struct th_outbox_settled){item, detail}, 1, item.queued_at),
        0);
}

Test(node_submit, the_first_report_is_revision_one)
{
    struct th_submit_result result = submit(1, 0, 5);
    cr_assert_eq(result.outcome, TH_SUBMIT_QUEUED);
    cr_assert_eq(result.item.revision, 1);
    cr_assert_eq(result.item.state, TH_ITEM_QUEUED);
}

Test(node_submit, the_same_content_again_is_not_queued_again)
{
    uint64_t id = submit(1, 0, 5).item.id;
    struct th_submit_result again = submit(1, 0, 5);
    cr_assert_eq(again.outcome, TH_SUBMIT_SAME);
    cr_assert_eq(again.item.id, id);
    settle(id, TH_ITEM_RECEIVED, 0);
    cr_assert_eq(submit(1, 0, 5).outcome, TH_SUBMIT_SAME);
}

Test(node_submit, other_content_needs_the_officers_word)
{
    uint64_t id = submit(1, 0, 5).item.id;
    struct th_submit_result other = submit(1, 0, 6);
    cr_assert_eq(other.outcome, TH_SUBMIT_OCCUPIED);
    cr_assert_eq(other.item.id, id);
    cr_assert_eq(other.next_revision, 2);
    cr_assert_eq(submit(1, 1, 6).outcome, TH_SUBMIT_OCCUPIED, "revision 1 is taken");
    struct th_submit_result said = submit(1, 2, 6);
    cr_assert_eq(said.outcome, TH_SUBMIT_QUEUED);
    cr_assert_eq(said.item.revision, 2);
}

Test(node_submit, an_older_revisions_content_is_still_the_same)
{
    submit(1, 0, 5);
    submit(1, 2, 6);
    cr_assert_eq(submit(1, 0, 5).outcome, TH_SUBMIT_SAME);
    cr_assert_eq(submit(1, 0, 6).outcome, TH_SUBMIT_SAME);
    cr_assert_eq(submit(1, 0, 7).next_revision, 3);
}

Test(node_submit, the_same_content_as_a_new_revision_is_queued_when_said)
{
    submit(1, 0, 5);
    cr_assert_eq(submit(1, 2, 5).outcome, TH_SUBMIT_QUEUED);
}

Test(node_submit, a_rejected_report_leaves_its_place)
{
    settle(submit(1, 0, 5).item.id, TH_ITEM_REJECTED, 0);
    struct th_submit_result again = submit(1, 0, 6);
    cr_assert_eq(again.outcome, TH_SUBMIT_QUEUED);
    cr_assert_eq(again.item.revision, 1);
}

Test(node_submit, a_conflict_names_the_provinces_next_revision)
{
    settle(submit(1, 0, 5).item.id, TH_ITEM_CONFLICT, 4);
    struct th_submit_result other = submit(1, 0, 6);
    cr_assert_eq(other.outcome, TH_SUBMIT_OCCUPIED);
    cr_assert_eq(other.next_revision, 4);
    cr_assert_eq(submit(1, 4, 6).outcome, TH_SUBMIT_QUEUED);
}

Test(node_submit, another_number_is_another_report)
{
    submit(1, 0, 5);
    cr_assert_eq(submit(2, 0, 6).outcome, TH_SUBMIT_QUEUED);
}

/* Another process has queued it since the look, or was killed right after its commit: a reader may
 * not see that before the next writer. */
Test(node_submit, what_came_between_the_look_and_the_act_is_the_same)
{
    uint64_t id = submit(1, 0, 5).item.id;
    blind_looks = 1;
    struct th_submit_result again = submit(1, 0, 5);
    cr_assert_eq(again.outcome, TH_SUBMIT_SAME);
    cr_assert_eq(again.item.id, id);
    blind_looks = 1;
    struct th_submit_result other = submit(1, 0, 6);
    cr_assert_eq(other.outcome, TH_SUBMIT_OCCUPIED);
    cr_assert_eq(other.next_revision, 2);
}
