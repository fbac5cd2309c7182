/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* accept4 */
#include "aggregator/shell/control_server.h"

#include "aggregator/shell/clock_linux.h"
#include "base/assert.h"
#include "base/big.h"
#include "proto/wire/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    SPARES = 4, /* others may be faster to take what is given back */
    BACKLOG = 64,
    PATIENCE_MS = 2000
};

struct connection {
    int fd; /* -1: this place is free */
    uint64_t number;
    uint8_t head[TH_CONTROL_SIZE_SIZE];
    size_t head_size;
    uint8_t *bytes; /* of the request while it comes, later of the answer */
    size_t size;
    size_t done;
    bool is_asked; /* the request has gone on */
};

struct th_control_server {
    int listen_fd;
    int epoll_fd;
    int spares[SPARES];
    bool is_listening; /* watched for connections */
    uint64_t numbers;
    struct connection connections[TH_CONTROL_CONNECTIONS_MAX];
};

/* ---- descriptors ---- */

static void keep_spares(struct th_control_server *server)
{
    for (size_t i = 0; i < SPARES; i++)
        if (server->spares[i] < 0)
            server->spares[i] = fcntl(server->epoll_fd, F_DUPFD_CLOEXEC, 0);
}

static bool give_spare(struct th_control_server *server)
{
    for (size_t i = 0; i < SPARES; i++) {
        if (server->spares[i] < 0)
            continue;
        (void)close(server->spares[i]);
        server->spares[i] = -1;
        return true;
    }
    return false;
}

static int accept_one(struct th_control_server *server)
{
    for (;;) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || !give_spare(server))
            return fd;
    }
}

/* What is not taken waits in the kernel, and would keep the loop awake. */
static void listen_to_port(struct th_control_server *server, bool is_wanted)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (server->listen_fd >= 0 && server->is_listening != is_wanted &&
        epoll_ctl(server->epoll_fd, is_wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, server->listen_fd,
                  &event) == 0)
        server->is_listening = is_wanted;
}

static int watch(struct th_control_server *server, struct connection *connection, int op,
                 uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    return epoll_ctl(server->epoll_fd, op, connection->fd, &event);
}

static void drop(struct th_control_server *server, struct connection *connection)
{
    (void)close(connection->fd);
    free(connection->bytes);
    *connection = (struct connection){.fd = -1};
    keep_spares(server);
    listen_to_port(server, true);
}

/* ---- opening ---- */

static int bind_socket(struct th_control_server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _Static_assert(TH_CONTROL_PATH_MAX < sizeof address.sun_path, "a path has its NUL");
    memcpy(address.sun_path, path, strlen(path) + 1);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listen_fd < 0 || (unlink(path) != 0 && errno != ENOENT))
        return TH_E_IO;
    /* Created with its mode: nobody else can open it in between. */
    mode_t before = umask(0177);
    int failed = bind(server->listen_fd, (struct sockaddr *)&address, sizeof address);
    (void)umask(before);
    return failed != 0 || listen(server->listen_fd, BACKLOG) != 0 ? TH_E_IO : 0;
}

int th_control_server_open(const char *path, struct th_control_server **ret_server)
{
    if (strlen(path) > TH_CONTROL_PATH_MAX)
        return TH_E_LIMIT;
    struct th_control_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < SPARES; i++)
        server->spares[i] = -1;
    for (size_t i = 0; i < TH_CONTROL_CONNECTIONS_MAX; i++)
        server->connections[i].fd = -1;
    server->listen_fd = -1;
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int status = server->epoll_fd < 0 ? TH_E_IO : bind_socket(server, path);
    if (status == 0) {
        keep_spares(server);
        listen_to_port(server, true);
        status = server->is_listening ? 0 : TH_E_IO;
    }
    if (status < 0) {
        th_control_server_close(server);
        return status;
    }
    *ret_server = server;
    return 0;
}

int th_control_server_fd(const struct th_control_server *server)
{
    return server->epoll_fd;
}

bool th_control_server_is_pending(struct th_control_server *server)
{
    struct pollfd waiting = {.fd = server->epoll_fd, .events = POLLIN};
    return poll(&waiting, 1, 0) > 0;
}

void th_control_server_retry(struct th_control_server *server)
{
    keep_spares(server);
    listen_to_port(server, true);
}

/* ---- receiving ---- */

static void take_connection(struct th_control_server *server)
{
    struct connection *connection = server->connections;
    while (connection < server->connections + TH_CONTROL_CONNECTIONS_MAX && connection->fd >= 0)
        connection++;
    if (connection == server->connections + TH_CONTROL_CONNECTIONS_MAX) {
        listen_to_port(server, false); /* until one of them ends */
        return;
    }
    int fd = accept_one(server);
    if (fd < 0) {
        bool is_later = errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
        listen_to_port(server, !is_later);
        return;
    }
    *connection = (struct connection){.fd = fd, .number = ++server->numbers};
    if (watch(server, connection, EPOLL_CTL_ADD, EPOLLIN) != 0)
        drop(server, connection);
}

/* 1: all is there; 0: not yet; negative: it is over. */
static int read_on(struct connection *connection, uint8_t *bytes, size_t size, size_t *done)
{
    while (*done < size) {
        ssize_t got = recv(connection->fd, bytes + *done, size - *done, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        if (got <= 0)
            return -1;
        *done += (size_t)got;
    }
    return 1;
}

static bool make_room(struct connection *connection)
{
    uint64_t size = th_big_get(connection->head, TH_CONTROL_SIZE_SIZE);
    if (size == 0 || size > TH_CONTROL_FRAME_SIZE_MAX)
        return false;
    connection->bytes = malloc(size);
    connection->size = size;
    return connection->bytes != NULL;
}

static enum th_router_got read_request(struct th_control_server *server,
                                       struct connection *connection,
                                       struct th_router_message *ret_message)
{
    int got = read_on(connection, connection->head, TH_CONTROL_SIZE_SIZE, &connection->head_size);
    if (got > 0 && connection->bytes == NULL && !make_room(connection)) {
        drop(server, connection);
        return TH_ROUTER_BAD_FRAMES;
    }
    if (got > 0)
        got = read_on(connection, connection->bytes, connection->size, &connection->done);
    struct th_router_message message = {.unit = ""};
    if (got < 0 || (got > 0 && watch(server, connection, EPOLL_CTL_MOD, 0) != 0))
        drop(server, connection);
    if (got <= 0 || connection->fd < 0)
        return TH_ROUTER_NOTHING;
    message.peer.id_size = sizeof connection->number;
    memcpy(message.peer.id, &connection->number, sizeof connection->number);
    *ret_message = message;
    int status = th_router_frame_take(&ret_message->frame, connection->bytes, connection->size,
                                      &ret_message->payload);
    if (status < 0) {
        drop(server, connection);
        return TH_ROUTER_NOTHING;
    }
    connection->bytes = NULL;
    connection->is_asked = true;
    return TH_ROUTER_MESSAGE;
}

/* ---- sending ---- */

/* The answer, as far as it can be taken; the connection ends with it. */
static void write_on(struct th_control_server *server, struct connection *connection)
{
    ssize_t sent = 0;
    while (connection->done < connection->size) {
        sent = send(connection->fd, connection->bytes + connection->done,
                    connection->size - connection->done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            break;
        connection->done += sent < 0 ? 0 : (size_t)sent;
    }
    bool is_waiting = connection->done < connection->size &&
                      (errno == EAGAIN || errno == EWOULDBLOCK) &&
                      watch(server, connection, EPOLL_CTL_MOD, EPOLLOUT) == 0;
    if (!is_waiting)
        drop(server, connection);
}

static struct connection *find(struct th_control_server *server, const struct th_router_peer *peer)
{
    uint64_t number;
    TH_ASSERT(peer->id_size == sizeof number);
    memcpy(&number, peer->id, sizeof number);
    for (size_t i = 0; i < TH_CONTROL_CONNECTIONS_MAX; i++)
        if (server->connections[i].fd >= 0 && server->connections[i].number == number)
            return &server->connections[i];
    return NULL;
}

enum th_router_sent th_control_server_send(struct th_control_server *server,
                                           const struct th_router_peer *peer,
                                           struct th_bytes payload)
{
    struct connection *connection = find(server, peer);
    if (connection == NULL || connection->bytes != NULL)
        return TH_ROUTER_GONE;
    TH_ASSERT(connection->is_asked);
    connection->bytes = malloc(TH_CONTROL_SIZE_SIZE + payload.size);
    if (connection->bytes == NULL) {
        drop(server, connection);
        return TH_ROUTER_FULL;
    }
    th_big_put(connection->bytes, TH_CONTROL_SIZE_SIZE, payload.size);
    memcpy(connection->bytes + TH_CONTROL_SIZE_SIZE, payload.bytes, payload.size);
    connection->size = TH_CONTROL_SIZE_SIZE + payload.size;
    connection->done = 0;
    write_on(server, connection);
    return TH_ROUTER_SENT;
}

/* ---- both ---- */

enum th_router_got th_control_server_receive(struct th_control_server *server,
                                             struct th_router_message *ret_message)
{
    struct epoll_event ready;
    enum th_router_got got = TH_ROUTER_NOTHING;
    while (got == TH_ROUTER_NOTHING && epoll_wait(server->epoll_fd, &ready, 1, 0) > 0) {
        struct connection *connection = ready.data.ptr;
        if (connection == NULL)
            take_connection(server);
        else if (!connection->is_asked)
            got = read_request(server, connection, ret_message);
        else if ((ready.events & EPOLLOUT) != 0)
            write_on(server, connection);
        else
            drop(server, connection); /* it went away before it was answered */
    }
    return got;
}

/* ---- ending ---- */

void th_control_server_unbind(struct th_control_server *server)
{
    listen_to_port(server, false);
    if (server->listen_fd >= 0)
        (void)close(server->listen_fd);
    server->listen_fd = -1;
}

static void finish(struct th_control_server *server, struct connection *connection,
                   int64_t until_ns)
{
    struct pollfd reading = {.fd = connection->fd, .events = POLLOUT};
    while (connection->fd >= 0 && connection->is_asked && connection->bytes != NULL) {
        const int64_t left_ms = (until_ns - th_clock_steady_ns()) / 1000000;
        if (left_ms <= 0 || poll(&reading, 1, (int)left_ms) <= 0)
            break;
        write_on(server, connection);
    }
    if (connection->fd >= 0)
        drop(server, connection);
}

void th_control_server_close(struct th_control_server *server)
{
    if (server == NULL)
        return;
    th_control_server_unbind(server);
    const int64_t until_ns = th_clock_steady_ns() + (int64_t)PATIENCE_MS * 1000000;
    for (size_t i = 0; i < TH_CONTROL_CONNECTIONS_MAX; i++)
        finish(server, &server->connections[i], until_ns);
    while (give_spare(server))
        continue;
    if (server->epoll_fd >= 0)
        (void)close(server->epoll_fd);
    free(server);
}
