/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/internal.h"

#include "base/assert.h"
#include "proto/model/origin.h"

#include <stdlib.h>
#include <string.h>

bool th_keys_origin_fits(enum th_mode mode, const char *origin)
{
    const size_t size = strlen(origin);
    return th_origin_fits(mode, origin, size) && size <= TH_LIMIT_REALM_SIZE_MAX;
}

const struct th_log_key *th_keys_in_force(const struct th_log_keys *keys, uint64_t size)
{
    size_t i = keys->count - 1;
    TH_ASSERT(keys->count > 0);
    while (i > 0 && keys->items[i].after >= size)
        i--;
    return &keys->items[i];
}

bool th_keys_has_signed(const struct th_log_key *key, const char *note, size_t note_size)
{
    struct th_note parts;
    return th_tlog_note_verify(note, note_size, &key->vkey, 1, &parts) == 0;
}

void th_keys_show(const struct th_log_keys *keys, struct th_store_identity *identity)
{
    const struct th_vkey *vkey = &th_log_keys_current(keys)->vkey;
    size_t size = strlen(vkey->name);
    TH_ASSERT(size < sizeof identity->realm);
    memcpy(identity->realm, vkey->name, size + 1);
    memcpy(identity->log_key, vkey->public_key, sizeof identity->log_key);
}

/* ---- the history ---- */

int th_keys_append(struct th_log_keys *keys, const struct th_log_key_body *key)
{
    struct th_vkey vkey;
    struct th_succession succession;
    const char *note = (const char *)key->succession.bytes;
    int status = th_tlog_vkey_decode(key->vkey.bytes, key->vkey.size, &vkey);
    if (status != 0)
        return status;
    if (key->succession.size == 0)
        return th_log_keys_vouch(keys, &vkey, key->after);
    status = th_tlog_succession_parse(note, key->succession.size, &succession);
    if (status != 0)
        return status;
    if (succession.after != key->after || !th_tlog_vkey_equal(&succession.next, &vkey))
        return TH_E_INVALID;
    return th_log_keys_succeed(keys, note, key->succession.size);
}

struct loading {
    struct th_log_keys *keys;
    enum th_mode mode;
};

static int on_log_key(void *context, struct th_bytes key, struct th_bytes content)
{
    struct loading *loading = context;
    struct th_log_key_body body;
    uint64_t number;
    int status = th_schema_read_number(key, &number);
    if (status == 0)
        status = th_schema_log_key_decode(content, &body);
    if (status == 0)
        status =
            number == loading->keys->count ? th_keys_append(loading->keys, &body) : TH_E_CORRUPT;
    if (status == 0 &&
        !th_keys_origin_fits(loading->mode, th_log_keys_current(loading->keys)->vkey.name))
        status = TH_E_CORRUPT;
    return status == 0 ? 0 : TH_E_CORRUPT;
}

int th_keys_load(const struct th_txn *txn, struct th_log_keys *ret_keys)
{
    struct th_schema_key identity_key = th_schema_key_meta(TH_META_IDENTITY);
    struct th_schema_key prefix = th_schema_key_table(TH_TABLE_LOG_KEY);
    struct th_store_identity founded;
    struct th_bytes content;
    struct th_vkey first;
    int status = th_txn_get(txn, &identity_key, &content);
    if (status == 0)
        status = th_schema_identity_decode(content, &founded);
    if (status == 0 && th_tlog_vkey_init(founded.realm, founded.log_key, &first) != 0)
        status = TH_E_CORRUPT;
    if (status != 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    th_log_keys_begin(&first, ret_keys);
    struct loading loading = {ret_keys, founded.mode};
    return th_txn_scan(txn, &prefix, &prefix, on_log_key, &loading);
}

/* ---- the writer's ---- */

int th_store_keys_add(struct th_store *store, uint16_t number, const struct th_log_key_body *key)
{
    if (store->next_keys == NULL) {
        store->next_keys = malloc(sizeof *store->next_keys);
        if (store->next_keys == NULL)
            return TH_E_NO_MEMORY;
        *store->next_keys = store->keys;
    }
    if (number != store->next_keys->count)
        return TH_E_INVALID;
    /* What is signed stays signed by the key that did it. */
    if (key->after < store->batch->first)
        return TH_E_RANGE;
    int status = th_keys_append(store->next_keys, key);
    if (status != 0)
        return status;
    const char *origin = th_log_keys_current(store->next_keys)->vkey.name;
    return th_keys_origin_fits(store->identity.mode, origin) ? 0 : TH_E_INVALID;
}

const struct th_log_keys *th_store_keys_next(const struct th_store *store)
{
    return store->next_keys != NULL ? store->next_keys : &store->keys;
}

void th_store_keys_keep(struct th_store *store)
{
    if (store->next_keys == NULL)
        return;
    store->keys = *store->next_keys;
    th_keys_show(&store->keys, &store->identity);
    th_store_keys_drop(store);
}

void th_store_keys_drop(struct th_store *store)
{
    free(store->next_keys);
    store->next_keys = NULL;
}

const struct th_log_keys *th_store_log_keys(const struct th_store *store)
{
    return &store->keys;
}
