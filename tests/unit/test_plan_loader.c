/* SPDX-License-Identifier: Apache-2.0 */
/* Every class of problem: one small plan is right, and each test makes one thing in it wrong. */
#include "aggregator/plan/loader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum file { PLAN, INDICATORS, RULES, HOLIDAYS, UNITS, FILES };

static const char *const names[FILES] = {"plan.yaml", "indicators.yaml", "rules.yaml",
                                         "holidays.yaml", "units.csv"};

static const char *const texts[FILES] = {
    [PLAN] = "plan: mau-2025\n"
             "format: 1\n"
             "title: \"Kế hoạch mẫu\"\n"
             "number: \"1/KH\"\n"
             "date: 2025-01-22\n"
             "year: 2025\n"
             "issuer: {name: \"UBND tỉnh\", unit: \"64\"}\n"
             "territory: \"64\"\n"
             "units: units.csv\n"
             "indicators: indicators.yaml\n"
             "rules: rules.yaml\n"
             "holidays: holidays.yaml\n"
             "deadline_policy: strict\n"
             "relations:\n"
             "  - {kind: suspends, document: \"1211/QĐ\", quote: \"Tạm dừng\", what: scoring,\n"
             "     scope: {quote: \"các xã\", levels: [commune]}, until: \"khi có hướng dẫn\"}\n"
             "tasks:\n"
             "  - {no: 1, title: \"Việc một\", lead: [{unit: \"64-snv\"}], time: \"Cả năm\"}\n"
             "recipients: [{name: \"Bộ Nội vụ\", role: \"báo cáo\"}]\n"
             "obligations:\n"
             "  - id: O-1\n"
             "    kind: periodic\n"
             "    title: \"Báo cáo 06 tháng\"\n"
             "    quote: \"trước ngày 10/5/2025\"\n"
             "    who: {quote: \"các xã\", levels: [commune]}\n"
             "    to: [{unit: \"64\"}]\n"
             "    period: 2025-H1\n"
             "    due: {before: 2025-05-10}\n"
             "    override:\n"
             "      reason: \"Nơi triển khai quyết định\"\n"
             "      who: {levels: [commune], kinds: [so], except: [\"2\"]}\n"
             "      period_start: 2024-12-15\n"
             "      cut_off: 2025-04-30\n"
             "      accept_until: 2025-06-30\n"
             "      reminders: [7, 1]\n"
             "      estimates: false\n"
             "      series: dinh-ky\n"
             "      indicators: {communes: [TX01, A02, A01], bodies: [A01]}\n"
             "  - id: O-2\n"
             "    kind: scoring\n"
             "    title: \"Chấm điểm\"\n"
             "    quote: \"chấm điểm\"\n"
             "    who: {quote: \"các xã\", units: [\"1\"]}\n"
             "    period: 2025\n"
             "    basis: [\"1211/QĐ\"]\n",
    [INDICATORS] = "catalogue: mau\n"
                   "format: 1\n"
                   "sections: [{no: 1, name: \"Một\", name_en: \"One\"}]\n"
                   "indicators:\n"
                   "  - {no: 1, code: A01, section: 1, name: \"a\", name_en: a, type: count,"
                   " up: sum, over: cumulative, source: F, note: \"biểu\"}\n"
                   "  - {no: 2, code: A02, section: 1, name: \"b\", name_en: b, type: count,"
                   " up: sum, over: latest, source: L}\n"
                   "  - {no: 3, code: A03, section: 1, name: \"c\", name_en: c, type: percent,"
                   " unit: \"%\", up: \"ratio_of_sums(A01,A01+A02)\", over: ratio_of_sums,"
                   " source: D}\n"
                   "  - {no: 4, code: B01, section: 1, name: \"d\", name_en: d, type: decimal,"
                   " scale: 2, up: average_min_max, over: latest, source: R}\n"
                   "  - {no: 5, code: E01, section: 1, name: \"e\", name_en: e, type: enum,"
                   " up: count_by_value, over: latest, source: R}\n"
                   "  - {no: 9, code: TX01, section: 1, name: \"f\", name_en: f, type: text,"
                   " up: concat, over: latest, source: P}\n",
    [RULES] = "rules: mau\n"
              "format: 1\n"
              "list:\n"
              "  - {id: R01, severity: error, compare: \"A01 <= A02\", text: t, source: s}\n"
              "  - {id: R02, severity: warn, kind: carry_over, pairs: [[A01, A02]], text: t,"
              " source: s}\n"
              "  - {id: R03, severity: warn, kind: year_on_year, percent: 50, above: 20, text: t,"
              " source: s}\n"
              "  - {id: R04, severity: warn, kind: scoring_suspended, indicators: [E01], text: t,"
              " source: s}\n",
    [HOLIDAYS] = "holidays: vn\n"
                 "format: 1\n"
                 "years:\n"
                 "  - year: 2025\n"
                 "    days_off: [2025-05-01, 2025-05-02]\n"
                 "    working_weekends: [2025-04-26]\n"
                 "    source: \"thông báo\"\n",
    [UNITS] = "code,name,kind,parent,valid_from,valid_to,external_id\n"
              "64,Gia Lai,tinh,,,,\n"
              "64-snv,Sở Nội vụ,so,64,,,\n"
              "1,Một,xa,64,,,\n"
              "2,Hai,xa,64,,,\n"
              "3,Ba,xa,64,2026-01-01,,\n",
};

static char folder[64];
static struct th_arena arena;
static struct th_problems problems;
static struct th_plan_files files;

static char *path_of(enum file file, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", folder, names[file]);
    return path;
}

static void write_text(enum file file, const char *text, size_t size)
{
    char path[128];
    FILE *out = fopen(path_of(file, path), "wbe");
    cr_assert_not_null(out);
    cr_assert_eq(fwrite(text, 1, size, out), size);
    cr_assert_eq(fclose(out), 0);
}

static char current[FILES][16384]; /* the files as they are now */

static void restore(enum file file)
{
    strcpy(current[file], texts[file]);
    write_text(file, texts[file], strlen(texts[file]));
}

static void set_up(void)
{
    strcpy(folder, "/tmp/tonghop-plan-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    for (int file = 0; file < FILES; file++)
        restore((enum file)file);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    files = (struct th_plan_files){0};
}

static void tear_down(void)
{
    char path[128];
    for (int file = 0; file < FILES; file++)
        (void)unlink(path_of((enum file)file, path));
    (void)rmdir(folder);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

TestSuite(plan_loader, .init = set_up, .fini = tear_down);

static int load(void)
{
    char path[128];
    th_problems_deinit(&problems);
    th_arena_reset(&arena);
    return th_plan_load(path_of(PLAN, path), NULL, 0, &arena, &problems, &files);
}

/* One change in one file, and what has to be said about it. `line` is that of the problem. */
struct change {
    enum file file;
    const char *from;
    const char *to;
    uint32_t line;
    const char *message; /* a part of it */
};

static void apply(const struct change *change)
{
    char *text = current[change->file], *at = strstr(text, change->from);
    cr_assert_not_null(at, "%s", change->from);
    char rest[sizeof current[0]];
    strcpy(rest, at + strlen(change->from));
    size_t left = sizeof current[0] - (size_t)(at - text);
    cr_assert_lt((size_t)snprintf(at, left, "%s%s", change->to, rest), left);
    write_text(change->file, text, strlen(text));
}

static void expect(const struct change *change)
{
    char path[128];
    apply(change);
    cr_assert_eq(load(), TH_E_INVALID, "%s", change->to);
    bool found = false;
    for (size_t i = 0; i < problems.count && !found; i++)
        found = problems.items[i].line == change->line &&
                strstr(problems.items[i].message, change->message) != NULL &&
                strcmp(problems.items[i].file, path_of(change->file, path)) == 0 &&
                problems.items[i].hint[0] != 0;
    for (size_t i = 0; i < problems.count && !found; i++)
        cr_log_error("%u: %s", problems.items[i].line, problems.items[i].message);
    cr_assert(found, "%s → %s: no problem \"%s\" at line %u", change->from, change->to,
              change->message, change->line);
    cr_assert_null(files.plan.id, "nothing is returned");
    restore(change->file);
}

static void expect_all(const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(&changes[i]);
}

#define EXPECT(...)                                                                                \
    expect_all((const struct change[]){__VA_ARGS__},                                               \
               sizeof((const struct change[]){__VA_ARGS__}) / sizeof(struct change))

/* ---- what is right ---- */

Test(plan_loader, the_small_plan_loads_with_every_field)
{
    cr_assert_eq(load(), 0);
    const struct th_plan *plan = &files.plan;
    cr_assert_str_eq(plan->id, "mau-2025");
    cr_assert_str_eq(plan->number, "1/KH");
    cr_assert(plan->has_date);
    cr_assert_eq(plan->year, 2025);
    cr_assert_str_eq(plan->issuer.unit_code, "64");
    cr_assert_str_eq(plan->issuer.name, "UBND tỉnh");
    cr_assert_str_eq(plan->recipients.items[0].role, "báo cáo");
    cr_assert_str_eq(plan->tasks[0].lead.items[0].unit_code, "64-snv");
    cr_assert_str_eq(plan->relations[0].until, "khi có hướng dẫn");
    cr_assert_eq(plan->relations[0].scope.levels, UINT32_C(1) << TH_LEVEL_COMMUNE);
    cr_assert_str_eq(plan->catalogue.indicators[1].note, "biểu");
    cr_assert_eq(plan->catalogue.indicators[2].source, TH_SOURCE_LAW);
    cr_assert_eq(plan->rules.rules[1].pairs[0][1], 2);
    cr_assert_eq(plan->rules.rules[2].above, 20);
    cr_assert_eq(files.units.count, 5);
    cr_assert_str_eq(files.holidays.years[0].source, "thông báo");
    cr_assert_eq(problems.count, 0);
}

Test(plan_loader, the_override_stands_beside_the_quote)
{
    cr_assert_eq(load(), 0);
    const struct th_obligation *first = &files.plan.obligations[0];
    cr_assert_eq(first->quoted.present, TH_TERM_WHO);
    cr_assert_eq(first->override.present,
                 TH_TERM_WHO | TH_TERM_INDICATORS | TH_TERM_PERIOD_START | TH_TERM_CUT_OFF |
                     TH_TERM_ACCEPT_UNTIL | TH_TERM_REMINDERS | TH_TERM_ESTIMATES | TH_TERM_SERIES);
    cr_assert_str_eq(first->override_reason, "Nơi triển khai quyết định");
    cr_assert_str_eq(first->override.who.except[0], "2");
    cr_assert_eq(first->override.reminders[1], 1);
}

Test(plan_loader, a_ratio_follows_from_what_is_asked)
{
    cr_assert_eq(load(), 0);
    const uint16_t *numbers = NULL;
    const struct th_obligation *first = &files.plan.obligations[0];
    cr_assert_eq(th_obligation_indicators(first, TH_BRANCH_COMMUNES, &numbers), 4);
    static const uint16_t wanted[] = {1, 2, 3, 9};
    cr_assert_arr_eq(numbers, wanted, sizeof wanted);
    cr_assert_eq(th_obligation_indicators(first, TH_BRANCH_BODIES, &numbers), 1);
    cr_assert_eq(numbers[0], 1);
}

Test(plan_loader, scoring_under_a_suspended_document_is_suspended)
{
    cr_assert_eq(load(), 0);
    cr_assert_not(files.plan.obligations[0].suspended);
    cr_assert(files.plan.obligations[1].suspended);
}

Test(plan_loader, given_unit_files_stand_for_the_plans_own)
{
    char path[128], units[128];
    path_of(UNITS, units);
    apply(&(struct change){PLAN, "units: units.csv", "units: khong-co.csv", 0, ""});
    const char *const given[] = {units};
    cr_assert_eq(th_plan_load(path_of(PLAN, path), given, 1, &arena, &problems, &files), 0);
    cr_assert_eq(files.units.count, 5);
}

Test(plan_loader, a_rolled_due_day_uses_the_table)
{
    /* 2 May 2025 is off, 3 and 4 May are a weekend. */
    apply(&(struct change){PLAN, "{before: 2025-05-10}", "{by: 2025-05-02}", 0, ""});
    cr_assert_eq(load(), 0);
    th_day last = th_obligation_last_day(&files.plan.obligations[0]);
    cr_assert_eq(last.number, th_day_of_date((struct th_civil_date){2025, 5, 2}).number);
    apply(&(struct change){PLAN, "strict", "civil_code_roll", 0, ""});
    cr_assert_eq(load(), 0);
    last = th_obligation_last_day(&files.plan.obligations[0]);
    cr_assert_eq(last.number, th_day_of_date((struct th_civil_date){2025, 5, 5}).number);
}

/* ---- what is wrong ---- */

Test(plan_loader, an_unknown_key_is_named_anywhere)
{
    EXPECT({PLAN, "number:", "numbr:", 4, "numbr"}, {PLAN, "lead:", "leed:", 18, "leed"},
           {PLAN, "unit: \"64\"}\n", "unit: \"64\", x: 1}\n", 7, "\"x\""},
           {PLAN, "period:", "perod:", 27, "perod"}, {PLAN, "cut_off:", "cutoff:", 33, "cutoff"},
           {PLAN, "what:", "whut:", 15, "whut"}, {PLAN, "before: ", "befor: ", 28, "befor"},
           {PLAN, "bodies:", "body:", 38, "body"}, {PLAN, "levels:", "level:", 16, "level"},
           {INDICATORS, "note:", "nte:", 5, "nte"}, {RULES, "compare:", "cmp:", 4, "cmp"},
           {HOLIDAYS, "source:", "sorce:", 7, "sorce"});
}

Test(plan_loader, a_missing_field_is_named)
{
    EXPECT({PLAN, "plan: mau-2025\n", "", 1, "\"plan\""},
           {PLAN, "title: \"Kế hoạch mẫu\"\n", "", 1, "\"title\""},
           {PLAN, "year: 2025\n", "", 1, "\"year\""},
           {PLAN, "territory: \"64\"\n", "", 1, "\"territory\""},
           {PLAN, "units: units.csv\n", "", 1, "\"units\""},
           {PLAN, "deadline_policy: strict\n", "", 1, "\"deadline_policy\""},
           {PLAN, "    kind: periodic\n", "", 21, "\"kind\""},
           {PLAN, "    quote: \"trước ngày 10/5/2025\"\n", "", 21, "\"quote\""},
           {PLAN, "    who: {quote: \"các xã\", levels: [commune]}\n", "", 21, "\"who\""},
           {PLAN, "quote: \"các xã\", levels: [commune]}\n    to", "levels: [commune]}\n    to", 25,
            "\"quote\""},
           {PLAN, " what: scoring,", "", 15, "\"what\""},
           {INDICATORS, " over: latest, source: L", " over: latest", 6, "\"source\""},
           {INDICATORS, " scale: 2,", "", 8, "\"scale\""},
           {RULES, "severity: error, ", "", 4, "\"severity\""},
           {RULES, " above: 20,", "", 6, "\"above\""},
           {HOLIDAYS, "    working_weekends: [2025-04-26]\n", "", 4, "\"working_weekends\""});
}

Test(plan_loader, a_bad_date_is_named)
{
    EXPECT({PLAN, "date: 2025-01-22", "date: 22/01/2025", 5, "\"date\""},
           {PLAN, "before: 2025-05-10", "before: 2025-02-29", 28, "không có trong lịch"},
           {PLAN, "cut_off: 2025-04-30", "cut_off: 2025-4-30", 33, "cut_off"},
           {HOLIDAYS, "2025-05-02", "2025-05-32", 5, "không có trong lịch"});
}

Test(plan_loader, a_unit_that_is_not_there_is_named)
{
    EXPECT({PLAN, "territory: \"64\"", "territory: \"65\"", 8, "\"65\""},
           {PLAN, "lead: [{unit: \"64-snv\"", "lead: [{unit: \"64-stp\"", 18, "\"64-stp\""},
           {PLAN, "units: [\"1\"]", "units: [\"1\", \"7\"]", 43, "\"7\""},
           {PLAN, "units: [\"1\"]", "units: [\"3\"]", 43, "năm 2025"},
           {PLAN, "except: [\"2\"]", "except: [\"../2\"]", 31, "không hợp lệ"},
           {PLAN, "to: [{unit: \"64\"}]", "to: [{unit: \"64\", name: \"x\"}]", 26, "cả \"unit\""},
           {PLAN, "to: [{unit: \"64\"}]", "to: [{role: \"x\"}]", 26, "không có \"unit\""});
}

Test(plan_loader, a_selector_that_chooses_nobody_is_refused)
{
    EXPECT({PLAN, "who: {levels: [commune], kinds: [so], except: [\"2\"]}", "who: {kinds: [quan]}",
            31, "không có đơn vị nào"},
           {PLAN, "who: {levels: [commune], kinds: [so], except: [\"2\"]}",
            "who: {except: [\"2\"]}", 31, "không chọn đơn vị nào"},
           {PLAN, "kinds: [so]", "kinds: [sở]", 31, "sở"},
           {PLAN, "kinds: [so]", "kinds: [so, so]", 31, "lặp lại"},
           {PLAN, "levels: [commune], kinds", "levels: [xa], kinds", 31, "xa"});
}

Test(plan_loader, an_indicator_that_cannot_be_asked_is_refused)
{
    EXPECT({PLAN, "A02, A01]", "A02, Z01]", 38, "không có chỉ tiêu \"Z01\""},
           {PLAN, "A02, A01]", "A02, A03]", 38, "A03 là tỷ lệ tự tính"},
           {PLAN, "A02, A01]", "A02, E01]", 38, "E01 là enum chưa có giá trị"},
           {PLAN, "A02, A01]", "A02, A02]", 38, "A02 lặp lại"},
           {PLAN, "bodies: [A01]", "bodies: []", 38, "trống"});
}

Test(plan_loader, an_enum_with_values_can_be_asked)
{
    apply(&(struct change){INDICATORS, "type: enum,", "type: enum, values: [tot, kha],", 0, ""});
    apply(&(struct change){PLAN, "A02, A01]", "A02, E01]", 0, ""});
    cr_assert_eq(load(), 0);
    cr_assert_eq(files.plan.catalogue.indicators[5].values_count, 2);
}

Test(plan_loader, dates_that_contradict_each_other_are_refused)
{
    EXPECT({PLAN, "cut_off: 2025-04-30", "cut_off: 2025-05-10", 33, "trước ngày chốt"},
           {PLAN, "period_start: 2024-12-15", "period_start: 2025-05-01", 33, "bắt đầu kỳ"},
           {PLAN, "period_start: 2024-12-15", "period_start: 2025-05-10", 32, "sau hạn"},
           {PLAN, "accept_until: 2025-06-30", "accept_until: 2025-05-08", 34, "trước hạn"},
           {PLAN, "reminders: [7, 1]", "reminders: [1, 7]", 35, "đứng sau"},
           {PLAN, "reminders: [7, 1]", "reminders: [7, 7]", 35, "đứng sau"},
           {PLAN, "reminders: [7, 1]", "reminders: [7, 0]", 35, "từ 1"},
           {PLAN, "    due: {before: 2025-05-10}\n", "", 34, "không có hạn"},
           {PLAN, "{before: 2025-05-10}", "{before: 2025-05-10, by: 2025-05-10}", 28, "đúng một"},
           {PLAN, "    override:", "    open_ended: true\n    override:", 28, "thì không có hạn"});
}

Test(plan_loader, the_cut_off_day_itself_may_be_the_last_day_on_time)
{
    apply(&(struct change){PLAN, "cut_off: 2025-04-30", "cut_off: 2025-05-09", 0, ""});
    cr_assert_eq(load(), 0);
}

Test(plan_loader, estimates_allow_a_due_date_before_the_cut_off)
{
    apply(&(struct change){PLAN,
                           "cut_off: 2025-04-30\n      accept_until: 2025-06-30\n"
                           "      reminders: [7, 1]\n      estimates: false",
                           "cut_off: 2025-06-14\n      estimates: true", 0, ""});
    cr_assert_eq(load(), 0);
}

Test(plan_loader, a_due_date_outside_the_holiday_table_cannot_be_rolled)
{
    apply(&(struct change){PLAN, "2025-05-10}", "2028-05-10}", 0, ""});
    cr_assert_eq(load(), TH_E_INVALID, "accepted until before due");
    apply(&(struct change){PLAN, "      accept_until: 2025-06-30\n", "", 0, ""});
    cr_assert_eq(load(), 0, "strict needs no table");
    apply(&(struct change){PLAN, "strict", "civil_code_roll", 0, ""});
    cr_assert_eq(load(), TH_E_INVALID);
    cr_assert_eq(problems.items[0].line, 28);
    cr_assert_not_null(strstr(problems.items[0].message, "ngoài các năm 2025 đến 2025"));
}

Test(plan_loader, repeated_names_are_refused)
{
    EXPECT({PLAN, "id: O-2", "id: O-1", 39, "\"O-1\" lặp lại"},
           {PLAN, "time: \"Cả năm\"}\n", "time: \"Cả năm\"}\n  - {no: 1, title: x}\n", 19,
            "số nhiệm vụ 1 lặp lại"},
           {INDICATORS, "no: 2, code: A02", "no: 1, code: A02", 6, "số thứ tự 1 lặp lại"},
           {INDICATORS, "no: 2, code: A02", "no: 2, code: A01", 6, "mã chỉ tiêu \"A01\" lặp lại"},
           {RULES, "id: R02", "id: R01", 5, "R01 lặp lại"},
           {UNITS, "2,Hai", "1,Hai", 5, "tên (name) ở đây là"});
}

Test(plan_loader, names_and_words_have_to_be_known)
{
    EXPECT({PLAN, "period: 2025-H1", "period: 2025-H3", 27, "2025-H3"},
           {PLAN, "period: 2025-H1", "period: quý 1", 27, "tên kỳ"},
           {PLAN, "kind: periodic", "kind: hằng năm", 22, "hằng năm"},
           {PLAN, "kind: suspends", "kind: stops", 15, "stops"},
           {PLAN, "what: scoring", "what: reporting", 15, "reporting"},
           {PLAN, "strict", "lax", 13, "lax"}, {PLAN, "plan: mau-2025", "plan: mẫu/2025", 1, "tên"},
           {PLAN, "format: 1", "format: 2", 2, "phiên bản 2"},
           {PLAN, "id: O-1", "id: \"O 1\"", 21, "O 1"},
           {PLAN, "series: dinh-ky", "series: định kỳ", 37, "định kỳ"});
}

Test(plan_loader, only_a_suspension_has_a_scope)
{
    EXPECT({PLAN, "kind: suspends", "kind: replaces", 16, "\"scope\" chỉ dùng"},
           {PLAN, "scope: {quote: \"các xã\", levels: [commune]}", "scope: {quote: \"các xã\"}", 16,
            "không chọn đơn vị nào"});
}

Test(plan_loader, an_override_needs_a_reason_and_a_field)
{
    EXPECT({PLAN, "      reason: \"Nơi triển khai quyết định\"\n", "", 30, "\"reason\""},
           {PLAN, "      series: dinh-ky\n", "      due: {by: 2025-06-01}\n", 37, "\"due\""},
           {PLAN, "    basis: [\"1211/QĐ\"]\n", "    override: {reason: x}\n", 45,
            "không thay trường nào"});
}

Test(plan_loader, indicators_have_to_make_sense)
{
    EXPECT({INDICATORS, "A01+A02)", "A01+A07)", 7, "A07"},
           {INDICATORS, "(A01,A01+A02)", "(A01)", 7, "sai cú pháp"},
           {INDICATORS, "(A01,A01+A02)", "", 7, "thiếu tử số"},
           {INDICATORS, "A01+A02)", "A01+B01)", 7, "B01"},
           {INDICATORS, "A01+A02)", "A01+A01+A01+A01+A01)", 7, "quá nhiều"},
           {INDICATORS, "type: percent", "type: count", 7, "không gộp"},
           {INDICATORS, "up: concat", "up: sum", 10, "không gộp"},
           {INDICATORS, "up: concat", "up: join", 10, "join"},
           {INDICATORS, "over: cumulative", "over: ratio_of_sums", 5, "chỉ dùng cho tỷ lệ"},
           {INDICATORS, "section: 1, name: \"a\"", "section: 2, name: \"a\"", 5, "mục số 2"},
           {INDICATORS, "code: A01", "code: a01", 5, "a01"},
           {INDICATORS, "no: 9,", "no: 2000,", 10, "từ 1 đến 1024"},
           {INDICATORS, "type: text,", "type: text, scale: 2,", 10, "\"scale\" chỉ dùng"},
           {INDICATORS, "type: text,", "type: text, values: [a],", 10, "\"values\" chỉ dùng"},
           {INDICATORS, "type: enum,", "type: enum, values: [a, a],", 9, "lặp lại"});
}

Test(plan_loader, rules_have_to_make_sense)
{
    EXPECT({RULES, "A01 <= A02", "A01 <= Z02", 4, "\"Z02\""},
           {RULES, "A01 <= A02", "A01 = A02", 4, "sai cú pháp"},
           {RULES, "A01 <= A02", "A01 <= B01", 4, "thập phân"},
           {RULES, "A01 <= A02", "A01 <= TX01", 4, "TX01"},
           {RULES, "A01 <= A02", "A01 <= A03", 4, "A03"},
           {RULES, "A01 <= A02", "1 <= 2", 4, "không có chỉ tiêu"},
           {RULES, "A01 <= A02", "B01 <= 2", 4, "hằng số"},
           {RULES, "A01 <= A02", "A01 <= 9999999", 4, "quá lớn"},
           {RULES, "[[A01, A02]]", "[[A01]]", 5, "mỗi cặp"},
           {RULES, "[[A01, A02]]", "[[A01, Z02]]", 5, "Z02"},
           {RULES, "[[A01, A02]]", "[[A01, TX01]]", 5, "không phải là số"},
           {RULES, "indicators: [E01]", "indicators: [E02]", 7, "E02"},
           {RULES, "kind: year_on_year, percent", "kind: types, percent", 6, "không dùng"},
           {RULES, "R03, severity: warn", "R03, severity: error", 6, "chỉ được nhắc"},
           {RULES, "kind: carry_over", "kind: carry", 5, "carry"});
}

Test(plan_loader, holidays_have_to_make_sense)
{
    EXPECT({HOLIDAYS, "[2025-05-01, 2025-05-02]", "[2025-05-02, 2025-05-01]", 5, "thứ tự"},
           {HOLIDAYS, "2025-05-02]", "2026-05-02]", 5, "không thuộc năm 2025"},
           {HOLIDAYS, "[2025-04-26]", "[2025-04-25]", 6, "thứ Bảy"},
           {HOLIDAYS, "2025-05-02]", "2025-05-03]\n    provisional: no", 6, "provisional"},
           {HOLIDAYS, "source: \"thông báo\"\n",
            "source: s\n  - {year: 2027, days_off: [], working_weekends: [], source: s}\n", 8,
            "sau năm 2025 là năm 2027"});
    apply(&(struct change){HOLIDAYS, "[2025-05-01, 2025-05-02]", "[2025-04-26]", 0, ""});
    cr_assert_eq(load(), TH_E_INVALID);
    cr_assert_not_null(strstr(problems.items[0].message, "vừa nghỉ vừa làm bù"));
}

Test(plan_loader, problems_of_all_files_are_found_in_one_run)
{
    apply(&(struct change){PLAN, "period: 2025-H1", "period: x", 0, ""});
    apply(&(struct change){INDICATORS, "A01+A02)", "A01+A07)", 0, ""});
    apply(&(struct change){RULES, "severity: error", "severity: fatal", 0, ""});
    apply(&(struct change){HOLIDAYS, "2025-05-02]", "2025-05-32]", 0, ""});
    apply(&(struct change){UNITS, "1,Một,xa", "1,Một,lang", 0, ""});
    cr_assert_eq(load(), TH_E_INVALID);
    bool seen[FILES] = {false};
    char path[128];
    for (size_t i = 0; i < problems.count; i++)
        for (int file = 0; file < FILES; file++)
            seen[file] =
                seen[file] || strcmp(problems.items[i].file, path_of((enum file)file, path)) == 0;
    for (int file = 0; file < FILES; file++)
        cr_assert(seen[file], "%s", names[file]);
}

Test(plan_loader, files_that_are_not_there_are_named_where_they_are_asked_for)
{
    EXPECT({PLAN, "indicators: indicators.yaml", "indicators: x.yaml", 10, "x.yaml"},
           {PLAN, "rules: rules.yaml", "rules: x.yaml", 11, "x.yaml"},
           {PLAN, "holidays: holidays.yaml", "holidays: x.yaml", 12, "x.yaml"},
           {PLAN, "units: units.csv", "units: x.csv", 9, "x.csv"});
}

Test(plan_loader, a_plan_or_given_unit_file_that_is_not_there_is_not_found)
{
    char path[128];
    const char *const given[] = {"/no/such/units.csv"};
    cr_assert_eq(th_plan_load("/no/such/plan.yaml", NULL, 0, &arena, &problems, &files),
                 TH_E_NOT_FOUND);
    cr_assert_eq(th_plan_load(path_of(PLAN, path), given, 1, &arena, &problems, &files),
                 TH_E_NOT_FOUND);
    cr_assert_eq(problems.count, 2);
}

Test(plan_loader, a_plan_that_is_no_mapping_is_refused)
{
    write_text(PLAN, "- 1\n", 4);
    cr_assert_eq(load(), TH_E_INVALID);
    write_text(PLAN, "plan: [\n", 8);
    cr_assert_eq(load(), TH_E_SYNTAX);
}

/* Every allocation of the arena may be the one that fails. */
Test(plan_loader, memory_that_runs_out_is_reported_as_such)
{
    char path[128];
    path_of(PLAN, path);
    int status = TH_E_NO_MEMORY;
    size_t failed = 0;
    for (size_t budget = 64; status == TH_E_NO_MEMORY && budget < (size_t)1 << 22; budget += 1024) {
        struct th_arena small;
        th_arena_init(&small, 64, budget);
        th_problems_deinit(&problems);
        status = th_plan_load(path, NULL, 0, &small, &problems, &files);
        failed += status == TH_E_NO_MEMORY ? 1 : 0;
        if (status < 0)
            cr_assert_null(files.plan.id);
        th_arena_deinit(&small);
    }
    cr_assert_eq(status, 0);
    cr_assert_gt(failed, 10);
}
