/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A year of a whole country: every one of 4,000 units reports once for each of 30 obligations, with
 * 60 figures of a made-up catalogue, all 30 reports in one Submission:
 *
 *     make_country FOLDER PLANS SEED UNITS
 *
 * Writes what tests/bench/workload.h describes but SET.facts, as the set "year", and FOLDER/totals:
 * OBLIGATION CODE SUM, of the whole country, one line each, as they were made.
 */
#include "tests/bench/place.h"

#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { OBLIGATIONS = 30, FIGURES = 60, PROVINCES = 34, MOST = 100000 };
#define PREPARED INT64_C(1748000000000)

struct making {
    struct place place;
    struct random random;
    struct th_arena arena;
    FILE *bytes, *index;
    uint64_t offset;
    int64_t totals[OBLIGATIONS][FIGURES];
};

/* The codes that tests/bench/place.c looks up, and as many more as are wanted. */
static void code_of(size_t i, char code[16])
{
    if (i < BENCH_FIGURES)
        (void)snprintf(code, 16, "%s", place_codes[i]);
    else
        (void)snprintf(code, 16, "K%02u", (unsigned)(i % 100));
}

static void write_catalogue(const char *folder)
{
    char code[16];
    FILE *yaml = bench_create(folder, "catalogue/indicators.yaml");
    (void)fprintf(yaml,
                  "catalogue: %s\nformat: 1\n\nsections:\n"
                  "  - {no: 1, name: \"Số liệu\", name_en: \"Figures\"}\n\nindicators:\n",
                  BENCH_PLAN_ID);
    for (size_t i = 0; i < FIGURES; i++) {
        code_of(i, code);
        (void)fprintf(yaml,
                      "  - {no: %zu, code: %s, section: 1, name: \"Số %zu\", name_en: \"%zu\", "
                      "type: count, unit: \"việc\", up: sum, over: latest, source: R}\n",
                      i + 1, code, i + 1, i + 1);
    }
    (void)fprintf(yaml,
                  "  - {no: %d, code: %s, section: 1, name: \"Lời\", name_en: \"Text\", "
                  "type: text, up: concat, over: latest, source: R}\n",
                  FIGURES + 1, place_codes[BENCH_FIGURES]);
    bench_close(yaml);
    yaml = bench_create(folder, "catalogue/rules.yaml");
    (void)fprintf(yaml,
                  "rules: %s\nformat: 1\n\nlist:\n"
                  "  - {id: R01, severity: error, compare: \"%s <= %s + %s\", text: \"Số 1\", "
                  "source: \"–\"}\n",
                  BENCH_PLAN_ID, place_codes[0], place_codes[0], place_codes[1]);
    bench_close(yaml);
}

static struct th_bytes encode_report(struct making *making, uint32_t unit, uint32_t obligation)
{
    char id[16];
    uint16_t numbers[FIGURES];
    int64_t values[FIGURES];
    for (uint16_t i = 0; i < FIGURES; i++) {
        numbers[i] = (uint16_t)(i + 1);
        values[i] = random_below(&making->random, MOST);
        making->totals[obligation][i] += values[i];
    }
    (void)snprintf(id, sizeof id, "O-%03u", obligation);
    const struct th_report report = {.plan = th_text_of(BENCH_PLAN_ID),
                                     .obligation = th_text_of(id),
                                     .unit = th_text_of(making->place.units[unit].code),
                                     .revision = 1,
                                     .values = {numbers, values, FIGURES}};
    struct th_bytes bytes;
    bench_must(th_wire_report_encode(&report, &making->arena, &bytes), "encoding a report");
    return bytes;
}

static void send(struct making *making, uint32_t unit)
{
    const struct bench_unit *keys = &making->place.units[unit];
    struct th_bytes reports[OBLIGATIONS], head, submission;
    struct th_digest digests[OBLIGATIONS];
    uint8_t signature[TH_SIGNATURE_SIZE];
    th_arena_reset(&making->arena);
    for (uint32_t i = 0; i < OBLIGATIONS; i++) {
        reports[i] = encode_report(making, unit, i);
        th_tlog_sha256(&(struct th_tlog_part){reports[i].bytes, reports[i].size}, 1, &digests[i]);
    }
    struct th_submission_header header = {.mode = TH_MODE_REHEARSAL,
                                          .realm = th_text_of(BENCH_REALM),
                                          .unit = th_text_of(keys->code),
                                          .plan_digest = making->place.plan_digest,
                                          .prepared = {PREPARED},
                                          .report_digests = digests,
                                          .reports_count = OBLIGATIONS};
    for (size_t i = 0; i < sizeof header.nonce; i++)
        header.nonce[i] = (uint8_t)random_below(&making->random, 256);
    memcpy(header.key.bytes, keys->sign_public, sizeof header.key.bytes);
    bench_must(th_wire_header_encode(&header, &making->arena, &head), "encoding a header");
    th_wire_header_sign(head, keys->sign_secret, signature);
    bench_must(th_wire_submission_encode(head, signature, reports, OBLIGATIONS, &making->arena,
                                         &submission),
               "encoding a submission");
    const struct bench_frame frame = {.offset = making->offset,
                                      .size = (uint32_t)submission.size,
                                      .unit = unit,
                                      .reports = OBLIGATIONS};
    bench_write(making->bytes, submission.bytes, submission.size);
    bench_write(making->index, &frame, sizeof frame);
    making->offset += submission.size;
}

static void write_totals(const struct making *making, const char *folder)
{
    char code[16];
    FILE *totals = bench_create(folder, "totals");
    for (size_t i = 0; i < OBLIGATIONS; i++)
        for (size_t k = 0; k < FIGURES; k++) {
            code_of(k, code);
            (void)fprintf(totals, "O-%03zu %s %lld\n", i, code, (long long)making->totals[i][k]);
        }
    bench_close(totals);
}

int main(int argc, char **argv)
{
    static struct making making;
    struct th_arena arena;
    if (argc != 5 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: make_country FOLDER PLANS SEED UNITS\n");
        return 64;
    }
    const struct place_shape shape = {.seed = strtoull(argv[3], NULL, 10),
                                      .provinces = PROVINCES,
                                      .communes = (uint32_t)strtoul(argv[4], NULL, 10),
                                      .obligations = OBLIGATIONS,
                                      .asks_all = true};
    th_arena_init(&arena, (size_t)1 << 20, (size_t)512 << 20);
    th_arena_init(&making.arena, 65536, (size_t)16 << 20);
    making.random.state = shape.seed;
    write_catalogue(argv[2]);
    place_make(argv[1], argv[2], shape, &arena, &making.place);
    making.bytes = bench_create(argv[1], "year.bin");
    making.index = bench_create(argv[1], "year.idx");
    for (uint32_t unit = 0; unit < shape.communes; unit++)
        send(&making, unit);
    bench_close(making.bytes);
    bench_close(making.index);
    write_totals(&making, argv[1]);
    printf("year %u reports %u frames\n", shape.communes * OBLIGATIONS, shape.communes);
    free(making.place.units);
    th_arena_deinit(&arena);
    th_arena_deinit(&making.arena);
    return 0;
}
