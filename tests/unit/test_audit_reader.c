/* SPDX-License-Identifier: Apache-2.0 */
/* A store that crashes its reader is an answer. */
#define _GNU_SOURCE /* posix_openpt */
#include "aggregator/audit/reader.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static char out_text[4096], err_text[4096];

static void read_back(FILE *file, char *text)
{
    rewind(file);
    size_t size = fread(text, 1, 4095, file);
    text[size] = '\0';
    (void)fclose(file);
}

static int run_with(th_reader_fn *fn, void *context, unsigned stall_ticks)
{
    FILE *out = tmpfile(), *err = tmpfile();
    const struct th_reader_request request = {
        .command = "verify", .folder = "/kho", .out = out, .err = err, .stall_ticks = stall_ticks};
    int code = th_reader_run(&request, fn, context);
    read_back(out, out_text);
    read_back(err, err_text);
    return code;
}

static int run(th_reader_fn *fn)
{
    return run_with(fn, NULL, 0);
}

static bool says(const char *text)
{
    return strstr(err_text, text) != NULL;
}

static int answer(void *context, struct th_reader *reader)
{
    (void)fprintf(th_reader_request(reader)->out, "xong\n");
    return *(int *)context;
}

Test(reader, gives_the_output_and_the_code_of_the_child)
{
    int code = EX_DATAERR;
    cr_expect_eq(run_with(answer, &code, 0), EX_DATAERR);
    cr_expect_str_eq(out_text, "xong\n");
    code = EX_OK;
    cr_expect_eq(run_with(answer, &code, 0), EX_OK);
    cr_expect_str_eq(err_text, "");
}

static int raise_signal(void *context, struct th_reader *reader)
{
    FILE *out = th_reader_request(reader)->out;
    (void)fprintf(out, "đã đọc\n");
    (void)fflush(out);
    th_reader_phase(reader, "đọc sổ nhật ký", 100);
    th_reader_step(reader, 41, 41);
    (void)raise(*(int *)context);
    return EX_OK;
}

Test(reader, when_nobody_reads_on_it_ends_without_a_word)
{
    int number = SIGPIPE;
    cr_expect_eq(run_with(raise_signal, &number, 0), 128 + SIGPIPE);
    cr_expect_str_eq(err_text, "");
}

Test(reader, a_child_that_dies_of_its_file_is_an_answer)
{
    static const struct {
        int number;
        const char *name;
    } deadly[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGABRT, "SIGABRT"}, {SIGFPE, "SIGFPE"}};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        int number = deadly[i].number;
        cr_expect_eq(run_with(raise_signal, &number, 0), EX_DATAERR);
        cr_expect(says("/kho: kho bị hỏng"), "%s", err_text);
        cr_expect(says(deadly[i].name), "%s", err_text);
        cr_expect(says("đọc sổ nhật ký, bản ghi số 41"), "%s", err_text);
        cr_expect_str_eq(out_text, "đã đọc\n");
    }
}

static int touch_nowhere(void *context, struct th_reader *reader)
{
    volatile char *nowhere = context;
    (void)reader;
    return *nowhere;
}

Test(reader, a_bad_pointer_is_an_answer)
{
    cr_expect_eq(run_with(touch_nowhere, (void *)(uintptr_t)64, 0), EX_DATAERR);
    cr_expect(says("SIGSEGV"), "%s", err_text);
}

static int stand_still(void *context, struct th_reader *reader)
{
    (void)context;
    th_reader_phase(reader, "tìm báo cáo", 0);
    for (;;)
        (void)pause();
    return EX_OK;
}

Test(reader, a_child_that_stands_still_is_an_answer)
{
    cr_expect_eq(run_with(stand_still, NULL, 3), EX_DATAERR);
    cr_expect(says("đứng yên"), "%s", err_text);
    cr_expect(says("tìm báo cáo"), "%s", err_text);
}

static int go_on_slowly(void *context, struct th_reader *reader)
{
    (void)context;
    for (uint64_t i = 0; i < 8; i++) {
        const struct timespec pause_time = {.tv_nsec = 150000000};
        th_reader_step(reader, i, i);
        (void)nanosleep(&pause_time, NULL);
    }
    return EX_OK;
}

Test(reader, a_slow_child_does_not_stand_still)
{
    cr_expect_eq(run_with(go_on_slowly, NULL, 5), EX_OK);
}

static int kill_parent(void *context, struct th_reader *reader)
{
    (void)context, (void)reader;
    (void)kill(getppid(), SIGINT);
    for (;;)
        (void)pause();
    return EX_OK;
}

Test(reader, an_interrupt_ends_the_child_too)
{
    cr_expect_eq(run(kill_parent), 128 + SIGINT);
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
    cr_expect_str_eq(err_text, "");
}

static int say_garbage(void *context, struct th_reader *reader)
{
    (void)context;
    th_reader_phase(reader, "\033[2Jxóa màn hình", 0);
    abort();
}

Test(reader, what_a_misled_child_says_does_not_reach_the_terminal)
{
    cr_expect_eq(run(say_garbage), EX_DATAERR);
    cr_expect(!says("\033"), "%s", err_text);
}

static int look_at_bounds(void *context, struct th_reader *reader)
{
    struct rlimit core;
    (void)context, (void)reader;
    return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 ? EX_OK : EX_SOFTWARE;
}

Test(reader, the_child_dumps_no_core)
{
    cr_expect_eq(run(look_at_bounds), EX_OK);
}

static int go_half_way(void *context, struct th_reader *reader)
{
    const struct timespec pause_time = {.tv_nsec = 350000000};
    (void)context;
    th_reader_phase(reader, "đọc sổ nhật ký", 200);
    th_reader_step(reader, 100, 100);
    (void)nanosleep(&pause_time, NULL);
    return EX_OK;
}

/* What a terminal gets. */
static void run_on_terminal(bool streams, char *ret_shown, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    FILE *terminal = fopen(ptsname(master), "w");
    cr_assert_not_null(terminal);
    const struct th_reader_request request = {.command = "verify",
                                              .folder = "/kho",
                                              .out = terminal,
                                              .err = terminal,
                                              .streams = streams};
    cr_expect_eq(th_reader_run(&request, go_half_way, NULL), EX_OK);
    (void)fclose(terminal);
    size_t shown = 0;
    ssize_t got;
    /* In pieces, as the terminal hands them over; an error when the other end is closed. */
    while (shown < size - 1 && (got = read(master, ret_shown + shown, size - 1 - shown)) > 0)
        shown += (size_t)got;
    ret_shown[shown] = '\0';
    (void)close(master);
}

Test(reader, a_terminal_shows_progress_and_is_clean_afterwards)
{
    char shown[2048];
    run_on_terminal(false, shown, sizeof shown);
    cr_expect_not_null(strstr(shown, "đọc sổ nhật ký [###############...............]  50 %"), "%s",
                       shown);
    size_t length = strlen(shown);
    cr_expect(length > 4 && strcmp(shown + length - 4, "\r\033[K") == 0);
    run_on_terminal(true, shown, sizeof shown);
    cr_expect_str_eq(shown, ""); /* the lines of the command are there */
}

/* ---- a bold child, and one that begins anew ---- */

static int die_boldly(void *context, struct th_reader *reader)
{
    if (th_reader_is_bold(reader)) {
        th_reader_phase(reader, "so cây băm", 0);
        (void)raise(*(int *)context);
    }
    (void)fprintf(th_reader_request(reader)->out, "xong\n");
    return EX_DATAERR;
}

static int ask_for_another(void *context, struct th_reader *reader)
{
    (void)context;
    return th_reader_is_bold(reader) ? TH_READER_AGAIN : EX_OK;
}

static int run_boldly(th_reader_fn *fn, void *context)
{
    FILE *out = tmpfile(), *err = tmpfile();
    const struct th_reader_request request = {
        .command = "verify", .folder = "/kho", .out = out, .err = err, .is_bold_first = true};
    int code = th_reader_run(&request, fn, context);
    read_back(out, out_text);
    read_back(err, err_text);
    return code;
}

Test(reader, a_bold_child_that_dies_of_the_store_is_followed_by_another)
{
    int number = SIGSEGV;
    cr_expect_eq(run_boldly(die_boldly, &number), EX_DATAERR);
    cr_expect_str_eq(out_text, "xong\n");
    cr_expect_str_eq(err_text, "");
    cr_expect_eq(run_boldly(ask_for_another, NULL), EX_OK);
    cr_expect_str_eq(err_text, "");
}

Test(reader, the_one_after_a_bold_child_is_told_of_like_any)
{
    int number = SIGSEGV;
    cr_expect_eq(run_boldly(raise_signal, &number), EX_DATAERR);
    cr_expect(says("SIGSEGV"), "%s", err_text);
}
