/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/control.h"

#include "control.pb-c.h"
#include "proto/model/unit.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"
#include "publication.pb-c.h"

#include <string.h>

enum {
    CONTROL_VERSION = 1,
    OPERATOR_SIZE_MAX = TH_LIMIT_NAME_SIZE_MAX,
    PUBLICATION_SIZE_MAX = 64,
    STATUS_MAX = 255
};

#define CONTROL_BUDGET_BYTES ((size_t)64 * 1024 * 1024)

/* ---- writing ---- */

static Tonghop__Act *write_act(struct th_wire_writer *writer, const struct th_act *act)
{
    Tonghop__Act *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__act__init(message);
    message->kind = (Tonghop__Act__Kind)act->kind;
    message->operator_ = th_wire_of_text(act->operator);
    message->has_content = act->content.size > 0;
    message->content = th_wire_of_bytes(act->content.bytes, act->content.size);
    bool has_key = act->kind == TH_ACT_ENROL || act->kind == TH_ACT_REVOKE;
    message->has_unit = message->has_sign_key = has_key;
    message->unit = th_wire_of_text(act->unit);
    message->sign_key = th_wire_of_bytes(act->sign_key.bytes, sizeof act->sign_key.bytes);
    message->has_curve_key = act->kind == TH_ACT_ENROL;
    message->curve_key = th_wire_of_bytes(act->curve_key, sizeof act->curve_key);
    message->has_to = act->kind == TH_ACT_SET_CLOCK || act->kind == TH_ACT_REVOKE;
    message->to = act->to.ms;
    return message;
}

int th_wire_control_request_encode(const struct th_act *acts, size_t acts_count,
                                   struct th_arena *arena, struct th_bytes *ret_bytes)
{
    if (acts_count > TH_CONTROL_ACTS_MAX)
        return TH_E_LIMIT;
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__ControlRequest request = TONGHOP__CONTROL_REQUEST__INIT;
    request.version = CONTROL_VERSION;
    request.act = th_wire_writer_alloc(&writer, acts_count, sizeof(Tonghop__Act *));
    for (size_t i = 0; i < acts_count && writer.status == 0; i++)
        request.act[i] = write_act(&writer, &acts[i]);
    request.n_act = acts_count;
    return th_wire_pack(&writer, &request.base, TH_CONTROL_FRAME_SIZE_MAX, ret_bytes);
}

static Tonghop__ActResult *write_result(struct th_wire_writer *writer,
                                        const struct th_act_result *result)
{
    Tonghop__ActResult *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__act_result__init(message);
    message->status = (uint32_t)-result->status;
    message->has_position = result->has_position;
    message->position = result->position;
    message->has_outcome = result->outcome.size > 0;
    message->outcome = th_wire_of_bytes(result->outcome.bytes, result->outcome.size);
    return message;
}

int th_wire_control_answer_encode(const struct th_act_result *results, size_t count,
                                  struct th_arena *arena, struct th_bytes *ret_bytes)
{
    if (count > TH_CONTROL_ACTS_MAX)
        return TH_E_LIMIT;
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__ControlAnswer answer = TONGHOP__CONTROL_ANSWER__INIT;
    answer.version = CONTROL_VERSION;
    answer.result = th_wire_writer_alloc(&writer, count, sizeof(Tonghop__ActResult *));
    for (size_t i = 0; i < count && writer.status == 0; i++)
        answer.result[i] = write_result(&writer, &results[i]);
    answer.n_result = count;
    return th_wire_pack(&writer, &answer.base, TH_CONTROL_FRAME_SIZE_MAX, ret_bytes);
}

int th_wire_publication_encode(const struct th_publication *publication, struct th_arena *arena,
                               struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Publication message = TONGHOP__PUBLICATION__INIT;
    message.version = CONTROL_VERSION;
    message.size = publication->size;
    message.time = publication->time.ms;
    return th_wire_pack(&writer, &message.base, PUBLICATION_SIZE_MAX, ret_bytes);
}

/* ---- reading ---- */

/* Exactly the fields that the kind has. */
static void check_fields(struct th_wire_reader *reader, const Tonghop__Act *message)
{
    enum th_act_kind kind = (enum th_act_kind)message->kind;
    bool has_key = kind == TH_ACT_ENROL || kind == TH_ACT_REVOKE;
    bool has_content = kind == TH_ACT_LOAD_UNITS || kind == TH_ACT_LOAD_PLAN ||
                       kind == TH_ACT_ENROL || kind == TH_ACT_ROTATE || kind == TH_ACT_RECOVER ||
                       kind == TH_ACT_ENTER;
    bool has_to = kind == TH_ACT_SET_CLOCK || kind == TH_ACT_REVOKE;
    th_wire_require(reader, (message->has_content != 0) == has_content, TH_E_SYNTAX);
    th_wire_require(reader, (message->has_unit != 0) == has_key, TH_E_SYNTAX);
    th_wire_require(reader, (message->has_sign_key != 0) == has_key, TH_E_SYNTAX);
    th_wire_require(reader, (message->has_curve_key != 0) == (kind == TH_ACT_ENROL), TH_E_SYNTAX);
    th_wire_require(reader, (message->has_to != 0) == has_to, TH_E_SYNTAX);
}

static void read_act(struct th_wire_reader *reader, const Tonghop__Act *message, struct th_act *act)
{
    check_fields(reader, message);
    act->kind = (enum th_act_kind)message->kind;
    act->operator= th_wire_text(reader, message->operator_, 1, OPERATOR_SIZE_MAX, TH_TEXT_ONE_LINE);
    if (message->has_content)
        act->content = th_wire_bytes(reader, message->content, TH_CONTROL_FRAME_SIZE_MAX);
    if (message->has_unit)
        act->unit = th_wire_unit_code(reader, message->unit);
    if (message->has_sign_key)
        th_wire_fixed(reader, message->sign_key, act->sign_key.bytes, TH_SIGN_KEY_SIZE);
    if (message->has_curve_key)
        th_wire_fixed(reader, message->curve_key, act->curve_key, TH_CURVE_KEY_SIZE);
    if (message->has_to)
        act->to = th_wire_instant(reader, message->to);
}

int th_wire_control_request_decode(struct th_bytes bytes, struct th_arena *arena,
                                   struct th_act **ret_acts, size_t *ret_count)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, CONTROL_BUDGET_BYTES);
    const Tonghop__ControlRequest *request =
        th_wire_unpack(&reader, &tonghop__control_request__descriptor, bytes);
    if (request == NULL)
        return reader.status;
    th_wire_require(&reader, request->version == CONTROL_VERSION, TH_E_VERSION);
    th_wire_require(&reader, request->n_act <= TH_CONTROL_ACTS_MAX, TH_E_LIMIT);
    struct th_act *acts =
        reader.status < 0 ? NULL : th_wire_alloc(&reader, request->n_act, sizeof *acts);
    for (size_t i = 0; i < request->n_act && reader.status == 0; i++)
        read_act(&reader, request->act[i], &acts[i]);
    if (reader.status < 0)
        return reader.status;
    *ret_acts = acts;
    *ret_count = request->n_act;
    return 0;
}

int th_wire_control_answer_decode(struct th_bytes bytes, struct th_arena *arena,
                                  struct th_act_result **ret_results, size_t *ret_count)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, CONTROL_BUDGET_BYTES);
    const Tonghop__ControlAnswer *answer =
        th_wire_unpack(&reader, &tonghop__control_answer__descriptor, bytes);
    if (answer == NULL)
        return reader.status;
    th_wire_require(&reader, answer->version == CONTROL_VERSION, TH_E_VERSION);
    th_wire_require(&reader, answer->n_result <= TH_CONTROL_ACTS_MAX, TH_E_LIMIT);
    struct th_act_result *results =
        reader.status < 0 ? NULL : th_wire_alloc(&reader, answer->n_result, sizeof *results);
    for (size_t i = 0; i < answer->n_result && reader.status == 0; i++) {
        th_wire_require(&reader, answer->result[i]->status <= STATUS_MAX, TH_E_SYNTAX);
        results[i].status = -(int)answer->result[i]->status;
        results[i].has_position = answer->result[i]->has_position != 0;
        results[i].position = answer->result[i]->position;
        if (answer->result[i]->has_outcome)
            results[i].outcome =
                th_wire_bytes(&reader, answer->result[i]->outcome, TH_LIMIT_FRAME_SIZE_MAX);
    }
    if (reader.status < 0)
        return reader.status;
    *ret_results = results;
    *ret_count = answer->n_result;
    return 0;
}

int th_wire_publication_decode(struct th_bytes bytes, struct th_arena *arena,
                               struct th_publication *ret_publication)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, CONTROL_BUDGET_BYTES);
    const Tonghop__Publication *message =
        th_wire_unpack(&reader, &tonghop__publication__descriptor, bytes);
    if (message == NULL)
        return reader.status;
    th_wire_require(&reader, message->version == CONTROL_VERSION, TH_E_VERSION);
    struct th_publication publication = {.size = message->size,
                                         .time = th_wire_instant(&reader, message->time)};
    if (reader.status == 0)
        *ret_publication = publication;
    return reader.status;
}
