/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts that nodes show in hello, against a store that was put back from an older copy. */
#include "aggregator/driver/driver.h"
#include "proto/tlog/proof.h"
#include "tests/support/folder.h"
#include "tests/support/province.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct th_province province;
static struct th_note_signer signer;
static struct th_store *store;
static struct th_store_port real;
static struct th_driver *driver;
static struct th_arena arena;
static char folder[64];
static struct th_officer officer;
static unsigned begun;

static struct th_to_node answer; /* the last one to a node */
static unsigned answers_count;
static struct th_act_result result; /* of the last act */

static const struct th_store_options store_options = {.map_bytes = (size_t)16 << 20};
static const struct th_reading may_day = {{INT64_C(1746032400000)}, 1000}; /* 2025-05-01 00:00 */

static int begin(void *context)
{
    begun++;
    return real.begin(context);
}

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    (void)sender;
    uint8_t *copy = th_arena_alloc(&arena, frame.size);
    memcpy(copy, frame.bytes, frame.size);
    struct th_to_node got;
    cr_assert_eq(th_wire_to_node_decode((struct th_bytes){copy, frame.size}, &arena, &got), 0);
    if (got.kind != TH_TO_NODE_ANNOUNCEMENT)
        answer = got;
    answers_count++;
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

static int open_driver(void)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    int status = th_store_open(folder, TH_STORE_WRITE, &store_options, problem, &store);
    if (status < 0)
        return status;
    cr_assert_eq(th_store_port_open(store, &real), 0);
    struct th_driver_ports ports = {
        .store = real,
        .transport = {NULL, take_frame, take_for_unit, take_result},
        .publisher = th_publisher_none,
        .admission = th_admission_none,
    };
    ports.store.begin = begin;
    const struct th_driver_options options = {0};
    cr_assert_eq(th_driver_new(&ports, &signer, &options, &driver), 0);
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
    struct th_item item = {.kind = TH_ITEM_ACT, .now = may_day, .act = what};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
    return result.status;
}

static void set_up(void)
{
    th_province_init(&province);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    strcpy(folder, "/tmp/tonghop-witness-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    struct th_store_identity identity = {.mode = TH_MODE_REHEARSAL, .realm = TH_PROVINCE_REALM};
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(identity.store_id, sizeof identity.store_id);
    cr_assert_eq(th_tlog_signer_init(identity.realm, seed, &signer), 0);
    memcpy(identity.log_key, signer.vkey.public_key, sizeof identity.log_key);
    cr_assert_eq(th_store_create(folder, &store_options, &identity), 0);
    cr_assert_eq(open_driver(), 0);
    cr_assert_eq(th_driver_found(driver, may_day, (struct th_text){"tester", 6}), 0);
    th_officer_init(&officer, th_province_commune(&province, 0));
    cr_assert_eq(act((struct th_act){.kind = TH_ACT_LOAD_UNITS,
                                     .operator= {"tester", 6},
                                     .content = province.units}),
                 0);
    cr_assert_eq(act((struct th_act){
                     .kind = TH_ACT_LOAD_PLAN, .operator= {"tester", 6}, .content = province.plan}),
                 0);
    cr_assert_eq(act(th_officer_enrolment(&officer)), 0);
}

static void tear_down(void)
{
    close_driver();
    th_tlog_signer_deinit(&signer);
    th_arena_deinit(&arena);
    th_province_deinit(&province);
    th_test_folder_remove(folder);
}

TestSuite(driver_witness, .init = set_up, .fini = tear_down);

/* ---- an older copy of the whole folder ---- */

static const char *const files[] = {"data.mdb", "CHECKPOINT"};

static void copy_file(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof command, "cp %s/%s %s/%s", folder, from, folder, to);
    cr_assert_eq(system(command), 0);
}

static void keep_copy(void)
{
    close_driver();
    copy_file(files[0], "old.data");
    copy_file(files[1], "old.side");
    cr_assert_eq(open_driver(), 0);
}

static void go_back(void)
{
    close_driver();
    copy_file("old.data", files[0]);
    copy_file("old.side", files[1]);
    cr_assert_eq(open_driver(), 0);
}

static void submit(struct th_paper paper)
{
    struct th_bytes raw = th_officer_write(&province, &officer, paper);
    struct th_submission *submission = th_arena_alloc(&arena, sizeof *submission);
    cr_assert_eq(th_wire_submission_decode(raw, &arena, submission), 0);
    struct th_item item = {.kind = TH_ITEM_SUBMISSION,
                           .now = may_day,
                           .peer_unit = submission->header.unit,
                           .submission = {.submission = submission, .raw = raw}};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
}

static struct th_bytes submit_for_receipt(struct th_paper paper)
{
    submit(paper);
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.body.outcome.receipts_count, 1);
    return answer.body.outcome.receipts[0];
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

static void must_refuse(void)
{
    uint64_t commits = th_driver_counters(driver)->commits;
    begun = 0;
    submit((struct th_paper){.figure = 70, .revision = 1, .nonce = 9});
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert(answer.body.failure.retry);
    cr_assert_gt(answer.body.failure.after_ms, 0);
    struct th_officer other;
    th_officer_init(&other, th_province_commune(&province, 1));
    cr_assert_eq(act(th_officer_enrolment(&other)), TH_E_STORAGE);
    cr_assert_eq(begun, 0, "no batch is begun");
    cr_assert_eq(th_driver_counters(driver)->commits, commits);
    cr_assert_eq(th_driver_counters(driver)->contradictions, 1);
    th_instant due;
    cr_assert_not(th_driver_next_due(driver, &due), "no timer spins");
}

Test(driver_witness, a_receipt_of_a_larger_tree_stops_all_signing)
{
    keep_copy();
    (void)submit_for_receipt((struct th_paper){.figure = 5});
    struct th_bytes receipt = submit_for_receipt((struct th_paper){.figure = 6, .revision = 2});
    go_back();
    cr_assert_null(th_driver_contradiction(driver));
    say_hello(receipt);
    const struct th_contradiction *seen = th_driver_contradiction(driver);
    cr_assert_not_null(seen);
    cr_assert_eq(seen->shown_size, 6);
    cr_assert_eq(seen->own_size, 4);
    cr_assert_str_eq(seen->unit, officer.unit);
    must_refuse();
    say_hello((struct th_bytes){NULL, 0});
    must_refuse();
}

Test(driver_witness, a_receipt_of_another_history_of_the_same_size_stops_all_signing)
{
    keep_copy();
    struct th_bytes receipt = submit_for_receipt((struct th_paper){.figure = 5});
    go_back();
    struct th_bytes other = submit_for_receipt((struct th_paper){.figure = 6});
    cr_assert_null(th_driver_contradiction(driver));
    say_hello(other);
    cr_assert_null(th_driver_contradiction(driver));
    say_hello(receipt);
    cr_assert_not_null(th_driver_contradiction(driver));
    must_refuse();
}

Test(driver_witness, a_restart_does_not_begin_to_sign_again_until_the_right_store_is_back)
{
    keep_copy();
    struct th_bytes receipt = submit_for_receipt((struct th_paper){.figure = 5});
    close_driver();
    copy_file(files[0], "new.data");
    cr_assert_eq(open_driver(), 0);
    go_back();
    say_hello(receipt);
    close_driver();
    cr_assert_eq(open_driver(), TH_E_CORRUPT);
    copy_file("new.data", files[0]);
    cr_assert_eq(open_driver(), 0);
    say_hello(receipt);
    cr_assert_null(th_driver_contradiction(driver));
}

Test(driver_witness, receipts_of_this_store_are_no_contradiction_however_old)
{
    struct th_bytes first = submit_for_receipt((struct th_paper){.figure = 5});
    struct th_bytes second = submit_for_receipt((struct th_paper){.figure = 6, .revision = 2});
    say_hello(first);
    say_hello(second);
    close_driver();
    cr_assert_eq(open_driver(), 0);
    say_hello(second);
    say_hello(first);
    cr_assert_null(th_driver_contradiction(driver));
    cr_assert_eq(th_driver_counters(driver)->contradictions, 0);
}

/* A receipt that says a size which the log does not have, signed by `with`. */
static struct th_bytes make_receipt(const char *origin, const struct th_note_signer *with)
{
    static char note[TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX];
    static char text[TH_PROOF_TEXT_MAX];
    static struct th_tlog_proof proof;
    struct th_checkpoint checkpoint = {.size = 1000};
    size_t size = 0;
    strcpy(checkpoint.origin, origin);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &size), 0);
    cr_assert_eq(th_tlog_note_sign(note, size, with, sizeof note, note, &size), 0);
    proof = (struct th_tlog_proof){.checkpoint = note, .checkpoint_size = size};
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), 0);
    return (struct th_bytes){(const uint8_t *)text, size};
}

Test(driver_witness, what_the_logs_key_has_not_signed_stops_nothing)
{
    struct th_note_signer forger;
    uint8_t seed[32] = {3};
    cr_assert_eq(th_tlog_signer_init(TH_PROVINCE_REALM, seed, &forger), 0);
    say_hello(make_receipt(TH_PROVINCE_REALM, &forger));
    say_hello(make_receipt("tonghop/52/rehearsal", &signer));
    say_hello((struct th_bytes){(const uint8_t *)"nonsense", 8});
    cr_assert_null(th_driver_contradiction(driver));
    say_hello(make_receipt(TH_PROVINCE_REALM, &signer));
    cr_assert_not_null(th_driver_contradiction(driver));
}
