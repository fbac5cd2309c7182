/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/line.h"

#include "proto/model/figure.h"

#include <string.h>

void th_line_put(struct th_line *line, const char *text)
{
    size_t size = strlen(text), room = line->size - 1 - line->used;
    if (size > room) {
        size = room;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
            size--;
    }
    memcpy(line->text + line->used, text, size);
    line->used += size;
    line->text[line->used] = 0;
}

void th_line_put_number(struct th_line *line, int64_t number)
{
    char text[TH_FIGURE_TEXT_SIZE];
    th_line_put(line, th_figure_format(number, 0, text));
}
