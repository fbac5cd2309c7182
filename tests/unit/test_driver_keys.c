/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a log, of units, and what several recoveries lost. */
#include "proto/tlog/proof.h"
#include "proto/wire/journal.h"
#include "tests/support/recovery_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct th_recovery_case made;

static void set_up(void)
{
    th_recovery_case_make(&made);
}

static void tear_down(void)
{
    th_recovery_case_remove(&made);
}

TestSuite(driver_keys, .init = set_up, .fini = tear_down);

/* ---- welcome and hello ---- */

Test(driver_keys, a_welcome_names_the_keys_and_what_was_lost)
{
    th_recovery_case_say_hello(&made, (struct th_bytes){NULL, 0});
    cr_assert_eq(made.answer.body.welcome.log_keys_count, 0);
    cr_assert_eq(made.answer.body.welcome.lost_count, 0);
    th_recovery_case_keep_copy(&made);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    th_recovery_case_say_hello(&made, (struct th_bytes){NULL, 0});
    const struct th_welcome *welcome = &made.answer.body.welcome;
    cr_assert_eq(welcome->realm.size, strlen(TH_RECOVERY_CASE_REALM));
    cr_assert_eq(memcmp(welcome->realm.bytes, TH_RECOVERY_CASE_REALM, welcome->realm.size), 0);
    cr_assert_eq(welcome->log_keys_count, 1);
    cr_assert_eq(welcome->log_keys[0].after, 4);
    cr_assert_eq(welcome->lost_count, 1);
    cr_assert_eq(welcome->lost[0].from, 4);
    cr_assert_eq(
        memcmp(welcome->lost[0].realm.bytes, TH_PROVINCE_REALM, welcome->lost[0].realm.size), 0);
    struct th_log_keys keys;
    th_log_keys_begin(&made.first.vkey, &keys);
    cr_assert_eq(th_log_keys_succeed(&keys, (const char *)welcome->log_keys[0].succession.bytes,
                                     welcome->log_keys[0].succession.size),
                 0);
    cr_assert_eq(memcmp(&th_log_keys_current(&keys)->vkey, &made.next.vkey, sizeof made.next.vkey),
                 0);
}

Test(driver_keys, a_receipt_of_what_was_lost_is_no_contradiction)
{
    struct th_kept old = th_recovery_case_submit(&made, (struct th_paper){.figure = 4});
    th_recovery_case_keep_copy(&made);
    struct th_kept lost =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 5, .revision = 2});
    th_recovery_case_go_back(&made);
    th_recovery_case_say_hello(&made, lost.receipt);
    th_recovery_case_say_hello(&made, old.receipt);
    cr_assert_null(th_driver_contradiction(made.driver));
}

/* A receipt that says this size of the first log, with a root that no tree of ours has. */
static struct th_bytes forge(uint64_t size)
{
    static char note[TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX];
    static char text[TH_PROOF_TEXT_MAX];
    static struct th_tlog_proof proof;
    struct th_checkpoint checkpoint = {.size = size};
    size_t length = 0;
    strcpy(checkpoint.origin, TH_PROVINCE_REALM);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &length), 0);
    cr_assert_eq(th_tlog_note_sign(note, length, &made.first, sizeof note, note, &length), 0);
    proof = (struct th_tlog_proof){.checkpoint = note, .checkpoint_size = length};
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &length), 0);
    return (struct th_bytes){(const uint8_t *)text, length};
}

Test(driver_keys, another_tree_of_an_earlier_log_is_a_contradiction_up_to_where_it_ended)
{
    th_recovery_case_keep_copy(&made);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    th_recovery_case_say_hello(&made, forge(5));
    cr_assert_null(th_driver_contradiction(made.driver), "it is of what was lost");
    th_recovery_case_copy_file(&made, "CHECKPOINT", "before");
    th_recovery_case_say_hello(&made, forge(4));
    cr_assert_not_null(th_driver_contradiction(made.driver));
    char command[300];
    (void)snprintf(command, sizeof command, "cmp -s %s/CHECKPOINT %s/before", made.folder,
                   made.folder);
    cr_assert_eq(system(command), 0, "the file knows the log as it is now");
    th_recovery_case_close(&made);
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0, "it is told again, not kept");
}

/* ---- rotation ---- */

static int rotate(const struct th_note_signer *before)
{
    const struct th_rotation rotation = {.key = th_recovery_case_name_next(&made, before),
                                         .operator= th_recovery_case_tester };
    struct th_act what = {.kind = TH_ACT_ROTATE};
    cr_assert_eq(th_wire_rotation_encode(&rotation, &made.arena, &what.content), 0);
    return th_recovery_case_act(&made, what);
}

Test(driver_keys, after_a_rotation_the_next_key_signs_and_old_receipts_hold)
{
    struct th_kept old = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_tlog_signer_deinit(&made.next);
    th_recovery_case_signer(TH_PROVINCE_REALM, 3, &made.next);
    cr_assert_eq(rotate(&made.first), TH_E_INVALID, "who has not the key cannot make it sign");
    th_recovery_case_close(&made);
    made.signer = &made.next;
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    cr_assert_eq(rotate(&made.first), 0);
    cr_assert(made.result.has_position);
    th_recovery_case_close(&made);
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    struct th_kept new =
        th_recovery_case_submit(&made, (struct th_paper){.figure = 6, .revision = 2});
    struct th_receipt receipt;
    const struct th_log_keys *keys = th_store_log_keys(made.store);
    cr_assert_eq(th_receipt_open(old.receipt, keys, &made.arena, &receipt), 0);
    cr_assert_eq(receipt.key, &keys->items[0]);
    cr_assert_eq(th_receipt_open(new.receipt, keys, &made.arena, &receipt), 0);
    cr_assert_eq(receipt.key, &keys->items[1]);
    th_recovery_case_say_hello(&made, old.receipt);
    cr_assert_eq(made.answer.body.welcome.log_keys_count, 1);
    cr_assert_eq(made.answer.body.welcome.lost_count, 0);
    th_recovery_case_say_hello(&made, new.receipt);
    cr_assert_null(th_driver_contradiction(made.driver));
}

Test(driver_keys, the_key_that_signs_already_is_no_next_one)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    struct th_rotation rotation = {.key = {.after = th_recovery_case_size(&made)},
                                   .operator= th_recovery_case_tester };
    struct th_act what = {.kind = TH_ACT_ROTATE};
    size_t size = 0;
    cr_assert_eq(th_tlog_vkey_encode(&made.first.vkey, sizeof vkey, vkey, &size), 0);
    rotation.key.vkey = (struct th_text){vkey, size};
    cr_assert_eq(th_wire_rotation_encode(&rotation, &made.arena, &what.content), 0);
    cr_assert_eq(th_recovery_case_act(&made, what), TH_E_INVALID);
}

Test(driver_keys, a_log_that_was_recovered_rotates)
{
    th_recovery_case_keep_copy(&made);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    th_recovery_case_close(&made);
    struct th_note_signer second = made.next;
    th_recovery_case_signer(TH_RECOVERY_CASE_REALM, 3, &made.next);
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    cr_assert_eq(rotate(&second), 0);
    cr_assert_eq(th_store_log_keys(made.store)->count, 3);
    th_recovery_case_say_hello(&made, (struct th_bytes){NULL, 0});
    cr_assert_eq(made.answer.body.welcome.log_keys_count, 2);
    cr_assert_eq(made.answer.body.welcome.lost_count, 1, "a rotation loses nothing");
    th_tlog_signer_deinit(&second);
}

/* ---- what several recoveries lost ---- */

Test(driver_keys, a_later_recovery_from_an_older_copy_lost_more_of_the_first_log)
{
    struct th_log_keys keys;
    struct th_note_signer third;
    uint64_t from = 0;
    th_recovery_case_signer("tonghop/64/3/rehearsal", 3, &third);
    th_log_keys_begin(&made.first.vkey, &keys);
    cr_assert_not(th_log_lost_from(&keys, TH_PROVINCE_REALM, &from));
    cr_assert_eq(th_log_keys_vouch(&keys, &made.next.vkey, 100), 0);
    cr_assert(th_log_lost_from(&keys, TH_PROVINCE_REALM, &from));
    cr_assert_eq(from, 100);
    cr_assert_eq(th_log_keys_vouch(&keys, &third.vkey, 60), 0);
    cr_assert(th_log_lost_from(&keys, TH_PROVINCE_REALM, &from));
    cr_assert_eq(from, 60);
    cr_assert(th_log_lost_from(&keys, TH_RECOVERY_CASE_REALM, &from));
    cr_assert_eq(from, 60);
    cr_assert_not(th_log_lost_from(&keys, "tonghop/64/3/rehearsal", &from));
    cr_assert_not(th_log_lost_from(&keys, "tonghop/52/rehearsal", &from));
    th_tlog_signer_deinit(&third);
}

/* ---- revocation ---- */

static enum th_verdict verdict_of(const struct th_officer *officer, struct th_paper paper)
{
    th_recovery_case_submit_raw(&made, th_officer_write(&made.province, officer, paper));
    cr_assert_eq(made.answer.kind, TH_TO_NODE_OUTCOME);
    return made.answer.body.outcome.verdicts[0].kind;
}

static int revoke(const struct th_officer *officer, int64_t from_ms)
{
    return th_recovery_case_act(&made,
                                (struct th_act){.kind = TH_ACT_REVOKE,
                                                .unit = {officer->unit, strlen(officer->unit)},
                                                .sign_key = officer->sign_key,
                                                .to = {from_ms}});
}

Test(driver_keys, a_revocation_refuses_from_its_instant_on)
{
    int64_t from_ms = th_recovery_case_may_day.wall.ms + 5000;
    cr_assert_eq(revoke(&made.officer, from_ms), 0);
    cr_assert_eq(th_recovery_case_set_clock(&made, from_ms - 1), 0);
    cr_assert_eq(verdict_of(&made.officer, (struct th_paper){.figure = 5}), TH_VERDICT_ACCEPTED);
    cr_assert_eq(th_recovery_case_set_clock(&made, from_ms), 0);
    struct th_paper paper = {.figure = 6, .revision = 2};
    cr_assert_eq(verdict_of(&made.officer, paper), TH_VERDICT_REJECTED);
    th_recovery_case_close(&made);
    cr_assert_eq(th_recovery_case_open(&made, TH_STORE_WRITE), 0);
    cr_assert_eq(verdict_of(&made.officer, paper), TH_VERDICT_REJECTED, "also after a restart");
}

Test(driver_keys, a_revocation_without_an_instant_is_from_now_on)
{
    cr_assert_eq(verdict_of(&made.officer, (struct th_paper){.figure = 5}), TH_VERDICT_ACCEPTED);
    uint64_t position = th_recovery_case_size(&made);
    cr_assert_eq(revoke(&made.officer, 0), 0);
    struct th_view *view;
    struct th_stored_entry entry;
    struct th_revocation revocation;
    cr_assert_eq(th_view_open(made.store, &view), 0);
    cr_assert_eq(th_view_entry(view, position, &entry), 0);
    cr_assert_eq(th_wire_revocation_decode(entry.body, &made.arena, &revocation), 0);
    cr_assert_eq(revocation.effective.ms, entry.time.ms);
    th_view_close(view);
    cr_assert_eq(verdict_of(&made.officer, (struct th_paper){.figure = 6, .revision = 2}),
                 TH_VERDICT_REJECTED);
}
