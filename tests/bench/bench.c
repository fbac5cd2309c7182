/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* fallocate */
#include "tests/bench/bench.h"

#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 4096

_Noreturn void bench_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(70);
}

void bench_must(int status, const char *what)
{
    if (status < 0)
        bench_die("%s: %s", what, th_status_text(status));
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        bench_die("clock_gettime: %s", strerror(errno));
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t bench_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t bench_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void join(char path[PATH_SIZE], const char *folder, const char *name)
{
    int size = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    if (size < 0 || size >= PATH_SIZE)
        bench_die("%s: the path is too long", folder);
}

FILE *bench_create(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    join(path, folder, name);
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        bench_die("%s: %s", path, strerror(errno));
    return file;
}

void bench_write(FILE *file, const void *bytes, size_t size)
{
    if (size > 0 && fwrite(bytes, size, 1, file) != 1)
        bench_die("writing: %s", strerror(errno));
}

void bench_close(FILE *file)
{
    if (fclose(file) != 0)
        bench_die("writing: %s", strerror(errno));
}

struct th_bytes bench_map(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    struct stat info;
    join(path, folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        bench_die("%s: %s", path, strerror(errno));
    size_t size = (size_t)info.st_size;
    void *bytes = NULL;
    if (size > 0)
        bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        bench_die("%s: %s", path, strerror(errno));
    (void)close(fd);
    return (struct th_bytes){bytes, size};
}

uint64_t bench_written_pages(void)
{
    char line[128];
    uint64_t bytes = 0;
    FILE *file = fopen("/proc/self/io", "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "write_bytes: ", 13) == 0)
            bytes = strtoull(line + 13, NULL, 10);
    (void)fclose(file);
    return bytes;
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

void bench_make_room(int fd, size_t more)
{
    enum { PIECE_BYTES = 1 << 17 };
    static uint8_t piece[PIECE_BYTES];
    struct stat file;
    off_t at = 0;
    if (fstat(fd, &file) != 0)
        bench_die("room: %s", strerror(errno));
    if (more > 0)
        (void)fallocate(fd, 0, file.st_size, (off_t)more);
    for (ssize_t got = 1; got > 0; at += got)
        got = pread(fd, piece, sizeof piece, at);
}

int64_t bench_percentile(int64_t *values, size_t count, unsigned percent_milli)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, compare);
    size_t at = (size_t)((uint64_t)count * percent_milli / 100000);
    return values[at < count ? at : count - 1];
}
