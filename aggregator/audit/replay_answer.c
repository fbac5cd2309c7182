/* SPDX-License-Identifier: Apache-2.0 */
/* What a replica answers: as the aggregator answers about its store. */
#include "aggregator/audit/replay_parts.h"

#include "aggregator/query/text.h"
#include "base/options.h"
#include "proto/tlog/hash.h"

#include <sysexits.h>

#define NAME "replay"

struct asking {
    const struct th_replay *replay; /* line and time alone, while only lines are made */
    json_t *lines;                  /* that were made before, or NULL */
    struct th_query_context context;
    struct th_view *view;
    struct th_query_asking who;
    struct th_query_problem problem;
};

static th_instant moment_of(const struct th_replay *replay)
{
    return replay->line->has_as_of ? replay->line->as_of : replay->time;
}

/* To the end it is a question about now, which also reads the rollups' rows. */
static struct th_query query_of(const struct asking *asking, enum th_query_what what)
{
    const struct th_replay_line *line = asking->replay->line;
    return (struct th_query){.what = what,
                             .plan = line->plan,
                             .period = line->period,
                             .obligation = line->obligation,
                             .unit = line->unit,
                             .has_as_of = line->has_as_of || line->has_position,
                             .as_of = moment_of(asking->replay)};
}

static int ask(struct asking *asking, const struct th_query *query, json_t **ret_answer)
{
    return th_query_answer(&asking->context, asking->view, query, &asking->who, &asking->problem,
                           ret_answer);
}

/* ---- every obligation ---- */

static json_t *line_of(struct asking *asking, const struct th_plan *plan,
                       const struct th_obligation *obligation, int *ret_status)
{
    struct th_query query = query_of(asking, TH_QUERY_STANDING);
    json_t *answer = NULL;
    json_t *line = json_pack("{s:s,s:s,s:s,s:s}", "plan", plan->id, "obligation", obligation->id,
                             "period", obligation->period, "title", obligation->title);
    query.plan = th_text_of(plan->id);
    query.obligation = th_text_of(obligation->id);
    query.period = query.unit = (struct th_text){"", 0};
    query.is_brief = true;
    int status = ask(asking, &query, &answer);
    if (status == 0) {
        json_object_set(line, "due", json_object_get(answer, "due"));
        json_object_set(line, "counts", json_object_get(answer, "counts"));
        json_decref(answer);
    } else if (asking->problem.text[0] != '\0') {
        json_object_set_new(line, "problem", json_string(asking->problem.text));
        status = 0;
    }
    *ret_status = status;
    return line;
}

static int all_lines(struct asking *asking, json_t **ret_lines)
{
    json_t *lines = json_array();
    int status = 0;
    for (uint16_t i = 0; i < asking->context.plans_count && status == 0; i++) {
        const struct th_plan *plan = asking->context.plans[i].plan;
        for (uint16_t j = 0; j < plan->obligations_count && status == 0; j++)
            json_array_append_new(lines, line_of(asking, plan, &plan->obligations[j], &status));
    }
    if (status != 0) {
        json_decref(lines);
        return status;
    }
    *ret_lines = lines;
    return 0;
}

/* ---- the whole ---- */

static json_t *compared_json(const struct th_replay *replay)
{
    json_t *names = json_array();
    for (uint64_t i = 0; i < replay->differences && i < TH_REPLAY_DIFFERENCES_MAX; i++)
        json_array_append_new(names, json_string(replay->names[i]));
    return json_pack("{s:b,s:I,s:I,s:I,s:o}", "same", replay->differences == 0, "rows",
                     (json_int_t)replay->compared.rows, "rollups",
                     (json_int_t)replay->compared.rollups, "differences",
                     (json_int_t)replay->differences, "names", names);
}

static json_t *head_json(const struct th_replay *replay)
{
    char hex[TH_DIGEST_HEX_SIZE + 1], root[TH_DIGEST_BASE64_SIZE + 1];
    char time[TH_INSTANT_TEXT_SIZE], as_of[TH_INSTANT_TEXT_SIZE];
    th_tlog_digest_to_hex(&replay->state, hex);
    th_tlog_digest_encode(&replay->root, root);
    return json_pack("{s:I,s:s,s:s,s:o,s:o}", "position", (json_int_t)replay->size, "time",
                     th_instant_format(replay->time, time), "as_of",
                     th_instant_format(moment_of(replay), as_of), "state_digest",
                     replay->has_tree ? json_string(hex) : json_null(), "root",
                     replay->has_tree ? json_string(root) : json_null());
}

static bool wants_more(const struct th_replay_line *line)
{
    return line->plan.size + line->period.size + line->obligation.size + line->unit.size > 0;
}

static int build(struct asking *asking, json_t **ret_answer)
{
    json_t *answer = head_json(asking->replay), *part = asking->lines;
    int status = part == NULL ? all_lines(asking, &part) : 0;
    asking->lines = NULL;
    if (status == 0)
        json_object_set_new(answer, "obligations", part);
    if (status == 0 && wants_more(asking->replay->line)) {
        const struct th_query standing = query_of(asking, TH_QUERY_STANDING);
        const struct th_query rollup = query_of(asking, TH_QUERY_ROLLUP);
        status = ask(asking, &standing, &part);
        if (status == 0)
            json_object_set_new(answer, "standing", part);
        if (status == 0)
            status = ask(asking, &rollup, &part);
        if (status == 0)
            json_object_set_new(answer, "rollup", part);
    }
    if (status != 0) {
        json_decref(answer);
        return status;
    }
    if (asking->replay->is_compared)
        json_object_set_new(answer, "compared", compared_json(asking->replay));
    *ret_answer = answer;
    return 0;
}

/* ---- for people ---- */

/* "–" for what is not counted. */
static void print_count(const json_t *counts, const char *key, const char *label, FILE *out)
{
    const json_t *value = json_object_get(counts, key);
    if (json_is_integer(value))
        (void)fprintf(out, ", %s %lld", label, (long long)json_integer_value(value));
    else
        (void)fprintf(out, ", %s –", label);
}

static void print_lines(const json_t *lines, FILE *out)
{
    size_t i;
    const json_t *line;
    json_array_foreach(lines, i, line)
    {
        const json_t *counts = json_object_get(line, "counts");
        (void)fprintf(out, "  %s %s", json_string_value(json_object_get(line, "plan")),
                      json_string_value(json_object_get(line, "obligation")));
        if (counts == NULL) {
            (void)fprintf(out, ": %s\n", json_string_value(json_object_get(line, "problem")));
            continue;
        }
        print_count(counts, "expected", "phải nộp", out);
        print_count(counts, "received", "đã nhận", out);
        print_count(counts, "on_time", "đúng hạn", out);
        print_count(counts, "late", "trễ", out);
        print_count(counts, "undecided", "chưa xác định", out);
        print_count(counts, "missing", "còn thiếu", out);
        (void)fputc('\n', out);
    }
}

static void print_compared(const struct th_replay *replay, FILE *out)
{
    if (replay->differences == 0) {
        (void)fprintf(out,
                      "Giống hệt kho gốc: %llu dòng của các bảng, trong đó %llu dòng tổng hợp, "
                      "đúng từng byte%s.\n",
                      (unsigned long long)replay->compared.rows,
                      (unsigned long long)replay->compared.rollups,
                      replay->has_tree ? ", và cùng dấu trạng thái" : "");
        return;
    }
    (void)fprintf(out, "KHÁC kho gốc ở %llu dòng:\n", (unsigned long long)replay->differences);
    for (uint64_t i = 0; i < replay->differences && i < TH_REPLAY_DIFFERENCES_MAX; i++)
        (void)fprintf(out, "  %s\n", replay->names[i]);
}

static void print(const struct asking *asking, const json_t *answer, FILE *out)
{
    const struct th_replay *replay = asking->replay;
    const json_t *standing = json_object_get(answer, "standing");
    double rate = replay->seconds > 0 ? (double)replay->size / replay->seconds : 0;
    (void)fprintf(out, "Dựng lại %llu bản ghi, tới %s (%.1f giây, %.0f bản ghi mỗi giây).\n",
                  (unsigned long long)replay->size,
                  json_string_value(json_object_get(answer, "time")), replay->seconds, rate);
    if (replay->reports > 0 && replay->seconds > 0)
        (void)fprintf(out, "Trong đó %llu báo cáo được nhận, %.0f mỗi giây.\n",
                      (unsigned long long)replay->reports,
                      (double)replay->reports / replay->seconds);
    if (replay->has_tree)
        (void)fprintf(out, "Dấu trạng thái: %s\nGốc cây băm: %s\n",
                      json_string_value(json_object_get(answer, "state_digest")),
                      json_string_value(json_object_get(answer, "root")));
    else
        (void)fputs("Không kiểm cây băm, không tính dấu trạng thái (--without-tree).\n", out);
    if (replay->is_compared)
        print_compared(replay, out);
    (void)fprintf(out, "Lúc %s:\n", json_string_value(json_object_get(answer, "as_of")));
    print_lines(json_object_get(answer, "obligations"), out);
    if (standing == NULL)
        return;
    (void)fputc('\n', out);
    th_query_print(&asking->context, TH_QUERY_STANDING, standing, out);
    (void)fputc('\n', out);
    th_query_print(&asking->context, TH_QUERY_ROLLUP, json_object_get(answer, "rollup"), out);
}

static int answer(struct asking *asking, FILE *out, FILE *err)
{
    const struct th_replay *replay = asking->replay;
    json_t *object = NULL;
    int status = build(asking, &object);
    if (status != 0) {
        th_cli_complain(err, NAME, th_query_hint(&asking->problem), "%s",
                        asking->problem.text[0] != '\0' ? asking->problem.text
                                                        : th_status_text(status));
        return th_status_exit_code(status);
    }
    if (replay->line->as_json) {
        (void)json_dumpf(object, out, JSON_INDENT(2));
        (void)fputc('\n', out);
    } else {
        print(asking, object, out);
    }
    json_decref(object);
    return replay->differences == 0 ? EX_OK : EX_DATAERR;
}

static int begin(struct asking *asking, const struct th_store_identity *identity)
{
    struct th_clock_row clock;
    int status = th_view_clock(asking->view, &clock);
    if (status == 0)
        status = th_query_context_open(asking->view, &asking->context);
    if (status != 0)
        return status;
    asking->who = (struct th_query_asking){.now = moment_of(asking->replay),
                                           .is_clock_suspect = identity->mode == TH_MODE_LIVE &&
                                                               clock.status == TH_CLOCK_SUSPECT};
    return 0;
}

int th_replay_lines(const struct th_replay_line *line, const struct th_store_identity *identity,
                    struct th_view *view, json_t **ret_lines)
{
    struct th_replay replay = {.line = line};
    struct asking asking = {.replay = &replay, .view = view};
    struct th_stored_entry last;
    const uint64_t size = th_view_size(view);
    int status = size == 0 ? TH_E_NOT_FOUND : th_view_entry(view, size - 1, &last);
    if (status != 0)
        return status;
    replay.time = last.time;
    status = begin(&asking, identity);
    if (status != 0)
        return status;
    status = all_lines(&asking, ret_lines);
    th_query_context_close(&asking.context);
    return status;
}

int th_replay_answer(const struct th_replay *replay, const struct th_store_identity *identity,
                     struct th_view *view, json_t *lines, FILE *out, FILE *err)
{
    struct asking asking = {.replay = replay, .lines = lines, .view = view};
    const bool asks = lines == NULL || wants_more(replay->line);
    int status = asks ? begin(&asking, identity) : 0;
    if (status != 0) {
        json_decref(lines);
        th_cli_complain(err, NAME, NULL, "%s", th_status_text(status));
        return th_status_exit_code(status);
    }
    int code = answer(&asking, out, err);
    if (asks)
        th_query_context_close(&asking.context);
    return code;
}
