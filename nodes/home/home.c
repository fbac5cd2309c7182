/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/home.h"

#include "base/errno_text.h"
#include "base/file.h"
#include "base/yaml.h"
#include "nodes/home/settings.h"
#include "nodes/home/trust.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARENA_BLOCK_BYTES  ((size_t)64 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)512 * 1024 * 1024)

#define HINT_ASK "xin lại server.yaml từ nơi nhận báo cáo rồi chạy lại tonghop-node init"

int th_home_path(const char *folder, const char *name, char path[TH_HOME_PATH_SIZE])
{
    int size = snprintf(path, TH_HOME_PATH_SIZE, "%s/%s", folder, name);
    return size < 0 || size >= TH_HOME_PATH_SIZE ? TH_E_LIMIT : 0;
}

const struct th_unit *th_home_find_unit(const struct th_unit_list *units, const char *code,
                                        th_day today)
{
    const struct th_unit *last = NULL;
    for (uint32_t i = 0; i < units->count; i++) {
        if (strcmp(units->units[i].code, code) != 0)
            continue;
        last = &units->units[i];
        if (th_unit_is_valid(last, today))
            return last;
    }
    return last;
}

static th_day today(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return (th_day){0};
    return th_day_of_instant((th_instant){(int64_t)now.tv_sec * 1000});
}

static void report(struct th_problems *problems, const char *path, const char *hint,
                   const char *message)
{
    th_problems_add(problems, (struct th_place){path, 0, 0}, hint, "%s", message);
}

/* Bytes of one known file into the arena. */
static int read_known(const char *path, size_t size_max, struct th_arena *arena,
                      struct th_problems *problems, struct th_bytes *ret_bytes)
{
    char *bytes;
    size_t size;
    int status = th_file_read(path, size_max, &bytes, &size);
    if (status != 0) {
        if (status != TH_E_NO_MEMORY)
            report(problems, path, HINT_ASK, th_status_text(status));
        return status;
    }
    char *copy = th_arena_copy_text(arena, bytes, size);
    free(bytes);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    *ret_bytes = (struct th_bytes){(const uint8_t *)copy, size};
    return 0;
}

static void digest_of(struct th_bytes bytes, struct th_digest *ret_digest)
{
    const struct th_tlog_part part = {bytes.bytes, bytes.size};
    th_tlog_sha256(&part, 1, ret_digest);
}

static int open_units(struct th_home *home, bool is_bare, struct th_problems *problems)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_bytes bytes;
    int status = th_home_path(home->folder, "known/units.bin", path);
    if (status == 0)
        status = read_known(path, TH_LIMIT_UNITS_ENCODED_MAX, &home->arena, problems, &bytes);
    if (status != 0)
        return status;
    digest_of(bytes, &home->units_digest);
    if (is_bare)
        return 0;
    struct th_unit *rows;
    uint32_t count;
    status = th_wire_units_decode(bytes, &home->arena, &rows, &count);
    if (status == 0)
        status = th_unit_list_build(&home->arena, rows, count, NULL, NULL, &home->units);
    if (status != 0) {
        report(problems, path, HINT_ASK, "danh sách đơn vị không đọc được");
        return status;
    }
    home->unit = th_home_find_unit(&home->units, home->unit_code, today());
    if (home->unit != NULL)
        return 0;
    th_problems_add(problems, (struct th_place){path, 0, 0}, HINT_ASK,
                    "danh sách đơn vị không có mã %s", home->unit_code);
    return TH_E_NOT_FOUND;
}

static bool is_plan_name(const char *name)
{
    size_t size = strlen(name);
    return size > 9 && strncmp(name, "plan-", 5) == 0 && strcmp(name + size - 4, ".bin") == 0;
}

static int open_plan(struct th_home *home, const char *name, bool is_bare,
                     struct th_problems *problems, struct th_home_plan *ret_plan)
{
    char part[TH_LIMIT_PLAN_ID_MAX + 32], path[TH_HOME_PATH_SIZE];
    if (snprintf(part, sizeof part, "known/%s", name) >= (int)sizeof part)
        return TH_E_LIMIT;
    struct th_home_plan opened = {0};
    int status = th_home_path(home->folder, part, path);
    if (status == 0)
        status =
            read_known(path, TH_LIMIT_PLAN_ENCODED_MAX, &home->arena, problems, &opened.content);
    if (status != 0)
        return status;
    digest_of(opened.content, &opened.digest);
    if (!is_bare) {
        struct th_plan *plan = th_arena_alloc(&home->arena, sizeof *plan);
        if (plan == NULL)
            return TH_E_NO_MEMORY;
        status = th_wire_plan_decode(opened.content, &home->arena, plan);
        if (status != 0) {
            report(problems, path, HINT_ASK, "kế hoạch không đọc được");
            return status;
        }
        opened.plan = plan;
    }
    *ret_plan = opened;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the plan files, ordered, into the arena. */
static int list_plans(struct th_home *home, struct th_problems *problems, const char ***ret_names,
                      size_t *ret_count)
{
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_path(home->folder, "known", path);
    if (status != 0)
        return status;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        char cause[TH_ERRNO_TEXT_SIZE];
        report(problems, path, HINT_ASK, th_errno_text(errno, cause));
        return TH_E_IO;
    }
    const char **names = th_arena_alloc_array(&home->arena, TH_LIMIT_PLANS_MAX, sizeof *names);
    size_t count = 0;
    status = names == NULL ? TH_E_NO_MEMORY : 0;
    for (struct dirent *entry; status == 0 && (entry = readdir(folder)) != NULL;) {
        if (!is_plan_name(entry->d_name))
            continue;
        if (count == TH_LIMIT_PLANS_MAX) {
            report(problems, path, "xóa bớt các kế hoạch cũ", "quá nhiều kế hoạch");
            status = TH_E_LIMIT;
            break;
        }
        names[count] = th_arena_copy_text(&home->arena, entry->d_name, strlen(entry->d_name));
        if (names[count++] == NULL)
            status = TH_E_NO_MEMORY;
    }
    (void)closedir(folder);
    if (status != 0)
        return status;
    if (count > 0)
        qsort(names, count, sizeof *names, by_name);
    *ret_names = names;
    *ret_count = count;
    return 0;
}

static int open_plans(struct th_home *home, bool is_bare, struct th_problems *problems)
{
    const char **names;
    size_t count;
    int status = list_plans(home, problems, &names, &count);
    if (status != 0)
        return status;
    struct th_home_plan *plans = th_arena_alloc_array(&home->arena, count, sizeof *plans);
    if (plans == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        status = open_plan(home, names[i], is_bare, problems, &plans[i]);
        if (status != 0)
            return status;
    }
    home->plans = plans;
    home->plans_count = count;
    return 0;
}

static int open_home(const char *folder, bool is_bare, struct th_problems *problems,
                     struct th_home *ret_home)
{
    struct th_home home = {0};
    size_t size = strlen(folder);
    if (size >= sizeof home.folder) {
        report(problems, folder, "dùng đường dẫn ngắn hơn", "đường dẫn quá dài");
        return TH_E_LIMIT;
    }
    memcpy(home.folder, folder, size + 1);
    th_arena_init(&home.arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int status = th_home_settings_read(folder, problems, home.unit_code, &home.server);
    if (status == 0)
        status = th_home_open_log_keys(folder, &home.server.log_key, problems, &home.log_keys);
    if (status == 0)
        status = open_units(&home, is_bare, problems);
    if (status == 0)
        status = open_plans(&home, is_bare, problems);
    if (status != 0) {
        th_arena_deinit(&home.arena);
        return status;
    }
    *ret_home = home;
    return 0;
}

int th_home_open(const char *folder, struct th_problems *problems, struct th_home *ret_home)
{
    return open_home(folder, false, problems, ret_home);
}

int th_home_open_bare(const char *folder, struct th_problems *problems, struct th_home *ret_home)
{
    return open_home(folder, true, problems, ret_home);
}

void th_home_close(struct th_home *home)
{
    th_arena_deinit(&home->arena);
}

const char *th_home_log(const struct th_home *home)
{
    return th_log_keys_current(&home->log_keys)->vkey.name;
}

int th_home_find_plan(const struct th_home *home, const char *id,
                      const struct th_home_plan **ret_plan)
{
    if (id[0] == '\0') {
        if (home->plans_count != 1)
            return home->plans_count == 0 ? TH_E_NOT_FOUND : TH_E_AMBIGUOUS;
        *ret_plan = &home->plans[0];
        return 0;
    }
    for (size_t i = 0; i < home->plans_count; i++) {
        if (strcmp(home->plans[i].plan->id, id) != 0)
            continue;
        *ret_plan = &home->plans[i];
        return 0;
    }
    return TH_E_NOT_FOUND;
}

const struct th_obligation *th_home_find_obligation(const struct th_home *home, const char *plan,
                                                    const char *obligation)
{
    const struct th_home_plan *found;
    if (th_home_find_plan(home, plan, &found) != 0)
        return NULL;
    return th_plan_find(found->plan, obligation, strlen(obligation));
}
