/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/entry_line.h"
#include "aggregator/audit/opened.h"
#include "base/options.h"
#include "proto/wire/journal.h"

#include <string.h>
#include <sysexits.h>

#define NAME         "export"
#define BLOCK_BYTES  ((size_t)256 * 1024)
#define BUDGET_BYTES ((size_t)512 * 1024 * 1024)

/* A newer snapshot after so many entries: a live store can use its old pages again. */
enum { RENEW_ENTRIES = 1000 };

struct line {
    uint64_t from, to; /* the last one too */
    const char *unit;  /* NULL: all */
    uint32_t kinds;    /* bit 1 << enum th_entry_kind; 0: all */
    bool as_json;
};

struct run {
    const struct line *line;
    struct th_reader *reader;
    FILE *out, *err;
    struct th_arena arena; /* of one entry */
    uint64_t told;         /* lines */
    uint64_t bad;          /* entries that cannot be read */
};

static bool is_wanted(const struct line *line, const struct th_leaf *leaf)
{
    if (line->kinds != 0 && (line->kinds & (UINT32_C(1) << leaf->kind)) == 0)
        return false;
    return line->unit == NULL || (leaf->unit.size == strlen(line->unit) &&
                                  memcmp(leaf->unit.bytes, line->unit, leaf->unit.size) == 0);
}

static int print_entry(struct run *run, struct th_view *view, uint64_t position)
{
    struct th_stored_entry entry;
    struct th_bytes bytes;
    struct th_leaf leaf;
    json_t *object;
    int status = th_view_leaf(view, position, &bytes);
    if (status == 0)
        status = th_wire_leaf_decode(bytes, &run->arena, &leaf);
    if (status == 0 && leaf.position != position)
        status = TH_E_CORRUPT;
    if (status == 0 && !is_wanted(run->line, &leaf))
        return 0;
    if (status == 0)
        status = th_view_entry(view, position, &entry);
    if (status == 0)
        status = th_entry_json(&entry, &leaf, &run->arena, &object);
    if (status != 0)
        return status;
    run->told++;
    if (run->line->as_json) {
        (void)json_dumpf(object, run->out, JSON_COMPACT | JSON_PRESERVE_ORDER);
        (void)fputc('\n', run->out);
    } else {
        th_entry_print(object, run->out);
    }
    json_decref(object);
    return 0;
}

/* What cannot be read has its line too, and the rest goes on. */
static void print_damage(struct run *run, uint64_t position)
{
    run->bad++;
    if (run->line->as_json)
        (void)fprintf(run->out, "{\"position\":%llu,\"problem\":\"corrupt\"}\n",
                      (unsigned long long)position);
    else
        (void)fprintf(run->out, "#%llu  KHÔNG ĐỌC ĐƯỢC: bản ghi hoặc lá bị hỏng\n",
                      (unsigned long long)position);
}

static int print_all(struct run *run, struct th_view *view)
{
    uint64_t size = th_view_size(view);
    uint64_t end = run->line->to < size ? run->line->to + 1 : size;
    uint64_t from = run->line->from;
    if (from >= size && from > 0) {
        th_cli_complain(run->err, NAME, NULL, "kho chỉ có %llu bản ghi (số 0 tới %llu)",
                        (unsigned long long)size, (unsigned long long)(size == 0 ? 0 : size - 1));
        return EX_DATAERR;
    }
    th_reader_phase(run->reader, "đọc sổ nhật ký", end > from ? end - from : 0);
    for (uint64_t position = from; position < end && !ferror(run->out); position++) {
        th_reader_step(run->reader, position - from, position);
        int status = print_entry(run, view, position);
        if (status == TH_E_NO_MEMORY || status == TH_E_IO)
            return th_opened_complain(run->reader, status, NULL);
        if (status != 0)
            print_damage(run, position);
        /* A damaged page spoils the snapshot for whatever is read after it. */
        bool is_due = (position - from) % RENEW_ENTRIES == RENEW_ENTRIES - 1 || status != 0;
        status = is_due ? th_view_renew(view) : 0;
        if (status != 0)
            return th_opened_complain(run->reader, status, "đọc tiếp");
        th_arena_reset(&run->arena);
    }
    if (run->bad == 0 && run->told == 0 && size > 0)
        (void)fprintf(run->err,
                      TH_CLI_PROGRAM " " NAME
                                     ": lưu ý: không có bản ghi nào như vậy trong %llu bản "
                                     "ghi của kho; xem lại --unit, --kind\n",
                      (unsigned long long)size);
    if (run->bad == 0)
        return EX_OK;
    th_cli_complain(run->err, NAME, "xem " TH_CLI_PROGRAM " export: các dòng KHÔNG ĐỌC ĐƯỢC",
                    "%llu bản ghi không đọc được", (unsigned long long)run->bad);
    return EX_DATAERR;
}

static int read_store(void *given, struct th_reader *reader)
{
    const struct th_reader_request *request = th_reader_request(reader);
    struct run run = {.line = given, .reader = reader, .out = request->out, .err = request->err};
    struct th_opened opened;
    int code = th_opened_open(reader, &opened);
    if (code != EX_OK)
        return code;
    th_arena_init(&run.arena, BLOCK_BYTES, BUDGET_BYTES);
    code = print_all(&run, opened.view);
    th_arena_deinit(&run.arena);
    th_opened_close(&opened);
    return code;
}

static bool read_position(const char *option, const char *text, FILE *err, uint64_t *ret_position)
{
    if (text == NULL || th_tlog_decimal_decode(text, strlen(text), ret_position) == 0)
        return true;
    th_cli_complain(err, NAME, "số của bản ghi, từ 0", "--%s: số không đúng: “%s”", option, text);
    return false;
}

static bool read_kinds(const struct th_cli_values *words, FILE *err, uint32_t *ret_kinds)
{
    for (size_t i = 0; i < words->count; i++) {
        enum th_entry_kind kind;
        if (th_entry_kind_parse(words->items[i], &kind) != 0) {
            th_cli_complain(err, NAME, TH_ENTRY_KIND_WORDS, "không có loại bản ghi “%s”",
                            words->items[i]);
            return false;
        }
        *ret_kinds |= UINT32_C(1) << kind;
    }
    return true;
}

int th_audit_export(int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {.to = UINT64_MAX};
    const char *from = NULL, *to = NULL;
    struct th_cli_values kinds = {.count = 0};
    const struct th_cli_option options[] = {
        {.name = "from", .value_name = "SỐ", .help = "từ bản ghi này", .text = &from},
        {.name = "to", .value_name = "SỐ", .help = "tới hết bản ghi này", .text = &to},
        {.name = "unit",
         .value_name = "MÃ",
         .help = "chỉ các bản ghi về đơn vị này",
         .text = &line.unit},
        {.name = "kind",
         .value_name = "LOẠI",
         .help = "chỉ loại này: submission, closing, enrolled …",
         .values = &kinds},
        {.name = "json", .help = "mỗi dòng một đối tượng JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Sổ nhật ký thành các dòng đọc được, mỗi bản ghi một dòng.",
        .examples = "  " TH_CLI_PROGRAM " export var/tinh --kind submission --unit 23734\n"
                    "  " TH_CLI_PROGRAM " export var/tinh --json > nhat-ky.jsonl\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    if (!read_position("from", from, err, &line.from) || !read_position("to", to, err, &line.to) ||
        !read_kinds(&kinds, err, &line.kinds))
        return EX_USAGE;
    if (line.from > line.to) {
        th_cli_complain(err, NAME, "bản ghi đầu trước, bản ghi cuối sau",
                        "--from %s lớn hơn --to %s", from, to);
        return EX_USAGE;
    }
    const struct th_reader_request request = {
        .command = NAME, .folder = operands[0], .out = out, .err = err, .streams = true};
    return th_reader_run(&request, read_store, &line);
}
