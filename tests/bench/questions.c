/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions in process, over a view of a store that tests/bench/grow.c has filled:
 *
 *     questions FOLDER SET DIR FOUNDED FRAMES PROVINCE TIMES
 *
 * A page is one obligation's 20 figures of a province's communes (PROVINCE; "-": of all communes),
 * now and as of the moment when half of the submissions had come; each time of the next obligation.
 * FOUNDED: entries before the first submission. Every figure of each page is compared
 * with SET.facts, what was reported before anything was encoded. Prints one line of JSON.
 */
#include "aggregator/query/page.h"
#include "tests/bench/workload.h"

#include <stdlib.h>
#include <string.h>

struct asking {
    struct bench_workload workload;
    const struct bench_fact *facts;
    struct th_view *view;
    struct th_query_context context;
    struct th_arena arena, scratch;
    const struct th_plan *plan;
    uint16_t obligations; /* the first ones, for which all have reported */
    uint16_t columns[BENCH_FIGURES];
    uint32_t *units, *commune_of; /* numbers in the store; index among the communes */
    uint32_t units_count;
    uint64_t founded;
    int64_t *took;
    size_t times;
};

static const char *const codes[BENCH_FIGURES] = {
    "VB01",  "VB02",  "VB03", "PC01", "PC02", "DB05", "DB06", "DB07", "TCD01", "TCD04",
    "TCD13", "TCD22", "DT01", "DT02", "DT03", "DT04", "DT05", "HG03", "HG06",  "DG01"};

static void *allocate(size_t count, size_t size)
{
    void *bytes = calloc(count + 1, size);
    if (bytes == NULL)
        bench_die("no memory");
    return bytes;
}

static uint32_t commune(const struct asking *asking, const char *code)
{
    for (uint32_t i = 0; i < asking->workload.units_count; i++)
        if (strcmp(asking->workload.units[i].code, code) == 0)
            return i;
    return UINT32_MAX;
}

static void choose_units(struct asking *asking, const char *province)
{
    const struct th_unit_list *list = &asking->context.units;
    asking->units = allocate(list->count, sizeof *asking->units);
    asking->commune_of = allocate(list->count, sizeof *asking->commune_of);
    for (uint32_t number = 0; number < list->count; number++) {
        uint32_t unit = asking->context.index_of[number];
        uint32_t index = commune(asking, list->units[unit].code);
        if (index == UINT32_MAX ||
            (strcmp(province, "-") != 0 && strcmp(list->units[unit].parent_code, province) != 0))
            continue;
        asking->units[asking->units_count] = number;
        asking->commune_of[asking->units_count++] = index;
    }
}

static void choose_columns(struct asking *asking)
{
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        asking->columns[i] =
            th_catalogue_lookup(&asking->plan->catalogue, codes[i], strlen(codes[i]));
}

/* ---- what must come out ---- */

/* The last revision of each commune in the first `frames` submissions, of one obligation. */
static const struct bench_fact **last_facts(const struct asking *asking, size_t frames)
{
    size_t units = asking->workload.units_count;
    const struct bench_fact **last =
        allocate(units * asking->workload.obligations_count, sizeof *last);
    const struct bench_fact *fact = asking->facts;
    for (size_t i = 0; i < frames; i++)
        for (uint32_t k = 0; k < asking->workload.frames[i].reports; k++, fact++) {
            const struct bench_fact **at = &last[(size_t)fact->obligation * units + fact->unit];
            if (*at == NULL || (*at)->revision < fact->revision)
                *at = fact;
        }
    return last;
}

static void check_line(const struct bench_fact *fact, const struct th_page_form *form,
                       const struct th_page *page, uint32_t line)
{
    uint32_t revision = fact == NULL ? 0 : fact->revision;
    if (page->revision[line] != revision)
        bench_die("a page: revision %u of line %u, not %u", page->revision[line], line, revision);
    for (uint16_t i = 0; i < form->columns_count; i++) {
        bool is_there = fact != NULL && (fact->present >> i & 1) != 0;
        int64_t value = is_there ? fact->figures[i] : 0;
        if (th_page_has(form, page, line, i) != is_there ||
            page->values[(size_t)line * form->columns_count + i] != value)
            bench_die("a page: figure %u of line %u is wrong", i, line);
    }
}

static void check_page(const struct asking *asking, const struct bench_fact **last,
                       const struct th_page_form *form, const struct th_page *page)
{
    const struct bench_fact **book =
        last + (size_t)form->book.obligation * asking->workload.units_count;
    for (uint32_t line = 0; line < form->units_count; line++)
        check_line(book[asking->commune_of[line]], form, page, line);
}

/* ---- timing ---- */

static void print_times(const char *name, struct asking *asking, size_t lines)
{
    int64_t middle = bench_percentile(asking->took, asking->times, 50000);
    int64_t high = bench_percentile(asking->took, asking->times, 99000);
    printf("\"%s\": {\"lines\": %zu, \"us\": %.3f, \"least_us\": %.3f, \"p99_us\": %.3f}, ", name,
           lines, (double)middle / 1e3, (double)asking->took[0] / 1e3, (double)high / 1e3);
}

/* How long it took. */
static int64_t read_page(struct asking *asking, const struct th_page_form *form, uint64_t size,
                         struct th_page *page)
{
    th_arena_reset(&asking->scratch);
    int64_t began = bench_now_ns();
    bench_must(th_view_renew(asking->view), "a snapshot");
    bench_must(th_page_read(asking->view, form, size, &asking->scratch, page), "a page");
    return bench_now_ns() - began;
}

/* `size`: entries that count. Each page is checked before the clock starts: a snapshot gives the
 * same answer each time. */
static void ask_pages(struct asking *asking, const char *name, uint64_t size,
                      const struct bench_fact **last)
{
    struct th_page_form *forms = allocate(asking->obligations, sizeof *forms);
    struct th_page page;
    for (uint16_t i = 0; i < asking->obligations; i++)
        bench_must(th_page_form_init(&asking->plan->catalogue, (struct th_book_id){0, i},
                                     asking->units, asking->units_count, asking->columns,
                                     BENCH_FIGURES, &asking->arena, &forms[i]),
                   "a form");
    bench_must(th_page_new(&forms[0], &asking->arena, &page), "a page");
    for (uint16_t i = 0; i < asking->obligations; i++) {
        (void)read_page(asking, &forms[i], size, &page);
        check_page(asking, last, &forms[i], &page);
    }
    for (size_t i = 0; i < asking->times; i++)
        asking->took[i] = read_page(asking, &forms[i % asking->obligations], size, &page);
    print_times(name, asking, asking->units_count);
    free(forms);
}

/* The nation's rollup: its counts are checked, and all of its figures by tests/bench/rollups.c. */
static void ask_rollups(struct asking *asking, const struct bench_fact **last)
{
    const struct th_query_plan *plan = &asking->context.plans[0];
    uint32_t root = th_unit_list_find(&asking->context.units, BENCH_ROOT, strlen(BENCH_ROOT),
                                      th_day_of_date((struct th_civil_date){2025, 6, 15}));
    if (root == TH_UNIT_NONE)
        bench_die("no unit %s", BENCH_ROOT);
    for (size_t i = 0; i < asking->times; i++) {
        struct th_rollup rollup;
        const struct th_book_id book = {0, (uint16_t)(i % asking->obligations)};
        th_arena_reset(&asking->scratch);
        int64_t began = bench_now_ns();
        bench_must(th_view_renew(asking->view), "a snapshot");
        bench_must(th_view_rollup(asking->view, book, asking->context.number_of[root],
                                  TH_BRANCH_ALL, &plan->layout, &asking->scratch, &rollup),
                   "a rollup");
        asking->took[i] = bench_now_ns() - began;
        uint32_t received = 0;
        for (uint32_t unit = 0; unit < asking->workload.units_count; unit++)
            received += last[(size_t)book.obligation * asking->workload.units_count + unit] != NULL;
        if (rollup.counts.received != received)
            bench_die("a rollup: %u reports, not %u", rollup.counts.received, received);
    }
    print_times("rollup", asking, 1);
}

/* Pages are of the obligations for which all units have reported. */
static void count_obligations(struct asking *asking, const struct bench_fact **last)
{
    size_t communes = asking->workload.units_count;
    for (uint32_t i = 0; i < asking->workload.obligations_count; i++) {
        for (uint32_t line = 0; line < asking->units_count; line++)
            if (last[i * communes + asking->commune_of[line]] == NULL)
                return;
        asking->obligations = (uint16_t)(i + 1);
    }
}

int main(int argc, char **argv)
{
    struct asking asking = {.founded = 0};
    struct th_store *store = NULL;
    char name[64], problem[TH_STORE_PROBLEM_SIZE] = "";
    if (argc != 8) {
        (void)fprintf(stderr, "usage: questions FOLDER SET DIR FOUNDED FRAMES PROVINCE TIMES\n");
        return 64;
    }
    bench_workload_open(argv[1], argv[2], strtoull(argv[5], NULL, 10), &asking.workload);
    (void)snprintf(name, sizeof name, "%s.facts", argv[2]);
    asking.facts = (const void *)bench_map(argv[1], name).bytes;
    asking.founded = strtoull(argv[4], NULL, 10);
    asking.times = strtoull(argv[7], NULL, 10);
    asking.took = allocate(asking.times, sizeof *asking.took);
    th_arena_init(&asking.arena, (size_t)1 << 20, (size_t)1 << 30);
    th_arena_init(&asking.scratch, (size_t)1 << 20, (size_t)1 << 30);
    if (th_store_open(argv[3], TH_STORE_READ, NULL, problem, &store) < 0)
        bench_die("%s: %s", argv[3], problem);
    bench_must(th_view_open(store, &asking.view), "a view");
    bench_must(th_query_context_open(asking.view, &asking.context), "the context");
    asking.plan = asking.context.plans[0].plan;
    choose_units(&asking, argv[6]);
    choose_columns(&asking);
    size_t frames = asking.workload.frames_count, entries = 0;
    for (size_t i = 0; i < frames / 2; i++)
        entries += asking.workload.frames[i].is_again == 0;
    const struct bench_fact **now = last_facts(&asking, frames);
    const struct bench_fact **then = last_facts(&asking, frames / 2);
    count_obligations(&asking, now);
    if (asking.obligations == 0)
        bench_die("no obligation for which all have reported");
    printf("{");
    ask_pages(&asking, "now", TH_PAST_ALL_ENTRIES, now);
    asking.times = asking.times / 10 + 1;
    ask_pages(&asking, "past", asking.founded + entries, then);
    ask_rollups(&asking, now);
    printf("\"obligations\": %u}\n", asking.obligations);
    free(now);
    free(then);
    th_query_context_close(&asking.context);
    th_view_close(asking.view);
    th_store_close(store);
    th_arena_deinit(&asking.arena);
    th_arena_deinit(&asking.scratch);
    free(asking.units);
    free(asking.commune_of);
    free(asking.took);
    return 0;
}
