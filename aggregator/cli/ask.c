/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/ask.h"

#include "aggregator/cli/answerer.h"
#include "aggregator/cli/site.h"
#include "aggregator/contacts/contacts.h"
#include "aggregator/query/text.h"

#include <limits.h>
#include <string.h>
#include <sysexits.h>

/* ---- the line ---- */

size_t th_ask_options(unsigned mask, struct th_ask_line *line,
                      struct th_cli_option options[TH_CLI_OPTIONS_MAX])
{
    const struct {
        unsigned option;
        const char *name, *value_name, *help;
        const char **text;
        bool *flag;
    } all[] = {
        {TH_ASK_PLAN, "plan", "KẾ-HOẠCH", "mã kế hoạch", &line->plan, NULL},
        {TH_ASK_OBLIGATION, "period", "KỲ", "2025-H1, 2025 …", &line->period, NULL},
        {TH_ASK_OBLIGATION, "obligation", "MÃ", "khi kỳ có nhiều nghĩa vụ", &line->obligation,
         NULL},
        {TH_ASK_UNIT, "unit", "MÃ", "đơn vị; mặc định là cả địa bàn", &line->unit, NULL},
        {TH_ASK_MOMENT, "as-of", "LÚC", "như vào lúc đó; ngày là 00:00 giờ Việt Nam", &line->as_of,
         NULL},
        {TH_ASK_MOMENT, "position", "SỐ", "như sau chừng ấy bản ghi của nhật ký", &line->position,
         NULL},
        {TH_ASK_BRANCH, "branch", "NHÁNH", "all, communes (xã), bodies (sở, cơ quan)",
         &line->branch, NULL},
        {TH_ASK_NUMBER, "number", "SỐ", "báo cáo đột xuất thứ mấy", &line->number, NULL},
        {TH_ASK_REVISION, "revision", "SỐ", "bản thứ mấy; mặc định là bản cuối", &line->revision,
         NULL},
        {TH_ASK_STANDING, "standing", "TÌNH-TRẠNG",
         "chỉ đơn vị như vậy: missing, on_time, late, overdue …", &line->standing, NULL},
        {TH_ASK_STANDING, "missing", NULL, "chỉ đơn vị chưa báo cáo", NULL, &line->missing},
        {TH_ASK_STANDING, "late", NULL, "chỉ đơn vị báo cáo trễ", NULL, &line->late},
        {TH_ASK_STANDING, "summary", NULL, "chỉ số đếm theo từng huyện", NULL, &line->summary},
        {TH_ASK_SEARCH, "search", "CHỮ", "có chữ này, không cần dấu", &line->search, NULL},
        {TH_ASK_PARENT, "parent", "MÃ", "ngay dưới đơn vị này", &line->parent, NULL},
        {TH_ASK_KIND, "kind", "LOẠI", "đơn vị: xa, so …; mô hình: recognised …, hoặc lĩnh vực",
         &line->kind, NULL},
        {TH_ASK_INDICATOR, "indicator", "MÃ", "phần lời văn nào", &line->indicators, NULL},
        {TH_ASK_INDICATORS, "indicators", "MÃ,MÃ", "chỉ các chỉ tiêu này, theo thứ tự này",
         &line->indicators, NULL},
        {TH_ASK_LIMIT, "limit", "SỐ", "nhiều nhất chừng ấy dòng; mặc định là tất cả", &line->limit,
         NULL},
        {TH_ASK_AFTER, "after", "CHỖ", "đi tiếp sau chỗ này (\"more\" của lần trước)", &line->after,
         NULL},
        {TH_ASK_CLOSED_AT, "closed-at", "LÚC", "so với lần chốt nào; mặc định là lần cuối",
         &line->closed_at, NULL},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if ((mask & all[i].option) != 0)
            options[count++] = (struct th_cli_option){.name = all[i].name,
                                                      .value_name = all[i].value_name,
                                                      .help = all[i].help,
                                                      .text = all[i].text,
                                                      .flag = all[i].flag};
    options[count++] =
        (struct th_cli_option){.name = "json", .help = "in JSON", .flag = &line->as_json};
    return count;
}

static bool read_branch(const char *command, const char *word, FILE *err, enum th_branch *branch)
{
    static const char *const words[] = {"all", "communes", "bodies"};
    for (int i = 0; word != NULL && i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *branch = (enum th_branch)i;
            return true;
        }
    if (word != NULL)
        th_cli_complain(err, command, "all, communes hoặc bodies", "không có nhánh \"%s\"", word);
    return word == NULL;
}

static bool read_instant(const char *command, const char *text, FILE *err, bool *has,
                         th_instant *instant)
{
    *has = text != NULL;
    if (text == NULL || th_instant_parse(text, strlen(text), instant) == TH_OK)
        return true;
    th_cli_complain(err, command, "viết như 2025-05-10 hoặc 2025-05-10T17:00",
                    "không hiểu thời điểm \"%s\"", text);
    return false;
}

static bool read_number(const char *command, const char *text, const char *hint, int64_t max,
                        FILE *err, int64_t *number)
{
    if (text == NULL || th_text_parse_int(text, strlen(text), 1, max, number) == TH_OK)
        return true;
    th_cli_complain(err, command, hint, "số không đúng: \"%s\"", text);
    return false;
}

static bool read_numbers(const char *command, const struct th_ask_line *line, FILE *err,
                         struct th_query *query)
{
    int64_t number = 0, revision = 0, limit = 0, position = 0;
    if (!read_number(command, line->number, "số thứ tự của báo cáo đột xuất, từ 1",
                     TH_LIMIT_NUMBER_MAX, err, &number) ||
        !read_number(command, line->revision, "bản thứ mấy, từ 1", TH_LIMIT_REVISION_MAX, err,
                     &revision) ||
        !read_number(command, line->limit, "số dòng, từ 1 đến 20000", TH_QUERY_LIMIT_MAX, err,
                     &limit) ||
        !read_number(command, line->position, "số bản ghi của nhật ký, từ 1", INT64_MAX, err,
                     &position))
        return false;
    query->number = (uint32_t)number;
    query->revision = (uint32_t)revision;
    query->limit = (uint32_t)limit;
    query->has_position = line->position != NULL;
    query->position = (uint64_t)position;
    return true;
}

/* What no store can make up for is a wrong line. */
static bool is_whole(const char *command, unsigned mask, const struct th_ask_line *line, FILE *err)
{
    if (line->as_of != NULL && line->position != NULL) {
        th_cli_complain(err, command, "chọn một trong hai", "%s",
                        "--as-of và --position không đi cùng nhau");
        return false;
    }
    if ((mask & TH_ASK_OBLIGATION) != 0 && line->period == NULL && line->obligation == NULL) {
        th_cli_complain(err, command, "thêm --period KỲ (như 2025-H1) hoặc --obligation MÃ",
                        "chưa rõ hỏi về kỳ hay nghĩa vụ nào");
        return false;
    }
    return true;
}

bool th_ask_read(const char *command, unsigned mask, const struct th_ask_line *line, FILE *err,
                 struct th_query *query)
{
    if (line->missing + line->late + line->summary + (line->standing != NULL) > 1) {
        th_cli_complain(err, command, "chọn một trong số đó", "%s",
                        "--missing, --late và --summary không đi cùng nhau, "
                        "cũng không cùng --standing");
        return false;
    }
    if (!is_whole(command, mask, line, err))
        return false;
    query->plan = th_text_or_none(line->plan);
    query->period = th_text_or_none(line->period);
    query->obligation = th_text_or_none(line->obligation);
    query->unit = th_text_or_none(line->unit);
    query->standing = th_text_or_none(line->missing ? "missing"
                                      : line->late  ? "late"
                                                    : line->standing);
    query->search = th_text_or_none(line->search);
    query->parent = th_text_or_none(line->parent);
    query->kind = th_text_or_none(line->kind);
    query->indicators = th_text_or_none(line->indicators);
    query->after = th_text_or_none(line->after);
    return read_branch(command, line->branch, err, &query->branch) &&
           read_instant(command, line->as_of, err, &query->has_as_of, &query->as_of) &&
           read_instant(command, line->closed_at, err, &query->has_closed_at, &query->closed_at) &&
           read_numbers(command, line, err, query);
}

/* ---- the store ---- */

struct ask {
    const struct th_query *query;
    const struct th_contacts *contacts;
    th_ask_fn *fn;
    void *context;
    struct th_query_problem problem;
};

static int ask_store(struct ask *ask, struct th_store *store)
{
    struct th_view *view;
    struct th_query_context context;
    struct th_query_asking asking;
    int status = th_view_open(store, &view);
    if (status != TH_OK)
        return status;
    status = th_answerer_time(store, view, &asking);
    if (status == TH_OK)
        status = th_query_context_open(view, &context);
    if (status == TH_OK) {
        json_t *answer;
        asking.contacts = ask->contacts;
        status = th_query_answer(&context, view, ask->query, &asking, &ask->problem, &answer);
        if (status == TH_OK) {
            status = ask->fn(ask->context, &context, answer);
            json_decref(answer);
        }
        th_query_context_close(&context);
    }
    th_view_close(view);
    return status;
}

static int open_and_ask(const char *command, const char *folder, struct ask *ask, FILE *err)
{
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    struct th_store *store;
    int status = th_store_open(folder, TH_STORE_READ, NULL, problem, &store);
    if (status != TH_OK) {
        const char *hint = status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT : NULL;
        if (problem[0] != '\0') /* it names the folder */
            th_cli_complain(err, command, hint, "%s", problem);
        else
            th_cli_complain(err, command, hint, "%s: %s", folder, th_status_text(status));
        return th_status_exit_code(status);
    }
    status = ask_store(ask, store);
    th_store_close(store);
    if (status == TH_E_CORRUPT)
        th_cli_complain(err, command, "dừng máy chủ, khôi phục từ bản sao lưu rồi hỏi lại",
                        "%s: %s", folder, th_status_text(status));
    else if (status != TH_OK)
        th_cli_complain(err, command, th_query_hint(&ask->problem), "%s",
                        ask->problem.text[0] != '\0' ? ask->problem.text : th_status_text(status));
    return status == TH_OK ? EX_OK : th_status_exit_code(status);
}

/* With the contacts of the folder. */
static int ask_with_contacts(const char *command, const char *folder, struct ask *ask, FILE *err)
{
    char path[PATH_MAX];
    struct th_problems problems;
    struct th_contacts contacts;
    th_problems_init(&problems);
    (void)snprintf(path, sizeof path, "%s/%s", folder, TH_CONTACTS_FILE);
    int status = th_contacts_read(path, &problems, &contacts);
    int code = EX_OK;
    if (status != TH_OK) {
        if (th_problems_print(&problems, err) != TH_OK || th_problems_total(&problems) == 0)
            th_cli_complain(err, command, NULL, "%s", th_status_text(status));
        code = th_status_exit_code(status);
    } else {
        ask->contacts = &contacts;
        code = open_and_ask(command, folder, ask, err);
        th_contacts_deinit(&contacts);
    }
    th_problems_deinit(&problems);
    return code;
}

int th_ask(const char *command, const char *folder, const struct th_query *query, th_ask_fn *fn,
           void *context, FILE *out, FILE *err)
{
    struct ask ask = {.query = query, .fn = fn, .context = context};
    int code = query->what == TH_QUERY_CHASING ? ask_with_contacts(command, folder, &ask, err)
                                               : open_and_ask(command, folder, &ask, err);
    return th_cli_finish(out, err, code);
}

int th_ask_print_json(const json_t *answer, FILE *out)
{
    int dumped = json_dumpf(answer, out, JSON_INDENT(2));
    return dumped == 0 && fputc('\n', out) != EOF ? TH_OK : TH_E_IO;
}
