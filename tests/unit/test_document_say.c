/* SPDX-License-Identifier: Apache-2.0 */
/* Figures, dates and letters as Vietnamese official texts write them. */
#include "aggregator/document/say.h"

#include <criterion/criterion.h>

static struct th_arena arena;

static void set_up(void)
{
    th_arena_init(&arena, 4096, 1 << 20);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(document_say, .init = set_up, .fini = tear_down);

Test(document_say, numbers_have_points_between_thousands_and_a_comma_before_decimals)
{
    cr_expect_str_eq(th_say_number(&arena, "1378"), "1.378");
    cr_expect_str_eq(th_say_number(&arena, "367680000000"), "367.680.000.000");
    cr_expect_str_eq(th_say_number(&arena, "3162.67"), "3.162,67");
    cr_expect_str_eq(th_say_number(&arena, "-0.5"), "-0,5");
    cr_expect_str_eq(th_say_count(&arena, 999), "999");
}

Test(document_say, percents_are_rounded_half_away_from_zero)
{
    cr_expect_str_eq(th_say_percent(&arena, 232, 240), "96,67%");
    cr_expect_str_eq(th_say_percent(&arena, 1, 8), "12,5%");
    cr_expect_str_eq(th_say_percent(&arena, 1, 800), "0,13%"); /* 0,125 */
    cr_expect_str_eq(th_say_percent(&arena, 240, 240), "100%");
    cr_expect_str_eq(th_say_percent(&arena, 1, 0), "", "of nothing");
}

Test(document_say, days_below_ten_and_months_below_three_have_two_digits)
{
    cr_expect_str_eq(th_say_written_day(&arena, "2025-05-09"), "09/5/2025");
    cr_expect_str_eq(th_say_written_day(&arena, "2025-02-28"), "28/02/2025");
    cr_expect_str_eq(th_say_written_day(&arena, "2025-10-15"), "15/10/2025");
    cr_expect_str_eq(th_say_written_day(&arena, "hôm nay"), "hôm nay");
    cr_expect_str_eq(th_say_written_instant(&arena, "2025-05-10T00:00:00+07:00"),
                     "00:00 ngày 10/5/2025");
}

Test(document_say, changes_are_exact_and_tell_their_part_of_what_was)
{
    cr_expect_str_eq(th_say_change(&arena, "1200", "1378"), "tăng 178 (14,83%)");
    cr_expect_str_eq(th_say_change(&arena, "10", "7"), "giảm 3 (30%)");
    cr_expect_str_eq(th_say_change(&arena, "7", "7"), "không đổi");
    cr_expect_str_eq(th_say_change(&arena, "0", "7"), "tăng 7", "nothing is no part of nothing");
    cr_expect_str_eq(th_say_change(&arena, "1.25", "3.00"), "tăng 1,75 (140%)");
    cr_expect_str_eq(th_say_change(&arena, "1.2", "3"), "", "of another scale");
    cr_expect_str_eq(th_say_change(&arena, "tốt", "3"), "");
    cr_expect_str_eq(th_say_change(&arena, "1", "1234567890123456789"), "", "does not fit");
}

Test(document_say, letters_change_with_their_marks_and_acronyms_stay)
{
    cr_expect_str_eq(th_say_upper(&arena, "Sở Nội vụ tỉnh Đắk Nông"), "SỞ NỘI VỤ TỈNH ĐẮK NÔNG");
    cr_expect_str_eq(th_say_capital(&arena, "đặc khu Lý Sơn"), "Đặc khu Lý Sơn");
    cr_expect_str_eq(th_say_small(&arena, "Ủy ban"), "ủy ban");
    cr_expect_str_eq(th_say_small(&arena, "HĐND cấp xã"), "HĐND cấp xã");
}

Test(document_say, what_xml_cannot_hold_is_replaced)
{
    cr_expect_str_eq(th_say_for_xml(&arena, "a\x01"
                                            "b\xEF\xBF\xBE"
                                            "c"),
                     "a\xEF\xBF\xBD"
                     "b\xEF\xBF\xBD"
                     "c");
    const char *good = "được <&> \t\n 𝛼";
    cr_expect_eq(th_say_for_xml(&arena, good), good, "the same text");
}

Test(document_say, without_memory_there_is_no_text)
{
    struct th_arena small;
    th_arena_init(&small, 16, 16);
    cr_expect_null(th_say(&small, "%s", "một câu dài hơn mười sáu byte, nên không vừa"));
    cr_expect_null(th_say_upper(&small, "một câu dài hơn mười sáu byte"));
    th_arena_deinit(&small);
}

Test(document_say, of_a_text_for_which_there_was_no_memory_nothing_is_said)
{
    const char *volatile missing = NULL; /* the compiler must not know */
    cr_expect_null(th_say(&arena, "%d/%lld (%zu) %s", 1, 2LL, (size_t)3, missing));
    cr_expect_null(th_say(&arena, "%02d%% %.*s %s", 1, 2, "abc", missing));
    cr_expect_str_eq(th_say(&arena, "%02d%% %.*s %0*lld %s", 1, 2, "abc", 3, 7LL, "d"),
                     "01% ab 007 d");
}
