/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that does one piece of work at a time, for whoever goes on meanwhile: the driver's lane
 * (aggregator/driver/ports.h).
 */
#ifndef TH_DAEMON_LANE_H
#define TH_DAEMON_LANE_H

#include "aggregator/driver/ports.h"

struct th_lane;

/* `done`: on the lane's thread after each piece of work, when it is no longer busy, before whoever
 * waits for it goes on; NULL: nobody wants to know. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_lane_new(void (*done)(void *context), void *context,
                              struct th_lane **ret_lane);
/* Waits for the work that is under way. NULL is allowed. */
void th_lane_free(struct th_lane *lane);

/* For one driver, which ends before the lane. */
struct th_lane_port th_lane_port(struct th_lane *lane);

#endif
