/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of failures: one row each, used by every part of the program.
 *
 * A function that can fail returns 0 or a negative TH_E_… and leaves its outputs untouched. A row
 * names the wire word of the failure, how a sender should react, the exit code of a command
 * (sysexits(3)) and the sentence an officer reads. A verdict on a report is not a failure and is
 * not listed here.
 *
 * Thread-safe: constant data only.
 */
#ifndef TH_BASE_STATUS_H
#define TH_BASE_STATUS_H

#define TH_MUST_CHECK __attribute__((warn_unused_result))

/* How whoever asked should react to a failure. */
enum th_retry {
    TH_RETRY_NEVER, /* the same request fails again: it has to be changed */
    TH_RETRY_LATER, /* nothing is wrong with the request: send it again after a while */
    TH_RETRY_FATAL  /* the program that reports it stops */
};

/*        code          number wire name            retry  http exit text */
#define TH_STATUS_MAP(XX)                                                                          \
    XX(INVALID, 1, "invalid", NEVER, 400, 65, "dữ liệu không hợp lệ")                              \
    XX(RANGE, 2, "out_of_range", NEVER, 400, 65, "giá trị vượt giới hạn")                          \
    XX(SYNTAX, 3, "syntax", NEVER, 400, 65, "sai cú pháp")                                         \
    XX(TEXT, 4, "bad_text", NEVER, 400, 65, "chữ không phải UTF-8 dạng NFC hoặc có ký tự cấm")     \
    XX(NOT_FOUND, 5, "not_found", NEVER, 404, 66, "không tìm thấy")                                \
    XX(EXISTS, 6, "exists", NEVER, 409, 73, "đã tồn tại")                                          \
    XX(AMBIGUOUS, 7, "ambiguous", NEVER, 400, 65, "có nhiều cách hiểu")                            \
    XX(LIMIT, 8, "limit", NEVER, 413, 65, "quá giới hạn cho phép")                                 \
    XX(SIGNATURE, 9, "bad_signature", NEVER, 403, 65, "chữ ký không đúng")                         \
    XX(FORBIDDEN, 10, "forbidden", NEVER, 403, 77, "không có quyền")                               \
    XX(VERSION, 11, "unsupported_version", NEVER, 400, 76, "phiên bản chưa được hỗ trợ")           \
    XX(BUSY, 12, "busy", LATER, 503, 75, "đang bận, hãy thử lại sau")                              \
    XX(STORAGE, 13, "busy_storage", LATER, 503, 75, "kho dữ liệu sắp đầy")                         \
    XX(TIMEOUT, 14, "timeout", LATER, 504, 75, "quá thời gian chờ")                                \
    XX(NO_MEMORY, 15, "no_memory", FATAL, 500, 71, "hết bộ nhớ")                                   \
    XX(IO, 16, "io", FATAL, 500, 74, "lỗi đọc hoặc ghi đĩa")                                       \
    XX(CORRUPT, 17, "corrupt", FATAL, 500, 70, "dữ liệu trong kho bị hỏng")                        \
    XX(CONFIG, 18, "config", FATAL, 500, 78, "cấu hình sai")

enum th_status {
    TH_OK = 0,
#define XX(code, number, wire, retry, http, exit, text) TH_E_##code = -(number),
    TH_STATUS_MAP(XX)
#undef XX
};

/* The row of a status. Any other number than those above gives the row of TH_E_INVALID. */
const char *th_status_wire_name(int status);
const char *th_status_text(int status);
int th_status_exit_code(int status);
int th_status_http_code(int status);
enum th_retry th_status_retry(int status);

#endif
