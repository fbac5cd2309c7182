/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "aggregator/audit/reader.h"

#include "base/options.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum {
    PHASE_SIZE = 96,
    SENTENCE_SIZE = PHASE_SIZE + 160,
    TICK_MS = 100,
    STALL_TICKS = 1200,
    BAR_WIDTH = 30,
};

/* A store maps 64 GiB, a second one is made of it, and there is room beside them. */
#define ADDRESS_BYTES ((rlim_t)192 << 30)
#define DATA_BYTES    ((rlim_t)8 << 30)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0 /* its shadow memory is larger than any bound */
#endif

/* Shared by parent and child. A child that was misled by a damaged file may leave anything here. */
struct page {
    atomic_uint_fast64_t beat; /* goes on with every step */
    atomic_uint_fast64_t done;
    atomic_uint_fast64_t total;
    atomic_uint_fast64_t position;
    char phase[PHASE_SIZE];
};

struct th_reader {
    const struct th_reader_request *request;
    struct page *page;
    bool is_bold;
};

/* ---- the child ---- */

const struct th_reader_request *th_reader_request(const struct th_reader *reader)
{
    return reader->request;
}

bool th_reader_is_bold(const struct th_reader *reader)
{
    return reader->is_bold;
}

void th_reader_phase(struct th_reader *reader, const char *phase, uint64_t total)
{
    struct page *page = reader->page;
    (void)snprintf(page->phase, sizeof page->phase, "%s", phase);
    atomic_store(&page->total, total);
    atomic_store(&page->position, TH_READER_NOWHERE);
    atomic_store(&page->done, 0);
    atomic_fetch_add(&page->beat, 1);
}

void th_reader_step(struct th_reader *reader, uint64_t done, uint64_t position)
{
    struct page *page = reader->page;
    atomic_store_explicit(&page->done, done, memory_order_relaxed);
    atomic_store_explicit(&page->position, position, memory_order_relaxed);
    atomic_fetch_add_explicit(&page->beat, 1, memory_order_relaxed);
}

static void bound(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return;
    if (limit.rlim_cur > most)
        limit.rlim_cur = most;
    (void)setrlimit((__rlimit_resource_t)resource, &limit);
}

static void confine(pid_t parent)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGINT, SIGTERM};
    struct sigaction as_usual = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&as_usual.sa_mask);
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        (void)sigaction(deadly[i], &as_usual, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EX_OSERR); /* it died before the line above */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    bound(RLIMIT_CORE, 0);
    if (!IS_SANITIZED) {
        bound(RLIMIT_AS, ADDRESS_BYTES);
        bound(RLIMIT_DATA, DATA_BYTES);
    }
}

__attribute__((noreturn)) static void live(const struct th_reader_request *request,
                                           struct page *page, bool is_bold, th_reader_fn *fn,
                                           void *context)
{
    struct th_reader reader = {request, page, is_bold};
    int code = th_cli_finish(request->out, request->err, fn(context, &reader));
    (void)fflush(request->err);
    _exit(code);
}

/* ---- the parent: what it shows ---- */

struct bar {
    FILE *err; /* NULL: none */
    bool is_there;
};

static const char *phase_of(const struct page *page, char text[PHASE_SIZE])
{
    memcpy(text, page->phase, PHASE_SIZE);
    text[PHASE_SIZE - 1] = '\0';
    if (text[0] == '\0' || th_text_check(text, strlen(text), TH_TEXT_ONE_LINE) != 0)
        (void)snprintf(text, PHASE_SIZE, "đọc kho");
    return text;
}

static void draw(struct bar *bar, const struct page *page)
{
    char phase[PHASE_SIZE], cells[BAR_WIDTH + 1];
    uint64_t done = atomic_load(&page->done), total = atomic_load(&page->total);
    if (bar->err == NULL)
        return;
    bar->is_there = true;
    if (total == 0) {
        (void)fprintf(bar->err, "\r\033[K%s: %" PRIu64, phase_of(page, phase), done);
    } else {
        double share = done >= total ? 1 : (double)done / (double)total;
        int full = (int)(share * BAR_WIDTH);
        memset(cells, '#', (size_t)full);
        memset(cells + full, '.', (size_t)(BAR_WIDTH - full));
        cells[BAR_WIDTH] = '\0';
        (void)fprintf(bar->err, "\r\033[K%s [%s] %3d %%", phase_of(page, phase), cells,
                      (int)(share * 100));
    }
    (void)fflush(bar->err);
}

static void clear(struct bar *bar)
{
    if (!bar->is_there)
        return;
    (void)fputs("\r\033[K", bar->err);
    (void)fflush(bar->err);
    bar->is_there = false;
}

static const char *signal_name(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGABRT:
        return "SIGABRT";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    default:
        return NULL;
    }
}

/* Where the child was, as the end of a sentence. A bold one is forgiven. Returns the exit code. */
static int complain(const struct th_reader_request *request, const struct page *page, bool is_bold,
                    const char *how)
{
    if (is_bold)
        return TH_READER_AGAIN;
    char phase[PHASE_SIZE], place[48] = "", sentence[SENTENCE_SIZE];
    uint64_t position = atomic_load(&page->position);
    if (position != TH_READER_NOWHERE)
        (void)snprintf(place, sizeof place, ", bản ghi số %" PRIu64, position);
    (void)snprintf(sentence, sizeof sentence, "kho bị hỏng: trình đọc %s khi %s%s", how,
                   phase_of(page, phase), place);
    th_cli_complain(request->err, request->command,
                    "kho này không đọc được trọn vẹn: lấy bản sao khác, hoặc khôi phục từ bản sao "
                    "lưu",
                    "%s: %s", request->folder, sentence);
    if (request->died != NULL)
        request->died(request->died_context, sentence, request->out);
    return EX_DATAERR;
}

/* ---- the parent: waiting ---- */

static int judge(const struct th_reader_request *request, const struct page *page, bool is_bold,
                 int state)
{
    char how[32];
    if (WIFEXITED(state))
        return WEXITSTATUS(state);
    int number = WTERMSIG(state);
    /* SIGPIPE: nobody reads the output any more. */
    if (number == SIGPIPE || number == SIGINT || number == SIGTERM || number == SIGHUP)
        return 128 + number;
    if (signal_name(number) == NULL) {
        th_cli_complain(request->err, request->command, "thử lại; nếu hết bộ nhớ, dùng máy lớn hơn",
                        "%s: trình đọc bị dừng từ bên ngoài (tín hiệu %d)", request->folder,
                        number);
        return EX_OSERR;
    }
    (void)snprintf(how, sizeof how, "dừng (%s)", signal_name(number));
    return complain(request, page, is_bold, how);
}

/* Ends the child, whatever it is doing. */
static int reap(pid_t child)
{
    int state = 0;
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    return state;
}

static int attend(const struct th_reader_request *request, const struct page *page, bool is_bold,
                  pid_t child, const sigset_t *waited)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    unsigned most = request->stall_ticks == 0 ? STALL_TICKS : request->stall_ticks;
    bool shows =
        isatty(fileno(request->err)) && !(request->streams && isatty(fileno(request->out)));
    struct bar bar = {.err = shows ? request->err : NULL};
    uint_fast64_t seen = atomic_load(&page->beat);
    /* Ticks are counted, not time: a machine that slept, or a stopped job, did not stand still. */
    for (unsigned still = 0;;) {
        int state = 0;
        if (waitpid(child, &state, WNOHANG) == child) {
            clear(&bar);
            return judge(request, page, is_bold, state);
        }
        int number = sigtimedwait(waited, NULL, &tick);
        if (number > 0 && number != SIGCHLD) {
            (void)kill(child, SIGKILL);
            (void)reap(child);
            clear(&bar);
            return 128 + number;
        }
        if (number > 0 || errno != EAGAIN)
            continue;
        uint_fast64_t now = atomic_load(&page->beat);
        still = now == seen ? still + 1 : 0;
        seen = now;
        if (still < most) {
            draw(&bar, page);
            continue;
        }
        (void)kill(child, SIGKILL);
        (void)reap(child);
        clear(&bar);
        char how[64];
        (void)snprintf(how, sizeof how, "đứng yên %u giây", most * TICK_MS / 1000);
        return complain(request, page, is_bold, how);
    }
}

/* One child, from its beginning to its end. `before`: the signals that it blocks. */
static int send(const struct th_reader_request *request, struct page *page, bool is_bold,
                const sigset_t *before, const sigset_t *waited, th_reader_fn *fn, void *context)
{
    atomic_store(&page->position, TH_READER_NOWHERE);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        confine(parent);
        (void)sigprocmask(SIG_SETMASK, before, NULL);
        live(request, page, is_bold, fn, context);
    }
    if (child > 0)
        return attend(request, page, is_bold, child, waited);
    th_cli_complain(request->err, request->command, "thử lại sau", "không tạo được tiến trình đọc");
    return EX_OSERR;
}

int th_reader_run(const struct th_reader_request *request, th_reader_fn *fn, void *context)
{
    struct sigaction as_usual = {.sa_handler = SIG_DFL}, before_child;
    sigset_t waited, before;
    struct page *page =
        mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        th_cli_complain(request->err, request->command, NULL, "không đủ bộ nhớ");
        return EX_OSERR;
    }
    (void)sigemptyset(&as_usual.sa_mask);
    (void)sigaction(SIGCHLD, &as_usual, &before_child); /* ignored, it would leave no status */
    (void)sigemptyset(&waited);
    (void)sigaddset(&waited, SIGCHLD);
    (void)sigaddset(&waited, SIGINT);
    (void)sigaddset(&waited, SIGTERM);
    (void)sigaddset(&waited, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &waited, &before);
    (void)fflush(request->out);
    (void)fflush(request->err);
    int code = TH_READER_AGAIN;
    if (request->is_bold_first)
        code = send(request, page, true, &before, &waited, fn, context);
    if (code == TH_READER_AGAIN)
        code = send(request, page, false, &before, &waited, fn, context);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)sigaction(SIGCHLD, &before_child, NULL);
    (void)munmap(page, sizeof *page);
    return code;
}
