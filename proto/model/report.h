/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report and the submission that carries it, as plain structs.
 *
 * Texts are accepted text (base/text.h), borrowed from the frame that was decoded or the form that
 * was read, and are not NUL-terminated. Everything else lives in the arena of whoever built it.
 *
 * Pure.
 */
#ifndef TH_MODEL_REPORT_H
#define TH_MODEL_REPORT_H

#include "base/digest.h"
#include "base/text.h"
#include "base/time.h"
#include "proto/model/limits.h"
#include "proto/model/rule.h"

enum th_mode { TH_MODE_LIVE = 1, TH_MODE_REHEARSAL = 2 };

enum th_task_status {
    TH_TASK_NOT_STARTED = 1,
    TH_TASK_IN_PROGRESS = 2,
    TH_TASK_DONE = 3,
    TH_TASK_NOT_APPLICABLE = 4
};

struct th_task_progress {
    uint32_t task; /* number in the plan; ascending in a report */
    enum th_task_status status;
    uint32_t percent; /* 0 to 100 */
    struct th_text note;
};

enum th_showcase_stage {
    TH_SHOWCASE_REGISTERED = 1,
    TH_SHOWCASE_RUNNING = 2,
    TH_SHOWCASE_RECOGNISED = 3,
    TH_SHOWCASE_ENDED = 4
};

/* A "Dân vận khéo" model (mô hình); on the wire it is `Model`. */
struct th_showcase {
    struct th_text name;
    struct th_text field;
    struct th_text summary;
    enum th_showcase_stage stage;
};

/* The text of a text indicator. */
struct th_narrative {
    uint16_t indicator; /* ascending in a report */
    struct th_text text;
};

struct th_attachment {
    struct th_text name;
    struct th_text media_type;
    uint64_t size;
    struct th_digest digest;
};

struct th_document {
    struct th_text number;
    struct th_text signer;
    struct th_text title;
    th_day date;
};

struct th_report {
    struct th_text plan;
    struct th_text obligation;
    struct th_text unit;
    uint32_t number;
    uint32_t revision;
    struct th_values values;
    const uint16_t *estimated; /* among values.numbers, ascending */
    size_t estimated_count;
    bool has_estimated_to;
    th_day estimated_to;
    const struct th_task_progress *tasks;
    const struct th_showcase *showcases;
    const struct th_narrative *narratives;
    const struct th_attachment *attachments;
    size_t tasks_count, showcases_count, narratives_count, attachments_count;
    bool has_document;
    struct th_document document;
};

#define TH_NONCE_SIZE     16
#define TH_SIGN_KEY_SIZE  32 /* Ed25519 public key */
#define TH_SIGNATURE_SIZE 64
#define TH_CURVE_KEY_SIZE 32

struct th_sign_key {
    uint8_t bytes[TH_SIGN_KEY_SIZE];
};

struct th_submission_header {
    enum th_mode mode;
    struct th_text realm;
    struct th_text unit;
    struct th_digest plan_digest;
    th_instant prepared; /* the node's claim */
    uint8_t nonce[TH_NONCE_SIZE];
    struct th_sign_key key;
    const struct th_digest *report_digests;
    size_t reports_count;
};

struct th_submission {
    struct th_submission_header header;
    struct th_digest header_digest; /* SHA-256 of the header's bytes as they came */
    const struct th_report *reports;
    const struct th_text *reports_raw; /* the bytes of each, for as long as the frame lives */
    bool has_raw_digest;
    struct th_digest raw_digest; /* SHA-256 of the whole as it came */
};

#endif
