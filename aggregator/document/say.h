/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures and dates as Vietnamese official texts write them: 1.378; 3.162,67; 96,67%; 09/5/2025.
 * Private.
 *
 * Texts are made in the given arena; NULL: no memory.
 */
#ifndef TH_DOCUMENT_SAY_H
#define TH_DOCUMENT_SAY_H

#include "base/arena.h"
#include "base/time.h"
#include "proto/model/indicator.h"

#include <jansson.h>

/* Of a text that is NULL, for which there was no memory, nothing is said: NULL. Conversions are %s,
 * %.*s and those of integers. */
__attribute__((format(printf, 2, 3))) const char *th_say(struct th_arena *arena, const char *format,
                                                         ...);

/* A plain decimal with points between groups of three and a comma before decimals. */
const char *th_say_number(struct th_arena *arena, const char *plain);
const char *th_say_count(struct th_arena *arena, json_int_t count);
/* part of whole in percent, two decimals at most, half away from zero; "" when the whole is 0. */
const char *th_say_percent(struct th_arena *arena, json_int_t part, json_int_t whole);
/* "10/5/2025"; a day of th_day_format(). What is no day stays as it is. */
const char *th_say_day(struct th_arena *arena, th_day day);
const char *th_say_written_day(struct th_arena *arena, const char *written);
/* "17:00 ngày 09/5/2025" of an instant of th_instant_format(); "" when it is none. */
const char *th_say_instant(struct th_arena *arena, th_instant instant);
const char *th_say_written_instant(struct th_arena *arena, const char *written);

/* The value of a rollup, or of a report, in words; "" when there is none. */
const char *th_say_value(struct th_arena *arena, const struct th_indicator *indicator,
                         const json_t *value);

/* In capital letters, with Vietnamese ones. */
const char *th_say_upper(struct th_arena *arena, const char *text);
/* The first letter in capital or small form; of an acronym nothing becomes small. */
const char *th_say_capital(struct th_arena *arena, const char *text);
const char *th_say_small(struct th_arena *arena, const char *text);

/* Characters that XML 1.0 cannot hold replaced by U+FFFD; the same text when it has none. */
const char *th_say_for_xml(struct th_arena *arena, const char *text);

/* after − before of two plain decimals, and its part of `before` in percent: "tăng 178 (14,83%)",
 * "giảm 3", "không đổi". "" when one of them is no number that fits. */
const char *th_say_change(struct th_arena *arena, const char *before, const char *after);

#endif
