/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes' questions: a verifier takes them to the desk, whose thread answers them. */
#include "aggregator/daemon/parts.h"
#include "aggregator/daemon/replies.h"

/* Much less than a unit may send: an officer looks now and then. */
static const struct th_quota quota = {.per_second = 2, .burst = 20};

enum { ASKED_MAX = 256 };

static void answer(void *context, const struct th_asked *asked, struct th_arena *arena)
{
    struct th_daemon *daemon = context;
    const struct th_daemon_options *options = daemon->options;
    struct th_to_node message = {.kind = TH_TO_NODE_ANSWER, .request = asked->request};
    int status = options->answer_query(options->query_context, &asked->query, asked->unit, arena,
                                       &message.body.answer);
    bool is_told = status < 0
                       ? th_reply_fail(daemon->outbox, &asked->peer, asked->request, status, 0)
                       : th_reply(daemon->outbox, &asked->peer, &message, arena);
    if (!is_told)
        th_daemon_drop(daemon, TH_DROP_UNSENT);
}

int th_daemon_open_desk(struct th_daemon *daemon)
{
    const struct th_desk_options options = {
        .asked_max = ASKED_MAX, .quota = quota, .context = daemon, .answer = answer};
    return th_desk_start(&options, &daemon->desk);
}

void th_daemon_ask(struct th_daemon *daemon, struct th_job *job)
{
    (void)atomic_fetch_add_explicit(&daemon->counters.queries, 1, memory_order_relaxed);
    if (daemon->options->answer_query == NULL) {
        th_daemon_fail(daemon, job, TH_E_VERSION, 0);
        return;
    }
    uint32_t wait_ms = th_desk_put(daemon->desk, &job->message.peer, job->message.unit,
                                   job->decoded.request, &job->decoded.query, job->now.boottime_ms);
    if (wait_ms > 0) {
        th_daemon_drop(daemon, TH_DROP_QUERY);
        th_daemon_fail(daemon, job, TH_E_BUSY, wait_ms);
    }
}
