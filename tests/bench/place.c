/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/place.h"

#include "aggregator/plan/loader.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Catalogue codes, in the order of struct bench_fact; numbers ascend. */
const char *const place_codes[BENCH_FIGURES + 1] = {
    "VB01",  "VB02", "VB03", "PC01", "PC02", "DB05", "DB06", "DB07", "TCD01", "TCD04", "TCD13",
    "TCD22", "DT01", "DT02", "DT03", "DT04", "DT05", "HG03", "HG06", "DG01",  "TX01"};

/* ---- units ---- */

static void write_units(const char *folder, struct place *place)
{
    FILE *csv = bench_create(folder, "units.csv");
    (void)fprintf(csv,
                  "code,name,kind,parent,valid_from,valid_to,external_id\n"
                  "%s,Cơ quan trung ương,co_quan,,,,\n",
                  BENCH_ROOT);
    for (uint32_t i = 0; i < place->shape.provinces; i++)
        (void)fprintf(csv, "P%02u,Tỉnh thứ %u,tinh,%s,,,\n", i, i + 1, BENCH_ROOT);
    for (uint32_t i = 0; i < place->shape.communes; i++)
        (void)fprintf(csv, "%s,Xã thứ %u,xa,P%02u,,,\n", place->units[i].code, i + 1,
                      place->units[i].province);
    bench_close(csv);
}

static void fill_seed(uint64_t seed, uint32_t unit, uint8_t kind, uint8_t ret_seed[32])
{
    struct random random = {seed ^ ((uint64_t)unit << 8 | kind)};
    for (size_t i = 0; i < 32; i += 8) {
        uint64_t word = random_next(&random);
        memcpy(ret_seed + i, &word, sizeof word);
    }
}

/* Communes of a province have neighbouring codes, as in the country's list; the first province has
 * 135 of 3,321, more than any other. */
static uint32_t province_of(const struct place_shape *shape, uint32_t commune)
{
    uint32_t first = shape->communes * 135 / 3321;
    if (shape->provinces == 1 || commune < first || shape->communes <= first)
        return 0;
    return 1 + (commune - first) * (shape->provinces - 1) / (shape->communes - first);
}

static void make_units(const char *folder, struct place *place)
{
    place->units = calloc(place->shape.communes, sizeof *place->units);
    if (place->units == NULL)
        bench_die("no memory");
    for (uint32_t i = 0; i < place->shape.communes; i++) {
        struct bench_unit *unit = &place->units[i];
        uint8_t seed[32];
        (void)snprintf(unit->code, sizeof unit->code, "%05u", 10001 + i);
        unit->province = province_of(&place->shape, i);
        fill_seed(place->shape.seed, i, 1, seed);
        (void)crypto_sign_seed_keypair(unit->sign_public, unit->sign_secret, seed);
        fill_seed(place->shape.seed, i, 2, unit->curve_secret);
        (void)crypto_scalarmult_base(unit->curve_public, unit->curve_secret);
    }
    FILE *file = bench_create(folder, "units.bin");
    bench_write(file, place->units, place->shape.communes * sizeof *place->units);
    bench_close(file);
}

/* ---- the plan ---- */

/* Every tenth obligation is due before the instant at which the store's clock will stand. */
static void write_obligation(FILE *yaml, uint32_t i, bool asks_all)
{
    unsigned month = i % BENCH_LATE_EVERY == 0 ? 1 + i / BENCH_LATE_EVERY % 4 : 6 + i % 6;
    (void)fprintf(yaml,
                  "  - id: O-%03u\n"
                  "    kind: periodic\n"
                  "    title: \"Báo cáo %u\"\n"
                  "    quote: \"báo cáo\"\n"
                  "    who: {quote: \"các xã\", levels: [commune]}\n"
                  "    to: [{unit: \"%s\"}]\n"
                  "    period: 2025-%02u\n"
                  "    due: {by: 2025-%02u-10}\n"
                  "    series: dinh-ky\n",
                  i, i, BENCH_ROOT, month, month + 1);
    if (asks_all)
        return;
    (void)fprintf(yaml, "    indicators: {communes: [");
    for (size_t k = 0; k <= BENCH_FIGURES; k++)
        (void)fprintf(yaml, "%s%s", k == 0 ? "" : ", ", place_codes[k]);
    (void)fprintf(yaml, "]}\n");
}

static void write_plan(const char *folder, const char *plans, const struct place_shape *shape)
{
    FILE *yaml = bench_create(folder, "plan.yaml");
    (void)fprintf(yaml,
                  "plan: %s\nformat: 1\n"
                  "title: \"Kế hoạch đo tốc độ\"\nnumber: \"1/KH\"\ndate: 2025-01-02\nyear: 2025\n"
                  "issuer: {name: \"Cơ quan trung ương\", unit: \"%s\"}\nterritory: \"%s\"\n"
                  "units: units.csv\nindicators: %s/catalogue/indicators.yaml\n"
                  "rules: %s/catalogue/rules.yaml\nholidays: %s/holidays.yaml\n"
                  "deadline_policy: strict\nobligations:\n",
                  BENCH_PLAN_ID, BENCH_ROOT, BENCH_ROOT, plans, plans, plans);
    for (uint32_t i = 0; i < shape->obligations; i++)
        write_obligation(yaml, i, shape->asks_all);
    bench_close(yaml);
}

static void load_plan(const char *folder, struct th_arena *arena, struct place *place)
{
    char path[4096];
    struct th_problems problems;
    struct th_plan_files files;
    struct th_bytes compiled;
    th_problems_init(&problems);
    (void)snprintf(path, sizeof path, "%s/plan.yaml", folder);
    int status = th_plan_load(path, NULL, 0, arena, &problems, &files);
    if (status < 0)
        bench_must(th_problems_print(&problems, stderr), "printing");
    bench_must(status, "the plan");
    th_problems_deinit(&problems);
    place->plan = files.plan;
    bench_must(th_wire_plan_encode(&files.plan, arena, &compiled), "encoding the plan");
    th_tlog_sha256(&(struct th_tlog_part){compiled.bytes, compiled.size}, 1, &place->plan_digest);
    for (size_t i = 0; i <= BENCH_FIGURES; i++) {
        place->numbers[i] =
            th_catalogue_lookup(&place->plan.catalogue, place_codes[i], strlen(place_codes[i]));
        if (place->numbers[i] == 0)
            bench_die("%s: not in the catalogue", place_codes[i]);
    }
}

void place_make(const char *folder, const char *plans, struct place_shape shape,
                struct th_arena *arena, struct place *ret_place)
{
    struct place place = {.shape = shape};
    make_units(folder, &place);
    write_units(folder, &place);
    write_plan(folder, plans, &shape);
    FILE *file = bench_create(folder, "shape");
    (void)fprintf(file, "%u %u %u %s\n", shape.communes, shape.provinces, shape.obligations,
                  BENCH_REALM);
    bench_close(file);
    load_plan(folder, arena, &place);
    *ret_place = place;
}
