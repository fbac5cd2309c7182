/* SPDX-License-Identifier: Apache-2.0 */
/* `run` over real CURVE connections, against a province in a thread of its own. */
#include "nodes/cli/commands.h"
#include "nodes/cli/runner.h"
#include "nodes/shell/dealer.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

static struct th_node_case node;
static void *context;
static pthread_t thread;
static char address[64];
static int sends, full_at; /* the send that finds no room; 0: none */

int __real_th_dealer_send(struct th_dealer *dealer, struct th_bytes frame);
int __wrap_th_dealer_send(struct th_dealer *dealer, struct th_bytes frame);

int __wrap_th_dealer_send(struct th_dealer *dealer, struct th_bytes frame)
{
    return ++sends == full_at ? TH_E_BUSY : __real_th_dealer_send(dealer, frame);
}

static int full_freezes; /* how many find no room on the disk */

int __real_th_outbox_freeze(struct th_outbox *outbox, const struct th_outbox_frozen *frozen,
                            size_t count, th_instant now);
int __wrap_th_outbox_freeze(struct th_outbox *outbox, const struct th_outbox_frozen *frozen,
                            size_t count, th_instant now);

int __wrap_th_outbox_freeze(struct th_outbox *outbox, const struct th_outbox_frozen *frozen,
                            size_t count, th_instant now)
{
    if (full_freezes == 0)
        return __real_th_outbox_freeze(outbox, frozen, count, now);
    full_freezes--;
    return TH_E_STORAGE;
}

/* Answers until the context goes. */
static void *serve(void *argument)
{
    void *router = argument;
    struct th_arena arena;
    th_arena_init(&arena, 1 << 16, 64 << 20);
    for (;;) {
        char peer[256];
        static char frame[300000];
        int peer_size = zmq_recv(router, peer, sizeof peer, 0);
        if (peer_size < 0)
            break;
        int size = zmq_recv(router, frame, sizeof frame, 0);
        if (size < 0)
            break;
        struct th_bytes answers[TH_FAKE_ANSWERS_MAX];
        size_t count =
            th_fake_answer(&node.province, (struct th_bytes){(const uint8_t *)frame, (size_t)size},
                           &arena, answers);
        for (size_t i = 0; i < count; i++) {
            (void)zmq_send(router, peer, (size_t)peer_size, ZMQ_SNDMORE);
            (void)zmq_send(router, answers[i].bytes, answers[i].size, 0);
        }
        th_arena_reset(&arena);
    }
    (void)zmq_close(router);
    th_arena_deinit(&arena);
    return NULL;
}

/* Binds first, so that server.yaml can name the port; the keys follow before anyone knows it. */
static void set_up(void)
{
    context = zmq_ctx_new();
    void *probe = zmq_socket(context, ZMQ_ROUTER);
    size_t size = sizeof address;
    cr_assert_eq(zmq_bind(probe, "tcp://127.0.0.1:*"), 0);
    cr_assert_eq(zmq_getsockopt(probe, ZMQ_LAST_ENDPOINT, address, &size), 0);
    (void)zmq_close(probe);
    th_node_case_make(&node, TH_MODE_REHEARSAL, address);
    void *router = zmq_socket(context, ZMQ_ROUTER);
    int on = 1, none = 0;
    (void)zmq_setsockopt(router, ZMQ_LINGER, &none, sizeof none);
    cr_assert_eq(zmq_setsockopt(router, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
    cr_assert_eq(zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, node.province.curve_secret, 32), 0);
    int bound = -1;
    for (int i = 0; i < 100 && bound != 0; i++) {
        bound = zmq_bind(router, address);
        if (bound != 0)
            (void)zmq_poll(NULL, 0, 20);
    }
    cr_assert_eq(bound, 0);
    cr_assert_eq(pthread_create(&thread, NULL, serve, router), 0);
}

static void tear_down(void)
{
    (void)zmq_ctx_shutdown(context);
    (void)pthread_join(thread, NULL);
    (void)zmq_ctx_term(context);
    th_node_case_remove(&node);
}

TestSuite(node_run, .init = set_up, .fini = tear_down, .timeout = 60);

static int run_patiently(enum th_runner_goal goal, int64_t timeout_ms, int64_t patience_ms)
{
    char *folders[] = {node.home_path};
    const struct th_runner_options options = {.command = "run",
                                              .patience_ms = patience_ms,
                                              .folders = folders,
                                              .folders_count = 1,
                                              .goal = goal,
                                              .timeout_ms = timeout_ms,
                                              .voice = TH_RUNNER_QUIET,
                                              .out = stdout,
                                              .err = stderr};
    return th_runner_run(&options);
}

static int run(enum th_runner_goal goal, int64_t timeout_ms)
{
    return run_patiently(goal, timeout_ms, -1);
}

/* Received reports 1 to `count`, each alone. */
static void receive(uint32_t count)
{
    for (uint32_t number = 1; number <= count; number++) {
        th_node_case_open(&node);
        th_node_case_submit_number(&node, number, 1, number);
        th_node_case_close(&node);
        cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 30000), 0);
    }
}

static size_t count_readmitted(uint64_t count)
{
    size_t found = 0;
    th_node_case_open(&node);
    for (uint64_t id = 1; id <= count; id++) {
        struct th_outbox_item item;
        cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
        found += item.is_readmitted;
    }
    th_node_case_close(&node);
    return found;
}

Test(node_run, queued_reports_get_their_receipts_over_curve)
{
    th_node_case_open(&node);
    for (uint32_t revision = 1; revision <= 100; revision++)
        th_node_case_submit(&node, revision, revision);
    th_node_case_close(&node);
    cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 30000), 0);
    th_node_case_open(&node);
    for (uint64_t id = 1; id <= 100; id++) {
        struct th_outbox_item item;
        cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
        cr_assert_eq(item.state, TH_ITEM_RECEIVED);
    }
    th_node_case_close(&node);
    cr_assert_eq(node.province.submissions_count, 2, "64 reports in one, 36 in the other");
}

/* The connection stays, and has room again before anybody looks: at the hello, and at each report
 * of the first flight. */
Test(node_run, a_connection_that_is_full_for_a_moment_delays_and_wedges_nothing)
{
    uint32_t count = 0;
    for (int at = 1; at <= 9; at++) {
        th_node_case_open(&node);
        for (int i = 0; i < 12; i++, count++)
            th_node_case_submit_number(&node, count + 1, 1, i);
        th_node_case_close(&node);
        sends = 0;
        full_at = at;
        cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 10000), 0, "full at send %d", at);
        cr_assert_eq(node.province.taken_count, count, "full at send %d", at);
    }
}

Test(node_run, a_node_with_nothing_to_send_is_welcomed_before_it_is_idle)
{
    cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 30000), 0);
    cr_assert_geq(node.province.hellos_count, 1);
}

Test(node_run, a_node_with_nothing_to_send_shows_again_what_the_log_lost)
{
    receive(12);
    th_fake_recover(&node.province, 2, true);
    cr_assert_eq(run_patiently(TH_RUNNER_UNTIL_IDLE, -1, 30000), 0);
    cr_assert_eq(count_readmitted(12), 10);
}

Test(node_run, what_is_not_readmitted_now_does_not_keep_a_node_from_being_idle)
{
    receive(3);
    th_fake_recover(&node.province, 1, true);
    node.province.mood = TH_FAKE_REJECTS;
    cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 30000), 0);
    cr_assert_geq(node.province.readmissions_count, 2);
    cr_assert_eq(count_readmitted(3), 0);
}

Test(node_run, a_connection_that_is_full_among_readmissions_does_not_end_them)
{
    receive(20);
    th_fake_recover(&node.province, 0, true);
    sends = 0;
    full_at = 5;
    cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 30000), 0);
    cr_assert_eq(count_readmitted(20), 20);
}

/* A stranger is not the province: as nobody at all. */
Test(node_run, without_the_province_patience_ends_when_nothing_is_queued)
{
    node.province.mood = TH_FAKE_STRANGER;
    cr_assert_eq(run_patiently(TH_RUNNER_UNTIL_IDLE, -1, 1000), TH_E_TIMEOUT);
    cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 0), TH_E_TIMEOUT);
}

static void *turn_fair(void *unused)
{
    (void)zmq_poll(NULL, 0, 1500);
    node.province.mood = TH_FAKE_FAIR;
    return unused;
}

Test(node_run, patience_does_not_end_while_a_report_waits)
{
    pthread_t turner;
    node.province.mood = TH_FAKE_PUTS_OFF;
    th_node_case_open(&node);
    th_node_case_submit(&node, 1, 1);
    th_node_case_close(&node);
    cr_assert_eq(pthread_create(&turner, NULL, turn_fair, NULL), 0);
    cr_assert_eq(run_patiently(TH_RUNNER_UNTIL_IDLE, -1, 500), 0);
    (void)pthread_join(turner, NULL);
    cr_assert_eq(node.province.taken_count, 1);
}

/* What `run` says in that time. */
static char *listen_to(enum th_runner_goal goal, int64_t timeout_ms, int expected)
{
    char *text = NULL, *folders[] = {node.home_path};
    size_t size;
    FILE *err = open_memstream(&text, &size);
    const struct th_runner_options options = {.command = "run",
                                              .folders = folders,
                                              .folders_count = 1,
                                              .goal = goal,
                                              .timeout_ms = timeout_ms,
                                              .voice = TH_RUNNER_QUIET,
                                              .out = stdout,
                                              .err = err};
    int status = th_runner_run(&options);
    (void)fclose(err);
    cr_assert_eq(status, expected, "%s", text);
    return text;
}

static char *listen(int64_t timeout_ms, int expected)
{
    return listen_to(TH_RUNNER_UNTIL_IDLE, timeout_ms, expected);
}

Test(node_run, a_province_that_puts_off_is_named_and_the_network_is_not)
{
    node.province.mood = TH_FAKE_PUTS_OFF;
    th_node_case_open(&node);
    th_node_case_submit(&node, 1, 1);
    th_node_case_close(&node);
    char *brief = listen(1000, TH_E_TIMEOUT), *told = listen(6500, TH_E_TIMEOUT);
    cr_expect_null(strstr(brief, "nơi nhận chưa nhận được lúc này: Đang bận."), "it may pass");
    cr_expect_not_null(strstr(brief, "chưa nhận được lúc này (Đang bận.)"));
    cr_expect_null(strstr(brief, "mạng"));
    char *line = strstr(told, "nơi nhận chưa nhận được lúc này: Đang bận.");
    cr_assert_not_null(line);
    cr_expect_null(strstr(line + 1, "nơi nhận chưa nhận được lúc này:"), "said once");
    free(brief);
    free(told);
}

static void *hang_up(void *unused)
{
    for (int i = 0; i < 200 && node.province.hellos_count == 0; i++)
        (void)zmq_poll(NULL, 0, 100);
    (void)zmq_poll(NULL, 0, 500);
    (void)kill(getpid(), SIGUSR1);
    (void)zmq_poll(NULL, 0, 300);
    (void)kill(getpid(), SIGHUP);
    return unused;
}

Test(node_run, a_hang_up_ends_it_in_order_and_the_other_signal_asks)
{
    pthread_t caller;
    cr_assert_eq(pthread_create(&caller, NULL, hang_up, NULL), 0);
    node.province.mood = TH_FAKE_SILENT;
    th_node_case_open(&node);
    th_node_case_submit(&node, 1, 1);
    th_node_case_close(&node);
    char *text = listen(20000, 0);
    (void)pthread_join(caller, NULL);
    cr_expect_not_null(strstr(text, "nối 1/1"), "%s", text);
    cr_expect_not_null(strstr(text, "còn chờ 1\n"), "%s", text);
    free(text);
}

static void *hang_up_when_taken(void *unused)
{
    for (int i = 0; i < 200 && node.province.taken_count == 0; i++)
        (void)zmq_poll(NULL, 0, 100);
    (void)zmq_poll(NULL, 0, 500);
    (void)kill(getpid(), SIGTERM);
    return unused;
}

Test(node_run, a_disk_that_was_full_is_waited_for)
{
    pthread_t caller;
    th_node_case_open(&node);
    th_node_case_submit(&node, 1, 1);
    th_node_case_close(&node);
    full_freezes = 1;
    char *text = listen(5000, TH_E_STORAGE);
    cr_expect_null(strstr(text, "tự thử lại"), "who waits for an end is told: %s", text);
    free(text);
    full_freezes = 2;
    cr_assert_eq(pthread_create(&caller, NULL, hang_up_when_taken, NULL), 0);
    text = listen_to(TH_RUNNER_FOR_EVER, -1, 0);
    (void)pthread_join(caller, NULL);
    cr_expect_eq(node.province.taken_count, 1);
    char *line = strstr(text, "đĩa của nút đã đầy");
    cr_assert_not_null(line, "%s", text);
    cr_expect_null(strstr(line + 1, "đĩa của nút đã đầy"), "said once: %s", text);
    free(text);
}

Test(node_run, a_stop_is_heard_while_the_disk_is_full)
{
    pthread_t caller;
    th_node_case_open(&node);
    th_node_case_submit(&node, 1, 1);
    th_node_case_close(&node);
    full_freezes = 1000;
    cr_assert_eq(pthread_create(&caller, NULL, hang_up, NULL), 0);
    free(listen_to(TH_RUNNER_FOR_EVER, -1, 0));
    (void)pthread_join(caller, NULL);
}

/* libzmq would end the process. */
Test(node_run, too_few_open_files_are_told_before_anything_is_opened)
{
    const struct rlimit few = {12, 12};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    char *text = listen(1000, TH_E_CONFIG);
    cr_expect_not_null(strstr(text, "giới hạn là 12"), "%s", text);
    free(text);
}

Test(node_run, a_lock_that_cannot_be_made_says_why)
{
    char path[TH_HOME_PATH_SIZE];
    cr_assert_eq(th_home_path(node.home_path, "RUN", path), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    char *text = listen(1000, TH_E_INVALID);
    cr_expect_not_null(strstr(text, "đây là thư mục"), "%s", text);
    free(text);
}

Test(node_run, silence_ends_with_a_timeout_and_the_report_stays)
{
    node.province.mood = TH_FAKE_SILENT;
    th_node_case_open(&node);
    uint64_t id = th_node_case_submit(&node, 1, 1);
    th_node_case_close(&node);
    cr_assert_eq(run(TH_RUNNER_UNTIL_IDLE, 1500), TH_E_TIMEOUT);
    th_node_case_open(&node);
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    cr_assert_eq(item.state, TH_ITEM_SENT);
    th_node_case_close(&node);
}

Test(node_run, the_process_that_holds_the_keys_leaves_no_core_dump)
{
    char *words[] = {"run", node.home_path, "--until-idle", "--quiet", NULL};
    cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    cr_assert_eq(th_cli_run(4, words, stdout, stderr), EX_OK);
    cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a leak checker needs it */
}
