/* SPDX-License-Identifier: Apache-2.0 */
/* contacts.csv of a store's folder: checked against the store's units, put in place, shown. */
#include "aggregator/contacts/contacts.h"

#include "aggregator/cli/ask.h"
#include "aggregator/cli/query.h"
#include "aggregator/cli/site.h"
#include "aggregator/query/json_parts.h"
#include "base/errno_text.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME "contacts"

struct line {
    const char *folder;
    const char *import;
    bool check, as_json;
};

struct showing {
    const struct line *line;
    const struct th_contacts *contacts;
    const char *path; /* contacts.csv of the store */
    char *bytes;      /* to be put there; NULL: nothing is */
    size_t size;
    FILE *out, *err;
};

/* ---- beside the units ---- */

/* Codes of the file that the store does not know. */
static json_t *strangers_of(const struct th_contacts *contacts, const json_t *units)
{
    size_t i;
    json_t *unit, *known = json_object(), *list = json_array();
    json_array_foreach(units, i, unit)
    {
        known = th_json_set(known, json_string_value(json_object_get(unit, "unit")), json_true());
    }
    for (i = 0; i < contacts->count; i++)
        if (json_object_get(known, contacts->items[i].unit) == NULL)
            list = th_json_append(list, json_pack("{s:s,s:I}", "unit", contacts->items[i].unit,
                                                  "line", (json_int_t)contacts->items[i].line));
    json_decref(known);
    return list;
}

/* Units that are there now and have none. */
static json_t *lonely_of(const struct th_contacts *contacts, const json_t *units)
{
    size_t i;
    json_t *unit, *list = json_array();
    json_array_foreach(units, i, unit)
    {
        const char *code = json_string_value(json_object_get(unit, "unit"));
        if (json_is_true(json_object_get(unit, "valid")) &&
            th_contacts_find(contacts, code, NULL) == NULL)
            list = th_json_append(
                list, json_pack("{s:s,s:O}", "unit", code, "name", json_object_get(unit, "name")));
    }
    return list;
}

static json_t *contacts_json(const struct th_contacts *contacts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < contacts->count; i++) {
        const struct th_contact *contact = &contacts->items[i];
        list = th_json_append(list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "unit", contact->unit,
                                              "name", contact->name, "phone", contact->phone,
                                              "dial", contact->dial, "email", contact->email,
                                              "note", contact->note));
    }
    return list;
}

/* ---- shown ---- */

/* The first ones: a list of hundreds hides what stands above it. */
static void print_codes(const char *title, const json_t *list, FILE *out)
{
    enum { SHOWN_MAX = 10 };
    size_t i, count = json_array_size(list);
    json_t *item;
    if (count == 0)
        return;
    (void)fprintf(out, "\n%s (%zu)\n", title, count);
    json_array_foreach(list, i, item)
    {
        if (i == SHOWN_MAX)
            break;
        const char *name = json_string_value(json_object_get(item, "name"));
        const char *code = json_string_value(json_object_get(item, "unit"));
        if (name != NULL)
            (void)fprintf(out, "  %-16s %s\n", code, name);
        else
            (void)fprintf(out, "  %-16s dòng %" JSON_INTEGER_FORMAT "\n", code,
                          json_integer_value(json_object_get(item, "line")));
    }
    if (count > SHOWN_MAX)
        (void)fprintf(out, "  … và %zu mã nữa: xem tất cả bằng --json\n", count - SHOWN_MAX);
}

static void print_text(const struct showing *showing, const json_t *answer)
{
    const struct th_contacts *contacts = showing->contacts;
    for (uint32_t i = 0; i < contacts->count && !showing->line->check; i++) {
        const struct th_contact *contact = &contacts->items[i];
        (void)fprintf(showing->out, "%-16s %s; %s; %s; %s\n", contact->unit, contact->name,
                      contact->phone, contact->email, contact->note);
    }
    (void)fprintf(showing->out, "%u người liên hệ\n", contacts->count);
    print_codes("Mã không có trong kho", json_object_get(answer, "strangers"), showing->out);
    print_codes("Đơn vị chưa có người liên hệ", json_object_get(answer, "without"), showing->out);
}

/* What was checked is what is written, byte by byte; into the folder of a store and no other. */
static int put_in_place(const struct showing *showing)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    if (showing->bytes == NULL ||
        th_file_write(showing->path, 0600, showing->bytes, showing->size) == 0)
        return TH_OK;
    th_cli_complain(showing->err, NAME, "kiểm tra thư mục và chỗ trống", "%s: %s", showing->path,
                    th_errno_text(errno, cause));
    return TH_E_IO;
}

static int show(void *context, const struct th_query_context *query_context, const json_t *units)
{
    const struct showing *showing = context;
    const json_t *list = json_object_get(units, "units");
    (void)query_context;
    json_t *answer = th_json_set(json_object(), "count", json_integer(showing->contacts->count));
    answer = th_json_set(answer, "contacts", contacts_json(showing->contacts));
    answer = th_json_set(answer, "strangers", strangers_of(showing->contacts, list));
    answer = th_json_set(answer, "without", lonely_of(showing->contacts, list));
    if (answer == NULL)
        return TH_E_NO_MEMORY;
    int status = put_in_place(showing);
    if (status == TH_OK && showing->line->as_json)
        status = th_ask_print_json(answer, showing->out);
    else if (status == TH_OK)
        print_text(showing, answer);
    json_decref(answer);
    return status;
}

/* ---- the command ---- */

static int tell_problems(struct th_problems *problems, int status, FILE *err)
{
    if (th_problems_print(problems, err) != TH_OK || th_problems_total(problems) == 0)
        th_cli_complain(err, NAME, NULL, "%s", th_status_text(status));
    return th_status_exit_code(status);
}

/* What is to be shown: of the file that is imported, whose bytes stay with the caller, or of the
 * one that is in place. */
static int read_contacts(const struct line *line, const char *path, struct showing *showing,
                         struct th_problems *problems, struct th_contacts *ret_contacts)
{
    if (line->import == NULL)
        return th_contacts_read(path, problems, ret_contacts);
    int status = th_file_read(line->import, TH_CONTACTS_SIZE_MAX, &showing->bytes, &showing->size);
    if (status != TH_OK)
        return th_contacts_unread(line->import, status, problems);
    return th_contacts_parse(line->import, showing->bytes, showing->size, problems, ret_contacts);
}

static int run(const struct line *line, FILE *out, FILE *err)
{
    char path[PATH_MAX];
    struct th_problems problems;
    struct th_contacts contacts;
    struct showing showing = {
        .line = line, .contacts = &contacts, .path = path, .out = out, .err = err};
    const struct th_query query = {.what = TH_QUERY_UNITS};
    (void)snprintf(path, sizeof path, "%s/%s", line->folder, TH_CONTACTS_FILE);
    th_problems_init(&problems);
    int code = EX_OK, status = read_contacts(line, path, &showing, &problems, &contacts);
    if (status != TH_OK) {
        code = tell_problems(&problems, status, err);
    } else {
        code = th_ask(NAME, line->folder, &query, show, &showing, out, err);
        th_contacts_deinit(&contacts);
    }
    free(showing.bytes);
    th_problems_deinit(&problems);
    return code;
}

int th_cli_contacts(int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {0};
    const struct th_cli_option options[] = {
        {.name = "check", .help = "chỉ kiểm tra, không in từng người", .flag = &line.check},
        {.name = "import",
         .value_name = "TỆP",
         .help = "kiểm tra tệp CSV này rồi đặt vào thư mục kho",
         .text = &line.import},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command self = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Người liên hệ của các đơn vị: kiểm tra, thay, xem, đơn vị nào còn thiếu.\n"
                   "Tệp " TH_CONTACTS_FILE " của thư mục kho; cột unit,name,phone,email,note.",
        .examples = "  tonghop-aggregator contacts var/tinh\n"
                    "  tonghop-aggregator contacts var/tinh --check\n"
                    "  tonghop-aggregator contacts var/tinh --import danh-ba.csv\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1};
    char **operands;
    int operands_count;
    int exit_code = EX_OK;
    if (!th_cli_begin(&self, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    const struct th_site site = {.command = NAME, .folder = operands[0], .out = out, .err = err};
    if (line.check && line.import != NULL) {
        th_cli_complain(err, NAME, "--import cũng kiểm tra; tệp sai thì không đặt vào",
                        "--check và --import không đi cùng nhau");
        return EX_USAGE;
    }
    line.folder = operands[0];
    if (line.import != NULL && access(line.folder, F_OK) == 0 &&
        (exit_code = th_site_check_owner(&site)) != EX_OK)
        return exit_code;
    return th_cli_finish(out, err, run(&line, out, err));
}
