/* SPDX-License-Identifier: Apache-2.0 */
/* What a second body is given, and that it holds without the store. */
#include "proto/exchange/keys_file.h"
#include "proto/receipt/receipt.h"
#include "proto/tlog/consistency.h"
#include "tests/support/cli_case.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct cli_case fixture;
static uint64_t first; /* position of the first report */

static void set_up(void)
{
    cli_case_init(&fixture);
    first = cli_case_size(&fixture);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5, .with_year = true});
    cli_case_submit(&fixture, (struct th_paper){.figure = 6, .revision = 2, .nonce = 1});
}

static void tear_down(void)
{
    cli_case_deinit(&fixture);
}

TestSuite(cli_export, .init = set_up, .fini = tear_down, .timeout = 60);

static int run(const char *line)
{
    return cli_case_run(&fixture, th_cli_export, line);
}

static json_t *read_index(const char *name, size_t *ret_count)
{
    size_t size;
    char *text = cli_case_read(&fixture, name, &size);
    json_t *index = json_loadb(text, size, 0, NULL);
    free(text);
    cr_assert_not_null(index);
    *ret_count = json_array_size(json_object_get(index, "reports"));
    return index;
}

static const char *file_of(const json_t *item, const char *kind)
{
    return json_string_value(json_object_get(json_object_get(item, "files"), kind));
}

static struct th_bytes load(const char *folder, const char *name)
{
    char path[128];
    size_t size;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = cli_case_read(&fixture, path, &size);
    char *copy = th_arena_copy_text(&fixture.province.arena, text, size);
    free(text);
    return (struct th_bytes){(const uint8_t *)copy, size};
}

static void check_item(const struct th_log_keys *keys, const json_t *item)
{
    struct th_receipt receipt;
    const struct th_judgement *judgement;
    struct th_bytes report = load("copy", file_of(item, "report"));
    struct th_receipt_claim claim = {.mode = TH_MODE_REHEARSAL, .unit = fixture.officer.unit};
    th_tlog_sha256(&(struct th_tlog_part){report.bytes, report.size}, 1, &claim.report_digest);
    cr_assert_eq(th_receipt_open(load("copy", file_of(item, "receipt")), keys,
                                 &fixture.province.arena, &receipt),
                 0);
    cr_expect_eq(th_receipt_check(&receipt, &claim, &judgement), TH_RECEIPT_HOLDS);
    char hex[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(&claim.report_digest, hex);
    cr_expect_str_eq(json_string_value(json_object_get(item, "sha256")), hex);
}

Test(cli_export, every_report_comes_with_a_receipt_that_verifies_from_the_folder_alone)
{
    static struct th_log_keys keys;
    struct th_problems problems;
    size_t count, i;
    const json_t *item;
    cr_assert_eq(run("export @D --for-copy @F/copy"), EX_OK, "%s", fixture.err);
    th_problems_init(&problems);
    cr_assert_eq(th_keys_file_read(cli_case_path(&fixture, "copy/log-keys.yaml"), &problems, &keys),
                 0);
    th_problems_deinit(&problems);
    json_t *index = read_index("copy/index.json", &count);
    cr_assert_eq(count, 3);
    json_array_foreach(json_object_get(index, "reports"), i, item) check_item(&keys, item);
    json_decref(index);
    cr_expect(cli_case_has(&fixture, "copy/README.txt"));
}

Test(cli_export, the_proof_goes_from_the_earlier_copy_to_the_checkpoint)
{
    struct th_consistency proof;
    char line[128];
    size_t size, count;
    (void)snprintf(line, sizeof line, "export @D --for-copy @F/copy --since %llu --json",
                   (unsigned long long)first + 1);
    cr_assert_eq(run(line), EX_OK, "%s", fixture.err);
    char *text = cli_case_read(&fixture, "copy/proof", &size);
    cr_assert_eq(th_tlog_consistency_parse(text, size, &proof), 0);
    cr_expect_eq(proof.old_size, first + 1);
    free(text);
    json_t *index = read_index("copy/index.json", &count);
    cr_expect_eq(count, 1);
    json_decref(index);
    json_t *answer = cli_case_json(&fixture);
    cr_expect_eq(json_integer_value(json_object_get(answer, "reports")), 1);
    json_decref(answer);
}

Test(cli_export, filters_choose_what_is_handed_over)
{
    char line[128];
    size_t count;
    (void)snprintf(line, sizeof line, "export @D --for-copy @F/copy --obligation %s",
                   fixture.province.year->id);
    cr_assert_eq(run(line), EX_OK, "%s", fixture.err);
    json_decref(read_index("copy/index.json", &count));
    cr_expect_eq(count, 1);
    cr_assert_eq(run("export @D --for-copy @F/none --unit 99999"), EX_OK);
    json_decref(read_index("none/index.json", &count));
    cr_expect_eq(count, 0);
    cr_assert_eq(run("export @D --for-copy @F/other --plan khac"), EX_OK);
    json_decref(read_index("other/index.json", &count));
    cr_expect_eq(count, 0);
}

static bool has_parts(void)
{
    bool has = false;
    DIR *folder = opendir(fixture.folder);
    const struct dirent *item;
    while ((item = readdir(folder)) != NULL)
        has = has || strstr(item->d_name, ".part-") != NULL;
    (void)closedir(folder);
    return has;
}

Test(cli_export, nothing_is_left_behind_or_overwritten_when_it_cannot_be_done)
{
    cr_expect_eq(run("export @D --for-copy @F/copy --since 1000"), EX_DATAERR);
    cr_expect(!cli_case_has(&fixture, "copy"));
    cr_expect(!has_parts());
    cli_case_write(&fixture, "copy", "x", 1);
    cr_expect_eq(run("export @D --for-copy @F/copy"), EX_CANTCREAT);
    cr_expect(!has_parts());
    cr_expect_eq(run("export @D --for-copy @F/none/copy"), EX_CANTCREAT);
    cr_expect_eq(run("export @D"), EX_USAGE);
    cr_expect_eq(run("export @D --for-copy @F/x --since -1"), EX_USAGE);
    cr_expect_eq(run("export @F/none --for-copy @F/x"), EX_NOINPUT);
}

Test(cli_export, what_a_killed_one_has_left_is_removed_by_the_next)
{
    char left[320], file[64];
    const pid_t dead = fork();
    if (dead == 0)
        _exit(0);
    cr_assert_eq(waitpid(dead, NULL, 0), dead);
    (void)snprintf(left, sizeof left, "%s/copy.part-%ld", fixture.folder, (long)dead);
    (void)snprintf(file, sizeof file, "copy.part-%ld/index.json", (long)dead);
    cr_assert_eq(mkdir(left, 0700), 0);
    cli_case_write(&fixture, file, "x", 1);
    cr_assert(has_parts());
    cr_expect_eq(run("export @D --for-copy @F/copy"), EX_OK, "%s", fixture.err);
    cr_expect(!has_parts());
}

/* ---- documents ---- */

#define HALF "export @D --plan gialai-2025 --period 2025-H1 "

static char *read_file(const char *name)
{
    size_t size;
    return cli_case_read(&fixture, name, &size);
}

Test(cli_export, a_document_gets_the_name_or_the_format_that_it_is_given)
{
    cr_assert_eq(run(HALF "--out @F/a.csv"), EX_OK, "%s", fixture.err);
    char *text = read_file("a.csv");
    cr_expect_eq(memcmp(text, "\xEF\xBB\xBFMã", 6), 0);
    free(text);
    cr_assert_eq(run(HALF "--out @F/a.xyz --format odt"), EX_OK, "%s", fixture.err);
    text = read_file("a.xyz");
    cr_expect_eq(memcmp(text, "PK", 2), 0);
    free(text);
    cr_assert_eq(run(HALF "--out @F/a.xlsx --json"), EX_OK, "%s", fixture.err);
    json_t *told = cli_case_json(&fixture);
    cr_expect_str_eq(json_string_value(json_object_get(told, "format")), "xlsx");
    cr_expect_gt(json_integer_value(json_object_get(told, "bytes")), 1000);
    json_decref(told);
    cr_assert_eq(run(HALF "--format json --out -"), EX_OK, "%s", fixture.err);
    json_t *all = cli_case_json(&fixture);
    cr_expect_str_eq(json_string_value(json_object_get(all, "mode")), "rehearsal");
    json_decref(all);
}

Test(cli_export, a_document_without_a_name_gets_one_that_says_what_it_is)
{
    cr_assert_eq(chdir(fixture.folder), 0);
    cr_assert_eq(run(HALF "--format csv --sheet tinh-trang --as-of 2025-05-05"), EX_OK, "%s",
                 fixture.err);
    cr_expect(
        cli_case_has(&fixture, "DIEN-TAP_gialai-2025_O-002-1_64_tinh-trang_2025-05-05T000000.csv"));
}

Test(cli_export, a_file_that_is_there_is_not_replaced_without_force)
{
    cli_case_write(&fixture, "a.csv", "cũ", 4);
    cr_expect_eq(run(HALF "--out @F/a.csv"), EX_CANTCREAT);
    cr_expect_not_null(strstr(fixture.err, "--force"));
    char *text = read_file("a.csv");
    cr_expect_str_eq(text, "cũ");
    free(text);
    cr_expect_eq(run(HALF "--out @F/a.csv --force"), EX_OK);
    text = read_file("a.csv");
    cr_expect_eq(memcmp(text, "\xEF\xBB\xBFMã", 6), 0);
    free(text);
}

Test(cli_export, a_document_never_takes_the_place_of_a_device_or_a_folder)
{
    cr_expect_eq(run(HALF "--format csv --force --out /dev/null"), EX_CANTCREAT);
    cr_expect_eq(run(HALF "--format csv --force --out @F"), EX_CANTCREAT);
    cr_expect_eq(run(HALF "--format csv --out @F/none/a.csv"), EX_IOERR);
    cr_expect_not_null(strstr(fixture.err, "không ghi được"));
}

Test(cli_export, a_full_disk_is_told)
{
    char folder[300], *argv[] = {"export",   folder, "--plan", "gialai-2025", "--period", "2025-H1",
                                 "--format", "odt",  "--out",  "-",           NULL};
    (void)snprintf(folder, sizeof folder, "%s", fixture.store);
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_expect_eq(th_cli_export(10, argv, full, full), EX_IOERR);
    (void)fclose(full);
}

Test(cli_export, a_line_that_does_not_make_a_document_is_explained)
{
    cr_expect_eq(run(HALF "--format pdf"), EX_USAGE);
    cr_expect_eq(run(HALF "--out @F/a"), EX_USAGE);
    cr_expect_eq(run(HALF "--format xlsx --sheet don-vi"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --sheet khac"), EX_USAGE);
    cr_expect_not_null(strstr(fixture.err, "tinh-trang"));
    cr_expect_eq(run(HALF "--format csv --branch xa"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --as-of mai"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --position 0"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --position 1 --as-of 2025-05-01"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --since 1"), EX_USAGE);
    cr_expect_eq(run(HALF "--for-copy @F/x --format csv"), EX_USAGE);
    cr_expect_eq(run("export @D --for-copy @F/x --as-of 2025-05-01"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --out @F/a.csv --unit 99999"), EX_NOINPUT);
    cr_expect_not_null(strstr(fixture.err, "99999"));
    cr_expect_eq(run("export @D --format csv --out @F/a.csv --plan gialai-2025"), EX_USAGE);
    cr_expect_eq(run(HALF "--format csv --out @F/a.csv --position 999999"), EX_DATAERR);
    cr_expect(!cli_case_has(&fixture, "a.csv"));
}

Test(cli_export, wrong_contacts_are_told_and_the_document_is_made_without_them)
{
    static const char right[] = "unit,name\n23560,Bà Hoa\n";
    char path[400];
    (void)snprintf(path, sizeof path, "%s/contacts.csv",
                   fixture.store + strlen(fixture.folder) + 1);
    cli_case_write(&fixture, path, right, strlen(right));
    cr_assert_eq(run(HALF "--format csv --sheet chua-bao-cao --out -"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, ",Bà Hoa,"));
    cli_case_write(&fixture, path, right + 1, strlen(right) - 1);
    cr_assert_eq(run(HALF "--format csv --sheet chua-bao-cao --out -"), EX_OK, "%s", fixture.err);
    cr_expect_null(strstr(fixture.out, "Bà Hoa"));
    cr_expect_neq(fixture.err[0], '\0');
}
