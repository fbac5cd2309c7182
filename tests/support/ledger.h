/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real store that a real driver fills, without a network: for tests of what is read from it.
 *
 *   64 ─┬─ 64-snv            a department
 *       ├─ 622 ─ a1 a2 a3    a district and its communes
 *       └─ 623 ─ b1 b2 b3
 *
 * Communes and departments report. Fails the test on any failure.
 */
#ifndef TH_TESTS_SUPPORT_LEDGER_H
#define TH_TESTS_SUPPORT_LEDGER_H

#include "aggregator/driver/driver.h"
#include "aggregator/query/answer.h"
#include "tests/support/folder.h"

#include <jansson.h>
#include <stdio.h>

/* The plan's numbers; SHARE is B of A in percent. Departments are asked for A and TEXT alone. */
enum ledger_indicator { L_A = 1, L_B, L_DAY, L_SCORE, L_CLASS, L_SHARE, L_TEXT };

/* LEDGER_YEAR and LEDGER_AGAIN are of one period. */
enum ledger_obligation {
    LEDGER_HALF,
    LEDGER_YEAR,
    LEDGER_AGAIN,
    LEDGER_ADHOC,
    LEDGER_SUSPENDED,
    LEDGER_UNDATED,
    LEDGER_OBLIGATIONS
};

#define LEDGER_UNITS 10
enum ledger_unit { L_64, L_SNV, L_622, L_623, L_A1, L_A2, L_A3, L_B1, L_B2, L_B3 };

struct ledger {
    char folder[TH_TEST_FOLDER_SIZE];
    struct th_arena arena;
    struct th_note_signer signer;
    struct th_store *store;
    struct th_store_port port;
    struct th_driver *driver;
    enum th_mode mode;
    struct th_reading now;
    struct th_digest plan_digest;
    uint8_t secrets[LEDGER_UNITS][64];
    struct th_sign_key keys[LEDGER_UNITS];
    uint8_t nonce;
    th_instant half_due;
    struct th_query_problem problem; /* of the last question */
    struct th_driver_bounds bounds;  /* of the driver that is opened next, as is the publisher */
    struct th_publisher_port publisher;
    const char *asker;                  /* of the questions; NULL: the operator */
    const struct th_contacts *contacts; /* likewise */
};

/* Founded at 2025-03-01 00:00 +07:00; units one hour later, then plan and keys a second apart. */
void ledger_open(struct ledger *ledger, enum th_mode mode);
void ledger_close(struct ledger *ledger);
/* Lets go of the store, so that a command can open its folder; only ledger_close() may follow. */
void ledger_release(struct ledger *ledger);

/* Lets go of the store and runs a command with these words, the program's first and NULL last; at
 * most 11. What it printed to either stream takes the place of *shown, which is freed; owned. The
 * exit code. */
int ledger_run(struct ledger *ledger, int (*command)(int, char **, FILE *, FILE *),
               const char *const *words, char **shown);

/* Closes the store and opens it again, as another process would. */
void ledger_restart(struct ledger *ledger);

/* Both clocks go on. */
void ledger_pass(struct ledger *ledger, int64_t ms);
/* The wall clock alone jumps. */
void ledger_jump(struct ledger *ledger, int64_t ms);
/* What is due is done. */
void ledger_tick(struct ledger *ledger);
/* Both clocks go on to the instant, and what is due is done. */
void ledger_tick_at(struct ledger *ledger, th_instant instant);
/* Runs an operator's act; gives its status. */
int ledger_act(struct ledger *ledger, struct th_act act);

struct ledger_report {
    enum ledger_unit unit;
    enum ledger_obligation obligation;
    uint32_t number;
    uint32_t revision; /* 0: 1 */
    bool has[L_TEXT + 1];
    int64_t values[L_TEXT + 1]; /* of L_TEXT: the letters of the text */
    bool estimated;             /* A is */
    uint32_t models;            /* "Mô hình 1" and so on, of two fields by turns */
};

/* True when it was accepted. */
bool ledger_send(struct ledger *ledger, struct ledger_report report);
/* With a receipt of a log that was lost, which had it at that instant; the receipt's bytes are
 * none. Of an obligation with a due date. True when it was accepted. */
bool ledger_readmit(struct ledger *ledger, struct ledger_report report, th_instant received);
/* An operator, "Nguyễn Thị Hoa", enters it from paper "12/BC". True when it was accepted. */
bool ledger_enter(struct ledger *ledger, struct ledger_report report);
/* A alone. */
bool ledger_send_a(struct ledger *ledger, enum ledger_unit unit, uint32_t revision, int64_t a);

uint64_t ledger_size(struct ledger *ledger);
/* Of the last entry. */
th_instant ledger_time(struct ledger *ledger);
const char *ledger_code(enum ledger_unit unit);

/* The question of the command line: of the obligation. */
struct th_query ledger_query(enum th_query_what what, enum ledger_obligation obligation);
/* Owned. `now` is the wall clock's time. */
json_t *ledger_ask(struct ledger *ledger, struct th_query query);
json_t *ledger_ask_at(struct ledger *ledger, struct th_query query, th_instant now);
/* Its status, and the answer, owned, when that is 0. */
int ledger_status(struct ledger *ledger, struct th_query query, json_t **ret_answer);
/* The status of a question that is refused; the sentence is in `problem`. */
int ledger_refusal(struct ledger *ledger, struct th_query query);

/* The value at a path of keys and indexes, as "counts/received" or "units/0/standing", compact; ""
 * when it is not there. A string has no quotation marks. Until 8 calls later. */
const char *ledger_at(const json_t *answer, const char *path);

#endif
