/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a driver, shared by the files of this folder only.
 */
#ifndef TH_DRIVER_PARTS_H
#define TH_DRIVER_PARTS_H

#include "aggregator/driver/driver.h"

/* What may be done with the batch that is being made. */
enum th_driver_phase {
    TH_DRIVER_RESTING,
    TH_DRIVER_STORING /* a batch of the store is open: store effects, nothing leaves */
};

struct th_driver_plan {
    struct th_arena arena; /* of all of it, for the life of the driver once it is accepted */
    struct th_bytes content;
    struct th_digest digest;
};

/* A rollup that changed in a batch, to be published after the commit. */
struct th_driver_change {
    struct th_book_id book;
    uint32_t unit;
    enum th_branch branch;
};

/*
 * One batch, from its first item to its last answer. Made on the driver's thread; then committed,
 * and what it says leaves, perhaps on the lane (ports.h) while the next one is being made.
 */
struct th_driver_batch {
    struct th_arena arena;
    struct th_effects effects;      /* that are needed until it has left; then a step's */
    size_t kept;                    /* how many are needed */
    size_t entries_count;           /* among these: how many were promised */
    struct th_arena log;            /* of what the log gets: */
    struct th_store_logged *logged; /* NULL: none is composed yet */
    size_t logged_count;
    size_t composed; /* effects that were looked at */
    const struct th_item *items;
    int *refusals;
    size_t count;
    bool has_stored; /* at least one store effect */
    bool is_plain;   /* submissions and what settles, no other item and no other effect */
    struct th_driver_change *changes;
    size_t changes_count, changes_capacity;
    uint64_t size;    /* of the journal with it */
    th_instant time;  /* at its last item */
    bool has_history; /* the next two are made, in this batch's memory */
    const struct th_log_key_body *log_keys;
    const struct th_lost *lost;
    size_t log_keys_count, lost_count;
    int status; /* of commit and answers */
};

struct th_driver {
    struct th_driver_ports ports;
    const struct th_note_signer *signer;
    struct th_core *core;
    struct th_driver_batch batches[2];

    /* Of who makes batches. */
    struct th_driver_batch *batch; /* that is being made */
    struct th_driver_batch *last;  /* that was handed over */
    bool is_ahead;                 /* it is on the lane: what is of who commits is not looked at */
    struct th_arena passing;       /* of one step's effects on the store */
    bool has_clock; /* the clock changed: its one row is written once, as it is at the end */
    struct th_clock_row clock;
    struct th_driver_bounds bounds;
    bool is_pressed;                     /* more waits behind this batch */
    struct th_driver_settling *settling; /* the unsettled books of this batch */
    size_t settling_count;
    size_t settle_due; /* rows that should have settled by now, and have not */
    enum th_driver_phase phase;
    struct th_driver_plan plans[TH_LIMIT_PLANS_MAX];
    size_t plans_count;
    size_t spread_bytes; /* of all copies of one announcement */
    uint8_t *units;      /* owned, encoded; NULL: to be encoded again */
    size_t units_size;
    bool is_full;         /* the store had no room when it was last asked */
    bool is_contradicted; /* for ever: nothing is committed any more */
    struct th_contradiction contradiction;
    struct th_driver_counters told; /* as of the last batch that has ended */

    /* Of who commits. */
    struct th_driver_batch *leaving; /* committed, or without a commit: its answers leave */
    struct th_arena answer;          /* of one: few bytes, which stay in the caches */
    bool is_reading;                 /* the view shows the last commit */
    struct th_driver_counters counters;
};

/* reading.c: the view at the last commit; th_driver_rest() gives it back. For who makes a batch:
 * waits for the one before. */
TH_MUST_CHECK int th_driver_read(struct th_driver *driver);
void th_driver_rest(struct th_driver *driver);
/* The same for who commits. */
TH_MUST_CHECK int th_driver_read_on(struct th_driver *driver);
void th_driver_rest_on(struct th_driver *driver);

/* making.c */
void th_driver_begin_batch(struct th_driver *driver, const struct th_item *items);
/* Runs items until one has to be the first of another batch: none, when what was due before the
 * first has filled this one. `refusals`: zeroes at
 * first; of each item that is refused before core saw it, why. */
TH_MUST_CHECK int th_driver_step_all(struct th_driver *driver, const struct th_item *items,
                                     size_t count, int *refusals, size_t *ret_taken);
/* The effects of a step: into the open batch of the store, and those that are needed later stay. */
TH_MUST_CHECK int th_driver_carry_new(struct th_driver *driver);
/* What is written once for all of them. */
TH_MUST_CHECK int th_driver_carry_end(struct th_driver *driver);

/* compose.c: the entries that were promised, as the log gets them: all, or a few more. While it is
 * made on the driver's thread, then on that of who commits. TH_E_NO_MEMORY, TH_E_LIMIT. */
TH_MUST_CHECK int th_driver_compose(struct th_driver *driver, struct th_driver_batch *batch);
TH_MUST_CHECK int th_driver_compose_some(struct th_driver *driver, struct th_driver_batch *batch,
                                         bool *ret_more);
/* The leaf of an entry of the batch; of others, size 0. */
struct th_bytes th_driver_leaf_of(const struct th_driver_batch *batch, uint64_t position);

/* leaving.c */
/* Seals the batch that was made, and has it committed and answered. `time`: at its last item.
 * Failures of the batch before too. */
TH_MUST_CHECK int th_driver_hand_over(struct th_driver *driver, th_instant time);
/* Waits for the batch that is on the lane; its failure. */
TH_MUST_CHECK int th_driver_end_last(struct th_driver *driver);
/* The store takes nothing, now or for ever: hellos are answered, all else is told to come again. */
TH_MUST_CHECK int th_driver_refuse_all(struct th_driver *driver, size_t count);

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

/* carry.c: one store effect into the open batch; an entry is only promised. */
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
void th_driver_publish(struct th_driver *driver);

#endif
