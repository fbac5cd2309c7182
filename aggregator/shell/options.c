/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/options.h"

#include "proto/model/limits.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

/* A draft option: not in the header of 4.3.4, but this is its number, and the library honours it.
 */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

enum { CURVE_OVERHEAD = 64 };

int th_zmq_set_all(void *socket, const struct th_zmq_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof options[i].value) !=
            0)
            return TH_E_CONFIG;
    return 0;
}

int th_zmq_set_server(void *socket, const char *zap_domain, const uint8_t curve_secret[32])
{
    static const struct th_zmq_option options[] = {
        {ZMQ_CURVE_SERVER, 1},      {ZMQ_ZAP_ENFORCE_DOMAIN, 1},    {ZMQ_HANDSHAKE_IVL, 10000},
        {ZMQ_HEARTBEAT_IVL, 15000}, {ZMQ_HEARTBEAT_TIMEOUT, 45000}, {ZMQ_HEARTBEAT_TTL, 60000},
        {ZMQ_TCP_KEEPALIVE, 1},     {ZMQ_TCP_KEEPALIVE_IDLE, 60},   {ZMQ_TCP_KEEPALIVE_INTVL, 15},
        {ZMQ_TCP_KEEPALIVE_CNT, 4}, {ZMQ_TCP_MAXRT, 60000},         {ZMQ_BACKLOG, 1024},
    };
    const int64_t size_max = TH_LIMIT_FRAME_SIZE_MAX + CURVE_OVERHEAD;
    int status = th_zmq_set_all(socket, options, sizeof options / sizeof options[0]);
    if (status < 0)
        return status;
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, curve_secret, 32) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, zap_domain, strlen(zap_domain)) != 0)
        return TH_E_CONFIG;
    return 0;
}

int th_zmq_bind(void *socket, const char *address, char *ret_endpoint, size_t size)
{
    /* Only then: with it, an address of IPv4 would be told as one of IPv6. [::] hears both. */
    const int is_ipv6 = strchr(address, '[') != NULL;
    if (zmq_setsockopt(socket, ZMQ_IPV6, &is_ipv6, sizeof is_ipv6) != 0)
        return TH_E_CONFIG;
    if (zmq_bind(socket, address) != 0) {
        int error = zmq_errno();
        if (error == EADDRINUSE)
            return TH_E_BUSY;
        if (error == EACCES)
            return TH_E_FORBIDDEN;
        return error == EINVAL || error == EPROTONOSUPPORT || error == EADDRNOTAVAIL ||
                       error == ENODEV
                   ? TH_E_CONFIG
                   : TH_E_IO;
    }
    return zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) == 0 ? 0 : TH_E_IO;
}
