/* SPDX-License-Identifier: Apache-2.0 */
/* A whole line is what scattering the figures into a cleared one gives, and is refused when that
 * is. */
#include "proto/model/packed.h"

#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 300, COLUMNS_MAX = 80, BYTES_MAX = 4096, WORDS = 2 };

struct table {
    uint16_t column_of[NUMBERS];
    struct th_packed_columns columns;
    struct th_packed_slots slots; /* of the lines before */
    size_t words;
};

struct line {
    int status;
    int64_t values[COLUMNS_MAX];
    uint64_t present[WORDS];
};

/* Every `of` numbers one is asked for, from 0 to `count` columns; the order is the numbers' or
 * another one. */
static void make_table(struct random *random, uint32_t of, uint16_t count, bool is_ordered,
                       bool has_unknown, struct table *ret_table)
{
    uint16_t next = 0;
    ret_table->column_of[0] = TH_PACKED_UNKNOWN;
    for (uint32_t i = 1; i < NUMBERS; i++) {
        ret_table->column_of[i] = TH_PACKED_SKIPPED;
        if (has_unknown && random_below(random, 200) == 0)
            ret_table->column_of[i] = TH_PACKED_UNKNOWN;
        else if (next < count && random_below(random, of) == 0)
            ret_table->column_of[i] = next++;
    }
    for (uint32_t i = 1; i < NUMBERS && !is_ordered; i++)
        if (ret_table->column_of[i] < TH_PACKED_SKIPPED)
            ret_table->column_of[i] = (uint16_t)(next - 1 - ret_table->column_of[i]);
    ret_table->words = ((size_t)next + 63) / 64;
    th_packed_columns_init(ret_table->column_of, NUMBERS, next, &ret_table->columns);
    th_packed_slots_init(&ret_table->slots);
    th_packed_slots_begin(&ret_table->columns, &ret_table->slots);
}

/* `base`: 0, or a pattern of numbers that most lines have. */
static size_t make_figures(struct random *random, uint32_t base, uint8_t *ret_bytes)
{
    static uint16_t numbers[NUMBERS];
    static int64_t figures[NUMBERS];
    size_t count = 0;
    const uint32_t gap = base > 0 ? base : 1 + random_below(random, 20);
    const uint32_t shift = 14 + random_below(random, 50);
    for (uint32_t n = base > 0 ? base : 1 + random_below(random, gap);
         n<NUMBERS; n += base> 0 ? base : 1 + random_below(random, gap)) {
        if (base > 0 && random_below(random, 30) == 0)
            continue;
        numbers[count] = (uint16_t)n;
        figures[count++] =
            (int64_t)random_next(random) >> (shift + random_below(random, 64 - shift));
    }
    const uint16_t estimated = count == 0 ? 0 : numbers[random_below(random, (uint32_t)count)];
    const struct th_values values = {numbers, figures, count};
    const size_t estimates = count > 0 && random_below(random, 8) == 0;
    cr_assert_lt(th_packed_size_max(&values), BYTES_MAX);
    return th_packed_encode(&values, &estimated, estimates, ret_bytes);
}

static struct line plain(const struct table *table, const uint8_t *bytes, size_t size)
{
    struct line line = {0};
    line.status =
        th_packed_scatter(bytes, size, table->column_of, NUMBERS, line.values, line.present);
    return line;
}

/* Of a block of its own, so that a sanitizer sees each byte that is read beyond it; what was in the
 * line before goes, and nothing behind it is touched. */
static struct line whole(struct table *table, const uint8_t *bytes, size_t size)
{
    struct line line;
    uint8_t *exact = malloc(size + 1);
    cr_assert_not_null(exact);
    memcpy(exact + 1, bytes, size);
    memset(&line, 0x77, sizeof line);
    line.status =
        th_packed_lines(&table->columns, &table->slots, &(struct th_bytes){exact + 1, size}, 1,
                        line.values, line.present);
    free(exact);
    for (size_t i = table->columns.count; i < COLUMNS_MAX; i++) {
        cr_assert_eq(line.values[i], INT64_C(0x7777777777777777));
        line.values[i] = 0;
    }
    for (size_t i = table->words; i < WORDS; i++) {
        cr_assert_eq(line.present[i], UINT64_C(0x7777777777777777));
        line.present[i] = 0;
    }
    return line;
}

static void expect_same(struct table *table, const uint8_t *bytes, size_t size)
{
    const struct line wanted = plain(table, bytes, size), got = whole(table, bytes, size);
    cr_assert_eq(got.status, wanted.status);
    if (wanted.status == 0) {
        cr_assert_eq(memcmp(got.values, wanted.values, sizeof got.values), 0);
        cr_assert_eq(memcmp(got.present, wanted.present, sizeof got.present), 0);
    }
}

static struct table table;
static uint8_t bytes[BYTES_MAX];

static void expect_same_of_any(uint64_t seed, bool is_ordered, bool has_unknown)
{
    struct random random = {seed};
    for (int run = 0; run < 20000; run++) {
        if (run % 20 == 0)
            make_table(&random, 1 + random_below(&random, 20),
                       (uint16_t)random_below(&random, COLUMNS_MAX + 1), is_ordered, has_unknown,
                       &table);
        expect_same(&table, bytes, make_figures(&random, 0, bytes));
    }
}

Test(packed_line, any_figures_are_where_scattering_puts_them)
{
    expect_same_of_any(41, true, false);
}

/* As in a table of one obligation: so the slots of a line serve the next ones. */
Test(packed_line, lines_with_mostly_the_same_figures_are_right)
{
    struct random random = {46};
    for (int run = 0; run < 30000; run++) {
        const uint32_t base = 4 + (uint32_t)run / 600;
        if (run % 600 == 0)
            make_table(&random, base, COLUMNS_MAX / 2, true, false, &table);
        expect_same(&table, bytes, make_figures(&random, base, bytes));
    }
}

/* Some with numbers of their own, and with another last number: of many lines all the slots that
 * there are would not be enough. */
Test(packed_line, lines_with_other_figures_among_them_are_right)
{
    struct random random = {47};
    make_table(&random, 12, COLUMNS_MAX, true, false, &table);
    for (int run = 0; run < 30000; run++) {
        const uint32_t base = run % 3 == 0 ? 10 + random_below(&random, 60) : 12;
        expect_same(&table, bytes, make_figures(&random, base, bytes));
    }
}

struct lines {
    uint8_t *blocks[TH_PACKED_LINES_MAX];
    struct th_bytes bytes[TH_PACKED_LINES_MAX];
    size_t count;
};

/* Mostly alike, each in a block of its own; some with a bit that is changed, or cut. */
static struct lines make_lines(struct random *random, uint32_t base)
{
    struct lines lines = {.count = 1 + random_below(random, TH_PACKED_LINES_MAX)};
    for (size_t i = 0; i < lines.count; i++) {
        const uint32_t odd = random_below(random, 40) == 0 ? 0 : base;
        size_t size = make_figures(random, odd, bytes);
        const uint32_t how = random_below(random, 60);
        if (how == 0)
            bytes[random_below(random, (uint32_t)size)] ^= (uint8_t)(1U << random_below(random, 8));
        else if (how == 1)
            size = random_below(random, (uint32_t)size);
        lines.blocks[i] = malloc(size + 1);
        cr_assert_not_null(lines.blocks[i]);
        memcpy(lines.blocks[i] + 1, bytes, size);
        lines.bytes[i] = (struct th_bytes){lines.blocks[i] + 1, size};
    }
    return lines;
}

/* Of tables with up to 40 columns. Returns the status. */
static int expect_same_lines(struct table *of, const struct lines *lines)
{
    static int64_t values[TH_PACKED_LINES_MAX * COLUMNS_MAX + 1];
    uint64_t present[TH_PACKED_LINES_MAX + 1];
    const size_t columns = of->columns.count, count = lines->count;
    int wanted = 0;
    memset(values, 0x77, sizeof values);
    memset(present, 0x77, sizeof present);
    const int status =
        th_packed_lines(&of->columns, &of->slots, lines->bytes, count, values, present);
    for (size_t i = 0; i < count; i++) {
        const struct line line = plain(of, lines->bytes[i].bytes, lines->bytes[i].size);
        wanted = wanted == 0 ? line.status : wanted;
        if (status == 0) {
            cr_assert_eq(memcmp(values + i * columns, line.values, columns * sizeof *values), 0);
            cr_assert_eq(present[i], line.present[0]);
        }
    }
    cr_assert_eq(status, wanted);
    cr_assert_eq(values[count * columns], INT64_C(0x7777777777777777));
    cr_assert_eq(present[count], UINT64_C(0x7777777777777777));
    return status;
}

Test(packed_line, several_lines_at_once_are_each_right)
{
    struct random random = {49};
    int refused = 0;
    for (int run = 0; run < 20000; run++) {
        const uint32_t base = 5 + (uint32_t)run / 400 % 30;
        if (run % 400 == 0)
            make_table(&random, base, (uint16_t)(1 + random_below(&random, 40)), true, false,
                       &table);
        const struct lines lines = make_lines(&random, base);
        refused += table.columns.count > 0 && expect_same_lines(&table, &lines) != 0;
        for (size_t i = 0; i < lines.count; i++)
            free(lines.blocks[i]);
    }
    cr_assert(refused > 200 && refused < 10000, "%d", refused);
}

/* What was found out about the lines of one table holds for the same columns, not for others. */
Test(packed_line, what_is_kept_of_other_columns_is_not_taken)
{
    static struct table tables[3];
    struct random random = {50};
    for (int run = 0; run < 200; run++) {
        for (size_t i = 0; i < 3; i++)
            make_table(&random, 6, 20, true, i == 2, &tables[i]);
        for (int at = 0; at < 30; at++) {
            struct table *now = &tables[random_below(&random, 3)];
            now->slots = table.slots;
            th_packed_slots_begin(&now->columns, &now->slots);
            expect_same(now, bytes, make_figures(&random, 6, bytes));
            table.slots = now->slots;
        }
    }
}

Test(packed_line, what_is_found_out_is_kept_for_the_next_table_of_the_same_columns)
{
    struct random random = {54};
    make_table(&random, 6, 20, true, false, &table);
    if (!table.columns.is_wide)
        return; /* nothing is found out without the instructions */
    expect_same(&table, bytes, make_figures(&random, 6, bytes));
    const uint32_t slots = table.slots.count;
    cr_assert_gt(slots, 0);
    th_packed_slots_begin(&table.columns, &table.slots);
    cr_assert_eq(table.slots.count, slots);
}

/* Numbers 5, 10 and so on to 105, of which all but the last have a column; values that need the
 * lengths that they have. */
enum { RAW_COUNT = 21, RAW_STEP = 5, RAW_FLAG = 2 + (RAW_COUNT * RAW_STEP + 7) / 8 };

struct raw {
    uint8_t lengths[RAW_COUNT], needed[RAW_COUNT];
    bool is_absent[RAW_COUNT]; /* its bit, its length and its value */
    bool has_no_value[RAW_COUNT];
};

static void make_raw_table(void)
{
    memset(&table, 0, sizeof table);
    table.column_of[0] = TH_PACKED_UNKNOWN;
    for (uint16_t i = 1; i < NUMBERS; i++)
        table.column_of[i] = i % RAW_STEP == 0 && i < RAW_COUNT * RAW_STEP
                                 ? (uint16_t)(i / RAW_STEP - 1)
                                 : TH_PACKED_SKIPPED;
    table.words = 1;
    th_packed_columns_init(table.column_of, NUMBERS, RAW_COUNT - 1, &table.columns);
    th_packed_slots_init(&table.slots);
    th_packed_slots_begin(&table.columns, &table.slots);
}

static struct raw make_raw(struct random *random)
{
    struct raw raw = {.lengths = {0}};
    for (size_t i = 0; i < RAW_COUNT; i++)
        raw.lengths[i] = raw.needed[i] = (uint8_t)random_below(random, 3);
    return raw;
}

static size_t put_raw(const struct raw *raw, uint8_t *ret_bytes)
{
    static const int64_t values[] = {-7, 300, -70000};
    size_t at = RAW_FLAG + 1, count = 0;
    memset(ret_bytes, 0, BYTES_MAX);
    ret_bytes[1] = RAW_COUNT * RAW_STEP;
    for (size_t i = 0; i < RAW_COUNT; i++)
        if (!raw->is_absent[i]) {
            const size_t bit = (i + 1) * RAW_STEP - 1;
            ret_bytes[2 + bit / 8] |= (uint8_t)(1U << bit % 8);
            ret_bytes[at + count / 4] |= (uint8_t)(raw->lengths[i] << count % 4 * 2);
            count++;
        }
    at += (count + 3) / 4;
    for (size_t i = 0; i < RAW_COUNT; i++)
        if (!raw->is_absent[i] && !raw->has_no_value[i])
            for (size_t k = 0; k < (size_t)1 << raw->lengths[i]; k++)
                ret_bytes[at++] = (uint8_t)((uint64_t)values[raw->needed[i]] >> 8 * k);
    return at;
}

static void expect_raw(const struct raw *raw, bool is_right)
{
    const size_t size = put_raw(raw, bytes);
    cr_assert_eq(plain(&table, bytes, size).status == 0, is_right);
    expect_same(&table, bytes, size);
}

/* Each amid lines that are right, so that it is judged by what these have told. */
Test(packed_line, a_line_that_is_wrong_in_one_thing_is_refused_behind_right_ones)
{
    struct random random = {51};
    make_raw_table();
    for (int run = 0; run < 500; run++) {
        struct raw raw = make_raw(&random);
        const uint32_t at = random_below(&random, RAW_COUNT - 1);
        expect_raw(&raw, true);
        raw.lengths[at] = (uint8_t)(raw.needed[at] + 1); /* longer than it needs */
        expect_raw(&raw, false);
        raw.lengths[at] = 3;
        raw.has_no_value[at] = true;
        expect_raw(&raw, false);
        raw = make_raw(&random);
        raw.is_absent[RAW_COUNT - 1] = true; /* the last number */
        expect_raw(&raw, false);
        raw = make_raw(&random);
        raw.is_absent[at] = true;
        expect_raw(&raw, true);
    }
}

Test(packed_line, a_byte_that_is_wrong_in_a_head_is_refused_behind_right_ones)
{
    struct random random = {52};
    make_raw_table();
    for (int run = 0; run < 200; run++) {
        const struct raw raw = make_raw(&random);
        const size_t size = put_raw(&raw, bytes), lengths_end = RAW_FLAG + 1 + RAW_COUNT / 4;
        expect_same(&table, bytes, size);
        bytes[RAW_FLAG] = (uint8_t)(1 + random_below(&random, 255));
        cr_assert_neq(plain(&table, bytes, size).status, 0);
        expect_same(&table, bytes, size);
        bytes[RAW_FLAG] = 0;
        bytes[lengths_end] |= (uint8_t)(1U << (2 + random_below(&random, 6))); /* one length */
        cr_assert_neq(plain(&table, bytes, size).status, 0);
        expect_same(&table, bytes, size);
    }
}

Test(packed_line, a_number_that_this_catalogue_does_not_know_is_refused_behind_another_one)
{
    struct random random = {53};
    make_raw_table();
    const struct raw raw = make_raw(&random);
    static struct table other;
    expect_raw(&raw, true);
    expect_raw(&raw, true);
    other = table;
    other.column_of[RAW_COUNT * RAW_STEP] = TH_PACKED_UNKNOWN;
    th_packed_columns_init(other.column_of, NUMBERS, RAW_COUNT - 1, &other.columns);
    th_packed_slots_begin(&other.columns, &other.slots);
    cr_assert_neq(whole(&other, bytes, put_raw(&raw, bytes)).status, 0);
}

Test(packed_line, no_figures_are_an_empty_line)
{
    static const uint8_t none[] = {0, 0, 0};
    const struct th_values values = {NULL, NULL, 0};
    struct random random = {48};
    make_table(&random, 5, 20, true, false, &table);
    cr_assert_eq(th_packed_encode(&values, NULL, 0, bytes), sizeof none);
    cr_assert_eq(memcmp(bytes, none, sizeof none), 0);
    expect_same(&table, bytes, sizeof none);
    expect_same(&table, bytes, make_figures(&random, 0, bytes));
    expect_same(&table, none, sizeof none);
}

Test(packed_line, columns_may_have_any_order)
{
    expect_same_of_any(42, false, false);
}

Test(packed_line, what_nobody_knows_is_refused)
{
    expect_same_of_any(43, true, true);
}

Test(packed_line, changed_bytes_and_other_ends_are_judged_alike)
{
    struct random random = {44};
    int refused = 0, taken = 0;
    make_table(&random, 5, 40, true, false, &table);
    for (int run = 0; run < 60000; run++) {
        const size_t size = make_figures(&random, 0, bytes);
        const uint32_t how = random_below(&random, 8);
        const size_t end = how == 0 ? random_below(&random, (uint32_t)size + 1) : size + (how == 1);
        bytes[size] = (uint8_t)random_next(&random);
        if (how > 1)
            bytes[random_below(&random, (uint32_t)size)] ^=
                (uint8_t)(1U << random_below(&random, 8));
        expect_same(&table, bytes, end);
        if (plain(&table, bytes, end).status == 0)
            taken++;
        else
            refused++;
    }
    cr_assert(taken > 5000 && refused > 5000, "%d, %d", taken, refused);
}

/* At the edges of each length, and what has a longer one than it needs. */
Test(packed_line, values_keep_their_limits_and_their_shortest_form)
{
    static const int64_t edges[] = {0,
                                    127,
                                    128,
                                    -128,
                                    -129,
                                    32767,
                                    32768,
                                    -32768,
                                    -32769,
                                    INT32_MAX,
                                    (int64_t)INT32_MAX + 1,
                                    INT32_MIN,
                                    (int64_t)INT32_MIN - 1,
                                    TH_LIMIT_VALUE_MAX,
                                    TH_LIMIT_VALUE_MAX + 1,
                                    -TH_LIMIT_VALUE_MAX,
                                    -TH_LIMIT_VALUE_MAX - 1,
                                    INT64_MAX,
                                    INT64_MIN};
    struct random random = {45};
    make_table(&random, 1, 20, true, false, &table);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        /* Numbers that let the plain form not be needed for want of bytes. */
        static const uint16_t numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        int64_t figures[] = {1, 2, 3, edges[i], 5, 6, 7, 8, 9, 10};
        const struct th_values values = {numbers, figures, 10};
        const size_t size = th_packed_encode(&values, NULL, 0, bytes);
        expect_same(&table, bytes, size);
        cr_assert_eq(plain(&table, bytes, size).status == 0,
                     edges[i] <= TH_LIMIT_VALUE_MAX && edges[i] >= -TH_LIMIT_VALUE_MAX);
    }
    for (int64_t value = -3; value < 3; value++) {
        /* Ten values, the first of two bytes: 16 bits of a small number. */
        uint8_t long_form[] = {
            0, 10, 0xFF, 0x03, 0, 1, 0, 0, (uint8_t)value, (uint8_t)(value >> 8), 2,
            3, 4,  5,    6,    7, 8, 9, 10};
        cr_assert_eq(plain(&table, long_form, sizeof long_form).status, TH_E_CORRUPT);
        expect_same(&table, long_form, sizeof long_form);
    }
}
