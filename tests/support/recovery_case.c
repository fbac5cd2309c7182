/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/recovery_case.h"

#include "proto/wire/journal.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct th_reading th_recovery_case_may_day = {{INT64_C(1746032400000)}, 1000};
const struct th_text th_recovery_case_tester = {"tester", 6};

static const struct th_store_options store_options = {.map_bytes = (size_t)16 << 20};

static void take_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    struct th_recovery_case *made = context;
    (void)sender;
    uint8_t *copy = th_arena_alloc(&made->arena, frame.size);
    memcpy(copy, frame.bytes, frame.size);
    struct th_to_node got;
    cr_assert_eq(th_wire_to_node_decode((struct th_bytes){copy, frame.size}, &made->arena, &got),
                 0);
    made->reminders += got.kind == TH_TO_NODE_REMINDER ? 1 : 0;
    if (got.kind != TH_TO_NODE_ANNOUNCEMENT && got.kind != TH_TO_NODE_REMINDER)
        made->answer = got;
}

static void take_for_unit(void *context, const char *unit_code, struct th_bytes frame)
{
    struct th_recovery_case *made = context;
    struct th_to_node got;
    cr_assert_eq(th_wire_to_node_decode(frame, &made->arena, &got), 0);
    if (got.kind != TH_TO_NODE_REMINDER)
        return;
    made->units_reminded++;
    made->officer_is_reminded =
        made->officer_is_reminded || strcmp(unit_code, made->officer.unit) == 0;
}

static void take_result(void *context, uint64_t sender, const struct th_act_result *taken)
{
    struct th_recovery_case *made = context;
    (void)sender;
    made->result = *taken;
}

int th_recovery_case_open(struct th_recovery_case *made, enum th_store_access access)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    int status = th_store_open(made->folder, access, &store_options, problem, &made->store);
    if (status < 0)
        return status;
    cr_assert_eq(th_store_port_open(made->store, &made->real), 0);
    struct th_driver_ports ports = {
        .store = made->real,
        .transport = {made, take_frame, take_for_unit, take_result},
        .publisher = th_publisher_none,
        .admission = th_admission_none,
    };
    const struct th_driver_options options = {0};
    cr_assert_eq(th_driver_new(&ports, made->signer, &options, &made->driver), 0);
    cr_assert_eq(th_driver_load(made->driver), 0);
    return 0;
}

void th_recovery_case_close(struct th_recovery_case *made)
{
    if (made->driver == NULL)
        return;
    th_driver_free(made->driver);
    th_store_port_close(&made->real);
    th_store_close(made->store);
    made->driver = NULL;
}

int th_recovery_case_act(struct th_recovery_case *made, struct th_act what)
{
    what.operator= th_recovery_case_tester;
    struct th_item item = {.kind = TH_ITEM_ACT, .now = th_recovery_case_may_day, .act = what};
    cr_assert_eq(th_driver_run(made->driver, &item, 1), 0);
    return made->result.status;
}

void th_recovery_case_signer(const char *realm, uint8_t number, struct th_note_signer *ret_signer)
{
    const uint8_t seed[32] = {number};
    cr_assert_eq(th_tlog_signer_init(realm, seed, ret_signer), 0);
}

void th_recovery_case_make(struct th_recovery_case *made)
{
    th_province_init(&made->province);
    th_arena_init(&made->arena, 65536, (size_t)64 << 20);
    strcpy(made->folder, "/tmp/tonghop-recovery-XXXXXX");
    cr_assert_not_null(mkdtemp(made->folder));
    struct th_store_identity identity = {.mode = TH_MODE_REHEARSAL, .realm = TH_PROVINCE_REALM};
    th_recovery_case_signer(TH_PROVINCE_REALM, 1, &made->first);
    th_recovery_case_signer(TH_RECOVERY_CASE_REALM, 2, &made->next);
    made->signer = &made->first;
    randombytes_buf(identity.store_id, sizeof identity.store_id);
    memcpy(identity.log_key, made->first.vkey.public_key, sizeof identity.log_key);
    cr_assert_eq(th_store_create(made->folder, &store_options, &identity), 0);
    cr_assert_eq(th_recovery_case_open(made, TH_STORE_WRITE), 0);
    cr_assert_eq(th_driver_found(made->driver, th_recovery_case_may_day, th_recovery_case_tester),
                 0);
    th_officer_init(&made->officer, th_province_commune(&made->province, 0));
    cr_assert_eq(th_recovery_case_act(made, (struct th_act){.kind = TH_ACT_LOAD_UNITS,
                                                            .content = made->province.units}),
                 0);
    cr_assert_eq(th_recovery_case_act(made, (struct th_act){.kind = TH_ACT_LOAD_PLAN,
                                                            .content = made->province.plan}),
                 0);
    cr_assert_eq(th_recovery_case_act(made, th_officer_enrolment(&made->officer)), 0);
}

void th_recovery_case_remove(struct th_recovery_case *made)
{
    th_recovery_case_close(made);
    th_tlog_signer_deinit(&made->first);
    th_tlog_signer_deinit(&made->next);
    th_arena_deinit(&made->arena);
    th_province_deinit(&made->province);
    th_test_folder_remove(made->folder);
}

/* ---- a report on its way ---- */

static struct th_submission *decode(struct th_recovery_case *made, struct th_bytes raw)
{
    struct th_submission *submission = th_arena_alloc(&made->arena, sizeof *submission);
    cr_assert_eq(th_wire_submission_decode(raw, &made->arena, submission), 0);
    return submission;
}

void th_recovery_case_submit_raw(struct th_recovery_case *made, struct th_bytes raw)
{
    struct th_submission *submission = decode(made, raw);
    struct th_item item = {.kind = TH_ITEM_SUBMISSION,
                           .now = th_recovery_case_may_day,
                           .peer_unit = submission->header.unit,
                           .submission = {.submission = submission, .raw = raw}};
    cr_assert_eq(th_driver_run(made->driver, &item, 1), 0);
}

/* What a node has of a report that was received. */
struct th_kept th_recovery_case_submit(struct th_recovery_case *made, struct th_paper paper)
{
    struct th_kept kept = {.raw = th_officer_write(&made->province, &made->officer, paper)};
    th_recovery_case_submit_raw(made, kept.raw);
    cr_assert_eq(made->answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(made->answer.body.outcome.receipts_count, 1);
    kept.receipt = made->answer.body.outcome.receipts[0];
    return kept;
}

int th_recovery_case_open_kept(struct th_recovery_case *made, struct th_kept kept,
                               struct th_readmitted *ret_readmitted)
{
    const struct th_readmission readmission = {kept.raw, kept.receipt};
    return th_readmission_open(&readmission, th_store_log_keys(made->store), TH_MODE_REHEARSAL,
                               &made->arena, ret_readmitted);
}

void th_recovery_case_readmit_as(struct th_recovery_case *made, struct th_kept kept,
                                 const char *peer)
{
    const struct th_readmission readmission = {kept.raw, kept.receipt};
    struct th_readmitted readmitted;
    cr_assert_eq(th_recovery_case_open_kept(made, kept, &readmitted), 0);
    struct th_item item = {.kind = TH_ITEM_READMISSION,
                           .now = th_recovery_case_may_day,
                           .request = 4,
                           .peer_unit = {peer, strlen(peer)},
                           .readmission = th_readmission_event(&readmission, &readmitted)};
    cr_assert_eq(th_driver_run(made->driver, &item, 1), 0);
}

const struct th_wire_verdict *th_recovery_case_readmit(struct th_recovery_case *made,
                                                       struct th_kept kept)
{
    th_recovery_case_readmit_as(made, kept, made->officer.unit);
    cr_assert_eq(made->answer.kind, TH_TO_NODE_OUTCOME);
    cr_assert_eq(made->answer.request, 4);
    cr_assert_eq(made->answer.body.outcome.verdicts_count, 1);
    return &made->answer.body.outcome.verdicts[0];
}

void th_recovery_case_say_hello(struct th_recovery_case *made, struct th_bytes receipt)
{
    struct th_text unit = {made->officer.unit, strlen(made->officer.unit)};
    struct th_item item = {.kind = TH_ITEM_HELLO,
                           .now = th_recovery_case_may_day,
                           .peer_unit = unit,
                           .hello = {.unit = unit, .newest_receipt = receipt}};
    cr_assert_eq(th_driver_run(made->driver, &item, 1), 0);
    cr_assert_eq(made->answer.kind, TH_TO_NODE_WELCOME);
}

/* ---- the way back ---- */

void th_recovery_case_copy_file(struct th_recovery_case *made, const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof command, "cp %s/%s %s/%s", made->folder, from, made->folder, to);
    cr_assert_eq(system(command), 0);
}

void th_recovery_case_keep_copy(struct th_recovery_case *made)
{
    th_recovery_case_close(made);
    th_recovery_case_copy_file(made, "data.mdb", "old.data");
    cr_assert_eq(th_recovery_case_open(made, TH_STORE_WRITE), 0);
}

uint64_t th_recovery_case_size(struct th_recovery_case *made)
{
    return th_store_next_position(made->store);
}

/* The next key, signed for by the one before. */
struct th_log_key_body th_recovery_case_name_next(struct th_recovery_case *made,
                                                  const struct th_note_signer *before)
{
    struct th_view *view;
    struct th_digest root;
    size_t size = 0;
    char *vkey = th_arena_alloc(&made->arena, TH_NOTE_VKEY_TEXT_MAX + 1);
    char *note = th_arena_alloc(&made->arena, TH_SUCCESSION_SIZE_MAX);
    struct th_log_key_body key = {.after = th_recovery_case_size(made)};
    cr_assert_eq(th_view_open(made->store, &view), 0);
    cr_assert_eq(th_view_root(view, key.after, &root), 0);
    th_view_close(view);
    cr_assert_eq(th_tlog_vkey_encode(&made->next.vkey, TH_NOTE_VKEY_TEXT_MAX + 1, vkey, &size), 0);
    key.vkey = (struct th_text){vkey, size};
    cr_assert_eq(th_tlog_succession_sign(before, key.after, &root, &made->next.vkey,
                                         TH_SUCCESSION_SIZE_MAX, note, &size),
                 0);
    key.succession = (struct th_bytes){(const uint8_t *)note, size};
    return key;
}

int th_recovery_case_recover(struct th_recovery_case *made)
{
    const struct th_log_key_body key = th_recovery_case_name_next(made, &made->first);
    const struct th_recovery recovery = {
        .keys = &key, .keys_count = 1, .operator= th_recovery_case_tester };
    struct th_act what = {.kind = TH_ACT_RECOVER};
    cr_assert_eq(th_wire_recovery_encode(&recovery, &made->arena, &what.content), 0);
    return th_recovery_case_act(made, what);
}

/* The older copy in place of the store, as a new log. */
void th_recovery_case_go_back(struct th_recovery_case *made)
{
    th_recovery_case_close(made);
    th_recovery_case_copy_file(made, "old.data", "data.mdb");
    cr_assert_eq(th_recovery_case_open(made, TH_STORE_WRITE), TH_E_CORRUPT,
                 "it is behind what was signed");
    made->signer = &made->next;
    cr_assert_eq(th_recovery_case_open(made, TH_STORE_RECOVER), 0);
    cr_assert_eq(th_recovery_case_recover(made), 0);
    th_recovery_case_close(made);
    cr_assert_eq(th_recovery_case_open(made, TH_STORE_WRITE), 0);
}

struct th_book_id th_recovery_case_book(struct th_recovery_case *made)
{
    const struct th_plan *plan = th_core_plan(th_driver_core(made->driver), 0);
    uint16_t i = 0;
    while (strcmp(plan->obligations[i].id, made->province.half_year->id) != 0)
        i++;
    return (struct th_book_id){0, i};
}

struct th_row th_recovery_case_row(struct th_recovery_case *made)
{
    struct th_view *view;
    struct th_row row;
    uint32_t unit = 0;
    cr_assert(th_core_find_unit(th_driver_core(made->driver), th_text_of(made->officer.unit),
                                th_day_of_instant(th_recovery_case_may_day.wall), &unit));
    cr_assert_eq(th_view_open(made->store, &view), 0);
    cr_assert_eq(th_view_row(view, th_recovery_case_book(made), unit, 0, &row), 0);
    th_view_close(view);
    row.values = NULL;
    return row;
}

int th_recovery_case_set_clock(struct th_recovery_case *made, int64_t ms)
{
    return th_recovery_case_act(made, (struct th_act){.kind = TH_ACT_SET_CLOCK, .to = {ms}});
}
