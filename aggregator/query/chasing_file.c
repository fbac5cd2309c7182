/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/chasing.h"

#include "aggregator/core/standing.h"
#include "aggregator/query/json_parts.h"
#include "aggregator/query/text_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- the message ---- */

static void write_due(const json_t *answer, FILE *out)
{
    char late[TH_SPOKEN_TEXT_SIZE];
    th_instant due;
    const char *written = th_answer_text(answer, "due");
    if (th_instant_parse(written, strlen(written), &due) != TH_OK)
        return;
    (void)fprintf(out, "Hạn: %s (trễ từ %s).\n", th_answer_text(answer, "wording"),
                  th_instant_format_deadline(due, late));
}

/* How far it is to the due instant, or from it. */
static void write_distance(const json_t *answer, FILE *out)
{
    th_instant due, now;
    const char *written = th_answer_text(answer, "due"), *asked = th_answer_text(answer, "as_of");
    json_int_t late = th_answer_number(answer, "days_late");
    if (th_instant_parse(written, strlen(written), &due) != TH_OK ||
        th_instant_parse(asked, strlen(asked), &now) != TH_OK)
        return;
    if (now.ms >= due.ms)
        (void)fprintf(out, ", đã quá hạn %" JSON_INTEGER_FORMAT " ngày", late);
    else if (due.ms - now.ms >= TH_DAY_MS)
        (void)fprintf(out, ", còn %d ngày đến hạn", (int)((due.ms - now.ms) / TH_DAY_MS));
    else
        (void)fprintf(out, ", còn dưới một ngày đến hạn");
}

static void write_head(const json_t *answer, json_int_t missing, json_int_t expected, FILE *out)
{
    char now[TH_SPOKEN_TEXT_SIZE];
    th_instant as_of;
    const char *period = th_answer_text(answer, "period");
    const char *asked = th_answer_text(answer, "as_of"), *title = th_answer_text(answer, "title");
    if (json_is_true(json_object_get(answer, "rehearsal")))
        (void)fputs("[DIỄN TẬP] ", out);
    (void)fputs(title[0] == '\0' ? th_answer_text(answer, "obligation") : title, out);
    (void)fprintf(out, period[0] == '\0' ? "%s\n" : " (kỳ %s)\n", period);
    write_due(answer, out);
    if (th_instant_parse(asked, strlen(asked), &as_of) != TH_OK)
        return;
    (void)fprintf(out,
                  "Tính đến %s: %" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT
                  " đơn vị chưa gửi báo cáo",
                  th_instant_format_deadline(as_of, now), missing, expected);
    if (missing > 0)
        write_distance(answer, out);
    (void)fputs(".\n", out);
}

static void write_names(const json_t *group, FILE *out)
{
    size_t i;
    json_t *unit;
    (void)fprintf(out, "\n%s (%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT "):\n",
                  th_answer_text(group, "name"), th_answer_number(group, "missing"),
                  th_answer_number(group, "expected"));
    json_array_foreach(json_object_get(group, "units"), i, unit)
    {
        (void)fprintf(out, "- %s\n", th_answer_text(unit, "full_name"));
    }
}

static void write_text(const json_t *answer, const json_t *group, FILE *out)
{
    size_t i;
    json_t *item;
    const json_t *of = group != NULL ? group : json_object_get(answer, "counts");
    const json_t *expected = json_object_get(of, "expected");
    json_int_t missing = th_answer_number(of, "missing");
    if (!json_is_integer(expected)) {
        (void)fprintf(out, "%s: không ấn định số đơn vị phải báo cáo nên không có ai để nhắc.\n",
                      th_answer_text(answer, "obligation"));
        return;
    }
    write_head(answer, missing, json_integer_value(expected), out);
    if (group != NULL)
        write_names(group, out);
    else
        json_array_foreach(json_object_get(answer, "groups"), i, item) write_names(item, out);
    if (missing > 0)
        (void)fputs(strcmp(th_answer_text(answer, "state"), "overdue") == 0
                        ? "\nĐề nghị các đơn vị trên gửi báo cáo ngay.\n"
                        : "\nĐề nghị các đơn vị trên gửi báo cáo đúng hạn.\n",
                    out);
}

static int add_text(const json_t *answer, json_t *group, json_t *target)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return TH_E_NO_MEMORY;
    write_text(answer, group, out);
    int status = fclose(out) == 0 ? TH_OK : TH_E_NO_MEMORY;
    if (status == TH_OK && json_object_set_new(target, "text", json_stringn(text, size)) < 0)
        status = TH_E_NO_MEMORY;
    free(text);
    return status;
}

int th_chasing_add_texts(json_t *answer)
{
    size_t i;
    json_t *group;
    int status = answer == NULL ? TH_E_NO_MEMORY : add_text(answer, NULL, answer);
    json_array_foreach(json_object_get(answer, "groups"), i, group)
    {
        if (status == TH_OK)
            status = add_text(answer, group, group);
    }
    return status;
}

/* ---- the table ---- */

void th_csv_write_cell(const char *text, FILE *out)
{
    bool is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
    bool is_quoted = strpbrk(text, ",;\"\r\n\t") != NULL;
    if (is_quoted)
        (void)fputc('"', out);
    if (is_formula)
        (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    if (is_quoted)
        (void)fputc('"', out);
}

static void write_cells(const char *const *cells, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            (void)fputc(',', out);
        th_csv_write_cell(cells[i], out);
    }
    (void)fputs("\r\n", out);
}

static void write_group(const json_t *group, FILE *out)
{
    size_t i;
    json_t *unit;
    json_array_foreach(json_object_get(group, "units"), i, unit)
    {
        const json_t *contact = json_object_get(unit, "contact");
        char days[24];
        (void)snprintf(days, sizeof days, "%" JSON_INTEGER_FORMAT,
                       th_answer_number(unit, "days_late"));
        const char *const cells[] = {
            th_answer_text(group, "name"),
            th_answer_text(unit, "unit"),
            th_answer_text(unit, "name"),
            th_answer_text(unit, "kind_name"),
            th_answer_label(th_answer_text(unit, "standing")),
            days,
            th_answer_text(contact, "name"),
            th_answer_text(contact, "phone"),
            th_answer_text(contact, "email"),
            th_answer_text(contact, "note"),
        };
        write_cells(cells, sizeof cells / sizeof cells[0], out);
    }
}

void th_chasing_write_csv(const json_t *answer, const json_t *group, FILE *out)
{
    static const char *const head[] = {
        "Thuộc",           "Mã",         "Đơn vị",      "Loại",   "Tình trạng", "Số ngày trễ",
        "Người phụ trách", "Điện thoại", "Thư điện tử", "Ghi chú"};
    size_t i;
    json_t *item;
    (void)fputs(TH_CSV_BYTE_ORDER_MARK, out);
    write_cells(head, sizeof head / sizeof head[0], out);
    if (group != NULL)
        write_group(group, out);
    else
        json_array_foreach(json_object_get(answer, "groups"), i, item) write_group(item, out);
}
