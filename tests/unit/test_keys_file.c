/* SPDX-License-Identifier: Apache-2.0 */
/* log-keys.yaml. The notes were made by another program (PyNaCl). */
#include "base/file.h"
#include "proto/exchange/keys_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG "tonghop.gialai.gov.vn/log"
#define ROTATION                                                                                   \
    "dG9uZ2hvcCBsb2cgc3VjY2Vzc2lvbiB2MQp0b25naG9wLmdpYWxhaS5nb3Yudm4vbG9nMQoxMDAKU0JO"             \
    "SlRSTitGakc3b3dIVnJLdHVlN2VxZE00UmhkUldWbDcxSFhOMmQ3ST0KdG9uZ2hvcC5naWFsYWkuZ292"             \
    "LnZuL2xvZzErMjhkNjlmNjkrQVlFNWR3Nm9mUmRmVnFOVVpzTk1mc3pMallxUnRPNDNvbDMyRDF1UHli"             \
    "T1UKCuKAlCB0b25naG9wLmdpYWxhaS5nb3Yudm4vbG9nMSB5QlhjN0NnUzRxc3hxNGloQis2V284eXc3"             \
    "ajRDbEpEY01Oc1JJWGlEZisxcHR5SkNQK3dNaWF0RGZhRXQ4anU3eUcxeU9TNTdnQkQ5QkdkUmRFMCt5"             \
    "R1YvVEE4PQo="
#define HEAD                                                                                       \
    "# Các khóa đã ký sổ tiếp nhận, từ khóa "                                        \
    "đầu tiên: đưa tệp này cho người kiểm tra\n"                                     \
    "# biên nhận. Không có bí mật nào "                                                   \
    "trong tệp. Khóa đầu phải lấy từ nơi tin cậy.\n"                                \
    "log_keys: tonghop\nformat: 1\nkeys:\n"
#define KEY1                                                                                       \
    "  - vkey: \"" LOG "1+c815dcec+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\"\n    after: 0\n"
#define KEY2                                                                                       \
    "  - vkey: \"" LOG "1+28d69f69+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\"\n"               \
    "    after: 100\n"
#define KEY3                                                                                       \
    "  - vkey: \"" LOG "2+68fa3aee+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR\"\n"               \
    "    after: 150\n"
#define SUCCESSION "    succession: \"" ROTATION "\"\n"
/* A rotation, and a recovery after which nobody had the key any more. */
#define GOLDEN HEAD KEY1 KEY2 SUCCESSION KEY3

static char folder[] = "/tmp/th_keys_file_XXXXXX";
static char path[64];
static struct th_problems problems;
static struct th_log_keys keys;

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/" TH_KEYS_FILE, folder);
    th_problems_init(&problems);
}

static void end(void)
{
    th_problems_deinit(&problems);
    unlink(path);
    rmdir(folder);
}

TestSuite(keys_file, .init = begin, .fini = end);

static int read_text(const char *text)
{
    cr_assert_eq(th_file_write(path, 0600, text, strlen(text)), 0);
    return th_keys_file_read(path, &problems, &keys);
}

Test(keys_file, it_is_read_and_its_successions_hold)
{
    cr_assert_eq(read_text(GOLDEN), 0);
    cr_assert_eq(th_problems_total(&problems), 0);
    cr_assert_eq(keys.count, 3);
    cr_assert_str_eq(keys.items[0].vkey.name, LOG "1");
    cr_assert_eq(keys.items[0].after, 0);
    cr_assert_eq(keys.items[1].after, 100);
    cr_assert_gt(keys.items[1].succession_size, 0);
    cr_assert_str_eq(keys.items[2].vkey.name, LOG "2");
    cr_assert_eq(keys.items[2].after, 150);
    cr_assert_eq(keys.items[2].succession_size, 0);
}

Test(keys_file, it_is_written_as_it_was_read)
{
    char *bytes;
    size_t size;
    struct stat status;
    cr_assert_eq(read_text(GOLDEN), 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(th_keys_file_write(path, &keys), 0);
    cr_assert_eq(th_file_read(path, TH_KEYS_FILE_SIZE_MAX, &bytes, &size), 0);
    cr_assert_str_eq(bytes, GOLDEN);
    free(bytes);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0644);
}

Test(keys_file, the_largest_history_fits)
{
    static struct th_log_keys large, back;
    char note[TH_SUCCESSION_SIZE_MAX], name[TH_NOTE_NAME_MAX + 1] = "";
    struct th_note_signer signer, next;
    struct th_digest root = {{1}};
    uint8_t seed[TH_NOTE_SEED_SIZE] = {1};
    memset(name, 'n', TH_NOTE_NAME_MAX);
    cr_assert_eq(th_tlog_signer_init(name, seed, &signer), 0);
    th_log_keys_begin(&signer.vkey, &large);
    for (uint8_t i = 1; i < TH_LOG_KEYS_MAX; i++) {
        size_t size;
        seed[1] = i;
        cr_assert_eq(th_tlog_signer_init(name, seed, &next), 0);
        cr_assert_eq(th_tlog_succession_sign(&signer, TH_MERKLE_SIZE_MAX - TH_LOG_KEYS_MAX + i,
                                             &root, &next.vkey, sizeof(note), note, &size),
                     0);
        cr_assert_eq(th_log_keys_succeed(&large, note, size), 0);
        signer = next;
    }
    cr_assert_eq(th_keys_file_write(path, &large), 0);
    cr_assert_eq(th_keys_file_read(path, &problems, &back), 0);
    cr_assert_eq(memcmp(&large, &back, sizeof(back)), 0);
}

Test(keys_file, a_name_that_would_end_its_quotation_is_not_written)
{
    static struct th_log_keys odd;
    const uint8_t key[TH_NOTE_PUBLIC_KEY_SIZE] = {1};
    struct th_vkey vkey;
    cr_assert_eq(th_tlog_vkey_init("tonghop/\"x", key, &vkey), 0);
    th_log_keys_begin(&vkey, &odd);
    cr_expect_eq(th_keys_file_write(path, &odd), TH_E_TEXT);
}

/* One problem at `line` with the words and a remedy; the result is untouched. */
static void expect_refused(const char *text, int status, uint32_t line, const char *words)
{
    memset(&keys, 0x55, sizeof(keys));
    struct th_log_keys before = keys;
    th_problems_deinit(&problems);
    th_problems_init(&problems);
    cr_expect_eq(read_text(text), status, "%s", words);
    cr_expect_eq(memcmp(&keys, &before, sizeof(keys)), 0);
    cr_assert_eq(th_problems_total(&problems), 1, "%s", words);
    cr_expect_eq(problems.items[0].line, line, "%s: line %u", words, problems.items[0].line);
    cr_expect_not_null(strstr(problems.items[0].message, words), "%s", problems.items[0].message);
    cr_expect_not_null(problems.items[0].hint);
}

#define PLAIN "log_keys: tonghop\nformat: 1\nkeys:\n"

Test(keys_file, a_succession_that_does_not_hold_is_refused)
{
    /* Another size, another key or none of the keys that were named; signed by another. */
    expect_refused(PLAIN KEY1 "  - vkey: \"" LOG
                              "1+28d69f69+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\"\n"
                              "    after: 101\n" SUCCESSION,
                   TH_E_SIGNATURE, 6, "khóa trước không ký");
    expect_refused(PLAIN KEY1 KEY3 SUCCESSION, TH_E_SIGNATURE, 6, "khóa trước không ký");
    expect_refused(
        PLAIN
        "  - vkey: \"" LOG
        "2+68fa3aee+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR\"\n    after: 0\n" KEY2 SUCCESSION,
        TH_E_SIGNATURE, 6, "khóa trước không ký");
}

Test(keys_file, a_history_that_cannot_be_is_refused)
{
    expect_refused(PLAIN KEY2, TH_E_INVALID, 4, "after: 0");
    expect_refused(PLAIN KEY1 SUCCESSION, TH_E_INVALID, 4, "after: 0");
    expect_refused(PLAIN KEY1 KEY2 KEY2, TH_E_INVALID, 8, "đã có ở trên");
    expect_refused(PLAIN KEY1 "  - vkey: \"" LOG
                              "1+28d69f69+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\"\n"
                              "    after: 0\n",
                   TH_E_RANGE, 6, "lớn hơn của khóa trước");
    expect_refused("log_keys: tonghop\nformat: 1\nkeys: []\n", TH_E_INVALID, 3, "từ 1 đến 32");
}

Test(keys_file, wrong_fields_are_refused_with_their_line)
{
    expect_refused(PLAIN KEY1 "    note: x\n", TH_E_INVALID, 6, "note");
    expect_refused(PLAIN KEY1 KEY2 "    succession: \"AAAA\"\n", TH_E_SYNTAX, 6, "không đúng dạng");
    expect_refused(PLAIN KEY1 KEY2 "    succession: \"AAA!\"\n", TH_E_INVALID, 8, "base64");
    expect_refused(PLAIN "  - vkey: abc\n    after: 0\n", TH_E_INVALID, 4, "khóa sổ");
    expect_refused(PLAIN "  - after: 0\n", TH_E_INVALID, 4, "vkey");
    expect_refused(PLAIN "  - vkey: \"" LOG
                         "1+c815dcec+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\"\n",
                   TH_E_INVALID, 4, "after");
    expect_refused(PLAIN "  - abc\n", TH_E_INVALID, 4, "");
    expect_refused("log_keys: tonghop\nformat: 2\nkeys: []\n", TH_E_INVALID, 2, "");
    expect_refused("server: tonghop\nformat: 1\n", TH_E_INVALID, 1, "log-keys.yaml");
}

Test(keys_file, more_keys_than_a_history_has_are_refused)
{
    static char text[8192];
    (void)strcpy(text, PLAIN);
    for (int i = 0; i <= TH_LOG_KEYS_MAX; i++)
        (void)strcat(text, KEY1);
    expect_refused(text, TH_E_LIMIT, 4, "từ 1 đến 32");
}

Test(keys_file, a_file_that_cannot_be_read_or_written_is_said)
{
    cr_assert_eq(th_keys_file_read(path, &problems, &keys), TH_E_NOT_FOUND);
    cr_assert_eq(th_problems_total(&problems), 1);
    cr_assert_eq(read_text(GOLDEN), 0);
    cr_assert_eq(th_keys_file_write("/tmp/th_keys_file_none/keys", &keys), TH_E_IO);
}
