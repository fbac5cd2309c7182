/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/submit.h"

#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"

#include <string.h>

#define LOOKS_MAX 3 /* what was in the way may be refused before the next look */

static bool is_text(struct th_text text, const char *other)
{
    return text.size == strlen(other) && memcmp(text.bytes, other, text.size) == 0;
}

static int encode_as(const struct th_submit_request *request, uint32_t revision,
                     struct th_arena *arena, struct th_bytes *ret_bytes,
                     struct th_digest *ret_digest)
{
    struct th_report report = request->report;
    report.revision = revision;
    int status = th_wire_report_encode(&report, arena, ret_bytes);
    if (status != 0)
        return status;
    const struct th_tlog_part part = {ret_bytes->bytes, ret_bytes->size};
    th_tlog_sha256(&part, 1, ret_digest);
    return 0;
}

/* What the outbox has of this report. */
struct found {
    const struct th_outbox_item *same; /* the same content, not rejected */
    const struct th_outbox_item
        *occupant;          /* other content with the wanted revision, or the latest */
    uint32_t next_revision; /* after all that are alive */
};

static bool is_of_report(const struct th_outbox_item *item, const struct th_report *report)
{
    return item->number == report->number && is_text(report->plan, item->plan) &&
           is_text(report->obligation, item->obligation);
}

static uint32_t revision_after(const struct th_outbox_item *item)
{
    if (item->state == TH_ITEM_CONFLICT && item->next_revision > 0)
        return item->next_revision;
    return item->revision + 1;
}

static int find(const struct th_submit_request *request, const struct th_outbox_item *items,
                size_t count, struct th_arena *arena, struct found *ret_found)
{
    struct found found = {.next_revision = 1};
    uint32_t wanted = request->report.revision;
    for (size_t i = 0; i < count; i++) {
        const struct th_outbox_item *item = &items[i];
        if (!is_of_report(item, &request->report) || item->state == TH_ITEM_REJECTED ||
            item->state == TH_ITEM_DAMAGED)
            continue;
        struct th_bytes bytes;
        struct th_digest digest;
        int status = encode_as(request, item->revision, arena, &bytes, &digest);
        if (status != 0)
            return status;
        bool is_same = memcmp(&digest, &item->report_digest, sizeof digest) == 0;
        bool is_wanted = wanted == 0 || wanted == item->revision;
        if (is_same && is_wanted)
            found.same = item;
        else if (is_wanted)
            found.occupant = item;
        if (revision_after(item) > found.next_revision)
            found.next_revision = revision_after(item);
    }
    *ret_found = found;
    return 0;
}

/* When the officer submits, in the province's time: the claim that travels in the header, also when
 * the first connection comes after the due date. In a rehearsal it is known after the first
 * welcome; before, the driver takes the time of the welcome. */
static int set_prepared(struct th_outbox *outbox, const struct th_submit_request *request,
                        struct th_outbox_item *item)
{
    item->prepared = request->now;
    int status = request->mode == TH_MODE_LIVE ? 0 : th_outbox_get_time(outbox, &item->prepared);
    item->has_prepared = status == 0;
    return status == TH_E_NOT_FOUND ? 0 : status;
}

/* Nothing is there: queues it. TH_E_EXISTS: something is. */
static int add(struct th_outbox *outbox, const struct th_submit_request *request,
               struct th_arena *arena, struct th_submit_result *ret_result)
{
    struct th_outbox_item item = {.number = request->report.number,
                                  .revision = request->report.revision,
                                  .plan_digest = request->plan_digest};
    int status = set_prepared(outbox, request, &item);
    if (status != 0)
        return status;
    if (item.revision == 0)
        item.revision = 1;
    if (item.revision > TH_LIMIT_REVISION_MAX)
        return TH_E_RANGE;
    if (request->report.plan.size > TH_LIMIT_PLAN_ID_MAX ||
        request->report.obligation.size > TH_LIMIT_OBLIGATION_ID_MAX)
        return TH_E_LIMIT;
    memcpy(item.plan, request->report.plan.bytes, request->report.plan.size);
    memcpy(item.obligation, request->report.obligation.bytes, request->report.obligation.size);
    struct th_bytes report;
    status = encode_as(request, item.revision, arena, &report, &item.report_digest);
    uint64_t id;
    if (status == 0)
        status = th_outbox_add(outbox, &item, report, request->now, &id);
    if (status == 0)
        status = th_outbox_get(outbox, id, &ret_result->item);
    if (status != 0)
        return status;
    ret_result->outcome = TH_SUBMIT_QUEUED;
    ret_result->next_revision = item.revision + 1;
    return 0;
}

static int look_and_add(struct th_outbox *outbox, const struct th_submit_request *request,
                        struct th_arena *arena, struct th_submit_result *ret_result)
{
    const struct th_outbox_item *items;
    size_t count, bad;
    struct found found;
    int status = th_outbox_list(outbox, arena, &items, &count, &bad);
    if (status == 0)
        status = find(request, items, count, arena, &found);
    if (status != 0)
        return status;
    if (found.same == NULL && found.occupant == NULL)
        return add(outbox, request, arena, ret_result);
    ret_result->outcome = found.same != NULL ? TH_SUBMIT_SAME : TH_SUBMIT_OCCUPIED;
    ret_result->item = found.same != NULL ? *found.same : *found.occupant;
    ret_result->next_revision = found.next_revision;
    return 0;
}

/* Another process may add between the look and the act; and what a process committed that was
 * killed right then, LMDB shows to readers only after the next writer has come. The act has been
 * that writer, so the look after it sees what was in its way. */
int th_submit(struct th_outbox *outbox, const struct th_submit_request *request,
              struct th_arena *arena, struct th_submit_result *ret_result)
{
    int status = TH_E_EXISTS;
    for (int i = 0; status == TH_E_EXISTS && i < LOOKS_MAX; i++)
        status = look_and_add(outbox, request, arena, ret_result);
    return status;
}
