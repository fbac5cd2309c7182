/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command of the auditor on a ledger and catches what it says. */
#ifndef TH_TESTS_AUDIT_CASE_H
#define TH_TESTS_AUDIT_CASE_H

#include "aggregator/audit/commands.h"
#include "tests/support/ledger.h"

typedef int audit_command(int argc, char **argv, FILE *out, FILE *err);

/* argv[0] and all other words, ended by NULL. Gives the exit code; what was printed is in
 * audit_out and audit_err until the next run. */
int audit_run(audit_command *command, const char *const *words);
#define AUDIT_RUN(command, ...) audit_run(command, (const char *const[]){__VA_ARGS__, NULL})

extern char *audit_out, *audit_err;
extern size_t audit_out_size;

/* FOLDER/NAME; until 8 calls later. */
const char *audit_path(const char *folder, const char *name);
void audit_write(const char *path, const void *bytes, size_t size);
/* Owned (free). */
char *audit_read(const char *path, size_t *ret_size);

/* The history of the ledger's log keys, as a file. */
void audit_write_keys(struct ledger *ledger, const char *path);
/* The receipt of an entry; in the ledger's arena. */
struct th_bytes audit_receipt(struct ledger *ledger, uint64_t position);
/* The signed checkpoint of the smallest size that is at least this. */
void audit_write_checkpoint(struct ledger *ledger, uint64_t size, const char *path);
/* From one size to the newest. */
void audit_write_proof(struct ledger *ledger, uint64_t old_size, const char *path);

#endif
