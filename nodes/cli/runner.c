/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/runner.h"

#include "base/errno_text.h"
#include "base/options.h"
#include "nodes/cli/choice.h"
#include "nodes/cli/telling.h"
#include "nodes/driver/driver.h"
#include "nodes/home/lock.h"
#include "nodes/shell/dealer.h"
#include "nodes/shell/loop.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#define TICK_MS     200   /* what a submission waits for at most: a tick looks in the outbox */
#define GRACE_MS    500   /* after the welcome: reminders and plans that follow it */
#define WORRY_MS    10000 /* without a welcome: say where to look */
#define PUT_OFF_MS  3000  /* a quota passes by itself sooner; a full disk does not */
#define TURN_FRAMES 64
/* A hello and a full flight, twice: libzmq reports room late, after half of it was taken. */
#define QUEUE_MAX (2 * (1 + TH_NODE_FLIGHT_MAX))

#define PUT_OFF_TEXT_SIZE 256

/* A full disk: open again after this, then twice as long again each time. */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

#define ROOM_MIN_BYTES ((uint64_t)1024 * 1024)

/* Descriptors: of a node its lock, three of the outbox, two of the connection; of the process its
 * streams, libzmq, libuv, and a file that is read meanwhile. */
#define FILES_OF_NODE    6
#define FILES_OF_PROCESS 24

/* Without a connection: dial again after this, then half as long again each time, with jitter. */
#define REDIAL_MIN_MS 6000
#define REDIAL_MAX_MS 120000

struct node {
    struct runner *runner;
    struct th_home home;
    struct th_home_keys *keys;
    struct th_outbox *outbox;
    struct th_node_driver *driver;
    struct th_dealer *dealer;
    bool has_home, has_lock;
    bool is_connected;
    bool was_welcomed;
    int64_t welcomed_ms;
    int64_t redial_ms; /* when; 0: not set */
    int64_t redial_wait_ms;
    int64_t put_off_ms;                   /* since when the server says "later"; 0: it does not */
    char put_off_text[PUT_OFF_TEXT_SIZE]; /* why, in its words */
    int lock;
};

struct runner {
    const struct th_runner_options *options;
    struct node *nodes;
    struct th_loop_source *sources;
    void *context; /* libzmq's */
    struct th_telling telling;
    int64_t started_ms;
    int64_t pending_ms; /* when a node had something to send, last; or started_ms */
    int64_t retry_ms;   /* when to open again, after the disk was full */
    int64_t retry_wait_ms;
    bool has_worried;
    bool has_told_put_off;
    bool timed_out;
};

/* ---- the driver's ports ---- */

/* The driver takes a connection that is full for lost. It may have room again before the next look,
 * so that it would never seem to have gone: forgetting it here makes the next look find it anew. */
static int port_send(void *context, struct th_bytes frame)
{
    struct node *node = context;
    int status = th_dealer_send(node->dealer, frame);
    if (status == TH_E_BUSY)
        node->is_connected = false;
    return status;
}

static int64_t port_now_ms(void *context)
{
    (void)context;
    return th_loop_now_ms();
}

static th_instant port_wall(void *context)
{
    (void)context;
    return (th_instant){th_loop_wall_ms()};
}

static void port_random(void *context, void *ret_bytes, size_t size)
{
    (void)context;
    randombytes_buf(ret_bytes, size);
}

static void put_off(struct node *node, struct th_text why)
{
    size_t size = why.size < PUT_OFF_TEXT_SIZE ? why.size : PUT_OFF_TEXT_SIZE - 1;
    while (size < why.size && size > 0 && ((unsigned char)why.bytes[size] & 0xc0) == 0x80)
        size--; /* a character is not cut */
    memcpy(node->put_off_text, size == 0 ? "" : why.bytes, size);
    node->put_off_text[size] = '\0';
    if (node->put_off_ms == 0)
        node->put_off_ms = th_loop_now_ms();
}

static void port_tell(void *context, const struct th_node_news *news)
{
    struct node *node = context;
    if (news->kind == TH_NEWS_LATER)
        put_off(node, news->text);
    else if (news->kind == TH_NEWS_SETTLED || news->kind == TH_NEWS_READMITTED ||
             news->kind == TH_NEWS_LOST)
        node->put_off_ms = 0;
    th_telling_news(&node->runner->telling, &node->home, news);
}

/* ---- the loop's sources ---- */

static bool has_work(void *context)
{
    struct node *node = context;
    struct th_dealer_state state = th_dealer_look(node->dealer);
    return state.is_readable || state.is_writable != node->is_connected;
}

/* A connection that came or went shows as a change of "writable". */
static int follow_connection(struct node *node, bool is_writable)
{
    if (is_writable == node->is_connected)
        return 0;
    node->is_connected = is_writable;
    return is_writable ? th_node_driver_on_connected(node->driver)
                       : th_node_driver_on_lost(node->driver);
}

/* For ever, so that a node that was enrolled late or met a stranger gets through by itself. */
static int redial(struct node *node, int64_t now_ms)
{
    if (node->is_connected) {
        node->redial_ms = node->redial_wait_ms = 0;
        return 0;
    }
    bool is_due = node->redial_ms != 0 && now_ms >= node->redial_ms;
    if (node->redial_ms != 0 && !is_due)
        return 0;
    int64_t wait_ms = node->redial_wait_ms + node->redial_wait_ms / 2;
    if (wait_ms < REDIAL_MIN_MS)
        wait_ms = REDIAL_MIN_MS;
    node->redial_wait_ms = wait_ms > REDIAL_MAX_MS ? REDIAL_MAX_MS : wait_ms;
    int64_t jitter_ms = randombytes_uniform((uint32_t)(node->redial_wait_ms / 2));
    node->redial_ms = now_ms + node->redial_wait_ms + jitter_ms;
    return is_due ? th_dealer_redial(node->dealer) : 0;
}

static int take_turn(void *context)
{
    struct node *node = context;
    struct th_dealer_state state = th_dealer_look(node->dealer);
    int status = follow_connection(node, state.is_writable);
    for (int i = 0; status == 0 && i < TURN_FRAMES; i++) {
        struct th_bytes frame;
        status = th_dealer_receive(node->dealer, &frame);
        if (status == TH_E_NOT_FOUND)
            break;
        if (status == 0)
            status = th_node_driver_on_frame(node->driver, frame);
    }
    return status == TH_E_NOT_FOUND ? 0 : status;
}

/* ---- when the goal is reached ---- */

static bool item_is_settled(struct node *node, uint64_t id)
{
    struct th_outbox_item item;
    return th_outbox_get(node->outbox, id, &item) == 0 && item.state != TH_ITEM_QUEUED &&
           item.state != TH_ITEM_SENT;
}

static bool is_done(struct runner *runner, struct node *node, int64_t now_ms)
{
    const struct th_runner_options *options = runner->options;
    switch (options->goal) {
    case TH_RUNNER_FOR_EVER:
        return false;
    case TH_RUNNER_UNTIL_IDLE:
        return node->was_welcomed && now_ms >= node->welcomed_ms + GRACE_MS &&
               th_node_driver_is_idle(node->driver);
    case TH_RUNNER_UNTIL_ITEM:
        for (size_t i = 0; i < options->items_count; i++)
            if (!item_is_settled(node, options->items[i]))
                return false;
        return true;
    }
    return true;
}

static void worry(struct runner *runner, int64_t now_ms)
{
    if (runner->has_worried || now_ms < runner->started_ms + WORRY_MS)
        return;
    runner->has_worried = true;
    size_t missing = 0;
    const struct node *first = NULL;
    for (size_t i = 0; i < runner->options->folders_count; i++) {
        if (runner->nodes[i].was_welcomed)
            continue;
        missing++;
        first = first == NULL ? &runner->nodes[i] : first;
    }
    if (missing > 0)
        th_telling_worry(&runner->telling, first->home.server.address, missing);
}

/* Once for all nodes, until none is put off any more. */
static void tell_put_off(struct runner *runner, int64_t now_ms)
{
    bool is_any = false;
    for (size_t i = 0; i < runner->options->folders_count; i++) {
        const struct node *node = &runner->nodes[i];
        if (node->put_off_ms == 0)
            continue;
        is_any = true;
        if (runner->has_told_put_off || now_ms < node->put_off_ms + PUT_OFF_MS)
            continue;
        runner->has_told_put_off = true;
        th_telling_put_off(&runner->telling, node->home.unit_code, node->put_off_text);
    }
    runner->has_told_put_off = runner->has_told_put_off && is_any;
}

static bool is_over(const struct runner *runner, int64_t now_ms)
{
    const struct th_runner_options *options = runner->options;
    if (options->timeout_ms >= 0)
        return now_ms >= runner->started_ms + options->timeout_ms;
    return options->goal == TH_RUNNER_UNTIL_IDLE && options->patience_ms >= 0 &&
           now_ms >= runner->pending_ms + options->patience_ms;
}

static int on_tick(void *context, bool *ret_is_done)
{
    struct runner *runner = context;
    int64_t now_ms = th_loop_now_ms();
    bool all_done = true;
    size_t pending = 0, connected = 0;
    for (size_t i = 0; i < runner->options->folders_count; i++) {
        struct node *node = &runner->nodes[i];
        int status = th_node_driver_on_time(node->driver);
        if (status == 0)
            status = redial(node, now_ms);
        if (status != 0)
            return status;
        if (!node->was_welcomed && th_node_driver_was_welcomed(node->driver)) {
            node->was_welcomed = true;
            node->welcomed_ms = now_ms;
        }
        pending += th_node_driver_pending(node->driver);
        connected += node->is_connected;
        all_done = is_done(runner, node, now_ms) && all_done;
    }
    th_telling_progress(&runner->telling, pending, connected, runner->options->folders_count,
                        now_ms);
    worry(runner, now_ms);
    tell_put_off(runner, now_ms);
    if (pending > 0)
        runner->pending_ms = now_ms;
    runner->timed_out = !all_done && is_over(runner, now_ms);
    *ret_is_done = all_done || runner->timed_out;
    return 0;
}

static void on_asked(void *context)
{
    struct runner *runner = context;
    size_t pending = 0, connected = 0;
    for (size_t i = 0; i < runner->options->folders_count; i++) {
        pending += th_node_driver_pending(runner->nodes[i].driver);
        connected += runner->nodes[i].is_connected;
    }
    th_telling_state(&runner->telling, pending, connected, runner->options->folders_count);
}

/* ---- opening and closing ---- */

static int complain(struct runner *runner, const char *folder, const char *hint, int status)
{
    th_cli_complain(runner->options->err, runner->options->command, hint, "%s: %s", folder,
                    th_status_text(status));
    return status;
}

static int open_files(struct node *node, const char *folder, struct th_problems *problems)
{
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_open_bare(folder, problems, &node->home);
    if (status != 0)
        return status;
    node->has_home = true;
    status = th_home_path(folder, "node.key", path);
    if (status == 0)
        status = th_home_keys_read(path, problems, &node->keys);
    if (status != 0)
        return status;
    status = th_home_path(folder, "outbox", path);
    return status == 0 ? th_outbox_open(path, 0, &node->outbox) : status;
}

static int tell_not_locked(struct runner *runner, const char *folder, int status, int error)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    if (status == TH_E_NOT_FOUND)
        return complain(runner, folder, "thư mục này do lệnh init tạo; kiểm tra đường dẫn", status);
    th_cli_complain(runner->options->err, runner->options->command, th_cli_outbox_hint(status),
                    "%s: không tạo được khóa RUN: %s", folder, th_errno_text(error, cause));
    return status;
}

static int open_node(struct runner *runner, struct node *node, const char *folder)
{
    long owner = 0;
    int status = th_home_lock(folder, &node->lock, &owner);
    if (status == TH_E_BUSY) {
        th_cli_complain(runner->options->err, runner->options->command,
                        "để tiến trình đó làm việc, hoặc dừng nó trước",
                        "%s: tiến trình %ld đang chạy nút này", folder, owner);
        return status;
    }
    if (status != 0)
        return tell_not_locked(runner, folder, status, errno);
    node->has_lock = true;
    struct th_problems problems;
    th_problems_init(&problems);
    status = open_files(node, folder, &problems);
    if (th_problems_total(&problems) > 0)
        (void)!th_problems_print(&problems, runner->options->err);
    else if (status != 0)
        (void)complain(runner, folder, th_cli_outbox_hint(status), status);
    th_problems_deinit(&problems);
    if (status != 0)
        return status;
    const struct th_dealer_options dealer = {.address = node->home.server.address,
                                             .server_key = node->home.server.curve_key,
                                             .curve_key = node->keys->curve_key,
                                             .curve_secret = node->keys->curve_secret,
                                             .queue_max = QUEUE_MAX};
    status = th_dealer_open(runner->context, &dealer, &node->dealer);
    if (status != 0)
        return complain(runner, node->home.server.address,
                        "địa chỉ trong node.yaml phải như tcp://máy:7411", status);
    const struct th_node_ports ports = {.context = node,
                                        .send = port_send,
                                        .now_ms = port_now_ms,
                                        .wall = port_wall,
                                        .random = port_random,
                                        .tell = port_tell};
    status = th_node_driver_new(&node->home, node->keys, node->outbox, &ports, &node->driver);
    return status == 0 ? 0
                       : complain(runner, folder, "kiểm tra đĩa còn chỗ và còn ghi được", status);
}

static void close_node(struct node *node)
{
    th_node_driver_free(node->driver);
    th_dealer_close(node->dealer);
    th_outbox_close(node->outbox);
    if (node->keys != NULL)
        th_home_keys_free(node->keys);
    if (node->has_home)
        th_home_close(&node->home);
    if (node->has_lock)
        th_home_unlock(node->lock);
}

/* libzmq ends the process when it finds no descriptor for itself. */
static int check_limits(const struct runner *runner)
{
    struct rlimit limit;
    rlim_t needed = FILES_OF_PROCESS + FILES_OF_NODE * (rlim_t)runner->options->folders_count;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed)
        return 0;
    th_cli_complain(runner->options->err, runner->options->command,
                    "nâng giới hạn tệp mở (ulimit -n, hoặc LimitNOFILE của systemd), hay chạy ít "
                    "nút hơn trong một lệnh",
                    "%zu nút cần mở chừng %llu tệp, mà giới hạn là %llu",
                    runner->options->folders_count, (unsigned long long)needed,
                    (unsigned long long)limit.rlim_cur);
    return TH_E_CONFIG;
}

static int open_all(struct runner *runner)
{
    const struct th_runner_options *options = runner->options;
    runner->nodes = calloc(options->folders_count, sizeof *runner->nodes);
    runner->sources = calloc(options->folders_count, sizeof *runner->sources);
    if (runner->nodes == NULL || runner->sources == NULL)
        return TH_E_NO_MEMORY;
    int status = check_limits(runner);
    if (status == 0)
        status = th_dealer_context_new((unsigned)options->folders_count, &runner->context);
    for (size_t i = 0; status == 0 && i < options->folders_count; i++) {
        runner->nodes[i].runner = runner;
        status = open_node(runner, &runner->nodes[i], options->folders[i]);
        if (status != 0)
            break;
        runner->sources[i] = (struct th_loop_source){.context = &runner->nodes[i],
                                                     .fd = th_dealer_fd(runner->nodes[i].dealer),
                                                     .has_work = has_work,
                                                     .take_turn = take_turn};
    }
    return status;
}

static void close_all(struct runner *runner)
{
    for (size_t i = 0; runner->nodes != NULL && i < runner->options->folders_count; i++)
        close_node(&runner->nodes[i]);
    th_dealer_context_free(runner->context);
    free(runner->nodes);
    free(runner->sources);
    runner->context = NULL;
    runner->nodes = NULL;
    runner->sources = NULL;
}

static void tell_what_remains(struct runner *runner)
{
    size_t pending = 0, units = 0, strange = 0;
    const struct node *put_off = NULL;
    for (size_t i = 0; i < runner->options->folders_count; i++) {
        size_t count = th_node_driver_pending(runner->nodes[i].driver);
        if (put_off == NULL && count > 0 && runner->nodes[i].put_off_ms != 0)
            put_off = &runner->nodes[i];
        pending += count;
        units += count > 0;
        strange += !runner->nodes[i].was_welcomed;
    }
    if (pending == 0 && strange == 0) {
        th_cli_complain(runner->options->err, runner->options->command, "chạy lại",
                        "hết thời gian chờ khi chưa nghe hết nơi nhận hỏi lại gì");
        return;
    }
    if (pending == 0) {
        th_cli_complain(
            runner->options->err, runner->options->command,
            "kiểm tra mạng, địa chỉ; hỏi nơi nhận node.pub đã được ghi danh chưa, khóa có bị thu "
            "hồi không (bị thu hồi thì tạo nút mới: init)",
            "không có báo cáo nào chờ gửi, nhưng %zu đơn vị chưa vào được nơi nhận: chưa biết có "
            "nhắc việc, kế hoạch mới, hay báo cáo phải gửi lại không",
            strange);
        return;
    }
    if (put_off != NULL) {
        th_cli_complain(
            runner->options->err, runner->options->command,
            "báo cáo vẫn nằm trong hộp thư đi, không mất; để tonghop-node run chạy thì tự gửi lại",
            "hết thời gian chờ khi nơi nhận chưa nhận được lúc này (%s): còn %zu báo cáo của %zu "
            "đơn vị chưa có trả lời",
            put_off->put_off_text, pending, units);
        return;
    }
    th_cli_complain(runner->options->err, runner->options->command,
                    "báo cáo vẫn nằm trong hộp thư đi, không phải nộp lại; kiểm tra mạng, và khóa "
                    "của nút đã ghi danh, chưa bị thu hồi; rồi chạy " TH_CLI_PROGRAM " run",
                    "hết thời gian chờ, còn %zu báo cáo của %zu đơn vị chưa có trả lời", pending,
                    units);
}

static int run_nodes(struct runner *runner, int *ret_signal)
{
    const struct th_loop_options loop = {.sources = runner->sources,
                                         .sources_count = runner->options->folders_count,
                                         .tick_ms = TICK_MS,
                                         .context = runner,
                                         .tick = on_tick,
                                         .tell = on_asked};
    int status = th_loop_run(&loop, ret_signal);
    th_telling_end(&runner->telling);
    return status;
}

/* ---- a full disk ---- */

/* LMDB calls it an error of the disk when only a part of what it writes has room. */
static bool is_full(const struct runner *runner, int status)
{
    struct statvfs disk;
    for (size_t i = 0; status == TH_E_IO && i < runner->options->folders_count; i++)
        if (statvfs(runner->options->folders[i], &disk) == 0 &&
            (uint64_t)disk.f_bavail * disk.f_frsize < ROOM_MIN_BYTES)
            return true;
    return status == TH_E_STORAGE;
}

static void tell_full(void *context)
{
    const struct runner *runner = context;
    th_cli_complain(runner->options->err, runner->options->command,
                    "giải phóng chỗ trên đĩa; không phải chạy lại",
                    "đĩa của nút đã đầy: tạm ngừng gửi, tự thử lại; báo cáo đã xếp hàng vẫn còn");
}

static int on_pause(void *context, bool *ret_is_done)
{
    const struct runner *runner = context;
    *ret_is_done = th_loop_now_ms() >= runner->retry_ms;
    return 0;
}

/* What could not be written leaves a driver that must not go on: all is closed, and after a while
 * opened again from what is on the disk. */
static int start_again(struct runner *runner, int *ret_signal)
{
    const struct th_loop_options pause = {
        .tick_ms = TICK_MS, .context = runner, .tick = on_pause, .tell = tell_full};
    int64_t now_ms = th_loop_now_ms();
    if (now_ms >= runner->started_ms + RETRY_MAX_MS)
        runner->retry_wait_ms = 0; /* it has worked for a while */
    if (runner->retry_wait_ms == 0)
        tell_full(runner);
    int64_t wait_ms = 2 * runner->retry_wait_ms;
    if (wait_ms < RETRY_MIN_MS)
        wait_ms = RETRY_MIN_MS;
    runner->retry_wait_ms = wait_ms > RETRY_MAX_MS ? RETRY_MAX_MS : wait_ms;
    runner->retry_ms = now_ms + runner->retry_wait_ms;
    close_all(runner);
    int status = th_loop_run(&pause, ret_signal);
    runner->started_ms = th_loop_now_ms();
    if (status != 0 || *ret_signal != 0)
        return status;
    status = open_all(runner);
    return status == 0 ? run_nodes(runner, ret_signal) : status;
}

int th_runner_run(const struct th_runner_options *options)
{
    struct runner runner = {.options = options, .started_ms = th_loop_now_ms()};
    runner.pending_ms = runner.started_ms;
    th_telling_init(&runner.telling, options);
    int status = open_all(&runner);
    if (status == 0) {
        int signal_number = 0;
        status = run_nodes(&runner, &signal_number);
        while (options->goal == TH_RUNNER_FOR_EVER && is_full(&runner, status))
            status = start_again(&runner, &signal_number);
        if (status != 0)
            (void)complain(&runner, "tonghop-node",
                           "dừng để không hứa sai; kiểm tra đĩa rồi chạy lại", status);
    }
    if (status == 0 && runner.timed_out) {
        tell_what_remains(&runner);
        status = TH_E_TIMEOUT;
    }
    close_all(&runner);
    return status;
}
