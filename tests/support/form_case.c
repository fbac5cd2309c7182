/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/form_case.h"

#include "tests/support/small_plan.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct form_case form_case_begin(void)
{
    struct form_case form = {.folder = "/tmp/tonghop-form-XXXXXX"};
    cr_assert_not_null(mkdtemp(form.folder));
    th_arena_init(&form.arena, 64 * 1024, 32 * 1024 * 1024);
    th_problems_init(&form.problems);
    return form;
}

void form_case_put(const struct form_case *form, const char *name, const char *bytes, size_t size)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", form->folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

void form_case_read_with(struct form_case *form, const char *path,
                         const struct th_form_context *context)
{
    form->status = th_form_read(path, context, &form->arena, &form->problems, &form->report,
                                &form->plan, &form->obligation);
    free(form->printed);
    FILE *out = open_memstream(&form->printed, &form->printed_size);
    cr_assert_not_null(out);
    cr_assert_eq(th_problems_print(&form->problems, out), 0);
    cr_assert_eq(fclose(out), 0);
    for (char *at; (at = strstr(form->printed, form->folder)) != NULL;)
        memmove(at, at + strlen(form->folder) + 1, strlen(at + strlen(form->folder) + 1) + 1);
    /* A crash of the program that opens workbooks would pass for a refusal of the file. */
    cr_assert_null(strstr(form->printed, "dừng giữa chừng"), "%s", form->printed);
}

void form_case_read(struct form_case *form, const char *ending, const char *bytes, size_t size)
{
    static const struct th_plan *const plans[] = {&small_plan};
    struct th_form_context context = {.plans = plans,
                                      .plans_count = 1,
                                      .unit = &small_commune,
                                      .places = &form->places,
                                      .partial = &form->partial};
    char name[32];
    (void)snprintf(name, sizeof name, "b%s", ending);
    form_case_put(form, name, bytes, size);
    (void)snprintf(form->path, sizeof form->path, "%s/%s", form->folder, name);
    form_case_read_with(form, form->path, &context);
}

void form_case_read_text(struct form_case *form, const char *ending, const char *text)
{
    form_case_read(form, ending, text, strlen(text));
}

void form_case_end(struct form_case *form)
{
    char path[512];
    DIR *folder = opendir(form->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", form->folder, entry->d_name);
        (void)unlink(path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(form->folder);
    free(form->printed);
    th_problems_deinit(&form->problems);
    th_arena_deinit(&form->arena);
}

size_t form_case_count(const struct form_case *form, const char *part)
{
    size_t count = 0;
    for (const char *at = form->printed; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

bool form_case_has(const struct form_case *form, uint16_t number)
{
    int64_t value;
    return th_values_get(&form->report.values, number, &value);
}

int64_t form_case_value(const struct form_case *form, uint16_t number)
{
    int64_t value = 0;
    cr_assert(th_values_get(&form->report.values, number, &value), "%u is not reported", number);
    return value;
}

char *form_case_template(enum th_form_kind kind, const struct th_plan *plan,
                         const struct th_obligation *obligation, const struct th_unit *unit,
                         size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);
    cr_assert_not_null(out);
    struct th_problems problems;
    th_problems_init(&problems);
    cr_assert_eq(th_form_write_template(kind, plan, obligation, unit, out, &problems), 0);
    th_problems_deinit(&problems);
    cr_assert_eq(fclose(out), 0);
    return text;
}
