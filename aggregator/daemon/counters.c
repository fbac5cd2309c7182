/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/counters.h"

#include <inttypes.h>

static void print_trouble(FILE *log, const char *text, uint64_t count)
{
    if (count > 0)
        (void)fprintf(log, "; %s: %" PRIu64, text, count);
}

void th_counters_print(const struct th_daemon_counters *counters,
                       const struct th_driver_counters *driver, FILE *log)
{
    static const char *const reasons[] = {
#define XX(name, text) "bỏ vì " text,
        TH_DROP_MAP(XX)
#undef XX
    };
    (void)fprintf(log,
                  "tonghop-aggregator: đã nhận %" PRIu64 " thông điệp; báo cáo: %" PRIu64
                  " nhận, %" PRIu64 " trùng, %" PRIu64 " mâu thuẫn, %" PRIu64 " từ chối; %" PRIu64
                  " lần ghi; %" PRIu64 " việc của người vận hành",
                  atomic_load(&counters->received), driver->accepted, driver->duplicates,
                  driver->conflicts, driver->rejected, driver->commits, driver->acts);
    print_trouble(log, "báo cáo nhận lại sau khi mất", driver->readmitted);
    print_trouble(log, "báo cáo nhập hộ", driver->entered);
    for (int i = 0; i < TH_DROP_COUNT; i++)
        print_trouble(log, reasons[i], atomic_load(&counters->dropped[i]));
    print_trouble(log, "câu trả lời mất vì hết bộ nhớ", driver->answers_lost);
    print_trouble(log, "kế hoạch hoặc danh sách đơn vị quá lớn, không gửi được",
                  driver->unannounced);
    print_trouble(log, "chỗ hỏng trong kho", atomic_load(&counters->scrub_faults));
    (void)fprintf(log, "\n");
    (void)fflush(log);
}

void th_counters_print_end(int status, FILE *log)
{
    const char *what = "không ghi được kho dữ liệu";
    const char *advice = "Kiểm tra đĩa rồi chạy lại";
    if (status == TH_E_NO_MEMORY) {
        what = "hết bộ nhớ";
        advice = "Thêm bộ nhớ hoặc bớt chương trình khác rồi chạy lại";
    } else if (status == TH_E_CORRUPT) {
        what = "kho dữ liệu bị hỏng";
        advice = "Giữ nguyên thư mục và báo cho người phụ trách";
    }
    (void)fprintf(log,
                  "tonghop-aggregator: lỗi: dừng ngay vì %s (%s); không có biên nhận nào được gửi "
                  "cho lần ghi này. %s.\n",
                  what, th_status_text(status), advice);
    (void)fflush(log);
}
