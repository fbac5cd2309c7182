/* SPDX-License-Identifier: Apache-2.0 */
/* What journal entries and messages share, for proto/wire only. */
#ifndef TH_WIRE_LOG_KEY_PARTS_H
#define TH_WIRE_LOG_KEY_PARTS_H

#include "journal.pb-c.h"
#include "proto/model/entry.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

/* In the writer's arena; NULL for none. */
Tonghop__LogKey **th_wire_write_log_keys(struct th_wire_writer *writer,
                                         const struct th_log_key_body *keys, size_t count);
/* At most `count_max`. NULL for none and after a failure. TH_E_LIMIT, or as th_wire_text(). */
const struct th_log_key_body *th_wire_read_log_keys(struct th_wire_reader *reader,
                                                    Tonghop__LogKey *const *messages, size_t count,
                                                    size_t count_max);

/* Borrows. */
void th_wire_write_readmission(const struct th_readmission *value, Tonghop__Readmission *message);

#endif
