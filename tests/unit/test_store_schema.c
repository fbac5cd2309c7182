/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/schema.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_bytes key_bytes(const struct th_schema_key *key)
{
    return (struct th_bytes){key->bytes, key->size};
}

static struct th_bytes sink_bytes(const struct th_sink *sink)
{
    return (struct th_bytes){sink->bytes, sink->size};
}

static int compare(struct th_schema_key a, struct th_schema_key b)
{
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Every beginning of a content must be refused by its decoder. */
#define REFUSES_SHORTER(sink, call)                                                                \
    for (size_t cut = 0; cut < (sink).size; cut++) {                                               \
        struct th_bytes content = {(sink).bytes, cut};                                             \
        cr_assert_eq((call), TH_E_CORRUPT, "%zu of %zu bytes", cut, (sink).size);                  \
    }

/* ---- keys ---- */

Test(store_schema, keys_sort_as_their_numbers)
{
    struct th_book_id book = {3, 0x0102};
    struct th_schema_key rows[] = {
        th_schema_key_row((struct th_book_id){2, 0xFFFF}, 9, 9),
        th_schema_key_row(book, 1, 0),
        th_schema_key_row(book, 1, 300),
        th_schema_key_row(book, 256, 0),
        th_schema_key_row((struct th_book_id){3, 0x0103}, 0, 0),
        th_schema_key_revision(book, 1, 0, 1),
        th_schema_key_revision(book, 1, 0, 2),
        th_schema_key_log(TH_TABLE_CHECKPOINT, 255),
        th_schema_key_log(TH_TABLE_CHECKPOINT, 256),
        th_schema_key_log(TH_TABLE_JOURNAL, 0),
        th_schema_key_log(TH_TABLE_JOURNAL, UINT64_C(1) << 40),
    };
    for (size_t i = 1; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_lt(compare(rows[i - 1], rows[i]), 0, "%zu", i);
}

Test(store_schema, closings_sort_by_time_also_before_1970)
{
    struct th_book_id book = {1, 1};
    struct th_schema_key before = th_schema_key_closing(book, (th_instant){-5}, 9, TH_BRANCH_ALL);
    struct th_schema_key zero = th_schema_key_closing(book, (th_instant){0}, 1, TH_BRANCH_ALL);
    struct th_schema_key after = th_schema_key_closing(book, (th_instant){7}, 0, TH_BRANCH_BODIES);
    cr_assert_lt(compare(before, zero), 0);
    cr_assert_lt(compare(zero, after), 0);
}

Test(store_schema, a_closing_key_is_read_back)
{
    struct th_schema_key key =
        th_schema_key_closing((struct th_book_id){1, 2}, (th_instant){-5}, 9, TH_BRANCH_BODIES);
    th_instant closed_at;
    uint32_t unit;
    enum th_branch branch;
    cr_assert_eq(th_schema_closing_read(key_bytes(&key), &closed_at, &unit, &branch), 0);
    cr_assert_eq(closed_at.ms, -5);
    cr_assert_eq(unit, 9);
    cr_assert_eq(branch, TH_BRANCH_BODIES);
    key.size--;
    cr_assert_eq(th_schema_closing_read(key_bytes(&key), &closed_at, &unit, &branch), TH_E_CORRUPT);
}

Test(store_schema, the_bytes_of_a_row_key_are_as_written_in_the_header)
{
    struct th_schema_key key =
        th_schema_key_row((struct th_book_id){0x0102, 0x0304}, 0x05060708, 0x090A0B0C);
    static const uint8_t wanted[] = {0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    cr_assert_eq(key.size, sizeof wanted);
    cr_assert_arr_eq(key.bytes, wanted, sizeof wanted);
}

/* ---- checksums ---- */

Test(store_schema, any_flipped_bit_of_value_or_key_is_found)
{
    struct th_schema_key key = th_schema_key_unit(7);
    uint8_t value[4 + 9] = {0, 0, 0, 0, 't', 'o', 'n', 'g', ' ', 'h', 'o', 'p', '!'};
    struct th_bytes content;
    th_schema_seal(key_bytes(&key), value, sizeof value);
    cr_assert_eq(
        th_schema_unseal(key_bytes(&key), (struct th_bytes){value, sizeof value}, &content), 0);
    cr_assert_eq(content.size, 9);
    for (size_t bit = 0; bit < 8 * sizeof value; bit++) {
        value[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(
            th_schema_unseal(key_bytes(&key), (struct th_bytes){value, sizeof value}, &content),
            TH_E_CORRUPT);
        value[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct th_schema_key other = th_schema_key_unit(8);
    cr_assert_eq(
        th_schema_unseal(key_bytes(&other), (struct th_bytes){value, sizeof value}, &content),
        TH_E_CORRUPT);
    cr_assert_eq(th_schema_unseal(key_bytes(&key), (struct th_bytes){value, 3}, &content),
                 TH_E_CORRUPT);
}

Test(store_schema, the_checksum_is_the_crc_that_others_compute)
{
    /* CRC-32 of "123456789" is CBF43926: here the key is "1" and the content the rest. */
    struct th_schema_key key = {{'1'}, 1};
    uint8_t value[] = {0, 0, 0, 0, '2', '3', '4', '5', '6', '7', '8', '9'};
    static const uint8_t wanted[] = {0xCB, 0xF4, 0x39, 0x26};
    th_schema_seal(key_bytes(&key), value, sizeof value);
    cr_assert_arr_eq(value, wanted, sizeof wanted);
}

static uint32_t plain_crc32(uint32_t crc, const uint8_t *bytes, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((0 - (crc & 1)) & 0xedb88320);
    }
    return ~crc;
}

Test(store_schema, a_checksum_is_the_crc32_of_key_and_content_of_every_size)
{
    uint8_t key[40], value[TH_SCHEMA_CHECKSUM_SIZE + 700];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 37 + 5);
    for (size_t key_size = 0; key_size <= sizeof key; key_size++)
        for (size_t size = 0; size <= 700; size += size < 80 ? 1 : 31) {
            uint8_t *content = value + TH_SCHEMA_CHECKSUM_SIZE;
            for (size_t i = 0; i < size; i++)
                content[i] = (uint8_t)(i * 11 + size);
            th_schema_seal((struct th_bytes){key, key_size}, value, 4 + size);
            uint32_t crc = plain_crc32(plain_crc32(0, key, key_size), content, size);
            uint32_t sealed = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 |
                              (uint32_t)value[2] << 8 | value[3];
            cr_assert_eq(sealed, crc, "%zu and %zu bytes", key_size, size);
        }
}

/* ---- integers ---- */

Test(store_schema, wide_integers_come_back)
{
    const th_int128 top = (th_int128)(~(unsigned __int128)0 >> 1);
    const th_int128 values[] = {0, 1, -1, 63, -64, 64, INT64_MAX, INT64_MIN, top, -top - 1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct th_sink sink = {0};
        th_sink_wide(&sink, values[i]);
        struct th_source source = {sink.bytes, sink.size, false};
        cr_assert(th_source_wide(&source) == values[i], "%zu", i);
        cr_assert(th_source_done(&source));
        cr_assert_leq(sink.size, 19);
        if (i < 5)
            cr_assert_eq(sink.size, 1);
        th_sink_deinit(&sink);
    }
}

Test(store_schema, a_varint_has_one_form)
{
    static const uint8_t long_zero[] = {0x80, 0x00};
    static const uint8_t too_large[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02};
    static const uint8_t endless[] = {0x80, 0x80};
    struct th_source source = {long_zero, sizeof long_zero, false};
    (void)th_source_varint(&source, UINT64_MAX);
    cr_assert(source.failed);
    source = (struct th_source){too_large, sizeof too_large, false};
    (void)th_source_varint(&source, UINT64_MAX);
    cr_assert(source.failed);
    source = (struct th_source){endless, sizeof endless, false};
    (void)th_source_varint(&source, UINT64_MAX);
    cr_assert(source.failed);
}

Test(store_schema, the_largest_varint_comes_back_and_a_bound_is_kept)
{
    struct th_sink sink = {0};
    th_sink_varint(&sink, UINT64_MAX);
    struct th_source source = {sink.bytes, sink.size, false};
    cr_assert_eq(th_source_varint(&source, UINT64_MAX), UINT64_MAX);
    source = (struct th_source){sink.bytes, sink.size, false};
    (void)th_source_varint(&source, UINT32_MAX);
    cr_assert(source.failed);
    th_sink_deinit(&sink);
}

/* ---- contents ---- */

Test(store_schema, another_format_is_told_from_another_file)
{
    struct th_sink sink = {0};
    uint32_t format = 0;
    th_schema_format_encode(&sink);
    cr_assert_eq(th_schema_format_read(sink_bytes(&sink), &format), 0);
    cr_assert_eq(format, TH_SCHEMA_FORMAT);
    sink.bytes[sink.size - 1]++;
    cr_assert_eq(th_schema_format_read(sink_bytes(&sink), &format), 0);
    cr_assert_eq(format, TH_SCHEMA_FORMAT + 1);
    sink.bytes[0]++;
    cr_assert_eq(th_schema_format_read(sink_bytes(&sink), &format), TH_E_CORRUPT);
    th_sink_deinit(&sink);
}

Test(store_schema, an_identity_comes_back)
{
    struct th_store_identity identity = {.mode = TH_MODE_REHEARSAL,
                                         .realm = "gia-lai/rehearsal",
                                         .store_id = {1, 2, 3},
                                         .log_key = {4, 5, 6},
                                         .created = {-7}};
    struct th_store_identity back;
    struct th_sink sink = {0};
    th_schema_identity_encode(&sink, &identity);
    cr_assert_eq(th_schema_identity_decode(sink_bytes(&sink), &back), 0);
    cr_assert_eq(back.mode, TH_MODE_REHEARSAL);
    cr_assert_str_eq(back.realm, identity.realm);
    cr_assert_arr_eq(back.store_id, identity.store_id, sizeof back.store_id);
    cr_assert_arr_eq(back.log_key, identity.log_key, sizeof back.log_key);
    cr_assert_eq(back.created.ms, -7);
    REFUSES_SHORTER(sink, th_schema_identity_decode(content, &back));
    th_sink_deinit(&sink);
}

static struct th_row a_row(void)
{
    static const uint8_t values[] = {0, 9, 1, 2, 3};
    return (struct th_row){.unit = 300,
                           .number = 2,
                           .revision = 5,
                           .index = 1,
                           .position = UINT64_C(1) << 33,
                           .digest = {{9, 8, 7}},
                           .first_received = {100},
                           .received = {-200},
                           .prepared = {50},
                           .has_due = true,
                           .due = {1000},
                           .timeliness = TH_TIMELINESS_LATE,
                           .estimated = true,
                           .values = values,
                           .values_size = sizeof values};
}

Test(store_schema, a_row_comes_back)
{
    struct th_row row = a_row();
    struct th_schema_key key = th_schema_key_row((struct th_book_id){1, 2}, row.unit, row.number);
    struct th_row back;
    struct th_sink sink = {0};
    th_schema_row_encode(&sink, &row);
    cr_assert_eq(th_schema_row_decode(key_bytes(&key), sink_bytes(&sink), &back), 0);
    cr_assert_eq(back.unit, 300);
    cr_assert_eq(back.number, 2);
    cr_assert_eq(back.revision, 5);
    cr_assert_eq(back.index, 1);
    cr_assert_eq(back.position, UINT64_C(1) << 33);
    cr_assert_arr_eq(back.digest.bytes, row.digest.bytes, TH_DIGEST_SIZE);
    cr_assert_eq(back.first_received.ms, 100);
    cr_assert_eq(back.received.ms, -200);
    cr_assert_eq(back.prepared.ms, 50);
    cr_assert(back.has_due);
    cr_assert_eq(back.due.ms, 1000);
    cr_assert_eq(back.timeliness, TH_TIMELINESS_LATE);
    cr_assert(back.estimated);
    cr_assert_eq(back.values_size, 5);
    cr_assert_arr_eq(back.values, row.values, 5);
    sink.size -= row.values_size; /* all before the values is needed */
    cr_assert_eq(th_schema_row_decode(key_bytes(&key), sink_bytes(&sink), &back), 0);
    REFUSES_SHORTER(sink, th_schema_row_decode(key_bytes(&key), content, &back));
    th_sink_deinit(&sink);
}

Test(store_schema, a_row_with_a_mark_of_a_later_version_is_refused)
{
    struct th_row row = a_row();
    struct th_schema_key key = th_schema_key_row((struct th_book_id){1, 2}, row.unit, row.number);
    struct th_sink sink = {0};
    th_schema_row_encode(&sink, &row);
    sink.bytes[sink.size - row.values_size - 1] = 2;
    cr_assert_eq(th_schema_row_decode(key_bytes(&key), sink_bytes(&sink), &row), TH_E_CORRUPT);
    th_sink_deinit(&sink);
}

Test(store_schema, what_was_entered_on_behalf_is_marked_in_row_and_revision)
{
    struct th_row row = a_row(), row_back;
    struct th_revision revision = {.unit = 3, .revision = 5, .entered = true}, revision_back;
    struct th_schema_key key = th_schema_key_row((struct th_book_id){1, 2}, row.unit, row.number);
    struct th_sink sink = {0};
    row.entered = true;
    th_schema_row_encode(&sink, &row);
    cr_assert_eq(th_schema_row_decode(key_bytes(&key), sink_bytes(&sink), &row_back), 0);
    cr_assert(row_back.entered);
    th_sink_clear(&sink);
    key = th_schema_key_revision((struct th_book_id){1, 2}, 3, 0, 5);
    th_schema_revision_encode(&sink, &revision);
    cr_assert_eq(th_schema_revision_decode(key_bytes(&key), sink_bytes(&sink), &revision_back), 0);
    cr_assert(revision_back.entered);
    sink.bytes[sink.size - 1] = 0; /* left out, never 0 */
    cr_assert_eq(th_schema_revision_decode(key_bytes(&key), sink_bytes(&sink), &revision_back),
                 TH_E_CORRUPT);
    sink.bytes[sink.size - 1] = 2;
    cr_assert_eq(th_schema_revision_decode(key_bytes(&key), sink_bytes(&sink), &revision_back),
                 TH_E_CORRUPT);
    th_sink_deinit(&sink);
}

Test(store_schema, a_revision_a_key_a_mark_and_the_clock_come_back)
{
    struct th_sink sink = {0};
    struct th_revision revision = {3, 4, 5, 6, 7, {{8}}, {9}, false};
    struct th_schema_key key = th_schema_key_revision((struct th_book_id){1, 2}, 3, 4, 5);
    struct th_revision revision_back;
    th_schema_revision_encode(&sink, &revision);
    cr_assert_eq(th_schema_revision_decode(key_bytes(&key), sink_bytes(&sink), &revision_back), 0);
    cr_assert_eq(revision_back.unit, 3);
    cr_assert_eq(revision_back.number, 4);
    cr_assert_eq(revision_back.revision, 5);
    cr_assert_eq(revision_back.index, 6);
    cr_assert_eq(revision_back.position, 7);
    cr_assert_arr_eq(revision_back.digest.bytes, revision.digest.bytes, TH_DIGEST_SIZE);
    cr_assert_eq(revision_back.received.ms, 9);
    cr_assert_not(revision_back.entered);
    REFUSES_SHORTER(sink, th_schema_revision_decode(key_bytes(&key), content, &revision_back));

    struct th_key_row row = {
        .unit = 3, .enrolled_at = 4, .revoked = true, .revoked_at = 5, .revoked_from = {-6}};
    memset(row.sign_key.bytes, 6, sizeof row.sign_key.bytes);
    memset(row.curve_key, 7, sizeof row.curve_key);
    struct th_key_row row_back;
    key = th_schema_key_key(row.unit, &row.sign_key);
    th_sink_clear(&sink);
    th_schema_key_row_encode(&sink, &row);
    cr_assert_eq(th_schema_key_row_decode(key_bytes(&key), sink_bytes(&sink), &row_back), 0);
    cr_assert_eq(row_back.unit, 3);
    cr_assert_arr_eq(row_back.sign_key.bytes, row.sign_key.bytes, sizeof row.sign_key.bytes);
    cr_assert_arr_eq(row_back.curve_key, row.curve_key, sizeof row.curve_key);
    cr_assert(row_back.revoked);
    cr_assert_eq(row_back.enrolled_at, 4);
    cr_assert_eq(row_back.revoked_at, 5);
    cr_assert_eq(row_back.revoked_from.ms, -6);
    REFUSES_SHORTER(sink, th_schema_key_row_decode(key_bytes(&key), content, &row_back));

    struct th_mark mark = {true, {10}, false, {-11}};
    struct th_mark mark_back;
    th_sink_clear(&sink);
    th_schema_mark_encode(&sink, &mark);
    cr_assert_eq(th_schema_mark_decode(sink_bytes(&sink), &mark_back), 0);
    cr_assert(mark_back.closed);
    cr_assert(!mark_back.reminded);
    cr_assert_eq(mark_back.closed_at.ms, 10);
    cr_assert_eq(mark_back.reminded_at.ms, -11);
    REFUSES_SHORTER(sink, th_schema_mark_decode(content, &mark_back));

    struct th_clock_row clock = {{1}, TH_CLOCK_SUSPECT, {2}, -3, true};
    struct th_clock_row clock_back;
    th_sink_clear(&sink);
    th_schema_clock_encode(&sink, &clock);
    cr_assert_eq(th_schema_clock_decode(sink_bytes(&sink), &clock_back), 0);
    cr_assert_eq(clock_back.time.ms, 1);
    cr_assert_eq(clock_back.status, TH_CLOCK_SUSPECT);
    cr_assert_eq(clock_back.anchor_wall.ms, 2);
    cr_assert_eq(clock_back.anchor_boottime_ms, -3);
    cr_assert(clock_back.rehearsed);
    REFUSES_SHORTER(sink, th_schema_clock_decode(content, &clock_back));
    th_sink_deinit(&sink);
}

Test(store_schema, a_unit_comes_back_with_its_texts)
{
    struct th_unit unit = {.code = "24064",
                           .name = "Phường Yên Đỗ",
                           .parent_code = "622",
                           .external_id = "",
                           .kind = TH_UNIT_KIND_WARD,
                           .valid_from = TH_UNIT_ALWAYS_FROM,
                           .valid_to = {20270}};
    struct th_unit back;
    struct th_arena arena;
    struct th_sink sink = {0};
    th_arena_init(&arena, 4096, 65536);
    uint64_t position;
    th_schema_unit_encode(&sink, UINT64_C(1) << 40, &unit);
    cr_assert_eq(th_schema_unit_decode(sink_bytes(&sink), &arena, &position, &back), 0);
    cr_assert_eq(position, UINT64_C(1) << 40);
    cr_assert_str_eq(back.code, unit.code);
    cr_assert_str_eq(back.name, unit.name);
    cr_assert_str_eq(back.parent_code, unit.parent_code);
    cr_assert_str_eq(back.external_id, "");
    cr_assert_eq(back.kind, TH_UNIT_KIND_WARD);
    cr_assert_eq(back.valid_from.number, INT32_MIN);
    cr_assert_eq(back.valid_to.number, 20270);
    cr_assert_eq(back.parent, TH_UNIT_NONE);
    REFUSES_SHORTER(sink, th_schema_unit_decode(content, &arena, &position, &back));
    th_sink_deinit(&sink);
    th_arena_deinit(&arena);
}

Test(store_schema, a_plan_comes_back_with_its_position)
{
    const struct th_schema_plan plan = {
        7, {{1, 2}}, {-3}, {(const uint8_t *)"compiled", sizeof "compiled" - 1}};
    const size_t head_size = 8 + TH_DIGEST_SIZE + 8;
    struct th_schema_plan back;
    struct th_sink sink = {0};
    th_schema_plan_encode(&sink, &plan);
    cr_assert_eq(th_schema_plan_decode(sink_bytes(&sink), &back), 0);
    cr_assert_eq(back.position, 7);
    cr_assert_arr_eq(back.digest.bytes, plan.digest.bytes, TH_DIGEST_SIZE);
    cr_assert_eq(back.loaded_at.ms, -3);
    cr_assert_eq(back.content.size, plan.content.size);
    cr_assert_arr_eq(back.content.bytes, plan.content.bytes, plan.content.size);
    sink.size = head_size;
    REFUSES_SHORTER(sink, th_schema_plan_decode(content, &back));
    th_sink_deinit(&sink);
}

/* ---- keys of the log, recovery ---- */

Test(store_schema, a_log_key_comes_back_and_its_bytes_are_as_written)
{
    const struct th_log_key_body key = {
        .vkey = {"a+b+c", 5}, .after = 258, .succession = {(const uint8_t *)"note", 4}};
    static const uint8_t wanted[] = {0,   0,   0,   0,   0,   0,   1,   2,   5,
                                     'a', '+', 'b', '+', 'c', 'n', 'o', 't', 'e'};
    struct th_schema_key name = th_schema_key_log_key(0x0102);
    struct th_log_key_body back;
    struct th_sink sink = {0};
    cr_assert_eq(name.size, 3);
    cr_assert_arr_eq(name.bytes, ((const uint8_t[]){0x14, 1, 2}), 3);
    th_schema_log_key_encode(&sink, &key);
    cr_assert_eq(sink.size, sizeof wanted);
    cr_assert_arr_eq(sink.bytes, wanted, sizeof wanted);
    cr_assert_eq(th_schema_log_key_decode(sink_bytes(&sink), &back), 0);
    cr_assert_eq(back.after, 258);
    cr_assert_eq(back.vkey.size, 5);
    cr_assert_arr_eq(back.vkey.bytes, "a+b+c", 5);
    cr_assert_eq(back.succession.size, 4);
    cr_assert_arr_eq(back.succession.bytes, "note", 4);
    sink.size = 8 + 1 + 5; /* the key before was lost: no note */
    cr_assert_eq(th_schema_log_key_decode(sink_bytes(&sink), &back), 0);
    cr_assert_eq(back.succession.size, 0);
    REFUSES_SHORTER(sink, th_schema_log_key_decode(content, &back));
    th_sink_deinit(&sink);
}

Test(store_schema, a_recovery_comes_back)
{
    const struct th_recovery_row recovery = {true, UINT64_C(1) << 33};
    struct th_recovery_row back;
    struct th_sink sink = {0};
    th_schema_recovery_encode(&sink, &recovery);
    cr_assert_eq(th_schema_recovery_decode(sink_bytes(&sink), &back), 0);
    cr_assert(back.is_open);
    cr_assert_eq(back.began_at, UINT64_C(1) << 33);
    REFUSES_SHORTER(sink, th_schema_recovery_decode(content, &back));
    sink.bytes[0] = 2;
    cr_assert_eq(th_schema_recovery_decode(sink_bytes(&sink), &back), TH_E_CORRUPT);
    th_sink_deinit(&sink);
}

/* ---- rollups ---- */

/* Four numbers: 1 a sum, 2 an average, 3 nothing (concat), 4 a sum. */
static const struct th_indicator indicators[5];
static const struct th_catalogue catalogue = {.indicators = indicators, .number_max = 4};
static const uint32_t cells_at[] = {0, 0, 1, 4, 4, 5};
static const struct th_rollup_layout layout = {
    .catalogue = &catalogue, .cells_at = cells_at, .cells_count = 5};

static struct th_rollup a_rollup(void)
{
    static uint32_t reported[5] = {0, 218, 3, 1, 0};
    static th_int128 cells[5];
    cells[0] = (th_int128)INT64_MAX * 1000;
    cells[1] = -5;
    cells[2] = INT64_MIN;
    cells[3] = 70;
    return (struct th_rollup){
        .counts = {true, 218, 200, 150, 49, 1, 2, 3, 4, 100000, 0},
        .reported = reported,
        .cells = cells,
    };
}

Test(store_schema, a_rollup_comes_back_and_is_small)
{
    struct th_rollup rollup = a_rollup();
    struct th_rollup back;
    struct th_arena arena;
    struct th_sink sink = {0};
    th_arena_init(&arena, 4096, 1 << 20);
    th_schema_rollup_encode(&sink, &layout, &rollup);
    cr_assert_eq(th_schema_rollup_decode(sink_bytes(&sink), &layout, &arena, &back), 0);
    cr_assert(back.counts.has_expected);
    cr_assert_eq(back.counts.expected, 218);
    cr_assert_eq(back.counts.received, 200);
    cr_assert_eq(back.counts.on_time, 150);
    cr_assert_eq(back.counts.late, 49);
    cr_assert_eq(back.counts.undecided, 1);
    cr_assert_eq(back.counts.returned, 2);
    cr_assert_eq(back.counts.exempt, 3);
    cr_assert_eq(back.counts.suspended, 4);
    cr_assert_eq(back.counts.estimated, 100000);
    cr_assert_arr_eq(back.reported, rollup.reported, 5 * sizeof back.reported[0]);
    for (size_t i = 0; i < 5; i++)
        cr_assert(back.cells[i] == rollup.cells[i], "cell %zu", i);
    cr_assert_lt(sink.size, 60);
    REFUSES_SHORTER(sink, th_schema_rollup_decode(content, &layout, &arena, &back));
    th_sink_deinit(&sink);
    th_arena_deinit(&arena);
}

Test(store_schema, a_rollup_names_what_was_entered_only_when_something_was)
{
    struct th_rollup rollup = a_rollup(), back;
    struct th_arena arena;
    struct th_sink sink = {0};
    th_arena_init(&arena, 4096, 1 << 20);
    th_schema_rollup_encode(&sink, &layout, &rollup);
    size_t without = sink.size;
    rollup.counts.entered = 7;
    th_sink_clear(&sink);
    th_schema_rollup_encode(&sink, &layout, &rollup);
    cr_assert_eq(sink.size, without + 1);
    cr_assert_eq(th_schema_rollup_decode(sink_bytes(&sink), &layout, &arena, &back), 0);
    cr_assert_eq(back.counts.entered, 7);
    cr_assert_eq(back.counts.estimated, 100000);
    cr_assert(back.counts.has_expected);
    REFUSES_SHORTER(sink, th_schema_rollup_decode(content, &layout, &arena, &back));
    sink.bytes[0] = 5;
    cr_assert_eq(th_schema_rollup_decode(sink_bytes(&sink), &layout, &arena, &back), TH_E_CORRUPT);
    th_sink_deinit(&sink);
    th_arena_deinit(&arena);
}

Test(store_schema, a_rollup_of_another_layout_is_refused)
{
    static const uint32_t other_at[] = {0, 0, 1, 4, 4, 6};
    const struct th_rollup_layout other = {
        .catalogue = &catalogue, .cells_at = other_at, .cells_count = 6};
    struct th_rollup rollup = a_rollup();
    struct th_arena arena;
    struct th_sink sink = {0};
    th_arena_init(&arena, 4096, 1 << 20);
    th_schema_rollup_encode(&sink, &layout, &rollup);
    cr_assert_eq(th_schema_rollup_decode(sink_bytes(&sink), &other, &arena, &rollup), TH_E_CORRUPT);
    th_sink_deinit(&sink);
    th_arena_deinit(&arena);
}

Test(store_schema, a_rollup_without_memory_says_so)
{
    struct th_rollup rollup = a_rollup();
    struct th_arena arena;
    struct th_sink sink = {0};
    th_arena_init(&arena, 16, 16);
    th_schema_rollup_encode(&sink, &layout, &rollup);
    cr_assert_eq(th_schema_rollup_decode(sink_bytes(&sink), &layout, &arena, &rollup),
                 TH_E_NO_MEMORY);
    th_sink_deinit(&sink);
    th_arena_deinit(&arena);
}
