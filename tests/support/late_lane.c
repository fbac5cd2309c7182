/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/late_lane.h"

#include <criterion/criterion.h>

void late_lane_do(struct late_lane *lane)
{
    void (*work)(void *argument) = lane->work;
    lane->work = NULL;
    if (work != NULL)
        work(lane->argument);
}

static void start(void *context, void (*work)(void *argument), void *argument)
{
    struct late_lane *lane = context;
    cr_assert_null(lane->work, "what was started before has been waited for");
    *lane = (struct late_lane){work, argument};
}

static void wait_for(void *context)
{
    late_lane_do(context);
}

static bool is_busy(void *context)
{
    return ((struct late_lane *)context)->work != NULL;
}

struct th_lane_port late_lane_port(struct late_lane *lane)
{
    return (struct th_lane_port){lane, start, wait_for, is_busy};
}
