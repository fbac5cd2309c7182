/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, and the one form that base64 and hex are read in. */
#include "proto/tlog/hash.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct th_digest hex(const char *text)
{
    struct th_digest digest;

    cr_assert_eq(th_tlog_digest_from_hex(text, strlen(text), &digest), 0);
    return digest;
}

Test(tlog_hash, the_hash_of_the_empty_tree_and_leaf_are_those_of_rfc_6962)
{
    struct th_digest empty;
    struct th_digest leaf;
    char text[TH_DIGEST_HEX_SIZE + 1];

    th_tlog_hash_empty(&empty);
    th_tlog_digest_to_hex(&empty, text);
    cr_assert_str_eq(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    th_tlog_hash_leaf("", 0, &leaf);
    th_tlog_digest_to_hex(&leaf, text);
    cr_assert_str_eq(text, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    th_tlog_hash_leaf("L123456", 7, &leaf);
    th_tlog_digest_to_hex(&leaf, text);
    cr_assert_str_eq(text, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

Test(tlog_hash, the_parts_are_hashed_one_after_the_other)
{
    const struct th_tlog_part whole[] = {{"\x01N123N456", 9}};
    const struct th_tlog_part pieces[] = {{"\x01", 1}, {"N123", 4}, {NULL, 0}, {"N456", 4}};
    struct th_digest want = hex("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
    struct th_digest got;

    th_tlog_sha256(whole, 1, &got);
    cr_assert(th_tlog_digest_equal(&got, &want));
    th_tlog_sha256(pieces, 4, &got);
    cr_assert(th_tlog_digest_equal(&got, &want));
}

Test(tlog_hash, what_comes_piece_by_piece_is_hashed_as_a_whole)
{
    const struct th_digest want =
        hex("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
    struct th_tlog_hasher hasher;
    struct th_digest got, empty;

    th_tlog_hasher_init(&hasher);
    th_tlog_hasher_add(&hasher, "\x01", 1);
    th_tlog_hasher_add(&hasher, NULL, 0);
    th_tlog_hasher_add(&hasher, "N123N456", 8);
    th_tlog_hasher_end(&hasher, &got);
    cr_expect(th_tlog_digest_equal(&got, &want));
    th_tlog_hasher_init(&hasher);
    th_tlog_hasher_end(&hasher, &got);
    th_tlog_hash_empty(&empty);
    cr_expect(th_tlog_digest_equal(&got, &empty));
}

Test(tlog_hash, base64_of_every_size_comes_back)
{
    uint8_t bytes[600];
    uint8_t back[600];
    char text[801];
    size_t length = 0;
    size_t size = 0;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        cr_assert_eq(th_tlog_base64_encode(bytes, n, sizeof text, text, &length), 0);
        cr_assert_eq(length, strlen(text));
        cr_assert_eq(th_tlog_base64_decode(text, length, n, back, &size), 0);
        cr_assert_eq(size, n);
        cr_assert_eq(memcmp(back, bytes, n), 0);
        if (n > 0) {
            cr_assert_eq(th_tlog_base64_decode(text, length, n - 1, back, &size), TH_E_LIMIT);
            cr_assert_eq(th_tlog_base64_encode(bytes, n, length, text, &length), TH_E_LIMIT);
        }
    }
}

Test(tlog_hash, public_bytes_get_the_same_base64)
{
    uint8_t bytes[300];
    char want[402];
    char text[402];
    size_t length;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        cr_assert_eq(th_tlog_base64_encode(bytes, n, sizeof want, want, &length), 0);
        memset(text, '#', sizeof text);
        th_tlog_base64_write(bytes, n, text);
        cr_assert_str_eq(text, want);
    }
}

Test(tlog_hash, base64_in_another_form_is_refused_and_writes_nothing)
{
    static const char *const refused[] = {
        "AA",   "AA=",  "AB==",     "AAB=",  "A===",  "====", "AA==\n",
        "A A=", "AA-_", "AA==AAAA", "AAAAA", " AAAA", "AA=A"};
    char late[261];
    uint8_t bytes[300];
    size_t size = 77;

    memset(bytes, 0xee, sizeof bytes);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        cr_assert_eq(
            th_tlog_base64_decode(refused[i], strlen(refused[i]), sizeof bytes, bytes, &size),
            TH_E_SYNTAX, "%s", refused[i]);
    memset(late, 'A', sizeof late);
    memcpy(late + 256, "AB==", 5);
    cr_assert_eq(th_tlog_base64_decode(late, 260, sizeof bytes, bytes, &size), TH_E_SYNTAX);
    memcpy(late + 252, "AA==AAAA", 9);
    cr_assert_eq(th_tlog_base64_decode(late, 260, sizeof bytes, bytes, &size), TH_E_SYNTAX);
    cr_assert_eq(size, 77);
    for (size_t i = 0; i < sizeof bytes; i++)
        cr_assert_eq(bytes[i], 0xee);
}

Test(tlog_hash, a_digest_is_read_in_one_form_only)
{
    struct th_digest digest;
    struct th_digest back;
    char text[TH_DIGEST_BASE64_SIZE + 1];
    char digits[TH_DIGEST_HEX_SIZE + 1];

    th_tlog_hash_empty(&digest);
    th_tlog_digest_encode(&digest, text);
    cr_assert_str_eq(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    cr_assert_eq(th_tlog_digest_decode(text, 44, &back), 0);
    cr_assert(th_tlog_digest_equal(&digest, &back));
    cr_assert_eq(th_tlog_digest_decode(text, 43, &back), TH_E_SYNTAX);
    text[42] = 'V'; /* the two bits behind the last byte are not zero */
    cr_assert_eq(th_tlog_digest_decode(text, 44, &back), TH_E_SYNTAX);
    cr_assert_eq(th_tlog_digest_decode("AAAA", 4, &back), TH_E_SYNTAX);
    th_tlog_digest_to_hex(&digest, digits);
    cr_assert_eq(th_tlog_digest_from_hex(digits, 64, &back), 0);
    cr_assert_eq(th_tlog_digest_from_hex(digits, 62, &back), TH_E_SYNTAX);
    digits[0] = 'E';
    cr_assert_eq(th_tlog_digest_from_hex(digits, 64, &back), TH_E_SYNTAX);
}

#define THREADS_MAX 4

/* Counts the digests that are not the known one of 200 bytes, whole and in two pieces. */
static void *hash_often(void *ret_wrong_n)
{
    struct th_digest want = hex("1be63cc0bde6bd45dcbb205b96a7e699159348fd1b1360e13c27e12775618ac4");
    uint8_t bytes[200];
    unsigned *wrong_n = ret_wrong_n;

    memset(bytes, 'n', sizeof bytes);
    for (unsigned i = 0; i < 500; i++) {
        size_t cut = i % sizeof bytes;
        const struct th_tlog_part parts[] = {{bytes, cut}, {bytes + cut, sizeof bytes - cut}};
        struct th_digest got;

        th_tlog_sha256(parts, 2, &got);
        *wrong_n += !th_tlog_digest_equal(&got, &want);
    }
    return NULL;
}

Test(tlog_hash, threads_hash_at_the_same_time)
{
    pthread_t threads[THREADS_MAX];
    unsigned wrong_n[THREADS_MAX] = {0};

    for (size_t i = 0; i < THREADS_MAX; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, hash_often, &wrong_n[i]), 0);
    for (size_t i = 0; i < THREADS_MAX; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_assert_eq(wrong_n[i], 0);
    }
}
