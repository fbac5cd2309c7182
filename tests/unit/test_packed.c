/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/packed.h"

#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static size_t encode(const uint16_t *numbers, const int64_t *values, size_t count,
                     const uint16_t *estimated, size_t estimated_count, uint8_t *bytes)
{
    struct th_values all = {numbers, values, count};
    size_t size = th_packed_encode(&all, estimated, estimated_count, bytes);
    cr_assert_leq(size, th_packed_size_max(&all));
    return size;
}

Test(packed, figures_come_back_as_they_were)
{
    static const uint16_t numbers[] = {1, 8, 9, 200, 1024};
    static const int64_t values[] = {0, -1, 300, INT64_MAX, INT64_MIN};
    uint8_t bytes[400];
    uint16_t back_numbers[5];
    int64_t back[5];
    size_t count = 0, size = encode(numbers, values, 5, NULL, 0, bytes);
    cr_assert_eq(th_packed_decode(bytes, size, back_numbers, back, 5, &count), 0);
    cr_assert_eq(count, 5);
    cr_assert_eq(memcmp(back_numbers, numbers, sizeof numbers), 0);
    cr_assert_eq(memcmp(back, values, sizeof values), 0);
    cr_assert_eq(th_packed_decode(bytes, size, back_numbers, back, 4, &count), TH_E_LIMIT);
}

Test(packed, the_bytes_are_as_documented)
{
    uint8_t bytes[64];
    static const uint8_t expected[] = {0, 9, 0x02, 0x01, 1, 0x00, 0x01, 0x04, 0x02, 0x96, 0x00};
    size_t size = encode((uint16_t[]){2, 9}, (int64_t[]){2, 150}, 2, (uint16_t[]){9}, 1, bytes);
    cr_assert_eq(size, sizeof expected);
    cr_assert_eq(memcmp(bytes, expected, size), 0);
    cr_assert_eq(encode(NULL, NULL, 0, NULL, 0, bytes), 3);
    cr_assert_eq(th_packed_check(bytes, 3), 0);
}

Test(packed, nothing_is_written_behind_the_size_that_was_promised)
{
    static const uint16_t numbers[] = {1, 2, 60, 64, 65, 66, 127, 129, 130, 200, 201};
    static const int64_t values[] = {0, 1, -300, 70000, INT64_MIN, 1, 1, 1, 1, 1, 1};
    enum { COUNT = sizeof numbers / sizeof numbers[0] };
    for (size_t from = 0; from < COUNT; from++)
        for (size_t count = 0; from + count <= COUNT; count++)
            for (size_t estimates = 0; estimates <= (count > 0); estimates++) {
                uint8_t bytes[400];
                struct th_values some = {numbers + from, values + from, count};
                const size_t promised = th_packed_size_max(&some);
                memset(bytes, 0xA5, sizeof bytes);
                (void)encode(some.numbers, some.values, count, some.numbers, estimates, bytes);
                for (size_t i = promised; i < sizeof bytes; i++)
                    cr_assert_eq(bytes[i], 0xA5, "%zu + %zu", from, count);
            }
}

Test(packed, a_walk_says_what_is_estimated)
{
    uint8_t bytes[64];
    size_t size = encode((uint16_t[]){2, 9}, (int64_t[]){2, 150}, 2, (uint16_t[]){9}, 1, bytes);
    struct th_packed_cursor cursor;
    uint16_t number;
    int64_t value;
    bool estimated;
    th_packed_begin(bytes, size, &cursor);
    cr_assert(th_packed_next(&cursor, &number, &value, &estimated));
    cr_assert(number == 2 && value == 2 && !estimated);
    cr_assert(th_packed_next(&cursor, &number, &value, &estimated));
    cr_assert(number == 9 && value == 150 && estimated);
    cr_assert_not(th_packed_next(&cursor, &number, &value, &estimated));
}

Test(packed, every_cut_and_every_second_form_is_corrupt)
{
    uint8_t bytes[64];
    size_t size = encode((uint16_t[]){2, 9}, (int64_t[]){2, 150}, 2, (uint16_t[]){9}, 1, bytes);
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(th_packed_check(bytes, cut), TH_E_CORRUPT, "%zu", cut);
    cr_assert_eq(th_packed_check(bytes, size + 1), TH_E_CORRUPT);
    static const uint8_t bad[][9] = {
        {0, 9, 0x02, 0x00, 0, 0, 4},          /* the highest bit is not set */
        {0, 2, 0x06, 0, 0, 4, 4},             /* a bit beyond the count */
        {0, 2, 0x02, 2, 0, 4},                /* neither with nor without estimates */
        {0, 2, 0x02, 1, 0, 0, 4},             /* a bitmap of no estimates */
        {0, 2, 0x02, 1, 1, 0, 4},             /* an estimate that is not reported */
        {0, 2, 0x02, 0, 1, 4, 0},             /* a value longer than needed */
        {0, 2, 0x02, 0, 2, 0xff, 0x7f, 0, 0}, /* likewise */
        {0, 2, 0x02, 0, 1, 0x80, 0xff},       /* likewise, below 0 */
        {0, 2, 0x02, 0, 3, 4},                /* a value that ends behind the bytes */
        {0, 2, 0x02, 0, 4, 4},                /* a bit behind the lengths */
    };
    static const size_t sizes[] = {7, 7, 6, 7, 7, 7, 9, 7, 6, 6};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(th_packed_check(bad[i], sizes[i]), TH_E_CORRUPT, "%zu", i);
}

Test(packed, values_are_as_short_as_they_can_be)
{
    static const struct {
        int64_t value;
        size_t size;
    } cases[] = {{0, 1},         {127, 1},
                 {128, 2},       {-128, 1},
                 {-129, 2},      {32767, 2},
                 {32768, 4},     {-32768, 2},
                 {-32769, 4},    {INT32_MAX, 4},
                 {INT32_MIN, 4}, {(int64_t)INT32_MAX + 1, 8},
                 {INT64_MAX, 8}, {(int64_t)INT32_MIN - 1, 8},
                 {INT64_MIN, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[64];
        uint16_t number;
        int64_t value, found;
        size_t count, size = encode((uint16_t[]){1}, &cases[i].value, 1, NULL, 0, bytes);
        cr_assert_eq(size, 5 + cases[i].size, "%zu", i);
        cr_assert_eq(th_packed_decode(bytes, size, &number, &value, 1, &count), 0);
        cr_assert(th_packed_find(bytes, size, 1, &found));
        cr_assert(value == cases[i].value && found == value, "%zu", i);
    }
}

/* Figures of every size; some are estimated. Returns the size. */
static size_t random_figures(struct random *random, uint16_t *numbers, int64_t *values,
                             size_t *ret_count, uint8_t *bytes)
{
    uint16_t estimated[200];
    size_t count = 0, estimated_count = 0;
    uint16_t gap = (uint16_t)(1 + random_below(random, 90));
    for (uint32_t n = 1 + random_below(random, gap); n <= 1024 && count < 200;
         n += 1 + random_below(random, gap)) {
        numbers[count] = (uint16_t)n;
        if (random_below(random, 40) == 0)
            estimated[estimated_count++] = (uint16_t)n;
        values[count++] = (int64_t)random_next(random) >> random_below(random, 64);
    }
    if (random_below(random, 2) == 0)
        estimated_count = 0;
    *ret_count = count;
    return encode(numbers, values, count, estimated, estimated_count, bytes);
}

Test(packed, any_figures_come_back_by_every_way)
{
    struct random random = {21};
    for (int run = 0; run < 3000; run++) {
        uint16_t numbers[200], back_numbers[200], number;
        int64_t values[200], back[200], value;
        uint8_t bytes[2048];
        bool estimated;
        struct th_packed_cursor cursor;
        size_t count, back_count, size = random_figures(&random, numbers, values, &count, bytes);
        cr_assert_eq(th_packed_decode(bytes, size, back_numbers, back, 200, &back_count), 0);
        cr_assert_eq(back_count, count);
        th_packed_begin(bytes, size, &cursor);
        for (size_t i = 0; i < count; i++) {
            cr_assert(back_numbers[i] == numbers[i] && back[i] == values[i]);
            cr_assert(th_packed_next(&cursor, &number, &value, &estimated));
            cr_assert(number == numbers[i] && value == values[i]);
            cr_assert(th_packed_find(bytes, size, number, &value) && value == values[i]);
        }
        cr_assert_not(th_packed_next(&cursor, &number, &value, &estimated));
    }
}

/* What is taken is the one form of its figures. */
Test(packed, changed_bytes_are_refused_or_are_what_their_figures_give)
{
    struct random random = {22};
    int taken = 0;
    for (int run = 0; run < 30000; run++) {
        uint16_t numbers[1024], estimated[1024], number;
        int64_t values[1024], value;
        uint8_t bytes[2048], again[12288];
        bool is_estimated;
        struct th_packed_cursor cursor;
        size_t count, estimated_count = 0;
        size_t size = random_figures(&random, numbers, values, &count, bytes);
        bytes[random_below(&random, (uint32_t)size)] ^= (uint8_t)(1 + random_below(&random, 255));
        uint8_t *exact = malloc(size); /* so that a sanitizer sees what is read beyond */
        cr_assert_not_null(exact);
        memcpy(exact, bytes, size);
        if (th_packed_decode(exact, size, numbers, values, 1024, &count) == 0) {
            th_packed_begin(exact, size, &cursor);
            while (th_packed_next(&cursor, &number, &value, &is_estimated))
                if (is_estimated)
                    estimated[estimated_count++] = number;
            cr_assert_eq(encode(numbers, values, count, estimated, estimated_count, again), size);
            cr_assert_eq(memcmp(again, exact, size), 0);
            taken++;
        }
        free(exact);
    }
    cr_assert(taken > 1000 && taken < 29000, "%d", taken);
}

Test(packed, what_is_too_much_for_the_caller_is_still_checked)
{
    uint8_t bytes[64];
    uint16_t number;
    int64_t value;
    size_t count = 7, size = encode((uint16_t[]){2, 9}, (int64_t[]){2, 150}, 2, NULL, 0, bytes);
    cr_assert_eq(th_packed_decode(bytes, size, &number, &value, 1, &count), TH_E_LIMIT);
    cr_assert_eq(th_packed_decode(bytes, size - 1, &number, &value, 1, &count), TH_E_CORRUPT);
    cr_assert_eq(count, 7);
}

Test(packed, one_figure_is_found_without_the_others)
{
    static const uint16_t numbers[] = {1, 8, 9, 17, 200};
    static const int64_t values[] = {-1, 300, 0, INT64_MIN, 5};
    uint8_t bytes[200];
    size_t size = encode(numbers, values, 5, (uint16_t[]){9}, 1, bytes);
    for (uint16_t number = 0, at = 0; number <= 201; number++) {
        int64_t value = 77;
        bool is_there = at < 5 && numbers[at] == number;
        cr_assert_eq(th_packed_find(bytes, size, number, &value), is_there, "%u", number);
        cr_assert_eq(value, is_there ? values[at] : 77);
        at = (uint16_t)(at + is_there);
    }
}
/* ---- into columns ---- */

enum { NUMBERS = 141, COLUMNS = 140 };

static uint16_t column_of[NUMBERS];

static void columns_are_numbers(void)
{
    column_of[0] = TH_PACKED_UNKNOWN;
    for (uint16_t i = 1; i < NUMBERS; i++)
        column_of[i] = (uint16_t)(i - 1);
}

static int scatter(const uint8_t *bytes, size_t size, int64_t *values, uint64_t *present)
{
    /* A block of its own, so that a sanitizer sees each byte that is read beyond it. */
    uint8_t *exact = malloc(size + 1);
    cr_assert_not_null(exact);
    memcpy(exact + 1, bytes, size);
    memset(values, 0, COLUMNS * sizeof *values);
    memset(present, 0, 3 * sizeof *present);
    int status = th_packed_scatter(exact + 1, size, column_of, NUMBERS, values, present);
    free(exact);
    return status;
}

/* Every size of a value, every distance of numbers: what a walk gives, scatter gives. */
Test(packed, columns_get_what_a_walk_gives)
{
    struct random random = {11};
    uint8_t bytes[2048];
    int64_t got[COLUMNS];
    uint64_t present[3];
    columns_are_numbers();
    for (int run = 0; run < 3000; run++) {
        uint16_t numbers[COLUMNS], estimated = 0;
        int64_t values[COLUMNS], wanted[COLUMNS] = {0};
        uint64_t bits[3] = {0};
        size_t count = 0;
        for (uint16_t n = 1; n < NUMBERS; n = (uint16_t)(n + 1 + random_below(&random, 9))) {
            int64_t most = INT64_C(1) << random_below(&random, 49);
            numbers[count] = n;
            values[count] = (int64_t)(random_next(&random) % (uint64_t)most) *
                            (random_below(&random, 4) == 0 ? -1 : 1);
            wanted[n - 1] = values[count++];
            bits[(n - 1) / 64] |= UINT64_C(1) << ((n - 1) % 64);
        }
        estimated = numbers[random_below(&random, (uint32_t)count)];
        size_t size =
            encode(numbers, values, count, &estimated, random_below(&random, 8) == 0, bytes);
        cr_assert_eq(scatter(bytes, size, got, present), 0);
        cr_assert_eq(memcmp(got, wanted, sizeof wanted), 0);
        cr_assert_eq(memcmp(present, bits, sizeof bits), 0);
    }
}

/* Whatever a check refuses is refused, and what it takes is taken. */
Test(packed, columns_refuse_what_a_check_refuses)
{
    struct random random = {12};
    static const uint16_t numbers[] = {2, 9, 64, 65, 70};
    static const int64_t values[] = {2, 150, 1 << 20, -3, 0};
    uint8_t bytes[64];
    int64_t got[COLUMNS];
    uint64_t present[3];
    columns_are_numbers();
    size_t size = encode(numbers, values, 5, NULL, 0, bytes);
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(scatter(bytes, cut, got, present), TH_E_CORRUPT, "%zu", cut);
    for (int run = 0; run < 20000; run++) {
        uint8_t damaged[64];
        memcpy(damaged, bytes, size);
        damaged[random_below(&random, (uint32_t)size)] ^= (uint8_t)(1U << random_below(&random, 8));
        uint32_t bits = (uint32_t)damaged[0] << 8 | damaged[1];
        if (th_packed_check(damaged, size) < 0 || bits >= NUMBERS)
            cr_assert_eq(scatter(damaged, size, got, present), TH_E_CORRUPT);
        else
            cr_assert_eq(scatter(damaged, size, got, present), 0);
    }
}

Test(packed, columns_skip_what_is_not_asked_for_and_refuse_what_nobody_knows)
{
    uint8_t bytes[64];
    int64_t got[COLUMNS];
    uint64_t present[3];
    columns_are_numbers();
    column_of[9] = TH_PACKED_SKIPPED;
    size_t size = encode((uint16_t[]){2, 9, 20}, (int64_t[]){2, 150, 7}, 3, NULL, 0, bytes);
    cr_assert_eq(scatter(bytes, size, got, present), 0);
    cr_assert(got[1] == 2 && got[8] == 0 && got[19] == 7);
    cr_assert_eq(present[0], UINT64_C(1) << 1 | UINT64_C(1) << 19);
    column_of[9] = TH_PACKED_UNKNOWN;
    cr_assert_eq(scatter(bytes, size, got, present), TH_E_CORRUPT);
}

Test(packed, columns_take_no_figure_that_no_report_may_have)
{
    uint8_t bytes[64];
    int64_t got[COLUMNS];
    uint64_t present[3];
    columns_are_numbers();
    size_t size = encode((uint16_t[]){3}, (int64_t[]){TH_LIMIT_VALUE_MAX}, 1, NULL, 0, bytes);
    cr_assert_eq(scatter(bytes, size, got, present), 0);
    cr_assert_eq(got[2], TH_LIMIT_VALUE_MAX);
    size = encode((uint16_t[]){3}, (int64_t[]){TH_LIMIT_VALUE_MAX + 1}, 1, NULL, 0, bytes);
    cr_assert_eq(scatter(bytes, size, got, present), TH_E_CORRUPT);
    size = encode((uint16_t[]){3}, (int64_t[]){-TH_LIMIT_VALUE_MAX - 1}, 1, NULL, 0, bytes);
    cr_assert_eq(scatter(bytes, size, got, present), TH_E_CORRUPT);
}
