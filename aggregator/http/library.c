/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/library.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct th_http_context {
    atomic_uint holders;
    struct th_query_context context;
    uint64_t size; /* it knows all units and plans of so many entries; under the lock */
};

struct th_http_library {
    pthread_mutex_t lock;
    struct th_http_context *current; /* held; NULL: none yet */
};

int th_http_library_new(struct th_http_library **ret_library)
{
    struct th_http_library *library = calloc(1, sizeof *library);
    if (library == NULL)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&library->lock, NULL) != 0) {
        free(library);
        return TH_E_NO_MEMORY;
    }
    *ret_library = library;
    return 0;
}

void th_http_library_drop(struct th_http_context *context)
{
    if (context == NULL ||
        atomic_fetch_sub_explicit(&context->holders, 1, memory_order_acq_rel) != 1)
        return;
    th_query_context_close(&context->context);
    free(context);
}

void th_http_library_free(struct th_http_library *library)
{
    if (library == NULL)
        return;
    th_http_library_drop(library->current);
    (void)pthread_mutex_destroy(&library->lock);
    free(library);
}

/* With the lock: replaces the current one. */
static int renew(struct th_http_library *library, struct th_view *view)
{
    struct th_http_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return TH_E_NO_MEMORY;
    int status = th_query_context_open(view, &made->context);
    if (status < 0) {
        free(made);
        return status;
    }
    atomic_init(&made->holders, 1);
    made->size = th_view_size(view);
    th_http_library_drop(library->current);
    library->current = made;
    return 0;
}

/* With the lock. One that knows more than the view is as good: questions name their moment. */
static int bring_up_to_date(struct th_http_library *library, struct th_view *view)
{
    struct th_http_context *current = library->current;
    bool is_current = false;
    if (current == NULL)
        return renew(library, view);
    if (current->size >= th_view_size(view))
        return 0;
    int status = th_query_context_is_current(&current->context, view, &is_current);
    if (status < 0)
        return status;
    if (!is_current)
        return renew(library, view);
    current->size = th_view_size(view);
    return 0;
}

int th_http_library_hold(struct th_http_library *library, struct th_view *view,
                         struct th_http_context **ret_context)
{
    (void)pthread_mutex_lock(&library->lock);
    int status = bring_up_to_date(library, view);
    if (status == 0) {
        (void)atomic_fetch_add_explicit(&library->current->holders, 1, memory_order_relaxed);
        *ret_context = library->current;
    }
    (void)pthread_mutex_unlock(&library->lock);
    return status;
}

const struct th_query_context *th_http_context_get(const struct th_http_context *context)
{
    return &context->context;
}
