/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, with entries that are known from their position. */
#ifndef TH_TESTS_STORE_FIXTURE_H
#define TH_TESTS_STORE_FIXTURE_H

#include "aggregator/store/store.h"

#include <stdbool.h>

struct store_fixture {
    char folder[64];
    struct th_note_signer signer;
    struct th_store_identity identity;
    struct th_store_options options;
};

/* A new store, closed. Ends the test when something fails. */
void store_fixture_init(struct store_fixture *fixture, size_t map_bytes);
/* Removes the folder. */
void store_fixture_deinit(struct store_fixture *fixture);
struct th_store *store_fixture_open(struct store_fixture *fixture, enum th_store_access access);
/* As th_store_open(), and closed again. */
int store_fixture_try(struct store_fixture *fixture, enum th_store_access access,
                      char ret_problem[TH_STORE_PROBLEM_SIZE]);
/* The path of a file in the folder, valid until the next call. */
const char *store_fixture_path(const struct store_fixture *fixture, const char *name);

/* What the entry of a position is: its bytes live until the next call. */
struct th_store_entry store_fixture_entry(uint64_t position);
struct th_bytes store_fixture_leaf(uint64_t position);
/* Appends `count` entries with leaves to the open batch; gives the first failure. */
int store_fixture_append(struct th_store *store, unsigned count);
/* A batch of `count` entries, committed. */
void store_fixture_fill(struct store_fixture *fixture, struct th_store *store, unsigned count);
/* Opens the store for it and closes it. */
void store_fixture_grow(struct store_fixture *fixture, unsigned count);
/* True when the stored entry is the one above. */
bool store_fixture_is_right(struct th_view *view, uint64_t position);

/* A key as an entry brings it. */
struct store_fixture_key {
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    char succession[TH_SUCCESSION_SIZE_MAX];
    struct th_log_key_body body; /* borrows the above */
};
/* `before`: the key that names it, NULL when that was lost. */
void store_fixture_key_init(struct store_fixture_key *key, const struct th_note_signer *before,
                            const struct th_note_signer *next, uint64_t after);
/* The key of a seed of this byte. */
struct th_note_signer store_fixture_signer(const char *origin, uint8_t seed);
/* A batch of one entry that brings the key as number `number`, signed with it; when it succeeds the
 * fixture goes on with it. */
int store_fixture_renew(struct store_fixture *fixture, struct th_store *store, uint16_t number,
                        const struct th_note_signer *next, bool is_named);

/* A file of the folder, or of one below it, as it was: owned bytes, freed when put back. */
struct store_fixture_copy {
    char *bytes;
    size_t size;
};
struct store_fixture_copy store_fixture_take(const struct store_fixture *fixture, const char *name);
void store_fixture_put_back(const struct store_fixture *fixture, const char *name,
                            struct store_fixture_copy copy);

/* A small generator, so that a test does the same each time. */
uint32_t store_fixture_random(uint32_t *state, uint32_t below);

#endif
