/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions on our own promises, on in every build. Never for input, memory or I/O: those get an
 * error. One condition each, so that the message names what broke.
 */
#ifndef TH_BASE_ASSERT_H
#define TH_BASE_ASSERT_H

/* Prints file, line and condition to standard error and aborts. */
_Noreturn void th_assert_fail(const char *file, int line, const char *condition);

#define TH_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : th_assert_fail(__FILE__, __LINE__, #condition))

#endif
