/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole line of a table. The plain form clears it and scatters the figures. The wide form goes
 * over slots, the numbers that have a column or a value, eight at a time: the lengths of the values
 * say which bytes are there, the bytes are spread over eight words, zeroes where no value is, and
 * their signs drawn out; then the values that nobody asks for are squeezed out. Most lines of a
 * table have values of the same numbers, so the slots are kept from line to line, and found anew
 * where a line has another number. The wide form takes only figures without estimates and in no way
 * damaged; whatever else it meets it leaves to the plain form, which judges.
 */
#include "proto/model/packed_form.h"

#include "base/assert.h"
#include "base/cpu.h"

#ifdef TH_CPU_WIDE
#include <immintrin.h>
#endif

enum {
    WIDE_MAX = TH_PACKED_SLOTS_MAX,       /* columns, and slots, that the wide form takes */
    WIDE_HALF = 32,                       /* their lengths are a word */
    NUMBERS_MAX = TH_PACKED_SLOTS_MAX * 8 /* whose bitmap is in one register */
};

static void set_number(uint64_t *numbers, uint32_t number)
{
    numbers[(number - 1) / 64] |= UINT64_C(1) << (number - 1) % 64;
}

void th_packed_columns_init(const uint16_t *column_of, uint32_t numbers, uint16_t count,
                            struct th_packed_columns *ret_columns)
{
    struct th_packed_columns columns = {
        .column_of = column_of, .numbers = numbers, .count = count, .is_wide = count <= WIDE_MAX};
    uint16_t next = 0;
    TH_ASSERT(numbers <= TH_LIMIT_INDICATORS_MAX + 1);
    for (uint32_t number = 1; number < numbers; number++)
        if (column_of[number] < TH_PACKED_SKIPPED) {
            columns.is_wide = columns.is_wide && column_of[number] == next && number <= NUMBERS_MAX;
            if (columns.is_wide)
                set_number(columns.choice.asked, number);
            next++;
        }
    for (uint32_t number = 1; number < numbers && number <= NUMBERS_MAX; number++)
        if (column_of[number] != TH_PACKED_UNKNOWN)
            set_number(columns.choice.known, number);
#ifdef TH_CPU_WIDE
    columns.is_wide = columns.is_wide && count > 0 && next == count && numbers <= NUMBERS_MAX + 1 &&
                      th_cpu_is_wide();
#else
    columns.is_wide = false;
#endif
    *ret_columns = columns;
}

void th_packed_slots_init(struct th_packed_slots *ret_slots)
{
    memset(ret_slots, 0, sizeof *ret_slots);
    memset(ret_slots->other, UINT8_MAX, sizeof ret_slots->other);
    ret_slots->bitmap.bits = UINT32_MAX;
}

void th_packed_slots_begin(const struct th_packed_columns *columns, struct th_packed_slots *slots)
{
    if (columns->numbers == slots->numbers &&
        memcmp(&columns->choice, &slots->choice, sizeof slots->choice) == 0)
        return;
    th_packed_slots_init(slots);
    slots->choice = columns->choice;
    slots->numbers = columns->numbers;
}

#ifdef TH_CPU_WIDE

/* ---- slots ---- */

/* The column of a number, at the next slot. */
static void add_slot(struct th_packed_slots *slots, uint32_t number, bool is_asked,
                     uint32_t columns_left)
{
    const uint32_t bit = number - 1, slot = slots->count++;
    struct th_packed_group *eight = &slots->eights[slot / 8];
    if (slot % 8 == 0)
        *eight = (struct th_packed_group){
            .column = slots->columns,
            .stored = (uint8_t)(columns_left < 8 ? (1U << columns_left) - 1 : UINT8_MAX)};
    eight->asked |= (uint8_t)(is_asked << slot % 8);
    slots->asked |= (uint64_t)is_asked << slot;
    if (is_asked && slots->columns < WIDE_HALF)
        slots->slot_of[slots->columns] = slot;
    slots->columns = (uint16_t)(slots->columns + is_asked);
    slots->byte[slot] = (uint8_t)(bit / 8);
    slots->bit[slot] = (uint8_t)(1U << bit % 8);
    slots->other[bit / 8] ^= slots->bit[slot];
}

/* All numbers of the bitmap in their order. False: more than the wide form takes, or nobody knows
 * one. */
static bool set_slots(const struct th_packed_columns *columns, const uint64_t *bitmap,
                      struct th_packed_slots *ret_slots)
{
    struct th_packed_slots slots;
    th_packed_slots_init(&slots);
    slots.choice = ret_slots->choice;
    slots.numbers = ret_slots->numbers;
    slots.bitmap = ret_slots->bitmap;
    for (uint32_t first = 0; first < NUMBERS_MAX; first += 64)
        for (uint64_t left = bitmap[first / 64]; left != 0; left &= left - 1) {
            const uint32_t number = first + (uint32_t)__builtin_ctzll(left) + 1;
            const uint16_t column = columns->column_of[number];
            if (column == TH_PACKED_UNKNOWN || slots.count == WIDE_MAX)
                return false;
            add_slot(&slots, number, column < TH_PACKED_SKIPPED,
                     (uint32_t)columns->count - slots.columns);
        }
    *ret_slots = slots;
    return true;
}

/* For a line with a value that has no slot: one more, or, when these are too many, those of the
 * columns and of this line alone. `reported`: 64 bytes. */
static bool find_slots(const struct th_packed_columns *columns, const uint8_t *reported,
                       struct th_packed_slots *slots)
{
    uint64_t line[NUMBERS_MAX / 64], all[NUMBERS_MAX / 64];
    for (size_t i = 0; i < NUMBERS_MAX / 64; i++) {
        line[i] = columns->choice.asked[i] | packed_load(reported + i * PACKED_WORD);
        all[i] = line[i] | ~packed_load(slots->other + i * PACKED_WORD);
    }
    return set_slots(columns, all, slots) || set_slots(columns, line, slots);
}

/* What the head of the next lines is like, if it is as that of this one. */
static void set_head(struct th_packed_slots *slots)
{
    struct th_packed_bitmap *bitmap = &slots->bitmap;
    const uint32_t flag = bitmap->flag_at;
    bitmap->head = 0;
    if (flag >= TH_PACKED_SLOTS_MAX)
        return;
    memset(bitmap->expected, 0, sizeof bitmap->expected);
    memset(bitmap->matters, 0, sizeof bitmap->matters);
    bitmap->head = UINT64_MAX >> (TH_PACKED_SLOTS_MAX - 1 - flag);
    bitmap->expected[0] = (uint8_t)(bitmap->bits >> 8);
    bitmap->expected[1] = (uint8_t)bitmap->bits;
    bitmap->expected[flag - 1] = (uint8_t)bitmap->last_bit;
    memset(bitmap->matters, UINT8_MAX, PACKED_COUNT_SIZE);
    memcpy(bitmap->matters + PACKED_COUNT_SIZE, slots->other, flag - PACKED_COUNT_SIZE);
    bitmap->matters[flag - 1] |= (uint8_t)(UINT8_MAX & ~(bitmap->last_bit - 1));
    bitmap->matters[flag] = UINT8_MAX;
}

/* ---- a line ---- */

/* What is before the values. */
struct wide_head {
    size_t lengths_at;
    uint32_t count;    /* of the values */
    uint64_t reported; /* of the slots, those that have a value */
};

/* For a line whose last number is another one than that of the line before. */
static bool set_bitmap(const struct th_packed_columns *columns, uint32_t bits,
                       struct th_packed_slots *slots)
{
    if (bits == 0 || bits >= columns->numbers)
        return false;
    slots->bitmap.bits = bits;
    slots->bitmap.flag_at = (uint32_t)packed_flag_at(bits);
    slots->bitmap.last_bit = 1U << (bits - 1) % 8;
    slots->bitmap.bytes = UINT64_MAX >> (64 - packed_bitmap_size(bits));
    set_head(slots);
    return true;
}

/* Reads it. False: it is not for the wide form, or fewer bytes follow than a load takes. */
TH_CPU_WIDE static inline bool wide_head(const struct th_packed_columns *columns,
                                         struct th_packed_slots *slots, const uint8_t *bytes,
                                         size_t size, struct wide_head *ret_head)
{
    uint8_t bitmap[NUMBERS_MAX / 8];
    if (size <= PACKED_COUNT_SIZE)
        return false;
    if (packed_bits(bytes) != slots->bitmap.bits && !set_bitmap(columns, packed_bits(bytes), slots))
        return false;
    const size_t flag = slots->bitmap.flag_at;
    if (size <= flag + PACKED_WORD || bytes[flag] != 0 ||
        bytes[flag - 1] - slots->bitmap.last_bit >= slots->bitmap.last_bit) /* its highest bit */
        return false;
    const __m512i reported =
        _mm512_maskz_loadu_epi8(slots->bitmap.bytes, bytes + PACKED_COUNT_SIZE);
    if (_mm512_test_epi8_mask(reported, _mm512_loadu_si512(slots->other)) != 0) {
        _mm512_storeu_si512(bitmap, reported);
        if (!find_slots(columns, bitmap, slots))
            return false;
        set_head(slots);
    }
    ret_head->reported =
        _mm512_test_epi8_mask(_mm512_permutexvar_epi8(_mm512_loadu_si512(slots->byte), reported),
                              _mm512_loadu_si512(slots->bit));
    ret_head->count = (uint32_t)_mm_popcnt_u64(ret_head->reported);
    ret_head->lengths_at = flag + 1;
    return true;
}

/* The lengths of 32 slots, two bits each. A load ends before the values do. */
TH_CPU_WIDE static inline uint64_t spread_lengths(const uint8_t *lengths,
                                                  const struct wide_head *head, uint32_t slot)
{
    const uint64_t each = UINT64_C(0x5555555555555555);
    uint64_t word = packed_load(lengths);
    if (slot > 0) { /* the second 32 slots: behind the lengths of the first ones */
        const uint32_t passed = (uint32_t)_mm_popcnt_u32((uint32_t)head->reported);
        lengths += passed / 4;
        word = packed_load(lengths) >> passed % 4 * 2;
        if (passed % 4 != 0 && head->count - passed > WIDE_HALF - 4)
            word |= (uint64_t)lengths[PACKED_WORD] << (64 - passed % 4 * 2);
    }
    return _pdep_u64(word, _pdep_u64(head->reported >> slot, each) * 3);
}

/* By a length, from the lowest bits of each of eight words. What is above those bits is not looked
 * at, so a table is there twice. */
#define BY_LENGTH(a, b, c, d)                                                                      \
    (_mm512_set_epi64((int64_t)(d), (int64_t)(c), (int64_t)(b), (int64_t)(a), (int64_t)(d),        \
                      (int64_t)(c), (int64_t)(b), (int64_t)(a)))
#define EACH_BYTE UINT64_C(0x0101010101010101)

/* False: something is not as it should be. A load is of the bytes that are there: no other is
 * touched. */
TH_CPU_WIDE static inline bool wide_values(const struct th_packed_slots *slots,
                                           const uint8_t *lengths, const uint8_t *at,
                                           const uint8_t *end, const struct wide_head *head,
                                           int64_t *values)
{
    const __m512i sizes = BY_LENGTH(EACH_BYTE, 2 * EACH_BYTE, 4 * EACH_BYTE, 8 * EACH_BYTE);
    const __m512i shifts = BY_LENGTH(56, 48, 32, 0);
    /* Values from -half to range - half - 1 have a shorter length. */
    const __m512i halves = BY_LENGTH(0, 0x80, 0x8000, INT64_C(0x80000000));
    const __m512i ranges = BY_LENGTH(0, 0x100, 0x10000, INT64_C(0x100000000));
    const __m512i byte_of_word = _mm512_set1_epi64(INT64_C(0x0706050403020100));
    const __m512i from = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    __m512i largest = _mm512_setzero_si512();
    __mmask8 is_short = UINT8_MAX;
    uint64_t spread = 0;
    for (uint32_t slot = 0; slot < slots->count; slot += 8, spread >>= 16) {
        const struct th_packed_group *eight = &slots->eights[slot / 8];
        const __mmask8 now = (__mmask8)(head->reported >> slot);
        if (slot % WIDE_HALF == 0)
            spread = spread_lengths(lengths, head, slot);
        const __m512i length = _mm512_srlv_epi64(_mm512_set1_epi64((int64_t)spread), from);
        const __mmask64 its_bytes = _mm512_cmplt_epu8_mask(
            byte_of_word, _mm512_maskz_permutexvar_epi64(now, length, sizes));
        const size_t taken = (size_t)_mm_popcnt_u64(its_bytes);
        if (taken > (size_t)(end - at))
            return false;
        const __m512i shift = _mm512_permutexvar_epi64(length, shifts);
        const __m512i figure = _mm512_maskz_srav_epi64(
            now,
            _mm512_sllv_epi64(_mm512_mask_expandloadu_epi8(byte_of_word, its_bytes, at), shift),
            shift);
        is_short = _mm512_mask_cmpge_epu64_mask(
            is_short, _mm512_add_epi64(figure, _mm512_permutexvar_epi64(length, halves)),
            _mm512_maskz_permutexvar_epi64(now, length, ranges));
        largest = _mm512_max_epu64(largest, _mm512_abs_epi64(figure));
        /* What stands behind those that are asked for is written over by the next ones. */
        _mm512_mask_storeu_epi64(
            values + eight->column, (__mmask8)eight->stored,
            _mm512_mask_compress_epi64(shifts, (__mmask8)eight->asked, figure));
        at += taken;
    }
    const __mmask8 too_large =
        _mm512_cmpgt_epu64_mask(largest, _mm512_set1_epi64(TH_LIMIT_VALUE_MAX));
    return at == end && is_short == UINT8_MAX && too_large == 0;
}

/* Most lines have no value of 8 bytes and few slots; they are taken as several at once are. */
TH_CPU_WIDE static bool wide_line(const struct th_packed_columns *columns,
                                  struct th_packed_slots *slots, struct th_bytes line,
                                  int64_t *values, uint64_t *present)
{
    struct wide_head head;
    if (!wide_head(columns, slots, line.bytes, line.size, &head))
        return false;
    if (th_packed_wide_lines(columns, slots, &line, 1, values, present))
        return true;
    const uint8_t *lengths = line.bytes + head.lengths_at;
    const size_t values_at = head.lengths_at + packed_lengths_size(head.count);
    if (line.size < values_at + head.count ||
        line.bytes[values_at - 1] >> ((head.count - 1) % 4 * 2 + 2) != 0)
        return false;
    if (slots->count > WIDE_HALF && head.count < PACKED_WORD)
        return false;
    if (!wide_values(slots, lengths, line.bytes + values_at, line.bytes + line.size, &head, values))
        return false;
    present[0] = _pext_u64(head.reported, slots->asked);
    return true;
}

#endif

static int take_line(const struct th_packed_columns *columns, struct th_packed_slots *slots,
                     struct th_bytes line, int64_t *values, uint64_t *present)
{
#ifdef TH_CPU_WIDE
    if (columns->is_wide && wide_line(columns, slots, line, values, present))
        return 0;
#else
    (void)slots;
#endif
    memset(values, 0, columns->count * sizeof *values);
    memset(present, 0, ((size_t)columns->count + 63) / 64 * sizeof *present);
    return th_packed_scatter(line.bytes, line.size, columns->column_of, columns->numbers, values,
                             present);
}

int th_packed_lines(const struct th_packed_columns *columns, struct th_packed_slots *slots,
                    const struct th_bytes *lines, size_t count, int64_t *values, uint64_t *present)
{
    int status = 0;
    TH_ASSERT(count <= TH_PACKED_LINES_MAX);
#ifdef TH_CPU_WIDE
    if (columns->is_wide && th_packed_wide_lines(columns, slots, lines, count, values, present))
        return 0;
#endif
    for (size_t i = 0; i < count && status == 0; i++)
        status = take_line(columns, slots, lines[i], values + i * columns->count,
                           present + i * (((size_t)columns->count + 63) / 64));
    return status;
}
