/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the journal: entries with their leaves. */
#include "aggregator/store/schema.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/proof.h"

#include <criterion/criterion.h>
#include <string.h>

Test(store_schema_journal, the_header_of_an_entry_is_as_written)
{
    struct th_store_entry entry = {.kind = TH_ENTRY_SUBMISSION,
                                   .clock = TH_CLOCK_SUSPECT,
                                   .time = {0x0102030405060708},
                                   .boottime_ms = -1,
                                   .decision = {(const uint8_t *)"ab", 2}};
    static const uint8_t wanted[TH_SCHEMA_ENTRY_HEADER] = {
        2, 6, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2};
    uint8_t content[TH_SCHEMA_ENTRY_HEADER + 5];
    struct th_stored_entry back;
    th_schema_entry_header(&entry, content);
    cr_assert_arr_eq(content, wanted, sizeof wanted);
    memcpy(content + TH_SCHEMA_ENTRY_HEADER, "abcde", 5);
    cr_assert_eq(th_schema_entry_decode((struct th_bytes){content, sizeof content}, &back), 0);
    cr_assert_eq(back.kind, TH_ENTRY_SUBMISSION);
    cr_assert_eq(back.boottime_ms, -1);
    cr_assert_eq(back.decision.size, 2);
    cr_assert_eq(back.body.size, 3);
    cr_assert_arr_eq(back.body.bytes, "cde", 3);
    cr_assert_eq(
        th_schema_entry_decode((struct th_bytes){content, TH_SCHEMA_ENTRY_HEADER + 1}, &back),
        TH_E_CORRUPT);
    content[1] = TH_ENTRY_ENTERED;
    cr_assert_eq(th_schema_entry_decode((struct th_bytes){content, sizeof content}, &back), 0);
    content[1] = TH_ENTRY_ENTERED + 1;
    cr_assert_eq(th_schema_entry_decode((struct th_bytes){content, sizeof content}, &back),
                 TH_E_CORRUPT);
}

Test(store_schema_journal, an_entry_of_the_first_form_is_none)
{
    struct th_store_entry entry = {.kind = TH_ENTRY_SUBMISSION, .clock = TH_CLOCK_STEADY};
    uint8_t content[TH_SCHEMA_ENTRY_HEADER];
    struct th_stored_entry back;
    struct th_digest digest;
    th_schema_entry_header(&entry, content);
    cr_assert_eq(th_schema_entry_decode((struct th_bytes){content, sizeof content}, &back), 0);
    content[0] = 1;
    cr_assert_eq(th_schema_entry_decode((struct th_bytes){content, sizeof content}, &back),
                 TH_E_CORRUPT);
    cr_assert_eq(th_schema_entry_hash((struct th_bytes){content, sizeof content}, &digest),
                 TH_E_CORRUPT);
}

Test(store_schema_journal, the_digest_of_an_entry_is_as_the_header_file_writes_it)
{
    struct th_store_entry entry = {.kind = TH_ENTRY_SUBMISSION,
                                   .clock = TH_CLOCK_STEADY,
                                   .decision = {(const uint8_t *)"ab", 2}};
    uint8_t content[TH_SCHEMA_ENTRY_HEADER + 5];
    struct th_digest body, wanted, digest;
    th_schema_entry_header(&entry, content);
    memcpy(content + TH_SCHEMA_ENTRY_HEADER, "abcde", 5);
    th_tlog_sha256(&(struct th_tlog_part){"cde", 3}, 1, &body);
    th_tlog_sha256((struct th_tlog_part[]){{content, TH_SCHEMA_ENTRY_HEADER},
                                           {"ab", 2},
                                           {body.bytes, sizeof body.bytes}},
                   3, &wanted);
    cr_assert_eq(th_schema_entry_hash((struct th_bytes){content, sizeof content}, &digest), 0);
    cr_assert(th_tlog_digest_equal(&digest, &wanted));
    entry.body = (struct th_bytes){(const uint8_t *)"cde", 3};
    th_schema_entry_digest(&entry, &body, &digest);
    cr_assert(th_tlog_digest_equal(&digest, &wanted));
}

Test(store_schema_journal, an_entry_and_its_leaf_come_back_from_one_value)
{
    struct th_store_entry entry = {.kind = TH_ENTRY_SUBMISSION,
                                   .clock = TH_CLOCK_STEADY,
                                   .decision = {(const uint8_t *)"ab", 2},
                                   .body = {(const uint8_t *)"cde", 3}};
    const struct th_bytes leaf = {(const uint8_t *)"leaf", 4};
    uint8_t content[2 + 4 + TH_SCHEMA_ENTRY_HEADER + 5];
    struct th_bytes entry_back, leaf_back;
    struct th_stored_entry back;
    cr_assert_eq(th_schema_journal_size(&entry, leaf), sizeof content);
    th_schema_journal_write(&entry, leaf, content);
    cr_assert_arr_eq(content, "\0\4leaf\2", 7);
    struct th_bytes whole = {content, sizeof content};
    cr_assert_eq(th_schema_journal_split(whole, &entry_back, &leaf_back), 0);
    cr_assert_eq(leaf_back.size, 4);
    cr_assert_arr_eq(leaf_back.bytes, "leaf", 4);
    cr_assert_eq(th_schema_entry_decode(entry_back, &back), 0);
    cr_assert_arr_eq(back.body.bytes, "cde", 3);
}

Test(store_schema_journal, a_value_of_the_journal_without_a_leaf_that_a_receipt_can_carry_is_none)
{
    static uint8_t content[2 + TH_PROOF_EXTRA_MAX + 1];
    struct th_bytes entry, leaf, value = {content, sizeof content};
    cr_assert_eq(th_schema_journal_split(value, &entry, &leaf), TH_E_CORRUPT, "of no bytes");
    content[0] = TH_PROOF_EXTRA_MAX >> 8;
    cr_assert_eq(th_schema_journal_split(value, &entry, &leaf), 0);
    cr_assert_eq(entry.size, 1);
    for (size_t cut = 0; cut < 2 + TH_PROOF_EXTRA_MAX; cut += 7) {
        value.size = cut;
        cr_assert_eq(th_schema_journal_split(value, &entry, &leaf), TH_E_CORRUPT, "%zu", cut);
    }
    content[1] = 1;
    value.size = sizeof content;
    cr_assert_eq(th_schema_journal_split(value, &entry, &leaf), TH_E_CORRUPT, "too large");
}
