/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator enters for a unit whose report came on paper: one report, and who entered it. */
#include "proto/wire/journal.h"

#include "journal.pb-c.h"
#include "proto/tlog/hash.h"
#include "proto/wire/reader.h"
#include "proto/wire/submission.h"
#include "proto/wire/writer.h"

#define BODY_SIZE_MAX (TH_LIMIT_REPORT_SIZE_MAX + 1024)

int th_wire_entering_encode(const struct th_entering *value, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Entering message = TONGHOP__ENTERING__INIT;
    message.operator_ = th_wire_of_text(value->operator);
    message.has_reference = value->reference.size > 0;
    message.reference = th_wire_of_text(value->reference);
    message.plan_sha256 = th_wire_of_digest(&value->plan_digest);
    message.report = th_wire_of_bytes(value->report.bytes, value->report.size);
    return th_wire_pack(&writer, &message.base, BODY_SIZE_MAX, ret_bytes);
}

int th_wire_entering_decode(struct th_bytes bytes, struct th_arena *arena,
                            struct th_entering *ret_value)
{
    struct th_wire_reader reader;
    if (bytes.size > BODY_SIZE_MAX)
        return TH_E_LIMIT;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    const Tonghop__Entering *message =
        th_wire_unpack(&reader, &tonghop__entering__descriptor, bytes);
    if (message == NULL)
        return reader.status;
    struct th_entering value = {
        .operator=
            th_wire_text(&reader, message->operator_, 1, TH_LIMIT_NAME_SIZE_MAX, TH_TEXT_ONE_LINE),
        .reference = {"", 0},
        .plan_digest = th_wire_digest(&reader, message->plan_sha256),
        .report = th_wire_bytes(&reader, message->report, TH_LIMIT_REPORT_SIZE_MAX),
    };
    if (message->has_reference)
        value.reference =
            th_wire_text(&reader, message->reference, 1, TH_LIMIT_NAME_SIZE_MAX, TH_TEXT_ONE_LINE);
    if (reader.status == 0)
        *ret_value = value;
    return reader.status;
}

int th_wire_entered_submission(const struct th_entering *entering, struct th_arena *arena,
                               struct th_submission *ret_submission)
{
    struct th_report *report = th_arena_alloc(arena, sizeof *report);
    struct th_digest *digest = th_arena_alloc(arena, sizeof *digest);
    struct th_text *raw = th_arena_alloc(arena, sizeof *raw);
    if (report == NULL || digest == NULL || raw == NULL)
        return TH_E_NO_MEMORY;
    int status = th_wire_report_decode(entering->report, arena, report);
    if (status < 0)
        return status;
    th_tlog_sha256(&(struct th_tlog_part){entering->report.bytes, entering->report.size}, 1,
                   digest);
    *raw = (struct th_text){(const char *)entering->report.bytes, entering->report.size};
    *ret_submission = (struct th_submission){.header = {.realm = {"", 0},
                                                        .unit = report->unit,
                                                        .plan_digest = entering->plan_digest,
                                                        .report_digests = digest,
                                                        .reports_count = 1},
                                             .reports = report,
                                             .reports_raw = raw};
    return 0;
}
