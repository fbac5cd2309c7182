/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/keyring.h"

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
    th_instant revoked_from;
    int64_t barred_until_ns; /* from subscribing */
};

struct th_keyring {
    pthread_mutex_t lock;
    char suffix[18];
    struct enrolment *buckets[BUCKETS];
};

int th_keyring_new(const uint8_t random[8], struct th_keyring **ret_keyring)
{
    struct th_keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&keyring->lock, NULL) != 0) {
        free(keyring);
        return TH_E_NO_MEMORY;
    }
    keyring->suffix[0] = ':';
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(keyring->suffix + 1 + 2 * i, 3, "%02x", random[i]);
    *ret_keyring = keyring;
    return 0;
}

void th_keyring_free(struct th_keyring *keyring)
{
    if (keyring == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct enrolment *at = keyring->buckets[i]; at != NULL;) {
            struct enrolment *next = at->next;
            free(at);
            at = next;
        }
    }
    (void)pthread_mutex_destroy(&keyring->lock);
    free(keyring);
}

static struct enrolment **bucket_of(struct th_keyring *keyring, const uint8_t *curve_key)
{
    return &keyring->buckets[((size_t)curve_key[0] << 8 | curve_key[1]) & (BUCKETS - 1)];
}

static struct enrolment *find_pair(struct enrolment *at, const struct th_sign_key *sign_key,
                                   const uint8_t *curve_key)
{
    while (at != NULL && (memcmp(at->curve_key, curve_key, TH_CURVE_KEY_SIZE) != 0 ||
                          memcmp(&at->sign_key, sign_key, sizeof *sign_key) != 0))
        at = at->next;
    return at;
}

bool th_keyring_put(struct th_keyring *keyring, const char *unit,
                    const struct th_sign_key *sign_key, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                    th_instant revoked_from)
{
    TH_ASSERT(strlen(unit) <= TH_UNIT_CODE_MAX);
    (void)pthread_mutex_lock(&keyring->lock);
    struct enrolment **bucket = bucket_of(keyring, curve_key);
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
        at->revoked_from = revoked_from;
    }
    (void)pthread_mutex_unlock(&keyring->lock);
    return at != NULL;
}

bool th_keyring_find(struct th_keyring *keyring, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                     th_instant stamp, char ret_unit[TH_UNIT_CODE_MAX + 1])
{
    (void)pthread_mutex_lock(&keyring->lock);
    struct enrolment *at = *bucket_of(keyring, curve_key);
    while (at != NULL && (stamp.ms >= at->revoked_from.ms ||
                          memcmp(at->curve_key, curve_key, TH_CURVE_KEY_SIZE) != 0))
        at = at->next;
    if (at != NULL)
        memcpy(ret_unit, at->unit, sizeof at->unit);
    (void)pthread_mutex_unlock(&keyring->lock);
    return at != NULL;
}

void th_keyring_bar(struct th_keyring *keyring, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                    int64_t until_ns)
{
    (void)pthread_mutex_lock(&keyring->lock);
    for (struct enrolment *at = *bucket_of(keyring, curve_key); at != NULL; at = at->next)
        if (memcmp(at->curve_key, curve_key, TH_CURVE_KEY_SIZE) == 0)
            at->barred_until_ns = until_ns;
    (void)pthread_mutex_unlock(&keyring->lock);
}

bool th_keyring_is_barred(struct th_keyring *keyring, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                          int64_t now_ns)
{
    bool is_barred = false;
    (void)pthread_mutex_lock(&keyring->lock);
    for (struct enrolment *at = *bucket_of(keyring, curve_key); at != NULL; at = at->next)
        is_barred = is_barred || (now_ns < at->barred_until_ns &&
                                  memcmp(at->curve_key, curve_key, TH_CURVE_KEY_SIZE) == 0);
    (void)pthread_mutex_unlock(&keyring->lock);
    return is_barred;
}

bool th_keyring_has_ended(struct th_keyring *keyring, th_instant before, th_instant now)
{
    bool has_ended = false;
    (void)pthread_mutex_lock(&keyring->lock);
    for (size_t i = 0; i < BUCKETS && !has_ended; i++)
        for (const struct enrolment *at = keyring->buckets[i]; at != NULL && !has_ended;
             at = at->next)
            has_ended = before.ms < at->revoked_from.ms && at->revoked_from.ms <= now.ms;
    (void)pthread_mutex_unlock(&keyring->lock);
    return has_ended;
}

size_t th_keyring_count(struct th_keyring *keyring, th_instant now)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&keyring->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct enrolment *at = keyring->buckets[i]; at != NULL; at = at->next)
            count += now.ms < at->revoked_from.ms;
    (void)pthread_mutex_unlock(&keyring->lock);
    return count;
}

const char *th_keyring_suffix(const struct th_keyring *keyring)
{
    return keyring->suffix;
}
