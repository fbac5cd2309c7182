/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a compiled plan, for proto/wire/plan*.c only. */
#ifndef TH_WIRE_PLAN_PARTS_H
#define TH_WIRE_PLAN_PARTS_H

#include "plan.pb-c.h"
#include "proto/model/plan.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

/* Fill the fields of `message` that hold the catalogue and the rules. */
void th_wire_write_catalogue(struct th_wire_writer *writer, const struct th_catalogue *catalogue,
                             Tonghop__Plan *message);
void th_wire_write_rules(struct th_wire_writer *writer, const struct th_rule_set *rules,
                         Tonghop__Plan *message);

/* After a failure of the reader the result may not be used. */
struct th_catalogue th_wire_read_catalogue(struct th_wire_reader *reader,
                                           const Tonghop__Plan *message);
struct th_rule_set th_wire_read_rules(struct th_wire_reader *reader, const Tonghop__Plan *message,
                                      const struct th_catalogue *catalogue);

/* Ascending numbers of indicators that the catalogue has. */
const uint16_t *th_wire_read_indicators(struct th_wire_reader *reader, const uint32_t *numbers,
                                        size_t count, const struct th_catalogue *catalogue);

/* An index below `count`, for a cast to its enum; 0 and TH_E_SYNTAX otherwise. */
uint32_t th_wire_index(struct th_wire_reader *reader, uint32_t index, uint32_t count);

#endif
