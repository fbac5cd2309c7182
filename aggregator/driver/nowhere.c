/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/driver/ports.h"

static void drop_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    (void)context;
    (void)sender;
    (void)frame;
}

static void drop_for_unit(void *context, const char *unit_code, struct th_bytes frame)
{
    (void)context;
    (void)unit_code;
    (void)frame;
}

static void drop_result(void *context, uint64_t sender, const struct th_act_result *result)
{
    (void)context;
    (void)sender;
    (void)result;
}

static void drop_publication(void *context, struct th_text topic, struct th_bytes body)
{
    (void)context;
    (void)topic;
    (void)body;
}

static void drop_key(void *context, const char *unit_code, const struct th_key_row *key)
{
    (void)context;
    (void)unit_code;
    (void)key;
}

const struct th_transport_port th_transport_none = {
    .send = drop_frame, .send_to_unit = drop_for_unit, .done = drop_result};
const struct th_publisher_port th_publisher_none = {.publish = drop_publication};
const struct th_admission_port th_admission_none = {.put_key = drop_key};
