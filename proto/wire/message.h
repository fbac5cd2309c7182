/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message as one frame (message.proto), both ways.
 *
 * Strict like proto/wire/submission.h. Thread-safe; results live in the arena and borrow the frame.
 */
#ifndef TH_WIRE_MESSAGE_H
#define TH_WIRE_MESSAGE_H

#include "proto/model/entry.h"
#include "proto/model/query.h"
#include "proto/model/verdict.h"
#include "proto/wire/submission.h"

#define TH_WIRE_VERSION 1

enum th_to_aggregator_kind {
    TH_TO_AGGREGATOR_HELLO = 1,
    TH_TO_AGGREGATOR_SUBMISSION,
    TH_TO_AGGREGATOR_QUERY,
    TH_TO_AGGREGATOR_READMISSION
};

struct th_hello {
    struct th_text unit;
    const struct th_digest *known;
    size_t known_count;
    struct th_bytes newest_receipt; /* size 0: none */
};

struct th_to_aggregator {
    enum th_to_aggregator_kind kind;
    uint64_t request;
    struct th_hello hello;
    struct th_bytes submission; /* not decoded */
    struct th_query query;
    struct th_readmission readmission; /* not decoded further */
};

enum th_to_node_kind {
    TH_TO_NODE_WELCOME = 1,
    TH_TO_NODE_OUTCOME,
    TH_TO_NODE_ANNOUNCEMENT,
    TH_TO_NODE_REMINDER,
    TH_TO_NODE_ANSWER,
    TH_TO_NODE_FAILURE
};

/* The log of this origin lost what it had at this position and after. */
struct th_lost {
    struct th_text realm;
    uint64_t from;
};

struct th_welcome {
    enum th_mode mode;
    struct th_text realm;
    th_instant now;
    uint64_t size;
    const struct th_log_key_body *log_keys; /* all after the first, in order */
    size_t log_keys_count;
    const struct th_lost *lost;
    size_t lost_count;
};

enum th_announcement_kind { TH_ANNOUNCEMENT_PLAN = 1, TH_ANNOUNCEMENT_UNITS = 2 };

struct th_announcement {
    enum th_announcement_kind kind;
    struct th_bytes content;
};

struct th_reminder {
    struct th_text plan, obligation, text;
    th_instant due, time;
};

struct th_wire_reason {
    struct th_text field, value, rule, text;
};

struct th_wire_verdict {
    struct th_digest report_digest;
    enum th_verdict kind;
    const struct th_wire_reason *reasons;
    const struct th_wire_reason *warnings;
    size_t reasons_count, warnings_count;
    bool has_position, has_stored_digest, has_next_revision, has_receipt;
    uint64_t position;
    struct th_digest stored_digest;
    uint32_t next_revision;
    uint32_t receipt; /* index in the outcome's receipts */
};

struct th_outcome {
    struct th_digest header_digest;
    const struct th_wire_verdict *verdicts;
    size_t verdicts_count;
    const struct th_bytes *receipts; /* texts, C2SP tlog-proof */
    size_t receipts_count;
    struct th_bytes refusal; /* a signed note; size 0: none */
};

struct th_failure {
    struct th_text code, text;
    bool retry;
    uint32_t after_ms; /* 0: not said */
};

struct th_to_node {
    enum th_to_node_kind kind;
    uint64_t request;
    union {
        struct th_welcome welcome;
        struct th_outcome outcome;
        struct th_announcement announcement;
        struct th_reminder reminder;
        struct th_bytes answer; /* JSON */
        struct th_failure failure;
    } body;
};

/* TH_E_LIMIT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_wire_to_aggregator_encode(const struct th_to_aggregator *message,
                                               struct th_arena *arena, struct th_bytes *ret_frame);
TH_MUST_CHECK int th_wire_to_node_encode(const struct th_to_node *message, struct th_arena *arena,
                                         struct th_bytes *ret_frame);
/* TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT, TH_E_VERSION, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_wire_to_aggregator_decode(struct th_bytes frame, struct th_arena *arena,
                                               struct th_to_aggregator *ret_message);
TH_MUST_CHECK int th_wire_to_node_decode(struct th_bytes frame, struct th_arena *arena,
                                         struct th_to_node *ret_message);

#endif
