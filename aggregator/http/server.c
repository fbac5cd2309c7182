/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* gettid, SCHED_BATCH */
#include "aggregator/http/server.h"

#include "aggregator/http/parts.h"
#include "base/assert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CACHE_BYTES_MAX ((size_t)32 * 1024 * 1024)

enum {
    BACKLOG = 1024,
    CACHE_ANSWERS_MAX = 64,
    CHANGES_MAX = 4096,
    GROUPS_MAX = 4096,
    EVENTS_BYTES_MAX = 8 * 1024 * 1024,
    WORKER_NICE = 10
};

const struct th_http_patience th_http_patience = {
    .head_ms = 5000, .send_ms = 10000, .all_ms = 60000, .end_ms = 1000, .heartbeat_ms = 15000};

/* ---- the address ---- */

struct address {
    struct sockaddr_storage socket;
    socklen_t size;
};

static int parse_port(const char *text, uint16_t *ret_port)
{
    int64_t number = 0;
    if (strcmp(text, "*") != 0 && th_text_parse_int(text, strlen(text), 1, 65535, &number) < 0)
        return TH_E_SYNTAX;
    *ret_port = (uint16_t)number;
    return 0;
}

static int parse_address(const char *text, struct address *ret_address)
{
    char host[TH_HTTP_ADDRESS_SIZE];
    const char *colon = strrchr(text, ':');
    uint16_t port;
    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof host ||
        parse_port(colon + 1, &port) < 0)
        return TH_E_SYNTAX;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    struct address address = {.size = 0};
    struct sockaddr_in *in = (struct sockaddr_in *)&address.socket;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address.socket;
    if (strcmp(host, "[::1]") == 0) {
        in6->sin6_family = AF_INET6;
        in6->sin6_addr = in6addr_loopback;
        in6->sin6_port = htons(port);
        address.size = sizeof *in6;
    } else {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        address.size = sizeof *in;
        const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
        if (inet_pton(AF_INET, number, &in->sin_addr) != 1 ||
            ntohl(in->sin_addr.s_addr) >> 24 != 127)
            return TH_E_FORBIDDEN;
    }
    *ret_address = address;
    return 0;
}

static int name_self(struct th_http_server *server)
{
    struct address bound = {.size = sizeof bound.socket};
    char host[INET6_ADDRSTRLEN];
    if (getsockname(server->listen_fd, (struct sockaddr *)&bound.socket, &bound.size) != 0)
        return TH_E_IO;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&bound.socket;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&bound.socket;
    if (bound.socket.ss_family == AF_INET6)
        (void)snprintf(server->url, sizeof server->url, "http://[::1]:%u/",
                       (unsigned)ntohs(in6->sin6_port));
    else
        (void)snprintf(server->url, sizeof server->url, "http://%s:%u/",
                       inet_ntop(AF_INET, &in->sin_addr, host, sizeof host),
                       (unsigned)ntohs(in->sin_port));
    return 0;
}

static int bind_socket(struct th_http_server *server)
{
    struct address address;
    int yes = 1;
    int status = parse_address(server->options.address, &address);
    if (status < 0)
        return status;
    server->listen_fd =
        socket(address.socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listen_fd < 0 ||
        setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return TH_E_IO;
    if (bind(server->listen_fd, (struct sockaddr *)&address.socket, address.size) != 0 ||
        listen(server->listen_fd, BACKLOG) != 0)
        return errno == EADDRINUSE ? TH_E_BUSY : TH_E_IO;
    return name_self(server);
}

/* ---- opening ---- */

static int open_watch(struct th_http_server *server)
{
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->epoll_fd < 0 || server->wake_fd < 0)
        return TH_E_IO;
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &server->listen_fd};
    struct epoll_event waking = {.events = EPOLLIN, .data.ptr = &server->wake_fd};
    struct epoll_event library = {.events = EPOLLIN, .data.ptr = &server->library_fd};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listen_fd, &listening) != 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->wake_fd, &waking) != 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->library_fd, &library) != 0)
        return TH_E_IO;
    return 0;
}

/* Where the journal is now, which the first listener is told. */
static int open_events(struct th_http_server *server)
{
    struct th_http_events_options options = {
        .changes_max = CHANGES_MAX, .groups_max = GROUPS_MAX, .bytes_max = EVENTS_BYTES_MAX};
    struct th_view *view;
    struct th_clock_row clock;
    int status = th_view_open(server->options.store, &view);
    if (status < 0)
        return status;
    status = th_view_clock(view, &clock);
    options.position = th_view_size(view);
    options.time = clock.time;
    th_view_close(view);
    atomic_store(&server->told_size, options.position);
    return status < 0 ? status : th_http_events_new(&options, &server->events);
}

/* Descriptors belong to the nodes first. */
static uint32_t places_of_process(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur / 4 >= TH_HTTP_CONNECTIONS_MAX)
        return TH_HTTP_CONNECTIONS_MAX;
    return limit.rlim_cur < 64 ? 16 : (uint32_t)(limit.rlim_cur / 4);
}

/* Waiting for so and so long is by CLOCK_MONOTONIC. */
static int init_lock(struct th_http_server *server)
{
    pthread_condattr_t steady;
    if (pthread_condattr_init(&steady) != 0)
        return TH_E_NO_MEMORY;
    bool is_made = pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) == 0 &&
                   pthread_mutex_init(&server->lock, NULL) == 0 &&
                   pthread_cond_init(&server->has_waiting, &steady) == 0 &&
                   pthread_cond_init(&server->has_answered, NULL) == 0;
    (void)pthread_condattr_destroy(&steady);
    return is_made ? 0 : TH_E_NO_MEMORY;
}

int th_http_open(const struct th_http_options *options, struct th_http_server **ret_server)
{
    struct th_http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return TH_E_NO_MEMORY;
    if (init_lock(server) < 0) {
        free(server);
        return TH_E_NO_MEMORY;
    }
    server->options = *options;
    server->patience = options->patience == NULL ? th_http_patience : *options->patience;
    server->opened_ms = options->now(options->context).ms;
    server->gathered_ms = th_http_clock_ms();
    server->listen_fd = server->epoll_fd = server->wake_fd = -1;
    server->open_max = places_of_process();
    if (asprintf(&server->contacts_path, "%s/" TH_CONTACTS_FILE, options->folder) < 0)
        server->contacts_path = NULL;
    int status = server->contacts_path == NULL ? TH_E_NO_MEMORY : bind_socket(server);
    if (status == 0)
        status = th_http_library_start(server);
    if (status == 0)
        status = open_watch(server);
    if (status == 0)
        status = open_events(server);
    if (status == 0)
        status = th_http_library_new(&server->library);
    if (status == 0)
        status = th_http_cache_new(CACHE_ANSWERS_MAX, CACHE_BYTES_MAX, &server->cache);
    if (status < 0) {
        th_http_close(server);
        return status;
    }
    *ret_server = server;
    return 0;
}

const char *th_http_url(const struct th_http_server *server)
{
    return server->url;
}

/* ---- workers ---- */

static void wake_door(struct th_http_server *server)
{
    uint64_t one = 1;
    if (write(server->wake_fd, &one, sizeof one) < 0)
        TH_ASSERT(errno == EAGAIN); /* it is awake */
}

bool th_http_ask(struct th_http_server *server, struct th_http_request *request)
{
    (void)pthread_mutex_lock(&server->lock);
    bool has_room = server->put - server->taken < TH_HTTP_WAITING_MAX;
    if (has_room) {
        server->waiting[server->put++ % TH_HTTP_WAITING_MAX] = request;
        atomic_store(&server->counters.waiting, (uint32_t)(server->put - server->taken));
        (void)pthread_cond_signal(&server->has_waiting);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return has_room;
}

/* With the lock: waits for a request, and with a snapshot not for long. */
static void wait_a_while(struct th_http_worker *worker)
{
    struct th_http_server *server = worker->server;
    struct timespec end;
    if (!worker->is_looking) {
        (void)pthread_cond_wait(&server->has_waiting, &server->lock);
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += (long)TH_HTTP_TURN_MS * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    if (pthread_cond_timedwait(&server->has_waiting, &server->lock, &end) == ETIMEDOUT)
        th_http_rest(worker);
}

/* With the lock. NULL: the server ends and nobody waits. */
static struct th_http_request *wait_for_one(struct th_http_worker *worker)
{
    struct th_http_server *server = worker->server;
    while (server->put == server->taken && !atomic_load(&server->is_ending))
        wait_a_while(worker);
    if (server->put == server->taken)
        return NULL;
    struct th_http_request *request = server->waiting[server->taken++ % TH_HTTP_WAITING_MAX];
    atomic_store(&server->counters.waiting, (uint32_t)(server->put - server->taken));
    return request;
}

/* Long turns that anybody may interrupt: what is written comes first. */
static void step_back(void)
{
    const struct sched_param plain = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &plain);
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), WORKER_NICE);
}

static void *work(void *context)
{
    struct th_http_worker *worker = context;
    struct th_http_server *server = worker->server;
    (void)prctl(PR_SET_NAME, "tonghop-http");
    step_back();
    (void)pthread_mutex_lock(&server->lock);
    struct th_http_request *request;
    while ((request = wait_for_one(worker)) != NULL) {
        (void)pthread_mutex_unlock(&server->lock);
        th_http_answer(worker, request);
        (void)pthread_mutex_lock(&server->lock);
        server->done[server->done_count++] = request;
        wake_door(server);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

int th_http_start(struct th_http_server *server)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    int status = pthread_sigmask(SIG_SETMASK, &all, &before) == 0 ? 0 : TH_E_NO_MEMORY;
    for (int i = 0; status == 0 && i < TH_HTTP_WORKERS; i++) {
        struct th_http_worker *worker = &server->workers[i];
        worker->server = server;
        th_contacts_file_init(server->contacts_path, &worker->contacts);
        worker->is_started = pthread_create(&worker->thread, NULL, work, worker) == 0;
        status = worker->is_started ? 0 : TH_E_NO_MEMORY;
    }
    if (status == 0) {
        server->is_started = pthread_create(&server->door, NULL, th_http_door, server) == 0;
        status = server->is_started ? 0 : TH_E_NO_MEMORY;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* ---- ending ---- */

void th_http_refuse(struct th_http_server *server)
{
    atomic_store(&server->is_refusing, true);
}

static void end_threads(struct th_http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    atomic_store(&server->is_ending, true);
    (void)pthread_cond_broadcast(&server->has_waiting);
    (void)pthread_mutex_unlock(&server->lock);
    if (server->wake_fd >= 0)
        wake_door(server);
    for (int i = 0; i < TH_HTTP_WORKERS; i++) {
        if (server->workers[i].is_started)
            (void)pthread_join(server->workers[i].thread, NULL);
        if (server->workers[i].view != NULL)
            th_view_close(server->workers[i].view);
        if (server->workers[i].server != NULL)
            th_contacts_file_deinit(&server->workers[i].contacts);
    }
    if (server->is_started)
        (void)pthread_join(server->door, NULL);
}

void th_http_close(struct th_http_server *server)
{
    if (server == NULL)
        return;
    th_http_refuse(server);
    end_threads(server);
    th_http_library_stop(server);
    for (uint32_t i = 0; i < server->open_max; i++)
        if (server->places[i] != NULL) {
            (void)close(server->places[i]->fd);
            th_http_forget(server, server->places[i]);
        }
    const int fds[] = {server->listen_fd, server->epoll_fd, server->wake_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    th_http_events_free(server->events);
    th_http_cache_free(server->cache);
    th_http_library_free(server->library);
    free(server->contacts_path);
    (void)pthread_cond_destroy(&server->has_waiting);
    (void)pthread_cond_destroy(&server->has_answered);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

/* ---- commits ---- */

void th_http_tell(struct th_http_server *server, struct th_text change)
{
    th_http_events_tell(server->events, change);
}

void th_http_reach(struct th_http_server *server, uint64_t position, th_instant time)
{
    th_http_events_reach(server->events, position, time);
    if (!atomic_exchange(&server->has_news, true))
        wake_door(server);
}
