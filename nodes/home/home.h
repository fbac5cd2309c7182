/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's folder: who it is, whom it trusts, which plans it knows.
 *
 *     node.yaml     unit, mode, realm, address, aggregator's CURVE key, log key   (0600)
 *     node.key      Ed25519 seed and CURVE secret, base64, one per line           (0600)
 *     node.pub      for the province to enrol
 *     log-keys.yaml the keys that the log has had since; absent while it has had one
 *     known/        compiled plans and units: plan-<id>.bin, units.bin; replaced by announcements
 *     outbox/       LMDB: reports on their way, receipts, notices
 *
 * Secrets are read only by the commands that sign or connect. Thread rule: one owner.
 */
#ifndef TH_NODES_HOME_H
#define TH_NODES_HOME_H

#include "proto/exchange/server_file.h"
#include "proto/model/plan.h"
#include "proto/model/unit.h"
#include "proto/tlog/log_keys.h"

struct th_home_plan {
    const struct th_plan *plan;
    struct th_digest digest; /* of the compiled bytes */
    struct th_bytes content;
};

struct th_home {
    char folder[4096];
    char unit_code[TH_UNIT_CODE_MAX + 1];
    struct th_server_file server; /* units and plans: see below; realm, log_key: the pinned ones */
    struct th_log_keys log_keys;  /* the pinned key and those after it; the connection adds more */
    struct th_unit_list units;
    struct th_digest units_digest;
    const struct th_unit *unit; /* this node's, in `units` */
    const struct th_home_plan *plans;
    size_t plans_count;
    struct th_arena arena; /* owns all of the above */
};

/* Reads and checks node.yaml and known/. Problems say file, line and what to do. */
TH_MUST_CHECK int th_home_open(const char *folder, struct th_problems *problems,
                               struct th_home *ret_home);
/* The same without decoding plans and units: `plans` has digests only, `units` and `unit` are
 * empty. For the connection, which needs no more. */
TH_MUST_CHECK int th_home_open_bare(const char *folder, struct th_problems *problems,
                                    struct th_home *ret_home);
void th_home_close(struct th_home *home);
/* The name of the log as it is now. Borrows. */
const char *th_home_log(const struct th_home *home);

/* "P" or, with "", the only plan. TH_E_NOT_FOUND, TH_E_AMBIGUOUS. */
TH_MUST_CHECK int th_home_find_plan(const struct th_home *home, const char *id,
                                    const struct th_home_plan **ret_plan);

/* The unit of a code: the one that is valid on the day, else the last of that code. NULL. */
const struct th_unit *th_home_find_unit(const struct th_unit_list *units, const char *code,
                                        th_day today);

/* Borrows; NULL when the node does not know it. */
const struct th_obligation *th_home_find_obligation(const struct th_home *home, const char *plan,
                                                    const char *obligation);

/* "FOLDER/NAME" into `path`. TH_E_LIMIT. */
#define TH_HOME_PATH_SIZE 4352
TH_MUST_CHECK int th_home_path(const char *folder, const char *name, char path[TH_HOME_PATH_SIZE]);

#endif
