/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct th_node_case node;
static char path[TH_TEST_FOLDER_SIZE + 32];
static char *out_text, *err_text;

static void begin(void)
{
    th_node_case_make(&node, TH_MODE_REHEARSAL, "tcp://127.0.0.1:1");
    (void)snprintf(path, sizeof path, "%s/bc.yaml", node.base);
}

static void end(void)
{
    free(out_text);
    free(err_text);
    th_node_case_remove(&node);
}

TestSuite(cli_submit, .init = begin, .fini = end);

static void write_form(const char *values)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fprintf(file,
                  "report: tonghop\nformat: 1\nplan: gialai-2025\nobligation: O-1\n"
                  "unit: \"23734\"\nvalues:\n%s",
                  values);
    cr_assert_eq(fclose(file), 0);
}

typedef int command(int argc, char **argv, FILE *out, FILE *err);

#define SUBMIT(...)                                                                                \
    run(th_cli_submit, (const char *const[]){"submit", node.home_path, __VA_ARGS__, NULL})
#define STATUS() run(th_cli_status, (const char *const[]){"status", node.home_path, NULL})

static int run(command *command, const char *const words[])
{
    char *argv[8] = {NULL}, *words_in_order[8]; /* getopt moves those of argv */
    int argc = 0;
    size_t size;
    for (; words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    memcpy(words_in_order, argv, sizeof argv);
    free(out_text);
    free(err_text);
    FILE *out = open_memstream(&out_text, &size), *err = open_memstream(&err_text, &size);
    int code = command(argc, argv, out, err);
    cr_assert_eq(fclose(out), 0);
    cr_assert_eq(fclose(err), 0);
    for (int i = 0; i < argc; i++)
        free(words_in_order[i]);
    return code;
}

static void assert_in(const char *text, const char *part)
{
    cr_assert_not_null(strstr(text, part), "%s", text);
}

Test(cli_submit, what_was_taken_is_counted_beside_what_was_asked)
{
    write_form("  A1: 1\n  A2: 2\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    assert_in(out_text, "2 số liệu (được hỏi 2), 0 phần lời\n");
    cr_assert_str_eq(err_text, "");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    assert_in(out_text, "nội dung này đã nộp rồi");
    assert_in(out_text, "2 số liệu (được hỏi 2), 0 phần lời\n");
}

Test(cli_submit, a_correction_says_which_figures_it_no_longer_has)
{
    write_form("  A1: 1\n  A2: 2\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    write_form("  A1: 1\n");
    cr_assert_eq(SUBMIT(path, "--as-revision", "2"), EX_OK, "%s", err_text);
    assert_in(out_text, "1 số liệu (được hỏi 2)");
    assert_in(err_text, "lần 1 có 2 số liệu, 0 phần lời; bản này thay cả bản đó và không còn báo 1 "
                        "số: A2\n");
    write_form("  A1: 1\n  A2: 3\n");
    cr_assert_eq(SUBMIT(path, "--as-revision", "3"), EX_OK, "%s", err_text);
    cr_assert_null(strstr(err_text, "không còn báo"), "revision 2 has no more than this one");
    write_form("  A2: 3\n");
    cr_assert_eq(SUBMIT(path, "--as-revision", "4", "--json"), EX_OK, "%s", err_text);
    assert_in(out_text, "\"before\"");
    assert_in(out_text, "\"A1\"");
}

/* The first item of the outbox gets this answer. */
static void answer(enum th_item_state state, uint32_t next_revision, const char *rule,
                   const char *field)
{
    th_node_case_open(&node);
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, 1, &item), 0);
    struct th_outbox_frozen frozen = {
        .ids = {1}, .ids_count = 1, .submission = {(const uint8_t *)"s", 1}};
    cr_assert_eq(th_outbox_freeze(node.outbox, &frozen, 1, item.queued_at), 0);
    item.state = state;
    item.next_revision = next_revision;
    struct th_outbox_reason reason = {.field = th_text_of(field),
                                      .value = th_text_of("5"),
                                      .rule = th_text_of(rule),
                                      .text = th_text_of("Vì sao.")};
    struct th_outbox_detail detail = {.reasons = &reason, .reasons_count = rule[0] != 0};
    cr_assert_eq(
        th_outbox_settle(node.outbox, &(struct th_outbox_settled){item, detail}, 1, item.queued_at),
        0);
    th_node_case_close(&node);
}

Test(cli_submit, what_the_province_has_otherwise_is_not_called_submitted)
{
    char way_out[sizeof node.home_path + 64];
    (void)snprintf(way_out, sizeof way_out, "tonghop-node submit %s TỆP --as-revision 4",
                   node.home_path);
    write_form("  A1: 1\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    answer(TH_ITEM_CONFLICT, 4, "", "");
    cr_assert_eq(SUBMIT(path), EX_CANTCREAT);
    assert_in(err_text, way_out);
    cr_assert_null(strstr(out_text, "Gửi đi bằng"), "%s", out_text);
    cr_assert_eq(STATUS(), EX_OK);
    assert_in(out_text, way_out);
    cr_assert_eq(SUBMIT(path, "--as-revision", "4"), EX_OK, "%s", err_text);
    cr_assert_eq(STATUS(), EX_OK);
    cr_assert_null(strstr(out_text, "--as-revision"), "it was done: %s", out_text);
}

Test(cli_submit, what_was_received_is_not_to_be_sent)
{
    write_form("  A1: 1\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    assert_in(out_text, "Gửi đi bằng: tonghop-node run");
    answer(TH_ITEM_RECEIVED, 0, "", "");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    cr_assert_null(strstr(out_text, "Gửi đi bằng"), "%s", out_text);
}

Test(cli_submit, a_refused_report_says_what_to_do_next)
{
    static const struct {
        const char *rule, *field;
        uint32_t next_revision;
        const char *said, *way_out;
    } cases[] = {
        {"R01", "value.A1", 0, "lý do: [A1 = 5] Vì sao. (R01)", "rồi nộp lại, vẫn là lần 1"},
        {"revision_gap", "revision", 3, "[lần gửi = 5]", "TỆP --as-revision 3"},
        {"plan_version", "", 0, "(plan_version)", "lập lại biểu"},
        {"key", "", 0, "(key)", "gọi cho nơi nhận"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        end();
        out_text = err_text = NULL;
        begin();
        write_form("  A1: 1\n");
        cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
        answer(TH_ITEM_REJECTED, cases[i].next_revision, cases[i].rule, cases[i].field);
        cr_assert_eq(STATUS(), EX_OK);
        assert_in(out_text, cases[i].said);
        assert_in(out_text, cases[i].way_out);
    }
}

Test(cli_submit, a_reminder_says_when_its_report_was_received_since)
{
    const struct th_notice notice = {.kind = TH_NOTICE_REMINDER,
                                     .plan = th_text_of("gialai-2025"),
                                     .obligation = th_text_of("O-1"),
                                     .text = th_text_of("Chưa nhận được báo cáo.")};
    bool is_new;
    write_form("  A1: 1\n");
    cr_assert_eq(SUBMIT(path), EX_OK, "%s", err_text);
    th_node_case_open(&node);
    cr_assert_eq(th_outbox_add_notice(node.outbox, &notice, &is_new), 0);
    th_node_case_close(&node);
    cr_assert_eq(STATUS(), EX_OK);
    cr_assert_null(strstr(out_text, "Từ đó đã nhận"), "%s", out_text);
    answer(TH_ITEM_RECEIVED, 0, "", "");
    cr_assert_eq(STATUS(), EX_OK);
    assert_in(out_text, "Chưa nhận được báo cáo. (O-1) Từ đó đã nhận: mục 1.");
}
