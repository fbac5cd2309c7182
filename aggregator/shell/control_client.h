/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the operator's socket: one request, one answer. */
#ifndef TH_SHELL_CONTROL_CLIENT_H
#define TH_SHELL_CONTROL_CLIENT_H

#include "base/arena.h"
#include "base/bytes.h"

/* How long to wait, and whom to tell, once, that the answer is late. */
struct th_control_patience {
    int timeout_ms;
    int late_ms;
    void (*late)(void *context); /* NULL: nobody */
    void *context;
};

/* `path`: of the Unix socket. Into the arena. TH_E_LIMIT: the path is too long; TH_E_TIMEOUT: no
 * answer, what became of the request is not known; TH_E_IO, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_control_ask(const char *path, struct th_bytes request,
                                 const struct th_control_patience *patience, struct th_arena *arena,
                                 struct th_bytes *ret_answer);

#endif
