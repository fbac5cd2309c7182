/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real programs for integration tests: runs commands, starts and stops the aggregator on free
 * loopback ports, and speaks to it as a node over CURVE. Fails the test when something does not
 * work that the test does not look at.
 */
#ifndef TH_TESTS_SUPPORT_DAEMON_H
#define TH_TESTS_SUPPORT_DAEMON_H

#include "proto/exchange/server_file.h"
#include "tests/support/province.h"

#include <sys/types.h>

struct th_daemon_run {
    char folder[64];
    char log_path[80];
    char address[128]; /* of the running daemon */
    char publish[128];
    pid_t pid; /* 0: not running */
    struct th_arena arena;
    struct th_server_file server;
};

/* The exit code of `tonghop-aggregator` with these words; its output is dropped. NULL at the end.
 */
int th_daemon_command(const char *const *words);

/* A rehearsal of Gia Lai 2025 in a new folder under /tmp. */
void th_daemon_init(struct th_daemon_run *run);
void th_daemon_deinit(struct th_daemon_run *run);
/* Writes node.pub of each and enrols them all in one command. */
void th_daemon_enrol(struct th_daemon_run *run, const struct th_officer *officers, size_t count);
/* Waits for the READY line. */
void th_daemon_start(struct th_daemon_run *run);
/* Sends the signal; returns what waitpid() gave. */
int th_daemon_signal(struct th_daemon_run *run, int number);
/* Sets a key of config.yaml, for the next start. */
void th_daemon_configure(const struct th_daemon_run *run, const char *key, const char *value);
/* Whether the daemons of this folder have written it to stderr within the time. */
bool th_daemon_says(const struct th_daemon_run *run, const char *text, int timeout_ms);
/* One act through control.sock; its status. */
int th_daemon_act(const struct th_daemon_run *run, struct th_act act);
/* Of the log on the disk. */
uint64_t th_daemon_log_size(const struct th_daemon_run *run);

struct th_caller {
    void *context;
    void *socket;
    uint64_t request;
};

void th_caller_open(struct th_caller *caller, const struct th_daemon_run *run,
                    const struct th_officer *officer);
void th_caller_close(struct th_caller *caller);
/* One ToAggregator; returns the request's number. */
uint64_t th_caller_send(struct th_caller *caller, struct th_to_aggregator message);
/* False after `timeout_ms`. Borrows the arena. */
bool th_caller_receive(struct th_caller *caller, int timeout_ms, struct th_arena *arena,
                       struct th_to_node *ret_message);
/* Sends one message and waits for its answer. */
bool th_caller_ask(struct th_caller *caller, struct th_to_aggregator message, int timeout_ms,
                   struct th_arena *arena, struct th_to_node *ret_message);
bool th_caller_submit(struct th_caller *caller, struct th_bytes submission, int timeout_ms,
                      struct th_arena *arena, struct th_to_node *ret_message);

/* Somebody who watches, as an enrolled officer. zmq_close() it before the context ends. */
void *th_watcher_open(void *context, const struct th_daemon_run *run,
                      const struct th_officer *officer, const char *topic, size_t size);
/* What comes within the time: the size of the body, -1 for silence. */
int th_watcher_hear(void *watcher, int timeout_ms, char topic[256], char body[64]);

#endif
