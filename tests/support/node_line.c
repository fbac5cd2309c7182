/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/node_line.h"

#include "base/assert.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct th_node_line_frame {
    struct th_node_line_frame *next;
    size_t size;
    uint8_t bytes[];
};

/* ---- ports ---- */

static int port_send(void *context, struct th_bytes bytes)
{
    struct th_node_line *line = context;
    if (line->is_blocked)
        return TH_E_BUSY;
    struct th_node_line_frame *frame = malloc(sizeof *frame + bytes.size);
    TH_ASSERT(frame != NULL);
    frame->next = NULL;
    frame->size = bytes.size;
    memcpy(frame->bytes, bytes.bytes, bytes.size);
    *line->last = frame;
    line->last = &frame->next;
    return 0;
}

static int64_t port_now_ms(void *context)
{
    return ((const struct th_node_line *)context)->now_ms;
}

static th_instant port_wall(void *context)
{
    return (th_instant){TH_NODE_CASE_NOW_MS + ((const struct th_node_line *)context)->now_ms};
}

static void port_random(void *context, void *ret_bytes, size_t size)
{
    static uint8_t counter;
    (void)context;
    memset(ret_bytes, ++counter, size);
}

static void port_tell(void *context, const struct th_node_news *news)
{
    struct th_node_line *line = context;
    line->told[news->kind]++;
    if (news->text.size > 0)
        (void)snprintf(line->last_text, sizeof line->last_text, "%.*s", (int)news->text.size,
                       news->text.bytes);
}

/* ---- one life of the program ---- */

static void start(struct th_node_line *line)
{
    const struct th_node_ports ports = {.context = line,
                                        .send = port_send,
                                        .now_ms = port_now_ms,
                                        .wall = port_wall,
                                        .random = port_random,
                                        .tell = port_tell};
    th_node_case_open(&line->node);
    cr_assert_eq(th_node_driver_new(&line->node.home, line->node.keys, line->node.outbox, &ports,
                                    &line->driver),
                 0);
}

static void drop_frames(struct th_node_line *line)
{
    while (line->first != NULL) {
        struct th_node_line_frame *frame = line->first;
        line->first = frame->next;
        free(frame);
    }
    line->last = &line->first;
}

static void stop(struct th_node_line *line)
{
    th_node_driver_free(line->driver);
    th_node_case_close(&line->node);
    drop_frames(line);
}

void th_node_line_make(struct th_node_line *line, enum th_mode mode)
{
    *line = (struct th_node_line){.now_ms = 1000, .last = &line->first};
    th_node_case_make(&line->node, mode, "tcp://127.0.0.1:1");
    th_arena_init(&line->arena, 1 << 16, (size_t)256 << 20);
    start(line);
}

void th_node_line_remove(struct th_node_line *line)
{
    stop(line);
    th_node_case_remove(&line->node);
    th_arena_deinit(&line->arena);
}

void th_node_line_restart(struct th_node_line *line)
{
    stop(line);
    start(line);
}

/* ---- the line ---- */

bool th_node_line_take(struct th_node_line *line, struct th_bytes *ret_frame)
{
    struct th_node_line_frame *frame = line->first;
    if (frame == NULL)
        return false;
    line->first = frame->next;
    if (line->first == NULL)
        line->last = &line->first;
    uint8_t *copy = th_arena_alloc(&line->arena, frame->size);
    TH_ASSERT(copy != NULL);
    memcpy(copy, frame->bytes, frame->size);
    *ret_frame = (struct th_bytes){copy, frame->size};
    free(frame);
    return true;
}

void th_node_line_exchange_some(struct th_node_line *line, size_t count)
{
    struct th_bytes frame;
    struct th_bytes answers[TH_FAKE_ANSWERS_MAX];
    for (; count > 0 && th_node_line_take(line, &frame); count--) {
        size_t answers_count = th_fake_answer(&line->node.province, frame, &line->arena, answers);
        for (size_t i = 0; i < answers_count; i++)
            cr_assert_eq(th_node_driver_on_frame(line->driver, answers[i]), 0);
    }
}

void th_node_line_exchange(struct th_node_line *line)
{
    th_node_line_exchange_some(line, SIZE_MAX);
}

void th_node_line_connect(struct th_node_line *line)
{
    drop_frames(line);
    cr_assert_eq(th_node_driver_on_connected(line->driver), 0);
    th_node_line_exchange(line);
}

void th_node_line_lose(struct th_node_line *line)
{
    cr_assert_eq(th_node_driver_on_lost(line->driver), 0);
}

void th_node_line_wait(struct th_node_line *line, int64_t ms)
{
    line->now_ms += ms;
    cr_assert_eq(th_node_driver_on_time(line->driver), 0);
}

void th_node_line_pass(struct th_node_line *line, int64_t ms)
{
    th_node_line_wait(line, ms);
    th_node_line_exchange(line);
}

void th_node_line_receive(struct th_node_line *line, uint32_t count)
{
    th_node_line_connect(line);
    for (uint32_t number = 1; number <= count; number++) {
        th_node_case_submit_number(&line->node, number, 1, number);
        th_node_line_pass(line, 1); /* alone: a submission for each */
    }
    cr_assert_eq(line->node.province.leaves_count, count);
}

/* ---- what became of it ---- */

struct th_outbox_item th_node_line_item(struct th_node_line *line, uint64_t id)
{
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(line->node.outbox, id, &item), 0);
    return item;
}

void th_node_line_open_newest(struct th_node_line *line, uint64_t id,
                              struct th_receipt *ret_receipt)
{
    struct th_outbox_detail detail;
    cr_assert_eq(th_outbox_get_detail(line->node.outbox, id, &line->arena, &detail), 0);
    cr_assert_eq(
        th_receipt_open(detail.receipt, &line->node.home.log_keys, &line->arena, ret_receipt), 0);
}

size_t th_node_line_count_readmitted(struct th_node_line *line, uint64_t count)
{
    size_t found = 0;
    for (uint64_t id = 1; id <= count; id++)
        found += th_node_line_item(line, id).is_readmitted;
    return found;
}

size_t th_node_line_count_notices(struct th_node_line *line, enum th_notice_kind kind)
{
    const struct th_notice *notices;
    size_t count;
    size_t found = 0;
    cr_assert_eq(th_outbox_get_notices(line->node.outbox, &line->arena, &notices, &count), 0);
    for (size_t i = 0; i < count; i++)
        found += notices[i].kind == kind;
    return found;
}
