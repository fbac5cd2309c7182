/* SPDX-License-Identifier: Apache-2.0 */
/* What recover says when a new log has begun: what was lost, and what is to be done by hand. */
#include "aggregator/cli/keys.h"
#include "aggregator/cli/recover.h"

#include <sysexits.h>

static int tell_json(const struct th_recovering *recovering, const struct th_secrets *next,
                     bool is_curve_new, bool is_signed)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    char when[TH_INSTANT_TEXT_SIZE];
    json_t *all = json_pack(
        "{s:s, s:s, s:I, s:s, s:o, s:o, s:b, s:b, s:I}", "realm", recovering->origin, "log_key",
        th_cli_vkey_text(&next->signer.vkey, vkey), "restored_size", (json_int_t)recovering->size,
        "restored_until", th_instant_format(recovering->last, when), "lost_size",
        recovering->has_lost ? json_integer((json_int_t)recovering->lost_size) : json_null(),
        "lost",
        recovering->has_lost && recovering->lost_size > recovering->size
            ? json_integer((json_int_t)(recovering->lost_size - recovering->size))
            : json_null(),
        "succession", is_signed, "new_curve_key", is_curve_new, "keys_found",
        (json_int_t)(recovering->keys.count - recovering->known_keys));
    return th_site_answer(&recovering->site, all);
}

static void tell_lost(const struct th_recovering *recovering)
{
    char when[TH_SPOKEN_TEXT_SIZE];
    FILE *out = recovering->site.out;
    (void)fprintf(out, "Bản sao có %llu mục, mục cuối lúc %s.\n",
                  (unsigned long long)recovering->size,
                  th_instant_format_spoken(recovering->last, when));
    if (recovering->is_whole)
        (void)fputs("Kho không thiếu bản ghi nào: chỉ khóa mất.\n", out);
    else if (!recovering->has_lost)
        (void)fputs("Không có checkpoint nào của phần đã mất: không biết mất bao nhiêu bản ghi.\n",
                    out);
    else if (recovering->lost_size <= recovering->size)
        (void)fprintf(
            out,
            "Có checkpoint ở cỡ %llu của một nhật ký khác bản sao này: hai lịch sử khác "
            "nhau, giữ lại để kiểm tra. Máy chủ sẽ lại ngừng ký khi nút có biên nhận của lịch sử "
            "kia nối tới: hãy dừng, đặt lại một bản sao có trước cỡ ấy, rồi recover lại.\n",
            (unsigned long long)recovering->lost_size);
    else
        (void)fprintf(out, "Mất ít nhất %llu bản ghi từ lúc ấy: nhật ký đã ký tới cỡ %llu.\n",
                      (unsigned long long)(recovering->lost_size - recovering->size),
                      (unsigned long long)recovering->lost_size);
}

int th_recover_tell(const struct th_recovering *recovering, const struct th_secrets *next,
                    bool is_curve_new, bool is_signed)
{
    char when[TH_SPOKEN_TEXT_SIZE], word[TH_TEXT_WORD_SIZE];
    FILE *out = recovering->site.out;
    const char *folder = recovering->site.folder;
    if (recovering->site.as_json)
        return tell_json(recovering, next, is_curve_new, is_signed);
    tell_lost(recovering);
    (void)fprintf(out,
                  "Từ nay là nhật ký “%s”, khóa mới. Đã ghi lại server.yaml và log-keys.yaml.\n\n",
                  recovering->origin);
    if (!recovering->is_whole)
        (void)fprintf(out,
                      "Làm lại bằng tay những gì có sau %s:\n"
                      "  1. THU HỒI khóa (revoke) TRƯỚC KHI chạy máy chủ: khóa đã thu hồi lúc đó "
                      "đang dùng được trở lại\n"
                      "  2. ghi danh (enroll) các đơn vị mới, các nút mới\n"
                      "  3. danh sách đơn vị (units import) và kế hoạch (plan load)\n",
                      th_instant_format_spoken(recovering->last, when));
    (void)fprintf(
        out,
        "Rồi: tonghop-aggregator run %s; đợi các nút nối lại và trình lại báo cáo có biên "
        "nhận\n(tonghop-aggregator recover %s --status); đủ thì: tonghop-aggregator "
        "recover %s --finish\n"
        "Cất lại bản sao ngoại tuyến của secrets/.\n",
        th_text_word(folder, word), word, word);
    if (!is_signed || is_curve_new)
        (void)fprintf(out,
                      "%s: từng đơn vị phải nhận %s/server.yaml mới qua đường tin được và chạy "
                      "tonghop-node trust.\n",
                      is_curve_new ? "Khóa kết nối mất, đã tạo khóa mới"
                                   : "Khóa nhật ký cũ mất, không ai ký giới thiệu khóa mới",
                      folder);
    return EX_OK;
}
