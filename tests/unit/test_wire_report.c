/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report taken apart here against the same bytes unpacked by protobuf-c: both take and refuse the
 * same, and have the same in every field. Over generated reports and over bytes that were changed.
 */
#include "proto/wire/report_parts.h"

#include "base/status.h"
#include "proto/wire/reader.h"
#include "report.pb-c.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <string.h>

#define BUDGET ((size_t)64 << 20)

static struct th_arena arena;
static struct th_wire_report parts;

static void set_up(void)
{
    th_arena_init(&arena, 65536, BUDGET);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(wire_report, .init = set_up, .fini = tear_down);

/* xorshift: the same numbers in every run. */
static uint64_t state;

static uint64_t any(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* ---- the same, field by field ---- */

static bool same(ProtobufCBinaryData left, ProtobufCBinaryData right)
{
    return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

static bool same_numbers(const struct th_wire_numbers *numbers, const uint32_t *wanted,
                         size_t count)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, &arena, BUDGET);
    if (numbers->count != count)
        return false;
    if (count > TH_LIMIT_INDICATORS_MAX)
        return true;
    const uint16_t *items =
        th_wire_ascending(&reader, wanted, count, TH_LIMIT_INDICATORS_MAX, TH_LIMIT_INDICATORS_MAX);
    return numbers->status == reader.status &&
           (reader.status < 0 || count == 0 ||
            memcmp(numbers->items, items, count * sizeof *items) == 0);
}

static bool same_values(const struct th_wire_values *values, const int64_t *wanted, size_t count)
{
    bool is_outside = false;
    for (size_t i = 0; i < count; i++)
        is_outside |= wanted[i] < -TH_LIMIT_VALUE_MAX || wanted[i] > TH_LIMIT_VALUE_MAX;
    size_t kept = count < TH_LIMIT_INDICATORS_MAX ? count : TH_LIMIT_INDICATORS_MAX;
    return values->count == count && values->is_outside == is_outside &&
           (kept == 0 || memcmp(values->items, wanted, kept * sizeof *wanted) == 0);
}

static bool same_tasks(const Tonghop__Report *message)
{
    if (parts.tasks_count != message->n_task)
        return false;
    for (size_t i = 0; i < message->n_task && message->n_task <= TH_LIMIT_TASKS_MAX; i++)
        if (parts.tasks[i].task != message->task[i]->task ||
            parts.tasks[i].status != (uint32_t)message->task[i]->status ||
            parts.tasks[i].percent != message->task[i]->percent ||
            !same(parts.tasks[i].note, message->task[i]->note))
            return false;
    return true;
}

static bool same_showcases(const Tonghop__Report *message)
{
    if (parts.showcases_count != message->n_model)
        return false;
    for (size_t i = 0; i < message->n_model && message->n_model <= TH_LIMIT_SHOWCASES_MAX; i++)
        if (!same(parts.showcases[i].name, message->model[i]->name) ||
            !same(parts.showcases[i].field, message->model[i]->field) ||
            !same(parts.showcases[i].summary, message->model[i]->summary) ||
            parts.showcases[i].stage != (uint32_t)message->model[i]->stage)
            return false;
    return true;
}

static bool same_sections(const Tonghop__Report *message)
{
    if (parts.sections_count != message->n_section)
        return false;
    for (size_t i = 0; i < message->n_section && message->n_section <= TH_LIMIT_NARRATIVES_MAX; i++)
        if (parts.sections[i].indicator != message->section[i]->indicator ||
            !same(parts.sections[i].text, message->section[i]->text))
            return false;
    return true;
}

static bool same_attachments(const Tonghop__Report *message)
{
    if (parts.attachments_count != message->n_attachment)
        return false;
    for (size_t i = 0;
         i < message->n_attachment && message->n_attachment <= TH_LIMIT_ATTACHMENTS_MAX; i++)
        if (!same(parts.attachments[i].name, message->attachment[i]->name) ||
            !same(parts.attachments[i].media_type, message->attachment[i]->media_type) ||
            !same(parts.attachments[i].digest, message->attachment[i]->sha256) ||
            parts.attachments[i].size != message->attachment[i]->size)
            return false;
    return true;
}

static bool same_document(const Tonghop__Document *document)
{
    if (document == NULL)
        return !parts.document.is_there;
    return parts.document.is_there && same(parts.document.number, document->number) &&
           parts.document.date == document->date && same(parts.document.signer, document->signer) &&
           same(parts.document.title, document->title);
}

static bool same_report(const Tonghop__Report *message)
{
    return same(parts.plan, message->plan) && same(parts.obligation, message->obligation) &&
           same(parts.unit, message->unit) && parts.number == message->number &&
           parts.revision == message->revision &&
           parts.has_estimated_to == message->has_estimated_to &&
           (!message->has_estimated_to || parts.estimated_to == message->estimated_to) &&
           same_numbers(&parts.indicators, message->indicator, message->n_indicator) &&
           same_numbers(&parts.estimated, message->estimated, message->n_estimated) &&
           same_values(&parts.values, message->value, message->n_value) && same_tasks(message) &&
           same_showcases(message) && same_sections(message) && same_attachments(message) &&
           same_document(message->document);
}

/* Whether both take the bytes; that they agree about everything is what is tested. */
static bool both_take(const uint8_t *bytes, size_t size)
{
    struct th_wire_reader reader;
    const struct th_bytes given = {bytes, size};
    th_wire_reader_init(&reader, &arena, BUDGET);
    const Tonghop__Report *message = th_wire_unpack(&reader, &tonghop__report__descriptor, given);
    cr_assert(message != NULL || reader.status == TH_E_SYNTAX);
    const bool takes = th_wire_take_report_apart(given, &parts);
    cr_assert_eq(takes, message != NULL, "protobuf-c %s it", message == NULL ? "refuses" : "takes");
    cr_assert(!takes || same_report(message));
    return takes;
}

/* ---- bytes ---- */

struct writing {
    uint8_t bytes[65536];
    size_t size;
};

static void put_varint(struct writing *to, uint64_t value, unsigned longer)
{
    while (value >= 0x80 || longer > 0) {
        longer -= longer > 0;
        to->bytes[to->size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    to->bytes[to->size++] = (uint8_t)value;
}

static uint64_t any_number(void)
{
    const uint64_t number = any(UINT64_MAX);
    return any(2) == 0 ? any(8) : number >> any(64);
}

/* Mostly short, one in `often` longer than needed. */
static unsigned longer(uint64_t often, uint64_t at_most)
{
    return any(often) == 0 ? (unsigned)any(at_most) + 1 : 0;
}

static void put_tag(struct writing *to, uint64_t number, unsigned form)
{
    put_varint(to, number << 3 | form, longer(40, 5));
}

static void put_content(struct writing *to, uint64_t number, const struct writing *content)
{
    put_tag(to, number, TH_WIRE_CONTENT);
    put_varint(to, content->size, longer(60, 5));
    memcpy(to->bytes + to->size, content->bytes, content->size);
    to->size += content->size;
}

static void put_text(struct writing *to, uint64_t number)
{
    struct writing text = {.size = any(12)};
    memset(text.bytes, 'a' + (int)any(26), text.size);
    put_content(to, number, &text);
}

static void put_number(struct writing *to, uint64_t number, uint64_t value)
{
    put_tag(to, number, TH_WIRE_VARINT);
    put_varint(to, value, longer(30, 9));
}

/* A field that the schema lacks, or one in another form than its own. */
static void put_odd(struct writing *to)
{
    const unsigned form = (unsigned)any(8);
    put_tag(to, any(18), form);
    if (form == TH_WIRE_VARINT)
        put_varint(to, any_number(), longer(4, 11));
    for (size_t i = any(10); form != TH_WIRE_VARINT && i > 0; i--)
        to->bytes[to->size++] = (uint8_t)any(256);
}

static void put_fields(struct writing *to, const char *kinds)
{
    for (uint64_t number = 1; kinds[number - 1] != 0; number++) {
        const char kind = kinds[number - 1];
        for (uint64_t times = any(30) == 0 ? any(3) : 1; times > 0; times--) {
            if (kind == 't')
                put_text(to, number);
            else
                put_number(to, number, kind == 'e' ? 1 + any(any(20) == 0 ? 9 : 4) : any_number());
        }
    }
    if (any(60) == 0)
        put_odd(to);
}

static void put_list(struct writing *to, uint64_t number, size_t count)
{
    struct writing packed = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        const uint64_t value = any(30) == 0 ? any_number() : i + 1;
        if (any(25) == 0)
            put_number(to, number, value);
        else
            put_varint(&packed, value, longer(60, 9));
    }
    if (packed.size > 0 || any(8) == 0)
        put_content(to, number, &packed);
}

static void put_messages(struct writing *to, uint64_t number, const char *kinds, uint64_t below)
{
    for (uint64_t i = any(below); i > 0; i--) {
        struct writing inner = {.size = 0};
        put_fields(&inner, kinds);
        put_content(to, number, &inner);
    }
}

static void put_report(struct writing *to)
{
    const size_t count = any(30) == 0 ? 1000 + any(50) : any(40);
    to->size = 0;
    put_fields(to, "tttnn");
    put_list(to, 6, count);
    put_list(to, 7, count);
    put_list(to, 8, any(4));
    if (any(3) == 0)
        put_number(to, 9, any_number());
    put_messages(to, 10, "nen", any(30) == 0 ? 300 : 3);
    put_messages(to, 10, "nent", 3);
    put_messages(to, 11, "ttet", 3);
    put_messages(to, 12, "nt", any(30) == 0 ? 80 : 3);
    put_messages(to, 13, "ttnt", any(30) == 0 ? 40 : 3);
    put_messages(to, 14, "tntt", 4);
    if (any(20) == 0)
        put_odd(to);
}

Test(wire_report, what_is_taken_and_refused_is_what_protobuf_c_does)
{
    static struct writing writing;
    size_t taken = 0, rounds = 20000;
    state = UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < rounds; i++) {
        put_report(&writing);
        taken += both_take(writing.bytes, writing.size);
        th_arena_reset(&arena);
    }
    cr_assert_gt(taken, rounds / 10);
    cr_assert_lt(taken, rounds * 9 / 10);
}

Test(wire_report, changed_bytes_are_the_same_to_both)
{
    static struct writing writing;
    struct th_report report = th_sample_report();
    struct th_bytes sample;
    size_t taken = 0, rounds = 60000;
    state = UINT64_C(0xD1B54A32D192ED03);
    for (size_t i = 0; i < rounds; i++) {
        cr_assert_eq(th_wire_report_encode(&report, &arena, &sample), 0);
        writing.size = sample.size;
        memcpy(writing.bytes, sample.bytes, sample.size);
        for (uint64_t changes = 1 + any(3); changes > 0; changes--)
            writing.bytes[any(writing.size)] =
                any(2) == 0 ? (uint8_t)any(256)
                            : (uint8_t)(writing.bytes[any(writing.size)] ^ 1U << any(8));
        taken += both_take(writing.bytes, any(10) == 0 ? any(writing.size) : writing.size);
        th_arena_reset(&arena);
    }
    cr_assert_gt(taken, rounds / 10);
    cr_assert_lt(taken, rounds * 9 / 10);
}

Test(wire_report, of_two_documents_the_last_one_counts)
{
    struct writing writing = {.size = 0}, first = {.size = 0}, second = {.size = 0};
    state = UINT64_C(0x94D049BB133111EB);
    put_text(&writing, 1);
    put_text(&writing, 2);
    put_text(&writing, 3);
    put_number(&writing, 4, 0);
    put_number(&writing, 5, 1);
    put_text(&first, 1);
    put_number(&first, 2, 8);
    put_text(&first, 3);
    put_text(&first, 4);
    second = first;
    put_number(&first, 9, 1); /* unknown */
    struct writing good = writing, bad = writing;
    put_content(&good, 14, &first);
    put_content(&good, 14, &second);
    cr_assert(both_take(good.bytes, good.size));
    put_content(&bad, 14, &second);
    put_content(&bad, 14, &first);
    cr_assert_not(both_take(bad.bytes, bad.size));
    second.size = 0;
    put_content(&writing, 14, &second);
    put_content(&writing, 14, &first);
    cr_assert_not(both_take(writing.bytes, writing.size));
}
