/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/province.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"

#include <sodium.h>
#include <string.h>

void th_province_init(struct th_province *province)
{
    *province = (struct th_province){.asked = 0};
    TH_ASSERT(sodium_init() >= 0);
    th_arena_init(&province->arena, (size_t)1 << 20, (size_t)512 << 20);
    th_problems_init(&province->problems);
    int status = th_plan_load("plans/gialai-2025.yaml", NULL, 0, &province->arena,
                              &province->problems, &province->files);
    TH_ASSERT(status == 0);
    status = th_wire_units_encode(province->files.units.units, province->files.units.count,
                                  &province->arena, &province->units);
    TH_ASSERT(status == 0);
    status = th_wire_plan_encode(&province->files.plan, &province->arena, &province->plan);
    TH_ASSERT(status == 0);
    th_tlog_sha256(&(struct th_tlog_part){province->plan.bytes, province->plan.size}, 1,
                   &province->plan_digest);
    status = th_plan_find_period(&province->files.plan, "2025-H1", 7, &province->half_year);
    TH_ASSERT(status == 0);
    status = th_plan_find_period(&province->files.plan, "2025", 4, &province->year);
    TH_ASSERT(status == 0);
    const uint16_t *numbers = NULL;
    uint16_t count = th_obligation_indicators(province->half_year, TH_BRANCH_COMMUNES, &numbers);
    for (uint16_t i = 0; i < count && province->asked == 0; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&province->files.plan.catalogue, numbers[i]);
        if (indicator->type == TH_TYPE_COUNT && indicator->up == TH_UP_SUM)
            province->asked = numbers[i];
    }
    TH_ASSERT(province->asked != 0);
}

void th_province_deinit(struct th_province *province)
{
    th_problems_deinit(&province->problems);
    th_arena_deinit(&province->arena);
}

const char *th_province_commune(const struct th_province *province, unsigned i)
{
    for (uint32_t at = 0; at < province->files.units.count; at++) {
        const struct th_unit *unit = &province->files.units.units[at];
        if (th_unit_kind_level(unit->kind) == TH_LEVEL_COMMUNE && i-- == 0)
            return unit->code;
    }
    TH_ASSERT(false);
    return "";
}

void th_officer_init(struct th_officer *officer, const char *unit)
{
    *officer = (struct th_officer){.unit = ""};
    (void)strncpy(officer->unit, unit, TH_UNIT_CODE_MAX);
    (void)crypto_sign_keypair(officer->sign_key.bytes, officer->sign_secret);
    (void)crypto_box_keypair(officer->curve_key, officer->curve_secret);
}

struct th_act th_officer_enrolment(const struct th_officer *officer)
{
    struct th_act act = {.kind = TH_ACT_ENROL,
                         .operator= {"tester", 6},
                         .content = {(const uint8_t *)"proof", 5},
                         .unit = {officer->unit, strlen(officer->unit)},
                         .sign_key = officer->sign_key};
    memcpy(act.curve_key, officer->curve_key, sizeof act.curve_key);
    return act;
}

struct th_bytes th_officer_write(struct th_province *province, const struct th_officer *officer,
                                 struct th_paper paper)
{
    const char *unit = paper.as_unit == NULL ? officer->unit : paper.as_unit;
    const struct th_obligation *obligations[] = {province->half_year, province->year};
    size_t count = paper.with_year ? 2 : 1;
    struct th_bytes contents[2];
    struct th_digest digests[2];
    for (size_t i = 0; i < count; i++) {
        struct th_report report = {.plan = th_text_of(province->files.plan.id),
                                   .obligation = th_text_of(obligations[i]->id),
                                   .unit = th_text_of(unit),
                                   .revision = paper.revision == 0 ? 1 : paper.revision};
        report.values = (struct th_values){&province->asked, &paper.figure, 1};
        int status = th_wire_report_encode(&report, &province->arena, &contents[i]);
        TH_ASSERT(status == 0);
        th_tlog_sha256(&(struct th_tlog_part){contents[i].bytes, contents[i].size}, 1, &digests[i]);
    }
    struct th_submission_header header = {
        .mode = paper.is_live ? TH_MODE_LIVE : TH_MODE_REHEARSAL,
        .realm = th_text_of(paper.realm == NULL ? TH_PROVINCE_REALM : paper.realm),
        .unit = th_text_of(unit),
        .plan_digest = province->plan_digest,
        .prepared = {INT64_C(1746000000000)},
        .nonce = {paper.nonce},
        .key = officer->sign_key,
        .report_digests = digests,
        .reports_count = count};
    struct th_bytes head;
    struct th_bytes submission;
    uint8_t signature[TH_SIGNATURE_SIZE];
    int status = th_wire_header_encode(&header, &province->arena, &head);
    TH_ASSERT(status == 0);
    th_wire_header_sign(head, officer->sign_secret, signature);
    status =
        th_wire_submission_encode(head, signature, contents, count, &province->arena, &submission);
    TH_ASSERT(status == 0);
    return submission;
}
