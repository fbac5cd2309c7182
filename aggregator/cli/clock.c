/* SPDX-License-Identifier: Apache-2.0 */
/* clock: a rehearsal's time, or an operator's word that the wall clock is right. */
#include "aggregator/cli/site.h"
#include "aggregator/cli/write.h"
#include "base/options.h"

#include <string.h>
#include <sysexits.h>

struct setting {
    const struct th_site *site;
    bool accept;
};

/* When the store is now: "đang ở …"; empty when that cannot be read. */
static void tell_time(const struct th_site *site, char text[TH_SITE_TEXT_SIZE])
{
    char when[TH_SPOKEN_TEXT_SIZE];
    struct th_store *store = NULL;
    struct th_view *view = NULL;
    struct th_clock_row clock;
    text[0] = 0;
    if (th_store_open(site->folder, TH_STORE_READ, NULL, NULL, &store) < 0)
        return;
    if (th_view_open(store, &view) == 0) {
        if (th_view_clock(view, &clock) == 0)
            (void)snprintf(text, TH_SITE_TEXT_SIZE, ", đang là %s",
                           th_instant_format_spoken(clock.time, when));
        th_view_close(view);
    }
    th_store_close(store);
}

/* What a status means for this command. */
static bool explain(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                    const char **ret_hint)
{
    const struct setting *setting = context;
    const char *why = NULL;
    char now[TH_SITE_TEXT_SIZE] = "";
    (void)act;
    if (status == TH_E_FORBIDDEN)
        why = setting->accept ? "đồng hồ của kho diễn tập đứng yên, không bị nghi ngờ"
                              : "đây là kho thật; chỉ chỉnh được đồng hồ của kho diễn tập";
    if (status == TH_E_FORBIDDEN && !setting->accept)
        *ret_hint = "kho thật theo giờ của máy: chỉnh giờ máy; muốn thử thì init --rehearsal";
    if (status == TH_E_INVALID && setting->accept)
        why = "đồng hồ không bị nghi ngờ, không có gì phải xác nhận";
    if (status == TH_E_NO_MEMORY) {
        why = "việc đến hạn quá nhiều cho một lượt; chưa đổi gì";
        *ret_hint = setting->accept ? "máy chủ vẫn nhận báo cáo; xem docs/OPERATIONS.md, Đồng hồ"
                                    : "đi từng quãng ngắn: chọn lúc sớm hơn, rồi lại tiếp";
    }
    if (status == TH_E_RANGE && !setting->accept) {
        why = "kho đã ở sau thời điểm này";
        tell_time(setting->site, now);
        *ret_hint = "đồng hồ không bao giờ lùi: chọn lúc muộn hơn, hoặc làm lại từ đầu trong một "
                    "kho mới (init --rehearsal)";
    }
    if (why != NULL)
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "%s%.200s", why, now);
    return why != NULL;
}

static int set_clock(const struct th_site *site, const char *to, bool accept)
{
    struct th_act act = {.kind = accept ? TH_ACT_ACCEPT_CLOCK : TH_ACT_SET_CLOCK};
    if (!accept && th_instant_parse(to, strlen(to), &act.to) < 0) {
        th_cli_complain(site->err, site->command,
                        "viết như 2025-05-10 hoặc 2025-05-10T17:00 (giờ Việt Nam)",
                        "không hiểu thời điểm \"%s\"", to);
        return EX_USAGE;
    }
    char operator_name[TH_SITE_OPERATOR_SIZE];
    char text[TH_INSTANT_TEXT_SIZE];
    struct th_act_result result;
    act.operator=(struct th_text){th_site_operator(operator_name), strlen(operator_name)};
    const char *name = accept ? "đồng hồ" : th_instant_format(act.to, text);
    int code = th_site_carry(site, &act, 1, &result);
    if (code != EX_OK)
        return code;
    struct setting setting = {site, accept};
    const struct th_site_telling telling = {.done = accept ? "đã chấp nhận giờ máy"
                                                           : "đồng hồ diễn tập đã tới",
                                            .names = &name,
                                            .explain = explain,
                                            .context = &setting};
    return th_site_report(site, &telling, &result, 1);
}

int th_cli_clock(int argc, char **argv, FILE *out, FILE *err)
{
    const char *to = NULL;
    bool accept = false;
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "to",
         .value_name = "LÚC",
         .help = "đưa đồng hồ diễn tập tới lúc này; xong khi mọi hạn trước đó đã ghi",
         .text = &to},
        {.name = "accept", .help = "giờ máy đang đúng: hết nghi ngờ", .flag = &accept},
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "clock",
        .operands = "DIR",
        .summary = "Chỉnh đồng hồ của kho diễn tập, hoặc xác nhận giờ máy khi kho nghi ngờ.",
        .examples = "  tonghop-aggregator clock var/demo/aggregator --to 2025-05-10\n"
                    "  tonghop-aggregator clock /var/lib/tonghop/kho --accept\n",
        .options = options,
        .options_count = 3,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    if ((to != NULL) == accept) {
        th_cli_complain(err, "clock", "dùng đúng một trong hai: --to LÚC hoặc --accept",
                        "chưa rõ phải làm gì với đồng hồ");
        return EX_USAGE;
    }
    const struct th_site site = {"clock", operands[0], as_json, out, err};
    return th_cli_finish(out, err, set_clock(&site, to, accept));
}
