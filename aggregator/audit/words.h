/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the auditor's JSON as people read them. Pure. */
#ifndef TH_AUDIT_WORDS_H
#define TH_AUDIT_WORDS_H

#include <jansson.h>

struct th_audit_word {
    const char *word, *text;
};

/* The text of a word; one that is not in the table stays as it is. Borrows. */
const char *th_audit_translate(const struct th_audit_word *words, size_t count, const char *word);
#define TH_AUDIT_TRANSLATE(words, word)                                                            \
    th_audit_translate(words, sizeof(words) / sizeof((words)[0]), word)

/* An integer of an answer; 0 when it is not there. */
long long th_audit_number(const json_t *object, const char *name);

/* Of th_timeliness_word(). */
const char *th_audit_timeliness_text(const char *word);

#endif
