/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's files as JSON; what the plan itself says is aggregator/query/plan_json.h. */
#include "aggregator/cli/plan_view.h"

#include "aggregator/plan/words.h"
#include "aggregator/query/json_parts.h"
#include "aggregator/query/plan_json.h"

static int write_json(json_t *root, FILE *out)
{
    if (root == NULL)
        return TH_E_NO_MEMORY;
    int status = json_dumpf(root, out, JSON_INDENT(2)) < 0 || fputc('\n', out) == EOF ? TH_E_IO : 0;
    json_decref(root);
    return status;
}

int th_plan_json_problems(const struct th_problems *problems, const char *path, FILE *out)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const struct th_problem *problem = &problems->items[i];
        json_t *item = th_json_set(json_object(), "file", json_string(problem->file));
        item = th_json_set(item, "line", json_integer(problem->line));
        item = th_json_set(item, "column", json_integer(problem->column));
        item = th_json_set(item, "message", json_string(problem->message));
        list = th_json_append(list, th_json_set(item, "hint", th_json_text(problem->hint)));
    }
    json_t *root = th_json_set(json_object(), "file", json_string(path));
    root = th_json_set(root, "ok", json_false());
    root = th_json_set(root, "problems", list);
    return write_json(
        th_json_set(root, "problems_not_shown", json_integer((json_int_t)problems->dropped)), out);
}

static struct th_reporters reporters_of(const struct th_plan_files *files,
                                        const struct th_obligation *obligation)
{
    return th_count_reporters(&files->plan, &files->units, obligation, NULL, NULL);
}

int th_plan_json_check(const struct th_plan_files *files, const char *path, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    uint32_t indicators = 0;
    for (uint32_t number = 1; number <= plan->catalogue.number_max; number++)
        indicators += th_catalogue_get(&plan->catalogue, number) != NULL ? 1 : 0;
    json_t *list = json_array();
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        json_t *item = th_json_set(json_object(), "id", json_string(obligation->id));
        struct th_reporters reporters = reporters_of(files, obligation);
        item = th_json_set(item, "expected",
                           reporters.is_exact ? json_integer(reporters.count) : json_null());
        item = th_json_set(item, "reporters", json_integer(reporters.count));
        item = th_json_set(item, "suspended", json_boolean(obligation->suspended));
        list = th_json_append(list, item);
    }
    json_t *root = th_json_set(json_object(), "file", json_string(path));
    root = th_json_set(root, "ok", json_true());
    root = th_json_set(root, "plan", json_string(plan->id));
    root = th_json_set(root, "indicators", json_integer(indicators));
    root = th_json_set(root, "rules", json_integer(plan->rules.count));
    root = th_json_set(root, "units", json_integer(files->units.count));
    return write_json(th_json_set(root, "obligations", list), out);
}

int th_plan_json_due(const struct th_plan_files *files, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    json_t *list = json_array();
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        list = th_json_append(list, th_plan_due_json(obligation, reporters_of(files, obligation)));
    }
    json_t *root = th_json_set(json_object(), "plan", json_string(plan->id));
    root = th_json_set(root, "deadline_policy",
                       json_string(th_word_of(&th_words_policy, (int)plan->policy)));
    return write_json(th_json_set(root, "obligations", list), out);
}

int th_plan_json_show(const struct th_plan_files *files, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    json_t *obligations = json_array();
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        obligations =
            th_json_append(obligations, th_plan_obligation_json(plan, obligation,
                                                                reporters_of(files, obligation)));
    }
    json_t *root = th_plan_heading_json(plan);
    root = th_json_set(root, "holidays", json_string(files->holidays.id));
    root = th_plan_set_parts_json(root, plan);
    return write_json(th_json_set(root, "obligations", obligations), out);
}
