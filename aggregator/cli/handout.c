/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/handout.h"

#include "aggregator/shell/config.h"
#include "base/options.h"
#include "proto/exchange/keys_file.h"
#include "proto/exchange/server_file.h"
#include "proto/wire/plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#define ARENA_BLOCK_BYTES  ((size_t)1024 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)256 * 1024 * 1024)

struct contents {
    struct th_arena *arena;
    struct th_unit *units; /* by number */
    uint32_t units_count;
    struct th_bytes plans[TH_LIMIT_PLANS_MAX];
    size_t plans_count;
};

static int take_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct contents *contents = context;
    (void)position;
    if (number != contents->units_count || number == TH_UNIT_COUNT_MAX)
        return TH_E_CORRUPT;
    contents->units[contents->units_count++] = *unit;
    return 0;
}

static int take_plan(void *context, uint16_t number, uint64_t position,
                     const struct th_digest *digest, th_instant loaded_at, struct th_bytes content)
{
    struct contents *contents = context;
    (void)position;
    (void)digest;
    (void)loaded_at;
    if (number != contents->plans_count || number == TH_LIMIT_PLANS_MAX)
        return TH_E_CORRUPT;
    uint8_t *copy = th_arena_alloc(contents->arena, content.size);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    memcpy(copy, content.bytes, content.size);
    contents->plans[contents->plans_count++] = (struct th_bytes){copy, content.size};
    return 0;
}

static int read_units(struct th_store *store, struct contents *contents, bool with_plans)
{
    struct th_view *view = NULL;
    contents->units =
        th_arena_alloc_array(contents->arena, TH_UNIT_COUNT_MAX, sizeof *contents->units);
    int status = contents->units == NULL ? TH_E_NO_MEMORY : th_view_open(store, &view);
    if (status < 0)
        return status;
    status = th_view_units(view, contents->arena, take_unit, contents);
    if (status == 0 && with_plans)
        status = th_view_plans(view, take_plan, contents);
    th_view_close(view);
    return status;
}

static int complain(const struct th_site *site, int status, const char *what)
{
    th_cli_complain(site->err, site->command, NULL, "%s: %s: %s", site->folder, what,
                    th_status_text(status));
    return th_status_exit_code(status);
}

static void ignore_problem(void *context, enum th_unit_problem problem, uint32_t row)
{
    (void)context;
    (void)problem;
    (void)row;
}

int th_handout_units(const struct th_site *site, struct th_arena *arena,
                     struct th_unit_list *ret_units)
{
    struct contents contents = {.arena = arena};
    struct th_store *store = NULL;
    int code = th_site_open(site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    int status = read_units(store, &contents, false);
    if (status == 0)
        status = th_unit_list_build(arena, contents.units, contents.units_count, ignore_problem,
                                    NULL, ret_units);
    th_store_close(store);
    return status < 0 ? complain(site, status, "không đọc được danh sách đơn vị") : EX_OK;
}

static int compare_plan(void *context, uint16_t number, uint64_t position,
                        const struct th_digest *digest, th_instant loaded_at,
                        struct th_bytes content)
{
    const struct th_bytes *wanted = context;
    (void)number;
    (void)position;
    (void)digest;
    (void)loaded_at;
    return wanted->size == content.size && memcmp(wanted->bytes, content.bytes, content.size) == 0;
}

bool th_handout_has_plan(const struct th_site *site, struct th_bytes content)
{
    struct th_store *store = NULL;
    struct th_view *view = NULL;
    if (th_store_open(site->folder, TH_STORE_READ, NULL, NULL, &store) < 0)
        return false;
    bool found = false;
    if (th_view_open(store, &view) == 0) {
        found = th_view_plans(view, compare_plan, &content) == 1;
        th_view_close(view);
    }
    th_store_close(store);
    return found;
}

/* ---- server.yaml ---- */

/*
 * Where units reach this, as the file that they have says it: what the daemon listens at, which
 * config.yaml says, may be another address of the same machine. False: no such file, or a damaged
 * one, of which the operator is told.
 */
static bool keep_addresses(const struct th_site *site, struct th_arena *arena,
                           struct th_server_file *server)
{
    char path[TH_SITE_PATH_SIZE];
    struct th_server_file before;
    struct th_problems problems;
    if (th_site_path(site, TH_HANDOUT_FILE, path) < 0 || access(path, F_OK) != 0)
        return false;
    th_problems_init(&problems);
    const int status = th_server_file_read(path, arena, &problems, &before);
    th_problems_deinit(&problems);
    if (status < 0) {
        th_cli_complain(site->err, site->command, "xem lại address, publish trước khi đưa đi",
                        "%s: không đọc được, ghi lại với địa chỉ của " TH_CONFIG_FILE, path);
        return false;
    }
    memcpy(server->address, before.address, sizeof server->address);
    memcpy(server->publish, before.publish, sizeof server->publish);
    return true;
}

static int read_config(const struct th_site *site, struct th_server_file *server)
{
    char path[TH_SITE_PATH_SIZE];
    struct th_config config;
    struct th_problems problems;
    int status = th_site_path(site, TH_CONFIG_FILE, path);
    if (status < 0)
        return complain(site, status, TH_CONFIG_FILE);
    th_problems_init(&problems);
    status = th_config_read(path, &problems, &config);
    int code = status < 0 ? th_site_tell(site, &problems, path, status) : EX_OK;
    th_problems_deinit(&problems);
    if (code != EX_OK)
        return code;
    memcpy(server->address, config.listen, sizeof server->address);
    memcpy(server->publish, config.publish, sizeof server->publish);
    return EX_OK;
}

static int read_identity(const struct th_site *site, struct th_store *store,
                         struct th_server_file *server)
{
    const struct th_store_identity *identity = th_store_identity(store);
    struct th_secrets secrets;
    int code = th_site_secrets(site, identity, &secrets);
    if (code != EX_OK)
        return code;
    server->mode = identity->mode;
    server->log_key = secrets.signer.vkey;
    memcpy(server->realm, identity->realm, sizeof server->realm);
    memcpy(server->curve_key, secrets.curve_public, sizeof server->curve_key);
    th_secrets_deinit(&secrets);
    return EX_OK;
}

static int write_contents(const struct th_site *site, struct th_store *store,
                          struct th_arena *arena, struct th_server_file *server)
{
    struct contents contents = {.arena = arena};
    char path[TH_SITE_PATH_SIZE];
    int status = read_units(store, &contents, true);
    if (status == 0)
        status = th_wire_units_encode(contents.units, contents.units_count, arena, &server->units);
    server->plans = contents.plans;
    server->plans_count = contents.plans_count;
    if (status == 0)
        status = th_site_path(site, TH_HANDOUT_FILE, path);
    if (status == 0)
        status = th_server_file_write(path, server);
    return status < 0 ? complain(site, status, "không ghi được " TH_HANDOUT_FILE) : EX_OK;
}

static int write_keys(const struct th_site *site, const struct th_store *store)
{
    char path[TH_SITE_PATH_SIZE];
    int status = th_site_path(site, TH_KEYS_FILE, path);
    if (status == 0)
        status = th_keys_file_write(path, th_store_log_keys(store));
    return status < 0 ? complain(site, status, "không ghi được " TH_KEYS_FILE) : EX_OK;
}

static int write_from(const struct th_site *site, struct th_store *store)
{
    struct th_server_file server = {.mode = TH_MODE_LIVE};
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    int code = write_keys(site, store);
    if (code == EX_OK && !keep_addresses(site, &arena, &server))
        code = read_config(site, &server);
    if (code == EX_OK)
        code = read_identity(site, store, &server);
    if (code == EX_OK)
        code = write_contents(site, store, &arena, &server);
    th_arena_deinit(&arena);
    return code;
}

int th_handout_write(const struct th_site *site)
{
    struct th_store *store = NULL;
    /* So that of two commands the later one reads the store last. */
    int lock = open(site->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        if (lock >= 0)
            (void)close(lock);
        return complain(site, TH_E_IO, "không khóa được thư mục");
    }
    int code = th_site_open(site, TH_STORE_READ, &store);
    if (code == EX_OK) {
        code = write_from(site, store);
        th_store_close(store);
    }
    (void)close(lock);
    return code;
}
