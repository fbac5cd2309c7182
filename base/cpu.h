/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few loops over many rows have a second form in vector instructions. TH_CPU_WIDE marks such a
 * function, and th_cpu_is_wide() says whether it may be called: x86-64 processors from Ice Lake and
 * Zen 4 on. Elsewhere neither is there, and the plain form, which says what is right, is the only
 * one.
 */
#ifndef TH_BASE_CPU_H
#define TH_BASE_CPU_H

#include <stdbool.h>

#if defined(__x86_64__)

#define TH_CPU_WIDE                                                                                \
    __attribute__((                                                                                \
        target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,pclmul,vpclmulqdq,"      \
               "sse4.1,bmi,bmi2,popcnt")))

/* A few loads: what the processor has was found out when the program started. */
static inline bool th_cpu_is_wide(void)
{
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("bmi2");
}

#endif
#endif
