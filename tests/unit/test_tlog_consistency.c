/* SPDX-License-Identifier: Apache-2.0 */
/* A consistency proof as text: one form. */
#include "proto/tlog/consistency.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH1 "WL0UluFoSqySAcLmh+565PUclqiw2B7zWDYouT0800U="
#define HASH2 "/F9riP+FVPdbsvnm85wxsZNtRLaSdu33sSBalVuXYeM="
#define TEXT  "old 7\n" HASH1 "\n" HASH2 "\n"

static int parse(const char *text)
{
    struct th_consistency proof;

    return th_tlog_consistency_parse(text, strlen(text), &proof);
}

static struct th_consistency a_proof(void)
{
    struct th_consistency proof;

    cr_assert_eq(th_tlog_consistency_parse(TEXT, strlen(TEXT), &proof), 0);
    return proof;
}

Test(tlog_consistency, it_is_written_as_it_was_read)
{
    struct th_consistency proof = a_proof();
    char text[sizeof TEXT];
    size_t size = 77;

    cr_assert_eq(proof.old_size, 7);
    cr_assert_eq(proof.hashes_n, 2);
    cr_assert_eq(proof.hashes[0].bytes[0], 0x58);
    cr_assert_eq(proof.hashes[1].bytes[0], 0xfc);
    memset(text, 'x', sizeof text);
    cr_assert_eq(th_tlog_consistency_format(&proof, strlen(TEXT) - 1, text, &size), TH_E_LIMIT);
    cr_assert_eq(size, 77);
    cr_assert_eq(text[0], 'x');
    cr_assert_eq(th_tlog_consistency_format(&proof, strlen(TEXT), text, &size), 0);
    cr_assert_eq(size, strlen(TEXT));
    cr_assert_eq(memcmp(text, TEXT, size), 0);
    cr_assert_eq(text[size], 'x');
}

Test(tlog_consistency, the_longest_one_takes_the_bytes_that_are_promised)
{
    struct th_consistency proof = {.old_size = TH_MERKLE_SIZE_MAX, .hashes_n = TH_MERKLE_PROOF_MAX};
    struct th_consistency back;
    char text[TH_CONSISTENCY_TEXT_MAX + TH_DIGEST_BASE64_SIZE + 2];
    size_t size = 0;

    for (size_t i = 0; i < TH_MERKLE_PROOF_MAX; i++)
        memset(proof.hashes[i].bytes, (int)i, TH_DIGEST_SIZE);
    cr_assert_eq(th_tlog_consistency_format(&proof, TH_CONSISTENCY_TEXT_MAX, text, &size), 0);
    cr_assert_eq(size, TH_CONSISTENCY_TEXT_MAX - 1); /* 2^63 - 1 has 19 digits, not 20 */
    cr_assert_eq(th_tlog_consistency_parse(text, size, &back), 0);
    cr_assert_eq(memcmp(&back, &proof, sizeof back), 0);
    memcpy(text + size, HASH1 "\n", TH_DIGEST_BASE64_SIZE + 1);
    cr_assert_eq(th_tlog_consistency_parse(text, size + TH_DIGEST_BASE64_SIZE + 1, &back),
                 TH_E_LIMIT);
}

Test(tlog_consistency, what_could_not_be_read_again_is_not_written)
{
    struct th_consistency proof = a_proof();
    char text[TH_CONSISTENCY_TEXT_MAX];
    size_t size = 0;

    proof.hashes_n = TH_MERKLE_PROOF_MAX + 1;
    cr_assert_eq(th_tlog_consistency_format(&proof, sizeof text, text, &size), TH_E_LIMIT);
    proof = a_proof();
    proof.old_size = TH_MERKLE_SIZE_MAX + 1;
    cr_assert_eq(th_tlog_consistency_format(&proof, sizeof text, text, &size), TH_E_RANGE);
    proof.old_size = 0;
    cr_assert_eq(th_tlog_consistency_format(&proof, sizeof text, text, &size), TH_E_INVALID);
    proof.hashes_n = 0;
    cr_assert_eq(th_tlog_consistency_format(&proof, sizeof text, text, &size), 0);
    cr_assert_eq(memcmp(text, "old 0\n", size), 0);
}

Test(tlog_consistency, another_form_is_refused)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"old 0\n", 0},
        {"old 7\n", 0}, /* of a tree to itself */
        {"", TH_E_SYNTAX},
        {"\n", TH_E_SYNTAX},
        {"old 7", TH_E_SYNTAX},
        {"old\n", TH_E_SYNTAX},
        {"old \n", TH_E_SYNTAX},
        {"old 07\n", TH_E_SYNTAX},
        {"old  7\n", TH_E_SYNTAX},
        {"old 7 \n", TH_E_SYNTAX},
        {"Old 7\n", TH_E_SYNTAX},
        {"old -1\n", TH_E_SYNTAX},
        {"old 9223372036854775807\n", 0},
        {"old 9223372036854775808\n", TH_E_RANGE},
        {"old 18446744073709551616\n", TH_E_RANGE},
        {"old 0\n" HASH1 "\n", TH_E_INVALID},
        {"old 7\n" HASH1, TH_E_SYNTAX},
        {"old 7\n\n", TH_E_SYNTAX},
        {"old 7\n" HASH1 "\n\n", TH_E_SYNTAX},
        {"old 7\n\n" HASH1 "\n", TH_E_SYNTAX},
        {"old 7\n" HASH1 "\r\n", TH_E_SYNTAX},
        {"old 7\nYmFuYW5hcw==\n", TH_E_SYNTAX},
        {"old 7\nWL0UluFoSqySAcLmh+565PUclqiw2B7zWDYouT0800V=\n", TH_E_SYNTAX},
        {"old 7\nold 8\n", TH_E_SYNTAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(parse(cases[i].text), cases[i].rc, "case %zu", i);
}
