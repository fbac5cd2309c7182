/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REALM "tonghop.test/gia-lai"

void store_fixture_init(struct store_fixture *fixture, size_t map_bytes)
{
    uint8_t seed[TH_NOTE_SEED_SIZE];
    memset(seed, 7, sizeof seed);
    *fixture = (struct store_fixture){.options = {.map_bytes = map_bytes}};
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/tonghop-store-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture->folder));
    cr_assert_eq(th_tlog_signer_init(REALM, seed, &fixture->signer), 0);
    fixture->identity.mode = TH_MODE_LIVE;
    fixture->identity.created.ms = 1746835200000;
    strcpy(fixture->identity.realm, REALM);
    memset(fixture->identity.store_id, 0xA5, sizeof fixture->identity.store_id);
    memcpy(fixture->identity.log_key, fixture->signer.vkey.public_key,
           sizeof fixture->identity.log_key);
    cr_assert_eq(th_store_create(fixture->folder, &fixture->options, &fixture->identity), 0);
}

const char *store_fixture_path(const struct store_fixture *fixture, const char *name)
{
    static char path[384];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    return path;
}

static void remove_folder(const char *path)
{
    char inner[PATH_MAX];
    DIR *folder = opendir(path);
    const struct dirent *item;
    while (folder != NULL && (item = readdir(folder)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, item->d_name);
        if (unlink(inner) != 0)
            remove_folder(inner);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

void store_fixture_deinit(struct store_fixture *fixture)
{
    remove_folder(fixture->folder);
}

struct th_store *store_fixture_open(struct store_fixture *fixture, enum th_store_access access)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    struct th_store *store = NULL;
    int status = th_store_open(fixture->folder, access, &fixture->options, problem, &store);
    cr_assert_eq(status, 0, "%d %s", status, problem);
    return store;
}

int store_fixture_try(struct store_fixture *fixture, enum th_store_access access,
                      char ret_problem[TH_STORE_PROBLEM_SIZE])
{
    struct th_store *store = NULL;
    int status = th_store_open(fixture->folder, access, &fixture->options, ret_problem, &store);
    th_store_close(store);
    return status;
}

/* Bytes that look random and depend on the position, `size` of them. */
static struct th_bytes noise(uint8_t *bytes, uint64_t position, uint32_t salt, size_t size)
{
    uint32_t state = (uint32_t)position * 2654435761U + salt;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)store_fixture_random(&state, 256);
    return (struct th_bytes){bytes, size};
}

struct th_store_entry store_fixture_entry(uint64_t position)
{
    static uint8_t decision[64];
    static uint8_t body[4096];
    return (struct th_store_entry){
        .position = position,
        .kind = position == 0 ? TH_ENTRY_FOUNDED : TH_ENTRY_SUBMISSION,
        .clock = TH_CLOCK_STEADY,
        .time = {1746835200000 + (int64_t)(position / 3) * 1000},
        .boottime_ms = (int64_t)position,
        .decision = noise(decision, position, 1, position % 60),
        .body = noise(body, position, 2, position % 97 == 0 ? 3000 : position % 200),
    };
}

struct th_bytes store_fixture_leaf(uint64_t position)
{
    static uint8_t leaf[256];
    return noise(leaf, position, 3, 20 + position % 200);
}

int store_fixture_append(struct th_store *store, unsigned count)
{
    int status = 0;
    for (unsigned i = 0; i < count && status == 0; i++) {
        struct th_store_entry entry = store_fixture_entry(th_store_next_position(store));
        struct th_digest digest;
        status = th_store_append(store, &entry, &digest);
        if (status == 0)
            status =
                th_store_append_leaf(store, entry.position, store_fixture_leaf(entry.position));
    }
    return status;
}

void store_fixture_fill(struct store_fixture *fixture, struct th_store *store, unsigned count)
{
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, count), 0);
    cr_assert_eq(th_store_commit(store, &fixture->signer), 0);
}

void store_fixture_grow(struct store_fixture *fixture, unsigned count)
{
    struct th_store *store = store_fixture_open(fixture, TH_STORE_WRITE);
    store_fixture_fill(fixture, store, count);
    th_store_close(store);
}

static bool is_equal(struct th_bytes a, struct th_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

bool store_fixture_is_right(struct th_view *view, uint64_t position)
{
    struct th_store_entry wanted = store_fixture_entry(position);
    struct th_stored_entry stored;
    struct th_bytes leaf;
    if (th_view_entry(view, position, &stored) != 0 || th_view_leaf(view, position, &leaf) != 0)
        return false;
    return stored.kind == wanted.kind && stored.clock == wanted.clock &&
           stored.time.ms == wanted.time.ms && stored.boottime_ms == wanted.boottime_ms &&
           is_equal(stored.decision, wanted.decision) && is_equal(stored.body, wanted.body) &&
           is_equal(leaf, store_fixture_leaf(position));
}

void store_fixture_key_init(struct store_fixture_key *key, const struct th_note_signer *before,
                            const struct th_note_signer *next, uint64_t after)
{
    static const struct th_digest root = {{9}};
    size_t vkey_size, succession_size = 0;
    cr_assert_eq(th_tlog_vkey_encode(&next->vkey, sizeof key->vkey, key->vkey, &vkey_size), 0);
    if (before != NULL)
        cr_assert_eq(th_tlog_succession_sign(before, after, &root, &next->vkey,
                                             sizeof key->succession, key->succession,
                                             &succession_size),
                     0);
    key->body =
        (struct th_log_key_body){.vkey = {key->vkey, vkey_size},
                                 .after = after,
                                 .succession = {(const uint8_t *)key->succession, succession_size}};
}

struct th_note_signer store_fixture_signer(const char *origin, uint8_t seed)
{
    struct th_note_signer signer;
    uint8_t bytes[TH_NOTE_SEED_SIZE];
    memset(bytes, seed, sizeof bytes);
    cr_assert_eq(th_tlog_signer_init(origin, bytes, &signer), 0);
    return signer;
}

int store_fixture_renew(struct store_fixture *fixture, struct th_store *store, uint16_t number,
                        const struct th_note_signer *next, bool is_named)
{
    struct store_fixture_key key;
    cr_assert_eq(th_store_begin(store), 0);
    store_fixture_key_init(&key, is_named ? &fixture->signer : NULL, next,
                           th_store_next_position(store));
    int status = th_store_put_log_key(store, number, &key.body);
    if (status == 0)
        status = store_fixture_append(store, 1);
    if (status != 0) {
        th_store_abort(store);
        return status;
    }
    status = th_store_commit(store, next);
    if (status == 0)
        fixture->signer = *next;
    return status;
}

struct store_fixture_copy store_fixture_take(const struct store_fixture *fixture, const char *name)
{
    struct store_fixture_copy copy = {NULL, 0};
    struct stat about;
    cr_assert_eq(stat(store_fixture_path(fixture, name), &about), 0);
    copy.size = (size_t)about.st_size;
    copy.bytes = malloc(copy.size + 1);
    FILE *file = fopen(store_fixture_path(fixture, name), "rb");
    cr_assert_eq(fread(copy.bytes, 1, copy.size, file), copy.size);
    fclose(file);
    return copy;
}

void store_fixture_put_back(const struct store_fixture *fixture, const char *name,
                            struct store_fixture_copy copy)
{
    FILE *file = fopen(store_fixture_path(fixture, name), "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(copy.bytes, 1, copy.size, file), copy.size);
    fclose(file);
    free(copy.bytes);
}

uint32_t store_fixture_random(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)(*state >> 8) * below >> 24);
}
