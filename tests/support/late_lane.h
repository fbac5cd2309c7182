/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane for the driver (aggregator/driver/ports.h) that is as late as it may be: work that was
 * started is done when somebody waits for it, or when the test says so. So what a second thread
 * makes possible happens on one, the same each time.
 */
#ifndef TH_TESTS_SUPPORT_LATE_LANE_H
#define TH_TESTS_SUPPORT_LATE_LANE_H

#include "aggregator/driver/ports.h"

struct late_lane {
    void (*work)(void *argument); /* NULL: none is under way */
    void *argument;
};

/* Does what is under way, if anything. */
void late_lane_do(struct late_lane *lane);
struct th_lane_port late_lane_port(struct late_lane *lane);

#endif
