/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A province whose reports go through a real driver into a real store, without a lane or with a
 * late one, and all that leaves it, byte by byte. Ends the test when something fails.
 */
#ifndef TH_TESTS_SUPPORT_LANE_CASE_H
#define TH_TESTS_SUPPORT_LANE_CASE_H

#include "aggregator/driver/driver.h"
#include "tests/support/late_lane.h"
#include "tests/support/province.h"
#include "tests/support/random.h"

#include <stdio.h>

#define LANE_CASE_REALM "tonghop/64"

enum { LANE_OFFICERS = 4, LANE_ANSWERS_MAX = 4096 };

struct lane_case {
    /* The same in every opening. */
    struct th_province province;
    struct th_officer officers[LANE_OFFICERS];
    struct th_note_signer signer;
    struct th_store_identity identity;
    struct th_driver_bounds bounds;

    /* Since it was opened. */
    char folder[64];
    struct th_store *store;
    struct th_store_port real;
    struct th_driver *driver;
    struct th_arena arena;
    struct th_reading now;
    uint64_t sent; /* items */
    bool has_lane;
    struct late_lane lane;
    struct random *early; /* now and then the lane is faster than who makes a batch; NULL: never */
    bool is_early_at_begin;
    unsigned full; /* so many times the store has no room for a batch */

    /*
     * What was done since lane_case_forget(), in order: B begin, F no room, A append, R a book
     * read, X abort, Z seal, C commit, L start of the lane, W wait for it; and what left: S an
     * answer, U a frame for a unit's nodes, D a result, K a key, T a publication.
     */
    char story[65536];
    size_t told;
    /* All that left since it was opened, with what it said. */
    char *left;
    size_t left_size;
    FILE *left_file;
    struct th_to_node answers[LANE_ANSWERS_MAX]; /* since lane_case_forget() */
    uint64_t answered[LANE_ANSWERS_MAX];         /* the item */
    size_t answers_count;
    int result; /* of the last act */
};
extern struct lane_case lane_case;

void lane_case_init(void);
void lane_case_deinit(void);
/* A new store with units, a plan and the officers. */
void lane_case_open(bool has_lane);
void lane_case_close(void);
/* As another process would. */
void lane_case_restart(void);
void lane_case_forget(void);

/* Items; `sender` is the number of those before. */
struct th_item lane_case_report(unsigned officer, struct th_paper paper);
struct th_item lane_case_hello(unsigned officer);
struct th_item lane_case_act(struct th_act act);
struct th_item lane_case_tick(void);
/* A report of the half year that a clerk enters for a unit. */
struct th_act lane_case_entering(unsigned officer, int64_t figure, uint32_t revision);
int lane_case_feed(struct th_item item);

/* Of the item with this number: the last answer since lane_case_forget(), NULL: none. */
const struct th_to_node *lane_case_answer(uint64_t item);
/* How many were published since it was opened. */
size_t lane_case_closings(void);

#endif
