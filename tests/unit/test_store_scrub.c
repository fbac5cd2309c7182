/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/scrub.h"

#include "aggregator/store/inspect.h"
#include "aggregator/store/internal.h"
#include "base/file.h"
#include "tests/support/damage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two full tiles and some more; three commits. */
enum { ENTRIES = 2 * 256 + 6 };

static const th_instant began = {1000};
static const th_instant ended = {2000};

static void make(struct store_fixture *fixture, unsigned entries)
{
    store_fixture_init(fixture, 64 << 20);
    struct th_store *store = store_fixture_open(fixture, TH_STORE_WRITE);
    damage_fill(fixture, store, entries - 3);
    damage_fill(fixture, store, 2);
    damage_fill(fixture, store, 1);
    th_store_close(store);
}

/* A whole pass; the report lives in the scrub. */
static const struct th_scrub_report *pass(struct th_scrub *scrub, size_t rows_max)
{
    bool done = false;
    unsigned steps = 0;
    th_scrub_begin(scrub, began);
    while (!done && steps++ < 100000)
        cr_assert_eq(th_scrub_step(scrub, rows_max, ended, &done), 0);
    cr_assert(done);
    return th_scrub_report(scrub);
}

/* One pass over a store that is opened for it. */
static struct th_scrub_report scrub_once(struct store_fixture *fixture, size_t rows_max)
{
    struct th_store *store = store_fixture_open(fixture, TH_STORE_READ);
    struct th_scrub *scrub;
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    struct th_scrub_report report = *pass(scrub, rows_max);
    th_scrub_free(scrub);
    th_store_close(store);
    return report;
}

Test(store_scrub, a_right_store_has_no_faults_whatever_the_pieces)
{
    static const size_t pieces[] = {1, 2, 7, 100, 100000};
    struct store_fixture fixture;
    make(&fixture, ENTRIES);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct th_scrub_report report = scrub_once(&fixture, pieces[i]);
        cr_assert_eq(report.faults, 0, "%zu: %s", pieces[i], report.names[0]);
        /* format, identity; reports, leaves, entries; three tiles, three checkpoints */
        cr_assert_eq(report.rows, 2 + 2 * ENTRIES + 3 + 3);
        cr_assert_eq(report.passes, 1);
        cr_assert_eq(report.began.ms, began.ms);
        cr_assert_eq(report.ended.ms, ended.ms);
    }
    store_fixture_deinit(&fixture);
}

Test(store_scrub, an_empty_store_has_no_faults)
{
    struct store_fixture fixture;
    store_fixture_init(&fixture, 16 << 20);
    struct th_scrub_report report = scrub_once(&fixture, 10);
    cr_assert_eq(report.faults, 0);
    cr_assert_eq(report.rows, 2);
    store_fixture_deinit(&fixture);
}

Test(store_scrub, a_pass_runs_while_the_store_is_written_to)
{
    struct store_fixture fixture;
    struct th_scrub *scrub;
    bool done = false;
    make(&fixture, 250);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    for (unsigned passes = 0; passes < 3; passes++) {
        th_scrub_begin(scrub, began);
        for (done = false; !done;) {
            cr_assert_eq(th_scrub_step(scrub, 40, ended, &done), 0);
            damage_fill(&fixture, store, 3);
        }
        cr_assert_eq(th_scrub_report(scrub)->faults, 0, "%s", th_scrub_report(scrub)->names[0]);
    }
    cr_assert_eq(th_scrub_report(scrub)->passes, 3);
    th_scrub_free(scrub);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

/* The log gets another key between two pieces; what it signs is checked with that key. */
Test(store_scrub, a_pass_runs_while_the_log_gets_another_key)
{
    struct store_fixture fixture;
    struct th_scrub *scrub;
    struct th_digest root;
    struct th_view *view;
    char note[TH_SUCCESSION_SIZE_MAX];
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t note_size, vkey_size;
    uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    struct th_note_signer next;
    bool done = false;
    make(&fixture, 8);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_root(view, 8, &root), 0);
    th_view_close(view);
    cr_assert_eq(th_tlog_signer_init(fixture.identity.realm, seed, &next), 0);
    cr_assert_eq(th_tlog_succession_sign(&fixture.signer, 8, &root, &next.vkey, sizeof note, note,
                                         &note_size),
                 0);
    cr_assert_eq(th_tlog_vkey_encode(&next.vkey, sizeof vkey, vkey, &vkey_size), 0);
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    th_scrub_begin(scrub, began);
    /* Up to the first checkpoint, so that keys were read. */
    while (th_scrub_report(scrub)->rows < 2 + 8 + 1 + 1)
        cr_assert_eq(th_scrub_step(scrub, 1, ended, &done), 0);
    struct th_log_key_body key = {
        .vkey = {vkey, vkey_size}, .after = 8, .succession = {(const uint8_t *)note, note_size}};
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(damage_append(store, 1), 0);
    cr_assert_eq(th_store_put_log_key(store, 1, &key), 0);
    cr_assert_eq(th_store_commit(store, &next), 0);
    while (!done)
        cr_assert_eq(th_scrub_step(scrub, 1, ended, &done), 0);
    cr_assert_eq(th_scrub_report(scrub)->faults, 0, "%s", th_scrub_report(scrub)->names[0]);
    th_scrub_free(scrub);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

/* ---- damage ---- */

/* Every row of a store, where it is in the file. */
enum { PLACES_MAX = 64 };
struct places {
    struct store_fixture *fixture;
    size_t count;
    off_t at[PLACES_MAX];
    size_t size[PLACES_MAX];
};

static int add_place(void *context, const struct th_inspected *row)
{
    struct places *places = context;
    cr_assert_lt(places->count, PLACES_MAX);
    places->at[places->count] = damage_offset(places->fixture, row->value.bytes);
    places->size[places->count++] = row->value.size;
    return 0;
}

Test(store_scrub, every_flipped_bit_of_every_value_is_one_fault_or_more)
{
    struct store_fixture fixture;
    struct places places = {.fixture = &fixture};
    struct th_schema_key last = {.size = 0};
    struct th_scrub *scrub;
    struct th_view *view;
    make(&fixture, 8);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_inspect(view, &last, PLACES_MAX, add_place, &places, &last), 0);
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    for (size_t i = 0; i < places.count; i++)
        for (size_t byte = 0; byte < places.size[i]; byte++) {
            unsigned bit = (unsigned)(byte + i) % 8;
            damage_flip(&fixture, places.at[i] + (off_t)byte, bit);
            cr_assert_geq(pass(scrub, 1000)->faults, 1, "row %zu byte %zu", i, byte);
            damage_flip(&fixture, places.at[i] + (off_t)byte, bit);
        }
    cr_assert_eq(pass(scrub, 1000)->faults, 0);
    th_scrub_free(scrub);
    th_view_close(view);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

/* Damage that opening does not see, then one pass with small pieces and one with a large one. */
static void assert_faults(struct store_fixture *fixture, const char *const *wanted, size_t count)
{
    static const size_t pieces[] = {3, 100000};
    for (size_t i = 0; i < 2; i++) {
        struct th_scrub_report report = scrub_once(fixture, pieces[i]);
        for (size_t at = 0; at < count && at < report.faults; at++)
            cr_assert_str_eq(report.names[at], wanted[at]);
        cr_assert_eq(report.faults, count, "%llu %s", (unsigned long long)report.faults,
                     report.names[count]);
    }
    store_fixture_deinit(fixture);
}
#define ASSERT_FAULTS(fixture, ...)                                                                \
    assert_faults(fixture, (const char *const[]){__VA_ARGS__},                                     \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

Test(store_scrub, a_gap_in_the_journal_is_named)
{
    struct store_fixture fixture;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 17);
    make(&fixture, ENTRIES);
    damage_remove(&fixture, &key);
    ASSERT_FAULTS(&fixture, "sổ nhật ký, bản ghi 17: thiếu bản ghi");
}

Test(store_scrub, a_missing_tile_is_named_once)
{
    struct store_fixture fixture;
    struct th_schema_key key = th_schema_key_tile(0, 0);
    make(&fixture, ENTRIES);
    damage_remove(&fixture, &key);
    ASSERT_FAULTS(&fixture, "cây băm, tầng 0, mảnh 0: thiếu");
}

/* The content of a row, one byte of it changed. */
static void change_row(struct store_fixture *fixture, struct th_schema_key key, size_t at)
{
    struct th_store *store = store_fixture_open(fixture, TH_STORE_READ);
    struct th_bytes content;
    struct th_view *view;
    uint8_t bytes[256 * TH_DIGEST_SIZE];
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_txn_get(&view->txn, &key, &content), 0);
    memcpy(bytes, content.bytes, content.size);
    bytes[at] ^= 1;
    content.bytes = bytes;
    th_view_close(view);
    th_store_close(store);
    damage_replace(fixture, &key, content);
}

/* With right checksums, as somebody with an editor would leave it. The root of the whole tree is
 * made of the tile above, so opening sees nothing. */
Test(store_scrub, a_tile_that_differs_from_the_one_above_is_named)
{
    struct store_fixture fixture;
    make(&fixture, ENTRIES);
    change_row(&fixture, th_schema_key_tile(0, 0), 5 * TH_DIGEST_SIZE);
    ASSERT_FAULTS(&fixture, "cây băm, tầng 0, mảnh 0: khác với mảnh ở tầng trên",
                  "sổ nhật ký, bản ghi 5: lá khác với cây băm");
}

Test(store_scrub, a_checkpoint_that_nobody_signed_is_named)
{
    struct store_fixture fixture;
    make(&fixture, ENTRIES);
    change_row(&fixture, th_schema_key_log(TH_TABLE_CHECKPOINT, ENTRIES - 3), 3);
    ASSERT_FAULTS(&fixture, "checkpoint cỡ 515: sai chữ ký, hoặc khác với cây băm");
}

Test(store_scrub, a_row_of_no_table_is_named)
{
    struct store_fixture fixture;
    struct th_schema_key odd = {{0x77, 0x01}, 2};
    struct th_schema_key short_key = {{TH_TABLE_REPORT, 0x01}, 2};
    struct th_env env;
    struct th_txn txn;
    bool unknown;
    make(&fixture, 8);
    cr_assert_eq(th_env_open(fixture.folder, true, fixture.options.map_bytes, &env), 0);
    cr_assert_eq(th_txn_begin(&env, true, &txn), 0);
    cr_assert_eq(th_txn_put(&txn, &odd, TH_PUT_NEW, "x", 1), 0);
    cr_assert_eq(th_txn_put(&txn, &short_key, TH_PUT_NEW, "x", 1), 0);
    cr_assert_eq(th_txn_commit(&txn, &unknown), 0);
    th_env_extend(&env);
    th_env_close(&env);
    ASSERT_FAULTS(&fixture, "bản ghi lạ, khóa 2001: không thuộc bảng nào",
                  "bản ghi lạ, khóa 7701: không thuộc bảng nào");
}

/* Opening looks at the last leaf, so this befalls a store that is open. */
Test(store_scrub, a_last_leaf_that_is_damaged_does_not_stop_the_pass)
{
    struct store_fixture fixture;
    struct th_scrub *scrub;
    struct th_view *view, *later;
    struct th_bytes leaf;
    make(&fixture, 8);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_leaf(view, 7, &leaf), 0);
    damage_flip(&fixture, damage_offset(&fixture, leaf.bytes), 0);
    cr_assert_eq(th_view_open(store, &later), TH_E_CORRUPT);
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    const struct th_scrub_report *report = pass(scrub, 10);
    cr_assert_eq(report->faults, 1);
    cr_assert_str_eq(report->names[0],
                     "sổ nhật ký, bản ghi 7: bản ghi hoặc lá của nó bị hỏng (sai mã kiểm)");
    th_scrub_free(scrub);
    th_view_close(view);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

Test(store_scrub, names_are_bounded_and_faults_are_counted)
{
    struct store_fixture fixture;
    make(&fixture, 60);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_scrub *scrub;
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint64_t i = 0; i < 50; i++) {
        struct th_bytes leaf;
        cr_assert_eq(th_view_leaf(view, i, &leaf), 0);
        damage_flip(&fixture, damage_offset(&fixture, leaf.bytes), 3);
    }
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    const struct th_scrub_report *report = pass(scrub, 1000);
    cr_assert_eq(report->faults, 50);
    cr_assert_str_eq(report->names[TH_SCRUB_FAULTS_MAX - 1],
                     "sổ nhật ký, bản ghi 31: bản ghi hoặc lá của nó bị hỏng (sai mã kiểm)");
    cr_assert_eq(pass(scrub, 1000)->faults, 50);
    th_scrub_free(scrub);
    th_view_close(view);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

/* Bits of LMDB's own pages: the pass ends, or LMDB ends the process; it does not run for ever, and
 * most of what it meets is named. */
Test(store_scrub, damaged_pages_of_lmdb_do_not_hang_a_pass, .timeout = 110)
{
    enum { PAGE = 4096, ROUNDS = 300 };
    struct store_fixture fixture;
    struct stat file;
    uint32_t state = 11;
    unsigned found = 0;
    unsigned died = 0;
    make(&fixture, ENTRIES);
    cr_assert_eq(stat(store_fixture_path(&fixture, "data.mdb"), &file), 0);
    uint32_t pages = (uint32_t)(file.st_size / PAGE);
    for (unsigned round = 0; round < ROUNDS; round++) {
        int result;
        pid_t child = fork();
        uint32_t page = 2 + store_fixture_random(&state, pages - 2);
        off_t at = (off_t)page * PAGE + store_fixture_random(&state, 64);
        unsigned bit = store_fixture_random(&state, 8);
        if (child == 0) {
            struct th_store *store;
            struct th_scrub *scrub;
            alarm(20);
            if (freopen("/dev/null", "w", stderr) == NULL ||
                th_store_open(fixture.folder, TH_STORE_READ, NULL, NULL, &store) != 0)
                _exit(3);
            damage_flip(&fixture, at, bit);
            if (th_scrub_new(store, &scrub) != 0)
                _exit(4);
            _exit(pass(scrub, 100)->faults > 0);
        }
        cr_assert_eq(waitpid(child, &result, 0), child);
        damage_flip(&fixture, at, bit);
        if (WIFSIGNALED(result))
            cr_assert_neq(WTERMSIG(result), SIGALRM, "page %u", page);
        died += WIFSIGNALED(result);
        found += WIFEXITED(result) && WEXITSTATUS(result) == 1;
        cr_assert(WIFSIGNALED(result) || WEXITSTATUS(result) <= 1, "%d", WEXITSTATUS(result));
    }
    cr_log_info("%u passes named it, %u ended the process, of %u", found, died, ROUNDS);
    cr_assert_gt(found, ROUNDS / 4);
    cr_assert_lt(died, ROUNDS / 4);
    cr_assert_eq(scrub_once(&fixture, 100).faults, 0);
    store_fixture_deinit(&fixture);
}

/* ---- books ---- */

struct books {
    unsigned count;
    struct th_book_id seen[8];
    struct th_book_id wrong;
};

static int check_book(void *context, struct th_view *view, struct th_book_id book,
                      const char **ret_what)
{
    struct books *books = context;
    cr_assert_geq(th_view_size(view), 1);
    cr_assert_lt(books->count, 8);
    books->seen[books->count++] = book;
    if (book.plan != books->wrong.plan || book.obligation != books->wrong.obligation)
        return 0;
    *ret_what = "đơn vị 5, khối xã: sai tổng";
    return TH_E_CORRUPT;
}

static void put_reports(struct store_fixture *fixture, const struct th_book_id *books, size_t count)
{
    struct th_store *store = store_fixture_open(fixture, TH_STORE_WRITE);
    cr_assert_eq(th_store_begin(store), 0);
    for (size_t i = 0; i < count; i++)
        for (uint32_t unit = 0; unit < 3; unit++) {
            struct th_row row = {.unit = unit,
                                 .revision = 1,
                                 .timeliness = TH_TIMELINESS_ON_TIME,
                                 .values = (const uint8_t *)"v",
                                 .values_size = 1};
            cr_assert_eq(th_store_put_row(store, books[i], &row), 0);
        }
    cr_assert_eq(damage_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &fixture->signer), 0);
    th_store_close(store);
}

Test(store_scrub, each_book_is_checked_once_and_a_wrong_one_is_named)
{
    static const struct th_book_id some[] = {{0, 1}, {1, 0}, {1, 2}, {256, 3}};
    struct store_fixture fixture;
    struct books books = {.wrong = {1, 0}};
    struct th_scrub *scrub;
    make(&fixture, 8);
    put_reports(&fixture, some, 4);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    cr_assert_eq(th_scrub_new(store, &scrub), 0);
    th_scrub_check_books(scrub, check_book, &books);
    const struct th_scrub_report *report = pass(scrub, 1000);
    cr_assert_eq(books.count, 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(books.seen[i].plan, some[i].plan);
        cr_assert_eq(books.seen[i].obligation, some[i].obligation);
    }
    cr_assert_eq(report->faults, 1);
    cr_assert_str_eq(report->names[0],
                     "bảng tổng hợp, kế hoạch 1, nghĩa vụ 0: đơn vị 5, khối xã: sai tổng");
    th_scrub_free(scrub);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

/* ---- the file ---- */

static struct th_scrub_report a_report(uint64_t faults)
{
    struct th_scrub_report report = {
        .passes = 3, .began = {-5}, .ended = {1746835200000}, .rows = 77, .faults = faults};
    for (uint64_t i = 0; i < faults && i < TH_SCRUB_FAULTS_MAX; i++)
        snprintf(report.names[i], sizeof report.names[i], "lá %d của cây băm: hỏng", (int)i);
    return report;
}

Test(store_scrub, a_report_is_read_as_it_was_written)
{
    static const uint64_t faults[] = {0, 1, TH_SCRUB_FAULTS_MAX, 1000};
    struct store_fixture fixture;
    struct stat file;
    store_fixture_init(&fixture, 16 << 20);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct th_scrub_report report = a_report(faults[i]);
        struct th_scrub_report again;
        cr_assert_eq(th_scrub_report_write(fixture.folder, &report), 0);
        cr_assert_eq(th_scrub_report_read(fixture.folder, &again), 0);
        cr_assert_eq(again.passes, report.passes);
        cr_assert_eq(again.began.ms, report.began.ms);
        cr_assert_eq(again.ended.ms, report.ended.ms);
        cr_assert_eq(again.rows, report.rows);
        cr_assert_eq(again.faults, report.faults);
        cr_assert_eq(memcmp(again.names, report.names, sizeof again.names), 0);
    }
    cr_assert_eq(stat(store_fixture_path(&fixture, "SCRUB"), &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0600);
    store_fixture_deinit(&fixture);
}

Test(store_scrub, every_report_that_is_cut_or_changed_in_form_is_refused)
{
    static const char *const wrong[] = {
        "",
        "tonghop scrub 2\npasses 1\nbegan 1\nended 1\nrows 1\nfaults 0\n",
        "tonghop scrub 1\npasses 1\nbegan 1\nended 1\nrows 1\n",
        "tonghop scrub 1\npasses 1\nbegan 1\nended 1\nrows 1\nfaults 0",
        "tonghop scrub 1\npasses -1\nbegan 1\nended 1\nrows 1\nfaults 0\n",
        "tonghop scrub 1\npasses 01\nbegan 1\nended 1\nrows 1\nfaults 0\n",
        "tonghop scrub 1\nbegan 1\npasses 1\nended 1\nrows 1\nfaults 0\n",
        "tonghop scrub 1\npasses 1\nbegan 1\nended 1\nrows 1\nfaults 1\n",
        "tonghop scrub 1\npasses 1\nbegan 1\nended 1\nrows 1\nfaults 1\n\n",
        "tonghop scrub 1\npasses 1\nbegan 1\nended 1\nrows 1\nfaults 0\nx\n",
        "tonghop scrub 1\npasses 1\nbegan 1\nended 1\nrows 1\nfaults 1\n\x1b[2J\n",
    };
    struct store_fixture fixture;
    struct th_scrub_report report;
    store_fixture_init(&fixture, 16 << 20);
    cr_assert_eq(th_scrub_report_read(fixture.folder, &report), TH_E_NOT_FOUND);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_eq(
            th_file_write(store_fixture_path(&fixture, "SCRUB"), 0600, wrong[i], strlen(wrong[i])),
            0);
        cr_assert_eq(th_scrub_report_read(fixture.folder, &report), TH_E_CORRUPT, "%zu", i);
    }
    store_fixture_deinit(&fixture);
}
