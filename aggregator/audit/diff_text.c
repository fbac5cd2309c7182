/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/diff_parts.h"

#include "aggregator/audit/words.h"

#include <string.h>

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "–" : text;
}

static const char *spoken(const json_t *object, const char *name, char text[TH_SPOKEN_TEXT_SIZE])
{
    th_instant instant;
    const char *written = text_at(object, name);
    if (th_instant_parse(written, strlen(written), &instant) != 0)
        return written;
    return th_instant_format_spoken(instant, text);
}

static const struct th_audit_word parts[] = {
    {"received", "số báo cáo"},  {"on_time", "đúng hạn"},
    {"late", "trễ hạn"},         {"undecided", "chưa xét hạn"},
    {"estimated", "có số ước"},  {"reported", "số báo cáo có số này"},
    {"value", "tổng hợp"},       {"average", "trung bình"},
    {"min", "nhỏ nhất"},         {"max", "lớn nhất"},
    {"count", "số đơn vị chọn"}, {"on_behalf", "nhập hộ"},
};

/* "TCD01, tổng hợp", "đúng hạn", "XL, số đơn vị chọn “tốt”". */
static void print_total_name(const json_t *total, FILE *out)
{
    const json_t *indicator = json_object_get(total, "indicator");
    if (json_is_string(indicator))
        (void)fprintf(out, "%s, ", json_string_value(indicator));
    (void)fputs(TH_AUDIT_TRANSLATE(parts, text_at(total, "part")), out);
    if (json_object_get(total, "word") != NULL)
        (void)fprintf(out, " “%s”", text_at(total, "word"));
}

/* How many reports have a figure is said by the figures themselves. */
static bool is_told(const json_t *total)
{
    return strcmp(text_at(total, "part"), "reported") != 0;
}

static void print_figure(const json_t *figure, FILE *out)
{
    const json_t *before = json_object_get(figure, "before"),
                 *after = json_object_get(figure, "after");
    if (json_is_true(json_object_get(figure, "text")))
        (void)fprintf(out, "    %s: lời văn %s\n", text_at(figure, "indicator"),
                      json_is_null(before)  ? "được thêm"
                      : json_is_null(after) ? "được bỏ"
                                            : "đổi");
    else
        (void)fprintf(out, "    %s: %s → %s\n", text_at(figure, "indicator"),
                      text_at(figure, "before"), text_at(figure, "after"));
}

static void print_change_head(const json_t *change, FILE *out)
{
    char time[TH_SPOKEN_TEXT_SIZE];
    const char *kind = text_at(change, "kind");
    (void)fprintf(out, "\n#%lld  %s  %s (%s)", th_audit_number(change, "position"),
                  spoken(change, "time", time), text_at(change, "name"), text_at(change, "unit"));
    if (th_audit_number(change, "number") > 0)
        (void)fprintf(out, ", báo cáo số %lld", th_audit_number(change, "number"));
    if (strcmp(kind, "judged") == 0) {
        (void)fprintf(out, ": đã xét hạn: %s → %s\n",
                      th_audit_timeliness_text(text_at(change, "timeliness_before")),
                      th_audit_timeliness_text(text_at(change, "timeliness")));
        return;
    }
    (void)fprintf(out, ": %s, lần %lld, %s%s\n",
                  strcmp(kind, "new") == 0 ? "báo cáo mới" : "sửa báo cáo",
                  th_audit_number(change, "revision"),
                  th_audit_timeliness_text(text_at(change, "timeliness")),
                  json_is_true(json_object_get(change, "readmitted"))
                      ? ", nhận lại theo biên nhận của nhật ký cũ"
                      : "");
}

static void print_change(const json_t *change, FILE *out)
{
    size_t i;
    const json_t *line, *figures = json_object_get(change, "figures");
    const json_t *effects = json_object_get(change, "effects");
    print_change_head(change, out);
    json_array_foreach(figures, i, line) print_figure(line, out);
    if (json_array_size(figures) == 0 && strcmp(text_at(change, "kind"), "judged") != 0)
        (void)fputs("    không số nào đổi\n", out);
    json_array_foreach(effects, i, line)
    {
        if (!is_told(line))
            continue;
        (void)fputs("      ", out);
        print_total_name(line, out);
        (void)fprintf(out, ": %s → %s (%s)\n", text_at(line, "before"), text_at(line, "after"),
                      text_at(line, "effect"));
    }
}

static void print_obligation(const json_t *obligation, FILE *out)
{
    size_t i;
    const json_t *line, *changes = json_object_get(obligation, "changes");
    const char *period = text_at(obligation, "period");
    (void)fprintf(out, "\n%s · %s%s%s · %s (%s): %zu thay đổi\n", text_at(obligation, "plan"),
                  text_at(obligation, "obligation"), period[0] == '\0' ? "" : " · kỳ ", period,
                  text_at(obligation, "name"), text_at(obligation, "unit"),
                  json_array_size(changes));
    json_array_foreach(changes, i, line) print_change(line, out);
    (void)fputs("\nChênh lệch, và các tác động cộng lại:\n", out);
    json_array_foreach(json_object_get(obligation, "totals"), i, line)
    {
        if (!is_told(line))
            continue;
        (void)fputs("    ", out);
        print_total_name(line, out);
        (void)fprintf(out, ": %s → %s (%s; cộng lại %s)\n", text_at(line, "from"),
                      text_at(line, "to"), text_at(line, "difference"), text_at(line, "effects"));
    }
    const json_t *checks = json_object_get(obligation, "checks");
    (void)fprintf(out, "Kiểm tra: %s; %s.\n",
                  json_is_true(json_object_get(checks, "effects_add_up"))
                      ? "các tác động cộng lại bằng chênh lệch"
                      : "CÁC TÁC ĐỘNG CỘNG LẠI KHÔNG BẰNG CHÊNH LỆCH",
                  json_is_true(json_object_get(checks, "end_is_as_of"))
                      ? "kết quả cuối bằng số liệu của thời điểm sau"
                      : "KẾT QUẢ CUỐI KHÁC SỐ LIỆU CỦA THỜI ĐIỂM SAU");
}

void th_diff_print(const json_t *answer, FILE *out)
{
    char from[TH_SPOKEN_TEXT_SIZE], to[TH_SPOKEN_TEXT_SIZE];
    size_t i;
    const json_t *obligation, *obligations = json_object_get(answer, "obligations");
    (void)fprintf(out, "Từ %s (sau %lld bản ghi) tới %s (sau %lld bản ghi)\n",
                  spoken(answer, "from", from), th_audit_number(answer, "position_from"),
                  spoken(answer, "to", to), th_audit_number(answer, "position_to"));
    if (json_array_size(obligations) == 0)
        (void)fputs("Không báo cáo nào đổi.\n", out);
    json_array_foreach(obligations, i, obligation) print_obligation(obligation, out);
}
