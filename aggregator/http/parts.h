/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the HTTP server, shared by the files of this folder only. */
#ifndef TH_HTTP_PARTS_H
#define TH_HTTP_PARTS_H

#include "aggregator/contacts/contacts.h"
#include "aggregator/http/cache.h"
#include "aggregator/http/events.h"
#include "aggregator/http/head.h"
#include "aggregator/http/library.h"
#include "aggregator/http/reply.h"
#include "aggregator/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    TH_HTTP_CONNECTIONS_MAX = 1024,
    TH_HTTP_LISTENERS_MAX = 128,
    TH_HTTP_WAITING_MAX = 256, /* requests that no worker has yet */
    TH_HTTP_WORKERS = 2
};
#define TH_HTTP_UNSENT_MAX ((size_t)64 * 1024 * 1024) /* bytes of answers that are being sent */

enum th_http_state {
    TH_HTTP_READING, /* its head is not there yet: nobody has taken a byte of it */
    TH_HTTP_HANDED,  /* the library's, which closes the socket */
    TH_HTTP_STREAM,  /* likewise, and events go out without end */
    TH_HTTP_ENDING   /* refused; the other side may close first, so that it loses nothing */
};

/* One socket. The door's thread. */
struct th_http_connection {
    int fd;
    uint32_t place;
    enum th_http_state state;
    int64_t since_ms; /* in this state */
    size_t seen;      /* bytes of the head that were looked at */
};

/* One request that was let in. The door's thread, but while a worker has it. */
struct th_http_request {
    struct th_http_server *server;
    struct MHD_Connection *connection;
    struct th_http_connection *socket;
    bool is_begun, is_answered, is_listening;
    struct th_text matches, last_event; /* borrow the library's memory of the connection */
    bool takes_gzip;
    struct th_http_reply reply;
    size_t unsent; /* bytes that were counted as such */
    size_t target_size;
    char target[]; /* with a NUL behind it */
};

/* Who listens to events; owned by its response. */
struct th_http_listener {
    struct th_http_listener *next, *before;
    struct th_http_server *server;
    struct MHD_Connection *connection;
    int fd;                         /* to see that it has gone; -1: not known */
    struct th_http_body *beginning; /* before its first group */
    uint64_t group;
    size_t sent;     /* of the beginning or the group */
    bool is_resting; /* suspended: there was nothing to send */
    bool has_beat;   /* a heartbeat is wanted */
    bool is_gone;
    int64_t sent_ms; /* when there was something */
};

/* By hundreds: 1xx is not used. */
enum { TH_HTTP_CLASSES = 6 };

struct th_http_counters {
    _Atomic uint64_t connections, replies[TH_HTTP_CLASSES], refused, unchanged, cache_hits;
    _Atomic uint64_t answers, answer_us; /* of the workers */
    _Atomic uint32_t open, listeners, waiting;
};

struct th_http_worker {
    struct th_http_server *server;
    pthread_t thread;
    bool is_started;
    struct th_view *view;                  /* NULL: not opened yet */
    bool is_looking;                       /* the view has a snapshot */
    int64_t since_ms;                      /* when it was taken */
    const struct th_http_request *current; /* that it makes an answer to; under the lock */
    struct th_contacts_file contacts;
};

struct th_http_server {
    struct th_http_options options;
    struct th_http_patience patience;
    char url[TH_HTTP_ADDRESS_SIZE + 16];
    char *contacts_path;
    int64_t opened_ms; /* the wall clock: tags of one run are not those of another */
    struct th_http_counters counters;
    _Atomic bool is_refusing, is_ending;
    _Atomic bool has_news;      /* the journal grew since the last group of events */
    _Atomic uint64_t told_size; /* listeners know of so many entries: no answer is older */

    /* The door's. */
    int listen_fd, epoll_fd, wake_fd, library_fd;
    int64_t gathered_ms; /* when the last group was made */
    bool is_deaf;        /* no descriptor is left: accepting rests until the next turn */
    pthread_t door;
    bool is_started;
    struct MHD_Daemon *mhd;
    struct th_http_connection *places[TH_HTTP_CONNECTIONS_MAX];
    struct th_http_connection *handing; /* the one that the library is being given */
    uint32_t open, open_max, listeners_count;
    struct th_http_listener *listeners;
    struct th_http_events *events;
    atomic_size_t unsent;

    /* Between the door and the workers. */
    pthread_mutex_t lock;
    pthread_cond_t has_waiting, has_answered;
    struct th_http_request *waiting[TH_HTTP_WAITING_MAX]; /* number n at n % max */
    uint64_t put, taken;
    struct th_http_request *done[TH_HTTP_CONNECTIONS_MAX];
    uint32_t done_count;

    /* The workers'. */
    struct th_http_worker workers[TH_HTTP_WORKERS];
    struct th_http_library *library;
    struct th_http_cache *cache;
};

/* How often at most listeners are told, and how long a snapshot is used again. */
enum { TH_HTTP_TURN_MS = 200 };

/* Of CLOCK_MONOTONIC. */
int64_t th_http_clock_us(void);
int64_t th_http_clock_ms(void);

/* door.c: the door's thread. */
void *th_http_door(void *server);
/* Forgets a socket that is closed. */
void th_http_forget(struct th_http_server *server, struct th_http_connection *connection);

/* request.c, on the door's thread: the library's side of it. */
TH_MUST_CHECK int th_http_library_start(struct th_http_server *server);
/* Everything has been answered or given up by the workers. */
void th_http_library_stop(struct th_http_server *server);
/* Workers have filled these replies. */
void th_http_take_answers(struct th_http_server *server);

/* stream.c, on the door's thread. */
/* The response of a listener; NULL: no memory, or too many (`ret_is_full`). */
struct MHD_Response *th_http_stream_open(struct th_http_request *request, bool *ret_is_full);
/* Lets go on who rests and has something to hear: a group, a heartbeat, or the end. */
void th_http_stream_wake(struct th_http_server *server);

/* answer.c: gives the snapshot back. */
void th_http_rest(struct th_http_worker *worker);

/* server.c: gives a request to the workers. False: too many wait. */
bool th_http_ask(struct th_http_server *server, struct th_http_request *request);

/* answer.c, on a worker's thread: fills the reply. */
void th_http_answer(struct th_http_worker *worker, struct th_http_request *request);

/* metrics.c: /metrics, of the server itself and of whoever it serves. */
void th_http_metrics(struct th_http_server *server, struct th_http_reply *reply);

#endif
