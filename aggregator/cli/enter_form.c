/* SPDX-License-Identifier: Apache-2.0 */
/* A form and the store's own plans, units and reports: the same check that a unit's node makes. */
#include "aggregator/cli/enter.h"

#include "base/options.h"
#include "proto/model/check.h"
#include "proto/model/related.h"
#include "proto/model/packed.h"

#include <string.h>
#include <sysexits.h>

#define BLOCK_BYTES  ((size_t)64 * 1024)
#define BUDGET_BYTES ((size_t)64 * 1024 * 1024)

/* ---- what the store knows ---- */

static int look(struct th_enter_store *known)
{
    struct th_clock_row clock;
    int status = th_view_open(known->store, &known->view);
    if (status == 0)
        status = th_view_clock(known->view, &clock);
    if (status == 0)
        status = th_query_context_open(known->view, &known->context);
    if (status < 0)
        return status;
    known->today = th_day_of_instant(clock.time);
    known->plans = th_arena_alloc_array(&known->context.arena, known->context.plans_count + 1U,
                                        sizeof *known->plans);
    for (uint16_t i = 0; known->plans != NULL && i < known->context.plans_count; i++)
        known->plans[i] = known->context.plans[i].plan;
    if (known->plans != NULL)
        return 0;
    th_query_context_close(&known->context);
    return TH_E_NO_MEMORY;
}

int th_enter_open(const struct th_site *site, struct th_enter_store *known)
{
    *known = (struct th_enter_store){.store = NULL};
    int code = th_site_open(site, TH_STORE_READ, &known->store);
    if (code != EX_OK)
        return code;
    int status = look(known);
    if (status == 0)
        return EX_OK;
    th_cli_complain(site->err, site->command, NULL, "%s: không đọc được đơn vị và kế hoạch: %s",
                    site->folder, th_status_text(status));
    return th_status_exit_code(status);
}

void th_enter_close(struct th_enter_store *known)
{
    if (known->plans != NULL)
        th_query_context_close(&known->context);
    if (known->view != NULL)
        th_view_close(known->view);
    if (known->store != NULL)
        th_store_close(known->store);
    *known = (struct th_enter_store){.store = NULL};
}

/* ---- whom, about what ---- */

static void list_plans(const struct th_site *site, const struct th_enter_store *known)
{
    for (uint16_t i = 0; i < known->context.plans_count; i++)
        (void)fprintf(site->err, "    --plan %-28s %s\n", known->plans[i]->id,
                      known->plans[i]->title);
}

/* NULL with TH_OK: nothing names one, the form will. */
static int choose_plan(const struct th_site *site, const struct th_enter_line *line,
                       const struct th_enter_store *known, const struct th_plan **ret_plan)
{
    const struct th_plan *found = NULL;
    if (line->plan == NULL && line->obligation == NULL && line->period == NULL)
        return 0;
    for (uint16_t i = 0; i < known->context.plans_count; i++)
        if (line->plan == NULL ? known->context.plans_count == 1
                               : strcmp(known->plans[i]->id, line->plan) == 0)
            found = known->plans[i];
    if (found == NULL) {
        th_cli_complain(site->err, site->command,
                        "chọn bằng --plan một trong các kế hoạch dưới đây",
                        "kho không có kế hoạch \"%s\", hoặc có nhiều kế hoạch",
                        line->plan == NULL ? "" : line->plan);
        list_plans(site, known);
        return TH_E_NOT_FOUND;
    }
    *ret_plan = found;
    return 0;
}

static int choose_obligation(const struct th_site *site, const struct th_enter_line *line,
                             const struct th_plan *plan, const struct th_obligation **ret_found)
{
    const char *wanted = line->obligation != NULL ? line->obligation : line->period;
    int status = 0;
    if (wanted == NULL)
        return 0;
    if (line->obligation == NULL)
        status = th_plan_find_period(plan, wanted, strlen(wanted), ret_found);
    else
        *ret_found = th_plan_find(plan, wanted, strlen(wanted));
    if (status == 0 && *ret_found != NULL)
        return 0;
    th_cli_complain(site->err, site->command,
                    "xem các nghĩa vụ bằng tonghop-aggregator obligation, rồi ghi --obligation MÃ",
                    status == TH_E_AMBIGUOUS ? "kế hoạch %s có nhiều nghĩa vụ báo cáo kỳ %s"
                                             : "kế hoạch %s không có nghĩa vụ báo cáo %s",
                    plan->id, wanted);
    return TH_E_NOT_FOUND;
}

/* Who bore the code on that day; else whoever bore it last. */
static uint32_t find_unit(const struct th_enter_store *known, const char *code, th_day day)
{
    const struct th_unit_list *units = &known->context.units;
    uint32_t found = th_unit_list_find(units, code, strlen(code), day);
    for (uint32_t i = 0; found == TH_UNIT_NONE && i < units->count; i++)
        if (strcmp(units->units[i].code, code) == 0 &&
            (i + 1 == units->count || strcmp(units->units[i + 1].code, code) != 0))
            found = i;
    return found;
}

int th_enter_choose(const struct th_site *site, const struct th_enter_line *line,
                    const struct th_enter_store *known, struct th_enter_choice *ret_choice)
{
    struct th_enter_choice choice = {.number = (uint32_t)line->number};
    int status = choose_plan(site, line, known, &choice.plan);
    if (status == 0 && choice.plan != NULL)
        status = choose_obligation(site, line, choice.plan, &choice.obligation);
    if (status < 0)
        return th_status_exit_code(status);
    bool has_due = choice.obligation != NULL && choice.obligation->has_due;
    choice.unit = find_unit(known, line->unit,
                            has_due ? th_obligation_last_day(choice.obligation) : known->today);
    if (choice.unit == TH_UNIT_NONE) {
        th_cli_complain(site->err, site->command,
                        "tìm mã bằng tonghop-aggregator units list, hoặc thêm đơn vị bằng units "
                        "import",
                        "trong kho không có đơn vị %s", line->unit);
        return EX_DATAERR;
    }
    *ret_choice = choice;
    return EX_OK;
}

/* ---- the form ---- */

/* What the unit has reported to an obligation before, if anything. */
static int read_earlier(const struct th_enter_store *known, const struct th_plan *plan,
                        const struct th_obligation *obligation, uint32_t unit,
                        struct th_arena *arena, struct th_values *values,
                        const struct th_values **ret_values)
{
    struct th_row row;
    struct th_book_id book = {0, 0};
    if (obligation == NULL)
        return 0;
    while (known->plans[book.plan] != plan)
        book.plan++;
    book.obligation = (uint16_t)(obligation - plan->obligations);
    int status = th_view_row(known->view, book, known->context.number_of[unit], 0, &row);
    if (status == TH_E_NOT_FOUND)
        return 0;
    uint16_t *numbers = th_arena_alloc_array(arena, TH_LIMIT_INDICATORS_MAX, sizeof *numbers);
    int64_t *figures = th_arena_alloc_array(arena, TH_LIMIT_INDICATORS_MAX, sizeof *figures);
    size_t count = 0;
    if (status == 0 && (numbers == NULL || figures == NULL))
        status = TH_E_NO_MEMORY;
    if (status == 0)
        status = th_packed_decode(row.values, row.values_size, numbers, figures,
                                  TH_LIMIT_INDICATORS_MAX, &count);
    if (status < 0)
        return status;
    *values = (struct th_values){numbers, figures, count};
    *ret_values = values;
    return 0;
}

static int check(struct th_enter_form *form, const struct th_enter_store *known, uint32_t unit)
{
    struct th_related_obligations of;
    struct th_values half, year, same;
    struct th_related related = {NULL, NULL, NULL};
    struct th_arena *arena = &form->arena;
    th_related_find(known->plans, known->context.plans_count, form->plan, form->obligation, &of);
    int status = read_earlier(known, of.half_year_plan, of.half_year, unit, arena, &half,
                              &related.half_year);
    if (status == 0)
        status = read_earlier(known, of.previous_year_plan, of.previous_year, unit, arena, &year,
                              &related.previous_year);
    if (status == 0)
        status = read_earlier(known, of.previous_same_plan, of.previous_same, unit, arena, &same,
                              &related.previous_same);
    if (status < 0)
        return status;
    form->errors.items = th_arena_alloc_array(arena, TH_REASONS_MAX, sizeof *form->errors.items);
    form->warnings.items =
        th_arena_alloc_array(arena, TH_REASONS_MAX, sizeof *form->warnings.items);
    void *memory = th_arena_alloc(arena, th_checks_size(form->plan));
    if (form->errors.items == NULL || form->warnings.items == NULL || memory == NULL)
        return TH_E_NO_MEMORY;
    struct th_checks checks;
    th_checks_init(form->plan, memory, &checks);
    th_report_check(&checks, form->obligation, &known->context.units.units[unit], &form->report,
                    &related, &form->errors, &form->warnings);
    return 0;
}

void th_enter_form_init(struct th_enter_form *form, const char *path,
                        const struct th_enter_store *known, const struct th_enter_choice *choice)
{
    *form = (struct th_enter_form){.path = path};
    struct th_form_partial partial = {.plan = NULL};
    th_arena_init(&form->arena, BLOCK_BYTES, BUDGET_BYTES);
    th_problems_init(&form->problems);
    const struct th_form_context context = {.plans = known->plans,
                                            .plans_count = known->context.plans_count,
                                            .unit = &known->context.units.units[choice->unit],
                                            .plan = choice->plan,
                                            .obligation = choice->obligation,
                                            .number = choice->number,
                                            .places = &form->places,
                                            .partial = &partial};
    form->status = th_form_read(path, &context, &form->arena, &form->problems, &form->report,
                                &form->plan, &form->obligation);
    if (form->status == 0) {
        form->status = check(form, known, choice->unit);
    } else if (partial.plan != NULL) {
        form->report = partial.report;
        form->plan = partial.plan;
        form->obligation = partial.obligation;
        (void)check(form, known, choice->unit); /* what it has not found out is not told */
    }
}

void th_enter_form_deinit(struct th_enter_form *form)
{
    th_problems_deinit(&form->problems);
    th_arena_deinit(&form->arena);
}

bool th_enter_form_is_good(const struct th_enter_form *form)
{
    return form->status == 0 && form->errors.count == 0 && form->errors.dropped == 0;
}
