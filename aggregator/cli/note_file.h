/* SPDX-License-Identifier: Apache-2.0 */
/* Files that carry a checkpoint of the log: a signed note, a cosigned one, or a receipt. */
#ifndef TH_AGGREGATOR_CLI_NOTE_FILE_H
#define TH_AGGREGATOR_CLI_NOTE_FILE_H

#include "aggregator/cli/site.h"

#define TH_NOTE_FILE_MAX ((size_t)64 * 1024)

struct th_note_file {
    char *text; /* owned; the whole file */
    size_t text_size;
    const char *note; /* the signed note in it */
    size_t note_size;
    struct th_checkpoint checkpoint; /* what the note says, when its signature was checked */
};

/* Finds the note; its signature is not checked, and `checkpoint` is only what it claims.
 * TH_E_NOT_FOUND, TH_E_IO, TH_E_LIMIT, TH_E_NO_MEMORY, or as the parsers. */
TH_MUST_CHECK int th_note_file_open(const char *path, struct th_note_file *ret_file);
void th_note_file_close(struct th_note_file *file);

/* Opens and verifies with the keys. Prints what is wrong and returns an exit code. */
int th_note_file_read(const struct th_site *site, const char *path, const struct th_log_keys *keys,
                      struct th_note_file *ret_file);

/* The checkpoints in DIR/witness: calls `fn` for each file that can be read as one, whoever signed
 * it. `name` and the file live for the call. No folder is no failure. TH_E_IO. */
typedef int th_witness_fn(void *context, const char *name, const struct th_note_file *file);
TH_MUST_CHECK int th_witness_files(const struct th_site *site, th_witness_fn *fn, void *context);

#endif
