/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/definitions.h"

#include "aggregator/cli/handout.h"
#include "aggregator/cli/query.h"
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

/* ---- what plan load and units import have in common ---- */

struct carried {
    struct th_bytes content;
    const char *name;
    const char *done;
    th_site_explain *explain;
};

/* The handout follows every act that was not refused, also one that brought nothing new: running a
 * command again mends a server.yaml that could not be written. */
static int finish(const struct th_site *site, const struct carried *carried,
                  const struct th_act_result *result)
{
    int code = result->status < 0 ? EX_OK : th_handout_write(site);
    const struct th_site_telling telling = {.done = carried->done,
                                            .names = &carried->name,
                                            .explain = carried->explain,
                                            .handed_out = result->status == 0 && code == EX_OK};
    int told = th_site_report(site, &telling, result, 1);
    if (code == EX_OK)
        return told;
    th_cli_complain(site->err, site->command, "sửa lỗi trên rồi chạy lại đúng lệnh này",
                    "kho đã đúng nhưng " TH_HANDOUT_FILE " còn cũ");
    return code;
}

static int carry_one(const struct th_site *site, enum th_act_kind kind,
                     const struct carried *carried, struct th_act_result *ret_result)
{
    char operator_name[TH_SITE_OPERATOR_SIZE];
    struct th_act act = {.kind = kind, .content = carried->content};
    act.operator=(struct th_text){th_site_operator(operator_name), strlen(operator_name)};
    return th_site_carry(site, &act, 1, ret_result);
}

/* ---- plan load ---- */

static bool explain_plan(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                         const char **ret_hint)
{
    (void)context;
    (void)act;
    switch (status) {
    case TH_E_EXISTS:
        (void)snprintf(text, TH_SITE_TEXT_SIZE,
                       "kho đã có kế hoạch mang tên này, với nội dung khác");
        *ret_hint = "kế hoạch đã đưa vào kho không bị sửa; nếu là kế hoạch khác thì đặt tên khác ở "
                    "khóa plan của tệp";
        return true;
    case TH_E_NOT_FOUND:
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "kho không có đơn vị là phạm vi của kế hoạch");
        *ret_hint = "kiểm tra khóa territory, hoặc thêm đơn vị trước bằng tonghop-aggregator "
                    "units import";
        return true;
    case TH_E_LIMIT:
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "kho đã có %d kế hoạch, không nhận thêm",
                       TH_LIMIT_PLANS_MAX);
        *ret_hint = "tạo kho khác cho kế hoạch này";
        return true;
    default:
        return false;
    }
}

static int load_plan(const struct th_site *site, const char *path,
                     const struct th_cli_values *units)
{
    struct carried carried = {.done = "đã đưa vào kho", .explain = explain_plan};
    const struct th_plan *plan = NULL;
    struct th_act_result result;
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int code = th_definitions_plan(site, path, units->items, units->count, &arena, &plan,
                                   &carried.content);
    if (code == EX_OK && plan != NULL) {
        carried.name = plan->id;
        code = carry_one(site, TH_ACT_LOAD_PLAN, &carried, &result);
        if (code == EX_OK && result.status == TH_E_EXISTS &&
            th_handout_has_plan(site, carried.content))
            result = (struct th_act_result){.status = 0}; /* the very same is there */
        if (code == EX_OK)
            code = finish(site, &carried, &result);
    }
    th_arena_deinit(&arena);
    return code;
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
        .examples = "  tonghop-aggregator plan load /var/lib/tonghop/kho plans/gialai-2025.yaml\n",
        .options = options,
        .options_count = 2,
        .operands_min = 2,
        .operands_max = 2};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    const struct th_site site = {"plan load", operands[0], as_json, out, err};
    return th_cli_finish(out, err, load_plan(&site, operands[1], &units));
}

/* ---- units import ---- */

static bool explain_units(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                          const char **ret_hint)
{
    (void)context;
    (void)act;
    if (status != TH_E_EXISTS && status != TH_E_INVALID)
        return false;
    (void)snprintf(text, TH_SITE_TEXT_SIZE,
                   "danh sách trong kho vừa được người khác thêm và không còn khớp với tệp");
    *ret_hint = "chạy lại lệnh này để xem đơn vị nào khác nhau";
    return true;
}

static void tell_kept(const struct th_site *site, const struct th_units_news *news)
{
    const struct th_units_kept *kept = &news->kept;
    if (kept->untaken > 0)
        (void)fprintf(site->err,
                      "%s %s: lưu ý: %u đơn vị có mã định danh trong tệp mà trong kho chưa ghi "
                      "(đầu tiên: “%s”, %s); kho giữ nguyên đơn vị đã có\n",
                      TH_CLI_PROGRAM, site->command, kept->untaken, kept->untaken_code,
                      kept->untaken_identity);
    if (!site->as_json)
        (void)fprintf(site->out, "%u đơn vị mới, %u đơn vị đã có trong kho giữ nguyên\n",
                      news->count, kept->known);
}

/* What the files say that the store does not. */
static int read_news(const struct th_site *site, const char *const *paths, size_t paths_count,
                     struct th_arena *arena, struct th_units_news *ret_news)
{
    struct th_problems problems;
    struct th_unit_list known;
    int code = th_handout_units(site, arena, &known);
    if (code != EX_OK)
        return code;
    th_problems_init(&problems);
    int status = th_units_csv_read_news(paths, paths_count, &known, arena, &problems, ret_news);
    if (status < 0)
        code = th_site_tell(site, &problems, paths[0], status);
    th_problems_deinit(&problems);
    return code;
}

static int import(const struct th_site *site, const char *const *paths, size_t paths_count)
{
    struct carried carried = {
        .name = "danh sách đơn vị", .done = "đã đưa vào kho", .explain = explain_units};
    struct th_act_result result = {.status = 0};
    struct th_units_news news;
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int code = read_news(site, paths, paths_count, &arena, &news);
    if (code == EX_OK && news.count > 0) {
        int status = th_wire_units_encode(news.units, news.count, &arena, &carried.content);
        if (status < 0) {
            th_cli_complain(site->err, site->command, "chia danh sách", "%s: %s", paths[0],
                            th_status_text(status));
            code = th_status_exit_code(status);
        }
        if (code == EX_OK)
            code = carry_one(site, TH_ACT_LOAD_UNITS, &carried, &result);
    }
    if (code == EX_OK && result.status == 0)
        tell_kept(site, &news);
    if (code == EX_OK)
        code = finish(site, &carried, &result);
    th_arena_deinit(&arena);
    return code;
}

static void print_units_help(FILE *out)
{
    (void)fprintf(out, "Tìm, xem đơn vị; đưa thêm đơn vị vào kho.\n\nCách dùng:\n"
                       "  " TH_CLI_PROGRAM " units list DIR [--search CHỮ] …\n"
                       "      Các đơn vị trong kho; tìm không cần dấu.\n"
                       "  " TH_CLI_PROGRAM " units show DIR --unit MÃ\n"
                       "      Một đơn vị, và các cấp trên của nó.\n"
                       "  " TH_CLI_PROGRAM " units import DIR TỆP...\n"
                       "      Đưa thêm đơn vị từ tệp CSV vào kho.\n\nVí dụ:\n"
                       "  " TH_CLI_PROGRAM " units list var/tinh --search \"ia ly\"\n"
                       "  " TH_CLI_PROGRAM " units show var/tinh --unit 23734\n");
}

int th_cli_units(int argc, char **argv, FILE *out, FILE *err)
{
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "units import",
        .operands = "DIR TỆP...",
        .summary = "Đưa thêm đơn vị từ tệp CSV vào kho. Đơn vị đã có thì giữ nguyên.\n"
                   "Cấp trên có thể đã ở trong kho; ô để trống là không nói gì.",
        .examples = "  tonghop-aggregator units import /var/lib/tonghop/kho don-vi-moi.csv\n",
        .options = options,
        .options_count = 1,
        .operands_min = 2,
        .operands_max = TH_CLI_VALUES_MAX};
    const char *word = argc < 2 ? "" : argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_units_help(out);
        return th_cli_finish(out, err, EX_OK);
    }
    if (strcmp(word, "list") == 0)
        return th_cli_units_list(argc - 1, argv + 1, out, err);
    if (strcmp(word, "show") == 0)
        return th_cli_units_show(argc - 1, argv + 1, out, err);
    if (strcmp(word, "import") != 0) {
        th_cli_complain(err, "units", "dùng list, show hoặc import; xem units list --help",
                        word[0] == 0 ? "thiếu việc cần làm%s" : "không có lệnh \"%s\"", word);
        return EX_USAGE;
    }
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc - 1, argv + 1, out, err, &operands, &count, &exit_code))
        return exit_code;
    const struct th_site site = {"units import", operands[0], as_json, out, err};
    return th_cli_finish(out, err,
                         import(&site, (const char *const *)operands + 1, (size_t)count - 1));
}
