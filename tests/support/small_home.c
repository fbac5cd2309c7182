/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodes/home/home.h without files, for tests of commands: the folder "nut" is a node of
 * small_commune that knows small_plan, "nut-moi" one that knows no plan yet; there is no other
 * folder.
 */
#include "nodes/home/home.h"
#include "tests/support/small_plan.h"

#include <string.h>

static const struct th_home_plan plans[] = {{.plan = &small_plan}};

int th_home_open(const char *folder, struct th_problems *problems, struct th_home *ret_home)
{
    if (strcmp(folder, "nut") != 0 && strcmp(folder, "nut-moi") != 0) {
        th_problems_add(problems, (struct th_place){folder, 1, 1}, "chạy lệnh init",
                        "không có node.yaml");
        return TH_E_NOT_FOUND;
    }
    memset(ret_home, 0, sizeof *ret_home);
    ret_home->unit = &small_commune;
    ret_home->plans = plans;
    ret_home->plans_count = strcmp(folder, "nut") == 0;
    return 0;
}

void th_home_close(struct th_home *home)
{
    (void)home;
}

int th_home_find_plan(const struct th_home *home, const char *id,
                      const struct th_home_plan **ret_plan)
{
    if (home->plans_count == 0 || (id[0] != 0 && strcmp(id, small_plan.id) != 0))
        return TH_E_NOT_FOUND;
    *ret_plan = &home->plans[0];
    return 0;
}
