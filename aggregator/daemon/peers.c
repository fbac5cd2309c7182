/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/peers.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUCKETS 4096 /* a power of two */

struct node {
    struct node *next;
    struct th_peer peer;
};

struct th_peers {
    struct th_quota quota;
    struct node *buckets[BUCKETS];
    size_t count;
};

int th_peers_new(struct th_quota quota, struct th_peers **ret_peers)
{
    struct th_peers *peers = calloc(1, sizeof *peers);
    if (peers == NULL)
        return TH_E_NO_MEMORY;
    peers->quota = quota;
    *ret_peers = peers;
    return 0;
}

void th_peers_free(struct th_peers *peers)
{
    if (peers == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct node *at = peers->buckets[i]; at != NULL;) {
            struct node *next = at->next;
            free(at);
            at = next;
        }
    }
    free(peers);
}

/* FNV-1a. Units are enrolled by the operator: nobody else chooses the codes. */
static size_t bucket_of(const char *unit)
{
    uint32_t hash = 2166136261U;
    for (; *unit != 0; unit++)
        hash = (hash ^ (unsigned char)*unit) * 16777619U;
    return hash & (BUCKETS - 1);
}

size_t th_peers_count(const struct th_peers *peers)
{
    return peers->count;
}

struct th_peer *th_peers_find(struct th_peers *peers, const char *unit)
{
    struct node *at = peers->buckets[bucket_of(unit)];
    while (at != NULL && strcmp(at->peer.unit, unit) != 0)
        at = at->next;
    return at == NULL ? NULL : &at->peer;
}

void th_peers_forget(struct th_peer *peer, size_t connection)
{
    peer->connections_count--;
    memmove(&peer->connections[connection], &peer->connections[connection + 1],
            (peer->connections_count - connection) * sizeof peer->connections[0]);
    memmove(&peer->sockets[connection], &peer->sockets[connection + 1],
            (peer->connections_count - connection) * sizeof peer->sockets[0]);
}

/* ---- sockets ---- */

/* False: it is closed, perhaps just now, and its number may be another file's. */
static bool look_at(int fd, struct th_peer_socket *ret_socket)
{
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0 || !S_ISSOCK(stat.st_mode))
        return false;
    *ret_socket = (struct th_peer_socket){true, fd, stat.st_dev, stat.st_ino};
    return true;
}

static bool is_open(const struct th_peer_socket *socket)
{
    struct th_peer_socket now;
    return socket->is_known && look_at(socket->fd, &now) && now.device == socket->device &&
           now.inode == socket->inode;
}

void th_peers_see(struct th_peer *peer, int fd)
{
    TH_ASSERT(peer->connections_count > 0);
    (void)look_at(fd, &peer->sockets[0]);
}

static bool is_connected(const struct th_peer *peer)
{
    size_t i = 0;
    while (i < peer->connections_count && !is_open(&peer->sockets[i]))
        i++;
    return i < peer->connections_count;
}

size_t th_peers_count_connected(const struct th_peers *peers)
{
    size_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct node *at = peers->buckets[i]; at != NULL; at = at->next)
            count += is_connected(&at->peer) ? 1 : 0;
    return count;
}

/* ---- connections ---- */

/* Moves the connection to the front; the oldest one falls out. */
static void remember(struct th_peer *peer, const struct th_router_peer *connection)
{
    size_t at = 0;
    struct th_peer_socket socket = {.is_known = false};
    while (at < peer->connections_count &&
           (peer->connections[at].id_size != connection->id_size ||
            memcmp(peer->connections[at].id, connection->id, connection->id_size) != 0))
        at++;
    if (at == peer->connections_count) {
        if (peer->connections_count < TH_PEER_CONNECTIONS_MAX)
            peer->connections_count++;
        else
            at--;
    } else {
        socket = peer->sockets[at];
    }
    memmove(&peer->connections[1], &peer->connections[0], at * sizeof peer->connections[0]);
    memmove(&peer->sockets[1], &peer->sockets[0], at * sizeof peer->sockets[0]);
    peer->connections[0] = *connection;
    peer->sockets[0] = socket;
}

struct th_peer *th_peers_meet(struct th_peers *peers, const char *unit,
                              const struct th_router_peer *connection)
{
    struct th_peer *peer = th_peers_find(peers, unit);
    if (peer == NULL) {
        struct node *node = calloc(1, sizeof *node);
        if (node == NULL)
            return NULL;
        struct node **bucket = &peers->buckets[bucket_of(unit)];
        node->next = *bucket;
        *bucket = node;
        peers->count++;
        peer = &node->peer;
        (void)strncpy(peer->unit, unit, TH_UNIT_CODE_MAX);
        peer->tokens_milli = (uint64_t)peers->quota.burst * 1000;
        peer->bytes_milli = peers->quota.bytes * 1000;
    }
    remember(peer, connection);
    return peer;
}

/* The key's place, else a free one, else the one that was silent for longest. */
static struct th_peer_place *place_of(struct th_peer *peer, const uint8_t *key)
{
    struct th_peer_place *oldest = &peer->places[0];
    for (size_t i = 0; i < TH_PEER_KEYS_MAX; i++) {
        struct th_peer_place *place = &peer->places[i];
        if (place->host[0] == 0 || memcmp(place->key, key, TH_CURVE_KEY_SIZE) == 0)
            return place;
        oldest = place->heard_at_ms < oldest->heard_at_ms ? place : oldest;
    }
    oldest->host[0] = 0;
    return oldest;
}

bool th_peers_is_elsewhere(struct th_peer *peer, const uint8_t key[TH_CURVE_KEY_SIZE],
                           const char *host, int64_t boottime_ms,
                           char ret_before[TH_ROUTER_HOST_SIZE])
{
    struct th_peer_place *place = place_of(peer, key);
    bool is_elsewhere = place->host[0] != 0 && strcmp(place->host, host) != 0 &&
                        boottime_ms - place->heard_at_ms < TH_PEER_NEAR_MS;
    bool is_new = !peer->is_told || boottime_ms - peer->told_at_ms >= TH_PEER_TOLD_MS;
    if (is_elsewhere && is_new) {
        memcpy(ret_before, place->host, sizeof place->host);
        peer->is_told = true;
        peer->told_at_ms = boottime_ms;
    }
    memcpy(place->key, key, TH_CURVE_KEY_SIZE);
    (void)snprintf(place->host, sizeof place->host, "%s", host);
    place->heard_at_ms = boottime_ms;
    return is_elsewhere && is_new;
}

/* What is there after so many milliseconds of so much in each, never more than `full`. */
static uint64_t refilled(uint64_t there, uint64_t full, uint64_t each_ms, uint64_t elapsed_ms)
{
    uint64_t room = full - there;
    bool is_full = each_ms > 0 && elapsed_ms >= room / each_ms + 1;
    return is_full ? full : there + each_ms * elapsed_ms;
}

uint32_t th_peers_take(const struct th_peers *peers, struct th_peer *peer, size_t size,
                       int64_t boottime_ms)
{
    const struct th_quota *quota = &peers->quota;
    const uint64_t elapsed =
        boottime_ms > peer->filled_at_ms ? (uint64_t)(boottime_ms - peer->filled_at_ms) : 0;
    /* Milliseconds times units per second are thousandths of a unit. */
    const uint64_t bytes_each = quota->bytes / TH_QUOTA_FILL_S;
    const uint64_t cost = (size < quota->bytes ? size : quota->bytes) * 1000;
    peer->tokens_milli =
        refilled(peer->tokens_milli, (uint64_t)quota->burst * 1000, quota->per_second, elapsed);
    peer->bytes_milli = refilled(peer->bytes_milli, quota->bytes * 1000, bytes_each, elapsed);
    peer->filled_at_ms = boottime_ms;
    if (peer->tokens_milli < 1000)
        return (uint32_t)((1000 - peer->tokens_milli) / quota->per_second + 1);
    if (peer->bytes_milli < cost)
        return (uint32_t)((cost - peer->bytes_milli) / bytes_each + 1);
    peer->tokens_milli -= 1000;
    peer->bytes_milli -= cost;
    return 0;
}
