/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/counted.h"

#include "proto/wire/submission.h"

#include <inttypes.h>
#include <string.h>

#define GONE_PRINTED_MAX 10

static size_t count_asked(const struct th_checked *checked, const struct th_unit *unit)
{
    const uint16_t *numbers = NULL;
    uint16_t count =
        th_obligation_indicators(checked->obligation, th_unit_kind_branch(unit->kind), &numbers);
    size_t asked = 0;
    for (uint16_t i = 0; i < count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checked->plan->catalogue, numbers[i]);
        asked += indicator != NULL && th_indicator_is_figure(indicator);
    }
    return asked;
}

static bool is_before(const struct th_outbox_item *item, const struct th_outbox_item *submitted)
{
    return (item->state == TH_ITEM_QUEUED || item->state == TH_ITEM_SENT ||
            item->state == TH_ITEM_RECEIVED) &&
           item->revision < submitted->revision && item->number == submitted->number &&
           strcmp(item->plan, submitted->plan) == 0 &&
           strcmp(item->obligation, submitted->obligation) == 0;
}

/* Any failure: there is none. */
static int find_before(struct th_outbox *outbox, const struct th_outbox_item *submitted,
                       struct th_arena *arena, struct th_report *ret_report)
{
    const struct th_outbox_item *items, *found = NULL;
    size_t count, bad;
    struct th_bytes bytes;
    int status = th_outbox_list(outbox, arena, &items, &count, &bad);
    for (size_t i = 0; status == 0 && i < count; i++)
        if (is_before(&items[i], submitted) &&
            (found == NULL || items[i].revision > found->revision))
            found = &items[i];
    if (status == 0)
        status =
            found == NULL ? TH_E_NOT_FOUND : th_outbox_get_report(outbox, found->id, arena, &bytes);
    return status == 0 ? th_wire_report_decode(bytes, arena, ret_report) : status;
}

static void compare(struct th_counted *counted, const struct th_report *before,
                    struct th_checked *checked)
{
    uint16_t *gone = th_arena_alloc_array(&checked->arena, before->values.count, sizeof *gone);
    if (gone == NULL)
        return;
    for (size_t i = 0; i < before->values.count; i++) {
        int64_t value;
        if (!th_values_get(&checked->report.values, before->values.numbers[i], &value))
            gone[counted->gone_count++] = before->values.numbers[i];
    }
    counted->gone = gone;
    counted->has_before = true;
    counted->revision = before->revision;
    counted->values_before = before->values.count;
    counted->sections_before = before->narratives_count;
}

void th_counted_init(struct th_counted *counted, struct th_checked *checked,
                     const struct th_unit *unit, struct th_outbox *outbox,
                     const struct th_outbox_item *item)
{
    struct th_report before;
    *counted = (struct th_counted){.plan = checked->plan,
                                   .values = checked->report.values.count,
                                   .sections = checked->report.narratives_count,
                                   .asked = count_asked(checked, unit)};
    if (find_before(outbox, item, &checked->arena, &before) == 0)
        compare(counted, &before, checked);
}

static const char *code_of(const struct th_counted *counted, size_t i)
{
    const struct th_indicator *indicator =
        th_catalogue_get(&counted->plan->catalogue, counted->gone[i]);
    return indicator == NULL ? "?" : indicator->code;
}

void th_counted_print(const struct th_counted *counted, const char *path, FILE *out, FILE *err)
{
    (void)fprintf(out, "    %zu số liệu", counted->values);
    if (counted->asked > 0)
        (void)fprintf(out, " (được hỏi %zu)", counted->asked);
    (void)fprintf(out, ", %zu phần lời\n", counted->sections);
    bool has_fewer = counted->sections < counted->sections_before;
    if (!counted->has_before || (counted->gone_count == 0 && !has_fewer))
        return;
    (void)fprintf(err, "%s: lưu ý: lần %" PRIu32 " có %zu số liệu, %zu phần lời", path,
                  counted->revision, counted->values_before, counted->sections_before);
    if (counted->gone_count > 0)
        (void)fprintf(err,
                      "; bản này thay cả bản đó và không còn báo %zu số:", counted->gone_count);
    for (size_t i = 0; i < counted->gone_count && i < GONE_PRINTED_MAX; i++)
        (void)fprintf(err, " %s", code_of(counted, i));
    (void)fprintf(err, "%s\n", counted->gone_count > GONE_PRINTED_MAX ? " …" : "");
}

int th_counted_add_json(const struct th_counted *counted, json_t *object)
{
    int failed = json_object_set_new(object, "values", json_integer((json_int_t)counted->values));
    failed |= json_object_set_new(object, "asked", json_integer((json_int_t)counted->asked));
    failed |= json_object_set_new(object, "sections", json_integer((json_int_t)counted->sections));
    if (!counted->has_before)
        return failed;
    json_t *before = json_object(), *gone = json_array();
    for (size_t i = 0; i < counted->gone_count; i++)
        failed |= json_array_append_new(gone, json_string(code_of(counted, i)));
    failed |= json_object_set_new(before, "revision", json_integer(counted->revision));
    failed |=
        json_object_set_new(before, "values", json_integer((json_int_t)counted->values_before));
    failed |=
        json_object_set_new(before, "sections", json_integer((json_int_t)counted->sections_before));
    failed |= json_object_set_new(before, "no_longer", gone);
    failed |= json_object_set_new(object, "before", before);
    return failed;
}
