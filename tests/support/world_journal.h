/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a small province: kept as it is appended, folded into another one, shown again. */
#ifndef TH_TESTS_SUPPORT_WORLD_JOURNAL_H
#define TH_TESTS_SUPPORT_WORLD_JOURNAL_H

#include "tests/support/world.h"

/* Copies an entry and, from the event whose effects are put, its body. */
void world_keep_entry(struct world *world, const struct th_entry *entry);

/* What a receipt says of an entry; borrows from the world. */
struct th_leaf world_leaf(const struct world *world, uint64_t position);
/* An entry of reports shown again, with its leaf, by its own unit; borrows from the world. */
struct th_event world_readmission(const struct world *from, uint64_t position,
                                  const struct th_leaf *leaf);

/* The status of the event's answer. */
int world_answer_to(struct world *world, struct th_event event);
/* The log goes on under the origin of this vkey. */
int world_recover(struct world *world, const char *vkey);
int world_end_recovery(struct world *world);

/* A world without events from the first `count` entries of another's journal. What it borrows of
 * the other one has to live. Status of the first entry that is refused, with its tables before. */
int world_fold(const struct world *from, uint64_t count, struct world *ret_world);
/* One more entry, which may be another than the journal has. */
int world_fold_entry(struct world *world, const struct th_entry *entry,
                     const struct th_event *content);

/* Byte for byte. */
bool world_same_rollup(const struct th_rollup_layout *layout, const struct th_rollup *a,
                       const struct th_rollup *b);
/* NULL, or which of the tables are not the same. */
const char *world_differs(const struct world *a, const struct world *b);

#endif
