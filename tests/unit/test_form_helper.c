/* SPDX-License-Identifier: Apache-2.0 */
/* What another program gets, and what becomes of it. Shells stand in for it. */
#define _GNU_SOURCE /* dup3 */
#include "proto/form/helper.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHELL       "/bin/sh"
#define PATIENCE_MS 20000

static struct th_form_helper_answer answer;

static void forget(void)
{
    free(answer.bytes);
}

TestSuite(form_helper, .fini = forget);

static int ask(const char *program, const char *script, const char *input, size_t answer_size_max,
               int64_t patience_ms)
{
    char name[] = "helper", option[] = "-c", variable[] = "ONE=1", *text = strdup(script);
    char *const arguments[] = {name, option, text, NULL};
    char *const environment[] = {variable, NULL};
    const struct th_form_helper helper = {
        .program = program,
        .arguments = arguments,
        .environment = environment,
        .input = {(const uint8_t *)input, strlen(input)},
        .answer_size_max = answer_size_max,
        .patience_ms = patience_ms,
    };
    int status = th_form_helper_run(&helper, &answer);
    free(text);
    return status;
}

static void run(const char *script)
{
    cr_assert_eq(ask(SHELL, script, "", 1000, PATIENCE_MS), 0);
}

static void assert_end(enum th_form_helper_end end, int number)
{
    cr_expect_eq(answer.end, end, "%d", (int)answer.end);
    cr_expect_eq(answer.number, number, "%d", answer.number);
    cr_expect_eq(answer.bytes == NULL, end != TH_FORM_HELPER_ANSWERED);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what it gives ---- */

Test(form_helper, what_it_writes_is_the_answer)
{
    cr_assert_eq(ask(SHELL, "cat; echo hai", "một\n", 1000, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_ANSWERED, 0);
    cr_assert_str_eq(answer.bytes, "một\nhai\n");
    cr_assert_eq(answer.size, strlen(answer.bytes));
}

Test(form_helper, an_answer_may_be_empty_or_as_long_as_allowed)
{
    run(":");
    assert_end(TH_FORM_HELPER_ANSWERED, 0);
    cr_assert_eq(answer.size, 0);
    free(answer.bytes);
    cr_assert_eq(ask(SHELL, "printf 12345678", "", 8, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_ANSWERED, 0);
}

Test(form_helper, a_longer_answer_is_none)
{
    cr_assert_eq(ask(SHELL, "printf 123456789", "", 8, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_WORDY, 0);
}

Test(form_helper, a_program_that_is_missing_or_cannot_be_run_is_missing)
{
    cr_assert_eq(ask("/nonexistent/helper", "", "", 8, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_MISSING, 0);
    cr_assert_eq(ask("/etc/hostname", "", "", 8, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_MISSING, 0);
    cr_assert_eq(ask("/", "", "", 8, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_MISSING, 0);
}

Test(form_helper, an_exit_code_and_a_signal_are_told)
{
    run("printf 1; exit 7");
    assert_end(TH_FORM_HELPER_FAILED, 7);
    run("printf 1; kill -SEGV $$");
    assert_end(TH_FORM_HELPER_KILLED, SIGSEGV);
}

/* ---- what it costs ---- */

Test(form_helper, one_that_hangs_is_killed_in_time)
{
    int64_t start = now_ms();
    cr_assert_eq(ask(SHELL, "echo $$; exec sleep 60", "", 1000, 300), 0);
    assert_end(TH_FORM_HELPER_LATE, 0);
    cr_assert_lt(now_ms() - start, 20000);
    cr_assert_eq(waitpid(-1, NULL, 0), -1); /* nothing is left of it */
    cr_assert_eq(errno, ECHILD);
}

Test(form_helper, one_that_never_reads_holds_up_nobody)
{
    static char long_input[1 << 20];
    memset(long_input, 'a', sizeof long_input - 1);
    cr_assert_eq(ask(SHELL, ":", long_input, 1000, PATIENCE_MS), 0);
    assert_end(TH_FORM_HELPER_ANSWERED, 0);
}

static pid_t read_pid(const char *path)
{
    char text[32] = "";
    for (int i = 0; i < 2000 && strchr(text, '\n') == NULL; i++) {
        FILE *file = fopen(path, "r");
        if (file != NULL && fgets(text, sizeof text, file) == NULL)
            text[0] = 0;
        if (file != NULL)
            (void)fclose(file);
        (void)usleep(10000);
    }
    return (pid_t)atoi(text);
}

Test(form_helper, it_dies_with_whoever_waits_for_it)
{
    char path[] = "/tmp/tonghop-helper-XXXXXX", script[96];
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    (void)snprintf(script, sizeof script, "echo $$ >%s; exec sleep 60", path);
    pid_t waiting = fork();
    if (waiting == 0)
        _exit(ask(SHELL, script, "", 1000, 60000) == 0 ? 0 : 1);
    pid_t helper = read_pid(path);
    cr_assert_gt(helper, 0);
    cr_assert_eq(kill(helper, 0), 0);
    cr_assert_eq(kill(waiting, SIGKILL), 0);
    cr_assert_eq(waitpid(waiting, NULL, 0), waiting);
    char status[64];
    bool is_gone = false;
    for (int i = 0; i < 1000 && !is_gone; i++) {
        (void)snprintf(status, sizeof status, "/proc/%d/cmdline", (int)helper);
        FILE *file = fopen(status, "r"); /* empty when nobody has buried it yet */
        is_gone = file == NULL || fgetc(file) == EOF;
        if (file != NULL)
            (void)fclose(file);
        (void)usleep(10000);
    }
    cr_assert(is_gone);
    (void)close(fd);
    (void)unlink(path);
}

/* ---- what it gets ---- */

Test(form_helper, descriptors_are_not_inherited)
{
    int fd = open("/etc/hostname", O_RDONLY); /* without O_CLOEXEC */
    cr_assert_geq(fd, 0);
    cr_assert_eq(dup2(fd, 9), 9);
    run("[ -e /proc/self/fd/9 ] && echo yes || echo no");
    cr_assert_str_eq(answer.bytes, "no\n");
    free(answer.bytes);
    run("for i in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do"
        " [ -e /proc/$$/fd/$i ] && echo $i; done; readlink /proc/$$/fd/2");
    cr_assert_str_eq(answer.bytes, "/dev/null\n");
}

/* In a child, as the test's own way to tell something may be any descriptor. */
static void assert_answered_without(bool is_closed[3])
{
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd < 3; fd++)
            if (is_closed[fd])
                (void)close(fd);
        int status =
            ask(SHELL, "cat; echo no >&2; readlink /proc/$$/fd/2", "hai\n", 1000, PATIENCE_MS);
        _exit(status != 0 || answer.end != TH_FORM_HELPER_ANSWERED ? 1
              : strcmp(answer.bytes, "hai\n/dev/null\n") != 0      ? 2
                                                                   : 0);
    }
    int state = -1;
    cr_assert_eq(waitpid(child, &state, 0), child);
    cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == 0, "%x without%s%s%s", (unsigned)state,
              is_closed[0] ? " 0" : "", is_closed[1] ? " 1" : "", is_closed[2] ? " 2" : "");
}

Test(form_helper, what_of_ours_is_closed_does_not_become_its_own)
{
    for (unsigned closed = 0; closed < 8; closed++)
        assert_answered_without((bool[3]){closed & 1, closed & 2, closed & 4});
}

Test(form_helper, one_that_cannot_be_watched_is_ended_and_no_verdict)
{
    pid_t child = fork();
    if (child == 0) { /* room for the two files in memory, and no more */
        int first = dup(1), second = dup(1);
        const struct rlimit few = {(rlim_t)second + 1, (rlim_t)second + 1};
        (void)close(first);
        (void)close(second);
        int64_t start = now_ms();
        bool is_told = setrlimit(RLIMIT_NOFILE, &few) == 0 &&
                       ask(SHELL, "exec sleep 60", "", 1000, PATIENCE_MS) == TH_E_IO;
        _exit(!is_told                                        ? 1
              : waitpid(-1, NULL, 0) != -1 || errno != ECHILD ? 2
              : now_ms() - start > PATIENCE_MS                ? 3
                                                              : 0);
    }
    int state = -1;
    cr_assert_eq(waitpid(child, &state, 0), child);
    cr_expect(WIFEXITED(state) && WEXITSTATUS(state) == 0, "%x", (unsigned)state);
}

Test(form_helper, the_environment_is_what_was_said)
{
    cr_assert_eq(setenv("SECRET", "1", 1), 0);
    run("tr '\\0' '\\n' </proc/$$/environ");
    cr_assert_str_eq(answer.bytes, "ONE=1\n");
}

Test(form_helper, it_gains_no_privileges_and_its_signals_are_as_usual)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    run("grep -E '^(NoNewPrivs|SigIgn|SigBlk):' /proc/self/status | tr -d '\\t'");
    cr_assert_str_eq(answer.bytes, "SigBlk:0000000000000000\nSigIgn:0000000000000000\n"
                                   "NoNewPrivs:1\n");
}

Test(form_helper, its_place_is_beside_the_program_that_runs)
{
    char path[PATH_MAX], real[PATH_MAX], program[PATH_MAX];
    cr_assert_eq(th_form_helper_path("tonghop-workbook", path), 0);
    cr_assert_not_null(realpath(path, real), "%s", path);
    cr_assert_not_null(realpath("/proc/self/exe", program));
    *strrchr(program, '/') = 0; /* tests */
    *strrchr(program, '/') = 0;
    cr_assert_eq(strncmp(real, program, strlen(program)), 0);
    cr_assert_str_eq(real + strlen(program), "/libexec/tonghop/tonghop-workbook");
}
