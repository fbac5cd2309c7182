/* SPDX-License-Identifier: Apache-2.0 */
/* What a failing disk does to records of an outbox that is open. Fails the test when none is there.
 */
#ifndef TH_TESTS_OUTBOX_DAMAGE_H
#define TH_TESTS_OUTBOX_DAMAGE_H

#include "nodes/store/schema.h"

/* Changes the last byte of the item's record. A table with sequence numbers: of each of them. */
void th_outbox_damage(struct th_outbox *outbox, enum th_outbox_table table, uint64_t id);
/* Of all records of the table. */
void th_outbox_damage_table(struct th_outbox *outbox, enum th_outbox_table table);

#endif
