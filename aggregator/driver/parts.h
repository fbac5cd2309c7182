/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a driver, shared by the files of this folder only.
 */
#ifndef TH_DRIVER_PARTS_H
#define TH_DRIVER_PARTS_H

#include "aggregator/driver/driver.h"

/* Where a batch is; each phase allows its own effects only. */
enum th_driver_phase {
    TH_DRIVER_RESTING,
    TH_DRIVER_STORING,  /* a write transaction is open: store effects, nothing leaves */
    TH_DRIVER_ANSWERING /* after the commit, or with nothing to commit: things leave */
};

struct th_driver_plan {
    struct th_arena arena; /* of all of it, for the life of the driver once it is accepted */
    struct th_bytes content;
    struct th_digest digest;
};

/* A rollup that changed in this batch, to be published after the commit. */
struct th_driver_change {
    struct th_book_id book;
    uint32_t unit;
    enum th_branch branch;
};

struct th_driver {
    struct th_driver_ports ports;
    const struct th_note_signer *signer;
    struct th_core *core;
    struct th_arena batch;
    struct th_arena passing;   /* of one step's effects on the store */
    struct th_arena scratch;   /* of one entry or one answer: few bytes, which stay in the caches */
    struct th_effects effects; /* of this batch that are needed after its commit, then a step's */
    size_t kept;               /* how many are needed */
    bool has_clock; /* the clock changed: its one row is written once, as it is at the end */
    struct th_clock_row clock;
    bool has_stored; /* at least one store effect in this batch */
    struct th_driver_change *changes;
    size_t changes_count, changes_capacity;
    struct th_driver_bounds bounds;
    bool is_pressed;                     /* more waits behind this batch */
    struct th_driver_settling *settling; /* the unsettled books of this batch */
    size_t settling_count;
    size_t settle_due; /* rows that should have settled by now, and have not */
    enum th_driver_phase phase;
    bool is_reading; /* the view shows the last commit */
    struct th_driver_plan plans[TH_LIMIT_PLANS_MAX];
    size_t plans_count;
    size_t spread_bytes; /* of all copies of one announcement */
    uint8_t *units;      /* owned, encoded; NULL: to be encoded again */
    size_t units_size;
    bool has_history; /* the next two are made, in this batch's memory */
    const struct th_log_key_body *log_keys;
    const struct th_lost *lost;
    size_t log_keys_count, lost_count;
    bool is_contradicted; /* for ever: nothing is committed any more */
    struct th_contradiction contradiction;
    struct th_driver_counters counters;
};

struct th_text th_driver_text(const char *text);

/* The view at the last commit; th_driver_rest() gives it back. */
TH_MUST_CHECK int th_driver_read(struct th_driver *driver);
void th_driver_rest(struct th_driver *driver);

/* event.c: TH_E_NO_MEMORY, or why the item is refused. Not of a hello. */
TH_MUST_CHECK int th_driver_make_event(struct th_driver *driver, const struct th_item *item,
                                       struct th_event *event);

/* books.c: loads the book unless it is there. */
TH_MUST_CHECK int th_driver_open_book(struct th_driver *driver, struct th_book_id book);
/* Gives core the rows of the book as they were at the instant. Precondition: nothing of this batch
 * is stored yet. */
TH_MUST_CHECK int th_driver_give_past(struct th_driver *driver, struct th_book_id book,
                                      th_instant at);
/* Decodes a plan of the store or of an act into the place behind the last plan. It stays when the
 * caller counts it (plans_count), else th_driver_drop_refused_plan() frees it. */
TH_MUST_CHECK int th_driver_keep_plan(struct th_driver *driver, struct th_bytes content,
                                      const struct th_plan **ret_plan,
                                      struct th_digest *ret_digest);
void th_driver_drop_refused_plan(struct th_driver *driver);

/* carry.c: one store effect into the open transaction. */
TH_MUST_CHECK int th_driver_carry(struct th_driver *driver, const struct th_effect *effect);
/* The rollups that changed, of the books that are wanted; `context` of the function: the driver. */
TH_MUST_CHECK int th_driver_carry_rollups(struct th_driver *driver, th_core_book_fn *is_wanted);

/* settle.c: rows and rollups at the end of a batch, to their places or to the run; with nothing
 * else in the batch, as much of the run as one commit takes. */
struct th_driver_bounds th_driver_bounds_of(const struct th_driver_bounds *wanted);
TH_MUST_CHECK int th_driver_carry_books(struct th_driver *driver);
TH_MUST_CHECK int th_driver_carry_rest(struct th_driver *driver);

/* answer.c, after the commit. */
void th_driver_answer(struct th_driver *driver, const struct th_item *item,
                      const struct th_effect *effect);
void th_driver_fail(struct th_driver *driver, const struct th_item *item, int status,
                    uint32_t after_ms);
/* Encodes and sends; without memory the answer is lost and counted. */
void th_driver_send(struct th_driver *driver, const struct th_item *item,
                    const struct th_to_node *message);

/* witness.c: looks at the receipts that hellos show, before anything of the batch is stored. */
TH_MUST_CHECK int th_driver_hear_witnesses(struct th_driver *driver, const struct th_item *items,
                                           size_t count);

/* welcome.c */
TH_MUST_CHECK int th_driver_greet(struct th_driver *driver, const struct th_item *item);
/* Tells the nodes that are connected of plans and units that this batch loaded. */
void th_driver_spread(struct th_driver *driver);
/* A rehearsal's clock was set: every connected node hears the new time, as a welcome that nobody
 * asked for. */
void th_driver_tell_time(struct th_driver *driver, th_instant now);
void th_driver_remind(struct th_driver *driver, const struct th_effect *effect, th_instant now);

/* publish.c */
void th_driver_publish(struct th_driver *driver, th_instant time);

#endif
