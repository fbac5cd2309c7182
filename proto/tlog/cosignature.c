/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/cosignature.h"

#include "base/assert.h"
#include "base/big.h"
#include "proto/tlog/note_parts.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TYPE_COSIGNATURE 0x04
#define TIME_SIZE        8
#define BLOB_SIZE        (TH_NOTE_ID_SIZE + TIME_SIZE + 64)
#define HEAD_MAX         (15 + 5 + 20 + 1)

/* A witness key as a key of its type, and back. */
static struct th_vkey to_vkey(const struct th_witness_key *key)
{
    struct th_vkey vkey;

    memcpy(vkey.name, key->name, sizeof vkey.name);
    memcpy(vkey.id, key->id, sizeof vkey.id);
    memcpy(vkey.public_key, key->public_key, sizeof vkey.public_key);
    return vkey;
}

static void from_vkey(const struct th_vkey *vkey, struct th_witness_key *ret_key)
{
    memcpy(ret_key->name, vkey->name, sizeof ret_key->name);
    memcpy(ret_key->id, vkey->id, sizeof ret_key->id);
    memcpy(ret_key->public_key, vkey->public_key, sizeof ret_key->public_key);
}

int th_witness_key_init(const char *name, const uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE],
                        struct th_witness_key *ret_key)
{
    struct th_vkey vkey;
    int rc = th_note_key_init(name, strlen(name), TYPE_COSIGNATURE, public_key, &vkey);

    if (rc == 0)
        from_vkey(&vkey, ret_key);
    return rc;
}

int th_witness_key_encode(const struct th_witness_key *key, size_t capacity, char *ret_text,
                          size_t *ret_length)
{
    const struct th_vkey vkey = to_vkey(key);

    return th_note_key_encode(&vkey, TYPE_COSIGNATURE, capacity, ret_text, ret_length);
}

int th_witness_key_decode(const char *text, size_t length, struct th_witness_key *ret_key)
{
    struct th_vkey vkey;
    int rc = th_note_key_decode(text, length, TYPE_COSIGNATURE, &vkey);

    if (rc == 0)
        from_vkey(&vkey, ret_key);
    return rc;
}

int th_witness_signer_init(const char *name, const uint8_t seed[TH_NOTE_SEED_SIZE],
                           struct th_witness_signer *ret_signer)
{
    struct th_witness_signer signer;
    uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE];
    int rc;

    (void)crypto_sign_seed_keypair(public_key, signer.secret_key, seed);
    rc = th_witness_key_init(name, public_key, &signer.key);
    if (rc == 0)
        *ret_signer = signer;
    sodium_memzero(&signer, sizeof signer);
    return rc;
}

void th_witness_signer_deinit(struct th_witness_signer *signer)
{
    sodium_memzero(signer, sizeof *signer);
}

/* What is signed; TH_E_LIMIT when the text of the note is too long to be a checkpoint. */
static int write_message(const struct th_note *note, uint64_t time_s,
                         uint8_t message[HEAD_MAX + TH_COSIGNED_TEXT_MAX], size_t *ret_size)
{
    char head[HEAD_MAX + 1];
    int length = snprintf(head, sizeof head, "cosignature/v1\ntime %" PRIu64 "\n", time_s);

    if (note->text_size > TH_COSIGNED_TEXT_MAX)
        return TH_E_LIMIT;
    TH_ASSERT(length > 0 && length <= HEAD_MAX);
    memcpy(message, head, (size_t)length);
    memcpy(message + length, note->text, note->text_size);
    *ret_size = (size_t)length + note->text_size;
    return 0;
}

/* The latest time of the signatures by the key; `*ret_count` is how many there are. */
static int find_signatures(const struct th_note *note, const struct th_witness_key *key,
                           int64_t *ret_time_s, unsigned *ret_count)
{
    uint8_t message[HEAD_MAX + TH_COSIGNED_TEXT_MAX];
    struct th_note_line line;
    size_t line_size = 0;
    int64_t latest = 0;
    unsigned count = 0;

    for (size_t at = 0; at < note->signatures_size; at += line_size) {
        size_t size = 0;
        int rc = th_note_line_parse(note->signatures + at, note->signatures_size - at, &line,
                                    &line_size);

        if (rc != 0)
            return rc;
        if (!th_note_line_is_by(&line, key->name, key->id))
            continue;
        if (line.blob_size != BLOB_SIZE)
            return TH_E_SIGNATURE;
        const uint64_t time_s = th_big_get(line.blob + TH_NOTE_ID_SIZE, TIME_SIZE);
        rc = write_message(note, time_s, message, &size);
        if (rc != 0)
            return rc;
        if (time_s > INT64_MAX ||
            crypto_sign_verify_detached(line.blob + TH_NOTE_ID_SIZE + TIME_SIZE, message, size,
                                        key->public_key) != 0)
            return TH_E_SIGNATURE;
        if (count == 0 || (int64_t)time_s > latest)
            latest = (int64_t)time_s;
        count++;
    }
    *ret_time_s = latest;
    *ret_count = count;
    return 0;
}

int th_tlog_cosign(const char *note, size_t size, const struct th_witness_signer *signer,
                   int64_t time_s, size_t capacity, char *ret_note, size_t *ret_size)
{
    uint8_t message[HEAD_MAX + TH_COSIGNED_TEXT_MAX];
    size_t line_size = th_note_line_size(strlen(signer->key.name), BLOB_SIZE);
    uint8_t blob[BLOB_SIZE];
    struct th_note split;
    size_t message_size = 0;
    int64_t earlier;
    unsigned count = 0;
    int rc = th_tlog_note_split(note, size, &split);

    if (rc != 0)
        return rc;
    if (time_s < 0)
        return TH_E_RANGE;
    rc = find_signatures(&split, &signer->key, &earlier, &count);
    if (rc == TH_E_SIGNATURE || (rc == 0 && count > 0))
        return TH_E_EXISTS; /* also when its line is wrong: it stays as it is */
    if (rc == 0)
        rc = write_message(&split, (uint64_t)time_s, message, &message_size);
    if (rc != 0)
        return rc;
    if (split.signatures_n == TH_NOTE_SIGNATURES_MAX || size + line_size > capacity ||
        size + line_size > TH_NOTE_SIZE_MAX)
        return TH_E_LIMIT;
    memcpy(blob, signer->key.id, TH_NOTE_ID_SIZE);
    th_big_put(blob + TH_NOTE_ID_SIZE, TIME_SIZE, (uint64_t)time_s);
    (void)crypto_sign_detached(blob + TH_NOTE_ID_SIZE + TIME_SIZE, NULL, message, message_size,
                               signer->secret_key);
    memmove(ret_note, note, size);
    th_note_line_write(signer->key.name, blob, sizeof blob, ret_note + size);
    *ret_size = size + line_size;
    return 0;
}

int th_tlog_cosignature_verify(const char *note, size_t size, const struct th_witness_key *key,
                               int64_t *ret_time_s)
{
    struct th_note split;
    int64_t time_s = 0;
    unsigned count = 0;
    int rc = th_tlog_note_split(note, size, &split);

    if (rc == 0)
        rc = find_signatures(&split, key, &time_s, &count);
    if (rc == 0 && count == 0)
        rc = TH_E_SIGNATURE;
    if (rc == 0)
        *ret_time_s = time_s;
    return rc;
}
