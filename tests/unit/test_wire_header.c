/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header taken apart here against the same bytes unpacked by protobuf-c: both take and refuse the
 * same, and have the same in every field.
 */
#include "proto/wire/header_parts.h"

#include "base/status.h"
#include "proto/wire/reader.h"
#include "proto/wire/submission.h"
#include "tests/support/random.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <string.h>

#define BUDGET ((size_t)64 << 20)

static struct th_arena arena;
static struct random random_state;

static void set_up(void)
{
    th_arena_init(&arena, 65536, BUDGET);
    random_state = (struct random){1};
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_header, .init = set_up, .fini = tear_down);

static uint32_t any(uint64_t below)
{
    return random_below(&random_state, (uint32_t)below);
}

static bool same(ProtobufCBinaryData left, ProtobufCBinaryData right)
{
    return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

static bool is_same(const struct th_wire_header *own, const Tonghop__SubmissionHeader *other)
{
    bool is_same = own->mode == (uint32_t)other->mode && own->prepared == other->prepared &&
                   same(own->realm, other->realm) && same(own->unit, other->unit) &&
                   same(own->plan_sha256, other->plan_sha256) && same(own->nonce, other->nonce) &&
                   same(own->key, other->key) && own->digests_count == other->n_report_sha256;
    for (size_t i = 0; is_same && i < own->digests_count && i < TH_LIMIT_REPORTS_MAX; i++)
        is_same = same(own->digests[i], other->report_sha256[i]);
    return is_same;
}

/* Whether both take the bytes; that they agree about everything is what is tested. */
static bool both_take(struct th_bytes given)
{
    struct th_wire_reader reader;
    struct th_wire_header own;
    th_wire_reader_init(&reader, &arena, BUDGET);
    const Tonghop__SubmissionHeader *other =
        th_wire_unpack(&reader, &tonghop__submission_header__descriptor, given);
    const bool takes = th_wire_take_header_apart(given, &own);
    cr_assert_eq(takes, other != NULL, "protobuf-c %s it", other == NULL ? "refuses" : "takes");
    cr_assert(!takes || is_same(&own, other));
    return takes;
}

/* One of protobuf-c's own: what we write has no more digests than there may be. */
static struct th_bytes a_sample(size_t digests_count)
{
    static uint8_t bytes[65536];
    uint8_t digest[TH_DIGEST_SIZE] = {7}, nonce[TH_NONCE_SIZE] = {1}, key[32] = {2};
    ProtobufCBinaryData digests[2 * TH_LIMIT_REPORTS_MAX];
    Tonghop__SubmissionHeader message = TONGHOP__SUBMISSION_HEADER__INIT;
    cr_assert_leq(digests_count, 2 * TH_LIMIT_REPORTS_MAX);
    for (size_t i = 0; i < digests_count; i++)
        digests[i] = (ProtobufCBinaryData){sizeof digest, digest};
    message.mode = any(2) == 0 ? TONGHOP__MODE__LIVE : TONGHOP__MODE__REHEARSAL;
    message.realm = (ProtobufCBinaryData){9, (uint8_t *)"lang.test"};
    message.unit = (ProtobufCBinaryData){3, (uint8_t *)"X01"};
    message.plan_sha256 = (ProtobufCBinaryData){sizeof digest, digest};
    message.prepared = any(2) == 0 ? 1746784867250 : -1;
    message.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    message.key = (ProtobufCBinaryData){sizeof key, key};
    message.n_report_sha256 = digests_count;
    message.report_sha256 = digests;
    cr_assert_leq(tonghop__submission_header__get_packed_size(&message), sizeof bytes);
    return (struct th_bytes){bytes, tonghop__submission_header__pack(&message, bytes)};
}

Test(wire_header, what_is_written_is_taken_by_both)
{
    for (size_t count = 0; count <= 2 * TH_LIMIT_REPORTS_MAX; count += 1 + count / 4)
        cr_assert(both_take(a_sample(count)));
    cr_assert_not(both_take((struct th_bytes){NULL, 0}), "fields are missing");
}

Test(wire_header, a_digest_that_is_a_number_is_refused)
{
    static uint8_t bytes[4096];
    const struct th_bytes sample = a_sample(2);
    memcpy(bytes, sample.bytes, sample.size);
    memcpy(bytes + sample.size, "\x40\x01", 2);
    cr_assert_not(both_take((struct th_bytes){bytes, sample.size + 2}));
}

/* Where fields begin: a header without one of them, and one that has it twice. */
Test(wire_header, a_field_that_lacks_is_refused_and_one_that_comes_again_counts)
{
    static uint8_t bytes[4096];
    const struct th_bytes sample = a_sample(2);
    for (size_t from = 0; from < sample.size; from++)
        for (size_t to = from + 1; to <= sample.size && to <= from + 40; to++) {
            memcpy(bytes, sample.bytes, from);
            memcpy(bytes + from, sample.bytes + to, sample.size - to);
            (void)both_take((struct th_bytes){bytes, sample.size - (to - from)});
            memcpy(bytes, sample.bytes, to);
            memcpy(bytes + to, sample.bytes + from, sample.size - from);
            (void)both_take((struct th_bytes){bytes, sample.size + (to - from)});
            th_arena_reset(&arena);
        }
}

Test(wire_header, changed_bytes_are_the_same_to_both)
{
    static uint8_t bytes[8192];
    size_t taken = 0, rounds = 100000;
    for (size_t i = 0; i < rounds; i++) {
        const struct th_bytes sample = a_sample(any(3));
        memcpy(bytes, sample.bytes, sample.size);
        const size_t size = random_change(&random_state, bytes, sample.size);
        taken += both_take((struct th_bytes){bytes, size});
        th_arena_reset(&arena);
    }
    cr_assert_gt(taken, rounds / 10);
    cr_assert_lt(taken, rounds * 9 / 10);
}
