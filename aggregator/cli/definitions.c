/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/definitions.h"

#include "aggregator/cli/write.h"
#include "aggregator/plan/loader.h"
#include "aggregator/plan/units_csv.h"
#include "base/options.h"
#include "proto/wire/plan.h"

#include <string.h>
#include <sysexits.h>

#define ARENA_BLOCK_BYTES  ((size_t)256 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)512 * 1024 * 1024)

int th_definitions_units(const struct th_site *site, const char *const *paths, size_t paths_count,
                         struct th_arena *arena, struct th_bytes *ret_content)
{
    struct th_problems problems;
    struct th_unit_list list;
    int code = EX_OK;
    th_problems_init(&problems);
    int status = th_units_csv_read_all(paths, paths_count, arena, &problems, &list);
    if (status == 0)
        status = th_wire_units_encode(list.units, list.count, arena, ret_content);
    if (status < 0)
        code = th_site_tell(site, &problems, paths[0], status);
    th_problems_deinit(&problems);
    return code;
}

int th_definitions_plan(const struct th_site *site, const char *path, const char *const *unit_files,
                        size_t unit_files_count, struct th_arena *arena,
                        const struct th_plan **ret_plan, struct th_bytes *ret_content)
{
    struct th_problems problems;
    struct th_plan_files *files = th_arena_alloc(arena, sizeof *files);
    int code = EX_OK;
    if (files == NULL)
        return EX_OSERR;
    th_problems_init(&problems);
    int status = th_plan_load(path, unit_files, unit_files_count, arena, &problems, files);
    if (status == 0)
        status = th_wire_plan_encode(&files->plan, arena, ret_content);
    if (status < 0)
        code = th_site_tell(site, &problems, path, status);
    else
        *ret_plan = &files->plan;
    th_problems_deinit(&problems);
    return code;
}

/* ---- plan load, units import ---- */

static int carry_one(const struct th_site *site, enum th_act_kind kind, struct th_bytes content,
                     const char *name, const char *done)
{
    char operator_name[TH_SITE_OPERATOR_SIZE];
    struct th_act_result result;
    struct th_act act = {.kind = kind, .content = content};
    act.operator=(struct th_text){th_site_operator(operator_name), strlen(operator_name)};
    int code = th_site_carry(site, &act, 1, &result);
    return code == EX_OK ? th_site_report(site, done, &name, &result, 1) : code;
}

int th_cli_plan_load(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_cli_values units = {.count = 0};
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "units",
         .value_name = "TỆP",
         .help = "danh sách đơn vị dùng thay cho \"units\" của kế hoạch",
         .values = &units},
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "plan load",
        .operands = "DIR TỆP",
        .summary = "Kiểm tra kế hoạch rồi đưa vào kho; các đơn vị nhận được ngay.",
        .examples = "  tonghop-aggregator plan load /var/lib/tonghop plans/gialai-2025.yaml\n",
        .options = options,
        .options_count = 2,
        .operands_min = 2,
        .operands_max = 2};
    char **operands = NULL;
    int count = 0;
    switch (th_cli_parse(&command, argc, argv, out, err, &operands, &count)) {
    case TH_CLI_STOP:
        return th_cli_finish(out, err, EX_OK);
    case TH_CLI_WRONG:
        return EX_USAGE;
    case TH_CLI_RUN:
        break;
    }
    const struct th_site site = {"plan load", operands[0], as_json, out, err};
    const struct th_plan *plan = NULL;
    struct th_bytes content;
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int code =
        th_definitions_plan(&site, operands[1], units.items, units.count, &arena, &plan, &content);
    if (code == EX_OK && plan != NULL)
        code = carry_one(&site, TH_ACT_LOAD_PLAN, content, plan->id, "đã đưa vào kho");
    th_arena_deinit(&arena);
    return th_cli_finish(out, err, code);
}

static int import(const struct th_site *site, char **paths, size_t paths_count)
{
    struct th_bytes content;
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int code =
        th_definitions_units(site, (const char *const *)paths, paths_count, &arena, &content);
    if (code == EX_OK)
        code = carry_one(site, TH_ACT_LOAD_UNITS, content, "danh sách đơn vị", "đã đưa vào kho");
    th_arena_deinit(&arena);
    return code;
}

int th_cli_units(int argc, char **argv, FILE *out, FILE *err)
{
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "units import",
        .operands = "DIR TỆP...",
        .summary = "Đưa thêm đơn vị từ tệp CSV vào kho. Đơn vị đã có thì giữ nguyên.",
        .examples = "  tonghop-aggregator units import /var/lib/tonghop don-vi-moi.csv\n",
        .options = options,
        .options_count = 1,
        .operands_min = 2,
        .operands_max = TH_CLI_VALUES_MAX};
    const char *word = argc < 2 ? "" : argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        th_cli_help(&command, out);
        return th_cli_finish(out, err, EX_OK);
    }
    if (strcmp(word, "import") != 0) {
        th_cli_complain(err, "units", "xem tonghop-aggregator units import --help",
                        word[0] == 0 ? "thiếu việc cần làm: import%s" : "không có lệnh \"%s\"",
                        word);
        return EX_USAGE;
    }
    char **operands = NULL;
    int count = 0;
    switch (th_cli_parse(&command, argc - 1, argv + 1, out, err, &operands, &count)) {
    case TH_CLI_STOP:
        return th_cli_finish(out, err, EX_OK);
    case TH_CLI_WRONG:
        return EX_USAGE;
    case TH_CLI_RUN:
        break;
    }
    const struct th_site site = {"units import", operands[0], as_json, out, err};
    return th_cli_finish(out, err, import(&site, operands + 1, (size_t)count - 1));
}
