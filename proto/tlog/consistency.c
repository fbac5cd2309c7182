/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/consistency.h"

#include "proto/tlog/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char old_start[] = "old ";

int th_tlog_consistency_format(const struct th_consistency *proof, size_t capacity, char *ret_text,
                               size_t *ret_size)
{
    char head[sizeof old_start + TH_DECIMAL_MAX + 1];
    size_t size;
    char *at = ret_text;

    if (proof->hashes_n > TH_MERKLE_PROOF_MAX)
        return TH_E_LIMIT;
    if (proof->old_size > TH_MERKLE_SIZE_MAX)
        return TH_E_RANGE;
    if (proof->old_size == 0 && proof->hashes_n > 0)
        return TH_E_INVALID;
    size = (size_t)snprintf(head, sizeof head, "%s%" PRIu64 "\n", old_start, proof->old_size);
    if (size + proof->hashes_n * (TH_DIGEST_BASE64_SIZE + 1) > capacity)
        return TH_E_LIMIT;
    memcpy(at, head, size);
    at += size;
    for (size_t i = 0; i < proof->hashes_n; i++) {
        char hash[TH_DIGEST_BASE64_SIZE + 1];

        th_tlog_digest_encode(&proof->hashes[i], hash);
        memcpy(at, hash, TH_DIGEST_BASE64_SIZE);
        at += TH_DIGEST_BASE64_SIZE;
        *at++ = '\n';
    }
    *ret_size = (size_t)(at - ret_text);
    return 0;
}

int th_tlog_consistency_parse(const char *text, size_t size, struct th_consistency *ret_proof)
{
    struct th_lines lines = {.at = text, .left = size};
    struct th_consistency proof = {.old_size = 0};
    struct th_line line;
    int rc = th_lines_next(&lines, &line);

    if (rc == 0 && !th_line_take(&line, old_start))
        rc = TH_E_SYNTAX;
    if (rc == 0)
        rc = th_tlog_decimal_decode(line.text, line.length, &proof.old_size);
    if (rc == 0 && proof.old_size > TH_MERKLE_SIZE_MAX)
        rc = TH_E_RANGE;
    while (rc == 0 && lines.left > 0) {
        if (proof.hashes_n == TH_MERKLE_PROOF_MAX)
            return TH_E_LIMIT;
        rc = th_lines_next(&lines, &line);
        if (rc == 0)
            rc = th_tlog_digest_decode(line.text, line.length, &proof.hashes[proof.hashes_n++]);
    }
    if (rc == 0 && proof.old_size == 0 && proof.hashes_n > 0)
        rc = TH_E_INVALID;
    if (rc == 0)
        *ret_proof = proof;
    return rc;
}
