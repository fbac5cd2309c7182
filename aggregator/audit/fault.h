/* SPDX-License-Identifier: Apache-2.0 */
/* Why a receipt does not hold: which line, and what is wrong with it. Pure. */
#ifndef TH_AUDIT_FAULT_H
#define TH_AUDIT_FAULT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "proto/tlog/log_keys.h"

#define TH_FAULT_SIZE 240

struct th_fault {
    unsigned line; /* from 1; 0: no single one */
    char text[TH_FAULT_SIZE];
    bool is_of_keys; /* a later history of the log's keys might say otherwise */
};

/* `status`: what th_receipt_open() said of the same text and keys; not 0. */
void th_fault_explain(struct th_bytes text, const struct th_log_keys *keys, int status,
                      struct th_arena *arena, struct th_fault *ret_fault);

#endif
