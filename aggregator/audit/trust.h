/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a command trusts, and the files that it is shown. Private. */
#ifndef TH_AUDIT_TRUST_H
#define TH_AUDIT_TRUST_H

#include "base/bytes.h"
#include "base/errno_text.h"
#include "proto/tlog/log_keys.h"

#include <stdio.h>

/* A signed note with as many signatures as fit, or a receipt with such a note. */
#define TH_TRUST_FILE_SIZE_MAX ((size_t)256 * 1024)

/*
 * The history of the file, or the one key of a vkey text: one of the two. 0, or the exit code after
 * a complaint. Tells of keys that nobody signed for. Returns owned (free).
 */
int th_trust_read(const char *command, const char *keys_path, const char *log_key, FILE *err,
                  struct th_log_keys **ret_keys);

/* The first key that the key before did not sign for, up to the one that signs `size` leaves of the
 * log `origin`: what it signs holds only for whoever trusts the whole history. NULL: none. */
const struct th_log_key *th_trust_unsigned(const struct th_log_keys *keys, const char *origin,
                                           uint64_t size);

/* A whole file, at most TH_TRUST_FILE_SIZE_MAX bytes. 0, or the exit code after a complaint.
 * Returns owned (free). */
int th_trust_file(const char *command, const char *path, FILE *err, char **ret_text,
                  size_t *ret_size);

/* Complains of a file that th_file_read() did not give, with errno as it left it. The exit code. */
int th_trust_unread(const char *command, const char *path, size_t size_max, int status, FILE *err);

/* What th_file_read() and its like failed with: of TH_E_IO the cause that errno has. */
const char *th_trust_cause(int status, char text[TH_ERRNO_TEXT_SIZE]);

/* Why a checkpoint does not hold, as a sentence of constant text; `status`: of
 * th_log_keys_verify(). */
const char *th_trust_fault(int status);

#endif
