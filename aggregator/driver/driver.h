/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver: takes what arrived in batches through core and store, and only then answers.
 *
 * Promises: for one batch, first every store effect in one transaction, then its commit,
 * then admission, answers, reminders and publications. When a commit fails, nothing of the batch
 * and of later ones leaves, and the caller must stop the process (fail-stop): nodes send again,
 * because no receipt left. A receipt is built from the store; the same submission gets the same
 * bytes for ever.
 *
 * With a lane (aggregator/driver/ports.h) the commit and the answers of a batch of submissions are
 * done beside the making of the next one. All else is done one after the other: a batch with a
 * greeting, an act or a timer in it, and whatever has to read the tables, waits for the batch
 * before. What is stored and answered is the same with a lane and without.
 *
 * Knows no socket, thread or clock. One thread owns a driver. The ports, the signer and what they
 * borrow outlive it; an item and what it borrows outlive the call.
 */
#ifndef TH_DRIVER_DRIVER_H
#define TH_DRIVER_DRIVER_H

#include "aggregator/driver/ports.h"
#include "proto/wire/control.h"
#include "proto/wire/message.h"

struct th_driver;

/* When rows settle, in records (rows and superseded revisions); 0: the default. */
struct th_driver_bounds {
    size_t book_rows;   /* 1,024: so many of one book in a batch settle with it */
    size_t large_rows;  /* 8,192: so many of one book settle, however empty the run is */
    size_t run_rows;    /* 524,288: the run is full; books settle from the half on */
    size_t run_values;  /* 65,536: more stand behind the oldest book's first, so it settles too */
    size_t commit_rows; /* 4,096: what one commit settles, beyond twice what it brings */
    size_t few_rows;    /* 16: so few settle at once when nothing waits */
    size_t idle_rows;   /* 1,024: what one commit settles when nothing came for a while */
    size_t row_bytes;   /* 192: larger records count as several */
    size_t warm_books;  /* 256: with so many open none is opened before its first report */
};

struct th_driver_options {
    size_t core_budget_bytes;  /* 0: 4 GiB */
    size_t batch_budget_bytes; /* 0: 256 MiB */
    size_t spread_bytes_max;   /* 0: 32 MiB; of all copies of one announcement */
    struct th_driver_bounds bounds;
};

enum th_item_kind {
    TH_ITEM_SUBMISSION = 1,
    TH_ITEM_HELLO,
    TH_ITEM_ACT,
    TH_ITEM_TICK,
    TH_ITEM_READMISSION
};

struct th_item {
    enum th_item_kind kind;
    struct th_reading now;                   /* the stamp of the drain */
    uint64_t sender;                         /* the transport's token */
    uint64_t request;                        /* of a node's message; the answer carries it */
    struct th_text peer_unit;                /* whose key the connection was admitted with */
    struct th_event_submission submission;   /* peer_unit is taken from above, as below */
    struct th_event_readmission readmission; /* by th_readmission_event() */
    struct th_hello hello;
    struct th_act act;
};

struct th_driver_counters {
    uint64_t batches, commits;
    uint64_t accepted, duplicates, conflicts, rejected; /* reports */
    uint64_t readmitted;                                /* accepted again after a loss */
    uint64_t entered;                                   /* accepted on behalf of units */
    uint64_t refused;                                   /* submissions with a refusal */
    uint64_t busy;                                      /* answered with busy_storage */
    uint64_t hellos, acts, acts_refused;
    uint64_t answers_lost;   /* no memory for the answer: the node asks again */
    uint64_t unannounced;    /* plans and unit lists that do not fit one frame */
    uint64_t unspread;       /* announcements too large to be told to everyone at once */
    uint64_t contradictions; /* 1: a receipt showed that the store is not the whole log */
};

/* The signer's key is the log's, or the one that the only batch makes it: TH_ACT_ROTATE and
 * TH_ACT_RECOVER are refused with TH_E_INVALID when they name another. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_driver_new(const struct th_driver_ports *ports,
                                const struct th_note_signer *signer,
                                const struct th_driver_options *options,
                                struct th_driver **ret_driver);
void th_driver_free(struct th_driver *driver);

/* Loads what the tables hold, once, before the first run. TH_E_CORRUPT, TH_E_NO_MEMORY, TH_E_IO. */
TH_MUST_CHECK int th_driver_load(struct th_driver *driver);

/* The first entry of an empty store. Operator: as in the entry. Statuses as th_driver_run(). */
TH_MUST_CHECK int th_driver_found(struct th_driver *driver, struct th_reading now,
                                  struct th_text operator);

/*
 * Runs the items in their order. They may become several batches: a closing that needs rows as they
 * were, and too little memory for the rest, end one. 0 also when the store is nearly full: then
 * everyone was told to try later. An act that needs more memory than a whole batch has is refused
 * with TH_E_NO_MEMORY and changes nothing. Any failure (TH_E_IO, TH_E_STORAGE, TH_E_CORRUPT,
 * TH_E_NO_MEMORY) is fatal: stop the process.
 */
TH_MUST_CHECK int th_driver_run(struct th_driver *driver, const struct th_item *items,
                                size_t items_count);

/*
 * The same, but for the end of the last batch: its commit and answers may still be under way on the
 * lane when this returns, and their failure is told by the next call. So all items of the call
 * before have their answers then; these here, and what they borrow, outlive the next call of this,
 * of th_driver_run() or th_driver_finish(), which are what ends them.
 */
TH_MUST_CHECK int th_driver_feed(struct th_driver *driver, const struct th_item *items,
                                 size_t items_count);
/* Whether the end of the last batch is under way on the lane. */
bool th_driver_is_under_way(const struct th_driver *driver);
/* Until nothing is under way. Statuses as th_driver_run(). */
TH_MUST_CHECK int th_driver_finish(struct th_driver *driver);

/*
 * Whether more waits behind what the next th_driver_run() is given. Then its rows are written
 * together and settle later (aggregator/store/run.h); readers see them all the same. Rollups of
 * unsettled books are published when they settle.
 */
void th_driver_press(struct th_driver *driver, bool is_pressed);

/*
 * When nothing waits: one commit that settles a bounded part of what is unsettled; not while the
 * store is nearly full or contradicted. It may be under way on the lane when this returns, as after
 * th_driver_feed(). `ret_more`: call again. Fatal as th_driver_run().
 */
TH_MUST_CHECK int th_driver_settle(struct th_driver *driver, struct th_reading now, bool *ret_more);

/*
 * When nothing waits: opens the book of one obligation, with room for the reports of all its units,
 * so that a burst does not wait for that; first those that are not closed, then the last 16 of a
 * plan that were. Not with so many open that memory would be spent on what nobody may need. Then,
 * while reports are expected, a piece of the memory that large batches take. `ret_more`: call
 * again. Fatal as th_driver_run().
 */
TH_MUST_CHECK int th_driver_warm(struct th_driver *driver, bool *ret_more);

/*
 * A hello showed a receipt that a key of this log has signed and this store has not, and that is
 * not of what a recovery lost: the store is an older copy, or was replaced. From then on for the
 * life of the driver, and at the next opening until the right store is there, nothing is committed
 * or signed: submissions and acts are answered with a failure that says to come again, hellos are
 * welcomed. NULL: it has not happened.
 */
struct th_contradiction {
    char unit[TH_UNIT_CODE_MAX + 1]; /* that showed it */
    uint64_t shown_size, own_size;   /* of the trees */
};
const struct th_contradiction *th_driver_contradiction(const struct th_driver *driver);

/* Whether the store had no room when a batch was last to begin: whoever wants something written is
 * told to come again. Asked again by every batch, a tick's too. */
bool th_driver_is_full(const struct th_driver *driver);

/* The next instant at which a tick is wanted, in store time. False: none. */
bool th_driver_next_due(const struct th_driver *driver, th_instant *ret_instant);
th_instant th_driver_time(const struct th_driver *driver, struct th_reading now);
/* Of the batches that have ended. */
const struct th_driver_counters *th_driver_counters(const struct th_driver *driver);
const struct th_core *th_driver_core(const struct th_driver *driver);

#endif
