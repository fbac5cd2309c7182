/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/leaves.h"

#include "aggregator/store/schema.h"
#include "base/array.h"

#include <stdlib.h>

void th_leaves_deinit(struct th_leaves *leaves)
{
    free(leaves->values);
    *leaves = (struct th_leaves){0};
}

void th_leaves_begin(struct th_leaves *leaves, uint64_t first)
{
    leaves->first = first;
    leaves->count = 0;
    leaves->is_cut = false;
}

void th_leaves_add(struct th_leaves *leaves, struct th_bytes value)
{
    enum { FIRST = 1024 };
    if (leaves->is_cut)
        return; /* positions behind the gap would be others' */
    struct th_bytes *values =
        th_array_grow(leaves->values, leaves->count, &leaves->capacity, FIRST, sizeof *values);
    if (values == NULL) {
        leaves->is_cut = true;
        return;
    }
    leaves->values = values;
    leaves->values[leaves->count++] = value;
}

bool th_leaves_find(const struct th_leaves *leaves, uint64_t position, struct th_bytes *ret_leaf)
{
    struct th_bytes entry;
    return position >= leaves->first && position - leaves->first < leaves->count &&
           th_schema_journal_split(leaves->values[position - leaves->first], &entry, ret_leaf) == 0;
}
