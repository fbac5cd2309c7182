/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the log, and a store that was put back. */
#include "aggregator/core/state.h"
#include "proto/tlog/log_keys.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(TH_CORE_LOG_KEYS_MAX == TH_LOG_KEYS_MAX, "the history of keys is as long");

static struct world *world;

static void start(void)
{
    world = calloc(1, sizeof *world);
    world_init(world, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(world);
    free(world);
}

TestSuite(core_recovery, .init = start, .fini = stop);

static int rotate(struct world *to, const char *vkey, uint64_t after)
{
    const struct th_log_key_body key = {th_text_of(vkey), after, {NULL, 0}};
    return world_answer_to(to, (struct th_event){.kind = TH_EVENT_ROTATE,
                                           .body.rotate = {.key = key, .operator= {"o", 1}}});
}

static int recover(struct world *to, const struct th_log_key_body *keys, size_t count)
{
    return world_answer_to(to, (struct th_event){.kind = TH_EVENT_RECOVER,
                                           .body.recover = {.keys = keys,
                                                            .keys_count = count,
                                                            .operator= {"o", 1}}});
}

static void send(struct sent_report sent)
{
    cr_assert_eq(world_send(world, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
}

/* ---- rotation ---- */

Test(core_recovery, a_rotation_is_an_entry_of_the_same_origin_at_its_own_position)
{
    uint64_t position = world->next_position;
    cr_assert_eq(rotate(world, "r+0+k", position), 0);
    const struct th_effect *key = world_effect(world, TH_EFFECT_PUT_LOG_KEY, 0);
    cr_assert_eq(world->journal[position].entry.kind, TH_ENTRY_ROTATED);
    cr_assert_eq(key->body.log_key.number, 1);
    cr_assert_eq(key->body.log_key.key.after, position);
    cr_assert_eq(world_answer(world)->body.answer.position, position);
    cr_assert_eq(rotate(world, "r+1+k", position + 1), 0);
    cr_assert_eq(world_effect(world, TH_EFFECT_PUT_LOG_KEY, 0)->body.log_key.number, 2);
}

Test(core_recovery, a_rotation_of_another_origin_or_place_is_refused)
{
    uint64_t position = world->next_position;
    cr_assert_eq(rotate(world, "r2+0+k", position), TH_E_INVALID);
    cr_assert_eq(rotate(world, "r", position), TH_E_INVALID);
    cr_assert_eq(rotate(world, "+0+k", position), TH_E_INVALID);
    cr_assert_eq(rotate(world, "", position), TH_E_INVALID);
    cr_assert_eq(rotate(world, "r+0+k", position - 1), TH_E_INVALID);
    cr_assert_eq(rotate(world, "r+0+k", position + 1), TH_E_INVALID);
    cr_assert_eq(world->next_position, position);
    world->log_keys_count = TH_LOG_KEYS_MAX;
    world_reload(world);
    cr_assert_eq(rotate(world, "r+0+k", position), TH_E_LIMIT);
}

Test(core_recovery, nothing_comes_before_the_entry_of_a_key)
{
    /* A doubtful clock and a timer that is due would each have an entry of their own. */
    world_pass(world, world->half_due.ms - world->now.wall.ms);
    world->now.wall.ms += TH_DAY_MS;
    uint64_t position = world->next_position;
    cr_assert_eq(rotate(world, "r+0+k", position), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 1);
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 1);
    world_tick_at(world, world->now.wall);
    cr_assert_eq(world->journal[position + 2].entry.kind, TH_ENTRY_CLOCK);
}

/* ---- recovery ---- */

Test(core_recovery, a_recovery_opens_under_a_new_origin_and_knows_the_old_one)
{
    uint64_t position = world->next_position;
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
    cr_assert_eq(world->journal[position].entry.kind, TH_ENTRY_RECOVERED);
    cr_assert(th_core_recovery(world->core)->is_open);
    cr_assert_eq(th_core_recovery(world->core)->began_at, position);
    cr_assert_eq(world->log_keys_count, 2);
    for (int i = 0; i < 2; i++) {
        struct sent_report sent = A_REPORT(.unit = U_A1 + (uint32_t)i);
        struct th_event event = world_submission(world, &sent, 1);
        struct th_submission old = *event.body.submission.submission;
        old.header.realm = th_text_of("r");
        event.body.submission.submission = &old;
        cr_assert_eq(world_step(world, event), 0);
        cr_assert_eq(world_answer(world)->body.answer.verdicts[0].kind, TH_VERDICT_ACCEPTED);
        send((struct sent_report)A_REPORT(.unit = U_B1 + (uint32_t)i));
        old.header.realm = th_text_of("r3");
        cr_assert_eq(world_step(world, event), 0);
        cr_assert(world_has_reason(world_answer(world)->body.answer.verdicts, "realm"));
        world_reload(world); /* the tables know as much */
    }
}

Test(core_recovery, world_rotations_come_with_it)
{
    uint64_t position = world->next_position;
    struct th_log_key_body keys[] = {{th_text_of("r+1+k"), position + 3, {NULL, 0}},
                                     {th_text_of("r+2+k"), position + 7, {NULL, 0}},
                                     {th_text_of("r2+3+k"), position, {NULL, 0}}};
    cr_assert_eq(recover(world, keys, 3), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_PUT_LOG_KEY), 3);
    cr_assert_eq(world_effect(world, TH_EFFECT_PUT_LOG_KEY, 2)->body.log_key.number, 3);
    cr_assert_eq(rotate(world, "r2+4+k", position + 1), 0);
    cr_assert_eq(world_effect(world, TH_EFFECT_PUT_LOG_KEY, 0)->body.log_key.number, 4);
}

Test(core_recovery, keys_that_do_not_fit_are_refused)
{
    uint64_t position = world->next_position;
    struct th_log_key_body keys[TH_RECOVERY_KEYS_MAX + 1];
    for (size_t i = 0; i <= TH_RECOVERY_KEYS_MAX; i++)
        keys[i] = (struct th_log_key_body){th_text_of("r2+0+k"), position, {NULL, 0}};
    cr_assert_eq(recover(world, keys, 0), TH_E_INVALID);
    cr_assert_eq(recover(world, keys, 2), TH_E_INVALID, "the new origin twice");
    for (size_t i = 0; i < TH_RECOVERY_KEYS_MAX; i++)
        keys[i].vkey = th_text_of("r+0+k");
    cr_assert_eq(recover(world, keys, TH_RECOVERY_KEYS_MAX + 1), TH_E_INVALID);
    cr_assert_eq(recover(world, keys, 1), TH_E_INVALID, "the old origin");
    char wide[TH_LIMIT_REALM_SIZE_MAX + 8];
    memset(wide, 'w', sizeof wide);
    wide[TH_LIMIT_REALM_SIZE_MAX + 1] = '+';
    keys[0].vkey = (struct th_text){wide, sizeof wide};
    cr_assert_eq(recover(world, keys, 1), TH_E_INVALID, "an origin that is too long");
    keys[0].vkey = (struct th_text){wide + 1, sizeof wide - 1};
    keys[0].after = position + 1;
    cr_assert_eq(recover(world, keys, 1), TH_E_INVALID, "another place");
    keys[0].after = position;
    cr_assert_eq(recover(world, keys, 1), 0);
    cr_assert_eq(world->next_position, position + 1);
    world->log_keys_count = TH_LOG_KEYS_MAX;
    world_reload(world);
    cr_assert_eq(world_recover(world, "r3+0+k"), TH_E_LIMIT);
}

Test(core_recovery, the_origin_says_whether_it_is_a_rehearsal)
{
    cr_assert_eq(world_recover(world, "r2/rehearsal+0+k"), TH_E_INVALID);
    world_deinit(world);
    world_init(world, TH_MODE_REHEARSAL);
    cr_assert_eq(world_recover(world, "r2+0+k"), TH_E_INVALID);
    cr_assert_eq(world_recover(world, "/rehearsal2+0+k"), TH_E_INVALID);
    cr_assert_eq(world_recover(world, "r2/rehearsal+0+k"), 0);
}

Test(core_recovery, another_one_may_come_while_one_is_open_and_no_origin_comes_back)
{
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
    cr_assert_eq(world_recover(world, "r+9+k"), TH_E_INVALID);
    uint64_t position = world->next_position;
    cr_assert_eq(world_recover(world, "r3+0+k"), 0);
    cr_assert(th_core_recovery(world->core)->is_open);
    cr_assert_eq(th_core_recovery(world->core)->began_at, position);
    cr_assert_eq(world_recover(world, "r2+9+k"), TH_E_INVALID);
}

Test(core_recovery, timers_wait_until_it_ends)
{
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
    th_instant next;
    cr_assert_not(th_core_next_due(world->core, &next));
    world_tick_at(world, (th_instant){world->half_due.ms + TH_DAY_MS});
    cr_assert_eq(world->effects.count, 0);
    uint64_t position = world->next_position;
    world_reload(world); /* its books are needed for the closing */
    cr_assert_eq(world_end_recovery(world), 0);
    cr_assert_eq(world->journal[position].entry.kind, TH_ENTRY_RECOVERY_ENDED);
    cr_assert_eq(world->journal[position + 1].entry.kind, TH_ENTRY_CLOSING);
    cr_assert_eq(world->journal[position + 1].entry.body.closing.instant.ms, world->half_due.ms);
    cr_assert_eq(world_answer(world)->body.answer.position, position);
    cr_assert_not(th_core_recovery(world->core)->is_open);
    cr_assert_eq(th_core_recovery(world->core)->began_at, position - 1);
    cr_assert(th_core_next_due(world->core, &next));
    cr_assert_eq(next.ms, world->year_due.ms);
}

Test(core_recovery, what_is_not_open_does_not_end)
{
    cr_assert_eq(world_end_recovery(world), TH_E_INVALID);
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
    cr_assert_eq(world_end_recovery(world), 0);
    cr_assert_eq(world_end_recovery(world), TH_E_INVALID);
}

Test(core_recovery, a_suspect_clock_and_a_recovery_each_hold_the_timers)
{
    cr_assert_eq(world_recover(world, "r2+0+k"), 0);
    world_tick_at(world, (th_instant){world->half_due.ms + TH_DAY_MS});
    world->now.wall.ms += TH_DAY_MS;
    world_tick_at(world, world->now.wall);
    cr_assert_eq(th_core_clock_status(world->core), TH_CLOCK_SUSPECT);
    cr_assert_eq(world_answer_to(world, (struct th_event){.kind = TH_EVENT_CLOCK_ACCEPT}), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_PUT_CLOSING), 0, "the recovery");
    world->now.wall.ms += TH_DAY_MS;
    world_tick_at(world, world->now.wall);
    cr_assert_eq(world_end_recovery(world), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_PUT_CLOSING), 0, "the clock");
    cr_assert_eq(world_answer_to(world, (struct th_event){.kind = TH_EVENT_CLOCK_ACCEPT}), 0);
    cr_assert_gt(world_count(world, TH_EFFECT_PUT_CLOSING), 0);
}

Test(core_recovery, a_rehearsal_walks_through_what_waited)
{
    world_deinit(world);
    world_init(world, TH_MODE_REHEARSAL);
    cr_assert_eq(world_recover(world, "r2/rehearsal+0+k"), 0);
    struct th_event set = {.kind = TH_EVENT_CLOCK_SET, .body.clock.to = world->half_due};
    cr_assert_eq(world_answer_to(world, set), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 1);
    cr_assert_eq(world_end_recovery(world), 0);
    cr_assert_eq(world_count(world, TH_EFFECT_APPEND), 4, "the end, two reminders, the closing");
}
