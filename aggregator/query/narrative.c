/* SPDX-License-Identifier: Apache-2.0 */
/* Texts stay in the journal: a rollup lists where they are, a report shows them. */
#include "aggregator/query/question.h"

#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include <string.h>

int th_query_read_report(const struct th_question *question, uint64_t position, uint32_t index,
                         struct th_arena *arena, struct th_report *ret_report,
                         struct th_decision *ret_decision)
{
    struct th_stored_entry entry;
    struct th_submission submission;
    int status = th_view_entry(question->view, position, &entry);
    if (status == TH_OK && entry.kind != TH_ENTRY_SUBMISSION)
        status = TH_E_CORRUPT;
    if (status == TH_OK)
        status = th_wire_submission_decode_trusted(entry.body, arena, &submission);
    if (status == TH_OK && ret_decision != NULL)
        status = th_wire_decision_decode(entry.decision, arena, ret_decision);
    if (status == TH_OK && index >= submission.header.reports_count)
        status = TH_E_CORRUPT;
    if (status == TH_OK)
        *ret_report = submission.reports[index];
    return status == TH_OK || status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
}

static int append(const struct th_question *question, struct th_narrated *narrated,
                  size_t *capacity, struct th_narrated_item item)
{
    if (narrated->count == *capacity) {
        size_t larger = *capacity == 0 ? 64 : *capacity * 2;
        struct th_narrated_item *items =
            th_arena_alloc_array(question->arena, larger, sizeof(*items));
        if (items == NULL)
            return TH_E_NO_MEMORY;
        if (narrated->count > 0)
            memcpy(items, narrated->items, narrated->count * sizeof(*items));
        narrated->items = items;
        *capacity = larger;
    }
    narrated->items[narrated->count++] = item;
    return TH_OK;
}

static bool asks_for_texts(const struct th_catalogue *catalogue)
{
    for (uint16_t number = 1; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator != NULL && indicator->up == TH_UP_CONCAT)
            return true;
    }
    return false;
}

int th_query_narrated(const struct th_question *question, const struct th_past_rows *rows,
                      struct th_narrated *ret_narrated)
{
    struct th_narrated narrated = {0};
    size_t capacity = 0;
    int status = TH_OK;
    size_t rows_count = asks_for_texts(&question->plan->plan->catalogue) ? rows->count : 0;
    for (size_t i = 0; status == TH_OK && i < rows_count; i++) {
        const struct th_row *row = &rows->rows[i];
        uint32_t unit = question->context->index_of[row->unit];
        if (!th_query_covers(question, unit))
            continue;
        struct th_arena scratch; /* one report at a time: its texts may be large */
        struct th_report report;
        th_arena_init(&scratch, (size_t)64 * 1024, TH_LIMIT_DECODE_ARENA_BYTES);
        status = th_query_read_report(question, row->position, row->index, &scratch, &report, NULL);
        for (size_t k = 0; status == TH_OK && k < report.narratives_count; k++)
            status = append(
                question, &narrated, &capacity,
                (struct th_narrated_item){report.narratives[k].indicator, unit, row->position});
        th_arena_deinit(&scratch);
    }
    if (status == TH_OK)
        *ret_narrated = narrated;
    return status;
}

json_t *th_query_narratives(const struct th_question *question, const struct th_narrated *narrated,
                            uint16_t indicator, uint32_t *ret_reported)
{
    json_t *list = json_array();
    for (size_t i = 0; i < narrated->count; i++) {
        const struct th_narrated_item *item = &narrated->items[i];
        if (item->indicator == indicator)
            json_array_append_new(list, json_pack("{s:s,s:I}", "unit",
                                                  question->context->units.units[item->unit].code,
                                                  "position", (json_int_t)item->position));
    }
    *ret_reported = (uint32_t)json_array_size(list);
    return list;
}
