/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decision taken apart here against the same bytes unpacked by protobuf-c: both take and refuse
 * the same, and have the same in every field. But one thing: protobuf-c takes a flag in any form,
 * we take a number.
 */
#include "proto/wire/decision_parts.h"

#include "base/status.h"
#include "proto/wire/journal.h"
#include "proto/wire/reader.h"
#include "tests/support/random.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <string.h>

#define BUDGET ((size_t)64 << 20)

static struct th_arena arena;

static void set_up(void)
{
    th_arena_init(&arena, 65536, BUDGET);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_decision, .init = set_up, .fini = tear_down);

static struct random random_state;

static uint32_t any(uint64_t below)
{
    return random_below(&random_state, (uint32_t)below);
}

/* ---- the same, field by field ---- */

struct comparing {
    const Tonghop__Decision *message;
    size_t judgements, remarks;
    bool differs;
};

static bool same(ProtobufCBinaryData left, ProtobufCBinaryData right)
{
    return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

static void on_judgement(void *context, const Tonghop__Judgement *own)
{
    struct comparing *comparing = context;
    if (comparing->message == NULL || comparing->judgements >= comparing->message->n_judgement)
        return;
    const Tonghop__Judgement *other = comparing->message->judgement[comparing->judgements++];
    comparing->differs |=
        !same(own->obligation, other->obligation) || own->number != other->number ||
        own->revision != other->revision || !same(own->report_sha256, other->report_sha256) ||
        own->verdict != other->verdict || own->has_first_received != other->has_first_received ||
        own->first_received != other->first_received || own->has_due != other->has_due ||
        own->due != other->due || own->has_timeliness != other->has_timeliness ||
        (own->has_timeliness && own->timeliness != other->timeliness) ||
        own->has_received != other->has_received || own->received != other->received;
}

static void on_remark(void *context, const Tonghop__Remark *own)
{
    struct comparing *comparing = context;
    if (comparing->message == NULL || comparing->remarks >= comparing->message->n_remark)
        return;
    const Tonghop__Remark *other = comparing->message->remark[comparing->remarks++];
    comparing->differs |= own->report != other->report || !same(own->field, other->field) ||
                          !same(own->value, other->value) || !same(own->rule, other->rule) ||
                          (own->refused != 0) != (other->refused != 0);
}

/* Whether both take the bytes; that they agree about everything is what is tested. `has_flags`:
 * there may be a flag in another form. */
static bool both_take(struct th_bytes given, bool has_flags)
{
    struct th_wire_reader reader;
    struct th_wire_decision_counts counts = {0, 0};
    th_wire_reader_init(&reader, &arena, BUDGET);
    struct comparing comparing = {
        .message = th_wire_unpack(&reader, &tonghop__decision__descriptor, given)};
    const struct th_wire_decision_taker taker = {on_judgement, on_remark, &comparing};
    const bool takes =
        th_wire_count_decision(given, &counts) && th_wire_take_decision_apart(given, &taker);
    cr_assert(takes == (comparing.message != NULL) || (has_flags && !takes), "protobuf-c %s it",
              comparing.message == NULL ? "refuses" : "takes");
    if (takes) {
        cr_assert_eq(counts.judgements, comparing.message->n_judgement);
        cr_assert_eq(counts.remarks, comparing.message->n_remark);
        cr_assert_eq(comparing.judgements, counts.judgements);
        cr_assert_eq(comparing.remarks, counts.remarks);
        cr_assert_not(comparing.differs);
    }
    return takes;
}

static struct th_bytes a_sample(size_t remarks_count)
{
    const struct th_judgement judgements[] = {{.obligation = TH_TEXT("O-002-2"),
                                               .number = 4,
                                               .revision = 2,
                                               .report_digest = th_sample_digest(1),
                                               .verdict = TH_VERDICT_ACCEPTED,
                                               .accepted = true,
                                               .has_due = true,
                                               .first_received = {1746784867250},
                                               .due = {1746810000000},
                                               .timeliness = TH_TIMELINESS_LATE,
                                               .has_received = any(2) == 0,
                                               .received = {7}},
                                              {.obligation = TH_TEXT("O-002-3"),
                                               .revision = 1,
                                               .report_digest = th_sample_digest(2),
                                               .verdict = TH_VERDICT_REJECTED}};
    const struct th_remark remarks[] = {
        {0, TH_TEXT("value.TCD01"), TH_TEXT("12"), TH_TEXT("R1"), false},
        {1, TH_TEXT(""), TH_TEXT(""), TH_TEXT("empty"), true}};
    const struct th_decision decision = {judgements, 2, remarks, remarks_count};
    struct th_bytes bytes;
    cr_assert_eq(th_wire_decision_encode(&decision, &arena, &bytes), 0);
    return bytes;
}

Test(wire_decision, what_we_write_is_taken_by_both)
{
    random_state = (struct random){1};
    for (size_t i = 0; i < 20; i++)
        cr_assert(both_take(a_sample(i % 3), false));
    cr_assert(both_take((struct th_bytes){NULL, 0}, false), "a decision about nothing");
}

Test(wire_decision, changed_bytes_are_the_same_to_both)
{
    static uint8_t bytes[4096];
    size_t taken = 0, rounds = 100000;
    random_state = (struct random){2};
    for (size_t i = 0; i < rounds; i++) {
        const size_t remarks = any(3);
        const struct th_bytes sample = a_sample(remarks);
        memcpy(bytes, sample.bytes, sample.size);
        const size_t size = random_change(&random_state, bytes, sample.size);
        taken += both_take((struct th_bytes){bytes, size}, remarks > 0);
        th_arena_reset(&arena);
    }
    cr_assert_gt(taken, rounds / 10);
    cr_assert_lt(taken, rounds * 9 / 10);
}
