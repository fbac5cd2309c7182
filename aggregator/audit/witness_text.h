/* SPDX-License-Identifier: Apache-2.0 */
/* What a witness says about its decisions. Private. */
#ifndef TH_AUDIT_WITNESS_TEXT_H
#define TH_AUDIT_WITNESS_TEXT_H

#include "aggregator/audit/witness_judge.h"
#include "aggregator/audit/witness_state.h"

#include <stdio.h>

#define TH_WITNESS_COMMAND "witness"

struct th_witness_told {
    enum th_witness_verdict verdict;
    struct th_checkpoint shown;
    bool has_kept;
    struct th_checkpoint kept;
    uint64_t shared; /* when `kept` is of a log before; else UINT64_MAX */
    bool has_shared_root;
    bool has_later;
    struct th_checkpoint later;          /* that was kept of a log that comes after the one shown */
    uint64_t needed;                     /* of TH_WITNESS_NEEDS */
    int64_t time_s;                      /* of the cosignature */
    char evidence[TH_WITNESS_PATH_SIZE]; /* of the last three verdicts; "" when it could not be kept
                                          */
};

void th_witness_tell(const struct th_witness_told *told, FILE *out);
/* `note`: as it was cosigned; NULL: refused. */
void th_witness_tell_json(const struct th_witness_told *told, const char *note, size_t size,
                          FILE *out);
/* What the folder keeps. Failures as th_witness_list(). */
TH_MUST_CHECK int th_witness_print_list(const struct th_witness_state *state, bool as_json,
                                        FILE *out);

#endif
