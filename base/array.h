/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of malloc() that grow by doubling. What has a budget grows by heap.h or lives in an arena.
 */
#ifndef TH_BASE_ARRAY_H
#define TH_BASE_ARRAY_H

#include <stddef.h>

/*
 * The array with room for at least one more item after `count`: the same one, or a larger one that
 * takes its place, `first` items when there was none (more than 0). The caller keeps the result
 * and frees it. NULL without memory: the array is as it was.
 */
void *th_array_grow(void *items, size_t count, size_t *capacity, size_t first, size_t item_size);

#endif
