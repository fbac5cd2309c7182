/* SPDX-License-Identifier: Apache-2.0 */
/* Making a node's folder from the province's server.yaml. No state. */
#ifndef TH_NODES_INIT_H
#define TH_NODES_INIT_H

#include "nodes/home/keys.h"
#include "proto/exchange/server_file.h"

/*
 * Makes the folder (0700) with everything in it; node.yaml is written last, so a folder with it is
 * complete. An empty folder may exist. Each failure adds a problem, except TH_E_NO_MEMORY.
 * TH_E_EXISTS: the folder is not empty; TH_E_NOT_FOUND: no such unit in server.yaml, or no such
 * file; others as th_server_file_read().
 */
TH_MUST_CHECK int th_home_init(const char *folder, const char *unit_code, const char *server_path,
                               struct th_problems *problems);

/* Writes node.pub, for the log and the CURVE key of `server`. TH_E_IO, TH_E_LIMIT. */
TH_MUST_CHECK int th_home_write_public(const char *folder, const char *unit_code,
                                       const struct th_server_file *server,
                                       const struct th_home_keys *keys);

#endif
