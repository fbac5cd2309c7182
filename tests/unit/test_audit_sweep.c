/* SPDX-License-Identifier: Apache-2.0 */
/* A store in one go, by threads: sound is sound whatever their number, and doubtful is never sound.
 */
#include "tests/support/liar.h"

#include "aggregator/audit/verify_parts.h"
#include "aggregator/store/inspect.h"
#include "proto/tlog/hash.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { AT_A1 = 13, REPORTS = 100, FITS = 64, SOUND = 0, DOUBTFUL = 1, FAILED = 2 };

static struct ledger ledger;
static struct liar liar;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    for (uint32_t i = 0; i < REPORTS; i++) {
        ledger_pass(&ledger, 1000);
        cr_assert(ledger_send_a(&ledger, L_A1 + i % 3, 1 + i / 3, 5 + i));
    }
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(audit_sweep, .init = set_up, .fini = tear_down, .timeout = 100);

/* ---- the sweep itself ---- */

static int sweep_in_child(void *context, struct th_reader *reader)
{
    static const struct th_verify_line line = {.scratch = NULL};
    static struct th_verify verify;
    const struct th_sweep_options *options = context;
    bool is_sound = false;
    verify = (struct th_verify){
        .line = &line, .reader = reader, .keys = calloc(1, sizeof *verify.keys), .has_tree = true};
    if (verify.keys == NULL || th_opened_open(reader, &verify.opened) != EX_OK)
        return FAILED;
    th_arena_init(&verify.arena, 65536, 1 << 26);
    th_arena_init(&verify.plans, 65536, 1 << 26);
    int status = th_verify_sweep(&verify, options, &is_sound);
    if (status == 0 && is_sound && options->folds && options->checks_tree) {
        struct th_digest state;
        if (th_view_state_digest(verify.opened.view, &state) != 0 || !verify.has_state ||
            memcmp(&state, &verify.state, sizeof state) != 0)
            status = TH_E_CORRUPT;
    }
    th_shadow_free(verify.shadow);
    th_regrown_deinit(&verify.tree);
    th_verify_people_deinit(&verify.people);
    th_arena_deinit(&verify.arena);
    th_arena_deinit(&verify.plans);
    th_opened_close(&verify.opened);
    free(verify.keys);
    if (status != 0)
        return FAILED;
    return is_sound ? SOUND : DOUBTFUL;
}

static int sweep(struct th_sweep_options options)
{
    const struct th_reader_request request = {
        .command = "verify", .folder = ledger.folder, .out = stdout, .err = stderr};
    return th_reader_run(&request, sweep_in_child, &options);
}

static int sweep_all(unsigned threads)
{
    return sweep((struct th_sweep_options){.threads = threads,
                                           .checks_tree = true,
                                           .checks_people = true,
                                           .checks_notes = true,
                                           .folds = true});
}

Test(audit_sweep, a_sound_store_is_sound_to_any_number_of_threads)
{
    for (unsigned threads = 1; threads <= TH_AHEAD_THREADS_MAX; threads += 3)
        cr_expect_eq(sweep_all(threads), SOUND, "%u", threads);
}

Test(audit_sweep, a_sound_store_is_sound_to_each_part)
{
    const struct th_sweep_options parts[] = {
        {.threads = 2, .checks_tree = true},
        {.threads = 2, .folds = true},
        {.threads = 2, .folds = true, .checks_tree = true},
        {.threads = 2, .checks_tree = true, .checks_notes = true},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        cr_expect_eq(sweep(parts[i]), SOUND, "%zu", i);
}

Test(audit_sweep, closings_reminders_and_a_waited_closing_are_made_again)
{
    ledger_jump(&ledger, INT64_C(-7200000));
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 3)); /* undecided */
    ledger_pass(&ledger, ledger.half_due.ms - ledger.now.wall.ms + 60000);
    cr_assert(ledger_send_a(&ledger, L_A1, 1 + REPORTS, 8) || true);
    cr_assert(ledger_send_a(&ledger, L_B2, 1, 3));
    cr_assert_eq(ledger_act(&ledger, (struct th_act){.kind = TH_ACT_ACCEPT_CLOCK}), 0);
    ledger_pass(&ledger, 1000);
    ledger_tick(&ledger);
    cr_expect_eq(sweep_all(1), SOUND);
    cr_expect_eq(sweep_all(2), SOUND);
}

/* ---- what is doubtful ---- */

/* A first row of a table: changed with a right checksum, taken away, put twice. */
static struct th_schema_key first_of(enum th_table table)
{
    struct th_schema_key prefix = th_schema_key_table(table), first = {.size = 0};
    struct th_bytes key, content;
    cr_assert_eq(th_txn_seek(&liar.txn, &prefix, &key, &content), 0, "%02x", (unsigned)table);
    memcpy(first.bytes, key.bytes, key.size);
    first.size = key.size;
    return first;
}

static void expect_doubtful(enum th_table table, const char *what, bool is_of_tree)
{
    ledger_release(&ledger);
    struct th_sweep_options options = {.threads = 2, .folds = !is_of_tree};
    options.checks_tree = options.checks_notes = is_of_tree;
    cr_expect_eq(sweep_all(2), DOUBTFUL, "%s %02x", what, (unsigned)table);
    cr_expect_eq(sweep(options), DOUBTFUL, "alone: %s %02x", what, (unsigned)table);
}

static void lie_about(enum th_table table, bool is_of_tree)
{
    liar_begin(&liar, &ledger);
    struct th_schema_key key = first_of(table);
    struct th_bytes content = liar_get(&liar, key);
    uint8_t *changed = malloc(content.size + 1);
    cr_assert_not_null(changed);
    memcpy(changed, content.bytes, content.size);
    changed[content.size - 1] ^= 1;
    changed[content.size] = 0;
    liar_put(&liar, key, changed, content.size);
    liar_end(&liar);
    expect_doubtful(table, "changed", is_of_tree);
    liar_begin(&liar, &ledger);
    liar_remove(&liar, key);
    liar_end(&liar);
    expect_doubtful(table, "missing", is_of_tree);
    liar_begin(&liar, &ledger);
    liar_put(&liar, key, content.bytes, content.size);
    struct th_schema_key other = key;
    other.bytes[other.size - 1] ^= 0x40;
    if (table != TH_TABLE_UNIT && table != TH_TABLE_PLAN)
        liar_put(&liar, other, content.bytes, content.size);
    liar_end(&liar);
    if (table != TH_TABLE_UNIT && table != TH_TABLE_PLAN)
        expect_doubtful(table, "extra", is_of_tree);
    free(changed);
}

Test(audit_sweep, a_changed_missing_or_extra_report_is_doubtful)
{
    lie_about(TH_TABLE_REPORT, false);
}

Test(audit_sweep, a_changed_missing_or_extra_revision_is_doubtful)
{
    lie_about(TH_TABLE_REVISION, false);
}

Test(audit_sweep, a_changed_missing_or_extra_rollup_is_doubtful)
{
    lie_about(TH_TABLE_ROLLUP, false);
}

Test(audit_sweep, a_changed_missing_or_extra_key_is_doubtful)
{
    lie_about(TH_TABLE_KEY, false);
}

/* Each byte of a first row, with a right checksum. */
static void lie_about_each_byte(enum th_table table)
{
    uint8_t changed[1024] = {0};
    liar_begin(&liar, &ledger);
    struct th_schema_key key = first_of(table);
    struct th_bytes content = liar_get(&liar, key);
    const size_t size = content.size;
    cr_assert_lt(size, sizeof changed);
    memcpy(changed, content.bytes, size);
    liar_end(&liar);
    for (size_t i = 0; i <= size; i++) { /* at last as it was */
        liar_begin(&liar, &ledger);
        changed[i] ^= 1;
        liar_put(&liar, key, changed, size);
        liar_end(&liar);
        changed[i] ^= 1;
        ledger_release(&ledger);
        cr_expect_eq(sweep((struct th_sweep_options){.threads = 1, .folds = true}),
                     i < size ? DOUBTFUL : SOUND, "%02x: byte %zu", (unsigned)table, i);
    }
}

Test(audit_sweep, each_changed_byte_of_a_report_is_doubtful)
{
    lie_about_each_byte(TH_TABLE_REPORT);
}

Test(audit_sweep, each_changed_byte_of_a_revision_is_doubtful)
{
    lie_about_each_byte(TH_TABLE_REVISION);
}

/* Rollups that are still those of the closing are held against that. */
Test(audit_sweep, a_changed_missing_or_extra_rollup_of_a_closed_obligation_is_doubtful)
{
    ledger_pass(&ledger, ledger.half_due.ms - ledger.now.wall.ms + 60000);
    ledger_tick(&ledger);
    cr_expect_eq(sweep_all(2), SOUND);
    lie_about(TH_TABLE_ROLLUP, false);
}

Test(audit_sweep, a_report_after_the_closing_has_rollups_of_its_own)
{
    ledger_pass(&ledger, ledger.half_due.ms - ledger.now.wall.ms + 60000);
    ledger_tick(&ledger);
    cr_assert(ledger_send_a(&ledger, L_B2, 1, 3));
    cr_expect_eq(sweep_all(2), SOUND);
    lie_about(TH_TABLE_ROLLUP, false);
}

Test(audit_sweep, a_report_that_was_changed_in_the_journal_is_doubtful)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1);
    entry.judgements[0].first_received.ms++;
    liar_give(&liar, AT_A1, &entry);
    liar_sign(&liar);
    liar_end(&liar);
    ledger_release(&ledger);
    cr_expect_eq(sweep_all(2), DOUBTFUL);
    cr_expect_eq(sweep((struct th_sweep_options){.threads = 2, .folds = true}), DOUBTFUL);
}

Test(audit_sweep, a_leaf_that_is_not_of_its_entry_is_doubtful_to_the_tree_alone)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1);
    struct th_leaf leaf = entry.leaf;
    leaf.time.ms++;
    liar_give_leaf(&liar, AT_A1, &leaf);
    liar_sign(&liar);
    liar_end(&liar);
    ledger_release(&ledger);
    cr_expect_eq(sweep((struct th_sweep_options){.threads = 2, .checks_tree = true}), DOUBTFUL);
    cr_expect_eq(sweep((struct th_sweep_options){.threads = 2, .folds = true}), SOUND);
}

/* ---- the commands ---- */

static json_t *ask(audit_command *command, const char *name, const char *option, const char *value)
{
    const char *words[] = {name, ledger.folder, "--json", option, value, NULL};
    json_error_t error;
    cr_assert_eq(audit_run(command, words), EX_OK, "%s", audit_err);
    json_t *answer = json_loads(audit_out, 0, &error);
    cr_assert_not_null(answer);
    return answer;
}

Test(audit_sweep, the_answer_is_the_same_with_any_number_of_threads)
{
    static const struct {
        const char *name;
        audit_command *command;
    } commands[] = {{"verify", th_audit_verify}, {"replay", th_audit_replay}};
    for (size_t i = 0; i < 2; i++) {
        json_t *one = ask(commands[i].command, commands[i].name, "--threads", "1");
        json_t *many = ask(commands[i].command, commands[i].name, "--threads", "7");
        cr_expect(json_equal(one, many), "%s", commands[i].name);
        json_decref(one);
        json_decref(many);
    }
}

Test(audit_sweep, a_replay_without_the_tree_says_so)
{
    json_t *with = ask(th_audit_replay, "replay", "--threads", "2");
    json_t *without = ask(th_audit_replay, "replay", "--without-tree", NULL);
    cr_expect(json_is_null(json_object_get(without, "root")));
    cr_expect(json_is_null(json_object_get(without, "state_digest")));
    cr_expect(json_is_string(json_object_get(with, "root")));
    cr_expect(json_equal(json_object_get(with, "compared"), json_object_get(without, "compared")));
    json_decref(with);
    json_decref(without);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--without-tree"), EX_OK);
    cr_expect_not_null(strstr(audit_out, "Không kiểm cây băm"), "%s", audit_out);
}

Test(audit_sweep, a_number_of_threads_that_is_none_is_refused)
{
    static const char *const bad[] = {"0", "17", "x", "-1", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(AUDIT_RUN(th_audit_verify, "verify", ledger.folder, "--threads", bad[i]),
                     EX_USAGE);
        cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--threads", bad[i]),
                     EX_USAGE);
    }
}

/* ---- reading ahead ---- */

Test(audit_sweep, places_come_in_order_and_the_rest_may_be_left)
{
    uint64_t size = ledger_size(&ledger);
    for (unsigned threads = 1; threads <= 4; threads++)
        for (uint64_t left = 0; left <= size; left += size / 2) {
            struct th_ahead *ahead;
            const struct th_ahead_options options = {.store = ledger.store,
                                                     .from = 3,
                                                     .to = size,
                                                     .threads = threads,
                                                     .checks_tree = true};
            cr_assert_eq(th_ahead_new(&options, &ahead), 0);
            for (uint64_t position = 3; position + left < size; position++) {
                const struct th_ahead_place *place = th_ahead_next(ahead);
                cr_assert_eq(place->position, position);
                cr_assert(place->is_sound);
                cr_expect_eq(place->is_unpacked, position >= AT_A1);
            }
            th_ahead_free(ahead);
        }
}

static void count_call(void *context)
{
    atomic_int *calls = context;
    (void)atomic_fetch_add(calls, 1);
}

Test(audit_sweep, that_nothing_is_left_to_read_is_told_once_before_the_owner_is_through)
{
    uint64_t size = ledger_size(&ledger);
    for (unsigned threads = 1; threads <= 4; threads++) {
        atomic_int calls = 0;
        struct th_ahead *ahead;
        const struct th_ahead_options options = {.store = ledger.store,
                                                 .from = size - FITS,
                                                 .to = size,
                                                 .threads = threads,
                                                 .on_idle = count_call,
                                                 .on_idle_context = &calls};
        cr_assert_eq(th_ahead_new(&options, &ahead), 0);
        cr_assert(th_ahead_next(ahead)->is_sound);
        /* What is left fits into what is read ahead, so it is told although nobody takes it. */
        for (int i = 0; atomic_load(&calls) == 0 && i < 10000; i++)
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        for (uint64_t position = size - FITS + 1; position < size; position++)
            cr_assert(th_ahead_next(ahead)->is_sound);
        th_ahead_free(ahead);
        cr_expect_eq(atomic_load(&calls), 1);
    }
}
