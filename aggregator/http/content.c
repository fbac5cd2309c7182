/* SPDX-License-Identifier: Apache-2.0 */
/* What answers are made of: the read side's JSON, signed texts of the log, lists and documents. */
#include "aggregator/contacts/contacts.h"
#include "aggregator/http/answering.h"
#include "aggregator/query/chasing.h"
#include "base/assert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPT_BLOCK_BYTES  ((size_t)64 * 1024)
#define RECEIPT_BUDGET_BYTES ((size_t)16 * 1024 * 1024)

int th_http_give(struct th_http_reply *reply, const char *type, struct th_http_body *body)
{
    if (body == NULL)
        return TH_E_NO_MEMORY;
    TH_ASSERT(reply->body == NULL);
    reply->code = 200;
    reply->type = type;
    reply->body = body;
    return 0;
}

int th_http_give_text(struct th_http_reply *reply, const char *text)
{
    const struct th_bytes bytes = {(const uint8_t *)text, strlen(text)};
    return th_http_give(reply, TH_HTTP_TYPE_TEXT, th_http_body_of(bytes));
}

/* ---- the chasing list ---- */

/* Whom to call, from the file beside the store. A file that cannot be read is told, and what it
 * said before stays in force. */
static void find_contacts(struct th_http_answering *answering)
{
    struct th_problems problems;
    FILE *log = answering->server->options.log;
    th_problems_init(&problems);
    if (th_contacts_file_refresh(&answering->worker->contacts, &problems,
                                 &answering->asking.contacts) < 0 &&
        log != NULL && th_problems_print(&problems, log) == 0)
        (void)fflush(log);
    th_problems_deinit(&problems);
}

static int give_csv(struct th_http_answering *answering, const json_t *answer)
{
    struct th_http_reply *reply = answering->reply;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return TH_E_NO_MEMORY;
    th_chasing_write_csv(answer, NULL, out);
    struct th_http_body *body =
        fclose(out) == 0 ? th_http_body_of((struct th_bytes){(uint8_t *)text, size}) : NULL;
    free(text);
    (void)snprintf(reply->file_name, sizeof reply->file_name, "chasing.csv");
    return th_http_give(reply, "text/csv; charset=utf-8", body);
}

/* ---- the log ---- */

/* The receipt of the entry that brought the report that was found. */
static int give_receipt(struct th_http_answering *answering, const json_t *report)
{
    struct th_arena arena;
    struct th_bytes text;
    const json_t *entry = json_object_get(report, "entry");
    if (!json_is_integer(entry))
        return TH_E_CORRUPT;
    th_arena_init(&arena, RECEIPT_BLOCK_BYTES, RECEIPT_BUDGET_BYTES);
    int status =
        th_view_receipt(answering->view, (uint64_t)json_integer_value(entry), &arena, &text);
    struct th_http_body *body = status < 0 ? NULL : th_http_body_of(text);
    th_arena_deinit(&arena);
    return status < 0 ? status : th_http_give(answering->reply, TH_HTTP_TYPE_TEXT, body);
}

static int read_checkpoint(struct th_http_answering *answering)
{
    struct th_bytes note;
    uint64_t own = th_view_size(answering->view), size;
    uint64_t wanted = answering->asked.has_size ? answering->asked.size : own;
    int status = wanted == 0 || wanted > own
                     ? TH_E_NOT_FOUND
                     : th_view_checkpoint(answering->view, wanted, &size, &note);
    if (status == TH_E_NOT_FOUND)
        (void)snprintf(answering->problem.text, sizeof answering->problem.text,
                       "không có điểm kiểm tra nào cho cỡ %" PRIu64 ": nhật ký có %" PRIu64 " mục",
                       wanted, own);
    return status < 0 ? status
                      : th_http_give(answering->reply, TH_HTTP_TYPE_TEXT, th_http_body_of(note));
}

/* ---- from the snapshot ---- */

static int give_answer(struct th_http_answering *answering, const json_t *answer)
{
    struct th_http_reply *reply = answering->reply;
    const json_t *text = json_object_get(answer, "text");
    if (answering->asked.route->kind == TH_HTTP_ROUTE_RECEIPT)
        return give_receipt(answering, answer);
    if (answering->asked.route->kind == TH_HTTP_ROUTE_CHASING_CSV)
        return give_csv(answering, answer);
    if (answering->asked.route->kind == TH_HTTP_ROUTE_CHASING_TEXT)
        return th_http_give_text(reply, json_is_string(text) ? json_string_value(text) : "");
    return th_http_give(reply, TH_HTTP_TYPE_JSON, th_http_body_json(answer));
}

static int read_answer(struct th_http_answering *answering)
{
    json_t *answer;
    int status =
        th_query_answer(th_http_context_get(answering->context), answering->view,
                        &answering->asked.query, &answering->asking, &answering->problem, &answer);
    if (status < 0)
        return status;
    status = give_answer(answering, answer);
    json_decref(answer);
    return status;
}

static bool is_document(const struct th_http_answering *answering)
{
    return answering->asked.route->kind == TH_HTTP_ROUTE_DOCUMENT;
}

static int read_document(struct th_http_answering *answering)
{
    const struct th_document_request request = {.query = &answering->asked.query,
                                                .asking = &answering->asking};
    return th_document_collect(th_http_context_get(answering->context), answering->view, &request,
                               &answering->problem, &answering->facts);
}

int th_http_read_content(struct th_http_answering *answering)
{
    if (answering->asked.route->kind == TH_HTTP_ROUTE_CHECKPOINT)
        return read_checkpoint(answering);
    int status =
        th_http_library_hold(answering->server->library, answering->view, &answering->context);
    if (status < 0)
        return status;
    if (answering->asked.query.what == TH_QUERY_CHASING || is_document(answering))
        find_contacts(answering);
    return is_document(answering) ? read_document(answering) : read_answer(answering);
}

/* ---- afterwards ---- */

static void name_sheets(struct th_query_problem *problem)
{
    const char *name;
    int used = snprintf(problem->text, sizeof problem->text, "không có bảng này; sheet:");
    for (unsigned i = 0; (name = th_document_sheet_name(i)) != NULL; i++) {
        size_t room = sizeof problem->text - (size_t)used;
        int more = snprintf(problem->text + used, room, "%s %s", i == 0 ? "" : ",", name);
        if (more < 0 || (size_t)more >= room)
            return;
        used += more;
    }
}

static int make_document(struct th_http_answering *answering)
{
    enum { SHEET_SIZE = 64 };
    struct th_http_reply *reply = answering->reply;
    struct th_document_file file;
    char name[TH_DOCUMENT_NAME_SIZE], sheet[SHEET_SIZE] = "";
    enum th_document_kind kind = answering->asked.route->document;
    struct th_text given = answering->asked.sheet;
    if (given.size >= sizeof sheet) {
        name_sheets(&answering->problem);
        return TH_E_NOT_FOUND;
    }
    if (given.size > 0)
        memcpy(sheet, given.bytes, given.size);
    const char *wanted = given.size == 0 ? NULL : sheet;
    int status = th_document_render(answering->facts, kind, wanted, &file);
    if (status == TH_E_NOT_FOUND)
        name_sheets(&answering->problem);
    if (status < 0)
        return status;
    (void)snprintf(reply->file_name, sizeof reply->file_name, "%s",
                   th_document_file_name(answering->facts, kind, wanted, name));
    struct th_http_body *body =
        th_http_body_of((struct th_bytes){(uint8_t *)file.bytes, file.size});
    free(file.bytes);
    return th_http_give(reply, th_document_media_type(kind), body);
}

int th_http_make_content(struct th_http_answering *answering)
{
    return answering->facts == NULL ? 0 : make_document(answering);
}

void th_http_end_content(struct th_http_answering *answering)
{
    if (answering->facts != NULL)
        th_document_release(answering->facts);
    th_http_library_drop(answering->context);
}
