/* SPDX-License-Identifier: Apache-2.0 */
/* The consolidated report as a text document (OpenDocument 1.3) in the form of Nghị định
 * 30/2020/NĐ-CP, Phụ lục I. Private. */
#ifndef TH_DOCUMENT_ODT_H
#define TH_DOCUMENT_ODT_H

#include "aggregator/document/facts.h"

/* What is made on the way is in the arena. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_odt_write(const struct th_document_facts *facts, struct th_arena *arena,
                               struct th_document_file *ret_document);

#endif
