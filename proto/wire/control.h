/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator's acts and their results as bytes (control.proto), and publications
 * (publication.proto).
 *
 * Strict like proto/wire/submission.h. Thread-safe; results live in the arena and borrow the bytes.
 */
#ifndef TH_WIRE_CONTROL_H
#define TH_WIRE_CONTROL_H

#include "base/arena.h"
#include "base/bytes.h"
#include "proto/model/report.h"

#define TH_CONTROL_ACTS_MAX       4096
#define TH_CONTROL_FRAME_SIZE_MAX ((size_t)16 * 1024 * 1024)

enum th_act_kind {
    TH_ACT_LOAD_UNITS = 1,
    TH_ACT_LOAD_PLAN,
    TH_ACT_ENROL,
    TH_ACT_REVOKE,
    TH_ACT_SET_CLOCK,
    TH_ACT_ACCEPT_CLOCK,
    TH_ACT_END_RECOVERY,
    TH_ACT_ROTATE, /* these two never come over the socket: who carries them out has the new key */
    TH_ACT_RECOVER,
    TH_ACT_ENTER
};

struct th_act {
    enum th_act_kind kind;
    struct th_text operator;
    struct th_bytes content; /* units, plan, node.pub; an encoded Rotation, Recovery, Entering */
    struct th_text unit;
    struct th_sign_key sign_key;
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
    th_instant to; /* SET_CLOCK; REVOKE: the instant from which, 0: now */
};

struct th_act_result {
    int status; /* 0 or TH_E_… */
    bool has_position;
    uint64_t position;
    struct th_bytes outcome; /* ENTER: a ToNode with an Outcome; size 0: none. Borrows */
};

struct th_publication {
    uint64_t size;
    th_instant time;
};

/* TH_E_LIMIT, TH_E_NO_MEMORY; decoders also TH_E_SYNTAX, TH_E_TEXT, TH_E_VERSION. */
TH_MUST_CHECK int th_wire_control_request_encode(const struct th_act *acts, size_t acts_count,
                                                 struct th_arena *arena,
                                                 struct th_bytes *ret_bytes);
TH_MUST_CHECK int th_wire_control_request_decode(struct th_bytes bytes, struct th_arena *arena,
                                                 struct th_act **ret_acts, size_t *ret_count);
TH_MUST_CHECK int th_wire_control_answer_encode(const struct th_act_result *results, size_t count,
                                                struct th_arena *arena, struct th_bytes *ret_bytes);
TH_MUST_CHECK int th_wire_control_answer_decode(struct th_bytes bytes, struct th_arena *arena,
                                                struct th_act_result **ret_results,
                                                size_t *ret_count);

TH_MUST_CHECK int th_wire_publication_encode(const struct th_publication *publication,
                                             struct th_arena *arena, struct th_bytes *ret_bytes);
TH_MUST_CHECK int th_wire_publication_decode(struct th_bytes bytes, struct th_arena *arena,
                                             struct th_publication *ret_publication);

#endif
