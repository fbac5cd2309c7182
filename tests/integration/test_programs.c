/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
/* The real node and the real aggregator, with definitions that are longer than a report may be. */
#include "tests/support/daemon.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIT        "23734"
#define PATIENCE_MS 20000
#define PATH_SIZE   160

static struct th_daemon_run run;
static char node[PATH_SIZE], known[PATH_SIZE], list[PATH_SIZE];
static pid_t running; /* the node's `run`; 0: none */

static pid_t start_node(const char *const *words, int output)
{
    char *argv[16] = {(char *)TH_NODE_PROGRAM};
    for (size_t i = 0; words[i] != NULL; i++)
        argv[1 + i] = (char *)words[i];
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* also when the test fails */
        (void)dup2(nowhere, 0);
        (void)dup2(output < 0 ? nowhere : output, 1);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static int run_node(const char *const *words)
{
    int how = 0;
    pid_t pid = start_node(words, -1);
    cr_assert_eq(waitpid(pid, &how, 0), pid);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

/* A node of a unit of the list, not enrolled yet. */
static void make_node(void)
{
    char server[PATH_SIZE];
    (void)snprintf(node, sizeof node, "%s/node", run.folder);
    (void)snprintf(known, sizeof known, "%s/node/known/units.bin", run.folder);
    (void)snprintf(list, sizeof list, "%s/units.csv", run.folder);
    (void)snprintf(server, sizeof server, "%s/server-of-node.yaml", run.folder);
    (void)snprintf(run.server.address, sizeof run.server.address, "%s", run.address);
    (void)snprintf(run.server.publish, sizeof run.server.publish, "%s", run.publish);
    cr_assert_eq(th_server_file_write(server, &run.server), 0);
    const char *init[] = {"init", node, "--unit", UNIT, "--server", server, NULL};
    cr_assert_eq(run_node(init), 0);
}

static void enrol_node(void)
{
    char public_keys[PATH_SIZE + 16];
    (void)snprintf(public_keys, sizeof public_keys, "%s/node.pub", node);
    const char *enroll[] = {"enroll", run.folder, UNIT, public_keys, NULL};
    cr_assert_eq(th_daemon_command(enroll), 0);
}

static void set_up(void)
{
    th_daemon_init(&run);
    th_daemon_start(&run);
    make_node();
}

static void tear_down(void)
{
    if (running != 0) {
        int how = 0;
        (void)kill(running, SIGTERM);
        (void)waitpid(running, &how, 0);
        cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the node's end: %d", how);
        running = 0;
    }
    th_daemon_deinit(&run);
}

TestSuite(programs, .init = set_up, .fini = tear_down, .timeout = 100);

/* The units of Gia Lai and `more` communes with long names, imported. */
static void import_units(unsigned more)
{
    char line[400];
    FILE *from = fopen("plans/units/gialai-2024.csv", "r"), *to = fopen(list, "w");
    cr_assert(from != NULL && to != NULL);
    while (fgets(line, sizeof line, from) != NULL)
        (void)fputs(line, to);
    for (unsigned i = 0; i < more; i++)
        (void)fprintf(to,
                      "%u,Xã thêm vào danh sách để danh sách dài hơn một báo cáo %u,xa,639,,,\n",
                      90000 + i, i);
    (void)fclose(from);
    cr_assert_eq(fclose(to), 0);
    const char *words[] = {"units", "import", run.folder, list, NULL};
    cr_assert_eq(th_daemon_command(words), 0);
}

static off_t known_size(void)
{
    struct stat info;
    return stat(known, &info) == 0 ? info.st_size : -1;
}

/* `run`; gives the end where it is heard, which stays open: the node goes on saying things. */
static int start_running(void)
{
    int ends[2];
    const char *words[] = {"run", node, "--verbose", NULL};
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    running = start_node(words, ends[1]);
    (void)close(ends[1]);
    return ends[0];
}

/* False when the node has not said within the time that it was welcomed. */
static bool hears_welcome(int from, int patience_ms)
{
    char text[512] = "";
    size_t size = 0;
    while (strstr(text, "đã nối") == NULL) {
        struct pollfd ready = {.fd = from, .events = POLLIN};
        if (poll(&ready, 1, patience_ms) != 1)
            return false;
        ssize_t got = read(from, text + size, sizeof text - 1 - size);
        cr_assert_gt(got, 0);
        size += (size_t)got;
        text[size] = '\0';
    }
    return true;
}

Test(programs, a_node_that_ran_before_it_was_enrolled_gets_in_by_itself)
{
    int from = start_running();
    cr_assert_not(hears_welcome(from, 2000), "nobody enrolled it");
    enrol_node();
    cr_assert(hears_welcome(from, 2 * PATIENCE_MS), "its handshake was refused once, for ever");
}

Test(programs, a_long_unit_list_comes_with_the_welcome)
{
    enrol_node();
    off_t before = known_size();
    import_units(4000);
    const char *words[] = {"run", node, "--once", "--quiet", "--timeout", "20", NULL};
    cr_assert_eq(run_node(words), 0);
    cr_assert_gt(known_size(), before);
    cr_assert_gt(known_size(), TH_LIMIT_FRAME_SIZE_MAX);
}

/* Longer ones come with the next welcome: they are not sent to everybody at once. */
Test(programs, a_short_unit_list_reaches_a_node_that_is_connected)
{
    enrol_node();
    off_t before = known_size();
    cr_assert(hears_welcome(start_running(), PATIENCE_MS));
    import_units(400);
    for (int waited = 0; known_size() <= before; waited += 50) {
        cr_assert_lt(waited, PATIENCE_MS, "units.bin has %ld bytes", (long)known_size());
        (void)poll(NULL, 0, 50);
    }
    int how = 0;
    cr_assert_eq(waitpid(running, &how, WNOHANG), 0, "the node goes on");
}
