/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/contacts/contacts.h"

#include "base/errno_text.h"
#include "base/file.h"
#include "base/text.h"
#include "proto/model/unit.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES  ((size_t)64 * 1024)
#define BUDGET_BYTES ((size_t)64 * 1024 * 1024)
#define HEAD_HINT    "dòng đầu: unit,name,phone,email,note"

enum column { UNIT, NAME, PHONE, EMAIL, NOTE, COLUMNS };

static const char *const column_names[COLUMNS][2] = {[UNIT] = {"unit", "mã"},
                                                     [NAME] = {"name", "họ tên"},
                                                     [PHONE] = {"phone", "điện thoại"},
                                                     [EMAIL] = {"email", "thư điện tử"},
                                                     [NOTE] = {"note", "ghi chú"}};

struct field {
    const char *text;
    size_t size;
    size_t offset; /* of its first byte in the file */
};

struct reader {
    const char *name;
    const char *bytes;
    struct th_problems *problems;
    struct th_arena *arena;
    struct th_contact *items;
    uint32_t count;
    size_t capacity;
    enum column header[COLUMNS]; /* what the n-th field of a line is */
    size_t header_count;
    struct field fields[COLUMNS]; /* of the line that is read */
    size_t fields_count;
    size_t at;    /* the byte that is read */
    size_t begin; /* of the field that is read */
    uint32_t line;
    bool has_header, has_failed, is_out_of_memory;
};

#define COMPLAIN(reader, offset, hint, ...)                                                        \
    (th_problems_add((reader)->problems,                                                           \
                     th_place_of_offset((reader)->name, (reader)->bytes, offset), hint,            \
                     __VA_ARGS__),                                                                 \
     (void)((reader)->has_failed = true))

/* ---- fields ---- */

static void take_field(void *bytes, size_t size, void *context)
{
    struct reader *reader = context;
    char *text = NULL;
    size_t text_size = 0, begin = reader->begin;
    reader->begin = reader->at + 1;
    while (begin < reader->at && (reader->bytes[begin] == '\n' || reader->bytes[begin] == '\r'))
        begin++; /* what is left of the line before */
    if (reader->fields_count == COLUMNS) {
        COMPLAIN(reader, begin, "bỏ bớt cột, hoặc đặt trong dấu \" ô có dấu phẩy", "thừa cột");
        return;
    }
    int status = th_text_to_nfc(size == 0 ? "" : bytes, size, &text, &text_size);
    const char *copy = status == 0 ? th_arena_copy_text(reader->arena, text, text_size) : "";
    free(text);
    if (status == TH_E_NO_MEMORY || copy == NULL) {
        reader->is_out_of_memory = true;
        return;
    }
    if (text_size > TH_CONTACTS_FIELD_MAX)
        COMPLAIN(reader, begin, "viết ngắn lại", "ô dài quá %d byte", TH_CONTACTS_FIELD_MAX);
    else if (status < 0 || th_text_check(copy, text_size, TH_TEXT_ONE_LINE) == TH_E_TEXT)
        COMPLAIN(reader, begin, "viết trên một dòng, bỏ ký tự điều khiển", "ô có ký tự cấm");
    reader->fields[reader->fields_count++] = (struct field){copy, text_size, begin};
}

static int find_column(const char *text)
{
    for (int column = 0; column < COLUMNS; column++)
        if (strcmp(text, column_names[column][0]) == 0 ||
            strcmp(text, column_names[column][1]) == 0)
            return column;
    return COLUMNS;
}

static void read_header(struct reader *reader)
{
    bool seen[COLUMNS] = {false};
    for (size_t i = 0; i < reader->fields_count; i++) {
        int column = find_column(reader->fields[i].text);
        if (column == COLUMNS || seen[column]) {
            COMPLAIN(reader, reader->fields[i].offset, HEAD_HINT, "cột “%s” lạ hoặc lặp lại",
                     reader->fields[i].text);
            return;
        }
        seen[column] = true;
        reader->header[i] = (enum column)column;
    }
    if (!seen[UNIT])
        COMPLAIN(reader, 0, HEAD_HINT, "thiếu cột “unit”");
    else
        reader->header_count = reader->fields_count;
}

/* ---- one person ---- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The first number: its digits, and the + before them. */
static const char *dial_of(struct reader *reader, const struct field *phone)
{
    char *dial = th_arena_alloc(reader->arena, phone->size + 1);
    size_t size = 0;
    if (dial == NULL) {
        reader->is_out_of_memory = true;
        return "";
    }
    for (const char *at = phone->text; *at != '\0' && strchr("/,;", *at) == NULL; at++)
        if (is_digit(*at) || (*at == '+' && size == 0))
            dial[size++] = *at;
    return dial;
}

static void check_phone(struct reader *reader, const struct field *phone)
{
    size_t digits = 0;
    for (const char *at = phone->text; *at != '\0'; at++) {
        digits += is_digit(*at);
        if (!is_digit(*at) && strchr(" .-()+/,;", *at) == NULL) {
            COMPLAIN(reader, phone->offset,
                     "chữ số, dấu cách, . - ( ) +; nhiều số thì cách nhau bằng /",
                     "số điện thoại “%s” có ký tự lạ", phone->text);
            return;
        }
    }
    if (phone->size > 0 && digits < 3)
        COMPLAIN(reader, phone->offset, "ghi đủ số, hoặc để trống",
                 "số điện thoại “%s” không đủ chữ số", phone->text);
}

static void check_email(struct reader *reader, const struct field *email)
{
    const char *at = strchr(email->text, '@');
    bool is_good = at != NULL && at > email->text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
                   strpbrk(email->text, " ,;<>\"") == NULL;
    if (email->size > 0 && !is_good)
        COMPLAIN(reader, email->offset, "một địa chỉ như ten@tinh.gov.vn, hoặc để trống",
                 "địa chỉ thư “%s” không đúng", email->text);
}

static void read_contact(struct reader *reader)
{
    struct field field[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        field[i] = (struct field){"", 0, reader->fields[0].offset};
    if (reader->fields_count != reader->header_count) {
        COMPLAIN(reader, reader->fields[0].offset, "mỗi dòng có đủ số cột như dòng đầu",
                 "dòng có %zu cột, cần %zu", reader->fields_count, reader->header_count);
        return;
    }
    for (size_t i = 0; i < reader->fields_count; i++)
        field[reader->header[i]] = reader->fields[i];
    if (!th_unit_code_check(field[UNIT].text, field[UNIT].size))
        COMPLAIN(reader, field[UNIT].offset, "chữ cái, chữ số và dấu gạch nối, không quá 24 ký tự",
                 "mã đơn vị “%s” không hợp lệ", field[UNIT].text);
    check_phone(reader, &field[PHONE]);
    check_email(reader, &field[EMAIL]);
    if (reader->count == TH_CONTACTS_COUNT_MAX) {
        COMPLAIN(reader, field[UNIT].offset, "bỏ bớt dòng", "quá %d dòng", TH_CONTACTS_COUNT_MAX);
        return;
    }
    struct th_contact *items = th_arena_grow(reader->arena, reader->items, reader->count,
                                             &reader->capacity, 256, sizeof *items);
    if (items == NULL) {
        reader->is_out_of_memory = true;
        return;
    }
    reader->items = items;
    reader->items[reader->count++] = (struct th_contact){.unit = field[UNIT].text,
                                                         .name = field[NAME].text,
                                                         .phone = field[PHONE].text,
                                                         .dial = dial_of(reader, &field[PHONE]),
                                                         .email = field[EMAIL].text,
                                                         .note = field[NOTE].text,
                                                         .line = reader->line};
}

/* ---- lines ---- */

static bool is_empty(const struct reader *reader)
{
    for (size_t i = 0; i < reader->fields_count; i++)
        if (reader->fields[i].size > 0)
            return false;
    return true;
}

static void end_line(int end, void *context)
{
    struct reader *reader = context;
    (void)end;
    if (!is_empty(reader) && !reader->is_out_of_memory) {
        if (!reader->has_header)
            read_header(reader);
        else if (reader->header_count > 0)
            read_contact(reader);
        reader->has_header = true;
    }
    reader->fields_count = 0;
    reader->begin = reader->at + 1;
}

/* Byte by byte, so that each field knows where it began. */
static int parse(struct reader *reader, size_t size)
{
    struct csv_parser parser;
    size_t head_size = 0;
    bool has_semicolons = true;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return TH_E_NO_MEMORY;
    for (; head_size < size && reader->bytes[head_size] != '\n'; head_size++)
        has_semicolons = has_semicolons && reader->bytes[head_size] != ',';
    if (has_semicolons && memchr(reader->bytes, ';', head_size) != NULL)
        csv_set_delim(&parser, ';');
    bool is_right = true;
    for (reader->line = 1; reader->at < size && is_right; reader->at++) {
        const char *byte = &reader->bytes[reader->at];
        is_right = csv_parse(&parser, byte, 1, take_field, end_line, reader) == 1;
        reader->line += *byte == '\n';
    }
    if (is_right)
        is_right = csv_fini(&parser, take_field, end_line, reader) == 0;
    csv_free(&parser);
    if (!is_right)
        COMPLAIN(reader, reader->begin < size ? reader->begin : size,
                 "một ô có dấu \" phải bắt đầu và kết thúc bằng \", dấu \" bên trong viết đôi",
                 "sai cú pháp CSV");
    return reader->is_out_of_memory ? TH_E_NO_MEMORY : TH_OK;
}

static int compare(const void *a, const void *b)
{
    const struct th_contact *x = a, *y = b;
    int order = strcmp(x->unit, y->unit);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

int th_contacts_parse(const char *name, const char *bytes, size_t size,
                      struct th_problems *problems, struct th_contacts *ret_contacts)
{
    struct th_contacts contacts = {.count = 0};
    size_t skip = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, wrong = 0;
    th_arena_init(&contacts.arena, BLOCK_BYTES, BUDGET_BYTES);
    struct reader reader = {
        .name = name, .bytes = bytes + skip, .problems = problems, .arena = &contacts.arena};
    int status = TH_OK;
    if (th_text_find_forbidden(bytes + skip, size - skip, TH_TEXT_LINES | TH_TEXT_CRLF, &wrong))
        COMPLAIN(&reader, wrong, "lưu tệp dạng UTF-8, bỏ ký tự điều khiển",
                 "không phải UTF-8 hoặc có ký tự cấm");
    else
        status = parse(&reader, size - skip);
    if (status == TH_OK && !reader.has_failed && !reader.has_header)
        COMPLAIN(&reader, 0, HEAD_HINT, "tệp trống");
    if (status == TH_OK && reader.has_failed)
        status = TH_E_INVALID;
    if (status != TH_OK) {
        th_arena_deinit(&contacts.arena);
        return status;
    }
    if (reader.count > 0)
        qsort(reader.items, reader.count, sizeof *reader.items, compare);
    contacts.items = reader.items;
    contacts.count = reader.count;
    *ret_contacts = contacts;
    return TH_OK;
}

int th_contacts_unread(const char *path, int status, struct th_problems *problems)
{
    char text[TH_ERRNO_TEXT_SIZE];
    const int cause = errno;
    const bool is_system = status == TH_E_IO && cause != 0;
    const char *hint =
        status == TH_E_LIMIT ? "tệp không quá 8 MiB" : "kiểm tra đường dẫn và quyền đọc";
    if (is_system)
        status = th_errno_status(cause);
    if (status == TH_E_NO_MEMORY)
        return status;
    th_problems_add(problems, (struct th_place){path, 0, 0}, hint, "không đọc được tệp: %s",
                    is_system           ? th_errno_text(cause, text)
                    : status == TH_E_IO ? "không phải tệp thường"
                                        : th_status_text(status));
    return status;
}

int th_contacts_read(const char *path, struct th_problems *problems,
                     struct th_contacts *ret_contacts)
{
    char *bytes = NULL;
    size_t size = 0;
    int status = th_file_read(path, TH_CONTACTS_SIZE_MAX, &bytes, &size);
    if (status == TH_E_NOT_FOUND) {
        *ret_contacts = (struct th_contacts){.count = 0};
        th_arena_init(&ret_contacts->arena, BLOCK_BYTES, BUDGET_BYTES);
        return TH_OK;
    }
    if (status != TH_OK)
        return th_contacts_unread(path, status, problems);
    status = th_contacts_parse(path, bytes, size, problems, ret_contacts);
    free(bytes);
    return status;
}

void th_contacts_deinit(struct th_contacts *contacts)
{
    th_arena_deinit(&contacts->arena);
    contacts->items = NULL;
    contacts->count = 0;
}

const struct th_contact *th_contacts_find(const struct th_contacts *contacts, const char *unit,
                                          uint32_t *ret_count)
{
    uint32_t low = 0, high = contacts->count, count = 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(contacts->items[middle].unit, unit) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < contacts->count && strcmp(contacts->items[low + count].unit, unit) == 0)
        count++;
    if (ret_count != NULL)
        *ret_count = count;
    return count == 0 ? NULL : &contacts->items[low];
}

/* ---- a file that may change ---- */

void th_contacts_file_init(const char *path, struct th_contacts_file *ret_file)
{
    *ret_file = (struct th_contacts_file){.path = path};
    th_arena_init(&ret_file->contacts.arena, BLOCK_BYTES, BUDGET_BYTES);
}

void th_contacts_file_deinit(struct th_contacts_file *file)
{
    th_contacts_deinit(&file->contacts);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int th_contacts_file_refresh(struct th_contacts_file *file, struct th_problems *problems,
                             const struct th_contacts **ret_contacts)
{
    struct stat now = {0};
    struct th_contacts contacts;
    bool is_there = stat(file->path, &now) == 0;
    if (file->is_read && is_there == file->is_there && (!is_there || is_same(&now, &file->seen))) {
        *ret_contacts = &file->contacts;
        return TH_OK;
    }
    int status = th_contacts_read(file->path, problems, &contacts);
    if (status == TH_E_NO_MEMORY)
        return status; /* to be tried again */
    file->is_read = true;
    file->is_there = is_there;
    file->seen = now;
    if (status == TH_OK) {
        th_contacts_deinit(&file->contacts);
        file->contacts = contacts;
    }
    *ret_contacts = &file->contacts;
    return status;
}
