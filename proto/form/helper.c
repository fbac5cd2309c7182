/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create, close_range */
#include "proto/form/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NO_PROGRAM 127 /* as shells say it */

/* Never 0, 1 or 2, whatever of these is closed. Takes the descriptor, or the failure to open. */
static int above_standard(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    (void)close(fd);
    return higher;
}

/* ---- the child, until it is the other program: nothing but system calls ---- */

static void forget_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP};
    struct sigaction as_usual = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&as_usual.sa_mask);
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)sigaction(ignored[i], &as_usual, NULL);
    (void)sigprocmask(SIG_SETMASK, &as_usual.sa_mask, NULL);
}

__attribute__((noreturn)) static void become(const struct th_form_helper *helper, pid_t parent,
                                             int input, int answer)
{
    forget_signals();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nowhere = above_standard(open("/dev/null", O_WRONLY | O_CLOEXEC));
    bool is_ready = getppid() == parent && /* it may have died before the line above */
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && dup2(input, 0) == 0 &&
                    dup2(answer, 1) == 1 && nowhere >= 0 && dup2(nowhere, 2) == 2 &&
                    close_range(3, ~0U, 0) == 0;
    if (is_ready)
        (void)execve(helper->program, helper->arguments, helper->environment);
    _exit(EXIT_NO_PROGRAM);
}

/* ---- the parent ---- */

static bool fill(int fd, struct th_bytes bytes)
{
    for (size_t done = 0; done < bytes.size;) {
        ssize_t written = write(fd, bytes.bytes + done, bytes.size - done);
        if (written < 0 && errno != EINTR)
            return false;
        done += written < 0 ? 0 : (size_t)written;
    }
    return lseek(fd, 0, SEEK_SET) == 0;
}

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* TH_E_IO: it cannot be watched. */
static int watch(pid_t child, int64_t patience_ms, bool *ret_is_late)
{
    struct pollfd watched = {.fd = pidfd_open(child, 0), .events = POLLIN};
    if (watched.fd < 0)
        return TH_E_IO;
    int64_t until = now_ms() + patience_ms, left = patience_ms;
    int ready = -1;
    do {
        left = until - now_ms();
        ready = poll(&watched, 1, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
    } while (ready < 0 && errno == EINTR && left > 0);
    bool is_failed = ready < 0 && errno != EINTR;
    (void)close(watched.fd);
    if (is_failed)
        return TH_E_IO;
    *ret_is_late = ready != 1;
    return 0;
}

static int collect(int fd, size_t size_max, struct th_form_helper_answer *answer)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return TH_E_IO;
    if (about.st_size < 0 || (uintmax_t)about.st_size > size_max) {
        answer->end = TH_FORM_HELPER_WORDY;
        return 0;
    }
    size_t size = (size_t)about.st_size;
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    for (size_t got = 0; got < size;) {
        ssize_t part = pread(fd, bytes + got, size - got, (off_t)got);
        if (part == 0 || (part < 0 && errno != EINTR)) {
            free(bytes);
            return TH_E_IO;
        }
        got += part < 0 ? 0 : (size_t)part;
    }
    bytes[size] = 0;
    answer->bytes = bytes;
    answer->size = size;
    return 0;
}

/* Waits for the child, at most as long as allowed; it is gone when this returns. */
static int await(const struct th_form_helper *helper, pid_t child, int fd,
                 struct th_form_helper_answer *answer)
{
    int state = 0;
    bool is_late = false;
    int status = watch(child, helper->patience_ms, &is_late);
    if (status != 0 || is_late)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return TH_E_IO;
    if (status != 0)
        return status;
    if (is_late)
        answer->end = TH_FORM_HELPER_LATE;
    else if (WIFSIGNALED(state))
        *answer =
            (struct th_form_helper_answer){.end = TH_FORM_HELPER_KILLED, .number = WTERMSIG(state)};
    else if (WEXITSTATUS(state) == EXIT_NO_PROGRAM)
        answer->end = TH_FORM_HELPER_MISSING;
    else if (WEXITSTATUS(state) != 0)
        *answer = (struct th_form_helper_answer){.end = TH_FORM_HELPER_FAILED,
                                                 .number = WEXITSTATUS(state)};
    else
        return collect(fd, helper->answer_size_max, answer);
    return 0;
}

int th_form_helper_run(const struct th_form_helper *helper,
                       struct th_form_helper_answer *ret_answer)
{
    struct th_form_helper_answer answer = {.end = TH_FORM_HELPER_ANSWERED};
    pid_t parent = getpid(), child = -1;
    int status = TH_E_IO;
    if (access(helper->program, X_OK) != 0) {
        *ret_answer = (struct th_form_helper_answer){.end = TH_FORM_HELPER_MISSING};
        return 0;
    }
    int input = above_standard(memfd_create("input", MFD_CLOEXEC));
    int output = above_standard(memfd_create("answer", MFD_CLOEXEC));
    if (input >= 0 && output >= 0 && fill(input, helper->input))
        child = fork();
    if (child == 0)
        become(helper, parent, input, output);
    if (child > 0)
        status = await(helper, child, output, &answer);
    if (input >= 0)
        (void)close(input);
    if (output >= 0)
        (void)close(output);
    if (status == 0)
        *ret_answer = answer;
    return status;
}

int th_form_helper_path(const char *name, char ret_path[PATH_MAX])
{
    char program[PATH_MAX], path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0)
        return TH_E_NOT_FOUND;
    program[size] = 0;
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return TH_E_NOT_FOUND;
    *slash = 0;
    int length = snprintf(path, sizeof path, "%s/../libexec/tonghop/%s", program, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return TH_E_NOT_FOUND;
    memcpy(ret_path, path, (size_t)length + 1);
    return 0;
}
