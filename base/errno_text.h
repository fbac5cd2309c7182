/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operating system says, for people: the usual causes in Vietnamese, with the system's own
 * words behind them, as in "không có tệp hoặc thư mục này (No such file or directory)".
 *
 * Thread-safe for different buffers.
 */
#ifndef TH_BASE_ERRNO_TEXT_H
#define TH_BASE_ERRNO_TEXT_H

#define TH_ERRNO_TEXT_SIZE 200

/* `error`: a value of errno. Returns `text`. */
const char *th_errno_text(int error, char text[TH_ERRNO_TEXT_SIZE]);

#endif
