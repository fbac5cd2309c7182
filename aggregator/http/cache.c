/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/cache.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_SIZE_MAX = 512 };

struct kept {
    bool is_there, is_packed;
    size_t target_size;
    char target[TARGET_SIZE_MAX];
    struct th_http_reply reply; /* its tag says of which state */
};

struct th_http_cache {
    pthread_mutex_t lock;
    size_t answers_max, bytes_max, bytes, next; /* the place that is used next, the oldest */
    struct kept *places;
};

int th_http_cache_new(size_t answers_max, size_t bytes_max, struct th_http_cache **ret_cache)
{
    TH_ASSERT(answers_max > 0);
    struct th_http_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return TH_E_NO_MEMORY;
    cache->places = calloc(answers_max, sizeof *cache->places);
    if (cache->places == NULL || pthread_mutex_init(&cache->lock, NULL) != 0) {
        free(cache->places);
        free(cache);
        return TH_E_NO_MEMORY;
    }
    cache->answers_max = answers_max;
    cache->bytes_max = bytes_max;
    *ret_cache = cache;
    return 0;
}

static void forget(struct th_http_cache *cache, struct kept *kept)
{
    if (!kept->is_there)
        return;
    cache->bytes -= kept->reply.body->size;
    th_http_reply_deinit(&kept->reply);
    kept->is_there = false;
}

void th_http_cache_free(struct th_http_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->answers_max; i++)
        forget(cache, &cache->places[i]);
    free(cache->places);
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* With the lock. NULL: not there, of whatever state. */
static struct kept *find(struct th_http_cache *cache, struct th_text target, bool is_packed)
{
    for (size_t i = 0; i < cache->answers_max; i++) {
        struct kept *kept = &cache->places[i];
        if (kept->is_there && kept->is_packed == is_packed && kept->target_size == target.size &&
            memcmp(kept->target, target.bytes, target.size) == 0)
            return kept;
    }
    return NULL;
}

bool th_http_cache_get(struct th_http_cache *cache, struct th_text target, bool is_packed,
                       uint64_t size_min, struct th_http_reply *reply)
{
    (void)pthread_mutex_lock(&cache->lock);
    struct kept *kept = find(cache, target, is_packed);
    bool is_found = kept != NULL && (kept->reply.is_fixed || kept->reply.size >= size_min) &&
                    (reply->moment[0] == 0 || strcmp(kept->reply.moment, reply->moment) == 0);
    if (is_found) {
        *reply = kept->reply;
        (void)th_http_body_hold(reply->body);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return is_found;
}

void th_http_cache_put(struct th_http_cache *cache, struct th_text target, bool is_packed,
                       const struct th_http_reply *reply)
{
    if (reply->body == NULL || reply->moment[0] == 0 || target.size > TARGET_SIZE_MAX ||
        reply->body->size > cache->bytes_max / 4)
        return;
    (void)pthread_mutex_lock(&cache->lock);
    struct kept *place = find(cache, target, is_packed);
    if (place == NULL) {
        place = &cache->places[cache->next];
        cache->next = (cache->next + 1) % cache->answers_max;
    }
    forget(cache, place);
    for (size_t i = 0;
         i < cache->answers_max && cache->bytes + reply->body->size > cache->bytes_max; i++)
        forget(cache, &cache->places[(cache->next + i) % cache->answers_max]);
    *place = (struct kept){true, is_packed, target.size, {0}, *reply};
    memcpy(place->target, target.bytes, target.size);
    (void)th_http_body_hold(place->reply.body);
    cache->bytes += reply->body->size;
    (void)pthread_mutex_unlock(&cache->lock);
}
