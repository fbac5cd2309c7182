/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports that a question is about, as they were at its moment.
 *
 * What the table keeps of a report's timeliness may have been judged later than the moment: a
 * report that came while the clock was suspect waits until it is right again. All that wait are
 * judged by the entry that ends the suspicion, so at a moment whose last entry is steady nothing
 * waits; at another, what waits is what came since the last steady entry, unless the log that was
 * lost had judged it.
 */
#include "aggregator/query/question.h"

#include "proto/wire/journal.h"

int th_query_check_row(const struct th_question *question, const struct th_row *row)
{
    if (row->unit >= question->context->units.count)
        return TH_E_CORRUPT;
    return th_rollup_check_row(&question->plan->layout, row);
}

struct reading {
    const struct th_question *question;
    th_row_fn *fn;
    void *fn_context;
};

static int read_row(void *context, const struct th_row *row)
{
    const struct reading *reading = context;
    int status = th_query_check_row(reading->question, row);
    return status == TH_OK ? reading->fn(reading->fn_context, row) : status;
}

static int read_rows(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    struct reading reading = {context, fn, fn_context};
    return th_view_rows(reading.question->view, book, read_row, &reading);
}

static int read_revisions(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                          th_revision_fn *fn, void *fn_context)
{
    const struct th_question *question = context;
    return th_view_revisions(question->view, book, unit, number, fn, fn_context);
}

static int read_entry(void *context, uint64_t position, struct th_stored_entry *ret_entry)
{
    const struct th_question *question = context;
    return th_view_entry(question->view, position, ret_entry);
}

struct th_past_source th_query_past_source(const struct th_question *question)
{
    union {
        const struct th_question *given;
        void *context; /* the functions above do not write through it */
    } source = {question};
    return (struct th_past_source){source.context, read_rows, read_revisions, read_entry};
}

static struct th_past_cut cut_of(const struct th_question *question)
{
    return (struct th_past_cut){question->size, TH_PAST_ALL_TIME};
}

static bool is_wanted(const void *context, uint32_t unit)
{
    const struct th_question *question = context;
    return th_query_covers(question, question->context->index_of[unit]);
}

/* The first entry since which the clock has been suspect; the question's size when it is not. */
static int suspect_since(const struct th_question *question, uint64_t *ret_position)
{
    uint64_t position = question->size;
    for (; position > 0; position--) {
        struct th_stored_entry entry;
        int status = th_view_entry(question->view, position - 1, &entry);
        if (status != TH_OK)
            return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
        if (entry.clock == TH_CLOCK_STEADY)
            break;
    }
    *ret_position = position;
    return TH_OK;
}

static int keep_first(void *context, const struct th_revision *revision)
{
    struct th_revision *first = context;
    *first = *revision;
    return 1; /* the first is enough */
}

/* The entry of the first revision that is there, and its place: it decided the timeliness, or says
 * what a log that was lost had decided. */
static int find_first(const struct th_question *question, const struct th_row *row,
                      struct th_revision *ret_first)
{
    struct th_revision first = {
        .revision = row->revision, .position = row->position, .index = row->index};
    int status = row->revision == 1 ? TH_OK
                                    : th_view_revisions(question->view, question->book, row->unit,
                                                        row->number, keep_first, &first);
    if (status < 0)
        return status;
    if (first.revision != 1) {
        struct th_stored_entry entry;
        status = th_view_entry(question->view, first.position, &entry);
        if (status == TH_E_NOT_FOUND || (status == TH_OK && entry.kind != TH_ENTRY_READMITTED))
            return TH_E_CORRUPT;
        if (status < 0)
            return status;
    }
    *ret_first = first;
    return TH_OK;
}

/* As its entry says, which was made in doubt. */
static int judge_row(const struct th_question *question, const struct th_revision *first,
                     struct th_row *row)
{
    struct th_bytes bytes;
    struct th_leaf leaf;
    int status = th_view_leaf(question->view, first->position, &bytes);
    if (status == TH_OK)
        status = th_wire_leaf_decode(bytes, question->arena, &leaf);
    if (status == TH_OK &&
        (first->index >= leaf.judgements_count || !leaf.judgements[first->index].accepted))
        status = TH_E_CORRUPT;
    if (status == TH_OK)
        row->timeliness = leaf.judgements[first->index].timeliness;
    return status == TH_OK || status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
}

/* Timeliness as it was judged at the moment. */
static int judge_again(const struct th_question *question, struct th_row *rows, size_t count)
{
    uint64_t since = question->size;
    int status = question->past ? suspect_since(question, &since) : TH_OK;
    for (size_t i = 0; i < count && status == TH_OK && since < question->size; i++) {
        struct th_revision first;
        status = find_first(question, &rows[i], &first);
        if (status == TH_OK && first.position >= since)
            status = judge_row(question, &first, &rows[i]);
    }
    return status;
}

int th_query_rows(const struct th_question *question, struct th_past_rows *ret_rows)
{
    const struct th_past_source source = th_query_past_source(question);
    struct th_past_rows rows;
    int status = th_past_rows(&source, question->book, cut_of(question), is_wanted, question,
                              question->arena, &rows);
    if (status == TH_OK)
        status = judge_again(question, rows.rows, rows.count);
    if (status == TH_OK)
        *ret_rows = rows;
    return status;
}

int th_query_rows_within(const struct th_question *question, struct th_past_cut cut,
                         struct th_past_rows *ret_rows)
{
    const struct th_past_source source = th_query_past_source(question);
    return th_past_rows(&source, question->book, cut, is_wanted, question, question->arena,
                        ret_rows);
}

int th_query_row(const struct th_question *question, struct th_row *ret_row)
{
    const struct th_past_source source = th_query_past_source(question);
    struct th_row current, row;
    int status =
        th_view_row(question->view, question->book, question->context->number_of[question->unit],
                    question->number, &current);
    if (status == TH_OK)
        status = th_query_check_row(question, &current);
    if (status == TH_OK)
        status =
            th_past_row(&source, question->book, cut_of(question), &current, question->arena, &row);
    if (status == TH_OK)
        status = judge_again(question, &row, 1);
    if (status == TH_OK)
        *ret_row = row;
    return status;
}
