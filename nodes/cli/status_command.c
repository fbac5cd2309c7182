/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"

#include "base/options.h"
#include "base/text.h"
#include "nodes/cli/choice.h"
#include "nodes/cli/held.h"
#include "nodes/cli/words.h"
#include "nodes/home/lock.h"
#include "proto/tlog/hash.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#define NAME         "status"
#define ARENA_BYTES  ((size_t)64 * 1024)
#define BUDGET_BYTES ((size_t)256 * 1024 * 1024)

struct view {
    const struct th_home *home;
    struct th_outbox *outbox;
    struct th_arena *arena;
    const struct th_outbox_item *items;
    const struct th_notice *notices;
    size_t items_count, notices_count, bad_count;
    struct th_held held;
    bool is_running;
    long owner; /* its pid */
};

static int load(struct view *view)
{
    int status = th_outbox_list(view->outbox, view->arena, &view->items, &view->items_count,
                                &view->bad_count);
    if (status == 0)
        status =
            th_outbox_get_notices(view->outbox, view->arena, &view->notices, &view->notices_count);
    if (status == 0)
        status = th_held_survey(view->home, view->outbox, view->arena, &view->held);
    view->is_running = th_home_is_running(view->home->folder, &view->owner);
    return status;
}

/* ---- text ---- */

static bool is_text(struct th_text text, const char *other)
{
    return text.size == strlen(other) && memcmp(text.bytes, other, text.size) == 0;
}

static void print_way(const struct view *view, const struct th_outbox_item *item, FILE *out)
{
    const struct th_outbox_change *changes;
    size_t count;
    if (th_outbox_get_history(view->outbox, item->id, view->arena, &changes, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        char time[TH_SPOKEN_TEXT_SIZE];
        (void)fprintf(out, "    %s  %s\n", th_instant_format_spoken(changes[i].time, time),
                      changes[i].is_readmission ? "nhận lại"
                                                : th_item_state_text(changes[i].state));
    }
}

/* A later item is of the same report, so that this one is history. Asked of what was not taken,
 * which is little; items are by id. */
static bool is_superseded(const struct view *view, const struct th_outbox_item *item)
{
    const struct th_outbox_item *end = view->items + view->items_count;
    if (item->state != TH_ITEM_CONFLICT && item->state != TH_ITEM_REJECTED)
        return false;
    for (const struct th_outbox_item *other = item + 1; other < end; other++)
        if (other->number == item->number && strcmp(other->plan, item->plan) == 0 &&
            strcmp(other->obligation, item->obligation) == 0)
            return true;
    return false;
}

static int print_detail(const struct view *view, const struct th_outbox_item *item, FILE *out)
{
    const struct th_outbox_detail none = {0};
    const char *folder = is_superseded(view, item) ? NULL : view->home->folder;
    struct th_outbox_detail detail;
    int status = th_outbox_get_detail(view->outbox, item->id, view->arena, &detail);
    if (status == 0) {
        th_words_print_answer(item, &detail, folder, out);
    } else if (status == TH_E_CORRUPT) {
        (void)fprintf(out, "    biên nhận bị hỏng trên đĩa; lần chạy tới sẽ tự lấy lại\n");
        th_words_print_answer(item, &none, folder, out);
        status = 0;
    }
    return status;
}

static int print_item(const struct view *view, const struct th_outbox_item *item, FILE *out)
{
    const struct th_obligation *obligation =
        th_home_find_obligation(view->home, item->plan, item->obligation);
    (void)fprintf(out, "\nMục %" PRIu64 "  %s  %s", item->id, item->plan, item->obligation);
    if (item->number > 0)
        (void)fprintf(out, "  số %" PRIu32, item->number);
    (void)fprintf(out, "  lần %" PRIu32 ": %s\n", item->revision, th_item_state_text(item->state));
    if (obligation != NULL)
        (void)fprintf(out, "    %s\n", obligation->title);
    print_way(view, item, out);
    char time[TH_SPOKEN_TEXT_SIZE];
    if (item->has_position)
        (void)fprintf(out, "    biên nhận%s: vị trí %" PRIu64 ", nơi nhận ghi %s",
                      view->home->server.mode == TH_MODE_REHEARSAL ? " DIỄN TẬP" : "",
                      item->position, th_instant_format_spoken(item->received_at, time));
    if (item->has_position && item->has_timeliness)
        (void)fprintf(out, ", %s", th_timeliness_text(item->timeliness));
    if (item->has_position)
        (void)fputc('\n', out);
    if (item->is_readmitted)
        (void)fprintf(out, "    nhận lại vào sổ mới: vị trí %" PRIu64 ", nơi nhận ghi %s\n",
                      item->again_position, th_instant_format_spoken(item->again_at, time));
    if (view->held.waiting > 0 && th_held_waits(view->home, view->outbox, item, view->arena))
        (void)fprintf(out, "    sổ của nơi nhận không còn mục này: lần chạy tới tự gửi lại kèm "
                           "biên nhận\n");
    return print_detail(view, item, out);
}

static bool is_alarm(enum th_notice_kind kind)
{
    return kind == TH_NOTICE_EVIDENCE || kind == TH_NOTICE_STRANGER ||
           kind == TH_NOTICE_SET_ASIDE || kind == TH_NOTICE_FAILURE;
}

/* The first item that was received of what a reminder asks for; 0: none was. */
static uint64_t answered_by(const struct view *view, const struct th_notice *notice)
{
    for (size_t i = 0; notice->kind == TH_NOTICE_REMINDER && i < view->items_count; i++) {
        const struct th_outbox_item *item = &view->items[i];
        if (item->state == TH_ITEM_RECEIVED && is_text(notice->plan, item->plan) &&
            is_text(notice->obligation, item->obligation))
            return item->id;
    }
    return 0;
}

static void print_notices(const struct view *view, bool alarms, const char *title, FILE *out)
{
    bool has_title = false;
    for (size_t i = 0; i < view->notices_count; i++) {
        const struct th_notice *notice = &view->notices[i];
        if (is_alarm(notice->kind) != alarms)
            continue;
        if (!has_title)
            (void)fprintf(out, "\n%s\n", title);
        has_title = true;
        char time[TH_SPOKEN_TEXT_SIZE];
        (void)fprintf(out, "    %s  %.*s", th_instant_format_spoken(notice->time, time),
                      (int)notice->text.size, notice->text.bytes);
        if (notice->kind == TH_NOTICE_REMINDER)
            (void)fprintf(out, " (%.*s)", (int)notice->obligation.size, notice->obligation.bytes);
        uint64_t answered = answered_by(view, notice);
        if (answered > 0)
            (void)fprintf(out, " Từ đó đã nhận: mục %" PRIu64 ".", answered);
        (void)fputc('\n', out);
    }
}

static int print_text(const struct view *view, FILE *out)
{
    const struct th_home *home = view->home;
    const char *prefix = th_unit_kind_prefix(home->unit->kind);
    (void)fprintf(out, "Đơn vị %s %s%s%s, nơi nhận %s%s\n", home->unit_code, prefix,
                  prefix[0] == '\0' ? "" : " ", home->unit->name, home->server.address,
                  home->server.mode == TH_MODE_REHEARSAL ? " (DIỄN TẬP)" : "");
    char word[TH_TEXT_WORD_SIZE];
    if (view->is_running)
        (void)fprintf(out, "Đang chạy (tiến trình %ld).\n", view->owner);
    else
        (void)fprintf(out, "Không chạy; gửi và nhận bằng: %s run %s\n", TH_CLI_PROGRAM,
                      th_text_word(home->folder, word));
    (void)fprintf(out, "Sổ của nơi nhận: %s\n", th_home_log(home));
    if (view->held.waiting > 0 || view->held.readmitted > 0)
        (void)fprintf(out, "Nơi nhận đã khôi phục kho: %zu mục cần gửi lại, %zu mục đã nhận lại.\n",
                      view->held.waiting, view->held.readmitted);
    if (view->bad_count > 0)
        (void)fprintf(out, "CẢNH BÁO: %zu bản ghi bị hỏng trên đĩa; lần chạy tới sẽ để riêng.\n",
                      view->bad_count);
    print_notices(view, true, "CẢNH BÁO", out);
    if (view->items_count == 0)
        (void)fprintf(out, "\nChưa nộp báo cáo nào.\n");
    for (size_t i = 0; i < view->items_count; i++) {
        int status = print_item(view, &view->items[i], out);
        if (status != 0)
            return status;
    }
    print_notices(view, false, "Nhắc việc và thông báo", out);
    return 0;
}

/* ---- JSON ---- */

static json_t *history_json(const struct view *view, const struct th_outbox_item *item)
{
    const struct th_outbox_change *changes = NULL;
    size_t count = 0;
    if (th_outbox_get_history(view->outbox, item->id, view->arena, &changes, &count) != 0)
        return NULL;
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        json_t *change = json_object();
        failed |= json_object_set_new(change, "time", th_words_json_instant(changes[i].time));
        failed |=
            json_object_set_new(change, "state", json_string(th_item_state_word(changes[i].state)));
        failed |= json_object_set_new(change, "attempts", json_integer(changes[i].attempts));
        if (changes[i].is_readmission)
            failed |= json_object_set_new(change, "readmission", json_true());
        failed |= json_array_append_new(list, change);
    }
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static int add_item_json(const struct view *view, const struct th_outbox_item *item, json_t *items)
{
    struct th_outbox_detail detail;
    int status = th_outbox_get_detail(view->outbox, item->id, view->arena, &detail);
    if (status != 0 && status != TH_E_CORRUPT)
        return status;
    json_t *object = th_words_json_item(item);
    int failed = json_object_set_new(object, "history", history_json(view, item));
    failed |= json_object_set_new(object, "has_receipt",
                                  json_boolean(status == 0 && detail.receipt.size > 0));
    if (status == 0) {
        failed |= json_object_set_new(object, "reasons",
                                      th_words_json_reasons(detail.reasons, detail.reasons_count));
        failed |= json_object_set_new(
            object, "warnings", th_words_json_reasons(detail.warnings, detail.warnings_count));
    }
    failed |= json_array_append(items, object);
    json_decref(object);
    return failed ? TH_E_NO_MEMORY : 0;
}

static json_t *notice_json(const struct th_notice *notice)
{
    static const char *const words[] = {"",         "reminder",  "plan",    "units",  "evidence",
                                        "stranger", "set_aside", "failure", "log_key"};
    size_t kind = (size_t)notice->kind;
    json_t *object = json_object();
    int failed = json_object_set_new(
        object, "kind", json_string(kind < sizeof words / sizeof words[0] ? words[kind] : ""));
    failed |= json_object_set_new(object, "time", th_words_json_instant(notice->time));
    failed |= json_object_set_new(object, "text", th_words_json_text(notice->text));
    if (notice->kind == TH_NOTICE_REMINDER) {
        failed |= json_object_set_new(object, "due", th_words_json_instant(notice->due));
        failed |= json_object_set_new(object, "obligation", th_words_json_text(notice->obligation));
    }
    if (notice->plan.size > 0)
        failed |= json_object_set_new(object, "plan", th_words_json_text(notice->plan));
    if (notice->item > 0)
        failed |= json_object_set_new(object, "item", json_integer((json_int_t)notice->item));
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static int print_json(const struct view *view, FILE *out)
{
    const struct th_home *home = view->home;
    json_t *root = json_object(), *items = json_array(), *notices = json_array();
    int failed = json_object_set_new(root, "unit", json_string(home->unit_code));
    int status = 0;
    failed |= json_object_set_new(root, "realm", json_string(home->server.realm));
    failed |= json_object_set_new(
        root, "mode", json_string(home->server.mode == TH_MODE_LIVE ? "live" : "rehearsal"));
    failed |= json_object_set_new(root, "address", json_string(home->server.address));
    failed |= json_object_set_new(root, "running", json_boolean(view->is_running));
    failed |= json_object_set_new(root, "log", json_string(th_home_log(home)));
    failed |= json_object_set_new(root, "to_readmit", json_integer((json_int_t)view->held.waiting));
    failed |=
        json_object_set_new(root, "readmitted", json_integer((json_int_t)view->held.readmitted));
    failed |= json_object_set_new(root, "damaged", json_integer((json_int_t)view->bad_count));
    for (size_t i = 0; status == 0 && i < view->items_count; i++)
        status = add_item_json(view, &view->items[i], items);
    for (size_t i = 0; i < view->notices_count; i++)
        failed |= json_array_append_new(notices, notice_json(&view->notices[i]));
    failed |= json_object_set_new(root, "items", items);
    failed |= json_object_set_new(root, "notices", notices);
    if (status == 0 && !failed)
        failed = json_dumpf(root, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)fputc('\n', out);
    json_decref(root);
    return status == 0 && failed ? TH_E_NO_MEMORY : status;
}

static int show(const struct th_home *home, bool as_json, FILE *out, FILE *err)
{
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BYTES, BUDGET_BYTES);
    struct view view = {.home = home, .arena = &arena};
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_path(home->folder, "outbox", path);
    if (status == 0)
        status = th_outbox_open(path, 0, &view.outbox);
    if (status == 0)
        status = load(&view);
    if (status == 0 && as_json)
        status = print_json(&view, out);
    else if (status == 0)
        status = print_text(&view, out);
    if (status != 0)
        th_cli_complain(err, NAME, th_cli_outbox_hint(status), "%s: %s", path,
                        th_status_text(status));
    th_outbox_close(view.outbox);
    th_arena_deinit(&arena);
    return status == 0 ? EX_OK : th_status_exit_code(status);
}

int th_cli_status(int argc, char **argv, FILE *out, FILE *err)
{
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Đường đi của từng báo cáo: chờ gửi, đã gửi, đã nhận, bị từ chối; nhắc việc.",
        .examples = "  " TH_CLI_PROGRAM " status nut\n  " TH_CLI_PROGRAM " status nut --json\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    struct th_home home;
    int status = th_cli_open_home(NAME, operands[0], &home, err);
    if (status != 0)
        return th_status_exit_code(status);
    int code = show(&home, as_json, out, err);
    th_home_close(&home);
    return th_cli_finish(out, err, code);
}
