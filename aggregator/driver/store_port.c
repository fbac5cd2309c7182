/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/driver/ports.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct held {
    struct th_store *store;
    struct th_view *view;
    struct th_store_commits commits; /* under the lock */
    pthread_mutex_t lock;
};

static struct th_store *store_of(void *context)
{
    return ((struct held *)context)->store;
}

static struct th_view *view_of(void *context)
{
    return ((struct held *)context)->view;
}

static int begin(void *context)
{
    return th_store_begin(store_of(context));
}

static void abort_batch(void *context)
{
    th_store_abort(store_of(context));
}

static bool warm(void *context)
{
    return th_store_warm(store_of(context));
}

static uint64_t steady_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void count_commit(struct held *held, uint64_t us)
{
    static const uint64_t bounds_us[TH_STORE_COMMIT_BOUNDS] = {TH_STORE_COMMIT_BOUNDS_US};
    size_t i = 0;
    while (i < TH_STORE_COMMIT_BOUNDS && us > bounds_us[i])
        i++;
    (void)pthread_mutex_lock(&held->lock);
    held->commits.within[i]++;
    held->commits.count++;
    held->commits.us += us;
    (void)pthread_mutex_unlock(&held->lock);
}

static int seal(void *context, const struct th_note_signer *signer)
{
    return th_store_seal(store_of(context), signer);
}

/* The time is only counted: nothing is decided by it. */
static int commit(void *context, const struct th_store_logged *entries, size_t count)
{
    uint64_t since_us = steady_us();
    int status = th_store_commit_sealed(store_of(context), entries, count);
    if (status == 0)
        count_commit(context, steady_us() - since_us);
    return status;
}

struct th_store_commits th_store_port_commits(const struct th_store_port *port)
{
    struct held *held = port->context;
    (void)pthread_mutex_lock(&held->lock);
    const struct th_store_commits commits = held->commits;
    (void)pthread_mutex_unlock(&held->lock);
    return commits;
}

static uint64_t next_position(void *context)
{
    return th_store_next_position(store_of(context));
}

static uint64_t promise(void *context)
{
    return th_store_promise(store_of(context));
}

static int put_rollup(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                      const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    return th_store_put_rollup(store_of(context), book, unit, branch, layout, rollup);
}

static int put(void *context, const struct th_effect *effect)
{
    return th_store_put(store_of(context), effect);
}

static size_t unsettled_count(void *context)
{
    return th_store_unsettled_count(store_of(context));
}

static struct th_unsettled unsettled(void *context, size_t i)
{
    return th_store_unsettled(store_of(context), i);
}

static bool is_settled(void *context, struct th_book_id book)
{
    return th_store_is_settled(store_of(context), book);
}

static int settle(void *context, struct th_book_id book)
{
    return th_store_settle(store_of(context), book);
}

static void defer(void *context)
{
    th_store_defer(store_of(context));
}

static int renew(void *context)
{
    return th_view_renew(view_of(context));
}

static void rest(void *context)
{
    th_view_rest(view_of(context));
}

static uint64_t size(void *context)
{
    return th_view_size(view_of(context));
}

static int rows(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    return is_settled(context, book) ? th_view_settled_rows(view_of(context), book, fn, fn_context)
                                     : th_view_rows(view_of(context), book, fn, fn_context);
}

static int revisions(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                     th_revision_fn *fn, void *fn_context)
{
    return is_settled(context, book)
               ? th_view_settled_revisions(view_of(context), book, unit, number, fn, fn_context)
               : th_view_revisions(view_of(context), book, unit, number, fn, fn_context);
}

static int entry_at(void *context, uint64_t position, struct th_stored_entry *ret_entry)
{
    return th_view_entry(view_of(context), position, ret_entry);
}

static int units(void *context, struct th_arena *arena, th_unit_fn *fn, void *fn_context)
{
    return th_view_units(view_of(context), arena, fn, fn_context);
}

static int plans(void *context, th_plan_fn *fn, void *fn_context)
{
    return th_view_plans(view_of(context), fn, fn_context);
}

static int keys(void *context, th_key_fn *fn, void *fn_context)
{
    return th_view_keys(view_of(context), fn, fn_context);
}

static int marks(void *context, th_mark_fn *fn, void *fn_context)
{
    return th_view_marks(view_of(context), fn, fn_context);
}

static int clock_row(void *context, struct th_clock_row *ret_clock)
{
    return th_view_clock(view_of(context), ret_clock);
}

static int recovery(void *context, struct th_recovery_row *ret_recovery)
{
    return th_view_recovery(view_of(context), ret_recovery);
}

static int checkpoint(void *context, uint64_t size, uint64_t *ret_size, struct th_bytes *ret_note)
{
    return th_view_checkpoint(view_of(context), size, ret_size, ret_note);
}

static int distrust(void *context, uint64_t size, struct th_bytes note)
{
    return th_store_distrust(store_of(context), size, note);
}

static int receipt(void *context, uint64_t position, struct th_bytes leaf, struct th_arena *arena,
                   struct th_bytes *ret_text)
{
    return leaf.size > 0 ? th_view_receipt_of(view_of(context), position, leaf, arena, ret_text)
                         : th_view_receipt(view_of(context), position, arena, ret_text);
}

int th_store_port_open(struct th_store *store, struct th_store_port *ret_port)
{
    struct held *held = calloc(1, sizeof *held);
    if (held == NULL)
        return TH_E_NO_MEMORY;
    held->store = store;
    int status = pthread_mutex_init(&held->lock, NULL) == 0 ? 0 : TH_E_NO_MEMORY;
    if (status == 0) {
        status = th_view_open(store, &held->view);
        if (status < 0)
            (void)pthread_mutex_destroy(&held->lock);
    }
    if (status < 0) {
        free(held);
        return status;
    }
    th_view_join_commits(held->view);
    th_view_rest(held->view);
    *ret_port = (struct th_store_port){
        .context = held,
        .identity = th_store_identity(store),
        .log_keys = th_store_log_keys(store),
        .begin = begin,
        .abort = abort_batch,
        .warm = warm,
        .seal = seal,
        .commit = commit,
        .next_position = next_position,
        .promise = promise,
        .put_rollup = put_rollup,
        .put = put,
        .unsettled_count = unsettled_count,
        .unsettled = unsettled,
        .is_settled = is_settled,
        .settle = settle,
        .defer = defer,
        .renew = renew,
        .rest = rest,
        .size = size,
        .rows = rows,
        .revisions = revisions,
        .entry = entry_at,
        .units = units,
        .plans = plans,
        .keys = keys,
        .marks = marks,
        .clock = clock_row,
        .recovery = recovery,
        .checkpoint = checkpoint,
        .distrust = distrust,
        .receipt = receipt,
    };
    return 0;
}

void th_store_port_close(struct th_store_port *port)
{
    struct held *held = port->context;
    if (held != NULL) {
        th_view_close(held->view);
        (void)pthread_mutex_destroy(&held->lock);
        free(held);
    }
    *port = (struct th_store_port){0};
}
