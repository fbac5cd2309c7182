/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a checkpoint: one form to write, nothing else to read. */
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORIGIN "tonghop.gialai.gov.vn/log1"
#define ROOT   "NBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwE="
#define TEXT   ORIGIN "\n5\n" ROOT "\n"

static struct th_checkpoint a_checkpoint(const char *origin, uint64_t size)
{
    struct th_checkpoint checkpoint = {.size = size};

    cr_assert_lt(strlen(origin), sizeof checkpoint.origin);
    (void)strcpy(checkpoint.origin, origin);
    cr_assert_eq(th_tlog_digest_decode(ROOT, strlen(ROOT), &checkpoint.root), 0);
    return checkpoint;
}

static int format(const struct th_checkpoint *checkpoint)
{
    char text[TH_CHECKPOINT_TEXT_MAX];
    size_t size = 0;

    return th_tlog_checkpoint_format(checkpoint, sizeof text, text, &size);
}

static int parse(const char *text)
{
    struct th_checkpoint checkpoint;

    return th_tlog_checkpoint_parse(text, strlen(text), &checkpoint);
}

Test(tlog_checkpoint, it_is_written_in_three_lines_and_read_again)
{
    struct th_checkpoint checkpoint = a_checkpoint(ORIGIN, 5);
    struct th_checkpoint back;
    char text[sizeof TEXT];
    size_t size = 77;

    memset(text, 'x', sizeof text);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, strlen(TEXT) - 1, text, &size), TH_E_LIMIT);
    cr_assert_eq(size, 77);
    cr_assert_eq(text[0], 'x');
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, strlen(TEXT), text, &size), 0);
    cr_assert_eq(size, strlen(TEXT));
    cr_assert_eq(memcmp(text, TEXT, size), 0);
    cr_assert_eq(text[size], 'x');
    cr_assert_eq(th_tlog_checkpoint_parse(text, size, &back), 0);
    cr_assert_str_eq(back.origin, ORIGIN);
    cr_assert_eq(back.size, 5);
    cr_assert(th_tlog_digest_equal(&back.root, &checkpoint.root));
}

Test(tlog_checkpoint, the_largest_one_takes_the_bytes_that_are_promised)
{
    struct th_checkpoint checkpoint = a_checkpoint("", TH_MERKLE_SIZE_MAX);
    struct th_checkpoint back;
    char text[TH_CHECKPOINT_TEXT_MAX];
    size_t size = 0;

    memset(checkpoint.origin, 'a', TH_CHECKPOINT_ORIGIN_MAX);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof text, text, &size), 0);
    cr_assert_eq(size, TH_CHECKPOINT_TEXT_MAX - 1); /* 2^63 - 1 has 19 digits, not 20 */
    cr_assert_eq(th_tlog_checkpoint_parse(text, size, &back), 0);
    cr_assert_eq(back.size, TH_MERKLE_SIZE_MAX);
    cr_assert_str_eq(back.origin, checkpoint.origin);
}

Test(tlog_checkpoint, what_could_not_be_read_again_is_not_written)
{
    struct th_checkpoint none = a_checkpoint("", 5);
    struct th_checkpoint two_lines = a_checkpoint("a\nb", 5);
    struct th_checkpoint control = a_checkpoint("a\tb", 5);
    struct th_checkpoint not_text = a_checkpoint("a\xff", 5);
    struct th_checkpoint too_large = a_checkpoint(ORIGIN, TH_MERKLE_SIZE_MAX + 1);

    cr_assert_eq(format(&none), TH_E_SYNTAX);
    cr_assert_eq(format(&two_lines), TH_E_SYNTAX);
    cr_assert_eq(format(&control), TH_E_TEXT);
    cr_assert_eq(format(&not_text), TH_E_TEXT);
    cr_assert_eq(format(&too_large), TH_E_RANGE);
}

Test(tlog_checkpoint, another_form_is_refused)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"", TH_E_SYNTAX},
        {"\n", TH_E_SYNTAX},
        {"a\n", TH_E_SYNTAX},
        {"a\n5\n", TH_E_SYNTAX},
        {"a\n5\n" ROOT, TH_E_SYNTAX},
        {"\n5\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n\n5\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n5\n\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n05\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n+5\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n-5\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n 5\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n5 \n" ROOT "\n", TH_E_SYNTAX},
        {"a\n0x5\n" ROOT "\n", TH_E_SYNTAX},
        {"a\n9223372036854775807\n" ROOT "\n", 0},
        {"a\n9223372036854775808\n" ROOT "\n", TH_E_RANGE},
        {"a\n99999999999999999999999\n" ROOT "\n", TH_E_RANGE},
        {"a\n5\nYmFuYW5hcw==\n", TH_E_SYNTAX},
        {"a\n5\nNBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwE\n", TH_E_SYNTAX},
        {"a\n5\nNBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwF=\n", TH_E_SYNTAX},
        {"a\n5\n" ROOT " \n", TH_E_SYNTAX},
        {"a\r\n5\n" ROOT "\n", TH_E_TEXT},
        {"a\xff\n5\n" ROOT "\n", TH_E_TEXT},
        {"a b\n0\n" ROOT "\n", 0}, /* an origin may have spaces */
        {"a\n5\n" ROOT "\nextension\nanother one\n", 0},
        {"a\n5\n" ROOT "\n\n", TH_E_SYNTAX},
        {"a\n5\n" ROOT "\nextension\n\nanother one\n", TH_E_SYNTAX},
        {"a\n5\n" ROOT "\nextension", TH_E_SYNTAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(parse(cases[i].text), cases[i].rc, "case %zu", i);
}

Test(tlog_checkpoint, an_origin_has_a_length)
{
    char text[TH_CHECKPOINT_ORIGIN_MAX + 1 + sizeof TEXT];
    struct th_checkpoint checkpoint = {.size = 77};

    memset(text, 'a', sizeof text);
    (void)strcpy(text + TH_CHECKPOINT_ORIGIN_MAX, "\n5\n" ROOT "\n");
    cr_assert_eq(parse(text), 0);
    (void)strcpy(text + TH_CHECKPOINT_ORIGIN_MAX, "a\n5\n" ROOT "\n");
    cr_assert_eq(th_tlog_checkpoint_parse(text, strlen(text), &checkpoint), TH_E_LIMIT);
    cr_assert_eq(checkpoint.size, 77);
}

Test(tlog_checkpoint, a_decimal_has_one_form)
{
    static const struct {
        const char *text;
        int rc;
        uint64_t value;
    } cases[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {"10", 0, 10},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", TH_E_RANGE, 77},
        {"18446744073709551620", TH_E_RANGE, 77},
        {"184467440737095516150", TH_E_RANGE, 77},
        {"", TH_E_SYNTAX, 77},
        {"00", TH_E_SYNTAX, 77},
        {"01", TH_E_SYNTAX, 77},
        {"1a", TH_E_SYNTAX, 77},
        {"99999999999999999999999a", TH_E_SYNTAX, 77},
        {"1/", TH_E_SYNTAX, 77},
        {"1:", TH_E_SYNTAX, 77},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 77;

        cr_assert_eq(th_tlog_decimal_decode(cases[i].text, strlen(cases[i].text), &value),
                     cases[i].rc, "%s", cases[i].text);
        cr_assert_eq(value, cases[i].value, "%s", cases[i].text);
    }
}

/* The example of the specification (c2sp.org/tlog-checkpoint); its public key is not published. */
Test(tlog_checkpoint, the_example_of_the_specification_is_read)
{
    static const char example[] =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\xe2\x80\x94 example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
        "zyWE+xeMcTOAYQ8=\n";
    struct th_checkpoint checkpoint;
    struct th_note note;

    cr_assert_eq(th_tlog_note_split(example, strlen(example), &note), 0);
    cr_assert_eq(th_tlog_checkpoint_parse(note.text, note.text_size, &checkpoint), 0);
    cr_assert_str_eq(checkpoint.origin, "example.com/behind-the-sofa");
    cr_assert_eq(checkpoint.size, 20852163);
    cr_assert_eq(checkpoint.root.bytes[0], 0x0a);
    cr_assert_eq(checkpoint.root.bytes[31], 0x62);
}

/* The parser of these cases takes hashes of any length: ours refuses them and reads a real one. */
static void run_good_case(const json_t *object)
{
    const char *raw = json_string_value(json_object_get(object, "raw"));
    const char *hash = json_string_value(json_object_get(object, "hash_b64"));
    const char *rest = json_string_value(json_object_get(object, "rest"));
    const char *place = strstr(raw, hash);
    struct th_checkpoint checkpoint;
    char text[1024];
    int length;
    int rc;

    cr_assert_not_null(place);
    cr_assert_eq(parse(raw), TH_E_SYNTAX, "%s", raw);
    length = snprintf(text, sizeof text, "%.*s%s%s", (int)(place - raw), raw, ROOT,
                      place + strlen(hash));
    rc = th_tlog_checkpoint_parse(text, (size_t)length, &checkpoint);
    cr_assert_eq(rc, rest[0] == '\n' ? TH_E_SYNTAX : 0, "%s", text); /* an empty extension */
    if (rc != 0)
        return;
    cr_assert_str_eq(checkpoint.origin, json_string_value(json_object_get(object, "origin")));
    cr_assert_eq(checkpoint.size, (uint64_t)json_integer_value(json_object_get(object, "size")));
}

Test(tlog_checkpoint, the_cases_of_transparency_dev_are_decided_as_c2sp_says)
{
    const char *folder = getenv("TH_SHARED_DATA");
    unsigned good_n = 0;
    char path[4096];
    json_t *vectors;
    const json_t *cases;

    (void)snprintf(path, sizeof path, "%s/merkle/checkpoint_vectors.json",
                   folder ? folder : "../shared/data");
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there", path);
    vectors = json_load_file(path, 0, NULL);
    cr_assert_not_null(vectors, "%s", path);
    cases = json_object_get(vectors, "cases");
    cr_assert_eq(json_array_size(cases), 12);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *object = json_array_get(cases, i);
        const char *raw = json_string_value(json_object_get(object, "raw"));

        if (json_is_true(json_object_get(object, "wantErr"))) {
            cr_assert_lt(parse(raw), 0, "%s", raw);
        } else {
            run_good_case(object);
            good_n++;
        }
    }
    cr_assert_eq(good_n, 5);
    json_decref(vectors);
}
