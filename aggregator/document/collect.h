/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the read side, while facts are collected. Private to facts.c and facts_parts.c. */
#ifndef TH_DOCUMENT_COLLECT_H
#define TH_DOCUMENT_COLLECT_H

#include "aggregator/document/facts.h"

struct th_collecting {
    struct th_document_facts *facts;
    struct th_view *view;
    const struct th_document_request *request;
    struct th_query_problem *problem;
    struct th_query query; /* with the plan and the obligation named */
    unsigned done, total;
};

/* Returns owned JSON; tells how far it is. */
TH_MUST_CHECK int th_collect_ask(struct th_collecting *collecting, const struct th_query *query,
                                 json_t **ret_answer);
/* Takes `value`. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_collect_keep(json_t *object, const char *key, json_t *value);

/* Fills parts, communes and bodies. */
TH_MUST_CHECK int th_collect_parts(struct th_collecting *collecting);

#endif
