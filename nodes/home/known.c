/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/known.h"

#include "base/errno_text.h"
#include "base/file.h"
#include "nodes/home/home.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BLOCK_BYTES  ((size_t)256 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)64 * 1024 * 1024)

int th_known_check_unit(struct th_bytes units, const char *unit_code, struct th_arena *arena)
{
    struct th_unit *rows;
    uint32_t count;
    struct th_unit_list list;
    int status = th_wire_units_decode(units, arena, &rows, &count);
    if (status == 0)
        status = th_unit_list_build(arena, rows, count, NULL, NULL, &list);
    if (status != 0)
        return status;
    return th_home_find_unit(&list, unit_code, (th_day){0}) == NULL ? TH_E_NOT_FOUND : 0;
}

static int keep(const char *folder, const char *name, struct th_bytes content,
                struct th_digest *ret_digest)
{
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_path(folder, name, path);
    if (status == 0)
        status = th_file_write(path, 0600, content.bytes, content.size);
    if (status == TH_E_IO && th_errno_status(errno) == TH_E_STORAGE)
        status = TH_E_STORAGE;
    const struct th_tlog_part part = {content.bytes, content.size};
    if (status == 0)
        th_tlog_sha256(&part, 1, ret_digest);
    return status;
}

int th_home_learn_units(const char *folder, const char *unit_code, struct th_bytes content,
                        struct th_known_news *ret_news)
{
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    struct th_known_news news = {{0}, {0}, {{0}}};
    int status = th_known_check_unit(content, unit_code, &arena);
    th_arena_deinit(&arena);
    if (status == 0)
        status = keep(folder, "known/units.bin", content, &news.digest);
    if (status == 0)
        *ret_news = news;
    return status;
}

/* Letters, digits and inner hyphens: the id becomes part of a file name. */
static bool is_plain_id(const char *id)
{
    size_t size = strlen(id);
    if (size == 0 || size > TH_LIMIT_PLAN_ID_MAX || id[0] == '-')
        return false;
    for (size_t i = 0; i < size; i++) {
        bool is_letter = (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= 'A' && id[i] <= 'Z');
        if (!is_letter && !(id[i] >= '0' && id[i] <= '9') && id[i] != '-')
            return false;
    }
    return true;
}

int th_home_learn_plan(const char *folder, struct th_bytes content, struct th_known_news *ret_news)
{
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    struct th_known_news news = {{0}, {0}, {{0}}};
    struct th_plan *plan = th_arena_alloc(&arena, sizeof *plan);
    int status = plan == NULL ? TH_E_NO_MEMORY : th_wire_plan_decode(content, &arena, plan);
    if (status == 0 && !is_plain_id(plan->id))
        status = TH_E_INVALID;
    if (status == 0) {
        (void)snprintf(news.name, sizeof news.name, "%s", plan->id);
        (void)snprintf(news.title, sizeof news.title, "%s", plan->title);
        char name[TH_LIMIT_PLAN_ID_MAX + 32];
        (void)snprintf(name, sizeof name, "known/plan-%s.bin", plan->id);
        status = keep(folder, name, content, &news.digest);
    }
    th_arena_deinit(&arena);
    if (status == 0)
        *ret_news = news;
    return status;
}
