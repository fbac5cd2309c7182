/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message Decision taken apart without protobuf-c's allocations: every report of a journal has a
 * judgement, and whoever reads a journal reads them all.
 *
 * Pure.
 */
#ifndef TH_WIRE_DECISION_PARTS_H
#define TH_WIRE_DECISION_PARTS_H

#include "base/bytes.h"
#include "journal.pb-c.h"

#include <stdbool.h>

struct th_wire_decision_counts {
    size_t judgements, remarks;
};

/* How many of each there are. False: the bytes are no such message, or it has an unknown field. */
bool th_wire_count_decision(struct th_bytes bytes, struct th_wire_decision_counts *ret_counts);

/* Takes the next judgements and remarks, of which `on_judgement` and `on_remark` get each, in
 * order. False: one is malformed, lacks a field, or has an unknown one. Precondition: counted. */
struct th_wire_decision_taker {
    void (*on_judgement)(void *context, const Tonghop__Judgement *judgement);
    void (*on_remark)(void *context, const Tonghop__Remark *remark);
    void *context;
};
bool th_wire_take_decision_apart(struct th_bytes bytes, const struct th_wire_decision_taker *taker);

#endif
