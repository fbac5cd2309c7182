/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A radix sort, from the last byte of the key to the first: each pass keeps what is equal in its
 * order, and nothing is compared. Bytes in which no two keys differ, mostly all but two or three,
 * need no pass.
 */
#include "aggregator/store/run_order.h"

enum { FIELDS = 3, BYTES = 4, VALUES = 256 };

/* From the one that decides least. */
static uint32_t field_of(const struct th_run_row *row, int field)
{
    if (field == 0)
        return row->revision;
    return field == 1 ? row->number : row->unit;
}

/* The bits in which a field is not the same in all rows. */
static uint32_t differences(const struct th_run_row *rows, size_t count, int field)
{
    uint32_t bits = 0;
    for (size_t i = 1; i < count; i++)
        bits |= field_of(&rows[i], field) ^ field_of(&rows[0], field);
    return bits;
}

static void pass(const struct th_run_row *from, size_t count, int field, unsigned shift,
                 struct th_run_row *to)
{
    size_t starts[VALUES] = {0}, start = 0;
    for (size_t i = 0; i < count; i++)
        starts[field_of(&from[i], field) >> shift & (VALUES - 1)]++;
    for (size_t value = 0; value < VALUES; value++) {
        const size_t of_value = starts[value];
        starts[value] = start;
        start += of_value;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[field_of(&from[i], field) >> shift & (VALUES - 1)]++] = from[i];
}

struct th_run_row *th_run_order(struct th_run_row *rows, struct th_run_row *spare, size_t count)
{
    for (int field = 0; field < FIELDS; field++) {
        const uint32_t bits = differences(rows, count, field);
        for (unsigned shift = 0; shift < 8 * BYTES; shift += 8) {
            if ((bits >> shift & (VALUES - 1)) == 0)
                continue;
            pass(rows, count, field, shift, spare);
            struct th_run_row *sorted = spare;
            spare = rows;
            rows = sorted;
        }
    }
    return rows;
}
