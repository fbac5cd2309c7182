/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ADDED_MAX 64 /* that wait without the loop being woken */

struct th_outbox {
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    struct th_outgoing *first;
    struct th_outgoing **last;
    size_t bytes, bytes_max;
    size_t added;  /* since the last take */
    bool is_woken; /* since the last take */
    bool is_wide;
    void (*wake)(void *context);
    void *context;
};

int th_outbox_new(size_t bytes_max, void (*wake)(void *context), void *context,
                  struct th_outbox **ret_outbox)
{
    struct th_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&outbox->lock, NULL) != 0 ||
        pthread_cond_init(&outbox->has_room, NULL) != 0) {
        free(outbox);
        return TH_E_NO_MEMORY;
    }
    outbox->last = &outbox->first;
    outbox->bytes_max = bytes_max;
    outbox->wake = wake;
    outbox->context = context;
    *ret_outbox = outbox;
    return 0;
}

void th_outbox_free(struct th_outbox *outbox)
{
    if (outbox == NULL)
        return;
    for (struct th_outgoing *at = th_outbox_take(outbox); at != NULL;) {
        struct th_outgoing *next = at->next;
        free(at);
        at = next;
    }
    (void)pthread_cond_destroy(&outbox->has_room);
    (void)pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}

static struct th_outgoing *make(enum th_outgoing_kind kind, const struct th_router_peer *peer,
                                const char *unit, struct th_text topic, struct th_bytes content)
{
    struct th_outgoing *outgoing = malloc(sizeof *outgoing + topic.size + content.size);
    if (outgoing == NULL)
        return NULL;
    *outgoing = (struct th_outgoing){
        .kind = kind, .topic_size = topic.size, .size = topic.size + content.size};
    if (peer != NULL)
        outgoing->peer = *peer;
    if (unit != NULL)
        (void)strncpy(outgoing->unit, unit, TH_UNIT_CODE_MAX);
    if (topic.size > 0)
        memcpy(outgoing->bytes, topic.bytes, topic.size);
    if (content.size > 0)
        memcpy(outgoing->bytes + topic.size, content.bytes, content.size);
    return outgoing;
}

/* With the lock: whoever takes needs it, but wakes up by itself. */
static void wake_once(struct th_outbox *outbox)
{
    if (!outbox->is_woken)
        outbox->wake(outbox->context);
    outbox->is_woken = true;
}

static void append(struct th_outbox *outbox, struct th_outgoing *outgoing, size_t added_max)
{
    (void)pthread_mutex_lock(&outbox->lock);
    while (outbox->bytes > outbox->bytes_max && !outbox->is_wide) {
        wake_once(outbox);
        (void)pthread_cond_wait(&outbox->has_room, &outbox->lock);
    }
    *outbox->last = outgoing;
    outbox->last = &outgoing->next;
    outbox->bytes += sizeof *outgoing + outgoing->size;
    if (++outbox->added >= added_max)
        wake_once(outbox);
    (void)pthread_mutex_unlock(&outbox->lock);
}

bool th_outbox_put(struct th_outbox *outbox, enum th_outgoing_kind kind,
                   const struct th_router_peer *peer, const char *unit, struct th_text topic,
                   struct th_bytes content)
{
    struct th_outgoing *outgoing = make(kind, peer, unit, topic, content);
    if (outgoing != NULL)
        append(outbox, outgoing, 1);
    return outgoing != NULL;
}

bool th_outbox_add(struct th_outbox *outbox, enum th_outgoing_kind kind,
                   const struct th_router_peer *peer, const char *unit, struct th_text topic,
                   struct th_bytes content)
{
    struct th_outgoing *outgoing = make(kind, peer, unit, topic, content);
    if (outgoing != NULL)
        append(outbox, outgoing, ADDED_MAX);
    return outgoing != NULL;
}

struct th_outgoing *th_outbox_take(struct th_outbox *outbox)
{
    (void)pthread_mutex_lock(&outbox->lock);
    struct th_outgoing *first = outbox->first;
    outbox->first = NULL;
    outbox->last = &outbox->first;
    outbox->bytes = 0;
    outbox->added = 0;
    outbox->is_woken = false;
    (void)pthread_cond_broadcast(&outbox->has_room);
    (void)pthread_mutex_unlock(&outbox->lock);
    return first;
}

void th_outbox_open_wide(struct th_outbox *outbox)
{
    (void)pthread_mutex_lock(&outbox->lock);
    outbox->is_wide = true;
    (void)pthread_cond_broadcast(&outbox->has_room);
    (void)pthread_mutex_unlock(&outbox->lock);
}
