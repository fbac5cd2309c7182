/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workbook's file as named parts, read within bounds. A part that nobody asks for is never
 * inflated, so what it would grow to does not matter.
 *
 * Internal to proto/workbook (reader.c).
 */
#ifndef TH_WORKBOOK_PACKAGE_H
#define TH_WORKBOOK_PACKAGE_H

#include "proto/form/flaw.h"

#include <stddef.h>

struct th_workbook_package; /* opaque */

/* Opens the bytes, which stay the caller's and have to outlive it. There is no package when
 * `ret_flaw` is not TH_FORM_FLAWLESS. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_workbook_package_open(const char *bytes, size_t size,
                                           enum th_form_flaw *ret_flaw,
                                           struct th_workbook_package **ret_package);
/* NULL is fine. */
void th_workbook_package_close(struct th_workbook_package *package);

/* Returns owned bytes (free) of a part, at least its XML's beginning checked; none when `ret_flaw`
 * is not TH_FORM_FLAWLESS. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_workbook_package_read(struct th_workbook_package *package, const char *name,
                                           enum th_form_flaw *ret_flaw, char **ret_bytes,
                                           size_t *ret_size);

#endif
