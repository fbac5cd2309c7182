/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what a process hands to the system to be written, byte for byte. The names below take the
 * place of the C library's, also for the shared libraries of this process (LMDB, SQLite), and do
 * what those do. The system's own count (/proc/self/io) is of whole pages, and of more than was
 * written where the file system keeps large ones. What the C library's streams write is not here.
 */
#define _GNU_SOURCE /* syscall, pwrite64 */
#include "tests/bench/bench.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic uint64_t written;

uint64_t bench_written(void)
{
    return written;
}

static ssize_t counted(long result)
{
    if (result > 0)
        written += (uint64_t)result;
    return (ssize_t)result;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return counted(syscall(SYS_write, fd, bytes, size));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return counted(syscall(SYS_pwrite64, fd, bytes, size, offset));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return counted(syscall(SYS_pwrite64, fd, bytes, size, offset));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return counted(syscall(SYS_writev, fd, parts, count));
}

/* The offset goes as two halves; the second is unused where a word holds it. */
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return counted(syscall(SYS_pwritev, fd, parts, count, offset, 0));
}
