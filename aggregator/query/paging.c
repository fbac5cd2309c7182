/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/question.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A number behind a sign, at the end of what is left of the text; takes it off. */
static bool take_number(struct th_text *text, char sign, uint32_t *ret_number)
{
    const char *at = text->size == 0 ? NULL : memchr(text->bytes, sign, text->size);
    int64_t number = 0;
    if (at == NULL)
        return true;
    size_t before = (size_t)(at - text->bytes);
    if (th_text_parse_int(at + 1, text->size - before - 1, 0, INT32_MAX, &number) != TH_OK)
        return false;
    text->size = before;
    *ret_number = (uint32_t)number;
    return true;
}

int th_query_read_after(const struct th_question *question, struct th_query_place *ret_place)
{
    struct th_text rest = question->query->after;
    struct th_query_place place = {.unit = TH_UNIT_NONE};
    if (rest.size > 0) {
        bool is_good =
            take_number(&rest, ':', &place.item) && take_number(&rest, '#', &place.number);
        if (is_good)
            place.unit = th_query_find_key(question->context, rest.bytes, rest.size);
        if (place.unit == TH_UNIT_NONE)
            return th_query_refuse(question, TH_E_INVALID, "không có chỗ để đi tiếp sau “%.*s”",
                                   (int)question->query->after.size, question->query->after.bytes);
    }
    *ret_place = place;
    return TH_OK;
}

bool th_query_is_after(const struct th_query_place *place, const struct th_query_place *before)
{
    if (before->unit == TH_UNIT_NONE)
        return true;
    if (place->unit != before->unit)
        return place->unit > before->unit;
    if (place->number != before->number)
        return place->number > before->number;
    return place->item > before->item;
}

json_t *th_query_place_json(const struct th_question *question, const struct th_query_place *place)
{
    char key[TH_UNIT_KEY_SIZE], number[16] = "", item[16] = "";
    (void)th_query_unit_key(&question->context->units.units[place->unit], key);
    if (place->number > 0)
        (void)snprintf(number, sizeof number, "#%" PRIu32, place->number);
    if (place->item > 0)
        (void)snprintf(item, sizeof item, ":%" PRIu32, place->item);
    return json_sprintf("%s%s%s", key, number, item);
}

const struct th_row *th_query_rows_of(const struct th_question *question,
                                      const struct th_past_rows *rows, uint32_t unit,
                                      size_t *ret_count)
{
    uint32_t number = question->context->number_of[unit];
    size_t low = 0, high = rows->count, count = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows->rows[middle].unit < number)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < rows->count && rows->rows[low + count].unit == number)
        count++;
    *ret_count = count;
    return count == 0 ? NULL : &rows->rows[low];
}
