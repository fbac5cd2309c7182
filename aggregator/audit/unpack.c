/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/unpack.h"

#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "proto/wire/plan.h"

#include <string.h>

struct unpack {
    const struct th_stored_entry *stored;
    const struct th_unpacking *how;
    struct th_unpacked *to;
    const char *what;
};

/* ---- reports ---- */

static int unpack_submission(struct unpack *unpack, struct th_bytes raw)
{
    struct th_unpacked *to = unpack->to;
    int status;
    to->raw = raw;
    if (unpack->how->checks_signatures)
        status = th_wire_submission_decode(raw, unpack->how->arena, &to->submission);
    else
        status = th_wire_submission_decode_trusted(raw, unpack->how->arena, &to->submission);
    unpack->what = status == TH_E_SIGNATURE ? "chữ ký của đơn vị, hoặc mã băm của báo cáo, sai"
                                            : "báo cáo gửi lên không giải mã được";
    if (status != 0)
        return status;
    status =
        th_wire_decision_decode(unpack->stored->decision, unpack->how->arena, &to->entry.decision);
    unpack->what = "phán định không giải mã được";
    to->entry.unit = to->submission.header.unit;
    to->entry.has_header_digest = true;
    to->entry.header_digest = to->submission.header_digest;
    return status;
}

static int unpack_reports(struct unpack *unpack)
{
    struct th_unpacked *to = unpack->to;
    to->entry.raw = unpack->stored->body;
    int status = unpack_submission(unpack, unpack->stored->body);
    to->content.kind = TH_EVENT_SUBMISSION;
    to->content.body.submission =
        (struct th_event_submission){.submission = &to->submission, .raw = to->raw};
    return status;
}

static int unpack_readmitted(struct unpack *unpack)
{
    struct th_unpacked *to = unpack->to;
    struct th_readmission *readmission = &to->entry.body.readmission;
    int status = th_wire_readmission_decode(unpack->stored->body, unpack->how->arena, readmission);
    unpack->what = "báo cáo nhận lại không giải mã được";
    if (status == 0)
        status = unpack_submission(unpack, readmission->submission);
    to->content.kind = TH_EVENT_READMISSION;
    to->content.body.readmission = (struct th_event_readmission){
        .submission = &to->submission, .raw = to->raw, .receipt = readmission->receipt};
    return status;
}

static int unpack_entered(struct unpack *unpack)
{
    struct th_unpacked *to = unpack->to;
    struct th_arena *arena = unpack->how->arena;
    struct th_entering entering;
    to->raw = to->entry.raw = unpack->stored->body;
    int status = th_wire_entering_decode(to->raw, arena, &entering);
    if (status == 0)
        status = th_wire_entered_submission(&entering, arena, &to->submission);
    unpack->what = "báo cáo nhập hộ không giải mã được";
    if (status != 0)
        return status;
    status = th_wire_decision_decode(unpack->stored->decision, arena, &to->entry.decision);
    unpack->what = "phán định không giải mã được";
    to->entry.unit = to->submission.header.unit;
    to->entry.operator= entering.operator;
    to->content.kind = TH_EVENT_ENTERING;
    to->content.body.entering = (struct th_event_entering){
        .submission = &to->submission, .raw = to->raw, .operator= entering.operator};
    return status;
}

/* ---- what operators brought ---- */

static int unpack_units(struct unpack *unpack)
{
    struct th_unpacked *to = unpack->to;
    struct th_unit *units = NULL;
    uint32_t count = 0;
    int status = th_wire_units_decode(unpack->stored->body, unpack->how->arena, &units, &count);
    to->entry.raw = unpack->stored->body;
    to->content.kind = TH_EVENT_UNITS;
    to->content.body.units.units = units;
    to->content.body.units.count = count;
    to->content.body.units.raw = unpack->stored->body;
    return status;
}

/* The core borrows the plan for its life. */
static int unpack_plan(struct unpack *unpack)
{
    struct th_unpacked *to = unpack->to;
    struct th_bytes body = unpack->stored->body;
    struct th_plan *plan = th_arena_alloc(unpack->how->plans, sizeof *plan);
    int status =
        plan == NULL ? TH_E_NO_MEMORY : th_wire_plan_decode(body, unpack->how->plans, plan);
    to->entry.raw = body;
    to->content.kind = TH_EVENT_PLAN;
    to->content.body.plan.plan = plan;
    to->content.body.plan.raw = body;
    th_tlog_sha256(&(struct th_tlog_part){body.bytes, body.size}, 1, &to->content.body.plan.digest);
    return status;
}

/* The kinds whose body is also that of their event. */
static int unpack_act(struct unpack *unpack)
{
    struct th_entry *entry = &unpack->to->entry;
    struct th_event *content = &unpack->to->content;
    struct th_arena *arena = unpack->how->arena;
    struct th_bytes body = unpack->stored->body;
    int status = TH_E_CORRUPT;
    if (entry->kind == TH_ENTRY_FOUNDED) {
        status = th_wire_founding_decode(body, arena, &entry->body.founding);
        content->kind = TH_EVENT_FOUND;
        content->body.found = entry->body.founding;
    } else if (entry->kind == TH_ENTRY_ENROLLED) {
        status = th_wire_enrolment_decode(body, arena, &entry->body.enrolment);
        content->kind = TH_EVENT_ENROL;
        content->body.enrol = entry->body.enrolment;
        entry->unit = entry->body.enrolment.unit;
    } else if (entry->kind == TH_ENTRY_REVOKED) {
        status = th_wire_revocation_decode(body, arena, &entry->body.revocation);
        content->kind = TH_EVENT_REVOKE;
        content->body.revoke = entry->body.revocation;
        entry->unit = entry->body.revocation.unit;
    } else if (entry->kind == TH_ENTRY_ROTATED) {
        status = th_wire_rotation_decode(body, arena, &entry->body.rotation);
        content->kind = TH_EVENT_ROTATE;
        content->body.rotate = entry->body.rotation;
    } else if (entry->kind == TH_ENTRY_RECOVERED) {
        status = th_wire_recovery_decode(body, arena, &entry->body.recovery);
        content->kind = TH_EVENT_RECOVER;
        content->body.recover = entry->body.recovery;
    } else if (entry->kind == TH_ENTRY_RECOVERY_ENDED) {
        status = th_wire_recovery_end_decode(body, arena, &entry->body.recovery_end);
        content->kind = TH_EVENT_END_RECOVERY;
        content->body.end_recovery = entry->body.recovery_end;
    }
    return status;
}

static int unpack_body(struct unpack *unpack)
{
    struct th_entry *entry = &unpack->to->entry;
    struct th_arena *arena = unpack->how->arena;
    struct th_bytes body = unpack->stored->body;
    switch (entry->kind) {
    case TH_ENTRY_SUBMISSION:
        return unpack_reports(unpack);
    case TH_ENTRY_READMITTED:
        return unpack_readmitted(unpack);
    case TH_ENTRY_ENTERED:
        return unpack_entered(unpack);
    case TH_ENTRY_UNITS:
        return unpack_units(unpack);
    case TH_ENTRY_PLAN:
        return unpack_plan(unpack);
    case TH_ENTRY_REMINDER:
        return th_wire_reminding_decode(body, arena, &entry->body.reminding);
    case TH_ENTRY_CLOSING:
        return th_wire_closing_decode(body, arena, &entry->body.closing);
    case TH_ENTRY_CLOCK:
        return th_wire_clock_change_decode(body, arena, &entry->body.clock_change);
    case TH_ENTRY_FOUNDED:
    case TH_ENTRY_ENROLLED:
    case TH_ENTRY_REVOKED:
    case TH_ENTRY_ROTATED:
    case TH_ENTRY_RECOVERED:
    case TH_ENTRY_RECOVERY_ENDED:
        return unpack_act(unpack);
    }
    unpack->what = "loại bản ghi lạ";
    return TH_E_CORRUPT;
}

int th_unpack(const struct th_stored_entry *stored, uint64_t position,
              const struct th_unpacking *how, struct th_unpacked *ret_unpacked,
              const char **ret_what)
{
    struct unpack unpack = {
        .stored = stored, .how = how, .to = ret_unpacked, .what = "nội dung không giải mã được"};
    bool has_decision = th_entry_has_reports(stored->kind);
    *ret_unpacked = (struct th_unpacked){.entry = {.position = position,
                                                   .kind = stored->kind,
                                                   .time = stored->time,
                                                   .boottime_ms = stored->boottime_ms,
                                                   .clock = stored->clock,
                                                   .operator= {"", 0} } };
    int status = unpack_body(&unpack);
    if (status == 0 && !has_decision && stored->decision.size > 0) {
        unpack.what = "có phán định mà không có báo cáo";
        status = TH_E_CORRUPT;
    }
    if (status == 0)
        return 0;
    *ret_what = unpack.what;
    return status == TH_E_NO_MEMORY || status == TH_E_SIGNATURE ? status : TH_E_CORRUPT;
}

const struct th_event *th_unpacked_content(const struct th_unpacked *unpacked)
{
    return unpacked->content.kind == 0 ? NULL : &unpacked->content;
}

int th_unpacked_leaf(const struct th_unpacked *unpacked, enum th_mode mode,
                     const struct th_digest *entry_digest, struct th_arena *arena,
                     struct th_bytes *ret_leaf)
{
    const struct th_leaf leaf = th_entry_leaf(&unpacked->entry, mode, entry_digest);
    return th_wire_leaf_encode(&leaf, arena, ret_leaf);
}
