/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a book's records go to their places: run.h. Not for others. */
#ifndef TH_STORE_RUN_ORDER_H
#define TH_STORE_RUN_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct th_run_row {
    uint32_t unit, number, revision; /* revision 0: a row */
    uint32_t size;
    const uint8_t *content; /* in the book's pile */
    uint64_t sequence;      /* of the value that holds it */
};

/* By unit, number and revision; those that share all three stay in their order. `spare` has as much
 * room. Returns where they are then, in the one or the other. */
struct th_run_row *th_run_order(struct th_run_row *rows, struct th_run_row *spare, size_t count);

#endif
