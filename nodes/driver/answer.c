/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says, and what is kept of it. */
#include "nodes/driver/driver_state.h"

#include "base/assert.h"
#include "nodes/home/known.h"

#include <stdio.h>
#include <string.h>

static void tell(struct th_node_driver *driver, struct th_node_news news)
{
    driver->ports.tell(driver->ports.context, &news);
}

int th_node_keep_notice(struct th_node_driver *driver, struct th_notice notice,
                        enum th_node_news_kind news)
{
    if (notice.kind != TH_NOTICE_REMINDER)
        notice.time = driver->ports.wall(driver->ports.context);
    bool is_new;
    int status = th_outbox_add_notice(driver->outbox, &notice, &is_new);
    if (status == 0 && is_new)
        tell(driver, (struct th_node_news){.kind = news, .text = notice.text});
    return status;
}

int th_node_keep_evidence(struct th_node_driver *driver, uint64_t id,
                          const struct th_node_answer *answer)
{
    TH_ASSERT(answer != NULL);
    bool is_again = th_node_find_again(driver, id) != NULL;
    bool is_refused = answer->verdict != NULL && !th_node_was_taken(answer->verdict);
    char text[400];
    (void)snprintf(text, sizeof text, "%s mục %llu không được chấp nhận: %s. %s",
                   is_refused ? "Giấy từ chối cho"
                   : is_again ? "Biên nhận mới cho"
                              : "Biên nhận cho",
                   (unsigned long long)id, answer->fault,
                   is_again ? "Biên nhận cũ vẫn giữ, báo cáo được gửi lại; hãy báo cho nơi nhận."
                            : "Báo cáo vẫn coi là chưa nộp và được gửi lại; hãy báo cho nơi nhận.");
    struct th_notice notice = {.kind = TH_NOTICE_EVIDENCE,
                               .item = id,
                               .text = th_text_of(text),
                               .evidence = is_refused ? answer->unproven : answer->receipt};
    return th_node_keep_notice(driver, notice, TH_NEWS_ALARM);
}

/* ---- settling ---- */

static int copy_reasons(struct th_arena *arena, const struct th_wire_reason *from, size_t count,
                        const struct th_outbox_reason **ret_reasons, size_t *ret_count)
{
    struct th_outbox_reason *reasons = th_arena_alloc_array(arena, count, sizeof *reasons);
    if (reasons == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        reasons[i] = (struct th_outbox_reason){.field = from[i].field,
                                               .value = from[i].value,
                                               .rule = from[i].rule,
                                               .text = from[i].text};
    *ret_reasons = reasons;
    *ret_count = count;
    return 0;
}

/* What is kept beside the item. */
static int fill_detail(struct th_node_driver *driver, const struct th_node_answer *answer,
                       struct th_outbox_detail *ret_detail)
{
    struct th_outbox_detail detail = {.receipt = answer->receipt, .refusal = answer->refusal};
    int status = 0;
    if (answer->verdict != NULL) {
        const struct th_wire_verdict *verdict = answer->verdict;
        status = copy_reasons(&driver->arena, verdict->reasons, verdict->reasons_count,
                              &detail.reasons, &detail.reasons_count);
        if (status == 0)
            status = copy_reasons(&driver->arena, verdict->warnings, verdict->warnings_count,
                                  &detail.warnings, &detail.warnings_count);
    } else if (answer->failure != NULL) {
        struct th_wire_reason reason = {.rule = answer->failure->code,
                                        .text = answer->failure->text};
        status = copy_reasons(&driver->arena, &reason, 1, &detail.reasons, &detail.reasons_count);
    }
    if (status == 0)
        *ret_detail = detail;
    return status;
}

static void fill_item(const struct th_node_answer *answer, struct th_outbox_item *item)
{
    const struct th_wire_verdict *verdict = answer->verdict;
    if (answer->leaf != NULL) {
        item->has_position = true;
        item->position = answer->leaf->position;
        item->received_at = answer->leaf->time;
        if (answer->judgement != NULL && answer->judgement->has_received)
            item->received_at = answer->judgement->received; /* by the log before */
    }
    if (answer->judgement != NULL && answer->judgement->accepted) {
        item->has_timeliness = true;
        item->timeliness = answer->judgement->timeliness;
        item->first_received = answer->judgement->first_received;
        item->has_due = answer->judgement->has_due;
        item->due = answer->judgement->due;
    }
    if (verdict != NULL && verdict->has_stored_digest) {
        item->has_stored_digest = true;
        item->stored_digest = verdict->stored_digest;
    }
    if (verdict != NULL && verdict->has_next_revision)
        item->next_revision = verdict->next_revision;
}

int th_node_settle(struct th_node_driver *driver, const struct th_node_action *action,
                   const struct th_node_answer *answer)
{
    struct th_node_flight *flight = th_node_find_flight(driver, action->id);
    TH_ASSERT(flight != NULL);
    uint32_t attempts = flight->attempts_before + action->attempt;
    *flight = (struct th_node_flight){0};
    if (action->state == TH_ITEM_DAMAGED)
        return 0; /* th_outbox_scrub() has written it */
    TH_ASSERT(answer != NULL);
    struct th_outbox_item item;
    int status = th_outbox_get(driver->outbox, action->id, &item);
    if (status == TH_E_CORRUPT || status == TH_E_NOT_FOUND)
        return th_node_scrub(driver);
    if (status != 0)
        return status;
    struct th_outbox_detail detail;
    status = fill_detail(driver, answer, &detail);
    if (status != 0)
        return status;
    item.state = action->state;
    item.attempts = attempts;
    fill_item(answer, &item);
    if (item.state == TH_ITEM_RECEIVED)
        status = th_node_place_item(driver, item.id, answer->checkpoint, item.position);
    if (status == 0 && driver->settled == NULL) {
        driver->settled =
            th_arena_alloc_array(&driver->arena, TH_LIMIT_REPORTS_MAX, sizeof *driver->settled);
        status = driver->settled == NULL ? TH_E_NO_MEMORY : 0;
    }
    if (status != 0)
        return status;
    TH_ASSERT(driver->settled_count < TH_LIMIT_REPORTS_MAX);
    driver->settled[driver->settled_count++] = (struct th_outbox_settled){item, detail};
    return 0;
}

int th_node_keep_settled(struct th_node_driver *driver)
{
    struct th_outbox_settled *settled = driver->settled;
    size_t count = driver->settled_count;
    if (count == 0)
        return 0;
    driver->settled = NULL;
    driver->settled_count = 0;
    th_instant now = driver->ports.wall(driver->ports.context);
    int status = th_outbox_settle(driver->outbox, settled, count, now);
    for (size_t i = 0; status == 0 && i < count; i++) {
        settled[i].item.changed_at = now;
        tell(driver, (struct th_node_news){.kind = TH_NEWS_SETTLED,
                                           .item = &settled[i].item,
                                           .detail = &settled[i].detail});
    }
    return status;
}

/* ---- the rest of what a server says ---- */

static int on_reminder(struct th_node_driver *driver, const struct th_reminder *reminder)
{
    struct th_notice notice = {.kind = TH_NOTICE_REMINDER,
                               .time = reminder->time,
                               .due = reminder->due,
                               .plan = reminder->plan,
                               .obligation = reminder->obligation,
                               .text = reminder->text};
    return th_node_keep_notice(driver, notice, TH_NEWS_NOTICE);
}

/* What the next hello says. The same may be announced again, and takes no room then. */
static void note_known(struct th_node_driver *driver, const struct th_digest *digest)
{
    for (size_t i = 0; i < driver->known_count; i++)
        if (memcmp(&driver->known[i], digest, sizeof *digest) == 0)
            return;
    if (driver->known_count < TH_LIMIT_KNOWN_MAX)
        driver->known[driver->known_count++] = *digest;
}

static int on_announcement(struct th_node_driver *driver,
                           const struct th_announcement *announcement)
{
    struct th_known_news news;
    bool is_plan = announcement->kind == TH_ANNOUNCEMENT_PLAN;
    int status = is_plan ? th_home_learn_plan(driver->home->folder, announcement->content, &news)
                         : th_home_learn_units(driver->home->folder, driver->home->unit_code,
                                               announcement->content, &news);
    if (status == TH_E_STORAGE || status == TH_E_IO || status == TH_E_NO_MEMORY)
        return status;
    if (status != 0) {
        struct th_notice notice = {
            .kind = TH_NOTICE_FAILURE,
            .text =
                th_text_of("Nơi nhận gửi một kế hoạch hoặc danh sách đơn vị mà bản chương trình "
                           "này không đọc được. Có thể cần cập nhật tonghop-node.")};
        return th_node_keep_notice(driver, notice, TH_NEWS_ALARM);
    }
    note_known(driver, &news.digest);
    char text[TH_LIMIT_TITLE_MAX + TH_LIMIT_PLAN_ID_MAX + 100];
    if (is_plan)
        (void)snprintf(text, sizeof text, "Đã nhận kế hoạch %s: %s", news.name, news.title);
    else
        (void)snprintf(text, sizeof text, "Đã nhận danh sách đơn vị mới.");
    struct th_notice notice = {.kind = is_plan ? TH_NOTICE_PLAN : TH_NOTICE_UNITS,
                               .plan = th_text_of(news.name),
                               .text = th_text_of(text),
                               .evidence = {news.digest.bytes, sizeof news.digest.bytes}};
    return th_node_keep_notice(driver, notice, TH_NEWS_NOTICE);
}

static bool is_of_again(const struct th_node_driver *driver, uint64_t request)
{
    for (size_t i = 0; i < driver->core.again_count; i++)
        if (driver->core.again[i].request == request)
            return true;
    return false;
}

static int on_failure(struct th_node_driver *driver, uint64_t request,
                      const struct th_failure *failure)
{
    struct th_node_answer answer = {.failure = failure};
    bool is_of_hello =
        driver->core.link == TH_NODE_LINK_GREETING && request == driver->core.hello_request;
    if (is_of_hello && !failure->retry) {
        struct th_notice notice = {.kind = TH_NOTICE_FAILURE, .text = failure->text};
        int status = th_node_keep_notice(driver, notice, TH_NEWS_ALARM);
        if (status != 0)
            return status;
    }
    if (failure->retry || is_of_again(driver, request))
        tell(driver, (struct th_node_news){.kind = TH_NEWS_LATER, .text = failure->text});
    return th_node_step(driver,
                        (struct th_node_event){.kind = TH_NODE_EVENT_FAILURE,
                                               .request = request,
                                               .retry = failure->retry,
                                               .after_ms = failure->after_ms},
                        &answer);
}

/* Only who has the province's key gets a frame through to here: its program may be newer. Told
 * once, as many may follow. */
static void tell_dropped(struct th_node_driver *driver)
{
    if (driver->has_dropped)
        return;
    driver->has_dropped = true;
    tell(driver, (struct th_node_news){
                     .kind = TH_NEWS_ALARM,
                     .text = th_text_of("Nơi nhận gửi một thông điệp mà chương trình này không đọc "
                                        "được, đã bỏ qua; hỏi nơi nhận có cần tonghop-node bản mới "
                                        "hơn không.")});
}

static int take_frame(struct th_node_driver *driver, struct th_bytes frame)
{
    struct th_to_node message;
    int status = th_wire_to_node_decode(frame, &driver->arena, &message);
    if (status != 0) {
        /* Also when it needs more memory than a message may. */
        tell_dropped(driver);
        return 0;
    }
    switch (message.kind) {
    case TH_TO_NODE_WELCOME:
        return th_node_on_welcome(driver, &message.body.welcome);
    case TH_TO_NODE_OUTCOME:
        return th_node_on_outcome(driver, &message.body.outcome);
    case TH_TO_NODE_ANNOUNCEMENT:
        return on_announcement(driver, &message.body.announcement);
    case TH_TO_NODE_REMINDER:
        return on_reminder(driver, &message.body.reminder);
    case TH_TO_NODE_FAILURE:
        return on_failure(driver, message.request, &message.body.failure);
    case TH_TO_NODE_ANSWER:
        return 0; /* `run` asks nothing */
    }
    return 0;
}

int th_node_driver_on_frame(struct th_node_driver *driver, struct th_bytes frame)
{
    th_arena_reset(&driver->arena);
    int status = take_frame(driver, frame);
    return status == 0 ? th_node_feed_again(driver) : status;
}
