/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/registry.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096 /* a power of two */

struct enrolment {
    struct enrolment *next;
    char unit[TH_UNIT_CODE_MAX + 1];
    struct th_sign_key sign_key;
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
    bool is_revoked;
};

struct th_registry {
    pthread_mutex_t lock;
    char suffix[18];
    struct enrolment *buckets[BUCKETS];
};

int th_registry_new(const uint8_t random[8], struct th_registry **ret_registry)
{
    struct th_registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&registry->lock, NULL) != 0) {
        free(registry);
        return TH_E_NO_MEMORY;
    }
    registry->suffix[0] = ':';
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(registry->suffix + 1 + 2 * i, 3, "%02x", random[i]);
    *ret_registry = registry;
    return 0;
}

void th_registry_free(struct th_registry *registry)
{
    if (registry == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct enrolment *at = registry->buckets[i]; at != NULL;) {
            struct enrolment *next = at->next;
            free(at);
            at = next;
        }
    }
    (void)pthread_mutex_destroy(&registry->lock);
    free(registry);
}

static struct enrolment **bucket_of(struct th_registry *registry, const uint8_t *curve_key)
{
    return &registry->buckets[((size_t)curve_key[0] << 8 | curve_key[1]) & (BUCKETS - 1)];
}

static struct enrolment *find_pair(struct enrolment *at, const struct th_sign_key *sign_key,
                                   const uint8_t *curve_key)
{
    while (at != NULL && (memcmp(at->curve_key, curve_key, TH_CURVE_KEY_SIZE) != 0 ||
                          memcmp(&at->sign_key, sign_key, sizeof *sign_key) != 0))
        at = at->next;
    return at;
}

bool th_registry_put(struct th_registry *registry, const char *unit,
                     const struct th_sign_key *sign_key, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                     bool is_revoked)
{
    TH_ASSERT(strlen(unit) <= TH_UNIT_CODE_MAX);
    (void)pthread_mutex_lock(&registry->lock);
    struct enrolment **bucket = bucket_of(registry, curve_key);
    struct enrolment *at = find_pair(*bucket, sign_key, curve_key);
    if (at == NULL) {
        at = calloc(1, sizeof *at);
        if (at != NULL) {
            at->next = *bucket;
            at->sign_key = *sign_key;
            memcpy(at->curve_key, curve_key, TH_CURVE_KEY_SIZE);
            *bucket = at;
        }
    }
    if (at != NULL) {
        memcpy(at->unit, unit, strlen(unit) + 1);
        at->is_revoked = is_revoked;
    }
    (void)pthread_mutex_unlock(&registry->lock);
    return at != NULL;
}

bool th_registry_find(struct th_registry *registry, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                      char ret_unit[TH_UNIT_CODE_MAX + 1])
{
    (void)pthread_mutex_lock(&registry->lock);
    struct enrolment *at = *bucket_of(registry, curve_key);
    while (at != NULL &&
           (at->is_revoked || memcmp(at->curve_key, curve_key, TH_CURVE_KEY_SIZE) != 0))
        at = at->next;
    if (at != NULL)
        memcpy(ret_unit, at->unit, sizeof at->unit);
    (void)pthread_mutex_unlock(&registry->lock);
    return at != NULL;
}

const char *th_registry_suffix(const struct th_registry *registry)
{
    return registry->suffix;
}
