/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* open_memstream */
#include "tests/support/ledger.h"

#include "base/file.h"
#include "proto/exchange/node_file.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "proto/wire/plan.h"
#include "proto/wire/submission.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP_BYTES ((size_t)64 << 20)

/* ---- the plan and the units ---- */

static const char *const class_words[] = {"tốt", "khá", "yếu"};

#define ABOUT(c, n, u)                                                                             \
    .section = 1, .code = (c), .name = (n), .name_en = "", .unit_of_measure = (u), .note = ""

static const struct th_indicator indicators[] = {
    [L_A] = {.number = L_A, .type = TH_TYPE_COUNT, .up = TH_UP_SUM, ABOUT("A", "Số đơn", "đơn")},
    [L_B] = {.number = L_B, .type = TH_TYPE_COUNT, .up = TH_UP_SUM, ABOUT("B", "Đã xong", "đơn")},
    [L_DAY] = {.number = L_DAY,
               .type = TH_TYPE_DATE,
               .up = TH_UP_MAX,
               .over = TH_OVER_LATEST,
               ABOUT("DAY", "Ngày", "")},
    [L_SCORE] = {.number = L_SCORE,
                 .type = TH_TYPE_DECIMAL,
                 .up = TH_UP_AVERAGE_MIN_MAX,
                 .over = TH_OVER_LATEST,
                 .scale = 2,
                 ABOUT("SCORE", "Điểm", "điểm")},
    [L_CLASS] = {.number = L_CLASS,
                 .type = TH_TYPE_ENUM,
                 .up = TH_UP_COUNT_BY_VALUE,
                 .over = TH_OVER_LATEST,
                 .values = class_words,
                 .values_count = 3,
                 ABOUT("CLASS", "Xếp loại", "")},
    [L_SHARE] = {.number = L_SHARE,
                 .type = TH_TYPE_PERCENT,
                 .up = TH_UP_RATIO_OF_SUMS,
                 .over = TH_OVER_RATIO_OF_SUMS,
                 .source = TH_SOURCE_DERIVED,
                 .ratio = {{L_B}, {L_A}, 1, 1},
                 ABOUT("SHARE", "Tỷ lệ xong", "%")},
    [L_TEXT] = {.number = L_TEXT,
                .type = TH_TYPE_TEXT,
                .up = TH_UP_CONCAT,
                .over = TH_OVER_LATEST,
                ABOUT("TEXT", "Khó khăn", "")},
};
static const struct th_section sections[] = {{1, "Mục một", "One"}};
static const uint16_t communes[] = {L_A, L_B, L_DAY, L_SCORE, L_CLASS, L_SHARE, L_TEXT};
static const uint16_t bodies[] = {L_A, L_TEXT};

#define TERMS                                                                                      \
    .quote = "", .form = "", .override_reason = "",                                                \
    .override = {.series = "", .who = {.quote = ""}},                                              \
    .quoted = {.present = TH_TERM_WHO | TH_TERM_INDICATORS | TH_TERM_ESTIMATES,                    \
               .who = {.quote = "",                                                                \
                       .levels = UINT32_C(1) << TH_LEVEL_COMMUNE,                                  \
                       .kinds = UINT32_C(1) << TH_UNIT_KIND_DEPARTMENT},                           \
               .indicators = {NULL, communes, bodies},                                             \
               .indicators_count = {0, 7, 2},                                                      \
               .estimates = true,                                                                  \
               .series = ""}
#define DUE .has_due = true, .boundary = TH_BOUNDARY_BEFORE

static struct th_obligation obligations[LEDGER_OBLIGATIONS] = {
    {.id = "HALF", .title = "Báo cáo 6 tháng", .period = "2025-H1", DUE, TERMS},
    {.id = "YEAR", .title = "", .period = "2025", DUE, TERMS},
    {.id = "AGAIN", .title = "", .period = "2025", DUE, TERMS},
    {.id = "ADHOC", .title = "", .period = "", .open_ended = true, TERMS},
    {.id = "SUSPENDED", .title = "", .period = "2025-Q3", .suspended = true, DUE, TERMS},
    {.id = "UNDATED", .title = "", .period = "2025-Q1", TERMS},
};

static struct th_plan make_plan(void)
{
    static const int due[LEDGER_OBLIGATIONS][2] = {{5, 10}, {10, 15}, {10, 20}, {0, 0}, {6, 1}};
    for (int i = 0; i < LEDGER_OBLIGATIONS; i++)
        if (obligations[i].has_due) {
            obligations[i].due_day =
                th_day_of_date((struct th_civil_date){2025, due[i][0], due[i][1]});
            obligations[i].due = th_day_start(obligations[i].due_day);
        }
    return (struct th_plan){.id = "p-2025",
                            .title = "Kế hoạch",
                            .number = "",
                            .year = 2025,
                            .issuer = {"64", "", ""},
                            .territory = "64",
                            .obligations = obligations,
                            .obligations_count = LEDGER_OBLIGATIONS,
                            .catalogue = {"c", indicators, L_TEXT, sections, 1},
                            .rules = {.id = "r"}};
}

#define UNIT(c, n, k, p)                                                                           \
    {                                                                                              \
        .code = c, .name = n, .parent_code = p, .external_id = "", .kind = TH_UNIT_KIND_##k,       \
        .valid_from = {INT32_MIN}, .valid_to = {                                                   \
            INT32_MAX                                                                              \
        }                                                                                          \
    }
static const struct th_unit units[LEDGER_UNITS] = {
    UNIT("64", "Gia Lai", PROVINCE, ""),
    UNIT("64-snv", "Sở Nội vụ", DEPARTMENT, "64"),
    UNIT("622", "Thị xã An Khê", TOWN, "64"),
    UNIT("623", "Huyện có một cái tên rất dài để thử cột", TOWN, "64"),
    UNIT("a1", "Xã A1", COMMUNE, "622"),
    UNIT("a2", "Phường A2", WARD, "622"),
    UNIT("a3", "Xã A3", COMMUNE, "622"),
    UNIT("b1", "Xã B1", COMMUNE, "623"),
    UNIT("b2", "Xã B2", COMMUNE, "623"),
    UNIT("b3", "Xã B3", COMMUNE, "623"),
};

const char *ledger_code(enum ledger_unit unit)
{
    return units[unit].code;
}

/* ---- events ---- */

void ledger_pass(struct ledger *ledger, int64_t ms)
{
    ledger->now.wall.ms += ms;
    ledger->now.boottime_ms += ms;
}

void ledger_jump(struct ledger *ledger, int64_t ms)
{
    ledger->now.wall.ms += ms;
}

static int last_status;

static void take_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)context, (void)sender;
    last_status = result->status;
}

static void run(struct ledger *ledger, struct th_item item)
{
    item.now = ledger->now;
    cr_assert_eq(th_driver_run(ledger->driver, &item, 1), 0);
}

int ledger_act(struct ledger *ledger, struct th_act act)
{
    last_status = 1;
    act.operator= th_text_of("người vận hành");
    run(ledger, (struct th_item){.kind = TH_ITEM_ACT, .act = act});
    cr_assert_neq(last_status, 1);
    return last_status;
}

void ledger_tick(struct ledger *ledger)
{
    run(ledger, (struct th_item){.kind = TH_ITEM_TICK});
}

void ledger_tick_at(struct ledger *ledger, th_instant instant)
{
    ledger_pass(ledger, instant.ms - ledger->now.wall.ms);
    ledger_tick(ledger);
}

static struct th_node_file make_node(struct ledger *ledger, int unit)
{
    struct th_node_file file = {.realm = ""};
    uint8_t secret[32], server_key[32], server_secret[32], nonce[24];
    (void)crypto_sign_keypair(ledger->keys[unit].bytes, ledger->secrets[unit]);
    (void)crypto_box_keypair(file.curve_key, secret);
    (void)crypto_box_keypair(server_key, server_secret);
    randombytes_buf(nonce, sizeof nonce);
    (void)strcpy(file.realm, th_store_identity(ledger->store)->realm);
    (void)strcpy(file.unit, units[unit].code);
    file.sign_key = ledger->keys[unit];
    cr_assert_eq(th_node_file_prove(&file, ledger->secrets[unit], secret, server_key, nonce), 0);
    return file;
}

/* The file's bytes. */
static struct th_bytes node_pub(struct ledger *ledger, const struct th_node_file *file)
{
    char path[TH_TEST_FOLDER_SIZE + 16], *text;
    size_t size;
    (void)snprintf(path, sizeof path, "%s/node.pub", ledger->folder);
    cr_assert_eq(th_node_file_write(path, file), 0);
    cr_assert_eq(th_file_read(path, 4096, &text, &size), 0);
    struct th_bytes bytes = {(const uint8_t *)th_arena_copy_text(&ledger->arena, text, size), size};
    free(text);
    cr_assert_eq(unlink(path), 0);
    return bytes;
}

static void load_definitions(struct ledger *ledger)
{
    struct th_plan plan = make_plan();
    struct th_bytes content;
    ledger->half_due = obligations[LEDGER_HALF].due;
    cr_assert_eq(th_wire_units_encode(units, LEDGER_UNITS, &ledger->arena, &content), 0);
    ledger_pass(ledger, 3600 * 1000);
    cr_assert_eq(ledger_act(ledger, (struct th_act){.kind = TH_ACT_LOAD_UNITS, .content = content}),
                 0);
    cr_assert_eq(th_wire_plan_encode(&plan, &ledger->arena, &content), 0);
    th_tlog_sha256(&(struct th_tlog_part){content.bytes, content.size}, 1, &ledger->plan_digest);
    ledger_pass(ledger, 1000);
    int status = ledger_act(ledger, (struct th_act){.kind = TH_ACT_LOAD_PLAN, .content = content});
    cr_assert_eq(status, 0, "%s", th_status_text(status));
    for (int i = 0; i < LEDGER_UNITS; i++) {
        struct th_act act = {.kind = TH_ACT_ENROL, .unit = th_text_of(units[i].code)};
        struct th_node_file file = make_node(ledger, i);
        memcpy(act.curve_key, file.curve_key, sizeof act.curve_key);
        act.sign_key = ledger->keys[i];
        act.content = node_pub(ledger, &file);
        ledger_pass(ledger, 1000);
        cr_assert_eq(ledger_act(ledger, act), 0);
    }
}

static const struct th_store_options store_options = {.map_bytes = MAP_BYTES};

static void open_driver(struct ledger *ledger)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    cr_assert_eq(
        th_store_open(ledger->folder, TH_STORE_WRITE, &store_options, problem, &ledger->store), 0,
        "%s", problem);
    cr_assert_eq(th_store_port_open(ledger->store, &ledger->port), 0);
    struct th_driver_ports ports = {.store = ledger->port,
                                    .transport = th_transport_none,
                                    .publisher = ledger->publisher,
                                    .admission = th_admission_none};
    ports.transport.done = take_result;
    const struct th_driver_options options = {.bounds = ledger->bounds};
    cr_assert_eq(th_driver_new(&ports, &ledger->signer, &options, &ledger->driver), 0);
    cr_assert_eq(th_driver_load(ledger->driver), 0);
}

void ledger_open(struct ledger *ledger, enum th_mode mode)
{
    *ledger = (struct ledger){.mode = mode, .now = {{INT64_C(1740762000000)}, 5000}};
    cr_assert_geq(sodium_init(), 0);
    th_arena_init(&ledger->arena, 65536, (size_t)256 << 20);
    th_test_folder_make(ledger->folder);
    struct th_store_identity identity = {.mode = mode};
    (void)strcpy(identity.realm, mode == TH_MODE_LIVE ? "tonghop/64" : "tonghop/64/rehearsal");
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(identity.store_id, sizeof identity.store_id);
    cr_assert_eq(th_tlog_signer_init(identity.realm, seed, &ledger->signer), 0);
    memcpy(identity.log_key, ledger->signer.vkey.public_key, sizeof identity.log_key);
    ledger->publisher = th_publisher_none;
    cr_assert_eq(th_store_create(ledger->folder, &store_options, &identity), 0);
    open_driver(ledger);
    cr_assert_eq(th_driver_found(ledger->driver, ledger->now, th_text_of("người vận hành")), 0);
    load_definitions(ledger);
}

void ledger_restart(struct ledger *ledger)
{
    ledger_release(ledger);
    open_driver(ledger);
}

void ledger_release(struct ledger *ledger)
{
    if (ledger->store == NULL)
        return;
    th_driver_free(ledger->driver);
    th_store_port_close(&ledger->port);
    th_store_close(ledger->store);
    ledger->store = NULL;
}

void ledger_close(struct ledger *ledger)
{
    ledger_release(ledger);
    th_tlog_signer_deinit(&ledger->signer);
    th_arena_deinit(&ledger->arena);
    th_test_folder_remove(ledger->folder);
}

int ledger_run(struct ledger *ledger, int (*command)(int, char **, FILE *, FILE *),
               const char *const *words, char **shown)
{
    char *argv[12];
    size_t size;
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        cr_assert_lt(argc, 11);
        argv[argc] = (char *)(uintptr_t)words[argc];
    }
    argv[argc] = NULL;
    ledger_release(ledger);
    free(*shown);
    FILE *out = open_memstream(shown, &size);
    int code = command(argc, argv, out, out);
    (void)fclose(out);
    return code;
}

/* ---- reports ---- */

static struct th_bytes encode_report(struct ledger *ledger, const struct ledger_report *sent)
{
    static const char letters[] = "a narrative section as long as it has to be";
    static const uint16_t estimated[] = {L_A};
    uint16_t numbers[L_TEXT];
    int64_t values[L_TEXT];
    char names[8][32];
    struct th_showcase showcases[8] = {{.name = {NULL, 0}}};
    cr_assert_leq(sent->models, 8);
    for (uint32_t i = 0; i < sent->models; i++) {
        (void)snprintf(names[i], sizeof names[i], "Mô hình %u", i + 1);
        showcases[i] = (struct th_showcase){.name = th_text_of(names[i]),
                                            .field = th_text_of(i % 2 == 0 ? "Kinh tế" : "Văn hóa"),
                                            .summary = th_text_of(i == 0 ? "Nuôi gà thả vườn" : ""),
                                            .stage = i % 2 == 0 ? TH_SHOWCASE_RUNNING
                                                                : TH_SHOWCASE_RECOGNISED};
    }
    struct th_narrative narrative = {L_TEXT, {letters, (size_t)sent->values[L_TEXT]}};
    struct th_report report = {.plan = th_text_of("p-2025"),
                               .obligation = th_text_of(obligations[sent->obligation].id),
                               .unit = th_text_of(units[sent->unit].code),
                               .number = sent->number,
                               .revision = sent->revision == 0 ? 1 : sent->revision,
                               .values = {numbers, values, 0},
                               .narratives = &narrative,
                               .narratives_count = sent->has[L_TEXT],
                               .showcases = showcases,
                               .showcases_count = sent->models};
    for (uint16_t i = L_A; i < L_TEXT; i++)
        if (sent->has[i]) {
            numbers[report.values.count] = i;
            values[report.values.count++] = sent->values[i];
        }
    if (sent->estimated) {
        report.estimated = estimated;
        report.estimated_count = 1;
        report.has_estimated_to = true;
        report.estimated_to = th_day_of_date((struct th_civil_date){2025, 6, 30});
    }
    struct th_bytes bytes;
    cr_assert_eq(th_wire_report_encode(&report, &ledger->arena, &bytes), 0);
    return bytes;
}

static struct th_bytes write_submission(struct ledger *ledger, struct ledger_report sent,
                                        struct th_submission *submission)
{
    struct th_bytes content = encode_report(ledger, &sent), head, raw;
    struct th_digest digest;
    th_tlog_sha256(&(struct th_tlog_part){content.bytes, content.size}, 1, &digest);
    struct th_text unit = th_text_of(units[sent.unit].code);
    struct th_submission_header header = {.mode = ledger->mode,
                                          .realm =
                                              th_text_of(th_store_identity(ledger->store)->realm),
                                          .unit = unit,
                                          .plan_digest = ledger->plan_digest,
                                          .prepared = ledger->now.wall,
                                          .nonce = {++ledger->nonce},
                                          .key = ledger->keys[sent.unit],
                                          .report_digests = &digest,
                                          .reports_count = 1};
    uint8_t signature[TH_SIGNATURE_SIZE];
    cr_assert_eq(th_wire_header_encode(&header, &ledger->arena, &head), 0);
    th_wire_header_sign(head, ledger->secrets[sent.unit], signature);
    cr_assert_eq(th_wire_submission_encode(head, signature, &content, 1, &ledger->arena, &raw), 0);
    cr_assert_eq(th_wire_submission_decode(raw, &ledger->arena, submission), 0);
    return raw;
}

bool ledger_send(struct ledger *ledger, struct ledger_report sent)
{
    struct th_submission submission;
    struct th_bytes raw = write_submission(ledger, sent, &submission);
    uint64_t before = th_driver_counters(ledger->driver)->accepted;
    run(ledger, (struct th_item){.kind = TH_ITEM_SUBMISSION,
                                 .peer_unit = submission.header.unit,
                                 .submission = {.submission = &submission, .raw = raw}});
    return th_driver_counters(ledger->driver)->accepted == before + 1;
}

bool ledger_readmit(struct ledger *ledger, struct ledger_report sent, th_instant received)
{
    struct th_submission submission;
    struct th_bytes raw = write_submission(ledger, sent, &submission);
    const struct th_judgement judgement = {
        .obligation = submission.reports[0].obligation,
        .number = sent.number,
        .revision = submission.reports[0].revision,
        .report_digest = submission.header.report_digests[0],
        .verdict = TH_VERDICT_ACCEPTED,
        .accepted = true,
        .has_due = true,
        .due = obligations[sent.obligation].due,
        .first_received = received,
        .timeliness = received.ms < obligations[sent.obligation].due.ms ? TH_TIMELINESS_ON_TIME
                                                                        : TH_TIMELINESS_LATE};
    const struct th_leaf leaf = {.kind = TH_ENTRY_SUBMISSION,
                                 .time = received,
                                 .clock = TH_CLOCK_STEADY,
                                 .mode = ledger->mode,
                                 .unit = submission.header.unit,
                                 .has_header_digest = true,
                                 .header_digest = submission.header_digest,
                                 .judgements = &judgement,
                                 .judgements_count = 1};
    uint64_t before = th_driver_counters(ledger->driver)->readmitted;
    run(ledger, (struct th_item){.kind = TH_ITEM_READMISSION,
                                 .peer_unit = submission.header.unit,
                                 .readmission = {.submission = &submission,
                                                 .raw = raw,
                                                 .receipt = {(const uint8_t *)"receipt\n", 8},
                                                 .leaf = &leaf}});
    return th_driver_counters(ledger->driver)->readmitted == before + 1;
}

bool ledger_enter(struct ledger *ledger, struct ledger_report sent)
{
    const struct th_entering entering = {.operator= th_text_of("Nguyễn Thị Hoa"),
                                         .reference = th_text_of("12/BC"),
                                         .plan_digest = ledger->plan_digest,
                                         .report = encode_report(ledger, &sent)};
    struct th_act act = {.kind = TH_ACT_ENTER, .operator= entering.operator};
    cr_assert_eq(th_wire_entering_encode(&entering, &ledger->arena, &act.content), 0);
    uint64_t before = th_driver_counters(ledger->driver)->entered;
    run(ledger, (struct th_item){.kind = TH_ITEM_ACT, .act = act});
    return th_driver_counters(ledger->driver)->entered == before + 1;
}

bool ledger_send_a(struct ledger *ledger, enum ledger_unit unit, uint32_t revision, int64_t a)
{
    struct ledger_report report = {.unit = unit, .revision = revision};
    report.has[L_A] = true;
    report.values[L_A] = a;
    return ledger_send(ledger, report);
}

/* ---- questions ---- */

static struct th_view *view_of(struct ledger *ledger)
{
    struct th_view *view;
    cr_assert_eq(th_view_open(ledger->store, &view), 0);
    return view;
}

uint64_t ledger_size(struct ledger *ledger)
{
    struct th_view *view = view_of(ledger);
    uint64_t size = th_view_size(view);
    th_view_close(view);
    return size;
}

th_instant ledger_time(struct ledger *ledger)
{
    struct th_view *view = view_of(ledger);
    struct th_stored_entry entry;
    cr_assert_eq(th_view_entry(view, th_view_size(view) - 1, &entry), 0);
    th_instant time = entry.time;
    th_view_close(view);
    return time;
}

struct th_query ledger_query(enum th_query_what what, enum ledger_obligation obligation)
{
    return (struct th_query){.what = what, .obligation = th_text_of(obligations[obligation].id)};
}

static int ask(struct ledger *ledger, struct th_query query, th_instant now, json_t **ret_answer)
{
    struct th_view *view = view_of(ledger);
    struct th_query_context context;
    const struct th_query_asking asking = {.now = now,
                                           .asker = ledger->asker,
                                           .contacts = ledger->contacts,
                                           .identity = th_store_identity(ledger->store),
                                           .version = "0.0.1"};
    cr_assert_eq(th_query_context_open(view, &context), 0);
    int status = th_query_answer(&context, view, &query, &asking, &ledger->problem, ret_answer);
    th_query_context_close(&context);
    th_view_close(view);
    return status;
}

json_t *ledger_ask_at(struct ledger *ledger, struct th_query query, th_instant now)
{
    json_t *answer = NULL;
    int status = ask(ledger, query, now, &answer);
    cr_assert_eq(status, 0, "%s: %s", th_status_text(status), ledger->problem.text);
    cr_assert_not_null(answer);
    return answer;
}

json_t *ledger_ask(struct ledger *ledger, struct th_query query)
{
    return ledger_ask_at(ledger, query, ledger->now.wall);
}

int ledger_status(struct ledger *ledger, struct th_query query, json_t **ret_answer)
{
    return ask(ledger, query, ledger->now.wall, ret_answer);
}

int ledger_refusal(struct ledger *ledger, struct th_query query)
{
    json_t *answer = NULL;
    int status = ask(ledger, query, ledger->now.wall, &answer);
    cr_assert_neq(status, 0);
    cr_assert_null(answer);
    return status;
}

const char *ledger_at(const json_t *answer, const char *path)
{
    static char texts[8][2048];
    static unsigned next;
    char *text = texts[next++ % 8];
    const json_t *at = answer;
    for (const char *key = path; at != NULL && *key != '\0';) {
        char name[64];
        size_t size = strcspn(key, "/");
        cr_assert_lt(size, sizeof name);
        memcpy(name, key, size);
        name[size] = '\0';
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(name)) : json_object_get(at, name);
        key += size + (key[size] == '/');
    }
    text[0] = '\0';
    if (json_is_string(at))
        (void)snprintf(text, sizeof texts[0], "%s", json_string_value(at));
    else if (at != NULL)
        text[json_dumpb(at, text, sizeof texts[0] - 1, JSON_COMPACT | JSON_ENCODE_ANY)] = '\0';
    return text;
}
