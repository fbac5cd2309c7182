/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/words.h"

#include <string.h>

const char *th_audit_translate(const struct th_audit_word *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].text;
    return word;
}

long long th_audit_number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

const char *th_audit_timeliness_text(const char *word)
{
    static const struct th_audit_word timeliness[] = {
        {"on_time", "đúng hạn"},
        {"late", "trễ hạn"},
        {"undecided", "chưa xét hạn"},
        {"undated", "không có hạn"},
    };
    return TH_AUDIT_TRANSLATE(timeliness, word);
}
