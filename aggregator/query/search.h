/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search as people type it: without diacritics, in any case, đ as d, with the kind before the name
 * or without it. "ia ly", "xa Ia Ly" and "ly ia" find xã Ia Ly.
 *
 * Names are folded once, when the context is opened. Pure otherwise.
 */
#ifndef TH_QUERY_SEARCH_H
#define TH_QUERY_SEARCH_H

#include "base/arena.h"
#include "base/text.h"
#include "proto/model/unit.h"

struct th_query_names {
    const char *const *folded; /* by index in the list: kind and name, "xa ia ly" */
    const uint8_t *name_at;    /* where the name alone begins in it */
    const uint32_t *by_name;   /* all indexes, in the order of the names alone, then of the list */
};

/* Into the arena. TH_E_TEXT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_query_names_build(const struct th_unit_list *units, struct th_arena *arena,
                                       struct th_query_names *ret_names);

/* What is searched for; folded is "" when nothing is: then everything matches. */
struct th_search_words {
    const char *folded; /* words with one blank between */
};
/* Into the arena. TH_E_TEXT: no UTF-8. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_search_words_init(struct th_text given, struct th_arena *arena,
                                       struct th_search_words *ret_words);

/* How well something matches: TH_SEARCH_BEST and up, worse is more. */
#define TH_SEARCH_BEST  0
#define TH_SEARCH_WORST 4
#define TH_SEARCH_NONE  (TH_SEARCH_WORST + 1)

/* Of a folded text, whose part from `name_at` on may stand alone. */
int th_search_rank(const struct th_search_words *words, const char *folded, size_t name_at);
/* The better of name and code. */
int th_search_rank_unit(const struct th_search_words *words, const struct th_query_names *names,
                        const struct th_unit_list *units, uint32_t unit);
/* Whether any text, as it is written, has the words. TH_E_TEXT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_search_in_text(const struct th_search_words *words, struct th_text text,
                                    bool *ret_found);

#endif
