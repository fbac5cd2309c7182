/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's socket in the folder of a store: who may open it is decided by its mode alone.
 *
 * A connection carries one request and one answer, each behind its size in 4 bytes, big-endian. It
 * is no socket of libzmq: there a process that may open no more files ends at the next connection
 * of this kind, and strangers at the nodes' port can take all of them. Here it waits, and a few
 * descriptors are kept for it.
 *
 * Belongs to one thread. Frames of messages may move to others.
 */
#ifndef TH_SHELL_CONTROL_SERVER_H
#define TH_SHELL_CONTROL_SERVER_H

#include "aggregator/shell/router.h"

#define TH_CONTROL_PATH_MAX        107 /* of a Unix socket */
#define TH_CONTROL_SIZE_SIZE       4   /* in front of a request or an answer */
#define TH_CONTROL_CONNECTIONS_MAX 16  /* more wait to be taken */

struct th_control_server;

/* Only the owner may open it; one that is there from before is replaced. TH_E_LIMIT: the path is
 * too long. TH_E_IO, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_control_server_open(const char *path, struct th_control_server **ret_server);
/* Whoever still reads an answer gets it, for at most two seconds in all. NULL is fine. */
void th_control_server_close(struct th_control_server *server);
/* Takes no new connection; those that are open go on. */
void th_control_server_unbind(struct th_control_server *server);

/* Readable while th_control_server_is_pending(). */
int th_control_server_fd(const struct th_control_server *server);
bool th_control_server_is_pending(struct th_control_server *server);
/* Now and then: a connection that could not be taken, for lack of descriptors, is tried again. */
void th_control_server_retry(struct th_control_server *server);

/* Fills `ret_message` only for TH_ROUTER_MESSAGE. TH_ROUTER_BAD_FRAMES: an empty request, or one
 * that is too large; its connection is closed. TH_ROUTER_NOTHING: none has all come. */
enum th_router_got th_control_server_receive(struct th_control_server *server,
                                             struct th_router_message *ret_message);
/* Copies the payload. TH_ROUTER_FULL: no memory for it. */
enum th_router_sent th_control_server_send(struct th_control_server *server,
                                           const struct th_router_peer *peer,
                                           struct th_bytes payload);

#endif
