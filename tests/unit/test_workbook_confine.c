/* SPDX-License-Identifier: Apache-2.0 */
/* What a process may still do when it is confined: each time another one tries it. */
#define _GNU_SOURCE
#include "proto/workbook/confine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

enum { DID_IT, REFUSED, NOT_CONFINED };

typedef bool try_fn(void);

static pid_t tested; /* the parent, which a confined process cannot ask for */

/* The wait status of a confined process that tries it. */
static int state_of(enum th_confinement confinement, try_fn *try)
{
    tested = getpid();
    pid_t child = fork();
    if (child == 0) {
        if (th_confine(confinement) != 0)
            _exit(NOT_CONFINED);
        _exit(try() ? DID_IT : REFUSED);
    }
    int state = -1;
    cr_assert_eq(waitpid(child, &state, 0), child);
    return state;
}

static void assert_refused(enum th_confinement confinement, try_fn *try)
{
    int state = state_of(confinement, try);
    cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == REFUSED, "%x", (unsigned)state);
    pid_t child = fork(); /* or the line above means nothing */
    if (child == 0)
        _exit(try() ? DID_IT : REFUSED);
    cr_assert_eq(waitpid(child, &state, 0), child);
    cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == DID_IT, "%x", (unsigned)state);
}

static void assert_done(enum th_confinement confinement, try_fn *try)
{
    int state = state_of(confinement, try);
    cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == DID_IT, "%x", (unsigned)state);
}

static bool open_a_file(void)
{
    return open("/etc/hostname", O_RDONLY) >= 0;
}

static bool make_a_file(void)
{
    char path[] = "/tmp/tonghop-confined-XXXXXX";
    int fd = mkstemp(path);
    return fd >= 0 && write(fd, "a", 1) == 1 && unlink(path) == 0;
}

static bool make_a_file_in_memory(void)
{
    return memfd_create("a", 0) >= 0;
}

static bool duplicate_a_descriptor(void)
{
    return dup(1) >= 0;
}

static bool make_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool make_a_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child;
}

static bool become_another_program(void)
{
    char name[] = "true";
    char *const arguments[] = {name, NULL}, *const environment[] = {NULL};
    (void)execve("/bin/true", arguments, environment);
    return false;
}

static bool map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool make_memory_code(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool signal_the_parent(void)
{
    return kill(tested, 0) == 0;
}

static bool signal_a_thread_of_the_parent(void)
{
    return tgkill(tested, tested, 0) == 0;
}

static bool end_itself(void)
{
    (void)signal(SIGABRT, SIG_DFL);
    abort();
}

static bool take_much_memory(void)
{
    size_t size = (size_t)300 << 20;
    return mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool take_some_memory(void)
{
    char *memory = malloc((size_t)100 << 20);
    if (memory != NULL)
        memset(memory, 1, (size_t)100 << 20);
    bool is_taken = memory != NULL && memory[12345] == 1;
    free(memory);
    return is_taken;
}

static bool spin(void)
{
    volatile bool goes_on = true;
    while (goes_on)
        continue;
    return true;
}

static int long_file = -1;

static bool write_a_long_file(void)
{
    return pwrite(long_file, "a", 1, (off_t)40 << 20) == 1;
}

static bool write_a_short_file(void)
{
    return pwrite(long_file, "a", 1, 5000) == 1;
}

static bool write_a_long_file_by_steps(void)
{
    return lseek(long_file, (off_t)40 << 20, SEEK_SET) > 0 && write(long_file, "a", 1) == 1;
}

Test(workbook_confine, nothing_is_opened)
{
    assert_refused(TH_CONFINED_TO_STREAMS, open_a_file);
    assert_refused(TH_CONFINED_TO_STREAMS, make_a_file);
    assert_refused(TH_CONFINED_TO_STREAMS, make_a_file_in_memory);
    assert_refused(TH_CONFINED_TO_STREAMS, duplicate_a_descriptor);
}

Test(workbook_confine, files_may_be_opened_when_asked_for)
{
    assert_done(TH_CONFINED_TO_FILES, open_a_file);
    assert_done(TH_CONFINED_TO_FILES, make_a_file);
    assert_done(TH_CONFINED_TO_FILES, make_a_file_in_memory);
}

Test(workbook_confine, no_sockets_processes_programs_or_code)
{
    static try_fn *const tries[] = {
        make_a_socket,    make_a_process,    become_another_program,       map_code,
        make_memory_code, signal_the_parent, signal_a_thread_of_the_parent};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        if (tries[i] == become_another_program) {
            int state = state_of(TH_CONFINED_TO_FILES, become_another_program);
            cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == REFUSED);
            continue; /* it does not come back when it may */
        }
        assert_refused(TH_CONFINED_TO_STREAMS, tries[i]);
        assert_refused(TH_CONFINED_TO_FILES, tries[i]);
    }
}

Test(workbook_confine, it_may_end_itself)
{
    int state = state_of(TH_CONFINED_TO_STREAMS, end_itself);
    cr_expect(WIFSIGNALED(state) && WTERMSIG(state) == SIGABRT, "%x", (unsigned)state);
}

Test(workbook_confine, memory_is_bounded)
{
    assert_done(TH_CONFINED_TO_STREAMS, take_some_memory);
    if (!IS_SANITIZED) /* whose shadow is larger than any bound */
        assert_refused(TH_CONFINED_TO_STREAMS, take_much_memory);
}

Test(workbook_confine, what_is_written_is_bounded)
{
    long_file = memfd_create("long", 0);
    cr_assert_geq(long_file, 0);
    assert_refused(TH_CONFINED_TO_FILES, write_a_long_file);
    assert_refused(TH_CONFINED_TO_STREAMS, write_a_long_file_by_steps);
}

Test(workbook_confine, a_stricter_bound_is_kept)
{
    const struct rlimit small = {4096, 4096};
    long_file = memfd_create("long", 0);
    assert_done(TH_CONFINED_TO_FILES, write_a_short_file);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    int state = state_of(TH_CONFINED_TO_FILES, write_a_short_file);
    cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == REFUSED, "%x", (unsigned)state);
}

Test(workbook_confine, time_is_bounded)
{
    int state = state_of(TH_CONFINED_TO_STREAMS, spin);
    cr_expect(WIFSIGNALED(state) && WTERMSIG(state) == SIGXCPU, "%x", (unsigned)state);
}
