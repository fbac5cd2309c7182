/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* fallocate() */
#include "aggregator/store/room.h"

#include "aggregator/store/internal.h"
#include "base/assert.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROOM_BYTES   (UINT64_C(256) << 20)
#define STEP_BYTES   (UINT64_C(1) << 20)
#define BUFFER_BYTES ((size_t)128 << 10)
#define TMPFS        0x01021994 /* statfs(2), linux/magic.h */

uint64_t th_room_bytes(void)
{
    struct sysinfo machine;
    if (sysinfo(&machine) != 0)
        return ROOM_BYTES;
    uint64_t share = (uint64_t)machine.totalram * machine.mem_unit / 16;
    return share < ROOM_BYTES ? share : ROOM_BYTES;
}

/* ---- the file ---- */

/* A disk that is nearly full keeps what it has for entries. */
static bool has_room(const struct th_env_usage *usage, int fd, uint64_t bytes)
{
    struct statvfs disk;
    struct statfs system;
    if (fstatvfs(fd, &disk) != 0 || fstatfs(fd, &system) != 0 ||
        ((unsigned long)system.f_type & 0xFFFFFFFF) == TMPFS)
        return false;
    const struct th_gate_levels levels = {
        .map_bytes = usage->map_bytes,
        .used_bytes = usage->used_bytes,
        .file_bytes = usage->file_bytes,
        .disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize,
        .disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize,
    };
    return levels.disk_free_bytes / 2 >= th_gate_floor(&levels) + bytes;
}

void th_store_reserve(const struct th_store *store)
{
    struct th_env_usage usage;
    int fd;
    if (store->room_bytes == 0 || th_env_usage(&store->env, &usage) != 0 ||
        mdb_env_get_fd(store->env.env, &fd) != 0)
        return;
    uint64_t end = usage.used_bytes + store->room_bytes;
    if (end > usage.map_bytes)
        end = usage.map_bytes;
    if (usage.file_bytes < usage.used_bytes || end <= usage.file_bytes ||
        end - usage.file_bytes < store->room_bytes / 2 ||
        !has_room(&usage, fd, end - usage.file_bytes))
        return;
    /* Longer, never shorter, and no byte that is there changes: also beside what LMDB writes. */
    (void)fallocate(fd, 0, (off_t)usage.file_bytes, (off_t)(end - usage.file_bytes));
}

void th_store_keep_room(struct th_store *store, uint64_t bytes)
{
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch.txn == NULL);
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
