/* SPDX-License-Identifier: Apache-2.0 */
/* What witnesses sign. The expected keys and signatures were made by another program (PyNaCl). */
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/cosignature.h"

#include <criterion/criterion.h>
#include <string.h>

#define LOG  "tonghop.gialai.gov.vn/log1"
#define NAME "so-noi-vu.gialai.gov.vn/witness"
#define DASH "\xe2\x80\x94 "
#define VKEY NAME "+e999a7f5+BMqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58"
#define NOTE                                                                                       \
    LOG "\n5\nNBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwE=\n\n" DASH LOG                           \
        " yBXc7EZCJppYXpxDFrMvYrt3MB7MnzbT4Tcwq0vwS4NaMSzWSnmtpIoUF8wtfOGJyCgvSotihZ93/"           \
        "GSon0iF5JHh"                                                                              \
        "TAE=\n"
#define LINE                                                                                       \
    DASH NAME " 6Zmn9QAAAABkGFDLisUYeV7Q3iNBMmVm7Nkp9/sk9zRAU7cDNZCe3DCvH8n5jT1q4KlVdOZQi3h6vjxuC" \
              "pob+uL8BYBnG17UbhHbCw==\n"
#define TIME INT64_C(1679315147)

static struct th_witness_signer witness;

static struct th_witness_signer a_witness(const char *name, uint8_t byte)
{
    struct th_witness_signer signer;
    uint8_t seed[TH_NOTE_SEED_SIZE];

    memset(seed, byte, sizeof seed);
    cr_assert_eq(th_witness_signer_init(name, seed, &signer), 0);
    return signer;
}

static void set_up(void)
{
    witness = a_witness(NAME, 4);
}

TestSuite(tlog_cosignature, .init = set_up);

static int verify(const char *note, size_t size, int64_t *ret_time)
{
    return th_tlog_cosignature_verify(note, size, &witness.key, ret_time);
}

Test(tlog_cosignature, a_key_has_the_text_that_others_compute)
{
    struct th_witness_key key;
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t length = 0;

    cr_assert_eq(th_witness_key_encode(&witness.key, sizeof text, text, &length), 0);
    cr_assert_str_eq(text, VKEY);
    cr_assert_eq(length, strlen(VKEY));
    cr_assert_eq(th_witness_key_encode(&witness.key, length, text, &length), TH_E_LIMIT);
    cr_assert_eq(th_witness_key_decode(VKEY, strlen(VKEY), &key), 0);
    cr_assert_eq(memcmp(&key, &witness.key, sizeof key), 0);
    cr_assert_eq(th_witness_key_init("a b", key.public_key, &key), TH_E_SYNTAX);
}

Test(tlog_cosignature, a_log_key_is_no_witness_key_and_the_other_way)
{
    static const char log_key[] = LOG "+c815dcec+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
    static const char other_id[] = NAME "+e999a7f6+BMqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58";
    struct th_witness_key key;
    struct th_vkey vkey;

    cr_assert_eq(th_witness_key_decode(log_key, strlen(log_key), &key), TH_E_VERSION);
    cr_assert_eq(th_tlog_vkey_decode(VKEY, strlen(VKEY), &vkey), TH_E_VERSION);
    cr_assert_eq(th_witness_key_decode(other_id, strlen(other_id), &key), TH_E_INVALID);
}

Test(tlog_cosignature, it_is_the_line_that_others_make)
{
    char note[sizeof NOTE + TH_COSIGNATURE_LINE_MAX];
    int64_t time_s = 77;
    size_t size = 77;

    (void)strcpy(note, NOTE);
    cr_assert_eq(
        th_tlog_cosign(note, strlen(NOTE), &witness, TIME, strlen(NOTE LINE) - 1, note, &size),
        TH_E_LIMIT);
    cr_assert_eq(size, 77);
    cr_assert_eq(th_tlog_cosign(note, strlen(NOTE), &witness, TIME, strlen(NOTE LINE), note, &size),
                 0);
    cr_assert_eq(size, strlen(NOTE LINE));
    cr_assert_eq(memcmp(note, NOTE LINE, size), 0);
    cr_assert_eq(verify(note, size, &time_s), 0);
    cr_assert_eq(time_s, TIME);
}

Test(tlog_cosignature, every_bit_of_text_and_line_matters)
{
    static const char note[] = NOTE LINE;
    static char changed[sizeof note];
    size_t text_size = (size_t)(strstr(note, "\n\n") + 1 - note);
    size_t line = strlen(NOTE);
    int64_t time_s = 77;

    for (size_t bit = 0; bit < strlen(note) * 8; bit++) {
        if (bit / 8 >= text_size && bit / 8 < line)
            continue; /* the log's line, which the witness does not sign */
        (void)strcpy(changed, note);
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
        cr_assert_neq(verify(changed, strlen(note), &time_s), 0, "bit %zu", bit);
    }
    cr_assert_eq(time_s, 77);
    cr_assert_eq(verify(note, strlen(note), &time_s), 0);
}

Test(tlog_cosignature, who_has_not_signed_is_told_apart)
{
    struct th_witness_signer other = a_witness(NAME, 5);
    int64_t time_s = 77;

    cr_assert_eq(verify(NOTE, strlen(NOTE), &time_s), TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_cosignature_verify(NOTE LINE, strlen(NOTE LINE), &other.key, &time_s),
                 TH_E_SIGNATURE);
    cr_assert_eq(verify("a\n", 2, &time_s), TH_E_SYNTAX);
    cr_assert_eq(time_s, 77);
}

Test(tlog_cosignature, a_witness_signs_once_and_several_may)
{
    struct th_witness_signer other = a_witness("other", 5);
    char note[4096] = NOTE LINE;
    static const char wrong[] = NOTE DASH NAME " 6Zmn9QAAAABkGFDLisUYeV7Q\n";
    int64_t time_s = 0;
    size_t size = strlen(note);

    cr_assert_eq(th_tlog_cosign(note, size, &witness, TIME + 1, sizeof note, note, &size),
                 TH_E_EXISTS);
    cr_assert_eq(th_tlog_cosign(wrong, strlen(wrong), &witness, TIME, sizeof note, note, &size),
                 TH_E_EXISTS);
    cr_assert_eq(th_tlog_cosign(note, size, &other, TIME + 1, sizeof note, note, &size), 0);
    cr_assert_eq(verify(note, size, &time_s), 0);
    cr_assert_eq(time_s, TIME);
    cr_assert_eq(th_tlog_cosignature_verify(note, size, &other.key, &time_s), 0);
    cr_assert_eq(time_s, TIME + 1);
}

/* The line of the witness at another time. */
static void a_line_at(int64_t time_s, char line[TH_COSIGNATURE_LINE_MAX + 1])
{
    char note[sizeof NOTE + TH_COSIGNATURE_LINE_MAX];
    size_t size = 0;

    cr_assert_eq(th_tlog_cosign(NOTE, strlen(NOTE), &witness, time_s, sizeof note, note, &size), 0);
    memcpy(line, note + strlen(NOTE), size - strlen(NOTE));
    line[size - strlen(NOTE)] = '\0';
}

Test(tlog_cosignature, the_latest_of_several_counts_and_all_have_to_be_right)
{
    char later[TH_COSIGNATURE_LINE_MAX + 1];
    char note[4096];
    int64_t time_s = 0;

    a_line_at(TIME + 60, later);
    (void)strcat(strcat(strcpy(note, NOTE), later), LINE);
    cr_assert_eq(verify(note, strlen(note), &time_s), 0);
    cr_assert_eq(time_s, TIME + 60);
    note[strlen(note) - 10] ^= 1;
    cr_assert_eq(verify(note, strlen(note), &time_s), TH_E_SIGNATURE);
}

Test(tlog_cosignature, a_line_of_the_witness_with_more_behind_the_signature_is_refused)
{
    static const char head[] = DASH NAME " ";
    uint8_t blob[4 + 8 + 64 + 3] = {0}; /* id, time, signature, and more */
    char note[4096] = NOTE;
    size_t size = 0;
    const size_t length = strlen(LINE) - strlen(head) - 1;

    cr_assert_eq(th_tlog_base64_decode(&LINE[strlen(head)], length, sizeof blob, blob, &size), 0);
    cr_assert_eq(size, sizeof blob - 3);
    for (size_t more = 0; more <= 3; more++) {
        char *at = note + strlen(NOTE);
        int64_t time_s = 77;
        at = strcpy(at, head) + strlen(head);
        th_tlog_base64_write(blob, size + more, at);
        (void)strcpy(at + th_tlog_base64_size(size + more), "\n");
        cr_assert_eq(verify(note, strlen(note), &time_s), more == 0 ? 0 : TH_E_SIGNATURE, "%zu",
                     more);
    }
}

Test(tlog_cosignature, times_have_a_range)
{
    static const int64_t times[] = {0, 1, INT64_MAX};
    char note[4096];
    size_t size = 0;

    cr_assert_eq(th_tlog_cosign(NOTE, strlen(NOTE), &witness, -1, sizeof note, note, &size),
                 TH_E_RANGE);
    for (size_t i = 0; i < 3; i++) {
        int64_t time_s = 77;

        cr_assert_eq(
            th_tlog_cosign(NOTE, strlen(NOTE), &witness, times[i], sizeof note, note, &size), 0);
        cr_assert_eq(verify(note, size, &time_s), 0);
        cr_assert_eq(time_s, times[i]);
    }
}

Test(tlog_cosignature, a_note_takes_sixteen_signatures)
{
    char note[8192] = NOTE;
    size_t size = strlen(NOTE);

    for (uint8_t i = 1; i < TH_NOTE_SIGNATURES_MAX; i++) {
        struct th_witness_signer other = a_witness("other", (uint8_t)(10 + i));

        cr_assert_eq(th_tlog_cosign(note, size, &other, TIME, sizeof note, note, &size), 0);
    }
    cr_assert_eq(th_tlog_cosign(note, size, &witness, TIME, sizeof note, note, &size), TH_E_LIMIT);
}

Test(tlog_cosignature, a_text_that_is_no_checkpoint_by_its_length_is_refused)
{
    static char note[TH_COSIGNED_TEXT_MAX + 1024];
    struct th_note_signer signer;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {1};
    size_t size = 0;
    int64_t time_s;

    cr_assert_eq(th_tlog_signer_init(LOG, seed, &signer), 0);
    for (size_t text_size = TH_COSIGNED_TEXT_MAX; text_size <= TH_COSIGNED_TEXT_MAX + 1;
         text_size++) {
        int rc = text_size <= TH_COSIGNED_TEXT_MAX ? 0 : TH_E_LIMIT;

        memset(note, 'a', text_size);
        note[text_size - 1] = '\n';
        cr_assert_eq(th_tlog_note_sign(note, text_size, &signer, sizeof note, note, &size), 0);
        cr_assert_eq(th_tlog_cosign(note, size, &witness, TIME, sizeof note, note, &size), rc);
        cr_assert_eq(verify(note, size, &time_s), rc == 0 ? 0 : TH_E_SIGNATURE);
    }
}

Test(tlog_cosignature, a_witness_never_speaks_for_the_log)
{
    /* The same secret as a log key and as a witness key, under the same name. */
    struct th_witness_signer same = a_witness(LOG, 1);
    struct th_note_signer log;
    struct th_witness_key as_witness;
    struct th_note opened;
    uint8_t seed[TH_NOTE_SEED_SIZE];
    char note[4096];
    size_t size = 0;
    int64_t time_s = 0;

    memset(seed, 1, sizeof seed);
    cr_assert_eq(th_tlog_signer_init(LOG, seed, &log), 0);
    cr_assert_arr_neq(log.vkey.id, same.key.id, 4);
    cr_assert_eq(th_tlog_cosignature_verify(NOTE, strlen(NOTE), &same.key, &time_s),
                 TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_cosign(NOTE, strlen(NOTE), &same, TIME, sizeof note, note, &size), 0);
    cr_assert_eq(th_tlog_note_verify(note, size, &log.vkey, 1, &opened), 0);
    cr_assert_eq(opened.signatures_n, 2);
    /* Only the cosignature, against the log's key, also when the id is made to be the same. */
    memmove(strstr(note, DASH), note + strlen(NOTE), size - strlen(NOTE));
    size -= strlen(NOTE) - (size_t)(strstr(NOTE, DASH) - &NOTE[0]);
    cr_assert_eq(th_tlog_cosignature_verify(note, size, &same.key, &time_s), 0);
    cr_assert_eq(th_tlog_note_verify(note, size, &log.vkey, 1, &opened), TH_E_SIGNATURE);
    memcpy(log.vkey.id, same.key.id, 4);
    cr_assert_eq(th_tlog_note_verify(note, size, &log.vkey, 1, &opened), TH_E_SIGNATURE);
    as_witness = same.key;
    memcpy(as_witness.id, (const uint8_t[]){0xc8, 0x15, 0xdc, 0xec}, 4);
    cr_assert_eq(th_tlog_cosignature_verify(NOTE, strlen(NOTE), &as_witness, &time_s),
                 TH_E_SIGNATURE);
}

/* The example of the specification (c2sp.org/tlog-cosignature); its keys are not published. */
Test(tlog_cosignature, the_example_of_the_specification_is_read)
{
    static const char example[] =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"
        "Xajj7h2fB2MPA3j2jxq2I=\n\n" DASH "example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
        "zyWE+xeMcTOAYQ8=\n" DASH "witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
        "qhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    static const uint8_t id[4] = {0x8d, 0x66, 0xcf, 0x3f};
    struct th_witness_signer other = a_witness("witness.example.com/w1", 6);
    struct th_note note;
    int64_t time_s = 77;
    char text[2048];
    size_t size = 0;

    cr_assert_eq(th_tlog_note_split(example, strlen(example), &note), 0);
    cr_assert_eq(note.signatures_n, 2);
    cr_assert_eq(th_tlog_cosign(example, strlen(example), &other, TIME, sizeof text, text, &size),
                 0); /* another key of that name: its line is not ours */
    cr_assert_eq(size - strlen(example), strlen(strstr(example, DASH "witness")));
    memcpy(other.key.id, id, sizeof id);
    cr_assert_eq(th_tlog_cosignature_verify(example, strlen(example), &other.key, &time_s),
                 TH_E_SIGNATURE);
}
