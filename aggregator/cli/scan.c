/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/scan.h"

#include "proto/model/unit.h"
#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include <string.h>

enum { RENEW_EVERY = 2048 };

int th_scan(struct th_store *store, uint64_t from, uint64_t to, th_scan_fn *fn, void *context)
{
    struct th_view *view = NULL;
    int status = th_view_open(store, &view);
    if (status < 0)
        return status;
    for (uint64_t at = from; at < to && status == 0; at++) {
        if (at > from && (at - from) % RENEW_EVERY == 0)
            status = th_view_renew(view);
        if (status == 0)
            status = fn(context, view, at);
    }
    th_view_close(view);
    return status;
}

static int read_entered(struct th_bytes body, struct th_arena *arena,
                        struct th_submission *ret_submission)
{
    struct th_entering entering;
    int status = th_wire_entering_decode(body, arena, &entering);
    return status < 0 ? status : th_wire_entered_submission(&entering, arena, ret_submission);
}

int th_scan_submission(struct th_view *view, uint64_t position, struct th_arena *arena,
                       struct th_scanned *ret_scanned)
{
    struct th_scanned scanned;
    struct th_readmission readmission;
    struct th_bytes leaf;
    int status = th_view_entry(view, position, &scanned.entry);
    if (status < 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    if (!th_entry_has_reports(scanned.entry.kind))
        return TH_E_NOT_FOUND;
    scanned.raw = scanned.entry.body;
    if (scanned.entry.kind == TH_ENTRY_READMITTED) {
        status = th_wire_readmission_decode(scanned.entry.body, arena, &readmission);
        if (status == 0)
            scanned.raw = readmission.submission;
    }
    if (scanned.entry.kind == TH_ENTRY_ENTERED)
        status = read_entered(scanned.raw, arena, &scanned.submission);
    else if (status == 0)
        status = th_wire_submission_decode_trusted(scanned.raw, arena, &scanned.submission);
    if (status == 0)
        status = th_view_leaf(view, position, &leaf);
    if (status == 0)
        status = th_wire_leaf_decode(leaf, arena, &scanned.leaf);
    if (status == 0 && scanned.leaf.judgements_count != scanned.submission.header.reports_count)
        status = TH_E_CORRUPT;
    if (status < 0)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    *ret_scanned = scanned;
    return 0;
}

th_instant th_scan_received(const struct th_scanned *scanned, size_t index)
{
    const struct th_judgement *judgement = &scanned->leaf.judgements[index];
    return judgement->has_received ? judgement->received : scanned->entry.time;
}

bool th_scan_time(struct th_view *view, uint64_t position, th_instant *ret_time)
{
    struct th_stored_entry entry;
    if (position >= th_view_size(view) || th_view_entry(view, position, &entry) < 0)
        return false;
    *ret_time = entry.time;
    return true;
}

/* ---- codes ---- */

struct listing {
    struct th_arena *arena;
    struct th_unit_codes codes;
};

static int take_code(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct listing *listing = context;
    (void)position;
    if (number != listing->codes.count || number == TH_UNIT_COUNT_MAX)
        return TH_E_CORRUPT;
    const char *code = th_arena_copy_text(listing->arena, unit->code, strlen(unit->code));
    if (code == NULL)
        return TH_E_NO_MEMORY;
    listing->codes.codes[listing->codes.count++] = code;
    return 0;
}

int th_scan_codes(struct th_view *view, struct th_arena *arena, struct th_unit_codes *ret_codes)
{
    struct listing listing = {.arena = arena};
    listing.codes.codes =
        th_arena_alloc_array(arena, TH_UNIT_COUNT_MAX, sizeof *listing.codes.codes);
    if (listing.codes.codes == NULL)
        return TH_E_NO_MEMORY;
    int status = th_view_units(view, arena, take_code, &listing);
    if (status == 0)
        *ret_codes = listing.codes;
    return status;
}

const char *th_unit_code(const struct th_unit_codes *codes, uint32_t number)
{
    return number < codes->count ? codes->codes[number] : "?";
}
