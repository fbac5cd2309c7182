/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSV form as a tree. The first row names the columns: mã, tên, đơn vị tính, giá trị, ước. Each
 * further row is one figure or text; a row whose code begins with # is a field that YAML has too:
 *
 *     #plan;Kế hoạch;;gialai-2025;             plan: gialai-2025
 *     #document.number;Số văn bản;;12/BC;      document: {number: 12/BC}
 *     #task.3.status;Trạng thái;;xong;         tasks: [{no: 3, status: xong}]
 *     #model.1.name;Tên mô hình;;…;            models: [{name: …}]
 *     #attachment;Tệp đính kèm;;bao-cao.pdf;   attachments: [bao-cao.pdf]
 *     ;4. Tiếp công dân;;;                     a heading: no code, no value
 *     TCD01;Tổng số lượt tiếp;lượt;1.234;x     values: {TCD01: 1.234}, estimated: [TCD01]
 *
 * libcsv is fed byte by byte, because only so does the place of each cell stay known.
 */
#include "proto/form/tree.h"

#include <csv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 24
#define ROWS_MAX  5000
#define KEY_MAX   64

enum column { CODE, NAME, MEASURE, VALUE, ESTIMATED, COLUMNS };

static const char *const column_names[COLUMNS] = {"mã", "tên", "đơn vị tính", "giá trị", "ước"};
static const char *const column_folds[COLUMNS] = {"ma", "ten", "don vi tinh", "gia tri", "uoc"};

#define HEADER_HINT                                                                                \
    "dòng đầu phải là mã;tên;đơn vị tính;giá trị;ước; trong Excel lưu kiểu \"CSV UTF-8\""

struct cell {
    struct th_text text;
    uint32_t line, column;
};

struct sheet {
    struct th_form_tree *tree;
    struct cell cells[CELLS_MAX];
    size_t cells_count;
    uint32_t line, column;           /* of the byte being read */
    uint32_t cell_line, cell_column; /* where the cell being read began */
    size_t place[COLUMNS];           /* which cell a column is; CELLS_MAX: not there */
    size_t rows_count;
    bool header_is_bad, row_is_torn; /* a cell is not where it should be, others may not be */
    struct th_form_node *values, *estimated, *tasks, *models, *attachments;
};

static void take_cell(void *bytes, size_t size, void *context)
{
    struct sheet *sheet = context;
    struct th_form_tree *tree = sheet->tree;
    if (sheet->cells_count == CELLS_MAX) {
        th_form_tree_refuse(tree, sheet->cell_line, sheet->cell_column, HEADER_HINT,
                            "dòng có quá %d cột", CELLS_MAX);
        return;
    }
    char *copy = th_arena_copy_text(tree->arena, size == 0 ? "" : bytes, size);
    if (copy == NULL)
        th_form_tree_fail(tree, TH_E_NO_MEMORY);
    else
        sheet->cells[sheet->cells_count++] =
            (struct cell){{copy, size}, sheet->cell_line, sheet->cell_column};
}

static bool is_blank(const struct cell *cell)
{
    return strspn(cell->text.bytes, " \t\r\n") == cell->text.size;
}

static void read_header(struct sheet *sheet)
{
    for (size_t i = 0; i < COLUMNS; i++)
        sheet->place[i] = CELLS_MAX;
    for (size_t i = 0; i < sheet->cells_count; i++) {
        const struct cell *cell = &sheet->cells[i];
        char *folded = NULL;
        size_t folded_size = 0, column = 0;
        if (is_blank(cell))
            continue;
        if (th_text_fold(cell->text.bytes, cell->text.size, &folded, &folded_size) < 0) {
            th_form_tree_fail(sheet->tree, TH_E_NO_MEMORY);
            return;
        }
        while (column < COLUMNS && strcmp(folded, column_folds[column]) != 0)
            column++;
        free(folded);
        if (column == COLUMNS || sheet->place[column] != CELLS_MAX) {
            char text[TH_TEXT_EXCERPT_SIZE];
            th_form_tree_refuse(sheet->tree, cell->line, cell->column, HEADER_HINT,
                                "cột \"%s\" lạ hoặc lặp lại",
                                th_text_excerpt(cell->text.bytes, cell->text.size, text));
            sheet->header_is_bad = true;
        } else {
            sheet->place[column] = i;
        }
    }
    if (sheet->tree->status == 0 &&
        (sheet->place[CODE] == CELLS_MAX || sheet->place[VALUE] == CELLS_MAX))
        th_form_tree_refuse(sheet->tree, 1, 1, HEADER_HINT, "thiếu cột \"%s\"",
                            column_names[sheet->place[CODE] == CELLS_MAX ? CODE : VALUE]);
}

/* A scalar in a map, once. */
static void put(struct sheet *sheet, struct th_form_node *map, const char *key,
                const struct cell *code, const struct cell *value)
{
    struct th_form_node *node = th_form_node_get(map, key);
    bool is_twice = node != NULL;
    if (is_twice)
        th_form_tree_refuse(sheet->tree, code->line, code->column, "giữ một dòng, xóa dòng kia",
                            "mã \"%s\" lặp lại, đã có ở dòng %u", code->text.bytes, node->line);
    else
        node = th_form_tree_add_text(sheet->tree, map, key, value->text.bytes, value->text.size,
                                     value->line, value->column);
    if (node != NULL && (is_twice || sheet->row_is_torn))
        node->is_doubtful = true;
}

static struct th_form_node *collection(struct sheet *sheet, struct th_form_node **slot,
                                       enum th_form_node_kind kind, const char *key,
                                       const struct cell *at)
{
    if (*slot == NULL)
        *slot = th_form_tree_add(sheet->tree, sheet->tree->root, kind, key, at->line, at->column);
    return *slot;
}

/* The item of a list whose `#task.3` or `#model.1` this row continues; it is made at its first
 * row and found by its number, which is its key here. */
static struct th_form_node *item_of(struct sheet *sheet, struct th_form_node *list,
                                    const char *number, const struct cell *at)
{
    if (list == NULL)
        return NULL;
    for (struct th_form_node *item = list->first; item != NULL; item = item->next)
        if (strcmp(item->key, number) == 0)
            return item;
    return th_form_tree_add(sheet->tree, list, TH_FORM_MAP, number, at->line, at->column);
}

static void read_item(struct sheet *sheet, char *path, const struct cell *code,
                      const struct cell *value)
{
    bool is_task = strncmp(path, "task.", 5) == 0;
    char *number = strchr(path, '.') + 1;
    char *field = strchr(number, '.');
    if (field == NULL) {
        th_form_tree_refuse(sheet->tree, code->line, code->column, "chép lại mã từ biểu mẫu",
                            "không hiểu mã \"%s\"", code->text.bytes);
        return;
    }
    *field++ = 0;
    struct th_form_node *list =
        is_task ? collection(sheet, &sheet->tasks, TH_FORM_LIST, "tasks", code)
                : collection(sheet, &sheet->models, TH_FORM_LIST, "models", code);
    struct th_form_node *item = item_of(sheet, list, number, code);
    if (item == NULL)
        return;
    if (is_task && item->count == 0)
        (void)th_form_tree_add_text(sheet->tree, item, "no", number, strlen(number), code->line,
                                    code->column);
    put(sheet, item, field, code, value);
}

static void read_field(struct sheet *sheet, const struct cell *code, const struct cell *value)
{
    char path[KEY_MAX];
    struct th_form_node *root = sheet->tree->root;
    (void)snprintf(path, sizeof path, "%s", code->text.bytes + 1);
    if (strncmp(path, "task.", 5) == 0 || strncmp(path, "model.", 6) == 0) {
        read_item(sheet, path, code, value);
    } else if (strncmp(path, "document.", 9) == 0) {
        struct th_form_node *document = th_form_node_get(root, "document");
        document = collection(sheet, &document, TH_FORM_MAP, "document", code);
        if (document != NULL)
            put(sheet, document, path + 9, code, value);
    } else if (strcmp(path, "attachment") == 0) {
        struct th_form_node *list =
            collection(sheet, &sheet->attachments, TH_FORM_LIST, "attachments", code);
        if (list != NULL)
            (void)th_form_tree_add_text(sheet->tree, list, "", value->text.bytes, value->text.size,
                                        value->line, value->column);
    } else {
        put(sheet, root, path, code, value);
    }
}

static void read_figure(struct sheet *sheet, const struct cell *code, const struct cell *value,
                        const struct cell *estimated)
{
    struct th_form_node *values = collection(sheet, &sheet->values, TH_FORM_MAP, "values", code);
    if (values == NULL)
        return;
    bool is_marked = !is_blank(estimated);
    bool is_mark = estimated->text.size == 1 && strchr("xX", estimated->text.bytes[0]) != NULL;
    sheet->row_is_torn = sheet->row_is_torn || (is_marked && !is_mark);
    put(sheet, values, code->text.bytes, code, value);
    if (!is_marked)
        return;
    if (!is_mark) {
        th_form_tree_refuse(sheet->tree, estimated->line, estimated->column,
                            "ghi x khi là số ước, để trống khi là số thật",
                            "cột ước của %s không phải là x", code->text.bytes);
        return;
    }
    struct th_form_node *list =
        collection(sheet, &sheet->estimated, TH_FORM_LIST, "estimated", code);
    if (list != NULL)
        (void)th_form_tree_add_text(sheet->tree, list, "", code->text.bytes, code->text.size,
                                    estimated->line, estimated->column);
}

static bool is_column(const struct sheet *sheet, size_t cell)
{
    for (size_t i = 0; i < COLUMNS; i++)
        if (sheet->place[i] == cell)
            return true;
    return false;
}

static struct cell cell_of(const struct sheet *sheet, enum column column)
{
    size_t place = sheet->place[column];
    if (place < sheet->cells_count)
        return sheet->cells[place];
    return (struct cell){{"", 0}, sheet->cells[0].line, sheet->cells[0].column};
}

static void read_row(struct sheet *sheet)
{
    struct th_form_tree *tree = sheet->tree;
    sheet->row_is_torn = sheet->header_is_bad;
    for (size_t i = 0; i < sheet->cells_count; i++)
        if (!is_column(sheet, i) && !is_blank(&sheet->cells[i])) {
            th_form_tree_refuse(tree, sheet->cells[i].line, sheet->cells[i].column,
                                "xóa ô này; ô có dấu ; hoặc xuống dòng phải đặt trong dấu \"",
                                "ô nằm ngoài các cột của biểu");
            sheet->row_is_torn = true;
        }
    struct cell code = cell_of(sheet, CODE), value = cell_of(sheet, VALUE);
    struct cell estimated = cell_of(sheet, ESTIMATED);
    if (is_blank(&code)) {
        if (!is_blank(&value))
            th_form_tree_refuse(tree, value.line, value.column, "ghi mã chỉ tiêu ở cột đầu",
                                "dòng có giá trị nhưng không có mã");
        return;
    }
    if (code.text.size >= KEY_MAX) {
        th_form_tree_refuse(tree, code.line, code.column, "chép lại mã từ biểu mẫu", "mã quá dài");
    } else if (code.text.bytes[0] != '#') {
        read_figure(sheet, &code, &value, &estimated);
    } else if (!is_blank(&value) || strcmp(code.text.bytes, "#estimated_to") == 0) {
        /* where the day is missing, when there are estimates */
        read_field(sheet, &code, &value);
    }
}

static void end_row(int end, void *context)
{
    (void)end;
    struct sheet *sheet = context;
    if (sheet->rows_count == ROWS_MAX)
        th_form_tree_refuse(sheet->tree, sheet->line, 1, "bỏ bớt các dòng thừa",
                            "biểu có quá %d dòng", ROWS_MAX);
    if (sheet->cells_count > 0 && sheet->rows_count < ROWS_MAX) {
        if (sheet->rows_count == 0)
            read_header(sheet);
        else if (sheet->place[CODE] != CELLS_MAX && sheet->place[VALUE] != CELLS_MAX)
            read_row(sheet);
    }
    sheet->rows_count++;
    sheet->cells_count = 0;
}

/* What stands between the cells of the first line: `;` as Vietnamese Excel writes, else a tab or a
 * comma as others do. */
static char separator_of(const char *bytes, size_t size)
{
    const char *end = memchr(bytes, '\n', size);
    size_t line = end == NULL ? size : (size_t)(end - bytes);
    if (memchr(bytes, ';', line) != NULL)
        return ';';
    if (memchr(bytes, '\t', line) != NULL)
        return '\t';
    return memchr(bytes, ',', line) != NULL ? ',' : ';';
}

static void feed(struct sheet *sheet, struct csv_parser *parser, const char *bytes, size_t size)
{
    const char *quote_hint =
        "một ô có dấu \" phải bắt đầu và kết thúc bằng \", dấu \" bên trong viết đôi";
    char separator = separator_of(bytes, size);
    csv_set_delim(parser, (unsigned char)separator);
    sheet->line = sheet->column = sheet->cell_line = sheet->cell_column = 1;
    bool at_start = true; /* of a row: nothing of it was read yet */
    for (size_t i = 0; i < size; i++) {
        size_t cells = sheet->cells_count, rows = sheet->rows_count;
        if (csv_parse(parser, bytes + i, 1, take_cell, end_row, sheet) != 1) {
            if (csv_error(parser) == CSV_ENOMEM)
                th_form_tree_fail(sheet->tree, TH_E_NO_MEMORY);
            else
                th_form_tree_refuse(sheet->tree, sheet->line, sheet->column, quote_hint,
                                    "sai cú pháp CSV");
            return;
        }
        bool is_break = bytes[i] == '\n' || bytes[i] == '\r';
        if (bytes[i] == '\n') {
            sheet->line++;
            sheet->column = 1;
        } else if (((unsigned char)bytes[i] & 0xC0) != 0x80) {
            sheet->column++;
        }
        bool ended = sheet->rows_count != rows;
        if (ended || sheet->cells_count != cells || (at_start && is_break)) {
            sheet->cell_line = sheet->line;
            sheet->cell_column = sheet->column;
        }
        at_start = ended || (at_start && is_break);
    }
    if (csv_fini(parser, take_cell, end_row, sheet) != 0)
        th_form_tree_refuse(sheet->tree, sheet->cell_line, sheet->cell_column, quote_hint,
                            "dấu \" mở ở đây không được đóng");
}

void th_form_tree_read_csv(struct th_form_tree *tree, const char *bytes, size_t size)
{
    struct sheet sheet = {.tree = tree};
    struct csv_parser parser;
    if (th_form_tree_add(tree, NULL, TH_FORM_MAP, "", 1, 1) == NULL)
        return;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        th_form_tree_fail(tree, TH_E_NO_MEMORY);
        return;
    }
    feed(&sheet, &parser, bytes, size);
    csv_free(&parser);
    if (tree->status == 0 && sheet.rows_count == 0)
        th_form_tree_refuse(tree, 1, 1, HEADER_HINT, "tệp không có nội dung");
}
