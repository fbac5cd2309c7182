/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the command `keys`. */
#ifndef TH_AGGREGATOR_CLI_KEYS_H
#define TH_AGGREGATOR_CLI_KEYS_H

#include "aggregator/cli/site.h"

/* argv[0] is "show", "rotate" or "history". */
int th_cli_keys_show(int argc, char **argv, FILE *out, FILE *err);
int th_cli_keys_rotate(int argc, char **argv, FILE *out, FILE *err);
int th_cli_keys_history(int argc, char **argv, FILE *out, FILE *err);

/* The vkey as text. Returns `text`. */
char *th_cli_vkey_text(const struct th_vkey *vkey, char text[TH_NOTE_VKEY_TEXT_MAX + 1]);
/* Whether an earlier copy was put back after this key had begun, so that its entry is lost. */
bool th_cli_key_is_lost(const struct th_log_keys *keys, size_t i);

/*
 * The note in which the log's key names the next one, behind the tree that the store has now.
 * `signer`: the key before. Prints what is wrong and returns an exit code.
 */
int th_cli_succeed(const struct th_site *site, struct th_store *store,
                   const struct th_note_signer *signer, const struct th_vkey *next,
                   char ret_note[TH_SUCCESSION_SIZE_MAX], size_t *ret_size);

#endif
