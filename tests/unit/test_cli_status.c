/* SPDX-License-Identifier: Apache-2.0 */
/* How the store is, and what witnesses have seen of it. */
#include "aggregator/store/scrub.h"
#include "proto/tlog/cosignature.h"
#include "tests/support/cli_case.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

static struct cli_case fixture;

static void set_up(void)
{
    cli_case_init(&fixture);
}

static void tear_down(void)
{
    cli_case_deinit(&fixture);
}

TestSuite(cli_status, .init = set_up, .fini = tear_down, .timeout = 60);

static void expect_error(const char *part)
{
    cr_expect_not_null(strstr(fixture.err, part), "%s", fixture.err);
}

/* The exit code; the answer is owned. */
static int status(json_t **ret_answer)
{
    int code = cli_case_run(&fixture, th_cli_status, "status @D --json");
    *ret_answer = cli_case_json(&fixture);
    return code;
}

Test(cli_status, a_store_that_is_well_is_zero_and_says_what_it_has)
{
    json_t *answer;
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cr_expect_eq(status(&answer), EX_OK, "%s", fixture.out);
    cr_expect_eq(json_integer_value(json_object_get(answer, "size")),
                 (json_int_t)cli_case_size(&fixture));
    cr_expect_str_eq(json_string_value(json_object_get(answer, "last_kind")), "submission");
    cr_expect_eq(json_integer_value(json_object_get(answer, "keys")), 1);
    cr_expect(json_is_false(json_object_get(answer, "running")));
    cr_expect(json_is_null(json_object_get(answer, "scrub")));
    json_decref(answer);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_OK);
    cr_expect_not_null(strstr(fixture.out, "DIỄN TẬP"), "%s", fixture.out);
    cr_expect_not_null(strstr(fixture.out, "Máy chủ không chạy\n"), "%s", fixture.out);
}

/* A row as a burst leaves it, written once more. */
static int defer_row(void *context, const struct th_row *row)
{
    struct th_store *store = context;
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_row(store, (struct th_book_id){0, 0}, row), 0);
    th_store_defer(store);
    cr_assert_eq(th_store_commit(store, NULL), 0);
    return 1;
}

Test(cli_status, what_a_burst_has_left_is_told)
{
    const struct th_store_options options = {0};
    struct th_store *store;
    struct th_view *view;
    json_t *answer;
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cr_expect_eq(status(&answer), EX_OK, "%s", fixture.out);
    cr_expect_eq(json_integer_value(json_object_get(answer, "unsettled")), 0);
    json_decref(answer);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_OK);
    cr_expect_null(strstr(fixture.out, "Loạt chờ"), "%s", fixture.out);
    cr_assert_eq(th_store_open(fixture.store, TH_STORE_WRITE, &options, NULL, &store), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_expect_eq(th_view_rows(view, (struct th_book_id){0, 0}, defer_row, store), 1);
    th_view_close(view);
    th_store_close(store);
    cr_expect_eq(status(&answer), EX_OK, "%s", fixture.out);
    cr_expect_eq(json_integer_value(json_object_get(answer, "unsettled")), 1, "%s", fixture.out);
    json_decref(answer);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_OK);
    cr_expect_not_null(strstr(fixture.out, "Loạt chờ: 1 nghĩa vụ"), "%s", fixture.out);
}

Test(cli_status, what_the_scrub_found_is_named_and_is_no_success)
{
    static struct th_scrub_report report = {.passes = 1, .rows = 10, .faults = 1};
    (void)strcpy(report.names[0], "sổ nhật ký, bản ghi 3");
    cr_assert_eq(th_scrub_report_write(fixture.store, &report), 0);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_SOFTWARE);
    cr_expect_not_null(strstr(fixture.out, "bản ghi 3"), "%s", fixture.out);
    report.faults = 0;
    cr_assert_eq(th_scrub_report_write(fixture.store, &report), 0);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_OK, "%s", fixture.out);
}

Test(cli_status, a_refused_store_is_still_described)
{
    json_t *answer;
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    cr_expect_eq(status(&answer), EX_SOFTWARE);
    cr_expect(json_is_string(json_object_get(answer, "refused")), "%s", fixture.out);
    cr_expect(json_is_integer(json_object_get(answer, "size")));
    json_decref(answer);
}

Test(cli_status, a_backup_is_described_and_nothing_is_written_into_it)
{
    cr_assert_eq(cli_case_run(&fixture, th_cli_backup, "backup @D @F/copy"), EX_OK);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @F/copy"), EX_SOFTWARE);
    cr_expect_not_null(strstr(fixture.out, "bản sao"), "%s", fixture.out);
    cr_expect(!cli_case_has(&fixture, "copy/OWNER"));
}

Test(cli_status, a_process_that_has_the_number_of_a_dead_daemon_is_none)
{
    json_t *answer;
    char text[64];
    int size = snprintf(text, sizeof text, "%ld 2025-05-05T00:00:00+07:00\n", (long)getppid());
    cli_case_write(&fixture, "store/OWNER", text, (size_t)size);
    cr_expect_eq(status(&answer), EX_OK, "%s", fixture.out);
    cr_expect(json_is_false(json_object_get(answer, "running")), "%s", fixture.out);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_OK);
    cr_expect_not_null(strstr(fixture.out, "Máy chủ không chạy"), "%s", fixture.out);
    json_decref(answer);
    cli_case_write(&fixture, "store/OWNER", text, (size_t)size);
    int fd = open(cli_case_path(&fixture, "store/OWNER"), O_RDWR);
    cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    cr_expect_eq(status(&answer), EX_OK, "%s", fixture.out);
    cr_expect(json_is_true(json_object_get(answer, "running")), "%s", fixture.out);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @D"), EX_OK);
    cr_expect_not_null(strstr(fixture.out, "Máy chủ đang chạy"), "%s", fixture.out);
    cr_expect_null(strstr(fixture.out, "Máy chủ không chạy"), "%s", fixture.out);
    cr_expect_eq(json_integer_value(json_object_get(answer, "pid")), (json_int_t)getppid());
    json_decref(answer);
    close(fd);
}

Test(cli_status, a_damaged_store_and_no_store_are_told)
{
    json_t *answer;
    cli_case_write(&fixture, "store/data.mdb", "hong", 4);
    cr_expect_neq(status(&answer), EX_OK);
    cr_expect(json_is_string(json_object_get(answer, "problem")), "%s", fixture.out);
    json_decref(answer);
    cr_expect_eq(cli_case_run(&fixture, th_cli_status, "status @F/none"), EX_NOINPUT);
    expect_error("init");
}

/* ---- witnesses ---- */

static struct th_witness_signer witness;

/* The log's newest checkpoint, cosigned, in FOLDER/NAME. */
static void cosign(const char *name)
{
    static const uint8_t seed[TH_NOTE_SEED_SIZE] = {7};
    char note[8192];
    size_t size, made;
    cr_assert_eq(th_witness_signer_init("thanh-tra.vn", seed, &witness), 0);
    cli_case_checkpoint(&fixture, name);
    char *text = cli_case_read(&fixture, name, &size);
    cr_assert_eq(th_tlog_cosign(text, size, &witness, 1746400000, sizeof note, note, &made), 0);
    cli_case_write(&fixture, name, note, made);
    free(text);
}

static int cosigned(const char *name)
{
    char vkey[256], line[512];
    size_t size;
    cr_assert_eq(th_witness_key_encode(&witness.key, sizeof vkey, vkey, &size), 0);
    (void)snprintf(line, sizeof line, "cosigned @D @F/%s --key %s", name, vkey);
    return cli_case_run(&fixture, th_cli_cosigned, line);
}

Test(cli_status, a_cosigned_checkpoint_is_kept_and_an_older_one_does_not_replace_it)
{
    json_t *answer;
    cosign("first");
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cosign("second");
    cr_assert_eq(cosigned("second"), EX_OK, "%s", fixture.err);
    cr_assert_eq(cosigned("first"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "Không thay"), "%s", fixture.out);
    cli_case_submit(&fixture, (struct th_paper){.figure = 6, .revision = 2});
    cr_expect_eq(status(&answer), EX_OK, "%s", fixture.out);
    json_t *list = json_object_get(answer, "witnesses");
    cr_assert_eq(json_array_size(list), 1);
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(list, 0), "behind")), 1);
    json_decref(answer);
}

Test(cli_status, a_store_behind_its_witness_is_found_even_without_the_side_file)
{
    json_t *answer;
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    cli_case_copy(&fixture, "store/CHECKPOINT", "old.side");
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cosign("note");
    cr_assert_eq(cosigned("note"), EX_OK, "%s", fixture.err);
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    cli_case_copy(&fixture, "old.side", "store/CHECKPOINT");
    cr_expect_eq(status(&answer), EX_SOFTWARE);
    cr_expect(json_is_true(json_object_get(answer, "behind")));
    json_decref(answer);
    cr_expect_eq(cli_case_run(&fixture, th_cli_clock, "clock @D --to 2025-05-09"), EX_SOFTWARE);
    cr_assert_eq(cli_case_run(&fixture, th_cli_recover, "recover @D --json"), EX_OK, "%s",
                 fixture.err);
    answer = cli_case_json(&fixture);
    cr_expect_eq(json_integer_value(json_object_get(answer, "lost")), 1);
    json_decref(answer);
}

Test(cli_status, a_cosigned_checkpoint_of_a_later_store_is_an_alarm)
{
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cosign("note");
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    cr_expect_eq(cosigned("note"), EX_SOFTWARE);
    expect_error("bản cũ");
    cr_expect(!cli_case_has(&fixture, "store/witness"));
}

Test(cli_status, what_is_not_cosigned_or_not_of_this_log_is_refused)
{
    size_t size;
    cosign("note");
    cli_case_checkpoint(&fixture, "plain");
    cr_expect_eq(cosigned("plain"), EX_DATAERR);
    expect_error("nhân chứng");
    char *text = cli_case_read(&fixture, "note", &size);
    text[0] = 'x';
    cli_case_write(&fixture, "other", text, size);
    free(text);
    cr_expect_eq(cosigned("other"), EX_DATAERR);
    cr_expect_eq(cosigned("none"), EX_NOINPUT);
    cr_expect_eq(cli_case_run(&fixture, th_cli_cosigned, "cosigned @D @F/note --key x"), EX_USAGE);
    cr_expect_eq(cli_case_run(&fixture, th_cli_cosigned, "cosigned @D @F/note"), EX_USAGE);
    cr_expect(!cli_case_has(&fixture, "store/witness"));
}
