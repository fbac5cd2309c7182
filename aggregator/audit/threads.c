/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "aggregator/audit/threads.h"

#include "aggregator/audit/ahead.h"
#include "base/options.h"
#include "proto/tlog/checkpoint.h"

#include <sched.h>
#include <string.h>

static unsigned processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    if (count < 1)
        return 1;
    return count > TH_AHEAD_THREADS_MAX ? TH_AHEAD_THREADS_MAX : (unsigned)count;
}

bool th_threads_read(const char *command, const char *text, FILE *err, unsigned *ret_threads)
{
    uint64_t threads;
    if (text == NULL) {
        *ret_threads = processors();
        return true;
    }
    if (th_tlog_decimal_decode(text, strlen(text), &threads) != 0 || threads < 1 ||
        threads > TH_AHEAD_THREADS_MAX) {
        th_cli_complain(err, command, "từ 1 tới 16", "--threads: số không đúng: “%s”", text);
        return false;
    }
    *ret_threads = (unsigned)threads;
    return true;
}
