/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/message.h"

#include "proto/tlog/log_keys.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_arena arena;

static void set_up(void)
{
    th_arena_init(&arena, 65536, 32 << 20);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_message, .init = set_up, .fini = tear_down);

#define TH_BYTES(literal) ((struct th_bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static struct th_to_aggregator to_aggregator(struct th_to_aggregator message)
{
    struct th_bytes frame;
    struct th_to_aggregator back;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &arena, &back), 0);
    cr_assert_eq(back.kind, message.kind);
    cr_assert_eq(back.request, message.request);
    return back;
}

static struct th_to_node to_node(struct th_to_node message)
{
    struct th_bytes frame;
    struct th_to_node back;
    cr_assert_eq(th_wire_to_node_encode(&message, &arena, &frame), 0);
    cr_assert_eq(th_wire_to_node_decode(frame, &arena, &back), 0);
    cr_assert_eq(back.kind, message.kind);
    cr_assert_eq(back.request, message.request);
    return back;
}

static int decode_up(struct th_bytes frame)
{
    struct th_to_aggregator message;
    return th_wire_to_aggregator_decode(frame, &arena, &message);
}

static int decode_down(struct th_bytes frame)
{
    struct th_to_node message;
    return th_wire_to_node_decode(frame, &arena, &message);
}

static int pass_down(struct th_to_node message)
{
    struct th_bytes frame;
    cr_assert_eq(th_wire_to_node_encode(&message, &arena, &frame), 0);
    return decode_down(frame);
}

Test(wire_message, hello_comes_back)
{
    const struct th_digest known[] = {th_sample_digest(1), th_sample_digest(2)};
    struct th_to_aggregator back =
        to_aggregator((struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_HELLO,
                                                .request = UINT64_MAX,
                                                .hello = {.unit = TH_TEXT("23734"),
                                                          .known = known,
                                                          .known_count = 2,
                                                          .newest_receipt = TH_BYTES("biên\n")}});
    cr_assert(th_same_text(back.hello.unit, TH_TEXT("23734")));
    cr_assert_eq(back.hello.known_count, 2);
    cr_assert(th_same_digest(back.hello.known[1], known[1]));
    cr_assert(th_same_bytes(back.hello.newest_receipt, TH_BYTES("biên\n")));
    back = to_aggregator(
        (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_HELLO, .hello = {.unit = TH_TEXT("1")}});
    cr_assert_eq(back.hello.newest_receipt.size, 0);
    cr_assert_eq(back.hello.known_count, 0);
}

Test(wire_message, a_hello_knows_so_many_texts)
{
    static struct th_digest known[TH_LIMIT_KNOWN_MAX + 1];
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_HELLO,
                                       .hello = {.unit = TH_TEXT("1"), .known = known}};
    struct th_bytes frame;
    struct th_to_aggregator back;
    message.hello.known_count = TH_LIMIT_KNOWN_MAX;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &arena, &back), 0);
    cr_assert_eq(back.hello.known_count, TH_LIMIT_KNOWN_MAX);
    message.hello.known_count++;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &arena, &back), TH_E_LIMIT);
}

Test(wire_message, a_submission_is_borrowed_from_its_frame)
{
    struct th_bytes submission = th_sample_submission(&arena), frame;
    struct th_to_aggregator message = {
        .kind = TH_TO_AGGREGATOR_SUBMISSION, .request = 7, .submission = submission};
    struct th_to_aggregator back;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(th_wire_to_aggregator_decode(frame, &arena, &back), 0);
    cr_assert_eq(back.kind, TH_TO_AGGREGATOR_SUBMISSION);
    cr_assert_eq(back.request, 7);
    cr_assert(th_same_bytes(back.submission, submission));
    cr_assert_eq(back.submission.bytes + back.submission.size, frame.bytes + frame.size);
}

Test(wire_message, a_query_comes_back)
{
    struct th_query query = {.what = TH_QUERY_CLOSINGS,
                             .plan = TH_TEXT("gialai-2025"),
                             .period = TH_TEXT("2025-H1"),
                             .obligation = TH_TEXT("O-002-2"),
                             .unit = TH_TEXT("64"),
                             .branch = TH_BRANCH_BODIES,
                             .has_as_of = true,
                             .as_of = {1746784867250},
                             .number = 3};
    struct th_query back =
        to_aggregator(
            (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY, .request = 1, .query = query})
            .query;
    cr_assert_eq(back.what, query.what);
    cr_assert(th_same_text(back.plan, query.plan));
    cr_assert(th_same_text(back.period, query.period));
    cr_assert(th_same_text(back.obligation, query.obligation));
    cr_assert(th_same_text(back.unit, query.unit));
    cr_assert_eq(back.branch, query.branch);
    cr_assert(back.has_as_of);
    cr_assert_eq(back.as_of.ms, query.as_of.ms);
    cr_assert_eq(back.number, 3);
}

Test(wire_message, a_query_comes_back_with_all_its_words)
{
    struct th_query query = {.what = TH_QUERY_DIFFERENCES,
                             .has_position = true,
                             .position = UINT64_C(1) << 40,
                             .revision = 2,
                             .standing = TH_TEXT("missing"),
                             .search = TH_TEXT("ia ly"),
                             .parent = TH_TEXT("622"),
                             .kind = TH_TEXT("xa"),
                             .indicators = TH_TEXT("TCD01,TCD02"),
                             .limit = TH_QUERY_LIMIT_MAX,
                             .after = TH_TEXT("a1#2"),
                             .is_brief = true,
                             .has_closed_at = true,
                             .closed_at = {1746810000000}};
    struct th_query back =
        to_aggregator(
            (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY, .request = 1, .query = query})
            .query;
    cr_assert_eq(back.what, query.what);
    cr_assert_eq(back.plan.size, 0);
    cr_assert(back.has_position && back.position == query.position);
    cr_assert_eq(back.revision, 2);
    cr_assert(th_same_text(back.standing, query.standing));
    cr_assert(th_same_text(back.search, query.search));
    cr_assert(th_same_text(back.parent, query.parent));
    cr_assert(th_same_text(back.kind, query.kind));
    cr_assert(th_same_text(back.indicators, query.indicators));
    cr_assert_eq(back.limit, query.limit);
    cr_assert(th_same_text(back.after, query.after));
    cr_assert(back.is_brief);
    cr_assert(back.has_closed_at && back.closed_at.ms == query.closed_at.ms);
}

Test(wire_message, a_short_query_asks_for_all_branches_now)
{
    struct th_query back =
        to_aggregator(
            (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY,
                                      .query = {.what = TH_QUERY_STANDING, .plan = TH_TEXT("p")}})
            .query;
    cr_assert_eq(back.branch, TH_BRANCH_ALL);
    cr_assert_not(back.has_as_of);
    cr_assert_eq(back.unit.size + back.period.size + back.obligation.size, 0);
    cr_assert_eq(back.number, 0);
}

Test(wire_message, welcome_comes_back)
{
    struct th_welcome back =
        to_node((struct th_to_node){.kind = TH_TO_NODE_WELCOME,
                                    .request = 5,
                                    .body.welcome = {.mode = TH_MODE_LIVE,
                                                     .realm = TH_TEXT("tonghop/64"),
                                                     .now = {1746784867250},
                                                     .size = 99}})
            .body.welcome;
    cr_assert_eq(back.mode, TH_MODE_LIVE);
    cr_assert(th_same_text(back.realm, TH_TEXT("tonghop/64")));
    cr_assert_eq(back.now.ms, 1746784867250);
    cr_assert_eq(back.size, 99);
    cr_assert_eq(back.log_keys_count + back.lost_count, 0);
}

Test(wire_message, a_welcome_tells_the_keys_and_what_was_lost)
{
    const struct th_lost lost[] = {{TH_TEXT("tonghop/64"), UINT64_MAX},
                                   {TH_TEXT("tonghop/64/2"), 0}};
    struct th_welcome welcome = {
        .mode = TH_MODE_LIVE, .realm = TH_TEXT("tonghop/64/3"), .lost = lost, .lost_count = 2};
    welcome.log_keys = th_sample_log_keys(&arena, &welcome.log_keys_count);
    struct th_welcome back =
        to_node((struct th_to_node){.kind = TH_TO_NODE_WELCOME, .body.welcome = welcome})
            .body.welcome;
    cr_assert_eq(back.log_keys_count, 2);
    cr_assert_eq(back.lost_count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_assert(th_same_text(back.log_keys[i].vkey, welcome.log_keys[i].vkey));
        cr_assert_eq(back.log_keys[i].after, welcome.log_keys[i].after);
        cr_assert(th_same_bytes(back.log_keys[i].succession, welcome.log_keys[i].succession));
        cr_assert(th_same_text(back.lost[i].realm, lost[i].realm));
        cr_assert_eq(back.lost[i].from, lost[i].from);
    }
}

Test(wire_message, a_welcome_has_32_keys_and_32_losses_at_most)
{
    struct th_log_key_body keys[TH_LOG_KEYS_MAX + 1];
    struct th_lost lost[TH_LOG_KEYS_MAX + 1];
    for (size_t i = 0; i <= TH_LOG_KEYS_MAX; i++) {
        keys[i] = (struct th_log_key_body){.vkey = TH_TEXT("v")};
        lost[i] = (struct th_lost){.realm = TH_TEXT("r")};
    }
    struct th_to_node message = {.kind = TH_TO_NODE_WELCOME,
                                 .body.welcome = {.mode = TH_MODE_LIVE,
                                                  .realm = TH_TEXT("r"),
                                                  .log_keys = keys,
                                                  .log_keys_count = TH_LOG_KEYS_MAX,
                                                  .lost = lost,
                                                  .lost_count = TH_LOG_KEYS_MAX}};
    cr_assert_eq(pass_down(message), 0);
    message.body.welcome.log_keys_count++;
    cr_assert_eq(pass_down(message), TH_E_LIMIT);
    message.body.welcome.log_keys_count = 0;
    message.body.welcome.lost_count++;
    cr_assert_eq(pass_down(message), TH_E_LIMIT);
    message.body.welcome.lost_count = 1;
    lost[0].realm = TH_TEXT("r\n");
    cr_assert_eq(pass_down(message), TH_E_TEXT);
    lost[0].realm = TH_TEXT("");
    cr_assert_eq(pass_down(message), TH_E_SYNTAX);
    message.body.welcome.lost_count = 0;
    message.body.welcome.log_keys_count = 1;
    keys[0].vkey = TH_TEXT("");
    cr_assert_eq(pass_down(message), TH_E_SYNTAX);
}

Test(wire_message, a_readmission_comes_back)
{
    const struct th_readmission readmission = th_sample_readmission(&arena);
    struct th_to_aggregator back = to_aggregator((struct th_to_aggregator){
        .kind = TH_TO_AGGREGATOR_READMISSION, .request = UINT64_MAX, .readmission = readmission});
    cr_assert(th_same_bytes(back.readmission.submission, readmission.submission));
    cr_assert(th_same_bytes(back.readmission.receipt, readmission.receipt));
}

static const struct th_wire_reason reasons[] = {
    {{"value.TCD01", 11}, {"12", 2}, {"R1", 2}, {"Không khớp", sizeof "Không khớp" - 1}},
    {{"", 0}, {"", 0}, {"empty", 5}, {"", 0}}};

static void check_reasons(const struct th_wire_reason *back, size_t count)
{
    cr_assert_eq(count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_assert(th_same_text(back[i].field, reasons[i].field));
        cr_assert(th_same_text(back[i].value, reasons[i].value));
        cr_assert(th_same_text(back[i].rule, reasons[i].rule));
        cr_assert(th_same_text(back[i].text, reasons[i].text));
    }
}

Test(wire_message, an_outcome_comes_back)
{
    const struct th_wire_verdict verdicts[] = {{.report_digest = th_sample_digest(1),
                                                .kind = TH_VERDICT_ACCEPTED,
                                                .warnings = reasons,
                                                .warnings_count = 2,
                                                .has_position = true,
                                                .position = 0,
                                                .has_receipt = true,
                                                .receipt = 1},
                                               {.report_digest = th_sample_digest(2),
                                                .kind = TH_VERDICT_CONFLICT,
                                                .has_position = true,
                                                .position = UINT64_MAX,
                                                .has_stored_digest = true,
                                                .stored_digest = th_sample_digest(3),
                                                .has_next_revision = true,
                                                .next_revision = 2},
                                               {.report_digest = th_sample_digest(4),
                                                .kind = TH_VERDICT_REJECTED,
                                                .reasons = reasons,
                                                .reasons_count = 2}};
    const struct th_bytes receipts[] = {TH_BYTES("a\n"), TH_BYTES("b\n")};
    struct th_outcome back =
        to_node((struct th_to_node){.kind = TH_TO_NODE_OUTCOME,
                                    .body.outcome = {.header_digest = th_sample_digest(9),
                                                     .verdicts = verdicts,
                                                     .verdicts_count = 3,
                                                     .receipts = receipts,
                                                     .receipts_count = 2,
                                                     .refusal = TH_BYTES("— note\n")}})
            .body.outcome;
    cr_assert(th_same_digest(back.header_digest, th_sample_digest(9)));
    cr_assert_eq(back.verdicts_count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(th_same_digest(back.verdicts[i].report_digest, verdicts[i].report_digest));
        cr_assert_eq(back.verdicts[i].kind, verdicts[i].kind);
        cr_assert_eq(back.verdicts[i].has_position, verdicts[i].has_position);
        cr_assert_eq(back.verdicts[i].position, verdicts[i].position);
        cr_assert_eq(back.verdicts[i].has_stored_digest, verdicts[i].has_stored_digest);
        cr_assert(th_same_digest(back.verdicts[i].stored_digest, verdicts[i].stored_digest));
        cr_assert_eq(back.verdicts[i].has_next_revision, verdicts[i].has_next_revision);
        cr_assert_eq(back.verdicts[i].next_revision, verdicts[i].next_revision);
        cr_assert_eq(back.verdicts[i].has_receipt, verdicts[i].has_receipt);
        cr_assert_eq(back.verdicts[i].receipt, verdicts[i].receipt);
    }
    check_reasons(back.verdicts[0].warnings, back.verdicts[0].warnings_count);
    check_reasons(back.verdicts[2].reasons, back.verdicts[2].reasons_count);
    cr_assert_eq(back.verdicts[1].reasons_count + back.verdicts[1].warnings_count, 0);
    cr_assert(th_same_bytes(back.receipts[1], receipts[1]));
    cr_assert(th_same_bytes(back.refusal, TH_BYTES("— note\n")));
}

Test(wire_message, a_receipt_index_stays_within_the_receipts)
{
    struct th_wire_verdict verdict = {.kind = TH_VERDICT_ACCEPTED, .has_receipt = true};
    struct th_to_node message = {.kind = TH_TO_NODE_OUTCOME,
                                 .body.outcome = {.verdicts = &verdict, .verdicts_count = 1}};
    cr_assert_eq(pass_down(message), TH_E_SYNTAX);
    const struct th_bytes receipt = TH_BYTES("a\n");
    message.body.outcome.receipts = &receipt;
    message.body.outcome.receipts_count = 1;
    cr_assert_eq(pass_down(message), 0);
    verdict.receipt = 1;
    cr_assert_eq(pass_down(message), TH_E_SYNTAX);
}

Test(wire_message, the_largest_outcome_of_the_core_fits)
{
    static char text[1000];
    static struct th_wire_reason many[TH_REASONS_MAX];
    static struct th_wire_verdict verdicts[TH_LIMIT_REPORTS_MAX];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < TH_REASONS_MAX; i++)
        many[i] = (struct th_wire_reason){{text, TH_REASON_FIELD_MAX - 1},
                                          {text, TH_REASON_VALUE_MAX - 1},
                                          {text, 32},
                                          {text, TH_LIMIT_TITLE_MAX}};
    for (size_t i = 0; i < TH_LIMIT_REPORTS_MAX; i++)
        verdicts[i] = (struct th_wire_verdict){.kind = TH_VERDICT_REJECTED,
                                               .reasons = many,
                                               .warnings = many,
                                               .reasons_count = TH_REASONS_MAX,
                                               .warnings_count = TH_REASONS_MAX};
    struct th_to_node message = {
        .kind = TH_TO_NODE_OUTCOME,
        .body.outcome = {.verdicts = verdicts, .verdicts_count = TH_LIMIT_REPORTS_MAX}};
    struct th_bytes frame;
    struct th_to_node back;
    cr_assert_eq(th_wire_to_node_encode(&message, &arena, &frame), 0);
    cr_assert_eq(th_wire_to_node_decode(frame, &arena, &back), 0);
    /* Where the texts have no room the rules still say why. */
    const struct th_wire_verdict *last = &back.body.outcome.verdicts[TH_LIMIT_REPORTS_MAX - 1];
    cr_assert_eq(back.body.outcome.verdicts[0].reasons[0].text.size, TH_LIMIT_TITLE_MAX);
    cr_assert_eq(last->warnings_count, TH_REASONS_MAX);
    cr_assert_eq(last->warnings[0].text.size, 0);
    cr_assert_eq(last->warnings[0].rule.size, 32);
}

Test(wire_message, an_announcement_of_4_mib_comes_back)
{
    static uint8_t content[TH_LIMIT_UNITS_ENCODED_MAX + 1];
    struct th_to_node message = {
        .kind = TH_TO_NODE_ANNOUNCEMENT,
        .body.announcement = {TH_ANNOUNCEMENT_UNITS, {content, TH_LIMIT_UNITS_ENCODED_MAX}}};
    struct th_announcement back = to_node(message).body.announcement;
    cr_assert_eq(back.kind, TH_ANNOUNCEMENT_UNITS);
    cr_assert_eq(back.content.size, TH_LIMIT_UNITS_ENCODED_MAX);
    message.body.announcement.content.size++;
    cr_assert_eq(pass_down(message), TH_E_LIMIT);
}

Test(wire_message, a_reminder_comes_back)
{
    struct th_reminder back =
        to_node((struct th_to_node){.kind = TH_TO_NODE_REMINDER,
                                    .body.reminder = {.plan = TH_TEXT("p"),
                                                      .obligation = TH_TEXT("o"),
                                                      .text = TH_TEXT("Nhắc\nhai"),
                                                      .due = {1746810000000},
                                                      .time = {1746378000000}}})
            .body.reminder;
    cr_assert(th_same_text(back.plan, TH_TEXT("p")));
    cr_assert(th_same_text(back.obligation, TH_TEXT("o")));
    cr_assert(th_same_text(back.text, TH_TEXT("Nhắc\nhai")));
    cr_assert_eq(back.due.ms, 1746810000000);
    cr_assert_eq(back.time.ms, 1746378000000);
}

Test(wire_message, a_reminder_of_no_plan_is_refused)
{
    struct th_to_node message = {
        .kind = TH_TO_NODE_REMINDER,
        .body.reminder = {.plan = TH_TEXT(""), .obligation = TH_TEXT("o"), .text = TH_TEXT("")}};
    cr_assert_eq(pass_down(message), TH_E_SYNTAX);
}

Test(wire_message, an_answer_and_a_failure_come_back)
{
    struct th_to_node back = to_node((struct th_to_node){
        .kind = TH_TO_NODE_ANSWER, .request = 4, .body.answer = TH_BYTES("{\"đ\": 1}\n")});
    cr_assert(th_same_bytes(back.body.answer, TH_BYTES("{\"đ\": 1}\n")));
    back = to_node(
        (struct th_to_node){.kind = TH_TO_NODE_FAILURE,
                            .body.failure = {TH_TEXT("busy"), TH_TEXT("đang bận"), true, 1500}});
    cr_assert(th_same_text(back.body.failure.code, TH_TEXT("busy")));
    cr_assert(th_same_text(back.body.failure.text, TH_TEXT("đang bận")));
    cr_assert(back.body.failure.retry);
    cr_assert_eq(back.body.failure.after_ms, 1500);
}

Test(wire_message, another_version_is_said_to_be_one_whatever_it_holds)
{
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x22\x00")), 0);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x02\x10\x07\x22\x00")), TH_E_VERSION);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x02\x78\x07")), TH_E_VERSION);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x81\x80\x80\x80\x10\x10\x07\x22\x00")), TH_E_VERSION,
                 "2^32 + 1");
    cr_assert_eq(decode_down(TH_BYTES("\x08\x03\x78\x07")), TH_E_VERSION);
}

Test(wire_message, broken_frames_are_refused)
{
    cr_assert_eq(decode_up(TH_BYTES("")), TH_E_SYNTAX);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07")), TH_E_SYNTAX, "no body");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x22\x00")), TH_E_SYNTAX, "no request");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x78\x07\x22\x00")), TH_E_SYNTAX, "another number");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x12\x00\x22\x00")), TH_E_SYNTAX, "a text");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x10\x07\x22\x00")), TH_E_SYNTAX, "two");
    cr_assert_eq(decode_up(TH_BYTES("\x10\x07\x22\x00")), TH_E_SYNTAX, "no version");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x22\x00\x22\x00")), TH_E_SYNTAX, "two");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x22\x00\x2a\x00")), TH_E_SYNTAX, "two");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x22\x00\x08\x01")), TH_E_SYNTAX, "version");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x3a\x00")), TH_E_SYNTAX, "unknown");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x32\x00")), TH_E_SYNTAX, "readmission");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x22\x05")), TH_E_SYNTAX, "over the end");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x22")), TH_E_SYNTAX, "no length");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x20\x00")), TH_E_SYNTAX, "wire type");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"
                                    "\x22\x00")),
                 TH_E_SYNTAX, "eleven bytes");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"
                                    "\x22\x00")),
                 TH_E_SYNTAX, "over 64 bits");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x87\x80\x00\x22\x00")), 0, "longer than needed");
    cr_assert_eq(decode_down(TH_BYTES("\x08\x01\x10\x07\x4a\x00")), TH_E_SYNTAX, "unknown");
    cr_assert_eq(decode_down(TH_BYTES("\x08\x01\x10\x07\x1a\x00")), TH_E_SYNTAX, "empty welcome");
}

Test(wire_message, texts_and_enum_numbers_of_bodies_are_checked)
{
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x2a\x05\x08\x01\x12\x01p")), 0);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x2a\x05\x08\x12\x12\x01p")), TH_E_SYNTAX);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x2a\x05\x08\x01\x12\x01\n")), TH_E_TEXT);
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x2a\x07\x08\x01\x12\x01p\x30\x04")),
                 TH_E_SYNTAX, "branch");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x2a\x07\x08\x01\x12\x01p\x78\x04")),
                 TH_E_SYNTAX, "unknown");
    cr_assert_eq(decode_up(TH_BYTES("\x08\x01\x10\x07\x1a\x03\x0a\x01/")), TH_E_TEXT, "unit");
    struct th_to_node message = {.kind = TH_TO_NODE_FAILURE,
                                 .body.failure = {TH_TEXT("busy"), TH_TEXT("a\x1b[0m"), 0, 0}};
    cr_assert_eq(pass_down(message), TH_E_TEXT);
    message = (struct th_to_node){.kind = TH_TO_NODE_ANSWER, .body.answer = TH_BYTES("\x1b[2J")};
    cr_assert_eq(pass_down(message), TH_E_TEXT);
}

Test(wire_message, a_frame_over_its_limit_is_refused)
{
    static uint8_t bytes[TH_LIMIT_FRAME_SIZE_MAX];
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                       .submission = {bytes, TH_LIMIT_SUBMISSION_SIZE_MAX}};
    struct th_bytes frame;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(decode_up(frame), 0);
    message.submission.size = sizeof bytes;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), TH_E_LIMIT);
    cr_assert_eq(decode_up((struct th_bytes){bytes, sizeof bytes + 1}), TH_E_LIMIT);
}

Test(wire_message, the_largest_submission_fits_with_the_largest_receipt)
{
    static uint8_t submission[TH_LIMIT_SUBMISSION_SIZE_MAX + 1];
    static uint8_t receipt[TH_LIMIT_RECEIPT_SIZE_MAX + 1];
    memset(receipt, 'a', sizeof receipt);
    struct th_to_aggregator message = {
        .kind = TH_TO_AGGREGATOR_READMISSION,
        .request = UINT64_MAX,
        .readmission = {{submission, sizeof submission - 1}, {receipt, sizeof receipt - 1}}};
    struct th_bytes frame;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(decode_up(frame), 0);
    message.readmission.receipt.size++;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(decode_up(frame), TH_E_LIMIT);
    message.readmission.receipt.size = 1;
    message.readmission.submission.size++;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_eq(decode_up(frame), TH_E_LIMIT);
}

Test(wire_message, random_bodies_never_crash)
{
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 40000; round++) {
        uint8_t bytes[64] = {0x08, 0x01, 0x10, 0x00, (uint8_t)((3 + round % 6) << 3 | 2), 58};
        struct th_arena small;
        for (size_t i = 6; i < sizeof bytes; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            bytes[i] = (uint8_t)(state % 3 == 0 ? state >> 40 : state >> 32 & 0x1A);
        }
        th_arena_init(&small, 16384, 32 << 20);
        struct th_to_aggregator up;
        struct th_to_node down;
        int status = th_wire_to_aggregator_decode((struct th_bytes){bytes, 64}, &small, &up);
        cr_assert(status <= 0);
        status = th_wire_to_node_decode((struct th_bytes){bytes, 64}, &small, &down);
        cr_assert(status <= 0);
        th_arena_deinit(&small);
    }
}
