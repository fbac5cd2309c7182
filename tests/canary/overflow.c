/* SPDX-License-Identifier: Apache-2.0 */
/* Overflows on purpose: if this passes, undefined behaviour in the other tests passes unseen. */
#include <criterion/criterion.h>
#include <limits.h>

Test(canary, a_signed_overflow_fails_the_run)
{
    volatile int largest = INT_MAX;
    volatile int sum = largest + 1;
    cr_assert_neq(sum, 0);
}
