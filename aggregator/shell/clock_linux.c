/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/clock_linux.h"

#include "base/assert.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    TH_ASSERT(failed == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct th_reading th_clock_now(void)
{
    return (struct th_reading){.wall = {read_ms(CLOCK_REALTIME)},
                               .boottime_ms = read_ms(CLOCK_BOOTTIME)};
}

int64_t th_clock_steady_ns(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);
    TH_ASSERT(failed == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int th_clock_timer_open(int *ret_fd)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return TH_E_IO;
    *ret_fd = fd;
    return 0;
}

void th_clock_timer_close(int fd)
{
    (void)close(fd);
}

int th_clock_timer_arm(int fd, th_instant wall)
{
    int64_t ms = wall.ms < 1 ? 1 : wall.ms; /* 0 would disarm */
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};
    int failed = timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
    return failed != 0 && errno != ECANCELED ? TH_E_IO : 0;
}

void th_clock_timer_take(int fd)
{
    uint64_t expirations;
    ssize_t size;
    do {
        size = read(fd, &expirations, sizeof expirations);
    } while (size < 0 && (errno == EINTR || errno == ECANCELED));
}
