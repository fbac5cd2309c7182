/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks that fail: the n-th write or flush of a commit gives an error, for every n until the
 * commit passes. The functions below stand before those of libc, also for liblmdb.
 */
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int calls_left = -1; /* until one fails; -1: none fails */
static int error;

static bool fails(void)
{
    if (calls_left < 0 || calls_left-- > 0)
        return false;
    errno = error;
    return true;
}

int fdatasync(int fd)
{
    return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return fails() ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return fails() ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return fails() ? -1 : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

/* One commit whose I/O number `n` fails. True when it passed because it has fewer. */
static bool fail_at(int n, int with)
{
    struct store_fixture fixture;
    store_fixture_init(&fixture, (size_t)16 << 20);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 300);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 300), 0);
    calls_left = n;
    error = with;
    int status = th_store_commit(store, &fixture.signer);
    bool reached = calls_left < 0;
    calls_left = -1;
    cr_assert_eq(status, reached ? TH_E_STORAGE : 0, "call %d: %d", n, status);
    if (reached)
        cr_assert_eq(th_store_begin(store), TH_E_STORAGE, "no batch after a failed commit");
    th_store_close(store);

    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    uint64_t size = th_store_next_position(store);
    struct th_view *view;
    if (reached)
        cr_assert(size == 300 || size == 600, "a batch is there as a whole or not at all");
    else
        cr_assert_eq(size, 600);
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint64_t i = 0; i < size; i++)
        cr_assert(store_fixture_is_right(view, i));
    th_view_close(view);
    store_fixture_fill(&fixture, store, 10);
    th_store_close(store);
    store_fixture_deinit(&fixture);
    return !reached;
}

Test(store_fault, whichever_io_of_a_commit_fails_nothing_is_torn_and_no_batch_follows)
{
    int n = 0;
    while (!fail_at(n, EIO))
        n++;
    cr_assert_geq(n, 3, "a commit writes pages, flushes, writes a meta page: %d", n);
}

Test(store_fault, a_full_disk_fails_the_commit_and_the_store_works_again)
{
    int n = 0;
    while (!fail_at(n, ENOSPC))
        n++;
    cr_assert_geq(n, 3);
}
