/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes are witnesses of the log: a hello shows the node's newest receipt. A checkpoint in it that
 * a key of this log has signed, and that this store has not, says that the store is an older copy
 * or was replaced. From then on nothing is signed: everyone is told to come again. What a recovery
 * lost is known to be missing: a checkpoint of an earlier origin says so only up to the size at
 * which that log ended here.
 */
#include "aggregator/driver/parts.h"
#include "aggregator/driver/readmission.h"
#include "proto/tlog/proof.h"

#include <string.h>

struct shown {
    const char *note;
    size_t note_size;
    unsigned signatures;
    struct th_checkpoint checkpoint;
};

/* What is no receipt of this log says nothing. The signature is not looked at yet. */
static bool read_shown(const struct th_driver *driver, struct th_bytes receipt,
                       struct shown *ret_shown)
{
    struct th_tlog_proof proof;
    struct th_note parts;
    if (th_tlog_proof_parse((const char *)receipt.bytes, receipt.size, &proof) < 0 ||
        th_tlog_note_split(proof.checkpoint, proof.checkpoint_size, &parts) < 0)
        return false;
    struct shown shown = {proof.checkpoint, proof.checkpoint_size, parts.signatures_n, {.size = 0}};
    if (th_tlog_checkpoint_parse(parts.text, parts.text_size, &shown.checkpoint) < 0 ||
        !th_log_keys_has_origin(driver->ports.store.log_keys, shown.checkpoint.origin))
        return false;
    *ret_shown = shown;
    return true;
}

/* Whether the store has signed this checkpoint itself: each of its commits is in its table. */
static int look_up(struct th_driver *driver, const struct th_checkpoint *shown, bool *ret_is_own)
{
    struct th_store_port *store = &driver->ports.store;
    struct th_bytes note;
    struct th_note parts;
    struct th_checkpoint own;
    uint64_t size = 0;
    *ret_is_own = false;
    if (shown->size > store->next_position(store->context))
        return 0;
    int status = th_driver_read(driver);
    if (status == 0)
        status = store->checkpoint(store->context, shown->size, &size, &note);
    if (status < 0 || size != shown->size)
        return status == TH_E_NOT_FOUND ? 0 : status;
    status = th_tlog_note_split((const char *)note.bytes, note.size, &parts);
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &own);
    if (status < 0)
        return TH_E_CORRUPT;
    *ret_is_own = th_tlog_digest_equal(&own.root, &shown->root);
    return 0;
}

static bool is_signed(const struct th_driver *driver, const struct shown *shown)
{
    struct th_checkpoint signed_one;
    return th_log_keys_verify(driver->ports.store.log_keys, shown->note, shown->note_size,
                              &signed_one) == 0;
}

static int hear(struct th_driver *driver, const struct th_hello *hello)
{
    struct shown shown;
    bool is_own = false;
    uint64_t lost_from = 0;
    if (!read_shown(driver, hello->newest_receipt, &shown))
        return 0;
    bool is_earlier =
        th_log_lost_from(driver->ports.store.log_keys, shown.checkpoint.origin, &lost_from);
    if (is_earlier && shown.checkpoint.size > lost_from)
        return 0;
    int status = look_up(driver, &shown.checkpoint, &is_own);
    if (status < 0 || is_own || !is_signed(driver, &shown))
        return status;
    struct th_store_port *store = &driver->ports.store;
    struct th_contradiction *contradiction = &driver->contradiction;
    contradiction->shown_size = shown.checkpoint.size;
    contradiction->own_size = store->next_position(store->context);
    (void)strncpy(contradiction->unit, hello->unit.bytes,
                  hello->unit.size < TH_UNIT_CODE_MAX ? hello->unit.size : TH_UNIT_CODE_MAX);
    driver->is_contradicted = true;
    driver->counters.contradictions++;
    /* The file knows the log as it is now: of an earlier one the next hello tells again. */
    if (is_earlier || shown.signatures != 1 ||
        shown.note_size > TH_CHECKPOINT_TEXT_MAX + 1 + (size_t)TH_NOTE_LINE_MAX)
        return 0;
    /* Kept beside the store, so that a restart does not begin to sign again. */
    return store->distrust(store->context, shown.checkpoint.size,
                           (struct th_bytes){(const uint8_t *)shown.note, shown.note_size});
}

int th_driver_hear_witnesses(struct th_driver *driver, const struct th_item *items, size_t count)
{
    int status = 0;
    for (size_t i = 0; i < count && status == 0 && !driver->is_contradicted; i++)
        if (items[i].kind == TH_ITEM_HELLO && items[i].hello.newest_receipt.size > 0)
            status = hear(driver, &items[i].hello);
    return status;
}

const struct th_contradiction *th_driver_contradiction(const struct th_driver *driver)
{
    return driver->is_contradicted ? &driver->contradiction : NULL;
}
