/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a node trusts. The first key of the log is pinned in node.yaml; those after it are in
 * log-keys.yaml. A key enters when the key before it signed for it, or when an officer vouches with
 * a server.yaml that came from somebody trusted. Nothing else that a server says changes it.
 *
 * Thread rule: one owner of the folder.
 */
#ifndef TH_NODES_TRUST_H
#define TH_NODES_TRUST_H

#include "base/arena.h"
#include "base/problems.h"
#include "nodes/home/home.h"
#include "proto/model/entry.h"

/* The pinned key, and what log-keys.yaml adds when it is there. Each failure adds a problem.
 * TH_E_CONFIG: the file begins with another key; TH_E_IO; or as th_keys_file_read(). */
TH_MUST_CHECK int th_home_open_log_keys(const char *folder, const struct th_vkey *pinned,
                                        struct th_problems *problems, struct th_log_keys *ret_keys);

enum th_home_keys_news {
    TH_HOME_KEYS_SAME,
    TH_HOME_KEYS_ROTATED,   /* another key of the same log */
    TH_HOME_KEYS_RECOVERED, /* another log goes on where the one before was lost */
    TH_HOME_KEYS_UNSIGNED,  /* refused: the key before was lost; an officer has to vouch */
    TH_HOME_KEYS_FORGED     /* refused: the key before has not signed for the next one */
};

/*
 * Takes in the keys that a server names, from the one after ours on. All that are new hold, or none
 * is taken. log-keys.yaml is durable before `keys` changes. TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_home_learn_log_keys(const char *folder, struct th_log_keys *keys,
                                         const struct th_log_key_body *offered, size_t count,
                                         struct th_arena *arena, enum th_home_keys_news *ret_news);

/* What trusting another server.yaml would change. */
struct th_home_trust {
    struct th_server_file server; /* the new one; in the home's arena */
    bool has_new_address, has_new_curve_key, has_new_log_key, has_new_log;
};

/*
 * Compares, changes nothing. Each failure adds a problem, except TH_E_NO_MEMORY. TH_E_INVALID: of
 * the other mode, a key or log that was left behind, or without this node's unit; or as
 * th_server_file_read().
 */
TH_MUST_CHECK int th_home_compare_server(struct th_home *home, const char *server_path,
                                         struct th_problems *problems,
                                         struct th_home_trust *ret_trust);
/*
 * Carries it out: log-keys.yaml (the new key vouched for; of the same log, from `held` leaves on,
 * the size of the longest log that a receipt of this node shows), node.pub, node.yaml; each whole,
 * in that order, so that a crash between is mended by doing it again. A key of another log signs
 * that log from its beginning: how much of the earlier one it has is not known here, and does not
 * matter, since no receipt of the earlier one bears its name. TH_E_IO, TH_E_LIMIT, TH_E_RANGE,
 * TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_home_trust_server(struct th_home *home, const struct th_home_trust *trust,
                                       uint64_t held, struct th_problems *problems);

#endif
