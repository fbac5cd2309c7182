/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/earlier.h"

#include "tests/support/node_case.h"
#include "tests/support/outbox_damage.h"

#include <criterion/criterion.h>

static struct th_node_case node;
static struct th_arena arena;
static struct th_earlier earlier;

/* The case submits to O-1 of gialai-2025. */
static const struct th_obligation obligations[] = {
    {.id = "O-1", .period = "2025-H1", .quoted = {.present = TH_TERM_SERIES, .series = "s"}},
    {.id = "O-2", .period = "2025", .quoted = {.present = TH_TERM_SERIES, .series = "s"}},
    {.id = "O-3", .period = "2025", .quoted = {.present = TH_TERM_SERIES, .series = "other"}},
};
static const struct th_plan plan = {.id = "gialai-2025",
                                    .year = 2025,
                                    .territory = "64",
                                    .catalogue = {.id = "c"},
                                    .obligations = obligations,
                                    .obligations_count = 3};
static const struct th_plan *const plans[] = {&plan};

static void set_up(void)
{
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

TestSuite(earlier, .init = set_up, .fini = tear_down);

static const struct th_values *half_year_for(const struct th_obligation *obligation)
{
    cr_assert_eq(th_earlier_find(node.outbox, plans, 1, &plan, obligation, &arena, &earlier), 0);
    return earlier.related.half_year;
}

static int64_t figure_of(const struct th_values *values)
{
    int64_t value = -1;
    cr_assert_not_null(values);
    cr_assert(th_values_get(values, 1, &value));
    return value;
}

Test(earlier, the_half_year_stands_beside_the_year)
{
    th_node_case_submit(&node, 0, 12);
    cr_assert_eq(figure_of(half_year_for(&obligations[1])), 12);
}

Test(earlier, the_latest_revision_counts)
{
    th_node_case_submit(&node, 0, 12);
    th_node_case_submit(&node, 2, 15);
    cr_assert_eq(figure_of(half_year_for(&obligations[1])), 15);
}

Test(earlier, a_rejected_report_does_not_count)
{
    struct th_outbox_item item;
    struct th_outbox_detail detail = {0};
    uint64_t id = th_node_case_submit(&node, 0, 12);
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    item.state = TH_ITEM_REJECTED;
    cr_assert_eq(
        th_outbox_settle(node.outbox, &(struct th_outbox_settled){item, detail}, 1, item.queued_at),
        0);
    cr_assert_null(half_year_for(&obligations[1]));
}

Test(earlier, another_series_is_not_compared)
{
    th_node_case_submit(&node, 0, 12);
    cr_assert_null(half_year_for(&obligations[2]));
}

Test(earlier, the_half_year_itself_has_no_half_year)
{
    th_node_case_submit(&node, 0, 12);
    cr_assert_null(half_year_for(&obligations[0]));
}

/* The half-year report, received, with a flipped byte. */
static uint64_t receive_and_damage(void)
{
    struct th_outbox_item item;
    uint64_t id = th_node_case_submit(&node, 0, 12);
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    item.state = TH_ITEM_RECEIVED;
    struct th_outbox_settled settled = {.item = item};
    cr_assert_eq(th_outbox_settle(node.outbox, &settled, 1, item.queued_at), 0);
    th_outbox_damage(node.outbox, TH_TABLE_REPORT, id);
    return id;
}

Test(earlier, a_damaged_report_is_not_compared_and_holds_up_no_other)
{
    receive_and_damage();
    cr_assert_null(half_year_for(&obligations[1]));
    size_t count = 0;
    cr_assert_eq(th_outbox_scrub(node.outbox, (th_instant){TH_NODE_CASE_NOW_MS}, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_null(half_year_for(&obligations[1]));
}

Test(earlier, the_figures_that_a_damaged_revision_replaced_are_not_compared_either)
{
    th_node_case_submit(&node, 0, 12);
    uint64_t id = th_node_case_submit(&node, 2, 15);
    th_outbox_damage(node.outbox, TH_TABLE_REPORT, id);
    cr_assert_null(half_year_for(&obligations[1]));
}
