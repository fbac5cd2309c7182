/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator entered for a unit: as it is stored, asked for, replayed, proven, lied about. */
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "proto/wire/submission.h"
#include "tests/support/liar.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* The entries after founding, units, plan and ten keys. */
enum { AT_A1 = 13, AT_A1_OWN, AT_A2, AT_A2_PAPER, AT_B1, AT_END };

static struct ledger ledger;
static struct liar liar;
static json_t *answer;

static struct ledger_report figure(enum ledger_unit unit, uint32_t revision, int64_t a)
{
    struct ledger_report report = {.unit = unit, .revision = revision};
    report.has[L_A] = true;
    report.values[L_A] = a;
    return report;
}

/* a1: entered, then corrected by itself; a2: by itself, then corrected from paper; b1: entered. */
static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_enter(&ledger, figure(L_A1, 1, 5)));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send(&ledger, figure(L_A1, 2, 7)));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send(&ledger, figure(L_A2, 1, 9)));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_enter(&ledger, figure(L_A2, 2, 10)));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_enter(&ledger, figure(L_B1, 1, 11)));
    cr_assert_eq(ledger_size(&ledger), AT_END);
    ledger_tick_at(&ledger, ledger.half_due);
}

static void tear_down(void)
{
    json_decref(answer);
    answer = NULL;
    ledger_close(&ledger);
}

TestSuite(entered, .init = set_up, .fini = tear_down, .timeout = 60);

static const char *at(const char *path)
{
    return ledger_at(answer, path);
}

static void ask(struct th_query query)
{
    json_decref(answer);
    answer = ledger_ask(&ledger, query);
}

static struct th_query of(enum th_query_what what, const char *unit)
{
    struct th_query query = ledger_query(what, LEDGER_HALF);
    if (unit != NULL)
        query.unit = th_text_of(unit);
    return query;
}

/* ---- the driver ---- */

Test(entered, what_is_there_or_breaks_a_rule_is_not_entered)
{
    uint64_t before = ledger_size(&ledger);
    cr_expect_not(ledger_enter(&ledger, figure(L_B1, 1, 11)), "the same again");
    cr_expect_not(ledger_enter(&ledger, figure(L_B1, 1, 12)), "another one");
    cr_expect_not(ledger_enter(&ledger, figure(L_B1, 3, 12)), "a gap");
    cr_expect_not(ledger_enter(&ledger, figure(L_622, 1, 12)), "who is not asked");
    cr_expect_not(ledger_enter(&ledger, figure(L_B2, 1, -1)), "what cannot be");
    cr_assert_eq(ledger_size(&ledger), before);
}

Test(entered, an_act_that_names_another_person_or_has_no_report_is_refused)
{
    struct th_entering entering = {.operator= th_text_of("Nguyễn Thị Hoa"),
                                   .plan_digest = ledger.plan_digest,
                                   .report = {(const uint8_t *)"?", 1}};
    struct th_act act = {.kind = TH_ACT_ENTER, .content = {(const uint8_t *)"?", 1}};
    cr_expect_lt(ledger_act(&ledger, act), 0);
    cr_assert_eq(th_wire_entering_encode(&entering, &ledger.arena, &act.content), 0);
    cr_expect_lt(ledger_act(&ledger, act), 0, "no report");
    struct liar_entry stored;
    liar_begin(&liar, &ledger);
    stored = liar_take(&liar, AT_A1);
    liar_end(&liar);
    ledger_restart(&ledger);
    act.content = stored.stored.body;
    cr_expect_eq(ledger_act(&ledger, act), TH_E_INVALID, "the ledger's operator did not sign it");
}

/* ---- asking ---- */

Test(entered, standing_page_and_rollup_say_which_were_entered)
{
    ask(of(TH_QUERY_STANDING, "622"));
    cr_expect_str_eq(at("counts/on_behalf"), "1");
    cr_expect_str_eq(at("units/0/unit"), "a1");
    cr_expect_str_eq(at("units/0/on_behalf"), "false");
    cr_expect_str_eq(at("units/1/on_behalf"), "true");
    cr_expect_str_eq(at("units/2/on_behalf"), "", "a3 has not reported");
    ask(of(TH_QUERY_ROLLUP, "64"));
    cr_expect_str_eq(at("counts/on_behalf"), "2");
    cr_expect_str_eq(at("counts/received"), "3");
    ask(of(TH_QUERY_PAGE, "622"));
    cr_expect_str_eq(at("units/0/on_behalf"), "false", "a1, who corrected it");
    cr_expect_str_eq(at("units/1/on_behalf"), "true");
}

Test(entered, a_report_names_who_entered_it_and_its_history_keeps_that)
{
    ask(of(TH_QUERY_REPORT, "a2"));
    cr_expect_str_eq(at("on_behalf/operator"), "Nguyễn Thị Hoa");
    cr_expect_str_eq(at("on_behalf/reference"), "12/BC");
    cr_expect_str_eq(at("revisions/0/on_behalf"), "");
    cr_expect_str_eq(at("revisions/1/on_behalf"), "Nguyễn Thị Hoa");
    ask(of(TH_QUERY_REPORT, "a1"));
    cr_expect_str_eq(at("on_behalf"), "null");
    cr_expect_str_eq(at("superseded/0/on_behalf"), "Nguyễn Thị Hoa");
    struct th_query first = of(TH_QUERY_REPORT, "a1");
    first.revision = 1;
    ask(first);
    cr_expect_str_eq(at("on_behalf/operator"), "Nguyễn Thị Hoa");
    cr_expect_str_eq(at("values/A/value"), "5");
}

Test(entered, as_of_before_the_correction_it_was_entered)
{
    struct th_query query = of(TH_QUERY_STANDING, "622");
    query.has_position = true;
    query.position = AT_A1 + 1;
    ask(query);
    cr_expect_str_eq(at("counts/on_behalf"), "1");
    cr_expect_str_eq(at("units/0/on_behalf"), "true");
    query.position = AT_A2 + 1;
    ask(query);
    cr_expect_str_eq(at("counts/on_behalf"), "0");
    cr_expect_str_eq(at("units/1/on_behalf"), "false");
}

/* ---- checking ---- */

static int verify(void)
{
    json_error_t error;
    ledger_release(&ledger);
    int code = AUDIT_RUN(th_audit_verify, "verify", ledger.folder, "--json");
    json_decref(answer);
    answer = json_loads(audit_out, 0, &error);
    cr_assert_not_null(answer, "%s %s", audit_out, audit_err);
    return code;
}

Test(entered, the_store_holds_and_it_is_told_how_many_were_entered)
{
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_expect_str_eq(at("holds"), "true");
    cr_expect_str_eq(at("checked/on_behalf"), "3");
    cr_expect_str_eq(at("checked/accepted"), "5");
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify", ledger.folder), EX_OK);
    cr_expect_not_null(strstr(audit_out, "3 báo cáo nhập hộ"), "%s", audit_out);
}

Test(entered, every_moment_is_replayed_as_the_store_answers)
{
    static const enum th_query_what whats[] = {TH_QUERY_STANDING, TH_QUERY_ROLLUP};
    static const char *const names[] = {"standing", "rollup"};
    for (uint64_t position = AT_A1; position < AT_END; position++) {
        struct th_view *view;
        struct th_stored_entry entry;
        char text[TH_INSTANT_TEXT_SIZE];
        json_error_t error;
        cr_assert_eq(th_view_open(ledger.store, &view), 0);
        cr_assert_eq(th_view_entry(view, position, &entry), 0);
        const th_instant time = entry.time;
        th_view_close(view);
        cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder, "--json", "--obligation",
                               "HALF", "--as-of", th_instant_format(time, text)),
                     EX_OK, "%s", audit_err);
        json_t *replayed = json_loads(audit_out, 0, &error);
        for (size_t i = 0; i < 2; i++) {
            struct th_query query = ledger_query(whats[i], LEDGER_HALF);
            query.has_as_of = true;
            query.as_of = time;
            ask(query);
            cr_expect(json_equal(json_object_get(replayed, names[i]), answer), "position %d",
                      (int)position);
        }
        json_decref(replayed);
    }
}

Test(entered, the_journal_and_the_differences_tell_it)
{
    cr_assert_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--kind", "entered"), EX_OK);
    cr_expect_not_null(strstr(audit_out, "báo cáo nhập hộ  a1"), "%s", audit_out);
    cr_expect_not_null(strstr(audit_out, "[theo văn bản 12/BC]"), "%s", audit_out);
    cr_expect_not_null(strstr(audit_out, "(người thực hiện: Nguyễn Thị Hoa)"), "%s", audit_out);
    cr_assert_eq(AUDIT_RUN(th_audit_diff, "diff", ledger.folder, "--from", "2025-03-01", "--to",
                           "2025-06-01", "--json"),
                 EX_OK, "%s", audit_err);
    json_error_t error;
    json_decref(answer);
    answer = json_loads(audit_out, 0, &error);
    cr_expect_str_eq(at("holds"), "true");
    cr_expect_not_null(strstr(audit_out, "\"on_behalf\": true"), "%s", audit_out);
}

Test(entered, it_is_proven_that_it_was_entered_and_by_whom)
{
    const char *sentence = "nhập hộ bởi Nguyễn Thị Hoa lúc";
    const char *folder = audit_path(ledger.folder, "ho-so"), *keys;
    char receipt[512], report[512];
    ledger_release(&ledger);
    cr_assert_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", "p-2025/HALF/b1",
                           "--out", folder),
                 EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, sentence), "%s", audit_out);
    cr_expect_not_null(strstr(audit_out, "không có chữ ký của đơn vị"), "%s", audit_out);
    (void)snprintf(receipt, sizeof receipt, "%s/receipt.txt", folder);
    (void)snprintf(report, sizeof report, "%s/report.bin", folder);
    keys = audit_path(folder, "log-keys.yaml");
    cr_assert_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", receipt, "--keys", keys,
                           "--report", report),
                 EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, sentence), "%s", audit_out);
    size_t size;
    char *doc = audit_read(audit_path(folder, "doc.txt"), &size);
    cr_expect_null(strstr(doc, "submission.bin"), "nobody signed one");
    free(doc);
}

Test(entered, a_closing_keeps_how_many_were_entered)
{
    ask(of(TH_QUERY_CLOSINGS, "64"));
    cr_expect_str_eq(at("closings/0/counts/on_behalf"), "2");
}

/* ---- lies ---- */

static void expect(const char *kind, int position)
{
    char path[64], wanted[16];
    cr_assert_eq(verify(), EX_DATAERR, "%s", audit_out);
    (void)snprintf(path, sizeof path, "problems/counts/%s", kind);
    cr_expect_str_neq(at(path), "", "%s", audit_out);
    (void)snprintf(wanted, sizeof wanted, "%d", position);
    cr_expect_str_eq(at("problems/first/position"), position < 0 ? "null" : wanted, "%s",
                     audit_out);
}

static void sign_and_end(void)
{
    liar_sign(&liar);
    liar_end(&liar);
}

Test(entered, entries_that_are_given_back_as_they_were_hold)
{
    liar_begin(&liar, &ledger);
    for (uint64_t position = 0; position < AT_END; position++) {
        struct liar_entry entry = liar_take(&liar, position);
        liar_give(&liar, position, &entry);
    }
    sign_and_end();
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
}

Test(entered, an_entered_report_does_not_pass_for_a_submission)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_B1);
    entry.stored.kind = entry.leaf.kind = TH_ENTRY_SUBMISSION;
    entry.leaf.operator.size = 0;
    liar_give(&liar, AT_B1, &entry);
    sign_and_end();
    expect("entry", AT_B1);
}

/* With a header, and a signature of whom it pleases. */
Test(entered, an_entered_report_with_a_forged_envelope_has_no_signature)
{
    struct th_entering entering;
    struct th_submission submission;
    struct th_bytes head;
    uint8_t signature[TH_SIGNATURE_SIZE];
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_B1);
    cr_assert_eq(th_wire_entering_decode(entry.stored.body, &ledger.arena, &entering), 0);
    cr_assert_eq(th_wire_entered_submission(&entering, &ledger.arena, &submission), 0);
    struct th_submission_header header = submission.header;
    header.mode = TH_MODE_LIVE;
    header.realm = th_text_of("tonghop/64");
    header.prepared = entry.stored.time;
    header.key = ledger.keys[L_B1];
    cr_assert_eq(th_wire_header_encode(&header, &ledger.arena, &head), 0);
    th_wire_header_sign(head, ledger.secrets[L_B2], signature);
    cr_assert_eq(th_wire_submission_encode(head, signature, &entering.report, 1, &ledger.arena,
                                           &entry.stored.body),
                 0);
    entry.stored.kind = entry.leaf.kind = TH_ENTRY_SUBMISSION;
    entry.leaf.operator.size = 0;
    entry.leaf.has_header_digest = true;
    th_tlog_sha256(&(struct th_tlog_part){head.bytes, head.size}, 1, &entry.leaf.header_digest);
    liar_give(&liar, AT_B1, &entry);
    sign_and_end();
    expect("submission", AT_B1);
}

/* The report and its decision stay, its signature goes: the tables know better. */
Test(entered, a_submission_does_not_pass_for_entered)
{
    struct th_submission submission;
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1_OWN);
    cr_assert_eq(th_wire_submission_decode(entry.stored.body, &ledger.arena, &submission), 0);
    const struct th_text raw = submission.reports_raw[0];
    const struct th_entering entering = {.operator= th_text_of("Ai Đó"),
                                         .plan_digest = submission.header.plan_digest,
                                         .report = {(const uint8_t *)raw.bytes, raw.size}};
    cr_assert_eq(th_wire_entering_encode(&entering, &ledger.arena, &entry.stored.body), 0);
    entry.stored.kind = entry.leaf.kind = TH_ENTRY_ENTERED;
    entry.leaf.has_header_digest = false;
    entry.leaf.operator= entering.operator;
    liar_give(&liar, AT_A1_OWN, &entry);
    sign_and_end();
    expect("table", -1);
}

Test(entered, a_leaf_that_names_another_person_is_found)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_B1);
    struct th_leaf leaf = entry.leaf;
    leaf.operator= th_text_of("Nguyễn Thị Hòa");
    liar_give_leaf(&liar, AT_B1, &leaf);
    sign_and_end();
    expect("leaf", AT_B1);
}

Test(entered, a_figure_that_was_changed_is_found)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_B1);
    uint8_t *body = th_arena_alloc(&ledger.arena, entry.stored.body.size);
    memcpy(body, entry.stored.body.bytes, entry.stored.body.size);
    size_t place = entry.stored.body.size - 1;
    while (body[place] != 22) /* 11 as a zigzag */
        place--;
    body[place] = 24;
    entry.stored.body.bytes = body;
    liar_give(&liar, AT_B1, &entry);
    sign_and_end();
    expect("fold", AT_B1);
}

Test(entered, a_mark_that_was_wiped_from_the_row_is_found)
{
    const struct th_book_id book = {0, LEDGER_HALF};
    liar_begin(&liar, &ledger);
    struct th_schema_key key = th_schema_key_row(book, L_B1, 0);
    struct th_row row;
    cr_assert_eq(
        th_schema_row_decode((struct th_bytes){key.bytes, key.size}, liar_get(&liar, key), &row),
        0);
    cr_assert(row.entered);
    row.entered = false;
    struct th_sink sink = {0};
    th_schema_row_encode(&sink, &row);
    liar_put(&liar, key, sink.bytes, sink.size);
    th_sink_deinit(&sink);
    liar_end(&liar);
    expect("table", -1);
}
