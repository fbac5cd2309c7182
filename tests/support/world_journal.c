/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world_journal.h"

#include "aggregator/core/state.h"
#include "base/assert.h"

#include <string.h>

/* ---- keeping ---- */

static void *copy(struct world *world, const void *from, size_t count, size_t size)
{
    void *to = th_arena_alloc_array(&world->arena, count, size);
    TH_ASSERT(to != NULL);
    if (count > 0)
        memcpy(to, from, count * size);
    return to;
}

static const struct th_submission *copy_submission(struct world *world,
                                                   const struct th_submission *from)
{
    size_t count = from->header.reports_count;
    struct th_submission *to = copy(world, from, 1, sizeof *to);
    struct th_report *reports = copy(world, from->reports, count, sizeof *reports);
    for (size_t i = 0; i < count; i++) {
        struct th_values *values = &reports[i].values;
        values->numbers = copy(world, values->numbers, values->count, sizeof *values->numbers);
        values->values = copy(world, values->values, values->count, sizeof *values->values);
    }
    to->header.report_digests =
        copy(world, from->header.report_digests, count, sizeof(struct th_digest));
    to->header.realm.bytes = copy(world, from->header.realm.bytes, from->header.realm.size, 1);
    to->reports = reports;
    return to;
}

static void copy_content(struct world *world, struct th_event *content)
{
    struct th_recovery *recover = &content->body.recover;
    switch (content->kind) {
    case TH_EVENT_UNITS:
        content->body.units.units = copy(world, content->body.units.units,
                                         content->body.units.count, sizeof(struct th_unit));
        break;
    case TH_EVENT_SUBMISSION:
        content->body.submission.submission =
            copy_submission(world, content->body.submission.submission);
        break;
    case TH_EVENT_READMISSION:
        content->body.readmission.submission =
            copy_submission(world, content->body.readmission.submission);
        content->body.readmission.leaf = NULL; /* the entry says what was decided */
        break;
    case TH_EVENT_ENTERING:
        content->body.entering.submission =
            copy_submission(world, content->body.entering.submission);
        break;
    case TH_EVENT_RECOVER:
        recover->keys = copy(world, recover->keys, recover->keys_count, sizeof *recover->keys);
        break;
    case TH_EVENT_FOUND:
    case TH_EVENT_PLAN:
    case TH_EVENT_ENROL:
    case TH_EVENT_REVOKE:
    case TH_EVENT_TICK:
    case TH_EVENT_CLOCK_SET:
    case TH_EVENT_CLOCK_ACCEPT:
    case TH_EVENT_ROTATE:
    case TH_EVENT_END_RECOVERY:
        break;
    }
}

static bool is_of_event(enum th_entry_kind kind)
{
    return kind != TH_ENTRY_REMINDER && kind != TH_ENTRY_CLOSING && kind != TH_ENTRY_CLOCK;
}

void world_keep_entry(struct world *world, const struct th_entry *entry)
{
    TH_ASSERT(entry->position == world->next_position);
    TH_ASSERT(world->next_position < WORLD_JOURNAL_MAX);
    struct world_entry *kept = &world->journal[world->next_position++];
    kept->entry = *entry;
    struct th_decision *decision = &kept->entry.decision;
    decision->judgements =
        copy(world, decision->judgements, decision->judgements_count, sizeof *decision->judgements);
    decision->remarks = NULL; /* they hang on texts of the batch, and nothing is folded from them */
    decision->remarks_count = 0;
    if (world->event == NULL || !is_of_event(entry->kind))
        return;
    kept->content = *world->event;
    copy_content(world, &kept->content);
    if (entry->kind == TH_ENTRY_REVOKED)
        kept->content.body.revoke = entry->body.revocation; /* with its instant */
}

/* ---- showing again ---- */

struct th_leaf world_leaf(const struct world *world, uint64_t position)
{
    const struct th_digest none = {{0}};
    return th_entry_leaf(&world->journal[position].entry, world->mode, &none);
}

struct th_event world_readmission(const struct world *from, uint64_t position,
                                  const struct th_leaf *leaf)
{
    const struct world_entry *kept = &from->journal[position];
    const struct th_submission *submission = kept->entry.kind == TH_ENTRY_SUBMISSION
                                                 ? kept->content.body.submission.submission
                                                 : kept->content.body.readmission.submission;
    return (struct th_event){.kind = TH_EVENT_READMISSION,
                             .sender = 9,
                             .body.readmission = {.submission = submission,
                                                  .peer_unit = submission->header.unit,
                                                  .leaf = leaf}};
}

int world_answer_to(struct world *world, struct th_event event)
{
    world_reset_batch(world);
    int status = world_step(world, event);
    TH_ASSERT(status == 0);
    return world_answer(world)->body.answer.status;
}

int world_recover(struct world *world, const char *vkey)
{
    struct th_log_key_body key = {{vkey, strlen(vkey)}, world->next_position, {NULL, 0}};
    return world_answer_to(world, (struct th_event){.kind = TH_EVENT_RECOVER,
                                                    .body.recover = {.keys = &key,
                                                                     .keys_count = 1,
                                                                     .operator= {"o", 1}}});
}

int world_end_recovery(struct world *world)
{
    return world_answer_to(world, (struct th_event){.kind = TH_EVENT_END_RECOVERY,
                                                    .body.end_recovery.operator= {"o", 1}});
}

/* ---- folding ---- */

int world_fold_entry(struct world *world, const struct th_entry *entry,
                     const struct th_event *content)
{
    struct th_need need;
    world_reset_batch(world);
    if (th_core_fold_need(world->core, entry, &need)) {
        struct th_row past[WORLD_ROWS_MAX];
        size_t count = world_rows_before(world, need.book, need.at, past);
        int status = th_core_give_past(world->core, need.book, need.at, past, count);
        if (status < 0)
            return status;
    }
    int status = th_core_fold(world->core, entry, content, &world->effects);
    if (status < 0)
        return status;
    world_apply(world);
    TH_ASSERT(world_count(world, TH_EFFECT_APPEND) == 0);
    TH_ASSERT(world_count(world, TH_EFFECT_ANSWER) == 0);
    TH_ASSERT(world_count(world, TH_EFFECT_REMIND) == 0);
    TH_ASSERT(world_count(world, TH_EFFECT_PUT_CLOCK) == 1);
    world->journal[world->next_position].entry = *entry;
    if (content != NULL)
        world->journal[world->next_position].content = *content;
    world->next_position++;
    return 0;
}

int world_fold(const struct world *from, uint64_t count, struct world *ret_world)
{
    int status = 0;
    world_init_empty(ret_world, from->mode);
    memcpy(ret_world->units, from->units, sizeof from->units);
    for (uint64_t i = 0; status == 0 && i < count; i++) {
        const struct world_entry *kept = &from->journal[i];
        status = world_fold_entry(ret_world, &kept->entry,
                                  is_of_event(kept->entry.kind) ? &kept->content : NULL);
    }
    return status;
}

/* ---- comparing ---- */

static bool same_book(struct th_book_id a, struct th_book_id b)
{
    return a.plan == b.plan && a.obligation == b.obligation;
}

static bool same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool same_row(const struct world_row *one, const struct world_row *other)
{
    const struct th_row *a = &one->row, *b = &other->row;
    return same_book(one->book, other->book) && a->unit == b->unit && a->number == b->number &&
           a->revision == b->revision && a->index == b->index && a->position == b->position &&
           same_digest(&a->digest, &b->digest) && a->first_received.ms == b->first_received.ms &&
           a->received.ms == b->received.ms && a->prepared.ms == b->prepared.ms &&
           a->has_due == b->has_due && a->due.ms == b->due.ms && a->timeliness == b->timeliness &&
           a->estimated == b->estimated && a->entered == b->entered &&
           a->values_size == b->values_size && memcmp(a->values, b->values, a->values_size) == 0;
}

static bool same_rows(const struct world *a, const struct world *b)
{
    bool same = a->rows_count == b->rows_count && a->history_count == b->history_count;
    for (size_t i = 0; same && i < a->rows_count; i++)
        same = same_row(&a->rows[i], &b->rows[i]);
    for (size_t i = 0; same && i < a->history_count; i++)
        same = same_row(&a->history[i], &b->history[i]);
    return same;
}

static bool same_revisions(const struct world *a, const struct world *b)
{
    bool same = a->revisions_count == b->revisions_count;
    for (size_t i = 0; same && i < a->revisions_count; i++) {
        const struct th_revision *one = &a->revisions[i].revision;
        const struct th_revision *other = &b->revisions[i].revision;
        same = same_book(a->revisions[i].book, b->revisions[i].book) && one->unit == other->unit &&
               one->number == other->number && one->revision == other->revision &&
               one->index == other->index && one->position == other->position &&
               same_digest(&one->digest, &other->digest) &&
               one->received.ms == other->received.ms && one->entered == other->entered;
    }
    return same;
}

bool world_same_rollup(const struct th_rollup_layout *layout, const struct th_rollup *a,
                       const struct th_rollup *b)
{
    return memcmp(&a->counts, &b->counts, sizeof a->counts) == 0 &&
           memcmp(a->reported, b->reported,
                  (layout->catalogue->number_max + 1U) * sizeof *a->reported) == 0 &&
           memcmp(a->cells, b->cells, layout->cells_count * sizeof *a->cells) == 0;
}

static bool same_closings(const struct world *a, const struct world *b)
{
    const struct th_rollup_layout *layout = &a->core->plans[0].layout;
    bool same = a->closings_count == b->closings_count;
    for (size_t i = 0; same && i < a->closings_count; i++) {
        const struct world_closing *one = &a->closings[i], *other = &b->closings[i];
        same = same_book(one->book, other->book) && one->closed_at.ms == other->closed_at.ms &&
               one->unit == other->unit && one->branch == other->branch &&
               world_same_rollup(layout, &one->rollup, &other->rollup);
    }
    return same;
}

static bool same_marks(const struct world *a, const struct world *b)
{
    bool same = true;
    for (int i = 0; i < OB_COUNT; i++) {
        const struct th_mark *one = &a->marks[i], *other = &b->marks[i];
        same = same && a->has_mark[i] == b->has_mark[i] && one->closed == other->closed &&
               one->closed_at.ms == other->closed_at.ms && one->reminded == other->reminded &&
               one->reminded_at.ms == other->reminded_at.ms;
    }
    return same;
}

static bool same_keys(const struct world *a, const struct world *b)
{
    bool same = a->keys_count == b->keys_count;
    for (size_t i = 0; same && i < a->keys_count; i++) {
        const struct th_key_row *one = &a->keys[i], *other = &b->keys[i];
        same = one->unit == other->unit &&
               memcmp(&one->sign_key, &other->sign_key, sizeof one->sign_key) == 0 &&
               memcmp(one->curve_key, other->curve_key, sizeof one->curve_key) == 0 &&
               one->enrolled_at == other->enrolled_at && one->revoked == other->revoked &&
               one->revoked_at == other->revoked_at &&
               one->revoked_from.ms == other->revoked_from.ms;
    }
    return same;
}

static bool same_log(const struct world *a, const struct world *b)
{
    bool same = a->log_keys_count == b->log_keys_count && a->origins_count == b->origins_count &&
                a->recovery.is_open == b->recovery.is_open &&
                a->recovery.began_at == b->recovery.began_at;
    for (size_t i = 0; same && i < a->origins_count; i++)
        same = a->origins[i].size == b->origins[i].size &&
               memcmp(a->origins[i].bytes, b->origins[i].bytes, a->origins[i].size) == 0;
    return same;
}

const char *world_differs(const struct world *a, const struct world *b)
{
    if (a->units_count != b->units_count ||
        memcmp(a->unit_positions, b->unit_positions, sizeof a->unit_positions) != 0)
        return "units";
    if (a->plan_is_loaded != b->plan_is_loaded || a->plan_position != b->plan_position ||
        a->plan_loaded_at.ms != b->plan_loaded_at.ms)
        return "plan";
    if (!same_rows(a, b))
        return "rows";
    if (!same_revisions(a, b))
        return "revisions";
    if (!same_closings(a, b))
        return "closings";
    if (!same_marks(a, b))
        return "marks";
    if (!same_keys(a, b))
        return "keys";
    if (!same_log(a, b))
        return "log";
    if (a->next_position != b->next_position || a->clock.time.ms != b->clock.time.ms ||
        a->clock.status != b->clock.status || a->clock.rehearsed != b->clock.rehearsed)
        return "clock";
    return NULL;
}
