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
/* The path of a file in the folder, valid until the next call. */
const char *store_fixture_path(const struct store_fixture *fixture, const char *name);

/* What the entry of a position is: its bytes live until the next call. */
struct th_store_entry store_fixture_entry(uint64_t position);
struct th_bytes store_fixture_leaf(uint64_t position);
/* Appends `count` entries with leaves to the open batch; gives the first failure. */
int store_fixture_append(struct th_store *store, unsigned count);
/* A batch of `count` entries, committed. */
void store_fixture_fill(struct store_fixture *fixture, struct th_store *store, unsigned count);
/* True when the stored entry is the one above. */
bool store_fixture_is_right(struct th_view *view, uint64_t position);

/* A small generator, so that a test does the same each time. */
uint32_t store_fixture_random(uint32_t *state, uint32_t below);

#endif
