/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/plan_view.h"

#include "aggregator/plan/words.h"
#include "aggregator/query/plan_json.h"

#include <inttypes.h>
#include <string.h>

static const char *const kind_names[] = {
    [TH_OBLIGATION_PERIODIC] = "định kỳ",          [TH_OBLIGATION_REGISTRATION] = "đăng ký mô hình",
    [TH_OBLIGATION_DOCUMENT] = "ban hành văn bản", [TH_OBLIGATION_AD_HOC] = "đột xuất",
    [TH_OBLIGATION_ON_REQUEST] = "khi có yêu cầu", [TH_OBLIGATION_SCORING] = "đánh giá, chấm điểm",
};

static const char *const relation_names[] = {
    [TH_RELATION_REPLACES] = "thay thế",
    [TH_RELATION_IMPLEMENTS] = "thực hiện",
    [TH_RELATION_SUSPENDS] = "tạm dừng",
};

static const char *const policy_names[] = {
    [TH_POLICY_STRICT] = "đúng ngày ghi trong văn bản",
    [TH_POLICY_CIVIL_CODE_ROLL] = "ngày cuối là ngày nghỉ thì sang ngày làm việc tiếp theo",
};

static const char *const level_names[] = {
    [TH_LEVEL_PROVINCE] = "cấp tỉnh",
    [TH_LEVEL_DISTRICT] = "cấp huyện",
    [TH_LEVEL_COMMUNE] = "cấp xã",
    [TH_LEVEL_BODY] = "sở, cơ quan, đơn vị",
};

static struct th_reporters reporters_of(const struct th_plan_files *files,
                                        const struct th_obligation *obligation)
{
    return th_count_reporters(&files->plan, &files->units, obligation, NULL, NULL);
}

void th_print_unit(const struct th_unit_list *units, const char *code, FILE *out)
{
    for (uint32_t i = 0; i < units->count; i++)
        if (strcmp(units->units[i].code, code) == 0) {
            const char *prefix = th_unit_kind_prefix(units->units[i].kind);
            (void)fprintf(out, "%s%s%s", prefix, prefix[0] == 0 ? "" : " ", units->units[i].name);
            return;
        }
}

static void print_day(th_day day, FILE *out)
{
    char text[TH_DAY_SPOKEN_SIZE];
    (void)fputs(th_day_spoken(day, text), out);
}

static void print_reporters(struct th_reporters reporters, FILE *out)
{
    if (reporters.is_exact)
        (void)fprintf(out, "%" PRIu32 " đơn vị phải báo cáo", reporters.count);
    else
        (void)fprintf(out, "%" PRIu32 " đơn vị được giao, không tính thiếu", reporters.count);
}

void th_plan_print_check(const struct th_plan_files *files, const char *path, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    uint32_t indicators = 0;
    for (uint32_t number = 1; number <= plan->catalogue.number_max; number++)
        indicators += th_catalogue_get(&plan->catalogue, number) != NULL ? 1 : 0;
    (void)fprintf(out,
                  "%s: hợp lệ\n  kế hoạch %s: %u nghĩa vụ, %" PRIu32
                  " chỉ tiêu, %u quy tắc, %" PRIu32 " đơn vị\n",
                  path, plan->id, plan->obligations_count, indicators, plan->rules.count,
                  files->units.count);
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        (void)fprintf(out, "  %-18s ", obligation->id);
        print_reporters(reporters_of(files, obligation), out);
        (void)fputs(obligation->suspended ? " (đang tạm dừng)\n" : "\n", out);
    }
}

/* ---- due ---- */

static void print_due(const struct th_obligation *obligation, FILE *out)
{
    if (!obligation->has_due) {
        (void)fprintf(out, "  hạn              không nêu ngày\n");
        return;
    }
    char first_late[TH_INSTANT_TEXT_SIZE], last[TH_INSTANT_TEXT_SIZE];
    char wording[TH_DUE_TEXT_SIZE];
    (void)fprintf(out, "  văn bản ghi      %s\n", th_due_wording(obligation, wording));
    (void)fprintf(out, "  đúng hạn đến     %s (hết 24 giờ ngày ",
                  th_instant_format((th_instant){obligation->due.ms - 1}, last));
    print_day(th_obligation_last_day(obligation), out);
    (void)fprintf(out, ")\n  trễ từ           %s\n",
                  th_instant_format(obligation->due, first_late));
    th_day literal;
    if (th_due_is_rolled(obligation, &literal)) {
        (void)fprintf(out, "  chuyển ngày      ngày cuối ");
        print_day(literal, out);
        (void)fprintf(out, " là ngày nghỉ, chuyển sang ");
        print_day(th_obligation_last_day(obligation), out);
        (void)fputc('\n', out);
    }
}

static void print_term_day(const struct th_obligation *obligation, enum th_term term, size_t offset,
                           const char *label, FILE *out)
{
    const struct th_terms *terms = th_obligation_terms(obligation, term);
    if (terms == NULL)
        return;
    th_day day;
    memcpy(&day, (const char *)terms + offset, sizeof day);
    (void)fprintf(out, "%s", label);
    print_day(day, out);
    (void)fputc('\n', out);
}

/* The dates and reminders in force. */
static void print_times(const struct th_obligation *obligation, FILE *out)
{
    print_due(obligation, out);
    print_term_day(obligation, TH_TERM_PERIOD_START, offsetof(struct th_terms, period_start),
                   "  số liệu từ ngày  ", out);
    print_term_day(obligation, TH_TERM_CUT_OFF, offsetof(struct th_terms, cut_off),
                   "  chốt số liệu     ", out);
    print_term_day(obligation, TH_TERM_ACCEPT_UNTIL, offsetof(struct th_terms, accept_until),
                   "  nhận đến hết     ", out);
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_REMINDERS);
    if (terms != NULL) {
        (void)fprintf(out, "  nhắc trước hạn   ");
        for (uint16_t i = 0; i < terms->reminders_count; i++)
            (void)fprintf(out, "%s%u", i == 0 ? "" : ", ", terms->reminders[i]);
        (void)fprintf(out, " ngày\n");
    }
    terms = th_obligation_terms(obligation, TH_TERM_ESTIMATES);
    if (terms != NULL)
        (void)fprintf(out, "  số ước           %s\n",
                      terms->estimates ? "được, phải đánh dấu" : "không được");
}

static void print_heading(const struct th_obligation *obligation, FILE *out)
{
    (void)fprintf(out, "%s  %s%s%s%s\n", obligation->id, obligation->period,
                  obligation->period[0] == 0 ? "" : "  ", obligation->title,
                  obligation->suspended ? "  [TẠM DỪNG]" : "");
}

void th_plan_print_due(const struct th_plan_files *files, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    (void)fprintf(out, "%s: %s\n", plan->id, policy_names[plan->policy]);
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        (void)fputc('\n', out);
        print_heading(&plan->obligations[i], out);
        print_times(&plan->obligations[i], out);
        (void)fprintf(out, "  ai báo cáo       ");
        print_reporters(reporters_of(files, &plan->obligations[i]), out);
        (void)fputc('\n', out);
    }
}

/* ---- show ---- */

static void print_party(const struct th_plan_files *files, const struct th_party *party, FILE *out)
{
    (void)fputs(party->name, out);
    if (party->unit_code[0] != 0) {
        if (party->name[0] == 0)
            th_print_unit(&files->units, party->unit_code, out);
        (void)fprintf(out, " [%s]", party->unit_code);
    }
    if (party->role[0] != 0)
        (void)fprintf(out, " (%s)", party->role);
}

static void print_parties(const struct th_plan_files *files, const struct th_parties *parties,
                          const char *label, FILE *out)
{
    if (parties->count == 0)
        return;
    (void)fprintf(out, "%s", label);
    for (uint16_t i = 0; i < parties->count; i++) {
        (void)fputs(i == 0 ? "" : "; ", out);
        print_party(files, &parties->items[i], out);
    }
    (void)fputc('\n', out);
}

static void print_selector(const struct th_selector *selector, const char *label, FILE *out)
{
    const char *between = "";
    (void)fputs(label, out);
    if (selector->quote[0] != 0)
        (void)fprintf(out, "\"%s\" → ", selector->quote);
    for (int kind = 0; kind < TH_UNIT_KIND_COUNT; kind++)
        if ((selector->kinds & UINT32_C(1) << kind) != 0) {
            (void)fprintf(out, "%sloại %s", between, th_unit_kind_word((enum th_unit_kind)kind));
            between = ", ";
        }
    for (int level = TH_LEVEL_PROVINCE; level <= TH_LEVEL_BODY; level++)
        if ((selector->levels & UINT32_C(1) << level) != 0) {
            (void)fprintf(out, "%s%s", between, level_names[level]);
            between = ", ";
        }
    for (uint16_t i = 0; i < selector->units_count; i++, between = ", ")
        (void)fprintf(out, "%s%s", between, selector->units[i]);
    for (uint16_t i = 0; i < selector->except_count; i++)
        (void)fprintf(out, "%s%s", i == 0 ? ", trừ " : ", ", selector->except[i]);
    (void)fputc('\n', out);
}

static void print_indicators(const struct th_catalogue *catalogue, const struct th_terms *terms,
                             FILE *out)
{
    static const char *const labels[] = {
        [TH_BRANCH_COMMUNES] = "  chỉ tiêu cấp xã  ", [TH_BRANCH_BODIES] = "  chỉ tiêu sở, CQ  "};
    for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES; branch++) {
        if (terms->indicators_count[branch] == 0)
            continue;
        (void)fputs(labels[branch], out);
        for (uint16_t i = 0; i < terms->indicators_count[branch]; i++) {
            const struct th_indicator *indicator =
                th_catalogue_get(catalogue, terms->indicators[branch][i]);
            (void)fprintf(out, "%s%s%s", i == 0 ? "" : " ", indicator->code,
                          th_indicator_is_asked(indicator) ? "" : "*");
        }
        (void)fputc('\n', out);
    }
}

/* The terms of the source, or of the override. */
static void print_terms(const struct th_plan *plan, const struct th_terms *terms, FILE *out)
{
    if ((terms->present & TH_TERM_WHO) != 0)
        print_selector(&terms->who, "  ai báo cáo       ", out);
    if ((terms->present & TH_TERM_SERIES) != 0)
        (void)fprintf(out, "  chế độ báo cáo   %s\n", terms->series);
    print_indicators(&plan->catalogue, terms, out);
}

static void print_obligation(const struct th_plan_files *files,
                             const struct th_obligation *obligation, FILE *out)
{
    (void)fputc('\n', out);
    print_heading(obligation, out);
    (void)fprintf(out, "  loại             %s%s\n  nguyên văn       \"%s\"\n",
                  kind_names[obligation->kind],
                  obligation->open_ended ? ", bao nhiêu báo cáo cũng được" : "", obligation->quote);
    print_terms(&files->plan, &obligation->quoted, out);
    print_parties(files, &obligation->to, "  gửi              ", out);
    print_parties(files, &obligation->via, "  qua              ", out);
    print_parties(files, &obligation->copies, "  đồng gửi         ", out);
    if (obligation->form[0] != 0)
        (void)fprintf(out, "  biểu mẫu         %s\n", obligation->form);
    for (uint16_t i = 0; i < obligation->basis_count; i++)
        (void)fprintf(out, "  căn cứ           %s\n", obligation->basis[i]);
    print_times(obligation, out);
    (void)fprintf(out, "  số đơn vị        ");
    print_reporters(reporters_of(files, obligation), out);
    (void)fputc('\n', out);
    if (obligation->override_reason[0] == 0)
        return;
    static const char *const names[] = {"ai báo cáo",   "chỉ tiêu",       "ngày bắt đầu kỳ",
                                        "chốt số liệu", "ngày thôi nhận", "mốc nhắc",
                                        "số ước",       "chế độ báo cáo"};
    (void)fprintf(out, "  KHÁC VĂN BẢN     ");
    const char *between = "";
    for (unsigned bit = 0; bit < sizeof names / sizeof names[0]; bit++)
        if ((obligation->override.present & UINT32_C(1) << bit) != 0) {
            (void)fprintf(out, "%s%s", between, names[bit]);
            between = ", ";
        }
    (void)fprintf(out, "\n  lý do            %s\n", obligation->override_reason);
    print_terms(&files->plan, &obligation->override, out);
}

static void print_relation(const struct th_relation *relation, FILE *out)
{
    (void)fprintf(out, "  %s %s", relation_names[relation->kind], relation->document);
    if (relation->has_date) {
        (void)fprintf(out, " ngày ");
        print_day(relation->date, out);
    }
    (void)fprintf(out, "%s%s\n    \"%s\"\n", relation->title[0] == 0 ? "" : ": ", relation->title,
                  relation->quote);
    if (relation->suspends_scoring)
        (void)fprintf(out, "    tạm dừng: chấm điểm, xếp loại\n");
    if (relation->has_scope)
        print_selector(&relation->scope, "    áp dụng cho: ", out);
    if (relation->until[0] != 0)
        (void)fprintf(out, "    đến khi: \"%s\"\n", relation->until);
}

void th_plan_print_show(const struct th_plan_files *files, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    (void)fprintf(out, "%s: %s\n  số               %s\n  ngày             ", plan->id, plan->title,
                  plan->number[0] == 0 ? "không còn trên bản gốc" : plan->number);
    if (plan->has_date)
        print_day(plan->date, out);
    else
        (void)fputs("không còn trên bản gốc", out);
    (void)fprintf(out, "\n  năm              %d\n  cơ quan ban hành ", plan->year);
    print_party(files, &plan->issuer, out);
    (void)fprintf(out, "\n  phạm vi          ");
    th_print_unit(&files->units, plan->territory, out);
    (void)fprintf(out,
                  " [%s]\n  cách tính hạn    %s\n  chỉ tiêu         %s\n  quy tắc          %s"
                  "\n  ngày nghỉ        %s\n",
                  plan->territory, policy_names[plan->policy], plan->catalogue.id, plan->rules.id,
                  files->holidays.id);
    (void)fprintf(out, "\nQuan hệ với văn bản khác\n");
    for (uint16_t i = 0; i < plan->relations_count; i++)
        print_relation(&plan->relations[i], out);
    (void)fprintf(out, "\nNhiệm vụ\n");
    for (uint16_t i = 0; i < plan->tasks_count; i++) {
        const struct th_task *task = &plan->tasks[i];
        (void)fprintf(out, "  %2u. %s\n", task->number, task->title);
        print_parties(files, &task->lead, "      chủ trì: ", out);
        print_parties(files, &task->coordinating, "      phối hợp: ", out);
        print_parties(files, &task->executing, "      thực hiện: ", out);
        if (task->time[0] != 0)
            (void)fprintf(out, "      thời gian: %s\n", task->time);
    }
    print_parties(files, &plan->recipients, "\nNơi nhận\n  ", out);
    (void)fprintf(out, "\nNghĩa vụ báo cáo (mã có dấu * là tỷ lệ tự tính)\n");
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        print_obligation(files, &plan->obligations[i], out);
}
