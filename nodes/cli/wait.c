/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/wait.h"

#include "base/options.h"
#include "nodes/cli/runner.h"
#include "nodes/cli/words.h"
#include "nodes/home/home.h"
#include "nodes/home/lock.h"
#include "nodes/shell/loop.h"

#include <inttypes.h>
#include <sysexits.h>
#include <time.h>

#define LOOK_EVERY_NS 100000000L

static bool all_settled(struct th_outbox *outbox, const struct th_wait *wait)
{
    for (size_t i = 0; i < wait->ids_count; i++) {
        struct th_outbox_item item;
        if (th_outbox_get(outbox, wait->ids[i], &item) != 0 || item.state == TH_ITEM_QUEUED ||
            item.state == TH_ITEM_SENT)
            return false;
    }
    return true;
}

/* Another process runs the node: it writes what it learns into the outbox. */
static int watch(const struct th_wait *wait, struct th_outbox *outbox)
{
    int64_t end_ms = th_loop_now_ms() + wait->timeout_ms;
    while (!all_settled(outbox, wait)) {
        if (th_loop_now_ms() >= end_ms)
            return TH_E_TIMEOUT;
        struct timespec pause = {0, LOOK_EVERY_NS};
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

static int open_outbox(const struct th_wait *wait, struct th_outbox **ret_outbox)
{
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_path(wait->folder, "outbox", path);
    return status == 0 ? th_outbox_open(path, 0, ret_outbox) : status;
}

static int wait_until_settled(const struct th_wait *wait)
{
    long owner;
    if (th_home_is_running(wait->folder, &owner)) {
        struct th_outbox *outbox;
        int status = open_outbox(wait, &outbox);
        if (status != 0)
            return status;
        status = watch(wait, outbox);
        th_outbox_close(outbox);
        return status;
    }
    char *folders[] = {(char *)(uintptr_t)wait->folder};
    const struct th_runner_options run = {.command = wait->command,
                                          .folders = folders,
                                          .folders_count = 1,
                                          .goal = TH_RUNNER_UNTIL_ITEM,
                                          .items = wait->ids,
                                          .items_count = wait->ids_count,
                                          .timeout_ms = wait->timeout_ms,
                                          .voice = TH_RUNNER_QUIET,
                                          .out = wait->out,
                                          .err = wait->err};
    return th_runner_run(&run);
}

static int add_reasons(struct th_outbox *outbox, uint64_t id, json_t *file)
{
    struct th_arena arena;
    struct th_outbox_detail detail;
    th_arena_init(&arena, 4096, 4 * TH_LIMIT_FRAME_SIZE_MAX);
    int status = th_outbox_get_detail(outbox, id, &arena, &detail);
    if (status == 0) {
        int failed = json_object_set_new(
            file, "reasons", th_words_json_reasons(detail.reasons, detail.reasons_count));
        failed |= json_object_set_new(
            file, "warnings", th_words_json_reasons(detail.warnings, detail.warnings_count));
        status = failed == 0 ? 0 : TH_E_NO_MEMORY;
    }
    th_arena_deinit(&arena);
    return status;
}

static int update_json(struct th_outbox *outbox, json_t *files, const struct th_outbox_item *item)
{
    for (size_t i = 0; i < json_array_size(files); i++) {
        json_t *file = json_array_get(files, i);
        if (json_integer_value(json_object_get(file, "id")) != (json_int_t)item->id)
            continue;
        json_t *now = th_words_json_item(item);
        int failed = now == NULL ? -1 : json_object_update(file, now);
        json_decref(now);
        return failed == 0 ? add_reasons(outbox, item->id, file) : TH_E_NO_MEMORY;
    }
    return 0;
}

static void print_item(struct th_outbox *outbox, const struct th_outbox_item *item,
                       const char *folder, FILE *out)
{
    (void)fprintf(out, "mục %" PRIu64 ": %s", item->id, th_item_state_text(item->state));
    char time[TH_SPOKEN_TEXT_SIZE];
    if (item->has_position)
        (void)fprintf(out, " lúc %s, vị trí %" PRIu64,
                      th_instant_format_spoken(item->received_at, time), item->position);
    if (item->has_timeliness)
        (void)fprintf(out, ", %s", th_timeliness_text(item->timeliness));
    (void)fputc('\n', out);
    struct th_arena arena;
    struct th_outbox_detail detail;
    th_arena_init(&arena, 4096, 4 * TH_LIMIT_FRAME_SIZE_MAX);
    if (th_outbox_get_detail(outbox, item->id, &arena, &detail) == 0)
        th_words_print_answer(item, &detail, folder, out);
    th_arena_deinit(&arena);
}

static int exit_code_of(enum th_item_state state)
{
    switch (state) {
    case TH_ITEM_RECEIVED:
        return EX_OK;
    case TH_ITEM_QUEUED:
    case TH_ITEM_SENT:
        return EX_TEMPFAIL;
    case TH_ITEM_CONFLICT:
        return EX_CANTCREAT; /* as when the node itself knows the other content */
    case TH_ITEM_REJECTED:
    case TH_ITEM_DAMAGED:
        return EX_DATAERR;
    }
    return EX_SOFTWARE;
}

int th_wait_for_answers(const struct th_wait *wait)
{
    int status = wait_until_settled(wait);
    if (status != 0 && status != TH_E_TIMEOUT)
        return th_status_exit_code(status);
    int code = status == TH_E_TIMEOUT ? EX_TEMPFAIL : EX_OK;
    struct th_outbox *outbox = NULL;
    status = open_outbox(wait, &outbox);
    for (size_t i = 0; status == 0 && i < wait->ids_count; i++) {
        struct th_outbox_item item;
        status = th_outbox_get(outbox, wait->ids[i], &item);
        if (status != 0)
            break;
        if (wait->files != NULL)
            status = update_json(outbox, wait->files, &item);
        else
            print_item(outbox, &item, wait->folder, wait->out);
        if (code == EX_OK)
            code = exit_code_of(item.state);
    }
    if (status != 0)
        th_cli_complain(wait->err, wait->command, NULL, "không đọc được hộp thư đi: %s",
                        th_status_text(status));
    th_outbox_close(outbox);
    return status == 0 ? code : th_status_exit_code(status);
}
