/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the plan loader, in the order in which they are read. Each reads one piece of a file
 * through the shared reader (aggregator/plan/reader.h): problems are remembered there, so the
 * results of a reader that has failed must not be used.
 *
 * Internal to aggregator/plan.
 */
#ifndef TH_AGGREGATOR_PLAN_PARTS_H
#define TH_AGGREGATOR_PLAN_PARTS_H

#include "aggregator/plan/reader.h"

/* Whole files, each from its root. */
void th_read_catalogue(struct th_reader *reader, struct th_yaml_node root,
                       struct th_catalogue *ret_catalogue);
void th_read_rules(struct th_reader *reader, struct th_yaml_node root,
                   struct th_rule_set *ret_rules);
void th_read_holidays(struct th_reader *reader, struct th_yaml_node root,
                      struct th_holidays *ret_holidays);

/* The code of a unit that the list knows in the plan's year; "" when it is bad. */
const char *th_read_unit_code(struct th_reader *reader, struct th_yaml_node node);
/* {unit: "64-snv"} or {name: "Bộ Nội vụ"}, each with a role or without. */
struct th_parties th_read_parties(struct th_reader *reader, struct th_yaml_node map,
                                  const char *key);
/* {name: …, unit: …} */
struct th_party th_read_issuer(struct th_reader *reader, struct th_yaml_node map);

enum th_selector_place {
    TH_SELECTOR_QUOTED, /* has to quote the source */
    TH_SELECTOR_SCOPE,  /* of a suspension, likewise */
    TH_SELECTOR_OVERRIDE
};
void th_read_selector(struct th_reader *reader, struct th_yaml_node node,
                      enum th_selector_place place, struct th_selector *ret_selector);

/* The fields that a source may state and an override may replace. */
void th_read_terms(struct th_reader *reader, struct th_yaml_node map, bool is_override,
                   struct th_terms *ret_terms);

void th_read_relations(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan);
void th_read_tasks(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan);
/* Needs the plan's relations: a suspended basis suspends the obligation. */
void th_read_obligations(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan);

#endif
