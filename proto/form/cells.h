/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells of a workbook as text, from the program that reads workbooks to whoever asked it.
 *
 * Thread-safe; no state. Internal to proto/form and proto/workbook.
 */
#ifndef TH_FORM_CELLS_H
#define TH_FORM_CELLS_H

#include "proto/form/flaw.h"
#include "proto/form/workbook.h"

#include <stdio.h>

/* What all cells may take as text: far more than a report can hold. */
#define TH_FORM_CELLS_SIZE_MAX ((size_t)8 * 1024 * 1024)

/* A workbook, or why it is none. One that would be longer than the limit is told as
 * TH_FORM_FLAW_LARGE. Precondition: `workbook` is not NULL when it is flawless. TH_E_IO. */
TH_MUST_CHECK int th_form_cells_write(enum th_form_flaw flaw,
                                      const struct th_form_workbook *workbook, FILE *out);

/*
 * Strict: anything that th_form_cells_write() does not write is TH_E_CORRUPT. `ret_workbook` is
 * untouched when `ret_flaw` is not TH_FORM_FLAWLESS; it lives in the arena and borrows nothing.
 * TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_form_cells_read(const char *bytes, size_t size, struct th_arena *arena,
                                     enum th_form_flaw *ret_flaw,
                                     struct th_form_workbook *ret_workbook);

#endif
