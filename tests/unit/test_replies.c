/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/replies.h"
#include "proto/model/limits.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct th_outbox *outbox;
static struct th_arena arena;
static const struct th_router_peer peer = {.id = {7}, .id_size = 1};

static void nothing(void *context)
{
    (void)context;
}

static void set_up(void)
{
    cr_assert_eq(th_outbox_new(1 << 20, nothing, NULL, &outbox), 0);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
}

static void tear_down(void)
{
    th_outbox_free(outbox);
    th_arena_deinit(&arena);
}

TestSuite(replies, .init = set_up, .fini = tear_down);

static struct th_to_node answer_of(size_t size)
{
    uint8_t *json = th_arena_alloc(&arena, size);
    memset(json, ' ', size);
    struct th_to_node message = {.kind = TH_TO_NODE_ANSWER, .request = 12};
    message.body.answer = (struct th_bytes){json, size};
    return message;
}

/* The one thing that was put, decoded. */
static struct th_to_node told(void)
{
    struct th_to_node message = {.kind = TH_TO_NODE_WELCOME};
    struct th_outgoing *outgoing = th_outbox_take(outbox);
    cr_assert_not_null(outgoing);
    cr_assert_null(outgoing->next);
    cr_assert_eq(outgoing->peer.id[0], 7);
    struct th_bytes frame = {th_arena_alloc(&arena, outgoing->size), outgoing->size};
    memcpy((void *)(uintptr_t)frame.bytes, outgoing->bytes, outgoing->size);
    free(outgoing);
    cr_assert_eq(th_wire_to_node_decode(frame, &arena, &message), 0);
    cr_assert_eq(message.request, 12);
    return message;
}

Test(replies, an_answer_is_sent)
{
    struct th_to_node message = answer_of(100);
    cr_assert(th_reply(outbox, &peer, &message, &arena));
    struct th_to_node heard = told();
    cr_assert_eq(heard.kind, TH_TO_NODE_ANSWER);
    cr_assert_eq(heard.body.answer.size, 100);
}

Test(replies, an_answer_that_fits_no_frame_becomes_a_failure)
{
    struct th_to_node message = answer_of(TH_LIMIT_TO_NODE_SIZE_MAX + 1);
    cr_assert(th_reply(outbox, &peer, &message, &arena));
    struct th_to_node heard = told();
    cr_assert_eq(heard.kind, TH_TO_NODE_FAILURE);
    cr_assert_eq(memcmp(heard.body.failure.code.bytes, "limit", 5), 0);
    cr_assert_not(heard.body.failure.retry);
}

Test(replies, an_answer_without_memory_asks_to_come_again)
{
    struct th_arena none;
    struct th_to_node message = answer_of(100);
    th_arena_init(&none, 1, 1);
    cr_assert(th_reply(outbox, &peer, &message, &none));
    struct th_to_node heard = told();
    cr_assert_eq(heard.kind, TH_TO_NODE_FAILURE);
    cr_assert(heard.body.failure.retry);
    th_arena_deinit(&none);
}
