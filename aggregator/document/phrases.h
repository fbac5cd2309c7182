/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences of the report, made from figures. Private.
 *
 * A phrase is a text with figures: {TCD01} stands for a value as people write it, and what stands
 * between [ and ] is left out when a figure in it was not reported by anybody. A phrase whose other
 * figures are not there is not said at all.
 */
#ifndef TH_DOCUMENT_PHRASES_H
#define TH_DOCUMENT_PHRASES_H

#include "aggregator/document/facts.h"

/* The phrases, for whoever checks them; NULL: no more. */
const char *th_phrase_get(size_t index);

#define TH_PHRASE_LEADS_MAX 12 /* first figures of the phrases of one section */

struct th_phrased {
    const char *text; /* sentences; "" when nothing was reported */
    const struct th_indicator *leads[TH_PHRASE_LEADS_MAX];
    unsigned leads_count;
};

/* The sentences of a section: its phrases, then each figure that no phrase has. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_phrase_section(const struct th_document_facts *facts, uint16_t section,
                                    struct th_arena *arena, struct th_phrased *ret_phrased);

/* The leads against an earlier period; "" when there is nothing to compare. NULL: no memory. */
const char *th_phrase_comparison(const struct th_document_facts *facts,
                                 const struct th_phrased *phrased,
                                 const struct th_document_earlier *earlier, struct th_arena *arena);

/* How many units the figures of a section are of. NULL: no memory. */
const char *th_phrase_coverage(const struct th_document_facts *facts, uint16_t section,
                               struct th_arena *arena);

#endif
