/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/witness_text.h"

#include "base/options.h"
#include "base/time.h"

#include <jansson.h>

typedef unsigned long long number; /* for %llu */

/* Two checkpoints that both have the log's signature. */
static void tell_pair(const struct th_witness_told *told, FILE *out)
{
    char kept[TH_DIGEST_BASE64_SIZE + 1], shown[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(&told->kept.root, kept);
    th_tlog_digest_encode(&told->shown.root, shown);
    (void)fprintf(out,
                  "    đã thấy: %llu lá, gốc %s\n"
                  "    nay được đưa: %llu lá, gốc %s\n",
                  (number)told->kept.size, kept, (number)told->shown.size, shown);
    if (told->evidence[0] != '\0')
        (void)fprintf(out, "    Đã giữ cả hai: %s\n", told->evidence);
}

static void tell_fork(const struct th_witness_told *told, FILE *out)
{
    (void)fprintf(out, "CẢNH BÁO: NHẬT KÝ %s BỊ TÁCH NHÁNH. KHÔNG KÝ.\n", told->shown.origin);
    tell_pair(told, out);
    (void)fputs("    Cùng cỡ mà khác gốc: có bản ghi đã bị sửa hoặc bị bỏ.\n"
                "    cách làm: giữ nguyên hai checkpoint và báo cho cơ quan giám sát: cả hai đều "
                "mang chữ ký của nhật ký.\n",
                out);
}

static void tell_unproven(const struct th_witness_told *told, FILE *out)
{
    (void)fprintf(out,
                  "CẢNH BÁO: CHỨNG MINH KHÔNG ĐÚNG: chưa rõ nhật ký %s có bị tách nhánh hay không. "
                  "KHÔNG KÝ.\n",
                  told->shown.origin);
    tell_pair(told, out);
    (void)fputs("    Hoặc chứng minh bị hỏng, hoặc cái sau không có cái trước là phần đầu.\n"
                "    cách làm: lấy lại chứng minh bằng tonghop-audit consistency; nếu vẫn vậy, giữ "
                "nguyên hai checkpoint và báo cho cơ quan giám sát: cả hai đều mang chữ ký của "
                "nhật ký.\n",
                out);
}

static void tell_ended(const struct th_witness_told *told, FILE *out)
{
    (void)fprintf(out,
                  "CẢNH BÁO: NHẬT KÝ %s ĐÃ ĐƯỢC THAY, MÀ VẪN DÀI RA. KHÔNG KÝ.\n"
                  "    sau lần khôi phục, đã chứng kiến nhật ký %s ở %llu lá\n"
                  "    nay được đưa: %llu lá của nhật ký cũ\n",
                  told->shown.origin, told->later.origin, (number)told->later.size,
                  (number)told->shown.size);
    if (told->evidence[0] != '\0')
        (void)fprintf(out, "    Đã giữ cả hai: %s\n", told->evidence);
    (void)fputs(
        "    Hoặc checkpoint có từ trước lần khôi phục mà nay mới tới, hoặc kho cũ vẫn được "
        "ghi tiếp: hai lịch sử cùng lúc.\n"
        "    cách làm: hỏi tỉnh; giữ nguyên hai checkpoint và báo cho cơ quan giám sát.\n",
        out);
}

static void tell_lost(const struct th_witness_told *told, FILE *out)
{
    (void)fprintf(out,
                  "LƯU Ý: nhật ký %s đã mất bản ghi: đã thấy %llu lá, nhật ký mới %s chỉ nối tiếp "
                  "từ lá thứ %llu; %llu bản ghi không còn ở đó.\n"
                  "Các đơn vị còn giữ biên nhận của phần đã mất sẽ nộp lại. Từ nay chứng kiến nhật "
                  "ký mới.\n",
                  told->kept.origin, (number)told->kept.size, told->shown.origin,
                  (number)told->shared, (number)(told->kept.size - told->shared));
}

void th_witness_tell(const struct th_witness_told *told, FILE *out)
{
    const char *origin = told->shown.origin;
    number size = told->shown.size, kept = told->kept.size;
    switch (told->verdict) {
    case TH_WITNESS_FIRST:
        (void)fprintf(out, "Đã ký: lần đầu thấy nhật ký %s, %llu lá.\n", origin, size);
        break;
    case TH_WITNESS_GROWN:
        (void)fprintf(out, "Đã ký: nhật ký %s, %llu lá, nối tiếp %llu lá đã thấy.\n", origin, size,
                      kept);
        break;
    case TH_WITNESS_SAME:
        (void)fprintf(out, "Đã ký lại: nhật ký %s, vẫn %llu lá.\n", origin, size);
        break;
    case TH_WITNESS_FOLLOWS:
        (void)fprintf(out,
                      "Đã ký: nhật ký %s, %llu lá, khôi phục từ nhật ký %s; cả %llu lá đã thấy vẫn "
                      "còn.\n",
                      origin, size, told->kept.origin, kept);
        break;
    case TH_WITNESS_LOST:
        tell_lost(told, out);
        (void)fprintf(out, "Đã ký: nhật ký %s, %llu lá.\n", origin, size);
        break;
    case TH_WITNESS_NEEDS:
        (void)fprintf(out,
                      "Không ký: cần chứng minh bắt đầu bằng dòng “old %llu”%s.\n"
                      "    cách làm: " TH_CLI_PROGRAM " consistency CHECKPOINT-ĐANG-GIỮ KHO --out "
                      "TỆP\n",
                      (number)told->needed,
                      told->needed == 0 ? " (lần đầu của nhật ký này)" : ", là cỡ đang giữ");
        break;
    case TH_WITNESS_ROLLBACK:
        (void)fprintf(out,
                      "CẢNH BÁO: NHẬT KÝ %s BỊ LÙI. KHÔNG KÝ: đã thấy %llu lá, checkpoint này chỉ "
                      "có %llu.\n"
                      "    cách làm: cần checkpoint từ %llu lá trở lên, với chứng minh “old %llu”; "
                      "nếu kho đã bị lùi, tỉnh phải chạy tonghop-aggregator recover.\n",
                      origin, kept, size, kept, kept);
        break;
    case TH_WITNESS_UNPROVEN:
        tell_unproven(told, out);
        break;
    case TH_WITNESS_FORK:
        tell_fork(told, out);
        break;
    case TH_WITNESS_ENDED:
        tell_ended(told, out);
        break;
    }
}

static const char *word_of(enum th_witness_verdict verdict)
{
    static const char *const words[] = {
        [TH_WITNESS_FIRST] = "first",       [TH_WITNESS_GROWN] = "grown",
        [TH_WITNESS_SAME] = "same",         [TH_WITNESS_FOLLOWS] = "follows",
        [TH_WITNESS_LOST] = "lost",         [TH_WITNESS_NEEDS] = "other_proof_needed",
        [TH_WITNESS_ROLLBACK] = "rollback", [TH_WITNESS_UNPROVEN] = "unproven",
        [TH_WITNESS_FORK] = "fork",         [TH_WITNESS_ENDED] = "ended",
    };
    return words[verdict];
}

static json_t *checkpoint_of(const struct th_checkpoint *checkpoint)
{
    char root[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(&checkpoint->root, root);
    return json_pack("{s:s,s:I,s:s}", "origin", checkpoint->origin, "size",
                     (json_int_t)checkpoint->size, "root", root);
}

void th_witness_tell_json(const struct th_witness_told *told, const char *note, size_t size,
                          FILE *out)
{
    json_t *object = json_pack("{s:s,s:b,s:o,s:o}", "verdict", word_of(told->verdict), "signed",
                               (int)(note != NULL), "shown", checkpoint_of(&told->shown), "kept",
                               told->has_kept ? checkpoint_of(&told->kept) : json_null());
    if (told->verdict == TH_WITNESS_LOST)
        (void)json_object_set_new(object, "lost",
                                  json_integer((json_int_t)(told->kept.size - told->shared)));
    if (told->verdict == TH_WITNESS_ENDED)
        (void)json_object_set_new(object, "later", checkpoint_of(&told->later));
    if (told->verdict == TH_WITNESS_NEEDS)
        (void)json_object_set_new(object, "needed", json_integer((json_int_t)told->needed));
    if (told->verdict == TH_WITNESS_ROLLBACK)
        (void)json_object_set_new(object, "needed", json_integer((json_int_t)told->kept.size));
    if (told->evidence[0] != '\0')
        (void)json_object_set_new(object, "evidence", json_string(told->evidence));
    if (note != NULL) {
        char text[TH_INSTANT_TEXT_SIZE];
        (void)json_object_set_new(
            object, "time",
            json_string(th_instant_format((th_instant){told->time_s * 1000}, text)));
        (void)json_object_set_new(object, "cosigned", json_stringn(note, size));
    }
    (void)json_dumpf(object, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)fputc('\n', out);
    json_decref(object);
}

/* ---- the list ---- */

struct listing {
    FILE *out;
    json_t *list; /* NULL: text */
    unsigned count;
};

static int list_one(void *context, const char *file, int status,
                    const struct th_checkpoint *checkpoint)
{
    struct listing *listing = context;
    listing->count++;
    if (listing->list != NULL) {
        json_t *object = status == 0 ? checkpoint_of(checkpoint)
                                     : json_pack("{s:s}", "problem", th_status_wire_name(status));
        (void)json_object_set_new(object, "file", json_string(file));
        return json_array_append_new(listing->list, object) == 0 ? 0 : TH_E_NO_MEMORY;
    }
    if (status == 0)
        (void)fprintf(listing->out, "%s  %s  %llu lá\n", file, checkpoint->origin,
                      (number)checkpoint->size);
    else
        (void)fprintf(listing->out, "%s  KHÔNG ĐỌC ĐƯỢC: %s\n", file, th_status_text(status));
    return 0;
}

int th_witness_print_list(const struct th_witness_state *state, bool as_json, FILE *out)
{
    struct listing listing = {.out = out, .list = as_json ? json_array() : NULL};
    unsigned evidence = 0;
    int status = th_witness_list(state, list_one, &listing);
    if (status == 0)
        status = th_witness_count_evidence(state, &evidence);
    if (as_json) {
        json_t *object =
            json_pack("{s:o,s:I}", "logs", listing.list, "contradictions", (json_int_t)evidence);
        if (status == 0) {
            (void)json_dumpf(object, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
            (void)fputc('\n', out);
        }
        json_decref(object);
        return status;
    }
    if (status == 0 && listing.count == 0)
        (void)fputs("Chưa giữ checkpoint nào.\n", out);
    if (status == 0 && evidence > 0)
        (void)fprintf(out,
                      "CẢNH BÁO: %u lần tách nhánh, chứng minh không đúng, hoặc nhật ký đã được "
                      "thay mà vẫn dài ra, giữ ở %s/evidence\n",
                      evidence, state->folder);
    return status;
}
