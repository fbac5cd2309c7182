/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that a document is made from, with what the plan says beside them. Private. */
#ifndef TH_DOCUMENT_FACTS_H
#define TH_DOCUMENT_FACTS_H

#include "aggregator/document/document.h"

#define TH_DOCUMENT_EARLIER_MAX 3

/* What a table shows beside the whole: a district, or a branch where there are no districts. */
struct th_document_part {
    const char *code; /* "": none of its own */
    const char *name;
    const json_t *counts;
    const json_t *figures; /* by code; NULL: they cannot be told apart from the whole */
};

/* The same figures of another period of the regime. */
struct th_document_earlier {
    char name[64]; /* "cùng kỳ năm 2024" */
    bool is_half;  /* the first half of the same year, which an annual figure includes */
    const json_t *counts;
    const json_t *figures;
};

struct th_document_facts {
    struct th_arena arena;
    const struct th_query_context *context;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    uint32_t unit;             /* index in the context's list */
    th_day day;                /* on which codes mean units */
    bool is_whole;             /* the unit is the plan's territory */
    const char *communes_name; /* "xã, phường, đặc khu": the kinds that there are on that day */
    enum th_branch branch;
    enum th_mode mode;
    const char *realm;
    th_instant as_of;
    uint64_t position;
    bool is_clock_suspect;

    json_t *all; /* owned; what follows is in it */
    const json_t *counts, *figures, *units, *columns, *lines, *groups, *models, *spread, *closings;
    const json_t *narratives;        /* answers, in the catalogue's order */
    const json_t *communes, *bodies; /* counts; NULL: one branch was asked for */
    struct th_document_part *parts;
    unsigned parts_count;
    struct th_document_earlier earlier[TH_DOCUMENT_EARLIER_MAX];
    unsigned earlier_count;
};

/* "huyện Chư Păh", "Sở Nội vụ tỉnh Gia Lai"; the code when nobody has it. NULL: no memory. */
const char *th_facts_unit_name(const struct th_document_facts *facts, struct th_arena *arena,
                               const char *code);
/* The same of the unit that it is below; "" at the top. */
const char *th_facts_parent_name(const struct th_document_facts *facts, struct th_arena *arena,
                                 const char *code);
/* The kinds of communes that the plan's territory has on the facts' day: "xã, phường, thị trấn". */
const char *th_facts_name_communes(const struct th_document_facts *facts, struct th_arena *arena);
/* The index of a unit, or TH_UNIT_NONE. */
uint32_t th_facts_find_unit(const struct th_document_facts *facts, const char *code);

/* A figure of an object by codes: NULL or null when it is not there. */
const json_t *th_facts_value(const json_t *figures, const struct th_indicator *indicator);
/* Units that have reported the figure, and those that are asked for it (-1: nobody knows). */
json_int_t th_facts_reported(const json_t *figures, const struct th_indicator *indicator);
json_int_t th_facts_expected(const json_t *figures, const struct th_indicator *indicator);
/* What the reported are counted in: "đơn vị", or "báo cáo" where a unit may send several. */
const char *th_facts_counted(const struct th_document_facts *facts);
/* A count of an object of counts; 0 when it is null, is_known false then. */
json_int_t th_facts_count(const json_t *counts, const char *name, bool *ret_known);

/* True when the whole has this indicator among its figures. */
bool th_facts_has(const struct th_document_facts *facts, const struct th_indicator *indicator);
/* True when it has a figure, not only words, of this section. */
bool th_facts_has_figures(const struct th_document_facts *facts, uint16_t section);

#endif
