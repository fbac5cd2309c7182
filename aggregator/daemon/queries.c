/* SPDX-License-Identifier: Apache-2.0 */
/* A node's question, answered on a verifier's thread. */
#include "aggregator/daemon/parts.h"

static int answer(struct th_daemon *daemon, struct th_job *job, struct th_bytes *ret_json)
{
    const struct th_daemon_options *options = daemon->options;
    if (options->answer_query == NULL)
        return TH_E_VERSION;
    return options->answer_query(options->query_context, &job->decoded.query, job->message.unit,
                                 &job->arena, ret_json);
}

void th_daemon_answer_query(struct th_daemon *daemon, struct th_job *job)
{
    (void)atomic_fetch_add_explicit(&daemon->counters.queries, 1, memory_order_relaxed);
    struct th_to_node message = {.kind = TH_TO_NODE_ANSWER, .request = job->decoded.request};
    int status = answer(daemon, job, &message.body.answer);
    if (status < 0)
        th_daemon_fail(daemon, job, status, 0);
    else
        th_daemon_send(daemon, job, &message);
}
