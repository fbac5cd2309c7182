/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/plan/units_csv.h"

#include "base/errno_text.h"
#include "base/text.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column { CODE, NAME, KIND, PARENT, VALID_FROM, VALID_TO, EXTERNAL_ID, COLUMNS };

static const char *const column_names[COLUMNS][2] = {
    [CODE] = {"code", "code"},
    [NAME] = {"name", "name_vi"},
    [KIND] = {"kind", "kind"},
    [PARENT] = {"parent", "parent_code"},
    [VALID_FROM] = {"valid_from", "valid_from"},
    [VALID_TO] = {"valid_to", "valid_to"},
    [EXTERNAL_ID] = {"external_id", "external_id"},
};

struct reader {
    const char *path;
    struct th_arena *arena;
    struct th_problems *problems;
    struct th_unit_row *rows;
    uint32_t rows_count;
    uint32_t line;
    enum column header[COLUMNS]; /* what the n-th field of a line is */
    size_t header_count;
    struct th_text fields[COLUMNS]; /* of the line being read */
    size_t fields_count;
    bool header_read;
    bool failed;
    bool out_of_memory;
};

#define COMPLAIN(reader, hint, ...)                                                                \
    (th_problems_add((reader)->problems, (struct th_place){(reader)->path, (reader)->line, 1},     \
                     hint, __VA_ARGS__),                                                           \
     (void)((reader)->failed = true))

static void take_field(void *bytes, size_t size, void *context)
{
    struct reader *reader = context;
    if (reader->fields_count == COLUMNS) {
        COMPLAIN(reader, "bỏ bớt cột, hoặc đặt trong dấu \" ô có dấu phẩy", "thừa cột");
        return;
    }
    char *copy = th_arena_copy_text(reader->arena, size == 0 ? "" : bytes, size);
    if (copy == NULL)
        reader->out_of_memory = true;
    else
        reader->fields[reader->fields_count++] = (struct th_text){copy, size};
}

static void read_header(struct reader *reader)
{
    bool seen[COLUMNS] = {false};
    for (size_t i = 0; i < reader->fields_count; i++) {
        size_t column = 0;
        while (column < COLUMNS && strcmp(reader->fields[i].bytes, column_names[column][0]) != 0 &&
               strcmp(reader->fields[i].bytes, column_names[column][1]) != 0)
            column++;
        if (column == COLUMNS || seen[column]) {
            COMPLAIN(reader, "dòng đầu: code,name,kind,parent,valid_from,valid_to,external_id",
                     "cột “%s” lạ hoặc lặp lại", reader->fields[i].bytes);
            return;
        }
        seen[column] = true;
        reader->header[i] = (enum column)column;
    }
    for (size_t column = CODE; column <= PARENT; column++)
        if (!seen[column])
            COMPLAIN(reader, "dòng đầu: code,name,kind,parent,valid_from,valid_to,external_id",
                     "thiếu cột “%s”", column_names[column][0]);
    reader->header_count = reader->fields_count;
}

static th_day read_day(struct reader *reader, struct th_text text, th_day when_empty)
{
    th_day day = when_empty;
    if (text.size > 0 && th_day_parse(text.bytes, text.size, &day) < 0)
        COMPLAIN(reader, "viết năm-tháng-ngày, như 2025-07-01, hoặc để trống",
                 "“%s” không phải là ngày", text.bytes);
    return day;
}

static enum th_unit_kind read_kind(struct reader *reader, struct th_text text, bool has_parent)
{
    enum th_unit_kind kind = TH_UNIT_KIND_COMMUNE;
    if (th_unit_kind_parse(text.bytes, text.size, &kind) < 0)
        COMPLAIN(reader,
                 "dùng một trong: tinh thanh_pho_tw huyen quan thi_xa thanh_pho xa phuong thi_tran "
                 "dac_khu so co_quan su_nghiep phong dang_doan tu_phap luc_luong",
                 "loại đơn vị “%s” không có", text.bytes);
    return kind == TH_UNIT_KIND_PROVINCIAL_CITY && !has_parent ? TH_UNIT_KIND_CENTRAL_CITY : kind;
}

static void check_texts(struct reader *reader, const struct th_text field[COLUMNS])
{
    if (!th_unit_code_check(field[CODE].bytes, field[CODE].size))
        COMPLAIN(reader, "chữ cái, chữ số và dấu gạch nối, không quá 24 ký tự",
                 "mã đơn vị “%s” không hợp lệ", field[CODE].bytes);
    if (field[PARENT].size > 0 && !th_unit_code_check(field[PARENT].bytes, field[PARENT].size))
        COMPLAIN(reader, "ghi mã của đơn vị cấp trên, hoặc để trống",
                 "mã cấp trên “%s” không hợp lệ", field[PARENT].bytes);
    if (field[NAME].size == 0 || field[NAME].size > TH_UNIT_NAME_MAX ||
        th_text_check(field[NAME].bytes, field[NAME].size, TH_TEXT_ONE_LINE) < 0)
        COMPLAIN(reader, "tên là UTF-8 dựng sẵn (NFC), từ 1 đến 200 byte",
                 "tên đơn vị không hợp lệ");
    if (field[EXTERNAL_ID].size > TH_UNIT_NAME_MAX ||
        th_text_check(field[EXTERNAL_ID].bytes, field[EXTERNAL_ID].size, TH_TEXT_ONE_LINE) < 0)
        COMPLAIN(reader, "tối đa 200 byte UTF-8", "mã định danh ngoài không hợp lệ");
}

static void read_unit(struct reader *reader)
{
    struct th_text field[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        field[i] = (struct th_text){"", 0};
    if (reader->fields_count != reader->header_count) {
        COMPLAIN(reader, "mỗi dòng có đủ số cột như dòng đầu", "dòng có %zu cột, cần %zu",
                 reader->fields_count, reader->header_count);
        return;
    }
    for (size_t i = 0; i < reader->fields_count; i++)
        field[reader->header[i]] = reader->fields[i];
    if (reader->rows_count == TH_UNIT_COUNT_MAX) {
        COMPLAIN(reader, "chia danh sách", "quá %d đơn vị", TH_UNIT_COUNT_MAX);
        return;
    }
    check_texts(reader, field);
    struct th_unit unit = {
        .code = field[CODE].bytes,
        .name = field[NAME].bytes,
        .parent_code = field[PARENT].bytes,
        .external_id = field[EXTERNAL_ID].bytes,
        .kind = read_kind(reader, field[KIND], field[PARENT].size > 0),
        .valid_from = read_day(reader, field[VALID_FROM], TH_UNIT_ALWAYS_FROM),
        .valid_to = read_day(reader, field[VALID_TO], TH_UNIT_ALWAYS_TO),
    };
    if (unit.valid_from.number >= unit.valid_to.number)
        COMPLAIN(reader, "valid_to là ngày đầu tiên không còn hiệu lực, sau valid_from",
                 "hiệu lực của “%s” kết thúc trước khi bắt đầu", unit.code);
    reader->rows[reader->rows_count] =
        (struct th_unit_row){unit, {reader->path, reader->line, 1}, reader->rows_count};
    reader->rows_count++;
}

static void end_line(int end, void *context)
{
    (void)end;
    struct reader *reader = context;
    if (reader->fields_count > 0 && !reader->out_of_memory) {
        if (!reader->header_read)
            read_header(reader);
        else if (reader->header_count > 0)
            read_unit(reader);
        reader->header_read = true;
    }
    reader->fields_count = 0;
    reader->line++;
}

static int read_file(const char *path, struct th_problems *problems, char **ret_bytes,
                     size_t *ret_size)
{
    struct th_place place = {path, 0, 0};
    char cause[TH_ERRNO_TEXT_SIZE];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        th_problems_add(problems, place, "kiểm tra đường dẫn và quyền đọc", "không mở được tệp: %s",
                        th_errno_text(errno, cause));
        return errno == ENOENT ? TH_E_NOT_FOUND : TH_E_IO;
    }
    char *bytes = malloc(TH_UNITS_CSV_SIZE_MAX + 1);
    if (bytes == NULL) {
        (void)fclose(file);
        return TH_E_NO_MEMORY;
    }
    size_t size = fread(bytes, 1, TH_UNITS_CSV_SIZE_MAX + 1, file);
    int status = ferror(file) ? TH_E_IO : size > TH_UNITS_CSV_SIZE_MAX ? TH_E_LIMIT : 0;
    (void)fclose(file);
    if (status < 0) {
        th_problems_add(problems, place, "tệp CSV không quá 8 MiB", "không đọc được tệp: %s",
                        th_status_text(status));
        free(bytes);
        return status;
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return 0;
}

static int parse(struct reader *reader, const char *bytes, size_t size)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return TH_E_NO_MEMORY;
    size_t skip = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    size_t done = csv_parse(&parser, bytes + skip, size - skip, take_field, end_line, reader);
    if (done != size - skip || csv_fini(&parser, take_field, end_line, reader) != 0)
        COMPLAIN(reader,
                 "một ô có dấu \" phải bắt đầu và kết thúc bằng \", dấu \" bên trong viết đôi",
                 "sai cú pháp CSV");
    csv_free(&parser);
    return reader->out_of_memory ? TH_E_NO_MEMORY : 0;
}

/* Adds the units of one file to the rows. */
static int read_one(struct reader *reader, const char *path)
{
    char *bytes = NULL;
    size_t size = 0;
    int status = read_file(path, reader->problems, &bytes, &size);
    if (status < 0)
        return status;
    uint32_t before = reader->rows_count;
    reader->path = path;
    reader->line = 1;
    reader->header_read = false;
    reader->header_count = 0;
    reader->fields_count = 0;
    reader->failed = false;
    status = parse(reader, bytes, size);
    free(bytes);
    if (status == 0 && !reader->failed && reader->rows_count == before)
        COMPLAIN(reader, "thêm dòng đầu và ít nhất một đơn vị", "tệp không có đơn vị nào");
    return status == 0 && reader->failed ? TH_E_INVALID : status;
}

/* ---- the tree of the known units and the new ones ---- */

struct tree {
    const struct th_unit_list *known;
    const struct th_unit_row *rows;
    struct th_problems *problems;
};

static void report_unit(void *context, enum th_unit_problem problem, uint32_t row)
{
    const struct tree *tree = context;
    if (row < tree->known->count) { /* a new unit came between a known one and its parents */
        row = tree->known->count;
        problem = TH_UNIT_PROBLEM_CYCLE;
    }
    const struct th_unit_row *at = &tree->rows[row - tree->known->count];
    const struct th_unit *unit = &at->unit;
    switch (problem) {
    case TH_UNIT_PROBLEM_OVERLAP:
        th_problems_add(tree->problems, at->place,
                        "sửa mã, hoặc ghi valid_from và valid_to không chồng nhau",
                        "mã “%s” đã có đơn vị khác trong cùng thời gian", unit->code);
        break;
    case TH_UNIT_PROBLEM_PARENT:
        th_problems_add(tree->problems, at->place,
                        "thêm đơn vị cấp trên vào danh sách, hoặc sửa mã",
                        "không có đơn vị cấp trên “%s” của “%s”", unit->parent_code, unit->code);
        break;
    case TH_UNIT_PROBLEM_CYCLE:
        th_problems_add(tree->problems, at->place, "sửa cột parent",
                        "cấp trên của “%s” đi thành vòng hoặc quá sâu", unit->code);
        break;
    }
}

static int order_units(const struct th_unit *a, const struct th_unit *b)
{
    int order = strcmp(a->code, b->code);
    return order != 0 ? order
                      : (a->valid_from.number > b->valid_from.number) -
                            (a->valid_from.number < b->valid_from.number);
}

/* A code that comes back may be nearer to a known unit than the parent it has. */
static int check_known(const struct tree *tree, const struct th_unit_list *all)
{
    const struct th_unit_list *known = tree->known;
    for (uint32_t i = 0, place = 0; i < known->count; i++, place++) {
        while (order_units(&all->units[place], &known->units[i]) != 0)
            place++;
        uint32_t before = known->units[i].parent, after = all->units[place].parent;
        if (before == TH_UNIT_NONE || order_units(&known->units[before], &all->units[after]) == 0)
            continue;
        const struct th_unit_row *row = tree->rows;
        while (order_units(&row->unit, &all->units[after]) != 0)
            row++;
        th_problems_add(tree->problems, row->place,
                        "ghi valid_from, valid_to của “%s” đúng thời gian của nó, hoặc bỏ dòng này",
                        "đơn vị “%s” trong kho sẽ chuyển sang dưới “%s” này", known->units[i].code,
                        row->unit.code);
        return TH_E_INVALID;
    }
    return 0;
}

static int build_tree(struct reader *reader, const struct th_unit_list *known,
                      struct th_unit_list *ret_all)
{
    struct tree tree = {known, reader->rows, reader->problems};
    struct th_unit_list all;
    struct th_unit *units = th_arena_alloc_array(
        reader->arena, (size_t)known->count + reader->rows_count, sizeof *units);
    if (units == NULL)
        return TH_E_NO_MEMORY;
    if (known->count > 0)
        memcpy(units, known->units, known->count * sizeof *units);
    for (uint32_t i = 0; i < reader->rows_count; i++)
        units[known->count + i] = reader->rows[i].unit;
    int status = th_unit_list_build(reader->arena, units, known->count + reader->rows_count,
                                    report_unit, &tree, &all);
    if (status == TH_E_LIMIT)
        COMPLAIN(reader, "bỏ bớt đơn vị không dùng", "cùng với kho là quá %d đơn vị",
                 TH_UNIT_COUNT_MAX);
    if (status == 0)
        status = check_known(&tree, &all);
    if (status == 0)
        *ret_all = all;
    return status;
}

static int copy_rows(const struct reader *reader, struct th_units_news *news)
{
    struct th_unit *units = th_arena_alloc_array(reader->arena, reader->rows_count, sizeof *units);
    if (units == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < reader->rows_count; i++)
        units[i] = reader->rows[i].unit;
    news->units = units;
    news->count = reader->rows_count;
    return 0;
}

int th_units_csv_read_news(const char *const paths[], size_t paths_count,
                           const struct th_unit_list *known, struct th_arena *arena,
                           struct th_problems *problems, struct th_units_news *ret_news)
{
    struct reader reader = {.arena = arena, .problems = problems, .line = 1};
    struct th_units_news news = {.units = NULL};
    reader.rows = calloc(TH_UNIT_COUNT_MAX, sizeof *reader.rows);
    int status = reader.rows == NULL ? TH_E_NO_MEMORY : 0;
    for (size_t i = 0; i < paths_count && status != TH_E_NO_MEMORY; i++) {
        int one = read_one(&reader, paths[i]);
        status = status == 0 || one == TH_E_NO_MEMORY ? one : status;
    }
    if (status == 0)
        status = th_units_merge(reader.rows, &reader.rows_count, known, problems, &news.kept);
    if (status == 0)
        status = build_tree(&reader, known, &news.all);
    if (status == 0)
        status = copy_rows(&reader, &news);
    if (status == 0)
        *ret_news = news;
    free(reader.rows);
    return status;
}

int th_units_csv_read_all(const char *const paths[], size_t paths_count, struct th_arena *arena,
                          struct th_problems *problems, struct th_unit_list *ret_list)
{
    const struct th_unit_list none = {NULL, 0};
    struct th_units_news news;
    int status = th_units_csv_read_news(paths, paths_count, &none, arena, problems, &news);
    if (status == 0)
        *ret_list = news.all;
    return status;
}

int th_units_csv_read(const char *path, struct th_arena *arena, struct th_problems *problems,
                      struct th_unit_list *ret_list)
{
    return th_units_csv_read_all(&path, 1, arena, problems, ret_list);
}
