/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/reader.h"

#include "proto/form/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void th_form_complain(struct th_form_reader *reader, const struct th_form_node *node,
                      const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (node->cell != NULL)
        th_problems_add_cell(reader->problems, reader->file, node->cell, hint, format, arguments);
    else
        th_problems_add_list(reader->problems,
                             (struct th_place){reader->file, node->line, node->column}, hint,
                             format, arguments);
    va_end(arguments);
    reader->problems_found++;
}

void *th_form_alloc(struct th_form_reader *reader, size_t count, size_t size)
{
    void *memory = th_arena_alloc_array(reader->arena, count, size);
    if (memory == NULL)
        reader->out_of_memory = true;
    return memory;
}

void th_form_remember(struct th_form_reader *reader, const struct th_form_node *node,
                      const char *format, ...)
{
    struct th_form_places *places = &reader->places;
    if (places->count == places->capacity) {
        size_t capacity = places->capacity == 0 ? 256 : places->capacity * 2;
        struct th_form_place *items = th_form_alloc(reader, capacity, sizeof *items);
        if (items == NULL)
            return;
        if (places->count > 0)
            memcpy(items, places->items, places->count * sizeof *items);
        places->items = items;
        places->capacity = capacity;
    }
    char field[128];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(field, sizeof field, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof field)
        return;
    char *copy = th_arena_copy_text(reader->arena, field, (size_t)size);
    if (copy == NULL)
        reader->out_of_memory = true;
    else
        places->items[places->count++] =
            (struct th_form_place){copy, node->line, node->column, node->cell};
}

bool th_form_is(struct th_form_reader *reader, const struct th_form_node *node,
                enum th_form_node_kind kind)
{
    if (node == NULL || node->kind == TH_FORM_NULL)
        return false;
    if (node->kind == kind)
        return true;
    const char *what = kind == TH_FORM_MAP    ? "phải là bảng khóa và giá trị"
                       : kind == TH_FORM_LIST ? "phải là danh sách"
                                              : "phải là một giá trị đơn";
    th_form_complain(reader, node, "viết theo biểu mẫu: chạy lại lệnh template để xem", "\"%s\" %s",
                     node->key, what);
    return false;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

#define NEAR_SIZE_MAX 32

void th_form_nearest_offer(struct th_form_nearest *nearest, const char *candidate)
{
    size_t columns = strlen(candidate);
    unsigned row[NEAR_SIZE_MAX + 1];
    if (nearest->word_size > NEAR_SIZE_MAX || columns > NEAR_SIZE_MAX)
        return;
    for (unsigned j = 0; j <= columns; j++)
        row[j] = j;
    for (unsigned i = 0; i < nearest->word_size; i++) {
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < columns; j++) {
            bool same = upper(nearest->word[i]) == upper(candidate[j]);
            unsigned edits = smallest(row[j + 1] + 1, row[j] + 1, diagonal + (same ? 0 : 1));
            diagonal = row[j + 1];
            row[j + 1] = edits;
        }
    }
    unsigned allowed = columns <= 3 ? 1 : 2;
    if (row[columns] <= allowed && (nearest->best == NULL || row[columns] < nearest->best_edits)) {
        nearest->best = candidate;
        nearest->best_edits = row[columns];
    }
}

void th_form_check_keys(struct th_form_reader *reader, const struct th_form_node *map,
                        const char *const keys[], size_t keys_count)
{
    for (const struct th_form_node *child = map->first; child != NULL; child = child->next) {
        struct th_form_nearest nearest = {.word = child->key, .word_size = strlen(child->key)};
        size_t i = 0;
        for (; i < keys_count && strcmp(keys[i], child->key) != 0; i++)
            th_form_nearest_offer(&nearest, keys[i]);
        if (i < keys_count)
            continue;
        char hint[160], text[TH_TEXT_EXCERPT_SIZE];
        if (nearest.best != NULL)
            (void)snprintf(hint, sizeof hint, "có phải là \"%s\"?", nearest.best);
        else
            (void)snprintf(hint, sizeof hint, "bỏ dòng này, hoặc viết theo biểu mẫu");
        th_form_complain(reader, child, hint, "không có khóa \"%s\"",
                         th_text_excerpt(child->key, strlen(child->key), text));
    }
}

bool th_form_text(struct th_form_reader *reader, const struct th_form_node *map, const char *key,
                  unsigned flags, size_t size_max, struct th_text *ret_text)
{
    const struct th_form_node *node = th_form_node_get(map, key);
    size_t offset;
    if (!th_form_is(reader, node, TH_FORM_SCALAR))
        return false;
    if (node->written == TH_FORM_WRITTEN_NUMBER) {
        th_form_complain(reader, node, "định dạng ô là Text (Văn bản) rồi gõ lại chữ",
                         "ô này phải là chữ, đang là số %s", node->text.bytes);
        return false;
    }
    if (node->text.size > size_max) {
        th_form_complain(reader, node, "viết ngắn lại", "\"%s\" dài %zu byte, nhiều nhất %zu byte",
                         key, node->text.size, size_max);
        return false;
    }
    if (th_text_find_forbidden(node->text.bytes, node->text.size, flags, &offset)) {
        th_form_complain(reader, node, "viết trên một dòng, không dùng phím Tab",
                         "\"%s\" có xuống dòng hoặc dấu tab", key);
        return false;
    }
    *ret_text = node->text;
    return true;
}

bool th_form_int(struct th_form_reader *reader, const struct th_form_node *map, const char *key,
                 int64_t min, int64_t max, int64_t *ret_value)
{
    const struct th_form_node *node = th_form_node_get(map, key);
    if (!th_form_is(reader, node, TH_FORM_SCALAR))
        return false;
    if (th_text_parse_int(node->text.bytes, node->text.size, min, max, ret_value) == 0)
        return true;
    char hint[96], text[TH_TEXT_EXCERPT_SIZE];
    (void)snprintf(hint, sizeof hint, "viết một số nguyên từ %lld đến %lld", (long long)min,
                   (long long)max);
    th_form_complain(reader, node, hint, "\"%s\" không thể là \"%s\"", key,
                     th_text_excerpt(node->text.bytes, node->text.size, text));
    return false;
}

/* "9/5/2025" as day/month or month/day: the numbers in the order they stand. */
static bool split_date(struct th_text text, int ret_parts[3])
{
    int part = 0, digits = 0, parts[3] = {0};
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (c >= '0' && c <= '9' && digits < 4) {
            parts[part] = parts[part] * 10 + (c - '0');
            digits++;
        } else if (c == '/' && part < 2 && digits > 0 && digits <= 2) {
            part++;
            digits = 0;
        } else {
            return false;
        }
    }
    memcpy(ret_parts, parts, sizeof parts);
    return part == 2 && digits == 4;
}

static bool read_sheet_day(struct th_form_reader *reader, const struct th_form_node *node,
                           th_day *ret_day)
{
    int parts[3];
    if (!split_date(node->text, parts))
        return false;
    struct th_civil_date day_first = {parts[2], parts[1], parts[0]};
    struct th_civil_date month_first = {parts[2], parts[0], parts[1]};
    bool first = th_civil_date_check(day_first), second = th_civil_date_check(month_first);
    if (first && second && parts[0] != parts[1]) {
        char one[TH_DAY_TEXT_SIZE], two[TH_DAY_TEXT_SIZE];
        th_form_complain(reader, node,
                         "viết năm-tháng-ngày; trong Excel định dạng ô là Text rồi gõ 2025-05-09",
                         "ngày \"%s\" có hai cách đọc: %s hoặc %s", node->text.bytes,
                         th_day_format(th_day_of_date(day_first), one),
                         th_day_format(th_day_of_date(month_first), two));
        reader->ambiguous_found++;
        return true;
    }
    if (!first && !second)
        return false;
    *ret_day = th_day_of_date(first ? day_first : month_first);
    return true;
}

bool th_form_day(struct th_form_reader *reader, const struct th_form_node *node, th_day *ret_day)
{
    size_t before = reader->problems_found;
    if (!th_form_is(reader, node, TH_FORM_SCALAR))
        return false;
    if (node->written == TH_FORM_WRITTEN_NUMBER) {
        if (th_form_serial_day(node->text.bytes, reader->is_1904, ret_day) == 0)
            return true;
        th_form_complain(reader, node, "gõ lại ngày, ô hiện năm-tháng-ngày như 2025-05-09",
                         "số %s không phải là ngày", node->text.bytes);
        return false;
    }
    if (th_day_parse(node->text.bytes, node->text.size, ret_day) == 0 ||
        (reader->is_sheet && read_sheet_day(reader, node, ret_day)))
        return reader->problems_found == before;
    char text[TH_TEXT_EXCERPT_SIZE];
    th_form_complain(reader, node, "viết năm-tháng-ngày, như 2025-05-09",
                     "\"%s\" không phải là ngày",
                     th_text_excerpt(node->text.bytes, node->text.size, text));
    return false;
}

bool th_form_same_word(const char *a, size_t a_size, const char *b)
{
    char *folds[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    bool is_same = th_text_fold(a, a_size, &folds[0], &sizes[0]) == 0 &&
                   th_text_fold(b, strlen(b), &folds[1], &sizes[1]) == 0 && sizes[0] == sizes[1];
    for (size_t i = 0; is_same && i < sizes[0]; i++) {
        char left = folds[0][i] == '_' ? ' ' : folds[0][i];
        char right = folds[1][i] == '_' ? ' ' : folds[1][i];
        is_same = left == right;
    }
    free(folds[0]);
    free(folds[1]);
    return is_same;
}
