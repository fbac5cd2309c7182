/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/inspect.h"

#include "aggregator/store/internal.h"
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what tables there are ---- */

static const struct form {
    enum th_table table;
    uint8_t key_size;
} forms[] = {
    {TH_TABLE_META, 2},       {TH_TABLE_UNIT, 5},      {TH_TABLE_PLAN, 3},
    {TH_TABLE_KEY, 37},       {TH_TABLE_MARK, 5},      {TH_TABLE_LOG_KEY, 3},
    {TH_TABLE_REPORT, 13},    {TH_TABLE_REVISION, 17}, {TH_TABLE_ROLLUP, 10},
    {TH_TABLE_CLOSING, 18},   {TH_TABLE_RUN, 9},       {TH_TABLE_TREE, 10},
    {TH_TABLE_CHECKPOINT, 9}, {TH_TABLE_JOURNAL, 9},
};

bool th_inspect_is_known(struct th_bytes key)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (key.size > 0 && key.bytes[0] == (uint8_t)forms[i].table)
            return key.size == forms[i].key_size &&
                   (forms[i].table != TH_TABLE_META ||
                    (key.bytes[1] >= TH_META_FORMAT && key.bytes[1] <= TH_META_REPLICA));
    return false;
}

uint8_t th_inspect_next_table(uint8_t table)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if ((uint8_t)forms[i].table > table)
            return (uint8_t)forms[i].table;
    return UINT8_MAX;
}

/* ---- walking ---- */

struct walk {
    th_inspect_fn *fn;
    void *context;
    struct th_schema_key *last;
};

static int on_row(void *context, struct th_bytes key, struct th_bytes value)
{
    const struct walk *walk = context;
    struct th_inspected row = {.table = (enum th_table)key.bytes[0], .key = key, .value = value};
    row.status = th_schema_unseal(key, value, &row.content);
    memcpy(walk->last->bytes, key.bytes, key.size);
    walk->last->size = key.size;
    return walk->fn(walk->context, &row);
}

int th_view_inspect(struct th_view *view, const struct th_schema_key *after, size_t rows_max,
                    th_inspect_fn *fn, void *context, struct th_schema_key *ret_last)
{
    struct th_schema_key last = {.size = 0};
    struct walk walk = {fn, context, &last};
    TH_ASSERT(view->active);
    int status = th_txn_walk(&view->txn, after, rows_max, on_row, &walk);
    if (status == 0)
        *ret_last = last;
    return status;
}

int th_view_rows_count(const struct th_view *view, uint64_t *ret_count)
{
    MDB_stat stat_of_pages;
    TH_ASSERT(view->active);
    if (mdb_stat(view->txn.txn, view->txn.database, &stat_of_pages) != 0)
        return TH_E_IO;
    *ret_count = stat_of_pages.ms_entries;
    return 0;
}

/* ---- names ---- */

static const char *meta_name(uint8_t row)
{
    switch (row) {
    case TH_META_FORMAT:
        return "dạng lưu trữ";
    case TH_META_IDENTITY:
        return "danh tính";
    case TH_META_CLOCK:
        return "đồng hồ";
    case TH_META_RECOVERY:
        return "khôi phục";
    case TH_META_REPLICA:
        return "dấu của bản dựng lại";
    default:
        return "dòng lạ";
    }
}

static const char *branch_name(uint8_t branch)
{
    switch (branch) {
    case TH_BRANCH_ALL:
        return "tất cả";
    case TH_BRANCH_COMMUNES:
        return "khối xã";
    case TH_BRANCH_BODIES:
        return "khối sở, ngành";
    default:
        return "nhánh lạ";
    }
}

/* The name, and a second half that begins at its end. */
struct name {
    char *text;
    size_t capacity;
};

__attribute__((format(printf, 2, 3))) static void add(const struct name *name, const char *format,
                                                      ...)
{
    size_t at = strlen(name->text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name->text + at, name->capacity - at, format, arguments);
    va_end(arguments);
    th_inspect_cut(name->capacity, name->text);
}

static void add_hex(const struct name *name, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        add(name, "%02x", bytes[i]);
}

/* Of one book's row: what follows table and book, and who it is about. */
static void name_book_row(const struct name *name, const char *table, struct th_source *rest,
                          bool is_closing)
{
    char instant[TH_INSTANT_TEXT_SIZE];
    unsigned plan = th_source_u16(rest);
    unsigned obligation = th_source_u16(rest);
    add(name, "%s, kế hoạch %u, nghĩa vụ %u", table, plan, obligation);
    if (is_closing) {
        th_instant closed_at = {(int64_t)(th_source_u64(rest) ^ UINT64_C(1) << 63)};
        add(name, ", chốt lúc %s", th_instant_format(closed_at, instant));
    }
}

static void name_known(const struct name *name, struct th_bytes key)
{
    struct th_source rest = {key.bytes + 1, key.size - 1, false};
    switch ((enum th_table)key.bytes[0]) {
    case TH_TABLE_META:
        add(name, "bảng chung, %s", meta_name(th_source_u8(&rest)));
        break;
    case TH_TABLE_UNIT:
        add(name, "đơn vị %u", th_source_u32(&rest));
        break;
    case TH_TABLE_PLAN:
        add(name, "kế hoạch %u", th_source_u16(&rest));
        break;
    case TH_TABLE_KEY:
        add(name, "khóa của đơn vị %u, ", th_source_u32(&rest));
        add_hex(name, rest.bytes, 8);
        add(name, "…");
        break;
    case TH_TABLE_MARK:
        name_book_row(name, "mốc hạn", &rest, false);
        break;
    case TH_TABLE_LOG_KEY:
        add(name, "khóa ký sổ %u", th_source_u16(&rest));
        break;
    case TH_TABLE_REPORT:
    case TH_TABLE_REVISION:
        name_book_row(name, key.bytes[0] == TH_TABLE_REPORT ? "báo cáo" : "bản báo cáo cũ", &rest,
                      false);
        add(name, ", đơn vị %u", th_source_u32(&rest));
        add(name, ", số %u", th_source_u32(&rest));
        if (rest.size > 0)
            add(name, ", bản %u", th_source_u32(&rest));
        break;
    case TH_TABLE_ROLLUP:
    case TH_TABLE_CLOSING:
        name_book_row(name, key.bytes[0] == TH_TABLE_ROLLUP ? "bảng tổng hợp" : "bảng chốt", &rest,
                      key.bytes[0] == TH_TABLE_CLOSING);
        add(name, ", đơn vị %u", th_source_u32(&rest));
        add(name, ", %s", branch_name(th_source_u8(&rest)));
        break;
    case TH_TABLE_RUN:
        add(name, "loạt chờ, mảnh %llu", (unsigned long long)th_source_u64(&rest));
        break;
    case TH_TABLE_TREE:
        add(name, "cây băm, tầng %u", th_source_u8(&rest));
        add(name, ", mảnh %llu", (unsigned long long)th_source_u64(&rest));
        break;
    case TH_TABLE_CHECKPOINT:
        add(name, "checkpoint cỡ %llu", (unsigned long long)th_source_u64(&rest));
        break;
    case TH_TABLE_JOURNAL:
        add(name, "sổ nhật ký, bản ghi %llu", (unsigned long long)th_source_u64(&rest));
        break;
    }
}

char *th_inspect_cut(size_t capacity, char *text)
{
    size_t size = strlen(text);
    if (size + 1 < capacity)
        return text;
    while (size > 0 && ((unsigned char)text[size - 1] & 0xC0) == 0x80)
        size--;
    if (size > 0 && (unsigned char)text[size - 1] >= 0x80)
        text[size - 1] = '\0';
    return text;
}

const char *th_inspect_name(struct th_bytes key, size_t capacity, char *text)
{
    struct name name = {text, capacity};
    TH_ASSERT(capacity > 0);
    text[0] = '\0';
    if (th_inspect_is_known(key)) {
        name_known(&name, key);
    } else {
        add(&name, "bản ghi lạ, khóa ");
        add_hex(&name, key.bytes, key.size);
    }
    return text;
}

/* ---- one position ---- */

/*
 * The leaf (message Leaf of journal.proto) has the entry's digest as field 5, bytes. Its other
 * digests have other fields, so these 34 bytes stand in it for no other reason, except inside one
 * of its texts; whoever wants that has to know the digest, which is that of the entry.
 */
static bool is_named_by(struct th_bytes leaf, const struct th_digest *digest)
{
    uint8_t field[2 + TH_DIGEST_SIZE] = {5 << 3 | 2, TH_DIGEST_SIZE};
    memcpy(field + 2, digest->bytes, TH_DIGEST_SIZE);
    for (size_t at = 0; at + sizeof field <= leaf.size; at++)
        if (memcmp(leaf.bytes + at, field, sizeof field) == 0)
            return true;
    return false;
}

static int corrupt(const char *what, const char **ret_what)
{
    *ret_what = what;
    return TH_E_CORRUPT;
}

/* A row that has to be there. */
static int get(const struct th_view *view, struct th_schema_key key, const char *missing,
               const char *damaged, struct th_bytes *ret_content, const char **ret_what)
{
    int status = th_txn_get(&view->txn, &key, ret_content);
    if (status == TH_E_NOT_FOUND)
        return corrupt(missing, ret_what);
    return status == TH_E_CORRUPT ? corrupt(damaged, ret_what) : status;
}

/* Tiles that are not full are made of the leaves themselves: nothing to compare. */
static int check_tile(const struct th_view *view, uint64_t position, struct th_bytes leaf,
                      const char **ret_what)
{
    uint64_t index = position / TH_TILE_WIDTH;
    struct th_digest hash;
    struct th_bytes row;
    if (th_tile_count(view->size, 0, index) < TH_TILE_WIDTH)
        return 0;
    int status = get(view, th_schema_key_tile(0, index), TH_WHAT_TILE_MISSING, TH_WHAT_TILE_DAMAGED,
                     &row, ret_what);
    if (status != 0)
        return status;
    if (row.size != (size_t)TH_TILE_WIDTH * TH_DIGEST_SIZE)
        return corrupt(TH_WHAT_TILE_DAMAGED, ret_what);
    th_tlog_hash_leaf(leaf.bytes, leaf.size, &hash);
    if (memcmp(row.bytes + position % TH_TILE_WIDTH * TH_DIGEST_SIZE, hash.bytes, sizeof hash) != 0)
        return corrupt("lá khác với cây băm", ret_what);
    return 0;
}

int th_view_check_position(struct th_view *view, uint64_t position, const char **ret_what)
{
    struct th_bytes content, entry, leaf;
    struct th_digest digest;
    TH_ASSERT(view->active);
    if (position >= view->size)
        return TH_E_RANGE;
    int status = get(view, th_schema_key_log(TH_TABLE_JOURNAL, position), "thiếu bản ghi",
                     "bản ghi hoặc lá của nó bị hỏng (sai mã kiểm)", &content, ret_what);
    if (status != 0)
        return status;
    status = th_schema_journal_split(content, &entry, &leaf);
    if (status == 0)
        status = th_schema_entry_hash(entry, &digest);
    if (status != 0)
        return corrupt("bản ghi sai dạng", ret_what);
    if (!is_named_by(leaf, &digest))
        return corrupt("bản ghi khác với lá của cây băm", ret_what);
    return check_tile(view, position, leaf, ret_what);
}
