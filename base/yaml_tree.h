/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree behind struct th_yaml, for base/yaml.c (builds it) and base/yaml_read.c (reads it) only.
 * Constant once th_yaml_open has returned; then threads may share it.
 */
#ifndef TH_BASE_YAML_TREE_H
#define TH_BASE_YAML_TREE_H

#include "base/yaml.h"

#define TH_YAML_NONE UINT32_MAX

struct th_yaml_tree_node {
    enum th_yaml_kind kind;
    bool is_plain; /* scalar without quotes */
    bool is_key;
    uint32_t line;
    uint32_t column;
    uint32_t depth;
    uint32_t parent;
    uint32_t key;      /* of a value of a mapping */
    uint32_t position; /* among its siblings */
    uint32_t first;    /* in th_yaml.children */
    uint32_t count;
    char *text; /* scalar; owned */
    size_t size;
};

struct th_yaml {
    char *name;
    struct th_yaml_tree_node *nodes;
    uint32_t nodes_count;
    uint32_t nodes_capacity;
    uint32_t *children;
};

#endif
