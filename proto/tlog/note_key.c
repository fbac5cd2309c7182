/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/note_parts.h"

#include "proto/tlog/hash.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define KEY_TEXT_SIZE 44 /* base64 of the type and the public key */
#define ID_TEXT_SIZE  8

/*
 * The code point at `text`, and its bytes in `*ret_size`; -1 when it is not UTF-8 (overlong forms,
 * surrogates and what is above U+10FFFF are not).
 */
static int32_t next_rune(const char *text, size_t left, size_t *ret_size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    int32_t rune;

    if (size == 0 || size > left || lead > 0xf4)
        return -1;
    rune = size == 1 ? lead : lead & (0xff >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return -1;
        rune = rune << 6 | (bytes[i] & 0x3f);
    }
    if (rune < smallest[size] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
        return -1;
    *ret_size = size;
    return rune;
}

/* Unicode White_Space. */
static bool is_space(int32_t rune)
{
    return (rune >= 0x09 && rune <= 0x0d) || rune == 0x20 || rune == 0x85 || rune == 0xa0 ||
           rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
           rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

int th_note_check_characters(const char *text, size_t size)
{
    size_t step = 0;

    for (size_t at = 0; at < size; at += step) {
        int32_t rune = next_rune(text + at, size - at, &step);

        if (rune < 0 || (rune < 0x20 && rune != '\n'))
            return TH_E_TEXT;
    }
    return 0;
}

int th_note_check_name(const char *name, size_t size)
{
    size_t step = 0;

    if (size == 0)
        return TH_E_SYNTAX;
    for (size_t at = 0; at < size; at += step) {
        int32_t rune = next_rune(name + at, size - at, &step);

        if (rune == '+' || is_space(rune))
            return TH_E_SYNTAX;
        if (rune < 0x20)
            return TH_E_TEXT;
    }
    return 0;
}

/* SHA256(name || newline || type || public key), the first 4 bytes. */
static void key_id(const char *name, size_t name_size, uint8_t type, const uint8_t *public_key,
                   uint8_t ret_id[TH_NOTE_ID_SIZE])
{
    const uint8_t middle[] = {'\n', type};
    const struct th_tlog_part parts[] = {
        {name, name_size}, {middle, sizeof middle}, {public_key, TH_NOTE_PUBLIC_KEY_SIZE}};
    struct th_digest digest;

    th_tlog_sha256(parts, 3, &digest);
    memcpy(ret_id, digest.bytes, TH_NOTE_ID_SIZE);
}

int th_note_key_init(const char *name, size_t name_size, uint8_t type, const uint8_t *public_key,
                     struct th_vkey *ret_vkey)
{
    struct th_vkey vkey = {.name = {0}};
    int rc;

    if (name_size > TH_NOTE_NAME_MAX)
        return TH_E_LIMIT;
    rc = th_note_check_name(name, name_size);
    if (rc != 0)
        return rc;
    memcpy(vkey.name, name, name_size);
    memcpy(vkey.public_key, public_key, sizeof vkey.public_key);
    key_id(name, name_size, type, public_key, vkey.id);
    *ret_vkey = vkey;
    return 0;
}

int th_note_key_encode(const struct th_vkey *vkey, uint8_t type, size_t capacity, char *ret_text,
                       size_t *ret_length)
{
    size_t name_size = strlen(vkey->name);
    size_t length = name_size + 1 + ID_TEXT_SIZE + 1 + KEY_TEXT_SIZE;
    uint8_t key[1 + TH_NOTE_PUBLIC_KEY_SIZE] = {type};
    char *at = ret_text;

    if (capacity <= length)
        return TH_E_LIMIT;
    memcpy(key + 1, vkey->public_key, sizeof vkey->public_key);
    memcpy(at, vkey->name, name_size);
    at += name_size;
    *at++ = '+';
    (void)sodium_bin2hex(at, ID_TEXT_SIZE + 1, vkey->id, TH_NOTE_ID_SIZE);
    at += ID_TEXT_SIZE;
    *at++ = '+';
    (void)sodium_bin2base64(at, KEY_TEXT_SIZE + 1, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
    *ret_length = length;
    return 0;
}

int th_note_key_decode(const char *text, size_t length, uint8_t type, struct th_vkey *ret_vkey)
{
    const char *plus = memchr(text, '+', length);
    size_t name_size = plus != NULL ? (size_t)(plus - text) : 0;
    uint8_t key[1 + TH_NOTE_PUBLIC_KEY_SIZE];
    char id[ID_TEXT_SIZE + 1];
    struct th_vkey vkey;
    size_t key_size = 0;
    int rc;

    if (plus == NULL || length - name_size <= 1 + ID_TEXT_SIZE + 1 || plus[1 + ID_TEXT_SIZE] != '+')
        return TH_E_SYNTAX;
    if (th_tlog_base64_decode(plus + 1 + ID_TEXT_SIZE + 1,
                              length - name_size - 1 - ID_TEXT_SIZE - 1, sizeof key, key,
                              &key_size) != 0 ||
        key_size == 0)
        return TH_E_SYNTAX;
    if (key[0] != type)
        return TH_E_VERSION;
    if (key_size != sizeof key)
        return TH_E_SYNTAX;
    rc = th_note_key_init(text, name_size, type, key + 1, &vkey);
    if (rc != 0)
        return rc;
    (void)sodium_bin2hex(id, sizeof id, vkey.id, TH_NOTE_ID_SIZE);
    if (memcmp(id, plus + 1, ID_TEXT_SIZE) != 0)
        return TH_E_INVALID;
    *ret_vkey = vkey;
    return 0;
}
