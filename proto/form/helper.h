/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program that is given some bytes and answers with others, before a deadline.
 *
 * It gets nothing else of this process: an environment of its own, no descriptor but its input, its
 * answer and /dev/null for what it complains about; it may gain no privileges, and dies with the
 * thread that waits for it. Input and answer are files in memory, so that a program that reads or
 * writes slowly, or never, holds up nobody beyond the deadline. What it answers is not trusted.
 *
 * May be called from any thread. Internal to proto/form.
 */
#ifndef TH_FORM_HELPER_H
#define TH_FORM_HELPER_H

#include "base/bytes.h"
#include "base/status.h"

#include <limits.h>
#include <stdint.h>

struct th_form_helper {
    const char *program;      /* its path */
    char *const *arguments;   /* argv, NULL at the end */
    char *const *environment; /* NULL at the end */
    struct th_bytes input;
    size_t answer_size_max;
    int64_t patience_ms; /* then it is killed */
};

enum th_form_helper_end {
    TH_FORM_HELPER_ANSWERED, /* it ended well */
    TH_FORM_HELPER_MISSING,  /* there is no such program that may be run */
    TH_FORM_HELPER_FAILED,   /* number: its exit code, not 0 */
    TH_FORM_HELPER_KILLED,   /* number: the signal */
    TH_FORM_HELPER_LATE,
    TH_FORM_HELPER_WORDY /* the answer is longer than allowed */
};

struct th_form_helper_answer {
    enum th_form_helper_end end;
    int number;
    char *bytes; /* owned (free); NULL unless it is answered */
    size_t size;
};

/* SIGCHLD must not be ignored, or there is no exit code. TH_E_IO: no process or no file in memory
 * could be made, or the process not be watched; TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_form_helper_run(const struct th_form_helper *helper,
                                     struct th_form_helper_answer *ret_answer);

/*
 * Where a helper of this name stands: ../libexec/tonghop/NAME from the folder of the program that
 * runs, as installed and in the folder of a build. Neither PATH nor the environment can change it.
 * TH_E_NOT_FOUND: not to be told.
 */
TH_MUST_CHECK int th_form_helper_path(const char *name, char ret_path[PATH_MAX]);

#endif
