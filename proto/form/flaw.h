/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a workbook is not read: the verdicts of the program that looks into it, and what is said
 * about each. Only the word of a verdict passes between the two programs, so a file that took over
 * the other one cannot choose what an officer is told.
 *
 * Internal to proto/form and proto/workbook. Constant data.
 */
#ifndef TH_FORM_FLAW_H
#define TH_FORM_FLAW_H

#include "base/problems.h"

#include <stdbool.h>

#define TH_FORM_SAVE_AGAIN                                                                         \
    "mở tệp bằng Excel rồi lưu lại kiểu \"Excel Workbook (*.xlsx)\", hoặc lập lại biểu"
#define TH_FORM_COPY_OVER "lập lại biểu bằng lệnh template rồi chép số sang; xóa dòng, trang thừa"

/*     name         word            status  hint                text */
#define TH_FORM_FLAW_MAP(XX)                                                                       \
    XX(NOT_OPENED, "not_opened", SYNTAX, TH_FORM_SAVE_AGAIN,                                       \
       "tệp Excel hỏng hoặc bị cắt cụt, không mở được")                                            \
    XX(BAD_LIST, "bad_list", SYNTAX, TH_FORM_SAVE_AGAIN,                                           \
       "tệp Excel hỏng: không đọc được danh sách bên trong")                                       \
    XX(TWINS, "twins", SYNTAX, TH_FORM_SAVE_AGAIN,                                                 \
       "tệp Excel hỏng: có hai phần bên trong trùng tên")                                          \
    XX(MACROS, "macros", SYNTAX, "lưu lại kiểu \"Excel Workbook (*.xlsx)\", không có macro",       \
       "tệp Excel có macro; biểu không dùng macro và không nhận tệp có macro")                     \
    XX(PASSWORD, "password", SYNTAX, "bỏ mật khẩu rồi lưu lại",                                    \
       "tệp có mật khẩu nên không đọc được")                                                       \
    XX(NO_PART, "no_part", SYNTAX, TH_FORM_SAVE_AGAIN,                                             \
       "đây không phải là tệp Excel, hoặc tệp thiếu phần bên trong")                               \
    XX(BAD_PART, "bad_part", SYNTAX, TH_FORM_SAVE_AGAIN,                                           \
       "tệp Excel hỏng: có phần không giải nén được")                                              \
    XX(NOT_TEXT, "not_text", SYNTAX, TH_FORM_SAVE_AGAIN,                                           \
       "tệp Excel hỏng: có phần không phải là chữ UTF-8")                                          \
    XX(ENTITIES, "entities", SYNTAX, TH_FORM_SAVE_AGAIN,                                           \
       "tệp có khai báo DTD hoặc thực thể XML, Excel không bao giờ ghi như vậy")                   \
    XX(BAD_CONTENT, "bad_content", SYNTAX, TH_FORM_SAVE_AGAIN,                                     \
       "tệp Excel hỏng: nội dung bên trong không đúng quy cách")                                   \
    XX(NO_WORKBOOK, "no_workbook", SYNTAX, TH_FORM_SAVE_AGAIN,                                     \
       "đây không phải là tệp Excel (.xlsx)")                                                      \
    XX(LARGE, "large", LIMIT, TH_FORM_COPY_OVER, "tệp Excel quá lớn khi giải nén")                 \
    XX(DEEP, "deep", LIMIT, TH_FORM_SAVE_AGAIN, "tệp Excel lồng nhau quá nhiều tầng")              \
    XX(MANY_PARTS, "many_parts", LIMIT, TH_FORM_SAVE_AGAIN,                                        \
       "tệp Excel có quá nhiều phần bên trong")                                                    \
    XX(MANY_SHEETS, "many_sheets", LIMIT, TH_FORM_SAVE_AGAIN, "tệp Excel có quá nhiều trang")      \
    XX(MANY_TEXTS, "many_texts", LIMIT, TH_FORM_SAVE_AGAIN, "tệp Excel có quá nhiều chữ")          \
    XX(MANY_CELLS, "many_cells", LIMIT, TH_FORM_SAVE_AGAIN, "tệp Excel có quá nhiều ô có nội dung")

enum th_form_flaw {
    TH_FORM_FLAWLESS, /* it was read */
#define XX(name, word, status, hint, text) TH_FORM_FLAW_##name,
    TH_FORM_FLAW_MAP(XX)
#undef XX
        TH_FORM_FLAW_COUNT
};

/* Precondition of both: a flaw. */
const char *th_form_flaw_word(enum th_form_flaw flaw);
/* Adds the problem; returns TH_E_SYNTAX or TH_E_LIMIT. */
TH_MUST_CHECK int th_form_flaw_tell(enum th_form_flaw flaw, const char *file,
                                    struct th_problems *problems);
/* False when it is none of the words. */
bool th_form_flaw_find(const char *word, size_t size, enum th_form_flaw *ret_flaw);

#endif
