/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder known/: compiled plans and the unit list, replaced by what the province announces.
 * A file is replaced whole or not at all, and only by content that decodes. Thread rule: one owner.
 */
#ifndef TH_NODES_KNOWN_H
#define TH_NODES_KNOWN_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "proto/model/limits.h"

struct th_known_news {
    char name[TH_LIMIT_PLAN_ID_MAX + 1]; /* a plan's id; "" for units */
    char title[TH_LIMIT_TITLE_MAX + 1];  /* of a plan; "" for units */
    struct th_digest digest;
};

/* 0 when the list decodes and has the unit. TH_E_NOT_FOUND, or as th_wire_units_decode(). */
TH_MUST_CHECK int th_known_check_unit(struct th_bytes units, const char *unit_code,
                                      struct th_arena *arena);

/* TH_E_NOT_FOUND: the list does not have this node's unit. TH_E_STORAGE: the disk is full; TH_E_IO;
 * or as the decoders. */
TH_MUST_CHECK int th_home_learn_units(const char *folder, const char *unit_code,
                                      struct th_bytes content, struct th_known_news *ret_news);
/* TH_E_INVALID: the plan's id cannot be a file name. TH_E_STORAGE, TH_E_IO; or as the decoders. */
TH_MUST_CHECK int th_home_learn_plan(const char *folder, struct th_bytes content,
                                     struct th_known_news *ret_news);

#endif
