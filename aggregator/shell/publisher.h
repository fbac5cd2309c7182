/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XPUB socket that dashboards and others who watch subscribe to. CURVE, in a ZAP domain of its
 * own. A subscriber that does not read loses publications; that never slows the aggregator.
 *
 * libzmq cannot disconnect one subscriber: when a key is revoked, the socket is opened anew on the
 * same address, and everybody has to connect again, past the ZAP handler. Subscriptions are bounded
 * in size; libzmq keeps any number of them, at some kilobytes each, so they are counted here.
 *
 * Belongs to one thread at a time.
 */
#ifndef TH_SHELL_PUBLISHER_H
#define TH_SHELL_PUBLISHER_H

#include "aggregator/shell/keyring.h"
#include "base/bytes.h"
#include "base/status.h"

#include <stdbool.h>

#define TH_PUBLISHER_TOPICS_MAX 16384 /* of all subscribers together, each topic once */

struct th_publisher;

/* As th_router_open_nodes(). */
TH_MUST_CHECK int th_publisher_open(void *zmq_context, const char *address,
                                    const uint8_t curve_secret[32],
                                    struct th_publisher **ret_publisher);
void th_publisher_close(struct th_publisher *publisher);
const char *th_publisher_endpoint(const struct th_publisher *publisher);
int th_publisher_fd(const struct th_publisher *publisher);

/*
 * Hangs up on all subscribers and listens again where it did: th_publisher_fd() changes, also when
 * this fails. TH_E_BUSY: the address is not free yet, TH_E_IO …: nothing is sent and nobody is
 * let in until a later call succeeds.
 */
TH_MUST_CHECK int th_publisher_reopen(struct th_publisher *publisher);

/* Subscriptions wait to be read: th_publisher_drain() reads them away, so that they take no memory;
 * libzmq has acted on them already. */
bool th_publisher_is_pending(struct th_publisher *publisher);
/* False: there are more than TH_PUBLISHER_TOPICS_MAX, the last one with this key. It is time for
 * th_publisher_reopen(). */
TH_MUST_CHECK bool th_publisher_drain(struct th_publisher *publisher,
                                      uint8_t ret_key[TH_CURVE_KEY_SIZE]);

void th_publisher_send(struct th_publisher *publisher, struct th_bytes topic, struct th_bytes body);

#endif
