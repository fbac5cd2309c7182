/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch that is sealed and not committed: the next one goes on from it, and what is committed is
 * the sealed one alone.
 */
#include "aggregator/store/internal.h"
#include "tests/support/failing_disk.h"
#include "tests/support/run_case.h"

#include <criterion/criterion.h>
#include <string.h>

static void set_up(void)
{
    th_disk_is_failing = false;
    run_case_init();
}

TestSuite(store_seal, .init = set_up, .fini = run_case_deinit, .timeout = 100);

static struct th_store *store(void)
{
    return run_case.store;
}

static void begin(unsigned entries)
{
    cr_assert_eq(th_store_begin(store()), 0);
    cr_assert_eq(store_fixture_append(store(), entries), 0);
}

static void seal(void)
{
    th_store_defer(store());
    cr_assert_eq(th_store_seal(store(), &run_case.fixture.signer), 0);
}

/* As readers see it: so many entries, whole, with their checkpoint. */
static bool is_committed(uint64_t size)
{
    struct th_view *view;
    struct th_bytes note;
    uint64_t signed_size = 0;
    cr_assert_eq(th_view_open(store(), &view), 0);
    bool right = th_view_size(view) == size;
    for (uint64_t i = 0; i < size && right; i++)
        right = store_fixture_is_right(view, i);
    if (size > 0)
        right = right && th_view_checkpoint(view, size, &signed_size, &note) == 0 &&
                signed_size == size;
    th_view_close(view);
    return right;
}

static bool is_seen(const struct run_model *model)
{
    struct th_view *view;
    cr_assert_eq(th_view_open(store(), &view), 0);
    bool right = run_case_is_seen_by(view, model);
    th_view_close(view);
    return right;
}

/* ---- the log ---- */

Test(store_seal, the_next_batch_is_made_while_one_is_sealed)
{
    begin(3);
    seal();
    cr_assert(is_committed(0));
    cr_assert_eq(th_store_next_position(store()), 3);
    begin(2);
    cr_assert_eq(th_store_next_position(store()), 5);
    cr_assert(is_committed(0));
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(3));
    cr_assert_eq(th_store_next_position(store()), 5);
    cr_assert_eq(store_fixture_append(store(), 1), 0);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(6));
}

Test(store_seal, many_batches_overlap_and_each_has_its_checkpoint)
{
    struct th_view *view;
    struct th_bytes note;
    uint64_t size;
    begin(1);
    seal();
    for (unsigned i = 1; i < 60; i++) {
        begin(i % 40 + 1);
        cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
        seal();
    }
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    uint64_t end = th_store_next_position(store());
    cr_assert(is_committed(end));
    cr_assert_eq(th_view_open(store(), &view), 0);
    cr_assert_eq(th_view_checkpoint(view, 1, &size, &note), 0);
    cr_assert_eq(size, 1);
    cr_assert_eq(th_view_checkpoint(view, 2, &size, &note), 0);
    cr_assert_eq(size, 3, "of the second batch");
    th_view_close(view);
    run_case_reopen();
    cr_assert(is_committed(end));
}

Test(store_seal, giving_up_the_open_batch_leaves_the_sealed_one)
{
    begin(3);
    seal();
    begin(300);
    th_store_abort(store());
    cr_assert_eq(th_store_next_position(store()), 3);
    begin(4);
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(3));
    seal();
    begin(5);
    th_store_abort(store());
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(7));
    run_case_reopen();
    cr_assert_eq(th_store_next_position(store()), 7);
}

Test(store_seal, a_batch_that_cannot_be_sealed_is_given_up)
{
    struct th_note_signer other = store_fixture_signer("tonghop.test/gia-lai", 99);
    begin(3);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    begin(2);
    cr_assert_eq(th_store_seal(store(), &other), TH_E_CONFIG);
    cr_assert_eq(th_store_next_position(store()), 3);
    begin(2);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(5));
    th_tlog_signer_deinit(&other);
}

Test(store_seal, what_is_sealed_and_not_committed_is_not_there_when_it_is_opened_again)
{
    begin(3);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    begin(2);
    seal();
    begin(1);
    th_store_abort(store());
    run_case_reopen();
    cr_assert_eq(th_store_next_position(store()), 3);
    cr_assert(is_committed(3));
    begin(2);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(5));
}

/* ---- failures ---- */

Test(store_seal, after_a_commit_that_failed_no_batch_begins)
{
    begin(3);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    begin(2);
    seal();
    begin(1); /* made before anybody knows */
    th_disk_is_failing = true;
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), TH_E_STORAGE);
    th_disk_is_failing = false;
    th_store_abort(store());
    cr_assert_eq(th_store_begin(store()), TH_E_STORAGE);
    cr_assert(is_committed(3));
    run_case_reopen();
    uint64_t size = th_store_next_position(store());
    cr_assert(size == 3 || size == 5, "a batch is there as a whole or not at all");
    cr_assert(is_committed(size));
    begin(2);
    seal();
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    cr_assert(is_committed(size + 2));
}

/* ---- rows ---- */

static void commit_sealed(const struct run_model *model)
{
    cr_assert_eq(th_store_commit_sealed(store(), NULL, 0), 0);
    run_case.known = *model;
}

Test(store_seal, a_batch_corrects_and_settles_the_rows_of_the_sealed_one)
{
    struct run_model first = run_case.known;
    cr_assert_eq(th_store_begin(store()), 0);
    run_case_put(&first, 0, 1, 0);
    run_case_put(&first, 1, 2, 0);
    seal();
    cr_assert_eq(th_store_unsettled_count(store()), 2, "counted before it is committed");
    struct run_model second = first;
    cr_assert_eq(th_store_begin(store()), 0);
    run_case_put(&second, 0, 1, 0);
    cr_assert_eq(th_store_settle(store(), run_case_book(0)), 0);
    cr_assert(is_seen(&run_case.known));
    commit_sealed(&first);
    cr_assert(is_seen(&first));
    seal();
    cr_assert(is_seen(&first), "its rows are in the run as long as the settling is not there");
    commit_sealed(&second);
    cr_assert(is_seen(&second));
    cr_assert_eq(th_store_unsettled_count(store()), 1);
    run_case_reopen();
    cr_assert(is_seen(&second));
    cr_assert_eq(th_store_unsettled_count(store()), 1);
}

Test(store_seal, a_settling_that_is_given_up_beside_a_sealed_batch_changes_nothing)
{
    struct run_model first = run_case.known;
    cr_assert_eq(th_store_begin(store()), 0);
    run_case_put(&first, 0, 1, 0);
    seal();
    struct run_model lost = first;
    cr_assert_eq(th_store_begin(store()), 0);
    run_case_put(&lost, 0, 1, 0);
    cr_assert_eq(th_store_settle(store(), run_case_book(0)), 0);
    th_store_defer(store());
    th_store_abort(store());
    cr_assert_eq(th_store_unsettled_count(store()), 1);
    commit_sealed(&first);
    cr_assert(is_seen(&first));
    run_case_settle(0);
    cr_assert(is_seen(&first));
    run_case_reopen();
    cr_assert(is_seen(&first));
}

/* What one step of a history made, sealed or not. */
struct making {
    struct run_model model; /* with the open batch */
    struct run_model sealed;
    bool is_sealed;
};

static void end_sealed(struct making *making)
{
    if (making->is_sealed)
        commit_sealed(&making->sealed);
    making->is_sealed = false;
}

static void make_batch(struct random *random, struct making *making)
{
    struct run_model before = making->model;
    cr_assert_eq(th_store_begin(store()), 0);
    for (uint32_t i = random_below(random, 12); i > 0; i--) {
        run_case_put(&making->model, random_below(random, RUN_BOOKS),
                     random_below(random, RUN_UNITS), random_below(random, RUN_NUMBERS));
        if (random_below(random, 10) == 0)
            end_sealed(making); /* in the middle of it */
    }
    for (uint32_t book = 0; book < RUN_BOOKS; book++)
        if (random_below(random, 5) == 0)
            cr_assert_eq(th_store_settle(store(), run_case_book(book)), 0);
    if (random_below(random, 4) > 0)
        th_store_defer(store());
    if (random_below(random, 5) == 0) {
        th_store_abort(store());
        making->model = before;
        return;
    }
    end_sealed(making);
    cr_assert_eq(th_store_seal(store(), &run_case.fixture.signer), 0);
    making->sealed = making->model;
    making->is_sealed = true;
}

Test(store_seal, after_every_commit_of_overlapping_batches_readers_see_it_alone)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct random random = {seed};
        struct making making = {.model = run_case.known};
        for (unsigned batch = 0; batch < 60; batch++) {
            make_batch(&random, &making);
            cr_assert(is_seen(&run_case.known), "seed %d batch %u", (int)seed, batch);
            if (random_below(&random, 12) == 0) { /* what is sealed is lost */
                run_case_reopen();
                making = (struct making){.model = run_case.known};
                cr_assert(is_seen(&run_case.known), "seed %d batch %u", (int)seed, batch);
            }
        }
        end_sealed(&making);
        for (uint32_t book = 0; book < RUN_BOOKS; book++)
            run_case_settle(book);
        cr_assert_eq(th_store_unsettled_count(store()), 0);
        cr_assert(is_seen(&run_case.known));
    }
}
