/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* fallocate() */
#include "aggregator/store/room.h"

#include "aggregator/store/internal.h"
#include "base/assert.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define ROOM_BYTES   (UINT64_C(256) << 20)
#define STEP_BYTES   (UINT64_C(1) << 20)
#define BUFFER_BYTES ((size_t)128 << 10)

uint64_t th_room_bytes(void)
{
    struct sysinfo machine;
    if (sysinfo(&machine) != 0)
        return ROOM_BYTES;
    uint64_t share = (uint64_t)machine.totalram * machine.mem_unit / 16;
    return share < ROOM_BYTES ? share : ROOM_BYTES;
}

/* ---- the file ---- */

void th_store_reserve(const struct th_store *store)
{
    struct th_gate_levels levels;
    int fd;
    if (store->room_bytes == 0 || th_store_levels(store, &levels) != 0 ||
        mdb_env_get_fd(store->env.env, &fd) != 0)
        return;
    uint64_t end = levels.used_bytes + store->room_bytes;
    if (end > levels.map_bytes)
        end = levels.map_bytes;
    if (levels.file_bytes < levels.used_bytes || end <= levels.file_bytes)
        return;
    const uint64_t more = end - levels.file_bytes;
    /* A disk that is nearly full keeps what it has for entries. */
    if (more < store->room_bytes / 2 ||
        levels.disk_free_bytes / 2 < th_gate_floor(&levels) + more || th_folder_is_in_memory(fd))
        return;
    /* Longer, never shorter, and no byte that is there changes: also beside what LMDB writes. */
    (void)fallocate(fd, 0, (off_t)levels.file_bytes, (off_t)more);
}

void th_store_keep_room(struct th_store *store, uint64_t bytes)
{
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch == NULL);
    TH_ASSERT(store->sealed == NULL);
    store->room_bytes = bytes;
    th_store_reserve(store);
}

/* Not after a commit that failed: then nobody knows what is used. */
void th_store_give_back(const struct th_store *store)
{
    struct th_env_usage usage;
    int fd;
    if (store->room_bytes > 0 && !store->failed && th_env_usage(&store->env, &usage) == 0 &&
        usage.file_bytes > usage.used_bytes && mdb_env_get_fd(store->env.env, &fd) == 0)
        (void)!ftruncate(fd, (off_t)usage.used_bytes);
}

/* ---- its pages ---- */

struct th_room {
    const struct th_env *env;
    uint64_t made; /* the file's pages are there up to here */
    uint8_t buffer[BUFFER_BYTES];
};

int th_room_new(const struct th_store *store, struct th_room **ret_room)
{
    struct th_room *room = malloc(sizeof *room);
    if (room == NULL)
        return TH_E_NO_MEMORY;
    room->env = &store->env;
    room->made = 0;
    *ret_room = room;
    return 0;
}

void th_room_free(struct th_room *room)
{
    free(room);
}

bool th_room_step(struct th_room *room)
{
    struct th_env_usage usage;
    int fd;
    if (th_env_usage(room->env, &usage) != 0 || mdb_env_get_fd(room->env->env, &fd) != 0)
        return false;
    if (room->made > usage.file_bytes) /* it was given back */
        room->made = usage.file_bytes;
    /* Who writes was faster: not where it writes now, as it would wait for this thread's page. */
    if (room->made < usage.used_bytes)
        room->made = room->made == 0 ? usage.used_bytes : usage.used_bytes + STEP_BYTES;
    uint64_t end = room->made + STEP_BYTES;
    while (room->made < end && room->made < usage.file_bytes) {
        ssize_t size = pread(fd, room->buffer, sizeof room->buffer, (off_t)room->made);
        if (size <= 0)
            return false;
        room->made += (uint64_t)size;
    }
    return room->made < usage.file_bytes;
}
