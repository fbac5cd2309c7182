/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/events.h"

#include "base/assert.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A change, spelt as an event: each byte of it may become six, beside the words around it. */
#define EVENT_SIZE_MAX (6 * TH_HTTP_CHANGE_MAX + 128)
#define END_SIZE_MAX   256

struct change {
    size_t size;
    char bytes[TH_HTTP_CHANGE_MAX];
};

struct group {
    uint64_t before, position; /* of the journal, before it and at its end */
    struct th_http_body *text;
};

struct th_http_events {
    struct th_http_events_options options;

    pthread_mutex_t lock; /* for what is told */
    struct change *told;
    size_t told_count;
    uint32_t *places; /* hash table of indexes into `told`, plus 1; 0: empty */
    size_t places_count;
    bool is_too_much;
    uint64_t position; /* told */
    th_instant time;

    struct change *gathered; /* the one thread's: taken from `told` by changing places */
    struct group *groups;    /* number n at n % groups_max */
    uint64_t first, next;
    size_t bytes;
    uint64_t reached; /* position of the last group */
    th_instant reached_time;
    char *spelling; /* of the group that is made: its memory serves the next one */
    size_t spelling_size;
};

int th_http_events_new(const struct th_http_events_options *options,
                       struct th_http_events **ret_events)
{
    struct th_http_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&events->lock, NULL) != 0) {
        free(events);
        return TH_E_NO_MEMORY;
    }
    events->options = *options;
    events->position = events->reached = options->position;
    events->time = events->reached_time = options->time;
    events->places_count = 2 * options->changes_max + 1;
    events->told = calloc(options->changes_max, sizeof *events->told);
    events->gathered = calloc(options->changes_max, sizeof *events->gathered);
    events->places = calloc(events->places_count, sizeof *events->places);
    events->groups = calloc(options->groups_max, sizeof *events->groups);
    if (events->told == NULL || events->gathered == NULL || events->places == NULL ||
        events->groups == NULL) {
        th_http_events_free(events);
        return TH_E_NO_MEMORY;
    }
    *ret_events = events;
    return 0;
}

static struct group *group_at(const struct th_http_events *events, uint64_t number)
{
    return &events->groups[number % events->options.groups_max];
}

static void forget_first(struct th_http_events *events)
{
    struct group *group = group_at(events, events->first++);
    events->bytes -= group->text->size;
    th_http_body_drop(group->text);
    group->text = NULL;
}

void th_http_events_free(struct th_http_events *events)
{
    if (events == NULL)
        return;
    while (events->first < events->next)
        forget_first(events);
    free(events->told);
    free(events->gathered);
    free(events->places);
    free(events->groups);
    free(events->spelling);
    (void)pthread_mutex_destroy(&events->lock);
    free(events);
}

/* ---- telling ---- */

/* FNV-1a: whoever chooses units' codes is not an attacker, and the table is small. */
static size_t hash(struct th_text text)
{
    uint64_t value = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.size; i++)
        value = (value ^ (uint8_t)text.bytes[i]) * UINT64_C(1099511628211);
    return (size_t)(value ^ value >> 32);
}

static void note(struct th_http_events *events, struct th_text change)
{
    size_t at = hash(change) % events->places_count;
    for (; events->places[at] != 0; at = (at + 1) % events->places_count) {
        const struct change *known = &events->told[events->places[at] - 1];
        if (known->size == change.size && memcmp(known->bytes, change.bytes, change.size) == 0)
            return;
    }
    if (events->told_count == events->options.changes_max) {
        events->is_too_much = true;
        return;
    }
    struct change *told = &events->told[events->told_count++];
    told->size = change.size;
    memcpy(told->bytes, change.bytes, change.size);
    events->places[at] = (uint32_t)events->told_count;
}

void th_http_events_tell(struct th_http_events *events, struct th_text change)
{
    if (change.size == 0 || change.size > TH_HTTP_CHANGE_MAX)
        return;
    (void)pthread_mutex_lock(&events->lock);
    note(events, change);
    (void)pthread_mutex_unlock(&events->lock);
}

void th_http_events_reach(struct th_http_events *events, uint64_t position, th_instant time)
{
    (void)pthread_mutex_lock(&events->lock);
    events->position = position;
    events->time = time;
    (void)pthread_mutex_unlock(&events->lock);
}

/* ---- gathering ---- */

struct told {
    size_t count;
    bool is_too_much;
    uint64_t position;
    th_instant time;
};

static struct told take(struct th_http_events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    struct told told = {events->told_count, events->is_too_much, events->position, events->time};
    if (told.count > 0) {
        struct change *empty = events->gathered;
        events->gathered = events->told;
        events->told = empty;
        memset(events->places, 0, events->places_count * sizeof *events->places);
    }
    events->told_count = 0;
    events->is_too_much = false;
    (void)pthread_mutex_unlock(&events->lock);
    return told;
}

/* The parts of a change between its slashes. */
static size_t split(const struct change *change, struct th_text parts[5])
{
    size_t count = 0, from = 0;
    for (size_t i = 0; i <= change->size; i++) {
        if (i < change->size && change->bytes[i] != '/')
            continue;
        if (count == 5)
            return 0;
        parts[count++] = (struct th_text){change->bytes + from, i - from};
        from = i + 1;
    }
    return count;
}

static bool is(struct th_text text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0;
}

/* ---- spelling: thousands of changes a turn in a burst, so without a tree of each ---- */

static char *put(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}

/* At most six bytes for one. */
static char *put_json(char *at, struct th_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char byte = (unsigned char)text.bytes[i];
        if (byte < ' ') {
            at += snprintf(at, sizeof "\\u0000", "\\u%04x", byte);
            continue;
        }
        if (byte == '"' || byte == '\\')
            *at++ = '\\';
        *at++ = (char)byte;
    }
    return at;
}

static char *put_member(char *at, const char *name, struct th_text value)
{
    *at++ = '"';
    at = put(at, name, strlen(name));
    at = put(at, "\":\"", 3);
    at = put_json(at, value);
    return put(at, "\",", 2);
}

/* What a change is called and has, in the order of its parts. */
struct form {
    const char *kind, *event;
    const char *members[4]; /* NULL: not told */
    size_t parts;
};

static const struct form *form_of(const struct th_text *parts, size_t count)
{
    static const struct form rollup = {"rollup",
                                       "rollup",
                                       {"plan", "obligation", "unit", "branch"},
                                       5},
                             standing = {"standing", "standing", {"plan", "obligation", "unit"}, 4},
                             closing = {"notice", "closing", {NULL, "plan", "obligation"}, 4},
                             reminder = {"notice", "reminder", {NULL, "plan", "obligation"}, 4};
    const struct form *form = &rollup;
    if (count == 4)
        form = is(parts[0], "standing")  ? &standing
               : is(parts[1], "closing") ? &closing
                                         : &reminder;
    return count == form->parts && is(parts[0], form->kind) ? form : NULL;
}

/* Returns the size of the event in `room`; 0: it is not a change that is told. */
static size_t spell(const struct change *change, uint64_t position, char room[EVENT_SIZE_MAX])
{
    struct th_text parts[5];
    size_t count = split(change, parts);
    const struct form *form = count < 4 ? NULL : form_of(parts, count);
    if (form == NULL || !th_text_is_utf8(change->bytes, change->size))
        return 0;
    char *at = put(room, "event: ", 7);
    at = put(at, form->event, strlen(form->event));
    at = put(at, "\ndata: {", 8);
    for (size_t i = 1; i < count; i++)
        if (form->members[i - 1] != NULL)
            at = put_member(at, form->members[i - 1], parts[i]);
    at += snprintf(at, (size_t)(room + EVENT_SIZE_MAX - at), "\"position\":%" PRIu64 "}\n\n",
                   position);
    TH_ASSERT(at < room + EVENT_SIZE_MAX);
    return (size_t)(at - room);
}

static size_t spell_end(const char *event, uint64_t position, th_instant time,
                        char room[END_SIZE_MAX])
{
    char text[TH_INSTANT_TEXT_SIZE];
    int size =
        snprintf(room, END_SIZE_MAX,
                 "id: %" PRIu64 "\nevent: %s\ndata: {\"position\":%" PRIu64 ",\"time\":\"%s\"}\n\n",
                 position, event, position, th_instant_format(time, text));
    TH_ASSERT(size > 0);
    TH_ASSERT(size < END_SIZE_MAX);
    return (size_t)size;
}

/* Room for one more event. */
static char *need_room(struct th_http_events *events, size_t used)
{
    if (events->spelling_size - used >= EVENT_SIZE_MAX)
        return events->spelling + used;
    size_t size = 2 * events->spelling_size + EVENT_SIZE_MAX;
    char *spelling = realloc(events->spelling, size);
    if (spelling == NULL)
        return NULL;
    events->spelling = spelling;
    events->spelling_size = size;
    return spelling + used;
}

/* Returns owned text. NULL without memory. */
static struct th_http_body *spell_group(struct th_http_events *events, const struct told *told)
{
    size_t count = told->is_too_much ? 0 : told->count;
    size_t used = 0;
    for (size_t i = 0; i <= count; i++) {
        char *room = need_room(events, used);
        if (room == NULL)
            return NULL;
        used += i < count ? spell(&events->gathered[i], told->position, room)
                          : spell_end(told->is_too_much ? "reset" : "position", told->position,
                                      told->time, room);
    }
    return th_http_body_of((struct th_bytes){(const uint8_t *)events->spelling, used});
}

bool th_http_events_gather(struct th_http_events *events)
{
    struct told told = take(events);
    if (told.count == 0 && !told.is_too_much && told.position == events->reached)
        return false;
    struct th_http_body *text = spell_group(events, &told);
    if (text == NULL) { /* what was told is lost: the next group says to begin anew */
        (void)pthread_mutex_lock(&events->lock);
        events->is_too_much = true;
        (void)pthread_mutex_unlock(&events->lock);
        return false;
    }
    while (events->first < events->next &&
           (events->next - events->first == events->options.groups_max ||
            events->bytes + text->size > events->options.bytes_max))
        forget_first(events);
    *group_at(events, events->next++) = (struct group){events->reached, told.position, text};
    events->bytes += text->size;
    events->reached = told.position;
    events->reached_time = told.time;
    return true;
}

/* ---- listening ---- */

uint64_t th_http_events_reached(const struct th_http_events *events)
{
    return events->reached;
}

uint64_t th_http_events_next(const struct th_http_events *events)
{
    return events->next;
}

const struct th_http_body *th_http_events_group(const struct th_http_events *events,
                                                uint64_t number)
{
    TH_ASSERT(number < events->next);
    return number < events->first ? NULL : group_at(events, number)->text;
}

/* The first group that somebody who has seen `position` has not. False: it is not known. */
static bool find(const struct th_http_events *events, uint64_t position, uint64_t *ret_number)
{
    if (position == events->reached) {
        *ret_number = events->next;
        return true;
    }
    if (events->first == events->next || position > events->reached ||
        position < group_at(events, events->first)->before)
        return false;
    uint64_t number = events->next;
    while (number > events->first && group_at(events, number - 1)->position > position)
        number--;
    *ret_number = number;
    return true;
}

struct th_http_body *th_http_events_begin(const struct th_http_events *events,
                                          struct th_text last_event, uint64_t *ret_number)
{
    static const char retry[] = "retry: 2000\n\n";
    char room[sizeof retry + END_SIZE_MAX];
    size_t size = sizeof retry - 1;
    int64_t seen = 0;
    uint64_t number = events->next;
    memcpy(room, retry, size);
    bool is_given = last_event.size > 0;
    bool is_known =
        is_given &&
        th_text_parse_int(last_event.bytes, last_event.size, 0, INT64_MAX, &seen) == 0 &&
        find(events, (uint64_t)seen, &number);
    if (!is_known)
        size += spell_end(is_given ? "reset" : "position", events->reached, events->reached_time,
                          room + size);
    struct th_http_body *text = th_http_body_of((struct th_bytes){(const uint8_t *)room, size});
    if (text != NULL)
        *ret_number = number;
    return text;
}
