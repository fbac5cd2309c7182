/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of nodes in one process: one ROUTER socket with a connection of its own for each unit,
 * each with that unit's CURVE keys and its hello. To the aggregator each is a node.
 */
#ifndef TH_BENCH_LINE_H
#define TH_BENCH_LINE_H

#include "proto/exchange/server_file.h"
#include "proto/wire/message.h"
#include "tests/bench/workload.h"

struct line {
    void *context, *socket;
    int fd; /* the socket's */
    const struct bench_unit *units;
    struct th_digest known[8]; /* plans and units that every node has */
    size_t known_count;
    uint32_t connected;
};

/* Connects the units that `wanted` marks, a few at a time, until each was welcomed. The first one
 * is sent the plan and the units; the others say that they have them. */
void line_open(struct line *line, const char *address, const struct th_server_file *server,
               const struct bench_unit *units, const bool *wanted, uint32_t units_count);
void line_close(struct line *line);

/* False when the connection takes nothing now. */
bool line_send(struct line *line, uint32_t unit, struct th_bytes frame);
/* The next message to any unit; the caller closes it with line_done(). False: none within the time;
 * 0 looks only. The time is exact: what is offered at a rate must not be late by a clock's tick. */
struct line_message {
    uint32_t unit;
    struct th_bytes frame;
    uint8_t storage[64]; /* a zmq_msg_t */
};
bool line_receive(struct line *line, int64_t timeout_ns, struct line_message *ret_message);
void line_done(struct line_message *message);

#endif
