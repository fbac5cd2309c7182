/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world.h"

#include "base/assert.h"
#include "tests/support/world_journal.h"

#include <string.h>

#define BUDGET ((size_t)64 * 1024 * 1024)

static const char *const class_words[] = {"tốt", "khá", "yếu"};

static const struct th_indicator indicators[] = {
    {.number = 0},
    {.number = IND_A, .type = TH_TYPE_COUNT, .up = TH_UP_SUM, .code = "A", .name = "A"},
    {.number = IND_B, .type = TH_TYPE_COUNT, .up = TH_UP_SUM, .code = "B", .name = "B"},
    {.number = IND_C, .type = TH_TYPE_COUNT, .up = TH_UP_SUM, .code = "C", .name = "C"},
    {.number = IND_DAY,
     .type = TH_TYPE_DATE,
     .up = TH_UP_MAX,
     .over = TH_OVER_LATEST,
     .code = "DAY"},
    {.number = IND_SCORE,
     .type = TH_TYPE_DECIMAL,
     .up = TH_UP_AVERAGE_MIN_MAX,
     .over = TH_OVER_LATEST,
     .scale = 2,
     .code = "SCORE"},
    {.number = IND_CLASS,
     .type = TH_TYPE_ENUM,
     .up = TH_UP_COUNT_BY_VALUE,
     .over = TH_OVER_LATEST,
     .code = "CLASS",
     .values = class_words,
     .values_count = 3},
    {.number = IND_SHARE,
     .type = TH_TYPE_PERCENT,
     .up = TH_UP_RATIO_OF_SUMS,
     .over = TH_OVER_RATIO_OF_SUMS,
     .ratio = {.numerator = {IND_B, IND_C},
               .numerator_count = 2,
               .denominator = {IND_A},
               .denominator_count = 1},
     .code = "SHARE"},
    {.number = IND_TEXT, .type = TH_TYPE_TEXT, .up = TH_UP_CONCAT, .code = "TEXT"},
};

static const struct th_rule rules[] = {
    {.id = "R1",
     .text = "A phải bằng B cộng C.",
     .severity = TH_SEVERITY_ERROR,
     .kind = TH_RULE_COMPARISON,
     .comparison = {.operator= TH_RULE_EQUAL,
                    .terms = {{1, IND_A}, {-1, IND_B}, {-1, IND_C}},
                    .terms_count = 3}},
    {.id = "R2",
     .text = "B thường không quá 50.",
     .severity = TH_SEVERITY_WARN,
     .kind = TH_RULE_COMPARISON,
     .comparison = {.operator= TH_RULE_AT_MOST,
                    .terms = {{1, IND_B}},
                    .terms_count = 1,
                    .right_constant = 50}},
    {.id = "R63",
     .text = "Cả năm không nhỏ hơn 6 tháng.",
     .severity = TH_SEVERITY_WARN,
     .kind = TH_RULE_ANNUAL_INCLUDES_HALF},
};

#define WHO                                                                                        \
    .levels = UINT32_C(1) << TH_LEVEL_COMMUNE, .kinds = UINT32_C(1) << TH_UNIT_KIND_DEPARTMENT

static struct th_obligation obligations[OB_COUNT] = {
    {.id = "half",
     .period = "2025-H1",
     .has_due = true,
     .quoted = {.present = TH_TERM_WHO | TH_TERM_REMINDERS | TH_TERM_ESTIMATES | TH_TERM_SERIES |
                           TH_TERM_ACCEPT_UNTIL,
                .who = {WHO},
                .reminders = {7, 1},
                .reminders_count = 2,
                .estimates = true,
                .series = "s"}},
    {.id = "year",
     .period = "2025",
     .has_due = true,
     .quoted = {.present = TH_TERM_WHO | TH_TERM_SERIES, .who = {WHO}, .series = "s"}},
    {.id = "adhoc",
     .period = "",
     .open_ended = true,
     .quoted = {.present = TH_TERM_WHO, .who = {WHO}}},
    {.id = "suspended",
     .period = "2025-Q3",
     .has_due = true,
     .suspended = true,
     .quoted = {.present = TH_TERM_WHO, .who = {WHO}}},
    {.id = "undated", .period = "2025-Q1", .quoted = {.present = TH_TERM_WHO, .who = {WHO}}},
};

static th_day day_of(int year, int month, int day)
{
    return th_day_of_date((struct th_civil_date){year, month, day});
}

static void init_plan(struct world *world)
{
    static const int due_days[OB_COUNT][2] = {{5, 10}, {10, 15}, {0, 0}, {6, 1}, {0, 0}};
    for (int i = 0; i < OB_COUNT; i++)
        if (obligations[i].has_due) {
            obligations[i].due_day = day_of(2025, due_days[i][0], due_days[i][1]);
            obligations[i].due = th_day_start(obligations[i].due_day);
        }
    obligations[OB_HALF].quoted.accept_until = day_of(2025, 6, 30);
    world->half_due = obligations[OB_HALF].due;
    world->year_due = obligations[OB_YEAR].due;
    world->plan =
        (struct th_plan){.id = "p",
                         .title = "P",
                         .number = "",
                         .year = 2025,
                         .territory = "64",
                         .obligations = obligations,
                         .obligations_count = OB_COUNT,
                         .catalogue = {.id = "c", .indicators = indicators, .number_max = IND_TEXT},
                         .rules = {.id = "r", .rules = rules, .count = 3}};
    world->plan_digest.bytes[0] = 77;
}

static const struct th_unit all_units[WORLD_UNITS] = {
#define UNIT(c, k, p)                                                                              \
    {                                                                                              \
        .code = c, .name = c, .parent_code = p, .external_id = "", .kind = TH_UNIT_KIND_##k,       \
        .valid_from = {INT32_MIN}, .valid_to = {                                                   \
            INT32_MAX                                                                              \
        }                                                                                          \
    }
    UNIT("64", PROVINCE, ""),   UNIT("64-snv", DEPARTMENT, "64"), UNIT("622", TOWN, "64"),
    UNIT("623", TOWN, "64"),    UNIT("a1", COMMUNE, "622"),       UNIT("a2", WARD, "622"),
    UNIT("a3", COMMUNE, "622"), UNIT("b1", COMMUNE, "623"),       UNIT("b2", COMMUNE, "623"),
    UNIT("b3", COMMUNE, "623"),
#undef UNIT
};

struct th_sign_key world_key(uint32_t unit)
{
    struct th_sign_key key = {{(uint8_t)(unit * 37 + 5), (uint8_t)unit}};
    return key;
}

void world_reset_batch(struct world *world)
{
    th_arena_reset(&world->batch);
    world->effects = (struct th_effects){.arena = &world->batch};
}

size_t world_rows_before(const struct world *world, struct th_book_id book, th_instant at,
                         struct th_row rows[WORLD_ROWS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < world->history_count; i++) {
        const struct th_row *row = &world->history[i].row;
        if (world->history[i].book.obligation != book.obligation || row->received.ms >= at.ms)
            continue;
        size_t place = 0;
        while (place < count &&
               (rows[place].unit != row->unit || rows[place].number != row->number))
            place++;
        rows[place] = *row;
        count += place == count;
    }
    return count;
}

void world_load_needs(struct world *world, const struct th_event *event)
{
    struct th_need needs[TH_CORE_NEEDS_MAX];
    size_t count;
    while ((count = th_core_needs(world->core, event, needs)) > 0)
        for (size_t i = 0; i < count; i++) {
            struct th_row past[WORLD_ROWS_MAX];
            size_t past_count = 0;
            int status = needs[i].past ? 0 : th_core_book_open(world->core, needs[i].book);
            if (needs[i].past)
                past_count = world_rows_before(world, needs[i].book, needs[i].at, past);
            for (size_t r = 0; status == 0 && !needs[i].past && r < world->rows_count; r++)
                if (world->rows[r].book.obligation == needs[i].book.obligation)
                    status = th_core_book_row(world->core, needs[i].book, &world->rows[r].row);
            for (size_t r = 0; status == 0 && !needs[i].past && r < world->revisions_count; r++)
                if (world->revisions[r].book.obligation == needs[i].book.obligation)
                    status = th_core_book_revision(world->core, needs[i].book,
                                                   &world->revisions[r].revision);
            if (needs[i].past)
                status =
                    th_core_give_past(world->core, needs[i].book, needs[i].at, past, past_count);
            else
                th_core_book_close(world->core, needs[i].book);
            TH_ASSERT(status == 0);
        }
}

static void fill_row(struct world_row *at, struct th_book_id book, const struct th_row *row)
{
    TH_ASSERT(row->values_size <= sizeof at->values);
    at->book = book;
    at->row = *row;
    memcpy(at->values, row->values, row->values_size);
    at->row.values = at->values;
}

static void put_row(struct world *world, struct th_book_id book, const struct th_row *row)
{
    struct world_row *at = NULL;
    for (size_t i = 0; i < world->rows_count; i++)
        if (world->rows[i].book.obligation == book.obligation &&
            world->rows[i].row.unit == row->unit && world->rows[i].row.number == row->number)
            at = &world->rows[i];
    if (at == NULL) {
        TH_ASSERT(world->rows_count < WORLD_ROWS_MAX);
        at = &world->rows[world->rows_count++];
    }
    bool is_new = at->row.revision != row->revision;
    fill_row(at, book, row);
    if (is_new)
        fill_row(&world->history[world->history_count++], book, row);
}

static void put_closing(struct world *world, const struct th_effect *effect)
{
    TH_ASSERT(world->closings_count < WORLD_CLOSINGS_MAX);
    struct world_closing *closing = &world->closings[world->closings_count++];
    closing->book = effect->book;
    closing->closed_at = effect->body.closing.closed_at;
    closing->unit = effect->body.closing.unit;
    closing->branch = effect->body.closing.branch;
    int status = th_rollup_new(effect->body.closing.layout, &world->arena, &closing->rollup);
    TH_ASSERT(status == 0);
    th_rollup_copy(effect->body.closing.layout, &effect->body.closing.rollup, &closing->rollup);
}

static void put_key(struct world *world, const struct th_key_row *key)
{
    for (size_t i = 0; i < world->keys_count; i++)
        if (memcmp(&world->keys[i].sign_key, &key->sign_key, sizeof key->sign_key) == 0) {
            world->keys[i] = *key;
            return;
        }
    world->keys[world->keys_count++] = *key;
}

static void put_origin(struct world *world, struct th_text origin)
{
    if (world->origins_count > 0) {
        struct th_text last = world_realm(world);
        if (last.size == origin.size && memcmp(last.bytes, origin.bytes, origin.size) == 0)
            return;
    }
    TH_ASSERT(world->origins_count < WORLD_ORIGINS_MAX);
    struct world_origin *at = &world->origins[world->origins_count++];
    memcpy(at->bytes, origin.bytes, origin.size);
    at->size = origin.size;
}

static void put_log_key(struct world *world, uint16_t number, const struct th_log_key_body *key)
{
    TH_ASSERT(number == world->log_keys_count);
    world->log_keys_count++;
    size_t size = 0;
    while (key->vkey.bytes[size] != '+')
        size++;
    put_origin(world, (struct th_text){key->vkey.bytes, size});
}

struct th_text world_realm(const struct world *world)
{
    const struct world_origin *last = &world->origins[world->origins_count - 1];
    return (struct th_text){last->bytes, last->size};
}

void world_apply(struct world *world)
{
    for (size_t i = 0; i < world->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&world->effects, i);
        switch (effect->kind) {
        case TH_EFFECT_APPEND:
            world_keep_entry(world, &effect->body.append);
            break;
        case TH_EFFECT_PUT_ROW:
            put_row(world, effect->book, &effect->body.row);
            break;
        case TH_EFFECT_PUT_JUDGED:
            for (uint32_t j = 0; j < effect->body.judged.count; j++)
                put_row(world, effect->book, th_core_judged(world->core, effect, j));
            break;
        case TH_EFFECT_PUT_REVISION:
            world->revisions[world->revisions_count++] =
                (struct world_revision){effect->book, effect->body.revision};
            break;
        case TH_EFFECT_PUT_CLOSING:
            put_closing(world, effect);
            break;
        case TH_EFFECT_PUT_UNIT:
            TH_ASSERT(effect->body.unit.number == world->units_count);
            TH_ASSERT(strcmp(effect->body.unit.unit.code, world->units[world->units_count].code) ==
                      0);
            world->unit_positions[world->units_count++] = effect->body.unit.position;
            break;
        case TH_EFFECT_PUT_PLAN:
            world->plan_is_loaded = true;
            world->plan_loaded_at = effect->body.plan.loaded_at;
            world->plan_position = effect->body.plan.position;
            break;
        case TH_EFFECT_PUT_KEY:
            put_key(world, &effect->body.key);
            break;
        case TH_EFFECT_PUT_MARK:
            world->marks[effect->book.obligation] = effect->body.mark;
            world->has_mark[effect->book.obligation] = true;
            break;
        case TH_EFFECT_PUT_CLOCK:
            world->clock = effect->body.clock;
            break;
        case TH_EFFECT_PUT_LOG_KEY:
            put_log_key(world, effect->body.log_key.number, &effect->body.log_key.key);
            break;
        case TH_EFFECT_PUT_RECOVERY:
            world->recovery = effect->body.recovery;
            break;
        case TH_EFFECT_ANSWER:
        case TH_EFFECT_REMIND:
            break;
        }
    }
}

int world_step(struct world *world, struct th_event event)
{
    event.now = world->now;
    world_load_needs(world, &event);
    world->effects.count = 0;
    int status = th_core_step(world->core, &event, &world->effects);
    world->event = &event;
    if (status == 0)
        world_apply(world);
    world->event = NULL;
    return status;
}

static void step(struct world *world, struct th_event event)
{
    world_reset_batch(world);
    int status = world_step(world, event);
    TH_ASSERT(status == 0);
}

void world_init_empty(struct world *world, enum th_mode mode)
{
    memset(world, 0, sizeof *world);
    th_arena_init(&world->arena, 65536, BUDGET);
    th_arena_init(&world->batch, (size_t)1 << 20, BUDGET);
    world_reset_batch(world);
    init_plan(world);
    memcpy(world->units, all_units, sizeof all_units);
    world->mode = mode;
    world->now = (struct th_reading){th_day_start(day_of(2025, 3, 1)), 1000};
    world->log_keys_count = 1;
    put_origin(world, th_text_of("r"));
    int status = th_core_new(BUDGET, &world->core);
    TH_ASSERT(status == 0);
}

void world_init(struct world *world, enum th_mode mode)
{
    world_init_empty(world, mode);
    step(world, (struct th_event){.kind = TH_EVENT_FOUND,
                                  .body.found = {.mode = mode, .realm = th_text_of("r")}});
    step(world, (struct th_event){.kind = TH_EVENT_UNITS,
                                  .body.units = {.units = all_units, .count = WORLD_UNITS}});
    step(world,
         (struct th_event){.kind = TH_EVENT_PLAN,
                           .body.plan = {.plan = &world->plan, .digest = world->plan_digest}});
    for (uint32_t unit = 0; unit < WORLD_UNITS; unit++)
        step(world, (struct th_event){.kind = TH_EVENT_ENROL,
                                      .body.enrol = {.unit = th_text_of(all_units[unit].code),
                                                     .sign_key = world_key(unit),
                                                     .curve_key = {(uint8_t)(unit + 1)}}});
    world_reset_batch(world);
}

void world_deinit(struct world *world)
{
    th_core_free(world->core);
    th_arena_deinit(&world->batch);
    th_arena_deinit(&world->arena);
}

void world_reload(struct world *world)
{
    th_core_free(world->core);
    int status = th_core_new(BUDGET, &world->core);
    if (status == 0)
        status = th_core_load_identity(world->core, world->mode, world_realm(world),
                                       world->next_position);
    if (status == 0)
        status = th_core_load_units(world->core, world->units, world->units_count);
    if (status == 0 && world->plan_is_loaded)
        status = th_core_load_plan(world->core, &world->plan, &world->plan_digest,
                                   world->plan_loaded_at);
    for (size_t i = 0; status == 0 && i < world->keys_count; i++)
        status = th_core_load_key(world->core, &world->keys[i]);
    for (uint16_t i = 0; status == 0 && i < OB_COUNT; i++)
        if (world->has_mark[i])
            status = th_core_load_mark(world->core, (struct th_book_id){0, i}, &world->marks[i]);
    for (size_t i = 0; status == 0 && i < world->origins_count; i++)
        status = th_core_load_origin(
            world->core, (struct th_text){world->origins[i].bytes, world->origins[i].size});
    TH_ASSERT(status == 0);
    th_core_load_clock(world->core, &world->clock);
    th_core_load_recovery(world->core, world->log_keys_count, &world->recovery);
}

void world_pass(struct world *world, int64_t ms)
{
    world->now.wall.ms += ms;
    world->now.boottime_ms += ms;
}

void world_tick_at(struct world *world, th_instant instant)
{
    world_pass(world, instant.ms - world->now.wall.ms);
    step(world, (struct th_event){.kind = TH_EVENT_TICK});
}

static void fill_report(struct world *world, const struct sent_report *sent,
                        struct th_report *report)
{
    uint16_t *numbers = th_arena_alloc_array(&world->batch, 8, sizeof *numbers);
    int64_t *values = th_arena_alloc_array(&world->batch, 8, sizeof *values);
    size_t count = 0;
    const struct {
        bool is_there;
        uint16_t number;
        int64_t value;
    } all[] = {{sent->has_a, IND_A, sent->a},
               {sent->has_a, IND_B, sent->b},
               {sent->has_a, IND_C, sent->c},
               {sent->has_day, IND_DAY, sent->day},
               {sent->has_score, IND_SCORE, sent->score},
               {sent->has_class, IND_CLASS, sent->class_}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].is_there) {
            numbers[count] = all[i].number;
            values[count++] = all[i].value;
        }
    static const uint16_t first[] = {IND_A};
    static const struct th_narrative narrative = {IND_TEXT, {"lời", 4}};
    *report = (struct th_report){.plan = th_text_of(sent->plan == NULL ? "p" : sent->plan),
                                 .obligation = th_text_of(obligations[sent->obligation].id),
                                 .unit = th_text_of(all_units[sent->unit].code),
                                 .number = sent->number,
                                 .revision = sent->revision == 0 ? 1 : sent->revision,
                                 .values = {numbers, values, count},
                                 .estimated = first,
                                 .estimated_count = sent->estimated ? 1 : 0,
                                 .has_estimated_to = sent->estimated,
                                 .estimated_to = day_of(2025, 6, 30),
                                 .narratives = &narrative,
                                 .narratives_count = sent->has_text ? 1 : 0};
}

struct th_event world_submission(struct world *world, const struct sent_report *sent, size_t count)
{
    struct th_submission *submission = th_arena_alloc(&world->batch, sizeof *submission);
    struct th_report *reports = th_arena_alloc_array(&world->batch, count, sizeof *reports);
    struct th_digest *digests = th_arena_alloc_array(&world->batch, count, sizeof *digests);
    TH_ASSERT(submission != NULL && reports != NULL && digests != NULL);
    for (size_t i = 0; i < count; i++) {
        fill_report(world, &sent[i], &reports[i]);
        uint32_t digest = sent[i].digest == 0 ? 1 : sent[i].digest;
        memcpy(digests[i].bytes, &digest, sizeof digest);
    }
    submission->header =
        (struct th_submission_header){.mode = world->mode,
                                      .realm = world_realm(world),
                                      .unit = th_text_of(all_units[sent[0].unit].code),
                                      .plan_digest = world->plan_digest,
                                      .prepared = world->now.wall,
                                      .key = world_key(sent[0].unit),
                                      .report_digests = digests,
                                      .reports_count = count};
    submission->reports = reports;
    return (struct th_event){
        .kind = TH_EVENT_SUBMISSION,
        .sender = 9,
        .body.submission = {.submission = submission, .peer_unit = submission->header.unit}};
}

const struct th_report_verdict *world_send(struct world *world, const struct sent_report *reports,
                                           size_t count)
{
    world_reset_batch(world);
    struct th_event event = world_submission(world, reports, count);
    int status = world_step(world, event);
    TH_ASSERT(status == 0);
    const struct th_effect *answer = world_answer(world);
    TH_ASSERT(answer != NULL);
    return answer->body.answer.verdicts;
}

struct th_event world_entering(struct world *world, const struct sent_report *sent)
{
    struct th_event event = world_submission(world, sent, 1);
    const struct th_submission_header *header = &event.body.submission.submission->header;
    struct th_submission *entered = th_arena_alloc(&world->batch, sizeof *entered);
    TH_ASSERT(entered != NULL);
    *entered = (struct th_submission){.header = {.unit = header->unit,
                                                 .plan_digest = header->plan_digest,
                                                 .report_digests = header->report_digests,
                                                 .reports_count = 1},
                                      .reports = event.body.submission.submission->reports};
    return (struct th_event){
        .kind = TH_EVENT_ENTERING,
        .sender = 9,
        .body.entering = {.submission = entered, .operator= th_text_of("Nguyễn Thị Hoa")}};
}

const struct th_report_verdict *world_enter(struct world *world, const struct sent_report *sent)
{
    world_reset_batch(world);
    int status = world_step(world, world_entering(world, sent));
    TH_ASSERT(status == 0);
    const struct th_effect *answer = world_answer(world);
    TH_ASSERT(answer != NULL);
    return answer->body.answer.verdicts;
}

const struct th_effect *world_effect(const struct world *world, enum th_effect_kind kind,
                                     size_t nth)
{
    for (size_t i = 0; i < world->effects.count; i++)
        if (th_effects_get(&world->effects, i)->kind == kind && nth-- == 0)
            return th_effects_get(&world->effects, i);
    return NULL;
}

size_t world_count(const struct world *world, enum th_effect_kind kind)
{
    size_t count = 0;
    while (world_effect(world, kind, count) != NULL)
        count++;
    return count;
}

const struct th_effect *world_answer(const struct world *world)
{
    return world_effect(world, TH_EFFECT_ANSWER, 0);
}

const struct world_row *world_row(const struct world *world, uint32_t obligation, uint32_t unit,
                                  uint32_t number)
{
    for (size_t i = 0; i < world->rows_count; i++)
        if (world->rows[i].book.obligation == obligation && world->rows[i].row.unit == unit &&
            world->rows[i].row.number == number)
            return &world->rows[i];
    return NULL;
}

bool world_has_reason(const struct th_report_verdict *verdict, const char *rule)
{
    for (size_t i = 0; i < verdict->reasons.count; i++)
        if (strcmp(verdict->reasons.items[i].rule, rule) == 0)
            return true;
    return false;
}
