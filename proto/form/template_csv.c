/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV form for spreadsheets: one row a field, `;` between cells, UTF-8 with byte order mark. */
#include "proto/form/template.h"
#include "proto/form/words.h"

#include <csv.h>
#include <string.h>

#define CELLS 5

/* A text that begins like a formula gets a blank before it. */
static void put_cell(FILE *out, const char *text)
{
    if (text[0] != 0 && strchr("=+-@", text[0]) != NULL)
        (void)fputc(' ', out);
    if (strpbrk(text, ";\"\r\n\t,") != NULL)
        (void)csv_fwrite(out, text, strlen(text));
    else
        (void)fputs(text, out);
}

static void put_row(FILE *out, const char *code, const char *name, const char *measure,
                    const char *value)
{
    const char *const cells[CELLS] = {code, name, measure, value, ""};
    for (size_t i = 0; i < CELLS; i++) {
        put_cell(out, cells[i]);
        (void)fputs(i + 1 < CELLS ? ";" : "\r\n", out);
    }
}

static void put_identity(const struct th_form_template *form)
{
    FILE *out = form->out;
    put_row(out, "#plan", form->plan->title, "giữ nguyên", form->plan->id);
    put_row(out, "#obligation", form->obligation->title, "giữ nguyên", form->obligation->id);
    put_row(out, "#unit", form->unit->name, "giữ nguyên", form->unit->code);
    if (form->obligation->open_ended)
        put_row(out, "#number", "Số thứ tự của báo cáo", "1, 2, 3 …", "");
    put_row(out, "#revision", "Lần gửi", "chỉ ghi khi gửi bản sửa", "");
    if (form->estimates)
        put_row(out, "#estimated_to", "Số ước tính đến ngày; đánh x ở cột ước của số ước",
                "năm-tháng-ngày", "");
}

static void put_section(const struct th_form_template *form, const struct th_section *section)
{
    const struct th_indicator *indicator;
    bool has_heading = false;
    char heading[600], measure[TH_FORM_MEASURE_SIZE];
    for (enum th_form_part part = TH_FORM_FIGURES; part <= TH_FORM_TEXTS; part++) {
        uint16_t at = 0;
        while ((indicator = th_form_template_next(form, section, part, &at)) != NULL) {
            (void)snprintf(heading, sizeof heading, "%u. %s", (unsigned)section->number,
                           section->name);
            if (!has_heading)
                put_row(form->out, "", heading, "", "");
            has_heading = true;
            if (th_indicator_is_asked(indicator))
                put_row(form->out, indicator->code, indicator->name,
                        part == TH_FORM_TEXTS ? "lời"
                                              : th_form_template_measure(indicator, measure),
                        "");
            else
                put_row(form->out, "", indicator->name, th_form_template_refusal(indicator), "");
        }
    }
}

static void put_tasks(const struct th_form_template *form)
{
    char offer[TH_FORM_OFFER_SIZE], code[48], name[TH_LIMIT_TITLE_MAX + 32];
    if (form->plan->tasks_count == 0)
        return;
    put_row(form->out, "", "Tiến độ nhiệm vụ", "", "");
    (void)th_form_words_offer(&th_form_task_words, offer);
    for (uint16_t i = 0; i < form->plan->tasks_count; i++) {
        const struct th_task *task = &form->plan->tasks[i];
        (void)snprintf(code, sizeof code, "#task.%u.status", (unsigned)task->number);
        (void)snprintf(name, sizeof name, "Nhiệm vụ %u: %s", (unsigned)task->number, task->title);
        put_row(form->out, code, name, offer, "");
        (void)snprintf(code, sizeof code, "#task.%u.percent", (unsigned)task->number);
        put_row(form->out, code, "Tỷ lệ hoàn thành, cần khi đang làm", "0 đến 100", "");
        (void)snprintf(code, sizeof code, "#task.%u.note", (unsigned)task->number);
        put_row(form->out, code, "Ghi chú", "lời", "");
    }
}

static void put_rest(const struct th_form_template *form)
{
    char offer[TH_FORM_OFFER_SIZE];
    FILE *out = form->out;
    put_row(out, "", "Mô hình \"Dân vận khéo\" (thêm mô hình: chép bốn dòng, đổi số 1 thành 2)", "",
            "");
    put_row(out, "#model.1.name", "Tên mô hình", "lời", "");
    put_row(out, "#model.1.field", "Lĩnh vực", "lời", "");
    put_row(out, "#model.1.stage", "Trạng thái", th_form_words_offer(&th_form_stage_words, offer),
            "");
    put_row(out, "#model.1.summary", "Tóm tắt", "lời", "");
    put_row(out, "", "Văn bản giấy kèm theo, nếu có", "", "");
    put_row(out, "#document.number", "Số, ký hiệu", "", "");
    put_row(out, "#document.date", "Ngày ban hành", "năm-tháng-ngày", "");
    put_row(out, "#document.signer", "Người ký", "", "");
    put_row(out, "#document.title", "Chức vụ người ký", "", "");
    put_row(out, "", "Tệp đính kèm, mỗi tệp một dòng", "", "");
    put_row(out, "#attachment", "Đường dẫn tính từ thư mục của biểu này", "tên tệp", "");
}

void th_form_template_csv(const struct th_form_template *form)
{
    const struct th_catalogue *catalogue = &form->plan->catalogue;
    (void)fputs("\xEF\xBB\xBFmã;tên;đơn vị tính;giá trị;ước\r\n", form->out);
    put_identity(form);
    for (uint16_t i = 0; i < catalogue->sections_count; i++)
        put_section(form, &catalogue->sections[i]);
    put_tasks(form);
    put_rest(form);
}
