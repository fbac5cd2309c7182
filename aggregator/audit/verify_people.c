/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "aggregator/audit/verify_parts.h"

#include "aggregator/audit/enrolment.h"
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

static bool is_text(struct th_text text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.bytes, expected, text.size) == 0;
}

/* ---- founding ---- */

static void check_founding(struct th_verify *verify, const struct th_founding *founding)
{
    const struct th_store_identity *identity = th_store_identity(verify->opened.store);
    const struct th_vkey *first = &verify->keys->items[0].vkey;
    const char *what = NULL;
    if (founding->mode != identity->mode)
        what = "kiểu của kho (thật hay diễn tập)";
    else if (memcmp(founding->store_id, identity->store_id, sizeof founding->store_id) != 0)
        what = "số hiệu của kho";
    else if (!is_text(founding->realm, first->name))
        what = "tên của nhật ký";
    else if (memcmp(founding->log_key, first->public_key, sizeof founding->log_key) != 0)
        what = "khóa ký sổ đầu tiên";
    if (what != NULL)
        th_findings_add(&verify->findings, TH_FINDING_FOLDER, 0,
                        "%s trong bản ghi thành lập khác với danh tính của kho", what);
}

/* ---- keys of nodes ---- */

static size_t place_of(const struct th_verify_people *people, const struct th_sign_key *key,
                       bool *ret_is_there)
{
    size_t low = 0, high = people->keys_count;
    *ret_is_there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(people->keys[middle].sign_key.bytes, key->bytes, sizeof key->bytes);
        if (order == 0)
            *ret_is_there = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct th_verify_key *th_verify_find_key(const struct th_verify_people *people,
                                               const struct th_sign_key *key)
{
    bool is_there;
    size_t at = place_of(people, key, &is_there);
    return is_there ? &people->keys[at] : NULL;
}

static int make_room(struct th_verify_people *people)
{
    struct th_verify_key *keys =
        th_array_grow(people->keys, people->keys_count, &people->keys_capacity, 256, sizeof *keys);
    if (keys == NULL)
        return TH_E_NO_MEMORY;
    people->keys = keys;
    return 0;
}

static int enrol(struct th_verify *verify, const struct th_entry *entry)
{
    struct th_verify_people *people = &verify->people;
    const struct th_enrolment *enrolment = &entry->body.enrolment;
    bool is_there;
    size_t at = place_of(people, &enrolment->sign_key, &is_there);
    if (is_there) {
        th_findings_add(&verify->findings, TH_FINDING_ENROLMENT, entry->position,
                        "khóa này đã được ghi danh từ trước");
        return 0;
    }
    int status = make_room(people);
    if (status != 0)
        return status;
    memmove(&people->keys[at + 1], &people->keys[at],
            (people->keys_count - at) * sizeof people->keys[0]);
    struct th_verify_key *key = &people->keys[at];
    *key = (struct th_verify_key){.sign_key = enrolment->sign_key,
                                  .row = {.enrolled_at = entry->position}};
    (void)snprintf(key->unit, sizeof key->unit, "%.*s", (int)enrolment->unit.size,
                   enrolment->unit.bytes);
    people->keys_count++;
    return 0;
}

static int check_enrolment(struct th_verify *verify, const struct th_entry *entry, bool is_proved)
{
    int status = 0;
    const char *fault =
        is_proved ? NULL : th_enrolment_fault(verify->keys, &entry->body.enrolment, &status);
    if (status == TH_E_NO_MEMORY)
        return status;
    verify->counts.enrolments++;
    if (fault != NULL)
        th_findings_add(&verify->findings, TH_FINDING_ENROLMENT, entry->position, "%s", fault);
    return enrol(verify, entry);
}

static void revoke(struct th_verify *verify, const struct th_entry *entry)
{
    const struct th_revocation *revocation = &entry->body.revocation;
    bool is_there;
    size_t at = place_of(&verify->people, &revocation->sign_key, &is_there);
    if (!is_there || !is_text(revocation->unit, verify->people.keys[at].unit)) {
        th_findings_add(&verify->findings, TH_FINDING_ENROLMENT, entry->position,
                        "thu hồi một khóa chưa được ghi danh cho đơn vị này");
        return;
    }
    struct th_key_row *row = &verify->people.keys[at].row;
    row->revoked = true;
    row->revoked_at = entry->position;
    row->revoked_from = revocation->effective;
}

/* ---- plans ---- */

static int order_of_places(const void *a, const void *b, void *context)
{
    const struct th_plan *plan = context;
    const uint16_t left = *(const uint16_t *)a, right = *(const uint16_t *)b;
    const int order = strcmp(plan->obligations[left].id, plan->obligations[right].id);
    return order != 0 ? order : (left > right) - (left < right);
}

static int add_plan(struct th_verify_people *people, const struct th_plan *plan)
{
    struct th_verify_plan *added = &people->plans[people->plans_count];
    if (people->plans_count == TH_LIMIT_PLANS_MAX)
        return 0;
    *added = (struct th_verify_plan){plan, calloc(plan->obligations_count + 1U, sizeof(uint16_t))};
    if (added->by_id == NULL)
        return TH_E_NO_MEMORY;
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        added->by_id[i] = i;
    qsort_r(added->by_id, plan->obligations_count, sizeof(uint16_t), order_of_places,
            (void *)(uintptr_t)plan);
    people->plans_count++;
    return 0;
}

/* Whether a text comes behind an id, as strcmp() orders them. */
static bool is_behind(struct th_text text, const char *id)
{
    const size_t size = strlen(id);
    const int order = memcmp(id, text.bytes, size < text.size ? size : text.size);
    return order < 0 || (order == 0 && size < text.size);
}

static const struct th_obligation *find_in(const struct th_verify_plan *plan, struct th_text id)
{
    uint16_t low = 0, high = plan->plan->obligations_count;
    while (low < high) {
        const uint16_t middle = (uint16_t)(low + (high - low) / 2);
        if (is_behind(id, plan->plan->obligations[plan->by_id[middle]].id))
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    if (low == plan->plan->obligations_count)
        return NULL;
    const struct th_obligation *found = &plan->plan->obligations[plan->by_id[low]];
    return is_text(id, found->id) ? found : NULL;
}

const struct th_obligation *th_verify_find_obligation(const struct th_verify_people *people,
                                                      const struct th_report *report)
{
    for (size_t i = 0; i < people->plans_count; i++)
        if (is_text(report->plan, people->plans[i].plan->id))
            return find_in(&people->plans[i], report->obligation);
    return NULL;
}

/* ---- the door ---- */

int th_verify_people(struct th_verify *verify, const struct th_unpacked *unpacked, bool is_proved)
{
    const struct th_entry *entry = &unpacked->entry;
    struct th_verify_people *people = &verify->people;
    int status = 0;
    if (entry->kind == TH_ENTRY_FOUNDED)
        check_founding(verify, &entry->body.founding);
    else if (entry->kind == TH_ENTRY_ENROLLED)
        status = check_enrolment(verify, entry, is_proved);
    else if (entry->kind == TH_ENTRY_REVOKED)
        revoke(verify, entry);
    else if (entry->kind == TH_ENTRY_PLAN)
        status = add_plan(people, unpacked->content.body.plan.plan);
    else if (entry->kind == TH_ENTRY_READMITTED)
        people->has_readmitted = true;
    return status;
}

void th_verify_people_deinit(struct th_verify_people *people)
{
    free(people->keys);
    for (size_t i = 0; i < people->plans_count; i++)
        free(people->plans[i].by_id);
    people->keys = NULL;
    people->plans_count = 0;
}
