/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the door shut? Connects to a bound address with a key that nobody knows, which must be
 * refused, and with one that is known for the length of the test, which must be admitted.
 */
#ifndef TH_SHELL_SELF_TEST_H
#define TH_SHELL_SELF_TEST_H

#include "aggregator/shell/keyring.h"

/*
 * `endpoint`: as it was bound; an address of all interfaces is tried on the loopback one. Takes up
 * to six seconds when something is wrong. TH_E_FORBIDDEN: an unknown key got in, or a known one did
 * not: do not serve. TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_self_test(void *zmq_context, const char *endpoint, bool is_publisher,
                               const uint8_t server_key[TH_CURVE_KEY_SIZE],
                               struct th_keyring *keyring);

#endif
