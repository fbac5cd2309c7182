/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operating system says, for people: the usual causes in Vietnamese, with the system's own
 * words behind them, as in "không có tệp hoặc thư mục này (No such file or directory)".
 *
 * Thread-safe for different buffers.
 */
#ifndef TH_BASE_ERRNO_TEXT_H
#define TH_BASE_ERRNO_TEXT_H

#include "base/status.h"

#define TH_ERRNO_TEXT_SIZE 200

/* `error`: a value of errno. Returns `text`. */
const char *th_errno_text(int error, char text[TH_ERRNO_TEXT_SIZE]);

/* What it is among our failures, so that nobody is sent to look at a sound disk: TH_E_NOT_FOUND,
 * TH_E_FORBIDDEN, TH_E_INVALID (a folder), TH_E_STORAGE (no room), TH_E_NO_MEMORY; the rest is
 * TH_E_IO. */
TH_MUST_CHECK int th_errno_status(int error);

#endif
