/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/small_plan.h"

#define INDICATOR(id, in_section, of_type, ...)                                                    \
    [SMALL_##id] = {.number = SMALL_##id,                                                          \
                    .section = (in_section),                                                       \
                    .type = TH_TYPE_##of_type,                                                     \
                    .code = #id,                                                                   \
                    .name_en = "",                                                                 \
                    .note = "",                                                                    \
                    __VA_ARGS__}

static const char *const grades[] = {"Xuất sắc", "Tốt", "Khá"};

static const struct th_indicator indicators[SMALL_NUMBERS] = {
    INDICATOR(TCD01, 2, COUNT, .name = "Tổng số lượt tiếp", .unit_of_measure = "lượt"),
    INDICATOR(TCD04, 2, COUNT, .name = "Tiếp thường xuyên: số lượt", .unit_of_measure = "lượt"),
    INDICATOR(DB05, 1, MONEY, .name = "Tổng giá trị; các khoản", .unit_of_measure = "đồng"),
    INDICATOR(BTT09, 1, DECIMAL, .scale = 2, .name = "Thu hồi đất", .unit_of_measure = "m2"),
    INDICATOR(PC01, 1, BOOL, .name = "Đã phân công", .unit_of_measure = "đơn vị"),
    INDICATOR(PC02, 1, DATE, .name = "Ngày phân công", .unit_of_measure = "ngày"),
    INDICATOR(XL01, 3, ENUM, .name = "Xếp loại", .unit_of_measure = "", .values = grades,
              .values_count = 3),
    INDICATOR(XL02, 3, ENUM, .name = "Xếp loại khác", .unit_of_measure = ""),
    INDICATOR(TX01, 3, TEXT, .name = "Kết quả nổi bật", .unit_of_measure = ""),
    INDICATOR(TX02, 3, TEXT, .name = "Khó khăn", .unit_of_measure = ""),
    INDICATOR(TL01, 2, PERCENT, .name = "Tỷ lệ tiếp", .unit_of_measure = "%",
              .up = TH_UP_RATIO_OF_SUMS,
              .ratio = {.numerator = {SMALL_TCD04},
                        .numerator_count = 1,
                        .denominator = {SMALL_TCD01},
                        .denominator_count = 1}),
    INDICATOR(KHAC, 2, COUNT, .name = "Không hỏi", .unit_of_measure = "lượt"),
};

static const struct th_section sections[] = {
    {1, "Phân công", ""}, {2, "Tiếp công dân", ""}, {3, "Phần lời", ""}};

static const struct th_task tasks[] = {{.number = 1, .title = "Quán triệt văn bản", .time = ""},
                                       {.number = 2, .title = "Đối thoại", .time = ""}};

static const uint16_t of_communes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const uint16_t of_bodies[] = {SMALL_TCD01, SMALL_TX01};

static const struct th_obligation obligations[] = {
    {.id = "O-1",
     .title = "Báo cáo 06 tháng",
     .quote = "",
     .period = "2025-H1",
     .form = "",
     .has_due = true,
     .due = {INT64_C(1746810000000)}, /* 2025-05-10T00:00+07:00 */
     .quoted = {.present = TH_TERM_WHO | TH_TERM_INDICATORS | TH_TERM_ESTIMATES,
                .who = {.quote = "", .levels = 1U << TH_LEVEL_COMMUNE | 1U << TH_LEVEL_BODY},
                .indicators = {[TH_BRANCH_COMMUNES] = of_communes, [TH_BRANCH_BODIES] = of_bodies},
                .indicators_count = {[TH_BRANCH_COMMUNES] = 11, [TH_BRANCH_BODIES] = 2},
                .estimates = true},
     .override_reason = ""},
    {.id = "O-2",
     .title = "Báo cáo đột xuất",
     .quote = "",
     .period = "",
     .form = "",
     .kind = TH_OBLIGATION_AD_HOC,
     .open_ended = true,
     .quoted = {.present = TH_TERM_WHO, .who = {.quote = "", .levels = 1U << TH_LEVEL_COMMUNE}},
     .override_reason = ""},
    {.id = "O-3",
     .title = "Báo cáo của sở",
     .quote = "",
     .period = "2025",
     .form = "",
     .quoted = {.present = TH_TERM_WHO, .who = {.quote = "", .levels = 1U << TH_LEVEL_BODY}},
     .override_reason = ""},
};

static const struct th_rule rules[] = {
    {.id = "R01",
     .text = "Lượt tiếp thường xuyên không được lớn hơn tổng số lượt tiếp.",
     .source = "",
     .written = "TCD04 <= TCD01",
     .severity = TH_SEVERITY_ERROR,
     .comparison = {.operator= TH_RULE_AT_MOST,
                    .terms = {{1, SMALL_TCD04}, {-1, SMALL_TCD01}},
                    .terms_count = 2}},
    {.id = "R02",
     .text = "Số liệu không được hỏi.",
     .source = "",
     .written = "KHAC <= TCD01",
     .severity = TH_SEVERITY_ERROR,
     .comparison = {.operator= TH_RULE_AT_MOST,
                    .terms = {{1, SMALL_KHAC}, {-1, SMALL_TCD01}},
                    .terms_count = 2}},
};

const struct th_plan small_plan = {
    .id = "nho-2025",
    .title = "Dân vận chính quyền năm 2025",
    .number = "1/KH-UBND",
    .year = 2025,
    .issuer = {"", "UBND tỉnh", ""},
    .territory = "64",
    .tasks = tasks,
    .tasks_count = 2,
    .obligations = obligations,
    .obligations_count = 3,
    .catalogue = {.id = "nho",
                  .indicators = indicators,
                  .number_max = SMALL_NUMBERS - 1,
                  .sections = sections,
                  .sections_count = 3},
    .rules = {.id = "nho", .rules = rules, .count = 2},
};

const struct th_unit small_commune = {.code = "00123",
                                      .name = "Xã Ia Băng",
                                      .parent_code = "",
                                      .external_id = "",
                                      .kind = TH_UNIT_KIND_COMMUNE,
                                      .valid_from = {INT32_MIN},
                                      .valid_to = {INT32_MAX},
                                      .parent = TH_UNIT_NONE};

const struct th_unit small_department = {.code = "64-snv",
                                         .name = "Sở Nội vụ",
                                         .parent_code = "",
                                         .external_id = "",
                                         .kind = TH_UNIT_KIND_DEPARTMENT,
                                         .valid_from = {INT32_MIN},
                                         .valid_to = {INT32_MAX},
                                         .parent = TH_UNIT_NONE};
