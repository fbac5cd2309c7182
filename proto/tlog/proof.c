/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/proof.h"

#include "base/assert.h"
#include "proto/tlog/lines.h"

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
static char *put(char *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static size_t decimal_size(uint64_t value)
{
    size_t size = 1;

    for (; value >= 10; value /= 10)
        size++;
    return size;
}

static char *put_decimal(char *at, uint64_t value)
{
    char *end = at + decimal_size(value);

    for (char *digit = end; digit > at; value /= 10)
        *--digit = (char)('0' + value % 10);
    return end;
}

void th_tlog_proof_line(const struct th_digest *hash, char ret_line[TH_PROOF_LINE_SIZE])
{
    th_tlog_digest_encode(hash, ret_line);
    ret_line[TH_DIGEST_BASE64_SIZE] = '\n';
}

size_t th_tlog_proof_size(const struct th_tlog_proof_parts *parts)
{
    size_t size = TEXT_SIZE(first_line) + 1 + TEXT_SIZE(index_start) + decimal_size(parts->index) +
                  1 + parts->path_size + 1 + parts->checkpoint.size;

    if (parts->extra.size > 0)
        size += TEXT_SIZE(extra_start) + th_tlog_base64_size(parts->extra.size) + 1;
    return size;
}

void th_tlog_proof_write(const struct th_tlog_proof_parts *parts, char *ret_text)
{
    char *at = put(ret_text, first_line, TEXT_SIZE(first_line));

    *at++ = '\n';
    if (parts->extra.size > 0) {
        at = put(at, extra_start, TEXT_SIZE(extra_start));
        th_tlog_base64_write(parts->extra.bytes, parts->extra.size, at);
        at += th_tlog_base64_size(parts->extra.size);
        *at++ = '\n';
    }
    at = put(at, index_start, TEXT_SIZE(index_start));
    at = put_decimal(at, parts->index);
    *at++ = '\n';
    at = put(at, parts->path, parts->path_size);
    *at++ = '\n';
    at = put(at, parts->checkpoint.bytes, parts->checkpoint.size);
    TH_ASSERT((size_t)(at - ret_text) == th_tlog_proof_size(parts));
}

int th_tlog_proof_format(const struct th_tlog_proof *proof, size_t capacity, char *ret_text,
                         size_t *ret_size)
{
    char path[TH_MERKLE_PROOF_MAX * TH_PROOF_LINE_SIZE];
    const struct th_tlog_proof_parts parts = {
        .index = proof->index,
        .extra = {proof->extra, proof->extra_size},
        .path = path,
        .path_size = proof->hashes_n * TH_PROOF_LINE_SIZE,
        .checkpoint = {proof->checkpoint, proof->checkpoint_size},
    };
    int rc = check(proof);

    if (rc != 0)
        return rc;
    if (th_tlog_proof_size(&parts) > capacity)
        return TH_E_LIMIT;
    for (size_t i = 0; i < proof->hashes_n; i++)
        th_tlog_proof_line(&proof->hashes[i], path + i * TH_PROOF_LINE_SIZE);
    th_tlog_proof_write(&parts, ret_text);
    *ret_size = th_tlog_proof_size(&parts);
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
