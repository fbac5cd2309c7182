/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/opened.h"

#include "base/options.h"

#include <sysexits.h>

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
