/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/submission.h"

#include "proto/tlog/hash.h"
#include "report.pb-c.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct th_arena arena;

static void set_up(void)
{
    th_arena_init(&arena, 65536, 32 << 20);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_submission, .init = set_up, .fini = tear_down);

static int decode(const void *bytes, size_t size)
{
    struct th_report report;
    return th_wire_report_decode((struct th_bytes){bytes, size}, &arena, &report);
}

/* Encodes and decodes: what decoding says about a report that breaks one rule. */
static int pass(struct th_report report)
{
    struct th_bytes bytes = {0};
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), 0);
    return decode(bytes.bytes, bytes.size);
}

/* The sample's bytes and more behind them. */
static int pass_with(const char *more, size_t more_size)
{
    struct th_report report = th_sample_empty_report();
    struct th_bytes bytes = {0};
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), 0);
    uint8_t *longer = th_arena_alloc(&arena, bytes.size + more_size);
    memcpy(longer, bytes.bytes, bytes.size);
    memcpy(longer + bytes.size, more, more_size);
    return decode(longer, bytes.size + more_size);
}
#define PASS_WITH(literal) pass_with((literal), sizeof(literal) - 1)

Test(wire_submission, every_field_of_a_report_comes_back)
{
    struct th_report report = th_sample_report(), back;
    struct th_bytes bytes, again;
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), 0);
    cr_assert_eq(th_wire_report_decode(bytes, &arena, &back), 0);
    cr_assert(th_same_report(&report, &back));
    cr_assert_eq(th_wire_report_encode(&back, &arena, &again), 0);
    cr_assert(th_same_bytes(bytes, again));
}

Test(wire_submission, a_report_with_required_fields_only_comes_back)
{
    struct th_report report = th_sample_empty_report(), back;
    struct th_bytes bytes;
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), 0);
    cr_assert_eq(th_wire_report_decode(bytes, &arena, &back), 0);
    cr_assert(th_same_report(&report, &back));
    cr_assert_not(back.has_document);
    cr_assert_not(back.has_estimated_to);
}

Test(wire_submission, an_unknown_field_is_refused_at_every_level)
{
    cr_assert_eq(PASS_WITH(""), 0);
    cr_assert_eq(PASS_WITH("\x78\x01"), TH_E_SYNTAX);               /* field 15 */
    cr_assert_eq(PASS_WITH("\x52\x06\x08\x01\x10\x03\x18\x64"), 0); /* task 1, done, 100 % */
    cr_assert_eq(PASS_WITH("\x52\x08\x08\x01\x10\x03\x18\x64\x78\x01"), TH_E_SYNTAX);
}

Test(wire_submission, a_missing_required_field_is_refused)
{
    struct th_report report = th_sample_empty_report();
    struct th_bytes bytes;
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), 0);
    cr_assert_eq(decode(bytes.bytes, bytes.size - 2), TH_E_SYNTAX, "revision is missing");
    cr_assert_eq(PASS_WITH("\x52\x04\x08\x01\x10\x03"), TH_E_SYNTAX, "percent is missing");
    cr_assert_eq(decode("", 0), TH_E_SYNTAX);
    cr_assert_eq(decode(NULL, 0), TH_E_SYNTAX);
}

Test(wire_submission, broken_varints_are_refused_and_long_ones_are_read)
{
    cr_assert_eq(PASS_WITH("\x28\x80"), TH_E_SYNTAX, "ends too early");
    cr_assert_eq(PASS_WITH("\x28\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), TH_E_SYNTAX,
                 "eleven bytes");
    cr_assert_eq(PASS_WITH("\x28\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00"), 0,
                 "ten bytes that say 1");
    cr_assert_eq(PASS_WITH("\x52\x7f\x08\x01"), TH_E_SYNTAX, "a length over the end");
    cr_assert_eq(PASS_WITH("\x29\x01"), TH_E_SYNTAX, "another wire type");
    cr_assert_eq(PASS_WITH("\x2b\x2c"), TH_E_SYNTAX, "a group");
}

Test(wire_submission, an_enum_number_that_does_not_exist_is_refused)
{
    cr_assert_eq(PASS_WITH("\x52\x06\x08\x01\x10\x05\x18\x64"), TH_E_SYNTAX);
    cr_assert_eq(PASS_WITH("\x52\x06\x08\x01\x10\x00\x18\x64"), TH_E_SYNTAX);
}

Test(wire_submission, arrays_of_different_length_are_refused)
{
    cr_assert_eq(PASS_WITH("\x32\x02\x01\x02\x3a\x02\x02\x04"), 0);
    cr_assert_eq(PASS_WITH("\x32\x02\x01\x02\x3a\x01\x02"), TH_E_SYNTAX);
    cr_assert_eq(PASS_WITH("\x3a\x01\x02"), TH_E_SYNTAX);
}

Test(wire_submission, numbers_ascend_and_stay_in_the_catalogue)
{
    cr_assert_eq(PASS_WITH("\x32\x02\x02\x01\x3a\x02\x02\x04"), TH_E_SYNTAX);
    cr_assert_eq(PASS_WITH("\x32\x02\x02\x02\x3a\x02\x02\x04"), TH_E_SYNTAX);
    cr_assert_eq(PASS_WITH("\x32\x01\x00\x3a\x01\x02"), TH_E_SYNTAX);
    cr_assert_eq(PASS_WITH("\x32\x02\x80\x08\x3a\x01\x02"), 0, "1024");
    cr_assert_eq(PASS_WITH("\x32\x02\x81\x08\x3a\x01\x02"), TH_E_LIMIT, "1025");
    cr_assert_eq(PASS_WITH("\x32\x05\x81\x80\x80\x80\x10\x3a\x01\x02"), 0, "2^32 + 1 is cut to 1");
}

Test(wire_submission, a_value_over_the_limit_is_refused)
{
    static const uint16_t number = 1;
    struct th_report report = th_sample_empty_report();
    int64_t value = TH_LIMIT_VALUE_MAX;
    report.values = (struct th_values){&number, &value, 1};
    cr_assert_eq(pass(report), 0);
    value = TH_LIMIT_VALUE_MAX + 1;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    value = -TH_LIMIT_VALUE_MAX - 1;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    value = INT64_MIN;
    cr_assert_eq(pass(report), TH_E_LIMIT);
}

Test(wire_submission, estimates_are_among_the_reported_and_have_their_day)
{
    struct th_report report = th_sample_report();
    static const uint16_t foreign[] = {2, 3};
    report.estimated = foreign;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
    report = th_sample_report();
    report.has_estimated_to = false;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
    report = th_sample_report();
    report.estimated_count = 0;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
    report = th_sample_report();
    report.estimated_to.number = INT32_MAX;
    cr_assert_eq(pass(report), TH_E_LIMIT);
}

static int pass_plan_id(const char *text, size_t size)
{
    struct th_report report = th_sample_empty_report();
    report.plan = (struct th_text){text, size};
    return pass(report);
}
#define PASS_PLAN_ID(literal) pass_plan_id((literal), sizeof(literal) - 1)

Test(wire_submission, text_that_is_not_accepted_text_is_refused)
{
    cr_assert_eq(PASS_PLAN_ID("kế-hoạch"), 0);
    cr_assert_eq(PASS_PLAN_ID("ke\xCC\x82-hoach"), TH_E_TEXT, "not NFC");
    cr_assert_eq(PASS_PLAN_ID("a\0b"), TH_E_TEXT, "NUL");
    cr_assert_eq(PASS_PLAN_ID("a\x01"), TH_E_TEXT, "C0");
    cr_assert_eq(PASS_PLAN_ID("a\nb"), TH_E_TEXT, "two lines");
    cr_assert_eq(PASS_PLAN_ID("a\xC2\x85"), TH_E_TEXT, "C1");
    cr_assert_eq(PASS_PLAN_ID("a\xE2\x80\xAE"), TH_E_TEXT, "bidi");
    cr_assert_eq(PASS_PLAN_ID("a\xFF"), TH_E_TEXT, "not UTF-8");
    cr_assert_eq(PASS_PLAN_ID("a\xC0\x80"), TH_E_TEXT, "overlong");
    cr_assert_eq(PASS_PLAN_ID("a\xED\xA0\x80"), TH_E_TEXT, "surrogate");
    cr_assert_eq(PASS_PLAN_ID(""), TH_E_SYNTAX, "empty");
}

Test(wire_submission, a_unit_code_is_a_code)
{
    struct th_report report = th_sample_empty_report();
    report.unit = TH_TEXT("64-snv");
    cr_assert_eq(pass(report), 0);
    report.unit = TH_TEXT("../64");
    cr_assert_eq(pass(report), TH_E_TEXT);
    report.unit = TH_TEXT("");
    cr_assert_eq(pass(report), TH_E_TEXT);
}

Test(wire_submission, texts_over_their_limit_are_refused)
{
    static char text[TH_LIMIT_NARRATIVE_SIZE_MAX + 1];
    memset(text, 'a', sizeof text);
    struct th_report report = th_sample_empty_report();
    struct th_narrative narrative = {1, {text, TH_LIMIT_NARRATIVE_SIZE_MAX}};
    report.narratives = &narrative;
    report.narratives_count = 1;
    cr_assert_eq(pass(report), 0);
    narrative.text.size++;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    cr_assert_eq(pass_plan_id(text, TH_LIMIT_PLAN_ID_MAX), 0);
    cr_assert_eq(pass_plan_id(text, TH_LIMIT_PLAN_ID_MAX + 1), TH_E_LIMIT);
}

Test(wire_submission, lists_over_their_limit_are_refused)
{
    static struct th_showcase showcases[TH_LIMIT_SHOWCASES_MAX + 1];
    for (size_t i = 0; i < TH_LIMIT_SHOWCASES_MAX + 1; i++)
        showcases[i] =
            (struct th_showcase){TH_TEXT("a"), TH_TEXT("b"), TH_TEXT(""), TH_SHOWCASE_RUNNING};
    struct th_report report = th_sample_empty_report();
    report.showcases = showcases;
    report.showcases_count = TH_LIMIT_SHOWCASES_MAX;
    cr_assert_eq(pass(report), 0);
    report.showcases_count++;
    cr_assert_eq(pass(report), TH_E_LIMIT);
}

Test(wire_submission, narratives_tasks_and_attachments_have_their_limits)
{
    static struct th_narrative narratives[TH_LIMIT_NARRATIVES_MAX + 1];
    static struct th_task_progress tasks[TH_LIMIT_TASKS_MAX + 1];
    static struct th_attachment attachments[TH_LIMIT_ATTACHMENTS_MAX + 1];
    static char name[TH_LIMIT_NAME_SIZE_MAX + 1];
    for (uint32_t i = 0; i <= TH_LIMIT_NARRATIVES_MAX; i++)
        narratives[i] = (struct th_narrative){(uint16_t)(i + 1), TH_TEXT("a")};
    for (uint32_t i = 0; i <= TH_LIMIT_TASKS_MAX; i++)
        tasks[i] = (struct th_task_progress){i + 1, TH_TASK_DONE, 100, {"", 0}};
    for (uint32_t i = 0; i <= TH_LIMIT_ATTACHMENTS_MAX; i++)
        attachments[i] =
            (struct th_attachment){.name = TH_TEXT("a"), .media_type = TH_TEXT("b"), .size = 1};
    struct th_report report = th_sample_empty_report();
    report.narratives = narratives;
    report.tasks = tasks;
    report.attachments = attachments;
    report.narratives_count = TH_LIMIT_NARRATIVES_MAX;
    report.tasks_count = TH_LIMIT_TASKS_MAX;
    report.attachments_count = TH_LIMIT_ATTACHMENTS_MAX;
    memset(name, 'a', sizeof name);
    attachments[0].name = (struct th_text){name, TH_LIMIT_NAME_SIZE_MAX};
    cr_assert_eq(pass(report), 0);
    report.narratives_count++;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    report.narratives_count--;
    report.tasks_count++;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    report.tasks_count--;
    report.attachments_count++;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    report.attachments_count--;
    attachments[0].name.size++;
    cr_assert_eq(pass(report), TH_E_LIMIT);
}

Test(wire_submission, narratives_ascend_and_stay_in_the_catalogue)
{
    struct th_narrative narratives[] = {{TH_LIMIT_INDICATORS_MAX - 1, TH_TEXT("a")},
                                        {TH_LIMIT_INDICATORS_MAX, TH_TEXT("a")}};
    struct th_report report = th_sample_empty_report();
    report.narratives = narratives;
    report.narratives_count = 2;
    cr_assert_eq(pass(report), 0);
    narratives[1].indicator = TH_LIMIT_INDICATORS_MAX + 1;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    narratives[1].indicator = narratives[0].indicator;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
    narratives[1].text = TH_TEXT("");
    narratives[1].indicator = TH_LIMIT_INDICATORS_MAX;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
}

Test(wire_submission, numbers_of_the_identity_have_bounds)
{
    struct th_report report = th_sample_empty_report();
    report.revision = 0;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
    report.revision = TH_LIMIT_REVISION_MAX + 1;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    report = th_sample_empty_report();
    report.number = TH_LIMIT_NUMBER_MAX;
    report.revision = TH_LIMIT_REVISION_MAX;
    cr_assert_eq(pass(report), 0);
    report.number = TH_LIMIT_NUMBER_MAX + 1;
    cr_assert_eq(pass(report), TH_E_LIMIT);
}

Test(wire_submission, tasks_ascend_and_percent_ends_at_100)
{
    struct th_task_progress tasks[] = {{1, TH_TASK_DONE, 100, {"", 0}},
                                       {2, TH_TASK_DONE, 100, {"", 0}}};
    struct th_report report = th_sample_empty_report();
    report.tasks = tasks;
    report.tasks_count = 2;
    cr_assert_eq(pass(report), 0);
    tasks[1].task = 1;
    cr_assert_eq(pass(report), TH_E_SYNTAX);
    tasks[1].task = 2;
    tasks[1].percent = 101;
    cr_assert_eq(pass(report), TH_E_LIMIT);
    tasks[1].percent = 100;
    tasks[1].task = UINT16_MAX;
    cr_assert_eq(pass(report), 0);
    tasks[1].task = UINT16_MAX + 1;
    cr_assert_eq(pass(report), TH_E_LIMIT);
}

Test(wire_submission, a_digest_has_32_bytes)
{
    /* attachment: name a, media_type b, size 1, sha256 of one byte */
    cr_assert_eq(PASS_WITH("\x6a\x0b\x0a\x01"
                           "a\x12\x01"
                           "b\x18\x01\x22\x01"
                           "c"),
                 TH_E_SYNTAX);
}

Test(wire_submission, an_encoded_report_has_at_most_its_limit)
{
    static char text[TH_LIMIT_NARRATIVE_SIZE_MAX];
    memset(text, 'a', sizeof text);
    struct th_narrative narratives[9];
    for (uint16_t i = 0; i < 9; i++)
        narratives[i] = (struct th_narrative){(uint16_t)(i + 1), {text, sizeof text}};
    struct th_report report = th_sample_empty_report();
    report.narratives = narratives;
    report.narratives_count = 9;
    struct th_bytes bytes = {0};
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), TH_E_LIMIT);
    cr_assert_null(bytes.bytes);
}

/* Two bytes each: a field that costs far more memory than its bytes. */
Test(wire_submission, a_frame_of_tiny_fields_stays_within_the_budget)
{
    static uint8_t bytes[TH_LIMIT_REPORT_SIZE_MAX];
    struct th_arena small;
    struct th_report report;
    const uint8_t fields[][2] = {{0x52, 0x00}, {0x78, 0x01}, {0x28, 0x01}, {0x30, 0x01}};
    for (size_t kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = fields[kind][i % 2];
        th_arena_init(&small, 65536, 2 * TH_LIMIT_DECODE_ARENA_BYTES);
        int status = th_wire_report_decode((struct th_bytes){bytes, sizeof bytes}, &small, &report);
        cr_assert(status == TH_E_LIMIT || status == TH_E_SYNTAX);
        cr_assert_leq(small.taken_bytes, 2 * TH_LIMIT_DECODE_ARENA_BYTES);
        th_arena_deinit(&small);
    }
}

Test(wire_submission, a_report_costs_what_its_items_cost_not_its_bytes)
{
    enum { MORE = TH_LIMIT_REPORT_SIZE_MAX / 2 };
    struct th_report report = th_sample_empty_report();
    struct th_bytes bytes = {0};
    cr_assert_eq(th_wire_report_encode(&report, &arena, &bytes), 0);
    uint8_t *longer = th_arena_alloc(&arena, bytes.size + MORE);
    memcpy(longer, bytes.bytes, bytes.size);
    for (size_t i = 0; i < MORE; i += 2)
        memcpy(longer + bytes.size + i, "\x28\x01", 2); /* revision 1, again */
    const size_t before = arena.taken_bytes;
    cr_assert_eq(
        th_wire_report_decode((struct th_bytes){longer, bytes.size + MORE}, &arena, &report), 0);
    cr_assert_eq(report.revision, 1);
    cr_assert_eq(arena.taken_bytes, before);
}

Test(wire_submission, a_full_arena_is_no_memory)
{
    struct th_bytes submission = th_sample_submission(&arena);
    struct th_submission back;
    size_t refused = 0;
    for (size_t budget = 64; budget < 65536; budget += 64) {
        struct th_arena small;
        th_arena_init(&small, 64, budget);
        int status = th_wire_submission_decode(submission, &small, &back);
        th_arena_deinit(&small);
        if (status == 0)
            break;
        cr_assert_eq(status, TH_E_NO_MEMORY);
        refused++;
    }
    cr_assert_gt(refused, 5);
    cr_assert_lt(refused, 200);
}

Test(wire_submission, a_signed_submission_comes_back_and_borrows_its_reports)
{
    struct th_bytes bytes = th_sample_submission(&arena);
    struct th_submission submission;
    cr_assert_eq(th_wire_submission_decode(bytes, &arena, &submission), 0);
    uint8_t public_key[32], secret[64];
    th_sample_key(public_key, secret);
    const struct th_submission_header *header = &submission.header;
    cr_assert_eq(header->mode, TH_MODE_REHEARSAL);
    cr_assert(th_same_text(header->realm, TH_TEXT("tonghop/64/rehearsal")));
    cr_assert(th_same_text(header->unit, TH_TEXT("23734")));
    cr_assert(th_same_digest(header->plan_digest, th_sample_digest(1)));
    cr_assert_eq(header->prepared.ms, 1746784867250);
    cr_assert_eq(header->nonce[15], 9);
    cr_assert_arr_eq(header->key.bytes, public_key, 32);
    cr_assert_eq(header->reports_count, 2);
    struct th_report full = th_sample_report(), empty = th_sample_empty_report();
    cr_assert(th_same_report(&submission.reports[0], &full));
    cr_assert(th_same_report(&submission.reports[1], &empty));
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *raw = (const uint8_t *)submission.reports_raw[i].bytes;
        cr_assert(raw > bytes.bytes && raw < bytes.bytes + bytes.size);
        struct th_digest digest;
        crypto_hash_sha256(digest.bytes, raw, submission.reports_raw[i].size);
        cr_assert(th_same_digest(digest, header->report_digests[i]));
    }
}

Test(wire_submission, the_signature_is_over_the_domain_and_the_header)
{
    uint8_t public_key[32], secret[64], signature[TH_SIGNATURE_SIZE];
    th_sample_key(public_key, secret);
    th_wire_header_sign((struct th_bytes){(const uint8_t *)"abc", 3}, secret, signature);
    const char *expected = "tonghop submission v1\nabc";
    cr_assert_eq(crypto_sign_verify_detached(signature, (const uint8_t *)expected, strlen(expected),
                                             public_key),
                 0);
}

Test(wire_submission, every_flipped_bit_is_refused)
{
    struct th_bytes bytes = th_sample_submission(&arena);
    uint8_t *flipped = malloc(bytes.size);
    memcpy(flipped, bytes.bytes, bytes.size);
    size_t by_signature = 0;
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        struct th_submission submission;
        struct th_arena small;
        th_arena_init(&small, 16384, 32 << 20);
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int status =
            th_wire_submission_decode((struct th_bytes){flipped, bytes.size}, &small, &submission);
        cr_assert_neq(status, 0, "bit %zu", bit);
        by_signature += status == TH_E_SIGNATURE;
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        th_arena_deinit(&small);
    }
    cr_assert_gt(by_signature, 2 * 8 * 64, "signature and contents");
    free(flipped);
}

Test(wire_submission, every_shortened_submission_is_refused)
{
    struct th_bytes bytes = th_sample_submission(&arena);
    struct th_submission submission;
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_neq(
            th_wire_submission_decode((struct th_bytes){bytes.bytes, size}, &arena, &submission),
            0);
}

Test(wire_submission, trusted_decoding_looks_at_no_signature)
{
    struct th_bytes bytes = th_sample_submission(&arena);
    uint8_t *wrong = th_arena_alloc(&arena, bytes.size);
    memcpy(wrong, bytes.bytes, bytes.size);
    struct th_submission submission;
    cr_assert_eq(th_wire_submission_decode(bytes, &arena, &submission), 0);
    const uint8_t *first = (const uint8_t *)submission.reports_raw[0].bytes;
    size_t last_of_signature = (size_t)(first - bytes.bytes) - 4;
    wrong[last_of_signature] ^= 1;
    struct th_bytes changed = {wrong, bytes.size};
    cr_assert_eq(th_wire_submission_decode(changed, &arena, &submission), TH_E_SIGNATURE);
    cr_assert_eq(th_wire_submission_decode_trusted(changed, &arena, &submission), 0);
}

Test(wire_submission, who_verifies_gives_the_digest_of_all_bytes)
{
    struct th_bytes bytes = th_sample_submission(&arena);
    struct th_submission submission;
    struct th_digest digest;
    th_tlog_sha256(&(struct th_tlog_part){bytes.bytes, bytes.size}, 1, &digest);
    cr_assert_eq(th_wire_submission_decode(bytes, &arena, &submission), 0);
    cr_assert(submission.has_raw_digest);
    cr_assert_arr_eq(submission.raw_digest.bytes, digest.bytes, TH_DIGEST_SIZE);
    cr_assert_eq(th_wire_submission_decode_trusted(bytes, &arena, &submission), 0);
    cr_assert_not(submission.has_raw_digest);
}

Test(wire_submission, a_second_header_or_signature_is_refused)
{
    struct th_bytes bytes = th_sample_submission(&arena);
    struct th_submission submission;
    uint8_t *doubled = th_arena_alloc(&arena, 2 * bytes.size);
    memcpy(doubled, bytes.bytes, bytes.size);
    memcpy(doubled + bytes.size, bytes.bytes, bytes.size);
    cr_assert_eq(
        th_wire_submission_decode((struct th_bytes){doubled, 2 * bytes.size}, &arena, &submission),
        TH_E_SYNTAX);
}

Test(wire_submission, a_submission_has_1_to_64_reports)
{
    struct th_report report = th_sample_empty_report();
    struct th_bytes reports[TH_LIMIT_REPORTS_MAX + 1], bytes;
    for (uint32_t i = 0; i < TH_LIMIT_REPORTS_MAX + 1; i++) {
        report.revision = i + 1;
        cr_assert_eq(th_wire_report_encode(&report, &arena, &reports[i]), 0);
    }
    struct th_submission submission;
    bytes = th_sample_sign(&arena, reports, TH_LIMIT_REPORTS_MAX);
    cr_assert_eq(th_wire_submission_decode(bytes, &arena, &submission), 0);
    cr_assert_eq(submission.reports[15].revision, 16);
    bytes = th_sample_sign(&arena, reports, 0);
    cr_assert_eq(th_wire_submission_decode(bytes, &arena, &submission), TH_E_SYNTAX);
    uint8_t signature[TH_SIGNATURE_SIZE] = {0};
    cr_assert_eq(th_wire_submission_encode(reports[0], signature, reports, TH_LIMIT_REPORTS_MAX + 1,
                                           &arena, &bytes),
                 TH_E_LIMIT);
    /* One more behind them, as nobody of ours writes it. */
    bytes = th_sample_sign(&arena, reports, TH_LIMIT_REPORTS_MAX);
    const size_t last = reports[TH_LIMIT_REPORTS_MAX].size;
    uint8_t *longer = th_arena_alloc(&arena, bytes.size + 2 + last);
    memcpy(longer, bytes.bytes, bytes.size);
    longer[bytes.size] = 0x1a; /* field 3 */
    longer[bytes.size + 1] = (uint8_t)last;
    cr_assert_lt(last, 128);
    memcpy(longer + bytes.size + 2, reports[TH_LIMIT_REPORTS_MAX].bytes, last);
    bytes = (struct th_bytes){longer, bytes.size + 2 + last};
    cr_assert_eq(th_wire_submission_decode(bytes, &arena, &submission), TH_E_LIMIT);
}

Test(wire_submission, random_bytes_never_decode_and_never_crash)
{
    struct th_bytes sample = th_sample_submission(&arena);
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        struct th_arena small;
        uint8_t bytes[300];
        size_t size = sizeof bytes;
        th_arena_init(&small, 16384, 32 << 20);
        memcpy(bytes, sample.bytes + 200, sizeof bytes);
        for (size_t i = 0; i < size; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            if (round % 2 == 0 || state % 64 == 0)
                bytes[i] = (uint8_t)(state >> 32);
        }
        struct th_submission submission;
        struct th_report report;
        struct th_bytes given = {bytes, size};
        cr_assert_neq(th_wire_submission_decode(given, &small, &submission), 0);
        cr_assert_neq(th_wire_submission_decode_trusted(given, &small, &submission), 0);
        int status = th_wire_report_decode(given, &small, &report);
        cr_assert(status == 0 || status == TH_E_SYNTAX || status == TH_E_TEXT ||
                  status == TH_E_LIMIT);
        th_arena_deinit(&small);
    }
}
