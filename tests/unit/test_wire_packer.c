/* SPDX-License-Identifier: Apache-2.0 */
/* What is packed backwards is what protobuf-c packs, for any values. */
#include "proto/wire/packer.h"

#include "journal.pb-c.h"
#include "message.pb-c.h"
#include "proto/wire/message.h"
#include "tests/support/random.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROUNDS = 2000, ITEMS_MAX = 4, TEXT_MAX = 300 };

static struct th_arena arena;
static struct random dice;
static char letters[TEXT_MAX];

static void set_up(void)
{
    th_arena_init(&arena, 4096, 32 << 20);
    dice = (struct random){17};
    memset(letters, 'x', sizeof letters);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_packer, .init = set_up, .fini = tear_down);

/* Of any size in bits. */
static uint64_t number(void)
{
    return random_next(&dice) >> random_below(&dice, 64);
}

static int64_t instant(void)
{
    return random_below(&dice, 4) == 0 ? -(int64_t)(number() >> 1) : (int64_t)(number() >> 1);
}

static bool maybe(void)
{
    return random_below(&dice, 2) == 1;
}

static struct th_text text(void)
{
    return (struct th_text){letters,
                            maybe() ? random_below(&dice, 4) : random_below(&dice, TEXT_MAX)};
}

static struct th_digest digest(void)
{
    return th_sample_digest((uint8_t)random_next(&dice));
}

/* protobuf-c reads the bytes, and writes the same. */
static void check(const ProtobufCMessageDescriptor *descriptor, struct th_bytes bytes)
{
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, NULL, bytes.size, bytes.bytes);
    cr_assert_not_null(message);
    cr_assert_eq(protobuf_c_message_get_packed_size(message), bytes.size);
    uint8_t *again = th_arena_alloc(&arena, bytes.size);
    cr_assert_not_null(again);
    cr_assert_eq(protobuf_c_message_pack(message, again), bytes.size);
    cr_assert_eq(memcmp(again, bytes.bytes, bytes.size), 0);
    protobuf_c_message_free_unpacked(message, NULL);
}

static struct th_judgement judgement(void)
{
    bool accepted = maybe();
    return (struct th_judgement){
        .obligation = text(),
        .number = (uint32_t)number(),
        .revision = (uint32_t)number(),
        .report_digest = digest(),
        .verdict = accepted ? TH_VERDICT_ACCEPTED : TH_VERDICT_CONFLICT,
        .accepted = accepted,
        .has_due = accepted && maybe(),
        .first_received = {instant()},
        .due = {instant()},
        .timeliness = TH_TIMELINESS_LATE,
        .has_received = accepted && maybe(),
        .received = {instant()},
    };
}

Test(wire_packer, decisions_and_leaves_are_the_bytes_of_protobuf)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct th_judgement judgements[ITEMS_MAX];
        struct th_remark remarks[ITEMS_MAX];
        struct th_decision decision = {judgements, random_below(&dice, ITEMS_MAX + 1), remarks,
                                       random_below(&dice, ITEMS_MAX + 1)};
        struct th_bytes bytes;
        for (size_t i = 0; i < ITEMS_MAX; i++) {
            judgements[i] = judgement();
            remarks[i] = (struct th_remark){(uint32_t)number(), text(), text(), text(), maybe()};
        }
        struct th_leaf leaf = {.position = number(),
                               .kind = TH_ENTRY_READMITTED,
                               .time = {instant()},
                               .clock = TH_CLOCK_SUSPECT,
                               .entry_digest = digest(),
                               .mode = TH_MODE_REHEARSAL,
                               .unit = text(),
                               .has_header_digest = maybe(),
                               .header_digest = digest(),
                               .judgements = judgements,
                               .judgements_count = decision.judgements_count};
        th_arena_reset(&arena);
        cr_assert_eq(th_wire_decision_encode(&decision, &arena, &bytes), 0);
        check(&tonghop__decision__descriptor, bytes);
        cr_assert_eq(th_wire_leaf_encode(&leaf, &arena, &bytes), 0);
        check(&tonghop__leaf__descriptor, bytes);
    }
}

Test(wire_packer, outcomes_are_the_bytes_of_protobuf)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct th_wire_reason reasons[ITEMS_MAX];
        struct th_wire_verdict verdicts[ITEMS_MAX];
        struct th_bytes receipts[ITEMS_MAX];
        struct th_bytes frame;
        for (size_t i = 0; i < ITEMS_MAX; i++) {
            reasons[i] = (struct th_wire_reason){text(), text(), text(), text()};
            receipts[i] = (struct th_bytes){(const uint8_t *)letters, text().size};
            verdicts[i] = (struct th_wire_verdict){
                .report_digest = digest(),
                .kind = TH_VERDICT_DUPLICATE,
                .reasons = reasons,
                .warnings = reasons,
                .reasons_count = random_below(&dice, ITEMS_MAX + 1),
                .warnings_count = random_below(&dice, ITEMS_MAX + 1),
                .has_position = maybe(),
                .has_stored_digest = maybe(),
                .has_next_revision = maybe(),
                .has_receipt = maybe(),
                .position = number(),
                .stored_digest = digest(),
                .next_revision = (uint32_t)number(),
                .receipt = (uint32_t)number(),
            };
        }
        struct th_to_node message = {.kind = TH_TO_NODE_OUTCOME, .request = number()};
        message.body.outcome = (struct th_outcome){
            .header_digest = digest(),
            .verdicts = verdicts,
            .verdicts_count = random_below(&dice, ITEMS_MAX + 1),
            .receipts = receipts,
            .receipts_count = random_below(&dice, ITEMS_MAX + 1),
            .refusal = {(const uint8_t *)letters, text().size},
        };
        th_arena_reset(&arena);
        cr_assert_eq(th_wire_to_node_encode(&message, &arena, &frame), 0);
        check(&tonghop__to_node__descriptor, frame);
    }
}

Test(wire_packer, what_is_above_its_limit_or_has_no_memory_is_refused)
{
    struct th_wire_packer packer;
    struct th_bytes bytes;
    cr_assert_eq(th_wire_packer_init(&packer, &arena, 64 << 20), TH_E_NO_MEMORY);
    cr_assert_eq(th_wire_packer_init(&packer, &arena, 100), 0);
    th_wire_pack_bytes(&packer, 1, letters, 10);
    cr_assert_eq(th_wire_packer_take(&packer, 11, &bytes), TH_E_LIMIT);
    cr_assert_eq(th_wire_packer_take(&packer, 12, &bytes), 0);
    cr_assert_eq(bytes.size, 12);
}
