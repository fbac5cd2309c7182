/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_province.h"

#include "base/assert.h"
#include "proto/receipt/receipt.h"
#include "proto/receipt/refusal.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/proof.h"
#include "proto/tlog/prove.h"
#include "proto/wire/journal.h"
#include "proto/wire/message.h"
#include "proto/wire/plan.h"
#include "tests/support/wire_samples.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define REALM "tonghop/64/rehearsal"

static void must(int status)
{
    TH_ASSERT(status == 0);
}

void th_fake_init(struct th_fake *province, enum th_mode mode)
{
    memset(province, 0, sizeof *province);
    TH_ASSERT(sodium_init() >= 0);
    uint8_t seed[TH_NOTE_SEED_SIZE] = {1};
    must(th_tlog_signer_init(REALM, seed, &province->signer));
    seed[0] = 2;
    must(th_tlog_signer_init(REALM, seed, &province->forger));
    crypto_box_keypair(province->curve_key, province->curve_secret);
    province->now = (th_instant){INT64_C(1746700000000)};
    province->server.mode = mode;
    (void)snprintf(province->server.realm, sizeof province->server.realm, REALM);
    memcpy(province->server.curve_key, province->curve_key, 32);
    province->server.log_key = province->signer.vkey;
    th_log_keys_begin(&province->signer.vkey, &province->keys);
    th_arena_init(&province->arena, 1 << 20, 256 << 20);
    province->leaf_hashes = th_arena_alloc_array(&province->arena, TH_FAKE_SUBMISSIONS_MAX,
                                                 sizeof *province->leaf_hashes);
    province->submissions = th_arena_alloc_array(&province->arena, TH_FAKE_SUBMISSIONS_MAX,
                                                 sizeof *province->submissions);
    province->taken =
        th_arena_alloc_array(&province->arena, TH_FAKE_SUBMISSIONS_MAX, sizeof *province->taken);
}

void th_fake_deinit(struct th_fake *province)
{
    th_arena_deinit(&province->arena);
}

void th_fake_write_server(struct th_fake *province, const char *path, const char *address)
{
    struct th_server_file file = province->server;
    (void)snprintf(file.address, sizeof file.address, "%s", address);
    (void)snprintf(file.publish, sizeof file.publish, "tcp://127.0.0.1:1");
    uint32_t units_count;
    const struct th_unit *units = th_sample_units(&units_count);
    const struct th_plan sample = th_sample_plan();
    struct th_bytes plan;
    must(th_wire_units_encode(units, units_count, &province->arena, &file.units));
    must(th_wire_plan_encode(&sample, &province->arena, &plan));
    file.plans = &plan;
    file.plans_count = 1;
    must(th_server_file_write(path, &file));
}

static int get_hash(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    struct th_fake *province = context;
    if (level == 0) {
        *ret_hash = province->leaf_hashes[index];
        return 0;
    }
    struct th_digest left, right;
    must(get_hash(context, level - 1, index * 2, &left));
    must(get_hash(context, level - 1, index * 2 + 1, &right));
    th_tlog_hash_node(&left, &right, ret_hash);
    return 0;
}

/* The next key, and the note in which the one before names it. */
static void follow(struct th_fake *province, const char *realm, uint64_t after, bool has_key)
{
    uint8_t seed[TH_NOTE_SEED_SIZE] = {(uint8_t)(10 + province->keys.count),
                                       province->keys_variant};
    struct th_note_signer next;
    must(th_tlog_signer_init(realm, seed, &next));
    if (has_key) {
        struct th_tlog_source source = {get_hash, province};
        struct th_digest root;
        char note[TH_SUCCESSION_SIZE_MAX];
        size_t size;
        must(th_tlog_root(&source, after, &root));
        must(th_tlog_succession_sign(&province->signer, after, &root, &next.vkey, sizeof note, note,
                                     &size));
        must(th_log_keys_succeed(&province->keys, note, size));
    } else {
        must(th_log_keys_vouch(&province->keys, &next.vkey, after));
    }
    province->signer = next;
    province->server.log_key = next.vkey;
    (void)snprintf(province->server.realm, sizeof province->server.realm, "%s", realm);
}

void th_fake_rotate(struct th_fake *province)
{
    char realm[sizeof province->server.realm];
    memcpy(realm, province->server.realm, sizeof realm);
    follow(province, realm, province->leaves_count, true);
}

void th_fake_recover(struct th_fake *province, uint64_t size, bool has_key)
{
    char realm[64];
    TH_ASSERT(size <= province->leaves_count);
    (void)snprintf(province->lost_realm, sizeof province->lost_realm, "%s", province->server.realm);
    (void)snprintf(realm, sizeof realm, REALM "/%zu", province->keys.count);
    province->has_lost = true;
    province->lost_from = size;
    province->leaves_count = size;
    size_t kept = 0;
    for (size_t i = 0; i < province->taken_count; i++)
        if (province->taken[i].position < size)
            province->taken[kept++] = province->taken[i];
    province->taken_count = kept;
    follow(province, realm, size, has_key);
    /* The entry that says so. */
    th_tlog_hash_leaf("recovered", 9, &province->leaf_hashes[province->leaves_count++]);
}

/* Of a leaf with a judgement for each verdict. `shown`: the leaf of an earlier log, for a leaf that
 * readmits it; or NULL. */
static struct th_bytes make_receipt(struct th_fake *province, const char *unit,
                                    const struct th_wire_verdict *verdicts, size_t count,
                                    const struct th_leaf *shown, struct th_arena *arena)
{
    struct th_judgement judgements[TH_LIMIT_REPORTS_MAX];
    struct th_leaf leaf = {.position = province->leaves_count,
                           .kind = shown == NULL ? TH_ENTRY_SUBMISSION : TH_ENTRY_READMITTED,
                           .time = province->now,
                           .clock = TH_CLOCK_STEADY,
                           .mode = province->server.mode,
                           .unit = th_text_of(unit),
                           .has_header_digest = true,
                           .judgements = judgements,
                           .judgements_count = count};
    for (size_t i = 0; i < count; i++) {
        struct th_judgement *judgement = &judgements[i];
        *judgement = (struct th_judgement){.obligation = th_text_of("O-1"),
                                           .revision = 1,
                                           .report_digest = verdicts[i].report_digest,
                                           .verdict = verdicts[i].kind};
        if (judgement->verdict != TH_VERDICT_ACCEPTED)
            continue;
        judgement->accepted = true;
        judgement->has_due = true;
        judgement->first_received = province->now;
        judgement->due = (th_instant){INT64_C(1746810000000)};
        judgement->timeliness = TH_TIMELINESS_ON_TIME;
        if (shown != NULL) {
            judgement->has_received = true;
            judgement->received = shown->time;
            judgement->first_received = shown->judgements[0].first_received;
        }
        if (province->mood == TH_FAKE_NAMES_OTHERS)
            judgement->report_digest.bytes[0] ^= 1;
    }
    if (province->mood == TH_FAKE_OTHER_MODE)
        leaf.mode = leaf.mode == TH_MODE_LIVE ? TH_MODE_REHEARSAL : TH_MODE_LIVE;
    if (province->mood == TH_FAKE_OTHER_UNIT)
        leaf.unit = th_text_of("00999");
    struct th_bytes leaf_bytes;
    must(th_wire_leaf_encode(&leaf, arena, &leaf_bytes));
    th_tlog_hash_leaf(leaf_bytes.bytes, leaf_bytes.size,
                      &province->leaf_hashes[province->leaves_count++]);
    struct th_tlog_source source = {get_hash, province};
    struct th_checkpoint checkpoint = {.size = province->leaves_count};
    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", province->signer.vkey.name);
    must(th_tlog_root(&source, checkpoint.size, &checkpoint.root));
    char *note = th_arena_alloc(arena, TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX);
    char text[TH_CHECKPOINT_TEXT_MAX];
    size_t text_size, note_size, size;
    must(th_tlog_checkpoint_format(&checkpoint, sizeof text, text, &text_size));
    must(th_tlog_note_sign(text, text_size,
                           province->mood == TH_FAKE_FORGES ? &province->forger : &province->signer,
                           TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX, note, &note_size));
    struct th_tlog_proof *proof = th_arena_alloc(arena, sizeof *proof);
    proof->index = leaf.position;
    memcpy(proof->extra, leaf_bytes.bytes, leaf_bytes.size);
    proof->extra_size = leaf_bytes.size;
    proof->checkpoint = note;
    proof->checkpoint_size = note_size;
    must(th_tlog_prove_inclusion(&source, proof->index, checkpoint.size, proof->hashes,
                                 &proof->hashes_n));
    char *receipt = th_arena_alloc(arena, TH_PROOF_TEXT_MAX);
    must(th_tlog_proof_format(proof, TH_PROOF_TEXT_MAX, receipt, &size));
    return (struct th_bytes){(const uint8_t *)receipt, size};
}

struct th_bytes th_fake_receipt(struct th_fake *province, const char *unit,
                                const struct th_digest *report, struct th_arena *arena)
{
    struct th_wire_verdict verdict = {.report_digest = *report, .kind = TH_VERDICT_ACCEPTED};
    return make_receipt(province, unit, &verdict, 1, NULL, arena);
}

static struct taken *find_taken(struct th_fake *province, const struct th_digest *report)
{
    for (size_t i = 0; i < province->taken_count; i++)
        if (th_tlog_digest_equal(&province->taken[i].report, report))
            return &province->taken[i];
    return NULL;
}

static bool rejects_all(enum th_fake_mood mood)
{
    return mood == TH_FAKE_REJECTS || mood == TH_FAKE_NO_REFUSAL || mood == TH_FAKE_BORROWS ||
           mood == TH_FAKE_FORGES_REFUSALS || mood == TH_FAKE_REFUSES_OTHERS ||
           mood == TH_FAKE_REFUSES_OTHERWISE;
}

/* Everything but positions and receipts. */
static void judge(struct th_fake *province, const struct th_digest *report,
                  struct th_wire_verdict *verdict)
{
    static const struct th_wire_reason reason = {
        .field = {"value.TCD01", 11}, .value = {"5", 1}, .rule = {"R01", 3}, .text = {"Sai.", 4}};
    *verdict = (struct th_wire_verdict){.report_digest = *report};
    if (rejects_all(province->mood) ||
        (province->has_refused && th_tlog_digest_equal(report, &province->refused))) {
        verdict->kind = TH_VERDICT_REJECTED;
        province->reason = reason;
        if (province->why != NULL)
            province->reason.text = th_text_of(province->why);
        verdict->reasons = &province->reason;
        verdict->reasons_count = 1;
    } else if (province->mood == TH_FAKE_CONFLICTS) {
        verdict->kind = TH_VERDICT_CONFLICT;
        verdict->has_position = verdict->has_stored_digest = verdict->has_next_revision = true;
        verdict->stored_digest.bytes[0] = 0xab;
        verdict->next_revision = 4;
    } else {
        verdict->kind =
            find_taken(province, report) == NULL ? TH_VERDICT_ACCEPTED : TH_VERDICT_DUPLICATE;
        verdict->has_position = true;
    }
}

/* The leaf of what was accepted, which is remembered when the mood is fair. */
static struct th_bytes take(struct th_fake *province, const struct th_submission *submission,
                            const struct th_receipt *shown, const struct th_wire_verdict *verdicts,
                            struct th_arena *arena)
{
    char unit[32];
    (void)snprintf(unit, sizeof unit, "%.*s", (int)submission->header.unit.size,
                   submission->header.unit.bytes);
    bool is_fair = province->mood == TH_FAKE_FAIR || province->mood == TH_FAKE_NO_BUNDLES;
    uint64_t position = province->leaves_count;
    size_t count = submission->header.reports_count;
    struct th_bytes receipt =
        make_receipt(province, unit, verdicts, count, shown == NULL ? NULL : &shown->leaf,
                     is_fair ? &province->arena : arena);
    for (size_t i = 0; is_fair && i < count; i++) {
        if (verdicts[i].kind != TH_VERDICT_ACCEPTED)
            continue;
        TH_ASSERT(province->taken_count < TH_FAKE_SUBMISSIONS_MAX);
        province->taken[province->taken_count++] =
            (struct taken){verdicts[i].report_digest, receipt, position};
    }
    if (is_fair && shown != NULL)
        province->readmitted[province->readmitted_count++] = shown->leaf.position;
    return receipt;
}

/* What was taken in another submission stands here as if it were of this one. */
static void borrow(const struct th_fake *province, struct th_arena *arena,
                   struct th_outcome *outcome, struct th_bytes *receipts)
{
    size_t count = outcome->verdicts_count;
    struct th_wire_verdict *verdicts = th_arena_alloc_array(arena, count + 1, sizeof *verdicts);
    TH_ASSERT(verdicts != NULL && province->taken_count > 0);
    memcpy(verdicts, outcome->verdicts, count * sizeof *verdicts);
    verdicts[count] = (struct th_wire_verdict){.report_digest = province->taken[0].report,
                                               .kind = TH_VERDICT_DUPLICATE,
                                               .has_receipt = true};
    receipts[0] = province->taken[0].receipt;
    outcome->verdicts = verdicts;
    outcome->verdicts_count = count + 1;
    outcome->receipts_count = 1;
}

/* The last report has a second verdict, which says the opposite. */
static void take_back(struct th_arena *arena, struct th_outcome *outcome)
{
    size_t count = outcome->verdicts_count;
    struct th_wire_verdict *verdicts = th_arena_alloc_array(arena, count + 1, sizeof *verdicts);
    TH_ASSERT(verdicts != NULL);
    memcpy(verdicts, outcome->verdicts, count * sizeof *verdicts);
    verdicts[count] = (struct th_wire_verdict){.report_digest = verdicts[count - 1].report_digest,
                                               .kind = TH_VERDICT_REJECTED};
    outcome->verdicts = verdicts;
    outcome->verdicts_count = count + 1;
}

/* The outcome has no receipt. */
static void refuse(struct th_fake *province, struct th_arena *arena, struct th_outcome *outcome)
{
    static const struct th_wire_reason other = {.rule = {"R02", 3}};
    struct th_outcome said = *outcome;
    struct th_wire_verdict *verdicts =
        th_arena_alloc_array(arena, outcome->verdicts_count, sizeof *verdicts);
    TH_ASSERT(verdicts != NULL);
    memcpy(verdicts, outcome->verdicts, outcome->verdicts_count * sizeof *verdicts);
    said.verdicts = verdicts;
    if (province->mood == TH_FAKE_NO_REFUSAL)
        return;
    if (province->mood == TH_FAKE_REFUSES_OTHERS)
        said.header_digest.bytes[0] ^= 1;
    if (province->mood == TH_FAKE_REFUSES_OTHERWISE)
        verdicts[0].reasons = &other;
    must(th_refusal_sign(
        &said, province->mood == TH_FAKE_FORGES_REFUSALS ? &province->forger : &province->signer,
        arena, &outcome->refusal));
}

/* Each verdict with a receipt has its own, which may be the same text. */
static void fill_outcome(struct th_fake *province, const struct th_submission *submission,
                         const struct th_receipt *shown, struct th_arena *arena,
                         struct th_outcome *outcome, struct th_bytes *receipts)
{
    size_t count = submission->header.reports_count;
    struct th_wire_verdict *verdicts = th_arena_alloc_array(arena, count, sizeof *verdicts);
    TH_ASSERT(verdicts != NULL);
    bool is_new = false;
    struct th_bytes fresh = {0};
    for (size_t i = 0; i < count; i++) {
        judge(province, &submission->header.report_digests[i], &verdicts[i]);
        is_new = is_new || verdicts[i].kind == TH_VERDICT_ACCEPTED;
    }
    outcome->verdicts = verdicts;
    outcome->verdicts_count = count;
    if (province->mood == TH_FAKE_NO_RECEIPT)
        return;
    if (is_new)
        fresh = take(province, submission, shown, verdicts, arena);
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i].kind == TH_VERDICT_ACCEPTED)
            receipts[outcome->receipts_count] = fresh;
        else if (verdicts[i].kind == TH_VERDICT_DUPLICATE)
            receipts[outcome->receipts_count] =
                find_taken(province, &verdicts[i].report_digest)->receipt;
        else
            continue;
        verdicts[i].has_receipt = true;
        verdicts[i].receipt = (uint32_t)outcome->receipts_count++;
    }
    outcome->receipts = receipts;
    if (province->mood == TH_FAKE_TAKES_BACK)
        take_back(arena, outcome);
    if (province->mood == TH_FAKE_BORROWS)
        borrow(province, arena, outcome, receipts);
    else if (outcome->receipts_count == 0)
        refuse(province, arena, outcome);
}

static struct th_bytes encode(const struct th_to_node *message, struct th_arena *arena)
{
    struct th_bytes frame;
    must(th_wire_to_node_encode(message, arena, &frame));
    return frame;
}

static struct th_bytes answer_submission(struct th_fake *province,
                                         const struct th_to_aggregator *asked,
                                         struct th_arena *arena)
{
    bool is_again = asked->kind == TH_TO_AGGREGATOR_READMISSION;
    struct th_to_node message = {.request = asked->request};
    struct th_submission submission;
    must(th_wire_submission_decode(is_again ? asked->readmission.submission : asked->submission,
                                   arena, &submission));
    size_t count = submission.header.reports_count;
    if (province->mood == TH_FAKE_PUTS_OFF || province->mood == TH_FAKE_REFUSES ||
        (province->mood == TH_FAKE_NO_BUNDLES && count > 1)) {
        message.kind = TH_TO_NODE_FAILURE;
        message.body.failure = (struct th_failure){
            .code = th_text_of("busy"), .text = th_text_of("Đang bận."), .after_ms = 1000};
        message.body.failure.retry = province->mood == TH_FAKE_PUTS_OFF;
        return encode(&message, arena);
    }
    struct th_receipt shown;
    if (is_again)
        must(th_receipt_open(asked->readmission.receipt, &province->keys, arena, &shown));
    struct th_bytes *receipts = th_arena_alloc_array(arena, count, sizeof *receipts);
    TH_ASSERT(receipts != NULL);
    message.kind = TH_TO_NODE_OUTCOME;
    message.body.outcome.header_digest = submission.header_digest;
    fill_outcome(province, &submission, is_again ? &shown : NULL, arena, &message.body.outcome,
                 receipts);
    if (is_again && province->mood == TH_FAKE_OLD_LOG)
        for (size_t i = 0; i < message.body.outcome.receipts_count; i++)
            receipts[i] = asked->readmission.receipt;
    return encode(&message, arena);
}

static void fill_keys(struct th_fake *province, struct th_arena *arena, struct th_welcome *welcome)
{
    struct th_log_key_body *bodies = th_arena_alloc_array(arena, TH_LOG_KEYS_MAX, sizeof *bodies);
    for (size_t i = 1; i < province->keys.count; i++) {
        const struct th_log_key *key = &province->keys.items[i];
        char *text = th_arena_alloc(arena, TH_NOTE_VKEY_TEXT_MAX + 1);
        size_t size;
        must(th_tlog_vkey_encode(&key->vkey, TH_NOTE_VKEY_TEXT_MAX + 1, text, &size));
        bodies[i - 1] = (struct th_log_key_body){
            .vkey = {text, size},
            .after = key->after,
            .succession = {(const uint8_t *)key->succession, key->succession_size}};
    }
    welcome->log_keys = bodies;
    welcome->log_keys_count = province->keys.count - 1;
}

size_t th_fake_answer(struct th_fake *province, struct th_bytes frame, struct th_arena *arena,
                      struct th_bytes ret_answers[TH_FAKE_ANSWERS_MAX])
{
    struct th_to_aggregator asked;
    must(th_wire_to_aggregator_decode(frame, arena, &asked));
    if (asked.kind == TH_TO_AGGREGATOR_HELLO) {
        province->hellos_count++;
        struct th_to_node message = {.kind = TH_TO_NODE_WELCOME, .request = asked.request};
        message.body.welcome.mode = province->server.mode;
        message.body.welcome.realm = th_text_of(
            province->mood == TH_FAKE_STRANGER ? "somewhere/else" : province->server.realm);
        message.body.welcome.now = province->now;
        message.body.welcome.size = province->leaves_count;
        struct th_lost lost = {th_text_of(province->lost_realm), province->lost_from};
        message.body.welcome.lost = &lost;
        message.body.welcome.lost_count = province->has_lost;
        fill_keys(province, arena, &message.body.welcome);
        ret_answers[0] = encode(&message, arena);
        return 1;
    }
    if (asked.kind == TH_TO_AGGREGATOR_READMISSION) {
        province->readmissions_count++;
        if (province->mood == TH_FAKE_SILENT)
            return 0;
        ret_answers[0] = answer_submission(province, &asked, arena);
        return 1;
    }
    if (asked.kind != TH_TO_AGGREGATOR_SUBMISSION)
        return 0;
    TH_ASSERT(province->submissions_count < TH_FAKE_SUBMISSIONS_MAX);
    char *copy = th_arena_copy_text(&province->arena, (const char *)asked.submission.bytes,
                                    asked.submission.size);
    province->submissions[province->submissions_count++] =
        (struct th_bytes){(const uint8_t *)copy, asked.submission.size};
    if (province->mood == TH_FAKE_SILENT)
        return 0;
    ret_answers[0] = answer_submission(province, &asked, arena);
    return 1;
}

struct th_bytes th_fake_reminder(struct th_fake *province, struct th_arena *arena)
{
    struct th_to_node message = {.kind = TH_TO_NODE_REMINDER};
    message.body.reminder = (struct th_reminder){.plan = th_text_of("gialai-2025"),
                                                 .obligation = th_text_of("O-1"),
                                                 .due = {INT64_C(1746810000000)},
                                                 .time = province->now,
                                                 .text = th_text_of("Còn 2 ngày.")};
    return encode(&message, arena);
}
