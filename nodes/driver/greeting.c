/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hello and welcome: which log the province has now, whether this node may trust it, and what it
 * asks for.
 */
#include "nodes/driver/driver_state.h"
#include "nodes/home/trust.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_APART_MINUTES 3 /* from there on the officer is told */

int th_node_send_hello(struct th_node_driver *driver, uint64_t request)
{
    struct th_to_aggregator message = {.kind = TH_TO_AGGREGATOR_HELLO, .request = request};
    message.hello.unit = th_text_of(driver->home->unit_code);
    message.hello.known = driver->known;
    message.hello.known_count = driver->known_count;
    struct th_outbox_detail detail;
    uint64_t newest = th_node_newest_item(driver);
    if (newest != 0) {
        int status = th_outbox_get_detail(driver->outbox, newest, &driver->arena, &detail);
        if (status == 0)
            message.hello.newest_receipt = detail.receipt;
        else if (status != TH_E_CORRUPT && status != TH_E_NOT_FOUND)
            return status;
    }
    return th_node_send_message(driver, &message);
}

/* ---- strangers ---- */

static const char other_server[] =
    "Máy chủ trả lời không phải nơi nhận đã ghi trong server.yaml (khác nhật ký, hoặc lẫn thật với "
    "diễn tập). Không gửi gì cho máy chủ này. Nếu nơi nhận đã đổi máy chủ: xin server.yaml mới "
    "trực tiếp từ người mình tin, rồi chạy tonghop-node trust THƯ-MỤC server.yaml.";
static const char unsigned_key[] =
    "Nơi nhận có khóa nhật ký mới nhưng không có chữ ký của khóa cũ (khóa cũ đã mất?). Không gửi "
    "gì, báo cáo vẫn nằm trong hộp thư đi. Hãy xin server.yaml mới trực tiếp từ người mình tin, "
    "rồi chạy tonghop-node trust THƯ-MỤC server.yaml.";
static const char forged_key[] =
    "Máy chủ đưa ra khóa nhật ký mới mà khóa cũ không hề ký cho: có thể là giả mạo. Không gửi gì, "
    "báo cáo vẫn nằm trong hộp thư đi. Hãy gọi cho nơi nhận; chỉ khi họ xác nhận mới chạy "
    "tonghop-node trust THƯ-MỤC server.yaml với tệp do chính họ đưa.";

int th_node_keep_stranger(struct th_node_driver *driver, const struct th_node_answer *answer)
{
    struct th_notice notice = {.kind = TH_NOTICE_STRANGER,
                               .text = th_text_of(answer == NULL ? other_server : answer->fault)};
    return th_node_keep_notice(driver, notice, TH_NEWS_ALARM);
}

static int refuse(struct th_node_driver *driver, const char *why)
{
    struct th_node_answer answer = {.fault = why};
    return th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_STRANGER}, &answer);
}

/* ---- keys ---- */

/* One notice for each key that is new; `from`: the first of them in the history. */
static int tell_keys(struct th_node_driver *driver, size_t from)
{
    const struct th_log_keys *keys = &driver->home->log_keys;
    int status = 0;
    for (size_t i = from; status == 0 && i < keys->count; i++) {
        const struct th_log_key *key = &keys->items[i];
        bool is_rotation = strcmp(keys->items[i - 1].vkey.name, key->vkey.name) == 0;
        char text[TH_NOTE_NAME_MAX + 400];
        if (is_rotation)
            (void)snprintf(text, sizeof text,
                           "Nơi nhận đổi khóa nhật ký từ sau bản ghi thứ %" PRIu64
                           "; khóa cũ đã ký cho khóa mới. Biên nhận cũ vẫn đúng.",
                           key->after);
        else
            (void)snprintf(text, sizeof text,
                           "Nơi nhận đã khôi phục kho, sổ mới %s đi tiếp từ bản ghi thứ %" PRIu64
                           "; khóa cũ đã ký cho khóa mới. Biên nhận nào sổ mới không còn thì "
                           "chương trình tự gửi lại cho nơi nhận.",
                           key->vkey.name, key->after);
        struct th_notice notice = {
            .kind = TH_NOTICE_LOG_KEY,
            .text = th_text_of(text),
            .evidence = {(const uint8_t *)key->succession, key->succession_size}};
        status = th_node_keep_notice(driver, notice, TH_NEWS_NOTICE);
    }
    return status;
}

/* Whether the welcome is of the log that this node trusts; `ret_fault` says why not. */
static int check_log(struct th_node_driver *driver, const struct th_welcome *welcome,
                     const char **ret_fault)
{
    if (welcome->mode != driver->home->server.mode) {
        *ret_fault = other_server;
        return 0;
    }
    enum th_home_keys_news news;
    size_t count = driver->home->log_keys.count;
    int status =
        th_home_learn_log_keys(driver->home->folder, &driver->home->log_keys, welcome->log_keys,
                               welcome->log_keys_count, &driver->arena, &news);
    if (status == 0 && driver->home->log_keys.count > count)
        status = tell_keys(driver, count);
    if (status == 0 && driver->home->log_keys.count > count)
        status = th_node_witness_load(driver); /* receipts whose key was not known until now */
    if (status != 0)
        return status;
    const char *log = th_home_log(driver->home);
    const char *fault = NULL;
    if (news == TH_HOME_KEYS_UNSIGNED)
        fault = unsigned_key;
    else if (news == TH_HOME_KEYS_FORGED)
        fault = forged_key;
    else if (welcome->realm.size != strlen(log) ||
             memcmp(welcome->realm.bytes, log, welcome->realm.size) != 0)
        fault = other_server;
    *ret_fault = fault;
    return 0;
}

/* ---- the welcome ---- */

/* Whoever looks at a slow clock thinks that the due date is still to come. Once; what the welcome
 * took on its way over a bad line is less than the bound. */
static void compare_clocks(struct th_node_driver *driver, const struct th_welcome *welcome)
{
    int64_t apart_ms = driver->ports.wall(driver->ports.context).ms - welcome->now.ms;
    int64_t minutes = ((apart_ms < 0 ? -apart_ms : apart_ms) + 30000) / 60000;
    if (welcome->mode != TH_MODE_LIVE || driver->has_told_clock || minutes < CLOCK_APART_MINUTES)
        return;
    driver->has_told_clock = true;
    char text[512], there[TH_SPOKEN_TEXT_SIZE];
    bool is_days = minutes >= (int64_t)3 * 24 * 60, is_hours = minutes >= 3 * 60;
    (void)snprintf(text, sizeof text,
                   "Đồng hồ máy này %s chừng %" PRId64 " %s so với nơi nhận (ở đó là %s). Đúng hạn "
                   "hay trễ là theo giờ nơi nhận: hãy chỉnh lại đồng hồ máy này.",
                   apart_ms < 0 ? "chậm" : "nhanh",
                   is_days    ? (minutes + 12 * 60) / (24 * 60)
                   : is_hours ? (minutes + 30) / 60
                              : minutes,
                   is_days    ? "ngày"
                   : is_hours ? "giờ"
                              : "phút",
                   th_instant_format_spoken(welcome->now, there));
    driver->ports.tell(driver->ports.context,
                       &(struct th_node_news){.kind = TH_NEWS_CLOCK, .text = th_text_of(text)});
}

int th_node_on_welcome(struct th_node_driver *driver, const struct th_welcome *welcome)
{
    if (driver->core.link == TH_NODE_LINK_DOWN)
        return 0; /* of the connection that went: the next one has its own */
    const char *fault = NULL;
    int status = check_log(driver, welcome, &fault);
    if (status != 0)
        return status;
    if (fault != NULL)
        return refuse(driver, fault);
    driver->store_now = welcome->now;
    compare_clocks(driver, welcome);
    if (welcome->mode == TH_MODE_REHEARSAL) {
        status = th_outbox_keep_time(driver->outbox, welcome->now);
        if (status != 0 && status != TH_E_STORAGE)
            return status;
    }
    status = th_node_witness_welcome(driver, welcome->size);
    if (status != 0)
        return status;
    driver->was_welcomed = true;
    if (driver->core.link == TH_NODE_LINK_GREETING) {
        status = th_node_ask_again(driver, welcome->lost, welcome->lost_count);
        if (status != 0)
            return status;
        driver->owes_again = false; /* the core has them now */
    }
    if (driver->core.link != TH_NODE_LINK_READY) /* else a rehearsal's clock was set */
        driver->ports.tell(driver->ports.context, &(struct th_node_news){.kind = TH_NEWS_READY});
    return th_node_step(driver, (struct th_node_event){.kind = TH_NODE_EVENT_WELCOME}, NULL);
}
