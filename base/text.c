/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The character at `offset`, or -1 when the bytes there are not UTF-8. */
static int32_t decode(const char *bytes, size_t size, size_t offset, size_t *ret_size)
{
    size_t left = size - offset;
    utf8proc_int32_t character = -1;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)bytes + offset,
                                             left > 4 ? 4 : (utf8proc_ssize_t)left, &character);
    if (used <= 0)
        return -1;
    *ret_size = (size_t)used;
    return character;
}

static bool is_bidi_control(int32_t character)
{
    return character == 0x061C || character == 0x200E || character == 0x200F ||
           (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

static bool is_control(int32_t character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F);
}

static bool is_allowed(const char *bytes, size_t size, size_t offset, unsigned flags,
                       int32_t character)
{
    if (character < 0)
        return false;
    if (!is_control(character))
        return !is_bidi_control(character);
    if ((flags & TH_TEXT_LINES) != 0 && (character == '\n' || character == '\t'))
        return true;
    return (flags & TH_TEXT_CRLF) != 0 && character == '\r' && offset + 1 < size &&
           bytes[offset + 1] == '\n';
}

/* Eight bytes from 0x20 to 0x7E. */
static bool is_plain_ascii(const char *bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101), high = each * 0x80;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t below_space = word - each * 0x20; /* borrows only where a byte is below it */
    uint64_t no_delete = (word ^ each * 0x7F) - each;
    return ((word | below_space | no_delete) & high) == 0;
}

/*
 * The length of a character that needs no closer look, 0 for others: allowed, a starter, and
 * neither changed by composition nor joined to what stands before it. What consists of these alone
 * is in form NFC (the quick check of UAX #15, for the ranges that Vietnamese is written with):
 * U+00A0 to U+02FF, U+1E00 to U+1EFF, quotes and dashes, currencies.
 */
static size_t quick_size(const char *bytes, size_t left)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (left >= 2 && at[0] >= 0xC2 && at[0] <= 0xCB && (at[1] & 0xC0) == 0x80)
        return at[0] == 0xC2 && at[1] < 0xA0 ? 0 : 2;
    if (left < 3 || (at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80)
        return 0;
    if (at[0] == 0xE1)
        return at[1] >= 0xB8 && at[1] <= 0xBB ? 3 : 0;
    if (at[0] != 0xE2)
        return 0;
    unsigned character = 0x2000U | (at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
    return (character >= 0x2010 && character <= 0x2027) ||
                   (character >= 0x2030 && character <= 0x205E) ||
                   (character >= 0x20A0 && character <= 0x20CF)
               ? 3
               : 0;
}

enum { BLOCK = 16 };

typedef uint8_t block __attribute__((vector_size(BLOCK)));

static block load(const char *at)
{
    block bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/*
 * Sixteen bytes at once, without a branch: no character among them, or one that reaches into them,
 * needs a closer look. Of those with more than one byte that is U+00A0 to U+02FF (C2 to CB and one
 * more) and U+1E00 to U+1EFF (E1, B8 to BB and one more); one at the end may be unfinished.
 * Precondition: two bytes of known text stand before `at`.
 */
static bool is_plain_block(const char *at, bool has_lines)
{
    const block bytes = load(at), before = load(at - 1), first = load(at - 2);
    const block has = (block){0} - (uint8_t)has_lines; /* all bits, or none */
    const block is_ascii = (block)((bytes >= 0x20) & (bytes < 0x7F)) |
                           ((block)((bytes == '\n') | (bytes == '\t')) & has);
    const block is_lead = (block)(((bytes >= 0xC2) & (bytes <= 0xCB)) | (bytes == 0xE1));
    const block is_tail = (block)((bytes & 0xC0) == 0x80);
    const block wants_tail =
        (block)(((before >= 0xC2) & (before <= 0xCB)) | (before == 0xE1) | (first == 0xE1));
    const block bad = (is_tail ^ wants_tail) | ~(is_ascii | is_lead | is_tail) |
                      (block)((before == 0xC2) & (bytes < 0xA0)) |
                      (block)((before == 0xE1) & ((bytes & 0xFC) != 0xB8));
    uint64_t words[2];
    memcpy(words, &bad, sizeof words);
    return (words[0] | words[1]) == 0;
}

/* How far whole blocks reach from `from`, back to the end of a character. Preconditions: at least
 * one block is left, and two bytes stand before it. */
static size_t skip_blocks(const char *bytes, size_t size, size_t from, unsigned flags)
{
    const bool has_lines = (flags & TH_TEXT_LINES) != 0;
    size_t i = from;
    while (size - i >= BLOCK && is_plain_block(bytes + i, has_lines))
        i += BLOCK;
    if (size - i < BLOCK && is_plain_block(bytes + size - BLOCK, has_lines))
        i = size;
    if ((uint8_t)bytes[i - 1] >= 0xC2)
        return i - 1;
    return (uint8_t)bytes[i - 2] == 0xE1 ? i - 2 : i;
}

/* To the first forbidden character, or the end: `size`. Tells whether all before is known to be in
 * form NFC. */
static size_t scan(const char *bytes, size_t size, unsigned flags, bool *ret_is_nfc)
{
    bool is_nfc = true;
    size_t i = 0, block_from = 2;
    while (i < size) {
        if (i >= block_from && size - i >= BLOCK) {
            i = skip_blocks(bytes, size, i, flags);
            block_from = i + BLOCK; /* what stopped it is looked at in the other way */
        }
        while (size - i >= 8 && is_plain_ascii(bytes + i))
            i += 8;
        if (i == size)
            break;
        size_t used = bytes[i] >= 0x20 && bytes[i] < 0x7F ? 1 : quick_size(bytes + i, size - i);
        if (used == 0) {
            int32_t character = decode(bytes, size, i, &used);
            if (!is_allowed(bytes, size, i, flags, character))
                break;
            is_nfc = is_nfc && character < 0x80;
        }
        i += used;
    }
    *ret_is_nfc = is_nfc;
    return i;
}

bool th_text_find_forbidden(const char *bytes, size_t size, unsigned flags, size_t *ret_offset)
{
    bool ignored;
    size_t offset = scan(bytes, size, flags, &ignored);
    if (offset < size)
        *ret_offset = offset;
    return offset < size;
}

bool th_text_is_utf8(const char *bytes, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i += used)
        if (decode(bytes, size, i, &used) < 0)
            return false;
    return true;
}

static int map(const char *bytes, size_t size, unsigned options, char **ret_bytes, size_t *ret_size)
{
    if (size > 0 && memchr(bytes, '\0', size) != NULL)
        return TH_E_TEXT;
    if (size > INT32_MAX)
        return TH_E_TEXT;
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t mapped_size =
        utf8proc_map((const utf8proc_uint8_t *)(size == 0 ? "" : bytes), (utf8proc_ssize_t)size,
                     &mapped, (utf8proc_option_t)options);
    if (mapped_size < 0)
        return mapped_size == UTF8PROC_ERROR_NOMEM ? TH_E_NO_MEMORY : TH_E_TEXT;
    *ret_bytes = (char *)mapped;
    *ret_size = (size_t)mapped_size;
    return TH_OK;
}

int th_text_check(const char *bytes, size_t size, unsigned flags)
{
    bool is_known = false;
    if (scan(bytes, size, flags, &is_known) < size)
        return TH_E_TEXT;
    if (is_known)
        return TH_OK;
    char *nfc = NULL;
    size_t nfc_size = 0;
    int status = th_text_to_nfc(bytes, size, &nfc, &nfc_size);
    if (status != TH_OK)
        return status;
    bool is_nfc = nfc_size == size && memcmp(nfc, bytes, size) == 0;
    free(nfc);
    return is_nfc ? TH_OK : TH_E_TEXT;
}

int th_text_to_nfc(const char *bytes, size_t size, char **ret_bytes, size_t *ret_size)
{
    return map(bytes, size, UTF8PROC_STABLE | UTF8PROC_COMPOSE, ret_bytes, ret_size);
}

/* đ (U+0111) has no decomposition: its two bytes C4 91 become d here. Đ was folded to đ before. */
static size_t replace_d_stroke(char *bytes, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (i + 1 < size && (unsigned char)bytes[i] == 0xC4 &&
            (unsigned char)bytes[i + 1] == 0x91) {
            bytes[kept++] = 'd';
            i++;
        } else {
            bytes[kept++] = bytes[i];
        }
    }
    bytes[kept] = '\0';
    return kept;
}

int th_text_fold(const char *bytes, size_t size, char **ret_bytes, size_t *ret_size)
{
    char *folded = NULL;
    size_t folded_size = 0;
    unsigned options =
        UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
    int status = map(bytes, size, options, &folded, &folded_size);
    if (status != TH_OK)
        return status;
    *ret_size = replace_d_stroke(folded, folded_size);
    *ret_bytes = folded;
    return TH_OK;
}

/* Where the character that the byte at `at` is of begins. */
static size_t begin_of(const char *bytes, size_t at)
{
    while (at > 0 && ((unsigned char)bytes[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* Without the beginning of a character whose rest did not fit. */
static size_t whole(const char *text, size_t size)
{
    if (size == 0)
        return 0;
    const size_t last = begin_of(text, size - 1);
    const unsigned char first = (unsigned char)text[last];
    const size_t wants = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return size - last < wants ? last : size;
}

char *th_text_vprint(char *room, size_t size, const char *format, va_list arguments)
{
    TH_ASSERT(size > 0);
    const int printed = vsnprintf(room, size, format, arguments);
    if (printed < 0)
        room[0] = '\0';
    else if ((size_t)printed >= size)
        room[whole(room, size - 1)] = '\0';
    return room;
}

char *th_text_excerpt(const char *bytes, size_t size, char excerpt[TH_TEXT_EXCERPT_SIZE])
{
    size_t kept = size;
    if (kept > TH_TEXT_EXCERPT_SIZE - sizeof("…"))
        kept = begin_of(bytes, TH_TEXT_EXCERPT_SIZE - sizeof("…"));
    for (size_t i = 0; i < kept; i++)
        excerpt[i] = bytes[i] == '\n' || bytes[i] == '\t' ? ' ' : bytes[i];
    memcpy(excerpt + kept, kept < size ? "…" : "", kept < size ? sizeof("…") : 1);
    return excerpt;
}

const char *th_text_word(const char *text, char word[TH_TEXT_WORD_SIZE])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";
    bool is_plain = text[0] != '\0';
    size_t size = 0;
    word[size++] = '\'';
    for (const char *at = text; *at != '\0' && size < TH_TEXT_WORD_SIZE - 6; at++) {
        is_plain = is_plain && ((unsigned char)*at >= 0x80 || strchr(plain, *at) != NULL);
        if (*at == '\'') {
            memcpy(word + size, "'\\'", 3); /* ends, one that is escaped, begins again */
            size += 3;
        }
        word[size++] = *at;
    }
    word[size++] = '\'';
    word[size] = '\0';
    if (is_plain || size >= TH_TEXT_WORD_SIZE - 6)
        (void)snprintf(word, TH_TEXT_WORD_SIZE, "%s", text);
    return word;
}

int th_text_parse_int(const char *bytes, size_t size, int64_t min, int64_t max, int64_t *ret_value)
{
    bool is_negative = size > 0 && bytes[0] == '-';
    size_t start = is_negative ? 1 : 0;
    if (start == size || (bytes[start] == '0' && size > 1))
        return TH_E_SYNTAX;
    /* Counts below zero, where the range is wider by one. */
    int64_t value = 0;
    bool is_outside = false;
    for (size_t i = start; i < size; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return TH_E_SYNTAX;
        if (is_outside || __builtin_mul_overflow(value, INT64_C(10), &value) ||
            __builtin_sub_overflow(value, (int64_t)(bytes[i] - '0'), &value))
            is_outside = true;
    }
    if (is_outside || (!is_negative && value == INT64_MIN))
        return TH_E_RANGE;
    value = is_negative ? value : -value;
    if (value < min || value > max)
        return TH_E_RANGE;
    *ret_value = value;
    return TH_OK;
}
