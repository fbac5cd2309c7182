/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver needs from the world: small tables of functions, so that tests and the simulator
 * put their own store, network and publisher in place of LMDB and ZeroMQ. Time is no port: each
 * item carries its own stamp.
 *
 * Without a lane all functions of one set of ports are called on the thread that owns the driver.
 * With one, those that come after a batch is sealed (`commit`, `renew`, `receipt`, `rest`,
 * transport, publisher) may be called on the lane's, beside what makes the next batch, from `begin`
 * up to its `seal`; no two of them at the same time. What they are given is borrowed for the call.
 */
#ifndef TH_DRIVER_PORTS_H
#define TH_DRIVER_PORTS_H

#include "aggregator/store/store.h"
#include "proto/wire/control.h"

/* As the functions of aggregator/store/store.h with the same names; reading is from one view, which
 * `renew` brings to the last commit and `rest` gives back. */
struct th_store_port {
    void *context;
    const struct th_store_identity *identity; /* as of the last seal, as is the next */
    const struct th_log_keys *log_keys;

    int (*begin)(void *context);
    void (*abort)(void *context);
    bool (*warm)(void *context);
    int (*seal)(void *context, const struct th_note_signer *signer);
    /* Of what was sealed, with the entries that were promised. */
    int (*commit)(void *context, const struct th_store_logged *entries, size_t count);
    uint64_t (*next_position)(void *context);
    uint64_t (*promise)(void *context);
    int (*put_rollup)(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                      const struct th_rollup_layout *layout, const struct th_rollup *rollup);
    size_t (*unsettled_count)(void *context);
    struct th_unsettled (*unsettled)(void *context, size_t i);
    bool (*is_settled)(void *context, struct th_book_id book);
    int (*settle)(void *context, struct th_book_id book);
    void (*defer)(void *context);
    /* Each effect on tables, all but APPEND: th_store_put(). */
    int (*put)(void *context, const struct th_effect *effect);

    int (*renew)(void *context);
    void (*rest)(void *context);
    uint64_t (*size)(void *context);
    int (*rows)(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context);
    int (*revisions)(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                     th_revision_fn *fn, void *fn_context);
    int (*entry)(void *context, uint64_t position, struct th_stored_entry *ret_entry);
    int (*units)(void *context, struct th_arena *arena, th_unit_fn *fn, void *fn_context);
    int (*plans)(void *context, th_plan_fn *fn, void *fn_context);
    int (*keys)(void *context, th_key_fn *fn, void *fn_context);
    int (*marks)(void *context, th_mark_fn *fn, void *fn_context);
    int (*clock)(void *context, struct th_clock_row *ret_clock);
    int (*recovery)(void *context, struct th_recovery_row *ret_recovery);
    int (*checkpoint)(void *context, uint64_t size, uint64_t *ret_size, struct th_bytes *ret_note);
    int (*distrust)(void *context, uint64_t size, struct th_bytes note);
    /* `leaf`: the position's; size 0: as the journal has it. */
    int (*receipt)(void *context, uint64_t position, struct th_bytes leaf, struct th_arena *arena,
                   struct th_bytes *ret_text);
};

/* The way back. Nothing here can fail: what cannot be delivered is dropped, nodes ask again. */
struct th_transport_port {
    void *context;
    /* A ToNode frame, borrowed for the call, for whoever sent the item with this token. */
    void (*send)(void *context, uint64_t sender, struct th_bytes frame);
    /* A ToNode frame for a unit's nodes, wherever they are connected. */
    void (*send_to_unit)(void *context, const char *unit_code, struct th_bytes frame);
    /* What became of an operator's act: the position of its entry, when it made one. Its outcome is
     * borrowed for the call. */
    void (*done)(void *context, uint64_t sender, const struct th_act_result *result);
};

struct th_publisher_port {
    void *context;
    /* `topic`: at most TH_TOPIC_SIZE_MAX bytes. `body`: a Publication (proto/publication.proto). */
    void (*publish)(void *context, struct th_text topic, struct th_bytes body);
    /* For listeners of this process alone; NULL: there are none. After the publications of a
     * commit: "standing/PLAN/OBLIGATION/UNIT" for each report that came, then how long the journal
     * is. */
    void (*note)(void *context, struct th_text topic);
    void (*reach)(void *context, uint64_t size, th_instant time);
};

#define TH_TOPIC_SIZE_MAX 200 /* libzmq 4.3.4 breaks topics from 246 bytes on */

/* Who may connect: told of each key when it is loaded, and again after each commit that changed it,
 * before any answer of that commit leaves. */
struct th_admission_port {
    void *context;
    void (*put_key)(void *context, const char *unit_code, const struct th_key_row *key);
};

/*
 * Does one piece of work beside the driver's thread: the commit of a batch and its answers, while
 * the next batch is made. Zeroes: there is none, and the driver's thread does both.
 */
struct th_lane_port {
    void *context;
    /* Precondition: what was started before has been waited for. Cannot fail. */
    void (*start)(void *context, void (*work)(void *argument), void *argument);
    /* Until it is done. */
    void (*wait)(void *context);
    /* Whether it is not done. False: waiting for it takes no time that is worth a word. */
    bool (*is_busy)(void *context);
};

struct th_driver_ports {
    struct th_store_port store;
    struct th_transport_port transport;
    struct th_publisher_port publisher;
    struct th_admission_port admission;
    struct th_lane_port lane;
};

/* Ports of a real store, with one view of its own. The store and the ports outlive the driver.
 * th_store_port_close() ends the view. TH_E_NO_MEMORY, TH_E_IO. */
TH_MUST_CHECK int th_store_port_open(struct th_store *store, struct th_store_port *ret_port);
void th_store_port_close(struct th_store_port *port);

/* Upper ends of the spans of time that commits are counted in; longer ones come behind the last. */
#define TH_STORE_COMMIT_BOUNDS_US 1000, 5000, 25000, 100000, 500000, 2500000
enum { TH_STORE_COMMIT_BOUNDS = 6 };

/* Commits that succeeded, by how long they took. */
struct th_store_commits {
    uint64_t count, us;
    uint64_t within[TH_STORE_COMMIT_BOUNDS + 1]; /* in the span alone, not in those before */
};

/* Since this port was opened. On any thread. */
struct th_store_commits th_store_port_commits(const struct th_store_port *port);

/* Ports that drop everything. */
extern const struct th_transport_port th_transport_none;
extern const struct th_publisher_port th_publisher_none;
extern const struct th_admission_port th_admission_none;

#endif
