/* SPDX-License-Identifier: Apache-2.0 */
/* Words that several commands print about items. Internal to nodes/cli. */
#ifndef TH_NODES_CLI_WORDS_H
#define TH_NODES_CLI_WORDS_H

#include "nodes/store/outbox.h"

#include <jansson.h>
#include <stdio.h>

const char *th_timeliness_text(enum th_timeliness timeliness); /* Vietnamese */

/* Why, and what to be aware of, "    lý do: [TCD01 = -5] text (R01)", one line each; and of a
 * report that was not taken what the officer does next. `folder`: of the node; NULL: nothing is to
 * be done any more. */
void th_words_print_answer(const struct th_outbox_item *item, const struct th_outbox_detail *detail,
                           const char *folder, FILE *out);

/* JSON values; NULL without memory. */
json_t *th_words_json_text(struct th_text text);
json_t *th_words_json_digest(const struct th_digest *digest);
json_t *th_words_json_instant(th_instant instant);
json_t *th_words_json_reasons(const struct th_outbox_reason *reasons, size_t count);
/* The identity and state of an item: id, plan, obligation, number, revision, digest, state … */
json_t *th_words_json_item(const struct th_outbox_item *item);

#endif
