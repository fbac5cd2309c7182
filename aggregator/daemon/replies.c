/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/replies.h"

enum { FAILURE_BLOCK_BYTES = 2048, FAILURE_BUDGET_BYTES = 16384 };

static bool put(struct th_outbox *outbox, const struct th_router_peer *peer, struct th_bytes frame)
{
    return th_outbox_put(outbox, TH_OUTGOING_NODE, peer, NULL, (struct th_text){NULL, 0}, frame);
}

/* In memory of its own: the asker's may be used up. */
bool th_reply_fail(struct th_outbox *outbox, const struct th_router_peer *peer, uint64_t request,
                   int status, uint32_t after_ms)
{
    struct th_to_node message = {.kind = TH_TO_NODE_FAILURE, .request = request};
    message.body.failure = (struct th_failure){
        .code = th_text_of(th_status_wire_name(status)),
        .text = th_text_of(th_status_text(status)),
        .retry = th_status_retry(status) == TH_RETRY_LATER,
        .after_ms = after_ms,
    };
    struct th_arena arena;
    struct th_bytes frame;
    th_arena_init(&arena, FAILURE_BLOCK_BYTES, FAILURE_BUDGET_BYTES);
    bool is_put = th_wire_to_node_encode(&message, &arena, &frame) == 0 && put(outbox, peer, frame);
    th_arena_deinit(&arena);
    return is_put;
}

bool th_reply(struct th_outbox *outbox, const struct th_router_peer *peer,
              const struct th_to_node *message, struct th_arena *arena)
{
    struct th_bytes frame;
    int status = th_wire_to_node_encode(message, arena, &frame);
    if (status < 0)
        return th_reply_fail(outbox, peer, message->request,
                             status == TH_E_NO_MEMORY ? TH_E_BUSY : status, 0);
    return put(outbox, peer, frame);
}
