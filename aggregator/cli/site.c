/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/site.h"

#include "aggregator/driver/driver.h"
#include "aggregator/shell/clock_linux.h"
#include "aggregator/shell/control_client.h"
#include "aggregator/store/folder.h"
#include "base/options.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#define CONTROL_MINUTES     10
#define CONTROL_LATE_MS     4000
#define CONTROL_ARENA_BYTES ((size_t)64 * 1024 * 1024)

int th_site_path(const struct th_site *site, const char *name, char ret_path[TH_SITE_PATH_SIZE])
{
    int size = snprintf(ret_path, TH_SITE_PATH_SIZE, "%s/%s", site->folder, name);
    return size < 0 || size >= TH_SITE_PATH_SIZE ? TH_E_LIMIT : 0;
}

bool th_site_is_realm(const char *text)
{
    const uint8_t key[TH_NOTE_PUBLIC_KEY_SIZE] = {0};
    struct th_vkey ignored;
    return strlen(text) <= TH_LIMIT_REALM_SIZE_MAX && strpbrk(text, "\"\\") == NULL &&
           th_tlog_vkey_init(text, key, &ignored) == 0;
}

char *th_site_operator(char name[TH_SITE_OPERATOR_SIZE])
{
    const char *names[] = {getenv("SUDO_USER"), getenv("USER")};
    for (size_t i = 0; i < 2; i++) {
        size_t size = names[i] == NULL ? 0 : strlen(names[i]);
        if (size > 0 && size < TH_SITE_OPERATOR_SIZE &&
            th_text_check(names[i], size, TH_TEXT_ONE_LINE) == 0)
            return memcpy(name, names[i], size + 1);
    }
    (void)snprintf(name, TH_SITE_OPERATOR_SIZE, "uid %u", (unsigned)getuid());
    return name;
}

/* The lock says whether anybody has it, the text of the file who. A process id alone proves
 * nothing, another process may have got it since. */
bool th_site_is_owned(const struct th_site *site, long *ret_pid)
{
    char path[TH_SITE_PATH_SIZE], text[64] = "";
    int fd = th_site_path(site, TH_STORE_OWNER, path) == 0
                 ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
                 : -1;
    bool is_owned = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    *ret_pid = is_owned && pread(fd, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
    if (fd >= 0)
        (void)close(fd);
    return is_owned;
}

static int complain(const struct th_site *site, int status, const char *what, const char *hint)
{
    th_cli_complain(site->err, site->command, hint, "%s: %s", what, th_status_text(status));
    return th_status_exit_code(status);
}

int th_site_tell(const struct th_site *site, const struct th_problems *problems, const char *path,
                 int status)
{
    int printed = th_problems_print(problems, site->err);
    if (printed == 0 && th_problems_total(problems) == 0)
        th_cli_complain(site->err, site->command, NULL, "%s: %s", path, th_status_text(status));
    return printed < 0 ? EX_IOERR : th_status_exit_code(status);
}

static int complain_open(const struct th_site *site, int status, const char *problem)
{
    const char *hint = status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT : NULL;
    if (problem[0] == 0)
        return complain(site, status, site->folder, hint);
    th_cli_complain(site->err, site->command, hint, "%s", problem);
    return th_status_exit_code(status);
}

/* What the store lets pass, but not in silence. */
static void tell_warning(const struct th_site *site, const char *problem)
{
    if (problem[0] != '\0')
        (void)fprintf(site->err, "tonghop-aggregator %s: %s\n", site->command, problem);
}

int th_site_open(const struct th_site *site, enum th_store_access access,
                 struct th_store **ret_store)
{
    const struct th_store_options options = {0};
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    int status = th_store_open(site->folder, access, &options, problem, ret_store);
    if (status == 0) {
        tell_warning(site, problem);
        return EX_OK;
    }
    return complain_open(site, status, problem);
}

int th_site_check_owner(const struct th_site *site)
{
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    const struct th_store_report report = {site->folder, problem};
    const int status = th_folder_check_owner(&report);
    return status < 0 ? complain_open(site, status, problem) : EX_OK;
}

int th_site_identity(const struct th_site *site, struct th_store_identity *ret_identity)
{
    struct th_store *store = NULL;
    int code = th_site_open(site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    *ret_identity = *th_store_identity(store);
    th_store_close(store);
    return EX_OK;
}

int th_site_secrets(const struct th_site *site, const struct th_store_identity *identity,
                    struct th_secrets *ret_secrets)
{
    char problem[TH_SECRETS_PROBLEM_SIZE] = "";
    int status =
        th_secrets_read(site->folder, identity->realm, identity->log_key, problem, ret_secrets);
    if (status == 0)
        return EX_OK;
    th_cli_complain(site->err, site->command, NULL, "%s",
                    problem[0] == 0 ? th_status_text(status) : problem);
    return th_status_exit_code(status);
}

/* ---- here ---- */

struct keeping {
    struct th_act_result *results;
    struct th_arena *arena; /* NULL: outcomes are not kept */
};

/* Without memory for its outcome a result is kept without it. */
static void keep_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    const struct keeping *keeping = context;
    struct th_act_result *kept = &keeping->results[sender];
    size_t size = keeping->arena == NULL ? 0 : result->outcome.size;
    uint8_t *copy = size == 0 ? NULL : th_arena_alloc(keeping->arena, size);
    *kept = *result;
    kept->outcome = (struct th_bytes){copy, copy == NULL ? 0 : size};
    if (copy != NULL)
        memcpy(copy, result->outcome.bytes, size);
}

static int run_acts(struct th_driver *driver, struct th_reading now, const struct th_act *acts,
                    size_t acts_count)
{
    struct th_item *items = calloc(acts_count, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < acts_count; i++)
        items[i] = (struct th_item){.kind = TH_ITEM_ACT, .now = now, .sender = i, .act = acts[i]};
    int status = th_driver_run(driver, items, acts_count);
    free(items);
    return status;
}

/* A store that was to be recovered and was not takes no other commit. */
static bool was_done(const struct th_act_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].status != 0)
            return false;
    return true;
}

static int carry_here(struct th_store *store, const struct th_secrets *secrets,
                      struct th_reading now, const struct th_act *acts, size_t acts_count,
                      struct th_arena *arena, struct th_act_result *ret_results)
{
    struct keeping keeping = {ret_results, arena};
    struct th_driver_ports ports = {.transport = th_transport_none,
                                    .publisher = th_publisher_none,
                                    .admission = th_admission_none};
    const struct th_driver_options options = {0};
    struct th_driver *driver = NULL;
    ports.transport.context = &keeping;
    ports.transport.done = keep_result;
    for (size_t i = 0; i < acts_count; i++)
        ret_results[i] = (struct th_act_result){.status = TH_E_INVALID};
    int status = th_store_port_open(store, &ports.store);
    if (status < 0)
        return status;
    status = th_driver_new(&ports, &secrets->signer, &options, &driver);
    if (status == 0)
        status = th_driver_load(driver);
    if (status == 0)
        status = run_acts(driver, now, acts, acts_count);
    for (bool more = was_done(ret_results, acts_count); status == 0 && more;)
        status = th_driver_settle(driver, now, &more);
    th_driver_free(driver);
    th_store_port_close(&ports.store);
    return status;
}

int th_site_carry_here(struct th_store *store, const struct th_secrets *secrets,
                       struct th_reading now, const struct th_act *acts, size_t acts_count,
                       struct th_act_result *ret_results)
{
    return carry_here(store, secrets, now, acts, acts_count, NULL, ret_results);
}

/* ---- through the daemon ---- */

static void tell_late(void *context)
{
    const struct th_site *site = context;
    long pid;
    (void)th_site_is_owned(site, &pid);
    (void)fprintf(site->err,
                  "tonghop-aggregator %s: máy chủ đang giữ kho (PID %ld) chưa trả lời, vẫn đợi, "
                  "nhiều nhất %d phút; dừng lệnh này rồi chạy lại cũng được, không ghi hai lần\n",
                  site->command, pid, CONTROL_MINUTES);
    (void)fflush(site->err);
}

static int ask_daemon(const struct th_site *site, const struct th_act *acts, size_t acts_count,
                      struct th_arena *arena, struct th_act_result *ret_results)
{
    char path[TH_SITE_PATH_SIZE];
    struct th_bytes request;
    struct th_bytes answer;
    struct th_act_result *results = NULL;
    size_t count = 0;
    const struct th_control_patience patience = {.timeout_ms = CONTROL_MINUTES * 60 * 1000,
                                                 .late_ms = CONTROL_LATE_MS,
                                                 .late = tell_late,
                                                 .context = (void *)(uintptr_t)site};
    int status = th_site_path(site, "control.sock", path);
    if (status == 0)
        status = th_wire_control_request_encode(acts, acts_count, arena, &request);
    if (status == 0)
        status = th_control_ask(path, request, &patience, arena, &answer);
    if (status == 0)
        status = th_wire_control_answer_decode(answer, arena, &results, &count);
    if (status == 0 && count != acts_count)
        status = TH_E_VERSION;
    if (status < 0)
        return complain(site, status, "máy chủ đang chạy không thực hiện được",
                        "xem máy chủ còn chạy không; lệnh này chạy lại được, không ghi hai lần");
    memcpy(ret_results, results, count * sizeof *results);
    return EX_OK;
}

/* `arena`: NULL when nobody asks for outcomes. */
static int carry(const struct th_site *site, const struct th_act *acts, size_t acts_count,
                 struct th_arena *arena, struct th_act_result *ret_results)
{
    const struct th_store_options options = {0};
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    struct th_store *store = NULL;
    int status = th_store_open(site->folder, TH_STORE_WRITE, &options, problem, &store);
    if (status == TH_E_BUSY) {
        struct th_arena own;
        th_arena_init(&own, 65536, CONTROL_ARENA_BYTES);
        int code = ask_daemon(site, acts, acts_count, arena == NULL ? &own : arena, ret_results);
        th_arena_deinit(&own);
        return code;
    }
    if (status < 0)
        return complain_open(site, status, problem);
    tell_warning(site, problem);
    struct th_secrets secrets;
    int code = th_site_secrets(site, th_store_identity(store), &secrets);
    if (code == EX_OK) {
        status = carry_here(store, &secrets, th_clock_now(), acts, acts_count, arena, ret_results);
        code = status < 0 ? complain(site, status, "không ghi được", NULL) : EX_OK;
        th_secrets_deinit(&secrets);
    }
    th_store_close(store);
    return code;
}

int th_site_carry(const struct th_site *site, const struct th_act *acts, size_t acts_count,
                  struct th_act_result *ret_results)
{
    return carry(site, acts, acts_count, NULL, ret_results);
}

int th_site_carry_one(const struct th_site *site, const struct th_act *act, struct th_arena *arena,
                      struct th_act_result *ret_result)
{
    return carry(site, act, 1, arena, ret_result);
}

/* ---- telling ---- */

int th_site_answer(const struct th_site *site, json_t *answer)
{
    int failed = answer == NULL ? -1 : json_dumpf(answer, site->out, JSON_INDENT(2));
    (void)fputc('\n', site->out);
    json_decref(answer);
    return failed == 0 ? EX_OK : EX_OSERR;
}

static int report_json(const struct th_site *site, const struct th_site_telling *telling,
                       const struct th_act_result *results, size_t count)
{
    char path[TH_SITE_PATH_SIZE];
    json_t *list = json_array();
    for (size_t i = 0; i < count && list != NULL; i++) {
        const char *word = results[i].status < 0 ? th_status_wire_name(results[i].status) : "ok";
        json_t *item = json_pack("{s:s, s:s}", "name", telling->names[i], "status", word);
        if (item != NULL && results[i].has_position)
            (void)json_object_set_new(item, "position",
                                      json_integer((json_int_t)results[i].position));
        (void)json_array_append_new(list, item);
    }
    json_t *all = json_pack("{s:o}", "results", list);
    if (telling->handed_out && th_site_path(site, "server.yaml", path) == 0)
        (void)json_object_set_new(all, "server_file", json_string(path));
    return th_site_answer(site, all);
}

static void complain_refused(const struct th_site *site, const struct th_site_telling *telling,
                             size_t act, int status)
{
    char text[TH_SITE_TEXT_SIZE];
    const char *hint = NULL;
    bool explained =
        telling->explain != NULL && telling->explain(telling->context, act, status, text, &hint);
    th_cli_complain(site->err, site->command, hint, "%s: %s", telling->names[act],
                    explained ? text : th_status_text(status));
}

int th_site_report(const struct th_site *site, const struct th_site_telling *telling,
                   const struct th_act_result *results, size_t count)
{
    int code = EX_OK;
    if (site->as_json && report_json(site, telling, results, count) != EX_OK)
        return EX_OSERR;
    for (size_t i = 0; i < count; i++) {
        if (results[i].status < 0) {
            code = code == EX_OK ? th_status_exit_code(results[i].status) : code;
            complain_refused(site, telling, i, results[i].status);
        } else if (!site->as_json && !results[i].has_position) {
            (void)fprintf(site->out, "%s: đã có sẵn, không có gì mới\n", telling->names[i]);
        } else if (!site->as_json) {
            (void)fprintf(site->out, "%s: %s (mục %llu của nhật ký)\n", telling->names[i],
                          telling->done, (unsigned long long)results[i].position);
        }
    }
    if (telling->handed_out && !site->as_json)
        (void)fprintf(site->out,
                      "Đã ghi lại %s/server.yaml: đưa tệp này cho đơn vị lập nút mới "
                      "(tonghop-node init); đơn vị đã có nút tự nhận qua mạng.\n",
                      site->folder);
    return code;
}
