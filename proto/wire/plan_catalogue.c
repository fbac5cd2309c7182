/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a plan's catalogue and rules; proto/wire/plan_catalogue_read.c reads them. */
#include "proto/wire/plan_parts.h"

static Tonghop__CatalogueSection *write_section(struct th_wire_writer *writer,
                                                const struct th_section *section)
{
    Tonghop__CatalogueSection *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__catalogue_section__init(message);
    message->number = section->number;
    message->name = th_wire_of_string(section->name);
    message->name_en = th_wire_of_string(section->name_en);
    message->has_name_en = message->name_en.len > 0;
    return message;
}

static Tonghop__Indicator *write_indicator(struct th_wire_writer *writer,
                                           const struct th_indicator *indicator)
{
    Tonghop__Indicator *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__indicator__init(message);
    message->number = indicator->number;
    message->code = th_wire_of_string(indicator->code);
    message->name = th_wire_of_string(indicator->name);
    message->name_en = th_wire_of_string(indicator->name_en);
    message->has_name_en = message->name_en.len > 0;
    message->section = indicator->section;
    message->type = (uint32_t)indicator->type;
    message->up = (uint32_t)indicator->up;
    message->over = (uint32_t)indicator->over;
    message->has_scale = indicator->scale != 0;
    message->scale = indicator->scale;
    message->unit_of_measure = th_wire_of_string(indicator->unit_of_measure);
    message->has_unit_of_measure = message->unit_of_measure.len > 0;
    message->n_value = indicator->values_count;
    message->value = th_wire_of_strings(writer, indicator->values, indicator->values_count);
    message->n_numerator = indicator->ratio.numerator_count;
    message->numerator =
        th_wire_of_numbers(writer, indicator->ratio.numerator, indicator->ratio.numerator_count);
    message->n_denominator = indicator->ratio.denominator_count;
    message->denominator = th_wire_of_numbers(writer, indicator->ratio.denominator,
                                              indicator->ratio.denominator_count);
    message->has_source = true;
    message->source = (uint32_t)indicator->source;
    message->note = th_wire_of_string(indicator->note);
    message->has_note = message->note.len > 0;
    return message;
}

void th_wire_write_catalogue(struct th_wire_writer *writer, const struct th_catalogue *catalogue,
                             Tonghop__Plan *message)
{
    message->catalogue = th_wire_of_string(catalogue->id);
    message->n_section = catalogue->sections_count;
    message->section =
        th_wire_writer_alloc(writer, catalogue->sections_count, sizeof *message->section);
    for (size_t i = 0; message->section != NULL && i < catalogue->sections_count; i++)
        message->section[i] = write_section(writer, &catalogue->sections[i]);
    message->indicator =
        th_wire_writer_alloc(writer, catalogue->number_max, sizeof *message->indicator);
    for (size_t i = 1; message->indicator != NULL && i <= catalogue->number_max; i++)
        if (catalogue->indicators[i].number != 0)
            message->indicator[message->n_indicator++] =
                write_indicator(writer, &catalogue->indicators[i]);
}

static Tonghop__Rule *write_rule(struct th_wire_writer *writer, const struct th_rule *rule)
{
    Tonghop__Rule *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__rule__init(message);
    message->id = th_wire_of_string(rule->id);
    message->kind = (uint32_t)rule->kind;
    message->severity = (uint32_t)rule->severity;
    message->text = th_wire_of_string(rule->text);
    message->source = th_wire_of_string(rule->source);
    message->has_source = message->source.len > 0;
    message->written = th_wire_of_string(rule->written);
    message->has_written = message->written.len > 0;
    message->n_opening = message->n_pending = rule->pairs_count;
    message->opening = th_wire_writer_alloc(writer, rule->pairs_count, sizeof *message->opening);
    message->pending = th_wire_writer_alloc(writer, rule->pairs_count, sizeof *message->pending);
    for (size_t i = 0; message->pending != NULL && i < rule->pairs_count; i++) {
        message->opening[i] = rule->pairs[i][0];
        message->pending[i] = rule->pairs[i][1];
    }
    message->n_indicator = rule->indicators_count;
    message->indicator = th_wire_of_numbers(writer, rule->indicators, rule->indicators_count);
    message->has_percent = message->has_above = rule->kind == TH_RULE_YEAR_ON_YEAR;
    message->percent = rule->percent;
    message->above = rule->above;
    return message;
}

void th_wire_write_rules(struct th_wire_writer *writer, const struct th_rule_set *rules,
                         Tonghop__Plan *message)
{
    message->rules = th_wire_of_string(rules->id);
    message->n_rule = rules->count;
    message->rule = th_wire_writer_alloc(writer, rules->count, sizeof *message->rule);
    for (size_t i = 0; message->rule != NULL && i < rules->count; i++)
        message->rule[i] = write_rule(writer, &rules->rules[i]);
}
