/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A province for tests of nodes: welcomes, receives submissions into a real Merkle log and answers
 * with real receipts, or misbehaves as told. No storage, no network.
 */
#ifndef TH_TESTS_FAKE_PROVINCE_H
#define TH_TESTS_FAKE_PROVINCE_H

#include "base/arena.h"
#include "proto/exchange/server_file.h"
#include "proto/tlog/log_keys.h"
#include "proto/tlog/note.h"
#include "proto/wire/message.h"

#define TH_FAKE_SUBMISSIONS_MAX 4096
#define TH_FAKE_ANSWERS_MAX     4

enum th_fake_mood {
    TH_FAKE_FAIR,
    TH_FAKE_SILENT,
    TH_FAKE_REJECTS,
    TH_FAKE_CONFLICTS,
    TH_FAKE_PUTS_OFF,     /* Failure, retry */
    TH_FAKE_REFUSES,      /* Failure, no retry */
    TH_FAKE_FORGES,       /* receipts signed by another key */
    TH_FAKE_NAMES_OTHERS, /* receipts for another report */
    TH_FAKE_OTHER_MODE,   /* receipts of a rehearsal for the real thing */
    TH_FAKE_OTHER_UNIT,
    TH_FAKE_NO_RECEIPT,        /* accepted, without one */
    TH_FAKE_NO_REFUSAL,        /* rejects, and signs nothing */
    TH_FAKE_TAKES_BACK,        /* takes all, and rejects the last of them in the same answer */
    TH_FAKE_BORROWS,           /* the same, with the receipt of what it took first */
    TH_FAKE_FORGES_REFUSALS,   /* rejects; another key signs */
    TH_FAKE_REFUSES_OTHERS,    /* rejects; what is signed is of another submission */
    TH_FAKE_REFUSES_OTHERWISE, /* rejects; what is signed has another rule */
    TH_FAKE_NO_BUNDLES,        /* Failure, no retry, of a submission with several reports */
    TH_FAKE_STRANGER,          /* welcomes for another realm */
    TH_FAKE_OLD_LOG            /* answers readmissions with the receipt that was shown */
};

struct th_fake {
    enum th_fake_mood mood;
    struct th_note_signer signer, forger;
    uint8_t curve_key[32], curve_secret[32];
    th_instant now;
    struct th_server_file server;
    struct th_arena arena; /* of all below */
    struct th_digest *leaf_hashes;
    uint64_t leaves_count;
    struct th_bytes *submissions; /* as they came, repetitions too */
    size_t submissions_count;
    struct taken {
        struct th_digest report;
        struct th_bytes receipt;
        uint64_t position;
    } * taken;
    size_t taken_count;
    bool has_refused;
    struct th_digest refused; /* this report is always rejected */
    const char *why;          /* the text of a rejection; NULL: a short one */
    struct th_wire_reason reason;
    struct th_log_keys keys;
    uint8_t keys_variant; /* another one makes other keys */
    bool has_lost;
    char lost_realm[64]; /* what welcomes ask for */
    uint64_t lost_from;
    size_t readmissions_count; /* as they came, repetitions too */
    uint64_t readmitted[256];  /* the old positions of those that were accepted, in order */
    size_t readmitted_count;
    size_t hellos_count;
};

void th_fake_init(struct th_fake *province, enum th_mode mode);
void th_fake_deinit(struct th_fake *province);
/* server.yaml with the sample plan and units; the node's is 23734. */
void th_fake_write_server(struct th_fake *province, const char *path, const char *address);
/* The answers to one frame, in `arena`. Returns how many. */
size_t th_fake_answer(struct th_fake *province, struct th_bytes frame, struct th_arena *arena,
                      struct th_bytes ret_answers[TH_FAKE_ANSWERS_MAX]);
/* Another key signs the log from here on; the key before says so. */
void th_fake_rotate(struct th_fake *province);
/* The store is put back as it was with `size` leaves, and goes on as another log. Without the key
 * before nobody signs for the new one. */
void th_fake_recover(struct th_fake *province, uint64_t size, bool has_key);
/* A reminder as a frame. */
struct th_bytes th_fake_reminder(struct th_fake *province, struct th_arena *arena);
/* The receipt of a leaf that takes one report. */
struct th_bytes th_fake_receipt(struct th_fake *province, const char *unit,
                                const struct th_digest *report, struct th_arena *arena);

#endif
