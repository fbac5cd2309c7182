/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/entry_line.h"

#include "aggregator/audit/words.h"

#include <string.h>

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static const struct th_audit_word verdicts[] = {
    {"accepted", "nhận"},
    {"duplicate", "trùng"},
    {"conflict", "mâu thuẫn với bản đã nhận"},
    {"rejected", "từ chối"},
};
static const struct th_audit_word kinds[] = {
    {"founded", "lập kho"},
    {"units", "đơn vị"},
    {"plan", "kế hoạch"},
    {"enrolled", "ghi danh khóa"},
    {"revoked", "thu hồi khóa"},
    {"submission", "báo cáo"},
    {"reminder", "nhắc hạn"},
    {"closing", "chốt tại hạn"},
    {"clock", "đồng hồ"},
    {"rotated", "đổi khóa nhật ký"},
    {"recovered", "khôi phục"},
    {"recovery_ended", "kết thúc khôi phục"},
    {"readmitted", "nhận lại báo cáo"},
    {"entered", "báo cáo nhập hộ"},
};
static const struct th_audit_word changes[] = {
    {"rehearsed", "chỉnh giờ diễn tập tới"},
    {"doubted", "nghi ngờ giờ máy"},
    {"settled", "giờ máy đúng lại"},
    {"accepted", "xác nhận giờ máy"},
};

static void print_remarks(const json_t *report, const char *name, const char *word, FILE *out)
{
    size_t i;
    const json_t *remark;
    json_array_foreach(json_object_get(report, name), i, remark)
    {
        const char *field = text_at(remark, "field"), *value = text_at(remark, "value");
        (void)fprintf(out, "; %s %s", word, text_at(remark, "rule"));
        if (field[0] != '\0')
            (void)fprintf(out, " (%s%s%s)", field, value[0] == '\0' ? "" : " = ", value);
    }
}

static void print_report(const json_t *report, FILE *out)
{
    long long number = th_audit_number(report, "number");
    (void)fprintf(out, "%s", text_at(report, "obligation"));
    if (number > 0)
        (void)fprintf(out, " số %lld", number);
    (void)fprintf(out, " lần %lld: %s", th_audit_number(report, "revision"),
                  TH_AUDIT_TRANSLATE(verdicts, text_at(report, "verdict")));
    const char *word = text_at(report, "timeliness");
    if (word[0] != '\0')
        (void)fprintf(out, ", %s", th_audit_timeliness_text(word));
    if (text_at(report, "received")[0] != '\0')
        (void)fprintf(out, ", nhật ký cũ đã nhận lúc %s", text_at(report, "received"));
    print_remarks(report, "reasons", "vì", out);
    print_remarks(report, "warnings", "lưu ý", out);
}

/* The paper that it was entered from. */
static void print_reference(const json_t *object, FILE *out)
{
    if (text_at(object, "reference")[0] != '\0')
        (void)fprintf(out, "  [theo văn bản %s]", text_at(object, "reference"));
}

static void print_submission(const json_t *object, FILE *out)
{
    size_t i;
    const json_t *report;
    const char *plan = text_at(object, "plan");
    (void)fputs(plan, out);
    json_array_foreach(json_object_get(object, "reports"), i, report)
    {
        (void)fputs(i == 0 ? "  " : " | ", out);
        print_report(report, out);
    }
    print_reference(object, out);
}

static void print_log_keys(const json_t *object, FILE *out)
{
    size_t i;
    const json_t *key = json_object_get(object, "log_key");
    if (json_is_object(key))
        (void)fprintf(out, "khóa mới %s sau %lld lá", text_at(key, "vkey"),
                      th_audit_number(key, "after"));
    json_array_foreach(json_object_get(object, "log_keys"), i, key)
    {
        (void)fprintf(out, "%snhật ký đi tiếp với khóa %s sau %lld lá", i == 0 ? "" : "; ",
                      text_at(key, "vkey"), th_audit_number(key, "after"));
    }
}

static void print_body(const json_t *object, const char *kind, FILE *out)
{
    if (strcmp(kind, "submission") == 0 || strcmp(kind, "readmitted") == 0 ||
        strcmp(kind, "entered") == 0)
        print_submission(object, out);
    else if (strcmp(kind, "founded") == 0)
        (void)fputs(text_at(object, "realm"), out);
    else if (strcmp(kind, "units") == 0)
        (void)fprintf(out, "%lld đơn vị", th_audit_number(object, "count"));
    else if (strcmp(kind, "plan") == 0)
        (void)fprintf(out, "%s (%lld nghĩa vụ)", text_at(object, "plan"),
                      th_audit_number(object, "obligations"));
    else if (strcmp(kind, "enrolled") == 0)
        (void)fprintf(out, "khóa %s", text_at(object, "key"));
    else if (strcmp(kind, "revoked") == 0)
        (void)fprintf(out, "khóa %s, hiệu lực từ %s", text_at(object, "key"),
                      text_at(object, "effective"));
    else if (strcmp(kind, "reminder") == 0)
        (void)fprintf(out, "%s %s: còn %lld đơn vị chưa báo cáo (lần nhắc %s)",
                      text_at(object, "plan"), text_at(object, "obligation"),
                      th_audit_number(object, "missing"), text_at(object, "instant"));
    else if (strcmp(kind, "closing") == 0)
        (void)fprintf(out, "%s %s: hạn %s, đã nhận %lld trên %lld", text_at(object, "plan"),
                      text_at(object, "obligation"), text_at(object, "instant"),
                      th_audit_number(object, "received"), th_audit_number(object, "expected"));
    else if (strcmp(kind, "clock") == 0)
        (void)fprintf(out, "%s %s", TH_AUDIT_TRANSLATE(changes, text_at(object, "change")),
                      text_at(object, "to"));
    else
        print_log_keys(object, out);
}

void th_entry_print(const json_t *object, FILE *out)
{
    const char *kind = text_at(object, "kind"), *unit = text_at(object, "unit");
    const char *operator= text_at(object, "operator");
    (void)fprintf(out, "#%lld  %s%s  %s  ", th_audit_number(object, "position"),
                  text_at(object, "time"),
                  strcmp(text_at(object, "clock"), "suspect") == 0 ? " [giờ máy nghi ngờ]" : "",
                  TH_AUDIT_TRANSLATE(kinds, kind));
    if (unit[0] != '\0')
        (void)fprintf(out, "%s  ", unit);
    print_body(object, kind, out);
    if (operator[0] != '\0')
        (void)fprintf(out, "  (người thực hiện: %s)", operator);
    (void)fputc('\n', out);
}
