/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, built so that one look at the end tells whether there was memory for all of it: jansson's
 * *_new functions take over what they are given and pass NULL on, and so do these.
 */
#ifndef TH_QUERY_JSON_PARTS_H
#define TH_QUERY_JSON_PARTS_H

#include "base/digest.h"
#include "base/text.h"
#include "base/time.h"

#include <jansson.h>

/* Null when it is empty. */
json_t *th_json_text(const char *text);
/* A string also when it is empty. */
json_t *th_json_span(struct th_text text);
json_t *th_json_day(th_day value);
json_t *th_json_instant(th_instant value);
/* In hex. */
json_t *th_json_digest(const struct th_digest *digest);

/* Appends and takes; the list is NULL after any failure. */
json_t *th_json_append(json_t *list, json_t *item);
/* Sets and takes; the object is NULL after any failure. */
json_t *th_json_set(json_t *object, const char *key, json_t *value);
/* Adds the members that the object does not have; takes both. json_object_update_missing() would
 * not tell that it had no memory. */
json_t *th_json_fill(json_t *object, json_t *members);

#endif
