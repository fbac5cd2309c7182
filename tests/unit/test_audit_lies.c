/* SPDX-License-Identifier: Apache-2.0 */
/* What an insider with the log's key can write so that every hash fits, and that is found all the
 * same: by signatures, by judgements, by folding the journal. */
#define _GNU_SOURCE /* memmem */
#include "tests/support/liar.h"

#include "proto/wire/journal.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* The entries after founding, units and plan: ten keys, then what set_up() sends. */
enum { AT_KEYS = 3, AT_A1 = 13, AT_A1_AGAIN, AT_A2, AT_B1, AT_REVOKED, AT_END };

static struct ledger ledger;
static struct liar liar;
static json_t *answer;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 7));
    ledger_pass(&ledger, 60000);
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 9));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 11));
    ledger_pass(&ledger, 60000);
    cr_assert_eq(ledger_act(&ledger, (struct th_act){.kind = TH_ACT_REVOKE,
                                                     .unit = th_text_of("b3"),
                                                     .sign_key = ledger.keys[L_B3]}),
                 0);
    cr_assert_eq(ledger_size(&ledger), AT_END);
    ledger_tick_at(&ledger, ledger.half_due);
}

static void tear_down(void)
{
    json_decref(answer);
    answer = NULL;
    ledger_close(&ledger);
}

TestSuite(audit_lies, .init = set_up, .fini = tear_down, .timeout = 60);

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

/* The lie is found, first at this position (-1: it has none), and as this kind too. */
static void expect(const char *kind, int position)
{
    char path[64], wanted[16];
    cr_assert_eq(verify(), EX_DATAERR, "%s", audit_out);
    (void)snprintf(path, sizeof path, "problems/counts/%s", kind);
    cr_expect_str_neq(ledger_at(answer, path), "", "%s", audit_out);
    (void)snprintf(wanted, sizeof wanted, "%d", position);
    cr_expect_str_eq(ledger_at(answer, "problems/first/position"), position < 0 ? "null" : wanted,
                     "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "holds"), "false");
}

static void sign_and_end(void)
{
    liar_sign(&liar);
    liar_end(&liar);
}

Test(audit_lies, a_store_that_was_signed_again_as_it_was_holds)
{
    liar_begin(&liar, &ledger);
    for (uint64_t position = 0; position < AT_END; position++) {
        struct liar_entry entry = liar_take(&liar, position);
        liar_give(&liar, position, &entry);
    }
    sign_and_end();
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_assert_str_eq(ledger_at(answer, "holds"), "true");
}

/* ---- who signed ---- */

/* The only bytes of this value in the body. */
static struct th_bytes with_other_bytes(struct th_bytes body, const void *old, const void *new,
                                        size_t size)
{
    uint8_t *copy = th_arena_alloc(&ledger.arena, body.size);
    unsigned found = 0;
    memcpy(copy, body.bytes, body.size);
    for (size_t at = 0; at + size <= body.size; at++)
        if (memcmp(body.bytes + at, old, size) == 0) {
            memcpy(copy + at, new, size);
            found++;
        }
    cr_assert_geq(found, 1);
    return (struct th_bytes){copy, body.size};
}

static void change_body(uint64_t position, const void *old, const void *new, size_t size)
{
    struct liar_entry entry = liar_take(&liar, position);
    entry.stored.body = with_other_bytes(entry.stored.body, old, new, size);
    liar_give(&liar, position, &entry);
}

Test(audit_lies, a_figure_that_was_changed_in_a_submission_has_no_signature)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    uint8_t *body = th_arena_alloc(&ledger.arena, entry.stored.body.size);
    memcpy(body, entry.stored.body.bytes, entry.stored.body.size);
    unsigned changed = 0;
    for (size_t at = 0; at + 1 < entry.stored.body.size && changed == 0; at++)
        if (body[entry.stored.body.size - 1 - at] == 18) { /* 9 as a zigzag */
            body[entry.stored.body.size - 1 - at] = 20;
            changed++;
        }
    cr_assert_eq(changed, 1);
    entry.stored.body.bytes = body;
    liar_give(&liar, AT_A2, &entry);
    sign_and_end();
    expect("submission", AT_A2);
}

Test(audit_lies, a_submission_by_a_key_that_was_never_enrolled)
{
    uint8_t other[32];
    memset(other, 7, sizeof other);
    liar_begin(&liar, &ledger);
    change_body(AT_KEYS + L_A1, ledger.keys[L_A1].bytes, other, sizeof other);
    sign_and_end();
    expect("submission", AT_KEYS + L_A1);
    cr_expect_str_neq(ledger_at(answer, "problems/counts/enrolment"), "", "the file node.pub too");
    cr_expect_str_eq(ledger_at(answer, "problems/counts/submission"), "2");
}

Test(audit_lies, a_key_that_was_enrolled_for_another_unit)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_KEYS + L_A1);
    entry.stored.body = with_other_bytes(entry.stored.body,
                                         "\x02"
                                         "a1",
                                         "\x02"
                                         "a3",
                                         3);
    entry.leaf.unit = th_text_of("a3");
    liar_give(&liar, AT_KEYS + L_A1, &entry);
    sign_and_end();
    expect("submission", AT_KEYS + L_A1);
    cr_expect_str_neq(ledger_at(answer, "problems/counts/enrolment"), "");
}

Test(audit_lies, a_submission_that_came_after_the_key_was_revoked)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1); /* its place */
    const struct th_revocation revocation = {.unit = th_text_of("b1"),
                                             .sign_key = ledger.keys[L_B1],
                                             .operator= th_text_of("x"),
                                             .effective = entry.stored.time};
    entry.stored.kind = entry.leaf.kind = TH_ENTRY_REVOKED;
    entry.stored.decision.size = 0;
    entry.judgements = NULL;
    cr_assert_eq(th_wire_revocation_encode(&revocation, &ledger.arena, &entry.stored.body), 0);
    entry.leaf = (struct th_leaf){.position = AT_A1,
                                  .kind = TH_ENTRY_REVOKED,
                                  .time = entry.stored.time,
                                  .clock = TH_CLOCK_STEADY,
                                  .mode = TH_MODE_LIVE,
                                  .unit = revocation.unit};
    liar_give(&liar, AT_A1, &entry);
    sign_and_end();
    expect("submission", AT_A1_AGAIN); /* where the fold misses the first revision */
    cr_expect_not_null(strstr(audit_out, "đã bị thu hồi"), "%s", audit_out);
}

/* ---- enrolments, founding ---- */

Test(audit_lies, an_enrolment_without_the_units_own_file)
{
    liar_begin(&liar, &ledger);
    change_body(AT_KEYS + L_B2, "node: tonghop", "note: tonghop", 13);
    sign_and_end();
    expect("enrolment", AT_KEYS + L_B2);
}

Test(audit_lies, an_enrolment_with_a_file_for_another_place)
{
    liar_begin(&liar, &ledger);
    change_body(AT_KEYS + L_B2, "realm: \"tonghop/64\"", "realm: \"tonghop/65\"", 19);
    sign_and_end();
    expect("enrolment", AT_KEYS + L_B2);
}

Test(audit_lies, an_enrolment_with_a_signature_of_somebody_else)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_KEYS + L_B2);
    char *text = (char *)(uintptr_t)entry.stored.body.bytes;
    char *at = memmem(text, entry.stored.body.size, "signature: \"", 12);
    cr_assert_not_null(at);
    at[20] = at[20] == 'A' ? 'B' : 'A';
    liar_give(&liar, AT_KEYS + L_B2, &entry);
    sign_and_end();
    expect("enrolment", AT_KEYS + L_B2);
}

Test(audit_lies, a_founding_of_another_store)
{
    uint8_t other[16] = {1};
    liar_begin(&liar, &ledger);
    struct th_bytes id = liar_get(&liar, th_schema_key_meta(TH_META_IDENTITY));
    change_body(0, id.bytes + 1, other, sizeof other);
    sign_and_end();
    expect("folder", 0);
}

/* ---- what was decided ---- */

Test(audit_lies, a_due_instant_that_the_plan_does_not_say)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    entry.judgements[0].due.ms += 3600000;
    liar_give(&liar, AT_A2, &entry);
    sign_and_end();
    expect("judgement", AT_A2);
}

Test(audit_lies, no_due_instant_where_the_plan_has_one)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    entry.judgements[0].has_due = false;
    entry.judgements[0].due.ms = 0;
    entry.judgements[0].timeliness = TH_TIMELINESS_UNDATED;
    liar_give(&liar, AT_A2, &entry);
    sign_and_end();
    expect("judgement", AT_A2);
}

Test(audit_lies, late_for_what_came_in_time)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    entry.judgements[0].timeliness = TH_TIMELINESS_LATE;
    liar_give(&liar, AT_A2, &entry);
    sign_and_end();
    expect("judgement", AT_A2);
}

Test(audit_lies, late_for_a_correction_of_what_came_in_time)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1_AGAIN);
    entry.judgements[0].timeliness = TH_TIMELINESS_LATE;
    liar_give(&liar, AT_A1_AGAIN, &entry);
    sign_and_end();
    expect("judgement", AT_A1_AGAIN);
    cr_expect_str_neq(ledger_at(answer, "problems/counts/fold"), "");
}

Test(audit_lies, another_instant_of_first_receipt)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    entry.judgements[0].first_received.ms -= 1000;
    liar_give(&liar, AT_A2, &entry);
    sign_and_end();
    expect("judgement", AT_A2);
}

Test(audit_lies, a_report_that_was_received_and_is_said_to_be_refused)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A1);
    struct th_judgement refused = entry.judgements[0];
    entry.judgements[0] = (struct th_judgement){.obligation = refused.obligation,
                                                .revision = refused.revision,
                                                .report_digest = refused.report_digest,
                                                .verdict = TH_VERDICT_REJECTED};
    liar_give(&liar, AT_A1, &entry);
    sign_and_end();
    expect("fold", AT_A1);
}

Test(audit_lies, a_time_that_goes_back)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    entry.stored.time.ms -= 3600000;
    entry.leaf.time = entry.stored.time;
    entry.judgements[0].first_received = entry.stored.time;
    liar_give(&liar, AT_A2, &entry);
    sign_and_end();
    expect("time", AT_A2);
}

/* ---- the leaf says another thing than the entry ---- */

static void expect_leaf(struct th_leaf leaf, const char *what)
{
    liar_give_leaf(&liar, AT_A2, &leaf);
    sign_and_end();
    expect("leaf", AT_A2);
    cr_expect_not_null(strstr(audit_out, what), "%s: %s", what, audit_out);
}

#define LEAF_LIE(name, change, what)                                                               \
    Test(audit_lies, name)                                                                         \
    {                                                                                              \
        liar_begin(&liar, &ledger);                                                                \
        struct liar_entry entry = liar_take(&liar, AT_A2);                                         \
        struct th_leaf leaf = entry.leaf;                                                          \
        change;                                                                                    \
        expect_leaf(leaf, "bản ghi: " what);                                                       \
    }

LEAF_LIE(a_leaf_of_another_position, leaf.position++, "vị trí")
LEAF_LIE(a_leaf_of_another_kind, leaf.kind = TH_ENTRY_REVOKED, "loại bản ghi")
LEAF_LIE(a_leaf_of_another_time, leaf.time.ms++, "thời gian")
LEAF_LIE(a_leaf_of_another_clock, leaf.clock = TH_CLOCK_SUSPECT, "trạng thái đồng hồ")
LEAF_LIE(a_leaf_of_another_mode, leaf.mode = TH_MODE_REHEARSAL, "kiểu của kho")
LEAF_LIE(a_leaf_of_another_unit, leaf.unit = th_text_of("a3"), "đơn vị")
LEAF_LIE(a_leaf_of_another_entry, leaf.entry_digest.bytes[3] ^= 1, "mã băm của bản ghi")
LEAF_LIE(a_leaf_of_another_header, leaf.header_digest.bytes[3] ^= 1, "mã băm của báo cáo gửi lên")
LEAF_LIE(a_leaf_without_a_header, leaf.has_header_digest = false, "mã băm của báo cáo gửi lên")
LEAF_LIE(a_leaf_with_another_judgement, entry.judgements[0].timeliness = TH_TIMELINESS_LATE,
         "phán định")
LEAF_LIE(a_leaf_without_judgements, leaf.judgements_count = 0, "phán định")

Test(audit_lies, a_leaf_that_is_none)
{
    liar_begin(&liar, &ledger);
    liar_put_leaf(&liar, AT_A2, "leaf", 4);
    sign_and_end();
    expect("leaf", AT_A2);
}

Test(audit_lies, an_entry_that_its_leaf_does_not_name)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_A2);
    struct th_leaf leaf = entry.leaf;
    entry.stored.boottime_ms++;
    liar_give(&liar, AT_A2, &entry);
    liar_give_leaf(&liar, AT_A2, &leaf);
    sign_and_end();
    expect("leaf", AT_A2);
}

Test(audit_lies, a_body_that_does_not_decode)
{
    liar_begin(&liar, &ledger);
    struct liar_entry entry = liar_take(&liar, AT_REVOKED);
    entry.stored.body.size--;
    liar_give(&liar, AT_REVOKED, &entry);
    sign_and_end();
    expect("entry", AT_REVOKED);
}

/* ---- tables ---- */

/* The first row of each table of the state: changed, missing, and one that is too many. */
static const enum th_table tables[] = {TH_TABLE_UNIT,   TH_TABLE_PLAN,   TH_TABLE_KEY,
                                       TH_TABLE_MARK,   TH_TABLE_REPORT, TH_TABLE_REVISION,
                                       TH_TABLE_ROLLUP, TH_TABLE_CLOSING};

struct first {
    struct th_schema_key key;
    struct th_bytes content;
};

static struct first first_row(enum th_table table)
{
    struct th_schema_key from = th_schema_key_table(table);
    struct th_bytes key, content;
    struct first first;
    cr_assert_eq(th_txn_seek(&liar.txn, &from, &key, &content), 0, "table %d", (int)table);
    memcpy(first.key.bytes, key.bytes, key.size);
    first.key.size = key.size;
    first.content.bytes = th_arena_alloc(&ledger.arena, content.size);
    memcpy((uint8_t *)(uintptr_t)first.content.bytes, content.bytes, content.size);
    first.content.size = content.size;
    return first;
}

static void expect_table(unsigned faults)
{
    char wanted[16];
    expect("table", -1);
    (void)snprintf(wanted, sizeof wanted, "%u", faults);
    cr_expect_str_eq(ledger_at(answer, "problems/total"), wanted, "%s", audit_out);
}

Test(audit_lies, every_table_is_compared)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        liar_begin(&liar, &ledger);
        struct first first = first_row(tables[i]);
        uint8_t *changed = th_arena_alloc(&ledger.arena, first.content.size);
        memcpy(changed, first.content.bytes, first.content.size);
        changed[first.content.size - 1] ^= 1;
        liar_put(&liar, first.key, changed, first.content.size);
        liar_end(&liar);
        expect_table(1);

        liar_begin(&liar, &ledger);
        liar_remove(&liar, first.key);
        liar_end(&liar);
        expect_table(1);

        liar_begin(&liar, &ledger);
        liar_put(&liar, first.key, first.content.bytes, first.content.size);
        struct th_schema_key more = first.key;
        more.bytes[more.size - 1] ^= 0x40;
        liar_put(&liar, more, first.content.bytes, first.content.size);
        liar_end(&liar);
        expect_table(1);

        liar_begin(&liar, &ledger);
        liar_remove(&liar, more);
        liar_end(&liar);
    }
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
}

Test(audit_lies, the_clock_is_compared_in_what_the_journal_gives)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_CLOCK);
    liar_begin(&liar, &ledger);
    struct th_bytes content = liar_get(&liar, key);
    uint8_t *bytes = (uint8_t *)(uintptr_t)content.bytes;
    bytes[16] ^= 1; /* the pair of clocks that was compared last is not in the journal */
    liar_put(&liar, key, bytes, content.size);
    liar_end(&liar);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    liar_begin(&liar, &ledger);
    bytes[7] ^= 1;
    liar_put(&liar, key, bytes, content.size);
    liar_end(&liar);
    expect_table(1);
}

Test(audit_lies, a_recovery_that_never_began)
{
    const uint8_t content[9] = {1, 0, 0, 0, 0, 0, 0, 0, 3};
    liar_begin(&liar, &ledger);
    liar_put(&liar, th_schema_key_meta(TH_META_RECOVERY), content, sizeof content);
    liar_end(&liar);
    expect_table(1);
}
