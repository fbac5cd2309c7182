/* SPDX-License-Identifier: Apache-2.0 */
/* A node's folder made by `init` from a test province, with its outbox. */
#ifndef TH_TESTS_NODE_CASE_H
#define TH_TESTS_NODE_CASE_H

#include "nodes/home/home.h"
#include "nodes/home/keys.h"
#include "nodes/store/outbox.h"
#include "tests/support/folder.h"
#include "tests/support/fake_province.h"

#define TH_NODE_CASE_NOW_MS INT64_C(1746600000000) /* when reports are submitted */

struct th_node_case {
    struct th_fake province;
    char base[TH_TEST_FOLDER_SIZE];
    char server_path[TH_TEST_FOLDER_SIZE + 32];
    char home_path[TH_TEST_FOLDER_SIZE + 32];
    struct th_home home;
    struct th_home_keys *keys;
    struct th_outbox *outbox;
};

void th_node_case_make(struct th_node_case *made, enum th_mode mode, const char *address);
void th_node_case_open(struct th_node_case *made); /* home, keys and outbox */
void th_node_case_close(struct th_node_case *made);
void th_node_case_remove(struct th_node_case *made);
/* Queues a small report of O-1 with one figure; number 0. Returns the id. */
uint64_t th_node_case_submit(struct th_node_case *made, uint32_t revision, int64_t figure);
/* Reports with other numbers do not wait for each other. */
uint64_t th_node_case_submit_number(struct th_node_case *made, uint32_t number, uint32_t revision,
                                    int64_t figure);

#endif
