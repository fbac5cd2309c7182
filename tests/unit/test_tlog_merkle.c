/* SPDX-License-Identifier: Apache-2.0 */
/* Merkle proofs: made, checked, and refused when any bit is wrong. */
#define _XOPEN_SOURCE 700

#include "proto/tlog/hash.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/prove.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAVES_MAX 300
#define LEVELS_MAX 9 /* 2^8 leaves fit in */

/* A tree as the log stores it: the hash of each perfect subtree, made by the oracle. */
struct tree {
    struct th_digest leaves[LEAVES_MAX];
    struct th_digest subtrees[LEVELS_MAX][LEAVES_MAX];
    uint64_t size; /* nothing may be asked beyond it */
    int failure;   /* what get() returns */
};

/* MTH of RFC 6962, section 2.1, as it is written there: the oracle for everything below. */
static void oracle_root(const struct th_digest *leaves, uint64_t count, struct th_digest *ret_root)
{
    struct th_digest left;
    struct th_digest right;
    uint64_t half = 1;

    if (count == 0) {
        th_tlog_hash_empty(ret_root);
        return;
    }
    if (count == 1) {
        *ret_root = leaves[0];
        return;
    }
    while (half * 2 < count)
        half *= 2;
    oracle_root(leaves, half, &left);
    oracle_root(leaves + half, count - half, &right);
    th_tlog_hash_node(&left, &right, ret_root);
}

/* The largest power of two below the count, which is at least 2. */
static uint64_t oracle_split(uint64_t count)
{
    uint64_t half = 1;

    while (half * 2 < count)
        half *= 2;
    return half;
}

/* PATH of RFC 9162, section 2.1.3.1, as it is written there. Gives the number of hashes. */
static size_t oracle_path(const struct th_digest *leaves, uint64_t count, uint64_t index,
                          struct th_digest *ret_path)
{
    uint64_t half;
    size_t n;

    if (count == 1)
        return 0;
    half = oracle_split(count);
    if (index < half) {
        n = oracle_path(leaves, half, index, ret_path);
        oracle_root(leaves + half, count - half, &ret_path[n]);
    } else {
        n = oracle_path(leaves + half, count - half, index - half, ret_path);
        oracle_root(leaves, half, &ret_path[n]);
    }
    return n + 1;
}

/* SUBPROOF of RFC 9162, section 2.1.4.1. */
static size_t oracle_growth(const struct th_digest *leaves, uint64_t old, uint64_t count,
                            bool whole, struct th_digest *ret_path)
{
    uint64_t half;
    size_t n;

    if (old == count) {
        if (!whole)
            oracle_root(leaves, count, ret_path);
        return whole ? 0 : 1;
    }
    half = oracle_split(count);
    if (old <= half) {
        n = oracle_growth(leaves, old, half, whole, ret_path);
        oracle_root(leaves + half, count - half, &ret_path[n]);
    } else {
        n = oracle_growth(leaves + half, old - half, count - half, false, ret_path);
        oracle_root(leaves, half, &ret_path[n]);
    }
    return n + 1;
}

static int tree_get(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    struct tree *tree = context;

    cr_assert_lt(level, LEVELS_MAX);
    cr_assert_leq((index + 1) << level, tree->size);
    if (tree->failure != 0)
        return tree->failure;
    *ret_hash = tree->subtrees[level][index];
    return 0;
}

/* The leaves are there; hashes every perfect subtree anew. */
static void tree_fill(struct tree *tree, uint64_t size)
{
    tree->size = size;
    tree->failure = 0;
    for (unsigned level = 0; level < LEVELS_MAX; level++) {
        for (uint64_t i = 0; (i + 1) << level <= size; i++)
            oracle_root(tree->leaves + (i << level), (uint64_t)1 << level,
                        &tree->subtrees[level][i]);
    }
}

static void tree_init(struct tree *tree)
{
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        uint8_t entry[3] = {(uint8_t)i, (uint8_t)(i >> 8), 0x5a};

        th_tlog_hash_leaf(entry, sizeof entry, &tree->leaves[i]);
    }
    tree_fill(tree, LEAVES_MAX);
}

static struct th_digest hex(const char *text)
{
    struct th_digest digest;

    cr_assert_eq(th_tlog_digest_from_hex(text, strlen(text), &digest), 0);
    return digest;
}

Test(tlog_prove, roots_of_the_well_known_inputs_are_those_of_rfc_6962)
{
    static const struct th_tlog_part inputs[] = {{"", 0},         {"\x00", 1},
                                                 {"\x10", 1},     {"\x20\x21", 2},
                                                 {"\x30\x31", 2}, {"\x40\x41\x42\x43", 4},
                                                 {"PQRSTUVW", 8}, {"`abcdefghijklmno", 16}};
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};

    for (size_t i = 0; i < 8; i++)
        th_tlog_hash_leaf(inputs[i].bytes, inputs[i].size, &tree.leaves[i]);
    tree_fill(&tree, 8);
    for (uint64_t size = 0; size <= 8; size++) {
        struct th_digest want = hex(roots[size]);
        struct th_digest root;

        cr_assert_eq(th_tlog_root(&source, size, &root), 0);
        cr_assert(th_tlog_digest_equal(&root, &want));
    }
}

/* Every wrong bit, a hash too few, too many: none may pass. */
static void refuse_changed_inclusion(const struct th_digest *leaf, uint64_t index, uint64_t size,
                                     struct th_digest *proof, size_t n,
                                     const struct th_digest *root)
{
    for (size_t i = 0; i < n; i++) {
        size_t bit = (size_t)(index * 31 + size * 7 + i * 3) % 256;
        uint8_t flip = (uint8_t)(1U << bit % 8);

        proof[i].bytes[bit / 8] ^= flip;
        cr_assert_eq(th_tlog_verify_inclusion(leaf, index, size, proof, n, root), TH_E_SIGNATURE);
        proof[i].bytes[bit / 8] ^= flip;
    }
    if (n > 0) {
        cr_assert_eq(th_tlog_verify_inclusion(leaf, index, size, proof, n - 1, root),
                     TH_E_SIGNATURE);
        cr_assert_eq(th_tlog_verify_inclusion(leaf, index ^ 1, size, proof, n, root) != 0, true);
    }
    proof[n] = *root;
    cr_assert_eq(th_tlog_verify_inclusion(leaf, index, size, proof, n + 1, root), TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_verify_inclusion(root, index, size, proof, n, leaf) == 0, size == 1);
}

Test(tlog_prove, every_leaf_of_every_size_has_a_proof_and_no_changed_one)
{
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};
    struct th_digest proof[TH_MERKLE_PROOF_MAX + 1];
    struct th_digest path[TH_MERKLE_PROOF_MAX];
    size_t n = 0;

    tree_init(&tree);
    for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
        struct th_digest want;
        struct th_digest root;

        tree.size = size;
        oracle_root(tree.leaves, size, &want);
        cr_assert_eq(th_tlog_root(&source, size, &root), 0);
        cr_assert(th_tlog_digest_equal(&root, &want));
        for (uint64_t index = 0; index < size; index++) {
            const struct th_digest *leaf = &tree.leaves[index];

            cr_assert_eq(th_tlog_prove_inclusion(&source, index, size, proof, &n), 0);
            cr_assert_eq(n, oracle_path(tree.leaves, size, index, path));
            cr_assert_eq(memcmp(proof, path, n * sizeof path[0]), 0);
            cr_assert_eq(th_tlog_verify_inclusion(leaf, index, size, proof, n, &root), 0);
            refuse_changed_inclusion(leaf, index, size, proof, n, &root);
        }
    }
}

Test(tlog_prove, the_ranges_of_a_proof_are_all_leaves_but_the_one)
{
    struct th_tlog_range ranges[TH_MERKLE_PROOF_MAX];
    size_t n = 0;

    for (uint64_t size = 1; size <= 70; size++) {
        for (uint64_t index = 0; index < size; index++) {
            uint64_t begin = index;
            uint64_t end = index + 1;

            cr_assert_eq(th_tlog_inclusion_ranges(index, size, ranges, &n), 0);
            for (size_t i = 0; i < n; i++) { /* each beside those below it */
                cr_assert(ranges[i].end == begin || ranges[i].begin == end);
                begin = ranges[i].end == begin ? ranges[i].begin : begin;
                end = ranges[i].begin == end ? ranges[i].end : end;
            }
            cr_assert_eq(begin, 0);
            cr_assert_eq(end, size);
        }
    }
    cr_assert_eq(th_tlog_inclusion_ranges(70, 70, ranges, &n), TH_E_RANGE);
    cr_assert_eq(th_tlog_inclusion_ranges(0, UINT64_MAX, ranges, &n), TH_E_RANGE);
}

static void flip(struct th_digest *digests, size_t bit)
{
    digests[bit / 256].bytes[bit % 256 / 8] ^= (uint8_t)(1U << bit % 8);
}

Test(tlog_prove, every_bit_of_an_inclusion_matters)
{
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};
    struct th_digest parts[2 + TH_MERKLE_PROOF_MAX]; /* leaf, root, proof */
    size_t n = 0;

    tree_init(&tree);
    parts[0] = tree.leaves[20];
    cr_assert_eq(th_tlog_root(&source, 37, &parts[1]), 0);
    cr_assert_eq(th_tlog_prove_inclusion(&source, 20, 37, parts + 2, &n), 0);
    cr_assert_gt(n, 3);
    for (size_t bit = 0; bit < (2 + n) * 256; bit++) {
        flip(parts, bit);
        cr_assert_eq(th_tlog_verify_inclusion(&parts[0], 20, 37, parts + 2, n, &parts[1]),
                     TH_E_SIGNATURE);
        flip(parts, bit);
    }
    cr_assert_eq(th_tlog_verify_inclusion(&parts[0], 20, 37, parts + 2, n, &parts[1]), 0);
}

Test(tlog_prove, every_bit_of_a_consistency_matters)
{
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};
    struct th_digest parts[2 + TH_MERKLE_PROOF_MAX]; /* both roots, proof */
    size_t n = 0;

    tree_init(&tree);
    cr_assert_eq(th_tlog_root(&source, 21, &parts[0]), 0);
    cr_assert_eq(th_tlog_root(&source, 37, &parts[1]), 0);
    cr_assert_eq(th_tlog_prove_consistency(&source, 21, 37, parts + 2, &n), 0);
    cr_assert_gt(n, 3);
    for (size_t bit = 0; bit < (2 + n) * 256; bit++) {
        flip(parts, bit);
        cr_assert_eq(th_tlog_verify_consistency(21, 37, parts + 2, n, &parts[0], &parts[1]),
                     TH_E_SIGNATURE);
        flip(parts, bit);
    }
    cr_assert_eq(th_tlog_verify_consistency(21, 37, parts + 2, n, &parts[0], &parts[1]), 0);
}

static void refuse_changed_consistency(uint64_t size1, uint64_t size2, struct th_digest *proof,
                                       size_t n, const struct th_digest *roots)
{
    const struct th_digest *old = &roots[size1];
    const struct th_digest *new = &roots[size2];

    for (size_t i = 0; i < n; i++) {
        size_t bit = (size_t)(size1 * 31 + size2 * 7 + i * 3) % 256;
        uint8_t flip = (uint8_t)(1U << bit % 8);

        proof[i].bytes[bit / 8] ^= flip;
        cr_assert_eq(th_tlog_verify_consistency(size1, size2, proof, n, old, new), TH_E_SIGNATURE);
        proof[i].bytes[bit / 8] ^= flip;
    }
    if (n > 0) {
        cr_assert_eq(th_tlog_verify_consistency(size1, size2, proof, n - 1, old, new),
                     TH_E_SIGNATURE);
        cr_assert_eq(th_tlog_verify_consistency(size1, size2, proof, n, new, old), TH_E_SIGNATURE);
    }
    proof[n] = *new;
    cr_assert_eq(th_tlog_verify_consistency(size1, size2, proof, n + 1, old, new), TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_verify_consistency(size1, size2, proof, n, &roots[size1 - 1], new),
                 TH_E_SIGNATURE);
}

Test(tlog_prove, every_tree_is_the_beginning_of_every_larger_one)
{
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};
    struct th_digest proof[TH_MERKLE_PROOF_MAX + 1];
    struct th_digest path[TH_MERKLE_PROOF_MAX];
    struct th_digest roots[LEAVES_MAX + 1];
    size_t n = 0;

    tree_init(&tree);
    for (uint64_t size = 0; size <= LEAVES_MAX; size++)
        cr_assert_eq(th_tlog_root(&source, size, &roots[size]), 0);
    for (uint64_t size2 = 1; size2 <= LEAVES_MAX; size2++) {
        tree.size = size2;
        for (uint64_t size1 = 1; size1 <= size2; size1++) {
            cr_assert_eq(th_tlog_prove_consistency(&source, size1, size2, proof, &n), 0);
            cr_assert_eq(
                th_tlog_verify_consistency(size1, size2, proof, n, &roots[size1], &roots[size2]),
                0);
            cr_assert_eq(n, oracle_growth(tree.leaves, size1, size2, true, path));
            cr_assert_eq(memcmp(proof, path, n * sizeof path[0]), 0);
            refuse_changed_consistency(size1, size2, proof, n, roots);
        }
    }
}

/* All leaves of a tree of any size are alike: only the level tells the hash. */
static int same_get(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    struct th_digest hash = {{0}};

    (void)context;
    (void)index;
    for (unsigned i = 0; i < level; i++)
        th_tlog_hash_node(&hash, &hash, &hash);
    *ret_hash = hash;
    return 0;
}

Test(tlog_prove, the_largest_trees_have_proofs_within_the_limit)
{
    const uint64_t max = TH_MERKLE_SIZE_MAX;
    const uint64_t sizes[] = {1, 2, 3, max / 2, max / 2 + 1, max / 2 + 2, max - 1, max};
    const struct th_tlog_source source = {same_get, NULL};
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    struct th_digest leaf = {{0}};
    struct th_digest root;
    struct th_digest old;
    size_t n = 0;

    cr_assert_eq(th_tlog_root(&source, max, &root), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t index = sizes[i] - 1;

        cr_assert_eq(th_tlog_prove_inclusion(&source, index, max, proof, &n), 0);
        cr_assert_eq(th_tlog_verify_inclusion(&leaf, index, max, proof, n, &root), 0);
        cr_assert_eq(th_tlog_root(&source, sizes[i], &old), 0);
        cr_assert_eq(th_tlog_prove_consistency(&source, sizes[i], max, proof, &n), 0);
        cr_assert_eq(th_tlog_verify_consistency(sizes[i], max, proof, n, &old, &root), 0);
        cr_assert(sizes[i] != 3 || n == TH_MERKLE_PROOF_MAX); /* the longest one there is */
    }
}

Test(tlog_prove, sixty_four_hashes_are_read_and_more_are_refused)
{
    struct th_digest proof[TH_MERKLE_PROOF_MAX + 1] = {{{0}}};
    const uint64_t max = TH_MERKLE_SIZE_MAX;
    const struct th_digest *root = &proof[0];

    cr_assert_eq(th_tlog_verify_inclusion(root, 0, max, proof, 64, root), TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_verify_inclusion(root, 0, 1, proof, 64, root), TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_verify_inclusion(root, 0, max, proof, 65, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_inclusion(root, 0, max, proof, SIZE_MAX, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_consistency(3, max, proof, 64, root, root), TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_verify_consistency(3, max, proof, 65, root, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_consistency(3, 3, proof, SIZE_MAX, root, root), TH_E_RANGE);
}

Test(tlog_prove, numbers_out_of_range_are_refused)
{
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};
    struct th_digest proof[TH_MERKLE_PROOF_MAX + 1] = {{{0}}};
    const struct th_digest *root = &proof[0];
    const uint64_t above = TH_MERKLE_SIZE_MAX + 1;
    size_t n = 77;

    tree_init(&tree);
    cr_assert_eq(th_tlog_root(&source, above, &proof[0]), TH_E_RANGE);
    cr_assert_eq(th_tlog_prove_inclusion(&source, 0, 0, proof, &n), TH_E_RANGE);
    cr_assert_eq(th_tlog_prove_inclusion(&source, 5, 5, proof, &n), TH_E_RANGE);
    cr_assert_eq(th_tlog_prove_inclusion(&source, 5, above, proof, &n), TH_E_RANGE);
    cr_assert_eq(th_tlog_prove_consistency(&source, 0, 5, proof, &n), TH_E_RANGE);
    cr_assert_eq(th_tlog_prove_consistency(&source, 6, 5, proof, &n), TH_E_RANGE);
    cr_assert_eq(th_tlog_prove_consistency(&source, 6, above, proof, &n), TH_E_RANGE);
    cr_assert_eq(n, 77);
    cr_assert_eq(th_tlog_verify_inclusion(root, 0, 0, proof, 0, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_inclusion(root, 1, 1, proof, 0, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_inclusion(root, 0, above, proof, 0, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_consistency(0, 0, proof, 0, root, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_consistency(0, 5, proof, 0, root, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_consistency(6, 5, proof, 0, root, root), TH_E_RANGE);
    cr_assert_eq(th_tlog_verify_consistency(6, above, proof, 0, root, root), TH_E_RANGE);
}

Test(tlog_prove, a_failure_of_the_source_is_handed_on_and_nothing_is_written)
{
    struct tree tree;
    const struct th_tlog_source source = {tree_get, &tree};
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    struct th_digest zero = {{0}};
    size_t n = 77;

    tree_init(&tree);
    tree.failure = TH_E_CORRUPT;
    memset(proof, 0, sizeof proof);
    cr_assert_eq(th_tlog_root(&source, 7, &proof[0]), TH_E_CORRUPT);
    cr_assert_eq(th_tlog_prove_inclusion(&source, 3, 7, proof, &n), TH_E_CORRUPT);
    cr_assert_eq(th_tlog_prove_consistency(&source, 3, 7, proof, &n), TH_E_CORRUPT);
    cr_assert_eq(n, 77);
    cr_assert(th_tlog_digest_equal(&proof[0], &zero));
}

/* The proofs of transparency-dev/merkle: a hash that is not 32 bytes long is refused on reading. */
static unsigned proofs_n;
static unsigned corrupted_n;

static int json_digest(const json_t *value, struct th_digest *ret_digest)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";

    return th_tlog_digest_decode(text, strlen(text), ret_digest);
}

/* Some roots stand for "any": only their being equal counts. Their SHA-256 takes their place. */
static struct th_digest json_root(const json_t *value)
{
    struct th_digest digest;

    if (json_digest(value, &digest) != 0) {
        const char *text = json_is_string(value) ? json_string_value(value) : "";

        th_tlog_sha256(&(const struct th_tlog_part){text, strlen(text)}, 1, &digest);
    }
    return digest;
}

/* A number is read as real: jansson's integers end before 2^64 - 1, which stands for -1. */
static uint64_t json_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    double number;

    cr_assert(json_is_real(value), "%s", name);
    number = json_real_value(value);
    return number < 9007199254740992.0 ? (uint64_t)number : UINT64_MAX;
}

static int decide_inclusion(const json_t *object, const struct th_digest *proof, size_t n)
{
    struct th_digest leaf;
    struct th_digest root;
    int rc = json_digest(json_object_get(object, "leafHash"), &leaf);

    if (rc == 0)
        rc = json_digest(json_object_get(object, "root"), &root);
    if (rc == 0)
        rc = th_tlog_verify_inclusion(&leaf, json_number(object, "leafIdx"),
                                      json_number(object, "treeSize"), proof, n, &root);
    return rc;
}

static int decide_consistency(const json_t *object, const struct th_digest *proof, size_t n)
{
    struct th_digest root1 = json_root(json_object_get(object, "root1"));
    struct th_digest root2 = json_root(json_object_get(object, "root2"));

    return th_tlog_verify_consistency(json_number(object, "size1"), json_number(object, "size2"),
                                      proof, n, &root1, &root2);
}

static int run_proof(const char *path, const struct stat *status, int type, struct FTW *place)
{
    struct th_digest proof[TH_MERKLE_PROOF_MAX];
    size_t suffix = strlen(path) > 5 ? strlen(path) - 5 : 0;
    json_t *object;
    json_t *hashes;
    size_t n;
    int rc = 0;

    (void)status;
    (void)place;
    if (type != FTW_F || strcmp(path + suffix, ".json") != 0)
        return 0;
    object = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
    cr_assert_not_null(object, "%s", path);
    hashes = json_object_get(object, "proof");
    n = json_array_size(hashes);
    cr_assert_leq(n, TH_MERKLE_PROOF_MAX);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = json_digest(json_array_get(hashes, i), &proof[i]);
    if (rc == 0 && json_object_get(object, "leafIdx") != NULL)
        rc = decide_inclusion(object, proof, n);
    else if (rc == 0)
        rc = decide_consistency(object, proof, n);
    cr_assert_eq(rc != 0, json_is_true(json_object_get(object, "wantErr")), "%s", path);
    corrupted_n += rc != 0 ? 1 : 0;
    json_decref(object);
    proofs_n++;
    return 0;
}

Test(tlog_merkle, the_proofs_of_transparency_dev_are_decided_as_they_say)
{
    static const char *const kinds[] = {"inclusion", "consistency"};
    const char *data = getenv("TH_SHARED_DATA");

    for (size_t i = 0; i < 2; i++) {
        char path[4096];

        (void)snprintf(path, sizeof path, "%s/merkle/%s", data != NULL ? data : "../shared/data",
                       kinds[i]);
        if (access(path, R_OK) != 0)
            cr_skip_test("no vectors: %s", path);
        proofs_n = corrupted_n = 0;
        cr_assert_eq(nftw(path, run_proof, 16, FTW_PHYS), 0);
        cr_assert_eq(proofs_n, 98, "%u", proofs_n);
        cr_assert_eq(corrupted_n, 92, "%u", corrupted_n);
    }
}
