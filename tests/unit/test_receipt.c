/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/receipt/receipt.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "tests/support/fake_province.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_fake province;
static struct th_arena arena;
static struct th_log_keys keys;
static const struct th_digest report = {{7, 7, 7}};
static const struct th_receipt_claim claim = {TH_MODE_REHEARSAL, "23734", {{7, 7, 7}}};

static void set_up(void)
{
    th_fake_init(&province, TH_MODE_REHEARSAL);
    th_log_keys_begin(&province.signer.vkey, &keys);
    th_arena_init(&arena, 1 << 16, 16 << 20);
    for (uint8_t i = 0; i < 5; i++) {
        const struct th_digest other = {{i}};
        (void)th_fake_receipt(&province, "23734", &other, &arena);
    }
}

static void tear_down(void)
{
    th_fake_deinit(&province);
    th_arena_deinit(&arena);
}

TestSuite(receipt, .init = set_up, .fini = tear_down);

static struct th_bytes a_receipt(void)
{
    return th_fake_receipt(&province, "23734", &report, &arena);
}

static int open_text(struct th_bytes text, struct th_receipt *ret_receipt)
{
    return th_receipt_open(text, &keys, &arena, ret_receipt);
}

static enum th_receipt_fault check(enum th_fake_mood mood, struct th_receipt_claim asked)
{
    province.mood = mood;
    struct th_receipt receipt;
    const struct th_judgement *judgement = NULL;
    cr_assert_eq(open_text(a_receipt(), &receipt), 0);
    enum th_receipt_fault fault = th_receipt_check(&receipt, &asked, &judgement);
    cr_assert_eq(judgement != NULL, fault == TH_RECEIPT_HOLDS);
    return fault;
}

Test(receipt, a_genuine_one_says_unit_place_time_and_key)
{
    struct th_receipt receipt;
    cr_assert_eq(open_text(a_receipt(), &receipt), 0);
    cr_assert_eq(receipt.leaf.position, 5);
    cr_assert_eq(receipt.checkpoint.size, 6);
    cr_assert_eq(receipt.leaf.time.ms, province.now.ms);
    cr_assert_eq(receipt.key, &keys.items[0]);
    const struct th_judgement *judgement;
    cr_assert_eq(th_receipt_check(&receipt, &claim, &judgement), TH_RECEIPT_HOLDS);
    cr_assert_eq(judgement->timeliness, TH_TIMELINESS_ON_TIME);
}

Test(receipt, each_wrong_claim_has_its_fault)
{
    cr_assert_eq(check(TH_FAKE_FAIR, claim), TH_RECEIPT_HOLDS);
    cr_assert_eq(check(TH_FAKE_OTHER_MODE, claim), TH_RECEIPT_OTHER_MODE);
    cr_assert_eq(check(TH_FAKE_OTHER_UNIT, claim), TH_RECEIPT_OTHER_UNIT);
    cr_assert_eq(check(TH_FAKE_NAMES_OTHERS, claim), TH_RECEIPT_NOT_NAMED);
}

Test(receipt, only_a_leaf_that_brought_reports_and_took_this_one_holds)
{
    struct th_judgement judged = {
        .report_digest = report, .verdict = TH_VERDICT_ACCEPTED, .accepted = true};
    struct th_receipt receipt = {.leaf = {.mode = TH_MODE_REHEARSAL,
                                          .unit = {"23734", 5},
                                          .judgements = &judged,
                                          .judgements_count = 1}};
    const struct th_judgement *judgement = NULL;
    for (int kind = TH_ENTRY_FOUNDED; kind <= TH_ENTRY_ENTERED; kind++) {
        bool holds =
            kind == TH_ENTRY_SUBMISSION || kind == TH_ENTRY_READMITTED || kind == TH_ENTRY_ENTERED;
        receipt.leaf.kind = (enum th_entry_kind)kind;
        cr_expect_eq(th_receipt_check(&receipt, &claim, &judgement),
                     holds ? TH_RECEIPT_HOLDS : TH_RECEIPT_OTHER_KIND);
    }
    for (int verdict = TH_VERDICT_ACCEPTED; verdict <= TH_VERDICT_REJECTED; verdict++) {
        bool taken = verdict == TH_VERDICT_ACCEPTED || verdict == TH_VERDICT_DUPLICATE;
        judged.verdict = (enum th_verdict)verdict;
        cr_expect_eq(th_receipt_check(&receipt, &claim, &judgement),
                     taken ? TH_RECEIPT_HOLDS : TH_RECEIPT_NOT_TAKEN);
    }
}

Test(receipt, another_key_or_another_log_is_refused)
{
    struct th_receipt receipt;
    province.mood = TH_FAKE_FORGES;
    cr_assert_eq(open_text(a_receipt(), &receipt), TH_E_SIGNATURE);
    province.mood = TH_FAKE_FAIR;
    struct th_vkey other;
    cr_assert_eq(th_tlog_vkey_init("another/log", province.signer.vkey.public_key, &other), 0);
    th_log_keys_begin(&other, &keys);
    cr_assert_eq(open_text(a_receipt(), &receipt), TH_E_INVALID);
}

/* The keys of the receipts of trees with 6 and 7 leaves. */
static void expect_keys(const struct th_log_key *sixth, const struct th_log_key *seventh)
{
    const struct th_log_key *const expected[] = {sixth, seventh};
    for (size_t i = 0; i < 2; i++) {
        struct th_receipt receipt;
        int status = open_text(a_receipt(), &receipt);
        cr_assert_eq(status, expected[i] == NULL ? TH_E_SIGNATURE : 0);
        if (status == 0)
            cr_assert_eq(receipt.key, expected[i]);
    }
}

static struct th_note_signer next_signer(const char *name)
{
    struct th_note_signer signer;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    cr_assert_eq(th_tlog_signer_init(name, seed, &signer), 0);
    return signer;
}

Test(receipt, a_key_signs_from_its_size_on_and_not_before)
{
    struct th_note_signer next = next_signer(province.server.realm);
    cr_assert_eq(th_log_keys_vouch(&keys, &next.vkey, 6), 0);
    expect_keys(&keys.items[0], NULL);
    province.leaves_count = 5;
    province.signer = next;
    expect_keys(NULL, &keys.items[1]);
}

Test(receipt, a_log_that_was_lost_and_its_successor_both_verify)
{
    struct th_note_signer next = next_signer("tonghop/64/rehearsal-2");
    cr_assert_eq(th_log_keys_vouch(&keys, &next.vkey, 5), 0);
    expect_keys(&keys.items[0], &keys.items[0]);
    province.leaves_count = 5;
    province.signer = next;
    expect_keys(&keys.items[1], &keys.items[1]);
}

static void expect_refused(const uint8_t *text, size_t size, const char *how, size_t place)
{
    struct th_arena scratch;
    struct th_receipt receipt;
    th_arena_init(&scratch, 1 << 14, 1 << 20);
    cr_assert_neq(th_receipt_open((struct th_bytes){text, size}, &keys, &scratch, &receipt), 0,
                  "%s at byte %zu of %zu", how, place, size);
    th_arena_deinit(&scratch);
}

Test(receipt, no_flipped_bit_goes_unnoticed)
{
    struct th_bytes text = a_receipt();
    uint8_t *changed = (uint8_t *)th_arena_copy_text(&arena, (const char *)text.bytes, text.size);
    struct th_receipt receipt;
    for (size_t bit = 0; bit < text.size * 8; bit++) {
        changed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        expect_refused(changed, text.size, "flipped", bit / 8);
        changed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    cr_assert_eq(open_text((struct th_bytes){changed, text.size}, &receipt), 0);
    cr_assert_gt(text.size, 500);
}

Test(receipt, no_byte_can_be_left_out_or_said_twice_and_none_added)
{
    static const uint8_t added[] = {'\n', ' ', 'A', '=', 0, 0xe2};
    struct th_bytes text = a_receipt();
    uint8_t changed[4096];
    cr_assert_lt(text.size, sizeof changed);
    for (size_t i = 0; i < text.size; i++) {
        memcpy(changed, text.bytes, i);
        memcpy(changed + i, text.bytes + i + 1, text.size - i - 1);
        expect_refused(changed, text.size - 1, "left out", i);
        expect_refused(text.bytes, i, "cut", i);
    }
    for (size_t i = 0; i <= text.size; i++) {
        memcpy(changed, text.bytes, i);
        memcpy(changed + i + 1, text.bytes + i, text.size - i);
        changed[i] = text.bytes[i < text.size ? i : text.size - 1];
        expect_refused(changed, text.size + 1, "said twice", i);
        for (size_t k = 0; k < sizeof added; k++) {
            changed[i] = added[k];
            expect_refused(changed, text.size + 1, "added", i);
        }
    }
}

Test(receipt, another_signature_beside_the_right_one_is_refused)
{
    struct th_bytes text = a_receipt();
    const char *end = (const char *)text.bytes + text.size;
    const char *line = end - 1;
    while (line[-1] != '\n')
        line--;
    province.mood = TH_FAKE_FORGES;
    province.leaves_count = 5;
    struct th_bytes forged = a_receipt();
    const char *forged_line = (const char *)forged.bytes + (line - (const char *)text.bytes);
    char both[4096];
    const char *const lines[] = {line, forged_line};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(line);
        memcpy(both, text.bytes, text.size);
        memcpy(both + text.size, lines[i], size);
        expect_refused((const uint8_t *)both, text.size + size, "second line", i);
    }
}

/* The receipt of the only leaf of a log, which says that it is at `position`. */
static struct th_bytes an_only_receipt(uint64_t position)
{
    static char note[1024], text[TH_PROOF_TEXT_MAX];
    static struct th_tlog_proof proof;
    struct th_leaf leaf = {.position = position,
                           .kind = TH_ENTRY_SUBMISSION,
                           .time = province.now,
                           .clock = TH_CLOCK_STEADY,
                           .mode = TH_MODE_REHEARSAL,
                           .unit = {"23734", 5},
                           .has_header_digest = true};
    struct th_checkpoint checkpoint = {.size = 1};
    struct th_bytes bytes;
    size_t size = 0;
    cr_assert_eq(th_wire_leaf_encode(&leaf, &arena, &bytes), 0);
    th_tlog_hash_leaf(bytes.bytes, bytes.size, &checkpoint.root);
    (void)strcpy(checkpoint.origin, province.signer.vkey.name);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof(note), note, &size), 0);
    cr_assert_eq(th_tlog_note_sign(note, size, &province.signer, sizeof(note), note, &size), 0);
    proof = (struct th_tlog_proof){
        .extra_size = bytes.size, .checkpoint = note, .checkpoint_size = size};
    memcpy(proof.extra, bytes.bytes, bytes.size);
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof(text), text, &size), 0);
    return (struct th_bytes){(const uint8_t *)text, size};
}

Test(receipt, a_leaf_that_is_not_in_its_place_is_refused)
{
    struct th_receipt receipt;
    cr_assert_eq(open_text(an_only_receipt(0), &receipt), 0);
    cr_assert_eq(open_text(an_only_receipt(3), &receipt), TH_E_INVALID);
}

Test(receipt, memory_that_ends_is_said)
{
    struct th_bytes text = a_receipt();
    struct th_arena tiny;
    struct th_receipt receipt;
    th_arena_init(&tiny, 64, 64);
    cr_assert_eq(th_receipt_open(text, &keys, &tiny, &receipt), TH_E_NO_MEMORY);
    th_arena_deinit(&tiny);
}

/* 23:41:07 on 9/5/2025, and a due instant of 00:00 on 10/5/2025. */
#define RECEIVED ((th_instant){INT64_C(1746808867000)})
#define DUE      ((th_instant){INT64_C(1746810000000)})

static struct th_judgement a_judgement(void)
{
    return (struct th_judgement){.obligation = {"bao-cao-6-thang", 15},
                                 .revision = 1,
                                 .verdict = TH_VERDICT_ACCEPTED,
                                 .accepted = true,
                                 .has_due = true,
                                 .first_received = RECEIVED,
                                 .due = DUE,
                                 .timeliness = TH_TIMELINESS_ON_TIME};
}

static void expect_told(struct th_judgement judgement, enum th_entry_kind kind, enum th_mode mode,
                        th_instant time, const char *sentence)
{
    struct th_receipt receipt = {
        .leaf = {.kind = kind, .mode = mode, .unit = {"23734", 5}, .time = time}};
    const char *told = NULL;
    cr_assert_eq(th_receipt_tell(&receipt, &judgement, &arena, &told), 0);
    cr_expect_str_eq(told, sentence);
}

Test(receipt, it_is_told_in_one_sentence)
{
    struct th_judgement judgement = a_judgement();
    expect_told(judgement, TH_ENTRY_SUBMISSION, TH_MODE_LIVE, RECEIVED,
                "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 1) đã nhận lúc 23:41:07 ngày "
                "09/5/2025, đúng hạn (hạn: trước 00:00 ngày 10/5/2025).");
    judgement.number = 3;
    judgement.timeliness = TH_TIMELINESS_LATE;
    expect_told(judgement, TH_ENTRY_SUBMISSION, TH_MODE_REHEARSAL, RECEIVED,
                "DIỄN TẬP – Đơn vị 23734: báo cáo bao-cao-6-thang số 3 (lần 1) đã nhận lúc "
                "23:41:07 ngày 09/5/2025, trễ hạn (hạn: trước 00:00 ngày 10/5/2025).");
}

Test(receipt, what_is_not_known_or_not_due_is_told)
{
    struct th_judgement judgement = a_judgement();
    judgement.timeliness = TH_TIMELINESS_UNDECIDED;
    expect_told(judgement, TH_ENTRY_SUBMISSION, TH_MODE_LIVE, RECEIVED,
                "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 1) đã nhận lúc 23:41:07 ngày "
                "09/5/2025, chưa xác định (đồng hồ nơi nhận đang được kiểm tra; hạn: trước 00:00 "
                "ngày 10/5/2025).");
    judgement.has_due = false;
    judgement.timeliness = TH_TIMELINESS_UNDATED;
    expect_told(judgement, TH_ENTRY_SUBMISSION, TH_MODE_LIVE, RECEIVED,
                "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 1) đã nhận lúc 23:41:07 ngày "
                "09/5/2025, không có hạn.");
}

Test(receipt, a_correction_says_when_the_first_one_was_received)
{
    struct th_judgement judgement = a_judgement();
    judgement.revision = 2;
    expect_told(judgement, TH_ENTRY_SUBMISSION, TH_MODE_LIVE, (th_instant){DUE.ms + 5000},
                "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 2) đã nhận lúc 00:00:05 ngày "
                "10/5/2025, lần 1 nhận lúc 23:41:07 ngày 09/5/2025, đúng hạn (hạn: trước 00:00 "
                "ngày 10/5/2025).");
}

Test(receipt, a_readmission_says_when_the_report_was_received_first)
{
    struct th_judgement judgement = a_judgement();
    judgement.has_received = true;
    judgement.received = RECEIVED;
    expect_told(judgement, TH_ENTRY_READMITTED, TH_MODE_LIVE, (th_instant){DUE.ms + TH_DAY_MS},
                "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 1) đã nhận lại sau khi khôi phục, lần "
                "nhận đầu 23:41:07 ngày 09/5/2025, đúng hạn (hạn: trước 00:00 ngày 10/5/2025).");
}

Test(receipt, what_was_entered_on_behalf_names_who_entered_it)
{
    const struct th_judgement judgement = a_judgement();
    struct th_receipt receipt = {.leaf = {.kind = TH_ENTRY_ENTERED,
                                          .mode = TH_MODE_LIVE,
                                          .unit = {"23734", 5},
                                          .operator= {"Nguyễn Thị Hoa", 18},
                                          .time = RECEIVED}};
    const char *told = NULL;
    cr_assert_eq(th_receipt_tell(&receipt, &judgement, &arena, &told), 0);
    cr_expect_str_eq(
        told, "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 1) nhập hộ bởi Nguyễn Thị Hoa lúc "
              "23:41:07 ngày 09/5/2025, không có chữ ký của đơn vị, đúng hạn (hạn: trước 00:00 "
              "ngày 10/5/2025).");
}

Test(receipt, a_repetition_is_told_without_a_time_that_it_does_not_prove)
{
    struct th_judgement judgement = {
        .obligation = {"bao-cao-6-thang", 15}, .revision = 1, .verdict = TH_VERDICT_DUPLICATE};
    expect_told(judgement, TH_ENTRY_SUBMISSION, TH_MODE_LIVE, RECEIVED,
                "Đơn vị 23734: báo cáo bao-cao-6-thang (lần 1) đã nhận từ trước, gửi lặp lại lúc "
                "23:41:07 ngày 09/5/2025.");
}
