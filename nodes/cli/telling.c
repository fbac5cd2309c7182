/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/telling.h"

#include "nodes/cli/words.h"
#include "nodes/shell/loop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_EVERY_MS 200

/* A line can be written over there. */
static bool can_move(FILE *out)
{
    const char *terminal = getenv("TERM");
    return isatty(fileno(out)) != 0 && terminal != NULL && terminal[0] != 0 &&
           strcmp(terminal, "dumb") != 0;
}

void th_telling_init(struct th_telling *telling, const struct th_runner_options *options)
{
    *telling =
        (struct th_telling){.out = options->out,
                            .err = options->err,
                            .voice = options->voice,
                            .is_moving = options->voice == TH_RUNNER_NORMAL &&
                                         options->folders_count > 1 && can_move(options->out)};
}

static void clear_line(struct th_telling *telling)
{
    if (telling->has_line)
        (void)fputs("\r\033[K", telling->out);
    telling->has_line = false;
}

/* "14:05:09 ngày 09/5/2025  23734  " */
static FILE *begin(struct th_telling *telling, FILE *stream, const char *unit)
{
    char time[TH_SPOKEN_TEXT_SIZE];
    clear_line(telling);
    (void)fprintf(stream, "%s  %s  ",
                  th_instant_format_spoken((th_instant){th_loop_wall_ms()}, time), unit);
    return stream;
}

static void tell_item(FILE *stream, const struct th_outbox_item *item)
{
    (void)fprintf(stream, "%s %s", item->plan, item->obligation);
    if (item->number > 0)
        (void)fprintf(stream, " số %" PRIu32, item->number);
    (void)fprintf(stream, " lần %" PRIu32, item->revision);
}

static void tell_settled(struct th_telling *telling, const struct th_home *home,
                         const struct th_node_news *news)
{
    const struct th_outbox_item *item = news->item;
    telling->received += item->state == TH_ITEM_RECEIVED;
    telling->rejected += item->state == TH_ITEM_REJECTED;
    telling->conflicts += item->state == TH_ITEM_CONFLICT;
    bool is_fine = item->state == TH_ITEM_RECEIVED;
    if (telling->voice == TH_RUNNER_QUIET || (is_fine && telling->is_moving))
        return;
    FILE *stream = begin(telling, telling->out, home->unit_code);
    (void)fprintf(stream, "%s: ", th_item_state_text(item->state));
    tell_item(stream, item);
    if (item->has_position)
        (void)fprintf(stream, ", vị trí %" PRIu64, item->position);
    if (item->has_timeliness)
        (void)fprintf(stream, ", %s", th_timeliness_text(item->timeliness));
    (void)fputc('\n', stream);
    th_words_print_answer(item, news->detail, home->folder, stream);
}

/* A report that the province's log had lost. */
static void tell_again(struct th_telling *telling, const char *unit,
                       const struct th_node_news *news)
{
    bool is_sent = news->kind == TH_NEWS_AGAIN;
    if (telling->voice == TH_RUNNER_QUIET || telling->is_moving ||
        (is_sent && telling->voice != TH_RUNNER_VERBOSE))
        return;
    FILE *stream = begin(telling, telling->out, unit);
    if (is_sent)
        (void)fprintf(stream, "gửi lại kèm biên nhận cũ (lượt %" PRIu32 "): ", news->attempt);
    else
        (void)fputs("đã nhận lại: ", stream);
    tell_item(stream, news->item);
    if (!is_sent)
        (void)fprintf(stream, ", vị trí %" PRIu64 " của sổ mới", news->item->again_position);
    (void)fputc('\n', stream);
}

void th_telling_news(struct th_telling *telling, const struct th_home *home,
                     const struct th_node_news *news)
{
    const char *unit = home->unit_code;
    bool is_verbose = telling->voice == TH_RUNNER_VERBOSE;
    bool is_plain = telling->voice == TH_RUNNER_NORMAL && !telling->is_moving;
    FILE *stream;
    switch (news->kind) {
    case TH_NEWS_READY:
    case TH_NEWS_LOST:
        if (!is_verbose && !is_plain)
            return;
        stream = begin(telling, telling->out, unit);
        (void)fputs(news->kind == TH_NEWS_READY ? "đã nối với nơi nhận\n"
                                                : "mất kết nối, tự nối lại\n",
                    stream);
        break;
    case TH_NEWS_SENT:
        if (!is_verbose)
            return;
        stream = begin(telling, telling->out, unit);
        (void)fprintf(stream, "gửi (lượt %" PRIu32 "): ", news->attempt);
        tell_item(stream, news->item);
        (void)fputc('\n', stream);
        break;
    case TH_NEWS_SETTLED:
        tell_settled(telling, home, news);
        break;
    case TH_NEWS_AGAIN:
    case TH_NEWS_READMITTED:
        tell_again(telling, unit, news);
        break;
    case TH_NEWS_LATER:
        if (!is_verbose)
            return;
        stream = begin(telling, telling->out, unit);
        (void)fprintf(stream, "nơi nhận hẹn gửi lại sau: %.*s\n", (int)news->text.size,
                      news->text.bytes);
        break;
    case TH_NEWS_ALARM:
    case TH_NEWS_CLOCK:
        stream = begin(telling, telling->err, unit);
        (void)fprintf(stream, "CẢNH BÁO: %.*s\n", (int)news->text.size, news->text.bytes);
        break;
    case TH_NEWS_NOTICE:
        if (telling->voice == TH_RUNNER_QUIET || telling->is_moving)
            return;
        stream = begin(telling, telling->out, unit);
        (void)fprintf(stream, "%.*s\n", (int)news->text.size, news->text.bytes);
        break;
    }
    (void)fflush(telling->out);
}

void th_telling_progress(struct th_telling *telling, size_t pending, size_t connected,
                         size_t nodes_count, int64_t now_ms)
{
    if (!telling->is_moving || now_ms < telling->line_ms + LINE_EVERY_MS)
        return;
    telling->line_ms = now_ms;
    telling->has_line = true;
    (void)fprintf(
        telling->out, "\rnối %zu/%zu  đã nhận %zu  từ chối %zu  mâu thuẫn %zu  còn %zu\033[K",
        connected, nodes_count, telling->received, telling->rejected, telling->conflicts, pending);
    (void)fflush(telling->out);
}

void th_telling_state(struct th_telling *telling, size_t pending, size_t connected,
                      size_t nodes_count)
{
    clear_line(telling);
    (void)fprintf(
        telling->err,
        "tonghop-node: nối %zu/%zu; từ lúc chạy: đã nhận %zu, từ chối %zu, mâu thuẫn %zu; "
        "còn chờ %zu\n",
        connected, nodes_count, telling->received, telling->rejected, telling->conflicts, pending);
    (void)fflush(telling->err);
}

void th_telling_worry(struct th_telling *telling, const char *address, size_t nodes_count)
{
    clear_line(telling);
    (void)fprintf(telling->err,
                  "Chưa nối được với %s (%zu đơn vị); vẫn tự thử lại. Hãy kiểm tra: mạng; nơi nhận "
                  "có đang chạy không; node.pub đã được ghi danh chưa, khóa có bị thu hồi không; "
                  "server.yaml có đúng của nơi nhận không.\n",
                  address, nodes_count);
}

void th_telling_put_off(struct th_telling *telling, const char *unit, const char *text)
{
    if (telling->voice == TH_RUNNER_VERBOSE)
        return; /* each time was told */
    FILE *stream = begin(telling, telling->err, unit);
    (void)fprintf(stream,
                  "nơi nhận chưa nhận được lúc này: %s; báo cáo nằm trong hộp thư đi, tự gửi lại\n",
                  text);
    (void)fflush(stream);
}

void th_telling_end(struct th_telling *telling)
{
    if (!telling->has_line)
        return;
    (void)fputc('\n', telling->out);
    telling->has_line = false;
}
