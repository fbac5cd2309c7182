/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libfyaml says about wrong syntax, for whoever fills in a form: the commonest mistakes in
 * Vietnamese with what to do. Its words are those of version 0.7.12; another one's that are not
 * known here are shown as they are.
 *
 * Internal to base (yaml.c). Constant data.
 */
#ifndef TH_BASE_YAML_SYNTAX_H
#define TH_BASE_YAML_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct th_yaml_syntax {
    const char *part; /* of the library's message */
    const char *text; /* what is wrong */
    const char *hint; /* what to do */
};

/* NULL when the message is none of the known ones. */
const struct th_yaml_syntax *th_yaml_syntax_find(const char *message);

/* The commonest slip, which the library tells of the line behind it: "VB01:14". Looks at `line`
 * (from 1) and at the last line before it that is neither empty nor a comment. False: neither has
 * it; otherwise where the colon is, from 1, the column in characters. */
bool th_yaml_syntax_find_glued(const char *bytes, size_t size, uint32_t line, uint32_t *ret_line,
                               uint32_t *ret_column);

#endif
