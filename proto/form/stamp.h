/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a form asks, as a digest: a workbook carries it, so that one that was made when the plan
 * asked something else is known. It covers plan, obligation, unit, the indicators in their order
 * with code, name, type, decimals and values, and the tasks. Not deadlines or rules: those are
 * looked at when the form is read.
 *
 * Internal to proto/form.
 */
#ifndef TH_FORM_STAMP_H
#define TH_FORM_STAMP_H

#include "proto/model/plan.h"

#define TH_FORM_STAMP_SIZE 65 /* hexadecimal and its NUL */

void th_form_stamp(const struct th_plan *plan, const struct th_obligation *obligation,
                   const struct th_unit *unit, char ret_stamp[TH_FORM_STAMP_SIZE]);

#endif
