/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/wire_golden.h"

#include "base/assert.h"
#include "proto/wire/message.h"
#include "tests/support/wire_samples.h"

#include <string.h>

#define MAKE(expression)                                                                           \
    struct th_bytes bytes;                                                                         \
    TH_ASSERT((expression) == 0);                                                                  \
    return bytes

/* again_NAME() for a struct with a decoder and an encoder of its own. */
#define AGAIN(name, type)                                                                          \
    static int again_##name(struct th_bytes bytes, struct th_arena *arena,                         \
                            struct th_bytes *ret_bytes)                                            \
    {                                                                                              \
        struct type value;                                                                         \
        int status = th_wire_##name##_decode(bytes, arena, &value);                                \
        return status < 0 ? status : th_wire_##name##_encode(&value, arena, ret_bytes);            \
    }
AGAIN(report, th_report)
AGAIN(plan, th_plan)
AGAIN(to_aggregator, th_to_aggregator)
AGAIN(to_node, th_to_node)
AGAIN(leaf, th_leaf)
AGAIN(decision, th_decision)
AGAIN(enrolment, th_enrolment)
AGAIN(closing, th_closing_body)
AGAIN(revocation, th_revocation)
AGAIN(rotation, th_rotation)
AGAIN(recovery, th_recovery)
AGAIN(recovery_end, th_recovery_end)
AGAIN(readmission, th_readmission)
AGAIN(entering, th_entering)

static int again_units(struct th_bytes bytes, struct th_arena *arena, struct th_bytes *ret_bytes)
{
    struct th_unit *units;
    uint32_t count;
    int status = th_wire_units_decode(bytes, arena, &units, &count);
    return status < 0 ? status : th_wire_units_encode(units, count, arena, ret_bytes);
}

/* Ed25519 is deterministic: the same header signed again is the same submission. */
static int again_submission(struct th_bytes bytes, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    struct th_submission submission;
    int status = th_wire_submission_decode(bytes, arena, &submission);
    if (status < 0)
        return status;
    struct th_bytes reports[TH_LIMIT_REPORTS_MAX];
    for (size_t i = 0; i < submission.header.reports_count; i++)
        status =
            status < 0 ? status : th_wire_report_encode(&submission.reports[i], arena, &reports[i]);
    if (status == 0)
        *ret_bytes = th_sample_sign(arena, reports, submission.header.reports_count);
    return status;
}

static struct th_bytes make_report(struct th_arena *arena)
{
    struct th_report report = th_sample_report();
    MAKE(th_wire_report_encode(&report, arena, &bytes));
}

static struct th_bytes make_report_minimal(struct th_arena *arena)
{
    struct th_report report = th_sample_empty_report();
    MAKE(th_wire_report_encode(&report, arena, &bytes));
}

static struct th_bytes make_plan(struct th_arena *arena)
{
    struct th_plan plan = th_sample_plan();
    MAKE(th_wire_plan_encode(&plan, arena, &bytes));
}

static struct th_bytes make_units(struct th_arena *arena)
{
    uint32_t count;
    const struct th_unit *units = th_sample_units(&count);
    MAKE(th_wire_units_encode(units, count, arena, &bytes));
}

static struct th_bytes up(struct th_to_aggregator message, struct th_arena *arena)
{
    MAKE(th_wire_to_aggregator_encode(&message, arena, &bytes));
}

static struct th_bytes down(struct th_to_node message, struct th_arena *arena)
{
    MAKE(th_wire_to_node_encode(&message, arena, &bytes));
}

static struct th_bytes make_hello(struct th_arena *arena)
{
    const struct th_digest known = th_sample_digest(1);
    return up((struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_HELLO,
                                        .request = 1,
                                        .hello = {TH_TEXT("23734"), &known, 1, {NULL, 0}}},
              arena);
}

static struct th_bytes make_submit(struct th_arena *arena)
{
    return up((struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                        .request = 2,
                                        .submission = th_sample_submission(arena)},
              arena);
}

static struct th_bytes make_query(struct th_arena *arena)
{
    return up((struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY,
                                        .request = 3,
                                        .query = {.what = TH_QUERY_ROLLUP,
                                                  .plan = TH_TEXT("gialai-2025"),
                                                  .period = TH_TEXT("2025-H1"),
                                                  .unit = TH_TEXT("64"),
                                                  .branch = TH_BRANCH_COMMUNES,
                                                  .has_as_of = true,
                                                  .as_of = {1746810000000}}},
              arena);
}

static struct th_bytes make_query_page(struct th_arena *arena)
{
    return up((struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY,
                                        .request = 4,
                                        .query = {.what = TH_QUERY_STANDING,
                                                  .plan = TH_TEXT("gialai-2025"),
                                                  .obligation = TH_TEXT("O-002-1"),
                                                  .unit = TH_TEXT("64"),
                                                  .has_position = true,
                                                  .position = 485,
                                                  .standing = TH_TEXT("missing"),
                                                  .search = TH_TEXT("ia"),
                                                  .limit = 50,
                                                  .after = TH_TEXT("23734")}},
              arena);
}

static struct th_bytes make_readmit(struct th_arena *arena)
{
    return up((struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_READMISSION,
                                        .request = 5,
                                        .readmission = th_sample_readmission(arena)},
              arena);
}

static struct th_bytes make_welcome_lost(struct th_arena *arena)
{
    static const struct th_lost lost = {{"tonghop/64/rehearsal", 20}, 300};
    struct th_welcome welcome = {.mode = TH_MODE_REHEARSAL,
                                 .realm = TH_TEXT("tonghop/64/2/rehearsal"),
                                 .now = {1746784867250},
                                 .size = 305,
                                 .lost = &lost,
                                 .lost_count = 1};
    welcome.log_keys = th_sample_log_keys(arena, &welcome.log_keys_count);
    return down(
        (struct th_to_node){.kind = TH_TO_NODE_WELCOME, .request = 1, .body.welcome = welcome},
        arena);
}

static struct th_bytes make_welcome(struct th_arena *arena)
{
    return down((struct th_to_node){.kind = TH_TO_NODE_WELCOME,
                                    .request = 1,
                                    .body.welcome = {TH_MODE_REHEARSAL,
                                                     TH_TEXT("tonghop/64/rehearsal"),
                                                     {1746784867250},
                                                     300,
                                                     NULL,
                                                     0,
                                                     NULL,
                                                     0}},
                arena);
}

static struct th_bytes make_outcome(struct th_arena *arena)
{
    const struct th_wire_reason warning = {TH_TEXT("value.TCD01"), TH_TEXT("12"), TH_TEXT("R1"),
                                           TH_TEXT("Tổng không khớp.")};
    const struct th_wire_reason reason = {TH_TEXT("revision"), TH_TEXT("5"),
                                          TH_TEXT("revision_gap"),
                                          TH_TEXT("Bản này không kế tiếp bản đã nhận.")};
    const struct th_wire_verdict verdicts[] = {{.report_digest = th_sample_digest(1),
                                                .kind = TH_VERDICT_ACCEPTED,
                                                .warnings = &warning,
                                                .warnings_count = 1,
                                                .has_position = true,
                                                .position = 300,
                                                .has_receipt = true},
                                               {.report_digest = th_sample_digest(2),
                                                .kind = TH_VERDICT_CONFLICT,
                                                .has_position = true,
                                                .position = 17,
                                                .has_stored_digest = true,
                                                .stored_digest = th_sample_digest(3),
                                                .has_next_revision = true,
                                                .next_revision = 2},
                                               {.report_digest = th_sample_digest(4),
                                                .kind = TH_VERDICT_REJECTED,
                                                .reasons = &reason,
                                                .reasons_count = 1,
                                                .has_next_revision = true,
                                                .next_revision = 3}};
    static const char text[] = "c2sp.org/tlog-proof@v1\n";
    const struct th_bytes receipt = {(const uint8_t *)text, sizeof text - 1};
    return down((struct th_to_node){.kind = TH_TO_NODE_OUTCOME,
                                    .request = 2,
                                    .body.outcome = {.header_digest = th_sample_digest(9),
                                                     .verdicts = verdicts,
                                                     .verdicts_count = 3,
                                                     .receipts = &receipt,
                                                     .receipts_count = 1}},
                arena);
}

static struct th_bytes make_announcement(struct th_arena *arena)
{
    return down(
        (struct th_to_node){.kind = TH_TO_NODE_ANNOUNCEMENT,
                            .body.announcement = {TH_ANNOUNCEMENT_UNITS, make_units(arena)}},
        arena);
}

static struct th_bytes make_reminder(struct th_arena *arena)
{
    return down((struct th_to_node){.kind = TH_TO_NODE_REMINDER,
                                    .body.reminder = {TH_TEXT("gialai-2025"),
                                                      TH_TEXT("O-002-2"),
                                                      TH_TEXT("Còn 3 ngày đến hạn báo cáo."),
                                                      {1746810000000},
                                                      {1746550800000}}},
                arena);
}

static struct th_bytes make_answer(struct th_arena *arena)
{
    static const char json[] = "{\"plan\": \"gialai-2025\"}\n";
    return down((struct th_to_node){.kind = TH_TO_NODE_ANSWER,
                                    .request = 3,
                                    .body.answer = {(const uint8_t *)json, sizeof json - 1}},
                arena);
}

static struct th_bytes make_failure(struct th_arena *arena)
{
    return down(
        (struct th_to_node){
            .kind = TH_TO_NODE_FAILURE,
            .request = 4,
            .body.failure = {TH_TEXT("busy"), TH_TEXT("đang bận, hãy thử lại sau"), true, 2000}},
        arena);
}

static const struct th_judgement *judgements(void)
{
    static struct th_judgement list[2];
    list[0] = (struct th_judgement){.obligation = TH_TEXT("O-002-2"),
                                    .revision = 1,
                                    .report_digest = th_sample_digest(1),
                                    .verdict = TH_VERDICT_ACCEPTED,
                                    .accepted = true,
                                    .has_due = true,
                                    .first_received = {1746784867250},
                                    .due = {1746810000000},
                                    .timeliness = TH_TIMELINESS_ON_TIME};
    list[1] = (struct th_judgement){.obligation = TH_TEXT("O-002-3"),
                                    .number = 4,
                                    .revision = 2,
                                    .report_digest = th_sample_digest(2),
                                    .verdict = TH_VERDICT_REJECTED};
    return list;
}

static struct th_bytes make_leaf(struct th_arena *arena)
{
    const struct th_leaf leaf = {.position = 300,
                                 .kind = TH_ENTRY_SUBMISSION,
                                 .time = {1746784867250},
                                 .clock = TH_CLOCK_STEADY,
                                 .entry_digest = th_sample_digest(5),
                                 .mode = TH_MODE_REHEARSAL,
                                 .unit = TH_TEXT("23734"),
                                 .has_header_digest = true,
                                 .header_digest = th_sample_digest(9),
                                 .judgements = judgements(),
                                 .judgements_count = 2};
    MAKE(th_wire_leaf_encode(&leaf, arena, &bytes));
}

static struct th_bytes make_leaf_readmitted(struct th_arena *arena)
{
    struct th_judgement judgement = judgements()[0];
    judgement.has_received = true;
    judgement.received = judgement.first_received;
    const struct th_leaf leaf = {.position = 304,
                                 .kind = TH_ENTRY_READMITTED,
                                 .time = {1746871267250},
                                 .clock = TH_CLOCK_STEADY,
                                 .entry_digest = th_sample_digest(5),
                                 .mode = TH_MODE_REHEARSAL,
                                 .unit = TH_TEXT("23734"),
                                 .has_header_digest = true,
                                 .header_digest = th_sample_digest(9),
                                 .judgements = &judgement,
                                 .judgements_count = 1};
    MAKE(th_wire_leaf_encode(&leaf, arena, &bytes));
}

static struct th_bytes make_leaf_entered(struct th_arena *arena)
{
    const struct th_leaf leaf = {.position = 304,
                                 .kind = TH_ENTRY_ENTERED,
                                 .time = {1746784867250},
                                 .clock = TH_CLOCK_STEADY,
                                 .entry_digest = th_sample_digest(5),
                                 .mode = TH_MODE_REHEARSAL,
                                 .unit = TH_TEXT("23734"),
                                 .operator= TH_TEXT("Nguyễn Thị Hoa"),
                                 .judgements = judgements(),
                                 .judgements_count = 1};
    MAKE(th_wire_leaf_encode(&leaf, arena, &bytes));
}

static struct th_bytes make_decision(struct th_arena *arena)
{
    const struct th_remark remarks[] = {
        {0, TH_TEXT("value.TCD01"), TH_TEXT("12"), TH_TEXT("R1"), false},
        {1, TH_TEXT("revision"), TH_TEXT("2"), TH_TEXT("revision_gap"), true}};
    const struct th_decision decision = {judgements(), 2, remarks, 2};
    MAKE(th_wire_decision_encode(&decision, arena, &bytes));
}

static struct th_bytes make_enrolment(struct th_arena *arena)
{
    struct th_enrolment enrolment = {.unit = TH_TEXT("23734"),
                                     .proof = {(const uint8_t *)"node: tonghop\n", 14},
                                     .operator= TH_TEXT("an")};
    uint8_t secret[64];
    th_sample_key(enrolment.sign_key.bytes, secret);
    memset(enrolment.curve_key, 2, sizeof enrolment.curve_key);
    MAKE(th_wire_enrolment_encode(&enrolment, arena, &bytes));
}

static struct th_bytes make_closing(struct th_arena *arena)
{
    const struct th_closing_body closing = {
        TH_TEXT("gialai-2025"), TH_TEXT("O-002-2"), {1746810000000}, 231, 229};
    MAKE(th_wire_closing_encode(&closing, arena, &bytes));
}

static struct th_bytes make_revocation(struct th_arena *arena)
{
    struct th_revocation revocation = {
        .unit = TH_TEXT("23734"), .operator= TH_TEXT("an"), .effective = {1746810000000}};
    uint8_t secret[64];
    th_sample_key(revocation.sign_key.bytes, secret);
    MAKE(th_wire_revocation_encode(&revocation, arena, &bytes));
}

static struct th_bytes make_rotation(struct th_arena *arena)
{
    const struct th_rotation rotation = th_sample_rotation(arena);
    MAKE(th_wire_rotation_encode(&rotation, arena, &bytes));
}

static struct th_bytes make_recovery(struct th_arena *arena)
{
    const struct th_recovery recovery = th_sample_recovery(arena);
    MAKE(th_wire_recovery_encode(&recovery, arena, &bytes));
}

static struct th_bytes make_recovery_end(struct th_arena *arena)
{
    const struct th_recovery_end end = {TH_TEXT("an")};
    MAKE(th_wire_recovery_end_encode(&end, arena, &bytes));
}

static struct th_bytes make_entering(struct th_arena *arena)
{
    const struct th_report report = th_sample_empty_report();
    struct th_entering entering = {.operator= TH_TEXT("Nguyễn Thị Hoa"),
                                   .reference = TH_TEXT("12/BC-UBND ngày 08/5/2025"),
                                   .plan_digest = th_sample_digest(6)};
    if (th_wire_report_encode(&report, arena, &entering.report) < 0)
        return (struct th_bytes){NULL, 0};
    MAKE(th_wire_entering_encode(&entering, arena, &bytes));
}

static struct th_bytes make_readmission(struct th_arena *arena)
{
    const struct th_readmission readmission = th_sample_readmission(arena);
    MAKE(th_wire_readmission_encode(&readmission, arena, &bytes));
}

const struct th_golden *th_golden_list(size_t *ret_count)
{
    static const struct th_golden list[] = {
        {"report", "report", "Report", make_report, again_report},
        {"report-minimal", "report", "Report", make_report_minimal, again_report},
        {"submission", "report", "Submission", th_sample_submission, again_submission},
        {"hello", "message", "ToAggregator", make_hello, again_to_aggregator},
        {"submit", "message", "ToAggregator", make_submit, again_to_aggregator},
        {"query", "message", "ToAggregator", make_query, again_to_aggregator},
        {"query-page", "message", "ToAggregator", make_query_page, again_to_aggregator},
        {"readmit", "message", "ToAggregator", make_readmit, again_to_aggregator},
        {"welcome-lost", "message", "ToNode", make_welcome_lost, again_to_node},
        {"welcome", "message", "ToNode", make_welcome, again_to_node},
        {"outcome", "message", "ToNode", make_outcome, again_to_node},
        {"announcement", "message", "ToNode", make_announcement, again_to_node},
        {"reminder", "message", "ToNode", make_reminder, again_to_node},
        {"answer", "message", "ToNode", make_answer, again_to_node},
        {"failure", "message", "ToNode", make_failure, again_to_node},
        {"plan", "plan", "Plan", make_plan, again_plan},
        {"units", "plan", "UnitList", make_units, again_units},
        {"leaf", "journal", "Leaf", make_leaf, again_leaf},
        {"leaf-readmitted", "journal", "Leaf", make_leaf_readmitted, again_leaf},
        {"leaf-entered", "journal", "Leaf", make_leaf_entered, again_leaf},
        {"entering", "journal", "Entering", make_entering, again_entering},
        {"decision", "journal", "Decision", make_decision, again_decision},
        {"enrolment", "journal", "Enrolment", make_enrolment, again_enrolment},
        {"closing", "journal", "Closing", make_closing, again_closing},
        {"revocation", "journal", "Revocation", make_revocation, again_revocation},
        {"rotation", "journal", "Rotation", make_rotation, again_rotation},
        {"recovery", "journal", "Recovery", make_recovery, again_recovery},
        {"recovery-end", "journal", "RecoveryEnd", make_recovery_end, again_recovery_end},
        {"readmission", "journal", "Readmission", make_readmission, again_readmission},
    };
    *ret_count = sizeof list / sizeof list[0];
    return list;
}
