/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ZAP handler (RFC 27): libzmq asks it at each CURVE handshake whether the key may connect.
 *
 * Without one libzmq lets everybody in, so it runs before any address is bound, and the daemon
 * tests it (aggregator/shell/self_test.h) before it says that it is ready. Everything but a known
 * key in a known domain is refused. To a message of an admitted peer it adds User-Id, the unit and
 * the suffix of the keyring, and Key, the CURVE key in hex.
 *
 * Runs a thread of its own. Start and stop from one thread.
 */
#ifndef TH_SHELL_ZAP_H
#define TH_SHELL_ZAP_H

#include "aggregator/shell/keyring.h"

#define TH_ZAP_DOMAIN_NODES   "tonghop"
#define TH_ZAP_DOMAIN_VIEWERS "viewer"
#define TH_ZAP_KEY_PROPERTY   "Key"

struct th_zap;

/* At what time a handshake is: called on the handler's thread. */
typedef th_instant th_zap_now(void *context);

/* `zmq_context`, `keyring` and `now_context` outlive it; one for each context. TH_E_NO_MEMORY,
 * TH_E_IO. */
TH_MUST_CHECK int th_zap_start(void *zmq_context, struct th_keyring *keyring, th_zap_now *now,
                               void *now_context, struct th_zap **ret_zap);
void th_zap_stop(struct th_zap *zap);

#endif
