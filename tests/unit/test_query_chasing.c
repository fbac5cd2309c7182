/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to chase: the groups, the message, the table, the files, and who is called. */
#define _GNU_SOURCE /* open_memstream */
#include "aggregator/cli/query.h"
#include "aggregator/contacts/contacts.h"
#include "aggregator/query/chasing.h"
#include "tests/support/ledger.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static struct ledger ledger;
static struct th_contacts contacts;
static char *shown;
static size_t shown_size;

static void set_up(void)
{
    static const char text[] = "unit,name,phone,email,note\n"
                               "a2,Lê Thị B,+84 905 111 222,b@gialai.gov.vn,=HYPERLINK(1)\n"
                               "622,Phòng Nội vụ,0269 1,,\n";
    struct th_problems problems;
    ledger_open(&ledger, TH_MODE_REHEARSAL);
    th_problems_init(&problems);
    cr_assert_eq(th_contacts_parse("c", text, strlen(text), &problems, &contacts), 0);
    th_problems_deinit(&problems);
    ledger.contacts = &contacts;
    shown = NULL;
}

static void tear_down(void)
{
    free(shown);
    th_contacts_deinit(&contacts);
    ledger_close(&ledger);
}

TestSuite(query_chasing, .init = set_up, .fini = tear_down, .timeout = 60);

#define expect_at(answer, path, value) cr_expect_str_eq(ledger_at(answer, path), value, "%s", path)

static struct th_query chasing(void)
{
    return ledger_query(TH_QUERY_CHASING, LEDGER_HALF);
}

static th_instant due_plus(int64_t ms)
{
    return (th_instant){ledger.half_due.ms + ms};
}

/* ---- groups ---- */

Test(query_chasing, the_group_that_lacks_most_comes_first_and_all_are_there)
{
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 4));
    json_t *answer = ledger_ask(&ledger, chasing());
    cr_expect_eq(json_array_size(json_object_get(answer, "groups")), 3);
    expect_at(answer, "groups/0/unit", "623");
    expect_at(answer, "groups/0/missing", "3");
    expect_at(answer, "groups/1/unit", "622");
    expect_at(answer, "groups/1/missing", "2");
    expect_at(answer, "groups/1/expected", "3");
    expect_at(answer, "groups/1/units/0/unit", "a2");
    expect_at(answer, "groups/2/unit", "null");
    expect_at(answer, "groups/2/name", "Sở, ban, ngành, cơ quan");
    expect_at(answer, "counts/missing", "6");
    json_decref(answer);
}

Test(query_chasing, days_late_are_counted_from_the_last_day_on_time)
{
    const struct {
        int64_t after_due;
        const char *standing, *days;
    } table[] = {{-20 * DAY, "not_due", "0"},
                 {-1, "due_soon", "0"},
                 {0, "overdue", "1"},
                 {DAY - 1, "overdue", "1"},
                 {DAY, "overdue", "2"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        json_t *answer = ledger_ask_at(&ledger, chasing(), due_plus(table[i].after_due));
        expect_at(answer, "groups/0/units/0/standing", table[i].standing);
        expect_at(answer, "groups/0/units/0/days_late", table[i].days);
        expect_at(answer, "days_late", table[i].days);
        json_decref(answer);
    }
}

Test(query_chasing, a_district_is_its_own_group)
{
    struct th_query query = chasing();
    query.unit = th_text_of("622");
    json_t *answer = ledger_ask(&ledger, query);
    cr_expect_eq(json_array_size(json_object_get(answer, "groups")), 1);
    expect_at(answer, "groups/0/unit", "622");
    expect_at(answer, "groups/0/missing", "3");
    json_decref(answer);
}

Test(query_chasing, of_an_obligation_that_is_not_counted_nobody_is_chased)
{
    static const enum ledger_obligation uncounted[] = {LEDGER_ADHOC, LEDGER_SUSPENDED,
                                                       LEDGER_UNDATED};
    for (size_t i = 0; i < 3; i++) {
        json_t *answer = ledger_ask_at(&ledger, ledger_query(TH_QUERY_CHASING, uncounted[i]),
                                       due_plus(90 * DAY));
        expect_at(answer, "groups", "[]");
        cr_expect_not_null(strstr(ledger_at(answer, "text"), "không có ai để nhắc"));
        json_decref(answer);
    }
}

Test(query_chasing, when_all_have_reported_there_are_no_groups)
{
    for (int unit = L_A1; unit <= L_B3; unit++)
        cr_assert(ledger_send_a(&ledger, (enum ledger_unit)unit, 1, 1));
    cr_assert(ledger_send_a(&ledger, L_SNV, 1, 1));
    json_t *answer = ledger_ask(&ledger, chasing());
    expect_at(answer, "groups", "[]");
    cr_expect_not_null(strstr(ledger_at(answer, "text"), "0/7 đơn vị chưa gửi báo cáo.\n"), "%s",
                       ledger_at(answer, "text"));
    json_decref(answer);
}

/* ---- contacts ---- */

Test(query_chasing, the_operator_sees_whom_to_call)
{
    json_t *answer = ledger_ask(&ledger, chasing());
    const json_t *groups = json_object_get(answer, "groups");
    const json_t *district = json_array_get(groups, 0);
    expect_at(district, "unit", "622");
    expect_at(district, "contact/name", "Phòng Nội vụ");
    expect_at(district, "units/0/contact/name", "Lê Thị B");
    expect_at(district, "units/0/contact/dial", "+84905111222");
    expect_at(district, "units/1/contact", "null");
    json_decref(answer);
}

Test(query_chasing, a_unit_never_does)
{
    ledger.asker = "622";
    json_t *answer = ledger_ask(&ledger, chasing());
    char *text = json_dumps(answer, 0);
    cr_expect_null(strstr(text, "905"), "%s", text);
    cr_expect_null(strstr(text, "Lê Thị B"));
    free(text);
    json_decref(answer);
}

/* ---- the message ---- */

Test(query_chasing, the_message_has_the_due_instant_in_its_wording_and_no_telephone)
{
    json_t *answer = ledger_ask_at(&ledger, chasing(), due_plus(2 * DAY + 8 * HOUR));
    const char *text = ledger_at(answer, "text");
    cr_expect_eq(strncmp(text, "[DIỄN TẬP] Báo cáo 6 tháng (kỳ 2025-H1)\n", 10), 0, "%s", text);
    cr_expect_not_null(strstr(text, "Hạn: trước ngày 10/5/2025 (trễ từ 00:00 ngày 10/5/2025).\n"),
                       "%s", text);
    cr_expect_not_null(strstr(text, "Tính đến 08:00 ngày 12/5/2025: 7/7 đơn vị chưa gửi báo cáo, "
                                    "đã quá hạn 3 ngày.\n"),
                       "%s", text);
    cr_expect_not_null(strstr(text, "- phường A2\n") != NULL ? text : strstr(text, "- Phường A2\n"),
                       "%s", text);
    cr_expect_null(strstr(text, "905"));
    json_decref(answer);
    answer = ledger_ask_at(&ledger, chasing(), due_plus(-2 * DAY));
    cr_expect_not_null(strstr(ledger_at(answer, "text"), "còn 2 ngày đến hạn"), "%s",
                       ledger_at(answer, "text"));
    const char *of_group = ledger_at(answer, "groups/0/text");
    cr_expect_not_null(strstr(of_group, "3/3 đơn vị chưa gửi"), "%s", of_group);
    json_decref(answer);
}

/* ---- the table ---- */

static void write_csv(const json_t *answer)
{
    free(shown);
    FILE *out = open_memstream(&shown, &shown_size);
    th_chasing_write_csv(answer, NULL, out);
    (void)fclose(out);
}

Test(query_chasing, the_table_is_for_a_spreadsheet_and_runs_nothing)
{
    json_t *answer = ledger_ask(&ledger, chasing());
    write_csv(answer);
    cr_expect_eq(strncmp(shown, "\xEF\xBB\xBFThuộc,Mã,", 13), 0);
    cr_expect_not_null(strstr(shown, ",'+84 905 111 222,b@gialai.gov.vn,'=HYPERLINK(1)\r\n"), "%s",
                       shown);
    size_t lines = 0;
    for (const char *at = shown; (at = strchr(at, '\n')) != NULL; at++, lines++)
        cr_expect_eq(at[-1], '\r');
    cr_expect_eq(lines, 8);
    json_decref(answer);
}

Test(query_chasing, a_cell_is_quoted_where_it_must_be_and_never_begins_a_formula)
{
    const struct {
        const char *text, *cell;
    } table[] = {{"a", "a"},        {"a,b", "\"a,b\""},  {"a\"b", "\"a\"\"b\""},
                 {"=1+1", "'=1+1"}, {"-2", "'-2"},       {"@x", "'@x"},
                 {"+84", "'+84"},   {"\t1", "\"'\t1\""}, {"\r1", "\"'\r1\""},
                 {"", ""}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        free(shown);
        FILE *out = open_memstream(&shown, &shown_size);
        th_csv_write_cell(table[i].text, out);
        (void)fclose(out);
        cr_expect_str_eq(shown, table[i].cell);
    }
}

/* ---- commands ---- */

#define RUN(command, ...)                                                                          \
    ledger_run(&ledger, command, (const char *const[]){"x", __VA_ARGS__, NULL}, &shown)

static char path[TH_TEST_FOLDER_SIZE + 64];

static const char *in_folder(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", ledger.folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

Test(query_chasing, the_command_reads_the_contacts_of_the_folder)
{
    write_text("contacts.csv", "unit,name,phone\na1,Trần A,0905 7\n");
    cr_expect_eq(RUN(th_cli_chasing, ledger.folder, "--period", "2025-H1"), EX_OK);
    cr_expect_not_null(strstr(shown, "Trần A, 0905 7\n"), "%s", shown);
    write_text("contacts.csv", "unit,name\na1\n");
    cr_expect_eq(RUN(th_cli_chasing, ledger.folder, "--period", "2025-H1"), EX_DATAERR);
    cr_expect_not_null(strstr(shown, "contacts.csv:2:1"), "%s", shown);
}

Test(query_chasing, the_command_writes_a_file_for_each_group)
{
    char folder[sizeof path];
    struct stat about;
    (void)snprintf(folder, sizeof folder, "%s", in_folder("nhac"));
    for (unsigned i = 0; i < 2; i++) /* made, then there */
        cr_expect_eq(RUN(th_cli_chasing, ledger.folder, "--period", "2025-H1", "--format", "text",
                         "--out", folder),
                     EX_OK, "%s", shown);
    cr_expect_eq(stat(folder, &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0700);
    cr_expect_eq(stat(in_folder("nhac/622.txt"), &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0600);
    cr_expect_eq(stat(in_folder("nhac/623.txt"), &about), 0);
    cr_expect_eq(stat(in_folder("nhac/cac-so.txt"), &about), 0);
    cr_expect_eq(
        RUN(th_cli_chasing, ledger.folder, "--period", "2025-H1", "--out", "/nowhere/nhac"),
        EX_IOERR);
    cr_expect_not_null(strstr(shown, "/nowhere/nhac"), "%s", shown);
    cr_expect_eq(RUN(th_cli_chasing, ledger.folder, "--period", "2025-H1", "--format", "pdf"),
                 EX_USAGE);
    cr_expect_eq(RUN(th_cli_chasing, ledger.folder, "--period", "2025-H1", "--format", "table",
                     "--out", folder),
                 EX_USAGE);
}

Test(query_chasing, what_excludes_each_other_is_told_so)
{
    static const char *const words[][5] = {
        {"--format", "text", "--json", NULL, "--json và --format text trái nhau"},
        {"--format", "table", "--out", "x", "table chỉ để xem"},
        {"--format", "khac", NULL, NULL, "không có dạng “khac”"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cr_expect_eq(RUN(th_cli_chasing, ledger.folder, "--obligation", "HALF", words[i][0],
                         words[i][1], words[i][2], words[i][3]),
                     EX_USAGE);
        cr_expect_not_null(strstr(shown, words[i][4]), "%s", shown);
    }
}

Test(query_chasing, contacts_are_put_in_place_only_when_they_are_right)
{
    struct stat about;
    char source[sizeof path];
    write_text("new.csv", "unit,name\na1,Trần A\nzz,Ai đó\n");
    (void)snprintf(source, sizeof source, "%s", path);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--import", source), EX_OK, "%s", shown);
    cr_expect_not_null(strstr(shown, "Mã không có trong kho (1)\n  zz"), "%s", shown);
    cr_expect_not_null(strstr(shown, "Đơn vị chưa có người liên hệ (9)"), "%s", shown);
    cr_assert_eq(stat(in_folder("contacts.csv"), &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0600);
    cr_expect_null(strstr(shown, "mã nữa"), "%s", shown);
    write_text("new.csv", "unit,name\na1,\"Trần\n");
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--import", source), EX_DATAERR);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--json"), EX_OK);
    cr_expect_not_null(strstr(shown, "\"name\": \"Trần A\""), "%s", shown);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--check"), EX_OK);
    cr_expect_null(strstr(shown, "Trần A"), "%s", shown);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--import", "/nowhere"), EX_NOINPUT);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--check", "--import", source), EX_USAGE);
    write_text("new.csv", "unit\na1\n");
    cr_assert_eq(mkdir(in_folder("other"), 0700), 0);
    cr_expect_neq(RUN(th_cli_contacts, path, "--import", source), EX_OK, "no store");
    cr_expect_neq(stat(in_folder("other/contacts.csv"), &about), 0);
}

Test(query_chasing, of_many_codes_without_a_unit_the_first_ten_are_shown)
{
    char source[sizeof path];
    write_text("many.csv",
               "unit\nzz01\nzz02\nzz03\nzz04\nzz05\nzz06\nzz07\nzz08\nzz09\nzz10\nzz11\n"
               "zz12\n");
    (void)snprintf(source, sizeof source, "%s", path);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--import", source), EX_OK, "%s", shown);
    const char *list = strstr(shown, "Mã không có trong kho (12)");
    cr_assert_not_null(list, "%s", shown);
    cr_expect_not_null(strstr(list, "zz10 "), "%s", shown);
    cr_expect_null(strstr(list, "zz11 "), "%s", shown);
    cr_expect_not_null(strstr(list, "… và 2 mã nữa: xem tất cả bằng --json"), "%s", shown);
    cr_expect_eq(RUN(th_cli_contacts, ledger.folder, "--json"), EX_OK);
    cr_expect_not_null(strstr(shown, "zz12"), "%s", shown);
}
