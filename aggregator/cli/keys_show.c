/* SPDX-License-Identifier: Apache-2.0 */
/* keys show: every key that has signed the log, the key of the connections, keys of units. */
#include "aggregator/cli/keys.h"

#include "aggregator/cli/scan.h"
#include "base/options.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"

#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#define ARENA_BUDGET_BYTES ((size_t)256 << 20)

struct showing {
    struct th_site site;
    const char *unit; /* NULL: none */
    bool all;         /* units */
    struct th_store *store;
    struct th_view *view;
    struct th_arena arena;
    struct th_unit_codes codes;
    json_t *answer;
    json_t *units; /* in the answer */
    bool is_unit_known;
};

static json_t *time_of(struct showing *showing, uint64_t position)
{
    char text[TH_INSTANT_TEXT_SIZE];
    th_instant time;
    if (!th_scan_time(showing->view, position, &time))
        return json_null();
    return json_string(th_instant_format(time, text));
}

static json_t *base64(const uint8_t bytes[32])
{
    char text[TH_DIGEST_BASE64_SIZE + 1];
    struct th_digest digest; /* 32 bytes as well */
    memcpy(digest.bytes, bytes, sizeof digest.bytes);
    th_tlog_digest_encode(&digest, text);
    return json_string(text);
}

/* ---- the log's ---- */

static int add_log_keys(struct showing *showing)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    const struct th_log_keys *keys = th_store_log_keys(showing->store);
    json_t *list = json_array();
    for (size_t i = 0; i < keys->count; i++) {
        const struct th_log_key *key = &keys->items[i];
        bool is_lost = th_cli_key_is_lost(keys, i);
        json_t *since = is_lost ? json_null() : time_of(showing, key->after);
        json_t *item =
            json_pack("{s:s, s:s, s:I, s:o, s:o}", "vkey", th_cli_vkey_text(&key->vkey, vkey),
                      "origin", key->vkey.name, "after", (json_int_t)key->after, "since", since,
                      "introduced", i == 0 ? json_null() : json_boolean(key->succession_size > 0));
        (void)json_array_append_new(list, item);
    }
    return json_object_set_new(showing->answer, "log_keys", list) == 0 ? 0 : TH_E_NO_MEMORY;
}

/* Public, but made of the secret one: null for who may not read that. */
static int add_curve_key(struct showing *showing)
{
    char problem[TH_SECRETS_PROBLEM_SIZE];
    struct th_secrets secrets;
    const struct th_store_identity *identity = th_store_identity(showing->store);
    json_t *key = NULL;
    if (th_secrets_read(showing->site.folder, identity->realm, identity->log_key, problem,
                        &secrets) == 0) {
        key = base64(secrets.curve_public);
        th_secrets_deinit(&secrets);
    } else {
        key = json_null();
    }
    return json_object_set_new(showing->answer, "curve_key", key) == 0 ? 0 : TH_E_NO_MEMORY;
}

/* ---- the units' ---- */

static json_t *operator_of(struct showing *showing, uint64_t position, bool is_revocation)
{
    struct th_stored_entry entry;
    struct th_enrolment enrolment;
    struct th_revocation revocation;
    struct th_text name = {"", 0};
    if (th_view_entry(showing->view, position, &entry) < 0)
        return json_null();
    if (is_revocation && th_wire_revocation_decode(entry.body, &showing->arena, &revocation) == 0)
        name = revocation.operator;
    if (!is_revocation && th_wire_enrolment_decode(entry.body, &showing->arena, &enrolment) == 0)
        name = enrolment.operator;
    return json_stringn(name.bytes, name.size);
}

static json_t *unit_key(struct showing *showing, const struct th_key_row *row, const char *code)
{
    char name[TH_NOTE_NAME_MAX + 1];
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    char when[TH_INSTANT_TEXT_SIZE];
    struct th_vkey vkey;
    int size = snprintf(name, sizeof name, "%s/%s", th_store_identity(showing->store)->realm, code);
    bool fits = size > 0 && (size_t)size < sizeof name &&
                th_tlog_vkey_init(name, row->sign_key.bytes, &vkey) == 0;
    json_t *item =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "unit", code, "vkey",
                  fits ? json_string(th_cli_vkey_text(&vkey, text)) : json_null(), "sign_key",
                  base64(row->sign_key.bytes), "curve_key", base64(row->curve_key), "position",
                  json_integer((json_int_t)row->enrolled_at), "enrolled",
                  time_of(showing, row->enrolled_at), "revoked", row->revoked);
    if (item == NULL)
        return NULL;
    (void)json_object_set_new(item, "operator", operator_of(showing, row->enrolled_at, false));
    if (!row->revoked)
        return item;
    (void)json_object_set_new(item, "revoked_position", json_integer((json_int_t)row->revoked_at));
    (void)json_object_set_new(item, "revoked_operator",
                              operator_of(showing, row->revoked_at, true));
    (void)json_object_set_new(item, "effective",
                              json_string(th_instant_format(row->revoked_from, when)));
    return item;
}

static int take_key(void *context, const struct th_key_row *row)
{
    struct showing *showing = context;
    const char *code = th_unit_code(&showing->codes, row->unit);
    if (!showing->all && strcmp(code, showing->unit) != 0)
        return 0;
    json_t *item = unit_key(showing, row, code);
    return item == NULL || json_array_append_new(showing->units, item) != 0 ? TH_E_NO_MEMORY : 0;
}

static int add_unit_keys(struct showing *showing)
{
    showing->units = json_array();
    if (json_object_set_new(showing->answer, "units", showing->units) != 0)
        return TH_E_NO_MEMORY;
    int status = th_scan_codes(showing->view, &showing->arena, &showing->codes);
    for (uint32_t i = 0; status == 0 && i < showing->codes.count; i++)
        showing->is_unit_known = showing->is_unit_known || showing->all ||
                                 strcmp(showing->codes.codes[i], showing->unit) == 0;
    return status == 0 ? th_view_keys(showing->view, take_key, showing) : status;
}

/* ---- for people ---- */

static const char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));
    return text == NULL ? "-" : text;
}

static void print_log_keys(const struct showing *showing)
{
    FILE *out = showing->site.out;
    const json_t *list = json_object_get(showing->answer, "log_keys");
    size_t i;
    const json_t *item;
    (void)fputs("Khóa ký nhật ký, khóa cuối đang dùng:\n", out);
    json_array_foreach(list, i, item)
    {
        (void)fprintf(out, "  %s\n      ký các cỡ trên %lld, từ %s%s\n", text_of(item, "vkey"),
                      (long long)json_integer_value(json_object_get(item, "after")),
                      json_is_null(json_object_get(item, "since")) ? "không rõ (phần đã mất)"
                                                                   : text_of(item, "since"),
                      json_is_false(json_object_get(item, "introduced"))
                          ? "; khóa trước đã mất, không ký giới thiệu"
                          : "");
    }
    (void)fprintf(out, "Khóa kết nối (CURVE): %s\n", text_of(showing->answer, "curve_key"));
}

static void print_unit_keys(const struct showing *showing)
{
    FILE *out = showing->site.out;
    size_t i;
    const json_t *item;
    if (showing->units == NULL)
        return;
    (void)fprintf(out, "Khóa của đơn vị: %zu\n", json_array_size(showing->units));
    json_array_foreach(showing->units, i, item)
    {
        (void)fprintf(out, "  %s\n      CURVE %s\n      ghi danh mục %lld, lúc %s, %s\n",
                      text_of(item, "vkey"), text_of(item, "curve_key"),
                      (long long)json_integer_value(json_object_get(item, "position")),
                      text_of(item, "enrolled"), text_of(item, "operator"));
        if (json_is_true(json_object_get(item, "revoked")))
            (void)fprintf(out, "      THU HỒI từ %s (mục %lld, %s)\n", text_of(item, "effective"),
                          (long long)json_integer_value(json_object_get(item, "revoked_position")),
                          text_of(item, "revoked_operator"));
    }
}

static int show_open(struct showing *showing)
{
    bool with_units = showing->all || showing->unit != NULL;
    int status = add_log_keys(showing);
    if (status == 0)
        status = add_curve_key(showing);
    if (status == 0 && with_units)
        status = add_unit_keys(showing);
    if (status < 0) {
        th_cli_complain(showing->site.err, "keys show", NULL, "%s: %s", showing->site.folder,
                        th_status_text(status));
        return th_status_exit_code(status);
    }
    if (with_units && !showing->is_unit_known) {
        th_cli_complain(showing->site.err, "keys show", "kiểm tra mã; --all in mọi đơn vị",
                        "kho không có đơn vị \"%s\"", showing->unit);
        return EX_NOINPUT;
    }
    if (showing->site.as_json)
        return th_site_answer(&showing->site, json_incref(showing->answer));
    print_log_keys(showing);
    print_unit_keys(showing);
    return EX_OK;
}

static int show(struct showing *showing)
{
    int code = th_site_open(&showing->site, TH_STORE_READ, &showing->store);
    if (code != EX_OK)
        return code;
    showing->answer = json_object();
    th_arena_init(&showing->arena, 65536, ARENA_BUDGET_BYTES);
    int status =
        showing->answer == NULL ? TH_E_NO_MEMORY : th_view_open(showing->store, &showing->view);
    if (status < 0) {
        th_cli_complain(showing->site.err, "keys show", NULL, "%s: %s", showing->site.folder,
                        th_status_text(status));
        code = th_status_exit_code(status);
    } else {
        code = show_open(showing);
        th_view_close(showing->view);
    }
    json_decref(showing->answer);
    th_arena_deinit(&showing->arena);
    th_store_close(showing->store);
    return code;
}

int th_cli_keys_show(int argc, char **argv, FILE *out, FILE *err)
{
    struct showing showing = {.site = {.command = "keys show", .out = out, .err = err}};
    const struct th_cli_option options[] = {
        {.name = "unit",
         .value_name = "MÃ",
         .help = "cả khóa của đơn vị này, kể cả đã thu hồi",
         .text = &showing.unit},
        {.name = "all", .help = "cả khóa của mọi đơn vị", .flag = &showing.all},
        {.name = "json", .help = "in ra JSON", .flag = &showing.site.as_json}};
    const struct th_cli_command command = {
        .name = "keys show",
        .operands = "DIR",
        .summary = "Khóa đã ký nhật ký, khóa kết nối, và khóa của đơn vị. Không in bí mật nào.",
        .examples = "  tonghop-aggregator keys show /var/lib/tonghop/kho\n"
                    "  tonghop-aggregator keys show /var/lib/tonghop/kho --unit 23734 --json\n",
        .options = options,
        .options_count = 3,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    if (showing.all && showing.unit != NULL) {
        th_cli_complain(err, "keys show", "chọn một", "--unit và --all không đi cùng nhau");
        return EX_USAGE;
    }
    showing.site.folder = operands[0];
    return th_cli_finish(out, err, show(&showing));
}
