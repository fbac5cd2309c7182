/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a log's keys. The notes were made by another program (PyNaCl). */
#include "proto/tlog/cosignature.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/log_keys.h"

#include <criterion/criterion.h>
#include <string.h>

#define LOG   "tonghop.gialai.gov.vn/log1"
#define LOG2  "tonghop.gialai.gov.vn/log2"
#define ROOT  "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I="
#define VKEY1 LOG "+c815dcec+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define VKEY2 LOG "+28d69f69+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define VKEY3 LOG2 "+68fa3aee+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR"
#define DASH  "\xe2\x80\x94 "
#define ROTATION_LINE                                                                              \
    DASH LOG " yBXc7CgS4qsxq4ihB+6Wo8yw7j4ClJDcMNsRIXiDf+1ptyJCP+wMiatDfaEt8ju7yG1yOS57gBD9BGdRdE" \
             "0+yGV/TA8=\n"
#define ROTATION_TEXT "tonghop log succession v1\n" LOG "\n100\n" ROOT "\n" VKEY2 "\n"
#define ROTATION      ROTATION_TEXT "\n" ROTATION_LINE
#define RECOVERY                                                                                   \
    "tonghop log succession v1\n" LOG "\n150\n" ROOT "\n" VKEY3 "\n\n" DASH LOG                    \
    " KNafaWhzooODMLJbtQIWTTS/gUJIrk+wLJpYtBC9GM32sBqoUr9l3o8KBkxSmyrHozDa5p0qQvZu9v9g1uLQycjovwY" \
    "=\n"

static struct th_note_signer signers[4]; /* seeds of 32 bytes 1, 2, 3 and 4 */
static struct th_log_keys keys;

static struct th_vkey a_vkey(const char *text)
{
    struct th_vkey vkey;

    cr_assert_eq(th_tlog_vkey_decode(text, strlen(text), &vkey), 0, "%s", text);
    return vkey;
}

static struct th_note_signer a_signer(const char *name, uint8_t byte)
{
    struct th_note_signer signer;
    uint8_t seed[TH_NOTE_SEED_SIZE];

    memset(seed, byte, sizeof seed);
    cr_assert_eq(th_tlog_signer_init(name, seed, &signer), 0);
    return signer;
}

static void set_up(void)
{
    struct th_vkey first = a_vkey(VKEY1);

    signers[0] = a_signer(LOG, 1);
    signers[1] = a_signer(LOG, 2);
    signers[2] = a_signer(LOG2, 3);
    signers[3] = a_signer(LOG2, 4);
    th_log_keys_begin(&first, &keys);
}

TestSuite(tlog_log_keys, .init = set_up);

static int succeed(const char *note)
{
    return th_log_keys_succeed(&keys, note, strlen(note));
}

static struct th_digest a_root(void)
{
    struct th_digest root;

    cr_assert_eq(th_tlog_digest_decode(ROOT, strlen(ROOT), &root), 0);
    return root;
}

/* Appends the next key, signed for by `signer`. */
static int succeed_by(const struct th_note_signer *signer, uint64_t after,
                      const struct th_vkey *next)
{
    struct th_digest root = a_root();
    char note[TH_SUCCESSION_SIZE_MAX];
    size_t size = 0;

    cr_assert_eq(th_tlog_succession_sign(signer, after, &root, next, sizeof note, note, &size), 0);
    return th_log_keys_succeed(&keys, note, size);
}

Test(tlog_log_keys, a_succession_is_the_note_that_others_make)
{
    struct th_digest root = a_root();
    char note[TH_SUCCESSION_SIZE_MAX];
    size_t size = 77;

    cr_assert_eq(th_tlog_succession_sign(&signers[0], 100, &root, &signers[1].vkey,
                                         strlen(ROTATION) - 1, note, &size),
                 TH_E_LIMIT);
    cr_assert_eq(size, 77);
    cr_assert_eq(th_tlog_succession_sign(&signers[0], 100, &root, &signers[1].vkey,
                                         strlen(ROTATION), note, &size),
                 0);
    cr_assert_eq(size, strlen(ROTATION));
    cr_assert_eq(memcmp(note, ROTATION, size), 0);
}

Test(tlog_log_keys, a_succession_says_from_where_and_to_which_key)
{
    struct th_succession succession;

    cr_assert_eq(th_tlog_succession_parse(ROTATION, strlen(ROTATION), &succession), 0);
    cr_assert_str_eq(succession.origin, LOG);
    cr_assert_eq(succession.after, 100);
    cr_assert_str_eq(succession.next.name, LOG);
    cr_assert_arr_eq(succession.next.public_key, signers[1].vkey.public_key, 32);
    cr_assert_eq(succession.root.bytes[0], 0x48);
}

Test(tlog_log_keys, the_longest_names_fit)
{
    char name[TH_NOTE_NAME_MAX + 1] = "";
    struct th_digest root = a_root();
    char note[TH_SUCCESSION_SIZE_MAX];
    struct th_succession succession;
    size_t size = 0;

    memset(name, 'a', TH_NOTE_NAME_MAX);
    signers[0] = a_signer(name, 1);
    signers[1] = a_signer(name, 2);
    cr_assert_eq(th_tlog_succession_sign(&signers[0], TH_MERKLE_SIZE_MAX, &root, &signers[1].vkey,
                                         sizeof note, note, &size),
                 0);
    cr_assert_geq(size, TH_SUCCESSION_SIZE_MAX - 2); /* 2^63 - 1 has 19 digits, not 20; no NUL */
    cr_assert_eq(th_tlog_succession_parse(note, size, &succession), 0);
    cr_assert_eq(succession.after, TH_MERKLE_SIZE_MAX);
}

Test(tlog_log_keys, a_key_does_not_name_itself_and_a_tree_has_a_size)
{
    struct th_note_signer renamed = a_signer("other", 1);
    struct th_digest root = a_root();
    char note[TH_SUCCESSION_SIZE_MAX];
    size_t size = 0;

    cr_assert_eq(
        th_tlog_succession_sign(&signers[0], 1, &root, &signers[0].vkey, sizeof note, note, &size),
        TH_E_INVALID);
    cr_assert_eq(
        th_tlog_succession_sign(&signers[0], 1, &root, &renamed.vkey, sizeof note, note, &size),
        TH_E_INVALID);
    cr_assert_eq(th_tlog_succession_sign(&signers[0], TH_MERKLE_SIZE_MAX + 1, &root,
                                         &signers[1].vkey, sizeof note, note, &size),
                 TH_E_RANGE);
}

Test(tlog_log_keys, another_form_is_refused)
{
    static const struct {
        const char *note;
        int rc;
    } cases[] = {
        {"", TH_E_SYNTAX},
        {ROTATION_TEXT, TH_E_SYNTAX},
        {ROTATION ROTATION_LINE, TH_E_SYNTAX},
        {"tonghop log succession v2\n" LOG "\n100\n" ROOT "\n" VKEY2 "\n\n" ROTATION_LINE,
         TH_E_VERSION},
        {"tonghop log succession v1 \n" LOG "\n100\n" ROOT "\n" VKEY2 "\n\n" ROTATION_LINE,
         TH_E_VERSION},
        {LOG "\n100\n" ROOT "\n\n" ROTATION_LINE, TH_E_VERSION},
        {"tonghop log succession v1\n\n100\n" ROOT "\n" VKEY2 "\n\n" ROTATION_LINE, TH_E_SYNTAX},
        {"tonghop log succession v1\n" LOG "\n0100\n" ROOT "\n" VKEY2 "\n\n" ROTATION_LINE,
         TH_E_SYNTAX},
        {"tonghop log succession v1\n" LOG "\n9223372036854775808\n" ROOT "\n" VKEY2
         "\n\n" ROTATION_LINE,
         TH_E_RANGE},
        {"tonghop log succession v1\n" LOG "\n100\nAAAA\n" VKEY2 "\n\n" ROTATION_LINE, TH_E_SYNTAX},
        {"tonghop log succession v1\n" LOG "\n100\n" ROOT "\n\n" ROTATION_LINE, TH_E_SYNTAX},
        {"tonghop log succession v1\n" LOG "\n100\n" ROOT "\nabc\n\n" ROTATION_LINE, TH_E_SYNTAX},
        {"tonghop log succession v1\n" LOG "\n100\n" ROOT "\n" LOG2
         "+28d69f69+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\n\n" ROTATION_LINE,
         TH_E_INVALID},
        {ROTATION_TEXT "more\n\n" ROTATION_LINE, TH_E_SYNTAX},
        {"a\xff" ROTATION, TH_E_TEXT},
    };
    struct th_succession succession;
    static char long_note[TH_SUCCESSION_SIZE_MAX + 2];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(th_tlog_succession_parse(cases[i].note, strlen(cases[i].note), &succession),
                     cases[i].rc, "case %zu", i);
    memset(long_note, 'a', sizeof long_note);
    cr_expect_eq(th_tlog_succession_parse(long_note, TH_SUCCESSION_SIZE_MAX + 1, &succession),
                 TH_E_LIMIT);
}

Test(tlog_log_keys, a_history_grows_by_rotation_and_recovery)
{
    cr_assert_eq(keys.count, 1);
    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(succeed(RECOVERY), 0);
    cr_assert_eq(keys.count, 3);
    cr_assert_eq(th_log_keys_current(&keys), &keys.items[2]);
    cr_assert_eq(keys.items[1].after, 100);
    cr_assert_eq(keys.items[1].succession_size, strlen(ROTATION));
    cr_assert_arr_eq(keys.items[1].succession, ROTATION, strlen(ROTATION));
    cr_assert_eq(keys.items[2].after, 150);
    cr_assert_str_eq(keys.items[2].vkey.name, LOG2);
    cr_assert(th_log_keys_has_origin(&keys, LOG));
    cr_assert(th_log_keys_has_origin(&keys, LOG2));
    cr_assert_not(th_log_keys_has_origin(&keys, "tonghop.gialai.gov.vn/log"));
}

Test(tlog_log_keys, origin_and_size_say_which_key_signed)
{
    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(succeed(RECOVERY), 0);
    cr_assert_null(th_log_keys_find(&keys, LOG, 0));
    cr_assert_eq(th_log_keys_find(&keys, LOG, 1), &keys.items[0]);
    cr_assert_eq(th_log_keys_find(&keys, LOG, 100), &keys.items[0]);
    cr_assert_eq(th_log_keys_find(&keys, LOG, 101), &keys.items[1]);
    cr_assert_eq(th_log_keys_find(&keys, LOG, UINT64_MAX), &keys.items[1]); /* what was lost */
    cr_assert_null(th_log_keys_find(&keys, LOG2, 150));
    cr_assert_eq(th_log_keys_find(&keys, LOG2, 151), &keys.items[2]);
    cr_assert_null(th_log_keys_find(&keys, "", 1));
}

Test(tlog_log_keys, only_the_current_key_names_the_next)
{
    struct th_log_keys before = keys;
    static char changed[sizeof ROTATION];

    cr_assert_eq(succeed(RECOVERY), TH_E_SIGNATURE); /* signed by a key that is not there yet */
    cr_assert_eq(succeed_by(&signers[3], 1, &signers[1].vkey), TH_E_SIGNATURE);
    cr_assert_eq(memcmp(&keys, &before, sizeof keys), 0);
    for (size_t bit = 0; bit < strlen(ROTATION) * 8; bit++) {
        (void)strcpy(changed, ROTATION);
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
        cr_assert_neq(th_log_keys_succeed(&keys, changed, strlen(ROTATION)), 0, "bit %zu", bit);
    }
    cr_assert_eq(memcmp(&keys, &before, sizeof keys), 0);
    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(succeed_by(&signers[0], 200, &signers[2].vkey), TH_E_SIGNATURE);
    cr_assert_eq(keys.count, 2);
}

Test(tlog_log_keys, a_note_that_speaks_for_another_origin_is_refused)
{
    static const char text[] = "tonghop log succession v1\n" LOG2 "\n100\n" ROOT "\n" VKEY2 "\n";
    char note[TH_SUCCESSION_SIZE_MAX];
    size_t size = 0;

    cr_assert_eq(th_tlog_note_sign(text, strlen(text), &signers[0], sizeof note, note, &size), 0);
    cr_assert_eq(th_log_keys_succeed(&keys, note, size), TH_E_SIGNATURE);
}

Test(tlog_log_keys, a_key_or_a_log_does_not_come_back)
{
    struct th_note_signer again = a_signer(LOG2, 1);
    struct th_note_signer fourth = a_signer(LOG, 4);

    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(th_log_keys_vouch(&keys, &signers[0].vkey, 120), TH_E_EXISTS);
    cr_assert_eq(th_log_keys_vouch(&keys, &again.vkey, 120), TH_E_EXISTS);
    cr_assert_eq(succeed(RECOVERY), 0);
    cr_assert_eq(succeed_by(&signers[2], 200, &signers[1].vkey), TH_E_EXISTS);
    cr_assert_eq(succeed_by(&signers[2], 200, &fourth.vkey), TH_E_EXISTS); /* the first log */
    cr_assert_eq(keys.count, 3);
}

Test(tlog_log_keys, a_rotation_begins_after_its_predecessor_and_a_recovery_anywhere)
{
    struct th_note_signer other = a_signer(LOG, 9);

    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(th_log_keys_vouch(&keys, &other.vkey, 100), TH_E_RANGE);
    cr_assert_eq(th_log_keys_vouch(&keys, &signers[2].vkey, TH_MERKLE_SIZE_MAX + 1), TH_E_RANGE);
    cr_assert_eq(th_log_keys_vouch(&keys, &signers[2].vkey, 50), 0); /* an old copy was restored */
    cr_assert_eq(keys.items[2].succession_size, 0);
    cr_assert_eq(th_log_keys_find(&keys, LOG, 51), &keys.items[0]);
    cr_assert_eq(th_log_keys_find(&keys, LOG2, 51), &keys.items[2]);
    cr_assert_eq(th_log_keys_vouch(&keys, &signers[3].vkey, 50), TH_E_RANGE);
    cr_assert_eq(th_log_keys_vouch(&keys, &signers[3].vkey, 51), 0);
}

Test(tlog_log_keys, a_history_has_an_end)
{
    struct th_note_signer last = a_signer(LOG, 200);

    for (uint8_t i = 1; i < TH_LOG_KEYS_MAX; i++) {
        struct th_note_signer next = a_signer(LOG, (uint8_t)(100 + i));

        cr_assert_eq(th_log_keys_vouch(&keys, &next.vkey, i), 0);
    }
    cr_assert_eq(th_log_keys_vouch(&keys, &last.vkey, 1000), TH_E_LIMIT);
    cr_assert_eq(keys.count, TH_LOG_KEYS_MAX);
}

/* A checkpoint of the log, signed. Gives the size of the note. */
static size_t a_checkpoint(const struct th_note_signer *signer, const char *origin, uint64_t size,
                           char note[1024])
{
    struct th_checkpoint checkpoint = {.size = size, .root = a_root()};
    size_t note_size = 0;

    (void)strcpy(checkpoint.origin, origin);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, 1024, note, &note_size), 0);
    cr_assert_eq(th_tlog_note_sign(note, note_size, signer, 1024, note, &note_size), 0);
    return note_size;
}

static int verify(const struct th_note_signer *signer, const char *origin, uint64_t size)
{
    struct th_checkpoint checkpoint = {.size = 77};
    char note[1024];
    size_t note_size = a_checkpoint(signer, origin, size, note);
    int rc = th_log_keys_verify(&keys, note, note_size, &checkpoint);

    cr_assert_eq(checkpoint.size, rc == 0 ? size : 77);
    return rc;
}

Test(tlog_log_keys, a_checkpoint_is_verified_with_the_key_in_force)
{
    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(succeed(RECOVERY), 0);
    cr_expect_eq(verify(&signers[0], LOG, 100), 0);
    cr_expect_eq(verify(&signers[0], LOG, 101), TH_E_SIGNATURE);
    cr_expect_eq(verify(&signers[1], LOG, 100), TH_E_SIGNATURE);
    cr_expect_eq(verify(&signers[1], LOG, 101), 0);
    cr_expect_eq(verify(&signers[2], LOG2, 150), TH_E_SIGNATURE);
    cr_expect_eq(verify(&signers[2], LOG2, 151), 0);
    cr_expect_eq(verify(&signers[2], LOG, 151), TH_E_SIGNATURE);
    cr_expect_eq(verify(&signers[1], LOG2, 151), TH_E_SIGNATURE);
    cr_expect_eq(verify(&signers[0], "another", 5), TH_E_INVALID);
    cr_expect_eq(verify(&signers[0], LOG, 0), TH_E_SIGNATURE);
}

Test(tlog_log_keys, a_cosignature_changes_nothing_and_is_none_of_the_log)
{
    struct th_witness_signer witness;
    struct th_checkpoint checkpoint;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {5};
    char note[1024];
    size_t size = a_checkpoint(&signers[0], LOG, 7, note);

    cr_assert_eq(th_witness_signer_init(LOG, seed, &witness), 0);
    cr_assert_eq(th_tlog_cosign(note, size, &witness, 1, sizeof note, note, &size), 0);
    cr_assert_eq(th_log_keys_verify(&keys, note, size, &checkpoint), 0);
    size = a_checkpoint(&signers[3], LOG, 7, note);
    cr_assert_eq(th_tlog_cosign(note, size, &witness, 1, sizeof note, note, &size), 0);
    cr_assert_eq(th_log_keys_verify(&keys, note, size, &checkpoint), TH_E_SIGNATURE);
    cr_assert_eq(th_log_keys_verify(&keys, ROTATION, strlen(ROTATION), &checkpoint), TH_E_SYNTAX);
}

Test(tlog_log_keys, a_key_answers_for_what_it_signed_for_and_for_nothing_before)
{
    struct th_log_keys behind;
    struct th_vkey other = signers[3].vkey;

    cr_assert_eq(succeed(ROTATION), 0);
    cr_assert_eq(succeed_by(&signers[1], 150, &signers[2].vkey), 0);
    cr_assert_eq(th_log_keys_behind(&keys, &signers[1].vkey, &behind), 0);
    cr_assert_eq(behind.count, 2);
    cr_assert(th_tlog_vkey_equal(&behind.items[0].vkey, &signers[1].vkey));
    cr_assert_eq(behind.items[0].after, 0, "what it signed earlier is its own too");
    cr_assert_eq(behind.items[1].after, 150);
    cr_assert_eq(th_log_keys_behind(&keys, &other, &behind), TH_E_NOT_FOUND);
    cr_assert_eq(th_log_keys_vouch(&keys, &other, 200), 0);
    cr_assert_eq(th_log_keys_behind(&keys, &signers[0].vkey, &behind), 0);
    cr_assert_eq(behind.count, 3, "nobody signed for the fourth");
}
