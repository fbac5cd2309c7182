/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/checksum.h"

#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A block of its own, so that a sanitizer sees each byte that is read beyond it. */
static struct th_bytes random_bytes(struct random *random, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_next(random);
    return (struct th_bytes){bytes, size};
}

static void release(struct th_bytes bytes)
{
    free((void *)(uintptr_t)bytes.bytes);
}

static struct th_bytes text(const char *text)
{
    return (struct th_bytes){(const uint8_t *)text, strlen(text)};
}

Test(store_checksum, it_is_the_usual_one_of_both_parts_in_a_row)
{
    cr_expect_eq(th_checksum(text("12345"), text("6789")), 0xCBF43926);
    cr_expect_eq(th_checksum(text("123456789"), text("")), 0xCBF43926);
    cr_expect_eq(
        th_checksum(text("The quick brown fox jumps over"),
                    text(" the lazy dog. The quick brown fox jumps over the lazy dog.")),
        th_checksum(text("The quick brown fox "),
                    text("jumps over the lazy dog. The quick brown fox jumps over the lazy dog.")));
}

/* Bit by bit, as the standard has it. */
static uint32_t go_on(uint32_t crc, struct th_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return crc;
}

static void expect_right(struct th_bytes key, struct th_bytes content)
{
    const uint32_t right = ~go_on(go_on(UINT32_MAX, key), content);
    cr_assert_eq(th_checksum(key, content), right, "%zu, %zu", key.size, content.size);
    cr_assert_eq(th_checksum_plain(key, content), right, "%zu, %zu", key.size, content.size);
}

Test(store_checksum, any_sizes_are_right_in_both_forms)
{
    struct random random = {31};
    for (size_t key_size = 0; key_size < 70; key_size++)
        for (size_t size = 0; size < 300; size++) {
            struct th_bytes key = random_bytes(&random, key_size);
            struct th_bytes content = random_bytes(&random, size);
            expect_right(key, content);
            release(key);
            release(content);
        }
    for (int run = 0; run < 500; run++) {
        struct th_bytes key = random_bytes(&random, 1 + random_below(&random, 40));
        struct th_bytes content = random_bytes(&random, random_below(&random, 40000));
        expect_right(key, content);
        release(key);
        release(content);
    }
}

/* Rows that are all for the wide form, and mixed with such as are not. */
Test(store_checksum, several_at_once_are_each_right)
{
    struct random random = {33};
    for (int run = 0; run < 4000; run++) {
        struct th_bytes keys[4], contents[4];
        uint32_t checksums[4];
        const uint32_t size_max = run % 2 == 0 ? 300 : 3000, size_min = run % 4 == 0 ? 60 : 0;
        for (size_t i = 0; i < 4; i++) {
            keys[i] = random_bytes(&random, 4 + random_below(&random, run % 8 == 0 ? 70 : 20));
            contents[i] = random_bytes(&random, size_min + random_below(&random, size_max));
        }
        const size_t count = 1 + random_below(&random, 4);
        th_checksum_few(keys, contents, count, checksums);
        for (size_t i = 0; i < 4; i++) {
            cr_assert(i >= count || checksums[i] == th_checksum_plain(keys[i], contents[i]),
                      "%d, %zu", run, i);
            release(keys[i]);
            release(contents[i]);
        }
    }
}

Test(store_checksum, each_bit_counts)
{
    struct random random = {32};
    struct th_bytes key = random_bytes(&random, 13), content = random_bytes(&random, 160);
    const uint32_t right = th_checksum(key, content);
    const struct th_bytes parts[] = {key, content};
    for (size_t part = 0; part < 2; part++)
        for (size_t bit = 0; bit < parts[part].size * 8; bit++) {
            uint8_t *byte = (uint8_t *)(uintptr_t)parts[part].bytes + bit / 8;
            *byte ^= (uint8_t)(1U << bit % 8);
            cr_assert_neq(th_checksum(key, content), right, "%zu, bit %zu", part, bit);
            *byte ^= (uint8_t)(1U << bit % 8);
        }
    cr_expect_eq(th_checksum(key, content), right);
    release(key);
    release(content);
}
