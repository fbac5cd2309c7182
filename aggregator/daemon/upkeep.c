/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the work itself: how a recovery goes on is told, the store is read again, and room is made
 * for the next burst. */
#include "aggregator/daemon/parts.h"
#include "aggregator/shell/clock_linux.h"
#include "aggregator/store/room.h"

#include <inttypes.h>
#include <sys/resource.h>

enum { READMITTED_TOLD_MS = 60000 };

void th_daemon_tell_readmitted(struct th_daemon *daemon)
{
    int64_t now_ms = th_clock_now().boottime_ms;
    (void)pthread_mutex_lock(&daemon->counters_lock);
    uint64_t readmitted = daemon->driver_counters.readmitted;
    (void)pthread_mutex_unlock(&daemon->counters_lock);
    if (readmitted == daemon->readmitted_told ||
        now_ms - daemon->readmitted_told_ms < READMITTED_TOLD_MS)
        return;
    daemon->readmitted_told = readmitted;
    daemon->readmitted_told_ms = now_ms;
    (void)fprintf(daemon->options->log,
                  "tonghop-aggregator: đang khôi phục: đã nhận lại %" PRIu64
                  " báo cáo từ khi chạy\n",
                  readmitted);
    (void)fflush(daemon->options->log);
}

void th_daemon_tell_recovery(struct th_daemon *daemon)
{
    char word[TH_TEXT_WORD_SIZE];
    if (!th_core_recovery(th_driver_core(daemon->driver))->is_open)
        return;
    (void)fprintf(daemon->options->log,
                  "tonghop-aggregator: lưu ý: đang khôi phục: việc nhắc và chốt tạm ngừng, các đơn "
                  "vị gửi lại những gì nhật ký cũ đã nhận; chạy tonghop-aggregator recover %s "
                  "--finish khi đã nhận lại đủ\n",
                  th_text_word(daemon->options->folder, word));
    (void)fflush(daemon->options->log);
}

void th_daemon_tell_room(struct th_daemon *daemon)
{
    struct th_store_usage usage;
    const bool is_full = atomic_load(&daemon->is_full);
    if (is_full == daemon->has_told_full)
        return;
    daemon->has_told_full = is_full;
    if (th_store_usage(daemon->options->store, &usage) < 0)
        usage = (struct th_store_usage){.is_disk_full = true};
    if (!is_full)
        (void)fprintf(daemon->options->log,
                      "tonghop-aggregator: lưu ý: kho dữ liệu đã có chỗ (đĩa trống %" PRIu64
                      " MiB), nhận lại bình thường\n",
                      usage.disk_free_bytes >> 20);
    else if (usage.is_map_full && !usage.is_disk_full)
        (void)fprintf(daemon->options->log,
                      "tonghop-aggregator: lưu ý: tạm ngừng nhận vì kho dữ liệu sắp đầy (bản đồ "
                      "dùng %" PRIu64 " MiB trên %" PRIu64 "); các nút được hẹn gửi lại, không mất "
                      "gì; báo cho người phụ trách\n",
                      usage.used_bytes >> 20, usage.map_bytes >> 20);
    else
        (void)fprintf(daemon->options->log,
                      "tonghop-aggregator: lưu ý: tạm ngừng nhận vì kho dữ liệu sắp đầy (đĩa trống "
                      "%" PRIu64 " MiB); các nút được hẹn gửi lại, không mất gì; dọn cho đĩa trống "
                      "hơn %" PRIu64 " MiB thì tự nhận lại\n",
                      usage.disk_free_bytes >> 20, usage.disk_wanted_bytes >> 20);
    (void)fflush(daemon->options->log);
}

void th_daemon_tell_clock(struct th_daemon *daemon)
{
    char word[TH_TEXT_WORD_SIZE];
    const bool is_suspect = atomic_load(&daemon->is_suspect);
    if (is_suspect == daemon->has_told_suspect)
        return;
    daemon->has_told_suspect = is_suspect;
    if (is_suspect)
        (void)fprintf(daemon->options->log,
                      "tonghop-aggregator: lưu ý: đồng hồ của máy bị nghi ngờ: báo cáo vẫn được "
                      "nhận, đúng hạn hay trễ thì chờ xác định; việc nhắc và chốt tạm ngừng; xem "
                      "giờ máy (timedatectl): sai thì sửa, đúng thì chạy tonghop-aggregator clock "
                      "%s --accept\n",
                      th_text_word(daemon->options->folder, word));
    else
        (void)fprintf(daemon->options->log,
                      "tonghop-aggregator: lưu ý: đồng hồ hết bị nghi ngờ, báo cáo đang chờ đã "
                      "được xét\n");
    (void)fflush(daemon->options->log);
}

/* HTTP has up to a quarter of them (aggregator/http/server.c). */
void th_daemon_tell_files(struct th_daemon *daemon)
{
    enum { HTTP_PART = 4, HTTP_MAX = 1024 };
    struct rlimit limit;
    if (daemon->has_told_files || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    const size_t keys = th_keyring_count(daemon->keyring, th_daemon_now(daemon));
    const size_t own = TH_DAEMON_FILES_MIN + keys;
    const size_t http = own / (HTTP_PART - 1) + 1;
    const size_t needed =
        keys == 0 || daemon->http == NULL ? own : own + (http < HTTP_MAX ? http : HTTP_MAX);
    if (limit.rlim_cur >= needed)
        return;
    daemon->has_told_files = true;
    (void)fprintf(
        daemon->options->log,
        "tonghop-aggregator: lưu ý: chỉ được mở %" PRIu64 " tệp, mà %zu khóa đã ghi danh "
        "cần chừng %zu: có đơn vị có thể không nối được; nâng LimitNOFILE (ulimit -Hn) rồi "
        "chạy lại\n",
        (uint64_t)limit.rlim_cur, keys, needed);
    (void)fflush(daemon->options->log);
}

static bool is_busy(void *context)
{
    return th_pipeline_is_busy(((struct th_daemon *)context)->pipeline);
}

void th_daemon_give_back(struct th_daemon *daemon)
{
    if (!is_busy(daemon))
        (void)th_memory_give_back(atomic_load(&daemon->memory_wanted));
}

bool th_daemon_make_memory_ready(struct th_daemon *daemon)
{
    enum { MANY = 1024 }; /* jobs take some of it, as new connections do */
    const size_t wanted =
        daemon->has_common_heap ? th_memory_of(th_core_lacking(th_driver_core(daemon->driver))) : 0;
    atomic_store(&daemon->memory_wanted, wanted);
    /* Not for what has gone back since: it would go back again and again. */
    if (daemon->jobs_until_memory > 0)
        return false;
    if (daemon->memory.held_bytes == 0)
        (void)th_memory_give_back(wanted);
    if (th_memory_make_ready(&daemon->memory, wanted))
        return true;
    daemon->jobs_until_memory = MANY;
    return false;
}

/* ---- the scrub ---- */

static th_instant wall_now(void *context)
{
    (void)context;
    return th_clock_now().wall;
}

int th_daemon_start_scrubber(struct th_daemon *daemon)
{
    const struct th_scrubber_options options = {.store = daemon->options->store,
                                                .folder = daemon->options->folder,
                                                .hours = daemon->options->scrub_hours,
                                                .rest_ms = daemon->options->scrub_rest_ms,
                                                .log = daemon->options->log,
                                                .passes = &daemon->counters.scrub_passes,
                                                .faults = &daemon->counters.scrub_faults,
                                                .context = daemon,
                                                .is_busy = is_busy,
                                                .now = wall_now};
    return options.hours == 0 ? 0 : th_scrubber_start(&options, &daemon->scrubber);
}

/* ---- room for a burst ---- */

/* In a burst whoever writes should not feel that pages are taken. */
enum { ROOM_REST_MS = 200, ROOM_BUSY_REST_MS = 10 };

void th_daemon_reserve(struct th_daemon *daemon)
{
    th_store_keep_room(daemon->options->store, th_room_bytes());
}

static void make_room(void *context)
{
    struct th_daemon *daemon = context;
    bool goes_on = true;
    while (goes_on) {
        bool is_more = th_room_step(daemon->room);
        goes_on = th_idler_rest(&daemon->room_idler, !is_more          ? ROOM_REST_MS
                                                     : is_busy(daemon) ? ROOM_BUSY_REST_MS
                                                                       : 0);
    }
}

void th_daemon_start_room(struct th_daemon *daemon)
{
    struct th_room *room;
    if (th_room_new(daemon->options->store, &room) < 0)
        return;
    daemon->room = room;
    if (th_idler_start(&daemon->room_idler, make_room, daemon) == 0)
        return;
    th_room_free(room);
    daemon->room = NULL;
}

void th_daemon_stop_room(struct th_daemon *daemon)
{
    if (daemon->room == NULL)
        return;
    th_idler_stop(&daemon->room_idler);
    th_room_free(daemon->room);
    daemon->room = NULL;
}
