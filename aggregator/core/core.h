/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core of the aggregator: one door, th_core_step(). An event goes in, decisions come out.
 *
 * Promises: no clock, randomness, locale, float, thread or system call; the same state and events
 * give the same effects and the same state. A step checks everything first and then changes the
 * state on a path that cannot fail: a step that returns an error has changed nothing. State is what
 * folding the effects of the journal gives; sessions, quotas, counters of refusals are not state.
 *
 * Before a step the caller loads the books (rows of one obligation) that th_core_needs() names.
 * Effects belong to the batch's arena; the caller carries them out in this order: all store effects
 * of a batch in one transaction, then answers, then reminders and publications.
 *
 * Not thread-safe: one thread owns a core. Plans are borrowed for its life; all else is copied.
 */
#ifndef TH_CORE_CORE_H
#define TH_CORE_CORE_H

#include "aggregator/core/rollup.h"
#include "aggregator/core/row.h"
#include "base/heap.h"
#include "proto/model/entry.h"
#include "proto/model/plan.h"

struct th_core;

/* ---- events ---- */

struct th_reading {
    th_instant wall;
    int64_t boottime_ms; /* CLOCK_BOOTTIME */
};

enum th_event_kind {
    TH_EVENT_FOUND = 1, /* the first entry of a store */
    TH_EVENT_UNITS,
    TH_EVENT_PLAN,
    TH_EVENT_ENROL,
    TH_EVENT_REVOKE,
    TH_EVENT_SUBMISSION,
    TH_EVENT_TICK,         /* time has passed */
    TH_EVENT_CLOCK_SET,    /* rehearsal only */
    TH_EVENT_CLOCK_ACCEPT, /* an operator ends CLOCK_SUSPECT */
    /* Their entry is the first of the step: clock and timers wait for the next event. */
    TH_EVENT_ROTATE,  /* another key signs the log from this entry on */
    TH_EVENT_RECOVER, /* a store that was put back goes on as a new log */
    TH_EVENT_END_RECOVERY,
    TH_EVENT_READMISSION, /* a report of the log that was lost */
    TH_EVENT_ENTERING     /* a report that came on paper */
};

struct th_event_submission {
    const struct th_submission *submission; /* decoded, signature right for header.key */
    struct th_text peer_unit;               /* whose CURVE key the connection was admitted with */
    struct th_bytes raw;                    /* the Submission as it arrived */
};

/* The receipt holds, verified with the keys of this log's history, and its leaf names the header's
 * digest, the unit and the mode. */
struct th_event_readmission {
    const struct th_submission *submission; /* decoded, signature right for header.key */
    struct th_text peer_unit;
    struct th_bytes raw;        /* the Submission as it was frozen */
    struct th_bytes receipt;    /* as it was shown */
    const struct th_leaf *leaf; /* of the receipt */
};

/* Who brings it has the folder and its secrets: nobody signs. */
struct th_event_entering {
    const struct th_submission *submission; /* th_wire_entered_submission(): one report */
    struct th_bytes raw;                    /* the Entering as it was brought */
    struct th_text operator;
};

/* Which of the timers that are due fire in a step, before what the event itself is about. All at
 * once may take more memory than a step should: whoever steps with ticks that fire one each, until
 * th_core_is_due() says no, lets the events between them fire none. */
enum th_event_timers { TH_TIMERS_ALL, TH_TIMERS_ONE, TH_TIMERS_NONE };

struct th_event {
    enum th_event_kind kind;
    enum th_event_timers timers; /* a clock that is set fires all on its way in any case */
    struct th_reading now;       /* the stamp of the drain */
    uint64_t sender;             /* the caller's token, comes back in the answer */
    union {
        struct th_founding found;
        struct {
            const struct th_unit *units;
            uint32_t count;
            struct th_bytes raw; /* the UnitList */
        } units;
        struct {
            const struct th_plan *plan; /* borrowed for the life of the core */
            struct th_digest digest;
            struct th_bytes raw;
        } plan;
        struct th_enrolment enrol;
        struct th_revocation revoke;
        struct th_event_submission submission;
        struct {
            th_instant to;
            struct th_text operator;
        } clock;
        struct th_rotation rotate;
        struct th_recovery recover;
        struct th_recovery_end end_recovery;
        struct th_event_readmission readmission;
        struct th_event_entering entering;
    } body;
};

/* ---- effects ---- */

enum th_effect_kind {
    /* store */
    TH_EFFECT_APPEND = 1,
    TH_EFFECT_PUT_ROW,
    TH_EFFECT_PUT_JUDGED, /* rows of a book, many, that were judged: th_core_judged() */
    TH_EFFECT_PUT_REVISION,
    TH_EFFECT_PUT_CLOSING,
    TH_EFFECT_PUT_UNIT,
    TH_EFFECT_PUT_PLAN,
    TH_EFFECT_PUT_KEY,
    TH_EFFECT_PUT_MARK,
    TH_EFFECT_PUT_CLOCK,
    TH_EFFECT_PUT_LOG_KEY,
    TH_EFFECT_PUT_RECOVERY,
    /* after the commit */
    TH_EFFECT_ANSWER,
    TH_EFFECT_REMIND
};

struct th_entry {
    uint64_t position;
    enum th_entry_kind kind;
    th_instant time;
    int64_t boottime_ms;
    enum th_clock_status clock;
    struct th_text unit;     /* of reports, enrolment, revocation; "" otherwise */
    struct th_text operator; /* ENTERED: who entered it; "" otherwise */
    bool has_header_digest;
    struct th_digest header_digest;
    struct th_decision decision; /* of reports */
    struct th_bytes raw;         /* the body as it arrived: submission, entered, units, plan */
    const struct th_digest *raw_digest; /* NULL: nobody has computed it yet */
    union {                             /* the body of the other kinds */
        struct th_founding founding;
        struct th_enrolment enrolment;
        struct th_revocation revocation;
        struct th_reminding reminding;
        struct th_closing_body closing;
        struct th_clock_change clock_change;
        struct th_rotation rotation;
        struct th_recovery recovery;
        struct th_recovery_end recovery_end;
        struct th_readmission readmission;
    } body;
};

/* What the log has of it as its leaf. Borrows. */
struct th_leaf th_entry_leaf(const struct th_entry *entry, enum th_mode mode,
                             const struct th_digest *entry_digest);

struct th_key_row {
    uint32_t unit;
    struct th_sign_key sign_key;
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
    uint64_t enrolled_at; /* position */
    bool revoked;
    uint64_t revoked_at;     /* position */
    th_instant revoked_from; /* what is stamped at this instant or later is refused */
};

/* Whether something with this stamp may be signed with the key. */
bool th_key_is_in_force(const struct th_key_row *key, th_instant stamp);

/* A store that was put back: timers wait until the operator ends the recovery. */
struct th_recovery_row {
    bool is_open;
    uint64_t began_at; /* position of the RECOVERED entry */
};

/* What timers have done for one obligation. */
struct th_mark {
    bool closed;
    th_instant closed_at; /* the due instant that was closed */
    bool reminded;
    th_instant reminded_at; /* the latest reminder instant that has fired */
};

struct th_clock_row {
    th_instant time; /* of the last entry: never goes back */
    enum th_clock_status status;
    th_instant anchor_wall; /* the pair that wall and boottime are compared with */
    int64_t anchor_boottime_ms;
    bool rehearsed; /* the rehearsal's clock stands at `time` */
};

struct th_report_verdict {
    struct th_digest digest;
    enum th_verdict kind;
    uint64_t position; /* accepted, duplicate, conflict */
    bool has_position;
    struct th_digest stored_digest; /* conflict */
    uint32_t next_revision;         /* conflict, revision_gap; 0: not said */
    struct th_reasons reasons, warnings;
};

struct th_effect {
    enum th_effect_kind kind;
    struct th_book_id book; /* of rows, revisions, closings, marks, reminders */
    union {
        struct th_entry append;
        struct th_row row;
        struct {
            const uint32_t *places;
            uint32_t count;
        } judged;
        struct th_revision revision;
        struct {
            th_instant closed_at;
            uint32_t unit;
            enum th_branch branch;
            struct th_rollup rollup;
            const struct th_rollup_layout *layout;
        } closing;
        struct {
            uint32_t number;
            uint64_t position; /* of the entry that brought it; of a plan likewise */
            struct th_unit unit;
        } unit;
        struct {
            uint16_t number;
            uint64_t position;
            struct th_digest digest;
            th_instant loaded_at;
            struct th_bytes raw;
        } plan;
        struct {
            uint16_t number; /* 0: the key that the store was founded with, which is never put */
            struct th_log_key_body key;
        } log_key;
        struct th_recovery_row recovery;
        struct th_key_row key;
        struct th_mark mark;
        struct th_clock_row clock;
        struct {
            uint64_t sender;
            int status; /* 0, or TH_E_…: the event as a whole was refused (enrol, clock …) */
            /* of reports: */
            bool is_submission;
            struct th_digest header_digest;
            bool journalled; /* an entry was appended by this event at `position` */
            uint64_t position;
            const struct th_report_verdict *verdicts;
            size_t verdicts_count;
        } answer;
        struct {
            th_instant instant;
            th_instant due;
            const uint32_t *units; /* that have not reported */
            uint32_t count;
        } remind;
    } body;
};

/* The effects of a batch, in order. They grow by chunks and stay where they are. */
#define TH_EFFECTS_CHUNK 64
struct th_effects {
    struct th_arena *arena;    /* the batch's: of entries, answers and whatever leaves */
    struct th_arena *passing;  /* of what the store gets, may be reset then. NULL: `arena` */
    struct th_effect **chunks; /* TH_EFFECTS_CHUNK effects each */
    size_t chunks_count, chunks_capacity;
    size_t count;
    bool without_rows; /* of a fold whose rows are asked for at its end: none is put in here */
};

/* Precondition: index < count. */
struct th_effect *th_effects_get(const struct th_effects *effects, size_t index);

/* ---- life ---- */

/* `budget_bytes` bounds all memory of the core. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_core_new(size_t budget_bytes, struct th_core **ret_core);
/* With memory from a source of the core's life. */
TH_MUST_CHECK int th_core_new_from(size_t budget_bytes, struct th_heap_source source,
                                   struct th_core **ret_core);
void th_core_free(struct th_core *core);

/* Loading what the tables hold, before the first step, in this order. All TH_E_NO_MEMORY, and
 * TH_E_CORRUPT for what no store of ours can hold: nothing that was read is asserted. */
TH_MUST_CHECK int th_core_load_identity(struct th_core *core, enum th_mode mode,
                                        struct th_text realm, uint64_t next_position);
TH_MUST_CHECK int th_core_load_units(struct th_core *core, const struct th_unit *units,
                                     uint32_t count); /* by number, from 0 */
TH_MUST_CHECK int th_core_load_plan(struct th_core *core, const struct th_plan *plan,
                                    const struct th_digest *digest, th_instant loaded_at);
TH_MUST_CHECK int th_core_load_key(struct th_core *core, const struct th_key_row *key);
TH_MUST_CHECK int th_core_load_mark(struct th_core *core, struct th_book_id book,
                                    const struct th_mark *mark);
void th_core_load_clock(struct th_core *core, const struct th_clock_row *clock);
/* The origins that this log has borne, in order, the first one too; the realm of the identity is
 * the last. The same one twice in a row is a rotation's. Submissions may name any of them: they
 * were frozen before a recovery. */
TH_MUST_CHECK int th_core_load_origin(struct th_core *core, struct th_text origin);
/* How many keys the log has had, and whether a recovery is open. */
void th_core_load_recovery(struct th_core *core, uint16_t log_keys_count,
                           const struct th_recovery_row *recovery);

/*
 * A book: every row of one obligation, and every superseded revision. Open, all rows in any order,
 * revisions after their row, close. Rollups are folded. What the tables hold never depends on which
 * books are open: the books of a new plan are, and for new units all are needed. TH_E_NO_MEMORY,
 * TH_E_CORRUPT: then the core is used up.
 */
bool th_core_book_is_open(const struct th_core *core, struct th_book_id book);
/* Its due instant was closed. */
bool th_core_book_is_closed(const struct th_core *core, struct th_book_id book);
TH_MUST_CHECK int th_core_book_open(struct th_core *core, struct th_book_id book);
TH_MUST_CHECK int th_core_book_row(struct th_core *core, struct th_book_id book,
                                   const struct th_row *row);
/* A revision that was superseded. */
TH_MUST_CHECK int th_core_book_revision(struct th_core *core, struct th_book_id book,
                                        const struct th_revision *revision);
void th_core_book_close(struct th_core *core, struct th_book_id book);
/* Of an open book: room for a row of each unit that is asked, so that a burst need not make it.
 * TH_E_NO_MEMORY: nothing else has changed. */
TH_MUST_CHECK int th_core_book_make_room(struct th_core *core, struct th_book_id book);

/* ---- stepping ---- */

/* What the caller must load before this event: books; or the rows of a book as they were at an
 * instant (for a closing that waited while the clock was suspect), given by th_core_give_past(). */
struct th_need {
    struct th_book_id book;
    bool past;
    th_instant at; /* rows first received before it, each as its last revision before it */
};
/* Names only what is not loaded. Call again after loading, until it is 0: a list that was cut at
 * TH_CORE_NEEDS_MAX goes on, and a past is known to be needed only once its book is there. */
#define TH_CORE_NEEDS_MAX 64
size_t th_core_needs(const struct th_core *core, const struct th_event *event,
                     struct th_need ret_needs[TH_CORE_NEEDS_MAX]);
TH_MUST_CHECK int th_core_give_past(struct th_core *core, struct th_book_id book, th_instant at,
                                    const struct th_row *rows, size_t rows_count);

/*
 * For who steps through many submissions: asks the processor for the memory that the step of one
 * will look at. Where a piece is stands in the piece before, so one is asked for in
 * TH_CORE_FORESIGHTS stages, from 0 on, and others are stepped in between. Changes nothing, and
 * nothing depends on it. `foresight`: zero before the first stage, kept from stage to stage.
 */
#define TH_CORE_FORESIGHTS 6
struct th_core_foresight {
    bool is_known; /* the next three are */
    struct th_book_id book;
    uint32_t unit, number;
};
void th_core_foresee_submission(const struct th_core *core, const struct th_event_submission *event,
                                unsigned stage, struct th_core_foresight *foresight);

/* Whether a timer is due at the event's stamp that fires before what the event is about. */
bool th_core_is_due(const struct th_core *core, const struct th_event *event);

/* Appends the effects of the event. TH_E_NO_MEMORY: nothing has changed, in state and effects. */
TH_MUST_CHECK int th_core_step(struct th_core *core, const struct th_event *event,
                               struct th_effects *effects);

/* The i-th row of TH_EFFECT_PUT_JUDGED: the core's own, as it is after the step, until the next
 * one; its unit and number for as long as the effect is there. A year's rows may be judged at once,
 * so that an effect has no copies of them. Precondition: i < count. */
const struct th_row *th_core_judged(const struct th_core *core, const struct th_effect *effect,
                                    uint32_t i);

/* Rollups that changed since they were last taken; written once per batch. */
typedef int th_core_rollup_fn(void *context, struct th_book_id book, uint32_t unit,
                              enum th_branch branch, const struct th_rollup_layout *layout,
                              const struct th_rollup *rollup);
/* Calls `fn` for each and clears the marks; stops with the first error, which it returns. */
TH_MUST_CHECK int th_core_take_dirty(struct th_core *core, th_core_rollup_fn *fn, void *context);

/* The same for the books that are wanted; the others keep their marks. */
typedef bool th_core_book_fn(void *context, struct th_book_id book);
TH_MUST_CHECK int th_core_take_dirty_of(struct th_core *core, th_core_book_fn *is_wanted,
                                        th_core_rollup_fn *fn, void *context);
/* All rollups of an open book, as if they had changed: what is stored of them may be older. */
void th_core_book_touch(struct th_core *core, struct th_book_id book);

/* ---- folding the journal ---- */

/*
 * Applies one entry of a journal as it was decided then: verdicts and timeliness are the entry's,
 * rules are not asked. `content` is the entry's body, decoded, in the form of the event that brings
 * such an entry (NULL for reminders, closings and changes of the clock); only its body is looked
 * at: a plan's `raw` and digest too, which the table keeps, and no leaf of a readmission. Appends
 * the effects on tables, no TH_EFFECT_APPEND, nothing that leaves. A core that began empty and
 * folded a journal from its first entry is the state at its end; books are open from their plan's
 * entry on, so there are no needs but the one below.
 *
 * TH_E_CORRUPT: no core decides such an entry after those before it (its position, a time that goes
 * back, an unknown unit, a revision that skips, a body that does not fit the decision). Then and
 * after TH_E_NO_MEMORY the core is used up.
 */
TH_MUST_CHECK int th_core_fold(struct th_core *core, const struct th_entry *entry,
                               const struct th_event *content, struct th_effects *effects);

/*
 * What can be done ahead of the fold with the reports of an entry: a row is made of each that was
 * accepted, and the decision is held against the submission. Reads nothing of the core but its
 * first `plans_count` plans, so that others may do it while one thread folds.
 */
struct th_prepared_report {
    struct th_book_id book;
    struct th_row row; /* as of a first revision; its unit is not known yet */
};
struct th_prepared {
    const struct th_submission *submission;
    struct th_prepared_report *reports; /* accepted ones, in order; of the arena, values too */
    size_t count;
};
/* Borrows the submission. TH_E_CORRUPT: no core decides so, as far as these plans tell.
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_core_prepare(const struct th_core *core, uint16_t plans_count,
                                  const struct th_entry *entry,
                                  const struct th_submission *submission, struct th_arena *arena,
                                  struct th_prepared *ret_prepared);
/* th_core_fold() with what was prepared of this entry; NULL: nothing was. */
TH_MUST_CHECK int th_core_fold_prepared(struct th_core *core, const struct th_entry *entry,
                                        const struct th_event *content,
                                        const struct th_prepared *prepared,
                                        struct th_effects *effects);
/* True when folding a closing needs the rows of its book as they were (th_core_give_past()). */
bool th_core_fold_need(const struct th_core *core, const struct th_entry *entry,
                       struct th_need *ret_need);

/* Gives back the memory of a book's rollups, which a closing has made: a fold makes them anew when
 * they are asked for. */
void th_core_drop_rollups(struct th_core *core, struct th_book_id book);

/*
 * What a fold has made, for who holds it against tables. Several threads may ask while nobody folds
 * or steps. All but the first: of a book that is open.
 */
bool th_core_has_book(const struct th_core *core, struct th_book_id book);
/* The book's rollups are still those that its closing has frozen. */
bool th_core_is_as_closed(const struct th_core *core, struct th_book_id book);
uint64_t th_core_rows_count(const struct th_core *core, struct th_book_id book);
uint64_t th_core_revisions_count(const struct th_core *core, struct th_book_id book);
/* Borrows; NULL: there is none. */
const struct th_row *th_core_find_row(const struct th_core *core, struct th_book_id book,
                                      uint32_t unit, uint32_t number);
/* For who looks at all in the order of units: this one's rows are found; those of the next ones
 * come from memory meanwhile. */
void th_core_foresee(const struct th_core *core, struct th_book_id book, uint32_t unit);
/* A superseded one. Borrows; NULL: there is none. */
const struct th_revision *th_core_find_revision(const struct th_core *core, struct th_book_id book,
                                                uint32_t unit, uint32_t number, uint32_t revision);
/* Every row of the book, in no order. A result of `fn` that is not 0 ends it and is handed on. */
typedef int th_core_row_fn(void *context, const struct th_row *row);
TH_MUST_CHECK int th_core_rows(const struct th_core *core, struct th_book_id book,
                               th_core_row_fn *fn, void *context);
/* The superseded revisions of one report, the newest first; likewise. */
typedef int th_core_revision_fn(void *context, const struct th_revision *revision);
TH_MUST_CHECK int th_core_revisions(const struct th_core *core, struct th_book_id book,
                                    uint32_t unit, uint32_t number, th_core_revision_fn *fn,
                                    void *context);
/* The rollups that the book's rows make, each made anew; likewise. In memory of its own, at most
 * `budget_bytes`: TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_core_recount(const struct th_core *core, struct th_book_id book,
                                  size_t budget_bytes, th_core_rollup_fn *fn, void *context);

/* ---- asking ---- */

const struct th_recovery_row *th_core_recovery(const struct th_core *core);

/* The journal's time that an event with this reading would get. */
th_instant th_core_time(const struct th_core *core, struct th_reading now);
/* The next instant at which a timer fires; it may be past, then the next event fires it. False when
 * none is armed, or the clock is suspect. In a rehearsal it waits for TH_EVENT_CLOCK_SET. */
bool th_core_next_due(const struct th_core *core, th_instant *ret_instant);
enum th_clock_status th_core_clock_status(const struct th_core *core);
uint32_t th_core_units_count(const struct th_core *core);
/* Borrowed until units are added; `parent` is a number. */
const struct th_unit *th_core_unit(const struct th_core *core, uint32_t number);
/* The number of the unit of a code valid on a day. False when there is none. */
bool th_core_find_unit(const struct th_core *core, struct th_text code, th_day day,
                       uint32_t *ret_number);
uint16_t th_core_plans_count(const struct th_core *core);
const struct th_plan *th_core_plan(const struct th_core *core, uint16_t number);
/* True when the unit is one of those that are to report: th_plan_expects() on the last day on time,
 * or on `today` when there is no due date. */
bool th_core_expects(const struct th_core *core, struct th_book_id book, uint32_t unit,
                     th_day today);
/* Of the reports that are expected, how many the open books lack that are not closed. */
uint64_t th_core_lacking(const struct th_core *core);
/* True when the unit has reported to the obligation. Precondition: the book is loaded. */
bool th_core_has_reported(const struct th_core *core, struct th_book_id book, uint32_t unit);
const struct th_mark *th_core_mark(const struct th_core *core, struct th_book_id book);

#endif
