/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/state.h"

#define AHEAD 4 /* reports */

struct needs {
    const struct th_core *core;
    struct th_need *items;
    size_t count;
};

static bool is_listed(const struct needs *needs, struct th_book_id id, bool past)
{
    for (size_t i = 0; i < needs->count; i++)
        if (needs->items[i].book.plan == id.plan &&
            needs->items[i].book.obligation == id.obligation && needs->items[i].past == past)
            return true;
    return false;
}

static void add(struct needs *needs, struct th_need need)
{
    if (needs->count < TH_CORE_NEEDS_MAX && !is_listed(needs, need.book, need.past))
        needs->items[needs->count++] = need;
}

static const struct th_book *book_of(const struct th_core *core, struct th_book_id id)
{
    return &core->plans[id.plan].books[id.obligation];
}

static void need_book(struct needs *needs, struct th_book_id id)
{
    if (!book_of(needs->core, id)->is_open)
        add(needs, (struct th_need){.book = id});
}

static void need_related(struct needs *needs, const struct th_book *related)
{
    if (related != NULL)
        need_book(needs, related->id);
}

static void need_reports(struct needs *needs, const struct th_submission *submission)
{
    const size_t count = submission->header.reports_count;
    for (size_t i = 0; i < count; i++) {
        struct th_book_id id;
        if (i + AHEAD < count) /* nobody has looked at their texts yet */
            __builtin_prefetch(submission->reports[i + AHEAD].plan.bytes);
        if (!th_core_find_book(needs->core, &submission->reports[i], &id))
            continue;
        const struct th_book *book = book_of(needs->core, id);
        need_book(needs, id);
        need_related(needs, book->half_year);
        need_related(needs, book->previous_year);
        need_related(needs, book->previous_same);
    }
}

/* Every dated book: any of them may hold reports that wait for the clock. */
static void need_undecided(struct needs *needs)
{
    for (uint16_t plan = 0; plan < needs->core->plans_count; plan++)
        for (uint16_t i = 0; i < needs->core->plans[plan].plan->obligations_count; i++)
            if (needs->core->plans[plan].plan->obligations[i].has_due)
                need_book(needs, (struct th_book_id){plan, i});
}

/* New units change what is expected, and the tree that rollups follow. */
static void need_all(struct needs *needs)
{
    for (uint16_t plan = 0; plan < needs->core->plans_count; plan++)
        for (uint16_t i = 0; i < needs->core->plans[plan].plan->obligations_count; i++)
            need_book(needs, (struct th_book_id){plan, i});
}

/* The book of a timer at or before an instant, and its past where rows are later. */
static void need_timer(struct needs *needs, const struct th_book *book, th_instant limit)
{
    const struct th_obligation *obligation = th_book_obligation(needs->core, book->id);
    need_book(needs, book->id);
    bool has_past = book->has_past && book->past_at.ms == obligation->due.ms;
    if (book->is_open && !has_past && obligation->due.ms <= limit.ms &&
        th_book_is_past(book, obligation->due))
        add(needs, (struct th_need){book->id, true, obligation->due});
}

static void need_timers(struct needs *needs, th_instant limit, bool walks,
                        enum th_event_timers timers)
{
    const struct th_core *core = needs->core;
    struct th_timer first;
    if (timers == TH_TIMERS_NONE || th_timers_rest(core, limit))
        return;
    if (timers == TH_TIMERS_ONE) {
        if (th_timers_first(core, limit, walks, &first))
            need_timer(needs, book_of(core, first.book), limit);
        return;
    }
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++)
            if (th_timer_is_due(core, &core->plans[plan].books[i], limit, walks))
                need_timer(needs, &core->plans[plan].books[i], limit);
}

size_t th_core_needs(const struct th_core *core, const struct th_event *event,
                     struct th_need ret_needs[TH_CORE_NEEDS_MAX])
{
    struct needs needs = {core, ret_needs, 0};
    if (!core->has_clock || event->kind == TH_EVENT_FOUND || th_event_is_first(event))
        return 0;
    struct th_clock_next next;
    th_clock_read(core, event->now, &next);
    bool accepts = event->kind == TH_EVENT_CLOCK_ACCEPT && !core->clock.rehearsed;
    bool sets = event->kind == TH_EVENT_CLOCK_SET && core->clock.rehearsed;
    th_instant limit = next.time;
    if (accepts && event->now.wall.ms > limit.ms)
        limit = event->now.wall;
    if (sets)
        limit = event->body.clock.to;
    if ((next.changes && next.kind == TH_CLOCK_SETTLED) || accepts)
        need_undecided(&needs);
    bool waits = core->recovery.is_open && event->kind != TH_EVENT_END_RECOVERY;
    if ((next.row.status == TH_CLOCK_STEADY || accepts) && !waits)
        need_timers(&needs, limit, core->clock.rehearsed, sets ? TH_TIMERS_ALL : event->timers);
    if (event->kind == TH_EVENT_UNITS)
        need_all(&needs);
    if (event->kind == TH_EVENT_SUBMISSION)
        need_reports(&needs, event->body.submission.submission);
    if (event->kind == TH_EVENT_READMISSION)
        need_reports(&needs, event->body.readmission.submission);
    if (event->kind == TH_EVENT_ENTERING)
        need_reports(&needs, event->body.entering.submission);
    return needs.count;
}
