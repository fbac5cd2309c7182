/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/proof.h"

#include "base/assert.h"
#include "proto/tlog/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char first_line[] = "c2sp.org/tlog-proof@v1";
static const char extra_start[] = "extra ";
static const char index_start[] = "index ";

#define TEXT_SIZE(array) (sizeof(array) - 1) /* without the NUL */

static int check(const struct th_tlog_proof *proof)
{
    struct th_note note;

    if (proof->hashes_n > TH_MERKLE_PROOF_MAX || proof->extra_size > TH_PROOF_EXTRA_MAX)
        return TH_E_LIMIT;
    if (proof->index >= TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    return th_tlog_note_split(proof->checkpoint, proof->checkpoint_size, &note);
}

/* Writes the bytes and gives the place after them. */
static char *put(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

int th_tlog_proof_format(const struct th_tlog_proof *proof, size_t capacity, char *ret_text,
                         size_t *ret_size)
{
    char extra[TH_PROOF_EXTRA_TEXT_MAX + 1];
    char index[TH_DECIMAL_MAX + 1];
    size_t extra_length = 0;
    size_t index_length;
    size_t size;
    char *at = ret_text;
    int rc = check(proof);

    if (rc == 0 && proof->extra_size > 0)
        rc = th_tlog_base64_encode(proof->extra, proof->extra_size, sizeof extra, extra,
                                   &extra_length);
    if (rc != 0)
        return rc;
    index_length = (size_t)snprintf(index, sizeof index, "%" PRIu64, proof->index);
    size = TEXT_SIZE(first_line) + 1 + TEXT_SIZE(index_start) + index_length + 1 +
           proof->hashes_n * (TH_DIGEST_BASE64_SIZE + 1) + 1 + proof->checkpoint_size;
    if (extra_length > 0)
        size += TEXT_SIZE(extra_start) + extra_length + 1;
    if (size > capacity)
        return TH_E_LIMIT;
    at = put(at, first_line, TEXT_SIZE(first_line));
    *at++ = '\n';
    if (extra_length > 0) {
        at = put(at, extra_start, TEXT_SIZE(extra_start));
        at = put(at, extra, extra_length);
        *at++ = '\n';
    }
    at = put(at, index_start, TEXT_SIZE(index_start));
    at = put(at, index, index_length);
    *at++ = '\n';
    for (size_t i = 0; i < proof->hashes_n; i++) {
        char hash[TH_DIGEST_BASE64_SIZE + 1];

        th_tlog_digest_encode(&proof->hashes[i], hash);
        at = put(at, hash, TH_DIGEST_BASE64_SIZE);
        *at++ = '\n';
    }
    *at++ = '\n';
    at = put(at, proof->checkpoint, proof->checkpoint_size);
    TH_ASSERT((size_t)(at - ret_text) == size);
    *ret_size = size;
    return 0;
}

/* The optional line of extra data and the line of the index. */
static int parse_head(struct th_lines *lines, struct th_tlog_proof *proof)
{
    struct th_line line;
    int rc = th_lines_next(lines, &line);

    if (rc != 0)
        return rc;
    if (th_line_take(&line, extra_start)) {
        rc = th_tlog_base64_decode(line.text, line.length, sizeof proof->extra, proof->extra,
                                   &proof->extra_size);
        if (rc != 0)
            return rc;
        if (proof->extra_size == 0)
            return TH_E_SYNTAX;
        rc = th_lines_next(lines, &line);
        if (rc != 0)
            return rc;
    }
    if (!th_line_take(&line, index_start))
        return TH_E_SYNTAX;
    return th_tlog_decimal_decode(line.text, line.length, &proof->index);
}

/* The hashes and the empty line after them. */
static int parse_hashes(struct th_lines *lines, struct th_tlog_proof *proof)
{
    struct th_line line;

    for (;;) {
        int rc = th_lines_next(lines, &line);

        if (rc != 0)
            return rc;
        if (line.length == 0)
            return 0;
        if (proof->hashes_n == TH_MERKLE_PROOF_MAX)
            return TH_E_LIMIT;
        rc = th_tlog_digest_decode(line.text, line.length, &proof->hashes[proof->hashes_n]);
        if (rc != 0)
            return rc;
        proof->hashes_n++;
    }
}

int th_tlog_proof_parse(const char *text, size_t size, struct th_tlog_proof *ret_proof)
{
    struct th_lines lines = {.at = text, .left = size};
    struct th_tlog_proof proof = {.index = 0};
    struct th_line line;
    int rc = th_lines_next(&lines, &line);

    if (rc != 0)
        return rc;
    if (!th_line_take(&line, first_line) || line.length != 0)
        return TH_E_VERSION;
    rc = parse_head(&lines, &proof);
    if (rc != 0)
        return rc;
    rc = parse_hashes(&lines, &proof);
    if (rc != 0)
        return rc;
    proof.checkpoint = lines.at;
    proof.checkpoint_size = lines.left;
    rc = check(&proof);
    if (rc != 0)
        return rc;
    *ret_proof = proof;
    return 0;
}

int th_tlog_proof_verify(const struct th_tlog_proof *proof, const struct th_vkey *vkeys,
                         size_t vkeys_n, const char *origin, const void *leaf, size_t leaf_size,
                         struct th_checkpoint *ret_checkpoint)
{
    struct th_checkpoint checkpoint;
    struct th_digest leaf_hash;
    struct th_note note;
    int rc;

    rc = th_tlog_note_verify(proof->checkpoint, proof->checkpoint_size, vkeys, vkeys_n, &note);
    if (rc != 0)
        return rc;
    rc = th_tlog_checkpoint_parse(note.text, note.text_size, &checkpoint);
    if (rc != 0)
        return rc;
    if (strcmp(checkpoint.origin, origin) != 0)
        return TH_E_INVALID;
    th_tlog_hash_leaf(leaf, leaf_size, &leaf_hash);
    rc = th_tlog_verify_inclusion(&leaf_hash, proof->index, checkpoint.size, proof->hashes,
                                  proof->hashes_n, &checkpoint.root);
    if (rc != 0)
        return rc;
    *ret_checkpoint = checkpoint;
    return 0;
}
