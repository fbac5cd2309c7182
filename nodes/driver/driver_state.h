/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of nodes/driver share, and nobody else. */
#ifndef TH_NODES_DRIVER_STATE_H
#define TH_NODES_DRIVER_STATE_H

#include "nodes/driver/driver.h"
#include "proto/tlog/checkpoint.h"
#include "proto/wire/message.h"

/* What the driver knows beside the core about an item of the window. */
struct th_node_flight {
    uint64_t id; /* 0: free */
    bool is_frozen;
    uint64_t bundle;                /* 0: it goes, or went, alone */
    struct th_digest header_digest; /* when frozen */
    struct th_digest report_digest;
    uint32_t attempts_before; /* in earlier processes */
};

/* The answer that the current step is about, for its actions. */
struct th_node_answer {
    const struct th_wire_verdict *verdict; /* or NULL */
    const struct th_outcome *outcome;
    const struct th_failure *failure;
    struct th_bytes receipt;
    struct th_bytes refusal; /* a note that holds */
    const struct th_leaf *leaf;
    const struct th_checkpoint *checkpoint; /* beside `leaf` */
    const struct th_judgement *judgement;
    const char *fault;        /* why a receipt, or a refusal, does not hold */
    struct th_bytes unproven; /* the refusal that does not; size 0: a receipt, or there is none */
};

/* The log as a receipt that is held showed it. A log is named by its place in the history: that of
 * the first key with its name. */
struct th_node_held {
    uint64_t item; /* whose receipt it is */
    size_t log;
    uint64_t size;
    struct th_digest root;
};

/* Where a received item is: its newest receipt's place. */
struct th_node_place {
    uint64_t item;
    size_t log;
    uint64_t position;
};

struct th_node_driver {
    struct th_home *home;
    const struct th_home_keys *keys;
    struct th_outbox *outbox;
    struct th_node_ports ports;
    struct th_node_core core;
    struct th_node_flight flights[TH_NODE_WINDOW];
    struct th_outbox_settled *settled; /* what an outcome ends, in the arena; kept with its last */
    size_t settled_count;
    struct th_digest known[TH_LIMIT_KNOWN_MAX];
    size_t known_count;
    struct th_node_held *held; /* one for each log and size */
    size_t held_count, held_capacity;
    struct th_node_place *places; /* one for each received item with a good receipt */
    size_t places_count, places_capacity;
    /* Readmissions: what the last welcome asks for, in order; the first of them are in the core. */
    struct th_node_place *lost;
    size_t lost_count, lost_next;
    struct th_node_place fed; /* the last that went into the core, and: */
    uint64_t fed_bundle;      /* the submission that it is in */
    uint64_t fed_key;         /* the number that the core knows that one by */
    struct th_node_flight again[TH_NODE_AGAIN_WINDOW];
    bool owes_again;       /* the connection went before each of them had its answer */
    uint64_t last_id;      /* of the last item that went into the core */
    uint64_t seen_version; /* of the outbox */
    bool may_have_more;    /* the window was full when items were last looked for */
    bool is_repaired;      /* an item before last_id may have to be sent again */
    bool was_welcomed;
    th_instant store_now;  /* of the last welcome */
    bool has_told_clock;   /* that this machine's is wrong */
    bool has_dropped;      /* a frame of the server could not be read, and this was told */
    struct th_arena arena; /* reset at the start of each call from outside */
};

struct th_node_flight *th_node_find_flight(struct th_node_driver *driver, uint64_t id);
/* Steps the core and carries out the actions. `answer` may be NULL. */
TH_MUST_CHECK int th_node_step(struct th_node_driver *driver, struct th_node_event event,
                               const struct th_node_answer *answer);
/* answer.c: SETTLE and EVIDENCE. */
/* SETTLE only notes it: th_node_keep_settled() keeps all that was noted, then tells. */
TH_MUST_CHECK int th_node_settle(struct th_node_driver *driver, const struct th_node_action *action,
                                 const struct th_node_answer *answer);
TH_MUST_CHECK int th_node_keep_settled(struct th_node_driver *driver);
TH_MUST_CHECK int th_node_keep_evidence(struct th_node_driver *driver, uint64_t id,
                                        const struct th_node_answer *answer);
TH_MUST_CHECK int th_node_keep_notice(struct th_node_driver *driver, struct th_notice notice,
                                      enum th_node_news_kind news);
/* outcome.c */
TH_MUST_CHECK int th_node_on_outcome(struct th_node_driver *driver,
                                     const struct th_outcome *outcome);
/* Accepted, or found again: a receipt has to say so. Otherwise a refusal has to. */
bool th_node_was_taken(const struct th_wire_verdict *verdict);
/* greeting.c */
TH_MUST_CHECK int th_node_send_hello(struct th_node_driver *driver, uint64_t request);
TH_MUST_CHECK int th_node_on_welcome(struct th_node_driver *driver,
                                     const struct th_welcome *welcome);
/* The alarm; `answer` may say why. */
TH_MUST_CHECK int th_node_keep_stranger(struct th_node_driver *driver,
                                        const struct th_node_answer *answer);

/* readmit.c. Lists what is asked for and gives the core as much as it takes. */
TH_MUST_CHECK int th_node_ask_again(struct th_node_driver *driver, const struct th_lost *lost,
                                    size_t count);
/* Gives the core more when it has room. */
TH_MUST_CHECK int th_node_feed_again(struct th_node_driver *driver);
/* The connection went: the core has forgotten them. */
void th_node_forget_again(struct th_node_driver *driver);
struct th_node_flight *th_node_find_again(struct th_node_driver *driver, uint64_t id);
/* READMIT, READMITTED, CONTRADICTION. */
TH_MUST_CHECK int th_node_send_again(struct th_node_driver *driver,
                                     const struct th_node_action *action);
TH_MUST_CHECK int th_node_keep_readmission(struct th_node_driver *driver, uint64_t id,
                                           const struct th_node_answer *answer);
TH_MUST_CHECK int th_node_keep_contradiction(struct th_node_driver *driver, uint64_t id,
                                             const struct th_node_answer *answer);

/* driver.c */
TH_MUST_CHECK int th_node_send_message(struct th_node_driver *driver,
                                       const struct th_to_aggregator *message);
/* Sets aside what is damaged. What has to be sent again for it is looked for. */
TH_MUST_CHECK int th_node_scrub(struct th_node_driver *driver);
uint64_t th_node_group_of(const struct th_outbox_item *item);

/* sending.c: SEND and APART. */
uint64_t th_node_kin_of(const struct th_outbox_item *item);
/* Freezes what is to be sent for the first time, in one transaction. */
TH_MUST_CHECK int th_node_freeze(struct th_node_driver *driver,
                                 const struct th_node_actions *actions);
TH_MUST_CHECK int th_node_send_parcel(struct th_node_driver *driver,
                                      const struct th_node_action *action);
TH_MUST_CHECK int th_node_part(struct th_node_driver *driver, uint64_t bundle,
                               const struct th_node_answer *answer);
/* Scrubs; the items leave the core. */
TH_MUST_CHECK int th_node_drop_damaged(struct th_node_driver *driver, const uint64_t *ids,
                                       size_t count);

/* witness.c. Finds where received items are, and what all receipts that are held say of the log. */
TH_MUST_CHECK int th_node_witness_load(struct th_node_driver *driver);
/* The place in the history of the log with this name; the number of keys: none. */
size_t th_node_log_of(const struct th_node_driver *driver, const char *name, size_t size);
/* The item whose newest receipt is the last one of the last log that has any; 0: none. */
uint64_t th_node_newest_item(const struct th_node_driver *driver);
/* Keeps where an item is now. */
TH_MUST_CHECK int th_node_place_item(struct th_node_driver *driver, uint64_t item,
                                     const struct th_checkpoint *seen, uint64_t position);
/* Keeps a notice when the log is shorter than a receipt of the same log has shown it; once for each
 * size. */
TH_MUST_CHECK int th_node_witness_welcome(struct th_node_driver *driver, uint64_t size);
/* Takes in a receipt that holds; keeps a notice when it contradicts another one. */
TH_MUST_CHECK int th_node_witness_receipt(struct th_node_driver *driver, uint64_t item,
                                          const struct th_checkpoint *seen,
                                          struct th_bytes receipt);

#endif
