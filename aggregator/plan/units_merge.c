/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/plan/units_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field { NAME, KIND, PARENT, VALID_FROM, VALID_TO, EXTERNAL_ID, FIELDS };

static const char *const labels[FIELDS] = {
    [NAME] = "tên (name)",
    [KIND] = "loại (kind)",
    [PARENT] = "cấp trên (parent)",
    [VALID_FROM] = "ngày bắt đầu (valid_from)",
    [VALID_TO] = "ngày hết hiệu lực (valid_to)",
    [EXTERNAL_ID] = "mã định danh (external_id)",
};

static bool has_from(const struct th_unit *unit)
{
    return unit->valid_from.number != TH_UNIT_ALWAYS_FROM.number;
}

static bool has_to(const struct th_unit *unit)
{
    return unit->valid_to.number != TH_UNIT_ALWAYS_TO.number;
}

static bool overlap(const struct th_unit *a, const struct th_unit *b)
{
    return a->valid_from.number < b->valid_to.number && b->valid_from.number < a->valid_to.number;
}

/* ---- what differs ---- */

static bool states(const struct th_unit *unit, enum field field)
{
    switch (field) {
    case PARENT:
        return unit->parent_code[0] != 0;
    case VALID_FROM:
        return has_from(unit);
    case VALID_TO:
        return has_to(unit);
    case EXTERNAL_ID:
        return unit->external_id[0] != 0;
    case NAME:
    case KIND:
    case FIELDS:
        break;
    }
    return true;
}

static bool differ(const struct th_unit *a, const struct th_unit *b, enum field field)
{
    switch (field) {
    case NAME:
        return strcmp(a->name, b->name) != 0;
    case KIND:
        return a->kind != b->kind;
    case PARENT:
        return strcmp(a->parent_code, b->parent_code) != 0;
    case VALID_FROM:
        return a->valid_from.number != b->valid_from.number;
    case VALID_TO:
        return a->valid_to.number != b->valid_to.number;
    case EXTERNAL_ID:
        return strcmp(a->external_id, b->external_id) != 0;
    case FIELDS:
        break;
    }
    return false;
}

/* The first field in which `row` contradicts the other; FIELDS when they agree. */
static enum field find_contradiction(const struct th_unit *row, const struct th_unit *other,
                                     bool other_is_known)
{
    for (int i = 0; i < FIELDS; i++) {
        enum field field = (enum field)i;
        bool silent = !other_is_known || field == EXTERNAL_ID;
        if (states(row, field) && (states(other, field) || !silent) && differ(row, other, field))
            return field;
    }
    return FIELDS;
}

/* A value as people write it, in quotes, or that there is none. */
static const char *value_text(const struct th_unit *unit, enum field field,
                              char text[TH_UNIT_NAME_MAX + 16])
{
    char day[TH_DAY_TEXT_SIZE];
    const char *value = "";
    if (!states(unit, field))
        return field == VALID_FROM || field == VALID_TO ? "không giới hạn" : "không có";
    switch (field) {
    case NAME:
        value = unit->name;
        break;
    case KIND:
        value = th_unit_kind_word(unit->kind);
        break;
    case PARENT:
        value = unit->parent_code;
        break;
    case VALID_FROM:
        value = th_day_format(unit->valid_from, day);
        break;
    case VALID_TO:
        value = th_day_format(unit->valid_to, day);
        break;
    case EXTERNAL_ID:
        value = unit->external_id;
        break;
    case FIELDS:
        break;
    }
    (void)snprintf(text, TH_UNIT_NAME_MAX + 16, "“%s”", value);
    return text;
}

/* `there` is NULL for a known unit. */
static void complain(struct th_problems *problems, const struct th_unit_row *row,
                     const struct th_unit *other, const struct th_place *there, enum field field)
{
    char here_text[TH_UNIT_NAME_MAX + 16], there_text[TH_UNIT_NAME_MAX + 16];
    const char *here = value_text(&row->unit, field, here_text);
    const char *elsewhere = value_text(other, field, there_text);
    if (there != NULL) {
        th_problems_add(
            problems, row->place,
            "sửa cho hai dòng khớp nhau, hoặc bỏ một dòng; nếu là hai đơn vị dùng chung "
            "mã thì ghi valid_from, valid_to không chồng nhau",
            "đơn vị “%s”: %s ở đây là %s, ở %s:%u là %s", row->unit.code, labels[field], here,
            there->file, there->line, elsewhere);
        return;
    }
    const char *hint =
        has_from(other) || has_to(other)
            ? "đơn vị đã có trong kho không bị sửa: sửa dòng này cho khớp hoặc bỏ "
              "đi; nếu là đơn vị khác dùng lại mã thì ghi valid_from, valid_to "
              "không chồng lên đơn vị trong kho"
            : "đơn vị đã có trong kho không bị sửa: sửa dòng này cho khớp hoặc bỏ đi";
    th_problems_add(problems, row->place, hint, "đơn vị “%s”: %s trong tệp là %s, trong kho là %s",
                    row->unit.code, labels[field], here, elsewhere);
}

static void complain_vague(struct th_problems *problems, const struct th_unit_row *row)
{
    th_problems_add(problems, row->place, "ghi valid_from của đơn vị muốn nói, hoặc bỏ dòng này",
                    "mã “%s” là của nhiều đơn vị theo thời gian, dòng này không nói rõ đơn vị nào",
                    row->unit.code);
}

/* Whether a row that is valid together with several units means this one. */
static bool means(const struct th_unit *row, const struct th_unit *other)
{
    return (has_from(row) && row->valid_from.number == other->valid_from.number) ||
           (has_to(row) && row->valid_to.number == other->valid_to.number);
}

/* ---- row and row ---- */

static int order_codes(const struct th_unit *a, const struct th_unit *b)
{
    int order = strcmp(a->code, b->code);
    return order != 0 ? order
                      : (a->valid_from.number > b->valid_from.number) -
                            (a->valid_from.number < b->valid_from.number);
}

/* Dated rows of a code first: what they leave open another row cannot close by coming earlier. */
static int order_rows(const void *left, const void *right)
{
    const struct th_unit_row *a = left, *b = right;
    int order = strcmp(a->unit.code, b->unit.code);
    if (order != 0)
        return order;
    bool a_dated = has_from(&a->unit) || has_to(&a->unit);
    bool b_dated = has_from(&b->unit) || has_to(&b->unit);
    if (a_dated != b_dated)
        return a_dated ? -1 : 1;
    order = order_codes(&a->unit, &b->unit);
    if (order == 0)
        order = (a->unit.valid_to.number > b->unit.valid_to.number) -
                (a->unit.valid_to.number < b->unit.valid_to.number);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static int order_units(const void *left, const void *right)
{
    const struct th_unit_row *a = left, *b = right;
    return order_codes(&a->unit, &b->unit);
}

static void fill_in(struct th_unit *unit, const struct th_unit *row)
{
    if (!states(unit, PARENT))
        unit->parent_code = row->parent_code;
    if (!states(unit, EXTERNAL_ID))
        unit->external_id = row->external_id;
    if (!has_from(unit))
        unit->valid_from = row->valid_from;
    if (!has_to(unit))
        unit->valid_to = row->valid_to;
}

/* Takes the row into the units of its code, which are the last ones from `first` on. */
static bool take_row(struct th_unit_row *rows, uint32_t first, uint32_t *count,
                     const struct th_unit_row *row, struct th_problems *problems)
{
    uint32_t found = 0, named = 0;
    struct th_unit_row *same = NULL;
    for (uint32_t i = first; i < *count; i++)
        if (overlap(&rows[i].unit, &row->unit)) {
            bool is_meant = means(&row->unit, &rows[i].unit);
            if (found == 0 || is_meant)
                same = &rows[i];
            found++;
            named += is_meant;
        }
    if (found == 0) {
        rows[(*count)++] = *row;
        return true;
    }
    if (found > 1 && named != 1) {
        complain_vague(problems, row);
        return false;
    }
    enum field field = find_contradiction(&row->unit, &same->unit, false);
    if (field != FIELDS) {
        complain(problems, row, &same->unit, &same->place, field);
        return false;
    }
    fill_in(&same->unit, &row->unit);
    return true;
}

static bool join_rows(struct th_unit_row *rows, uint32_t *count, struct th_problems *problems)
{
    bool agree = true;
    uint32_t kept = 0, first = 0;
    qsort(rows, *count, sizeof *rows, order_rows);
    for (uint32_t i = 0; i < *count; i++) {
        const struct th_unit_row row = rows[i];
        if (kept > 0 && strcmp(rows[kept - 1].unit.code, row.unit.code) != 0)
            first = kept;
        agree = take_row(rows, first, &kept, &row, problems) && agree;
    }
    *count = kept;
    qsort(rows, kept, sizeof *rows, order_units);
    return agree;
}

/* ---- row and known ---- */

enum meeting { NEW, KNOWN, WRONG };

/* `known` from place `first` on may have the code of the row. */
static enum meeting meet(const struct th_unit_row *row, const struct th_unit_list *known,
                         uint32_t first, struct th_problems *problems, struct th_units_kept *kept)
{
    uint32_t found = 0, named = 0;
    const struct th_unit *same = NULL;
    for (uint32_t i = first; i < known->count && strcmp(known->units[i].code, row->unit.code) == 0;
         i++)
        if (overlap(&known->units[i], &row->unit)) {
            bool is_meant = means(&row->unit, &known->units[i]);
            if (found == 0 || is_meant)
                same = &known->units[i];
            found++;
            named += is_meant;
        }
    if (found == 0)
        return NEW;
    if (found > 1 && named != 1) {
        complain_vague(problems, row);
        return WRONG;
    }
    enum field field = find_contradiction(&row->unit, same, true);
    if (field != FIELDS) {
        complain(problems, row, same, NULL, field);
        return WRONG;
    }
    kept->known++;
    if (states(&row->unit, EXTERNAL_ID) && !states(same, EXTERNAL_ID) && kept->untaken++ == 0) {
        kept->untaken_code = row->unit.code;
        kept->untaken_identity = row->unit.external_id;
    }
    return KNOWN;
}

/* Both are ordered by code. */
static bool drop_known(struct th_unit_row *rows, uint32_t *count, const struct th_unit_list *known,
                       struct th_problems *problems, struct th_units_kept *kept)
{
    bool agree = true;
    uint32_t left = 0, place = 0;
    for (uint32_t i = 0; i < *count; i++) {
        while (place < known->count && strcmp(known->units[place].code, rows[i].unit.code) < 0)
            place++;
        enum meeting meeting = meet(&rows[i], known, place, problems, kept);
        if (meeting == NEW)
            rows[left++] = rows[i];
        agree = agree && meeting != WRONG;
    }
    *count = left;
    return agree;
}

int th_units_merge(struct th_unit_row *rows, uint32_t *count, const struct th_unit_list *known,
                   struct th_problems *problems, struct th_units_kept *ret_kept)
{
    struct th_units_kept kept = {.untaken_code = NULL};
    bool agree = join_rows(rows, count, problems);
    if (agree && known != NULL)
        agree = drop_known(rows, count, known, problems, &kept);
    if (!agree)
        return TH_E_INVALID;
    *ret_kept = kept;
    return 0;
}
