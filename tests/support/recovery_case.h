/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store with a province and one officer that is put back from an older copy and goes on as a new
 * log: what a node shows of the lost one, and a driver that hears it. Asserts on the way.
 */
#ifndef TH_TESTS_RECOVERY_CASE_H
#define TH_TESTS_RECOVERY_CASE_H

#include "aggregator/driver/driver.h"
#include "aggregator/driver/readmission.h"
#include "tests/support/province.h"

#define TH_RECOVERY_CASE_REALM "tonghop/64/2/rehearsal"

extern const struct th_reading th_recovery_case_may_day; /* 2025-05-01 00:00 */
extern const struct th_text th_recovery_case_tester;     /* the operator */

struct th_recovery_case {
    struct th_province province;
    struct th_officer officer;
    struct th_note_signer first, next;   /* of the log that is lost, of the one that follows */
    const struct th_note_signer *signer; /* of the driver when it is opened */
    char folder[64];
    struct th_store *store;
    struct th_store_port real;
    struct th_driver *driver;
    struct th_arena arena;
    struct th_to_node answer; /* the last one to a node that is no announcement or reminder */
    unsigned reminders;       /* that were answered or sent */
    unsigned units_reminded;  /* by reminders that nobody asked for */
    bool officer_is_reminded;
    struct th_act_result result;
};

/* What a node has of a report that was received. */
struct th_kept {
    struct th_bytes raw;
    struct th_bytes receipt;
};

int th_recovery_case_open(struct th_recovery_case *made, enum th_store_access access);
void th_recovery_case_close(struct th_recovery_case *made);
int th_recovery_case_act(struct th_recovery_case *made, struct th_act what);
void th_recovery_case_signer(const char *realm, uint8_t number, struct th_note_signer *ret_signer);
/* An open store with units, a plan and the officer: four entries. */
void th_recovery_case_make(struct th_recovery_case *made);
void th_recovery_case_remove(struct th_recovery_case *made);
void th_recovery_case_submit_raw(struct th_recovery_case *made, struct th_bytes raw);
struct th_kept th_recovery_case_submit(struct th_recovery_case *made, struct th_paper paper);
/* As a verifier does. */
int th_recovery_case_open_kept(struct th_recovery_case *made, struct th_kept kept,
                               struct th_readmitted *ret_readmitted);
void th_recovery_case_readmit_as(struct th_recovery_case *made, struct th_kept kept,
                                 const char *peer);
/* The verdict on its one report. */
const struct th_wire_verdict *th_recovery_case_readmit(struct th_recovery_case *made,
                                                       struct th_kept kept);
void th_recovery_case_say_hello(struct th_recovery_case *made, struct th_bytes receipt);
/* Within the folder. */
void th_recovery_case_copy_file(struct th_recovery_case *made, const char *from, const char *to);
/* Of data.mdb, as it is now. */
void th_recovery_case_keep_copy(struct th_recovery_case *made);
uint64_t th_recovery_case_size(struct th_recovery_case *made);
/* `next`, signed for by the key before it. */
struct th_log_key_body th_recovery_case_name_next(struct th_recovery_case *made,
                                                  const struct th_note_signer *before);
int th_recovery_case_recover(struct th_recovery_case *made);
/* The copy in place of the store, as a new log, open. */
void th_recovery_case_go_back(struct th_recovery_case *made);
/* Of the half-year report, and its row; without figures. */
struct th_book_id th_recovery_case_book(struct th_recovery_case *made);
struct th_row th_recovery_case_row(struct th_recovery_case *made);
int th_recovery_case_set_clock(struct th_recovery_case *made, int64_t ms);

#endif
