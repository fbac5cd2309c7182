/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "aggregator/driver/driver.h"
#include "proto/receipt/refusal.h"
#include "proto/tlog/proof.h"
#include "proto/wire/journal.h"
#include "tests/support/folder.h"
#include "tests/support/province.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the driver did, in order: B begin, A append, P any row, C commit, X abort, S an answer to a
 * node, D a result to the operator, K a key, T a publication. */
static char story[4096];
static size_t told;
static struct th_store_port real;
static int fail_commit;
static int fail_begin;
static unsigned books_read;
static unsigned unit_frames; /* sent to a unit's nodes unasked */
static size_t spread_bytes_max;

static struct th_province province;
static struct th_note_signer signer;
static struct th_store *store;
static struct th_driver *driver;
static struct th_arena arena;
static char folder[64];
static struct th_officer officer;

#define ANSWERS_MAX 64
static struct th_to_node answers[ANSWERS_MAX];
static uint64_t answered[ANSWERS_MAX];
static size_t answers_count;
static struct th_act_result results[16];

static void tell(char what)
{
    cr_assert_lt(told + 1, sizeof story);
    story[told++] = what;
    story[told] = 0;
}

/* ---- ports between the driver and a real store ---- */

static int begin(void *context)
{
    tell('B');
    return fail_begin < 0 ? fail_begin : real.begin(context);
}

static void abort_batch(void *context)
{
    tell('X');
    real.abort(context);
}

static int commit(void *context, const struct th_store_logged *entries, size_t count)
{
    tell('C');
    return fail_commit < 0 ? fail_commit : real.commit(context, entries, count);
}

static uint64_t promise(void *context)
{
    tell('A');
    return real.promise(context);
}

static int put(void *context, const struct th_effect *effect)
{
    if (effect->kind == TH_EFFECT_PUT_ROW)
        tell('P');
    return real.put(context, effect);
}

static int rows(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    books_read++;
    return real.rows(context, book, fn, fn_context);
}

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    tell('S');
    uint8_t *copy = th_arena_alloc(&arena, frame.size);
    memcpy(copy, frame.bytes, frame.size);
    cr_assert_lt(answers_count, ANSWERS_MAX);
    answered[answers_count] = sender;
    cr_assert_eq(th_wire_to_node_decode((struct th_bytes){copy, frame.size}, &arena,
                                        &answers[answers_count]),
                 0);
    answers_count++;
}

static void take_for_unit(void *context, const char *unit_code, struct th_bytes frame)
{
    (void)context;
    (void)unit_code;
    (void)frame;
    unit_frames++;
}

static void take_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)context;
    tell('D');
    results[sender] = *result;
}

static void take_publication(void *context, struct th_text topic, struct th_bytes body)
{
    (void)context;
    struct th_publication publication;
    tell('T');
    cr_assert_leq(topic.size, TH_TOPIC_SIZE_MAX);
    cr_assert_eq(th_wire_publication_decode(body, &arena, &publication), 0);
}

static void take_key(void *context, const char *unit_code, const struct th_key_row *key)
{
    (void)context;
    (void)unit_code;
    (void)key;
    tell('K');
}

/* ---- a store with a plan and one officer ---- */

static void open_driver(void)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    const struct th_store_options options = {.map_bytes = (size_t)64 << 20};
    cr_assert_eq(th_store_open(folder, TH_STORE_WRITE, &options, problem, &store), 0, "%s",
                 problem);
    cr_assert_eq(th_store_port_open(store, &real), 0);
    struct th_driver_ports ports = {
        .store = real,
        .transport = {NULL, take_frame, take_for_unit, take_result},
        .publisher = {.publish = take_publication},
        .admission = {NULL, take_key},
    };
    ports.store.begin = begin;
    ports.store.abort = abort_batch;
    ports.store.commit = commit;
    ports.store.promise = promise;
    ports.store.put = put;
    ports.store.rows = rows;
    const struct th_driver_options driver_options = {.spread_bytes_max = spread_bytes_max};
    cr_assert_eq(th_driver_new(&ports, &signer, &driver_options, &driver), 0);
    cr_assert_eq(th_driver_load(driver), 0);
}

static void close_driver(void)
{
    th_driver_free(driver);
    th_store_port_close(&real);
    th_store_close(store);
}

static const struct th_reading may_day = {{INT64_C(1746032400000)}, 1000}; /* 2025-05-01 00:00 */

static void forget(void)
{
    told = 0;
    story[0] = 0;
    answers_count = 0;
    books_read = 0;
}

static void run_acts(const struct th_act *acts, size_t count)
{
    struct th_item items[8];
    for (size_t i = 0; i < count; i++)
        items[i] =
            (struct th_item){.kind = TH_ITEM_ACT, .now = may_day, .sender = i, .act = acts[i]};
    cr_assert_eq(th_driver_run(driver, items, count), 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(results[i].status, 0, "act %zu: %s", i, th_status_text(results[i].status));
}

static void set_up(void)
{
    fail_commit = fail_begin = 0;
    unit_frames = 0;
    th_province_init(&province);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    strcpy(folder, "/tmp/tonghop-driver-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    struct th_store_identity identity = {.mode = TH_MODE_REHEARSAL, .realm = TH_PROVINCE_REALM};
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(identity.store_id, sizeof identity.store_id);
    cr_assert_eq(th_tlog_signer_init(identity.realm, seed, &signer), 0);
    memcpy(identity.log_key, signer.vkey.public_key, sizeof identity.log_key);
    const struct th_store_options options = {.map_bytes = (size_t)64 << 20};
    cr_assert_eq(th_store_create(folder, &options, &identity), 0);
    open_driver();
    cr_assert_eq(th_driver_found(driver, may_day, (struct th_text){"tester", 6}), 0);
    close_driver();
    open_driver(); /* what was only founded goes on */
    th_officer_init(&officer, th_province_commune(&province, 0));
    const struct th_act acts[] = {
        {.kind = TH_ACT_LOAD_UNITS, .operator= {"tester", 6}, .content = province.units},
        {.kind = TH_ACT_LOAD_PLAN, .operator= {"tester", 6}, .content = province.plan},
        th_officer_enrolment(&officer)};
    run_acts(acts, 3);
    forget();
}

static void tear_down(void)
{
    close_driver();
    th_tlog_signer_deinit(&signer);
    th_arena_deinit(&arena);
    th_province_deinit(&province);
    th_test_folder_remove(folder);
}

TestSuite(driver, .init = set_up, .fini = tear_down);

static struct th_item item_of(struct th_bytes raw, uint64_t sender)
{
    struct th_submission *submission = th_arena_alloc(&arena, sizeof *submission);
    cr_assert_eq(th_wire_submission_decode(raw, &arena, submission), 0);
    return (struct th_item){.kind = TH_ITEM_SUBMISSION,
                            .now = may_day,
                            .sender = sender,
                            .request = sender + 100,
                            .peer_unit = submission->header.unit,
                            .submission = {.submission = submission, .raw = raw}};
}

static int submit(struct th_paper paper)
{
    struct th_item item = item_of(th_officer_write(&province, &officer, paper), 7);
    return th_driver_run(driver, &item, 1);
}

static void say_hello(const char *unit, const char *peer, const struct th_digest *known,
                      size_t known_count)
{
    struct th_item item = {
        .kind = TH_ITEM_HELLO,
        .now = may_day,
        .sender = 3,
        .request = 9,
        .peer_unit = {peer, strlen(peer)},
        .hello = {.unit = {unit, strlen(unit)}, .known = known, .known_count = known_count}};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
}

static const struct th_outcome *last_outcome(void)
{
    cr_assert_gt(answers_count, 0);
    cr_assert_eq(answers[answers_count - 1].kind, TH_TO_NODE_OUTCOME);
    return &answers[answers_count - 1].body.outcome;
}

static bool equal(struct th_bytes a, struct th_bytes b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* ---- order ---- */

Test(driver, no_answer_leaves_before_the_commit)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    const char *committed = strchr(story, 'C');
    cr_assert_not_null(committed, "%s", story);
    cr_assert_eq(story[0], 'B');
    cr_assert(strchr(story, 'A') < committed);
    cr_assert(strchr(story, 'P') < committed);
    cr_assert(strchr(story, 'S') > committed, "%s", story);
    cr_assert(strchr(story, 'T') > strchr(story, 'S'), "%s", story);
    cr_assert_eq(answers[0].request, 107);
    cr_assert_eq(answered[0], 7);
}

Test(driver, a_failing_commit_is_handed_on_and_nothing_leaves)
{
    fail_commit = TH_E_STORAGE;
    cr_assert_eq(submit((struct th_paper){.figure = 5}), TH_E_STORAGE);
    cr_assert_eq(answers_count, 0);
    cr_assert_null(strchr(story, 'T'));
    fail_commit = TH_E_IO;
}

Test(driver, a_key_is_admitted_after_the_commit_and_before_the_answer)
{
    struct th_officer other;
    th_officer_init(&other, th_province_commune(&province, 1));
    struct th_act act = th_officer_enrolment(&other);
    run_acts(&act, 1);
    cr_assert(strchr(story, 'C') < strchr(story, 'K'), "%s", story);
    cr_assert(strchr(story, 'K') < strchr(story, 'D'), "%s", story);
}

Test(driver, a_full_store_tells_everyone_to_come_again)
{
    fail_begin = TH_E_STORAGE;
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    cr_assert_eq(answers_count, 1);
    cr_assert_eq(answers[0].kind, TH_TO_NODE_FAILURE);
    cr_assert(answers[0].body.failure.retry);
    cr_assert_gt(answers[0].body.failure.after_ms, 0);
    cr_assert_eq(memcmp(answers[0].body.failure.code.bytes, "busy_storage", 12), 0);
    cr_assert(th_driver_is_full(driver));
    fail_begin = 0;
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    cr_assert_eq(last_outcome()->verdicts[0].kind, TH_VERDICT_ACCEPTED);
    cr_assert_not(th_driver_is_full(driver));
}

Test(driver, one_batch_is_one_commit)
{
    struct th_item items[3];
    struct th_officer others[2];
    for (unsigned i = 0; i < 2; i++) {
        th_officer_init(&others[i], th_province_commune(&province, i + 1));
        struct th_act act = th_officer_enrolment(&others[i]);
        run_acts(&act, 1);
    }
    forget();
    items[0] = item_of(th_officer_write(&province, &officer, (struct th_paper){.figure = 1}), 0);
    items[1] = item_of(th_officer_write(&province, &others[0], (struct th_paper){.figure = 2}), 1);
    items[2] = item_of(th_officer_write(&province, &others[1], (struct th_paper){.figure = 3}), 2);
    cr_assert_eq(th_driver_run(driver, items, 3), 0);
    unsigned commits = 0;
    for (size_t i = 0; i < told; i++)
        commits += story[i] == 'C';
    cr_assert_eq(commits, 1, "%s", story);
    cr_assert_eq(answers_count, 3);
}

Test(driver, units_that_are_there_already_make_no_entry)
{
    struct th_act act = {
        .kind = TH_ACT_LOAD_UNITS, .operator= {"tester", 6}, .content = province.units};
    run_acts(&act, 1);
    cr_assert_not(results[0].has_position);
    cr_assert_str_eq(story, "BXD");
}

Test(driver, a_plan_that_is_there_already_is_refused)
{
    struct th_item item = {
        .kind = TH_ITEM_ACT,
        .now = may_day,
        .act = {.kind = TH_ACT_LOAD_PLAN, .operator= {"tester", 6}, .content = province.plan}};
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
    cr_assert_eq(results[0].status, TH_E_EXISTS);
}

/* The same id, another text. */
static int offer_other_plan(unsigned number)
{
    char title[40];
    snprintf(title, sizeof title, "%u", number);
    struct th_plan plan = province.files.plan;
    plan.title = title;
    struct th_item item = {.kind = TH_ITEM_ACT,
                           .now = may_day,
                           .act = {.kind = TH_ACT_LOAD_PLAN, .operator= {"tester", 6} } };
    struct th_arena own;
    th_arena_init(&own, 65536, (size_t)8 << 20);
    cr_assert_eq(th_wire_plan_encode(&plan, &own, &item.act.content), 0);
    cr_assert_eq(th_driver_run(driver, &item, 1), 0);
    th_arena_deinit(&own);
    return results[0].status;
}

Test(driver, refused_plans_leave_no_memory_behind)
{
    cr_assert_eq(offer_other_plan(0), TH_E_EXISTS);
    size_t before = mallinfo2().uordblks;
    for (unsigned i = 1; i <= 50; i++)
        cr_assert_eq(offer_other_plan(i), TH_E_EXISTS);
    size_t after = mallinfo2().uordblks;
    cr_assert_lt(after, before + province.plan.size, "%zu", after - before);
    cr_assert_eq(th_core_plans_count(th_driver_core(driver)), 1);
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    cr_assert_eq(last_outcome()->verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

Test(driver, a_plan_is_told_to_its_units_when_the_copies_are_not_too_large)
{
    uint32_t units = th_core_units_count(th_driver_core(driver));
    cr_assert_eq(unit_frames, 2 * units, "units and plan, in the setup");
    cr_assert_eq(th_driver_counters(driver)->unspread, 0);
    tear_down();
    spread_bytes_max = province.units.size * units / 2;
    set_up();
    cr_assert_eq(unit_frames, 0);
    cr_assert_eq(th_driver_counters(driver)->unspread, 2);
    say_hello(officer.unit, officer.unit, NULL, 0);
    cr_assert_eq(answers_count, 3, "a hello gets both");
}

/* ---- receipts ---- */

Test(driver, an_accepted_report_gets_a_receipt_that_verifies)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    const struct th_outcome *outcome = last_outcome();
    cr_assert_eq(outcome->verdicts_count, 1);
    cr_assert_eq(outcome->verdicts[0].kind, TH_VERDICT_ACCEPTED);
    cr_assert(outcome->verdicts[0].has_receipt);
    cr_assert_eq(outcome->receipts_count, 1);
    cr_assert_eq(outcome->refusal.size, 0);
    static struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    cr_assert_eq(th_tlog_proof_parse((const char *)outcome->receipts[0].bytes,
                                     outcome->receipts[0].size, &proof),
                 0);
    cr_assert_eq(th_tlog_proof_verify(&proof, &signer.vkey, 1, TH_PROVINCE_REALM, proof.extra,
                                      proof.extra_size, &checkpoint),
                 0);
    struct th_leaf leaf;
    cr_assert_eq(
        th_wire_leaf_decode((struct th_bytes){proof.extra, proof.extra_size}, &arena, &leaf), 0);
    cr_assert_eq(leaf.position, outcome->verdicts[0].position);
    cr_assert_eq(leaf.mode, TH_MODE_REHEARSAL);
    cr_assert_eq(memcmp(&leaf.header_digest, &outcome->header_digest, 32), 0);
}

Test(driver, the_same_submission_gets_the_same_receipt_bytes_and_stores_nothing)
{
    struct th_paper paper = {.figure = 5};
    cr_assert_eq(submit(paper), 0);
    struct th_bytes first = last_outcome()->receipts[0];
    cr_assert_eq(submit((struct th_paper){.figure = 6, .revision = 2}), 0);
    forget();
    cr_assert_eq(submit(paper), 0);
    cr_assert_eq(last_outcome()->verdicts[0].kind, TH_VERDICT_DUPLICATE);
    cr_assert(equal(first, last_outcome()->receipts[0]));
    cr_assert_str_eq(story, "BXS");
}

Test(driver, two_reports_of_one_submission_share_one_receipt)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5, .with_year = true}), 0);
    const struct th_outcome *outcome = last_outcome();
    cr_assert_eq(outcome->verdicts_count, 2);
    cr_assert_eq(outcome->receipts_count, 1);
    cr_assert_eq(outcome->verdicts[0].receipt, 0);
    cr_assert_eq(outcome->verdicts[1].receipt, 0);
}

Test(driver, a_submission_with_one_new_report_gets_the_old_receipt_beside_its_own)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    struct th_bytes first = last_outcome()->receipts[0];
    cr_assert_eq(submit((struct th_paper){.figure = 5, .with_year = true, .nonce = 1}), 0);
    const struct th_outcome *outcome = last_outcome();
    cr_assert_eq(outcome->verdicts[0].kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(outcome->verdicts[1].kind, TH_VERDICT_ACCEPTED);
    cr_assert_not(outcome->verdicts[1].has_next_revision);
    cr_assert_eq(outcome->receipts_count, 2);
    cr_assert(equal(first, outcome->receipts[outcome->verdicts[0].receipt]));
}

Test(driver, the_receipt_is_the_same_after_a_restart)
{
    struct th_paper paper = {.figure = 5};
    cr_assert_eq(submit(paper), 0);
    struct th_bytes first = last_outcome()->receipts[0];
    close_driver();
    open_driver();
    cr_assert_eq(submit(paper), 0);
    cr_assert_eq(last_outcome()->verdicts[0].kind, TH_VERDICT_DUPLICATE);
    cr_assert(equal(first, last_outcome()->receipts[0]));
}

Test(driver, a_corrected_report_is_known_after_a_restart)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    cr_assert_eq(submit((struct th_paper){.figure = 6, .revision = 2}), 0);
    close_driver();
    open_driver();
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    cr_assert_eq(last_outcome()->verdicts[0].kind, TH_VERDICT_DUPLICATE);
    cr_assert_eq(submit((struct th_paper){.figure = 7, .revision = 3}), 0);
    cr_assert_eq(last_outcome()->verdicts[0].kind, TH_VERDICT_ACCEPTED);
}

Test(driver, another_report_under_the_same_revision_is_a_signed_conflict)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    cr_assert_eq(submit((struct th_paper){.figure = 6}), 0);
    const struct th_outcome *outcome = last_outcome();
    cr_assert_eq(outcome->verdicts[0].kind, TH_VERDICT_CONFLICT);
    cr_assert(outcome->verdicts[0].has_stored_digest);
    cr_assert_eq(outcome->verdicts[0].next_revision, 2);
    cr_assert_eq(outcome->receipts_count, 0);
    struct th_note note;
    cr_assert_eq(th_tlog_note_verify((const char *)outcome->refusal.bytes, outcome->refusal.size,
                                     &signer.vkey, 1, &note),
                 0);
    const char head[] = "tonghop refusal v1\n" TH_PROVINCE_REALM "\n";
    cr_assert_eq(memcmp(note.text, head, sizeof head - 1), 0);
}

Test(driver, a_refusal_names_each_report_with_its_rules)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5, .revision = 3}), 0);
    const struct th_outcome *outcome = last_outcome();
    cr_assert_eq(outcome->verdicts[0].kind, TH_VERDICT_REJECTED);
    cr_assert_not_null(
        memmem(outcome->refusal.bytes, outcome->refusal.size, " rejected revision_gap\n", 23));
    struct th_log_keys keys;
    struct th_refusal refusal;
    th_log_keys_begin(&signer.vkey, &keys);
    cr_assert_eq(th_refusal_open(outcome->refusal, &keys, &arena, &refusal), 0);
    cr_assert(th_refusal_says(&refusal, outcome), "what a node looks at");
}

Test(driver, books_are_loaded_once)
{
    cr_assert_eq(submit((struct th_paper){.figure = 4}), 0);
    cr_assert_eq(books_read, 0, "the books of a new plan are open");
    close_driver();
    open_driver();
    cr_assert_eq(submit((struct th_paper){.figure = 5, .revision = 2}), 0);
    cr_assert_gt(books_read, 0);
    books_read = 0;
    cr_assert_eq(submit((struct th_paper){.figure = 6, .revision = 3}), 0);
    cr_assert_eq(books_read, 0);
}

/* ---- hello ---- */

Test(driver, a_hello_is_welcomed_and_told_the_plans_and_units_it_lacks)
{
    say_hello(officer.unit, officer.unit, NULL, 0);
    cr_assert_eq(answers[0].kind, TH_TO_NODE_WELCOME);
    cr_assert_eq(answers[0].request, 9);
    cr_assert_eq(answers[0].body.welcome.mode, TH_MODE_REHEARSAL);
    cr_assert_eq(answers[0].body.welcome.now.ms, may_day.wall.ms);
    cr_assert_eq(answers[0].body.welcome.size, 4);
    cr_assert_eq(answers_count, 3);
    cr_assert_eq(answers[1].body.announcement.kind, TH_ANNOUNCEMENT_UNITS);
    cr_assert(equal(answers[1].body.announcement.content, province.units));
    cr_assert_eq(answers[2].body.announcement.kind, TH_ANNOUNCEMENT_PLAN);
    cr_assert(equal(answers[2].body.announcement.content, province.plan));
}

Test(driver, a_node_that_knows_the_plan_is_not_told_again)
{
    say_hello(officer.unit, officer.unit, &province.plan_digest, 1);
    cr_assert_eq(answers_count, 2);
}

Test(driver, a_hello_in_the_name_of_another_unit_is_refused)
{
    say_hello(th_province_commune(&province, 1), officer.unit, NULL, 0);
    cr_assert_eq(answers_count, 1);
    cr_assert_eq(answers[0].kind, TH_TO_NODE_FAILURE);
}

Test(driver, a_unit_that_has_not_reported_is_reminded_when_it_says_hello)
{
    struct th_act act = {.kind = TH_ACT_SET_CLOCK,
                         .operator= {"tester", 6},
                         .to = {province.half_year->due.ms + 1000}};
    run_acts(&act, 1);
    forget();
    say_hello(officer.unit, officer.unit, &province.plan_digest, 1);
    bool is_reminded = false;
    for (size_t i = 0; i < answers_count; i++) {
        if (answers[i].kind != TH_TO_NODE_REMINDER)
            continue;
        is_reminded = true;
        struct th_text text = answers[i].body.reminder.text;
        const char *last = "chậm nhất 23:59:59 ngày";
        cr_expect_not_null(memmem(text.bytes, text.size, last, strlen(last)), "%.*s",
                           (int)text.size, text.bytes);
    }
    cr_assert(is_reminded);
}

Test(driver, a_clock_that_passes_a_due_instant_closes_and_says_so)
{
    cr_assert_eq(submit((struct th_paper){.figure = 5}), 0);
    forget();
    struct th_act act = {.kind = TH_ACT_SET_CLOCK,
                         .operator= {"tester", 6},
                         .to = {province.half_year->due.ms + 1000}};
    run_acts(&act, 1);
    cr_assert(strchr(story, 'T') > strchr(story, 'D'), "%s", story);
    cr_assert_eq(th_driver_time(driver, may_day).ms, act.to.ms);
}
