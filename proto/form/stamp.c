/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/stamp.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void add_text(crypto_hash_sha256_state *state, const char *text)
{
    crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void add_number(crypto_hash_sha256_state *state, unsigned number)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", number);
    add_text(state, text);
}

static void add_indicator(crypto_hash_sha256_state *state, const struct th_indicator *indicator)
{
    add_number(state, indicator->number);
    add_text(state, indicator->code);
    add_text(state, indicator->name);
    add_number(state, (unsigned)indicator->type);
    add_number(state, indicator->scale);
    add_text(state, indicator->unit_of_measure);
    add_number(state, indicator->values_count);
    for (uint16_t i = 0; i < indicator->values_count; i++)
        add_text(state, indicator->values[i]);
}

void th_form_stamp(const struct th_plan *plan, const struct th_obligation *obligation,
                   const struct th_unit *unit, char ret_stamp[TH_FORM_STAMP_SIZE])
{
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    const uint16_t *numbers = NULL;
    uint16_t count =
        th_obligation_indicators(obligation, th_unit_kind_branch(unit->kind), &numbers);
    crypto_hash_sha256_init(&state);
    add_text(&state, "tonghop form 1");
    add_text(&state, plan->id);
    add_text(&state, obligation->id);
    add_text(&state, obligation->period);
    add_text(&state, unit->code);
    add_number(&state, count);
    for (uint16_t i = 0; i < count; i++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->catalogue, numbers[i]);
        if (indicator != NULL)
            add_indicator(&state, indicator);
    }
    add_number(&state, plan->tasks_count);
    for (uint16_t i = 0; i < plan->tasks_count; i++) {
        add_number(&state, plan->tasks[i].number);
        add_text(&state, plan->tasks[i].title);
    }
    crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(ret_stamp, TH_FORM_STAMP_SIZE, digest, sizeof digest);
}
