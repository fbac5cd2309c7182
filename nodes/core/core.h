/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core of a node: when to greet, what to send next, when to try again, what an answer means.
 *
 * Promises: no clock, randomness, allocation or system call: time and random bits come in with the
 * event. Nothing is given up: an item stays here until it is settled. At most TH_NODE_FLIGHT_MAX
 * submissions wait for an answer at once, and TH_NODE_FLIGHT_BYTES_MAX of reports unless it is one
 * alone. Items are first sent in the order of their ids; one that
 * shares its group (plan, obligation, number) with an earlier item waits until that one is settled,
 * or goes behind it in one submission, so that revision 2 never overtakes revision 1. Never changes
 * a revision. Whether a receipt is genuine is the driver's to find out; the core is told.
 *
 * A backlog goes in bundles: an item whose turn comes takes along whoever is queued behind it, may
 * go as well and is of its kin, up to TH_LIMIT_REPORTS_MAX items and TH_NODE_FLIGHT_BYTES_MAX.
 * Nobody is waited for. What went together goes together at each repetition; each item is settled
 * by its own answer. A bundle that the server never takes comes apart: its items go alone.
 *
 * A readmission shows the province again what its log has lost. The driver names them after each
 * welcome of a new connection, in the order in which they are to be sent; the core forgets them
 * when the connection goes. Items wait until each of them had its first answer, or none in time;
 * items of its group wait until it is settled, later readmissions of it until it is settled or was
 * refused.
 *
 * The tables of core.c and docs/STATE_MACHINES.md say the same.
 *
 * Not thread-safe: one owner.
 */
#ifndef TH_NODES_CORE_H
#define TH_NODES_CORE_H

#include "base/status.h"
#include "nodes/core/item.h"
#include "proto/model/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_NODE_FLIGHT_MAX   8
#define TH_NODE_WINDOW       256 /* items that the core looks at; more wait in the outbox */
#define TH_NODE_AGAIN_WINDOW 128 /* the same for readmissions */
/* Of the reports that wait for an answer, and so of a bundle: what 20 kbit/s carry before an answer
 * is overdue. Far below TH_LIMIT_SUBMISSION_SIZE_MAX, so header and framing fit. */
#define TH_NODE_FLIGHT_BYTES_MAX (64 * 1024)
#define TH_NODE_ANSWER_MS        30000
#define TH_NODE_BACKOFF_FIRST_MS 1000
#define TH_NODE_BACKOFF_MAX_MS   300000
#define TH_NODE_NEVER_MS         INT64_MAX

enum th_node_link {
    TH_NODE_LINK_DOWN,     /* no connection */
    TH_NODE_LINK_GREETING, /* hello was sent, or waits for its next try */
    TH_NODE_LINK_READY     /* welcome: items are sent */
};

/* Where an unsettled item is. */
enum th_node_stage {
    TH_NODE_STAGE_QUEUED,  /* never sent */
    TH_NODE_STAGE_FLYING,  /* sent, the answer is awaited */
    TH_NODE_STAGE_WAITING, /* sent before; the next try is at due_ms */
    TH_NODE_STAGE_SETTLED  /* leaves the core */
};

enum th_node_event_kind {
    /* the connection */
    TH_NODE_EVENT_CONNECTED,
    TH_NODE_EVENT_LOST,
    TH_NODE_EVENT_WELCOME,
    TH_NODE_EVENT_STRANGER, /* a welcome of another realm or mode than the pinned one */
    TH_NODE_EVENT_TIME,     /* time has passed */
    /* one item, named by its id */
    TH_NODE_EVENT_ITEM, /* an unsettled item of the outbox, in the order of ids */
    TH_NODE_EVENT_RECEIPT_GOOD,
    TH_NODE_EVENT_RECEIPT_BAD, /* no answer that holds: a receipt, or a refusal, that does not */
    TH_NODE_EVENT_REJECTED,
    TH_NODE_EVENT_CONFLICT,
    TH_NODE_EVENT_DAMAGED, /* its bytes cannot be read any more */
    TH_NODE_EVENT_AGAIN,   /* an item to readmit, before WELCOME or when there is room again */
    /* a failure, named by its request */
    TH_NODE_EVENT_FAILURE
};

struct th_node_event {
    enum th_node_event_kind kind;
    int64_t now_ms;  /* monotonic, of the caller */
    uint64_t random; /* 64 fresh random bits, for jitter */
    uint64_t id;     /* of an item */
    uint64_t group;  /* ITEM, AGAIN: equal for revisions of one report */
    uint64_t kin;    /* ITEM: equal for those that may go in one submission; 0: goes alone */
    uint64_t bundle; /* ITEM, AGAIN: equal for those that are in one submission; 0: none else is */
    uint32_t size_bytes; /* ITEM, AGAIN: of the report */
    bool was_sent;       /* ITEM: it was sent before a restart */
    bool has_more;       /* AGAIN: others follow as soon as there is room */
    bool has_next;       /* another event follows at once: nothing is sent before the last one */
    uint64_t request;
    bool retry;        /* FAILURE */
    uint32_t after_ms; /* FAILURE; 0: not said */
};

enum th_node_action_kind {
    TH_NODE_ACTION_HELLO,    /* send hello with `request` */
    TH_NODE_ACTION_SEND,     /* send what th_node_core_sent() says; freeze before the first */
    TH_NODE_ACTION_APART,    /* the items of the bundle `id` are as if never sent; they go alone */
    TH_NODE_ACTION_SETTLE,   /* keep the item's final `state` */
    TH_NODE_ACTION_EVIDENCE, /* keep what did not verify, and raise the alarm */
    TH_NODE_ACTION_STRANGER, /* raise the alarm: the server is not the pinned one */
    TH_NODE_ACTION_READMIT,  /* send the submission and the receipt of the item with `request` */
    TH_NODE_ACTION_READMITTED,   /* keep the new receipt beside the old one */
    TH_NODE_ACTION_CONTRADICTION /* raise the alarm: the province has other content now */
};

struct th_node_action {
    enum th_node_action_kind kind;
    enum th_item_state state;
    uint64_t id;
    uint64_t bundle; /* SEND: 0, the item goes alone; otherwise one number for the bundle */
    uint64_t request;
    uint32_t attempt; /* SEND, SETTLE: how often it was sent by this process; READMIT: on this
                         connection */
};

#define TH_NODE_ACTIONS_MAX (TH_NODE_FLIGHT_MAX + 2)

struct th_node_actions {
    struct th_node_action items[TH_NODE_ACTIONS_MAX];
    size_t count;
};

struct th_node_slot {
    uint64_t id;
    uint64_t group;
    uint64_t kin;    /* 0: goes alone */
    uint64_t bundle; /* 0: it is in none; otherwise the id of the first that was in it */
    uint64_t request;
    int64_t due_ms;      /* not sent before */
    int64_t deadline_ms; /* FLYING: when the answer is overdue */
    uint32_t attempts;
    uint32_t size_bytes;
    enum th_node_stage stage;
    bool is_again;    /* a readmission */
    bool was_refused; /* a readmission that the province does not take now */
};

/* Its members belong to the core; the driver asks the functions below. */
struct th_node_core {
    enum th_node_link link;
    uint64_t next_request;
    uint64_t hello_request;
    int64_t hello_due_ms;      /* the next hello */
    int64_t hello_deadline_ms; /* when its answer is overdue; TH_NODE_NEVER_MS: none is awaited */
    uint32_t hello_attempts;
    int64_t hold_until_ms;                     /* the server asked for a pause */
    struct th_node_slot slots[TH_NODE_WINDOW]; /* by id */
    size_t count;
    struct th_node_slot again[TH_NODE_AGAIN_WINDOW]; /* in the order of AGAIN */
    size_t again_count;
    bool has_more_again;
};

void th_node_core_init(struct th_node_core *core);

/* Takes in the event; the actions are to be carried out in their order. An item that is not here
 * and a request that is not awaited are ignored. Preconditions: for ITEM, room, ids ascend; for
 * AGAIN, room, and the item is not here. */
void th_node_core_step(struct th_node_core *core, const struct th_node_event *event,
                       struct th_node_actions *ret_actions);

/* The items that went with a request and have no answer yet, in the order of their windows: right
 * after the step that sent them all of a new bundle, in its order. */
size_t th_node_core_sent(const struct th_node_core *core, uint64_t request,
                         uint64_t ret_ids[TH_LIMIT_REPORTS_MAX]);
/* How many more items fit. */
size_t th_node_core_room(const struct th_node_core *core);
size_t th_node_core_again_room(const struct th_node_core *core);
/* Whether a readmission has not had its answer: one that the province refused is not counted. */
bool th_node_core_awaits_again(const struct th_node_core *core);

/* The pause before try number `attempts` + 1: 1 ms to min(5 min, 1 s * 2^(attempts - 1)), every
 * length as likely as another. Precondition: attempts > 0. */
int64_t th_node_backoff_ms(uint32_t attempts, uint64_t random);

#endif
