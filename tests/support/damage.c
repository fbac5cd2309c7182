/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/damage.h"

#include "aggregator/store/env.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct th_book_id damage_book = {1, 2};

struct th_bytes damage_leaf(uint64_t position, const struct th_digest *digest)
{
    static uint8_t leaf[64];
    size_t size = 0;
    uint64_t rest = position;
    leaf[size++] = 1 << 3;
    for (; rest >= 0x80; rest >>= 7)
        leaf[size++] = (uint8_t)(rest | 0x80);
    leaf[size++] = (uint8_t)rest;
    leaf[size++] = 5 << 3 | 2;
    leaf[size++] = TH_DIGEST_SIZE;
    memcpy(leaf + size, digest->bytes, TH_DIGEST_SIZE);
    size += TH_DIGEST_SIZE;
    leaf[size++] = 6 << 3;
    leaf[size++] = 1;
    return (struct th_bytes){leaf, size};
}

int damage_append(struct th_store *store, unsigned count)
{
    int status = 0;
    for (unsigned i = 0; i < count && status == 0; i++) {
        uint64_t position = th_store_next_position(store);
        struct th_store_entry entry = store_fixture_entry(position);
        struct th_digest digest;
        struct th_row row = {.unit = (uint32_t)position,
                             .revision = 1,
                             .position = position,
                             .timeliness = TH_TIMELINESS_ON_TIME,
                             .values = (const uint8_t *)"v",
                             .values_size = 1};
        status = th_store_append(store, &entry, &digest);
        if (status == 0)
            status = th_store_append_leaf(store, position, damage_leaf(position, &digest));
        if (status == 0)
            status = th_store_put_row(store, damage_book, &row);
    }
    return status;
}

void damage_fill(struct store_fixture *fixture, struct th_store *store, unsigned count)
{
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(damage_append(store, count), 0);
    cr_assert_eq(th_store_commit(store, &fixture->signer), 0);
}

off_t damage_offset(const struct store_fixture *fixture, const void *bytes)
{
    const char *path = store_fixture_path(fixture, "data.mdb");
    char line[512];
    off_t at = -1;
    FILE *maps = fopen("/proc/self/maps", "r");
    cr_assert_not_null(maps);
    while (at < 0 && fgets(line, sizeof line, maps) != NULL) {
        uintptr_t begin, end;
        if (strstr(line, path) != NULL &&
            sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) == 2 &&
            (uintptr_t)bytes >= begin && (uintptr_t)bytes < end)
            at = (off_t)((uintptr_t)bytes - begin);
    }
    fclose(maps);
    cr_assert_geq(at, 0);
    return at;
}

static int open_data(const struct store_fixture *fixture)
{
    int fd = open(store_fixture_path(fixture, "data.mdb"), O_RDWR | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    return fd;
}

void damage_read(const struct store_fixture *fixture, off_t at, void *bytes, size_t size)
{
    int fd = open_data(fixture);
    cr_assert_eq(pread(fd, bytes, size, at), (ssize_t)size);
    close(fd);
}

void damage_write(const struct store_fixture *fixture, off_t at, const void *bytes, size_t size)
{
    int fd = open_data(fixture);
    cr_assert_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
    close(fd);
}

void damage_flip(const struct store_fixture *fixture, off_t at, unsigned bit)
{
    uint8_t byte;
    damage_read(fixture, at, &byte, 1);
    byte ^= (uint8_t)(1U << bit);
    damage_write(fixture, at, &byte, 1);
}

static void change(const struct store_fixture *fixture, const struct th_schema_key *key,
                   const struct th_bytes *content)
{
    struct th_env env;
    struct th_txn txn;
    bool unknown;
    cr_assert_eq(th_env_open(fixture->folder, true, fixture->options.map_bytes, &env), 0);
    cr_assert_eq(th_txn_begin(&env, true, &txn), 0);
    MDB_val name = {key->size, (void *)(uintptr_t)key->bytes};
    cr_assert_eq(mdb_del(txn.txn, txn.database, &name, NULL), 0);
    if (content != NULL)
        cr_assert_eq(th_txn_put(&txn, key, TH_PUT_NEW, content->bytes, content->size), 0);
    cr_assert_eq(th_txn_commit(&txn, &unknown), 0);
    th_env_extend(&env);
    th_env_close(&env);
}

void damage_replace(const struct store_fixture *fixture, const struct th_schema_key *key,
                    struct th_bytes content)
{
    change(fixture, key, &content);
}

struct th_bytes damage_journal(struct th_bytes entry, struct th_bytes leaf)
{
    static uint8_t content[8192];
    size_t size = 2 + leaf.size + entry.size;
    cr_assert_leq(size, sizeof content);
    content[0] = (uint8_t)(leaf.size >> 8);
    content[1] = (uint8_t)leaf.size;
    memcpy(content + 2, leaf.bytes, leaf.size);
    memcpy(content + 2 + leaf.size, entry.bytes, entry.size);
    return (struct th_bytes){content, size};
}

void damage_remove(const struct store_fixture *fixture, const struct th_schema_key *key)
{
    change(fixture, key, NULL);
}
