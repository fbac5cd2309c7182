/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/inquiry.h"

#include <stdio.h>
#include <string.h>

void th_inquiry_init(const struct th_site *site, const struct th_act *acts,
                     struct th_inquiry *inquiry)
{
    *inquiry = (struct th_inquiry){.site = site, .acts = acts};
    th_arena_init(&inquiry->arena, 65536, (size_t)64 << 20);
}

void th_inquiry_deinit(struct th_inquiry *inquiry)
{
    if (inquiry->view != NULL)
        th_view_close(inquiry->view);
    if (inquiry->store != NULL)
        th_store_close(inquiry->store);
    th_arena_deinit(&inquiry->arena);
}

static int find_key(void *context, const struct th_key_row *row)
{
    struct th_wanted *wanted = context;
    if (memcmp(row->sign_key.bytes, wanted->key->bytes, sizeof row->sign_key.bytes) != 0)
        return 0;
    wanted->row = *row;
    return 1;
}

static int find_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct th_wanted *wanted = context;
    (void)position;
    if (number != wanted->row.unit)
        return 0;
    (void)snprintf(wanted->code, sizeof wanted->code, "%s", unit->code);
    return 1;
}

bool th_inquiry_look_up(struct th_inquiry *inquiry, const struct th_sign_key *key,
                        struct th_wanted *wanted)
{
    *wanted = (struct th_wanted){.key = key};
    if (inquiry->store == NULL &&
        th_store_open(inquiry->site->folder, TH_STORE_READ, NULL, NULL, &inquiry->store) < 0)
        return false;
    if (inquiry->view == NULL && th_view_open(inquiry->store, &inquiry->view) < 0)
        return false;
    th_arena_reset(&inquiry->arena);
    return th_view_keys(inquiry->view, find_key, wanted) == 1 &&
           th_view_units(inquiry->view, &inquiry->arena, find_unit, wanted) == 1;
}

int th_inquiry_report(const struct th_site *site, const char *done, th_site_explain *explain,
                      const char *const *names, const struct th_act *acts,
                      const struct th_act_result *results, size_t count)
{
    struct th_inquiry inquiry;
    th_inquiry_init(site, acts, &inquiry);
    const struct th_site_telling telling = {
        .done = done, .names = names, .explain = explain, .context = &inquiry};
    int code = th_site_report(site, &telling, results, count);
    th_inquiry_deinit(&inquiry);
    return code;
}
