/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/status.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "-" : text;
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const struct {
    const char *word;
    const char *label;
} kinds[] = {
    {"founded", "lập kho"},      {"units", "danh sách đơn vị"},
    {"plan", "kế hoạch"},        {"enrolled", "ghi danh"},
    {"revoked", "thu hồi khóa"}, {"submission", "bản nộp"},
    {"reminder", "nhắc việc"},   {"closing", "chốt số liệu"},
    {"clock", "đồng hồ"},        {"rotated", "đổi khóa"},
    {"recovered", "khôi phục"},  {"recovery_ended", "kết thúc khôi phục"},
    {"readmitted", "nhận lại"},
};

static const char *kind_label(const char *word)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].word, word) == 0)
            return kinds[i].label;
    return word;
}

static void print_log(const json_t *answer, FILE *out)
{
    const json_t *checkpoint = json_object_get(answer, "checkpoint");
    (void)fprintf(out, "Kho%s: %s, %lld mục; mục cuối: %s, %s\n",
                  strcmp(text_of(answer, "mode"), "rehearsal") == 0 ? " DIỄN TẬP" : "",
                  text_of(answer, "realm"), number_of(answer, "size"),
                  kind_label(text_of(answer, "last_kind")), text_of(answer, "last_time"));
    (void)fprintf(out, "Khóa nhật ký: %s, từ %s\n", text_of(answer, "log_key"),
                  text_of(answer, "log_key_since"));
    if (json_is_object(checkpoint))
        (void)fprintf(out, "Checkpoint cuối: cỡ %lld, gốc %s\n", number_of(checkpoint, "size"),
                      text_of(checkpoint, "root"));
    (void)fprintf(out, "%lld đơn vị, %lld kế hoạch, %lld khóa đang dùng, %lld đã thu hồi\n",
                  number_of(answer, "units"), number_of(answer, "plans"), number_of(answer, "keys"),
                  number_of(answer, "keys_revoked"));
    if (number_of(answer, "unsettled") > 0)
        (void)fprintf(out, "Loạt chờ: %lld nghĩa vụ có báo cáo đã ghi, chưa xếp vào chỗ\n",
                      number_of(answer, "unsettled"));
    if (strcmp(text_of(answer, "clock"), "suspect") == 0)
        (void)fputs("ĐỒNG HỒ BỊ NGHI NGỜ: xem giờ máy, rồi clock --accept khi giờ đúng\n", out);
    if (json_is_true(json_object_get(answer, "recovery_open")))
        (void)fprintf(
            out, "ĐANG KHÔI PHỤC từ mục %lld: nhắc việc và chốt số liệu đợi recover --finish\n",
            number_of(answer, "recovery_position"));
}

static void print_usage(const json_t *answer, FILE *out)
{
    const json_t *usage = json_object_get(answer, "usage");
    long long map = number_of(usage, "map_bytes");
    long long disk = number_of(usage, "disk_bytes");
    if (usage == NULL)
        return;
    (void)fprintf(
        out,
        "Tệp %lld MiB; bản đồ dùng %lld MiB trên %lld (%lld %%); đĩa trống %lld MiB (%lld "
        "%%)\n",
        number_of(usage, "file_bytes") >> 20, number_of(usage, "used_bytes") >> 20, map >> 20,
        map < 100 ? 0 : number_of(usage, "used_bytes") / (map / 100),
        number_of(usage, "disk_free_bytes") >> 20,
        disk < 100 ? 0 : number_of(usage, "disk_free_bytes") / (disk / 100));
}

static void print_scrub(const json_t *answer, FILE *out)
{
    const json_t *scrub = json_object_get(answer, "scrub");
    const json_t *names = json_object_get(scrub, "names");
    size_t i;
    const json_t *name;
    if (json_is_string(scrub)) {
        (void)fputs("Đọc soát: tệp SCRUB bị hỏng\n", out);
        return;
    }
    if (!json_is_object(scrub)) {
        (void)fputs("Đọc soát: chưa có lần nào\n", out);
        return;
    }
    (void)fprintf(out,
                  "Đọc soát: %lld lượt xong, lượt cuối xong lúc %s; %lld dòng; %lld chỗ hỏng\n",
                  number_of(scrub, "passes"), text_of(scrub, "ended"), number_of(scrub, "rows"),
                  number_of(scrub, "faults"));
    json_array_foreach(names, i, name)(void) fprintf(out, "  HỎNG: %s\n", json_string_value(name));
}

static void print_witnesses(const json_t *answer, FILE *out)
{
    const json_t *list = json_object_get(answer, "witnesses");
    size_t i;
    const json_t *item;
    if (list != NULL && json_array_size(list) == 0)
        (void)fputs("Nhân chứng: chưa có checkpoint nào được xác nhận\n", out);
    json_array_foreach(list, i, item)
    {
        const json_t *behind = json_object_get(item, "behind");
        (void)fprintf(out, "Nhân chứng %s: cỡ %lld", text_of(item, "file"),
                      number_of(item, "size"));
        if (behind != NULL)
            (void)fprintf(out, ", còn %lld mục chưa xác nhận\n",
                          (long long)json_integer_value(behind));
        else
            (void)fputs(json_is_true(json_object_get(item, "right"))
                            ? ", không so được với kho này\n"
                            : ", không có chữ ký đúng của nhật ký\n",
                        out);
    }
    if (json_is_true(json_object_get(answer, "behind")))
        (void)fputs(
            "NHÂN CHỨNG ĐÃ THẤY điều kho này không có: kho là bản cũ, hoặc là nhật ký khác; "
            "xem recover --help\n",
            out);
}

static void print_page(const json_t *answer, FILE *out)
{
    const char *url = json_string_value(json_object_get(answer, "page"));
    if (url != NULL && strstr(url, ":*/") != NULL)
        (void)fputs("Trang xem, theo config.yaml: cổng do máy chọn mỗi lần chạy, xem dòng SẴN SÀNG "
                    "của run\n",
                    out);
    else if (url != NULL)
        (void)fprintf(out, "Trang xem, theo config.yaml: %s\n", url);
}

void th_status_print(const json_t *answer, FILE *out)
{
    const json_t *problem = json_object_get(answer, "problem");
    if (problem != NULL)
        (void)fprintf(out, "KHO CÓ VẤN ĐỀ: %s\n", json_string_value(problem));
    if (json_object_get(answer, "refused") != NULL)
        (void)fprintf(out, "CHỈ ĐỌC ĐƯỢC: %s\n", text_of(answer, "refused"));
    if (json_is_true(json_object_get(answer, "disk_full")))
        (void)fprintf(out,
                      "KHÔNG GHI ĐƯỢC: đĩa của kho sắp đầy, máy chủ tạm ngừng nhận; dọn cho đĩa "
                      "trống hơn %lld MiB thì tự nhận lại\n",
                      number_of(json_object_get(answer, "usage"), "disk_wanted_bytes") >> 20);
    else if (json_is_true(json_object_get(answer, "full")))
        (void)fputs("KHÔNG GHI ĐƯỢC: bản đồ của kho sắp đầy, máy chủ tạm ngừng nhận; báo cho người "
                    "phụ trách\n",
                    out);
    if (json_object_get(answer, "size") != NULL)
        print_log(answer, out);
    print_usage(answer, out);
    print_scrub(answer, out);
    print_witnesses(answer, out);
    if (json_is_true(json_object_get(answer, "running")))
        (void)fprintf(out, "Máy chủ đang chạy, PID %lld\n", number_of(answer, "pid"));
    else
        (void)fputs("Máy chủ không chạy\n", out);
    print_page(answer, out);
}
