/* SPDX-License-Identifier: Apache-2.0 */
#define ZLIB_CONST /* input is only read */
#include "aggregator/http/reply.h"

#include "base/assert.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- content ---- */

struct th_http_body *th_http_body_new(size_t size)
{
    struct th_http_body *body = malloc(sizeof *body + size);
    if (body == NULL)
        return NULL;
    atomic_init(&body->holders, 1);
    body->size = size;
    return body;
}

struct th_http_body *th_http_body_of(struct th_bytes bytes)
{
    struct th_http_body *body = th_http_body_new(bytes.size);
    if (body != NULL && bytes.size > 0)
        memcpy(body->bytes, bytes.bytes, bytes.size);
    return body;
}

struct th_http_body *th_http_body_json(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        return NULL;
    size_t size = strlen(text);
    struct th_http_body *body = th_http_body_new(size + 1);
    if (body != NULL) {
        memcpy(body->bytes, text, size);
        body->bytes[size] = '\n';
    }
    free(text);
    return body;
}

struct th_http_body *th_http_body_pack(const struct th_http_body *plain, int level)
{
    enum { GZIP_BITS = 15 + 16, MEMORY = 8 };
    z_stream stream = {0};
    if (plain->size > UINT32_MAX / 2 ||
        deflateInit2(&stream, level, Z_DEFLATED, GZIP_BITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    size_t room = deflateBound(&stream, plain->size);
    struct th_http_body *packed = th_http_body_new(room);
    if (packed != NULL) {
        stream.next_in = plain->bytes;
        stream.avail_in = (uInt)plain->size;
        stream.next_out = packed->bytes;
        stream.avail_out = (uInt)room;
        int end = deflate(&stream, Z_FINISH);
        TH_ASSERT(end == Z_STREAM_END);
        packed->size = room - stream.avail_out;
    }
    (void)deflateEnd(&stream);
    return packed;
}

struct th_http_body *th_http_body_hold(struct th_http_body *body)
{
    (void)atomic_fetch_add_explicit(&body->holders, 1, memory_order_relaxed);
    return body;
}

void th_http_body_drop(struct th_http_body *body)
{
    if (body != NULL && atomic_fetch_sub_explicit(&body->holders, 1, memory_order_acq_rel) == 1)
        free(body);
}

/* ---- failures ---- */

void th_http_reply_problem(struct th_http_reply *reply, int code, const char *word,
                           const char *title, const char *detail, const char *instance)
{
    th_http_reply_deinit(reply);
    json_t *json =
        json_pack("{s:s+, s:s, s:i, s:s, s:s, s:s*}", "type", "urn:tonghop:problem:", word, "title",
                  title, "status", code, "detail", detail, "code", word, "instance", instance);
    *reply = (struct th_http_reply){.code = code, .type = "application/problem+json"};
    reply->body = json == NULL ? NULL : th_http_body_json(json);
    json_decref(json);
    if (reply->body == NULL)
        reply->type = NULL;
}

void th_http_reply_status(struct th_http_reply *reply, int status, const char *detail,
                          const char *instance)
{
    const char *title = th_status_text(status);
    bool is_said = detail != NULL && detail[0] != 0;
    th_http_reply_problem(reply, th_status_http_code(status), th_status_wire_name(status), title,
                          is_said ? detail : title, instance);
}

void th_http_reply_deinit(struct th_http_reply *reply)
{
    th_http_body_drop(reply->body);
    reply->body = NULL;
}

/* ---- as it is sent ---- */

struct field {
    const char *name, *value;
};

static const struct field safety[] = {
    {"Connection", "close"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
     "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

enum { SAFETY_COUNT = sizeof safety / sizeof safety[0] };

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

bool th_http_reply_fields(struct MHD_Response *response)
{
    bool is_added = true;
    for (size_t i = 0; i < SAFETY_COUNT; i++)
        is_added = is_added && add(response, safety[i].name, safety[i].value);
    return is_added;
}

static void drop_body(void *body)
{
    th_http_body_drop(body);
}

struct MHD_Response *th_http_reply_response(const struct th_http_reply *reply)
{
    struct MHD_Response *response =
        reply->body == NULL ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                            : MHD_create_response_from_buffer_with_free_callback_cls(
                                  reply->body->size, reply->body->bytes, drop_body, reply->body);
    if (response == NULL)
        return NULL;
    if (reply->body != NULL)
        (void)th_http_body_hold(reply->body);
    char disposition[TH_HTTP_FILE_NAME_SIZE + 32];
    (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"",
                   reply->file_name);
    const struct field fields[] = {
        {"Cache-Control", reply->cache == NULL ? "no-store" : reply->cache},
        {"Vary", "Accept-Encoding"},
        {"ETag", reply->etag[0] == 0 ? NULL : reply->etag},
        {"Content-Type", reply->type},
        {"Content-Encoding", reply->is_packed ? "gzip" : NULL},
        {"Content-Disposition", reply->file_name[0] == 0 ? NULL : disposition},
        {"Retry-After", reply->code == 503 ? "1" : NULL}};
    bool is_added = th_http_reply_fields(response);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        is_added = is_added && add(response, fields[i].name, fields[i].value);
    if (is_added)
        return response;
    MHD_destroy_response(response); /* which drops the body */
    return NULL;
}

/* ---- refusals of the protocol ---- */

struct phrase {
    int code;
    const char *reason; /* RFC 9110 */
    const char *title;  /* for people */
    const char *word;   /* for programs: no status stands behind these */
};

static const struct phrase phrases[] = {
    {400, "Bad Request", "yêu cầu không đúng dạng", "bad_request"},
    {405, "Method Not Allowed", "phương thức không được dùng ở đây", "method_not_allowed"},
    {408, "Request Timeout", "hết thời gian chờ yêu cầu", "request_timeout"},
    {413, "Content Too Large", "nội dung gửi kèm quá lớn", "content_too_large"},
    {414, "URI Too Long", "đường dẫn quá dài", "uri_too_long"},
    {417, "Expectation Failed", "không đáp ứng được điều kiện", "expectation_failed"},
    {421, "Misdirected Request", "yêu cầu đến nhầm máy chủ", "misdirected_request"},
    {431, "Request Header Fields Too Large", "phần đầu của yêu cầu quá dài", "head_too_large"},
    {501, "Not Implemented", "máy chủ không có chức năng này", "not_implemented"},
    {503, "Service Unavailable", "máy chủ đang bận", "busy"},
    {505, "HTTP Version Not Supported", "phiên bản HTTP không được hỗ trợ",
     "version_not_supported"},
};

static const struct phrase *phrase_of(int code)
{
    size_t i = 0;
    while (i < sizeof phrases / sizeof phrases[0] && phrases[i].code != code)
        i++;
    TH_ASSERT(i < sizeof phrases / sizeof phrases[0]);
    return &phrases[i];
}

struct writer {
    char *room;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *writer, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t left = writer->size - writer->used;
    int size = vsnprintf(writer->room + writer->used, left, format, arguments);
    va_end(arguments);
    TH_ASSERT(size >= 0);
    TH_ASSERT((size_t)size < left);
    writer->used += (size_t)size;
}

size_t th_http_refusal(int code, const char *why, char room[TH_HTTP_REFUSAL_SIZE])
{
    const struct phrase *phrase = phrase_of(code);
    char content[800];
    struct writer json = {content, sizeof content, 0};
    struct writer all = {room, TH_HTTP_REFUSAL_SIZE, 0};
    /* Our own texts, which need no escaping. */
    put(&json,
        "{\"type\":\"urn:tonghop:problem:%s\",\"title\":\"%s\",\"status\":%d,"
        "\"detail\":\"%s\",\"code\":\"%s\"}\n",
        phrase->word, phrase->title, code, why, phrase->word);
    put(&all, "HTTP/1.1 %d %s\r\n", code, phrase->reason);
    for (size_t i = 0; i < SAFETY_COUNT; i++)
        put(&all, "%s: %s\r\n", safety[i].name, safety[i].value);
    put(&all,
        "%s%sCache-Control: no-store\r\nContent-Type: application/problem+json\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        code == 405 ? "Allow: GET, HEAD\r\n" : "", code == 503 ? "Retry-After: 1\r\n" : "",
        json.used, content);
    return all.used;
}
