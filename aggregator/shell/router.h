/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ROUTER socket that nodes connect to (TCP, CURVE), and what a message is. The operator's
 * socket (control_server.h) gives messages of the same kind.
 *
 * Exactly [routing id][payload] is taken; everything else is read to its end, dropped and told. A
 * payload is never copied: it stays in libzmq's memory until its frame is closed, on any thread.
 * What cannot be sent at once is dropped: a node asks again.
 *
 * A socket belongs to one thread at a time. Frames move between threads with a lock in between.
 */
#ifndef TH_SHELL_ROUTER_H
#define TH_SHELL_ROUTER_H

#include "aggregator/shell/keyring.h"
#include "base/bytes.h"

#define TH_ROUTER_ID_MAX      64
#define TH_ROUTER_ADDRESS_MAX 256
#define TH_ROUTER_HOST_SIZE   48 /* of an IP address as text */

struct th_router;

/* Room for libzmq's zmq_msg_t. */
struct th_router_frame {
    _Alignas(void *) unsigned char message[64];
};

struct th_router_peer {
    uint8_t id[TH_ROUTER_ID_MAX];
    size_t id_size;
};

enum th_router_got {
    TH_ROUTER_NOTHING,
    TH_ROUTER_MESSAGE,
    TH_ROUTER_BAD_FRAMES, /* not two frames, an empty payload, or a routing id that is too long */
    TH_ROUTER_BAD_PEER,   /* no User-Id of this process's ZAP handler */
    TH_ROUTER_REVOKED     /* a message; the key was admitted and is no longer */
};

struct th_router_message {
    struct th_router_frame frame; /* owned by the taker: th_router_frame_close() */
    struct th_bytes payload;      /* borrows the frame: a message stays where it was received */
    struct th_router_peer peer;
    char unit[TH_UNIT_CODE_MAX + 1]; /* "" on the operator's socket, as the two that follow */
    uint8_t key[TH_CURVE_KEY_SIZE];
    char host[TH_ROUTER_HOST_SIZE]; /* the IP address that the connection came from */
};

/*
 * For nodes: CURVE server, fail-closed. The ZAP handler of the context runs already. `address`:
 * tcp://HOST:PORT, port * for any. TH_E_CONFIG: libzmq cannot enforce ZAP, or the address is bad;
 * TH_E_BUSY: the address is taken. TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_router_open_nodes(void *zmq_context, const char *address,
                                       const uint8_t curve_secret[TH_CURVE_KEY_SIZE],
                                       struct th_keyring *keyring, struct th_router **ret_router);
void th_router_close(struct th_router *router);
/* Takes no new connection; those that are open go on. */
void th_router_unbind(struct th_router *router);

/* The address that was bound, with the port. */
const char *th_router_endpoint(const struct th_router *router);
int th_router_fd(const struct th_router *router);
/* True when a message waits. Ask after each use of the socket: the descriptor is edge-triggered. */
bool th_router_is_pending(struct th_router *router);

/* Fills `ret_message` only for TH_ROUTER_MESSAGE and TH_ROUTER_REVOKED, which is said of the key as
 * it is at the stamp. */
enum th_router_got th_router_receive(struct th_router *router, th_instant stamp,
                                     struct th_router_message *ret_message);
/* A key as the ZAP handler wrote it into a message's properties; false for anything else. */
bool th_router_read_key(const char *hex, uint8_t ret_key[TH_CURVE_KEY_SIZE]);

enum th_router_sent {
    TH_ROUTER_SENT,
    TH_ROUTER_FULL, /* dropped: the peer does not read as fast; it is still connected */
    TH_ROUTER_GONE  /* dropped: no such connection any more */
};

enum th_router_sent th_router_send(struct th_router *router, const struct th_router_peer *peer,
                                   struct th_bytes payload);

/* The descriptor that a frame of a message came from: only to look at, as libzmq closes it at any
 * time. Negative: not known. */
int th_router_frame_fd(const struct th_router_frame *frame);
void th_router_frame_close(struct th_router_frame *frame);
/* A frame of bytes from elsewhere: takes them, which were allocated with malloc(). TH_E_NO_MEMORY:
 * they are still the caller's. */
TH_MUST_CHECK int th_router_frame_take(struct th_router_frame *frame, uint8_t *bytes, size_t size,
                                       struct th_bytes *ret_payload);

#endif
