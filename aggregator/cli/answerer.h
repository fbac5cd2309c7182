/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers the daemon's network queries from the read side, at the store's own time.
 *
 * Units and plans are decoded once and again when the store has new ones. Any thread may ask;
 * questions are answered one after the other: one snapshot of the store at a time.
 */
#ifndef TH_AGGREGATOR_CLI_ANSWERER_H
#define TH_AGGREGATOR_CLI_ANSWERER_H

#include "aggregator/query/answer.h"
#include "base/bytes.h"
#include "proto/model/query.h"

#include <pthread.h>

struct th_answerer {
    struct th_store *store; /* borrowed */
    pthread_mutex_t lock;
    struct th_view *view; /* rests between questions; NULL: nobody has asked yet */
    bool has_context;
    struct th_query_context context;
};

void th_answerer_init(struct th_store *store, struct th_answerer *ret_answerer);
void th_answerer_deinit(struct th_answerer *answerer);

/* For th_daemon_options.answer_query; `answerer` is a struct th_answerer. Statuses as
 * th_query_answer(). */
TH_MUST_CHECK int th_answerer_answer(void *answerer, const struct th_query *query,
                                     const char *asker, struct th_arena *arena,
                                     struct th_bytes *ret_json);

/* How the operator asks now: by a rehearsal's clock, else by the wall clock; while that is in
 * doubt, at the time of the last entry. Borrows the store. */
TH_MUST_CHECK int th_answerer_time(struct th_store *store, struct th_view *view,
                                   struct th_query_asking *ret_asking);

#endif
