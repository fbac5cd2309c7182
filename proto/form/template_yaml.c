/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML form: everything that an officer has to know stands beside what is to be filled in. */
#include "proto/form/template.h"
#include "proto/form/words.h"

#include <stdarg.h>
#include <string.h>

/* A text of the plan inside of a comment: always one line. */
static void put_text(FILE *out, const char *text)
{
    for (; *text != 0; text++)
        (void)fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
}

static void put_about(const struct th_form_template *form)
{
    FILE *out = form->out;
    const th_instant last = {form->obligation->due.ms - 1}; /* "trước ngày 10/5" is often misread */
    char due[TH_SPOKEN_TEXT_SIZE], last_text[TH_SPOKEN_TEXT_SIZE];
    (void)fputs("# ", out);
    put_text(out, form->obligation->title);
    (void)fprintf(out, "\n# Kế hoạch %s%s", form->plan->number,
                  form->plan->number[0] == 0 ? "" : ": ");
    put_text(out, form->plan->title);
    const char *prefix = th_unit_kind_prefix(form->unit->kind);
    (void)fprintf(out, "\n# Đơn vị: %s%s", prefix, prefix[0] == 0 ? "" : " ");
    put_text(out, form->unit->name);
    if (form->obligation->has_due)
        (void)fprintf(out, "\n# Hạn: đến trước %s, chậm nhất là %s (giờ Việt Nam)",
                      th_instant_format_deadline(form->obligation->due, due),
                      th_instant_format_spoken(last, last_text));
    (void)fputs(
        "\n#\n"
        "# Cách điền\n"
        "#   Ghi giá trị sau dấu hai chấm và một dấu cách. Để trống là chưa báo cáo, khác với 0.\n"
        "#   Số: viết liền, dấu thập phân là dấu chấm, như 1234 hoặc 12.5 (không viết 1.234,5).\n"
        "#   Ngày: năm-tháng-ngày, như 2025-05-09. Có hay chưa: 1 là đã có, 0 là chưa có.\n"
        "#   Chữ sau dấu # là lời giải thích, máy không đọc. Giữ nguyên các mã và khoảng thụt "
        "đầu dòng.\n"
        "# Điền xong thì kiểm tra bằng: tonghop-node check THƯ-MỤC-NÚT TỆP-NÀY\n"
        "\n"
        "report: tonghop\n"
        "format: 1\n",
        out);
}

static void put_identity(const struct th_form_template *form)
{
    FILE *out = form->out;
    (void)fprintf(out, "plan: %s\nobligation: \"%s\"\nunit: \"%s\"\n", form->plan->id,
                  form->obligation->id, form->unit->code);
    if (form->obligation->open_ended)
        (void)fputs("# Số thứ tự của báo cáo: 1, 2, 3 …\nnumber:\n", out);
    (void)fputs("# Lần gửi: chỉ ghi khi gửi bản sửa, theo số mà lệnh submit hoặc status báo.\n"
                "revision:\n",
                out);
}

static bool has_part(const struct th_form_template *form, enum th_form_part part)
{
    const struct th_catalogue *catalogue = &form->plan->catalogue;
    for (uint16_t i = 0; i < catalogue->sections_count; i++) {
        uint16_t at = 0;
        if (th_form_template_next(form, &catalogue->sections[i], part, &at) != NULL)
            return true;
    }
    return false;
}

static void put_figure(const struct th_form_template *form, const struct th_indicator *indicator)
{
    char measure[TH_FORM_MEASURE_SIZE];
    FILE *out = form->out;
    bool is_asked = th_indicator_is_asked(indicator);
    (void)fprintf(out, is_asked ? "  %s:  # " : "  # %s: ", indicator->code);
    put_text(out, indicator->name);
    if (!is_asked)
        (void)fprintf(out, " (%s)", th_form_template_refusal(indicator));
    else if (th_form_template_measure(indicator, measure)[0] != 0) {
        (void)fputs(" (", out);
        put_text(out, measure);
        (void)fputs(")", out);
    }
    (void)fputs("\n", out);
}

static void put_heading(FILE *out, const struct th_section *section)
{
    (void)fprintf(out, "\n  # %u. ", (unsigned)section->number);
    put_text(out, section->name);
    (void)fputs("\n", out);
}

static void put_part(const struct th_form_template *form, enum th_form_part part)
{
    const struct th_catalogue *catalogue = &form->plan->catalogue;
    FILE *out = form->out;
    for (uint16_t i = 0; i < catalogue->sections_count; i++) {
        const struct th_section *section = &catalogue->sections[i];
        const struct th_indicator *indicator;
        uint16_t at = 0;
        bool has_heading = false;
        while ((indicator = th_form_template_next(form, section, part, &at)) != NULL) {
            if (!has_heading)
                put_heading(out, section);
            has_heading = true;
            if (part == TH_FORM_FIGURES) {
                put_figure(form, indicator);
                continue;
            }
            (void)fprintf(out, "  %s:  # ", indicator->code);
            put_text(out, indicator->name);
            (void)fputs("\n", out);
        }
    }
}

static void put_tasks(const struct th_form_template *form)
{
    char offer[TH_FORM_OFFER_SIZE];
    if (form->plan->tasks_count == 0)
        return;
    (void)fprintf(form->out,
                  "\n# Tiến độ nhiệm vụ. status: %s; percent: 0 đến 100, cần khi đang làm.\n"
                  "# Nhiệm vụ không ghi status là không báo cáo.\n"
                  "tasks:\n",
                  th_form_words_offer(&th_form_task_words, offer));
    for (uint16_t i = 0; i < form->plan->tasks_count; i++) {
        (void)fputs("  # ", form->out);
        put_text(form->out, form->plan->tasks[i].title);
        (void)fprintf(form->out, "\n  - no: %u\n    status:\n    percent:\n    note:\n",
                      (unsigned)form->plan->tasks[i].number);
    }
}

static void put_rest(const struct th_form_template *form)
{
    char offer[TH_FORM_OFFER_SIZE];
    (void)fprintf(form->out,
                  "\n# Mô hình \"Dân vận khéo\": mỗi mô hình bốn dòng; thêm mô hình thì chép cả "
                  "bốn dòng.\n"
                  "# name: tên; field: lĩnh vực; stage: %s; summary: tóm tắt.\n"
                  "models:\n  - name:\n    field:\n    stage:\n    summary:\n",
                  th_form_words_offer(&th_form_stage_words, offer));
    (void)fputs("\n# Văn bản giấy kèm theo, nếu có: số, ngày, người ký, chức vụ.\n"
                "document:\n  number:\n  date:\n  signer:\n  title:\n"
                "\n# Tệp đính kèm: mỗi tệp một dòng, như \"  - bao-cao.pdf\"; đường dẫn tính từ "
                "thư mục của biểu này.\n"
                "attachments:\n",
                form->out);
}

void th_form_template_yaml(const struct th_form_template *form)
{
    put_about(form);
    put_identity(form);
    if (has_part(form, TH_FORM_FIGURES)) {
        (void)fputs("\nvalues:\n", form->out);
        put_part(form, TH_FORM_FIGURES);
        if (form->estimates)
            (void)fputs("\n# Số ước: mã các chỉ tiêu là số ước, như [TCD01, XLD03], và ngày ước "
                        "đến.\nestimated:\nestimated_to:\n",
                        form->out);
    }
    if (form->count == 0)
        (void)fputs(
            "\n# Nghĩa vụ này không nêu chỉ tiêu. Nếu có số liệu thì ghi mã của danh mục, như\n"
            "# TCD01: 12, mỗi mã một dòng thụt vào hai dấu cách.\nvalues:\n",
            form->out);
    if (has_part(form, TH_FORM_TEXTS)) {
        (void)fputs(
            "\n# Phần lời. Nhiều dòng thì ghi dấu | sau dấu hai chấm, rồi viết ở các dòng dưới,\n"
            "# mỗi dòng thụt vào bốn dấu cách, như:\n"
            "#   TX01: |\n"
            "#     Dòng thứ nhất.\n"
            "#     Dòng thứ hai.\n"
            "sections:\n",
            form->out);
        put_part(form, TH_FORM_TEXTS);
    }
    put_tasks(form);
    put_rest(form);
}
