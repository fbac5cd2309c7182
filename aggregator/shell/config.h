/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/config.yaml: how the daemon of a store listens. Written by init; people may edit it.
 *
 *     aggregator: tonghop
 *     format: 1
 *     listen: tcp://127.0.0.1:7411      nodes
 *     publish: tcp://127.0.0.1:7412     who watches
 *     verifiers: 2                      threads that check signatures, 1 to 16
 *     quota_per_second: 200             messages of one unit
 *     quota_burst: 2000
 *     scrub_hours: 24                   from one reading of the whole store to the next; 0: never
 *     http: "127.0.0.1:7480"            the page and its API, on the loopback alone; none: no HTTP
 *     http_host: tonghop.example.vn     what a proxy before it is called
 */
#ifndef TH_SHELL_CONFIG_H
#define TH_SHELL_CONFIG_H

#include "base/problems.h"

#include <stdbool.h>
#include <stdint.h>

#define TH_CONFIG_FILE        "config.yaml"
#define TH_CONFIG_ADDRESS_MAX 200
#define TH_CONFIG_HTTP_MAX    60
/* What to do when another address than the loopback's is given. */
#define TH_CONFIG_HTTP_HINT                                                                        \
    "trang xem không hỏi ai đang xem, nên chỉ mở ở 127.0.0.1, [::1] "                   \
    "hoặc localhost; để xem từ máy khác, đặt máy chủ trung gian có TLS "           \
    "và đăng nhập (docs/OPERATIONS.md)"

struct th_config {
    char listen[TH_CONFIG_ADDRESS_MAX + 1];
    char publish[TH_CONFIG_ADDRESS_MAX + 1];
    unsigned verifiers;
    uint32_t quota_per_second;
    uint32_t quota_burst;
    uint32_t scrub_hours;
    bool has_scrub_rest; /* scrub_rest_ms is there: tests do not wait for minutes */
    uint32_t scrub_rest_ms;
    char http[TH_CONFIG_HTTP_MAX + 1]; /* "": none */
    char http_host[TH_CONFIG_ADDRESS_MAX + 1];
};

/* What init writes when nothing else is said. */
void th_config_default(struct th_config *ret_config);
/* tcp://HOST:PORT with a port of 1 to 65535, or * for any. */
TH_MUST_CHECK int th_config_check_address(const char *address);
TH_MUST_CHECK int th_config_write(const char *path, const struct th_config *config);
/* "none", or HOST:PORT with a host of the loopback and a port of 1 to 65535 or *. TH_E_SYNTAX: no
 * address. TH_E_FORBIDDEN: another host. */
TH_MUST_CHECK int th_config_check_http(const char *address);
/* Every key has to be there, but for those of the scrub and of HTTP. Failures add problems, except
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_config_read(const char *path, struct th_problems *problems,
                                 struct th_config *ret_config);

#endif
