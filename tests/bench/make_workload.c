/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the reports of the benchmark (tests/bench/workload.h):
 *
 *     make_workload FOLDER PLANS SEED PROVINCES COMMUNES OBLIGATIONS [SET REPORTS EACH]…
 *
 * Each SET has REPORTS reports, up to EACH of one unit in one Submission. With EACH 1 the reports
 * come as before a deadline: obligation after obligation, units in random order, a tenth for the
 * obligation that is over, corrections among them. With more, a unit sends what it has not sent for
 * a long time. About 45 % are corrections; 1 % of the Submissions are sent twice.
 */
#include "tests/bench/place.h"

#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    CORRECTIONS_PERCENT = 45,
    LATELY = 120, /* obligations of a unit that it may still correct */
    AGAIN_PERCENT = 1,
    MISSING_PERCENT = 3,
    RECENT = 64, /* what may be repeated */
    NARRATIVE_MIN = 114,
    NARRATIVE_SPREAD = 110,
    PREPARED_MS = 600000
};
#define PREPARED INT64_C(1748000000000)

struct making {
    const struct place *place;
    struct random random;
    struct th_arena arena;
    FILE *bytes, *index, *facts;
    uint64_t offset, reports, distinct, frames;
    uint16_t *revisions; /* by obligation and unit: 0 when nothing was sent */
    uint32_t *sent;      /* by obligation: units in their order; sent_count of them have reported */
    uint32_t *sent_count;
    uint32_t *firsts; /* by unit: obligations that it has reported for (bundles) */
    struct bench_frame recent[RECENT];
    struct bench_fact *recent_facts[RECENT];
    size_t recent_count;
};

static bool chance(struct making *making, uint32_t percent)
{
    return random_below(&making->random, 100) < percent;
}

/* ---- one report ---- */

static void fill_figures(struct random *random, int64_t *figures)
{
    enum { VB01, VB02, VB03, PC01, PC02, DB05, DB06, DB07, TCD01, TCD04, TCD13, TCD22 };
    enum { DT01 = TCD22 + 1, DT02, DT03, DT04, DT05, HG03, HG06, DG01 };
    figures[VB02] = random_below(random, 12);
    figures[VB03] = random_below(random, 300);
    figures[VB01] = figures[VB02] + figures[VB03];
    figures[PC01] = random_below(random, 2);
    figures[PC02] = 20089 + random_below(random, 150);
    figures[DB06] = (int64_t)random_below(random, 200000) * 10000;
    figures[DB07] = (int64_t)random_below(random, 90000) * 1000;
    figures[DB05] = figures[DB06] + figures[DB07] + (int64_t)random_below(random, 1000) * 1000;
    figures[TCD04] = random_below(random, 400);
    figures[TCD13] = random_below(random, 60);
    figures[TCD22] = random_below(random, 20);
    figures[TCD01] = figures[TCD04] + figures[TCD13] + figures[TCD22];
    figures[DT01] = random_below(random, 10);
    figures[DT02] = random_below(random, 3000);
    figures[DT04] = random_below(random, 200);
    figures[DT05] = random_below(random, 40);
    figures[DT03] = figures[DT04] + figures[DT05];
    figures[HG06] = random_below(random, 50);
    figures[HG03] = figures[HG06] + random_below(random, 15);
    figures[DG01] = random_below(random, 10001);
}

static void fill_fact(struct making *making, uint32_t unit, uint32_t obligation,
                      struct bench_fact *fact)
{
    *fact = (struct bench_fact){.unit = unit, .obligation = obligation, .narratives = 1};
    uint16_t *revision =
        &making->revisions[(size_t)obligation * making->place->shape.communes + unit];
    fact->revision = ++*revision;
    fill_figures(&making->random, fact->figures);
    for (uint32_t i = 0; i < BENCH_FIGURES; i++)
        if (chance(making, MISSING_PERCENT))
            fact->figures[i] = 0;
        else
            fact->present |= 1U << i;
}

static struct th_text narrative(struct making *making)
{
    static const char *const words[] = {"đã",   "tổ chức", "hội nghị", "đối thoại",  "nhân dân",
                                        "thôn", "kết quả", "tích cực", "giải quyết", "kiến nghị"};
    size_t wanted = NARRATIVE_MIN + random_below(&making->random, NARRATIVE_SPREAD);
    char *text = th_arena_alloc(&making->arena, wanted + 32);
    size_t size = 0;
    if (text == NULL)
        bench_die("no memory");
    while (size < wanted) {
        const char *word = words[random_below(&making->random, sizeof words / sizeof words[0])];
        size += (size_t)sprintf(text + size, "%s%s", size == 0 ? "" : " ", word);
    }
    return (struct th_text){text, size};
}

static struct th_bytes encode_report(struct making *making, const struct bench_fact *fact)
{
    const struct place *place = making->place;
    char obligation[16];
    uint16_t numbers[BENCH_FIGURES];
    int64_t values[BENCH_FIGURES];
    size_t count = 0;
    for (uint32_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present & 1U << i) != 0) {
            numbers[count] = place->numbers[i];
            values[count++] = fact->figures[i];
        }
    (void)snprintf(obligation, sizeof obligation, "O-%03u", fact->obligation);
    const struct th_narrative text = {place->numbers[BENCH_FIGURES], narrative(making)};
    const struct th_report report = {.plan = th_text_of(BENCH_PLAN_ID),
                                     .obligation = th_text_of(obligation),
                                     .unit = th_text_of(place->units[fact->unit].code),
                                     .revision = fact->revision,
                                     .values = {numbers, values, count},
                                     .narratives = &text,
                                     .narratives_count = 1};
    struct th_bytes bytes;
    bench_must(th_wire_report_encode(&report, &making->arena, &bytes), "encoding a report");
    return bytes;
}

/* ---- one submission ---- */

static struct th_bytes sign(struct making *making, uint32_t unit, const struct th_bytes *reports,
                            const struct th_digest *digests, size_t count)
{
    const struct bench_unit *keys = &making->place->units[unit];
    struct th_submission_header header = {
        .mode = TH_MODE_REHEARSAL,
        .realm = th_text_of(BENCH_REALM),
        .unit = th_text_of(keys->code),
        .plan_digest = making->place->plan_digest,
        .prepared = {PREPARED + random_below(&making->random, PREPARED_MS)},
        .report_digests = digests,
        .reports_count = count};
    for (size_t i = 0; i < sizeof header.nonce; i++)
        header.nonce[i] = (uint8_t)random_below(&making->random, 256);
    memcpy(header.key.bytes, keys->sign_public, sizeof header.key.bytes);
    struct th_bytes head, submission;
    uint8_t signature[TH_SIGNATURE_SIZE];
    bench_must(th_wire_header_encode(&header, &making->arena, &head), "encoding a header");
    th_wire_header_sign(head, keys->sign_secret, signature);
    bench_must(
        th_wire_submission_encode(head, signature, reports, count, &making->arena, &submission),
        "encoding a submission");
    return submission;
}

static void keep_recent(struct making *making, const struct bench_frame *frame,
                        const struct bench_fact *facts)
{
    size_t at = making->recent_count++ % RECENT;
    making->recent[at] = *frame;
    free(making->recent_facts[at]);
    making->recent_facts[at] = malloc(frame->reports * sizeof *facts);
    if (making->recent_facts[at] == NULL)
        bench_die("no memory");
    memcpy(making->recent_facts[at], facts, frame->reports * sizeof *facts);
}

static void send(struct making *making, uint32_t unit, const struct bench_fact *facts, size_t count)
{
    struct th_bytes reports[TH_LIMIT_REPORTS_MAX];
    struct th_digest digests[TH_LIMIT_REPORTS_MAX];
    th_arena_reset(&making->arena);
    for (size_t i = 0; i < count; i++) {
        reports[i] = encode_report(making, &facts[i]);
        th_tlog_sha256(&(struct th_tlog_part){reports[i].bytes, reports[i].size}, 1, &digests[i]);
    }
    struct th_bytes submission = sign(making, unit, reports, digests, count);
    const struct bench_frame frame = {.offset = making->offset,
                                      .size = (uint32_t)submission.size,
                                      .unit = unit,
                                      .reports = (uint32_t)count};
    bench_write(making->bytes, submission.bytes, submission.size);
    bench_write(making->index, &frame, sizeof frame);
    bench_write(making->facts, facts, count * sizeof *facts);
    making->offset += submission.size;
    making->reports += count;
    making->distinct += count;
    making->frames++;
    keep_recent(making, &frame, facts);
}

static void send_again(struct making *making)
{
    size_t held = making->recent_count < RECENT ? making->recent_count : RECENT;
    size_t at = random_below(&making->random, (uint32_t)held);
    struct bench_frame frame = making->recent[at];
    frame.is_again = 1;
    bench_write(making->index, &frame, sizeof frame);
    for (size_t i = 0; i < frame.reports; i++) {
        struct bench_fact fact = making->recent_facts[at][i];
        fact.is_again = 1;
        bench_write(making->facts, &fact, sizeof fact);
    }
    making->reports += frame.reports;
    making->frames++;
}

/* ---- who reports what, and when ---- */

/* Long histories are mostly corrections of what was sent lately, so that obligations last. */
static uint32_t corrections_percent(const struct place_shape *shape, uint64_t reports)
{
    uint64_t firsts = 100 * (uint64_t)shape->communes * shape->obligations / reports;
    bool is_long = firsts < 100 - CORRECTIONS_PERCENT && shape->obligations > LATELY;
    return is_long ? 100 - (uint32_t)firsts : CORRECTIONS_PERCENT;
}

/* The next unit that reports for the first time, or one of those that correct what they sent. */
static uint32_t choose_unit(struct making *making, uint32_t obligation)
{
    uint32_t communes = making->place->shape.communes;
    uint32_t *sent = &making->sent[(size_t)obligation * communes];
    uint32_t *count = &making->sent_count[obligation];
    if (*count > 0 && (*count == communes || chance(making, CORRECTIONS_PERCENT)))
        return sent[random_below(&making->random, *count)];
    return sent[(*count)++];
}

static void make_singles(struct making *making, uint64_t reports)
{
    const struct place_shape *shape = &making->place->shape;
    for (uint64_t i = 0; i < reports; i++) {
        if (making->recent_count > 0 && chance(making, AGAIN_PERCENT)) {
            send_again(making);
            continue;
        }
        uint32_t obligation = (uint32_t)(i * shape->obligations / reports);
        if (obligation % BENCH_LATE_EVERY == 0 || chance(making, 100 / BENCH_LATE_EVERY))
            obligation -= obligation % BENCH_LATE_EVERY;
        uint32_t unit = choose_unit(making, obligation);
        struct bench_fact fact;
        fill_fact(making, unit, obligation, &fact);
        send(making, unit, &fact, 1);
    }
}

static void make_bundles(struct making *making, uint64_t reports, uint32_t each)
{
    const struct place_shape *shape = &making->place->shape;
    uint32_t corrections = corrections_percent(shape, reports);
    for (uint64_t i = 0; making->reports < reports; i++) {
        struct bench_fact facts[TH_LIMIT_REPORTS_MAX];
        uint32_t unit = making->sent[i % shape->communes];
        if (making->recent_count > 0 && chance(making, AGAIN_PERCENT))
            send_again(making);
        for (uint32_t k = 0; k < each; k++) {
            uint32_t *firsts = &making->firsts[unit];
            bool corrects =
                *firsts > 0 && (*firsts == shape->obligations || chance(making, corrections));
            uint32_t known = *firsts < LATELY ? *firsts : LATELY;
            uint32_t obligation =
                corrects ? *firsts - 1 - random_below(&making->random, known) : (*firsts)++;
            fill_fact(making, unit, obligation, &facts[k]);
        }
        send(making, unit, facts, each);
    }
}

/* ---- a set ---- */

static void *allocate(size_t count, size_t size)
{
    void *bytes = calloc(count, size);
    if (bytes == NULL)
        bench_die("no memory");
    return bytes;
}

static void shuffle(struct random *random, uint32_t *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        items[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = random_below(random, i), item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

static FILE *create(const char *folder, const char *set, const char *ending)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s.%s", set, ending);
    return bench_create(folder, name);
}

static void make_set(const char *folder, const struct place *place, const char *set,
                     uint64_t reports, uint32_t each)
{
    uint32_t communes = place->shape.communes, obligations = place->shape.obligations;
    struct making making = {.place = place, .random = {place->shape.seed ^ each}};
    th_arena_init(&making.arena, 65536, (size_t)16 << 20);
    making.bytes = create(folder, set, "bin");
    making.index = create(folder, set, "idx");
    making.facts = create(folder, set, "facts");
    making.revisions = allocate((size_t)communes * obligations, sizeof *making.revisions);
    making.sent = allocate((size_t)communes * obligations, sizeof *making.sent);
    making.sent_count = allocate(obligations, sizeof *making.sent_count);
    making.firsts = allocate(communes, sizeof *making.firsts);
    for (uint32_t i = 0; i < obligations; i++)
        shuffle(&making.random, &making.sent[(size_t)i * communes], communes);
    if (each == 1)
        make_singles(&making, reports);
    else
        make_bundles(&making, reports, each);
    printf("%s %llu reports %llu frames %.1f bytes each\n", set, (unsigned long long)making.reports,
           (unsigned long long)making.frames, (double)making.offset / (double)making.distinct);
    bench_close(making.bytes);
    bench_close(making.index);
    bench_close(making.facts);
    free(making.revisions);
    free(making.sent);
    free(making.sent_count);
    free(making.firsts);
    for (size_t i = 0; i < RECENT; i++)
        free(making.recent_facts[i]);
    th_arena_deinit(&making.arena);
}

static unsigned long number(const char *text, unsigned long max)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value == 0 || value > max)
        bench_die("%s: a number from 1 to %lu is wanted", text, max);
    return value;
}

int main(int argc, char **argv)
{
    if (argc < 7 || (argc - 7) % 3 != 0 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: make_workload FOLDER PLANS SEED PROVINCES COMMUNES "
                              "OBLIGATIONS [SET REPORTS EACH]...\n");
        return 64;
    }
    struct th_arena arena;
    struct place place;
    const struct place_shape shape = {.seed = number(argv[3], 1UL << 62),
                                      .provinces = (uint32_t)number(argv[4], 99),
                                      .communes = (uint32_t)number(argv[5], 9999),
                                      .obligations =
                                          (uint32_t)number(argv[6], TH_LIMIT_OBLIGATIONS_MAX)};
    th_arena_init(&arena, (size_t)1 << 20, (size_t)512 << 20);
    place_make(argv[1], argv[2], shape, &arena, &place);
    for (int i = 7; i < argc; i += 3)
        make_set(argv[1], &place, argv[i], number(argv[i + 1], 100000000),
                 (uint32_t)number(argv[i + 2], TH_LIMIT_REPORTS_MAX));
    free(place.units);
    th_arena_deinit(&arena);
    return 0;
}
