/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/checkpoint.h"

#include "proto/tlog/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int th_tlog_decimal_decode(const char *text, size_t length, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (length == 0 || (length > 1 && text[0] == '0'))
        return TH_E_SYNTAX;
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return TH_E_SYNTAX;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return TH_E_RANGE;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return 0;
}

int th_tlog_checkpoint_format(const struct th_checkpoint *checkpoint, size_t capacity,
                              char *ret_text, size_t *ret_size)
{
    size_t origin_size = strlen(checkpoint->origin);
    char root[TH_DIGEST_BASE64_SIZE + 1];
    char text[TH_CHECKPOINT_TEXT_MAX + 1];
    int length;
    int rc;

    if (origin_size == 0 || memchr(checkpoint->origin, '\n', origin_size) != NULL)
        return TH_E_SYNTAX;
    if (checkpoint->size > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    th_tlog_digest_encode(&checkpoint->root, root);
    length = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin,
                      checkpoint->size, root);
    if (length < 0 || (size_t)length >= sizeof text || (size_t)length > capacity)
        return TH_E_LIMIT;
    rc = th_tlog_note_check_text(text, (size_t)length);
    if (rc != 0)
        return rc;
    memcpy(ret_text, text, (size_t)length);
    *ret_size = (size_t)length;
    return 0;
}

/* The next line, without its newline; the text ends with one. Takes it off the text. */
static int next_line(const char **text, size_t *size, const char **ret_line, size_t *ret_length)
{
    const char *end = *size > 0 ? memchr(*text, '\n', *size) : NULL;

    if (end == NULL || end == *text)
        return TH_E_SYNTAX;
    *ret_line = *text;
    *ret_length = (size_t)(end - *text);
    *size -= *ret_length + 1;
    *text = end + 1;
    return 0;
}

int th_tlog_checkpoint_parse(const char *text, size_t size, struct th_checkpoint *ret_checkpoint)
{
    struct th_checkpoint checkpoint = {.size = 0};
    const char *lines[3] = {NULL, NULL, NULL};
    size_t lengths[3] = {0, 0, 0};
    const char *extension = NULL;
    size_t extension_length = 0;
    int rc = th_tlog_note_check_text(text, size);

    for (size_t i = 0; i < 3 && rc == 0; i++)
        rc = next_line(&text, &size, &lines[i], &lengths[i]);
    while (rc == 0 && size > 0)
        rc = next_line(&text, &size, &extension, &extension_length);
    if (rc != 0)
        return rc;
    if (lengths[0] > TH_CHECKPOINT_ORIGIN_MAX)
        return TH_E_LIMIT;
    memcpy(checkpoint.origin, lines[0], lengths[0]);
    rc = th_tlog_decimal_decode(lines[1], lengths[1], &checkpoint.size);
    if (rc != 0)
        return rc;
    if (checkpoint.size > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    rc = th_tlog_digest_decode(lines[2], lengths[2], &checkpoint.root);
    if (rc != 0)
        return rc;
    *ret_checkpoint = checkpoint;
    return 0;
}
