/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/leaves.h"

#include "base/array.h"

#include <stdlib.h>

void th_leaves_deinit(struct th_leaves *leaves)
{
    th_sink_deinit(&leaves->bytes);
    free(leaves->ends);
    *leaves = (struct th_leaves){0};
}

void th_leaves_begin(struct th_leaves *leaves, uint64_t first)
{
    th_sink_clear(&leaves->bytes);
    leaves->first = first;
    leaves->count = 0;
}

void th_leaves_add(struct th_leaves *leaves, struct th_bytes leaf)
{
    enum { FIRST = 1024 };
    if (leaves->bytes.failed)
        return; /* positions behind the gap would be others' */
    size_t *ends =
        th_array_grow(leaves->ends, leaves->count, &leaves->capacity, FIRST, sizeof *ends);
    if (ends == NULL) {
        leaves->bytes.failed = true;
        return;
    }
    leaves->ends = ends;
    th_sink_bytes(&leaves->bytes, leaf.bytes, leaf.size);
    if (!leaves->bytes.failed)
        leaves->ends[leaves->count++] = leaves->bytes.size;
}

bool th_leaves_find(const struct th_leaves *leaves, uint64_t position, struct th_bytes *ret_leaf)
{
    if (position < leaves->first || position - leaves->first >= leaves->count)
        return false;
    size_t at = (size_t)(position - leaves->first);
    size_t begin = at == 0 ? 0 : leaves->ends[at - 1];
    *ret_leaf = (struct th_bytes){leaves->bytes.bytes + begin, leaves->ends[at] - begin};
    return true;
}
