/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and signed notes. The expected signatures were made by another program (openssl pkeyutl). */
#include "proto/tlog/hash.h"
#include "proto/tlog/note.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME       "tonghop.gialai.gov.vn/log1"
#define VKEY       NAME "+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define LINE_START "\xe2\x80\x94 "
#define TEXT       "Một dòng.\n\nDòng nữa.\n"
#define SIGNATURE                                                                                  \
    "CfpHyCFw6d/IL2dMXCO/TBwaT4l3DrBmxYA6+TrXHUC5tped9t1pL8obS9LiGhQXfd2ZnwPVfhpuHk0L+2wJkeRP4AE="
#define LINE LINE_START NAME " " SIGNATURE "\n"
#define NOTE TEXT "\n" LINE

/* The key pair of RFC 8032, section 7.1, TEST 1. */
static const uint8_t seed[TH_NOTE_SEED_SIZE] = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

static struct th_note_signer a_signer(const char *name)
{
    struct th_note_signer signer;

    cr_assert_eq(th_tlog_signer_init(name, seed, &signer), 0);
    return signer;
}

static struct th_vkey a_vkey(const char *text)
{
    struct th_vkey vkey;

    cr_assert_eq(th_tlog_vkey_decode(text, strlen(text), &vkey), 0, "%s", text);
    return vkey;
}

static int split(const char *note)
{
    struct th_note opened;

    return th_tlog_note_split(note, strlen(note), &opened);
}

static int verify(const char *note)
{
    struct th_vkey vkey = a_vkey(VKEY);
    struct th_note opened;

    return th_tlog_note_verify(note, strlen(note), &vkey, 1, &opened);
}

Test(tlog_note, a_key_of_a_seed_has_the_text_that_others_compute)
{
    struct th_note_signer signer = a_signer(NAME);
    struct th_vkey vkey = a_vkey(VKEY);
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t length = 0;

    cr_assert_str_eq(vkey.name, NAME);
    cr_assert_eq(memcmp(vkey.public_key, signer.vkey.public_key, sizeof vkey.public_key), 0);
    cr_assert_eq(memcmp(vkey.id, signer.vkey.id, sizeof vkey.id), 0);
    cr_assert_eq(th_tlog_vkey_encode(&signer.vkey, sizeof text, text, &length), 0);
    cr_assert_str_eq(text, VKEY);
    cr_assert_eq(length, strlen(VKEY));
    cr_assert_eq(th_tlog_vkey_encode(&vkey, length + 1, text, &length), 0);
    cr_assert_eq(th_tlog_vkey_encode(&vkey, length, text, &length), TH_E_LIMIT);
}

Test(tlog_note, keys_are_the_same_when_name_and_key_are)
{
    struct th_vkey one = a_vkey(VKEY), name = one, key = one;

    cr_assert(th_tlog_vkey_equal(&one, &name));
    name.name[0] ^= 1;
    key.public_key[sizeof key.public_key - 1] ^= 1;
    cr_assert_not(th_tlog_vkey_equal(&one, &name));
    cr_assert_not(th_tlog_vkey_equal(&one, &key));
}

Test(tlog_note, a_key_that_is_not_right_is_refused)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"", TH_E_SYNTAX},
        {NAME, TH_E_SYNTAX},
        {NAME "+09fa47c8", TH_E_SYNTAX},
        {NAME "+09fa47c8+", TH_E_SYNTAX},
        {NAME "+9fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_SYNTAX},
        {"+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_SYNTAX},
        {"a b+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_SYNTAX},
        {"a\x01+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_TEXT},
        {NAME "+09fa47c9+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_INVALID},
        {NAME "+09FA47C8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_INVALID},
        {NAME "x+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_INVALID},
        {NAME "+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Eb", TH_E_INVALID},
        {NAME "+09fa47c8+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", TH_E_VERSION},
        {NAME "+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E=", TH_E_SYNTAX},
        {NAME "+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAA==", TH_E_SYNTAX},
        {VKEY "\n", TH_E_SYNTAX},
    };
    struct th_vkey vkey;

    memset(&vkey, 0xee, sizeof vkey);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(th_tlog_vkey_decode(cases[i].text, strlen(cases[i].text), &vkey), cases[i].rc,
                     "%s", cases[i].text);
    for (size_t i = 0; i < sizeof vkey; i++)
        cr_assert_eq(((uint8_t *)&vkey)[i], 0xee);
}

Test(tlog_note, a_name_has_no_space_no_plus_and_a_length)
{
    static const struct {
        const char *name;
        int rc;
    } cases[] = {
        {"sở-nội-vụ", 0},
        {"\xe2\x80\x8b", 0}, /* U+200B is not White_Space */
        {"", TH_E_SYNTAX},
        {"a b", TH_E_SYNTAX},
        {"a+b", TH_E_SYNTAX},
        {"a\n", TH_E_SYNTAX},
        {"a\xc2\xa0", TH_E_SYNTAX},
        {"\xc2\x85", TH_E_SYNTAX},
        {"\xe1\x9a\x80", TH_E_SYNTAX},
        {"a\xe2\x80\x80", TH_E_SYNTAX},
        {"\xe2\x80\x8a", TH_E_SYNTAX},
        {"\xe2\x80\xa8", TH_E_SYNTAX},
        {"\xe2\x80\xaf", TH_E_SYNTAX},
        {"\xe2\x81\x9f", TH_E_SYNTAX},
        {"\xe3\x80\x80", TH_E_SYNTAX},
        {"a\x1b", TH_E_TEXT},
        {"a\xff", TH_E_TEXT},
    };
    struct th_note_signer signer;
    char longest[TH_NOTE_NAME_MAX + 2];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(th_tlog_signer_init(cases[i].name, seed, &signer), cases[i].rc, "%zu", i);
    memset(longest, 'a', sizeof longest);
    longest[TH_NOTE_NAME_MAX + 1] = '\0';
    cr_assert_eq(th_tlog_signer_init(longest, seed, &signer), TH_E_LIMIT);
    longest[TH_NOTE_NAME_MAX] = '\0';
    cr_assert_eq(th_tlog_signer_init(longest, seed, &signer), 0);
    cr_assert_str_eq(signer.vkey.name, longest);
}

Test(tlog_note, a_note_of_the_longest_name_takes_the_line_that_is_promised)
{
    struct th_note_signer signer;
    char name[TH_NOTE_NAME_MAX + 1];
    char vkey_text[TH_NOTE_VKEY_TEXT_MAX + 1];
    char note[2 + 1 + TH_NOTE_LINE_MAX];
    struct th_note opened;
    size_t size = 0;

    memset(name, 'a', sizeof name);
    name[TH_NOTE_NAME_MAX] = '\0';
    signer = a_signer(name);
    cr_assert_eq(th_tlog_vkey_encode(&signer.vkey, sizeof vkey_text, vkey_text, &size), 0);
    cr_assert_eq(size, TH_NOTE_VKEY_TEXT_MAX);
    cr_assert_eq(th_tlog_note_sign("a\n", 2, &signer, sizeof note, note, &size), 0);
    cr_assert_eq(size, sizeof note);
    cr_assert_eq(th_tlog_note_verify(note, size, &signer.vkey, 1, &opened), 0);
}

Test(tlog_note, a_signer_leaves_no_secret_behind)
{
    struct th_note_signer signer = a_signer(NAME);

    th_tlog_signer_deinit(&signer);
    for (size_t i = 0; i < sizeof signer; i++)
        cr_assert_eq(((uint8_t *)&signer)[i], 0);
}

Test(tlog_note, a_text_is_signed_as_others_sign_it)
{
    struct th_note_signer signer = a_signer(NAME);
    char note[512];
    size_t size = 77;

    cr_assert_eq(th_tlog_note_sign(TEXT, strlen(TEXT), &signer, strlen(NOTE) - 1, note, &size),
                 TH_E_LIMIT);
    cr_assert_eq(size, 77);
    cr_assert_eq(th_tlog_note_sign(TEXT, strlen(TEXT), &signer, strlen(NOTE), note, &size), 0);
    cr_assert_eq(size, strlen(NOTE));
    cr_assert_eq(memcmp(note, NOTE, size), 0);
    memcpy(note, TEXT, strlen(TEXT)); /* in place */
    cr_assert_eq(th_tlog_note_sign(note, strlen(TEXT), &signer, sizeof note, note, &size), 0);
    cr_assert_eq(memcmp(note, NOTE, size), 0);
}

Test(tlog_note, a_signed_note_is_taken_apart)
{
    struct th_vkey vkey = a_vkey(VKEY);
    struct th_note note;

    cr_assert_eq(th_tlog_note_split(NOTE, strlen(NOTE), &note), 0);
    cr_assert_eq(note.verified, 0);
    cr_assert_eq(th_tlog_note_verify(NOTE, strlen(NOTE), &vkey, 1, &note), 0);
    cr_assert_eq(note.verified, 1);
    cr_assert_eq(note.signatures_n, 1);
    cr_assert_eq(note.text_size, strlen(TEXT));
    cr_assert_eq(memcmp(note.text, TEXT, note.text_size), 0);
    cr_assert_eq(note.signatures_size, strlen(LINE));
    cr_assert_eq(memcmp(note.signatures, LINE, note.signatures_size), 0);
}

Test(tlog_note, every_bit_of_a_note_matters)
{
    struct th_vkey vkey = a_vkey(VKEY);
    char note[sizeof NOTE] = NOTE;
    struct th_note opened = {.signatures_n = 77};

    for (size_t bit = 0; bit < strlen(NOTE) * 8; bit++) {
        note[bit / 8] ^= (char)(1 << bit % 8);
        cr_assert_lt(th_tlog_note_verify(note, strlen(NOTE), &vkey, 1, &opened), 0, "%zu", bit);
        note[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < strlen(NOTE); size++)
        cr_assert_lt(th_tlog_note_verify(note, size, &vkey, 1, &opened), 0, "%zu", size);
    cr_assert_eq(opened.signatures_n, 77);
    cr_assert_eq(verify(note), 0);
}

Test(tlog_note, a_note_in_another_form_is_refused)
{
    static const struct {
        const char *note;
        int rc;
    } cases[] = {
        {"", TH_E_SYNTAX},
        {TEXT, TH_E_SYNTAX},
        {"a\n", TH_E_SYNTAX},
        {"a\n\n", TH_E_SYNTAX},
        {"\n" LINE, TH_E_SYNTAX},
        {"a\n" LINE, TH_E_SYNTAX},
        {"a\n\n" LINE "\n", TH_E_SYNTAX},
        {"a\n\n" LINE "more\n", TH_E_SYNTAX},
        {"a\n\nmore\n" LINE, TH_E_SYNTAX},
        {"a\n\n" LINE_START NAME " " SIGNATURE, TH_E_SYNTAX},
        {"a\n\n- " NAME " " SIGNATURE "\n", TH_E_SYNTAX},
        {"a\n\n" LINE_START SIGNATURE "\n", TH_E_SYNTAX},
        {"a\n\n" LINE_START " " SIGNATURE "\n", TH_E_SYNTAX},
        {"a\n\n" LINE_START "a+b " SIGNATURE "\n", TH_E_SYNTAX},
        {"a\n\n" LINE_START "a  " SIGNATURE "\n", TH_E_SYNTAX},
        {"a\n\n" LINE_START "a " SIGNATURE " \n", TH_E_SYNTAX},
        {"a\n\n" LINE_START "a \n", TH_E_SYNTAX},
        {"a\n\n" LINE_START "a AAAAAA==\n", TH_E_SYNTAX}, /* four bytes: an id alone */
        {"a\n\n" LINE_START "a AAAAAAA=\n", 0},
        {"a\n\n" LINE_START "a AAAAAAB=\n", TH_E_SYNTAX},
        {"a\r\n\n" LINE, TH_E_TEXT},
        {"a\tb\n\n" LINE, TH_E_TEXT},
        {"a\xff\n\n" LINE, TH_E_TEXT},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(split(cases[i].note), cases[i].rc, "case %zu", i);
}

Test(tlog_note, text_is_utf_8_without_control_characters)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"\x7f\n", 0},
        {"\xc2\x80\n", 0},
        {"\xe0\xa0\x80\n", 0},
        {"\xed\x9f\xbf\n", 0},
        {"\xee\x80\x80\n", 0},
        {"\xf0\x90\x80\x80\n", 0},
        {"\xf4\x8f\xbf\xbf\n", 0},
        {"\x1f\n", TH_E_TEXT},
        {"\x80\n", TH_E_TEXT},
        {"\xc1\xbf\n", TH_E_TEXT},         /* overlong */
        {"\xe0\x9f\xbf\n", TH_E_TEXT},     /* overlong */
        {"\xf0\x8f\xbf\xbf\n", TH_E_TEXT}, /* overlong */
        {"\xed\xa0\x80\n", TH_E_TEXT},     /* surrogates */
        {"\xed\xbf\xbf\n", TH_E_TEXT},
        {"\xf4\x90\x80\x80\n", TH_E_TEXT}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80\n", TH_E_TEXT},
        {"\xc3\n", TH_E_TEXT},
        {"\xe1\xbb\n", TH_E_TEXT},
        {"\xf0\x90\x80\n", TH_E_TEXT},
        {"a", TH_E_SYNTAX},
        {"", TH_E_SYNTAX},
    };
    char *most = malloc(TH_NOTE_SIZE_MAX + 1);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(th_tlog_note_check_text(cases[i].text, strlen(cases[i].text)), cases[i].rc,
                     "case %zu", i);
    cr_assert_eq(th_tlog_note_check_text("a\0b\n", 4), TH_E_TEXT);
    cr_assert_not_null(most);
    memset(most, '\n', TH_NOTE_SIZE_MAX + 1);
    cr_assert_eq(th_tlog_note_check_text(most, TH_NOTE_SIZE_MAX), 0);
    cr_assert_eq(th_tlog_note_check_text(most, TH_NOTE_SIZE_MAX + 1), TH_E_LIMIT);
    free(most);
}

/* A line by `name` with an id and a signature of zeros; `size` bytes in all. */
static void add_line(char *note, const char *name, size_t size)
{
    static uint8_t zeros[TH_NOTE_SIGNATURE_MAX + 1];
    static char text[2 * TH_NOTE_SIGNATURE_MAX];
    size_t length = 0;

    cr_assert_eq(th_tlog_base64_encode(zeros, size, sizeof text, text, &length), 0);
    (void)sprintf(note + strlen(note), LINE_START "%s %s\n", name, text);
}

Test(tlog_note, signatures_by_unknown_keys_are_passed_over)
{
    static char note[65536];

    (void)strcpy(note, TEXT "\n");
    add_line(note, NAME, 68); /* our name, another id */
    add_line(note, "chứng-kiến.example", 4 + 72);
    add_line(note, "post-quantum.example", TH_NOTE_SIGNATURE_MAX);
    cr_assert_eq(split(note), 0);
    cr_assert_eq(verify(note), TH_E_SIGNATURE);
    (void)strcat(note, LINE_START "x " SIGNATURE "\n"); /* our id, another name */
    cr_assert_eq(verify(note), TH_E_SIGNATURE);
    (void)strcat(note, LINE);
    cr_assert_eq(verify(note), 0);
    add_line(note, "too-long.example", TH_NOTE_SIGNATURE_MAX + 1);
    cr_assert_eq(verify(note), TH_E_LIMIT);
}

Test(tlog_note, sixteen_signatures_are_read_and_no_more)
{
    static char note[65536];

    (void)strcpy(note, NOTE);
    for (size_t i = 1; i < TH_NOTE_SIGNATURES_MAX; i++)
        add_line(note, "other.example", 68);
    cr_assert_eq(verify(note), 0);
    add_line(note, "other.example", 68);
    cr_assert_eq(verify(note), TH_E_LIMIT);
}

Test(tlog_note, a_wrong_signature_by_a_known_key_spoils_the_note)
{
    static char note[4096];
    struct th_vkey vkey = a_vkey(VKEY);
    uint8_t blob[68] = {0};
    size_t size = 0;

    (void)strcpy(note, NOTE LINE); /* twice the same: still one key */
    cr_assert_eq(verify(note), 0);
    memcpy(blob, vkey.id, sizeof vkey.id);
    (void)sprintf(note, "%s%s%s ", NOTE, LINE_START, NAME);
    cr_assert_eq(th_tlog_base64_encode(blob, sizeof blob, 100, note + strlen(note), &size), 0);
    (void)strcat(note, "\n");
    cr_assert_eq(split(note), 0);
    cr_assert_eq(verify(note), TH_E_SIGNATURE);
    (void)sprintf(note, "%s%s%s ", NOTE, LINE_START, NAME);
    cr_assert_eq(th_tlog_base64_encode(blob, 67, 100, note + strlen(note), &size), 0);
    (void)strcat(note, "\n");
    cr_assert_eq(verify(note), TH_E_SIGNATURE);
}

Test(tlog_note, it_is_told_which_of_several_keys_have_signed)
{
    struct th_note_signer other = a_signer("other.example");
    struct th_vkey vkeys[TH_NOTE_VKEYS_MAX + 1];
    struct th_note note;

    for (size_t i = 0; i <= TH_NOTE_VKEYS_MAX; i++)
        vkeys[i] = other.vkey;
    vkeys[63] = a_vkey(VKEY);
    cr_assert_eq(th_tlog_note_verify(NOTE, strlen(NOTE), vkeys, 64, &note), 0);
    cr_assert_eq(note.verified, (uint64_t)1 << 63);
    cr_assert_eq(th_tlog_note_verify(NOTE, strlen(NOTE), vkeys, 65, &note), TH_E_LIMIT);
    cr_assert_eq(th_tlog_note_verify(NOTE, strlen(NOTE), NULL, 0, &note), TH_E_SIGNATURE);
    vkeys[0] = vkeys[63];
    cr_assert_eq(th_tlog_note_verify(NOTE, strlen(NOTE), vkeys, 64, &note), TH_E_AMBIGUOUS);
}

static json_t *load(const char *name)
{
    const char *folder = getenv("TH_SHARED_DATA");
    char path[4096];
    json_t *object;

    (void)snprintf(path, sizeof path, "%s/merkle/%s", folder ? folder : "../shared/data", name);
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there", path);
    object = json_load_file(path, 0, NULL);
    cr_assert_not_null(object, "%s", path);
    return object;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    cr_assert_not_null(text, "%s", name);
    return text;
}

static void run_open_case(const json_t *object)
{
    static uint8_t note[65536];
    const json_t *verifiers = json_object_get(object, "verifiers");
    const char *message = text_of(object, "msg_b64");
    struct th_vkey vkeys[8];
    struct th_note opened;
    size_t size = 0;
    int rc;

    cr_assert_leq(json_array_size(verifiers), 8);
    for (size_t i = 0; i < json_array_size(verifiers); i++)
        vkeys[i] = a_vkey(json_string_value(json_array_get(verifiers, i)));
    cr_assert_eq(th_tlog_base64_decode(message, strlen(message), sizeof note, note, &size), 0);
    rc = th_tlog_note_verify((const char *)note, size, vkeys, json_array_size(verifiers), &opened);
    cr_assert_eq(rc == 0, json_is_true(json_object_get(object, "ok")), "%s",
                 text_of(object, "desc"));
    if (rc == 0)
        cr_assert_eq(__builtin_popcountll(opened.verified),
                     json_integer_value(json_object_get(object, "verified")));
}

Test(tlog_note, the_notes_of_the_go_checksum_database_are_decided_as_it_does)
{
    json_t *vectors = load("signed_note_vectors.json");
    const json_t *cases = json_object_get(vectors, "open_cases");
    const json_t *bad = json_object_get(vectors, "bad_verifier_keys");
    const char *private_key = text_of(vectors, "private_key");
    const char *text = text_of(vectors, "text");
    struct th_note_signer signer;
    uint8_t key[33];
    char note[1024];
    size_t size = 0;

    private_key += strlen(private_key) - 44; /* the base64 of the type and the seed */
    cr_assert_eq(th_tlog_base64_decode(private_key, 44, sizeof key, key, &size), 0);
    cr_assert_eq(th_tlog_signer_init("PeterNeumann", key + 1, &signer), 0);
    cr_assert_eq(th_tlog_note_sign(text, strlen(text), &signer, sizeof note, note, &size), 0);
    cr_assert_eq(size, strlen(text_of(vectors, "signed_note")));
    cr_assert_eq(memcmp(note, text_of(vectors, "signed_note"), size), 0);
    cr_assert_eq(json_array_size(bad), 2);
    for (size_t i = 0; i < json_array_size(bad); i++) {
        const char *vkey = json_string_value(json_array_get(bad, i));
        struct th_vkey decoded;

        cr_assert_lt(th_tlog_vkey_decode(vkey, strlen(vkey), &decoded), 0, "%s", vkey);
    }
    cr_assert_eq(json_array_size(cases), 15);
    for (size_t i = 0; i < json_array_size(cases); i++)
        run_open_case(json_array_get(cases, i));
    json_decref(vectors);
}
