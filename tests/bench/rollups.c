/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rollup rows of a store, as tests/bench/recompute.c prints what they must be:
 *
 *     rollups STORE FOLDER
 */
#include "aggregator/past/recount.h"
#include "aggregator/store/store.h"
#include "proto/wire/plan.h"
#include "tests/bench/workload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_CODES 100

struct reading {
    struct th_view *view;
    struct th_arena arena, row; /* for the plan; for one row */
    struct th_plan plan;
    struct th_rollup_layout layout;
    uint32_t numbers[UNIT_CODES]; /* in the store: the root, then the provinces */
    char codes[UNIT_CODES][16];
    uint32_t codes_count;
};

static int take_plan(void *context, uint16_t number, uint64_t position,
                     const struct th_digest *digest, th_instant loaded_at, struct th_bytes content)
{
    struct reading *reading = context;
    (void)position;
    (void)digest;
    (void)loaded_at;
    if (number != 0)
        bench_die("a store of one plan is wanted");
    return th_wire_plan_decode(content, &reading->arena, &reading->plan);
}

static int take_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct reading *reading = context;
    (void)position;
    for (uint32_t i = 0; i < reading->codes_count; i++)
        if (strcmp(unit->code, reading->codes[i]) == 0)
            reading->numbers[i] = number;
    return 0;
}

static void print_cells(const struct reading *reading, const struct th_rollup *rollup)
{
    const struct th_catalogue *catalogue = reading->layout.catalogue;
    for (uint32_t n = 1; n <= catalogue->number_max; n++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, n);
        if (indicator == NULL || rollup->reported[n] == 0)
            continue;
        printf(" %s:%" PRIu32 ":", indicator->code, rollup->reported[n]);
        for (uint32_t at = reading->layout.cells_at[n]; at < reading->layout.cells_at[n + 1]; at++)
            printf("%s%" PRId64, at == reading->layout.cells_at[n] ? "" : ",",
                   (int64_t)rollup->cells[at]);
    }
    printf("\n");
}

static void print_row(struct reading *reading, uint16_t obligation, uint32_t unit,
                      enum th_branch branch)
{
    struct th_rollup rollup;
    const struct th_book_id book = {0, obligation};
    th_arena_reset(&reading->row);
    int status = th_view_rollup(reading->view, book, reading->numbers[unit], branch,
                                &reading->layout, &reading->row, &rollup);
    if (status == TH_E_NOT_FOUND || (status == 0 && rollup.counts.received == 0))
        return;
    bench_must(status, "a rollup");
    const struct th_counts *counts = &rollup.counts;
    printf("%s %s %s %u %u %u", reading->plan.obligations[obligation].id, reading->codes[unit],
           branch == TH_BRANCH_ALL ? "all" : "communes", counts->received, counts->on_time,
           counts->late);
    print_cells(reading, &rollup);
}

static void print_all(struct reading *reading)
{
    bench_must(th_view_plans(reading->view, take_plan, reading), "plans");
    bench_must(th_view_units(reading->view, &reading->arena, take_unit, reading), "units");
    bench_must(th_rollup_layout_init(&reading->plan.catalogue, &reading->arena, &reading->layout),
               "the layout");
    for (uint16_t i = 0; i < reading->plan.obligations_count; i++)
        for (uint32_t unit = 0; unit < reading->codes_count; unit++) {
            print_row(reading, i, unit, TH_BRANCH_ALL);
            print_row(reading, i, unit, TH_BRANCH_COMMUNES);
        }
}

int main(int argc, char **argv)
{
    struct th_store *store = NULL;
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    unsigned provinces = 0, units = 0;
    char line[128] = "";
    if (argc != 3) {
        (void)fprintf(stderr, "usage: rollups STORE FOLDER\n");
        return 64;
    }
    struct reading *reading = calloc(1, sizeof *reading);
    struct th_bytes shape = bench_map(argv[2], "shape");
    memcpy(line, shape.bytes, shape.size < sizeof line ? shape.size : sizeof line - 1);
    if (reading == NULL || sscanf(line, "%u %u", &units, &provinces) != 2 ||
        provinces >= UNIT_CODES)
        bench_die("%s/shape: not understood", argv[2]);
    reading->codes_count = provinces + 1;
    (void)snprintf(reading->codes[0], sizeof reading->codes[0], "%s", BENCH_ROOT);
    for (unsigned i = 0; i < provinces; i++)
        (void)snprintf(reading->codes[i + 1], sizeof reading->codes[0], "P%02u", i);
    th_arena_init(&reading->arena, 65536, (size_t)64 << 20);
    th_arena_init(&reading->row, 65536, (size_t)16 << 20);
    if (th_store_open(argv[1], TH_STORE_READ, NULL, problem, &store) < 0)
        bench_die("%s: %s", argv[1], problem);
    bench_must(th_view_open(store, &reading->view), "a view");
    bench_must(th_past_lay(reading->view), "rollups of unsettled books");
    print_all(reading);
    th_view_close(reading->view);
    th_store_close(store);
    th_arena_deinit(&reading->arena);
    th_arena_deinit(&reading->row);
    free(reading);
    return 0;
}
