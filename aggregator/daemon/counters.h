/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon counts beside the driver: what it dropped and why. Any thread may add. And the
 * lines that tell the operator of it, and of a failure that ends the process.
 */
#ifndef TH_DAEMON_COUNTERS_H
#define TH_DAEMON_COUNTERS_H

#include "aggregator/driver/driver.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/*        name, Vietnamese */
#define TH_DROP_MAP(XX)                                                                            \
    XX(FRAMES, "sai số khung")                                                                     \
    XX(PEER, "không rõ bên gửi")                                                                   \
    XX(REVOKED, "khóa đã thu hồi")                                                                 \
    XX(QUOTA, "gửi quá nhanh")                                                                     \
    XX(QUERY, "hỏi quá nhiều")                                                                     \
    XX(DECODE, "không giải mã được")                                                               \
    XX(SIGNATURE, "sai chữ ký")                                                                    \
    XX(READMISSION, "biên nhận không cho phép nhận lại")                                           \
    XX(UNSENT, "không gửi trả được")

enum th_drop {
#define XX(name, text) TH_DROP_##name,
    TH_DROP_MAP(XX)
#undef XX
        TH_DROP_COUNT
};

struct th_daemon_counters {
    _Atomic uint64_t received;
    _Atomic uint64_t queries;
    _Atomic uint64_t dropped[TH_DROP_COUNT];
    _Atomic uint64_t scrub_passes, scrub_faults; /* of aggregator/daemon/scrubber.h */
};

/* One line: what was received and decided; troubles only when there were any. */
void th_counters_print(const struct th_daemon_counters *counters,
                       const struct th_driver_counters *driver, FILE *log);
/* One line: why the process stops at once, and what to look at. */
void th_counters_print_end(int status, FILE *log);

#endif
