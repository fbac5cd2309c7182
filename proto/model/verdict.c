/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/verdict.h"

#include "base/assert.h"

#include <string.h>

static const struct {
    const char *word;
    const char *text;
} codes[TH_REASON_COUNT] = {
#define XX(name, word, text) [TH_REASON_##name] = {word, text},
    TH_REASON_MAP(XX)
#undef XX
};

const char *th_verdict_word(enum th_verdict verdict)
{
    switch (verdict) {
    case TH_VERDICT_ACCEPTED:
        return "accepted";
    case TH_VERDICT_DUPLICATE:
        return "duplicate";
    case TH_VERDICT_CONFLICT:
        return "conflict";
    case TH_VERDICT_REJECTED:
        break;
    }
    TH_ASSERT(verdict == TH_VERDICT_REJECTED);
    return "rejected";
}

const char *th_timeliness_word(enum th_timeliness timeliness)
{
    switch (timeliness) {
    case TH_TIMELINESS_ON_TIME:
        return "on_time";
    case TH_TIMELINESS_LATE:
        return "late";
    case TH_TIMELINESS_UNDECIDED:
        return "undecided";
    case TH_TIMELINESS_UNDATED:
        break;
    }
    TH_ASSERT(timeliness == TH_TIMELINESS_UNDATED);
    return "undated";
}

const char *th_reason_word(enum th_reason_code code)
{
    TH_ASSERT(code < TH_REASON_COUNT);
    return codes[code].word;
}

const char *th_reason_text(enum th_reason_code code)
{
    TH_ASSERT(code < TH_REASON_COUNT);
    return codes[code].text;
}

/* Cuts between characters, so that accepted text stays accepted text. */
static void copy_shortened(char *to, size_t to_size, const char *text)
{
    size_t size = strlen(text);
    if (size >= to_size) {
        size = to_size - 1;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
            size--;
    }
    memcpy(to, text, size);
    to[size] = 0;
}

void th_reasons_add(struct th_reasons *reasons, const char *field, const char *value,
                    const char *rule, const char *text)
{
    if (reasons->count == TH_REASONS_MAX) {
        reasons->dropped++;
        return;
    }
    struct th_reason *reason = &reasons->items[reasons->count++];
    copy_shortened(reason->field, sizeof reason->field, field);
    copy_shortened(reason->value, sizeof reason->value, value);
    reason->rule = rule;
    reason->text = text;
}

void th_reasons_add_code(struct th_reasons *reasons, const char *field, const char *value,
                         enum th_reason_code code)
{
    th_reasons_add(reasons, field, value, th_reason_word(code), th_reason_text(code));
}
