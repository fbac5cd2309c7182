/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a workbook's file, here and nowhere else.
 *
 * The file is hostile until it is read: the number of its parts, their sizes, how much they were
 * compressed and how deep their XML goes are bounded; document types, entities and encodings other
 * than UTF-8 are refused, as are macros, encryption and parts with the same name. Nothing outside
 * the file is opened.
 *
 * Thread-safe; no state. Everything lives in the arena.
 */
#ifndef TH_WORKBOOK_READER_H
#define TH_WORKBOOK_READER_H

#include "proto/form/flaw.h"
#include "proto/form/workbook.h"

/* `ret_workbook` is untouched when `ret_flaw` is not TH_FORM_FLAWLESS. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_workbook_read(const char *bytes, size_t size, struct th_arena *arena,
                                   enum th_form_flaw *ret_flaw,
                                   struct th_form_workbook *ret_workbook);

#endif
