/* SPDX-License-Identifier: Apache-2.0 */
/* Texts stay in the journal: a rollup lists the rows that have one, a report shows them. */
#include "aggregator/query/question.h"

#include "proto/model/packed.h"
#include "proto/wire/journal.h"

int th_query_read_report(const struct th_question *question, uint64_t position, uint32_t index,
                         struct th_arena *arena, struct th_report *ret_report,
                         struct th_decision *ret_decision)
{
    struct th_stored_entry entry;
    struct th_submission submission;
    int status = th_view_entry(question->view, position, &entry);
    if (status == TH_OK)
        status = th_past_submission(&entry, arena, &submission);
    if (status == TH_OK && ret_decision != NULL)
        status = th_wire_decision_decode(entry.decision, arena, ret_decision);
    if (status == TH_OK && index >= submission.header.reports_count)
        status = TH_E_CORRUPT;
    if (status == TH_OK)
        *ret_report = submission.reports[index];
    return status == TH_OK || status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
}

json_t *th_query_narratives(const struct th_question *question, const struct th_past_rows *rows,
                            uint16_t indicator, uint32_t *ret_reported)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rows->count; i++) {
        const struct th_row *row = &rows->rows[i];
        uint32_t unit = question->context->index_of[row->unit];
        struct th_packed_cursor cursor;
        uint16_t number = 0;
        int64_t size;
        bool estimated;
        th_packed_begin(row->values, row->values_size, &cursor);
        while (number < indicator && th_packed_next(&cursor, &number, &size, &estimated))
            ;
        if (number == indicator)
            list = th_json_append(list, json_pack("{s:s,s:I}", "unit",
                                                  question->context->units.units[unit].code,
                                                  "position", (json_int_t)row->position));
    }
    *ret_reported = (uint32_t)json_array_size(list);
    return list;
}
