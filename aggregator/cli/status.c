/* SPDX-License-Identifier: Apache-2.0 */
/* status: how the store is, for people and for whatever watches the machine. */
#include "aggregator/cli/note_file.h"
#include "aggregator/cli/recover.h"
#include "aggregator/cli/scan.h"
#include "aggregator/cli/status.h"
#include "aggregator/cli/write.h"
#include "aggregator/shell/config.h"
#include "aggregator/store/folder.h"
#include "aggregator/store/scrub.h"
#include "aggregator/store/side.h"
#include "proto/tlog/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct inspecting {
    struct th_site site;
    struct th_store *store;
    struct th_view *view;
    json_t *answer;
    json_t *list; /* that is being filled */
    size_t count; /* of what is being counted */
    size_t revoked;
    bool has_faults;
    bool is_behind;
    bool is_refused;
    bool is_full; /* nothing is taken */
};

static bool set(struct inspecting *inspecting, const char *key, json_t *value)
{
    return json_object_set_new(inspecting->answer, key, value) == 0;
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *time_text(th_instant time)
{
    char text[TH_INSTANT_TEXT_SIZE];
    return json_string(th_instant_format(time, text));
}

/* ---- the store ---- */

static int add_log(struct inspecting *inspecting)
{
    const struct th_store_identity *identity = th_store_identity(inspecting->store);
    const struct th_log_keys *keys = th_store_log_keys(inspecting->store);
    const struct th_log_key *key = th_log_keys_current(keys);
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t vkey_size = 0;
    uint64_t size = th_view_size(inspecting->view);
    struct th_stored_entry last;
    th_instant since;
    int status = th_tlog_vkey_encode(&key->vkey, sizeof vkey, vkey, &vkey_size);
    if (status == 0 && size > 0)
        status = th_view_entry(inspecting->view, size - 1, &last);
    if (status < 0)
        return status;
    (void)set(inspecting, "realm", json_string(identity->realm));
    (void)set(inspecting, "mode",
              json_string(identity->mode == TH_MODE_REHEARSAL ? "rehearsal" : "live"));
    (void)set(inspecting, "size", number(size));
    if (size > 0) {
        (void)set(inspecting, "last_time", time_text(last.time));
        (void)set(inspecting, "last_kind", json_string(th_entry_kind_word(last.kind)));
    }
    (void)set(inspecting, "log_key", json_string(vkey));
    (void)set(inspecting, "log_key_after", number(key->after));
    if (th_scan_time(inspecting->view, key->after, &since))
        (void)set(inspecting, "log_key_since", time_text(since));
    return 0;
}

static int add_checkpoint(struct inspecting *inspecting)
{
    struct th_bytes note;
    uint64_t size = 0;
    struct th_note parts;
    struct th_checkpoint checkpoint;
    char root[TH_DIGEST_BASE64_SIZE + 1];
    uint64_t own = th_view_size(inspecting->view);
    int status =
        own == 0 ? TH_E_NOT_FOUND : th_view_checkpoint(inspecting->view, own, &size, &note);
    if (status == 0)
        status = th_tlog_note_split((const char *)note.bytes, note.size, &parts);
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &checkpoint);
    (void)set(inspecting, "checkpoint", json_null());
    if (status == TH_E_NOT_FOUND)
        return 0; /* nothing was signed at this size: an empty store, a replica */
    if (status < 0)
        return status;
    th_tlog_digest_encode(&checkpoint.root, root);
    (void)set(inspecting, "checkpoint",
              json_pack("{s:I, s:s}", "size", (json_int_t)size, "root", root));
    return 0;
}

static int count_unit(void *context, uint32_t at, uint64_t position, const struct th_unit *unit)
{
    (void)at;
    (void)position;
    (void)unit;
    ((struct inspecting *)context)->count++;
    return 0;
}

static int count_plan(void *context, uint16_t at, uint64_t position, const struct th_digest *digest,
                      th_instant loaded_at, struct th_bytes content)
{
    (void)at;
    (void)position;
    (void)digest;
    (void)loaded_at;
    (void)content;
    ((struct inspecting *)context)->count++;
    return 0;
}

static int count_key(void *context, const struct th_key_row *key)
{
    struct inspecting *inspecting = context;
    inspecting->count++;
    inspecting->revoked += key->revoked ? 1 : 0;
    return 0;
}

static int add_counts(struct inspecting *inspecting)
{
    struct th_arena arena;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    inspecting->count = 0;
    int status = th_view_units(inspecting->view, &arena, count_unit, inspecting);
    th_arena_deinit(&arena);
    (void)set(inspecting, "units", number(inspecting->count));
    inspecting->count = 0;
    if (status == 0)
        status = th_view_plans(inspecting->view, count_plan, inspecting);
    (void)set(inspecting, "plans", number(inspecting->count));
    inspecting->count = 0;
    if (status == 0)
        status = th_view_keys(inspecting->view, count_key, inspecting);
    (void)set(inspecting, "keys", number(inspecting->count - inspecting->revoked));
    (void)set(inspecting, "keys_revoked", number(inspecting->revoked));
    return status;
}

static int add_clock(struct inspecting *inspecting)
{
    struct th_clock_row clock;
    struct th_recovery_row recovery = {.is_open = false};
    int status = th_view_clock(inspecting->view, &clock);
    if (status == TH_E_NOT_FOUND)
        return 0;
    if (status == 0)
        status = th_view_recovery(inspecting->view, &recovery);
    if (status < 0)
        return status;
    (void)set(inspecting, "clock",
              json_string(clock.status == TH_CLOCK_SUSPECT ? "suspect" : "steady"));
    (void)set(inspecting, "recovery_open", json_boolean(recovery.is_open));
    if (recovery.is_open)
        (void)set(inspecting, "recovery_position", number(recovery.began_at));
    return 0;
}

/* Books with rows in the run: during a burst, shortly after one, or after a kill in one. */
static int add_unsettled(struct inspecting *inspecting)
{
    struct th_book_id book, last;
    int status = th_view_next_unsettled(inspecting->view, NULL, &book);
    inspecting->count = 0;
    while (status == 0) {
        inspecting->count++;
        last = book;
        status = th_view_next_unsettled(inspecting->view, &last, &book);
    }
    (void)set(inspecting, "unsettled", number(inspecting->count));
    return status == TH_E_NOT_FOUND ? 0 : status;
}

static int add_usage(struct inspecting *inspecting)
{
    struct th_store_usage usage;
    int status = th_store_usage(inspecting->store, &usage);
    if (status < 0)
        return status;
    json_t *item = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I}", "file_bytes", (json_int_t)usage.file_bytes, "used_bytes",
        (json_int_t)usage.used_bytes, "map_bytes", (json_int_t)usage.map_bytes, "disk_bytes",
        (json_int_t)usage.disk_bytes, "disk_free_bytes", (json_int_t)usage.disk_free_bytes,
        "disk_wanted_bytes", (json_int_t)usage.disk_wanted_bytes);
    inspecting->is_full = usage.is_map_full || usage.is_disk_full;
    (void)set(inspecting, "full", json_boolean(inspecting->is_full));
    (void)set(inspecting, "disk_full", json_boolean(usage.is_disk_full));
    return set(inspecting, "usage", item) ? 0 : TH_E_NO_MEMORY;
}

/* ---- beside the store ---- */

static void add_daemon(struct inspecting *inspecting)
{
    long pid;
    (void)set(inspecting, "running", json_boolean(th_site_is_owned(&inspecting->site, &pid)));
    if (pid > 0)
        (void)set(inspecting, "pid", json_integer(pid));
}

/* Where the page is, as config.yaml says: a run that was given --http is not asked. */
static void add_page(struct inspecting *inspecting)
{
    char path[TH_SITE_PATH_SIZE], url[TH_CONFIG_HTTP_MAX + 16];
    struct th_problems problems;
    struct th_config config;
    th_problems_init(&problems);
    if (th_site_path(&inspecting->site, TH_CONFIG_FILE, path) == 0 &&
        th_config_read(path, &problems, &config) == 0) {
        (void)snprintf(url, sizeof url, "http://%s/", config.http);
        (void)set(inspecting, "page", config.http[0] == 0 ? json_null() : json_string(url));
    }
    th_problems_deinit(&problems);
}

static int add_scrub(struct inspecting *inspecting)
{
    struct th_scrub_report *report = malloc(sizeof *report);
    if (report == NULL)
        return TH_E_NO_MEMORY;
    int status = th_scrub_report_read(inspecting->site.folder, report);
    json_t *item = NULL;
    if (status == 0) {
        json_t *names = json_array();
        for (uint64_t i = 0; i < report->faults && i < TH_SCRUB_FAULTS_MAX; i++)
            (void)json_array_append_new(names, json_string(report->names[i]));
        item = json_pack("{s:I, s:I, s:I, s:o}", "passes", (json_int_t)report->passes, "rows",
                         (json_int_t)report->rows, "faults", (json_int_t)report->faults, "names",
                         names);
        (void)json_object_set_new(item, "began", time_text(report->began));
        if (report->passes > 0)
            (void)json_object_set_new(item, "ended", time_text(report->ended));
        inspecting->has_faults = report->faults > 0;
    }
    free(report);
    if (status == TH_E_CORRUPT)
        inspecting->has_faults = true;
    (void)set(inspecting, "scrub",
              item != NULL             ? item
              : status == TH_E_CORRUPT ? json_string("corrupt")
                                       : json_null());
    return status == TH_E_NOT_FOUND || status == TH_E_CORRUPT ? 0 : status;
}

static bool has_tree(struct th_view *view, const struct th_checkpoint *checkpoint)
{
    struct th_digest root;
    return checkpoint->size <= th_view_size(view) &&
           th_view_root(view, checkpoint->size, &root) == 0 &&
           th_tlog_digest_equal(&root, &checkpoint->root);
}

static int take_witness(void *context, const char *name, const struct th_note_file *file)
{
    struct inspecting *inspecting = context;
    const struct th_log_keys *keys = th_store_log_keys(inspecting->store);
    struct th_checkpoint checkpoint;
    uint64_t size = th_view_size(inspecting->view);
    bool is_right = th_log_keys_verify(keys, file->note, file->note_size, &checkpoint) == 0;
    bool is_current =
        is_right && strcmp(checkpoint.origin, th_log_keys_current(keys)->vkey.name) == 0;
    json_t *item = json_pack("{s:s, s:b, s:I}", "file", name, "right", is_right, "size",
                             (json_int_t)file->checkpoint.size);
    bool is_here = is_current && has_tree(inspecting->view, &checkpoint);
    if (is_here)
        (void)json_object_set_new(item, "behind", number(size - checkpoint.size));
    /* Somebody saw what is not here. */
    inspecting->is_behind = inspecting->is_behind || (is_current && !is_here);
    return json_array_append_new(inspecting->list, item) == 0 ? 0 : TH_E_NO_MEMORY;
}

static int add_witnesses(struct inspecting *inspecting)
{
    inspecting->list = json_array();
    if (!set(inspecting, "witnesses", inspecting->list))
        return TH_E_NO_MEMORY;
    int status = th_witness_files(&inspecting->site, take_witness, inspecting);
    (void)set(inspecting, "behind", json_boolean(inspecting->is_behind));
    return status;
}

/* The folder of another user, as root sees it, is not touched. */
static bool is_ours(const char *folder)
{
    const struct th_store_report silent = {folder, NULL};
    return th_folder_check_owner(&silent) == 0;
}

/*
 * What a daemon would say when it starts; asked only when none runs, by taking its place for a
 * moment. A copy without CHECKPOINT is refused for certain, and nothing is written into it.
 */
static void add_refusal(struct inspecting *inspecting)
{
    const struct th_store_options options = {0};
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    char path[TH_SITE_PATH_SIZE];
    struct th_store *store = NULL;
    if (json_is_true(json_object_get(inspecting->answer, "running")) ||
        th_site_path(&inspecting->site, TH_STORE_SIDE, path) < 0)
        return;
    int status = TH_E_CORRUPT;
    if (access(path, F_OK) != 0)
        (void)snprintf(problem, sizeof problem,
                       "không có tệp CHECKPOINT: là một bản sao, muốn chạy tiếp từ nó thì dùng "
                       "tonghop-aggregator recover");
    else if (access(inspecting->site.folder, W_OK) != 0 || !is_ours(inspecting->site.folder))
        return;
    else
        status = th_store_open(inspecting->site.folder, TH_STORE_WRITE, &options, problem, &store);
    if (status == 0)
        th_store_close(store);
    if (status == 0 || status == TH_E_BUSY)
        return;
    inspecting->is_refused = true;
    (void)set(inspecting, "refused",
              json_string(problem[0] == 0 ? th_status_text(status) : problem));
}

/* ---- the command ---- */

static int fill(struct inspecting *inspecting)
{
    int status = add_log(inspecting);
    if (status == 0)
        status = add_checkpoint(inspecting);
    if (status == 0)
        status = add_counts(inspecting);
    if (status == 0)
        status = add_clock(inspecting);
    if (status == 0)
        status = add_unsettled(inspecting);
    if (status == 0)
        status = add_usage(inspecting);
    if (status == 0)
        status = add_witnesses(inspecting);
    return status;
}

static int inspect(struct inspecting *inspecting)
{
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    const struct th_site *site = &inspecting->site;
    int status = th_store_open(site->folder, TH_STORE_READ, NULL, problem, &inspecting->store);
    if (status == TH_E_NOT_FOUND || status == TH_E_FORBIDDEN) { /* it says nothing of the store */
        th_cli_complain(site->err, "status",
                        status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT : NULL, "%s",
                        problem[0] == 0 ? site->folder : problem);
        return th_status_exit_code(status);
    }
    add_daemon(inspecting);
    add_page(inspecting);
    int opened = status;
    if (status == 0)
        status = th_view_open(inspecting->store, &inspecting->view);
    if (status == 0)
        status = fill(inspecting);
    (void)set(inspecting, "opened", json_boolean(opened == 0));
    if (status < 0)
        (void)set(inspecting, "problem",
                  json_string(problem[0] == 0 ? th_status_text(status) : problem));
    int scrubbed = add_scrub(inspecting);
    status = status == 0 ? scrubbed : status;
    if (inspecting->view != NULL)
        th_view_close(inspecting->view);
    th_store_close(inspecting->store);
    if (status < 0)
        return th_status_exit_code(status);
    add_refusal(inspecting);
    bool is_well = !inspecting->has_faults && !inspecting->is_behind && !inspecting->is_refused &&
                   !inspecting->is_full;
    return is_well ? EX_OK : EX_SOFTWARE;
}

int th_cli_status(int argc, char **argv, FILE *out, FILE *err)
{
    struct inspecting inspecting = {.site = {.command = "status", .out = out, .err = err}};
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &inspecting.site.as_json}};
    const struct th_cli_command command = {
        .name = "status",
        .operands = "DIR",
        .summary =
            "Tình trạng của kho. Mã thoát 0 khi tốt; 70 khi có chỗ hỏng, hoặc kho không ghi được.",
        .examples = "  tonghop-aggregator status /var/lib/tonghop/kho\n"
                    "  tonghop-aggregator status /var/lib/tonghop/kho --json\n",
        .options = options,
        .options_count = 1,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    inspecting.site.folder = operands[0];
    inspecting.answer = json_object();
    if (inspecting.answer == NULL)
        return EX_OSERR;
    int code = inspect(&inspecting);
    if (json_object_size(inspecting.answer) == 0) {
        json_decref(inspecting.answer);
        return th_cli_finish(out, err, code);
    }
    if (inspecting.site.as_json) {
        int failed = th_site_answer(&inspecting.site, inspecting.answer);
        return th_cli_finish(out, err, failed == EX_OK ? code : failed);
    }
    th_status_print(inspecting.answer, out);
    json_decref(inspecting.answer);
    return th_cli_finish(out, err, code);
}
