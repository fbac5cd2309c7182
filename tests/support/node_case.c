/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/node_case.h"

#include "base/assert.h"
#include "nodes/cli/submit.h"
#include "nodes/home/init.h"

#include <stdio.h>
#include <string.h>

void th_node_case_make(struct th_node_case *made, enum th_mode mode, const char *address)
{
    memset(made, 0, sizeof *made);
    th_fake_init(&made->province, mode);
    th_test_folder_make(made->base);
    (void)snprintf(made->server_path, sizeof made->server_path, "%s/server.yaml", made->base);
    (void)snprintf(made->home_path, sizeof made->home_path, "%s/node", made->base);
    th_fake_write_server(&made->province, made->server_path, address);
    struct th_problems problems;
    th_problems_init(&problems);
    int status = th_home_init(made->home_path, "23734", made->server_path, &problems);
    if (status != 0)
        (void)!th_problems_print(&problems, stderr);
    TH_ASSERT(status == 0);
    th_problems_deinit(&problems);
}

void th_node_case_open(struct th_node_case *made)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_problems problems;
    th_problems_init(&problems);
    int status = th_home_open(made->home_path, &problems, &made->home);
    TH_ASSERT(status == 0);
    status = th_home_path(made->home_path, "node.key", path);
    TH_ASSERT(status == 0);
    status = th_home_keys_read(path, &problems, &made->keys);
    TH_ASSERT(status == 0);
    status = th_home_path(made->home_path, "outbox", path);
    TH_ASSERT(status == 0);
    status = th_outbox_open(path, 0, &made->outbox);
    TH_ASSERT(status == 0);
    th_problems_deinit(&problems);
}

void th_node_case_close(struct th_node_case *made)
{
    th_outbox_close(made->outbox);
    th_home_keys_free(made->keys);
    th_home_close(&made->home);
}

void th_node_case_remove(struct th_node_case *made)
{
    th_fake_deinit(&made->province);
    th_test_folder_remove(made->base);
}

uint64_t th_node_case_submit(struct th_node_case *made, uint32_t revision, int64_t figure)
{
    return th_node_case_submit_number(made, 0, revision, figure);
}

uint64_t th_node_case_submit_number(struct th_node_case *made, uint32_t number, uint32_t revision,
                                    int64_t figure)
{
    static const uint16_t column = 1;
    struct th_arena arena;
    th_arena_init(&arena, 65536, 16 << 20);
    struct th_submit_request request = {
        .report = {.plan = {"gialai-2025", 11},
                   .obligation = {"O-1", 3},
                   .unit = {"23734", 5},
                   .number = number,
                   .revision = revision,
                   .values = {.numbers = &column, .values = &figure, .count = 1}},
        .plan_digest = made->home.plans[0].digest,
        .now = {TH_NODE_CASE_NOW_MS},
        .mode = made->home.server.mode};
    struct th_submit_result result;
    int status = th_submit(made->outbox, &request, &arena, &result);
    TH_ASSERT(status == 0);
    TH_ASSERT(result.outcome == TH_SUBMIT_QUEUED);
    th_arena_deinit(&arena);
    return result.item.id;
}
