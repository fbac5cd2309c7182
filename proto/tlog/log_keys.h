/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which key signs the log, from which size on: every key that it has had, so that receipts and
 * checkpoints verify for ever.
 *
 * The first key is trusted as it is given. Each later one is named by the key before it in a
 * succession: a signed note (note.h) with the text
 *
 *     tonghop log succession v1
 *     <origin of the key before>
 *     <after, decimal>
 *     <root of the tree of `after` leaves, base64>
 *     <vkey of the next key>
 *
 * A new key of the same origin is a rotation: it signs the trees with more than `after` leaves. A
 * key with another origin is a recovery: the log with the earlier origin lost what it had after
 * `after`, and goes on as the new one. The first line has blanks, so no succession is a checkpoint
 * of any origin. A key whose predecessor was lost has no succession; whoever adds it vouches for
 * it.
 *
 * Pure functions of their arguments; nothing is allocated. Thread-safe.
 */
#ifndef TH_PROTO_TLOG_LOG_KEYS_H
#define TH_PROTO_TLOG_LOG_KEYS_H

#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"

#define TH_LOG_KEYS_MAX 32
#define TH_SUCCESSION_SIZE_MAX                                                                     \
    (26 + TH_CHECKPOINT_TEXT_MAX + TH_NOTE_VKEY_TEXT_MAX + 1 + 1 + TH_NOTE_LINE_MAX)

struct th_log_key {
    struct th_vkey vkey; /* its name is the origin */
    uint64_t after;      /* it signs the trees of more leaves than this */
    uint16_t succession_size;
    char succession[TH_SUCCESSION_SIZE_MAX]; /* size 0: the first key, or the key before was lost */
};

/* In order; the last one is the current. */
struct th_log_keys {
    size_t count;
    struct th_log_key items[TH_LOG_KEYS_MAX];
};

/* A history of one key, which begins with the log. */
void th_log_keys_begin(const struct th_vkey *first, struct th_log_keys *ret_keys);

/*
 * The note in which `signer` names the next key. `after`, `root`: a tree of the log. TH_E_LIMIT:
 * more than `capacity` bytes (TH_SUCCESSION_SIZE_MAX is always enough). TH_E_INVALID: the next key
 * is the signer's own.
 */
TH_MUST_CHECK int th_tlog_succession_sign(const struct th_note_signer *signer, uint64_t after,
                                          const struct th_digest *root, const struct th_vkey *next,
                                          size_t capacity, char *ret_note, size_t *ret_size);

struct th_succession {
    char origin[TH_CHECKPOINT_ORIGIN_MAX + 1];
    uint64_t after;
    struct th_digest root;
    struct th_vkey next;
};
/*
 * Form only, not the signature; one line of signature. TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT,
 * TH_E_RANGE, TH_E_VERSION; TH_E_INVALID: the next key's id is not its own.
 */
TH_MUST_CHECK int th_tlog_succession_parse(const char *note, size_t size,
                                           struct th_succession *ret_succession);

/*
 * Appends the key that a succession names, when the current key has signed it. TH_E_SIGNATURE: it
 * has not; TH_E_EXISTS: the key is in the history, or a log that was left would come back;
 * TH_E_RANGE: a rotation that does not begin after the current key does; TH_E_LIMIT: no room;
 * otherwise as th_tlog_succession_parse(). On failure nothing changes.
 */
TH_MUST_CHECK int th_log_keys_succeed(struct th_log_keys *keys, const char *note, size_t size);

/* Appends a key that nobody signed for: the caller vouches. TH_E_EXISTS, TH_E_RANGE, TH_E_LIMIT. */
TH_MUST_CHECK int th_log_keys_vouch(struct th_log_keys *keys, const struct th_vkey *next,
                                    uint64_t after);

/*
 * What a key that is trusted by itself answers for: all that it has signed, and the keys behind it
 * in the history as far as each has signed for the next. A key before it is not among them, since
 * anybody can sign for a key that is not theirs. TH_E_NOT_FOUND: the history does not have it.
 */
TH_MUST_CHECK int th_log_keys_behind(const struct th_log_keys *keys, const struct th_vkey *trusted,
                                     struct th_log_keys *ret_keys);

/* The key that signs the tree of `size` leaves of the log `origin`; NULL: none. Borrows. */
const struct th_log_key *th_log_keys_find(const struct th_log_keys *keys, const char *origin,
                                          uint64_t size);
/* Precondition: not empty. */
const struct th_log_key *th_log_keys_current(const struct th_log_keys *keys);
/* Whether the log has borne this origin. */
bool th_log_keys_has_origin(const struct th_log_keys *keys, const char *origin);

/*
 * Verifies a checkpoint of any log of the history: its origin and size say which key has to have
 * signed it. TH_E_INVALID: no log of the history has that origin. TH_E_SIGNATURE: not signed by
 * that key. Otherwise as th_tlog_note_split() and th_tlog_checkpoint_parse().
 */
TH_MUST_CHECK int th_log_keys_verify(const struct th_log_keys *keys, const char *note, size_t size,
                                     struct th_checkpoint *ret_checkpoint);

#endif
