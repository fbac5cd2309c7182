/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "proto/exchange/node_file.h"
#include "proto/exchange/server_file.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/th_exchange_XXXXXX";
static char path[64];
static struct th_arena arena;
static struct th_problems problems;

static uint8_t sign_secret[64], curve_secret[32], server_secret[32], server_key[32];

static struct th_node_file a_node_file(void)
{
    struct th_node_file file = {.realm = "tonghop/64/rehearsal", .unit = "23734"};
    uint8_t seed[32] = {1}, nonce[24] = {2};
    crypto_sign_seed_keypair(file.sign_key.bytes, sign_secret, seed);
    crypto_box_seed_keypair(file.curve_key, curve_secret, seed);
    uint8_t server_seed[32] = {3};
    crypto_box_seed_keypair(server_key, server_secret, server_seed);
    cr_assert_eq(th_node_file_prove(&file, sign_secret, curve_secret, server_key, nonce), 0);
    return file;
}

static struct th_server_file a_server_file(void)
{
    static const struct th_bytes plans[2] = {{(const uint8_t *)"plan one", 8},
                                             {(const uint8_t *)"p2\0x", 4}};
    struct th_server_file file = {.mode = TH_MODE_REHEARSAL,
                                  .realm = "tonghop/64/rehearsal",
                                  .address = "tcp://127.0.0.1:7411",
                                  .publish = "tcp://127.0.0.1:7412",
                                  .curve_key = {9, 8, 7},
                                  .units = {(const uint8_t *)"units", 5},
                                  .plans = plans,
                                  .plans_count = 2};
    uint8_t public_key[32] = {5};
    cr_assert_eq(th_tlog_vkey_init(file.realm, public_key, &file.log_key), 0);
    return file;
}

static void begin(void)
{
    cr_assert(sodium_init() >= 0);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/file", folder);
    th_arena_init(&arena, 4096, 1 << 20);
    th_problems_init(&problems);
}

static void end(void)
{
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
    unlink(path);
    rmdir(folder);
}

TestSuite(exchange, .init = begin, .fini = end);

Test(exchange, a_server_file_is_read_as_it_was_written)
{
    struct th_server_file file = a_server_file(), read;
    cr_assert_eq(th_server_file_write(path, &file), 0);
    cr_assert_eq(th_server_file_read(path, &arena, &problems, &read), 0);
    cr_expect_eq(read.mode, TH_MODE_REHEARSAL);
    cr_expect_str_eq(read.realm, file.realm);
    cr_expect_str_eq(read.address, file.address);
    cr_expect_str_eq(read.publish, file.publish);
    cr_expect_arr_eq(read.curve_key, file.curve_key, 32);
    cr_expect_arr_eq(read.log_key.public_key, file.log_key.public_key, 32);
    cr_expect_eq(read.units.size, 5);
    cr_expect_arr_eq(read.units.bytes, "units", 5);
    cr_assert_eq(read.plans_count, 2);
    cr_expect_eq(read.plans[1].size, 4);
    cr_expect_arr_eq(read.plans[1].bytes, "p2\0x", 4);
}

/* Replaces the first `from` in the file by `to`. */
static void edit(const char *from, const char *to)
{
    char *bytes, edited[8192];
    size_t size;
    cr_assert_eq(th_file_read(path, 4096, &bytes, &size), 0);
    char *at = strstr(bytes, from);
    cr_assert_not_null(at, "%s is not in the file", from);
    int length = snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(at - bytes), bytes, to,
                          at + strlen(from));
    cr_assert_eq(th_file_write(path, 0600, edited, (size_t)length), 0);
    free(bytes);
}

static void expect_server_file_refused(const char *from, const char *to)
{
    struct th_server_file file = a_server_file(), read;
    cr_assert_eq(th_server_file_write(path, &file), 0);
    edit(from, to);
    cr_expect_neq(th_server_file_read(path, &arena, &problems, &read), 0);
    cr_expect_gt(th_problems_total(&problems), 0);
}

Test(exchange, an_unknown_key_is_refused)
{
    expect_server_file_refused("mode:", "node:");
}

Test(exchange, another_yaml_is_said_to_be_another_file_and_no_more)
{
    static const char text[] = "plan: gialai-2025\nformat: 1\ntitle: x\nnumber: y\n";
    struct th_server_file read;
    cr_assert_eq(th_file_write(path, 0600, text, sizeof text - 1), 0);
    cr_assert_eq(th_server_file_read(path, &arena, &problems, &read), TH_E_INVALID);
    cr_assert_eq(th_problems_total(&problems), 1);
    cr_expect_not_null(strstr(problems.items[0].message, "server.yaml"));
    cr_expect_not_null(strstr(problems.items[0].message, "\"server\""));
}

Test(exchange, an_unknown_mode_is_refused)
{
    expect_server_file_refused("mode: rehearsal", "mode: test");
}

Test(exchange, a_short_curve_key_is_refused)
{
    expect_server_file_refused("CQgHAAAA", "CQgHAA==");
}

Test(exchange, a_log_key_of_another_realm_is_refused)
{
    expect_server_file_refused("realm: \"tonghop/64", "realm: \"tonghop/65");
}

Test(exchange, broken_base64_is_refused)
{
    expect_server_file_refused("cGxhbiBvbmU=", "cGxhbiBvbmU!");
}

Test(exchange, a_newer_format_is_refused)
{
    expect_server_file_refused("format: 1", "format: 2");
}

Test(exchange, a_node_file_is_read_as_it_was_written_and_its_proofs_hold)
{
    struct th_node_file file = a_node_file(), read;
    cr_assert_eq(th_node_file_write(path, &file), 0);
    cr_assert_eq(th_node_file_read(path, &problems, &read), 0);
    cr_expect_eq(memcmp(&read, &file, sizeof(file)), 0);
    cr_expect_eq(th_node_file_verify(&read, "tonghop/64/rehearsal", server_secret), 0);
}

Test(exchange, a_node_file_for_another_realm_is_refused)
{
    struct th_node_file file = a_node_file();
    cr_expect_eq(th_node_file_verify(&file, "tonghop/64/live", server_secret), TH_E_INVALID);
}

Test(exchange, a_changed_unit_breaks_the_signature)
{
    struct th_node_file file = a_node_file();
    file.unit[4] = '5';
    cr_expect_eq(th_node_file_verify(&file, file.realm, server_secret), TH_E_SIGNATURE);
}

Test(exchange, a_curve_key_without_its_secret_is_refused)
{
    struct th_node_file file = a_node_file();
    /* Someone else's CURVE key, signed with a right signing key: the box cannot be right. */
    uint8_t other_secret[32], seed[32] = {77}, nonce[24] = {2};
    crypto_box_seed_keypair(file.curve_key, other_secret, seed);
    cr_assert_eq(th_node_file_prove(&file, sign_secret, curve_secret, server_key, nonce), 0);
    cr_expect_eq(th_node_file_verify(&file, file.realm, server_secret), TH_E_SIGNATURE);
}

Test(exchange, each_flipped_bit_of_the_proofs_is_found)
{
    struct th_node_file good = a_node_file();
    for (size_t bit = 0; bit < 8 * (TH_SIGNATURE_SIZE + TH_NODE_BOX_SIZE); bit++) {
        struct th_node_file file = good;
        if (bit < 8 * TH_SIGNATURE_SIZE)
            file.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        else
            file.box[bit / 8 - TH_SIGNATURE_SIZE] ^= (uint8_t)(1u << bit % 8);
        cr_expect_eq(th_node_file_verify(&file, file.realm, server_secret), TH_E_SIGNATURE);
    }
}

Test(exchange, a_unit_that_is_a_path_is_refused)
{
    struct th_node_file file = a_node_file(), read;
    cr_assert_eq(th_node_file_write(path, &file), 0);
    edit("\"23734\"", "\"../a\"");
    cr_expect_eq(th_node_file_read(path, &problems, &read), TH_E_INVALID);
}
