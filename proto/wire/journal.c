/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/journal.h"

#include "base/assert.h"
#include "journal.pb-c.h"
#include "proto/model/unit.h"
#include "proto/wire/decision_parts.h"
#include "proto/wire/packer.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

/* One submission's reports, each with as many reasons and as many warnings as are kept. */
#define REMARKS_MAX    (TH_LIMIT_REPORTS_MAX * 2 * TH_REASONS_MAX)
#define PROOF_SIZE_MAX 4096 /* node.pub */
#define BODY_SIZE_MAX  TH_LIMIT_TO_NODE_SIZE_MAX

static size_t judgements_room(const struct th_judgement *judgements, size_t count)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++)
        room += 10 * TH_WIRE_NUMBER_MAX + judgements[i].obligation.size + TH_DIGEST_SIZE;
    return room;
}

/* Message Judgement of journal.proto, each as `field`. */
static void pack_judgements(struct th_wire_packer *packer, unsigned field,
                            const struct th_judgement *judgements, size_t count)
{
    enum {
        OBLIGATION = 1,
        NUMBER,
        REVISION,
        REPORT_SHA256,
        VERDICT,
        FIRST_RECEIVED,
        DUE,
        TIMELINESS,
        RECEIVED
    };
    for (size_t i = count; i-- > 0;) {
        const struct th_judgement *judgement = &judgements[i];
        const uint8_t *end = packer->at;
        TH_ASSERT(judgement->accepted == (judgement->verdict == TH_VERDICT_ACCEPTED));
        if (judgement->accepted && judgement->has_received)
            th_wire_pack_number(packer, RECEIVED, (uint64_t)judgement->received.ms);
        if (judgement->accepted)
            th_wire_pack_number(packer, TIMELINESS, (uint64_t)judgement->timeliness);
        if (judgement->accepted && judgement->has_due)
            th_wire_pack_number(packer, DUE, (uint64_t)judgement->due.ms);
        if (judgement->accepted)
            th_wire_pack_number(packer, FIRST_RECEIVED, (uint64_t)judgement->first_received.ms);
        th_wire_pack_number(packer, VERDICT, (uint64_t)judgement->verdict);
        th_wire_pack_digest(packer, REPORT_SHA256, &judgement->report_digest);
        th_wire_pack_number(packer, REVISION, judgement->revision);
        th_wire_pack_number(packer, NUMBER, judgement->number);
        th_wire_pack_text(packer, OBLIGATION, judgement->obligation);
        th_wire_pack_message(packer, field, end);
    }
}

static struct th_judgement read_judgement(struct th_wire_reader *reader,
                                          const Tonghop__Judgement *message)
{
    struct th_judgement judgement = {
        .obligation = th_wire_text(reader, message->obligation, 1, TH_LIMIT_OBLIGATION_ID_MAX, 0),
        .number = message->number,
        .revision = message->revision,
        .report_digest = th_wire_digest(reader, message->report_sha256),
        .verdict = (enum th_verdict)message->verdict,
        .accepted = message->verdict == TONGHOP__JUDGEMENT__VERDICT__ACCEPTED,
        .has_due = message->has_due,
        .has_received = message->has_received,
    };
    th_wire_require(reader, message->has_first_received == judgement.accepted, TH_E_SYNTAX);
    th_wire_require(reader, message->has_timeliness == judgement.accepted, TH_E_SYNTAX);
    th_wire_require(reader, judgement.accepted || !judgement.has_due, TH_E_SYNTAX);
    th_wire_require(reader, judgement.accepted || !judgement.has_received, TH_E_SYNTAX);
    if (judgement.accepted) {
        judgement.first_received = th_wire_instant(reader, message->first_received);
        judgement.timeliness = (enum th_timeliness)message->timeliness;
    }
    if (judgement.has_due)
        judgement.due = th_wire_instant(reader, message->due);
    if (judgement.has_received)
        judgement.received = th_wire_instant(reader, message->received);
    return judgement;
}

static const struct th_judgement *read_judgements(struct th_wire_reader *reader,
                                                  Tonghop__Judgement *const *messages, size_t count)
{
    th_wire_require(reader, count <= TH_LIMIT_REPORTS_MAX, TH_E_LIMIT);
    struct th_judgement *judgements = th_wire_alloc(reader, count, sizeof *judgements);
    for (size_t i = 0; judgements != NULL && i < count; i++)
        judgements[i] = read_judgement(reader, messages[i]);
    return judgements;
}

static void pack_remark(struct th_wire_packer *packer, const struct th_remark *remark)
{
    enum { REPORT = 1, FIELD, VALUE, RULE, REFUSED };
    th_wire_pack_number(packer, REFUSED, remark->refused);
    th_wire_pack_text(packer, RULE, remark->rule);
    th_wire_pack_text(packer, VALUE, remark->value);
    th_wire_pack_text(packer, FIELD, remark->field);
    th_wire_pack_number(packer, REPORT, remark->report);
}

int th_wire_decision_encode(const struct th_decision *value, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    enum { JUDGEMENT = 1, REMARK };
    struct th_wire_packer packer;
    size_t room = judgements_room(value->judgements, value->judgements_count);
    for (size_t i = 0; i < value->remarks_count; i++)
        room += 6 * TH_WIRE_NUMBER_MAX + value->remarks[i].field.size +
                value->remarks[i].value.size + value->remarks[i].rule.size;
    int status = th_wire_packer_init(&packer, arena, room);
    if (status < 0)
        return status;
    for (size_t i = value->remarks_count; i-- > 0;) {
        const uint8_t *end = packer.at;
        pack_remark(&packer, &value->remarks[i]);
        th_wire_pack_message(&packer, REMARK, end);
    }
    pack_judgements(&packer, JUDGEMENT, value->judgements, value->judgements_count);
    return th_wire_packer_take(&packer, BODY_SIZE_MAX, ret_bytes);
}

struct decoding {
    struct th_wire_reader reader;
    struct th_judgement *judgements;
    struct th_remark *remarks;
    struct th_wire_decision_counts whole, taken;
};

static void on_judgement(void *context, const Tonghop__Judgement *message)
{
    struct decoding *decoding = context;
    decoding->judgements[decoding->taken.judgements++] = read_judgement(&decoding->reader, message);
}

static void on_remark(void *context, const Tonghop__Remark *message)
{
    struct decoding *decoding = context;
    struct th_wire_reader *reader = &decoding->reader;
    th_wire_require(reader, message->report < decoding->whole.judgements, TH_E_SYNTAX);
    decoding->remarks[decoding->taken.remarks++] = (struct th_remark){
        .report = message->report,
        .field = th_wire_text(reader, message->field, 0, TH_REASON_FIELD_MAX - 1, 0),
        .value = th_wire_text(reader, message->value, 0, TH_REASON_VALUE_MAX - 1, 0),
        .rule = th_wire_text(reader, message->rule, 1, TH_LIMIT_RULE_ID_MAX, 0),
        .refused = message->refused,
    };
}

int th_wire_decision_decode(struct th_bytes bytes, struct th_arena *arena,
                            struct th_decision *ret_value)
{
    struct decoding decoding;
    struct th_wire_reader *reader = &decoding.reader;
    struct th_wire_decision_counts whole;
    if (!th_wire_count_decision(bytes, &whole))
        return TH_E_SYNTAX;
    if (whole.remarks > REMARKS_MAX || whole.judgements > TH_LIMIT_REPORTS_MAX)
        return TH_E_LIMIT;
    decoding.whole = whole;
    decoding.taken = (struct th_wire_decision_counts){0, 0};
    th_wire_reader_init(reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    decoding.judgements = th_wire_alloc(reader, whole.judgements, sizeof *decoding.judgements);
    decoding.remarks = th_wire_alloc(reader, whole.remarks, sizeof *decoding.remarks);
    if (reader->status == 0 &&
        !th_wire_take_decision_apart(
            bytes, &(struct th_wire_decision_taker){on_judgement, on_remark, &decoding}))
        th_wire_fail(reader, TH_E_SYNTAX);
    if (reader->status == 0)
        *ret_value = (struct th_decision){.judgements = decoding.judgements,
                                          .judgements_count = whole.judgements,
                                          .remarks = decoding.remarks,
                                          .remarks_count = whole.remarks};
    return reader->status;
}

int th_wire_leaf_encode(const struct th_leaf *value, struct th_arena *arena,
                        struct th_bytes *ret_bytes)
{
    enum {
        POSITION = 1,
        KIND,
        TIME,
        CLOCK,
        ENTRY_SHA256,
        MODE,
        UNIT,
        HEADER_SHA256,
        JUDGEMENT,
        OPERATOR
    };
    struct th_wire_packer packer;
    size_t room =
        9 * TH_WIRE_NUMBER_MAX + 2 * TH_DIGEST_SIZE + value->unit.size +
        value->operator.size + judgements_room(value->judgements, value->judgements_count);
    int status = th_wire_packer_init(&packer, arena, room);
    if (status < 0)
        return status;
    if (value->operator.size> 0)
        th_wire_pack_text(&packer, OPERATOR, value->operator);
    pack_judgements(&packer, JUDGEMENT, value->judgements, value->judgements_count);
    if (value->has_header_digest)
        th_wire_pack_digest(&packer, HEADER_SHA256, &value->header_digest);
    if (value->unit.size > 0)
        th_wire_pack_text(&packer, UNIT, value->unit);
    th_wire_pack_number(&packer, MODE, (uint64_t)value->mode);
    th_wire_pack_digest(&packer, ENTRY_SHA256, &value->entry_digest);
    th_wire_pack_number(&packer, CLOCK, (uint64_t)value->clock);
    th_wire_pack_number(&packer, TIME, (uint64_t)value->time.ms);
    th_wire_pack_number(&packer, KIND, (uint64_t)value->kind);
    th_wire_pack_number(&packer, POSITION, value->position);
    return th_wire_packer_take(&packer, BODY_SIZE_MAX, ret_bytes);
}

int th_wire_leaf_decode(struct th_bytes bytes, struct th_arena *arena, struct th_leaf *ret_value)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    const Tonghop__Leaf *message = th_wire_unpack(&reader, &tonghop__leaf__descriptor, bytes);
    if (message == NULL)
        return reader.status;
    struct th_leaf leaf = {
        .position = message->position,
        .kind = (enum th_entry_kind)message->kind,
        .time = th_wire_instant(&reader, message->time),
        .clock = (enum th_clock_status)message->clock,
        .entry_digest = th_wire_digest(&reader, message->entry_sha256),
        .mode = (enum th_mode)message->mode,
        .unit = {"", 0},
        .operator= {"", 0},
        .has_header_digest = message->has_header_sha256,
        .judgements = read_judgements(&reader, message->judgement, message->n_judgement),
        .judgements_count = message->n_judgement,
    };
    if (message->has_unit)
        leaf.unit = th_wire_unit_code(&reader, message->unit);
    /* What was entered has a person instead of a signed header. */
    th_wire_require(&reader, (message->has_operator_ != 0) == (leaf.kind == TH_ENTRY_ENTERED),
                    TH_E_SYNTAX);
    th_wire_require(&reader, leaf.kind != TH_ENTRY_ENTERED || !leaf.has_header_digest, TH_E_SYNTAX);
    if (message->has_operator_)
        leaf.operator=
            th_wire_text(&reader, message->operator_, 1, TH_LIMIT_NAME_SIZE_MAX, TH_TEXT_ONE_LINE);
    /* The leaf's own time is when it was received, unless another log received it before. */
    for (size_t i = 0; reader.status == 0 && i < leaf.judgements_count; i++)
        th_wire_require(&reader,
                        !leaf.judgements[i].accepted ||
                            leaf.judgements[i].has_received == (leaf.kind == TH_ENTRY_READMITTED),
                        TH_E_SYNTAX);
    if (message->has_header_sha256)
        leaf.header_digest = th_wire_digest(&reader, message->header_sha256);
    if (reader.status == 0)
        *ret_value = leaf;
    return reader.status;
}

/* Bodies without lists: WRITE fills `message` from `value`, READ fills `result` from `message`. */
#define CODEC(name, NAME, type, WRITE, READ)                                                       \
    int th_wire_##name##_encode(const struct type *value, struct th_arena *arena,                  \
                                struct th_bytes *ret_bytes)                                        \
    {                                                                                              \
        struct th_wire_writer writer = {.arena = arena};                                           \
        Tonghop__##NAME message;                                                                   \
        WRITE(value, &message);                                                                    \
        return th_wire_pack(&writer, &message.base, BODY_SIZE_MAX, ret_bytes);                     \
    }                                                                                              \
    int th_wire_##name##_decode(struct th_bytes bytes, struct th_arena *arena,                     \
                                struct type *ret_value)                                            \
    {                                                                                              \
        struct th_wire_reader reader;                                                              \
        th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);                          \
        const Tonghop__##NAME *message = th_wire_unpack(&reader, DESCRIPTOR_##NAME, bytes);        \
        if (message == NULL)                                                                       \
            return reader.status;                                                                  \
        struct type value = {0};                                                                   \
        READ(&reader, message, &value);                                                            \
        if (reader.status == 0)                                                                    \
            *ret_value = value;                                                                    \
        return reader.status;                                                                      \
    }

#define DESCRIPTOR_Founding    &tonghop__founding__descriptor
#define DESCRIPTOR_Enrolment   &tonghop__enrolment__descriptor
#define DESCRIPTOR_Revocation  &tonghop__revocation__descriptor
#define DESCRIPTOR_Reminding   &tonghop__reminding__descriptor
#define DESCRIPTOR_Closing     &tonghop__closing__descriptor
#define DESCRIPTOR_ClockChange &tonghop__clock_change__descriptor

static void read_operator(struct th_wire_reader *reader, ProtobufCBinaryData data,
                          struct th_text *ret_operator)
{
    *ret_operator = th_wire_text(reader, data, 0, TH_LIMIT_NAME_SIZE_MAX, 0);
}

static void write_founding(const struct th_founding *value, Tonghop__Founding *message)
{
    tonghop__founding__init(message);
    message->mode = (Tonghop__Mode)value->mode;
    message->realm = th_wire_of_text(value->realm);
    message->log_key = th_wire_of_bytes(value->log_key, sizeof value->log_key);
    message->store_id = th_wire_of_bytes(value->store_id, sizeof value->store_id);
    message->operator_ = th_wire_of_text(value->operator);
}

static void read_founding(struct th_wire_reader *reader, const Tonghop__Founding *message,
                          struct th_founding *value)
{
    value->mode = (enum th_mode)message->mode;
    value->realm = th_wire_text(reader, message->realm, 1, TH_LIMIT_REALM_SIZE_MAX, 0);
    th_wire_fixed(reader, message->log_key, value->log_key, sizeof value->log_key);
    th_wire_fixed(reader, message->store_id, value->store_id, sizeof value->store_id);
    read_operator(reader, message->operator_, &value->operator);
}

static void write_enrolment(const struct th_enrolment *value, Tonghop__Enrolment *message)
{
    tonghop__enrolment__init(message);
    message->unit = th_wire_of_text(value->unit);
    message->sign_key = th_wire_of_bytes(value->sign_key.bytes, sizeof value->sign_key.bytes);
    message->curve_key = th_wire_of_bytes(value->curve_key, sizeof value->curve_key);
    message->proof = th_wire_of_bytes(value->proof.bytes, value->proof.size);
    message->operator_ = th_wire_of_text(value->operator);
}

static void read_enrolment(struct th_wire_reader *reader, const Tonghop__Enrolment *message,
                           struct th_enrolment *value)
{
    value->unit = th_wire_unit_code(reader, message->unit);
    th_wire_fixed(reader, message->sign_key, value->sign_key.bytes, sizeof value->sign_key.bytes);
    th_wire_fixed(reader, message->curve_key, value->curve_key, sizeof value->curve_key);
    value->proof = th_wire_bytes(reader, message->proof, PROOF_SIZE_MAX);
    read_operator(reader, message->operator_, &value->operator);
}

static void write_revocation(const struct th_revocation *value, Tonghop__Revocation *message)
{
    tonghop__revocation__init(message);
    message->unit = th_wire_of_text(value->unit);
    message->sign_key = th_wire_of_bytes(value->sign_key.bytes, sizeof value->sign_key.bytes);
    message->operator_ = th_wire_of_text(value->operator);
    message->effective = value->effective.ms;
}

static void read_revocation(struct th_wire_reader *reader, const Tonghop__Revocation *message,
                            struct th_revocation *value)
{
    value->unit = th_wire_unit_code(reader, message->unit);
    th_wire_fixed(reader, message->sign_key, value->sign_key.bytes, sizeof value->sign_key.bytes);
    read_operator(reader, message->operator_, &value->operator);
    value->effective = th_wire_instant(reader, message->effective);
}

static void write_reminding(const struct th_reminding *value, Tonghop__Reminding *message)
{
    tonghop__reminding__init(message);
    message->plan = th_wire_of_text(value->plan);
    message->obligation = th_wire_of_text(value->obligation);
    message->instant = value->instant.ms;
    message->missing = value->missing;
}

static void read_reminding(struct th_wire_reader *reader, const Tonghop__Reminding *message,
                           struct th_reminding *value)
{
    value->plan = th_wire_text(reader, message->plan, 1, TH_LIMIT_PLAN_ID_MAX, 0);
    value->obligation = th_wire_text(reader, message->obligation, 1, TH_LIMIT_OBLIGATION_ID_MAX, 0);
    value->instant = th_wire_instant(reader, message->instant);
    value->missing = message->missing;
}

static void write_closing(const struct th_closing_body *value, Tonghop__Closing *message)
{
    tonghop__closing__init(message);
    message->plan = th_wire_of_text(value->plan);
    message->obligation = th_wire_of_text(value->obligation);
    message->instant = value->instant.ms;
    message->expected = value->expected;
    message->received = value->received;
}

static void read_closing(struct th_wire_reader *reader, const Tonghop__Closing *message,
                         struct th_closing_body *value)
{
    value->plan = th_wire_text(reader, message->plan, 1, TH_LIMIT_PLAN_ID_MAX, 0);
    value->obligation = th_wire_text(reader, message->obligation, 1, TH_LIMIT_OBLIGATION_ID_MAX, 0);
    value->instant = th_wire_instant(reader, message->instant);
    value->expected = message->expected;
    value->received = message->received;
}

static void write_clock_change(const struct th_clock_change *value, Tonghop__ClockChange *message)
{
    tonghop__clock_change__init(message);
    message->kind = (Tonghop__ClockChange__Kind)value->kind;
    message->to = value->to.ms;
    message->has_boottime = value->has_boottime;
    message->boottime = value->boottime_ms;
    message->operator_ = th_wire_of_text(value->operator);
    message->has_operator_ = message->operator_.len > 0;
}

static void read_clock_change(struct th_wire_reader *reader, const Tonghop__ClockChange *message,
                              struct th_clock_change *value)
{
    value->kind = (enum th_clock_change_kind)message->kind;
    value->to = th_wire_instant(reader, message->to);
    value->has_boottime = message->has_boottime;
    value->boottime_ms = message->boottime;
    read_operator(reader, message->operator_, &value->operator);
}

CODEC(founding, Founding, th_founding, write_founding, read_founding)
CODEC(enrolment, Enrolment, th_enrolment, write_enrolment, read_enrolment)
CODEC(revocation, Revocation, th_revocation, write_revocation, read_revocation)
CODEC(reminding, Reminding, th_reminding, write_reminding, read_reminding)
CODEC(closing, Closing, th_closing_body, write_closing, read_closing)
CODEC(clock_change, ClockChange, th_clock_change, write_clock_change, read_clock_change)
