/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world world;

static void start(void)
{
    world_init(&world, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_verdicts, .init = start, .fini = stop);

static const struct th_report_verdict *send(struct sent_report sent)
{
    return world_send(&world, &sent, 1);
}

Test(core_verdicts, a_first_report_is_accepted_journalled_and_kept)
{
    const struct th_report_verdict *verdict = send(A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_ACCEPTED);
    cr_assert(world_answer(&world)->body.answer.journalled);
    cr_assert(verdict->has_position);
    cr_assert_eq(verdict->position, world.next_position - 1);
    const struct th_entry *entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->kind, TH_ENTRY_SUBMISSION);
    cr_assert_eq(entry->decision.judgements[0].timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(entry->decision.judgements[0].due.ms, world.half_due.ms);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.revision, 1);
}

static th_day day_of(int year, int month, int day)
{
    return th_day_of_date((struct th_civil_date){year, month, day});
}

Test(core_verdicts, the_entry_names_the_header_that_was_signed)
{
    struct sent_report sent = A_REPORT(.unit = U_A1);
    struct th_event event = world_submission(&world, &sent, 1);
    struct th_submission *submission =
        (struct th_submission *)(uintptr_t)event.body.submission.submission;
    submission->header_digest.bytes[5] = 7;
    event.body.submission.raw = (struct th_bytes){(const uint8_t *)"Submission", 10};
    cr_assert_eq(world_step(&world, event), 0);
    const struct th_entry *entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert(entry->has_header_digest);
    cr_assert_eq(entry->header_digest.bytes[5], 7);
    cr_assert_eq(entry->raw.size, 10);
    cr_assert_eq(world_answer(&world)->body.answer.header_digest.bytes[5], 7);
}

Test(core_verdicts, same_bytes_again_are_a_duplicate_and_not_journalled)
{
    uint64_t position = send(A_REPORT(.unit = U_A1))->position;
    const struct th_report_verdict *verdict = send(A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(verdict->position, position);
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 0);
    cr_assert_not(world_answer(&world)->body.answer.journalled);
}

Test(core_verdicts, same_revision_other_digest_is_conflict)
{
    send(A_REPORT(.unit = U_A1, .digest = 5));
    const struct th_report_verdict *verdict = send(A_REPORT(.unit = U_A1, .digest = 6));
    cr_assert_eq(verdict->kind, TH_VERDICT_CONFLICT);
    cr_assert_eq(verdict->stored_digest.bytes[0], 5);
    cr_assert_eq(verdict->next_revision, 2);
}

Test(core_verdicts, a_superseded_revision_stays_a_duplicate_also_after_a_reload)
{
    uint64_t position = send(A_REPORT(.unit = U_A1))->position;
    cr_assert_eq(send(A_REPORT(.unit = U_A1, .revision = 2, .digest = 2))->kind,
                 TH_VERDICT_ACCEPTED);
    world_reload(&world);
    const struct th_report_verdict *verdict = send(A_REPORT(.unit = U_A1));
    cr_assert_eq(verdict->kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(verdict->position, position);
}

Test(core_verdicts, a_duplicate_stays_one_after_acceptance_has_closed)
{
    send(A_REPORT(.unit = U_A1));
    world_tick_at(&world, (th_instant){world.half_due.ms + 60 * TH_DAY_MS});
    cr_assert_eq(send(A_REPORT(.unit = U_A1))->kind, TH_VERDICT_DUPLICATE);
    const struct th_report_verdict *late = send(A_REPORT(.unit = U_A2));
    cr_assert_eq(late->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(late, "acceptance_closed"));
}

Test(core_verdicts, the_last_day_of_acceptance_is_a_whole_one)
{
    world_tick_at(&world, (th_instant){th_day_start(day_of(2025, 7, 1)).ms - 1});
    cr_assert_eq(send(A_REPORT(.unit = U_A1))->kind, TH_VERDICT_ACCEPTED);
    world_tick_at(&world, th_day_start(day_of(2025, 7, 1)));
    cr_assert(world_has_reason(send(A_REPORT(.unit = U_A2)), "acceptance_closed"));
}

Test(core_verdicts, a_skipped_revision_is_told_which_is_next)
{
    send(A_REPORT(.unit = U_A1));
    const struct th_report_verdict *verdict = send(A_REPORT(.unit = U_A1, .revision = 4));
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(verdict, "revision_gap"));
    cr_assert_eq(verdict->next_revision, 2);
}

Test(core_verdicts, all_reasons_come_at_once)
{
    const struct th_report_verdict *verdict =
        send(A_REPORT(.unit = U_622, .number = 3, .revision = 2, .a = 9, .estimated = true,
                      .obligation = OB_YEAR));
    cr_assert(world_has_reason(verdict, "not_expected"));
    cr_assert(world_has_reason(verdict, "number"));
    cr_assert(world_has_reason(verdict, "revision_gap"));
    cr_assert(world_has_reason(verdict, "estimate"));
    cr_assert(world_has_reason(verdict, "R1"));
}

Test(core_verdicts, unknown_plans_and_suspended_obligations_are_refused)
{
    cr_assert(world_has_reason(send(A_REPORT(.unit = U_A1, .plan = "q")), "plan"));
    cr_assert(
        world_has_reason(send(A_REPORT(.unit = U_A1, .obligation = OB_SUSPENDED)), "suspended"));
}

Test(core_verdicts, a_broken_warning_is_kept_and_does_not_refuse)
{
    const struct th_report_verdict *verdict =
        send(A_REPORT(.unit = U_A1, .a = 61, .b = 60, .c = 1));
    cr_assert_eq(verdict->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdict->warnings.count, 1);
    const struct th_entry *entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->decision.remarks_count, 1);
    cr_assert_not(entry->decision.remarks[0].refused);
}

Test(core_verdicts, the_year_is_held_against_the_half_year_of_the_unit)
{
    send(A_REPORT(.unit = U_A1, .a = 6, .b = 4, .c = 2));
    const struct th_report_verdict *verdict = send(A_REPORT(.unit = U_A1, .obligation = OB_YEAR));
    cr_assert_eq(verdict->kind, TH_VERDICT_ACCEPTED);
    cr_assert_gt(verdict->warnings.count, 0);
    cr_assert_str_eq(verdict->warnings.items[0].rule, "R63");
    cr_assert_eq(send(A_REPORT(.unit = U_A2, .obligation = OB_YEAR))->warnings.count, 0,
                 "it has no half-year");
}

/* What each remark of an entry is about. */
static void expect_remark(const struct th_remark *remark, uint32_t report, const char *rule,
                          bool refused)
{
    cr_expect_eq(remark->report, report, "%s", rule);
    cr_expect(remark->rule.size == strlen(rule) &&
                  memcmp(remark->rule.bytes, rule, remark->rule.size) == 0,
              "%s", rule);
    cr_expect_eq(remark->refused, refused, "%s", rule);
}

Test(core_verdicts, the_entry_says_of_each_report_what_was_remarked)
{
    struct sent_report sent[] = {
        A_REPORT(.unit = U_A1, .a = 61, .b = 60, .c = 1),
        A_REPORT(.unit = U_A1, .obligation = OB_YEAR, .revision = 2, .a = 62, .b = 61, .c = 1)};
    const struct th_report_verdict *verdicts = world_send(&world, sent, 2);
    cr_assert_eq(verdicts[0].kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdicts[1].kind, TH_VERDICT_REJECTED);
    const struct th_decision *decision =
        &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append.decision;
    cr_assert_eq(decision->remarks_count, 3);
    expect_remark(&decision->remarks[0], 0, "R2", false);
    expect_remark(&decision->remarks[1], 1, "revision_gap", true);
    expect_remark(&decision->remarks[2], 1, "R2", false);
}

Test(core_verdicts, a_report_of_another_unit_than_the_one_that_signed_is_refused)
{
    struct sent_report sent = A_REPORT(.unit = U_A1);
    struct th_event event = world_submission(&world, &sent, 1);
    struct th_report *report =
        (struct th_report *)(uintptr_t)event.body.submission.submission->reports;
    report->unit = (struct th_text){"b1", 2};
    cr_assert_eq(world_step(&world, event), 0);
    const struct th_report_verdict *verdict = world_answer(&world)->body.answer.verdicts;
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(verdict, "unit"));
    cr_assert_null(world_row(&world, OB_HALF, U_A1, 0));
    cr_assert_null(world_row(&world, OB_HALF, U_B1, 0));
}

Test(core_verdicts, the_second_of_one_submission_is_judged_against_the_first)
{
    struct sent_report sent[] = {A_REPORT(.unit = U_A1), A_REPORT(.unit = U_A1),
                                 A_REPORT(.unit = U_A1, .digest = 8),
                                 A_REPORT(.unit = U_A1, .revision = 2, .digest = 9)};
    const struct th_report_verdict *verdicts = world_send(&world, sent, 4);
    cr_assert_eq(verdicts[0].kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdicts[1].kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(verdicts[1].position, verdicts[0].position);
    cr_assert_eq(verdicts[2].kind, TH_VERDICT_CONFLICT);
    cr_assert_eq(verdicts[3].kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 1);
    cr_assert_eq(world_count(&world, TH_EFFECT_PUT_REVISION), 1);
}

Test(core_verdicts, one_of_many_that_is_of_no_plan_does_not_stop_the_others)
{
    struct sent_report sent[] = {A_REPORT(.unit = U_A1, .plan = "q"), A_REPORT(.unit = U_A1),
                                 A_REPORT(.unit = U_A1, .obligation = OB_YEAR)};
    const struct th_report_verdict *verdicts = world_send(&world, sent, 3);
    cr_assert(world_has_reason(&verdicts[0], "plan"));
    cr_assert_eq(verdicts[1].kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdicts[2].kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.index, 1);
    cr_assert_eq(world_row(&world, OB_YEAR, U_A1, 0)->row.index, 2);
}

Test(core_verdicts, a_correction_keeps_when_the_first_one_came)
{
    send(A_REPORT(.unit = U_A1));
    th_instant first = world.now.wall;
    world_tick_at(&world, (th_instant){world.half_due.ms + 1});
    send(A_REPORT(.unit = U_A1, .revision = 2, .a = 5, .b = 4));
    const struct th_row *row = &world_row(&world, OB_HALF, U_A1, 0)->row;
    cr_assert_eq(row->first_received.ms, first.ms);
    cr_assert_eq(row->prepared.ms, first.ms);
    cr_assert_eq(row->received.ms, world.now.wall.ms);
    cr_assert_eq(row->timeliness, TH_TIMELINESS_ON_TIME);
}

Test(core_verdicts, the_boundary_is_a_millisecond)
{
    world_tick_at(&world, (th_instant){world.half_due.ms - 1});
    send(A_REPORT(.unit = U_A1));
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_ON_TIME);
    world_tick_at(&world, world.half_due);
    send(A_REPORT(.unit = U_A2));
    cr_assert_eq(world_row(&world, OB_HALF, U_A2, 0)->row.timeliness, TH_TIMELINESS_LATE);
}

/* One submission whose header is changed before it is sent. */
static const struct th_report_verdict *send_changed(enum th_reason_code what)
{
    struct sent_report sent = A_REPORT(.unit = U_A1);
    struct th_event event = world_submission(&world, &sent, 1);
    struct th_submission submission = *event.body.submission.submission;
    if (what == TH_REASON_MODE)
        submission.header.mode = TH_MODE_REHEARSAL;
    if (what == TH_REASON_REALM)
        submission.header.realm = (struct th_text){"other", 5};
    if (what == TH_REASON_KEY)
        submission.header.key = world_key(U_B1);
    if (what == TH_REASON_PLAN_VERSION)
        submission.header.plan_digest.bytes[3] ^= 1;
    if (what == TH_REASON_UNIT)
        event.body.submission.peer_unit = (struct th_text){"b1", 2};
    event.body.submission.submission = &submission;
    cr_assert_eq(world_step(&world, event), 0);
    return world_answer(&world)->body.answer.verdicts;
}

Test(core_verdicts, each_wrong_header_has_its_reason)
{
    static const enum th_reason_code codes[] = {TH_REASON_MODE, TH_REASON_REALM, TH_REASON_KEY,
                                                TH_REASON_PLAN_VERSION, TH_REASON_UNIT};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct th_report_verdict *verdict = send_changed(codes[i]);
        cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
        cr_assert(world_has_reason(verdict, th_reason_word(codes[i])), "%s",
                  th_reason_word(codes[i]));
        cr_assert_eq(verdict->reasons.count, 1);
    }
}

Test(core_verdicts, a_revoked_key_has_no_authority_from_the_next_message_on)
{
    send(A_REPORT(.unit = U_A1));
    struct th_event revoke = {.kind = TH_EVENT_REVOKE,
                              .body.revoke = {.unit = {"a1", 2}, .sign_key = world_key(U_A1)}};
    cr_assert_eq(world_step(&world, revoke), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, 0);
    cr_assert(world_has_reason(send(A_REPORT(.unit = U_A1)), "key"));
    cr_assert_eq(world_step(&world, revoke), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_NOT_FOUND);
}

Test(core_verdicts, keys_are_enrolled_once_and_for_one_unit)
{
    struct th_event enrol = {.kind = TH_EVENT_ENROL,
                             .body.enrol = {.unit = {"a1", 2}, .sign_key = world_key(U_A1)}};
    cr_assert_eq(world_step(&world, enrol), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_EXISTS);
    enrol.body.enrol.unit = (struct th_text){"a2", 2};
    cr_assert_eq(world_step(&world, enrol), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_FORBIDDEN);
    enrol.body.enrol.unit = (struct th_text){"zz", 2};
    cr_assert_eq(world_step(&world, enrol), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_NOT_FOUND);
}

/* A new machine of a unit: the answer to its enrolment. */
static int enrol_machine(enum world_unit unit, const char *code, uint8_t machine)
{
    struct th_event enrol = {
        .kind = TH_EVENT_ENROL,
        .body.enrol = {.unit = th_text_of(code),
                       .sign_key = {{machine, 200}},
                       .curve_key = {(uint8_t)(unit + 1)}}}; /* as its first one's */
    world_reset_batch(&world);
    cr_assert_eq(world_step(&world, enrol), 0);
    return world_answer(&world)->body.answer.status;
}

Test(core_verdicts, a_unit_has_so_many_keys_and_those_that_are_revoked_do_not_count)
{
    for (uint8_t machine = 1; machine < TH_LIMIT_KEYS_PER_UNIT_MAX; machine++)
        cr_assert_eq(enrol_machine(U_A1, "a1", machine), 0);
    cr_assert_eq(enrol_machine(U_A1, "a1", 99), TH_E_LIMIT);
    cr_assert_eq(enrol_machine(U_A2, "a2", 100), 0, "another unit has its own");
    struct th_event revoke = {.kind = TH_EVENT_REVOKE,
                              .body.revoke = {.unit = {"a1", 2}, .sign_key = world_key(U_A1)}};
    cr_assert_eq(world_step(&world, revoke), 0);
    cr_assert_eq(enrol_machine(U_A1, "a1", 99), 0);
}

Test(core_verdicts, the_journal_names_the_unit_and_the_key_that_came_or_went)
{
    cr_assert_eq(enrol_machine(U_A1, "a1", 7), 0);
    const struct th_entry *entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->kind, TH_ENTRY_ENROLLED);
    cr_assert(entry->unit.size == 2 && memcmp(entry->unit.bytes, "a1", 2) == 0);
    cr_assert_eq(entry->body.enrolment.sign_key.bytes[0], 7);
    struct th_event revoke = {
        .kind = TH_EVENT_REVOKE,
        .body.revoke = {.unit = {"a1", 2}, .sign_key = entry->body.enrolment.sign_key}};
    cr_assert_eq(world_step(&world, revoke), 0);
    entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->kind, TH_ENTRY_REVOKED);
    cr_assert(entry->unit.size == 2 && memcmp(entry->unit.bytes, "a1", 2) == 0);
    cr_assert_eq(entry->body.revocation.sign_key.bytes[0], 7);
}

Test(core_verdicts, a_list_of_units_has_a_limit)
{
    struct th_unit *units = calloc(TH_UNIT_COUNT_MAX + 1, sizeof *units);
    for (size_t i = 0; i <= TH_UNIT_COUNT_MAX; i++)
        units[i] = world.units[U_B1]; /* which is there: nothing would be added */
    struct th_event event = {.kind = TH_EVENT_UNITS,
                             .body.units = {.units = units, .count = TH_UNIT_COUNT_MAX + 1}};
    cr_assert_eq(world_step(&world, event), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_LIMIT);
    free(units);
}

Test(core_verdicts, a_connections_key_is_of_one_unit)
{
    cr_assert_eq(enrol_machine(U_A1, "a2", 1), TH_E_FORBIDDEN);
}

Test(core_verdicts, a_plan_is_loaded_once_and_known_units_stay_as_they_are)
{
    struct th_event plan = {.kind = TH_EVENT_PLAN,
                            .body.plan = {.plan = &world.plan, .digest = world.plan_digest}};
    cr_assert_eq(world_step(&world, plan), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_EXISTS);
    struct th_unit changed[5];
    for (size_t i = 0; i < 5; i++)
        changed[i] = world.units[U_A1];
    changed[0].name = "khác";
    changed[1].parent_code = "623";
    changed[2].external_id = "H01";
    changed[3].kind = TH_UNIT_KIND_WARD;
    changed[4].valid_to = day_of(2025, 7, 1);
    for (size_t i = 0; i < 5; i++) {
        struct th_event units = {.kind = TH_EVENT_UNITS,
                                 .body.units = {.units = &changed[i], .count = 1}};
        cr_assert_eq(world_step(&world, units), 0);
        cr_assert_eq(world_answer(&world)->body.answer.status, TH_E_EXISTS, "%zu", i);
        cr_assert_eq(world_count(&world, TH_EFFECT_PUT_UNIT), 0);
    }
}

Test(core_verdicts, a_unit_that_is_no_more_reports_nothing_and_gets_no_key)
{
    const th_day change = day_of(2025, 4, 1);
    struct th_unit unit = world.units[U_B1];
    unit.code = unit.name = "b4";
    unit.valid_to = change;
    world.units[world.units_count] = unit;
    struct th_event units = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_eq(world_step(&world, units), 0);
    cr_assert_eq(enrol_machine(WORLD_UNITS, "b4", 1), 0);
    struct sent_report sent = A_REPORT(.unit = U_B1, .obligation = OB_ADHOC, .number = 1);
    world_tick_at(&world, (th_instant){th_day_start(change).ms - 1});
    for (int is_over = 0; is_over < 2; is_over++) {
        struct th_event event = world_submission(&world, &sent, 1);
        struct th_submission *submission =
            (struct th_submission *)(uintptr_t)event.body.submission.submission;
        struct th_report *report = (struct th_report *)(uintptr_t)submission->reports;
        event.body.submission.peer_unit = th_text_of("b4");
        submission->header.unit = report->unit = th_text_of("b4");
        submission->header.key = (struct th_sign_key){{1, 200}};
        report->number = 1 + (uint32_t)is_over;
        cr_assert_eq(world_step(&world, event), 0);
        const struct th_report_verdict *verdict = world_answer(&world)->body.answer.verdicts;
        cr_assert_eq(verdict->kind, is_over ? TH_VERDICT_REJECTED : TH_VERDICT_ACCEPTED);
        world_tick_at(&world, th_day_start(change));
    }
    cr_assert_eq(enrol_machine(WORLD_UNITS, "b4", 2), TH_E_NOT_FOUND);
}

static uint32_t expected_in_623;
static int look_at_623(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                       const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    (void)context;
    (void)layout;
    if (book.obligation == OB_HALF && unit == U_623 && branch == TH_BRANCH_ALL)
        expected_in_623 = rollup->counts.expected;
    return 0;
}

Test(core_verdicts, a_new_unit_is_expected_from_then_on)
{
    send(A_REPORT(.unit = U_B1));
    struct th_unit unit = world.units[U_B1];
    unit.code = unit.name = "b4";
    world.units[world.units_count] = unit;
    struct th_event units = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_eq(world_step(&world, units), 0);
    cr_assert_eq(world_answer(&world)->body.answer.status, 0);
    const struct th_effect *put = world_effect(&world, TH_EFFECT_PUT_UNIT, 0);
    cr_assert_str_eq(put->body.unit.unit.name, "b4");
    cr_assert_str_eq(put->body.unit.unit.parent_code, "623");
    cr_assert_eq(put->body.unit.unit.kind, unit.kind);
    cr_assert_eq(put->body.unit.unit.valid_from.number, unit.valid_from.number);
    cr_assert_eq(th_core_take_dirty(world.core, look_at_623, NULL), 0);
    cr_assert_eq(expected_in_623, 4);
}
