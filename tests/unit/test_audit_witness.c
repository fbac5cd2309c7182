/* SPDX-License-Identifier: Apache-2.0 */
/* A witness signs what continues what it has seen, and nothing else. */
#include "aggregator/audit/witness_judge.h"
#include "aggregator/audit/witness_key.h"
#include "aggregator/audit/witness_state.h"
#include "proto/exchange/keys_file.h"
#include "tests/support/audit_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define AFTER 12 /* leaves that the log has kept after its recovery */

static struct ledger ledger;
static char folder[TH_TEST_FOLDER_SIZE];
static const char *state, *key, *keys, *checkpoint, *proof, *signed_out;
static char paths[6][512];

static const char *named(unsigned which, const char *name)
{
    (void)snprintf(paths[which], sizeof paths[which], "%s/%s", folder, name);
    return paths[which];
}

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    th_test_folder_make(folder);
    state = named(0, "chung-kien");
    key = named(1, "thanh-tra.key");
    keys = named(2, "log-keys.yaml");
    checkpoint = named(3, "moi.checkpoint");
    proof = named(4, "chung-minh");
    signed_out = named(5, "da-ky.checkpoint");
    cr_assert_eq(AUDIT_RUN(th_audit_keygen, "keygen", key, "--name", "thanhtra.vn"), EX_OK);
    audit_write_keys(&ledger, keys);
}

static void tear_down(void)
{
    th_test_folder_remove(folder);
    ledger_close(&ledger);
}

TestSuite(audit_witness, .init = set_up, .fini = tear_down);

static int witness(void)
{
    return AUDIT_RUN(th_audit_witness, "witness", state, "--checkpoint", checkpoint, "--proof",
                     proof, "--key", key, "--keys", keys, "--out", signed_out);
}

/* Shows the newest checkpoint with a proof from this size. */
static int show(uint64_t old_size)
{
    audit_write_checkpoint(&ledger, ledger_size(&ledger), checkpoint);
    audit_write_proof(&ledger, old_size, proof);
    return witness();
}

/* A checkpoint that this key signs. */
static void sign(const struct th_note_signer *signer, uint64_t size, const struct th_digest *root)
{
    struct th_checkpoint forged = {.size = size, .root = *root};
    char note[1024];
    size_t length;
    (void)snprintf(forged.origin, sizeof forged.origin, "%s", signer->vkey.name);
    cr_assert_eq(th_tlog_checkpoint_format(&forged, sizeof note, note, &length), 0);
    cr_assert_eq(th_tlog_note_sign(note, length, signer, sizeof note, note, &length), 0);
    audit_write(checkpoint, note, length);
}

static struct th_digest root_of(uint64_t size)
{
    struct th_view *view;
    struct th_digest root;
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    cr_assert_eq(th_view_root(view, size, &root), 0);
    th_view_close(view);
    return root;
}

static bool is_cosigned(const char *path)
{
    struct th_witness_signer signer;
    char problem[TH_WITNESS_KEY_PROBLEM_SIZE];
    int64_t time_s;
    size_t size;
    cr_assert_eq(th_witness_key_read(key, problem, &signer), 0, "%s", problem);
    char *note = audit_read(path, &size);
    int status = th_tlog_cosignature_verify(note, size, &signer.key, &time_s);
    free(note);
    th_witness_signer_deinit(&signer);
    return status == 0;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- keys ---- */

Test(audit_witness, a_key_is_made_once_and_for_its_owner_alone)
{
    struct stat about;
    cr_assert_eq(stat(key, &about), 0);
    cr_expect_eq(about.st_mode & 07777, 0600);
    size_t size;
    char *vkey = audit_read(audit_path(folder, "thanh-tra.key.vkey"), &size);
    cr_expect_eq(strncmp(vkey, "thanhtra.vn+", 12), 0, "%s", vkey);
    free(vkey);
    cr_expect_eq(AUDIT_RUN(th_audit_keygen, "keygen", key, "--name", "khac.vn"), EX_CANTCREAT);
    cr_expect_eq(AUDIT_RUN(th_audit_keygen, "keygen", audit_path(folder, "k2")), EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_keygen, "keygen", audit_path(folder, "k2"), "--name", "a b"),
                 EX_USAGE);
    cr_expect_not(is_there(audit_path(folder, "k2")));
}

Test(audit_witness, no_secret_is_left_when_its_public_key_cannot_be_written)
{
    cr_assert_eq(mkdir(audit_path(folder, "k3.vkey"), 0700), 0);
    cr_expect_neq(AUDIT_RUN(th_audit_keygen, "keygen", audit_path(folder, "k3"), "--name", "a.vn"),
                  EX_OK);
    cr_expect_not(is_there(audit_path(folder, "k3")));
}

Test(audit_witness, a_key_that_others_may_read_is_refused)
{
    static const mode_t modes[] = {0640, 0604, 0400, 0700, 0660, 02600};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        cr_assert_eq(chmod(key, modes[i]), 0);
        cr_expect_eq(show(0), EX_NOPERM, "%o", (unsigned)modes[i]);
        cr_expect_not_null(strstr(audit_err, "phải là 0600"), "%s", audit_err);
    }
    cr_expect_not(is_there(signed_out));
    cr_assert_eq(chmod(key, 0600), 0);
    cr_expect_eq(show(0), EX_OK);
}

Test(audit_witness, a_public_key_of_another_secret_is_refused)
{
    size_t size;
    cr_assert_eq(
        AUDIT_RUN(th_audit_keygen, "keygen", audit_path(folder, "k2"), "--name", "khac.vn"), EX_OK);
    char *other = audit_read(audit_path(folder, "k2.vkey"), &size);
    audit_write(audit_path(folder, "thanh-tra.key.vkey"), other, size);
    free(other);
    cr_expect_eq(show(0), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "hai khóa khác nhau"), "%s", audit_err);
}

/* ---- a log that grows ---- */

Test(audit_witness, the_first_checkpoint_needs_old_0)
{
    cr_expect_eq(show(3), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "“old 0”"), "%s", audit_err);
    cr_expect_not(is_there(signed_out));
    cr_expect_eq(show(0), EX_OK, "%s", audit_err);
    cr_expect(is_cosigned(signed_out));
}

Test(audit_witness, a_log_that_grew_is_signed)
{
    uint64_t first = ledger_size(&ledger);
    cr_assert_eq(show(0), EX_OK);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    cr_expect_eq(show(0), EX_DATAERR); /* a proof that begins elsewhere is no fork */
    cr_expect_null(strstr(audit_err, "TÁCH NHÁNH"));
    cr_expect_eq(show(first), EX_OK, "%s", audit_err);
    cr_expect(is_cosigned(signed_out));
    cr_expect_eq(AUDIT_RUN(th_audit_witness, "witness", state), EX_OK);
    cr_expect_not_null(strstr(audit_out, ledger.signer.vkey.name), "%s", audit_out);
}

Test(audit_witness, the_same_checkpoint_is_signed_again)
{
    cr_assert_eq(show(0), EX_OK);
    cr_expect_eq(show(0), EX_OK, "%s", audit_err);
    size_t size;
    char *note = audit_read(signed_out, &size); /* and the one that is signed already */
    audit_write(checkpoint, note, size);
    free(note);
    cr_expect_eq(witness(), EX_OK, "%s", audit_err);
    cr_expect(is_cosigned(signed_out));
}

Test(audit_witness, what_was_signed_was_kept_before)
{
    char path[TH_WITNESS_PATH_SIZE];
    struct th_witness_state opened;
    signed_out = audit_path(folder, "khong/co");
    cr_expect_eq(show(0), EX_CANTCREAT);
    cr_assert_eq(th_witness_state_open(state, false, &opened), 0);
    cr_assert_eq(th_witness_path(&opened, ledger.signer.vkey.name, path), 0);
    th_witness_state_close(&opened);
    cr_expect(is_cosigned(path));
}

Test(audit_witness, one_process_at_a_time)
{
    struct th_witness_state opened;
    cr_assert_eq(th_witness_state_open(state, true, &opened), 0);
    cr_expect_eq(show(0), EX_TEMPFAIL);
    th_witness_state_close(&opened);
    cr_expect_eq(show(0), EX_OK);
}

/* ---- a log that was put back, or forked ---- */

Test(audit_witness, a_smaller_log_was_put_back)
{
    uint64_t first = ledger_size(&ledger);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    cr_assert_eq(show(0), EX_OK);
    (void)unlink(signed_out);
    struct th_digest root = root_of(first);
    sign(&ledger.signer, first, &root);
    cr_expect_eq(witness(), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "BỊ LÙI"), "%s", audit_err);
    cr_expect_not(is_there(signed_out));
}

Test(audit_witness, another_root_of_the_same_size_is_a_fork_and_is_kept_as_evidence)
{
    cr_assert_eq(show(0), EX_OK);
    (void)unlink(signed_out);
    struct th_digest root = {{1}};
    sign(&ledger.signer, ledger_size(&ledger), &root);
    cr_expect_eq(witness(), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "TÁCH NHÁNH"), "%s", audit_err);
    cr_expect_not(is_there(signed_out));
    cr_expect_eq(witness(), EX_DATAERR); /* again: kept once */
    cr_expect_eq(AUDIT_RUN(th_audit_witness, "witness", state, "--json"), EX_OK);
    json_t *answer = json_loads(audit_out, 0, NULL);
    cr_expect_str_eq(ledger_at(answer, "contradictions"), "1");
    cr_expect_str_eq(ledger_at(answer, "logs/0/origin"), ledger.signer.vkey.name);
    json_decref(answer);
    char command[1024];
    (void)snprintf(command, sizeof command,
                   "cmp -s %s/evidence/*/shown.checkpoint %s && test -s "
                   "%s/evidence/*/kept.checkpoint",
                   state, checkpoint, state);
    cr_expect_eq(system(command), 0); /* NOLINT: names of our own */
    cr_expect_eq(show(0), EX_OK);     /* the right one is still signed */
}

Test(audit_witness, growth_that_cannot_be_proven_is_not_signed_and_not_called_a_fork)
{
    uint64_t first = ledger_size(&ledger);
    cr_assert_eq(show(0), EX_OK);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    audit_write_proof(&ledger, first, proof);
    struct th_digest root = {{1}};
    sign(&ledger.signer, first + 1, &root);
    (void)unlink(signed_out);
    cr_expect_eq(witness(), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "CHỨNG MINH KHÔNG ĐÚNG"), "%s", audit_err);
    cr_expect_null(strstr(audit_err, "TÁCH NHÁNH"));
    cr_expect_not(is_there(signed_out));
    cr_expect_eq(AUDIT_RUN(th_audit_witness, "witness", state, "--json"), EX_OK);
    json_t *answer = json_loads(audit_out, 0, NULL);
    cr_expect_str_eq(ledger_at(answer, "contradictions"), "1"); /* kept all the same */
    json_decref(answer);
}

Test(audit_witness, a_checkpoint_of_no_key_in_the_history_is_refused)
{
    struct th_note_signer other;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    struct th_digest root = root_of(5);
    cr_assert_eq(th_tlog_signer_init(ledger.signer.vkey.name, seed, &other), 0);
    audit_write_proof(&ledger, 0, proof);
    sign(&other, 5, &root);
    cr_expect_eq(witness(), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "không có chữ ký đúng"), "%s", audit_err);
    cr_expect_not(is_there(signed_out));
}

Test(audit_witness, each_single_bit_of_a_checkpoint_is_needed)
{
    size_t size;
    struct th_checkpoint parsed;
    audit_write_checkpoint(&ledger, ledger_size(&ledger), checkpoint);
    char *note = audit_read(checkpoint, &size);
    const struct th_log_keys *history = th_store_log_keys(ledger.store);
    cr_assert_eq(th_log_keys_verify(history, note, size, &parsed), 0);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        note[bit / 8] ^= (char)(1 << bit % 8);
        cr_assert_neq(th_log_keys_verify(history, note, size, &parsed), 0, "byte %zu", bit / 8);
        note[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * size; bit += 41) { /* and the command refuses it */
        note[bit / 8] ^= (char)(1 << bit % 8);
        audit_write(checkpoint, note, size);
        audit_write_proof(&ledger, 0, proof);
        cr_assert_eq(witness(), EX_DATAERR, "byte %zu", bit / 8);
        note[bit / 8] ^= (char)(1 << bit % 8);
    }
    cr_expect_not(is_there(signed_out));
    free(note);
}

Test(audit_witness, what_it_keeps_is_not_believed_when_it_was_changed)
{
    char path[TH_WITNESS_PATH_SIZE];
    struct th_witness_state opened;
    size_t size;
    cr_assert_eq(show(0), EX_OK);
    cr_assert_eq(th_witness_state_open(state, false, &opened), 0);
    cr_assert_eq(th_witness_path(&opened, ledger.signer.vkey.name, path), 0);
    th_witness_state_close(&opened);
    char *note = audit_read(path, &size);
    *strchr(note, '\n') = ' ';
    audit_write(path, note, size);
    free(note);
    cr_expect_eq(show(0), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "không kiểm tra được"), "%s", audit_err);
}

/* ---- a log that goes on as another one ---- */

/* The history with a recovery after this many leaves; signs the newest tree with the new key. */
static void recover(uint64_t after)
{
    static struct th_log_keys history;
    struct th_note_signer next;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {5};
    char note[TH_SUCCESSION_SIZE_MAX];
    size_t length;
    struct th_digest at = root_of(after), newest = root_of(ledger_size(&ledger));
    cr_assert_eq(th_tlog_signer_init("tonghop/moi", seed, &next), 0);
    th_log_keys_begin(&ledger.signer.vkey, &history);
    cr_assert_eq(
        th_tlog_succession_sign(&ledger.signer, after, &at, &next.vkey, sizeof note, note, &length),
        0);
    cr_assert_eq(th_log_keys_succeed(&history, note, length), 0);
    cr_assert_eq(th_keys_file_write(keys, &history), 0);
    sign(&next, ledger_size(&ledger), &newest);
}

Test(audit_witness, a_new_log_that_has_all_that_was_seen_is_followed)
{
    uint64_t seen = ledger_size(&ledger);
    cr_assert_eq(show(0), EX_OK);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 10));
    recover(seen + 1);
    audit_write_proof(&ledger, 0, proof);
    cr_expect_eq(witness(), EX_DATAERR); /* it has to be shown */
    audit_write_proof(&ledger, seen, proof);
    cr_expect_eq(witness(), EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, "vẫn còn"), "%s", audit_out);
    cr_expect(is_cosigned(signed_out));
}

Test(audit_witness, a_new_log_that_lost_records_is_told_and_signed)
{
    cr_assert_gt(ledger_size(&ledger), AFTER);
    cr_assert_eq(show(0), EX_OK);
    recover(AFTER);
    audit_write_proof(&ledger, 0, proof);
    cr_expect_eq(witness(), EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, "đã mất bản ghi"), "%s", audit_out);
    cr_expect(is_cosigned(signed_out));
    cr_expect_eq(witness(), EX_OK); /* from now on it is the log */
    cr_expect_not_null(strstr(audit_out, "Đã ký lại"), "%s", audit_out);
}

Test(audit_witness, the_part_that_a_new_log_kept_can_be_proven)
{
    cr_assert_eq(show(0), EX_OK);
    recover(AFTER);
    audit_write_proof(&ledger, AFTER, proof);
    cr_expect_eq(witness(), EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, "đã mất bản ghi"), "%s", audit_out);
}

Test(audit_witness, a_log_that_was_followed_by_another_is_not_signed_any_further)
{
    uint64_t seen = ledger_size(&ledger);
    cr_assert_eq(show(0), EX_OK);
    recover(AFTER);
    audit_write_proof(&ledger, 0, proof);
    cr_assert_eq(witness(), EX_OK, "%s", audit_err);
    cr_expect_eq(show(0), EX_OK, "%s", audit_err); /* what was seen of the old one is still true */
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    (void)unlink(signed_out);
    cr_expect_eq(show(seen), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "ĐÃ ĐƯỢC THAY"), "%s", audit_err);
    cr_expect_not(is_there(signed_out));
    cr_expect_eq(AUDIT_RUN(th_audit_witness, "witness", state, "--json"), EX_OK);
    json_t *answer = json_loads(audit_out, 0, NULL);
    cr_expect_str_eq(ledger_at(answer, "contradictions"), "1");
    json_decref(answer);
}

/* ---- deciding ---- */

Test(audit_judge, shares_the_least_of_all_recoveries_in_between)
{
    static struct th_log_keys history;
    const struct th_log_key *succession = NULL;
    uint64_t shared = 0;
    struct th_vkey vkey;
    const uint8_t public_key[32] = {1};
    static const struct {
        const char *origin;
        uint64_t after;
    } items[] = {{"a", 0}, {"a", 10}, {"b", 30}, {"b", 40}, {"c", 20}, {"d", 50}};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        cr_assert_eq(th_tlog_vkey_init(items[i].origin, public_key, &vkey), 0);
        history.items[i] = (struct th_log_key){.vkey = vkey, .after = items[i].after};
        history.count++;
    }
    cr_expect_not(th_witness_shared(&history, "a", "a", &shared, &succession));
    cr_expect_not(th_witness_shared(&history, "b", "a", &shared, &succession));
    cr_expect_not(th_witness_shared(&history, "x", "a", &shared, &succession));
    cr_assert(th_witness_shared(&history, "a", "b", &shared, &succession));
    cr_expect_eq(shared, 30);
    cr_assert(th_witness_shared(&history, "a", "d", &shared, &succession));
    cr_expect_eq(shared, 20);
    cr_expect_eq(succession, &history.items[4]);
    cr_assert(th_witness_shared(&history, "c", "d", &shared, &succession));
    cr_expect_eq(shared, 50);
}
