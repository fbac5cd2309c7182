/* SPDX-License-Identifier: Apache-2.0 */
/* The offline receipt. Hashes and signature of the known one were made by other programs. */
#include "proto/tlog/proof.h"
#include "proto/tlog/prove.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN     "tonghop.gialai.gov.vn/log1"
#define VKEY       ORIGIN "+09fa47c8+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"
#define HASH       "WL0UluFoSqySAcLmh+565PUclqiw2B7zWDYouT0800U="
#define HASHES                                                                                     \
    HASH "\n/F9riP+FVPdbsvnm85wxsZNtRLaSdu33sSBalVuXYeM=\n"                                        \
         "gxFfiUeVX6/cKifn9MCFS72Nonuxs+NAXbVxya+Nvho=\n"
#define CHECKPOINT                                                                                 \
    ORIGIN "\n5\nNBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwE=\n\n\xe2\x80\x94 " ORIGIN " "         \
           "CfpHyEYH/eXlRARs1K1Opm+hDti1QFTdRyTY3e/ZPM4VtLfsky9znlSXohkxmL348urvbUb/8NYr8dwy16U7+" \
           "9K2UwE=\n"
#define PROOF FIRST_LINE "index 2\n" HASHES "\n" CHECKPOINT
#define LEAF  "leaf 2"

static struct th_vkey a_vkey(void)
{
    struct th_vkey vkey;

    cr_assert_eq(th_tlog_vkey_decode(VKEY, strlen(VKEY), &vkey), 0);
    return vkey;
}

static struct th_tlog_proof a_proof(const char *text)
{
    struct th_tlog_proof proof;

    cr_assert_eq(th_tlog_proof_parse(text, strlen(text), &proof), 0, "%s", text);
    return proof;
}

static int parse(const char *text)
{
    struct th_tlog_proof proof;

    return th_tlog_proof_parse(text, strlen(text), &proof);
}

static int verify(const struct th_tlog_proof *proof, const char *leaf)
{
    struct th_vkey vkey = a_vkey();
    struct th_checkpoint checkpoint;

    return th_tlog_proof_verify(proof, &vkey, 1, ORIGIN, leaf, strlen(leaf), &checkpoint);
}

Test(tlog_proof, a_receipt_shows_its_leaf_and_no_other)
{
    struct th_tlog_proof proof = a_proof(PROOF);
    struct th_vkey vkey = a_vkey();
    struct th_checkpoint checkpoint = {.size = 77};

    cr_assert_eq(proof.index, 2);
    cr_assert_eq(proof.hashes_n, 3);
    cr_assert_eq(proof.extra_size, 0);
    cr_assert_eq(proof.checkpoint_size, strlen(CHECKPOINT));
    cr_assert_eq(th_tlog_proof_verify(&proof, &vkey, 1, ORIGIN, "leaf 3", 6, &checkpoint),
                 TH_E_SIGNATURE);
    cr_assert_eq(checkpoint.size, 77);
    cr_assert_eq(th_tlog_proof_verify(&proof, &vkey, 1, ORIGIN, LEAF, 6, &checkpoint), 0);
    cr_assert_eq(checkpoint.size, 5);
    cr_assert_str_eq(checkpoint.origin, ORIGIN);
}

Test(tlog_proof, it_is_written_as_it_was_read)
{
    struct th_tlog_proof proof = a_proof(PROOF);
    char text[sizeof PROOF];
    size_t size = 77;

    memset(text, 'x', sizeof text);
    cr_assert_eq(th_tlog_proof_format(&proof, strlen(PROOF) - 1, text, &size), TH_E_LIMIT);
    cr_assert_eq(size, 77);
    cr_assert_eq(text[0], 'x');
    cr_assert_eq(th_tlog_proof_format(&proof, strlen(PROOF), text, &size), 0);
    cr_assert_eq(size, strlen(PROOF));
    cr_assert_eq(memcmp(text, PROOF, size), 0);
    cr_assert_eq(text[size], 'x');
}

Test(tlog_proof, places_of_every_length_come_back)
{
    static char text[TH_PROOF_TEXT_MAX];
    struct th_tlog_proof proof = a_proof(PROOF), back;
    static const char first[] = FIRST_LINE "index 9223372036854775806\n";
    size_t size = 0;

    for (uint64_t ten = 10; ten < TH_MERKLE_SIZE_MAX / 10; ten *= 10)
        for (proof.index = ten - 1; proof.index <= ten; proof.index++) {
            cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), 0);
            cr_assert_eq(th_tlog_proof_parse(text, size, &back), 0);
            cr_assert_eq(back.index, proof.index);
        }
    proof.index = TH_MERKLE_SIZE_MAX - 1;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), 0);
    cr_assert_eq(memcmp(text, first, strlen(first)), 0);
}

Test(tlog_proof, extra_data_of_every_size_come_back)
{
    static char text[TH_PROOF_TEXT_MAX];
    struct th_tlog_proof proof = a_proof(PROOF);
    struct th_tlog_proof back;
    size_t size = 0;

    for (size_t n = 0; n <= TH_PROOF_EXTRA_MAX; n += n < 200 ? 1 : 433) {
        for (size_t i = 0; i < n; i++)
            proof.extra[i] = (uint8_t)(i * 11 + n);
        proof.extra_size = n;
        cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), 0);
        cr_assert_eq(th_tlog_proof_parse(text, size, &back), 0);
        cr_assert_eq(back.extra_size, n);
        cr_assert_eq(memcmp(back.extra, proof.extra, n), 0);
        cr_assert_eq(verify(&back, LEAF), 0);
    }
    proof.extra_size = TH_PROOF_EXTRA_MAX;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), 0);
    proof.extra_size = TH_PROOF_EXTRA_MAX + 1;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), TH_E_LIMIT);
}

Test(tlog_proof, extra_data_above_the_limit_are_refused_on_reading)
{
    static uint8_t bytes[TH_PROOF_EXTRA_MAX + 1];
    static char extra[TH_PROOF_EXTRA_TEXT_MAX + 5];
    static char text[TH_PROOF_TEXT_MAX + 64];
    size_t length = 0;

    for (size_t n = TH_PROOF_EXTRA_MAX; n <= TH_PROOF_EXTRA_MAX + 1; n++) {
        cr_assert_eq(th_tlog_base64_encode(bytes, n, sizeof extra, extra, &length), 0);
        (void)snprintf(text, sizeof text, "%sextra %s\nindex 2\n%s\n%s", FIRST_LINE, extra, HASHES,
                       CHECKPOINT);
        cr_assert_eq(parse(text), n <= TH_PROOF_EXTRA_MAX ? 0 : TH_E_LIMIT);
    }
}

Test(tlog_proof, every_bit_of_a_receipt_matters)
{
    struct th_vkey vkey = a_vkey();
    struct th_checkpoint checkpoint;
    char text[sizeof PROOF] = PROOF;
    struct th_tlog_proof proof;

    for (size_t bit = 0; bit < strlen(PROOF) * 8; bit++) {
        int rc;

        text[bit / 8] ^= (char)(1 << bit % 8);
        rc = th_tlog_proof_parse(text, strlen(PROOF), &proof);
        if (rc == 0)
            rc = th_tlog_proof_verify(&proof, &vkey, 1, ORIGIN, LEAF, strlen(LEAF), &checkpoint);
        cr_assert_lt(rc, 0, "bit %zu", bit);
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < strlen(PROOF); size++)
        cr_assert_lt(th_tlog_proof_parse(text, size, &proof), 0, "%zu bytes", size);
}

Test(tlog_proof, another_form_is_refused)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"", TH_E_SYNTAX},
        {"c2sp.org/tlog-proof@v1", TH_E_SYNTAX},
        {FIRST_LINE, TH_E_SYNTAX},
        {FIRST_LINE "index 2\n", TH_E_SYNTAX},
        {FIRST_LINE "index 2\n\n", TH_E_SYNTAX},
        {FIRST_LINE "index 2\n\n" CHECKPOINT, 0},
        {"c2sp.org/tlog-proof@v2\nindex 2\n\n" CHECKPOINT, TH_E_VERSION},
        {"c2sp.org/tlog-proof@v11\nindex 2\n\n" CHECKPOINT, TH_E_VERSION},
        {"\nindex 2\n\n" CHECKPOINT, TH_E_VERSION},
        {FIRST_LINE "\nindex 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index \n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index  2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 02\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index -2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "Index 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 9223372036854775806\n\n" CHECKPOINT, 0},
        {FIRST_LINE "index 9223372036854775807\n\n" CHECKPOINT, TH_E_RANGE},
        {FIRST_LINE "index 99999999999999999999\n\n" CHECKPOINT, TH_E_RANGE},
        {FIRST_LINE "extra AAAA\nindex 2\n\n" CHECKPOINT, 0},
        {FIRST_LINE "extra \nindex 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "extra\nindex 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "extra AAA\nindex 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "extra AAAA\nextra AAAA\nindex 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\nextra AAAA\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\nindex 2\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\n" HASH "\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\n" HASH " \n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\n" HASH "\r\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\nAAAA\n\n" CHECKPOINT, TH_E_SYNTAX},
        {FIRST_LINE "index 2\n\n\n" CHECKPOINT, 0}, /* a note may begin with an empty line */
        {FIRST_LINE "index 2\n\n" ORIGIN "\n5\n" HASH "\n", TH_E_SYNTAX},
        {FIRST_LINE "index 2\n\n\xff" CHECKPOINT, TH_E_TEXT},
        {FIRST_LINE "index 2\n\n" CHECKPOINT "\n", TH_E_SYNTAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(parse(cases[i].text), cases[i].rc, "case %zu", i);
}

Test(tlog_proof, sixty_four_hashes_are_read_and_no_more)
{
    static char text[8192];
    struct th_tlog_proof proof;

    for (size_t n = TH_MERKLE_PROOF_MAX; n <= TH_MERKLE_PROOF_MAX + 1; n++) {
        (void)strcpy(text, FIRST_LINE "index 2\n");
        for (size_t i = 0; i < n; i++)
            (void)strcat(text, HASH "\n");
        (void)strcat(text, "\n" CHECKPOINT);
        cr_assert_eq(parse(text), n <= TH_MERKLE_PROOF_MAX ? 0 : TH_E_LIMIT);
        if (n > TH_MERKLE_PROOF_MAX)
            continue;
        proof = a_proof(text);
        cr_assert_eq(verify(&proof, LEAF), TH_E_SIGNATURE);
    }
    proof = a_proof(PROOF);
    proof.hashes_n = TH_MERKLE_PROOF_MAX + 1;
    cr_assert_eq(verify(&proof, LEAF), TH_E_RANGE);
}

Test(tlog_proof, a_receipt_of_another_place_key_or_log_is_refused)
{
    struct th_tlog_proof proof = a_proof(PROOF);
    struct th_vkey vkey = a_vkey();
    struct th_note_signer other;
    struct th_checkpoint checkpoint;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {1};

    cr_assert_eq(th_tlog_signer_init(ORIGIN, seed, &other), 0);
    cr_assert_eq(
        th_tlog_proof_verify(&proof, &vkey, 1, "tonghop.example/log", LEAF, 6, &checkpoint),
        TH_E_INVALID);
    cr_assert_eq(th_tlog_proof_verify(&proof, &vkey, 1, ORIGIN "/rehearsal", LEAF, 6, &checkpoint),
                 TH_E_INVALID);
    cr_assert_eq(th_tlog_proof_verify(&proof, &other.vkey, 1, ORIGIN, LEAF, 6, &checkpoint),
                 TH_E_SIGNATURE);
    cr_assert_eq(th_tlog_proof_verify(&proof, NULL, 0, ORIGIN, LEAF, 6, &checkpoint),
                 TH_E_SIGNATURE);
    for (uint64_t index = 0; index < 5; index++) {
        proof.index = index;
        cr_assert_eq(verify(&proof, LEAF), index == 2 ? 0 : TH_E_SIGNATURE);
    }
    proof.index = 5;
    cr_assert_eq(verify(&proof, LEAF), TH_E_RANGE);
}

Test(tlog_proof, the_extra_data_are_not_signed)
{
    struct th_tlog_proof proof = a_proof(FIRST_LINE "extra AAAA\nindex 2\n" HASHES "\n" CHECKPOINT);

    cr_assert_eq(proof.extra_size, 3);
    cr_assert_eq(verify(&proof, LEAF), 0);
}

Test(tlog_proof, what_could_not_be_read_again_is_not_written)
{
    static char text[TH_PROOF_TEXT_MAX];
    struct th_tlog_proof proof = a_proof(PROOF);
    size_t size = 77;

    proof.hashes_n = TH_MERKLE_PROOF_MAX + 1;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), TH_E_LIMIT);
    proof.hashes_n = 3;
    proof.index = TH_MERKLE_SIZE_MAX;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), TH_E_RANGE);
    proof.index = 2;
    proof.checkpoint_size--;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), TH_E_SYNTAX);
    cr_assert_eq(size, 77);
}

/* A log of equal leaves, as large as one can be. */
static int same_get(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    struct th_digest hash;

    (void)context;
    (void)index;
    th_tlog_hash_leaf("", 0, &hash);
    for (unsigned i = 0; i < level; i++)
        th_tlog_hash_node(&hash, &hash, &hash);
    *ret_hash = hash;
    return 0;
}

Test(tlog_proof, the_longest_receipt_takes_no_more_than_is_promised)
{
    static char text[TH_PROOF_TEXT_MAX];
    const struct th_tlog_source source = {same_get, NULL};
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {7};
    struct th_checkpoint checkpoint = {.size = TH_MERKLE_SIZE_MAX};
    struct th_tlog_proof proof = {.index = 0, .extra_size = TH_PROOF_EXTRA_MAX};
    char note[TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX];
    struct th_note_signer signer;
    struct th_tlog_proof back;
    size_t size = 0;

    memset(checkpoint.origin, 'a', TH_CHECKPOINT_ORIGIN_MAX);
    cr_assert_eq(th_tlog_signer_init(checkpoint.origin, seed, &signer), 0);
    cr_assert_eq(th_tlog_root(&source, checkpoint.size, &checkpoint.root), 0);
    cr_assert_eq(
        th_tlog_prove_inclusion(&source, 0, checkpoint.size, proof.hashes, &proof.hashes_n), 0);
    cr_assert_eq(proof.hashes_n, 63);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &size), 0);
    cr_assert_eq(th_tlog_note_sign(note, size, &signer, sizeof note, note, &size), 0);
    proof.checkpoint = note;
    proof.checkpoint_size = size;
    cr_assert_eq(th_tlog_proof_format(&proof, sizeof text, text, &size), 0);
    cr_assert_eq(th_tlog_proof_parse(text, size, &back), 0);
    cr_assert_eq(
        th_tlog_proof_verify(&back, &signer.vkey, 1, checkpoint.origin, "", 0, &checkpoint), 0);
}
