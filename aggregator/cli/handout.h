/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is given to others, always as the store is now: DIR/server.yaml for the units, and
 * DIR/log-keys.yaml, the history of the log's keys, for who checks receipts.
 */
#ifndef TH_AGGREGATOR_CLI_HANDOUT_H
#define TH_AGGREGATOR_CLI_HANDOUT_H

#include "aggregator/cli/site.h"
#include "proto/model/unit.h"

#define TH_HANDOUT_FILE "server.yaml"

/*
 * Writes both files anew from what the store holds, the public keys, and the addresses that
 * server.yaml had, which are those that units reach; without one, those of config.yaml. Each the
 * whole file or nothing, one command at a time. The store may be open elsewhere, not in this
 * process. Prints what is wrong and returns an exit code.
 */
int th_handout_write(const struct th_site *site);

/* The units of the store as a built list, in the arena. Prints and returns like the above. */
int th_handout_units(const struct th_site *site, struct th_arena *arena,
                     struct th_unit_list *ret_units);

/* Whether the store has a plan of exactly these bytes. Prints nothing. */
bool th_handout_has_plan(const struct th_site *site, struct th_bytes content);

#endif
