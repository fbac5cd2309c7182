/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's folder as the operator's write commands see it: they bring acts into it, through the
 * running daemon when it holds the store, otherwise by running the driver here.
 *
 *   DIR/             0700: the store's own files (aggregator/store/folder.h)
 *   DIR/config.yaml  where the daemon listens
 *   DIR/secrets/     keys
 *   DIR/server.yaml  for the units
 *   DIR/control.sock of the running daemon
 */
#ifndef TH_AGGREGATOR_CLI_SITE_H
#define TH_AGGREGATOR_CLI_SITE_H

#include "aggregator/shell/secrets.h"
#include "aggregator/store/store.h"
#include "base/problems.h"
#include "proto/wire/control.h"

#include <jansson.h>
#include <stdio.h>

#define TH_SITE_PATH_SIZE     4096
#define TH_SITE_OPERATOR_SIZE 128
#define TH_SITE_NO_STORE_HINT                                                                      \
    "kiểm tra đường dẫn của kho, hoặc tạo kho bằng tonghop-aggregator init"

struct th_site {
    const char *command; /* for errors */
    const char *folder;
    bool as_json;
    FILE *out;
    FILE *err;
};

/* FOLDER/NAME. TH_E_LIMIT. */
TH_MUST_CHECK int th_site_path(const struct th_site *site, const char *name,
                               char ret_path[TH_SITE_PATH_SIZE]);

/* Whether it can be the name of a log, and stand between quotation marks in every file. */
bool th_site_is_realm(const char *text);

/* Who does it: the user behind sudo, else the user, else the number. Returns `name`. */
char *th_site_operator(char name[TH_SITE_OPERATOR_SIZE]);

/* Whether a process has the store for writing, and which: 0 when that is not known. */
bool th_site_is_owned(const struct th_site *site, long *ret_pid);

/* Prints the problems of a file, or the status when there are none. Returns the exit code. */
int th_site_tell(const struct th_site *site, const struct th_problems *problems, const char *path,
                 int status);

/* Prints JSON and a newline; takes the answer, NULL: there was no memory for it. Returns the exit
 * code. */
int th_site_answer(const struct th_site *site, json_t *answer);

/* These print what is wrong and return an exit code of sysexits(3). */
/* Files are put into a store's folder by its user only (aggregator/store/folder.h). */
int th_site_check_owner(const struct th_site *site);
int th_site_open(const struct th_site *site, enum th_store_access access,
                 struct th_store **ret_store);
int th_site_identity(const struct th_site *site, struct th_store_identity *ret_identity);
int th_site_secrets(const struct th_site *site, const struct th_store_identity *identity,
                    struct th_secrets *ret_secrets);

/*
 * Carries the acts out, in one commit, and fills a result for each. EX_OK when that was done; an
 * act that was refused says so in its result.
 */
int th_site_carry(const struct th_site *site, const struct th_act *acts, size_t acts_count,
                  struct th_act_result *ret_results);
/* One act, whose outcome is asked for: into the arena; size 0 when there was no memory for it. */
int th_site_carry_one(const struct th_site *site, const struct th_act *act, struct th_arena *arena,
                      struct th_act_result *ret_result);
/* The same in a store that is already open here, with the given stamp. TH_E_…. */
TH_MUST_CHECK int th_site_carry_here(struct th_store *store, const struct th_secrets *secrets,
                                     struct th_reading now, const struct th_act *acts,
                                     size_t acts_count, struct th_act_result *ret_results);

#define TH_SITE_TEXT_SIZE 300

/*
 * Says in `ret_text` why an act was refused and in `ret_hint` what to do (NULL: nothing). False:
 * the text of its status says it all.
 */
typedef bool th_site_explain(void *context, size_t act, int status,
                             char ret_text[TH_SITE_TEXT_SIZE], const char **ret_hint);

struct th_site_telling {
    const char *done;         /* what was done to each */
    const char *const *names; /* what each act was about */
    th_site_explain *explain; /* NULL: none */
    void *context;            /* of explain */
    bool handed_out;          /* server.yaml was written anew */
};

/* Prints one line for each result, or JSON. The exit code of the first refusal, EX_OK without. */
int th_site_report(const struct th_site *site, const struct th_site_telling *telling,
                   const struct th_act_result *results, size_t count);

#endif
