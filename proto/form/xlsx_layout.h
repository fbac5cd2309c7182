/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the workbook form is made of: the names of its sheets and headings, shared by who writes it
 * and who reads it back. A table is found by its row of headings, wherever it stands.
 *
 * Internal to proto/form.
 */
#ifndef TH_FORM_XLSX_LAYOUT_H
#define TH_FORM_XLSX_LAYOUT_H

#define TH_XLSX_FIGURES  "Số liệu"
#define TH_XLSX_TEXTS    "Thuyết minh"
#define TH_XLSX_TASKS    "Nhiệm vụ"
#define TH_XLSX_MODELS   "Mô hình"
#define TH_XLSX_GENERAL  "Thông tin chung"
#define TH_XLSX_RULES    "Kiểm tra"
#define TH_XLSX_GUIDE    "Hướng dẫn"
#define TH_XLSX_IDENTITY "tonghop"

#define TH_XLSX_CODE      "Mã"
#define TH_XLSX_VALUE     "Giá trị"
#define TH_XLSX_ESTIMATED "Số ước"
#define TH_XLSX_TEXT      "Nội dung"
#define TH_XLSX_NUMBER    "Số"
#define TH_XLSX_STATUS    "Tình trạng"
#define TH_XLSX_PERCENT   "Tỷ lệ hoàn thành (%)"
#define TH_XLSX_NOTE      "Ghi chú"
#define TH_XLSX_NAME      "Tên mô hình"
#define TH_XLSX_FIELD     "Lĩnh vực"
#define TH_XLSX_STAGE     "Trạng thái"
#define TH_XLSX_SUMMARY   "Tóm tắt"

#endif
