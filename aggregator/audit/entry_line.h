/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of the journal for people: as JSON, and as one line of text made of that. Pure.
 */
#ifndef TH_AUDIT_ENTRY_LINE_H
#define TH_AUDIT_ENTRY_LINE_H

#include "aggregator/store/store.h"
#include "base/arena.h"
#include "proto/model/entry.h"

#include <jansson.h>
#include <stdio.h>

/* Body and decision are decoded into the arena. Returns owned. TH_E_CORRUPT: they cannot be;
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_entry_json(const struct th_stored_entry *entry, const struct th_leaf *leaf,
                                struct th_arena *arena, json_t **ret_object);

/* One line with its newline, from what th_entry_json() gave. */
void th_entry_print(const json_t *object, FILE *out);

#endif
