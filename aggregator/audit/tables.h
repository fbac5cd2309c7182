/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a store against those that its journal folds to, row by row: unit, plan, key, mark,
 * log key, report, revision, rollup, closing, and of the common rows the recovery and the clock.
 *
 * Thread rule: that of the views, which stay as they are meanwhile.
 */
#ifndef TH_AUDIT_TABLES_H
#define TH_AUDIT_TABLES_H

#include "aggregator/store/inspect.h"

enum th_table_fault {
    TH_TABLE_DIFFERS,
    TH_TABLE_MISSING, /* the store has not the row that the journal gives */
    TH_TABLE_EXTRA    /* it has one that the journal does not give */
};

struct th_tables_watch {
    void *context;
    void (*fault)(void *context, enum th_table_fault fault, struct th_bytes key);
    void (*step)(void *context, uint64_t rows); /* so many were compared until now */
};

struct th_tables_counts {
    uint64_t rows;    /* of the store */
    uint64_t rollups; /* among them, those of closings not included */
};

/* Rows whose checksum is wrong are passed over when they are in the fold too: somebody else names
 * them. TH_E_CORRUPT: a view cannot be walked; TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_tables_compare(struct th_view *store, struct th_view *folded,
                                    const struct th_tables_watch *watch,
                                    struct th_tables_counts *ret_counts);

#endif
