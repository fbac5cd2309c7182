/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a submitted report says, beside what was asked and what the revision before it said: a
 * form that lost its end is a good form all the same. Internal to nodes/cli.
 */
#ifndef TH_NODES_CLI_COUNTED_H
#define TH_NODES_CLI_COUNTED_H

#include "nodes/cli/checked.h"

struct th_counted {
    const struct th_plan *plan;
    size_t values, sections;
    size_t asked; /* figures; 0: the plan does not say */
    bool has_before;
    uint32_t revision; /* of the newest one before it that may count; and what that had: */
    size_t values_before, sections_before;
    const uint16_t *gone; /* numbers of figures that it had and this one has not */
    size_t gone_count;
};

/* `item` is what `checked` was submitted as. What is in the outbox and cannot be read is left out.
 * Lives in `checked`. */
void th_counted_init(struct th_counted *counted, struct th_checked *checked,
                     const struct th_unit *unit, struct th_outbox *outbox,
                     const struct th_outbox_item *item);

/* The counts to `out`; what a correction no longer says to `err`. */
void th_counted_print(const struct th_counted *counted, const char *path, FILE *out, FILE *err);
/* Adds its keys. Not 0: no memory. */
TH_MUST_CHECK int th_counted_add_json(const struct th_counted *counted, json_t *object);

#endif
