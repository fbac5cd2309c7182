/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the journal keeps: the kinds of entries, their bodies and decisions, and the leaf that the
 * Merkle log hashes. Plain structs; proto/wire/journal.h gives them bytes. Pure.
 */
#ifndef TH_MODEL_ENTRY_H
#define TH_MODEL_ENTRY_H

#include "base/bytes.h"
#include "proto/model/report.h"
#include "proto/model/verdict.h"

enum th_entry_kind {
    TH_ENTRY_FOUNDED = 1,
    TH_ENTRY_UNITS,
    TH_ENTRY_PLAN,
    TH_ENTRY_ENROLLED,
    TH_ENTRY_REVOKED,
    TH_ENTRY_SUBMISSION,
    TH_ENTRY_REMINDER,
    TH_ENTRY_CLOSING,
    TH_ENTRY_CLOCK,
    TH_ENTRY_ROTATED,
    TH_ENTRY_RECOVERED,
    TH_ENTRY_RECOVERY_ENDED,
    TH_ENTRY_READMITTED,
    TH_ENTRY_ENTERED
};

/* Whether an entry of this kind brings reports and a decision about each of them. */
bool th_entry_has_reports(enum th_entry_kind kind);

/* The word of commands and of JSON: "submission"; "unknown" when it is none of them. */
const char *th_entry_kind_word(enum th_entry_kind kind);
/* TH_E_NOT_FOUND. */
TH_MUST_CHECK int th_entry_kind_parse(const char *word, enum th_entry_kind *ret_kind);
/* All of them, with ", " between. */
#define TH_ENTRY_KIND_WORDS                                                                        \
    "founded, units, plan, enrolled, revoked, submission, reminder, closing, clock, rotated, "     \
    "recovered, recovery_ended, readmitted, entered"

enum th_clock_status { TH_CLOCK_STEADY = 1, TH_CLOCK_SUSPECT = 2 };

struct th_judgement {
    struct th_text obligation;
    uint32_t number;
    uint32_t revision;
    struct th_digest report_digest;
    enum th_verdict verdict;
    bool accepted; /* the next three are there; due only when has_due */
    bool has_due;
    th_instant first_received;
    th_instant due;
    enum th_timeliness timeliness;
    bool has_received; /* READMITTED: when the log that was lost received this revision */
    th_instant received;
};

struct th_remark {
    uint32_t report; /* index in the submission */
    struct th_text field, value, rule;
    bool refused; /* a reason of a rejection; otherwise a warning */
};

struct th_decision {
    const struct th_judgement *judgements;
    size_t judgements_count;
    const struct th_remark *remarks;
    size_t remarks_count;
};

struct th_leaf {
    uint64_t position;
    enum th_entry_kind kind;
    th_instant time;
    enum th_clock_status clock;
    struct th_digest entry_digest;
    enum th_mode mode;
    struct th_text unit;     /* "" for none */
    struct th_text operator; /* ENTERED: who entered it; "" otherwise */
    bool has_header_digest;
    struct th_digest header_digest;
    const struct th_judgement *judgements;
    size_t judgements_count;
};

struct th_founding {
    enum th_mode mode;
    struct th_text realm;
    uint8_t log_key[32];
    uint8_t store_id[16];
    struct th_text operator;
};

struct th_enrolment {
    struct th_text unit;
    struct th_sign_key sign_key;
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
    struct th_bytes proof;
    struct th_text operator;
};

struct th_revocation {
    struct th_text unit;
    struct th_sign_key sign_key;
    struct th_text operator;
    th_instant effective; /* what is stamped at this instant or later is refused */
};

/* A key of the log and where it begins: th_log_key (proto/tlog/log_keys.h) as it is journalled. */
struct th_log_key_body {
    struct th_text vkey; /* C2SP; its name is the origin */
    uint64_t after;
    struct th_bytes succession; /* a signed note; size 0: the key before was lost */
};

struct th_rotation {
    struct th_log_key_body key;
    struct th_text operator;
};

#define TH_RECOVERY_KEYS_MAX 8

struct th_recovery {
    const struct th_log_key_body *keys; /* one or more; the last one is the new log's */
    size_t keys_count;
    struct th_bytes checkpoint; /* the last known of the log that was lost; size 0: none */
    struct th_text operator;
};

struct th_recovery_end {
    struct th_text operator;
};

struct th_readmission {
    struct th_bytes submission; /* a Submission, as it was frozen */
    struct th_bytes receipt;    /* of the log that was lost */
};

/* A report that came on paper: an operator entered it, and no key of the unit signed it. */
struct th_entering {
    struct th_text operator;  /* who answers for it: a person's name */
    struct th_text reference; /* number and date of the paper; "" for none */
    struct th_digest plan_digest;
    struct th_bytes report; /* a Report, encoded once */
};

struct th_reminding {
    struct th_text plan, obligation;
    th_instant instant;
    uint32_t missing;
};

struct th_closing_body {
    struct th_text plan, obligation;
    th_instant instant;
    uint32_t expected, received;
};

enum th_clock_change_kind {
    TH_CLOCK_REHEARSED = 1,
    TH_CLOCK_DOUBTED,
    TH_CLOCK_SETTLED,
    TH_CLOCK_ACCEPTED
};

struct th_clock_change {
    enum th_clock_change_kind kind;
    th_instant to;
    bool has_boottime;
    int64_t boottime_ms;
    struct th_text operator; /* "" for none */
};

#endif
