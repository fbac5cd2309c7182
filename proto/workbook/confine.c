/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/workbook/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false /* its shadow memory is larger than any bound */
#endif

#define MEMORY_BYTES ((rlim_t)256 << 20)
#define FILE_BYTES   ((rlim_t)32 << 20)
#define CPU_SECONDS  ((rlim_t)5)
#define FILES_MAX    ((rlim_t)64)

/* Never above what somebody else has set. The hard limit is one more: of processor time the soft
 * one ends it with SIGXCPU, the hard one with SIGKILL. */
static bool bound(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return false;
    rlim_t hard = most == 0 ? 0 : most + 1;
    if (limit.rlim_max > hard)
        limit.rlim_max = hard;
    if (limit.rlim_cur > most)
        limit.rlim_cur = most;
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

static bool set_limits(enum th_confinement confinement)
{
    rlim_t files = confinement == TH_CONFINED_TO_FILES ? FILES_MAX : 0;
    return (IS_SANITIZED || bound(RLIMIT_AS, MEMORY_BYTES)) && bound(RLIMIT_CPU, CPU_SECONDS) &&
           bound(RLIMIT_FSIZE, FILE_BYTES) && bound(RLIMIT_NOFILE, files) &&
           bound(RLIMIT_NPROC, 0) && bound(RLIMIT_CORE, 0);
}

/* ---- what the kernel still does ---- */

/* Reading what is open, memory, the end. */
static const int always[] = {
    SCMP_SYS(read),         SCMP_SYS(write),        SCMP_SYS(lseek),
    SCMP_SYS(fstat),        SCMP_SYS(brk),          SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(madvise),      SCMP_SYS(futex),
    SCMP_SYS(sched_yield),  SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
    SCMP_SYS(getpid),       SCMP_SYS(gettid),       SCMP_SYS(newfstatat),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),  SCMP_SYS(exit),         SCMP_SYS(exit_group),
};

/* What libxlsxwriter and its zip library do with temporary files. */
static const int of_files[] = {
    SCMP_SYS(open),      SCMP_SYS(openat), SCMP_SYS(close),        SCMP_SYS(stat),
    SCMP_SYS(lstat),     SCMP_SYS(access), SCMP_SYS(fcntl),        SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),  SCMP_SYS(unlink), SCMP_SYS(memfd_create), SCMP_SYS(readv),
    SCMP_SYS(writev),    SCMP_SYS(getuid), SCMP_SYS(ftruncate),    SCMP_SYS(unlinkat),
    SCMP_SYS(faccessat),
};

static bool allow(scmp_filter_ctx filter, const int calls[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
            return false;
    return true;
}

/* Memory, but none that holds code. */
static bool allow_data(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0;
}

/* Signals of its own, as abort() sends one. */
static bool allow_own_end(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp itself = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, itself) == 0;
}

static bool set_filter(enum th_confinement confinement)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return false;
    bool is_set = allow(filter, always, sizeof always / sizeof always[0]) && allow_data(filter) &&
                  allow_own_end(filter);
    if (confinement == TH_CONFINED_TO_FILES)
        is_set = is_set && allow(filter, of_files, sizeof of_files / sizeof of_files[0]);
    is_set = is_set && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return is_set;
}

int th_confine(enum th_confinement confinement)
{
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of writing */
    bool is_done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && set_limits(confinement) &&
                   set_filter(confinement);
    return is_done ? 0 : TH_E_FORBIDDEN;
}
