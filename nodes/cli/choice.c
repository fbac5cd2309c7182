/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/choice.h"

#include "base/options.h"

#include <string.h>

const char *th_cli_outbox_hint(int status)
{
    switch (status) {
    case TH_E_STORAGE:
        return "giải phóng chỗ trên đĩa rồi chạy lại";
    case TH_E_FORBIDDEN:
        return "kiểm tra quyền của thư mục; nếu ổ đĩa, USB chỉ cho đọc thì chép cả thư mục của nút "
               "sang đĩa ghi được";
    case TH_E_VERSION:
        return "dùng tonghop-node bản mới hơn";
    case TH_E_NO_MEMORY:
    case TH_E_IO:
        return "kiểm tra bộ nhớ và đĩa rồi chạy lại";
    default:
        return "kiểm tra đĩa; khôi phục thư mục outbox từ bản sao, hoặc tạo nút mới "
               "bằng " TH_CLI_PROGRAM " init, ghi danh rồi nộp lại: nơi nhận không tính hai lần";
    }
}

int th_cli_open_home(const char *command, const char *folder, struct th_home *home, FILE *err)
{
    struct th_problems problems;
    th_problems_init(&problems);
    int status = th_home_open(folder, &problems, home);
    if (status < 0) {
        (void)!th_problems_print(&problems, err);
        th_cli_complain(
            err, command,
            status == TH_E_NOT_FOUND ? "kiểm tra đường dẫn: thư mục của nút do lệnh " TH_CLI_PROGRAM
                                       " init tạo ra"
            : status == TH_E_FORBIDDEN ? "dùng tài khoản đã tạo nút, hoặc kiểm tra quyền"
                                       : "khôi phục cả thư mục của nút từ bản sao",
            "không mở được thư mục \"%s\": %s", folder, th_status_text(status));
    }
    th_problems_deinit(&problems);
    return status;
}

int th_cli_choose_plan(const struct th_cli_choice *choice, const struct th_home *home, FILE *err,
                       const struct th_plan **ret_plan)
{
    const struct th_home_plan *found = NULL;
    int status = th_home_find_plan(home, choice->plan == NULL ? "" : choice->plan, &found);
    if (status == 0) {
        *ret_plan = found->plan;
        return 0;
    }
    if (home->plans_count == 0) {
        th_cli_complain(err, choice->command,
                        "chạy " TH_CLI_PROGRAM " run để nhận kế hoạch từ nơi nhận",
                        "nút chưa biết kế hoạch nào");
        return status;
    }
    th_cli_complain(err, choice->command, "chọn bằng --plan một trong các kế hoạch dưới đây",
                    choice->plan == NULL ? "nút biết nhiều kế hoạch%s%s"
                                         : "không có kế hoạch%s \"%s\"",
                    "", choice->plan == NULL ? "" : choice->plan);
    for (size_t i = 0; i < home->plans_count; i++)
        (void)fprintf(err, "    %-28s %s\n", home->plans[i].plan->id, home->plans[i].plan->title);
    return status;
}

static void list_obligations(const struct th_plan *plan, const struct th_unit *unit, FILE *err)
{
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        if (th_obligation_expects(obligation, unit))
            (void)fprintf(err, "    %s%-10s --obligation %-16s %s\n",
                          obligation->period[0] == 0 ? "         " : "--period ",
                          obligation->period, obligation->id, obligation->title);
    }
}

static int only_one(const struct th_plan *plan, const struct th_unit *unit,
                    const struct th_obligation **ret_obligation)
{
    const struct th_obligation *found = NULL;
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        if (!th_obligation_expects(&plan->obligations[i], unit))
            continue;
        if (found != NULL)
            return TH_E_AMBIGUOUS;
        found = &plan->obligations[i];
    }
    if (found == NULL)
        return TH_E_NOT_FOUND;
    *ret_obligation = found;
    return 0;
}

static int find(const struct th_cli_choice *choice, const struct th_plan *plan,
                const struct th_unit *unit, const struct th_obligation **ret_obligation)
{
    if (choice->period != NULL)
        return th_plan_find_period(plan, choice->period, strlen(choice->period), ret_obligation);
    if (choice->obligation == NULL)
        return only_one(plan, unit, ret_obligation);
    const struct th_obligation *found =
        th_plan_find(plan, choice->obligation, strlen(choice->obligation));
    if (found == NULL)
        return TH_E_NOT_FOUND;
    *ret_obligation = found;
    return 0;
}

int th_cli_choose_obligation(const struct th_cli_choice *choice, const struct th_plan *plan,
                             const struct th_unit *unit, FILE *err,
                             const struct th_obligation **ret_obligation)
{
    const char *hint =
        "chọn một báo cáo mà đơn vị phải nộp, dưới đây: ghi --period hoặc --obligation";
    const char *wanted = choice->obligation != NULL ? choice->obligation
                         : choice->period != NULL   ? choice->period
                                                    : "";
    const struct th_obligation *found = NULL;
    int status = find(choice, plan, unit, &found);
    if (status == 0 && th_obligation_expects(found, unit)) {
        *ret_obligation = found;
        return 0;
    }
    if (status == 0)
        th_cli_complain(err, choice->command, hint, "đơn vị %s không thuộc diện báo cáo %s",
                        unit->code, found->id);
    else if (status == TH_E_AMBIGUOUS)
        th_cli_complain(err, choice->command, hint, "kế hoạch %s có nhiều nghĩa vụ báo cáo%s%s",
                        plan->id, wanted[0] == 0 ? "" : " cho kỳ ", wanted);
    else
        th_cli_complain(err, choice->command, hint, "kế hoạch %s không có nghĩa vụ báo cáo %s",
                        plan->id, wanted[0] == 0 ? "nào của đơn vị" : wanted);
    list_obligations(plan, unit, err);
    return status == 0 ? TH_E_NOT_FOUND : status;
}
