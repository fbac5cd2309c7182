/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/wire_samples.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/log_keys.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct th_digest th_sample_digest(uint8_t byte)
{
    struct th_digest digest;
    memset(digest.bytes, byte, sizeof digest.bytes);
    return digest;
}

static const uint16_t numbers[] = {1, 2, 130, TH_LIMIT_INDICATORS_MAX};
static const int64_t values[] = {0, -5, 123456, TH_LIMIT_VALUE_MAX};
static const uint16_t estimated[] = {2, TH_LIMIT_INDICATORS_MAX};

struct th_report th_sample_empty_report(void)
{
    return (struct th_report){
        .plan = TH_TEXT("gialai-2025"),
        .obligation = TH_TEXT("O-002-2"),
        .unit = TH_TEXT("23734"),
        .number = 0,
        .revision = 1,
    };
}

struct th_report th_sample_report(void)
{
    static const struct th_task_progress tasks[] = {
        {1, TH_TASK_NOT_STARTED, 0, {"", 0}},
        {2, TH_TASK_IN_PROGRESS, 60, {"Đang làm\nbước hai", sizeof "Đang làm\nbước hai" - 1}},
        {3, TH_TASK_DONE, 100, {"", 0}},
        {300, TH_TASK_NOT_APPLICABLE, 0, {"", 0}},
    };
    static const struct th_showcase showcases[] = {
        {{"Tổ dân vận", sizeof "Tổ dân vận" - 1},
         {"kinh tế", sizeof "kinh tế" - 1},
         {"Góp công", sizeof "Góp công" - 1},
         TH_SHOWCASE_RECOGNISED},
        {{"Mô hình 2", sizeof "Mô hình 2" - 1},
         {"văn hóa", sizeof "văn hóa" - 1},
         {"", 0},
         TH_SHOWCASE_REGISTERED},
    };
    static const struct th_narrative narratives[] = {
        {200, {"Kết quả:\n\t- tốt", sizeof "Kết quả:\n\t- tốt" - 1}},
        {201, {"Khó khăn", sizeof "Khó khăn" - 1}},
    };
    static struct th_attachment attachments[1];
    attachments[0] = (struct th_attachment){TH_TEXT("báo-cáo.pdf"), TH_TEXT("application/pdf"),
                                            123456789, th_sample_digest(7)};
    struct th_report report = th_sample_empty_report();
    report.number = 12;
    report.revision = 3;
    report.values = (struct th_values){numbers, values, 4};
    report.estimated = estimated;
    report.estimated_count = 2;
    report.has_estimated_to = true;
    report.estimated_to = (th_day){20269};
    report.tasks = tasks;
    report.tasks_count = 4;
    report.showcases = showcases;
    report.showcases_count = 2;
    report.narratives = narratives;
    report.narratives_count = 2;
    report.attachments = attachments;
    report.attachments_count = 1;
    report.has_document = true;
    report.document = (struct th_document){.number = TH_TEXT("15/BC-UBND"),
                                           .signer = TH_TEXT("Nguyễn Văn An"),
                                           .title = TH_TEXT("Chủ tịch"),
                                           .date = {20210}};
    return report;
}

void th_sample_key(uint8_t ret_public[32], uint8_t ret_secret[64])
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    TH_ASSERT(crypto_sign_seed_keypair(ret_public, ret_secret, seed) == 0);
}

struct th_bytes th_sample_sign(struct th_arena *arena, const struct th_bytes *reports, size_t count)
{
    uint8_t secret[64], signature[TH_SIGNATURE_SIZE];
    struct th_digest digests[TH_LIMIT_REPORTS_MAX];
    for (size_t i = 0; i < count; i++)
        crypto_hash_sha256(digests[i].bytes, reports[i].bytes, reports[i].size);
    struct th_submission_header header = {.mode = TH_MODE_REHEARSAL,
                                          .realm = TH_TEXT("tonghop/64/rehearsal"),
                                          .unit = TH_TEXT("23734"),
                                          .plan_digest = th_sample_digest(1),
                                          .prepared = {1746784867250},
                                          .report_digests = digests,
                                          .reports_count = count};
    memset(header.nonce, 9, sizeof header.nonce);
    th_sample_key(header.key.bytes, secret);
    struct th_bytes header_bytes, submission;
    TH_ASSERT(th_wire_header_encode(&header, arena, &header_bytes) == 0);
    th_wire_header_sign(header_bytes, secret, signature);
    TH_ASSERT(th_wire_submission_encode(header_bytes, signature, reports, count, arena,
                                        &submission) == 0);
    return submission;
}

struct th_bytes th_sample_submission(struct th_arena *arena)
{
    struct th_report full = th_sample_report(), empty = th_sample_empty_report();
    struct th_bytes reports[2];
    TH_ASSERT(th_wire_report_encode(&full, arena, &reports[0]) == 0);
    TH_ASSERT(th_wire_report_encode(&empty, arena, &reports[1]) == 0);
    return th_sample_sign(arena, reports, 2);
}

static struct th_note_signer sample_signer(const char *origin, uint8_t first)
{
    struct th_note_signer signer;
    uint8_t seed[TH_NOTE_SEED_SIZE];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(first + i);
    TH_ASSERT(th_tlog_signer_init(origin, seed, &signer) == 0);
    return signer;
}

static struct th_log_key_body succeed(struct th_arena *arena, const struct th_note_signer *before,
                                      const struct th_note_signer *next, uint64_t after)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1], root[TH_DIGEST_BASE64_SIZE + 1];
    char text[TH_SUCCESSION_SIZE_MAX], note[TH_SUCCESSION_SIZE_MAX];
    size_t vkey_size, note_size;
    const struct th_digest digest = th_sample_digest((uint8_t)after);
    TH_ASSERT(th_tlog_vkey_encode(&next->vkey, sizeof vkey, vkey, &vkey_size) == 0);
    th_tlog_digest_encode(&digest, root);
    int size = snprintf(text, sizeof text, "tonghop log succession v1\n%s\n%llu\n%s\n%s\n",
                        before->vkey.name, (unsigned long long)after, root, vkey);
    TH_ASSERT(th_tlog_note_sign(text, (size_t)size, before, sizeof note, note, &note_size) == 0);
    const char *kept_vkey = th_arena_copy_text(arena, vkey, vkey_size);
    const char *kept_note = th_arena_copy_text(arena, note, note_size);
    TH_ASSERT(kept_vkey != NULL && kept_note != NULL);
    return (struct th_log_key_body){.vkey = {kept_vkey, vkey_size},
                                    .after = after,
                                    .succession = {(const uint8_t *)kept_note, note_size}};
}

const struct th_log_key_body *th_sample_log_keys(struct th_arena *arena, size_t *ret_count)
{
    struct th_log_key_body *keys = th_arena_alloc_array(arena, 2, sizeof *keys);
    TH_ASSERT(keys != NULL);
    struct th_note_signer first = sample_signer("tonghop/64/rehearsal", 0);
    struct th_note_signer second = sample_signer("tonghop/64/rehearsal", 32);
    struct th_note_signer third = sample_signer("tonghop/64/2/rehearsal", 64);
    keys[0] = succeed(arena, &first, &second, 250);
    keys[1] = succeed(arena, &second, &third, 300);
    *ret_count = 2;
    return keys;
}

struct th_rotation th_sample_rotation(struct th_arena *arena)
{
    size_t count;
    return (struct th_rotation){.key = th_sample_log_keys(arena, &count)[0],
                                .operator= TH_TEXT("an")};
}

struct th_recovery th_sample_recovery(struct th_arena *arena)
{
    static const char checkpoint[] = "tonghop/64/rehearsal\n310\n";
    struct th_recovery recovery = {
        .operator= TH_TEXT("an"),
        .checkpoint = {(const uint8_t *)checkpoint, sizeof checkpoint - 1}};
    recovery.keys = th_sample_log_keys(arena, &recovery.keys_count);
    return recovery;
}

struct th_readmission th_sample_readmission(struct th_arena *arena)
{
    static const char receipt[] = "c2sp.org/tlog-proof@v1\n";
    return (struct th_readmission){th_sample_submission(arena),
                                   {(const uint8_t *)receipt, sizeof receipt - 1}};
}

bool th_same_bytes(struct th_bytes left, struct th_bytes right)
{
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.bytes, right.bytes, left.size) == 0);
}

bool th_same_text(struct th_text left, struct th_text right)
{
    return th_same_bytes((struct th_bytes){(const uint8_t *)left.bytes, left.size},
                         (struct th_bytes){(const uint8_t *)right.bytes, right.size});
}

bool th_same_digest(struct th_digest left, struct th_digest right)
{
    return memcmp(left.bytes, right.bytes, sizeof left.bytes) == 0;
}

static bool same_array(const void *left, const void *right, size_t size)
{
    return size == 0 || memcmp(left, right, size) == 0;
}

static bool same_lists(const struct th_report *left, const struct th_report *right)
{
    bool same = true;
    for (size_t i = 0; i < left->tasks_count; i++)
        same = same && left->tasks[i].task == right->tasks[i].task &&
               left->tasks[i].status == right->tasks[i].status &&
               left->tasks[i].percent == right->tasks[i].percent &&
               th_same_text(left->tasks[i].note, right->tasks[i].note);
    for (size_t i = 0; i < left->showcases_count; i++)
        same = same && left->showcases[i].stage == right->showcases[i].stage &&
               th_same_text(left->showcases[i].name, right->showcases[i].name) &&
               th_same_text(left->showcases[i].field, right->showcases[i].field) &&
               th_same_text(left->showcases[i].summary, right->showcases[i].summary);
    for (size_t i = 0; i < left->narratives_count; i++)
        same = same && left->narratives[i].indicator == right->narratives[i].indicator &&
               th_same_text(left->narratives[i].text, right->narratives[i].text);
    for (size_t i = 0; i < left->attachments_count; i++)
        same = same && left->attachments[i].size == right->attachments[i].size &&
               th_same_text(left->attachments[i].name, right->attachments[i].name) &&
               th_same_text(left->attachments[i].media_type, right->attachments[i].media_type) &&
               th_same_digest(left->attachments[i].digest, right->attachments[i].digest);
    return same;
}

static bool same_document(const struct th_report *left, const struct th_report *right)
{
    if (!left->has_document || !right->has_document)
        return left->has_document == right->has_document;
    return th_same_text(left->document.number, right->document.number) &&
           th_same_text(left->document.signer, right->document.signer) &&
           th_same_text(left->document.title, right->document.title) &&
           left->document.date.number == right->document.date.number;
}

bool th_same_report(const struct th_report *left, const struct th_report *right)
{
    return th_same_text(left->plan, right->plan) &&
           th_same_text(left->obligation, right->obligation) &&
           th_same_text(left->unit, right->unit) && left->number == right->number &&
           left->revision == right->revision && left->values.count == right->values.count &&
           same_array(left->values.numbers, right->values.numbers, 2 * left->values.count) &&
           same_array(left->values.values, right->values.values, 8 * left->values.count) &&
           left->estimated_count == right->estimated_count &&
           same_array(left->estimated, right->estimated, 2 * left->estimated_count) &&
           left->has_estimated_to == right->has_estimated_to &&
           left->estimated_to.number == right->estimated_to.number &&
           left->tasks_count == right->tasks_count &&
           left->showcases_count == right->showcases_count &&
           left->narratives_count == right->narratives_count &&
           left->attachments_count == right->attachments_count && same_lists(left, right) &&
           same_document(left, right);
}
