/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/inspect.h"

#include "aggregator/store/internal.h"
#include "tests/support/damage.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

/* A tile of 256 and some more; two commits. */
enum { ENTRIES = 256 + 6, ROWS_MAX = 4096 };

static const struct th_schema_key first = {.size = 0};

struct found {
    size_t rows;
    size_t bad;
    struct th_bytes keys[ROWS_MAX];
    struct th_bytes values[ROWS_MAX];
    size_t bad_at;
};

static int on_row(void *context, const struct th_inspected *row)
{
    struct found *found = context;
    cr_assert_lt(found->rows, ROWS_MAX);
    if (row->status != 0) {
        found->bad++;
        found->bad_at = found->rows;
    }
    found->keys[found->rows] = row->key;
    found->values[found->rows++] = row->value;
    return 0;
}

static void inspect(struct th_view *view, struct found *ret_found)
{
    struct th_schema_key last;
    ret_found->rows = 0;
    ret_found->bad = 0;
    cr_assert_eq(th_view_inspect(view, &first, SIZE_MAX, on_row, ret_found, &last), 0);
}

static void make(struct store_fixture *fixture, unsigned entries)
{
    store_fixture_init(fixture, 64 << 20);
    struct th_store *store = store_fixture_open(fixture, TH_STORE_WRITE);
    damage_fill(fixture, store, entries - 2);
    damage_fill(fixture, store, 2);
    th_store_close(store);
}

static struct th_view *look(struct store_fixture *fixture, struct th_store **ret_store)
{
    struct th_view *view;
    *ret_store = store_fixture_open(fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(*ret_store, &view), 0);
    return view;
}

static void end(struct store_fixture *fixture, struct th_store *store, struct th_view *view)
{
    th_view_close(view);
    th_store_close(store);
    store_fixture_deinit(fixture);
}

Test(store_inspect, gives_every_row_in_the_order_of_keys)
{
    static struct found found;
    struct store_fixture fixture;
    struct th_store *store;
    make(&fixture, ENTRIES);
    struct th_view *view = look(&fixture, &store);
    inspect(view, &found);
    cr_assert_eq(found.bad, 0);
    /* format, identity; reports and entries; one full tile and the one above; two notes */
    cr_assert_eq(found.rows, 2 + 2 * ENTRIES + 2 + 2);
    for (size_t i = 0; i < found.rows; i++)
        cr_assert(th_inspect_is_known(found.keys[i]));
    end(&fixture, store, view);
}

Test(store_inspect, goes_on_after_a_key_in_another_snapshot)
{
    static struct found found;
    static struct found pieces;
    struct store_fixture fixture;
    struct th_store *store;
    struct th_schema_key last = first;
    make(&fixture, ENTRIES);
    struct th_view *view = look(&fixture, &store);
    inspect(view, &found);
    pieces.rows = 0;
    for (;;) {
        struct th_schema_key after = last;
        size_t before = pieces.rows;
        cr_assert_eq(th_view_inspect(view, &after, 7, on_row, &pieces, &last), 0);
        if (last.size == 0)
            break;
        cr_assert_leq(pieces.rows - before, 7);
        cr_assert_eq(memcmp(last.bytes, pieces.keys[pieces.rows - 1].bytes, last.size), 0);
        cr_assert_eq(th_view_renew(view), 0);
    }
    cr_assert_eq(pieces.rows, found.rows);
    end(&fixture, store, view);
}

static int stop(void *context, const struct th_inspected *row)
{
    (void)row;
    return ++*(int *)context == 3 ? 42 : 0;
}

Test(store_inspect, a_caller_stops_the_walk)
{
    struct store_fixture fixture;
    struct th_store *store;
    struct th_schema_key last;
    int rows = 0;
    make(&fixture, 4);
    struct th_view *view = look(&fixture, &store);
    cr_assert_eq(th_view_inspect(view, &first, 100, stop, &rows, &last), 42);
    cr_assert_eq(rows, 3);
    end(&fixture, store, view);
}

/* Which position a row of the journal is of; UINT64_MAX: of another table. */
static uint64_t position_of(struct th_bytes key)
{
    uint64_t position = UINT64_MAX;
    if (key.bytes[0] == TH_TABLE_JOURNAL)
        cr_assert_eq(th_schema_read_number(key, &position), 0);
    return position;
}

Test(store_inspect, every_flipped_bit_of_every_value_is_noticed)
{
    static struct found found;
    static struct found again;
    struct store_fixture fixture;
    struct th_store *store;
    make(&fixture, 8);
    struct th_view *view = look(&fixture, &store);
    inspect(view, &found);
    cr_assert_eq(found.bad, 0);
    for (size_t i = 0; i < found.rows; i++) {
        off_t at = damage_offset(&fixture, found.values[i].bytes);
        for (size_t bit = 0; bit < 8 * found.values[i].size; bit++) {
            const char *what = NULL;
            uint64_t position = position_of(found.keys[i]);
            damage_flip(&fixture, at + (off_t)(bit / 8), bit % 8);
            inspect(view, &again);
            cr_assert_eq(again.bad, 1, "row %zu bit %zu", i, bit);
            cr_assert_eq(again.bad_at, i);
            if (position != UINT64_MAX)
                cr_assert_eq(th_view_check_position(view, position, &what), TH_E_CORRUPT);
            damage_flip(&fixture, at + (off_t)(bit / 8), bit % 8);
        }
    }
    inspect(view, &again);
    cr_assert_eq(again.bad, 0);
    end(&fixture, store, view);
}

Test(store_inspect, a_value_under_another_key_is_noticed)
{
    static struct found found;
    static struct found again;
    uint8_t moved[4096];
    struct store_fixture fixture;
    struct th_store *store;
    size_t pairs = 0;
    make(&fixture, 16);
    struct th_view *view = look(&fixture, &store);
    inspect(view, &found);
    for (size_t i = 1; i < found.rows; i++) {
        struct th_bytes value = found.values[i];
        if (value.size != found.values[i - 1].size)
            continue;
        off_t at = damage_offset(&fixture, value.bytes);
        memcpy(moved, value.bytes, value.size);
        damage_write(&fixture, at, found.values[i - 1].bytes, value.size);
        inspect(view, &again);
        cr_assert_eq(again.bad, 1);
        cr_assert_eq(again.bad_at, i);
        damage_write(&fixture, at, moved, value.size);
        pairs++;
    }
    cr_assert_gt(pairs, 8);
    end(&fixture, store, view);
}

/* ---- what LMDB hands on without a look ---- */

/* In a page of LMDB the length of a value stands 8 bytes before its key: low and high half. */
static void check_length(enum th_table table, uint64_t number, const uint8_t length[4])
{
    static struct found found;
    static struct found again;
    struct store_fixture fixture;
    struct th_store *store;
    struct th_schema_key last;
    struct th_schema_key key = th_schema_key_log(table, number);
    make(&fixture, ENTRIES);
    struct th_view *view = look(&fixture, &store);
    inspect(view, &found);
    size_t at = 0;
    while (found.keys[at].size != key.size ||
           memcmp(found.keys[at].bytes, key.bytes, key.size) != 0)
        at++;
    damage_write(&fixture, damage_offset(&fixture, found.keys[at].bytes) - 8, length, 4);
    again.rows = 0;
    cr_assert_eq(th_view_inspect(view, &first, SIZE_MAX, on_row, &again, &last), TH_E_CORRUPT);
    cr_assert_eq(again.rows, at);
    end(&fixture, store, view);
}

Test(store_inspect, a_length_beyond_its_page_is_not_believed)
{
    check_length(TH_TABLE_JOURNAL, 5, (const uint8_t[4]){0x00, 0xF0, 0, 0});
}

/* Entry 0 has pages of its own; 256 MiB end far behind the map. */
Test(store_inspect, a_length_beyond_the_file_is_not_believed)
{
    check_length(TH_TABLE_JOURNAL, 0, (const uint8_t[4]){0, 0, 0x00, 0x10});
}

Test(store_inspect, a_key_that_goes_back_ends_the_walk)
{
    static struct found found;
    struct store_fixture fixture;
    struct th_store *store;
    struct th_schema_key last;
    make(&fixture, 8);
    struct th_view *view = look(&fixture, &store);
    inspect(view, &found);
    size_t at = found.rows - 2; /* entry 6 is called 0 */
    off_t place = damage_offset(&fixture, found.keys[at].bytes + 8);
    damage_write(&fixture, place, "", 1);
    found.rows = 0;
    cr_assert_eq(th_view_inspect(view, &first, SIZE_MAX, on_row, &found, &last), TH_E_CORRUPT);
    cr_assert_eq(found.rows, at);
    end(&fixture, store, view);
}

/* ---- one position ---- */

static void assert_positions(struct th_view *view, uint64_t wrong, const char *wanted)
{
    const char *what = "";
    for (uint64_t position = 0; position < th_view_size(view); position++) {
        int status = th_view_check_position(view, position, &what);
        cr_assert_eq(status, position == wrong ? TH_E_CORRUPT : 0, "position %llu: %s",
                     (unsigned long long)position, what);
        if (position == wrong)
            cr_assert_str_eq(what, wanted);
    }
}

Test(store_inspect, right_positions_are_right)
{
    struct store_fixture fixture;
    struct th_store *store;
    const char *what = NULL;
    make(&fixture, ENTRIES);
    struct th_view *view = look(&fixture, &store);
    assert_positions(view, UINT64_MAX, "");
    cr_assert_eq(th_view_check_position(view, ENTRIES, &what), TH_E_RANGE);
    cr_assert_null(what);
    end(&fixture, store, view);
}

Test(store_inspect, a_gap_in_the_journal_is_noticed)
{
    struct store_fixture fixture;
    struct th_store *store;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 17);
    make(&fixture, ENTRIES);
    damage_remove(&fixture, &key);
    struct th_view *view = look(&fixture, &store);
    assert_positions(view, 17, "thiếu bản ghi");
    end(&fixture, store, view);
}

/* The last byte of entry 17, or of its leaf; with the right checksum. */
static void check_after_change(bool is_of_leaf, const char *wanted)
{
    struct store_fixture fixture;
    struct th_store *store;
    struct th_bytes content, entry, leaf;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 17);
    uint8_t bytes[4096];
    make(&fixture, ENTRIES);
    struct th_view *view = look(&fixture, &store);
    cr_assert_eq(th_txn_get(&view->txn, &key, &content), 0);
    memcpy(bytes, content.bytes, content.size);
    content.bytes = bytes;
    cr_assert_eq(th_schema_journal_split(content, &entry, &leaf), 0);
    bytes[is_of_leaf ? content.size - entry.size - 1 : content.size - 1] ^= 1;
    th_view_close(view);
    th_store_close(store);
    damage_replace(&fixture, &key, content);
    view = look(&fixture, &store);
    assert_positions(view, 17, wanted);
    end(&fixture, store, view);
}

Test(store_inspect, an_entry_changed_with_its_checksum_is_noticed)
{
    check_after_change(false, "bản ghi khác với lá của cây băm");
}

Test(store_inspect, a_leaf_changed_with_its_checksum_is_noticed)
{
    check_after_change(true, "lá khác với cây băm");
}

Test(store_inspect, a_file_that_was_cut_does_not_open)
{
    struct store_fixture fixture;
    struct th_store *store;
    make(&fixture, ENTRIES);
    const char *path = store_fixture_path(&fixture, "data.mdb");
    cr_assert_eq(truncate(path, 40960), 0);
    cr_assert_eq(th_store_open(fixture.folder, TH_STORE_READ, NULL, NULL, &store), TH_E_CORRUPT);
    store_fixture_deinit(&fixture);
}

/* Entries that nobody has signed are nobody's: what is signed is looked for at every opening. */
Test(store_inspect, a_store_whose_signed_checkpoints_are_gone_does_not_open)
{
    struct store_fixture fixture;
    struct th_schema_key last = th_schema_key_log(TH_TABLE_CHECKPOINT, ENTRIES),
                         before = th_schema_key_log(TH_TABLE_CHECKPOINT, ENTRIES - 2);
    char problem[TH_STORE_PROBLEM_SIZE];
    make(&fixture, ENTRIES);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), 0);
    damage_remove(&fixture, &last);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "cây băm không khớp với lần ký cuối"), "%s", problem);
    damage_remove(&fixture, &before);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "cây băm không khớp với lần ký cuối"), "%s", problem);
    store_fixture_deinit(&fixture);
}

/* ---- names ---- */

static const char *name_of(struct th_schema_key key)
{
    static char text[160];
    return th_inspect_name((struct th_bytes){key.bytes, key.size}, sizeof text, text);
}

Test(store_inspect, rows_have_names_for_people)
{
    struct th_book_id book = {1, 3};
    struct th_sign_key key = {{0xAB, 0xCD}};
    struct th_schema_key odd = {{0x77, 0x01}, 2};
    cr_assert_str_eq(name_of(th_schema_key_meta(TH_META_CLOCK)), "bảng chung, đồng hồ");
    cr_assert_str_eq(name_of(th_schema_key_unit(7)), "đơn vị 7");
    cr_assert_str_eq(name_of(th_schema_key_plan(2)), "kế hoạch 2");
    cr_assert_str_eq(name_of(th_schema_key_key(5, &key)), "khóa của đơn vị 5, abcd000000000000…");
    cr_assert_str_eq(name_of(th_schema_key_book(TH_TABLE_MARK, book)),
                     "mốc hạn, kế hoạch 1, nghĩa vụ 3");
    cr_assert_str_eq(name_of(th_schema_key_row(book, 4, 2)),
                     "báo cáo, kế hoạch 1, nghĩa vụ 3, đơn vị 4, số 2");
    cr_assert_str_eq(name_of(th_schema_key_revision(book, 4, 2, 1)),
                     "bản báo cáo cũ, kế hoạch 1, nghĩa vụ 3, đơn vị 4, số 2, bản 1");
    cr_assert_str_eq(name_of(th_schema_key_rollup(book, 4, TH_BRANCH_COMMUNES)),
                     "bảng tổng hợp, kế hoạch 1, nghĩa vụ 3, đơn vị 4, khối xã");
    cr_assert_str_eq(
        name_of(th_schema_key_closing(book, (th_instant){1746835200000}, 4, TH_BRANCH_ALL)),
        "bảng chốt, kế hoạch 1, nghĩa vụ 3, chốt lúc 2025-05-10T07:00:00+07:00, đơn vị 4, tất cả");
    cr_assert_str_eq(name_of(th_schema_key_tile(1, 12)), "cây băm, tầng 1, mảnh 12");
    cr_assert_str_eq(name_of(th_schema_key_log(TH_TABLE_CHECKPOINT, 12)), "checkpoint cỡ 12");
    cr_assert_str_eq(name_of(th_schema_key_log(TH_TABLE_JOURNAL, 1234)),
                     "sổ nhật ký, bản ghi 1234");
    cr_assert_str_eq(name_of(odd), "bản ghi lạ, khóa 7701");
}

Test(store_inspect, a_name_is_cut_between_characters)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 1);
    struct th_bytes bytes = {key.bytes, key.size};
    for (size_t capacity = 1; capacity < 40; capacity++) {
        char text[64];
        memset(text, 'x', sizeof text);
        th_inspect_name(bytes, capacity, text);
        cr_assert_lt(strlen(text), capacity);
        cr_assert(strncmp(text, "sổ nhật ký, bản ghi 1", strlen(text)) == 0);
        if (strlen(text) > 0)
            cr_assert_neq((unsigned char)text[strlen(text) - 1] & 0xC0, 0xC0, "%zu", capacity);
    }
}

/* ---- what the caller of an append vouches for ---- */

static int append(struct store_fixture *fixture, const struct th_digest *body_digest)
{
    struct th_store *store = store_fixture_open(fixture, TH_STORE_WRITE);
    uint64_t position = th_store_next_position(store);
    struct th_store_entry entry = store_fixture_entry(position);
    struct th_digest digest;
    struct th_view *view;
    const char *what = "";
    entry.body_digest = body_digest;
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_append(store, &entry, &digest), 0);
    cr_assert_eq(th_store_append_leaf(store, position, damage_leaf(position, &digest)), 0);
    cr_assert_eq(th_store_commit(store, &fixture->signer), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    int status = th_view_check_position(view, position, &what);
    th_view_close(view);
    th_store_close(store);
    return status;
}

Test(store_inspect, the_digest_of_a_body_may_be_given_and_a_false_one_shows)
{
    struct store_fixture fixture;
    struct th_digest digest;
    make(&fixture, 5);
    struct th_store_entry entry = store_fixture_entry(5);
    th_tlog_sha256(&(struct th_tlog_part){entry.body.bytes, entry.body.size}, 1, &digest);
    cr_assert_eq(append(&fixture, &digest), 0);
    cr_assert_eq(append(&fixture, NULL), 0);
    digest.bytes[0] ^= 1;
    cr_assert_eq(append(&fixture, &digest), TH_E_CORRUPT);
    store_fixture_deinit(&fixture);
}

/* ---- another format ---- */

static void set_format(struct store_fixture *fixture, uint32_t format)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_FORMAT);
    struct th_sink sink = {0};
    th_schema_format_encode(&sink);
    sink.bytes[sink.size - 1] = (uint8_t)format;
    damage_replace(fixture, &key, (struct th_bytes){sink.bytes, sink.size});
    th_sink_deinit(&sink);
}

Test(store_inspect, a_store_of_another_format_is_refused_with_what_to_do)
{
    struct store_fixture fixture;
    char problem[TH_STORE_PROBLEM_SIZE];
    make(&fixture, 5);
    set_format(&fixture, TH_SCHEMA_FORMAT - 1);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), TH_E_VERSION);
    cr_assert_not_null(strstr(problem, "kho có định dạng 2"), "%s", problem);
    cr_assert_not_null(strstr(problem, "lập kho mới"), "%s", problem);
    set_format(&fixture, TH_SCHEMA_FORMAT + 1);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_VERSION);
    cr_assert_not_null(strstr(problem, "bản mới hơn"), "%s", problem);
    set_format(&fixture, TH_SCHEMA_FORMAT);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0);
    store_fixture_deinit(&fixture);
}

/* ---- a stretch of the log ---- */

struct stretch {
    struct th_view *view;
    uint64_t next, until;
};

static int on_log(void *context, uint64_t position, struct th_bytes entry, struct th_bytes leaf)
{
    struct stretch *stretch = context;
    struct th_bytes same_entry, same_leaf;
    cr_expect_eq(position, stretch->next++);
    cr_assert_eq(th_txn_journal(&stretch->view->txn, position, &same_entry, &same_leaf), 0);
    cr_expect_eq(entry.bytes, same_entry.bytes);
    cr_expect_eq(leaf.bytes, same_leaf.bytes);
    return position == stretch->until ? TH_E_LIMIT : 0;
}

Test(store_inspect, a_stretch_of_the_log_is_walked_in_order)
{
    struct store_fixture fixture;
    struct th_store *store;
    uint64_t rows;
    make(&fixture, ENTRIES);
    struct th_view *view = look(&fixture, &store);
    struct stretch stretch = {view, 5, UINT64_MAX};
    cr_expect_eq(th_view_log(view, 5, 100, on_log, &stretch), 0);
    cr_expect_eq(stretch.next, 100);
    stretch.next = 250;
    cr_expect_eq(th_view_log(view, 250, UINT64_MAX, on_log, &stretch), 0);
    cr_expect_eq(stretch.next, ENTRIES);
    cr_expect_eq(th_view_log(view, 7, 7, on_log, &stretch), 0);
    stretch = (struct stretch){view, 0, 3};
    cr_expect_eq(th_view_log(view, 0, 9, on_log, &stretch), TH_E_LIMIT);
    cr_expect_eq(stretch.next, 4);
    static struct found found;
    inspect(view, &found);
    cr_assert_eq(th_view_rows_count(view, &rows), 0);
    cr_expect_eq(rows, found.rows);
    th_view_close(view);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}
