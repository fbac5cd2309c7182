/* SPDX-License-Identifier: Apache-2.0 */
/* What the loss of several records of one item means for it. */
#include "tests/support/outbox_case.h"
#include "tests/support/outbox_damage.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_outbox_case made;

static void set_up(void)
{
    th_outbox_case_make(&made);
}

static void tear_down(void)
{
    th_outbox_case_remove(&made);
}

TestSuite(outbox_scrub, .init = set_up, .fini = tear_down);

static size_t scrub(void)
{
    size_t count = 0;
    int status = th_outbox_scrub(made.outbox, th_outbox_case_noon, &count);
    cr_assert_eq(status, 0, "%d", status);
    return count;
}

static uint64_t add_received(void)
{
    uint64_t id = th_outbox_case_add(&made, 1, "report");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, "receipt");
    return id;
}

/* Items 1 to 3 as bundle 1, received. */
static void add_received_bundle(void)
{
    struct th_outbox_frozen frozen = {.bundle = 1, .submission = th_outbox_case_bytes("bundle")};
    for (uint32_t revision = 1; revision <= 3; revision++)
        frozen.ids[frozen.ids_count++] = th_outbox_case_add(&made, revision, "report");
    cr_assert_eq(th_outbox_freeze(made.outbox, &frozen, 1, th_outbox_case_noon), 0);
    for (uint64_t id = 1; id <= 3; id++)
        th_outbox_case_settle(&made, id, TH_ITEM_RECEIVED, "receipt");
}

static enum th_item_state state_of(uint64_t id)
{
    return th_outbox_case_get(&made, id).state;
}

Test(outbox_scrub, a_lost_receipt_without_what_was_sent_is_not_asked_for)
{
    uint64_t id = add_received();
    th_outbox_damage(made.outbox, TH_TABLE_FROZEN, id);
    th_outbox_damage(made.outbox, TH_TABLE_DETAIL, id);
    cr_assert_eq(scrub(), 2);
    cr_assert_eq(state_of(id), TH_ITEM_DAMAGED);
    cr_assert_eq(th_outbox_case_add(&made, 1, "report"), 2, "it may be submitted again");
}

Test(outbox_scrub, the_same_when_the_receipt_is_lost_later)
{
    uint64_t id = add_received();
    th_outbox_damage(made.outbox, TH_TABLE_FROZEN, id);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(state_of(id), TH_ITEM_RECEIVED, "it has its answer");
    th_outbox_damage(made.outbox, TH_TABLE_DETAIL, id);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(state_of(id), TH_ITEM_DAMAGED);
}

Test(outbox_scrub, a_lost_receipt_and_a_lost_bundle_damage_that_item_alone)
{
    add_received_bundle();
    th_outbox_damage(made.outbox, TH_TABLE_BUNDLE, 1);
    th_outbox_damage(made.outbox, TH_TABLE_DETAIL, 2);
    cr_assert_eq(scrub(), 2);
    cr_assert_eq(state_of(1), TH_ITEM_RECEIVED);
    cr_assert_eq(state_of(2), TH_ITEM_DAMAGED);
    th_outbox_damage(made.outbox, TH_TABLE_DETAIL, 3);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(state_of(3), TH_ITEM_DAMAGED);
}

Test(outbox_scrub, what_is_frozen_is_sent_without_the_report_itself)
{
    uint64_t id = th_outbox_case_add(&made, 1, "report");
    th_outbox_case_freeze(&made, id, "frozen");
    th_outbox_damage(made.outbox, TH_TABLE_REPORT, id);
    cr_assert_eq(scrub(), 1);
    cr_assert_eq(state_of(id), TH_ITEM_SENT);
    struct th_bytes frozen;
    cr_assert_eq(th_outbox_get_frozen(made.outbox, id, &made.arena, &frozen), 0);
}

Test(outbox_scrub, a_report_that_is_lost_cannot_go_apart)
{
    struct th_outbox_frozen frozen = {.bundle = 1, .submission = th_outbox_case_bytes("bundle")};
    for (uint32_t revision = 1; revision <= 3; revision++)
        frozen.ids[frozen.ids_count++] = th_outbox_case_add(&made, revision, "report");
    cr_assert_eq(th_outbox_freeze(made.outbox, &frozen, 1, th_outbox_case_noon), 0);
    th_outbox_damage(made.outbox, TH_TABLE_REPORT, 1);
    cr_assert_eq(scrub(), 1);
    th_outbox_damage(made.outbox, TH_TABLE_REPORT, 2);
    cr_assert_eq(th_outbox_part(made.outbox, 1, th_outbox_case_noon), 0);
    cr_assert_eq(state_of(1), TH_ITEM_DAMAGED);
    cr_assert_eq(state_of(2), TH_ITEM_DAMAGED);
    cr_assert_eq(state_of(3), TH_ITEM_QUEUED);
}

/* Whether the notice about a lost record of the item says this. */
static bool is_told(uint64_t id, const char *record, const char *consequence)
{
    const struct th_notice *notices;
    size_t count;
    bool is_found = false;
    cr_assert_eq(th_outbox_get_notices(made.outbox, &made.arena, &notices, &count), 0);
    for (size_t i = 0; i < count; i++) {
        char text[512];
        cr_assert_lt(notices[i].text.size, sizeof text);
        memcpy(text, notices[i].text.bytes, notices[i].text.size);
        text[notices[i].text.size] = '\0';
        is_found = is_found || (notices[i].item == id && strstr(text, record) != NULL &&
                                strstr(text, consequence) != NULL);
    }
    return is_found;
}

Test(outbox_scrub, what_is_lost_of_a_received_report_need_not_be_submitted_again)
{
    uint64_t id = add_received();
    th_outbox_damage(made.outbox, TH_TABLE_REPORT, id);
    th_outbox_damage(made.outbox, TH_TABLE_FROZEN, id);
    cr_assert_eq(scrub(), 2);
    cr_assert(is_told(id, "nội dung báo cáo", "không phải nộp lại"));
    cr_assert(is_told(id, "bản đã ký để gửi", "không phải nộp lại"));
}

Test(outbox_scrub, what_can_be_sent_no_more_has_to_be_submitted_again)
{
    uint64_t id = th_outbox_case_add(&made, 1, "report"), sent = th_outbox_case_add(&made, 2, "r");
    th_outbox_case_freeze(&made, sent, "frozen");
    th_outbox_damage(made.outbox, TH_TABLE_REPORT, id);
    th_outbox_damage(made.outbox, TH_TABLE_REPORT, sent);
    cr_assert_eq(scrub(), 2);
    cr_assert(is_told(id, "nội dung báo cáo", "Hãy nộp lại"));
    cr_assert(is_told(sent, "nội dung báo cáo", "không phải nộp lại"), "what is frozen goes on");
    th_outbox_damage(made.outbox, TH_TABLE_FROZEN, sent);
    cr_assert_eq(scrub(), 1);
    cr_assert(is_told(sent, "bản đã ký để gửi", "Hãy nộp lại"));
}

/* The records are read in the order of their keys; each notice says what is so after all of them.
 */
Test(outbox_scrub, all_notices_of_one_scrub_say_the_same_of_an_item)
{
    uint64_t id = add_received();
    th_outbox_damage(made.outbox, TH_TABLE_FROZEN, id);
    th_outbox_damage(made.outbox, TH_TABLE_DETAIL, id);
    cr_assert_eq(scrub(), 2);
    cr_assert(is_told(id, "bản đã ký để gửi", "Hãy nộp lại"));
    cr_assert(is_told(id, "biên nhận hoặc lý do", "Hãy nộp lại"));
}

Test(outbox_scrub, a_bundle_is_told_by_what_its_items_still_wait_for)
{
    add_received_bundle();
    th_outbox_damage(made.outbox, TH_TABLE_BUNDLE, 1);
    cr_assert_eq(scrub(), 1);
    cr_assert(is_told(1, "bản đã ký để gửi chung", "không phải nộp lại"));
}

Test(outbox_scrub, a_lost_receipt_comes_again_by_itself)
{
    uint64_t id = add_received();
    th_outbox_damage(made.outbox, TH_TABLE_DETAIL, id);
    cr_assert_eq(scrub(), 1);
    cr_assert(is_told(id, "biên nhận hoặc lý do", "tự gửi lại"));
}

Test(outbox_scrub, all_that_is_damaged_is_set_aside_at_once)
{
    for (uint32_t revision = 1; revision <= 300; revision++)
        th_outbox_case_add(&made, revision, "report");
    th_outbox_damage_table(made.outbox, TH_TABLE_REPORT);
    cr_assert_eq(scrub(), 300);
    cr_assert_eq(scrub(), 0);
    struct th_outbox_item items[1];
    size_t count;
    uint64_t version;
    cr_assert_eq(th_outbox_pending(made.outbox, 0, items, 1, &count, &version), 0);
    cr_assert_eq(count, 0);
}

Test(outbox_scrub, large_damaged_records_are_set_aside_in_several_rounds)
{
    static char large[250 * 1024];
    memset(large, 'x', sizeof large - 1);
    for (uint32_t revision = 1; revision <= 80; revision++)
        th_outbox_case_freeze(&made, th_outbox_case_add(&made, revision, "report"), large);
    th_outbox_damage_table(made.outbox, TH_TABLE_FROZEN);
    cr_assert_eq(scrub(), 80);
    cr_assert_eq(scrub(), 0);
}
