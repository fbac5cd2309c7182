/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/control_client.h"

#include "aggregator/shell/clock_linux.h"
#include "aggregator/shell/control_server.h"
#include "base/big.h"
#include "proto/wire/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KNOCK_MS = 50 };

struct waiting {
    const struct th_control_patience *patience;
    int64_t began_ms;
    bool has_told;
    int fd;
};

static int64_t now_ms(void)
{
    return th_clock_steady_ns() / 1000000;
}

/* At most so long may be waited now; 0: not any more. Tells that it is late when it is. */
static int left_ms(struct waiting *waiting)
{
    const struct th_control_patience *patience = waiting->patience;
    const int64_t spent_ms = now_ms() - waiting->began_ms;
    const bool may_tell = patience->late != NULL && patience->late_ms < patience->timeout_ms;
    if (spent_ms >= patience->timeout_ms)
        return 0;
    if (may_tell && !waiting->has_told && spent_ms < patience->late_ms)
        return (int)(patience->late_ms - spent_ms);
    if (may_tell && !waiting->has_told) {
        waiting->has_told = true;
        patience->late(patience->context);
    }
    return (int)(patience->timeout_ms - spent_ms);
}

/* Again after a signal, as of a terminal that stopped it for a while. */
static int wait_for(struct waiting *waiting, short events)
{
    struct pollfd item = {.fd = waiting->fd, .events = events};
    for (int ms = left_ms(waiting); ms > 0; ms = left_ms(waiting)) {
        int ready = poll(&item, 1, ms);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return TH_E_IO;
    }
    return TH_E_TIMEOUT;
}

/* A daemon that is starting has the store before its socket. */
static int reach(struct waiting *waiting, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    while (connect(waiting->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        if (errno == EACCES)
            return TH_E_FORBIDDEN;
        if (errno != ENOENT && errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR)
            return TH_E_IO;
        int ms = left_ms(waiting);
        if (ms == 0)
            return TH_E_TIMEOUT;
        (void)poll(NULL, 0, ms < KNOCK_MS ? ms : KNOCK_MS);
    }
    return 0;
}

static int write_all(struct waiting *waiting, const uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t sent = send(waiting->fd, bytes + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return TH_E_TIMEOUT; /* it ends, or has never been there */
        int status = wait_for(waiting, POLLOUT);
        if (status < 0)
            return status;
    }
    return 0;
}

static int read_all(struct waiting *waiting, uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        int status = wait_for(waiting, POLLIN);
        if (status < 0)
            return status;
        ssize_t got = recv(waiting->fd, bytes + done, size - done, MSG_DONTWAIT);
        if (got == 0)
            return TH_E_TIMEOUT; /* it ended before it answered */
        if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return errno == ECONNRESET ? TH_E_TIMEOUT : TH_E_IO;
        done += got < 0 ? 0 : (size_t)got;
    }
    return 0;
}

static int ask(struct waiting *waiting, const char *path, struct th_bytes request,
               struct th_arena *arena, struct th_bytes *ret_answer)
{
    uint8_t head[TH_CONTROL_SIZE_SIZE];
    th_big_put(head, sizeof head, request.size);
    int status = reach(waiting, path);
    if (status == 0)
        status = write_all(waiting, head, sizeof head);
    if (status == 0)
        status = write_all(waiting, request.bytes, request.size);
    if (status == 0)
        status = read_all(waiting, head, sizeof head);
    if (status < 0)
        return status;
    size_t size = (size_t)th_big_get(head, sizeof head);
    if (size == 0 || size > TH_CONTROL_FRAME_SIZE_MAX)
        return TH_E_VERSION; /* another program's */
    uint8_t *bytes = th_arena_alloc(arena, size);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    status = read_all(waiting, bytes, size);
    if (status == 0)
        *ret_answer = (struct th_bytes){bytes, size};
    return status;
}

int th_control_ask(const char *path, struct th_bytes request,
                   const struct th_control_patience *patience, struct th_arena *arena,
                   struct th_bytes *ret_answer)
{
    struct waiting waiting = {.patience = patience, .began_ms = now_ms()};
    if (strlen(path) > TH_CONTROL_PATH_MAX || request.size > TH_CONTROL_FRAME_SIZE_MAX)
        return TH_E_LIMIT;
    waiting.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (waiting.fd < 0)
        return errno == EMFILE || errno == ENFILE ? TH_E_NO_MEMORY : TH_E_IO;
    int status = ask(&waiting, path, request, arena, ret_answer);
    (void)close(waiting.fd);
    return status;
}
