/* SPDX-License-Identifier: Apache-2.0 */
/* Which report this is: plan, obligation, unit, number, revision; and the paper behind it. */
#include "proto/form/reader.h"

#include <stdio.h>
#include <string.h>

#define HINT_SIZE 400

static bool is(struct th_text text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.bytes, wanted, text.size) == 0;
}

/* The value of a key that the form has to have; `node` is where to complain. */
static const struct th_form_node *require(struct th_form_reader *reader,
                                          const struct th_form_node *root, const char *key,
                                          const char *hint)
{
    const struct th_form_node *node = th_form_node_get(root, key);
    if (th_form_node_is_left_out(node)) {
        th_form_complain(reader, node == NULL ? root : node, hint, "thiếu \"%s\"", key);
        return NULL;
    }
    return th_form_is(reader, node, TH_FORM_SCALAR) ? node : NULL;
}

static void read_format(struct th_form_reader *reader, const struct th_form_node *root)
{
    const char *hint = "biểu của chương trình này có \"report: tonghop\" và \"format: 1\"";
    const struct th_form_node *report = th_form_node_get(root, "report");
    const struct th_form_node *format = th_form_node_get(root, "format");
    if (!reader->is_sheet || report != NULL)
        report = require(reader, root, "report", hint);
    if (!reader->is_sheet || format != NULL)
        format = require(reader, root, "format", hint);
    if (report != NULL && !is(report->text, "tonghop"))
        th_form_complain(reader, report, hint, "đây không phải là biểu của chương trình này");
    if (format != NULL && !is(format->text, "1"))
        th_form_complain(reader, format, hint, "chưa biết phiên bản biểu này");
}

/* "có: a, b, …", shortened to fit. */
struct choices {
    char text[HINT_SIZE];
    size_t used;
    bool is_full;
};

static void offer(struct choices *choices, const char *choice)
{
    const char *before = choices->used == 0 ? "có: " : ", ";
    size_t size = strlen(before) + strlen(choice);
    if (choices->is_full || choices->used + size + sizeof ", …" > sizeof choices->text) {
        if (!choices->is_full)
            memcpy(choices->text + choices->used, ", …", sizeof ", …");
        choices->is_full = true;
        return;
    }
    (void)snprintf(choices->text + choices->used, sizeof choices->text - choices->used, "%s%s",
                   before, choice);
    choices->used += size;
}

static void complain_about_choice(struct th_form_reader *reader, const struct th_form_node *node,
                                  const struct th_form_nearest *nearest,
                                  const struct choices *choices, const char *what)
{
    char hint[HINT_SIZE + 96], text[TH_TEXT_EXCERPT_SIZE];
    if (nearest->best != NULL)
        (void)snprintf(hint, sizeof hint, "có phải là %s? (%s)", nearest->best, choices->text);
    else
        (void)snprintf(hint, sizeof hint, "%s", choices->text);
    th_form_complain(reader, node, hint, "không có %s \"%s\"", what,
                     th_text_excerpt(node->text.bytes, node->text.size, text));
}

static void find_plan(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_form_context *context = reader->context;
    const struct th_form_node *node = th_form_node_get(root, "plan");
    if ((node == NULL || node->kind == TH_FORM_NULL) && context->plan != NULL) {
        reader->plan = context->plan;
        return;
    }
    node = require(reader, root, "plan", "ghi mã kế hoạch, như trong biểu mẫu");
    if (node == NULL)
        return;
    struct th_form_nearest nearest = {.word = node->text.bytes, .word_size = node->text.size};
    struct choices choices = {.used = 0};
    for (size_t i = 0; i < context->plans_count; i++) {
        if (is(node->text, context->plans[i]->id))
            reader->plan = context->plans[i];
        th_form_nearest_offer(&nearest, context->plans[i]->id);
        offer(&choices, context->plans[i]->id);
    }
    if (reader->plan == NULL)
        complain_about_choice(reader, node, &nearest, &choices, "kế hoạch");
    else if (context->plan != NULL && context->plan != reader->plan)
        th_form_complain(reader, node, "sửa ở đây hoặc ở lệnh, cho khớp nhau",
                         "biểu ghi kế hoạch %s, lệnh ghi %s", reader->plan->id, context->plan->id);
}

static void find_obligation(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_form_context *context = reader->context;
    const struct th_plan *plan = reader->plan;
    const struct th_form_node *node = th_form_node_get(root, "obligation");
    if ((node == NULL || node->kind == TH_FORM_NULL) && context->obligation != NULL) {
        reader->obligation = context->obligation;
        return;
    }
    node = require(reader, root, "obligation", "ghi mã nghĩa vụ báo cáo, như trong biểu mẫu");
    if (node == NULL)
        return;
    const struct th_obligation *found = th_plan_find(plan, node->text.bytes, node->text.size);
    if (found == NULL) {
        struct th_form_nearest nearest = {.word = node->text.bytes, .word_size = node->text.size};
        struct choices choices = {.used = 0};
        for (uint16_t i = 0; i < plan->obligations_count; i++) {
            if (!th_obligation_expects(&plan->obligations[i], context->unit))
                continue;
            th_form_nearest_offer(&nearest, plan->obligations[i].id);
            offer(&choices, plan->obligations[i].id);
        }
        complain_about_choice(reader, node, &nearest, &choices, "nghĩa vụ báo cáo");
    } else if (context->obligation != NULL && context->obligation != found) {
        th_form_complain(reader, node, "sửa ở đây hoặc ở lệnh, cho khớp nhau",
                         "biểu ghi nghĩa vụ %s, lệnh ghi %s", found->id, context->obligation->id);
    }
    if (found != NULL && !th_obligation_expects(found, context->unit))
        th_form_complain(reader, node, "chọn nghĩa vụ mà đơn vị phải báo cáo",
                         "đơn vị %s không thuộc diện báo cáo của nghĩa vụ %s", context->unit->code,
                         found->id);
    reader->obligation = found;
}

/* A spreadsheet takes the zeros before a number away: 00123 comes back as 123. */
static bool is_code(struct th_text text, const char *code, bool is_sheet)
{
    if (is(text, code))
        return true;
    size_t zeros = strspn(code, "0");
    return is_sheet && zeros > 0 && strspn(code, "0123456789") == strlen(code) &&
           code[zeros] != 0 && is(text, code + zeros);
}

static void check_unit(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_unit *unit = reader->context->unit;
    const struct th_form_node *node = th_form_node_get(root, "unit");
    char hint[HINT_SIZE], text[TH_TEXT_EXCERPT_SIZE];
    (void)snprintf(hint, sizeof hint, "ở đây là báo cáo của đơn vị %s (%s)", unit->code,
                   unit->name);
    if (reader->is_sheet && (node == NULL || node->kind == TH_FORM_NULL))
        return;
    node = require(reader, root, "unit", hint);
    if (node != NULL && !is_code(node->text, unit->code, reader->is_sheet))
        th_form_complain(reader, node, hint, "biểu này của đơn vị khác: \"%s\"",
                         th_text_excerpt(node->text.bytes, node->text.size, text));
}

static void read_counters(struct th_form_reader *reader, const struct th_form_node *root)
{
    int64_t value = 0;
    const struct th_form_node *node = th_form_node_get(root, "revision");
    if (node != NULL)
        th_form_remember(reader, node, "revision");
    if (th_form_int(reader, root, "revision", 1, TH_LIMIT_REVISION_MAX, &value))
        reader->report.revision = (uint32_t)value;
    node = th_form_node_get(root, "number");
    if (node != NULL)
        th_form_remember(reader, node, "number");
    size_t before = reader->problems_found;
    value = 0;
    (void)th_form_int(reader, root, "number", 0, TH_LIMIT_NUMBER_MAX, &value);
    if (reader->problems_found != before || reader->obligation == NULL)
        return;
    if (value == 0)
        value = reader->context->number;
    if (reader->obligation->open_ended && value == 0)
        th_form_complain(reader, node == NULL ? root : node,
                         "ghi number: 1 cho báo cáo đầu tiên, rồi 2, 3 …",
                         "nghĩa vụ này nhận nhiều báo cáo nên cần số thứ tự");
    else if (!reader->obligation->open_ended && value != 0)
        th_form_complain(reader, node == NULL ? root : node, "bỏ số này, ở biểu hoặc ở lệnh",
                         "nghĩa vụ này chỉ có một báo cáo");
    reader->report.number = (uint32_t)value;
}

static bool is_sure(const struct th_form_node *root, const char *key)
{
    const struct th_form_node *node = th_form_node_get(root, key);
    return node == NULL || !node->is_doubtful;
}

void th_form_read_identity(struct th_form_reader *reader, const struct th_form_node *root)
{
    TH_FORM_KEYS(reader, root, "report", "format", "plan", "obligation", "unit", "revision",
                 "number", "values", "estimated", "estimated_to", "tasks", "models", "sections",
                 "document", "attachments");
    size_t before = reader->problems_found;
    read_format(reader, root);
    find_plan(reader, root);
    if (reader->plan != NULL)
        find_obligation(reader, root);
    check_unit(reader, root);
    reader->is_identified = reader->problems_found == before && reader->obligation != NULL &&
                            is_sure(root, "plan") && is_sure(root, "obligation") &&
                            is_sure(root, "unit");
    read_counters(reader, root);
    if (reader->plan != NULL)
        reader->report.plan = th_text_of(reader->plan->id);
    if (reader->obligation != NULL)
        reader->report.obligation = th_text_of(reader->obligation->id);
    reader->report.unit = th_text_of(reader->context->unit->code);
}

static bool has_content(const struct th_form_node *map)
{
    for (const struct th_form_node *child = map->first; child != NULL; child = child->next)
        if (!th_form_node_is_left_out(child))
            return true;
    return false;
}

void th_form_read_document(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_form_node *map = th_form_node_get(root, "document");
    struct th_document *document = &reader->report.document;
    if (!th_form_is(reader, map, TH_FORM_MAP))
        return;
    TH_FORM_KEYS(reader, map, "number", "date", "signer", "title");
    if (!has_content(map))
        return;
    size_t before = reader->problems_found;
    th_form_remember(reader, map, "document");
    *document = (struct th_document){.number = {"", 0}, .signer = {"", 0}, .title = {"", 0}};
    const char *const keys[] = {"number", "date", "signer", "title"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct th_form_node *node = th_form_node_get(map, keys[i]);
        if (th_form_node_is_left_out(node))
            th_form_complain(reader, node == NULL ? map : node,
                             "ghi đủ số, ngày, người ký, chức vụ; hoặc để trống cả phần document",
                             "văn bản thiếu \"%s\"", keys[i]);
    }
    (void)th_form_text(reader, map, "number", TH_TEXT_ONE_LINE, TH_LIMIT_NAME_SIZE_MAX,
                       &document->number);
    (void)th_form_text(reader, map, "signer", TH_TEXT_ONE_LINE, TH_LIMIT_NAME_SIZE_MAX,
                       &document->signer);
    (void)th_form_text(reader, map, "title", TH_TEXT_ONE_LINE, TH_LIMIT_NAME_SIZE_MAX,
                       &document->title);
    (void)th_form_day(reader, th_form_node_get(map, "date"), &document->date);
    reader->report.has_document = reader->problems_found == before;
}
