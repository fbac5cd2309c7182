/* SPDX-License-Identifier: Apache-2.0 */
/* Every row that the file holds, whether it is asked for or not. */
#include "aggregator/audit/verify_parts.h"

#include "aggregator/past/recount.h"
#include "aggregator/store/env.h"
#include "aggregator/store/inspect.h"
#include "aggregator/store/run.h"
#include "aggregator/store/tail.h"

#include <string.h>

enum { AT_ONCE = 1024, NAME_SIZE = 200 };

struct walk {
    struct th_verify *verify;
    uint64_t done;
    bool is_refused; /* nobody else looks at the journal */
};

/* ---- checksums, unknown tables ---- */

static uint64_t position_of(struct th_bytes key)
{
    uint64_t position = TH_FINDING_NO_POSITION;
    return key.bytes[0] == TH_TABLE_JOURNAL && th_schema_read_number(key, &position) == 0
               ? position
               : TH_FINDING_NO_POSITION;
}

static const char *fault_of(const struct walk *walk, const struct th_inspected *row)
{
    uint64_t size;
    if (!th_inspect_is_known(row->key))
        return "không thuộc bảng nào";
    if (row->status != 0) /* of entries it is told with their positions */
        return row->table == TH_TABLE_JOURNAL && !walk->is_refused ? NULL : "sai mã kiểm";
    if (row->table == TH_TABLE_CHECKPOINT && th_schema_read_number(row->key, &size) == 0 &&
        size == 0)
        return "của một cây rỗng";
    if (row->table == TH_TABLE_RUN && th_run_check(row->content) != 0)
        return "sai dạng";
    return NULL;
}

static int on_row(void *context, const struct th_inspected *row)
{
    struct walk *walk = context;
    struct th_verify *verify = walk->verify;
    char name[NAME_SIZE];
    const char *fault = fault_of(walk, row);
    verify->counts.rows++;
    if (row->table == TH_TABLE_META && row->key.size == 2 && row->key.bytes[1] == TH_META_REPLICA)
        verify->is_replica = true;
    if (fault != NULL)
        th_findings_add(&verify->findings, TH_FINDING_ROW, position_of(row->key), "%s: %s",
                        th_inspect_name(row->key, sizeof name, name), fault);
    if (verify->reader != NULL)
        th_reader_step(verify->reader, ++walk->done, position_of(row->key));
    return 0;
}

static void say_stopped(struct th_verify *verify, const struct th_schema_key *last)
{
    char name[NAME_SIZE] = "đầu tệp";
    if (last->size > 0)
        (void)th_inspect_name((struct th_bytes){last->bytes, last->size}, sizeof name, name);
    th_findings_add(&verify->findings, TH_FINDING_ROW, TH_FINDING_NO_POSITION,
                    "data.mdb hỏng: không đọc tiếp được sau %s", name);
}

/* In pieces, each of a snapshot of its own: rows that change meanwhile are whole in both. */
int th_verify_rows(struct th_verify *verify)
{
    struct walk walk = {.verify = verify};
    struct th_schema_key last = {.size = 0};
    th_reader_phase(verify->reader, "đọc từng dòng của kho", 0);
    for (;;) {
        struct th_schema_key after = last;
        uint64_t before = verify->counts.rows;
        int status = th_view_inspect(verify->opened.view, &after, AT_ONCE, on_row, &walk, &last);
        if (status == TH_E_CORRUPT) {
            say_stopped(verify, &after);
            return th_view_renew(verify->opened.view);
        }
        if (status != 0 || verify->counts.rows - before < AT_ONCE)
            return status;
        status = th_view_renew(verify->opened.view);
        if (status != 0)
            return status;
    }
}

/* ---- the rows of the tree ---- */

struct tiles {
    struct th_verify *verify;
    uint64_t seen[TH_REGROWN_LEVELS];
    uint64_t rows;
};

static void say_tile(struct th_verify *verify, struct th_bytes key, const char *what)
{
    char name[NAME_SIZE];
    th_findings_add(&verify->findings, TH_FINDING_TREE, TH_FINDING_NO_POSITION, "%s: %s",
                    th_inspect_name(key, sizeof name, name), what);
}

static int on_tile(void *context, const struct th_inspected *row)
{
    struct tiles *tiles = context;
    if (row->table != TH_TABLE_TREE)
        return 1;
    tiles->rows++;
    if (!th_inspect_is_known(row->key))
        return 0; /* it was named with the rows */
    struct th_source source = {row->key.bytes + 1, row->key.size - 1, false};
    unsigned level = th_source_u8(&source);
    uint64_t index = th_source_u64(&source);
    th_reader_step(tiles->verify->reader, tiles->rows, TH_READER_NOWHERE);
    if (level >= TH_REGROWN_LEVELS || index >= th_regrown_rows(&tiles->verify->tree, level)) {
        say_tile(tiles->verify, row->key, "thừa, không có chỗ trong cây");
        return 0;
    }
    tiles->seen[level]++;
    if (row->status == 0 && !th_regrown_holds(&tiles->verify->tree, level, index, row->content))
        say_tile(tiles->verify, row->key, "khác với tính lại từ các lá");
    return 0;
}

/* Of the snapshot of exactly the size that was counted again. */
int th_verify_tiles(struct th_verify *verify)
{
    struct tiles tiles = {.verify = verify};
    struct th_schema_key last = {.bytes = {TH_TABLE_TREE - 1}, .size = 1};
    if (!verify->has_tree)
        return 0; /* a leaf is missing, that was named */
    th_reader_phase(verify->reader, "so cây băm", 0);
    for (;;) {
        struct th_schema_key after = last;
        uint64_t before = tiles.rows;
        int status = th_view_inspect(verify->opened.view, &after, AT_ONCE, on_tile, &tiles, &last);
        if (status < 0 && status != TH_E_CORRUPT)
            return status;
        if (status == TH_E_CORRUPT)
            say_stopped(verify, &after);
        if (status != 0 || tiles.rows - before < AT_ONCE)
            break;
    }
    for (unsigned level = 0; level < TH_REGROWN_LEVELS; level++) {
        uint64_t expected = th_regrown_rows(&verify->tree, level);
        verify->counts.tiles += tiles.seen[level];
        if (tiles.seen[level] < expected)
            th_findings_add(&verify->findings, TH_FINDING_TREE, TH_FINDING_NO_POSITION,
                            "cây băm, tầng %u: thiếu %llu mảnh", level,
                            (unsigned long long)(expected - tiles.seen[level]));
    }
    return 0;
}

/* ---- the tables against the fold ---- */

static void on_fault(void *context, enum th_table_fault fault, struct th_bytes key)
{
    static const char *const texts[] = {
        [TH_TABLE_DIFFERS] = "khác với dựng lại từ sổ nhật ký",
        [TH_TABLE_MISSING] = "thiếu, sổ nhật ký dựng ra có",
        [TH_TABLE_EXTRA] = "thừa, sổ nhật ký không dựng ra",
    };
    struct th_verify *verify = context;
    char name[NAME_SIZE];
    th_findings_add(&verify->findings, TH_FINDING_TABLE, TH_FINDING_NO_POSITION, "%s: %s",
                    th_inspect_name(key, sizeof name, name), texts[fault]);
}

static void on_step(void *context, uint64_t rows)
{
    struct th_verify *verify = context;
    th_reader_step(verify->reader, rows, TH_READER_NOWHERE);
}

static int compare(struct th_verify *verify, struct th_view *folded)
{
    const struct th_tables_watch watch = {verify, on_fault, on_step};
    struct th_digest state;
    uint64_t before = verify->findings.counts[TH_FINDING_TABLE];
    th_reader_phase(verify->reader, "so từng dòng của các bảng", 0);
    int status = th_past_lay(verify->opened.view);
    if (status == 0)
        status = th_tables_compare(verify->opened.view, folded, &watch, &verify->tables);
    if (status == TH_E_CORRUPT)
        th_findings_add(&verify->findings, TH_FINDING_TABLE, TH_FINDING_NO_POSITION,
                        "các bảng không đọc được trọn vẹn");
    if (status == 0)
        status = th_view_state_digest(verify->opened.view, &verify->state);
    if (status != 0)
        return status == TH_E_CORRUPT || status == TH_E_NOT_FOUND ? 0 : status;
    verify->has_state = true;
    status = th_view_state_digest(folded, &state);
    if (status == 0 && before == verify->findings.counts[TH_FINDING_TABLE] &&
        memcmp(&state, &verify->state, sizeof state) != 0)
        th_findings_add(&verify->findings, TH_FINDING_TABLE, TH_FINDING_NO_POSITION,
                        "dấu trạng thái khác với dựng lại từ sổ nhật ký");
    return status;
}

/* Of the snapshot of exactly the size that was folded. */
int th_verify_tables(struct th_verify *verify)
{
    char problem[TH_FOLD_PROBLEM_SIZE] = "";
    struct th_view *folded;
    if (!verify->folds)
        return 0;
    int status = th_fold_settle(verify->fold, verify->opened.view, problem);
    if (status == TH_E_CORRUPT) {
        th_findings_add(&verify->findings, TH_FINDING_FOLD, th_fold_size(verify->fold) - 1, "%s",
                        problem);
        return 0;
    }
    if (status == 0)
        status = th_view_open(th_fold_replica(verify->fold), &folded);
    if (status != 0)
        return status;
    status = compare(verify, folded);
    th_view_close(folded);
    return status;
}

/* ---- a store that does not open ---- */

static int on_raw(void *context, struct th_bytes key, struct th_bytes value)
{
    struct th_inspected row = {.table = (enum th_table)key.bytes[0], .key = key, .value = value};
    row.status = th_schema_unseal(key, value, &row.content);
    return on_row(context, &row);
}

void th_verify_refused(struct th_verify *verify)
{
    const struct th_schema_key from = {.size = 0};
    struct walk walk = {.verify = verify, .is_refused = true};
    struct th_env env;
    struct th_txn txn;
    bool is_whole = false;
    th_reader_phase(verify->reader, "đọc từng dòng của kho bị hỏng", 0);
    if (th_env_open(th_reader_request(verify->reader)->folder, false, 0, &env) != 0)
        return;
    if (th_tail_check(&env, &is_whole) == 0 && is_whole && th_txn_begin(&env, false, &txn) == 0) {
        if (th_txn_walk(&txn, &from, SIZE_MAX, on_raw, &walk) == TH_E_CORRUPT)
            say_stopped(verify, &from);
        th_txn_abort(&txn);
    }
    th_env_close(&env);
}
