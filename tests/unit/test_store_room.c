/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is made before a burst: it is there, it is used, and it is given back. */
#include "aggregator/store/room.h"
#include "aggregator/store/internal.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP_BYTES  ((size_t)64 << 20)
#define ROOM_BYTES (UINT64_C(8) << 20)
#define TMPFS      0x01021994

static struct store_fixture fixture;
static struct th_store *store;

static void setup(void)
{
    struct statfs system;
    store_fixture_init(&fixture, MAP_BYTES);
    cr_assert_eq(statfs(fixture.folder, &system), 0);
    if ((unsigned long)system.f_type == TMPFS)
        cr_skip("thư mục tạm ở trong bộ nhớ: không có gì để giữ chỗ");
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}

static void teardown(void)
{
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

TestSuite(store_room, .init = setup, .fini = teardown, .timeout = 60);

static uint64_t file_bytes(void)
{
    struct stat file;
    cr_assert_eq(stat(store_fixture_path(&fixture, "data.mdb"), &file), 0);
    return (uint64_t)file.st_size;
}

static uint64_t used_bytes(void)
{
    struct th_env_usage usage;
    cr_assert_eq(th_env_usage(&store->env, &usage), 0);
    return usage.used_bytes;
}

/* Of a page of the file. */
static bool is_in_memory(uint64_t at)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char is_there = 0;
    int fd;
    cr_assert_eq(mdb_env_get_fd(store->env.env, &fd), 0);
    void *map = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)(at / page * page));
    cr_assert_neq(map, MAP_FAILED);
    cr_assert_eq(mincore(map, page, &is_there), 0);
    cr_assert_eq(munmap(map, page), 0);
    return (is_there & 1) != 0;
}

static void make_all(struct th_room *room)
{
    while (th_room_step(room))
        ;
}

Test(store_room, what_is_reserved_is_made_and_given_back)
{
    struct th_room *room;
    store_fixture_fill(&fixture, store, 10);
    cr_assert_eq(file_bytes(), used_bytes());
    th_store_keep_room(store, ROOM_BYTES);
    uint64_t end = used_bytes() + ROOM_BYTES;
    cr_assert_eq(file_bytes(), end);
    cr_assert_not(is_in_memory(end - 1));
    cr_assert_eq(th_room_new(store, &room), 0);
    make_all(room);
    for (uint64_t at = used_bytes(); at < end; at += 4096)
        cr_assert(is_in_memory(at), "%llu", (unsigned long long)at);
    th_room_free(room);
    uint64_t used = used_bytes();
    th_store_close(store);
    cr_assert_eq(file_bytes(), used);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}

Test(store_room, a_store_that_grows_into_it_has_always_more_before_it)
{
    struct th_room *room;
    struct th_view *view;
    unsigned count = 0;
    th_store_keep_room(store, UINT64_C(1) << 20);
    cr_assert_eq(th_room_new(store, &room), 0);
    uint64_t first = used_bytes();
    for (unsigned i = 0; used_bytes() < first + (UINT64_C(4) << 20); i++) {
        store_fixture_fill(&fixture, store, 500);
        count += 500;
        cr_assert_geq(file_bytes(), used_bytes() + (UINT64_C(1) << 19));
        if (i % 3 > 0) /* sometimes who writes is faster */
            (void)th_room_step(room);
    }
    make_all(room);
    cr_assert(is_in_memory(file_bytes() - 1));
    th_room_free(room);
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_view_open(store, &view), 0);
    for (unsigned i = 0; i < count; i++)
        cr_assert(store_fixture_is_right(view, i), "%u", i);
    th_view_close(view);
}

Test(store_room, it_ends_with_the_map)
{
    th_store_keep_room(store, MAP_BYTES);
    cr_assert_eq(file_bytes(), MAP_BYTES);
    store_fixture_fill(&fixture, store, 500);
    cr_assert_eq(file_bytes(), MAP_BYTES);
}

/* More than the disk has, or would leave too little for entries. */
Test(store_room, a_disk_without_room_for_it_is_left_alone)
{
    struct statfs system;
    cr_assert_eq(statfs(fixture.folder, &system), 0);
    uint64_t half = (uint64_t)system.f_bavail * (uint64_t)system.f_bsize / 2;
    th_store_close(store);
    fixture.options.map_bytes = (size_t)(half * 3 + 4096) & ~(size_t)4095;
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    th_store_keep_room(store, half);
    cr_assert_eq(file_bytes(), used_bytes());
    store_fixture_fill(&fixture, store, 5);
}

/* LMDB may then say less than what is there. */
Test(store_room, after_a_commit_that_failed_nothing_is_cut)
{
    th_store_keep_room(store, ROOM_BYTES);
    uint64_t reserved = file_bytes();
    store->failed = true;
    th_store_close(store);
    cr_assert_eq(file_bytes(), reserved);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}

Test(store_room, what_a_killed_process_had_reserved_harms_nobody)
{
    store_fixture_fill(&fixture, store, 10);
    th_store_close(store);
    pid_t child = fork();
    if (child == 0) {
        store = store_fixture_open(&fixture, TH_STORE_WRITE);
        th_store_keep_room(store, ROOM_BYTES);
        store_fixture_fill(&fixture, store, 10);
        _exit(0);
    }
    int result = 0;
    cr_assert_eq(waitpid(child, &result, 0), child);
    cr_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    uint64_t reserved = file_bytes();
    store = store_fixture_open(&fixture, TH_STORE_READ);
    th_store_close(store);
    cr_assert_eq(file_bytes(), reserved, "who reads changes nothing");
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_gt(file_bytes(), used_bytes() + ROOM_BYTES / 2);
    store_fixture_fill(&fixture, store, 10);
    th_store_keep_room(store, ROOM_BYTES);
    uint64_t used = used_bytes();
    th_store_close(store);
    cr_assert_eq(file_bytes(), used);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}
