/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small store, a model of what it has to show, and random histories of both: rows in the run and
 * at their places, batches that are given up, settling. Ends the test when something fails.
 */
#ifndef TH_TESTS_SUPPORT_RUN_CASE_H
#define TH_TESTS_SUPPORT_RUN_CASE_H

#include "tests/support/random.h"
#include "tests/support/store_fixture.h"

enum { RUN_BOOKS = 3, RUN_UNITS = 5, RUN_NUMBERS = 2 };

/* What a store has to show: of each report, how many revisions there are. */
struct run_model {
    uint32_t revision[RUN_BOOKS][RUN_UNITS][RUN_NUMBERS];
};

struct run_case {
    struct store_fixture fixture;
    struct th_store *store; /* open for writing */
    struct run_model known; /* what was committed */
};
extern struct run_case run_case;

void run_case_init(void);
void run_case_deinit(void);
void run_case_reopen(void);

struct th_book_id run_case_book(uint32_t book);
/* The next revision of a report, into the open batch and the model. */
void run_case_put(struct run_model *model, uint32_t book, uint32_t unit, uint32_t number);
/* A batch of one report that is deferred; one that settles a book. */
void run_case_defer(uint32_t book, uint32_t unit, uint32_t number);
void run_case_settle(uint32_t book);
/* One of any kind. */
void run_case_batch(struct random *random);

/* Every reading of a view against the model. */
bool run_case_is_seen_by(struct th_view *view, const struct run_model *model);

#endif
