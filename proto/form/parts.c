/* SPDX-License-Identifier: Apache-2.0 */
/* Task progress, "Dân vận khéo" models, and attached files. */
#include "proto/form/reader.h"
#include "proto/form/words.h"

#include "base/errno_text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_empty_but(const struct th_form_node *map, const char *key)
{
    for (const struct th_form_node *child = map->first; child != NULL; child = child->next)
        if (!th_form_node_is_left_out(child) && strcmp(child->key, key) != 0)
            return false;
    return true;
}

static bool has_doubt(const struct th_form_node *map)
{
    for (const struct th_form_node *child = map->first; child != NULL; child = child->next)
        if (child->is_doubtful)
            return true;
    return false;
}

static bool read_words(struct th_form_reader *reader, const struct th_form_node *map,
                       const char *key, const struct th_form_words *words, int *ret_value)
{
    const struct th_form_node *node = th_form_node_get(map, key);
    char offer[TH_FORM_OFFER_SIZE], hint[TH_FORM_OFFER_SIZE + 32], text[TH_TEXT_EXCERPT_SIZE];
    (void)snprintf(hint, sizeof hint, "ghi một trong: %s", th_form_words_offer(words, offer));
    if (th_form_node_is_left_out(node))
        th_form_complain(reader, node == NULL ? map : node, hint, "thiếu \"%s\"", key);
    else if (!th_form_is(reader, node, TH_FORM_SCALAR))
        return false;
    else if (th_form_words_find(words, node->text, ret_value))
        return true;
    else
        th_form_complain(reader, node, hint, "\"%s\" không thể là \"%s\"", key,
                         th_text_excerpt(node->text.bytes, node->text.size, text));
    return false;
}

/* ---- tasks ---- */

/* What a state says about the percentage when the form does not. */
static bool implied_percent(enum th_task_status status, uint32_t *ret_percent)
{
    if (status == TH_TASK_IN_PROGRESS)
        return false;
    *ret_percent = status == TH_TASK_DONE ? 100 : 0;
    return true;
}

static bool read_task(struct th_form_reader *reader, const struct th_form_node *map,
                      struct th_task_progress *ret_task)
{
    struct th_task_progress task = {.note = {"", 0}};
    int64_t number = 0, percent = 0;
    int status = 0;
    size_t before = reader->problems_found;
    TH_FORM_KEYS(reader, map, "no", "status", "percent", "note");
    if (is_empty_but(map, "no"))
        return false;
    if (th_form_int(reader, map, "no", 1, UINT16_MAX, &number)) {
        if (!th_plan_has_task(reader->plan, number))
            th_form_complain(reader, map, "xem số nhiệm vụ trong biểu mẫu",
                             "kế hoạch không có nhiệm vụ số %lld", (long long)number);
    } else if (reader->problems_found == before &&
               th_form_node_is_left_out(th_form_node_get(map, "no"))) {
        th_form_complain(reader, map, "ghi số nhiệm vụ, như trong biểu mẫu", "thiếu \"no\"");
    }
    task.task = (uint32_t)number;
    bool has_status = read_words(reader, map, "status", &th_form_task_words, &status);
    task.status = has_status ? (enum th_task_status)status : TH_TASK_IN_PROGRESS;
    const struct th_form_node *node = th_form_node_get(map, "percent");
    if (th_form_int(reader, map, "percent", 0, 100, &percent))
        task.percent = (uint32_t)percent;
    else if (th_form_node_is_left_out(node) && has_status &&
             !implied_percent(task.status, &task.percent))
        th_form_complain(reader, node == NULL ? map : node, "ghi số từ 0 đến 100",
                         "nhiệm vụ %lld đang làm nhưng thiếu \"percent\"", (long long)number);
    (void)th_form_text(reader, map, "note", TH_TEXT_LINES, TH_LIMIT_NOTE_SIZE_MAX, &task.note);
    th_form_remember(reader, map, "task.%lld", (long long)number);
    for (node = map->first; node != NULL; node = node->next)
        th_form_remember(reader, node, "task.%lld.%s", (long long)number, node->key);
    *ret_task = task;
    return reader->problems_found == before && !has_doubt(map);
}

/* Puts a task where it belongs, so that numbers ascend; the forms' order is free. */
static void insert_task(struct th_form_reader *reader, struct th_task_progress *tasks,
                        const struct th_task_progress *task, const struct th_form_node *node)
{
    size_t at = reader->report.tasks_count;
    for (size_t i = 0; i < at; i++)
        if (tasks[i].task == task->task) {
            th_form_complain(reader, node, "giữ một chỗ, xóa chỗ kia", "nhiệm vụ %u lặp lại",
                             task->task);
            return;
        }
    for (; at > 0 && tasks[at - 1].task > task->task; at--)
        tasks[at] = tasks[at - 1];
    tasks[at] = *task;
    reader->report.tasks_count++;
}

/* The list of a key; 0 when it is absent, bad, or longer than `count_max`. */
static size_t list_of(struct th_form_reader *reader, const struct th_form_node *root,
                      const char *key, size_t count_max, const struct th_form_node **ret_list)
{
    const struct th_form_node *list = th_form_node_get(root, key);
    if (!th_form_is(reader, list, TH_FORM_LIST))
        return 0;
    if (list->count > count_max) {
        th_form_complain(reader, list, "bỏ bớt", "\"%s\" có %zu mục, nhiều nhất %zu", key,
                         list->count, count_max);
        return 0;
    }
    *ret_list = list;
    return list->count;
}

void th_form_read_tasks(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_form_node *list = NULL;
    size_t count = list_of(reader, root, "tasks", TH_LIMIT_TASKS_MAX, &list);
    struct th_task_progress *tasks = th_form_alloc(reader, count, sizeof *tasks);
    if (count == 0 || tasks == NULL)
        return;
    for (const struct th_form_node *node = list->first; node != NULL; node = node->next) {
        struct th_task_progress task;
        if (th_form_is(reader, node, TH_FORM_MAP) && read_task(reader, node, &task))
            insert_task(reader, tasks, &task, node);
    }
    reader->report.tasks = tasks;
}

/* ---- models ---- */

static bool read_showcase(struct th_form_reader *reader, const struct th_form_node *map,
                          struct th_showcase *ret_showcase)
{
    struct th_showcase showcase = {.name = {"", 0}, .field = {"", 0}, .summary = {"", 0}};
    size_t before = reader->problems_found;
    int stage = 0;
    TH_FORM_KEYS(reader, map, "name", "field", "stage", "summary");
    if (is_empty_but(map, ""))
        return false;
    const char *const keys[] = {"name", "field"};
    struct th_text *const texts[] = {&showcase.name, &showcase.field};
    for (size_t i = 0; i < 2; i++) {
        const struct th_form_node *node = th_form_node_get(map, keys[i]);
        if (th_form_node_is_left_out(node))
            th_form_complain(reader, node == NULL ? map : node, "ghi tên và lĩnh vực của mô hình",
                             "mô hình thiếu \"%s\"", keys[i]);
        else
            (void)th_form_text(reader, map, keys[i], TH_TEXT_ONE_LINE, TH_LIMIT_NAME_SIZE_MAX,
                               texts[i]);
    }
    if (read_words(reader, map, "stage", &th_form_stage_words, &stage))
        showcase.stage = (enum th_showcase_stage)stage;
    (void)th_form_text(reader, map, "summary", TH_TEXT_LINES, TH_LIMIT_NOTE_SIZE_MAX,
                       &showcase.summary);
    *ret_showcase = showcase;
    return reader->problems_found == before;
}

void th_form_read_showcases(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_form_node *list = NULL;
    size_t count = list_of(reader, root, "models", TH_LIMIT_SHOWCASES_MAX, &list);
    struct th_showcase *showcases = th_form_alloc(reader, count, sizeof *showcases);
    if (count == 0 || showcases == NULL)
        return;
    for (const struct th_form_node *node = list->first; node != NULL; node = node->next) {
        struct th_showcase showcase;
        if (!th_form_is(reader, node, TH_FORM_MAP) || !read_showcase(reader, node, &showcase))
            continue;
        th_form_remember(reader, node, "model.%zu", reader->report.showcases_count + 1);
        showcases[reader->report.showcases_count++] = showcase;
    }
    reader->report.showcases = showcases;
}

/* ---- attachments ---- */

static const char *media_type_of(const char *name)
{
    static const char *const types[][2] = {
        {".pdf", "application/pdf"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".doc", "application/msword"},
        {".xls", "application/vnd.ms-excel"},
        {".odt", "application/vnd.oasis.opendocument.text"},
        {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".png", "image/png"},
        {".zip", "application/zip"},
        {".csv", "text/csv"},
        {".txt", "text/plain"},
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(ending, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* Digest and size of a regular file, read once. 0 or an errno. */
static int digest_file(const char *path, struct th_attachment *attachment)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return errno;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    uint8_t piece[65536];
    uint64_t size = 0;
    ssize_t got = 0;
    int failure = fstat(file, &about) != 0 ? errno : S_ISREG(about.st_mode) ? 0 : EISDIR;
    while (failure == 0 && (got = read(file, piece, sizeof piece)) != 0) {
        if (got < 0 && errno != EINTR)
            failure = errno;
        if (got > 0) {
            crypto_hash_sha256_update(&state, piece, (unsigned long long)got);
            size += (uint64_t)got;
        }
    }
    (void)close(file);
    if (failure == 0) {
        crypto_hash_sha256_final(&state, attachment->digest.bytes);
        attachment->size = size;
    }
    return failure;
}

/* From the form's own folder, unless the path starts at the root. */
static const char *path_of(struct th_form_reader *reader, struct th_text path)
{
    const char *slash = strrchr(reader->file, '/');
    size_t folder = path.bytes[0] == '/' || slash == NULL ? 0 : (size_t)(slash + 1 - reader->file);
    char *full = th_form_alloc(reader, folder + path.size + 1, 1);
    if (full == NULL)
        return NULL;
    memcpy(full, reader->file, folder);
    memcpy(full + folder, path.bytes, path.size + 1);
    return full;
}

static bool read_attachment(struct th_form_reader *reader, const struct th_form_node *node,
                            struct th_attachment *ret_attachment)
{
    const char *path = path_of(reader, node->text);
    if (path == NULL)
        return false;
    const char *slash = strrchr(node->text.bytes, '/');
    const char *name = slash == NULL ? node->text.bytes : slash + 1;
    struct th_attachment attachment = {.name = {name, strlen(name)}};
    size_t offset;
    if (attachment.name.size == 0 || attachment.name.size > TH_LIMIT_NAME_SIZE_MAX ||
        th_text_find_forbidden(name, attachment.name.size, TH_TEXT_ONE_LINE, &offset)) {
        th_form_complain(reader, node, "ghi đường dẫn của một tệp; tên tệp ngắn và trên một dòng",
                         "tên tệp đính kèm không hợp lệ");
        return false;
    }
    const char *type = media_type_of(name);
    attachment.media_type = th_text_of(type);
    char cause[TH_ERRNO_TEXT_SIZE];
    int failure = digest_file(path, &attachment);
    if (failure != 0) {
        th_form_complain(reader, node, "đường dẫn tính từ thư mục của biểu; tệp phải có ở đó",
                         "không đọc được tệp đính kèm \"%s\": %s", path,
                         th_errno_text(failure, cause));
        return false;
    }
    *ret_attachment = attachment;
    return true;
}

void th_form_read_attachments(struct th_form_reader *reader, const struct th_form_node *root)
{
    const struct th_form_node *list = NULL;
    size_t count = list_of(reader, root, "attachments", TH_LIMIT_ATTACHMENTS_MAX, &list);
    struct th_attachment *attachments = th_form_alloc(reader, count, sizeof *attachments);
    if (count == 0 || attachments == NULL)
        return;
    for (const struct th_form_node *node = list->first; node != NULL; node = node->next) {
        struct th_attachment *attachment = &attachments[reader->report.attachments_count];
        if (!th_form_is(reader, node, TH_FORM_SCALAR) || !read_attachment(reader, node, attachment))
            continue;
        reader->report.attachments_count++;
        th_form_remember(reader, node, "attachment.%zu", reader->report.attachments_count);
    }
    reader->report.attachments = attachments;
}
