/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading messages (message.proto); proto/wire/message.c writes them. The frame is scanned:
 * version, request and exactly one body, borrowed where it stands; only the small bodies are
 * unpacked.
 */
#include "proto/wire/message.h"

#include "message.pb-c.h"
#include "proto/tlog/log_keys.h"
#include "proto/wire/journal.h"
#include "proto/wire/log_key_parts.h"
#include "proto/wire/reader.h"
#include "proto/wire/scan.h"

#define REFUSAL_SIZE_MAX (256 * 1024) /* each report with as many rules as are kept */

struct frame {
    uint64_t request;
    uint32_t body; /* field number */
    struct th_bytes content;
};

/* Both frames: version 1, request 2, then one of the bodies from 3 to `body_max`. */
static int scan_frame(struct th_bytes bytes, uint32_t body_max, struct frame *ret_frame)
{
    struct th_wire_scan scan = {bytes};
    struct frame frame = {0};
    uint64_t version = 0;
    bool has_version = false, has_request = false, is_foreign = false;
    while (scan.rest.size > 0) {
        struct th_wire_field field;
        int status = th_wire_scan_next(&scan, &field);
        if (status < 0)
            return status;
        if (field.number == 1 && !field.has_content && !has_version) {
            has_version = true;
            version = field.varint;
        } else if (field.number == 2 && !field.has_content && !has_request) {
            has_request = true;
            frame.request = field.varint;
        } else if (field.number >= 3 && field.number <= body_max && field.has_content &&
                   frame.body == 0) {
            frame.body = field.number;
            frame.content = field.content;
        } else {
            is_foreign = true;
        }
    }
    if (!has_version)
        return TH_E_SYNTAX;
    if (version != TH_WIRE_VERSION)
        return TH_E_VERSION;
    if (is_foreign || !has_request || frame.body == 0)
        return TH_E_SYNTAX;
    *ret_frame = frame;
    return 0;
}

static void read_hello(struct th_wire_reader *reader, struct th_bytes bytes,
                       struct th_hello *ret_hello)
{
    const Tonghop__Hello *message = th_wire_unpack(reader, &tonghop__hello__descriptor, bytes);
    if (message == NULL)
        return;
    th_wire_require(reader, message->n_known_sha256 <= TH_LIMIT_KNOWN_MAX, TH_E_LIMIT);
    *ret_hello = (struct th_hello){
        .unit = th_wire_unit_code(reader, message->unit),
        .known = th_wire_digests(reader, message->known_sha256, message->n_known_sha256),
        .known_count = message->n_known_sha256,
        .newest_receipt = th_wire_bytes(reader, message->newest_receipt, TH_LIMIT_RECEIPT_SIZE_MAX),
    };
}

static void read_query(struct th_wire_reader *reader, struct th_bytes bytes,
                       struct th_query *ret_query)
{
    const Tonghop__Query *message = th_wire_unpack(reader, &tonghop__query__descriptor, bytes);
    if (message == NULL)
        return;
    struct th_query query = {
        .what = (enum th_query_what)message->what,
        .plan = th_wire_text(reader, message->plan, 0, TH_LIMIT_PLAN_ID_MAX, 0),
        .period = th_wire_text(reader, message->period, 0, TH_LIMIT_PERIOD_SIZE_MAX, 0),
        .obligation = th_wire_text(reader, message->obligation, 0, TH_LIMIT_OBLIGATION_ID_MAX, 0),
        .unit = {"", 0},
        .branch = TH_BRANCH_ALL,
        .has_as_of = message->has_as_of,
        .number = message->number,
        .has_position = message->has_position,
        .position = message->position,
        .revision = message->revision,
        .standing = th_wire_text(reader, message->standing, 0, TH_QUERY_WORD_SIZE_MAX, 0),
        .search = th_wire_text(reader, message->search, 0, TH_QUERY_SEARCH_SIZE_MAX, 0),
        .parent = th_wire_text(reader, message->parent, 0, TH_UNIT_CODE_MAX, 0),
        .kind = th_wire_text(reader, message->kind, 0, TH_QUERY_WORD_SIZE_MAX, 0),
        .indicators = th_wire_text(reader, message->indicators, 0, TH_QUERY_LIST_SIZE_MAX, 0),
        .limit = message->limit,
        .after = th_wire_text(reader, message->after, 0, TH_QUERY_WORD_SIZE_MAX, 0),
        .is_brief = message->has_brief && message->brief,
        .has_closed_at = message->has_closed_at,
    };
    if (message->has_closed_at)
        query.closed_at = th_wire_instant(reader, message->closed_at);
    if (message->has_unit)
        query.unit = th_wire_unit_code(reader, message->unit);
    if (message->has_branch)
        query.branch = (enum th_branch)(message->branch - 1);
    if (message->has_as_of)
        query.as_of = th_wire_instant(reader, message->as_of);
    th_wire_require(reader, query.number <= TH_LIMIT_NUMBER_MAX, TH_E_LIMIT);
    th_wire_require(reader, query.revision <= TH_LIMIT_REVISION_MAX, TH_E_LIMIT);
    th_wire_require(reader, query.limit <= TH_QUERY_LIMIT_MAX, TH_E_LIMIT);
    *ret_query = query;
}

int th_wire_to_aggregator_decode(struct th_bytes bytes, struct th_arena *arena,
                                 struct th_to_aggregator *ret_message)
{
    if (bytes.size > TH_LIMIT_FRAME_SIZE_MAX)
        return TH_E_LIMIT;
    struct frame frame;
    int status = scan_frame(bytes, 6, &frame);
    if (status < 0)
        return status;
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    struct th_to_aggregator message = {.request = frame.request};
    switch (frame.body) {
    case 3:
        message.kind = TH_TO_AGGREGATOR_HELLO;
        read_hello(&reader, frame.content, &message.hello);
        break;
    case 4:
        message.kind = TH_TO_AGGREGATOR_SUBMISSION;
        message.submission = frame.content;
        break;
    case 5:
        message.kind = TH_TO_AGGREGATOR_QUERY;
        read_query(&reader, frame.content, &message.query);
        break;
    default:
        message.kind = TH_TO_AGGREGATOR_READMISSION;
        reader.status = th_wire_readmission_decode(frame.content, arena, &message.readmission);
        break;
    }
    if (reader.status == 0)
        *ret_message = message;
    return reader.status;
}

static const struct th_lost *read_lost(struct th_wire_reader *reader,
                                       Tonghop__Lost *const *messages, size_t count)
{
    th_wire_require(reader, count <= TH_LOG_KEYS_MAX, TH_E_LIMIT);
    struct th_lost *lost = th_wire_alloc(reader, count, sizeof *lost);
    for (size_t i = 0; lost != NULL && i < count; i++)
        lost[i] = (struct th_lost){
            .realm = th_wire_text(reader, messages[i]->realm, 1, TH_LIMIT_REALM_SIZE_MAX, 0),
            .from = messages[i]->from,
        };
    return lost;
}

static void read_welcome(struct th_wire_reader *reader, struct th_bytes bytes,
                         struct th_welcome *ret_welcome)
{
    const Tonghop__Welcome *message = th_wire_unpack(reader, &tonghop__welcome__descriptor, bytes);
    if (message == NULL)
        return;
    *ret_welcome = (struct th_welcome){
        .mode = (enum th_mode)message->mode,
        .realm = th_wire_text(reader, message->realm, 1, TH_LIMIT_REALM_SIZE_MAX, 0),
        .now = th_wire_instant(reader, message->now),
        .size = message->size,
        .log_keys =
            th_wire_read_log_keys(reader, message->log_key, message->n_log_key, TH_LOG_KEYS_MAX),
        .log_keys_count = message->n_log_key,
        .lost = read_lost(reader, message->lost, message->n_lost),
        .lost_count = message->n_lost,
    };
}

static const struct th_wire_reason *read_reasons(struct th_wire_reader *reader,
                                                 Tonghop__Reason *const *messages, size_t count)
{
    th_wire_require(reader, count <= TH_REASONS_MAX, TH_E_LIMIT);
    struct th_wire_reason *reasons = th_wire_alloc(reader, count, sizeof *reasons);
    for (size_t i = 0; reasons != NULL && i < count; i++)
        reasons[i] = (struct th_wire_reason){
            .field = th_wire_text(reader, messages[i]->field, 0, TH_REASON_FIELD_MAX - 1, 0),
            .value = th_wire_text(reader, messages[i]->value, 0, TH_REASON_VALUE_MAX - 1, 0),
            .rule = th_wire_text(reader, messages[i]->rule, 1, TH_LIMIT_RULE_ID_MAX, 0),
            .text = th_wire_text(reader, messages[i]->text, 0, TH_LIMIT_QUOTE_MAX, TH_TEXT_LINES),
        };
    return reasons;
}

static struct th_wire_verdict read_verdict(struct th_wire_reader *reader,
                                           const Tonghop__Verdict *message, size_t receipts_count)
{
    struct th_wire_verdict verdict = {
        .report_digest = th_wire_digest(reader, message->report_sha256),
        .kind = (enum th_verdict)message->kind,
        .reasons = read_reasons(reader, message->reason, message->n_reason),
        .warnings = read_reasons(reader, message->warning, message->n_warning),
        .reasons_count = message->n_reason,
        .warnings_count = message->n_warning,
        .has_position = message->has_position,
        .has_stored_digest = message->has_stored_sha256,
        .has_next_revision = message->has_next_revision,
        .has_receipt = message->has_receipt,
        .position = message->position,
        .next_revision = message->next_revision,
        .receipt = message->receipt,
    };
    if (message->has_stored_sha256)
        verdict.stored_digest = th_wire_digest(reader, message->stored_sha256);
    th_wire_require(reader, !verdict.has_receipt || verdict.receipt < receipts_count, TH_E_SYNTAX);
    return verdict;
}

static void read_outcome(struct th_wire_reader *reader, struct th_bytes bytes,
                         struct th_outcome *ret_outcome)
{
    const Tonghop__Outcome *message = th_wire_unpack(reader, &tonghop__outcome__descriptor, bytes);
    if (message == NULL)
        return;
    th_wire_require(reader, message->n_verdict <= TH_LIMIT_REPORTS_MAX, TH_E_LIMIT);
    th_wire_require(reader, message->n_receipt <= TH_LIMIT_REPORTS_MAX, TH_E_LIMIT);
    struct th_wire_verdict *verdicts = th_wire_alloc(reader, message->n_verdict, sizeof *verdicts);
    struct th_bytes *receipts = th_wire_alloc(reader, message->n_receipt, sizeof *receipts);
    for (size_t i = 0; reader->status == 0 && i < message->n_verdict; i++)
        verdicts[i] = read_verdict(reader, message->verdict[i], message->n_receipt);
    for (size_t i = 0; reader->status == 0 && i < message->n_receipt; i++)
        receipts[i] = th_wire_note(reader, message->receipt[i], TH_LIMIT_RECEIPT_SIZE_MAX);
    *ret_outcome = (struct th_outcome){
        .header_digest = th_wire_digest(reader, message->header_sha256),
        .verdicts = verdicts,
        .verdicts_count = message->n_verdict,
        .receipts = receipts,
        .receipts_count = message->n_receipt,
        .refusal = th_wire_note(reader, message->refusal, REFUSAL_SIZE_MAX),
    };
}

static void read_announcement(struct th_wire_reader *reader, struct th_bytes bytes,
                              struct th_announcement *ret_announcement)
{
    const Tonghop__Announcement *message =
        th_wire_unpack(reader, &tonghop__announcement__descriptor, bytes);
    if (message == NULL)
        return;
    *ret_announcement = (struct th_announcement){
        .kind = (enum th_announcement_kind)message->kind,
        .content = th_wire_bytes(reader, message->content, TH_LIMIT_UNITS_ENCODED_MAX),
    };
}

static void read_reminder(struct th_wire_reader *reader, struct th_bytes bytes,
                          struct th_reminder *ret_reminder)
{
    const Tonghop__Reminder *message =
        th_wire_unpack(reader, &tonghop__reminder__descriptor, bytes);
    if (message == NULL)
        return;
    *ret_reminder = (struct th_reminder){
        .plan = th_wire_text(reader, message->plan, 1, TH_LIMIT_PLAN_ID_MAX, 0),
        .obligation = th_wire_text(reader, message->obligation, 1, TH_LIMIT_OBLIGATION_ID_MAX, 0),
        .text = th_wire_text(reader, message->text, 0, TH_LIMIT_QUOTE_MAX, TH_TEXT_LINES),
        .due = th_wire_instant(reader, message->due),
        .time = th_wire_instant(reader, message->time),
    };
}

static void read_failure(struct th_wire_reader *reader, struct th_bytes bytes,
                         struct th_failure *ret_failure)
{
    const Tonghop__Failure *message = th_wire_unpack(reader, &tonghop__failure__descriptor, bytes);
    if (message == NULL)
        return;
    *ret_failure = (struct th_failure){
        .code = th_wire_text(reader, message->code, 1, TH_LIMIT_RULE_ID_MAX, 0),
        .text = th_wire_text(reader, message->text, 0, TH_LIMIT_QUOTE_MAX, TH_TEXT_LINES),
        .retry = message->retry,
        .after_ms = message->after_ms,
    };
}

static void read_answer(struct th_wire_reader *reader, struct th_bytes bytes,
                        struct th_bytes *ret_answer)
{
    const Tonghop__Answer *message = th_wire_unpack(reader, &tonghop__answer__descriptor, bytes);
    if (message != NULL)
        *ret_answer = th_wire_note(reader, message->json, TH_LIMIT_TO_NODE_SIZE_MAX);
}

int th_wire_to_node_decode(struct th_bytes bytes, struct th_arena *arena,
                           struct th_to_node *ret_message)
{
    if (bytes.size > TH_LIMIT_TO_NODE_SIZE_MAX)
        return TH_E_LIMIT;
    struct frame frame;
    int status = scan_frame(bytes, 8, &frame);
    if (status < 0)
        return status;
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    struct th_to_node message = {.request = frame.request};
    switch (frame.body) {
    case 3:
        message.kind = TH_TO_NODE_WELCOME;
        read_welcome(&reader, frame.content, &message.body.welcome);
        break;
    case 4:
        message.kind = TH_TO_NODE_OUTCOME;
        read_outcome(&reader, frame.content, &message.body.outcome);
        break;
    case 5:
        message.kind = TH_TO_NODE_ANNOUNCEMENT;
        read_announcement(&reader, frame.content, &message.body.announcement);
        break;
    case 6:
        message.kind = TH_TO_NODE_REMINDER;
        read_reminder(&reader, frame.content, &message.body.reminder);
        break;
    case 7:
        message.kind = TH_TO_NODE_ANSWER;
        read_answer(&reader, frame.content, &message.body.answer);
        break;
    default:
        message.kind = TH_TO_NODE_FAILURE;
        read_failure(&reader, frame.content, &message.body.failure);
        break;
    }
    if (reader.status == 0)
        *ret_message = message;
    return reader.status;
}
