/* SPDX-License-Identifier: Apache-2.0 */
/* Words that several commands print about items. Internal to nodes/cli. */
#ifndef TH_NODES_CLI_WORDS_H
#define TH_NODES_CLI_WORDS_H

#include "nodes/store/outbox.h"

#include <jansson.h>
#include <stdio.h>

const char *th_timeliness_text(enum th_timeliness timeliness); /* Vietnamese */

/* "    lý do: [TCD01 = -5] text (R01)", one line each. */
void th_words_print_reasons(const struct th_outbox_reason *reasons, size_t count, const char *label,
                            FILE *out);

/* JSON values; NULL without memory. */
json_t *th_words_json_text(struct th_text text);
json_t *th_words_json_digest(const struct th_digest *digest);
json_t *th_words_json_instant(th_instant instant);
json_t *th_words_json_reasons(const struct th_outbox_reason *reasons, size_t count);
/* The identity and state of an item: id, plan, obligation, number, revision, digest, state … */
json_t *th_words_json_item(const struct th_outbox_item *item);

#endif
