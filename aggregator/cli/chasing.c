/* SPDX-License-Identifier: Apache-2.0 */
/* The chasing list for the screen, for a spreadsheet, for pasting; or a file for each district. */
#include "aggregator/cli/query.h"

#include "aggregator/cli/ask.h"
#include "aggregator/query/chasing.h"
#include "aggregator/query/text.h"
#include "base/errno_text.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME "chasing"
#define ASKS (TH_ASK_PLAN | TH_ASK_OBLIGATION | TH_ASK_UNIT | TH_ASK_MOMENT | TH_ASK_BRANCH)

enum format { TABLE, CSV, TEXT, JSON, FORMATS };

static const char *const format_words[FORMATS] = {"table", "csv", "text", "json"};

struct chasing {
    enum format format;
    const char *folder; /* for files; NULL: to `out` */
    FILE *out, *err;
};

/* `group` NULL: all of it. */
static int write_as(const struct chasing *chasing, const struct th_query_context *context,
                    const json_t *answer, const json_t *group, FILE *out)
{
    const json_t *part = group == NULL ? answer : group;
    const char *text = json_string_value(json_object_get(part, "text"));
    switch (chasing->format) {
    case TABLE:
        th_query_print(context, TH_QUERY_CHASING, answer, out);
        return TH_OK;
    case CSV:
        th_chasing_write_csv(answer, group, out);
        return TH_OK;
    case TEXT:
        (void)fputs(text == NULL ? "" : text, out);
        return TH_OK;
    case JSON:
    case FORMATS:
    default:
        return th_ask_print_json(part, out);
    }
}

/* "cac-so" of the group that is no unit, else the unit's code, which is never a path. */
static int write_file(const struct chasing *chasing, const struct th_query_context *context,
                      const json_t *answer, const json_t *group)
{
    static const char *const endings[FORMATS] = {"txt", "csv", "txt", "json"};
    char path[PATH_MAX], cause[TH_ERRNO_TEXT_SIZE];
    char *bytes = NULL;
    size_t size = 0;
    const char *unit = json_string_value(json_object_get(group, "unit"));
    if (snprintf(path, sizeof path, "%s/%s.%s", chasing->folder, unit == NULL ? "cac-so" : unit,
                 endings[chasing->format]) >= (int)sizeof path)
        return TH_E_LIMIT;
    FILE *memory = open_memstream(&bytes, &size);
    if (memory == NULL)
        return TH_E_NO_MEMORY;
    int status = write_as(chasing, context, answer, group, memory);
    if (fclose(memory) != 0 && status == TH_OK)
        status = TH_E_NO_MEMORY;
    if (status == TH_OK && th_file_write(path, 0600, bytes, size) < 0) {
        th_cli_complain(chasing->err, NAME, "kiểm tra thư mục và chỗ trống", "%s: %s", path,
                        th_errno_text(errno, cause));
        status = TH_E_IO;
    }
    free(bytes);
    if (status == TH_OK)
        (void)fprintf(chasing->out, "%s\n", path);
    return status;
}

/* It may be there already, with what was written before. */
static int make_folder(const struct chasing *chasing)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    int status = th_file_make_folder(chasing->folder, 0700); /* telephone numbers go in */
    if (status == TH_E_IO)
        th_cli_complain(chasing->err, NAME, "chọn thư mục khác cho --out", "%s: %s",
                        chasing->folder, th_errno_text(errno, cause));
    return status == TH_E_EXISTS ? TH_OK : status;
}

static int print(void *given, const struct th_query_context *context, const json_t *answer)
{
    const struct chasing *chasing = given;
    size_t i;
    json_t *group;
    if (chasing->folder == NULL)
        return write_as(chasing, context, answer, NULL, chasing->out);
    int status = make_folder(chasing);
    json_array_foreach(json_object_get(answer, "groups"), i, group)
    {
        if (status == TH_OK)
            status = write_file(chasing, context, answer, group);
    }
    return status;
}

static bool read_format(const char *word, bool as_json, bool has_folder, FILE *err,
                        enum format *ret_format)
{
    bool is_good = false;
    int format = as_json ? JSON : has_folder ? CSV : TABLE;
    if (word != NULL)
        for (format = 0; format < FORMATS && strcmp(word, format_words[format]) != 0;)
            format++;
    if (format == FORMATS)
        th_cli_complain(err, NAME, "table, csv, text hoặc json", "không có dạng “%s”",
                        word == NULL ? "" : word);
    else if (as_json && format != JSON)
        th_cli_complain(err, NAME, "bỏ một trong hai", "--json và --format %s trái nhau",
                        format_words[format]);
    else if (has_folder && format == TABLE)
        th_cli_complain(err, NAME, "dùng csv, text hoặc json cho tệp",
                        "table chỉ để xem, không ghi ra tệp");
    else
        is_good = true;
    if (!is_good)
        return false;
    *ret_format = (enum format)format;
    return true;
}

int th_cli_chasing(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_ask_line line = {0};
    struct chasing chasing = {.out = out, .err = err};
    const char *format = NULL;
    struct th_cli_option options[TH_CLI_OPTIONS_MAX];
    size_t count = th_ask_options(ASKS, &line, options);
    options[count++] = (struct th_cli_option){.name = "format",
                                              .value_name = "DẠNG",
                                              .help = "table, csv, text (để dán), json",
                                              .text = &format};
    options[count++] =
        (struct th_cli_option){.name = "out",
                               .value_name = "THƯ-MỤC",
                               .help = "ghi mỗi huyện một tệp vào thư mục này, tạo nếu chưa có",
                               .text = &chasing.folder};
    const struct th_cli_command self = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Ai chưa báo cáo, theo từng huyện, kèm người để gọi (contacts.csv).",
        .examples = "  tonghop-aggregator chasing var/tinh --plan gialai-2025 --period 2025-H1\n"
                    "  tonghop-aggregator chasing var/tinh --plan gialai-2025 --period 2025-H1 "
                    "--format text\n"
                    "  tonghop-aggregator chasing var/tinh --plan gialai-2025 --period 2025-H1 "
                    "--format csv --out nhac\n",
        .options = options,
        .options_count = count,
        .operands_min = 1,
        .operands_max = 1};
    char **operands;
    int operands_count;
    int exit_code = EX_OK;
    if (!th_cli_begin(&self, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    struct th_query query = {.what = TH_QUERY_CHASING};
    if (!read_format(format, line.as_json, chasing.folder != NULL, err, &chasing.format) ||
        !th_ask_read(NAME, ASKS, &line, err, &query))
        return EX_USAGE;
    return th_ask(NAME, operands[0], &query, print, &chasing, out, err);
}
