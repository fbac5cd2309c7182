/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/log_keys.h"

#include "base/assert.h"
#include "proto/tlog/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "tonghop log succession v1"
#define TEXT_MAX   (TH_SUCCESSION_SIZE_MAX - 1 - TH_NOTE_LINE_MAX)

static bool same_key(const struct th_vkey *a, const struct th_vkey *b)
{
    return memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}

void th_log_keys_begin(const struct th_vkey *first, struct th_log_keys *ret_keys)
{
    memset(ret_keys, 0, sizeof *ret_keys);
    ret_keys->items[0].vkey = *first;
    ret_keys->count = 1;
}

int th_tlog_succession_sign(const struct th_note_signer *signer, uint64_t after,
                            const struct th_digest *root, const struct th_vkey *next,
                            size_t capacity, char *ret_note, size_t *ret_size)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    char root_text[TH_DIGEST_BASE64_SIZE + 1];
    char text[TEXT_MAX + 1];
    size_t vkey_size;
    int length;
    int rc;

    if (same_key(&signer->vkey, next))
        return TH_E_INVALID;
    if (after > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    rc = th_tlog_vkey_encode(next, sizeof vkey, vkey, &vkey_size);
    if (rc != 0)
        return rc;
    th_tlog_digest_encode(root, root_text);
    length = snprintf(text, sizeof text, FIRST_LINE "\n%s\n%" PRIu64 "\n%s\n%s\n",
                      signer->vkey.name, after, root_text, vkey);
    TH_ASSERT(length > 0 && (size_t)length < sizeof text);
    return th_tlog_note_sign(text, (size_t)length, signer, capacity, ret_note, ret_size);
}

/* The five lines of the text and nothing after them. */
static int parse_text(const char *text, size_t size, struct th_succession *ret_succession)
{
    struct th_succession succession = {.after = 0};
    struct th_lines lines = {.at = text, .left = size};
    struct th_line line[5] = {{NULL, 0}};
    int rc = th_lines_next(&lines, &line[0]);

    if (rc == 0 && (!th_line_take(&line[0], FIRST_LINE) || line[0].length > 0))
        rc = TH_E_VERSION;
    for (size_t i = 1; i < 5 && rc == 0; i++)
        rc = th_lines_next(&lines, &line[i]);
    if (rc == 0 && (lines.left > 0 || line[1].length == 0))
        rc = TH_E_SYNTAX;
    if (rc == 0 && line[1].length > TH_CHECKPOINT_ORIGIN_MAX)
        rc = TH_E_LIMIT;
    if (rc == 0)
        rc = th_tlog_decimal_decode(line[2].text, line[2].length, &succession.after);
    if (rc == 0 && succession.after > TH_MERKLE_SIZE_MAX)
        rc = TH_E_RANGE;
    if (rc == 0)
        rc = th_tlog_digest_decode(line[3].text, line[3].length, &succession.root);
    if (rc == 0)
        rc = th_tlog_vkey_decode(line[4].text, line[4].length, &succession.next);
    if (rc != 0)
        return rc;
    memcpy(succession.origin, line[1].text, line[1].length);
    *ret_succession = succession;
    return 0;
}

int th_tlog_succession_parse(const char *note, size_t size, struct th_succession *ret_succession)
{
    struct th_note split;
    int rc;

    if (size > TH_SUCCESSION_SIZE_MAX)
        return TH_E_LIMIT;
    rc = th_tlog_note_split(note, size, &split);
    if (rc == 0 && split.signatures_n != 1)
        rc = TH_E_SYNTAX;
    if (rc == 0)
        rc = parse_text(split.text, split.text_size, ret_succession);
    return rc;
}

/* Whether the key may follow the current one, and there is room. */
static int check_next(const struct th_log_keys *keys, const struct th_vkey *next, uint64_t after)
{
    const struct th_log_key *current = th_log_keys_current(keys);
    bool is_rotation = strcmp(next->name, current->vkey.name) == 0;

    for (size_t i = 0; i < keys->count; i++)
        if (same_key(&keys->items[i].vkey, next))
            return TH_E_EXISTS;
    if (!is_rotation && th_log_keys_has_origin(keys, next->name))
        return TH_E_EXISTS; /* a log that was left does not come back: two would have its name */
    if (after > TH_MERKLE_SIZE_MAX || (is_rotation && after <= current->after))
        return TH_E_RANGE;
    return keys->count == TH_LOG_KEYS_MAX ? TH_E_LIMIT : 0;
}

static struct th_log_key *append(struct th_log_keys *keys, const struct th_vkey *next,
                                 uint64_t after)
{
    struct th_log_key *key = &keys->items[keys->count++];

    memset(key, 0, sizeof *key);
    key->vkey = *next;
    key->after = after;
    return key;
}

int th_log_keys_succeed(struct th_log_keys *keys, const char *note, size_t size)
{
    const struct th_vkey *signer = &th_log_keys_current(keys)->vkey;
    struct th_succession succession;
    struct th_note opened;
    struct th_log_key *key;
    int rc = th_tlog_succession_parse(note, size, &succession);

    if (rc == 0 && strcmp(succession.origin, signer->name) != 0)
        rc = TH_E_SIGNATURE;
    if (rc == 0)
        rc = th_tlog_note_verify(note, size, signer, 1, &opened);
    if (rc == 0)
        rc = check_next(keys, &succession.next, succession.after);
    if (rc != 0)
        return rc;
    key = append(keys, &succession.next, succession.after);
    key->succession_size = (uint16_t)size;
    memcpy(key->succession, note, size);
    return 0;
}

int th_log_keys_vouch(struct th_log_keys *keys, const struct th_vkey *next, uint64_t after)
{
    int rc = check_next(keys, next, after);

    if (rc == 0)
        (void)append(keys, next, after);
    return rc;
}

int th_log_keys_behind(const struct th_log_keys *keys, const struct th_vkey *trusted,
                       struct th_log_keys *ret_keys)
{
    size_t at = 0;
    int rc = 0;

    while (at < keys->count && !th_tlog_vkey_equal(&keys->items[at].vkey, trusted))
        at++;
    if (at == keys->count)
        return TH_E_NOT_FOUND;
    th_log_keys_begin(trusted, ret_keys);
    while (rc == 0 && ++at < keys->count && keys->items[at].succession_size > 0)
        rc = th_log_keys_succeed(ret_keys, keys->items[at].succession,
                                 keys->items[at].succession_size);
    return rc;
}

const struct th_log_key *th_log_keys_find(const struct th_log_keys *keys, const char *origin,
                                          uint64_t size)
{
    for (size_t i = keys->count; i-- > 0;)
        if (keys->items[i].after < size && strcmp(keys->items[i].vkey.name, origin) == 0)
            return &keys->items[i];
    return NULL;
}

const struct th_log_key *th_log_keys_current(const struct th_log_keys *keys)
{
    TH_ASSERT(keys->count > 0);
    return &keys->items[keys->count - 1];
}

bool th_log_keys_has_origin(const struct th_log_keys *keys, const char *origin)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].vkey.name, origin) == 0)
            return true;
    return false;
}

int th_log_keys_verify(const struct th_log_keys *keys, const char *note, size_t size,
                       struct th_checkpoint *ret_checkpoint)
{
    const struct th_log_key *key;
    struct th_checkpoint checkpoint;
    struct th_note split;
    int rc = th_tlog_note_split(note, size, &split);

    if (rc == 0)
        rc = th_tlog_checkpoint_parse(split.text, split.text_size, &checkpoint);
    if (rc != 0)
        return rc;
    if (!th_log_keys_has_origin(keys, checkpoint.origin))
        return TH_E_INVALID;
    key = th_log_keys_find(keys, checkpoint.origin, checkpoint.size);
    if (key == NULL)
        return TH_E_SIGNATURE;
    rc = th_tlog_note_verify(note, size, &key->vkey, 1, &split);
    if (rc == 0)
        *ret_checkpoint = checkpoint;
    return rc;
}
