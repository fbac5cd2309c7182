/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/self_test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define PATIENCE_MS 3000

enum outcome { ADMITTED, REFUSED, SILENT };

/* tcp://0.0.0.0:N and tcp://[::]:N listen everywhere: the loopback address of IPv4, which each
 * machine has, reaches both. */
static void reachable(const char *endpoint, char *address, size_t size)
{
    const char *port = strrchr(endpoint, ':');
    if (port != NULL &&
        (strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0 || strncmp(endpoint, "tcp://[::]:", 11) == 0))
        (void)snprintf(address, size, "tcp://127.0.0.1%s", port);
    else
        (void)snprintf(address, size, "%s", endpoint);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads the monitor's events until one says how the handshake ended. */
static enum outcome watch(void *monitor)
{
    int64_t until = now_ms() + PATIENCE_MS;
    for (int64_t left = PATIENCE_MS; left > 0; left = until - now_ms()) {
        zmq_pollitem_t item = {monitor, 0, ZMQ_POLLIN, 0};
        if (zmq_poll(&item, 1, (long)left) <= 0)
            continue;
        uint8_t event[6];
        char address[256];
        if (zmq_recv(monitor, event, sizeof event, 0) != (int)sizeof event ||
            zmq_recv(monitor, address, sizeof address, 0) < 0)
            return SILENT;
        uint16_t number;
        memcpy(&number, event, sizeof number);
        if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return ADMITTED;
        if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            return REFUSED;
    }
    return SILENT;
}

static int prepare(void *socket, const char *monitor, const uint8_t server_key[32],
                   const uint8_t public_key[32], const uint8_t secret_key[32])
{
    const int linger = 0, is_ipv6 = 1; /* takes addresses of both */
    int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    if (zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_setsockopt(socket, ZMQ_IPV6, &is_ipv6, sizeof is_ipv6) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, 32) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, 32) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, 32) != 0 ||
        zmq_socket_monitor(socket, monitor, events) != 0)
        return TH_E_IO;
    return 0;
}

static int try_key(void *zmq_context, const char *endpoint, bool is_publisher,
                   const uint8_t server_key[32], const uint8_t public_key[32],
                   const uint8_t secret_key[32], bool is_known, enum outcome *ret_outcome)
{
    char address[300];
    char watched[64];
    /* Its own name for each socket: the last one's may not be gone yet. */
    (void)snprintf(watched, sizeof watched, "inproc://tonghop-self-test-%02x%02x%02x%02x-%d",
                   public_key[0], public_key[1], public_key[2], public_key[3], is_known);
    reachable(endpoint, address, sizeof address);
    void *socket = zmq_socket(zmq_context, is_publisher ? ZMQ_SUB : ZMQ_DEALER);
    void *monitor = zmq_socket(zmq_context, ZMQ_PAIR);
    int status = socket == NULL || monitor == NULL
                     ? TH_E_IO
                     : prepare(socket, watched, server_key, public_key, secret_key);
    if (status == 0 && (zmq_connect(monitor, watched) != 0 || zmq_connect(socket, address) != 0))
        status = TH_E_IO;
    if (status == 0)
        *ret_outcome = watch(monitor);
    if (socket != NULL) {
        (void)zmq_socket_monitor(socket, NULL, 0);
        (void)zmq_close(socket);
    }
    if (monitor != NULL)
        (void)zmq_close(monitor);
    return status;
}

int th_self_test(void *zmq_context, const char *endpoint, bool is_publisher,
                 const uint8_t server_key[TH_CURVE_KEY_SIZE], struct th_keyring *keyring)
{
    /* The empty code is no unit's: a message under it is not taken. */
    struct th_sign_key no_sign_key = {{0}};
    uint8_t public_key[32];
    uint8_t secret_key[32];
    enum outcome unknown = SILENT;
    enum outcome known = SILENT;
    (void)crypto_box_keypair(public_key, secret_key);
    int status = try_key(zmq_context, endpoint, is_publisher, server_key, public_key, secret_key,
                         false, &unknown);
    if (status == 0 && !th_keyring_put(keyring, "", &no_sign_key, public_key, TH_KEYRING_NEVER))
        status = TH_E_NO_MEMORY;
    if (status == 0)
        status = try_key(zmq_context, endpoint, is_publisher, server_key, public_key, secret_key,
                         true, &known);
    (void)th_keyring_put(keyring, "", &no_sign_key, public_key, TH_KEYRING_ALWAYS);
    sodium_memzero(secret_key, sizeof secret_key);
    if (status < 0)
        return status;
    return unknown == REFUSED && known == ADMITTED ? 0 : TH_E_FORBIDDEN;
}
