/* SPDX-License-Identifier: Apache-2.0 */
/* A reader's question, from a command, over HTTP or from a node. Pure. */
#ifndef TH_MODEL_QUERY_H
#define TH_MODEL_QUERY_H

#include "base/text.h"
#include "base/time.h"
#include "proto/model/unit.h"

/* Numbers are those of proto/message.proto. */
enum th_query_what {
    TH_QUERY_STANDING = 1,
    TH_QUERY_ROLLUP,
    TH_QUERY_REPORT,
    TH_QUERY_CLOSINGS,
    TH_QUERY_PAGE,
    TH_QUERY_STORE,
    TH_QUERY_PLANS,
    TH_QUERY_PLAN,
    TH_QUERY_UNITS,
    TH_QUERY_UNIT,
    TH_QUERY_OBLIGATION,
    TH_QUERY_CHASING,
    TH_QUERY_SPREAD,
    TH_QUERY_ARRIVALS,
    TH_QUERY_NARRATIVE,
    TH_QUERY_MODELS,
    TH_QUERY_DIFFERENCES,
    TH_QUERY_END
};

#define TH_QUERY_LIMIT_MAX       20000 /* lines of one answer */
#define TH_QUERY_SEARCH_SIZE_MAX 200
#define TH_QUERY_WORD_SIZE_MAX   100
#define TH_QUERY_LIST_SIZE_MAX   2000

/* What a reader asks; also what the commands of the programs fill in. Texts "" when not given. */
struct th_query {
    enum th_query_what what;
    struct th_text plan, period, obligation, unit;
    enum th_branch branch;
    bool has_as_of;
    th_instant as_of;
    bool has_position; /* never with as_of */
    uint64_t position; /* what the first so many entries brought */
    uint32_t number;
    uint32_t revision;         /* REPORT: which one; 0: the current one */
    struct th_text standing;   /* STANDING: a word of a standing, or missing */
    struct th_text search;     /* names or texts that have these letters, without diacritics */
    struct th_text parent;     /* UNITS: the units right below this one */
    struct th_text kind;       /* UNITS: a kind of unit; MODELS: a field or a stage */
    struct th_text indicators; /* NARRATIVE: one code; PAGE: codes with commas between */
    uint32_t limit;            /* lines at most; 0: as many as the answer gives by itself */
    struct th_text after;      /* what the answer before this one gave as "more" */
    bool is_brief;             /* STANDING: counts alone, no units */
    bool has_closed_at;
    th_instant closed_at; /* DIFFERENCES: which closing; not given: the last one */
};

#endif
