/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node.pub of every commune, which `tonghop-aggregator enroll` asks for:
 *
 *     node_files FOLDER SERVER.YAML OUT
 *
 * Writes OUT/CODE.pub for each unit of FOLDER/units.bin.
 */
#include "proto/exchange/node_file.h"
#include "proto/exchange/server_file.h"
#include "tests/bench/workload.h"

#include <sodium.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct th_arena arena;
    struct th_problems problems;
    struct th_server_file server;
    if (argc != 4 || sodium_init() < 0)
        bench_die("usage: node_files FOLDER SERVER.YAML OUT");
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    bench_must(th_server_file_read(argv[2], &arena, &problems, &server), argv[2]);
    struct th_bytes bytes = bench_map(argv[1], "units.bin");
    const struct bench_unit *units = (const void *)bytes.bytes;
    for (size_t i = 0; i < bytes.size / sizeof *units; i++) {
        char path[4096];
        struct th_node_file file = {.unit = ""};
        uint8_t nonce[24];
        randombytes_buf(nonce, sizeof nonce);
        memcpy(file.realm, server.realm, sizeof file.realm);
        memcpy(file.unit, units[i].code, sizeof units[i].code);
        memcpy(file.sign_key.bytes, units[i].sign_public, sizeof file.sign_key.bytes);
        memcpy(file.curve_key, units[i].curve_public, sizeof file.curve_key);
        bench_must(th_node_file_prove(&file, units[i].sign_secret, units[i].curve_secret,
                                      server.curve_key, nonce),
                   "a proof");
        (void)snprintf(path, sizeof path, "%s/%s.pub", argv[3], units[i].code);
        bench_must(th_node_file_write(path, &file), path);
    }
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
    return 0;
}
