/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include "proto/model/unit.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/log_keys.h"
#include "proto/tlog/proof.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
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

TestSuite(wire_journal, .init = set_up, .fini = tear_down);

static struct th_judgement an_accepted_judgement(void)
{
    return (struct th_judgement){.obligation = TH_TEXT("O-002-2"),
                                 .number = 4,
                                 .revision = 2,
                                 .report_digest = th_sample_digest(1),
                                 .verdict = TH_VERDICT_ACCEPTED,
                                 .accepted = true,
                                 .has_due = true,
                                 .first_received = {1746784867250},
                                 .due = {1746810000000},
                                 .timeliness = TH_TIMELINESS_LATE};
}

static struct th_judgement a_rejected_judgement(void)
{
    return (struct th_judgement){.obligation = TH_TEXT("O-002-3"),
                                 .revision = 1,
                                 .report_digest = th_sample_digest(2),
                                 .verdict = TH_VERDICT_REJECTED};
}

static void check_judgement(const struct th_judgement *back, const struct th_judgement *judgement)
{
    cr_assert(th_same_text(back->obligation, judgement->obligation));
    cr_assert_eq(back->number, judgement->number);
    cr_assert_eq(back->revision, judgement->revision);
    cr_assert(th_same_digest(back->report_digest, judgement->report_digest));
    cr_assert_eq(back->verdict, judgement->verdict);
    cr_assert_eq(back->accepted, judgement->accepted);
    cr_assert_eq(back->has_due, judgement->has_due);
    cr_assert_eq(back->first_received.ms, judgement->first_received.ms);
    cr_assert_eq(back->due.ms, judgement->due.ms);
    cr_assert_eq(back->timeliness, judgement->timeliness);
    cr_assert_eq(back->has_received, judgement->has_received);
    cr_assert_eq(back->received.ms, judgement->received.ms);
}

#define ENCODE(name, value)                                                                        \
    ({                                                                                             \
        struct th_bytes encoded = {0};                                                             \
        cr_assert_eq(th_wire_##name##_encode((value), &arena, &encoded), 0);                       \
        encoded;                                                                                   \
    })

Test(wire_journal, a_decision_comes_back)
{
    const struct th_judgement judgements[] = {an_accepted_judgement(), a_rejected_judgement()};
    const struct th_remark remarks[] = {
        {0, TH_TEXT("value.TCD01"), TH_TEXT("12"), TH_TEXT("R1"), false},
        {1, TH_TEXT(""), TH_TEXT(""), TH_TEXT("empty"), true}};
    struct th_decision decision = {judgements, 2, remarks, 2}, back;
    cr_assert_eq(th_wire_decision_decode(ENCODE(decision, &decision), &arena, &back), 0);
    cr_assert_eq(back.judgements_count, 2);
    check_judgement(&back.judgements[0], &judgements[0]);
    check_judgement(&back.judgements[1], &judgements[1]);
    cr_assert_eq(back.remarks_count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(back.remarks[i].report, remarks[i].report);
        cr_assert(th_same_text(back.remarks[i].field, remarks[i].field));
        cr_assert(th_same_text(back.remarks[i].value, remarks[i].value));
        cr_assert(th_same_text(back.remarks[i].rule, remarks[i].rule));
        cr_assert_eq(back.remarks[i].refused, remarks[i].refused);
    }
}

Test(wire_journal, an_undated_judgement_has_no_due_instant)
{
    struct th_judgement judgement = an_accepted_judgement();
    judgement.has_due = false;
    judgement.due.ms = 0;
    judgement.timeliness = TH_TIMELINESS_UNDATED;
    struct th_decision decision = {&judgement, 1, NULL, 0}, back;
    cr_assert_eq(th_wire_decision_decode(ENCODE(decision, &decision), &arena, &back), 0);
    check_judgement(&back.judgements[0], &judgement);
}

Test(wire_journal, only_what_was_accepted_is_due_or_was_received_by_the_lost_log)
{
    struct th_judgement judgement = an_accepted_judgement();
    judgement.has_received = true;
    judgement.received.ms = 1746784867250;
    struct th_decision decision = {&judgement, 1, NULL, 0}, back;
    struct th_bytes bytes = ENCODE(decision, &decision);
    cr_assert_eq(th_wire_decision_decode(bytes, &arena, &back), 0);
    check_judgement(&back.judgements[0], &judgement);
    judgement.received.ms = INT64_MAX;
    cr_assert_eq(th_wire_decision_decode(ENCODE(decision, &decision), &arena, &back), TH_E_LIMIT);
    judgement = a_rejected_judgement();
    bytes = ENCODE(decision, &decision);
    /* `due`, then `received`, 0 at the end of the judgement, which is all there is. */
    static const char *const fields[] = {"\x38", "\x48"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t *longer = th_arena_alloc(&arena, bytes.size + 2);
        memcpy(longer, bytes.bytes, bytes.size);
        memcpy(longer + bytes.size, fields[i], 2);
        longer[1] = (uint8_t)(longer[1] + 2);
        cr_assert_eq(
            th_wire_decision_decode((struct th_bytes){longer, bytes.size + 2}, &arena, &back),
            TH_E_SYNTAX);
    }
}

Test(wire_journal, a_leaf_says_when_the_lost_log_received_exactly_when_it_is_readmitted)
{
    struct th_judgement judgements[] = {an_accepted_judgement(), a_rejected_judgement()};
    struct th_leaf leaf = {.kind = TH_ENTRY_READMITTED,
                           .clock = TH_CLOCK_STEADY,
                           .mode = TH_MODE_LIVE,
                           .judgements = judgements,
                           .judgements_count = 2};
    struct th_leaf back;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), TH_E_SYNTAX);
    judgements[0].has_received = true;
    judgements[0].received.ms = 7;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), 0);
    check_judgement(&back.judgements[0], &judgements[0]);
    leaf.kind = TH_ENTRY_SUBMISSION;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), TH_E_SYNTAX);
}

Test(wire_journal, a_leaf_names_an_operator_exactly_when_nobody_signed)
{
    const struct th_judgement judgement = an_accepted_judgement();
    struct th_leaf leaf = {.kind = TH_ENTRY_ENTERED,
                           .clock = TH_CLOCK_STEADY,
                           .mode = TH_MODE_LIVE,
                           .unit = TH_TEXT("23734"),
                           .operator= TH_TEXT("Nguyễn Thị Hoa"),
                           .judgements = &judgement,
                           .judgements_count = 1};
    struct th_leaf back;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), 0);
    cr_assert(th_same_text(back.operator, leaf.operator));
    check_judgement(&back.judgements[0], &judgement);
    leaf.has_header_digest = true;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), TH_E_SYNTAX);
    leaf.kind = TH_ENTRY_SUBMISSION;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), TH_E_SYNTAX);
    leaf.operator.size = 0;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), 0);
    leaf.kind = TH_ENTRY_ENTERED;
    leaf.has_header_digest = false;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), TH_E_SYNTAX);
    leaf.operator= TH_TEXT("hai\ndòng");
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), TH_E_TEXT);
}

static struct th_entering an_entering(void)
{
    const struct th_report report = th_sample_report();
    struct th_entering entering = {.operator= TH_TEXT("Nguyễn Thị Hoa"),
                                   .reference = TH_TEXT("12/BC-UBND ngày 08/5/2025"),
                                   .plan_digest = th_sample_digest(5)};
    cr_assert_eq(th_wire_report_encode(&report, &arena, &entering.report), 0);
    return entering;
}

Test(wire_journal, what_was_entered_comes_back_as_a_submission_of_one_report)
{
    const struct th_report report = th_sample_report();
    struct th_entering entering = an_entering(), back;
    struct th_submission submission;
    cr_assert_eq(th_wire_entering_decode(ENCODE(entering, &entering), &arena, &back), 0);
    cr_assert(th_same_text(back.operator, entering.operator));
    cr_assert(th_same_text(back.reference, entering.reference));
    cr_assert(th_same_digest(back.plan_digest, entering.plan_digest));
    cr_assert_eq(th_wire_entered_submission(&back, &arena, &submission), 0);
    cr_assert_eq(submission.header.reports_count, 1);
    cr_assert(th_same_text(submission.header.unit, report.unit));
    cr_assert(th_same_digest(submission.header.plan_digest, entering.plan_digest));
    cr_assert_eq(submission.header.realm.size, 0);
    cr_assert(th_same_report(&submission.reports[0], &report));
    struct th_digest digest;
    th_tlog_sha256(&(struct th_tlog_part){entering.report.bytes, entering.report.size}, 1, &digest);
    cr_assert(th_same_digest(submission.header.report_digests[0], digest));
}

Test(wire_journal, what_was_entered_needs_somebody_and_a_report)
{
    struct th_entering entering = an_entering(), back;
    struct th_submission submission;
    entering.reference.size = 0;
    cr_assert_eq(th_wire_entering_decode(ENCODE(entering, &entering), &arena, &back), 0);
    cr_assert_eq(back.reference.size, 0);
    entering.operator.size = 0;
    cr_assert_eq(th_wire_entering_decode(ENCODE(entering, &entering), &arena, &back), TH_E_SYNTAX);
    entering.operator= TH_TEXT("hai\ndòng");
    cr_assert_eq(th_wire_entering_decode(ENCODE(entering, &entering), &arena, &back), TH_E_TEXT);
    entering = an_entering();
    entering.report.size--;
    cr_assert_eq(th_wire_entering_decode(ENCODE(entering, &entering), &arena, &back), 0);
    cr_assert_lt(th_wire_entered_submission(&back, &arena, &submission), 0);
}

Test(wire_journal, a_remark_about_no_report_is_refused)
{
    const struct th_judgement judgement = an_accepted_judgement();
    const struct th_remark remark = {1, TH_TEXT(""), TH_TEXT(""), TH_TEXT("R1"), false};
    struct th_decision decision = {&judgement, 1, &remark, 1}, back;
    cr_assert_eq(th_wire_decision_decode(ENCODE(decision, &decision), &arena, &back), TH_E_SYNTAX);
}

Test(wire_journal, an_accepted_judgement_says_when_and_others_do_not)
{
    struct th_decision decision = {0}, back;
    struct th_judgement judgement = a_rejected_judgement();
    decision.judgements = &judgement;
    decision.judgements_count = 1;
    struct th_bytes bytes = ENCODE(decision, &decision);
    cr_assert_eq(th_wire_decision_decode(bytes, &arena, &back), 0);
    uint8_t *changed = th_arena_alloc(&arena, bytes.size);
    memcpy(changed, bytes.bytes, bytes.size);
    cr_assert_eq(changed[bytes.size - 1], TH_VERDICT_REJECTED);
    changed[bytes.size - 1] = TH_VERDICT_ACCEPTED;
    cr_assert_eq(th_wire_decision_decode((struct th_bytes){changed, bytes.size}, &arena, &back),
                 TH_E_SYNTAX);
}

Test(wire_journal, a_leaf_comes_back)
{
    const struct th_judgement judgements[] = {an_accepted_judgement(), a_rejected_judgement()};
    struct th_leaf leaf = {.position = UINT64_MAX,
                           .kind = TH_ENTRY_SUBMISSION,
                           .time = {1746784867250},
                           .clock = TH_CLOCK_SUSPECT,
                           .entry_digest = th_sample_digest(3),
                           .mode = TH_MODE_REHEARSAL,
                           .unit = TH_TEXT("23734"),
                           .has_header_digest = true,
                           .header_digest = th_sample_digest(4),
                           .judgements = judgements,
                           .judgements_count = 2};
    struct th_leaf back;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), 0);
    cr_assert_eq(back.position, leaf.position);
    cr_assert_eq(back.kind, leaf.kind);
    cr_assert_eq(back.time.ms, leaf.time.ms);
    cr_assert_eq(back.clock, leaf.clock);
    cr_assert(th_same_digest(back.entry_digest, leaf.entry_digest));
    cr_assert_eq(back.mode, leaf.mode);
    cr_assert(th_same_text(back.unit, leaf.unit));
    cr_assert(back.has_header_digest);
    cr_assert(th_same_digest(back.header_digest, leaf.header_digest));
    cr_assert_eq(back.judgements_count, 2);
    check_judgement(&back.judgements[1], &judgements[1]);
}

Test(wire_journal, a_leaf_of_no_unit_comes_back)
{
    struct th_leaf leaf = {
        .kind = TH_ENTRY_CLOCK, .clock = TH_CLOCK_STEADY, .mode = TH_MODE_LIVE, .unit = {"", 0}};
    struct th_leaf back;
    cr_assert_eq(th_wire_leaf_decode(ENCODE(leaf, &leaf), &arena, &back), 0);
    cr_assert_eq(back.unit.size, 0);
    cr_assert_not(back.has_header_digest);
    cr_assert_eq(back.judgements_count, 0);
}

Test(wire_journal, the_largest_leaf_fits_in_a_receipt)
{
    static char id[TH_LIMIT_OBLIGATION_ID_MAX];
    memset(id, 'a', sizeof id);
    struct th_judgement judgements[TH_LIMIT_REPORTS_MAX];
    for (size_t i = 0; i < TH_LIMIT_REPORTS_MAX; i++) {
        judgements[i] = an_accepted_judgement();
        judgements[i].obligation = (struct th_text){id, sizeof id};
        judgements[i].number = TH_LIMIT_NUMBER_MAX;
        judgements[i].revision = TH_LIMIT_REVISION_MAX;
        judgements[i].due.ms = judgements[i].first_received.ms = -1;
        judgements[i].has_received = true;
        judgements[i].received.ms = -1;
    }
    struct th_leaf leaf = {.position = UINT64_MAX,
                           .kind = TH_ENTRY_SUBMISSION,
                           .time = {-1},
                           .clock = TH_CLOCK_STEADY,
                           .mode = TH_MODE_LIVE,
                           .unit = {id, TH_UNIT_CODE_MAX},
                           .has_header_digest = true,
                           .judgements = judgements,
                           .judgements_count = TH_LIMIT_REPORTS_MAX};
    cr_assert_leq(ENCODE(leaf, &leaf).size, TH_PROOF_EXTRA_MAX);
}

Test(wire_journal, a_founding_comes_back)
{
    struct th_founding founding = {.mode = TH_MODE_REHEARSAL,
                                   .realm = TH_TEXT("tonghop/64/rehearsal"),
                                   .operator= TH_TEXT("an")};
    memset(founding.log_key, 1, 32);
    memset(founding.store_id, 2, 16);
    struct th_founding back;
    cr_assert_eq(th_wire_founding_decode(ENCODE(founding, &founding), &arena, &back), 0);
    cr_assert_eq(back.mode, founding.mode);
    cr_assert(th_same_text(back.realm, founding.realm));
    cr_assert_arr_eq(back.log_key, founding.log_key, 32);
    cr_assert_arr_eq(back.store_id, founding.store_id, 16);
    cr_assert(th_same_text(back.operator, founding.operator));
}

Test(wire_journal, enrolment_and_revocation_come_back)
{
    struct th_enrolment enrolment = {.unit = TH_TEXT("23734"),
                                     .proof = {(const uint8_t *)"a\0b", 3},
                                     .operator= TH_TEXT("Bình")};
    memset(enrolment.sign_key.bytes, 1, 32);
    memset(enrolment.curve_key, 2, 32);
    struct th_enrolment back;
    cr_assert_eq(th_wire_enrolment_decode(ENCODE(enrolment, &enrolment), &arena, &back), 0);
    cr_assert(th_same_text(back.unit, enrolment.unit));
    cr_assert_arr_eq(back.sign_key.bytes, enrolment.sign_key.bytes, 32);
    cr_assert_arr_eq(back.curve_key, enrolment.curve_key, 32);
    cr_assert(th_same_bytes(back.proof, enrolment.proof));
    cr_assert(th_same_text(back.operator, enrolment.operator));
    struct th_revocation revocation = {
        .unit = TH_TEXT("64-snv"), .operator= TH_TEXT(""), .effective = {1746810000000}};
    memset(revocation.sign_key.bytes, 3, 32);
    struct th_revocation revoked;
    cr_assert_eq(th_wire_revocation_decode(ENCODE(revocation, &revocation), &arena, &revoked), 0);
    cr_assert(th_same_text(revoked.unit, revocation.unit));
    cr_assert_arr_eq(revoked.sign_key.bytes, revocation.sign_key.bytes, 32);
    cr_assert_eq(revoked.operator.size, 0);
    cr_assert_eq(revoked.effective.ms, revocation.effective.ms);
    revocation.effective.ms = INT64_MAX;
    cr_assert_eq(th_wire_revocation_decode(ENCODE(revocation, &revocation), &arena, &revoked),
                 TH_E_LIMIT);
}

Test(wire_journal, reminding_and_closing_come_back)
{
    struct th_reminding reminding = {TH_TEXT("p"), TH_TEXT("o"), {1746810000000}, 12}, reminded;
    cr_assert_eq(th_wire_reminding_decode(ENCODE(reminding, &reminding), &arena, &reminded), 0);
    cr_assert(th_same_text(reminded.plan, reminding.plan));
    cr_assert(th_same_text(reminded.obligation, reminding.obligation));
    cr_assert_eq(reminded.instant.ms, reminding.instant.ms);
    cr_assert_eq(reminded.missing, 12);
    struct th_closing_body closing = {TH_TEXT("p"), TH_TEXT("o"), {1746810000000}, 5, 4}, closed;
    cr_assert_eq(th_wire_closing_decode(ENCODE(closing, &closing), &arena, &closed), 0);
    cr_assert(th_same_text(closed.plan, closing.plan));
    cr_assert(th_same_text(closed.obligation, closing.obligation));
    cr_assert_eq(closed.instant.ms, closing.instant.ms);
    cr_assert_eq(closed.expected, 5);
    cr_assert_eq(closed.received, 4);
}

Test(wire_journal, a_clock_change_comes_back)
{
    struct th_clock_change change = {.kind = TH_CLOCK_DOUBTED,
                                     .to = {1746810000000},
                                     .has_boottime = true,
                                     .boottime_ms = -7,
                                     .operator= {"", 0} };
    struct th_clock_change back;
    cr_assert_eq(th_wire_clock_change_decode(ENCODE(clock_change, &change), &arena, &back), 0);
    cr_assert_eq(back.kind, change.kind);
    cr_assert_eq(back.to.ms, change.to.ms);
    cr_assert(back.has_boottime);
    cr_assert_eq(back.boottime_ms, -7);
    cr_assert_eq(back.operator.size, 0);
    change = (struct th_clock_change){.kind = TH_CLOCK_ACCEPTED, .operator= TH_TEXT("An")};
    cr_assert_eq(th_wire_clock_change_decode(ENCODE(clock_change, &change), &arena, &back), 0);
    cr_assert(th_same_text(back.operator, TH_TEXT("An")));
    cr_assert_not(back.has_boottime);
    change.to = th_day_start((th_day){TH_DAY_MAX});
    cr_assert_eq(th_wire_clock_change_decode(ENCODE(clock_change, &change), &arena, &back), 0);
    change.to.ms++;
    cr_assert_eq(th_wire_clock_change_decode(ENCODE(clock_change, &change), &arena, &back),
                 TH_E_LIMIT);
    change.to.ms = th_day_start((th_day){TH_DAY_MIN}).ms - 1;
    cr_assert_eq(th_wire_clock_change_decode(ENCODE(clock_change, &change), &arena, &back),
                 TH_E_LIMIT);
}

static void check_key(const struct th_log_key_body *back, const struct th_log_key_body *key)
{
    cr_assert(th_same_text(back->vkey, key->vkey));
    cr_assert_eq(back->after, key->after);
    cr_assert(th_same_bytes(back->succession, key->succession));
}

static int pass_rotation(struct th_text vkey, struct th_bytes succession)
{
    const struct th_rotation rotation = {{vkey, UINT64_MAX, succession}, TH_TEXT("an")};
    struct th_rotation back;
    int status = th_wire_rotation_decode(ENCODE(rotation, &rotation), &arena, &back);
    if (status == 0)
        check_key(&back.key, &rotation.key);
    return status;
}

Test(wire_journal, a_rotation_comes_back)
{
    const struct th_rotation rotation = th_sample_rotation(&arena);
    struct th_rotation back;
    cr_assert_eq(th_wire_rotation_decode(ENCODE(rotation, &rotation), &arena, &back), 0);
    check_key(&back.key, &rotation.key);
    cr_assert(th_same_text(back.operator, rotation.operator));
}

Test(wire_journal, a_log_key_is_one_line_and_its_succession_a_text)
{
    static char large[TH_SUCCESSION_SIZE_MAX + 1];
    memset(large, 'a', sizeof large);
    const struct th_bytes none = {NULL, 0}, note = {(const uint8_t *)"a\n", 2};
    cr_assert_eq(pass_rotation(TH_TEXT("v"), none), 0);
    cr_assert_eq(pass_rotation(TH_TEXT("v"), note), 0);
    cr_assert_eq(pass_rotation(TH_TEXT(""), none), TH_E_SYNTAX);
    cr_assert_eq(pass_rotation(TH_TEXT("v\n"), none), TH_E_TEXT);
    cr_assert_eq(pass_rotation(TH_TEXT("v"), (struct th_bytes){(const uint8_t *)"\033", 1}),
                 TH_E_TEXT);
    cr_assert_eq(pass_rotation((struct th_text){large, TH_NOTE_VKEY_TEXT_MAX}, none), 0);
    cr_assert_eq(pass_rotation((struct th_text){large, TH_NOTE_VKEY_TEXT_MAX + 1}, none),
                 TH_E_LIMIT);
    struct th_bytes succession = {(const uint8_t *)large, TH_SUCCESSION_SIZE_MAX};
    cr_assert_eq(pass_rotation(TH_TEXT("v"), succession), 0);
    succession.size++;
    cr_assert_eq(pass_rotation(TH_TEXT("v"), succession), TH_E_LIMIT);
}

Test(wire_journal, a_recovery_comes_back)
{
    struct th_recovery recovery = th_sample_recovery(&arena), back;
    cr_assert_eq(th_wire_recovery_decode(ENCODE(recovery, &recovery), &arena, &back), 0);
    cr_assert_eq(back.keys_count, 2);
    check_key(&back.keys[0], &recovery.keys[0]);
    check_key(&back.keys[1], &recovery.keys[1]);
    cr_assert(th_same_bytes(back.checkpoint, recovery.checkpoint));
    cr_assert(th_same_text(back.operator, recovery.operator));
    recovery.checkpoint.size = 0;
    cr_assert_eq(th_wire_recovery_decode(ENCODE(recovery, &recovery), &arena, &back), 0);
    cr_assert_eq(back.checkpoint.size, 0);
}

Test(wire_journal, a_recovery_has_one_to_eight_keys)
{
    struct th_log_key_body keys[TH_RECOVERY_KEYS_MAX + 1];
    for (size_t i = 0; i <= TH_RECOVERY_KEYS_MAX; i++)
        keys[i] = (struct th_log_key_body){.vkey = TH_TEXT("v")};
    struct th_recovery recovery = {.keys = keys, .operator= TH_TEXT("an")}, back;
    struct th_bytes bytes = {NULL, 0};
    cr_assert_eq(th_wire_recovery_encode(&recovery, &arena, &bytes), TH_E_LIMIT);
    recovery.keys_count = TH_RECOVERY_KEYS_MAX + 1;
    cr_assert_eq(th_wire_recovery_encode(&recovery, &arena, &bytes), TH_E_LIMIT);
    recovery.keys_count = TH_RECOVERY_KEYS_MAX;
    bytes = ENCODE(recovery, &recovery);
    cr_assert_eq(th_wire_recovery_decode(bytes, &arena, &back), 0);
    /* One key more, and none: keys come first, each as long as the next. */
    const size_t key_size = (bytes.size - 4) / TH_RECOVERY_KEYS_MAX;
    uint8_t *more = th_arena_alloc(&arena, bytes.size + key_size);
    memcpy(more, bytes.bytes, key_size);
    memcpy(more + key_size, bytes.bytes, bytes.size);
    cr_assert_eq(
        th_wire_recovery_decode((struct th_bytes){more, bytes.size + key_size}, &arena, &back),
        TH_E_LIMIT);
    cr_assert_eq(
        th_wire_recovery_decode((struct th_bytes){bytes.bytes + bytes.size - 4, 4}, &arena, &back),
        TH_E_SYNTAX);
}

Test(wire_journal, the_end_of_a_recovery_comes_back)
{
    const struct th_recovery_end end = {TH_TEXT("an")};
    struct th_recovery_end back;
    cr_assert_eq(th_wire_recovery_end_decode(ENCODE(recovery_end, &end), &arena, &back), 0);
    cr_assert(th_same_text(back.operator, end.operator));
    cr_assert_eq(th_wire_recovery_end_decode((struct th_bytes){NULL, 0}, &arena, &back),
                 TH_E_SYNTAX);
}

Test(wire_journal, a_readmission_is_borrowed_from_its_bytes)
{
    const struct th_readmission readmission = th_sample_readmission(&arena);
    struct th_readmission back;
    struct th_bytes bytes = ENCODE(readmission, &readmission);
    cr_assert_eq(th_wire_readmission_decode(bytes, &arena, &back), 0);
    cr_assert(th_same_bytes(back.submission, readmission.submission));
    cr_assert(th_same_bytes(back.receipt, readmission.receipt));
    cr_assert_eq(back.receipt.bytes + back.receipt.size, bytes.bytes + bytes.size);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(
            th_wire_readmission_decode((struct th_bytes){bytes.bytes, size}, &arena, &back),
            TH_E_SYNTAX);
}

static int decode_readmission(const char *bytes, size_t size)
{
    struct th_readmission back;
    return th_wire_readmission_decode((struct th_bytes){(const uint8_t *)bytes, size}, &arena,
                                      &back);
}

Test(wire_journal, a_readmission_has_one_submission_and_one_receipt)
{
    cr_assert_eq(decode_readmission("\x0a\1s\x12\1r", 6), 0);
    cr_assert_eq(decode_readmission("\x12\1r\x0a\1s", 6), 0);
    cr_assert_eq(decode_readmission("\x0a\1s", 3), TH_E_SYNTAX, "no receipt");
    cr_assert_eq(decode_readmission("\x12\1r", 3), TH_E_SYNTAX, "no submission");
    cr_assert_eq(decode_readmission("\x0a\0\x12\1r", 5), TH_E_SYNTAX, "an empty one");
    cr_assert_eq(decode_readmission("\x0a\1s\x12\1r\x12\1r", 9), TH_E_SYNTAX, "two");
    cr_assert_eq(decode_readmission("\x0a\1s\x12\1r\x1a\1r", 9), TH_E_SYNTAX, "unknown");
    cr_assert_eq(decode_readmission("\x0a\1s\x12\1r\x08\1", 8), TH_E_SYNTAX, "a number");
    cr_assert_eq(decode_readmission("\x0a\1s\x12\1\x1b", 6), TH_E_TEXT, "no text");
}

Test(wire_journal, cut_and_foreign_bytes_are_refused)
{
    struct th_closing_body closing = {TH_TEXT("p"), TH_TEXT("o"), {1746810000000}, 5, 4}, back;
    struct th_bytes bytes = ENCODE(closing, &closing);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(th_wire_closing_decode((struct th_bytes){bytes.bytes, size}, &arena, &back),
                     TH_E_SYNTAX);
    struct th_founding founding;
    cr_assert_eq(th_wire_founding_decode(bytes, &arena, &founding), TH_E_SYNTAX);
    closing.plan = TH_TEXT("");
    cr_assert_eq(th_wire_closing_decode(ENCODE(closing, &closing), &arena, &back), TH_E_SYNTAX);
    closing.plan = TH_TEXT("a\nb");
    cr_assert_eq(th_wire_closing_decode(ENCODE(closing, &closing), &arena, &back), TH_E_TEXT);
    closing.plan = TH_TEXT("p");
    closing.instant.ms = INT64_MAX;
    cr_assert_eq(th_wire_closing_decode(ENCODE(closing, &closing), &arena, &back), TH_E_LIMIT);
}
