/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox of one node: reports on their way, what was answered, and notices; in LMDB.
 *
 * A receipt is never replaced by forgetting it: when the province's log lost what it had and a
 * later log readmits the report, the earlier receipt is kept, in a record of its own.
 *
 * Nothing is deleted: an answered report stays with its receipt. One that was taken can be sent and
 * answered in the room that is left, since th_outbox_add() refuses what would need that room.
 *
 * Promises: what a writing function returned 0 for survives any crash. The bytes of a report and of
 * its frozen submission never change. Each record has a checksum: a bad one is never given out; it
 * is set aside and named by th_outbox_scrub(), and all others stay usable. The format is in
 * schema.h.
 *
 * Several processes may have it open: `submit` adds while `run` settles. One `run` at a time: that
 * is its caller's lock. Not thread-safe; a folder is open at most once in one process. After a
 * failed write (TH_E_IO) the outcome is unknown: close it and open again.
 */
#ifndef TH_NODES_OUTBOX_H
#define TH_NODES_OUTBOX_H

#include "base/arena.h"
#include "base/bytes.h"
#include "nodes/core/item.h"
#include "proto/model/report.h"
#include "proto/model/verdict.h"

/* How large an outbox may become. The file has what was written and no more. */
#define TH_OUTBOX_MAP_BYTES ((size_t)1024 * 1024 * 1024)

struct th_outbox;

struct th_outbox_item {
    uint64_t id; /* 1 and up, in the order of submitting */
    enum th_item_state state;
    char plan[TH_LIMIT_PLAN_ID_MAX + 1];
    char obligation[TH_LIMIT_OBLIGATION_ID_MAX + 1];
    uint32_t number, revision;
    struct th_digest report_digest;
    struct th_digest plan_digest; /* what it was checked against */
    uint32_t attempts;            /* as of the last change of state */
    th_instant queued_at;         /* real time, also in a rehearsal */
    bool has_prepared;            /* known when it was queued */
    th_instant prepared;          /* when the officer submitted it, in the province's time */
    th_instant changed_at;
    bool is_frozen;
    struct th_digest header_digest;
    uint64_t bundle; /* it was frozen with others: the number of that submission; otherwise 0 */
    bool is_apart;   /* the province never takes that one: the item goes alone */
    /* what was answered */
    bool has_position, has_timeliness, has_due, has_stored_digest;
    uint64_t position;         /* RECEIVED: in the log */
    th_instant received_at;    /* RECEIVED: the leaf's time */
    th_instant first_received; /* has_timeliness: of the first accepted revision */
    enum th_timeliness timeliness;
    th_instant due;
    struct th_digest stored_digest; /* CONFLICT: of what the province has */
    uint32_t next_revision;         /* CONFLICT, revision gap; 0: not said */
    bool is_readmitted;             /* RECEIVED: a later log has it, at: */
    uint64_t again_position;
    th_instant again_at; /* the leaf's time there */
};

struct th_outbox_reason {
    struct th_text field, value, rule, text;
};

/* What came with the answer. Borrowed when given, in the arena when read. */
struct th_outbox_detail {
    struct th_bytes receipt; /* size 0: none */
    struct th_bytes refusal; /* a signed note; size 0: none */
    const struct th_outbox_reason *reasons, *warnings;
    size_t reasons_count, warnings_count;
};

/* One submission. */
struct th_outbox_frozen {
    uint64_t ids[TH_LIMIT_REPORTS_MAX]; /* whose reports are in it */
    size_t ids_count;
    uint64_t bundle; /* 0: of one item; otherwise the id of an item that names no other bundle */
    struct th_digest header_digest;
    struct th_bytes submission;
};

/* An item's end. */
struct th_outbox_settled {
    struct th_outbox_item item;
    struct th_outbox_detail detail;
};

struct th_outbox_change {
    th_instant time;
    enum th_item_state state;
    uint32_t attempts;
    bool is_readmission; /* the state stayed; a receipt of a later log came */
};

/* A receipt of a later log. */
struct th_outbox_readmission {
    uint64_t id;
    struct th_bytes receipt;
    uint64_t position;
    th_instant time; /* the leaf's */
};

/* What the province asks for: what the log `realm` had at `from` and after. */
struct th_outbox_lost {
    struct th_text realm;
    uint64_t from;
};
#define TH_OUTBOX_LOST_MAX 32

enum th_notice_kind {
    TH_NOTICE_REMINDER = 1,
    TH_NOTICE_PLAN,      /* a plan arrived */
    TH_NOTICE_UNITS,     /* a unit list arrived */
    TH_NOTICE_EVIDENCE,  /* a receipt that does not hold; `evidence` has it */
    TH_NOTICE_STRANGER,  /* the server is not the one of server.yaml */
    TH_NOTICE_SET_ASIDE, /* a damaged record; `evidence` has what was there */
    TH_NOTICE_FAILURE,   /* the server refuses the node itself */
    TH_NOTICE_LOG_KEY    /* the log has another key, or is another log; `evidence`: who says so */
};

struct th_notice {
    enum th_notice_kind kind;
    th_instant time; /* REMINDER: the province's; otherwise when it came, real time */
    th_instant due;  /* REMINDER */
    struct th_text plan, obligation, text;
    uint64_t item; /* EVIDENCE, SET_ASIDE; 0: none */
    struct th_bytes evidence;
};

/*
 * Opens, or makes, the outbox in an existing folder. `map_bytes` 0: TH_OUTBOX_MAP_BYTES. Returns
 * owned. TH_E_CORRUPT: files are missing, shorter than they were, or of another outbox;
 * TH_E_VERSION; TH_E_NOT_FOUND: no such folder; TH_E_FORBIDDEN: it may not be written; TH_E_IO;
 * TH_E_NO_MEMORY. On a disk that is read only it opens for reading: what writes gives
 * TH_E_FORBIDDEN.
 */
TH_MUST_CHECK int th_outbox_open(const char *folder, size_t map_bytes,
                                 struct th_outbox **ret_outbox);
void th_outbox_close(struct th_outbox *outbox);

/* Changes whenever any process has written. It may run ahead of what a read sees: while a commit
 * of another process is being flushed, LMDB shows its number before its contents. So "nothing new
 * since" is said by comparing with the version that a read gave, never with an earlier answer. */
uint64_t th_outbox_version(const struct th_outbox *outbox);

/* ---- writing: each call is one durable transaction ---- */

/*
 * Queues a report: id, state and queued_at are set here. TH_E_EXISTS: an item that is not rejected
 * or damaged has the same plan, obligation, number and revision. TH_E_STORAGE: full, or those
 * before it will need the room that is left; TH_E_IO.
 */
TH_MUST_CHECK int th_outbox_add(struct th_outbox *outbox, const struct th_outbox_item *item,
                                struct th_bytes report, th_instant now, uint64_t *ret_id);

/* Keeps what time it is in a rehearsal, as the province last said. TH_E_STORAGE, TH_E_IO. */
TH_MUST_CHECK int th_outbox_keep_time(struct th_outbox *outbox, th_instant now);
/* TH_E_NOT_FOUND: never heard; TH_E_CORRUPT, TH_E_IO. */
TH_MUST_CHECK int th_outbox_get_time(struct th_outbox *outbox, th_instant *ret_now);

/* Keeps the bytes that will be sent, for ever; QUEUED becomes SENT. All or none. A bundle is kept
 * once. TH_E_EXISTS: one of them is frozen already; TH_E_NOT_FOUND, TH_E_CORRUPT, TH_E_STORAGE,
 * TH_E_IO. */
TH_MUST_CHECK int th_outbox_freeze(struct th_outbox *outbox, const struct th_outbox_frozen *frozen,
                                   size_t count, th_instant now);

/* What was sent of a bundle without an answer is QUEUED again, and apart; DAMAGED when its report
 * is lost. The bundle's bytes stay. TH_E_STORAGE, TH_E_IO. */
TH_MUST_CHECK int th_outbox_part(struct th_outbox *outbox, uint64_t bundle, th_instant now);

/* Ends the way of items, all or none: each has the new state, attempts and answer; identity and
 * digests stay as they were. TH_E_NOT_FOUND, TH_E_CORRUPT, TH_E_STORAGE, TH_E_IO. */
TH_MUST_CHECK int th_outbox_settle(struct th_outbox *outbox,
                                   const struct th_outbox_settled *settled, size_t count,
                                   th_instant now);

/*
 * Puts the receipt of a later log beside the one that is held; it is the newest then. State, times
 * and reasons stay; the history gets a line. The same receipt again changes nothing. TH_E_INVALID:
 * the item is not RECEIVED; TH_E_NOT_FOUND, TH_E_CORRUPT, TH_E_STORAGE, TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_outbox_readmit(struct th_outbox *outbox,
                                    const struct th_outbox_readmission *readmission,
                                    th_instant now);
/* Keeps what the province asks for, as the last welcome said. At most TH_OUTBOX_LOST_MAX. Writes
 * only when it is something else. TH_E_LIMIT, TH_E_STORAGE, TH_E_IO, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_outbox_keep_lost(struct th_outbox *outbox, const struct th_outbox_lost *lost,
                                      size_t count);

/* Keeps a notice; one that is there already (kind, plan, obligation, due, item, text, and evidence
 * unless that is its kind) is left as it is, and `ret_is_new` says so. */
TH_MUST_CHECK int th_outbox_add_notice(struct th_outbox *outbox, const struct th_notice *notice,
                                       bool *ret_is_new);

/*
 * Reads every record. A bad one is set aside: its bytes are kept in a notice that names the item;
 * an item that cannot be sent any more becomes DAMAGED; one that has lost its receipt is sent again
 * as it was, since the province answers with the same receipt. Gives how many were set aside.
 */
TH_MUST_CHECK int th_outbox_scrub(struct th_outbox *outbox, th_instant now, size_t *ret_count);

/* ---- reading: a snapshot; results are in the arena ---- */

/* All items with good records, by id. Items whose record is bad are counted. */
TH_MUST_CHECK int th_outbox_list(struct th_outbox *outbox, struct th_arena *arena,
                                 const struct th_outbox_item **ret_items, size_t *ret_count,
                                 size_t *ret_bad);
/* Up to `capacity` items that are QUEUED or SENT, with an id above `after`, by id. `ret_version` is
 * the version that was read. */
TH_MUST_CHECK int th_outbox_pending(struct th_outbox *outbox, uint64_t after,
                                    struct th_outbox_item *ret_items, size_t capacity,
                                    size_t *ret_count, uint64_t *ret_version);
/* TH_E_NOT_FOUND, TH_E_CORRUPT, TH_E_NO_MEMORY, TH_E_IO; for all below. */
TH_MUST_CHECK int th_outbox_get(struct th_outbox *outbox, uint64_t id,
                                struct th_outbox_item *ret_item);
TH_MUST_CHECK int th_outbox_get_report(struct th_outbox *outbox, uint64_t id,
                                       struct th_arena *arena, struct th_bytes *ret_report);
TH_MUST_CHECK int th_outbox_get_report_size(struct th_outbox *outbox, uint64_t id,
                                            size_t *ret_size);
/* The submission that the item goes with, alone or with others. */
TH_MUST_CHECK int th_outbox_get_frozen(struct th_outbox *outbox, uint64_t id,
                                       struct th_arena *arena, struct th_bytes *ret_submission);
/* Nothing was answered yet: an empty detail. */
TH_MUST_CHECK int th_outbox_get_detail(struct th_outbox *outbox, uint64_t id,
                                       struct th_arena *arena, struct th_outbox_detail *ret_detail);
/* Receipts of earlier logs, the oldest first. Bad ones are left out. */
TH_MUST_CHECK int th_outbox_get_earlier(struct th_outbox *outbox, uint64_t id,
                                        struct th_arena *arena,
                                        const struct th_bytes **ret_receipts, size_t *ret_count);
/* Nothing was asked for, or what was kept is damaged: none; the next welcome says it again. */
TH_MUST_CHECK int th_outbox_get_lost(struct th_outbox *outbox, struct th_arena *arena,
                                     const struct th_outbox_lost **ret_lost, size_t *ret_count);
TH_MUST_CHECK int th_outbox_get_history(struct th_outbox *outbox, uint64_t id,
                                        struct th_arena *arena,
                                        const struct th_outbox_change **ret_changes,
                                        size_t *ret_count);
/* By time. Bad ones are left out. */
TH_MUST_CHECK int th_outbox_get_notices(struct th_outbox *outbox, struct th_arena *arena,
                                        const struct th_notice **ret_notices, size_t *ret_count);

#endif
