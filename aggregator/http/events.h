/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has changed, for those who listen (text/event-stream): whoever commits tells each change
 * and goes on; a few times a second what was told is gathered into one group, each
 * change once, which ends with the position. The last groups are kept, so that a listener that was
 * away goes on where it stopped; one that was away for longer is told to begin anew.
 *
 * The id is the position, and only the end of a group carries it: who resumes has seen whole
 * groups.
 *
 * th_http_events_tell() and _reach(): any thread; never wait for a listener. The rest: one thread.
 */
#ifndef TH_HTTP_EVENTS_H
#define TH_HTTP_EVENTS_H

#include "aggregator/http/reply.h"
#include "base/text.h"
#include "base/time.h"

#define TH_HTTP_CHANGE_MAX 200 /* bytes of one change */

struct th_http_events;

struct th_http_events_options {
    size_t changes_max; /* of one group: more than these and listeners begin anew */
    size_t groups_max;
    size_t bytes_max;  /* of all groups */
    uint64_t position; /* of the store now */
    th_instant time;
};

/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_http_events_new(const struct th_http_events_options *options,
                                     struct th_http_events **ret_events);
void th_http_events_free(struct th_http_events *events);

/* A change as publications name it: "rollup/PLAN/OBLIGATION/UNIT/BRANCH",
 * "standing/PLAN/OBLIGATION/UNIT", "notice/closing/PLAN/OBLIGATION", "notice/reminder/…". Others
 * are ignored. */
void th_http_events_tell(struct th_http_events *events, struct th_text change);
/* The journal is this long now, with its last entry at `time`; after the changes that led to it. */
void th_http_events_reach(struct th_http_events *events, uint64_t position, th_instant time);

/* The position of the last group: listeners have been told so much. */
uint64_t th_http_events_reached(const struct th_http_events *events);

/* Makes a group of what was told since the last one. False: nothing was, or no memory yet. */
bool th_http_events_gather(struct th_http_events *events);

/* Groups are numbered without end; this is the number that the next one gets. */
uint64_t th_http_events_next(const struct th_http_events *events);
/* NULL: not kept any more. Borrows until the next gather. */
const struct th_http_body *th_http_events_group(const struct th_http_events *events,
                                                uint64_t number);

/* How a listener begins: `last_event` is what it has seen ("" for nothing). `ret_number`: the first
 * group for it; returns owned text to send before, NULL without memory. */
struct th_http_body *th_http_events_begin(const struct th_http_events *events,
                                          struct th_text last_event, uint64_t *ret_number);

#endif
