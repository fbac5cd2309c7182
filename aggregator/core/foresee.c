/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step over a submission looks at, in the order in which one thing leads to the next. A
 * decoded submission was written by another thread and long ago, and rows lie where their units
 * are: nearly each of these pieces has to come from memory, which takes longer than to judge it.
 */
#include "aggregator/core/state.h"

#define LINE 64 /* bytes that come together */
/* Of what may be long: the processor sees by itself that the rest is read in order. */
#define BYTES_MAX 1024

static void fetch(const void *memory, size_t size)
{
    const char *bytes = memory;
    const size_t end = size < BYTES_MAX ? size : BYTES_MAX;
    for (size_t at = 0; at < end; at += LINE)
        __builtin_prefetch(bytes + at);
    if (end > 0)
        __builtin_prefetch(bytes + end - 1);
}

static void fetch_figures(const struct th_report *report)
{
    fetch(report->values.numbers, report->values.count * sizeof *report->values.numbers);
    fetch(report->values.values, report->values.count * sizeof *report->values.values);
    fetch(report->narratives, report->narratives_count * sizeof *report->narratives);
}

static void fetch_key(const struct th_core *core, const struct th_sign_key *key)
{
    if (core->key_index_capacity > 0)
        __builtin_prefetch(&core->key_index[th_key_hash(key) & (core->key_index_capacity - 1)]);
}

/* The row of the key, if it is the one that stands at the key's own place. */
static void fetch_key_row(const struct th_core *core, const struct th_sign_key *key)
{
    uint32_t at = 0;
    if (core->key_index_capacity > 0)
        at = core->key_index[th_key_hash(key) & (core->key_index_capacity - 1)];
    if (at != 0)
        fetch(&core->keys[at - 1], sizeof core->keys[0]);
}

/* Which row the first report is about. */
static void know(const struct th_core *core, const struct th_submission *submission,
                 struct th_core_foresight *foresight)
{
    const struct th_key_row *key = th_core_find_key(core, &submission->header.key);
    struct th_book_id book;
    if (key == NULL || !th_core_find_book(core, &submission->reports[0], &book))
        return;
    *foresight = (struct th_core_foresight){true, book, key->unit, submission->reports[0].number};
}

/* Of plans and units there may be others by now than when it was learnt. */
static const struct th_book *known_book(const struct th_core *core,
                                        const struct th_core_foresight *foresight)
{
    if (!foresight->is_known || !th_book_exists(core, foresight->book) ||
        foresight->unit >= core->registry.count)
        return NULL;
    return &core->plans[foresight->book.plan].books[foresight->book.obligation];
}

void th_core_foresee_submission(const struct th_core *core, const struct th_event_submission *event,
                                unsigned stage, struct th_core_foresight *foresight)
{
    const struct th_submission *submission = event->submission;
    const struct th_book *book = NULL;
    switch (stage) {
    case 0:
        fetch(submission, sizeof *submission);
        __builtin_prefetch(event->peer_unit.bytes);
        return;
    case 1:
        __builtin_prefetch(submission->header.realm.bytes); /* texts are where they came */
        __builtin_prefetch(submission->header.unit.bytes);
        fetch(submission->reports, sizeof *submission->reports);
        fetch(submission->header.report_digests, sizeof(struct th_digest));
        fetch_key(core, &submission->header.key);
        return;
    case 2:
        if (submission->header.reports_count > 0) {
            fetch_figures(&submission->reports[0]);
            __builtin_prefetch(submission->reports[0].obligation.bytes);
        }
        fetch_key_row(core, &submission->header.key);
        return;
    case 3:
        if (submission->header.reports_count > 0)
            know(core, submission, foresight);
        book = known_book(core, foresight);
        if (book == NULL)
            return;
        fetch(&core->registry.units[foresight->unit], sizeof core->registry.units[0]);
        th_book_foresee(book, foresight->unit, foresight->number, TH_FORESEE_PLACE);
        return;
    default:
        book = known_book(core, foresight);
        if (book == NULL)
            return;
        __builtin_prefetch(core->registry.units[foresight->unit].code);
        th_book_foresee(book, foresight->unit, foresight->number,
                        stage == 4 ? TH_FORESEE_ROW : TH_FORESEE_CONTENT);
        return;
    }
}
