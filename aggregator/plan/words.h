/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the plan files: what a value of an enumeration is called in YAML and in JSON.
 *
 * Constant data, thread-safe.
 */
#ifndef TH_AGGREGATOR_PLAN_WORDS_H
#define TH_AGGREGATOR_PLAN_WORDS_H

#include "base/yaml.h"

struct th_words {
    const struct th_yaml_word *items;
    size_t count;
};

extern const struct th_words th_words_policy;          /* enum th_deadline_policy */
extern const struct th_words th_words_relation_kind;   /* enum th_relation_kind */
extern const struct th_words th_words_obligation_kind; /* enum th_obligation_kind */
extern const struct th_words th_words_boundary;        /* enum th_boundary */
extern const struct th_words th_words_level;           /* enum th_unit_level */
extern const struct th_words th_words_type;            /* enum th_indicator_type */
extern const struct th_words th_words_up;              /* enum th_up_rule */
extern const struct th_words th_words_over;            /* enum th_over_rule */
extern const struct th_words th_words_source;          /* enum th_indicator_source */
extern const struct th_words th_words_severity;        /* enum th_severity */
extern const struct th_words th_words_rule_kind;       /* enum th_rule_kind */

/* The word of a value. Precondition: the list has it. */
const char *th_word_of(const struct th_words *words, int value);

#endif
