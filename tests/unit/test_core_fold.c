/* SPDX-License-Identifier: Apache-2.0 */
/* A journal gives the tables again, as it was decided then, and what no core decides is refused. */
#include "aggregator/core/state.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world *live, *copy;

static void start(void)
{
    live = calloc(1, sizeof *live);
    copy = calloc(1, sizeof *copy);
    world_init(live, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(live);
    if (copy->core != NULL)
        world_deinit(copy);
    free(live);
    free(copy);
}

TestSuite(core_fold, .init = start, .fini = stop);

static uint64_t send(struct sent_report sent)
{
    cr_assert_eq(world_send(live, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
    return world_answer(live)->body.answer.position;
}

static void act(struct th_event event)
{
    world_reset_batch(live);
    cr_assert_eq(world_step(live, event), 0);
    cr_assert_eq(world_answer(live)->body.answer.status, 0);
}

/* Everything is the same once more. */
static void fold_all(void)
{
    cr_assert_eq(world_fold(live, live->next_position, copy), 0);
    const char *differs = world_differs(live, copy);
    cr_assert_null(differs, "%s", differs);
}

/* A world just before an entry, and what folding another one there gives. */
static void fold_until(uint64_t position)
{
    if (copy->core != NULL)
        world_deinit(copy);
    cr_assert_eq(world_fold(live, position, copy), 0);
}

static int fold_other(const struct world_entry *other)
{
    uint64_t position = copy->next_position;
    int status = world_fold_entry(copy, &other->entry, &other->content);
    fold_until(position); /* a core that refused is used up */
    return status;
}

#define ENTRY_AT(at)   (live->journal[at])
#define REFUSED(other) cr_assert_eq(fold_other(other), TH_E_CORRUPT)

/* ---- the same tables ---- */

Test(core_fold, a_new_store_is_folded)
{
    fold_all();
    cr_assert_eq(copy->plan_position, 2);
    cr_assert_eq(copy->unit_positions[U_A1], 1);
}

Test(core_fold, reports_corrections_timers_and_clocks_are_folded)
{
    send((struct sent_report)A_REPORT(.unit = U_A1, .has_day = true, .day = 20000));
    struct sent_report two[] = {A_REPORT(.unit = U_A2),
                                A_REPORT(.unit = U_A2, .revision = 2, .digest = 2, .a = 5, .b = 4)};
    world_send(live, two, 2);
    struct sent_report half_bad[] = {A_REPORT(.unit = U_B1),
                                     A_REPORT(.unit = U_B1, .obligation = OB_YEAR, .a = 99)};
    world_send(live, half_bad, 2);
    live->now.wall.ms += TH_DAY_MS;
    send((struct sent_report)A_REPORT(.unit = U_A3));
    live->now.wall.ms -= TH_DAY_MS;
    world_tick_at(live, (th_instant){live->half_due.ms - 1});
    world_tick_at(live, (th_instant){live->half_due.ms + 1});
    send((struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    cr_assert_gt(live->closings_count, 0);
    cr_assert(live->marks[OB_HALF].reminded);
    fold_all();
}

Test(core_fold, a_closing_that_waited_asks_for_the_past)
{
    send((struct sent_report)A_REPORT(.unit = U_A1));
    live->now.wall.ms += 20 * TH_DAY_MS;
    world_tick_at(live, live->now.wall);
    world_pass(live, live->half_due.ms - live->now.wall.ms + 30 * TH_DAY_MS);
    send((struct sent_report)A_REPORT(.unit = U_A2));
    live->now.wall.ms -= 20 * TH_DAY_MS;
    world_tick_at(live, live->now.wall);
    uint64_t closing = live->next_position - 1;
    cr_assert_eq(ENTRY_AT(closing).entry.kind, TH_ENTRY_CLOSING);
    fold_all();
    fold_until(closing);
    struct th_need need;
    cr_assert(th_core_fold_need(copy->core, &ENTRY_AT(closing).entry, &need));
    cr_assert(need.past);
    cr_assert_eq(need.at.ms, live->half_due.ms);
    cr_assert_eq(need.book.obligation, OB_HALF);
    cr_assert_eq(world_fold_entry(copy, &ENTRY_AT(closing).entry, NULL), 0);
    cr_assert_not(copy->core->plans[0].books[OB_HALF].has_past, "it is used up");
    cr_assert_not(th_core_fold_need(copy->core, &ENTRY_AT(0).entry, &need));
}

Test(core_fold, keys_units_rotation_and_recovery_are_folded)
{
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    struct th_unit unit = live->units[U_A1];
    unit.code = unit.name = "c1";
    live->units[live->units_count] = unit;
    act((struct th_event){.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}});
    act((struct th_event){.kind = TH_EVENT_REVOKE,
                          .body.revoke = {.unit = th_text_of("a2"),
                                          .sign_key = world_key(U_A2),
                                          .effective = {live->now.wall.ms + 5}}});
    act((struct th_event){
        .kind = TH_EVENT_ROTATE,
        .body.rotate.key = {th_text_of("r+1+k"), live->next_position, {NULL, 0}}});
    struct th_log_key_body key = {th_text_of("r2+1+k"), live->next_position, {NULL, 0}};
    act((struct th_event){.kind = TH_EVENT_RECOVER,
                          .body.recover = {.keys = &key, .keys_count = 1}});
    struct th_leaf leaf = world_leaf(live, position);
    leaf.kind = TH_ENTRY_READMITTED;
    struct th_judgement judgement = leaf.judgements[0];
    judgement.report_digest.bytes[0] = 9;
    judgement.revision = 2;
    judgement.has_received = true;
    judgement.received.ms = live->now.wall.ms - 5;
    leaf.judgements = &judgement;
    struct sent_report sent = A_REPORT(.unit = U_A1, .revision = 2, .digest = 9);
    struct th_event again = world_submission(live, &sent, 1);
    const struct th_event_submission submission = again.body.submission;
    again.kind = TH_EVENT_READMISSION;
    again.body.readmission = (struct th_event_readmission){
        .submission = submission.submission, .peer_unit = submission.peer_unit, .leaf = &leaf};
    cr_assert_eq(world_step(live, again), 0);
    cr_assert_eq(ENTRY_AT(live->next_position - 1).entry.kind, TH_ENTRY_READMITTED);
    act((struct th_event){.kind = TH_EVENT_END_RECOVERY});
    fold_all();
}

Test(core_fold, a_rehearsal_is_folded)
{
    world_deinit(live);
    world_init(live, TH_MODE_REHEARSAL);
    act((struct th_event){.kind = TH_EVENT_CLOCK_SET,
                          .body.clock = {.to = {live->half_due.ms + 5}, .operator= {"o", 1}}});
    cr_assert_eq(live->closings_count, 7);
    fold_all();
    cr_assert(copy->clock.rehearsed);
}

Test(core_fold, a_folded_core_goes_on_like_one_that_was_loaded)
{
    send((struct sent_report)A_REPORT(.unit = U_A1));
    fold_all();
    copy->now = live->now;
    world_pass(copy, 1000);
    copy->now.boottime_ms += 10 * TH_DAY_MS; /* another boot */
    struct sent_report sent = A_REPORT(.unit = U_A1, .revision = 2, .digest = 2);
    cr_assert_eq(world_send(copy, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(copy->clock.time.ms, copy->now.wall.ms);
    cr_assert_eq(copy->clock.status, TH_CLOCK_STEADY);
}

Test(core_fold, verdicts_and_timeliness_are_the_entrys_and_rules_are_not_asked)
{
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    fold_until(position);
    struct world_entry other = ENTRY_AT(position);
    struct th_judgement judgement = other.entry.decision.judgements[0];
    judgement.timeliness = TH_TIMELINESS_LATE;
    judgement.due.ms++;
    other.entry.decision.judgements = &judgement;
    struct th_submission submission = *other.content.body.submission.submission;
    struct th_report report = submission.reports[0];
    int64_t values[] = {9, 1, 1}; /* breaks R1 */
    report.values.values = values;
    submission.reports = &report;
    other.content.body.submission.submission = &submission;
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), 0);
    const struct th_row *row = &world_row(copy, OB_HALF, U_A1, 0)->row;
    cr_assert_eq(row->timeliness, TH_TIMELINESS_LATE);
    cr_assert_eq(row->due.ms, live->half_due.ms + 1);
}

/* ---- what no core decides ---- */

Test(core_fold, an_entry_of_another_place_time_or_clock_is_corrupt)
{
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    fold_until(position);
    struct world_entry other = ENTRY_AT(position);
    other.entry.position++;
    REFUSED(&other);
    other = ENTRY_AT(position);
    other.entry.time.ms--;
    REFUSED(&other);
    other = ENTRY_AT(position);
    other.entry.clock = TH_CLOCK_SUSPECT;
    REFUSED(&other);
    other = ENTRY_AT(position);
    other.entry.kind = (enum th_entry_kind)99;
    REFUSED(&other);
    other = ENTRY_AT(position);
    other.content.kind = TH_EVENT_PLAN;
    REFUSED(&other);
    other = ENTRY_AT(position);
    cr_assert_eq(world_fold_entry(copy, &other.entry, NULL), TH_E_CORRUPT);
    fold_until(position);
    cr_assert_eq(fold_other(&ENTRY_AT(position)), 0);
}

Test(core_fold, a_store_is_founded_once_and_first)
{
    fold_until(0);
    REFUSED(&ENTRY_AT(1));
    struct world_entry other = ENTRY_AT(0);
    other.content.body.found.mode = (enum th_mode)7;
    REFUSED(&other);
    char wide[TH_LIMIT_REALM_SIZE_MAX + 1];
    memset(wide, 'w', sizeof wide);
    other = ENTRY_AT(0);
    other.content.body.found.realm = (struct th_text){wide, sizeof wide};
    REFUSED(&other);
    fold_until(1);
    other = ENTRY_AT(0);
    REFUSED(&other);
    other.entry.position = 1;
    REFUSED(&other);
}

/* An entry at the end of another's journal. */
static struct world_entry next_of(const struct world_entry *from)
{
    struct world_entry other = *from;
    other.entry.position = live->next_position;
    other.entry.time = live->clock.time;
    return other;
}

Test(core_fold, units_plans_and_keys_come_once)
{
    fold_until(live->next_position);
    struct world_entry other = next_of(&ENTRY_AT(1));
    REFUSED(&other);
    struct th_unit unit = live->units[U_A1];
    unit.name = "another name";
    other.content.body.units.units = &unit;
    other.content.body.units.count = 1;
    REFUSED(&other);
    unit.code = "c9";
    unit.parent_code = "nowhere";
    REFUSED(&other);
    other = next_of(&ENTRY_AT(2));
    REFUSED(&other);
    struct th_plan plan = live->plan;
    plan.id = "q";
    plan.territory = "99";
    other.content.body.plan.plan = &plan;
    REFUSED(&other);
    other = next_of(&ENTRY_AT(3));
    cr_assert_eq(other.entry.kind, TH_ENTRY_ENROLLED);
    REFUSED(&other);
    other.content.body.enrol.sign_key.bytes[5]++;
    other.content.body.enrol.unit = th_text_of("nobody");
    REFUSED(&other);
    other.content.body.enrol.unit = th_text_of("a1");
    cr_assert_eq(fold_other(&other), 0);
}

Test(core_fold, a_revocation_is_of_a_key_that_is_there)
{
    struct world_entry other = next_of(&ENTRY_AT(3));
    other.entry.kind = TH_ENTRY_REVOKED;
    other.content.kind = TH_EVENT_REVOKE;
    other.content.body.revoke = (struct th_revocation){
        .unit = th_text_of("a1"), .sign_key = world_key(99), .effective = other.entry.time};
    fold_until(live->next_position);
    REFUSED(&other);
    other.content.body.revoke.sign_key = world_key(U_A2);
    REFUSED(&other);
    other.content.body.revoke.sign_key = world_key(U_A1);
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), 0);
    other.entry.position++;
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), TH_E_CORRUPT, "twice");
}

Test(core_fold, what_a_revoked_key_signed_is_corrupt)
{
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    fold_until(position);
    struct world_entry other = ENTRY_AT(position);
    other.entry.kind = TH_ENTRY_REVOKED;
    other.content.kind = TH_EVENT_REVOKE;
    other.content.body.revoke = (struct th_revocation){.unit = th_text_of("a1"),
                                                       .sign_key = world_key(U_A1),
                                                       .effective = {other.entry.time.ms + 1}};
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), 0);
    other = ENTRY_AT(position);
    other.entry.position++;
    other.entry.time.ms++;
    struct th_judgement judgement = other.entry.decision.judgements[0];
    judgement.first_received = other.entry.time;
    other.entry.decision.judgements = &judgement;
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), TH_E_CORRUPT);
    other.entry.time.ms--;
    judgement.first_received = other.entry.time;
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), 0, "a moment before");
}

/* Changes one thing in a submission's entry and its decision. */
struct tampered {
    struct world_entry entry;
    struct th_submission submission;
    struct th_report report;
    struct th_digest digest;
    struct th_judgement judgement;
};

static struct tampered *tamper(uint64_t position)
{
    static struct tampered all;
    all.entry = ENTRY_AT(position);
    all.submission = *ENTRY_AT(position).content.body.submission.submission;
    all.report = all.submission.reports[0];
    all.digest = all.submission.header.report_digests[0];
    all.judgement = all.entry.entry.decision.judgements[0];
    all.submission.reports = &all.report;
    all.submission.header.report_digests = &all.digest;
    all.entry.content.body.submission.submission = &all.submission;
    all.entry.entry.decision.judgements = &all.judgement;
    return &all;
}

Test(core_fold, a_decision_that_does_not_fit_its_submission_is_corrupt)
{
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    fold_until(position);
    struct tampered *other = tamper(position);
    cr_assert_eq(fold_other(&other->entry), 0, "nothing is changed yet");
#define CHANGED(change)                                                                            \
    other = tamper(position);                                                                      \
    change;                                                                                        \
    cr_assert_eq(fold_other(&other->entry), TH_E_CORRUPT, "%s", #change)
    CHANGED(other->entry.entry.decision.judgements_count = 0);
    CHANGED(other->submission.header.reports_count = 0);
    CHANGED(other->entry.entry.has_header_digest = false);
    CHANGED(other->entry.entry.header_digest.bytes[0]++);
    CHANGED(other->entry.entry.unit = th_text_of("a2"));
    CHANGED(other->submission.header.unit = th_text_of("a2"));
    CHANGED(other->submission.header.mode = TH_MODE_REHEARSAL);
    CHANGED(other->submission.header.realm = th_text_of("s"));
    CHANGED(other->submission.header.key.bytes[3]++);
    CHANGED(other->submission.header.key = world_key(U_A2));
    CHANGED(other->digest.bytes[0]++);
    CHANGED(other->judgement.report_digest.bytes[0]++);
    CHANGED(other->judgement.obligation = th_text_of("year"));
    CHANGED(other->judgement.number = 1);
    CHANGED(other->judgement.revision = 2);
    CHANGED(other->judgement.verdict = TH_VERDICT_DUPLICATE);
    CHANGED(other->judgement.verdict = (enum th_verdict)9);
    CHANGED(other->judgement.accepted = false);
    CHANGED(other->judgement.has_received = true);
    CHANGED(other->judgement.first_received.ms++);
    CHANGED(other->judgement.timeliness = (enum th_timeliness)0);
    CHANGED(other->judgement.has_due = false;
            other->judgement.timeliness = TH_TIMELINESS_UNDECIDED);
    CHANGED(other->report.unit = th_text_of("a2"));
    CHANGED(other->report.plan = th_text_of("q"));
    CHANGED(other->report.obligation = other->judgement.obligation = th_text_of("nothing"));
    CHANGED(other->report.number = other->judgement.number = 1); /* is not open-ended */
    CHANGED(other->report.revision = other->judgement.revision = 2);
}

Test(core_fold, figures_that_no_checked_report_has_are_corrupt)
{
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    fold_until(position);
    static const uint16_t falling[] = {IND_B, IND_A}, zero[] = {0}, unknown[] = {IND_TEXT + 1},
                          wide[] = {2000}, class_[] = {IND_CLASS}, text_[] = {IND_TEXT};
    static const int64_t values[] = {7, 7};
    static const struct th_narrative narratives[] = {{IND_TEXT, {"a", 1}}, {IND_TEXT, {"b", 1}}};
    struct tampered *other;
    CHANGED(other->report.values = ((struct th_values){falling, values, 2}));
    CHANGED(other->report.values = ((struct th_values){zero, values, 1}));
    CHANGED(other->report.values = ((struct th_values){unknown, values, 1}));
    CHANGED(other->report.values = ((struct th_values){wide, values, 1}));
    CHANGED(other->report.values = ((struct th_values){class_, values, 1}));
    CHANGED(other->report.values = ((struct th_values){text_, values, 1});
            other->report.narratives = narratives; other->report.narratives_count = 1);
    CHANGED(other->report.narratives = narratives; other->report.narratives_count = 2);
    CHANGED(other->report.estimated = unknown; other->report.estimated_count = 1);
}

Test(core_fold, a_revision_that_skips_or_comes_again_is_corrupt)
{
    uint64_t first = send((struct sent_report)A_REPORT(.unit = U_A1));
    uint64_t second = send((struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    fold_until(second);
    struct world_entry other = ENTRY_AT(first);
    other.entry.position = second;
    REFUSED(&other);
    fold_until(first);
    other = ENTRY_AT(second);
    other.entry.position = first;
    REFUSED(&other);
    fold_until(second);
    struct tampered *changed = tamper(second);
    changed->judgement.first_received.ms--;
    REFUSED(&changed->entry);
    changed = tamper(second);
    changed->judgement.timeliness = TH_TIMELINESS_LATE;
    REFUSED(&changed->entry);
    cr_assert_eq(fold_other(&ENTRY_AT(second)), 0);
}

Test(core_fold, a_timer_that_does_not_fire_is_corrupt)
{
    world_tick_at(live, (th_instant){live->half_due.ms - 1});
    world_tick_at(live, live->half_due);
    uint64_t closing = live->next_position - 1, reminder = closing - 1;
    cr_assert_eq(ENTRY_AT(reminder).entry.kind, TH_ENTRY_REMINDER);
    fold_until(reminder);
    struct world_entry other = ENTRY_AT(reminder);
    other.entry.body.reminding.plan = th_text_of("q");
    REFUSED(&other);
    other = ENTRY_AT(reminder);
    other.entry.body.reminding.obligation = th_text_of("adhoc");
    REFUSED(&other);
    other = ENTRY_AT(reminder);
    other.entry.body.reminding.instant.ms = other.entry.time.ms + 1;
    REFUSED(&other);
    other = ENTRY_AT(closing);
    other.entry.position = reminder;
    other.entry.time.ms--;
    REFUSED(&other);
    fold_until(closing);
    other = ENTRY_AT(reminder);
    other.entry.position = closing;
    REFUSED(&other);
    other = ENTRY_AT(closing);
    other.entry.body.closing.received++;
    REFUSED(&other);
    other = ENTRY_AT(closing);
    other.entry.body.closing.instant.ms--;
    REFUSED(&other);
    fold_until(closing + 1);
    other = ENTRY_AT(closing);
    other.entry.position++;
    REFUSED(&other);
}

Test(core_fold, a_clock_that_cannot_change_so_is_corrupt)
{
    live->now.wall.ms += TH_DAY_MS;
    world_tick_at(live, live->now.wall);
    live->now.wall.ms -= TH_DAY_MS;
    world_tick_at(live, live->now.wall);
    uint64_t settled = live->next_position - 1, doubted = settled - 1;
    fold_until(doubted);
    struct world_entry other = ENTRY_AT(settled);
    other.entry.position = doubted;
    REFUSED(&other);
    other = ENTRY_AT(doubted);
    other.entry.clock = TH_CLOCK_STEADY;
    REFUSED(&other);
    other = ENTRY_AT(doubted);
    other.entry.body.clock_change.kind = TH_CLOCK_REHEARSED;
    REFUSED(&other);
    other = ENTRY_AT(doubted);
    other.entry.body.clock_change.kind = (enum th_clock_change_kind)0;
    REFUSED(&other);
    fold_until(settled);
    other = ENTRY_AT(doubted);
    other.entry.position = settled;
    REFUSED(&other);
    cr_assert_eq(fold_other(&ENTRY_AT(settled)), 0);
}

Test(core_fold, keys_of_the_log_and_recoveries_follow_each_other)
{
    struct world_entry other = next_of(&ENTRY_AT(3));
    const uint64_t position = live->next_position;
    fold_until(position);
    other.entry.kind = TH_ENTRY_ROTATED;
    other.content.kind = TH_EVENT_ROTATE;
    other.content.body.rotate =
        (struct th_rotation){.key = {th_text_of("r+1+k"), position, {NULL, 0}}};
    cr_assert_eq(fold_other(&other), 0);
    other.content.body.rotate.key.after++;
    REFUSED(&other);
    struct th_log_key_body key = {th_text_of("r+1+k"), position, {NULL, 0}};
    other.entry.kind = TH_ENTRY_RECOVERED;
    other.content.kind = TH_EVENT_RECOVER;
    other.content.body.recover = (struct th_recovery){.keys = &key, .keys_count = 1};
    REFUSED(&other);
    key.vkey = th_text_of("r2+1+k");
    cr_assert_eq(fold_other(&other), 0);
    other.entry.kind = TH_ENTRY_RECOVERY_ENDED;
    other.content.kind = TH_EVENT_END_RECOVERY;
    REFUSED(&other);
}

Test(core_fold, no_timer_fires_in_a_recovery)
{
    world_tick_at(live, live->half_due);
    uint64_t closing = live->next_position - 1;
    fold_until(closing);
    struct th_log_key_body key = {th_text_of("r2+1+k"), closing, {NULL, 0}};
    struct world_entry other = ENTRY_AT(closing);
    other.entry.kind = TH_ENTRY_RECOVERED;
    other.content.kind = TH_EVENT_RECOVER;
    other.content.body.recover = (struct th_recovery){.keys = &key, .keys_count = 1};
    cr_assert_eq(world_fold_entry(copy, &other.entry, &other.content), 0);
    other = ENTRY_AT(closing);
    other.entry.position++;
    cr_assert_eq(world_fold_entry(copy, &other.entry, NULL), TH_E_CORRUPT);
}

Test(core_fold, what_no_memory_stops_leaks_nothing)
{
    send((struct sent_report)A_REPORT(.unit = U_A1));
    send((struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    world_tick_at(live, (th_instant){live->half_due.ms + 1}); /* a closing makes rollups */
    for (uint64_t at = 1; at < live->next_position; at++) {
        int status = TH_E_NO_MEMORY;
        for (unsigned nth = 1; status == TH_E_NO_MEMORY; nth++) {
            fold_until(at);
            copy->core->heap.refuse_at = nth;
            world_reset_batch(copy);
            status = th_core_fold(copy->core, &ENTRY_AT(at).entry, &ENTRY_AT(at).content,
                                  &copy->effects);
            copy->core->heap.refuse_at = 0;
        }
        cr_assert_eq(status, 0);
    }
}
