/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a workbook that hold its cells, each walked once as a stream:
 *
 *     _rels/.rels                  which part is the book
 *     xl/workbook.xml              the sheets' names, each with the id of a relation; date1904
 *     xl/_rels/workbook.xml.rels   the part of each relation
 *     xl/sharedStrings.xml         texts that cells name by their number
 *     xl/worksheets/sheetN.xml     <c r="E17" t="s"><f>formula</f><v>value</v></c>
 *
 * Names of elements count without their namespace: Excel has two of them, for the same meaning.
 */
#include "proto/workbook/reader.h"

#include "proto/workbook/package.h"

#include <libxml/xmlreader.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX     32
#define STRINGS_MAX   60000
#define RELATIONS_MAX 64
#define PATH_SIZE     256
#define SHORT_SIZE    16 /* of a cell's reference or type */

struct relation {
    const char *id, *target, *type;
};

struct reading {
    struct th_arena *arena;
    struct th_workbook_package *package;
    struct th_form_workbook *book;
    const char *book_path;
    const char *sheet_ids[TH_FORM_SHEETS_MAX];
    struct relation relations[RELATIONS_MAX];
    size_t relations_count;
    struct th_text *strings;
    size_t strings_count, strings_capacity;
    size_t cells_count;          /* of all sheets */
    struct th_form_sheet *sheet; /* being read */
    struct th_form_cell *cells;  /* of it */
    size_t capacity;
    struct th_form_cell cell; /* being read */
    uint32_t row, column;     /* of the last cell, when the next one does not say */
    char type[SHORT_SIZE];    /* of the cell */
    bool has_formula, has_value;
    bool is_inside, is_in_row; /* the data of a sheet, a row of it */
    bool has_data;             /* so far */
    bool is_collecting, is_phonetic;
    char *text; /* collected; as large as the part, which bounds it */
    size_t text_size;
    enum th_form_flaw flaw; /* the first one */
    int status;             /* TH_E_NO_MEMORY, or 0 */
};

static bool goes_on(const struct reading *reading)
{
    return reading->flaw == TH_FORM_FLAWLESS && reading->status == 0;
}

static void refuse(struct reading *reading, enum th_form_flaw flaw)
{
    if (goes_on(reading))
        reading->flaw = flaw;
}

static void run_out(struct reading *reading)
{
    if (goes_on(reading))
        reading->status = TH_E_NO_MEMORY;
}

static void damaged(struct reading *reading)
{
    refuse(reading, TH_FORM_FLAW_BAD_CONTENT);
}

static char *copy(struct reading *reading, const char *text, size_t size)
{
    char *copied = th_arena_copy_text(reading->arena, text, size);
    if (copied == NULL)
        run_out(reading);
    return copied;
}

/* The array with room for one more; NULL after run_out(). */
static void *room(struct reading *reading, void *items, size_t count, size_t *capacity, size_t size)
{
    void *larger = th_arena_grow(reading->arena, items, count, capacity, 256, size);
    if (larger == NULL)
        run_out(reading);
    return larger;
}

/* ---- a part as a stream ---- */

struct handler {
    void (*start)(struct reading *reading, xmlTextReader *xml, const char *name);
    void (*end)(struct reading *reading, const char *name);
};

static void collect(struct reading *reading, xmlTextReader *xml)
{
    const char *value = (const char *)xmlTextReaderConstValue(xml);
    size_t size = value == NULL ? 0 : strlen(value);
    if (!reading->is_collecting || reading->is_phonetic)
        return;
    memcpy(reading->text + reading->text_size, value == NULL ? "" : value, size);
    reading->text_size += size;
}

static void visit(struct reading *reading, xmlTextReader *xml, const struct handler *handler)
{
    const char *name = (const char *)xmlTextReaderConstLocalName(xml);
    switch (xmlTextReaderNodeType(xml)) {
    case XML_READER_TYPE_ELEMENT: {
        bool is_empty = xmlTextReaderIsEmptyElement(xml) == 1;
        if (xmlTextReaderDepth(xml) > DEPTH_MAX)
            refuse(reading, TH_FORM_FLAW_DEEP);
        else
            handler->start(reading, xml, name);
        if (is_empty && handler->end != NULL && goes_on(reading))
            handler->end(reading, name);
        break;
    }
    case XML_READER_TYPE_END_ELEMENT:
        if (handler->end != NULL)
            handler->end(reading, name);
        break;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        collect(reading, xml);
        break;
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        damaged(reading);
        break;
    default: /* comments and instructions say nothing */
        break;
    }
}

static void walk(struct reading *reading, const char *path, const struct handler *handler)
{
    char *bytes = NULL;
    size_t size = 0;
    if (!goes_on(reading))
        return;
    reading->status =
        th_workbook_package_read(reading->package, path, &reading->flaw, &bytes, &size);
    if (!goes_on(reading))
        return;
    xmlTextReader *xml = xmlReaderForMemory(
        bytes, (int)size, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    reading->text = malloc(size + 1); /* references expand to fewer bytes than they take */
    reading->text_size = 0;
    reading->is_inside = reading->is_in_row = reading->has_data = false;
    reading->is_collecting = reading->is_phonetic = false;
    if (xml == NULL || reading->text == NULL)
        run_out(reading);
    int more = 1;
    while (goes_on(reading) && (more = xmlTextReaderRead(xml)) == 1)
        visit(reading, xml, handler);
    if (more < 0)
        damaged(reading);
    if (xml != NULL)
        xmlFreeTextReader(xml);
    free(reading->text);
    reading->text = NULL;
    free(bytes);
}

/* A short attribute, without taking memory: a sheet has as many as somebody wants. False when there
 * is none; one that is too long is damage. */
static bool short_attribute(struct reading *reading, xmlTextReader *xml, const char *name,
                            char value[SHORT_SIZE])
{
    bool is_found = false;
    while (!is_found && xmlTextReaderMoveToNextAttribute(xml) == 1) {
        const char *found = (const char *)xmlTextReaderConstValue(xml);
        if (strcmp((const char *)xmlTextReaderConstLocalName(xml), name) != 0)
            continue;
        is_found = true;
        if (snprintf(value, SHORT_SIZE, "%s", found == NULL ? "" : found) >= SHORT_SIZE)
            damaged(reading);
    }
    (void)xmlTextReaderMoveToElement(xml);
    return is_found;
}

/* The value of an attribute, in the arena; NULL when there is none. */
static const char *attribute(struct reading *reading, xmlTextReader *xml, const char *name)
{
    const char *found = NULL;
    while (found == NULL && xmlTextReaderMoveToNextAttribute(xml) == 1) {
        const char *value = (const char *)xmlTextReaderConstValue(xml);
        if (strcmp((const char *)xmlTextReaderConstLocalName(xml), name) == 0)
            found = copy(reading, value == NULL ? "" : value, value == NULL ? 0 : strlen(value));
    }
    (void)xmlTextReaderMoveToElement(xml);
    return found;
}

/* ---- relations and the book ---- */

static void start_relation(struct reading *reading, xmlTextReader *xml, const char *name)
{
    if (strcmp(name, "Relationship") != 0)
        return;
    const char *mode = attribute(reading, xml, "TargetMode");
    struct relation relation = {attribute(reading, xml, "Id"), attribute(reading, xml, "Target"),
                                attribute(reading, xml, "Type")};
    if (mode != NULL && strcmp(mode, "External") == 0)
        return; /* what stands outside of the file is never looked for */
    if (relation.id == NULL || relation.target == NULL || relation.type == NULL)
        damaged(reading);
    else if (reading->relations_count == RELATIONS_MAX)
        refuse(reading, TH_FORM_FLAW_MANY_PARTS);
    else
        reading->relations[reading->relations_count++] = relation;
}

static const struct handler relations_handler = {start_relation, NULL};

/* The first relation whose type ends with `kind`, or that has this id. */
static const struct relation *find_relation(const struct reading *reading, const char *kind,
                                            const char *id)
{
    for (size_t i = 0; i < reading->relations_count; i++) {
        const struct relation *relation = &reading->relations[i];
        size_t size = strlen(relation->type), kind_size = kind == NULL ? 0 : strlen(kind);
        if (kind != NULL ? size >= kind_size && strcmp(relation->type + size - kind_size, kind) == 0
                         : strcmp(relation->id, id) == 0)
            return relation;
    }
    return NULL;
}

/* A target as a part's name: from the root, or from the folder of the part that names it. */
static bool resolve(const char *from, const char *target, char path[PATH_SIZE])
{
    const char *slash = strrchr(from, '/');
    int folder = target[0] == '/' || slash == NULL ? 0 : (int)(slash + 1 - from);
    int size = snprintf(path, PATH_SIZE, "%.*s%s", folder, from, target + (target[0] == '/'));
    return size > 0 && size < PATH_SIZE && strstr(path, "..") == NULL;
}

static void start_book(struct reading *reading, xmlTextReader *xml, const char *name)
{
    struct th_form_workbook *book = reading->book;
    if (strcmp(name, "workbookPr") == 0) {
        const char *value = attribute(reading, xml, "date1904");
        book->is_1904 = value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
    } else if (strcmp(name, "sheet") == 0) {
        const char *label = attribute(reading, xml, "name"), *id = attribute(reading, xml, "id");
        if (label == NULL || id == NULL) {
            damaged(reading);
        } else if (book->sheets_count == TH_FORM_SHEETS_MAX) {
            refuse(reading, TH_FORM_FLAW_MANY_SHEETS);
        } else {
            reading->sheet_ids[book->sheets_count] = id;
            book->sheets[book->sheets_count++] = (struct th_form_sheet){.name = label};
        }
    }
}

static const struct handler book_handler = {start_book, NULL};

/* ---- texts ---- */

/* "_x000D_" at the start of the text: the ASCII character; -1 for anything else. */
static int escaped(const char *text, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    int value = 0;
    if (size < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        char upper = text[i] >= 'a' && text[i] <= 'f' ? (char)(text[i] - 'a' + 'A') : text[i];
        const char *digit = memchr(digits, upper, sizeof digits - 1);
        if (digit == NULL)
            return -1;
        value = value * 16 + (int)(digit - digits);
    }
    return value < 0x80 ? value : -1;
}

/* Excel writes a carriage return, and whatever else XML cannot hold, as _x000D_. */
static size_t unescape(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size;) {
        int value = escaped(text + i, size - i);
        text[kept++] = value < 0 ? text[i] : (char)value;
        i += value < 0 ? 1 : 7;
    }
    return kept;
}

static struct th_text take_text(struct reading *reading)
{
    reading->text[reading->text_size] = 0;
    size_t size = unescape(reading->text, reading->text_size);
    const char *bytes = copy(reading, reading->text, size);
    return (struct th_text){bytes == NULL ? "" : bytes, bytes == NULL ? 0 : size};
}

static void start_string(struct reading *reading, xmlTextReader *xml, const char *name)
{
    (void)xml;
    if (strcmp(name, "si") == 0)
        reading->text_size = 0;
    else if (strcmp(name, "rPh") == 0)
        reading->is_phonetic = true;
    else if (strcmp(name, "t") == 0)
        reading->is_collecting = true;
}

static void end_string(struct reading *reading, const char *name)
{
    if (strcmp(name, "rPh") == 0)
        reading->is_phonetic = false;
    else if (strcmp(name, "t") == 0)
        reading->is_collecting = false;
    if (strcmp(name, "si") != 0)
        return;
    if (reading->strings_count == STRINGS_MAX) {
        refuse(reading, TH_FORM_FLAW_MANY_TEXTS);
        return;
    }
    struct th_text *strings = room(reading, reading->strings, reading->strings_count,
                                   &reading->strings_capacity, sizeof *strings);
    if (strings == NULL)
        return;
    reading->strings = strings;
    strings[reading->strings_count++] = take_text(reading);
}

static const struct handler strings_handler = {start_string, end_string};

/* ---- cells ---- */

/* "E17". */
static bool read_reference(const char *text, uint32_t *ret_row, uint32_t *ret_column)
{
    uint32_t row = 0, column = 0;
    size_t at = 0;
    for (; text[at] >= 'A' && text[at] <= 'Z' && column <= TH_FORM_COLUMN_LAST; at++)
        column = column * 26 + (uint32_t)(text[at] - 'A' + 1);
    size_t letters = at;
    for (; text[at] >= '0' && text[at] <= '9' && row <= TH_FORM_ROW_LAST; at++)
        row = row * 10 + (uint32_t)(text[at] - '0');
    if (letters == 0 || at == letters || text[at] != 0 || row == 0 || row > TH_FORM_ROW_LAST ||
        column > TH_FORM_COLUMN_LAST)
        return false;
    *ret_row = row;
    *ret_column = column;
    return true;
}

static void start_row(struct reading *reading, xmlTextReader *xml)
{
    char value[SHORT_SIZE];
    int64_t row = (int64_t)reading->row + 1;
    if (short_attribute(reading, xml, "r", value) &&
        th_text_parse_int(value, strlen(value), row, TH_FORM_ROW_LAST, &row) != 0)
        damaged(reading);
    else if (row > TH_FORM_ROW_LAST)
        damaged(reading);
    if (reading->is_in_row)
        damaged(reading);
    reading->is_in_row = true;
    reading->row = (uint32_t)row;
    reading->column = 0;
}

static void start_cell(struct reading *reading, xmlTextReader *xml)
{
    char reference[SHORT_SIZE];
    uint32_t row = reading->row, column = reading->column + 1;
    if (!short_attribute(reading, xml, "t", reading->type))
        memcpy(reading->type, "n", 2);
    if ((short_attribute(reading, xml, "r", reference) &&
         !read_reference(reference, &row, &column)) ||
        !reading->is_in_row || row != reading->row || column <= reading->column ||
        column > TH_FORM_COLUMN_LAST) {
        damaged(reading);
        return;
    }
    reading->column = column;
    reading->cell = (struct th_form_cell){.row = row, .column = column};
    reading->has_formula = reading->has_value = false;
    reading->text_size = 0;
}

static void start_in_sheet(struct reading *reading, xmlTextReader *xml, const char *name)
{
    if (strcmp(name, "sheetData") == 0) {
        if (reading->has_data) /* rows would begin again */
            damaged(reading);
        reading->is_inside = reading->has_data = true;
        reading->row = 0;
    } else if (!reading->is_inside) {
        return;
    } else if (strcmp(name, "row") == 0) {
        start_row(reading, xml);
    } else if (strcmp(name, "c") == 0) {
        start_cell(reading, xml);
    } else if (strcmp(name, "f") == 0) {
        reading->has_formula = true;
    } else if (strcmp(name, "rPh") == 0) {
        reading->is_phonetic = true;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        reading->has_value = true;
        reading->is_collecting = true;
    }
}

/* What the saved characters are; false when the type is unknown or they do not fit it. */
static bool give_kind(struct reading *reading, struct th_text saved)
{
    struct th_form_cell *cell = &reading->cell;
    int64_t number = 0;
    cell->text = saved;
    bool is_empty = !reading->has_value || (saved.size == 0 && strcmp(reading->type, "str") != 0);
    if (reading->has_formula && is_empty) {
        cell->kind = TH_FORM_CELL_LACKING;
    } else if (strcmp(reading->type, "s") == 0) {
        if (th_text_parse_int(saved.bytes, saved.size, 0, (int64_t)reading->strings_count - 1,
                              &number) != 0)
            return false;
        cell->kind = TH_FORM_CELL_TEXT;
        cell->text = reading->strings[number];
    } else if (strcmp(reading->type, "str") == 0 || strcmp(reading->type, "inlineStr") == 0) {
        cell->kind = TH_FORM_CELL_TEXT;
    } else if (strcmp(reading->type, "b") == 0) {
        cell->kind = TH_FORM_CELL_TRUTH;
    } else if (strcmp(reading->type, "e") == 0) {
        cell->kind = TH_FORM_CELL_ERROR;
    } else if (strcmp(reading->type, "d") == 0) {
        cell->kind = TH_FORM_CELL_DAY;
    } else {
        cell->kind = TH_FORM_CELL_NUMBER;
        return strcmp(reading->type, "n") == 0;
    }
    return true;
}

static void end_cell(struct reading *reading)
{
    if (!reading->has_value && !reading->has_formula)
        return; /* only a style */
    if (!give_kind(reading, take_text(reading))) {
        damaged(reading);
        return;
    }
    if (reading->cell.text.size == 0 && reading->cell.kind != TH_FORM_CELL_LACKING)
        return;
    if (reading->cells_count == TH_FORM_CELLS_MAX) {
        refuse(reading, TH_FORM_FLAW_MANY_CELLS);
        return;
    }
    struct th_form_cell *cells = room(reading, reading->cells, reading->sheet->cells_count,
                                      &reading->capacity, sizeof *cells);
    if (cells == NULL)
        return;
    reading->cells = cells;
    cells[reading->sheet->cells_count++] = reading->cell;
    reading->cells_count++;
}

static void end_in_sheet(struct reading *reading, const char *name)
{
    if (strcmp(name, "sheetData") == 0)
        reading->is_inside = false;
    else if (strcmp(name, "row") == 0)
        reading->is_in_row = false;
    else if (strcmp(name, "rPh") == 0)
        reading->is_phonetic = false;
    else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)
        reading->is_collecting = false;
    else if (strcmp(name, "c") == 0 && reading->is_inside)
        end_cell(reading);
}

static const struct handler sheet_handler = {start_in_sheet, end_in_sheet};

/* ---- the whole ---- */

static void read_relations_of(struct reading *reading, const char *part)
{
    char path[PATH_SIZE];
    const char *slash = strrchr(part, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - part);
    reading->relations_count = 0;
    if (snprintf(path, sizeof path, "%.*s_rels/%s.rels", folder, part, part + folder) >= PATH_SIZE)
        damaged(reading);
    else
        walk(reading, path, &relations_handler);
}

static void read_sheet(struct reading *reading, size_t index)
{
    char path[PATH_SIZE];
    const struct relation *relation = find_relation(reading, NULL, reading->sheet_ids[index]);
    if (relation == NULL || !resolve(reading->book_path, relation->target, path)) {
        damaged(reading);
        return;
    }
    static const char chart[] = "/worksheet";
    size_t size = strlen(relation->type);
    if (size < sizeof chart - 1 || strcmp(relation->type + size - (sizeof chart - 1), chart) != 0)
        return; /* a sheet that is one chart has no cells */
    reading->sheet = &reading->book->sheets[index];
    reading->cells = NULL;
    reading->capacity = 0;
    walk(reading, path, &sheet_handler);
    reading->sheet->cells = reading->cells;
}

static void read_book(struct reading *reading)
{
    char path[PATH_SIZE], book_path[PATH_SIZE];
    walk(reading, "_rels/.rels", &relations_handler);
    const struct relation *relation = find_relation(reading, "/officeDocument", NULL);
    if (!goes_on(reading))
        return;
    if (relation == NULL || !resolve("", relation->target, book_path)) {
        refuse(reading, TH_FORM_FLAW_NO_WORKBOOK);
        return;
    }
    reading->book_path = book_path;
    walk(reading, book_path, &book_handler);
    if (goes_on(reading))
        read_relations_of(reading, book_path);
    if (goes_on(reading) && reading->book->sheets_count == 0)
        refuse(reading, TH_FORM_FLAW_NO_WORKBOOK);
    relation = find_relation(reading, "/sharedStrings", NULL);
    if (goes_on(reading) && relation != NULL) {
        if (resolve(book_path, relation->target, path))
            walk(reading, path, &strings_handler);
        else
            damaged(reading);
    }
    for (size_t i = 0; i < reading->book->sheets_count && goes_on(reading); i++)
        read_sheet(reading, i);
}

int th_workbook_read(const char *bytes, size_t size, struct th_arena *arena,
                     enum th_form_flaw *ret_flaw, struct th_form_workbook *ret_workbook)
{
    struct th_form_workbook book = {.sheets_count = 0};
    struct reading reading = {.arena = arena, .book = &book};
    int status = th_workbook_package_open(bytes, size, &reading.flaw, &reading.package);
    if (status != 0)
        return status;
    if (goes_on(&reading)) {
        read_book(&reading);
        th_workbook_package_close(reading.package);
    }
    if (reading.status != 0)
        return reading.status;
    *ret_flaw = reading.flaw;
    if (reading.flaw == TH_FORM_FLAWLESS)
        *ret_workbook = book;
    return 0;
}
