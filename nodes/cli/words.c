/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/words.h"

#include "proto/tlog/hash.h"

const char *th_timeliness_text(enum th_timeliness timeliness)
{
    switch (timeliness) {
    case TH_TIMELINESS_ON_TIME:
        return "đúng hạn";
    case TH_TIMELINESS_LATE:
        return "trễ";
    case TH_TIMELINESS_UNDECIDED:
        return "chưa kết luận đúng hạn hay trễ (đồng hồ nơi nhận đang được kiểm tra)";
    case TH_TIMELINESS_UNDATED:
        return "nghĩa vụ không có hạn";
    }
    return "";
}

void th_words_print_reasons(const struct th_outbox_reason *reasons, size_t count, const char *label,
                            FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct th_outbox_reason *reason = &reasons[i];
        (void)fprintf(out, "    %s: ", label);
        if (reason->field.size > 0)
            (void)fprintf(out, "[%.*s%s%.*s] ", (int)reason->field.size, reason->field.bytes,
                          reason->value.size > 0 ? " = " : "", (int)reason->value.size,
                          reason->value.size > 0 ? reason->value.bytes : "");
        (void)fprintf(out, "%.*s (%.*s)\n", (int)reason->text.size, reason->text.bytes,
                      (int)reason->rule.size, reason->rule.bytes);
    }
}

json_t *th_words_json_text(struct th_text text)
{
    return json_stringn(text.size == 0 ? "" : text.bytes, text.size);
}

json_t *th_words_json_digest(const struct th_digest *digest)
{
    char hex[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(digest, hex);
    return json_string(hex);
}

json_t *th_words_json_instant(th_instant instant)
{
    char text[TH_INSTANT_TEXT_SIZE];
    return json_string(th_instant_format(instant, text));
}

json_t *th_words_json_reasons(const struct th_outbox_reason *reasons, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        json_t *reason = json_object();
        int failed = json_object_set_new(reason, "field", th_words_json_text(reasons[i].field));
        failed |= json_object_set_new(reason, "value", th_words_json_text(reasons[i].value));
        failed |= json_object_set_new(reason, "rule", th_words_json_text(reasons[i].rule));
        failed |= json_object_set_new(reason, "text", th_words_json_text(reasons[i].text));
        failed |= json_array_append_new(list, reason);
        if (failed) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static int add_answer(json_t *object, const struct th_outbox_item *item)
{
    int failed = 0;
    if (item->has_position) {
        failed |= json_object_set_new(object, "position", json_integer((json_int_t)item->position));
        failed |=
            json_object_set_new(object, "received_at", th_words_json_instant(item->received_at));
    }
    if (item->is_readmitted) {
        failed |= json_object_set_new(object, "readmitted_position",
                                      json_integer((json_int_t)item->again_position));
        failed |=
            json_object_set_new(object, "readmitted_at", th_words_json_instant(item->again_at));
    }
    if (item->has_timeliness) {
        failed |= json_object_set_new(object, "first_received",
                                      th_words_json_instant(item->first_received));
        failed |= json_object_set_new(object, "timeliness",
                                      json_string(th_timeliness_word(item->timeliness)));
    }
    if (item->has_due)
        failed |= json_object_set_new(object, "due", th_words_json_instant(item->due));
    if (item->has_stored_digest)
        failed |= json_object_set_new(object, "stored_digest",
                                      th_words_json_digest(&item->stored_digest));
    if (item->next_revision > 0)
        failed |= json_object_set_new(object, "next_revision", json_integer(item->next_revision));
    return failed;
}

json_t *th_words_json_item(const struct th_outbox_item *item)
{
    json_t *object = json_object();
    int failed = json_object_set_new(object, "id", json_integer((json_int_t)item->id));
    failed |= json_object_set_new(object, "plan", json_string(item->plan));
    failed |= json_object_set_new(object, "obligation", json_string(item->obligation));
    failed |= json_object_set_new(object, "number", json_integer(item->number));
    failed |= json_object_set_new(object, "revision", json_integer(item->revision));
    failed |= json_object_set_new(object, "digest", th_words_json_digest(&item->report_digest));
    failed |= json_object_set_new(object, "state", json_string(th_item_state_word(item->state)));
    failed |= json_object_set_new(object, "attempts", json_integer(item->attempts));
    failed |= json_object_set_new(object, "queued_at", th_words_json_instant(item->queued_at));
    failed |= json_object_set_new(object, "changed_at", th_words_json_instant(item->changed_at));
    if (item->is_frozen)
        failed |= json_object_set_new(object, "header_digest",
                                      th_words_json_digest(&item->header_digest));
    failed |= add_answer(object, item);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}
