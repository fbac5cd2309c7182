/* SPDX-License-Identifier: Apache-2.0 */
/* recover: the one commit by which a store that was put back goes on as a new log. */
#include "aggregator/cli/recover.h"

#include "aggregator/cli/handout.h"
#include "aggregator/cli/keys.h"
#include "aggregator/cli/scan.h"
#include "aggregator/cli/write.h"
#include "aggregator/shell/clock_linux.h"
#include "proto/wire/journal.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static int complain(const struct th_recovering *recovering, int status, const char *hint,
                    const char *what)
{
    th_cli_complain(recovering->site.err, "recover", hint, "%s: %s: %s", recovering->site.folder,
                    what, th_status_text(status));
    return th_status_exit_code(status);
}

/* ---- the entry ---- */

/* The keys that the copy does not have, then the new one; they borrow texts and notes. */
struct naming {
    struct th_log_key_body keys[TH_RECOVERY_KEYS_MAX];
    size_t count;
    char vkeys[TH_RECOVERY_KEYS_MAX][TH_NOTE_VKEY_TEXT_MAX + 1];
    char succession[TH_SUCCESSION_SIZE_MAX];
};

static void name_key(struct naming *naming, const struct th_vkey *vkey, uint64_t after,
                     const char *succession, size_t succession_size)
{
    char *text = th_cli_vkey_text(vkey, naming->vkeys[naming->count]);
    naming->keys[naming->count++] = (struct th_log_key_body){
        .vkey = {text, strlen(text)},
        .after = after,
        .succession = {(const uint8_t *)succession, succession_size},
    };
}

static int name_keys(const struct th_recovering *recovering, const struct th_note_signer *old,
                     const struct th_vkey *next, struct naming *naming)
{
    size_t size = 0;
    naming->count = 0;
    if (recovering->keys.count - recovering->known_keys + 1 > TH_RECOVERY_KEYS_MAX)
        return complain(recovering, TH_E_LIMIT, NULL, "quá nhiều khóa mà bản sao không biết");
    for (size_t i = recovering->known_keys; i < recovering->keys.count; i++) {
        const struct th_log_key *key = &recovering->keys.items[i];
        name_key(naming, &key->vkey, key->after, key->succession, key->succession_size);
    }
    if (old != NULL) {
        int code = th_cli_succeed(&recovering->site, recovering->store, old, next,
                                  naming->succession, &size);
        if (code != EX_OK)
            return code;
    }
    name_key(naming, next, recovering->size, naming->succession, size);
    return EX_OK;
}

static int write_secrets(const struct th_recovering *recovering, const struct th_note_signer *old,
                         const struct th_secrets *next, bool is_curve_new)
{
    char problem[TH_SECRETS_PROBLEM_SIZE];
    const char *folder = recovering->site.folder;
    int status = 0;
    if (old != NULL)
        status = th_secrets_keep(folder, &old->vkey, problem);
    if (status == 0 && is_curve_new)
        status = th_secrets_write_curve(folder, next);
    if (status == 0)
        status = th_secrets_write_next(folder, next);
    return status < 0 ? complain(recovering, status, NULL, "không ghi được khóa vào secrets/")
                      : EX_OK;
}

static int commit(struct th_recovering *recovering, const struct naming *naming,
                  const struct th_secrets *next)
{
    char operator_name[TH_SITE_OPERATOR_SIZE];
    struct th_arena arena;
    struct th_act_result result;
    struct th_act act = {.kind = TH_ACT_RECOVER};
    struct th_recovery recovery = {.keys = naming->keys, .keys_count = naming->count};
    act.operator=(struct th_text){th_site_operator(operator_name), strlen(operator_name)};
    recovery.operator= act.operator;
    if (recovering->has_lost)
        recovery.checkpoint =
            (struct th_bytes){(const uint8_t *)recovering->lost_note, recovering->lost_note_size};
    th_arena_init(&arena, 65536, (size_t)1 << 20);
    int status = th_wire_recovery_encode(&recovery, &arena, &act.content);
    if (status == 0)
        status = th_site_carry_here(recovering->store, next, th_clock_now(), &act, 1, &result);
    th_arena_deinit(&arena);
    if (status < 0)
        return complain(recovering, status, "chạy lại lệnh này: nó tự xem đã khôi phục hay chưa",
                        "không ghi được");
    if (result.status == 0)
        return EX_OK;
    th_secrets_drop_next(recovering->site.folder);
    return complain(recovering, result.status,
                    result.status == TH_E_LIMIT
                        ? "nhật ký đã có quá nhiều khóa; mở bản sao để đọc và tạo kho mới"
                        : NULL,
                    "không khôi phục được");
}

/* ---- the old key ---- */

/* The signer of the lost log, when its key is here; it may be when the connection's is not. Prints;
 * `ret_has`: it is. */
static int find_old_key(const struct th_recovering *recovering, struct th_note_signer *ret_old,
                        bool *ret_has)
{
    char problem[TH_SECRETS_PROBLEM_SIZE] = "";
    char ignored[TH_SECRETS_PROBLEM_SIZE];
    struct th_secrets all;
    const struct th_vkey *vkey = &th_log_keys_current(&recovering->keys)->vkey;
    const char *folder = recovering->site.folder;
    int status = th_secrets_read(folder, vkey->name, vkey->public_key, problem, &all);
    if (status == 0) {
        *ret_old = all.signer;
        *ret_has = true;
        th_secrets_deinit(&all);
        return EX_OK;
    }
    if ((status == TH_E_NOT_FOUND || status == TH_E_CONFIG) && recovering->is_key_lost) {
        *ret_has = th_secrets_read_signer(folder, vkey, ignored, ret_old) == 0;
        return EX_OK;
    }
    th_cli_complain(
        recovering->site.err, "recover",
        "chép secrets/ từ nơi cất riêng về (mỗi tệp 0600). Nhật ký đã đổi khóa sau bản "
        "sao thì thêm --keys với log-keys.yaml mới nhất. Khóa nhật ký cuối cùng mất "
        "hẳn thì mới thêm --old-key-lost: không ai ký giới thiệu khóa mới, nên từng đơn vị "
        "phải nhận server.yaml mới qua đường tin được và chạy tonghop-node trust",
        "%s", problem[0] == 0 ? th_status_text(status) : problem);
    return th_status_exit_code(status);
}

/* ---- the command ---- */

static int recover_with(struct th_recovering *recovering, const struct th_note_signer *old)
{
    char problem[TH_SECRETS_PROBLEM_SIZE] = "";
    struct th_secrets next;
    bool is_curve_new = false;
    int status = th_secrets_make_next(recovering->site.folder, recovering->origin, problem, &next,
                                      &is_curve_new);
    if (status < 0)
        return complain(recovering, status, NULL,
                        problem[0] == 0 ? "không tạo được khóa mới" : problem);
    struct naming *naming = calloc(1, sizeof *naming);
    int code = naming == NULL ? EX_OSERR : EX_OK;
    if (code == EX_OK)
        code = name_keys(recovering, old, &next.signer.vkey, naming);
    if (code == EX_OK)
        code = write_secrets(recovering, old, &next, is_curve_new);
    if (code == EX_OK)
        code = commit(recovering, naming, &next);
    free(naming);
    if (code == EX_OK) {
        th_store_close(recovering->store);
        recovering->store = NULL;
        status = th_secrets_promote(recovering->site.folder);
        if (status < 0)
            code = complain(recovering, status, "chạy lại lệnh này để làm nốt",
                            "đã khôi phục, nhưng không đổi tên được secrets/log.key.next");
    }
    if (code == EX_OK)
        code = th_handout_write(&recovering->site);
    if (code == EX_OK)
        code = th_recover_tell(recovering, &next, is_curve_new, old != NULL);
    th_secrets_deinit(&next);
    return code;
}

static int read_size(struct th_recovering *recovering)
{
    struct th_view *view = NULL;
    int status = th_view_open(recovering->store, &view);
    if (status < 0)
        return complain(recovering, status, NULL, "không đọc được kho");
    recovering->size = th_view_size(view);
    bool has_last =
        recovering->size > 0 && th_scan_time(view, recovering->size - 1, &recovering->last);
    th_view_close(view);
    return has_last ? EX_OK : complain(recovering, TH_E_CORRUPT, NULL, "bản sao không có mục nào");
}

static int recover_open(struct th_recovering *recovering)
{
    struct th_note_signer old;
    bool has_old = false;
    int code = read_size(recovering);
    if (code == EX_OK)
        code = th_recover_gather_keys(recovering);
    if (code == EX_OK)
        code = th_recover_gather_lost(recovering);
    if (code == EX_OK)
        code = th_recover_choose_origin(recovering);
    if (code == EX_OK)
        code = find_old_key(recovering, &old, &has_old);
    if (code != EX_OK)
        return code;
    code = recover_with(recovering, has_old ? &old : NULL);
    if (has_old)
        th_tlog_signer_deinit(&old);
    return code;
}

/* Whether a key that the store needs now is not in secrets/, or another is there. An earlier run of
 * this command that was cut off is finished, and nothing is missing. */
static bool is_key_missing(const struct th_recovering *recovering)
{
    char problem[TH_SECRETS_PROBLEM_SIZE];
    struct th_store_identity identity;
    struct th_secrets secrets;
    if (th_site_identity(&recovering->site, &identity) != EX_OK)
        return false;
    int status = th_secrets_read(recovering->site.folder, identity.realm, identity.log_key, problem,
                                 &secrets);
    if (status == 0)
        th_secrets_deinit(&secrets);
    return status == TH_E_NOT_FOUND || status == TH_E_CONFIG;
}

/* Nothing says that the store is behind: it may be that this command was run before, and perhaps
 * did not come to its end. */
static int tell_unneeded(const struct th_recovering *recovering, const char *problem)
{
    struct th_store *store = NULL;
    struct th_recovery_row row = {.is_open = false};
    struct th_view *view = NULL;
    int code = th_site_open(&recovering->site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    if (th_view_open(store, &view) == 0) {
        if (th_view_recovery(view, &row) < 0)
            row.is_open = false;
        th_view_close(view);
    }
    th_store_close(store);
    if (!row.is_open) {
        th_cli_complain(recovering->site.err, "recover",
                        is_key_missing(recovering)
                            ? "khóa trong secrets/ mất hay không phải của kho này: chép lại từ nơi "
                              "cất riêng (mỗi tệp 0600) rồi chạy máy chủ; mất hẳn thì thêm "
                              "--old-key-lost"
                            : NULL,
                        "%s", problem);
        return EX_DATAERR;
    }
    char word[TH_TEXT_WORD_SIZE];
    code = th_handout_write(&recovering->site); /* which finishes what was interrupted */
    if (code == EX_OK && !recovering->site.as_json)
        (void)fprintf(recovering->site.out,
                      "Kho này đã được khôi phục rồi (mục %llu). Chạy máy chủ, đợi các nút trình "
                      "lại, rồi: tonghop-aggregator recover %s --finish\n",
                      (unsigned long long)row.began_at,
                      th_text_word(recovering->site.folder, word));
    return code == EX_OK && recovering->site.as_json ? th_recover_status(&recovering->site) : code;
}

static int recover(struct th_recovering *recovering)
{
    struct th_store_options options = {0};
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    int status = th_store_open(recovering->site.folder, TH_STORE_RECOVER, &options, problem,
                               &recovering->store);
    if (status == TH_E_INVALID && recovering->is_key_lost && is_key_missing(recovering)) {
        recovering->is_whole = options.is_key_lost = true;
        status = th_store_open(recovering->site.folder, TH_STORE_RECOVER, &options, problem,
                               &recovering->store);
    }
    if (status == 0) {
        int code = recover_open(recovering);
        th_store_close(recovering->store);
        recovering->store = NULL;
        free(recovering->lost_note);
        return code;
    }
    if (status == TH_E_INVALID)
        return tell_unneeded(recovering, problem);
    const char *hint = status == TH_E_BUSY ? "dừng máy chủ rồi chạy lại lệnh này"
                       : status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT
                                                  : NULL;
    th_cli_complain(recovering->site.err, "recover", hint, "%s",
                    problem[0] == 0 ? th_status_text(status) : problem);
    return th_status_exit_code(status);
}

static int choose(struct th_recovering *recovering, bool is_finish, bool is_status)
{
    bool has_more = recovering->realm != NULL || recovering->notes.count > 0 ||
                    recovering->keys_path != NULL || recovering->is_key_lost;
    if ((is_finish && is_status) || ((is_finish || is_status) && has_more)) {
        th_cli_complain(recovering->site.err, "recover", "xem tonghop-aggregator recover --help",
                        "--finish và --status đứng một mình");
        return EX_USAGE;
    }
    if (is_finish)
        return th_recover_finish(&recovering->site);
    return is_status ? th_recover_status(&recovering->site) : recover(recovering);
}

int th_cli_recover(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_recovering *recovering = calloc(1, sizeof *recovering);
    if (recovering == NULL)
        return EX_OSERR;
    bool is_finish = false;
    bool is_status = false;
    recovering->site = (struct th_site){.command = "recover", .out = out, .err = err};
    const struct th_cli_option options[] = {
        {.name = "realm",
         .value_name = "TÊN",
         .help = "tên mới của nơi nhận; mặc định là tên cũ thêm /2, /3 …",
         .text = &recovering->realm},
        {.name = "checkpoint",
         .value_name = "TỆP",
         .help = "checkpoint hoặc biên nhận của nhật ký đã mất",
         .values = &recovering->notes},
        {.name = "keys",
         .value_name = "TỆP",
         .help = "log-keys.yaml mới nhất, khi nhật ký đã đổi khóa sau bản sao",
         .text = &recovering->keys_path},
        {.name = "old-key-lost",
         .help = "khóa nhật ký cũ mất hẳn: không ai ký giới thiệu khóa mới",
         .flag = &recovering->is_key_lost},
        {.name = "finish",
         .help = "các nút đã trình lại đủ: nhắc việc và chốt số liệu chạy tiếp",
         .flag = &is_finish},
        {.name = "status", .help = "đã trình lại những gì", .flag = &is_status},
        {.name = "json", .help = "in ra JSON", .flag = &recovering->site.as_json}};
    const struct th_cli_command command = {
        .name = "recover",
        .operands = "DIR",
        .summary =
            "Kho được đặt lại từ bản sao cũ chạy tiếp như một nhật ký mới; các nút trình lại\n"
            "những báo cáo mà chúng có biên nhận. Máy chủ phải dừng, trừ --status, --finish.",
        .examples =
            "  tonghop-aggregator recover /var/lib/tonghop/kho\n"
            "  tonghop-aggregator recover /var/lib/tonghop/kho --keys log-keys.yaml --checkpoint "
            "bien-nhan.txt\n"
            "  tonghop-aggregator recover /var/lib/tonghop/kho --status\n"
            "  tonghop-aggregator recover /var/lib/tonghop/kho --finish\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int code = EX_OK;
    if (th_cli_begin(&command, argc, argv, out, err, &operands, &count, &code)) {
        recovering->site.folder = operands[0];
        code = choose(recovering, is_finish, is_status);
    }
    free(recovering);
    return th_cli_finish(out, err, code);
}
