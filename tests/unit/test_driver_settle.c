/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a burst leaves unsettled is exact for everybody at every commit. The judge is the auditor:
 * in a process of its own it folds the journal anew and compares every row of every table.
 */
#include "aggregator/past/recount.h"
#include "aggregator/store/backup.h"
#include "proto/wire/plan.h"
#include "tests/support/audit_case.h"
#include "tests/support/random.h"
#include "tests/support/recovery_case.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct ledger ledger;
static uint32_t revisions[LEDGER_UNITS][LEDGER_OBLIGATIONS][3];

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    memset(revisions, 0, sizeof revisions);
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(driver_settle, .init = set_up, .fini = tear_down, .timeout = 100);

static bool holds(const char *folder)
{
    return AUDIT_RUN(th_audit_verify, "verify", folder) == EX_OK;
}

static size_t unsettled(void)
{
    return th_store_unsettled_count(ledger.store);
}

static void settle_all(void)
{
    for (bool more = true; more;)
        cr_assert_eq(th_driver_settle(ledger.driver, ledger.now, &more), 0);
}

/* The next revision of a report, with figures that make minima and maxima go both ways. */
static void send(enum ledger_unit unit, enum ledger_obligation obligation, uint32_t number,
                 int64_t a)
{
    struct ledger_report report = {.unit = unit, .obligation = obligation, .number = number};
    report.revision = ++revisions[unit][obligation][number];
    report.has[L_A] = true;
    report.values[L_A] = a;
    if (unit != L_SNV) {
        report.has[L_B] = report.has[L_SCORE] = report.has[L_CLASS] = true;
        report.values[L_B] = a / 2;
        report.values[L_SCORE] = 100 + a % 50;
        report.values[L_CLASS] = a % 3;
    }
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send(&ledger, report), "unit %d obligation %d", (int)unit, (int)obligation);
}

/* ---- histories ---- */

static void send_any(struct random *random)
{
    static const enum ledger_unit senders[] = {L_SNV, L_A1, L_A2, L_A3, L_B1, L_B2, L_B3};
    static const enum ledger_obligation asked[] = {LEDGER_HALF, LEDGER_YEAR, LEDGER_ADHOC,
                                                   LEDGER_UNDATED};
    enum ledger_obligation obligation = asked[random_below(random, 4)];
    th_driver_press(ledger.driver, random_below(random, 4) > 0);
    send(senders[random_below(random, 7)], obligation,
         obligation == LEDGER_ADHOC ? 1 + random_below(random, 2) : 0, random_below(random, 1000));
}

static void draw_bounds(struct random *random)
{
    ledger.bounds = (struct th_driver_bounds){.book_rows = 1 + random_below(random, 12),
                                              .run_rows = 1 + random_below(random, 20),
                                              .run_values = 1 + random_below(random, 20),
                                              .commit_rows = 1 + random_below(random, 3000),
                                              .few_rows = 1 + random_below(random, 6),
                                              .idle_rows = 1 + random_below(random, 3000)};
}

static void run_history(uint64_t seed, unsigned steps)
{
    struct random random = {seed};
    bool more;
    draw_bounds(&random);
    ledger_restart(&ledger);
    for (unsigned i = 0; i < steps; i++) {
        send_any(&random);
        if (random_below(&random, 6) == 0)
            cr_assert_eq(th_driver_settle(ledger.driver, ledger.now, &more), 0);
        if (random_below(&random, 12) == 0) {
            draw_bounds(&random);
            ledger_restart(&ledger);
        }
        if (i == steps / 2)
            ledger_tick_at(&ledger, ledger.half_due); /* a closing in the middle of it */
        if (i % 3 == 0)
            cr_assert(holds(ledger.folder), "seed %d step %u: %s", (int)seed, i, audit_out);
    }
    settle_all();
    cr_assert_eq(unsettled(), 0);
    cr_assert(holds(ledger.folder), "seed %d: %s", (int)seed, audit_out);
}

Test(driver_settle, a_history_is_exact_after_every_commit_1)
{
    run_history(1, 60);
}

Test(driver_settle, a_history_is_exact_after_every_commit_2)
{
    run_history(2, 60);
}

Test(driver_settle, a_history_is_exact_after_every_commit_3)
{
    run_history(3, 60);
}

/* ---- questions ---- */

static void expect_same_answers(th_instant as_of, bool has_as_of)
{
    static const enum th_query_what kinds[] = {TH_QUERY_ROLLUP, TH_QUERY_REPORT, TH_QUERY_STANDING};
    json_t *before[3];
    for (size_t i = 0; i < 3; i++) {
        struct th_query query = ledger_query(kinds[i], LEDGER_HALF);
        query.has_as_of = has_as_of;
        query.as_of = as_of;
        if (kinds[i] == TH_QUERY_REPORT)
            query.unit = th_text_of(ledger_code(L_A1));
        before[i] = ledger_ask(&ledger, query);
    }
    cr_assert_gt(unsettled(), 0);
    settle_all();
    for (size_t i = 0; i < 3; i++) {
        struct th_query query = ledger_query(kinds[i], LEDGER_HALF);
        query.has_as_of = has_as_of;
        query.as_of = as_of;
        if (kinds[i] == TH_QUERY_REPORT)
            query.unit = th_text_of(ledger_code(L_A1));
        json_t *after = ledger_ask(&ledger, query);
        cr_assert(json_equal(before[i], after), "question %zu", i);
        json_decref(after);
        json_decref(before[i]);
    }
}

Test(driver_settle, answers_do_not_change_when_a_book_settles)
{
    send(L_A1, LEDGER_HALF, 0, 100); /* settled */
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 7); /* the largest goes */
    send(L_B1, LEDGER_HALF, 0, 30);
    send(L_SNV, LEDGER_HALF, 0, 3);
    struct th_query query = ledger_query(TH_QUERY_ROLLUP, LEDGER_HALF);
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_str_eq(ledger_at(answer, "counts/received"), "3");
    cr_expect_str_eq(ledger_at(answer, "indicators/A/value"), "40");
    json_decref(answer);
    expect_same_answers((th_instant){0}, false);
}

Test(driver_settle, answers_about_the_past_do_not_change_when_a_book_settles)
{
    send(L_A1, LEDGER_HALF, 0, 100);
    th_driver_press(ledger.driver, true);
    send(L_A2, LEDGER_HALF, 0, 50);
    th_instant then = ledger.now.wall;
    send(L_A1, LEDGER_HALF, 0, 7);
    send(L_A2, LEDGER_HALF, 0, 8);
    send(L_A2, LEDGER_HALF, 0, 9);
    expect_same_answers(then, true);
}

Test(driver_settle, a_standing_in_brief_counts_what_is_unsettled)
{
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 7);
    send(L_B1, LEDGER_HALF, 0, 30);
    struct th_query query = ledger_query(TH_QUERY_STANDING, LEDGER_HALF);
    query.is_brief = true;
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_str_eq(ledger_at(answer, "counts/received"), "2");
    json_decref(answer);
    query.unit = th_text_of(ledger_code(L_A1)); /* it has no rollup of its own, settled or not */
    answer = ledger_ask(&ledger, query);
    cr_expect_str_eq(ledger_at(answer, "counts/received"), "1");
    json_decref(answer);
    settle_all();
    answer = ledger_ask(&ledger, query);
    cr_expect_str_eq(ledger_at(answer, "counts/received"), "1");
    json_decref(answer);
}

Test(driver_settle, a_closing_counts_what_is_unsettled)
{
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 5);
    send(L_A1, LEDGER_HALF, 0, 6);
    ledger_restart(&ledger); /* the book is read from the run */
    th_driver_press(ledger.driver, true);
    ledger_tick_at(&ledger, ledger.half_due);
    send(L_B1, LEDGER_HALF, 0, 4); /* late */
    cr_assert_eq(unsettled(), 1);
    json_t *answer = ledger_ask(&ledger, ledger_query(TH_QUERY_CLOSINGS, LEDGER_HALF));
    char *text = json_dumps(answer, 0);
    cr_assert_not_null(strstr(text, "\"received\": 1"));
    free(text);
    json_decref(answer);
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

/* ---- books that wait for reports ---- */

static bool is_open(enum ledger_obligation obligation)
{
    const struct th_book_id book = {0, (uint16_t)obligation};
    return th_core_book_is_open(th_driver_core(ledger.driver), book);
}

Test(driver_settle, books_are_opened_one_by_one_and_who_was_closed_comes_last)
{
    send(L_A1, LEDGER_HALF, 0, 5);
    send(L_A1, LEDGER_YEAR, 0, 7);
    ledger_tick_at(&ledger, ledger.half_due);
    ledger_restart(&ledger);
    cr_assert(!is_open(LEDGER_YEAR));
    bool more = true;
    for (int calls = 1; calls < LEDGER_OBLIGATIONS; calls++) {
        cr_assert_eq(th_driver_warm(ledger.driver, &more), 0);
        cr_assert(more && !is_open(LEDGER_HALF));
    }
    while (more) /* the last one, then memory */
        cr_assert_eq(th_driver_warm(ledger.driver, &more), 0);
    for (int i = 0; i < LEDGER_OBLIGATIONS; i++)
        cr_expect(is_open((enum ledger_obligation)i));
    send(L_A1, LEDGER_YEAR, 0, 8); /* the second revision: what was there was read */
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

Test(driver_settle, with_enough_books_open_no_other_is_opened)
{
    ledger.bounds.warm_books = 2;
    ledger_restart(&ledger);
    for (bool more = true; more;)
        cr_assert_eq(th_driver_warm(ledger.driver, &more), 0);
    cr_assert_eq(is_open(0) + is_open(1) + is_open(2) + is_open(3) + is_open(4) + is_open(5), 2);
}

/* ---- what settles when ---- */

static const struct th_unsettled *find(enum ledger_obligation obligation)
{
    static struct th_unsettled found;
    for (size_t i = 0; i < unsettled(); i++) {
        found = th_store_unsettled(ledger.store, i);
        if (found.book.obligation == obligation)
            return &found;
    }
    return NULL;
}

Test(driver_settle, without_pressure_few_rows_settle_at_once)
{
    send(L_A1, LEDGER_HALF, 0, 5);
    cr_assert_eq(unsettled(), 0);
    th_driver_press(ledger.driver, true);
    send(L_A2, LEDGER_HALF, 0, 5);
    cr_assert_eq(unsettled(), 1);
    th_driver_press(ledger.driver, false);
    send(L_A3, LEDGER_YEAR, 0, 5);
    cr_assert_eq(unsettled(), 0);
}

Test(driver_settle, one_commit_settles_a_bounded_part)
{
    bool more = false;
    ledger.bounds.commit_rows = 1; /* one book */
    ledger_restart(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_YEAR, 0, 1);
    send(L_A1, LEDGER_HALF, 0, 1);
    send(L_A1, LEDGER_UNDATED, 0, 1);
    uint64_t size = ledger_size(&ledger);
    cr_assert_eq(th_driver_settle(ledger.driver, ledger.now, &more), 0);
    cr_assert(more);
    cr_assert_null(find(LEDGER_YEAR), "the oldest first");
    cr_assert_eq(unsettled(), 2);
    settle_all();
    cr_assert_eq(unsettled(), 0);
    uint64_t commits = th_driver_counters(ledger.driver)->commits;
    cr_assert_eq(th_driver_settle(ledger.driver, ledger.now, &more), 0);
    cr_assert_not(more);
    cr_assert_eq(th_driver_counters(ledger.driver)->commits, commits);
    cr_assert_eq(ledger_size(&ledger), size, "no entry, no checkpoint");
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

static unsigned published;
static char topic_last[100];

static void publish(void *context, struct th_text topic, struct th_bytes body)
{
    (void)context, (void)body;
    (void)snprintf(topic_last, sizeof topic_last, "%.*s", (int)topic.size, topic.bytes);
    published++;
}

Test(driver_settle, rollups_are_published_when_their_book_settles)
{
    ledger.publisher = (struct th_publisher_port){.publish = publish};
    ledger_restart(&ledger);
    published = 0;
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 1);
    cr_assert_eq(published, 0);
    settle_all();
    cr_assert_gt(published, 0);
    cr_assert_eq(strncmp(topic_last, "rollup/p-2025/HALF/", 19), 0, "%s", topic_last);
}

static char noted[100];
static uint64_t reached, reached_before_note;

static void note(void *context, struct th_text topic)
{
    (void)context;
    (void)snprintf(noted, sizeof noted, "%.*s", (int)topic.size, topic.bytes);
    reached_before_note = reached;
}

static void reach(void *context, uint64_t size, th_instant time)
{
    (void)context, (void)time;
    reached = size;
}

/* Also in a burst, when its rollups are published later. */
Test(driver_settle, a_report_is_noted_with_its_commit_and_then_the_position)
{
    ledger.publisher = (struct th_publisher_port){.publish = publish, .note = note, .reach = reach};
    ledger_restart(&ledger);
    uint64_t before = reached = ledger_size(&ledger);
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 1);
    cr_assert_str_eq(noted, "standing/p-2025/HALF/a1");
    cr_assert_eq(reached_before_note, before);
    cr_assert_eq(reached, ledger_size(&ledger));
    cr_assert_gt(reached, before);
}

Test(driver_settle, a_book_that_settles_after_a_restart_has_all_its_rollups)
{
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 9);
    send(L_SNV, LEDGER_HALF, 0, 9);
    ledger_restart(&ledger);
    cr_assert_eq(unsettled(), 1);
    cr_assert(holds(ledger.folder), "%s", audit_out);
    settle_all();
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

static void add_unit(const char *code, const char *parent)
{
    const struct th_unit unit = {.code = code,
                                 .name = code,
                                 .parent_code = parent,
                                 .external_id = "",
                                 .kind = TH_UNIT_KIND_COMMUNE,
                                 .valid_from = {INT32_MIN},
                                 .valid_to = {INT32_MAX}};
    struct th_act act = {.kind = TH_ACT_LOAD_UNITS};
    cr_assert_eq(th_wire_units_encode(&unit, 1, &ledger.arena, &act.content), 0);
    ledger_pass(&ledger, 1000);
    cr_assert_eq(ledger_act(&ledger, act), 0);
}

/* New units change what is expected of every book, of those that are unsettled as well. */
Test(driver_settle, new_units_reach_the_books_that_are_unsettled)
{
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 9);
    send(L_B1, LEDGER_YEAR, 0, 9);
    add_unit("c1", "622");
    cr_assert_eq(unsettled(), 2);
    cr_assert(holds(ledger.folder), "%s", audit_out);
    send(L_A1, LEDGER_HALF, 0, 2);
    ledger_restart(&ledger); /* what the units changed of its rollups was never written */
    th_driver_press(ledger.driver, true);
    add_unit("c2", "a1"); /* a unit gets a rollup of its own */
    cr_assert_eq(unsettled(), 2);
    cr_assert(holds(ledger.folder), "%s", audit_out);
    send(L_A1, LEDGER_HALF, 0, 3);
    settle_all();
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

/* ---- a store that takes nothing ---- */

static int refuse(void *context)
{
    (void)context;
    return TH_E_STORAGE;
}

Test(driver_settle, with_a_full_store_the_run_waits_and_is_read)
{
    struct th_driver *driver = NULL;
    struct th_driver_ports ports = {.transport = th_transport_none,
                                    .publisher = th_publisher_none,
                                    .admission = th_admission_none};
    const struct th_driver_options options = {0};
    bool more = true;
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 9);
    ports.store = ledger.port;
    ports.store.begin = refuse;
    cr_assert_eq(th_driver_new(&ports, &ledger.signer, &options, &driver), 0);
    cr_assert_eq(th_driver_load(driver), 0);
    cr_assert_eq(th_driver_settle(driver, ledger.now, &more), 0);
    cr_assert_not(more);
    th_driver_free(driver);
    cr_assert_eq(unsettled(), 1);
    cr_assert(holds(ledger.folder), "%s", audit_out);
}

static void forge(struct th_book_id book)
{
    const struct th_row row = {.unit = 0, .revision = 1, .timeliness = TH_TIMELINESS_ON_TIME};
    cr_assert_eq(th_store_begin(ledger.store), 0);
    cr_assert_eq(th_store_put_row(ledger.store, book, &row), 0);
    th_store_defer(ledger.store);
    cr_assert_eq(th_store_commit(ledger.store, &ledger.signer), 0);
    ledger_restart(&ledger);
}

/* Nothing that is stored makes the process abort. */
Test(driver_settle, a_run_of_a_book_that_does_not_exist_is_corrupt)
{
    bool more;
    forge((struct th_book_id){0, LEDGER_OBLIGATIONS});
    cr_assert_eq(unsettled(), 1);
    cr_assert_eq(th_driver_settle(ledger.driver, ledger.now, &more), TH_E_CORRUPT);
}

Test(driver_settle, a_run_of_a_plan_that_does_not_exist_is_corrupt)
{
    bool more;
    forge((struct th_book_id){1, 0});
    cr_assert_eq(unsettled(), 1);
    cr_assert_eq(th_driver_settle(ledger.driver, ledger.now, &more), TH_E_CORRUPT);
}

/* ---- killed ---- */

/* The parent does not know what the child did last: the store does. */
static void learn_revisions(void)
{
    struct th_view *view;
    struct th_row row;
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    for (uint32_t unit = 0; unit < LEDGER_UNITS; unit++)
        for (uint16_t i = 0; i < LEDGER_OBLIGATIONS; i++)
            for (uint32_t number = 0; number < 3; number++)
                if (th_view_row(view, (struct th_book_id){0, i}, unit, number, &row) == 0)
                    revisions[unit][i][number] = row.revision;
    th_view_close(view);
}

static _Noreturn void burst(struct random random, int pipe_fd)
{
    bool more;
    ledger_restart(&ledger);
    for (;;) {
        send_any(&random);
        uint64_t said = th_store_next_position(ledger.store);
        if (write(pipe_fd, &said, sizeof said) != sizeof said)
            _exit(4);
        if (random_below(&random, 8) == 0 &&
            th_driver_settle(ledger.driver, ledger.now, &more) != 0)
            _exit(5);
    }
}

/* Gives the size that the child said last. */
static uint64_t kill_a_burst(struct random *random)
{
    int ends[2], result;
    uint64_t said = 0, size;
    ledger_release(&ledger);
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        burst(*random, ends[1]);
    }
    (void)close(ends[1]);
    cr_assert_eq(read(ends[0], &said, sizeof said), sizeof said);
    (void)usleep(1000 + random_below(random, 40000));
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, &result, 0), child);
    cr_assert(WIFSIGNALED(result), "the child ended by itself: %d", WEXITSTATUS(result));
    while (read(ends[0], &size, sizeof size) == sizeof size)
        said = size;
    (void)close(ends[0]);
    return said;
}

Test(driver_settle, a_burst_that_is_killed_is_read_and_goes_on)
{
    struct random random = {7};
    unsigned with_run = 0;
    for (unsigned round = 0; round < 15; round++) {
        draw_bounds(&random);
        ledger_pass(&ledger, 100000); /* the child's clock ran on */
        uint64_t said = kill_a_burst(&random);
        cr_assert(holds(ledger.folder), "round %u: %s", round, audit_out);
        ledger_restart(&ledger);
        cr_assert_geq(ledger_size(&ledger), said);
        with_run += unsettled() > 0;
        learn_revisions();
        ledger.now.wall.ms = ledger_time(&ledger).ms;
        if (round % 2 == 0)
            settle_all();
        cr_assert(holds(ledger.folder), "round %u: %s", round, audit_out);
        random_next(&random);
    }
    cr_assert_gt(with_run, 3);
}

/* ---- copies ---- */

Test(driver_settle, a_copy_of_a_store_with_a_run_is_as_good_as_its_original)
{
    char target[TH_TEST_FOLDER_SIZE + 16], problem[TH_STORE_PROBLEM_SIZE];
    struct th_backup_result result;
    th_driver_press(ledger.driver, true);
    send(L_A1, LEDGER_HALF, 0, 9);
    send(L_A1, LEDGER_HALF, 0, 8);
    (void)snprintf(target, sizeof target, "%s/copy", ledger.folder);
    ledger_release(&ledger);
    cr_assert_eq(th_store_backup(ledger.folder, target, NULL, 0, NULL, NULL, problem, &result), 0,
                 "%s", problem);
    cr_assert(holds(target), "%s", audit_out);
    th_test_folder_remove(target);
}

static struct th_recovery_case made;

Test(driver_settle, a_recovery_from_a_copy_with_a_run_settles_it, .init = NULL, .fini = NULL)
{
    bool more = true, agrees = false;
    struct th_view *view;
    th_recovery_case_make(&made);
    th_driver_press(made.driver, true);
    (void)th_recovery_case_submit(&made, (struct th_paper){.revision = 1});
    cr_assert_eq(th_store_unsettled_count(made.store), 1);
    th_recovery_case_keep_copy(&made);
    (void)th_recovery_case_submit(&made, (struct th_paper){.revision = 2});
    th_recovery_case_go_back(&made);
    const struct th_row row = th_recovery_case_row(&made);
    cr_assert_eq(row.revision, 1);
    while (more)
        cr_assert_eq(th_driver_settle(made.driver, th_recovery_case_may_day, &more), 0);
    cr_assert_eq(th_store_unsettled_count(made.store), 0);
    cr_assert_eq(th_view_open(made.store, &view), 0);
    cr_assert_eq(th_past_recount(view, th_recovery_case_book(&made), &agrees), 0);
    cr_assert(agrees);
    th_view_close(view);
    th_recovery_case_remove(&made);
}
