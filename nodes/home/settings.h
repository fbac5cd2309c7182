/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.yaml: which unit this node is and which province it trusts.
 *
 *     node: settings
 *     format: 1
 *     unit: "23734"
 *     mode: rehearsal
 *     realm: tonghop/64/rehearsal
 *     address: tcp://127.0.0.1:7411
 *     publish: tcp://127.0.0.1:7412
 *     curve_key: BASE64
 *     log_key: VKEY
 *
 * Thread-safe; no state.
 */
#ifndef TH_NODES_SETTINGS_H
#define TH_NODES_SETTINGS_H

#include "proto/exchange/server_file.h"
#include "proto/model/unit.h"

/* A new file, mode 0600. TH_E_EXISTS, TH_E_IO, TH_E_LIMIT. */
TH_MUST_CHECK int th_home_settings_write(const char *folder, const char *unit,
                                         const struct th_server_file *server);
/* The same, also in the place of one that is there. TH_E_IO, TH_E_LIMIT. */
TH_MUST_CHECK int th_home_settings_replace(const char *folder, const char *unit,
                                           const struct th_server_file *server);
/* Units and plans of the result are empty. Each failure adds a problem, except TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_home_settings_read(const char *folder, struct th_problems *problems,
                                        char ret_unit[TH_UNIT_CODE_MAX + 1],
                                        struct th_server_file *ret_server);

#endif
