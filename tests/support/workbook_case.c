/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/support/workbook_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

void workbook_case_end(struct workbook_case *book)
{
    free(book->bytes);
    *book = (struct workbook_case){NULL, 0};
}

char *workbook_case_get(const struct workbook_case *book, const char *part)
{
    zip_error_t error;
    zip_stat_t about;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(book->bytes, book->size, 0, &error);
    zip_t *archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    cr_assert_not_null(archive);
    cr_assert_eq(zip_stat(archive, part, 0, &about), 0, "no part %s", part);
    char *text = calloc(about.size + 1, 1);
    zip_file_t *file = zip_fopen(archive, part, 0);
    cr_assert_not_null(file);
    cr_assert_eq(zip_fread(file, text, about.size), (zip_int64_t)about.size);
    (void)zip_fclose(file);
    zip_discard(archive);
    return text;
}

void workbook_case_put(struct workbook_case *book, const char *part, const char *bytes, size_t size)
{
    zip_error_t error;
    zip_stat_t about;
    zip_error_init(&error);
    char *copy = malloc(book->size); /* the source takes it: it changes what it holds */
    memcpy(copy, book->bytes, book->size);
    zip_source_t *source = zip_source_buffer_create(copy, book->size, 1, &error);
    zip_source_keep(source);
    zip_t *archive = zip_open_from_source(source, 0, &error);
    cr_assert_not_null(archive);
    zip_source_t *content = zip_source_buffer(archive, bytes, size, 0);
    cr_assert_geq(zip_file_add(archive, part, content, ZIP_FL_OVERWRITE), 0);
    cr_assert_eq(zip_close(archive), 0);
    cr_assert_eq(zip_source_open(source), 0);
    cr_assert_eq(zip_source_stat(source, &about), 0);
    char *made = malloc(about.size);
    cr_assert_eq(zip_source_read(source, made, about.size), (zip_int64_t)about.size);
    (void)zip_source_close(source);
    zip_source_free(source);
    free(book->bytes);
    *book = (struct workbook_case){made, about.size};
}

void workbook_case_replace(struct workbook_case *book, const char *part, const char *from,
                           const char *to)
{
    char *text = workbook_case_get(book, part), *more = NULL;
    char *at = strstr(text, from);
    cr_assert_not_null(at, "%s is not in %s:\n%s", from, part, text);
    cr_assert_geq(asprintf(&more, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
    workbook_case_put(book, part, more, strlen(more));
    free(more);
    free(text);
}

void workbook_case_set(struct workbook_case *book, unsigned sheet, const char *cell,
                       const char *attributes, const char *inside)
{
    char part[64], start[32], *from = NULL, *to = NULL;
    (void)snprintf(part, sizeof part, "xl/worksheets/sheet%u.xml", sheet);
    (void)snprintf(start, sizeof start, "<c r=\"%s\"", cell);
    char *text = workbook_case_get(book, part), *at = strstr(text, start);
    cr_assert_not_null(at, "%s is not in sheet %u", cell, sheet);
    char *close = strchr(at, '>');
    size_t head = (size_t)(close - at) - (close[-1] == '/' ? 1 : 0);
    char *type = memmem(at, head, " t=\"", 4);
    size_t kept = type == NULL ? head : (size_t)(type - at);
    size_t whole =
        close[-1] == '/' ? (size_t)(close - at) + 1 : (size_t)(strstr(at, "</c>") - at) + 4;
    cr_assert_geq(asprintf(&from, "%.*s", (int)whole, at), 0);
    cr_assert_geq(asprintf(&to, "%.*s%s>%s</c>", (int)kept, at, attributes, inside), 0);
    workbook_case_replace(book, part, from, to);
    free(from);
    free(to);
    free(text);
}
