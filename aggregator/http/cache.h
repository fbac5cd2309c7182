/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last answers, by what was asked, its moment, and how much of the journal was looked at: many
 * who watch one page cost a few answers a second, however many commits there are. Bounded in number
 * and bytes; the oldest goes first.
 *
 * Thread-safe.
 */
#ifndef TH_HTTP_CACHE_H
#define TH_HTTP_CACHE_H

#include "aggregator/http/reply.h"
#include "base/text.h"

struct th_http_cache;

/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_http_cache_new(size_t answers_max, size_t bytes_max,
                                    struct th_http_cache **ret_cache);
void th_http_cache_free(struct th_http_cache *cache);

/* Replaces the reply, holding the body, when there is an answer to this target for the reply's
 * moment ("": any) that looked at `size_min` entries or more, or that never changes. */
bool th_http_cache_get(struct th_http_cache *cache, struct th_text target, bool is_packed,
                       uint64_t size_min, struct th_http_reply *reply);
/* Copies the reply, holding its body; what cannot be kept, and what has no moment, is not. */
void th_http_cache_put(struct th_http_cache *cache, struct th_text target, bool is_packed,
                       const struct th_http_reply *reply);

#endif
