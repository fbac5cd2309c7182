/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One node at work: carries out what the core decides, with the outbox and the connection.
 *
 * Promises: a submission's bytes are on the disk before they are first sent, so every repetition is
 * the same bytes, of a bundle as well; a verdict settles an item only when it holds: a receipt
 * verifies against the history of the log's keys, and a refusal has the signature of the log's
 * current key under the same words. A refusal is lawfully absent when a report of the same
 * submission was taken; the receipt of that one has to hold then. What does not hold is kept as
 * evidence and the report is sent again. A failure that says never settles an item too, and nobody
 * signs that. A new key is on the disk before it is used, and only when the key before signed for
 * it. What the province's log has lost is shown to it again, and the earlier receipt stays.
 * Reminders and plans that arrive are kept.
 *
 * Home (whose log_keys grow), keys, outbox and ports are borrowed for its life. Not thread-safe. A
 * function that returns a failure has met broken storage or no memory: free it.
 */
#ifndef TH_NODES_DRIVER_H
#define TH_NODES_DRIVER_H

#include "nodes/core/core.h"
#include "nodes/home/home.h"
#include "nodes/home/keys.h"
#include "nodes/store/outbox.h"

struct th_node_driver;

enum th_node_news_kind {
    TH_NEWS_READY,      /* the server has welcomed the node */
    TH_NEWS_LOST,       /* the connection went */
    TH_NEWS_SENT,       /* `item`; attempt says how often */
    TH_NEWS_SETTLED,    /* `item` with its new state; `detail` has reasons and warnings */
    TH_NEWS_AGAIN,      /* `item` was sent to be readmitted; attempt says how often */
    TH_NEWS_READMITTED, /* `item`: a later log has it */
    TH_NEWS_LATER,      /* `item` was put off by the server: `text` */
    TH_NEWS_ALARM,      /* `text`; the officer should look */
    TH_NEWS_CLOCK,      /* `text`; this machine's clock is not the province's; once */
    TH_NEWS_NOTICE      /* `text`: a reminder or a plan arrived */
};

struct th_node_news {
    enum th_node_news_kind kind;
    const struct th_outbox_item *item; /* or NULL; borrowed for the call, as all below */
    const struct th_outbox_detail *detail;
    uint32_t attempt;
    struct th_text text;
};

struct th_node_ports {
    void *context;
    /* One frame. 0, or TH_E_BUSY when it cannot be sent now: the driver then holds the connection
     * for lost and waits for on_connected, which the caller owes as soon as it takes frames.
     * Copies. */
    int (*send)(void *context, struct th_bytes frame);
    int64_t (*now_ms)(void *context);  /* monotonic */
    th_instant (*wall)(void *context); /* real time */
    void (*random)(void *context, void *ret_bytes, size_t size);
    void (*tell)(void *context, const struct th_node_news *news);
};

/* Sets damaged records aside, then looks for items to send. Returns owned. TH_E_NO_MEMORY, TH_E_IO,
 * TH_E_STORAGE, TH_E_CORRUPT. */
TH_MUST_CHECK int th_node_driver_new(struct th_home *home, const struct th_home_keys *keys,
                                     struct th_outbox *outbox, const struct th_node_ports *ports,
                                     struct th_node_driver **ret_driver);
void th_node_driver_free(struct th_node_driver *driver);

/* The connection is there, newly; or it went. */
TH_MUST_CHECK int th_node_driver_on_connected(struct th_node_driver *driver);
TH_MUST_CHECK int th_node_driver_on_lost(struct th_node_driver *driver);
/* One frame from the server; one that does not decode is dropped, and the first is told. */
TH_MUST_CHECK int th_node_driver_on_frame(struct th_node_driver *driver, struct th_bytes frame);
/* Looks for new items when the outbox changed, and for what is due. Call it several times a second:
 * another process submits into the outbox, and nothing else tells of it. Reads no file while
 * nothing changed. */
TH_MUST_CHECK int th_node_driver_on_time(struct th_node_driver *driver);

/* Nothing is left to send, also of what the province asked for again (what it refuses to readmit is
 * tried on, but not waited for; what the end of the connection cut off is), and what was submitted
 * meanwhile has been looked for. What it asks for is known after a welcome. */
bool th_node_driver_is_idle(struct th_node_driver *driver);
/* The server has welcomed this node since `new`. */
bool th_node_driver_was_welcomed(const struct th_node_driver *driver);
/* How many items are not settled, or asked for again, and within the core's windows. */
size_t th_node_driver_pending(const struct th_node_driver *driver);

#endif
