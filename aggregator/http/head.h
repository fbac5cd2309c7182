/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge of a request's head: pure, and stricter than RFC 9112 asks. What is not exactly a GET
 * or HEAD without a body, for a name of this server, is refused before anything else reads it.
 *
 * Refused: line ends other than CRLF, folded lines, control bytes, a blank before a colon, anything
 * before or behind the head, a doubled field that means something here, any body.
 *
 * Thread-safe; no state.
 */
#ifndef TH_HTTP_HEAD_H
#define TH_HTTP_HEAD_H

#include "base/text.h"

#define TH_HTTP_HEAD_MAX   8192 /* bytes, with the empty line at its end */
#define TH_HTTP_FIELDS_MAX 64

/* Of a request that may be answered. */
struct th_http_head {
    bool is_head;          /* HEAD: no content */
    struct th_text target; /* path and question as they were sent; borrows the head */
};

#define TH_HTTP_MORE 0 /* the head is not there yet */
#define TH_HTTP_GOOD 200

struct th_http_verdict {
    int code;        /* TH_HTTP_MORE, TH_HTTP_GOOD, or the code to refuse with */
    const char *why; /* a Vietnamese sentence for whoever sent it; NULL: nothing is wrong */
};

/*
 * `host`: a name, with or without a port, that the server is known by beside those of the loopback;
 * NULL for none. A name of the loopback is taken with any port: tunnels change it, and it is the
 * name that tells a page of somebody else from ours. Fills the head only when it is good.
 */
struct th_http_verdict th_http_judge(const char *bytes, size_t size, const char *host,
                                     struct th_http_head *ret_head);

/* What single fields say, whoever gives them. */

/* True when one of the tags of an If-None-Match is this one, or it is "*". Weak comparison. */
bool th_http_matches(struct th_text matches, const char *etag);
/* True when an Accept-Encoding lets content be packed by gzip. */
bool th_http_takes_gzip(struct th_text value);

#endif
