/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/lines.h"

#include <string.h>

int th_lines_next(struct th_lines *lines, struct th_line *ret_line)
{
    const char *end = lines->left > 0 ? memchr(lines->at, '\n', lines->left) : NULL;

    if (end == NULL)
        return TH_E_SYNTAX;
    ret_line->text = lines->at;
    ret_line->length = (size_t)(end - lines->at);
    lines->left -= ret_line->length + 1;
    lines->at = end + 1;
    return 0;
}

bool th_line_take(struct th_line *line, const char *word)
{
    size_t size = strlen(word);

    if (line->length < size || memcmp(line->text, word, size) != 0)
        return false;
    line->text += size;
    line->length -= size;
    return true;
}
