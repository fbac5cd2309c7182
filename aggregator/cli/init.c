/* SPDX-License-Identifier: Apache-2.0 */
/* init: a new store, with its keys, units and plans, and the server.yaml that units are given. */
#include "aggregator/cli/definitions.h"
#include "aggregator/cli/handout.h"
#include "aggregator/cli/write.h"
#include "aggregator/driver/driver.h"
#include "aggregator/shell/clock_linux.h"
#include "aggregator/shell/config.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/model/origin.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define ARENA_BLOCK_BYTES  ((size_t)256 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)1024 * 1024 * 1024)

struct making {
    struct th_site site;
    struct th_cli_values units, plans;
    const char *realm_given;
    bool is_rehearsal;
    struct th_config config;
    struct th_arena arena;
    const struct th_plan *plan[TH_CLI_VALUES_MAX];
    struct th_bytes plan_content[TH_CLI_VALUES_MAX];
    struct th_bytes units_content;
    struct th_store_identity identity;
    struct th_secrets secrets;
    struct th_reading now;
};

static int fail(struct making *making, int status, const char *what)
{
    th_cli_complain(making->site.err, "init", "xóa thư mục rồi chạy lại", "%s: %s: %s",
                    making->site.folder, what, th_status_text(status));
    return th_status_exit_code(status);
}

static int read_definitions(struct making *making)
{
    int code = th_definitions_units(&making->site, making->units.items, making->units.count,
                                    &making->arena, &making->units_content);
    for (size_t i = 0; i < making->plans.count && code == EX_OK; i++)
        code = th_definitions_plan(&making->site, making->plans.items[i], making->units.items,
                                   making->units.count, &making->arena, &making->plan[i],
                                   &making->plan_content[i]);
    return code;
}

/* The first day of a rehearsal: the earliest date of its plans; 1 January for one without date. */
static th_instant first_instant(const struct making *making)
{
    th_day first = {INT32_MAX};
    for (size_t i = 0; i < making->plans.count; i++) {
        const th_day day = th_plan_day(making->plan[i]);
        first = day.number < first.number ? day : first;
    }
    return th_day_start(first);
}

static int choose_realm(struct making *making)
{
    char *realm = making->identity.realm;
    int size =
        making->realm_given == NULL
            ? snprintf(realm, sizeof making->identity.realm, "tonghop/%s/%s",
                       making->plan[0]->territory, making->is_rehearsal ? "rehearsal" : "live")
            : snprintf(realm, sizeof making->identity.realm, "%s", making->realm_given);
    bool fits = size > 0 && (size_t)size < sizeof making->identity.realm;
    if (!fits || !th_site_is_realm(realm)) {
        th_cli_complain(making->site.err, "init",
                        "dùng chữ, số, gạch nối, chấm và gạch chéo; không có dấu cách và dấu +",
                        "tên nơi nhận \"%s\" không dùng được",
                        making->realm_given == NULL ? realm : making->realm_given);
        return EX_USAGE;
    }
    if (!th_origin_fits(making->is_rehearsal ? TH_MODE_REHEARSAL : TH_MODE_LIVE, realm,
                        (size_t)size)) {
        th_cli_complain(
            making->site.err, "init",
            "tên của kho diễn tập luôn kết thúc bằng /rehearsal, của kho thật thì không",
            "tên nơi nhận \"%s\" không hợp với %s", realm,
            making->is_rehearsal ? "kho diễn tập" : "kho thật");
        return EX_USAGE;
    }
    return EX_OK;
}

static int make_folder(struct making *making)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    int status = th_file_make_folder(making->site.folder, 0700);
    /* An empty folder may be there already. */
    if (status == TH_E_EXISTS && rmdir(making->site.folder) == 0)
        status = th_file_make_folder(making->site.folder, 0700);
    if (status == 0)
        return EX_OK;
    th_cli_complain(making->site.err, "init", "chọn một thư mục chưa có",
                    "%s: không tạo được thư mục: %s", making->site.folder,
                    th_errno_text(errno, cause));
    return EX_CANTCREAT;
}

/* The founding entry, then units and plans as acts of whoever runs this. */
static int found(struct making *making, struct th_store *store, struct th_text operator)
{
    struct th_driver_ports ports = {.transport = th_transport_none,
                                    .publisher = th_publisher_none,
                                    .admission = th_admission_none};
    const struct th_driver_options options = {0};
    struct th_driver *driver = NULL;
    int status = th_store_port_open(store, &ports.store);
    if (status < 0)
        return status;
    status = th_driver_new(&ports, &making->secrets.signer, &options, &driver);
    if (status == 0)
        status = th_driver_load(driver);
    if (status == 0)
        status = th_driver_found(driver, making->now, operator);
    th_driver_free(driver);
    th_store_port_close(&ports.store);
    return status;
}

static int fill(struct making *making, struct th_store *store)
{
    char name[TH_SITE_OPERATOR_SIZE];
    struct th_text operator= {th_site_operator(name), strlen(name)};
    struct th_act acts[1 + TH_CLI_VALUES_MAX];
    struct th_act_result results[1 + TH_CLI_VALUES_MAX];
    size_t count = 1 + making->plans.count;
    acts[0] = (struct th_act){
        .kind = TH_ACT_LOAD_UNITS, .operator= operator, .content = making->units_content };
    for (size_t i = 0; i < making->plans.count; i++)
        acts[1 + i] = (struct th_act){
            .kind = TH_ACT_LOAD_PLAN, .operator= operator, .content = making->plan_content[i] };
    int status = found(making, store, operator);
    if (status == 0)
        status = th_site_carry_here(store, &making->secrets, making->now, acts, count, results);
    if (status < 0)
        return fail(making, status, "không ghi được");
    for (size_t i = 0; i < count; i++)
        if (results[i].status < 0)
            return fail(making, results[i].status,
                        i == 0 ? "danh sách đơn vị" : making->plans.items[i - 1]);
    return EX_OK;
}

static int make_store(struct making *making)
{
    const struct th_store_options options = {0};
    struct th_store *store = NULL;
    making->now = th_clock_now();
    making->identity.mode = making->is_rehearsal ? TH_MODE_REHEARSAL : TH_MODE_LIVE;
    making->identity.created = making->now.wall;
    if (making->is_rehearsal)
        making->now.wall = first_instant(making);
    randombytes_buf(making->identity.store_id, sizeof making->identity.store_id);
    memcpy(making->identity.log_key, making->secrets.signer.vkey.public_key,
           sizeof making->identity.log_key);
    int status = th_store_create(making->site.folder, &options, &making->identity);
    if (status == 0)
        status = th_secrets_write(making->site.folder, &making->secrets);
    if (status < 0)
        return fail(making, status, "không tạo được kho");
    int code = th_site_open(&making->site, TH_STORE_WRITE, &store);
    if (code != EX_OK)
        return code;
    code = fill(making, store);
    th_store_close(store);
    return code;
}

static int write_files(struct making *making)
{
    char word[TH_TEXT_WORD_SIZE];
    char server_path[TH_SITE_PATH_SIZE];
    char config_path[TH_SITE_PATH_SIZE];
    int status = th_site_path(&making->site, TH_HANDOUT_FILE, server_path);
    if (status == 0)
        status = th_site_path(&making->site, TH_CONFIG_FILE, config_path);
    if (status == 0)
        status = th_config_write(config_path, &making->config);
    if (status < 0)
        return fail(making, status, "không ghi được " TH_CONFIG_FILE);
    int code = th_handout_write(&making->site);
    if (code != EX_OK)
        return code;
    if (making->site.as_json)
        (void)fprintf(making->site.out, "{\"realm\": \"%s\", \"mode\": \"%s\", \"plans\": %zu}\n",
                      making->identity.realm, making->is_rehearsal ? "rehearsal" : "live",
                      making->plans.count);
    else
        (void)fprintf(making->site.out,
                      "Đã tạo %s %s (%s).\nĐưa %s cho các đơn vị, rồi: tonghop-aggregator run %s\n",
                      making->is_rehearsal ? "kho DIỄN TẬP" : "kho", making->site.folder,
                      making->identity.realm, server_path, th_text_word(making->site.folder, word));
    return EX_OK;
}

/* An address to listen at that is none to connect to. It would go into server.yaml. */
static bool is_everywhere(const char *address)
{
    static const char *const hosts[] = {"tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (strncmp(address, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

static int check_addresses(const struct making *making)
{
    const char *addresses[] = {making->config.listen, making->config.publish};
    for (size_t i = 0; i < 2; i++)
        if (is_everywhere(addresses[i])) {
            th_cli_complain(making->site.err, "init",
                            "ghi địa chỉ hay tên miền họ tới được; tạo kho rồi, muốn máy lắng nghe "
                            "ở mọi địa chỉ thì sửa " TH_CONFIG_FILE,
                            "\"%s\" vào " TH_HANDOUT_FILE " thì không đơn vị nào nối được",
                            addresses[i]);
            return EX_USAGE;
        } else if (th_config_check_address(addresses[i]) < 0) {
            th_cli_complain(making->site.err, "init", "viết như tcp://127.0.0.1:7411",
                            "\"%s\" không phải một địa chỉ", addresses[i]);
            return EX_USAGE;
        }
    if (th_config_check_http(making->config.http) < 0) {
        th_cli_complain(making->site.err, "init", TH_CONFIG_HTTP_HINT,
                        "--http: “%s” không phải địa chỉ của chính máy này", making->config.http);
        return EX_USAGE;
    }
    return EX_OK;
}

static int make(struct making *making)
{
    int code = check_addresses(making);
    if (code == EX_OK)
        code = read_definitions(making);
    if (code == EX_OK)
        code = choose_realm(making);
    if (code == EX_OK)
        code = make_folder(making);
    if (code != EX_OK)
        return code;
    int status = th_secrets_make(making->identity.realm, &making->secrets);
    if (status < 0)
        return fail(making, status, "không tạo được khóa");
    code = make_store(making);
    if (code == EX_OK)
        code = write_files(making);
    th_secrets_deinit(&making->secrets);
    return code;
}

/* Those that were given; NULL: the default's. */
struct addresses {
    const char *listen, *publish, *http;
};

static void take_address(const char *given, char *address, size_t address_size)
{
    if (given != NULL)
        (void)snprintf(address, address_size, "%s", given);
}

static void make_config(const struct addresses *given, struct th_config *ret_config)
{
    th_config_default(ret_config);
    take_address(given->listen, ret_config->listen, sizeof ret_config->listen);
    take_address(given->publish, ret_config->publish, sizeof ret_config->publish);
    take_address(given->http, ret_config->http, sizeof ret_config->http);
}

int th_cli_init(int argc, char **argv, FILE *out, FILE *err)
{
    struct making making = {.site = {.command = "init", .out = out, .err = err}};
    struct addresses given = {.listen = NULL};
    const struct th_cli_option options[] = {
        {.name = "units", .value_name = "TỆP", .help = "danh sách đơn vị", .values = &making.units},
        {.name = "plan", .value_name = "TỆP", .help = "kế hoạch", .values = &making.plans},
        {.name = "rehearsal",
         .help = "kho diễn tập: đồng hồ chỉnh được, không lẫn với kho thật",
         .flag = &making.is_rehearsal},
        {.name = "realm",
         .value_name = "TÊN",
         .help = "tên nơi nhận, cũng là tên của nhật ký",
         .text = &making.realm_given},
        {.name = "listen",
         .value_name = "ĐỊA-CHỈ",
         .help = "nơi các đơn vị kết nối",
         .text = &given.listen},
        {.name = "publish",
         .value_name = "ĐỊA-CHỈ",
         .help = "nơi người theo dõi kết nối",
         .text = &given.publish},
        {.name = "http",
         .value_name = "ĐỊA-CHỈ",
         .help = "trang xem, chỉ trên máy này: 127.0.0.1:7480; none: không mở",
         .text = &given.http},
        {.name = "json", .help = "in ra JSON", .flag = &making.site.as_json}};
    const struct th_cli_command command = {
        .name = "init",
        .operands = "DIR",
        .summary = "Tạo kho mới: khóa, danh sách đơn vị, kế hoạch, và server.yaml cho các đơn vị.",
        .examples = "  tonghop-aggregator init /var/lib/tonghop/kho --units don-vi.csv --plan "
                    "ke-hoach.yaml\n"
                    "  tonghop-aggregator init var/tinh --rehearsal --units "
                    "plans/units/gialai-2024.csv \\\n      --plan plans/gialai-2025.yaml\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    if (making.units.count == 0 || making.plans.count == 0) {
        th_cli_complain(err, "init", "cần ít nhất một --units TỆP và một --plan TỆP",
                        "thiếu danh sách đơn vị hoặc kế hoạch");
        return EX_USAGE;
    }
    making.site.folder = operands[0];
    make_config(&given, &making.config);
    th_arena_init(&making.arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int code = make(&making);
    th_arena_deinit(&making.arena);
    return th_cli_finish(out, err, code);
}
