/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the plan loader share: one reader that collects every problem.
 *
 * Reading goes on after a problem, so that one run shows all of them: a field that is absent or bad
 * reads as nothing ("" or false), and `failed` remembers that there was a problem. Memory that runs
 * out is remembered likewise. Whoever made the reader looks at both at the end.
 *
 * Internal to aggregator/plan. Texts are copied into the arena, so documents may be closed.
 */
#ifndef TH_AGGREGATOR_PLAN_READER_H
#define TH_AGGREGATOR_PLAN_READER_H

#include "aggregator/plan/holidays.h"
#include "aggregator/plan/words.h"
#include "base/arena.h"
#include "base/yaml.h"
#include "proto/model/plan.h"

struct th_reader {
    struct th_arena *arena;
    struct th_problems *problems;
    /* NULL when the file could not be read: what refers to it is then not checked. */
    const struct th_catalogue *catalogue;
    const struct th_unit_list *units;
    const struct th_holidays *holidays;
    enum th_deadline_policy policy;
    int year; /* of the plan; 0 when it could not be read */
    bool failed;
    bool out_of_memory;
};

enum th_presence { TH_FIELD_OPTIONAL, TH_FIELD_REQUIRED };

/* Adds a problem at a node. */
void th_reader_complain(struct th_reader *reader, struct th_yaml_node node, const char *hint,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* NULL when memory is out, which the reader remembers. */
void *th_reader_alloc(struct th_reader *reader, size_t count, size_t size);

/* False when the node is not a mapping; unknown keys are problems but leave it readable. */
bool th_reader_keys(struct th_reader *reader, struct th_yaml_node node, const char *const keys[],
                    size_t keys_count);

#define TH_READER_KEYS(reader, node, ...)                                                          \
    th_reader_keys(reader, node, (const char *const[]){__VA_ARGS__},                               \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

bool th_reader_find(struct th_reader *reader, struct th_yaml_node map, const char *key,
                    enum th_presence presence, struct th_yaml_node *ret_node);

/* A list with at least one item; 0 when it is absent or bad. */
size_t th_reader_list(struct th_reader *reader, struct th_yaml_node map, const char *key,
                      enum th_presence presence, size_t count_max, struct th_yaml_node *ret_node);

/* The text of a scalar, one line, in the arena; "" when it is bad. */
const char *th_reader_scalar(struct th_reader *reader, struct th_yaml_node node, size_t size_max);
/* The text of a key; "" when it is absent or bad. */
const char *th_reader_text(struct th_reader *reader, struct th_yaml_node map, const char *key,
                           enum th_presence presence, size_t size_max);
/* As th_reader_text, for names that travel and are typed: letters, digits and single inner
 * hyphens. */
const char *th_reader_name(struct th_reader *reader, struct th_yaml_node map, const char *key,
                           enum th_presence presence, size_t size_max);

/* True and the value when the key is there and good. */
bool th_reader_day(struct th_reader *reader, struct th_yaml_node map, const char *key,
                   enum th_presence presence, th_day *ret_day);
bool th_reader_flag(struct th_reader *reader, struct th_yaml_node map, const char *key,
                    bool *ret_flag);
bool th_reader_int(struct th_reader *reader, struct th_yaml_node map, const char *key,
                   enum th_presence presence, int64_t min, int64_t max, int64_t *ret_value);
bool th_reader_word(struct th_reader *reader, struct th_yaml_node map, const char *key,
                    enum th_presence presence, const struct th_words *words, int *ret_value);

/* A document of this project's format: `format` is 1. */
void th_reader_format(struct th_reader *reader, struct th_yaml_node root);

/* The number of an indicator's code at a node; 0 when there is none or no catalogue. */
uint16_t th_reader_indicator(struct th_reader *reader, struct th_yaml_node node);

#endif
