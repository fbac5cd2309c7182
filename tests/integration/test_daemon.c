/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* prlimit, memmem */
/* The real aggregator over real CURVE connections, seen from a node and from an operator. */
#include "aggregator/store/store.h"
#include "base/file.h"
#include "proto/tlog/proof.h"
#include "tests/support/daemon.h"

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

#define OFFICERS 3
#define PATIENCE 5000
#define SILENCE  700

static struct th_province province;
static struct th_daemon_run run;
static struct th_officer officers[OFFICERS];
static struct th_caller caller;
static struct th_arena arena;

static void set_up(void)
{
    th_province_init(&province);
    th_arena_init(&arena, 65536, (size_t)256 << 20);
    th_daemon_init(&run);
    for (unsigned i = 0; i < OFFICERS; i++)
        th_officer_init(&officers[i], th_province_commune(&province, i));
    th_daemon_enrol(&run, officers, OFFICERS - 1); /* the last one is a stranger */
    th_daemon_start(&run);
    th_caller_open(&caller, &run, &officers[0]);
}

static void tear_down(void)
{
    th_caller_close(&caller);
    th_daemon_deinit(&run);
    th_arena_deinit(&arena);
    th_province_deinit(&province);
}

TestSuite(daemon, .init = set_up, .fini = tear_down, .timeout = 60);

static struct th_to_node submit(struct th_paper paper)
{
    struct th_to_node answer = {.kind = TH_TO_NODE_FAILURE};
    struct th_bytes submission = th_officer_write(&province, &officers[0], paper);
    cr_assert(th_caller_submit(&caller, submission, PATIENCE, &arena, &answer));
    return answer;
}

static enum th_verdict verdict_of(struct th_to_node answer)
{
    cr_assert_eq(answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(answer.body.outcome.verdicts_count, 1);
    return answer.body.outcome.verdicts[0].kind;
}

static bool equal(struct th_bytes a, struct th_bytes b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static void reconnect(void)
{
    th_caller_close(&caller);
    th_daemon_start(&run);
    th_caller_open(&caller, &run, &officers[0]);
}

Test(daemon, a_report_is_accepted_and_its_receipt_verifies)
{
    struct th_to_node answer = submit((struct th_paper){.figure = 5});
    cr_assert_eq(verdict_of(answer), TH_VERDICT_ACCEPTED);
    static struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    struct th_bytes receipt = answer.body.outcome.receipts[0];
    cr_assert_eq(th_tlog_proof_parse((const char *)receipt.bytes, receipt.size, &proof), 0);
    cr_assert_eq(th_tlog_proof_verify(&proof, &run.server.log_key, 1, run.server.realm, proof.extra,
                                      proof.extra_size, &checkpoint),
                 0);
}

Test(daemon, the_same_submission_gets_the_same_bytes_also_after_a_restart)
{
    struct th_paper paper = {.figure = 5};
    struct th_bytes first = submit(paper).body.outcome.receipts[0];
    struct th_to_node again = submit(paper);
    cr_assert_eq(verdict_of(again), TH_VERDICT_DUPLICATE);
    cr_assert(equal(first, again.body.outcome.receipts[0]));
    int how = th_daemon_signal(&run, SIGTERM);
    cr_assert(WIFEXITED(how));
    cr_assert_eq(WEXITSTATUS(how), 0);
    reconnect();
    again = submit(paper);
    cr_assert_eq(verdict_of(again), TH_VERDICT_DUPLICATE);
    cr_assert(equal(first, again.body.outcome.receipts[0]));
}

Test(daemon, another_report_under_the_same_revision_is_a_conflict)
{
    (void)submit((struct th_paper){.figure = 5});
    cr_assert_eq(verdict_of(submit((struct th_paper){.figure = 6})), TH_VERDICT_CONFLICT);
}

Test(daemon, a_report_for_another_unit_is_rejected)
{
    struct th_to_node answer = submit((struct th_paper){.figure = 5, .as_unit = officers[1].unit});
    cr_assert_eq(verdict_of(answer), TH_VERDICT_REJECTED);
    cr_assert_gt(answer.body.outcome.refusal.size, 0);
}

Test(daemon, a_flipped_bit_is_refused)
{
    struct th_to_node answer;
    struct th_bytes good =
        th_officer_write(&province, &officers[0], (struct th_paper){.figure = 5});
    uint8_t *bad = th_arena_alloc(&arena, good.size);
    memcpy(bad, good.bytes, good.size);
    bad[good.size - 1] ^= 1;
    cr_assert(
        th_caller_submit(&caller, (struct th_bytes){bad, good.size}, PATIENCE, &arena, &answer));
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert_not(answer.body.failure.retry);
}

Test(daemon, a_hello_is_welcomed_with_the_store_s_time)
{
    struct th_to_node answer;
    struct th_text unit = {officers[0].unit, strlen(officers[0].unit)};
    (void)th_caller_send(&caller, (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_HELLO,
                                                            .hello = {.unit = unit}});
    cr_assert(th_caller_receive(&caller, PATIENCE, &arena, &answer));
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
    uint64_t request = th_caller_send(
        &caller, (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_QUERY, .query = query});
    while (th_caller_receive(&caller, PATIENCE, &arena, &answer))
        if (answer.request == request)
            return answer;
    cr_assert(false, "no answer to the question");
    return answer;
}

Test(daemon, a_unit_asks_about_itself_and_about_nobody_else)
{
    struct th_to_node answer = question("");
    cr_assert_eq(answer.kind, TH_TO_NODE_ANSWER);
    cr_assert_not_null(memmem(answer.body.answer.bytes, answer.body.answer.size, officers[0].unit,
                              strlen(officers[0].unit)));
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
    cr_assert_eq(verdict_of(submit((struct th_paper){.figure = 5})), TH_VERDICT_ACCEPTED);
}

Test(daemon, a_stranger_is_not_let_in)
{
    struct th_caller stranger;
    struct th_to_node answer;
    th_caller_open(&stranger, &run, &officers[OFFICERS - 1]);
    struct th_bytes submission =
        th_officer_write(&province, &officers[OFFICERS - 1], (struct th_paper){.figure = 5});
    cr_assert_not(th_caller_submit(&stranger, submission, SILENCE, &arena, &answer));
    th_caller_close(&stranger);
}

Test(daemon, a_message_of_three_parts_is_dropped_and_the_connection_goes_on)
{
    struct th_to_node answer;
    cr_assert_geq(zmq_send(caller.socket, "a", 1, ZMQ_SNDMORE), 0);
    cr_assert_geq(zmq_send(caller.socket, "b", 1, ZMQ_SNDMORE), 0);
    cr_assert_geq(zmq_send(caller.socket, "c", 1, 0), 0);
    cr_assert_geq(zmq_send(caller.socket, "", 0, 0), 0);
    cr_assert_not(th_caller_receive(&caller, SILENCE, &arena, &answer));
    cr_assert_eq(verdict_of(submit((struct th_paper){.figure = 5})), TH_VERDICT_ACCEPTED);
}

Test(daemon, a_frame_that_is_too_large_cuts_only_its_sender_off)
{
    struct th_caller other;
    struct th_to_node answer;
    static uint8_t large[TH_LIMIT_FRAME_SIZE_MAX + 1024];
    th_caller_open(&other, &run, &officers[1]);
    struct th_bytes submission =
        th_officer_write(&province, &officers[1], (struct th_paper){.figure = 5});
    cr_assert_geq(zmq_send(caller.socket, large, sizeof large, 0), 0);
    cr_assert_not(th_caller_receive(&caller, SILENCE, &arena, &answer));
    cr_assert(th_caller_submit(&other, submission, PATIENCE, &arena, &answer));
    cr_assert_eq(verdict_of(answer), TH_VERDICT_ACCEPTED);
    th_caller_close(&other);
}

Test(daemon, a_revoked_key_is_refused_at_its_next_message)
{
    struct th_to_node answer;
    char path[96];
    (void)submit((struct th_paper){.figure = 5});
    (void)snprintf(path, sizeof path, "%s/node-0.pub", run.folder);
    const char *words[] = {"revoke", run.folder, officers[0].unit, path, NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    struct th_bytes submission =
        th_officer_write(&province, &officers[0], (struct th_paper){.figure = 6, .revision = 2});
    cr_assert(th_caller_submit(&caller, submission, PATIENCE, &arena, &answer));
    cr_assert_eq(verdict_of(answer), TH_VERDICT_REJECTED);
    cr_assert_gt(answer.body.outcome.refusal.size, 0);
    const struct th_wire_verdict *verdict = &answer.body.outcome.verdicts[0];
    cr_assert_eq(verdict->reasons_count, 1);
    cr_assert_eq(memcmp(verdict->reasons[0].rule.bytes, "key", 3), 0);
    struct th_text unit = {officers[0].unit, strlen(officers[0].unit)};
    (void)th_caller_send(&caller, (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_HELLO,
                                                            .hello = {.unit = unit}});
    cr_assert(th_caller_receive(&caller, PATIENCE, &arena, &answer));
    cr_assert_eq(answer.kind, TH_TO_NODE_FAILURE);
    cr_assert_not(answer.body.failure.retry);
}

Test(daemon, a_key_that_is_enrolled_while_it_runs_is_let_in)
{
    struct th_caller late;
    struct th_to_node answer;
    th_daemon_enrol(&run, &officers[OFFICERS - 1], 1);
    th_caller_open(&late, &run, &officers[OFFICERS - 1]);
    struct th_bytes submission =
        th_officer_write(&province, &officers[OFFICERS - 1], (struct th_paper){.figure = 5});
    cr_assert(th_caller_submit(&late, submission, PATIENCE, &arena, &answer));
    cr_assert_eq(verdict_of(answer), TH_VERDICT_ACCEPTED);
    th_caller_close(&late);
}

Test(daemon, a_unit_imported_while_it_runs_is_in_the_server_file)
{
    static const char text[] = "code,name,kind,parent\n64-moi,Sở Mới,so,64\n";
    char units[96], server[96];
    struct th_problems problems;
    struct th_server_file before = run.server, after;
    (void)snprintf(units, sizeof units, "%s/moi.csv", run.folder);
    (void)snprintf(server, sizeof server, "%s/server.yaml", run.folder);
    cr_assert_eq(th_file_write(units, 0600, text, sizeof text - 1), 0);
    const char *words[] = {"units", "import", run.folder, units, NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    th_problems_init(&problems);
    cr_assert_eq(th_server_file_read(server, &arena, &problems, &after), 0);
    th_problems_deinit(&problems);
    cr_assert_gt(after.units.size, before.units.size);
    cr_assert_not_null(memmem(after.units.bytes, after.units.size, "64-moi", 6));
    cr_assert_str_eq(after.address, before.address);
    cr_assert_eq(memcmp(after.curve_key, before.curve_key, sizeof after.curve_key), 0);
    cr_assert(equal(after.plans[0], before.plans[0]));
}

Test(daemon, the_clock_command_fires_timers_and_units_are_reminded)
{
    struct th_to_node answer;
    struct th_text unit = {officers[0].unit, strlen(officers[0].unit)};
    (void)th_caller_send(&caller, (struct th_to_aggregator){.kind = TH_TO_AGGREGATOR_HELLO,
                                                            .hello = {.unit = unit}});
    cr_assert(th_caller_receive(&caller, PATIENCE, &arena, &answer));
    const char *words[] = {"clock", run.folder, "--to", "2025-05-10T00:00:01", NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    bool is_reminded = false;
    while (!is_reminded && th_caller_receive(&caller, PATIENCE, &arena, &answer))
        is_reminded = answer.kind == TH_TO_NODE_REMINDER;
    cr_assert(is_reminded);
    const char *back[] = {"clock", run.folder, "--to", "2025-05-01", NULL};
    cr_assert_neq(th_daemon_command(back), 0);
}

static void *subscribe(const struct th_officer *officer, const char *topic, size_t size)
{
    int linger = 0;
    void *subscriber = zmq_socket(caller.context, ZMQ_SUB);
    (void)zmq_setsockopt(subscriber, ZMQ_LINGER, &linger, sizeof linger);
    (void)zmq_setsockopt(subscriber, ZMQ_CURVE_SERVERKEY, run.server.curve_key, 32);
    (void)zmq_setsockopt(subscriber, ZMQ_CURVE_PUBLICKEY, officer->curve_key, 32);
    (void)zmq_setsockopt(subscriber, ZMQ_CURVE_SECRETKEY, officer->curve_secret, 32);
    cr_assert_eq(zmq_connect(subscriber, run.publish), 0);
    cr_assert_eq(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, topic, size), 0);
    return subscriber;
}

/* What comes within the time: the size of the topic and the body, -1 for silence. */
static int hear(void *subscriber, int timeout_ms, char topic[256], char body[64])
{
    (void)zmq_setsockopt(subscriber, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    memset(topic, 0, 256);
    if (zmq_recv(subscriber, topic, 255, 0) < 0)
        return -1;
    return zmq_recv(subscriber, body, 64, 0);
}

Test(daemon, a_publication_names_the_rollup_that_changed)
{
    char topic[256];
    char body[64];
    void *subscriber = subscribe(&officers[1], "rollup/", 7);
    usleep(300000); /* until the subscription has arrived */
    (void)submit((struct th_paper){.figure = 5});
    int size = hear(subscriber, PATIENCE, topic, body);
    cr_assert_gt(size, 0);
    cr_assert_eq(strncmp(topic, "rollup/gialai-2025/", 19), 0);
    struct th_publication publication;
    cr_assert_eq(th_wire_publication_decode((struct th_bytes){(uint8_t *)body, (size_t)size},
                                            &arena, &publication),
                 0);
    (void)zmq_close(subscriber);
}

Test(daemon, a_revoked_viewer_hears_nothing_more_and_an_enrolled_one_hears_again)
{
    char path[96];
    char topic[256];
    char body[64];
    void *enrolled = subscribe(&officers[0], "rollup/", 7);
    void *revoked = subscribe(&officers[1], "rollup/", 7);
    usleep(300000);
    (void)submit((struct th_paper){.figure = 5});
    cr_assert_gt(hear(enrolled, PATIENCE, topic, body), 0);
    cr_assert_gt(hear(revoked, PATIENCE, topic, body), 0);
    (void)snprintf(path, sizeof path, "%s/node-1.pub", run.folder);
    const char *words[] = {"revoke", run.folder, officers[1].unit, path, NULL};
    cr_assert_eq(th_daemon_command(words), 0);
    while (hear(revoked, SILENCE, topic, body) > 0)
        ; /* what was published before */
    while (hear(enrolled, 0, topic, body) > 0)
        ;
    bool is_heard = false;
    for (uint32_t revision = 2; revision < 20 && !is_heard; revision++) {
        (void)submit((struct th_paper){.figure = revision, .revision = revision});
        is_heard = hear(enrolled, SILENCE, topic, body) > 0;
    }
    cr_assert(is_heard);
    cr_assert_lt(hear(revoked, SILENCE, topic, body), 0);
    (void)zmq_close(enrolled);
    (void)zmq_close(revoked);
}

Test(daemon, a_subscription_that_is_too_long_is_not_taken)
{
    static char endless[4096];
    char topic[256];
    char body[64];
    void *subscriber = subscribe(&officers[1], endless, sizeof endless);
    cr_assert_eq(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "rollup/", 7), 0);
    usleep(300000);
    (void)submit((struct th_paper){.figure = 5});
    cr_assert_lt(hear(subscriber, SILENCE, topic, body), 0);
    (void)zmq_close(subscriber);
}

Test(daemon, a_second_one_on_the_same_folder_is_told_who_has_it)
{
    const char *words[] = {"run", run.folder, NULL};
    cr_assert_eq(th_daemon_command(words), EX_TEMPFAIL);
}

Test(daemon, keys_that_others_may_read_are_refused)
{
    char path[96];
    cr_assert_eq(WEXITSTATUS(th_daemon_signal(&run, SIGTERM)), 0);
    (void)snprintf(path, sizeof path, "%s/secrets/curve.key", run.folder);
    cr_assert_eq(chmod(path, 0644), 0);
    const char *words[] = {"run", run.folder, NULL};
    cr_assert_eq(th_daemon_command(words), EX_NOPERM);
}

Test(daemon, the_operator_s_socket_is_only_the_owner_s)
{
    char path[96];
    struct stat about;
    (void)snprintf(path, sizeof path, "%s/control.sock", run.folder);
    cr_assert_eq(stat(path, &about), 0);
    cr_assert_eq(about.st_mode & 0777, 0600);
}

Test(daemon, a_commit_that_fails_ends_the_process_and_nothing_is_answered)
{
    struct th_to_node answer;
    struct rlimit none = {4096, 4096}; /* no file may grow, nor be written beyond its first page */
    (void)submit((struct th_paper){.figure = 5});
    cr_assert_eq(prlimit(run.pid, RLIMIT_FSIZE, &none, NULL), 0);
    struct th_bytes submission =
        th_officer_write(&province, &officers[0], (struct th_paper){.figure = 6, .revision = 2});
    cr_assert_not(th_caller_submit(&caller, submission, SILENCE, &arena, &answer));
    int how = 0;
    cr_assert_eq(waitpid(run.pid, &how, 0), run.pid);
    run.pid = 0;
    cr_assert(WIFEXITED(how));
    cr_assert_eq(WEXITSTATUS(how), EX_SOFTWARE);
    reconnect();
    cr_assert(th_caller_submit(&caller, submission, PATIENCE, &arena, &answer));
    cr_assert_eq(verdict_of(answer), TH_VERDICT_ACCEPTED);
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
    cr_assert_eq(th_store_open(run.folder, TH_STORE_READ, &options, problem, &store), 0, "%s",
                 problem);
    cr_assert_eq(th_view_open(store, &view), 0);
    struct th_book_id book = {0, (uint16_t)(province.half_year - province.files.plan.obligations)};
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
            (void)kill(run.pid, SIGKILL);
            _exit(0);
        }
        for (;;) {
            cr_assert_lt(revision + 1, REVISIONS_MAX);
            struct th_to_node answer;
            struct th_paper paper = {.figure = revision + 1, .revision = revision + 1};
            struct th_bytes paper_bytes = th_officer_write(&province, &officers[0], paper);
            if (!th_caller_submit(&caller, paper_bytes, SILENCE, &arena, &answer))
                break; /* killed: whether it was stored is not known, it is sent again */
            if (answer.kind == TH_TO_NODE_FAILURE) {
                cr_assert(answer.body.failure.retry);
                usleep(answer.body.failure.after_ms * 1000);
                continue;
            }
            enum th_verdict verdict = verdict_of(answer);
            cr_assert(verdict == TH_VERDICT_ACCEPTED || verdict == TH_VERDICT_DUPLICATE);
            known[revision++] =
                (struct acknowledged){paper.revision, answer.body.outcome.receipts[0]};
        }
        int how = 0;
        cr_assert_eq(waitpid(killer, &how, 0), killer);
        cr_assert_eq(waitpid(run.pid, &how, 0), run.pid);
        run.pid = 0;
        reconnect();
        srand((unsigned)(20250511 + round));
    }
    /* The one in flight may be stored without having been acknowledged: ask for it. */
    struct th_paper last = {.figure = revision + 1, .revision = revision + 1};
    enum th_verdict verdict = verdict_of(submit(last));
    cr_assert(verdict == TH_VERDICT_ACCEPTED || verdict == TH_VERDICT_DUPLICATE);
    cr_assert_gt(revision, 20);
    for (uint32_t i = 0; i < revision; i += 1 + revision / 40) {
        struct th_paper paper = {.figure = known[i].revision, .revision = known[i].revision};
        struct th_to_node again = submit(paper);
        cr_assert_eq(verdict_of(again), TH_VERDICT_DUPLICATE);
        cr_assert(equal(known[i].receipt, again.body.outcome.receipts[0]));
    }
    cr_assert_eq(WEXITSTATUS(th_daemon_signal(&run, SIGTERM)), 0);
    look_into_store(revision + 1);
}
