/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided about a report, and the words for why. Pure. */
#ifndef TH_MODEL_VERDICT_H
#define TH_MODEL_VERDICT_H

#include "base/digest.h"
#include "base/time.h"

enum th_verdict {
    TH_VERDICT_ACCEPTED = 1,
    TH_VERDICT_DUPLICATE = 2,
    TH_VERDICT_CONFLICT = 3,
    TH_VERDICT_REJECTED = 4
};

enum th_timeliness {
    TH_TIMELINESS_ON_TIME = 1,
    TH_TIMELINESS_LATE = 2,
    TH_TIMELINESS_UNDECIDED = 3, /* the clock was suspect */
    TH_TIMELINESS_UNDATED = 4    /* the obligation has no due date */
};

/*
 * Reasons that are no rule of a plan; a plan's rules give their own id.
 *   name, word on the wire, text for an officer (Vietnamese)
 */
#define TH_REASON_MAP(XX)                                                                          \
    XX(MODE, "mode", "Báo cáo thật và báo cáo diễn tập không được gửi lẫn nhau.")                  \
    XX(REALM, "realm", "Báo cáo được lập cho một máy chủ khác.")                                   \
    XX(KEY, "key", "Khóa ký không có quyền báo cáo cho đơn vị này.")                               \
    XX(UNIT, "unit", "Không có đơn vị này trong danh sách, hoặc không phải đơn vị đã ký.")         \
    XX(PLAN, "plan", "Không có kế hoạch này ở nơi nhận.")                                          \
    XX(PLAN_VERSION, "plan_version", "Báo cáo được lập theo một phiên bản khác của kế hoạch.")     \
    XX(OBLIGATION, "obligation", "Kế hoạch không có nghĩa vụ báo cáo này.")                        \
    XX(NOT_EXPECTED, "not_expected", "Đơn vị không thuộc diện báo cáo của nghĩa vụ này.")          \
    XX(NUMBER, "number", "Số thứ tự báo cáo không đúng: 0, hoặc từ 1 với báo cáo đột xuất.")       \
    XX(REVISION_GAP, "revision_gap", "Bản này không kế tiếp bản đã nhận.")                         \
    XX(ACCEPTANCE_CLOSED, "acceptance_closed", "Đã hết thời gian nhận báo cáo.")                   \
    XX(SUSPENDED, "suspended", "Nghĩa vụ này đang tạm dừng.")                                      \
    XX(EMPTY, "empty", "Báo cáo không có nội dung nào.")                                           \
    XX(NOT_ASKED, "not_asked", "Nghĩa vụ không hỏi chỉ tiêu này.")                                 \
    XX(UNKNOWN_INDICATOR, "unknown_indicator", "Không có chỉ tiêu mang số này.")                   \
    XX(VALUE, "value", "Giá trị không đúng kiểu hoặc vượt giới hạn của chỉ tiêu.")                 \
    XX(ORDER, "order", "Các mục phải theo thứ tự tăng dần và không lặp lại.")                      \
    XX(ESTIMATE, "estimate", "Nghĩa vụ này không nhận số ước.")                                    \
    XX(TASK, "task", "Kế hoạch không có nhiệm vụ mang số này.")                                    \
    XX(PERCENT, "percent", "Tỷ lệ hoàn thành phải từ 0 đến 100 và khớp với trạng thái.")           \
    XX(DATE, "date", "Ngày không hợp lệ.")                                                         \
    XX(DIGEST, "digest", "Mã băm của báo cáo không khớp với phần đầu đã ký.")                      \
    XX(NOT_IN_RECEIPT, "not_in_receipt", "Biên nhận không ghi rằng báo cáo này đã được nhận.")

enum th_reason_code {
#define XX(name, word, text) TH_REASON_##name,
    TH_REASON_MAP(XX)
#undef XX
        TH_REASON_COUNT
};

#define TH_REASON_FIELD_MAX 48
#define TH_REASON_VALUE_MAX 48

/* Either a word of the table above or a rule of the plan; the texts are constant or the plan's. */
struct th_reason {
    char field[TH_REASON_FIELD_MAX]; /* "value.TCD01", "task.3.percent", "revision"; "" for none */
    char value[TH_REASON_VALUE_MAX]; /* as people write it; "" for none */
    const char *rule;
    const char *text;
};

#define TH_REASONS_MAX 64 /* of one report; the rest are counted */

struct th_reasons {
    struct th_reason *items; /* capacity TH_REASONS_MAX, the caller's */
    size_t count;
    size_t dropped;
};

const char *th_verdict_word(enum th_verdict verdict);
const char *th_timeliness_word(enum th_timeliness timeliness); /* on_time, late … */
const char *th_reason_word(enum th_reason_code code);
const char *th_reason_text(enum th_reason_code code);

/* Beside the text of TH_REASON_ESTIMATE, under the same word: what else is wrong with estimates. */
#define TH_REASON_ESTIMATE_UNDATED "Có số ước nhưng thiếu ngày ước đến."
#define TH_REASON_ESTIMATE_OF_NONE "Được đánh dấu là số ước nhưng không có giá trị."

/* Copies field and value, shortened to their sizes. Counts when the list is full. */
void th_reasons_add(struct th_reasons *reasons, const char *field, const char *value,
                    const char *rule, const char *text);
void th_reasons_add_code(struct th_reasons *reasons, const char *field, const char *value,
                         enum th_reason_code code);

#endif
