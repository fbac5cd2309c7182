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
#include "proto/model/checks.h"

/* Units by number, with their tree; replaced as a whole when units are added. */
struct th_registry {
    struct th_arena arena;
    size_t charged;        /* bytes of the arena in the core's budget */
    struct th_unit *units; /* by number; `parent` is a number too */
    uint8_t *code_sizes;   /* by number */
    uint32_t *sorted;      /* numbers by code, then valid_from */
    uint32_t *first_child; /* by number; TH_UNIT_NONE when it has none */
    uint32_t *next_sibling;
    uint32_t *places; /* by number: a unit's place among those that have others below them */
    uint32_t *placed; /* their numbers, ascending */
    uint32_t places_count;
    uint32_t count;
};

struct th_old_revision {
    struct th_old_revision *next;
    struct th_revision revision;
};

struct th_row_slot {
    struct th_row row; /* values belong to the heap */
    struct th_old_revision *old;
    uint32_t next; /* of the same unit: place in rows + 1, 0 for none */
    bool is_uncounted;
};

/* A row that the rollups do not have as it is, and what they have of it. */
struct th_uncounted {
    uint32_t place; /* in rows */
    uint32_t values_size;
    const uint8_t *values; /* the heap's; NULL: they have nothing, the row is new */
    enum th_timeliness timeliness;
    bool estimated, entered;
};

/* With so many, a book's rollups are brought up to its rows before more come. */
#define TH_BOOK_UNCOUNTED_MAX 1024

struct th_rollup_slot {
    struct th_rollup rollup;
    uint64_t stale; /* extremes that are bounds: th_rollup_replace() */
    bool is_behind; /* of all branches: its figures are not gathered since one was added */
    bool is_dirty;
};

#define TH_BRANCHES 3

/* Rollups by place × TH_BRANCHES + branch; NULL where nothing was counted. The places are those of
 * the registry that the set was built for, and one more for a territory that has no place there. */
struct th_rollup_set {
    struct th_rollup_slot **slots;
    uint32_t places_count;
    uint32_t territory; /* TH_UNIT_NONE when the plan's is not there */
    bool is_dirty;      /* one of them may be */
    uint8_t *expected;  /* bits by unit, of a dated obligation that is not open-ended, or NULL */
    uint32_t units_count;
};

/* What is expected for an obligation, as its rollups begin, for others that ask the same units: a
 * fold makes the rollups of one book after the other. */
struct th_blank {
    bool is_there;
    struct th_rollup_set set;
    uint16_t obligation; /* that it was made for */
    th_day from, until;  /* on these days, the last one left out, the same units are valid */
};

struct th_book {
    /* What every report of the book looks at comes first. */
    struct th_book_id id;
    bool is_open; /* rows are being loaded or are loaded */
    /* What rules compare this book's reports with: th_related_find(). NULL where there is none. */
    const struct th_book *half_year, *previous_year, *previous_same;
    struct th_row_slot *rows;
    uint32_t rows_count;
    uint32_t rows_capacity;
    uint32_t *index; /* by hash of unit and number: place in rows + 1 */
    uint32_t index_capacity;
    uint32_t *heads; /* open-ended: by unit, place in rows + 1 of its last row */
    uint32_t heads_count;
    uint32_t planned;       /* rows that the step has planned and not put */
    uint32_t planned_first; /* of these, that supersede none */
    uint32_t undecided;
    struct th_rollup_set rollups; /* of the rows but for what is uncounted: th_book_count() */
    struct th_uncounted *uncounted;
    uint32_t uncounted_count;
    uint32_t uncounted_capacity;
    bool has_past; /* rollups of the rows as they were at past_at */
    th_instant past_at;
    struct th_rollup_set past;
    bool is_behind;    /* a fold has put rows that the rollups do not have yet */
    bool is_as_closed; /* a fold has put none since its rollups were frozen as they were then */
    struct th_mark mark;
    bool has_mark;
};

struct th_plan_place {
    uint32_t hash;  /* of the id */
    uint16_t place; /* among the obligations + 1; 0: a gap */
    uint16_t id_size;
};

struct th_plan_slot {
    const struct th_plan *plan;
    size_t id_size;
    struct th_digest digest;
    th_instant loaded_at;
    struct th_arena arena; /* of the layout */
    size_t charged;
    struct th_rollup_layout layout;
    struct th_book *books;       /* by obligation */
    struct th_plan_place *index; /* by hash of an obligation's id */
    uint32_t index_capacity;
    struct th_checks checks; /* of its reports */
    void *checks_memory;
    struct th_blank blank;
    uint64_t years; /* that its obligations are of: a bit for each, modulo 64 */
};

#define TH_CORE_LOG_KEYS_MAX 32 /* TH_LOG_KEYS_MAX of proto/tlog/log_keys.h */

struct th_origin {
    char bytes[TH_LIMIT_REALM_SIZE_MAX];
    size_t size;
};

struct th_core {
    struct th_heap heap;
    bool has_identity;
    enum th_mode mode;
    struct th_origin realm;
    /* Those that were loaded, or every one since the founding: see th_core_knows_origin(). */
    struct th_origin origins[TH_CORE_LOG_KEYS_MAX];
    size_t origins_count;
    uint16_t log_keys_count;
    struct th_recovery_row recovery;
    uint64_t next_position;
    struct th_clock_row clock;
    bool has_clock;
    bool is_anchored; /* the anchor was taken by this process */
    bool is_folding;  /* rollups are made when they are asked for, not with each row: fold.c */
    struct th_registry registry;
    struct th_plan_slot plans[TH_LIMIT_PLANS_MAX];
    uint16_t plans_count;
    /* The first timer of all books, when it is known: marks and plans make it unknown. */
    bool knows_timer, has_timer;
    th_instant first_timer;
    uint32_t pasts_count;    /* books that have one */
    struct th_key_row *keys; /* in the order in which they came */
    uint32_t keys_count;
    uint32_t keys_capacity;
    uint32_t *key_index; /* by th_key_hash() of the sign key: place in keys + 1 */
    uint32_t key_index_capacity;
};

struct th_undo {
    struct th_undo *next;
    struct th_book *book;
    bool is_mark; /* otherwise rows that were undecided */
    bool had_mark;
    struct th_mark mark;
    const uint32_t *rows;
    uint32_t rows_count;
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
TH_MUST_CHECK int th_core_set_identity(struct th_core *core, enum th_mode mode,
                                       struct th_text realm);
/* True when nothing, not even the clock's entry, may come before the event's own. */
bool th_event_is_first(const struct th_event *event);
/* Pasts that were given for closings and are used up. */
void th_core_drop_pasts(struct th_core *core);

/* ---- step.c ---- */
/*
 * A change is checked by its th_step_…() alone; th_apply_…() pushes its effects on tables and then
 * changes the state, and can fail only for want of memory, before anything has changed. It leaves
 * room for TH_STEP_TAIL more effects, the answer and the clock, so that what follows it in a step
 * cannot fail. Folding a journal (fold.c) applies what was decided before.
 */
#define TH_STEP_TAIL 2

/* The arena of what is not needed once the step's effects on the store are carried out. */
struct th_arena *th_step_passing(const struct th_step *step);
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

/* ---- book.c ---- */
bool th_book_exists(const struct th_core *core, struct th_book_id id);
/* Precondition: it exists. */
struct th_book *th_book_get(struct th_core *core, struct th_book_id id);
const struct th_obligation *th_book_obligation(const struct th_core *core, struct th_book_id id);
/* Whether missing units are known: dated, not open-ended, not suspended. */
bool th_obligation_is_counted(const struct th_obligation *obligation);
/* Numbers are for the reports of an open-ended one, from 1. */
bool th_obligation_has_number(const struct th_obligation *obligation, uint32_t number);
struct th_row_slot *th_book_find(const struct th_book *book, uint32_t unit, uint32_t number);
/*
 * Asks the processor for what th_book_find() is going to look at, step after step: each needs what
 * the one before has brought by then, so others come in between. Reads and changes nothing else.
 */
enum th_foresight {
    TH_FORESEE_PLACE,  /* in the index */
    TH_FORESEE_ROW,    /* that stands there, mostly the wanted one */
    TH_FORESEE_CONTENT /* its figures and its newest revision before */
};
void th_book_foresee(const struct th_book *book, uint32_t unit, uint32_t number,
                     enum th_foresight step);
/* The rows of one unit, in any order; NULL after the last. */
const struct th_row_slot *th_book_first_of(const struct th_book *book, uint32_t unit);
const struct th_row_slot *th_book_next_of(const struct th_book *book,
                                          const struct th_row_slot *slot);
/* Room for `more` rows that are put, `first` of them not in the place of another one. */
TH_MUST_CHECK int th_book_reserve(struct th_core *core, struct th_book *book, uint32_t more,
                                  uint32_t first);
/* Puts a row: takes its values and, when it replaces another, `old`. Its rollups follow when they
 * are asked for. Cannot fail. Preconditions: th_book_reserve and th_rollups_reserve for it. */
void th_book_put(struct th_core *core, struct th_book *book, const struct th_row *row,
                 struct th_old_revision *old);
/* In a fold: puts a row, in the slot that has its report already (NULL: none has). Copies the
 * values; the rollups are behind. TH_E_NO_MEMORY: nothing was put. */
TH_MUST_CHECK int th_book_fold(struct th_core *core, struct th_book *book, const struct th_row *row,
                               struct th_row_slot *slot);
void th_book_drop_past(struct th_core *core, struct th_book *book);
void th_book_deinit(struct th_core *core, struct th_book *book);
/* True when the book's rows are later than an instant, so that a closing needs its past. */
bool th_book_is_past(const struct th_book *book, th_instant at);

/* ---- counting.c: rollups that follow the rows ---- */
/* Room for `more` uncounted rows; with too many they are counted. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_book_reserve_uncounted(struct th_core *core, struct th_book *book,
                                            uint32_t more);
/* The rollups do not have the row at this place. `before`: what they have of it, whose values are
 * taken; NULL: nothing. Preconditions: there is room, and it is not uncounted yet. */
void th_book_add_uncounted(struct th_book *book, uint32_t place, const struct th_row *before);
/* Brings the rollups up to the rows: a report that was corrected several times meanwhile costs as
 * much as one that was corrected once, and all find the rollups in the caches. Cannot fail.
 * Precondition: the book is not behind. */
void th_book_count(struct th_core *core, struct th_book *book);
/* The rollups were made anew, of all rows. */
void th_book_counted(struct th_core *core, struct th_book *book);
/* Moves one report between the counts of timeliness. Cannot fail. */
void th_book_judge(struct th_core *core, struct th_book *book, uint32_t row,
                   enum th_timeliness timeliness);
/* Brings the rollups up to the rows; makes them anew when the book is behind. TH_E_NO_MEMORY: it
 * still is. */
TH_MUST_CHECK int th_book_catch_up(struct th_core *core, struct th_book *book);
/* Of a fold: they are made anew when they are asked for. */
void th_book_drop_rollups(struct th_core *core, struct th_book *book);
/* The same for all books, and rows bring their rollups again. */
TH_MUST_CHECK int th_core_end_fold(struct th_core *core);

/* ---- rollup_set.c: all rollups of one book ---- */
const struct th_rollup_layout *th_rollups_layout(const struct th_core *core, struct th_book_id id);
/* Without rows, with what is expected. */
TH_MUST_CHECK int th_rollups_init(struct th_core *core, const struct th_registry *registry,
                                  struct th_book_id id, struct th_rollup_set *ret_set);
/* The rollups that the book's rows and the expected units of `registry` give. */
TH_MUST_CHECK int th_rollups_build(struct th_core *core, const struct th_registry *registry,
                                   const struct th_book *book, struct th_rollup_set *ret_set);
void th_rollups_deinit(struct th_core *core, struct th_book_id id, struct th_rollup_set *set);
void th_rollups_drop_blank(struct th_core *core, uint16_t plan);
/* NULL where nothing was counted. */
struct th_rollup_slot *th_rollups_get(const struct th_registry *registry,
                                      const struct th_rollup_set *set, uint32_t unit,
                                      enum th_branch branch);
/* Makes those above a unit. */
TH_MUST_CHECK int th_rollups_reserve(struct th_core *core, const struct th_registry *registry,
                                     struct th_book_id id, struct th_rollup_set *set,
                                     uint32_t unit);
/* Adds a report to all above its unit, and takes the old one out when the change has one. Cannot
 * fail. Counts are right after it, figures after th_rollups_settle(). Precondition:
 * th_rollups_reserve for it. */
void th_rollups_add(const struct th_registry *registry, const struct th_rollup_layout *layout,
                    struct th_rollup_set *set, const struct th_replacement *change);
/* Moves one report between the counts of timeliness, above its unit. */
void th_rollups_judge(const struct th_registry *registry, struct th_rollup_set *set,
                      const struct th_row *row, enum th_timeliness timeliness);
/* Makes one rollup what the rows give, with what it is made of: gathers the branches, searches the
 * extremes that are bounds. `set` is one of the book. */
void th_rollups_settle(const struct th_core *core, const struct th_book *book,
                       const struct th_rollup_set *set, uint32_t unit, enum th_branch branch);

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

/* The clock is right again: undecided reports are judged by their stamps. */
TH_MUST_CHECK int th_judge_undecided(struct th_step *step);

/* ---- recovery.c ---- */
TH_MUST_CHECK int th_core_set_realm(struct th_core *core, struct th_text realm);
/* The log bears it or has borne it. */
bool th_core_knows_origin(const struct th_core *core, struct th_text origin);
/* 0, or why not. */
TH_MUST_CHECK int th_check_rotation(const struct th_core *core, const struct th_rotation *rotation);
TH_MUST_CHECK int th_check_recovery(const struct th_core *core, const struct th_recovery *recovery);
TH_MUST_CHECK int th_apply_rotation(struct th_step *step, const struct th_rotation *rotation);
TH_MUST_CHECK int th_apply_recovery(struct th_step *step, const struct th_recovery *recovery,
                                    uint64_t position);
/* What it changes is in the step's restore list. Precondition: one is open. */
TH_MUST_CHECK int th_apply_recovery_end(struct th_step *step);
TH_MUST_CHECK int th_step_rotate(struct th_step *step);
TH_MUST_CHECK int th_step_recover(struct th_step *step);
TH_MUST_CHECK int th_step_end_recovery(struct th_step *step);

/* ---- plan_slot.c: what is looked up in plans for every report ---- */
/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_plan_slot_index(struct th_core *core, struct th_plan_slot *slot);
/* The obligation of an id. False when the plan has none. */
bool th_plan_slot_find(const struct th_plan_slot *slot, struct th_text id, uint16_t *ret_place);
/* The obligation of a report that one of the first `plans_count` plans knows. Reads nothing that
 * changes while they are there. */
bool th_core_find_book_of(const struct th_core *core, uint16_t plans_count,
                          const struct th_report *report, struct th_book_id *ret_book);
/* The same of all plans. */
bool th_core_find_book(const struct th_core *core, const struct th_report *report,
                       struct th_book_id *ret_book);
/* What the books of the plan that was added last are compared with, and what others are compared
 * with in it. */
void th_core_relate_last_plan(struct th_core *core);
/* Before it is dropped: nothing is compared with its books. */
void th_core_forget_last_plan(struct th_core *core);

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
/* Finds the first timer again when it is not known. */
void th_timers_refresh(struct th_core *core);
/* True when no book has a timer at or before `limit`. False also when it is not known. */
bool th_timers_rest(const struct th_core *core, th_instant limit);
/* As many as `timers` says of those at or before `limit`. */
TH_MUST_CHECK int th_step_timers(struct th_step *step, th_instant limit, bool walks,
                                 enum th_event_timers timers);
TH_MUST_CHECK int th_apply_reminder(struct th_step *step, struct th_book *book, th_instant instant);
/* Precondition: its past was given when its rows are later. */
TH_MUST_CHECK int th_apply_closing(struct th_step *step, struct th_book *book);
/* How many are expected and have reported: what a closing's entry says. Preconditions: likewise,
 * and the rollups are brought up to the rows. */
void th_closing_counts(const struct th_core *core, const struct th_book *book,
                       uint32_t *ret_expected, uint32_t *ret_received);

/* ---- registrar.c: units, plans, keys ---- */
/* All units by number: those that are there, then the new ones of the list in its order. Into the
 * arena. TH_E_EXISTS: one is there and differs; TH_E_LIMIT. */
TH_MUST_CHECK int th_units_join(const struct th_core *core, const struct th_unit *listed,
                                uint32_t listed_count, struct th_arena *arena,
                                struct th_unit **ret_units, uint32_t *ret_count);
/* Takes the registry, also on failure. */
TH_MUST_CHECK int th_apply_units(struct th_step *step, struct th_registry *registry,
                                 uint64_t position);
/* TH_E_EXISTS, TH_E_NOT_FOUND: its territory, TH_E_LIMIT. */
TH_MUST_CHECK int th_check_plan(const struct th_core *core, const struct th_plan *plan);
/* The step's event is the plan's. */
TH_MUST_CHECK int th_apply_plan(struct th_step *step, uint64_t position);
/* 0, or why a key, NULL when it is unknown, is not revoked from `revocation->effective` on. */
TH_MUST_CHECK int th_check_revocation(const struct th_core *core, const struct th_key_row *key,
                                      const struct th_revocation *revocation, th_instant now);
/* A new key, or another row of a known one. */
TH_MUST_CHECK int th_apply_key(struct th_step *step, const struct th_key_row *key);
TH_MUST_CHECK int th_step_units(struct th_step *step);
TH_MUST_CHECK int th_step_plan(struct th_step *step);
TH_MUST_CHECK int th_step_enrol(struct th_step *step);
TH_MUST_CHECK int th_step_revoke(struct th_step *step);
TH_MUST_CHECK int th_core_add_plan(struct th_core *core, const struct th_plan *plan,
                                   const struct th_digest *digest, th_instant loaded_at);
/* The last one, with its books. */
void th_core_drop_plan(struct th_core *core);
TH_MUST_CHECK int th_core_add_key(struct th_core *core, const struct th_key_row *key);
uint32_t th_key_hash(const struct th_sign_key *key);
const struct th_key_row *th_core_find_key(const struct th_core *core,
                                          const struct th_sign_key *key);
bool th_core_find_plan(const struct th_core *core, struct th_text id, uint16_t *ret_plan);
/* Whether this is the unit's code. */
bool th_core_is_unit(const struct th_core *core, uint32_t unit, struct th_text code);

/* ---- submit.c ---- */
TH_MUST_CHECK int th_step_submission(struct th_step *step);
TH_MUST_CHECK int th_step_readmission(struct th_step *step);
TH_MUST_CHECK int th_step_entering(struct th_step *step);

#endif
