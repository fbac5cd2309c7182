/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent back: a code, fields, and content that many replies may share.
 *
 * Thread-safe but for a reply itself, which has one owner.
 */
#ifndef TH_HTTP_REPLY_H
#define TH_HTTP_REPLY_H

#include "base/bytes.h"
#include "base/status.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#define TH_HTTP_ETAG_SIZE      96
#define TH_HTTP_MOMENT_SIZE    32
#define TH_HTTP_FILE_NAME_SIZE 160

#define TH_HTTP_TYPE_JSON "application/json; charset=utf-8"
#define TH_HTTP_TYPE_TEXT "text/plain; charset=utf-8"

struct MHD_Response;

/* Bytes that do not change; freed by whoever drops them last. */
struct th_http_body {
    atomic_uint holders;
    size_t size;
    uint8_t bytes[];
};

/* With one holder, its bytes to be filled; NULL without memory. */
struct th_http_body *th_http_body_new(size_t size);
/* Copies. */
struct th_http_body *th_http_body_of(struct th_bytes bytes);
/* Returns owned JSON text, in one line. NULL without memory. */
struct th_http_body *th_http_body_json(const json_t *json);
/* Packed by gzip, at `level` 1 to 9; NULL without memory. */
struct th_http_body *th_http_body_pack(const struct th_http_body *plain, int level);
struct th_http_body *th_http_body_hold(struct th_http_body *body);
void th_http_body_drop(struct th_http_body *body);

struct th_http_reply {
    int code;
    const char *type;          /* of the content; NULL: none */
    const char *cache;         /* Cache-Control; NULL: no-store */
    struct th_http_body *body; /* held; NULL: none */
    bool is_packed;
    bool is_fixed;                          /* of the past: it never changes */
    uint64_t size;                          /* entries of the journal that were looked at */
    char moment[TH_HTTP_MOMENT_SIZE];       /* what the answer depends on beside these */
    char etag[TH_HTTP_ETAG_SIZE];           /* "": none */
    char file_name[TH_HTTP_FILE_NAME_SIZE]; /* to be kept under; "": shown */
};

/* A failure as problem+json (RFC 9457) in place of whatever the reply was. `word`: the code for
 * programs; `detail`: what is wrong and what to do; `instance`: NULL when it is not trusted. */
void th_http_reply_problem(struct th_http_reply *reply, int code, const char *word,
                           const char *title, const char *detail, const char *instance);
/* The same of a status; `detail` "" or NULL: the status says all. */
void th_http_reply_status(struct th_http_reply *reply, int status, const char *detail,
                          const char *instance);
void th_http_reply_deinit(struct th_http_reply *reply);

/* What the library sends; holds the body. NULL without memory. */
struct MHD_Response *th_http_reply_response(const struct th_http_reply *reply);
/* What every answer carries: nothing from elsewhere is loaded by what is shown, nothing frames it,
 * nobody guesses its type; and the connection ends with it. False without memory. */
bool th_http_reply_fields(struct MHD_Response *response);

#define TH_HTTP_REFUSAL_SIZE 2048
/* A whole refusal for a request that the library is never shown: head and content. Returns its
 * size. */
size_t th_http_refusal(int code, const char *why, char room[TH_HTTP_REFUSAL_SIZE]);

#endif
