/* SPDX-License-Identifier: Apache-2.0 */
/* One request while a worker has it. Private. */
#ifndef TH_HTTP_ANSWERING_H
#define TH_HTTP_ANSWERING_H

#include "aggregator/document/document.h"
#include "aggregator/http/parts.h"
#include "aggregator/http/routes.h"
#include "aggregator/query/answer.h"

struct th_http_answering {
    struct th_http_worker *worker;
    struct th_http_server *server;
    struct th_http_request *request;
    struct th_http_reply *reply;
    struct th_view *view; /* the worker's; read alone */
    struct th_http_asked asked;
    struct th_query_asking asking;
    struct th_query_problem problem;
    struct th_http_context *context; /* held until the end; NULL: not asked for */
    struct th_document_facts *facts; /* of a document that is to be written */
};

/* Gives the reply a content, which it takes. TH_E_NO_MEMORY when there is none. */
TH_MUST_CHECK int th_http_give(struct th_http_reply *reply, const char *type,
                               struct th_http_body *body);
TH_MUST_CHECK int th_http_give_text(struct th_http_reply *reply, const char *text);

/* content.c: from the snapshot, as short as can be; then what needs no snapshot any more. Statuses
 * as the read side's; `problem` may say more. */
TH_MUST_CHECK int th_http_read_content(struct th_http_answering *answering);
TH_MUST_CHECK int th_http_make_content(struct th_http_answering *answering);
void th_http_end_content(struct th_http_answering *answering);

#endif
