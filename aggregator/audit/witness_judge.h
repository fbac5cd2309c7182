/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness decides about a checkpoint that it is shown, from what it has kept. Pure.
 *
 * The log's signature was verified before. A witness signs only what has everything it has seen as
 * its beginning; what contradicts that is a fork, what is smaller a log that was put back. A proof
 * that fails proves nothing, but may be all that a forked log can show.
 */
#ifndef TH_AUDIT_WITNESS_JUDGE_H
#define TH_AUDIT_WITNESS_JUDGE_H

#include "proto/tlog/consistency.h"
#include "proto/tlog/log_keys.h"

enum th_witness_verdict {
    TH_WITNESS_FIRST,    /* the first checkpoint of this log */
    TH_WITNESS_GROWN,    /* what was kept is its beginning */
    TH_WITNESS_SAME,     /* the one that was kept */
    TH_WITNESS_FOLLOWS,  /* another log that begins with all that was kept of the one before */
    TH_WITNESS_LOST,     /* another log; the one before lost records that were seen */
    TH_WITNESS_NEEDS,    /* refused: another proof is needed, which begins at `needed` */
    TH_WITNESS_ROLLBACK, /* refused: smaller than what was kept */
    TH_WITNESS_UNPROVEN, /* refused: the proof does not hold; it is damaged, or the log is forked */
    TH_WITNESS_FORK,     /* refused: as large as what was kept, and another */
    TH_WITNESS_ENDED     /* refused: more of a log after which a later one was kept already */
};

struct th_witness_case {
    const struct th_checkpoint *shown;
    const struct th_consistency *proof;
    const struct th_checkpoint *kept; /* the last one of this log, or of the one before; NULL */
    /* When `kept` is of a log before this one: how many of its leaves this one has. Otherwise
     * UINT64_MAX. And the root of that many, when a succession says it; else NULL. */
    uint64_t shared;
    const struct th_digest *shared_root;
    bool is_ended; /* a checkpoint of a log that comes after this one is kept */
};

/* `ret_needed`: with TH_WITNESS_NEEDS, the size that the proof has to begin at. */
enum th_witness_verdict th_witness_judge(const struct th_witness_case *given, uint64_t *ret_needed);

/*
 * How many leaves of the log `earlier` the log `later` has kept, by the history: the smallest
 * `after` of the recoveries in between. False: `later` does not come after `earlier`.
 * `ret_succession` gets the key whose succession says so; its root is that of `ret_shared` leaves.
 */
bool th_witness_shared(const struct th_log_keys *keys, const char *earlier, const char *later,
                       uint64_t *ret_shared, const struct th_log_key **ret_succession);

#endif
