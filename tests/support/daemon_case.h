/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that runs, with a province, officers and one of them connected. Fails the test when
 * something does not work that the test does not look at.
 */
#ifndef TH_TESTS_SUPPORT_DAEMON_CASE_H
#define TH_TESTS_SUPPORT_DAEMON_CASE_H

#include "tests/support/daemon.h"

#define TH_DAEMON_CASE_OFFICERS 3
#define TH_PATIENCE_MS          5000
#define TH_SILENCE_MS           700

struct th_daemon_case {
    struct th_province province;
    struct th_daemon_run run;
    struct th_officer officers[TH_DAEMON_CASE_OFFICERS]; /* the last one is a stranger */
    struct th_caller caller;                             /* the first one */
    struct th_arena arena;
};

void th_daemon_case_make(struct th_daemon_case *made);
void th_daemon_case_remove(struct th_daemon_case *made);
/* Ends the daemon properly; the caller stays. */
void th_daemon_case_stop(struct th_daemon_case *made);
/* After the daemon has ended: it runs again, with a new connection. */
void th_daemon_case_start(struct th_daemon_case *made);

/* The first officer's paper. */
struct th_bytes th_daemon_case_write(struct th_daemon_case *made, struct th_paper paper);
struct th_to_node th_daemon_case_submit(struct th_daemon_case *made, struct th_paper paper);
/* Of an answer about one report. */
enum th_verdict th_daemon_case_verdict(struct th_to_node answer);
/* The answer to a hello of the first officer. */
struct th_to_node th_daemon_case_hello(struct th_daemon_case *made);
/* `revoke` of the key of an officer. */
void th_daemon_case_revoke(struct th_daemon_case *made, unsigned officer);

#endif
