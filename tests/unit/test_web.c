/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "aggregator/web/web.h"

#include "aggregator/web/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct th_web_file *find(const char *path)
{
    return th_web_find(th_text_of(path));
}

static bool holds(const struct th_web_file *file, const char *text)
{
    return memmem(file->bytes, file->size, text, strlen(text)) != NULL;
}

Test(web, the_page_is_at_the_root)
{
    const struct th_web_file *page = find("/");
    cr_assert_not_null(page);
    cr_assert_str_eq(page->type, "text/html; charset=utf-8");
    cr_assert(holds(page, "<!DOCTYPE html>"));
}

Test(web, what_is_not_there_is_not_found)
{
    cr_assert_null(find(""));
    cr_assert_null(find("/app.j"));
    cr_assert_null(find("/app.jsx"));
    cr_assert_null(find("/../web.c"));
    cr_assert_null(find("/index.html"), "the page has one address");
}

Test(web, every_file_has_a_type_bytes_and_a_tag_of_its_own)
{
    cr_assert_gt(th_web_files_count, 10);
    for (size_t i = 0; i < th_web_files_count; i++) {
        const struct th_web_file *file = &th_web_files[i];
        cr_assert_eq(find(file->path), file);
        cr_assert_gt(file->size, 0);
        cr_assert_gt(strlen(file->type), 0, "%s", file->path);
        size_t length = strlen(file->etag);
        cr_assert(file->etag[0] == '"' && file->etag[length - 1] == '"' && length > 18);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(file->etag, th_web_files[j].etag);
    }
}

/* The page asks for each file by its path, in quotes, and modules by "./name.js". */
Test(web, every_file_is_asked_for)
{
    for (size_t i = 0; i < th_web_files_count; i++) {
        const char *path = th_web_files[i].path;
        char in_page[64], in_module[64];
        (void)snprintf(in_page, sizeof in_page, "\"%s\"", path);
        (void)snprintf(in_module, sizeof in_module, "'.%s'", path);
        bool is_asked = strcmp(path, "/") == 0;
        for (size_t j = 0; j < th_web_files_count && !is_asked; j++)
            is_asked = holds(&th_web_files[j], in_page) || holds(&th_web_files[j], in_module);
        cr_assert(is_asked, "%s", path);
    }
}

/* No inline script, style or handler: the policy that the page is served with forbids them. */
Test(web, the_page_has_nothing_inline)
{
    const struct th_web_file *page = find("/");
    cr_assert_not(holds(page, "<style"));
    cr_assert_not(holds(page, "style="));
    cr_assert_not(holds(page, " on"), "a handler");
    cr_assert_not(holds(page, "<script>"));
    for (size_t i = 0; i < th_web_files_count; i++)
        cr_assert_not(holds(&th_web_files[i], "//cdn"), "%s", th_web_files[i].path);
}
