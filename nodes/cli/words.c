/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/words.h"

#include "base/options.h"
#include "base/text.h"
#include "proto/form/form.h"
#include "proto/tlog/hash.h"

#include <inttypes.h>
#include <string.h>

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

static void print_reasons(const struct th_outbox_reason *reasons, size_t count, const char *label,
                          FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct th_outbox_reason *reason = &reasons[i];
        char field[TH_FORM_SPOKEN_SIZE];
        (void)fprintf(out, "    %s: ", label);
        if (reason->field.size > 0)
            (void)fprintf(out, "[%s%s%.*s] ", th_form_field_spoken(reason->field, field),
                          reason->value.size > 0 ? " = " : "", (int)reason->value.size,
                          reason->value.size > 0 ? reason->value.bytes : "");
        (void)fprintf(out, "%.*s (%.*s)\n", (int)reason->text.size, reason->text.bytes,
                      (int)reason->rule.size, reason->rule.bytes);
    }
}

static void print_conflict(const struct th_outbox_item *item, const char *folder, FILE *out)
{
    char mine[TH_DIGEST_HEX_SIZE + 1], stored[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(&item->report_digest, mine);
    (void)fprintf(out, "    nội dung ở đây:       %s\n", mine);
    if (item->has_stored_digest) {
        th_tlog_digest_to_hex(&item->stored_digest, stored);
        (void)fprintf(out, "    nội dung nơi nhận có: %s\n", stored);
    }
    (void)fprintf(out,
                  "    nơi nhận đã có lần %" PRIu32
                  " với nội dung khác: máy khác của đơn vị đã nộp, hoặc nơi nhận nhập hộ\n",
                  item->revision);
    if (item->next_revision > 0 && folder != NULL)
        (void)fprintf(out,
                      "    cách sửa: nếu bản ở đây mới đúng, nộp nó làm bản sửa: " TH_CLI_PROGRAM
                      " submit %s TỆP --as-revision %" PRIu32 "; nếu không thì không phải làm gì\n",
                      folder, item->next_revision);
}

/* Whether one of the reasons is that one. */
static bool is_for(const struct th_outbox_detail *detail, enum th_reason_code code)
{
    const char *word = th_reason_word(code);
    for (size_t i = 0; i < detail->reasons_count; i++) {
        struct th_text rule = detail->reasons[i].rule;
        if (rule.size == strlen(word) && memcmp(rule.bytes, word, rule.size) == 0)
            return true;
    }
    return false;
}

/* What no change of the form helps against comes first. */
static void print_way_out(const struct th_outbox_item *item, const struct th_outbox_detail *detail,
                          const char *folder, FILE *out)
{
    static const enum th_reason_code of_the_province[] = {
        TH_REASON_KEY,          TH_REASON_UNIT,      TH_REASON_MODE,
        TH_REASON_REALM,        TH_REASON_SUSPENDED, TH_REASON_ACCEPTANCE_CLOSED,
        TH_REASON_NOT_EXPECTED,
    };
    static const enum th_reason_code of_the_plan[] = {
        TH_REASON_PLAN, TH_REASON_PLAN_VERSION, TH_REASON_OBLIGATION, TH_REASON_UNKNOWN_INDICATOR,
        TH_REASON_TASK, TH_REASON_NOT_ASKED,
    };
    for (size_t i = 0; i < sizeof of_the_province / sizeof of_the_province[0]; i++)
        if (is_for(detail, of_the_province[i])) {
            (void)fputs("    cách sửa: gọi cho nơi nhận; sửa biểu không giúp được\n", out);
            return;
        }
    for (size_t i = 0; i < sizeof of_the_plan / sizeof of_the_plan[0]; i++)
        if (is_for(detail, of_the_plan[i])) {
            (void)fprintf(out,
                          "    cách sửa: nhận kế hoạch mới bằng " TH_CLI_PROGRAM
                          " run %s --until-idle, lập lại biểu (template), điền rồi nộp lại\n",
                          folder);
            return;
        }
    if (item->next_revision > 0)
        (void)fprintf(out,
                      "    cách sửa: nơi nhận chờ lần %" PRIu32 "; nộp lại: " TH_CLI_PROGRAM
                      " submit %s TỆP --as-revision %" PRIu32 "\n",
                      item->next_revision, folder, item->next_revision);
    else
        (void)fprintf(out,
                      "    cách sửa: sửa biểu, thử bằng " TH_CLI_PROGRAM
                      " check %s TỆP, rồi nộp lại, vẫn là lần %" PRIu32 "\n",
                      folder, item->revision);
}

void th_words_print_answer(const struct th_outbox_item *item, const struct th_outbox_detail *detail,
                           const char *folder, FILE *out)
{
    char text[TH_TEXT_WORD_SIZE];
    if (folder != NULL)
        folder = th_text_word(folder, text);
    print_reasons(detail->reasons, detail->reasons_count, "lý do", out);
    print_reasons(detail->warnings, detail->warnings_count, "lưu ý", out);
    if (item->state == TH_ITEM_CONFLICT)
        print_conflict(item, folder, out);
    else if (item->state == TH_ITEM_REJECTED && folder != NULL)
        print_way_out(item, detail, folder, out);
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
