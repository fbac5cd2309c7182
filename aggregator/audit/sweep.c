/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in one go. The journal is taken in stretches: within one, threads read ahead (ahead.h)
 * and this thread goes through their places in order; between two, all snapshots are renewed, so
 * that an aggregator that goes on writing gets its pages back. The last stretch ends where the
 * store ends; its snapshot is held, and the tables are looked at in it.
 *
 * A store whose run is not empty then (a burst is going on, or was killed) counts as doubtful: who
 * asks reads it carefully, with the run laid over the tables.
 */
#include "aggregator/audit/aside.h"
#include "aggregator/audit/verify_parts.h"
#include "aggregator/store/overlay.h"

/* Entries of one snapshot, as few as a writer's free pages like and as many as threads like. */
enum { STRETCH = 65536, CHASES = 64 };

static bool is_sound(const struct th_verify *verify)
{
    return verify->findings.total == 0;
}

/* Of an end a checkpoint is always looked for. */
static int take(struct th_verify *verify, const struct th_sweep_options *options,
                const struct th_ahead_place *place, bool is_end, bool *ret_is_sound)
{
    th_reader_step(verify->reader, place->position, place->position);
    if (!place->is_sound) {
        *ret_is_sound = false;
        return 0;
    }
    bool has_note = options->checks_tree && (options->checks_notes || is_end);
    int status = th_verify_sound(verify, place, options, has_note);
    *ret_is_sound = is_sound(verify);
    return status;
}

/* `aside`: what is made beside the last one; NULL: others follow. */
static int run_stretch(struct th_verify *verify, const struct th_sweep_options *options,
                       uint64_t from, uint64_t to, struct th_aside *aside, bool *ret_is_sound)
{
    const struct th_ahead_options reading = {.store = verify->opened.store,
                                             .from = from,
                                             .to = to,
                                             .threads = options->threads,
                                             .checks_tree = options->checks_tree,
                                             .checks_signatures = options->checks_people,
                                             .keys = verify->keys,
                                             .shadow = verify->shadow,
                                             .on_idle = aside == NULL ? NULL : th_aside_start,
                                             .on_idle_context = aside};
    struct th_ahead *ahead;
    bool is_sound_yet = true;
    if (from == to)
        return 0;
    int status = th_ahead_new(&reading, &ahead);
    if (status != 0)
        return status;
    for (uint64_t position = from; position < to && status == 0 && is_sound_yet; position++)
        status = take(verify, options, th_ahead_next(ahead), position + 1 == to, &is_sound_yet);
    th_ahead_free(ahead);
    *ret_is_sound = is_sound_yet;
    return status;
}

/* The last stretch, in the snapshot that is held from here on. */
static int run_last(struct th_verify *verify, const struct th_sweep_options *options, uint64_t from,
                    uint64_t to, struct th_aside *aside, bool *ret_is_sound)
{
    bool is_whole = false;
    if (th_overlay_is_whole(verify->opened.view, &is_whole) != 0 || !is_whole) {
        *ret_is_sound = false;
        return 0;
    }
    th_aside_begin(aside, verify, options);
    return run_stretch(verify, options, from, to, aside, ret_is_sound);
}

static int run_log(struct th_verify *verify, const struct th_sweep_options *options,
                   struct th_aside *aside, bool *ret_is_sound)
{
    uint64_t done = 0;
    for (int chase = 0;; chase++) {
        int status = th_view_renew(verify->opened.view);
        if (status == 0)
            status = th_view_log_keys(verify->opened.view, verify->keys);
        uint64_t size = status == 0 ? th_view_size(verify->opened.view) : 0;
        th_reader_phase(verify->reader,
                        options->checks_people ? "kiểm từng bản ghi" : "đọc và dựng lại sổ nhật ký",
                        size);
        /* A store that outruns the sweep is held at last, however much is left. */
        bool holds = size - done <= STRETCH || chase >= CHASES + (int)(size / STRETCH);
        uint64_t to = holds ? size : done + STRETCH;
        if (status == 0)
            status = holds ? run_last(verify, options, done, to, aside, ret_is_sound)
                           : run_stretch(verify, options, done, to, NULL, ret_is_sound);
        done = to;
        if (status != 0 || !*ret_is_sound || holds)
            return status;
    }
}

static int run(struct th_verify *verify, const struct th_sweep_options *options,
               struct th_aside *aside, bool *ret_is_sound)
{
    bool is_sound_yet = true;
    int status = th_view_log_keys(verify->opened.view, verify->keys);
    if (status == 0 && options->checks_notes)
        status = th_verify_folder(verify);
    if (status == 0 && options->checks_notes)
        status = th_verify_keys(verify);
    if (status == 0 && options->folds)
        status = th_shadow_new(&verify->shadow);
    if (status == 0)
        status = run_log(verify, options, aside, &is_sound_yet);
    if (status == 0 && is_sound_yet && options->folds)
        status = th_shadow_settle(verify->shadow);
    if (status == 0 && is_sound_yet)
        status = th_sweep_rows(verify, options, &is_sound_yet);
    if (status == 0 && is_sound_yet)
        status = th_aside_end(aside, verify);
    if (status == 0 && is_sound_yet && options->checks_tree)
        th_verify_end(verify, th_view_size(verify->opened.view));
    if (status == 0)
        *ret_is_sound = is_sound_yet && is_sound(verify);
    return status;
}

int th_verify_sweep(struct th_verify *verify, const struct th_sweep_options *options,
                    bool *ret_is_sound)
{
    struct th_aside aside = {.options = options};
    int status = run(verify, options, &aside, ret_is_sound);
    th_aside_deinit(&aside);
    return status;
}
