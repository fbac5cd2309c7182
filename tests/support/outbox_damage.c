/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/outbox_damage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void damage(struct th_outbox *outbox, struct th_outbox_key prefix)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key = {prefix.size, prefix.bytes}, value;
    cr_assert_eq(mdb_txn_begin(outbox->env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_cursor_open(txn, outbox->dbi, &cursor), 0);
    int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    size_t count = 0;
    for (; result == 0 && key.mv_size >= prefix.size &&
           memcmp(key.mv_data, prefix.bytes, prefix.size) == 0;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        uint8_t *bytes = malloc(value.mv_size), name[TH_OUTBOX_KEY_MAX];
        cr_assert(bytes != NULL && key.mv_size <= sizeof name);
        memcpy(name, key.mv_data, key.mv_size); /* the page that has it may be written */
        memcpy(bytes, value.mv_data, value.mv_size);
        bytes[value.mv_size - 1] ^= 1;
        MDB_val damaged = {value.mv_size, bytes};
        key.mv_data = name;
        cr_assert_eq(mdb_cursor_put(cursor, &key, &damaged, MDB_CURRENT), 0);
        free(bytes);
        count++;
    }
    mdb_cursor_close(cursor);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    cr_assert_gt(count, 0, "there is no such record");
}

void th_outbox_damage(struct th_outbox *outbox, enum th_outbox_table table, uint64_t id)
{
    damage(outbox, th_outbox_key_of_id(table, id));
}

void th_outbox_damage_table(struct th_outbox *outbox, enum th_outbox_table table)
{
    damage(outbox, (struct th_outbox_key){.bytes = {(uint8_t)table}, .size = 1});
}
