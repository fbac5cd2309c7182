/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt proves, or a refusal, in words and as JSON. Internal to nodes/cli. */
#ifndef TH_NODES_CLI_FACTS_H
#define TH_NODES_CLI_FACTS_H

#include "proto/receipt/receipt.h"
#include "proto/receipt/refusal.h"

#include <jansson.h>
#include <stdio.h>

/* `units` may be NULL: then only the unit's code is shown. */
struct th_facts {
    const struct th_receipt *receipt;
    const struct th_judgement *only; /* the report that was asked about; NULL: all of the leaf */
    const struct th_unit_list *units;
    const char *title; /* of the obligation of `only`; NULL: not known */
};

void th_facts_print(const struct th_facts *facts, FILE *out);
/* NULL without memory. */
json_t *th_facts_json(const struct th_facts *facts);

/* The same of a refusal. `only`: the line that was asked about; NULL: all. */
void th_facts_print_refusal(const struct th_refusal *refusal, const struct th_refusal_line *only,
                            FILE *out);
json_t *th_facts_refusal_json(const struct th_refusal *refusal, const struct th_refusal_line *only);

#endif
