/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of `status` as people read it. */
#ifndef TH_AGGREGATOR_CLI_STATUS_H
#define TH_AGGREGATOR_CLI_STATUS_H

#include <jansson.h>
#include <stdio.h>

/* What is not in the answer could not be read, and is left out. */
void th_status_print(const json_t *answer, FILE *out);

#endif
