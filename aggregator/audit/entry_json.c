/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/entry_line.h"

#include "aggregator/query/json_parts.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "proto/wire/plan.h"
#include "proto/wire/submission.h"

enum { KEY_TEXT_SIZE = 45 };

/* ---- values ---- */

/* 32 bytes, as a key is written in node.pub. */
static json_t *key_of(const uint8_t bytes[32])
{
    char text[KEY_TEXT_SIZE];
    size_t length = 0;
    if (th_tlog_base64_encode(bytes, 32, sizeof text, text, &length) != 0)
        return json_null();
    return json_stringn(text, length);
}

static void put(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

/* ---- what was decided ---- */

static json_t *judgement_of(const struct th_judgement *judgement)
{
    json_t *object = json_pack(
        "{s:o,s:I,s:I,s:o,s:s}", "obligation", th_json_span(judgement->obligation), "number",
        (json_int_t)judgement->number, "revision", (json_int_t)judgement->revision, "sha256",
        th_json_digest(&judgement->report_digest), "verdict", th_verdict_word(judgement->verdict));
    if (judgement->accepted) {
        put(object, "first_received", th_json_instant(judgement->first_received));
        put(object, "due", judgement->has_due ? th_json_instant(judgement->due) : json_null());
        put(object, "timeliness", json_string(th_timeliness_word(judgement->timeliness)));
    }
    if (judgement->has_received)
        put(object, "received", th_json_instant(judgement->received));
    return object;
}

/* Warnings and reasons stand in the report that they are about. */
static json_t *reports_of(const struct th_decision *decision)
{
    json_t *list = json_array();
    for (size_t i = 0; i < decision->judgements_count; i++) {
        json_t *report = judgement_of(&decision->judgements[i]);
        json_t *warnings = json_array(), *reasons = json_array();
        for (size_t j = 0; j < decision->remarks_count; j++) {
            const struct th_remark *remark = &decision->remarks[j];
            if (remark->report == i)
                (void)json_array_append_new(
                    remark->refused ? reasons : warnings,
                    json_pack("{s:o,s:o,s:o}", "rule", th_json_span(remark->rule), "field",
                              th_json_span(remark->field), "value", th_json_span(remark->value)));
        }
        put(report, "warnings", warnings);
        put(report, "reasons", reasons);
        (void)json_array_append_new(list, report);
    }
    return list;
}

static int add_submission(const struct th_stored_entry *entry, struct th_bytes bytes,
                          struct th_arena *arena, json_t *object)
{
    struct th_submission submission;
    struct th_decision decision;
    int status = th_wire_submission_decode_trusted(bytes, arena, &submission);
    if (status == 0)
        status = th_wire_decision_decode(entry->decision, arena, &decision);
    if (status != 0)
        return status;
    if (submission.header.reports_count > 0)
        put(object, "plan", th_json_span(submission.reports[0].plan));
    put(object, "realm", th_json_span(submission.header.realm));
    put(object, "key", key_of(submission.header.key.bytes));
    put(object, "prepared", th_json_instant(submission.header.prepared));
    put(object, "header_sha256", th_json_digest(&submission.header_digest));
    put(object, "reports", reports_of(&decision));
    return 0;
}

static int add_entered(const struct th_stored_entry *entry, struct th_arena *arena, json_t *object)
{
    struct th_entering entering;
    struct th_report report;
    struct th_decision decision;
    int status = th_wire_entering_decode(entry->body, arena, &entering);
    if (status == 0)
        status = th_wire_report_decode(entering.report, arena, &report);
    if (status == 0)
        status = th_wire_decision_decode(entry->decision, arena, &decision);
    if (status != 0)
        return status;
    put(object, "plan", th_json_span(report.plan));
    put(object, "on_behalf", json_true());
    put(object, "operator", th_json_span(entering.operator));
    put(object, "reference", th_json_span(entering.reference));
    put(object, "reports", reports_of(&decision));
    return 0;
}

/* ---- the other kinds ---- */

static int add_founding(struct th_bytes body, struct th_arena *arena, json_t *object)
{
    struct th_founding founding;
    int status = th_wire_founding_decode(body, arena, &founding);
    if (status != 0)
        return status;
    put(object, "realm", th_json_span(founding.realm));
    put(object, "log_key", key_of(founding.log_key));
    put(object, "operator", th_json_span(founding.operator));
    return 0;
}

static int add_definitions(const struct th_stored_entry *entry, struct th_arena *arena,
                           json_t *object)
{
    struct th_unit *units;
    struct th_plan plan;
    struct th_digest digest;
    uint32_t count = 0;
    int status = entry->kind == TH_ENTRY_UNITS
                     ? th_wire_units_decode(entry->body, arena, &units, &count)
                     : th_wire_plan_decode(entry->body, arena, &plan);
    if (status != 0)
        return status;
    if (entry->kind == TH_ENTRY_UNITS) {
        put(object, "count", json_integer((json_int_t)count));
    } else {
        put(object, "plan", json_string(plan.id));
        put(object, "obligations", json_integer((json_int_t)plan.obligations_count));
    }
    th_tlog_sha256(&(struct th_tlog_part){entry->body.bytes, entry->body.size}, 1, &digest);
    put(object, "sha256", th_json_digest(&digest));
    return 0;
}

static int add_key(const struct th_stored_entry *entry, struct th_arena *arena, json_t *object)
{
    if (entry->kind == TH_ENTRY_ENROLLED) {
        struct th_enrolment enrolment;
        int status = th_wire_enrolment_decode(entry->body, arena, &enrolment);
        if (status != 0)
            return status;
        put(object, "unit", th_json_span(enrolment.unit));
        put(object, "key", key_of(enrolment.sign_key.bytes));
        put(object, "operator", th_json_span(enrolment.operator));
        return 0;
    }
    struct th_revocation revocation;
    int status = th_wire_revocation_decode(entry->body, arena, &revocation);
    if (status != 0)
        return status;
    put(object, "unit", th_json_span(revocation.unit));
    put(object, "key", key_of(revocation.sign_key.bytes));
    put(object, "effective", th_json_instant(revocation.effective));
    put(object, "operator", th_json_span(revocation.operator));
    return 0;
}

static int add_timer(const struct th_stored_entry *entry, struct th_arena *arena, json_t *object)
{
    struct th_reminding reminding = {0};
    struct th_closing_body closing = {0};
    bool is_closing = entry->kind == TH_ENTRY_CLOSING;
    int status = is_closing ? th_wire_closing_decode(entry->body, arena, &closing)
                            : th_wire_reminding_decode(entry->body, arena, &reminding);
    if (status != 0)
        return status;
    put(object, "plan", th_json_span(is_closing ? closing.plan : reminding.plan));
    put(object, "obligation", th_json_span(is_closing ? closing.obligation : reminding.obligation));
    put(object, "instant", th_json_instant(is_closing ? closing.instant : reminding.instant));
    if (is_closing) {
        put(object, "expected", json_integer((json_int_t)closing.expected));
        put(object, "received", json_integer((json_int_t)closing.received));
    } else {
        put(object, "missing", json_integer((json_int_t)reminding.missing));
    }
    return 0;
}

static int add_clock(struct th_bytes body, struct th_arena *arena, json_t *object)
{
    static const char *const changes[] = {
        [TH_CLOCK_REHEARSED] = "rehearsed",
        [TH_CLOCK_DOUBTED] = "doubted",
        [TH_CLOCK_SETTLED] = "settled",
        [TH_CLOCK_ACCEPTED] = "accepted",
    };
    struct th_clock_change change;
    int status = th_wire_clock_change_decode(body, arena, &change);
    if (status != 0)
        return status;
    put(object, "change", json_string(changes[change.kind]));
    put(object, "to", th_json_instant(change.to));
    if (change.operator.size> 0)
        put(object, "operator", th_json_span(change.operator));
    return 0;
}

static json_t *log_key_of(const struct th_log_key_body *key)
{
    return json_pack("{s:o,s:I,s:b}", "vkey", th_json_span(key->vkey), "after",
                     (json_int_t)key->after, "succession", (int)(key->succession.size > 0));
}

static int add_log_keys(const struct th_stored_entry *entry, struct th_arena *arena, json_t *object)
{
    struct th_rotation rotation;
    struct th_recovery recovery;
    struct th_recovery_end end;
    int status;
    if (entry->kind == TH_ENTRY_ROTATED) {
        status = th_wire_rotation_decode(entry->body, arena, &rotation);
        if (status == 0) {
            put(object, "log_key", log_key_of(&rotation.key));
            put(object, "operator", th_json_span(rotation.operator));
        }
        return status;
    }
    if (entry->kind == TH_ENTRY_RECOVERY_ENDED) {
        status = th_wire_recovery_end_decode(entry->body, arena, &end);
        if (status == 0)
            put(object, "operator", th_json_span(end.operator));
        return status;
    }
    status = th_wire_recovery_decode(entry->body, arena, &recovery);
    if (status != 0)
        return status;
    json_t *keys = json_array();
    for (size_t i = 0; i < recovery.keys_count; i++)
        (void)json_array_append_new(keys, log_key_of(&recovery.keys[i]));
    put(object, "log_keys", keys);
    put(object, "lost_checkpoint",
        recovery.checkpoint.size == 0
            ? json_null()
            : json_stringn((const char *)recovery.checkpoint.bytes, recovery.checkpoint.size));
    put(object, "operator", th_json_span(recovery.operator));
    return 0;
}

static int add_body(const struct th_stored_entry *entry, struct th_arena *arena, json_t *object)
{
    struct th_readmission readmission;
    int status;
    switch (entry->kind) {
    case TH_ENTRY_FOUNDED:
        return add_founding(entry->body, arena, object);
    case TH_ENTRY_UNITS:
    case TH_ENTRY_PLAN:
        return add_definitions(entry, arena, object);
    case TH_ENTRY_ENROLLED:
    case TH_ENTRY_REVOKED:
        return add_key(entry, arena, object);
    case TH_ENTRY_SUBMISSION:
        return add_submission(entry, entry->body, arena, object);
    case TH_ENTRY_REMINDER:
    case TH_ENTRY_CLOSING:
        return add_timer(entry, arena, object);
    case TH_ENTRY_CLOCK:
        return add_clock(entry->body, arena, object);
    case TH_ENTRY_ROTATED:
    case TH_ENTRY_RECOVERED:
    case TH_ENTRY_RECOVERY_ENDED:
        return add_log_keys(entry, arena, object);
    case TH_ENTRY_READMITTED:
        status = th_wire_readmission_decode(entry->body, arena, &readmission);
        return status == 0 ? add_submission(entry, readmission.submission, arena, object) : status;
    case TH_ENTRY_ENTERED:
        return add_entered(entry, arena, object);
    }
    return TH_E_CORRUPT;
}

int th_entry_json(const struct th_stored_entry *entry, const struct th_leaf *leaf,
                  struct th_arena *arena, json_t **ret_object)
{
    json_t *object =
        json_pack("{s:I,s:o,s:s,s:I,s:s,s:o}", "position", (json_int_t)leaf->position, "time",
                  th_json_instant(entry->time), "clock",
                  entry->clock == TH_CLOCK_SUSPECT ? "suspect" : "steady", "boottime_ms",
                  (json_int_t)entry->boottime_ms, "kind", th_entry_kind_word(entry->kind), "mode",
                  json_string(leaf->mode == TH_MODE_REHEARSAL ? "rehearsal" : "live"));
    if (object == NULL)
        return TH_E_NO_MEMORY;
    if (leaf->unit.size > 0)
        put(object, "unit", th_json_span(leaf->unit));
    put(object, "entry_sha256", th_json_digest(&leaf->entry_digest));
    int status = add_body(entry, arena, object);
    if (status != 0) {
        json_decref(object);
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    }
    *ret_object = object;
    return 0;
}
