/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/witness_judge.h"

#include <string.h>

static enum th_witness_verdict need(uint64_t size, uint64_t *ret_needed)
{
    *ret_needed = size;
    return TH_WITNESS_NEEDS;
}

/* The shown log has to begin with `size` leaves of `root`. */
static enum th_witness_verdict judge_growth(const struct th_witness_case *given, uint64_t size,
                                            const struct th_digest *root,
                                            enum th_witness_verdict good, uint64_t *ret_needed)
{
    const struct th_consistency *proof = given->proof;
    if (proof->old_size != size)
        return need(size, ret_needed);
    if (size == 0)
        return good; /* nothing was seen that it could contradict */
    return th_tlog_verify_consistency(size, given->shown->size, proof->hashes, proof->hashes_n,
                                      root, &given->shown->root) == 0
               ? good
               : TH_WITNESS_UNPROVEN;
}

static enum th_witness_verdict judge_later(const struct th_witness_case *given,
                                           uint64_t *ret_needed)
{
    if (given->kept->size <= given->shared)
        return given->shown->size < given->kept->size
                   ? TH_WITNESS_ROLLBACK
                   : judge_growth(given, given->kept->size, &given->kept->root, TH_WITNESS_FOLLOWS,
                                  ret_needed);
    if (given->proof->old_size == 0)
        return TH_WITNESS_LOST;
    if (given->shared_root == NULL || given->proof->old_size != given->shared)
        return need(0, ret_needed);
    return judge_growth(given, given->shared, given->shared_root, TH_WITNESS_LOST, ret_needed);
}

enum th_witness_verdict th_witness_judge(const struct th_witness_case *given, uint64_t *ret_needed)
{
    const struct th_checkpoint *kept = given->kept, *shown = given->shown;
    const bool is_of_this = kept != NULL && given->shared == UINT64_MAX;
    if (is_of_this && shown->size < kept->size)
        return TH_WITNESS_ROLLBACK;
    if (is_of_this && shown->size == kept->size)
        return th_tlog_digest_equal(&shown->root, &kept->root) ? TH_WITNESS_SAME : TH_WITNESS_FORK;
    if (given->is_ended)
        return TH_WITNESS_ENDED;
    if (kept == NULL)
        return given->proof->old_size == 0 ? TH_WITNESS_FIRST : need(0, ret_needed);
    if (!is_of_this)
        return judge_later(given, ret_needed);
    return judge_growth(given, kept->size, &kept->root, TH_WITNESS_GROWN, ret_needed);
}

bool th_witness_shared(const struct th_log_keys *keys, const char *earlier, const char *later,
                       uint64_t *ret_shared, const struct th_log_key **ret_succession)
{
    uint64_t shared = UINT64_MAX;
    const struct th_log_key *succession = NULL;
    bool is_after = false;
    for (size_t i = 0; i < keys->count; i++) {
        const struct th_log_key *key = &keys->items[i];
        bool is_new = i > 0 && strcmp(key->vkey.name, keys->items[i - 1].vkey.name) != 0;
        if (is_after && is_new && key->after < shared) {
            shared = key->after;
            succession = key;
        }
        if (is_after && strcmp(key->vkey.name, later) == 0) {
            if (shared == UINT64_MAX)
                return false; /* the same log */
            *ret_shared = shared;
            *ret_succession = succession;
            return true;
        }
        is_after = is_after || strcmp(key->vkey.name, earlier) == 0;
    }
    return false;
}
