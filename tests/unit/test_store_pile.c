/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/pile.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ADDED = 3000, SIZE_MAX_ADDED = 20000 };

static const uint8_t *copies[ADDED];
static size_t sizes[ADDED];

static void add(struct th_pile *pile, struct th_pile_pool *pool, size_t i, size_t size)
{
    static uint8_t bytes[SIZE_MAX_ADDED];
    memset(bytes, (int)(i % 251), size);
    sizes[i] = size;
    copies[i] = th_pile_add(pile, pool, (struct th_bytes){bytes, size});
    cr_assert_not_null(copies[i]);
}

static bool is_whole(size_t i)
{
    for (size_t at = 0; at < sizes[i]; at++)
        if (copies[i][at] != i % 251)
            return false;
    return true;
}

static size_t random_size(struct random *random)
{
    return random_below(random, 50) == 0 ? random_below(random, SIZE_MAX_ADDED)
                                         : random_below(random, 300);
}

Test(store_pile, what_was_added_stays_where_it_is_until_it_is_taken_away)
{
    struct random random = {5};
    struct th_pile_pool pool = {.spare = NULL};
    struct th_pile pile = {.last = NULL}, mark = pile;
    size_t count = 0, marked = 0, total = 0, total_marked = 0;
    while (count < ADDED - 1) {
        size_t size = random_size(&random);
        add(&pile, &pool, count++, size);
        total += size;
        cr_assert_eq(pile.size, total);
        if (random_below(&random, 20) == 0) {
            mark = pile;
            marked = count;
            total_marked = total;
        }
        if (random_below(&random, 40) == 0) {
            th_pile_cut(&pile, &pool, &mark);
            count = marked;
            total = total_marked;
            for (size_t i = 0; i < count; i++)
                cr_assert(is_whole(i));
        }
        if (random_below(&random, 700) == 0) {
            th_pile_clear(&pile, &pool);
            count = marked = total = total_marked = 0;
            mark = pile;
            if (random_below(&random, 3) == 0)
                break;
        }
    }
    th_pile_clear(&pile, &pool);
    cr_assert_eq(pile.size, 0);
    th_pile_pool_deinit(&pool);
}

Test(store_pile, blocks_that_one_gives_back_serve_another)
{
    struct th_pile_pool pool = {.spare = NULL};
    struct th_pile one = {.last = NULL}, other = {.last = NULL};
    for (size_t i = 0; i < 100; i++)
        add(&one, &pool, i, 1000);
    add(&one, &pool, 100, SIZE_MAX_ADDED); /* of a size that nobody else needs */
    cr_assert_eq(pool.spare_count, 0);
    th_pile_clear(&one, &pool);
    size_t spare = pool.spare_count;
    cr_assert_gt(spare, 10);
    for (size_t i = 0; i < 100; i++)
        add(&other, &pool, i, 1000);
    cr_assert_eq(pool.spare_count, spare - 13, "8 of them fit into a block");
    th_pile_clear(&other, &pool);
    cr_assert_eq(pool.spare_count, spare);
    th_pile_pool_deinit(&pool);
}

Test(store_pile, nothing_is_a_place_too)
{
    struct th_pile_pool pool = {.spare = NULL};
    struct th_pile pile = {.last = NULL};
    add(&pile, &pool, 0, 0);
    add(&pile, &pool, 1, 5);
    cr_assert(is_whole(1));
    th_pile_clear(&pile, &pool);
    th_pile_pool_deinit(&pool);
}
