/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"

#include "aggregator/plan/loader.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct form_case form;

static void begin(void)
{
    form = form_case_begin();
}

static void end(void)
{
    form_case_end(&form);
}

TestSuite(form_template, .init = begin, .fini = end);

static const char *const endings[] = {[TH_FORM_YAML] = ".yaml",
                                      [TH_FORM_JSON] = ".json",
                                      [TH_FORM_CSV] = ".csv",
                                      [TH_FORM_XLSX] = ".xlsx"};

static char *small_template(enum th_form_kind kind, const struct th_obligation *obligation,
                            const struct th_unit *unit)
{
    size_t size = 0;
    return form_case_template(kind, &small_plan, obligation, unit, &size);
}

/* A template with `from` replaced by `to`, once for each pair. Returns owned. */
static char *filled(char *text, const char *const pairs[][2], size_t pairs_count)
{
    for (size_t i = 0; i < pairs_count; i++) {
        char *at = strstr(text, pairs[i][0]), *longer = NULL;
        cr_assert_not_null(at, "%s is not in:\n%s", pairs[i][0], text);
        cr_assert_geq(asprintf(&longer, "%.*s%s%s", (int)(at - text), text, pairs[i][1],
                               at + strlen(pairs[i][0])),
                      0);
        free(text);
        text = longer;
    }
    return text;
}

static void assert_empty(enum th_form_kind kind)
{
    char *text = small_template(kind, &small_plan.obligations[0], &small_commune);
    form_case_read_text(&form, endings[kind], text);
    cr_assert_eq(form.status, 0, "%s\n%s", form.printed, text);
    free(text);
    cr_assert_eq(form.report.values.count, 0);
    cr_assert_eq(form.report.estimated_count, 0);
    cr_assert_eq(form.report.narratives_count, 0);
    cr_assert_eq(form.report.tasks_count, 0);
    cr_assert_eq(form.report.showcases_count, 0);
    cr_assert_eq(form.report.attachments_count, 0);
    cr_assert_not(form.report.has_document);
    cr_assert_not(form.report.has_estimated_to);
    cr_assert_eq(form.obligation, &small_plan.obligations[0]);
}

Test(form_template, an_untouched_yaml_form_is_an_empty_report)
{
    assert_empty(TH_FORM_YAML);
}

Test(form_template, an_untouched_json_form_is_an_empty_report)
{
    assert_empty(TH_FORM_JSON);
}

Test(form_template, an_untouched_csv_form_is_an_empty_report)
{
    assert_empty(TH_FORM_CSV);
}

static void assert_filled(void)
{
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.values.count, 4);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 1250);
    cr_assert_eq(form_case_value(&form, SMALL_PC02),
                 th_day_of_date((struct th_civil_date){2025, 5, 9}).number);
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 2);
    cr_assert_eq(form.report.estimated_count, 1);
    cr_assert(form.report.has_estimated_to);
    cr_assert_eq(form.report.narratives_count, 1);
    cr_assert_eq(form.report.narratives[0].indicator, SMALL_TX02);
    cr_assert_eq(form.report.narratives[0].text.size, strlen("Thiếu người."));
    cr_assert_eq(form.report.tasks_count, 1);
    cr_assert_eq(form.report.tasks[0].task, 2);
    cr_assert_eq(form.report.tasks[0].percent, 60);
    cr_assert_eq(form.report.showcases_count, 1);
    cr_assert_eq(form.report.revision, 2);
}

Test(form_template, a_filled_yaml_form_reads_back)
{
    static const char *const pairs[][2] = {
        {"revision:", "revision: 2"},
        {"TCD01: ", "TCD01: 1234"},
        {"BTT09: ", "BTT09: 12.5"},
        {"PC02: ", "PC02: 2025-05-09"},
        {"XL01: ", "XL01: Khá"},
        {"estimated:", "estimated: [BTT09]"},
        {"estimated_to:", "estimated_to: 2025-06-14"},
        {"TX02:  # Khó khăn\n", "TX02: |  # Khó khăn\n    Thiếu người.\n"},
        {"no: 2\n    status:\n    percent:", "no: 2\n    status: đang làm\n    percent: 60"},
        {"- name:\n    field:\n    stage:",
         "- name: Tổ tự quản\n    field: An ninh\n    stage: đang thực hiện"},
    };
    char *text = filled(small_template(TH_FORM_YAML, &small_plan.obligations[0], &small_commune),
                        pairs, sizeof pairs / sizeof *pairs);
    form_case_read_text(&form, ".yaml", text);
    free(text);
    assert_filled();
}

Test(form_template, a_filled_json_form_reads_back)
{
    static const char *const pairs[][2] = {
        {"\"revision\": null", "\"revision\": 2"},
        {"\"TCD01\": null", "\"TCD01\": 1234"},
        {"\"BTT09\": null", "\"BTT09\": 12.5"},
        {"\"PC02\": null", "\"PC02\": \"2025-05-09\""},
        {"\"XL01\": null", "\"XL01\": \"Khá\""},
        {"\"estimated\": []", "\"estimated\": [\"BTT09\"]"},
        {"\"estimated_to\": null", "\"estimated_to\": \"2025-06-14\""},
        {"\"TX02\": null", "\"TX02\": \"Thiếu người.\""},
        {"\"no\": 2,\n      \"status\": null,\n      \"percent\": null",
         "\"no\": 2, \"status\": \"in progress\", \"percent\": 60"},
        {"\"models\": []", "\"models\": [{\"name\": \"Tổ tự quản\", \"field\": \"An ninh\", "
                           "\"stage\": \"running\"}]"},
    };
    char *text = filled(small_template(TH_FORM_JSON, &small_plan.obligations[0], &small_commune),
                        pairs, sizeof pairs / sizeof *pairs);
    form_case_read_text(&form, ".json", text);
    free(text);
    assert_filled();
}

Test(form_template, a_filled_csv_form_reads_back)
{
    static const char *const pairs[][2] = {
        {"chỉ ghi khi gửi bản sửa;;", "chỉ ghi khi gửi bản sửa;2;"},
        {"TCD01;Tổng số lượt tiếp;lượt;;", "TCD01;Tổng số lượt tiếp;lượt;1.234;"},
        {"m2; nhiều nhất 2 chữ số thập phân\";;", "m2\";12,5;x"},
        {"Ngày phân công;năm-tháng-ngày;;", "Ngày phân công;năm-tháng-ngày;2025-05-09;"},
        {"Khá\";;", "Khá\";Khá;"},
        {"ước của số ước\";năm-tháng-ngày;;", "ước\";;2025-06-14;"},
        {"Khó khăn;lời;;", "Khó khăn;lời;Thiếu người.;"},
        {"#task.2.status;Nhiệm vụ 2: Đối thoại;", "#task.2.status;;;đang làm;\r\n;"},
        {"#task.2.percent;\"Tỷ lệ hoàn thành, cần khi đang làm\";0 đến 100;;",
         "#task.2.percent;;;60;"},
        {"#model.1.name;Tên mô hình;lời;;", "#model.1.name;;;Tổ tự quản;"},
        {"#model.1.field;Lĩnh vực;lời;;", "#model.1.field;;;An ninh;"},
        {"#model.1.stage;", "#model.1.stage;;;đang thực hiện;\r\n;"},
    };
    char *text = filled(small_template(TH_FORM_CSV, &small_plan.obligations[0], &small_commune),
                        pairs, sizeof pairs / sizeof *pairs);
    form_case_read_text(&form, ".csv", text);
    free(text);
    assert_filled();
}

Test(form_template, a_form_asks_what_the_branch_is_asked)
{
    char *communes = small_template(TH_FORM_YAML, &small_plan.obligations[0], &small_commune);
    char *bodies = small_template(TH_FORM_YAML, &small_plan.obligations[0], &small_department);
    cr_assert_not_null(strstr(communes, "\n  TCD04:"));
    cr_assert_null(strstr(communes, "KHAC"));
    cr_assert_not_null(strstr(bodies, "\n  TCD01:"));
    cr_assert_null(strstr(bodies, "TCD04"));
    cr_assert_null(strstr(bodies, "TX02"));
    free(communes);
    free(bodies);
}

Test(form_template, the_due_date_is_said_with_the_last_second_that_is_on_time)
{
    char *text = small_template(TH_FORM_YAML, &small_plan.obligations[0], &small_commune);
    cr_expect_not_null(strstr(text, "# Hạn: đến trước 00:00 ngày 10/5/2025, chậm nhất là 23:59:59 "
                                    "ngày 09/5/2025 (giờ Việt Nam)\n"),
                       "%s", text);
    free(text);
}

Test(form_template, sections_head_their_figures_in_order)
{
    char *text = small_template(TH_FORM_YAML, &small_plan.obligations[0], &small_commune);
    const char *values = strstr(text, "\nvalues:"), *first = strstr(text, "# 1. Phân công");
    const char *figure = strstr(text, "\n  PC01:"), *second = strstr(text, "# 2. Tiếp công dân");
    const char *texts = strstr(text, "\nsections:"), *section = strstr(texts, "# 3. Phần lời");
    cr_assert(values < first && first < figure && figure < second && second < texts &&
              texts < section);
    free(text);
}

Test(form_template, derived_figures_are_shown_and_not_filled_in)
{
    char *yaml = small_template(TH_FORM_YAML, &small_plan.obligations[0], &small_commune);
    char *csv = small_template(TH_FORM_CSV, &small_plan.obligations[0], &small_commune);
    cr_assert_not_null(strstr(yaml, "# TL01: Tỷ lệ tiếp (tự tính, không điền)"), "%s", yaml);
    cr_assert_not_null(strstr(yaml, "# XL02: Xếp loại khác (chưa hỏi, không điền)"));
    cr_assert_not_null(strstr(csv, ";Tỷ lệ tiếp;\"tự tính, không điền\";;"), "%s", csv);
    free(yaml);
    free(csv);
}

Test(form_template, csv_is_what_excel_opens)
{
    char *text = small_template(TH_FORM_CSV, &small_plan.obligations[0], &small_commune);
    cr_assert_eq(strncmp(text, "\xEF\xBB\xBFmã;tên;đơn vị tính;giá trị;ước\r\n", 33), 0);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        cr_assert_eq(at[-1], '\r');
    cr_assert_not_null(strstr(text, "DB05;\"Tổng giá trị; các khoản\";đồng;;\r\n"));
    cr_assert_not_null(strstr(text, "#unit;Xã Ia Băng;giữ nguyên;00123;\r\n"));
    free(text);
}

Test(form_template, an_open_ended_obligation_asks_for_its_number)
{
    static const char *const pairs[][2] = {{"number:", "number: 4"}};
    char *text =
        filled(small_template(TH_FORM_YAML, &small_plan.obligations[1], &small_commune), pairs, 1);
    cr_assert_null(strstr(text, "TCD01:  #"));
    form_case_read_text(&form, ".yaml", text);
    free(text);
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.number, 4);
}

Test(form_template, a_full_disk_is_an_error)
{
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    struct th_problems problems;
    th_problems_init(&problems);
    for (enum th_form_kind kind = TH_FORM_YAML; kind <= TH_FORM_XLSX; kind++)
        cr_assert_eq(th_form_write_template(kind, &small_plan, &small_plan.obligations[0],
                                            &small_commune, full, &problems),
                     TH_E_IO);
    th_problems_deinit(&problems);
    (void)fclose(full);
}

/* ---- the plans of this project ---- */

static void read_back_all(const char *path)
{
    struct th_arena arena;
    struct th_plan_files files;
    th_arena_init(&arena, 1024 * 1024, 256 * 1024 * 1024);
    cr_assert_eq(th_plan_load(path, NULL, 0, &arena, &form.problems, &files), 0);
    const struct th_plan *const plans[] = {&files.plan};
    size_t read = 0;
    for (uint16_t i = 0; i < files.plan.obligations_count; i++) {
        const struct th_obligation *obligation = &files.plan.obligations[i];
        const struct th_unit *unit = NULL;
        for (uint32_t u = 0; u < files.units.count && unit == NULL; u++)
            if (th_obligation_expects(obligation, &files.units.units[u]))
                unit = &files.units.units[u];
        if (unit == NULL || obligation->open_ended)
            continue;
        for (enum th_form_kind kind = TH_FORM_YAML; kind <= TH_FORM_XLSX; kind++) {
            size_t size = 0;
            char *text = form_case_template(kind, &files.plan, obligation, unit, &size);
            struct th_form_context context = {.plans = plans, .plans_count = 1, .unit = unit};
            char name[16];
            (void)snprintf(name, sizeof name, "p%s", endings[kind]);
            form_case_put(&form, name, text, size);
            (void)snprintf(form.path, sizeof form.path, "%s/%s", form.folder, name);
            form_case_read_with(&form, form.path, &context);
            cr_assert_eq(form.status, 0, "%s %s\n%s", path, obligation->id, form.printed);
            cr_assert_eq(form.obligation, obligation);
            free(text);
            read++;
        }
    }
    cr_assert_gt(read, 0);
    th_arena_deinit(&arena);
}

Test(form_template, forms_of_every_plan_read_back)
{
    read_back_all("plans/gialai-2025.yaml");
    read_back_all("plans/quangngai-2025.yaml");
    read_back_all("plans/sonmau-2024.yaml");
    read_back_all("plans/vpubnd-quangngai-2025.yaml");
    read_back_all("plans/chiminh-2025.yaml");
}

Test(form_template, a_machine_that_cannot_run_the_other_program_is_told)
{
    struct rlimit before, none;
    struct th_problems problems;
    char *printed = NULL, *text = NULL;
    size_t size = 0;
    th_problems_init(&problems);
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int status = th_form_write_template(TH_FORM_XLSX, &small_plan, &small_plan.obligations[0],
                                        &small_commune, out, &problems);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_eq(fclose(out), 0);
    free(text);
    cr_expect_eq(status, TH_E_IO);
    out = open_memstream(&printed, &size);
    cr_assert_eq(th_problems_print(&problems, out), 0);
    cr_assert_eq(fclose(out), 0);
    cr_expect_not_null(strstr(printed, "đóng bớt chương trình"), "%s", printed);
    free(printed);
    th_problems_deinit(&problems);
}
