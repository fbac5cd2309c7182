/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes: which items one is of, and whether what it says of each of them holds. */
#include "nodes/driver/driver_state.h"

#include "base/text.h"
#include "proto/receipt/receipt.h"
#include "proto/receipt/refusal.h"
#include "proto/wire/submission.h"

#include <stdarg.h>
#include <string.h>

bool th_node_was_taken(const struct th_wire_verdict *verdict)
{
    return verdict->kind == TH_VERDICT_ACCEPTED || verdict->kind == TH_VERDICT_DUPLICATE;
}

/* The items whose submission has this header, by id. */
static size_t list_by_header(const struct th_node_flight *flights, size_t count,
                             const struct th_digest *digest,
                             const struct th_node_flight *ret_found[TH_LIMIT_REPORTS_MAX])
{
    size_t found = 0;
    for (size_t i = 0; i < count && found < TH_LIMIT_REPORTS_MAX; i++) {
        const struct th_node_flight *flight = &flights[i];
        if (flight->id == 0 || !flight->is_frozen ||
            memcmp(&flight->header_digest, digest, sizeof *digest) != 0)
            continue;
        size_t at = found++;
        for (; at > 0 && ret_found[at - 1]->id > flight->id; at--)
            ret_found[at] = ret_found[at - 1];
        ret_found[at] = flight;
    }
    return found;
}

/* ---- receipts ---- */

/* The receipts of an outcome: each is opened once, though many reports may rest on it. */
struct opened {
    struct th_receipt *receipt; /* NULL: not yet, or it cannot be */
    int status;
};

/* An outcome while it is read. What it refuses rests on one thing for all its reports, which is
 * looked at once. */
struct reading {
    const struct th_outcome *outcome;
    struct opened *opened; /* one for each receipt */
    bool was_asked;        /* whether what it refuses holds */
    const char *fault;     /* why not; NULL: it does */
};

static int open_receipt(struct th_node_driver *driver, struct th_bytes text, struct opened *opened)
{
    if (opened->receipt == NULL && opened->status == 0) {
        struct th_receipt *receipt = th_arena_alloc(&driver->arena, sizeof *receipt);
        if (receipt == NULL)
            return TH_E_NO_MEMORY;
        opened->status = th_receipt_open(text, &driver->home->log_keys, &driver->arena, receipt);
        opened->receipt = receipt;
    }
    return opened->status;
}

static int check_receipt(struct th_node_driver *driver, const struct th_node_flight *flight,
                         struct opened *opened, struct th_node_answer *answer, bool *ret_holds)
{
    const struct th_wire_verdict *verdict = answer->verdict;
    const struct th_outcome *outcome = answer->outcome;
    *ret_holds = false;
    if (!verdict->has_receipt || verdict->receipt >= outcome->receipts_count) {
        answer->fault = "không có biên nhận kèm theo";
        return 0;
    }
    answer->receipt = outcome->receipts[verdict->receipt];
    int status = open_receipt(driver, answer->receipt, &opened[verdict->receipt]);
    if (status == TH_E_NO_MEMORY)
        return status;
    if (status != 0) {
        answer->fault = th_status_text(status);
        return 0;
    }
    const struct th_receipt *receipt = opened[verdict->receipt].receipt;
    if (strcmp(receipt->checkpoint.origin, th_home_log(driver->home)) != 0) {
        answer->fault = "biên nhận của sổ trước, không phải của sổ đang dùng";
        return 0;
    }
    struct th_receipt_claim claim = {.mode = driver->home->server.mode,
                                     .unit = driver->home->unit_code,
                                     .report_digest = flight->report_digest};
    enum th_receipt_fault fault = th_receipt_check(receipt, &claim, &answer->judgement);
    answer->fault = th_receipt_fault_text(fault);
    if (fault != TH_RECEIPT_HOLDS)
        return 0;
    answer->leaf = &receipt->leaf;
    answer->checkpoint = &receipt->checkpoint;
    *ret_holds = true;
    return 0;
}

/* ---- refusals ---- */

/* The key that signs now has to say it: a refusal has no place in the log by which an earlier key
 * could be right. */
static int check_note(struct th_node_driver *driver, const struct th_outcome *outcome,
                      const char **ret_fault)
{
    const struct th_log_keys *keys = &driver->home->log_keys;
    struct th_refusal refusal;
    int status = th_refusal_open(outcome->refusal, keys, &driver->arena, &refusal);
    if (status == TH_E_NO_MEMORY)
        return status;
    if (status != 0)
        *ret_fault = th_status_text(status);
    else if (refusal.key != th_log_keys_current(keys))
        *ret_fault = "ký bằng khóa mà sổ không còn dùng";
    else if (!th_refusal_says(&refusal, outcome))
        *ret_fault = "giấy đã ký không nói như câu trả lời";
    return 0;
}

/* One verdict for each report of the submission, in its order: no other report is among them, and
 * none is there twice. */
static bool is_answer_to(const struct th_outcome *outcome,
                         const struct th_submission_header *header)
{
    bool is_same = outcome->verdicts_count == header->reports_count;
    for (size_t i = 0; is_same && i < header->reports_count; i++)
        is_same = memcmp(&outcome->verdicts[i].report_digest, &header->report_digests[i],
                         sizeof header->report_digests[i]) == 0;
    return is_same;
}

/* Nothing is signed when a report of the same submission was accepted or found again: its receipt
 * has to hold then. `flight`: any item of the submission. */
static int check_taken(struct th_node_driver *driver, const struct th_node_flight *flight,
                       struct reading *reading, const char **ret_fault)
{
    const struct th_outcome *outcome = reading->outcome;
    struct th_bytes bytes;
    struct th_submission submission;
    *ret_fault = "không có chữ ký của nơi nhận";
    if (outcome->receipts_count == 0)
        return 0;
    int status = th_outbox_get_frozen(driver->outbox, flight->id, &driver->arena, &bytes);
    if (status == 0)
        status = th_wire_submission_decode_trusted(bytes, &driver->arena, &submission);
    if (status == TH_E_NO_MEMORY || status == TH_E_IO)
        return status;
    if (status != 0 || !is_answer_to(outcome, &submission.header))
        return 0;
    for (size_t i = 0; status == 0 && i < outcome->verdicts_count; i++) {
        struct th_node_answer beside = {.outcome = outcome, .verdict = &outcome->verdicts[i]};
        const struct th_node_flight one = {.report_digest = beside.verdict->report_digest};
        bool holds = false;
        if (th_node_was_taken(beside.verdict))
            status = check_receipt(driver, &one, reading->opened, &beside, &holds);
        if (holds) {
            *ret_fault = NULL;
            return 0;
        }
    }
    return status;
}

static int check_refusal(struct th_node_driver *driver, const struct th_node_flight *flight,
                         struct reading *reading, struct th_node_answer *answer, bool *ret_holds)
{
    const struct th_outcome *outcome = reading->outcome;
    if (!reading->was_asked) {
        int status = outcome->refusal.size > 0
                         ? check_note(driver, outcome, &reading->fault)
                         : check_taken(driver, flight, reading, &reading->fault);
        if (status != 0)
            return status;
        reading->was_asked = true;
    }
    *ret_holds = reading->fault == NULL;
    if (*ret_holds) {
        answer->refusal = outcome->refusal;
    } else {
        answer->fault = reading->fault;
        answer->unproven = outcome->refusal;
        if (answer->unproven.size > TH_LIMIT_RECEIPT_SIZE_MAX)
            answer->unproven.size = TH_LIMIT_RECEIPT_SIZE_MAX; /* its beginning says whose it is */
    }
    return 0;
}

/* ---- the whole ---- */

static enum th_node_event_kind event_of(enum th_verdict verdict, bool holds)
{
    switch (verdict) {
    case TH_VERDICT_ACCEPTED:
    case TH_VERDICT_DUPLICATE:
        return holds ? TH_NODE_EVENT_RECEIPT_GOOD : TH_NODE_EVENT_RECEIPT_BAD;
    case TH_VERDICT_CONFLICT:
        return holds ? TH_NODE_EVENT_CONFLICT : TH_NODE_EVENT_RECEIPT_BAD;
    case TH_VERDICT_REJECTED:
        return holds ? TH_NODE_EVENT_REJECTED : TH_NODE_EVENT_RECEIPT_BAD;
    }
    return TH_NODE_EVENT_RECEIPT_BAD;
}

/* Cut between characters when it is long: it goes to a terminal. */
static void print(char *room, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void print(char *room, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)th_text_vprint(room, size, format, arguments);
    va_end(arguments);
}

/* Nothing is settled by it: the province may take the report later. */
static void tell_refusal(struct th_node_driver *driver, uint64_t id,
                         const struct th_wire_verdict *verdict)
{
    struct th_text why =
        verdict->reasons_count > 0 ? verdict->reasons[0].text : (struct th_text){"", 0};
    char text[480];
    print(text, sizeof text, "chưa nhận lại mục %llu: %.*s", (unsigned long long)id, (int)why.size,
          why.bytes);
    driver->ports.tell(driver->ports.context,
                       &(struct th_node_news){.kind = TH_NEWS_LATER, .text = {text, strlen(text)}});
}

/* What the outcome says of one of the items. */
static int on_verdict(struct th_node_driver *driver, const struct th_node_flight *flight,
                      bool is_again, bool has_next, struct reading *reading)
{
    const struct th_outcome *outcome = reading->outcome;
    struct th_node_answer answer = {.outcome = outcome,
                                    .fault = "câu trả lời không nêu báo cáo này"};
    for (size_t i = 0; i < outcome->verdicts_count; i++)
        if (memcmp(&outcome->verdicts[i].report_digest, &flight->report_digest,
                   sizeof flight->report_digest) == 0)
            answer.verdict = &outcome->verdicts[i];
    enum th_node_event_kind kind = TH_NODE_EVENT_RECEIPT_BAD;
    if (answer.verdict != NULL) {
        bool holds = false;
        bool was_taken = th_node_was_taken(answer.verdict);
        int status = was_taken ? check_receipt(driver, flight, reading->opened, &answer, &holds)
                               : check_refusal(driver, flight, reading, &answer, &holds);
        if (status == 0 && was_taken && holds)
            status = th_node_witness_receipt(driver, flight->id, answer.checkpoint, answer.receipt);
        if (status != 0)
            return status;
        kind = event_of(answer.verdict->kind, holds);
        if (is_again && kind == TH_NODE_EVENT_REJECTED)
            tell_refusal(driver, flight->id, answer.verdict);
    }
    return th_node_step(
        driver, (struct th_node_event){.kind = kind, .id = flight->id, .has_next = has_next},
        &answer);
}

/* Each report of a submission has a verdict of its own: one that is refused changes nothing for the
 * others. */
int th_node_on_outcome(struct th_node_driver *driver, const struct th_outcome *outcome)
{
    const struct th_node_flight *found[2 * TH_LIMIT_REPORTS_MAX];
    const struct th_digest *header = &outcome->header_digest;
    size_t items = list_by_header(driver->flights, TH_NODE_WINDOW, header, found);
    size_t count =
        items + list_by_header(driver->again, TH_NODE_AGAIN_WINDOW, header, found + items);
    if (count == 0)
        return 0; /* settled before, or not ours */
    struct opened *opened =
        th_arena_alloc_array(&driver->arena, outcome->receipts_count, sizeof *opened);
    if (opened == NULL)
        return TH_E_NO_MEMORY;
    memset(opened, 0, outcome->receipts_count * sizeof *opened);
    struct reading reading = {.outcome = outcome, .opened = opened};
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++)
        status = on_verdict(driver, found[i], i >= items, i + 1 < count, &reading);
    return status;
}
