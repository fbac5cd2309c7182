/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stretch is cut into pieces. Piece n is made in slot n mod the number of slots, by the thread
 * that takes it; its turn comes when the owner has given back piece n minus that number. One mutex
 * guards the numbers; a piece belongs to its thread until it is made, and then to the owner.
 */
#include "aggregator/audit/ahead.h"

#include "aggregator/audit/enrolment.h"
#include "aggregator/store/inspect.h"
#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 32, SLOTS_OF_THREAD = 3 };

#define BLOCK_BYTES ((size_t)256 * 1024)
#define PIECE_BYTES ((size_t)512 * 1024 * 1024)

struct piece {
    bool is_made;
    struct th_arena arena;
    struct th_bytes entries[PIECE]; /* size 0: not there */
    struct th_ahead_place places[PIECE];
};

struct th_ahead {
    struct th_ahead_options options;
    pthread_t threads[TH_AHEAD_THREADS_MAX];
    unsigned threads_count;
    struct piece *slots;
    uint64_t slots_count;
    pthread_mutex_t mutex;
    pthread_cond_t made, given_back;
    /* Guarded: */
    uint64_t next;  /* piece that no thread has taken */
    uint64_t first; /* piece that the owner has or waits for */
    bool is_over;
    bool is_idle; /* told once */
    /* The owner's: */
    uint64_t position;
};

/* One thread's. */
struct reader {
    struct th_ahead *ahead;
    struct th_view *view;    /* NULL: there is none */
    struct th_arena passing; /* of one entry, so it stays in the processor's cache */
};

/* ---- one place ---- */

/* What its entry makes of it, byte by byte: so it says the same. */
static bool is_leaf_of(const struct th_ahead *ahead, const struct th_ahead_place *place,
                       struct th_arena *arena)
{
    struct th_bytes expected;
    int status = th_unpacked_leaf(&place->unpacked, th_store_identity(ahead->options.store)->mode,
                                  &place->digest, arena, &expected);
    return status == 0 && expected.size == place->leaf.size &&
           memcmp(expected.bytes, place->leaf.bytes, expected.size) == 0;
}

/* Who has checked the signature of a submission has hashed all of it, which is the entry's body. */
static bool hash(const struct th_ahead *ahead, struct th_bytes entry, struct th_ahead_place *place)
{
    const struct th_submission *submission = &place->unpacked.submission;
    if (!ahead->options.checks_tree)
        return true;
    th_tlog_hash_leaf(place->leaf.bytes, place->leaf.size, &place->leaf_hash);
    if (place->is_unpacked && place->stored.kind == TH_ENTRY_SUBMISSION &&
        submission->has_raw_digest)
        return th_schema_entry_hash_with(entry, &submission->raw_digest, &place->digest) == 0;
    return th_schema_entry_hash(entry, &place->digest) == 0;
}

/* Into `arena`, and what a fold needs of it into `staying`. */
static bool look_at_reports(const struct th_ahead *ahead, struct th_arena *arena,
                            struct th_arena *staying, struct th_bytes entry,
                            struct th_ahead_place *place)
{
    const struct th_unpacking how = {.arena = arena,
                                     .checks_signatures = ahead->options.checks_signatures};
    const char *what;
    if (th_unpack(&place->stored, place->position, &how, &place->unpacked, &what) != 0)
        return false;
    place->is_unpacked = true;
    if (!hash(ahead, entry, place))
        return false;
    place->is_prepared =
        ahead->options.shadow != NULL &&
        th_shadow_prepare(ahead->options.shadow, &place->unpacked, staying, &place->prepared) == 0;
    return !ahead->options.checks_tree || is_leaf_of(ahead, place, arena);
}

static bool keep_text(struct th_arena *arena, struct th_text *text)
{
    text->bytes = th_arena_copy_text(arena, text->bytes, text->size);
    return text->bytes != NULL;
}

/* Of a prepared submission a fold looks at the header, and at no list of it. */
static bool keep_header(struct th_unpacked *unpacked, struct th_arena *arena)
{
    struct th_submission *submission = &unpacked->submission;
    struct th_submission_header *header = &submission->header;
    submission->reports = NULL;
    submission->reports_raw = NULL;
    header->report_digests = NULL;
    header->reports_count = 0;
    unpacked->entry.decision = (struct th_decision){.judgements = NULL};
    if (!keep_text(arena, &header->realm) || !keep_text(arena, &header->unit))
        return false;
    unpacked->entry.unit = header->unit;
    return true;
}

/* Whether the owner needs nothing of a submission but its fold. */
static bool passes(const struct th_ahead *ahead, const struct th_ahead_place *place)
{
    return place->stored.kind == TH_ENTRY_SUBMISSION && !ahead->options.checks_signatures &&
           ahead->options.shadow != NULL;
}

/* A signature and a file to be read: as much as a submission of many reports. */
static bool is_proved(const struct th_ahead *ahead, struct th_arena *arena,
                      const struct th_stored_entry *stored)
{
    struct th_enrolment enrolment;
    int status = 0;
    return stored->kind == TH_ENTRY_ENROLLED && ahead->options.checks_signatures &&
           th_wire_enrolment_decode(stored->body, arena, &enrolment) == 0 &&
           th_enrolment_fault(ahead->options.keys, &enrolment, &status) == NULL && status == 0;
}

static bool look(struct reader *reader, struct th_arena *staying, struct th_bytes entry,
                 struct th_ahead_place *place)
{
    const struct th_ahead *ahead = reader->ahead;
    if (entry.size == 0 || th_schema_entry_decode(entry, &place->stored) != 0)
        return false;
    th_arena_reset(&reader->passing);
    place->is_proved = is_proved(ahead, &reader->passing, &place->stored);
    if (!th_entry_has_reports(place->stored.kind))
        return hash(ahead, entry, place);
    if (passes(ahead, place)) {
        if (!look_at_reports(ahead, &reader->passing, staying, entry, place))
            return false;
        if (place->is_prepared)
            return keep_header(&place->unpacked, staying);
    }
    return look_at_reports(ahead, staying, staying, entry, place);
}

/* ---- one piece ---- */

static int take(void *context, uint64_t position, struct th_bytes entry, struct th_bytes leaf)
{
    struct piece *piece = context;
    const uint64_t at = position - piece->places[0].position;
    piece->entries[at] = entry;
    piece->places[at].leaf = leaf;
    return 0;
}

static void make(struct reader *reader, uint64_t number, struct piece *piece)
{
    const struct th_ahead *ahead = reader->ahead;
    const uint64_t from = ahead->options.from + number * PIECE;
    const uint64_t left = ahead->options.to - from;
    const size_t count = left < PIECE ? (size_t)left : PIECE;
    th_arena_reset(&piece->arena);
    for (size_t i = 0; i < count; i++) {
        struct th_ahead_place *place = &piece->places[i];
        place->position = from + i;
        place->is_sound = place->is_unpacked = place->is_prepared = false;
        place->leaf = piece->entries[i] = (struct th_bytes){NULL, 0};
    }
    bool is_read =
        reader->view != NULL && th_view_log(reader->view, from, from + count, take, piece) == 0;
    for (size_t i = 0; i < count && is_read; i++)
        piece->places[i].is_sound =
            look(reader, &piece->arena, piece->entries[i], &piece->places[i]);
}

/* ---- threads ---- */

static struct piece *slot_of(const struct th_ahead *ahead, uint64_t number)
{
    return &ahead->slots[number % ahead->slots_count];
}

static uint64_t pieces_of(const struct th_ahead *ahead)
{
    return (ahead->options.to - ahead->options.from + PIECE - 1) / PIECE;
}

/* The mutex is held, but not while it is told. */
static void tell_idle(struct th_ahead *ahead)
{
    if (ahead->is_over || ahead->is_idle || ahead->options.on_idle == NULL)
        return;
    ahead->is_idle = true;
    (void)pthread_mutex_unlock(&ahead->mutex);
    ahead->options.on_idle(ahead->options.on_idle_context);
    (void)pthread_mutex_lock(&ahead->mutex);
}

static void *work(void *context)
{
    struct th_ahead *ahead = context;
    struct reader reader = {.ahead = ahead};
    th_arena_init(&reader.passing, BLOCK_BYTES, PIECE_BYTES);
    if (th_view_open(ahead->options.store, &reader.view) != 0)
        reader.view = NULL;
    (void)pthread_mutex_lock(&ahead->mutex);
    while (!ahead->is_over && ahead->next < pieces_of(ahead)) {
        if (ahead->next - ahead->first == ahead->slots_count) {
            (void)pthread_cond_wait(&ahead->given_back, &ahead->mutex);
            continue;
        }
        uint64_t number = ahead->next++;
        struct piece *piece = slot_of(ahead, number);
        (void)pthread_mutex_unlock(&ahead->mutex);
        make(&reader, number, piece);
        (void)pthread_mutex_lock(&ahead->mutex);
        piece->is_made = true;
        (void)pthread_cond_signal(&ahead->made);
    }
    tell_idle(ahead);
    /* What it read is borrowed until the owner is through. */
    while (!ahead->is_over)
        (void)pthread_cond_wait(&ahead->given_back, &ahead->mutex);
    (void)pthread_mutex_unlock(&ahead->mutex);
    th_view_close(reader.view);
    th_arena_deinit(&reader.passing);
    return NULL;
}

/* ---- life ---- */

static int start(struct th_ahead *ahead)
{
    for (unsigned i = 0; i < ahead->options.threads; i++) {
        if (pthread_create(&ahead->threads[i], NULL, work, ahead) != 0)
            break;
        ahead->threads_count++;
    }
    return ahead->threads_count == 0 ? TH_E_NO_MEMORY : 0;
}

int th_ahead_new(const struct th_ahead_options *options, struct th_ahead **ret_ahead)
{
    TH_ASSERT(options->threads >= 1);
    TH_ASSERT(options->threads <= TH_AHEAD_THREADS_MAX);
    struct th_ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL)
        return TH_E_NO_MEMORY;
    ahead->options = *options;
    ahead->position = options->from;
    (void)pthread_mutex_init(&ahead->mutex, NULL); /* these three cannot fail on Linux */
    (void)pthread_cond_init(&ahead->made, NULL);
    (void)pthread_cond_init(&ahead->given_back, NULL);
    ahead->slots = calloc((size_t)options->threads * SLOTS_OF_THREAD, sizeof *ahead->slots);
    int status = ahead->slots == NULL ? TH_E_NO_MEMORY : 0;
    if (status == 0) {
        ahead->slots_count = (uint64_t)options->threads * SLOTS_OF_THREAD;
        for (uint64_t i = 0; i < ahead->slots_count; i++)
            th_arena_init(&ahead->slots[i].arena, BLOCK_BYTES, PIECE_BYTES);
        status = start(ahead);
    }
    if (status != 0) {
        th_ahead_free(ahead);
        return status;
    }
    *ret_ahead = ahead;
    return 0;
}

void th_ahead_free(struct th_ahead *ahead)
{
    if (ahead == NULL)
        return;
    (void)pthread_mutex_lock(&ahead->mutex);
    ahead->is_over = true;
    (void)pthread_cond_broadcast(&ahead->given_back);
    (void)pthread_mutex_unlock(&ahead->mutex);
    for (unsigned i = 0; i < ahead->threads_count; i++)
        (void)pthread_join(ahead->threads[i], NULL);
    for (uint64_t i = 0; i < ahead->slots_count; i++)
        th_arena_deinit(&ahead->slots[i].arena);
    free(ahead->slots);
    (void)pthread_cond_destroy(&ahead->given_back);
    (void)pthread_cond_destroy(&ahead->made);
    (void)pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
}

/* The piece before is given back; the next one is waited for. */
static void turn(struct th_ahead *ahead, uint64_t number)
{
    (void)pthread_mutex_lock(&ahead->mutex);
    if (number > 0) {
        slot_of(ahead, number - 1)->is_made = false;
        ahead->first = number;
        (void)pthread_cond_broadcast(&ahead->given_back);
    }
    while (!slot_of(ahead, number)->is_made)
        (void)pthread_cond_wait(&ahead->made, &ahead->mutex);
    (void)pthread_mutex_unlock(&ahead->mutex);
}

const struct th_ahead_place *th_ahead_next(struct th_ahead *ahead)
{
    TH_ASSERT(ahead->position < ahead->options.to);
    const uint64_t at = ahead->position++ - ahead->options.from;
    if (at % PIECE == 0)
        turn(ahead, at / PIECE);
    return &slot_of(ahead, at / PIECE)->places[at % PIECE];
}
