/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the whole: its districts, or its branches where there are no districts. What no
 * rollup tells apart from the rest has counts and no figures. */
#include "aggregator/document/collect.h"

#include "aggregator/document/say.h"

#include <string.h>

static const char *code_at(const json_t *line)
{
    const char *code = json_string_value(json_object_get(line, "unit"));
    return code == NULL ? "" : code;
}

static int ask_rollup(struct th_collecting *collecting, const char *unit, enum th_branch branch,
                      json_t *list, const json_t **ret_answer)
{
    struct th_query query = collecting->query;
    json_t *answer = NULL;
    query.what = TH_QUERY_ROLLUP;
    query.unit = unit == NULL ? query.unit : th_text_of(unit);
    query.branch = branch;
    int status = th_collect_ask(collecting, &query, &answer);
    if (status == TH_OK && json_array_append_new(list, answer) != 0)
        status = TH_E_NO_MEMORY;
    if (status == TH_OK)
        *ret_answer = answer;
    return status;
}

static bool is_anybody(const json_t *counts)
{
    bool known;
    return th_facts_count(counts, "expected", &known) > 0 ||
           th_facts_count(counts, "received", &known) > 0;
}

static void add_part(struct th_document_facts *facts, const char *code, const char *name,
                     const json_t *counts, const json_t *rollup)
{
    facts->parts[facts->parts_count++] = (struct th_document_part){
        code, name, counts, rollup == NULL ? NULL : json_object_get(rollup, "indicators")};
}

static int collect_branches(struct th_collecting *collecting, json_t *list,
                            const json_t *branches[3])
{
    struct th_document_facts *facts = collecting->facts;
    int status = TH_OK;
    if (facts->branch != TH_BRANCH_ALL)
        return TH_OK;
    for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES && status == TH_OK; branch++)
        status = ask_rollup(collecting, NULL, (enum th_branch)branch, list, &branches[branch]);
    if (status == TH_OK) {
        facts->communes = json_object_get(branches[TH_BRANCH_COMMUNES], "counts");
        facts->bodies = json_object_get(branches[TH_BRANCH_BODIES], "counts");
    }
    return status;
}

/* True when a unit of the standing hangs on the whole unit itself, in no part that has a code. */
static bool is_in_rest(const struct th_document_facts *facts, const json_t *below, uint32_t unit)
{
    const struct th_unit *units = facts->context->units.units;
    while (unit != facts->unit && units[unit].parent != TH_UNIT_NONE &&
           units[unit].parent != facts->unit)
        unit = units[unit].parent;
    for (size_t i = 0; i < json_array_size(below); i++) {
        const char *code = json_string_value(json_object_get(json_array_get(below, i), "unit"));
        if (code != NULL && strcmp(code, units[unit].code) == 0)
            return false;
    }
    return true;
}

/* True when what hangs on the unit itself are exactly the units of a branch: then its figures are
 * those of the branch. */
static bool is_rest(const struct th_document_facts *facts, const json_t *below,
                    enum th_branch branch)
{
    const struct th_unit *units = facts->context->units.units;
    for (size_t i = 0; i < json_array_size(facts->units); i++) {
        uint32_t unit = th_facts_find_unit(facts, code_at(json_array_get(facts->units, i)));
        if (unit == TH_UNIT_NONE)
            return false;
        bool is_of_branch =
            branch == TH_BRANCH_ALL || th_unit_kind_branch(units[unit].kind) == branch;
        if (is_of_branch != is_in_rest(facts, below, unit))
            return false;
    }
    return true;
}

/* What hangs on the unit directly. */
static int add_rest(struct th_document_facts *facts, const json_t *below, const json_t *counts,
                    const json_t *const branches[3])
{
    const char *const names[] = {"Trực thuộc trực tiếp",
                                 th_say_capital(&facts->arena, facts->communes_name),
                                 "Sở, cơ quan, đơn vị"};
    if (names[TH_BRANCH_COMMUNES] == NULL)
        return TH_E_NO_MEMORY;
    for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES; branch++)
        if (branches[branch] != NULL && is_rest(facts, below, (enum th_branch)branch)) {
            add_part(facts, "", names[branch], counts, branches[branch]);
            return TH_OK;
        }
    add_part(facts, "", names[facts->branch], counts,
             is_rest(facts, below, TH_BRANCH_ALL) ? json_object_get(facts->all, "rollup") : NULL);
    return TH_OK;
}

static int add_parts(struct th_collecting *collecting, const json_t *below, json_t *list,
                     const json_t *const branches[3])
{
    struct th_document_facts *facts = collecting->facts;
    int status = TH_OK;
    for (size_t i = 0; i < json_array_size(below) && status == TH_OK; i++) {
        const json_t *line = json_array_get(below, i), *rollup = NULL;
        const char *code = json_string_value(json_object_get(line, "unit"));
        const json_t *counts = json_object_get(line, "counts");
        if (!is_anybody(counts))
            continue;
        if (code == NULL) {
            status = add_rest(facts, below, counts, branches);
            continue;
        }
        const char *name = th_facts_unit_name(facts, &facts->arena, code);
        status = name == NULL ? TH_E_NO_MEMORY
                              : ask_rollup(collecting, code, facts->branch, list, &rollup);
        if (status == TH_OK)
            add_part(facts, code, name, counts, rollup);
    }
    return status;
}

/* One part that is all of it says nothing. */
static void drop_whole(struct th_document_facts *facts)
{
    if (facts->parts_count == 1)
        facts->parts_count = 0;
}

int th_collect_parts(struct th_collecting *collecting)
{
    struct th_document_facts *facts = collecting->facts;
    const json_t *below = json_object_get(json_object_get(facts->all, "standing"), "below");
    const json_t *branches[3] = {NULL, NULL, NULL};
    size_t count = json_array_size(below);
    json_t *list = json_array();
    if (list == NULL || th_collect_keep(facts->all, "parts", list) != TH_OK)
        return TH_E_NO_MEMORY;
    facts->parts = th_arena_alloc_array(&facts->arena, count + 3, sizeof *facts->parts);
    if (facts->parts == NULL)
        return TH_E_NO_MEMORY;
    collecting->total += (unsigned)count + 2;
    int status = collect_branches(collecting, list, branches);
    bool has_districts =
        count > 1 ||
        (count == 1 && !json_is_null(json_object_get(json_array_get(below, 0), "unit")));
    if (status == TH_OK && has_districts)
        status = add_parts(collecting, below, list, branches);
    if (has_districts) {
        drop_whole(facts);
        return status;
    }
    const char *communes = th_say_capital(&facts->arena, facts->communes_name);
    if (communes == NULL)
        return TH_E_NO_MEMORY;
    if (status == TH_OK && facts->communes != NULL && is_anybody(facts->communes))
        add_part(facts, "", communes, facts->communes, branches[TH_BRANCH_COMMUNES]);
    if (status == TH_OK && facts->bodies != NULL && is_anybody(facts->bodies))
        add_part(facts, "", "Sở, cơ quan, đơn vị", facts->bodies, branches[TH_BRANCH_BODIES]);
    drop_whole(facts);
    return status;
}
