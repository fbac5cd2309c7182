/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <stddef.h>

struct row {
    int status;
    const char *wire_name;
    enum th_retry retry;
    int http_code;
    int exit_code;
    const char *text;
};

static const struct row rows[] = {{TH_OK, "ok", TH_RETRY_NEVER, 200, 0, "được"},
#define XX(code, number, wire, retry, http, exit, text)                                            \
    {TH_E_##code, wire, TH_RETRY_##retry, http, exit, text},
                                  TH_STATUS_MAP(XX)
#undef XX
};

static const struct row *find(int status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return &rows[i];
    return find(TH_E_INVALID);
}

const char *th_status_wire_name(int status)
{
    return find(status)->wire_name;
}

const char *th_status_text(int status)
{
    return find(status)->text;
}

int th_status_exit_code(int status)
{
    return find(status)->exit_code;
}

int th_status_http_code(int status)
{
    return find(status)->http_code;
}

enum th_retry th_status_retry(int status)
{
    return find(status)->retry;
}
