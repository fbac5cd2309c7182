/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's driver on a line to the fake province. Frames wait until the test carries them, time
 * passes when the test says so. Fails the test when something does not work that the test does not
 * look at.
 */
#ifndef TH_TESTS_NODE_LINE_H
#define TH_TESTS_NODE_LINE_H

#include "nodes/driver/driver.h"
#include "proto/receipt/receipt.h"
#include "tests/support/node_case.h"

struct th_node_line_frame;

struct th_node_line {
    struct th_node_case node;
    struct th_node_driver *driver;
    struct th_arena arena; /* frames that were taken, answers; until the line is removed */
    int64_t now_ms;        /* the wall shows TH_NODE_CASE_NOW_MS more */
    bool is_blocked;       /* what is sent finds no room */
    size_t told[TH_NEWS_NOTICE + 1];
    char last_text[2048];                     /* of the last news that had one */
    struct th_node_line_frame *first, **last; /* on the way to the province */
};

/* A new node with a driver, not connected yet. The line must not be moved. */
void th_node_line_make(struct th_node_line *line, enum th_mode mode);
void th_node_line_remove(struct th_node_line *line);
/* The program ends and begins again; what was on its way is gone. */
void th_node_line_restart(struct th_node_line *line);

/* The oldest frame that is on its way; false: none. */
bool th_node_line_take(struct th_node_line *line, struct th_bytes *ret_frame);
/* Carries up to `count` frames to the province, and its answers back. */
void th_node_line_exchange_some(struct th_node_line *line, size_t count);
void th_node_line_exchange(struct th_node_line *line);
/* A new connection: what was on its way on the one before is gone. Exchanges. */
void th_node_line_connect(struct th_node_line *line);
/* The connection goes. */
void th_node_line_lose(struct th_node_line *line);
/* Time goes by; what is sent waits. */
void th_node_line_wait(struct th_node_line *line, int64_t ms);
/* Time goes by, then an exchange. */
void th_node_line_pass(struct th_node_line *line, int64_t ms);
/* Connects and submits reports 1 to `count`, one by one, at the positions 0 to count - 1. */
void th_node_line_receive(struct th_node_line *line, uint32_t count);

struct th_outbox_item th_node_line_item(struct th_node_line *line, uint64_t id);
/* The newest receipt of an item, by the keys that the node knows. */
void th_node_line_open_newest(struct th_node_line *line, uint64_t id,
                              struct th_receipt *ret_receipt);
/* Of the items 1 to `count`. */
size_t th_node_line_count_readmitted(struct th_node_line *line, uint64_t count);
size_t th_node_line_count_notices(struct th_node_line *line, enum th_notice_kind kind);

#endif
