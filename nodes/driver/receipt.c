/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/driver/receipt.h"

#include "proto/wire/journal.h"

#include <string.h>

int th_receipt_open(struct th_bytes text, const struct th_vkey *log_key, const char *realm,
                    struct th_arena *arena, struct th_receipt *ret_receipt)
{
    struct th_tlog_proof *proof = th_arena_alloc(arena, sizeof *proof);
    if (proof == NULL)
        return TH_E_NO_MEMORY;
    struct th_receipt receipt;
    int status = th_tlog_proof_parse((const char *)text.bytes, text.size, proof);
    if (status == 0)
        status = th_tlog_proof_verify(proof, log_key, 1, realm, proof->extra, proof->extra_size,
                                      &receipt.checkpoint);
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
    if (leaf->kind != TH_ENTRY_SUBMISSION)
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
