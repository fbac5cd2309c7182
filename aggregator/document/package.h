/* SPDX-License-Identifier: Apache-2.0 */
/* ZIP archives in memory: the package of a text document, and a look at one of another's making.
 * Private. */
#ifndef TH_DOCUMENT_PACKAGE_H
#define TH_DOCUMENT_PACKAGE_H

#include "aggregator/document/document.h"

struct th_package_part {
    const char *name;
    const void *bytes;
    size_t size;
    bool is_stored; /* not compressed */
};

/* The parts in their order, all of the given time (+07:00). TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_package_make(const struct th_package_part *parts, size_t count,
                                  th_instant time, struct th_document_file *ret_document);

/* That each XML part is there to its last byte: as it inflates, by its checksum, and closed by the
 * tag that it began with. TH_E_IO: it is not; TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_package_check(const char *bytes, size_t size);

#endif
