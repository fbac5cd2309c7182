/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/daemon_case.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void th_daemon_case_make(struct th_daemon_case *made)
{
    th_province_init(&made->province);
    th_arena_init(&made->arena, 65536, (size_t)256 << 20);
    th_daemon_init(&made->run);
    for (unsigned i = 0; i < TH_DAEMON_CASE_OFFICERS; i++)
        th_officer_init(&made->officers[i], th_province_commune(&made->province, i));
    th_daemon_enrol(&made->run, made->officers, TH_DAEMON_CASE_OFFICERS - 1);
    th_daemon_start(&made->run);
    th_caller_open(&made->caller, &made->run, &made->officers[0]);
}

void th_daemon_case_remove(struct th_daemon_case *made)
{
    th_caller_close(&made->caller);
    th_daemon_deinit(&made->run);
    th_arena_deinit(&made->arena);
    th_province_deinit(&made->province);
}

void th_daemon_case_stop(struct th_daemon_case *made)
{
    int how = th_daemon_signal(&made->run, SIGTERM);
    cr_assert(WIFEXITED(how));
    cr_assert_eq(WEXITSTATUS(how), 0);
}

void th_daemon_case_start(struct th_daemon_case *made)
{
    th_caller_close(&made->caller);
    th_daemon_start(&made->run);
    th_caller_open(&made->caller, &made->run, &made->officers[0]);
}

struct th_bytes th_daemon_case_write(struct th_daemon_case *made, struct th_paper paper)
{
    return th_officer_write(&made->province, &made->officers[0], paper);
}

struct th_to_node th_daemon_case_submit(struct th_daemon_case *made, struct th_paper paper)
{
    struct th_to_node answer = {.kind = TH_TO_NODE_FAILURE};
    cr_assert(th_caller_submit(&made->caller, th_daemon_case_write(made, paper), TH_PATIENCE_MS,
                               &made->arena, &answer));
    return answer;
}

enum th_verdict th_daemon_case_verdict(struct th_to_node answer)
{
    if (answer.kind == TH_TO_NODE_FAILURE)
        cr_assert(false, "%.*s: %.*s", (int)answer.body.failure.code.size,
                  answer.body.failure.code.bytes, (int)answer.body.failure.text.size,
                  answer.body.failure.text.bytes);
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.body.outcome.verdicts_count, 1);
    return answer.body.outcome.verdicts[0].kind;
}

struct th_to_node th_daemon_case_hello(struct th_daemon_case *made)
{
    struct th_to_node answer;
    struct th_text unit = {made->officers[0].unit, strlen(made->officers[0].unit)};
    struct th_to_aggregator hello = {.kind = TH_TO_AGGREGATOR_HELLO, .hello = {.unit = unit}};
    cr_assert(th_caller_ask(&made->caller, hello, TH_PATIENCE_MS, &made->arena, &answer));
    return answer;
}

void th_daemon_case_revoke(struct th_daemon_case *made, unsigned officer)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/node-%u.pub", made->run.folder, officer);
    const char *words[] = {"revoke", made->run.folder, made->officers[officer].unit, path, NULL};
    cr_assert_eq(th_daemon_command(words), 0);
}
