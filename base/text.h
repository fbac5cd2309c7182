/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unicode text as the program accepts it, and the folded form that search compares.
 *
 * Accepted text is valid UTF-8 in form NFC, so equal texts are equal bytes, without characters
 * that cannot be seen and that change what is seen: NUL, C0 and C1 controls, bidi controls
 * (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069). Needs libutf8proc; no locale is
 * used.
 *
 * Pure and thread-safe. Borrows every input for the call only.
 */
#ifndef TH_BASE_TEXT_H
#define TH_BASE_TEXT_H

#include "base/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum th_text_flags {
    TH_TEXT_ONE_LINE = 0,
    TH_TEXT_LINES = 1, /* newline and tab are allowed */
    TH_TEXT_CRLF = 2   /* a carriage return is allowed right before a newline */
};

/* A borrowed run of bytes; `bytes[size]` is NUL when whoever gives it says so. */
struct th_text {
    const char *bytes;
    size_t size;
};

/* All of a C string; borrows it. */
static inline struct th_text th_text_of(const char *text)
{
    return (struct th_text){text, strlen(text)};
}

/* The same; "" for NULL. */
static inline struct th_text th_text_or_none(const char *text)
{
    return th_text_of(text == NULL ? "" : text);
}

/* True when a byte sequence that is not UTF-8 or a forbidden character was found, with the offset
 * of its first byte. Does not look at NFC. `flags` is a sum of enum th_text_flags. */
bool th_text_find_forbidden(const char *bytes, size_t size, unsigned flags, size_t *ret_offset);

/* True when all of it is UTF-8, whatever it says: controls and NUL as well. */
bool th_text_is_utf8(const char *bytes, size_t size);

/* 0 for accepted text, else TH_E_TEXT. TH_E_NO_MEMORY (never for ASCII). */
TH_MUST_CHECK int th_text_check(const char *bytes, size_t size, unsigned flags);

/* Returns owned (free) NFC text with a NUL behind it. TH_E_TEXT when not UTF-8 or with NUL in it,
 * TH_E_NO_MEMORY. Does not refuse other controls: th_text_check does. */
TH_MUST_CHECK int th_text_to_nfc(const char *bytes, size_t size, char **ret_bytes,
                                 size_t *ret_size);

/* Returns owned (free) text for search: lower case, without diacritics, đ as d, a NUL behind it;
 * "Đồng Tháp" gives "dong thap". Same outcomes as th_text_to_nfc. */
TH_MUST_CHECK int th_text_fold(const char *bytes, size_t size, char **ret_bytes, size_t *ret_size);

#define TH_TEXT_EXCERPT_SIZE 72

/* The beginning of accepted text for a message: one line, cut between characters, with … when it
 * was cut, NUL behind it. Returns `excerpt`. */
char *th_text_excerpt(const char *bytes, size_t size, char excerpt[TH_TEXT_EXCERPT_SIZE]);

#define TH_TEXT_WORD_SIZE 4200 /* of a path, as long as it may be */

/* A word of a command line that people are to type again: between quotation marks when a shell
 * would read it otherwise, NUL behind it. One that is too long stays as it is. Returns `word`. */
const char *th_text_word(const char *text, char word[TH_TEXT_WORD_SIZE]);

/* Prints as vsnprintf() does, but what does not fit is cut between characters. Preconditions: what
 * is printed is UTF-8, and there is room for a NUL. Returns `room`. */
__attribute__((format(printf, 3, 0))) char *th_text_vprint(char *room, size_t size,
                                                           const char *format, va_list arguments);

/* A decimal integer: digits without leading zeros, a minus before it or not; nothing else.
 * TH_E_SYNTAX, or TH_E_RANGE when outside min to max. */
TH_MUST_CHECK int th_text_parse_int(const char *bytes, size_t size, int64_t min, int64_t max,
                                    int64_t *ret_value);

#endif
