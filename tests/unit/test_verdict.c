/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/verdict.h"

#include <criterion/criterion.h>
#include <string.h>

Test(verdict, every_verdict_and_timeliness_has_its_word)
{
    cr_assert_str_eq(th_verdict_word(TH_VERDICT_ACCEPTED), "accepted");
    cr_assert_str_eq(th_verdict_word(TH_VERDICT_DUPLICATE), "duplicate");
    cr_assert_str_eq(th_verdict_word(TH_VERDICT_CONFLICT), "conflict");
    cr_assert_str_eq(th_verdict_word(TH_VERDICT_REJECTED), "rejected");
    cr_assert_str_eq(th_timeliness_word(TH_TIMELINESS_ON_TIME), "on_time");
    cr_assert_str_eq(th_timeliness_word(TH_TIMELINESS_LATE), "late");
    cr_assert_str_eq(th_timeliness_word(TH_TIMELINESS_UNDECIDED), "undecided");
    cr_assert_str_eq(th_timeliness_word(TH_TIMELINESS_UNDATED), "undated");
}

Test(verdict, every_reason_has_a_text_and_a_word_of_its_own)
{
    for (int i = 0; i < TH_REASON_COUNT; i++) {
        const char *word = th_reason_word((enum th_reason_code)i);
        cr_assert_neq(th_reason_text((enum th_reason_code)i)[0], 0, "%s", word);
        for (int k = 0; k < i; k++)
            cr_assert_str_neq(th_reason_word((enum th_reason_code)k), word);
    }
    cr_assert_str_eq(th_reason_word(TH_REASON_REVISION_GAP), "revision_gap");
}

Test(verdict, a_reason_keeps_field_value_rule_and_text)
{
    struct th_reason items[TH_REASONS_MAX];
    struct th_reasons reasons = {.items = items};
    th_reasons_add(&reasons, "value.TCD01", "12", "R1", "Không khớp.");
    th_reasons_add_code(&reasons, "", "", TH_REASON_EMPTY);
    cr_assert_eq(reasons.count, 2);
    cr_assert_str_eq(items[0].field, "value.TCD01");
    cr_assert_str_eq(items[0].value, "12");
    cr_assert_str_eq(items[0].rule, "R1");
    cr_assert_str_eq(items[0].text, "Không khớp.");
    cr_assert_str_eq(items[1].field, "");
    cr_assert_str_eq(items[1].rule, "empty");
    cr_assert_str_eq(items[1].text, th_reason_text(TH_REASON_EMPTY));
}

Test(verdict, a_long_value_is_cut_between_characters)
{
    struct th_reason items[TH_REASONS_MAX];
    struct th_reasons reasons = {.items = items};
    char text[2 * TH_REASON_VALUE_MAX] = "a";
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "đ", 2);
    th_reasons_add(&reasons, text, text, "R1", "");
    cr_assert_eq(strlen(items[0].value), TH_REASON_VALUE_MAX - 1);
    memmove(text, text + 1, sizeof text - 1);
    th_reasons_add(&reasons, "", text, "R1", "");
    cr_assert_eq(strlen(items[1].value), TH_REASON_VALUE_MAX - 2);
}

Test(verdict, what_does_not_fit_is_counted)
{
    struct th_reason items[TH_REASONS_MAX];
    struct th_reasons reasons = {.items = items};
    for (int i = 0; i < TH_REASONS_MAX + 3; i++)
        th_reasons_add_code(&reasons, "", "", TH_REASON_VALUE);
    cr_assert_eq(reasons.count, TH_REASONS_MAX);
    cr_assert_eq(reasons.dropped, 3);
}
