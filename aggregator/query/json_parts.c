/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/json_parts.h"

#include "proto/tlog/hash.h"

json_t *th_json_text(const char *text)
{
    return text[0] == 0 ? json_null() : json_string(text);
}

json_t *th_json_span(struct th_text text)
{
    return json_stringn(text.bytes == NULL ? "" : text.bytes, text.size);
}

json_t *th_json_day(th_day value)
{
    char text[TH_DAY_TEXT_SIZE];
    return json_string(th_day_format(value, text));
}

json_t *th_json_instant(th_instant value)
{
    char text[TH_INSTANT_TEXT_SIZE];
    return json_string(th_instant_format(value, text));
}

json_t *th_json_digest(const struct th_digest *digest)
{
    char hex[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(digest, hex);
    return json_string(hex);
}

json_t *th_json_append(json_t *list, json_t *item)
{
    if (list == NULL || json_array_append_new(list, item) < 0) {
        if (list == NULL)
            json_decref(item);
        json_decref(list);
        return NULL;
    }
    return list;
}

json_t *th_json_set(json_t *object, const char *key, json_t *value)
{
    if (object == NULL || json_object_set_new(object, key, value) < 0) {
        if (object == NULL)
            json_decref(value);
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *th_json_fill(json_t *object, json_t *members)
{
    const char *key;
    json_t *value;
    if (members == NULL) {
        json_decref(object);
        return NULL;
    }
    json_object_foreach(members, key, value)
    {
        if (object != NULL && json_object_get(object, key) == NULL)
            object = th_json_set(object, key, json_incref(value));
    }
    json_decref(members);
    return object;
}
