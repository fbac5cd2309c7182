/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rollups that a store must end in, computed from SET.facts alone: what was reported, before
 * anything was encoded. Shares no code with the aggregator: the last revision of each unit and
 * obligation counts, and is added up plainly.
 *
 *     recompute FOLDER SET [FRAMES [same|sums|keys]]
 *
 * One line for each obligation and unit with reports, as tests/bench/rollups.c prints those of a
 * store: OBLIGATION UNIT BRANCH RECEIVED ON_TIME LATE CODE:REPORTED:CELL,CELL…
 * same: the same in the form of the peers that do the same work, and who has the extremes.
 * sums: what the other peers keep. keys: only how many reports there are, each counted once.
 */
#include "tests/bench/workload.h"

#include <stdlib.h>
#include <string.h>

enum kind { SUM, MAX, AVERAGE };

static const struct {
    const char *code;
    enum kind kind;
} figures[BENCH_FIGURES] = {{"VB01", SUM},  {"VB02", SUM},  {"VB03", SUM},  {"PC01", SUM},
                            {"PC02", MAX},  {"DB05", SUM},  {"DB06", SUM},  {"DB07", SUM},
                            {"TCD01", SUM}, {"TCD04", SUM}, {"TCD13", SUM}, {"TCD22", SUM},
                            {"DT01", SUM},  {"DT02", SUM},  {"DT03", SUM},  {"DT04", SUM},
                            {"DT05", SUM},  {"HG03", SUM},  {"HG06", SUM},  {"DG01", AVERAGE}};

/* Shown after the figure `after`: a catalogue is printed in the order of its numbers. */
static const struct {
    const char *code;
    size_t after, numerator, denominator;
} ratios[] = {{"DT06", 16, 15, 14}, {"HG09", 18, 18, 17}};

struct total {
    uint32_t received, texts;
    uint32_t reported[BENCH_FIGURES];
    int64_t sum[BENCH_FIGURES], least[BENCH_FIGURES], most[BENCH_FIGURES];
    uint32_t least_unit[BENCH_FIGURES], most_unit[BENCH_FIGURES]; /* the first of those */
    uint32_t both[2];
    int64_t numerator[2], denominator[2];
};

static void add(struct total *total, const struct bench_fact *fact)
{
    total->received++;
    total->texts += fact->narratives;
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        int64_t value = fact->figures[i];
        if ((fact->present >> i & 1) == 0)
            continue;
        if (total->reported[i] == 0 || value < total->least[i]) {
            total->least[i] = value;
            total->least_unit[i] = fact->unit;
        }
        if (total->reported[i] == 0 || value > total->most[i]) {
            total->most[i] = value;
            total->most_unit[i] = fact->unit;
        }
        total->reported[i]++;
        total->sum[i] += value;
    }
    for (size_t i = 0; i < 2; i++) {
        uint32_t terms = 1U << ratios[i].numerator | 1U << ratios[i].denominator;
        if ((fact->present & terms) != terms)
            continue;
        total->both[i]++;
        total->numerator[i] += fact->figures[ratios[i].numerator];
        total->denominator[i] += fact->figures[ratios[i].denominator];
    }
}

static void print_figure(const struct total *total, size_t i)
{
    if (total->reported[i] == 0)
        return;
    long long sum = total->sum[i], least = total->least[i], most = total->most[i];
    printf(" %s:%u:", figures[i].code, total->reported[i]);
    switch (figures[i].kind) {
    case SUM:
        printf("%lld", sum);
        break;
    case MAX:
        printf("%lld", most);
        break;
    case AVERAGE:
        printf("%lld,%lld,%lld", sum, least, most);
        break;
    }
}

static void print(const struct total *total, uint32_t obligation, const char *unit,
                  const char *branch)
{
    bool is_late = obligation % BENCH_LATE_EVERY == 0;
    printf("O-%03u %s %s %u %u %u", obligation, unit, branch, total->received,
           is_late ? 0 : total->received, is_late ? total->received : 0);
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        print_figure(total, i);
        for (size_t k = 0; k < 2; k++)
            if (ratios[k].after == i && total->both[k] > 0)
                printf(" %s:%u:%lld,%lld", ratios[k].code, total->both[k],
                       (long long)total->numerator[k], (long long)total->denominator[k]);
    }
    if (total->texts > 0)
        printf(" TX01:%u:", total->texts);
    printf("\n");
}

/* Standing, texts, and of each figure what its rule keeps, numbers only: reported and sum, or
 * reported, largest and its unit, or reported, sum, smallest and its unit, largest and its unit;
 * then of each ratio who reported its terms, numerator, denominator. */
static void print_same(const struct total *total, uint32_t obligation, const char *unit)
{
    bool is_late = obligation % BENCH_LATE_EVERY == 0;
    printf("O-%03u %s %u %u %u %u", obligation, unit, total->received,
           is_late ? 0 : total->received, is_late ? total->received : 0, total->texts);
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        printf(" %u", total->reported[i]);
        if (figures[i].kind != MAX)
            printf(" %lld", (long long)total->sum[i]);
        if (figures[i].kind == AVERAGE)
            printf(" %lld %u", (long long)total->least[i], total->least_unit[i]);
        if (figures[i].kind != SUM)
            printf(" %lld %u", (long long)total->most[i], total->most_unit[i]);
    }
    for (size_t i = 0; i < 2; i++)
        printf(" %u %lld %lld", total->both[i], (long long)total->numerator[i],
               (long long)total->denominator[i]);
    printf("\n");
}

/* Sums and counts of every figure, whatever its rule: what the other peers keep. */
static void print_sums(const struct total *total, uint32_t obligation, const char *unit)
{
    printf("O-%03u %s %u", obligation, unit, total->received);
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        printf(" %lld %u", (long long)total->sum[i], total->reported[i]);
    printf("\n");
}

static void print_obligation(const struct bench_workload *workload, uint32_t obligation,
                             const struct bench_fact *const *last, const char *form)
{
    struct total *totals = calloc(workload->provinces_count + 1, sizeof *totals);
    if (totals == NULL)
        bench_die("no memory");
    for (uint32_t unit = 0; unit < workload->units_count; unit++) {
        if (last[unit] == NULL)
            continue;
        add(&totals[0], last[unit]);
        add(&totals[1 + workload->units[unit].province], last[unit]);
    }
    for (uint32_t i = 0; i <= workload->provinces_count; i++) {
        char code[16] = BENCH_ROOT;
        if (i > 0)
            (void)snprintf(code, sizeof code, "P%02u", i - 1);
        if (totals[i].received == 0)
            continue;
        if (strcmp(form, "same") == 0) {
            print_same(&totals[i], obligation, code);
        } else if (strcmp(form, "sums") == 0) {
            print_sums(&totals[i], obligation, code);
        } else {
            print(&totals[i], obligation, code, "all");
            print(&totals[i], obligation, code, "communes");
        }
    }
    free(totals);
}

/* A unit's revisions of one obligation are 1, 2, 3 … without a gap. */
static void print_keys(const struct bench_fact *const *last, size_t count)
{
    unsigned long long keys = 0;
    for (size_t i = 0; i < count; i++)
        keys += last[i] == NULL ? 0 : last[i]->revision;
    printf("%llu\n", keys);
}

int main(int argc, char **argv)
{
    char name[64];
    struct bench_workload workload;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: recompute FOLDER SET [FRAMES [same|sums|keys]]\n");
        return 64;
    }
    const char *form = argc > 4 ? argv[4] : "";
    bench_workload_open(argv[1], argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 0, &workload);
    (void)snprintf(name, sizeof name, "%s.facts", argv[2]);
    const struct bench_fact *facts = (const void *)bench_map(argv[1], name).bytes;
    size_t count = bench_workload_reports(&workload);
    size_t places = (size_t)workload.units_count * workload.obligations_count;
    const struct bench_fact **last = calloc(places, sizeof *last);
    if (last == NULL)
        bench_die("no memory");
    for (size_t i = 0; i < count; i++) {
        const struct bench_fact *fact = &facts[i];
        const struct bench_fact **place =
            &last[(size_t)fact->obligation * workload.units_count + fact->unit];
        if (*place == NULL || (*place)->revision < fact->revision)
            *place = fact;
    }
    if (strcmp(form, "keys") == 0)
        print_keys(last, places);
    else
        for (uint32_t i = 0; i < workload.obligations_count; i++)
            print_obligation(&workload, i, &last[(size_t)i * workload.units_count], form);
    free(last);
    return 0;
}
