/* SPDX-License-Identifier: Apache-2.0 */
/* What the province signs when it takes nothing of a submission. */
#include "proto/receipt/refusal.h"
#include "tests/support/fake_province.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_fake province;
static struct th_arena arena;
static const struct th_wire_reason reasons[] = {{.rule = {"R01", 3}}, {.rule = {"empty", 5}}};
static const struct th_wire_verdict verdicts[] = {
    {.report_digest = {{1}}, .kind = TH_VERDICT_REJECTED, .reasons = reasons, .reasons_count = 2},
    {.report_digest = {{2}}, .kind = TH_VERDICT_CONFLICT}};
static const struct th_outcome outcome = {
    .header_digest = {{9}}, .verdicts = verdicts, .verdicts_count = 2};

static void set_up(void)
{
    th_fake_init(&province, TH_MODE_REHEARSAL);
    th_arena_init(&arena, 1 << 16, 64 << 20);
}

static void tear_down(void)
{
    th_fake_deinit(&province);
    th_arena_deinit(&arena);
}

TestSuite(refusal, .init = set_up, .fini = tear_down);

static struct th_bytes a_refusal(void)
{
    struct th_bytes text;
    cr_assert_eq(th_refusal_sign(&outcome, &province.signer, &arena, &text), 0);
    return text;
}

static int open_text(struct th_bytes text, struct th_refusal *ret_refusal)
{
    return th_refusal_open(text, &province.keys, &arena, ret_refusal);
}

/* A note of the province's key with this text behind the realm. */
static int open_signed(const char *rest)
{
    char text[1024], note[2048];
    size_t size;
    struct th_refusal refusal;
    (void)snprintf(text, sizeof text, "tonghop refusal v1\n%s\n%s", province.signer.vkey.name,
                   rest);
    cr_assert_eq(th_tlog_note_sign(text, strlen(text), &province.signer, sizeof note, note, &size),
                 0);
    return open_text((struct th_bytes){(const uint8_t *)note, size}, &refusal);
}

Test(refusal, it_says_who_refused_what_and_why)
{
    struct th_refusal refusal;
    cr_assert_eq(open_text(a_refusal(), &refusal), 0);
    cr_assert_eq(refusal.key, &province.keys.items[0]);
    cr_assert_eq(refusal.header_digest.bytes[0], 9);
    cr_assert_eq(refusal.lines_count, 2);
    const struct th_refusal_line *first = th_refusal_find(&refusal, &verdicts[0].report_digest);
    cr_assert_eq(first, &refusal.lines[0]);
    cr_assert_eq(first->verdict, TH_VERDICT_REJECTED);
    cr_assert_eq(first->rules.size, strlen("R01,empty"));
    cr_assert_eq(memcmp(first->rules.bytes, "R01,empty", first->rules.size), 0);
    cr_assert_eq(refusal.lines[1].verdict, TH_VERDICT_CONFLICT);
    cr_assert_eq(refusal.lines[1].rules.size, 0);
    cr_assert_null(th_refusal_find(&refusal, &(struct th_digest){{3}}));
    cr_assert(th_refusal_says(&refusal, &outcome));
}

Test(refusal, it_says_nothing_else)
{
    struct th_refusal refusal;
    cr_assert_eq(open_text(a_refusal(), &refusal), 0);
    for (int what = 0; what < 7; what++) {
        struct th_wire_verdict said[] = {verdicts[0], verdicts[1]};
        struct th_outcome other = outcome;
        other.verdicts = said;
        other.header_digest.bytes[31] = what == 0;
        other.verdicts_count = what == 1 ? 1 : 2;
        said[1].report_digest.bytes[0] = what == 2 ? 3 : 2;
        said[1].kind = what == 3 ? TH_VERDICT_REJECTED : TH_VERDICT_CONFLICT;
        said[0].reasons_count = what == 4 ? 1 : 2;
        said[1].reasons = reasons;
        said[1].reasons_count = what == 5;
        cr_assert_eq(th_refusal_says(&refusal, &other), what == 6, "%d", what);
    }
}

Test(refusal, no_byte_of_it_can_be_changed)
{
    struct th_bytes text = a_refusal();
    uint8_t copy[2048];
    struct th_refusal refusal;
    cr_assert_leq(text.size, sizeof copy);
    for (size_t i = 0; i < text.size; i++) {
        memcpy(copy, text.bytes, text.size);
        copy[i] ^= 1;
        cr_assert_neq(open_text((struct th_bytes){copy, text.size}, &refusal), 0, "byte %zu", i);
    }
    for (size_t size = 0; size < text.size; size++)
        cr_assert_neq(open_text((struct th_bytes){text.bytes, size}, &refusal), 0, "%zu", size);
}

Test(refusal, any_key_that_its_realm_has_had_may_have_signed_and_no_other)
{
    struct th_refusal refusal;
    struct th_bytes old = a_refusal(), forged;
    struct th_log_keys first = province.keys;
    cr_assert_eq(th_refusal_sign(&outcome, &province.forger, &arena, &forged), 0);
    (void)th_fake_receipt(&province, "23734", &verdicts[0].report_digest, &arena); /* a leaf */
    th_fake_rotate(&province);
    struct th_bytes next = a_refusal();
    cr_assert_eq(open_text(old, &refusal), 0);
    cr_assert_eq(refusal.key, &province.keys.items[0]);
    cr_assert_eq(open_text(next, &refusal), 0);
    cr_assert_eq(refusal.key, &province.keys.items[1]);
    cr_assert_eq(open_text(forged, &refusal), TH_E_SIGNATURE);
    cr_assert_eq(th_refusal_open(next, &first, &arena, &refusal), TH_E_SIGNATURE);
    th_fake_recover(&province, 0, true);
    cr_assert_eq(th_refusal_open(a_refusal(), &first, &arena, &refusal), TH_E_INVALID);
}

#define DIGEST "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

Test(refusal, a_signed_text_in_another_form_is_none)
{
    cr_assert_eq(open_signed(DIGEST "\n" DIGEST " rejected R01\n"), 0);
    cr_assert_neq(open_signed(""), 0);
    cr_assert_neq(open_signed(DIGEST "\n"), 0, "no report");
    cr_assert_neq(open_signed("A\n" DIGEST " rejected\n"), 0);
    cr_assert_neq(open_signed(DIGEST "\n" DIGEST "\n"), 0);
    cr_assert_neq(open_signed(DIGEST "\n" DIGEST " \n"), 0);
    cr_assert_neq(open_signed(DIGEST "\n" DIGEST " rejected \n"), 0);
    cr_assert_neq(open_signed(DIGEST "\n" DIGEST "-rejected\n"), 0);
    cr_assert_neq(open_signed(DIGEST "\nA rejected\n"), 0);
    cr_assert_neq(open_signed(DIGEST "\n" DIGEST " accepted\n"), 0);
    cr_assert_neq(open_signed(DIGEST "\n" DIGEST " rejected R01\n\n"), 0);
    struct th_refusal refusal;
    struct th_bytes receipt =
        th_fake_receipt(&province, "23734", &verdicts[0].report_digest, &arena);
    cr_assert_not(th_refusal_is_named(receipt));
    cr_assert_eq(open_text(receipt, &refusal), TH_E_VERSION);
    cr_assert(th_refusal_is_named(a_refusal()));
}

Test(refusal, the_most_reports_with_long_rules_are_read)
{
    static struct th_wire_verdict many[TH_LIMIT_REPORTS_MAX];
    char rule[TH_LIMIT_RULE_ID_MAX];
    memset(rule, 'R', sizeof rule);
    const struct th_wire_reason one = {.rule = {rule, sizeof rule}};
    struct th_outcome full = {.verdicts = many, .verdicts_count = TH_LIMIT_REPORTS_MAX};
    for (size_t i = 0; i < TH_LIMIT_REPORTS_MAX; i++)
        many[i] = (struct th_wire_verdict){.report_digest = {{(uint8_t)i}},
                                           .kind = TH_VERDICT_REJECTED,
                                           .reasons = &one,
                                           .reasons_count = 1};
    struct th_bytes text;
    struct th_refusal refusal;
    cr_assert_eq(th_refusal_sign(&full, &province.signer, &arena, &text), 0);
    cr_assert_eq(open_text(text, &refusal), 0);
    cr_assert(th_refusal_says(&refusal, &full));
}
