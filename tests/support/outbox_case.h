/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An outbox in a folder of its own, and items on their way through it. Fails the test when
 * something does not work that the test does not look at.
 */
#ifndef TH_TESTS_OUTBOX_CASE_H
#define TH_TESTS_OUTBOX_CASE_H

#include "nodes/store/outbox.h"
#include "tests/support/folder.h"

extern const th_instant th_outbox_case_noon;

struct th_outbox_case {
    char folder[TH_TEST_FOLDER_SIZE];
    struct th_outbox *outbox; /* NULL after a reopening that failed */
    struct th_arena arena;
};

void th_outbox_case_make(struct th_outbox_case *made);
void th_outbox_case_remove(struct th_outbox_case *made);
/* As th_outbox_open(). */
int th_outbox_case_reopen(struct th_outbox_case *made);

struct th_bytes th_outbox_case_bytes(const char *text);
struct th_outbox_item th_outbox_case_item(uint32_t revision);
/* The id. */
uint64_t th_outbox_case_add(struct th_outbox_case *made, uint32_t revision, const char *report);
void th_outbox_case_freeze(struct th_outbox_case *made, uint64_t id, const char *submission);
struct th_outbox_item th_outbox_case_get(struct th_outbox_case *made, uint64_t id);
/* After three attempts, with a position and a reason. */
void th_outbox_case_settle(struct th_outbox_case *made, uint64_t id, enum th_item_state state,
                           const char *receipt);
/* Changes the first byte of the text wherever it is in the file. */
void th_outbox_case_flip(struct th_outbox_case *made, const char *text);

#endif
