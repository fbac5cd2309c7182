/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks on purpose: if this passes, leaks in the other tests pass unseen. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(canary, a_leak_fails_the_run)
{
    volatile char *lost = malloc(64);
    cr_assert_not_null((const void *)lost);
    lost = NULL;
}
