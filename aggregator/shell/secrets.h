/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret keys on disk: one file each, 32 bytes as one line of base64, readable by the owner only.
 *
 * What is read is locked in memory and wiped by th_secrets_deinit(); the process no longer dumps
 * core. Never printed. One owner.
 */
#ifndef TH_SHELL_SECRETS_H
#define TH_SHELL_SECRETS_H

#include "proto/model/report.h"
#include "proto/tlog/note.h"

#define TH_SECRETS_PROBLEM_SIZE 1400

struct th_secrets {
    uint8_t curve_secret[TH_CURVE_KEY_SIZE];
    uint8_t curve_public[TH_CURVE_KEY_SIZE];
    uint8_t log_seed[TH_NOTE_SEED_SIZE];
    struct th_note_signer signer; /* of the realm */
};

/* New random keys, not on disk yet. `realm`: the name of the log key. As th_tlog_signer_init(). */
TH_MUST_CHECK int th_secrets_make(const char *realm, struct th_secrets *ret_secrets);
/* Makes FOLDER/secrets (0700) with curve.key and log.key (0600). TH_E_EXISTS, TH_E_IO. */
TH_MUST_CHECK int th_secrets_write(const char *folder, const struct th_secrets *secrets);
/*
 * Reads them. `ret_problem` gets a Vietnamese sentence: which file, what is wrong, what to do.
 * TH_E_NOT_FOUND, TH_E_FORBIDDEN (others may read it), TH_E_SYNTAX, TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_secrets_read(const char *folder, const char *realm,
                                  char ret_problem[TH_SECRETS_PROBLEM_SIZE],
                                  struct th_secrets *ret_secrets);
void th_secrets_deinit(struct th_secrets *secrets);

/* No core dumps, no ptrace by others, for the rest of the process. */
void th_secrets_forbid_dumps(void);

#endif
