/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks of Linux: the wall clock and CLOCK_BOOTTIME beside it, and a timer of wall time that
 * also fires when somebody sets the clock. The only place that reads them. Thread-safe.
 */
#ifndef TH_SHELL_CLOCK_LINUX_H
#define TH_SHELL_CLOCK_LINUX_H

#include "aggregator/core/core.h"

struct th_reading th_clock_now(void);
/* For spans of time: of CLOCK_MONOTONIC. */
int64_t th_clock_steady_ns(void);

/* Returns an owned descriptor, readable when the instant has come or the clock was set. TH_E_IO. */
TH_MUST_CHECK int th_clock_timer_open(int *ret_fd);
void th_clock_timer_close(int fd);
/* Replaces what was armed; an instant that has passed fires at once. TH_E_IO. */
TH_MUST_CHECK int th_clock_timer_arm(int fd, th_instant wall);
/* Makes the descriptor unreadable again. */
void th_clock_timer_take(int fd);

#endif
