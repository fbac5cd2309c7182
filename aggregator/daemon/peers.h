/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop remembers of each unit that has spoken: its latest connections, so that reminders
 * find it, and how much it may still send. Not state of the store: a restart forgets it.
 *
 * One thread.
 */
#ifndef TH_DAEMON_PEERS_H
#define TH_DAEMON_PEERS_H

#include "aggregator/shell/router.h"

#define TH_PEER_CONNECTIONS_MAX 4
#define TH_PEER_KEYS_MAX        4
#define TH_PEER_NEAR_MS         60000   /* two places within this are two machines */
#define TH_PEER_TOLD_MS         3600000 /* how long one warning is enough */
#define TH_QUOTA_FILL_S         4096

struct th_peers;

/* Where a key was last heard from. */
struct th_peer_place {
    uint8_t key[TH_CURVE_KEY_SIZE];
    char host[TH_ROUTER_HOST_SIZE]; /* "": no key here */
    int64_t heard_at_ms;
};

/* Which socket a connection has: a descriptor may become another's, an inode does not. */
struct th_peer_socket {
    bool is_known;
    int fd;
    uint64_t device, inode;
};

struct th_peer {
    char unit[TH_UNIT_CODE_MAX + 1];
    struct th_router_peer connections[TH_PEER_CONNECTIONS_MAX]; /* latest first */
    struct th_peer_socket sockets[TH_PEER_CONNECTIONS_MAX];     /* of these, in their order */
    size_t connections_count;
    uint64_t tokens_milli; /* thousandths of a message */
    uint64_t bytes_milli;  /* thousandths of a byte */
    int64_t filled_at_ms;
    struct th_peer_place places[TH_PEER_KEYS_MAX];
    bool is_told;
    int64_t told_at_ms;
};

struct th_quota {
    uint32_t per_second; /* messages */
    uint32_t burst;
    uint64_t bytes; /* at once, and as many again within TH_QUOTA_FILL_S; 0: any number */
};

TH_MUST_CHECK int th_peers_new(struct th_quota quota, struct th_peers **ret_peers);
void th_peers_free(struct th_peers *peers);

/* The unit's record, made when it is new, with this connection first. NULL without memory. */
struct th_peer *th_peers_meet(struct th_peers *peers, const char *unit,
                              const struct th_router_peer *connection);
/* NULL when the unit has not spoken. */
struct th_peer *th_peers_find(struct th_peers *peers, const char *unit);
/* Units that have spoken. */
size_t th_peers_count(const struct th_peers *peers);
/* Of them, those with a connection whose socket is still open. Looks at every one. */
size_t th_peers_count_connected(const struct th_peers *peers);
void th_peers_forget(struct th_peer *peer, size_t connection);
/* The descriptor of the connection that was met last; negative when it is not known. */
void th_peers_see(struct th_peer *peer, int fd);

/*
 * Remembers where a key speaks from. True, at most once an hour for a unit, when it spoke from
 * another address less than a minute ago: a copy of a key may be at work. `ret_before`: that
 * address.
 */
bool th_peers_is_elsewhere(struct th_peer *peer, const uint8_t key[TH_CURVE_KEY_SIZE],
                           const char *host, int64_t boottime_ms,
                           char ret_before[TH_ROUTER_HOST_SIZE]);

/* Takes one message of so many bytes off the unit's quota. 0, or after how many milliseconds there
 * is room; a message that is larger than all of it needs all of it. */
uint32_t th_peers_take(const struct th_peers *peers, struct th_peer *peer, size_t size,
                       int64_t boottime_ms);

#endif
