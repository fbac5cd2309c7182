/* SPDX-License-Identifier: Apache-2.0 */
/* One position after the other: entry, leaf, tree, checkpoint, and the fold. */
#include "aggregator/audit/verify_parts.h"

#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"
#include "proto/wire/journal.h"

#include <string.h>

/* What stands at one position; a part that is not there has size 0. */
struct place {
    uint64_t position;
    bool has_entry, has_leaf, is_unpacked;
    struct th_stored_entry stored;
    struct th_digest digest;
    struct th_bytes leaf;
    struct th_unpacked unpacked;
};

static bool is_fatal(int status)
{
    return status < 0 && status != TH_E_CORRUPT && status != TH_E_NOT_FOUND;
}

/* ---- reading ---- */

static int read_entry(struct th_verify *verify, struct place *place)
{
    int status = th_view_entry(verify->opened.view, place->position, &place->stored);
    if (status == 0)
        status = th_view_entry_digest(verify->opened.view, place->position, &place->digest);
    if (is_fatal(status))
        return status;
    place->has_entry = status == 0;
    if (status != 0)
        th_findings_add(&verify->findings, TH_FINDING_ENTRY, place->position,
                        status == TH_E_NOT_FOUND ? "thiếu bản ghi" : "bản ghi bị hỏng");
    return 0;
}

static int read_leaf(struct th_verify *verify, struct place *place)
{
    int status = th_view_leaf(verify->opened.view, place->position, &place->leaf);
    if (is_fatal(status))
        return status;
    place->has_leaf = status == 0; /* one value with the entry, of which it was told */
    verify->has_tree = verify->has_tree && place->has_leaf;
    return verify->has_tree ? th_regrown_add(&verify->tree, place->leaf) : 0;
}

/* A wrong signature is named, and the rest is looked at all the same. */
static int unpack(struct th_verify *verify, struct place *place)
{
    struct th_unpacking how = {.arena = &verify->arena,
                               .plans = &verify->plans,
                               .checks_signatures = verify->line->scratch != NULL};
    const char *what = NULL;
    int status = th_unpack(&place->stored, place->position, &how, &place->unpacked, &what);
    if (status == TH_E_SIGNATURE) {
        th_findings_add(&verify->findings, TH_FINDING_SUBMISSION, place->position, "%s", what);
        how.checks_signatures = false;
        status = th_unpack(&place->stored, place->position, &how, &place->unpacked, &what);
    }
    if (status == TH_E_NO_MEMORY)
        return status;
    place->is_unpacked = status == 0;
    if (status != 0)
        th_findings_add(&verify->findings, TH_FINDING_ENTRY, place->position, "%s", what);
    return 0;
}

/* ---- the leaf says what the entry says ---- */

static bool is_same_text(struct th_text a, struct th_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Which field of the leaf says another thing. */
static const char *leaf_fault(const struct th_verify *verify, const struct place *place,
                              const struct th_leaf *leaf)
{
    const struct th_entry *entry = &place->unpacked.entry;
    if (leaf->position != place->position)
        return "vị trí";
    if (!is_same_digest(&leaf->entry_digest, &place->digest))
        return "mã băm của bản ghi";
    if (leaf->kind != place->stored.kind)
        return "loại bản ghi";
    if (leaf->time.ms != place->stored.time.ms)
        return "thời gian";
    if (leaf->clock != place->stored.clock)
        return "trạng thái đồng hồ";
    if (leaf->mode != th_store_identity(verify->opened.store)->mode)
        return "kiểu của kho";
    if (!place->is_unpacked)
        return NULL;
    if (!is_same_text(leaf->unit, entry->unit))
        return "đơn vị";
    if (leaf->has_header_digest != entry->has_header_digest ||
        !is_same_digest(&leaf->header_digest, &entry->header_digest))
        return "mã băm của báo cáo gửi lên";
    return "phán định";
}

static int check_leaf(struct th_verify *verify, const struct place *place)
{
    struct th_bytes expected = {NULL, 0};
    struct th_leaf leaf;
    int status = 0;
    if (place->is_unpacked)
        status = th_unpacked_leaf(&place->unpacked, th_store_identity(verify->opened.store)->mode,
                                  &place->digest, &verify->arena, &expected);
    if (status == TH_E_NO_MEMORY)
        return status;
    if (place->is_unpacked && status == 0 && expected.size == place->leaf.size &&
        memcmp(expected.bytes, place->leaf.bytes, expected.size) == 0)
        return 0;
    status = th_wire_leaf_decode(place->leaf, &verify->arena, &leaf);
    if (status == TH_E_NO_MEMORY)
        return status;
    const char *fault = status == 0 ? leaf_fault(verify, place, &leaf) : NULL;
    if (status != 0)
        th_findings_add(&verify->findings, TH_FINDING_LEAF, place->position,
                        "lá không giải mã được");
    else if (fault != NULL)
        th_findings_add(&verify->findings, TH_FINDING_LEAF, place->position,
                        "lá ghi khác với bản ghi: %s", fault);
    return 0;
}

static void check_time(struct th_verify *verify, uint64_t position, th_instant time)
{
    char here[TH_INSTANT_TEXT_SIZE], before[TH_INSTANT_TEXT_SIZE];
    if (position > 0 && time.ms < verify->time.ms)
        th_findings_add(&verify->findings, TH_FINDING_TIME, position,
                        "thời gian lùi lại: %s sau %s", th_instant_format(time, here),
                        th_instant_format(verify->time, before));
    else
        verify->time = time;
}

/* ---- the checkpoint of the tree as it is now ---- */

/* In this store's tree the last key that begins before a size has signed it. */
static const struct th_log_key *key_of(const struct th_log_keys *keys, uint64_t size)
{
    const struct th_log_key *key = &keys->items[0];
    for (size_t i = 1; i < keys->count; i++)
        if (keys->items[i].after < size)
            key = &keys->items[i];
    return key;
}

static const char *note_fault(const struct th_verify *verify, struct th_bytes note, uint64_t size)
{
    const struct th_log_key *key = key_of(verify->keys, size);
    struct th_checkpoint checkpoint;
    struct th_note parts;
    struct th_digest root;
    int status = th_tlog_note_verify((const char *)note.bytes, note.size, &key->vkey, 1, &parts);
    if (status == TH_E_SIGNATURE)
        return "không do khóa đang có hiệu lực ký";
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &checkpoint);
    if (status != 0 || parts.signatures_n != 1)
        return "không phải checkpoint của nhật ký này";
    if (strcmp(checkpoint.origin, key->vkey.name) != 0)
        return "mang tên nhật ký khác";
    if (checkpoint.size != size)
        return "ghi cỡ khác";
    th_regrown_root(&verify->tree, &root);
    if (verify->has_tree && !is_same_digest(&root, &checkpoint.root))
        return "gốc cây băm khác với gốc tính lại từ các lá";
    return NULL;
}

static void bad_checkpoint(struct th_verify *verify, uint64_t size, const char *what)
{
    if (!verify->is_checkpoint_bad)
        th_findings_add(&verify->findings, TH_FINDING_CHECKPOINT, size - 1, "checkpoint cỡ %llu %s",
                        (unsigned long long)size, what);
    verify->is_checkpoint_bad = true;
}

static int check_checkpoint(struct th_verify *verify, uint64_t size)
{
    struct th_bytes note;
    if (verify->checkpoint_size > size)
        return 0; /* the next one is known, and is larger */
    int status = th_view_checkpoint(verify->opened.view, size, &verify->checkpoint_size, &note);
    if (is_fatal(status))
        return status;
    if (status == TH_E_NOT_FOUND) {
        verify->checkpoint_size = 0;
        return 0;
    }
    if (status != 0) { /* which one it is, nobody can say */
        bad_checkpoint(verify, size, "hoặc một cỡ sau đó bị hỏng");
        verify->signed_size = size;
        verify->checkpoint_size = 0;
        return 0;
    }
    verify->is_checkpoint_bad = false;
    if (verify->checkpoint_size != size)
        return 0;
    verify->counts.checkpoints++;
    verify->signed_size = size;
    const char *fault = note_fault(verify, note, size);
    if (fault != NULL)
        th_findings_add(&verify->findings, TH_FINDING_CHECKPOINT, size - 1, "checkpoint cỡ %llu %s",
                        (unsigned long long)size, fault);
    return 0;
}

void th_verify_end(struct th_verify *verify, uint64_t size)
{
    th_regrown_root(&verify->tree, &verify->root);
    if (size > 0 && verify->signed_size != size && !verify->is_replica)
        th_findings_add(&verify->findings, TH_FINDING_CHECKPOINT, size - 1,
                        "không có checkpoint cỡ %llu ở cuối nhật ký", (unsigned long long)size);
}

/* ---- folding ---- */

static int fold(struct th_verify *verify, const struct place *place)
{
    char problem[TH_FOLD_PROBLEM_SIZE] = "không dựng lại được";
    if (!verify->folds)
        return 0;
    if (!place->is_unpacked || !place->has_leaf) {
        verify->folds = false; /* what is missing was named */
        return 0;
    }
    int status = th_fold_entry(verify->fold, verify->opened.view, &place->stored, &place->unpacked,
                               place->leaf, problem);
    if (is_fatal(status))
        return status;
    if (status != 0) {
        verify->folds = false;
        th_findings_add(&verify->findings, TH_FINDING_FOLD, place->position, "%s", problem);
    }
    return 0;
}

static int check_content(struct th_verify *verify, enum th_entry_kind kind,
                         const struct th_unpacked *unpacked, bool is_proved)
{
    int status = th_verify_people(verify, unpacked, is_proved);
    if (status == 0 && th_entry_has_reports(kind))
        status = th_verify_reports(verify, unpacked);
    return status;
}

static void count_reports(struct th_verify *verify, const struct th_decision *decision)
{
    for (size_t i = 0; i < decision->judgements_count; i++)
        verify->counts.accepted += decision->judgements[i].accepted;
}

/* What the shadow refuses is named by looking again. */
static int shade(struct th_verify *verify, const struct th_unpacked *unpacked,
                 const struct th_prepared *prepared)
{
    int status = th_shadow_fold(verify->shadow, verify->opened.view, unpacked, prepared);
    if (status != 0 && !is_fatal(status))
        th_findings_add(&verify->findings, TH_FINDING_FOLD, unpacked->entry.position,
                        "không dựng lại được");
    return is_fatal(status) ? status : 0;
}

/* A place that was not unpacked ahead, by what operators and the clock have brought. */
static int sound_other(struct th_verify *verify, const struct th_ahead_place *sound,
                       const struct th_sweep_options *options)
{
    struct place place = {.position = sound->position,
                          .has_entry = true,
                          .has_leaf = options->checks_tree,
                          .stored = sound->stored,
                          .digest = sound->digest,
                          .leaf = sound->leaf};
    int status = unpack(verify, &place);
    if (status == 0 && options->checks_tree)
        status = check_leaf(verify, &place);
    if (status == 0 && place.is_unpacked && options->checks_people)
        status = check_content(verify, place.stored.kind, &place.unpacked, sound->is_proved);
    if (status == 0 && place.is_unpacked && verify->shadow != NULL)
        status = shade(verify, &place.unpacked, NULL);
    return status;
}

static int sound_reports(struct th_verify *verify, const struct th_ahead_place *sound,
                         const struct th_sweep_options *options)
{
    int status = 0;
    if (options->checks_people)
        status = check_content(verify, sound->stored.kind, &sound->unpacked, false);
    else if (sound->is_prepared)
        verify->counts.accepted += sound->prepared.count;
    else
        count_reports(verify, &sound->unpacked.entry.decision);
    if (status == 0 && verify->shadow != NULL)
        status = shade(verify, &sound->unpacked, sound->is_prepared ? &sound->prepared : NULL);
    return status;
}

int th_verify_sound(struct th_verify *verify, const struct th_ahead_place *sound,
                    const struct th_sweep_options *options, bool has_note)
{
    th_arena_reset(&verify->arena);
    verify->counts.entries++;
    check_time(verify, sound->position, sound->stored.time);
    int status = options->checks_tree ? th_regrown_add_hash(&verify->tree, &sound->leaf_hash) : 0;
    if (status == 0)
        status = sound->is_unpacked ? sound_reports(verify, sound, options)
                                    : sound_other(verify, sound, options);
    return status == 0 && has_note ? check_checkpoint(verify, sound->position + 1) : status;
}

int th_verify_position(struct th_verify *verify, uint64_t position)
{
    struct place place = {.position = position};
    th_arena_reset(&verify->arena);
    int status = read_entry(verify, &place);
    if (status == 0)
        status = read_leaf(verify, &place);
    if (status == 0 && place.has_entry) {
        verify->counts.entries++;
        check_time(verify, position, place.stored.time);
        status = unpack(verify, &place);
    }
    if (status == 0 && place.has_entry && place.has_leaf)
        status = check_leaf(verify, &place);
    if (status == 0 && place.is_unpacked && verify->line->scratch != NULL)
        status = check_content(verify, place.stored.kind, &place.unpacked, false);
    if (status == 0)
        status = fold(verify, &place);
    return status == 0 ? check_checkpoint(verify, position + 1) : status;
}
