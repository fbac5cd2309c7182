/* SPDX-License-Identifier: Apache-2.0 */
/* Writing messages (message.proto); proto/wire/message_read.c reads them. */
#include "proto/wire/message.h"

#include "base/assert.h"
#include "message.pb-c.h"
#include "proto/wire/log_key_parts.h"
#include "proto/wire/writer.h"

static ProtobufCBinaryData *write_blobs(struct th_wire_writer *writer, const struct th_bytes *blobs,
                                        size_t count)
{
    ProtobufCBinaryData *list = th_wire_writer_alloc(writer, count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = th_wire_of_bytes(blobs[i].bytes, blobs[i].size);
    return list;
}

static void write_hello(struct th_wire_writer *writer, const struct th_hello *hello,
                        Tonghop__Hello *message)
{
    tonghop__hello__init(message);
    message->unit = th_wire_of_text(hello->unit);
    message->n_known_sha256 = hello->known_count;
    message->known_sha256 = th_wire_of_digests(writer, hello->known, hello->known_count);
    message->has_newest_receipt = hello->newest_receipt.size > 0;
    message->newest_receipt =
        th_wire_of_bytes(hello->newest_receipt.bytes, hello->newest_receipt.size);
}

static void write_query(const struct th_query *query, Tonghop__Query *message)
{
    tonghop__query__init(message);
    message->what = (Tonghop__Query__What)query->what;
    message->plan = th_wire_of_text(query->plan);
    message->has_period = query->period.size > 0;
    message->period = th_wire_of_text(query->period);
    message->has_obligation = query->obligation.size > 0;
    message->obligation = th_wire_of_text(query->obligation);
    message->has_unit = query->unit.size > 0;
    message->unit = th_wire_of_text(query->unit);
    message->has_branch = query->branch != TH_BRANCH_ALL;
    message->branch = (Tonghop__Query__Branch)(query->branch + 1);
    message->has_as_of = query->has_as_of;
    message->as_of = query->as_of.ms;
    message->has_number = query->number != 0;
    message->number = query->number;
}

int th_wire_to_aggregator_encode(const struct th_to_aggregator *message, struct th_arena *arena,
                                 struct th_bytes *ret_frame)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__ToAggregator frame = TONGHOP__TO_AGGREGATOR__INIT;
    Tonghop__Hello hello;
    Tonghop__Query query;
    Tonghop__Readmission readmission;
    frame.version = TH_WIRE_VERSION;
    frame.request = message->request;
    switch (message->kind) {
    case TH_TO_AGGREGATOR_HELLO:
        write_hello(&writer, &message->hello, &hello);
        frame.body_case = TONGHOP__TO_AGGREGATOR__BODY_HELLO;
        frame.hello = &hello;
        break;
    case TH_TO_AGGREGATOR_SUBMISSION:
        frame.body_case = TONGHOP__TO_AGGREGATOR__BODY_SUBMISSION;
        frame.submission = th_wire_of_bytes(message->submission.bytes, message->submission.size);
        break;
    case TH_TO_AGGREGATOR_QUERY:
        write_query(&message->query, &query);
        frame.body_case = TONGHOP__TO_AGGREGATOR__BODY_QUERY;
        frame.query = &query;
        break;
    case TH_TO_AGGREGATOR_READMISSION:
        th_wire_write_readmission(&message->readmission, &readmission);
        frame.body_case = TONGHOP__TO_AGGREGATOR__BODY_READMISSION;
        frame.readmission = &readmission;
        break;
    }
    TH_ASSERT(frame.body_case != TONGHOP__TO_AGGREGATOR__BODY__NOT_SET);
    return th_wire_pack(&writer, &frame.base, TH_LIMIT_FRAME_SIZE_MAX, ret_frame);
}

static Tonghop__Reason **write_reasons(struct th_wire_writer *writer,
                                       const struct th_wire_reason *reasons, size_t count)
{
    Tonghop__Reason **list = th_wire_writer_alloc(writer, count, sizeof *list);
    Tonghop__Reason *messages = th_wire_writer_alloc(writer, count, sizeof *messages);
    for (size_t i = 0; messages != NULL && i < count; i++) {
        tonghop__reason__init(&messages[i]);
        messages[i].field = th_wire_of_text(reasons[i].field);
        messages[i].value = th_wire_of_text(reasons[i].value);
        messages[i].rule = th_wire_of_text(reasons[i].rule);
        messages[i].text = th_wire_of_text(reasons[i].text);
        list[i] = &messages[i];
    }
    return list;
}

static void write_verdict(struct th_wire_writer *writer, const struct th_wire_verdict *verdict,
                          Tonghop__Verdict *message)
{
    tonghop__verdict__init(message);
    message->report_sha256 = th_wire_of_digest(&verdict->report_digest);
    message->kind = (Tonghop__Verdict__Kind)verdict->kind;
    message->n_reason = verdict->reasons_count;
    message->reason = write_reasons(writer, verdict->reasons, verdict->reasons_count);
    message->n_warning = verdict->warnings_count;
    message->warning = write_reasons(writer, verdict->warnings, verdict->warnings_count);
    message->has_position = verdict->has_position;
    message->position = verdict->position;
    message->has_stored_sha256 = verdict->has_stored_digest;
    message->stored_sha256 = th_wire_of_digest(&verdict->stored_digest);
    message->has_next_revision = verdict->has_next_revision;
    message->next_revision = verdict->next_revision;
    message->has_receipt = verdict->has_receipt;
    message->receipt = verdict->receipt;
}

static void write_outcome(struct th_wire_writer *writer, const struct th_outcome *outcome,
                          Tonghop__Outcome *message)
{
    tonghop__outcome__init(message);
    message->header_sha256 = th_wire_of_digest(&outcome->header_digest);
    size_t count = outcome->verdicts_count;
    message->n_verdict = count;
    message->verdict = th_wire_writer_alloc(writer, count, sizeof *message->verdict);
    Tonghop__Verdict *verdicts = th_wire_writer_alloc(writer, count, sizeof *verdicts);
    for (size_t i = 0; verdicts != NULL && i < count; i++) {
        write_verdict(writer, &outcome->verdicts[i], &verdicts[i]);
        message->verdict[i] = &verdicts[i];
    }
    message->n_receipt = outcome->receipts_count;
    message->receipt = write_blobs(writer, outcome->receipts, outcome->receipts_count);
    message->has_refusal = outcome->refusal.size > 0;
    message->refusal = th_wire_of_bytes(outcome->refusal.bytes, outcome->refusal.size);
}

static Tonghop__Lost **write_lost(struct th_wire_writer *writer, const struct th_lost *lost,
                                  size_t count)
{
    Tonghop__Lost **list = th_wire_writer_alloc(writer, count, sizeof *list);
    Tonghop__Lost *messages = th_wire_writer_alloc(writer, count, sizeof *messages);
    for (size_t i = 0; messages != NULL && i < count; i++) {
        tonghop__lost__init(&messages[i]);
        messages[i].realm = th_wire_of_text(lost[i].realm);
        messages[i].from = lost[i].from;
        list[i] = &messages[i];
    }
    return list;
}

static void write_welcome(struct th_wire_writer *writer, const struct th_welcome *welcome,
                          Tonghop__Welcome *message)
{
    tonghop__welcome__init(message);
    message->mode = (Tonghop__Mode)welcome->mode;
    message->realm = th_wire_of_text(welcome->realm);
    message->now = welcome->now.ms;
    message->size = welcome->size;
    message->n_log_key = welcome->log_keys_count;
    message->log_key = th_wire_write_log_keys(writer, welcome->log_keys, welcome->log_keys_count);
    message->n_lost = welcome->lost_count;
    message->lost = write_lost(writer, welcome->lost, welcome->lost_count);
}

static void write_reminder(const struct th_reminder *reminder, Tonghop__Reminder *message)
{
    tonghop__reminder__init(message);
    message->plan = th_wire_of_text(reminder->plan);
    message->obligation = th_wire_of_text(reminder->obligation);
    message->due = reminder->due.ms;
    message->time = reminder->time.ms;
    message->text = th_wire_of_text(reminder->text);
}

static void write_failure(const struct th_failure *failure, Tonghop__Failure *message)
{
    tonghop__failure__init(message);
    message->code = th_wire_of_text(failure->code);
    message->text = th_wire_of_text(failure->text);
    message->retry = failure->retry;
    message->has_after_ms = failure->after_ms != 0;
    message->after_ms = failure->after_ms;
}

/* Every body that a frame to a node can have, in the encoder's frame of the stack. */
union node_body {
    Tonghop__Welcome welcome;
    Tonghop__Outcome outcome;
    Tonghop__Announcement announcement;
    Tonghop__Reminder reminder;
    Tonghop__Answer answer;
    Tonghop__Failure failure;
};

static void write_body(struct th_wire_writer *writer, const struct th_to_node *message,
                       union node_body *body, Tonghop__ToNode *frame)
{
    switch (message->kind) {
    case TH_TO_NODE_WELCOME:
        write_welcome(writer, &message->body.welcome, &body->welcome);
        frame->body_case = TONGHOP__TO_NODE__BODY_WELCOME;
        frame->welcome = &body->welcome;
        break;
    case TH_TO_NODE_OUTCOME:
        write_outcome(writer, &message->body.outcome, &body->outcome);
        frame->body_case = TONGHOP__TO_NODE__BODY_OUTCOME;
        frame->outcome = &body->outcome;
        break;
    case TH_TO_NODE_ANNOUNCEMENT:
        tonghop__announcement__init(&body->announcement);
        body->announcement.kind = (Tonghop__Announcement__Kind)message->body.announcement.kind;
        body->announcement.content = th_wire_of_bytes(message->body.announcement.content.bytes,
                                                      message->body.announcement.content.size);
        frame->body_case = TONGHOP__TO_NODE__BODY_ANNOUNCEMENT;
        frame->announcement = &body->announcement;
        break;
    case TH_TO_NODE_REMINDER:
        write_reminder(&message->body.reminder, &body->reminder);
        frame->body_case = TONGHOP__TO_NODE__BODY_REMINDER;
        frame->reminder = &body->reminder;
        break;
    case TH_TO_NODE_ANSWER:
        tonghop__answer__init(&body->answer);
        body->answer.json = th_wire_of_bytes(message->body.answer.bytes, message->body.answer.size);
        frame->body_case = TONGHOP__TO_NODE__BODY_ANSWER;
        frame->answer = &body->answer;
        break;
    case TH_TO_NODE_FAILURE:
        write_failure(&message->body.failure, &body->failure);
        frame->body_case = TONGHOP__TO_NODE__BODY_FAILURE;
        frame->failure = &body->failure;
        break;
    }
}

int th_wire_to_node_encode(const struct th_to_node *message, struct th_arena *arena,
                           struct th_bytes *ret_frame)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__ToNode frame = TONGHOP__TO_NODE__INIT;
    union node_body body;
    frame.version = TH_WIRE_VERSION;
    frame.request = message->request;
    write_body(&writer, message, &body, &frame);
    TH_ASSERT(frame.body_case != TONGHOP__TO_NODE__BODY__NOT_SET);
    return th_wire_pack(&writer, &frame.base, TH_LIMIT_TO_NODE_SIZE_MAX, ret_frame);
}
