/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workbook reader on any bytes, and what it says about them on any bytes: no crash, no leak,
 * what is read keeps what workbook.h says, and passes unchanged through cells.h. The first byte
 * chooses what the rest is: the whole file, one part (a sheet, the strings, the book, its
 * relations) of a file that is right otherwise, or the reader's answer. Without libFuzzer, main()
 * replays some of each, whole, cut and with flipped bits.
 */
#include "proto/workbook/reader.h"

#include "base/assert.h"
#include "proto/form/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RELATION(id, kind, target)                                                                 \
    "<Relationship Id=\"" id "\" Type=\"http://x/relationships/" kind "\" Target=\"" target "\"/>"

static const char *const parts[][2] = {
    {"xl/worksheets/sheet1.xml",
     "<worksheet><sheetData><row r=\"2\"><c r=\"B2\" t=\"s\"><v>1</v></c><c><v>1.5E3</v></c>"
     "<c r=\"E2\"><f>1+1</f></c></row><row><c t=\"inlineStr\"><is><t>a_x000D_b</t></is></c>"
     "<c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c><c t=\"d\"><v>2025-05-09</v></c></row>"
     "</sheetData></worksheet>"},
    {"xl/sharedStrings.xml",
     "<sst><si><t>một</t></si><si><r><t>h</t></r><r><t>ai</t></r><rPh><t>x</t></rPh></si></sst>"},
    {"xl/workbook.xml",
     "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"A\" id=\"r1\"/>"
     "</sheets></workbook>"},
    {"xl/_rels/workbook.xml.rels",
     "<Relationships>" RELATION("r1", "worksheet", "worksheets/sheet1.xml")
         RELATION("r2", "sharedStrings", "/xl/sharedStrings.xml") "</Relationships>"},
    {"_rels/.rels",
     "<Relationships>" RELATION("r1", "officeDocument", "xl/workbook.xml") "</Relationships>"},
};
#define PARTS (sizeof parts / sizeof *parts)

/* A file with the bytes as its part `which`. Returns owned. */
static char *pack(size_t which, const uint8_t *data, size_t size, size_t *ret_size)
{
    zip_error_t error;
    zip_stat_t about;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *archive = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
    TH_ASSERT(archive != NULL);
    zip_source_keep(source);
    for (size_t i = 0; i < PARTS; i++) {
        const void *bytes = i == which ? (const void *)data : parts[i][1];
        size_t bytes_size = i == which ? size : strlen(parts[i][1]);
        zip_source_t *content = zip_source_buffer(archive, bytes, bytes_size, 0);
        zip_int64_t index = zip_file_add(archive, parts[i][0], content, 0);
        TH_ASSERT(index >= 0);
        TH_ASSERT(zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0);
    }
    TH_ASSERT(zip_close(archive) == 0);
    TH_ASSERT(zip_source_open(source) == 0 && zip_source_stat(source, &about) == 0);
    char *made = malloc(about.size);
    TH_ASSERT(made != NULL);
    TH_ASSERT(zip_source_read(source, made, about.size) == (zip_int64_t)about.size);
    (void)zip_source_close(source);
    zip_source_free(source);
    *ret_size = about.size;
    return made;
}

static void check_sheet(const struct th_form_sheet *sheet)
{
    for (size_t i = 0; i < sheet->cells_count; i++) {
        const struct th_form_cell *cell = &sheet->cells[i], *before = cell - 1;
        TH_ASSERT(cell->row > 0 && cell->column > 0);
        TH_ASSERT(i == 0 || before->row < cell->row ||
                  (before->row == cell->row && before->column < cell->column));
        TH_ASSERT(cell->text.bytes[cell->text.size] == 0);
    }
}

static void check_book(const struct th_form_workbook *book)
{
    TH_ASSERT(book->sheets_count <= TH_FORM_SHEETS_MAX);
    for (size_t i = 0; i < book->sheets_count; i++)
        check_sheet(&book->sheets[i]);
}

/* What the reader says as text. Returns owned. */
static char *say(enum th_form_flaw flaw, const struct th_form_workbook *book, size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);
    TH_ASSERT(out != NULL);
    TH_ASSERT(th_form_cells_write(flaw, book, out) == 0);
    TH_ASSERT(fclose(out) == 0);
    return text;
}

/* Another answer than the reader's is refused, or is one that it could give. */
static void hear(const char *text, size_t size, bool must_be_right)
{
    struct th_arena arena;
    struct th_form_workbook book;
    enum th_form_flaw flaw = TH_FORM_FLAWLESS;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    int status = th_form_cells_read(text, size, &arena, &flaw, &book);
    TH_ASSERT(status == 0 || (!must_be_right && status == TH_E_CORRUPT));
    if (status == 0) {
        if (flaw == TH_FORM_FLAWLESS)
            check_book(&book);
        size_t again_size = 0;
        char *again = say(flaw, &book, &again_size);
        TH_ASSERT(again_size == size && memcmp(again, text, size) == 0);
        free(again);
    }
    th_arena_deinit(&arena);
}

static enum th_form_flaw read_file(const char *bytes, size_t size)
{
    struct th_arena arena;
    struct th_form_workbook book;
    enum th_form_flaw flaw = TH_FORM_FLAWLESS;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    int status = th_workbook_read(bytes, size, &arena, &flaw, &book);
    TH_ASSERT(status == 0 || status == TH_E_NO_MEMORY);
    if (status == 0) {
        size_t text_size = 0;
        if (flaw == TH_FORM_FLAWLESS)
            check_book(&book);
        char *text = say(flaw, &book, &text_size);
        hear(text, text_size, true);
        free(text);
    }
    th_arena_deinit(&arena);
    return flaw;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t which = data[0] % (PARTS + 2), packed_size = 0;
    if (which == PARTS + 1) {
        hear((const char *)data + 1, size - 1, false);
        return 0;
    }
    if (which == PARTS) {
        (void)read_file((const char *)data + 1, size - 1);
        return 0;
    }
    char *packed = pack(which, data + 1, size - 1, &packed_size);
    (void)read_file(packed, packed_size);
    free(packed);
    return 0;
}

#ifndef TH_LIBFUZZER

static const char answer[] =
    "tonghop-cells 1\ndays 1904\nsheet 1 A\ncell 2 2 text 4 hai\n\n"
    "cell 2 3 number 5 1.5E3\ncell 10 1 lacking 0 \nsheet 2 \xC4\x90\nend\n";

int main(void)
{
    static uint8_t input[4096];
    size_t count = 0, whole_size = 0;
    char *whole = pack(PARTS, NULL, 0, &whole_size);
    TH_ASSERT(read_file(whole, whole_size) ==
              TH_FORM_FLAWLESS); /* or nothing below means anything */
    hear(answer, sizeof answer - 1, true);
    for (size_t which = 0; which <= PARTS + 1; which++) {
        const char *bytes = which == PARTS ? whole : which > PARTS ? answer : parts[which][1];
        size_t size = which == PARTS ? whole_size : strlen(bytes);
        size_t step = which > PARTS ? 1 : 3;
        TH_ASSERT(size < sizeof input);
        input[0] = (uint8_t)which;
        memcpy(input + 1, bytes, size);
        for (size_t cut = 1; cut <= size + 1; cut += step, count++)
            (void)LLVMFuzzerTestOneInput(input, cut);
        for (size_t bit = 8; bit < 8 * (size + 1); bit += step, count++) {
            input[bit / 8] ^= (uint8_t)(1U << bit % 8);
            (void)LLVMFuzzerTestOneInput(input, size + 1);
            input[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
    free(whole);
    (void)printf("%zu inputs\n", count);
    return 0;
}

#endif
