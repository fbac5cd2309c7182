/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/facts.h"

#include "nodes/cli/words.h"
#include "nodes/home/home.h"
#include "proto/tlog/hash.h"

#include <inttypes.h>
#include <string.h>

static const char *verdict_text(enum th_verdict verdict)
{
    switch (verdict) {
    case TH_VERDICT_ACCEPTED:
        return "đã nhận";
    case TH_VERDICT_DUPLICATE:
        return "đã nhận từ trước (gửi lặp lại)";
    case TH_VERDICT_CONFLICT:
        return "không nhận: khác nội dung đã nhận";
    case TH_VERDICT_REJECTED:
        return "không nhận: bị từ chối";
    }
    return "";
}

static const struct th_unit *find_unit(const struct th_facts *facts)
{
    char code[TH_UNIT_CODE_MAX + 1];
    const struct th_leaf *leaf = &facts->receipt->leaf;
    if (facts->units == NULL || leaf->unit.size == 0 || leaf->unit.size > TH_UNIT_CODE_MAX)
        return NULL;
    memcpy(code, leaf->unit.bytes, leaf->unit.size);
    code[leaf->unit.size] = '\0';
    return th_home_find_unit(facts->units, code, th_day_of_instant(leaf->time));
}

static void print_judgement(const struct th_judgement *judgement, const char *title, FILE *out)
{
    char hex[TH_DIGEST_HEX_SIZE + 1], first[TH_SPOKEN_TEXT_SIZE], due[TH_SPOKEN_TEXT_SIZE];
    th_tlog_digest_to_hex(&judgement->report_digest, hex);
    (void)fprintf(out, "  báo cáo    %.*s", (int)judgement->obligation.size,
                  judgement->obligation.bytes);
    if (judgement->number > 0)
        (void)fprintf(out, " số %" PRIu32, judgement->number);
    (void)fprintf(out, ", lần %" PRIu32 ": %s\n", judgement->revision,
                  verdict_text(judgement->verdict));
    if (title != NULL)
        (void)fprintf(out, "             %s\n", title);
    (void)fprintf(out, "  nội dung   SHA-256 %s\n", hex);
    if (!judgement->accepted)
        return;
    if (judgement->has_received)
        (void)fprintf(out, "  sổ trước   nhận bản này %s; sổ này nhận lại\n",
                      th_instant_format_spoken(judgement->received, first));
    (void)fprintf(out, "  nhận lần 1 %s: %s\n",
                  th_instant_format_spoken(judgement->first_received, first),
                  th_timeliness_text(judgement->timeliness));
    if (judgement->has_due)
        (void)fprintf(out, "  hạn        trước %s\n",
                      th_instant_format_spoken(judgement->due, due));
}

void th_facts_print(const struct th_facts *facts, FILE *out)
{
    const struct th_leaf *leaf = &facts->receipt->leaf;
    const struct th_unit *unit = find_unit(facts);
    char time[TH_SPOKEN_TEXT_SIZE];
    if (leaf->mode == TH_MODE_REHEARSAL)
        (void)fprintf(out, "DIỄN TẬP: biên nhận này không có giá trị với báo cáo thật.\n");
    (void)fprintf(out, "Biên nhận chứng minh:\n  đơn vị     %.*s", (int)leaf->unit.size,
                  leaf->unit.size == 0 ? "" : leaf->unit.bytes);
    if (unit != NULL)
        (void)fprintf(out, " (%s%s%s)", th_unit_kind_prefix(unit->kind),
                      th_unit_kind_prefix(unit->kind)[0] == '\0' ? "" : " ", unit->name);
    (void)fprintf(out, "\n  nhận lúc   %s%s\n", th_instant_format_spoken(leaf->time, time),
                  leaf->clock == TH_CLOCK_SUSPECT ? " (đồng hồ nơi nhận đang được kiểm tra)" : "");
    if (leaf->operator.size> 0)
        (void)fprintf(out, "  nhập hộ    bởi %.*s; không có chữ ký của đơn vị\n",
                      (int)leaf->operator.size, leaf->operator.bytes);
    (void)fprintf(out, "  ghi tại    vị trí %" PRIu64 " của nhật ký %s (%" PRIu64 " mục đã ký)\n",
                  leaf->position, facts->receipt->checkpoint.origin,
                  facts->receipt->checkpoint.size);
    for (size_t i = 0; i < leaf->judgements_count; i++)
        if (facts->only == NULL || facts->only == &leaf->judgements[i])
            print_judgement(&leaf->judgements[i], facts->title, out);
}

static json_t *judgement_json(const struct th_judgement *judgement)
{
    json_t *object = json_object();
    int failed =
        json_object_set_new(object, "obligation", th_words_json_text(judgement->obligation));
    failed |= json_object_set_new(object, "number", json_integer(judgement->number));
    failed |= json_object_set_new(object, "revision", json_integer(judgement->revision));
    failed |=
        json_object_set_new(object, "digest", th_words_json_digest(&judgement->report_digest));
    failed |=
        json_object_set_new(object, "verdict", json_string(th_verdict_word(judgement->verdict)));
    if (judgement->accepted) {
        failed |= json_object_set_new(object, "first_received",
                                      th_words_json_instant(judgement->first_received));
        failed |= json_object_set_new(object, "timeliness",
                                      json_string(th_timeliness_word(judgement->timeliness)));
        if (judgement->has_received)
            failed |=
                json_object_set_new(object, "received", th_words_json_instant(judgement->received));
        if (judgement->has_due)
            failed |= json_object_set_new(object, "due", th_words_json_instant(judgement->due));
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

json_t *th_facts_json(const struct th_facts *facts)
{
    const struct th_leaf *leaf = &facts->receipt->leaf;
    json_t *object = json_object(), *reports = json_array();
    int failed = json_object_set_new(
        object, "mode", json_string(leaf->mode == TH_MODE_LIVE ? "live" : "rehearsal"));
    failed |= json_object_set_new(object, "unit", th_words_json_text(leaf->unit));
    failed |= json_object_set_new(object, "received_at", th_words_json_instant(leaf->time));
    if (leaf->operator.size> 0)
        failed |= json_object_set_new(object, "on_behalf", th_words_json_text(leaf->operator));
    failed |= json_object_set_new(object, "log", json_string(facts->receipt->checkpoint.origin));
    failed |= json_object_set_new(object, "position", json_integer((json_int_t)leaf->position));
    failed |= json_object_set_new(object, "size",
                                  json_integer((json_int_t)facts->receipt->checkpoint.size));
    for (size_t i = 0; i < leaf->judgements_count; i++)
        if (facts->only == NULL || facts->only == &leaf->judgements[i])
            failed |= json_array_append_new(reports, judgement_json(&leaf->judgements[i]));
    failed |= json_object_set_new(object, "reports", reports);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

/* ---- a refusal ---- */

void th_facts_print_refusal(const struct th_refusal *refusal, const struct th_refusal_line *only,
                            FILE *out)
{
    char hex[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(&refusal->header_digest, hex);
    (void)fprintf(out, "Giấy từ chối chứng minh:\n  nơi nhận   %s\n  lần gửi    SHA-256 %s\n",
                  refusal->key->vkey.name, hex);
    for (size_t i = 0; i < refusal->lines_count; i++) {
        const struct th_refusal_line *line = &refusal->lines[i];
        if (only != NULL && only != line)
            continue;
        th_tlog_digest_to_hex(&line->report_digest, hex);
        (void)fprintf(out, "  nội dung   SHA-256 %s\n             %s%s%.*s%s\n", hex,
                      verdict_text(line->verdict), line->rules.size > 0 ? " (" : "",
                      (int)line->rules.size, line->rules.bytes, line->rules.size > 0 ? ")" : "");
    }
}

/* NULL without memory. */
static json_t *rules_json(struct th_text rules)
{
    json_t *list = json_array();
    int failed = 0;
    while (rules.size > 0) {
        const char *comma = memchr(rules.bytes, ',', rules.size);
        size_t size = comma == NULL ? rules.size : (size_t)(comma - rules.bytes);
        size_t taken = comma == NULL ? size : size + 1;
        failed |= json_array_append_new(list, json_stringn(rules.bytes, size));
        rules = (struct th_text){rules.bytes + taken, rules.size - taken};
    }
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *line_json(const struct th_refusal_line *line)
{
    json_t *object = json_object();
    int failed = json_object_set_new(object, "digest", th_words_json_digest(&line->report_digest));
    failed |= json_object_set_new(object, "verdict", json_string(th_verdict_word(line->verdict)));
    failed |= json_object_set_new(object, "rules", rules_json(line->rules));
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

json_t *th_facts_refusal_json(const struct th_refusal *refusal, const struct th_refusal_line *only)
{
    json_t *object = json_object(), *reports = json_array();
    int failed = json_object_set_new(object, "log", json_string(refusal->key->vkey.name));
    failed |=
        json_object_set_new(object, "header_digest", th_words_json_digest(&refusal->header_digest));
    for (size_t i = 0; i < refusal->lines_count; i++)
        if (only == NULL || only == &refusal->lines[i])
            failed |= json_array_append_new(reports, line_json(&refusal->lines[i]));
    failed |= json_object_set_new(object, "reports", reports);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}
