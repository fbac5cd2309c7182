/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/find.h"

#include "base/text.h"
#include "proto/tlog/hash.h"

#include <string.h>

enum { PARTS_MIN = 3, PARTS_MAX = 5, FOUND = 1 };

/* ---- by digest: every row, and the revisions of those that were corrected ---- */

struct search {
    struct th_reader *reader;
    struct th_view *view;
    struct th_digest digest;
    struct th_found found;
    uint64_t seen;
};

static void keep_row(struct search *search, const struct th_row *row)
{
    search->found.unit = row->unit;
    search->found.number = row->number;
    search->found.revision = row->revision;
    search->found.position = row->position;
    search->found.index = row->index;
    search->found.digest = row->digest;
    search->found.is_current = true;
}

static void keep_revision(struct th_found *found, const struct th_revision *revision)
{
    found->unit = revision->unit;
    found->number = revision->number;
    found->revision = revision->revision;
    found->position = revision->position;
    found->index = revision->index;
    found->digest = revision->digest;
    found->is_current = false;
}

static int look_at_revision(void *context, const struct th_revision *revision)
{
    struct search *search = context;
    search->seen++;
    if (!th_tlog_digest_equal(&revision->digest, &search->digest))
        return 0;
    keep_revision(&search->found, revision);
    return FOUND;
}

static int look_at_row(void *context, const struct th_row *row)
{
    struct search *search = context;
    th_reader_step(search->reader, ++search->seen, TH_READER_NOWHERE);
    if (th_tlog_digest_equal(&row->digest, &search->digest)) {
        keep_row(search, row);
        return FOUND;
    }
    if (row->revision == 1)
        return 0;
    return th_view_revisions(search->view, search->found.book, row->unit, row->number,
                             look_at_revision, search);
}

static int find_digest(struct search *search, const struct th_query_context *context,
                       char problem[TH_FIND_PROBLEM_SIZE])
{
    th_reader_phase(search->reader, "tìm báo cáo theo mã băm", 0);
    for (uint16_t plan = 0; plan < context->plans_count; plan++) {
        uint16_t count = context->plans[plan].plan->obligations_count;
        for (uint16_t obligation = 0; obligation < count; obligation++) {
            search->found.book = (struct th_book_id){plan, obligation};
            int status = th_view_rows(search->view, search->found.book, look_at_row, search);
            if (status != 0)
                return status == FOUND ? 0 : status;
        }
    }
    (void)snprintf(problem, TH_FIND_PROBLEM_SIZE,
                   "kho không có báo cáo nào mang mã băm này, trong %llu báo cáo kể cả các bản đã "
                   "được thay",
                   (unsigned long long)search->seen);
    return TH_E_NOT_FOUND;
}

/* ---- by name ---- */

struct name {
    struct th_text parts[PARTS_MAX];
    size_t count;
    int64_t number, revision; /* revision 0: the current one */
};

static int split(const char *what, struct name *name)
{
    const char *at = what;
    *name = (struct name){0};
    for (;;) {
        size_t size = strcspn(at, "/");
        if (name->count == PARTS_MAX || size == 0)
            return TH_E_SYNTAX;
        name->parts[name->count++] = (struct th_text){at, size};
        if (at[size] == '\0')
            break;
        at += size + 1;
    }
    int status = name->count < PARTS_MIN ? TH_E_SYNTAX : 0;
    if (status == 0 && name->count > 3)
        status = th_text_parse_int(name->parts[3].bytes, name->parts[3].size, 0,
                                   TH_LIMIT_NUMBER_MAX, &name->number);
    if (status == 0 && name->count > 4)
        status = th_text_parse_int(name->parts[4].bytes, name->parts[4].size, 1, UINT32_MAX,
                                   &name->revision);
    return status;
}

static bool is(const char *text, struct th_text wanted)
{
    return strlen(text) == wanted.size && memcmp(text, wanted.bytes, wanted.size) == 0;
}

/* One unit of the code that has such a report; `search` gets it. */
static int find_of_unit(struct search *search, uint32_t unit, const struct name *name)
{
    struct th_row row;
    int status = th_view_row(search->view, search->found.book, unit, (uint32_t)name->number, &row);
    if (status != 0)
        return status;
    if (name->revision == 0 || name->revision == row.revision) {
        keep_row(search, &row);
        return 0;
    }
    struct th_revision revision;
    status = th_view_revision(search->view, search->found.book, unit, (uint32_t)name->number,
                              (uint32_t)name->revision, &revision);
    if (status == 0)
        keep_revision(&search->found, &revision);
    return status;
}

/* A code may have belonged to several units, one after the other, and a plan may have been loaded
 * in several versions: the newest that has the report. */
static int find_in_plans(struct search *search, const struct th_query_context *context,
                         const struct name *name)
{
    for (uint32_t plan = context->plans_count; plan-- > 0;) {
        const struct th_plan *candidate = context->plans[plan].plan;
        if (!is(candidate->id, name->parts[0]))
            continue;
        const struct th_obligation *obligation =
            th_plan_find(candidate, name->parts[1].bytes, name->parts[1].size);
        if (obligation == NULL)
            continue;
        search->found.book =
            (struct th_book_id){(uint16_t)plan, (uint16_t)(obligation - candidate->obligations)};
        for (uint32_t unit = 0; unit < context->units.count; unit++) {
            if (!is(context->units.units[unit].code, name->parts[2]))
                continue;
            int status = find_of_unit(search, context->number_of[unit], name);
            if (status != TH_E_NOT_FOUND)
                return status;
        }
    }
    return TH_E_NOT_FOUND;
}

/* As programs print it: some in capitals. */
static int read_digest(const char *what, struct th_digest *ret_digest)
{
    char hex[TH_DIGEST_HEX_SIZE + 1];
    size_t size = strlen(what);
    if (size != TH_DIGEST_HEX_SIZE)
        return TH_E_SYNTAX;
    for (size_t i = 0; i <= size; i++)
        hex[i] = what[i] >= 'A' && what[i] <= 'F' ? (char)(what[i] - 'A' + 'a') : what[i];
    return th_tlog_digest_from_hex(hex, size, ret_digest);
}

int th_find_report(struct th_reader *reader, struct th_view *view,
                   const struct th_query_context *context, const char *what,
                   char ret_problem[TH_FIND_PROBLEM_SIZE], struct th_found *ret_found)
{
    struct search search = {.reader = reader, .view = view};
    struct name name;
    int status;
    if (read_digest(what, &search.digest) == 0) {
        status = find_digest(&search, context, ret_problem);
    } else if (split(what, &name) != 0) {
        (void)snprintf(ret_problem, TH_FIND_PROBLEM_SIZE,
                       "không hiểu “%s”: cần 64 chữ số thập lục phân, hoặc "
                       "KẾ-HOẠCH/NGHĨA-VỤ/ĐƠN-VỊ[/SỐ[/LẦN]], SỐ là 0 khi báo cáo không có số",
                       what);
        return TH_E_SYNTAX;
    } else {
        status = find_in_plans(&search, context, &name);
        if (status == TH_E_NOT_FOUND)
            (void)snprintf(ret_problem, TH_FIND_PROBLEM_SIZE,
                           "kho không có báo cáo %s: xem lại mã kế hoạch, nghĩa vụ, đơn vị, số (0 "
                           "khi báo cáo không có số) và lần",
                           what);
    }
    if (status == 0)
        *ret_found = search.found;
    return status;
}
