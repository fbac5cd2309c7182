/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/run.h"

#include "aggregator/store/run_order.h"
#include "base/array.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

/* A value with its checksum fills one overflow page of LMDB (16 bytes are the page's own): pages
 * are as full as they can be, and one that is freed fits every other use. */
#define VALUE_CONTENT_MAX (4096 - 16 - TH_SCHEMA_CHECKSUM_SIZE)

/* Records; as many bytes as a mebibyte stay for the next book that settles. */
enum { SORTING_KEPT = 1024 * 1024 / sizeof(struct th_run_row) };

struct th_run_book {
    struct th_book_id id;
    struct th_run_row *records;
    size_t count, capacity;
    size_t kept; /* in the run; those behind are the batch's */
    struct th_pile contents, kept_contents;
    bool is_settling;
};

/* ---- records ---- */

static bool is_kind(uint8_t byte)
{
    return byte == TH_RUN_ROW || byte == TH_RUN_REVISION || byte == TH_RUN_SETTLED;
}

int th_run_next(struct th_source *source, struct th_run_record *ret_record)
{
    struct th_run_record record = {.key = {source->bytes, 0}};
    struct th_source at = *source;
    if (at.size == 0)
        return TH_E_NOT_FOUND;
    uint8_t kind = th_source_u8(&at);
    if (!is_kind(kind))
        return TH_E_CORRUPT;
    record.kind = (enum th_run_kind)kind;
    record.book.plan = th_source_u16(&at);
    record.book.obligation = th_source_u16(&at);
    if (record.kind != TH_RUN_SETTLED) {
        record.unit = th_source_u32(&at);
        record.number = th_source_u32(&at);
    }
    if (record.kind == TH_RUN_REVISION)
        record.revision = th_source_u32(&at);
    record.key.size = source->size - at.size;
    if (record.kind != TH_RUN_SETTLED) {
        record.content.size = (size_t)th_source_varint(&at, UINT32_MAX);
        record.content.bytes = th_source_bytes(&at, record.content.size);
    }
    if (at.failed || (record.kind == TH_RUN_REVISION && record.revision == 0))
        return TH_E_CORRUPT;
    *source = at;
    *ret_record = record;
    return 0;
}

int th_run_check(struct th_bytes content)
{
    struct th_source source = {content.bytes, content.size, false};
    struct th_run_record record;
    int status = content.size == 0 ? TH_E_CORRUPT : 0;
    while (status == 0)
        status = th_run_next(&source, &record);
    return status == TH_E_NOT_FOUND ? 0 : status;
}

static struct th_schema_key key_of(struct th_book_id book, const struct th_run_row *record)
{
    return record->revision == 0
               ? th_schema_key_row(book, record->unit, record->number)
               : th_schema_key_revision(book, record->unit, record->number, record->revision);
}

/* ---- books in memory ---- */

static uint32_t name_of(struct th_book_id id)
{
    return (uint32_t)id.plan << 16 | id.obligation;
}

/* The first book that is not before this one. Looks at no book. */
static size_t find_place(const struct th_run *run, struct th_book_id id)
{
    const uint32_t name = name_of(id);
    size_t low = 0, high = run->books_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->books[middle].name < name)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct th_run_book *book_at(const struct th_run *run, size_t place, struct th_book_id id)
{
    bool is_there = place < run->books_count && run->books[place].name == name_of(id);
    return is_there ? run->books[place].book : NULL;
}

static struct th_run_book *find_book(const struct th_run *run, struct th_book_id id)
{
    return book_at(run, find_place(run, id), id);
}

static struct th_run_book *need_book(struct th_run *run, struct th_book_id id)
{
    size_t place = find_place(run, id);
    struct th_run_book *book = book_at(run, place, id);
    if (book != NULL)
        return book;
    struct th_run_place *books =
        th_array_grow(run->books, run->books_count, &run->books_capacity, 64, sizeof *books);
    if (books == NULL)
        return NULL;
    run->books = books;
    book = calloc(1, sizeof *book);
    if (book == NULL)
        return NULL;
    book->id = id;
    memmove(books + place + 1, books + place, (run->books_count - place) * sizeof *books);
    books[place] = (struct th_run_place){name_of(id), book};
    run->books_count++;
    return book;
}

static void free_book(struct th_run *run, struct th_run_book *book)
{
    free(book->records);
    th_pile_clear(&book->contents, &run->pool);
    free(book);
}

static void forget_empty_books(struct th_run *run)
{
    size_t left = 0;
    for (size_t i = 0; i < run->books_count; i++) {
        if (run->books[i].book->count > 0)
            run->books[left++] = run->books[i];
        else
            free_book(run, run->books[i].book);
    }
    run->books_count = left;
}

static int add_record(struct th_run *run, struct th_run_book *book, struct th_run_row record,
                      struct th_bytes content)
{
    struct th_run_row *records =
        th_array_grow(book->records, book->count, &book->capacity, 16, sizeof *records);
    if (records == NULL)
        return TH_E_NO_MEMORY;
    book->records = records;
    record.size = (uint32_t)content.size;
    record.content = th_pile_add(&book->contents, &run->pool, content);
    if (record.content == NULL)
        return TH_E_NO_MEMORY;
    book->records[book->count++] = record;
    return 0;
}

int th_run_stage(struct th_run *run, struct th_book_id id, uint32_t unit, uint32_t number,
                 uint32_t revision, struct th_bytes content)
{
    struct th_run_book *book = need_book(run, id);
    if (book == NULL)
        return TH_E_NO_MEMORY;
    TH_ASSERT(!book->is_settling);
    return add_record(run, book,
                      (struct th_run_row){.unit = unit, .number = number, .revision = revision},
                      content);
}

bool th_run_has(const struct th_run *run, struct th_book_id id)
{
    return find_book(run, id) != NULL;
}

struct th_unsettled th_run_unsettled(const struct th_run *run, size_t i)
{
    TH_ASSERT(i < run->books_count);
    const struct th_run_book *book = run->books[i].book;
    struct th_unsettled unsettled = {.book = book->id,
                                     .in_run = book->kept,
                                     .in_batch = book->count - book->kept,
                                     .bytes = book->contents.size,
                                     .oldest = UINT64_MAX};
    if (book->kept > 0) {
        unsettled.oldest = book->records[0].sequence;
        unsettled.behind = run->values_kept - (size_t)(unsettled.oldest - run->first);
    }
    return unsettled;
}

/* ---- loading ---- */

static int add_value(struct th_run *run)
{
    struct th_run_value *values =
        th_array_grow(run->values, run->values_count, &run->values_capacity, 256, sizeof *values);
    if (values == NULL)
        return TH_E_NO_MEMORY;
    run->values = values;
    run->values[run->values_count++] = (struct th_run_value){0};
    return 0;
}

static void forget_records(struct th_run *run, struct th_run_book *book)
{
    for (size_t i = 0; i < book->count; i++)
        run->values[book->records[i].sequence - run->first].live--;
    book->count = 0;
    th_pile_clear(&book->contents, &run->pool);
}

static int load_record(struct th_run *run, const struct th_run_record *record)
{
    struct th_run_book *book = need_book(run, record->book);
    if (book == NULL)
        return TH_E_NO_MEMORY;
    if (record->kind == TH_RUN_SETTLED) {
        forget_records(run, book);
        return 0;
    }
    run->values[run->values_count - 1].live++;
    return add_record(run, book,
                      (struct th_run_row){.unit = record->unit,
                                          .number = record->number,
                                          .revision = record->revision,
                                          .sequence = run->first + run->values_count - 1},
                      record->content);
}

static int load_value(void *context, struct th_bytes key, struct th_bytes content)
{
    struct th_run *run = context;
    struct th_source source = {content.bytes, content.size, false};
    struct th_run_record record;
    uint64_t sequence;
    int status = th_schema_read_number(key, &sequence);
    if (status == 0 && run->values_count == 0)
        run->first = sequence;
    if (status == 0 && sequence != run->first + run->values_count)
        status = TH_E_CORRUPT; /* one is missing */
    if (status == 0)
        status = add_value(run);
    while (status == 0) {
        status = th_run_next(&source, &record);
        if (status == 0)
            status = load_record(run, &record);
    }
    return status == TH_E_NOT_FOUND ? 0 : status;
}

int th_run_load(struct th_run *run, const struct th_txn *txn)
{
    struct th_schema_key prefix = th_schema_key_table(TH_TABLE_RUN);
    int status = th_txn_scan(txn, &prefix, &prefix, load_value, run);
    if (status == 0)
        th_run_keep(run);
    return status;
}

void th_run_deinit(struct th_run *run)
{
    for (size_t i = 0; i < run->books_count; i++)
        free_book(run, run->books[i].book);
    th_pile_pool_deinit(&run->pool);
    free(run->books);
    free(run->values);
    free(run->sorting);
    th_sink_deinit(&run->value);
    *run = (struct th_run){0};
}

/* ---- settling ---- */

static bool is_same_row(const struct th_run_row *a, const struct th_run_row *b)
{
    return a->unit == b->unit && a->number == b->number && a->revision == b->revision;
}

/* What is going to be placed lies where it was staged, long ago: it comes from memory meanwhile. */
static void foresee_content(const struct th_run_row *rows, size_t count, size_t i)
{
    enum { AHEAD = 8, LINE = 64, LINES = 4 };
    if (i + AHEAD >= count)
        return;
    const struct th_run_row *row = &rows[i + AHEAD];
    for (size_t at = 0; at < row->size && at < LINES * LINE; at += LINE)
        __builtin_prefetch(row->content + at);
}

/* Records of one table. */
static int place_each(const struct th_run_book *book, const struct th_run_row *rows, size_t count,
                      struct th_writes *writes)
{
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        const struct th_run_row *row = &rows[i];
        foresee_content(rows, count, i);
        if (i + 1 < count && is_same_row(row, row + 1)) {
            if (row->revision != 0)
                return th_writes_fail(writes, TH_E_EXISTS);
            continue; /* a newer one follows */
        }
        struct th_schema_key key = key_of(book->id, row);
        status = th_writes_put(writes, &key, row->revision == 0 ? TH_PUT_REPLACE : TH_PUT_NEW,
                               row->content, row->size);
    }
    return status;
}

static int place(const struct th_run_book *book, enum th_table table, const struct th_run_row *rows,
                 size_t count, struct th_writes *writes)
{
    enum { MANY = 64 }; /* pages of them */
    if (count < MANY)
        return place_each(book, rows, count, writes);
    int status = th_writes_begin_rows(writes, table, book->id);
    if (status == 0)
        status = place_each(book, rows, count, writes);
    return status == 0 ? th_writes_end_rows(writes) : status;
}

/* Copies of the book's records, in twice the room: first those of rows, then of revisions. NULL
 * without memory. */
static struct th_run_row *copy_records(struct th_run *run, const struct th_run_book *book,
                                       size_t *ret_rows)
{
    size_t rows = 0, revisions = 0;
    if (run->sorting_capacity < 2 * book->count) { /* what is there is not needed */
        struct th_run_row *sorting = malloc(2 * book->count * sizeof *run->sorting);
        if (sorting == NULL)
            return NULL;
        free(run->sorting);
        run->sorting = sorting;
        run->sorting_capacity = 2 * book->count;
    }
    for (size_t i = 0; i < book->count; i++)
        rows += book->records[i].revision == 0;
    for (size_t i = 0, row = 0; i < book->count; i++) {
        const bool is_row = book->records[i].revision == 0;
        run->sorting[is_row ? row++ : rows + revisions++] = book->records[i];
    }
    *ret_rows = rows;
    return run->sorting;
}

static int settle(struct th_run *run, struct th_run_book *book, struct th_writes *writes)
{
    size_t rows = 0;
    TH_ASSERT(!book->is_settling);
    if (book->count == 0)
        return 0;
    struct th_run_row *copies = copy_records(run, book, &rows);
    if (copies == NULL)
        return th_writes_fail(writes, TH_E_NO_MEMORY);
    struct th_run_row *spare = copies + book->count;
    const size_t revisions = book->count - rows;
    int status = place(book, TH_TABLE_REPORT, th_run_order(copies, spare, rows), rows, writes);
    if (status == 0)
        status = place(book, TH_TABLE_REVISION,
                       th_run_order(copies + rows, spare + rows, revisions), revisions, writes);
    book->is_settling = true;
    for (size_t i = 0; i < book->kept; i++)
        run->values[book->records[i].sequence - run->first].leaving++;
    return status;
}

int th_run_settle(struct th_run *run, struct th_writes *writes, struct th_book_id id)
{
    struct th_run_book *book = find_book(run, id);
    return book == NULL ? 0 : settle(run, book, writes);
}

/* ---- the end of a batch ---- */

static int delete_front(struct th_run *run, struct th_writes *writes)
{
    TH_ASSERT(run->dropped == 0);
    while (run->dropped < run->values_kept) {
        const struct th_run_value *value = &run->values[run->dropped];
        if (value->live > value->leaving)
            break;
        struct th_schema_key key = th_schema_key_log(TH_TABLE_RUN, run->first + run->dropped);
        int status = th_writes_delete(writes, &key);
        if (status != 0)
            return status;
        run->dropped++;
    }
    return 0;
}

static int write_value(struct th_run *run, struct th_writes *writes)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_RUN, run->first + run->values_count - 1);
    if (run->value.failed)
        return th_writes_fail(writes, TH_E_NO_MEMORY);
    int status = th_writes_put(writes, &key, TH_PUT_NEW, run->value.bytes, run->value.size);
    th_sink_clear(&run->value);
    return status;
}

/* Room for one more record in a value of this batch. */
static int make_room(struct th_run *run, struct th_writes *writes, size_t size)
{
    if (run->value.size > 0 && run->value.size + size <= VALUE_CONTENT_MAX)
        return 0;
    int status = run->value.size > 0 ? write_value(run, writes) : 0;
    if (status == 0 && add_value(run) != 0)
        status = th_writes_fail(writes, TH_E_NO_MEMORY);
    return status;
}

/* Says that the book is settled, to who reads the older records that are still there. */
static int write_settled(struct th_run *run, const struct th_run_book *book,
                         struct th_writes *writes)
{
    struct th_schema_key key = th_schema_key_book(TH_TABLE_ROLLUP, book->id);
    if (book->kept == 0 || book->records[book->kept - 1].sequence < run->first + run->dropped)
        return 0;
    int status = make_room(run, writes, key.size);
    if (status == 0)
        th_sink_bytes(&run->value, key.bytes, key.size);
    return status;
}

static int write_staged(struct th_run *run, struct th_run_book *book, struct th_writes *writes)
{
    enum { VARINT_MAX = 5 };
    for (size_t i = book->kept; i < book->count; i++) {
        struct th_run_row *record = &book->records[i];
        struct th_schema_key key = key_of(book->id, record);
        int status = make_room(run, writes, key.size + VARINT_MAX + record->size);
        if (status != 0)
            return status;
        record->sequence = run->first + run->values_count - 1;
        run->values[run->values_count - 1].live++;
        th_sink_bytes(&run->value, key.bytes, key.size);
        th_sink_varint(&run->value, record->size);
        th_sink_bytes(&run->value, record->content, record->size);
    }
    return 0;
}

int th_run_flush(struct th_run *run, struct th_writes *writes)
{
    int status = 0;
    for (size_t i = 0; i < run->books_count && status == 0 && !run->is_deferred; i++) {
        struct th_run_book *book = run->books[i].book;
        if (book->count > book->kept && !book->is_settling)
            status = settle(run, book, writes);
    }
    if (status == 0)
        status = delete_front(run, writes);
    for (size_t i = 0; i < run->books_count && status == 0; i++) {
        struct th_run_book *book = run->books[i].book;
        status =
            book->is_settling ? write_settled(run, book, writes) : write_staged(run, book, writes);
    }
    if (status == 0 && (run->value.size > 0 || run->value.failed))
        status = write_value(run, writes);
    return status;
}

static void end_batch(struct th_run *run)
{
    if (run->sorting_capacity > SORTING_KEPT) {
        free(run->sorting);
        run->sorting = NULL;
        run->sorting_capacity = 0;
    }
    run->is_deferred = false;
    run->dropped = 0;
    th_sink_clear(&run->value);
    forget_empty_books(run);
}

void th_run_keep(struct th_run *run)
{
    for (size_t i = 0; i < run->books_count; i++) {
        struct th_run_book *book = run->books[i].book;
        if (book->is_settling) {
            book->count = 0;
            th_pile_clear(&book->contents, &run->pool);
            book->is_settling = false;
        }
        book->kept = book->count;
        book->kept_contents = book->contents;
    }
    for (size_t i = 0; i < run->values_count; i++) {
        run->values[i].live -= run->values[i].leaving;
        run->values[i].leaving = 0;
    }
    run->values_count -= run->dropped;
    if (run->dropped > 0)
        memmove(run->values, run->values + run->dropped, run->values_count * sizeof *run->values);
    run->first += run->dropped;
    run->values_kept = run->values_count;
    end_batch(run);
}

void th_run_drop(struct th_run *run)
{
    for (size_t i = 0; i < run->books_count; i++) {
        struct th_run_book *book = run->books[i].book;
        book->count = book->kept;
        th_pile_cut(&book->contents, &run->pool, &book->kept_contents);
        book->is_settling = false;
    }
    run->values_count = run->values_kept;
    for (size_t i = 0; i < run->values_count; i++)
        run->values[i].leaving = 0;
    end_batch(run);
}
