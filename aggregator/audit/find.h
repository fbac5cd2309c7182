/* SPDX-License-Identifier: Apache-2.0 */
/* Which report of a store somebody means. Private. */
#ifndef TH_AUDIT_FIND_H
#define TH_AUDIT_FIND_H

#include "aggregator/audit/opened.h"
#include "aggregator/query/context.h"

#define TH_FIND_PROBLEM_SIZE 400

struct th_found {
    struct th_book_id book;
    uint32_t unit; /* number */
    uint32_t number;
    uint32_t revision;
    uint64_t position; /* of its entry */
    uint32_t index;    /* in its submission */
    struct th_digest digest;
    bool is_current; /* false: superseded */
};

/*
 * `what`: 64 hexadecimal digits, the report's SHA-256; or PLAN/OBLIGATION/UNIT, and /NUMBER and
 * /REVISION behind it when it is not number 0 or not the current revision. TH_E_NOT_FOUND,
 * TH_E_SYNTAX: `ret_problem` says why; otherwise TH_E_CORRUPT, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_find_report(struct th_reader *reader, struct th_view *view,
                                 const struct th_query_context *context, const char *what,
                                 char ret_problem[TH_FIND_PROBLEM_SIZE],
                                 struct th_found *ret_found);

#endif
