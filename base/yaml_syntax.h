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

struct th_yaml_syntax {
    const char *part; /* of the library's message */
    const char *text; /* what is wrong */
    const char *hint; /* what to do */
};

/* NULL when the message is none of the known ones. */
const struct th_yaml_syntax *th_yaml_syntax_find(const char *message);

#endif
