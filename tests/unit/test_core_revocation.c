/* SPDX-License-Identifier: Apache-2.0 */
/* A key is revoked from an instant on: before it what it signs counts, at it and after it not. */
#include "tests/support/world.h"

#include <criterion/criterion.h>

static struct world world;

static void start(void)
{
    world_init(&world, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_revocation, .init = start, .fini = stop);

static int revoke(uint32_t unit, int64_t effective_ms)
{
    struct th_event event = {.kind = TH_EVENT_REVOKE,
                             .body.revoke = {.unit = {"a1", 2},
                                             .sign_key = world_key(unit),
                                             .operator= {"o", 1},
                                             .effective = {effective_ms}}};
    world_reset_batch(&world);
    cr_assert_eq(world_step(&world, event), 0);
    return world_answer(&world)->body.answer.status;
}

static enum th_verdict send(uint32_t revision)
{
    struct sent_report sent = A_REPORT(.unit = U_A1, .revision = revision);
    return world_send(&world, &sent, 1)->kind;
}

static const struct th_key_row *key(void)
{
    return &world.keys[U_A1];
}

Test(core_revocation, without_an_instant_it_is_from_the_entry_on)
{
    cr_assert_eq(revoke(U_A1, 0), 0);
    const struct th_entry *entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->kind, TH_ENTRY_REVOKED);
    cr_assert_eq(entry->body.revocation.effective.ms, world.now.wall.ms);
    cr_assert(key()->revoked);
    cr_assert_eq(key()->revoked_from.ms, world.now.wall.ms);
    cr_assert_eq(key()->revoked_at, entry->position);
    const struct sent_report sent = A_REPORT(.unit = U_A1);
    const struct th_report_verdict *verdict = world_send(&world, &sent, 1);
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert(world_has_reason(verdict, "key"));
}

Test(core_revocation, an_instant_that_is_to_come_leaves_the_key_in_force_until_then)
{
    th_instant from = {world.now.wall.ms + 1000};
    cr_assert_eq(revoke(U_A1, from.ms), 0);
    cr_assert_eq(send(1), TH_VERDICT_ACCEPTED);
    world_pass(&world, 999);
    cr_assert_eq(send(2), TH_VERDICT_ACCEPTED);
    world_pass(&world, 1);
    cr_assert_eq(send(3), TH_VERDICT_REJECTED);
}

Test(core_revocation, an_instant_that_has_passed_is_kept_and_undoes_nothing)
{
    cr_assert_eq(send(1), TH_VERDICT_ACCEPTED);
    int64_t past_ms = world.now.wall.ms - TH_DAY_MS;
    cr_assert_eq(revoke(U_A1, past_ms), 0);
    cr_assert_eq(key()->revoked_from.ms, past_ms);
    cr_assert_eq(send(2), TH_VERDICT_REJECTED);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.revision, 1);
}

Test(core_revocation, what_is_to_come_may_be_brought_forward_and_not_put_off)
{
    int64_t now_ms = world.now.wall.ms;
    cr_assert_eq(revoke(U_A1, now_ms + 5000), 0);
    cr_assert_eq(revoke(U_A1, now_ms + 5000), TH_E_EXISTS);
    cr_assert_eq(revoke(U_A1, now_ms + 6000), TH_E_EXISTS);
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 0);
    cr_assert_eq(revoke(U_A1, now_ms + 2000), 0);
    cr_assert_eq(key()->revoked_from.ms, now_ms + 2000);
    cr_assert_eq(revoke(U_A1, 0), 0);
    cr_assert_eq(key()->revoked_from.ms, now_ms);
}

Test(core_revocation, what_is_in_force_is_not_found_again)
{
    cr_assert_eq(revoke(U_A1, 0), 0);
    cr_assert_eq(revoke(U_A1, 0), TH_E_NOT_FOUND);
    cr_assert_eq(revoke(U_A1, world.now.wall.ms - 1), TH_E_NOT_FOUND);
    cr_assert_eq(revoke(U_A2, 0), TH_E_NOT_FOUND, "of another unit");
    cr_assert_eq(revoke(99, 0), TH_E_NOT_FOUND, "unknown");
}

Test(core_revocation, a_reload_keeps_the_instant)
{
    cr_assert_eq(revoke(U_A1, world.now.wall.ms + 1000), 0);
    world_reload(&world);
    cr_assert_eq(send(1), TH_VERDICT_ACCEPTED);
    world_pass(&world, 1000);
    cr_assert_eq(send(2), TH_VERDICT_REJECTED);
}

Test(core_revocation, a_key_without_a_revocation_is_in_force_at_any_time)
{
    struct th_key_row row = {.revoked_from = {5}};
    cr_assert(th_key_is_in_force(&row, (th_instant){INT64_MAX}));
    row.revoked = true;
    cr_assert(th_key_is_in_force(&row, (th_instant){4}));
    cr_assert_not(th_key_is_in_force(&row, (th_instant){5}));
    cr_assert_not(th_key_is_in_force(&row, (th_instant){6}));
}
