/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small province for tests of the core: a plan, units, and tables that take the core's effects
 * as the store would, so that a core can be loaded again from them.
 *
 *   64 ─┬─ 64-snv            a department
 *       ├─ 622 ─ a1 a2 a3    a district and its communes
 *       └─ 623 ─ b1 b2 b3
 */
#ifndef TH_TESTS_SUPPORT_WORLD_H
#define TH_TESTS_SUPPORT_WORLD_H

#include "aggregator/core/core.h"

enum world_indicator {
    IND_A = 1,
    IND_B,
    IND_C,
    IND_DAY,
    IND_SCORE,
    IND_CLASS,
    IND_SHARE,
    IND_TEXT
};

enum world_obligation { OB_HALF, OB_YEAR, OB_ADHOC, OB_SUSPENDED, OB_UNDATED, OB_COUNT };

#define WORLD_UNITS 10
/* Their numbers. */
enum world_unit { U_64, U_SNV, U_622, U_623, U_A1, U_A2, U_A3, U_B1, U_B2, U_B3 };

#define WORLD_ROWS_MAX     512
#define WORLD_CLOSINGS_MAX 256
#define WORLD_JOURNAL_MAX  1024
#define WORLD_ORIGINS_MAX  8

struct world_row {
    struct th_book_id book;
    struct th_row row;
    uint8_t values[256];
};

struct world_revision {
    struct th_book_id book;
    struct th_revision revision;
};

struct world_closing {
    struct th_book_id book;
    th_instant closed_at;
    uint32_t unit;
    enum th_branch branch;
    struct th_rollup rollup;
};

/* An entry with its decision, and its body as the event that brought it; for timers and clocks the
 * body is in the entry. */
struct world_entry {
    struct th_entry entry;
    struct th_event content;
};

struct world_origin {
    char bytes[TH_LIMIT_REALM_SIZE_MAX];
    size_t size;
};

struct world {
    struct th_core *core;
    struct th_plan plan;
    struct th_digest plan_digest;
    th_instant plan_loaded_at;
    uint64_t plan_position;
    bool plan_is_loaded;
    enum th_mode mode;
    struct th_unit units[WORLD_UNITS + 4];
    uint64_t unit_positions[WORLD_UNITS + 4];
    uint32_t units_count;
    struct world_row rows[WORLD_ROWS_MAX];
    size_t rows_count;
    struct world_revision revisions[WORLD_ROWS_MAX * 4];
    size_t revisions_count;
    struct world_row history[WORLD_ROWS_MAX * 5]; /* every revision as it was put */
    size_t history_count;
    struct world_closing closings[WORLD_CLOSINGS_MAX];
    size_t closings_count;
    struct th_key_row keys[64];
    size_t keys_count;
    struct th_mark marks[OB_COUNT];
    bool has_mark[OB_COUNT];
    struct th_clock_row clock;
    uint64_t next_position;
    struct world_origin origins[WORLD_ORIGINS_MAX]; /* the last one is the realm */
    size_t origins_count;
    uint16_t log_keys_count;
    struct th_recovery_row recovery;
    struct world_entry journal[WORLD_JOURNAL_MAX]; /* by position */
    const struct th_event *event;                  /* while its effects are put */
    struct th_arena arena; /* of closings and the journal, for the world's life */
    struct th_arena batch;
    struct th_effects effects; /* of the last step */
    struct th_reading now;
    th_instant half_due, year_due;
};

/* Founded, with units, plan, and one key for each unit; the clock at 2025-03-01 00:00 +07:00. */
void world_init(struct world *world, enum th_mode mode);
void world_deinit(struct world *world);
/* Loads what is needed, steps, and puts the effects into the tables. */
int world_step(struct world *world, struct th_event event);
/* A new core from the tables. */
void world_reload(struct world *world);
void world_load_needs(struct world *world, const struct th_event *event);
void world_apply(struct world *world);
/* A world without a core and tables, with the plan and the units that are to come. */
void world_init_empty(struct world *world, enum th_mode mode);
/* Every report's last revision received before an instant; the number of rows. */
size_t world_rows_before(const struct world *world, struct th_book_id book, th_instant at,
                         struct th_row rows[WORLD_ROWS_MAX]);
void world_reset_batch(struct world *world);
/* The origin that the log bears. */
struct th_text world_realm(const struct world *world);

/* Moves both clocks. */
void world_pass(struct world *world, int64_t ms);
/* Moves both clocks to an instant and ticks. */
void world_tick_at(struct world *world, th_instant instant);

/* The key with which a unit signs. */
struct th_sign_key world_key(uint32_t unit);

struct sent_report {
    uint32_t obligation; /* enum world_obligation */
    uint32_t unit;       /* enum world_unit */
    uint32_t number;
    uint32_t revision; /* 0 means 1 */
    uint32_t digest;   /* any number: equal numbers are equal bytes; 0 means 1 */
    bool has_a, has_day, has_score, has_class, has_text, estimated;
    int64_t a, b, c, day, score, class_;
    const char *plan; /* NULL: the world's */
};

/* The builder names a field twice on purpose: first as usual, then as the test wants it. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* One report with A = 3, B = 2, C = 1, unless told otherwise. */
#define A_REPORT(...) ((struct sent_report){.has_a = true, .a = 3, .b = 2, .c = 1, __VA_ARGS__})

/* Sends reports of the first one's unit in one submission; gives the verdicts of the answer. */
const struct th_report_verdict *world_send(struct world *world, const struct sent_report *reports,
                                           size_t count);
/* The same as an event, for those who change it first; lives in the world's batch. */
struct th_event world_submission(struct world *world, const struct sent_report *reports,
                                 size_t count);

/* One report that an operator enters for its unit; gives its verdict. */
const struct th_report_verdict *world_enter(struct world *world, const struct sent_report *sent);
struct th_event world_entering(struct world *world, const struct sent_report *sent);

const struct th_effect *world_effect(const struct world *world, enum th_effect_kind kind,
                                     size_t nth);
size_t world_count(const struct world *world, enum th_effect_kind kind);
/* The answer of the last step; NULL when there was none. */
const struct th_effect *world_answer(const struct world *world);
const struct world_row *world_row(const struct world *world, uint32_t obligation, uint32_t unit,
                                  uint32_t number);
bool world_has_reason(const struct th_report_verdict *verdict, const char *rule);

#endif
