/* SPDX-License-Identifier: Apache-2.0 */
/* Writing messages (message.proto); proto/wire/message_read.c reads them. */
#include "proto/wire/message.h"

#include "base/assert.h"
#include "message.pb-c.h"
#include "proto/wire/log_key_parts.h"
#include "proto/wire/packer.h"
#include "proto/wire/writer.h"

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

/* Absent when empty. */
static void write_words(const struct th_query *query, Tonghop__Query *message)
{
    message->has_standing = query->standing.size > 0;
    message->standing = th_wire_of_text(query->standing);
    message->has_search = query->search.size > 0;
    message->search = th_wire_of_text(query->search);
    message->has_parent = query->parent.size > 0;
    message->parent = th_wire_of_text(query->parent);
    message->has_kind = query->kind.size > 0;
    message->kind = th_wire_of_text(query->kind);
    message->has_indicators = query->indicators.size > 0;
    message->indicators = th_wire_of_text(query->indicators);
    message->has_after = query->after.size > 0;
    message->after = th_wire_of_text(query->after);
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
    message->has_position = query->has_position;
    message->position = query->position;
    message->has_revision = query->revision != 0;
    message->revision = query->revision;
    message->has_limit = query->limit != 0;
    message->limit = query->limit;
    message->has_brief = query->is_brief;
    message->brief = query->is_brief;
    message->has_closed_at = query->has_closed_at;
    message->closed_at = query->closed_at.ms;
    write_words(query, message);
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

/* ---- an outcome, the answer of every submission ---- */

/* The texts of one outcome together; what is beyond is left out, the rule's id says it as well. */
#define REASON_TEXTS_MAX ((size_t)1024 * 1024)

static size_t texts_size(const struct th_wire_reason *reasons, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += reasons[i].text.size;
    return size;
}

static size_t reasons_room(const struct th_wire_reason *reasons, size_t count)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++)
        room += 5 * TH_WIRE_NUMBER_MAX + reasons[i].field.size + reasons[i].value.size +
                reasons[i].rule.size + reasons[i].text.size;
    return room;
}

static size_t outcome_room(const struct th_outcome *outcome)
{
    size_t room = 5 * TH_WIRE_NUMBER_MAX + TH_DIGEST_SIZE + outcome->refusal.size;
    for (size_t i = 0; i < outcome->verdicts_count; i++) {
        const struct th_wire_verdict *verdict = &outcome->verdicts[i];
        room += 7 * TH_WIRE_NUMBER_MAX + 2 * TH_DIGEST_SIZE +
                reasons_room(verdict->reasons, verdict->reasons_count) +
                reasons_room(verdict->warnings, verdict->warnings_count);
    }
    for (size_t i = 0; i < outcome->receipts_count; i++)
        room += TH_WIRE_NUMBER_MAX + outcome->receipts[i].size;
    return room;
}

/* `texts`: the size of all texts of the outcome up to the end of these; then up to their begin. */
static void pack_reasons(struct th_wire_packer *packer, unsigned field,
                         const struct th_wire_reason *reasons, size_t count, size_t *texts)
{
    enum { FIELD = 1, VALUE, RULE, TEXT };
    for (size_t i = count; i-- > 0;) {
        const uint8_t *end = packer->at;
        bool has_room = *texts <= REASON_TEXTS_MAX;
        *texts -= reasons[i].text.size;
        th_wire_pack_text(packer, TEXT, has_room ? reasons[i].text : (struct th_text){"", 0});
        th_wire_pack_text(packer, RULE, reasons[i].rule);
        th_wire_pack_text(packer, VALUE, reasons[i].value);
        th_wire_pack_text(packer, FIELD, reasons[i].field);
        th_wire_pack_message(packer, field, end);
    }
}

static void pack_verdict(struct th_wire_packer *packer, const struct th_wire_verdict *verdict,
                         size_t *texts)
{
    enum {
        REPORT_SHA256 = 1,
        KIND,
        REASON,
        WARNING,
        POSITION,
        STORED_SHA256,
        NEXT_REVISION,
        RECEIPT
    };
    if (verdict->has_receipt)
        th_wire_pack_number(packer, RECEIPT, verdict->receipt);
    if (verdict->has_next_revision)
        th_wire_pack_number(packer, NEXT_REVISION, verdict->next_revision);
    if (verdict->has_stored_digest)
        th_wire_pack_digest(packer, STORED_SHA256, &verdict->stored_digest);
    if (verdict->has_position)
        th_wire_pack_number(packer, POSITION, verdict->position);
    pack_reasons(packer, WARNING, verdict->warnings, verdict->warnings_count, texts);
    pack_reasons(packer, REASON, verdict->reasons, verdict->reasons_count, texts);
    th_wire_pack_number(packer, KIND, (uint64_t)verdict->kind);
    th_wire_pack_digest(packer, REPORT_SHA256, &verdict->report_digest);
}

static void pack_outcome(struct th_wire_packer *packer, const struct th_outcome *outcome)
{
    enum { HEADER_SHA256 = 1, VERDICT, RECEIPT, REFUSAL };
    if (outcome->refusal.size > 0)
        th_wire_pack_bytes(packer, REFUSAL, outcome->refusal.bytes, outcome->refusal.size);
    for (size_t i = outcome->receipts_count; i-- > 0;)
        th_wire_pack_bytes(packer, RECEIPT, outcome->receipts[i].bytes, outcome->receipts[i].size);
    size_t texts = 0;
    for (size_t i = 0; i < outcome->verdicts_count; i++)
        texts += texts_size(outcome->verdicts[i].reasons, outcome->verdicts[i].reasons_count) +
                 texts_size(outcome->verdicts[i].warnings, outcome->verdicts[i].warnings_count);
    for (size_t i = outcome->verdicts_count; i-- > 0;) {
        const uint8_t *end = packer->at;
        pack_verdict(packer, &outcome->verdicts[i], &texts);
        th_wire_pack_message(packer, VERDICT, end);
    }
    th_wire_pack_digest(packer, HEADER_SHA256, &outcome->header_digest);
}

static int outcome_encode(const struct th_to_node *message, struct th_arena *arena,
                          struct th_bytes *ret_frame)
{
    enum { VERSION = 1, REQUEST };
    struct th_wire_packer packer;
    size_t room = 3 * TH_WIRE_NUMBER_MAX + outcome_room(&message->body.outcome);
    int status = th_wire_packer_init(&packer, arena, room);
    if (status < 0)
        return status;
    pack_outcome(&packer, &message->body.outcome);
    th_wire_pack_message(&packer, TONGHOP__TO_NODE__BODY_OUTCOME, packer.end);
    th_wire_pack_number(&packer, REQUEST, message->request);
    th_wire_pack_number(&packer, VERSION, TH_WIRE_VERSION);
    return th_wire_packer_take(&packer, TH_LIMIT_TO_NODE_SIZE_MAX, ret_frame);
}

/* ---- the other messages to a node ---- */

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
        break; /* outcome_encode() */
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
    if (message->kind == TH_TO_NODE_OUTCOME)
        return outcome_encode(message, arena, ret_frame);
    frame.version = TH_WIRE_VERSION;
    frame.request = message->request;
    write_body(&writer, message, &body, &frame);
    TH_ASSERT(frame.body_case != TONGHOP__TO_NODE__BODY__NOT_SET);
    return th_wire_pack(&writer, &frame.base, TH_LIMIT_TO_NODE_SIZE_MAX, ret_frame);
}
