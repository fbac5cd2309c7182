/* SPDX-License-Identifier: Apache-2.0 */
/* Setting libzmq options, for the adapters of libzmq only. */
#ifndef TH_SHELL_OPTIONS_H
#define TH_SHELL_OPTIONS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct th_zmq_option {
    int option;
    int value;
};

TH_MUST_CHECK int th_zmq_set_all(void *socket, const struct th_zmq_option *options, size_t count);
/* CURVE server with a ZAP domain that is enforced, limits, heartbeats. TH_E_CONFIG: this libzmq
 * does not know one of them. */
TH_MUST_CHECK int th_zmq_set_server(void *socket, const char *zap_domain,
                                    const uint8_t curve_secret[32]);
/* zmq_bind() with its errno as TH_E_BUSY, TH_E_CONFIG, TH_E_FORBIDDEN, TH_E_IO; gives the address
 * with its port. */
TH_MUST_CHECK int th_zmq_bind(void *socket, const char *address, char *ret_endpoint, size_t size);

#endif
