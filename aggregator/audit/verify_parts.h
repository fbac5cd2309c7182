/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `verify` hand to each other. Private. */
#ifndef TH_AUDIT_VERIFY_PARTS_H
#define TH_AUDIT_VERIFY_PARTS_H

#include "aggregator/audit/ahead.h"
#include "aggregator/audit/findings.h"
#include "aggregator/audit/fold.h"
#include "aggregator/audit/opened.h"
#include "aggregator/audit/shadow.h"
#include "aggregator/audit/tables.h"
#include "aggregator/audit/tree_check.h"
#include "aggregator/audit/unpack.h"

struct th_verify_line {
    const struct th_log_keys *trusted; /* NULL: none was given */
    const char *scratch;               /* an empty folder; NULL: --quick */
    unsigned threads;
    bool as_json;
};

/* A node's key as the journal enrolled it. */
struct th_verify_key {
    struct th_sign_key sign_key;
    char unit[TH_UNIT_CODE_MAX + 1];
    struct th_key_row row; /* positions and revocation alone */
};

struct th_verify_plan {
    const struct th_plan *plan;
    uint16_t *by_id; /* its obligations; of several of one id the first comes first */
};

/* What entries that come later are judged by; grows with the journal. */
struct th_verify_people {
    struct th_verify_key *keys; /* by key */
    size_t keys_count, keys_capacity;
    struct th_verify_plan plans[TH_LIMIT_PLANS_MAX];
    size_t plans_count;
    bool has_readmitted;
};

struct th_verify_counts {
    uint64_t rows, entries, checkpoints, tiles, submissions, reports, accepted, enrolments,
        readmissions, entered, witnesses;
};

struct th_verify {
    const struct th_verify_line *line;
    struct th_reader *reader;
    struct th_opened opened;
    struct th_findings findings;
    struct th_log_keys *keys; /* of the snapshot */
    bool is_replica;
    char unread[TH_FINDING_TEXT_SIZE]; /* a file beside the database that nobody let us read */
    struct th_regrown tree;
    bool has_tree; /* false: a leaf was missing */
    struct th_verify_people people;
    struct th_fold *fold;     /* NULL: --quick */
    bool folds;               /* false: an entry did not */
    struct th_shadow *shadow; /* of a sweep that folds, else NULL */
    struct th_arena arena;    /* of one entry */
    struct th_arena plans;    /* of the whole run */
    th_instant time;          /* of the entry before */
    uint64_t checkpoint_size; /* of the next one that is expected */
    uint64_t signed_size;     /* of the last one that was looked at */
    bool is_checkpoint_bad;   /* the next one was named already */
    struct th_verify_counts counts;
    struct th_tables_counts tables;
    bool has_state;
    struct th_digest state, root;
};

/* All of these: a finding is no failure; TH_E_NO_MEMORY, TH_E_IO, TH_E_STORAGE, TH_E_BUSY are. */

/* verify_folder.c: the files beside the database, and the keys that were given. */
TH_MUST_CHECK int th_verify_folder(struct th_verify *verify);
TH_MUST_CHECK int th_verify_keys(struct th_verify *verify);

/* verify_rows.c: every row that is there; the tree's rows; the tables against the fold's. */
TH_MUST_CHECK int th_verify_rows(struct th_verify *verify);
TH_MUST_CHECK int th_verify_tiles(struct th_verify *verify);
TH_MUST_CHECK int th_verify_tables(struct th_verify *verify);
/* Of a store that is refused: opens the file itself and looks at what can be read. */
void th_verify_refused(struct th_verify *verify);

/* verify_log.c: the next position, in order. */
TH_MUST_CHECK int th_verify_position(struct th_verify *verify, uint64_t position);
struct th_sweep_options {
    unsigned threads;
    bool checks_tree;   /* leaves, tiles and checkpoints too, at the least the last one */
    bool checks_people; /* signatures, keys and judgements, and the files of the folder */
    bool checks_notes;  /* every checkpoint */
    bool folds;         /* and holds the tables against it */
    /* What a command asks of the end's snapshot, by another thread: aside.h. NULL: nothing. */
    int (*ask)(void *context, struct th_view *view);
    void *ask_context;
};
/* The next one in order, which was found sound. `has_note`: looks for a checkpoint behind it. What
 * is wrong is a finding, not in the words that it is told with. */
TH_MUST_CHECK int th_verify_sound(struct th_verify *verify, const struct th_ahead_place *sound,
                                  const struct th_sweep_options *options, bool has_note);
/* That the last one was the end. */
void th_verify_end(struct th_verify *verify, uint64_t size);

/*
 * sweep.c: the whole store in one go, by threads. It tells sound from doubtful, and not what is
 * wrong: that is for the functions above, in a child that begins anew. `ret_is_sound`: everything
 * is as it should be; counts, time, root and state (none without `checks_tree`) are there, and the
 * view is of the end.
 */
TH_MUST_CHECK int th_verify_sweep(struct th_verify *verify, const struct th_sweep_options *options,
                                  bool *ret_is_sound);
/* sweep_rows.c: every row but entries and leaves, in the view that is held at the end. No run is
 * in it. */
TH_MUST_CHECK int th_sweep_rows(struct th_verify *verify, const struct th_sweep_options *options,
                                bool *ret_is_sound);

/* A view of the same snapshot as the one that is held, or NULL: the store has gone on. */
struct th_view *th_sweep_view(const struct th_verify *verify);

/* verify_people.c: founding, enrolments, revocations, plans: checked and remembered. `is_proved`:
 * that an enrolment's proof holds is known. */
TH_MUST_CHECK int th_verify_people(struct th_verify *verify, const struct th_unpacked *unpacked,
                                   bool is_proved);
void th_verify_people_deinit(struct th_verify_people *people);
/* NULL: not enrolled. */
const struct th_verify_key *th_verify_find_key(const struct th_verify_people *people,
                                               const struct th_sign_key *key);

/* The obligation of a report, or NULL. */
const struct th_obligation *th_verify_find_obligation(const struct th_verify_people *people,
                                                      const struct th_report *report);

/* verify_reports.c: who signed, and what was decided. */
TH_MUST_CHECK int th_verify_reports(struct th_verify *verify, const struct th_unpacked *unpacked);

#endif
