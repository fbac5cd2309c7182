/* SPDX-License-Identifier: Apache-2.0 */
/* recover --status and --finish: what came back since the recovery began, and its end. */
#include "aggregator/cli/recover.h"
#include "aggregator/cli/scan.h"
#include "proto/wire/journal.h"

#include <string.h>
#include <sysexits.h>

#define ARENA_BUDGET_BYTES ((size_t)16 << 20)

struct counting {
    struct th_readmitted_units found;
    struct th_arena arena;
};

static int add_reports(struct counting *counting, const struct th_leaf *leaf)
{
    char unit[TH_LIMIT_REALM_SIZE_MAX + 1];
    json_int_t reports = 0;
    for (size_t i = 0; i < leaf->judgements_count; i++)
        reports += leaf->judgements[i].accepted ? 1 : 0;
    if (leaf->unit.size >= sizeof unit)
        return TH_E_CORRUPT;
    memcpy(unit, leaf->unit.bytes, leaf->unit.size);
    unit[leaf->unit.size] = 0;
    counting->found.entries++;
    counting->found.reports += (uint64_t)reports;
    json_int_t before = json_integer_value(json_object_get(counting->found.units, unit));
    return json_object_set_new(counting->found.units, unit, json_integer(before + reports)) == 0
               ? 0
               : TH_E_NO_MEMORY;
}

static int count_entry(void *context, struct th_view *view, uint64_t position)
{
    struct counting *counting = context;
    struct th_stored_entry entry;
    struct th_bytes bytes;
    struct th_leaf leaf;
    int status = th_view_entry(view, position, &entry);
    if (status < 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    if (entry.kind == TH_ENTRY_RECOVERY_ENDED && !counting->found.has_ended) {
        counting->found.has_ended = true;
        counting->found.ended_at = position;
    }
    if (counting->found.has_ended) {
        counting->found.closings += entry.kind == TH_ENTRY_CLOSING ? 1 : 0;
        counting->found.reminders += entry.kind == TH_ENTRY_REMINDER ? 1 : 0;
    }
    if (entry.kind != TH_ENTRY_READMITTED)
        return 0;
    th_arena_reset(&counting->arena);
    status = th_view_leaf(view, position, &bytes);
    if (status == 0)
        status = th_wire_leaf_decode(bytes, &counting->arena, &leaf);
    return status < 0 ? status : add_reports(counting, &leaf);
}

static int read_row(struct th_store *store, struct th_readmitted_units *found, uint64_t *ret_size)
{
    struct th_view *view = NULL;
    struct th_recovery_row row = {.is_open = false};
    struct th_stored_entry entry;
    int status = th_view_open(store, &view);
    if (status < 0)
        return status;
    *ret_size = th_view_size(view);
    status = th_view_recovery(view, &row);
    found->was_recovered = status == 0 && (row.is_open || row.began_at > 0);
    if (found->was_recovered)
        status = th_view_entry(view, row.began_at, &entry);
    if (status == 0 && found->was_recovered) {
        found->is_open = row.is_open;
        found->began_at = row.began_at;
        found->began = entry.time;
    }
    th_view_close(view);
    return status;
}

int th_recover_count(struct th_store *store, struct th_readmitted_units *ret_counted)
{
    struct counting counting = {.found = {.units = json_object()}};
    uint64_t size = 0;
    if (counting.found.units == NULL)
        return TH_E_NO_MEMORY;
    int status = read_row(store, &counting.found, &size);
    th_arena_init(&counting.arena, 65536, ARENA_BUDGET_BYTES);
    if (status == 0 && counting.found.was_recovered)
        status = th_scan(store, counting.found.began_at, size, count_entry, &counting);
    th_arena_deinit(&counting.arena);
    if (status < 0)
        json_decref(counting.found.units);
    else
        *ret_counted = counting.found;
    return status;
}

/* ---- telling ---- */

static int print_json(const struct th_site *site, const struct th_readmitted_units *found)
{
    char when[TH_INSTANT_TEXT_SIZE];
    json_t *all = json_pack("{s:b, s:b, s:I, s:I, s:O}", "recovered", found->was_recovered, "open",
                            found->is_open, "readmitted", (json_int_t)found->reports, "submissions",
                            (json_int_t)found->entries, "units", found->units);
    if (all != NULL && found->was_recovered) {
        (void)json_object_set_new(all, "position", json_integer((json_int_t)found->began_at));
        (void)json_object_set_new(all, "began", json_string(th_instant_format(found->began, when)));
    }
    if (all != NULL && found->has_ended) {
        (void)json_object_set_new(all, "ended", json_integer((json_int_t)found->ended_at));
        (void)json_object_set_new(all, "closings", json_integer((json_int_t)found->closings));
        (void)json_object_set_new(all, "reminders", json_integer((json_int_t)found->reminders));
    }
    return th_site_answer(site, all);
}

static void print_text(const struct th_site *site, const struct th_readmitted_units *found)
{
    char when[TH_SPOKEN_TEXT_SIZE];
    const char *unit;
    json_t *reports;
    if (!found->was_recovered) {
        (void)fputs("Kho này chưa từng phải khôi phục.\n", site->out);
        return;
    }
    (void)fprintf(site->out, "Lần khôi phục ở mục %llu, lúc %s: %s.\n",
                  (unsigned long long)found->began_at, th_instant_format_spoken(found->began, when),
                  found->is_open ? "ĐANG MỞ, nhắc việc và chốt số liệu đợi --finish"
                                 : "đã kết thúc");
    (void)fprintf(site->out, "Các nút đã trình lại %llu báo cáo của %zu đơn vị:\n",
                  (unsigned long long)found->reports, json_object_size(found->units));
    json_object_foreach(found->units, unit, reports)(void)
        fprintf(site->out, "  %s: %lld\n", unit, (long long)json_integer_value(reports));
    if (found->has_ended)
        (void)fprintf(site->out, "Từ khi kết thúc đã chốt %llu lần, nhắc %llu lần.\n",
                      (unsigned long long)found->closings, (unsigned long long)found->reminders);
}

static int count_and(const struct th_site *site,
                     int (*then)(const struct th_site *site, const struct th_readmitted_units *))
{
    struct th_store *store = NULL;
    struct th_readmitted_units found;
    int code = th_site_open(site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    int status = th_recover_count(store, &found);
    th_store_close(store);
    if (status < 0) {
        th_cli_complain(site->err, site->command, NULL, "%s: %s", site->folder,
                        th_status_text(status));
        return th_status_exit_code(status);
    }
    code = then(site, &found);
    json_decref(found.units);
    return code;
}

static int tell(const struct th_site *site, const struct th_readmitted_units *found)
{
    if (site->as_json)
        return print_json(site, found);
    print_text(site, found);
    return EX_OK;
}

int th_recover_status(const struct th_site *site)
{
    return count_and(site, tell);
}

/* ---- the end ---- */

static int check_open(const struct th_site *site, const struct th_readmitted_units *found)
{
    if (found->is_open)
        return EX_OK;
    th_cli_complain(site->err, site->command, "không phải làm gì", "%s: %s", site->folder,
                    found->was_recovered ? "lần khôi phục đã được kết thúc từ trước"
                                         : "kho này không có lần khôi phục nào đang mở");
    return EX_DATAERR;
}

int th_recover_finish(const struct th_site *site)
{
    char operator_name[TH_SITE_OPERATOR_SIZE];
    struct th_act act = {.kind = TH_ACT_END_RECOVERY};
    struct th_act_result result;
    int code = count_and(site, check_open);
    if (code != EX_OK)
        return code;
    act.operator=(struct th_text){th_site_operator(operator_name), strlen(operator_name)};
    code = th_site_carry(site, &act, 1, &result);
    if (code == EX_OK && result.status < 0) {
        th_cli_complain(site->err, site->command, NULL, "%s: không kết thúc được: %s", site->folder,
                        th_status_text(result.status));
        code = th_status_exit_code(result.status);
    }
    return code == EX_OK ? count_and(site, tell) : code;
}
