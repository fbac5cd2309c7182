/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where questions wait: a bounded queue and one thread that answers them, beside the pipeline. So a
 * slow answer holds up other questions only, never a receipt, and at most one snapshot of the store
 * is kept for them. Each unit has a small quota of its own.
 *
 * Thread-safe but for start and free.
 */
#ifndef TH_DAEMON_DESK_H
#define TH_DAEMON_DESK_H

#include "aggregator/daemon/peers.h"
#include "base/arena.h"
#include "proto/model/limits.h"
#include "proto/model/query.h"

#define TH_DESK_PATIENCE_MS 2000 /* what is advised when it is full */

struct th_desk;

/* A question with texts of its own. */
struct th_asked {
    struct th_router_peer peer;
    char unit[TH_UNIT_CODE_MAX + 1]; /* that asks */
    uint64_t request;
    struct th_query query; /* points into the texts below */
    char plan[TH_LIMIT_PLAN_ID_MAX + 1];
    char period[TH_LIMIT_PERIOD_SIZE_MAX + 1];
    char obligation[TH_LIMIT_OBLIGATION_ID_MAX + 1];
    char about[TH_UNIT_CODE_MAX + 1];
    char standing[TH_QUERY_WORD_SIZE_MAX + 1];
    char search[TH_QUERY_SEARCH_SIZE_MAX + 1];
    char parent[TH_UNIT_CODE_MAX + 1];
    char kind[TH_QUERY_WORD_SIZE_MAX + 1];
    char indicators[TH_QUERY_LIST_SIZE_MAX + 1];
    char after[TH_QUERY_WORD_SIZE_MAX + 1];
};

struct th_desk_options {
    size_t asked_max; /* questions that wait */
    struct th_quota quota;
    void *context;
    /* On the desk's thread; the arena is reset afterwards. */
    void (*answer)(void *context, const struct th_asked *asked, struct th_arena *arena);
};

/* Starts the thread. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_desk_start(const struct th_desk_options *options, struct th_desk **ret_desk);
/* Ends the thread after the answer that it is at; what waits is not answered: who asked asks again.
 */
void th_desk_free(struct th_desk *desk);

/* Copies the question. 0, or after how many milliseconds to ask again: the desk is full, or the
 * unit asks too often. */
TH_MUST_CHECK uint32_t th_desk_put(struct th_desk *desk, const struct th_router_peer *peer,
                                   const char *unit, uint64_t request, const struct th_query *query,
                                   int64_t boottime_ms);

#endif
