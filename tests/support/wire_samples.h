/* SPDX-License-Identifier: Apache-2.0 */
/* Values that use every field, for the tests of proto/wire. Constant; arena for what is built. */
#ifndef TH_TESTS_WIRE_SAMPLES_H
#define TH_TESTS_WIRE_SAMPLES_H

#include "proto/wire/journal.h"
#include "proto/wire/plan.h"
#include "proto/wire/submission.h"

#define TH_TEXT(literal) ((struct th_text){(literal), sizeof(literal) - 1})

/* A report with every field. */
struct th_report th_sample_report(void);
/* A report with required fields only. */
struct th_report th_sample_empty_report(void);

/* The key pair of the seed 0, 1, 2 … 31. */
void th_sample_key(uint8_t ret_public[32], uint8_t ret_secret[64]);

/*
 * The later keys of a log that began with th_sample_key() as tonghop/64/rehearsal: a rotation after
 * 250 leaves, and a recovery after 300 as tonghop/64/2/rehearsal. The successions are rightly
 * signed; the seeds are 32 bytes from 32 on, and from 64 on.
 */
const struct th_log_key_body *th_sample_log_keys(struct th_arena *arena, size_t *ret_count);
/* The two of them as entries have them, and a readmission of th_sample_submission(). */
struct th_rotation th_sample_rotation(struct th_arena *arena);
struct th_recovery th_sample_recovery(struct th_arena *arena);
struct th_readmission th_sample_readmission(struct th_arena *arena);

/* A signed submission of th_sample_report() and th_sample_empty_report(). */
struct th_bytes th_sample_submission(struct th_arena *arena);
/* One of any reports, signed with th_sample_key(). */
struct th_bytes th_sample_sign(struct th_arena *arena, const struct th_bytes *reports,
                               size_t count);

/* A plan and three units with every field. */
struct th_plan th_sample_plan(void);
const struct th_unit *th_sample_units(uint32_t *ret_count);

bool th_same_text(struct th_text left, struct th_text right);
bool th_same_bytes(struct th_bytes left, struct th_bytes right);
bool th_same_digest(struct th_digest left, struct th_digest right);
bool th_same_report(const struct th_report *left, const struct th_report *right);

/* A digest of 32 times `byte`. */
struct th_digest th_sample_digest(uint8_t byte);

#endif
