/* SPDX-License-Identifier: Apache-2.0 */
/* A disk on which no flush succeeds any more, for the whole process and the libraries in it. */
#ifndef TH_TESTS_SUPPORT_FAILING_DISK_H
#define TH_TESTS_SUPPORT_FAILING_DISK_H

#include <stdbool.h>

extern bool th_disk_is_failing;

#endif
