/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose leaves name their entries, and ways to damage its file. */
#ifndef TH_TESTS_DAMAGE_H
#define TH_TESTS_DAMAGE_H

#include "aggregator/store/schema.h"
#include "tests/support/store_fixture.h"

#include <sys/types.h>

/* The book that the rows below are of. */
extern const struct th_book_id damage_book;

/* The leaf of an entry with this digest, as journal.proto has it. Valid until the next call. */
struct th_bytes damage_leaf(uint64_t position, const struct th_digest *digest);
/* Appends `count` entries with their leaves and a report row each to the open batch. */
int damage_append(struct th_store *store, unsigned count);
/* A batch of them, committed. */
void damage_fill(struct store_fixture *fixture, struct th_store *store, unsigned count);

/* Where bytes of an open view are in data.mdb. */
off_t damage_offset(const struct store_fixture *fixture, const void *bytes);
/* Reads or writes the file itself; open views see it at once. */
void damage_read(const struct store_fixture *fixture, off_t at, void *bytes, size_t size);
void damage_write(const struct store_fixture *fixture, off_t at, const void *bytes, size_t size);
void damage_flip(const struct store_fixture *fixture, off_t at, unsigned bit);
/* As if the row had been written wrongly: another content, its checksum right. */
void damage_replace(const struct store_fixture *fixture, const struct th_schema_key *key,
                    struct th_bytes content);
/* What the journal has at a position: an entry as it is stored, and its leaf. Valid until the next
 * call. */
struct th_bytes damage_journal(struct th_bytes entry, struct th_bytes leaf);
void damage_remove(const struct store_fixture *fixture, const struct th_schema_key *key);

#endif
