/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/receipt/receipt.h"

#include "base/assert.h"
#include "proto/wire/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * The key that has to have signed the checkpoint. One line of signature and no other: what nobody
 * verifies has no place in a receipt, so that no byte of it can be changed.
 */
static int find_key(const struct th_tlog_proof *proof, const struct th_log_keys *keys,
                    struct th_checkpoint *ret_checkpoint, const struct th_log_key **ret_key)
{
    struct th_note note;
    int status = th_tlog_note_split(proof->checkpoint, proof->checkpoint_size, &note);
    if (status == 0)
        status = th_tlog_checkpoint_parse(note.text, note.text_size, ret_checkpoint);
    if (status != 0)
        return status;
    if (!th_log_keys_has_origin(keys, ret_checkpoint->origin))
        return TH_E_INVALID;
    const struct th_log_key *key =
        th_log_keys_find(keys, ret_checkpoint->origin, ret_checkpoint->size);
    if (key == NULL || note.signatures_n != 1)
        return TH_E_SIGNATURE;
    *ret_key = key;
    return 0;
}

int th_receipt_open(struct th_bytes text, const struct th_log_keys *keys, struct th_arena *arena,
                    struct th_receipt *ret_receipt)
{
    struct th_tlog_proof *proof = th_arena_alloc(arena, sizeof *proof);
    if (proof == NULL)
        return TH_E_NO_MEMORY;
    struct th_receipt receipt;
    int status = th_tlog_proof_parse((const char *)text.bytes, text.size, proof);
    if (status == 0)
        status = find_key(proof, keys, &receipt.checkpoint, &receipt.key);
    if (status == 0)
        status = th_tlog_proof_verify(proof, &receipt.key->vkey, 1, receipt.checkpoint.origin,
                                      proof->extra, proof->extra_size, &receipt.checkpoint);
    if (status == 0)
        status = th_wire_leaf_decode((struct th_bytes){proof->extra, proof->extra_size}, arena,
                                     &receipt.leaf);
    if (status == 0 && receipt.leaf.position != proof->index)
        status = TH_E_INVALID;
    if (status == 0)
        *ret_receipt = receipt;
    return status;
}

enum th_receipt_fault th_receipt_check(const struct th_receipt *receipt,
                                       const struct th_receipt_claim *claim,
                                       const struct th_judgement **ret_judgement)
{
    const struct th_leaf *leaf = &receipt->leaf;
    if (!th_entry_has_reports(leaf->kind))
        return TH_RECEIPT_OTHER_KIND;
    if (leaf->mode != claim->mode)
        return TH_RECEIPT_OTHER_MODE;
    if (leaf->unit.size != strlen(claim->unit) ||
        memcmp(leaf->unit.bytes, claim->unit, leaf->unit.size) != 0)
        return TH_RECEIPT_OTHER_UNIT;
    for (size_t i = 0; i < leaf->judgements_count; i++) {
        const struct th_judgement *judgement = &leaf->judgements[i];
        if (memcmp(&judgement->report_digest, &claim->report_digest, sizeof claim->report_digest) !=
            0)
            continue;
        if (judgement->verdict != TH_VERDICT_ACCEPTED && judgement->verdict != TH_VERDICT_DUPLICATE)
            return TH_RECEIPT_NOT_TAKEN;
        *ret_judgement = judgement;
        return TH_RECEIPT_HOLDS;
    }
    return TH_RECEIPT_NOT_NAMED;
}

const char *th_receipt_fault_text(enum th_receipt_fault fault)
{
    switch (fault) {
    case TH_RECEIPT_HOLDS:
        return "biên nhận đúng";
    case TH_RECEIPT_OTHER_KIND:
        return "biên nhận không phải của một lần nộp báo cáo";
    case TH_RECEIPT_OTHER_MODE:
        return "biên nhận DIỄN TẬP và báo cáo thật không dùng lẫn cho nhau được";
    case TH_RECEIPT_OTHER_UNIT:
        return "biên nhận của một đơn vị khác";
    case TH_RECEIPT_NOT_NAMED:
        return "biên nhận không nêu báo cáo này";
    case TH_RECEIPT_NOT_TAKEN:
        return "biên nhận nêu báo cáo này nhưng không phải là đã nhận";
    }
    return "";
}

/* A sentence that grows in its own storage; what does not fit is an error of ours. */
struct sentence {
    char text[1024];
    size_t size;
};

static void add(struct sentence *sentence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct sentence *sentence, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sentence->text + sentence->size, sizeof sentence->text - sentence->size,
                           format, arguments);
    va_end(arguments);
    TH_ASSERT(length >= 0 && (size_t)length < sizeof sentence->text - sentence->size);
    sentence->size += (size_t)length;
}

/* When the report was received, and the first of its revisions. */
static void tell_times(const struct th_leaf *leaf, const struct th_judgement *judgement,
                       struct sentence *sentence)
{
    char time[TH_SPOKEN_TEXT_SIZE], first[TH_SPOKEN_TEXT_SIZE], who[TH_TEXT_EXCERPT_SIZE];
    th_instant received = judgement->has_received ? judgement->received : leaf->time;
    (void)th_instant_format_spoken(received, time);
    if (!judgement->accepted) {
        add(sentence, " đã nhận từ trước, gửi lặp lại lúc %s", time);
        return;
    }
    if (leaf->kind == TH_ENTRY_ENTERED)
        add(sentence, " nhập hộ bởi %s lúc %s, không có chữ ký của đơn vị",
            th_text_excerpt(leaf->operator.bytes, leaf->operator.size, who), time);
    else if (leaf->kind == TH_ENTRY_READMITTED)
        add(sentence, " đã nhận lại sau khi khôi phục, lần nhận đầu %s", time);
    else
        add(sentence, " đã nhận lúc %s", time);
    if (judgement->revision > 1)
        add(sentence, ", lần 1 nhận lúc %s",
            th_instant_format_spoken(judgement->first_received, first));
}

static void tell_timeliness(const struct th_judgement *judgement, struct sentence *sentence)
{
    char due[TH_SPOKEN_TEXT_SIZE];
    bool has_due = judgement->has_due;
    if (has_due)
        (void)th_instant_format_deadline(judgement->due, due);
    switch (judgement->timeliness) {
    case TH_TIMELINESS_ON_TIME:
        add(sentence, ", đúng hạn");
        break;
    case TH_TIMELINESS_LATE:
        add(sentence, ", trễ hạn");
        break;
    case TH_TIMELINESS_UNDECIDED:
        add(sentence, ", chưa xác định (đồng hồ nơi nhận đang được kiểm tra%s%s)",
            has_due ? "; hạn: trước " : "", has_due ? due : "");
        return;
    case TH_TIMELINESS_UNDATED:
        add(sentence, ", không có hạn");
        break;
    }
    if (has_due)
        add(sentence, " (hạn: trước %s)", due);
}

int th_receipt_tell(const struct th_receipt *receipt, const struct th_judgement *judgement,
                    struct th_arena *arena, const char **ret_sentence)
{
    const struct th_leaf *leaf = &receipt->leaf;
    struct sentence sentence = {.size = 0};
    char obligation[TH_TEXT_EXCERPT_SIZE], unit[TH_TEXT_EXCERPT_SIZE];
    if (leaf->mode == TH_MODE_REHEARSAL)
        add(&sentence, "DIỄN TẬP – ");
    add(&sentence, "Đơn vị %s: báo cáo %s",
        th_text_excerpt(leaf->unit.bytes, leaf->unit.size, unit),
        th_text_excerpt(judgement->obligation.bytes, judgement->obligation.size, obligation));
    if (judgement->number > 0)
        add(&sentence, " số %" PRIu32, judgement->number);
    add(&sentence, " (lần %" PRIu32 ")", judgement->revision);
    tell_times(leaf, judgement, &sentence);
    if (judgement->accepted)
        tell_timeliness(judgement, &sentence);
    add(&sentence, ".");
    const char *copy = th_arena_copy_text(arena, sentence.text, sentence.size);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    *ret_sentence = copy;
    return 0;
}
