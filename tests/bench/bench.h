/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs of the benchmark share: time, files, and the end of a program that cannot go
 * on. Measuring code: every failure ends the process with a line.
 */
#ifndef TH_BENCH_BENCH_H
#define TH_BENCH_BENCH_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends when the status of a product's function is a failure; `what` is what was tried. */
void bench_must(int status, const char *what);

int64_t bench_now_ns(void);
/* Processor time of this process, user and system. */
int64_t bench_cpu_ns(void);

FILE *bench_create(const char *folder, const char *name);
void bench_write(FILE *file, const void *bytes, size_t size);
void bench_close(FILE *file);
/* The whole file, mapped for reading, for the life of the process. */
struct th_bytes bench_map(const char *folder, const char *name);

/*
 * What an idle aggregator makes for its own store (ADR 0017), for another one's file: it gets
 * `more` longer by space that is taken and never written, and all its pages are in the page cache.
 * Where the file system cannot take space it stays as long as it is.
 */
#define BENCH_ROOM_BYTES ((size_t)256 << 20)
void bench_make_room(int fd, size_t more);

/* Bytes that this process has handed to the system to be written (tests/bench/written.c). */
uint64_t bench_written(void);
/* Whole pages that the system was to write for it (/proc/self/io, write_bytes), in bytes. */
uint64_t bench_written_pages(void);

/* The value below which `percent` of 100000 lie; sorts. 0 when there are none. */
int64_t bench_percentile(int64_t *values, size_t count, unsigned percent_milli);

#endif
