/* SPDX-License-Identifier: Apache-2.0 */
/* export: a document of an obligation, or the files of a copy for a second body. */
#ifndef TH_AGGREGATOR_CLI_EXPORT_H
#define TH_AGGREGATOR_CLI_EXPORT_H

#include "aggregator/cli/scan.h"
#include "aggregator/cli/site.h"

#include <jansson.h>

/* What a document is to be; NULL and false: not given. */
struct th_export_wish {
    const char *period, *branch, *as_of, *position, *format, *sheet, *out;
    bool force;
};

struct th_exporting {
    struct th_site site;
    const char *target;
    char folder[TH_SITE_PATH_SIZE];       /* where it is built, beside the target */
    const char *plan, *obligation, *unit; /* NULL: all */
    int64_t since;
    struct th_export_wish wish;
    bool is_terminal;

    struct th_store *store;
    uint64_t size; /* of the tree of the checkpoint */
    struct th_digest root;
    struct th_arena arena;
    FILE *index;
    uint64_t reports, submissions;
};

/* Makes the document that is wished and puts it where it belongs; prints what was done. The exit
 * code. */
int th_export_document(struct th_exporting *exporting);

/* FOLDER/NAME, mode 0600, not flushed: the whole folder is, at the end. TH_E_IO, TH_E_LIMIT. */
TH_MUST_CHECK int th_export_write(struct th_exporting *exporting, const char *name,
                                  struct th_bytes content);
/* checkpoint, proof, log-keys.yaml and README.txt; fills size and root. */
TH_MUST_CHECK int th_export_log(struct th_exporting *exporting);
/* Every submission with an accepted report since then, with its files and its lines of the index.
 */
TH_MUST_CHECK int th_export_reports(struct th_exporting *exporting);

#endif
