/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "tests/support/daemon.h"

#include "aggregator/shell/control_client.h"
#include "aggregator/store/store.h"
#include "base/assert.h"
#include "base/file.h"
#include "proto/exchange/node_file.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define WORDS_MAX    600
#define LOG_SIZE_MAX ((size_t)4 << 20)
#define ACT_MS       20000

/* `output`, `errors`: -1 for nowhere. */
static pid_t spawn(const char *const *words, int output, int errors)
{
    char *argv[WORDS_MAX + 2] = {(char *)TH_AGGREGATOR_PROGRAM};
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        cr_assert_lt(count, WORDS_MAX);
        argv[1 + count] = (char *)words[count];
    }
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* also when the test fails */
        (void)dup2(nowhere, 0);
        (void)dup2(output < 0 ? nowhere : output, 1);
        if (errors >= 0 || getenv("TH_TEST_LOUD") == NULL)
            (void)dup2(errors < 0 ? nowhere : errors, 2);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

int th_daemon_command(const char *const *words)
{
    int how = 0;
    pid_t pid = spawn(words, -1, -1);
    cr_assert_eq(waitpid(pid, &how, 0), pid);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

void th_daemon_init(struct th_daemon_run *run)
{
    char server[96];
    struct th_problems problems;
    *run = (struct th_daemon_run){.pid = 0};
    strcpy(run->folder, "/tmp/tonghop-daemon-XXXXXX");
    cr_assert_not_null(mkdtemp(run->folder));
    (void)snprintf(run->log_path, sizeof run->log_path, "%s.log", run->folder);
    const char *words[] = {"init",
                           run->folder,
                           "--rehearsal",
                           "--units",
                           "plans/units/gialai-2024.csv",
                           "--plan",
                           "plans/gialai-2025.yaml",
                           "--listen",
                           "tcp://127.0.0.1:*",
                           "--publish",
                           "tcp://127.0.0.1:*",
                           "--http",
                           "127.0.0.1:*",
                           NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    th_arena_init(&run->arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    (void)snprintf(server, sizeof server, "%s/server.yaml", run->folder);
    cr_assert_eq(th_server_file_read(server, &run->arena, &problems, &run->server), 0);
    th_problems_deinit(&problems);
}

static char *read_log(const struct th_daemon_run *run)
{
    char *text = NULL;
    size_t size = 0;
    cr_assert_eq(th_file_read(run->log_path, LOG_SIZE_MAX, &text, &size), 0);
    return text;
}

static void end_log(const struct th_daemon_run *run)
{
    if (access(run->log_path, F_OK) != 0)
        return;
    char *text = read_log(run);
    if (getenv("TH_TEST_LOUD") != NULL)
        (void)fputs(text, stderr);
    free(text);
    (void)unlink(run->log_path);
}

void th_daemon_deinit(struct th_daemon_run *run)
{
    if (run->pid != 0)
        (void)th_daemon_signal(run, SIGKILL);
    end_log(run);
    th_arena_deinit(&run->arena);
    th_test_folder_remove(run->folder);
}

void th_daemon_enrol(struct th_daemon_run *run, const struct th_officer *officers, size_t count)
{
    const char *words[WORDS_MAX] = {"enroll", run->folder};
    char(*paths)[128] = calloc(count, sizeof *paths);
    for (size_t i = 0; i < count; i++) {
        struct th_node_file file = {.sign_key = officers[i].sign_key};
        uint8_t nonce[24];
        randombytes_buf(nonce, sizeof nonce);
        strcpy(file.realm, run->server.realm);
        strcpy(file.unit, officers[i].unit);
        memcpy(file.curve_key, officers[i].curve_key, sizeof file.curve_key);
        cr_assert_eq(th_node_file_prove(&file, officers[i].sign_secret, officers[i].curve_secret,
                                        run->server.curve_key, nonce),
                     0);
        (void)snprintf(paths[i], sizeof paths[i], "%s/node-%zu.pub", run->folder, i);
        cr_assert_eq(th_node_file_write(paths[i], &file), 0);
        words[2 + 2 * i] = officers[i].unit;
        words[3 + 2 * i] = paths[i];
    }
    cr_assert_eq(th_daemon_command(words), 0);
    free(paths);
}

/* "… ở ADDRESS, công bố ở ADDRESS, trang xem ở …\n" */
static void read_addresses(struct th_daemon_run *run, const char *line)
{
    const char *first = strstr(line, "tcp://");
    cr_assert_not_null(first, "%s", line);
    const char *second = strstr(first + 6, "tcp://");
    cr_assert_not_null(second, "%s", line);
    (void)snprintf(run->address, sizeof run->address, "%.*s", (int)strcspn(first, ","), first);
    (void)snprintf(run->publish, sizeof run->publish, "%.*s", (int)strcspn(second, ",\n"), second);
}

void th_daemon_start(struct th_daemon_run *run)
{
    int ends[2];
    char line[512] = "";
    size_t size = 0;
    const char *words[] = {"run", run->folder, NULL};
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    int log = open(run->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    cr_assert_geq(log, 0);
    run->pid = spawn(words, ends[1], log);
    close(log);
    close(ends[1]);
    while (strchr(line, '\n') == NULL) {
        struct pollfd ready = {.fd = ends[0], .events = POLLIN};
        cr_assert_eq(poll(&ready, 1, 15000), 1, "no READY line");
        ssize_t got = read(ends[0], line + size, sizeof line - 1 - size);
        cr_assert_gt(got, 0, "the aggregator ended");
        size += (size_t)got;
        line[size] = 0;
    }
    close(ends[0]);
    read_addresses(run, line);
}

int th_daemon_signal(struct th_daemon_run *run, int number)
{
    int how = 0;
    cr_assert_eq(kill(run->pid, number), 0);
    cr_assert_eq(waitpid(run->pid, &how, 0), run->pid);
    run->pid = 0;
    return how;
}

void th_daemon_configure(const struct th_daemon_run *run, const char *key, const char *value)
{
    char path[96];
    char *text = NULL;
    char *made = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof path, "%s/config.yaml", run->folder);
    cr_assert_eq(th_file_read(path, LOG_SIZE_MAX, &text, &size), 0);
    FILE *out = open_memstream(&made, &size);
    cr_assert_not_null(out);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strncmp(line, key, strlen(key)) != 0 || line[strlen(key)] != ':')
            (void)fprintf(out, "%s\n", line);
    (void)fprintf(out, "%s: %s\n", key, value);
    (void)fclose(out);
    cr_assert_eq(th_file_write(path, 0600, made, size), 0);
    free(made);
    free(text);
}

bool th_daemon_says(const struct th_daemon_run *run, const char *text, int timeout_ms)
{
    for (int waited_ms = 0;; waited_ms += 20) {
        char *log = read_log(run);
        bool is_there = strstr(log, text) != NULL;
        free(log);
        if (is_there || waited_ms >= timeout_ms)
            return is_there;
        usleep(20000);
    }
}

int th_daemon_act(const struct th_daemon_run *run, struct th_act act)
{
    char path[96];
    struct th_arena arena;
    struct th_bytes request;
    struct th_bytes answer;
    struct th_act_result *results;
    size_t count = 0;
    act.operator=(struct th_text){"tester", 6};
    (void)snprintf(path, sizeof path, "%s/control.sock", run->folder);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    cr_assert_eq(th_wire_control_request_encode(&act, 1, &arena, &request), 0);
    const struct th_control_patience patience = {.timeout_ms = ACT_MS};
    cr_assert_eq(th_control_ask(path, request, &patience, &arena, &answer), 0);
    cr_assert_eq(th_wire_control_answer_decode(answer, &arena, &results, &count), 0);
    cr_assert_eq(count, 1, "the act was not understood");
    int status = results[0].status;
    th_arena_deinit(&arena);
    return status;
}

uint64_t th_daemon_log_size(const struct th_daemon_run *run)
{
    const struct th_store_options options = {0};
    struct th_store *store = NULL;
    struct th_view *view = NULL;
    cr_assert_eq(th_store_open(run->folder, TH_STORE_READ, &options, NULL, &store), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    uint64_t size = th_view_size(view);
    th_view_close(view);
    th_store_close(store);
    return size;
}

/* As an enrolled client of one of the daemon's sockets. */
static void prepare(void *socket, const struct th_daemon_run *run, const struct th_officer *officer)
{
    int linger = 0;
    cr_assert_not_null(socket);
    cr_assert_eq(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
    cr_assert_eq(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, run->server.curve_key, 32), 0);
    cr_assert_eq(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, officer->curve_key, 32), 0);
    cr_assert_eq(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, officer->curve_secret, 32), 0);
}

void th_caller_open(struct th_caller *caller, const struct th_daemon_run *run,
                    const struct th_officer *officer)
{
    *caller = (struct th_caller){.context = zmq_ctx_new(), .request = 0};
    caller->socket = zmq_socket(caller->context, ZMQ_DEALER);
    prepare(caller->socket, run, officer);
    cr_assert_eq(zmq_connect(caller->socket, run->address), 0);
}

void th_caller_close(struct th_caller *caller)
{
    (void)zmq_close(caller->socket);
    (void)zmq_ctx_term(caller->context);
}

uint64_t th_caller_send(struct th_caller *caller, struct th_to_aggregator message)
{
    struct th_arena arena;
    struct th_bytes frame;
    th_arena_init(&arena, 65536, (size_t)4 << 20);
    message.request = ++caller->request;
    cr_assert_eq(th_wire_to_aggregator_encode(&message, &arena, &frame), 0);
    cr_assert_geq(zmq_send(caller->socket, frame.bytes, frame.size, 0), 0);
    th_arena_deinit(&arena);
    return message.request;
}

bool th_caller_receive(struct th_caller *caller, int timeout_ms, struct th_arena *arena,
                       struct th_to_node *ret_message)
{
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    cr_assert_eq(zmq_setsockopt(caller->socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms), 0);
    bool has_come = zmq_msg_recv(&message, caller->socket, 0) >= 0;
    if (has_come) {
        size_t size = zmq_msg_size(&message);
        uint8_t *copy = th_arena_alloc(arena, size);
        memcpy(copy, zmq_msg_data(&message), size);
        cr_assert_eq(th_wire_to_node_decode((struct th_bytes){copy, size}, arena, ret_message), 0);
    }
    (void)zmq_msg_close(&message);
    return has_come;
}

bool th_caller_ask(struct th_caller *caller, struct th_to_aggregator message, int timeout_ms,
                   struct th_arena *arena, struct th_to_node *ret_message)
{
    uint64_t request = th_caller_send(caller, message);
    while (th_caller_receive(caller, timeout_ms, arena, ret_message))
        if (ret_message->request == request)
            return true;
    return false;
}

bool th_caller_submit(struct th_caller *caller, struct th_bytes submission, int timeout_ms,
                      struct th_arena *arena, struct th_to_node *ret_message)
{
    return th_caller_ask(
        caller,
        (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_SUBMISSION, .submission = submission},
        timeout_ms, arena, ret_message);
}

void *th_watcher_open(void *context, const struct th_daemon_run *run,
                      const struct th_officer *officer, const char *topic, size_t size)
{
    void *watcher = zmq_socket(context, ZMQ_SUB);
    prepare(watcher, run, officer);
    cr_assert_eq(zmq_connect(watcher, run->publish), 0);
    cr_assert_eq(zmq_setsockopt(watcher, ZMQ_SUBSCRIBE, topic, size), 0);
    return watcher;
}

int th_watcher_hear(void *watcher, int timeout_ms, char topic[256], char body[64])
{
    (void)zmq_setsockopt(watcher, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    memset(topic, 0, 256);
    if (zmq_recv(watcher, topic, 255, 0) < 0)
        return -1;
    return zmq_recv(watcher, body, 64, 0);
}
