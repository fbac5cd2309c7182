/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/driver/readmission.h"

#include "proto/wire/submission.h"

#include <string.h>

bool th_log_lost_from(const struct th_log_keys *keys, const char *origin, uint64_t *ret_from)
{
    bool is_met = false;
    bool is_lost = false;
    const char *before = "";
    for (size_t i = 0; i < keys->count; i++) {
        const struct th_log_key *key = &keys->items[i];
        bool is_recovery = strcmp(key->vkey.name, before) != 0;
        if (is_met && is_recovery && (!is_lost || key->after < *ret_from)) {
            *ret_from = key->after;
            is_lost = true;
        }
        is_met = is_met || strcmp(key->vkey.name, origin) == 0;
        before = key->vkey.name;
    }
    return is_lost;
}

static bool is_leaf_of(const struct th_leaf *leaf, const struct th_submission *submission)
{
    return (leaf->kind == TH_ENTRY_SUBMISSION || leaf->kind == TH_ENTRY_READMITTED) &&
           leaf->has_header_digest &&
           memcmp(&leaf->header_digest, &submission->header_digest, sizeof leaf->header_digest) ==
               0 &&
           leaf->mode == submission->header.mode &&
           leaf->unit.size == submission->header.unit.size &&
           memcmp(leaf->unit.bytes, submission->header.unit.bytes, leaf->unit.size) == 0;
}

int th_readmission_open(const struct th_readmission *readmission, const struct th_log_keys *keys,
                        enum th_mode mode, struct th_arena *arena,
                        struct th_readmitted *ret_readmitted)
{
    struct th_readmitted got;
    uint64_t from = 0;
    int status = th_wire_submission_decode(readmission->submission, arena, &got.submission);
    if (status == 0)
        status = th_receipt_open(readmission->receipt, keys, arena, &got.receipt);
    if (status < 0)
        return status;
    if (got.submission.header.mode != mode || !is_leaf_of(&got.receipt.leaf, &got.submission) ||
        !th_log_lost_from(keys, got.receipt.checkpoint.origin, &from) ||
        got.receipt.leaf.position < from)
        return TH_E_INVALID;
    *ret_readmitted = got;
    return 0;
}

struct th_event_readmission th_readmission_event(const struct th_readmission *readmission,
                                                 const struct th_readmitted *readmitted)
{
    return (struct th_event_readmission){.submission = &readmitted->submission,
                                         .raw = readmission->submission,
                                         .receipt = readmission->receipt,
                                         .leaf = &readmitted->receipt.leaf};
}
