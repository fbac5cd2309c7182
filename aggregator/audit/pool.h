/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for what grows to millions of small blocks and goes as a whole: taken from the system in
 * large pieces, in huge pages where it has them. A block that is given back serves the next one of
 * about its size; nothing goes back to the system before the end.
 *
 * Not thread-safe: one owner at a time.
 */
#ifndef TH_AUDIT_POOL_H
#define TH_AUDIT_POOL_H

#include "base/heap.h"

struct th_pool;

/* Returns owned. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_pool_new(struct th_pool **ret_pool);
/* With every block that was taken. */
void th_pool_free(struct th_pool *pool);

/* For a heap of the pool's life. */
struct th_heap_source th_pool_source(struct th_pool *pool);

#endif
