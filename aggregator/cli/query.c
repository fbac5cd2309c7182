/* SPDX-License-Identifier: Apache-2.0 */
/* Each command is a row: a kind of question, its options, and how it is explained. */
#include "aggregator/cli/query.h"

#include "aggregator/cli/ask.h"
#include "aggregator/query/text.h"

#include <string.h>
#include <sysexits.h>

#define ABOUT (TH_ASK_PLAN | TH_ASK_OBLIGATION | TH_ASK_MOMENT)
#define PAGES (TH_ASK_LIMIT | TH_ASK_AFTER)
#define TOTAL (ABOUT | TH_ASK_UNIT | TH_ASK_BRANCH)

#define RUN  "  tonghop-aggregator "
#define HALF " --plan gialai-2025 --period 2025-H1"
#define NEXT " \\\n     "

static const struct {
    const char *name;
    unsigned options;
    const char *summary;
    const char *examples;
} commands[TH_QUERY_END] = {
    [TH_QUERY_STANDING] = {"standing",
                           TOTAL | TH_ASK_NUMBER | TH_ASK_STANDING | TH_ASK_SEARCH | PAGES,
                           "Ai đã báo cáo, ai chưa, ai trễ.",
                           RUN "standing var/tinh" HALF "\n" RUN "standing var/tinh" HALF
                               " --missing\n" RUN "standing var/tinh" HALF " --summary\n"},
    [TH_QUERY_ROLLUP] = {"rollup", TOTAL, "Số liệu tổng hợp của một đơn vị và các đơn vị bên dưới.",
                         RUN "rollup var/tinh" HALF " --unit 64\n" RUN "rollup var/tinh" HALF NEXT
                             " --branch communes --as-of 2025-05-10 --json\n"},
    [TH_QUERY_REPORT] = {"report",
                         ABOUT | TH_ASK_UNIT | TH_ASK_BRANCH | TH_ASK_NUMBER | TH_ASK_REVISION,
                         "Một báo cáo như đã nhận.",
                         RUN "report var/tinh" HALF " --unit 23734\n" RUN "report var/tinh" HALF
                             " --unit 23734 --revision 1\n"},
    [TH_QUERY_CLOSINGS] = {"closings", TOTAL,
                           "Bảng tổng hợp tại hạn: số liệu vào đúng lúc hết hạn.",
                           RUN "closings var/tinh" HALF "\n"},
    [TH_QUERY_PAGE] = {"page", TOTAL | TH_ASK_NUMBER | TH_ASK_INDICATORS | PAGES,
                       "Số liệu của từng đơn vị: mỗi đơn vị một dòng, mỗi chỉ tiêu một cột.",
                       RUN "page var/tinh" HALF " --branch communes\n" RUN "page var/tinh" HALF NEXT
                           " --unit 64 --indicators TCD01,TCD02 --json\n"},
    [TH_QUERY_STORE] = {"store", TH_ASK_MOMENT, "Kho này là kho nào, có gì.",
                        RUN "store var/tinh\n" RUN "store var/tinh --as-of 2025-05-10 --json\n"},
    [TH_QUERY_PLANS] = {"plans", TH_ASK_MOMENT,
                        "Các kế hoạch trong kho, từng nghĩa vụ và tình trạng.",
                        RUN "plans var/tinh\n" RUN "plans var/tinh --json\n"},
    [TH_QUERY_PLAN] = {"plan stored", TH_ASK_PLAN | TH_ASK_MOMENT,
                       "Kế hoạch như đã đưa vào kho: chỉ tiêu, mục, nhiệm vụ, nghĩa vụ.",
                       RUN "plan stored var/tinh --plan gialai-2025\n" RUN
                           "plan stored var/tinh --plan gialai-2025 --json\n"},
    [TH_QUERY_UNITS] = {"units list",
                        TH_ASK_UNIT | TH_ASK_PARENT | TH_ASK_KIND | TH_ASK_SEARCH | TH_ASK_MOMENT |
                            PAGES,
                        "Các đơn vị trong kho; tìm không cần dấu.",
                        RUN "units list var/tinh --search \"chu pah\"\n" RUN
                            "units list var/tinh --parent 627 --kind xa\n"},
    [TH_QUERY_UNIT] = {"units show", TH_ASK_UNIT | TH_ASK_MOMENT,
                       "Một đơn vị, và các cấp trên của nó.",
                       RUN "units show var/tinh --unit 23734\n"},
    [TH_QUERY_OBLIGATION] = {"obligation", ABOUT | TH_ASK_UNIT | TH_ASK_BRANCH,
                             "Một nghĩa vụ: hạn, ai báo cáo, đã nhận bao nhiêu, các lần chốt.",
                             RUN "obligation var/tinh" HALF "\n"},
    [TH_QUERY_SPREAD] = {"spread", TOTAL,
                         "Mỗi chỉ tiêu: tổng, nhỏ nhất, lớn nhất ở đơn vị nào, trung bình.",
                         RUN "spread var/tinh" HALF " --branch communes\n"},
    [TH_QUERY_ARRIVALS] = {"arrivals", TOTAL, "Báo cáo đã về thế nào so với hạn.",
                           RUN "arrivals var/tinh" HALF " --json\n"},
    [TH_QUERY_NARRATIVE] = {"narrative",
                            TOTAL | TH_ASK_NUMBER | TH_ASK_INDICATOR | TH_ASK_SEARCH | PAGES,
                            "Một phần lời văn của các đơn vị, cạnh nhau.",
                            RUN "narrative var/tinh" HALF " --indicator TX01\n" RUN
                                "narrative var/tinh" HALF NEXT
                                " --indicator TX01 --search \"kinh phi\"\n"},
    [TH_QUERY_MODELS] = {"models", TOTAL | TH_ASK_NUMBER | TH_ASK_KIND | TH_ASK_SEARCH | PAGES,
                         "Sổ các mô hình “Dân vận khéo” mà các đơn vị báo cáo.",
                         RUN "models var/tinh" HALF "\n" RUN "models var/tinh" HALF
                             " --kind recognised\n"},
    [TH_QUERY_DIFFERENCES] = {"differences", TOTAL | TH_ASK_CLOSED_AT | TH_ASK_LIMIT,
                              "Số liệu bây giờ khác lúc chốt ở đâu, do báo cáo nào.",
                              RUN "differences var/tinh" HALF "\n" RUN
                                  "differences var/tinh" HALF NEXT
                                  " --closed-at 2025-05-10 --json\n"},
};

/* What --limit is of; NULL: lines, and all when it is not given. */
static const char *const limits[TH_QUERY_END] = {
    [TH_QUERY_NARRATIVE] = "nhiều nhất chừng ấy dòng; mặc định 100",
    [TH_QUERY_MODELS] = "nhiều nhất chừng ấy dòng; mặc định 200",
    [TH_QUERY_DIFFERENCES] = "nhiều nhất chừng ấy báo cáo cho mỗi số; mặc định 200",
};

struct printing {
    enum th_query_what what;
    const struct th_ask_line *line;
    FILE *out;
};

static int print(void *context, const struct th_query_context *query_context, const json_t *answer)
{
    const struct printing *printing = context;
    if (printing->line->as_json)
        return th_ask_print_json(answer, printing->out);
    if (printing->line->summary)
        th_query_print_summary(query_context, answer, printing->out);
    else
        th_query_print(query_context, printing->what, answer, printing->out);
    return TH_OK;
}

static void describe_limit(const char *help, struct th_cli_option *options, size_t count)
{
    for (size_t i = 0; help != NULL && i < count; i++)
        if (strcmp(options[i].name, "limit") == 0)
            options[i].help = help;
}

static int command(enum th_query_what what, int argc, char **argv, FILE *out, FILE *err)
{
    struct th_ask_line line = {0};
    struct th_cli_option options[TH_CLI_OPTIONS_MAX];
    const struct th_cli_command self = {.name = commands[what].name,
                                        .operands = "THƯ-MỤC",
                                        .summary = commands[what].summary,
                                        .examples = commands[what].examples,
                                        .options = options,
                                        .options_count =
                                            th_ask_options(commands[what].options, &line, options),
                                        .operands_min = 1,
                                        .operands_max = 1};
    describe_limit(limits[what], options, self.options_count);
    char **operands;
    int operands_count;
    int exit_code = EX_OK;
    if (!th_cli_begin(&self, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    struct th_query query = {.what = what};
    struct printing printing = {what, &line, out};
    if (!th_ask_read(self.name, commands[what].options, &line, err, &query))
        return EX_USAGE;
    if (what == TH_QUERY_UNIT && line.unit == NULL) {
        th_cli_complain(err, self.name, "thêm --unit MÃ; tìm mã bằng units list --search",
                        "chưa rõ đơn vị nào");
        return EX_USAGE;
    }
    return th_ask(self.name, operands[0], &query, print, &printing, out, err);
}

#define COMMAND(name, WHAT)                                                                        \
    int th_cli_##name(int argc, char **argv, FILE *out, FILE *err)                                 \
    {                                                                                              \
        return command(TH_QUERY_##WHAT, argc, argv, out, err);                                     \
    }

COMMAND(standing, STANDING)
COMMAND(rollup, ROLLUP)
COMMAND(report, REPORT)
COMMAND(closings, CLOSINGS)
COMMAND(page, PAGE)
COMMAND(store, STORE)
COMMAND(plans, PLANS)
COMMAND(plan_stored, PLAN)
COMMAND(units_list, UNITS)
COMMAND(units_show, UNIT)
COMMAND(obligation, OBLIGATION)
COMMAND(spread, SPREAD)
COMMAND(arrivals, ARRIVALS)
COMMAND(narrative, NARRATIVE)
COMMAND(models, MODELS)
COMMAND(differences, DIFFERENCES)
