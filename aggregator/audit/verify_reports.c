/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed a submission (nobody signs what an operator entered), and what was decided about its
 * reports: due instants from the plan, timeliness from instants. That revisions follow each other
 * and that first revisions stay as they were is the fold's to say.
 */
#include "aggregator/audit/verify_parts.h"

#include "proto/receipt/receipt.h"

#include <string.h>

struct looking {
    struct th_verify *verify;
    const struct th_unpacked *unpacked;
    const struct th_entry *entry;
    const struct th_leaf *earlier; /* of the receipt, of what was readmitted; else NULL */
};

static bool is_same_text(struct th_text a, struct th_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

#define SAY(looking, kind, ...)                                                                    \
    th_findings_add(&(looking)->verify->findings, kind, (looking)->entry->position, __VA_ARGS__)

/* ---- who signed ---- */

static void check_authority(const struct looking *looking)
{
    const struct th_submission_header *header = &looking->unpacked->submission.header;
    const struct th_verify_key *key = th_verify_find_key(&looking->verify->people, &header->key);
    if (key == NULL) {
        SAY(looking, TH_FINDING_SUBMISSION, "khóa đã ký chưa được ghi danh trước bản ghi này");
        return;
    }
    const struct th_text unit = {key->unit, strlen(key->unit)};
    if (!is_same_text(unit, header->unit))
        SAY(looking, TH_FINDING_SUBMISSION, "khóa đã ký là của đơn vị %s, không phải %.*s",
            key->unit, (int)header->unit.size, header->unit.bytes);
    if (!th_key_is_in_force(&key->row, looking->entry->time))
        SAY(looking, TH_FINDING_SUBMISSION, "khóa đã ký đã bị thu hồi trước đó");
}

/* ---- what was decided ---- */

/* By the stamps; while the clock is suspect nothing is decided. */
static enum th_timeliness timeliness_of(const struct th_judgement *judgement,
                                        enum th_clock_status clock)
{
    if (!judgement->has_due)
        return TH_TIMELINESS_UNDATED;
    if (clock == TH_CLOCK_SUSPECT)
        return TH_TIMELINESS_UNDECIDED;
    return judgement->first_received.ms < judgement->due.ms ? TH_TIMELINESS_ON_TIME
                                                            : TH_TIMELINESS_LATE;
}

static void check_due(const struct looking *looking, const struct th_obligation *obligation,
                      const struct th_judgement *judgement)
{
    char said[TH_INSTANT_TEXT_SIZE], planned[TH_INSTANT_TEXT_SIZE];
    if (judgement->has_due != obligation->has_due)
        SAY(looking, TH_FINDING_JUDGEMENT, "nghĩa vụ %s %s", obligation->id,
            obligation->has_due ? "có hạn mà phán định không ghi hạn"
                                : "không có hạn mà phán định ghi hạn");
    else if (obligation->has_due && judgement->due.ms != obligation->due.ms)
        SAY(looking, TH_FINDING_JUDGEMENT, "hạn của %s ghi là %s, theo kế hoạch là %s",
            obligation->id, th_instant_format(judgement->due, said),
            th_instant_format(obligation->due, planned));
}

static void check_timeliness(const struct looking *looking, const struct th_judgement *judgement)
{
    enum th_timeliness expected = timeliness_of(judgement, looking->entry->clock);
    bool is_first = judgement->revision == 1;
    if (is_first && judgement->first_received.ms != looking->entry->time.ms)
        SAY(looking, TH_FINDING_JUDGEMENT, "lúc nhận lần đầu không phải lúc của bản ghi");
    if (judgement->timeliness == expected)
        return;
    /* A later revision keeps what was decided of the first one, before or after the doubt. */
    if (!is_first && judgement->has_due &&
        (judgement->timeliness == TH_TIMELINESS_UNDECIDED ||
         judgement->timeliness == timeliness_of(judgement, TH_CLOCK_STEADY)))
        return;
    SAY(looking, TH_FINDING_JUDGEMENT, "đúng hạn hay trễ của %.*s không theo lúc nhận và hạn",
        (int)judgement->obligation.size, judgement->obligation.bytes);
}

/* One that was received by the store itself. */
static void check_judgement(const struct looking *looking, size_t index)
{
    const struct th_judgement *judgement = &looking->entry->decision.judgements[index];
    const struct th_report *report = &looking->unpacked->submission.reports[index];
    const struct th_verify_people *people = &looking->verify->people;
    const struct th_obligation *obligation = th_verify_find_obligation(people, report);
    if (obligation == NULL) {
        SAY(looking, TH_FINDING_JUDGEMENT, "nhận báo cáo của một nghĩa vụ không có trong kế hoạch");
        return;
    }
    /* What was readmitted keeps the due instant of the log that was lost. */
    if (judgement->revision == 1 || !people->has_readmitted)
        check_due(looking, obligation, judgement);
    check_timeliness(looking, judgement);
}

/* ---- what was received again ---- */

/* The first position that the log of this origin lost. False: it lost nothing. */
static bool lost_from(const struct th_log_keys *keys, const char *origin, uint64_t *ret_from)
{
    bool is_met = false, is_lost = false;
    for (size_t i = 0; i < keys->count; i++) {
        const struct th_log_key *key = &keys->items[i];
        bool is_recovery = i > 0 && strcmp(key->vkey.name, keys->items[i - 1].vkey.name) != 0;
        if (is_met && is_recovery && (!is_lost || key->after < *ret_from)) {
            *ret_from = key->after;
            is_lost = true;
        }
        is_met = is_met || strcmp(key->vkey.name, origin) == 0;
    }
    return is_lost;
}

static th_instant received_then(const struct th_leaf *leaf)
{
    for (size_t i = 0; i < leaf->judgements_count; i++)
        if (leaf->judgements[i].accepted && leaf->judgements[i].has_received)
            return leaf->judgements[i].received;
    return leaf->time;
}

static const char *leaf_fault(const struct looking *looking, const struct th_receipt *receipt)
{
    const struct th_unpacked *unpacked = looking->unpacked;
    const struct th_leaf *leaf = &receipt->leaf;
    uint64_t from = 0;
    if (leaf->kind != TH_ENTRY_SUBMISSION && leaf->kind != TH_ENTRY_READMITTED)
        return "biên nhận cũ không phải của một báo cáo";
    if (!leaf->has_header_digest ||
        !is_same_digest(&leaf->header_digest, &unpacked->submission.header_digest))
        return "biên nhận cũ là của báo cáo khác";
    if (leaf->mode != unpacked->submission.header.mode ||
        !is_same_text(leaf->unit, unpacked->submission.header.unit))
        return "biên nhận cũ là của đơn vị khác, hoặc của kho kiểu khác";
    if (!lost_from(looking->verify->keys, receipt->checkpoint.origin, &from) ||
        leaf->position < from)
        return "biên nhận cũ không phải của phần nhật ký đã mất";
    return NULL;
}

static void check_again(const struct looking *looking, size_t index)
{
    const struct th_judgement *judgement = &looking->entry->decision.judgements[index];
    const struct th_judgement *then =
        index < looking->earlier->judgements_count ? &looking->earlier->judgements[index] : NULL;
    if (then == NULL || !then->accepted ||
        !is_same_digest(&then->report_digest, &judgement->report_digest)) {
        SAY(looking, TH_FINDING_READMISSION, "nhận lại một báo cáo mà nhật ký cũ không nhận");
        return;
    }
    th_instant received = received_then(looking->earlier);
    if (!judgement->has_received || judgement->received.ms != received.ms)
        SAY(looking, TH_FINDING_READMISSION, "lúc nhận không phải lúc ghi trong biên nhận cũ");
    if (judgement->revision != 1)
        return;
    enum th_timeliness expected = then->timeliness == TH_TIMELINESS_UNDECIDED && then->has_due
                                      ? timeliness_of(then, looking->entry->clock)
                                      : then->timeliness;
    if (judgement->first_received.ms != then->first_received.ms ||
        judgement->has_due != then->has_due ||
        (then->has_due && judgement->due.ms != then->due.ms) || judgement->timeliness != expected)
        SAY(looking, TH_FINDING_JUDGEMENT,
            "lúc nhận lần đầu, hạn hoặc đúng hạn hay trễ khác với biên nhận cũ");
}

static int open_receipt(struct looking *looking, struct th_receipt *receipt)
{
    const struct th_readmission *readmission = &looking->entry->body.readmission;
    looking->verify->counts.readmissions++;
    int status = th_receipt_open(readmission->receipt, looking->verify->keys,
                                 &looking->verify->arena, receipt);
    if (status == TH_E_NO_MEMORY)
        return status;
    const char *fault = status != 0 ? "biên nhận cũ không đúng chữ ký của nhật ký đã mất"
                                    : leaf_fault(looking, receipt);
    if (fault != NULL)
        SAY(looking, TH_FINDING_READMISSION, "%s", fault);
    else
        looking->earlier = &receipt->leaf;
    return 0;
}

/* ---- the door ---- */

int th_verify_reports(struct th_verify *verify, const struct th_unpacked *unpacked)
{
    const struct th_decision *decision = &unpacked->entry.decision;
    struct looking looking = {.verify = verify, .unpacked = unpacked, .entry = &unpacked->entry};
    bool is_again = unpacked->entry.kind == TH_ENTRY_READMITTED;
    bool is_entered = unpacked->entry.kind == TH_ENTRY_ENTERED;
    struct th_receipt receipt;
    int status = 0;
    verify->counts.submissions++;
    verify->counts.reports += unpacked->submission.header.reports_count;
    if (is_again)
        status = open_receipt(&looking, &receipt);
    else if (is_entered)
        verify->counts.entered++; /* on the word of the operator, which the entry names */
    else
        check_authority(&looking);
    if (decision->judgements_count != unpacked->submission.header.reports_count) {
        SAY(&looking, TH_FINDING_JUDGEMENT, "phán định không đủ cho từng báo cáo");
        return status;
    }
    for (size_t i = 0; i < decision->judgements_count && status == 0; i++) {
        if (!decision->judgements[i].accepted)
            continue;
        verify->counts.accepted++;
        if (!is_again)
            check_judgement(&looking, i);
        else if (looking.earlier != NULL)
            check_again(&looking, i);
    }
    return status;
}
