/* SPDX-License-Identifier: Apache-2.0 */
/* Who: parties (bên) by unit code or by name, and selectors (ai báo cáo). */
#include "aggregator/plan/parts.h"

#include <string.h>

/* True when a unit of this code is there on some day of the plan's year. */
static bool is_there(const struct th_reader *reader, const char *code)
{
    th_day first = TH_UNIT_ALWAYS_FROM, end = TH_UNIT_ALWAYS_TO;
    if (reader->year != 0) {
        first = th_day_of_date((struct th_civil_date){reader->year, 1, 1});
        end.number = th_day_of_date((struct th_civil_date){reader->year, 12, 31}).number + 1;
    }
    for (uint32_t i = 0; i < reader->units->count; i++) {
        const struct th_unit *unit = &reader->units->units[i];
        if (strcmp(unit->code, code) == 0 && unit->valid_from.number < end.number &&
            first.number < unit->valid_to.number)
            return true;
    }
    return false;
}

const char *th_read_unit_code(struct th_reader *reader, struct th_yaml_node node)
{
    const char *code = th_reader_scalar(reader, node, TH_UNIT_CODE_MAX);
    if (code[0] == 0)
        return "";
    if (!th_unit_code_check(code, strlen(code))) {
        th_reader_complain(reader, node, "chữ cái, chữ số và dấu gạch nối, không quá 24 ký tự",
                           "mã đơn vị \"%s\" không hợp lệ", code);
        return "";
    }
    static const char hint[] =
        "sửa mã, thêm đơn vị vào tệp đơn vị, hoặc ghi {name: \"…\"} như trong văn bản";
    if (reader->units == NULL || is_there(reader, code))
        return code;
    if (reader->year == 0)
        th_reader_complain(reader, node, hint, "không có đơn vị \"%s\"", code);
    else
        th_reader_complain(reader, node, hint, "không có đơn vị \"%s\" trong năm %d", code,
                           reader->year);
    return code;
}

static struct th_party read_party(struct th_reader *reader, struct th_yaml_node item)
{
    struct th_party party = {"", "", ""};
    if (!TH_READER_KEYS(reader, item, "unit", "name", "role"))
        return party;
    struct th_yaml_node unit, name;
    bool has_unit = th_yaml_get(item, "unit", &unit), has_name = th_yaml_get(item, "name", &name);
    if (has_unit == has_name)
        th_reader_complain(reader, item, "ghi {unit: \"mã\"} hoặc {name: \"tên\"}, chọn một",
                           has_unit ? "bên có cả \"unit\" và \"name\""
                                    : "bên không có \"unit\" và không có \"name\"");
    if (has_unit)
        party.unit_code = th_read_unit_code(reader, unit);
    if (has_name)
        party.name = th_reader_scalar(reader, name, TH_LIMIT_TITLE_MAX);
    party.role = th_reader_text(reader, item, "role", TH_FIELD_OPTIONAL, TH_LIMIT_TITLE_MAX);
    return party;
}

struct th_parties th_read_parties(struct th_reader *reader, struct th_yaml_node map,
                                  const char *key)
{
    struct th_yaml_node list;
    size_t count = th_reader_list(reader, map, key, TH_FIELD_OPTIONAL, TH_LIMIT_PARTIES_MAX, &list);
    struct th_party *items = th_reader_alloc(reader, count, sizeof *items);
    if (count == 0 || items == NULL)
        return (struct th_parties){NULL, 0};
    for (size_t i = 0; i < count; i++)
        items[i] = read_party(reader, th_yaml_item(list, i));
    return (struct th_parties){items, (uint16_t)count};
}

struct th_party th_read_issuer(struct th_reader *reader, struct th_yaml_node map)
{
    struct th_party party = {"", "", ""};
    struct th_yaml_node issuer, unit;
    if (!th_reader_find(reader, map, "issuer", TH_FIELD_REQUIRED, &issuer) ||
        !TH_READER_KEYS(reader, issuer, "name", "unit"))
        return party;
    party.name = th_reader_text(reader, issuer, "name", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
    if (th_yaml_get(issuer, "unit", &unit))
        party.unit_code = th_read_unit_code(reader, unit);
    return party;
}

/* One bit for each word of a list; 0 when the list is absent or bad. */
static uint32_t read_bits(struct th_reader *reader, struct th_yaml_node map, const char *key,
                          const struct th_words *words)
{
    struct th_yaml_node list;
    size_t count = th_reader_list(reader, map, key, TH_FIELD_OPTIONAL, words->count, &list);
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        int value = 0;
        if (th_yaml_read_word(item, words->items, words->count, reader->problems, &value) < 0) {
            reader->failed = true;
            continue;
        }
        if ((bits & UINT32_C(1) << value) != 0)
            th_reader_complain(reader, item, "bỏ từ lặp lại", "\"%s\" lặp lại trong \"%s\"",
                               th_word_of(words, value), key);
        bits |= UINT32_C(1) << value;
    }
    return bits;
}

static const char *const *read_codes(struct th_reader *reader, struct th_yaml_node map,
                                     const char *key, uint16_t *ret_count)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, map, key, TH_FIELD_OPTIONAL, TH_LIMIT_SELECTED_MAX, &list);
    const char **codes = th_reader_alloc(reader, count, sizeof *codes);
    if (count == 0 || codes == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        codes[i] = th_read_unit_code(reader, th_yaml_item(list, i));
        for (size_t j = 0; j < i && codes[i][0] != 0; j++)
            if (strcmp(codes[i], codes[j]) == 0)
                th_reader_complain(reader, th_yaml_item(list, i), "bỏ mã lặp lại",
                                   "mã \"%s\" lặp lại trong \"%s\"", codes[i], key);
    }
    *ret_count = (uint16_t)count;
    return codes;
}

void th_read_selector(struct th_reader *reader, struct th_yaml_node node,
                      enum th_selector_place place, struct th_selector *ret_selector)
{
    struct th_yaml_word kind_items[TH_UNIT_KIND_COUNT];
    for (int kind = 0; kind < TH_UNIT_KIND_COUNT; kind++)
        kind_items[kind] = (struct th_yaml_word){th_unit_kind_word((enum th_unit_kind)kind), kind};
    const struct th_words kind_words = {kind_items, TH_UNIT_KIND_COUNT};
    struct th_selector selector = {.quote = ""};
    *ret_selector = selector;
    if (!TH_READER_KEYS(reader, node, "quote", "kinds", "levels", "units", "except"))
        return;
    selector.quote = th_reader_text(
        reader, node, "quote",
        place == TH_SELECTOR_OVERRIDE ? TH_FIELD_OPTIONAL : TH_FIELD_REQUIRED, TH_LIMIT_QUOTE_MAX);
    selector.kinds = read_bits(reader, node, "kinds", &kind_words);
    selector.levels = read_bits(reader, node, "levels", &th_words_level);
    selector.units = read_codes(reader, node, "units", &selector.units_count);
    selector.except = read_codes(reader, node, "except", &selector.except_count);
    struct th_yaml_node part;
    if (!th_yaml_get(node, "kinds", &part) && !th_yaml_get(node, "levels", &part) &&
        !th_yaml_get(node, "units", &part))
        th_reader_complain(reader, node, "thêm ít nhất một trong: kinds, levels, units",
                           "không chọn đơn vị nào");
    *ret_selector = selector;
}
