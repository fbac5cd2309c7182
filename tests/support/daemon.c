/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* nftw, pipe2 */
#include "tests/support/daemon.h"

#include "base/assert.h"
#include "proto/exchange/node_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define WORDS_MAX 600

static pid_t spawn(const char *const *words, int output)
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
        (void)dup2(nowhere, 0);
        (void)dup2(output < 0 ? nowhere : output, 1);
        if (getenv("TH_TEST_LOUD") == NULL)
            (void)dup2(nowhere, 2);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

int th_daemon_command(const char *const *words)
{
    int how = 0;
    pid_t pid = spawn(words, -1);
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
                           NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    th_arena_init(&run->arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    (void)snprintf(server, sizeof server, "%s/server.yaml", run->folder);
    cr_assert_eq(th_server_file_read(server, &run->arena, &problems, &run->server), 0);
    th_problems_deinit(&problems);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

void th_daemon_deinit(struct th_daemon_run *run)
{
    if (run->pid != 0)
        (void)th_daemon_signal(run, SIGKILL);
    th_arena_deinit(&run->arena);
    (void)nftw(run->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
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

/* "… ở ADDRESS, công bố ở ADDRESS\n" */
static void read_addresses(struct th_daemon_run *run, const char *line)
{
    const char *first = strstr(line, "tcp://");
    cr_assert_not_null(first, "%s", line);
    const char *second = strstr(first + 6, "tcp://");
    cr_assert_not_null(second, "%s", line);
    (void)snprintf(run->address, sizeof run->address, "%.*s", (int)strcspn(first, ","), first);
    (void)snprintf(run->publish, sizeof run->publish, "%.*s", (int)strcspn(second, "\n"), second);
}

void th_daemon_start(struct th_daemon_run *run)
{
    int ends[2];
    char line[512] = "";
    size_t size = 0;
    const char *words[] = {"run", run->folder, NULL};
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    run->pid = spawn(words, ends[1]);
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

void th_caller_open(struct th_caller *caller, const struct th_daemon_run *run,
                    const struct th_officer *officer)
{
    int linger = 0;
    *caller = (struct th_caller){.context = zmq_ctx_new(), .request = 0};
    caller->socket = zmq_socket(caller->context, ZMQ_DEALER);
    cr_assert_not_null(caller->socket);
    cr_assert_eq(zmq_setsockopt(caller->socket, ZMQ_LINGER, &linger, sizeof linger), 0);
    cr_assert_eq(zmq_setsockopt(caller->socket, ZMQ_CURVE_SERVERKEY, run->server.curve_key, 32), 0);
    cr_assert_eq(zmq_setsockopt(caller->socket, ZMQ_CURVE_PUBLICKEY, officer->curve_key, 32), 0);
    cr_assert_eq(zmq_setsockopt(caller->socket, ZMQ_CURVE_SECRETKEY, officer->curve_secret, 32), 0);
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

bool th_caller_submit(struct th_caller *caller, struct th_bytes submission, int timeout_ms,
                      struct th_arena *arena, struct th_to_node *ret_message)
{
    uint64_t request =
        th_caller_send(caller, (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_SUBMISSION,
                                                         .submission = submission});
    while (th_caller_receive(caller, timeout_ms, arena, ret_message))
        if (ret_message->request == request)
            return true;
    return false;
}
