/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a form for the states of tasks and models: Vietnamese first, then the English ones
 * that scripts may use. The first word of each value is what templates offer.
 *
 * Internal to proto/form. Constant data.
 */
#ifndef TH_FORM_WORDS_H
#define TH_FORM_WORDS_H

#include "proto/form/tree.h"

struct th_form_word {
    const char *word;
    int value;
};
struct th_form_words {
    const struct th_form_word *items;
    size_t count;
};

extern const struct th_form_words th_form_task_words;  /* enum th_task_status */
extern const struct th_form_words th_form_stage_words; /* enum th_showcase_stage */

#define TH_FORM_OFFER_SIZE 256
/* "chưa làm, đang làm, …": the first word of each value. Returns `offer`. */
char *th_form_words_offer(const struct th_form_words *words, char offer[TH_FORM_OFFER_SIZE]);
/* False when it is none of the words; case, diacritics and _ do not matter. */
bool th_form_words_find(const struct th_form_words *words, struct th_text text, int *ret_value);

#endif
