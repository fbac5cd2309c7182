/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workbook's file as named parts, read within bounds.
 *
 * Internal to proto/form (workbook.c).
 */
#ifndef TH_FORM_PACKAGE_H
#define TH_FORM_PACKAGE_H

#include "base/problems.h"

#include <stdbool.h>

struct th_form_package; /* opaque */

/* Opens the bytes, which stay the caller's and have to outlive it. TH_E_SYNTAX, TH_E_LIMIT after a
 * problem; TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_form_package_open(const char *file, const char *bytes, size_t size,
                                       struct th_problems *problems,
                                       struct th_form_package **ret_package);
/* NULL is fine. */
void th_form_package_close(struct th_form_package *package);

/* True when there is a part of that name. */
bool th_form_package_has(struct th_form_package *package, const char *name);
/* Returns owned bytes (free) of a part, at least its XML's beginning checked. TH_E_SYNTAX,
 * TH_E_LIMIT after a problem; TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_form_package_read(struct th_form_package *package, const char *name,
                                       char **ret_bytes, size_t *ret_size);

#endif
