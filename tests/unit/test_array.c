/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

Test(array, it_begins_with_what_was_said_and_doubles)
{
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 100; i++) {
        int *larger = th_array_grow(items, (size_t)i, &capacity, 3, sizeof *items);
        cr_assert_not_null(larger);
        items = larger;
        items[i] = i;
    }
    cr_assert_eq(capacity, 192);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(items[i], i);
    free(items);
}

Test(array, with_room_it_stays_where_it_is)
{
    int item;
    size_t capacity = 2;
    cr_assert_eq(th_array_grow(&item, 1, &capacity, 3, sizeof item), &item);
    cr_assert_eq(capacity, 2);
}

Test(array, a_size_beyond_memory_is_refused_and_nothing_changes)
{
    int item;
    size_t capacity = SIZE_MAX / sizeof item;
    cr_assert_null(th_array_grow(&item, capacity, &capacity, 3, sizeof item));
    cr_assert_eq(capacity, SIZE_MAX / sizeof item);
}
