/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static int check(const char *text, unsigned flags)
{
    return th_text_check(text, strlen(text), flags);
}

Test(text, vietnamese_in_nfc_is_accepted)
{
    cr_assert_eq(check("Đồng Tháp – Kế hoạch số 188/KH-UBND", 0), TH_OK);
}

Test(text, empty_text_is_accepted)
{
    cr_assert_eq(th_text_check(NULL, 0, 0), TH_OK);
}

Test(text, decomposed_vietnamese_is_refused)
{
    cr_assert_eq(check("Tha\xCC\x81p", 0), TH_E_TEXT);
}

Test(text, bytes_that_are_not_utf8_are_refused)
{
    static const char *const bad[] = {
        "\xC0\xAF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF8\x88\x80\x80", /* five bytes */
        "a\x80",            /* continuation alone */
        "a\xE1\xBA",        /* cut */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(check(bad[i], TH_TEXT_LINES), TH_E_TEXT, "case %zu", i);
    cr_assert_eq(check("\xF4\x8F\xBF\xBD", 0), TH_OK, "U+10FFFD is a character");
}

Test(text, controls_and_bidi_controls_are_refused)
{
    static const char *const bad[] = {"\x01",         "\x1B[31m",     "\x7F",
                                      "\xC2\x85",     "\xE2\x80\x8E", "\xE2\x80\x8F",
                                      "\xE2\x80\xAA", "\xE2\x80\xAE", "\xE2\x81\xA6",
                                      "\xE2\x81\xA9", "\xD8\x9C",     "\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(check(bad[i], TH_TEXT_LINES), TH_E_TEXT, "case %zu", i);
    cr_assert_eq(th_text_check("a\0b", 3, TH_TEXT_LINES), TH_E_TEXT);
}

Test(text, characters_beside_the_bidi_controls_are_text)
{
    cr_assert_eq(check("\xD8\x9B\xD8\x9D\xD8\x9E", 0), TH_OK, "U+061B, U+061D, U+061E");
    cr_assert_eq(check("\xE2\x80\xA7\xE2\x80\xAF", 0), TH_OK, "U+2027, U+202F");
}

Test(text, newline_and_tab_need_the_lines_flag)
{
    cr_assert_eq(check("a\n\tb", TH_TEXT_LINES), TH_OK);
    cr_assert_eq(check("a\nb", TH_TEXT_ONE_LINE), TH_E_TEXT);
    cr_assert_eq(check("a\tb", TH_TEXT_ONE_LINE), TH_E_TEXT);
}

Test(text, carriage_return_is_allowed_only_before_a_newline)
{
    cr_assert_eq(check("a\r\n", TH_TEXT_LINES | TH_TEXT_CRLF), TH_OK);
    cr_assert_eq(check("a\rb\n", TH_TEXT_LINES | TH_TEXT_CRLF), TH_E_TEXT);
    cr_assert_eq(check("a\r", TH_TEXT_LINES | TH_TEXT_CRLF), TH_E_TEXT);
}

/* ---- what is accepted without asking for the form, against the form ---- */

static size_t put_character(unsigned character, char *bytes)
{
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (char)(0xC0 | character >> 6);
        bytes[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    bytes[0] = (char)(0xE0 | character >> 12);
    bytes[1] = (char)(0x80 | (character >> 6 & 0x3F));
    bytes[2] = (char)(0x80 | (character & 0x3F));
    return 3;
}

static bool is_nfc(const char *bytes, size_t size)
{
    char *nfc = NULL;
    size_t nfc_size = 0;
    cr_assert_eq(th_text_to_nfc(bytes, size, &nfc, &nfc_size), TH_OK);
    bool is_same = nfc_size == size && memcmp(nfc, bytes, size) == 0;
    free(nfc);
    return is_same;
}

static void check_form(const char *bytes, size_t size)
{
    size_t offset;
    bool is_accepted = th_text_check(bytes, size, 0) == TH_OK;
    bool is_right = !th_text_find_forbidden(bytes, size, 0, &offset) && is_nfc(bytes, size);
    cr_assert_eq(is_accepted, is_right, "%.*s", (int)size, bytes);
}

Test(text, every_character_of_three_bytes_is_accepted_when_it_is_nfc)
{
    char bytes[8] = "a";
    for (unsigned character = 1; character < 0xD800; character++)
        check_form(bytes, 1 + put_character(character, bytes + 1));
}

Test(text, every_pair_of_letters_and_signs_is_accepted_when_it_is_nfc)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {{0x41, 0x7A},     {0xA0, 0x2FF},    {0x300, 0x31F},  {0x1E00, 0x1EFF},
                  {0x2010, 0x2027}, {0x2030, 0x205E}, {0x20A0, 0x20CF}};
    static unsigned characters[2000];
    size_t count = 0;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        for (unsigned c = ranges[i].first; c <= ranges[i].last; c++)
            characters[count++] = c;
    char bytes[8];
    for (size_t i = 0; i < count; i++) {
        size_t size = put_character(characters[i], bytes);
        for (size_t j = 0; j < count; j++)
            check_form(bytes, size + put_character(characters[j], bytes + size));
    }
}

Test(text, a_forbidden_byte_is_found_at_every_place_of_a_word)
{
    for (size_t size = 1; size <= 20; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned byte = 0; byte < 0x100; byte++) {
                char bytes[20];
                size_t offset = 99;
                memset(bytes, ' ', sizeof bytes);
                bytes[at] = (char)byte;
                bool is_bad = byte < 0x20 || byte >= 0x7F;
                cr_assert_eq(th_text_find_forbidden(bytes, size, 0, &offset), is_bad);
                cr_assert_eq(offset, is_bad ? at : 99);
            }
        }
    }
}

/* What base/text.h says, one character after the other. */
static size_t forbidden_at(const char *bytes, size_t size, unsigned flags)
{
    size_t at = 0;
    while (at < size) {
        utf8proc_int32_t c = -1;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at,
                                                 (utf8proc_ssize_t)(size - at), &c);
        const bool is_line = (flags & TH_TEXT_LINES) != 0 && (c == '\n' || c == '\t');
        if (used <= 0 || (!is_line && (c < 0x20 || (c >= 0x7F && c < 0xA0))) || c == 0x061C ||
            c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
            (c >= 0x2066 && c <= 0x2069))
            break;
        at += (size_t)used;
    }
    return at;
}

Test(text, long_texts_are_judged_as_their_characters_are)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {{0x20, 0x7E},     {0x61, 0x7A},     {0xC0, 0x1B0},    {0x1EA0, 0x1EF9},
                  {0x1EA0, 0x1EF9}, {0x09, 0x0A},     {0x80, 0x9F},     {0x300, 0x303},
                  {0x2010, 0x2030}, {0x1100, 0x11FF}, {0x1F00, 0x1FFF}, {0xE000, 0xF000}};
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    size_t accepted = 0, rounds = 100000;
    for (size_t round = 0; round < rounds; round++) {
        char bytes[104];
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t size = 0, offset = 999, wanted = state >> 40 & 63;
        const unsigned flags = round % 2 == 0 ? 0 : TH_TEXT_LINES;
        while (size < wanted) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            const unsigned kind = (unsigned)(state >> 33) % 200, last = kind < 12 ? kind : kind % 5;
            const unsigned count = ranges[last].last - ranges[last].first + 1;
            size +=
                put_character(ranges[last].first + (unsigned)(state >> 45) % count, bytes + size);
        }
        if (round % 3 == 0 && size > 0)
            bytes[(state >> 20) % size] = (char)(state >> 50);
        if (round % 7 == 0 && size > 0)
            size--;
        const size_t at = forbidden_at(bytes, size, flags);
        cr_assert_eq(th_text_find_forbidden(bytes, size, flags, &offset), at < size);
        cr_assert_eq(offset, at < size ? at : 999);
        const bool is_right = at == size && is_nfc(bytes, size);
        cr_assert_eq(th_text_check(bytes, size, flags) == TH_OK, is_right);
        accepted += is_right;
    }
    cr_assert_gt(accepted, rounds / 10);
    cr_assert_lt(accepted, rounds * 9 / 10);
}

Test(text, first_forbidden_byte_is_found)
{
    size_t offset = 99;
    cr_assert(th_text_find_forbidden("đ\x01", 3, 0, &offset));
    cr_assert_eq(offset, 2);
}

Test(text, nfc_composes_decomposed_text)
{
    char *text = NULL;
    size_t size = 0;
    cr_assert_eq(th_text_to_nfc("Tha\xCC\x81p", 6, &text, &size), TH_OK);
    cr_assert_str_eq(text, "Tháp");
    cr_assert_eq(size, strlen("Tháp"));
    free(text);
}

Test(text, failure_leaves_outputs_untouched)
{
    char *text = NULL;
    size_t size = 7;
    cr_assert_eq(th_text_to_nfc("\xFF", 1, &text, &size), TH_E_TEXT);
    cr_assert_eq(th_text_fold("a\0b", 3, &text, &size), TH_E_TEXT);
    cr_assert_null(text);
    cr_assert_eq(size, 7);
}

Test(text, fold_lowers_and_strips_vietnamese)
{
    const char *in = "ĐỒNG Tháp, Ưu đãi, Nguyễn Thị Quỳnh";
    char *text = NULL;
    size_t size = 0;
    cr_assert_eq(th_text_fold(in, strlen(in), &text, &size), TH_OK);
    cr_assert_str_eq(text, "dong thap, uu dai, nguyen thi quynh");
    cr_assert_eq(size, strlen(text));
    free(text);
}

Test(text, fold_gives_the_same_for_both_normal_forms)
{
    char *text = NULL;
    size_t size = 0;
    cr_assert_eq(th_text_fold("Tha\xCC\x81p", 6, &text, &size), TH_OK);
    cr_assert_str_eq(text, "thap");
    free(text);
}

Test(text, fold_of_nothing_is_nothing)
{
    char *text = NULL;
    size_t size = 9;
    cr_assert_eq(th_text_fold(NULL, 0, &text, &size), TH_OK);
    cr_assert_str_eq(text, "");
    cr_assert_eq(size, 0);
    free(text);
}

Test(text, excerpt_cuts_between_characters_and_stays_on_one_line)
{
    char in[201];
    for (size_t i = 0; i < 200; i += 2)
        memcpy(in + i, "đ", 2);
    in[0] = 'x';
    in[1] = '\n';
    char out[TH_TEXT_EXCERPT_SIZE];
    th_text_excerpt(in, 200, out);
    cr_assert_eq(th_text_check(out, strlen(out), 0), TH_OK);
    cr_assert_str_eq(out + strlen(out) - 3, "…");
    cr_assert_str_eq(th_text_excerpt("ngắn", strlen("ngắn"), out), "ngắn");
    cr_assert_str_eq(th_text_excerpt("", 0, out), "");
}

static char *print_into(char *room, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)th_text_vprint(room, size, format, arguments);
    va_end(arguments);
    return room;
}

Test(text, what_is_printed_is_cut_between_characters)
{
    static const char long_one[] = "aếđ𝄞b"; /* of 1, 3, 2, 4 and 1 bytes */
    static const size_t kept[] = {0, 1, 1, 1, 4, 4, 6, 6, 6, 6, 10, 11, 11};
    char room[sizeof long_one + 1];
    for (size_t size = 1; size <= sizeof room; size++) {
        memset(room, 'x', sizeof room);
        cr_assert_eq(strlen(print_into(room, size, "%s", long_one)), kept[size - 1], "%zu", size);
        cr_assert_eq(memcmp(room, long_one, kept[size - 1]), 0);
    }
}

static int parse_int(const char *text, int64_t *ret_value)
{
    return th_text_parse_int(text, strlen(text), INT64_MIN, INT64_MAX, ret_value);
}

Test(text, integers_reach_both_ends)
{
    int64_t value = 0;
    cr_assert_eq(parse_int("-9223372036854775808", &value), TH_OK);
    cr_assert_eq(value, INT64_MIN);
    cr_assert_eq(parse_int("9223372036854775807", &value), TH_OK);
    cr_assert_eq(value, INT64_MAX);
    cr_assert_eq(parse_int("0", &value), TH_OK);
    cr_assert_eq(value, 0);
}

Test(text, integers_outside_are_out_of_range)
{
    int64_t value = 5;
    cr_assert_eq(parse_int("9223372036854775808", &value), TH_E_RANGE);
    cr_assert_eq(parse_int("-9223372036854775809", &value), TH_E_RANGE);
    cr_assert_eq(parse_int("99999999999999999999999", &value), TH_E_RANGE);
    cr_assert_eq(th_text_parse_int("4", 1, 1, 3, &value), TH_E_RANGE);
    cr_assert_eq(value, 5);
}

Test(text, other_spellings_of_integers_are_refused)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      "01",
                                      "-0",
                                      "1.0",
                                      "1_0",
                                      "0x1",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "--1",
                                      "99999999999999999999x"};
    int64_t value = 5;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(parse_int(bad[i], &value), TH_E_SYNTAX, "\"%s\"", bad[i]);
    cr_assert_eq(value, 5);
}

Test(text, utf8_is_known_whatever_it_says)
{
    static const char good[] = "Đồng\x00\x07\n\xE2\x80\xAE \xF0\x9F\x98\x80";
    static const char *const bad[] = {"\xC3",         "a\xC3(",           "\xC0\x80",
                                      "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"};
    cr_assert(th_text_is_utf8("", 0));
    cr_assert(th_text_is_utf8(good, sizeof(good) - 1));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(th_text_is_utf8(bad[i], strlen(bad[i])), "%zu", i);
}

Test(text, a_word_to_type_again_is_quoted_when_a_shell_needs_it)
{
    static const char *const words[][2] = {{"/var/lib/tonghop/kho", "/var/lib/tonghop/kho"},
                                           {"Đắk_Lắk-2", "Đắk_Lắk-2"},
                                           {"kho diễn tập", "'kho diễn tập'"},
                                           {"a'b", "'a'\\''b'"},
                                           {"$(reboot)", "'$(reboot)'"},
                                           {"~", "'~'"},
                                           {"", "''"}};
    char word[TH_TEXT_WORD_SIZE], path[TH_TEXT_WORD_SIZE + 1];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        cr_expect_str_eq(th_text_word(words[i][0], word), words[i][1]);
    memset(path, '\'', sizeof path);
    path[TH_TEXT_WORD_SIZE - 1] = '\0';
    cr_expect_str_eq(th_text_word(path, word), path);
}
