/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The read side's context (units and plans, decoded), shared by the threads that answer: constant,
 * counted, and made anew when the store has units or plans that it does not know. Who holds the old
 * one goes on with it.
 *
 * Thread-safe.
 */
#ifndef TH_HTTP_LIBRARY_H
#define TH_HTTP_LIBRARY_H

#include "aggregator/query/context.h"

struct th_http_library;
struct th_http_context; /* held */

/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_http_library_new(struct th_http_library **ret_library);
/* Nobody holds a context any more. */
void th_http_library_free(struct th_http_library *library);

/* A context that knows at least what the view has. To be dropped. As th_query_context_open(). */
TH_MUST_CHECK int th_http_library_hold(struct th_http_library *library, struct th_view *view,
                                       struct th_http_context **ret_context);
void th_http_library_drop(struct th_http_context *context);
const struct th_query_context *th_http_context_get(const struct th_http_context *context);

#endif
