/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/driver/receipt.h"
#include "tests/support/fake_province.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_fake province;
static struct th_arena arena;
static const struct th_digest report = {{7, 7, 7}};

static void set_up(void)
{
    th_fake_init(&province, TH_MODE_REHEARSAL);
    th_arena_init(&arena, 1 << 16, 16 << 20);
    for (uint8_t i = 0; i < 5; i++) {
        const struct th_digest other = {{i}};
        (void)th_fake_receipt(&province, "23734", &other, &arena);
    }
}

static void tear_down(void)
{
    th_fake_deinit(&province);
    th_arena_deinit(&arena);
}

TestSuite(receipt_check, .init = set_up, .fini = tear_down);

static int open_text(struct th_bytes text, struct th_receipt *ret_receipt)
{
    return th_receipt_open(text, &province.signer.vkey, province.server.realm, &arena, ret_receipt);
}

static enum th_receipt_fault check(enum th_fake_mood mood, struct th_receipt_claim claim)
{
    province.mood = mood;
    struct th_receipt receipt;
    const struct th_judgement *judgement = NULL;
    cr_assert_eq(open_text(th_fake_receipt(&province, "23734", &report, &arena), &receipt), 0);
    enum th_receipt_fault fault = th_receipt_check(&receipt, &claim, &judgement);
    cr_assert_eq(judgement != NULL, fault == TH_RECEIPT_HOLDS);
    return fault;
}

static const struct th_receipt_claim claim = {TH_MODE_REHEARSAL, "23734", {{7, 7, 7}}};

Test(receipt_check, a_genuine_receipt_says_unit_place_and_time)
{
    struct th_receipt receipt;
    cr_assert_eq(open_text(th_fake_receipt(&province, "23734", &report, &arena), &receipt), 0);
    cr_assert_eq(receipt.leaf.position, 5);
    cr_assert_eq(receipt.checkpoint.size, 6);
    cr_assert_eq(receipt.leaf.time.ms, province.now.ms);
    const struct th_judgement *judgement;
    cr_assert_eq(th_receipt_check(&receipt, &claim, &judgement), TH_RECEIPT_HOLDS);
    cr_assert_eq(judgement->timeliness, TH_TIMELINESS_ON_TIME);
}

Test(receipt_check, each_wrong_claim_has_its_fault)
{
    cr_assert_eq(check(TH_FAKE_FAIR, claim), TH_RECEIPT_HOLDS);
    cr_assert_eq(check(TH_FAKE_OTHER_MODE, claim), TH_RECEIPT_OTHER_MODE);
    cr_assert_eq(check(TH_FAKE_OTHER_UNIT, claim), TH_RECEIPT_OTHER_UNIT);
    cr_assert_eq(check(TH_FAKE_NAMES_OTHERS, claim), TH_RECEIPT_NOT_NAMED);
}

Test(receipt_check, another_key_or_another_log_is_refused)
{
    struct th_receipt receipt;
    province.mood = TH_FAKE_FORGES;
    struct th_bytes forged = th_fake_receipt(&province, "23734", &report, &arena);
    cr_assert_eq(open_text(forged, &receipt), TH_E_SIGNATURE);
    province.mood = TH_FAKE_FAIR;
    struct th_bytes text = th_fake_receipt(&province, "23734", &report, &arena);
    cr_assert_neq(th_receipt_open(text, &province.signer.vkey, "another/log", &arena, &receipt), 0);
}

Test(receipt_check, no_changed_byte_goes_unnoticed)
{
    struct th_bytes text = th_fake_receipt(&province, "23734", &report, &arena);
    uint8_t *changed = (uint8_t *)th_arena_copy_text(&arena, (const char *)text.bytes, text.size);
    for (size_t i = 0; i < text.size; i++) {
        struct th_arena scratch;
        struct th_receipt receipt;
        th_arena_init(&scratch, 1 << 14, 1 << 20);
        changed[i] ^= 1;
        cr_assert_neq(th_receipt_open((struct th_bytes){changed, text.size}, &province.signer.vkey,
                                      province.server.realm, &scratch, &receipt),
                      0, "byte %zu", i);
        changed[i] ^= 1;
        th_arena_deinit(&scratch);
    }
}
