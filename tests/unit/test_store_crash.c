/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any moment: a child commits batches and says through a pipe what was committed; it is
 * killed; the store opens, and nothing that was said is lost.
 */
#include "proto/tlog/proof.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 40 };

static const struct th_book_id book = {1, 1};

/* One row for each entry, so that the tables can be held against the journal. */
static int put_rows(struct th_store *store, uint64_t begin)
{
    int status = 0;
    for (uint64_t i = begin; i < th_store_next_position(store) && status == 0; i++) {
        struct th_row row = {.unit = (uint32_t)i,
                             .revision = 1,
                             .position = i,
                             .timeliness = TH_TIMELINESS_ON_TIME,
                             .values = (const uint8_t *)"v",
                             .values_size = 1};
        status = th_store_put_row(store, book, &row);
    }
    return status;
}

static void work(struct store_fixture *fixture, int pipe_fd, uint32_t seed)
{
    struct th_store *store = NULL;
    if (th_store_open(fixture->folder, TH_STORE_WRITE, &fixture->options, NULL, &store) != 0)
        _exit(2);
    for (;;) {
        uint64_t begin = th_store_next_position(store);
        unsigned count = 1 + store_fixture_random(&seed, 30);
        if (th_store_begin(store) != 0 || store_fixture_append(store, count) != 0 ||
            put_rows(store, begin) != 0 || th_store_commit(store, &fixture->signer) != 0)
            _exit(3);
        uint64_t size = th_store_next_position(store);
        if (write(pipe_fd, &size, sizeof size) != sizeof size)
            _exit(4);
    }
}

/* Lets a child work for a while and kills it. The size that it said last. */
static uint64_t kill_one(struct store_fixture *fixture, uint32_t seed, long work_us)
{
    int ends[2];
    uint64_t said = 0;
    uint64_t size;
    int result;
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work(fixture, ends[1], seed);
    }
    close(ends[1]);
    nanosleep(&(struct timespec){work_us / 1000000, work_us % 1000000 * 1000}, NULL);
    kill(child, SIGKILL);
    waitpid(child, &result, 0);
    cr_assert(WIFSIGNALED(result), "the child ended by itself: %d", WEXITSTATUS(result));
    while (read(ends[0], &size, sizeof size) == sizeof size)
        said = size;
    close(ends[0]);
    return said;
}

static int count_row(void *context, const struct th_row *row)
{
    uint64_t *count = context;
    cr_assert_eq(row->unit, *count);
    cr_assert_eq(row->position, *count);
    ++*count;
    return 0;
}

static void check_receipt(struct store_fixture *fixture, struct th_view *view, uint64_t position,
                          struct th_arena *arena)
{
    struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    struct th_bytes text;
    struct th_bytes leaf = store_fixture_leaf(position);
    cr_assert_eq(th_view_receipt(view, position, arena, &text), 0);
    cr_assert_eq(th_tlog_proof_parse((const char *)text.bytes, text.size, &proof), 0);
    cr_assert_eq(th_tlog_proof_verify(&proof, &fixture->signer.vkey, 1, fixture->identity.realm,
                                      leaf.bytes, leaf.size, &checkpoint),
                 0);
}

/* Journal, leaves, rows, tree and checkpoints are of one state; looks closely from `from` on. */
static uint64_t check(struct store_fixture *fixture, uint64_t from)
{
    struct th_store *store = store_fixture_open(fixture, TH_STORE_READ);
    struct th_view *view;
    struct th_arena arena;
    uint64_t rows = 0;
    th_arena_init(&arena, 1 << 16, 64 << 20);
    cr_assert_eq(th_view_open(store, &view), 0);
    uint64_t size = th_view_size(view);
    for (uint64_t i = from; i < size; i++) {
        cr_assert(store_fixture_is_right(view, i));
        if (i % 7 == 0 || i + 1 == size)
            check_receipt(fixture, view, i, &arena);
        th_arena_reset(&arena);
    }
    cr_assert_eq(th_view_rows(view, book, count_row, &rows), 0);
    cr_assert_eq(rows, size);
    th_view_close(view);
    th_store_close(store);
    th_arena_deinit(&arena);
    return size;
}

Test(store_crash, nothing_committed_is_lost_by_kill_9)
{
    struct store_fixture fixture;
    uint32_t state = 20250510;
    uint64_t size = 0;
    unsigned productive = 0;
    store_fixture_init(&fixture, (size_t)1 << 30);
    for (unsigned round = 0; round < ROUNDS; round++) {
        long work_us = 2000 + (long)store_fixture_random(&state, 60000);
        uint64_t said = kill_one(&fixture, round, work_us);
        uint64_t found = check(&fixture, size);
        cr_assert_geq(found, said);
        cr_assert_geq(found, size);
        productive += found > size;
        size = found;
    }
    cr_assert_gt(productive, ROUNDS / 3);
    cr_assert_eq(check(&fixture, 0), size);
    store_fixture_deinit(&fixture);
}
