/* SPDX-License-Identifier: Apache-2.0 */
/* A journal folded anew answers as the store did, at every position; and what does not fold. */
#include "tests/support/liar.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { AT_A1 = 13 };

static struct ledger ledger;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 7));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send_a(&ledger, L_SNV, 1, 9));
    ledger_jump(&ledger, -INT64_C(7200000));
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 3)); /* undecided */
    ledger_pass(&ledger, INT64_C(7300000));
    cr_assert_eq(ledger_act(&ledger, (struct th_act){.kind = TH_ACT_ACCEPT_CLOCK}), 0);
    ledger_tick_at(&ledger, ledger.half_due);
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send_a(&ledger, L_B2, 1, 4)); /* late */
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(audit_fold, .init = set_up, .fini = tear_down, .timeout = 100);

static json_t *replay(const char *option, const char *value)
{
    const char *words[] = {"replay", ledger.folder, "--json", "--obligation",
                           "HALF",   option,        value,    NULL};
    json_error_t error;
    cr_assert_eq(audit_run(th_audit_replay, words), EX_OK, "%s", audit_err);
    json_t *answer = json_loads(audit_out, 0, &error);
    cr_assert_not_null(answer);
    return answer;
}

static void expect_same(const json_t *replayed, enum th_query_what what, th_instant as_of)
{
    struct th_query query = ledger_query(what, LEDGER_HALF);
    query.has_as_of = true;
    query.as_of = as_of;
    json_t *live = ledger_ask(&ledger, query);
    cr_expect(json_equal(replayed, live), "as of %lld", (long long)as_of.ms);
    json_decref(live);
}

/* In one step the clock settles, which judges the report, and the report is superseded. */
Test(audit_fold, a_correction_that_finds_the_clock_right_supersedes_what_was_judged)
{
    ledger_jump(&ledger, INT64_C(7200000));
    cr_assert(ledger_send_a(&ledger, L_B3, 1, 3));
    cr_assert(ledger_send_a(&ledger, L_A3, 1, 6));
    ledger_jump(&ledger, -INT64_C(7200000));
    ledger_pass(&ledger, 1000);
    const uint64_t size = ledger_size(&ledger);
    cr_assert(ledger_send_a(&ledger, L_B3, 2, 8));
    cr_assert_eq(ledger_size(&ledger), size + 2);
    json_t *standing = ledger_ask(&ledger, ledger_query(TH_QUERY_STANDING, LEDGER_HALF));
    cr_expect_str_eq(ledger_at(standing, "counts/undecided"), "0");
    cr_expect_str_eq(ledger_at(standing, "counts/late"), "3");
    json_decref(standing);
    cr_expect_eq(AUDIT_RUN(th_audit_verify, "verify", ledger.folder), EX_OK, "%s", audit_out);
}

static void expect_every_moment(void)
{
    uint64_t size = ledger_size(&ledger);
    struct th_view *view;
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    for (uint64_t position = 2; position < size; position++) {
        struct th_stored_entry entry;
        char text[TH_INSTANT_TEXT_SIZE];
        cr_assert_eq(th_view_entry(view, position, &entry), 0);
        th_instant time = entry.time;
        json_t *answer = replay("--as-of", th_instant_format(time, text));
        expect_same(json_object_get(answer, "standing"), TH_QUERY_STANDING, time);
        expect_same(json_object_get(answer, "rollup"), TH_QUERY_ROLLUP, time);
        json_decref(answer);
    }
    th_view_close(view);
}

Test(audit_fold, every_moment_is_answered_as_the_store_answers)
{
    expect_every_moment();
}

/* The rows as they were at the due instant are found in the tables that are folded. */
Test(audit_fold, a_closing_that_waited_for_the_clock_is_folded_at_every_moment)
{
    const th_instant due = th_day_start(th_day_of_date((struct th_civil_date){2025, 10, 15}));
    struct ledger_report report = {.unit = L_A1, .obligation = LEDGER_YEAR, .revision = 1};
    report.has[L_A] = true;
    report.values[L_A] = 5;
    cr_assert(ledger_send(&ledger, report));
    ledger_tick_at(&ledger, (th_instant){due.ms - 3600000});
    ledger_jump(&ledger, -INT64_C(7200000));
    ledger_tick(&ledger);
    ledger_pass(&ledger, INT64_C(7200000)); /* past the due instant, which nobody knows */
    report.revision = 2;
    report.values[L_A] = 6;
    cr_assert(ledger_send(&ledger, report));
    ledger_jump(&ledger, INT64_C(7200000));
    ledger_tick(&ledger);
    cr_assert(
        th_core_book_is_closed(th_driver_core(ledger.driver), (struct th_book_id){0, LEDGER_YEAR}));
    expect_every_moment();
}

Test(audit_fold, the_end_is_the_store_byte_for_byte)
{
    json_t *answer = replay(NULL, NULL);
    struct th_query query = ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF);
    cr_expect_str_eq(ledger_at(answer, "compared/same"), "true");
    cr_expect_str_neq(ledger_at(answer, "compared/rollups"), "0");
    json_t *live = ledger_ask_at(&ledger, query, ledger_time(&ledger));
    cr_expect(json_equal(json_object_get(answer, "rollup"), live), "the rollups' rows");
    json_decref(live);
    json_decref(answer);
}

Test(audit_fold, a_rollup_that_was_changed_is_named)
{
    struct liar liar;
    struct th_schema_key from = th_schema_key_table(TH_TABLE_ROLLUP), key;
    struct th_bytes found, content;
    liar_begin(&liar, &ledger);
    cr_assert_eq(th_txn_seek(&liar.txn, &from, &found, &content), 0);
    memcpy(key.bytes, found.bytes, found.size);
    key.size = found.size;
    struct th_bytes copy = liar_get(&liar, key);
    ((uint8_t *)(uintptr_t)copy.bytes)[1] ^= 1;
    liar_put(&liar, key, copy.bytes, copy.size);
    liar_end(&liar);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder), EX_DATAERR);
    cr_expect_not_null(strstr(audit_out, "bảng tổng hợp"), "%s", audit_out);
}

Test(audit_fold, the_first_entry_that_does_not_fold_is_named)
{
    struct liar liar;
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1 + 1);
    entry.judgements[0].first_received.ms -= 1000;
    liar_give(&liar, AT_A1 + 1, &entry);
    liar_sign(&liar);
    liar_end(&liar);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "bản ghi số 14"), "%s", audit_err);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--position", "14"), EX_OK);
}

Test(audit_fold, a_replica_that_is_kept_is_a_store_to_read)
{
    const char *kept = audit_path(ledger.folder, "kept");
    uint64_t size = ledger_size(&ledger);
    struct th_store *store;
    struct th_view *view;
    uint64_t found;
    struct th_bytes note;
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--out", kept), EX_OK, "%s",
                 audit_err);
    cr_assert_eq(th_store_open(kept, TH_STORE_READ, NULL, NULL, &store), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_expect_eq(th_view_size(view), size);
    for (uint64_t at = 1; at <= size; at++) /* every checkpoint as it was signed */
        cr_expect_eq(th_view_checkpoint(view, at, &found, &note), 0);
    th_view_close(view);
    th_store_close(store);
    cr_expect_eq(th_store_open(kept, TH_STORE_WRITE, NULL, NULL, &store), TH_E_FORBIDDEN);
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify", kept), EX_OK, "%s", audit_out);
    cr_expect_neq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--out", kept), EX_OK);
    cr_assert_eq(access(audit_path(kept, "data.mdb"), F_OK), 0, "what was there stays");
}

Test(audit_fold, what_cannot_be_asked_leaves_no_folder)
{
    const char *kept = audit_path(ledger.folder, "kept");
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--position", "1", "--as-of",
                           "2025-05-10"),
                 EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--as-of", "hôm qua"),
                 EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--position", "-1"), EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--position", "0"),
                 th_status_exit_code(TH_E_RANGE));
    cr_expect_eq(
        AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--position", "999", "--out", kept),
        th_status_exit_code(TH_E_RANGE));
    cr_expect_neq(access(kept, F_OK), 0);
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--as-of", "2024-01-01"),
                 th_status_exit_code(TH_E_RANGE));
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--as-of", "2100-01-01"),
                 th_status_exit_code(TH_E_RANGE));
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--out", kept, "--plan", "x"),
                 EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--out", kept, "--plan", "x",
                           "--period", "2025-H1"),
                 th_status_exit_code(TH_E_NOT_FOUND));
}
