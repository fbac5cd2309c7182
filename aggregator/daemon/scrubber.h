/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the scrub (aggregator/store/scrub.h) takes its next piece: a thread of its own that runs
 * only when nobody else wants the processor, rests much longer than it works, and waits while
 * others are at work. What it finds is told at once and written into the file SCRUB beside the
 * store.
 *
 * Start and free from one thread.
 */
#ifndef TH_DAEMON_SCRUBBER_H
#define TH_DAEMON_SCRUBBER_H

#include "aggregator/store/scrub.h"

#include <stdatomic.h>
#include <stdio.h>

struct th_scrubber;

struct th_scrubber_options {
    struct th_store *store; /* borrowed, like all here */
    const char *folder;
    uint32_t hours;          /* from the begin of a pass to the next; not 0 */
    const uint32_t *rest_ms; /* of every rest, also before the first pass; NULL: as it should be */
    FILE *log;
    _Atomic uint64_t *passes, *faults; /* finished ones; of the worst of the last two passes */
    void *context;
    bool (*is_busy)(void *context); /* on the scrubber's thread */
    th_instant (*now)(void *context);
};

/* Starts the thread. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_scrubber_start(const struct th_scrubber_options *options,
                                    struct th_scrubber **ret_scrubber);
/* Ends the thread after the piece that it is at. */
void th_scrubber_free(struct th_scrubber *scrubber);

#endif
