/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/checkpoint.h"

#include "proto/tlog/lines.h"
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

/* An empty line is none: it would be the end of a note's text. */
static int next_line(struct th_lines *lines, struct th_line *ret_line)
{
    int rc = th_lines_next(lines, ret_line);

    return rc == 0 && ret_line->length == 0 ? TH_E_SYNTAX : rc;
}

int th_tlog_checkpoint_parse(const char *text, size_t size, struct th_checkpoint *ret_checkpoint)
{
    struct th_checkpoint checkpoint = {.size = 0};
    struct th_lines rest = {.at = text, .left = size};
    struct th_line lines[3] = {{NULL, 0}};
    struct th_line extension;
    int rc = th_tlog_note_check_text(text, size);

    for (size_t i = 0; i < 3 && rc == 0; i++)
        rc = next_line(&rest, &lines[i]);
    while (rc == 0 && rest.left > 0)
        rc = next_line(&rest, &extension);
    if (rc != 0)
        return rc;
    if (lines[0].length > TH_CHECKPOINT_ORIGIN_MAX)
        return TH_E_LIMIT;
    memcpy(checkpoint.origin, lines[0].text, lines[0].length);
    rc = th_tlog_decimal_decode(lines[1].text, lines[1].length, &checkpoint.size);
    if (rc != 0)
        return rc;
    if (checkpoint.size > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    rc = th_tlog_digest_decode(lines[2].text, lines[2].length, &checkpoint.root);
    if (rc != 0)
        return rc;
    *ret_checkpoint = checkpoint;
    return 0;
}
