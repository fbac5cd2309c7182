/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/row.h"

#include "proto/model/packed.h"

struct th_revision th_revision_of(const struct th_row *row)
{
    return (struct th_revision){.unit = row->unit,
                                .number = row->number,
                                .revision = row->revision,
                                .index = row->index,
                                .position = row->position,
                                .digest = row->digest,
                                .received = row->received,
                                .entered = row->entered};
}

static bool has_figure(const struct th_report *report, uint16_t number)
{
    for (size_t i = 0; i < report->values.count; i++)
        if (report->values.numbers[i] == number)
            return true;
    return false;
}

bool th_row_can_pack(const struct th_report *report)
{
    uint16_t last = 0;
    for (size_t i = 0; i < report->values.count; i++) {
        if (report->values.numbers[i] <= last ||
            report->values.numbers[i] > TH_LIMIT_INDICATORS_MAX)
            return false;
        last = report->values.numbers[i];
    }
    last = 0;
    for (size_t i = 0; i < report->narratives_count; i++) {
        uint16_t number = report->narratives[i].indicator;
        if (number <= last || number > TH_LIMIT_INDICATORS_MAX || has_figure(report, number))
            return false;
        last = number;
    }
    for (size_t i = 0; i < report->estimated_count; i++)
        if (!has_figure(report, report->estimated[i]))
            return false;
    return true;
}

int th_row_values(const struct th_report *report, struct th_arena *arena,
                  struct th_values *ret_values)
{
    size_t count = report->values.count + report->narratives_count, figure = 0, text = 0;
    if (report->narratives_count == 0) {
        *ret_values = report->values;
        return 0;
    }
    uint16_t *numbers = th_arena_alloc_array(arena, count, sizeof *numbers);
    int64_t *values = th_arena_alloc_array(arena, count, sizeof *values);
    if (numbers == NULL || values == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        bool is_figure = text == report->narratives_count ||
                         (figure < report->values.count &&
                          report->values.numbers[figure] < report->narratives[text].indicator);
        if (is_figure) {
            numbers[i] = report->values.numbers[figure];
            values[i] = report->values.values[figure++];
        } else {
            numbers[i] = report->narratives[text].indicator;
            values[i] = (int64_t)report->narratives[text++].text.size;
        }
    }
    *ret_values = (struct th_values){numbers, values, count};
    return 0;
}

int th_row_pack_values(const struct th_report *report, const struct th_values *values,
                       struct th_arena *arena, struct th_row *row)
{
    uint8_t *packed = th_arena_take(arena, th_packed_size_max(values));
    if (packed == NULL)
        return TH_E_NO_MEMORY;
    row->values_size =
        (uint32_t)th_packed_encode(values, report->estimated, report->estimated_count, packed);
    row->values = packed;
    row->estimated = report->estimated_count > 0;
    return 0;
}

int th_row_pack(const struct th_report *report, struct th_arena *arena, struct th_row *row)
{
    struct th_values values;
    int status = th_row_values(report, arena, &values);
    return status < 0 ? status : th_row_pack_values(report, &values, arena, row);
}
