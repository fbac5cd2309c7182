/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CURVE keys may connect, and for which unit they speak.
 *
 * Filled by the writer when keys are loaded and after each commit that changes them; asked by the
 * ZAP handler at a handshake and by the loop at every message, so a revoked key is refused at its
 * next message although its connection lives on. A revocation has an instant, which may be to come:
 * whoever asks says at what time. Viewers are the same keys for now: who is enrolled may also
 * subscribe, unless barred.
 *
 * Thread-safe: one lock inside, held for one look-up.
 */
#ifndef TH_SHELL_KEYRING_H
#define TH_SHELL_KEYRING_H

#include "proto/model/report.h"
#include "proto/model/unit.h"

#include <stdbool.h>

struct th_keyring;

/* `random`: 8 bytes, from which the suffix of this process is made. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_keyring_new(const uint8_t random[8], struct th_keyring **ret_keyring);
void th_keyring_free(struct th_keyring *keyring);

#define TH_KEYRING_NEVER  ((th_instant){INT64_MAX}) /* not revoked */
#define TH_KEYRING_ALWAYS ((th_instant){INT64_MIN}) /* revoked from the first instant on */

/* Copies. The pair of keys is one enrolment; a later put of it replaces the earlier. It is in force
 * before `revoked_from`. False without memory: a new key is not admitted then; an enrolment that
 * was known always changes. */
bool th_keyring_put(struct th_keyring *keyring, const char *unit,
                    const struct th_sign_key *sign_key, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                    th_instant revoked_from);

/* True and the unit when an enrolment with this key is in force at the instant. */
bool th_keyring_find(struct th_keyring *keyring, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                     th_instant stamp, char ret_unit[TH_UNIT_CODE_MAX + 1]);

/* A key that may not subscribe until then, by CLOCK_MONOTONIC; a key that is not known is passed
 * over. */
void th_keyring_bar(struct th_keyring *keyring, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                    int64_t until_ns);
bool th_keyring_is_barred(struct th_keyring *keyring, const uint8_t curve_key[TH_CURVE_KEY_SIZE],
                          int64_t now_ns);

/* True when an enrolment was in force at `before` and is not at `now`. Looks at every key. */
bool th_keyring_has_ended(struct th_keyring *keyring, th_instant before, th_instant now);

/* How many enrolments are in force. Looks at every key. */
size_t th_keyring_count(struct th_keyring *keyring, th_instant now);

/* ":" and 16 hex digits that only this process knows: what ends every User-Id that its own ZAP
 * handler gave. */
const char *th_keyring_suffix(const struct th_keyring *keyring);

#endif
