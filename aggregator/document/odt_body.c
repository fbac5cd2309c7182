/* SPDX-License-Identifier: Apache-2.0 */
/* The report's own text: who has reported, the results section by section, what the units say. */
#include "aggregator/document/odt_parts.h"

#include "aggregator/document/phrases.h"
#include "aggregator/document/say.h"

#include <string.h>

#define SHARED_MAX 15 /* texts that several units share, in one section */
#define SINGLE_MAX 40 /* texts of single units that are told in the report itself */

static json_int_t count_of(const struct th_odt *odt, const char *name)
{
    bool known;
    return th_facts_count(odt->facts->counts, name, &known);
}

static bool has_expected(const struct th_odt *odt)
{
    bool known;
    (void)th_facts_count(odt->facts->counts, "expected", &known);
    return known;
}

static void write_text(struct th_odt *odt, const char *text)
{
    th_odt_paragraph(odt, "Text_20_body", text);
}

const char *th_odt_roman(unsigned number)
{
    static const char *const numbers[] = {"",   "I",   "II",   "III", "IV", "V",
                                          "VI", "VII", "VIII", "IX",  "X"};
    return numbers[number < sizeof numbers / sizeof numbers[0] ? number : 0];
}

const char *th_odt_appendix_name(struct th_odt *odt, unsigned number)
{
    return th_say(odt->arena, "Phụ lục %s", th_odt_roman(number));
}

/* " (Phụ lục III)", or nothing. */
static const char *see(struct th_odt *odt, unsigned appendix)
{
    return appendix == 0 ? "" : th_say(odt->arena, " (%s)", th_odt_appendix_name(odt, appendix));
}

/* ---- I. who has reported ---- */

static void write_due(struct th_odt *odt)
{
    const struct th_obligation *obligation = odt->facts->obligation;
    if (obligation->quote[0] != '\0')
        write_text(odt, th_say(odt->arena, "Yêu cầu của Kế hoạch: “%s”.", obligation->quote));
    if (!obligation->has_due)
        return;
    write_text(odt, th_say(odt->arena,
                           "Báo cáo đúng hạn là báo cáo được tiếp nhận đến hết 24 giờ ngày %s.",
                           th_say_day(odt->arena, th_obligation_last_day(obligation))));
}

/* "232/240 cơ quan, đơn vị, địa phương (đạt 96,67%)" */
static const char *say_received(struct th_odt *odt, const json_t *counts)
{
    bool known;
    json_int_t received = th_facts_count(counts, "received", &known);
    json_int_t expected = th_facts_count(counts, "expected", &known);
    if (!known)
        return th_say(odt->arena, "%s báo cáo", th_say_count(odt->arena, received));
    if (expected == 0)
        return th_say(odt->arena, "%s/0 đơn vị", th_say_count(odt->arena, received));
    return th_say(odt->arena, "%s/%s đơn vị (đạt %s)", th_say_count(odt->arena, received),
                  th_say_count(odt->arena, expected),
                  th_say_percent(odt->arena, received, expected));
}

/* "đã tiếp nhận báo cáo của 232/240 đơn vị (đạt 96,67%)", "đã tiếp nhận 3 báo cáo" */
static const char *say_taken(struct th_odt *odt, const json_t *counts)
{
    bool known;
    (void)th_facts_count(counts, "expected", &known);
    return th_say(odt->arena, "đã tiếp nhận %s%s", known ? "báo cáo của " : "",
                  say_received(odt, counts));
}

static void write_standing(struct th_odt *odt)
{
    struct th_arena *arena = odt->arena;
    const char *timeliness = "", *missing = "";
    bool known;
    if (has_expected(odt) && count_of(odt, "expected") == 0) {
        write_text(odt, th_say(arena, "Tính đến %s, không có đơn vị nào được giao báo cáo.",
                               th_say_instant(arena, odt->facts->as_of)));
        return;
    }
    json_int_t on_time = th_facts_count(odt->facts->counts, "on_time", &known);
    if (known)
        timeliness =
            th_say(arena, ", trong đó %s đúng hạn, %s trễ hạn", th_say_count(arena, on_time),
                   th_say_count(arena, count_of(odt, "late")));
    if (has_expected(odt))
        missing = count_of(odt, "missing") == 0
                      ? "; không còn đơn vị chưa gửi báo cáo"
                      : th_say(arena, "; còn %s đơn vị chưa gửi báo cáo%s",
                               th_say_count(arena, count_of(odt, "missing")),
                               see(odt, odt->appendix_missing));
    write_text(odt, th_say(arena, "Tính đến %s, %s%s%s.", th_say_instant(arena, odt->facts->as_of),
                           say_taken(odt, odt->facts->counts), timeliness, missing));
    if (count_of(odt, "undecided") > 0)
        write_text(odt, th_say(arena,
                               "Có %s báo cáo đang chờ xác định thời điểm tiếp nhận, chưa tính là "
                               "đúng hạn hay trễ hạn.",
                               th_say_count(arena, count_of(odt, "undecided"))));
    if (count_of(odt, "estimated") > 0)
        write_text(odt, th_say(arena, "Có %s báo cáo sử dụng số ước thực hiện.",
                               th_say_count(arena, count_of(odt, "estimated"))));
    if (count_of(odt, "on_behalf") > 0)
        write_text(odt,
                   th_say(arena,
                          "Có %s báo cáo được nhập hộ từ văn bản giấy, không có chữ ký của đơn "
                          "vị.",
                          th_say_count(arena, count_of(odt, "on_behalf"))));
}

static void write_branches(struct th_odt *odt)
{
    const struct th_document_facts *facts = odt->facts;
    bool known;
    if (facts->communes == NULL || facts->bodies == NULL ||
        th_facts_count(facts->communes, "expected", &known) == 0 ||
        th_facts_count(facts->bodies, "expected", &known) == 0)
        return;
    write_text(odt, th_say(odt->arena, "Khối %s: %s; khối sở, cơ quan, đơn vị: %s.",
                           facts->communes_name, say_received(odt, facts->communes),
                           say_received(odt, facts->bodies)));
}

/* What was there when the due instant came. */
static void write_closing(struct th_odt *odt)
{
    const struct th_document_facts *facts = odt->facts;
    const char *unit = facts->context->units.units[facts->unit].code;
    static const char *const branches[] = {"all", "communes", "bodies"};
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(facts->closings); i++) {
        const json_t *closing = json_array_get(facts->closings, i);
        const char *of = json_string_value(json_object_get(closing, "unit"));
        const char *branch = json_string_value(json_object_get(closing, "branch"));
        if (of != NULL && branch != NULL && strcmp(of, unit) == 0 &&
            strcmp(branch, branches[facts->branch]) == 0)
            found = closing;
    }
    const char *at = json_string_value(json_object_get(found, "closed_at"));
    if (at != NULL)
        write_text(odt, th_say(odt->arena, "Tại thời điểm chốt (%s) %s.",
                               th_say_written_instant(odt->arena, at),
                               say_taken(odt, json_object_get(found, "counts"))));
}

static void write_parts(struct th_odt *odt)
{
    static const struct th_odt_column columns[] = {{0, 10}, {1, 55}, {2, 22}, {3, 22},
                                                   {4, 20}, {5, 16}, {6, 20}};
    static const char *const keys[] = {"expected", "received", "on_time", "late", "missing"};
    const struct th_document_facts *facts = odt->facts;
    struct th_sheet sheet = {0};
    if (facts->parts_count == 0)
        return;
    if (th_sheet_init(odt->arena, 7, facts->parts_count + 1U, &sheet) != TH_OK) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    th_sheet_column(&sheet, "TT", 5);
    th_sheet_column(&sheet, "Địa bàn, khối", 30);
    th_sheet_column(&sheet, "Được giao báo cáo", 10);
    th_sheet_column(&sheet, "Đã gửi", 10);
    th_sheet_column(&sheet, "Đúng hạn", 10);
    th_sheet_column(&sheet, "Trễ hạn", 10);
    th_sheet_column(&sheet, "Chưa gửi", 10);
    for (unsigned i = 0; i <= facts->parts_count; i++) {
        bool is_total = i == facts->parts_count, known;
        const json_t *counts = is_total ? facts->counts : facts->parts[i].counts;
        struct th_cell *row = th_sheet_row(&sheet);
        row[0] = is_total ? th_cell_text("") : th_cell_count(odt->arena, (json_int_t)i + 1);
        row[1] =
            th_cell_text(is_total ? "Tổng cộng" : th_say_capital(odt->arena, facts->parts[i].name));
        for (size_t key = 0; key < 5; key++) {
            json_int_t count = th_facts_count(counts, keys[key], &known);
            row[2 + key] = known ? th_cell_count(odt->arena, count) : th_cell_text("");
        }
    }
    sheet.has_total = true;
    th_odt_table(odt, &sheet, columns, 7, TH_ODT_PORTRAIT_MM);
}

static void write_standing_section(struct th_odt *odt)
{
    th_odt_heading(odt, 1, "I. TÌNH HÌNH GỬI BÁO CÁO");
    write_due(odt);
    write_standing(odt);
    write_branches(odt);
    write_closing(odt);
    write_text(odt,
               th_say(odt->arena,
                      "Số liệu trong báo cáo này được tổng hợp từ các báo cáo nêu trên%s, đối "
                      "chiếu được với vị trí %llu của sổ tiếp nhận %s. Đơn vị chưa gửi báo cáo "
                      "không được tính là bằng 0.",
                      odt->facts->is_clock_suspect
                          ? " (đồng hồ của máy chủ tiếp nhận đang bị nghi ngờ)"
                          : "",
                      (unsigned long long)odt->facts->position, odt->facts->realm));
    write_parts(odt);
}

/* ---- II. results ---- */

static void write_result(struct th_odt *odt, const struct th_section *section, unsigned number)
{
    struct th_phrased phrased;
    const struct th_document_facts *facts = odt->facts;
    int status = th_phrase_section(facts, section->number, odt->arena, &phrased);
    if (status != TH_OK) {
        th_odt_fail(odt, status);
        return;
    }
    th_odt_heading(odt, 2, th_say(odt->arena, "%u. %s", number, section->name));
    write_text(odt, phrased.text[0] == '\0' ? "Chưa có đơn vị nào báo cáo số liệu của mục này."
                                            : phrased.text);
    for (unsigned i = 0; i < facts->earlier_count; i++) {
        const char *said = th_phrase_comparison(facts, &phrased, &facts->earlier[i], odt->arena);
        if (said == NULL || said[0] != '\0')
            write_text(odt, said);
    }
    th_odt_paragraph(odt, "PhamVi", th_phrase_coverage(facts, section->number, odt->arena));
}

static void write_results(struct th_odt *odt)
{
    const struct th_catalogue *catalogue = &odt->facts->plan->catalogue;
    unsigned number = 0;
    th_odt_heading(odt, 1, "II. KẾT QUẢ THỰC HIỆN");
    if (odt->appendix_parts > 0)
        write_text(odt,
                   th_say(odt->arena, "Số liệu của từng chỉ tiêu ở %s, theo địa bàn, khối ở %s.",
                          th_odt_appendix_name(odt, odt->appendix_summary),
                          th_odt_appendix_name(odt, odt->appendix_parts)));
    else if (odt->appendix_summary > 0)
        write_text(odt, th_say(odt->arena, "Số liệu của từng chỉ tiêu ở %s.",
                               th_odt_appendix_name(odt, odt->appendix_summary)));
    for (uint16_t i = 0; i < catalogue->sections_count; i++)
        if (th_facts_has_figures(odt->facts, catalogue->sections[i].number))
            write_result(odt, &catalogue->sections[i], ++number);
    if (number == 0)
        write_text(odt, "Chưa có số liệu.");
}

/* ---- III. what the units say ---- */

static const char *text_of(const json_t *section)
{
    const char *text = json_string_value(json_object_get(section, "text"));
    return text == NULL ? "" : text;
}

/* {text: units that wrote it}, in the order of the first. */
static json_t *count_texts(const json_t *sections)
{
    json_t *texts = json_object();
    for (size_t i = 0; i < json_array_size(sections) && texts != NULL; i++) {
        const char *text = text_of(json_array_get(sections, i));
        json_int_t count = json_integer_value(json_object_get(texts, text));
        if (json_object_set_new(texts, text, json_integer(count + 1)) != 0) {
            json_decref(texts);
            return NULL;
        }
    }
    return texts;
}

/* The text that most units share, and takes it out. NULL: none is shared any more. */
static const char *take_shared(struct th_odt *odt, json_t *texts, json_int_t *ret_count)
{
    const char *text, *best = NULL;
    json_t *count;
    *ret_count = 1;
    json_object_foreach(texts, text, count)
    {
        if (json_integer_value(count) > *ret_count) {
            best = text;
            *ret_count = json_integer_value(count);
        }
    }
    if (best == NULL)
        return NULL;
    char *copy = th_arena_copy_text(odt->arena, best, strlen(best));
    if (copy == NULL || json_object_del(texts, copy) != 0)
        th_odt_fail(odt, TH_E_NO_MEMORY);
    return copy;
}

/* Without the full stop and blanks at the end, so that more of the sentence can follow. */
static size_t size_without_stop(const char *text)
{
    size_t size = strlen(text);
    while (size > 0 && strchr(". \n", text[size - 1]) != NULL)
        size--;
    return size;
}

/* "- Xã Ia Ly (Huyện Chư Păh): …", unless the text was told before. */
static void write_single(struct th_odt *odt, const json_t *texts, const json_t *section)
{
    const char *unit = json_string_value(json_object_get(section, "unit"));
    const char *text = text_of(section);
    if (unit == NULL || json_object_get(texts, text) == NULL)
        return;
    const char *name = th_facts_unit_name(odt->facts, odt->arena, unit);
    const char *parent = th_facts_parent_name(odt->facts, odt->arena, unit);
    name = name == NULL ? NULL : th_say_capital(odt->arena, name);
    if (name == NULL || parent == NULL) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    write_text(odt, th_say(odt->arena, "- %s%s%s%s: %s", name, parent[0] == '\0' ? "" : " (",
                           parent, parent[0] == '\0' ? "" : ")", text));
}

/* Texts that several units share, each once; then those of single units, each with its unit, in the
 * order of the districts, or where to find them when they are many. `texts` is used up. */
static void write_shared(struct th_odt *odt, json_t *texts, const json_t *sections)
{
    json_int_t count, rest = (json_int_t)json_array_size(sections);
    const char *text;
    for (unsigned i = 0; i < SHARED_MAX && (text = take_shared(odt, texts, &count)) != NULL; i++) {
        rest -= count;
        write_text(odt, th_say(odt->arena, "- %.*s (%s %s).", (int)size_without_stop(text), text,
                               th_say_count(odt->arena, count), th_facts_counted(odt->facts)));
    }
    for (size_t i = 0; rest <= SINGLE_MAX && i < json_array_size(sections); i++)
        write_single(odt, texts, json_array_get(sections, i));
    if (rest > SINGLE_MAX)
        write_text(odt, th_say(odt->arena, "- %s của %s %s: xem %s.",
                               rest == (json_int_t)json_array_size(sections) ? "Nội dung"
                                                                             : "Nội dung khác",
                               th_say_count(odt->arena, rest), th_facts_counted(odt->facts),
                               th_odt_appendix_name(odt, odt->appendix_texts)));
}

static void write_narrative(struct th_odt *odt, const json_t *narrative, unsigned number)
{
    const char *name = json_string_value(json_object_get(narrative, "name"));
    const json_t *sections = json_object_get(narrative, "sections");
    size_t all = json_array_size(sections);
    json_t *texts = count_texts(sections);
    if (texts == NULL || name == NULL) {
        json_decref(texts);
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    th_odt_heading(odt, 2, th_say(odt->arena, "%u. %s", number, name));
    const char *missing = "";
    if (has_expected(odt))
        missing = th_say(odt->arena, "; %s/%s đơn vị chưa gửi báo cáo",
                         th_say_count(odt->arena, count_of(odt, "missing")),
                         th_say_count(odt->arena, count_of(odt, "expected")));
    write_text(odt, th_say(odt->arena, "Có %s/%s báo cáo đã tiếp nhận nêu nội dung này%s.",
                           th_say_count(odt->arena, (json_int_t)all),
                           th_say_count(odt->arena, count_of(odt, "received")), missing));
    write_shared(odt, texts, sections);
    json_decref(texts);
}

static void write_narratives(struct th_odt *odt)
{
    const json_t *narratives = odt->facts->narratives;
    if (json_array_size(narratives) == 0)
        return;
    th_odt_heading(odt, 1, "III. TÌNH HÌNH NỔI BẬT, KHÓ KHĂN, KIẾN NGHỊ CỦA CÁC ĐƠN VỊ");
    write_text(odt, th_say(odt->arena,
                           "Tổng hợp từ phần lời trong báo cáo của các đơn vị; nguyên văn của từng "
                           "đơn vị, xếp theo địa bàn, tại %s.",
                           th_odt_appendix_name(odt, odt->appendix_texts)));
    for (size_t i = 0; i < json_array_size(narratives); i++)
        write_narrative(odt, json_array_get(narratives, i), (unsigned)i + 1);
}

void th_odt_body(struct th_odt *odt)
{
    write_standing_section(odt);
    write_results(odt);
    write_narratives(odt);
}
