/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log-keys.yaml: the history of the log's keys (proto/tlog/log_keys.h), public, for whoever checks
 * receipts and checkpoints without the province's server. Trust begins with the first key: it has
 * to come from somebody who is trusted; each later one is signed for by the key before it, or says
 * that this key was lost.
 *
 *     log_keys: tonghop
 *     format: 1
 *     keys:
 *       - vkey: tonghop/64/live+1a2b3c4d+AQ…
 *         after: 0
 *       - vkey: …
 *         after: 1234                     it signs the trees of more leaves than this
 *         succession: BASE64              the note of the key before; absent when that was lost
 *
 * Thread-safe; no state.
 */
#ifndef TH_EXCHANGE_KEYS_FILE_H
#define TH_EXCHANGE_KEYS_FILE_H

#include "base/problems.h"
#include "proto/tlog/log_keys.h"

#include <stdio.h>

#define TH_KEYS_FILE          "log-keys.yaml"
#define TH_KEYS_FILE_SIZE_MAX ((size_t)128 * 1024)

/* The text of the file. TH_E_TEXT: a name with a quotation mark or a backslash. TH_E_NO_MEMORY,
 * TH_E_IO; look at ferror(), too. */
TH_MUST_CHECK int th_keys_file_print(FILE *out, const struct th_log_keys *keys);
/* Writes the whole file or nothing: a temporary file beside it, fsync, rename. TH_E_IO,
 * and as above. */
TH_MUST_CHECK int th_keys_file_write(const char *path, const struct th_log_keys *keys);
/*
 * Reads and verifies every succession. Each failure adds a problem that says where and what to do;
 * TH_E_SIGNATURE: a succession that does not hold. `ret_keys` is large: not on a small stack.
 */
TH_MUST_CHECK int th_keys_file_read(const char *path, struct th_problems *problems,
                                    struct th_log_keys *ret_keys);

#endif
