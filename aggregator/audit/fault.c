/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a receipt is in proto/tlog/proof.h. The form is looked at line by line; when it is
 * right, the leaf, the signature and the way from the leaf to the signed root are, in this order.
 */
#include "aggregator/audit/fault.h"

#include "proto/tlog/proof.h"
#include "proto/wire/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

struct lines {
    const char *at;
    size_t left;
    unsigned number; /* of the line that was read last */
    const char *line;
    size_t length;
};

static bool next(struct lines *lines)
{
    const char *end = lines->left == 0 ? NULL : memchr(lines->at, '\n', lines->left);
    if (end == NULL)
        return false;
    lines->line = lines->at;
    lines->length = (size_t)(end - lines->at);
    lines->at = end + 1;
    lines->left -= lines->length + 1;
    lines->number++;
    return true;
}

static bool begins(const struct lines *lines, const char *word)
{
    size_t size = strlen(word);
    return lines->length >= size && memcmp(lines->line, word, size) == 0;
}

__attribute__((format(printf, 3, 4))) static void say(struct th_fault *fault, unsigned line,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    fault->line = line;
}

/* The first line whose form is wrong, to the empty one before the checkpoint. False: none is;
 * `lines` stands at the checkpoint. */
static bool find_bad_line(struct lines *lines, struct th_fault *fault)
{
    uint8_t extra[TH_PROOF_EXTRA_MAX];
    struct th_digest hash;
    size_t size;
    uint64_t index;
    if (!next(lines) || lines->length != strlen(FIRST_LINE) || !begins(lines, FIRST_LINE)) {
        if (lines->length == strlen(FIRST_LINE "\r") && begins(lines, FIRST_LINE "\r"))
            say(fault, 1,
                "dòng kết thúc kiểu Windows (CRLF): tệp đã bị đổi khi chép hay gửi; lấy lại tệp "
                "gốc");
        else
            say(fault, 1, "không phải biên nhận: dòng đầu phải là " FIRST_LINE);
        return true;
    }
    bool there = next(lines);
    if (there && begins(lines, "extra ")) {
        if (th_tlog_base64_decode(lines->line + 6, lines->length - 6, sizeof extra, extra, &size) !=
            0) {
            say(fault, lines->number, "nội dung biên nhận (extra) không phải base64 đúng dạng");
            return true;
        }
        there = next(lines);
    }
    if (!there || !begins(lines, "index ") ||
        th_tlog_decimal_decode(lines->line + 6, lines->length - 6, &index) != 0) {
        say(fault, lines->number + !there, "thiếu số thứ tự trong nhật ký (index), hoặc viết sai");
        return true;
    }
    while ((there = next(lines)) && lines->length > 0) {
        if (th_tlog_digest_decode(lines->line, lines->length, &hash) != 0) {
            say(fault, lines->number, "không phải mã băm 32 byte dạng base64");
            return true;
        }
    }
    if (!there)
        say(fault, lines->number + 1, "thiếu dòng trống và checkpoint: tệp bị cắt");
    return !there;
}

/* What the checkpoint says for itself; lines are counted from `first`. False: it holds. */
static bool find_bad_checkpoint(const struct th_tlog_proof *proof, const struct th_log_keys *keys,
                                unsigned first, struct th_fault *fault)
{
    struct th_checkpoint checkpoint;
    struct th_note note;
    int status = th_log_keys_verify(keys, proof->checkpoint, proof->checkpoint_size, &checkpoint);
    if (status == 0) {
        bool is_one = th_tlog_note_split(proof->checkpoint, proof->checkpoint_size, &note) == 0 &&
                      note.signatures_n == 1;
        if (!is_one)
            say(fault, first, "checkpoint trong biên nhận phải có đúng một chữ ký, của nhật ký");
        return !is_one;
    }
    if (status == TH_E_INVALID) {
        size_t length = strcspn(proof->checkpoint, "\n");
        fault->is_of_keys = true;
        say(fault, first, "nhật ký “%.*s” không có trong lịch sử khóa", (int)length,
            proof->checkpoint);
    } else if (status == TH_E_SIGNATURE) {
        unsigned lines = first;
        fault->is_of_keys = true;
        if (th_tlog_note_split(proof->checkpoint, proof->checkpoint_size, &note) == 0)
            for (size_t i = 0; i <= note.text_size; i++) /* the empty line too */
                lines += note.text[i] == '\n';
        say(fault, lines,
            "chữ ký không phải của khóa nhật ký trên đúng checkpoint này: checkpoint hoặc chữ ký "
            "đã bị sửa, hoặc lịch sử khóa không phải của nhật ký này");
    } else {
        say(fault, first, "checkpoint sai dạng: %s", th_status_text(status));
    }
    return true;
}

void th_fault_explain(struct th_bytes text, const struct th_log_keys *keys, int status,
                      struct th_arena *arena, struct th_fault *ret_fault)
{
    struct lines lines = {.at = (const char *)text.bytes, .left = text.size};
    struct th_tlog_proof proof;
    struct th_leaf leaf;
    if (status == TH_E_NO_MEMORY) {
        say(ret_fault, 0, "%s", th_status_text(status));
        return;
    }
    if (find_bad_line(&lines, ret_fault))
        return;
    int parsed = th_tlog_proof_parse((const char *)text.bytes, text.size, &proof);
    if (parsed != 0) {
        say(ret_fault, lines.number + 1, "checkpoint sai dạng: %s", th_status_text(parsed));
        return;
    }
    if (proof.extra_size == 0) {
        say(ret_fault, 2, "biên nhận không có nội dung (extra)");
        return;
    }
    if (find_bad_checkpoint(&proof, keys, lines.number + 1, ret_fault))
        return;
    const struct th_bytes extra = {proof.extra, proof.extra_size};
    if (th_wire_leaf_decode(extra, arena, &leaf) != 0)
        say(ret_fault, 2, "nội dung biên nhận (extra) không đọc được: đã bị sửa");
    else if (leaf.position != proof.index)
        say(ret_fault, 3, "số thứ tự (index) không phải của nội dung này");
    else
        say(ret_fault, 0,
            "nội dung, số thứ tự và các mã băm không dẫn tới gốc đã ký: một trong các dòng trước "
            "checkpoint đã bị sửa");
}
