/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/outbox_case.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const th_instant th_outbox_case_noon = {1746849600000};

void th_outbox_case_make(struct th_outbox_case *made)
{
    th_test_folder_make(made->folder);
    cr_assert_eq(th_outbox_open(made->folder, 0, &made->outbox), 0);
    th_arena_init(&made->arena, 4096, 8 << 20);
}

void th_outbox_case_remove(struct th_outbox_case *made)
{
    th_outbox_close(made->outbox);
    made->outbox = NULL;
    th_arena_deinit(&made->arena);
    th_test_folder_remove(made->folder);
}

int th_outbox_case_reopen(struct th_outbox_case *made)
{
    th_outbox_close(made->outbox);
    made->outbox = NULL;
    return th_outbox_open(made->folder, 0, &made->outbox);
}

struct th_bytes th_outbox_case_bytes(const char *text)
{
    return (struct th_bytes){(const uint8_t *)text, strlen(text)};
}

struct th_outbox_item th_outbox_case_item(uint32_t revision)
{
    struct th_outbox_item item = {.plan = "gialai-2025",
                                  .obligation = "O-002-H1",
                                  .revision = revision,
                                  .report_digest = {{1, 2, 3}},
                                  .plan_digest = {{4, 5, 6}}};
    return item;
}

uint64_t th_outbox_case_add(struct th_outbox_case *made, uint32_t revision, const char *report)
{
    struct th_outbox_item item = th_outbox_case_item(revision);
    uint64_t id = 0;
    cr_assert_eq(
        th_outbox_add(made->outbox, &item, th_outbox_case_bytes(report), th_outbox_case_noon, &id),
        0);
    return id;
}

void th_outbox_case_freeze(struct th_outbox_case *made, uint64_t id, const char *submission)
{
    struct th_outbox_frozen frozen = {.ids = {id},
                                      .ids_count = 1,
                                      .header_digest = {{9, (uint8_t)id}},
                                      .submission = th_outbox_case_bytes(submission)};
    cr_assert_eq(th_outbox_freeze(made->outbox, &frozen, 1, th_outbox_case_noon), 0);
}

struct th_outbox_item th_outbox_case_get(struct th_outbox_case *made, uint64_t id)
{
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(made->outbox, id, &item), 0);
    return item;
}

void th_outbox_case_settle(struct th_outbox_case *made, uint64_t id, enum th_item_state state,
                           const char *receipt)
{
    struct th_outbox_item item = th_outbox_case_get(made, id);
    item.state = state;
    item.attempts = 3;
    item.has_position = true;
    item.position = 77;
    struct th_outbox_reason reason = {.field = {"value.TCD01", 11},
                                      .value = {"-5", 2},
                                      .rule = {"R01", 3},
                                      .text = {"Không được âm.", strlen("Không được âm.")}};
    struct th_outbox_detail detail = {
        .receipt = th_outbox_case_bytes(receipt), .reasons = &reason, .reasons_count = 1};
    cr_assert_eq(th_outbox_settle(made->outbox, &(struct th_outbox_settled){item, detail}, 1,
                                  (th_instant){th_outbox_case_noon.ms + 5}),
                 0);
}

void th_outbox_case_flip(struct th_outbox_case *made, const char *text)
{
    char path[TH_TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/data.mdb", made->folder);
    int file = open(path, O_RDWR);
    cr_assert_geq(file, 0);
    struct stat info;
    cr_assert_eq(fstat(file, &info), 0);
    char *bytes = malloc((size_t)info.st_size);
    cr_assert_eq(pread(file, bytes, (size_t)info.st_size, 0), info.st_size);
    size_t size = strlen(text), hits = 0;
    for (size_t i = 0; i + size <= (size_t)info.st_size; i++) {
        if (memcmp(bytes + i, text, size) != 0)
            continue;
        char changed = (char)(bytes[i] ^ 1);
        cr_assert_eq(pwrite(file, &changed, 1, (off_t)i), 1);
        hits++;
    }
    cr_assert_gt(hits, 0, "the text is not in the file");
    free(bytes);
    (void)close(file);
}
