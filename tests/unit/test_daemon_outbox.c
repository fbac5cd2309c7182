/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/outbox.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void count_wake(void *context)
{
    (*(unsigned *)context)++;
}

static bool put(struct th_outbox *outbox, const char *text)
{
    return th_outbox_put(outbox, TH_OUTGOING_UNIT, NULL, "a", (struct th_text){NULL, 0},
                         (struct th_bytes){(const uint8_t *)text, strlen(text)});
}

Test(outbox, things_come_out_in_order_and_wake_once)
{
    struct th_outbox *outbox = NULL;
    unsigned wakes = 0;
    cr_assert_eq(th_outbox_new(100000, count_wake, &wakes, &outbox), 0);
    cr_assert(put(outbox, "1"));
    cr_assert(put(outbox, "2"));
    cr_assert_eq(wakes, 1);
    struct th_outgoing *first = th_outbox_take(outbox);
    cr_assert_eq(first->bytes[0], '1');
    cr_assert_eq(first->next->bytes[0], '2');
    cr_assert_null(first->next->next);
    free(first->next);
    free(first);
    cr_assert_null(th_outbox_take(outbox));
    cr_assert(put(outbox, "3"));
    cr_assert_eq(wakes, 2);
    th_outbox_free(outbox);
}

static bool add(struct th_outbox *outbox)
{
    return th_outbox_add(outbox, TH_OUTGOING_UNIT, NULL, "a", (struct th_text){NULL, 0},
                         (struct th_bytes){(const uint8_t *)"1", 1});
}

static size_t take_all(struct th_outbox *outbox)
{
    size_t count = 0;
    for (struct th_outgoing *at = th_outbox_take(outbox); at != NULL; count++) {
        struct th_outgoing *next = at->next;
        free(at);
        at = next;
    }
    return count;
}

Test(outbox, what_is_added_wakes_when_many_wait)
{
    struct th_outbox *outbox = NULL;
    unsigned wakes = 0;
    cr_assert_eq(th_outbox_new(100000, count_wake, &wakes, &outbox), 0);
    cr_assert(add(outbox));
    cr_assert_eq(wakes, 0);
    cr_assert(put(outbox, "at once"), "whatever was added before");
    cr_assert_eq(wakes, 1);
    cr_assert_eq(take_all(outbox), 2);
    for (int i = 0; i < 200; i++)
        cr_assert(add(outbox));
    cr_assert_eq(wakes, 2);
    cr_assert_eq(take_all(outbox), 200);
    th_outbox_free(outbox);
}

static void *add_four(void *outbox)
{
    for (int i = 0; i < 4; i++)
        if (!add(outbox))
            return NULL;
    return outbox;
}

Test(outbox, who_adds_to_a_full_one_wakes_and_waits, .timeout = 10)
{
    struct th_outbox *outbox = NULL;
    unsigned wakes = 0;
    pthread_t thread;
    void *is_added = NULL;
    cr_assert_eq(th_outbox_new(1, count_wake, &wakes, &outbox), 0);
    cr_assert_eq(pthread_create(&thread, NULL, add_four, outbox), 0);
    size_t taken = 0;
    while (taken < 4) {
        usleep(1000);
        taken += take_all(outbox);
    }
    cr_assert_eq(pthread_join(thread, &is_added), 0);
    cr_assert_not_null(is_added);
    cr_assert_geq(wakes, 1);
    th_outbox_free(outbox);
}

static void *put_one(void *outbox)
{
    return put(outbox, "late") ? outbox : NULL;
}

Test(outbox, who_puts_into_a_full_one_waits_until_it_is_emptied, .timeout = 10)
{
    struct th_outbox *outbox = NULL;
    unsigned wakes = 0;
    pthread_t thread;
    void *is_put = NULL;
    cr_assert_eq(th_outbox_new(3, count_wake, &wakes, &outbox), 0);
    cr_assert(put(outbox, "four"));
    cr_assert_eq(pthread_create(&thread, NULL, put_one, outbox), 0);
    usleep(50000);
    struct th_outgoing *first = th_outbox_take(outbox);
    cr_assert_null(first->next);
    free(first);
    cr_assert_eq(pthread_join(thread, &is_put), 0);
    cr_assert_not_null(is_put);
    th_outbox_free(outbox);
}
