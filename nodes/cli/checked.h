/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One form after its check: what was read, what is wrong, what could not be looked at.
 *
 * Internal to nodes/cli. Everything lives in `arena` or in the caller's plans.
 */
#ifndef TH_NODES_CLI_CHECKED_H
#define TH_NODES_CLI_CHECKED_H

#include "proto/form/form.h"
#include "nodes/store/outbox.h"
#include "proto/model/check.h"

#include <jansson.h>

/* A comparison that did not run because asked figures are missing. */
struct th_unchecked {
    const struct th_rule *rule;
    uint16_t missing[TH_LIMIT_RULE_TERMS_MAX]; /* numbers */
    size_t missing_count;
};

struct th_checked {
    const char *path;
    int status;      /* of reading */
    bool is_checked; /* the rules ran; over what could be read when `status` is not 0 */
    struct th_arena arena;
    struct th_problems problems; /* of reading */
    struct th_form_places places;
    struct th_report report;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    struct th_reasons errors, warnings;
    struct th_unchecked *unchecked;
    size_t unchecked_count;
};

/* Reads and checks; th_checked_deinit() whatever came out. `outbox` has the earlier reports that
 * some rules compare with; NULL: these rules are skipped. */
void th_checked_init(struct th_checked *checked, const char *path,
                     const struct th_form_context *context, struct th_outbox *outbox);
void th_checked_deinit(struct th_checked *checked);

bool th_checked_is_good(const struct th_checked *checked);

/* For people. `verbose` also lists the rules that did not run. */
void th_checked_print(const struct th_checked *checked, bool verbose, FILE *out);
/* Returns owned; NULL without memory. */
json_t *th_checked_json(const struct th_checked *checked);

#endif
