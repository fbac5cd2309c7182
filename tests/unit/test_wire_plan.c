/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/plan.h"

#include "aggregator/plan/loader.h"
#include "plan.pb-c.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct th_arena arena;
static struct th_plan plan, back;

static int encode_and_decode(void)
{
    struct th_bytes bytes;
    cr_assert_eq(th_wire_plan_encode(&plan, &arena, &bytes), 0);
    return th_wire_plan_decode(bytes, &arena, &back);
}

static void set_up(void)
{
    th_arena_init(&arena, 65536, 128 << 20);
    plan = th_sample_plan();
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_plan, .init = set_up, .fini = tear_down);

static void same_parties(struct th_parties left, struct th_parties right)
{
    cr_assert_eq(left.count, right.count);
    for (uint16_t i = 0; i < left.count; i++) {
        cr_assert_str_eq(left.items[i].unit_code, right.items[i].unit_code);
        cr_assert_str_eq(left.items[i].name, right.items[i].name);
        cr_assert_str_eq(left.items[i].role, right.items[i].role);
    }
}

static void same_selector(const struct th_selector *left, const struct th_selector *right)
{
    cr_assert_str_eq(left->quote, right->quote);
    cr_assert_eq(left->kinds, right->kinds);
    cr_assert_eq(left->levels, right->levels);
    cr_assert_eq(left->units_count, right->units_count);
    cr_assert_eq(left->except_count, right->except_count);
    for (uint16_t i = 0; i < left->units_count; i++)
        cr_assert_str_eq(left->units[i], right->units[i]);
    for (uint16_t i = 0; i < left->except_count; i++)
        cr_assert_str_eq(left->except[i], right->except[i]);
}

static void same_terms(const struct th_terms *left, const struct th_terms *right)
{
    cr_assert_eq(left->present, right->present);
    same_selector(&left->who, &right->who);
    for (int branch = 0; branch < 3; branch++) {
        cr_assert_eq(left->indicators_count[branch], right->indicators_count[branch]);
        for (uint16_t i = 0; i < left->indicators_count[branch]; i++)
            cr_assert_eq(left->indicators[branch][i], right->indicators[branch][i]);
    }
    cr_assert_eq(left->period_start.number, right->period_start.number);
    cr_assert_eq(left->cut_off.number, right->cut_off.number);
    cr_assert_eq(left->accept_until.number, right->accept_until.number);
    cr_assert_eq(left->reminders_count, right->reminders_count);
    cr_assert_arr_eq(left->reminders, right->reminders, sizeof left->reminders);
    cr_assert_eq(left->estimates, right->estimates);
    cr_assert_str_eq(left->series, right->series);
}

static void same_obligation(const struct th_obligation *left, const struct th_obligation *right)
{
    cr_assert_str_eq(left->id, right->id);
    cr_assert_str_eq(left->title, right->title);
    cr_assert_str_eq(left->quote, right->quote);
    cr_assert_str_eq(left->period, right->period);
    cr_assert_str_eq(left->form, right->form);
    cr_assert_eq(left->kind, right->kind);
    cr_assert_eq(left->open_ended, right->open_ended);
    cr_assert_eq(left->has_due, right->has_due);
    cr_assert_eq(left->suspended, right->suspended);
    cr_assert_eq(left->boundary, right->boundary);
    cr_assert_eq(left->due_day.number, right->due_day.number);
    cr_assert_eq(left->due.ms, right->due.ms);
    same_parties(left->to, right->to);
    same_parties(left->via, right->via);
    same_parties(left->copies, right->copies);
    cr_assert_eq(left->basis_count, right->basis_count);
    for (uint16_t i = 0; i < left->basis_count; i++)
        cr_assert_str_eq(left->basis[i], right->basis[i]);
    same_terms(&left->quoted, &right->quoted);
    same_terms(&left->override, &right->override);
    cr_assert_str_eq(left->override_reason, right->override_reason);
}

static void same_indicator(const struct th_indicator *left, const struct th_indicator *right)
{
    cr_assert_eq(left->number, right->number);
    if (left->number == 0)
        return;
    cr_assert_eq(left->section, right->section);
    cr_assert_eq(left->scale, right->scale);
    cr_assert_eq(left->type, right->type);
    cr_assert_eq(left->up, right->up);
    cr_assert_eq(left->over, right->over);
    cr_assert_eq(left->source, right->source);
    cr_assert_arr_eq(&left->ratio, &right->ratio, sizeof left->ratio);
    cr_assert_str_eq(left->code, right->code);
    cr_assert_str_eq(left->name, right->name);
    cr_assert_str_eq(left->name_en, right->name_en);
    cr_assert_str_eq(left->unit_of_measure, right->unit_of_measure);
    cr_assert_eq(left->values_count, right->values_count);
    for (uint16_t i = 0; i < left->values_count; i++)
        cr_assert_str_eq(left->values[i], right->values[i]);
    cr_assert_str_eq(left->note, right->note);
}

static void same_rule(const struct th_rule *left, const struct th_rule *right)
{
    cr_assert_str_eq(left->id, right->id);
    cr_assert_str_eq(left->text, right->text);
    cr_assert_str_eq(left->source, right->source);
    cr_assert_str_eq(left->written, right->written);
    cr_assert_eq(left->severity, right->severity);
    cr_assert_eq(left->kind, right->kind);
    cr_assert_eq(left->comparison.operator, right->comparison.operator);
    cr_assert_eq(left->comparison.terms_count, right->comparison.terms_count);
    cr_assert_eq(left->comparison.left_constant, right->comparison.left_constant);
    cr_assert_eq(left->comparison.right_constant, right->comparison.right_constant);
    for (size_t i = 0; i < left->comparison.terms_count; i++) {
        cr_assert_eq(left->comparison.terms[i].coefficient, right->comparison.terms[i].coefficient);
        cr_assert_eq(left->comparison.terms[i].indicator, right->comparison.terms[i].indicator);
    }
    cr_assert_eq(left->pairs_count, right->pairs_count);
    cr_assert_arr_eq(left->pairs, right->pairs, sizeof left->pairs);
    cr_assert_eq(left->indicators_count, right->indicators_count);
    cr_assert_arr_eq(left->indicators, right->indicators, sizeof left->indicators);
    cr_assert_eq(left->percent, right->percent);
    cr_assert_eq(left->above, right->above);
}

static void same_relation(const struct th_relation *left, const struct th_relation *right)
{
    cr_assert_eq(left->kind, right->kind);
    cr_assert_str_eq(left->document, right->document);
    cr_assert_str_eq(left->title, right->title);
    cr_assert_str_eq(left->quote, right->quote);
    cr_assert_str_eq(left->until, right->until);
    cr_assert_eq(left->date.number, right->date.number);
    cr_assert_eq(left->has_date, right->has_date);
    cr_assert_eq(left->suspends_scoring, right->suspends_scoring);
    cr_assert_eq(left->has_scope, right->has_scope);
    same_selector(&left->scope, &right->scope);
}

static void same_task(const struct th_task *left, const struct th_task *right)
{
    cr_assert_eq(left->number, right->number);
    cr_assert_str_eq(left->title, right->title);
    cr_assert_str_eq(left->time, right->time);
    same_parties(left->lead, right->lead);
    same_parties(left->coordinating, right->coordinating);
    same_parties(left->executing, right->executing);
}

static void same_plan(const struct th_plan *left, const struct th_plan *right)
{
    cr_assert_str_eq(left->id, right->id);
    cr_assert_str_eq(left->title, right->title);
    cr_assert_str_eq(left->number, right->number);
    cr_assert_eq(left->has_date, right->has_date);
    cr_assert_eq(left->date.number, right->date.number);
    cr_assert_eq(left->year, right->year);
    same_parties((struct th_parties){&left->issuer, 1}, (struct th_parties){&right->issuer, 1});
    cr_assert_str_eq(left->territory, right->territory);
    cr_assert_eq(left->policy, right->policy);
    same_parties(left->recipients, right->recipients);
    cr_assert_eq(left->relations_count, right->relations_count);
    for (uint16_t i = 0; i < left->relations_count; i++)
        same_relation(&left->relations[i], &right->relations[i]);
    cr_assert_eq(left->tasks_count, right->tasks_count);
    for (uint16_t i = 0; i < left->tasks_count; i++)
        same_task(&left->tasks[i], &right->tasks[i]);
    cr_assert_eq(left->obligations_count, right->obligations_count);
    for (uint16_t i = 0; i < left->obligations_count; i++)
        same_obligation(&left->obligations[i], &right->obligations[i]);
    cr_assert_str_eq(left->catalogue.id, right->catalogue.id);
    cr_assert_eq(left->catalogue.number_max, right->catalogue.number_max);
    for (uint16_t i = 0; i <= left->catalogue.number_max; i++)
        same_indicator(&left->catalogue.indicators[i], &right->catalogue.indicators[i]);
    cr_assert_eq(left->catalogue.sections_count, right->catalogue.sections_count);
    for (uint16_t i = 0; i < left->catalogue.sections_count; i++) {
        cr_assert_eq(left->catalogue.sections[i].number, right->catalogue.sections[i].number);
        cr_assert_str_eq(left->catalogue.sections[i].name, right->catalogue.sections[i].name);
        cr_assert_str_eq(left->catalogue.sections[i].name_en, right->catalogue.sections[i].name_en);
    }
    cr_assert_str_eq(left->rules.id, right->rules.id);
    cr_assert_eq(left->rules.count, right->rules.count);
    for (uint16_t i = 0; i < left->rules.count; i++)
        same_rule(&left->rules.rules[i], &right->rules.rules[i]);
}

Test(wire_plan, every_field_of_a_plan_comes_back)
{
    cr_assert_eq(encode_and_decode(), 0);
    same_plan(&back, &plan);
}

Test(wire_plan, a_decoded_plan_borrows_nothing)
{
    struct th_bytes bytes;
    cr_assert_eq(th_wire_plan_encode(&plan, &arena, &bytes), 0);
    uint8_t *copy = malloc(bytes.size);
    memcpy(copy, bytes.bytes, bytes.size);
    cr_assert_eq(th_wire_plan_decode((struct th_bytes){copy, bytes.size}, &arena, &back), 0);
    memset(copy, 0, bytes.size);
    free(copy);
    same_plan(&back, &plan);
}

Test(wire_plan, the_five_source_plans_come_back_and_encode_to_the_same_bytes)
{
    static const char *const paths[] = {"plans/gialai-2025.yaml", "plans/sonmau-2024.yaml",
                                        "plans/vpubnd-quangngai-2025.yaml",
                                        "plans/quangngai-2025.yaml", "plans/chiminh-2025.yaml"};
    for (size_t i = 0; i < 5; i++) {
        struct th_problems problems;
        struct th_plan_files files;
        struct th_bytes bytes, again;
        th_problems_init(&problems);
        cr_assert_eq(th_plan_load(paths[i], NULL, 0, &arena, &problems, &files), 0, "%s", paths[i]);
        th_problems_deinit(&problems);
        cr_assert_eq(th_wire_plan_encode(&files.plan, &arena, &bytes), 0);
        cr_assert_eq(th_wire_plan_decode(bytes, &arena, &back), 0, "%s", paths[i]);
        same_plan(&back, &files.plan);
        cr_assert_eq(th_wire_plan_encode(&back, &arena, &again), 0);
        cr_assert(th_same_bytes(bytes, again));
        struct th_unit *units;
        uint32_t count;
        cr_assert_eq(th_wire_units_encode(files.units.units, files.units.count, &arena, &bytes), 0);
        cr_assert_eq(th_wire_units_decode(bytes, &arena, &units, &count), 0);
        cr_assert_eq(count, files.units.count);
        cr_assert_eq(th_wire_units_encode(units, count, &arena, &again), 0);
        cr_assert(th_same_bytes(bytes, again));
    }
}

/* What makes the sample wrong, and how decoding says so. */
#define REFUSED(expected, change)                                                                  \
    do {                                                                                           \
        plan = th_sample_plan();                                                                   \
        struct th_obligation obligations[2];                                                       \
        struct th_indicator indicators[10];                                                        \
        struct th_rule rules[4];                                                                   \
        struct th_task tasks[2];                                                                   \
        struct th_relation relations[2];                                                           \
        memcpy(obligations, plan.obligations, sizeof obligations);                                 \
        memcpy(indicators, plan.catalogue.indicators, sizeof indicators);                          \
        memcpy(rules, plan.rules.rules, sizeof rules);                                             \
        memcpy(tasks, plan.tasks, sizeof tasks);                                                   \
        memcpy(relations, plan.relations, sizeof relations);                                       \
        plan.obligations = obligations;                                                            \
        plan.catalogue.indicators = indicators;                                                    \
        plan.rules.rules = rules;                                                                  \
        plan.tasks = tasks;                                                                        \
        plan.relations = relations;                                                                \
        cr_assert_eq(encode_and_decode(), 0);                                                      \
        change;                                                                                    \
        cr_assert_eq(encode_and_decode(), expected, #change);                                      \
    } while (0)

Test(wire_plan, numbers_that_name_nothing_are_refused)
{
    static const uint16_t unknown[] = {1, 4};
    static const uint16_t descending[] = {2, 1};
    REFUSED(TH_E_SYNTAX, (obligations[0].override.indicators[1] = unknown,
                          obligations[0].override.indicators_count[1] = 2));
    REFUSED(TH_E_SYNTAX, (obligations[0].override.indicators[1] = descending,
                          obligations[0].override.indicators_count[1] = 2));
    REFUSED(TH_E_SYNTAX, indicators[1].section = 3);
    REFUSED(TH_E_SYNTAX, indicators[3].ratio.denominator[0] = 4);
    REFUSED(TH_E_SYNTAX, indicators[3].ratio.denominator[0] = 5);
    REFUSED(TH_E_SYNTAX, rules[1].pairs[0][1] = 4);
    REFUSED(TH_E_SYNTAX, rules[1].pairs[0][1] = 9);
    REFUSED(TH_E_SYNTAX, rules[3].indicators[0] = 4);
    REFUSED(TH_E_SYNTAX, rules[0].written = "A1 <= A4");
    REFUSED(TH_E_SYNTAX, rules[0].written = "A1 <= A5");
    REFUSED(TH_E_SYNTAX, rules[0].written = "A1 <=");
    REFUSED(TH_E_SYNTAX, rules[0].written = "");
    REFUSED(TH_E_SYNTAX, rules[1].written = "A1 <= A2");
    REFUSED(TH_E_LIMIT, rules[0].written = "9999999*A1 <= A2");
}

Test(wire_plan, enum_numbers_that_do_not_exist_are_refused)
{
    REFUSED(TH_E_SYNTAX, plan.policy = 2);
    REFUSED(TH_E_SYNTAX, obligations[0].kind = 6);
    REFUSED(TH_E_SYNTAX, obligations[0].boundary = 2);
    REFUSED(TH_E_SYNTAX, relations[0].kind = 3);
    REFUSED(TH_E_SYNTAX, indicators[1].type = 8);
    REFUSED(TH_E_SYNTAX, indicators[1].up = 6);
    REFUSED(TH_E_SYNTAX, indicators[1].over = 4);
    REFUSED(TH_E_SYNTAX, indicators[1].source = 5);
    REFUSED(TH_E_SYNTAX, rules[0].kind = 7);
    REFUSED(TH_E_SYNTAX, rules[0].severity = 2);
    REFUSED(TH_E_SYNTAX, obligations[0].quoted.who.kinds = 1U << TH_UNIT_KIND_COUNT);
    REFUSED(TH_E_SYNTAX, obligations[0].quoted.who.levels = 1U << 4);
}

Test(wire_plan, shapes_that_do_not_fit_are_refused)
{
    REFUSED(TH_E_SYNTAX, indicators[1].scale = 1);
    REFUSED(TH_E_LIMIT, indicators[5].scale = 7);
    REFUSED(TH_E_SYNTAX, indicators[9].type = TH_TYPE_COUNT);
    REFUSED(TH_E_SYNTAX, indicators[1].up = TH_UP_RATIO_OF_SUMS);
    REFUSED(TH_E_SYNTAX, indicators[3].ratio.numerator_count = 0);
    REFUSED(TH_E_SYNTAX, indicators[3].type = TH_TYPE_COUNT);
    REFUSED(TH_E_SYNTAX, obligations[0].override.reminders[1] = 14);
    REFUSED(TH_E_SYNTAX, obligations[1].id = "O-1");
    REFUSED(TH_E_SYNTAX, tasks[0].number = 0);
    REFUSED(TH_E_SYNTAX, plan.id = "");
    REFUSED(TH_E_LIMIT, plan.year = 1899);
    REFUSED(TH_E_LIMIT, plan.date.number = INT32_MAX);
    REFUSED(TH_E_LIMIT, obligations[0].due.ms = INT64_MAX);
}

Test(wire_plan, a_ratio_has_as_many_terms_as_there_may_be)
{
    REFUSED(0, (indicators[3].ratio.numerator[2] = 1, indicators[3].ratio.numerator[3] = 2,
                indicators[3].ratio.numerator_count = TH_LIMIT_RATIO_TERMS_MAX));
}

Test(wire_plan, texts_are_accepted_text_of_one_line)
{
    REFUSED(TH_E_TEXT, plan.title = "a\nb");
    REFUSED(TH_E_TEXT, plan.title = "ke\xCC\x82");
    REFUSED(TH_E_TEXT, obligations[0].quote = "a\xE2\x80\xAE");
    REFUSED(TH_E_TEXT, plan.territory = "6 4");
    static char text[TH_LIMIT_TITLE_MAX + 2];
    memset(text, 'a', TH_LIMIT_TITLE_MAX + 1);
    REFUSED(TH_E_LIMIT, plan.title = text);
}

static int decode(const void *bytes, size_t size)
{
    return th_wire_plan_decode((struct th_bytes){bytes, size}, &arena, &back);
}

Test(wire_plan, cut_bytes_unknown_fields_and_nothing_are_refused)
{
    struct th_bytes bytes;
    cr_assert_eq(th_wire_plan_encode(&plan, &arena, &bytes), 0);
    cr_assert_eq(decode("", 0), TH_E_SYNTAX);
    for (size_t size = 0; size < bytes.size; size += 7)
        cr_assert(decode(bytes.bytes, size) < 0 || back.rules.count < plan.rules.count,
                  "%zu bytes end between two rules", size);
    uint8_t *longer = th_arena_alloc(&arena, bytes.size + 3);
    memcpy(longer, bytes.bytes, bytes.size);
    memcpy(longer + bytes.size, "\x98\x06\x01", 3);
    cr_assert_eq(decode(longer, bytes.size + 3), TH_E_SYNTAX, "field 99");
}

Test(wire_plan, flipped_bits_never_crash_and_what_decodes_encodes)
{
    struct th_bytes bytes, again;
    cr_assert_eq(th_wire_plan_encode(&plan, &arena, &bytes), 0);
    uint8_t *flipped = malloc(bytes.size);
    memcpy(flipped, bytes.bytes, bytes.size);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        struct th_arena small;
        th_arena_init(&small, 65536, 64 << 20);
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct th_bytes given = {flipped, bytes.size};
        if (th_wire_plan_decode(given, &small, &back) == 0) {
            cr_assert_eq(th_wire_plan_encode(&back, &small, &again), 0);
            cr_assert_eq(th_wire_plan_decode(again, &small, &back), 0, "bit %zu", bit);
        }
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        th_arena_deinit(&small);
    }
    free(flipped);
}

Test(wire_plan, a_plan_of_tiny_fields_stays_within_its_budget)
{
    static uint8_t bytes[TH_LIMIT_PLAN_ENCODED_MAX];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 2 == 0 ? 0x4a : 0x00; /* recipients without fields */
    int status = decode(bytes, sizeof bytes);
    cr_assert(status == TH_E_LIMIT || status == TH_E_SYNTAX);
    cr_assert_lt(arena.taken_bytes, 1 << 20);
    cr_assert_eq(decode(bytes, sizeof bytes + 1), TH_E_LIMIT);
}

Test(wire_plan, a_full_arena_is_no_memory)
{
    struct th_bytes bytes;
    cr_assert_eq(th_wire_plan_encode(&plan, &arena, &bytes), 0);
    size_t refused = 0;
    for (size_t budget = 64; budget < 1 << 20; budget += 64) {
        struct th_arena small;
        th_arena_init(&small, 64, budget);
        int status = th_wire_plan_decode(bytes, &small, &back);
        th_arena_deinit(&small);
        if (status == 0)
            break;
        cr_assert_eq(status, TH_E_NO_MEMORY);
        refused++;
    }
    cr_assert_gt(refused, 50);
    cr_assert_lt(refused, 1000);
}

Test(wire_plan, every_field_of_units_comes_back)
{
    uint32_t count, decoded_count;
    const struct th_unit *units = th_sample_units(&count);
    struct th_unit *decoded;
    struct th_bytes bytes;
    cr_assert_eq(th_wire_units_encode(units, count, &arena, &bytes), 0);
    cr_assert_eq(th_wire_units_decode(bytes, &arena, &decoded, &decoded_count), 0);
    cr_assert_eq(decoded_count, count);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_str_eq(decoded[i].code, units[i].code);
        cr_assert_str_eq(decoded[i].name, units[i].name);
        cr_assert_str_eq(decoded[i].parent_code, units[i].parent_code);
        cr_assert_str_eq(decoded[i].external_id, units[i].external_id);
        cr_assert_eq(decoded[i].kind, units[i].kind);
        cr_assert_eq(decoded[i].valid_from.number, units[i].valid_from.number);
        cr_assert_eq(decoded[i].valid_to.number, units[i].valid_to.number);
        cr_assert_eq(decoded[i].parent, TH_UNIT_NONE);
    }
}

static int pass_unit(struct th_unit unit)
{
    struct th_unit *decoded;
    uint32_t count;
    struct th_bytes bytes;
    cr_assert_eq(th_wire_units_encode(&unit, 1, &arena, &bytes), 0);
    return th_wire_units_decode(bytes, &arena, &decoded, &count);
}

Test(wire_plan, units_that_are_none_are_refused)
{
    uint32_t count;
    const struct th_unit unit = th_sample_units(&count)[1];
    cr_assert_eq(pass_unit(unit), 0);
    struct th_unit wrong = unit;
    wrong.code = "a/b";
    cr_assert_eq(pass_unit(wrong), TH_E_TEXT);
    wrong = unit;
    wrong.name = "";
    cr_assert_eq(pass_unit(wrong), TH_E_SYNTAX);
    wrong = unit;
    wrong.kind = TH_UNIT_KIND_COUNT;
    cr_assert_eq(pass_unit(wrong), TH_E_SYNTAX);
    wrong = unit;
    wrong.valid_to.number = 1 << 30;
    cr_assert_eq(pass_unit(wrong), TH_E_LIMIT);
}

Test(wire_plan, twenty_thousand_units_fit)
{
    static struct th_unit units[TH_UNIT_COUNT_MAX + 1];
    static char codes[TH_UNIT_COUNT_MAX + 1][8];
    for (size_t i = 0; i < TH_UNIT_COUNT_MAX + 1; i++) {
        snprintf(codes[i], sizeof codes[i], "%zu", i);
        units[i] = (struct th_unit){.code = codes[i],
                                    .name = "Xã có một cái tên dài vừa phải, như thường thấy",
                                    .parent_code = "64",
                                    .external_id = "000.00.12.H64",
                                    .kind = TH_UNIT_KIND_COMMUNE,
                                    .valid_from = {1},
                                    .valid_to = {20270}};
    }
    struct th_bytes bytes;
    struct th_unit *decoded;
    uint32_t count;
    cr_assert_eq(th_wire_units_encode(units, TH_UNIT_COUNT_MAX, &arena, &bytes), 0);
    cr_assert_eq(th_wire_units_decode(bytes, &arena, &decoded, &count), 0);
    cr_assert_eq(count, TH_UNIT_COUNT_MAX);
    cr_assert_str_eq(decoded[TH_UNIT_COUNT_MAX - 1].code, "19999");
    cr_assert_eq(th_wire_units_encode(units, TH_UNIT_COUNT_MAX + 1, &arena, &bytes), TH_E_LIMIT);
}
