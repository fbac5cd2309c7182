/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/zap.h"

#include "aggregator/shell/clock_linux.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ENDPOINT      "inproc://zeromq.zap.01"
#define STOP_ENDPOINT "inproc://tonghop-zap-stop"

enum { REQUEST_FRAMES = 7, FRAME_SIZE_MAX = 255, METADATA_SIZE_MAX = 128 };

struct th_zap {
    struct th_keyring *keyring;
    th_zap_now *now;
    void *now_context;
    void *requests; /* the thread's once it runs */
    void *stop_inside;
    void *stop_outside;
    pthread_t thread;
};

struct request {
    uint8_t frames[REQUEST_FRAMES][FRAME_SIZE_MAX];
    size_t sizes[REQUEST_FRAMES];
    size_t count; /* may be more than are kept */
    bool is_cut;  /* a frame was longer than is kept */
};

enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS };

static bool is_text(const struct request *request, int frame, const char *text)
{
    return request->sizes[frame] == strlen(text) &&
           memcmp(request->frames[frame], text, strlen(text)) == 0;
}

/* False when there is nothing to read. */
static bool receive(void *socket, struct request *request)
{
    *request = (struct request){.count = 0};
    for (;;) {
        uint8_t ignored[FRAME_SIZE_MAX];
        bool is_kept = request->count < REQUEST_FRAMES;
        uint8_t *frame = is_kept ? request->frames[request->count] : ignored;
        int size = zmq_recv(socket, frame, FRAME_SIZE_MAX, ZMQ_DONTWAIT);
        if (size < 0)
            return false;
        request->is_cut = request->is_cut || size > FRAME_SIZE_MAX;
        if (is_kept)
            request->sizes[request->count] = size > FRAME_SIZE_MAX ? FRAME_SIZE_MAX : (size_t)size;
        request->count++;
        int more = 0;
        size_t more_size = sizeof more;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size) != 0 || more == 0)
            return true;
    }
}

/* Who subscribed to far too much may not again for a while. */
static bool is_barred(struct th_zap *zap, const struct request *request)
{
    return is_text(request, DOMAIN, TH_ZAP_DOMAIN_VIEWERS) &&
           th_keyring_is_barred(zap->keyring, request->frames[CREDENTIALS], th_clock_steady_ns());
}

static bool may_connect(struct th_zap *zap, const struct request *request,
                        char unit[TH_UNIT_CODE_MAX + 1])
{
    return request->count == REQUEST_FRAMES && !request->is_cut &&
           is_text(request, VERSION, "1.0") && is_text(request, MECHANISM, "CURVE") &&
           (is_text(request, DOMAIN, TH_ZAP_DOMAIN_NODES) ||
            is_text(request, DOMAIN, TH_ZAP_DOMAIN_VIEWERS)) &&
           request->sizes[CREDENTIALS] == TH_CURVE_KEY_SIZE &&
           th_keyring_find(zap->keyring, request->frames[CREDENTIALS], zap->now(zap->now_context),
                           unit) &&
           !is_barred(zap, request);
}

/* One property: length of the name, name, length of the value (big-endian), value. */
static size_t write_metadata(const uint8_t key[TH_CURVE_KEY_SIZE],
                             uint8_t metadata[METADATA_SIZE_MAX])
{
    static const char name[] = TH_ZAP_KEY_PROPERTY;
    char hex[2 * TH_CURVE_KEY_SIZE + 1];
    for (size_t i = 0; i < TH_CURVE_KEY_SIZE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", key[i]);
    size_t at = 0;
    metadata[at++] = sizeof name - 1;
    memcpy(metadata + at, name, sizeof name - 1);
    at += sizeof name - 1;
    const uint8_t length[4] = {0, 0, 0, sizeof hex - 1};
    memcpy(metadata + at, length, sizeof length);
    at += sizeof length;
    memcpy(metadata + at, hex, sizeof hex - 1);
    return at + sizeof hex - 1;
}

static void reply(void *socket, const struct request *request, bool is_admitted,
                  const char *user_id, const uint8_t *metadata, size_t metadata_size)
{
    const char *code = is_admitted ? "200" : "400";
    const char *text = is_admitted ? "OK" : "no such key";
    /* A send that fails leaves libzmq without a reply: the handshake times out, nobody gets in. */
    if (zmq_send(socket, "1.0", 3, ZMQ_SNDMORE) < 0 ||
        zmq_send(socket, request->frames[REQUEST_ID], request->sizes[REQUEST_ID], ZMQ_SNDMORE) <
            0 ||
        zmq_send(socket, code, 3, ZMQ_SNDMORE) < 0 ||
        zmq_send(socket, text, strlen(text), ZMQ_SNDMORE) < 0 ||
        zmq_send(socket, user_id, strlen(user_id), ZMQ_SNDMORE) < 0)
        return;
    (void)zmq_send(socket, metadata, metadata_size, 0);
}

static void serve(struct th_zap *zap)
{
    struct request request;
    if (!receive(zap->requests, &request))
        return;
    char unit[TH_UNIT_CODE_MAX + 1] = "";
    char user_id[TH_UNIT_CODE_MAX + 32] = "";
    uint8_t metadata[METADATA_SIZE_MAX];
    size_t metadata_size = 0;
    bool is_admitted = may_connect(zap, &request, unit);
    if (is_admitted) {
        (void)snprintf(user_id, sizeof user_id, "%s%s", unit, th_keyring_suffix(zap->keyring));
        metadata_size = write_metadata(request.frames[CREDENTIALS], metadata);
    }
    reply(zap->requests, &request, is_admitted, user_id, metadata, metadata_size);
}

static void *run(void *context)
{
    struct th_zap *zap = context;
    for (;;) {
        zmq_pollitem_t items[] = {{zap->requests, 0, ZMQ_POLLIN, 0},
                                  {zap->stop_inside, 0, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, 2, -1) < 0 && zmq_errno() == ETERM)
            break;
        if ((items[1].revents & ZMQ_POLLIN) != 0)
            break;
        if ((items[0].revents & ZMQ_POLLIN) != 0)
            serve(zap);
    }
    return NULL;
}

static void close_sockets(struct th_zap *zap)
{
    void *sockets[] = {zap->requests, zap->stop_inside, zap->stop_outside};
    for (size_t i = 0; i < 3; i++)
        if (sockets[i] != NULL)
            (void)zmq_close(sockets[i]);
}

static int open_sockets(struct th_zap *zap, void *zmq_context)
{
    int linger = 0;
    zap->requests = zmq_socket(zmq_context, ZMQ_REP);
    zap->stop_inside = zmq_socket(zmq_context, ZMQ_PAIR);
    zap->stop_outside = zmq_socket(zmq_context, ZMQ_PAIR);
    if (zap->requests == NULL || zap->stop_inside == NULL || zap->stop_outside == NULL ||
        zmq_setsockopt(zap->requests, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_bind(zap->requests, ENDPOINT) != 0 || zmq_bind(zap->stop_inside, STOP_ENDPOINT) != 0 ||
        zmq_connect(zap->stop_outside, STOP_ENDPOINT) != 0)
        return TH_E_IO;
    return 0;
}

int th_zap_start(void *zmq_context, struct th_keyring *keyring, th_zap_now *now, void *now_context,
                 struct th_zap **ret_zap)
{
    struct th_zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL)
        return TH_E_NO_MEMORY;
    zap->keyring = keyring;
    zap->now = now;
    zap->now_context = now_context;
    int status = open_sockets(zap, zmq_context);
    if (status == 0 && pthread_create(&zap->thread, NULL, run, zap) != 0)
        status = TH_E_NO_MEMORY;
    if (status < 0) {
        close_sockets(zap);
        free(zap);
        return status;
    }
    *ret_zap = zap;
    return 0;
}

void th_zap_stop(struct th_zap *zap)
{
    if (zap == NULL)
        return;
    (void)zmq_send(zap->stop_outside, "", 0, 0);
    (void)pthread_join(zap->thread, NULL);
    close_sockets(zap);
    free(zap);
}
