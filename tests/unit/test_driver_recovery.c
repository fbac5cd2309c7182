/* SPDX-License-Identifier: Apache-2.0 */
/* A store that was put back from an older copy goes on as a new log, and gets back what it lost. */
#define _GNU_SOURCE /* nftw, memmem */
#include "aggregator/driver/driver.h"
#include "aggregator/driver/readmission.h"
#include "proto/wire/journal.h"
#include "tests/support/province.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEXT_REALM "tonghop/64/2/rehearsal"

static struct th_province province;
static struct th_note_signer first, next; /* of the log that is lost, of the one that follows */
static const struct th_note_signer *signer;
static struct th_store *store;
static struct th_store_port real;
static struct th_driver *driver;
static struct th_arena arena;
static char folder[64];
static struct th_officer officer;
static struct th_to_node answer; /* the last one to a node that is no announcement */
static struct th_act_result result;

static const struct th_store_options store_options = {.map_bytes = (size_t)16 << 20};
static const struct th_reading may_day = {{INT64_C(1746032400000)}, 1000}; /* 2025-05-01 00:00 */
static const struct th_text tester = {"tester", 6};

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    (void)sender;
    uint8_t *copy = th_arena_alloc(&arena, frame.size);
    memcpy(copy, frame.bytes, frame.size);
    struct th_to_node got;
    cr_assert_eq(th_wire_to_node_decode((struct th_bytes){copy, frame.size}, &arena, &got), 0);
    if (got.kind != TH_TO_NODE_ANNOUNCEMENT && got.kind != TH_TO_NODE_REMINDER)
        answer = got;
}

static void take_for_unit(void *context, const char *unit_code, struct th_bytes frame)
{
    (void)context;
    (void)unit_code;
    (void)frame;
}

static void take_result(void *context, uint64_t sender, const struct th_act_result *taken)
{
    (void)context;
    (void)sender;
    result = *taken;
}

static int open_driver(enum th_store_access access)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    int status = th_store_open(folder, access, &store_options, problem, &store);
    if (status < 0)
        return status;
    cr_assert_eq(th_store_port_open(store, &real), 0);
    struct th_driver_ports ports = {
        .store = real,
        .transport = {NULL, take_frame, take_for_unit, take_result},
        .publisher = th_publisher_none,
        .admission = th_admission_none,
    };
    const struct th_driver_options options = {0};
    cr_assert_eq(th_driver_new(&ports, signer, &options, &driver), 0);
    cr_assert_eq(th_driver_load(driver), 0);
    return 0;
}

static void close_driver(void)
{
    if (driver == NULL)
        return;
    th_driver_free(driver);
    th_store_port_close(&real);
    th_store_close(store);
    driver = NULL;
}

static int act(struct th_act what)
{
    what.operator= tester;
    struct th_item item = {.kind = TH_ITEM_ACT, .now = may_day, .act = what};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
    return result.status;
}

static void make_signer(const char *realm, uint8_t number, struct th_note_signer *ret_signer)
{
    const uint8_t seed[32] = {number};
    cr_assert_eq(th_tlog_signer_init(realm, seed, ret_signer), 0);
}

static void set_up(void)
{
    th_province_init(&province);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    strcpy(folder, "/tmp/tonghop-recovery-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    struct th_store_identity identity = {.mode = TH_MODE_REHEARSAL, .realm = TH_PROVINCE_REALM};
    make_signer(TH_PROVINCE_REALM, 1, &first);
    make_signer(NEXT_REALM, 2, &next);
    signer = &first;
    randombytes_buf(identity.store_id, sizeof identity.store_id);
    memcpy(identity.log_key, first.vkey.public_key, sizeof identity.log_key);
    cr_assert_eq(th_store_create(folder, &store_options, &identity), 0);
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    cr_assert_eq(th_driver_found(driver, may_day, tester), 0);
    th_officer_init(&officer, th_province_commune(&province, 0));
    cr_assert_eq(act((struct th_act){.kind = TH_ACT_LOAD_UNITS, .content = province.units}), 0);
    cr_assert_eq(act((struct th_act){.kind = TH_ACT_LOAD_PLAN, .content = province.plan}), 0);
    cr_assert_eq(act(th_officer_enrolment(&officer)), 0);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void tear_down(void)
{
    close_driver();
    th_tlog_signer_deinit(&first);
    th_tlog_signer_deinit(&next);
    th_arena_deinit(&arena);
    th_province_deinit(&province);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(driver_recovery, .init = set_up, .fini = tear_down);

/* ---- a report on its way ---- */

struct kept {
    struct th_bytes raw;
    struct th_bytes receipt;
};

static struct th_submission *decode(struct th_bytes raw)
{
    struct th_submission *submission = th_arena_alloc(&arena, sizeof *submission);
    cr_assert_eq(th_wire_submission_decode(raw, &arena, submission), 0);
    return submission;
}

static void submit_raw(struct th_bytes raw)
{
    struct th_submission *submission = decode(raw);
    struct th_item item = {.kind = TH_ITEM_SUBMISSION,
                           .now = may_day,
                           .peer_unit = submission->header.unit,
                           .submission = {.submission = submission, .raw = raw}};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
}

/* What a node has of a report that was received. */
static struct kept submit(struct th_paper paper)
{
    struct kept kept = {.raw = th_officer_write(&province, &officer, paper)};
    submit_raw(kept.raw);
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.body.outcome.receipts_count, 1);
    kept.receipt = answer.body.outcome.receipts[0];
    return kept;
}

static int open_kept(struct kept kept, struct th_readmitted *ret_readmitted)
{
    const struct th_readmission readmission = {kept.raw, kept.receipt};
    return th_readmission_open(&readmission, th_store_log_keys(store), TH_MODE_REHEARSAL, &arena,
                               ret_readmitted);
}

static void readmit_as(struct kept kept, const char *peer)
{
    const struct th_readmission readmission = {kept.raw, kept.receipt};
    struct th_readmitted readmitted;
    cr_assert_eq(open_kept(kept, &readmitted), 0);
    struct th_item item = {.kind = TH_ITEM_READMISSION,
                           .now = may_day,
                           .request = 4,
                           .peer_unit = {peer, strlen(peer)},
                           .readmission = th_readmission_event(&readmission, &readmitted)};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
}

static const struct th_wire_verdict *readmit(struct kept kept)
{
    readmit_as(kept, officer.unit);
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.request, 4);
    cr_assert_eq(answer.body.outcome.verdicts_count, 1);
    return &answer.body.outcome.verdicts[0];
}

static void say_hello(struct th_bytes receipt)
{
    struct th_text unit = {officer.unit, strlen(officer.unit)};
    struct th_item item = {.kind = TH_ITEM_HELLO,
                           .now = may_day,
                           .peer_unit = unit,
                           .hello = {.unit = unit, .newest_receipt = receipt}};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
    cr_assert_eq(answer.kind, TH_TO_NODE_WELCOME);
}

/* ---- the way back ---- */

static void copy_file(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof command, "cp %s/%s %s/%s", folder, from, folder, to);
    cr_assert_eq(system(command), 0);
}

static void keep_copy(void)
{
    close_driver();
    copy_file("data.mdb", "old.data");
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
}

static uint64_t size_of_store(void)
{
    return th_store_next_position(store);
}

/* The next key, signed for by the one before. */
static struct th_log_key_body name_next(const struct th_note_signer *before)
{
    struct th_view *view;
    struct th_digest root;
    size_t size = 0;
    char *vkey = th_arena_alloc(&arena, TH_NOTE_VKEY_TEXT_MAX + 1);
    char *note = th_arena_alloc(&arena, TH_SUCCESSION_SIZE_MAX);
    struct th_log_key_body key = {.after = size_of_store()};
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_root(view, key.after, &root), 0);
    th_view_close(view);
    cr_assert_eq(th_tlog_vkey_encode(&next.vkey, TH_NOTE_VKEY_TEXT_MAX + 1, vkey, &size), 0);
    key.vkey = (struct th_text){vkey, size};
    cr_assert_eq(th_tlog_succession_sign(before, key.after, &root, &next.vkey,
                                         TH_SUCCESSION_SIZE_MAX, note, &size),
                 0);
    key.succession = (struct th_bytes){(const uint8_t *)note, size};
    return key;
}

static int recover(void)
{
    const struct th_log_key_body key = name_next(&first);
    const struct th_recovery recovery = {.keys = &key, .keys_count = 1, .operator= tester };
    struct th_act what = {.kind = TH_ACT_RECOVER};
    cr_assert_eq(th_wire_recovery_encode(&recovery, &arena, &what.content), 0);
    return act(what);
}

/* The older copy in place of the store, as a new log. */
static void go_back(void)
{
    close_driver();
    copy_file("old.data", "data.mdb");
    cr_assert_eq(open_driver(TH_STORE_WRITE), TH_E_CORRUPT, "it is behind what was signed");
    signer = &next;
    cr_assert_eq(open_driver(TH_STORE_RECOVER), 0);
    cr_assert_eq(recover(), 0);
    close_driver();
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
}

static struct th_book_id half_year_book(void)
{
    const struct th_plan *plan = th_core_plan(th_driver_core(driver), 0);
    uint16_t i = 0;
    while (strcmp(plan->obligations[i].id, province.half_year->id) != 0)
        i++;
    return (struct th_book_id){0, i};
}

static struct th_row row_of(void)
{
    struct th_view *view;
    struct th_row row;
    uint32_t unit = 0;
    cr_assert(th_core_find_unit(th_driver_core(driver),
                                (struct th_text){officer.unit, strlen(officer.unit)},
                                th_day_of_instant(may_day.wall), &unit));
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_row(view, half_year_book(), unit, 0, &row), 0);
    th_view_close(view);
    row.values = NULL;
    return row;
}

static int set_clock(int64_t ms)
{
    return act((struct th_act){.kind = TH_ACT_SET_CLOCK, .to = {ms}});
}

/* ---- readmissions ---- */

Test(driver_recovery, a_lost_report_comes_back_with_its_times)
{
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5});
    struct th_row before = row_of();
    go_back();
    uint64_t position = size_of_store();
    cr_assert_eq(set_clock(province.half_year->due.ms + 1000), 0);
    position = size_of_store();
    const struct th_wire_verdict *verdict = readmit(kept);
    cr_assert_eq(verdict->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(verdict->position, position);
    struct th_row after = row_of();
    cr_assert_eq(after.position, position);
    cr_assert_eq(after.first_received.ms, before.first_received.ms);
    cr_assert_eq(after.received.ms, before.received.ms);
    cr_assert_eq(after.prepared.ms, before.prepared.ms);
    cr_assert_eq(after.timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(after.due.ms, before.due.ms);
    cr_assert_eq(memcmp(&after.digest, &before.digest, sizeof after.digest), 0);
    cr_assert_eq(th_driver_counters(driver)->readmitted, 1);
    cr_assert_eq(th_driver_counters(driver)->accepted, 0);
}

Test(driver_recovery, the_receipt_of_a_readmission_is_of_the_new_log)
{
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5});
    go_back();
    cr_assert_eq(readmit(kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_receipt receipt;
    cr_assert_eq(th_receipt_open(answer.body.outcome.receipts[0], th_store_log_keys(store), &arena,
                                 &receipt),
                 0);
    cr_assert_str_eq(receipt.checkpoint.origin, NEXT_REALM);
    cr_assert_eq(receipt.leaf.kind, TH_ENTRY_READMITTED);
    cr_assert(receipt.leaf.judgements[0].has_received);
    cr_assert_eq(receipt.leaf.judgements[0].received.ms, may_day.wall.ms);
}

Test(driver_recovery, a_report_that_came_back_is_a_duplicate_with_the_same_receipt)
{
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5});
    go_back();
    cr_assert_eq(readmit(kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_bytes receipt = answer.body.outcome.receipts[0];
    close_driver();
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    uint64_t size = size_of_store();
    cr_assert_eq(readmit(kept)->kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(answer.body.outcome.receipts[0].size, receipt.size);
    cr_assert_eq(memcmp(answer.body.outcome.receipts[0].bytes, receipt.bytes, receipt.size), 0);
    cr_assert_eq(size_of_store(), size, "no entry");
}

Test(driver_recovery, another_report_that_came_first_is_a_signed_conflict)
{
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5});
    go_back();
    (void)submit((struct th_paper){.figure = 6, .realm = NEXT_REALM});
    uint64_t size = size_of_store();
    cr_assert_eq(readmit(kept)->kind, TH_VERDICT_CONFLICT);
    cr_assert_eq(answer.body.outcome.receipts_count, 0);
    cr_assert_eq(size_of_store(), size);
    struct th_note note;
    cr_assert_eq(th_tlog_note_verify((const char *)answer.body.outcome.refusal.bytes,
                                     answer.body.outcome.refusal.size, &next.vkey, 1, &note),
                 0);
    const char head[] = "tonghop refusal v1\n" NEXT_REALM "\n";
    cr_assert_eq(memcmp(note.text, head, sizeof head - 1), 0);
}

Test(driver_recovery, revisions_come_back_in_order)
{
    keep_copy();
    struct kept one = submit((struct th_paper){.figure = 5});
    struct kept two = submit((struct th_paper){.figure = 6, .revision = 2});
    go_back();
    const struct th_wire_verdict *verdict = readmit(two);
    cr_assert_eq(verdict->kind, TH_VERDICT_REJECTED);
    cr_assert_eq(verdict->next_revision, 1);
    cr_assert_not_null(memmem(answer.body.outcome.refusal.bytes, answer.body.outcome.refusal.size,
                              " rejected revision_gap\n", 23));
    cr_assert_eq(readmit(one)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(readmit(two)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(row_of().revision, 2);
}

Test(driver_recovery, only_the_unit_itself_may_bring_its_report_back)
{
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5});
    go_back();
    readmit_as(kept, th_province_commune(&province, 1));
    cr_assert(answer.kind == TH_TO_NODE_FAILURE || answer.body.outcome.receipts_count == 0);
    cr_assert_eq(th_driver_counters(driver)->readmitted, 0);
}

Test(driver_recovery, a_closing_that_waited_counts_what_had_come_by_its_instant)
{
    keep_copy();
    struct kept one = submit((struct th_paper){.figure = 5});
    cr_assert_eq(set_clock(province.half_year->due.ms + 1000), 0);
    struct kept two = submit((struct th_paper){.figure = 6, .revision = 2});
    go_back();
    cr_assert_eq(set_clock(province.half_year->due.ms + 2000), 0);
    cr_assert_eq(readmit(one)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(readmit(two)->kind, TH_VERDICT_ACCEPTED);
    const struct th_mark *mark = th_core_mark(th_driver_core(driver), half_year_book());
    cr_assert(mark == NULL || !mark->closed, "timers wait");
    cr_assert_eq(act((struct th_act){.kind = TH_ACT_END_RECOVERY}), 0);
    mark = th_core_mark(th_driver_core(driver), half_year_book());
    cr_assert_not_null(mark);
    cr_assert(mark->closed);
    cr_assert_eq(mark->closed_at.ms, province.half_year->due.ms);
    cr_assert_not(th_core_recovery(th_driver_core(driver))->is_open);
    close_driver();
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    cr_assert_not(th_core_recovery(th_driver_core(driver))->is_open, "also after a restart");
}

Test(driver_recovery, a_recovery_stays_open_over_a_restart)
{
    keep_copy();
    (void)submit((struct th_paper){.figure = 5});
    go_back();
    cr_assert(th_core_recovery(th_driver_core(driver))->is_open);
    cr_assert_eq(th_core_recovery(th_driver_core(driver))->began_at, 4);
}

Test(driver_recovery, a_report_frozen_under_the_old_origin_is_accepted)
{
    keep_copy();
    (void)submit((struct th_paper){.figure = 5});
    struct th_bytes frozen =
        th_officer_write(&province, &officer, (struct th_paper){.figure = 7, .nonce = 3});
    go_back();
    submit_raw(frozen);
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.body.outcome.verdicts[0].kind, TH_VERDICT_ACCEPTED);
    submit_raw(th_officer_write(
        &province, &officer,
        (struct th_paper){.figure = 8, .revision = 2, .realm = "tonghop/52/rehearsal"}));
    cr_assert(answer.kind == TH_TO_NODE_FAILURE ||
              answer.body.outcome.verdicts[0].kind == TH_VERDICT_REJECTED);
}

/* ---- receipts that do not hold ---- */

Test(driver_recovery, a_receipt_that_does_not_hold_opens_nothing)
{
    struct kept kept_before = submit((struct th_paper){.figure = 4});
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5, .revision = 2});
    struct kept other = submit((struct th_paper){.figure = 6, .revision = 3});
    struct th_readmitted readmitted;
    cr_assert_eq(open_kept(kept, &readmitted), TH_E_INVALID, "nothing is lost yet");
    go_back();
    cr_assert_eq(open_kept(kept, &readmitted), 0);
    cr_assert_eq(open_kept(kept_before, &readmitted), TH_E_INVALID, "the store has it");
    cr_assert_eq(open_kept((struct kept){kept.raw, other.receipt}, &readmitted), TH_E_INVALID);
    uint8_t *forged = th_arena_alloc(&arena, kept.receipt.size);
    memcpy(forged, kept.receipt.bytes, kept.receipt.size);
    forged[kept.receipt.size - 10] ^= 1; /* of the signature */
    cr_assert_lt(open_kept((struct kept){kept.raw, {forged, kept.receipt.size}}, &readmitted), 0);
    struct kept now = submit((struct th_paper){.figure = 9, .revision = 2, .realm = NEXT_REALM});
    cr_assert_eq(open_kept(now, &readmitted), TH_E_INVALID, "of the log as it is");
}

Test(driver_recovery, a_readmission_waits_while_the_store_is_in_doubt)
{
    keep_copy();
    struct kept kept = submit((struct th_paper){.figure = 5});
    go_back();
    close_driver();
    copy_file("data.mdb", "old.data");
    copy_file("CHECKPOINT", "old.side");
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    cr_assert_eq(readmit(kept)->kind, TH_VERDICT_ACCEPTED);
    struct th_bytes receipt = answer.body.outcome.receipts[0];
    close_driver();
    copy_file("old.data", "data.mdb");
    copy_file("old.side", "CHECKPOINT");
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    say_hello(receipt);
    cr_assert_not_null(th_driver_contradiction(driver));
    readmit_as(kept, officer.unit);
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert(answer.body.failure.retry);
}

/* ---- welcome and hello ---- */

Test(driver_recovery, a_welcome_names_the_keys_and_what_was_lost)
{
    say_hello((struct th_bytes){NULL, 0});
    cr_assert_eq(answer.body.welcome.log_keys_count, 0);
    cr_assert_eq(answer.body.welcome.lost_count, 0);
    keep_copy();
    (void)submit((struct th_paper){.figure = 5});
    go_back();
    say_hello((struct th_bytes){NULL, 0});
    const struct th_welcome *welcome = &answer.body.welcome;
    cr_assert_eq(welcome->realm.size, strlen(NEXT_REALM));
    cr_assert_eq(memcmp(welcome->realm.bytes, NEXT_REALM, welcome->realm.size), 0);
    cr_assert_eq(welcome->log_keys_count, 1);
    cr_assert_eq(welcome->log_keys[0].after, 4);
    cr_assert_eq(welcome->lost_count, 1);
    cr_assert_eq(welcome->lost[0].from, 4);
    cr_assert_eq(
        memcmp(welcome->lost[0].realm.bytes, TH_PROVINCE_REALM, welcome->lost[0].realm.size), 0);
    struct th_log_keys keys;
    th_log_keys_begin(&first.vkey, &keys);
    cr_assert_eq(th_log_keys_succeed(&keys, (const char *)welcome->log_keys[0].succession.bytes,
                                     welcome->log_keys[0].succession.size),
                 0);
    cr_assert_eq(memcmp(&th_log_keys_current(&keys)->vkey, &next.vkey, sizeof next.vkey), 0);
}

Test(driver_recovery, a_receipt_of_what_was_lost_is_no_contradiction)
{
    struct kept old = submit((struct th_paper){.figure = 4});
    keep_copy();
    struct kept lost = submit((struct th_paper){.figure = 5, .revision = 2});
    go_back();
    say_hello(lost.receipt);
    say_hello(old.receipt);
    cr_assert_null(th_driver_contradiction(driver));
}

Test(driver_recovery, an_old_receipt_of_another_tree_is_a_contradiction)
{
    keep_copy();
    struct kept other = submit((struct th_paper){.figure = 5});
    close_driver();
    copy_file("old.data", "data.mdb");
    char path[128];
    snprintf(path, sizeof path, "%s/CHECKPOINT", folder);
    cr_assert_eq(unlink(path), 0);
    signer = &next;
    cr_assert_eq(open_driver(TH_STORE_RECOVER), 0);
    cr_assert_eq(recover(), 0);
    close_driver();
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    say_hello(other.receipt);
    cr_assert_null(th_driver_contradiction(driver), "it is of what was lost");
}

/* ---- rotation ---- */

static int rotate(const struct th_note_signer *before)
{
    const struct th_rotation rotation = {.key = name_next(before), .operator= tester };
    struct th_act what = {.kind = TH_ACT_ROTATE};
    cr_assert_eq(th_wire_rotation_encode(&rotation, &arena, &what.content), 0);
    return act(what);
}

Test(driver_recovery, after_a_rotation_the_next_key_signs_and_old_receipts_hold)
{
    struct kept old = submit((struct th_paper){.figure = 5});
    th_tlog_signer_deinit(&next);
    make_signer(TH_PROVINCE_REALM, 3, &next);
    cr_assert_eq(rotate(&first), TH_E_INVALID, "who has not the key cannot make it sign");
    close_driver();
    signer = &next;
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    cr_assert_eq(rotate(&first), 0);
    cr_assert(result.has_position);
    close_driver();
    cr_assert_eq(open_driver(TH_STORE_WRITE), 0);
    struct kept new = submit((struct th_paper){.figure = 6, .revision = 2});
    struct th_receipt receipt;
    const struct th_log_keys *keys = th_store_log_keys(store);
    cr_assert_eq(th_receipt_open(old.receipt, keys, &arena, &receipt), 0);
    cr_assert_eq(receipt.key, &keys->items[0]);
    cr_assert_eq(th_receipt_open(new.receipt, keys, &arena, &receipt), 0);
    cr_assert_eq(receipt.key, &keys->items[1]);
    say_hello(old.receipt);
    cr_assert_eq(answer.body.welcome.log_keys_count, 1);
    cr_assert_eq(answer.body.welcome.lost_count, 0);
    say_hello(new.receipt);
    cr_assert_null(th_driver_contradiction(driver));
}

/* ---- what several recoveries lost ---- */

Test(driver_recovery, a_later_recovery_from_an_older_copy_lost_more_of_the_first_log)
{
    struct th_log_keys keys;
    struct th_note_signer third;
    uint64_t from = 0;
    make_signer("tonghop/64/3/rehearsal", 3, &third);
    th_log_keys_begin(&first.vkey, &keys);
    cr_assert_not(th_log_lost_from(&keys, TH_PROVINCE_REALM, &from));
    cr_assert_eq(th_log_keys_vouch(&keys, &next.vkey, 100), 0);
    cr_assert(th_log_lost_from(&keys, TH_PROVINCE_REALM, &from));
    cr_assert_eq(from, 100);
    cr_assert_eq(th_log_keys_vouch(&keys, &third.vkey, 60), 0);
    cr_assert(th_log_lost_from(&keys, TH_PROVINCE_REALM, &from));
    cr_assert_eq(from, 60);
    cr_assert(th_log_lost_from(&keys, NEXT_REALM, &from));
    cr_assert_eq(from, 60);
    cr_assert_not(th_log_lost_from(&keys, "tonghop/64/3/rehearsal", &from));
    cr_assert_not(th_log_lost_from(&keys, "tonghop/52/rehearsal", &from));
    th_tlog_signer_deinit(&third);
}

/* ---- revocation ---- */

Test(driver_recovery, a_revocation_without_an_instant_is_from_now_on)
{
    struct th_act revoke = {.kind = TH_ACT_REVOKE,
                            .unit = {officer.unit, strlen(officer.unit)},
                            .sign_key = officer.sign_key,
                            .to = {may_day.wall.ms + 5000}};
    cr_assert_eq(act(revoke), 0);
    (void)submit((struct th_paper){.figure = 5});
    cr_assert_eq(set_clock(may_day.wall.ms + 5000), 0);
    submit_raw(
        th_officer_write(&province, &officer, (struct th_paper){.figure = 6, .revision = 2}));
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.body.outcome.verdicts[0].kind, TH_VERDICT_REJECTED);
    struct th_officer other;
    th_officer_init(&other, th_province_commune(&province, 1));
    cr_assert_eq(act(th_officer_enrolment(&other)), 0);
    revoke = (struct th_act){.kind = TH_ACT_REVOKE,
                             .unit = {other.unit, strlen(other.unit)},
                             .sign_key = other.sign_key};
    cr_assert_eq(act(revoke), 0);
    submit_raw(th_officer_write(&province, &other, (struct th_paper){.figure = 6}));
    cr_assert_eq(answer.body.outcome.verdicts[0].kind, TH_VERDICT_REJECTED);
}
