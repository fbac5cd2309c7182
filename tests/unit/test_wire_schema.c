/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for every schema file, checked on the generated descriptors. */
#include "journal.pb-c.h"
#include "message.pb-c.h"
#include "plan.pb-c.h"
#include "report.pb-c.h"

#include <criterion/criterion.h>

/* A message within messages: deeper than this is a cycle. */
#define DEPTH_MAX 8

static const ProtobufCMessageDescriptor *const roots[] = {
    &tonghop__report__descriptor,
    &tonghop__submission__descriptor,
    &tonghop__submission_header__descriptor,
    &tonghop__to_aggregator__descriptor,
    &tonghop__to_node__descriptor,
    &tonghop__plan__descriptor,
    &tonghop__unit_list__descriptor,
    &tonghop__leaf__descriptor,
    &tonghop__decision__descriptor,
    &tonghop__founding__descriptor,
    &tonghop__enrolment__descriptor,
    &tonghop__revocation__descriptor,
    &tonghop__reminding__descriptor,
    &tonghop__closing__descriptor,
    &tonghop__clock_change__descriptor,
    &tonghop__rotation__descriptor,
    &tonghop__recovery__descriptor,
    &tonghop__recovery_end__descriptor,
    &tonghop__readmission__descriptor,
    &tonghop__entering__descriptor,
};

/* Why a schema is not one of ours; NULL when it is. */
static const char *judge(const ProtobufCMessageDescriptor *message, unsigned depth)
{
    if (depth == DEPTH_MAX)
        return "nested without end";
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        if (field->type == PROTOBUF_C_TYPE_FLOAT || field->type == PROTOBUF_C_TYPE_DOUBLE)
            return "a float";
        if (field->type == PROTOBUF_C_TYPE_STRING)
            return "a string, which ends at a NUL";
        const char *inner =
            field->type == PROTOBUF_C_TYPE_MESSAGE ? judge(field->descriptor, depth + 1) : NULL;
        if (inner != NULL)
            return inner;
    }
    return NULL;
}

Test(wire_schema, no_message_contains_itself_or_a_float_or_a_string)
{
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        cr_assert_null(judge(roots[i], 0), "%s", roots[i]->name);
}

static ProtobufCMessageDescriptor bad;
static ProtobufCFieldDescriptor bad_field = {.name = "bad", .descriptor = &bad};

Test(wire_schema, a_cycle_a_float_and_a_string_are_found)
{
    bad = (ProtobufCMessageDescriptor){.name = "bad", .n_fields = 1, .fields = &bad_field};
    bad_field.type = PROTOBUF_C_TYPE_MESSAGE;
    cr_assert_str_eq(judge(&bad, 0), "nested without end");
    bad_field.type = PROTOBUF_C_TYPE_DOUBLE;
    cr_assert_str_eq(judge(&bad, 0), "a float");
    bad_field.type = PROTOBUF_C_TYPE_STRING;
    cr_assert_not_null(judge(&bad, 0));
    bad_field.type = PROTOBUF_C_TYPE_SINT64;
    cr_assert_null(judge(&bad, 0));
}
