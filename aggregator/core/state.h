/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core holds, and the steps between its files. Not for callers: core.h is the door.
 *
 * A step runs in stages: the clock, the timers, the event itself. Each stage checks and allocates
 * before it changes anything; what a finished stage changed is noted in the step's undo list, so
 * that a later stage which fails for want of memory leaves the state as it was.
 */
#ifndef TH_CORE_STATE_H
#define TH_CORE_STATE_H

#include "aggregator/core/core.h"
#include "aggregator/core/standing.h"
#include "base/heap.h"
#include "proto/model/check.h"

/* Units by number, with their tree; replaced as a whole when units are added. */
struct th_registry {
    struct th_arena arena;
    size_t charged;        /* bytes of the arena in the core's budget */
    struct th_unit *units; /* by number; `parent` is a number too */
    uint32_t *sorted;      /* numbers by code, then valid_from */
    uint32_t *first_child; /* by number; TH_UNIT_NONE when it has none */
    uint32_t *next_sibling;
    uint32_t count;
};

struct th_old_revision {
    struct th_old_revision *next;
    struct th_revision revision;
};

struct th_row_slot {
    struct th_row row; /* values belong to the heap */
    struct th_old_revision *old;
};

struct th_rollup_slot {
    struct th_rollup rollup;
    bool is_dirty;
};

#define TH_BRANCHES 3

/* Rollups by unit number × TH_BRANCHES + branch; NULL where nothing was counted. */
struct th_rollup_set {
    struct th_rollup_slot **slots;
    uint32_t units_count;
};

struct th_book {
    struct th_book_id id;
    bool is_open; /* rows are being loaded or are loaded */
    struct th_row_slot *rows;
    uint32_t rows_count;
    uint32_t rows_capacity;
    uint32_t *index; /* by hash of unit and number: place in rows + 1 */
    uint32_t index_capacity;
    uint32_t undecided;
    struct th_rollup_set rollups;
    bool has_past; /* rollups of the rows as they were at past_at */
    th_instant past_at;
    struct th_rollup_set past;
    struct th_mark mark;
    bool has_mark;
};

struct th_plan_slot {
    const struct th_plan *plan;
    struct th_digest digest;
    th_instant loaded_at;
    struct th_arena arena; /* of the layout */
    size_t charged;
    struct th_rollup_layout layout;
    struct th_book *books; /* by obligation */
};

struct th_core {
    struct th_heap heap;
    bool has_identity;
    enum th_mode mode;
    char realm[TH_LIMIT_REALM_SIZE_MAX + 1];
    size_t realm_size;
    uint64_t next_position;
    struct th_clock_row clock;
    bool has_clock;
    bool is_anchored; /* the anchor was taken by this process */
    struct th_registry registry;
    struct th_plan_slot plans[TH_LIMIT_PLANS_MAX];
    uint16_t plans_count;
    struct th_key_row *keys; /* by sign key */
    uint32_t keys_count;
    uint32_t keys_capacity;
};

struct th_undo {
    struct th_undo *next;
    struct th_book *book;
    bool is_mark; /* otherwise a timeliness */
    bool had_mark;
    struct th_mark mark;
    uint32_t row;
    enum th_timeliness timeliness;
};

struct th_step {
    struct th_core *core;
    const struct th_event *event;
    struct th_effects *effects;
    th_instant time; /* of the entries */
    bool appended;
    uint64_t position;    /* when `appended`: the entry that the answer names, the last one */
    struct th_undo *undo; /* newest first; in the batch's arena */
};

/* ---- core.c ---- */
/* Room for `more` effects. */
TH_MUST_CHECK int th_step_reserve(struct th_step *step, size_t more);
/* A zeroed effect at the end of the list. NULL without memory. */
struct th_effect *th_step_push(struct th_step *step, enum th_effect_kind kind);
/* An entry at the next position; the caller fills in its body. NULL without memory. */
struct th_entry *th_step_append(struct th_step *step, enum th_entry_kind kind);
TH_MUST_CHECK int th_step_answer(struct th_step *step, int status);
struct th_undo *th_step_note(struct th_step *step, struct th_book *book);

/* ---- registry.c ---- */
/* From units by number. Copies. TH_E_INVALID for units that do not make a tree. */
TH_MUST_CHECK int th_registry_build(struct th_heap *heap, const struct th_unit *units,
                                    uint32_t count, struct th_registry *ret_registry);
void th_registry_deinit(struct th_heap *heap, struct th_registry *registry);
/* The unit of a code and a first day; TH_UNIT_NONE. */
uint32_t th_registry_find_exact(const struct th_registry *registry, struct th_text code,
                                th_day valid_from);
uint32_t th_registry_find(const struct th_registry *registry, struct th_text code, th_day day);
/* The plan's territory: valid on its date or first of January, else the first of that code. */
uint32_t th_registry_territory(const struct th_registry *registry, const struct th_plan *plan);
/* th_plan_expects() for a unit by its number. */
bool th_registry_expects(const struct th_registry *registry, const struct th_plan *plan,
                         const struct th_obligation *obligation, uint32_t unit, th_day day);
/* The lowest unit in whose rollups a unit counts: itself when it has others below it or is the
 * territory, else its parent. TH_UNIT_NONE when there is none. */
uint32_t th_registry_counted_in(const struct th_registry *registry, const struct th_plan *plan,
                                uint32_t unit);

/* ---- book.c ---- */
bool th_book_exists(const struct th_core *core, struct th_book_id id);
/* Precondition: it exists. */
struct th_book *th_book_get(struct th_core *core, struct th_book_id id);
const struct th_obligation *th_book_obligation(const struct th_core *core, struct th_book_id id);
/* Whether missing units are known: dated, not open-ended, not suspended. */
bool th_obligation_is_counted(const struct th_obligation *obligation);
struct th_row_slot *th_book_find(const struct th_book *book, uint32_t unit, uint32_t number);
/* Room for `more` rows. */
TH_MUST_CHECK int th_book_reserve(struct th_core *core, struct th_book *book, uint32_t more);
/* Puts a row (takes its values and, when it replaces another, `old`) and its rollups in order.
 * Cannot fail. Preconditions: th_book_reserve and th_book_reserve_rollups for it. */
void th_book_put(struct th_core *core, struct th_book *book, const struct th_row *row,
                 struct th_old_revision *old);
TH_MUST_CHECK int th_book_reserve_rollups(struct th_core *core, struct th_book *book,
                                          uint32_t unit);
/* Moves one report between the counts of timeliness. Cannot fail. */
void th_book_judge(struct th_core *core, struct th_book *book, uint32_t row,
                   enum th_timeliness timeliness);
/* The rollups that these rows and the expected units of `registry` give. */
TH_MUST_CHECK int th_rollups_build(struct th_core *core, const struct th_registry *registry,
                                   const struct th_book *book, struct th_rollup_set *ret_set);
void th_rollups_deinit(struct th_core *core, struct th_book_id id, struct th_rollup_set *set);
struct th_rollup_slot *th_rollups_get(const struct th_rollup_set *set, uint32_t unit,
                                      enum th_branch branch);
void th_book_deinit(struct th_core *core, struct th_book *book);
/* True when the book's rows are later than an instant, so that a closing needs its past. */
bool th_book_is_past(const struct th_book *book, th_instant at);

/* ---- clock.c ---- */
struct th_clock_next {
    th_instant time;
    struct th_clock_row row;
    bool changes; /* the status does: an entry */
    enum th_clock_change_kind kind;
};
/* What a reading makes of the clock. Pure. */
void th_clock_read(const struct th_core *core, struct th_reading now,
                   struct th_clock_next *ret_next);
TH_MUST_CHECK int th_step_clock(struct th_step *step);
TH_MUST_CHECK int th_step_clock_set(struct th_step *step);
TH_MUST_CHECK int th_step_clock_accept(struct th_step *step);

/* ---- timers.c ---- */
struct th_timer {
    th_instant instant;
    struct th_book_id book;
    bool is_closing; /* otherwise a reminder */
};
/* The first timer at or before `limit`. `walks`: time goes through every instant (a rehearsal);
 * otherwise of several reminders that were missed only the latest is there. */
bool th_timers_first(const struct th_core *core, th_instant limit, bool walks,
                     struct th_timer *ret_timer);
/* True when one of the book's timers is at or before `limit`. */
bool th_timer_is_due(const struct th_core *core, const struct th_book *book, th_instant limit,
                     bool walks);
TH_MUST_CHECK int th_step_timers(struct th_step *step, th_instant limit, bool walks);

/* ---- registrar.c: units, plans, keys ---- */
TH_MUST_CHECK int th_step_units(struct th_step *step);
TH_MUST_CHECK int th_step_plan(struct th_step *step);
TH_MUST_CHECK int th_step_enrol(struct th_step *step);
TH_MUST_CHECK int th_step_revoke(struct th_step *step);
TH_MUST_CHECK int th_core_add_plan(struct th_core *core, const struct th_plan *plan,
                                   const struct th_digest *digest, th_instant loaded_at);
/* The last one, with its books. */
void th_core_drop_plan(struct th_core *core);
TH_MUST_CHECK int th_core_add_key(struct th_core *core, const struct th_key_row *key);
const struct th_key_row *th_core_find_key(const struct th_core *core,
                                          const struct th_sign_key *key);
bool th_core_find_plan(const struct th_core *core, struct th_text id, uint16_t *ret_plan);

/* ---- submit.c, judge.c ---- */
TH_MUST_CHECK int th_step_submission(struct th_step *step);

/* A row that this submission will put: later reports of it are judged against it. */
struct th_planned {
    struct th_book *book;
    struct th_row row;
    struct th_old_revision *old; /* owned until put; the revision that it supersedes */
};

struct th_judging {
    const struct th_core *core;
    const struct th_event_submission *submission;
    th_instant time;
    struct th_reasons header_errors;
    const struct th_key_row *key;
    const struct th_planned *planned;
    size_t planned_count;
};

/* One report's verdict; the reasons go to `errors` and `warnings`. When it is accepted, `ret_book`
 * names its book and `ret_before` the row that it supersedes, or NULL. */
struct th_judged {
    enum th_verdict verdict;
    struct th_book_id book;
    const struct th_row *before;
    bool has_position;
    uint64_t position;
    struct th_digest stored_digest;
    uint32_t next_revision;
};
void th_judge_header(struct th_judging *judging);
void th_judge_report(const struct th_judging *judging, size_t index, struct th_reasons *errors,
                     struct th_reasons *warnings, struct th_judged *ret_judged);

#endif
