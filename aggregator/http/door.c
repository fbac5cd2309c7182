/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door's thread. A new socket waits here until its whole head is there, looked at without being
 * taken (MSG_PEEK); what is refused never reaches the library that answers. Sockets that were
 * handed over are the library's; the door still ends those that take too long.
 */
#define _GNU_SOURCE /* accept4 */
#include "aggregator/http/parts.h"
#include "base/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    READY_MAX = 64, /* for one turn */
    RUNS_MAX = 16,
    EVICT_AFTER_MS = 1000,
    UNSENT_BYTES = 128 * 1024,
    STOP_PATIENCE_MS = 1000
};

int64_t th_http_clock_us(void)
{
    struct timespec now;
    int status = clock_gettime(CLOCK_MONOTONIC, &now);
    TH_ASSERT(status == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t th_http_clock_ms(void)
{
    return th_http_clock_us() / 1000;
}

static void enter(struct th_http_connection *connection, enum th_http_state state)
{
    connection->state = state;
    connection->since_ms = th_http_clock_ms();
}

void th_http_forget(struct th_http_server *server, struct th_http_connection *connection)
{
    server->places[connection->place] = NULL;
    atomic_store(&server->counters.open, --server->open);
    free(connection);
}

static void drop(struct th_http_server *server, struct th_http_connection *connection)
{
    TH_ASSERT(connection->state == TH_HTTP_READING || connection->state == TH_HTTP_ENDING);
    (void)close(connection->fd);
    th_http_forget(server, connection);
}

/* ---- refusing ---- */

/* It fits into a socket that nothing was sent to. What still comes is thrown away for a while: a
 * socket that is closed with unread bytes takes the answer back. */
static void refuse(struct th_http_server *server, struct th_http_connection *connection, int code,
                   const char *why)
{
    char text[TH_HTTP_REFUSAL_SIZE];
    size_t size = th_http_refusal(code, why, text);
    (void)atomic_fetch_add(&server->counters.refused, 1);
    (void)atomic_fetch_add(&server->counters.replies[code / 100], 1);
    if (send(connection->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        drop(server, connection);
        return;
    }
    (void)shutdown(connection->fd, SHUT_WR);
    enter(connection, TH_HTTP_ENDING);
}

static void discard(struct th_http_server *server, struct th_http_connection *connection)
{
    enum { PIECES_MAX = 16 };
    char room[4096];
    ssize_t size = 1;
    for (int i = 0; i < PIECES_MAX && size > 0; i++)
        size = recv(connection->fd, room, sizeof room, MSG_DONTWAIT);
    bool is_more = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (!is_more) /* it has closed, or sends and sends */
        drop(server, connection);
}

/* ---- letting in ---- */

static void hand_over(struct th_http_server *server, struct th_http_connection *connection)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    int unsent = UNSENT_BYTES;
    /* Otherwise megabytes of the kernel's for each that does not read. */
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent);
    if (getpeername(connection->fd, (struct sockaddr *)&address, &size) != 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL) != 0) {
        drop(server, connection);
        return;
    }
    enter(connection, TH_HTTP_HANDED);
    server->handing = connection;
    enum MHD_Result added =
        MHD_add_connection(server->mhd, connection->fd, (struct sockaddr *)&address, size);
    if (added != MHD_YES && server->handing == connection)
        th_http_forget(server, connection); /* the library has closed it all the same */
    server->handing = NULL;
}

/* True when the bytes that are new can decide something: a line has ended, or it is no text. */
static bool is_worth_a_look(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
            return true;
    return size > 0;
}

static void read_head(struct th_http_server *server, struct th_http_connection *connection,
                      bool is_end)
{
    char head[TH_HTTP_HEAD_MAX + 1];
    struct th_http_head parts;
    ssize_t peeked = recv(connection->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    if (peeked < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) && !is_end)
        return;
    if (peeked <= 0) { /* it went away before it asked */
        drop(server, connection);
        return;
    }
    size_t size = (size_t)peeked, seen = connection->seen;
    struct th_http_verdict verdict = {TH_HTTP_MORE, NULL};
    connection->seen = size;
    if (is_worth_a_look(head + seen, size - seen) || size == sizeof head)
        verdict = th_http_judge(head, size, server->options.host, &parts);
    if (verdict.code == TH_HTTP_GOOD && atomic_load(&server->is_refusing))
        refuse(server, connection, 503, "máy chủ đang dừng");
    else if (verdict.code == TH_HTTP_GOOD)
        hand_over(server, connection);
    else if (verdict.code != TH_HTTP_MORE)
        refuse(server, connection, verdict.code, verdict.why);
    else if (is_end)
        drop(server, connection);
}

static void on_ready(struct th_http_server *server, struct th_http_connection *connection,
                     uint32_t events)
{
    bool is_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (connection->state == TH_HTTP_READING)
        read_head(server, connection, is_end);
    else
        discard(server, connection);
}

/* ---- taking connections ---- */

/* With all places taken, who has waited longest for its own head gives way. */
static void make_room(struct th_http_server *server)
{
    struct th_http_connection *oldest = NULL;
    int64_t before_ms = th_http_clock_ms() - EVICT_AFTER_MS;
    for (uint32_t i = 0; i < server->open_max; i++) {
        struct th_http_connection *at = server->places[i];
        if (at != NULL && at->state == TH_HTTP_READING && at->since_ms <= before_ms) {
            oldest = at;
            before_ms = at->since_ms;
        }
    }
    if (oldest == NULL)
        return;
    refuse(server, oldest, 408, "yêu cầu gửi quá chậm khi máy chủ đang đông");
    for (uint32_t i = 0; i < server->open_max; i++)
        if (server->places[i] == oldest) /* otherwise it is gone */
            drop(server, oldest);
}

static struct th_http_connection *make_place(struct th_http_server *server)
{
    uint32_t place = 0;
    while (place < server->open_max && server->places[place] != NULL)
        place++;
    struct th_http_connection *connection =
        place == server->open_max ? NULL : calloc(1, sizeof *connection);
    if (connection != NULL)
        connection->place = place;
    return connection;
}

static bool take(struct th_http_server *server, int fd)
{
    if (server->open == server->open_max)
        make_room(server);
    struct th_http_connection *connection = make_place(server);
    if (connection == NULL)
        return false;
    connection->fd = fd;
    enter(connection, TH_HTTP_READING);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        free(connection);
        return false;
    }
    server->places[connection->place] = connection;
    atomic_store(&server->counters.open, ++server->open);
    (void)atomic_fetch_add(&server->counters.connections, 1);
    return true;
}

/* Sent without waiting, perhaps in vain: there is no place where it could wait. */
static void turn_away(struct th_http_server *server, int fd)
{
    char text[TH_HTTP_REFUSAL_SIZE];
    size_t size = th_http_refusal(503, "quá nhiều kết nối: thử lại sau một giây", text);
    (void)atomic_fetch_add(&server->counters.refused, 1);
    (void)atomic_fetch_add(&server->counters.replies[5], 1);
    (void)send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    (void)close(fd);
}

static void listen_to_port(struct th_http_server *server, bool is_wanted)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &server->listen_fd};
    int op = is_wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    if (epoll_ctl(server->epoll_fd, op, server->listen_fd, &event) == 0)
        server->is_deaf = !is_wanted;
}

static void accept_some(struct th_http_server *server)
{
    for (int i = 0; i < READY_MAX; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (!take(server, fd))
                turn_away(server, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            listen_to_port(server, false); /* until the next turn */
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

/* ---- turns ---- */

static void on_time(struct th_http_server *server, struct th_http_connection *connection,
                    int64_t now_ms)
{
    int64_t spent_ms = now_ms - connection->since_ms;
    switch (connection->state) {
    case TH_HTTP_READING:
        if (spent_ms >= server->patience.head_ms)
            refuse(server, connection, 408, "yêu cầu gửi quá chậm");
        break;
    case TH_HTTP_HANDED: /* the library has inactive ones; this is who reads a byte now and then */
        if (spent_ms >= server->patience.all_ms)
            (void)shutdown(connection->fd, SHUT_RDWR);
        break;
    case TH_HTTP_STREAM:
        break;
    case TH_HTTP_ENDING:
        if (spent_ms >= server->patience.end_ms)
            drop(server, connection);
        break;
    }
}

/* At once when nothing was told for a while; in a burst at each turn. */
static void spread_news(struct th_http_server *server, int64_t now_ms)
{
    if (now_ms - server->gathered_ms < TH_HTTP_TURN_MS ||
        !atomic_exchange(&server->has_news, false))
        return;
    server->gathered_ms = now_ms;
    (void)th_http_events_gather(server->events);
    atomic_store(&server->told_size, th_http_events_reached(server->events));
    th_http_stream_wake(server);
}

static void look_at_the_clock(struct th_http_server *server)
{
    int64_t now_ms = th_http_clock_ms();
    th_http_stream_wake(server);
    for (uint32_t i = 0; i < server->open_max; i++)
        if (server->places[i] != NULL)
            on_time(server, server->places[i], now_ms);
    if (server->is_deaf)
        listen_to_port(server, true);
}

/* True: there is more to do at once. */
static bool run_library(struct th_http_server *server)
{
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    bool is_due = true;
    for (int i = 0; i < RUNS_MAX && is_due; i++) {
        (void)MHD_run(server->mhd);
        is_due = MHD_get_timeout(server->mhd, &left_ms) == MHD_YES && left_ms == 0;
    }
    return is_due;
}

static void turn(struct th_http_server *server, int64_t *next_ms, bool *is_due)
{
    struct epoll_event ready[READY_MAX];
    int64_t left_ms = *next_ms - th_http_clock_ms();
    int wait_ms = left_ms < 0 || *is_due ? 0 : (int)left_ms;
    int count = epoll_wait(server->epoll_fd, ready, READY_MAX, wait_ms);
    bool is_called = false;
    for (int i = 0; i < count; i++) {
        void *who = ready[i].data.ptr;
        if (who == &server->listen_fd)
            is_called = true;
        else if (who != &server->wake_fd && who != &server->library_fd)
            on_ready(server, who, ready[i].events);
    }
    /* Afterwards, as these may end sockets that are named above. */
    uint64_t ignored;
    if (read(server->wake_fd, &ignored, sizeof ignored) > 0)
        th_http_take_answers(server);
    if (is_called)
        accept_some(server);
    spread_news(server, th_http_clock_ms());
    if (th_http_clock_ms() >= *next_ms) {
        *next_ms = th_http_clock_ms() + TH_HTTP_TURN_MS;
        look_at_the_clock(server);
    }
    *is_due = run_library(server);
}

static bool is_answering(const struct th_http_server *server)
{
    for (uint32_t i = 0; i < server->open_max; i++)
        if (server->places[i] != NULL && server->places[i]->state == TH_HTTP_HANDED)
            return true;
    return false;
}

void *th_http_door(void *context)
{
    struct th_http_server *server = context;
    int64_t next_ms = th_http_clock_ms() + TH_HTTP_TURN_MS;
    bool is_due = false;
    (void)prctl(PR_SET_NAME, "tonghop-door");
    while (!atomic_load(&server->is_ending))
        turn(server, &next_ms, &is_due);
    int64_t end_ms = th_http_clock_ms() + STOP_PATIENCE_MS;
    while (is_answering(server) && th_http_clock_ms() < end_ms)
        turn(server, &next_ms, &is_due);
    return NULL;
}
