/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RFC defines a proof by recursion from the root down, and lists it from the leaf up. Here a
 * loop goes down, collects, and the list is turned round at the end.
 */
#include "proto/tlog/prove.h"

#include "base/assert.h"

#include <stdbool.h>
#include <string.h>

struct path {
    struct th_digest hashes[TH_MERKLE_PROOF_MAX];
    size_t n;
};

/* The largest power of two below `count`, which is at least 2. */
static uint64_t split(uint64_t count)
{
    return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

/*
 * The hash of the leaves begin .. end-1, where begin is a multiple of the smallest power of two not
 * below their number. Each bit of that number is a perfect subtree, the small ones to the right.
 */
static int range_hash(const struct th_tlog_source *source, uint64_t begin, uint64_t end,
                      struct th_digest *ret_hash)
{
    struct th_digest hash = {{0}};
    uint64_t rest = end - begin;
    bool first = true;

    TH_ASSERT(begin < end);
    for (unsigned level = 0; rest >> level != 0; level++) {
        struct th_digest subtree;
        int rc;

        if ((rest >> level & 1) == 0)
            continue;
        end -= (uint64_t)1 << level;
        rc = source->get(source->context, level, end >> level, &subtree);
        if (rc != 0)
            return rc;
        if (first) {
            hash = subtree;
            first = false;
        } else {
            th_tlog_hash_node(&subtree, &hash, &hash);
        }
    }
    TH_ASSERT(end == begin);
    *ret_hash = hash;
    return 0;
}

static int path_add(struct path *path, const struct th_tlog_source *source, uint64_t begin,
                    uint64_t end)
{
    int rc;

    TH_ASSERT(path->n < TH_MERKLE_PROOF_MAX);
    rc = range_hash(source, begin, end, &path->hashes[path->n]);
    if (rc == 0)
        path->n++;
    return rc;
}

static void path_copy_reversed(const struct path *path, struct th_digest *ret_proof,
                               size_t *ret_proof_n)
{
    for (size_t i = 0; i < path->n; i++)
        ret_proof[i] = path->hashes[path->n - 1 - i];
    *ret_proof_n = path->n;
}

int th_tlog_root(const struct th_tlog_source *source, uint64_t size, struct th_digest *ret_root)
{
    if (size > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    if (size == 0) {
        th_tlog_hash_empty(ret_root);
        return 0;
    }
    return range_hash(source, 0, size, ret_root);
}

int th_tlog_inclusion_ranges(uint64_t index, uint64_t size,
                             struct th_tlog_range ret_ranges[TH_MERKLE_PROOF_MAX],
                             size_t *ret_ranges_n)
{
    struct th_tlog_range down[TH_MERKLE_PROOF_MAX];
    uint64_t begin = 0;
    uint64_t end = size;
    size_t n = 0;

    if (index >= size || size > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    for (; end - begin > 1; n++) {
        uint64_t middle = begin + split(end - begin);

        TH_ASSERT(n < TH_MERKLE_PROOF_MAX);
        if (index < middle) {
            down[n] = (struct th_tlog_range){middle, end};
            end = middle;
        } else {
            down[n] = (struct th_tlog_range){begin, middle};
            begin = middle;
        }
    }
    for (size_t i = 0; i < n; i++)
        ret_ranges[i] = down[n - 1 - i];
    *ret_ranges_n = n;
    return 0;
}

int th_tlog_range_hash(const struct th_tlog_source *source, struct th_tlog_range range,
                       struct th_digest *ret_hash)
{
    return range_hash(source, range.begin, range.end, ret_hash);
}

int th_tlog_prove_inclusion(const struct th_tlog_source *source, uint64_t index, uint64_t size,
                            struct th_digest ret_proof[TH_MERKLE_PROOF_MAX], size_t *ret_proof_n)
{
    struct th_tlog_range ranges[TH_MERKLE_PROOF_MAX];
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    size_t n = 0;
    int rc = th_tlog_inclusion_ranges(index, size, ranges, &n);

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = th_tlog_range_hash(source, ranges[i], &proof[i]);
    if (rc != 0)
        return rc;
    memcpy(ret_proof, proof, n * sizeof proof[0]);
    *ret_proof_n = n;
    return 0;
}

int th_tlog_prove_consistency(const struct th_tlog_source *source, uint64_t size1, uint64_t size2,
                              struct th_digest ret_proof[TH_MERKLE_PROOF_MAX], size_t *ret_proof_n)
{
    struct path path = {.n = 0};
    uint64_t begin = 0;
    uint64_t end = size2;
    int rc = 0;

    if (size1 == 0 || size1 > size2 || size2 > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    while (end != size1) { /* until what is left ends where the old tree ended */
        uint64_t middle = begin + split(end - begin);
        bool left = size1 <= middle;

        rc = left ? path_add(&path, source, middle, end) : path_add(&path, source, begin, middle);
        if (rc != 0)
            return rc;
        if (left)
            end = middle;
        else
            begin = middle;
    }
    if (begin != 0) { /* not the whole old tree, whose root the verifier has */
        rc = path_add(&path, source, begin, end);
        if (rc != 0)
            return rc;
    }
    path_copy_reversed(&path, ret_proof, ret_proof_n);
    return 0;
}
