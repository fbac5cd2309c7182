/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the page (aggregator/web/page/), as they are embedded into the program when it is
 * built. The page needs nothing else: no other origin, no build step.
 *
 * Constant; any thread.
 */
#ifndef TH_WEB_WEB_H
#define TH_WEB_WEB_H

#include "base/text.h"

struct th_web_file {
    const char *path; /* "/", "/app.js" */
    const char *type; /* of its content, with the charset */
    const uint8_t *bytes;
    size_t size;
    const char *etag; /* quoted; changes with the bytes */
};

/* The file at a path without a query; NULL when there is none. Borrowed for ever. */
const struct th_web_file *th_web_find(struct th_text path);

#endif
