/* SPDX-License-Identifier: Apache-2.0 */
/* A form that an operator enters for a unit: read, checked against the store, told about. Internal
 * to aggregator/cli. */
#ifndef TH_AGGREGATOR_CLI_ENTER_H
#define TH_AGGREGATOR_CLI_ENTER_H

#include "aggregator/cli/site.h"
#include "aggregator/query/context.h"
#include "proto/form/form.h"
#include "proto/receipt/receipt.h"
#include "proto/wire/message.h"

/* As it stands on the line. */
struct th_enter_line {
    const char *folder, *path;
    const char *unit, *plan, *obligation, *period;
    const char *reference, *operator_name;
    int64_t number, revision; /* 0: not said */
};

/* What the store knows, at one snapshot. */
struct th_enter_store {
    struct th_store *store;
    struct th_view *view;
    struct th_query_context context;
    const struct th_plan **plans; /* of the context, by number */
    th_day today;
};
/* Prints what is wrong; an exit code. Close it whatever came out. */
int th_enter_open(const struct th_site *site, struct th_enter_store *known);
void th_enter_close(struct th_enter_store *known);

/* Whom the line names, and about what. `plan` and `obligation` NULL: the form says. */
struct th_enter_choice {
    uint32_t unit;   /* index in the context */
    uint32_t number; /* 0: the form says, if any */
    const struct th_plan *plan;
    const struct th_obligation *obligation;
};
/* An exit code, after a message. */
int th_enter_choose(const struct th_site *site, const struct th_enter_line *line,
                    const struct th_enter_store *known, struct th_enter_choice *ret_choice);

/* A form after its check. Lives in its arena and in what the store knows. */
struct th_enter_form {
    const char *path;
    int status; /* of reading */
    struct th_arena arena;
    struct th_problems problems; /* of reading */
    struct th_form_places places;
    struct th_report report;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    struct th_reasons errors, warnings;
};
/* Reads and checks with the unit's earlier reports in the store; of a form with problems what could
 * surely be read (th_form_partial). th_enter_form_deinit() always. */
void th_enter_form_init(struct th_enter_form *form, const char *path,
                        const struct th_enter_store *known, const struct th_enter_choice *choice);
void th_enter_form_deinit(struct th_enter_form *form);
bool th_enter_form_is_good(const struct th_enter_form *form);

/* What came of it. */
struct th_enter_result {
    const struct th_act_result *act;
    const struct th_wire_verdict *verdict; /* NULL: it got lost on the way, the act was done */
    const char *sentence;                  /* of the receipt; NULL: none */
};

/* The form's problems, or its errors and warnings with their places, to `err`; or as JSON. Returns
 * an exit code. */
int th_enter_tell_form(const struct th_site *site, const struct th_enter_form *form);
int th_enter_tell_result(const struct th_site *site, const struct th_enter_line *line,
                         const struct th_enter_form *form, const struct th_enter_result *result);

#endif
