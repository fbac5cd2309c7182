/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which question a target asks: one table of paths and the parameters that each takes. Strict: a
 * parameter that the path does not take, or that cannot be read, is refused by name. Pure.
 */
#ifndef TH_HTTP_ROUTES_H
#define TH_HTTP_ROUTES_H

#include "aggregator/document/document.h"
#include "aggregator/http/target.h"
#include "proto/model/query.h"

enum th_http_route_kind {
    TH_HTTP_ROUTE_QUERY, /* the read side's, as JSON */
    TH_HTTP_ROUTE_CHECKPOINT,
    TH_HTTP_ROUTE_RECEIPT,
    TH_HTTP_ROUTE_CHASING_CSV,
    TH_HTTP_ROUTE_CHASING_TEXT,
    TH_HTTP_ROUTE_DOCUMENT,
    TH_HTTP_ROUTE_EVENTS, /* its stream begins elsewhere: here for HEAD alone */
    TH_HTTP_ROUTE_METRICS,
    TH_HTTP_ROUTE_HEALTH,
    TH_HTTP_ROUTE_READY,
    TH_HTTP_ROUTE_FILE /* of the page */
};

/* What an answer may depend on beside the journal. */
enum th_http_freshness {
    TH_HTTP_JOURNAL, /* nothing but the minute of the store's time */
    TH_HTTP_MOMENT,  /* the very moment, or files outside the journal: never kept */
};

struct th_http_route {
    const char *path; /* "api/v1/plans/{plan}": a segment in braces is any */
    enum th_http_route_kind kind;
    enum th_query_what what; /* 0: none, or several at once */
    enum th_http_freshness freshness;
    uint32_t parameters; /* a sum of bits of routes.c */
    enum th_document_kind document;
};

struct th_http_asked {
    const struct th_http_route *route;
    struct th_query query; /* borrows the target's room */
    bool has_size;
    uint64_t size; /* of a checkpoint */
    struct th_text sheet;
};

#define TH_HTTP_PROBLEM_SIZE 400

/* TH_E_NOT_FOUND: no such path. TH_E_INVALID: a parameter. Both fill `problem`, in Vietnamese. */
TH_MUST_CHECK int th_http_route(const struct th_http_target *target,
                                struct th_http_asked *ret_asked,
                                char problem[TH_HTTP_PROBLEM_SIZE]);

/* The table, for tests and for whoever describes it. NULL: no more. */
const struct th_http_route *th_http_route_at(size_t index);
/* The names of a route's parameters, in their order; NULL: no more. */
const char *th_http_route_parameter(const struct th_http_route *route, size_t index);

#endif
