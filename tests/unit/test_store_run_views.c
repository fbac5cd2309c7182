/* SPDX-License-Identifier: Apache-2.0 */
/* A view that is renewed sees the run as it is, in a process that outlives the writer. */
#include "aggregator/store/internal.h"
#include "tests/support/run_case.h"

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(store_run_views, .init = run_case_init, .fini = run_case_deinit, .timeout = 100);

/* Another process with one view, which is renewed whenever it is asked. */
struct follower {
    pid_t pid;
    int questions, answers;
};

_Noreturn static void follow(int questions, int answers)
{
    struct th_store *other;
    struct th_view *view = NULL;
    struct run_model model;
    (void)close(run_case.store->owner_fd); /* or the writer could not open it again */
    if (th_store_open(run_case.fixture.folder, TH_STORE_READ, NULL, NULL, &other) != 0 ||
        write(answers, &(bool){true}, sizeof(bool)) != sizeof(bool))
        _exit(2);
    while (read(questions, &model, sizeof model) == (ssize_t)sizeof model) {
        int status = view == NULL ? th_view_open(other, &view) : th_view_renew(view);
        bool right = status == 0 && run_case_is_seen_by(view, &model);
        /* Nothing is committed while the other one waits: what the view knows still holds. */
        right = right && th_view_renew(view) == 0 && run_case_is_seen_by(view, &model);
        if (write(answers, &right, sizeof right) != (ssize_t)sizeof right)
            break;
    }
    _exit(0);
}

static struct follower follower_start(void)
{
    struct follower follower;
    int to[2], from[2];
    bool is_there;
    cr_assert_eq(pipe(to), 0);
    cr_assert_eq(pipe(from), 0);
    follower.pid = fork();
    if (follower.pid == 0) {
        (void)close(to[1]);
        (void)close(from[0]);
        follow(to[0], from[1]);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    follower.questions = to[1];
    follower.answers = from[0];
    cr_assert_eq(read(follower.answers, &is_there, sizeof is_there), sizeof is_there);
    return follower;
}

static bool follower_is_right(const struct follower *follower, const struct run_model *model)
{
    bool right = false;
    cr_assert_eq(write(follower->questions, model, sizeof *model), sizeof *model);
    cr_assert_eq(read(follower->answers, &right, sizeof right), sizeof right);
    return right;
}

static void follower_stop(const struct follower *follower)
{
    int result = 0;
    (void)close(follower->questions);
    (void)close(follower->answers);
    cr_assert_eq(waitpid(follower->pid, &result, 0), follower->pid);
    cr_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

static void settle_all_and_reopen(void)
{
    for (uint32_t book = 0; book < RUN_BOOKS; book++)
        run_case_settle(book);
    cr_assert_eq(th_store_unsettled_count(run_case.store), 0);
    run_case_reopen();
}

/* The run's values are numbered anew by a writer that finds none: as many of the same sizes, or
 * fewer, are not those that the view knows. */
Test(store_run_views, a_view_that_outlives_a_run_is_not_taken_in_by_the_next_one)
{
    struct follower follower = follower_start();
    for (uint32_t unit = 0; unit < 3; unit++)
        run_case_defer(0, unit, 0);
    cr_assert(follower_is_right(&follower, &run_case.known));
    settle_all_and_reopen();
    for (uint32_t unit = 0; unit < 3; unit++)
        run_case_defer(1, unit, 0);
    cr_assert(follower_is_right(&follower, &run_case.known), "as many");
    settle_all_and_reopen();
    run_case_defer(2, 0, 0);
    cr_assert(follower_is_right(&follower, &run_case.known), "fewer");
    follower_stop(&follower);
}

/* Also over starts of the writer, and when many batches have passed. */
Test(store_run_views, a_view_that_is_renewed_sees_what_was_committed)
{
    for (uint64_t seed = 101; seed <= 112; seed++) {
        struct random random = {seed};
        struct follower follower = follower_start();
        uint32_t pause = 1 + random_below(&random, 9);
        for (unsigned batch = 0; batch < 120; batch++) {
            run_case_batch(&random);
            if (random_below(&random, pause) == 0)
                cr_assert(follower_is_right(&follower, &run_case.known), "seed %d batch %u",
                          (int)seed, batch);
            if (random_below(&random, 12) == 0)
                run_case_reopen();
        }
        for (uint32_t book = 0; book < RUN_BOOKS; book++)
            run_case_settle(book);
        cr_assert(follower_is_right(&follower, &run_case.known));
        follower_stop(&follower);
    }
}
