/* SPDX-License-Identifier: Apache-2.0 */
/* Why an act about a key was refused: the store is asked, once. */
#ifndef TH_AGGREGATOR_CLI_INQUIRY_H
#define TH_AGGREGATOR_CLI_INQUIRY_H

#include "aggregator/cli/site.h"
#include "proto/model/unit.h"

struct th_inquiry {
    const struct th_site *site;
    const struct th_act *acts;
    struct th_store *store;
    struct th_view *view;
    struct th_arena arena;
};

void th_inquiry_init(const struct th_site *site, const struct th_act *acts,
                     struct th_inquiry *inquiry);
void th_inquiry_deinit(struct th_inquiry *inquiry);

struct th_wanted {
    const struct th_sign_key *key;
    struct th_key_row row;
    char code[TH_UNIT_CODE_MAX + 1]; /* of the row's unit */
};
/* False when the store does not know the key, or cannot be read. */
bool th_inquiry_look_up(struct th_inquiry *inquiry, const struct th_sign_key *key,
                        struct th_wanted *wanted);

/* Prints the results; `explain` gets the inquiry as its context. */
int th_inquiry_report(const struct th_site *site, const char *done, th_site_explain *explain,
                      const char *const *names, const struct th_act *acts,
                      const struct th_act_result *results, size_t count);

#endif
