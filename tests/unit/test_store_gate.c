/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/gate.h"

#include <criterion/criterion.h>

#define GIB (UINT64_C(1) << 30)

/* A disk of 100 GiB with a lot free, a map of 64 GiB that is a tenth full. */
static struct th_gate_levels roomy(void)
{
    return (struct th_gate_levels){64 * GIB, 6 * GIB, 7 * GIB, 100 * GIB, 50 * GIB};
}

Test(store_gate, a_roomy_store_is_open)
{
    struct th_gate gate = {false, false};
    struct th_gate_levels levels = roomy();
    cr_assert(th_gate_step(&gate, &levels));
}

Test(store_gate, the_map_closes_above_85_percent_and_opens_at_80)
{
    struct th_gate gate = {false, false};
    struct th_gate_levels levels = roomy();
    levels.map_bytes = 1000;
    levels.file_bytes = 1000;
    levels.used_bytes = 850;
    cr_assert(th_gate_step(&gate, &levels));
    levels.used_bytes = 851;
    cr_assert_not(th_gate_step(&gate, &levels));
    levels.used_bytes = 801;
    cr_assert_not(th_gate_step(&gate, &levels));
    levels.used_bytes = 800;
    cr_assert(th_gate_step(&gate, &levels));
    levels.used_bytes = 850;
    cr_assert(th_gate_step(&gate, &levels));
}

Test(store_gate, a_large_disk_closes_below_5_percent)
{
    struct th_gate gate = {false, false};
    struct th_gate_levels levels = roomy();
    levels.disk_free_bytes = 5 * GIB;
    cr_assert(th_gate_step(&gate, &levels));
    levels.disk_free_bytes = 5 * GIB - GIB / 2;
    cr_assert_not(th_gate_step(&gate, &levels));
    levels.disk_free_bytes = 5 * GIB + GIB / 2; /* less than an eighth more */
    cr_assert_not(th_gate_step(&gate, &levels));
    levels.disk_free_bytes = 6 * GIB;
    cr_assert(th_gate_step(&gate, &levels));
}

Test(store_gate, a_small_disk_closes_below_1_gib)
{
    struct th_gate gate = {false, false};
    struct th_gate_levels levels = roomy();
    levels.disk_bytes = 8 * GIB;
    levels.disk_free_bytes = GIB;
    cr_assert(th_gate_step(&gate, &levels));
    levels.disk_free_bytes = GIB - 1;
    cr_assert_not(th_gate_step(&gate, &levels));
}

Test(store_gate, a_small_map_asks_for_no_more_than_it_can_grow)
{
    struct th_gate gate = {false, false};
    struct th_gate_levels levels = {16 << 20, 1 << 20, 1 << 20, 8 * GIB, 15 << 20};
    cr_assert(th_gate_step(&gate, &levels));
    levels.disk_free_bytes--;
    cr_assert_not(th_gate_step(&gate, &levels));
}
