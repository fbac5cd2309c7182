/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small province for tests: the plan and units of Gia Lai 2025, compiled, units with keys, and
 * submissions that they sign. Aborts on failure: a test cannot go on without it.
 */
#ifndef TH_TESTS_SUPPORT_PROVINCE_H
#define TH_TESTS_SUPPORT_PROVINCE_H

#include "aggregator/plan/loader.h"
#include "proto/wire/control.h"
#include "proto/wire/message.h"
#include "proto/wire/plan.h"

#define TH_PROVINCE_REALM "tonghop/64/rehearsal"

struct th_province {
    struct th_arena arena;
    struct th_problems problems;
    struct th_plan_files files;
    struct th_bytes units, plan; /* compiled */
    struct th_digest plan_digest;
    const struct th_obligation *half_year, *year;
    uint16_t asked; /* a count that every commune is asked for in it */
};

struct th_officer {
    char unit[TH_UNIT_CODE_MAX + 1];
    struct th_sign_key sign_key;
    uint8_t sign_secret[64];
    uint8_t curve_key[32];
    uint8_t curve_secret[32];
};

void th_province_init(struct th_province *province);
void th_province_deinit(struct th_province *province);
/* The i-th commune of the list. */
const char *th_province_commune(const struct th_province *province, unsigned i);

/* New keys for a unit. */
void th_officer_init(struct th_officer *officer, const char *unit);
/* The act that enrols the officer; borrows it. */
struct th_act th_officer_enrolment(const struct th_officer *officer);

struct th_paper {
    bool with_year; /* a second report in it, the same figure for the whole year */
    int64_t figure;
    uint32_t revision;   /* 0: 1 */
    uint8_t nonce;       /* another one makes another submission of the same report */
    const char *as_unit; /* NULL: the officer's own */
    const char *realm;   /* NULL: the province's */
    bool is_live;        /* else of a rehearsal */
};
/* A signed submission of a half-year report. Lives in the province's arena. */
struct th_bytes th_officer_write(struct th_province *province, const struct th_officer *officer,
                                 struct th_paper paper);

#endif
