/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's question, answered on a verifier's thread from a view of its own. A node may ask about
 * its own unit and those below it.
 */
#include "aggregator/daemon/parts.h"

#include <string.h>

struct climb {
    const char *code;                  /* looked for */
    char parent[TH_UNIT_CODE_MAX + 1]; /* of its latest unit */
    th_day latest;
    bool is_found;
};

static int look_at_unit(void *context, uint32_t number, const struct th_unit *unit)
{
    struct climb *climb = context;
    (void)number;
    if (strcmp(unit->code, climb->code) != 0 ||
        (climb->is_found && unit->valid_from.number < climb->latest.number))
        return 0;
    climb->is_found = true;
    climb->latest = unit->valid_from;
    (void)strncpy(climb->parent, unit->parent_code, TH_UNIT_CODE_MAX);
    climb->parent[TH_UNIT_CODE_MAX] = 0;
    return 0;
}

/* 0 when `code` is `top` or below it; TH_E_FORBIDDEN when it is not. */
static int check_below(struct th_view *view, struct th_arena *arena, struct th_text code,
                       const char *top)
{
    char at[TH_UNIT_CODE_MAX + 1] = "";
    if (code.size > TH_UNIT_CODE_MAX)
        return TH_E_FORBIDDEN;
    memcpy(at, code.bytes, code.size);
    for (unsigned depth = 0; depth <= TH_UNIT_DEPTH_MAX && at[0] != 0; depth++) {
        if (strcmp(at, top) == 0)
            return 0;
        struct climb climb = {.code = at};
        int status = th_view_units(view, arena, look_at_unit, &climb);
        if (status < 0)
            return status;
        memcpy(at, climb.parent, sizeof at);
    }
    return TH_E_FORBIDDEN;
}

static int answer(struct th_daemon *daemon, struct th_job *job, struct th_bytes *ret_json)
{
    const struct th_daemon_options *options = daemon->options;
    struct th_query query = job->decoded.query;
    if (options->answer_query == NULL)
        return TH_E_VERSION;
    if (query.unit.size == 0)
        query.unit = (struct th_text){job->message.unit, strlen(job->message.unit)};
    struct th_view *view = NULL;
    int status = th_view_open(options->store, &view);
    if (status < 0)
        return status;
    status = check_below(view, &job->arena, query.unit, job->message.unit);
    th_view_close(view);
    if (status < 0)
        return status;
    return options->answer_query(options->query_context, &query, &job->arena, ret_json);
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
