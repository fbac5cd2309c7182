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
