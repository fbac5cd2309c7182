/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the command `recover`: a store that was put back from an older copy goes on as a new
 * log, and what it knows of the one that was lost goes into its first entry.
 */
#ifndef TH_AGGREGATOR_CLI_RECOVER_H
#define TH_AGGREGATOR_CLI_RECOVER_H

#include "aggregator/cli/site.h"
#include "base/options.h"

#include <jansson.h>

struct th_recovering {
    struct th_site site;
    const char *realm;          /* that was asked for; NULL: the next one */
    struct th_cli_values notes; /* files with checkpoints of the lost log */
    const char *keys_path;      /* NULL: DIR/log-keys.yaml */
    bool is_key_lost;           /* --old-key-lost */
    bool is_whole;              /* the store is behind nothing: only its key was lost */

    struct th_store *store;  /* open, TH_STORE_RECOVER */
    uint64_t size;           /* of the copy */
    th_instant last;         /* of its last entry */
    struct th_log_keys keys; /* the store's, and those that it does not know */
    size_t known_keys;       /* how many of them the store has */
    /* Of a log that is in none of these; "": none was met. */
    char other_origin[TH_CHECKPOINT_ORIGIN_MAX + 1];
    char origin[TH_CHECKPOINT_ORIGIN_MAX + 1]; /* of the new log */
    /* The last known of the log that was lost. */
    bool has_lost;
    uint64_t lost_size;
    char *lost_note; /* owned */
    size_t lost_note_size;
};

/*
 * Fills keys, origin, size and what is known to be lost. Print what is wrong and return an exit
 * code.
 */
int th_recover_gather_keys(struct th_recovering *recovering);
int th_recover_choose_origin(struct th_recovering *recovering);
int th_recover_gather_lost(struct th_recovering *recovering);
/* Says what was done. `is_signed`: the old key has signed for the new one. Returns an exit code. */
int th_recover_tell(const struct th_recovering *recovering, const struct th_secrets *next,
                    bool is_curve_new, bool is_signed);

/* What was admitted again since a recovery began, and by whom. */
struct th_readmitted_units {
    bool was_recovered;
    bool is_open;
    uint64_t began_at;
    th_instant began;
    bool has_ended;
    uint64_t ended_at; /* position of the end's entry */
    uint64_t reports, entries;
    uint64_t closings, reminders; /* that the end fired */
    json_t *units;                /* owned: unit → reports */
};
/* TH_E_NO_MEMORY, TH_E_CORRUPT. `ret_counted->units`: json_decref. */
TH_MUST_CHECK int th_recover_count(struct th_store *store, struct th_readmitted_units *ret_counted);
int th_recover_status(const struct th_site *site);
int th_recover_finish(const struct th_site *site);

#endif
