/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* open_memstream */
#include "aggregator/document/document.h"

#include "aggregator/document/odt.h"
#include "aggregator/document/sheet.h"

#include <stdlib.h>
#include <string.h>

/* 20,000 units with 1,000 figures each fit; a cell is 16 bytes. */
#define RENDER_BLOCK_BYTES  ((size_t)1024 * 1024)
#define RENDER_BUDGET_BYTES ((size_t)2048 * 1024 * 1024)

static const struct {
    const char *extension, *media_type;
} kinds[] = {
    [TH_DOCUMENT_XLSX] = {"xlsx",
                          "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    [TH_DOCUMENT_ODT] = {"odt", "application/vnd.oasis.opendocument.text"},
    [TH_DOCUMENT_CSV] = {"csv", "text/csv; charset=utf-8"},
    [TH_DOCUMENT_JSON] = {"json", "application/json; charset=utf-8"},
};

const char *th_document_extension(enum th_document_kind kind)
{
    return kinds[kind].extension;
}

const char *th_document_media_type(enum th_document_kind kind)
{
    return kinds[kind].media_type;
}

int th_document_kind_parse(const char *word, enum th_document_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].extension, word) == 0) {
            *ret_kind = (enum th_document_kind)i;
            return TH_OK;
        }
    return TH_E_NOT_FOUND;
}

/* ---- rendering ---- */

static int render_json(const struct th_document_facts *facts, struct th_document_file *ret_document)
{
    char *text = json_dumps(facts->all, JSON_INDENT(1));
    if (text == NULL)
        return TH_E_NO_MEMORY;
    *ret_document = (struct th_document_file){text, strlen(text)};
    return TH_OK;
}

static int render_csv(const struct th_document_facts *facts, enum th_sheet_kind kind,
                      struct th_arena *arena, struct th_document_file *ret_document)
{
    struct th_sheet sheet;
    struct th_document_file document = {NULL, 0};
    int status = th_sheet_build(facts, kind, arena, &sheet);
    if (status != TH_OK)
        return status;
    FILE *out = open_memstream(&document.bytes, &document.size);
    if (out == NULL)
        return TH_E_NO_MEMORY;
    th_csv_write(&sheet, out);
    bool is_whole = ferror(out) == 0;
    if (fclose(out) != 0 || !is_whole) {
        free(document.bytes);
        return TH_E_NO_MEMORY;
    }
    *ret_document = document;
    return TH_OK;
}

static int render_xlsx(const struct th_document_facts *facts, struct th_arena *arena,
                       struct th_document_file *ret_document)
{
    struct th_sheet sheets[TH_SHEET_COUNT];
    int status = TH_OK;
    for (int i = 0; i < TH_SHEET_COUNT && status == TH_OK; i++)
        status = th_sheet_build(facts, (enum th_sheet_kind)i, arena, &sheets[i]);
    return status == TH_OK ? th_xlsx_write(facts, sheets, TH_SHEET_COUNT, ret_document) : status;
}

int th_document_render(const struct th_document_facts *facts, enum th_document_kind kind,
                       const char *sheet, struct th_document_file *ret_document)
{
    enum th_sheet_kind sheet_kind = TH_SHEET_UNITS;
    if (kind == TH_DOCUMENT_JSON)
        return render_json(facts, ret_document);
    if (kind == TH_DOCUMENT_CSV && th_sheet_parse(sheet, &sheet_kind) != TH_OK)
        return TH_E_NOT_FOUND;
    struct th_arena arena;
    th_arena_init(&arena, RENDER_BLOCK_BYTES, RENDER_BUDGET_BYTES);
    int status = kind == TH_DOCUMENT_CSV    ? render_csv(facts, sheet_kind, &arena, ret_document)
                 : kind == TH_DOCUMENT_XLSX ? render_xlsx(facts, &arena, ret_document)
                                            : th_odt_write(facts, &arena, ret_document);
    th_arena_deinit(&arena);
    return status;
}

/* ---- names ---- */

/* Letters, digits and hyphens stay; anything else is an underscore. */
static void append(char name[TH_DOCUMENT_NAME_SIZE], size_t *used, const char *text)
{
    for (; *text != '\0' && *used + 1 < TH_DOCUMENT_NAME_SIZE; text++) {
        bool is_kept = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                       (*text >= '0' && *text <= '9') || *text == '-' || *text == '.';
        name[(*used)++] = is_kept ? *text : '_';
    }
    name[*used] = '\0';
}

char *th_document_file_name(const struct th_document_facts *facts, enum th_document_kind kind,
                            const char *sheet, char name[TH_DOCUMENT_NAME_SIZE])
{
    static const char *const branches[] = {"", "_communes", "_bodies"};
    th_day day = th_day_of_instant(facts->as_of);
    int64_t seconds = (facts->as_of.ms - th_day_start(day).ms) / 1000;
    char day_text[TH_DAY_TEXT_SIZE], clock[32];
    size_t used = 0;
    enum th_sheet_kind sheet_kind = TH_SHEET_UNITS;
    bool is_sheet = kind == TH_DOCUMENT_CSV && th_sheet_parse(sheet, &sheet_kind) == TH_OK;
    append(name, &used, facts->mode == TH_MODE_REHEARSAL ? "DIEN-TAP_" : "");
    append(name, &used, facts->plan->id);
    append(name, &used, "_");
    append(name, &used, facts->obligation->id);
    append(name, &used, "_");
    append(name, &used, facts->context->units.units[facts->unit].code);
    append(name, &used, branches[facts->branch]);
    append(name, &used, is_sheet ? "_" : "");
    append(name, &used, is_sheet ? th_document_sheet_name((unsigned)sheet_kind) : "");
    append(name, &used, "_");
    append(name, &used, th_day_format(day, day_text));
    (void)snprintf(clock, sizeof(clock), "T%02d%02d%02d.", (int)(seconds / 3600),
                   (int)(seconds / 60 % 60), (int)(seconds % 60));
    append(name, &used, clock);
    append(name, &used, th_document_extension(kind));
    return name;
}
