/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workbook form as a tree. Each sheet is a table below its row of headings:
 *
 *     tonghop          key, value: plan, obligation, unit, stamp; hidden, made by the template
 *     Số liệu          Mã … Giá trị, Số ước    values: {TCD01: 1234}, estimated: [TCD01]
 *     Thuyết minh      Mã … Nội dung           sections: {TX01: …}
 *     Thông tin chung  Mã … Nội dung           #revision, #document.number, #attachment, as in CSV
 *     Nhiệm vụ         Số … Tình trạng …       tasks: [{no, status, percent, note}]
 *     Mô hình          … Tên mô hình …         models: [{name, field, stage, summary}]
 *
 * A code in brackets, (TL01), is computed and only shown. Cells under headings that are not named
 * here are labels. Anything that stands elsewhere is refused, so that nothing that somebody wrote
 * is silently left out.
 */
#include "proto/form/reader.h"
#include "proto/form/decimal.h"
#include "proto/form/xlsx_layout.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 5
#define LABELS_MAX  16 /* columns of a table, read or not */
#define CELL_SIZE   96

struct table {
    struct th_form_tree *tree;
    const struct th_form_sheet *sheet;
    const char *const *headings; /* the first one tells the row of headings */
    size_t headings_count;
    uint32_t columns[COLUMNS_MAX]; /* of the headings */
    uint32_t labels[LABELS_MAX];   /* every column that has a heading */
    size_t labels_count;
};

struct row {
    uint32_t number;
    const struct th_form_cell *cells[COLUMNS_MAX]; /* NULL: empty */
};

/* "Số liệu!E17" in the arena, for what is said or added next. */
static void stand_at(const struct table *table, uint32_t row, uint32_t column)
{
    char letters[8], text[CELL_SIZE];
    size_t at = sizeof letters - 1;
    letters[at] = 0;
    for (; column > 0; column = (column - 1) / 26)
        letters[--at] = (char)('A' + (column - 1) % 26);
    char name[TH_TEXT_EXCERPT_SIZE];
    int size = snprintf(text, sizeof text, "%s!%s%u",
                        th_text_excerpt(table->sheet->name, strlen(table->sheet->name), name),
                        letters + at, (unsigned)row);
    table->tree->cell = th_arena_copy_text(table->tree->arena, text,
                                           size < 0                     ? 0
                                           : (size_t)size < sizeof text ? (size_t)size
                                                                        : sizeof text - 1);
    if (table->tree->cell == NULL)
        th_form_tree_fail(table->tree, TH_E_NO_MEMORY);
}

static void stand_in(const struct table *table, const struct row *row, size_t which)
{
    stand_at(table, row->number, table->columns[which]);
}

/* ---- cells ---- */

/* Something is in the cell, and it was refused. */
static void add_doubt(struct table *table, struct th_form_node *parent, const char *key)
{
    struct th_form_node *node = th_form_tree_add(table->tree, parent, TH_FORM_NULL, key, 0, 0);
    if (node != NULL)
        node->is_doubtful = true;
}

static void add_number(struct table *table, struct th_form_node *parent, const char *key,
                       const struct th_form_cell *cell)
{
    char plain[TH_FORM_DECIMAL_SIZE], text[TH_TEXT_EXCERPT_SIZE];
    int status = th_form_decimal(cell->text.bytes, cell->text.size, plain);
    struct th_form_node *node;
    if (status == TH_E_RANGE)
        th_form_tree_refuse_cell(table->tree,
                                 "gõ lại số; ô là công thức thì làm tròn bằng hàm ROUND; ô là ngày "
                                 "kèm giờ thì chỉ gõ ngày",
                                 "số %s có hơn 15 chữ số có nghĩa, bảng tính không giữ đúng được",
                                 th_text_excerpt(cell->text.bytes, cell->text.size, text));
    else if (status < 0)
        th_form_tree_refuse_cell(table->tree, "xóa ô rồi gõ lại số", "\"%s\" không phải là số",
                                 th_text_excerpt(cell->text.bytes, cell->text.size, text));
    else if ((node = th_form_tree_add_text(table->tree, parent, key, plain, strlen(plain), 0, 0)) !=
             NULL)
        node->written = TH_FORM_WRITTEN_NUMBER;
    if (status < 0)
        add_doubt(table, parent, key);
}

/* 2025-05-09T00:00:00 is the day. */
static size_t day_size(struct th_text text)
{
    const char *time = memchr(text.bytes, 'T', text.size);
    size_t day = time == NULL ? text.size : (size_t)(time - text.bytes);
    return strspn(text.bytes + day, "T0:.Z") == text.size - day ? day : text.size;
}

/* A scalar for a cell of a row, NULL for an empty one, where the tree says. */
static void add_cell(struct table *table, struct th_form_node *parent, const char *key,
                     const struct th_form_cell *cell)
{
    struct th_form_tree *tree = table->tree;
    struct th_form_node *node;
    char text[TH_TEXT_EXCERPT_SIZE];
    if (cell == NULL) {
        (void)th_form_tree_add(tree, parent, TH_FORM_NULL, key, 0, 0);
        return;
    }
    switch (cell->kind) {
    case TH_FORM_CELL_NUMBER:
        add_number(table, parent, key, cell);
        break;
    case TH_FORM_CELL_TRUTH:
        node = th_form_tree_add_text(tree, parent, key, cell->text.bytes, cell->text.size, 0, 0);
        if (node != NULL)
            node->written = TH_FORM_WRITTEN_TRUTH;
        break;
    case TH_FORM_CELL_TEXT:
        (void)th_form_tree_add_text(tree, parent, key, cell->text.bytes, cell->text.size, 0, 0);
        break;
    case TH_FORM_CELL_DAY:
        (void)th_form_tree_add_text(tree, parent, key, cell->text.bytes, day_size(cell->text), 0,
                                    0);
        break;
    case TH_FORM_CELL_ERROR:
        th_form_tree_refuse_cell(tree, "sửa công thức, hoặc xóa ô rồi gõ số",
                                 "ô đang báo lỗi %s của bảng tính",
                                 th_text_excerpt(cell->text.bytes, cell->text.size, text));
        add_doubt(table, parent, key);
        break;
    case TH_FORM_CELL_LACKING:
        th_form_tree_refuse_cell(tree,
                                 "mở bằng Excel hoặc LibreOffice, chờ tính xong rồi lưu lại; hoặc "
                                 "gõ thẳng số",
                                 "ô có công thức nhưng chưa có kết quả");
        add_doubt(table, parent, key);
        break;
    }
}

static bool is_blank(const struct th_form_cell *cell)
{
    return cell == NULL || (cell->kind == TH_FORM_CELL_TEXT &&
                            strspn(cell->text.bytes, " \t\r\n") == cell->text.size);
}

/* The text of a code's cell; false, with a problem, when it is not a short text. */
static bool get_code(struct table *table, const struct row *row, char code[CELL_SIZE])
{
    const struct th_form_cell *cell = row->cells[0];
    const char *end = cell->text.bytes + cell->text.size, *start = cell->text.bytes;
    while (start < end && *start == ' ')
        start++;
    while (end > start && end[-1] == ' ')
        end--;
    if (cell->kind == TH_FORM_CELL_TEXT && (size_t)(end - start) < CELL_SIZE) {
        memcpy(code, start, (size_t)(end - start));
        code[end - start] = 0;
        return true;
    }
    stand_in(table, row, 0);
    th_form_tree_refuse_cell(table->tree, "chép lại mã từ biểu mẫu", "ô này không phải là mã");
    return false;
}

/* ---- tables ---- */

static bool find_headings(struct table *table, size_t at, size_t end)
{
    size_t found = 0;
    for (size_t i = 0; i < table->headings_count; i++)
        table->columns[i] = 0;
    table->labels_count = 0;
    for (; at < end; at++) {
        const struct th_form_cell *cell = &table->sheet->cells[at];
        if (table->labels_count < LABELS_MAX)
            table->labels[table->labels_count++] = cell->column;
        for (size_t i = 0; i < table->headings_count; i++)
            if (table->columns[i] == 0 && cell->kind == TH_FORM_CELL_TEXT &&
                th_form_same_word(cell->text.bytes, cell->text.size, table->headings[i])) {
                table->columns[i] = cell->column;
                found++;
                break;
            }
    }
    return found == table->headings_count;
}

static bool has_label(const struct table *table, uint32_t column)
{
    for (size_t i = 0; i < table->labels_count; i++)
        if (table->labels[i] == column)
            return true;
    return false;
}

static struct row take_row(struct table *table, size_t at, size_t end)
{
    struct row row = {.number = table->sheet->cells[at].row};
    for (; at < end; at++) {
        const struct th_form_cell *cell = &table->sheet->cells[at];
        if (is_blank(cell))
            continue;
        for (size_t i = 0; i < table->headings_count; i++)
            if (table->columns[i] == cell->column)
                row.cells[i] = cell;
        if (!has_label(table, cell->column)) {
            stand_at(table, cell->row, cell->column);
            th_form_tree_refuse_cell(table->tree, "xóa ô này, hoặc chuyển vào đúng cột",
                                     "ô nằm ngoài các cột của biểu");
        }
    }
    return row;
}

typedef void take_row_fn(struct table *table, const struct row *row);

/* Calls `take` with each row below the headings. */
static void read_table(struct table *table, take_row_fn *take)
{
    const struct th_form_sheet *sheet = table->sheet;
    bool is_below = false;
    for (size_t at = 0, end; at < sheet->cells_count; at = end) {
        for (end = at; end < sheet->cells_count && sheet->cells[end].row == sheet->cells[at].row;)
            end++;
        if (!is_below) {
            is_below = find_headings(table, at, end);
            continue;
        }
        struct row row = take_row(table, at, end);
        take(table, &row);
    }
    if (is_below)
        return;
    table->tree->cell = sheet->name;
    th_form_tree_refuse_cell(table->tree, "lập lại biểu bằng lệnh template rồi chép số sang",
                             "không thấy dòng tiêu đề có các cột \"%s\" và \"%s\"",
                             table->headings[0], table->headings[1]);
}

/* ---- what the sheets say ---- */

static struct th_form_node *collection(struct table *table, enum th_form_node_kind kind,
                                       const char *key)
{
    struct th_form_node *root = table->tree->root;
    struct th_form_node *found = th_form_node_get(root, key);
    return found != NULL ? found : th_form_tree_add(table->tree, root, kind, key, 0, 0);
}

static void put_once(struct table *table, const struct row *row, struct th_form_node *map,
                     const char *key, const char *code)
{
    struct th_form_node *before = th_form_node_get(map, key);
    stand_in(table, row, before == NULL ? 1 : 0);
    if (before != NULL) {
        th_form_tree_refuse_cell(table->tree, "giữ một dòng, xóa dòng kia",
                                 "mã \"%s\" lặp lại, đã có ở ô %s", code,
                                 before->cell == NULL ? "khác" : before->cell);
        before->is_doubtful = true;
    } else if (map != NULL) {
        add_cell(table, map, key, row->cells[1]);
    }
}

/* False when the row has nothing to read; a value without a code is refused. */
static bool begin_row(struct table *table, const struct row *row, char code[CELL_SIZE])
{
    if (row->cells[0] != NULL)
        return get_code(table, row, code) && code[0] != '(';
    for (size_t i = 1; i < table->headings_count; i++) {
        if (row->cells[i] == NULL)
            continue;
        stand_in(table, row, i);
        th_form_tree_refuse_cell(table->tree, "ghi mã vào cột đầu của dòng, hoặc xóa ô này",
                                 "dòng có nội dung nhưng không có mã");
    }
    return false;
}

static void take_figure(struct table *table, const struct row *row)
{
    char code[CELL_SIZE];
    if (!begin_row(table, row, code))
        return;
    put_once(table, row, collection(table, TH_FORM_MAP, "values"), code, code);
    if (table->headings_count < 3 || row->cells[2] == NULL)
        return;
    const struct th_form_cell *mark = row->cells[2];
    stand_in(table, row, 2);
    if (mark->kind != TH_FORM_CELL_TEXT || mark->text.size != 1 ||
        strchr("xX", mark->text.bytes[0]) == NULL) {
        th_form_tree_refuse_cell(table->tree, "chọn x khi là số ước, để trống khi là số thật",
                                 "ô số ước của %s không phải là x", code);
        return;
    }
    struct th_form_node *list = collection(table, TH_FORM_LIST, "estimated");
    if (list != NULL)
        (void)th_form_tree_add_text(table->tree, list, "", code, strlen(code), 0, 0);
}

static void take_section(struct table *table, const struct row *row)
{
    char code[CELL_SIZE];
    if (begin_row(table, row, code))
        put_once(table, row, collection(table, TH_FORM_MAP, "sections"), code, code);
}

static void take_general(struct table *table, const struct row *row)
{
    static const char document[] = "#document.";
    char code[CELL_SIZE];
    if (!begin_row(table, row, code))
        return;
    stand_in(table, row, 1);
    if (strncmp(code, document, sizeof document - 1) == 0) {
        put_once(table, row, collection(table, TH_FORM_MAP, "document"), code + sizeof document - 1,
                 code);
    } else if (strcmp(code, "#attachment") == 0) {
        struct th_form_node *list = collection(table, TH_FORM_LIST, "attachments");
        if (list != NULL && row->cells[1] != NULL)
            add_cell(table, list, "", row->cells[1]);
    } else if (strcmp(code, "#revision") == 0 || strcmp(code, "#number") == 0 ||
               strcmp(code, "#estimated_to") == 0) {
        put_once(table, row, table->tree->root, code + 1, code);
    } else {
        stand_in(table, row, 0);
        th_form_tree_refuse_cell(table->tree, "chép lại mã từ biểu mẫu, hoặc xóa dòng này",
                                 "không hiểu mã \"%s\"", code);
    }
}

/* A row that is one item of a list, its fields in the order of the headings. */
static void take_item(struct table *table, const struct row *row, const char *list_key,
                      const char *const keys[])
{
    bool is_empty = true;
    for (size_t i = 0; i < table->headings_count; i++)
        is_empty = is_empty && row->cells[i] == NULL;
    if (is_empty)
        return;
    struct th_form_node *list = collection(table, TH_FORM_LIST, list_key);
    stand_in(table, row, 0);
    struct th_form_node *item =
        list == NULL ? NULL : th_form_tree_add(table->tree, list, TH_FORM_MAP, "", 0, 0);
    for (size_t i = 0; item != NULL && i < table->headings_count; i++) {
        stand_in(table, row, i);
        add_cell(table, item, keys[i], row->cells[i]);
    }
}

static void take_task(struct table *table, const struct row *row)
{
    static const char *const keys[] = {"no", "status", "percent", "note"};
    take_item(table, row, "tasks", keys);
}

static void take_model(struct table *table, const struct row *row)
{
    static const char *const keys[] = {"name", "field", "stage", "summary"};
    take_item(table, row, "models", keys);
}

/* ---- the book ---- */

static const struct th_form_sheet *find_sheet(const struct th_form_workbook *book, const char *name)
{
    for (size_t i = 0; i < book->sheets_count; i++)
        if (th_form_same_word(book->sheets[i].name, strlen(book->sheets[i].name), name))
            return &book->sheets[i];
    return NULL;
}

/* Keys in the first column, values in the second one. False when it is no form of this program. */
static bool read_identity(struct th_form_tree *tree, const struct th_form_sheet *sheet)
{
    static const char *const keys[] = {"report", "format", "plan", "obligation", "unit", "stamp"};
    bool is_report = false;
    struct table table = {.tree = tree, .sheet = sheet};
    for (size_t i = 0; sheet != NULL && i + 1 < sheet->cells_count; i++) {
        const struct th_form_cell *key = &sheet->cells[i], *value = key + 1;
        if (key->column != 1 || value->column != 2 || key->row != value->row ||
            key->kind != TH_FORM_CELL_TEXT)
            continue;
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            if (strcmp(keys[k], key->text.bytes) != 0 ||
                th_form_node_get(tree->root, keys[k]) != NULL)
                continue;
            stand_at(&table, value->row, value->column);
            if (strcmp(keys[k], "stamp") == 0)
                tree->stamp = value->text;
            else
                (void)th_form_tree_add_text(tree, tree->root, keys[k], value->text.bytes,
                                            value->text.size, 0, 0);
            is_report = is_report || strcmp(keys[k], "report") == 0;
        }
    }
    tree->cell = NULL;
    if (!is_report)
        th_form_tree_refuse_cell(tree, "lập biểu bằng lệnh template rồi chép số sang",
                                 "tệp Excel này không phải là biểu của chương trình: thiếu trang "
                                 "ẩn \"%s\"",
                                 TH_XLSX_IDENTITY);
    return is_report;
}

static const char *const figure_headings[] = {TH_XLSX_CODE, TH_XLSX_VALUE, TH_XLSX_ESTIMATED};
static const char *const text_headings[] = {TH_XLSX_CODE, TH_XLSX_TEXT};
static const char *const task_headings[] = {TH_XLSX_NUMBER, TH_XLSX_STATUS, TH_XLSX_PERCENT,
                                            TH_XLSX_NOTE};
static const char *const model_headings[] = {TH_XLSX_NAME, TH_XLSX_FIELD, TH_XLSX_STAGE,
                                             TH_XLSX_SUMMARY};

static const struct part {
    const char *name;
    const char *const *headings; /* NULL: not read */
    size_t headings_count;
    take_row_fn *take;
    bool is_always_there;
} parts[] = {
    {TH_XLSX_GENERAL, text_headings, 2, take_general, true},
    {TH_XLSX_FIGURES, figure_headings, 3, take_figure, true},
    {TH_XLSX_TEXTS, text_headings, 2, take_section, false},
    {TH_XLSX_TASKS, task_headings, 4, take_task, false},
    {TH_XLSX_MODELS, model_headings, 4, take_model, true},
    {TH_XLSX_RULES, NULL, 0, NULL, false},
    {TH_XLSX_GUIDE, NULL, 0, NULL, false},
    {TH_XLSX_IDENTITY, NULL, 0, NULL, true},
};
#define PARTS_COUNT (sizeof parts / sizeof *parts)

static void refuse_other_sheets(struct th_form_tree *tree, const struct th_form_workbook *book)
{
    for (size_t i = 0; i < book->sheets_count; i++) {
        const struct th_form_sheet *sheet = &book->sheets[i];
        bool is_ours = false;
        for (size_t p = 0; p < PARTS_COUNT; p++)
            is_ours = is_ours || find_sheet(book, parts[p].name) == sheet;
        if (is_ours || sheet->cells_count == 0)
            continue;
        tree->cell = sheet->name;
        th_form_tree_refuse_cell(tree, "xóa trang này, hoặc để bảng tính riêng ở tệp khác",
                                 "trang này không thuộc biểu; nội dung ở đây sẽ không được nộp");
    }
}

void th_form_tree_read_xlsx(struct th_form_tree *tree, const char *bytes, size_t size)
{
    struct th_form_workbook book;
    int status = th_form_workbook_read(tree->file, bytes, size, tree->arena, tree->problems, &book);
    if (status < 0) {
        th_form_tree_fail(tree, status);
        return;
    }
    tree->is_1904 = book.is_1904;
    if (th_form_tree_add(tree, NULL, TH_FORM_MAP, "", 0, 0) == NULL)
        return;
    if (!read_identity(tree, find_sheet(&book, TH_XLSX_IDENTITY))) {
        tree->root = NULL; /* the rest means nothing */
        return;
    }
    for (size_t i = 0; i < PARTS_COUNT; i++) {
        const struct th_form_sheet *sheet = find_sheet(&book, parts[i].name);
        struct table table = {.tree = tree,
                              .sheet = sheet,
                              .headings = parts[i].headings,
                              .headings_count = parts[i].headings_count};
        if (sheet == NULL && parts[i].is_always_there) {
            tree->cell = parts[i].name;
            th_form_tree_refuse_cell(tree,
                                     "trang đã bị đổi tên thì đổi lại đúng tên này; đã bị xóa thì "
                                     "lập lại biểu bằng lệnh template rồi chép số sang",
                                     "biểu thiếu trang này");
        }
        if (sheet != NULL && parts[i].take != NULL)
            read_table(&table, parts[i].take);
    }
    refuse_other_sheets(tree, &book);
    tree->cell = NULL;
}
