/* SPDX-License-Identifier: Apache-2.0 */
/* Checking the file of a receipt or a refusal with nothing but the log's public key. Internal to
 * nodes/cli. */
#ifndef TH_NODES_CLI_VERIFY_H
#define TH_NODES_CLI_VERIFY_H

#include <stdbool.h>
#include <stdio.h>

struct th_verify {
    const char *command;
    const char *path;        /* the receipt, or: */
    bool is_refusal;         /* a refusal; the two never pass for each other */
    const char *server_path; /* server.yaml, or NULL */
    const char *log_key;     /* a vkey, or NULL; not both of the two */
    const char *keys_path;   /* log-keys.yaml, or NULL. Beside one of the two only what that key
                              * signed for is believed of it; alone, and needed then, all of it */
    const char *report_path; /* a form that the receipt has to be for, or NULL; not of a refusal */
    bool as_json;
    FILE *out, *err;
};

/* EX_OK when it holds, EX_DATAERR when it does not, EX_USAGE, EX_NOINPUT, EX_OSERR. */
int th_verify_receipt(const struct th_verify *verify);

#endif
