/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret keys on disk: one file each, 32 bytes as one line of base64, readable by the owner only.
 *
 *   secrets/curve.key      of the connections
 *   secrets/log.key        signs the log
 *   secrets/log.key.next   signs it from the next key's entry on; there only while a rotation or a
 *                          recovery is made
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
/*
 * For a log that gets another key: the folder's curve.key and a new seed for the log. Without a
 * curve.key that is new too, and told: th_secrets_write_curve() comes next. As th_secrets_read().
 */
TH_MUST_CHECK int th_secrets_make_next(const char *folder, const char *realm,
                                       char ret_problem[TH_SECRETS_PROBLEM_SIZE],
                                       struct th_secrets *ret_secrets, bool *ret_is_curve_new);
/* Makes curve.key, and the folder secrets when it is not there. TH_E_EXISTS, TH_E_IO, TH_E_LIMIT.
 */
TH_MUST_CHECK int th_secrets_write_curve(const char *folder, const struct th_secrets *secrets);
/* Makes FOLDER/secrets (0700) with curve.key and log.key (0600). TH_E_EXISTS, TH_E_IO. */
TH_MUST_CHECK int th_secrets_write(const char *folder, const struct th_secrets *secrets);
/*
 * Makes FOLDER/secrets/log.key.next (0600) of the log's seed, before the entry that names its key
 * is committed. Takes the place of one that was left behind, so th_secrets_read() comes first: it
 * knows one that the log has taken. TH_E_IO, TH_E_LIMIT.
 */
TH_MUST_CHECK int th_secrets_write_next(const char *folder, const struct th_secrets *secrets);
/* Keeps the seed of log.key, whatever log it signs, as secrets/log.key.<key id> (0600) as well;
 * the file may be there already. TH_E_NOT_FOUND: no log.key; TH_E_FORBIDDEN, TH_E_IO, TH_E_LIMIT,
 * TH_E_SYNTAX. */
TH_MUST_CHECK int th_secrets_keep(const char *folder, const struct th_vkey *vkey,
                                  char ret_problem[TH_SECRETS_PROBLEM_SIZE]);
/* Removes a log.key.next that no log has taken, if it can: one that stays is replaced some day. */
void th_secrets_drop_next(const char *folder);
/* log.key.next becomes log.key; the one before is gone. After that commit. TH_E_NOT_FOUND, TH_E_IO,
 * TH_E_LIMIT. */
TH_MUST_CHECK int th_secrets_promote(const char *folder);
/*
 * Reads them. `log_key`: the store's current public key. When it is not that of log.key but that of
 * log.key.next, the process ended between a commit and th_secrets_promote(), which is done now.
 * `ret_problem` gets a Vietnamese sentence: which file, what is wrong, what to do. TH_E_NOT_FOUND,
 * TH_E_FORBIDDEN (others may read it, or we may not), TH_E_SYNTAX, TH_E_CONFIG (another log's key),
 * TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_secrets_read(const char *folder, const char *realm,
                                  const uint8_t log_key[TH_NOTE_PUBLIC_KEY_SIZE],
                                  char ret_problem[TH_SECRETS_PROBLEM_SIZE],
                                  struct th_secrets *ret_secrets);
/* Only the log's signer, whatever there is of the connection's key. Failures as th_secrets_read().
 * th_tlog_signer_deinit() when done. */
TH_MUST_CHECK int th_secrets_read_signer(const char *folder, const struct th_vkey *vkey,
                                         char ret_problem[TH_SECRETS_PROBLEM_SIZE],
                                         struct th_note_signer *ret_signer);
void th_secrets_deinit(struct th_secrets *secrets);

/* No core dumps, no ptrace by others, for the rest of the process. */
void th_secrets_forbid_dumps(void);

#endif
