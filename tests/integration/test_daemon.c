/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* prlimit, memmem */
/* The real aggregator over real CURVE connections, seen from a node and from an operator. */
#include "aggregator/shell/control_client.h"
#include "aggregator/store/store.h"
#include "base/file.h"
#include "proto/tlog/proof.h"
#include "tests/support/daemon_case.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

static struct th_daemon_case made;

static void set_up(void)
{
    th_daemon_case_make(&made);
}

static void tear_down(void)
{
    th_daemon_case_remove(&made);
}

TestSuite(daemon, .init = set_up, .fini = tear_down, .timeout = 60);

static bool equal(struct th_bytes a, struct th_bytes b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

Test(daemon, a_report_is_accepted_and_its_receipt_verifies)
{
    struct th_to_node answer = th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    static struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    struct th_bytes receipt = answer.body.outcome.receipts[0];
    cr_assert_eq(th_tlog_proof_parse((const char *)receipt.bytes, receipt.size, &proof), 0);
    cr_assert_eq(th_tlog_proof_verify(&proof, &made.run.server.log_key, 1, made.run.server.realm,
                                      proof.extra, proof.extra_size, &checkpoint),
                 0);
}

Test(daemon, the_same_submission_gets_the_same_bytes_also_after_a_restart)
{
    struct th_paper paper = {.figure = 5};
    struct th_bytes first = th_daemon_case_submit(&made, paper).body.outcome.receipts[0];
    struct th_to_node again = th_daemon_case_submit(&made, paper);
    cr_assert_eq(th_daemon_case_verdict(again), TH_VERDICT_DUPLICATE);
    cr_assert(equal(first, again.body.outcome.receipts[0]));
    th_daemon_case_stop(&made);
    th_daemon_case_start(&made);
    again = th_daemon_case_submit(&made, paper);
    cr_assert_eq(th_daemon_case_verdict(again), TH_VERDICT_DUPLICATE);
    cr_assert(equal(first, again.body.outcome.receipts[0]));
}

Test(daemon, another_report_under_the_same_revision_is_a_conflict)
{
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_eq(
        th_daemon_case_verdict(th_daemon_case_submit(&made, (struct th_paper){.figure = 6})),
        TH_VERDICT_CONFLICT);
}

Test(daemon, a_report_for_another_unit_is_rejected)
{
    struct th_to_node answer = th_daemon_case_submit(
        &made, (struct th_paper){.figure = 5, .as_unit = made.officers[1].unit});
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_REJECTED);
    cr_assert_gt(answer.body.outcome.refusal.size, 0);
}

Test(daemon, a_flipped_bit_is_refused)
{
    struct th_to_node answer;
    struct th_bytes good = th_daemon_case_write(&made, (struct th_paper){.figure = 5});
    uint8_t *bad = th_arena_alloc(&made.arena, good.size);
    memcpy(bad, good.bytes, good.size);
    bad[good.size - 1] ^= 1;
    cr_assert(th_caller_submit(&made.caller, (struct th_bytes){bad, good.size}, TH_PATIENCE_MS,
                               &made.arena, &answer));
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert_not(answer.body.failure.retry);
}

Test(daemon, a_hello_is_welcomed_with_the_store_s_time)
{
    struct th_to_node answer = th_daemon_case_hello(&made);
    cr_assert_eq(answer.kind, TH_TO_NODE_WELCOME);
    cr_assert_eq(answer.body.welcome.mode, TH_MODE_REHEARSAL);
}

/* Asks for the half-year's standing of a unit ("": its own) and waits for what comes. */
static struct th_to_node question(const char *about)
{
    struct th_to_node answer = {.kind = TH_TO_NODE_OUTCOME};
    const struct th_query query = {.what = TH_QUERY_STANDING,
                                   .plan = {"gialai-2025", 11},
                                   .period = {"2025-H1", 7},
                                   .obligation = {"", 0},
                                   .unit = {about, strlen(about)}};
    cr_assert(th_caller_ask(
        &made.caller, (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY, .query = query},
        TH_PATIENCE_MS, &made.arena, &answer));
    return answer;
}

Test(daemon, a_unit_asks_about_itself_and_about_nobody_else)
{
    struct th_to_node answer = question("");
    cr_assert_eq(answer.kind, TH_TO_NODE_ANSWER);
    cr_assert_not_null(memmem(answer.body.answer.bytes, answer.body.answer.size,
                              made.officers[0].unit, strlen(made.officers[0].unit)));
    answer = question("64");
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert_eq(memcmp(answer.body.failure.code.bytes, "forbidden", 9), 0);
}

Test(daemon, a_unit_that_asks_without_end_is_told_to_wait_and_may_still_report)
{
    struct th_to_node answer = {.kind = TH_TO_NODE_ANSWER};
    for (int i = 0; i < 60 && answer.kind == TH_TO_NODE_ANSWER; i++)
        answer = question("");
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert(answer.body.failure.retry);
    cr_assert_gt(answer.body.failure.after_ms, 0);
    cr_assert_eq(
        th_daemon_case_verdict(th_daemon_case_submit(&made, (struct th_paper){.figure = 5})),
        TH_VERDICT_ACCEPTED);
}

Test(daemon, a_stranger_is_not_let_in)
{
    struct th_caller stranger;
    struct th_to_node answer;
    th_caller_open(&stranger, &made.run, &made.officers[TH_DAEMON_CASE_OFFICERS - 1]);
    struct th_bytes submission =
        th_officer_write(&made.province, &made.officers[TH_DAEMON_CASE_OFFICERS - 1],
                         (struct th_paper){.figure = 5});
    cr_assert_not(th_caller_submit(&stranger, submission, TH_SILENCE_MS, &made.arena, &answer));
    th_caller_close(&stranger);
}

Test(daemon, a_message_of_three_parts_is_dropped_and_the_connection_goes_on)
{
    struct th_to_node answer;
    cr_assert_geq(zmq_send(made.caller.socket, "a", 1, ZMQ_SNDMORE), 0);
    cr_assert_geq(zmq_send(made.caller.socket, "b", 1, ZMQ_SNDMORE), 0);
    cr_assert_geq(zmq_send(made.caller.socket, "c", 1, 0), 0);
    cr_assert_geq(zmq_send(made.caller.socket, "", 0, 0), 0);
    cr_assert_not(th_caller_receive(&made.caller, TH_SILENCE_MS, &made.arena, &answer));
    cr_assert_eq(
        th_daemon_case_verdict(th_daemon_case_submit(&made, (struct th_paper){.figure = 5})),
        TH_VERDICT_ACCEPTED);
}

Test(daemon, a_frame_that_is_too_large_cuts_only_its_sender_off)
{
    struct th_caller other;
    struct th_to_node answer;
    static uint8_t large[TH_LIMIT_FRAME_SIZE_MAX + 1024];
    th_caller_open(&other, &made.run, &made.officers[1]);
    struct th_bytes submission =
        th_officer_write(&made.province, &made.officers[1], (struct th_paper){.figure = 5});
    cr_assert_geq(zmq_send(made.caller.socket, large, sizeof large, 0), 0);
    cr_assert_not(th_caller_receive(&made.caller, TH_SILENCE_MS, &made.arena, &answer));
    cr_assert(th_caller_submit(&other, submission, TH_PATIENCE_MS, &made.arena, &answer));
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    th_caller_close(&other);
}

Test(daemon, a_revoked_key_is_refused_at_its_next_message)
{
    struct th_to_node answer;
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    th_daemon_case_revoke(&made, 0);
    struct th_bytes submission =
        th_daemon_case_write(&made, (struct th_paper){.figure = 6, .revision = 2});
    cr_assert(th_caller_submit(&made.caller, submission, TH_PATIENCE_MS, &made.arena, &answer));
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_REJECTED);
    cr_assert_gt(answer.body.outcome.refusal.size, 0);
    const struct th_wire_verdict *verdict = &answer.body.outcome.verdicts[0];
    cr_assert_eq(verdict->reasons_count, 1);
    cr_assert_eq(memcmp(verdict->reasons[0].rule.bytes, "key", 3), 0);
    answer = th_daemon_case_hello(&made);
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert_not(answer.body.failure.retry);
}

Test(daemon, a_key_that_is_enrolled_while_it_runs_is_let_in)
{
    struct th_caller late;
    struct th_to_node answer;
    th_daemon_enrol(&made.run, &made.officers[TH_DAEMON_CASE_OFFICERS - 1], 1);
    th_caller_open(&late, &made.run, &made.officers[TH_DAEMON_CASE_OFFICERS - 1]);
    struct th_bytes submission =
        th_officer_write(&made.province, &made.officers[TH_DAEMON_CASE_OFFICERS - 1],
                         (struct th_paper){.figure = 5});
    cr_assert(th_caller_submit(&late, submission, TH_PATIENCE_MS, &made.arena, &answer));
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
    th_caller_close(&late);
}

Test(daemon, a_unit_imported_while_it_runs_is_in_the_server_file)
{
    static const char text[] = "code,name,kind,parent\n64-moi,Sở Mới,so,64\n";
    char units[96], server[96];
    struct th_problems problems;
    struct th_server_file before = made.run.server, after;
    (void)snprintf(units, sizeof units, "%s/moi.csv", made.run.folder);
    (void)snprintf(server, sizeof server, "%s/server.yaml", made.run.folder);
    cr_assert_eq(th_file_write(units, 0600, text, sizeof text - 1), 0);
    const char *words[] = {"units", "import", made.run.folder, units, NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    th_problems_init(&problems);
    cr_assert_eq(th_server_file_read(server, &made.arena, &problems, &after), 0);
    th_problems_deinit(&problems);
    cr_assert_gt(after.units.size, before.units.size);
    cr_assert_not_null(memmem(after.units.bytes, after.units.size, "64-moi", 6));
    cr_assert_str_eq(after.address, before.address);
    cr_assert_eq(memcmp(after.curve_key, before.curve_key, sizeof after.curve_key), 0);
    cr_assert(equal(after.plans[0], before.plans[0]));
}

Test(daemon, the_clock_command_fires_timers_and_units_are_reminded)
{
    struct th_to_node answer = th_daemon_case_hello(&made);
    const char *words[] = {"clock", made.run.folder, "--to", "2025-05-10T00:00:01", NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    bool is_reminded = false;
    while (!is_reminded && th_caller_receive(&made.caller, TH_PATIENCE_MS, &made.arena, &answer))
        is_reminded = answer.kind == TH_TO_NODE_REMINDER;
    cr_assert(is_reminded);
    const char *back[] = {"clock", made.run.folder, "--to", "2025-05-01", NULL};
    cr_assert_neq(th_daemon_command(back), 0);
}

Test(daemon, a_publication_names_the_rollup_that_changed)
{
    char topic[256];
    char body[64];
    void *subscriber =
        th_watcher_open(made.caller.context, &made.run, &made.officers[1], "rollup/", 7);
    usleep(300000); /* until the subscription has arrived */
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    int size = th_watcher_hear(subscriber, TH_PATIENCE_MS, topic, body);
    cr_assert_gt(size, 0);
    cr_assert_eq(strncmp(topic, "rollup/gialai-2025/", 19), 0);
    struct th_publication publication;
    cr_assert_eq(th_wire_publication_decode((struct th_bytes){(uint8_t *)body, (size_t)size},
                                            &made.arena, &publication),
                 0);
    (void)zmq_close(subscriber);
}

Test(daemon, a_revoked_viewer_hears_nothing_more_and_an_enrolled_one_hears_again)
{
    char topic[256];
    char body[64];
    void *enrolled =
        th_watcher_open(made.caller.context, &made.run, &made.officers[0], "rollup/", 7);
    void *revoked =
        th_watcher_open(made.caller.context, &made.run, &made.officers[1], "rollup/", 7);
    usleep(300000);
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_gt(th_watcher_hear(enrolled, TH_PATIENCE_MS, topic, body), 0);
    cr_assert_gt(th_watcher_hear(revoked, TH_PATIENCE_MS, topic, body), 0);
    th_daemon_case_revoke(&made, 1);
    while (th_watcher_hear(revoked, TH_SILENCE_MS, topic, body) > 0)
        ; /* what was published before */
    while (th_watcher_hear(enrolled, 0, topic, body) > 0)
        ;
    bool is_heard = false;
    for (uint32_t revision = 2; revision < 20 && !is_heard; revision++) {
        (void)th_daemon_case_submit(&made,
                                    (struct th_paper){.figure = revision, .revision = revision});
        is_heard = th_watcher_hear(enrolled, TH_SILENCE_MS, topic, body) > 0;
    }
    cr_assert(is_heard);
    cr_assert_lt(th_watcher_hear(revoked, TH_SILENCE_MS, topic, body), 0);
    (void)zmq_close(enrolled);
    (void)zmq_close(revoked);
}

Test(daemon, a_subscription_that_is_too_long_is_not_taken)
{
    static char endless[4096];
    char topic[256];
    char body[64];
    void *subscriber =
        th_watcher_open(made.caller.context, &made.run, &made.officers[1], endless, sizeof endless);
    cr_assert_eq(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "rollup/", 7), 0);
    usleep(300000);
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_lt(th_watcher_hear(subscriber, TH_SILENCE_MS, topic, body), 0);
    (void)zmq_close(subscriber);
}

Test(daemon, a_second_one_on_the_same_folder_is_told_who_has_it)
{
    const char *words[] = {"run", made.run.folder, NULL};
    cr_assert_eq(th_daemon_command(words), EX_TEMPFAIL);
}

Test(daemon, keys_that_others_may_read_are_refused)
{
    char path[96];
    th_daemon_case_stop(&made);
    (void)snprintf(path, sizeof path, "%s/secrets/curve.key", made.run.folder);
    cr_assert_eq(chmod(path, 0644), 0);
    const char *words[] = {"run", made.run.folder, NULL};
    cr_assert_eq(th_daemon_command(words), EX_NOPERM);
}

Test(daemon, the_operator_s_socket_is_only_the_owner_s)
{
    char path[96];
    struct stat about;
    (void)snprintf(path, sizeof path, "%s/control.sock", made.run.folder);
    cr_assert_eq(stat(path, &about), 0);
    cr_assert_eq(about.st_mode & 0777, 0600);
}

Test(daemon, a_request_of_another_version_is_answered_and_nothing_ends)
{
    static const uint8_t unknown[] = {0x08, 0x7f};
    const struct th_control_patience patience = {.timeout_ms = TH_PATIENCE_MS};
    char path[96];
    (void)snprintf(path, sizeof path, "%s/control.sock", made.run.folder);
    for (int i = 0; i < 3; i++) { /* whatever memory the batch before has left */
        struct th_bytes answer;
        cr_assert_eq(th_control_ask(path, (struct th_bytes){unknown, sizeof unknown}, &patience,
                                    &made.arena, &answer),
                     0, "request %d", i);
    }
    cr_assert_eq(kill(made.run.pid, 0), 0);
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
}

Test(daemon, a_commit_that_fails_ends_the_process_and_nothing_is_answered)
{
    struct th_to_node answer;
    struct rlimit none = {4096, 4096}; /* no file may grow, nor be written beyond its first page */
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_eq(prlimit(made.run.pid, RLIMIT_FSIZE, &none, NULL), 0);
    struct th_bytes submission =
        th_daemon_case_write(&made, (struct th_paper){.figure = 6, .revision = 2});
    cr_assert_not(th_caller_submit(&made.caller, submission, TH_SILENCE_MS, &made.arena, &answer));
    int how = 0;
    cr_assert_eq(waitpid(made.run.pid, &how, 0), made.run.pid);
    made.run.pid = 0;
    cr_assert(WIFEXITED(how));
    cr_assert_eq(WEXITSTATUS(how), EX_SOFTWARE);
    th_daemon_case_start(&made);
    cr_assert(th_caller_submit(&made.caller, submission, TH_PATIENCE_MS, &made.arena, &answer));
    cr_assert_eq(th_daemon_case_verdict(answer), TH_VERDICT_ACCEPTED);
}

Test(daemon, a_terminal_that_closes_ends_it_as_sigterm_does)
{
    (void)th_daemon_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_eq(kill(made.run.pid, SIGHUP), 0); /* a shell may send another one at once */
    int how = th_daemon_signal(&made.run, SIGHUP);
    cr_assert(WIFEXITED(how));
    cr_assert_eq(WEXITSTATUS(how), EX_OK);
    cr_assert(th_daemon_says(&made.run, "báo cáo: 1 nhận", TH_PATIENCE_MS));
}

Test(daemon, started_with_nohup_it_outlives_the_terminal)
{
    th_daemon_case_stop(&made);
    cr_assert_neq(signal(SIGHUP, SIG_IGN), SIG_ERR);
    th_daemon_case_start(&made);
    cr_assert_eq(kill(made.run.pid, SIGHUP), 0);
    cr_assert_eq(
        th_daemon_case_verdict(th_daemon_case_submit(&made, (struct th_paper){.figure = 5})),
        TH_VERDICT_ACCEPTED);
    (void)usleep(TH_SILENCE_MS * 1000);
    cr_assert_eq(waitpid(made.run.pid, NULL, WNOHANG), 0);
}

/* ---- kill -9 ---- */

struct acknowledged {
    uint32_t revision;
    struct th_bytes receipt;
};

static int count_row(void *context, const struct th_row *row)
{
    (void)row;
    (*(unsigned *)context)++;
    return 0;
}

/* The store itself: one row, whose revision is the number of revisions that were accepted. */
static void look_into_store(uint32_t revisions)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    struct th_store *store = NULL;
    struct th_view *view = NULL;
    const struct th_store_options options = {0};
    cr_assert_eq(th_store_open(made.run.folder, TH_STORE_READ, &options, problem, &store), 0, "%s",
                 problem);
    cr_assert_eq(th_view_open(store, &view), 0);
    struct th_book_id book = {
        0, (uint16_t)(made.province.half_year - made.province.files.plan.obligations)};
    unsigned rows = 0;
    uint64_t submissions = 0;
    cr_assert_eq(th_view_rows(view, book, count_row, &rows), 0);
    for (uint64_t i = 0; i < th_view_size(view); i++) {
        struct th_stored_entry entry;
        cr_assert_eq(th_view_entry(view, i, &entry), 0);
        submissions += entry.kind == TH_ENTRY_SUBMISSION;
    }
    cr_assert_eq(rows, 1);
    cr_assert_eq(submissions, revisions);
    th_view_close(view);
    th_store_close(store);
}

Test(daemon, killed_at_random_moments_it_loses_nothing_acknowledged_and_counts_nothing_twice,
     .timeout = 120)
{
    enum { ROUNDS = 16, REVISIONS_MAX = 4096 };
    static struct acknowledged known[REVISIONS_MAX];
    uint32_t revision = 0; /* the latest that was acknowledged */
    srand(20250510);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t killer = fork();
        if (killer == 0) {
            usleep((useconds_t)(20000 + rand() % 300000 + round * 1000));
            (void)kill(made.run.pid, SIGKILL);
            _exit(0);
        }
        for (;;) {
            cr_assert_lt(revision + 1, REVISIONS_MAX);
            struct th_to_node answer;
            struct th_paper paper = {.figure = revision + 1, .revision = revision + 1};
            struct th_bytes paper_bytes = th_daemon_case_write(&made, paper);
            if (!th_caller_submit(&made.caller, paper_bytes, TH_SILENCE_MS, &made.arena, &answer))
                break; /* killed: whether it was stored is not known, it is sent again */
            if (answer.kind == TH_TO_NODE_FAILURE) {
                cr_assert(answer.body.failure.retry);
                usleep(answer.body.failure.after_ms * 1000);
                continue;
            }
            enum th_verdict verdict = th_daemon_case_verdict(answer);
            cr_assert(verdict == TH_VERDICT_ACCEPTED || verdict == TH_VERDICT_DUPLICATE);
            known[revision++] =
                (struct acknowledged){paper.revision, answer.body.outcome.receipts[0]};
        }
        int how = 0;
        cr_assert_eq(waitpid(killer, &how, 0), killer);
        cr_assert_eq(waitpid(made.run.pid, &how, 0), made.run.pid);
        made.run.pid = 0;
        th_daemon_case_start(&made);
        srand((unsigned)(20250511 + round));
    }
    /* The one in flight may be stored without having been acknowledged: ask for it. */
    struct th_paper last = {.figure = revision + 1, .revision = revision + 1};
    enum th_verdict verdict = th_daemon_case_verdict(th_daemon_case_submit(&made, last));
    cr_assert(verdict == TH_VERDICT_ACCEPTED || verdict == TH_VERDICT_DUPLICATE);
    cr_assert_gt(revision, 20);
    for (uint32_t i = 0; i < revision; i += 1 + revision / 40) {
        struct th_paper paper = {.figure = known[i].revision, .revision = known[i].revision};
        struct th_to_node again = th_daemon_case_submit(&made, paper);
        cr_assert_eq(th_daemon_case_verdict(again), TH_VERDICT_DUPLICATE);
        cr_assert(equal(known[i].receipt, again.body.outcome.receipts[0]));
    }
    th_daemon_case_stop(&made);
    look_into_store(revision + 1);
}
