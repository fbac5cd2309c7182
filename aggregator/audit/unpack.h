/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored entry taken apart: what core folds, and what its leaf has to say.
 *
 * Results live in the arena and borrow the stored bytes. Thread-safe.
 */
#ifndef TH_AUDIT_UNPACK_H
#define TH_AUDIT_UNPACK_H

#include "aggregator/store/store.h"

struct th_unpacked {
    struct th_entry entry;
    struct th_event content;         /* kind 0: th_core_fold() gets none */
    struct th_submission submission; /* of what brings reports */
    struct th_bytes raw;             /* the Submission's bytes, or the Entering's */
};

struct th_unpacking {
    struct th_arena *arena; /* of one entry */
    struct th_arena *plans; /* plans are decoded into this one: of the core's life */
    bool checks_signatures; /* also the digests of reports */
};

/*
 * TH_E_SIGNATURE: signature or a digest of the submission is wrong; all the rest of the result is
 * there, except of the submission. TH_E_CORRUPT: decision or body does not decode. TH_E_NO_MEMORY.
 * `ret_what`: a Vietnamese word for what is wrong, constant text.
 */
TH_MUST_CHECK int th_unpack(const struct th_stored_entry *stored, uint64_t position,
                            const struct th_unpacking *how, struct th_unpacked *ret_unpacked,
                            const char **ret_what);

/* The event that th_core_fold() takes, or NULL. */
const struct th_event *th_unpacked_content(const struct th_unpacked *unpacked);

/* The leaf that belongs to the entry, encoded as it was when it was made. TH_E_NO_MEMORY,
 * TH_E_LIMIT. */
TH_MUST_CHECK int th_unpacked_leaf(const struct th_unpacked *unpacked, enum th_mode mode,
                                   const struct th_digest *entry_digest, struct th_arena *arena,
                                   struct th_bytes *ret_leaf);

#endif
