/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/document/phrases.h"

#include "aggregator/document/say.h"

#include <string.h>

/* Of the catalogue that has these codes; another one is told figure by figure. */
#define CATALOGUE "dan-van-2025"

#define OTHERS_MAX 4 /* figures of a section whose coverage is told one by one */

#define CODE_SIZE (TH_LIMIT_INDICATOR_CODE_MAX + 1)

static const char *const phrases[] = {
    /* 1. documents, assignment */
    "Đã ban hành {VB01} văn bản chỉ đạo, triển khai thực hiện[ (trong đó {VB02} kế hoạch, {VB03} "
    "văn bản khác)].",
    "Có {VB04} đơn vị đã ban hành kế hoạch dân chủ ở cơ sở, dân vận chính quyền của năm.",
    "Có {PC01} đơn vị đã ban hành văn bản phân công lãnh đạo phụ trách, công chức tham mưu[, văn "
    "bản gần nhất ban hành ngày {PC02}].",
    "Số lãnh đạo được phân công phụ trách là {PC03} người[; số công chức, viên chức được phân công "
    "tham mưu là {PC04} người].",
    "Có {BC01} đơn vị đã thành lập, kiện toàn Ban Chỉ đạo thực hiện dân chủ ở cơ sở[; {BC02} đơn "
    "vị đã ban hành quy chế làm việc của Ban Chỉ đạo].",
    "Đã rà soát, sửa đổi, bổ sung hoặc ban hành mới quy chế thực hiện dân chủ tại {QC02} cơ quan, "
    "đơn vị[ trên tổng số {QC01} cơ quan, đơn vị phải có quy chế][, đạt {QC03}%].",
    "Có {QC04} Hội đồng nhân dân cấp xã đã ban hành nghị quyết biện pháp bảo đảm thực hiện dân "
    "chủ.",
    "Đã tổ chức {KT01} cuộc kiểm tra, giám sát việc thực hiện dân chủ, dân vận[ đối với {KT02} cơ "
    "quan, đơn vị].",
    /* 2. propaganda */
    "Đã tổ chức {TT01} hội nghị, lớp quán triệt, tập huấn[ với {TT02} lượt người tham dự].",
    "Đã đăng, phát {TT03} tin, bài, chuyên mục tuyên truyền[; {TT04} lượt phát thanh trên hệ thống "
    "cơ sở].",
    /* 3. publicity, direct decision, consultation */
    "Đã công khai {CK01} nội dung để Nhân dân biết[, niêm yết {CK02}][, loa truyền thanh {CK03}][, "
    "qua trưởng thôn, tổ trưởng tổ dân phố {CK04}][, hình thức khác {CK05}].",
    "Nhân dân đã bàn và quyết định trực tiếp {DB01} nội dung[ (bằng hội nghị {DB02}, phát phiếu "
    "lấy "
    "ý kiến hộ gia đình {DB03}, biểu quyết trực tuyến {DB04})].",
    "Tổng giá trị các công trình, khoản huy động là {DB05} đồng[, trong đó ngân sách nhà nước "
    "{DB06} đồng, Nhân dân đóng góp {DB07} đồng].",
    "Nhân dân đóng góp {DB08} ngày công.",
    "Đã đưa {YK01} nội dung ra lấy ý kiến Nhân dân[, {YK02} nội dung đã có báo cáo giải trình, "
    "tiếp thu].",
    "Trong tổng số {HT01} thôn, bản, tổ dân phố[, có {HT02} nơi họp toàn thể 01 lần, {HT03} nơi "
    "họp "
    "02 lần, {HT04} nơi họp theo hình thức khác].",
    /* 4. citizen reception */
    "Đã tiếp {TCD01} lượt công dân[ với {TCD02} người][, {TCD03} vụ việc].",
    "Tiếp thường xuyên {TCD04} lượt[ với {TCD05} người][; vụ việc tiếp lần đầu {TCD06}, tiếp nhiều "
    "lần {TCD07}].",
    "Tiếp {TCD08} đoàn đông người[ với {TCD09} người].",
    "Người đứng đầu tiếp {TCD13} lượt[ với {TCD14} người][ trong {TCD12} kỳ tiếp][; vụ việc tiếp "
    "lần đầu {TCD15}, tiếp nhiều lần {TCD16}].",
    "Ủy quyền tiếp {TCD22} lượt[ với {TCD23} người][ trong {TCD21} kỳ tiếp][; vụ việc tiếp lần đầu "
    "{TCD24}, tiếp nhiều lần {TCD25}].",
    /* 5. dialogue */
    "Đã tổ chức {DT01} hội nghị tiếp xúc, đối thoại với Nhân dân[ với {DT02} lượt người tham dự].",
    "Tại các hội nghị có {DT03} ý kiến, kiến nghị[; đã giải quyết, trả lời {DT04} ý kiến][ (đạt "
    "{DT06}%)][, đang giải quyết {DT05} ý kiến].",
    /* 6. petitions */
    "Tổng số đơn phải xử lý là {XLD01} đơn[ (kỳ trước chuyển sang {XLD02}, tiếp nhận trong kỳ "
    "{XLD03})][; đã xử lý {XLD04} đơn][, chưa xử lý chuyển kỳ sau {XLD05} đơn].",
    "Số đơn đủ điều kiện xử lý là {XLD06} đơn[ ({XLD07} vụ việc)][, gồm khiếu nại {XLD08}, tố cáo "
    "{XLD09}, kiến nghị, phản ánh {XLD10}].",
    "Đơn thuộc thẩm quyền {XLD14}[; không thuộc thẩm quyền {XLD18}][, trong đó hướng dẫn {XLD19}, "
    "chuyển đơn {XLD20}, đôn đốc giải quyết {XLD21}].",
    /* 7. resolution */
    "Khiếu nại thuộc thẩm quyền phải giải quyết là {KN01} vụ việc[ (kỳ trước chuyển sang {KN02}, "
    "phát sinh trong kỳ {KN03})][; đã giải quyết {KN04} vụ việc][ (đạt {KN07}%)][, trong đó đúng "
    "thời hạn {KN05}][; chưa giải quyết xong {KN06} vụ việc].",
    "Tố cáo thuộc thẩm quyền phải giải quyết là {TC01} vụ việc[ (kỳ trước chuyển sang {TC02}, phát "
    "sinh trong kỳ {TC03})][; đã giải quyết {TC04} vụ việc][ (đạt {TC07}%)][, trong đó đúng thời "
    "hạn {TC05}][; chưa giải quyết xong {TC06} vụ việc].",
    "Kiến nghị, phản ánh thuộc thẩm quyền phải giải quyết là {PA01} vụ việc[ (kỳ trước chuyển sang "
    "{PA02}, phát sinh trong kỳ {PA03})][; đã giải quyết {PA04} vụ việc][ (đạt {PA07}%)][, trong "
    "đó đúng thời hạn {PA05}][; chưa giải quyết xong {PA06} vụ việc].",
    "Phát sinh {DN01} vụ “điểm nóng”[; {DN02} vụ khiếu kiện đông người, vượt cấp].",
    /* 8. mediation */
    "Hiện có {HG01} tổ hòa giải[ với {HG02} hòa giải viên].",
    "Tổng số vụ, việc hòa giải là {HG03}[ (kỳ trước chuyển sang {HG04}, tiếp nhận trong kỳ "
    "{HG05})][; hòa giải thành {HG06} vụ, việc][ (đạt {HG09}%)][, không thành {HG07} vụ, việc][, "
    "chưa giải quyết xong {HG08} vụ, việc].",
    /* 9. people's inspection boards */
    "Hiện có {BTT01} Ban Thanh tra nhân dân[ với {BTT02} thành viên].",
    "Ban Thanh tra nhân dân đã thực hiện {BTT03} cuộc giám sát[, phát hiện {BTT04} vụ việc sai "
    "phạm][; kiến nghị {BTT05} vụ việc][, đã được xem xét, giải quyết {BTT06} vụ việc].",
    "Qua hoạt động của Ban Thanh tra nhân dân đã thu hồi {BTT07} đồng[; xử lý khác {BTT08} đồng].",
    "Qua hoạt động của Ban Thanh tra nhân dân đã thu hồi {BTT09} m² đất[; xử lý khác {BTT10} m²].",
    /* 10. community investment supervision */
    "Hiện có {GSD01} Ban Giám sát đầu tư của cộng đồng[; trên địa bàn có {GSD02} công trình, dự "
    "án].",
    "Ban Giám sát đầu tư của cộng đồng đã thực hiện {GSD03} cuộc giám sát[, phát hiện {GSD04} sai "
    "phạm][; kiến nghị {GSD05} vụ việc][, đã được giải quyết {GSD06}].",
    "Qua giám sát đầu tư của cộng đồng đã thu hồi {GSD07} đồng[, giảm trừ quyết toán {GSD08} "
    "đồng][, xử lý khác {GSD09} đồng].",
    /* 11. one-stop procedures */
    "Đã tiếp nhận {HC01} hồ sơ thủ tục hành chính[ (trực tuyến {HC02}, trực tiếp và qua dịch vụ "
    "bưu chính {HC03}, từ kỳ trước chuyển sang {HC04})][; tỷ lệ tiếp nhận trực tuyến đạt {HC13}%].",
    "Đã giải quyết {HC05} hồ sơ[ (trước hạn {HC06}, đúng hạn {HC07}, quá hạn {HC08})][; tỷ lệ giải "
    "quyết trước và đúng hạn đạt {HC12}%].",
    "Đang giải quyết {HC09} hồ sơ[ (trong hạn {HC10}, quá hạn {HC11})].",
    "Đã phát {HL01} phiếu khảo sát mức độ hài lòng[, {HL02} phiếu hài lòng và rất hài lòng][ (đạt "
    "{HL03}%)].",
    /* 12. models */
    "Số mô hình “Dân vận khéo” đăng ký trong năm là {DVK01} mô hình[ (kinh tế {DVK11}, văn hóa - "
    "xã hội {DVK12}, quốc phòng - an ninh {DVK13}, xây dựng hệ thống chính trị {DVK14})].",
    "Số mô hình được công nhận là {DVK02} mô hình[ (kinh tế {DVK21}, văn hóa - xã hội {DVK22}, "
    "quốc "
    "phòng - an ninh {DVK23}, xây dựng hệ thống chính trị {DVK24})][, trong đó có {DVK05} mô hình "
    "tập thể, {DVK06} điển hình cá nhân].",
    "Duy trì {DVK03} mô hình từ năm trước[; nhân rộng {DVK04} mô hình].",
    "Khen thưởng {DVK07} tập thể[, {DVK08} cá nhân].",
    /* 13. village conventions */
    "Có {HU01} thôn, tổ dân phố có hương ước, quy ước.",
    "Đã công nhận {HU02} bản hương ước, quy ước[; không công nhận {HU03}][; sửa đổi, bổ sung, thay "
    "thế {HU04}][; tạm ngừng thực hiện {HU05}][; bãi bỏ {HU06}].",
    /* 14. staff conferences */
    "Có {HN02} cơ quan, đơn vị đã tổ chức hội nghị cán bộ, công chức, viên chức, người lao động[ "
    "trên tổng số {HN01} cơ quan, đơn vị phải tổ chức][, đạt {HN03}%].",
    "Có {HN05} người tham dự hội nghị[ trên tổng số {HN04} người được triệu tập].",
    "Tại hội nghị có {HN06} ý kiến, kiến nghị[, {HN07} ý kiến đã được giải đáp].",
    /* 15. land, resettlement */
    "Có {TD01} dự án có thu hồi đất[, {TD02} dự án đã lấy ý kiến cộng đồng dân cư trước khi quyết "
    "định chủ trương đầu tư][, qua {TD03} cuộc họp lấy ý kiến].",
    "Số hộ bị ảnh hưởng là {TD04} hộ[; đã lấy ý kiến {TD05} hộ][, {TD06} hộ đồng thuận][ (đạt "
    "{TD07}%)].",
    "Số hộ phải bố trí tái định cư là {TD08} hộ[, đã bố trí {TD09} hộ].",
    "Số trường hợp phải cưỡng chế là {TD10}.",
    /* 16. social security */
    "Đã hỗ trợ {AS01} lượt đối tượng[, trong đó {AS02} lượt là đồng bào dân tộc thiểu số][, với "
    "kinh phí {AS03} đồng].",
    "Hỗ trợ xây mới, sửa chữa {AS04} căn nhà ở.",
    "Số hộ nghèo cuối kỳ là {AS05} hộ[ trên tổng số {AS06} hộ dân][ (tỷ lệ {AS07}%)].",
    /* 17. discipline, Fatherland Front, funds */
    "Đã tiến hành {CV01} cuộc thanh tra, kiểm tra công vụ[; xử lý {CV02} cán bộ, công chức, viên "
    "chức vi phạm, gây phiền hà].",
    "Mặt trận Tổ quốc, tổ chức chính trị - xã hội đã tổ chức {MT01} cuộc giám sát[, {MT02} hội "
    "nghị "
    "phản biện xã hội].",
    "Mặt trận Tổ quốc có {MT03} kiến nghị[, {MT04} kiến nghị đã được tiếp thu, giải quyết].",
    "Kinh phí được giao là {KP01} đồng[, đã thực hiện {KP02} đồng].",
    /* 18. scoring */
    "Điểm tự chấm công tác dân vận {DG01}.",
};

const char *th_phrase_get(size_t index)
{
    return index < sizeof phrases / sizeof phrases[0] ? phrases[index] : NULL;
}

/* ---- filling in ---- */

static const struct th_indicator *indicator_of(const struct th_document_facts *facts,
                                               const char *code)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    return th_catalogue_get(catalogue, th_catalogue_lookup(catalogue, code, strlen(code)));
}

/* The code after a {; `ret_after` is behind its }. */
static void read_code(const char *at, char code[CODE_SIZE], const char **ret_after)
{
    size_t size = strcspn(at, "}");
    size_t kept = size < CODE_SIZE ? size : CODE_SIZE - 1;
    memcpy(code, at, kept);
    code[kept] = '\0';
    *ret_after = at + size + (at[size] == '}');
}

static const struct th_indicator *lead_of(const struct th_document_facts *facts, const char *phrase)
{
    char code[CODE_SIZE];
    const char *after, *at = strchr(phrase, '{');
    if (at == NULL)
        return NULL;
    read_code(at + 1, code, &after);
    return indicator_of(facts, code);
}

static bool is_known(const struct th_document_facts *facts, const struct th_indicator *indicator)
{
    const json_t *value = indicator == NULL ? NULL : th_facts_value(facts->figures, indicator);
    return value != NULL && !json_is_null(value) && indicator->up != TH_UP_CONCAT;
}

/* True when each figure of the text is known. */
static bool is_sayable(const struct th_document_facts *facts, const char *text, size_t size)
{
    for (const char *at = text; at < text + size; at++) {
        char code[CODE_SIZE];
        const char *after;
        if (*at != '{')
            continue;
        read_code(at + 1, code, &after);
        if (!is_known(facts, indicator_of(facts, code)))
            return false;
    }
    return true;
}

/* The text with its figures. NULL: no memory. */
static const char *fill(const struct th_document_facts *facts, struct th_arena *arena,
                        const char *text, size_t size)
{
    const char *said = "", *end = text + size;
    while (text < end && said != NULL) {
        size_t run = strcspn(text, "{");
        run = text + run > end ? (size_t)(end - text) : run;
        said = th_say(arena, "%s%.*s", said, (int)run, text);
        text += run;
        if (text >= end || said == NULL)
            break;
        char code[CODE_SIZE];
        read_code(text + 1, code, &text);
        const struct th_indicator *indicator = indicator_of(facts, code);
        const char *value =
            th_say_value(arena, indicator, th_facts_value(facts->figures, indicator));
        said = value == NULL ? NULL : th_say(arena, "%s%s", said, value);
    }
    return said;
}

/* "" when a figure outside brackets is not known. */
static const char *say_phrase(const struct th_document_facts *facts, struct th_arena *arena,
                              const char *phrase)
{
    const char *said = "";
    while (*phrase != '\0' && said != NULL) {
        bool is_optional = *phrase == '[';
        phrase += is_optional;
        size_t size = strcspn(phrase, is_optional ? "]" : "[");
        if (is_sayable(facts, phrase, size)) {
            const char *part = fill(facts, arena, phrase, size);
            said = part == NULL ? NULL : th_say(arena, "%s%s", said, part);
        } else if (!is_optional) {
            return "";
        }
        phrase += size + (is_optional && phrase[size] == ']');
    }
    return said;
}

/* ---- a section ---- */

static bool has_phrase(const char *code)
{
    char wanted[CODE_SIZE + 2];
    (void)snprintf(wanted, sizeof(wanted), "{%s}", code);
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (strstr(phrases[i], wanted) != NULL)
            return true;
    return false;
}

static bool is_figure_of(const struct th_document_facts *facts,
                         const struct th_indicator *indicator, uint16_t section)
{
    return indicator != NULL && indicator->section == section && indicator->up != TH_UP_CONCAT &&
           th_facts_has(facts, indicator);
}

static const char *join(struct th_arena *arena, const char *first, const char *second)
{
    if (first == NULL || second == NULL)
        return NULL;
    bool is_gap = first[0] != '\0' && second[0] != '\0';
    return th_say(arena, "%s%s%s", first, is_gap ? " " : "", second);
}

static void add_lead(struct th_phrased *phrased, const struct th_indicator *lead)
{
    if (phrased->leads_count < TH_PHRASE_LEADS_MAX)
        phrased->leads[phrased->leads_count++] = lead;
}

/* "Tên chỉ tiêu: 12 đơn vị tính." */
static const char *say_plainly(const struct th_document_facts *facts, struct th_arena *arena,
                               const struct th_indicator *indicator)
{
    const char *value = th_say_value(arena, indicator, th_facts_value(facts->figures, indicator));
    bool is_percent = indicator->type == TH_TYPE_PERCENT;
    bool has_measure =
        !is_percent && indicator->type != TH_TYPE_DATE && indicator->unit_of_measure[0] != '\0';
    return value == NULL
               ? NULL
               : th_say(arena, "%s: %s%s%s%s.", indicator->name, value, is_percent ? "%" : "",
                        has_measure ? " " : "", has_measure ? indicator->unit_of_measure : "");
}

int th_phrase_section(const struct th_document_facts *facts, uint16_t section,
                      struct th_arena *arena, struct th_phrased *ret_phrased)
{
    struct th_phrased phrased = {.text = ""};
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    bool is_told = strcmp(catalogue->id, CATALOGUE) == 0;
    for (size_t i = 0; is_told && i < sizeof phrases / sizeof phrases[0]; i++) {
        const struct th_indicator *lead = lead_of(facts, phrases[i]);
        if (lead == NULL || lead->section != section)
            continue;
        const char *said = say_phrase(facts, arena, phrases[i]);
        phrased.text = join(arena, phrased.text, said);
        if (phrased.text == NULL)
            return TH_E_NO_MEMORY;
        if (said[0] != '\0')
            add_lead(&phrased, lead);
    }
    for (uint16_t number = 1; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (!is_figure_of(facts, indicator, section) || !is_known(facts, indicator) ||
            (is_told && has_phrase(indicator->code)))
            continue;
        phrased.text = join(arena, phrased.text, say_plainly(facts, arena, indicator));
        if (phrased.text == NULL)
            return TH_E_NO_MEMORY;
        add_lead(&phrased, indicator);
    }
    *ret_phrased = phrased;
    return TH_OK;
}

/* ---- comparisons ---- */

static bool is_like(const json_t *figures, const struct th_indicator *a,
                    const struct th_indicator *b)
{
    return th_facts_reported(figures, a) == th_facts_reported(figures, b) &&
           th_facts_expected(figures, a) == th_facts_expected(figures, b);
}

static const char *say_coverage(struct th_arena *arena, const json_t *figures,
                                const struct th_indicator *indicator)
{
    json_int_t expected = th_facts_expected(figures, indicator);
    const char *reported = th_say_count(arena, th_facts_reported(figures, indicator));
    const char *all = expected < 0 ? "" : th_say_count(arena, expected);
    if (reported == NULL || all == NULL)
        return NULL;
    return th_say(arena, "%s%s%s", reported, expected < 0 ? "" : "/", all);
}

/* “Tổng số lượt tiếp”, without what a form adds for those who fill it in. */
static const char *quote_name(struct th_arena *arena, const struct th_indicator *indicator)
{
    static const char tail[] = " (0/1)";
    size_t size = strlen(indicator->name);
    if (size > sizeof tail - 1 && strcmp(indicator->name + size - (sizeof tail - 1), tail) == 0)
        size -= sizeof tail - 1;
    return th_say(arena, "“%.*s”", (int)size, indicator->name);
}

static bool is_comparable(const struct th_document_facts *facts,
                          const struct th_indicator *indicator,
                          const struct th_document_earlier *earlier)
{
    return indicator->type != TH_TYPE_DATE && indicator->type != TH_TYPE_ENUM &&
           indicator->type != TH_TYPE_PERCENT &&
           json_is_string(th_facts_value(facts->figures, indicator)) &&
           json_is_string(th_facts_value(earlier->figures, indicator));
}

/* What is counted from the start of the year includes its first half: there is no change to tell.
 * `has_coverage`: it says how many units it is of. */
static const char *compare(const struct th_document_facts *facts, struct th_arena *arena,
                           const struct th_indicator *indicator,
                           const struct th_document_earlier *earlier, bool has_coverage)
{
    const char *after = json_string_value(th_facts_value(facts->figures, indicator));
    const char *before = json_string_value(th_facts_value(earlier->figures, indicator));
    const char *name = quote_name(arena, indicator);
    const char *was = th_say_number(arena, before);
    const char *change = th_say_change(arena, before, after);
    const char *coverage = "";
    if (has_coverage) {
        coverage = say_coverage(arena, earlier->figures, indicator);
        coverage = coverage == NULL ? NULL : th_say(arena, " (%s đơn vị)", coverage);
    }
    if (name == NULL || was == NULL || change == NULL || coverage == NULL)
        return NULL;
    const char *measure = indicator->unit_of_measure;
    bool is_part = earlier->is_half && indicator->over == TH_OVER_CUMULATIVE;
    if (is_part || change[0] == '\0')
        return th_say(arena, "%s %s %s%s", name, was, measure, coverage);
    return th_say(arena, "%s %s, từ %s %s%s", name, change, was, measure, coverage);
}

/* True when all that is compared was reported by equally many units then. */
static bool is_even(const struct th_document_facts *facts, const struct th_phrased *phrased,
                    const struct th_document_earlier *earlier,
                    const struct th_indicator **ret_first)
{
    const struct th_indicator *first = NULL;
    bool is_same = true;
    for (unsigned i = 0; i < phrased->leads_count; i++) {
        const struct th_indicator *lead = phrased->leads[i];
        if (!is_comparable(facts, lead, earlier))
            continue;
        first = first == NULL ? lead : first;
        is_same = is_same && is_like(earlier->figures, first, lead);
    }
    *ret_first = first;
    return is_same;
}

const char *th_phrase_comparison(const struct th_document_facts *facts,
                                 const struct th_phrased *phrased,
                                 const struct th_document_earlier *earlier, struct th_arena *arena)
{
    const struct th_indicator *first;
    const char *said = "";
    bool once = is_even(facts, phrased, earlier, &first);
    if (first == NULL)
        return "";
    for (unsigned i = 0; i < phrased->leads_count && said != NULL; i++) {
        if (!is_comparable(facts, phrased->leads[i], earlier))
            continue;
        const char *one = compare(facts, arena, phrased->leads[i], earlier, !once);
        said = one == NULL ? NULL : th_say(arena, "%s%s%s", said, said[0] == '\0' ? "" : "; ", one);
    }
    const char *coverage = once ? say_coverage(arena, earlier->figures, first)
                                : "trong ngoặc là số đơn vị có số liệu khi đó";
    if (once && coverage != NULL)
        coverage = th_say(arena, "khi đó %s đơn vị có số liệu", coverage);
    if (said == NULL || coverage == NULL)
        return NULL;
    return th_say(arena, "%s %s (%s): %s.", earlier->is_half ? "Trong" : "So với", earlier->name,
                  coverage, said);
}

/* ---- coverage ---- */

/* Of the section's figures the one whose coverage most others share. */
static const struct th_indicator *most_common(const struct th_document_facts *facts,
                                              uint16_t section)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    const struct th_indicator *best = NULL;
    unsigned best_count = 0;
    for (uint16_t i = 1; i <= catalogue->number_max; i++) {
        const struct th_indicator *one = th_catalogue_get(catalogue, i);
        unsigned count = 0;
        if (!is_figure_of(facts, one, section))
            continue;
        for (uint16_t j = 1; j <= catalogue->number_max; j++) {
            const struct th_indicator *other = th_catalogue_get(catalogue, j);
            count += is_figure_of(facts, other, section) && is_like(facts->figures, one, other);
        }
        if (count > best_count) {
            best = one;
            best_count = count;
        }
    }
    return best;
}

const char *th_phrase_coverage(const struct th_document_facts *facts, uint16_t section,
                               struct th_arena *arena)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    const struct th_indicator *common = most_common(facts, section);
    if (common == NULL)
        return "";
    const char *coverage = say_coverage(arena, facts->figures, common);
    const char *said =
        coverage == NULL
            ? NULL
            : th_say(arena, "Phạm vi số liệu của mục này: %s %s%s có số liệu", coverage,
                     th_facts_counted(facts),
                     th_facts_expected(facts->figures, common) < 0 ? "" : " được giao báo cáo");
    unsigned others = 0;
    for (uint16_t i = 1; i <= catalogue->number_max && said != NULL; i++) {
        const struct th_indicator *other = th_catalogue_get(catalogue, i);
        if (!is_figure_of(facts, other, section) || is_like(facts->figures, common, other))
            continue;
        if (++others > OTHERS_MAX)
            continue;
        const char *name = quote_name(arena, other);
        coverage = say_coverage(arena, facts->figures, other);
        said = coverage == NULL || name == NULL
                   ? NULL
                   : th_say(arena, "%s%s %s %s %s", said, others == 1 ? "; riêng" : ",", name,
                            coverage, th_facts_counted(facts));
    }
    if (said != NULL && others > OTHERS_MAX)
        said = th_say(arena, "%s và %u chỉ tiêu khác (xem phụ lục)", said, others - OTHERS_MAX);
    return said == NULL ? NULL : th_say(arena, "%s.", said);
}
