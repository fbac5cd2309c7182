/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/opened.h"

#include "base/options.h"

#include <sysexits.h>
#include <time.h>

int th_audit_exit_code(int status)
{
    if (status == 0)
        return EX_OK;
    return status == TH_E_CORRUPT ? EX_DATAERR : th_status_exit_code(status);
}

int th_opened_complain(const struct th_reader *reader, int status, const char *what)
{
    const struct th_reader_request *request = th_reader_request(reader);
    const char *hint =
        status == TH_E_CORRUPT ? "lấy bản sao khác, hoặc khôi phục từ bản sao lưu" : NULL;
    th_cli_complain(request->err, request->command, hint, "%s: %s%s%s", request->folder,
                    what == NULL ? "" : what, what == NULL ? "" : ": ", th_status_text(status));
    return th_audit_exit_code(status);
}

int th_opened_open(struct th_reader *reader, struct th_opened *ret_opened)
{
    const struct th_reader_request *request = th_reader_request(reader);
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    struct th_opened opened = {0};
    th_reader_phase(reader, "mở kho", 0);
    int status = th_store_open(request->folder, TH_STORE_READ, NULL, problem, &opened.store);
    if (status != 0 && problem[0] != '\0') { /* it names the folder */
        th_cli_complain(request->err, request->command,
                        status == TH_E_NOT_FOUND ? "chỉ tới thư mục có data.mdb và STORE_ID" : NULL,
                        "%s", problem);
        return th_audit_exit_code(status);
    }
    if (status == 0)
        status = th_view_open(opened.store, &opened.view);
    if (status != 0) {
        th_store_close(opened.store);
        return th_opened_complain(reader, status, NULL);
    }
    *ret_opened = opened;
    return EX_OK;
}

void th_opened_close(struct th_opened *opened)
{
    th_view_close(opened->view);
    th_store_close(opened->store);
}

int th_opened_refuse_future(const struct th_reader *reader, const struct th_opened *opened,
                            th_instant moment)
{
    const struct th_reader_request *request = th_reader_request(reader);
    const bool is_live = th_store_identity(opened->store)->mode == TH_MODE_LIVE;
    const uint64_t size = th_view_size(opened->view);
    char instant[TH_INSTANT_TEXT_SIZE], now[TH_INSTANT_TEXT_SIZE];
    struct th_stored_entry last;
    if (size == 0)
        return EX_OK;
    int status = th_view_entry(opened->view, size - 1, &last);
    if (status != 0)
        return th_opened_complain(reader, status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status,
                                  "đọc bản ghi cuối");
    th_instant present = last.time;
    const th_instant wall = {(int64_t)time(NULL) * 1000 + 999}; /* the second that goes on */
    if (is_live && wall.ms > present.ms)
        present = wall;
    if (moment.ms <= present.ms)
        return EX_OK;
    th_cli_complain(request->err, request->command, "chọn thời điểm đã qua",
                    is_live ? "lúc %s chưa tới: bây giờ là %s"
                            : "lúc %s chưa tới: đồng hồ của kho diễn tập ở %s",
                    th_instant_format(moment, instant), th_instant_format(present, now));
    return th_status_exit_code(TH_E_RANGE);
}
