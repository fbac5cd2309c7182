/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/findings.h"

#include <stdarg.h>
#include <string.h>

static const char *const words[] = {
#define XX(name, word, text) word,
    TH_FINDING_MAP(XX)
#undef XX
};

static const char *const labels[] = {
#define XX(name, word, text) text,
    TH_FINDING_MAP(XX)
#undef XX
};

/* Drops what is left of a character at the end of a text that was cut. */
static void mend_end(char *text, size_t size)
{
    size_t at = strlen(text);
    if (at + 1 < size)
        return;
    while (at > 0 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    text[at > 0 ? at - 1 : 0] = '\0';
}

void th_findings_add(struct th_findings *findings, enum th_finding_kind kind, uint64_t position,
                     const char *format, ...)
{
    struct th_finding finding = {.kind = kind, .position = position};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding.text, sizeof finding.text, format, arguments);
    va_end(arguments);
    mend_end(finding.text, sizeof finding.text);
    if (findings->total == 0 || position < findings->first.position)
        findings->first = finding;
    findings->total++;
    findings->counts[kind]++;
    if (findings->items_count < TH_FINDINGS_MAX)
        findings->items[findings->items_count++] = finding;
}

void th_findings_remark(struct th_findings *findings, const char *text)
{
    if (findings->remarks_count == TH_REMARKS_MAX)
        return;
    char *remark = findings->remarks[findings->remarks_count++];
    (void)snprintf(remark, TH_FINDING_TEXT_SIZE, "%s", text);
    mend_end(remark, TH_FINDING_TEXT_SIZE);
}

static json_t *finding_json(const struct th_finding *finding)
{
    json_t *position = finding->position == TH_FINDING_NO_POSITION
                           ? json_null()
                           : json_integer((json_int_t)finding->position);
    return json_pack("{s:s,s:o,s:s}", "kind", words[finding->kind], "position", position, "text",
                     finding->text);
}

json_t *th_findings_json(const struct th_findings *findings)
{
    json_t *counts = json_object(), *items = json_array();
    for (int kind = 0; kind < TH_FINDING_COUNT; kind++)
        if (findings->counts[kind] > 0)
            json_object_set_new(counts, words[kind],
                                json_integer((json_int_t)findings->counts[kind]));
    for (size_t i = 0; i < findings->items_count; i++)
        json_array_append_new(items, finding_json(&findings->items[i]));
    return json_pack("{s:I,s:o,s:o,s:o}", "total", (json_int_t)findings->total, "first",
                     findings->total == 0 ? json_null() : finding_json(&findings->first), "counts",
                     counts, "items", items);
}

json_t *th_remarks_json(const struct th_findings *findings)
{
    json_t *remarks = json_array();
    for (size_t i = 0; i < findings->remarks_count; i++)
        json_array_append_new(remarks, json_string(findings->remarks[i]));
    return remarks;
}

static void print_one(const struct th_finding *finding, FILE *out)
{
    if (finding->position == TH_FINDING_NO_POSITION)
        (void)fprintf(out, "  %s: %s\n", labels[finding->kind], finding->text);
    else
        (void)fprintf(out, "  #%llu %s: %s\n", (unsigned long long)finding->position,
                      labels[finding->kind], finding->text);
}

void th_findings_print(const struct th_findings *findings, FILE *out)
{
    for (size_t i = 0; i < findings->remarks_count; i++)
        (void)fprintf(out, "Lưu ý: %s\n", findings->remarks[i]);
    if (findings->total == 0)
        return;
    (void)fputs("Chỗ sai đầu tiên:\n", out);
    print_one(&findings->first, out);
    (void)fputs("Theo loại:\n", out);
    for (int kind = 0; kind < TH_FINDING_COUNT; kind++)
        if (findings->counts[kind] > 0)
            (void)fprintf(out, "  %s: %llu\n", labels[kind],
                          (unsigned long long)findings->counts[kind]);
    (void)fprintf(out, "%s\n",
                  findings->total > findings->items_count ? "Những chỗ thấy trước:" : "Từng chỗ:");
    for (size_t i = 0; i < findings->items_count; i++)
        print_one(&findings->items[i], out);
}
