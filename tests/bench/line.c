/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* ppoll */
#include "tests/bench/line.h"

#include "proto/tlog/hash.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

/* At once: the aggregator's socket has a short queue of connections that wait. */
enum { CONNECTING = 64, WELCOME_MS = 30000, NS_IN_MS = 1000000, HWM = 1000, ID_SIZE = 5 };

_Static_assert(sizeof(zmq_msg_t) <= sizeof(((struct line_message *)0)->storage), "zmq_msg_t");

static void must(int code, const char *what)
{
    if (code < 0)
        bench_die("%s: %s", what, zmq_strerror(errno));
}

static zmq_msg_t *message_of(struct line_message *message)
{
    return (zmq_msg_t *)(void *)message->storage;
}

/* ---- one connection ---- */

static void connect_unit(struct line *line, const char *address, uint32_t unit)
{
    uint8_t id[ID_SIZE] = {1};
    memcpy(id + 1, &unit, sizeof unit);
    const struct bench_unit *keys = &line->units[unit];
    must(zmq_setsockopt(line->socket, ZMQ_CURVE_PUBLICKEY, keys->curve_public, 32), "curve");
    must(zmq_setsockopt(line->socket, ZMQ_CURVE_SECRETKEY, keys->curve_secret, 32), "curve");
    must(zmq_setsockopt(line->socket, ZMQ_CONNECT_ROUTING_ID, id, sizeof id), "routing id");
    must(zmq_connect(line->socket, address), address);
}

bool line_send(struct line *line, uint32_t unit, struct th_bytes frame)
{
    uint8_t id[ID_SIZE] = {1};
    memcpy(id + 1, &unit, sizeof unit);
    if (zmq_send(line->socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        if (errno != EAGAIN)
            bench_die("send to %s: %s", line->units[unit].code, zmq_strerror(errno));
        return false;
    }
    must(zmq_send(line->socket, frame.bytes, frame.size, ZMQ_DONTWAIT), "send");
    return true;
}

/* The descriptor tells of what came after the socket was last found empty, and of other things. */
static int receive_id(struct line *line, int64_t timeout_ns, uint8_t id[ID_SIZE])
{
    const int64_t until = bench_now_ns() + timeout_ns;
    int got = zmq_recv(line->socket, id, ID_SIZE, ZMQ_DONTWAIT);
    while (got < 0) {
        int64_t left = until - bench_now_ns();
        if (timeout_ns == 0 || left <= 0)
            break;
        const struct timespec wait = {left / 1000000000, left % 1000000000};
        struct pollfd waiting = {.fd = line->fd, .events = POLLIN};
        (void)ppoll(&waiting, 1, &wait, NULL);
        got = zmq_recv(line->socket, id, ID_SIZE, ZMQ_DONTWAIT);
    }
    return got;
}

bool line_receive(struct line *line, int64_t timeout_ns, struct line_message *ret_message)
{
    uint8_t id[ID_SIZE];
    zmq_msg_t *message = message_of(ret_message);
    int got = receive_id(line, timeout_ns, id);
    if (got < 0)
        return false;
    if (got != (int)sizeof id)
        bench_die("an answer to nobody");
    (void)zmq_msg_init(message);
    must(zmq_msg_recv(message, line->socket, 0), "receive");
    memcpy(&ret_message->unit, id + 1, sizeof ret_message->unit);
    ret_message->frame = (struct th_bytes){zmq_msg_data(message), zmq_msg_size(message)};
    return true;
}

void line_done(struct line_message *message)
{
    (void)zmq_msg_close(message_of(message));
}

/* ---- hello ---- */

static void say_hello(struct line *line, uint32_t unit)
{
    struct th_arena arena;
    struct th_bytes frame;
    th_arena_init(&arena, 65536, (size_t)1 << 20);
    const struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_HELLO,
                                             .request = 1,
                                             .hello = {.unit = th_text_of(line->units[unit].code),
                                                       .known = line->known,
                                                       .known_count = line->known_count}};
    bench_must(th_wire_to_aggregator_encode(&message, &arena, &frame), "encoding a hello");
    if (!line_send(line, unit, frame))
        bench_die("%s cannot say hello", line->units[unit].code);
    th_arena_deinit(&arena);
}

static void note_known(struct line *line, struct th_bytes content)
{
    if (line->known_count == sizeof line->known / sizeof line->known[0])
        bench_die("more plans than expected");
    th_tlog_sha256(&(struct th_tlog_part){content.bytes, content.size}, 1,
                   &line->known[line->known_count++]);
}

/* Takes one message; true when it was a welcome. */
static bool hear(struct line *line)
{
    struct line_message message;
    struct th_to_node said;
    struct th_arena arena;
    if (!line_receive(line, (int64_t)WELCOME_MS * NS_IN_MS, &message))
        bench_die("%u nodes are connected, and no other is welcomed", line->connected);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    bench_must(th_wire_to_node_decode(message.frame, &arena, &said), "an answer");
    bool is_welcome = said.kind == TH_TO_NODE_WELCOME;
    if (said.kind == TH_TO_NODE_ANNOUNCEMENT)
        note_known(line, said.body.announcement.content);
    if (said.kind == TH_TO_NODE_FAILURE)
        bench_die("hello: %.*s", (int)said.body.failure.text.size, said.body.failure.text.bytes);
    th_arena_deinit(&arena);
    line_done(&message);
    return is_welcome;
}

static void open_socket(struct line *line, const uint8_t server_key[32])
{
    static const struct {
        int option, value;
    } options[] = {{ZMQ_LINGER, 0},
                   {ZMQ_SNDHWM, HWM},
                   {ZMQ_RCVHWM, HWM},
                   {ZMQ_ROUTER_MANDATORY, 1},
                   {ZMQ_HANDSHAKE_IVL, WELCOME_MS}};
    line->context = zmq_ctx_new();
    line->socket = zmq_socket(line->context, ZMQ_ROUTER);
    if (line->socket == NULL)
        bench_die("socket: %s", zmq_strerror(errno));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        must(zmq_setsockopt(line->socket, options[i].option, &options[i].value, sizeof(int)),
             "options");
    must(zmq_setsockopt(line->socket, ZMQ_CURVE_SERVERKEY, server_key, 32), "curve");
    size_t size = sizeof line->fd;
    must(zmq_getsockopt(line->socket, ZMQ_FD, &line->fd, &size), "descriptor");
}

void line_open(struct line *line, const char *address, const struct th_server_file *server,
               const struct bench_unit *units, const bool *wanted, uint32_t units_count)
{
    *line = (struct line){.units = units};
    uint32_t asked = 0;
    open_socket(line, server->curve_key);
    for (uint32_t unit = 0; unit < units_count; unit++) {
        if (!wanted[unit])
            continue;
        connect_unit(line, address, unit);
        say_hello(line, unit);
        asked++;
        while (asked - line->connected >= (line->known_count == 0 ? 1 : CONNECTING))
            line->connected += hear(line) ? 1 : 0;
        while (line->known_count < 2) /* the plan and the units follow the first welcome */
            (void)hear(line);
    }
    while (line->connected < asked)
        line->connected += hear(line) ? 1 : 0;
}

void line_close(struct line *line)
{
    (void)zmq_close(line->socket);
    (void)zmq_ctx_term(line->context);
}
