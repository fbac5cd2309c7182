/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of a small province: what is in them, what they refuse, and that nothing in a text can
 * become something else. */
#include "aggregator/document/odt.h"
#include "aggregator/document/package.h"
#include "aggregator/document/sheet.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zip.h>

static struct ledger ledger;
static struct th_view *view;
static struct th_query_context context;
static struct th_store_identity identity;
static struct th_document_facts *facts;
static struct th_document_file file;
static struct th_query_problem problem;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_REHEARSAL);
}

static void tear_down(void)
{
    free(file.bytes);
    th_document_release(facts);
    if (view != NULL) {
        th_query_context_close(&context);
        th_view_close(view);
    }
    ledger_close(&ledger);
}

TestSuite(document, .init = set_up, .fini = tear_down, .timeout = 60);

static unsigned told;

static void count_progress(void *ignored, unsigned done, unsigned total)
{
    (void)ignored;
    cr_expect_leq(done, total);
    told++;
}

static int collect(struct th_query query)
{
    identity = *th_store_identity(ledger.store);
    const struct th_query_asking asking = {.now = ledger.now.wall, .identity = &identity};
    const struct th_document_request request = {
        .query = &query, .asking = &asking, .progress = count_progress};
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    cr_assert_eq(th_query_context_open(view, &context), 0);
    return th_document_collect(&context, view, &request, &problem, &facts);
}

static void collect_half(void)
{
    int status = collect(ledger_query(TH_QUERY_STANDING, LEDGER_HALF));
    cr_assert_eq(status, 0, "%s: %s", th_status_text(status), problem.text);
}

static void render(enum th_document_kind kind, const char *sheet)
{
    free(file.bytes);
    file.bytes = NULL;
    cr_assert_eq(th_document_render(facts, kind, sheet, &file), 0);
}

/* The text of a CSV. */
static const char *table(const char *sheet)
{
    render(TH_DOCUMENT_CSV, sheet);
    char *text = calloc(1, file.size + 1);
    memcpy(text, file.bytes, file.size);
    free(file.bytes);
    file.bytes = text;
    return text;
}

/* A part of a package; owned, a NUL behind it. */
static char *part(const char *name)
{
    zip_error_t error;
    zip_source_t *source = zip_source_buffer_create(file.bytes, file.size, 0, &error);
    zip_t *archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    zip_stat_t about;
    cr_assert_not_null(archive);
    cr_assert_eq(zip_stat(archive, name, 0, &about), 0, "%s", name);
    char *text = calloc(1, about.size + 1);
    zip_file_t *opened = zip_fopen(archive, name, 0);
    cr_assert_eq(zip_fread(opened, text, about.size), (zip_int64_t)about.size);
    (void)zip_fclose(opened);
    zip_discard(archive);
    return text;
}

static struct ledger_report full(enum ledger_unit unit, int64_t a)
{
    struct ledger_report report = {.unit = unit, .revision = 1};
    for (int i = L_A; i <= L_TEXT; i++)
        report.has[i] = i != L_SHARE;
    report.values[L_A] = a;
    report.values[L_B] = a / 2;
    report.values[L_DAY] = th_day_of_date((struct th_civil_date){2025, 4, 9}).number;
    report.values[L_SCORE] = 1250;
    report.values[L_TEXT] = 12;
    return report;
}

/* ---- what is in them ---- */

Test(document, a_table_has_a_line_for_each_unit_and_nothing_where_nothing_was_reported)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 40)));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 0));
    collect_half();
    const char *text = table(NULL);
    cr_expect_eq(memcmp(text, "\xEF\xBB\xBFMã đơn vị,", 15), 0);
    cr_expect_not_null(strstr(text, ",\"A Số đơn (đơn)\"") == NULL ? strstr(text, "A Số đơn (đơn)")
                                                                   : text);
    const char *line = strstr(text, "\r\na1,");
    cr_assert_not_null(line);
    cr_expect_not_null(strstr(line, ",40,20,2025-04-09,12.50,tốt\r\n"));
    line = strstr(text, "\r\nb1,");
    cr_assert_not_null(line);
    cr_expect_not_null(strstr(line, ",0,,,,\r\n"), "zero is reported, empty is not: %.200s", line);
    line = strstr(text, "\r\nb2,");
    cr_assert_not_null(line);
    cr_expect_not_null(strstr(line, ",,,,,,,,,\r\n"));
}

Test(document, every_sheet_can_be_a_table_and_no_other_name)
{
    collect_half();
    for (unsigned i = 0; th_document_sheet_name(i) != NULL; i++)
        cr_expect_gt(strlen(table(th_document_sheet_name(i))), 20);
    cr_expect_eq(th_document_render(facts, TH_DOCUMENT_CSV, "khác", &file), TH_E_NOT_FOUND);
}

Test(document, totals_come_with_how_many_units_they_are_of)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 40)));
    cr_assert(ledger_send(&ledger, full(L_B1, 2)));
    collect_half();
    const char *text = table("tong-hop");
    cr_expect_not_null(strstr(text, "A,Số đơn,đơn,42,2,7,5,2,"), "%s", text);
    cr_expect_not_null(strstr(text, "SHARE,Tỷ lệ xong,%,50.00,2,6,4,"), "%s", text);
    cr_expect_not_null(strstr(text, "DAY,Ngày (muộn nhất),,2025-04-09,2,6,4,"), "%s", text);
    cr_expect_not_null(strstr(text, "SCORE,Điểm (bình quân),điểm,12.50,2,6,4,12.50,"), "%s", text);
}

Test(document, before_any_report_everything_is_missing_and_no_figure_is_zero)
{
    collect_half();
    const char *text = table("tong-hop");
    cr_expect_not_null(strstr(text, "A,Số đơn,đơn,,0,7,7,,,,"), "%s", text);
    render(TH_DOCUMENT_XLSX, NULL);
    render(TH_DOCUMENT_ODT, NULL);
    char *content = part("content.xml");
    cr_expect_not_null(strstr(content, "còn 7 đơn vị chưa gửi báo cáo"));
    cr_expect_not_null(strstr(content, "Chưa có đơn vị nào báo cáo số liệu của mục này."));
    free(content);
}

Test(document, where_a_unit_reports_several_times_reports_are_told_and_counted)
{
    struct ledger_report report = full(L_A1, 10);
    report.obligation = LEDGER_ADHOC;
    for (report.number = 1; report.number <= 2; report.number++)
        cr_assert(ledger_send(&ledger, report));
    cr_assert_eq(collect(ledger_query(TH_QUERY_STANDING, LEDGER_ADHOC)), 0);
    cr_expect_not_null(strstr(table("don-vi"), ",1,10,5,2025-04-09,12.50,tốt\r\na1,"));
    cr_expect_not_null(strstr(table("thuyet-minh"), "(báo cáo số 2)"));
    cr_expect_not_null(strstr(table("tong-hop"), "Số báo cáo có số liệu"));
    render(TH_DOCUMENT_ODT, NULL);
}

Test(document, a_moment_before_the_store_began_is_refused_with_a_sentence)
{
    struct th_query query = ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
    query.has_as_of = true;
    query.as_of = th_day_start(th_day_of_date((struct th_civil_date){2024, 1, 1}));
    cr_expect_eq(collect(query), TH_E_RANGE);
    cr_expect_neq(problem.text[0], '\0');
    cr_expect_null(facts);
}

Test(document, one_unit_and_obligations_of_all_kinds_can_be_asked_for)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    for (int i = 0; i < LEDGER_OBLIGATIONS; i++) {
        struct th_query query = ledger_query(TH_QUERY_STANDING, (enum ledger_obligation)i);
        query.unit = th_text_of(ledger_code(L_A2));
        int status = collect(query);
        cr_assert_eq(status, 0, "%d: %s %s", i, th_status_text(status), problem.text);
        for (int kind = TH_DOCUMENT_XLSX; kind <= TH_DOCUMENT_JSON; kind++)
            render((enum th_document_kind)kind, NULL);
        th_document_release(facts);
        facts = NULL;
        th_query_context_close(&context);
        th_view_close(view);
        view = NULL;
    }
}

Test(document, the_same_moment_gives_the_same_bytes)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 40)));
    collect_half();
    for (int kind = TH_DOCUMENT_XLSX; kind <= TH_DOCUMENT_JSON; kind++) {
        struct th_document_file other;
        render((enum th_document_kind)kind, NULL);
        cr_assert_eq(th_document_render(facts, (enum th_document_kind)kind, NULL, &other), 0);
        cr_expect(file.size == other.size && memcmp(file.bytes, other.bytes, file.size) == 0, "%s",
                  th_document_extension((enum th_document_kind)kind));
        free(other.bytes);
    }
    cr_expect_gt(told, 5);
}

Test(document, a_rehearsal_says_so_everywhere)
{
    char name[TH_DOCUMENT_NAME_SIZE];
    cr_assert(ledger_send(&ledger, full(L_A1, 40)));
    collect_half();
    th_document_file_name(facts, TH_DOCUMENT_ODT, NULL, name);
    cr_expect_eq(strncmp(name, "DIEN-TAP_p-2025_HALF_64_2025-03-01T", 35), 0, "%s", name);
    render(TH_DOCUMENT_XLSX, NULL);
    char *strings = part("xl/sharedStrings.xml"), *sheet = part("xl/worksheets/sheet7.xml");
    cr_expect_not_null(strstr(strings, "DIỄN TẬP"));
    cr_expect_not_null(strstr(sheet, "DIỄN TẬP"), "in the footer");
    free(strings);
    free(sheet);
    render(TH_DOCUMENT_ODT, NULL);
    char *content = part("content.xml"), *styles = part("styles.xml");
    cr_expect_not_null(strstr(content, "DIỄN TẬP"));
    cr_expect_not_null(strstr(styles, "DIỄN TẬP"));
    free(content);
    free(styles);
    cr_expect_not_null(
        strstr((render(TH_DOCUMENT_JSON, NULL), file.bytes), "\"mode\": \"rehearsal\""));
}

Test(document, a_live_store_says_nothing_of_a_rehearsal)
{
    ledger_close(&ledger);
    ledger_open(&ledger, TH_MODE_LIVE);
    collect_half();
    render(TH_DOCUMENT_ODT, NULL);
    char *content = part("content.xml");
    cr_expect_null(strstr(content, "DIỄN TẬP"));
    free(content);
}

/* ---- hostile texts ---- */

static const char *const hostile[] = {"=cmd|' /C calc'!A0",
                                      "+1",
                                      "-2+3",
                                      "@SUM(A1)",
                                      "\t=1",
                                      "<text:p>&amp;]]>\"'",
                                      "hai  khoảng trắng\nxuống dòng\ttab",
                                      "không\xEF\xBF\xBEphải",
                                      "a,b\"c;d",
                                      "_x0041_"};
#define HOSTILE (sizeof hostile / sizeof hostile[0])

/* In place of what the units have written. */
static void say_hostile(void)
{
    json_t *sections = json_array();
    for (size_t i = 0; i < HOSTILE; i++)
        json_array_append_new(sections,
                              json_pack("{s:s,s:s,s:s,s:s}", "unit", ledger_code(L_A1), "name", "",
                                        "parent_name", hostile[i], "text", hostile[i]));
    json_t *list = json_pack("[{s:s,s:s,s:o}]", "indicator", hostile[0], "name", hostile[5],
                             "sections", sections);
    cr_assert_not_null(list);
    cr_assert_eq(json_object_set_new(facts->all, "narratives", list), 0);
    facts->narratives = list;
}

Test(document, a_text_never_becomes_a_formula_of_a_table)
{
    collect_half();
    say_hostile();
    const char *text = table("thuyet-minh");
    cr_expect_not_null(strstr(text, ",'=cmd|' /C calc'!A0\r\n"), "%s", text);
    cr_expect_not_null(strstr(text, ",'+1\r\n"));
    cr_expect_not_null(strstr(text, ",'-2+3\r\n"));
    cr_expect_not_null(strstr(text, ",'@SUM(A1)\r\n"));
    cr_expect_not_null(strstr(text, ",\"'\t=1\"\r\n"));
    cr_expect_not_null(strstr(text, ",\"a,b\"\"c;d\"\r\n"));
}

static void expect_well_formed(const char *name)
{
    char *text = part(name);
    xmlDocPtr document = xmlReadMemory(text, (int)strlen(text), name, NULL,
                                       XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
    cr_expect_not_null(document, "%s", name);
    xmlFreeDoc(document);
    free(text);
}

Test(document, a_text_never_becomes_a_formula_or_markup_of_a_workbook)
{
    collect_half();
    say_hostile();
    render(TH_DOCUMENT_XLSX, NULL);
    expect_well_formed("xl/sharedStrings.xml");
    expect_well_formed("xl/worksheets/sheet7.xml");
    char *sheet = part("xl/worksheets/sheet7.xml"), *strings = part("xl/sharedStrings.xml");
    cr_expect_null(strstr(sheet, "<f>"));
    cr_expect_not_null(strstr(strings, "=cmd|"));
    cr_expect_not_null(strstr(strings, ">_x005F_x0041_<"), "no letter A");
    cr_expect_not_null(strstr(strings, "&lt;text:p&gt;&amp;amp;"));
    free(sheet);
    free(strings);
}

Test(document, a_text_never_becomes_markup_of_a_report)
{
    collect_half();
    say_hostile();
    render(TH_DOCUMENT_ODT, NULL);
    expect_well_formed("content.xml");
    char *content = part("content.xml");
    cr_expect_not_null(strstr(content, "&lt;text:p&gt;&amp;amp;]]&gt;"));
    cr_expect_not_null(strstr(content,
                              "hai<text:s text:c=\"2\"/>khoảng trắng<text:line-break/>xuống "
                              "dòng<text:tab/>tab"));
    cr_expect_not_null(strstr(content, "không\xEF\xBF\xBDphải"));
    free(content);
}

/* ---- numbers ---- */

Test(document, a_number_that_a_workbook_cannot_hold_is_a_text_and_no_digit_is_lost)
{
    struct th_sheet_column columns[] = {{"Số", NULL, 20}, {"Số", NULL, 20}, {"Số", NULL, 20}};
    struct th_cell cells[] = {{TH_CELL_NUMBER, "999999999999999"},
                              {TH_CELL_NUMBER, "1000000000000001"},
                              {TH_CELL_NUMBER, "-12345.67"}};
    bool is_heading[] = {false};
    const struct th_sheet sheet = {.name = "x",
                                   .label = "X",
                                   .title = "X",
                                   .columns = columns,
                                   .cells = cells,
                                   .is_heading = is_heading,
                                   .columns_count = 3,
                                   .rows_count = 1};
    collect_half();
    cr_assert_eq(th_xlsx_write(facts, &sheet, 1, &file), 0);
    char *page = part("xl/worksheets/sheet1.xml"), *strings = part("xl/sharedStrings.xml");
    cr_expect_not_null(strstr(page, "<v>999999999999999</v>"));
    cr_expect_not_null(strstr(page, "<v>-12345.67</v>"));
    cr_expect_not_null(strstr(strings, ">1000000000000001<"));
    cr_expect_not_null(strstr(strings, "hơn 15 chữ số"));
    free(page);
    free(strings);
}

/* ---- packages ---- */

Test(document, a_package_that_is_cut_or_not_closed_is_noticed)
{
    const struct th_package_part whole[] = {{"a.xml", "<?xml?><a:b><c/></a:b>\n", 23, false},
                                            {"b.bin", "x", 1, true}};
    const struct th_package_part broken[] = {{"a.xml", "<?xml?><a:b><c/></a:", 20, false}};
    cr_assert_eq(th_package_make(whole, 2, ledger.now.wall, &file), 0);
    cr_expect_eq(th_package_check(file.bytes, file.size), 0);
    cr_expect_eq(th_package_check(file.bytes, file.size - 1), TH_E_IO);
    file.bytes[40] ^= 1;
    cr_expect_eq(th_package_check(file.bytes, file.size), TH_E_IO, "another checksum");
    free(file.bytes);
    cr_assert_eq(th_package_make(broken, 1, ledger.now.wall, &file), 0);
    cr_expect_eq(th_package_check(file.bytes, file.size), TH_E_IO);
}

/* ---- without memory ---- */

Test(document, too_little_memory_fails_each_sheet_and_the_report_cleanly)
{
    cr_assert(ledger_send(&ledger, full(L_A1, 40)));
    collect_half();
    for (int kind = 0; kind <= TH_SHEET_COUNT; kind++) {
        int status = TH_E_NO_MEMORY;
        unsigned refused = 0;
        for (size_t budget = 256; status != TH_OK && budget < 1 << 22; budget += budget / 3) {
            struct th_arena arena;
            struct th_sheet sheet;
            th_arena_init(&arena, 64, budget);
            free(file.bytes);
            file.bytes = NULL;
            status = kind == TH_SHEET_COUNT
                         ? th_odt_write(facts, &arena, &file)
                         : th_sheet_build(facts, (enum th_sheet_kind)kind, &arena, &sheet);
            cr_assert(status == TH_OK || status == TH_E_NO_MEMORY, "%d", status);
            refused += status == TH_E_NO_MEMORY;
            th_arena_deinit(&arena);
        }
        cr_expect_eq(status, 0, "%d", kind);
        cr_expect_gt(refused, 0, "%d", kind);
    }
}

static unsigned allocations, refused; /* of JSON; refused: which one, 0: none */

static void *allocate(size_t size)
{
    return ++allocations == refused ? NULL : malloc(size);
}

static int collect_and_render(void)
{
    th_document_release(facts);
    facts = NULL;
    free(file.bytes);
    file.bytes = NULL;
    if (view != NULL) {
        th_query_context_close(&context);
        th_view_close(view);
        view = NULL;
    }
    allocations = 0;
    int status = collect(ledger_query(TH_QUERY_STANDING, LEDGER_HALF));
    return status == TH_OK ? th_document_render(facts, TH_DOCUMENT_ODT, NULL, &file) : status;
}

Test(document, an_answer_without_memory_is_in_no_report)
{
    json_set_alloc_funcs(allocate, free);
    cr_assert(ledger_send(&ledger, full(L_A1, 40)));
    cr_assert_eq(collect_and_render(), 0);
    unsigned count = allocations;
    struct th_document_file whole = file;
    file.bytes = NULL;
    for (unsigned nth = 1; nth <= count; nth += 1 + nth / 500) {
        refused = nth;
        int status = collect_and_render();
        refused = 0;
        cr_assert(status == TH_OK || status == TH_E_NO_MEMORY, "%u: %d", nth, status);
        if (status == TH_OK)
            cr_assert(file.size == whole.size && memcmp(file.bytes, whole.bytes, whole.size) == 0,
                      "%u of %u: a part is missing", nth, count);
    }
    free(whole.bytes);
}

/* ---- models, many units ---- */

Test(document, models_have_a_sheet_and_an_appendix)
{
    collect_half();
    facts->models =
        json_pack("[{s:s,s:s,s:s,s:s,s:s}]", "unit", ledger_code(L_B1), "name", "Tổ tự quản",
                  "field", "kinh tế", "stage_name", "được công nhận", "summary", "Mười hộ");
    cr_assert_eq(json_object_set_new(facts->all, "own", (json_t *)(uintptr_t)facts->models), 0);
    cr_expect_not_null(strstr(table("mo-hinh"), ",Tổ tự quản,kinh tế,được công nhận,Mười hộ\r\n"));
    render(TH_DOCUMENT_ODT, NULL);
    char *content = part("content.xml");
    cr_expect_not_null(strstr(content, "MÔ HÌNH “DÂN VẬN KHÉO” DO CÁC ĐƠN VỊ BÁO CÁO"));
    cr_expect_not_null(strstr(content, "Tổ tự quản"));
    free(content);
}

static void have_many_units(void)
{
    collect_half();
    json_t *lines = json_array();
    for (int i = 0; i < 10000; i++)
        json_array_append_new(lines, json_pack("{s:s,s:[s,s,n,s,s]}", "unit", ledger_code(L_A1),
                                               "values", "1", "2", "3.25", "tốt"));
    cr_assert_eq(json_object_set_new(facts->all, "lines", lines), 0);
    facts->lines = lines;
}

Test(document, ten_thousand_units_fit)
{
    have_many_units();
    const char *text = table("don-vi");
    unsigned count = 0;
    for (; (text = strstr(text, "\r\na1,")) != NULL; text++)
        count++;
    cr_expect_eq(count, 10000);
    render(TH_DOCUMENT_XLSX, NULL);
    char *sheet = part("xl/worksheets/sheet3.xml");
    cr_expect_not_null(strstr(sheet, "r=\"L10005\""));
    free(sheet);
}

Test(document, districts_and_departments_add_up_beside_the_whole)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 5));
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 7));
    cr_assert(ledger_send_a(&ledger, L_SNV, 1, 11));
    collect_half();
    cr_expect_not_null(strstr(table("theo-huyen"), "\r\nA,Số đơn,đơn,23,5,7,11\r\n"), "%s",
                       file.bytes);
}

/* The library that writes workbooks does not notice: its temporary files end too early. */
Test(document, a_workbook_without_room_for_its_temporary_files_is_not_handed_out)
{
    const struct rlimit small = {64 * 1024, 64 * 1024};
    have_many_units();
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    cr_expect_eq(th_document_render(facts, TH_DOCUMENT_XLSX, NULL, &file), TH_E_IO);
    cr_expect_null(file.bytes);
}

Test(document, the_longest_title_of_a_plan_fits_everywhere)
{
    char title[TH_LIMIT_TITLE_MAX + 1];
    memset(title, '&', TH_LIMIT_TITLE_MAX);
    title[TH_LIMIT_TITLE_MAX] = '\0';
    collect_half();
    struct th_obligation obligation = *facts->obligation;
    struct th_plan plan = *facts->plan;
    obligation.title = obligation.quote = plan.title = plan.number = title;
    facts->obligation = &obligation;
    facts->plan = &plan;
    for (int kind = TH_DOCUMENT_XLSX; kind <= TH_DOCUMENT_JSON; kind++)
        render((enum th_document_kind)kind, NULL);
    render(TH_DOCUMENT_XLSX, NULL);
    expect_well_formed("docProps/core.xml");
    expect_well_formed("xl/worksheets/sheet1.xml");
    render(TH_DOCUMENT_ODT, NULL);
    expect_well_formed("content.xml");
    expect_well_formed("meta.xml");
}

/* What the report of the half-year is called when the plan has that title. */
static void expect_subject(const char *title, const char *subject)
{
    static struct th_plan plan; /* the facts borrow it */
    plan = *facts->plan;
    plan.title = title;
    facts->plan = &plan;
    render(TH_DOCUMENT_ODT, NULL);
    char *meta = part("meta.xml");
    cr_expect_not_null(strstr(meta, subject), "%s\n%s", subject, meta);
    free(meta);
}

Test(document, the_period_stands_where_the_year_of_the_title_stood)
{
    collect_half();
    expect_subject("Dân vận năm 2025", ">Báo cáo kết quả dân vận 06 tháng đầu năm 2025<");
    expect_subject("Dân vận của UBND xã Năm 2025",
                   ">Báo cáo kết quả dân vận của UBND xã 06 tháng đầu năm 2025<");
    expect_subject("Dân vận năm 2025 ở xã Sơn Màu",
                   ">Báo cáo kết quả dân vận 06 tháng đầu năm 2025 ở xã Sơn Màu<");
    expect_subject("Dân vận đến cuối năm 2025",
                   ">Báo cáo kết quả dân vận đến cuối năm 2025, 06 tháng đầu năm 2025<");
    expect_subject("Dân vận", ">Báo cáo kết quả dân vận 06 tháng đầu năm 2025<");
}

static void have_texts(size_t same, size_t others)
{
    json_t *sections = json_array();
    for (size_t i = 0; i < same + others; i++)
        json_array_append_new(
            sections, json_pack("{s:s,s:o}", "unit", ledger_code(i % 2 == 0 ? L_A1 : L_B1), "text",
                                i < same ? json_string("Chung.") : json_sprintf("Riêng %zu.", i)));
    facts->narratives =
        json_pack("[{s:s,s:s,s:o}]", "indicator", "TEXT", "name", "Khó khăn", "sections", sections);
    cr_assert_eq(json_object_set_new(facts->all, "own", (json_t *)(uintptr_t)facts->narratives), 0);
}

Test(document, words_that_units_share_are_said_once_and_others_with_their_unit)
{
    collect_half();
    have_texts(5, 2);
    render(TH_DOCUMENT_ODT, NULL);
    char *content = part("content.xml");
    cr_expect_not_null(strstr(content, ">- Chung (5 đơn vị).<"));
    cr_expect_not_null(strstr(content, "A1 (Thị xã Thị xã An Khê): Riêng 6.<"));
    cr_expect_null(strstr(content, "xem Phụ lục"));
    free(content);
    have_texts(2, 60);
    render(TH_DOCUMENT_ODT, NULL);
    content = part("content.xml");
    cr_expect_not_null(strstr(content, "- Nội dung khác của 60 đơn vị: xem Phụ lục IV."));
    cr_expect_null(strstr(content, "An Khê): Riêng 6"));
    cr_expect_not_null(strstr(content, "Riêng 61."), "in the appendix");
    free(content);
}
